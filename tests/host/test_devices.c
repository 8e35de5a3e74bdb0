/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs enumeration on trees of files that stand for /sys, whole and broken ones. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../lib/host/host.h"

#include "tree.h"

static struct libiommufd_host *host;

static int setup(void **state)
{
	return tree_setup(state) || libiommufd_host_open(NULL, &host) < 0;
}

static int teardown(void **state)
{
	host = libiommufd_host_close(host);
	return tree_teardown(state);
}

static struct libiommufd_host_devices *list(uint32_t flags)
{
	const struct libiommufd_host_devices_opts opts = {sizeof(opts), flags};
	struct libiommufd_host_devices *devices = NULL;

	assert_int_equal(libiommufd_host_query_devices(host, &opts, &devices), 0);
	assert_non_null(devices);
	return devices;
}

/* The names in a snapshot, in a row. */
static void assert_names(const struct libiommufd_host_devices *devices, const char *expected)
{
	char names[1024] = "";

	for (size_t i = 0; i < libiommufd_host_devices_get_count(devices); i++) {
		strcat(names, i ? " " : "");
		strcat(names,
		       libiommufd_host_device_get_name(libiommufd_host_devices_get(devices, i)));
	}
	assert_string_equal(names, expected);
}

static struct libiommufd_host_devices *look(const char *name)
{
	struct libiommufd_host_devices *devices = NULL;

	assert_int_equal(libiommufd_host_query_device(host, name, &devices), 0);
	assert_int_equal(libiommufd_host_devices_get_count(devices), 1);
	return devices;
}

static void assert_refused(int result, int error, uint32_t reason)
{
	const struct libiommufd_error *record = libiommufd_host_last_error();

	assert_int_equal(result, -error);
	assert_int_equal(record->error, -error);
	assert_int_equal(record->reason, reason);
	assert_true(strlen(record->text) > 20);
}

static void a_machine_without_devices_has_none(void **state)
{
	(void)state;
	struct libiommufd_host_devices *devices = list(0);

	assert_int_equal(libiommufd_host_devices_get_count(devices), 0);
	assert_null(libiommufd_host_devices_get(devices, 0));
	assert_null(libiommufd_host_devices_free(devices));
}

static void devices_of_every_bus_are_listed_by_bus_and_name(void **state)
{
	(void)state;
	tree_device("platform", "fd000000.dma", NULL, 9);
	tree_device("platform", "serial8250", "serial8250", -1);
	tree_device("mdev", "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001", "vfio_mdev", 7);
	tree_device("pci", "0000:01:00.1", "e1000e", 6);
	tree_device("pci", "0000:01:00.0", "vfio-pci", 6);
	tree_device("pci", "0000:00:1f.0", NULL, -1);
	tree_vfio("pci", "0000:01:00.0", 3, 1);

	struct libiommufd_host_devices *devices = list(0);
	assert_names(devices, "0000:00:1f.0 0000:01:00.0 0000:01:00.1 "
			      "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 fd000000.dma");
	libiommufd_host_devices_free(devices);
	devices = list(LIBIOMMUFD_HOST_DEVICES_ALL);
	assert_int_equal(libiommufd_host_devices_get_count(devices), 6);
	libiommufd_host_devices_free(devices);
	devices = list(LIBIOMMUFD_HOST_DEVICES_ON_VFIO);
	assert_names(devices, "0000:01:00.0 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001");
	libiommufd_host_devices_free(devices);
}

