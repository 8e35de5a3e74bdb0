/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the nodes of the set of mappings: splits those that are full and joins those that have too little.
 * Calls nothing but the allocator.
 */
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct leaf *tree_descend(struct shadow *shadow, uint64_t iova)
{
	union node node = shadow->root;
	uint64_t last = UINT64_MAX;
	bool lowest = true;

	for (size_t level = 0; level < shadow->height; level++) {
		struct inner *inner = node.inner;
		size_t at = tree_child(inner, iova);
		shadow->way[level] = (struct step){inner, at};
		last = inner->lasts[at] < last ? inner->lasts[at] : last;
		lowest &= !at;
		node = inner->children[at].node;
	}
	shadow->near_first = lowest ? 0 : node.leaf->mappings[0].iova;
	shadow->near_last = last;
	return shadow->near = node.leaf;
}

/* What was sought may have moved. */
static void forget(struct shadow *shadow)
{
	shadow->near_first = 1;
	shadow->near_last = 0;
}

/* ---- Nodes. Those at the level shadow->height are leaves. ---- */

static bool is_leaf(const struct shadow *shadow, size_t level)
{
	return level == shadow->height;
}

static size_t *count_of(const struct shadow *shadow, union node node, size_t level)
{
	return is_leaf(shadow, level) ? &node.leaf->count : &node.inner->count;
}

static void *memory_of(const struct shadow *shadow, union node node, size_t level)
{
	return is_leaf(shadow, level) ? (void *)node.leaf : (void *)node.inner;
}

static void fill_leaf(struct leaf *leaf, const struct mapping *from, size_t count)
{
	memcpy(leaf->mappings, from, count * sizeof(*from));
	for (size_t i = count; i < LEAF; i++)
		leaf->mappings[i].last = UINT64_MAX;
	leaf->count = count;
}

static void fill_inner(struct inner *inner, const uint64_t *lasts, const struct child *children,
		       size_t count)
{
	memcpy(inner->lasts, lasts, count * sizeof(*lasts));
	memcpy(inner->children, children, count * sizeof(*children));
	for (size_t i = count ? count - 1 : 0; i < FAN; i++)
		inner->lasts[i] = UINT64_MAX;
	inner->count = count;
}

/* Of what two neighbours have, keep goes to the left one, the rest to the other. *last is the left one's. */
static void divide_leaves(struct leaf *left, struct leaf *right, size_t keep, uint64_t *last)
{
	struct mapping all[2 * LEAF];
	size_t count = left->count + right->count;

	memcpy(all, left->mappings, left->count * sizeof(*all));
	memcpy(all + left->count, right->mappings, right->count * sizeof(*all));
	fill_leaf(left, all, keep);
	fill_leaf(right, all + keep, count - keep);
	*last = right->mappings[0].iova - 1;
}

static void divide_inner(struct inner *left, struct inner *right, size_t keep, uint64_t *last)
{
	uint64_t lasts[2 * FAN];
	struct child children[2 * FAN];
	size_t count = left->count + right->count;

	memcpy(lasts, left->lasts, left->count * sizeof(*lasts));
	lasts[left->count - 1] = *last;
	memcpy(lasts + left->count, right->lasts, right->count * sizeof(*lasts));
	memcpy(children, left->children, left->count * sizeof(*children));
	memcpy(children + left->count, right->children, right->count * sizeof(*children));
	fill_inner(left, lasts, children, keep);
	fill_inner(right, lasts + keep, children + keep, count - keep);
	*last = lasts[keep - 1];
}

/* The same for the children at and at + 1 of parent, which are of that level. */
static void divide(const struct shadow *shadow, struct inner *parent, size_t at, size_t level,
		   size_t keep)
{
	struct child *left = &parent->children[at], *right = left + 1;

	if (is_leaf(shadow, level))
		divide_leaves(left->node.leaf, right->node.leaf, keep, &parent->lasts[at]);
	else
		divide_inner(left->node.inner, right->node.inner, keep, &parent->lasts[at]);
	if (left->limit < right->limit)
		left->limit = right->limit;
	right->limit = left->limit;
}

/* ---- Splitting ---- */

/* Behind the child at, of which it is to have a part. */
static void add_child(struct inner *parent, size_t at, union node node)
{
	size_t behind = parent->count++ - at;

	memmove(&parent->lasts[at + 1], &parent->lasts[at], behind * sizeof(parent->lasts[0]));
	memmove(&parent->children[at + 1], &parent->children[at],
		behind * sizeof(parent->children[0]));
	parent->children[at + 1].node = node;
}

