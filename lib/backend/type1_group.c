/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns which container a group is in, and its files. A group is in a container from bind on, since that
 * is what blocks its DMA. It can change to another one while no device of it is open, but is in the
 * kernel's default domain in between; with a device open the kernel keeps it where it is. So a device is
 * opened when it is first used or attached, and not by bind. (An iommufd that serves /dev/vfio/vfio
 * blocks a group only once a device is open: there bind opens it.)
 */
#include "type1.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "uapi/vfio.h"

/* ---- Whose a container is ---- */

struct type1_ioas *type1_home(const struct type1_group *group, struct backend_ctx *ctx)
{
	struct type1_ioas *ioas = NULL;

	pthread_mutex_lock(&ctx->groups_lock);
	if (group->container)
		ioas = group->container->ioas;
	if (ioas)
		atomic_fetch_add(&ioas->refs, 1);
	pthread_mutex_unlock(&ctx->groups_lock);
	return ioas;
}

void type1_set_home(struct type1_container *container, struct backend_ctx *ctx,
		    struct type1_ioas *ioas)
{
	struct type1_ioas *old = container->ioas;
	struct type1_container **link;

	if (old == ioas)
		return;
	if (old) {
		for (link = &old->containers; *link != container;)
			link = &(*link)->next;
		*link = container->next;
		container->next = NULL;
	}
	if (ioas) {
		atomic_fetch_add(&ioas->refs, 1);
		for (link = &ioas->containers; *link && (container->alone || !(*link)->alone);)
			link = &(*link)->next;
		container->next = *link;
		*link = container;
	}
	pthread_mutex_lock(&ctx->groups_lock);
	container->ioas = ioas;
	pthread_mutex_unlock(&ctx->groups_lock);
	type1_ioas_put(old);
}

void type1_set_attached(struct type1_container *container, struct backend_ctx *ctx,
			unsigned attached)
{
	pthread_mutex_lock(&ctx->groups_lock);
	container->attached = attached;
	pthread_mutex_unlock(&ctx->groups_lock);
}

void type1_set_stale(struct type1_container *container, struct backend_ctx *ctx, bool stale)
{
	pthread_mutex_lock(&ctx->groups_lock);
	container->stale = stale;
	pthread_mutex_unlock(&ctx->groups_lock);
}

/* ---- Into a container ---- */

int type1_reread(const struct backend_device *dev, struct op *op, struct type1_container *container)
{
	struct type1_info info;

	int r = type1_read_info(dev->ctx->sys, op, container->fd, dev->group->number,
				&container->info, &info);
	if (r == 0) {
		free(container->info.ranges);
		container->info = info;
	}
	return r;
}

static int set_container(const struct sys *sys, int group, int container)
{
	return sys->ioctl(sys, group, VFIO_GROUP_SET_CONTAINER, &container);
}

static void unset_container(const struct sys *sys, int group)
{
	/* -EBUSY if a mapping or another copy of a device's file outlives it: it ends with that. */
	sys->ioctl(sys, group, VFIO_GROUP_UNSET_CONTAINER, NULL);
}

/* Into the group's own, which no other group is in. */
static int enter_own(struct backend_device *dev, struct op *op, int fd,
		     struct type1_container *container)
{
	const struct sys *sys = dev->ctx->sys;

	int r = set_container(sys, fd, container->fd);
	if (r < 0)
		return explain_claim(dev->ctx, op, r, &dev->place);
	r = sys->ioctl(sys, container->fd, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU);
	if (r == -EPERM)
		explain_claim(dev->ctx, op, r, &dev->place);
	else if (r < 0)
		op_fail(op, r, LIBIOMMUFD_REASON_KERNEL,
			"the container refuses the group's IOMMU: %s", strerrordesc_np(-r));
	else
		r = type1_reread(dev, op, container);
	if (r < 0)
		unset_container(sys, fd);
	return r;
}

/* One that nobody is in yet. */
static int new_container(struct backend_device *dev, struct op *op,
			 struct type1_container **ret_container)
{
	const struct sys *sys = dev->ctx->sys;
	struct type1_container *container = calloc(1, sizeof(*container));

	if (!container)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	int r = container->fd = type1_container_open(sys, op);
	if (r < 0) {
		free(container);
		return r;
	}
	container->iommufd = type1_container_is_iommufd(sys, container->fd);
	container->groups = 1;
	*ret_container = container;
	return 0;
}

static int make_own(struct backend_device *dev, struct op *op, int fd,
		    struct type1_container **ret_container)
{
	struct type1_container *container;

	int r = new_container(dev, op, &container);
	if (r < 0)
		return r;
	r = enter_own(dev, op, fd, container);
	if (r < 0)
		type1_container_free(dev->ctx->sys, container);
	else
		*ret_container = container;
	return r;
}

