/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the tests of MSI-X: how many vectors and which, on nvme (65 of them), and that the device's own
 * messages arrive where they should, on e1000e (5).
 */
#include "interrupts.h"

#include <string.h>
#include <unistd.h>

enum {
	MSIX = LIBIOMMUFD_PCI_MSIX,
	VECTORS = 65, /* of the nvme, unless it was given more */
	MANY = 2048,  /* no machine with few processors has as many */
};

static void make_events(int *events, int count)
{
	for (int i = 0; i < count; i++)
		events[i] = event_new();
}

static void close_events(const int *events, int count)
{
	for (int i = 0; i < count; i++)
		close(events[i]);
}

/* Of count events, only those from first to last come when all vectors are triggered. */
static void expect_events(struct bench *b, const int *events, uint32_t count, uint32_t first,
			  uint32_t last)
{
	for (uint32_t i = 0; i < count; i++)
		libiommufd_device_trigger_irqs(b->dev, MSIX, i, 1);
	for (uint32_t i = 0; i < count; i++)
		if (i >= first && i <= last)
			assert_true(event_comes(events[i]));
	for (uint32_t i = 0; i < count; i++) {
		uint64_t value;
		/* All that come have come: no need to wait. */
		assert_int_equal(read(events[i], &value, sizeof(value)), -1);
	}
}

static bool can_grow(struct bench *b)
{
	uint32_t count, flags;

	assert_ok(libiommufd_device_query_irq(b->dev, MSIX, &count, &flags));
	return !(flags & LIBIOMMUFD_IRQ_NORESIZE);
}

static int setup_nvme(void **state)
{
	bench_setup(state);
	device_bound(*state, 0, "NVME0");
	return 0;
}

static int setup_net(void **state)
{
	bench_setup(state);
	device_bound(*state, 0, "NET0");
	return 0;
}

static void all_vectors_can_be_had(void **state)
{
	struct bench *b = *state;
	uint32_t count, flags;
	int events[VECTORS];

	assert_ok(libiommufd_device_query_irq(b->dev, MSIX, &count, &flags));
	assert_true(count == VECTORS || count == MANY);
	assert_int_equal(flags & ~LIBIOMMUFD_IRQ_NORESIZE, LIBIOMMUFD_IRQ_EVENTFD);
	make_events(events, VECTORS);
	assert_ok(libiommufd_device_set_irqs(b->dev, MSIX, 0, events, VECTORS));
	expect_events(b, events, VECTORS, 0, VECTORS - 1);
	/* In one call as well. */
	assert_ok(libiommufd_device_trigger_irqs(b->dev, MSIX, 10, 20));
	for (int i = 10; i < 30; i++)
		assert_true(event_comes(events[i]));
	assert_true(event_silent(events[9]));
	assert_true(event_silent(events[30]));
	close_events(events, VECTORS);
}

static void some_vectors_stay_silent(void **state)
{
	int events[8], given[8];
	struct bench *b = *state;

	make_events(events, 8);
	memcpy(given, events, sizeof(given));
	given[0] = given[3] = given[7] = -1;
	assert_ok(libiommufd_device_set_irqs(b->dev, MSIX, 0, given, 8));
	for (uint32_t i = 0; i < 8; i++)
		assert_ok(libiommufd_device_trigger_irqs(b->dev, MSIX, i, 1));
	for (int i = 0; i < 8; i++)
		assert_true(given[i] < 0 ? event_silent(events[i]) : event_comes(events[i]));

	/* Vectors change one by one; the others stay as they are. */
	assert_ok(libiommufd_device_set_irqs(b->dev, MSIX, 3, &events[3], 1));
	assert_ok(libiommufd_device_set_irqs(b->dev, MSIX, 4, &given[0], 1));
	assert_ok(libiommufd_device_trigger_irqs(b->dev, MSIX, 3, 3));
	assert_true(event_comes(events[3]));
	assert_true(event_silent(events[4]));
	assert_true(event_comes(events[5]));
	close_events(events, 8);
}

static void the_first_call_enables_up_to_its_last_vector(void **state)
{
	struct bench *b = *state;
	int events[8];

	make_events(events, 8);
	assert_ok(libiommufd_device_set_irqs(b->dev, MSIX, 5, &events[5], 3));
	expect_events(b, events, 8, 5, 7);
	/* Those before are there, too: no kernel calls that more vectors. */
	assert_ok(libiommufd_device_set_irqs(b->dev, MSIX, 0, events, 5));
	expect_events(b, events, 8, 0, 7);
	close_events(events, 8);
}

