/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An IOMMU group as one ctx knows it. A group has one translation: all its bound devices reach what
 * any attached one reaches. So where DMA goes is a fact of the group and is recorded here.
 *
 * The lock is held over the kernel's attach and detach, so that the record follows the kernel. Only
 * devices of the same group ever wait for each other on it.
 */
#ifndef LIBIOMMUFD_GROUP_H
#define LIBIOMMUFD_GROUP_H

#include "backend.h"

struct group {
	struct group *next;
	int number;     /* LIBIOMMUFD_FACT_UNKNOWN: a group of its own for one device */
	unsigned users; /* open devices; under the ctx's groups_lock */
	void (*release)(struct backend_ctx *ctx, struct group *group);

	pthread_mutex_t lock;
	unsigned bound;
	unsigned attached;
	/*
	 * A device is attached while its epoch equals this one. Changing it detaches all members at
	 * once, which happens when a move fails and cannot be undone.
	 */
	atomic_uint epoch;
	struct backend_ioas *ioas; /* where DMA goes, if attached != 0; NULL: pt_id */
	uint32_t pt_id;
};

/* The group of that number, made with size bytes (zeroed behind struct group) if it is not there. */
struct group *group_get(struct backend_ctx *ctx, int number, size_t size,
			void (*release)(struct backend_ctx *ctx, struct group *group));
/* The same if it is there, else NULL. */
struct group *group_find(struct backend_ctx *ctx, int number);
/* disown: in a forked child, where locks may be held by threads that do not exist. */
void group_put(struct backend_ctx *ctx, struct group *group, bool disown);

static inline bool device_attached(const struct backend_device *dev)
{
	unsigned epoch = atomic_load(&dev->epoch);
	return epoch && epoch == atomic_load(&dev->group->epoch);
}

/* Record, under the group's lock, what the kernel has done. */
void group_now_attached(struct backend_device *dev, struct backend_ioas *ioas, uint32_t pt_id);
void group_now_detached(struct backend_device *dev);
void group_now_lost(struct group *group);

/* What the DMA of a device reaches. */
enum libiommufd_reach group_reach(struct backend_device *dev, struct libiommufd_ioas **ret_ioas);

#endif
