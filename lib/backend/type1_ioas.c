/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns address spaces on type1: the record of what is mapped, the choice of addresses, and the ioctls
 * that make the containers of the attached groups follow. A change that fails somewhere is taken back
 * where it succeeded.
 */
#include "type1.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "uapi/vfio.h"

/* With nothing attached: as the native backend picks, see there. */
static const struct libiommufd_range safe_ranges[] = {
	{0x1000, 0x7ffffff},
	{0x8100000, 0xfedfffff},
	{0xfef00000, (1ULL << 39) - 1},
};

int type1_ioas_create(struct backend_ctx *ctx, struct op *op, struct backend_ioas **ret_ioas)
{
	struct type1_ioas *ioas = calloc(1, sizeof(*ioas));

	if (!ioas)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	ioas->base.ctx = ctx;
	pthread_mutex_init(&ioas->lock, NULL);
	*ret_ioas = &ioas->base;
	return 0;
}

static void free_mappings(struct mapping *node)
{
	if (!node)
		return;
	free_mappings(node->left);
	free_mappings(node->right);
	free(node);
}

int type1_ioas_destroy(struct backend_ioas *base, struct op *op, bool disown)
{
	struct type1_ioas *ioas = (struct type1_ioas *)base;

	if (ioas->groups && !disown)
		return op_fail(op, -EBUSY, LIBIOMMUFD_REASON_IN_USE,
			       "devices are attached to it; detach them first");
	free_mappings(ioas->shadow.root);
	free(ioas->ranges);
	pthread_mutex_destroy(&ioas->lock);
	free(ioas);
	return 0;
}

/* ---- One container ---- */

static int map_into(const struct type1_ioas *ioas, const struct type1_group *group,
		    const struct mapping *mapping)
{
	const struct sys *sys = ioas->base.ctx->sys;
	struct vfio_iommu_type1_dma_map cmd = {
		.argsz = sizeof(cmd),
		.flags = (mapping->access & LIBIOMMUFD_READ ? VFIO_DMA_MAP_FLAG_READ : 0) |
			 (mapping->access & LIBIOMMUFD_WRITE ? VFIO_DMA_MAP_FLAG_WRITE : 0),
		.vaddr = mapping->va,
		.iova = mapping->iova,
		.size = mapping_length(mapping),
	};
	return sys->ioctl(sys, group->container, VFIO_IOMMU_MAP_DMA, &cmd);
}

static int unmap_from(const struct type1_ioas *ioas, const struct type1_group *group, uint64_t iova,
		      uint64_t length)
{
	const struct sys *sys = ioas->base.ctx->sys;
	struct vfio_iommu_type1_dma_unmap cmd = {
		.argsz = sizeof(cmd),
		.iova = iova,
		.size = length,
	};
	return sys->ioctl(sys, group->container, VFIO_IOMMU_UNMAP_DMA, &cmd);
}

/* Everything the record has, in one call: all or, on failure, none. */
static int unmap_all_from(const struct type1_ioas *ioas, const struct type1_group *group)
{
	const struct mapping *root = ioas->shadow.root;

	if (!root)
		return 0;
	return unmap_from(ioas, group, root->subtree_first,
			  root->subtree_last - root->subtree_first + 1);
}

static struct mapping *next_mapping(const struct type1_ioas *ioas, const struct mapping *mapping)
{
	if (!mapping)
		return shadow_find(&ioas->shadow, 0, UINT64_MAX);
	if (mapping->last == UINT64_MAX)
		return NULL;
	return shadow_find(&ioas->shadow, mapping->last + 1, UINT64_MAX);
}

/* On failure some may be mapped. */
static int map_all_into(const struct type1_ioas *ioas, const struct type1_group *group)
{
	int r = 0;

	for (struct mapping *m = NULL; r == 0 && (m = next_mapping(ioas, m));)
		r = map_into(ioas, group, m);
	return r;
}

/* ---- Addresses ---- */

static bool inside(const struct libiommufd_range *ranges, size_t count, uint64_t first,
		   uint64_t last)
{
	for (size_t i = 0; i < count; i++)
		if (first >= ranges[i].start && last <= ranges[i].last)
			return true;
	return false;
}

