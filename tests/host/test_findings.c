/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs findings on trees of files that stand for /sys: what no virtual machine shows, and broken files. The
 * rest is run on real kernels, where the conditions are real.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../lib/host/host.h"

#include "tree.h"

#define DEVICE "0000:01:00.0"

static struct libiommufd_host *host;
static struct libiommufd_host_findings *findings;

static int setup(void **state)
{
	return tree_setup(state) || libiommufd_host_open(NULL, &host) < 0;
}

static int teardown(void **state)
{
	findings = libiommufd_host_findings_free(findings);
	host = libiommufd_host_close(host);
	return tree_teardown(state);
}

static void look(const struct libiommufd_host_purpose *purpose)
{
	findings = libiommufd_host_findings_free(findings);
	assert_int_equal(libiommufd_host_query_findings(host, DEVICE, purpose, &findings), 0);
}

/* The text of the finding with this code; NULL if there is none. */
static const char *said(uint32_t code)
{
	for (size_t i = 0; i < libiommufd_host_findings_get_count(findings); i++) {
		const struct libiommufd_host_finding *finding =
			libiommufd_host_findings_get(findings, i);
		if (libiommufd_host_finding_get_code(finding) == code)
			return libiommufd_host_finding_get_text(finding);
	}
	return NULL;
}

static void assert_said(uint32_t code, const char *part)
{
	const char *text = said(code);

	assert_non_null(text);
	assert_non_null(strstr(text, part));
}

static void tables_of_the_firmware_decide_what_is_told(void **state)
{
	static const struct {
		const char *table, *part;
	} tables[] = {
		{"DMAR", "intel_iommu=on"},
		{"IVRS", "amd_iommu=off"},
		{"VIOT", "virtio_iommu"},
		{"IORT", "CONFIG_ARM_SMMU_V3"},
	};
	(void)state;

	tree_device("pci", DEVICE, "e1000e", -1);
	look(NULL);
	assert_said(LIBIOMMUFD_HOST_IOMMU_ABSENT, "cannot be read");
	tree_file("/sys/firmware/acpi/tables/FACP", "");
	look(NULL);
	assert_said(LIBIOMMUFD_HOST_IOMMU_ABSENT, "the firmware describes no IOMMU");
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		char path[64];
		snprintf(path, sizeof(path), "/sys/firmware/acpi/tables/%s", tables[i].table);
		tree_file(path, "");
		look(NULL);
		assert_int_equal(libiommufd_host_findings_get_count(findings), 1);
		assert_said(LIBIOMMUFD_HOST_IOMMU_OFF, tables[i].part);
		assert_said(LIBIOMMUFD_HOST_IOMMU_OFF, tables[i].table);
		tree_remove(path);
	}
}

static void
a_device_that_is_not_behind_the_iommu_is_told_from_one_that_waits_for_its_driver(void **state)
{
	(void)state;
	tree_device("pci", DEVICE, NULL, -1);
	tree_directory("/sys/class/iommu/iommufd_selftest_iommu.0");
	look(NULL);
	assert_non_null(said(LIBIOMMUFD_HOST_IOMMU_ABSENT));
	tree_remove("/sys/class/iommu/iommufd_selftest_iommu.0");

	tree_directory("/sys/class/iommu/dmar0");
	look(NULL);
	assert_int_equal(libiommufd_host_findings_get_count(findings), 1);
	assert_said(LIBIOMMUFD_HOST_NOT_BEHIND_IOMMU, "dmar0");
	assert_said(LIBIOMMUFD_HOST_NOT_BEHIND_IOMMU, "use a device or slot");
	tree_remove("/sys/class/iommu/dmar0");
	tree_directory("/sys/class/iommu/virtio1");
	look(NULL);
	assert_said(LIBIOMMUFD_HOST_NOT_BEHIND_IOMMU, "bind it to vfio-pci");
}

