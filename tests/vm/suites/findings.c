/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs the findings of a machine in order, with one thing at a time made wrong: nodes, drivers, members of the
 * group, memory limits, addresses, owners. Needs one edu and the two e1000e. What a finding says the core
 * is asked to do as well: it has to fail for that reason.
 */
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "behaviours.h"
#include "differences.h"
#include "hostbench.h"

static const char *edu(void)
{
	return bench_name("EDU0");
}

/* The nodes of the backend, and of the edu. */
static const char *main_node(void)
{
	return natively(bench_is_native(), BEHAVIOUR_NAMES) ? "/dev/iommu" : "/dev/vfio/vfio";
}

static const char *edu_node(void)
{
	struct libiommufd_host_devices *devices;
	static char path[64];

	assert_host_ok(libiommufd_host_query_device(host, edu(), &devices));
	const struct libiommufd_host_device *device = libiommufd_host_devices_get(devices, 0);
	if (natively(bench_is_native(), BEHAVIOUR_NAMES))
		snprintf(path, sizeof(path), "%s", libiommufd_host_device_get_node(device));
	else
		snprintf(path, sizeof(path), "/dev/vfio/%d",
			 libiommufd_host_device_get_group(device));
	libiommufd_host_devices_free(devices);
	return path;
}

/* It has a command that works: what follows "as root: ". */
static void run_remedy(void)
{
	const char *remedy = libiommufd_host_finding_get_remedy(hostbench_finding(0));
	const char *command = strstr(remedy, "as root: ");

	assert_non_null(command);
	hostbench_shell("%s", command + 9);
}

static void nothing_wrong_gives_no_finding(void **state)
{
	struct libiommufd_host_purpose map = hostbench_purpose(LIBIOMMUFD_HOST_TO_MAP);
	struct libiommufd_host_purpose open = hostbench_purpose(LIBIOMMUFD_HOST_TO_OPEN);
	struct bench *b = *state;

	assert_no_findings(edu(), &open);
	assert_no_findings(edu(), NULL);
	assert_no_findings(edu(), &map);
	map.backend = LIBIOMMUFD_BACKEND_AUTO;
	assert_no_findings(edu(), &map);
	/* Nor while this very process has it. */
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_no_findings(edu(), &map);
}

static void a_user_without_permission_is_told_which_nodes(void **state)
{
	struct libiommufd_host_purpose open = hostbench_purpose(LIBIOMMUFD_HOST_TO_OPEN);
	struct libiommufd_ctx *ctx = NULL;
	const char *node = edu_node();
	(void)state;

	assert_int_equal(chmod(main_node(), 0600), 0);
	assert_int_equal(seteuid(1000), 0);
	assert_findings(edu(), &open, LIBIOMMUFD_HOST_NODE_NOT_PERMITTED,
			LIBIOMMUFD_HOST_NODE_NOT_PERMITTED);
	assert_refused(libiommufd_ctx_open(NULL, &ctx), EACCES, NOT_PERMITTED);
	assert_int_equal(seteuid(0), 0);
	assert_says(0, main_node());
	assert_says(0, "user 1000 may not open it");
	assert_says(0, "mode 0600");
	assert_says(0, "udev rule");
	assert_says(1, node);
	assert_says(1, "chown 1000");

	/* Each of the remedies works. */
	assert_int_equal(chown(node, 1000, 0), 0);
	assert_int_equal(chmod(main_node(), 0666), 0);
	assert_int_equal(seteuid(1000), 0);
	assert_no_findings(edu(), &open);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(chown(node, 0, 0), 0);
}

static void a_directory_that_is_closed_is_told_from_a_node(void **state)
{
	struct libiommufd_host_purpose open = hostbench_purpose(LIBIOMMUFD_HOST_TO_OPEN);
	/* Asked while everything can be opened. */
	bool one = natively(bench_is_native(), BEHAVIOUR_NAMES);
	(void)state;

	const char *node = edu_node();
	hostbench_shell("chmod 0666 %s; chown 1000 %s; chmod 0700 /dev/vfio", main_node(), node);
	assert_int_equal(seteuid(1000), 0);
	if (one) {
		assert_findings(edu(), &open, LIBIOMMUFD_HOST_NODE_NOT_PERMITTED);
	} else {
		assert_findings(edu(), &open, LIBIOMMUFD_HOST_NODE_NOT_PERMITTED,
				LIBIOMMUFD_HOST_NODE_NOT_PERMITTED);
	}
	assert_int_equal(seteuid(0), 0);
	assert_says(0, "may not look into the directory /dev/vfio, which has mode 0700");
	run_remedy();
	assert_int_equal(seteuid(1000), 0);
	assert_no_findings(edu(), &open);
	assert_int_equal(seteuid(0), 0);
	hostbench_shell("chown 0 %s", node);
}