/* Into one that other groups are in. Needs the lock of its address space. */
static int enter_shared(struct backend_device *dev, struct op *op, int fd,
			struct type1_container *container)
{
	struct type1_ioas *ioas = container->ioas;
	const struct sys *sys = dev->ctx->sys;
	struct libiommufd_range *ranges = NULL;
	struct type1_info info = {0};
	size_t count = 0;

	int r = set_container(sys, fd, container->fd);
	if (r < 0)
		return r;
	r = type1_read_info(sys, op, container->fd, dev->group->number, &container->info, &info);
	/* Kernels before 5.4 take a group in that cannot have what is mapped. */
	if (r == 0 && container->attached && !type1_can_hold(&info, ioas))
		r = -EADDRINUSE;
	if (r == 0 && container->attached)
		r = type1_intersect(ioas, container, &info, &ranges, &count);
	if (r < 0) {
		free(info.ranges);
		unset_container(sys, fd);
		return r;
	}
	free(container->info.ranges);
	container->info = info;
	if (container->attached) {
		free(ioas->ranges);
		ioas->ranges = ranges;
		ioas->range_count = count;
	}
	container->groups++;
	return 0;
}

/* Into the first of ioas that takes it; NULL: none does. Needs the lock of ioas. */
static struct type1_container *enter_any(struct backend_device *dev, struct op *op, int fd,
					 struct type1_ioas *ioas)
{
	struct type1_container *container = ioas ? ioas->containers : NULL;

	for (; container && !container->alone; container = container->next) {
		/* What others map in a container, or nobody knows of, is not for groups that come. */
		if (container->given || container->stale)
			continue;
		int r = enter_shared(dev, op, fd, container);
		if (r == 0)
			return container;
		op_forgive(op);
		op_note(op, "a container of the address space does not take group %d: %s",
			dev->group->number, strerrordesc_np(-r));
	}
	return NULL;
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

int type1_claim(struct backend_device *dev, struct op *op, struct type1_ioas *hint)
{
	struct type1_group *group = (struct type1_group *)dev->group;
	const struct sys *sys = dev->ctx->sys;
	struct type1_container *container;
	char path[32];

	snprintf(path, sizeof(path), "/dev/vfio/%d", group->base.number);
	int fd = sys->open(sys, path, O_RDWR);
	if (fd < 0)
		return explain_node(op, fd, path);
	int r = check_viable(dev, op, fd);
	if (r < 0)
		goto close;
	type1_lock_two(hint, NULL);
	container = enter_any(dev, op, fd, hint);
	if (!container) {
		r = make_own(dev, op, fd, &container);
		if (r == 0 && hint)
			type1_set_home(container, dev->ctx, hint);
	}
	type1_unlock_two(hint, NULL);
	if (r < 0)
		goto close;
	group->fd = fd;
	group->container = container;
	return 0;
close:
	sys->close(sys, fd);
	return r;
}

static int no_container(struct op *op, int error)
{
	return op_fail(
		op, error, LIBIOMMUFD_REASON_RESTORE_FAILED,
		"the group could neither join the container of the address space nor go back "
		"to one of its own (%s): it is bound, but its DMA is not blocked until it is "
		"attached; close it or attach it again",
		strerrordesc_np(-error));
}

/* ---- Out of it ---- */

/* The group has left: what is left of the container? Needs the lock of its address space, if any. */
static void let_go(struct backend_device *dev, struct type1_container *container, bool ghost)
{
	struct type1_ioas *ioas = container->ioas;
	struct libiommufd_range *ranges;
	struct op ignored;
	size_t count;

	if (ghost)
		container->ghosts++;
	else
		container->groups--;
	if (container->groups == container->ghosts) {
		type1_set_home(container, dev->ctx, NULL);
		type1_container_free(dev->ctx->sys, container);
		return;
	}
	/* Where this fails the ranges stay narrow, which is never wrong. */
	op_begin(&ignored, "close", "", NULL);
	if (type1_reread(dev, &ignored, container) == 0 && container->attached &&
	    type1_intersect(ioas, NULL, NULL, &ranges, &count) == 0) {
		free(ioas->ranges);
		ioas->ranges = ranges;
		ioas->range_count = count;
	}
}

/* False if something of a device that was open keeps the group where it is, and it may not go. */
static bool leave(struct type1_group *group, struct backend_device *dev, bool must)
{
	struct type1_ioas *ioas = type1_home(group, dev->ctx);

	type1_lock_two(ioas, NULL);
	bool left = dev->ctx->sys->ioctl(dev->ctx->sys, group->fd, VFIO_GROUP_UNSET_CONTAINER,
					 NULL) == 0;
	if (left || must) {
		/* It ends with what keeps it there; until then it is one of the container's groups. */
		let_go(dev, group->container, !left);
		group->container = NULL;
	}
	type1_unlock_two(ioas, NULL);
	type1_ioas_put(ioas);
	return left || must;
}

int type1_stand_alone(struct type1_group *group, struct backend_device *dev, struct op *op)
{
	struct type1_container *container = group->container;

	if (!container)
		return 0;
	struct type1_ioas *home = type1_home(group, dev->ctx);
	type1_lock_two(home, NULL);
	bool shared = container->groups > 1;
	type1_unlock_two(home, NULL);
	type1_ioas_put(home);
	if (!shared)
		return 0;
	if (group->files || group->base.attached || !leave(group, dev, false))
		return op_fail(op, -EBUSY, LIBIOMMUFD_REASON_CONTAINER_SHARED,
			       "its group shares a type1 container with others already and cannot "
			       "leave it while a device of it is open; close the group's devices "
			       "first");
	return make_own(dev, op, group->fd, &group->container);
}

/* ---- From one to another ---- */

/*
 * Out of its container, which stays for it if it was alone in it. False: the kernel keeps it there. Needs
 * the lock of the container's address space, if any.
 */
static bool step_out(struct type1_group *group, struct backend_device *dev, struct op *op)
{
	struct type1_container *container = group->container;
	const struct sys *sys = dev->ctx->sys;

	int r = sys->ioctl(sys, group->fd, VFIO_GROUP_UNSET_CONTAINER, NULL);
	if (r < 0) {
		/* What is left of a device that was open before keeps it where it is. */
		op_note(op, "group %d cannot leave its container: %s", group->base.number,
			strerrordesc_np(-r));
		return false;
	}
	if (container->groups == 1)
		type1_set_home(container, dev->ctx, NULL);
	else
		let_go(dev, container, false);
	return true;
}

/*
 * From before, which it has left, into one of ioas, or into its own, or back. NULL: in none. Needs the
 * locks.
 */
static struct type1_container *step_in(struct type1_group *group, struct backend_device *dev,
				       struct op *op, struct type1_ioas *ioas,
				       struct type1_container *own, struct type1_container *before,
				       int *ret_error)
{
	struct type1_container *shared = enter_any(dev, op, group->fd, ioas);

	*ret_error = 0;
	if (shared)
		return shared;
	*ret_error = enter_own(dev, op, group->fd, own);
	if (*ret_error == 0)
		return own;
	if (before && before != own && enter_shared(dev, op, group->fd, before) == 0)
		return before;
	if (before)
		no_container(op, *ret_error);
	return NULL;
}

int type1_join(struct type1_group *group, struct backend_device *dev, struct op *op,
	       struct type1_ioas *ioas)
{
	struct type1_ioas *home = type1_home(group, dev->ctx);
	struct type1_container *before = group->container, *own = before;
	int r = 0;

