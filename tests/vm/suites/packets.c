/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two network devices, each in an address space of its own, exchange frames: what is in the memory of
 * the one arrives in that of the other, and nowhere else. Needs the set e1000e2.
 */
#include "wire.h"

#include <string.h>

enum {
	LENGTHS = E1000E_LONGEST - E1000E_SHORTEST + 1,
};

static void each_device_is_in_a_group_and_a_space_of_its_own(void **state)
{
	struct libiommufd_facts *facts[2];
	struct wire *w = *state;

	for (int n = A; n <= B; n++) {
		assert_state(w->sides[n].dev, ATTACHED, IOAS, w->sides[n].ioas);
		assert_ok(libiommufd_device_query_facts(w->sides[n].dev, &facts[n]));
		assert_int_equal(libiommufd_facts_get_member_count(facts[n]), 1);
	}
	assert_int_not_equal(libiommufd_facts_get_group(facts[A]),
			     libiommufd_facts_get_group(facts[B]));
	assert_memory_not_equal(w->sides[A].net.address, w->sides[B].net.address, 6);
	for (int n = A; n <= B; n++)
		libiommufd_facts_free(facts[n]);
}

static void a_frame_arrives_in_the_other_space_and_only_there(void **state)
{
	struct wire *w = *state;

	for (int from = A; from <= B; from++) {
		struct side *here = &w->sides[from], *there = &w->sides[!from];

		/* The same address is ready to receive in both. */
		wire_give(here, 5);
		wire_pass(here, there, 5, 700);
		wire_assert_clean(w);
	}
}

static void frames_of_every_length_arrive_in_order(void **state)
{
	struct wire *w = *state;

	for (int from = A; from <= B; from++) {
		struct side *here = &w->sides[from], *there = &w->sides[!from];
		struct sent sent[WIRE_SLOTS];

		for (unsigned i = 0; i < LENGTHS + WIRE_SLOTS; i++) {
			unsigned slot = i % WIRE_SLOTS;

			if (i >= WIRE_SLOTS)
				wire_expect(&sent[slot]);
			if (i < LENGTHS) {
				wire_give(there, slot);
				/* 401 and the number of lengths have no divisor in common. */
				sent[slot] = wire_send(here, there, slot,
						       E1000E_SHORTEST + i * 401 % LENGTHS);
			}
		}
	}
	wire_assert_clean(w);
}

/* More are under way, each way, than a receiver has buffers for: what it gives later takes the rest. */
static void both_directions_work_at_once(void **state)
{
	struct wire *w = *state;
	struct sent sent[2][WIRE_SLOTS];

	for (unsigned round = 0; round < 10; round++) {
		for (int to = A; to <= B; to++)
			for (unsigned slot = 0; slot < WIRE_SLOTS / 2; slot++)
				wire_give(&w->sides[to], slot);
		for (unsigned slot = 0; slot < WIRE_SLOTS; slot++)
			for (int to = A; to <= B; to++)
				sent[to][slot] = wire_send(&w->sides[!to], &w->sides[to], slot,
							   1000 + round * 50 + slot);
		for (unsigned slot = 0; slot < WIRE_SLOTS; slot++)
			for (int to = A; to <= B; to++) {
				if (slot < WIRE_SLOTS / 2)
					wire_give(&w->sides[to], slot + WIRE_SLOTS / 2);
				wire_expect(&sent[to][slot]);
			}
	}
	for (int n = A; n <= B; n++)
		assert_int_equal(e1000e_flush(&w->sides[n].net), 0);
	wire_assert_clean(w);
}

static void a_frame_is_split_over_pages_that_are_apart_in_memory(void **state)
{
	struct wire *w = *state;
	struct side *here = &w->sides[A], *there = &w->sides[B];
	uint8_t *far = bench_memory(4 * PAGE), frame[1500];
	const uint64_t begin = WIRE_EXTRA + PAGE - 300;
	struct sent sent;

	memset(far, WIRE_EMPTY, 4 * PAGE);
	assert_ok(libiommufd_ioas_map_at(there->ioas, far + 3 * PAGE, PAGE, BOTH, WIRE_EXTRA));
	assert_ok(libiommufd_ioas_map_at(there->ioas, far + PAGE, PAGE, BOTH, WIRE_EXTRA + PAGE));
	assert_int_equal(e1000e_give(&there->net, begin), 0);
	sent = wire_send(here, there, 0, sizeof(frame));
	wire_expect_at(&sent, begin);

	wire_make(&sent, frame);
	assert_memory_equal(far + 4 * PAGE - 300, frame, 300);
	assert_memory_equal(far + PAGE, frame + 300, 1200);
	wire_assert_empty(far, PAGE);
	wire_assert_empty(far + PAGE + 1200, 3 * PAGE - 1200 - 300);
	wire_assert_clean(w);
}

