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

static int type1_ctx_open(const struct sys *sys, struct op *op,
			  const struct backend_request *request, struct backend_ctx **ret_ctx)
{
	int fd = type1_container_open(sys, op);
	if (fd < 0)
		return fd;
	sys->close(sys, fd);

	struct backend_ctx *ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	backend_ctx_init(ctx, &backend_type1, sys, request->explain);
	ctx->per_process = true;
	*ret_ctx = ctx;
	return 0;
}

static void type1_ctx_close(struct backend_ctx *ctx)
{
	backend_ctx_fini(ctx);
	free(ctx);
}

int type1_ctx_fd(const struct backend_ctx *ctx)
{
	(void)ctx;
	return -1;
}

int type1_has(struct backend_ctx *ctx, struct op *op, uint32_t feature)
{
	(void)ctx;
	if (feature < LIBIOMMUFD_FEATURE_MAP_FILE || feature > LIBIOMMUFD_FEATURE_HW_QUEUE)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT, "unknown feature %u",
			       feature);
	/* Every feature is one of iommufd's; what both can do is not a question. */
	return 0;
}

static int type1_device_open(struct backend_ctx *ctx, struct op *op, struct place *place,
			     struct backend_device **ret_dev)
{
	char path[32];
	int r;

	if (!place->sysfs[0])
		place_of_class(ctx->sys, place);
	if (!place->sysfs[0] && (r = ctx->sys->access(ctx->sys, place->node)) < 0)
		return explain_node(op, r, place->node);
	if (!place->sysfs[0])
		return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE,
			       "sysfs does not know the device of this node");
	if (place->group == LIBIOMMUFD_FACT_NONE)
		return explain_not_vfio(ctx->sys, op, place);
	if (place->group < 0)
		return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_GROUP,
			       "its IOMMU group cannot be read in %s", place->sysfs);
	snprintf(path, sizeof(path), "/dev/vfio/%d", place->group);
	r = ctx->sys->access(ctx->sys, path);
	if (r == -ENOENT && explain_no_iommu(ctx->sys, op, place) < 0)
		return -EOPNOTSUPP;
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
	struct group *group = group_get(ctx, place->group, sizeof(struct type1_group), NULL);
	if (!dev || !group) {
		if (group)
			group_put(ctx, group, false);
		free(dev);
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	}
	dev->ctx = ctx;
	dev->group = group;
	atomic_init(&dev->fd, -1);
	dev->place = *place;
	*ret_dev = dev;
	return 0;
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

/*
 * Does it have a driver, and is it in the group still? The kernel looks when the device is opened; until then
 * sysfs must do. What cannot be read says nothing.
 */
static int check_place(const struct backend_device *dev, struct op *op)
{
	const struct place *place = &dev->place;
	const struct sys *sys = dev->ctx->sys;
	char driver[48], number[16], group[16];

	if (sysfs_link(sys, place->sysfs, "driver", driver, sizeof(driver)) == -ENOENT)
		return explain_not_vfio(sys, op, place);
	snprintf(number, sizeof(number), "%d", place->group);
	if (sysfs_link(sys, place->sysfs, "iommu_group", group, sizeof(group)) == 0 &&
	    strcmp(group, number))
		return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_DEVICE_GONE,
			       "it was removed since it was opened, and is back in another group, "
			       "%s; open it again",
			       group);
	return 0;
}

static int type1_bind(struct backend_device *dev, struct op *op, struct backend_ioas *hint,
		      uint32_t flags)
{
	struct type1_group *group = (struct type1_group *)dev->group;
	struct type1_ioas *ioas = (struct type1_ioas *)hint;
	bool alone = flags & LIBIOMMUFD_BIND_PRIVATE;
	struct type1_origin origin;
	int r;

	pthread_mutex_lock(&group->base.lock);
	type1_remember(group, dev->ctx, &origin);
	if (!group->base.bound)
		r = type1_claim(dev, op, alone ? NULL : ioas);
	else
		r = check_not_bound(group, op, dev);
	if (r < 0)
		goto unlock;
	if (group->base.bound && alone)
		r = type1_stand_alone(group, dev, op);
	else if (group->base.bound && ioas && !group->files)
		r = type1_join(group, dev, op, ioas);
	if (r == 0)
		r = type1_block(dev, op);
	if (r == 0) {
		/* Only the kernel knows whether a token is right. */
		bool now = ioas || alone || dev->has_token || group->files ||
			   group->container->iommufd;
		r = now ? type1_open_file(dev, op) : check_place(dev, op);
	}
	if (r < 0) {
		if (!group->base.bound)
			type1_unclaim(group, dev, false);
		else
			type1_go_back(group, dev, op, &origin, r);
		goto unlock;
	}
	r = 0;
	if (alone)
		type1_seclude(group, dev->ctx);
	dev->next_bound = group->devices;
	group->devices = dev;
	group->base.bound++;
	atomic_store(&dev->bound, true);
unlock:
	type1_forget(&origin);
	pthread_mutex_unlock(&group->base.lock);
	return r;
}