	/* A device that is closed again may have taken the group there before. */
	if (home == ioas) {
		type1_ioas_put(home);
		return 0;
	}
	type1_lock_two(home, ioas);
	bool any = ioas->containers && !ioas->containers->alone;
	bool has_own = before && before->groups == 1;
	if (has_own && !any)
		goto unlock;
	if (!has_own)
		r = new_container(dev, op, &own);
	if (r < 0)
		goto unlock;
	if (!before || step_out(group, dev, op))
		group->container = step_in(group, dev, op, ioas, own, before, &r);
	if (own != group->container)
		type1_container_free(dev->ctx->sys, own);
unlock:
	type1_unlock_two(home, ioas);
	type1_ioas_put(home);
	return r;
}

/* ---- And back ---- */

void type1_remember(const struct type1_group *group, struct backend_ctx *ctx,
		    struct type1_origin *ret_origin)
{
	struct type1_container *container = group->container;

	*ret_origin = (struct type1_origin){.container = container};
	if (!container)
		return;
	ret_origin->home = type1_home(group, ctx);
	type1_lock_two(ret_origin->home, NULL);
	ret_origin->shared = container->groups > 1;
	ret_origin->alone = container->alone;
	type1_unlock_two(ret_origin->home, NULL);
}

void type1_forget(struct type1_origin *origin)
{
	type1_ioas_put(origin->home);
}

/* The one that it shared, if it is still there: the others may have left it since. Needs the lock. */
static bool enter_origin(struct type1_group *group, struct backend_device *dev, struct op *op,
			 const struct type1_origin *origin)
{
	struct type1_container *container = origin->home ? origin->home->containers : NULL;

	while (container && container != origin->container)
		container = container->next;
	if (!origin->shared || !container || enter_shared(dev, op, group->fd, container) < 0)
		return false;
	group->container = container;
	return true;
}

void type1_go_back(struct type1_group *group, struct backend_device *dev, struct op *op,
		   const struct type1_origin *origin, int error)
{
	struct op ignored;

	if (group->container == origin->container)
		return;
	if (group->container && !leave(group, dev, false)) {
		op_fail(op, error, LIBIOMMUFD_REASON_RESTORE_FAILED,
			"its group cannot leave the container that it has joined for this (%s), "
			"and reaches what that one's groups reach; close it",
			strerrordesc_np(-error));
		return;
	}
	op_begin(&ignored, op->name, op->subject, NULL);
	type1_lock_two(origin->home, NULL);
	bool back = enter_origin(group, dev, &ignored, origin);
	if (!back && make_own(dev, &ignored, group->fd, &group->container) < 0) {
		no_container(op, error);
	} else if (!back && origin->shared) {
		op_fail(op, error, LIBIOMMUFD_REASON_RESTORE_FAILED,
			"its group could not go back to the container that it shared (%s): it is "
			"in "
			"one of its own, and its DMA is blocked until it is attached",
			strerrordesc_np(-error));
	} else if (!back) {
		group->container->alone = origin->alone;
		type1_set_home(group->container, dev->ctx, origin->home);
	}
	type1_unlock_two(origin->home, NULL);
}

void type1_unclaim(struct type1_group *group, struct backend_device *dev, bool disown)
{
	const struct sys *sys = dev->ctx->sys;
	struct type1_container *container = group->container;

	if (container && !disown) {
		leave(group, dev, true);
	} else if (container && --container->groups == container->ghosts) {
		/* In a forked child: no ioctl, and no lock, since there may be none to give it back. */
		struct type1_ioas *ioas = container->ioas;
		type1_container_free(sys, container);
		type1_ioas_put(ioas);
	}
	group->container = NULL;
	sys->close(sys, group->fd);
}

/* ---- Devices of the group ---- */

/* What the group knows the device by, with the token where there is one. */
static void write_name(const struct backend_device *dev, char *name, size_t size)
{
	/* Of a passed group the place in sysfs is not known, and the caller gives the name. */
	const char *slash = strrchr(dev->place.sysfs, '/');
	const uint8_t *t = dev->token;

	int n = snprintf(name, size, "%.80s", slash ? slash + 1 : dev->place.name);
	if (dev->has_token)
		snprintf(name + n, size - (size_t)n,
			 " vf_token=%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
			 "%02x%02x%02x%02x%02x%02x",
			 t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10], t[11],
			 t[12], t[13], t[14], t[15]);
}

