/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns address spaces on /dev/iommu: one ioctl for one call. The kernel keeps all state but one: with
 * nothing attached it would pick addresses that devices cannot have, so such picks are led by a list.
 */
#include "native.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "uapi/iommufd.h"

_Static_assert(sizeof(struct libiommufd_range) == sizeof(struct iommu_iova_range),
	       "our array of ranges is handed to the kernel as it is");

int native_ioas_create(struct backend_ctx *ctx, struct op *op, struct backend_ioas **ret_ioas)
{
	struct iommu_ioas_alloc cmd = {.size = sizeof(cmd)};
	struct native_ioas *ioas = calloc(1, sizeof(*ioas));

	if (!ioas)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	int r = native_ioctl(ctx, IOMMU_IOAS_ALLOC, &cmd);
	if (r < 0) {
		free(ioas);
		return op_fail(op, r,
			       r == -ENOMEM ? LIBIOMMUFD_REASON_MEMORY : LIBIOMMUFD_REASON_KERNEL,
			       "the kernel refuses a new address space: %s", strerrordesc_np(-r));
	}
	ioas->base.ctx = ctx;
	ioas->base.id = cmd.out_ioas_id;
	pthread_mutex_init(&ioas->pick_lock, NULL);
	*ret_ioas = &ioas->base;
	return 0;
}

int native_ioas_open_id(struct backend_ctx *ctx, struct op *op, uint32_t id,
			struct backend_ioas **ret_ioas)
{
	struct iommu_ioas_iova_ranges cmd = {.size = sizeof(cmd), .ioas_id = id};

	/* Asks for no range, and is told that there would be some. */
	int r = native_ioctl(ctx, IOMMU_IOAS_IOVA_RANGES, &cmd);
	if (r < 0 && r != -EMSGSIZE)
		return op_fail(op, r,
			       r == -ENOENT ? LIBIOMMUFD_REASON_ARGUMENT : LIBIOMMUFD_REASON_KERNEL,
			       "no address space has the id %u", id);
	struct native_ioas *ioas = calloc(1, sizeof(*ioas));
	if (!ioas)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	ioas->base.ctx = ctx;
	ioas->base.id = id;
	ioas->base.borrowed = true;
	/* Its list of allowed addresses is its owner's: never to be touched for a pick. */
	atomic_init(&ioas->has_allowed, true);
	pthread_mutex_init(&ioas->pick_lock, NULL);
	*ret_ioas = &ioas->base;
	return 0;
}

int native_ioas_destroy(struct backend_ioas *base, struct op *op, bool disown)
{
	struct native_ioas *ioas = (struct native_ioas *)base;
	struct iommu_destroy cmd = {.size = sizeof(cmd), .id = base->id};

	/* Our record, too: a group of this ctx still points here, whatever others did to the device. */
	int r = disown                         ? 0
		: atomic_load(&ioas->attached) ? -EBUSY
		: base->borrowed               ? 0
					       : native_ioctl(base->ctx, IOMMU_DESTROY, &cmd);
	if (r == -EBUSY)
		return op_fail(op, r, LIBIOMMUFD_REASON_IN_USE,
			       "devices are attached to it, or page tables made from it exist; "
			       "detach "
			       "and destroy those first");
	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL, "the kernel answers %s",
			       strerrordesc_np(-r));
	pthread_mutex_destroy(&ioas->pick_lock);
	free(ioas);
	return 0;
}

static int set_allowed(struct backend_ioas *ioas, const struct libiommufd_range *ranges,
		       uint32_t count)
{
	struct iommu_ioas_allow_iovas cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas->id,
		.num_iovas = count,
		.allowed_iovas = (uintptr_t)ranges,
	};
	return native_ioctl(ioas->ctx, IOMMU_IOAS_ALLOW_IOVAS, &cmd);
}

/* Needs pick_lock. */
static int clear_stale(struct native_ioas *ioas, struct op *op)
{
	if (!ioas->allow_stale)
		return 0;
	int r = set_allowed(&ioas->base, NULL, 0);
	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL,
			       "the kernel's list of allowed addresses cannot be reset");
	ioas->allow_stale = false;
	return 0;
}

/* A pick with nothing attached. A failure leaves the address space as it was. Needs pick_lock. */
static int pick_safely(struct native_ioas *ioas, struct op *op, unsigned long request, void *cmd,
		       const uint64_t *iova, uint64_t length)
{
	int r = clear_stale(ioas, op);
	if (r < 0)
		return r;
	r = set_allowed(&ioas->base, safe_ranges, SAFE_RANGES);
	/* The ranges are narrow already: something was attached by id or by another user of it. */
	if (r == -EADDRINUSE)
		return native_ioctl(ioas->base.ctx, request, cmd);
	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL,
			       "the kernel's list of allowed addresses cannot be set: %s",
			       strerrordesc_np(-r));

	r = native_ioctl(ioas->base.ctx, request, cmd);
	int back = set_allowed(&ioas->base, NULL, 0);
	if (back < 0) {
		ioas->allow_stale = true;
		if (r == 0) {
			struct iommu_ioas_unmap undo = {
				.size = sizeof(undo),
				.ioas_id = ioas->base.id,
				.iova = *iova,
				.length = length,
			};
			native_ioctl(ioas->base.ctx, IOMMU_IOAS_UNMAP, &undo);
			r = back;
		}
	}
	return r;
}

