/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs devices from the host's drivers to vfio's and back, also by another process. Needs one edu, which no driver
 * wants, and the two e1000e, with the lab's --no-bind. Every test leaves the devices as it found them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "behaviours.h"
#include "drivers.h"

/* The node that opens the device with the backend under test. */
static const char *node_of(const char *name)
{
	struct libiommufd_host_devices *devices;
	static char path[64];

	assert_host_ok(libiommufd_host_query_device(host, name, &devices));
	const struct libiommufd_host_device *device = libiommufd_host_devices_get(devices, 0);
	if (natively(hostbench_is_native(), BEHAVIOUR_NAMES))
		snprintf(path, sizeof(path), "%s", libiommufd_host_device_get_node(device));
	else
		snprintf(path, sizeof(path), "/dev/vfio/%d",
			 libiommufd_host_device_get_group(device));
	libiommufd_host_devices_free(devices);
	return path;
}

/* In a process of its own, with a host of its own. */
static int in_another_process(int (*call)(const char *name, uint32_t flags), const char *name,
			      uint32_t flags)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		libiommufd_host_close(host);
		if (libiommufd_host_open(NULL, &host) < 0)
			_exit(255);
		int r = call(name, flags);
		_exit(-r);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static void a_device_goes_to_vfio_and_comes_back_in_another_process(void **state)
{
	struct stat st;
	(void)state;

	assert_string_equal(hostbench_driver(net(0)), "e1000e");
	assert_int_equal(in_another_process(claim, net(0), 0), 0);
	assert_string_equal(hostbench_driver(net(0)), "vfio-pci");
	assert_override(net(0), "vfio-pci");
	assert_true(has_record(net(0)));
	assert_int_equal(stat(node_of(net(0)), &st), 0);
	/* The other function stays what it was. */
	assert_string_equal(hostbench_driver(net(1)), "e1000e");
	assert_false(has_record(net(1)));

	assert_int_equal(in_another_process(release, net(0), 0), 0);
	assert_string_equal(hostbench_driver(net(0)), "e1000e");
	assert_override(net(0), "(null)");
	assert_false(has_record(net(0)));
	assert_host_refused(release(net(0), 0), ENOENT, LIBIOMMUFD_HOST_REASON_NOT_CLAIMED);
}

static void a_device_without_a_driver_gets_none_back(void **state)
{
	(void)state;
	assert_host_ok(claim(bench_name("EDU0"), 0));
	assert_string_equal(hostbench_driver(bench_name("EDU0")), "vfio-pci");
	/* Once more: it stays claimed, and the record of what was before stays. */
	assert_host_ok(claim(bench_name("EDU0"), 0));
	assert_host_ok(release(bench_name("EDU0"), 0));
	assert_string_equal(hostbench_driver(bench_name("EDU0")), "");
	assert_override(bench_name("EDU0"), "(null)");
}

static void a_group_goes_and_comes_as_a_whole(void **state)
{
	struct libiommufd_host_purpose bind = hostbench_purpose(LIBIOMMUFD_HOST_TO_BIND);

	(void)state;
	assert_host_ok(claim(net(1), LIBIOMMUFD_HOST_CLAIM_GROUP));
	assert_string_equal(hostbench_driver(net(0)), "vfio-pci");
	assert_string_equal(hostbench_driver(net(1)), "vfio-pci");
	/* Nothing is left in the way, and the core can bind. */
	assert_no_findings(net(0), &bind);
	struct libiommufd_ctx *ctx;
	struct libiommufd_device *dev;
	assert_ok(libiommufd_ctx_open(NULL, &ctx));
	assert_ok(libiommufd_device_open(ctx, net(0), NULL, &dev));
	assert_ok(libiommufd_device_bind(dev, NULL));

	/* Whoever has it is named, here this process. */
	assert_host_refused(release(net(0), LIBIOMMUFD_HOST_RELEASE_GROUP), EBUSY,
			    LIBIOMMUFD_REASON_GROUP_BUSY);
	assert_non_null(strstr(libiommufd_host_last_error()->text, "(drivers) has /dev/vfio/"));
	assert_int_equal(in_another_process(release, net(1), 0), -EBUSY);
	assert_string_equal(hostbench_driver(net(0)), "vfio-pci");
	assert_ok(libiommufd_device_close(dev, 0));
	libiommufd_ctx_unref(ctx);

	assert_host_ok(release(net(0), LIBIOMMUFD_HOST_RELEASE_GROUP));
	assert_string_equal(hostbench_driver(net(0)), "e1000e");
	assert_string_equal(hostbench_driver(net(1)), "e1000e");
}

