/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns I/O address spaces as the caller sees them: arguments are checked here, once for all backends,
 * and it is decided who maps a file. Calls files.c and a backend.
 */
#include "ioas.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctx.h"
#include "files.h"

struct libiommufd_ioas {
	struct libiommufd_ctx *ctx;
	struct backend_ioas *backend;
	struct file_set files;
	uint64_t offset; /* the bits of an address that are within a page */
	char name[24];
};

struct libiommufd_ctx *ioas_ctx(const struct libiommufd_ioas *ioas)
{
	return ioas->ctx;
}

struct backend_ioas *ioas_backend(const struct libiommufd_ioas *ioas)
{
	return ioas->backend;
}

const char *ioas_name(const struct libiommufd_ioas *ioas)
{
	return ioas->name;
}

static void finish_create(struct libiommufd_ioas *ioas, struct libiommufd_ctx *ctx)
{
	ioas->backend->owner = ioas;
	ioas->ctx = libiommufd_ctx_ref(ctx);
	file_set_init(&ioas->files);
	ioas->offset = page_size() - 1;
	if (ioas->backend->id)
		snprintf(ioas->name, sizeof(ioas->name), "ioas %u", ioas->backend->id);
	else
		strcpy(ioas->name, "ioas");
}

EXPORT int libiommufd_ioas_create(struct libiommufd_ctx *ctx,
				  const struct libiommufd_ioas_opts *opts,
				  struct libiommufd_ioas **ret_ioas)
{
	struct libiommufd_ioas_opts known;
	struct op op;

	op_begin(&op, "ioas_create", "", ctx ? ctx_log(ctx) : NULL);
	if (!ctx || !ret_ioas)
		return op_end(&op, op_null(&op, "ctx or ret_ioas"));
	int r = ctx_check_ours(ctx, &op);
	if (r == 0)
		r = op_options(&op, opts, &known, sizeof(known), 0);
	if (r < 0)
		return op_end(&op, r);