void type1_seclude(struct type1_group *group, struct backend_ctx *ctx)
{
	struct type1_container *container = group->container;
	struct type1_ioas *home = type1_home(group, ctx);

	type1_lock_two(home, NULL);
	if (container->groups == 1) {
		container->alone = true;
		/* To its place among the others. */
		type1_set_home(container, ctx, NULL);
		type1_set_home(container, ctx, home);
	}
	type1_unlock_two(home, NULL);
	type1_ioas_put(home);
}

int type1_block(struct backend_device *dev, struct op *op)
{
	struct type1_group *group = (struct type1_group *)dev->group;

	return group->container ? 0 : make_own(dev, op, group->fd, &group->container);
}

int type1_get_file(struct backend_device *dev, struct op *op)
{
	struct type1_group *group = (struct type1_group *)dev->group;
	const struct sys *sys = dev->ctx->sys;
	char name[160];

	int r = type1_block(dev, op);
	if (r < 0)
		return r;
	write_name(dev, name, sizeof(name));
	int fd = sys->ioctl(sys, group->fd, VFIO_GROUP_GET_DEVICE_FD, name);
	/* -EINVAL: a token for a device that has none. */
	if (fd == -EACCES || (fd == -EINVAL && dev->has_token))
		return explain_token(op, fd, dev->has_token);
	/* Of a passed group only the name is known that the caller gave. */
	if (fd == -ENODEV && group->container->passed)
		return op_fail(op, fd, LIBIOMMUFD_REASON_NO_SUCH_DEVICE,
			       "the group has no device of this name on a vfio driver");
	/* The group is ours, so the device is on another driver or on none. */
	if (fd == -ENODEV)
		return explain_not_vfio(sys, op, &dev->place);
	if (fd < 0)
		return explain_claim(dev->ctx, op, fd, &dev->place);
	group->files++;
	return fd;
}

int type1_open_file(struct backend_device *dev, struct op *op)
{
	int fd = atomic_load(&dev->fd);

	if (fd < 0)
		fd = type1_get_file(dev, op);
	if (fd >= 0)
		atomic_store(&dev->fd, fd);
	return fd;
}

void type1_put_file(struct backend_device *dev, int fd)
{
	dev->ctx->sys->close(dev->ctx->sys, fd);
	((struct type1_group *)dev->group)->files--;
}

void type1_close_file(struct backend_device *dev)
{
	int fd = atomic_exchange(&dev->fd, -1);

	if (fd >= 0)
		type1_put_file(dev, fd);
}
