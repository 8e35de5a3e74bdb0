/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs two devices in groups of their own and one address space. Needs two edu, the set edu2. */
#include <sys/mman.h>

#include "behaviours.h"
#include "bench.h"

static int setup_sharing(void **state)
{
	struct bench *b;

	bench_setup_two(state);
	b = *state;
	assert_ok(libiommufd_device_attach(b->devices[0], b->ioas));
	assert_ok(libiommufd_device_attach(b->devices[1], b->ioas));
	return 0;
}

/* On type1 those that were not used before they are attached share a container. */
static int setup_sharing_unused(void **state)
{
	struct bench *b;

	bench_setup(state);
	b = *state;
	for (int n = 0; n < 2; n++)
		bench_bind_with(b, n, 0, NULL);
	for (int n = 0; n < 2; n++)
		assert_ok(libiommufd_device_attach(b->devices[n], b->ioas));
	for (int n = 0; n < 2; n++)
		bench_use(b, n);
	return 0;
}

static void each_device_has_a_group_of_its_own(void **state)
{
	struct libiommufd_facts *facts[2];
	struct bench *b = *state;

	for (int n = 0; n < 2; n++)
		assert_ok(libiommufd_device_query_facts(b->devices[n], &facts[n]));
	assert_int_not_equal(libiommufd_facts_get_group(facts[0]),
			     libiommufd_facts_get_group(facts[1]));
	if (natively(b->native, BEHAVIOUR_IDS))
		assert_int_not_equal(libiommufd_device_get_id(b->devices[0]),
				     libiommufd_device_get_id(b->devices[1]));
	for (int n = 0; n < 2; n++)
		libiommufd_facts_free(facts[n]);
}

static void both_reach_what_was_mapped_before_they_came(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x100000));
	assert_ok(libiommufd_device_attach(b->devices[0], b->ioas));
	assert_state(b->devices[0], ATTACHED, IOAS, b->ioas);
	assert_state(b->devices[1], BOUND, NOTHING, NULL);
	assert_true(dma_works(b, 0, 0x100000, memory));
	assert_false(dma_writes(b, 1, 0x100000, memory));
	assert_ok(libiommufd_device_attach(b->devices[1], b->ioas));
	assert_state(b->devices[1], ATTACHED, IOAS, b->ioas);
	assert_true(dma_works(b, 0, 0x100000, memory));
	assert_true(dma_works(b, 1, 0x100000, memory));
	munmap(memory, PAGE);
}

static void a_mapping_made_later_is_reached_by_both(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);
	uint64_t iova;

	assert_ok(libiommufd_ioas_map(b->ioas, memory, PAGE, BOTH, &iova));
	assert_true(dma_works(b, 0, iova, memory));
	assert_true(dma_works(b, 1, iova, memory));
	munmap(memory, PAGE);
}

static void bytes_go_from_one_device_to_the_other(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(2 * PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, 2 * PAGE, BOTH, 0x100000));
	dma_read(b, 0, 0x100000, memory);
	dma_start(b, 0, 0x101000, LENGTH);
	dma_wait(b, 0);
	assert_memory_equal(memory, memory + PAGE, LENGTH);
	assert_true(dma_reads(b, 1, 0x101000, memory + PAGE));
	munmap(memory, 2 * PAGE);
}

static void unmap_blocks_both(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);
	uint64_t bytes;

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x100000));
	assert_true(dma_works(b, 0, 0x100000, memory));
	assert_true(dma_works(b, 1, 0x100000, memory));
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x100000, PAGE, &bytes));
	assert_int_equal(bytes, PAGE);
	assert_false(dma_works(b, 0, 0x100000, memory));
	assert_false(dma_works(b, 1, 0x100000, memory));
	munmap(memory, PAGE);
}

static void a_read_only_mapping_is_read_only_for_both(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, LIBIOMMUFD_READ, 0x100000));
	for (int n = 0; n < 2; n++) {
		assert_true(dma_reads(b, n, 0x100000, memory));
		assert_false(dma_writes(b, n, 0x100000, memory));
	}
	munmap(memory, PAGE);
}

static void detach_of_one_leaves_the_other(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x100000));
	assert_ok(libiommufd_device_detach(b->devices[0]));
	assert_state(b->devices[0], BOUND, NOTHING, NULL);
	assert_state(b->devices[1], ATTACHED, IOAS, b->ioas);
	assert_false(dma_writes(b, 0, 0x100000, memory));
	assert_true(dma_works(b, 1, 0x100000, memory));
	assert_refused(libiommufd_ioas_destroy(b->ioas), EBUSY, IN_USE);
	assert_ok(libiommufd_device_attach(b->devices[0], b->ioas));
	assert_true(dma_works(b, 0, 0x100000, memory));
	munmap(memory, PAGE);
}

