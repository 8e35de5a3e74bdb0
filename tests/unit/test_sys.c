/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The real system calls, on real files: every other test replaces them. */
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct sys *const sys = &sys_kernel;

static char dir[] = "/tmp/test_sys.XXXXXX";

/* No file has it: above every limit of open files that a test runs with. */
static const int bad_fd = INT_MAX;

static int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(dir);
}

/* A path in dir; good until the next four. */
static const char *in_dir(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", dir, name);
	return path;
}

/* Longer than any path may be. */
static const char *too_long(void)
{
	static char path[PATH_MAX + 10];

	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	return path;
}

static int new_memfd(const char *content)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	return fd;
}

static void assert_cloexec(int fd)
{
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

/* ---- Files ---- */

static void open_adds_cloexec(void **state)
{
	(void)state;
	int fd = sys->open(sys, "/dev/null", O_RDWR);

	assert_true(fd >= 0);
	assert_cloexec(fd);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	assert_int_equal(sys->close(sys, fd), 0);
}

static void open_passes_on_errno(void **state)
{
	(void)state;
	assert_int_equal(sys->open(sys, in_dir("none"), O_RDONLY), -ENOENT);
	assert_int_equal(sys->open(sys, "/dev/null/none", O_RDONLY), -ENOTDIR);
	assert_int_equal(sys->open(sys, dir, O_RDWR), -EISDIR);
	assert_int_equal(sys->open(sys, too_long(), O_RDONLY), -ENAMETOOLONG);
}

static void open_without_files_left_is_emfile(void **state)
{
	struct rlimit old, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){3, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	/* The lowest free number may be below 3 or not. */
	int fds[4], count = 0, r = 0, copy;
	while (count < 4 && (r = sys->open(sys, "/dev/null", O_RDONLY)) >= 0)
		fds[count++] = r;
	copy = sys->dup(sys, 0);
	while (count)
		close(fds[--count]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(r, -EMFILE);
	assert_int_equal(copy, -EMFILE);
}

static void close_of_no_file_is_ebadf(void **state)
{
	(void)state;
	assert_int_equal(sys->close(sys, -1), -EBADF);
	assert_int_equal(sys->close(sys, bad_fd), -EBADF);
}

static void dup_is_another_number_with_cloexec(void **state)
{
	int fd = new_memfd("");
	int copy = sys->dup(sys, fd);

	(void)state;
	assert_true(copy >= 0);
	assert_int_not_equal(copy, fd);
	assert_cloexec(copy);
	assert_int_equal(sys->close(sys, copy), 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	assert_int_equal(sys->dup(sys, bad_fd), -EBADF);
	assert_int_equal(sys->dup(sys, -1), -EBADF);
}

static void ioctl_returns_its_result_and_errno(void **state)
{
	int fds[2], ready = -1;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], "abc", 3), 3);
	assert_int_equal(sys->ioctl(sys, fds[0], FIONREAD, &ready), 0);
	assert_int_equal(ready, 3);
	assert_int_equal(sys->ioctl(sys, fds[0], 0x3b81, NULL), -ENOTTY);
	assert_int_equal(sys->ioctl(sys, bad_fd, FIONREAD, &ready), -EBADF);
	assert_int_equal(sys->ioctl(sys, fds[0], FIONREAD, NULL), -EFAULT);
	close(fds[0]);
	close(fds[1]);
}

/* ---- Read and write ---- */

static void read_takes_what_there_is(void **state)
{
	char buf[8] = "-------";
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], "abc", 3), 3);
	assert_int_equal(sys->read(sys, fds[0], buf, sizeof(buf)), 3);
	assert_memory_equal(buf, "abc----", 8);
	assert_int_equal(sys->read(sys, fds[1], buf, sizeof(buf)), -EBADF);
	close(fds[1]);
	assert_int_equal(sys->read(sys, fds[0], buf, sizeof(buf)), 0);
	close(fds[0]);
	assert_int_equal(sys->read(sys, bad_fd, buf, sizeof(buf)), -EBADF);
}

static void pread_and_pwrite_take_an_offset(void **state)
{
	const uint64_t far = 1ULL << 40;
	int fd = new_memfd("0123456789");
	char buf[4] = "---";

	(void)state;
	assert_int_equal(sys->pread(sys, fd, buf, 3, 4), 3);
	assert_memory_equal(buf, "456", 4);
	assert_int_equal(sys->pwrite(sys, fd, "xy", 2, 5), 2);
	assert_int_equal(sys->pread(sys, fd, buf, 3, 4), 3);
	assert_memory_equal(buf, "4xy", 4);
	/* Regions of a VFIO device are this far apart. */
	assert_int_equal(sys->pwrite(sys, fd, "far", 3, far), 3);
	assert_int_equal(sys->pread(sys, fd, buf, 3, far), 3);
	assert_memory_equal(buf, "far", 4);
	assert_int_equal(sys->pread(sys, fd, buf, 3, far + 3), 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 10);
	close(fd);
}

