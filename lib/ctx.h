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
const struct log *ctx_log(const struct libiommufd_ctx *ctx);
struct backend_ctx *ctx_backend(const struct libiommufd_ctx *ctx);

/* Is this the process, or to be exact the address space, that opened the ctx? */
bool ctx_is_ours(const struct libiommufd_ctx *ctx);

/* 0 if so, else -EPERM with its sentence. */
static inline int ctx_check_ours(const struct libiommufd_ctx *ctx, struct op *op)
{
	if (__builtin_expect(ctx_is_ours(ctx), 1))
		return 0;
	return op_fail(op, -EPERM, LIBIOMMUFD_REASON_OTHER_PROCESS,
		       "the context was opened by the parent process; open one in this process "
		       "(libiommufd_ctx_open, or libiommufd_ctx_open_fd to share the /dev/iommu)");
}

#endif