static void a_buffer_that_only_the_other_space_maps_is_not_written(void **state)
{
	struct wire *w = *state;

	for (int from = A; from <= B; from++) {
		struct side *here = &w->sides[from], *there = &w->sides[!from];
		uint8_t *theirs = bench_memory(PAGE), *own = bench_memory(PAGE);
		struct sent sent;

		memset(theirs, WIRE_EMPTY, PAGE);
		memset(own, WIRE_EMPTY, PAGE);
		assert_ok(libiommufd_ioas_map_at(here->ioas, theirs, PAGE, BOTH, WIRE_EXTRA));
		assert_int_equal(e1000e_give(&there->net, WIRE_EXTRA + WIRE_INSIDE), 0);
		sent = wire_send(here, there, 0, 1200);
		wire_expect_at(&sent, WIRE_EXTRA + WIRE_INSIDE);
		wire_assert_empty(theirs, PAGE);
		wire_assert_clean(w);

		/* Where its own space has memory there, it goes to that. */
		assert_ok(libiommufd_ioas_map_at(there->ioas, own, PAGE, BOTH, WIRE_EXTRA));
		assert_int_equal(e1000e_give(&there->net, WIRE_EXTRA + WIRE_INSIDE), 0);
		sent = wire_send(here, there, 0, 1200);
		wire_expect_at(&sent, WIRE_EXTRA + WIRE_INSIDE);
		wire_take(&sent, own);
		wire_assert_empty(theirs, PAGE);
		assert_ok(libiommufd_ioas_unmap(here->ioas, WIRE_EXTRA, PAGE, NULL));
		assert_ok(libiommufd_ioas_unmap(there->ioas, WIRE_EXTRA, PAGE, NULL));
	}
	wire_assert_clean(w);
}

static void memory_that_only_the_other_space_maps_is_not_sent(void **state)
{
	struct wire *w = *state;
	struct side *here = &w->sides[A], *there = &w->sides[B];
	uint8_t *secret = bench_memory(PAGE);
	struct sent sent = wire_frame(here, there, 0, 900);

	wire_make(&sent, secret);
	assert_ok(libiommufd_ioas_map_at(there->ioas, secret, PAGE, BOTH, WIRE_EXTRA));
	wire_give(there, 0);
	assert_int_equal(e1000e_send(&here->net, WIRE_EXTRA, sent.length), 0);
	assert_int_equal(e1000e_flush(&here->net), 0);
	/* The buffer is still there for the next. */
	sent = wire_send(here, there, 0, 901);
	wire_expect(&sent);

	/* It would have been sent. */
	assert_ok(libiommufd_ioas_map_at(here->ioas, secret, PAGE, BOTH, WIRE_EXTRA));
	sent = wire_frame(here, there, 1, 900);
	wire_make(&sent, secret);
	wire_give(there, 1);
	assert_int_equal(e1000e_send(&here->net, WIRE_EXTRA, sent.length), 0);
	wire_expect(&sent);
	wire_assert_clean(w);
}

static void a_buffer_that_is_read_only_is_not_written(void **state)
{
	struct wire *w = *state;
	struct side *here = &w->sides[A], *there = &w->sides[B];
	uint8_t *memory = bench_memory(PAGE);
	struct sent sent;

	memset(memory, WIRE_EMPTY, PAGE);
	assert_ok(libiommufd_ioas_map_at(there->ioas, memory, PAGE, LIBIOMMUFD_READ, WIRE_EXTRA));
	assert_int_equal(e1000e_give(&there->net, WIRE_EXTRA + WIRE_INSIDE), 0);
	sent = wire_send(here, there, 0, 1200);
	wire_expect_at(&sent, WIRE_EXTRA + WIRE_INSIDE);
	wire_assert_empty(memory, PAGE);
	wire_pass(here, there, 1, 1200);
	wire_assert_clean(w);
}

static void after_unmap_a_buffer_is_not_written(void **state)
{
	struct wire *w = *state;

	for (int from = A; from <= B; from++) {
		struct side *here = &w->sides[from], *there = &w->sides[!from];
		uint8_t *other = bench_memory(PAGE);
		struct sent sent;

		memset(other, WIRE_EMPTY, PAGE);
		wire_pass(here, there, 7, 800);
		/* The device has the buffer already when it goes. */
		wire_give(there, 7);
		wire_give(there, 8);
		assert_ok(libiommufd_ioas_unmap(there->ioas, wire_slot_iova(7), PAGE, NULL));
		sent = wire_send(here, there, 7, 801);
		wire_expect_at(&sent, wire_slot_iova(7) + WIRE_INSIDE);
		wire_assert_clean(w);
		/* The one beside it is as before. */
		sent = wire_send(here, there, 8, 802);
		wire_expect(&sent);

		assert_ok(libiommufd_ioas_map_at(there->ioas, other, PAGE, BOTH,
						 wire_slot_iova(7)));
		wire_give(there, 7);
		sent = wire_send(here, there, 7, 803);
		wire_expect_at(&sent, wire_slot_iova(7) + WIRE_INSIDE);
		wire_take(&sent, other);
		wire_assert_clean(w);
	}
}

