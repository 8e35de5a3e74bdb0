/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns contexts: options, environment, reference count, and whose process it is. Calls a backend. */
#include "ctx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct libiommufd_ctx {
	struct ctx_front front;
	atomic_uint refs;
	const struct sys *sys;
	struct backend_ctx *backend;
	pid_t pid;
	uint32_t *page; /* that the kernel wipes; NULL where it cannot */
	char why[384];
};

bool ctx_is_ours(const struct libiommufd_ctx *ctx)
{
	return ctx->page ? *ctx->page == CTX_OWNER_MARK : ctx->sys->getpid(ctx->sys) == ctx->pid;
}

int ctx_check_unmarked(const struct libiommufd_ctx *ctx, struct op *op)
{
	if (ctx_is_ours(ctx))
		return 0;
	return op_fail(op, -EPERM, LIBIOMMUFD_REASON_OTHER_PROCESS,
		       "the context was opened by the parent process; open one in this process "
		       "(libiommufd_ctx_open, or libiommufd_ctx_open_fd to share the /dev/iommu)");
}

const struct sys *ctx_sys(const struct libiommufd_ctx *ctx)
{
	return ctx->sys;
}

struct backend_ctx *ctx_backend(const struct libiommufd_ctx *ctx)
{
	return ctx->backend;
}

static void mark_owner(struct libiommufd_ctx *ctx)
{
	static const uint32_t no_mark;
	size_t size = page_size();
	void *page;

	ctx->front.owner = &no_mark;
	ctx->pid = ctx->sys->getpid(ctx->sys);
	if (ctx->sys->mmap(ctx->sys, NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, &page) < 0)
		return;
	if (ctx->sys->madvise(ctx->sys, page, size, MADV_WIPEONFORK) < 0) {
		ctx->sys->munmap(ctx->sys, page, size);
		return;
	}
	ctx->page = page;
	*ctx->page = CTX_OWNER_MARK;
	ctx->front.owner = page;
}

static int read_wishes(struct op *op, const struct libiommufd_ctx_opts *from,
		       struct libiommufd_ctx_opts *opts)
{
	const uint32_t known =
		LIBIOMMUFD_CTX_RLIMIT_PROCESS | LIBIOMMUFD_CTX_NO_EXPLAIN | LIBIOMMUFD_CTX_EXPLAIN;

	int r = op_options(op, from, opts, sizeof(*opts), known);
	if (r == 0 && opts->log_level > LIBIOMMUFD_LOG_INFO)
		r = op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OPTIONS, "unknown log level %u",
			    opts->log_level);
	return r;
}

/* log is the caller's, filled in here, so that it outlives a ctx that was never made. */
static int open_with(const struct sys *sys, struct op *op, int fd,
		     const struct libiommufd_ctx_opts *from, struct log *log,
		     struct libiommufd_ctx **ret_ctx)
{
	struct libiommufd_ctx_opts opts;
	struct backend_request request = {.fd = -1};

	if (!ret_ctx)
		return op_null(op, "ret_ctx");
	int r = read_wishes(op, from, &opts);
	if (r == 0 && fd >= 0 && !opts.backend)
		opts.backend = LIBIOMMUFD_BACKEND_NATIVE;
	const bool by_caller = opts.backend;
	if (r == 0)
		r = op_backend(op, &opts.backend);
	if (r < 0)
		return r;
	*log = (struct log){opts.log, opts.log_data, opts.log_level};
	request.rlimit_process = opts.flags & LIBIOMMUFD_CTX_RLIMIT_PROCESS;
	request.explain = (fd < 0 || opts.flags & LIBIOMMUFD_CTX_EXPLAIN) &&
			  !(opts.flags & LIBIOMMUFD_CTX_NO_EXPLAIN);

