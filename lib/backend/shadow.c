/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the ordered set of mappings. Allocates nothing, calls nothing.
 *
 * To add and remove is what happens most, so it touches few nodes: the limits of holes are only kept
 * true, not sharp, and it is the search for a hole that sharpens those it was misled by.
 */
#include "shadow.h"

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The bytes between a mapping and the one before it. */
static uint64_t hole_before(const struct mapping *node)
{
	return node->previous ? node->iova - node->previous->last - 1 : node->iova;
}

static void sharpen(struct mapping *node)
{
	uint64_t limit = hole_before(node);

	if (node->left)
		limit = larger(limit, node->left->hole_limit);
	if (node->right)
		limit = larger(limit, node->right->hole_limit);
	node->hole_limit = limit;
}

/* There is a hole of that size in front of node now. Limits never grow downwards, so it may end early. */
static void allow_hole(struct mapping *node, uint64_t size)
{
	for (; node && node->hole_limit < size; node = node->parent)
		node->hole_limit = size;
}

/* ---- Shape ---- */

static struct mapping **link_to(struct shadow *shadow, const struct mapping *node)
{
	if (!node->parent)
		return &shadow->root;
	return node->parent->left == node ? &node->parent->left : &node->parent->right;
}

/* Put node in the place of its parent, which becomes its child. */
static void rotate_up(struct shadow *shadow, struct mapping *node)
{
	struct mapping *parent = node->parent, *inner;

	*link_to(shadow, parent) = node;
	node->parent = parent->parent;
	if (parent->left == node) {
		inner = parent->left = node->right;
		node->right = parent;
	} else {
		inner = parent->right = node->left;
		node->left = parent;
	}
	parent->parent = node;
	if (inner)
		inner->parent = parent;
	/* What was true for all of it is for the part that parent keeps, too. */
	node->hole_limit = parent->hole_limit;
}

/* Xorshift: the priorities only have to be spread, not secret. */
static uint32_t next_priority(struct shadow *shadow)
{
	uint32_t x = shadow->seed ? shadow->seed : 0x9e3779b9;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return shadow->seed = x;
}

/* ---- The set ---- */

/* The last mapping that begins at or below iova; NULL if none does. */
static struct mapping *find_previous(const struct shadow *shadow, uint64_t iova)
{
	struct mapping *previous = NULL, *node = shadow->near;

	if (node && node->iova <= iova && (!node->next || node->next->iova > iova))
		return node;
	for (node = shadow->root; node;) {
		if (node->iova > iova) {
			node = node->left;
		} else {
			previous = node;
			node = node->right;
		}
	}
	return previous;
}

bool shadow_insert(struct shadow *shadow, struct mapping *mapping)
{
	struct mapping *previous = find_previous(shadow, mapping->iova);
	struct mapping *next = previous ? previous->next : shadow->first;

	if ((previous && previous->last >= mapping->iova) || (next && next->iova <= mapping->last))
		return false;
	/* Of two neighbours one is above the other, which has no child on that side. */
	if (previous && !previous->right)
		previous->right = mapping;
	else
		*(next ? &next->left : &shadow->root) = mapping;
	mapping->parent = previous && previous->right == mapping ? previous : next;
	mapping->left = mapping->right = NULL;
	mapping->previous = previous;
	mapping->next = next;
	*(previous ? &previous->next : &shadow->first) = mapping;
	*(next ? &next->previous : &shadow->last) = mapping;
	shadow->near = mapping;
	mapping->hole_limit = 0;
	allow_hole(mapping, hole_before(mapping));

	mapping->priority = next_priority(shadow);
	while (mapping->parent && mapping->parent->priority < mapping->priority)
		rotate_up(shadow, mapping);
	shadow->count++;
	return true;
}

void shadow_remove(struct shadow *shadow, struct mapping *mapping)
{
	struct mapping *previous = mapping->previous, *next = mapping->next, *child;

	while (mapping->left && mapping->right)
		rotate_up(shadow, mapping->left->priority > mapping->right->priority
					  ? mapping->left
					  : mapping->right);
	child = mapping->left ? mapping->left : mapping->right;
	*link_to(shadow, mapping) = child;
	if (child)
		child->parent = mapping->parent;
	*(previous ? &previous->next : &shadow->first) = next;
	*(next ? &next->previous : &shadow->last) = previous;
	shadow->near = previous ? previous : next;
	if (next)
		allow_hole(next, hole_before(next));
	shadow->count--;
}

struct mapping *shadow_find(const struct shadow *shadow, uint64_t first, uint64_t last)
{
	struct mapping *found = shadow->near;

	/* The lowest mapping that does not end before first. */
	if (found && found->last < first)
		found = found->next;
	if (found && found->last >= first && (!found->previous || found->previous->last < first))
		return found->iova <= last ? found : NULL;
	found = NULL;
	for (struct mapping *node = shadow->root; node;) {
		if (node->last < first) {
			node = node->right;
		} else {
			found = node;
			node = node->left;
		}
	}
	return found && found->iova <= last ? found : NULL;
}

/* ---- Holes ---- */

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

/* Is there room in a hole in front of a mapping of this subtree? */
static bool find_free(struct mapping *node, struct search *search)
{
	if (!node || node->hole_limit < search->length)
		return false;
	/* Holes to the left lie in front of this mapping's own, those to the right behind it. */
	if (node->iova > search->first) {
		uint64_t size = hole_before(node);
		if (find_free(node->left, search))
			return true;
		if (size && fits(search, node->iova - size, node->iova - 1))
			return true;
	}
	bool found = node->last < search->last && find_free(node->right, search);
	if (!found)
		sharpen(node);
	return found;
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
	bool found = find_free(shadow->root, &search);

	if (!found && !shadow->last)
		found = fits(&search, 0, UINT64_MAX);
	else if (!found && shadow->last->last != UINT64_MAX)
		found = fits(&search, shadow->last->last + 1, UINT64_MAX);
	if (found)
		*ret_iova = search.result;
	return found;
}
