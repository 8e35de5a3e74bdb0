/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns where the DMA of a container goes: the mappings of an address space are put in when its first
 * group is attached, exchanged when that group moves, and taken out when its last group is detached.
 * What fails is undone, or said to be lost.
 */
#include "type1.h"

#include <stdlib.h>
#include <string.h>

#include "explain.h"

/* ---- The ranges of an address space ---- */

struct range_list {
	struct libiommufd_range *ranges;
	size_t count;
};

static void take_ranges(struct type1_ioas *ioas, struct range_list *list)
{
	free(ioas->ranges);
	ioas->ranges = list->ranges;
	ioas->range_count = list->count;
	list->ranges = NULL;
}

/* The container stops holding the mappings. Without memory the ranges stay narrow, never wrong. */
static void now_empty(struct type1_container *container, struct backend_ctx *ctx)
{
	struct type1_ioas *ioas = container->ioas;
	struct range_list wider = {0};

	type1_set_attached(container, ctx, 0);
	if (type1_intersect(ioas, NULL, NULL, &wider.ranges, &wider.count) == 0)
		take_ranges(ioas, &wider);
	/* One group alone is free to go elsewhere; several stay together where they are. */
	if (container->groups == 1)
		type1_set_home(container, ctx, NULL);
}

/* ---- The mappings of a container ---- */

/* Everything that can be known before anything is changed. Needs the locks. */
static int check(struct backend_device *dev, struct op *op, struct type1_container *container,
		 struct type1_ioas *from, struct type1_ioas *to)
{
	/* Without page sizes: what it can do could not be read when the group came. */
	if (!to->shadow.count && container->info.page_sizes)
		return 0;
	int r = type1_reread(dev, op, container);
	if (r < 0)
		return r;
	if (!type1_can_hold(&container->info, to))
		return explain_attach(dev->ctx, op, -EADDRINUSE, &to->base);
	uint64_t left = container->info.entries_left, given_back = from ? from->shadow.count : 0;
	if (to->shadow.count > left && to->shadow.count - left > given_back) {
		explain_attach(dev->ctx, op, -ENOSPC, &to->base);
		op_limit(op, to->shadow.count, left + given_back);
		return -ENOSPC;
	}
	return 0;
}

/* It is to hold nothing of ioas. What cannot be taken out the library must not forget. */
static int empty(struct type1_container *container, const struct backend_device *dev,
		 struct type1_ioas *ioas)
{
	bool torn = false;

	int r = type1_unmap_all_from(ioas, container, &torn);
	if (r < 0)
		type1_set_stale(container, dev->ctx, true);
	return r;
}

/* Take out what could not be taken out before. Where others map, too, nobody can tell it from theirs. */
static int clear(struct type1_container *container, const struct backend_device *dev)
{
	if (!container->stale || container->given)
		return 0;
	int r = type1_unmap_everything(dev->ctx->sys, container);
	if (r == 0)
		type1_set_stale(container, dev->ctx, false);
	return r;
}

/* Put back what the container held before. Needs the locks. */
static int restore(struct type1_container *container, const struct backend_device *dev,
		   struct op *op, struct type1_ioas *from, int error, bool *ret_lost)
{
	bool back = !from || type1_map_all_into(from, container) == 0;

	if (!back) {
		empty(container, dev, from);
		*ret_lost = true;
	}
	if (container->stale)
		return op_fail(op, error, LIBIOMMUFD_REASON_RESTORE_FAILED,
			       "the new address space could not be mapped (%s), and not all of it "
			       "be unmapped again: the group is %s, and DMA may reach parts that "
			       "were mapped; close its devices",
			       strerrordesc_np(-error), back && from ? "where it was" : "detached");
	if (back)
		return error;
	return op_fail(op, error, LIBIOMMUFD_REASON_RESTORE_FAILED,
		       "the new address space could not be mapped (%s) and the old one not "
		       "restored: the group is detached and reaches nothing; attach it again",
		       strerrordesc_np(-error));
}

static int not_unmapped(struct op *op, int error, bool torn)
{
	if (torn)
		return op_fail(op, error, LIBIOMMUFD_REASON_RESTORE_FAILED,
			       "what was mapped before cannot all be unmapped (%s), and what is "
			       "gone of it not be mapped again: the group stays attached, and "
			       "some of its DMA faults; try again, or close its devices",
			       strerrordesc_np(-error));
	return op_fail(op, error, LIBIOMMUFD_REASON_KERNEL,
		       "what was mapped before cannot be unmapped: %s", strerrordesc_np(-error));
}

/* What is in place goes: from, if it is not NULL, and what is left of others. Needs the locks. */
static int take_out(const struct backend_device *dev, struct op *op,
		    struct type1_container *container, struct type1_ioas *from)
{
	bool torn = false;