static void pread_and_pwrite_pass_on_errno(void **state)
{
	int fds[2];
	char buf[4];

	(void)state;
	assert_int_equal(sys->pread(sys, bad_fd, buf, 4, 0), -EBADF);
	assert_int_equal(sys->pwrite(sys, bad_fd, buf, 4, 0), -EBADF);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(sys->pread(sys, fds[0], buf, 4, 0), -ESPIPE);
	assert_int_equal(sys->pwrite(sys, fds[1], "abcd", 4, 0), -ESPIPE);
	close(fds[0]);
	close(fds[1]);
	int fd = new_memfd("");
	assert_int_equal(sys->pread(sys, fd, buf, 4, 1ULL << 63), -EINVAL);
	assert_int_equal(sys->pwrite(sys, fd, "abcd", 4, 1ULL << 63), -EINVAL);
	close(fd);
}

/* ---- Memory ---- */

static void mmap_returns_the_address_only_on_success(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = new_memfd("content");
	void *va = NULL, *untouched = (void *)1;

	(void)state;
	assert_int_equal(ftruncate(fd, (off_t)(2 * page)), 0);
	assert_int_equal(pwrite(fd, "second", 6, (off_t)page), 6);
	assert_int_equal(sys->mmap(sys, NULL, page, PROT_READ, MAP_SHARED, fd, page, &va), 0);
	assert_memory_equal(va, "second", 7);
	assert_int_equal(sys->munmap(sys, va, page), 0);
	assert_int_equal(sys->mmap(sys, NULL, page, PROT_READ, MAP_SHARED, bad_fd, 0, &untouched),
			 -EBADF);
	assert_int_equal(sys->mmap(sys, NULL, 0, PROT_READ, MAP_SHARED, fd, 0, &untouched),
			 -EINVAL);
	assert_int_equal(sys->mmap(sys, NULL, page, PROT_READ, MAP_SHARED, fd, 1, &untouched),
			 -EINVAL);
	assert_ptr_equal(untouched, (void *)1);
	close(fd);
}

static void mmap_is_at_the_address_given(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *room = NULL, *va = NULL;

	(void)state;
	assert_int_equal(sys->mmap(sys, NULL, 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				   0, &room),
			 0);
	assert_int_equal(sys->mmap(sys, (char *)room + page, page, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0, &va),
			 0);
	assert_ptr_equal(va, (char *)room + page);
	*(char *)va = 1;
	assert_int_equal(sys->munmap(sys, room, 2 * page), 0);
}

static void munmap_and_madvise_pass_on_errno(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	(void)state;
	assert_int_equal(sys->munmap(sys, (void *)1, page), -EINVAL);
	assert_int_equal(sys->munmap(sys, (void *)page, 0), -EINVAL);
	assert_int_equal(sys->madvise(sys, (void *)1, page, MADV_NORMAL), -EINVAL);
}

static void madvise_wipes_a_page_in_a_child(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *va = NULL;
	int status;

	(void)state;
	assert_int_equal(sys->mmap(sys, NULL, page, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, &va),
			 0);
	assert_int_equal(sys->madvise(sys, va, page, MADV_WIPEONFORK), 0);
	*(char *)va = 7;
	pid_t child = fork();
	if (child == 0)
		_exit(*(char *)va);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(*(char *)va, 7);
	assert_int_equal(sys->munmap(sys, va, page), 0);
}

/* ---- Paths ---- */

static void access_asks_for_reading_and_writing(void **state)
{
	(void)state;
	assert_int_equal(sys->access(sys, "/dev/null"), 0);
	assert_int_equal(sys->access(sys, in_dir("none")), -ENOENT);
	assert_int_equal(sys->access(sys, too_long()), -ENAMETOOLONG);
	assert_int_equal(sys->access(sys, "/dev/null/none"), -ENOTDIR);
	/* Not even root writes to this one. */
	int r = sys->access(sys, "/proc/version");
	assert_true(r == -EACCES || (geteuid() == 0 && r == 0));
}

