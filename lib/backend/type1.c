/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns groups and devices on the VFIO group interface. A device's file exists only while its group is
 * in a container with an IOMMU, so opening a device only finds it and bind does the work, in the
 * order group, container, IOMMU, device; close goes the other way. Mappings are in type1_ioas.c.
 */
#include "type1.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "uapi/vfio.h"

static const char container_path[] = "/dev/vfio/vfio";

/* An open container that can do type1 v2. */
static int open_container(const struct sys *sys, struct op *op)
{
	int fd = sys->open(sys, container_path, O_RDWR);
	if (fd == -ENOENT || fd == -ENODEV || fd == -ENXIO)
		return op_fail(op, fd, LIBIOMMUFD_REASON_NO_BACKEND,
			       "/dev/vfio/vfio is not there; load the module vfio");
	if (fd < 0)
		return explain_node(op, fd, container_path);

	if (sys->ioctl(sys, fd, VFIO_GET_API_VERSION, NULL) != VFIO_API_VERSION ||
	    sys->ioctl(sys, fd, VFIO_CHECK_EXTENSION, (void *)VFIO_TYPE1v2_IOMMU) != 1) {
		sys->close(sys, fd);
		return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NO_BACKEND,
			       "/dev/vfio/vfio does not offer type1 v2; load the module "
			       "vfio_iommu_type1");
	}
	return fd;
}

static int type1_ctx_open(const struct sys *sys, struct op *op,
			  const struct backend_request *request, struct backend_ctx **ret_ctx)
{
	int fd = open_container(sys, op);
	if (fd < 0)
		return fd;
	sys->close(sys, fd);

	struct backend_ctx *ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	backend_ctx_init(ctx, &backend_type1, sys, request->explain);
	*ret_ctx = ctx;
	return 0;
}

static void type1_ctx_close(struct backend_ctx *ctx)
{
	backend_ctx_fini(ctx);
	free(ctx);
}

static int type1_ctx_fd(const struct backend_ctx *ctx)
{
	(void)ctx;
	return -1;
}

static int type1_has(struct backend_ctx *ctx, struct op *op, uint32_t feature)
{
	(void)ctx;
	if (feature < LIBIOMMUFD_FEATURE_MAP_FILE || feature > LIBIOMMUFD_FEATURE_HW_QUEUE)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT, "unknown feature %u",
			       feature);
	/* Every feature is one of iommufd's; what both can do is not a question. */
	return 0;
}

static void release_group(struct group *base)
{
	free(((struct type1_group *)base)->ranges);
}

static int type1_device_open(struct backend_ctx *ctx, struct op *op, struct place *place,
			     struct backend_device **ret_dev)
{
	char path[32];

	if (!place->sysfs[0])
		place_of_class(ctx->sys, place);
	if (!place->sysfs[0])
		return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE,
			       "sysfs does not know the device of this node");
	if (place->group == LIBIOMMUFD_FACT_NONE)
		return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_GROUP,
			       "it has no IOMMU group: the IOMMU is off or missing; enable it in "
			       "the "
			       "firmware and on the kernel's command line (intel_iommu=on)");
	if (place->group < 0)
		return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_GROUP,
			       "its IOMMU group cannot be read in %s", place->sysfs);
	snprintf(path, sizeof(path), "/dev/vfio/%d", place->group);
	int r = ctx->sys->access(ctx->sys, path);
	/*
	 * The node exists only while some member is on a vfio driver. Which one that is "vfio-dev" tells
	 * from 6.1 on; before, a driver may turn out to be none of vfio's only at bind.
	 */
	char driver[48];
	if (!place->vfio[0] && (r == -ENOENT || sysfs_link(ctx->sys, place->sysfs, "driver", driver,
							   sizeof(driver)) < 0))
		return explain_not_vfio(ctx->sys, op, place);
	if (r < 0)
		return explain_node(op, r, path);

	struct backend_device *dev = calloc(1, sizeof(*dev));
	struct group *group =
		group_get(ctx, place->group, sizeof(struct type1_group), release_group);
	if (!dev || !group) {
		if (group)
			group_put(ctx, group, false);
		free(dev);
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	}
	dev->ctx = ctx;
	dev->group = group;
	dev->fd = -1;
	dev->place = *place;
	*ret_dev = dev;
	return 0;
}

static int check_viable(struct backend_device *dev, struct op *op, int fd)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};
	const struct sys *sys = dev->ctx->sys;

	int r = sys->ioctl(sys, fd, VFIO_GROUP_GET_STATUS, &status);
	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL, "the group's status: %s",
			       strerrordesc_np(-r));
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return explain_claim(dev->ctx, op, -EPERM, &dev->place);
	return 0;
}