int type1_file(struct backend_device *dev, struct op *op)
{
	int fd = atomic_load(&dev->fd);
	if (fd >= 0)
		return fd;
	pthread_mutex_lock(&dev->group->lock);
	fd = type1_open_file(dev, op);
	pthread_mutex_unlock(&dev->group->lock);
	return fd;
}

/* The first device of the group is attached, or an attached one moves. Needs the group's lock. */
static int enter(struct backend_device *dev, struct op *op, struct type1_ioas *to, bool *ret_lost)
{
	struct type1_group *group = (struct type1_group *)dev->group;
	struct type1_origin origin;
	int fd = atomic_load(&dev->fd), opened = -1;

	type1_remember(group, dev->ctx, &origin);
	int r = group->files ? 0 : type1_join(group, dev, op, to);
	/* Nobody else may have a file that could be closed again. */
	if (r == 0 && fd < 0)
		r = opened = type1_get_file(dev, op);
	if (r >= 0)
		r = type1_enter(group, dev, op, to, ret_lost);
	if (r >= 0) {
		if (opened >= 0)
			atomic_store(&dev->fd, opened);
		r = 0;
		goto forget;
	}
	if (opened >= 0)
		type1_put_file(dev, opened);
	type1_go_back(group, dev, op, &origin, r);
forget:
	type1_forget(&origin);
	return r;
}

int type1_no_ids(struct op *op)
{
	return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
		       "page tables have no ids on the type1 backend");
}

static int type1_attach(struct backend_device *dev, struct op *op, struct backend_ioas *ioas,
			uint32_t pt_id)
{
	struct group *group = dev->group;
	bool lost = false;
	(void)pt_id;

	if (!ioas)
		return type1_no_ids(op);

	pthread_mutex_lock(&group->lock);
	int r;
	if (!group->attached || (group->ioas != ioas && device_attached(dev)))
		r = enter(dev, op, (struct type1_ioas *)ioas, &lost);
	else if (group->ioas != ioas)
		r = explain_attach(dev->ctx, op, -EINVAL, ioas);
	else
		r = type1_open_file(dev, op);
	if (r >= 0)
		group_now_attached(dev, ioas, 0);
	else if (lost)
		group_now_lost(group);
	pthread_mutex_unlock(&group->lock);
	return r < 0 ? r : 0;
}

static int type1_detach(struct backend_device *dev, struct op *op)
{
	struct group *group = dev->group;
	int r = 0;

	pthread_mutex_lock(&group->lock);
	if (device_attached(dev)) {
		if (group->attached == 1)
			r = type1_exit((struct type1_group *)group, dev, op);
		if (r == 0)
			group_now_detached(dev);
	}
	pthread_mutex_unlock(&group->lock);
	return r;
}

static void type1_device_close(struct backend_device *dev, struct op *op, bool disown)
{
	struct type1_group *group = (struct type1_group *)dev->group;

	/* In a forked child the locks may be held by threads that do not exist. */
	if (!disown)
		pthread_mutex_lock(&group->base.lock);
	if (!disown && device_attached(dev)) {
		if (group->base.attached == 1)
			type1_abandon(group, dev, op);
		group_now_detached(dev);
	}
	type1_close_file(dev);
	if (dev->bound) {
		struct backend_device **link = &group->devices;
		while (*link != dev)
			link = &(*link)->next_bound;
		*link = dev->next_bound;
		if (--group->base.bound == 0)
			type1_unclaim(group, dev, disown);
	}
	if (!disown)
		pthread_mutex_unlock(&group->base.lock);
	group_put(dev->ctx, dev->group, disown);
	free(dev);
}

static enum libiommufd_reach type1_reach(struct backend_device *dev,
					 struct libiommufd_ioas **ret_ioas)
{
	struct type1_group *group = (struct type1_group *)dev->group;
	struct backend_ctx *ctx = dev->ctx;
	enum libiommufd_reach reach = LIBIOMMUFD_REACH_KERNEL;

