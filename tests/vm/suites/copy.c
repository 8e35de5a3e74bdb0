/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the tests of copies: a second address, in another space or the same, for mapped memory. */
#include "suites.h"

#include <sys/mman.h>

#include "behaviours.h"
#include "bench.h"

static void a_copy_is_reached_where_it_was_copied_to(void **state)
{
	struct bench *b = *state;
	struct libiommufd_ioas *other = bench_ioas(b);
	uint8_t *memory = bench_memory(4 * PAGE);
	uint64_t picked;

	assert_ok(libiommufd_ioas_map_at(other, memory, 4 * PAGE, BOTH, 0x100000));
	assert_false(dma_works(b, 0, 0x100000, memory));
	assert_ok(libiommufd_ioas_copy_at(b->ioas, other, 0x100000, 4 * PAGE, BOTH, 0x700000));
	assert_ok(libiommufd_ioas_copy(b->ioas, other, 0x100000, 4 * PAGE, BOTH, &picked));
	assert_true(picked > 0);
	assert_true(dma_works(b, 0, 0x700000, memory));
	assert_true(dma_works(b, 0, 0x703000, memory + 3 * PAGE));
	assert_true(dma_works(b, 0, picked + 3 * PAGE, memory + 3 * PAGE));
	assert_false(dma_works(b, 0, 0x704000, memory));
	/* Only there. */
	assert_false(dma_works(b, 0, 0x100000, memory));
	munmap(memory, 4 * PAGE);
}

static void a_copy_outlives_the_original_and_its_space(void **state)
{
	struct bench *b = *state;
	struct libiommufd_ioas *other = bench_ioas(b);
	uint8_t *memory = bench_memory(2 * PAGE);

	assert_ok(libiommufd_ioas_map_at(other, memory, 2 * PAGE, BOTH, 0x100000));
	assert_ok(libiommufd_ioas_copy_at(b->ioas, other, 0x100000, 2 * PAGE, BOTH, 0x700000));
	assert_ok(libiommufd_ioas_unmap(other, 0x100000, 2 * PAGE, NULL));
	assert_true(dma_works(b, 0, 0x700000, memory));
	bench_destroy(b, other);
	assert_true(dma_works(b, 0, 0x701000, memory + PAGE));
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x700000, 2 * PAGE, NULL));
	assert_false(dma_works(b, 0, 0x700000, memory));
	munmap(memory, 2 * PAGE);
}

static void a_copy_in_the_same_space_outlives_the_original(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x100000));
	assert_ok(libiommufd_ioas_copy_at(b->ioas, b->ioas, 0x100000, PAGE, BOTH, 0x700000));
	assert_true(dma_works(b, 0, 0x100000, memory));
	assert_true(dma_works(b, 0, 0x700000, memory));
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x100000, PAGE, NULL));
	assert_false(dma_works(b, 0, 0x100000, memory));
	assert_true(dma_works(b, 0, 0x700000, memory));
	munmap(memory, PAGE);
}

/* Which nobody should do: the mapping's pages are then no longer the process's. */
static void a_copy_of_memory_that_was_replaced_reaches_the_old_pages_natively(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x100000));
	assert_true(dma_works(b, 0, 0x100000, memory));
	assert_ptr_equal(mmap(memory, PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_FIXED, -1, 0),
			 memory);
	assert_false(dma_works(b, 0, 0x100000, memory));
	assert_ok(libiommufd_ioas_copy_at(b->ioas, b->ioas, 0x100000, PAGE, BOTH, 0x700000));
	assert_int_equal(dma_works(b, 0, 0x700000, memory),
			 !natively(b->native, BEHAVIOUR_REPLACED));
	assert_false(dma_works(b, 0, 0x100000, memory));
	/* With nobody attached nothing is pinned. */
	assert_ok(libiommufd_device_detach(b->dev));
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_true(dma_works(b, 0, 0x100000, memory));
	assert_true(dma_works(b, 0, 0x700000, memory));
	munmap(memory, PAGE);
}

static void a_part_of_a_mapping_can_be_copied(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(8 * PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, 8 * PAGE, BOTH, 0x100000));
	assert_ok(libiommufd_ioas_copy_at(b->ioas, b->ioas, 0x103000, 2 * PAGE, BOTH, 0x700000));
	assert_true(dma_works(b, 0, 0x700000, memory + 3 * PAGE));
	assert_true(dma_works(b, 0, 0x701000, memory + 4 * PAGE));
	assert_false(dma_works(b, 0, 0x702000, memory + 5 * PAGE));
	assert_false(dma_works(b, 0, 0x6ff000, memory + 2 * PAGE));
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x100000, 8 * PAGE, NULL));
	assert_true(dma_works(b, 0, 0x701000, memory + 4 * PAGE));
	munmap(memory, 8 * PAGE);
}

