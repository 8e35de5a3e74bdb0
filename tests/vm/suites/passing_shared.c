/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the tests of a container that sender and receiver map into (type1): nobody takes away what the other
 * one mapped. The sender maps the odd pages, the receiver the even ones. Needs one edu.
 */
#include "passing.h"

static void map_and_unmap(int sock)
{
	struct received r;
	uint64_t bytes = 0;

	receive_device(&r, sock);
	struct bench *b = &r.bench;
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_refused(libiommufd_ioas_map_at(b->ioas, shared_page(2), PAGE, BOTH, AT(3)), EEXIST,
		       IOVA_IN_USE);
	assert_refused(libiommufd_ioas_map_at(b->ioas, shared_page(2), 2 * PAGE, BOTH,
					      AT(3) - PAGE),
		       EEXIST, IOVA_IN_USE);
	shared_map(b, 2);
	shared_map(b, 4);
	receiver_stop(&r);

	assert_refused(libiommufd_ioas_unmap(b->ioas, AT(3), PAGE, &bytes), ENOENT, NOT_MAPPED);
	assert_refused(libiommufd_ioas_copy_at(b->ioas, b->ioas, AT(3), PAGE, BOTH, AT(6)), ENOENT,
		       NOT_MAPPED);
	assert_ok(libiommufd_ioas_unmap(b->ioas, AT(1), AT(5), &bytes));
	assert_int_equal(bytes, 2 * PAGE);
	receiver_stop(&r);

	shared_map(b, 2);
	shared_map(b, 4);
	assert_ok(libiommufd_ioas_unmap_all(b->ioas, &bytes));
	assert_int_equal(bytes, 2 * PAGE);
	assert_ok(libiommufd_ioas_unmap_all(b->ioas, &bytes));
	assert_int_equal(bytes, 0);
	receiver_end(&r);
}

/* The sender's pages up to 5, and the receiver's. */
static void expect_reached(struct bench *b, bool ours, bool theirs)
{
	for (int n = 1; n <= 5; n++)
		assert_int_equal(dma_works(b, 0, AT(n), shared_page(n)), n % 2 ? ours : theirs);
}

static void the_receiver_takes_away_only_what_it_mapped(void **state)
{
	struct bench *b = *state;

	passing_attached(b, map_and_unmap);
	for (int n = 1; n <= 5; n += 2)
		shared_map(b, n);
	receiver_send(b, 0, DEVICE_FILE);
	receiver_stops();
	expect_reached(b, true, true);
	receiver_goes_on();
	receiver_stops();
	expect_reached(b, true, false);
	receiver_goes_on();
	receiver_ends();
	expect_reached(b, true, false);
}

static void map_two_and_unmap_them(int sock)
{
	struct received r;
	uint64_t bytes = 0;

	receive_device(&r, sock);
	shared_map(&r.bench, 2);
	shared_map(&r.bench, 4);
	receiver_stop(&r);
	assert_ok(libiommufd_ioas_unmap(r.bench.ioas, AT(2), PAGE, &bytes));
	assert_int_equal(bytes, PAGE);
	receiver_stop(&r);
	assert_ok(libiommufd_ioas_unmap_all(r.bench.ioas, &bytes));
	assert_int_equal(bytes, PAGE);
	receiver_end(&r);
}

