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

/* As the kernel writes it: "kernel DMA\n" for the group, addresses for the device. */
static void tree_dma(const char *name, int group, const char *state, const char *aliases)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/dma_state", group);
	tree_file(path, state);
	snprintf(path, sizeof(path), "/sys/devices/pci/%s/dma_aliases", name);
	tree_file(path, aliases);
}

static void assert_dma(const struct libiommufd_host_device *device, uint32_t state,
		       const char *domain)
{
	assert_int_equal(libiommufd_host_device_get_dma_state(device), state);
	if (domain)
		assert_string_equal(libiommufd_host_device_get_dma_domain(device), domain);
	else
		assert_null(libiommufd_host_device_get_dma_domain(device));
}

static void a_device_knows_who_decides_on_its_dma_and_its_aliases(void **state)
{
	static const struct {
		const char *text;
		uint32_t state;
		const char *domain;
	} states[] = {
		{"blocked\n", LIBIOMMUFD_HOST_DMA_BLOCKED, ""},
		{"user\n", LIBIOMMUFD_HOST_DMA_USER, ""},
		{"kernel identity\n", LIBIOMMUFD_HOST_DMA_KERNEL, "identity"},
		{"kernel DMA-FQ\n", LIBIOMMUFD_HOST_DMA_KERNEL, "DMA-FQ"},
		{"kernel new_kind\n", LIBIOMMUFD_HOST_DMA_KERNEL, "new_kind"},
		{"kernel unknown\n", LIBIOMMUFD_HOST_DMA_KERNEL, NULL},
		{"unknown\n", LIBIOMMUFD_HOST_DMA_UNKNOWN, NULL},
	};
	(void)state;

	tree_device("pci", "0000:01:00.0", NULL, 6);
	tree_device("pci", "0000:01:00.1", NULL, 6);
	tree_device("platform", "fd000000.dma", NULL, 6);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		tree_dma("0000:01:00.0", 6, states[i].text, "0000:01:00.0\n");
		struct libiommufd_host_devices *devices = list(0);
		for (size_t j = 0; j < 3; j++)
			assert_dma(libiommufd_host_devices_get(devices, j), states[i].state,
				   states[i].domain);
		libiommufd_host_devices_free(devices);
	}
	tree_dma("0000:01:00.1", 6, "user\n", "0000:01:00.1\n10000:01:00.0\n");
	struct libiommufd_host_devices *devices = list(0);
	const struct libiommufd_host_device *device = libiommufd_host_devices_get(devices, 1);
	assert_int_equal(libiommufd_host_device_get_alias_count(device), 2);
	assert_string_equal(libiommufd_host_device_get_alias(device, 0), "0000:01:00.1");
	assert_string_equal(libiommufd_host_device_get_alias(device, 1), "10000:01:00.0");
	assert_null(libiommufd_host_device_get_alias(device, 2));
	/* Its group has a state like that of the others; it has no requester ID. */
	device = libiommufd_host_devices_get(devices, 2);
	assert_int_equal(libiommufd_host_device_get_alias_count(device), LIBIOMMUFD_FACT_UNKNOWN);
	libiommufd_host_devices_free(devices);
}

static void broken_words_on_dma_make_it_unknown_and_nothing_worse(void **state)
{
	static const struct {
		const char *text;
		uint32_t state;
	} states[] = {
		{"", LIBIOMMUFD_HOST_DMA_UNKNOWN},
		{"\n", LIBIOMMUFD_HOST_DMA_UNKNOWN},
		{"Blocked\n", LIBIOMMUFD_HOST_DMA_UNKNOWN},
		{"blocked user\n", LIBIOMMUFD_HOST_DMA_UNKNOWN},
		{"kernel\n", LIBIOMMUFD_HOST_DMA_UNKNOWN},
		{"\xff\xfe\x80", LIBIOMMUFD_HOST_DMA_UNKNOWN},
		{"kernel \n", LIBIOMMUFD_HOST_DMA_KERNEL},
		{"kernel \xff\n", LIBIOMMUFD_HOST_DMA_KERNEL},
		{"kernel DMA FQ\n", LIBIOMMUFD_HOST_DMA_KERNEL},
		{"kernel a-name-of-16-chr\n", LIBIOMMUFD_HOST_DMA_KERNEL},
	};
	static const char *const aliases[] = {
		"",
		"\n",
		"0000:01:00.0",
		"0000:01:00.0\n\n",
		"0000:01:00.0\n0000:01:00.1",
		"0000:01:00.0\n0000-01-00.1\n",
		"0000:01:00.0\n\xff\xfe\x80:01:00.0\n",
		"000:01:00.0\n",
		"00000000:01:00.0\n",
		"x000:01:00.0\n",
	};
	char huge[8192];
	(void)state;

	tree_device("pci", "0000:01:00.0", NULL, 6);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		tree_dma("0000:01:00.0", 6, states[i].text, "");
		struct libiommufd_host_devices *devices = look("01:00.0");
		assert_dma(libiommufd_host_devices_get(devices, 0), states[i].state, NULL);
		libiommufd_host_devices_free(devices);
	}
	for (size_t i = 0; i <= sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (i < sizeof(aliases) / sizeof(aliases[0])) {
			tree_dma("0000:01:00.0", 6, "blocked\n", aliases[i]);
		} else {
			for (size_t j = 0; j + 13 < sizeof(huge); j += 13)
				strcpy(huge + j, "0000:01:00.0\n");
			tree_dma("0000:01:00.0", 6, huge, huge);
		}
		struct libiommufd_host_devices *devices = look("01:00.0");
		const struct libiommufd_host_device *device =
			libiommufd_host_devices_get(devices, 0);
		assert_int_equal(libiommufd_host_device_get_alias_count(device),
				 LIBIOMMUFD_FACT_UNKNOWN);
		assert_null(libiommufd_host_device_get_alias(device, 0));
		libiommufd_host_devices_free(devices);
	}
}

