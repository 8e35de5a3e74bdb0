/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared by the files of the type1 backend. A container is one set of page tables with the groups in
 * it. An address space keeps the record of its mappings and a list of containers that hold them: one
 * that groups share, and more for groups that could not join it.
 *
 * Who may look at a container: while it is some address space's, the holder of that one's lock; while
 * it is none's, the holder of the lock of the one group in it.
 */
#ifndef LIBIOMMUFD_TYPE1_H
#define LIBIOMMUFD_TYPE1_H

#include "backend.h"
#include "group.h"
#include "shadow.h"

/* What an IOMMU can do. */
struct type1_info {
	struct libiommufd_range *ranges; /* usable addresses, sorted */
	size_t range_count;
	uint64_t page_sizes;   /* bitmap */
	uint64_t entries_left; /* mappings it still takes; UINT64_MAX: the kernel does not tell */
};

struct type1_container {
	int fd;
	/*
	 * Both are written under the ctx's groups_lock too, so that a group can find them. No address
	 * space: there is one group, and it is not attached.
	 */
	struct type1_ioas *ioas;
	unsigned attached;            /* groups; the mappings are in place while it is not 0 */
	struct type1_container *next; /* of the same address space */
	struct type1_info info;
	unsigned groups;
	unsigned ghosts; /* of them, those that are closed here and that the kernel keeps in it */
	bool given; /* others have its file, and map into it too; written under the groups_lock, too */
	bool stale; /* may hold what no record has, since it could not be unmapped; written likewise */
	bool passed;  /* somebody else's, who maps into it too */
	bool alone;   /* its group asked for one that no other joins */
	bool iommufd; /* behind /dev/vfio/vfio; it blocks a group only once a device is open */
};

struct type1_group {
	struct group base;
	int fd;                            /* /dev/vfio/N; valid while a device is bound */
	struct type1_container *container; /* NULL: none is bound, or the kernel took it away */
	unsigned files;                 /* open devices; the group stays put while there are any */
	struct backend_device *devices; /* the bound ones, by their next_bound */
};

struct type1_ioas {
	struct backend_ioas base;
	atomic_uint refs;     /* the caller's and one of each container */
	pthread_mutex_t lock; /* all below; held over the ioctls that change mappings */
	struct shadow shadow;
	struct mapping *spare;              /* the last one dropped; or NULL */
	struct type1_container *containers; /* those that no group joins are last */
	/* What all containers in use can use, sorted; NULL while none is in use. */
	struct libiommufd_range *ranges;
	size_t range_count;
};

/* ---- What an IOMMU can do, in type1_info.c ---- */

/*
 * Ask a container, of which the group of that number is the newest member. Kernels before 5.4 do not
 * tell addresses: then those of before, narrowed by what sysfs says of the group; of one that is not
 * known nothing is read.
 */
int type1_read_info(const struct sys *sys, struct op *op, int container, int number,
		    const struct type1_info *before, struct type1_info *ret_info);

/* ---- One container, in type1_container.c ---- */

/* Open one that can do type1 v2. */
int type1_container_open(const struct sys *sys, struct op *op);
/* Is it an iommufd in disguise? */
bool type1_container_is_iommufd(const struct sys *sys, int fd);
void type1_container_free(const struct sys *sys, struct type1_container *container);
/*
 * Whose the group's container is, with a reference; NULL: no one's. It stays so while the group's lock is
 * held: others in the container never change it.
 */
struct type1_ioas *type1_home(const struct type1_group *group, struct backend_ctx *ctx);
/* Needs the locks of the old and the new one, and a reference to the old one. */
void type1_set_home(struct type1_container *container, struct backend_ctx *ctx,
		    struct type1_ioas *ioas);

/* The rest needs the address space's lock. */

/* How many groups of a container are attached. */
void type1_set_attached(struct type1_container *container, struct backend_ctx *ctx,
			unsigned attached);
void type1_set_stale(struct type1_container *container, struct backend_ctx *ctx, bool stale);
/* Ask anew what a container can do, which changes as groups come and go. */
int type1_reread(const struct backend_device *dev, struct op *op,
		 struct type1_container *container);
