/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a watch whose events are told by the test in place of libudev: what real ones never say, or seldom. The linker
 * puts the functions below in its place. Real events are run on real kernels.
 */
#include <libudev.h>

#include "drivers.h"

/* What the monitor says, one after the other: an error, or an event of DEVICE. */
struct message {
	int error;
	const char *action;
	const char *bus;
};

static const struct message *messages;
static size_t said, message_count;
static int ends[2];
static bool no_memory;

int __wrap_udev_monitor_get_fd(struct udev_monitor *monitor);
int __wrap_udev_monitor_get_fd(struct udev_monitor *monitor)
{
	(void)monitor;
	return ends[0];
}

static void take_byte(void)
{
	char byte;

	assert_int_equal(read(ends[0], &byte, 1), 1);
}

/* There is a byte in the pipe for each message. */
struct udev_device *__wrap_udev_monitor_receive_device(struct udev_monitor *monitor);
struct udev_device *__wrap_udev_monitor_receive_device(struct udev_monitor *monitor)
{
	(void)monitor;
	if (said == message_count) {
		errno = EINVAL;
		return NULL;
	}
	take_byte();
	errno = messages[said++].error;
	return errno ? NULL : (struct udev_device *)&messages[said - 1];
}

const char *__wrap_udev_device_get_action(struct udev_device *device);
const char *__wrap_udev_device_get_action(struct udev_device *device)
{
	return ((const struct message *)device)->action;
}

const char *__wrap_udev_device_get_subsystem(struct udev_device *device);
const char *__wrap_udev_device_get_subsystem(struct udev_device *device)
{
	return ((const struct message *)device)->bus;
}

const char *__wrap_udev_device_get_syspath(struct udev_device *device);
const char *__wrap_udev_device_get_syspath(struct udev_device *device)
{
	(void)device;
	return SYSFS DEVICE;
}

struct udev_device *__wrap_udev_device_unref(struct udev_device *device);
struct udev_device *__wrap_udev_device_unref(struct udev_device *device)
{
	(void)device;
	return NULL;
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
	return no_memory ? NULL : __real_calloc(n, size);
}

static struct libiommufd_host_watch *watch;
static struct libiommufd_host_devices *devices;
static uint32_t event;

static int setup(void **state)
{
	said = message_count = 0;
	no_memory = false;
	return drivers_setup(state) || pipe(ends) || libiommufd_host_watch_open(host, &watch);
}

static int teardown(void **state)
{
	devices = libiommufd_host_devices_free(devices);
	watch = libiommufd_host_watch_close(watch);
	close(ends[0]);
	close(ends[1]);
	return drivers_teardown(state);
}

static void say(const struct message *list, size_t count)
{
	messages = list;
	said = 0;
	message_count = count;
	for (size_t i = 0; i < count; i++)
		assert_int_equal(write(ends[1], "m", 1), 1);
}

static int read_watch(void)
{
	event = 42;
	devices = libiommufd_host_devices_free(devices);
	return libiommufd_host_watch_read(watch, &event, &devices);
}

static void assert_event(uint32_t expected)
{
	assert_int_equal(read_watch(), 0);
	assert_int_equal(event, expected);
	assert_int_equal(libiommufd_host_devices_get_count(devices), 1);
	assert_string_equal(libiommufd_host_device_get_name(libiommufd_host_devices_get(devices,
											0)),
			    DEVICE);
}

static void assert_nothing(int error, uint32_t reason)
{
	assert_refused(read_watch(), error, reason);
	assert_int_equal(event, 42);
	assert_null(devices);
}

static void actions_of_the_kernel_are_events_or_nothing(void **state)
{
	static const struct message list[] = {
		{0, "add", "pci"},  {0, "change", "pci"}, {0, NULL, "pci"},     {0, "bind", "pci"},
		{0, "move", "pci"}, {0, "online", "pci"}, {0, "unbind", "pci"}, {0, "", "pci"},
		{0, "adds", "pci"}, {0, "remove", "pci"}, {0, "change", "pci"},
	};
	(void)state;

	say(list, sizeof(list) / sizeof(list[0]));
	assert_event(LIBIOMMUFD_HOST_ARRIVED);
	assert_event(LIBIOMMUFD_HOST_DRIVER_CHANGED);
	assert_event(LIBIOMMUFD_HOST_DRIVER_CHANGED);
	assert_event(LIBIOMMUFD_HOST_LEFT);
	assert_nothing(EAGAIN, LIBIOMMUFD_REASON_KERNEL);
	assert_int_equal(said, message_count);
}