static void bridges_and_harmless_drivers_in_a_group_are_no_obstacle(void **state)
{
	(void)state;
	tree_device("pci", DEVICE, "vfio-pci", 6);
	tree_vfio("pci", DEVICE, 0, 1);
	tree_device("pci", "0000:00:01.0", "pcieport", 6);
	tree_device("pci", "0000:01:00.1", "pci-stub", 6);
	tree_device("pci", "0000:01:00.2", "mlx5_vfio_pci", 6);
	tree_vfio("pci", "0000:01:00.2", 1, 1);
	tree_device("pci", "0000:01:00.3", NULL, 6);
	look(NULL);
	assert_null(said(LIBIOMMUFD_HOST_GROUP_MEMBER));

	tree_device("pci", "0000:01:00.4", "snd_hda_intel", 6);
	look(NULL);
	assert_said(LIBIOMMUFD_HOST_GROUP_MEMBER,
		    "0000:01:00.4: it shares IOMMU group 6 with " DEVICE
		    ", and is on the driver snd_hda_intel");
}

static void devices_that_an_iommu_cannot_tell_apart_are_named_by_what_it_sees(void **state)
{
	(void)state;
	tree_device("pci", DEVICE, "vfio-pci", 6);
	tree_vfio("pci", DEVICE, 0, 1);
	tree_device("pci", "0000:01:00.4", "snd_hda_intel", 6);
	tree_file("/sys/devices/pci/" DEVICE "/dma_aliases", DEVICE "\n0000:01:00.7\n");
	/* The end of an address is no address, and other devices may not tell. */
	look(NULL);
	assert_null(strstr(said(LIBIOMMUFD_HOST_GROUP_MEMBER), "both do DMA"));
	tree_file("/sys/devices/pci/0000:01:00.4/dma_aliases", "0000:01:00.4\n10000:01:00.7\n");
	look(NULL);
	assert_null(strstr(said(LIBIOMMUFD_HOST_GROUP_MEMBER), "both do DMA"));
	tree_file("/sys/devices/pci/0000:01:00.4/dma_aliases", "0000:01:00.4\n0000:01:00.7\n");
	look(NULL);
	assert_said(LIBIOMMUFD_HOST_GROUP_MEMBER,
		    "is on the driver snd_hda_intel; both do DMA as 0000:01:00.7");
}

static void broken_reserved_regions_and_capabilities_give_no_finding(void **state)
{
	static const char *const broken[] = {
		"",
		"\n\n\n",
		"0x",
		"0x0000 0x",
		"\xff\xfe",
		"0xfee00000 0xfeefffff",
		"fee00000 feefffff msi\n",
		"0xfee00000 0xfeefffff direct-relaxable\n",
	};
	struct libiommufd_host_purpose map = {.size = sizeof(map)};
	char huge[6000];
	(void)state;

	map.purpose = LIBIOMMUFD_HOST_TO_MAP;
	map.flags = LIBIOMMUFD_HOST_AT_IOVA;
	map.backend = LIBIOMMUFD_BACKEND_TYPE1;
	map.length = 4096;
	map.iova = 0xfee00000;
	tree_device("pci", DEVICE, "vfio-pci", 6);
	tree_link("/sys/devices/pci/" DEVICE "/iommu", "../../virtual/iommu/dmar0");
	look(&map);
	assert_null(said(LIBIOMMUFD_HOST_IOVA_RANGE));
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		tree_file("/sys/kernel/iommu_groups/6/reserved_regions", broken[i]);
		tree_file("/sys/class/iommu/dmar0/intel-iommu/cap", broken[i]);
		look(&map);
		assert_null(said(LIBIOMMUFD_HOST_IOVA_RANGE));
	}
	/* A line that is longer than any the kernel writes ends the reading, not the program. */
	memset(huge, '0', sizeof(huge));
	tree_bytes("/sys/kernel/iommu_groups/6/reserved_regions", huge, sizeof(huge));
	look(&map);
	assert_null(said(LIBIOMMUFD_HOST_IOVA_RANGE));

	tree_file("/sys/kernel/iommu_groups/6/reserved_regions",
		  "0x0000000000001000 0x0000000000002fff direct\n"
		  "0x00000000fee00000 0x00000000feefffff msi\n");
	look(&map);
	assert_said(LIBIOMMUFD_HOST_IOVA_RANGE, "is for interrupts");
	map.iova = 0x2000;
	look(&map);
	assert_said(LIBIOMMUFD_HOST_IOVA_RANGE, "is reserved by the firmware");
	map.iova = 0x3000;
	look(&map);
	assert_null(said(LIBIOMMUFD_HOST_IOVA_RANGE));
	/* 48 bits of addresses, page tables of 3 levels */
	tree_file("/sys/class/iommu/dmar0/intel-iommu/cap", "2f0200\n");
	map.iova = (1ULL << 39) - 4096;
	look(&map);
	assert_null(said(LIBIOMMUFD_HOST_IOVA_RANGE));
	map.iova += 4096;
	look(&map);
	assert_said(LIBIOMMUFD_HOST_IOVA_RANGE, "0x8000000000");
}