	*ret_ioas = NULL;
	pthread_mutex_lock(&group->base.lock);
	pthread_mutex_lock(&ctx->groups_lock);
	/* What one group in a container reaches all reach. */
	if (group->container && group->container->stale) {
		reach = LIBIOMMUFD_REACH_UNKNOWN;
	} else if (group->container && group->container->attached) {
		*ret_ioas = group->container->ioas->base.owner;
		reach = LIBIOMMUFD_REACH_IOAS;
	} else if (group->container) {
		/* Others may have mapped what nobody here knows of. */
		reach = group->container->given ? LIBIOMMUFD_REACH_UNKNOWN
						: LIBIOMMUFD_REACH_NOTHING;
	}
	pthread_mutex_unlock(&ctx->groups_lock);
	pthread_mutex_unlock(&group->base.lock);
	return reach;
}

static bool type1_is_private(struct backend_device *dev)
{
	struct type1_group *group = (struct type1_group *)dev->group;
	bool private = false;

	/* Whoever is first is the one for all. */
	pthread_mutex_lock(&group->base.lock);
	struct type1_ioas *home = type1_home(group, dev->ctx);
	if (home) {
		pthread_mutex_lock(&home->lock);
		private = group->container->attached &&
			  type1_next_in_use(home, NULL) != group->container;
		pthread_mutex_unlock(&home->lock);
	}
	type1_ioas_put(home);
	pthread_mutex_unlock(&group->base.lock);
	return private;
}

static int no_container(struct op *op)
{
	return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
		       "files of groups and devices need a context made from their container: "
		       "libiommufd_ctx_open_fd() with LIBIOMMUFD_BACKEND_TYPE1");
}

static int type1_device_open_fd(struct backend_ctx *ctx, struct op *op, int fd, uint32_t state,
				uint32_t dev_id, const struct place *place,
				struct backend_device **ret_dev)
{
	(void)ctx;
	(void)fd;
	(void)state;
	(void)dev_id;
	(void)place;
	(void)ret_dev;
	return no_container(op);
}

static int type1_device_open_group(struct backend_ctx *ctx, struct op *op, int fd,
				   const struct place *place, struct backend_device **ret_dev)
{
	(void)ctx;
	(void)fd;
	(void)place;
	(void)ret_dev;
	return no_container(op);
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

int type1_kvm_fd(struct backend_device *dev, struct op *op)
{
	const struct type1_group *group = (const struct type1_group *)dev->group;

	if (!atomic_load(&dev->bound))
		return op_fail(op, -EACCES, LIBIOMMUFD_REASON_NOT_BOUND,
			       "on type1 the group's file exists only while the device is bound");
	if (group->fd < 0)
		return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
			       "the group's file was not passed; "
			       "libiommufd_device_open_group_fd() takes one");
	return group->fd;
}

int type1_container_fd(struct backend_device *dev, struct op *op)
{
	/* With the device open the group stays where it is. */
	int r = type1_file(dev, op);
	if (r < 0)
		return r;
	pthread_mutex_lock(&dev->group->lock);
	struct type1_container *container = ((struct type1_group *)dev->group)->container;
	struct type1_ioas *home = type1_home((struct type1_group *)dev->group, dev->ctx);
	type1_lock_two(home, NULL);
	pthread_mutex_lock(&dev->ctx->groups_lock);
	container->given = true;
	pthread_mutex_unlock(&dev->ctx->groups_lock);
	int fd = container->fd;
	type1_unlock_two(home, NULL);
	type1_ioas_put(home);
	pthread_mutex_unlock(&dev->group->lock);
	return fd;
}

/* A duplicate of the file of a group that has bound devices; -EPERM if there is no such group. */
int type1_group_file(struct backend_ctx *ctx, uint32_t number)
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

bool type1_owns_group(struct backend_ctx *ctx, uint32_t number)
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
	.device_open_group = type1_device_open_group,
	.device_close = type1_device_close,
	.file = type1_file,
	.kvm_fd = type1_kvm_fd,
	.container_fd = type1_container_fd,
	.owns_group = type1_owns_group,
	.group_file = type1_group_file,
	.bind = type1_bind,
	.attach = type1_attach,
	.detach = type1_detach,
	.reach = type1_reach,
	.is_private = type1_is_private,
};
