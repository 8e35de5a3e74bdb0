/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the other objects need of a ctx. */
#ifndef LIBIOMMUFD_CTX_H
#define LIBIOMMUFD_CTX_H

#include "backend/backend.h"
#include "op.h"
#include "sys.h"

/* As the public calls, with the kernel to talk to. */
int ctx_open(const struct sys *sys, const struct libiommufd_ctx_opts *opts,
	     struct libiommufd_ctx **ret_ctx);
int ctx_open_fd(const struct sys *sys, int fd, const struct libiommufd_ctx_opts *opts,
		struct libiommufd_ctx **ret_ctx);

const struct sys *ctx_sys(const struct libiommufd_ctx *ctx);
struct backend_ctx *ctx_backend(const struct libiommufd_ctx *ctx);

/* What a ctx begins with: that which every call looks at. */
struct ctx_front {
	struct log log;
	/*
	 * CTX_OWNER_MARK, in a page that the kernel wipes in a forked child: what tells the child apart
	 * without a system call. Something else where the kernel cannot do that; then the process
	 * id does.
	 */
	const uint32_t *owner;
};

#define CTX_OWNER_MARK 0x6f776e72

static inline const struct log *ctx_log(const struct libiommufd_ctx *ctx)
{
	return &((const struct ctx_front *)ctx)->log;
}

/* Is this the process, or to be exact the address space, that opened the ctx? */
bool ctx_is_ours(const struct libiommufd_ctx *ctx);

/* The slow half of ctx_check_ours(). */
COLD int ctx_check_unmarked(const struct libiommufd_ctx *ctx, struct op *op);

/* 0 if so, else -EPERM with its sentence. */
static inline int ctx_check_ours(const struct libiommufd_ctx *ctx, struct op *op)
{
	const uint32_t *owner = ((const struct ctx_front *)ctx)->owner;

	return *owner == CTX_OWNER_MARK ? 0 : ctx_check_unmarked(ctx, op);
}

#endif