/* A group that cannot be told has no node that could be missing. */
static void what_is_not_known_of_a_group_is_no_condition(void **state)
{
	struct libiommufd_host_purpose open = {.size = sizeof(open)};
	(void)state;

	open.purpose = LIBIOMMUFD_HOST_TO_OPEN;
	open.backend = LIBIOMMUFD_BACKEND_TYPE1;
	tree_device("pci", DEVICE, "vfio-pci", -1);
	tree_link("/sys/devices/pci/" DEVICE "/iommu_group", "../6x");
	look(&open);
	for (size_t i = 0; i < libiommufd_host_findings_get_count(findings); i++)
		assert_null(strstr(
			libiommufd_host_finding_get_text(libiommufd_host_findings_get(findings, i)),
			"/dev/vfio/-"));
}

static void a_group_that_vfio_made_up_is_no_iommu(void **state)
{
	(void)state;
	tree_device("pci", DEVICE, "vfio-pci", 0);
	tree_link("/sys/class/vfio/noiommu-0/subsystem", "../../vfio");
	tree_file("/sys/firmware/acpi/tables/DMAR", "");
	look(NULL);
	assert_int_equal(libiommufd_host_findings_get_count(findings), 1);
	assert_said(LIBIOMMUFD_HOST_IOMMU_OFF, "intel_iommu=on");
}

static int not_permitted(const struct sys *sys, const char *path)
{
	return strncmp(path, "/dev/", 5) ? sys_kernel.access(sys, path) : -EPERM;
}

static void host_over(const struct sys *sys)
{
	struct op op;

	libiommufd_host_close(host);
	op_begin(&op, "test", "", NULL);
	assert_int_equal(host_make(sys, &op, NULL, &host), 0);
}

/* /proc tells of no holder here: what vfio-pci leaves in sysfs while a device of the group is in use does. */
static void a_device_that_is_switched_on_may_be_in_use(void **state)
{
	static const char *const others[] = {"", "0\n", "x\n", "-1x\n", "\xff\n"};
	(void)state;

	tree_device("pci", DEVICE, "vfio-pci", 6);
	tree_vfio("pci", DEVICE, 0, 1);
	tree_device("pci", "0000:01:00.1", "mlx5_vfio_pci", 6);
	tree_vfio("pci", "0000:01:00.1", 1, 1);
	tree_device("pci", "0000:00:01.0", "pcieport", 6);
	/* Bridges are always on. */
	tree_file("/sys/devices/pci/0000:00:01.0/enable", "2\n");
	look(NULL);
	assert_null(said(LIBIOMMUFD_HOST_GROUP_BUSY));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		tree_file("/sys/devices/pci/0000:01:00.1/enable", others[i]);
		look(NULL);
		assert_null(said(LIBIOMMUFD_HOST_GROUP_BUSY));
	}
	tree_file("/sys/devices/pci/0000:01:00.1/enable", "1\n");
	look(NULL);
	assert_said(LIBIOMMUFD_HOST_GROUP_BUSY, "0000:01:00.1: it is switched on");
	/* Some drivers leave it on; and vfio lets it sleep. */
	tree_file("/sys/devices/pci/0000:01:00.1/power/runtime_status", "suspended\n");
	look(NULL);
	assert_null(said(LIBIOMMUFD_HOST_GROUP_BUSY));
	tree_file("/sys/devices/pci/0000:01:00.1/power/runtime_status", "active\n");
	look(NULL);
	assert_non_null(said(LIBIOMMUFD_HOST_GROUP_BUSY));
}

