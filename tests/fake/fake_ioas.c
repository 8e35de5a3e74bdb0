/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what the fake's address spaces hold: mapping, copying, unmapping, and the choice of addresses. */
#include "fake_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "uapi/iommufd.h"

static void free_area(struct fake *fake, struct fake_object *ioas, struct fake_area *area)
{
	if (fake_domains(ioas))
		fake_unpin(fake, area->pages);
	fake_pages_put(fake, area->pages);
	free(area);
}

void fake_ioas_empty(struct fake *fake, struct fake_object *ioas)
{
	for (struct fake_area *area; (area = ioas->areas);) {
		ioas->areas = area->next;
		free_area(fake, ioas, area);
	}
	fake_span_free(&ioas->allowed);
	fake_span_free(&ioas->reserved);
}

/* ---- Addresses ---- */

static bool fits(const struct fake_object *ioas, uint64_t first, uint64_t window_last,
		 uint64_t length, uint64_t alignment, uint64_t *ret_iova)
{
	for (;;) {
		if (first > UINT64_MAX - (alignment - 1))
			return false;
		first = (first + alignment - 1) & ~(alignment - 1);
		if (first > window_last || window_last - first < length - 1)
			return false;

		uint64_t last = first + length - 1, next = 0;
		const struct fake_area *area = fake_area_find(ioas->areas, first, last);
		if (area)
			next = area->last;
		for (const struct fake_span *s = ioas->reserved; !area && s; s = s->next)
			if (s->first <= last && s->last >= first)
				next = s->last;
		if (!next) {
			*ret_iova = first;
			return true;
		}
		if (next == UINT64_MAX)
			return false;
		first = next + 1;
	}
}

static int pick(const struct fake_object *ioas, uint64_t uptr, uint64_t length, uint64_t *ret_iova)
{
	uint64_t alignment = 1, limit = uptr ? uptr & -uptr : 2 << 20;

	if (!length || length >= UINT64_MAX / 2)
		return -EOVERFLOW;
	while (alignment < length && alignment < 2 << 20)
		alignment <<= 1;
	if (alignment > limit)
		alignment = limit;
	if (alignment < ioas->alignment)
		return -EINVAL;
	if (!ioas->allowed)
		return fits(ioas, FAKE_PAGE, UINT64_MAX - FAKE_PAGE, length, alignment, ret_iova)
			       ? 0
			       : -ENOSPC;
	for (const struct fake_span *s = ioas->allowed; s; s = s->next) {
		uint64_t first = s->first < FAKE_PAGE ? FAKE_PAGE : s->first;
		if (first <= s->last && fits(ioas, first, s->last, length, alignment, ret_iova))
			return 0;
	}
	return -ENOSPC;
}

static int check_iova(const struct fake_object *ioas, uint64_t iova, uint64_t length)
{
	uint64_t last = iova + length - 1;

	if (iova & (ioas->alignment - 1))
		return -EINVAL;
	if (last < iova)
		return -EOVERFLOW;
	if (fake_span_hit(ioas->reserved, iova, last))
		return -EINVAL;
	return fake_area_find(ioas->areas, iova, last) ? -EEXIST : 0;
}

/* ---- Map ---- */

/* A piece of memory to map. */
struct piece {
	struct piece *next;
	struct fake_pages *pages;
	uint64_t start, length;
};

static void free_pieces(struct fake *fake, struct piece *piece)
{
	for (struct piece *next; piece; piece = next) {
		next = piece->next;
		fake_pages_put(fake, piece->pages);
		free(piece);
	}
}

/* All pieces one after the other at *ret_iova, or none. Takes over nothing. */
static int map_pieces(struct fake *fake, struct fake_object *ioas, const struct piece *pieces,
		      uint64_t length, uint32_t flags, uapi_u64 *ret_iova)
{
	const struct piece *p, *undo;
	uint64_t iova = *ret_iova;
	int r;

	if (!length || length & (ioas->alignment - 1))
		return -EINVAL;
	if (flags & IOMMU_IOAS_MAP_FIXED_IOVA)
		r = check_iova(ioas, iova, length);
	else
		r = pick(ioas, pieces->pages->va + pieces->start, length, &iova);
	for (p = pieces; r == 0 && p; p = p->next) {
		if (flags & IOMMU_IOAS_MAP_WRITEABLE && !p->pages->writable)
			r = -EPERM;
		else if (p->start & (ioas->alignment - 1))
			r = -EINVAL;
	}
	if (r < 0)
		return r;
	for (p = fake_domains(ioas) ? pieces : NULL; p; p = p->next) {
		r = fake_pin(fake, p->pages);
		if (r == 0)
			continue;
		for (undo = pieces; undo != p; undo = undo->next)
			fake_unpin(fake, undo->pages);
		return r;
	}
	*ret_iova = iova;
	for (p = pieces; p; p = p->next) {
		struct fake_area *area = fake_alloc(sizeof(*area));
		area->first = iova;
		area->last = iova + p->length - 1;
		area->access = flags & (IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE);
		area->pages = p->pages;
		area->start = p->start;
		p->pages->refs++;
		fake_area_insert(&ioas->areas, area);
		iova += p->length;
	}
	return 0;
}

