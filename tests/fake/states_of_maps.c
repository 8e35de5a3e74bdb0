/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the calls that map and copy, made in each starting state of address spaces. */
#include "states.h"

#include <inttypes.h>

static const uint32_t both = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE;

/* ---- Map ---- */

static int map_at(struct scene *s, uint64_t iova, uint64_t length)
{
	return libiommufd_ioas_map_at(s->x, s->memory + 16 * PAGE, length, both, iova);
}

static int picked(struct scene *s, int r, uint64_t iova)
{
	if (r == 0)
		say(s, "0x%" PRIx64, iova);
	return r;
}

static int call_map(struct scene *s)
{
	uint64_t iova = 0;
	return picked(s, libiommufd_ioas_map(s->x, s->memory + 16 * PAGE, PAGE, both, &iova), iova);
}

static int call_map_16(struct scene *s)
{
	uint64_t iova = 0;
	return picked(s, libiommufd_ioas_map(s->x, s->memory + 16 * PAGE, 16 * PAGE, both, &iova),
		      iova);
}

static int call_map_no_access(struct scene *s)
{
	return libiommufd_ioas_map_at(s->x, s->memory, PAGE, 0, 0x400000);
}

static int call_map_bad_access(struct scene *s)
{
	return libiommufd_ioas_map_at(s->x, s->memory, PAGE, 4, 0x400000);
}

static int call_map_null(struct scene *s)
{
	return libiommufd_ioas_map_at(s->x, NULL, PAGE, both, 0x400000);
}

static int call_map_empty(struct scene *s)
{
	return map_at(s, 0x400000, 0);
}

static int call_map_odd_length(struct scene *s)
{
	return map_at(s, 0x400000, 100);
}

static int call_map_odd_iova(struct scene *s)
{
	return map_at(s, 0x400010, PAGE);
}

static int call_map_odd_va(struct scene *s)
{
	return libiommufd_ioas_map_at(s->x, s->memory + 16, PAGE, both, 0x400000);
}

static int call_map_wraps(struct scene *s)
{
	return map_at(s, UINT64_MAX - PAGE + 1, 2 * PAGE);
}

static int call_map_va_wraps(struct scene *s)
{
	return libiommufd_ioas_map_at(s->x, (void *)(UINTPTR_MAX - PAGE + 1), 2 * PAGE, both,
				      0x400000);
}

static int call_map_at(struct scene *s)
{
	return map_at(s, 0x400000, PAGE);
}

static int call_map_at_zero(struct scene *s)
{
	return map_at(s, 0, PAGE);
}

static int call_map_same(struct scene *s)
{
	return map_at(s, 0x300000, PAGE);
}

static int call_map_over(struct scene *s)
{
	return map_at(s, 0x1ff000, 2 * PAGE);
}

static int call_map_over_end(struct scene *s)
{
	return map_at(s, 0x201000, 4 * PAGE);
}

static int call_map_msi(struct scene *s)
{
	return map_at(s, 0xfee00000, PAGE);
}

static int call_map_into_msi(struct scene *s)
{
	return map_at(s, 0xfedff000, 2 * PAGE);
}

static int call_map_below_msi(struct scene *s)
{
	return map_at(s, 0xfedff000, PAGE);
}

static int call_map_high(struct scene *s)
{
	return map_at(s, 1ULL << 39, PAGE);
}

static int call_map_last(struct scene *s)
{
	return map_at(s, (1ULL << 39) - PAGE, PAGE);
}

/* What is not mapped shows where memory is pinned. */
static int call_map_absent(struct scene *s)
{
	return libiommufd_ioas_map_at(s->x, s->memory + PAGES * PAGE, PAGE, both, 0x400000);
}

static int call_map_then_attach(struct scene *s)
{
	int r = map_at(s, 0xfee00000, PAGE);

	if (r < 0)
		return r;
	if (libiommufd_device_get_state(s->dev0) == LIBIOMMUFD_DEVICE_OPENED)
		r = libiommufd_device_bind(s->dev0, NULL);
	return r < 0 ? r : libiommufd_device_attach(s->dev0, s->x);
}

static int call_map_high_then_attach(struct scene *s)
{
	int r = map_at(s, 1ULL << 40, PAGE);

	if (r < 0)
		return r;
	if (libiommufd_device_get_state(s->dev0) == LIBIOMMUFD_DEVICE_OPENED)
		r = libiommufd_device_bind(s->dev0, NULL);
	return r < 0 ? r : libiommufd_device_attach(s->dev0, s->x);
}

static int call_map_absent_then_attach(struct scene *s)
{
	int r = call_map_absent(s);

	if (r < 0)
		return r;
	if (libiommufd_device_get_state(s->dev0) == LIBIOMMUFD_DEVICE_OPENED)
		r = libiommufd_device_bind(s->dev0, NULL);
	return r < 0 ? r : libiommufd_device_attach(s->dev0, s->x);
}

