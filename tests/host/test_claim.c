/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs claims and releases on files that stand for sysfs, and behave as its drivers do: with every call to the kernel
 * failing once. No node ever comes, so that a claim gets as far as its wait, and then takes everything back. Claims
 * that succeed are run on real kernels.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../lib/host/host.h"

#include "tree.h"

#define DEVICE "0000:01:00.0"
#define OTHER  "0000:01:00.1"
#define SYSFS  "/sys/devices/pci/"

static struct libiommufd_host *host;
static char records[128], opened[256];
static int calls, failing; /* the number of the call that fails; 0: none */
static bool refusing;      /* vfio-pci takes no device */

/* What is asked of sysfs counts. */
static bool fails(const char *path)
{
	return !strncmp(path, "/sys/", 5) && ++calls == failing;
}

static int file_open(const struct sys *sys, const char *path, int flags)
{
	snprintf(opened, sizeof(opened), "%s", path);
	if (fails(path))
		return -EIO;
	if ((flags & O_ACCMODE) != O_WRONLY)
		return sys_kernel.open(sys, path, flags);
	return sys_kernel.open(sys, "/dev/null", flags);
}

static ssize_t file_read(const struct sys *sys, int fd, void *buf, size_t size)
{
	return fails(opened) ? -EIO : sys_kernel.read(sys, fd, buf, size);
}

static int file_readlink(const struct sys *sys, const char *path, char *buf, size_t size)
{
	return fails(path) ? -EIO : sys_kernel.readlink(sys, path, buf, size);
}

/* No other process. */
static int file_list(const struct sys *sys, const char *path,
		     int (*each)(void *data, const char *name), void *data)
{
	if (fails(path))
		return -EIO;
	return strcmp(path, "/proc") ? sys_kernel.list(sys, path, each, data) : 0;
}

/* No udev. */
static int file_access(const struct sys *sys, const char *path)
{
	return strncmp(path, "/run/udev", 9) ? sys_kernel.access(sys, path) : -ENOENT;
}

static void read_file(const char *path, char *buf, size_t size)
{
	buf[0] = '\0';
	FILE *file = fopen(path, "re");
	if (file && !fgets(buf, (int)size, file))
		buf[0] = '\0';
	if (file)
		fclose(file);
	buf[strcspn(buf, "\n")] = '\0';
}

static const char *override_of(const char *name)
{
	static char text[64];
	char path[128];

	snprintf(path, sizeof(path), SYSFS "%s/driver_override", name);
	read_file(path, text, sizeof(text));
	return text;
}

static const char *driver_of(const char *name)
{
	static char target[256];
	char path[128];

	snprintf(path, sizeof(path), SYSFS "%s/driver", name);
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	return n < 0 ? target : strrchr(target, '/') + 1;
}

static void unbind(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), SYSFS "%s/driver", name);
	tree_remove(path);
	snprintf(path, sizeof(path), SYSFS "%s/vfio-dev", name);
	tree_directory(path);
	tree_remove(path);
}

static void probe(const char *name)
{
	char path[128], target[128], driver[64];

	snprintf(driver, sizeof(driver), "%s", override_of(name));
	if (!strcmp(driver, "(null)"))
		strcpy(driver, "e1000e");
	if (refusing && !strcmp(driver, "vfio-pci"))
		return;
	snprintf(path, sizeof(path), SYSFS "%s/driver", name);
	snprintf(target, sizeof(target), "../../../bus/pci/drivers/%s", driver);
	tree_link(path, target);
	if (!strcmp(driver, "vfio-pci"))
		tree_vfio("pci", name, 0, 1);
}

/* What the kernel does when its attributes are opened to. */
static ssize_t file_pwrite(const struct sys *sys, int fd, const void *buf, size_t size,
			   uint64_t offset)
{
	const char *last = strrchr(opened, '/');
	char text[64], name[32] = "";
	(void)sys, (void)fd, (void)offset;

	if (fails(opened))
		return -EIO;
	snprintf(text, sizeof(text), "%.*s", (int)size, (const char *)buf);
	sscanf(opened, SYSFS "%31[^/]", name);
	if (!strcmp(last, "/driver_override"))
		tree_file(opened, *text == '\n' ? "(null)\n" : text);
	else if (!strcmp(last, "/unbind"))
		unbind(name);
	else if (!strcmp(last, "/drivers_probe"))
		probe(text);
	else
		fail();
	return (ssize_t)size;
}

static void make_device(const char *name)
{
	char path[128];

	tree_device("pci", name, "e1000e", 6);
	snprintf(path, sizeof(path), SYSFS "%s/driver_override", name);
	tree_file(path, "(null)\n");
}