static void set_override(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", name);
	assert_int_equal(hostbench_write(path, text), 0);
}

static void unbind_by_hand(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver/unbind", name);
	assert_int_equal(hostbench_write(path, name), 0);
}

static void an_override_that_was_not_the_drivers_comes_back_beside_the_driver(void **state)
{
	(void)state;
	set_override(net(0), "vfio-pci");
	assert_string_equal(hostbench_driver(net(0)), "e1000e");
	assert_host_ok(claim(net(0), 0));
	assert_string_equal(hostbench_driver(net(0)), "vfio-pci");
	assert_host_ok(release(net(0), 0));
	assert_string_equal(hostbench_driver(net(0)), "e1000e");
	assert_override(net(0), "vfio-pci");
	assert_false(has_record(net(0)));
	set_override(net(0), "\n");
}

static void a_claim_for_another_driver_that_fails_leaves_the_claim_before(void **state)
{
	struct libiommufd_host_claim_opts opts = {.size = sizeof(opts), .driver = "no-such-driver"};
	(void)state;

	assert_host_ok(claim(net(0), 0));
	assert_host_refused(libiommufd_host_claim_device(host, net(0), &opts), ENODEV,
			    LIBIOMMUFD_HOST_REASON_DRIVER_REFUSED);
	assert_non_null(strstr(libiommufd_host_last_error()->text, "modprobe no-such-driver"));
	assert_string_equal(hostbench_driver(net(0)), "vfio-pci");
	assert_override(net(0), "vfio-pci");
	assert_host_ok(release(net(0), 0));
	assert_string_equal(hostbench_driver(net(0)), "e1000e");
}

/* A child that has the edu bound, in the way that hold says, until the pipe is closed. */
static pid_t hold_edu(bool by_mapping_only, int *ret_end)
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
		void *bar;

		close(done[1]);
		if (libiommufd_ctx_open(NULL, &ctx) < 0 ||
		    libiommufd_device_open(ctx, bench_name("EDU0"), NULL, &dev) < 0 ||
		    libiommufd_device_bind(dev, NULL) < 0 ||
		    libiommufd_device_query_region(dev, LIBIOMMUFD_PCI_BAR0, &region) < 0 ||
		    libiommufd_region_map(region, 0, PAGE, BOTH, &bar) < 0)
			_exit(1);
		for (int fd = 3; by_mapping_only && fd < 64; fd++)
			if (fd != done[0] && fd != ready[1])
				close(fd);
		if (write(ready[1], "r", 1) != 1)
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

/* Else the kernel would wait for it, with the records locked. */
static void a_device_in_use_is_not_moved_to_another_driver(void **state)
{
	struct libiommufd_host_claim_opts opts = {.size = sizeof(opts), .driver = "pci-stub"};
	char said[48];
	int end;
	(void)state;

	assert_host_ok(claim(bench_name("EDU0"), 0));
	pid_t child = hold_edu(false, &end);
	assert_host_refused(libiommufd_host_claim_device(host, bench_name("EDU0"), &opts), EBUSY,
			    LIBIOMMUFD_REASON_GROUP_BUSY);
	snprintf(said, sizeof(said), "process %d (drivers) has /dev/vfio/", child);
	assert_non_null(strstr(libiommufd_host_last_error()->text, said));
	assert_string_equal(hostbench_driver(bench_name("EDU0")), "vfio-pci");
	let_go(child, end);
	assert_host_ok(release(bench_name("EDU0"), 0));
	assert_string_equal(hostbench_driver(bench_name("EDU0")), "");
}