static void a_copy_can_span_two_mappings(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(6 * PAGE);
	uint64_t bytes;

	/* The second one's memory lies before the first one's. */
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory + 4 * PAGE, 2 * PAGE, BOTH, 0x100000));
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, 2 * PAGE, BOTH, 0x102000));
	assert_ok(libiommufd_ioas_copy_at(b->ioas, b->ioas, 0x101000, 2 * PAGE, BOTH, 0x700000));
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x100000, 4 * PAGE, &bytes));
	assert_int_equal(bytes, 4 * PAGE);
	assert_true(dma_works(b, 0, 0x700000, memory + 5 * PAGE));
	assert_true(dma_works(b, 0, 0x701000, memory));
	assert_false(dma_works(b, 0, 0x702000, memory + PAGE));
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x700000, 2 * PAGE, &bytes));
	assert_int_equal(bytes, 2 * PAGE);
	assert_false(dma_works(b, 0, 0x701000, memory));
	munmap(memory, 6 * PAGE);
}

static void a_copy_cannot_raise_access(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);
	uint64_t picked = 42;

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, LIBIOMMUFD_READ, 0x100000));
	assert_refused(libiommufd_ioas_copy_at(b->ioas, b->ioas, 0x100000, PAGE, BOTH, 0x700000),
		       EPERM, RAISED_ACCESS);
	assert_refused(libiommufd_ioas_copy(b->ioas, b->ioas, 0x100000, PAGE, LIBIOMMUFD_WRITE,
					    &picked),
		       EPERM, RAISED_ACCESS);
	assert_int_equal(picked, 42);
	assert_false(dma_writes(b, 0, 0x700000, memory));
	assert_ok(libiommufd_ioas_copy_at(b->ioas, b->ioas, 0x100000, PAGE, LIBIOMMUFD_READ,
					  0x700000));
	assert_true(dma_reads(b, 0, 0x700000, memory));
	assert_false(dma_writes(b, 0, 0x700000, memory));
	munmap(memory, PAGE);
}

static void a_copy_can_lower_access(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x100000));
	assert_ok(libiommufd_ioas_copy_at(b->ioas, b->ioas, 0x100000, PAGE, LIBIOMMUFD_READ,
					  0x700000));
	assert_true(dma_reads(b, 0, 0x700000, memory));
	assert_false(dma_writes(b, 0, 0x700000, memory));
	assert_true(dma_writes(b, 0, 0x100000, memory));
	munmap(memory, PAGE);
}

static void a_copy_of_what_is_not_all_mapped_is_refused(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x100000));
	assert_refused(libiommufd_ioas_copy_at(b->ioas, b->ioas, 0x200000, PAGE, BOTH, 0x700000),
		       ENOENT, NOT_MAPPED);
	assert_refused(libiommufd_ioas_copy_at(b->ioas, b->ioas, 0x100000, 2 * PAGE, BOTH,
					       0x700000),
		       ENOENT, NOT_MAPPED);
	assert_refused(libiommufd_ioas_copy_at(b->ioas, b->ioas, 0x100000, PAGE, BOTH, HOME),
		       EEXIST, IOVA_IN_USE);
	assert_refused(libiommufd_ioas_copy_at(b->ioas, b->ioas, 0x100000, PAGE, BOTH, 0x700800),
		       EINVAL, ARGUMENT);
	assert_refused(libiommufd_ioas_copy_at(b->ioas, b->ioas, 0x100000, 0, BOTH, 0x700000),
		       EINVAL, ARGUMENT);
	assert_refused(libiommufd_ioas_copy_at(b->ioas, b->ioas, 0x100000, PAGE, BOTH, 0xfee00000),
		       EINVAL, IOVA_RANGE);
	assert_false(dma_works(b, 0, 0x700000, memory));
	munmap(memory, PAGE);
}

static void a_copy_pins_what_it_says(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(MIB);
	long more = natively(b->native, BEHAVIOUR_PINS_OF_COPIES) ? 0 : (long)(MIB / PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, MIB, BOTH, 0x100000));
	long before = bench_pins();
	assert_ok(libiommufd_ioas_copy_at(b->ioas, b->ioas, 0x100000, MIB, BOTH, 0x700000));
	assert_int_equal(bench_pins(), before + more);
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x100000, MIB, NULL));
	/* Still needed. */
	assert_int_equal(bench_pins(), before);
	assert_true(dma_works(b, 0, 0x700000 + MIB - LENGTH, memory + MIB - LENGTH));
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x700000, MIB, NULL));
	assert_int_equal(bench_pins(), before - (long)(MIB / PAGE));
	munmap(memory, MIB);
}

int run_copy(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(a_copy_is_reached_where_it_was_copied_to, bench_setup_attached),
		bench_test(a_copy_outlives_the_original_and_its_space, bench_setup_attached),
		bench_test(a_copy_in_the_same_space_outlives_the_original, bench_setup_attached),
		bench_test(a_copy_of_memory_that_was_replaced_reaches_the_old_pages_natively,
			   bench_setup_attached),
		bench_test(a_part_of_a_mapping_can_be_copied, bench_setup_attached),
		bench_test(a_copy_can_span_two_mappings, bench_setup_attached),
		bench_test(a_copy_cannot_raise_access, bench_setup_attached),
		bench_test(a_copy_can_lower_access, bench_setup_attached),
		bench_test(a_copy_of_what_is_not_all_mapped_is_refused, bench_setup_attached),
		bench_test(a_copy_pins_what_it_says, bench_setup_attached),
	};
	return cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}
