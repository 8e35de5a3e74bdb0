/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared by the files of the type1 backend. Each group has a container of its own; an address space
 * maps into the container of every group that is attached to it.
 */
#ifndef LIBIOMMUFD_TYPE1_H
#define LIBIOMMUFD_TYPE1_H

#include "backend.h"
#include "group.h"
#include "shadow.h"

struct type1_group {
	struct group base;
	int fd;                          /* /dev/vfio/N; -1 while no device is bound */
	int container;                   /* /dev/vfio/vfio with this group in it; -1 likewise */
	struct libiommufd_range *ranges; /* usable addresses, sorted */
	size_t range_count;
	uint64_t page_sizes;            /* bitmap */
	struct type1_group *peer;       /* the next one attached to the same address space */
	struct backend_device *devices; /* the bound ones, by their next_bound */
};

struct type1_ioas {
	struct backend_ioas base;
	pthread_mutex_t lock; /* all below; held over the ioctls that change mappings */
	struct shadow shadow;
	struct type1_group *groups;
	/* What all of groups can use, sorted; NULL while there are none. */
	struct libiommufd_range *ranges;
	size_t range_count;
};

/* Read what the container's IOMMU can do. Ranges are replaced only on success. */
int type1_read_info(const struct sys *sys, struct op *op, struct type1_group *group);

/* ---- One container, in type1_container.c. Need the address space's lock. ---- */

int type1_map_into(const struct type1_ioas *ioas, const struct type1_group *group,
		   const struct mapping *mapping);
int type1_unmap_from(const struct type1_ioas *ioas, const struct type1_group *group, uint64_t iova,
		     uint64_t length);
/* The mappings from first to last, which begin and end there: all or, on failure, none. */
int type1_unmap_span(const struct type1_ioas *ioas, const struct type1_group *group, uint64_t first,
		     uint64_t last);
/* On failure some may be mapped. */
int type1_map_all_into(const struct type1_ioas *ioas, const struct type1_group *group);
/* Everything the record has, in one call: all or, on failure, none. */
int type1_unmap_all_from(const struct type1_ioas *ioas, const struct type1_group *group);
/* The mapping behind that one, or the first; NULL at the end. */
struct mapping *type1_next(const struct type1_ioas *ioas, const struct mapping *mapping);

/* ---- Addresses, in type1_address.c. Need the address space's lock. ---- */

bool type1_inside(const struct libiommufd_range *ranges, size_t count, uint64_t first,
		  uint64_t last);
/* The ranges that all groups of ioas but one, and perhaps one more, can use; the caller frees them. */
int type1_intersect(const struct type1_ioas *ioas, const struct type1_group *without,
		    const struct type1_group *with, struct libiommufd_range **ret_ranges,
		    size_t *ret_count);
/* Choose or check the address of a new mapping. */
int type1_place(const struct type1_ioas *ioas, struct op *op, struct dma *dma, uint64_t va);

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

/* Both locks, or one if they are the same. */
void type1_lock_two(struct type1_ioas *a, struct type1_ioas *b);
void type1_unlock_two(struct type1_ioas *a, struct type1_ioas *b);

/* ---- Groups come and go, in type1_move.c ---- */

/* Take a group off its address space's list, whatever is mapped. */
void type1_forget(struct type1_group *group, struct type1_ioas *ioas);

/*
 * Make a group's container hold the mappings of to instead of those of from; NULL is none. Needs the
 * group's lock. On failure the container holds those of from again, or, if ret_lost says so, none.
 */
int type1_move(struct type1_group *group, struct op *op, struct type1_ioas *from,
	       struct type1_ioas *to, bool *ret_lost);

#endif
