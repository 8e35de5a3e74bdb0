/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the tests of who shares what: memory that is pinned once or once more, and what can leave. What
 * type1 calls a container is seen here by pins and by DMA only. Needs two edu, the set edu2.
 */
#include <dirent.h>
#include <sys/mman.h>

#include "behaviours.h"
#include "bench.h"
#include "differences.h"

static bool is_private(struct libiommufd_device *dev)
{
	bool private = true;

	assert_ok(libiommufd_device_query_private(dev, &private));
	return private;
}

/* Both are bound and were not used. */
static int setup_unused(void **state)
{
	struct bench *b;

	bench_setup(state);
	b = *state;
	bench_bind_with(b, 0, 0, NULL);
	bench_bind_with(b, 1, 0, NULL);
	return 0;
}

/* And attached to the same address space before they are. */
static int setup_sharing(void **state)
{
	struct bench *b;

	setup_unused(state);
	b = *state;
	for (int n = 0; n < 2; n++)
		assert_ok(libiommufd_device_attach(b->devices[n], b->ioas));
	for (int n = 0; n < 2; n++)
		bench_use(b, n);
	return 0;
}

static int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* ---- Pins ---- */

static void memory_is_pinned_once_for_devices_that_share(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(MIB);
	long none = bench_pins(), one;

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, MIB, BOTH, 0x100000));
	assert_ok(libiommufd_device_attach(b->devices[0], b->ioas));
	one = bench_pins();
	assert_true(one >= none + (long)(MIB / PAGE));
	assert_ok(libiommufd_device_attach(b->devices[1], b->ioas));
	assert_int_equal(bench_pins(), one);
	for (int n = 0; n < 2; n++) {
		assert_false(is_private(b->devices[n]));
		assert_state(b->devices[n], ATTACHED, IOAS, b->ioas);
		bench_use(b, n);
		assert_true(dma_works(b, n, 0x100000 + MIB - LENGTH, memory + MIB - LENGTH));
	}
	munmap(memory, MIB);
}

static void one_that_was_used_first_is_pinned_for_again_on_type1(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(MIB);
	long one;

	bench_use(b, 1);
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, MIB, BOTH, 0x100000));
	assert_ok(libiommufd_device_attach(b->devices[0], b->ioas));
	one = bench_pins();
	assert_ok(libiommufd_device_attach(b->devices[1], b->ioas));
	assert_int_equal(is_private(b->devices[1]), !natively(b->native, BEHAVIOUR_PINS));
	assert_false(is_private(b->devices[0]));
	assert_int_equal(bench_pins() - one,
			 natively(b->native, BEHAVIOUR_PINS) ? 0 : MIB / PAGE + 1);
	assert_true(dma_works(b, 1, 0x100000, memory));

	/* The last one that is left has it for itself, but nobody else pins. */
	assert_ok(libiommufd_device_close(b->devices[0], 0));
	b->devices[0] = NULL;
	assert_int_equal(bench_pins(), one);
	assert_false(is_private(b->devices[1]));
	assert_true(dma_works(b, 1, 0x100000, memory));
	munmap(memory, MIB);
}

static void a_move_alone_takes_its_pins_along(void **state)
{
	struct bench *b = *state;
	struct libiommufd_ioas *other = bench_ioas(b);
	uint8_t *memory = bench_memory(2 * MIB);
	long before;

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, MIB, BOTH, 0x100000));
	assert_ok(libiommufd_ioas_map_at(other, memory + MIB, MIB, BOTH, 0x100000));
	assert_ok(libiommufd_device_attach(b->devices[0], b->ioas));
	before = bench_pins();
	assert_ok(libiommufd_device_attach(b->devices[0], other));
	assert_int_equal(bench_pins(), before);
	/* The other one finds the container there, not here. */
	assert_ok(libiommufd_device_attach(b->devices[1], other));
	assert_int_equal(bench_pins(), before);
	for (int n = 0; n < 2; n++) {
		bench_use(b, n);
		assert_true(dma_works(b, n, 0x100000, memory + MIB));
		assert_false(dma_works(b, n, 0x100000, memory));
	}
	munmap(memory, 2 * MIB);
}

/* ---- Leaving ---- */

static void one_that_shares_can_be_detached_or_closed(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x100000));
	assert_outcome(libiommufd_device_detach(b->devices[0]),
		       differs(b->native, DIFFERENCE_DETACH_OF_ONE_THAT_SHARES));
	if (works(b->native, DIFFERENCE_DETACH_OF_ONE_THAT_SHARES)) {
		assert_ok(libiommufd_device_attach(b->devices[0], b->ioas));
	} else {
		assert_sentence("close it");
		assert_state(b->devices[0], ATTACHED, IOAS, b->ioas);
	}
	assert_true(dma_works(b, 0, 0x100000, memory));

	/* Everywhere it can be closed, bound again, and what it shared with goes on. */
	bench_close(b, 0);
	assert_true(dma_works(b, 1, 0x100000, memory));
	bench_bind(b, 0);
	assert_state(b->devices[0], BOUND, NOTHING, NULL);
	assert_false(dma_writes(b, 0, 0x100000, memory));
	assert_true(dma_works(b, 1, 0x100000, memory));
	/* The last one shares with nobody. */
	assert_ok(libiommufd_device_detach(b->devices[1]));
	assert_state(b->devices[1], BOUND, NOTHING, NULL);
	assert_false(dma_writes(b, 1, 0x100000, memory));
	assert_ok(libiommufd_device_attach(b->devices[1], b->ioas));
	assert_true(dma_works(b, 1, 0x100000, memory));
	munmap(memory, PAGE);
}