static void messages_that_are_none_are_passed_over(void **state)
{
	static const struct message list[] = {
		{EAGAIN, NULL, NULL},
		{EINVAL, NULL, NULL},
		{EBADMSG, NULL, NULL},
		{0, "add", NULL},
	};
	(void)state;

	say(list, 4);
	assert_event(LIBIOMMUFD_HOST_ARRIVED);
	assert_string_equal(libiommufd_host_device_get_bus(libiommufd_host_devices_get(devices, 0)),
			    "");
	assert_nothing(EAGAIN, LIBIOMMUFD_REASON_KERNEL);
}

static void what_is_lost_is_told_and_the_rest_read(void **state)
{
	static const struct message list[] = {
		{ENOBUFS, NULL, NULL},
		{0, "add", "pci"},
		{ENOMEM, NULL, NULL},
		{0, "bind", "pci"},
	};
	(void)state;

	say(list, 4);
	assert_nothing(ENOBUFS, LIBIOMMUFD_REASON_KERNEL);
	assert_event(LIBIOMMUFD_HOST_ARRIVED);
	assert_nothing(ENOMEM, LIBIOMMUFD_REASON_MEMORY);
	assert_event(LIBIOMMUFD_HOST_DRIVER_CHANGED);
}

static void without_memory_an_event_is_lost_and_told(void **state)
{
	static const struct message list[] = {{0, "add", "pci"}, {0, "remove", "pci"}};
	(void)state;

	say(list, 2);
	no_memory = true;
	assert_nothing(ENOMEM, LIBIOMMUFD_REASON_MEMORY);
	assert_nothing(ENOMEM, LIBIOMMUFD_REASON_MEMORY);
	no_memory = false;
	assert_nothing(EAGAIN, LIBIOMMUFD_REASON_KERNEL);
}

/* A program that closes files it has not opened would wait for ever. */
static void a_socket_that_is_closed_ends_the_watch(void **state)
{
	(void)state;
	alarm(30);
	close(ends[1]);
	assert_nothing(EIO, LIBIOMMUFD_REASON_KERNEL);
	close(ends[0]);
	assert_nothing(EIO, LIBIOMMUFD_REASON_KERNEL);
	alarm(0);
	assert_int_equal(pipe(ends), 0);
}

/* What is in its place by now is not it. */
static void of_a_device_that_left_only_its_name_is_known(void **state)
{
	static const struct message list[] = {{0, "remove", "pci"}, {0, "add", "pci"}};
	(void)state;

	say(list, 2);
	assert_event(LIBIOMMUFD_HOST_LEFT);
	const struct libiommufd_host_device *device = libiommufd_host_devices_get(devices, 0);
	assert_string_equal(libiommufd_host_device_get_bus(device), "pci");
	assert_string_equal(libiommufd_host_device_get_sysfs(device), SYSFS DEVICE);
	assert_null(libiommufd_host_device_get_driver(device));
	assert_null(libiommufd_host_device_get_iommu(device));
	assert_null(libiommufd_host_device_get_member(device, 0));
	assert_int_equal(libiommufd_host_device_get_group(device), LIBIOMMUFD_FACT_UNKNOWN);
	assert_event(LIBIOMMUFD_HOST_ARRIVED);
	device = libiommufd_host_devices_get(devices, 0);
	assert_string_equal(libiommufd_host_device_get_driver(device), "e1000e");
	assert_int_equal(libiommufd_host_device_get_member_count(device), 2);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(actions_of_the_kernel_are_events_or_nothing),
		TEST(messages_that_are_none_are_passed_over),
		TEST(what_is_lost_is_told_and_the_rest_read),
		TEST(without_memory_an_event_is_lost_and_told),
		TEST(a_socket_that_is_closed_ends_the_watch),
		TEST(of_a_device_that_left_only_its_name_is_known),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
