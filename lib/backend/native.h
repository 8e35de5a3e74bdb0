/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the two files of the native backend. */
#ifndef LIBIOMMUFD_NATIVE_H
#define LIBIOMMUFD_NATIVE_H

#include "backend.h"

struct native_ctx {
	struct backend_ctx base;
	int fd;                  /* /dev/iommu */
	atomic_bool no_map_file; /* the kernel has said so */
};

static inline int native_ioctl(const struct backend_ctx *ctx, unsigned long request, void *arg)
{
	int fd = ((const struct native_ctx *)ctx)->fd;
	return ctx->sys->ioctl(ctx->sys, fd, request, arg);
}

struct native_ioas {
	struct backend_ioas base;
	/*
	 * Held around a pick with nothing attached, which sets the kernel's allow list for a moment,
	 * and around an attach, which must not meet that list. The kernel serialises attaches to one
	 * address space anyway.
	 */
	pthread_mutex_t pick_lock;
	atomic_uint attached;    /* groups */
	atomic_bool has_allowed; /* the caller has set an allow list */
	bool allow_stale;        /* our list could not be taken back; under pick_lock */
};

int native_ioas_create(struct backend_ctx *ctx, struct op *op, struct backend_ioas **ret_ioas);
int native_ioas_open_id(struct backend_ctx *ctx, struct op *op, uint32_t id,
			struct backend_ioas **ret_ioas);
int native_ioas_destroy(struct backend_ioas *ioas, struct op *op, bool disown);
int native_map(struct backend_ioas *ioas, struct op *op, struct dma *dma);
int native_map_file(struct backend_ioas *ioas, struct op *op, int fd, struct dma *dma);
int native_copy(struct backend_ioas *dst, struct backend_ioas *src, struct op *op, struct dma *dma);
int native_unmap(struct backend_ioas *ioas, struct op *op, uint64_t iova, uint64_t length,
		 uint64_t *ret_unmapped);
int native_ranges(struct backend_ioas *ioas, struct op *op, struct libiommufd_range **ret_ranges,
		  size_t *ret_count, uint64_t *ret_alignment);
int native_allow(struct backend_ioas *ioas, struct op *op, const struct libiommufd_range *ranges,
		 size_t count);
int native_set_huge_pages(struct backend_ioas *ioas, struct op *op, bool enable);
int native_query_huge_pages(struct backend_ioas *ioas, struct op *op, bool *ret_enable);

/* Around an attach: begin may fail, and then end must not be called. */
int native_attach_begin(struct native_ioas *ioas, struct op *op);
void native_attach_end(struct native_ioas *ioas);

#endif
