/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the coming and going of groups: what an address space maps is mapped into the container of a
 * group that joins and taken out when it leaves. What fails is undone, or said to be lost.
 */
#include "type1.h"

#include <stdlib.h>
#include <string.h>

#include "explain.h"

static void take_ranges(struct type1_ioas *ioas, struct libiommufd_range *ranges, size_t count)
{
	free(ioas->ranges);
	ioas->ranges = ranges;
	ioas->range_count = count;
}

/* ---- Groups come and go ---- */

/* Needs the lock. */
static void unlink_group(struct type1_ioas *ioas, struct type1_group *group)
{
	struct type1_group **link = &ioas->groups;

	while (*link != group)
		link = &(*link)->peer;
	*link = group->peer;
}

void type1_forget(struct type1_group *group, struct type1_ioas *ioas)
{
	pthread_mutex_lock(&ioas->lock);
	/* The ranges stay as narrow as they are, which costs no memory and is never wrong. */
	unlink_group(ioas, group);
	pthread_mutex_unlock(&ioas->lock);
}

/* Can the group's IOMMU hold what is mapped? Needs the lock. */
static bool can_hold(const struct type1_group *group, const struct type1_ioas *ioas)
{
	uint64_t smallest = group->page_sizes & -group->page_sizes;

	for (const struct mapping *m = NULL; (m = type1_next(ioas, m));)
		if (!type1_inside(group->ranges, group->range_count, m->iova, m->last) ||
		    ((m->iova | (m->last + 1)) & (smallest - 1)))
			return false;
	return true;
}

/* Put back what the container held before. Needs the locks. */
static int restore(struct type1_group *group, struct op *op, const struct type1_ioas *from,
		   int error, bool *ret_lost)
{
	if (!from || type1_map_all_into(from, group) == 0)
		return error;
	type1_unmap_all_from(from, group);
	*ret_lost = true;
	return op_fail(op, error, LIBIOMMUFD_REASON_RESTORE_FAILED,
		       "the new address space could not be mapped (%s) and the old one not "
		       "restored: "
		       "the group is detached and reaches nothing; attach it again",
		       strerrordesc_np(-error));
}

static int move_locked(struct type1_group *group, struct op *op, struct type1_ioas *from,
		       struct type1_ioas *to, bool *ret_lost)
{
	struct libiommufd_range *from_ranges = NULL, *to_ranges = NULL;
	size_t from_count = 0, to_count = 0;
	const struct backend_ctx *ctx = (from ? from : to)->base.ctx;
	int r = 0;

	if (to && !can_hold(group, to))
		return explain_attach(ctx, op, -EADDRINUSE, &to->base);
	if (to && type1_intersect(to, NULL, group, &to_ranges, &to_count) < 0)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	/* Without memory for wider ranges those left behind stay narrow, which is never wrong. */
	bool widen = from && type1_intersect(from, group, NULL, &from_ranges, &from_count) == 0;
	if (from)
		r = type1_unmap_all_from(from, group);
	if (r < 0) {
		op_fail(op, r, LIBIOMMUFD_REASON_KERNEL,
			"what was mapped before cannot be unmapped: %s", strerrordesc_np(-r));
		goto free;
	}
	r = to ? type1_map_all_into(to, group) : 0;
	if (r < 0) {
		explain_attach(ctx, op, r, &to->base);
		type1_unmap_all_from(to, group);
		r = restore(group, op, from, r, ret_lost);
	}
	if (from && (r == 0 || *ret_lost)) {
		unlink_group(from, group);
		if (widen) {
			take_ranges(from, from_ranges, from_count);
			from_ranges = NULL;
		}
	}
	if (to && r == 0) {
		group->peer = to->groups;
		to->groups = group;
		take_ranges(to, to_ranges, to_count);
		to_ranges = NULL;
	}
free:
	free(from_ranges);
	free(to_ranges);
	return r;
}

int type1_move(struct type1_group *group, struct op *op, struct type1_ioas *from,
	       struct type1_ioas *to, bool *ret_lost)
{
	struct type1_ioas *one = from ? from : to, *other = to ? to : from;

	type1_lock_two(one, other);
	int r = move_locked(group, op, from, to, ret_lost);
	type1_unlock_two(one, other);
	return r;
}