	struct libiommufd_ioas *ioas = calloc(1, sizeof(*ioas));
	if (!ioas)
		return op_end(&op, op_fail(&op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory"));
	r = ctx_backend(ctx)->ops->ioas_create(ctx_backend(ctx), &op, &ioas->backend);
	if (r < 0) {
		free(ioas);
		return op_end(&op, r);
	}
	finish_create(ioas, ctx);
	*ret_ioas = ioas;
	return op_end(&op, 0);
}

EXPORT int libiommufd_ioas_open_id(struct libiommufd_ctx *ctx, uint32_t id,
				   struct libiommufd_ioas **ret_ioas)
{
	struct op op;

	op_begin(&op, "ioas_open_id", "", ctx ? ctx_log(ctx) : NULL);
	if (!ctx || !ret_ioas)
		return op_end(&op, op_null(&op, "ctx or ret_ioas"));
	int r = ctx_check_ours(ctx, &op);
	if (r < 0)
		return op_end(&op, r);
	struct libiommufd_ioas *ioas = calloc(1, sizeof(*ioas));
	if (!ioas)
		return op_end(&op, op_fail(&op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory"));
	r = ctx_backend(ctx)->ops->ioas_open_id(ctx_backend(ctx), &op, id, &ioas->backend);
	if (r < 0) {
		free(ioas);
		return op_end(&op, r);
	}
	finish_create(ioas, ctx);
	*ret_ioas = ioas;
	return op_end(&op, 0);
}

EXPORT int libiommufd_ioas_destroy(struct libiommufd_ioas *ioas)
{
	struct op op;

	if (!ioas)
		return 0;
	op_begin(&op, "ioas_destroy", ioas->name, ctx_log(ioas->ctx));
	bool disown = !ctx_is_ours(ioas->ctx);
	int r = ioas->backend->ctx->ops->ioas_destroy(ioas->backend, &op, disown);
	if (r < 0)
		return op_end(&op, r);
	file_set_fini(&ioas->files, ctx_sys(ioas->ctx));
	libiommufd_ctx_unref(ioas->ctx);
	free(ioas);
	return 0;
}

EXPORT uint32_t libiommufd_ioas_get_id(const struct libiommufd_ioas *ioas)
{
	return ioas ? ioas->backend->id : 0;
}

/* ---- Arguments ---- */

static int not_aligned(struct op *op, const char *what, uint64_t value, uint64_t page)
{
	return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
		       "%s 0x%" PRIx64 " is not a multiple of the page size, %" PRIu64, what, value,
		       page);
}

static int goes_beyond(struct op *op, const char *what, uint64_t start, uint64_t length)
{
	return op_fail(op, -EOVERFLOW, LIBIOMMUFD_REASON_ARGUMENT,
		       "%s 0x%" PRIx64 " plus length 0x%" PRIx64
		       " goes beyond the end of the address space",
		       what, start, length);
}

static inline bool ends_inside(uint64_t start, uint64_t length)
{
	return start + (length - 1) >= start;
}

/* What may end where the address space does. */
static inline bool is_range(uint64_t start, uint64_t length)
{
	return length && ends_inside(start, length);
}

/* Memory is not at 0 and not empty, and its end can be said. */
static inline bool is_memory(uint64_t va, uint64_t length)
{
	return va && va + length > va;
}

/* Why check_dma() does not take it. */
static COLD int refuse(struct op *op, const struct libiommufd_ioas *ioas, const struct dma *dma,
		       const char *source)
{
	const uint32_t both = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE;
	const uint64_t offset = ioas->offset, page = offset + 1;

	if (!dma->length)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT, "length is 0");
	if (!(dma->access & both) || dma->access & ~both)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
			       "access 0x%x is not LIBIOMMUFD_READ, LIBIOMMUFD_WRITE or both",
			       dma->access);
	if (dma->va & offset)
		return not_aligned(op, source, dma->va, page);
	if (dma->length & offset)
		return not_aligned(op, "length", dma->length, page);
	if (dma->iova & offset)
		return not_aligned(op, "iova", dma->iova, page);
	if (!ends_inside(dma->va, dma->length))
		return goes_beyond(op, source, dma->va, dma->length);
	if (!ends_inside(dma->iova, dma->length))
		return goes_beyond(op, "iova", dma->iova, dma->length);
	/* All that is left is what only memory must not be. */
	if (!dma->va)
		return op_null(op, "va");
	return goes_beyond(op, source, dma->va, dma->length);
}

/* What every call that maps has in common; source names what va is, and good tells of it and the length. */
static inline int check_dma(struct op *op, const struct libiommufd_ioas *ioas,
			    const struct dma *dma, const char *source, bool good)
{
	const uint32_t both = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE;
	/* An address that is to be picked is 0 here. */
	const uint64_t bits = dma->va | dma->length | dma->iova;

	if (good && dma->access && !(dma->access & ~both) && !(bits & ioas->offset) &&
	    ends_inside(dma->iova, dma->length))
		return 0;
	return refuse(op, ioas, dma, source);
}

/* The common start of a call on ioas. */
static HOT int begin(struct op *op, const char *name, const struct libiommufd_ioas *ioas)
{
	op_begin(op, name, ioas ? ioas->name : "", ioas ? ctx_log(ioas->ctx) : NULL);
	if (__builtin_expect(!ioas, 0))
		return op_null(op, "ioas");
	return ctx_check_ours(ioas->ctx, op);
}

/* ---- Memory ---- */

static HOT int map(struct op *op, struct libiommufd_ioas *ioas, struct dma *dma)
{
	int r = check_dma(op, ioas, dma, "va", is_memory(dma->va, dma->length));

	return r < 0 ? r : ioas->backend->ctx->ops->map(ioas->backend, op, dma);
}

EXPORT int libiommufd_ioas_map(struct libiommufd_ioas *ioas, void *va, uint64_t length,
			       uint32_t access, uint64_t *ret_iova)
{
	struct dma dma = {.va = (uintptr_t)va, .length = length, .access = access};
	struct op op;

	int r = begin(&op, "map", ioas);
	if (r == 0 && !ret_iova)
		r = op_null(&op, "ret_iova");
	if (r == 0)
		r = map(&op, ioas, &dma);
	if (r == 0)
		*ret_iova = dma.iova;
	return op_end(&op, r);
}

EXPORT int libiommufd_ioas_map_at(struct libiommufd_ioas *ioas, void *va, uint64_t length,
				  uint32_t access, uint64_t iova)
{
	struct dma dma = {
		.va = (uintptr_t)va,
		.length = length,
		.access = access,
		.fixed = true,
		.iova = iova,
	};
	struct op op;

	int r = begin(&op, "map_at", ioas);
	if (r == 0)
		r = map(&op, ioas, &dma);
	return op_end(&op, r);
}

/* ---- Files ---- */

static int map_file(struct op *op, struct libiommufd_ioas *ioas, int fd, struct dma *dma)
{
	const struct sys *sys = ctx_sys(ioas->ctx);

	int r = check_dma(op, ioas, dma, "offset", is_range(dma->va, dma->length));
	if (r < 0)
		return r;
	/*
	 * The kernel maps only files that live in memory, and might say so as late as at attach. The
	 * files that can be sealed are just those.
	 */
	r = sys->seals(sys, fd);
	if (r == -EBADF)
		return op_fail(op, r, LIBIOMMUFD_REASON_ARGUMENT, "fd %d is not open", fd);
	if (r >= 0) {
		r = ioas->backend->ctx->ops->map_file(ioas->backend, op, fd, dma);
		if (r != -ENOTTY)
			return r;
		op_forgive(op);
	}
	return file_set_map(&ioas->files, ctx_sys(ioas->ctx), op, ioas->backend, fd, dma);
}

EXPORT int libiommufd_ioas_map_file(struct libiommufd_ioas *ioas, int fd, uint64_t offset,
				    uint64_t length, uint32_t access, uint64_t *ret_iova)
{
	struct dma dma = {.va = offset, .length = length, .access = access};
	struct op op;

	int r = begin(&op, "map_file", ioas);
	if (r == 0 && !ret_iova)
		r = op_null(&op, "ret_iova");
	if (r == 0)
		r = map_file(&op, ioas, fd, &dma);
	if (r == 0)
		*ret_iova = dma.iova;
	return op_end(&op, r);
}

EXPORT int libiommufd_ioas_map_file_at(struct libiommufd_ioas *ioas, int fd, uint64_t offset,
				       uint64_t length, uint32_t access, uint64_t iova)
{
	struct dma dma = {
		.va = offset,
		.length = length,
		.access = access,
		.fixed = true,
		.iova = iova,
	};
	struct op op;

	int r = begin(&op, "map_file_at", ioas);
	if (r == 0)
		r = map_file(&op, ioas, fd, &dma);
	return op_end(&op, r);
}

/* ---- Copy ---- */

static int copy(struct op *op, struct libiommufd_ioas *dst, struct libiommufd_ioas *src,
		struct dma *dma)
{
	if (!src)
		return op_null(op, "src");
	if (src->ctx != dst->ctx)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OTHER_CTX,
			       "the two address spaces are of different contexts");
	int r = check_dma(op, dst, dma, "src_iova", is_range(dma->va, dma->length));
	if (r < 0)
		return r;
	bool without = file_set_begin_without(&src->files);
	if (without)
		r = dst->backend->ctx->ops->copy(dst->backend, src->backend, op, dma);
	file_set_end(&src->files);
	return without ? r
		       : file_set_copy(&dst->files, &src->files, op, dst->backend, src->backend,
				       dma);
}

