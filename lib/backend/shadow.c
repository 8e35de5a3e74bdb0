/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the ordered set of mappings. Allocates nothing, calls nothing. */
#include "shadow.h"

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Recompute what a node knows of its subtree from its children. */
static void update(struct mapping *node)
{
	node->subtree_first = node->iova;
	node->subtree_last = node->last;
	node->subtree_hole = 0;
	if (node->left) {
		node->subtree_first = node->left->subtree_first;
		node->subtree_hole =
			larger(node->left->subtree_hole, node->iova - node->left->subtree_last - 1);
	}
	if (node->right) {
		node->subtree_last = node->right->subtree_last;
		node->subtree_hole = larger(node->subtree_hole, node->right->subtree_hole);
		node->subtree_hole =
			larger(node->subtree_hole, node->right->subtree_first - node->last - 1);
	}
}

/* Everything below iova to the left, the rest to the right. */
static void split(struct mapping *node, uint64_t iova, struct mapping **left,
		  struct mapping **right)
{
	if (!node) {
		*left = *right = NULL;
	} else if (node->iova < iova) {
		split(node->right, iova, &node->right, right);
		update(node);
		*left = node;
	} else {
		split(node->left, iova, left, &node->left);
		update(node);
		*right = node;
	}
}

static struct mapping *merge(struct mapping *left, struct mapping *right)
{
	if (!left || !right)
		return left ? left : right;
	if (left->priority > right->priority) {
		left->right = merge(left->right, right);
		update(left);
		return left;
	}
	right->left = merge(left, right->left);
	update(right);
	return right;
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

static struct mapping *insert(struct mapping *node, struct mapping *mapping)
{
	if (!node || mapping->priority > node->priority) {
		split(node, mapping->iova, &mapping->left, &mapping->right);
		update(mapping);
		return mapping;
	}
	if (mapping->iova < node->iova)
		node->left = insert(node->left, mapping);
	else
		node->right = insert(node->right, mapping);
	update(node);
	return node;
}

void shadow_insert(struct shadow *shadow, struct mapping *mapping)
{
	mapping->priority = next_priority(shadow);
	shadow->root = insert(shadow->root, mapping);
	shadow->count++;
}

static struct mapping *remove_from(struct mapping *node, const struct mapping *mapping)
{
	if (node == mapping)
		return merge(node->left, node->right);
	if (mapping->iova < node->iova)
		node->left = remove_from(node->left, mapping);
	else
		node->right = remove_from(node->right, mapping);
	update(node);
	return node;
}

void shadow_remove(struct shadow *shadow, struct mapping *mapping)
{
	shadow->root = remove_from(shadow->root, mapping);
	shadow->count--;
}

struct mapping *shadow_find(const struct shadow *shadow, uint64_t first, uint64_t last)
{
	struct mapping *found = NULL;

	/* The lowest mapping that does not end before first. */
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

struct search {
	uint64_t length, alignment, phase;
	uint64_t result;
};

static bool fits(struct search *search, uint64_t first, uint64_t last)
{
	uint64_t iova = first + ((search->phase - first) & (search->alignment - 1));

	if (iova < first || iova > last || last - iova < search->length - 1)
		return false;
	search->result = iova;
	return true;
}

/* The lowest fitting place in [first, last], which holds the whole subtree and nothing else. */
static bool find_free(const struct mapping *node, struct search *search, uint64_t first,
		      uint64_t last)
{
	if (first > last)
		return false;
	if (!node)
		return fits(search, first, last);

	uint64_t before = node->subtree_first - first, after = last - node->subtree_last;
	if (larger(node->subtree_hole, larger(before, after)) < search->length)
		return false;
	if (node->iova > first && find_free(node->left, search, first, node->iova - 1))
		return true;
	return node->last < last && find_free(node->right, search, node->last + 1, last);
}

/* The same where the subtree may reach beyond [first, last]. */
static bool find_free_within(const struct mapping *node, struct search *search, uint64_t first,
			     uint64_t last)
{
	if (first > last)
		return false;
	while (node) {
		if (node->subtree_first >= first && node->subtree_last <= last)
			return find_free(node, search, first, last);
		if (node->last < first) {
			node = node->right;
		} else if (node->iova > last) {
			node = node->left;
		} else {
			if (node->iova > first &&
			    find_free_within(node->left, search, first, node->iova - 1))
				return true;
			if (node->last >= last)
				return false;
			first = node->last + 1;
			node = node->right;
		}
	}
	return fits(search, first, last);
}

bool shadow_find_free(const struct shadow *shadow, uint64_t first, uint64_t last, uint64_t length,
		      uint64_t alignment, uint64_t phase, uint64_t *ret_iova)
{
	struct search search = {
		.length = length,
		.alignment = alignment,
		.phase = phase & (alignment - 1),
	};

	if (!find_free_within(shadow->root, &search, first, last))
		return false;
	*ret_iova = search.result;
	return true;
}