/* Open the group and put it into a container of its own. Needs the group's lock. */
static int claim_group(struct backend_device *dev, struct op *op)
{
	struct type1_group *group = (struct type1_group *)dev->group;
	const struct sys *sys = dev->ctx->sys;
	char path[32];

	snprintf(path, sizeof(path), "/dev/vfio/%d", group->base.number);
	int fd = sys->open(sys, path, O_RDWR);
	if (fd < 0)
		return explain_node(op, fd, path);
	int container = -1;
	int r = check_viable(dev, op, fd);
	if (r < 0)
		goto close;
	r = container = open_container(sys, op);
	if (r < 0)
		goto close;
	r = sys->ioctl(sys, fd, VFIO_GROUP_SET_CONTAINER, &container);
	if (r < 0) {
		r = explain_claim(dev->ctx, op, r, &dev->place);
		goto close;
	}
	r = sys->ioctl(sys, container, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU);
	if (r < 0) {
		r = r == -EPERM ? explain_claim(dev->ctx, op, r, &dev->place)
				: op_fail(op, r, LIBIOMMUFD_REASON_KERNEL,
					  "the container refuses the group's IOMMU: %s",
					  strerrordesc_np(-r));
		goto unset;
	}
	group->fd = fd;
	group->container = container;
	r = type1_read_info(sys, op, group);
	if (r == 0)
		return 0;
unset:
	sys->ioctl(sys, fd, VFIO_GROUP_UNSET_CONTAINER, NULL);
close:
	if (container >= 0)
		sys->close(sys, container);
	sys->close(sys, fd);
	return r;
}

/* Needs the group's lock; the last device's file is closed. */
static void unclaim_group(const struct sys *sys, struct type1_group *group, bool disown)
{
	/* -EBUSY if a mapping or another copy of a device's file outlives it: it ends with that. */
	if (!disown)
		sys->ioctl(sys, group->fd, VFIO_GROUP_UNSET_CONTAINER, NULL);
	sys->close(sys, group->container);
	sys->close(sys, group->fd);
}

/* The kernel gives a device's file any number of times, but a device is bound once. Needs the lock. */
static int check_not_bound(const struct type1_group *group, struct op *op,
			   const struct backend_device *dev)
{
	for (const struct backend_device *d = group->devices; d; d = d->next_bound)
		if (!strcmp(d->place.sysfs, dev->place.sysfs))
			return explain_claim(dev->ctx, op, -EINVAL, &dev->place);
	return 0;
}

/* What the group knows the device by, with the token where there is one. */
static void write_name(const struct backend_device *dev, char *name, size_t size)
{
	const char *slash = strrchr(dev->place.sysfs, '/');
	const uint8_t *t = dev->token;

	int n = snprintf(name, size, "%.80s", slash + 1);
	if (dev->has_token)
		snprintf(name + n, size - (size_t)n,
			 " vf_token=%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
			 "%02x%02x%02x%02x%02x%02x",
			 t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10], t[11],
			 t[12], t[13], t[14], t[15]);
}

static int type1_bind(struct backend_device *dev, struct op *op, struct backend_ioas *hint)
{
	struct type1_group *group = (struct type1_group *)dev->group;
	const struct sys *sys = dev->ctx->sys;
	int r;
	(void)hint;

	pthread_mutex_lock(&group->base.lock);
	r = group->base.bound ? check_not_bound(group, op, dev) : claim_group(dev, op);
	if (r < 0)
		goto unlock;

	char name[160];
	write_name(dev, name, sizeof(name));
	int fd = sys->ioctl(sys, group->fd, VFIO_GROUP_GET_DEVICE_FD, name);
	/* -EINVAL: a token for a device that has none. */
	if (fd == -EACCES || (fd == -EINVAL && dev->has_token)) {
		r = explain_token(op, fd, dev->has_token);
		if (!group->base.bound)
			unclaim_group(sys, group, false);
		goto unlock;
	}
	if (fd < 0) {
		/* The group is ours, so the device is on another driver or on none. */
		r = fd == -ENODEV ? explain_not_vfio(sys, op, &dev->place)
				  : explain_claim(dev->ctx, op, fd, &dev->place);
		if (!group->base.bound)
			unclaim_group(sys, group, false);
		goto unlock;
	}
	dev->fd = fd;
	dev->next_bound = group->devices;
	group->devices = dev;
	group->base.bound++;
	atomic_store(&dev->bound, true);
unlock:
	pthread_mutex_unlock(&group->base.lock);
	return r;
}

static int type1_attach(struct backend_device *dev, struct op *op, struct backend_ioas *ioas,
			uint32_t pt_id)
{
	struct type1_group *group = (struct type1_group *)dev->group;
	bool lost = false;
	int r = 0;
	(void)pt_id;

	if (!ioas)
		return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
			       "page tables have no ids on the type1 backend");

	pthread_mutex_lock(&group->base.lock);
	struct backend_ioas *old = group->base.ioas;
	if (old && old != ioas && !device_attached(dev)) {
		r = explain_attach(dev->ctx, op, -EINVAL, ioas);
	} else if (old != ioas) {
		r = type1_move(group, op, (struct type1_ioas *)old, (struct type1_ioas *)ioas,
			       &lost);
	}
	if (r == 0)
		group_now_attached(dev, ioas, 0);
	else if (lost)
		group_now_lost(&group->base);
	pthread_mutex_unlock(&group->base.lock);
	return r;
}