EXPORT int libiommufd_ioas_copy(struct libiommufd_ioas *dst, struct libiommufd_ioas *src,
				uint64_t src_iova, uint64_t length, uint32_t access,
				uint64_t *ret_iova)
{
	struct dma dma = {.va = src_iova, .length = length, .access = access};
	struct op op;

	int r = begin(&op, "copy", dst);
	if (r == 0 && !ret_iova)
		r = op_null(&op, "ret_iova");
	if (r == 0)
		r = copy(&op, dst, src, &dma);
	if (r == 0)
		*ret_iova = dma.iova;
	return op_end(&op, r);
}

EXPORT int libiommufd_ioas_copy_at(struct libiommufd_ioas *dst, struct libiommufd_ioas *src,
				   uint64_t src_iova, uint64_t length, uint32_t access,
				   uint64_t dst_iova)
{
	struct dma dma = {
		.va = src_iova,
		.length = length,
		.access = access,
		.fixed = true,
		.iova = dst_iova,
	};
	struct op op;

	int r = begin(&op, "copy_at", dst);
	if (r == 0)
		r = copy(&op, dst, src, &dma);
	return op_end(&op, r);
}

/* ---- Unmap ---- */

static inline int unmap(struct op *op, struct libiommufd_ioas *ioas, uint64_t iova, uint64_t length,
			uint64_t *ret_unmapped)
{
	uint64_t ignored;

	if (!length)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT, "length is 0");
	if (!ends_inside(iova, length))
		return goes_beyond(op, "iova", iova, length);
	int r = 0;
	ret_unmapped = ret_unmapped ? ret_unmapped : &ignored;
	bool without = file_set_begin_without(&ioas->files);
	if (without)
		r = ioas->backend->ctx->ops->unmap(ioas->backend, op, iova, length, ret_unmapped);
	file_set_end(&ioas->files);
	if (!without)
		r = file_set_unmap(&ioas->files, ctx_sys(ioas->ctx), op, ioas->backend, iova,
				   length, ret_unmapped);
	return r;
}

