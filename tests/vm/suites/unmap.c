/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the tests of unmapping: what goes, what stays, and how many bytes that is. */
#include "suites.h"

#include <sys/mman.h>

#include "bench.h"
#include "differences.h"

/* Pages of memory, each mapped at 0x100000 + 0x2000 * i: with a hole of its size behind it. */
static uint8_t *map_with_holes(struct bench *b, int count)
{
	uint8_t *memory = bench_memory((uint64_t)count * PAGE);

	for (int i = 0; i < count; i++)
		assert_ok(libiommufd_ioas_map_at(b->ioas, memory + i * PAGE, PAGE, BOTH,
						 0x100000 + 0x2000ULL * i));
	return memory;
}

static void unmap_blocks_dma_and_tells_how_much_went(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(MIB);
	uint64_t bytes = 0, iova;

	assert_ok(libiommufd_ioas_map(b->ioas, memory, MIB, BOTH, &iova));
	assert_true(dma_works(b, 0, iova + MIB - LENGTH, memory + MIB - LENGTH));
	assert_ok(libiommufd_ioas_unmap(b->ioas, iova, MIB, &bytes));
	assert_int_equal(bytes, MIB);
	assert_false(dma_works(b, 0, iova + MIB - LENGTH, memory + MIB - LENGTH));
	assert_false(dma_works(b, 0, iova, memory));
	/* The place is free again. */
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, iova));
	assert_true(dma_works(b, 0, iova, memory));
	munmap(memory, MIB);
}

static void unmap_releases_the_pins(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(MIB);
	long before = bench_pins();

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, MIB, BOTH, 0x100000));
	assert_int_equal(bench_pins(), before + (long)(MIB / PAGE));
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x100000, MIB, NULL));
	assert_int_equal(bench_pins(), before);
	munmap(memory, MIB);
}

static void a_range_with_holes_unmaps_what_is_in_it(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = map_with_holes(b, 6);
	uint64_t bytes;

	/* Numbers 1 to 4, from one hole to another. */
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x101000, 0x9000, &bytes));
	assert_int_equal(bytes, 4 * PAGE);
	assert_true(dma_works(b, 0, 0x100000, memory));
	for (int i = 1; i <= 4; i++)
		assert_false(dma_writes(b, 0, 0x100000 + 0x2000ULL * i, memory + i * PAGE));
	assert_true(dma_works(b, 0, 0x10a000, memory + 5 * PAGE));

	assert_ok(libiommufd_ioas_unmap(b->ioas, 0, 0x200000, &bytes));
	assert_int_equal(bytes, 2 * PAGE);
	assert_false(dma_writes(b, 0, 0x100000, memory));
	munmap(memory, 6 * PAGE);
}

static void unmap_of_nothing_is_refused(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = map_with_holes(b, 2);
	uint64_t bytes = 42;

	assert_refused(libiommufd_ioas_unmap(b->ioas, 0x101000, PAGE, &bytes), ENOENT, NOT_MAPPED);
	assert_refused(libiommufd_ioas_unmap(b->ioas, 0x8000000000, GIB, &bytes), ENOENT,
		       NOT_MAPPED);
	assert_refused(libiommufd_ioas_unmap(b->ioas, 0x100000, 0, &bytes), EINVAL, ARGUMENT);
	assert_refused(libiommufd_ioas_unmap(b->ioas, 0x100000, UINT64_MAX - PAGE, &bytes),
		       EOVERFLOW, ARGUMENT);
	assert_int_equal(bytes, 42);
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x100000, PAGE, NULL));
	assert_refused(libiommufd_ioas_unmap(b->ioas, 0x100000, PAGE, NULL), ENOENT, NOT_MAPPED);
	assert_true(dma_works(b, 0, 0x102000, memory + PAGE));
	munmap(memory, 2 * PAGE);
}

static void a_part_of_a_mapping_cannot_be_unmapped(void **state)
{
	static const struct {
		uint64_t offset, length;
	} parts[] = {{0, PAGE}, {PAGE, PAGE}, {3 * PAGE, PAGE}, {2 * PAGE, 4 * PAGE}, {PAGE, 64}};
	struct bench *b = *state;
	uint8_t *memory = bench_memory(4 * PAGE);
	uint64_t bytes = 42;

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, 4 * PAGE, BOTH, 0x100000));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		assert_refused(libiommufd_ioas_unmap(b->ioas, 0x100000 + parts[i].offset,
						     parts[i].length, &bytes),
			       ENOENT, NOT_MAPPED);
	assert_int_equal(bytes, 42);
	for (int i = 0; i < 4; i++)
		assert_true(dma_works(b, 0, 0x100000 + i * PAGE, memory + i * PAGE));
	munmap(memory, 4 * PAGE);
}

