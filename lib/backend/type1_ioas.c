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

int type1_ioas_create(struct backend_ctx *ctx, struct op *op, struct backend_ioas **ret_ioas)
{
	struct type1_ioas *ioas = calloc(1, sizeof(*ioas));

	if (!ioas)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	ioas->base.ctx = ctx;
	atomic_init(&ioas->refs, 1);
	pthread_mutex_init(&ioas->lock, NULL);
	*ret_ioas = &ioas->base;
	return 0;
}

void type1_ioas_put(struct type1_ioas *ioas)
{
	if (!ioas || atomic_fetch_sub(&ioas->refs, 1) != 1)
		return;
	shadow_clear(&ioas->shadow);
	free(ioas->ranges);
	pthread_mutex_destroy(&ioas->lock);
	free(ioas);
}

int type1_ioas_destroy(struct backend_ioas *base, struct op *op, bool disown)
{
	struct type1_ioas *ioas = (struct type1_ioas *)base;

	if (!disown) {
		pthread_mutex_lock(&ioas->lock);
		bool in_use = type1_next_in_use(ioas, NULL);
		pthread_mutex_unlock(&ioas->lock);
		if (in_use)
			return op_fail(op, -EBUSY, LIBIOMMUFD_REASON_IN_USE,
				       "devices are attached to it; detach them first");
	}
	/* Containers that were made for it but are not in use may outlive it. */
	base->owner = NULL;
	type1_ioas_put(ioas);
	return 0;
}

/* ---- Map, copy, unmap ---- */

static int explain_type1_map(const struct type1_ioas *ioas, struct op *op, int error,
			     const struct dma *dma)
{
	/* The address was free by our record, so the container is out of entries, not of addresses. */
	if (error == -ENOSPC && ioas->base.borrowed)
		return explain_attach(ioas->base.ctx, op, error, &ioas->base);
	if (error == -ENOSPC) {
		op_fail(op, error, LIBIOMMUFD_REASON_ENTRY_LIMIT,
			"the container holds %zu mappings and takes no more; raise the parameter "
			"dma_entry_limit of vfio_iommu_type1 and bind the devices anew, or map in "
			"larger pieces",
			ioas->shadow.count);
		op_limit(op, ioas->shadow.count + 1, ioas->shadow.count);
		return error;
	}
	if (error == -ENOMEM) {
		/* Each container counts the same memory anew. */
		const struct type1_container *container = NULL;
		uint64_t bytes = 0;
		while ((container = type1_next_in_use(ioas, container)))
			bytes += dma->length;
		return explain_memory(ioas->base.ctx, op, bytes);
	}
	return explain_map(ioas->base.ctx, op, error, dma);
}

/* Into the record and every attached container, or none. Needs the lock. */
static int add_mapping(struct type1_ioas *ioas, struct op *op, const struct dma *dma,
		       const struct mapping *mapping)
{
	const struct type1_container *container = NULL, *undo = NULL;

	int r = shadow_insert(&ioas->shadow, mapping);
	if (r == -ENOMEM)
		return op_fail(op, r, LIBIOMMUFD_REASON_MEMORY, "no memory");
	if (r < 0)
		return explain_map(ioas->base.ctx, op, r, dma);
	while (r == 0 && (container = type1_next_in_use(ioas, container)))
		r = type1_map_into(ioas, container, mapping);
	if (r == 0)
		return 0;
	bool kept = false;
	while ((undo = type1_next_in_use(ioas, undo)) != container)
		if (type1_unmap_from(ioas, undo, mapping->iova, mapping_length(mapping)) < 0)
			kept = true;
	/* What a device may reach is in the record, so that it can be found and unmapped. */
	if (kept)
		return op_fail(op, r, LIBIOMMUFD_REASON_RESTORE_FAILED,
			       "some devices can have 0x%" PRIx64 "-0x%" PRIx64
			       ", others cannot (%s), and it cannot be taken back: it is mapped, "
			       "though not for all; unmap it",
			       mapping->iova, mapping->last, strerrordesc_np(-r));
	shadow_remove(&ioas->shadow, shadow_find(&ioas->shadow, mapping->iova, mapping->iova));
	return explain_type1_map(ioas, op, r, dma);
}