static int call_map_file(struct scene *s)
{
	return libiommufd_ioas_map_file_at(s->x, s->file, PAGE, PAGE, both, 0x400000);
}

static int call_map_file_over(struct scene *s)
{
	return libiommufd_ioas_map_file_at(s->x, s->file, 0, PAGE, both, 0x200000);
}

static int call_map_file_bad(struct scene *s)
{
	return libiommufd_ioas_map_file_at(s->x, 9999, 0, PAGE, both, 0x400000);
}

/* ---- Copy ---- */

static int copy(struct scene *s, uint64_t from, uint64_t length, uint32_t access, uint64_t to)
{
	return libiommufd_ioas_copy_at(s->y, s->x, from, length, access, to);
}

static int call_copy(struct scene *s)
{
	uint64_t iova = 0;
	return picked(s, libiommufd_ioas_copy(s->y, s->x, 0x200000, 2 * PAGE, both, &iova), iova);
}

static int call_copy_at(struct scene *s)
{
	return copy(s, 0x200000, 2 * PAGE, both, 0x500000);
}

static int call_copy_part(struct scene *s)
{
	return copy(s, 0x201000, PAGE, LIBIOMMUFD_READ, 0x500000);
}

static int call_copy_across(struct scene *s)
{
	return copy(s, 0x201000, 2 * PAGE, LIBIOMMUFD_READ, 0x500000);
}

static int call_copy_raise(struct scene *s)
{
	return copy(s, 0x202000, PAGE, both, 0x500000);
}

static int call_copy_raise_across(struct scene *s)
{
	return copy(s, 0x200000, 3 * PAGE, both, 0x500000);
}

static int call_copy_absent(struct scene *s)
{
	return copy(s, 0x600000, PAGE, both, 0x500000);
}

static int call_copy_hole(struct scene *s)
{
	return copy(s, 0x202000, 2 * PAGE, LIBIOMMUFD_READ, 0x500000);
}

static int call_copy_taken(struct scene *s)
{
	return copy(s, 0x200000, PAGE, both, PROBE);
}

static int call_copy_to_msi(struct scene *s)
{
	return copy(s, 0x200000, PAGE, both, 0xfee00000);
}

static int call_copy_wraps(struct scene *s)
{
	return copy(s, UINT64_MAX - PAGE + 1, 2 * PAGE, both, 0x500000);
}

static int call_copy_self(struct scene *s)
{
	return libiommufd_ioas_copy_at(s->x, s->x, 0x200000, 2 * PAGE, both, 0x500000);
}

static int call_copy_foreign(struct scene *s)
{
	return libiommufd_ioas_copy_at(s->foreign, s->x, 0x200000, PAGE, both, 0x500000);
}

const struct call map_calls[] = {
	{"map", call_map},
	{"map-16-pages", call_map_16},
	{"map-no-access", call_map_no_access},
	{"map-unknown-access", call_map_bad_access},
	{"map-null", call_map_null},
	{"map-zero-length", call_map_empty},
	{"map-odd-length", call_map_odd_length},
	{"map-odd-iova", call_map_odd_iova},
	{"map-odd-va", call_map_odd_va},
	{"map-wraps", call_map_wraps},
	{"map-va-wraps", call_map_va_wraps},
	{"map-at", call_map_at},
	{"map-at-0", call_map_at_zero},
	{"map-at-same", call_map_same},
	{"map-over-start", call_map_over},
	{"map-over-end", call_map_over_end},
	{"map-msi-window", call_map_msi},
	{"map-into-msi-window", call_map_into_msi},
	{"map-below-msi-window", call_map_below_msi},
	{"map-beyond-39-bits", call_map_high},
	{"map-last-of-39-bits", call_map_last},
	{"map-absent-memory", call_map_absent},
	{"map-msi-window-then-attach", call_map_then_attach},
	{"map-beyond-39-bits-then-attach", call_map_high_then_attach},
	{"map-absent-memory-then-attach", call_map_absent_then_attach},
	{"map-file", call_map_file},
	{"map-file-over", call_map_file_over},
	{"map-file-bad-fd", call_map_file_bad},
	{"copy", call_copy},
	{"copy-at", call_copy_at},
	{"copy-part", call_copy_part},
	{"copy-across", call_copy_across},
	{"copy-raises-access", call_copy_raise},
	{"copy-across-raises-access", call_copy_raise_across},
	{"copy-absent", call_copy_absent},
	{"copy-hole", call_copy_hole},
	{"copy-onto-mapping", call_copy_taken},
	{"copy-to-msi-window", call_copy_to_msi},
	{"copy-wraps", call_copy_wraps},
	{"copy-within", call_copy_self},
	{"copy-to-foreign", call_copy_foreign},
	{0},
};