static void a_missing_node_and_one_of_another_device_are_told_apart(void **state)
{
	struct libiommufd_host_purpose open = hostbench_purpose(LIBIOMMUFD_HOST_TO_OPEN);
	const char *node = edu_node();
	struct stat st;
	(void)state;

	assert_int_equal(stat(node, &st), 0);
	assert_int_equal(unlink(node), 0);
	assert_findings(edu(), &open, LIBIOMMUFD_HOST_NODE_MISSING);
	assert_says(0, node);
	assert_says(0, "--device");
	/* /dev/null in its place */
	assert_int_equal(mknod(node, S_IFCHR | 0600, makedev(1, 3)), 0);
	assert_findings(edu(), &open, LIBIOMMUFD_HOST_NODE_STALE);
	assert_says(0, "the node is 1:3");
	assert_int_equal(unlink(node), 0);
	assert_int_equal(mknod(node, S_IFCHR | 0600, st.st_rdev), 0);
	assert_no_findings(edu(), &open);
}

static void a_device_on_another_driver_or_none_is_told_how_to_get_vfios(void **state)
{
	struct libiommufd_host_purpose open = hostbench_purpose(LIBIOMMUFD_HOST_TO_OPEN);
	struct bench *b = *state;

	assert_int_equal(hostbench_write("/sys/bus/pci/drivers/vfio-pci/unbind", edu()), 0);
	assert_findings(edu(), &open, LIBIOMMUFD_HOST_NOT_VFIO_DRIVER);
	assert_says(0, "it has no driver");
	assert_refused(libiommufd_device_open(b->ctx, edu(), NULL, &b->devices[1]), ENODEV,
		       NOT_VFIO_DRIVER);
	run_remedy();
	assert_string_equal(hostbench_driver(edu()), "vfio-pci");
	assert_no_findings(edu(), &open);
}

static void a_bridge_is_told_from_a_device(void **state)
{
	struct libiommufd_host_purpose open = hostbench_purpose(LIBIOMMUFD_HOST_TO_OPEN);
	(void)state;

	assert_findings("0000:00:0a.0", &open, LIBIOMMUFD_HOST_IS_BRIDGE);
	assert_says(0, "name a device behind it");
}

static void a_member_on_the_hosts_driver_is_named(void **state)
{
	const char *first = bench_name("NET0"), *second = bench_name("NET1");
	struct libiommufd_host_purpose bind = hostbench_purpose(LIBIOMMUFD_HOST_TO_BIND);
	struct libiommufd_host_purpose open = hostbench_purpose(LIBIOMMUFD_HOST_TO_OPEN);
	struct bench *b = *state;

	hostbench_shell("/sbin/modprobe e1000e && cd /sys/bus/pci/devices/%s && echo %s "
			">driver/unbind && "
			"echo >driver_override && echo %s >/sys/bus/pci/drivers/e1000e/bind",
			first, first, first);
	assert_string_equal(hostbench_driver(first), "e1000e");
	assert_findings(second, &bind, LIBIOMMUFD_HOST_GROUP_MEMBER);
	assert_string_equal(libiommufd_host_finding_get_subject(hostbench_finding(0)), first);
	assert_says(0, "is on the driver e1000e");
	assert_no_findings(second, &open);
	assert_ok(libiommufd_device_open(b->ctx, second, NULL, &b->devices[1]));
	assert_refused(libiommufd_device_bind(b->devices[1], NULL), EPERM, GROUP_NOT_VIABLE);

	/* It is on its driver itself: told with the device, not with the group. */
	assert_findings(first, &bind, LIBIOMMUFD_HOST_NOT_VFIO_DRIVER);
	run_remedy();
	assert_string_equal(hostbench_driver(first), "vfio-pci");
	assert_no_findings(second, &bind);
	assert_ok(libiommufd_device_bind(b->devices[1], NULL));
}