/* As udev holds them while a rule sets their mode and owner. */
static void a_node_that_is_held_as_a_path_is_not_in_use(void **state)
{
	const struct libiommufd_host_device *device;
	struct libiommufd_host_devices *devices;
	char group[32];
	(void)state;

	assert_host_ok(claim(bench_name("EDU0"), 0));
	assert_host_ok(libiommufd_host_query_device(host, bench_name("EDU0"), &devices));
	device = libiommufd_host_devices_get(devices, 0);
	snprintf(group, sizeof(group), "/dev/vfio/%d", libiommufd_host_device_get_group(device));
	libiommufd_host_devices_free(devices);
	int fd = open(group, O_PATH | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_host_ok(release(bench_name("EDU0"), 0));
	close(fd);
}

static void registers_that_are_mapped_keep_a_device_from_being_released(void **state)
{
	int end;
	(void)state;

	assert_host_ok(claim(bench_name("EDU0"), 0));
	pid_t child = hold_edu(true, &end);
	assert_host_refused(release(bench_name("EDU0"), 0), EBUSY, LIBIOMMUFD_REASON_GROUP_BUSY);
	assert_non_null(strstr(libiommufd_host_last_error()->text, "mapped"));
	assert_string_equal(hostbench_driver(bench_name("EDU0")), "vfio-pci");
	assert_true(has_record(bench_name("EDU0")));
	let_go(child, end);
	assert_host_ok(release(bench_name("EDU0"), 0));
}

static void a_driver_that_is_gone_by_then_is_named_and_the_record_stays(void **state)
{
	(void)state;
	assert_host_ok(claim(net(0), LIBIOMMUFD_HOST_CLAIM_GROUP));
	hostbench_shell("/sbin/modprobe -r e1000e");
	assert_host_refused(release(net(0), 0), ENODEV, LIBIOMMUFD_HOST_REASON_DRIVER_REFUSED);
	assert_non_null(strstr(libiommufd_host_last_error()->text, "modprobe e1000e"));
	assert_true(has_record(net(0)));
	hostbench_shell("/sbin/modprobe e1000e");
	assert_host_ok(release(net(0), LIBIOMMUFD_HOST_RELEASE_GROUP));
	assert_string_equal(hostbench_driver(net(0)), "e1000e");
	assert_string_equal(hostbench_driver(net(1)), "e1000e");
}

static void a_device_that_was_moved_on_by_hand_stays_where_it_is(void **state)
{
	(void)state;
	hostbench_shell("/sbin/modprobe pci-stub");
	assert_host_ok(claim(net(0), 0));
	unbind_by_hand(net(0));
	set_override(net(0), "pci-stub");
	assert_int_equal(hostbench_write("/sys/bus/pci/drivers_probe", net(0)), 0);
	assert_string_equal(hostbench_driver(net(0)), "pci-stub");
	assert_host_refused(release(net(0), 0), ENOENT, LIBIOMMUFD_HOST_REASON_NOT_CLAIMED);
	assert_non_null(strstr(libiommufd_host_last_error()->text, "is on pci-stub by now"));
	assert_string_equal(hostbench_driver(net(0)), "pci-stub");
	assert_false(has_record(net(0)));

	/* A claim takes it from there, and brings it there. */
	assert_host_ok(claim(net(0), 0));
	assert_host_ok(release(net(0), 0));
	assert_string_equal(hostbench_driver(net(0)), "pci-stub");
	assert_override(net(0), "pci-stub");
	unbind_by_hand(net(0));
	set_override(net(0), "\n");
	assert_int_equal(hostbench_write("/sys/bus/pci/drivers_probe", net(0)), 0);
}

static void a_claimed_device_that_lost_its_driver_is_claimed_anew(void **state)
{
	(void)state;
	assert_host_ok(claim(net(0), 0));
	unbind_by_hand(net(0));
	assert_host_ok(claim(net(0), 0));
	assert_string_equal(hostbench_driver(net(0)), "vfio-pci");
	assert_host_ok(release(net(0), 0));
	assert_string_equal(hostbench_driver(net(0)), "e1000e");
	assert_override(net(0), "(null)");
}

static void a_claim_that_fails_leaves_everything_as_it_was(void **state)
{
	struct libiommufd_host_claim_opts opts = {.size = sizeof(opts),
						  .flags = LIBIOMMUFD_HOST_CLAIM_GROUP,
						  .driver = "no-such-driver"};
	(void)state;

	assert_host_refused(libiommufd_host_claim_device(host, net(0), &opts), ENODEV,
			    LIBIOMMUFD_HOST_REASON_DRIVER_REFUSED);
	assert_non_null(strstr(libiommufd_host_last_error()->text, "no-such-driver"));
	for (int n = 0; n < 2; n++) {
		assert_string_equal(hostbench_driver(net(n)), "e1000e");
		assert_override(net(n), "(null)");
		assert_false(has_record(net(n)));
	}
	assert_host_refused(claim("0000:00:0a.0", 0), EINVAL, LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_string_equal(hostbench_driver("0000:00:0a.0"), "pcieport");
	opts.driver = "../e1000e";
	assert_host_refused(libiommufd_host_claim_device(host, net(0), &opts), EINVAL,
			    LIBIOMMUFD_REASON_OPTIONS);
}

static void a_group_of_which_one_device_fails_is_taken_back(void **state)
{
	char path[128];
	(void)state;

	/* The second device's record cannot be read. */
	snprintf(path, sizeof(path), RECORDS "/pci:%s", net(1));
	assert_int_equal(mkdir(RECORDS, 0755) < 0 && errno != EEXIST, 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_host_refused(claim(net(0), LIBIOMMUFD_HOST_CLAIM_GROUP), EISDIR,
			    LIBIOMMUFD_HOST_REASON_RECORD);
	assert_int_equal(rmdir(path), 0);
	assert_string_equal(hostbench_driver(net(0)), "e1000e");
	assert_string_equal(hostbench_driver(net(1)), "e1000e");
	assert_override(net(0), "(null)");
	assert_false(has_record(net(0)));
}

static void nodes_can_be_given_to_a_user(void **state)
{
	struct libiommufd_host_claim_opts opts = {.size = sizeof(opts),
						  .flags = LIBIOMMUFD_HOST_CLAIM_PERMIT,
						  .uid = 1000};
	struct stat st;
	(void)state;

	opts.backend = hostbench_backend();
	assert_host_ok(libiommufd_host_claim_device(host, bench_name("EDU0"), &opts));
	assert_int_equal(stat(node_of(bench_name("EDU0")), &st), 0);
	assert_int_equal(st.st_uid, 1000);

	/* That user, who has no capability, can do with it what it wants. */
	pid_t child = fork();
	if (child == 0) {
		struct libiommufd_ctx *ctx;
		struct libiommufd_device *dev;

		if (natively(hostbench_is_native(), BEHAVIOUR_NAMES) &&
		    chmod("/dev/iommu", 0666) < 0)
			_exit(1);
		if (setgid(1000) < 0 || setuid(1000) < 0)
			_exit(2);
		_exit(libiommufd_ctx_open(NULL, &ctx) < 0 ||
		      libiommufd_device_open(ctx, bench_name("EDU0"), NULL, &dev) < 0 ||
		      libiommufd_device_bind(dev, NULL) < 0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);

	/* A node that another device left in the place of the group's is not given away. */
	if (natively(hostbench_is_native(), BEHAVIOUR_NAMES)) {
		struct libiommufd_host_devices *devices;
		char group[64];
		assert_host_ok(libiommufd_host_query_device(host, bench_name("EDU0"), &devices));
		snprintf(group, sizeof(group), "/dev/vfio/%d",
			 libiommufd_host_device_get_group(libiommufd_host_devices_get(devices, 0)));
		libiommufd_host_devices_free(devices);
		hostbench_shell("rm %s && mknod %s c 1 3", group, group);
		assert_host_ok(libiommufd_host_claim_device(host, bench_name("EDU0"), &opts));
		assert_int_equal(stat(group, &st), 0);
		assert_int_equal(st.st_uid, 0);
		hostbench_shell("rm %s", group);
	}
	assert_host_ok(release(bench_name("EDU0"), 0));

	/* -1 means nobody to chown(): it would change nothing, and say so to none. */
	opts.uid = UINT32_MAX;
	assert_host_refused(libiommufd_host_claim_device(host, bench_name("EDU0"), &opts), EINVAL,
			    LIBIOMMUFD_REASON_OPTIONS);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* Where nodes do not come by themselves, as in a container: the kernel's are under a mount. */
static void the_wait_for_a_node_ends_when_it_comes_or_in_time(void **state)
{
	struct libiommufd_host_claim_opts opts = {.size = sizeof(opts),
						  .backend = hostbench_backend(),
						  .timeout_ms = 300};
	const char *edu = bench_name("EDU0");
	char node[64];
	struct stat st;
	int status;
	(void)state;

	assert_host_ok(claim(edu, 0));
	snprintf(node, sizeof(node), "%s", node_of(edu));
	assert_int_equal(stat(node, &st), 0);
	assert_int_equal(mount("none", "/dev/vfio", "tmpfs", 0, NULL), 0);

	/* It is claimed already: only the node is waited for, and it stays claimed. */
	int64_t start = now_ms();
	assert_host_refused(libiommufd_host_claim_device(host, edu, &opts), ETIMEDOUT,
			    LIBIOMMUFD_HOST_REASON_TIMEOUT);
	assert_in_range(now_ms() - start, 300, 3000);
	assert_string_equal(hostbench_driver(edu), "vfio-pci");

	pid_t child = fork();
	if (child == 0) {
		usleep(300000);
		mkdir("/dev/vfio/devices", 0755);
		usleep(100000);
		_exit(mknod(node, S_IFCHR | 0600, st.st_rdev) < 0);
	}
	opts.timeout_ms = 20000;
	start = now_ms();
	assert_host_ok(libiommufd_host_claim_device(host, edu, &opts));
	assert_in_range(now_ms() - start, 350, 10000);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_host_ok(release(edu, 0));

	/* Where the call itself took the device from its driver, it goes back. */
	unlink(node);
	opts.timeout_ms = 300;
	assert_host_refused(libiommufd_host_claim_device(host, edu, &opts), ETIMEDOUT,
			    LIBIOMMUFD_HOST_REASON_TIMEOUT);
	assert_string_equal(hostbench_driver(edu), "");
	assert_false(has_record(edu));
	assert_int_equal(umount("/dev/vfio"), 0);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_teardown(test, drivers_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_device_goes_to_vfio_and_comes_back_in_another_process),
		TEST(a_device_without_a_driver_gets_none_back),
		TEST(a_group_goes_and_comes_as_a_whole),
		TEST(an_override_that_was_not_the_drivers_comes_back_beside_the_driver),
		TEST(a_claim_for_another_driver_that_fails_leaves_the_claim_before),
		TEST(a_device_in_use_is_not_moved_to_another_driver),
		TEST(a_node_that_is_held_as_a_path_is_not_in_use),
		TEST(registers_that_are_mapped_keep_a_device_from_being_released),
		TEST(a_driver_that_is_gone_by_then_is_named_and_the_record_stays),
		TEST(a_device_that_was_moved_on_by_hand_stays_where_it_is),
		TEST(a_claimed_device_that_lost_its_driver_is_claimed_anew),
		TEST(a_claim_that_fails_leaves_everything_as_it_was),
		TEST(a_group_of_which_one_device_fails_is_taken_back),
		TEST(nodes_can_be_given_to_a_user),
		TEST(the_wait_for_a_node_ends_when_it_comes_or_in_time),
	};

	bench_begin();
	int failed =
		cmocka_run_group_tests_name("drivers", tests, hostbench_setup, hostbench_teardown);
	return records_run() + failed;
}