/* Needs the group's lock. */
static int detach_locked(struct backend_device *dev, struct op *op)
{
	struct type1_group *group = (struct type1_group *)dev->group;
	bool lost = false;
	int r = 0;

	if (!device_attached(dev))
		return 0;
	if (group->base.attached == 1)
		r = type1_move(group, op, (struct type1_ioas *)group->base.ioas, NULL, &lost);
	if (r == 0)
		group_now_detached(dev);
	return r;
}

static int type1_detach(struct backend_device *dev, struct op *op)
{
	pthread_mutex_lock(&dev->group->lock);
	int r = detach_locked(dev, op);
	pthread_mutex_unlock(&dev->group->lock);
	return r;
}

static void type1_device_close(struct backend_device *dev, bool disown)
{
	struct type1_group *group = (struct type1_group *)dev->group;
	const struct sys *sys = dev->ctx->sys;
	struct op ignored;

	/* In a forked child the locks may be held by threads that do not exist. */
	if (!disown)
		pthread_mutex_lock(&group->base.lock);
	if (!disown && device_attached(dev)) {
		op_begin(&ignored, "close", "", NULL);
		if (detach_locked(dev, &ignored) < 0) {
			/* The mappings end with the container, when its last device is closed. */
			type1_forget(group, (struct type1_ioas *)group->base.ioas);
			group_now_lost(&group->base);
		}
	}
	if (dev->bound) {
		struct backend_device **link = &group->devices;
		while (*link != dev)
			link = &(*link)->next_bound;
		*link = dev->next_bound;
		sys->close(sys, dev->fd);
		if (--group->base.bound == 0)
			unclaim_group(sys, group, disown);
	}
	if (!disown)
		pthread_mutex_unlock(&group->base.lock);
	group_put(dev->ctx, dev->group, disown);
	free(dev);
}

static int type1_device_open_fd(struct backend_ctx *ctx, struct op *op, int fd, uint32_t dev_id,
				const struct place *place, struct backend_device **ret_dev)
{
	(void)ctx;
	(void)fd;
	(void)dev_id;
	(void)place;
	(void)ret_dev;
	return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
		       "the type1 backend opens devices by name only");
}

static int type1_ioas_open_id(struct backend_ctx *ctx, struct op *op, uint32_t id,
			      struct backend_ioas **ret_ioas)
{
	(void)ctx;
	(void)id;
	(void)ret_ioas;
	return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
		       "address spaces have no ids on the type1 backend");
}

static int type1_kvm_fd(const struct backend_device *dev)
{
	return atomic_load(&dev->bound) ? ((const struct type1_group *)dev->group)->fd : -1;
}

/* A duplicate of the file of a group that has bound devices; -EPERM if there is no such group. */
static int type1_group_file(struct backend_ctx *ctx, uint32_t number)
{
	int fd = -EPERM;

	/* The reference keeps the group while its lock is taken outside that of the list. */
	struct group *group = group_find(ctx, (int)number);
	if (!group)
		return fd;
	pthread_mutex_lock(&group->lock);
	if (group->bound)
		fd = ctx->sys->dup(ctx->sys, ((struct type1_group *)group)->fd);
	pthread_mutex_unlock(&group->lock);
	group_put(ctx, group, false);
	return fd;
}

static bool type1_owns_group(struct backend_ctx *ctx, uint32_t number)
{
	struct group *group = group_find(ctx, (int)number);
	if (!group)
		return false;
	pthread_mutex_lock(&group->lock);
	bool owned = group->bound > 0;
	pthread_mutex_unlock(&group->lock);
	group_put(ctx, group, false);
	return owned;
}

const struct backend backend_type1 = {
	.kind = LIBIOMMUFD_BACKEND_TYPE1,
	.name = "type1",
	.ctx_open = type1_ctx_open,
	.ctx_close = type1_ctx_close,
	.ctx_fd = type1_ctx_fd,
	.has = type1_has,
	.ioas_create = type1_ioas_create,
	.ioas_open_id = type1_ioas_open_id,
	.ioas_destroy = type1_ioas_destroy,
	.map = type1_map,
	.map_file = type1_map_file,
	.copy = type1_copy,
	.unmap = type1_unmap,
	.ranges = type1_ranges,
	.allow = type1_allow,
	.set_huge_pages = type1_set_huge_pages,
	.query_huge_pages = type1_query_huge_pages,
	.device_open = type1_device_open,
	.device_open_fd = type1_device_open_fd,
	.device_close = type1_device_close,
	.kvm_fd = type1_kvm_fd,
	.owns_group = type1_owns_group,
	.group_file = type1_group_file,
	.bind = type1_bind,
	.attach = type1_attach,
	.detach = type1_detach,
};