static int check_map(const struct fake_object *ioas, uint32_t flags, uint64_t iova, uint64_t length)
{
	const uint32_t access = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE;

	if (flags & ~(access | IOMMU_IOAS_MAP_FIXED_IOVA))
		return -EOPNOTSUPP;
	if (iova == UINT64_MAX || length == UINT64_MAX)
		return -EOVERFLOW;
	if (!(flags & access))
		return -EINVAL;
	return ioas && ioas->kind == OBJECT_IOAS ? 0 : -ENOENT;
}

/* va is the offset where file is given. */
static int map(struct fake *fake, struct fake_object *ioas, uint32_t flags, uint64_t va,
	       uint64_t length, struct fake_file *file, uapi_u64 *iova)
{
	int r = check_map(ioas, flags, *iova, length);

	if (r < 0)
		return r;
	if (va + length < va)
		return -EOVERFLOW;
	struct fake_pages *pages = fake_alloc(sizeof(*pages));
	struct piece piece = {.pages = pages, .length = length};
	pages->refs = 1;
	pages->va = va & ~(FAKE_PAGE - 1);
	pages->length = length + (va - pages->va);
	pages->writable = flags & IOMMU_IOAS_MAP_WRITEABLE;
	piece.start = va - pages->va;
	if (file) {
		pages->view = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, file->memory,
				   (off_t)va);
		if (pages->view == MAP_FAILED) {
			free(pages);
			return -EINVAL;
		}
		pages->va = (uintptr_t)pages->view;
		pages->file = file;
		file->refs++;
	}
	r = map_pieces(fake, ioas, &piece, length, flags, iova);
	fake_pages_put(fake, pages);
	return r;
}

static int map_file(struct fake *fake, struct fake_object *ioas, struct iommu_ioas_map_file *cmd)
{
	struct fake_file *file = fake_lookup(fake, cmd->fd);

	if (!file)
		return -EBADF;
	if (file->kind != FILE_MEMORY || !file->sealable)
		return -EINVAL;
	return map(fake, ioas, cmd->flags, cmd->start, cmd->length, file, &cmd->iova);
}

static int copy(struct fake *fake, struct fake_object *dst, struct fake_object *src,
		struct iommu_ioas_copy *cmd)
{
	uint64_t next = cmd->src_iova, last = cmd->src_iova + cmd->length - 1;
	struct piece *pieces = NULL, **end = &pieces;

	int r = check_map(src, cmd->flags, cmd->dst_iova, cmd->length);
	if (r < 0)
		return r;
	if (cmd->src_iova == UINT64_MAX)
		return -EOVERFLOW;
	if (!cmd->length)
		return -EINVAL;
	if (last < next)
		return -EOVERFLOW;
	for (bool done = false; r == 0 && !done;) {
		struct fake_area *area = fake_area_find(src->areas, next, next);
		if (!area) {
			r = -ENOENT;
			break;
		}
		struct piece *piece = fake_alloc(sizeof(*piece));
		done = area->last >= last;
		piece->pages = area->pages;
		piece->start = area->start + (next - area->first);
		piece->length = (done ? last : area->last) - next + 1;
		area->pages->refs++;
		*end = piece;
		end = &piece->next;
		next = area->last + 1;
	}
	if (r == 0 && (!dst || dst->kind != OBJECT_IOAS))
		r = -ENOENT;
	if (r == 0)
		r = map_pieces(fake, dst, pieces, cmd->length, cmd->flags, &cmd->dst_iova);
	free_pieces(fake, pieces);
	return r;
}

/* ---- Unmap ---- */

