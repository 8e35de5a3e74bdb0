/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs what the records of claimed devices are there for, and what becomes of them: other processes, at the same time or
 * killed; other users; a disk without room. With the suite drivers.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers.h"

const char *net(int n)
{
	return bench_name(n ? "NET1" : "NET0");
}

int claim(const char *name, uint32_t flags)
{
	const struct libiommufd_host_claim_opts opts = {.size = sizeof(opts),
							.flags = flags,
							.backend = hostbench_backend()};

	return libiommufd_host_claim_device(host, name, &opts);
}

int release(const char *name, uint32_t flags)
{
	const struct libiommufd_host_release_opts opts = {.size = sizeof(opts), .flags = flags};

	return libiommufd_host_release_device(host, name, &opts);
}

bool has_record(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), RECORDS "/pci:%s", name);
	return access(path, F_OK) == 0;
}

void assert_override(const char *name, const char *expected)
{
	char path[128], text[64] = "";

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", name);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
	assert_string_equal(text, expected);
}

int drivers_teardown(void **state)
{
	(void)state;
	const char *names[] = {net(0), net(1), bench_name("EDU0")};

	for (int i = 0; i < 3; i++)
		if (has_record(names[i]))
			release(names[i], 0);
	if (strcmp(hostbench_driver(net(0)), "e1000e") ||
	    strcmp(hostbench_driver(net(1)), "e1000e") || *hostbench_driver(names[2]))
		return -1;
	return 0;
}

static void who_may_not_change_drivers_is_told(void **state)
{
	(void)state;
	assert_host_ok(libiommufd_host_load_modules(host, net(0), hostbench_backend()));
	assert_int_equal(mkdir("/tmp/records", 0755) < 0 && errno != EEXIST, 0);
	assert_int_equal(chown("/tmp/records", 1000, 1000), 0);
	const struct libiommufd_host_opts opts = {.size = sizeof(opts),
						  .record_dir = "/tmp/records"};
	struct libiommufd_host *other;
	assert_host_ok(libiommufd_host_open(&opts, &other));
	/* A directory that is another user's decides nothing. */
	assert_host_refused(libiommufd_host_claim_device(other, net(0), NULL), EPERM,
			    LIBIOMMUFD_HOST_REASON_RECORD);
	assert_int_equal(seteuid(1000), 0);
	int r = libiommufd_host_claim_device(other, net(0), NULL);
	assert_int_equal(seteuid(0), 0);
	assert_host_refused(r, EACCES, LIBIOMMUFD_REASON_NOT_PERMITTED);
	assert_string_equal(hostbench_driver(net(0)), "e1000e");
	assert_int_equal(access("/tmp/records/pci:0000:01:00.0", F_OK), -1);
	libiommufd_host_close(other);

	/* Where records are root's, others may not even lock them. */
	assert_host_ok(claim(bench_name("EDU0"), 0));
	assert_int_equal(seteuid(1000), 0);
	r = release(bench_name("EDU0"), 0);
	int again = claim(bench_name("EDU0"), 0);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(r, -EACCES);
	assert_host_refused(again, EACCES, LIBIOMMUFD_REASON_NOT_PERMITTED);
	assert_non_null(strstr(libiommufd_host_last_error()->text, "root"));
	assert_host_ok(release(bench_name("EDU0"), 0));
}

static void a_directory_that_all_may_write_to_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkdir(RECORDS, 0755) < 0 && errno != EEXIST, 0);
	assert_int_equal(chmod(RECORDS, 0777), 0);
	assert_host_refused(claim(net(0), 0), EPERM, LIBIOMMUFD_HOST_REASON_RECORD);
	assert_int_equal(chmod(RECORDS, 0755), 0);
	assert_string_equal(hostbench_driver(net(0)), "e1000e");
}