int type1_map_into(const struct type1_ioas *ioas, const struct type1_container *container,
		   const struct mapping *mapping);
int type1_unmap_from(const struct type1_ioas *ioas, const struct type1_container *container,
		     uint64_t iova, uint64_t length);
/*
 * The mappings from first to last, which begin and end there: all or, on failure, none; or, if ret_torn says
 * so, some of them.
 */
int type1_unmap_span(struct type1_ioas *ioas, const struct type1_container *container,
		     uint64_t first, uint64_t last, bool *ret_torn);
/* On failure some may be mapped. */
int type1_map_all_into(struct type1_ioas *ioas, const struct type1_container *container);
/* Everything the record has, the same way. */
int type1_unmap_all_from(struct type1_ioas *ioas, const struct type1_container *container,
			 bool *ret_torn);
/* Whatever is mapped in it. */
int type1_unmap_everything(const struct sys *sys, const struct type1_container *container);
/* The container behind that one, or the first, that holds the mappings; NULL at the end. */
static inline struct type1_container *type1_next_in_use(const struct type1_ioas *ioas,
							const struct type1_container *container)
{
	struct type1_container *next = container ? container->next : ioas->containers;

	while (next && !next->attached)
		next = next->next;
	return next;
}

/* ---- Addresses, in type1_address.c. Need the address space's lock. ---- */

bool type1_inside(const struct libiommufd_range *ranges, size_t count, uint64_t first,
		  uint64_t last);
/* Can an IOMMU hold what is mapped? */
bool type1_can_hold(const struct type1_info *info, struct type1_ioas *ioas);
/*
 * The ranges that all containers in use of ioas but one, and perhaps one more, can use; the caller frees
 * them.
 */
int type1_intersect(const struct type1_ioas *ioas, const struct type1_container *without,
		    const struct type1_info *with, struct libiommufd_range **ret_ranges,
		    size_t *ret_count);
/* Choose the address of a new mapping, or check that it can be used; whether it is taken is not looked at. */
int type1_pick(struct type1_ioas *ioas, struct op *op, struct dma *dma, uint64_t va);
int type1_check_place(const struct type1_ioas *ioas, struct op *op, const struct dma *dma);
static inline int type1_place(struct type1_ioas *ioas, struct op *op, struct dma *dma, uint64_t va)
{
	return dma->fixed ? type1_check_place(ioas, op, dma) : type1_pick(ioas, op, dma, va);
}

/* ---- Address spaces, in type1_ioas.c ---- */

int type1_ioas_create(struct backend_ctx *ctx, struct op *op, struct backend_ioas **ret_ioas);
int type1_ioas_destroy(struct backend_ioas *ioas, struct op *op, bool disown);
int type1_map(struct backend_ioas *ioas, struct op *op, struct dma *dma);
int type1_map_file(struct backend_ioas *ioas, struct op *op, int fd, struct dma *dma);
int type1_copy(struct backend_ioas *dst, struct backend_ioas *src, struct op *op, struct dma *dma);
int type1_unmap(struct backend_ioas *ioas, struct op *op, uint64_t iova, uint64_t length,
		uint64_t *ret_unmapped);
int type1_ranges(struct backend_ioas *ioas, struct op *op, struct libiommufd_range **ret_ranges,
		 size_t *ret_count, uint64_t *ret_alignment);
int type1_allow(struct backend_ioas *ioas, struct op *op, const struct libiommufd_range *ranges,
		size_t count);
int type1_set_huge_pages(struct backend_ioas *ioas, struct op *op, bool enable);
int type1_query_huge_pages(struct backend_ioas *ioas, struct op *op, bool *ret_enable);

/* Both locks, or one if they are the same or one is NULL. */
void type1_lock_two(struct type1_ioas *a, struct type1_ioas *b);
void type1_unlock_two(struct type1_ioas *a, struct type1_ioas *b);
void type1_ioas_put(struct type1_ioas *ioas);

