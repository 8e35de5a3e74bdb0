/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The set of mappings against a model that is too simple to be wrong: an array, searched in full. */
#include "backend/shadow.h"

#include "backend/tree.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	ROOM = 8000, /* enough for three levels of nodes */
	STEPS = 25000,
};

struct model {
	struct shadow shadow;
	struct mapping mappings[ROOM]; /* sorted by address */
	size_t count;
	uint64_t seed;
};

/* Splitmix64: the same numbers on every machine. */
static uint64_t draw(struct model *m)
{
	uint64_t z = (m->seed += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* ---- Allocation: the program is linked with --wrap=malloc ---- */

static int allocations_left = -1; /* before one fails; -1: none does */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
	if (allocations_left == 0)
		return NULL;
	if (allocations_left > 0)
		allocations_left--;
	return __real_malloc(size);
}

/* ---- The model ---- */

static const struct mapping *model_find(const struct model *m, uint64_t first, uint64_t last)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->mappings[i].iova <= last && m->mappings[i].last >= first)
			return &m->mappings[i];
	return NULL;
}

static const struct mapping *model_find_last(const struct model *m, uint64_t first, uint64_t last)
{
	for (size_t i = m->count; i--;)
		if (m->mappings[i].iova <= last && m->mappings[i].last >= first)
			return &m->mappings[i];
	return NULL;
}

static bool fits(uint64_t first, uint64_t last, uint64_t length, uint64_t alignment, uint64_t phase,
		 uint64_t *ret_iova)
{
	/* In 128 bits, where nothing wraps. */
	__uint128_t iova = first;

	phase &= alignment - 1;
	iova += (phase + alignment - (first & (alignment - 1))) & (alignment - 1);
	if (iova + length - 1 > last)
		return false;
	*ret_iova = (uint64_t)iova;
	return true;
}

static bool model_find_free(const struct model *m, uint64_t first, uint64_t last, uint64_t length,
			    uint64_t alignment, uint64_t phase, uint64_t *ret_iova)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct mapping *next = &m->mappings[i];
		if (next->last < first)
			continue;
		if (next->iova > last)
			break;
		if (next->iova > first &&
		    fits(first, next->iova - 1, length, alignment, phase, ret_iova))
			return true;
		if (next->last >= last)
			return false;
		first = next->last + 1;
	}
	return fits(first, last, length, alignment, phase, ret_iova);
}

/* ---- Both ---- */

static void add(struct model *m, uint64_t iova, uint64_t last)
{
	struct mapping mapping = {iova, last, draw(m), (uint32_t)draw(m)};
	size_t i = m->count++;

	assert_in_range(m->count, 1, ROOM);
	for (; i && m->mappings[i - 1].iova > iova; i--)
		m->mappings[i] = m->mappings[i - 1];
	m->mappings[i] = mapping;
	assert_int_equal(shadow_insert(&m->shadow, &mapping), 0);
}

static void drop(struct model *m, size_t i)
{
	struct mapping gone = m->mappings[i];

	m->count--;
	memmove(&m->mappings[i], &m->mappings[i + 1], (m->count - i) * sizeof(m->mappings[0]));
	shadow_remove(&m->shadow, shadow_find(&m->shadow, gone.iova, gone.iova));
}

static void check_same(const struct mapping *ours, const struct mapping *wanted)
{
	assert_int_equal(ours != NULL, wanted != NULL);
	if (!ours)
		return;
	assert_int_equal(ours->iova, wanted->iova);
	assert_int_equal(ours->last, wanted->last);
	assert_int_equal(ours->va, wanted->va);
	assert_int_equal(ours->access, wanted->access);
}

static void check_find(struct model *m, uint64_t first, uint64_t last)
{
	check_same(shadow_find(&m->shadow, first, last), model_find(m, first, last));
	check_same(shadow_find_last(&m->shadow, first, last), model_find_last(m, first, last));
}

/* ---- The tree, of which the model knows nothing ---- */

