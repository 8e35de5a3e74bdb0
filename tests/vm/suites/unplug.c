/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the tests of devices that are taken away while they are in use, on edu: the kernel asks for the
 * device, waits until it is closed, and the device works until then.
 */
#include "behaviours.h"
#include "unplug.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define IOVA 0x10000

/*
 * Somebody who takes the device away, and waits as long as the kernel lets him. A process of its own that
 * has nothing of ours: one that waits in there cannot even be killed while it has the device, too.
 */
struct order {
	char path[96], word[16];
};
static int orders = -1;
static bool ordered;

static void take_away(int sock)
{
	struct order order;
	int result;

	while (read(sock, &order, sizeof(order)) == sizeof(order)) {
		result = write_file(order.path, order.word);
		if (write(sock, &result, sizeof(result)) != sizeof(result))
			break;
	}
	_exit(0);
}

static int start_taker(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(pair[0]);
		take_away(pair[1]);
	}
	close(pair[1]);
	orders = pair[0];
	return 0;
}

static void send_order(const struct order *order)
{
	assert_int_equal(write(orders, order, sizeof(*order)), sizeof(*order));
	ordered = true;
}

static void start_remove(void)
{
	struct order order = {.word = "1"};

	snprintf(order.path, sizeof(order.path), "/sys/bus/pci/devices/%s/remove",
		 bench_name("EDU0"));
	send_order(&order);
}

static void start_unbind(void)
{
	struct order order = {.path = "/sys/bus/pci/drivers/vfio-pci/unbind"};

	snprintf(order.word, sizeof(order.word), "%s", bench_name("EDU0"));
	send_order(&order);
}

enum {
	PATIENCE = 30000
}; /* milliseconds; busy machines are slow */

static bool is_done_in(int milliseconds)
{
	struct pollfd event = {.fd = orders, .events = POLLIN};

	return poll(&event, 1, milliseconds) == 1;
}

static bool still_waits(void)
{
	return !is_done_in(300);
}

static void finish(void)
{
	int result;

	if (!is_done_in(PATIENCE))
		fail_msg("the kernel waits although the device is closed");
	ordered = false;
	assert_int_equal(read(orders, &result, sizeof(result)), sizeof(result));
	assert_int_equal(result, 0);
}

/* Whatever was taken away is there again, on vfio-pci. */
static void give_back(void)
{
	char path[96];

	write_file("/sys/bus/pci/rescan", "1");
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", bench_name("EDU0"));
	assert_int_equal(write_file(path, "vfio-pci"), 0);
	write_file("/sys/bus/pci/drivers_probe", bench_name("EDU0"));
}

static int teardown(void **state)
{
	int r = bench_teardown(state);

	/* What keeps the device busy even now ends with this process alone. */
	if (ordered && !is_done_in(1000))
		_exit(1);
	if (ordered)
		finish();
	give_back();
	return r;
}

static int open_it(struct bench *b, struct libiommufd_device **ret_dev)
{
	return libiommufd_device_open(b->ctx, bench_name("EDU0"), NULL, ret_dev);
}

/* The device that is there now works from the beginning to the end. */
static void expect_works(struct bench *b)
{
	uint8_t *memory = bench_memory(PAGE);

	bench_bind(b, 0);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, IOVA));
	assert_true(dma_works(b, 0, IOVA, memory));
	assert_ok(libiommufd_ioas_unmap(b->ioas, IOVA, PAGE, NULL));
	bench_close(b, 0);
	munmap(memory, PAGE);
}

/* Everything in use: DMA, an interrupt, registers, and the notification. */
static void use_all(struct bench *b, int request, int interrupt)
{
	bench_bind(b, 0);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_ok(libiommufd_device_set_irqs(b->dev, LIBIOMMUFD_PCI_REQ, 0, &request, 1));
	assert_ok(libiommufd_device_set_irqs(b->dev, LIBIOMMUFD_PCI_MSI, 0, &interrupt, 1));
}

static void close_in_time(struct bench *b, void (*take)(void))
{
	int request = event_new(), interrupt = event_new(), files = count_files();
	long pins = bench_pins();
	struct libiommufd_device *other = NULL;

	use_all(b, request, interrupt);
	assert_true(event_silent(request));
	take();
	assert_true(event_comes(request));
	bench_close(b, 0);
	finish();
	assert_int_equal(count_files(), files);
	assert_int_equal(bench_pins(), pins);

	if (take == start_remove)
		assert_refused(open_it(b, &other), ENODEV, NO_SUCH_DEVICE);
	else
		assert_refused(open_it(b, &other), ENODEV, NOT_VFIO_DRIVER);
	assert_null(other);
	give_back();
	expect_works(b);
	close(request);
	close(interrupt);
}

static void a_removal_is_announced_and_ends_with_close(void **state)
{
	close_in_time(*state, start_remove);
}

