/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the tests of INTx, of MSI, and of notifications, on edu: a pin, one MSI vector, no MSI-X. */
#include "interrupts.h"

#include <fcntl.h>
#include <unistd.h>

enum {
	EDU_STATUS = 0x24, /* bits that were raised and not acknowledged */
	EDU_RAISE = 0x60,
	EDU_ACKNOWLEDGE = 0x64,
	INTX = LIBIOMMUFD_PCI_INTX,
	MSI = LIBIOMMUFD_PCI_MSI,
	REQ = LIBIOMMUFD_PCI_REQ,
};

static void raise_it(struct bench *b)
{
	*reg32(b->edu[0].regs, EDU_RAISE) = 1;
}

static void acknowledge(struct bench *b)
{
	*reg32(b->edu[0].regs, EDU_ACKNOWLEDGE) = *reg32(b->edu[0].regs, EDU_STATUS);
}

static int set_one(struct bench *b, uint32_t index, int eventfd)
{
	return libiommufd_device_set_irqs(b->dev, index, 0, &eventfd, 1);
}

static void interrupts_are_described(void **state)
{
	uint32_t count = 99, flags = 99;
	struct bench *b = *state;

	assert_ok(libiommufd_device_query_irq(b->dev, INTX, &count, &flags));
	assert_int_equal(count, 1);
	assert_int_equal(flags, LIBIOMMUFD_IRQ_EVENTFD | LIBIOMMUFD_IRQ_MASKABLE |
					LIBIOMMUFD_IRQ_AUTOMASKED);
	assert_ok(libiommufd_device_query_irq(b->dev, MSI, &count, &flags));
	assert_int_equal(count, 1);
	assert_int_equal(flags, LIBIOMMUFD_IRQ_EVENTFD | LIBIOMMUFD_IRQ_NORESIZE);
	assert_ok(libiommufd_device_query_irq(b->dev, LIBIOMMUFD_PCI_MSIX, &count, NULL));
	assert_int_equal(count, 0);
	assert_ok(libiommufd_device_query_irq(b->dev, REQ, &count, &flags));
	assert_int_equal(count, 1);
	assert_true(flags & LIBIOMMUFD_IRQ_EVENTFD);

	/* No PCI Express device, so it cannot report errors. */
	count = 99;
	assert_refused(libiommufd_device_query_irq(b->dev, LIBIOMMUFD_PCI_ERR, &count, &flags),
		       EINVAL, ARGUMENT);
	assert_refused(libiommufd_device_query_irq(b->dev, 5, &count, &flags), EINVAL, ARGUMENT);
	assert_int_equal(count, 99);
}

static void the_pin_masks_itself_until_it_is_unmasked(void **state)
{
	struct bench *b = *state;
	int event = event_new();

	assert_ok(set_one(b, INTX, event));
	assert_true(event_silent(event));
	raise_it(b);
	assert_true(event_comes(event));
	acknowledge(b);
	raise_it(b);
	assert_true(event_silent(event));
	/* Still raised: unmasking brings it at once, and masks again. */
	assert_ok(libiommufd_device_unmask_irq(b->dev, INTX));
	assert_true(event_comes(event));
	acknowledge(b);
	assert_ok(libiommufd_device_unmask_irq(b->dev, INTX));
	assert_true(event_silent(event));
	raise_it(b);
	assert_true(event_comes(event));
	acknowledge(b);
	close(event);
}

static void a_masked_pin_is_silent(void **state)
{
	struct bench *b = *state;
	int event = event_new();

	assert_ok(set_one(b, INTX, event));
	assert_ok(libiommufd_device_mask_irq(b->dev, INTX));
	assert_ok(libiommufd_device_mask_irq(b->dev, INTX));
	raise_it(b);
	assert_true(event_silent(event));
	acknowledge(b);
	assert_ok(libiommufd_device_unmask_irq(b->dev, INTX));
	assert_true(event_silent(event));
	raise_it(b);
	assert_true(event_comes(event));
	acknowledge(b);
	close(event);
}

