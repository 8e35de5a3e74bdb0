/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns addresses on type1: what all attached groups can use, and the choice of a place for a new
 * mapping. Calls nothing that changes anything.
 */
#include "type1.h"

#include <stdlib.h>
#include <string.h>

#include "explain.h"

/* ---- Addresses ---- */

bool type1_inside(const struct libiommufd_range *ranges, size_t count, uint64_t first,
		  uint64_t last)
{
	for (size_t i = 0; i < count; i++)
		if (first >= ranges[i].start && last <= ranges[i].last)
			return true;
	return false;
}

bool type1_can_hold(const struct type1_info *info, struct type1_ioas *ioas)
{
	uint64_t smallest = info->page_sizes & -info->page_sizes;

	for (const struct mapping *m = shadow_first(&ioas->shadow); m;
	     m = shadow_next(&ioas->shadow, m))
		if (!type1_inside(info->ranges, info->range_count, m->iova, m->last) ||
		    ((m->iova | (m->last + 1)) & (smallest - 1)))
			return false;
	return true;
}

/* Replace *ranges by what it has in common with info; NULL is everything. */
static int narrow(struct libiommufd_range **ranges, size_t *count, const struct type1_info *info)
{
	/* Two lists of a and b ranges have at most a + b - 1 common parts. */
	size_t room = *count + info->range_count, n = 0, a = 0, b = 0;
	struct libiommufd_range *common = calloc(room ? room : 1, sizeof(*common));

	if (!common)
		return -ENOMEM;
	if (!*ranges) {
		n = info->range_count;
		memcpy(common, info->ranges, n * sizeof(*common));
	}
	while (a < *count && b < info->range_count) {
		const struct libiommufd_range *x = &(*ranges)[a], *y = &info->ranges[b];
		uint64_t start = x->start > y->start ? x->start : y->start;
		uint64_t last = x->last < y->last ? x->last : y->last;
		if (start <= last)
			common[n++] = (struct libiommufd_range){start, last};
		if (x->last < y->last)
			a++;
		else
			b++;
	}
	free(*ranges);
	*ranges = common;
	*count = n;
	return 0;
}

int type1_intersect(const struct type1_ioas *ioas, const struct type1_container *without,
		    const struct type1_info *with, struct libiommufd_range **ret_ranges,
		    size_t *ret_count)
{
	const struct type1_container *container = NULL;
	struct libiommufd_range *ranges = NULL;
	size_t count = 0;

	int r = with ? narrow(&ranges, &count, with) : 0;
	while (r == 0 && (container = type1_next_in_use(ioas, container)))
		if (container != without)
			r = narrow(&ranges, &count, &container->info);
	if (r < 0) {
		free(ranges);
		return r;
	}
	*ret_ranges = ranges;
	*ret_count = count;
	return 0;
}

int type1_pick(struct type1_ioas *ioas, struct op *op, struct dma *dma, uint64_t va)
{
	const struct libiommufd_range *ranges = ioas->ranges ? ioas->ranges : safe_ranges;
	size_t count = ioas->ranges ? ioas->range_count : SAFE_RANGES;
	const uint64_t large = 2 << 20, page = page_size();
	/* Where the IOMMU can use a large page, memory and address must lie alike in it. */
	uint64_t alignment = dma->length >= large ? large : page;

	/* As iommufd, which looks at a power of two. */
	if (dma->length >> 63)
		return explain_map(ioas->base.ctx, op, -EOVERFLOW, dma);
	for (size_t i = 0; i < count; i++) {
		uint64_t first = ranges[i].start < page ? page : ranges[i].start;
		first = first < dma->iova ? dma->iova : first;
		if (first <= ranges[i].last &&
		    shadow_find_free(&ioas->shadow, first, ranges[i].last, dma->length, alignment,
				     va, &dma->iova))
			return 0;
	}
	return explain_map(ioas->base.ctx, op, -ENOSPC, dma);
}

int type1_check_place(const struct type1_ioas *ioas, struct op *op, const struct dma *dma)
{
	uint64_t last = dma->iova + dma->length - 1;

	if (ioas->ranges && !type1_inside(ioas->ranges, ioas->range_count, dma->iova, last))
		return explain_map(ioas->base.ctx, op, -EINVAL, dma);
	return 0;
}