static void more_vectors_come_later_unless_it_is_noresize(void **state)
{
	struct bench *b = *state;
	int events[VECTORS];

	make_events(events, VECTORS);
	assert_ok(libiommufd_device_set_irqs(b->dev, MSIX, 0, events, 2));
	if (can_grow(b)) {
		assert_ok(libiommufd_device_set_irqs(b->dev, MSIX, 2, &events[2], 3));
		expect_events(b, events, 5, 0, 4);
		assert_ok(libiommufd_device_set_irqs(b->dev, MSIX, 64, &events[64], 1));
		assert_ok(libiommufd_device_trigger_irqs(b->dev, MSIX, 64, 1));
		assert_true(event_comes(events[64]));
	} else {
		assert_refused(libiommufd_device_set_irqs(b->dev, MSIX, 2, &events[2], 3), EINVAL,
			       NOT_SUPPORTED);
		assert_sentence("libiommufd_device_disable_irqs");
		/* What was enabled is as before. */
		expect_events(b, events, 2, 0, 1);
		assert_ok(libiommufd_device_disable_irqs(b->dev, MSIX));
		assert_ok(libiommufd_device_set_irqs(b->dev, MSIX, 0, events, 5));
		expect_events(b, events, 5, 0, 4);
	}
	close_events(events, VECTORS);
}

static void a_refused_change_silences_the_vectors_it_named(void **state)
{
	struct bench *b = *state;
	int events[6], given[3];

	make_events(events, 6);
	assert_ok(libiommufd_device_set_irqs(b->dev, MSIX, 0, events, 6));
	memcpy(given, &events[2], sizeof(given));
	given[1] = 999;
	assert_refused(libiommufd_device_set_irqs(b->dev, MSIX, 2, given, 3), EBADF, ARGUMENT);
	for (uint32_t i = 0; i < 6; i++)
		assert_ok(libiommufd_device_trigger_irqs(b->dev, MSIX, i, 1));
	assert_true(event_comes(events[0]));
	assert_true(event_comes(events[1]));
	assert_true(event_silent(events[2]));
	assert_true(event_silent(events[3]));
	assert_true(event_comes(events[4]));
	assert_true(event_comes(events[5]));
	/* They are enabled, and can be given eventfds again. */
	assert_ok(libiommufd_device_set_irqs(b->dev, MSIX, 2, &events[2], 2));
	expect_events(b, events, 6, 0, 5);
	close_events(events, 6);
}

static void a_first_call_that_is_refused_enables_nothing(void **state)
{
	struct bench *b = *state;
	int events[] = {event_new(), 999}, pin = event_new();

	assert_refused(libiommufd_device_set_irqs(b->dev, MSIX, 0, events, 2), EBADF, ARGUMENT);
	assert_refused(libiommufd_device_trigger_irqs(b->dev, MSIX, 0, 1), EINVAL, NOT_SUPPORTED);
	assert_ok(libiommufd_device_set_irqs(b->dev, LIBIOMMUFD_PCI_INTX, 0, &pin, 1));
	assert_true(event_silent(events[0]));
	close(events[0]);
	close(pin);
}

static void more_vectors_than_the_device_has_are_refused(void **state)
{
	static int many[5000];
	struct bench *b = *state;
	uint32_t count;

	memset(many, 0xff, sizeof(many));
	assert_ok(libiommufd_device_query_irq(b->dev, MSIX, &count, NULL));
	assert_refused(libiommufd_device_set_irqs(b->dev, MSIX, 0, many, count + 1), EINVAL,
		       ARGUMENT);
	assert_sentence(count == MANY ? "2048" : "65");
	assert_refused(libiommufd_device_set_irqs(b->dev, MSIX, 0, many, 5000), EINVAL, ARGUMENT);
	assert_refused(libiommufd_device_set_irqs(b->dev, MSIX, count, many, 1), EINVAL, ARGUMENT);
	assert_ok(libiommufd_device_set_irqs(b->dev, MSIX, 0, many, VECTORS));
	/* Enabled, and silent: that is no failure. */
	assert_ok(libiommufd_device_trigger_irqs(b->dev, MSIX, 0, VECTORS));
	assert_refused(libiommufd_device_trigger_irqs(b->dev, MSIX, 0, count + 1), EINVAL,
		       ARGUMENT);
}

