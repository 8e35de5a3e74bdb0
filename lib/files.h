/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our own mappings of files, where the kernel maps none: an address space keeps them while devices do. */
#ifndef LIBIOMMUFD_FILES_H
#define LIBIOMMUFD_FILES_H

#include "backend/backend.h"

struct file_map;

struct file_set {
	pthread_mutex_t lock;
	struct file_map *maps;
	atomic_uint files;   /* records, and those that are about to be made */
	atomic_uint without; /* calls that go on without the lock, as there were no files */
	pthread_cond_t none_without;
};

void file_set_init(struct file_set *set);
/* Drops all. Nobody else uses the set now. */
void file_set_fini(struct file_set *set, const struct sys *sys);

/* The slow half of file_set_end(). */
void file_set_wake(struct file_set *set);

/*
 * May a call that unmaps or copies do without the lock, since no file is mapped? Then file_set_end() comes
 * behind it. Whoever maps the first file waits for it, so that no call takes away what has a record without
 * the record. The order of the two counters is what makes one of them see the other.
 */
static inline bool file_set_begin_without(struct file_set *set)
{
	atomic_fetch_add(&set->without, 1);
	return __builtin_expect(!atomic_load(&set->files), 1);
}

static inline void file_set_end(struct file_set *set)
{
	if (atomic_fetch_sub(&set->without, 1) == 1 &&
	    __builtin_expect(atomic_load(&set->files), 0))
		file_set_wake(set);
}

/* Map the file here, and that memory for devices. dma->va is the offset in the file and stays it. */
int file_set_map(struct file_set *set, const struct sys *sys, struct op *op,
		 struct backend_ioas *ioas, int fd, struct dma *dma);

/* What needs the lock. Copy addresses that may lie in what was mapped here: the copy keeps the memory too. */
int file_set_copy(struct file_set *to, struct file_set *from, struct op *op,
		  struct backend_ioas *dst, struct backend_ioas *src, struct dma *dma);

/* Unmap for devices, and what was mapped here for it. */
int file_set_unmap(struct file_set *set, const struct sys *sys, struct op *op,
		   struct backend_ioas *ioas, uint64_t iova, uint64_t length,
		   uint64_t *ret_unmapped);

#endif