int type1_map(struct backend_ioas *base, struct op *op, struct dma *dma)
{
	struct type1_ioas *ioas = (struct type1_ioas *)base;

	pthread_mutex_lock(&ioas->lock);
	int r;
	for (;;) {
		r = type1_place(ioas, op, dma, dma->va);
		const struct mapping mapping = {
			.iova = dma->iova,
			.last = dma->iova + dma->length - 1,
			.va = dma->va,
			.access = dma->access,
			.writable = dma->access & LIBIOMMUFD_WRITE,
		};
		if (r == 0)
			r = add_mapping(ioas, op, dma, &mapping);
		/* Who was given the container's file maps into it, too: look behind that. */
		if (r != -EEXIST || op->reason == LIBIOMMUFD_REASON_RESTORE_FAILED || dma->fixed ||
		    dma->iova + dma->length < dma->iova)
			break;
		op_forgive(op);
		dma->iova += dma->length;
	}
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

/* Is all of it mapped, and may a copy of all of it be writable? Needs the lock. */
static int check_source(struct type1_ioas *src, struct op *op, const struct dma *dma,
			bool *ret_writable)
{
	uint64_t next = dma->va, last = dma->va + dma->length - 1;
	bool writable = true;

	for (;;) {
		const struct mapping *m = shadow_find(&src->shadow, next, next);
		if (!m)
			return explain_map(src->base.ctx, op, -ENOENT, dma);
		writable = writable && m->writable;
		if (m->last >= last)
			break;
		next = m->last + 1;
	}
	*ret_writable = writable;
	return 0;
}

void type1_lock_two(struct type1_ioas *a, struct type1_ioas *b)
{
	struct type1_ioas *first = a < b ? a : b, *second = a < b ? b : a;

	if (first && first != second)
		pthread_mutex_lock(&first->lock);
	if (second)
		pthread_mutex_lock(&second->lock);
}

void type1_unlock_two(struct type1_ioas *a, struct type1_ioas *b)
{
	if (a)
		pthread_mutex_unlock(&a->lock);
	if (b && a != b)
		pthread_mutex_unlock(&b->lock);
}

/* From one mapping to where one ends. It is gone from the containers first. Needs the lock. */
static int remove_range(struct type1_ioas *ioas, struct op *op, const struct mapping *from,
			uint64_t last, uint64_t *ret_unmapped)
{
	struct shadow *shadow = &ioas->shadow;
	uint64_t first = from->iova, bytes = 0;
	const struct mapping *m;

	const struct type1_container *container = NULL, *undo = NULL;
	bool torn = false;
	int r = 0;
	while (r == 0 && (container = type1_next_in_use(ioas, container)))
		r = type1_unmap_span(ioas, container, first, last, &torn);
	if (r < 0) {
		/* Where it is gone already, bring it back: the record stays true. */
		while ((undo = type1_next_in_use(ioas, undo)) != container)
			for (m = shadow_find(shadow, first, last); m && m->last <= last;
			     m = shadow_next(shadow, m))
				if (type1_map_into(ioas, undo, m) < 0)
					torn = true;
		if (torn)
			return op_fail(
				op, r, LIBIOMMUFD_REASON_RESTORE_FAILED,
				"what is mapped in 0x%" PRIx64 "-0x%" PRIx64
				" cannot be unmapped for all devices (%s), and for some it is "
				"gone and cannot be mapped again: some DMA there faults; unmap "
				"it again",
				first, last, strerrordesc_np(-r));
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL, "the kernel answers %s",
			       strerrordesc_np(-r));
	}
	for (m = from; m;) {
		bool more = m->last < last;
		bytes += mapping_length(m);
		shadow_remove(shadow, m);
		m = more ? shadow_find(shadow, first, last) : NULL;
	}
	*ret_unmapped = bytes;
	return 0;
}

int type1_copy(struct backend_ioas *dst_base, struct backend_ioas *src_base, struct op *op,
	       struct dma *dma)
{
	struct type1_ioas *dst = (struct type1_ioas *)dst_base,
			  *src = (struct type1_ioas *)src_base;
	uint64_t done = 0, ignored;
	const struct mapping *from;
	bool writable = false;
	struct op undo;

	type1_lock_two(dst, src);
	/* In iommufd's order. */
	int r = check_source(src, op, dma, &writable);
	if (r == 0) {
		from = shadow_find(&src->shadow, dma->va, dma->va);
		r = type1_place(dst, op, dma, from->va + (dma->va - from->iova));
	}
	/* Before the first piece is reachable. */
	if (r == 0 && shadow_find(&dst->shadow, dma->iova, dma->iova + dma->length - 1))
		r = explain_map(dst->base.ctx, op, -EEXIST, dma);
	if (r == 0 && dma->access & LIBIOMMUFD_WRITE && !writable)
		r = explain_map(dst->base.ctx, op, -EPERM, dma);
	/* One piece for each mapping of the source, since their memory need not be contiguous. */
	while (r == 0 && done < dma->length) {
		from = shadow_find(&src->shadow, dma->va + done, dma->va + done);
		uint64_t skip = dma->va + done - from->iova;
		uint64_t length = mapping_length(from) - skip;
		if (length > dma->length - done)
			length = dma->length - done;
		const struct mapping mapping = {
			.iova = dma->iova + done,
			.last = dma->iova + done + length - 1,
			.va = from->va + skip,
			.access = dma->access,
			.writable = from->writable,
		};
		r = add_mapping(dst, op, dma, &mapping);
		if (r == 0)
			done += length;
	}
	op_begin(&undo, op->name, op->subject, NULL);
	if (r < 0 && done &&
	    remove_range(dst, &undo, shadow_find(&dst->shadow, dma->iova, dma->iova),
			 dma->iova + done - 1, &ignored) < 0)
		op_fail(op, r, LIBIOMMUFD_REASON_RESTORE_FAILED,
			"only a part could be copied (%s), and it cannot be unmapped again: "
			"0x%" PRIx64 "-0x%" PRIx64 " stays mapped; unmap it",
			strerrordesc_np(-r), dma->iova, dma->iova + done - 1);
	type1_unlock_two(dst, src);
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
	const struct mapping *first = shadow_find(&ioas->shadow, iova, last), *end = first;
	if (first && first->last < last)
		end = shadow_find_last(&ioas->shadow, iova, last);
	if (!first && all)
		*ret_unmapped = 0;
	else if (!first || first->iova < iova || end->last > last)
		r = op_fail(op, -ENOENT, LIBIOMMUFD_REASON_NOT_MAPPED,
			    "nothing is mapped in 0x%" PRIx64 "-0x%" PRIx64 ", or the range cuts a "
			    "mapping; unmap whole mappings",
			    iova, last);
	else
		r = remove_range(ioas, op, first, end->last, ret_unmapped);
	pthread_mutex_unlock(&ioas->lock);
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
	const struct libiommufd_range *from = ioas->ranges ? ioas->ranges : &everything;
	size_t count = ioas->ranges ? ioas->range_count : 1;
	const struct type1_container *container = NULL;
	while ((container = type1_next_in_use(ioas, container))) {
		uint64_t smallest = container->info.page_sizes & -container->info.page_sizes;
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