/* The ranges that all groups of ioas but one, and perhaps one more, can use. */
static int intersect(const struct type1_ioas *ioas, const struct type1_group *without,
		     const struct type1_group *with, struct libiommufd_range **ret_ranges,
		     size_t *ret_count)
{
	const struct type1_group *next = with ? with : ioas->groups;
	struct libiommufd_range *ranges = NULL;
	size_t count = 0;

	for (; next; next = next == with ? ioas->groups : next->peer) {
		if (next == without)
			continue;
		/* Two lists of a and b ranges have at most a + b - 1 common parts. */
		size_t room = ranges ? count + next->range_count : next->range_count;
		struct libiommufd_range *common = calloc(room ? room : 1, sizeof(*common));
		if (!common) {
			free(ranges);
			return -ENOMEM;
		}
		if (!ranges) {
			memcpy(common, next->ranges, next->range_count * sizeof(*common));
			count = next->range_count;
		} else {
			size_t n = 0, a = 0, b = 0;
			while (a < count && b < next->range_count) {
				const struct libiommufd_range *x = &ranges[a],
							      *y = &next->ranges[b];
				uint64_t start = x->start > y->start ? x->start : y->start;
				uint64_t last = x->last < y->last ? x->last : y->last;
				if (start <= last)
					common[n++] = (struct libiommufd_range){start, last};
				if (x->last < y->last)
					a++;
				else
					b++;
			}
			count = n;
		}
		free(ranges);
		ranges = common;
	}
	*ret_ranges = ranges;
	*ret_count = count;
	return 0;
}

static void take_ranges(struct type1_ioas *ioas, struct libiommufd_range *ranges, size_t count)
{
	free(ioas->ranges);
	ioas->ranges = ranges;
	ioas->range_count = count;
}

/* Where the IOMMU can use a large page, memory and address must lie alike in it. */
static bool pick(const struct type1_ioas *ioas, uint64_t va, uint64_t length, uint64_t *ret_iova)
{
	const struct libiommufd_range *ranges = ioas->groups ? ioas->ranges : safe_ranges;
	size_t count =
		ioas->groups ? ioas->range_count : sizeof(safe_ranges) / sizeof(safe_ranges[0]);
	const uint64_t large = 2 << 20, page = page_size();
	uint64_t alignment = length >= large ? large : page;

	for (size_t i = 0; i < count; i++) {
		uint64_t first = ranges[i].start < page ? page : ranges[i].start;
		if (first <= ranges[i].last &&
		    shadow_find_free(&ioas->shadow, first, ranges[i].last, length, alignment, va,
				     ret_iova))
			return true;
	}
	return false;
}

/* Choose or check the address of a new mapping. Needs the lock. */
static int place(const struct type1_ioas *ioas, struct op *op, struct dma *dma, uint64_t va)
{
	const struct backend_ctx *ctx = ioas->base.ctx;

	if (!dma->fixed)
		return pick(ioas, va, dma->length, &dma->iova) ? 0
							       : explain_map(ctx, op, -ENOSPC, dma);
	uint64_t last = dma->iova + dma->length - 1;
	if (ioas->groups && !inside(ioas->ranges, ioas->range_count, dma->iova, last))
		return explain_map(ctx, op, -EINVAL, dma);
	if (shadow_find(&ioas->shadow, dma->iova, last))
		return explain_map(ctx, op, -EEXIST, dma);
	return 0;
}

/* ---- Map, copy, unmap ---- */

static int explain_type1_map(const struct type1_ioas *ioas, struct op *op, int error,
			     const struct dma *dma)
{
	/* The address was free by our record, so the container is out of entries, not of addresses. */
	if (error == -ENOSPC) {
		op_fail(op, error, LIBIOMMUFD_REASON_ENTRY_LIMIT,
			"the container holds %zu mappings and takes no more; raise the parameter "
			"dma_entry_limit of vfio_iommu_type1, or map in larger pieces",
			ioas->shadow.count);
		op_limit(op, ioas->shadow.count + 1, ioas->shadow.count);
		return error;
	}
	return explain_map(ioas->base.ctx, op, error, dma);
}