/* A new root above the old one, which is then where the way begins. */
static bool grow(struct shadow *shadow)
{
	struct inner *root = malloc(sizeof(*root));

	if (!root)
		return false;
	fill_inner(root, &(uint64_t){UINT64_MAX},
		   &(struct child){.node = shadow->root, .limit = UINT64_MAX}, 1);
	shadow->way[0] = (struct step){root, 0};
	shadow->root.inner = root;
	shadow->height++;
	return true;
}

/* A root of one child is one too many. */
static void shrink(struct shadow *shadow)
{
	struct inner *root = shadow->root.inner;

	forget(shadow);
	if (!shadow->height || root->count > 1)
		return;
	shadow->root = root->children[0].node;
	shadow->height--;
	free(root);
}

/* Split the node of that level that was sought, which is full. The one above it is not. */
static bool split(struct shadow *shadow, size_t level)
{
	const struct step *above = &shadow->way[level - 1];
	size_t full = is_leaf(shadow, level) ? LEAF : FAN;
	void *memory = malloc(is_leaf(shadow, level) ? sizeof(struct leaf) : sizeof(struct inner));
	union node right;

	if (!memory)
		return false;
	if (is_leaf(shadow, level))
		right.leaf = memory;
	else
		right.inner = memory;
	*count_of(shadow, right, level) = 0;
	add_child(above->inner, above->at, right);
	divide(shadow, above->inner, above->at, level, full / 2);
	forget(shadow);
	return true;
}

int tree_make_room(struct shadow *shadow, uint64_t iova)
{
	if (!shadow->root.leaf) {
		shadow->root.leaf = malloc(sizeof(struct leaf));
		if (!shadow->root.leaf)
			return -ENOMEM;
		fill_leaf(shadow->root.leaf, &(struct mapping){0}, 0);
		forget(shadow);
	}
	while (tree_seek(shadow, iova)->count == LEAF) {
		/* From the lowest that can be split up to the leaf. */
		size_t level = shadow->height;
		while (level && shadow->way[level - 1].inner->count == FAN)
			level--;
		if (!level && !grow(shadow))
			return -ENOMEM;
		if (!split(shadow, level ? level : 1)) {
			shrink(shadow);
			return -ENOMEM;
		}
	}
	return 0;
}

/* ---- Joining ---- */

void tree_begin_anew(struct shadow *shadow)
{
	shadow->near_first = shadow->near->mappings[0].iova;
	const struct step *step = &shadow->way[shadow->height - 1];
	while (!step->at)
		step--;
	step->inner->lasts[step->at - 1] = shadow->near_first - 1;
}

/* The child at gets the part of the next one, which goes. */
static void drop_next(struct inner *parent, size_t at)
{
	size_t behind = --parent->count - at;

	memmove(&parent->lasts[at], &parent->lasts[at + 1], behind * sizeof(parent->lasts[0]));
	memmove(&parent->children[at + 1], &parent->children[at + 2],
		(behind - 1) * sizeof(parent->children[0]));
}

/* The children at and at + 1 of parent, which are of that level, become one, or else alike. */
static void join(const struct shadow *shadow, struct inner *parent, size_t at, size_t level)
{
	union node left = parent->children[at].node, right = parent->children[at + 1].node;
	size_t both = *count_of(shadow, left, level) + *count_of(shadow, right, level);

	if (both > (is_leaf(shadow, level) ? LEAF : FAN)) {
		divide(shadow, parent, at, level, both / 2);
	} else {
		divide(shadow, parent, at, level, both);
		drop_next(parent, at);
		free(memory_of(shadow, right, level));
	}
}

void tree_refill(struct shadow *shadow)
{
	for (size_t level = shadow->height; level; level--) {
		const struct step *above = &shadow->way[level - 1];
		union node node = above->inner->children[above->at].node;
		size_t least = is_leaf(shadow, level) ? LEAF_MIN : FAN_MIN;
		if (*count_of(shadow, node, level) >= least)
			break;
		join(shadow, above->inner, above->at ? above->at - 1 : 0, level);
	}
	shrink(shadow);
}

static void drop(const struct shadow *shadow, union node node, size_t level)
{
	if (!is_leaf(shadow, level))
		for (size_t i = 0; i < node.inner->count; i++)
			drop(shadow, node.inner->children[i].node, level + 1);
	free(memory_of(shadow, node, level));
}

void shadow_clear(struct shadow *shadow)
{
	drop(shadow, shadow->root, 0);
	*shadow = (struct shadow){0};
}
