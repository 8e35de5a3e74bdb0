/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the facts of how the calls of /dev/iommu take their structs: which sizes, which tails, which ids.
 * A device is bound, so that no call fails for want of one.
 */
#include "facts.h"

/* What the calls work on, new for each. */
struct bed {
	int iommu;
	uint32_t dev;
	uint32_t ioas, other, hwpt;
	uint8_t *memory;
	struct iommu_iova_range ranges[16];
};

union argument {
	uint32_t size;
	struct iommu_destroy destroy;
	struct iommu_ioas_alloc alloc;
	struct iommu_ioas_allow_iovas allow;
	struct iommu_ioas_copy copy;
	struct iommu_ioas_iova_ranges ranges;
	struct iommu_ioas_map map;
	struct iommu_ioas_unmap unmap;
	struct iommu_option option;
	struct iommu_vfio_ioas {
		uint32_t size, ioas_id;
		uint16_t op, __reserved;
	} vfio_ioas;
	struct iommu_hwpt_alloc hwpt;
	struct iommu_hw_info hw_info;
};

/* Each makes a call that works, whose struct begins at the argument. */
static void fill_destroy(struct bed *b, union argument *a)
{
	a->destroy.id = b->other;
}

static void fill_alloc(struct bed *b, union argument *a)
{
	(void)b;
	(void)a;
}

static void fill_allow(struct bed *b, union argument *a)
{
	b->ranges[0] = (struct iommu_iova_range){0, 0xffffff};
	a->allow.ioas_id = b->ioas;
	a->allow.num_iovas = 1;
	a->allow.allowed_iovas = (uintptr_t)b->ranges;
}

static void fill_copy(struct bed *b, union argument *a)
{
	a->copy.flags = MAP_BOTH | MAP_FIXED_AT;
	a->copy.dst_ioas_id = b->other;
	a->copy.src_ioas_id = b->ioas;
	a->copy.length = PAGE;
	a->copy.dst_iova = 0x200000;
	a->copy.src_iova = 0x100000;
}

static void fill_ranges(struct bed *b, union argument *a)
{
	a->ranges.ioas_id = b->ioas;
	a->ranges.num_iovas = 16;
	a->ranges.allowed_iovas = (uintptr_t)b->ranges;
}

static void fill_map(struct bed *b, union argument *a)
{
	a->map.flags = MAP_BOTH | MAP_FIXED_AT;
	a->map.ioas_id = b->other;
	a->map.user_va = (uintptr_t)b->memory;
	a->map.length = PAGE;
	a->map.iova = 0x100000;
}

static void fill_unmap(struct bed *b, union argument *a)
{
	a->unmap.ioas_id = b->ioas;
	a->unmap.iova = 0x100000;
	a->unmap.length = PAGE;
}

static void fill_option(struct bed *b, union argument *a)
{
	a->option.option_id = IOMMU_OPTION_HUGE_PAGES;
	a->option.op = IOMMU_OPTION_OP_GET;
	a->option.object_id = b->ioas;
}

static void fill_vfio_ioas(struct bed *b, union argument *a)
{
	a->vfio_ioas.ioas_id = b->ioas;
	a->vfio_ioas.op = 2;
}

static void fill_hwpt(struct bed *b, union argument *a)
{
	a->hwpt.dev_id = b->dev;
	a->hwpt.pt_id = b->other;
}

static void fill_hw_info(struct bed *b, union argument *a)
{
	a->hw_info.dev_id = b->dev;
}

