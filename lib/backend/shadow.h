/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mappings of one address space, as a set of ranges that do not overlap, ordered by address. For
 * backends whose kernel keeps no such record that can be asked. Not locked: the caller's affair.
 */
#ifndef LIBIOMMUFD_SHADOW_H
#define LIBIOMMUFD_SHADOW_H

#include "libiommufd.h"

struct mapping {
	uint64_t iova;
	uint64_t last;
	uint64_t va;
	uint32_t access;
	/* Of the tree, a treap: a parent's priority is not below its children's. */
	uint32_t priority;
	struct mapping *parent, *left, *right;
	/* Neighbours by address. */
	struct mapping *previous, *next;
	/* No hole in front of a mapping of this subtree is larger; it may be that none is as large. */
	uint64_t hole_limit;
};

struct shadow {
	struct mapping *root;
	struct mapping *first, *last;
	struct mapping *near; /* where the last change was: the next one is often there, too */
	size_t count;
	uint32_t seed;
};

static inline uint64_t mapping_length(const struct mapping *mapping)
{
	return mapping->last - mapping->iova + 1;
}

/* Add a range. False if it overlaps one. The mapping is the caller's memory until it is removed. */
bool shadow_insert(struct shadow *shadow, struct mapping *mapping);
void shadow_remove(struct shadow *shadow, struct mapping *mapping);

/* The lowest mapping that has an address in [first, last]; NULL if none. */
struct mapping *shadow_find(const struct shadow *shadow, uint64_t first, uint64_t last);

/*
 * The lowest free address in [first, last] for length bytes that equals phase modulo alignment (a
 * power of two). False if there is none. What is learned on the way is noted in the tree.
 */
bool shadow_find_free(struct shadow *shadow, uint64_t first, uint64_t last, uint64_t length,
		      uint64_t alignment, uint64_t phase, uint64_t *ret_iova);

#endif
