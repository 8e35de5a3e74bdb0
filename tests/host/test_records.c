/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs claims and releases whose records are damaged, someone else's, locked, or have no room. */
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "drivers.h"

static void records_that_are_links_or_of_others_are_not_followed(void **state)
{
	char path[256], target[256];
	(void)state;

	claimed_before(DEVICE, "e1000e");
	snprintf(path, sizeof(path), "%s/pci:" DEVICE, records);
	snprintf(target, sizeof(target), "%s/elsewhere", records);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink("elsewhere", path), 0);
	assert_refused(release(0), ELOOP, LIBIOMMUFD_HOST_REASON_RECORD);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rename(target, path), 0);

	/* Nor is the directory a link, or one that others may write to. */
	snprintf(target, sizeof(target), "%s.real", records);
	assert_int_equal(rename(records, target), 0);
	assert_int_equal(symlink(target, records), 0);
	int r = release(0);
	assert_true(r == -ELOOP || r == -ENOTDIR);
	assert_refused(r, -r, LIBIOMMUFD_HOST_REASON_RECORD);
	assert_int_equal(unlink(records), 0);
	assert_int_equal(rename(target, records), 0);
	assert_int_equal(chmod(records, 0775), 0);
	assert_refused(release(0), EPERM, LIBIOMMUFD_HOST_REASON_RECORD);
	assert_int_equal(chmod(records, 0755), 0);
	assert_string_equal(driver_of(DEVICE), "vfio-pci");
	assert_int_equal(release(0), 0);
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

static void write_record(const void *bytes, size_t size)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/pci:" DEVICE, records);
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

static void damaged_records_change_nothing_and_are_told(void **state)
{
	char whole[256], path[256], huge[8192];
	(void)state;

	claimed_before(DEVICE, "e1000e");
	snprintf(path, sizeof(path), "%s/pci:" DEVICE, records);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = read(fd, whole, sizeof(whole));
	close(fd);
	assert_in_range(size, 60, 200);
	/* Cut off anywhere, one byte more, one byte that is none. */
	for (ssize_t n = 0; n <= size; n++) {
		char damaged[sizeof(whole) + 1];

		write_record(whole, (size_t)n);
		if (n < size)
			assert_refused(release(0), EIO, LIBIOMMUFD_HOST_REASON_RECORD);
		memcpy(damaged, whole, (size_t)size);
		memmove(damaged + n + 1, damaged + n, (size_t)(size - n));
		damaged[n] = '\0';
		write_record(damaged, (size_t)size + 1);
		assert_refused(release(0), EIO, LIBIOMMUFD_HOST_REASON_RECORD);
		assert_refused(claim("pci-stub", 0), EIO, LIBIOMMUFD_HOST_REASON_RECORD);
	}
	/* What looks like one, and is not what we write. */
	memset(huge, 'x', sizeof(huge));
	memcpy(huge, whole, (size_t)size);
	write_record(huge, sizeof(huge));
	assert_refused(release(0), EIO, LIBIOMMUFD_HOST_REASON_RECORD);
	memset(huge, 0xff, sizeof(huge));
	write_record(huge, sizeof(huge));
	assert_refused(release(0), EIO, LIBIOMMUFD_HOST_REASON_RECORD);
	assert_string_equal(driver_of(DEVICE), "vfio-pci");
	assert_string_equal(override_of(DEVICE), "vfio-pci");

	write_record(whole, (size_t)size);
	assert_int_equal(release(0), 0);
	assert_untouched(DEVICE);
}

