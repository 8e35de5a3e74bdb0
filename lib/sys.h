/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The system calls of the library, as one table. Everything the library asks of the kernel goes
 * through it, so that tests can put another kernel behind it. Every entry returns a negative errno
 * on failure and never touches errno's meaning for the caller.
 */
#ifndef LIBIOMMUFD_SYS_H
#define LIBIOMMUFD_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sys {
	/* O_CLOEXEC is added. */
	int (*open)(const struct sys *sys, const char *path, int flags);
	int (*close)(const struct sys *sys, int fd);
	int (*dup)(const struct sys *sys, int fd);
	int (*ioctl)(const struct sys *sys, int fd, unsigned long request, void *arg);
	ssize_t (*read)(const struct sys *sys, int fd, void *buf, size_t size);
	ssize_t (*pread)(const struct sys *sys, int fd, void *buf, size_t size, uint64_t offset);
	ssize_t (*pwrite)(const struct sys *sys, int fd, const void *buf, size_t size,
			  uint64_t offset);
	int (*mmap)(const struct sys *sys, void *addr, size_t length, int prot, int flags, int fd,
		    uint64_t offset, void **ret_addr);
	int (*munmap)(const struct sys *sys, void *addr, size_t length);
	int (*madvise)(const struct sys *sys, void *addr, size_t length, int advice);
	/* May this process open the path for reading and writing? */
	int (*access)(const struct sys *sys, const char *path);
	/* The result is terminated; -ENAMETOOLONG if it does not fit. */
	int (*readlink)(const struct sys *sys, const char *path, char *buf, size_t size);
	int (*realpath)(const struct sys *sys, const char *path, char *buf, size_t size);
	/* Calls each for every entry but "." and ".." until it returns non-zero. */
	int (*list)(const struct sys *sys, const char *path,
		    int (*each)(void *data, const char *name), void *data);
	/* The device number of an open character device; -ENODEV for another kind of file. */
	int (*rdev)(const struct sys *sys, int fd, dev_t *ret_rdev);
	/* The seals of a memfd or another file in memory; -EINVAL for any other file. */
	int (*seals)(const struct sys *sys, int fd);
	/* RLIMIT_MEMLOCK in bytes; UINT64_MAX if unlimited. */
	int (*memlock)(const struct sys *sys, uint64_t *ret_bytes);
	pid_t (*getpid)(const struct sys *sys);
};

extern const struct sys sys_kernel;

#endif
