/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the tests of single mappings: sizes, alignment, holes, and who may read and write. */
#include "suites.h"

#include <string.h>
#include <sys/mman.h>

#include "bench.h"

static void a_mapping_of_any_size_is_reached_from_its_first_to_its_last_byte(void **state)
{
	static const uint64_t sizes[] = {
		PAGE,    2 * PAGE,       64 * 1024, 2 * MIB - PAGE,
		2 * MIB, 2 * MIB + PAGE, 16 * MIB,  64 * MIB,
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t size = sizes[i], iova = 0x100000000 + i * GIB, end = size - LENGTH;
		uint8_t *memory = bench_memory(size + PAGE);

		assert_ok(libiommufd_ioas_map_at(b->ioas, memory, size, BOTH, iova));
		assert_true(dma_works(b, 0, iova, memory));
		assert_true(dma_works(b, 0, iova + end, memory + end));
		/* Not a byte more, though memory goes on there. */
		assert_false(dma_works(b, 0, iova + size, memory + size));
		assert_false(dma_writes(b, 0, iova - LENGTH, memory));
		assert_ok(libiommufd_ioas_unmap(b->ioas, iova, size, NULL));
		assert_false(dma_writes(b, 0, iova, memory));
		assert_false(dma_works(b, 0, iova + end, memory + end));
		munmap(memory, size + PAGE);
	}
}

static void memory_of_huge_pages_is_reached_whatever_its_place_in_them(void **state)
{
	struct bench *b = *state;
	uint8_t *space = bench_memory(6 * MIB);
	uint8_t *huge = (uint8_t *)(((uintptr_t)space + 2 * MIB - 1) & -(2 * MIB));

	madvise(huge, 4 * MIB, MADV_HUGEPAGE);
	for (uint64_t skip = 0; skip <= PAGE; skip += PAGE) {
		uint64_t iova = 0x200000000, length = 4 * MIB - 2 * PAGE;
		assert_ok(libiommufd_ioas_map_at(b->ioas, huge + skip, length, BOTH, iova));
		assert_true(dma_works(b, 0, iova, huge + skip));
		assert_true(dma_works(b, 0, iova + 2 * MIB - LENGTH / 2,
				      huge + skip + 2 * MIB - LENGTH / 2));
		assert_true(dma_works(b, 0, iova + length - LENGTH, huge + skip + length - LENGTH));
		assert_ok(libiommufd_ioas_unmap(b->ioas, iova, length, NULL));
	}
	munmap(space, 6 * MIB);
}

static void a_dma_may_have_any_length_and_cross_pages(void **state)
{
	static const size_t lengths[] = {1, 2, 3, 511, 4095};
	struct bench *b = *state;
	uint8_t *memory = bench_memory(4 * PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, 4 * PAGE, BOTH, 0x10000));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint64_t at = 2 * PAGE - lengths[i] / 2 - 1;
		memory[at - 1] = memory[at + lengths[i]] = 0xaa;
		assert_true(dma_writes_length(b, 0, 0x10000 + at, memory + at, lengths[i]));
		assert_int_equal(memory[at - 1], 0xaa);
		assert_int_equal(memory[at + lengths[i]], 0xaa);
		assert_true(dma_reads_length(b, 0, 0x10000 + at, memory + at, lengths[i]));
	}
	munmap(memory, 4 * PAGE);
}

static void what_is_not_aligned_is_refused(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(2 * PAGE);
	uint64_t iova = 42;

	assert_refused(libiommufd_ioas_map(b->ioas, memory + 1, PAGE, BOTH, &iova), EINVAL,
		       ARGUMENT);
	assert_refused(libiommufd_ioas_map(b->ioas, memory + 512, PAGE, BOTH, &iova), EINVAL,
		       ARGUMENT);
	assert_refused(libiommufd_ioas_map(b->ioas, memory, PAGE - 1, BOTH, &iova), EINVAL,
		       ARGUMENT);
	assert_refused(libiommufd_ioas_map(b->ioas, memory, 0, BOTH, &iova), EINVAL, ARGUMENT);
	assert_refused(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10800), EINVAL,
		       ARGUMENT);
	assert_refused(libiommufd_ioas_map_at(b->ioas, memory + 2048, PAGE, BOTH, 0x10000), EINVAL,
		       ARGUMENT);
	assert_refused(libiommufd_ioas_map(b->ioas, memory, PAGE, 0, &iova), EINVAL, ARGUMENT);
	assert_refused(libiommufd_ioas_map(b->ioas, memory, PAGE, 8, &iova), EINVAL, ARGUMENT);
	assert_int_equal(iova, 42);
	assert_false(dma_writes(b, 0, 0x10000, memory));
	munmap(memory, 2 * PAGE);
}

static void the_hole_between_two_mappings_is_refused(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(3 * PAGE), before[3 * PAGE];

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory + 2 * PAGE, PAGE, BOTH, 0x12000));
	assert_true(dma_works(b, 0, 0x10000, memory));
	assert_false(dma_works(b, 0, 0x11000, memory + PAGE));
	assert_false(dma_works(b, 0, 0x12000 - LENGTH, memory + 2 * PAGE - LENGTH));
	assert_true(dma_works(b, 0, 0x12000, memory + 2 * PAGE));

	/* One that starts in a mapping ends at its edge. */
	bench_fill(b, memory, sizeof(before));
	memcpy(before, memory, sizeof(before));
	dma_start(b, 0, 0x11000 - LENGTH / 2, LENGTH);
	dma_wait(b, 0);
	assert_memory_equal(memory, before, PAGE - LENGTH / 2);
	assert_memory_equal(memory + PAGE, before + PAGE, 2 * PAGE);
	munmap(memory, 3 * PAGE);
}

