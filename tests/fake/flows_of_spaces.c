/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the flows of address spaces: create, destroy, map, copy, unmap, and what can be asked and set. */
#include "flows.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

static const uint32_t both = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE;

/* ---- Starting states ---- */

static void arrange_two(struct world *w)
{
	world_ctx(w);
	world_space(w, X);
	world_space(w, Y);
	world_map(w, X, 0x200000, 4, 2);
	world_map(w, X, 0x202000, 8, 1);
}

/* The address space alone holds the context. */
static void arrange_last(struct world *w)
{
	world_ctx(w);
	world_space(w, X);
	w->ctx = libiommufd_ctx_unref(w->ctx);
}

static void arrange_attached(struct world *w)
{
	arrange_two(w);
	world_attach(w, DEV0, X);
}

/* Two groups, in two containers on type1. */
static void arrange_two_groups(struct world *w)
{
	arrange_attached(w);
	world_bind_with(w, ALONE, -1, LIBIOMMUFD_BIND_PRIVATE);
	world_attach(w, ALONE, X);
}

/* The first of them shared by a third. */
static void arrange_three_groups(struct world *w)
{
	arrange_two_groups(w);
	world_attach(w, THIRD, X);
}

static void arrange_dst_attached(struct world *w)
{
	arrange_two(w);
	world_attach(w, DEV0, Y);
	world_bind_with(w, ALONE, -1, LIBIOMMUFD_BIND_PRIVATE);
	world_attach(w, ALONE, Y);
}

static void make_file(struct world *w, bool sealable)
{
	w->file = fake_file(w->fake, 4 * PAGE, sealable, O_RDWR);
}

static void arrange_file(struct world *w)
{
	arrange_two(w);
	make_file(w, true);
}

static void arrange_file_attached(struct world *w)
{
	arrange_two_groups(w);
	make_file(w, true);
}

static void arrange_regular_file(struct world *w)
{
	arrange_attached(w);
	make_file(w, false);
}

static void arrange_file_mapped(struct world *w)
{
	arrange_file_attached(w);
	world_require(libiommufd_ioas_map_file_at(w->spaces[X], w->file, 0, 2 * PAGE, both,
						  0x400000) == 0,
		      "map_file_at");
}

static void arrange_file_mapped_alone(struct world *w)
{
	arrange_file(w);
	world_require(libiommufd_ioas_map_file_at(w->spaces[X], w->file, 0, 2 * PAGE, both,
						  0x400000) == 0,
		      "map_file_at");
}

static void map_file_kernel(struct fake_config *config)
{
	config->map_file = true;
}

static void many_ranges(struct fake_config *config)
{
	for (unsigned i = 0; i < FAKE_RESERVED; i++)
		config->reserved[i] =
			(struct libiommufd_range){(i + 16ULL) << 32, ((i + 16ULL) << 32) + 0xfffff};
	config->reserved_count = FAKE_RESERVED;
}

static void small_limit(struct fake_config *config)
{
	config->memlock = 5 * PAGE;
}

static void few_entries(struct fake_config *config)
{
	config->entries = 3;
}

/* ---- Acts ---- */

static int act_copy_file(struct world *w)
{
	return libiommufd_ioas_copy_at(w->spaces[Y], w->spaces[X], 0x401000, PAGE, both, 0x500000);
}

static int act_create(struct world *w)
{
	struct libiommufd_ioas *ioas = POISON;

	int r = libiommufd_ioas_create(w->ctx, NULL, &ioas);
	flow_untouched(r, ioas == POISON);
	if (r == 0)
		w->spaces[X] = ioas;
	return r;
}

static int act_destroy(struct world *w)
{
	int r = libiommufd_ioas_destroy(w->spaces[X]);
	if (r == 0)
		w->spaces[X] = NULL;
	return r;
}

/* An address that was picked: print where, for it repeats. */
static int picked(struct world *w, int r, uint64_t iova, uint64_t poison)
{
	flow_untouched(r, iova == poison);
	if (r == 0)
		snprintf(w->out, sizeof(w->out), "%" PRIx64, iova);
	return r;
}