/* Only with a device of so many: the matrix has a row for it. */
static void more_vectors_than_the_machine_has_are_refused(void **state)
{
	static int many[MANY];
	const struct libiommufd_error *error = libiommufd_last_error();
	struct bench *b = *state;
	int event = event_new();
	uint32_t count;

	assert_ok(libiommufd_device_query_irq(b->dev, MSIX, &count, NULL));
	if (count != MANY)
		return close(event), (void)0;
	for (int i = 0; i < MANY; i++)
		many[i] = event;
	assert_refused(libiommufd_device_set_irqs(b->dev, MSIX, 0, many, MANY), ENOSPC,
		       VECTOR_LIMIT);
	assert_int_equal(error->needed, MANY);
	/* How many there could be is told by some interrupt controllers only. */
	assert_true(error->allowed < MANY);
	assert_refused(libiommufd_device_trigger_irqs(b->dev, MSIX, 0, 1), EINVAL, NOT_SUPPORTED);
	assert_ok(libiommufd_device_set_irqs(b->dev, MSIX, 0, many, 100));
	assert_ok(libiommufd_device_trigger_irqs(b->dev, MSIX, 99, 1));
	assert_true(event_comes(event));
	close(event);
}

static void the_device_signals_each_vector(void **state)
{
	struct bench *b = *state;
	volatile uint8_t *regs;
	int events[NET_VECTORS];

	make_events(events, NET_VECTORS);
	assert_ok(libiommufd_device_set_irqs(b->dev, MSIX, 0, events, NET_VECTORS));
	regs = net_start(b->dev);
	for (int i = 0; i < NET_VECTORS; i++) {
		net_raise(regs, i);
		assert_true(event_comes(events[i]));
		for (int other = 0; other < NET_VECTORS; other++)
			assert_true(event_silent(events[other]));
	}
	net_stop(regs);
	close_events(events, NET_VECTORS);
}

static void the_device_signals_vectors_that_were_added(void **state)
{
	struct bench *b = *state;
	volatile uint8_t *regs;
	int events[NET_VECTORS];

	make_events(events, NET_VECTORS);
	assert_ok(libiommufd_device_set_irqs(b->dev, MSIX, 0, events, 2));
	if (!can_grow(b))
		assert_ok(libiommufd_device_disable_irqs(b->dev, MSIX));
	assert_ok(libiommufd_device_set_irqs(b->dev, MSIX, can_grow(b) ? 4 : 0,
					     can_grow(b) ? &events[4] : events,
					     can_grow(b) ? 1 : NET_VECTORS));
	regs = net_start(b->dev);
	net_raise(regs, 4);
	assert_true(event_comes(events[4]));
	net_raise(regs, 0);
	assert_true(event_comes(events[0]));
	net_stop(regs);
	close_events(events, NET_VECTORS);
}

static void a_device_that_reports_errors_can_notify(void **state)
{
	uint32_t count = 0, flags = 0;
	struct bench *b = *state;
	int event = event_new();

	assert_ok(libiommufd_device_query_irq(b->dev, LIBIOMMUFD_PCI_ERR, &count, &flags));
	assert_int_equal(count, 1);
	assert_int_equal(flags, LIBIOMMUFD_IRQ_EVENTFD | LIBIOMMUFD_IRQ_NORESIZE);
	assert_ok(libiommufd_device_set_irqs(b->dev, LIBIOMMUFD_PCI_ERR, 0, &event, 1));
	assert_ok(libiommufd_device_trigger_irqs(b->dev, LIBIOMMUFD_PCI_ERR, 0, 1));
	assert_true(event_comes(event));
	assert_ok(libiommufd_device_disable_irqs(b->dev, LIBIOMMUFD_PCI_ERR));
	assert_refused(libiommufd_device_trigger_irqs(b->dev, LIBIOMMUFD_PCI_ERR, 0, 1), EINVAL,
		       NOT_SUPPORTED);
	assert_ok(libiommufd_device_disable_irqs(b->dev, LIBIOMMUFD_PCI_ERR));
	close(event);
}

int run_vectors(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(all_vectors_can_be_had, setup_nvme),
		bench_test(some_vectors_stay_silent, setup_nvme),
		bench_test(the_first_call_enables_up_to_its_last_vector, setup_nvme),
		bench_test(more_vectors_come_later_unless_it_is_noresize, setup_nvme),
		bench_test(a_refused_change_silences_the_vectors_it_named, setup_nvme),
		bench_test(a_first_call_that_is_refused_enables_nothing, setup_nvme),
		bench_test(more_vectors_than_the_device_has_are_refused, setup_nvme),
		bench_test(more_vectors_than_the_machine_has_are_refused, setup_nvme),
		bench_test(the_device_signals_each_vector, setup_net),
		bench_test(the_device_signals_vectors_that_were_added, setup_net),
		bench_test(a_device_that_reports_errors_can_notify, setup_net),
	};
	return cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
}