/* Into every attached container, or none. Needs the lock. */
static int add_mapping(struct type1_ioas *ioas, struct mapping *mapping)
{
	const struct type1_group *group, *undo;
	int r;

	for (group = ioas->groups; group; group = group->peer) {
		r = map_into(ioas, group, mapping);
		if (r < 0)
			goto undo;
	}
	shadow_insert(&ioas->shadow, mapping);
	return 0;
undo:
	for (undo = ioas->groups; undo != group; undo = undo->peer)
		unmap_from(ioas, undo, mapping->iova, mapping_length(mapping));
	return r;
}

static struct mapping *new_mapping(uint64_t va, uint64_t iova, uint64_t length, uint32_t access)
{
	struct mapping *mapping = calloc(1, sizeof(*mapping));

	if (mapping) {
		mapping->iova = iova;
		mapping->last = iova + length - 1;
		mapping->va = va;
		mapping->access = access;
	}
	return mapping;
}

int type1_map(struct backend_ioas *base, struct op *op, struct dma *dma)
{
	struct type1_ioas *ioas = (struct type1_ioas *)base;

	pthread_mutex_lock(&ioas->lock);
	int r = place(ioas, op, dma, dma->va);
	if (r < 0)
		goto unlock;
	struct mapping *mapping = new_mapping(dma->va, dma->iova, dma->length, dma->access);
	if (!mapping) {
		r = op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
		goto unlock;
	}
	r = add_mapping(ioas, mapping);
	if (r < 0) {
		free(mapping);
		r = explain_type1_map(ioas, op, r, dma);
	}
unlock:
	pthread_mutex_unlock(&ioas->lock);
	return r;
}

int type1_map_file(struct backend_ioas *ioas, struct op *op, int fd, struct dma *dma)
{
	(void)ioas;
	(void)op;
	(void)fd;
	(void)dma;
	return -ENOTTY;
}

/* Is all of [first, last] mapped, with at least that access? Needs the lock. */
static int check_source(const struct type1_ioas *src, struct op *op, const struct dma *dma)
{
	uint64_t next = dma->va, last = dma->va + dma->length - 1;

	for (;;) {
		const struct mapping *m = shadow_find(&src->shadow, next, next);
		if (!m)
			return explain_map(src->base.ctx, op, -ENOENT, dma);
		if (dma->access & ~m->access)
			return explain_map(src->base.ctx, op, -EPERM, dma);
		if (m->last >= last)
			return 0;
		next = m->last + 1;
	}
}

static void lock_two(struct type1_ioas *a, struct type1_ioas *b)
{
	struct type1_ioas *first = a < b ? a : b, *second = a < b ? b : a;

	pthread_mutex_lock(&first->lock);
	if (first != second)
		pthread_mutex_lock(&second->lock);
}

static void unlock_two(struct type1_ioas *a, struct type1_ioas *b)
{
	pthread_mutex_unlock(&a->lock);
	if (a != b)
		pthread_mutex_unlock(&b->lock);
}

/* Needs the lock; what is removed is gone from the containers first. */
static int remove_range(struct type1_ioas *ioas, struct mapping *first, uint64_t last,
			uint64_t *ret_unmapped)
{
	uint64_t end = first->last, bytes = 0;
	struct mapping *m;

	for (m = first; m && m->last <= last; m = next_mapping(ioas, m))
		end = m->last;

	const struct type1_group *group, *undo;
	int r = 0;
	for (group = ioas->groups; group; group = group->peer) {
		r = unmap_from(ioas, group, first->iova, end - first->iova + 1);
		if (r < 0)
			break;
	}
	if (r < 0) {
		/* Where it is gone already, bring it back: the record stays true. */
		for (undo = ioas->groups; undo != group; undo = undo->peer)
			for (m = first; m && m->last <= end; m = next_mapping(ioas, m))
				map_into(ioas, undo, m);
		return r;
	}
	for (m = first; m;) {
		struct mapping *next = next_mapping(ioas, m);
		bool more = next && next->last <= end;
		bytes += mapping_length(m);
		shadow_remove(&ioas->shadow, m);
		free(m);
		m = more ? next : NULL;
	}
	*ret_unmapped = bytes;
	return 0;
}

