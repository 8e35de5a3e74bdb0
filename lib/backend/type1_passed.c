/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns contexts made from another process's container, and devices made from its files. Others map into
 * the same container, and nobody can list what: so addresses are given and never picked, nothing is
 * moved or taken away that was not mapped here, and the container stays where it is.
 */
#include "type1.h"

#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "uapi/vfio.h"

struct passed_ctx {
	struct backend_ctx base;
	struct type1_container container;
	bool opened; /* its address space; under groups_lock */
};

static struct type1_container *container_of_ctx(struct backend_ctx *ctx)
{
	return &((struct passed_ctx *)ctx)->container;
}

/* ---- Context and address space ---- */

static int passed_ctx_open(const struct sys *sys, struct op *op,
			   const struct backend_request *request, struct backend_ctx **ret_ctx)
{
	struct type1_info none = {0};

	if (sys->ioctl(sys, request->fd, VFIO_GET_API_VERSION, NULL) != VFIO_API_VERSION)
		return op_fail(op, -ENOTTY, LIBIOMMUFD_REASON_ARGUMENT,
			       "the file is not a VFIO container");
	struct passed_ctx *ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	int r = type1_read_info(sys, op, request->fd, LIBIOMMUFD_FACT_UNKNOWN, &none,
				&ctx->container.info);
	/* -ENODEV: so says an iommufd, which answers as a container does. */
	if (r == -EINVAL || r == -ENODEV)
		r = op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
			    "the container has no IOMMU; its owner must put a group into it first");
	if (r < 0) {
		free(ctx);
		return r;
	}
	backend_ctx_init(&ctx->base, &backend_type1_passed, sys, request->explain);
	ctx->base.per_process = true;
	ctx->container.fd = request->fd;
	ctx->container.passed = true;
	ctx->container.given = true;
	*ret_ctx = &ctx->base;
	return 0;
}

static void passed_ctx_close(struct backend_ctx *base)
{
	struct passed_ctx *ctx = (struct passed_ctx *)base;

	base->sys->close(base->sys, ctx->container.fd);
	free(ctx->container.info.ranges);
	backend_ctx_fini(base);
	free(ctx);
}

static int passed_ioas_create(struct backend_ctx *ctx, struct op *op,
			      struct backend_ioas **ret_ioas)
{
	(void)ctx;
	(void)ret_ioas;
	return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
		       "a passed container is one address space; libiommufd_ioas_open_id() with "
		       "id 0 gives it");
}

/* Returns what it was. */
static bool set_opened(struct passed_ctx *ctx, bool opened)
{
	pthread_mutex_lock(&ctx->base.groups_lock);
	bool before = ctx->opened;
	ctx->opened = opened;
	pthread_mutex_unlock(&ctx->base.groups_lock);
	return before;
}

static int passed_ioas_open_id(struct backend_ctx *ctx, struct op *op, uint32_t id,
			       struct backend_ioas **ret_ioas)
{
	struct type1_container *container = container_of_ctx(ctx);
	struct passed_ctx *passed = (struct passed_ctx *)ctx;

	if (id)
		return op_fail(op, -ENOENT, LIBIOMMUFD_REASON_ARGUMENT,
			       "a passed container has one address space, with the id 0");
	if (set_opened(passed, true))
		return op_fail(op, -EBUSY, LIBIOMMUFD_REASON_IN_USE,
			       "the address space of this container is open already");

	struct backend_ioas *base;
	int r = type1_ioas_create(ctx, op, &base);
	struct type1_ioas *ioas = (struct type1_ioas *)base;
	if (r == 0 &&
	    type1_intersect(ioas, NULL, &container->info, &ioas->ranges, &ioas->range_count) < 0) {
		type1_ioas_put(ioas);
		r = op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	}
	if (r < 0) {
		set_opened(passed, false);
		return r;
	}
	base->borrowed = true;
	type1_set_home(container, ctx, ioas);
	type1_set_attached(container, ctx, 1);
	*ret_ioas = base;
	return 0;
}

static bool in_use(struct backend_ctx *ctx)
{
	pthread_mutex_lock(&ctx->groups_lock);
	bool used = container_of_ctx(ctx)->groups > 0;
	pthread_mutex_unlock(&ctx->groups_lock);
	return used;
}