static void the_sender_takes_away_only_what_it_mapped(void **state)
{
	struct bench *b = *state;
	uint64_t bytes = 0;

	passing_attached(b, map_two_and_unmap_them);
	for (int n = 1; n <= 5; n += 2)
		shared_map(b, n);
	receiver_send(b, 0, DEVICE_FILE);
	receiver_stops();
	assert_refused(libiommufd_ioas_map_at(b->ioas, shared_page(6), PAGE, BOTH, AT(2)), EEXIST,
		       IOVA_IN_USE);
	assert_refused(libiommufd_ioas_unmap(b->ioas, AT(2), PAGE, &bytes), ENOENT, NOT_MAPPED);
	assert_ok(libiommufd_ioas_unmap(b->ioas, AT(1), AT(5), &bytes));
	assert_int_equal(bytes, 3 * PAGE);
	expect_reached(b, false, true);
	receiver_goes_on();
	receiver_stops();
	assert_not_reached(b, 2);
	assert_reached(b, 4);

	shared_map(b, 1);
	shared_map(b, 5);
	assert_ok(libiommufd_ioas_unmap_all(b->ioas, &bytes));
	assert_int_equal(bytes, 3 * PAGE);
	shared_map(b, 3);
	assert_ok(libiommufd_ioas_map_at(b->ioas, b->home, PAGE, BOTH, HOME));
	assert_reached(b, 4);
	receiver_goes_on();
	receiver_ends();
	assert_reached(b, 3);
	assert_not_reached(b, 4);
}

static void map_where_picks_begin(int sock)
{
	struct received r;

	receive_device(&r, sock);
	assert_ok(libiommufd_ioas_map_at(r.bench.ioas, shared_page(2), PAGE, BOTH, PAGE));
	receiver_stop(&r);
	assert_ok(libiommufd_ioas_unmap_all(r.bench.ioas, NULL));
	receiver_end(&r);
}

static void a_pick_of_the_sender_goes_around_what_the_receiver_mapped(void **state)
{
	struct bench *b = *state;
	uint64_t iova = 42;

	passing_attached(b, map_where_picks_begin);
	receiver_send(b, 0, DEVICE_FILE);
	receiver_stops();
	assert_ok(libiommufd_ioas_map(b->ioas, shared_page(1), PAGE, BOTH, &iova));
	assert_int_equal(iova, 2 * PAGE);
	assert_true(dma_works(b, 0, iova, shared_page(1)));
	assert_true(dma_works(b, 0, PAGE, shared_page(2)));
	receiver_goes_on();
	receiver_ends();
	assert_false(dma_works(b, 0, PAGE, shared_page(2)));
	assert_ok(libiommufd_ioas_map_at(b->ioas, shared_page(3), PAGE, BOTH, PAGE));
	assert_true(dma_works(b, 0, PAGE, shared_page(3)));
}

static void map_two_and_wait(int sock)
{
	struct received r;

	receive_device(&r, sock);
	shared_map(&r.bench, 2);
	shared_map(&r.bench, 4);
	receiver_stop(&r);
	assert_ok(libiommufd_ioas_unmap_all(r.bench.ioas, NULL));
	receiver_end(&r);
}

static void the_senders_detach_and_move_leave_what_the_receiver_mapped(void **state)
{
	struct bench *b = *state;
	struct libiommufd_ioas *other = bench_ioas(b);

	passing_attached(b, map_two_and_wait);
	shared_map(b, 3);
	assert_ok(libiommufd_ioas_map_at(other, shared_page(5), PAGE, BOTH, AT(5)));
	receiver_send(b, 0, DEVICE_FILE);
	receiver_stops();
	assert_ok(libiommufd_device_detach(b->dev));
	assert_state(b->dev, BOUND, UNKNOWN, NULL);
	assert_false(dma_writes(b, 0, AT(3), shared_page(3)));
	assert_true(dma_writes(b, 0, AT(2), shared_page(2)));
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_reached(b, 3);

	assert_ok(libiommufd_device_attach(b->dev, other));
	assert_not_reached(b, 3);
	assert_reached(b, 4);
	assert_reached(b, 5);
	receiver_goes_on();
	receiver_ends();
	assert_not_reached(b, 4);
	assert_reached(b, 5);
}

int run_passing_shared(void)
{
	const struct CMUnitTest tests[] = {
		passing_test(the_receiver_takes_away_only_what_it_mapped),
		passing_test(the_sender_takes_away_only_what_it_mapped),
		passing_test(a_pick_of_the_sender_goes_around_what_the_receiver_mapped),
		passing_test(the_senders_detach_and_move_leave_what_the_receiver_mapped),
	};

	return cmocka_run_group_tests_name("passing, and sharing", tests, NULL, NULL);
}