static COLD int pick_alone(struct native_ioas *ioas, struct op *op, unsigned long request,
			   void *cmd, const uint64_t *iova, uint64_t length)
{
	pthread_mutex_lock(&ioas->pick_lock);
	int r = pick_safely(ioas, op, request, cmd, iova, length);
	pthread_mutex_unlock(&ioas->pick_lock);
	return r;
}

/* One ioctl that maps; iova points into its struct, cmd. */
static HOT int map_with(struct native_ioas *ioas, struct op *op, unsigned long request, void *cmd,
			struct dma *dma, const uint64_t *iova)
{
	int r = dma->fixed || atomic_load_explicit(&ioas->attached, memory_order_relaxed) ||
				atomic_load_explicit(&ioas->has_allowed, memory_order_relaxed)
			? native_ioctl(ioas->base.ctx, request, cmd)
			: pick_alone(ioas, op, request, cmd, iova, dma->length);
	if (r == 0)
		dma->iova = *iova;
	return r;
}

static uint32_t map_flags(const struct dma *dma)
{
	return (dma->fixed ? IOMMU_IOAS_MAP_FIXED_IOVA : 0) |
	       (dma->access & LIBIOMMUFD_READ ? IOMMU_IOAS_MAP_READABLE : 0) |
	       (dma->access & LIBIOMMUFD_WRITE ? IOMMU_IOAS_MAP_WRITEABLE : 0);
}

static HOT int explain_unless_done(const struct backend_ctx *ctx, struct op *op, int r,
				   const struct dma *dma)
{
	return r < 0 && op->error != r ? explain_map(ctx, op, r, dma) : r;
}

int native_map(struct backend_ioas *base, struct op *op, struct dma *dma)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = map_flags(dma),
		.ioas_id = base->id,
		.user_va = dma->va,
		.length = dma->length,
		.iova = dma->iova,
	};

	int r = map_with((struct native_ioas *)base, op, IOMMU_IOAS_MAP, &cmd, dma, &cmd.iova);
	return explain_unless_done(base->ctx, op, r, dma);
}

int native_map_file(struct backend_ioas *base, struct op *op, int fd, struct dma *dma)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = map_flags(dma),
		.ioas_id = base->id,
		.fd = fd,
		.start = dma->va,
		.length = dma->length,
		.iova = dma->iova,
	};
	struct native_ctx *ctx = (struct native_ctx *)base->ctx;

	if (atomic_load_explicit(&ctx->no_map_file, memory_order_relaxed))
		return -ENOTTY;
	int r = map_with((struct native_ioas *)base, op, IOMMU_IOAS_MAP_FILE, &cmd, dma, &cmd.iova);
	if (r == -ENOTTY)
		atomic_store_explicit(&ctx->no_map_file, true, memory_order_relaxed);
	if (r == -EACCES)
		return op_fail(op, r, LIBIOMMUFD_REASON_BAD_MEMORY,
			       "the file is not open for writing, or not for reading, and the "
			       "device may do so");
	return explain_unless_done(base->ctx, op, r, dma);
}

int native_copy(struct backend_ioas *dst, struct backend_ioas *src, struct op *op, struct dma *dma)
{
	struct iommu_ioas_copy cmd = {
		.size = sizeof(cmd),
		.flags = map_flags(dma),
		.dst_ioas_id = dst->id,
		.src_ioas_id = src->id,
		.length = dma->length,
		.dst_iova = dma->iova,
		.src_iova = dma->va,
	};

	int r = map_with((struct native_ioas *)dst, op, IOMMU_IOAS_COPY, &cmd, dma, &cmd.dst_iova);
	return explain_unless_done(dst->ctx, op, r, dma);
}

static COLD int not_unmapped(struct op *op, int error, uint64_t iova, uint64_t length,
			     uint64_t *ret_unmapped)
{
	/* Some kernels say so of an empty address space too. */
	if (error == -ENOENT && iova == 0 && length == UINT64_MAX) {
		*ret_unmapped = 0;
		return 0;
	}
	if (error == -ENOENT)
		return op_fail(op, error, LIBIOMMUFD_REASON_NOT_MAPPED,
			       "nothing is mapped in 0x%" PRIx64 "-0x%" PRIx64
			       ", or the range cuts a mapping; unmap whole mappings",
			       iova, iova + length - 1);
	return op_fail(op, error, LIBIOMMUFD_REASON_KERNEL, "the kernel answers %s",
		       strerrordesc_np(-error));
}