static void one_that_shares_can_be_moved_or_bound_anew(void **state)
{
	struct bench *b = *state;
	struct libiommufd_ioas *other = bench_ioas(b);
	uint8_t *memory = bench_memory(2 * PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x100000));
	assert_ok(libiommufd_ioas_map_at(other, memory + PAGE, PAGE, BOTH, 0x100000));
	assert_outcome(libiommufd_device_attach(b->devices[0], other),
		       differs(b->native, DIFFERENCE_MOVE_OF_ONE_THAT_SHARES));
	if (!works(b->native, DIFFERENCE_MOVE_OF_ONE_THAT_SHARES)) {
		assert_state(b->devices[0], ATTACHED, IOAS, b->ioas);
		assert_true(dma_works(b, 0, 0x100000, memory));
		bench_close(b, 0);
		bench_bind_with(b, 0, 0, other);
		assert_ok(libiommufd_device_attach(b->devices[0], other));
		bench_use(b, 0);
	}
	assert_state(b->devices[0], ATTACHED, IOAS, other);
	assert_true(dma_works(b, 0, 0x100000, memory + PAGE));
	assert_false(dma_works(b, 0, 0x100000, memory));
	assert_true(dma_works(b, 1, 0x100000, memory));
	assert_false(dma_works(b, 1, 0x100000, memory + PAGE));
	munmap(memory, 2 * PAGE);
}

static void bound_private_it_can_leave_on_both(void **state)
{
	struct bench *b = *state;
	struct libiommufd_ioas *other = bench_ioas(b);
	uint8_t *memory = bench_memory(2 * PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x100000));
	assert_ok(libiommufd_ioas_map_at(other, memory + PAGE, PAGE, BOTH, 0x100000));
	bench_bind_with(b, 0, 0, NULL);
	bench_bind_with(b, 1, LIBIOMMUFD_BIND_PRIVATE, b->ioas);
	for (int n = 0; n < 2; n++)
		assert_ok(libiommufd_device_attach(b->devices[n], b->ioas));
	assert_int_equal(is_private(b->devices[1]), !natively(b->native, BEHAVIOUR_PINS));
	for (int n = 0; n < 2; n++) {
		bench_use(b, n);
		assert_true(dma_works(b, n, 0x100000, memory));
	}
	assert_ok(libiommufd_device_attach(b->devices[1], other));
	assert_true(dma_works(b, 1, 0x100000, memory + PAGE));
	assert_true(dma_works(b, 0, 0x100000, memory));
	assert_ok(libiommufd_device_detach(b->devices[1]));
	assert_false(dma_writes(b, 1, 0x100000, memory + PAGE));
	assert_true(dma_works(b, 0, 0x100000, memory));
	munmap(memory, 2 * PAGE);
}

/* ---- Bind with an address space ---- */

static void bound_for_a_space_that_nobody_is_attached_to_it_reaches_nothing(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x100000));
	for (int n = 0; n < 2; n++) {
		bench_bind_with(b, n, 0, b->ioas);
		bench_use(b, n);
	}
	for (int n = 0; n < 2; n++) {
		assert_state(b->devices[n], BOUND, NOTHING, NULL);
		assert_false(dma_writes(b, n, 0x100000, memory));
	}
	munmap(memory, PAGE);
}

static void bound_for_a_space_in_use_it_reaches_that_at_once_on_type1(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x100000));
	for (int n = 0; n < 2; n++) {
		bench_bind_with(b, n, 0, b->ioas);
		bench_use(b, n);
	}
	assert_ok(libiommufd_device_attach(b->devices[0], b->ioas));
	assert_true(dma_works(b, 0, 0x100000, memory));
	if (natively(b->native, BEHAVIOUR_REACH_WHEN_BOUND_FOR))
		assert_state(b->devices[1], BOUND, NOTHING, NULL);
	else
		assert_state(b->devices[1], BOUND, IOAS, b->ioas);
	/* What the library says is what DMA does. */
	assert_int_equal(dma_writes(b, 1, 0x100000, memory),
			 !natively(b->native, BEHAVIOUR_REACH_WHEN_BOUND_FOR));
	assert_ok(libiommufd_device_attach(b->devices[1], b->ioas));
	assert_true(dma_works(b, 1, 0x100000, memory));
	munmap(memory, PAGE);
}