	int r = from ? type1_unmap_all_from(from, container, &torn) : 0;
	if (r == 0)
		r = clear(container, dev);
	else
		return not_unmapped(op, r, torn);
	/* From is gone by now, unless there was none. */
	if (r < 0 && from && type1_map_all_into(from, container) < 0)
		torn = true;
	return r < 0 ? not_unmapped(op, r, torn) : 0;
}

/* What would be pinned, some pages more than once. */
static uint64_t bytes_of(struct type1_ioas *ioas)
{
	uint64_t bytes = 0;

	for (const struct mapping *m = shadow_first(&ioas->shadow); m;
	     m = shadow_next(&ioas->shadow, m))
		bytes += mapping_length(m);
	return bytes;
}

/* from: what is in place; NULL: nothing. Needs the locks. */
static int exchange(const struct backend_device *dev, struct op *op,
		    struct type1_container *container, struct type1_ioas *from,
		    struct type1_ioas *to, bool *ret_lost)
{
	int r = take_out(dev, op, container, from);
	if (r < 0)
		return r;
	r = type1_map_all_into(to, container);
	if (r < 0) {
		empty(container, dev, to);
		if (r == -ENOMEM)
			explain_memory(dev->ctx, op, bytes_of(to));
		else
			explain_attach(dev->ctx, op, r, &to->base);
		r = restore(container, dev, op, from, r, ret_lost);
	}
	return r;
}

/* ---- Groups come and go ---- */

static int shared(struct op *op, const char *instead)
{
	return op_fail(op, -EBUSY, LIBIOMMUFD_REASON_CONTAINER_SHARED,
		       "its group shares a type1 container with other groups and cannot leave it "
		       "while it is open; %s, or bind it with LIBIOMMUFD_BIND_PRIVATE from the "
		       "start",
		       instead);
}

/* Needs the locks of the container's address space and of to. */
static int enter_locked(struct type1_group *group, struct backend_device *dev, struct op *op,
			struct type1_ioas *to, bool *ret_lost)
{
	struct type1_container *container = group->container;
	struct type1_ioas *home = container->ioas;
	unsigned mine = group->base.attached ? 1 : 0;
	struct range_list ranges = {0};

	if (home == to && container->attached > 0) {
		type1_set_attached(container, dev->ctx, container->attached + 1 - mine);
		return 0;
	}
	/* They would be moved too, attached or not, and their DMA reach what they were not told of. */
	if (home != to && container->groups > 1)
		return shared(op, "close it and bind it again with the new address space");

	int r = check(dev, op, container, mine ? home : NULL, to);
	if (r < 0)
		return r;
	r = type1_intersect(to, NULL, &container->info, &ranges.ranges, &ranges.count);
	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_REASON_MEMORY, "no memory");
	r = exchange(dev, op, container, mine ? home : NULL, to, ret_lost);
	if (mine && (r == 0 || *ret_lost))
		now_empty(container, dev->ctx);
	if (r < 0) {
		free(ranges.ranges);
		return r;
	}
	type1_set_home(container, dev->ctx, to);
	type1_set_attached(container, dev->ctx, 1);
	take_ranges(to, &ranges);
	if (to->containers != container)
		op_note(op,
			"group %d has a container of its own: what the address space maps is "
			"pinned once more for it",
			group->base.number);
	return 0;
}

int type1_enter(struct type1_group *group, struct backend_device *dev, struct op *op,
		struct type1_ioas *to, bool *ret_lost)
{
	struct type1_ioas *home = type1_home(group, dev->ctx);

	type1_lock_two(home, to);
	int r = enter_locked(group, dev, op, to, ret_lost);
	type1_unlock_two(home, to);
	type1_ioas_put(home);
	return r;
}

int type1_exit(struct type1_group *group, struct backend_device *dev, struct op *op)
{
	struct type1_container *container = group->container;
	struct type1_ioas *home = type1_home(group, dev->ctx);
	int r;

	type1_lock_two(home, NULL);
	if (container->attached > 1) {
		r = shared(op, "close it");
	} else {
		r = take_out(dev, op, container, home);
		if (r == 0)
			now_empty(container, dev->ctx);
	}
	type1_unlock_two(home, NULL);
	type1_ioas_put(home);
	return r;
}

void type1_abandon(struct type1_group *group, struct backend_device *dev, struct op *op)
{
	struct type1_container *container = group->container;
	struct type1_ioas *home = type1_home(group, dev->ctx);

	type1_lock_two(home, NULL);
	if (container->attached > 1) {
		type1_set_attached(container, dev->ctx, container->attached - 1);
	} else {
		int r = empty(container, dev, home);
		if (r < 0 && (container->groups > 1 || group->base.bound > 1))
			op_note(op,
				"what was mapped cannot be unmapped (%s): devices of group %d that "
				"are still bound may reach it until they are closed",
				strerrordesc_np(-r), group->base.number);
		now_empty(container, dev->ctx);
	}
	type1_unlock_two(home, NULL);
	type1_ioas_put(home);
}
