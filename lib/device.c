/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns devices as the caller sees them: their states and the lock that serialises changes of one
 * device. Where DMA goes is the group's affair, in the backend. Calls a backend.
 */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/group.h"
#include "ctx.h"
#include "ioas.h"
#include "uapi/vfio.h"

struct libiommufd_device {
	struct libiommufd_ctx *ctx;
	struct backend_device *backend;
	pthread_mutex_t lock; /* bind, attach, detach */
	struct region_set regions;
	atomic_int pci; /* 0: not asked yet; 1: yes; -1: no */
};

const struct sys *device_sys(const struct libiommufd_device *dev)
{
	return ctx_sys(dev->ctx);
}

const struct log *device_log(const struct libiommufd_device *dev)
{
	return ctx_log(dev->ctx);
}

struct region_set *device_regions(struct libiommufd_device *dev)
{
	return &dev->regions;
}

const struct place *device_place(const struct libiommufd_device *dev)
{
	return &dev->backend->place;
}

struct backend_device *device_backend(const struct libiommufd_device *dev)
{
	return dev->backend;
}

int device_failed(struct op *op, int error, const char *what)
{
	if (error == -ENODEV)
		return op_fail(op, error, LIBIOMMUFD_REASON_DEVICE_GONE, "the device is gone");
	return op_fail(op, error, LIBIOMMUFD_REASON_KERNEL, "%s: %s", what,
		       strerrordesc_np(-error));
}

static int check_bound(const struct libiommufd_device *dev, struct op *op)
{
	if (atomic_load(&dev->backend->bound))
		return 0;
	return op_fail(op, -EACCES, LIBIOMMUFD_REASON_NOT_BOUND,
		       "the device is not bound; call libiommufd_device_bind() first");
}

int device_file(const struct libiommufd_device *dev, struct op *op)
{
	int r = ctx_check_ours(dev->ctx, op);

	if (r == 0)
		r = check_bound(dev, op);
	return r < 0 ? r : dev->backend->ctx->ops->file(dev->backend, op);
}

int device_is_pci(struct libiommufd_device *dev, struct op *op)
{
	struct vfio_device_info info = {.argsz = sizeof(info)};
	int known = atomic_load(&dev->pci);

	if (known)
		return known > 0;
	int fd = device_file(dev, op);
	if (fd < 0)
		return fd;
	int r = ctx_sys(dev->ctx)->ioctl(ctx_sys(dev->ctx), fd, VFIO_DEVICE_GET_INFO, &info);
	if (r < 0)
		return device_failed(op, r, "the device cannot be described");
	atomic_store(&dev->pci, info.flags & VFIO_DEVICE_FLAGS_PCI ? 1 : -1);
	return !!(info.flags & VFIO_DEVICE_FLAGS_PCI);
}

/* The common start of a call on dev. */
static int begin(struct op *op, const char *name, const struct libiommufd_device *dev)
{
	op_begin(op, name, dev ? dev->backend->place.name : "", dev ? ctx_log(dev->ctx) : NULL);
	if (!dev)
		return op_null(op, "dev");
	return ctx_check_ours(dev->ctx, op);
}

static void take_token(struct libiommufd_device *dev, const uint8_t *token)
{
	if (!token)
		return;
	dev->backend->has_token = true;
	memcpy(dev->backend->token, token, sizeof(dev->backend->token));
}

static void finish_open(struct libiommufd_device *dev, struct libiommufd_ctx *ctx)
{
	dev->ctx = libiommufd_ctx_ref(ctx);
	pthread_mutex_init(&dev->lock, NULL);
	region_set_init(&dev->regions);
}

EXPORT int libiommufd_device_open(struct libiommufd_ctx *ctx, const char *name,
				  const struct libiommufd_device_opts *opts,
				  struct libiommufd_device **ret_dev)
{
	struct libiommufd_device_opts known;
	struct place place;
	struct op op;