static void a_space_that_devices_were_only_bound_for_can_be_destroyed(void **state)
{
	struct bench *b = *state;
	struct libiommufd_ioas *other = bench_ioas(b);
	uint8_t *memory = bench_memory(PAGE);

	for (int n = 0; n < 2; n++)
		bench_bind_with(b, n, 0, other);
	bench_destroy(b, other);
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x100000));
	/* They are together still: one would take the other along. */
	assert_outcome(libiommufd_device_attach(b->devices[0], b->ioas),
		       differs(b->native, DIFFERENCE_MOVE_OF_ONE_THAT_SHARES));
	assert_ok(libiommufd_device_close(b->devices[1], 0));
	b->devices[1] = NULL;
	assert_ok(libiommufd_device_attach(b->devices[0], b->ioas));
	bench_bind_with(b, 1, 0, b->ioas);
	assert_ok(libiommufd_device_attach(b->devices[1], b->ioas));
	for (int n = 0; n < 2; n++) {
		bench_use(b, n);
		assert_true(dma_works(b, n, 0x100000, memory));
	}
	munmap(memory, PAGE);
}

static void what_is_detached_is_not_where_another_one_joins(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x100000));
	assert_ok(libiommufd_device_attach(b->devices[0], b->ioas));
	bench_use(b, 0);
	assert_true(dma_works(b, 0, 0x100000, memory));
	assert_ok(libiommufd_device_detach(b->devices[0]));
	assert_ok(libiommufd_device_attach(b->devices[1], b->ioas));
	bench_use(b, 1);
	assert_state(b->devices[0], BOUND, NOTHING, NULL);
	assert_false(dma_writes(b, 0, 0x100000, memory));
	assert_true(dma_works(b, 1, 0x100000, memory));
	munmap(memory, PAGE);
}

static void detached_and_left_with_others_it_reaches_what_they_attach_to_on_type1(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x100000));
	for (int n = 0; n < 2; n++) {
		bench_bind_with(b, n, 0, b->ioas);
		bench_use(b, n);
	}
	assert_ok(libiommufd_device_attach(b->devices[0], b->ioas));
	assert_ok(libiommufd_device_detach(b->devices[0]));
	assert_state(b->devices[0], BOUND, NOTHING, NULL);
	assert_false(dma_writes(b, 0, 0x100000, memory));
	assert_ok(libiommufd_device_attach(b->devices[1], b->ioas));
	if (natively(b->native, BEHAVIOUR_REACH_WHEN_BOUND_FOR))
		assert_state(b->devices[0], BOUND, NOTHING, NULL);
	else
		assert_state(b->devices[0], BOUND, IOAS, b->ioas);
	assert_int_equal(dma_writes(b, 0, 0x100000, memory),
			 !natively(b->native, BEHAVIOUR_REACH_WHEN_BOUND_FOR));
	munmap(memory, PAGE);
}

/* ---- All of it, and nothing left ---- */

static void nothing_is_left_open_or_pinned(void **state)
{
	struct bench *b = *state;
	int files = open_files();
	long pins = bench_pins();
	uint8_t *memory = bench_memory(MIB);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, MIB, BOTH, 0x100000));
	for (int round = 0; round < 4; round++) {
		for (int n = 0; n < 2; n++)
			bench_bind_with(b, n, round == 2 ? LIBIOMMUFD_BIND_PRIVATE : 0,
					round == 1 ? b->ioas : NULL);
		if (round == 3)
			bench_use(b, 1);
		for (int n = 0; n < 2; n++)
			assert_ok(libiommufd_device_attach(b->devices[n], b->ioas));
		assert_true(bench_pins() > pins);
		if (round == 3)
			assert_int_equal(edu_stop(&b->edu[1]), 0);
		/* In either order. */
		for (int i = 0; i < 2; i++) {
			int n = round % 2 ? 1 - i : i;
			assert_ok(libiommufd_device_close(b->devices[n], 0));
			b->devices[n] = NULL;
		}
		assert_int_equal(open_files(), files);
		assert_int_equal(bench_pins(), pins);
	}
	munmap(memory, MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(memory_is_pinned_once_for_devices_that_share, setup_unused),
		bench_test(one_that_was_used_first_is_pinned_for_again_on_type1, setup_unused),
		bench_test(a_move_alone_takes_its_pins_along, setup_unused),
		bench_test(one_that_shares_can_be_detached_or_closed, setup_sharing),
		bench_test(one_that_shares_can_be_moved_or_bound_anew, setup_sharing),
		bench_test(bound_private_it_can_leave_on_both, bench_setup),
		bench_test(bound_for_a_space_that_nobody_is_attached_to_it_reaches_nothing,
			   bench_setup),
		bench_test(bound_for_a_space_in_use_it_reaches_that_at_once_on_type1, bench_setup),
		bench_test(a_space_that_devices_were_only_bound_for_can_be_destroyed, bench_setup),
		bench_test(what_is_detached_is_not_where_another_one_joins, setup_unused),
		bench_test(detached_and_left_with_others_it_reaches_what_they_attach_to_on_type1,
			   bench_setup),
		bench_test(nothing_is_left_open_or_pinned, bench_setup),
	};

	bench_begin();
	return cmocka_run_group_tests_name("containers", tests, NULL, NULL);
}