int type1_copy(struct backend_ioas *dst_base, struct backend_ioas *src_base, struct op *op,
	       struct dma *dma)
{
	struct type1_ioas *dst = (struct type1_ioas *)dst_base,
			  *src = (struct type1_ioas *)src_base;
	struct mapping *from, *copy, *first = NULL;
	uint64_t done = 0, ignored;

	lock_two(dst, src);
	int r = check_source(src, op, dma);
	if (r == 0) {
		from = shadow_find(&src->shadow, dma->va, dma->va);
		r = place(dst, op, dma, from->va + (dma->va - from->iova));
	}
	/* One piece for each mapping of the source, since their memory need not be contiguous. */
	while (r == 0 && done < dma->length) {
		from = shadow_find(&src->shadow, dma->va + done, dma->va + done);
		uint64_t skip = dma->va + done - from->iova;
		uint64_t length = mapping_length(from) - skip;
		if (length > dma->length - done)
			length = dma->length - done;
		copy = new_mapping(from->va + skip, dma->iova + done, length, dma->access);
		if (!copy) {
			r = op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
			break;
		}
		r = add_mapping(dst, copy);
		if (r < 0) {
			free(copy);
			r = explain_type1_map(dst, op, r, dma);
			break;
		}
		first = first ? first : copy;
		done += length;
	}
	if (r < 0 && first)
		remove_range(dst, first, dma->iova + done - 1, &ignored);
	unlock_two(dst, src);
	return r;
}

int type1_unmap(struct backend_ioas *base, struct op *op, uint64_t iova, uint64_t length,
		uint64_t *ret_unmapped)
{
	struct type1_ioas *ioas = (struct type1_ioas *)base;
	bool all = iova == 0 && length == UINT64_MAX;
	uint64_t last = all ? UINT64_MAX : iova + length - 1;
	int r = 0;

	pthread_mutex_lock(&ioas->lock);
	struct mapping *first = shadow_find(&ioas->shadow, iova, last);
	const struct mapping *at_end = shadow_find(&ioas->shadow, last, last);
	if (!first && all)
		*ret_unmapped = 0;
	else if (!first || first->iova < iova || (at_end && at_end->last > last))
		r = op_fail(op, -ENOENT, LIBIOMMUFD_REASON_NOT_MAPPED,
			    "nothing is mapped in 0x%" PRIx64 "-0x%" PRIx64 ", or the range cuts a "
			    "mapping; unmap whole mappings",
			    iova, last);
	else
		r = remove_range(ioas, first, last, ret_unmapped);
	pthread_mutex_unlock(&ioas->lock);
	if (r < 0 && !op->error)
		op_fail(op, r, LIBIOMMUFD_REASON_KERNEL, "the kernel answers %s",
			strerrordesc_np(-r));
	return r;
}

/* ---- What can be asked and set ---- */

int type1_ranges(struct backend_ioas *base, struct op *op, struct libiommufd_range **ret_ranges,
		 size_t *ret_count, uint64_t *ret_alignment)
{
	static const struct libiommufd_range everything = {0, UINT64_MAX};
	struct type1_ioas *ioas = (struct type1_ioas *)base;
	uint64_t alignment = page_size();

	pthread_mutex_lock(&ioas->lock);
	const struct libiommufd_range *from = ioas->groups ? ioas->ranges : &everything;
	size_t count = ioas->groups ? ioas->range_count : 1;
	for (const struct type1_group *group = ioas->groups; group; group = group->peer) {
		uint64_t smallest = group->page_sizes & -group->page_sizes;
		alignment = smallest > alignment ? smallest : alignment;
	}
	struct libiommufd_range *ranges = malloc((count ? count : 1) * sizeof(*ranges));
	if (ranges)
		memcpy(ranges, from, count * sizeof(*ranges));
	pthread_mutex_unlock(&ioas->lock);
	if (!ranges)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	*ret_ranges = ranges;
	*ret_count = count;
	*ret_alignment = alignment;
	return 0;
}

int type1_allow(struct backend_ioas *ioas, struct op *op, const struct libiommufd_range *ranges,
		size_t count)
{
	(void)ioas;
	(void)ranges;
	(void)count;
	return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
		       "the type1 backend has no list of allowed addresses");
}