static int unmap(struct fake *fake, struct fake_object *ioas, struct iommu_ioas_unmap *cmd)
{
	bool all = cmd->iova == 0 && cmd->length == UINT64_MAX;
	uint64_t first = cmd->iova, last = all ? UINT64_MAX : first + cmd->length - 1, bytes = 0;

	if (!all && (cmd->iova == UINT64_MAX || cmd->length == UINT64_MAX))
		return -EOVERFLOW;
	if (!cmd->length)
		return -EINVAL;
	if (last < first)
		return -EOVERFLOW;
	for (;;) {
		struct fake_area **link = &ioas->areas, *area;
		while (*link && (*link)->last < first)
			link = &(*link)->next;
		area = *link;
		if (!area || area->first > last)
			break;
		/* What is gone by now stays gone. */
		if (area->first < first || area->last > last)
			return -ENOENT;
		*link = area->next;
		bytes += area->last - area->first + 1;
		free_area(fake, ioas, area);
	}
	if (!bytes && !all)
		return -ENOENT;
	cmd->length = bytes;
	return 0;
}

/* ---- Ranges ---- */

static int ranges(const struct fake_object *ioas, struct iommu_ioas_iova_ranges *cmd)
{
	struct iommu_iova_range *to = (void *)(uintptr_t)cmd->allowed_iovas;
	uint32_t room = cmd->num_iovas, count = 0;
	const struct fake_span *s = ioas->reserved;

	for (uint64_t first = 0;;) {
		while (s && s->first <= first) {
			if (s->last >= first)
				first = s->last + 1;
			if (s->last == UINT64_MAX)
				goto out;
			s = s->next;
		}
		if (count < room)
			to[count] = (struct iommu_iova_range){first, s ? s->first - 1 : UINT64_MAX};
		count++;
		if (!s)
			break;
		first = s->first;
	}
out:
	cmd->num_iovas = count;
	cmd->out_iova_alignment = ioas->alignment;
	return count > room ? -EMSGSIZE : 0;
}

static int allow(struct fake_object *ioas, const struct iommu_ioas_allow_iovas *cmd)
{
	const struct iommu_iova_range *from = (void *)(uintptr_t)cmd->allowed_iovas;
	struct fake_span *list = NULL;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < cmd->num_iovas; i++) {
		if (from[i].start >= from[i].last ||
		    fake_span_hit(list, from[i].start, from[i].last))
			r = -EINVAL;
		else
			fake_span_add(&list, from[i].start, from[i].last, NULL);
	}
	for (const struct fake_span *s = list; r == 0 && s; s = s->next)
		if (fake_span_hit(ioas->reserved, s->first, s->last))
			r = -EADDRINUSE;
	if (r == 0) {
		struct fake_span *old = ioas->allowed;
		ioas->allowed = list;
		list = old;
	}
	fake_span_free(&list);
	return r;
}

int fake_ioas_ioctl(struct fake *fake, struct fake_iommufd *iommufd, unsigned long request,
		    void *arg)
{
	struct iommu_ioas_map *one = arg;
	struct iommu_ioas_map_file *file = arg;
	struct iommu_ioas_copy *pair = arg;
	struct fake_object *ioas;
	/* Where an ioctl has the id of its address space: the second word, but for the mapping ones. */
	uint32_t id = request == IOMMU_IOAS_MAP        ? one->ioas_id
		      : request == IOMMU_IOAS_MAP_FILE ? file->ioas_id
						       : ((uint32_t *)arg)[1];

	switch (request) {
	case IOMMU_IOAS_ALLOC:
		if (((struct iommu_ioas_alloc *)arg)->flags)
			return -EOPNOTSUPP;
		((struct iommu_ioas_alloc *)arg)->out_ioas_id =
			fake_object_new(iommufd, OBJECT_IOAS)->id;
		return 0;
	case IOMMU_IOAS_COPY:
		return copy(fake, fake_object_find(iommufd, pair->dst_ioas_id),
			    fake_object_find(iommufd, pair->src_ioas_id), pair);
	}
	ioas = fake_object_find(iommufd, id);
	if (!ioas || ioas->kind != OBJECT_IOAS)
		return -ENOENT;
	switch (request) {
	case IOMMU_IOAS_MAP:
		return map(fake, ioas, one->flags, one->user_va, one->length, NULL, &one->iova);
	case IOMMU_IOAS_MAP_FILE:
		return map_file(fake, ioas, file);
	case IOMMU_IOAS_UNMAP:
		return unmap(fake, ioas, arg);
	case IOMMU_IOAS_IOVA_RANGES:
		return ranges(ioas, arg);
	case IOMMU_IOAS_ALLOW_IOVAS:
		return allow(ioas, arg);
	default:
		return -ENOTTY;
	}
}