/* The size of the largest hole in the part [first, last] of a node. */
static uint64_t check_leaf(const struct leaf *leaf, bool root, uint64_t first, uint64_t last)
{
	uint64_t hole = 0;

	assert_in_range(leaf->count, root ? 0 : LEAF_MIN, LEAF);
	assert_true(!first || leaf->mappings[0].iova == first);
	for (size_t i = 0; i < leaf->count; i++) {
		assert_true(leaf->mappings[i].iova >= first && (first || !i));
		assert_true(leaf->mappings[i].last <= last);
		if (leaf->mappings[i].iova - first > hole)
			hole = leaf->mappings[i].iova - first;
		first = leaf->mappings[i].last + 1;
	}
	for (size_t i = leaf->count; i < LEAF; i++)
		assert_int_equal(leaf->mappings[i].last, UINT64_MAX);
	return last + 1 - first > hole && (first || !leaf->count) ? last + 1 - first : hole;
}

static uint64_t check_node(const struct shadow *shadow, union node node, size_t level,
			   uint64_t first, uint64_t last)
{
	uint64_t hole = 0;

	if (level == shadow->height)
		return check_leaf(node.leaf, !level, first, last);
	const struct inner *inner = node.inner;
	assert_in_range(inner->count, level ? FAN_MIN : 2, FAN);
	for (size_t i = 0; i < inner->count; i++) {
		uint64_t end = i + 1 < inner->count ? inner->lasts[i] : last;
		uint64_t below = check_node(shadow, inner->children[i].node, level + 1, first, end);
		assert_true(inner->children[i].limit >= below);
		if (level + 1 < shadow->height)
			for (size_t k = 0; k < inner->children[i].node.inner->count; k++)
				assert_true(inner->children[i].limit >=
					    inner->children[i].node.inner->children[k].limit);
		hole = below > hole ? below : hole;
		first = end + 1;
	}
	for (size_t i = inner->count - 1; i < FAN; i++)
		assert_int_equal(inner->lasts[i], UINT64_MAX);
	return hole;
}

/* The shape is right, and one after the other it gives what the model has. */
static void check_all(struct model *m)
{
	size_t i = 0;

	assert_int_equal(m->shadow.count, m->count);
	if (m->shadow.root.leaf)
		check_node(&m->shadow, m->shadow.root, 0, 0, UINT64_MAX);
	for (const struct mapping *ours = shadow_first(&m->shadow); ours;
	     ours = shadow_next(&m->shadow, ours), i++) {
		assert_in_range(i, 0, m->count - 1);
		check_same(ours, &m->mappings[i]);
	}
	assert_int_equal(i, m->count);
}

static void drop_all(struct model *m)
{
	while (m->count) {
		drop(m, draw(m) % m->count);
		if (m->count % 64 == 0)
			check_all(m);
	}
	assert_int_equal(m->shadow.height, 0);
	shadow_clear(&m->shadow);
	assert_null(m->shadow.root.leaf);
}

static void check_find_free(struct model *m, uint64_t first, uint64_t last, uint64_t length,
			    uint64_t alignment, uint64_t phase)
{
	uint64_t ours = 77, wanted = 77;
	bool found = shadow_find_free(&m->shadow, first, last, length, alignment, phase, &ours);

	assert_int_equal(found, model_find_free(m, first, last, length, alignment, phase, &wanted));
	assert_int_equal(ours, wanted);
}

/* ---- Random ---- */

/* An address that is often at an end: 0, 2^64-1, or next to a mapping. */
static uint64_t draw_address(struct model *m, unsigned bits, uint64_t base)
{
	uint64_t r = draw(m);

	switch (r % 16) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
	case 3:
		if (m->count) {
			const struct mapping *near = &m->mappings[(r >> 8) % m->count];
			return r & 16 ? near->last + 1 : near->iova - 1;
		}
	}
	return base + (draw(m) >> (64 - bits));
}

/* In a window of so many bits from base on; the smaller, the more crowded. About that many mappings. */
static void walk(uint64_t seed, unsigned bits, uint64_t base, size_t many)
{
	struct model *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->seed = seed;
	for (int step = 0; step < STEPS; step++) {
		uint64_t a = draw_address(m, bits, base), b = draw_address(m, bits, base);
		uint64_t first = a < b ? a : b, last = a < b ? b : a;
		uint64_t length = (draw(m) >> (64 - draw(m) % bits - 1)) + 1;
		uint64_t alignment = 1ULL << draw(m) % bits;

		check_find(m, first, last);
		check_find(m, first, first);
		check_find_free(m, first, last, length, alignment, draw(m));
		check_find_free(m, 0, UINT64_MAX, length, alignment, draw(m));
		if (length - 1 > UINT64_MAX - first)
			length = UINT64_MAX - first + 1;
		const struct mapping new = {.iova = first, .last = first + (length - 1)};
		if (model_find(m, new.iova, new.last))
			assert_int_equal(shadow_insert(&m->shadow, &new), -EEXIST);
		else if (m->count < many && draw(m) % 64 < 40)
			add(m, new.iova, new.last);
		if (m->count && draw(m) % 64 < 15)
			drop(m, draw(m) % m->count);
		if (step % 16 == 0)
			check_all(m);
	}
	drop_all(m);
	free(m);
}