static void an_eventfd_unmasks_the_pin(void **state)
{
	struct bench *b = *state;
	int event = event_new(), unmask = event_new();

	assert_refused(libiommufd_device_set_unmask_fd(b->dev, INTX, unmask), EINVAL,
		       NOT_SUPPORTED);
	assert_ok(set_one(b, INTX, event));
	assert_ok(libiommufd_device_set_unmask_fd(b->dev, INTX, unmask));
	for (int i = 0; i < 3; i++) {
		raise_it(b);
		assert_true(event_comes(event));
		/* Not acknowledged: the write brings it again. */
		event_send(unmask);
		assert_true(event_comes(event));
		acknowledge(b);
		event_send(unmask);
		assert_true(event_silent(event));
	}
	assert_refused(libiommufd_device_set_unmask_fd(b->dev, INTX, event), EBUSY, IN_USE);

	assert_ok(libiommufd_device_set_unmask_fd(b->dev, INTX, -1));
	raise_it(b);
	assert_true(event_comes(event));
	event_send(unmask);
	assert_true(event_silent(event));
	acknowledge(b);
	assert_ok(libiommufd_device_set_unmask_fd(b->dev, INTX, -1));
	assert_refused(libiommufd_device_set_unmask_fd(b->dev, INTX, 999), EBADF, ARGUMENT);
	close(event);
	close(unmask);
}

static void msi_comes_each_time(void **state)
{
	struct bench *b = *state;
	int event = event_new();

	assert_ok(set_one(b, MSI, event));
	assert_true(event_silent(event));
	for (int i = 0; i < 3; i++) {
		raise_it(b);
		assert_true(event_comes(event));
		acknowledge(b);
	}
	assert_true(event_silent(event));
	close(event);
}

static void dma_ends_with_an_interrupt(void **state)
{
	struct bench *b = *state;
	int event = event_new();

	assert_ok(set_one(b, MSI, event));
	*(volatile uint64_t *)(b->edu[0].regs + EDU_DMA_SOURCE) = HOME;
	*(volatile uint64_t *)(b->edu[0].regs + EDU_DMA_TARGET) = EDU_MEMORY;
	*(volatile uint64_t *)(b->edu[0].regs + EDU_DMA_COUNT) = LENGTH;
	*reg32(b->edu[0].regs, EDU_DMA_COMMAND) = 1 | 4;
	assert_true(event_comes(event));
	assert_int_equal(*reg32(b->edu[0].regs, EDU_STATUS), 0x100);
	acknowledge(b);
	assert_int_equal(*reg32(b->edu[0].regs, EDU_STATUS), 0);
	close(event);
}

static void msi_needs_bus_mastering(void **state)
{
	struct bench *b = *state;
	int event = event_new();

	assert_ok(set_one(b, MSI, event));
	assert_ok(libiommufd_device_set_bus_master(b->dev, false));
	raise_it(b);
	assert_true(event_silent(event));
	acknowledge(b);
	assert_ok(libiommufd_device_set_bus_master(b->dev, true));
	raise_it(b);
	assert_true(event_comes(event));
	acknowledge(b);
	close(event);
}

static void masks_are_for_the_pin_alone(void **state)
{
	struct bench *b = *state;
	int event = event_new();

	assert_refused(libiommufd_device_mask_irq(b->dev, INTX), EINVAL, NOT_SUPPORTED);
	assert_refused(libiommufd_device_unmask_irq(b->dev, INTX), EINVAL, NOT_SUPPORTED);
	assert_ok(set_one(b, MSI, event));
	assert_refused(libiommufd_device_mask_irq(b->dev, MSI), ENOTTY, NOT_SUPPORTED);
	assert_refused(libiommufd_device_unmask_irq(b->dev, MSI), ENOTTY, NOT_SUPPORTED);
	assert_refused(libiommufd_device_set_unmask_fd(b->dev, MSI, event), ENOTTY, NOT_SUPPORTED);
	assert_refused(libiommufd_device_mask_irq(b->dev, INTX), EINVAL, NOT_SUPPORTED);
	assert_refused(libiommufd_device_mask_irq(b->dev, REQ), ENOTTY, NOT_SUPPORTED);
	assert_refused(libiommufd_device_mask_irq(b->dev, 17), EINVAL, NOT_SUPPORTED);
	close(event);
}