/* A file system without room, as far as a file may grow: not at all, or by a part of the record. */
static void a_record_that_has_no_room_leaves_the_device_where_it_is(void **state)
{
	struct rlimit before;
	char path[256];
	(void)state;

	assert_int_equal(claim(NULL, 0), -ETIMEDOUT);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	for (rlim_t room = 0; room < 20; room += 10) {
		const struct rlimit little = {room, before.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
		int r = claim(NULL, 0);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		assert_refused(r, room ? ENOSPC : EFBIG, LIBIOMMUFD_HOST_REASON_RECORD);
		assert_untouched(DEVICE);
		assert_false(has_record(DEVICE ".new"));
	}

	/* What is in its way was not made by us. */
	snprintf(path, sizeof(path), "%s/pci:" DEVICE ".new", records);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_refused(claim(NULL, 0), EEXIST, LIBIOMMUFD_HOST_REASON_RECORD);
	assert_untouched(DEVICE);
	assert_int_equal(rmdir(path), 0);
	snprintf(path, sizeof(path), "%s/pci:" DEVICE, records);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_refused(claim(NULL, 0), EISDIR, LIBIOMMUFD_HOST_REASON_RECORD);
	assert_refused(release(0), EISDIR, LIBIOMMUFD_HOST_REASON_RECORD);
	assert_int_equal(rmdir(path), 0);
	assert_untouched(DEVICE);
}

/* A signal that the caller catches is no reason to go on without the lock, or to give up. */
static void on_alarm(int number)
{
	(void)number;
}

static pid_t lock_in_a_child(const char *path, int flags, int milliseconds)
{
	int ready[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		int fd = open(path, flags | O_CLOEXEC);
		if (fd < 0 || flock(fd, LOCK_EX) < 0 || write(ready[1], "r", 1) != 1)
			_exit(1);
		usleep((useconds_t)milliseconds * 1000);
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static void who_can_only_read_the_records_cannot_lock_them(void **state)
{
	struct stat st;
	char path[256];
	(void)state;

	claimed_before(DEVICE, "e1000e");
	/* Anyone could do that, and for as long as they like. */
	pid_t child = lock_in_a_child(records, O_RDONLY | O_DIRECTORY, 60000);
	alarm(30);
	assert_int_equal(release(0), 0);
	alarm(0);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	snprintf(path, sizeof(path), "%s/lock", records);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	/* Another release or claim is waited for. */
	claimed_before(DEVICE, "e1000e");
	child = lock_in_a_child(path, O_RDWR, 200);
	const struct sigaction action = {.sa_handler = on_alarm};
	const struct itimerval soon = {.it_value = {.tv_usec = 50000}};
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	assert_int_equal(release(0), 0);
	signal(SIGALRM, SIG_DFL);
	assert_int_equal(waitpid(child, NULL, WNOHANG | WNOWAIT) != 0, 1);
	waitpid(child, NULL, 0);
	assert_untouched(DEVICE);

	/* Nor can it be made to be another file. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("elsewhere", path), 0);
	assert_refused(release(0), ELOOP, LIBIOMMUFD_HOST_REASON_RECORD);
	assert_int_equal(unlink(path), 0);
}

/* Its directory has the same name, and is another one. */
static void a_device_that_left_and_came_back_is_not_claimed(void **state)
{
	(void)state;
	claimed_before(DEVICE, "nvme");
	vanish(DEVICE);
	make_device(DEVICE);
	unbind(DEVICE);
	assert_refused(release(0), ENOENT, LIBIOMMUFD_HOST_REASON_NOT_CLAIMED);
	assert_string_equal(driver_of(DEVICE), "");
	assert_string_equal(override_of(DEVICE), "(null)");
}

static void a_group_that_was_released_in_part_can_be_released_again(void **state)
{
	(void)state;
	claimed_before(OTHER, "e1000e");
	/* The first has no record, as after a call that failed at the second. */
	assert_refused(release(0), ENOENT, LIBIOMMUFD_HOST_REASON_NOT_CLAIMED);
	assert_int_equal(release(LIBIOMMUFD_HOST_RELEASE_GROUP), 0);
	assert_untouched(DEVICE);
	assert_untouched(OTHER);
	assert_refused(release(LIBIOMMUFD_HOST_RELEASE_GROUP), ENOENT,
		       LIBIOMMUFD_HOST_REASON_NOT_CLAIMED);
}

/* It is text, and nobody checks what. */
static void any_override_comes_back_or_the_claim_is_refused(void **state)
{
	char text[600];
	(void)state;

	tree_file(SYSFS DEVICE "/driver_override", "a/b=c\xff d\n");
	assert_int_equal(claim(NULL, 0), -ETIMEDOUT);
	assert_string_equal(override_of(DEVICE), "a/b=c\xff d");
	assert_false(has_record(DEVICE));

	memset(text, 'x', sizeof(text));
	strcpy(text + 254, "\n");
	tree_file(SYSFS DEVICE "/driver_override", text);
	assert_int_equal(claim(NULL, 0), -ETIMEDOUT);
	text[254] = '\0';
	assert_string_equal(override_of(DEVICE), text);

	memset(text, 'x', sizeof(text));
	strcpy(text + 500, "\n");
	tree_file(SYSFS DEVICE "/driver_override", text);
	assert_refused(claim(NULL, 0), ENAMETOOLONG, LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_string_equal(driver_of(DEVICE), "e1000e");
	assert_int_equal(strlen(override_of(DEVICE)), 500);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, drivers_setup, drivers_teardown)
	const struct CMUnitTest tests[] = {
		TEST(records_that_are_links_or_of_others_are_not_followed),
		TEST(a_directory_of_records_that_cannot_be_made_is_told),
		TEST(damaged_records_change_nothing_and_are_told),
		TEST(a_record_that_has_no_room_leaves_the_device_where_it_is),
		TEST(who_can_only_read_the_records_cannot_lock_them),
		TEST(a_device_that_left_and_came_back_is_not_claimed),
		TEST(a_group_that_was_released_in_part_can_be_released_again),
		TEST(any_override_comes_back_or_the_claim_is_refused),
	};

	return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
