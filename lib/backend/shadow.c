/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the ordered set of mappings: what is in it, and where there is room. The nodes are tree.c's.
 *
 * The limits of holes are only kept true, not sharp, since to add and remove is what happens most. It is
 * the search for a hole that sharpens those it was misled by.
 */
#include <errno.h>
#include <string.h>

#include "tree.h"

const struct mapping *shadow_find(struct shadow *shadow, uint64_t first, uint64_t last)
{
	const struct leaf *leaf = tree_seek(shadow, first);

	if (!leaf)
		return NULL;
	size_t at = tree_rank(leaf, first);
	if (at == leaf->count) {
		/* What follows begins the next part. */
		if (shadow->near_last >= last)
			return NULL;
		leaf = tree_seek(shadow, shadow->near_last + 1);
		at = 0;
	}
	return leaf->mappings[at].iova <= last ? &leaf->mappings[at] : NULL;
}

const struct mapping *shadow_find_last(struct shadow *shadow, uint64_t first, uint64_t last)
{
	const struct leaf *leaf = tree_seek(shadow, last);
	size_t below = leaf ? tree_rank(leaf, last) : 0;

	if (leaf && below < leaf->count && leaf->mappings[below].iova <= last)
		return &leaf->mappings[below];
	return below && leaf->mappings[below - 1].last >= first ? &leaf->mappings[below - 1] : NULL;
}

int shadow_insert(struct shadow *shadow, const struct mapping *mapping)
{
	struct leaf *leaf = tree_seek(shadow, mapping->iova);
	size_t at = 0;

	if (leaf) {
		/* What does not end before it must begin behind it, also if that is the next leaf. */
		at = tree_rank(leaf, mapping->iova);
		if (at < leaf->count ? leaf->mappings[at].iova <= mapping->last
				     : shadow->near_last < mapping->last)
			return -EEXIST;
	}
	if (!leaf || leaf->count == LEAF) {
		int r = tree_make_room(shadow, mapping->iova);
		if (r < 0)
			return r;
		leaf = tree_seek(shadow, mapping->iova);
		at = tree_rank(leaf, mapping->iova);
	}
	memmove(&leaf->mappings[at + 1], &leaf->mappings[at],
		(leaf->count++ - at) * sizeof(*mapping));
	leaf->mappings[at] = *mapping;
	shadow->count++;
	return 0;
}

/* What the leaf that was sought has in front of its mapping of that number is a hole now. */
static void allow_hole(struct shadow *shadow, size_t at)
{
	const struct leaf *leaf = shadow->near;
	uint64_t first = at ? leaf->mappings[at - 1].last + 1 : shadow->near_first;
	uint64_t end = at < leaf->count ? leaf->mappings[at].iova : shadow->near_last + 1;
	uint64_t size = end - first;

	/* What is above has no lower limit. */
	for (size_t level = shadow->height; level--;) {
		struct child *child = &shadow->way[level].inner->children[shadow->way[level].at];
		if (child->limit >= size)
			break;
		child->limit = size;
	}
}

void shadow_remove(struct shadow *shadow, const struct mapping *mapping)
{
	uint64_t iova = mapping->iova;
	struct leaf *leaf = tree_seek(shadow, iova);
	size_t at = (size_t)(mapping - leaf->mappings);

	memmove(&leaf->mappings[at], &leaf->mappings[at + 1],
		(--leaf->count - at) * sizeof(*mapping));
	leaf->mappings[leaf->count].last = UINT64_MAX;
	shadow->count--;
	if (!shadow->height)
		return;
	/* The lowest part begins at 0, whatever is in it. */
	bool first = !at && shadow->near_first;
	/* Where the hole is may be another leaf's part now. */
	if (first || leaf->count < LEAF_MIN) {
		if (first)
			tree_begin_anew(shadow);
		if (leaf->count < LEAF_MIN)
			tree_refill(shadow);
		at = tree_rank(tree_seek(shadow, iova), iova);
	}
	allow_hole(shadow, at);
}

/* ---- Holes ---- */

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

struct search {
	uint64_t first, last; /* where to look */
	uint64_t length, alignment, phase;
	uint64_t result;
};

/* Is there room in [first, last], as far as that is to be looked at? */
static bool fits(struct search *search, uint64_t first, uint64_t last)
{
	first = larger(first, search->first);
	last = last < search->last ? last : search->last;
	uint64_t iova = first + ((search->phase - first) & (search->alignment - 1));

	if (first > last || iova < first || iova > last || last - iova < search->length - 1)
		return false;
	search->result = iova;
	return true;
}

/* In the part [first, last] of a leaf. If not, *ret_limit is the size of its largest hole. */
static bool fits_in_leaf(const struct leaf *leaf, struct search *search, uint64_t first,
			 uint64_t last, uint64_t *ret_limit)
{
	uint64_t limit = 0;

	for (size_t i = 0; i <= leaf->count; i++) {
		/* Nothing is behind a mapping that ends with the address space. */
		uint64_t end = i < leaf->count ? leaf->mappings[i].iova : last + 1;
		if (end != first && !(i && !first)) {
			if (fits(search, first, end - 1))
				return true;
			limit = larger(limit, end - first);
		}
		if (i < leaf->count)
			first = leaf->mappings[i].last + 1;
	}
	*ret_limit = limit;
	return false;
}

static bool find_free(const struct shadow *shadow, union node node, size_t level,
		      struct search *search, uint64_t first, uint64_t last, uint64_t *ret_limit)
{
	if (level == shadow->height)
		return fits_in_leaf(node.leaf, search, first, last, ret_limit);

	struct inner *inner = node.inner;
	for (size_t i = tree_child(inner, search->first); i < inner->count; i++) {
		struct child *child = &inner->children[i];
		uint64_t begin = i ? inner->lasts[i - 1] + 1 : first;
		uint64_t end = i + 1 < inner->count ? inner->lasts[i] : last;
		if (begin > search->last)
			break;
		if (child->limit >= search->length &&
		    find_free(shadow, child->node, level + 1, search, begin, end, &child->limit))
			return true;
	}
	*ret_limit = 0;
	for (size_t i = 0; i < inner->count; i++)
		*ret_limit = larger(*ret_limit, inner->children[i].limit);
	return false;
}

bool shadow_find_free(struct shadow *shadow, uint64_t first, uint64_t last, uint64_t length,
		      uint64_t alignment, uint64_t phase, uint64_t *ret_iova)
{
	struct search search = {
		.first = first,
		.last = last,
		.length = length,
		.alignment = alignment,
		.phase = phase & (alignment - 1),
	};
	uint64_t ignored;
	bool found = shadow->count
			     ? find_free(shadow, shadow->root, 0, &search, 0, UINT64_MAX, &ignored)
			     : fits(&search, 0, UINT64_MAX);

	if (found)
		*ret_iova = search.result;
	return found;
}