static void a_broken_record_is_refused_and_changes_nothing(void **state)
{
	static const char *const broken[] = {
		"",
		"libiommufd-host 1\n",
		"libiommufd-host 2\ndriver=e1000e\noverride=\nclaimed=vfio-pci\n",
		"libiommufd-host 1\ndriver=../../e1000e\noverride=\nclaimed=vfio-pci\n",
		"libiommufd-host 1\ndriver=e1000e\noverride=\nclaimed=vfio-pci",
	};
	char path[128];
	(void)state;

	assert_host_ok(claim(net(0), 0));
	snprintf(path, sizeof(path), RECORDS "/pci:%s", net(0));
	hostbench_shell("cp %s /tmp/record", path);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		hostbench_shell("printf '%s' >%s", broken[i], path);
		assert_host_refused(release(net(0), 0), EIO, LIBIOMMUFD_HOST_REASON_RECORD);
		assert_string_equal(hostbench_driver(net(0)), "vfio-pci");
	}
	hostbench_shell("cp /tmp/record %s", path);
	assert_host_ok(release(net(0), 0));
}

/* Each sees the other's claims whole, or not at all. */
static void processes_that_claim_and_release_at_once_leave_all_as_it_was(void **state)
{
	pid_t children[3];
	int status;
	(void)state;

	for (int i = 0; i < 3; i++) {
		children[i] = fork();
		if (children[i])
			continue;
		libiommufd_host_close(host);
		if (libiommufd_host_open(NULL, &host) < 0)
			_exit(1);
		for (int n = 0; n < 6; n++) {
			if (claim(net(i & 1), LIBIOMMUFD_HOST_CLAIM_GROUP) < 0)
				_exit(2);
			int r = release(net(n & 1), LIBIOMMUFD_HOST_RELEASE_GROUP);
			/* Another one was quicker. */
			if (r < 0 && r != -ENOENT)
				_exit(3);
		}
		_exit(0);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	for (int i = 0; i < 2; i++) {
		assert_string_equal(hostbench_driver(net(i)), "e1000e");
		assert_override(net(i), "(null)");
		assert_false(has_record(net(i)));
	}
}

static void a_claim_that_is_killed_at_any_moment_can_be_released(void **state)
{
	int released = 0;
	(void)state;

	for (int n = 0; n < 40; n++) {
		pid_t child = fork();
		if (child == 0)
			_exit(claim(net(0), LIBIOMMUFD_HOST_CLAIM_GROUP) < 0);
		usleep((useconds_t)n * 3000);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		int r = release(net(0), LIBIOMMUFD_HOST_RELEASE_GROUP);
		assert_true(r == 0 || r == -ENOENT);
		released += r == 0;
		for (int i = 0; i < 2; i++) {
			assert_string_equal(hostbench_driver(net(i)), "e1000e");
			assert_override(net(i), "(null)");
			assert_false(has_record(net(i)));
		}
	}
	assert_in_range(released, 2, 40);
}

static void a_full_disk_leaves_the_device_where_it_is(void **state)
{
	(void)state;
	hostbench_shell("mkdir -p " RECORDS " && mount -t tmpfs -o size=4k,mode=755 none " RECORDS
			" && head -c 4096 /dev/zero >" RECORDS "/full");
	assert_host_refused(claim(net(0), 0), ENOSPC, LIBIOMMUFD_HOST_REASON_RECORD);
	assert_string_equal(hostbench_driver(net(0)), "e1000e");
	assert_override(net(0), "(null)");
	hostbench_shell("[ \"$(ls -A " RECORDS ")\" = \"$(printf 'full\\nlock')\" ] && rm " RECORDS
			"/full");
	/* Full again by the time of the release, which needs no room. */
	assert_host_ok(claim(net(0), 0));
	hostbench_shell("head -c 4096 /dev/zero >" RECORDS "/full 2>/dev/null || true");
	assert_host_ok(release(net(0), 0));
	assert_string_equal(hostbench_driver(net(0)), "e1000e");
	hostbench_shell("umount " RECORDS);
}

int records_run(void)
{
#define TEST(test) cmocka_unit_test_teardown(test, drivers_teardown)
	const struct CMUnitTest tests[] = {
		TEST(who_may_not_change_drivers_is_told),
		TEST(a_directory_that_all_may_write_to_is_refused),
		TEST(a_broken_record_is_refused_and_changes_nothing),
		TEST(processes_that_claim_and_release_at_once_leave_all_as_it_was),
		TEST(a_claim_that_is_killed_at_any_moment_can_be_released),
		TEST(a_full_disk_leaves_the_device_where_it_is),
	};

	return cmocka_run_group_tests_name("records", tests, hostbench_setup, hostbench_teardown);
}