/* ---- Files of groups and devices, in type1_group.c. Need the lock of the group of dev. ---- */

/* Open the group of dev and put it into a container: one of hint, if any takes it, else its own. */
int type1_claim(struct backend_device *dev, struct op *op, struct type1_ioas *hint);
/* Out of its container and closed; no device of it is open. disown: in a forked child. */
void type1_unclaim(struct type1_group *group, struct backend_device *dev, bool disown);
/* A new file of the device, which nobody else sees yet; and its end. */
int type1_get_file(struct backend_device *dev, struct op *op);
void type1_put_file(struct backend_device *dev, int fd);
/* The device's file, for all to see; opened if it is not. */
int type1_open_file(struct backend_device *dev, struct op *op);
void type1_close_file(struct backend_device *dev);

/* ---- Which container a group is in, in type1_member.c. Need the lock of the group of dev. ---- */

/* From none into one of hint, if any takes it, else its own. A failure may leave it in one: leave that. */
int type1_settle(struct type1_group *group, struct backend_device *dev, struct op *op,
		 struct type1_ioas *hint);
/* Into a container of its own if it is in none, which leaves its DMA open. */
int type1_block(struct backend_device *dev, struct op *op);
/*
 * Out of its container. False: something of a device that was open keeps it there. With must it is gone
 * for us, and the container counts it until the kernel has let it go.
 */
bool type1_leave(struct type1_group *group, struct backend_device *dev, bool must);
/*
 * Put a group of which no device is open into a container of ioas, if one takes it. On failure it may be
 * in none, or in one that it should not be in: see type1_go_back().
 */
int type1_join(struct type1_group *group, struct backend_device *dev, struct op *op,
	       struct type1_ioas *ioas);
/* Where a group is, before it goes elsewhere. It may have to come back; type1_forget() ends that. */
struct type1_origin {
	struct type1_container *container; /* to be compared, and no more: it may be gone */
	struct type1_ioas *home;
	bool shared, alone;
};
void type1_remember(const struct type1_group *group, struct backend_ctx *ctx,
		    struct type1_origin *ret_origin);
void type1_forget(struct type1_origin *origin);
/*
 * Back to where it was, because of error. If that is not to be had op says so instead: then it is in a
 * container of its own, or in none.
 */
void type1_go_back(struct type1_group *group, struct backend_device *dev, struct op *op,
		   const struct type1_origin *origin, int error);
/* Into a container that no other group is in. */
int type1_stand_alone(struct type1_group *group, struct backend_device *dev, struct op *op);
/* No other group joins the one that the group is in, if none has. */
void type1_seclude(struct type1_group *group, struct backend_ctx *ctx);

/* ---- Where a group's DMA goes, in type1_move.c. Need the lock of the group of dev. ---- */

/*
 * Make the container of the group hold the mappings of to, instead of what it holds. On failure it holds
 * what it held, or, if ret_lost says so, nothing.
 */
int type1_enter(struct type1_group *group, struct backend_device *dev, struct op *op,
		struct type1_ioas *to, bool *ret_lost);
/* Take the mappings out, the group's last device being detached. */
int type1_exit(struct type1_group *group, struct backend_device *dev, struct op *op);
/*
 * The same where its last attached device is closed, which cannot fail: what cannot be taken out ends with
 * the container, and until then op tells the log.
 */
void type1_abandon(struct type1_group *group, struct backend_device *dev, struct op *op);

/* ---- What contexts with containers of their own and passed ones have alike, in type1.c ---- */

int type1_ctx_fd(const struct backend_ctx *ctx);
int type1_has(struct backend_ctx *ctx, struct op *op, uint32_t feature);
int type1_file(struct backend_device *dev, struct op *op);
int type1_kvm_fd(struct backend_device *dev, struct op *op);
int type1_container_fd(struct backend_device *dev, struct op *op);
bool type1_owns_group(struct backend_ctx *ctx, uint32_t number);
int type1_group_file(struct backend_ctx *ctx, uint32_t number);
int type1_no_ids(struct op *op);

#endif