EXPORT int libiommufd_ioas_unmap(struct libiommufd_ioas *ioas, uint64_t iova, uint64_t length,
				 uint64_t *ret_unmapped)
{
	struct op op;

	int r = begin(&op, "unmap", ioas);
	if (r == 0)
		r = unmap(&op, ioas, iova, length, ret_unmapped);
	return op_end(&op, r);
}

EXPORT int libiommufd_ioas_unmap_all(struct libiommufd_ioas *ioas, uint64_t *ret_unmapped)
{
	struct op op;

	int r = begin(&op, "unmap_all", ioas);
	if (r == 0)
		r = unmap(&op, ioas, 0, UINT64_MAX, ret_unmapped);
	return op_end(&op, r);
}

/* ---- Settings ---- */

EXPORT int libiommufd_ioas_allow_iovas(struct libiommufd_ioas *ioas,
				       const struct libiommufd_range *ranges, size_t count)
{
	struct op op;

	int r = begin(&op, "allow_iovas", ioas);
	if (r == 0 && count && !ranges)
		r = op_null(&op, "ranges");
	if (r == 0 && count > 1 << 20)
		r = op_fail(&op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT, "more than 2^20 ranges");
	for (size_t i = 0; r == 0 && i < count; i++)
		if (ranges[i].last < ranges[i].start)
			r = op_fail(&op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
				    "range %zu ends before it starts", i);
	if (r == 0)
		r = ioas->backend->ctx->ops->allow(ioas->backend, &op, ranges, count);
	return op_end(&op, r);
}

EXPORT int libiommufd_ioas_set_huge_pages(struct libiommufd_ioas *ioas, bool enable)
{
	struct op op;

	int r = begin(&op, "set_huge_pages", ioas);
	if (r == 0)
		r = ioas->backend->ctx->ops->set_huge_pages(ioas->backend, &op, enable);
	return op_end(&op, r);
}

EXPORT int libiommufd_ioas_query_huge_pages(struct libiommufd_ioas *ioas, bool *ret_enable)
{
	struct op op;

	int r = begin(&op, "query_huge_pages", ioas);
	if (r == 0 && !ret_enable)
		r = op_null(&op, "ret_enable");
	if (r == 0)
		r = ioas->backend->ctx->ops->query_huge_pages(ioas->backend, &op, ret_enable);
	return op_end(&op, r);
}