static int act_map(struct world *w)
{
	uint64_t iova = 0x5a;
	int r = libiommufd_ioas_map(w->spaces[X], w->memory + 10 * PAGE, 2 * PAGE, both, &iova);
	return picked(w, r, iova, 0x5a);
}

static int act_map_at(struct world *w)
{
	return libiommufd_ioas_map_at(w->spaces[X], w->memory + 10 * PAGE, 2 * PAGE,
				      LIBIOMMUFD_READ, 0x300000);
}

static int act_map_file(struct world *w)
{
	uint64_t iova = 0x5a;
	int r = libiommufd_ioas_map_file(w->spaces[X], w->file, PAGE, 2 * PAGE, both, &iova);

	/* Where the library maps the file itself the place in memory decides with. */
	flow_untouched(r, iova == 0x5a);
	return r;
}

static int act_map_file_at(struct world *w)
{
	return libiommufd_ioas_map_file_at(w->spaces[X], w->file, PAGE, 2 * PAGE, both, 0x400000);
}

static int act_copy(struct world *w)
{
	uint64_t iova = 0x5a;
	int r = libiommufd_ioas_copy(w->spaces[Y], w->spaces[X], 0x201000, 2 * PAGE, both, &iova);
	return picked(w, r, iova, 0x5a);
}

static int act_copy_at(struct world *w)
{
	return libiommufd_ioas_copy_at(w->spaces[Y], w->spaces[X], 0x200000, 3 * PAGE,
				       LIBIOMMUFD_READ, 0x500000);
}

static int unmapped(struct world *w, int r, uint64_t bytes)
{
	flow_untouched(r, bytes == 0x5a);
	if (r == 0)
		snprintf(w->out, sizeof(w->out), "%" PRIu64, bytes);
	return r;
}

static int act_unmap(struct world *w)
{
	uint64_t bytes = 0x5a;
	int r = libiommufd_ioas_unmap(w->spaces[X], 0x200000, 4 * PAGE, &bytes);
	return unmapped(w, r, bytes);
}

static int act_unmap_all(struct world *w)
{
	uint64_t bytes = 0x5a;
	int r = libiommufd_ioas_unmap_all(w->spaces[X], &bytes);
	return unmapped(w, r, bytes);
}

static int act_unmap_file(struct world *w)
{
	uint64_t bytes = 0x5a;
	int r = libiommufd_ioas_unmap(w->spaces[X], 0x400000, 2 * PAGE, &bytes);
	return unmapped(w, r, bytes);
}

static int act_ranges(struct world *w)
{
	struct libiommufd_ranges *ranges = POISON;

	int r = libiommufd_ioas_query_ranges(w->spaces[X], &ranges);
	flow_untouched(r, ranges == POISON);
	if (r == 0) {
		w->ranges = ranges;
		size_t n = libiommufd_ranges_get_count(ranges);
		snprintf(w->out, sizeof(w->out), "%zu %" PRIx64 " %" PRIx64, n,
			 libiommufd_ranges_get(ranges, 0).last,
			 libiommufd_ranges_get(ranges, n - 1).start);
	}
	return r;
}

static int act_allow(struct world *w)
{
	static const struct libiommufd_range ranges[] = {{0x1000000, 0x1ffffff},
							 {0x10000, 0x1fffff}};
	return libiommufd_ioas_allow_iovas(w->spaces[X], ranges, 2);
}

static int act_set_huge(struct world *w)
{
	return libiommufd_ioas_set_huge_pages(w->spaces[X], false);
}

static int act_query_huge(struct world *w)
{
	/* No bool holds a poison. */
	bool enable = false;
	int r = libiommufd_ioas_query_huge_pages(w->spaces[X], &enable);

	flow_untouched(r, !enable);
	if (r == 0)
		snprintf(w->out, sizeof(w->out), "%d", enable);
	return r;
}