static void neighbours_need_not_be_neighbours_in_memory(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(3 * PAGE), sent[LENGTH];

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory + 2 * PAGE, PAGE, BOTH, 0x10000));
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x11000));
	dma_read(b, 0, 0x10000, memory + 2 * PAGE);
	memcpy(sent, memory + 2 * PAGE, LENGTH);
	memset(memory, 0, 3 * PAGE);
	dma_start(b, 0, 0x11000 - LENGTH / 2, LENGTH);
	dma_wait(b, 0);
	assert_memory_equal(memory + 3 * PAGE - LENGTH / 2, sent, LENGTH / 2);
	assert_memory_equal(memory, sent + LENGTH / 2, LENGTH / 2);
	assert_int_equal(memory[PAGE], 0);
	munmap(memory, 3 * PAGE);
}

static void the_same_memory_can_be_mapped_many_times(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);
	uint64_t iova[3];

	for (int i = 0; i < 3; i++)
		assert_ok(libiommufd_ioas_map(b->ioas, memory, PAGE, BOTH, &iova[i]));
	assert_true(dma_works(b, 0, iova[0], memory));
	assert_ok(libiommufd_ioas_unmap(b->ioas, iova[0], PAGE, NULL));
	assert_false(dma_works(b, 0, iova[0], memory));
	assert_true(dma_works(b, 0, iova[1], memory));
	assert_true(dma_works(b, 0, iova[2], memory));
	munmap(memory, PAGE);
}

static void a_device_cannot_write_to_a_read_only_mapping(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(2 * PAGE);
	uint8_t *constant = memory + PAGE;

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, LIBIOMMUFD_READ, 0x10000));
	assert_true(dma_reads(b, 0, 0x10000, memory));
	assert_false(dma_writes(b, 0, 0x10000, memory));
	assert_true(dma_reads(b, 0, 0x10000, memory));

	/* Memory that the process cannot write itself is good enough for that. */
	bench_fill(b, constant, PAGE);
	assert_int_equal(mprotect(constant, PAGE, PROT_READ), 0);
	assert_ok(libiommufd_ioas_map_at(b->ioas, constant, PAGE, LIBIOMMUFD_READ, 0x20000));
	dma_start(b, 0, 0x20000, LENGTH);
	dma_wait(b, 0);
	assert_int_equal(mprotect(constant, PAGE, PROT_READ | PROT_WRITE), 0);
	assert_true(dma_reads(b, 0, 0x20000, constant));
	munmap(memory, 2 * PAGE);
}

/*
 * AMD's page tables tell reading from writing. Intel's do as well, but Linux's driver sets the bit that
 * allows reading in every entry (in the other format of those tables it is the "present" bit).
 */
static void a_write_only_mapping_is_written_and_read_only_on_intel(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, LIBIOMMUFD_WRITE, 0x10000));
	assert_true(dma_writes(b, 0, 0x10000, memory));
	assert_int_equal(dma_reads(b, 0, 0x10000, memory), !bench_is_amd(b));
	assert_true(dma_writes(b, 0, 0x10000, memory));
	munmap(memory, PAGE);
}

static void addresses_above_4_gib_are_told_apart_from_those_below(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(2 * PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	assert_false(dma_works(b, 0, 0x100010000, memory));
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory + PAGE, PAGE, BOTH, 0x100010000));
	assert_true(dma_works(b, 0, 0x100010000, memory + PAGE));
	assert_true(dma_works(b, 0, 0x10000, memory));
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x10000, PAGE, NULL));
	assert_false(dma_works(b, 0, 0x10000, memory));
	assert_true(dma_works(b, 0, 0x100010000, memory + PAGE));
	munmap(memory, 2 * PAGE);
}

static void address_0_is_an_address_like_any_other(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0));
	assert_true(dma_works(b, 0, 0, memory));
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0, PAGE, NULL));
	assert_false(dma_works(b, 0, 0, memory));
	munmap(memory, PAGE);
}

int run_maps(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(a_mapping_of_any_size_is_reached_from_its_first_to_its_last_byte,
			   bench_setup_attached),
		bench_test(memory_of_huge_pages_is_reached_whatever_its_place_in_them,
			   bench_setup_attached),
		bench_test(a_dma_may_have_any_length_and_cross_pages, bench_setup_attached),
		bench_test(what_is_not_aligned_is_refused, bench_setup_attached),
		bench_test(the_hole_between_two_mappings_is_refused, bench_setup_attached),
		bench_test(neighbours_need_not_be_neighbours_in_memory, bench_setup_attached),
		bench_test(the_same_memory_can_be_mapped_many_times, bench_setup_attached),
		bench_test(a_device_cannot_write_to_a_read_only_mapping, bench_setup_attached),
		bench_test(a_write_only_mapping_is_written_and_read_only_on_intel,
			   bench_setup_attached),
		bench_test(addresses_above_4_gib_are_told_apart_from_those_below,
			   bench_setup_attached),
		bench_test(address_0_is_an_address_like_any_other, bench_setup_attached),
	};
	return cmocka_run_group_tests_name("maps", tests, NULL, NULL);
}