static void a_crowded_start_of_the_address_space_is_as_the_model(void **state)
{
	(void)state;
	walk(1, 12, 0, 256);
}

static void a_crowded_end_of_the_address_space_is_as_the_model(void **state)
{
	(void)state;
	walk(2, 12, UINT64_MAX - 4095, 256);
}

static void a_wide_address_space_is_as_the_model(void **state)
{
	(void)state;
	walk(3, 64, 0, 256);
}

static void a_space_of_48_bits_is_as_the_model(void **state)
{
	(void)state;
	walk(4, 48, 0x1000, 256);
}

/* ---- Many ---- */

enum {
	SLOT = 16 /* bytes for a mapping, which may leave some free on both sides */
};

/* Into a slot that is free, the first from there on. */
static void add_near(struct model *m, uint64_t slot)
{
	while (model_find(m, slot * SLOT, slot * SLOT + SLOT - 1))
		slot = (slot + 1) % (2 * ROOM);
	uint64_t skip = draw(m) % SLOT;
	add(m, slot * SLOT + skip, slot * SLOT + skip + draw(m) % (SLOT - skip));
}

static void check_some(struct model *m)
{
	uint64_t first = draw(m) % (2 * ROOM * SLOT);

	check_find(m, first, first + draw(m) % (4 * SLOT));
	check_find_free(m, first, UINT64_MAX, draw(m) % (2 * SLOT) + 1, 1ULL << draw(m) % 8,
			draw(m));
	check_find_free(m, first, first + draw(m) % 4096, draw(m) % (4 * SLOT) + 1, 1, 0);
	check_find_free(m, 0, UINT64_MAX, draw(m) % (32 * SLOT) + 1, 1, 0);
}

/* Fill and empty it by turns, so that nodes of every level are split, evened out and joined. */
static void fill_and_empty(uint64_t seed, uint64_t (*where)(struct model *m, uint64_t i))
{
	struct model *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->seed = seed;
	for (int turn = 0; turn < 2; turn++) {
		for (uint64_t i = 0; m->count < ROOM; i++) {
			add_near(m, where(m, i));
			if (i % 16 == 0)
				check_some(m);
			if (i % 256 == 0)
				check_all(m);
		}
		assert_int_equal(m->shadow.height, 2);
		while (m->count > 20) {
			drop(m, m->count - 1 - where(m, m->count) / 2 % m->count);
			if (m->count % 16 == 0)
				check_some(m);
			if (m->count % 256 == 0)
				check_all(m);
		}
	}
	drop_all(m);
	free(m);
}

static uint64_t anywhere(struct model *m, uint64_t i)
{
	(void)i;
	return draw(m) % (2 * ROOM);
}

static uint64_t upwards(struct model *m, uint64_t i)
{
	(void)m;
	return 2 * i;
}

static uint64_t downwards(struct model *m, uint64_t i)
{
	(void)m;
	return 2 * (ROOM - 1 - i % ROOM);
}

static void many_that_come_and_go_anywhere_are_as_the_model(void **state)
{
	(void)state;
	fill_and_empty(5, anywhere);
}

static void many_that_come_and_go_upwards_are_as_the_model(void **state)
{
	(void)state;
	fill_and_empty(6, upwards);
}

static void many_that_come_and_go_downwards_are_as_the_model(void **state)
{
	(void)state;
	fill_and_empty(7, downwards);
}