/* clang-format off */
const struct flow flows_of_spaces[] = {
	{"ioas_create", "ioas_create", ON_BOTH, .arrange = world_ctx, .act = act_create},
	{"ioas_destroy", "ioas_destroy", ON_BOTH, .arrange = arrange_two, .act = act_destroy},
	{"ioas_destroy_file", "ioas_destroy", ON_BOTH, .arrange = arrange_file_mapped_alone, .act = act_destroy},
	{"ioas_destroy_last", "ioas_destroy", ON_BOTH, .arrange = arrange_last, .act = act_destroy},
	{"map", "map", ON_BOTH, .arrange = arrange_two, .act = act_map},
	{"map_attached", "map", ON_BOTH, .arrange = arrange_attached, .act = act_map},
	{"map_two_groups", "map", ON_BOTH, .arrange = arrange_two_groups, .act = act_map},
	{"map_three_groups", "map", ON_BOTH, .arrange = arrange_three_groups, .act = act_map},
	{"map_over_limit", "map", ON_BOTH, -ENOMEM, small_limit, arrange_attached, .act = act_map},
	{"map_over_entries", "map", ON_TYPE1, -ENOSPC, few_entries, arrange_attached, .act = act_map},
	{"map_at", "map_at", ON_BOTH, .arrange = arrange_two, .act = act_map_at},
	{"map_at_two_groups", "map_at", ON_BOTH, .arrange = arrange_two_groups, .act = act_map_at},
	{"map_file", "map_file", ON_BOTH, .arrange = arrange_file, .act = act_map_file},
	{"map_file_kernel", "map_file", ON_BOTH, 0, map_file_kernel, arrange_file, .act = act_map_file},
	{"map_file_two_groups", "map_file", ON_BOTH, .arrange = arrange_file_attached, .act = act_map_file},
	{"map_file_regular", "map_file", ON_BOTH, .arrange = arrange_regular_file, .act = act_map_file},
	{"map_file_at", "map_file_at", ON_BOTH, .arrange = arrange_file_attached, .act = act_map_file_at},
	{"map_file_at_kernel", "map_file_at", ON_BOTH, 0, map_file_kernel, arrange_file_attached, .act = act_map_file_at},
	{"copy", "copy", ON_BOTH, .arrange = arrange_two, .act = act_copy},
	{"copy_attached", "copy", ON_BOTH, .arrange = arrange_dst_attached, .act = act_copy},
	{"copy_at", "copy_at", ON_BOTH, .arrange = arrange_two, .act = act_copy_at},
	{"copy_at_attached", "copy_at", ON_BOTH, .arrange = arrange_dst_attached, .act = act_copy_at},
	{"copy_file", "copy_at", ON_BOTH, .arrange = arrange_file_mapped, .act = act_copy_file},
	{"unmap", "unmap", ON_BOTH, .arrange = arrange_two, .act = act_unmap},
	{"unmap_two_groups", "unmap", ON_BOTH, .arrange = arrange_two_groups, .act = act_unmap},
	{"unmap_three_groups", "unmap", ON_BOTH, .arrange = arrange_three_groups, .act = act_unmap},
	{"unmap_file", "unmap", ON_BOTH, .arrange = arrange_file_mapped, .act = act_unmap_file},
	{"unmap_all", "unmap_all", ON_BOTH, .arrange = arrange_two, .act = act_unmap_all},
	{"unmap_all_two_groups", "unmap_all", ON_BOTH, .arrange = arrange_file_mapped, .act = act_unmap_all},
	{"query_ranges", "query_ranges", ON_BOTH, .arrange = arrange_attached, .act = act_ranges},
	{"query_ranges_many", "query_ranges", ON_BOTH, 0, many_ranges, arrange_attached, .act = act_ranges},
	{"allow_iovas", "allow_iovas", ON_NATIVE, .arrange = arrange_attached, .act = act_allow},
	{"set_huge_pages", "set_huge_pages", ON_NATIVE, .arrange = arrange_two, .act = act_set_huge},
	{"query_huge_pages", "query_huge_pages", ON_NATIVE, .arrange = arrange_two, .act = act_query_huge},
	{0},
};
/* clang-format on */