static void access_is_that_of_the_effective_user(void **state)
{
	const char *path = in_dir("private");
	int status;

	(void)state;
	if (geteuid())
		skip();
	int fd = open(path, O_CREAT | O_RDONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(sys->access(sys, path), 0);
	pid_t child = fork();
	if (child == 0) {
		/* The real user stays root. */
		if (setresuid(0, 65534, 0))
			_exit(2);
		_exit(sys->access(sys, path) == -EACCES ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(unlink(path), 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void readlink_terminates_what_fits_exactly(void **state)
{
	const char *path = in_dir("link");
	char buf[8];

	(void)state;
	assert_int_equal(symlink("target", path), 0);
	memset(buf, '-', sizeof(buf));
	assert_int_equal(sys->readlink(sys, path, buf, 7), 0);
	assert_memory_equal(buf, "target\0-", 8);
	assert_int_equal(sys->readlink(sys, path, buf, 6), -ENAMETOOLONG);
	assert_int_equal(sys->readlink(sys, path, buf, 1), -ENAMETOOLONG);
	assert_int_equal(unlink(path), 0);
}

static void readlink_passes_on_errno(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(sys->readlink(sys, in_dir("none"), buf, sizeof(buf)), -ENOENT);
	assert_int_equal(sys->readlink(sys, dir, buf, sizeof(buf)), -EINVAL);
	assert_int_equal(sys->readlink(sys, too_long(), buf, sizeof(buf)), -ENAMETOOLONG);
}

static void realpath_follows_links_and_fits_exactly(void **state)
{
	const char *path = in_dir("link");
	char real[PATH_MAX], buf[PATH_MAX];

	(void)state;
	assert_non_null(realpath(dir, real));
	assert_int_equal(symlink(dir, path), 0);
	assert_int_equal(sys->realpath(sys, path, buf, sizeof(buf)), 0);
	assert_string_equal(buf, real);
	assert_int_equal(sys->realpath(sys, path, buf, strlen(real) + 1), 0);
	assert_string_equal(buf, real);
	assert_int_equal(sys->realpath(sys, path, buf, strlen(real)), -ENAMETOOLONG);
	assert_int_equal(unlink(path), 0);
}

static void realpath_passes_on_errno(void **state)
{
	const char *path = in_dir("loop");
	char buf[PATH_MAX];

	(void)state;
	assert_int_equal(sys->realpath(sys, in_dir("none"), buf, sizeof(buf)), -ENOENT);
	assert_int_equal(sys->realpath(sys, "/dev/null/none", buf, sizeof(buf)), -ENOTDIR);
	assert_int_equal(sys->realpath(sys, too_long(), buf, sizeof(buf)), -ENAMETOOLONG);
	assert_int_equal(symlink(path, path), 0);
	assert_int_equal(sys->realpath(sys, path, buf, sizeof(buf)), -ELOOP);
	assert_int_equal(unlink(path), 0);
}

struct seen {
	unsigned a, b, others, stop_after;
};

static int see(void *data, const char *name)
{
	struct seen *seen = data;

	seen->a += !strcmp(name, "a");
	seen->b += !strcmp(name, ".b");
	seen->others += strcmp(name, "a") && strcmp(name, ".b");
	return seen->a + seen->b + seen->others == seen->stop_after;
}

static void list_gives_every_entry_once_until_it_is_stopped(void **state)
{
	struct seen seen = {0}, one = {.stop_after = 1};

	(void)state;
	assert_int_equal(mkdir(in_dir("a"), 0700), 0);
	assert_int_equal(mkdir(in_dir(".b"), 0700), 0);
	assert_int_equal(sys->list(sys, dir, see, &seen), 0);
	assert_int_equal(seen.a, 1);
	assert_int_equal(seen.b, 1);
	assert_int_equal(seen.others, 0);
	assert_int_equal(sys->list(sys, dir, see, &one), 0);
	assert_int_equal(one.a + one.b, 1);
	assert_int_equal(rmdir(in_dir("a")), 0);
	assert_int_equal(rmdir(in_dir(".b")), 0);
}

static int clobber_errno(void *data, const char *name)
{
	(void)data;
	(void)name;
	errno = EIO;
	return 0;
}

static void list_is_not_fooled_by_an_errno_of_its_callback(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_dir("a"), 0700), 0);
	assert_int_equal(sys->list(sys, dir, clobber_errno, NULL), 0);
	assert_int_equal(rmdir(in_dir("a")), 0);
}

static void list_passes_on_errno_and_leaves_no_file(void **state)
{
	struct seen seen = {0};

	(void)state;
	int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(before);
	assert_int_equal(sys->list(sys, in_dir("none"), see, &seen), -ENOENT);
	assert_int_equal(sys->list(sys, "/dev/null", see, &seen), -ENOTDIR);
	assert_int_equal(sys->list(sys, dir, see, &seen), 0);
	int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(after);
	assert_int_equal(after, before);
}

/* ---- What is known of a file and of the process ---- */

static void rdev_is_the_number_of_a_character_device(void **state)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC), memory = new_memfd("");
	dev_t rdev = 77;

	(void)state;
	assert_int_equal(sys->rdev(sys, memory, &rdev), -ENODEV);
	assert_int_equal(sys->rdev(sys, bad_fd, &rdev), -EBADF);
	assert_int_equal(rdev, 77);
	assert_int_equal(sys->rdev(sys, fd, &rdev), 0);
	assert_int_equal(rdev, makedev(1, 3));
	close(fd);
	close(memory);
}

static void seals_are_there_for_a_memfd_only(void **state)
{
	int sealed = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING), fds[2];

	(void)state;
	assert_int_equal(sys->seals(sys, sealed), 0);
	assert_int_equal(fcntl(sealed, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	assert_int_equal(sys->seals(sys, sealed), F_SEAL_SHRINK);
	close(sealed);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(sys->seals(sys, fds[0]), -EINVAL);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(sys->seals(sys, bad_fd), -EBADF);
}

static void memlock_is_the_soft_limit_in_bytes(void **state)
{
	struct rlimit old, lower;
	uint64_t bytes = 77;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &old), 0);
	lower = (struct rlimit){65536, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &lower), 0);
	assert_int_equal(sys->memlock(sys, &bytes), 0);
	assert_int_equal(bytes, 65536);
	lower.rlim_cur = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &lower), 0);
	assert_int_equal(sys->memlock(sys, &bytes), 0);
	assert_int_equal(bytes, old.rlim_max == RLIM_INFINITY ? UINT64_MAX : old.rlim_max);
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &old), 0);
}

