/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the way into the kernel: the table of real system calls. Calls nothing of the library. */
#include "sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int kernel_open(const struct sys *sys, const char *path, int flags)
{
	(void)sys;
	int fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int kernel_close(const struct sys *sys, int fd)
{
	(void)sys;
	return close(fd) < 0 ? -errno : 0;
}

static int kernel_dup(const struct sys *sys, int fd)
{
	(void)sys;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return copy < 0 ? -errno : copy;
}

static int kernel_ioctl(const struct sys *sys, int fd, unsigned long request, void *arg)
{
	(void)sys;
	int r = ioctl(fd, request, arg);
	return r < 0 ? -errno : r;
}

static ssize_t kernel_read(const struct sys *sys, int fd, void *buf, size_t size)
{
	(void)sys;
	ssize_t n = read(fd, buf, size);
	return n < 0 ? -errno : n;
}

static ssize_t kernel_pread(const struct sys *sys, int fd, void *buf, size_t size, uint64_t offset)
{
	(void)sys;
	ssize_t n = pread(fd, buf, size, (off_t)offset);
	return n < 0 ? -errno : n;
}

static ssize_t kernel_pwrite(const struct sys *sys, int fd, const void *buf, size_t size,
			     uint64_t offset)
{
	(void)sys;
	ssize_t n = pwrite(fd, buf, size, (off_t)offset);
	return n < 0 ? -errno : n;
}

static int kernel_mmap(const struct sys *sys, void *addr, size_t length, int prot, int flags,
		       int fd, uint64_t offset, void **ret_addr)
{
	(void)sys;
	void *p = mmap(addr, length, prot, flags, fd, (off_t)offset);
	if (p == MAP_FAILED)
		return -errno;
	*ret_addr = p;
	return 0;
}

static int kernel_munmap(const struct sys *sys, void *addr, size_t length)
{
	(void)sys;
	return munmap(addr, length) < 0 ? -errno : 0;
}

static int kernel_madvise(const struct sys *sys, void *addr, size_t length, int advice)
{
	(void)sys;
	return madvise(addr, length, advice) < 0 ? -errno : 0;
}

static int kernel_access(const struct sys *sys, const char *path)
{
	(void)sys;
	return faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) < 0 ? -errno : 0;
}

static int kernel_readlink(const struct sys *sys, const char *path, char *buf, size_t size)
{
	(void)sys;
	ssize_t n = readlink(path, buf, size);
	if (n < 0)
		return -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	buf[n] = '\0';
	return 0;
}

static int kernel_realpath(const struct sys *sys, const char *path, char *buf, size_t size)
{
	(void)sys;
	char full[PATH_MAX];

	if (!realpath(path, full))
		return -errno;
	if (strlen(full) >= size)
		return -ENAMETOOLONG;
	strcpy(buf, full);
	return 0;
}

static int kernel_list(const struct sys *sys, const char *path,
		       int (*each)(void *data, const char *name), void *data)
{
	(void)sys;
	DIR *dir = opendir(path);
	if (!dir)
		return -errno;

	struct dirent *entry;
	int r = 0;
	while (errno = 0, (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (each(data, entry->d_name))
			break;
	}
	if (!entry && errno)
		r = -errno;
	closedir(dir);
	return r;
}

static int kernel_rdev(const struct sys *sys, int fd, dev_t *ret_rdev)
{
	(void)sys;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISCHR(st.st_mode))
		return -ENODEV;
	*ret_rdev = st.st_rdev;
	return 0;
}

static int kernel_seals(const struct sys *sys, int fd)
{
	(void)sys;
	int seals = fcntl(fd, F_GET_SEALS);
	return seals < 0 ? -errno : seals;
}

static int kernel_memlock(const struct sys *sys, uint64_t *ret_bytes)
{
	(void)sys;
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return -errno;
	*ret_bytes = limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
	return 0;
}

static pid_t kernel_getpid(const struct sys *sys)
{
	(void)sys;
	return getpid();
}

const struct sys sys_kernel = {
	.open = kernel_open,
	.close = kernel_close,
	.dup = kernel_dup,
	.ioctl = kernel_ioctl,
	.read = kernel_read,
	.pread = kernel_pread,
	.pwrite = kernel_pwrite,
	.mmap = kernel_mmap,
	.munmap = kernel_munmap,
	.madvise = kernel_madvise,
	.access = kernel_access,
	.readlink = kernel_readlink,
	.realpath = kernel_realpath,
	.list = kernel_list,
	.rdev = kernel_rdev,
	.seals = kernel_seals,
	.memlock = kernel_memlock,
	.getpid = kernel_getpid,
};