static void close_of_one_leaves_the_other(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x100000));
	bench_close(b, 0);
	assert_true(dma_works(b, 1, 0x100000, memory));
	bench_bind(b, 0);
	assert_false(dma_writes(b, 0, 0x100000, memory));
	assert_ok(libiommufd_device_attach(b->devices[0], b->ioas));
	assert_true(dma_works(b, 0, 0x100000, memory));
	munmap(memory, PAGE);
}

static void one_can_move_to_another_space_alone(void **state)
{
	struct bench *b = *state;
	struct libiommufd_ioas *other = bench_ioas(b);
	uint8_t *memory = bench_memory(2 * PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x100000));
	assert_ok(libiommufd_ioas_map_at(other, memory + PAGE, PAGE, BOTH, 0x100000));
	assert_ok(libiommufd_device_attach(b->devices[1], other));
	assert_state(b->devices[0], ATTACHED, IOAS, b->ioas);
	assert_state(b->devices[1], ATTACHED, IOAS, other);
	assert_true(dma_works(b, 0, 0x100000, memory));
	assert_false(dma_works(b, 0, 0x100000, memory + PAGE));
	assert_true(dma_works(b, 1, 0x100000, memory + PAGE));
	assert_false(dma_works(b, 1, 0x100000, memory));

	/* Each space is now one device's affair. */
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x100000, PAGE, NULL));
	assert_false(dma_works(b, 0, 0x100000, memory));
	assert_true(dma_works(b, 1, 0x100000, memory + PAGE));
	assert_refused(libiommufd_ioas_destroy(b->ioas), EBUSY, IN_USE);
	assert_refused(libiommufd_ioas_destroy(other), EBUSY, IN_USE);
	munmap(memory, 2 * PAGE);
}

static void a_space_can_be_destroyed_once_the_last_one_left(void **state)
{
	struct bench *b = *state;

	assert_refused(libiommufd_ioas_destroy(b->ioas), EBUSY, IN_USE);
	assert_ok(libiommufd_device_detach(b->devices[0]));
	assert_refused(libiommufd_ioas_destroy(b->ioas), EBUSY, IN_USE);
	assert_ok(libiommufd_device_detach(b->devices[1]));
	bench_destroy(b, b->ioas);
}

static void the_second_device_costs_the_pins_it_says(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(MIB);
	long before, all = (long)(MIB / PAGE) + 1;
	/* Both were used before. */
	long more = natively(b->native, BEHAVIOUR_PINS) ? 0 : all;

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, MIB, BOTH, 0x100000));
	assert_ok(libiommufd_device_attach(b->devices[0], b->ioas));
	before = bench_pins();
	assert_ok(libiommufd_device_attach(b->devices[1], b->ioas));
	assert_int_equal(bench_pins(), before + more);
	assert_ok(libiommufd_device_detach(b->devices[0]));
	assert_int_equal(bench_pins(), before);
	assert_true(dma_works(b, 1, 0x100000 + MIB - LENGTH, memory + MIB - LENGTH));
	assert_ok(libiommufd_device_detach(b->devices[1]));
	assert_int_equal(bench_pins(), before - all);
	munmap(memory, MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(each_device_has_a_group_of_its_own, bench_setup_two),
		bench_test(both_reach_what_was_mapped_before_they_came, bench_setup_two),
		bench_test(a_mapping_made_later_is_reached_by_both, setup_sharing),
		bench_test(bytes_go_from_one_device_to_the_other, setup_sharing),
		bench_test(unmap_blocks_both, setup_sharing),
		bench_test(a_read_only_mapping_is_read_only_for_both, setup_sharing),
		bench_test(detach_of_one_leaves_the_other, setup_sharing),
		bench_test(close_of_one_leaves_the_other, setup_sharing),
		bench_test(one_can_move_to_another_space_alone, setup_sharing),
		bench_test(a_space_can_be_destroyed_once_the_last_one_left, setup_sharing),
		bench_test(the_second_device_costs_the_pins_it_says, bench_setup_two),
	};
	const struct CMUnitTest unused_tests[] = {
		bench_test(a_mapping_made_later_is_reached_by_both, setup_sharing_unused),
		bench_test(bytes_go_from_one_device_to_the_other, setup_sharing_unused),
		bench_test(unmap_blocks_both, setup_sharing_unused),
		bench_test(a_read_only_mapping_is_read_only_for_both, setup_sharing_unused),
		bench_test(close_of_one_leaves_the_other, setup_sharing_unused),
	};

	bench_begin();
	int failed = cmocka_run_group_tests_name("share", tests, NULL, NULL);
	return failed +
	       cmocka_run_group_tests_name("share, unused before", unused_tests, NULL, NULL);
}