static unsigned int asked;

static int open_counted(const struct sys *sys, const char *path, int flags)
{
	asked += strstr(path, "/dma_") != NULL;
	return sys_kernel.open(sys, path, flags);
}

static const char *victim;

/* It goes together with its group before it is asked for its aliases. */
static int open_too_late(const struct sys *sys, const char *path, int flags)
{
	if (victim && strstr(path, victim)) {
		tree_remove("/sys/devices/pci/0000:01:00.0");
		tree_remove("/sys/kernel/iommu_groups/1");
		victim = NULL;
	}
	return open_counted(sys, path, flags);
}

static void host_over(const struct sys *sys)
{
	struct op op;

	libiommufd_host_close(host);
	op_begin(&op, "test", "", NULL);
	assert_int_equal(host_make(sys, &op, NULL, &host), 0);
}

/* Most kernels have no such files: a machine with many devices must not pay for that. */
static void a_kernel_that_does_not_tell_of_dma_is_asked_once(void **state)
{
	struct sys sys = sys_kernel;
	(void)state;

	for (int i = 0; i < 40; i++) {
		char name[32];
		snprintf(name, sizeof(name), "0000:01:%02x.0", i / 2);
		tree_device("pci", name, NULL, i);
	}
	sys.open = open_counted;
	host_over(&sys);
	asked = 0;
	struct libiommufd_host_devices *devices = list(0);
	assert_int_equal(asked, 2);
	const struct libiommufd_host_device *device = libiommufd_host_devices_get(devices, 7);
	assert_dma(device, LIBIOMMUFD_HOST_DMA_UNKNOWN, NULL);
	assert_int_equal(libiommufd_host_device_get_alias_count(device), LIBIOMMUFD_FACT_UNKNOWN);
	libiommufd_host_devices_free(devices);
}

static void one_that_goes_meanwhile_does_not_hide_what_is_told_of_others(void **state)
{
	static const char *const moments[] = {"/1/dma_state", "0000:01:00.0/dma_aliases"};
	struct sys sys = sys_kernel;
	(void)state;

	sys.open = open_too_late;
	host_over(&sys);
	for (size_t i = 0; i < 2; i++) {
		tree_device("pci", "0000:01:00.0", NULL, 1);
		tree_device("pci", "0000:01:00.1", NULL, 2);
		tree_dma("0000:01:00.0", 1, "blocked\n", "0000:01:00.0\n");
		tree_dma("0000:01:00.1", 2, "blocked\n", "0000:01:00.1\n");
		victim = moments[i];
		struct libiommufd_host_devices *devices = list(0);
		assert_null(victim);
		const struct libiommufd_host_device *device =
			libiommufd_host_devices_get(devices, 1);
		assert_dma(device, LIBIOMMUFD_HOST_DMA_BLOCKED, "");
		assert_int_equal(libiommufd_host_device_get_alias_count(device), 1);
		libiommufd_host_devices_free(devices);
	}
}

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
	(void)state;

	for (int driven = 0; driven < 2; driven++) {
		tree_device("pci", "0000:01:00.0", NULL, -1);
		tree_device("pci", "0000:01:00.1", driven ? "nvme" : NULL, driven ? 4 : -1);
		sys.readlink = readlink_too_late;
		victim = "0000:01:00.1";
		host_over(&sys);
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
	assert_null(libiommufd_host_device_get_alias(NULL, 0));
	assert_dma(NULL, LIBIOMMUFD_HOST_DMA_UNKNOWN, NULL);
	assert_int_equal(libiommufd_host_device_get_alias_count(NULL), LIBIOMMUFD_FACT_UNKNOWN);
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
		TEST(a_device_knows_who_decides_on_its_dma_and_its_aliases),
		TEST(broken_words_on_dma_make_it_unknown_and_nothing_worse),
		TEST(a_kernel_that_does_not_tell_of_dma_is_asked_once),
		TEST(one_that_goes_meanwhile_does_not_hide_what_is_told_of_others),
		TEST(a_device_that_vanishes_while_it_is_looked_at_is_left_out),
		TEST(what_vfio_has_no_driver_for_is_refused_with_the_device_above_it),
		TEST(arguments_that_are_wrong_are_refused_and_outputs_stay),
	};

	return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
