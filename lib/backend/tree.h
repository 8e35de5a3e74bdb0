/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The shape of the set of mappings, a B+ tree. Every node has a part of the address space, and the parts of
 * its children fill it. But for the lowest, a part begins where its first mapping does: so no hole is in
 * two of them.
 */
#ifndef LIBIOMMUFD_TREE_H
#define LIBIOMMUFD_TREE_H

#include "shadow.h"

enum {
	/* So that each step of a search halves what is left. */
	LEAF = 31,
	FAN = 64,
	/* What every node but the root has. */
	LEAF_MIN = LEAF / 4,
	FAN_MIN = FAN / 4,
};

/* A search expects that what is not in use ends at the last address. */
struct leaf {
	size_t count;
	struct mapping mappings[LEAF];
};

struct inner {
	size_t count;
	uint64_t lasts
		[FAN]; /* where the children's parts end; the last address for the last of them */
	struct child {
		union node node;
		uint64_t limit; /* no hole in its part is larger; it may be that none is as large */
	} children[FAN];
};

/* How many mappings of the leaf end before iova. */
static inline size_t tree_rank(const struct leaf *leaf, uint64_t iova)
{
	size_t at = 0;

#pragma GCC unroll 5
	for (size_t step = (LEAF + 1) / 2; step; step /= 2)
		at += leaf->mappings[at + step - 1].last < iova ? step : 0;
	return at;
}

/* Which child has iova in its part. */
static inline size_t tree_child(const struct inner *inner, uint64_t iova)
{
	size_t at = 0;

#pragma GCC unroll 6
	for (size_t step = FAN / 2; step; step /= 2)
		at += inner->lasts[at + step - 1] < iova ? step : 0;
	return at;
}

/* The slow half of tree_seek(). */
struct leaf *tree_descend(struct shadow *shadow, uint64_t iova);

/* Go to the leaf that has iova in its part; NULL if there is none at all. */
static inline struct leaf *tree_seek(struct shadow *shadow, uint64_t iova)
{
	if (iova >= shadow->near_first && iova <= shadow->near_last)
		return shadow->near;
	return tree_descend(shadow, iova);
}

/* Room for one more in the leaf that has iova in its part. On failure some nodes may be split. */
int tree_make_room(struct shadow *shadow, uint64_t iova);
/* The leaf that was sought has another first mapping. It is not the lowest. */
void tree_begin_anew(struct shadow *shadow);
/* The leaf that was sought has less than it must. There are others. */
void tree_refill(struct shadow *shadow);

#endif
