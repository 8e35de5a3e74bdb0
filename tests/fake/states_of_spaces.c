/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the starting states of address spaces, and the calls that unmap, ask and set. */
#include "states.h"

#include <inttypes.h>

static const uint32_t both = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE;

/* ---- Starting states: X has its probe, two pages at 0x200000, one read-only behind, one at 0x300000 ---- */

static void fill(struct scene *s)
{
	char *m = s->memory;

	must(libiommufd_ioas_map_at(s->x, m + 4 * PAGE, 2 * PAGE, both, 0x200000) == 0, "map_at");
	must(libiommufd_ioas_map_at(s->x, m + 8 * PAGE, PAGE, LIBIOMMUFD_READ, 0x202000) == 0,
	     "map_at");
	must(libiommufd_ioas_map_at(s->x, m + 9 * PAGE, PAGE, both, 0x300000) == 0, "map_at");
}

static void attach(struct scene *s, struct libiommufd_ioas *ioas)
{
	must(libiommufd_device_bind(s->dev0, NULL) == 0, "bind");
	must(libiommufd_device_attach(s->dev0, ioas) == 0, "attach");
}

static void filled(struct scene *s)
{
	fill(s);
}

static void filled_attached(struct scene *s)
{
	fill(s);
	attach(s, s->x);
}

static void attached_filled(struct scene *s)
{
	attach(s, s->x);
	fill(s);
}

static void filled_y_attached(struct scene *s)
{
	fill(s);
	attach(s, s->y);
}

static void filled_detached(struct scene *s)
{
	filled_attached(s);
	must(libiommufd_device_detach(s->dev0) == 0, "detach");
}

static void small_pages(struct scene *s)
{
	/* type1 refuses, and nothing changes */
	libiommufd_ioas_set_huge_pages(s->x, false);
	fill(s);
}

static void limited(struct scene *s)
{
	static const struct libiommufd_range list[] = {{0x1000000, 0x1ffffff},
						       {0x100000, 0x2fffff}};

	libiommufd_ioas_allow_iovas(s->x, list, 2);
	fill(s);
}

const struct state space_states[] = {
	{"filled", filled},
	{"filled-then-attached", filled_attached},
	{"attached-then-filled", attached_filled},
	{"filled-other-attached", filled_y_attached},
	{"filled-then-detached", filled_detached},
	{"small-pages", small_pages},
	{"with-allow-list", limited},
	{0},
};

static int picked(struct scene *s, int r, uint64_t iova)
{
	if (r == 0)
		say(s, "0x%" PRIx64, iova);
	return r;
}

/* ---- Unmap ---- */

static int unmap(struct scene *s, uint64_t iova, uint64_t length)
{
	uint64_t bytes = 0;
	int r = libiommufd_ioas_unmap(s->x, iova, length, &bytes);

	say(s, "%" PRIu64, bytes);
	return r;
}

static int call_unmap(struct scene *s)
{
	return unmap(s, 0x200000, 2 * PAGE);
}

static int call_unmap_two(struct scene *s)
{
	return unmap(s, 0x200000, 3 * PAGE);
}

static int call_unmap_more(struct scene *s)
{
	return unmap(s, 0x1f0000, 0x100000);
}

static int call_unmap_absent(struct scene *s)
{
	return unmap(s, 0x600000, PAGE);
}

static int call_unmap_head(struct scene *s)
{
	return unmap(s, 0x200000, PAGE);
}

static int call_unmap_tail(struct scene *s)
{
	return unmap(s, 0x201000, PAGE);
}

static int call_unmap_odd(struct scene *s)
{
	return unmap(s, 0x300000, PAGE + 1);
}

static int call_unmap_one_byte(struct scene *s)
{
	return unmap(s, 0x300000, 1);
}

static int call_unmap_empty(struct scene *s)
{
	return unmap(s, 0x200000, 0);
}

static int call_unmap_wraps(struct scene *s)
{
	return unmap(s, UINT64_MAX - PAGE + 1, 2 * PAGE);
}

static int call_unmap_all(struct scene *s)
{
	uint64_t bytes = 0;
	int r = libiommufd_ioas_unmap_all(s->x, &bytes);

	say(s, "%" PRIu64, bytes);
	if (r == 0)
		r = libiommufd_ioas_unmap_all(s->x, &bytes);
	say(s, " then %" PRIu64, bytes);
	return r;
}

/* ---- Settings ---- */

