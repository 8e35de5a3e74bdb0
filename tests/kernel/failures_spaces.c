/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flows of address spaces: without a device, where memory is only remembered, and with one that reaches it. */
#include "failures.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	LARGE = 8 << 20,
};

static void opened(struct world *w)
{
	w->iommu = iommu_open();
}

static void with_space(struct world *w)
{
	opened(w);
	w->ioas = ioas_new(w->iommu);
	w->other = ioas_new(w->iommu);
	w->memory = memory_new(LARGE);
}

static void with_device(struct world *w)
{
	with_space(w);
	w->dev[0] = cdev_open("EDU0");
	must(cdev_bind(w->dev[0], w->iommu, &w->id[0]));
	must(cdev_attach(w->dev[0], w->ioas));
}

static void mapped(struct world *w)
{
	with_space(w);
	must(ioas_map(w->iommu, w->ioas, w->memory, SIZE, MAP_BOTH, AT));
}

static void mapped_with_device(struct world *w)
{
	with_device(w);
	must(ioas_map(w->iommu, w->ioas, w->memory, SIZE, MAP_BOTH, AT));
}

/* The copy's space has a table of its own. */
static void two_tables(struct world *w)
{
	mapped_with_device(w);
	must(hwpt_new(w->iommu, w->id[0], w->other, 0, &w->hwpt));
}

/* The device uses the first; what fails in the second must not stay there. */
static void two_tables_of_one(struct world *w)
{
	with_space(w);
	edu_bound(&w->edu, "EDU0", w->iommu);
	must(cdev_attach(w->edu.fd, w->ioas));
	must(hwpt_new(w->iommu, w->edu.id, w->ioas, 0, &w->hwpt));
}

/* As many single pages as there are, so that no two are neighbours. */
static void scattered(struct world *w)
{
	with_device(w);
	for (size_t i = 0; i < LARGE; i += 2 * PAGE)
		must(madvise(w->memory + i, PAGE, MADV_DONTNEED));
	for (size_t i = 0; i < LARGE; i += 2 * PAGE)
		w->memory[i] = 1;
}

