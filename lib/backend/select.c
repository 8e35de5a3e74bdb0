/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the choice of a backend, made once for each ctx by trying. Calls the backends' ctx_open. */
#include "backend.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

uint64_t page_size(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

const struct libiommufd_range safe_ranges[SAFE_RANGES] = {
	{0x1000, 0x7ffffff},
	{0x8100000, 0xfedfffff},
	{0xfef00000, COMMON_END - 1},
};

void backend_ctx_init(struct backend_ctx *ctx, const struct backend *ops, const struct sys *sys,
		      bool explain)
{
	ctx->ops = ops;
	ctx->sys = sys;
	ctx->explain = explain;
	pthread_mutex_init(&ctx->groups_lock, NULL);
}

void backend_ctx_fini(struct backend_ctx *ctx)
{
	pthread_mutex_destroy(&ctx->groups_lock);
}

struct cdev_search {
	const struct sys *sys;
	unsigned devices;
	unsigned nodes;
};

static int count_node(void *data, const char *name)
{
	struct cdev_search *search = data;
	char number[32];

	search->devices++;
	if (strlen(name) < 24) {
		char dir[64];
		snprintf(dir, sizeof(dir), "/sys/class/vfio-dev/%s", name);
		/* Only its absence says something; it may not be readable, or files may be short. */
		int r = sysfs_read(search->sys, dir, "dev", number, sizeof(number));
		search->nodes += r != -ENOENT;
	}
	return search->nodes > 0;
}

/*
 * A kernel may have /dev/iommu without VFIO character devices (6.2 to 6.5, or by its configuration).
 * That shows in any device on a vfio driver: it lacks the file dev. With no such device, or no sysfs,
 * nothing speaks against them.
 */
static bool kernel_lacks_cdev(const struct sys *sys)
{
	struct cdev_search search = {.sys = sys};

	sys->list(sys, "/sys/class/vfio-dev", count_node, &search);
	return search.devices > 0 && search.nodes == 0;
}

static bool is_permission(int error)
{
	return error == -EACCES || error == -EPERM;
}

int backend_select(const struct sys *sys, struct op *op, uint32_t kind,
		   const struct backend_request *request, char *why, size_t why_size,
		   struct backend_ctx **ret_ctx)
{
	char native_says[sizeof(op->text)];
	int native_error;

	if (kind == LIBIOMMUFD_BACKEND_TYPE1) {
		snprintf(why, why_size, "type1: required by the caller");
		return (request->fd < 0 ? &backend_type1 : &backend_type1_passed)
			->ctx_open(sys, op, request, ret_ctx);
	}
	if (kind == LIBIOMMUFD_BACKEND_NATIVE) {
		snprintf(why, why_size, "native: required by the caller");
		return backend_native.ctx_open(sys, op, request, ret_ctx);
	}

	native_error = backend_native.ctx_open(sys, op, request, ret_ctx);
	if (native_error == 0 && !kernel_lacks_cdev(sys)) {
		snprintf(why, why_size, "native: /dev/iommu can be used");
		return 0;
	}
	if (native_error == 0) {
		backend_native.ctx_close(*ret_ctx);
		*ret_ctx = NULL;
		native_error = -EOPNOTSUPP;
		snprintf(native_says, sizeof(native_says),
			 "/dev/iommu is there, but the kernel has no VFIO character devices");
	} else {
		/* Out of memory or files says nothing about the kernel. */
		if (native_error == -ENOMEM || native_error == -EMFILE || native_error == -ENFILE)
			return native_error;
		snprintf(native_says, sizeof(native_says), "%s", op->text);
	}

	op_forgive(op);
	int r = backend_type1.ctx_open(sys, op, request, ret_ctx);
	if (r == 0) {
		snprintf(why, why_size, "type1: %s", native_says);
		return 0;
	}
	if (r == -ENOMEM || r == -EMFILE || r == -ENFILE)
		return r;

	/* What may not be opened can be had with a permission; what is not there cannot. */
	int error = is_permission(native_error) && !is_permission(r) ? native_error : r;
	char type1_says[sizeof(op->text)];
	snprintf(type1_says, sizeof(type1_says), "%s", op->text);
	return op_fail(op, error,
		       is_permission(error) ? LIBIOMMUFD_REASON_NOT_PERMITTED
					    : LIBIOMMUFD_REASON_NO_BACKEND,
		       "native: %.120s; type1: %.120s", native_says, type1_says);
}
