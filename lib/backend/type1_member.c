/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns which container a group is in. It is in one from bind on, since that is what blocks its DMA. It can
 * change to another one while no device of it is open, but is in the kernel's default domain in between;
 * with a device open the kernel keeps it where it is.
 */
#include "type1.h"

#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "uapi/vfio.h"

/* ---- Into a container ---- */

static int set_container(const struct sys *sys, int group, int container)
{
	return sys->ioctl(sys, group, VFIO_GROUP_SET_CONTAINER, &container);
}

/* -EBUSY if somebody has a file of a device of it, or a mapping: the group stays until that ends. */
static int unset_container(const struct sys *sys, int group)
{
	return sys->ioctl(sys, group, VFIO_GROUP_UNSET_CONTAINER, NULL);
}

/*
 * Into the group's own, which no other group is in. On failure it is in none, or in that one all the same:
 * where the kernel keeps it.
 */
static int enter_own(struct type1_group *group, struct backend_device *dev, struct op *op,
		     struct type1_container *container)
{
	const struct sys *sys = dev->ctx->sys;

	int r = set_container(sys, group->fd, container->fd);
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
	if (r == 0 || unset_container(sys, group->fd) < 0)
		group->container = container;
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

static int make_own(struct type1_group *group, struct backend_device *dev, struct op *op)
{
	struct type1_container *container = NULL; /* gcc -O3 asks */

	int r = new_container(dev, op, &container);
	if (r < 0)
		return r;
	r = enter_own(group, dev, op, container);
	if (group->container != container)
		type1_container_free(dev->ctx->sys, container);
	return r;
}

/*
 * Into one that other groups are in. On failure it is in none, or in that one all the same: where the kernel
 * keeps it. Needs the lock of its address space.
 */
static int enter_shared(struct type1_group *group, struct backend_device *dev, struct op *op,
			struct type1_container *container)
{
	struct type1_ioas *ioas = container->ioas;
	const struct sys *sys = dev->ctx->sys;
	struct libiommufd_range *ranges = NULL;
	struct type1_info info = {0};
	size_t count = 0;

	int r = set_container(sys, group->fd, container->fd);
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
		if (unset_container(sys, group->fd) < 0) {
			container->groups++;
			group->container = container;
		}
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
	group->container = container;
	return 0;
}

/*
 * Into the first of ioas that takes it: then 1; none does: 0. On failure it is in one that did not take it, and
 * that it cannot leave. Needs the lock of ioas.
 */
static int enter_any(struct type1_group *group, struct backend_device *dev, struct op *op,
		     struct type1_ioas *ioas)
{
	struct type1_container *container = ioas ? ioas->containers : NULL;

	for (; container && !container->alone; container = container->next) {
		/* What others map in a container, or nobody knows of, is not for groups that come. */
		if (container->given || container->stale)
			continue;
		int r = enter_shared(group, dev, op, container);
		if (r == 0)
			return 1;
		if (group->container)
			return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL,
				       "the container of the address space takes the group in, "
				       "but cannot be used: %s",
				       strerrordesc_np(-r));
		op_forgive(op);
		op_note(op, "a container of the address space does not take group %d: %s",
			dev->group->number, strerrordesc_np(-r));
	}
	return 0;
}

int type1_settle(struct type1_group *group, struct backend_device *dev, struct op *op,
		 struct type1_ioas *hint)
{
	type1_lock_two(hint, NULL);
	int r = enter_any(group, dev, op, hint);
	if (r == 0) {
		r = make_own(group, dev, op);
		if (r == 0 && hint)
			type1_set_home(group->container, dev->ctx, hint);
	}
	type1_unlock_two(hint, NULL);
	return r < 0 ? r : 0;
}

int type1_block(struct backend_device *dev, struct op *op)
{
	struct type1_group *group = (struct type1_group *)dev->group;

	return group->container ? 0 : make_own(group, dev, op);
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

bool type1_leave(struct type1_group *group, struct backend_device *dev, bool must)
{
	struct type1_ioas *ioas = type1_home(group, dev->ctx);

	type1_lock_two(ioas, NULL);
	bool left = unset_container(dev->ctx->sys, group->fd) == 0;
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
	if (group->files || group->base.attached || !type1_leave(group, dev, false))
		return op_fail(op, -EBUSY, LIBIOMMUFD_REASON_CONTAINER_SHARED,
			       "its group shares a type1 container with others already and cannot "
			       "leave it while a device of it is open; close the group's devices "
			       "first");
	return make_own(group, dev, op);
}

/* ---- From one to another ---- */

/*
 * Out of its container, which stays for it if it was alone in it. False: the kernel keeps it there. Needs
 * the lock of the container's address space, if any.
 */
static bool step_out(struct type1_group *group, struct backend_device *dev, struct op *op)
{
	struct type1_container *container = group->container;

	int r = unset_container(dev->ctx->sys, group->fd);
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
	group->container = NULL;
	return true;
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
	if (!before || step_out(group, dev, op)) {
		r = enter_any(group, dev, op, ioas);
		if (r == 0)
			r = enter_own(group, dev, op, own);
	}
	if (own != group->container)
		type1_container_free(dev->ctx->sys, own);
unlock:
	type1_unlock_two(home, ioas);
	type1_ioas_put(home);
	return r < 0 ? r : 0;
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
	if (origin->shared && container)
		enter_shared(group, dev, op, container);
	return group->container;
}

void type1_go_back(struct type1_group *group, struct backend_device *dev, struct op *op,
		   const struct type1_origin *origin, int error)
{
	struct op ignored;

	if (group->container == origin->container)
		return;
	if (group->container && !type1_leave(group, dev, false)) {
		op_fail(op, error, LIBIOMMUFD_REASON_RESTORE_FAILED,
			"its group cannot leave the container that it has joined for this (%s), "
			"and reaches what that one's groups reach; close it",
			strerrordesc_np(-error));
		return;
	}
	op_begin(&ignored, op->name, op->subject, NULL);
	type1_lock_two(origin->home, NULL);
	bool back = enter_origin(group, dev, &ignored, origin);
	if (!back)
		make_own(group, dev, &ignored);
	if (!group->container) {
		no_container(op, error);
	} else if (!back && origin->shared) {
		op_fail(op, error, LIBIOMMUFD_REASON_RESTORE_FAILED,
			"its group could not go back to the container that it shared (%s): it is "
			"in one of its own, and its DMA is blocked until it is attached",
			strerrordesc_np(-error));
	} else if (!back) {
		group->container->alone = origin->alone;
		type1_set_home(group->container, dev->ctx, origin->home);
	}
	type1_unlock_two(origin->home, NULL);
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
