/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the groups of a ctx and the record of where their DMA goes. Calls nothing. */
#include "group.h"

#include <stdlib.h>

/* Needs the list's lock. */
static struct group *find(struct backend_ctx *ctx, int number)
{
	struct group *group;

	for (group = ctx->groups; group; group = group->next)
		if (group->number == number)
			break;
	return group;
}

struct group *group_find(struct backend_ctx *ctx, int number)
{
	pthread_mutex_lock(&ctx->groups_lock);
	struct group *group = find(ctx, number);
	if (group)
		group->users++;
	pthread_mutex_unlock(&ctx->groups_lock);
	return group;
}

struct group *group_get(struct backend_ctx *ctx, int number, size_t size,
			void (*release)(struct backend_ctx *ctx, struct group *group))
{
	pthread_mutex_lock(&ctx->groups_lock);
	struct group *group = number >= 0 ? find(ctx, number) : NULL;
	if (!group && (group = calloc(1, size))) {
		group->number = number;
		group->release = release;
		pthread_mutex_init(&group->lock, NULL);
		atomic_init(&group->epoch, 1);
		group->next = ctx->groups;
		ctx->groups = group;
	}
	if (group)
		group->users++;
	pthread_mutex_unlock(&ctx->groups_lock);
	return group;
}

void group_put(struct backend_ctx *ctx, struct group *group, bool disown)
{
	if (!disown)
		pthread_mutex_lock(&ctx->groups_lock);
	bool last = --group->users == 0;
	if (last) {
		struct group **link = &ctx->groups;
		while (*link != group)
			link = &(*link)->next;
		*link = group->next;
	}
	if (!disown)
		pthread_mutex_unlock(&ctx->groups_lock);
	if (!last)
		return;
	if (group->release)
		group->release(ctx, group);
	pthread_mutex_destroy(&group->lock);
	free(group);
}

void group_now_attached(struct backend_device *dev, struct backend_ioas *ioas, uint32_t pt_id)
{
	struct group *group = dev->group;

	if (!device_attached(dev)) {
		group->attached++;
		atomic_store(&dev->epoch, atomic_load(&group->epoch));
	}
	group->ioas = ioas;
	group->pt_id = pt_id;
}

void group_now_detached(struct backend_device *dev)
{
	struct group *group = dev->group;

	if (!device_attached(dev))
		return;
	atomic_store(&dev->epoch, 0);
	if (--group->attached == 0) {
		group->ioas = NULL;
		group->pt_id = 0;
	}
}

void group_now_lost(struct group *group)
{
	atomic_fetch_add(&group->epoch, 1);
	group->attached = 0;
	group->ioas = NULL;
	group->pt_id = 0;
}

enum libiommufd_reach group_reach(struct backend_device *dev, struct libiommufd_ioas **ret_ioas)
{
	struct group *group = dev->group;
	enum libiommufd_reach reach;

	pthread_mutex_lock(&group->lock);
	*ret_ioas = group->attached && group->ioas ? group->ioas->owner : NULL;
	if (group->attached)
		reach = group->ioas ? LIBIOMMUFD_REACH_IOAS : LIBIOMMUFD_REACH_ID;
	else if (group->number < 0)
		reach = LIBIOMMUFD_REACH_UNKNOWN;
	else
		reach = group->bound ? LIBIOMMUFD_REACH_NOTHING : LIBIOMMUFD_REACH_KERNEL;
	pthread_mutex_unlock(&group->lock);
	return reach;
}
