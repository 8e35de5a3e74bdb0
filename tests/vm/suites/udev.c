/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs claims on a machine where udev runs, with a rule for the nodes: a claim ends when the rule has. Needs
 * one edu, the lab's --no-bind, and udev on the host.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hostbench.h"

#define RULES "/etc/udev/rules.d/00-libiommufd-test.rules"

static const char *edu(void)
{
	return bench_name("EDU0");
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static pid_t udev;

/* Nodes get their mode and owner from a rule that takes its time; there are no others. */
static int start_udev(void **state)
{
	if (hostbench_setup(state) < 0)
		return -1;
	/* The guest's programs live in a chroot, where udevadm would do nothing. */
	setenv("SYSTEMD_IGNORE_CHROOT", "1", 1);
	hostbench_shell("mkdir -p /etc/udev/rules.d /run/udev && rm -f /etc/udev/rules.d/* && "
			"mount -t tmpfs none /usr/lib/udev/rules.d && "
			"printf '%%s\n' 'SUBSYSTEM==\"vfio|vfio-dev\", ACTION==\"add\", "
			"PROGRAM=\"/bin/sleep 1\", MODE=\"0640\", OWNER=\"0\"' >" RULES);
	udev = fork();
	if (udev == 0) {
		execl("/lib/systemd/systemd-udevd", "systemd-udevd", NULL);
		_exit(127);
	}
	hostbench_shell("until [ -e /run/udev/control ]; do sleep 0.05; done; udevadm settle");
	return access("/run/udev/control", F_OK);
}

static int stop_udev(void **state)
{
	int status;

	kill(udev, SIGTERM);
	waitpid(udev, &status, 0);
	return hostbench_teardown(state);
}

static int claim(uint32_t timeout_ms, uint32_t flags)
{
	const struct libiommufd_host_claim_opts opts = {.size = sizeof(opts),
							.flags = flags,
							.uid = 1000,
							.timeout_ms = timeout_ms,
							.backend = hostbench_backend()};

	return libiommufd_host_claim_device(host, edu(), &opts);
}

/* What there is of the nodes that open the edu: its own and its group's. */
static void assert_nodes(mode_t mode, uid_t uid)
{
	struct libiommufd_host_devices *devices;
	struct stat st;
	char group[32];

	assert_host_ok(libiommufd_host_query_device(host, edu(), &devices));
	const struct libiommufd_host_device *device = libiommufd_host_devices_get(devices, 0);
	snprintf(group, sizeof(group), "/dev/vfio/%d", libiommufd_host_device_get_group(device));
	const char *node = libiommufd_host_device_get_node(device);
	assert_int_equal(stat(group, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_int_equal(st.st_uid, uid);
	if (*node) {
		assert_int_equal(stat(node, &st), 0);
		assert_int_equal(st.st_mode & 07777, mode);
		assert_int_equal(st.st_uid, uid);
	}
	libiommufd_host_devices_free(devices);
}

static void a_claim_waits_until_udevs_rules_are_through(void **state)
{
	(void)state;
	int64_t start = now_ms();
	assert_host_ok(claim(20000, LIBIOMMUFD_HOST_CLAIM_PERMIT));
	assert_true(now_ms() - start >= 900);
	assert_nodes(0640, 1000);
	/* And nothing of it is taken back by what udev does afterwards. */
	hostbench_shell("udevadm settle");
	assert_nodes(0640, 1000);

	/* It knows the node by now: there is nothing to wait for. */
	start = now_ms();
	assert_host_ok(claim(20000, 0));
	assert_true(now_ms() - start < 900);
	assert_host_ok(libiommufd_host_release_device(host, edu(), NULL));
	hostbench_shell("udevadm settle");
}

static void what_udev_knows_of_the_node_before_does_not_count(void **state)
{
	(void)state;
	assert_host_ok(claim(20000, 0));
	kill(udev, SIGSTOP);
	assert_host_ok(libiommufd_host_release_device(host, edu(), NULL));
	int64_t start = now_ms();
	assert_host_refused(claim(500, 0), ETIMEDOUT, LIBIOMMUFD_HOST_REASON_TIMEOUT);
	assert_true(now_ms() - start >= 500);
	assert_non_null(strstr(libiommufd_host_last_error()->text, "udev alive?"));
	assert_string_equal(hostbench_driver(edu()), "");
	kill(udev, SIGCONT);
	hostbench_shell("udevadm settle");
	assert_host_ok(claim(20000, LIBIOMMUFD_HOST_CLAIM_PERMIT));
	assert_nodes(0640, 1000);
	assert_host_ok(libiommufd_host_release_device(host, edu(), NULL));
	hostbench_shell("udevadm settle");
}

/* The watch tells of a device when udev has done with it. */
static void a_watch_hears_of_a_device_after_udev(void **state)
{
	struct libiommufd_host_devices *devices;
	struct libiommufd_host_watch *watch;
	uint32_t event;
	(void)state;

	assert_host_ok(libiommufd_host_watch_open(host, &watch));
	kill(udev, SIGSTOP);
	assert_int_equal(hostbench_write("/sys/bus/pci/drivers/vfio-pci/new_id", "1234 11e8"), 0);
	usleep(200000);
	assert_host_refused(libiommufd_host_watch_read(watch, &event, &devices), EAGAIN,
			    LIBIOMMUFD_REASON_KERNEL);
	kill(udev, SIGCONT);
	hostbench_shell("udevadm settle");
	assert_host_ok(libiommufd_host_watch_read(watch, &event, &devices));
	assert_int_equal(event, LIBIOMMUFD_HOST_DRIVER_CHANGED);
	assert_string_equal(libiommufd_host_device_get_name(libiommufd_host_devices_get(devices,
											0)),
			    edu());
	libiommufd_host_devices_free(devices);
	libiommufd_host_watch_close(watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_claim_waits_until_udevs_rules_are_through),
		cmocka_unit_test(what_udev_knows_of_the_node_before_does_not_count),
		cmocka_unit_test(a_watch_hears_of_a_device_after_udev),
	};

	bench_begin();
	return cmocka_run_group_tests_name("udev", tests, start_udev, stop_udev);
}
