/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the tests of very many mappings, and of the limit that type1 has for them: dma_entry_limit, a
 * parameter that a container takes over when it is opened. Needs one edu.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "differences.h"

enum {
	DEFAULT_LIMIT = 65535,
	MANY = 300000,
};

#define FIRST 0x100000000ULL
#define STEP  (2ULL * PAGE) /* so that neighbours are never one mapping */

static const char parameter[] = "/sys/module/vfio_iommu_type1/parameters/dma_entry_limit";

static void set_limit(unsigned limit)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", limit);
	int fd = open(parameter, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, (size_t)length), length);
	close(fd);
}

static unsigned limit_now(void)
{
	unsigned limit = 0;
	FILE *file = fopen(parameter, "re");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%u", &limit), 1);
	fclose(file);
	return limit;
}

/* The same page, at count addresses. */
static void map_many(struct libiommufd_ioas *ioas, uint8_t *page, unsigned from, unsigned count)
{
	for (unsigned i = from; i < from + count; i++)
		assert_ok(libiommufd_ioas_map_at(ioas, page, PAGE, BOTH, FIRST + i * STEP));
}

static int teardown(void **state)
{
	int r = bench_teardown(state);

	set_limit(DEFAULT_LIMIT);
	return r;
}

#define entries_test(test, setup) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void as_many_as_the_default_limit_can_be_mapped_and_no_more(void **state)
{
	struct bench *b = *state;
	uint8_t *page = bench_memory(PAGE);

	assert_int_equal(limit_now(), DEFAULT_LIMIT);
	/* The home is one. */
	map_many(b->ioas, page, 0, DEFAULT_LIMIT - 1);
	assert_outcome(libiommufd_ioas_map_at(b->ioas, page, PAGE, BOTH, 0x200000),
		       differs(b->native, DIFFERENCE_ENTRY_LIMIT));
	if (!works(b->native, DIFFERENCE_ENTRY_LIMIT)) {
		assert_int_equal(libiommufd_last_error()->needed, DEFAULT_LIMIT + 1);
		assert_int_equal(libiommufd_last_error()->allowed, DEFAULT_LIMIT);
		assert_sentence("dma_entry_limit");
	}
	assert_int_equal(dma_works(b, 0, 0x200000, page), works(b->native, DIFFERENCE_ENTRY_LIMIT));
	assert_true(dma_works(b, 0, FIRST, page));
	assert_true(dma_works(b, 0, FIRST + (DEFAULT_LIMIT - 2) * STEP, page));

	/* One out, one in. */
	assert_ok(libiommufd_ioas_unmap(b->ioas, FIRST, PAGE, NULL));
	assert_ok(libiommufd_ioas_map_at(b->ioas, page, PAGE, BOTH, 0x300000));
	assert_true(dma_works(b, 0, 0x300000, page));
	assert_false(dma_works(b, 0, FIRST, page));
	munmap(page, PAGE);
}

static void an_attach_that_needs_more_is_refused_and_changes_nothing(void **state)
{
	struct libiommufd_ioas *large;
	struct bench *b = *state;
	uint8_t *pages = bench_memory(2 * PAGE);

	set_limit(100);
	bench_bind(b, 0);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_ok(libiommufd_ioas_map_at(b->ioas, pages, PAGE, BOTH, 0x200000));
	large = bench_ioas(b);
	map_many(large, pages + PAGE, 0, 100);

	assert_outcome(libiommufd_device_attach(b->dev, large),
		       differs(b->native, DIFFERENCE_ENTRY_LIMIT));
	if (!works(b->native, DIFFERENCE_ENTRY_LIMIT)) {
		assert_int_equal(libiommufd_last_error()->needed, 101);
		assert_int_equal(libiommufd_last_error()->allowed, 100);
		assert_state(b->dev, ATTACHED, IOAS, b->ioas);
		assert_true(dma_works(b, 0, 0x200000, pages));
		assert_ok(libiommufd_ioas_unmap(large, FIRST, PAGE, NULL));
		assert_ok(libiommufd_device_attach(b->dev, large));
	}
	assert_true(dma_works(b, 0, FIRST + 99 * STEP, pages + PAGE));
	assert_false(dma_works(b, 0, 0x200000, pages));
	munmap(pages, 2 * PAGE);
}

static void a_raised_limit_is_that_of_devices_bound_anew(void **state)
{
	struct bench *b = *state;
	uint8_t *page = bench_memory(PAGE);

	set_limit(10);
	bench_bind(b, 0);
	set_limit(20);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	map_many(b->ioas, page, 0, 9);
	assert_outcome(libiommufd_ioas_map_at(b->ioas, page, PAGE, BOTH, FIRST + 9 * STEP),
		       differs(b->native, DIFFERENCE_ENTRY_LIMIT));
	if (!works(b->native, DIFFERENCE_ENTRY_LIMIT)) {
		assert_sentence("and bind the devices anew");
		bench_close(b, 0);
		bench_bind(b, 0);
		assert_ok(libiommufd_device_attach(b->dev, b->ioas));
		assert_ok(libiommufd_ioas_map_at(b->ioas, page, PAGE, BOTH, FIRST + 9 * STEP));
	}
	assert_true(dma_works(b, 0, FIRST + 9 * STEP, page));
	munmap(page, PAGE);
}

static void three_hundred_thousand_mappings_live_with_a_raised_limit(void **state)
{
	struct bench *b = *state;
	uint8_t *page = bench_memory(PAGE);
	uint64_t iova, bytes = 0;

	set_limit(2 * MANY);
	bench_bind(b, 0);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	map_many(b->ioas, page, 0, MANY);
	for (unsigned i = 0; i < MANY; i += MANY / 4 - 1)
		assert_true(dma_works(b, 0, FIRST + i * STEP, page));
	assert_refused(libiommufd_ioas_map_at(b->ioas, page, PAGE, BOTH, FIRST + MANY / 2 * STEP),
		       EEXIST, IOVA_IN_USE);

	/* Addresses are picked, and holes found, among them. */
	assert_ok(libiommufd_ioas_map(b->ioas, page, PAGE, BOTH, &iova));
	assert_true(dma_works(b, 0, iova, page));
	assert_ok(libiommufd_ioas_unmap(b->ioas, FIRST + MANY / 2 * STEP, PAGE, NULL));
	assert_false(dma_works(b, 0, FIRST + MANY / 2 * STEP, page));

	assert_ok(libiommufd_ioas_unmap_all(b->ioas, &bytes));
	assert_int_equal(bytes, (uint64_t)(MANY + 1) * PAGE);
	assert_ok(libiommufd_ioas_map_at(b->ioas, b->home, PAGE, BOTH, HOME));
	assert_false(dma_works(b, 0, FIRST, page));
	munmap(page, PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		entries_test(as_many_as_the_default_limit_can_be_mapped_and_no_more,
			     bench_setup_attached),
		entries_test(an_attach_that_needs_more_is_refused_and_changes_nothing, bench_setup),
		entries_test(a_raised_limit_is_that_of_devices_bound_anew, bench_setup),
		entries_test(three_hundred_thousand_mappings_live_with_a_raised_limit, bench_setup),
	};

	bench_begin();
	return cmocka_run_group_tests_name("entries", tests, NULL, NULL);
}