static void a_group_that_user_space_has_is_busy_where_nobody_is_seen_to_have_it(void **state)
{
	(void)state;
	tree_device("pci", DEVICE, "vfio-pci", 6);
	tree_vfio("pci", DEVICE, 0, 1);
	tree_file("/sys/kernel/iommu_groups/6/dma_state", "user\n");
	look(NULL);
	assert_said(LIBIOMMUFD_HOST_GROUP_BUSY, DEVICE ": the kernel says that user space has");
	/* It knows better than what some drivers leave behind. */
	tree_file("/sys/devices/pci/" DEVICE "/enable", "1\n");
	tree_file("/sys/kernel/iommu_groups/6/dma_state", "blocked\n");
	look(NULL);
	assert_null(said(LIBIOMMUFD_HOST_GROUP_BUSY));
	tree_file("/sys/kernel/iommu_groups/6/dma_state", "unknown\n");
	look(NULL);
	assert_said(LIBIOMMUFD_HOST_GROUP_BUSY, "it is switched on");
}

static void a_device_that_nobody_drives_and_that_reaches_all_memory_is_told(void **state)
{
	static const char *const others[] = {"blocked\n", "user\n",   "kernel DMA\n",
					     "unknown\n", "kernel\n", "identity\n",
					     ""};
	static const char *const idle[] = {NULL, "vfio-pci", "pci-stub"};
	uint8_t header[64] = {0};
	(void)state;

	tree_device("pci", "0000:00:01.0", "pcieport", 6);
	for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++) {
		tree_device("pci", DEVICE, idle[i], 6);
		look(NULL);
		assert_null(said(LIBIOMMUFD_HOST_REACHES_ALL_MEMORY));
		tree_file("/sys/kernel/iommu_groups/6/dma_state", "kernel identity\n");
		look(NULL);
		assert_said(LIBIOMMUFD_HOST_REACHES_ALL_MEMORY,
			    DEVICE ": nobody drives it, and it may read and write all memory");
		assert_said(LIBIOMMUFD_HOST_REACHES_ALL_MEMORY, "iommu.block_idle=1");
		tree_remove("/sys/kernel/iommu_groups/6/dma_state");
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		tree_file("/sys/kernel/iommu_groups/6/dma_state", others[i]);
		look(NULL);
		assert_null(said(LIBIOMMUFD_HOST_REACHES_ALL_MEMORY));
	}
	tree_file("/sys/kernel/iommu_groups/6/dma_state", "kernel identity\n");
	/* Of a bridge there is nothing to block. */
	header[0x0e] = 0x81;
	tree_bytes("/sys/devices/pci/" DEVICE "/config", header, sizeof(header));
	look(NULL);
	assert_null(said(LIBIOMMUFD_HOST_REACHES_ALL_MEMORY));
	tree_remove("/sys/devices/pci/" DEVICE "/config");
	/* A driver needs the domain: it is in the way itself, and no setting helps. */
	tree_device("pci", "0000:01:00.1", "e1000e", 6);
	look(NULL);
	assert_null(said(LIBIOMMUFD_HOST_REACHES_ALL_MEMORY));
	assert_non_null(said(LIBIOMMUFD_HOST_GROUP_MEMBER));
	tree_link("/sys/devices/pci/0000:01:00.1/driver", "/");
	look(NULL);
	assert_null(said(LIBIOMMUFD_HOST_REACHES_ALL_MEMORY));
	tree_remove("/sys/devices/pci/0000:01:00.1/driver");
	look(NULL);
	assert_non_null(said(LIBIOMMUFD_HOST_REACHES_ALL_MEMORY));
}

/* Owner and mode would mislead whoever is in a container. */
static void a_control_group_that_forbids_a_node_is_told_from_its_mode(void **state)
{
	struct libiommufd_host_purpose open = {.size = sizeof(open)};
	struct sys sys = sys_kernel;
	(void)state;

	open.purpose = LIBIOMMUFD_HOST_TO_OPEN;
	open.backend = LIBIOMMUFD_BACKEND_NATIVE;
	sys.access = not_permitted;
	host_over(&sys);
	tree_device("pci", DEVICE, "vfio-pci", 6);
	tree_vfio("pci", DEVICE, 0, 1);
	tree_file("/sys/module/iommufd/initstate", "live\n");
	/* A node of the tree is a file: without a number to compare it is taken for what it is. */
	tree_file("/dev/vfio/devices/vfio0", "");
	tree_file("/sys/devices/pci/" DEVICE "/vfio-dev/vfio0/dev", "?\n");
	look(&open);
	assert_said(LIBIOMMUFD_HOST_NODE_NOT_PERMITTED, "control group");
	assert_said(LIBIOMMUFD_HOST_NODE_NOT_PERMITTED, "DeviceAllow=/dev/vfio/devices/vfio0 rw");
}