	struct libiommufd_ctx *ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	if (fd >= 0) {
		request.fd = sys->dup(sys, fd);
		if (request.fd < 0) {
			r = request.fd;
			op_fail(op, r,
				r == -EBADF ? LIBIOMMUFD_REASON_ARGUMENT : LIBIOMMUFD_REASON_KERNEL,
				"fd %d cannot be duplicated: %s", fd, strerrordesc_np(-r));
			goto free;
		}
	}
	r = backend_select(sys, op, opts.backend, &request, ctx->why, sizeof(ctx->why),
			   &ctx->backend);
	if (r < 0)
		goto close;
	if (fd >= 0)
		snprintf(ctx->why, sizeof(ctx->why), "%s: made from a file of the caller",
			 ctx->backend->ops->name);
	else if (!by_caller && opts.backend)
		snprintf(ctx->why, sizeof(ctx->why), "%s: required by LIBIOMMUFD_BACKEND",
			 ctx->backend->ops->name);
	op_note(op, "%.180s", ctx->why);
	atomic_init(&ctx->refs, 1);
	ctx->sys = sys;
	ctx->front.log = *log;
	mark_owner(ctx);
	*ret_ctx = ctx;
	return 0;
close:
	if (request.fd >= 0)
		sys->close(sys, request.fd);
free:
	free(ctx);
	return r;
}

int ctx_open(const struct sys *sys, const struct libiommufd_ctx_opts *opts,
	     struct libiommufd_ctx **ret_ctx)
{
	struct log log = {0};
	struct op op;

	op_begin(&op, "ctx_open", "", &log);
	return op_end(&op, open_with(sys, &op, -1, opts, &log, ret_ctx));
}

int ctx_open_fd(const struct sys *sys, int fd, const struct libiommufd_ctx_opts *opts,
		struct libiommufd_ctx **ret_ctx)
{
	struct log log = {0};
	struct op op;

	op_begin(&op, "ctx_open_fd", "", &log);
	if (fd < 0)
		return op_end(&op, op_fail(&op, -EBADF, LIBIOMMUFD_REASON_ARGUMENT,
					   "fd %d is no file", fd));
	return op_end(&op, open_with(sys, &op, fd, opts, &log, ret_ctx));
}

EXPORT int libiommufd_ctx_open(const struct libiommufd_ctx_opts *opts,
			       struct libiommufd_ctx **ret_ctx)
{
	return ctx_open(&sys_kernel, opts, ret_ctx);
}

EXPORT int libiommufd_ctx_open_fd(int fd, const struct libiommufd_ctx_opts *opts,
				  struct libiommufd_ctx **ret_ctx)
{
	return ctx_open_fd(&sys_kernel, fd, opts, ret_ctx);
}

EXPORT struct libiommufd_ctx *libiommufd_ctx_ref(struct libiommufd_ctx *ctx)
{
	if (ctx)
		atomic_fetch_add(&ctx->refs, 1);
	return ctx;
}

EXPORT struct libiommufd_ctx *libiommufd_ctx_unref(struct libiommufd_ctx *ctx)
{
	if (!ctx || atomic_fetch_sub(&ctx->refs, 1) != 1)
		return NULL;
	ctx->backend->ops->ctx_close(ctx->backend);
	if (ctx->page)
		ctx->sys->munmap(ctx->sys, ctx->page, page_size());
	free(ctx);
	return NULL;
}

EXPORT int libiommufd_ctx_query_fd(struct libiommufd_ctx *ctx, int *ret_fd)
{
	struct op op;

	op_begin(&op, "ctx_query_fd", "", ctx ? &ctx->front.log : NULL);
	if (!ctx || !ret_fd)
		return op_end(&op, op_null(&op, "ctx or ret_fd"));
	int fd = ctx->backend->ops->ctx_fd(ctx->backend);
	if (fd < 0)
		return op_end(&op,
			      op_fail(&op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
				      "the %s backend has no /dev/iommu", ctx->backend->ops->name));
	*ret_fd = fd;
	return 0;
}

EXPORT enum libiommufd_backend libiommufd_ctx_get_backend(const struct libiommufd_ctx *ctx)
{
	return ctx ? ctx->backend->ops->kind : LIBIOMMUFD_BACKEND_AUTO;
}

EXPORT const char *libiommufd_ctx_get_backend_why(const struct libiommufd_ctx *ctx)
{
	return ctx ? ctx->why : "";
}

EXPORT int libiommufd_ctx_has(struct libiommufd_ctx *ctx, uint32_t feature)
{
	struct op op;

	op_begin(&op, "ctx_has", "", ctx ? &ctx->front.log : NULL);
	if (!ctx)
		return op_end(&op, op_null(&op, "ctx"));
	return op_end(&op, ctx->backend->ops->has(ctx->backend, &op, feature));
}