static void an_insert_without_memory_changes_nothing(void **state)
{
	struct model *m = calloc(1, sizeof(*m));
	unsigned failures = 0;

	(void)state;
	assert_non_null(m);
	for (uint64_t i = 0; i < ROOM; i++) {
		const struct mapping mapping = {.iova = i * 79 % ROOM * SLOT,
						.last = i * 79 % ROOM * SLOT};
		for (int left = 0, r = -1; r < 0; left++) {
			allocations_left = left;
			r = shadow_insert(&m->shadow, &mapping);
			allocations_left = -1;
			if (r == 0)
				break;
			assert_int_equal(r, -ENOMEM);
			check_all(m);
			failures++;
		}
		shadow_remove(&m->shadow, shadow_find(&m->shadow, mapping.iova, mapping.iova));
		add(m, mapping.iova, mapping.last);
	}
	/* One for each leaf at the least. */
	assert_true(failures > ROOM / LEAF);
	drop_all(m);
	free(m);
}

/* ---- Ends ---- */

static void an_empty_set_is_all_free(void **state)
{
	struct model m = {0};

	(void)state;
	assert_null(shadow_find(&m.shadow, 0, UINT64_MAX));
	check_find_free(&m, 0, UINT64_MAX, UINT64_MAX, 1, 0);
	check_find_free(&m, 0, UINT64_MAX, 1, 1ULL << 63, 1ULL << 63);
	check_find_free(&m, UINT64_MAX, UINT64_MAX, 1, 1, 0);
	check_find_free(&m, UINT64_MAX, UINT64_MAX, 2, 1, 0);
	check_find_free(&m, UINT64_MAX, UINT64_MAX, 1, 2, 0);
}

static void the_first_and_the_last_byte_can_be_mapped(void **state)
{
	struct model m = {0};

	(void)state;
	add(&m, 0, 0);
	add(&m, UINT64_MAX, UINT64_MAX);
	check_find(&m, 0, 0);
	check_find(&m, 1, UINT64_MAX - 1);
	check_find(&m, 1, UINT64_MAX);
	check_find_free(&m, 0, UINT64_MAX, UINT64_MAX - 1, 1, 0);
	check_find_free(&m, 0, UINT64_MAX, UINT64_MAX, 1, 0);
	check_find_free(&m, UINT64_MAX, UINT64_MAX, 1, 1, 0);
	check_find_free(&m, 0, 0, 1, 1, 0);
	drop_all(&m);
}

static void a_full_address_space_has_no_room(void **state)
{
	struct model m = {0};

	(void)state;
	add(&m, 0, UINT64_MAX);
	check_find(&m, 77, 77);
	check_find_free(&m, 0, UINT64_MAX, 1, 1, 0);
	drop_all(&m);
	add(&m, 0, 0x7fffffffffffffff);
	add(&m, 0x8000000000000000, UINT64_MAX);
	check_find_free(&m, 0, UINT64_MAX, 1, 1, 0);
	drop_all(&m);
}

static void the_phase_is_that_of_the_answer(void **state)
{
	struct model m = {0};
	uint64_t iova = 0;

	(void)state;
	add(&m, 0x1000, 0x1fff);
	assert_true(shadow_find_free(&m.shadow, 0x1000, UINT64_MAX, 0x1000, 0x200000,
				     0x7f0000123000, &iova));
	assert_int_equal(iova, 0x123000);
	assert_true(shadow_find_free(&m.shadow, 0x1000, UINT64_MAX, 0x1000, 0x200000, 0x1000,
				     &iova));
	assert_int_equal(iova, 0x201000);
	drop_all(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crowded_start_of_the_address_space_is_as_the_model),
		cmocka_unit_test(a_crowded_end_of_the_address_space_is_as_the_model),
		cmocka_unit_test(a_wide_address_space_is_as_the_model),
		cmocka_unit_test(a_space_of_48_bits_is_as_the_model),
		cmocka_unit_test(an_empty_set_is_all_free),
		cmocka_unit_test(the_first_and_the_last_byte_can_be_mapped),
		cmocka_unit_test(a_full_address_space_has_no_room),
		cmocka_unit_test(the_phase_is_that_of_the_answer),
		cmocka_unit_test(many_that_come_and_go_anywhere_are_as_the_model),
		cmocka_unit_test(many_that_come_and_go_upwards_are_as_the_model),
		cmocka_unit_test(many_that_come_and_go_downwards_are_as_the_model),
		cmocka_unit_test(an_insert_without_memory_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