static void a_limit_on_memory_comes_with_its_figures(void **state)
{
	struct libiommufd_host_purpose map = hostbench_purpose(LIBIOMMUFD_HOST_TO_MAP);
	uint8_t *memory = bench_memory(2 * MIB);
	struct bench *b = *state;

	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	map.length = MIB / 2;
	bench_limit_memlock(MIB);
	/* The privileged are not limited. */
	map.length = 2 * MIB;
	assert_no_findings(edu(), &map);
	bench_use_capability(CAP_IPC_LOCK, false);
	assert_findings(edu(), &map, LIBIOMMUFD_HOST_MEMORY_LIMIT);
	assert_int_equal(libiommufd_host_finding_get_allowed(hostbench_finding(0)), MIB);
	assert_true(libiommufd_host_finding_get_needed(hostbench_finding(0)) >= 2 * MIB);
	assert_says(0, "ulimit -l");
	assert_refused(libiommufd_ioas_map_at(b->ioas, memory, 2 * MIB, BOTH, 0x100000), ENOMEM,
		       MEMORY_LIMIT);
	map.length = MIB / 2;
	assert_no_findings(edu(), &map);
	/* What is pinned already counts. */
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, MIB / 2, BOTH, 0x100000));
	map.length = MIB;
	assert_findings(edu(), &map, LIBIOMMUFD_HOST_MEMORY_LIMIT);
	assert_true(libiommufd_host_finding_get_needed(hostbench_finding(0)) >= MIB + MIB / 2);
	assert_refused(libiommufd_ioas_map_at(b->ioas, memory + MIB / 2, MIB, BOTH, 0x400000),
		       ENOMEM, MEMORY_LIMIT);
	munmap(memory, 2 * MIB);
}

static void addresses_that_a_device_cannot_have_are_told(void **state)
{
	struct libiommufd_host_purpose map = hostbench_purpose(LIBIOMMUFD_HOST_TO_MAP);
	static const uint64_t bad[] = {0xfee00000, 1ULL << 57}, good[] = {0, 0x100000, 0xfef00000};
	uint8_t *memory = bench_memory(PAGE);
	struct libiommufd_ranges *snapshot;
	struct libiommufd_range list[8];
	struct bench *b = *state;
	bool amd = bench_is_amd(b);

	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	map.flags = LIBIOMMUFD_HOST_AT_IOVA;
	/* How far an AMD IOMMU reaches only the ranges tell. */
	for (size_t i = 0; i < (amd ? 1 : 2); i++) {
		map.iova = bad[i];
		assert_findings(edu(), &map, LIBIOMMUFD_HOST_IOVA_RANGE);
		assert_says(0, "libiommufd_ioas_query_ranges()");
		assert_refused(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, bad[i]), EINVAL,
			       IOVA_RANGE);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		map.iova = good[i];
		assert_no_findings(edu(), &map);
		assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, good[i]));
	}
	/* It need not be inside altogether. */
	map.iova = 0xfedff000;
	map.length = 2 * PAGE;
	assert_findings(edu(), &map, LIBIOMMUFD_HOST_IOVA_RANGE);
	assert_says(0, "is for interrupts");
	map.length = PAGE;
	assert_no_findings(edu(), &map);

	assert_ok(libiommufd_ioas_query_ranges(b->ioas, &snapshot));
	map.range_count = (uint32_t)libiommufd_ranges_get_count(snapshot);
	assert_in_range(map.range_count, 2, 8);
	for (uint32_t i = 0; i < map.range_count; i++)
		list[i] = libiommufd_ranges_get(snapshot, i);
	map.ranges = list;
	map.iova = list[map.range_count - 1].last - PAGE + 1;
	assert_no_findings(edu(), &map);
	map.iova = 0xfee00000;
	assert_findings(edu(), &map, LIBIOMMUFD_HOST_IOVA_RANGE);
	libiommufd_ranges_free(snapshot);
	munmap(memory, PAGE);
}

static void registers_of_a_device_are_told_from_memory(void **state)
{
	struct libiommufd_host_purpose map = hostbench_purpose(LIBIOMMUFD_HOST_TO_MAP);
	struct libiommufd_region *region;
	struct bench *b = *state;
	void *bar;

	assert_ok(libiommufd_device_query_region(b->dev, LIBIOMMUFD_PCI_BAR0, &region));
	assert_ok(libiommufd_region_map(region, 0, PAGE, BOTH, &bar));
	map.va = b->home;
	assert_no_findings(edu(), &map);
	map.va = bar;
	if (!works(bench_is_native(), DIFFERENCE_BAR_MEMORY)) {
		assert_findings(edu(), &map, LIBIOMMUFD_HOST_BAR_MEMORY);
		assert_says(0, "leave BARs out");
		assert_ok(libiommufd_device_attach(b->dev, b->ioas));
		assert_refused(libiommufd_ioas_map_at(b->ioas, bar, PAGE, BOTH, 0x100000), EFAULT,
			       BAD_MEMORY);
	} else {
		assert_no_findings(edu(), &map);
	}
	assert_ok(libiommufd_region_unmap(region, bar));
}