	op_begin(&op, "open", name ? name : "", ctx ? ctx_log(ctx) : NULL);
	if (!ctx || !name || !ret_dev)
		return op_end(&op, op_null(&op, "ctx, name or ret_dev"));
	int r = ctx_check_ours(ctx, &op);
	if (r == 0)
		r = op_options(&op, opts, &known, sizeof(known), 0);
	if (r == 0)
		r = place_find(ctx_sys(ctx), &op, name, &place);
	if (r < 0)
		return op_end(&op, r);

	struct libiommufd_device *dev = calloc(1, sizeof(*dev));
	if (!dev)
		return op_end(&op, op_fail(&op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory"));
	r = ctx_backend(ctx)->ops->device_open(ctx_backend(ctx), &op, &place, &dev->backend);
	if (r < 0) {
		free(dev);
		return op_end(&op, r);
	}
	take_token(dev, known.vf_token);
	finish_open(dev, ctx);
	*ret_dev = dev;
	return op_end(&op, 0);
}

EXPORT int libiommufd_device_open_fd(struct libiommufd_ctx *ctx, int fd,
				     const struct libiommufd_device_fd_opts *opts,
				     struct libiommufd_device **ret_dev)
{
	struct libiommufd_device_fd_opts known;
	struct place place = {.group = LIBIOMMUFD_FACT_UNKNOWN};
	struct op op;

	op_begin(&op, "open_fd", "", ctx ? ctx_log(ctx) : NULL);
	if (!ctx || !ret_dev)
		return op_end(&op, op_null(&op, "ctx or ret_dev"));
	int r = ctx_check_ours(ctx, &op);
	if (r == 0)
		r = op_options(&op, opts, &known, sizeof(known), 0);
	if (r < 0)
		return op_end(&op, r);
	if (known.state > LIBIOMMUFD_DEVICE_BOUND)
		return op_end(&op, op_fail(&op, -EINVAL, LIBIOMMUFD_REASON_OPTIONS,
					   "no state but OPENED and BOUND can be given"));
	if (known.label)
		snprintf(place.name, sizeof(place.name), "%s", known.label);
	else
		snprintf(place.name, sizeof(place.name), "fd %d", fd);

	struct libiommufd_device *dev = calloc(1, sizeof(*dev));
	if (!dev)
		return op_end(&op, op_fail(&op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory"));
	r = ctx_backend(ctx)->ops->device_open_fd(ctx_backend(ctx), &op, fd, known.state,
						  known.dev_id, &place, &dev->backend);
	if (r < 0) {
		free(dev);
		return op_end(&op, r);
	}
	finish_open(dev, ctx);
	*ret_dev = dev;
	return op_end(&op, 0);
}

EXPORT int libiommufd_device_open_group_fd(struct libiommufd_ctx *ctx, int group_fd,
					   const char *name,
					   const struct libiommufd_group_fd_opts *opts,
					   struct libiommufd_device **ret_dev)
{
	struct libiommufd_group_fd_opts known;
	struct place place = {.group = LIBIOMMUFD_FACT_UNKNOWN};
	struct op op;

	op_begin(&op, "open_group_fd", name ? name : "", ctx ? ctx_log(ctx) : NULL);
	if (!ctx || !name || !ret_dev)
		return op_end(&op, op_null(&op, "ctx, name or ret_dev"));
	int r = ctx_check_ours(ctx, &op);
	if (r == 0)
		r = op_options(&op, opts, &known, sizeof(known), LIBIOMMUFD_GROUP_FD_NUMBER);
	if (r == 0 && known.reserved)
		r = op_fail(&op, -E2BIG, LIBIOMMUFD_REASON_OPTIONS,
			    "the options have a reserved field that is not 0");
	if (r == 0 && (!*name || strlen(name) >= sizeof(place.name) || strpbrk(name, "/ ")))
		r = op_fail(&op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
			    "the name must be the kernel's, such as 0000:06:00.0 or an mdev's "
			    "UUID");
	if (r < 0)
		return op_end(&op, r);
	strcpy(place.name, name);
	if (known.flags & LIBIOMMUFD_GROUP_FD_NUMBER)
		place.group = known.group;

	struct libiommufd_device *dev = calloc(1, sizeof(*dev));
	if (!dev)
		return op_end(&op, op_fail(&op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory"));
	r = ctx_backend(ctx)->ops->device_open_group(ctx_backend(ctx), &op, group_fd, &place,
						     &dev->backend);
	if (r < 0) {
		free(dev);
		return op_end(&op, r);
	}
	take_token(dev, known.vf_token);
	finish_open(dev, ctx);
	*ret_dev = dev;
	return op_end(&op, 0);
}

static int bind(struct libiommufd_device *dev, struct op *op, struct libiommufd_ioas *ioas,
		uint32_t flags)
{
	if (ioas && ioas_ctx(ioas) != dev->ctx)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OTHER_CTX,
			       "the device and the address space are of different contexts");
	if (atomic_load(&dev->backend->bound))
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ALREADY_BOUND,
			       "the device is bound already");
	return dev->backend->ctx->ops->bind(dev->backend, op, ioas ? ioas_backend(ioas) : NULL,
					    flags);
}

EXPORT int libiommufd_device_bind(struct libiommufd_device *dev,
				  const struct libiommufd_bind_opts *opts)
{
	struct libiommufd_bind_opts known;
	struct op op;

	int r = begin(&op, "bind", dev);
	if (r == 0)
		r = op_options(&op, opts, &known, sizeof(known), LIBIOMMUFD_BIND_PRIVATE);
	if (r == 0) {
		pthread_mutex_lock(&dev->lock);
		r = bind(dev, &op, known.ioas, known.flags);
		pthread_mutex_unlock(&dev->lock);
	}
	return op_end(&op, r);
}

static int attach(struct libiommufd_device *dev, struct op *op, struct backend_ioas *ioas,
		  uint32_t pt_id)
{
	pthread_mutex_lock(&dev->lock);
	int r = check_bound(dev, op);
	if (r == 0)
		r = dev->backend->ctx->ops->attach(dev->backend, op, ioas, pt_id);
	pthread_mutex_unlock(&dev->lock);
	return r;
}

EXPORT int libiommufd_device_attach(struct libiommufd_device *dev, struct libiommufd_ioas *ioas)
{
	struct op op;

	int r = begin(&op, "attach", dev);
	if (r == 0 && !ioas)
		r = op_null(&op, "ioas");
	if (r == 0 && ioas_ctx(ioas) != dev->ctx)
		r = op_fail(&op, -EINVAL, LIBIOMMUFD_REASON_OTHER_CTX,
			    "the device and the address space are of different contexts");
	if (r == 0)
		r = attach(dev, &op, ioas_backend(ioas), 0);
	return op_end(&op, r);
}

EXPORT int libiommufd_device_attach_id(struct libiommufd_device *dev, uint32_t pt_id)
{
	struct op op;

	int r = begin(&op, "attach_id", dev);
	if (r == 0)
		r = attach(dev, &op, NULL, pt_id);
	return op_end(&op, r);
}

EXPORT int libiommufd_device_detach(struct libiommufd_device *dev)
{
	struct op op;

	int r = begin(&op, "detach", dev);
	if (r == 0) {
		pthread_mutex_lock(&dev->lock);
		r = check_bound(dev, &op);
		if (r == 0)
			r = dev->backend->ctx->ops->detach(dev->backend, &op);
		pthread_mutex_unlock(&dev->lock);
	}
	return op_end(&op, r);
}

EXPORT int libiommufd_device_close(struct libiommufd_device *dev, uint32_t flags)
{
	struct op op;

	if (!dev)
		return 0;
	op_begin(&op, "close", dev->backend->place.name, ctx_log(dev->ctx));
	if (flags & ~LIBIOMMUFD_CLOSE_FORCE)
		return op_end(&op, op_fail(&op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
					   "unknown flags 0x%x", flags));
	if (!(flags & LIBIOMMUFD_CLOSE_FORCE) && region_set_mapped(&dev->regions))
		return op_end(&op, op_fail(&op, -EBUSY, LIBIOMMUFD_REASON_REGION_MAPPED,
					   "a region is still mapped; unmap it or close with "
					   "LIBIOMMUFD_CLOSE_FORCE"));
	region_set_fini(&dev->regions, ctx_sys(dev->ctx));
	dev->backend->ctx->ops->device_close(dev->backend, &op, !ctx_is_ours(dev->ctx));
	op_end(&op, 0);
	pthread_mutex_destroy(&dev->lock);
	libiommufd_ctx_unref(dev->ctx);
	free(dev);
	return 0;
}

EXPORT uint32_t libiommufd_device_get_id(const struct libiommufd_device *dev)
{
	return dev && atomic_load(&dev->backend->bound) ? dev->backend->id : 0;
}

EXPORT const char *libiommufd_device_get_name(const struct libiommufd_device *dev)
{
	return dev ? dev->backend->place.name : "";
}

EXPORT enum libiommufd_device_state libiommufd_device_get_state(const struct libiommufd_device *dev)
{
	if (!dev || !atomic_load(&dev->backend->bound))
		return LIBIOMMUFD_DEVICE_OPENED;
	return device_attached(dev->backend) ? LIBIOMMUFD_DEVICE_ATTACHED : LIBIOMMUFD_DEVICE_BOUND;
}

EXPORT int libiommufd_device_query_fd(struct libiommufd_device *dev, int *ret_fd)
{
	struct op op;

	op_begin(&op, "query_fd", dev ? dev->backend->place.name : "",
		 dev ? ctx_log(dev->ctx) : NULL);
	if (!dev || !ret_fd)
		return op_end(&op, op_null(&op, "dev or ret_fd"));
	/* The native one is open from the start, and can be looked at in a forked child. */
	int fd = atomic_load(&dev->backend->fd);
	if (fd < 0)
		fd = device_file(dev, &op);
	if (fd < 0)
		return op_end(&op, fd);
	*ret_fd = fd;
	return op_end(&op, 0);
}

EXPORT int libiommufd_device_query_kvm_fd(struct libiommufd_device *dev, int *ret_fd)
{
	struct op op;

	op_begin(&op, "query_kvm_fd", dev ? dev->backend->place.name : "",
		 dev ? ctx_log(dev->ctx) : NULL);
	if (!dev || !ret_fd)
		return op_end(&op, op_null(&op, "dev or ret_fd"));
	int fd = dev->backend->ctx->ops->kvm_fd(dev->backend, &op);
	if (fd < 0)
		return op_end(&op, fd);
	*ret_fd = fd;
	return op_end(&op, 0);
}

EXPORT int libiommufd_device_query_container_fd(struct libiommufd_device *dev, int *ret_fd)
{
	struct op op;

	int r = begin(&op, "query_container_fd", dev);
	if (r == 0 && !ret_fd)
		r = op_null(&op, "ret_fd");
	if (r == 0 && dev->backend->ctx->ops->kind == LIBIOMMUFD_BACKEND_TYPE1)
		r = check_bound(dev, &op);
	if (r < 0)
		return op_end(&op, r);
	int fd = dev->backend->ctx->ops->container_fd(dev->backend, &op);
	if (fd < 0)
		return op_end(&op, fd);
	*ret_fd = fd;
	return op_end(&op, 0);
}

EXPORT int libiommufd_device_query_reach(struct libiommufd_device *dev,
					 enum libiommufd_reach *ret_reach,
					 struct libiommufd_ioas **ret_ioas)
{
	struct libiommufd_ioas *ioas;
	struct op op;

	int r = begin(&op, "query_reach", dev);
	if (r == 0 && !ret_reach)
		r = op_null(&op, "ret_reach");
	if (r < 0)
		return op_end(&op, r);
	*ret_reach = dev->backend->ctx->ops->reach(dev->backend, &ioas);
	if (ret_ioas)
		*ret_ioas = ioas;
	return 0;
}

EXPORT int libiommufd_device_query_private(struct libiommufd_device *dev, bool *ret_private)
{
	struct op op;

	int r = begin(&op, "query_private", dev);
	if (r == 0 && !ret_private)
		r = op_null(&op, "ret_private");
	if (r < 0)
		return op_end(&op, r);
	*ret_private = dev->backend->ctx->ops->is_private(dev->backend);
	return 0;
}