static void a_device_knows_driver_node_iommu_and_the_members_of_its_group(void **state)
{
	(void)state;
	tree_device("pci", "0000:01:00.0", "e1000e", 6);
	tree_device("pci", "0000:01:00.1", "vfio-pci", 6);
	tree_device("pci", "0000:01:00.2", NULL, 6);
	tree_device("pci", "0000:02:00.0", "nvme", 7);
	tree_vfio("pci", "0000:01:00.1", 12, 1);
	tree_link("/sys/devices/pci/0000:01:00.1/iommu", "../../virtual/iommu/dmar0");

	struct libiommufd_host_devices *devices = list(0);
	/* A snapshot outlives its host. */
	host = libiommufd_host_close(host);
	const struct libiommufd_host_device *device = libiommufd_host_devices_get(devices, 1);
	assert_string_equal(libiommufd_host_device_get_name(device), "0000:01:00.1");
	assert_string_equal(libiommufd_host_device_get_bus(device), "pci");
	assert_string_equal(libiommufd_host_device_get_sysfs(device),
			    "/sys/devices/pci/0000:01:00.1");
	assert_string_equal(libiommufd_host_device_get_driver(device), "vfio-pci");
	assert_true(libiommufd_host_device_is_on_vfio(device));
	assert_string_equal(libiommufd_host_device_get_node(device), "/dev/vfio/devices/vfio12");
	assert_string_equal(libiommufd_host_device_get_iommu(device), "dmar0");
	assert_int_equal(libiommufd_host_device_get_group(device), 6);
	assert_int_equal(libiommufd_host_device_get_member_count(device), 3);
	assert_string_equal(libiommufd_host_device_get_member(device, 0), "0000:01:00.0");
	assert_string_equal(libiommufd_host_device_get_member_driver(device, 0), "e1000e");
	assert_string_equal(libiommufd_host_device_get_member(device, 2), "0000:01:00.2");
	assert_string_equal(libiommufd_host_device_get_member_driver(device, 2), "");
	assert_null(libiommufd_host_device_get_member(device, 3));
	assert_null(libiommufd_host_device_get_member_driver(device, 3));

	device = libiommufd_host_devices_get(devices, 3);
	assert_false(libiommufd_host_device_is_on_vfio(device));
	assert_string_equal(libiommufd_host_device_get_node(device), "");
	assert_int_equal(libiommufd_host_device_get_member_count(device), 1);
	libiommufd_host_devices_free(devices);
}

static void a_vfio_directory_without_a_number_is_no_node(void **state)
{
	(void)state;
	tree_device("pci", "0000:01:00.0", "mlx5_vfio_pci", 6);
	tree_vfio("pci", "0000:01:00.0", 3, 0);

	struct libiommufd_host_devices *devices = look("01:00.0");
	const struct libiommufd_host_device *device = libiommufd_host_devices_get(devices, 0);
	assert_true(libiommufd_host_device_is_on_vfio(device));
	assert_string_equal(libiommufd_host_device_get_node(device), "");
	libiommufd_host_devices_free(devices);
}

static void one_device_is_found_by_every_name_it_has(void **state)
{
	static const char *const names[] = {"0000:01:00.0", "01:00.0",
					    "/sys/bus/pci/devices/0000:01:00.0",
					    "/sys/devices/pci/0000:01:00.0"};
	(void)state;
	tree_device("pci", "0000:01:00.0", "nvme", 6);
	tree_device("mdev", "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001", NULL, 7);
	tree_device("platform", "fd000000.dma", NULL, 8);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct libiommufd_host_devices *devices = look(names[i]);
		assert_names(devices, "0000:01:00.0");
		libiommufd_host_devices_free(devices);
	}
	struct libiommufd_host_devices *devices = look("83b8f4f2-509f-382f-3c1e-e6bfe0fa1001");
	const struct libiommufd_host_device *device = libiommufd_host_devices_get(devices, 0);
	assert_string_equal(libiommufd_host_device_get_bus(device), "mdev");
	assert_int_equal(libiommufd_host_device_get_group(device), 7);
	libiommufd_host_devices_free(devices);
	devices = look("fd000000.dma");
	libiommufd_host_devices_free(devices);
}

static void what_is_no_device_is_refused_with_its_reason(void **state)
{
	struct libiommufd_host_devices *devices = NULL;
	(void)state;

	tree_directory("/sys/devices/pci/bare");
	assert_refused(libiommufd_host_query_device(host, "0000:99:00.0", &devices), ENODEV,
		       LIBIOMMUFD_REASON_NO_SUCH_DEVICE);
	assert_refused(libiommufd_host_query_device(host, "no such name", &devices), EINVAL,
		       LIBIOMMUFD_REASON_ARGUMENT);
	assert_refused(libiommufd_host_query_device(host, "", &devices), EINVAL,
		       LIBIOMMUFD_REASON_ARGUMENT);
	assert_refused(libiommufd_host_query_device(host, "..", &devices), EINVAL,
		       LIBIOMMUFD_REASON_ARGUMENT);
	assert_refused(libiommufd_host_query_device(host, "/sys/devices/pci/bare", &devices),
		       ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE);
	assert_refused(libiommufd_host_query_device(host, "/dev/vfio/3", &devices), EINVAL,
		       LIBIOMMUFD_REASON_ARGUMENT);
	assert_refused(libiommufd_host_query_device(host, "/dev/vfio/devices/vfio77", &devices),
		       ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE);
	assert_null(devices);
}

