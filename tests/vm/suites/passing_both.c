/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the tests of what passing a device gives on both backends, and of what they do not do alike. The
 * sender judges by DMA. Needs one edu.
 */
#include "passing.h"

static void map_and_leave(int sock)
{
	struct received r;
	uint64_t iova = 0;

	receive_device(&r, sock);
	struct bench *b = &r.bench;
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_outcome(libiommufd_ioas_map(b->ioas, shared_page(1), PAGE, BOTH, &iova),
		       device_differs(b->native, DEVICE_PICK_WHERE_PASSED));
	if (iova)
		assert_ok(libiommufd_ioas_unmap(b->ioas, iova, PAGE, NULL));
	shared_map(b, 2);
	receiver_end(&r);
}

static void what_was_mapped_outlives_the_process_that_mapped_it(void **state)
{
	struct bench *b = *state;
	long pins;

	passing_attached(b, map_and_leave);
	pins = bench_pins();
	receiver_send(b, 0, DEVICE_FILE);
	receiver_ends();
	assert_int_equal(bench_pins(), pins + 1);
	assert_reached(b, 2);
	assert_refused(libiommufd_ioas_map_at(b->ioas, shared_page(3), PAGE, BOTH, AT(2)), EEXIST,
		       IOVA_IN_USE);

	struct outcome unmap = device_differs(b->native, DEVICE_UNMAP_OF_OTHERS);
	assert_outcome(libiommufd_ioas_unmap(b->ioas, AT(2), PAGE, NULL), unmap);
	assert_int_equal(dma_works(b, 0, AT(2), shared_page(2)), unmap.error != 0);
	assert_int_equal(bench_pins(), unmap.error ? pins + 1 : pins);
	bench_close(b, 0);
	assert_int_equal(bench_pins(), pins - 1);

	/* It is not there for whoever takes the device next. */
	bench_bind(b, 0);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_not_reached(b, 2);
}

static void detach(int sock)
{
	struct received r;

	receive_device(&r, sock);
	struct bench *b = &r.bench;
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_state(b->dev, ATTACHED, IOAS, b->ioas);
	assert_outcome(libiommufd_device_detach(b->dev),
		       device_differs(b->native, DEVICE_DETACH_WHERE_PASSED));
	receiver_end(&r);
}

static void a_detach_by_the_receiver(void **state)
{
	struct bench *b = *state;

	passing_attached(b, detach);
	shared_map(b, 1);
	receiver_send(b, 0, DEVICE_FILE);
	receiver_ends();
	/* The sender is not told. */
	assert_state(b->dev, ATTACHED, IOAS, b->ioas);
	assert_int_equal(dma_writes(b, 0, AT(1), shared_page(1)),
			 device_differs(b->native, DEVICE_DETACH_WHERE_PASSED).error != 0);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_reached(b, 1);
}

int run_passing_both(void)
{
	const struct CMUnitTest tests[] = {
		passing_test(what_was_mapped_outlives_the_process_that_mapped_it),
		passing_test(a_detach_by_the_receiver),
	};

	return cmocka_run_group_tests_name("passing, on both", tests, NULL, NULL);
}