static int call_ranges(struct scene *s)
{
	struct libiommufd_ranges *ranges = NULL;
	int r = libiommufd_ioas_query_ranges(s->x, &ranges);

	for (size_t i = 0; i < libiommufd_ranges_get_count(ranges); i++)
		say(s, "%" PRIx64 "-%" PRIx64 " ", libiommufd_ranges_get(ranges, i).start,
		    libiommufd_ranges_get(ranges, i).last);
	say(s, "alignment %" PRIu64, libiommufd_ranges_get_alignment(ranges));
	libiommufd_ranges_free(ranges);
	return r;
}

static int allow(struct scene *s, uint64_t start, uint64_t last)
{
	const struct libiommufd_range range = {start, last};
	return libiommufd_ioas_allow_iovas(s->x, &range, 1);
}

static int call_allow(struct scene *s)
{
	uint64_t iova = 0;
	int r = allow(s, 0x10000000, 0x1fffffff);

	if (r == 0)
		r = libiommufd_ioas_map(s->x, s->memory + 16 * PAGE, PAGE, both, &iova);
	return picked(s, r, iova);
}

static int call_allow_none(struct scene *s)
{
	uint64_t iova = 0;
	int r = libiommufd_ioas_allow_iovas(s->x, NULL, 0);

	if (r == 0)
		r = libiommufd_ioas_map(s->x, s->memory + 16 * PAGE, PAGE, both, &iova);
	return picked(s, r, iova);
}

static int call_allow_tiny(struct scene *s)
{
	uint64_t iova = 0;
	int r = allow(s, 0x10000000, 0x10000fff);

	if (r == 0)
		r = libiommufd_ioas_map(s->x, s->memory + 16 * PAGE, 2 * PAGE, both, &iova);
	return picked(s, r, iova);
}

static int call_allow_msi(struct scene *s)
{
	return allow(s, 0xfee00000, 0xfeefffff);
}

static int call_allow_byte(struct scene *s)
{
	return allow(s, 0x1000, 0x1000);
}

static int call_allow_backwards(struct scene *s)
{
	return allow(s, 0x2000, 0x1000);
}

static int call_allow_overlap(struct scene *s)
{
	static const struct libiommufd_range list[] = {{0x1000, 0x2fff}, {0x2000, 0x3fff}};
	return libiommufd_ioas_allow_iovas(s->x, list, 2);
}

static int call_small_pages(struct scene *s)
{
	bool enable = true;
	int r = libiommufd_ioas_set_huge_pages(s->x, false);

	if (r == 0)
		r = libiommufd_ioas_query_huge_pages(s->x, &enable);
	say(s, "%d", enable);
	return r;
}

static int call_large_pages(struct scene *s)
{
	bool enable = false;
	int r = libiommufd_ioas_set_huge_pages(s->x, true);

	if (r == 0)
		r = libiommufd_ioas_query_huge_pages(s->x, &enable);
	say(s, "%d", enable);
	return r;
}

static int call_query_pages(struct scene *s)
{
	bool enable = false;
	int r = libiommufd_ioas_query_huge_pages(s->x, &enable);

	say(s, "%d", enable);
	return r;
}

static int call_destroy(struct scene *s)
{
	int r = libiommufd_ioas_destroy(s->x);
	if (r == 0)
		s->x = NULL;
	return r;
}

static int call_has(struct scene *s)
{
	for (uint32_t f = 0; f <= LIBIOMMUFD_FEATURE_HW_QUEUE + 1; f++)
		say(s, "%d ", libiommufd_ctx_has(s->ctx, f));
	return 0;
}

const struct call space_calls[] = {
	{"unmap", call_unmap},
	{"unmap-two", call_unmap_two},
	{"unmap-with-holes", call_unmap_more},
	{"unmap-absent", call_unmap_absent},
	{"unmap-head", call_unmap_head},
	{"unmap-tail", call_unmap_tail},
	{"unmap-odd-length", call_unmap_odd},
	{"unmap-one-byte", call_unmap_one_byte},
	{"unmap-zero-length", call_unmap_empty},
	{"unmap-wraps", call_unmap_wraps},
	{"unmap-all-twice", call_unmap_all},
	{"ranges", call_ranges},
	{"allow-then-map", call_allow},
	{"allow-none-then-map", call_allow_none},
	{"allow-too-little-then-map", call_allow_tiny},
	{"allow-msi-window", call_allow_msi},
	{"allow-one-byte", call_allow_byte},
	{"allow-backwards", call_allow_backwards},
	{"allow-overlapping", call_allow_overlap},
	{"small-pages", call_small_pages},
	{"large-pages", call_large_pages},
	{"query-large-pages", call_query_pages},
	{"destroy", call_destroy},
	{"has", call_has},
	{0},
};
