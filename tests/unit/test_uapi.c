/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares lib/uapi with the kernel's ABI: every constant, field and size that we define. */
#include "uapi/iommufd.h"
#include "uapi/vfio.h"

#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct constant {
	const char *name;
	uint64_t ours, kernels;
};

/* One field, or with an empty name the whole struct. */
struct layout {
	const char *strct, *name;
	size_t offset, kernels_offset, size, kernels_size;
	bool same_type;
};

#define CONSTANT(name, value) {#name, (uint64_t)(name), value},

#define IS(s, element, type) _Generic(&((struct s *)NULL)->element, type * : true, default : false)
#define SCALAR(s, f, offset, size, type) \
	{#s,                             \
	 #f,                             \
	 offsetof(struct s, f),          \
	 offset,                         \
	 sizeof(((struct s *)NULL)->f),  \
	 size,                           \
	 IS(s, f, type)},
#define ARRAY(s, f, offset, size, type) \
	{#s,                            \
	 #f,                            \
	 offsetof(struct s, f),         \
	 offset,                        \
	 sizeof(((struct s *)NULL)->f), \
	 size,                          \
	 IS(s, f[0], type)},
#define FLEXIBLE(s, f, offset, size, type) \
	{#s, #f, offsetof(struct s, f), offset, 0, size, IS(s, f[0], type)},
#define SIZEOF(s, size) {#s, "", 0, 0, sizeof(struct s), size, true},

/* The rows of a constant exist if we define it; those of a struct have to be asked for below. */
#include "uapi_facts.h"

static const struct layout iommufd_layouts[] = {
	FACTS_iommu_destroy FACTS_iommu_ioas_alloc FACTS_iommu_iova_range
		FACTS_iommu_ioas_iova_ranges FACTS_iommu_ioas_allow_iovas FACTS_iommu_ioas_map
			FACTS_iommu_ioas_map_file FACTS_iommu_ioas_copy FACTS_iommu_ioas_unmap
				FACTS_iommu_option FACTS_iommu_hwpt_alloc FACTS_iommu_hw_info
					FACTS_iommu_ioas_change_process};

static const struct layout vfio_layouts[] = {
	FACTS_vfio_info_cap_header FACTS_vfio_iommu_type1_info FACTS_vfio_iova_range FACTS_vfio_iommu_type1_info_cap_iova_range
		FACTS_vfio_iommu_type1_info_dma_avail FACTS_vfio_iommu_type1_dma_map FACTS_vfio_iommu_type1_dma_unmap
			FACTS_vfio_group_status FACTS_vfio_device_info FACTS_vfio_device_info_cap_pci_atomic_comp
				FACTS_vfio_region_info FACTS_vfio_region_sparse_mmap_area FACTS_vfio_region_info_cap_sparse_mmap
					FACTS_vfio_region_info_cap_type FACTS_vfio_irq_info FACTS_vfio_irq_set
						FACTS_vfio_pci_dependent_device FACTS_vfio_pci_hot_reset_info
							FACTS_vfio_pci_hot_reset FACTS_vfio_device_ioeventfd
								FACTS_vfio_device_feature FACTS_vfio_device_low_power_entry_with_wakeup
									FACTS_vfio_device_feature_bus_master FACTS_vfio_device_bind_iommufd
										FACTS_vfio_device_attach_iommufd_pt
											FACTS_vfio_device_detach_iommufd_pt};

struct header {
	const char *file;
	const struct constant *constants;
	size_t num_constants;
	const struct layout *layouts;
	size_t num_layouts;
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEADER(name)                                                                   \
	{                                                                              \
#name ".h", name##_constants, COUNT(name##_constants), name##_layouts, \
			COUNT(name##_layouts)                                          \
	}

static const struct header iommufd = HEADER(iommufd);
static const struct header vfio = HEADER(vfio);

static void compare(const struct header *h)
{
	int wrong = 0;

	for (size_t i = 0; i < h->num_constants; i++) {
		const struct constant *c = &h->constants[i];

		if (c->ours == c->kernels)
			continue;
		print_error("%s is %#llx, the kernel's %#llx\n", c->name,
			    (unsigned long long)c->ours, (unsigned long long)c->kernels);
		wrong++;
	}
	for (size_t i = 0; i < h->num_layouts; i++) {
		const struct layout *l = &h->layouts[i];

		if (l->offset == l->kernels_offset && l->size == l->kernels_size && l->same_type)
			continue;
		print_error("%s.%s is %zu bytes at %zu, the kernel's %zu at %zu%s\n", l->strct,
			    l->name, l->size, l->offset, l->kernels_size, l->kernels_offset,
			    l->same_type ? "" : ", of another type");
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static bool compares_constant(const struct header *h, const char *name)
{
	for (size_t i = 0; i < h->num_constants; i++)
		if (!strcmp(h->constants[i].name, name))
			return true;
	return false;
}

static bool compares_layout(const struct header *h, const char *strct, const char *name)
{
	for (size_t i = 0; i < h->num_layouts; i++)
		if (!strcmp(h->layouts[i].strct, strct) && !strcmp(h->layouts[i].name, name))
			return true;
	return false;
}

/* The build may name the directory of the headers; without it, they are looked for next to this file. */
static FILE *open_header(const char *file)
{
	char path[4096];
	FILE *f;
#ifdef UAPI_DIR
	snprintf(path, sizeof(path), "%s/%s", UAPI_DIR, file);
#else
	const char *slash = strrchr(__FILE__, '/');

	snprintf(path, sizeof(path), "%.*s../../lib/uapi/%s",
		 slash ? (int)(slash + 1 - __FILE__) : 0, __FILE__, file);
#endif
	f = fopen(path, "re");
	if (!f)
		fail_msg("cannot open %s: run in the build directory or define UAPI_DIR", path);
	return f;
}

enum line {
	CONSTANT_LINE,
	STRUCT_LINE,
	FIELD_LINE,
	OTHER_LINE,
	NUM_LINES
};

/* The first group is the name that the line defines. */
static const char *const patterns[NUM_LINES] = {
	[CONSTANT_LINE] = "^#define ([A-Za-z0-9_]+) .+\n$",
	[STRUCT_LINE] = "^struct ([a-z0-9_]+) [{]\n$",
	[FIELD_LINE] = "^\t+[a-z0-9_ ]+ ([a-z0-9_]+)(\\[[0-9]*\\])?;\n$",
	[OTHER_LINE] = ("^(#ifndef .*|#define [A-Z_]+|#include <stdint.h>|#endif|typedef uint64_t "
			"uapi_u64 .*|"
			"\tunion [{]|\t?};|/[*][^*]*[*]/|)\n$"),
};

static enum line classify(const char *line, char *name, size_t size)
{
	for (enum line kind = CONSTANT_LINE; kind < NUM_LINES; kind++) {
		regmatch_t match[2];
		regex_t pattern;
		int missed;

		assert_int_equal(regcomp(&pattern, patterns[kind], REG_EXTENDED), 0);
		missed = regexec(&pattern, line, 2, match, 0);
		regfree(&pattern);
		if (missed)
			continue;
		snprintf(name, size, "%.*s", (int)(match[1].rm_eo - match[1].rm_so),
			 line + match[1].rm_so);
		return kind;
	}
	return NUM_LINES;
}

/*
 * The compiler cannot list what a header defines, so its text is read, one definition in a line.
 * A line that is not understood is a failure: it could define something that nothing compares.
 */
static void find_uncompared(const struct header *h)
{
	FILE *f = open_header(h->file);
	char line[256], strct[64] = "", name[64];
	size_t constants = 0, layouts = 0;
	int wrong = 0;

	while (fgets(line, sizeof(line), f)) {
		bool compared = false;

		switch (classify(line, name, sizeof(name))) {
		case CONSTANT_LINE:
			constants++;
			compared = compares_constant(h, name);
			break;
		case STRUCT_LINE:
			layouts++;
			strcpy(strct, name);
			compared = compares_layout(h, strct, "");
			break;
		case FIELD_LINE:
			layouts++;
			compared = compares_layout(h, strct, name);
			break;
		case OTHER_LINE:
			compared = true;
			break;
		case NUM_LINES:
			break;
		}
		if (!compared) {
			print_error("%s: nothing compares: %s", h->file, line);
			wrong++;
		}
	}
	fclose(f);
	assert_int_equal(wrong, 0);
	/* The same number: what was read is what was compiled. */
	assert_int_equal(constants, h->num_constants);
	assert_int_equal(layouts, h->num_layouts);
}

static void iommufd_is_laid_out_as_in_the_kernel(void **state)
{
	(void)state;
	compare(&iommufd);
}

static void vfio_is_laid_out_as_in_the_kernel(void **state)
{
	(void)state;
	compare(&vfio);
}

static void nothing_in_iommufd_is_left_uncompared(void **state)
{
	(void)state;
	find_uncompared(&iommufd);
}

static void nothing_in_vfio_is_left_uncompared(void **state)
{
	(void)state;
	find_uncompared(&vfio);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(iommufd_is_laid_out_as_in_the_kernel),
		cmocka_unit_test(vfio_is_laid_out_as_in_the_kernel),
		cmocka_unit_test(nothing_in_iommufd_is_left_uncompared),
		cmocka_unit_test(nothing_in_vfio_is_left_uncompared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