/* Another process that has the edu, until the pipe is closed. */
static pid_t bind_elsewhere(int *ret_end)
{
	int ready[2], done[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(done), 0);
	pid_t child = fork();
	if (child == 0) {
		struct libiommufd_region *region;
		struct libiommufd_ctx *ctx;
		struct libiommufd_device *dev;

		close(done[1]);
		if (libiommufd_ctx_open(NULL, &ctx) < 0 ||
		    libiommufd_device_open(ctx, edu(), NULL, &dev) < 0 ||
		    libiommufd_device_bind(dev, NULL) < 0 ||
		    libiommufd_device_query_region(dev, LIBIOMMUFD_PCI_BAR0, &region) < 0 ||
		    write(ready[1], "r", 1) != 1)
			_exit(1);
		_exit(read(done[0], &byte, 1) != 0);
	}
	close(done[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	*ret_end = done[1];
	return child;
}

static void let_go(pid_t child, int end)
{
	int status;

	close(end);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void who_has_the_group_is_named(void **state)
{
	struct libiommufd_host_purpose bind = hostbench_purpose(LIBIOMMUFD_HOST_TO_BIND);
	struct libiommufd_host_purpose open = hostbench_purpose(LIBIOMMUFD_HOST_TO_OPEN);
	char said[64];
	int end;
	(void)state;

	pid_t child = bind_elsewhere(&end);
	assert_findings(edu(), &bind, LIBIOMMUFD_HOST_GROUP_BUSY);
	snprintf(said, sizeof(said), "process %d (findings) has it open", child);
	assert_says(0, said);
	assert_string_equal(libiommufd_host_finding_get_subject(hostbench_finding(0)), edu_node());
	/* An open group cannot be had; an open device perhaps. */
	assert_int_equal(libiommufd_host_finding_get_severity(hostbench_finding(0)),
			 natively(bench_is_native(), BEHAVIOUR_HOLDER) &&
					 hostbench_dma_state(edu()) != LIBIOMMUFD_HOST_DMA_USER
				 ? LIBIOMMUFD_HOST_WARNING
				 : LIBIOMMUFD_HOST_ERROR);
	assert_no_findings(edu(), &open);
	let_go(child, end);
	assert_no_findings(edu(), &bind);
}

/* A plain user does not see what root has open; nor does a container what is outside of it. */
static void a_device_in_use_is_told_where_nobody_is_seen_to_have_it(void **state)
{
	struct libiommufd_host_purpose bind = hostbench_purpose(LIBIOMMUFD_HOST_TO_BIND);
	struct outcome refused = differs(bench_is_native(), DIFFERENCE_BIND_OF_OTHERS);
	const char *node = edu_node();
	int end;
	(void)state;

	hostbench_shell("chmod 0666 %s; chown 1000 %s", main_node(), node);
	pid_t child = bind_elsewhere(&end);
	assert_int_equal(seteuid(1000), 0);
	assert_findings(edu(), &bind, LIBIOMMUFD_HOST_GROUP_BUSY);
	assert_int_equal(seteuid(0), 0);
	/* Some kernels say so to whoever asks. */
	bool told = hostbench_dma_state(edu()) == LIBIOMMUFD_HOST_DMA_USER;
	assert_true(told || hostbench_dma_state(edu()) == LIBIOMMUFD_HOST_DMA_UNKNOWN);
	if (told)
		assert_says(0, "the kernel says that user space has IOMMU group");
	else
		assert_says(0, "it is switched on, as only a device in use is");
	assert_string_equal(libiommufd_host_finding_get_subject(hostbench_finding(0)), edu());
	assert_int_equal(libiommufd_host_finding_get_severity(hostbench_finding(0)),
			 told ? LIBIOMMUFD_HOST_ERROR : LIBIOMMUFD_HOST_WARNING);
	/* And it cannot be had. */
	struct libiommufd_ctx *ctx;
	struct libiommufd_device *dev;
	assert_ok(libiommufd_ctx_open(NULL, &ctx));
	assert_ok(libiommufd_device_open(ctx, edu(), NULL, &dev));
	assert_outcome(libiommufd_device_bind(dev, NULL), refused);
	assert_ok(libiommufd_device_close(dev, 0));
	libiommufd_ctx_unref(ctx);
	let_go(child, end);
	assert_int_equal(seteuid(1000), 0);
	assert_no_findings(edu(), &bind);
	assert_int_equal(seteuid(0), 0);
	hostbench_shell("chown 0 %s", node);
}

static void what_a_kernel_without_iommufd_lacks_is_told_when_it_is_asked_for(void **state)
{
	struct libiommufd_host_purpose bind = hostbench_purpose(LIBIOMMUFD_HOST_TO_BIND);
	const char *kernel = getenv("LAB_KERNEL");
	struct libiommufd_host_purpose any = {.size = sizeof(any)};
	(void)state;

	assert_non_null(kernel);
	bind.backend = LIBIOMMUFD_BACKEND_NATIVE;
	if (!strcmp(kernel, "6.12-compat")) {
		assert_findings(edu(), &bind, LIBIOMMUFD_HOST_NO_CDEV);
		assert_says(0, "CONFIG_VFIO_DEVICE_CDEV");
		assert_no_findings(edu(), &any);
		return;
	}
	if (strncmp(kernel, "stock", 5)) {
		assert_no_findings(edu(), &bind);
		return;
	}
	assert_findings(edu(), &bind, LIBIOMMUFD_HOST_NO_IOMMUFD, LIBIOMMUFD_HOST_NO_CDEV);
	assert_says(0, "CONFIG_IOMMUFD");
	assert_says(1, "CONFIG_VFIO_DEVICE_CDEV");
	/* Who asks for nothing gets by without. */
	assert_no_findings(edu(), &any);
}

/* Two libraries, one machine. */
static void the_host_and_the_core_say_the_same_of_a_device(void **state)
{
	const char *names[] = {edu(), bench_name("NET1"), "0000:00:0a.0", "0000:00:00.0"};
	struct libiommufd_host_devices *devices;
	struct libiommufd_facts *facts;
	(void)state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[128];
		assert_ok(libiommufd_ctx_query_facts(NULL, names[i], &facts));
		assert_host_ok(libiommufd_host_query_device(host, names[i], &devices));
		const struct libiommufd_host_device *device =
			libiommufd_host_devices_get(devices, 0);
		assert_string_equal(libiommufd_host_device_get_name(device),
				    libiommufd_facts_get_address(facts));
		assert_string_equal(libiommufd_host_device_get_driver(device),
				    libiommufd_facts_get_driver(facts));
		assert_string_equal(libiommufd_host_device_get_node(device),
				    libiommufd_facts_get_node(facts));
		assert_string_equal(libiommufd_host_device_get_iommu(device),
				    libiommufd_facts_get_iommu(facts));
		assert_int_equal(libiommufd_host_device_get_group(device),
				 libiommufd_facts_get_group(facts));
		int count = libiommufd_host_device_get_member_count(device);
		assert_int_equal(count, libiommufd_facts_get_member_count(facts));
		for (int j = 0; j < count; j++) {
			unsigned int member = (unsigned int)j;
			assert_string_equal(libiommufd_host_device_get_member(device, member),
					    libiommufd_facts_get_member(facts, member));
			assert_string_equal(libiommufd_host_device_get_member_driver(device,
										     member),
					    libiommufd_facts_get_member_driver(facts, member));
		}
		assert_int_equal(libiommufd_host_device_is_on_vfio(device), i < 2);
		snprintf(path, sizeof(path), "%s/vendor", libiommufd_host_device_get_sysfs(device));
		assert_int_equal(access(path, R_OK), 0);
		libiommufd_host_devices_free(devices);
		libiommufd_facts_free(facts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_host_and_the_core_say_the_same_of_a_device),
		bench_test(nothing_wrong_gives_no_finding, bench_setup_bound),
		cmocka_unit_test(a_user_without_permission_is_told_which_nodes),
		cmocka_unit_test(a_directory_that_is_closed_is_told_from_a_node),
		cmocka_unit_test(a_missing_node_and_one_of_another_device_are_told_apart),
		bench_test(a_device_on_another_driver_or_none_is_told_how_to_get_vfios,
			   bench_setup),
		cmocka_unit_test(a_bridge_is_told_from_a_device),
		bench_test(a_member_on_the_hosts_driver_is_named, bench_setup),
		bench_test(a_limit_on_memory_comes_with_its_figures, bench_setup_bound),
		bench_test(addresses_that_a_device_cannot_have_are_told, bench_setup_bound),
		bench_test(registers_of_a_device_are_told_from_memory, bench_setup_bound),
		cmocka_unit_test(who_has_the_group_is_named),
		cmocka_unit_test(a_device_in_use_is_told_where_nobody_is_seen_to_have_it),
		cmocka_unit_test(what_a_kernel_without_iommufd_lacks_is_told_when_it_is_asked_for),
	};

	bench_begin();
	return cmocka_run_group_tests_name("findings", tests, hostbench_setup, hostbench_teardown);
}