static const struct op {
	const char *name;
	unsigned long request;
	void (*fill)(struct bed *b, union argument *a);
	/* Where in the struct ids are. */
	struct id {
		const char *name;
		size_t at;
	} ids[3];
} ops[] = {
	{"destroy", IOMMU_DESTROY, fill_destroy, {{"id", 4}}},
	{"ioas_alloc", IOMMU_IOAS_ALLOC, fill_alloc, {{NULL, 0}}},
	{"allow_iovas", IOMMU_IOAS_ALLOW_IOVAS, fill_allow, {{"ioas_id", 4}}},
	{"copy", IOMMU_IOAS_COPY, fill_copy, {{"dst_ioas_id", 8}, {"src_ioas_id", 12}}},
	{"iova_ranges", IOMMU_IOAS_IOVA_RANGES, fill_ranges, {{"ioas_id", 4}}},
	{"map", IOMMU_IOAS_MAP, fill_map, {{"ioas_id", 8}}},
	{"unmap", IOMMU_IOAS_UNMAP, fill_unmap, {{"ioas_id", 4}}},
	{"option", IOMMU_OPTION, fill_option, {{"object_id", 12}}},
	{"vfio_ioas", IOMMU_VFIO_IOAS, fill_vfio_ioas, {{"ioas_id", 4}}},
	{"hwpt_alloc", IOMMU_HWPT_ALLOC, fill_hwpt, {{"dev_id", 8}, {"pt_id", 12}}},
	{"get_hw_info", IOMMU_GET_HW_INFO, fill_hw_info, {{"dev_id", 8}}},
};

enum {
	OPS = sizeof(ops) / sizeof(ops[0]),
	LAST_SIZE = 64,
};

static void make_bed(struct bed *b)
{
	b->ioas = ioas_new(b->iommu);
	b->other = ioas_new(b->iommu);
	must(ioas_map(b->iommu, b->ioas, b->memory, PAGE, MAP_BOTH, 0x100000));
	must(hwpt_new(b->iommu, b->dev, b->ioas, 0, &b->hwpt));
}

/* What a call made besides stays until the end. */
static void end_bed(struct bed *b)
{
	iommu_destroy(b->iommu, b->hwpt);
	iommu_destroy(b->iommu, b->ioas);
	iommu_destroy(b->iommu, b->other);
}

/* At the end of a page, with nothing behind: the kernel may not read more than it was told of. */
static uint8_t *at_the_edge(size_t size)
{
	static uint8_t *pages;

	if (!pages) {
		pages = memory_new(2 * PAGE);
		munmap(pages + PAGE, PAGE);
	}
	memset(pages, 0, PAGE);
	return pages + PAGE - size;
}

static int call_with_size(struct bed *b, const struct op *op, uint32_t size, uint8_t tail)
{
	union argument whole = {0};
	uint8_t *buffer = at_the_edge(size < 4 ? 4 : size);
	int r;

	make_bed(b);
	op->fill(b, &whole);
	whole.size = size;
	memcpy(buffer, &whole, size < 4 ? 4 : size < sizeof(whole) ? size : sizeof(whole));
	if (tail)
		buffer[size - 1] = tail;
	r = call(b->iommu, op->request, buffer);
	end_bed(b);
	return r;
}

/* "0:EINVAL 8:0 12:E2BIG": from which size on it answers what. */
static void fact_sizes(struct bed *b, const struct op *op, uint8_t tail)
{
	char text[512] = "", last[32] = "";

	for (uint32_t size = 0; size <= LAST_SIZE; size += 4) {
		/* A tail is what is behind the struct, not its last field. */
		if (tail && size < sizeof(struct iommu_destroy))
			continue;
		const char *result = result_name(call_with_size(b, op, size, tail));
		if (!strcmp(result, last))
			continue;
		snprintf(last, sizeof(last), "%s", result);
		sprintf(text + strlen(text), "%s%u:%s", text[0] ? " " : "", size, result);
	}
	fact(text, "%s.%s", op->name, tail ? "last_byte_set" : "size");
	/* Far more; and more than there is behind it. */
	if (!tail) {
		union argument *whole = (void *)at_the_edge(sizeof(*whole));

		fact_result(call_with_size(b, op, PAGE, 0), "%s.size_of_a_page", op->name);
		make_bed(b);
		op->fill(b, whole);
		whole->size = UINT32_MAX;
		fact_result(call(b->iommu, op->request, whole), "%s.size_beyond_memory", op->name);
		end_bed(b);
	}
}