static int setup(void **state)
{
	static struct sys sys;
	struct libiommufd_host_opts opts = {.size = sizeof(opts), .record_dir = records};
	struct op op;

	sys = sys_kernel;
	sys.open = file_open;
	sys.read = file_read;
	sys.pwrite = file_pwrite;
	sys.readlink = file_readlink;
	sys.access = file_access;
	sys.list = file_list;
	calls = failing = 0;
	refusing = false;
	if (tree_setup(state))
		return -1;
	snprintf(records, sizeof(records), "%s/records", getenv("UMOCKDEV_DIR"));
	op_begin(&op, "test", "", NULL);
	make_device(DEVICE);
	make_device(OTHER);
	tree_file("/sys/module/vfio_pci/initstate", "live\n");
	return host_make(&sys, &op, &opts, &host);
}

static int teardown(void **state)
{
	host = libiommufd_host_close(host);
	return tree_teardown(state);
}

static int claim(const char *driver, uint32_t flags)
{
	const struct libiommufd_host_claim_opts opts = {.size = sizeof(opts),
							.flags = flags,
							.driver = driver,
							.timeout_ms = 1};

	calls = 0;
	return libiommufd_host_claim_device(host, DEVICE, &opts);
}

static int release(void)
{
	calls = 0;
	return libiommufd_host_release_device(host, DEVICE, NULL);
}

static bool has_record(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/pci:%s", records, name);
	return access(path, F_OK) == 0;
}

static void assert_untouched(const char *name)
{
	assert_string_equal(driver_of(name), "e1000e");
	assert_string_equal(override_of(name), "(null)");
	assert_false(has_record(name));
}

static void assert_refused(int result, int error, uint32_t reason)
{
	const struct libiommufd_error *record = libiommufd_host_last_error();

	assert_int_equal(result, -error);
	assert_int_equal(record->error, -error);
	assert_int_equal(record->reason, reason);
}

/* A record as a claim of another process left it, and its device on vfio-pci. */
static void claimed_before(const char *driver)
{
	char path[256];

	mkdir(records, 0755);
	snprintf(path, sizeof(path), "%s/pci:" DEVICE, records);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "libiommufd-host 1\ndriver=%s\noverride=\nclaimed=vfio-pci\n", driver);
	fclose(file);
	unbind(DEVICE);
	tree_file(SYSFS DEVICE "/driver_override", "vfio-pci\n");
	probe(DEVICE);
	assert_string_equal(driver_of(DEVICE), "vfio-pci");
}

static void a_claim_without_a_node_takes_everything_back(void **state)
{
	(void)state;
	assert_refused(claim(NULL, 0), ETIMEDOUT, LIBIOMMUFD_HOST_REASON_TIMEOUT);
	assert_untouched(DEVICE);
	assert_refused(claim(NULL, LIBIOMMUFD_HOST_CLAIM_GROUP), ETIMEDOUT,
		       LIBIOMMUFD_HOST_REASON_TIMEOUT);
	assert_untouched(DEVICE);
	assert_untouched(OTHER);
}

static void whatever_call_fails_a_claim_is_undone_or_its_record_stays(void **state)
{
	int undone = 0, n;
	(void)state;

	for (n = 1; n < 500; n++) {
		failing = n;
		int r = claim(NULL, LIBIOMMUFD_HOST_CLAIM_GROUP);
		bool reached = calls >= n;
		failing = 0;
		assert_true(r < 0);
		assert_int_equal(libiommufd_host_last_error()->error, r);
		assert_true(strlen(libiommufd_host_last_error()->text) > 20);
		const char *const names[] = {DEVICE, OTHER};
		for (int i = 0; i < 2; i++) {
			struct libiommufd_host_release_opts all =
				{.size = sizeof(all), .flags = LIBIOMMUFD_HOST_RELEASE_GROUP};
			if (!has_record(names[i])) {
				undone++;
				assert_untouched(names[i]);
				continue;
			}
			/* Its undoing failed as well: whoever comes later can do it. */
			assert_int_equal(libiommufd_host_release_device(host, names[i], &all), 0);
			assert_untouched(names[i]);
		}
		if (!reached)
			break;
	}
	assert_in_range(n, 40, 499);
	assert_true(undone > n);
}

static void whatever_call_fails_a_release_can_be_tried_again(void **state)
{
	int n;
	(void)state;

	for (n = 1; n < 200; n++) {
		claimed_before("e1000e");
		failing = n;
		int r = release();
		bool reached = calls >= n;
		failing = 0;
		if (r < 0) {
			assert_int_equal(libiommufd_host_last_error()->error, r);
			assert_true(has_record(DEVICE));
			assert_int_equal(release(), 0);
		}
		assert_untouched(DEVICE);
		if (!reached)
			break;
	}
	assert_in_range(n, 10, 199);
}

static void a_driver_that_refuses_leaves_the_old_one(void **state)
{
	(void)state;
	refusing = true;
	assert_refused(claim(NULL, 0), ENODEV, LIBIOMMUFD_HOST_REASON_DRIVER_REFUSED);
	assert_untouched(DEVICE);
}