int native_unmap(struct backend_ioas *ioas, struct op *op, uint64_t iova, uint64_t length,
		 uint64_t *ret_unmapped)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas->id,
		.iova = iova,
		.length = length,
	};

	int r = native_ioctl(ioas->ctx, IOMMU_IOAS_UNMAP, &cmd);
	if (r < 0)
		return not_unmapped(op, r, iova, length, ret_unmapped);
	*ret_unmapped = cmd.length;
	return 0;
}

int native_ranges(struct backend_ioas *ioas, struct op *op, struct libiommufd_range **ret_ranges,
		  size_t *ret_count, uint64_t *ret_alignment)
{
	struct iommu_ioas_iova_ranges cmd = {.size = sizeof(cmd), .ioas_id = ioas->id};
	struct libiommufd_range *ranges = NULL;
	int r;

	/* Another device may be attached between two questions and make the list longer. */
	for (uint32_t room = 16;; room = cmd.num_iovas) {
		void *more = realloc(ranges, room * sizeof(*ranges));
		if (!more) {
			r = -ENOMEM;
			break;
		}
		ranges = more;
		cmd.num_iovas = room;
		cmd.allowed_iovas = (uintptr_t)ranges;
		r = native_ioctl(ioas->ctx, IOMMU_IOAS_IOVA_RANGES, &cmd);
		if (r != -EMSGSIZE || cmd.num_iovas <= room)
			break;
	}
	if (r < 0) {
		free(ranges);
		return op_fail(op, r,
			       r == -ENOMEM ? LIBIOMMUFD_REASON_MEMORY : LIBIOMMUFD_REASON_KERNEL,
			       "the ranges cannot be read: %s", strerrordesc_np(-r));
	}
	*ret_ranges = ranges;
	*ret_count = cmd.num_iovas;
	*ret_alignment = cmd.out_iova_alignment;
	return 0;
}

int native_allow(struct backend_ioas *base, struct op *op, const struct libiommufd_range *ranges,
		 size_t count)
{
	struct native_ioas *ioas = (struct native_ioas *)base;

	pthread_mutex_lock(&ioas->pick_lock);
	int r = set_allowed(base, ranges, (uint32_t)count);
	if (r == 0) {
		ioas->allow_stale = false;
		atomic_store(&ioas->has_allowed, count > 0 || base->borrowed);
	}
	pthread_mutex_unlock(&ioas->pick_lock);
	if (r == -EADDRINUSE)
		return op_fail(op, r, LIBIOMMUFD_REASON_IOVA_CONFLICT,
			       "an attached device cannot use all of these ranges; "
			       "libiommufd_ioas_query_ranges() lists what it can use");
	if (r == -EINVAL)
		return op_fail(op, r, LIBIOMMUFD_REASON_ARGUMENT,
			       "two ranges overlap, or one ends before it starts");
	if (r < 0)
		return op_fail(op, r,
			       r == -ENOMEM ? LIBIOMMUFD_REASON_MEMORY : LIBIOMMUFD_REASON_KERNEL,
			       "the kernel answers %s", strerrordesc_np(-r));
	return 0;
}

static int huge_pages(struct backend_ioas *ioas, struct op *op, uint16_t what, uint64_t *value)
{
	struct iommu_option cmd = {
		.size = sizeof(cmd),
		.option_id = IOMMU_OPTION_HUGE_PAGES,
		.op = what,
		.object_id = ioas->id,
		.val64 = *value,
	};

	int r = native_ioctl(ioas->ctx, IOMMU_OPTION, &cmd);
	if (r == -EINVAL)
		return op_fail(op, r, LIBIOMMUFD_REASON_IN_USE,
			       "a device is attached and memory is mapped; set it before that");
	if (r == -EADDRINUSE)
		return op_fail(op, r, LIBIOMMUFD_REASON_IOVA_CONFLICT,
			       "memory is mapped that depends on it; set it before the first "
			       "mapping");
	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL, "the kernel answers %s",
			       strerrordesc_np(-r));
	*value = cmd.val64;
	return 0;
}

int native_set_huge_pages(struct backend_ioas *ioas, struct op *op, bool enable)
{
	uint64_t value = enable;
	return huge_pages(ioas, op, IOMMU_OPTION_OP_SET, &value);
}

int native_query_huge_pages(struct backend_ioas *ioas, struct op *op, bool *ret_enable)
{
	uint64_t value = 0;
	int r = huge_pages(ioas, op, IOMMU_OPTION_OP_GET, &value);
	if (r == 0)
		*ret_enable = value != 0;
	return r;
}

int native_attach_begin(struct native_ioas *ioas, struct op *op)
{
	pthread_mutex_lock(&ioas->pick_lock);
	int r = clear_stale(ioas, op);
	if (r < 0)
		pthread_mutex_unlock(&ioas->pick_lock);
	return r;
}

void native_attach_end(struct native_ioas *ioas)
{
	pthread_mutex_unlock(&ioas->pick_lock);
}
