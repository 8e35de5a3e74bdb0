/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The set of mappings against a model that is too simple to be wrong: an array, searched in full. */
#include "backend/shadow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	ROOM = 256,
	STEPS = 100000
};

struct model {
	struct shadow shadow;
	struct mapping *mappings[ROOM]; /* sorted by address */
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

/* ---- The model ---- */

static struct mapping *model_find(const struct model *m, uint64_t first, uint64_t last)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->mappings[i]->iova <= last && m->mappings[i]->last >= first)
			return m->mappings[i];
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
		const struct mapping *next = m->mappings[i];
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
	struct mapping *mapping = calloc(1, sizeof(*mapping));
	size_t i = m->count++;

	assert_non_null(mapping);
	mapping->iova = iova;
	mapping->last = last;
	for (; i && m->mappings[i - 1]->iova > iova; i--)
		m->mappings[i] = m->mappings[i - 1];
	m->mappings[i] = mapping;
	shadow_insert(&m->shadow, mapping);
}

static void drop(struct model *m, size_t i)
{
	struct mapping *mapping = m->mappings[i];

	shadow_remove(&m->shadow, mapping);
	free(mapping);
	m->count--;
	memmove(&m->mappings[i], &m->mappings[i + 1], (m->count - i) * sizeof(m->mappings[0]));
}

static void drop_all(struct model *m)
{
	while (m->count)
		drop(m, m->count - 1);
	assert_null(m->shadow.root);
	assert_int_equal(m->shadow.count, 0);
}

/* Order, links, and what every node claims of its subtree. */
static void check_tree(const struct mapping *node, uint32_t priority, size_t *count)
{
	uint64_t hole = node->iova;

	assert_true(node->priority <= priority);
	assert_ptr_equal(node->previous ? node->previous->next : NULL,
			 node->previous ? node : NULL);
	assert_ptr_equal(node->next ? node->next->previous : NULL, node->next ? node : NULL);
	if (node->previous) {
		assert_true(node->previous->last < node->iova);
		hole = node->iova - node->previous->last - 1;
	}
	(*count)++;
	/* Limits are never too small, also for what lies deeper. */
	assert_true(node->hole_limit >= hole);
	if (node->left) {
		assert_ptr_equal(node->left->parent, node);
		assert_true(node->left->last < node->iova);
		assert_true(node->hole_limit >= node->left->hole_limit);
		check_tree(node->left, node->priority, count);
	}
	if (node->right) {
		assert_ptr_equal(node->right->parent, node);
		assert_true(node->right->iova > node->last);
		assert_true(node->hole_limit >= node->right->hole_limit);
		check_tree(node->right, node->priority, count);
	}
}

static void check_find(const struct model *m, uint64_t first, uint64_t last)
{
	assert_ptr_equal(shadow_find(&m->shadow, first, last), model_find(m, first, last));
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
			const struct mapping *near = m->mappings[(r >> 8) % m->count];
			return r & 16 ? near->last + 1 : near->iova - 1;
		}
	}
	return base + (draw(m) >> (64 - bits));
}

/* In a window of so many bits from base on; the smaller, the more crowded. */
static void walk(uint64_t seed, unsigned bits, uint64_t base)
{
	struct model m = {.seed = seed};

	for (int step = 0; step < STEPS / 4; step++) {
		uint64_t a = draw_address(&m, bits, base), b = draw_address(&m, bits, base);
		uint64_t first = a < b ? a : b, last = a < b ? b : a;
		uint64_t length = (draw(&m) >> (64 - draw(&m) % bits - 1)) + 1;
		uint64_t alignment = 1ULL << draw(&m) % bits;

		check_find(&m, first, last);
		check_find(&m, first, first);
		check_find_free(&m, first, last, length, alignment, draw(&m));
		check_find_free(&m, 0, UINT64_MAX, length, alignment, draw(&m));
		if (length - 1 > UINT64_MAX - first)
			length = UINT64_MAX - first + 1;
		if (m.count < ROOM && draw(&m) % 64 < 40 &&
		    !model_find(&m, first, first + (length - 1)))
			add(&m, first, first + (length - 1));
		else if (m.count && draw(&m) % 64 < 30)
			drop(&m, draw(&m) % m.count);
		assert_int_equal(m.shadow.count, m.count);
		if (step % 16 == 0 && m.shadow.root) {
			size_t count = 0;
			check_tree(m.shadow.root, UINT32_MAX, &count);
			assert_int_equal(count, m.count);
		}
	}
	drop_all(&m);
}

static void a_crowded_start_of_the_address_space_is_as_the_model(void **state)
{
	(void)state;
	walk(1, 12, 0);
}

static void a_crowded_end_of_the_address_space_is_as_the_model(void **state)
{
	(void)state;
	walk(2, 12, UINT64_MAX - 4095);
}

static void a_wide_address_space_is_as_the_model(void **state)
{
	(void)state;
	walk(3, 64, 0);
}

static void a_space_of_48_bits_is_as_the_model(void **state)
{
	(void)state;
	walk(4, 48, 0x1000);
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

static void ascending_and_descending_inserts_stay_shallow(void **state)
{
	struct shadow shadow = {0};
	enum {
		MANY = 20000
	};
	struct mapping *many = calloc(MANY, sizeof(*many));
	unsigned deepest = 0;

	(void)state;
	assert_non_null(many);
	for (size_t i = 0; i < MANY; i++) {
		size_t at = i < MANY / 2 ? i : MANY + MANY / 2 - 1 - i;
		many[i].iova = at << 12;
		many[i].last = (at << 12) + 0xfff;
		shadow_insert(&shadow, &many[i]);
	}
	for (size_t i = 0; i < MANY; i++) {
		unsigned depth = 0;
		for (const struct mapping *node = shadow.root; node != &many[i]; depth++)
			node = many[i].iova < node->iova ? node->left : node->right;
		deepest = depth > deepest ? depth : deepest;
	}
	/* 14 levels are the least; a list would have thousands. */
	assert_in_range(deepest, 14, 60);
	free(many);
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
		cmocka_unit_test(ascending_and_descending_inserts_stay_shallow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