static void a_node_that_the_kernel_does_not_make_is_told_from_one_that_is_missing(void **state)
{
	struct libiommufd_host_purpose open = {.size = sizeof(open)};
	(void)state;

	open.purpose = LIBIOMMUFD_HOST_TO_OPEN;
	open.backend = LIBIOMMUFD_BACKEND_TYPE1;
	tree_device("pci", DEVICE, "vfio-pci", 123456);
	tree_vfio("pci", DEVICE, 0, 1);
	look(&open);
	assert_said(LIBIOMMUFD_HOST_NODE_MISSING, "CONFIG_VFIO_GROUP");
	tree_file("/sys/class/vfio/123456/dev", "244:5\n");
	look(&open);
	assert_said(LIBIOMMUFD_HOST_NODE_MISSING, "--device /dev/vfio/123456");
}

/* A command that is cut short does something else. */
static void a_remedy_is_whole_however_deep_the_device_lies(void **state)
{
	static const char deep[] =
		"/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:01.0/"
		"0000:03:00.0/0000:04:02.0/0000:05:00.0/0000:06:01.0/0000:07:00.0/"
		"0000:08:01.0/0000:09:00.0/0000:0a:00.0/0000:0b:00.0/0000:0c:00.0/"
		"0000:0d:00.0/0000:0e:00.0/0000:0f:00.0/" DEVICE;
	char path[512];
	(void)state;

	tree_device("pci", DEVICE, NULL, 6);
	snprintf(path, sizeof(path), "%s/subsystem", deep);
	tree_link(path, "../../../bus/pci");
	snprintf(path, sizeof(path), "%s/driver", deep);
	tree_link(path, "../../../bus/pci/drivers/e1000e");
	snprintf(path, sizeof(path), "%s/iommu_group", deep);
	tree_link(path, "../../../kernel/iommu_groups/6");
	snprintf(path, sizeof(path), "../../..%s", deep + 4);
	tree_link("/sys/bus/pci/devices/" DEVICE, path);
	look(NULL);
	assert_said(LIBIOMMUFD_HOST_NOT_VFIO_DRIVER,
		    "; echo " DEVICE " >/sys/bus/pci/drivers_probe");
}

static void a_member_on_another_bus_is_to_be_unbound_there(void **state)
{
	(void)state;
	tree_device("pci", DEVICE, "vfio-pci", 6);
	tree_device("platform", "fd000000.dma", "pl330", 6);
	look(NULL);
	assert_said(LIBIOMMUFD_HOST_GROUP_MEMBER, ">/sys/bus/platform/drivers/pl330/unbind");
	assert_said(LIBIOMMUFD_HOST_GROUP_MEMBER, "vfio-platform");
}

/* Files of /proc/self come from the tree. */
static int open_own(const struct sys *sys, const char *path, int flags)
{
	char own[512];

	if (strncmp(path, "/proc/self/", 11))
		return sys_kernel.open(sys, path, flags);
	snprintf(own, sizeof(own), "%s/dev/%s", getenv("UMOCKDEV_DIR"), path + 11);
	return sys_kernel.open(sys, own, flags);
}

static int memlock_of_1_mib(const struct sys *sys, uint64_t *ret_bytes)
{
	(void)sys;
	*ret_bytes = 1 << 20;
	return 0;
}

