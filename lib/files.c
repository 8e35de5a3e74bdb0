/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the mappings that the library itself makes of files. Calls sys, and a backend's map and unmap,
 * which go together with ours under one lock: an address has the record that belongs to it.
 */
#include "files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct file_map {
	struct file_map *next;
	uint64_t iova;
	uint64_t length;
	void *va;
};

void file_set_init(struct file_set *set)
{
	pthread_mutex_init(&set->lock, NULL);
	set->maps = NULL;
	atomic_init(&set->any, false);
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
		sys->munmap(sys, file->va, file->length);
		free(file);
	}
	atomic_store(&set->any, set->maps != NULL);
}

void file_set_fini(struct file_set *set, const struct sys *sys)
{
	/* Without the lock: in a forked child, a thread that does not exist may hold it. */
	drop(set, sys, 0, UINT64_MAX);
	pthread_mutex_destroy(&set->lock);
}

int file_set_map(struct file_set *set, const struct sys *sys, struct op *op,
		 struct backend_ioas *ioas, int fd, struct dma *dma)
{
	int prot = (dma->access & LIBIOMMUFD_READ ? PROT_READ : 0) |
		   (dma->access & LIBIOMMUFD_WRITE ? PROT_WRITE : 0);
	struct dma memory = *dma;
	struct file_map *file = calloc(1, sizeof(*file));

	if (!file)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	int r = sys->mmap(sys, NULL, dma->length, prot, MAP_SHARED, fd, dma->va, &file->va);
	if (r < 0) {
		free(file);
		return op_fail(op, r, LIBIOMMUFD_REASON_BAD_MEMORY,
			       "the file cannot be mapped: %s; it must be a regular file or memfd, "
			       "open for reading, and for writing if the device may write",
			       strerrordesc_np(-r));
	}
	/*
	 * Our record is on the list before the address is known to anyone else: from then on another
	 * thread may unmap it.
	 */
	pthread_mutex_lock(&set->lock);
	memory.va = (uintptr_t)file->va;
	r = ioas->ctx->ops->map(ioas, op, &memory);
	if (r == 0) {
		dma->iova = memory.iova;
		file->iova = memory.iova;
		file->length = dma->length;
		file->next = set->maps;
		set->maps = file;
		atomic_store(&set->any, true);
	}
	pthread_mutex_unlock(&set->lock);
	if (r < 0) {
		sys->munmap(sys, file->va, dma->length);
		free(file);
	}
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