static int no_huge_pages(struct op *op)
{
	return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
		       "on type1 it is the parameter disable_hugepages of vfio_iommu_type1");
}

int type1_set_huge_pages(struct backend_ioas *ioas, struct op *op, bool enable)
{
	(void)ioas;
	(void)enable;
	return no_huge_pages(op);
}

int type1_query_huge_pages(struct backend_ioas *ioas, struct op *op, bool *ret_enable)
{
	(void)ioas;
	(void)ret_enable;
	return no_huge_pages(op);
}

/* ---- Groups come and go ---- */

/* Needs the lock. */
static void unlink_group(struct type1_ioas *ioas, struct type1_group *group)
{
	struct type1_group **link = &ioas->groups;

	while (*link != group)
		link = &(*link)->peer;
	*link = group->peer;
}

void type1_forget(struct type1_group *group, struct type1_ioas *ioas)
{
	pthread_mutex_lock(&ioas->lock);
	/* The ranges stay as narrow as they are, which costs no memory and is never wrong. */
	unlink_group(ioas, group);
	pthread_mutex_unlock(&ioas->lock);
}

/* Can the group's IOMMU hold what is mapped? Needs the lock. */
static bool can_hold(const struct type1_group *group, const struct type1_ioas *ioas)
{
	uint64_t smallest = group->page_sizes & -group->page_sizes;

	for (const struct mapping *m = NULL; (m = next_mapping(ioas, m));)
		if (!inside(group->ranges, group->range_count, m->iova, m->last) ||
		    ((m->iova | (m->last + 1)) & (smallest - 1)))
			return false;
	return true;
}

/* Put back what the container held before. Needs the locks. */
static int restore(struct type1_group *group, struct op *op, const struct type1_ioas *from,
		   int error, bool *ret_lost)
{
	if (!from || map_all_into(from, group) == 0)
		return error;
	unmap_all_from(from, group);
	*ret_lost = true;
	return op_fail(op, error, LIBIOMMUFD_REASON_RESTORE_FAILED,
		       "the new address space could not be mapped (%s) and the old one not "
		       "restored: "
		       "the group is detached and reaches nothing; attach it again",
		       strerrordesc_np(-error));
}

static int move_locked(struct type1_group *group, struct op *op, struct type1_ioas *from,
		       struct type1_ioas *to, bool *ret_lost)
{
	struct libiommufd_range *from_ranges = NULL, *to_ranges = NULL;
	size_t from_count = 0, to_count = 0;
	const struct backend_ctx *ctx = (from ? from : to)->base.ctx;
	int r = 0;

	if (to && !can_hold(group, to))
		return explain_attach(ctx, op, -EADDRINUSE, &to->base);
	if (to)
		r = intersect(to, NULL, group, &to_ranges, &to_count);
	if (r == 0 && from)
		r = intersect(from, group, NULL, &from_ranges, &from_count);
	if (r == 0 && from)
		r = unmap_all_from(from, group);
	if (r < 0) {
		explain_attach(ctx, op, r, NULL);
		goto free;
	}
	r = to ? map_all_into(to, group) : 0;
	if (r < 0) {
		explain_attach(ctx, op, r, &to->base);
		unmap_all_from(to, group);
		r = restore(group, op, from, r, ret_lost);
	}
	if (from && (r == 0 || *ret_lost)) {
		unlink_group(from, group);
		take_ranges(from, from_ranges, from_count);
		from_ranges = NULL;
	}
	if (to && r == 0) {
		group->peer = to->groups;
		to->groups = group;
		take_ranges(to, to_ranges, to_count);
		to_ranges = NULL;
	}
free:
	free(from_ranges);
	free(to_ranges);
	return r;
}

int type1_move(struct type1_group *group, struct op *op, struct type1_ioas *from,
	       struct type1_ioas *to, bool *ret_lost)
{
	struct type1_ioas *one = from ? from : to, *other = to ? to : from;

	lock_two(one, other);
	int r = move_locked(group, op, from, to, ret_lost);
	unlock_two(one, other);
	return r;
}
