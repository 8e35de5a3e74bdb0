/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a watch while a device is removed, found again, and moved between drivers. Needs one edu. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostbench.h"

static struct libiommufd_host_watch *watch;

static int setup(void **state)
{
	(void)state;
	return libiommufd_host_watch_open(host, &watch);
}

static int teardown(void **state)
{
	(void)state;
	watch = libiommufd_host_watch_close(watch);
	return 0;
}

/* The next event is this one of the edu. Its snapshot lives until the next call. */
static const struct libiommufd_host_device *assert_event(uint32_t expected)
{
	static struct libiommufd_host_devices *devices;
	struct pollfd ready = {.fd = libiommufd_host_watch_get_fd(watch), .events = POLLIN};
	uint32_t event = 0;
	int r;

	devices = libiommufd_host_devices_free(devices);
	if (!expected)
		return NULL;
	do {
		assert_int_equal(poll(&ready, 1, 5000), 1);
		r = libiommufd_host_watch_read(watch, &event, &devices);
	} while (r == -EAGAIN);
	assert_int_equal(r, 0);
	assert_int_equal(event, expected);
	assert_int_equal(libiommufd_host_devices_get_count(devices), 1);
	const struct libiommufd_host_device *device = libiommufd_host_devices_get(devices, 0);
	assert_string_equal(libiommufd_host_device_get_name(device), bench_name("EDU0"));
	assert_string_equal(libiommufd_host_device_get_bus(device), "pci");
	return device;
}

static void assert_quiet(void)
{
	struct libiommufd_host_devices *devices = NULL;
	uint32_t event = 42;

	assert_host_refused(libiommufd_host_watch_read(watch, &event, &devices), EAGAIN,
			    LIBIOMMUFD_REASON_KERNEL);
	assert_int_equal(event, 42);
	assert_null(devices);
}

static void a_device_that_changes_its_driver_is_seen_with_the_new_one(void **state)
{
	(void)state;
	assert_quiet();
	assert_int_equal(hostbench_write("/sys/bus/pci/drivers/vfio-pci/unbind",
					 bench_name("EDU0")),
			 0);
	assert_string_equal(
		libiommufd_host_device_get_driver(assert_event(LIBIOMMUFD_HOST_DRIVER_CHANGED)),
		"");
	assert_int_equal(hostbench_write("/sys/bus/pci/drivers/vfio-pci/bind", bench_name("EDU0")),
			 0);
	const struct libiommufd_host_device *device = assert_event(LIBIOMMUFD_HOST_DRIVER_CHANGED);
	assert_string_equal(libiommufd_host_device_get_driver(device), "vfio-pci");
	assert_int_equal(libiommufd_host_device_get_member_count(device), 1);
	assert_quiet();
	assert_event(0);
}

static void a_device_that_leaves_and_comes_back_is_seen(void **state)
{
	char path[128];
	(void)state;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", bench_name("EDU0"));
	assert_int_equal(hostbench_write(path, "1"), 0);
	assert_event(LIBIOMMUFD_HOST_DRIVER_CHANGED);
	/* Back before it is read that it left: nothing is told of the new one then. */
	assert_int_equal(hostbench_write("/sys/bus/pci/rescan", "1"), 0);
	const struct libiommufd_host_device *device = assert_event(LIBIOMMUFD_HOST_LEFT);
	assert_null(libiommufd_host_device_get_driver(device));
	assert_null(libiommufd_host_device_get_node(device));
	assert_null(libiommufd_host_device_get_iommu(device));
	assert_false(libiommufd_host_device_is_on_vfio(device));
	assert_int_equal(libiommufd_host_device_get_group(device), LIBIOMMUFD_FACT_UNKNOWN);
	assert_int_equal(libiommufd_host_device_get_member_count(device), LIBIOMMUFD_FACT_UNKNOWN);
	device = assert_event(LIBIOMMUFD_HOST_ARRIVED);
	assert_true(libiommufd_host_device_get_group(device) >= 0);
	assert_event(0);
}

/* Nobody reads, and the socket is full: soon, if it is a plain user's. */
static void events_that_are_lost_are_told_and_those_after_them_seen(void **state)
{
	struct libiommufd_host_devices *devices = NULL;
	uint32_t event = 0;
	int lost = 0, r;
	(void)state;

	libiommufd_host_watch_close(watch);
	assert_int_equal(seteuid(1000), 0);
	r = libiommufd_host_watch_open(host, &watch);
	assert_int_equal(seteuid(0), 0);
	assert_host_ok(r);
	hostbench_shell("i=0; while [ $i -lt 2000 ]; do echo add; i=$((i + 1)); done >/tmp/adds; "
			"while read -r word; do echo $word >/sys/bus/pci/devices/%s/uevent; done "
			"</tmp/adds",
			bench_name("EDU0"));
	while ((r = libiommufd_host_watch_read(watch, &event, &devices)) != -EAGAIN) {
		if (r == -ENOBUFS) {
			lost++;
			continue;
		}
		assert_int_equal(r, 0);
		assert_int_equal(event, LIBIOMMUFD_HOST_ARRIVED);
		devices = libiommufd_host_devices_free(devices);
	}
	assert_int_equal(lost, 1);
	/* What is no event of ours is passed over. */
	hostbench_shell("cd /sys/bus/pci/devices/%s; echo change >uevent; echo add >uevent",
			bench_name("EDU0"));
	assert_event(LIBIOMMUFD_HOST_ARRIVED);
	assert_quiet();
	assert_event(0);
}

static void wrong_arguments_are_refused(void **state)
{
	struct libiommufd_host_watch *other = NULL;
	uint32_t event;
	(void)state;

	assert_host_refused(libiommufd_host_watch_open(NULL, &other), EINVAL,
			    LIBIOMMUFD_REASON_ARGUMENT);
	assert_host_refused(libiommufd_host_watch_open(host, NULL), EINVAL,
			    LIBIOMMUFD_REASON_ARGUMENT);
	assert_host_refused(libiommufd_host_watch_read(watch, &event, NULL), EINVAL,
			    LIBIOMMUFD_REASON_ARGUMENT);
	assert_null(other);
	assert_int_equal(libiommufd_host_watch_get_fd(NULL), -1);
	assert_null(libiommufd_host_watch_close(NULL));
	assert_int_equal(fcntl(libiommufd_host_watch_get_fd(watch), F_GETFD) & FD_CLOEXEC,
			 FD_CLOEXEC);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_device_that_changes_its_driver_is_seen_with_the_new_one),
		TEST(a_device_that_leaves_and_comes_back_is_seen),
		TEST(events_that_are_lost_are_told_and_those_after_them_seen),
		TEST(wrong_arguments_are_refused),
	};

	bench_begin();
	return cmocka_run_group_tests_name("watch", tests, hostbench_setup, hostbench_teardown);
}