static void bed_new(struct bed *b)
{
	struct edu edu = {0};

	b->iommu = iommu_open();
	b->memory = memory_new(2 * PAGE);
	edu_bound(&edu, "EDU0", b->iommu);
	b->dev = edu.id;
}

void facts_of_abi(void)
{
	struct bed b = {0};
	uint32_t four = 4;

	bed_new(&b);
	for (unsigned long request = 0x3b80; request < 0x3ba0; request++)
		fact_result(call(b.iommu, request, &four), "nr_%lx", request);
	fact_result(call(b.iommu, 0x3b7f, &four), "nr_below");
	fact_result(call(b.iommu, 0x3c81, &four), "nr_of_another_type");
	fact_result(call(b.iommu, 0xc0043b81, &four), "nr_with_a_direction");
	fact_result(call(b.iommu, IOMMU_IOAS_ALLOC, NULL), "null");
	fact_result(call(b.iommu, IOMMU_IOAS_ALLOC, (void *)-8L), "pointer_to_the_kernel");
	fact_result(read(b.iommu, &four, 4) < 0 ? -errno : 0, "read");
	fact_result(write(b.iommu, &four, 4) < 0 ? -errno : 0, "write");
	fact_result(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, b.iommu, 0) == MAP_FAILED ? -errno : 0,
		    "mmap");
	for (int i = 0; i < OPS; i++)
		for (int tail = 0; tail < 2; tail++)
			fact_sizes(&b, &ops[i], tail ? 0xff : 0);
}

static int call_with_id(struct bed *b, const struct op *op, size_t at, uint32_t id)
{
	union argument a = {.size = 0};

	op->fill(b, &a);
	/* The whole struct as 6.12 knows it; the two that grew since are as they were. */
	a.size = op->request == IOMMU_DESTROY                                        ? 8
		 : op->request == IOMMU_IOAS_ALLOC || op->request == IOMMU_VFIO_IOAS ? 12
		 : op->request == IOMMU_IOAS_ALLOW_IOVAS || op->request == IOMMU_OPTION ||
				 op->request == IOMMU_IOAS_UNMAP
			 ? 24
		 : op->request == IOMMU_IOAS_IOVA_RANGES ? 32
		 : op->request == IOMMU_HWPT_ALLOC       ? 48
							 : 40;
	memcpy((uint8_t *)&a + at, &id, sizeof(id));
	return call(b->iommu, op->request, &a);
}

/* Ids of nothing, and of objects of every kind, where an id is wanted. */
void facts_of_ids(void)
{
	struct bed b = {0};
	uint32_t attached, mdev = 0;
	struct edu edu = {0};
	int software = cdev_open("MDEV0");

	bed_new(&b);
	edu_bound(&edu, "EDU1", b.iommu);
	must(cdev_bind(software, b.iommu, &mdev));
	attached = ioas_new(b.iommu);
	must(cdev_attach_any(edu.fd, &attached));
	for (int i = 0; i < OPS; i++) {
		for (const struct id *id = ops[i].ids; id < ops[i].ids + 2 && id->name; id++) {
			make_bed(&b);
			const struct {
				const char *name;
				uint32_t value;
			} values[] = {
				{"none", 0},
				{"never", 4711},
				{"most", UINT32_MAX},
				{"device", b.dev},
				{"mdev", mdev},
				{"hwpt", b.hwpt},
				{"own_hwpt_of_a_device", attached},
				{"ioas", b.ioas},
			};
			for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++)
				fact_result(call_with_id(&b, &ops[i], id->at, values[v].value),
					    "%s.%s.%s", ops[i].name, id->name, values[v].name);
			end_bed(&b);
		}
	}
}
