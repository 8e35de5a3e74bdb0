/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mappings of one address space, as a set of ranges that do not overlap, ordered by address. For
 * backends whose kernel keeps no such record that can be asked. Not locked: the caller's affair, also
 * where it only looks, since what was found is remembered.
 */
#ifndef LIBIOMMUFD_SHADOW_H
#define LIBIOMMUFD_SHADOW_H

#include "libiommufd.h"

struct mapping {
	uint64_t iova;
	uint64_t last;
	uint64_t va;
	uint32_t access;
	bool writable; /* a copy may be: it was mapped so, or is a copy of what was */
};

/* Of the tree: a leaf holds mappings, an inner node holds nodes. */
union node {
	struct leaf *leaf;
	struct inner *inner;
};

enum {
	/* Every inner node but the root holds 8 or more, every leaf 4: enough for 2^47 mappings. */
	SHADOW_LEVELS = 16
};

/* All zero is empty. */
struct shadow {
	union node root;
	size_t height; /* levels of inner nodes above the leaves */
	size_t count;
	/* The leaf that was looked at last, the part of the address space that it has, and the way to it. */
	struct leaf *near;
	uint64_t near_first, near_last;
	struct step {
		struct inner *inner;
		size_t at;
	} way[SHADOW_LEVELS];
};

static inline uint64_t mapping_length(const struct mapping *mapping)
{
	return mapping->last - mapping->iova + 1;
}

/* Add a copy of it. -EEXIST if it overlaps one; -ENOMEM. What was found before is no longer valid. */
int shadow_insert(struct shadow *shadow, const struct mapping *mapping);
/* Remove what was found. Nothing else that was is valid then. */
void shadow_remove(struct shadow *shadow, const struct mapping *mapping);
/* Remove all. */
void shadow_clear(struct shadow *shadow);

/* The lowest, or the highest, mapping that has an address in [first, last]; NULL if none. */
const struct mapping *shadow_find(struct shadow *shadow, uint64_t first, uint64_t last);
const struct mapping *shadow_find_last(struct shadow *shadow, uint64_t first, uint64_t last);

/* All in turn: the first, and the one behind mapping; NULL if there is none. */
static inline const struct mapping *shadow_first(struct shadow *shadow)
{
	return shadow_find(shadow, 0, UINT64_MAX);
}

static inline const struct mapping *shadow_next(struct shadow *shadow,
						const struct mapping *mapping)
{
	return mapping->last == UINT64_MAX ? NULL
					   : shadow_find(shadow, mapping->last + 1, UINT64_MAX);
}

/*
 * The lowest free address in [first, last] for length bytes that equals phase modulo alignment (a
 * power of two). False if there is none. What is learned on the way is noted in the tree.
 */
bool shadow_find_free(struct shadow *shadow, uint64_t first, uint64_t last, uint64_t length,
		      uint64_t alignment, uint64_t phase, uint64_t *ret_iova);

#endif