static void an_unbinding_is_announced_and_ends_with_close(void **state)
{
	close_in_time(*state, start_unbind);
}

static void ignore(struct bench *b, void (*take)(void))
{
	int request = event_new(), interrupt = event_new(), files = count_files();
	uint8_t *memory = bench_memory(PAGE);
	struct libiommufd_device *other = NULL;
	uint32_t value, count;

	use_all(b, request, interrupt);
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, IOVA));
	take();
	assert_true(event_comes(request));
	assert_true(still_waits());

	/* It is ours until we close it. */
	assert_true(dma_works(b, 0, IOVA, memory));
	assert_ok(libiommufd_device_query_irq(b->dev, LIBIOMMUFD_PCI_MSI, &count, NULL));
	assert_ok(libiommufd_device_trigger_irqs(b->dev, LIBIOMMUFD_PCI_MSI, 0, 1));
	assert_true(event_comes(interrupt));
	assert_ok(libiommufd_device_config_read32(b->dev, 0, &value));
	assert_int_equal(value, 0x11e81234);
	assert_ok(libiommufd_device_detach(b->dev));
	assert_false(dma_writes(b, 0, IOVA, memory));
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_true(dma_writes(b, 0, IOVA, memory));

	/*
	 * But nobody gets it any more: to sysfs it has no driver. 6.1 takes it out of there at the end, so
	 * that only bind tells.
	 */
	if (!libiommufd_device_open(b->ctx, bench_name("EDU0"), NULL, &other)) {
		assert_refused(libiommufd_device_bind(other, NULL), EINVAL, ALREADY_BOUND);
		assert_ok(libiommufd_device_close(other, 0));
	} else {
		assert_refused(open_it(b, &other), ENODEV, NOT_VFIO_DRIVER);
		assert_null(other);
	}
	assert_true(still_waits());
	bench_close(b, 0);
	finish();
	assert_int_equal(count_files(), files);
	assert_ok(libiommufd_ioas_unmap(b->ioas, IOVA, PAGE, NULL));
	give_back();
	expect_works(b);
	close(request);
	close(interrupt);
	munmap(memory, PAGE);
}

static void a_removal_waits_while_the_device_is_used(void **state)
{
	ignore(*state, start_remove);
}

static void an_unbinding_waits_while_the_device_is_used(void **state)
{
	ignore(*state, start_unbind);
}

static void without_a_notification_a_removal_waits_as_well(void **state)
{
	struct bench *b = *state;

	bench_bind(b, 0);
	start_remove();
	assert_true(still_waits());
	bench_close(b, 0);
	finish();
	give_back();
	expect_works(b);
}

/* A character device is held by whoever opened it, a group's by whoever bound it. */
static void a_removal_waits_for_an_opened_device_natively(void **state)
{
	struct bench *b = *state;
	bool held = natively(b->native, BEHAVIOUR_OPENED_LATE);
	int files = count_files();

	bench_open(b, 0);
	start_remove();
	assert_true(held ? still_waits() : is_done_in(PATIENCE));
	if (!held)
		finish();
	assert_outcome(libiommufd_device_bind(b->dev, NULL),
		       device_differs(b->native, DEVICE_BIND_AFTER_REMOVAL));
	if (held) {
		/* There is time even to use it. */
		assert_int_equal(edu_start(&b->edu[0], b->dev), 0);
		assert_ok(libiommufd_device_attach(b->dev, b->ioas));
		assert_true(dma_works(b, 0, HOME, b->home));
		assert_true(still_waits());
	} else {
		assert_int_equal(libiommufd_device_get_state(b->dev), LIBIOMMUFD_DEVICE_OPENED);
		assert_refused(libiommufd_device_attach(b->dev, b->ioas), EACCES, NOT_BOUND);
	}
	bench_close(b, 0);
	if (held)
		finish();
	assert_int_equal(count_files(), files);
	give_back();
	expect_works(b);
}

static void a_removal_waits_for_a_bound_device_natively(void **state)
{
	struct bench *b = *state;
	bool held = natively(b->native, BEHAVIOUR_OPENED_LATE);

	/* Until it is used or attached. */
	bench_bind_with(b, 0, 0, NULL);
	start_remove();
	assert_true(held ? still_waits() : is_done_in(PATIENCE));
	if (!held) {
		finish();
		assert_refused(libiommufd_device_attach(b->dev, b->ioas), ENODEV, DEVICE_GONE);
		assert_state(b->dev, BOUND, NOTHING, NULL);
	}
	assert_ok(libiommufd_device_close(b->dev, 0));
	b->dev = b->devices[0] = NULL;
	if (held)
		finish();
	give_back();
	expect_works(b);
}