static void one_kind_is_enabled_at_a_time(void **state)
{
	struct bench *b = *state;
	int pin = event_new(), message = event_new();

	assert_ok(set_one(b, INTX, pin));
	assert_refused(set_one(b, MSI, message), EINVAL, NOT_SUPPORTED);
	/* Disabling the one that is not enabled leaves the other alone. */
	assert_ok(libiommufd_device_disable_irqs(b->dev, MSI));
	raise_it(b);
	assert_true(event_comes(pin));
	acknowledge(b);

	assert_ok(libiommufd_device_disable_irqs(b->dev, INTX));
	assert_ok(set_one(b, MSI, message));
	assert_refused(set_one(b, INTX, pin), EINVAL, NOT_SUPPORTED);
	raise_it(b);
	assert_true(event_comes(message));
	assert_true(event_silent(pin));
	acknowledge(b);
	close(pin);
	close(message);
}

static void a_disabled_interrupt_is_silent(void **state)
{
	struct bench *b = *state;
	int event = event_new();

	for (uint32_t index = INTX; index <= MSI; index++) {
		assert_ok(libiommufd_device_disable_irqs(b->dev, index));
		assert_ok(set_one(b, index, event));
		assert_ok(libiommufd_device_disable_irqs(b->dev, index));
		raise_it(b);
		assert_true(event_silent(event));
		acknowledge(b);
		assert_refused(libiommufd_device_trigger_irqs(b->dev, index, 0, 1), EINVAL,
			       NOT_SUPPORTED);
		assert_ok(libiommufd_device_disable_irqs(b->dev, index));
		assert_ok(set_one(b, index, event));
		raise_it(b);
		assert_true(event_comes(event));
		acknowledge(b);
		assert_ok(libiommufd_device_disable_irqs(b->dev, index));
	}
	/* One the device lacks is disabled, too; one that nobody knows is not. */
	assert_ok(libiommufd_device_disable_irqs(b->dev, LIBIOMMUFD_PCI_MSIX));
	assert_refused(libiommufd_device_disable_irqs(b->dev, 5), EINVAL, ARGUMENT);
	close(event);
}

static void without_an_eventfd_a_vector_is_silent(void **state)
{
	struct bench *b = *state;
	int event = event_new(), other = event_new();

	for (uint32_t index = INTX; index <= MSI; index++) {
		assert_ok(set_one(b, index, event));
		assert_ok(set_one(b, index, -1));
		raise_it(b);
		assert_true(event_silent(event));
		acknowledge(b);
		/* It is enabled all the same. */
		assert_refused(set_one(b, index == INTX ? MSI : INTX, event), EINVAL,
			       NOT_SUPPORTED);
		assert_ok(set_one(b, index, other));
		if (index == INTX)
			assert_ok(libiommufd_device_unmask_irq(b->dev, INTX));
		raise_it(b);
		assert_true(event_comes(other));
		assert_true(event_silent(event));
		acknowledge(b);
		assert_ok(libiommufd_device_disable_irqs(b->dev, index));
	}
	close(event);
	close(other);
}