static void a_claim_for_another_driver_that_fails_leaves_the_one_before(void **state)
{
	(void)state;
	claimed_before("e1000e");
	assert_refused(claim("mlx5_vfio_pci", 0), ETIMEDOUT, LIBIOMMUFD_HOST_REASON_TIMEOUT);
	assert_string_equal(driver_of(DEVICE), "vfio-pci");
	assert_string_equal(override_of(DEVICE), "vfio-pci");
	assert_int_equal(release(), 0);
	assert_untouched(DEVICE);
}

static void a_device_on_a_third_driver_keeps_it_and_loses_its_record(void **state)
{
	(void)state;
	claimed_before("nvme");
	unbind(DEVICE);
	tree_file(SYSFS DEVICE "/driver_override", "(null)\n");
	probe(DEVICE);
	assert_refused(release(), ENOENT, LIBIOMMUFD_HOST_REASON_NOT_CLAIMED);
	assert_untouched(DEVICE);
}

static void records_that_are_links_or_of_others_are_not_followed(void **state)
{
	char path[256], target[256];
	(void)state;

	claimed_before("e1000e");
	snprintf(path, sizeof(path), "%s/pci:" DEVICE, records);
	snprintf(target, sizeof(target), "%s/elsewhere", records);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink("elsewhere", path), 0);
	assert_refused(release(), ELOOP, LIBIOMMUFD_HOST_REASON_RECORD);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rename(target, path), 0);

	/* Nor is the directory a link, or one that others may write to. */
	snprintf(target, sizeof(target), "%s.real", records);
	assert_int_equal(rename(records, target), 0);
	assert_int_equal(symlink(target, records), 0);
	int r = release();
	assert_true(r == -ELOOP || r == -ENOTDIR);
	assert_refused(r, -r, LIBIOMMUFD_HOST_REASON_RECORD);
	assert_int_equal(unlink(records), 0);
	assert_int_equal(rename(target, records), 0);
	assert_int_equal(chmod(records, 0775), 0);
	assert_refused(release(), EPERM, LIBIOMMUFD_HOST_REASON_RECORD);
	assert_int_equal(chmod(records, 0755), 0);
	assert_string_equal(driver_of(DEVICE), "vfio-pci");
	assert_int_equal(release(), 0);
	assert_untouched(DEVICE);
}

static void a_directory_of_records_that_cannot_be_made_is_told(void **state)
{
	struct libiommufd_host_opts opts = {.size = sizeof(opts)};
	struct libiommufd_host *other;
	char path[256];
	(void)state;

	for (int file = 0; file < 2; file++) {
		snprintf(path, sizeof(path), "%s/no/records", getenv("UMOCKDEV_DIR"));
		if (file) {
			snprintf(path, sizeof(path), "%s/dev/records", getenv("UMOCKDEV_DIR"));
			tree_file("/dev/records", "");
		}
		opts.record_dir = path;
		assert_int_equal(libiommufd_host_open(&opts, &other), 0);
		assert_refused(libiommufd_host_claim_device(other, DEVICE, NULL),
			       file ? ENOTDIR : ENOENT, LIBIOMMUFD_HOST_REASON_RECORD);
		assert_refused(libiommufd_host_release_device(other, DEVICE, NULL),
			       file ? ENOTDIR : ENOENT,
			       file ? LIBIOMMUFD_HOST_REASON_RECORD
				    : LIBIOMMUFD_HOST_REASON_NOT_CLAIMED);
		libiommufd_host_close(other);
	}
	opts.record_dir = "relative";
	assert_refused(libiommufd_host_open(&opts, &other), EINVAL, LIBIOMMUFD_REASON_OPTIONS);
	assert_untouched(DEVICE);
}

static void a_group_that_cannot_be_listed_is_not_claimed_in_part(void **state)
{
	(void)state;
	tree_remove("/sys/kernel/iommu_groups/6/devices");
	assert_refused(claim(NULL, LIBIOMMUFD_HOST_CLAIM_GROUP), ENODEV,
		       LIBIOMMUFD_REASON_NO_GROUP);
	assert_untouched(DEVICE);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_claim_without_a_node_takes_everything_back),
		TEST(whatever_call_fails_a_claim_is_undone_or_its_record_stays),
		TEST(whatever_call_fails_a_release_can_be_tried_again),
		TEST(a_driver_that_refuses_leaves_the_old_one),
		TEST(a_claim_for_another_driver_that_fails_leaves_the_one_before),
		TEST(a_device_on_a_third_driver_keeps_it_and_loses_its_record),
		TEST(records_that_are_links_or_of_others_are_not_followed),
		TEST(a_directory_of_records_that_cannot_be_made_is_told),
		TEST(a_group_that_cannot_be_listed_is_not_claimed_in_part),
	};

	return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