static int passed_ioas_destroy(struct backend_ioas *base, struct op *op, bool disown)
{
	struct type1_container *container = container_of_ctx(base->ctx);
	struct passed_ctx *passed = (struct passed_ctx *)base->ctx;

	if (!disown && in_use(base->ctx))
		return op_fail(op, -EBUSY, LIBIOMMUFD_REASON_IN_USE,
			       "devices are attached to it; close them first");
	/* What is mapped stays: the container is somebody else's. */
	if (disown) {
		container->ioas = NULL;
		atomic_fetch_sub(&((struct type1_ioas *)base)->refs, 1);
	} else {
		type1_set_attached(container, base->ctx, 0);
		type1_set_home(container, base->ctx, NULL);
		set_opened(passed, false);
	}
	base->owner = NULL;
	type1_ioas_put((struct type1_ioas *)base);
	return 0;
}

static int passed_map(struct backend_ioas *ioas, struct op *op, struct dma *dma)
{
	if (!dma->fixed)
		return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
			       "others map into a passed container too, so that no free address "
			       "is known; give the address");
	return type1_map(ioas, op, dma);
}

static int passed_copy(struct backend_ioas *dst, struct backend_ioas *src, struct op *op,
		       struct dma *dma)
{
	if (!dma->fixed)
		return passed_map(dst, op, dma);
	return type1_copy(dst, src, op, dma);
}

/* ---- Devices ---- */

static int copy_file(const struct sys *sys, struct op *op, int fd)
{
	int copy = sys->dup(sys, fd);
	if (copy < 0)
		op_fail(op, copy,
			copy == -EBADF ? LIBIOMMUFD_REASON_ARGUMENT : LIBIOMMUFD_REASON_KERNEL,
			"fd %d cannot be duplicated: %s", fd, strerrordesc_np(-copy));
	return copy;
}

static int no_memory(struct op *op)
{
	return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
}

static void close_group_file(struct backend_ctx *ctx, struct group *base)
{
	int fd = ((struct type1_group *)base)->fd;

	if (fd >= 0)
		ctx->sys->close(ctx->sys, fd);
}

/* Takes the files over on success; -1: none. */
static int make_device(struct backend_ctx *ctx, struct op *op, int device, int group_file,
		       const struct place *place, struct backend_device **ret_dev)
{
	struct backend_device *dev = calloc(1, sizeof(*dev));
	struct group *base =
		group_get(ctx, place->group, sizeof(struct type1_group), close_group_file);

	struct type1_group *group = (struct type1_group *)base;
	if (base) {
		pthread_mutex_lock(&base->lock);
		if (!group->container) {
			group->container = container_of_ctx(ctx);
			group->fd = -1;
		}
		pthread_mutex_unlock(&base->lock);
	}
	if (!dev || !base) {
		if (base)
			group_put(ctx, base, false);
		free(dev);
		return no_memory(op);
	}
	dev->ctx = ctx;
	dev->group = base;
	dev->place = *place;
	atomic_init(&dev->fd, device);

	pthread_mutex_lock(&base->lock);
	if (group->fd < 0)
		group->fd = group_file;
	else if (group_file >= 0)
		ctx->sys->close(ctx->sys, group_file);
	if (device >= 0) {
		base->bound++;
		group->files++;
		atomic_store(&dev->bound, true);
	}
	pthread_mutex_unlock(&base->lock);
	*ret_dev = dev;
	return 0;
}

static int passed_device_open(struct backend_ctx *ctx, struct op *op, struct place *place,
			      struct backend_device **ret_dev)
{
	(void)ctx;
	(void)place;
	(void)ret_dev;
	return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
		       "a context made from a container takes devices from files: "
		       "libiommufd_device_open_fd(), libiommufd_device_open_group_fd()");
}

static int passed_device_open_fd(struct backend_ctx *ctx, struct op *op, int fd, uint32_t state,
				 uint32_t dev_id, const struct place *place,
				 struct backend_device **ret_dev)
{
	if (state != LIBIOMMUFD_DEVICE_BOUND || dev_id)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OPTIONS,
			       "on type1 a device that has a file is bound, and has no id");
	int copy = copy_file(ctx->sys, op, fd);
	if (copy < 0)
		return copy;
	int r = make_device(ctx, op, copy, -1, place, ret_dev);
	if (r < 0)
		ctx->sys->close(ctx->sys, copy);
	return r;
}

static int check_group(const struct sys *sys, struct op *op, int fd)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};

	int r = sys->ioctl(sys, fd, VFIO_GROUP_GET_STATUS, &status);
	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_REASON_ARGUMENT, "the file is no VFIO group's: %s",
			       strerrordesc_np(-r));
	if (!(status.flags & VFIO_GROUP_FLAGS_CONTAINER_SET))
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
			       "the group is in no container; its owner must put it into the one "
			       "that was passed, and keep a device of it open");
	return 0;
}

