/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interrupts: the exact bytes of each change, and what the kernel's refusals mean. */
#include "flows.h"

static struct libiommufd_ctx *ctx;
static struct libiommufd_device *dev;

static int setup(void **state)
{
	if (script_setup(state))
		return -1;
	ctx = open_native(*state);
	dev = bind_device(*state, ctx);
	return 0;
}

static int teardown(void **state)
{
	close_device(*state, dev);
	close_ctx(*state, ctx);
	return script_teardown(state);
}

#define with_device(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void expect_info(struct script *k, uint32_t index, uint32_t flags, uint32_t count)
{
	expect_ioctl(k, DEV_FD, VFIO_DEVICE_GET_IRQ_INFO, 0, struct vfio_irq_info,
		     .argsz = sizeof(struct vfio_irq_info), .index = index);
	answer(k, struct vfio_irq_info, .argsz = sizeof(struct vfio_irq_info), .index = index,
	       .flags = flags, .count = count);
}

/* VFIO_DEVICE_SET_IRQS with 32-bit words: argsz, flags, index, start, count, fds. */
static void expect_set(struct script *k, const uint32_t *words, size_t count, int result)
{
	expect_ioctl_bytes(k, DEV_FD, VFIO_DEVICE_SET_IRQS, words, count * 4, result);
}

/* An answer of -EINVAL is believed only of a device that was asked what it is. */
static void expect_no_interrupt(struct script *k, uint32_t index)
{
	for (int i = 0; i < 2; i++) {
		expect_ioctl(k, DEV_FD, VFIO_DEVICE_GET_IRQ_INFO, -EINVAL, struct vfio_irq_info,
			     .argsz = sizeof(struct vfio_irq_info), .index = index);
		if (i == 0)
			expect_ioctl(k, DEV_FD, VFIO_DEVICE_GET_INFO, 0, struct vfio_device_info,
				     .argsz = sizeof(struct vfio_device_info));
	}
}

enum {
	TRIGGER_FDS = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
	TRIGGER = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
	MASK = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK,
	UNMASK = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
	UNMASK_FD = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK,
};

static void info_gives_count_and_flags(void **state)
{
	uint32_t count = 77, flags = 77;

	expect_info(*state, LIBIOMMUFD_PCI_MSIX, VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE,
		    65);
	assert_ok(libiommufd_device_query_irq(dev, LIBIOMMUFD_PCI_MSIX, &count, &flags));
	assert_int_equal(count, 65);
	assert_int_equal(flags, LIBIOMMUFD_IRQ_EVENTFD | LIBIOMMUFD_IRQ_NORESIZE);
	expect_info(*state, LIBIOMMUFD_PCI_INTX, VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED,
		    1);
	assert_ok(libiommufd_device_query_irq(dev, LIBIOMMUFD_PCI_INTX, &count, &flags));
	assert_int_equal(count, 1);
	assert_int_equal(flags, LIBIOMMUFD_IRQ_MASKABLE | LIBIOMMUFD_IRQ_AUTOMASKED);
	expect_info(*state, LIBIOMMUFD_PCI_MSI, 0, 0);
	assert_ok(libiommufd_device_query_irq(dev, LIBIOMMUFD_PCI_MSI, &count, NULL));
	assert_int_equal(count, 0);
}