static void broken_links_and_numbers_make_facts_unknown_and_nothing_worse(void **state)
{
	char huge[300];
	(void)state;

	memset(huge, 'x', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	tree_device("pci", "0000:01:00.0", NULL, -1);
	tree_link("/sys/devices/pci/0000:01:00.0/driver", huge);
	tree_link("/sys/devices/pci/0000:01:00.0/iommu_group", "../../iommu_groups/99999999999");
	tree_file("/sys/devices/pci/0000:01:00.0/iommu", "a file where a link should be");
	tree_device("pci", "0000:01:00.1", NULL, -1);
	tree_link("/sys/devices/pci/0000:01:00.1/driver", "../\xff\xfe\x80");
	tree_link("/sys/devices/pci/0000:01:00.1/iommu_group", "../6x");
	tree_file("/sys/devices/pci/0000:01:00.1/vfio-dev", "a file where a directory should be");
	tree_device("pci", "0000:01:00.2", "vfio-pci", -1);
	tree_link("/sys/devices/pci/0000:01:00.2/iommu_group", "../12");
	tree_vfio("pci", "0000:01:00.2", 1, 0);
	tree_bytes("/sys/devices/pci/0000:01:00.2/vfio-dev/vfio1/dev", "\0\0\0\xff", 4);

	struct libiommufd_host_devices *devices = list(0);
	assert_names(devices, "0000:01:00.0 0000:01:00.1 0000:01:00.2");
	const struct libiommufd_host_device *device = libiommufd_host_devices_get(devices, 0);
	assert_null(libiommufd_host_device_get_driver(device));
	assert_null(libiommufd_host_device_get_iommu(device));
	assert_int_equal(libiommufd_host_device_get_group(device), LIBIOMMUFD_FACT_UNKNOWN);
	assert_int_equal(libiommufd_host_device_get_member_count(device), LIBIOMMUFD_FACT_UNKNOWN);
	assert_null(libiommufd_host_device_get_member(device, 0));

	device = libiommufd_host_devices_get(devices, 1);
	assert_string_equal(libiommufd_host_device_get_driver(device), "\xff\xfe\x80");
	assert_int_equal(libiommufd_host_device_get_group(device), LIBIOMMUFD_FACT_UNKNOWN);
	assert_null(libiommufd_host_device_get_node(device));
	assert_false(libiommufd_host_device_is_on_vfio(device));

	/* The group has a number, but no directory. */
	device = libiommufd_host_devices_get(devices, 2);
	assert_int_equal(libiommufd_host_device_get_group(device), 12);
	assert_int_equal(libiommufd_host_device_get_member_count(device), LIBIOMMUFD_FACT_UNKNOWN);
	assert_true(libiommufd_host_device_is_on_vfio(device));
	libiommufd_host_devices_free(devices);
}

static const char *victim;

/* It goes between libudev's look at it and ours. */
static int readlink_too_late(const struct sys *sys, const char *path, char *buf, size_t size)
{
	if (victim && strstr(path, "/0000:01:00.1/")) {
		tree_remove("/sys/devices/pci/0000:01:00.1");
		victim = NULL;
	}
	return sys_kernel.readlink(sys, path, buf, size);
}

static void a_device_that_vanishes_while_it_is_looked_at_is_left_out(void **state)
{
	struct sys sys = sys_kernel;
	struct op op;
	(void)state;

	for (int driven = 0; driven < 2; driven++) {
		tree_device("pci", "0000:01:00.0", NULL, -1);
		tree_device("pci", "0000:01:00.1", driven ? "nvme" : NULL, driven ? 4 : -1);
		sys.readlink = readlink_too_late;
		victim = "0000:01:00.1";
		libiommufd_host_close(host);
		op_begin(&op, "test", "", NULL);
		assert_int_equal(host_make(&sys, &op, NULL, &host), 0);
		struct libiommufd_host_devices *devices = list(0);
		assert_null(victim);
		assert_names(devices, "0000:01:00.0");
		libiommufd_host_devices_free(devices);
	}
}

/* What a person has at hand is often the name of a port or disk. */
static void what_vfio_has_no_driver_for_is_refused_with_the_device_above_it(void **state)
{
	struct libiommufd_host_devices *devices = NULL;
	(void)state;

	tree_device("pci", "0000:01:00.0", "e1000e", 6);
	tree_link("/sys/devices/pci/0000:01:00.0/net/eth0/subsystem", "../../../../../class/net");
	tree_link("/sys/class/net/eth0", "../../devices/pci/0000:01:00.0/net/eth0");
	assert_refused(libiommufd_host_query_device(host, "/sys/class/net/eth0", &devices), ENODEV,
		       LIBIOMMUFD_REASON_NO_SUCH_DEVICE);
	assert_non_null(strstr(libiommufd_host_last_error()->text,
			       "name the device above it, 0000:01:00.0"));
	tree_device("usb", "1-1", "hub", -1);
	assert_refused(libiommufd_host_query_device(host, "/sys/bus/usb/devices/1-1", &devices),
		       ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE);
	assert_non_null(strstr(libiommufd_host_last_error()->text, "bus usb"));
	assert_null(devices);
}

static void arguments_that_are_wrong_are_refused_and_outputs_stay(void **state)
{
	struct libiommufd_host_opts opts = {.size = sizeof(opts), .flags = 1};
	const struct libiommufd_host_devices_opts flags = {sizeof(flags), 4};
	struct libiommufd_host_devices *devices = NULL;
	struct libiommufd_host *other = NULL;
	(void)state;

	assert_refused(libiommufd_host_open(NULL, NULL), EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_refused(libiommufd_host_open(&opts, &other), EINVAL, LIBIOMMUFD_REASON_OPTIONS);
	opts = (struct libiommufd_host_opts){.size = sizeof(opts), .reserved = 1};
	assert_refused(libiommufd_host_open(&opts, &other), EINVAL, LIBIOMMUFD_REASON_OPTIONS);
	assert_refused(libiommufd_host_query_devices(host, &flags, &devices), EINVAL,
		       LIBIOMMUFD_REASON_OPTIONS);
	assert_refused(libiommufd_host_query_devices(NULL, NULL, &devices), EINVAL,
		       LIBIOMMUFD_REASON_ARGUMENT);
	assert_refused(libiommufd_host_query_devices(host, NULL, NULL), EINVAL,
		       LIBIOMMUFD_REASON_ARGUMENT);
	assert_refused(libiommufd_host_query_device(host, NULL, &devices), EINVAL,
		       LIBIOMMUFD_REASON_ARGUMENT);
	assert_refused(libiommufd_host_query_device(NULL, "01:00.0", &devices), EINVAL,
		       LIBIOMMUFD_REASON_ARGUMENT);
	assert_null(other);
	assert_null(devices);
	assert_null(libiommufd_host_close(NULL));
	assert_null(libiommufd_host_devices_free(NULL));
	assert_int_equal(libiommufd_host_devices_get_count(NULL), 0);
	assert_null(libiommufd_host_devices_get(NULL, 0));
	assert_null(libiommufd_host_device_get_name(NULL));
	assert_null(libiommufd_host_device_get_bus(NULL));
	assert_null(libiommufd_host_device_get_sysfs(NULL));
	assert_null(libiommufd_host_device_get_driver(NULL));
	assert_null(libiommufd_host_device_get_node(NULL));
	assert_null(libiommufd_host_device_get_iommu(NULL));
	assert_null(libiommufd_host_device_get_member(NULL, 0));
	assert_null(libiommufd_host_device_get_member_driver(NULL, 0));
	assert_false(libiommufd_host_device_is_on_vfio(NULL));
	assert_int_equal(libiommufd_host_device_get_group(NULL), LIBIOMMUFD_FACT_UNKNOWN);
	assert_int_equal(libiommufd_host_device_get_member_count(NULL), LIBIOMMUFD_FACT_UNKNOWN);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_machine_without_devices_has_none),
		TEST(devices_of_every_bus_are_listed_by_bus_and_name),
		TEST(a_device_knows_driver_node_iommu_and_the_members_of_its_group),
		TEST(a_vfio_directory_without_a_number_is_no_node),
		TEST(one_device_is_found_by_every_name_it_has),
		TEST(what_is_no_device_is_refused_with_its_reason),
		TEST(broken_links_and_numbers_make_facts_unknown_and_nothing_worse),
		TEST(a_device_that_vanishes_while_it_is_looked_at_is_left_out),
		TEST(what_vfio_has_no_driver_for_is_refused_with_the_device_above_it),
		TEST(arguments_that_are_wrong_are_refused_and_outputs_stay),
	};

	return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