static void huge(struct world *w)
{
	with_device(w);
	w->memory2 = mmap(NULL, HUGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	if (w->memory2 == MAP_FAILED)
		die("no huge page");
}

static void many(struct world *w)
{
	with_device(w);
	for (unsigned i = 0; i < 64; i++)
		must(ioas_map(w->iommu, w->ioas, w->memory + i * PAGE, PAGE, MAP_BOTH,
			      AT + 2ULL * i * PAGE));
}

static int open_iommu(struct world *w)
{
	w->iommu = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	return w->iommu < 0 ? -errno : 0;
}

static int new_space(struct world *w)
{
	struct iommu_ioas_alloc arg = {.size = sizeof(arg)};
	int r = call(w->iommu, IOMMU_IOAS_ALLOC, &arg);

	w->ioas = arg.out_ioas_id;
	return r;
}

static void destroy_space(struct world *w)
{
	check(iommu_destroy(w->iommu, w->ioas) == 0);
}

static int map_fixed(struct world *w)
{
	return ioas_map(w->iommu, w->ioas, w->memory, SIZE, MAP_BOTH, AT);
}

static int map_one_page(struct world *w)
{
	return ioas_map(w->iommu, w->ioas, w->memory, PAGE, MAP_BOTH, AT);
}

static int map_picked(struct world *w)
{
	w->iova = 0;
	return ioas_map_any(w->iommu, w->ioas, w->memory, SIZE, MAP_BOTH, &w->iova);
}

static int map_read_only(struct world *w)
{
	return ioas_map(w->iommu, w->ioas, w->memory, SIZE, MAP_READ, AT);
}

static int map_large(struct world *w)
{
	return ioas_map(w->iommu, w->ioas, w->memory, LARGE, MAP_BOTH, AT);
}

static int map_huge(struct world *w)
{
	return ioas_map(w->iommu, w->ioas, w->memory2, HUGE, MAP_BOTH, HUGE);
}

static void unmap_all(struct world *w)
{
	check(ioas_unmap(w->iommu, w->ioas, 0, UINT64_MAX) > 0);
}

/* Nothing is there: no part of what was to be mapped. */
static void nothing_mapped(struct world *w)
{
	int r = ioas_unmap(w->iommu, w->ioas, 0, UINT64_MAX);

	check(r == 0 || r == -ENOENT);
}

static void in_no_table(struct world *w)
{
	nothing_mapped(w);
	check(edu_reach(&w->edu, AT, w->memory)[0] == '-');
}

static int unmap_one(struct world *w)
{
	int r = ioas_unmap(w->iommu, w->ioas, AT, SIZE);

	return r < 0 ? r : 0;
}

static int unmap_many(struct world *w)
{
	int r = ioas_unmap(w->iommu, w->ioas, AT, 128 * PAGE);

	return r < 0 ? r : 0;
}

static int copy_whole(struct world *w)
{
	return ioas_copy(w->iommu, w->other, AT, w->ioas, AT, SIZE, MAP_BOTH);
}

static int copy_part(struct world *w)
{
	return ioas_copy(w->iommu, w->other, AT, w->ioas, AT + PAGE, 3 * PAGE, MAP_READ);
}

static void copy_is_not_there(struct world *w)
{
	check(ioas_unmap(w->iommu, w->other, 0, UINT64_MAX) <= 0);
}

/* What a copy has stays when the original goes. */
static void copy_outlives(struct world *w)
{
	check(ioas_unmap(w->iommu, w->ioas, AT, SIZE) == SIZE);
	check(ioas_unmap(w->iommu, w->other, 0, UINT64_MAX) > 0);
}

static int allow(struct world *w)
{
	static const struct iommu_iova_range ranges[] = {{0, 0xffffff},
							 {0x2000000, 0x2ffffff},
							 {0x100000000, 0x1ffffffff}};

	return ioas_allow(w->iommu, w->ioas, ranges, 3);
}

static void allowed(struct world *w)
{
	check(ioas_map(w->iommu, w->ioas, w->memory, PAGE, MAP_BOTH, 0x2000000) == 0);
	w->iova = 0;
	check(ioas_map_any(w->iommu, w->ioas, w->memory, PAGE, MAP_BOTH, &w->iova) == 0);
	check(w->iova <= 0xffffff || (w->iova >= 0x2000000 && w->iova <= 0x2ffffff) ||
	      (w->iova >= 0x100000000 && w->iova <= 0x1ffffffff));
}

static int ranges(struct world *w)
{
	struct iommu_iova_range found[16];
	uint32_t count;

	return ioas_ranges(w->iommu, w->ioas, found, &count, NULL);
}

static int small_pages(struct world *w)
{
	uint64_t off = 0;

	return option(w->iommu, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_SET, w->ioas, &off);
}

static int by_process(struct world *w)
{
	uint64_t on = 1;

	return option(w->iommu, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0, &on);
}

const struct flow space_flows[] = {
	{.name = "open", .act = open_iommu},
	{.name = "ioas-alloc", .before = opened, .act = new_space, .done = destroy_space},
	{.name = "allow", .before = with_space, .act = allow, .done = allowed},
	{.name = "small-pages", .before = with_space, .act = small_pages},
	{.name = "rlimit-mode", .before = opened, .act = by_process},
	{.name = "map", .answers = true, FLOW(with_space, map_fixed, nothing_mapped, unmap_all)},
	{.name = "map-picked",
	 .answers = true,
	 FLOW(with_space, map_picked, nothing_mapped, unmap_all)},
	{.name = "unmap",
	 .answers = true,
	 FLOW(mapped, unmap_one, NULL, nothing_mapped),
	 .sure = true},
	{.name = "copy",
	 .answers = true,
	 FLOW(mapped, copy_whole, copy_is_not_there, copy_outlives)},

	{.name = "ranges", .needs = "EDU0", .before = with_device, .act = ranges},
	{.name = "map-device",
	 .answers = true,
	 .needs = "EDU0",
	 FLOW(with_device, map_fixed, nothing_mapped, unmap_all)},
	{.name = "map-tables",
	 .answers = true,
	 .needs = "EDU0",
	 FLOW(two_tables_of_one, map_fixed, in_no_table, unmap_all)},
	{.name = "map-device-page",
	 .answers = true,
	 .needs = "EDU0",
	 FLOW(with_device, map_one_page, nothing_mapped, unmap_all)},
	{.name = "map-device-picked",
	 .answers = true,
	 .needs = "EDU0",
	 FLOW(with_device, map_picked, nothing_mapped, unmap_all)},
	{.name = "map-device-read-only",
	 .answers = true,
	 .needs = "EDU0",
	 FLOW(with_device, map_read_only, nothing_mapped, unmap_all)},
	{.name = "map-device-scattered",
	 .answers = true,
	 .needs = "EDU0",
	 FLOW(scattered, map_large, nothing_mapped, unmap_all)},
	{.name = "map-device-huge",
	 .answers = true,
	 .needs = "EDU0",
	 FLOW(huge, map_huge, nothing_mapped, unmap_all)},
	{.name = "unmap-device",
	 .answers = true,
	 .needs = "EDU0",
	 FLOW(mapped_with_device, unmap_one, NULL, nothing_mapped),
	 .sure = true},
	{.name = "unmap-device-many",
	 .answers = true,
	 .needs = "EDU0",
	 FLOW(many, unmap_many, NULL, nothing_mapped),
	 .sure = true},
	{.name = "copy-device",
	 .answers = true,
	 .needs = "EDU0",
	 FLOW(mapped_with_device, copy_whole, copy_is_not_there, copy_outlives)},
	{.name = "copy-tables",
	 .answers = true,
	 .needs = "EDU0",
	 FLOW(two_tables, copy_whole, copy_is_not_there, copy_outlives)},
	{.name = "copy-tables-part",
	 .answers = true,
	 .needs = "EDU0",
	 FLOW(two_tables, copy_part, copy_is_not_there, copy_outlives)},
	{0},
};