static void a_capability_counts_outside_of_user_namespaces_only(void **state)
{
	static const struct {
		const char *capabilities, *users;
		bool limited;
	} processes[] = {
		{"CapEff:\t000001ffffffffff\n", "         0          0 4294967295\n", false},
		{"CapEff:\t0000000000004000\n", "0 0 4294967295\n", false},
		{"CapEff:\t000001ffffffbfff\n", "0 0 4294967295\n", true},
		{"CapEff:\t000001ffffffffff\n", "0 100000 65536\n", true},
		{"CapEff:\t000001ffffffffff\n", "0 0 1\n", true},
		{"CapEff:\t000001ffffffffff\n", "", true},
		/* Not known is no finding. */
		{"CapEff:\n", "0 0 4294967295\n", false},
		{"", "0 0 4294967295\n", false},
	};
	struct libiommufd_host_purpose map = {.size = sizeof(map)};
	struct sys sys = sys_kernel;
	(void)state;

	sys.open = open_own;
	sys.memlock = memlock_of_1_mib;
	host_over(&sys);
	tree_device("pci", DEVICE, "vfio-pci", 6);
	map.purpose = LIBIOMMUFD_HOST_TO_MAP;
	map.backend = LIBIOMMUFD_BACKEND_TYPE1;
	map.length = 2 << 20;
	for (size_t i = 0; i < sizeof(processes) / sizeof(processes[0]); i++) {
		tree_file("/dev/status", processes[i].capabilities);
		tree_file("/dev/uid_map", processes[i].users);
		look(&map);
		assert_int_equal(said(LIBIOMMUFD_HOST_MEMORY_LIMIT) != NULL, processes[i].limited);
	}
	/* What is locked already counts; exactly the limit is allowed. */
	tree_file("/dev/status", "VmLck:\t     512 kB\nCapEff:\t0000000000000000\n");
	map.length = 512 << 10;
	look(&map);
	assert_null(said(LIBIOMMUFD_HOST_MEMORY_LIMIT));
	map.length++;
	look(&map);
	assert_said(LIBIOMMUFD_HOST_MEMORY_LIMIT, "raise it to 1025 KiB");
	libiommufd_host_close(host);
	host = NULL;
}

static void wrong_purposes_are_refused(void **state)
{
	struct libiommufd_host_purpose purposes[] = {
		{.size = sizeof(purposes[0]), .purpose = 4},
		{.size = sizeof(purposes[0]), .backend = 3},
		{.size = sizeof(purposes[0]), .flags = 2},
		{.size = sizeof(purposes[0]), .reserved = 1},
		{.size = sizeof(purposes[0]), .purpose = LIBIOMMUFD_HOST_TO_MAP},
		{.size = sizeof(purposes[0]),
		 .purpose = LIBIOMMUFD_HOST_TO_MAP,
		 .length = 1,
		 .range_count = 1},
		{.size = sizeof(purposes[0]),
		 .purpose = LIBIOMMUFD_HOST_TO_MAP,
		 .flags = LIBIOMMUFD_HOST_AT_IOVA,
		 .length = 2,
		 .iova = UINT64_MAX},
	};
	(void)state;

	tree_device("pci", DEVICE, "vfio-pci", 6);
	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++) {
		assert_int_equal(libiommufd_host_query_findings(host, DEVICE, &purposes[i],
								&findings),
				 -EINVAL);
		assert_int_equal(libiommufd_host_last_error()->reason, LIBIOMMUFD_REASON_OPTIONS);
	}
	assert_int_equal(libiommufd_host_query_findings(host, "0000:02:00.0", NULL, &findings),
			 -ENODEV);
	assert_int_equal(libiommufd_host_query_findings(NULL, DEVICE, NULL, &findings), -EINVAL);
	assert_int_equal(libiommufd_host_query_findings(host, DEVICE, NULL, NULL), -EINVAL);
	assert_null(findings);
}

/* As for libiommufd_ctx_open(). */
static void the_environment_can_choose_the_backend(void **state)
{
	const struct libiommufd_host_purpose native = {.size = sizeof(native),
						       .backend = LIBIOMMUFD_BACKEND_NATIVE};
	static const char *const words[] = {"native", "type1"};
	(void)state;

	tree_device("pci", DEVICE, "vfio-pci", 6);
	for (int i = 0; i < 2; i++) {
		setenv("LIBIOMMUFD_BACKEND", words[i], 1);
		look(NULL);
		assert_int_equal(libiommufd_host_findings_get_backend(findings),
				 i ? LIBIOMMUFD_BACKEND_TYPE1 : LIBIOMMUFD_BACKEND_NATIVE);
	}
	look(&native);
	assert_int_equal(libiommufd_host_findings_get_backend(findings), LIBIOMMUFD_BACKEND_NATIVE);
	setenv("LIBIOMMUFD_BACKEND", "vfio", 1);
	findings = libiommufd_host_findings_free(findings);
	assert_int_equal(libiommufd_host_query_findings(host, DEVICE, NULL, &findings), -EINVAL);
	assert_int_equal(libiommufd_host_last_error()->reason, LIBIOMMUFD_REASON_OPTIONS);
	unsetenv("LIBIOMMUFD_BACKEND");
	look(NULL);
}