static void software_can_trigger_what_is_enabled(void **state)
{
	const uint32_t indices[] = {INTX, MSI, REQ};
	struct bench *b = *state;
	int event = event_new();

	for (int i = 0; i < 3; i++) {
		assert_refused(libiommufd_device_trigger_irqs(b->dev, indices[i], 0, 1), EINVAL,
			       NOT_SUPPORTED);
		assert_ok(set_one(b, indices[i], event));
		assert_ok(libiommufd_device_trigger_irqs(b->dev, indices[i], 0, 1));
		assert_true(event_comes(event));
		assert_refused(libiommufd_device_trigger_irqs(b->dev, indices[i], 0, 0), EINVAL,
			       ARGUMENT);
		assert_refused(libiommufd_device_trigger_irqs(b->dev, indices[i], 1, 1), EINVAL,
			       ARGUMENT);
		assert_true(event_silent(event));
		assert_ok(libiommufd_device_disable_irqs(b->dev, indices[i]));
	}
	close(event);
}

static void the_notification_stands_beside_any_kind(void **state)
{
	struct bench *b = *state;
	int event = event_new(), request = event_new();

	assert_ok(set_one(b, REQ, request));
	for (uint32_t index = INTX; index <= MSI; index++) {
		assert_ok(set_one(b, index, event));
		raise_it(b);
		assert_true(event_comes(event));
		acknowledge(b);
		assert_ok(libiommufd_device_trigger_irqs(b->dev, REQ, 0, 1));
		assert_true(event_comes(request));
		assert_true(event_silent(event));
		assert_ok(libiommufd_device_disable_irqs(b->dev, index));
	}
	assert_ok(libiommufd_device_disable_irqs(b->dev, REQ));
	assert_ok(libiommufd_device_disable_irqs(b->dev, REQ));
	close(event);
	close(request);
}

static void the_kernel_keeps_the_event_and_not_the_fd(void **state)
{
	struct bench *b = *state;
	int event = event_new(), copy = dup(event), before = count_files();

	assert_ok(set_one(b, MSI, copy));
	assert_int_equal(count_files(), before);
	close(copy);
	raise_it(b);
	assert_true(event_comes(event));
	acknowledge(b);
	close(event);
	/* Nobody listens any more. */
	raise_it(b);
	acknowledge(b);
}

static void what_is_no_eventfd_is_refused(void **state)
{
	int event = event_new(), null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct bench *b = *state;

	for (uint32_t index = INTX; index <= MSI; index++) {
		assert_refused(set_one(b, index, 999), EBADF, ARGUMENT);
		assert_refused(set_one(b, index, null), EINVAL, NOT_SUPPORTED);
		/* Nothing was enabled by that. */
		assert_refused(libiommufd_device_trigger_irqs(b->dev, index, 0, 1), EINVAL,
			       NOT_SUPPORTED);
	}
	assert_refused(set_one(b, REQ, 999), EBADF, ARGUMENT);
	assert_refused(set_one(b, REQ, null), EINVAL, NOT_SUPPORTED);
	assert_ok(set_one(b, INTX, event));
	close(null);
	close(event);
}

static void vectors_the_device_lacks_are_refused(void **state)
{
	int events[] = {event_new(), -1};
	struct bench *b = *state;
	struct libiommufd_device *dev = b->dev;

	assert_refused(libiommufd_device_set_irqs(dev, MSI, 0, events, 2), EINVAL, ARGUMENT);
	assert_refused(libiommufd_device_set_irqs(dev, MSI, 1, events, 1), EINVAL, ARGUMENT);
	assert_refused(libiommufd_device_set_irqs(dev, MSI, UINT32_MAX, events, 2), EINVAL,
		       ARGUMENT);
	assert_refused(libiommufd_device_set_irqs(dev, MSI, 0, events, UINT32_MAX), EINVAL,
		       ARGUMENT);
	assert_refused(libiommufd_device_set_irqs(dev, MSI, 0, events, 0), EINVAL, ARGUMENT);
	assert_refused(libiommufd_device_set_irqs(dev, INTX, 0, events, 2), EINVAL, ARGUMENT);
	assert_refused(libiommufd_device_set_irqs(dev, LIBIOMMUFD_PCI_MSIX, 0, events, 1), EINVAL,
		       ARGUMENT);
	assert_refused(libiommufd_device_set_irqs(dev, 5, 0, events, 1), EINVAL, ARGUMENT);
	close(events[0]);
}

