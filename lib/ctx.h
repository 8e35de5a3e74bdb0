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
	 * One page that the kernel wipes in a forked child: what tells the child apart without a
	 * system call. NULL where the kernel cannot do that; then the process id does.
	 */
	uint32_t *owner;
};

#define CTX_OWNER_MARK 0x6f776e72

static inline const struct log *ctx_log(const struct libiommufd_ctx *ctx)
{
	return &((const struct ctx_front *)ctx)->log;
}

COLD bool ctx_is_of_this_pid(const struct libiommufd_ctx *ctx);

/* Is this the process, or to be exact the address space, that opened the ctx? */
static inline bool ctx_is_ours(const struct libiommufd_ctx *ctx)
{
	const uint32_t *owner = ((const struct ctx_front *)ctx)->owner;

	return owner ? *owner == CTX_OWNER_MARK : ctx_is_of_this_pid(ctx);
}

COLD int ctx_fail_not_ours(struct op *op);

/* 0 if so, else -EPERM with its sentence. */
static inline int ctx_check_ours(const struct libiommufd_ctx *ctx, struct op *op)
{
	return ctx_is_ours(ctx) ? 0 : ctx_fail_not_ours(op);
}

#endif
