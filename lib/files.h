/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our own mappings of files, where the kernel maps none: an address space keeps them while devices do. */
#ifndef LIBIOMMUFD_FILES_H
#define LIBIOMMUFD_FILES_H

#include "backend/backend.h"

struct file_map;

struct file_set {
	pthread_mutex_t lock;
	struct file_map *maps;
	atomic_bool any;
};

void file_set_init(struct file_set *set);
/* Drops all. Nobody else uses the set now. */
void file_set_fini(struct file_set *set, const struct sys *sys);

static inline bool file_set_any(struct file_set *set)
{
	return atomic_load_explicit(&set->any, memory_order_acquire);
}

/* Map the file here, and that memory for devices. dma->va is the offset in the file and stays it. */
int file_set_map(struct file_set *set, const struct sys *sys, struct op *op,
		 struct backend_ioas *ioas, int fd, struct dma *dma);

/* Copy addresses that may lie in what was mapped here: the copy keeps the memory too. */
int file_set_copy(struct file_set *to, struct file_set *from, struct op *op,
		  struct backend_ioas *dst, struct backend_ioas *src, struct dma *dma);

/* Unmap for devices, and what was mapped here for it. */
int file_set_unmap(struct file_set *set, const struct sys *sys, struct op *op,
		   struct backend_ioas *ioas, uint64_t iova, uint64_t length,
		   uint64_t *ret_unmapped);

#endif