static void one_mapping_and_half_of_the_next(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(4 * PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, 2 * PAGE, BOTH, 0x100000));
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory + 2 * PAGE, 2 * PAGE, BOTH, 0x102000));
	assert_refused(libiommufd_ioas_unmap(b->ioas, 0x100000, 3 * PAGE, NULL), ENOENT,
		       NOT_MAPPED);
	assert_int_equal(dma_works(b, 0, 0x100000, memory),
			 works(b->native, DIFFERENCE_UNMAP_AFTER_CUT));
	assert_true(dma_works(b, 0, 0x102000, memory + 2 * PAGE));
	assert_outcome(libiommufd_ioas_unmap(b->ioas, 0x100000, 2 * PAGE, NULL),
		       differs(b->native, DIFFERENCE_UNMAP_AFTER_CUT));
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x102000, 2 * PAGE, NULL));
	assert_false(dma_works(b, 0, 0x102000, memory + 2 * PAGE));
	munmap(memory, 4 * PAGE);
}

static void ten_thousand_mappings_come_and_go(void **state)
{
	enum {
		COUNT = 10000,
		PAGES = 64
	};
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGES * PAGE);
	uint64_t bytes, first = 0x100000000, step = 3 * PAGE;

	for (int i = 0; i < COUNT; i++)
		assert_ok(libiommufd_ioas_map_at(b->ioas, memory + i % PAGES * PAGE, PAGE, BOTH,
						 first + i * step));
	for (int i = 0; i < COUNT; i += COUNT / 7) {
		assert_true(dma_works(b, 0, first + i * step, memory + i % PAGES * PAGE));
		assert_false(dma_writes(b, 0, first + i * step + PAGE, memory + i % PAGES * PAGE));
	}
	assert_ok(libiommufd_ioas_unmap(b->ioas, first + 100 * step, 1000 * step, &bytes));
	assert_int_equal(bytes, 1000 * PAGE);
	assert_false(dma_writes(b, 0, first + 100 * step, memory + 100 % PAGES * PAGE));
	assert_false(dma_writes(b, 0, first + 1099 * step, memory + 1099 % PAGES * PAGE));
	assert_true(dma_works(b, 0, first + 1100 * step, memory + 1100 % PAGES * PAGE));

	/* With the home. */
	assert_ok(libiommufd_ioas_unmap_all(b->ioas, &bytes));
	assert_int_equal(bytes, (COUNT - 1000 + 1) * PAGE);
	assert_false(dma_writes(b, 0, first, memory));
	assert_false(dma_writes(b, 0, first + (COUNT - 1) * step,
				memory + (COUNT - 1) % PAGES * PAGE));
	munmap(memory, PAGES * PAGE);
}

static void unmap_all_of_nothing_is_0_bytes(void **state)
{
	struct libiommufd_ioas *ioas;
	struct bench *b = *state;
	uint64_t bytes = 42;

	assert_ok(libiommufd_ioas_create(b->ctx, NULL, &ioas));
	assert_ok(libiommufd_ioas_unmap_all(ioas, &bytes));
	assert_int_equal(bytes, 0);
	assert_ok(libiommufd_device_attach(b->dev, ioas));
	bytes = 42;
	assert_ok(libiommufd_ioas_unmap_all(ioas, &bytes));
	assert_int_equal(bytes, 0);
	assert_ok(libiommufd_device_detach(b->dev));
	assert_ok(libiommufd_ioas_destroy(ioas));
}

static void what_is_mapped_while_detached_is_reached_once_attached(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = map_with_holes(b, 3);
	uint64_t bytes;

	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x102000, PAGE, &bytes));
	assert_int_equal(bytes, PAGE);
	assert_false(dma_writes(b, 0, 0x100000, memory));
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_true(dma_works(b, 0, 0x100000, memory));
	assert_false(dma_works(b, 0, 0x102000, memory + PAGE));
	assert_true(dma_works(b, 0, 0x104000, memory + 2 * PAGE));

	/* And what is unmapped while detached is not. */
	assert_ok(libiommufd_device_detach(b->dev));
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x104000, PAGE, &bytes));
	assert_int_equal(bytes, PAGE);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_true(dma_works(b, 0, 0x100000, memory));
	assert_false(dma_works(b, 0, 0x104000, memory + 2 * PAGE));
	munmap(memory, 3 * PAGE);
}

int run_unmap(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(unmap_blocks_dma_and_tells_how_much_went, bench_setup_attached),
		bench_test(unmap_releases_the_pins, bench_setup_attached),
		bench_test(a_range_with_holes_unmaps_what_is_in_it, bench_setup_attached),
		bench_test(unmap_of_nothing_is_refused, bench_setup_attached),
		bench_test(a_part_of_a_mapping_cannot_be_unmapped, bench_setup_attached),
		bench_test(one_mapping_and_half_of_the_next, bench_setup_attached),
		bench_test(ten_thousand_mappings_come_and_go, bench_setup_attached),
		bench_test(unmap_all_of_nothing_is_0_bytes, bench_setup_bound),
		bench_test(what_is_mapped_while_detached_is_reached_once_attached,
			   bench_setup_bound),
	};
	return cmocka_run_group_tests_name("unmap", tests, NULL, NULL);
}