static void info_of_an_absent_interrupt_is_refused_and_says_which(void **state)
{
	uint32_t count = 77;

	expect_no_interrupt(*state, 9);
	assert_fails(libiommufd_device_query_irq(dev, 9, &count, NULL), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_says("no interrupt 9");
	assert_int_equal(count, 77);
	expect_no_interrupt(*state, 9);
	assert_fails(libiommufd_device_set_irqs(dev, 9, 0, (int[]){30}, 1), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
}

static void a_device_that_knows_once_it_was_asked_is_asked_again(void **state)
{
	uint32_t count = 77;

	expect_ioctl(*state, DEV_FD, VFIO_DEVICE_GET_IRQ_INFO, -EINVAL, struct vfio_irq_info,
		     .argsz = sizeof(struct vfio_irq_info), .index = 0);
	expect_ioctl(*state, DEV_FD, VFIO_DEVICE_GET_INFO, 0, struct vfio_device_info,
		     .argsz = sizeof(struct vfio_device_info));
	expect_info(*state, 0, VFIO_IRQ_INFO_EVENTFD, 1);
	assert_ok(libiommufd_device_query_irq(dev, 0, &count, NULL));
	assert_int_equal(count, 1);
}

static void vectors_are_set_with_their_eventfds_and_minus_one(void **state)
{
	const uint32_t words[] = {20 + 12, TRIGGER_FDS, LIBIOMMUFD_PCI_MSIX, 2,
				  3,       30,          (uint32_t)-1,        32};

	expect_info(*state, LIBIOMMUFD_PCI_MSIX, VFIO_IRQ_INFO_EVENTFD, 65);
	expect_set(*state, words, 8, 0);
	assert_ok(libiommufd_device_set_irqs(dev, LIBIOMMUFD_PCI_MSIX, 2, (int[]){30, -1, 32}, 3));
}

static void vectors_beyond_the_last_are_refused_before_the_kernel(void **state)
{
	const int fds[3] = {30, 31, 32};

	expect_info(*state, LIBIOMMUFD_PCI_MSI, VFIO_IRQ_INFO_EVENTFD, 2);
	assert_fails(libiommufd_device_set_irqs(dev, LIBIOMMUFD_PCI_MSI, 0, fds, 3), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	expect_info(*state, LIBIOMMUFD_PCI_MSI, VFIO_IRQ_INFO_EVENTFD, 2);
	assert_fails(libiommufd_device_set_irqs(dev, LIBIOMMUFD_PCI_MSI, 2, fds, 1), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	expect_info(*state, LIBIOMMUFD_PCI_MSI, VFIO_IRQ_INFO_EVENTFD, 2);
	assert_fails(libiommufd_device_set_irqs(dev, LIBIOMMUFD_PCI_MSI, 1, fds, UINT32_MAX),
		     -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	expect_info(*state, LIBIOMMUFD_PCI_MSI, VFIO_IRQ_INFO_EVENTFD, 2);
	assert_fails(libiommufd_device_set_irqs(dev, LIBIOMMUFD_PCI_MSI, 0, fds, 0), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_fails(libiommufd_device_set_irqs(dev, LIBIOMMUFD_PCI_MSI, 0, NULL, 1), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
}

static void fewer_vectors_than_asked_for_is_a_limit_with_both_figures(void **state)
{
	const uint32_t words[] = {20 + 8, TRIGGER_FDS, LIBIOMMUFD_PCI_MSIX, 0, 2, 30, 31};

	expect_info(*state, LIBIOMMUFD_PCI_MSIX, VFIO_IRQ_INFO_EVENTFD, 65);
	expect_set(*state, words, 7, 1);
	assert_fails(libiommufd_device_set_irqs(dev, LIBIOMMUFD_PCI_MSIX, 0, (int[]){30, 31}, 2),
		     -ENOSPC, LIBIOMMUFD_REASON_VECTOR_LIMIT);
	assert_int_equal(libiommufd_last_error()->needed, 2);
	assert_int_equal(libiommufd_last_error()->allowed, 1);
}

static void more_vectors_where_none_can_be_added_says_what_to_do(void **state)
{
	const uint32_t words[] = {20 + 4, TRIGGER_FDS, LIBIOMMUFD_PCI_MSI, 1, 1, 30};

	expect_info(*state, LIBIOMMUFD_PCI_MSI, VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE, 8);
	expect_set(*state, words, 6, -EINVAL);
	assert_fails(libiommufd_device_set_irqs(dev, LIBIOMMUFD_PCI_MSI, 1, (int[]){30}, 1),
		     -EINVAL, LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_says("libiommufd_device_disable_irqs()");
}

static void a_closed_eventfd_is_said_to_be_one(void **state)
{
	const uint32_t words[] = {20 + 4, TRIGGER_FDS, LIBIOMMUFD_PCI_MSI, 0, 1, 99};

	expect_info(*state, LIBIOMMUFD_PCI_MSI, VFIO_IRQ_INFO_EVENTFD, 1);
	expect_set(*state, words, 6, -EBADF);
	assert_fails(libiommufd_device_set_irqs(dev, LIBIOMMUFD_PCI_MSI, 0, (int[]){99}, 1), -EBADF,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_says("eventfd");
}

static void disable_sends_no_vector_at_all(void **state)
{
	const uint32_t words[] = {20, TRIGGER, LIBIOMMUFD_PCI_MSIX, 0, 0};

	expect_info(*state, LIBIOMMUFD_PCI_MSIX, VFIO_IRQ_INFO_EVENTFD, 65);
	expect_set(*state, words, 5, 0);
	assert_ok(libiommufd_device_disable_irqs(dev, LIBIOMMUFD_PCI_MSIX));
}

static void disable_of_what_is_not_enabled_or_absent_is_no_failure(void **state)
{
	const uint32_t words[] = {20, TRIGGER, LIBIOMMUFD_PCI_MSIX, 0, 0};

	expect_info(*state, LIBIOMMUFD_PCI_MSIX, VFIO_IRQ_INFO_EVENTFD, 65);
	expect_set(*state, words, 5, -EINVAL);
	assert_ok(libiommufd_device_disable_irqs(dev, LIBIOMMUFD_PCI_MSIX));
	expect_info(*state, LIBIOMMUFD_PCI_MSIX, 0, 0);
	assert_ok(libiommufd_device_disable_irqs(dev, LIBIOMMUFD_PCI_MSIX));
}

static void disable_of_an_interrupt_that_does_not_exist_is_refused(void **state)
{
	expect_no_interrupt(*state, 9);
	assert_fails(libiommufd_device_disable_irqs(dev, 9), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
}

static void trigger_mask_unmask_and_the_unmask_fd_have_their_own_words(void **state)
{
	const uint32_t trigger[] = {20, TRIGGER, LIBIOMMUFD_PCI_MSIX, 3, 2};
	const uint32_t mask[] = {20, MASK, LIBIOMMUFD_PCI_INTX, 0, 1};
	const uint32_t unmask[] = {20, UNMASK, LIBIOMMUFD_PCI_INTX, 0, 1};
	const uint32_t unmask_fd[] = {24, UNMASK_FD, LIBIOMMUFD_PCI_INTX, 0, 1, 33};
	const uint32_t no_fd[] = {24, UNMASK_FD, LIBIOMMUFD_PCI_INTX, 0, 1, (uint32_t)-1};

	expect_set(*state, trigger, 5, 0);
	assert_ok(libiommufd_device_trigger_irqs(dev, LIBIOMMUFD_PCI_MSIX, 3, 2));
	expect_set(*state, mask, 5, 0);
	assert_ok(libiommufd_device_mask_irq(dev, LIBIOMMUFD_PCI_INTX));
	expect_set(*state, unmask, 5, 0);
	assert_ok(libiommufd_device_unmask_irq(dev, LIBIOMMUFD_PCI_INTX));
	expect_set(*state, unmask_fd, 6, 0);
	assert_ok(libiommufd_device_set_unmask_fd(dev, LIBIOMMUFD_PCI_INTX, 33));
	expect_set(*state, no_fd, 6, 0);
	assert_ok(libiommufd_device_set_unmask_fd(dev, LIBIOMMUFD_PCI_INTX, -1));
}

static void triggers_that_fail_tell_beyond_the_last_from_not_enabled(void **state)
{
	const uint32_t beyond[] = {20, TRIGGER, LIBIOMMUFD_PCI_MSI, 0, 5};
	const uint32_t off[] = {20, TRIGGER, LIBIOMMUFD_PCI_MSI, 0, 1};
	const uint32_t absent[] = {20, TRIGGER, 9, 0, 1};

	expect_set(*state, beyond, 5, -EINVAL);
	expect_info(*state, LIBIOMMUFD_PCI_MSI, VFIO_IRQ_INFO_EVENTFD, 1);
	assert_fails(libiommufd_device_trigger_irqs(dev, LIBIOMMUFD_PCI_MSI, 0, 5), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_says("vectors 0+5 are not all among the 1 of interrupt 1 (MSI)");
	expect_set(*state, off, 5, -EINVAL);
	expect_info(*state, LIBIOMMUFD_PCI_MSI, VFIO_IRQ_INFO_EVENTFD, 1);
	assert_fails(libiommufd_device_trigger_irqs(dev, LIBIOMMUFD_PCI_MSI, 0, 1), -EINVAL,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_says("not enabled");
	expect_set(*state, absent, 5, -EINVAL);
	expect_no_interrupt(*state, 9);
	assert_fails(libiommufd_device_trigger_irqs(dev, 9, 0, 1), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_says("no interrupt 9");
}

static void zero_triggers_are_refused_since_they_would_disable(void **state)
{
	(void)state;
	assert_fails(libiommufd_device_trigger_irqs(dev, LIBIOMMUFD_PCI_MSIX, 0, 0), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
}

static void what_cannot_be_masked_is_named(void **state)
{
	const uint32_t mask[] = {20, MASK, LIBIOMMUFD_PCI_MSI, 0, 1};

	expect_set(*state, mask, 5, -ENOTTY);
	assert_fails(libiommufd_device_mask_irq(dev, LIBIOMMUFD_PCI_MSI), -ENOTTY,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_says("interrupt 1 (MSI) cannot be masked");
	expect_set(*state, mask, 5, -ENODEV);
	assert_fails(libiommufd_device_mask_irq(dev, LIBIOMMUFD_PCI_MSI), -ENODEV,
		     LIBIOMMUFD_REASON_DEVICE_GONE);
}

static void nothing_works_before_bind(void **state)
{
	struct libiommufd_device *other;
	uint32_t count;
	int fds[1] = {30};

	struct libiommufd_ctx *c = open_native(*state);
	other = open_device(*state, c);
#define refused(call) assert_fails(call, -EACCES, LIBIOMMUFD_REASON_NOT_BOUND)
	refused(libiommufd_device_query_irq(other, 0, &count, NULL));
	refused(libiommufd_device_set_irqs(other, 0, 0, fds, 1));
	refused(libiommufd_device_disable_irqs(other, 0));
	refused(libiommufd_device_trigger_irqs(other, 0, 0, 1));
	refused(libiommufd_device_mask_irq(other, 0));
	refused(libiommufd_device_unmask_irq(other, 0));
	refused(libiommufd_device_set_unmask_fd(other, 0, 30));
#undef refused
	close_device(*state, other);
	close_ctx(*state, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_device(info_gives_count_and_flags),
		with_device(info_of_an_absent_interrupt_is_refused_and_says_which),
		with_device(a_device_that_knows_once_it_was_asked_is_asked_again),
		with_device(vectors_are_set_with_their_eventfds_and_minus_one),
		with_device(vectors_beyond_the_last_are_refused_before_the_kernel),
		with_device(fewer_vectors_than_asked_for_is_a_limit_with_both_figures),
		with_device(more_vectors_where_none_can_be_added_says_what_to_do),
		with_device(a_closed_eventfd_is_said_to_be_one),
		with_device(disable_sends_no_vector_at_all),
		with_device(disable_of_what_is_not_enabled_or_absent_is_no_failure),
		with_device(disable_of_an_interrupt_that_does_not_exist_is_refused),
		with_device(trigger_mask_unmask_and_the_unmask_fd_have_their_own_words),
		with_device(triggers_that_fail_tell_beyond_the_last_from_not_enabled),
		with_device(zero_triggers_are_refused_since_they_would_disable),
		with_device(what_cannot_be_masked_is_named),
		scripted(nothing_works_before_bind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