static void every_code_and_reason_has_a_name(void **state)
{
	(void)state;
	for (uint32_t code = 1; code <= LIBIOMMUFD_HOST_REACHES_ALL_MEMORY; code++)
		assert_string_not_equal(libiommufd_host_finding_code_name(code), "UNKNOWN");
	assert_string_equal(libiommufd_host_finding_code_name(0), "UNKNOWN");
	assert_string_equal(libiommufd_host_finding_code_name(1 << 20), "UNKNOWN");
	assert_string_equal(libiommufd_host_finding_code_name(LIBIOMMUFD_HOST_IOMMU_OFF),
			    "IOMMU_OFF");
	assert_string_equal(libiommufd_host_reason_name(LIBIOMMUFD_REASON_GROUP_BUSY),
			    "GROUP_BUSY");
	assert_string_equal(libiommufd_host_reason_name(LIBIOMMUFD_HOST_REASON_MODULE_REFUSED),
			    "MODULE_REFUSED");
	assert_string_equal(libiommufd_host_reason_name(999), "UNKNOWN");
	assert_string_equal(libiommufd_host_reason_name(UINT32_MAX), "UNKNOWN");
}

static void what_is_not_there_has_no_properties(void **state)
{
	(void)state;
	assert_int_equal(libiommufd_host_findings_get_count(NULL), 0);
	assert_int_equal(libiommufd_host_findings_get_backend(NULL), 0);
	assert_null(libiommufd_host_findings_get(NULL, 0));
	assert_null(libiommufd_host_findings_free(NULL));
	assert_int_equal(libiommufd_host_finding_get_code(NULL), 0);
	assert_int_equal(libiommufd_host_finding_get_severity(NULL), 0);
	assert_int_equal(libiommufd_host_finding_get_needed(NULL), 0);
	assert_int_equal(libiommufd_host_finding_get_allowed(NULL), 0);
	assert_null(libiommufd_host_finding_get_subject(NULL));
	assert_null(libiommufd_host_finding_get_evidence(NULL));
	assert_null(libiommufd_host_finding_get_remedy(NULL));
	assert_null(libiommufd_host_finding_get_text(NULL));
	assert_int_equal(libiommufd_host_modules_get_count(NULL), 0);
	assert_null(libiommufd_host_modules_get_why(NULL, 0));
	assert_null(libiommufd_host_modules_free(NULL));
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(tables_of_the_firmware_decide_what_is_told),
		TEST(a_device_that_is_not_behind_the_iommu_is_told_from_one_that_waits_for_its_driver),
		TEST(bridges_and_harmless_drivers_in_a_group_are_no_obstacle),
		TEST(devices_that_an_iommu_cannot_tell_apart_are_named_by_what_it_sees),
		TEST(broken_reserved_regions_and_capabilities_give_no_finding),
		TEST(what_is_not_known_of_a_group_is_no_condition),
		TEST(a_group_that_vfio_made_up_is_no_iommu),
		TEST(a_device_that_is_switched_on_may_be_in_use),
		TEST(a_group_that_user_space_has_is_busy_where_nobody_is_seen_to_have_it),
		TEST(a_device_that_nobody_drives_and_that_reaches_all_memory_is_told),
		TEST(a_control_group_that_forbids_a_node_is_told_from_its_mode),
		TEST(a_node_that_the_kernel_does_not_make_is_told_from_one_that_is_missing),
		TEST(a_remedy_is_whole_however_deep_the_device_lies),
		TEST(a_member_on_another_bus_is_to_be_unbound_there),
		TEST(a_capability_counts_outside_of_user_namespaces_only),
		TEST(wrong_purposes_are_refused),
		TEST(the_environment_can_choose_the_backend),
		TEST(every_code_and_reason_has_a_name),
		TEST(what_is_not_there_has_no_properties),
	};

	return cmocka_run_group_tests_name("findings", tests, NULL, NULL);
}