static void getpid_is_that_of_the_caller(void **state)
{
	int status;

	(void)state;
	assert_int_equal(sys->getpid(sys), getpid());
	pid_t child = fork();
	if (child == 0)
		_exit(sys->getpid(sys) == getpid() ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void no_entry_of_the_table_is_missing(void **state)
{
	/* Each is a pointer, so that a new one without its function shows. */
	void *const *entries = (void *const *)(const void *)sys;

	(void)state;
	for (size_t i = 0; i < sizeof(*sys) / sizeof(void *); i++)
		assert_non_null(entries[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_adds_cloexec),
		cmocka_unit_test(open_passes_on_errno),
		cmocka_unit_test(open_without_files_left_is_emfile),
		cmocka_unit_test(close_of_no_file_is_ebadf),
		cmocka_unit_test(dup_is_another_number_with_cloexec),
		cmocka_unit_test(ioctl_returns_its_result_and_errno),
		cmocka_unit_test(read_takes_what_there_is),
		cmocka_unit_test(pread_and_pwrite_take_an_offset),
		cmocka_unit_test(pread_and_pwrite_pass_on_errno),
		cmocka_unit_test(mmap_returns_the_address_only_on_success),
		cmocka_unit_test(mmap_is_at_the_address_given),
		cmocka_unit_test(munmap_and_madvise_pass_on_errno),
		cmocka_unit_test(madvise_wipes_a_page_in_a_child),
		cmocka_unit_test(access_asks_for_reading_and_writing),
		cmocka_unit_test(access_is_that_of_the_effective_user),
		cmocka_unit_test(readlink_terminates_what_fits_exactly),
		cmocka_unit_test(readlink_passes_on_errno),
		cmocka_unit_test(realpath_follows_links_and_fits_exactly),
		cmocka_unit_test(realpath_passes_on_errno),
		cmocka_unit_test(list_gives_every_entry_once_until_it_is_stopped),
		cmocka_unit_test(list_is_not_fooled_by_an_errno_of_its_callback),
		cmocka_unit_test(list_passes_on_errno_and_leaves_no_file),
		cmocka_unit_test(rdev_is_the_number_of_a_character_device),
		cmocka_unit_test(seals_are_there_for_a_memfd_only),
		cmocka_unit_test(memlock_is_the_soft_limit_in_bytes),
		cmocka_unit_test(getpid_is_that_of_the_caller),
		cmocka_unit_test(no_entry_of_the_table_is_missing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