static int passed_device_open_group(struct backend_ctx *ctx, struct op *op, int fd,
				    const struct place *place, struct backend_device **ret_dev)
{
	int copy = copy_file(ctx->sys, op, fd);
	if (copy < 0)
		return copy;
	int r = check_group(ctx->sys, op, copy);
	if (r == 0)
		r = make_device(ctx, op, -1, copy, place, ret_dev);
	if (r < 0)
		ctx->sys->close(ctx->sys, copy);
	return r;
}

static int passed_bind(struct backend_device *dev, struct op *op, struct backend_ioas *hint,
		       uint32_t flags)
{
	const struct type1_group *type1 = (struct type1_group *)dev->group;
	struct group *group = dev->group;
	(void)hint;
	(void)flags;

	pthread_mutex_lock(&group->lock);
	int r = type1_open_file(dev, op);
	/* Its owner may have taken it out of the container, which -EINVAL alone does not say. */
	int left = r == -EINVAL ? check_group(dev->ctx->sys, op, type1->fd) : 0;
	if (left < 0)
		r = left;
	if (r >= 0) {
		group->bound++;
		atomic_store(&dev->bound, true);
	}
	pthread_mutex_unlock(&group->lock);
	return r < 0 ? r : 0;
}

/* How many groups use the address space here. */
static void count_groups(struct backend_ctx *ctx, unsigned change)
{
	pthread_mutex_lock(&ctx->groups_lock);
	container_of_ctx(ctx)->groups += change;
	pthread_mutex_unlock(&ctx->groups_lock);
}

static int passed_attach(struct backend_device *dev, struct op *op, struct backend_ioas *ioas,
			 uint32_t pt_id)
{
	(void)pt_id;
	if (!ioas)
		return type1_no_ids(op);
	/* It is attached since its group is in the container: only the record changes. */
	pthread_mutex_lock(&dev->group->lock);
	if (!dev->group->attached)
		count_groups(dev->ctx, 1);
	group_now_attached(dev, ioas, 0);
	pthread_mutex_unlock(&dev->group->lock);
	return 0;
}

static int passed_detach(struct backend_device *dev, struct op *op)
{
	if (!device_attached(dev))
		return 0;
	return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
		       "the group stays in a passed container; unmap what was mapped, or let its "
		       "owner close the device");
}

static enum libiommufd_reach passed_reach(struct backend_device *dev,
					  struct libiommufd_ioas **ret_ioas)
{
	pthread_mutex_lock(&dev->group->lock);
	*ret_ioas = dev->group->ioas ? dev->group->ioas->owner : NULL;
	pthread_mutex_unlock(&dev->group->lock);
	return *ret_ioas ? LIBIOMMUFD_REACH_IOAS : LIBIOMMUFD_REACH_UNKNOWN;
}

static bool passed_is_private(struct backend_device *dev)
{
	(void)dev;
	return false;
}

static void passed_device_close(struct backend_device *dev, struct op *op, bool disown)
{
	struct group *group = dev->group;
	(void)op;

	if (!disown)
		pthread_mutex_lock(&group->lock);
	if (!disown && device_attached(dev)) {
		group_now_detached(dev);
		if (!group->attached)
			count_groups(dev->ctx, -1U);
	}
	if (dev->bound)
		group->bound--;
	type1_close_file(dev);
	if (!disown)
		pthread_mutex_unlock(&group->lock);
	group_put(dev->ctx, dev->group, disown);
	free(dev);
}

const struct backend backend_type1_passed = {
	.kind = LIBIOMMUFD_BACKEND_TYPE1,
	.name = "type1",
	.ctx_open = passed_ctx_open,
	.ctx_close = passed_ctx_close,
	.ctx_fd = type1_ctx_fd,
	.has = type1_has,
	.ioas_create = passed_ioas_create,
	.ioas_open_id = passed_ioas_open_id,
	.ioas_destroy = passed_ioas_destroy,
	.map = passed_map,
	.map_file = type1_map_file,
	.copy = passed_copy,
	.unmap = type1_unmap,
	.ranges = type1_ranges,
	.allow = type1_allow,
	.set_huge_pages = type1_set_huge_pages,
	.query_huge_pages = type1_query_huge_pages,
	.device_open = passed_device_open,
	.device_open_fd = passed_device_open_fd,
	.device_open_group = passed_device_open_group,
	.device_close = passed_device_close,
	.file = type1_file,
	.kvm_fd = type1_kvm_fd,
	.container_fd = type1_container_fd,
	.owns_group = type1_owns_group,
	.group_file = type1_group_file,
	.bind = passed_bind,
	.attach = passed_attach,
	.detach = passed_detach,
	.reach = passed_reach,
	.is_private = passed_is_private,
};