static void an_opened_device_that_lost_its_driver_cannot_be_bound(void **state)
{
	struct bench *b = *state;

	if (natively(b->native, BEHAVIOUR_OPENED_LATE))
		return; /* it keeps the driver waiting, as above */
	bench_open(b, 0);
	start_unbind();
	finish();
	assert_refused(libiommufd_device_bind(b->dev, NULL), ENODEV, NOT_VFIO_DRIVER);
	/* With the driver back it is the same device. */
	give_back();
	assert_ok(libiommufd_device_bind(b->dev, NULL));
}

static void the_other_function_works_on(void **state)
{
	uint8_t *memory = bench_memory(PAGE);
	struct bench *b = *state;
	int request = event_new();

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, IOVA));
	bench_bind(b, 0);
	bench_bind(b, 1);
	for (int n = 0; n < 2; n++)
		assert_ok(libiommufd_device_attach(b->devices[n], b->ioas));
	assert_ok(libiommufd_device_set_irqs(b->dev, LIBIOMMUFD_PCI_REQ, 0, &request, 1));
	start_remove();
	assert_true(event_comes(request));
	bench_close(b, 0);
	finish();
	assert_true(dma_works(b, 1, IOVA, memory));
	bench_close(b, 1);
	assert_ok(libiommufd_ioas_unmap(b->ioas, IOVA, PAGE, NULL));
	give_back();
	expect_works(b);
	close(request);
	munmap(memory, PAGE);
}

/* ---- What outlives close ---- */

/* The device, opened again, cannot be bound; close it. */
static void expect_busy(struct bench *b)
{
	struct libiommufd_device *dev;

	assert_ok(open_it(b, &dev));
	assert_outcome(libiommufd_device_bind(dev, NULL),
		       device_differs(b->native, DEVICE_BIND_WHILE_HELD));
	assert_ok(libiommufd_device_close(dev, 0));
}

static void a_duplicate_of_the_file_keeps_the_device_busy(void **state)
{
	struct bench *b = *state;
	int fd, copy;

	bench_bind(b, 0);
	assert_ok(libiommufd_device_query_fd(b->dev, &fd));
	copy = dup(fd);
	bench_close(b, 0);
	expect_busy(b);
	close(copy);
	expect_works(b);
}

static void a_foreign_mapping_keeps_the_device_busy(void **state)
{
	struct libiommufd_region *bar;
	struct bench *b = *state;
	void *page;
	int fd;

	bench_bind(b, 0);
	assert_ok(libiommufd_device_query_fd(b->dev, &fd));
	assert_ok(libiommufd_device_query_region(b->dev, LIBIOMMUFD_PCI_BAR0, &bar));
	page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd,
		    (off_t)libiommufd_region_get_file_offset(bar));
	assert_ptr_not_equal(page, MAP_FAILED);
	bench_close(b, 0);
	assert_int_equal(*(volatile uint32_t *)page & 0xff, 0xed);
	expect_busy(b);
	start_remove();
	assert_true(still_waits());
	munmap(page, PAGE);
	finish();
	give_back();
	expect_works(b);
}

static void a_forced_close_leaves_no_mapping(void **state)
{
	struct bench *b = *state;

	bench_bind(b, 0);
	assert_refused(libiommufd_device_close(b->dev, 0), EBUSY, REGION_MAPPED);
	device_closed(b, 0);
	start_remove();
	finish();
	give_back();
	expect_works(b);
}

int run_unplug(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_removal_is_announced_and_ends_with_close,
						bench_setup, teardown),
		cmocka_unit_test_setup_teardown(an_unbinding_is_announced_and_ends_with_close,
						bench_setup, teardown),
		cmocka_unit_test_setup_teardown(a_removal_waits_while_the_device_is_used,
						bench_setup, teardown),
		cmocka_unit_test_setup_teardown(an_unbinding_waits_while_the_device_is_used,
						bench_setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_notification_a_removal_waits_as_well,
						bench_setup, teardown),
		cmocka_unit_test_setup_teardown(a_removal_waits_for_an_opened_device_natively,
						bench_setup, teardown),
		cmocka_unit_test_setup_teardown(a_removal_waits_for_a_bound_device_natively,
						bench_setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_opened_device_that_lost_its_driver_cannot_be_bound, bench_setup,
			teardown),
		cmocka_unit_test_setup_teardown(the_other_function_works_on, bench_setup, teardown),
		cmocka_unit_test_setup_teardown(a_duplicate_of_the_file_keeps_the_device_busy,
						bench_setup, teardown),
		cmocka_unit_test_setup_teardown(a_foreign_mapping_keeps_the_device_busy,
						bench_setup, teardown),
		cmocka_unit_test_setup_teardown(a_forced_close_leaves_no_mapping, bench_setup,
						teardown),
	};
	return cmocka_run_group_tests_name("unplug", tests, start_taker, NULL);
}
