/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the mappings that the library itself makes of files. Calls sys, and a backend's map and unmap,
 * which go together with ours under one lock: an address has the record that belongs to it.
 */
#include "files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Memory of a file. Copies of its addresses share it: they may outlive the first. */
struct file_view {
	atomic_uint refs;
	void *va;
	uint64_t length;
};

/* Where a part of a view is mapped for devices. */
struct file_map {
	struct file_map *next;
	uint64_t iova;
	uint64_t length;
	struct file_view *view;
};

void file_set_init(struct file_set *set)
{
	pthread_mutex_init(&set->lock, NULL);
	pthread_cond_init(&set->none_without, NULL);
	set->maps = NULL;
	atomic_init(&set->files, 0);
	atomic_init(&set->without, 0);
}

/* From here on calls take the lock; those that do not are over. Needs the lock. */
static void begin_file(struct file_set *set)
{
	atomic_fetch_add(&set->files, 1);
	while (atomic_load(&set->without))
		pthread_cond_wait(&set->none_without, &set->lock);
}

void file_set_wake(struct file_set *set)
{
	pthread_mutex_lock(&set->lock);
	pthread_cond_broadcast(&set->none_without);
	pthread_mutex_unlock(&set->lock);
}

static void put_view(struct file_view *view, const struct sys *sys)
{
	if (atomic_fetch_sub(&view->refs, 1) != 1)
		return;
	sys->munmap(sys, view->va, view->length);
	free(view);
}

/* Drop what lies in [iova, last]. Needs the lock. */
static void drop(struct file_set *set, const struct sys *sys, uint64_t iova, uint64_t last)
{
	for (struct file_map **link = &set->maps, *file; (file = *link);) {
		if (file->iova < iova || file->iova + (file->length - 1) > last) {
			link = &file->next;
			continue;
		}
		*link = file->next;
		put_view(file->view, sys);
		free(file);
		atomic_fetch_sub(&set->files, 1);
	}
}

void file_set_fini(struct file_set *set, const struct sys *sys)
{
	/* Without the lock: in a forked child, a thread that does not exist may hold it. */
	drop(set, sys, 0, UINT64_MAX);
	/* The condition is not destroyed, which would wait for such threads. */
	pthread_mutex_destroy(&set->lock);
}

/* What could not be taken back, or not all of it, counts as mapped: devices may reach it. */
static bool is_mapped(const struct op *op, int r)
{
	return r == 0 || (op->error == r && op->reason == LIBIOMMUFD_REASON_RESTORE_FAILED);
}

int file_set_map(struct file_set *set, const struct sys *sys, struct op *op,
		 struct backend_ioas *ioas, int fd, struct dma *dma)
{
	int prot = (dma->access & LIBIOMMUFD_READ ? PROT_READ : 0) |
		   (dma->access & LIBIOMMUFD_WRITE ? PROT_WRITE : 0);
	struct dma memory = *dma;
	struct file_map *file = calloc(1, sizeof(*file));
	struct file_view *view = calloc(1, sizeof(*view));
	int r;

	if (!file || !view) {
		r = op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
		goto free;
	}
	r = sys->mmap(sys, NULL, dma->length, prot, MAP_SHARED, fd, dma->va, &view->va);
	if (r < 0) {
		op_fail(op, r, LIBIOMMUFD_REASON_BAD_MEMORY,
			"the file cannot be mapped: %s; it must be a regular file or memfd, "
			"open for reading, and for writing if the device may write",
			strerrordesc_np(-r));
		goto free;
	}
	view->length = dma->length;
	atomic_init(&view->refs, 1);
	/*
	 * Our record is on the list before the address is known to anyone else: from then on another
	 * thread may unmap it.
	 */
	pthread_mutex_lock(&set->lock);
	begin_file(set);
	memory.va = (uintptr_t)view->va;
	r = ioas->ctx->ops->map(ioas, op, &memory);
	bool mapped = is_mapped(op, r);
	if (mapped) {
		dma->iova = memory.iova;
		file->iova = memory.iova;
		file->length = dma->length;
		file->view = view;
		file->next = set->maps;
		set->maps = file;
	} else {
		atomic_fetch_sub(&set->files, 1);
	}
	pthread_mutex_unlock(&set->lock);
	if (mapped)
		return r;
	sys->munmap(sys, view->va, view->length);
free:
	free(view);
	free(file);
	return r;
}

static void lock_two(struct file_set *a, struct file_set *b)
{
	pthread_mutex_lock(a < b ? &a->lock : &b->lock);
	if (a != b)
		pthread_mutex_lock(a < b ? &b->lock : &a->lock);
}

static void unlock_two(struct file_set *a, struct file_set *b)
{
	pthread_mutex_unlock(&a->lock);
	if (a != b)
		pthread_mutex_unlock(&b->lock);
}

/* Records for what of set lies in [iova, last], at addresses that count from iova. Needs the lock. */
static int list_parts(const struct file_set *set, uint64_t iova, uint64_t last,
		      struct file_map **ret_parts)
{
	for (const struct file_map *file = set->maps; file; file = file->next) {
		uint64_t file_last = file->iova + (file->length - 1);
		if (file->iova > last || file_last < iova)
			continue;
		struct file_map *part = calloc(1, sizeof(*part));
		if (!part)
			return -ENOMEM;
		uint64_t first = file->iova > iova ? file->iova : iova;
		part->iova = first - iova;
		part->length = (file_last < last ? file_last : last) - first + 1;
		part->view = file->view;
		part->next = *ret_parts;
		*ret_parts = part;
	}
	return 0;
}

int file_set_copy(struct file_set *to, struct file_set *from, struct op *op,
		  struct backend_ioas *dst, struct backend_ioas *src, struct dma *dma)
{
	struct file_map *parts = NULL;

	/* Before both are locked, since it may let go of its lock. */
	pthread_mutex_lock(&to->lock);
	begin_file(to);
	pthread_mutex_unlock(&to->lock);
	lock_two(to, from);
	int r = list_parts(from, dma->va, dma->va + (dma->length - 1), &parts);
	if (r < 0)
		op_fail(op, r, LIBIOMMUFD_REASON_MEMORY, "no memory");
	else
		r = dst->ctx->ops->copy(dst, src, op, dma);
	bool mapped = is_mapped(op, r);
	for (struct file_map *part; (part = parts);) {
		parts = part->next;
		if (!mapped) {
			free(part);
			continue;
		}
		part->iova += dma->iova;
		atomic_fetch_add(&part->view->refs, 1);
		part->next = to->maps;
		to->maps = part;
		atomic_fetch_add(&to->files, 1);
	}
	atomic_fetch_sub(&to->files, 1);
	unlock_two(to, from);
	return r;
}

int file_set_unmap(struct file_set *set, const struct sys *sys, struct op *op,
		   struct backend_ioas *ioas, uint64_t iova, uint64_t length,
		   uint64_t *ret_unmapped)
{
	bool all = iova == 0 && length == UINT64_MAX;

	pthread_mutex_lock(&set->lock);
	int r = ioas->ctx->ops->unmap(ioas, op, iova, length, ret_unmapped);
	if (r == 0)
		drop(set, sys, iova, all ? UINT64_MAX : iova + (length - 1));
	pthread_mutex_unlock(&set->lock);
	return r;
}