static void before_bind_there_are_no_interrupts(void **state)
{
	uint32_t count = 99, flags = 99;
	struct bench *b = *state;
	int event = event_new();

	assert_refused(libiommufd_device_query_irq(b->dev, INTX, &count, &flags), EACCES,
		       NOT_BOUND);
	assert_int_equal(count, 99);
	assert_refused(set_one(b, INTX, event), EACCES, NOT_BOUND);
	assert_refused(libiommufd_device_disable_irqs(b->dev, INTX), EACCES, NOT_BOUND);
	assert_refused(libiommufd_device_trigger_irqs(b->dev, INTX, 0, 1), EACCES, NOT_BOUND);
	assert_refused(libiommufd_device_mask_irq(b->dev, INTX), EACCES, NOT_BOUND);
	assert_refused(libiommufd_device_unmask_irq(b->dev, INTX), EACCES, NOT_BOUND);
	assert_refused(libiommufd_device_set_unmask_fd(b->dev, INTX, event), EACCES, NOT_BOUND);
	close(event);
}

static void close_ends_interrupts_and_leaves_nothing(void **state)
{
	struct bench *b = *state;
	int event = event_new(), unmask = event_new(), before = count_files();

	for (uint32_t index = INTX; index <= MSI; index++) {
		bench_bind(b, 0);
		assert_ok(set_one(b, index, event));
		assert_ok(set_one(b, REQ, event));
		if (index == INTX)
			assert_ok(libiommufd_device_set_unmask_fd(b->dev, INTX, unmask));
		bench_close(b, 0);
		assert_true(event_silent(event));
		assert_int_equal(count_files(), before);
	}
	/* The next user finds all of it off. */
	bench_bind(b, 0);
	assert_refused(libiommufd_device_trigger_irqs(b->dev, MSI, 0, 1), EINVAL, NOT_SUPPORTED);
	assert_refused(libiommufd_device_trigger_irqs(b->dev, REQ, 0, 1), EINVAL, NOT_SUPPORTED);
	assert_ok(set_one(b, INTX, event));
	close(event);
	close(unmask);
}

int run_lines(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(interrupts_are_described, bench_setup_bound),
		bench_test(the_pin_masks_itself_until_it_is_unmasked, bench_setup_bound),
		bench_test(a_masked_pin_is_silent, bench_setup_bound),
		bench_test(an_eventfd_unmasks_the_pin, bench_setup_bound),
		bench_test(msi_comes_each_time, bench_setup_bound),
		bench_test(dma_ends_with_an_interrupt, bench_setup_attached),
		bench_test(msi_needs_bus_mastering, bench_setup_bound),
		bench_test(masks_are_for_the_pin_alone, bench_setup_bound),
		bench_test(one_kind_is_enabled_at_a_time, bench_setup_bound),
		bench_test(a_disabled_interrupt_is_silent, bench_setup_bound),
		bench_test(without_an_eventfd_a_vector_is_silent, bench_setup_bound),
		bench_test(software_can_trigger_what_is_enabled, bench_setup_bound),
		bench_test(the_notification_stands_beside_any_kind, bench_setup_bound),
		bench_test(the_kernel_keeps_the_event_and_not_the_fd, bench_setup_bound),
		bench_test(what_is_no_eventfd_is_refused, bench_setup_bound),
		bench_test(vectors_the_device_lacks_are_refused, bench_setup_bound),
		bench_test(before_bind_there_are_no_interrupts, bench_setup_opened),
		bench_test(close_ends_interrupts_and_leaves_nothing, bench_setup),
	};
	return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