static void a_device_that_moved_receives_in_the_new_space_only(void **state)
{
	struct wire *w = *state;
	struct side *here = &w->sides[A], *there = &w->sides[B];
	struct side before = *there;
	struct sent sent;

	there->target = bench_memory(WIRE_TARGET);
	assert_ok(libiommufd_ioas_create(w->ctx, NULL, &there->ioas));
	assert_ok(libiommufd_ioas_map_at(there->ioas, there->rings, E1000E_MEMORY, BOTH,
					 WIRE_RINGS));
	wire_map_slots(there);
	wire_give(there, 3);
	assert_ok(libiommufd_device_attach(there->dev, there->ioas));
	sent = wire_send(here, there, 3, 600);
	wire_expect(&sent);
	wire_assert_clean(w);
	wire_assert_empty(before.target, WIRE_TARGET);
	assert_ok(libiommufd_ioas_destroy(before.ioas));
}

static void a_detached_device_receives_nothing(void **state)
{
	struct wire *w = *state;
	struct side *here = &w->sides[A], *there = &w->sides[B];
	uint8_t rings[E1000E_MEMORY];

	wire_give(there, 0);
	wire_give(there, 1);
	assert_ok(libiommufd_device_detach(there->dev));
	memcpy(rings, there->rings, E1000E_MEMORY);
	wire_send(here, there, 0, 1000);
	assert_int_equal(e1000e_flush(&here->net), 0);
	assert_memory_equal(there->rings, rings, E1000E_MEMORY);
	wire_assert_clean(w);

	assert_ok(libiommufd_device_attach(there->dev, there->ioas));
	assert_int_equal(e1000e_stop(&there->net), 0);
	assert_int_equal(e1000e_start(&there->net, there->dev, there->rings, WIRE_RINGS), 0);
	wire_pass(here, there, 0, 1000);
	wire_assert_clean(w);
}

/* Nothing comes, not even an interrupt: models repeat one that was not acknowledged at once. */
static void expect_silence(struct side *side)
{
	const int timeout = side->net.timeout;
	struct e1000e_frame got;

	side->net.timeout = 50;
	assert_int_equal(e1000e_receive(&side->net, &got), -ETIMEDOUT);
	side->net.timeout = timeout;
}

static void each_kind_of_interrupt_announces_a_frame(void **state)
{
	const uint32_t kinds[] = {LIBIOMMUFD_PCI_MSIX, LIBIOMMUFD_PCI_MSI, LIBIOMMUFD_PCI_INTX};
	struct wire *w = *state;

	for (int i = 0; i < 3; i++)
		for (int from = A; from <= B; from++) {
			struct side *here = &w->sides[from], *there = &w->sides[!from];

			assert_int_equal(e1000e_enable_interrupt(&there->net, kinds[i]), 0);
			for (int repeat = 0; repeat < 3; repeat++) {
				uint64_t before;

				expect_silence(there);
				before = there->net.interrupts;
				wire_pass(here, there, 0, 300);
				assert_true(there->net.interrupts > before);
			}
			assert_int_equal(e1000e_disable_interrupt(&there->net), 0);
		}
	wire_assert_clean(w);
}

static void hundreds_of_frames_are_answered_by_interrupt(void **state)
{
	struct wire *w = *state;
	struct side *a = &w->sides[A], *b = &w->sides[B];

	assert_int_equal(e1000e_enable_interrupt(&a->net, LIBIOMMUFD_PCI_MSIX), 0);
	assert_int_equal(e1000e_enable_interrupt(&b->net, LIBIOMMUFD_PCI_MSIX), 0);
	for (unsigned i = 0; i < 300; i++) {
		wire_pass(a, b, i % WIRE_SLOTS, 60 + i);
		wire_pass(b, a, i % WIRE_SLOTS, 1500 - i);
	}
	assert_true(a->net.interrupts >= 300 && b->net.interrupts >= 300);
	wire_assert_clean(w);
}

#define packets_test(test) cmocka_unit_test_setup_teardown(test, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		packets_test(each_device_is_in_a_group_and_a_space_of_its_own),
		packets_test(a_frame_arrives_in_the_other_space_and_only_there),
		packets_test(frames_of_every_length_arrive_in_order),
		packets_test(both_directions_work_at_once),
		packets_test(a_frame_is_split_over_pages_that_are_apart_in_memory),
		packets_test(a_buffer_that_only_the_other_space_maps_is_not_written),
		packets_test(memory_that_only_the_other_space_maps_is_not_sent),
		packets_test(a_buffer_that_is_read_only_is_not_written),
		packets_test(after_unmap_a_buffer_is_not_written),
		packets_test(a_device_that_moved_receives_in_the_new_space_only),
		packets_test(a_detached_device_receives_nothing),
		packets_test(each_kind_of_interrupt_announces_a_frame),
		packets_test(hundreds_of_frames_are_answered_by_interrupt),
	};

	bench_begin();
	return cmocka_run_group_tests_name("packets", tests, NULL, NULL);
}
