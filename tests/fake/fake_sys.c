/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the fake's system calls: each counted, failed if it is its turn, and done under the lock. */
#include "fake_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fake_names.h"

static _Thread_local unsigned inside;

bool fake_is_inside(void)
{
	return inside > 0;
}

static struct fake *of(const struct sys *sys)
{
	return (struct fake *)sys;
}

void fake_enter(struct fake *fake)
{
	inside++;
	if (fake)
		pthread_mutex_lock(&fake->lock);
}

void fake_leave(struct fake *fake)
{
	if (fake)
		pthread_mutex_unlock(&fake->lock);
	inside--;
}

/* Count a call; 0, or the errno it is to fail with. Needs the lock. */
static int count(struct fake *fake, const char *call, const char *what)
{
	fake_maybe_stop(fake, call, what);
	unsigned nth = ++fake->calls;
	char name[sizeof(fake->failed)];

	snprintf(name, sizeof(name), "%s %s", call, what);
	if (nth <= FAKE_CALLS)
		strcpy(fake->names[nth - 1], name);
	if (!strcmp(name, fake->refused) && (fake->refused_from < 2 || !--fake->refused_from)) {
		if (fake->refused_once)
			fake->refused[0] = '\0';
		return fake->refused_error;
	}
	/* The kernel has no way to fail an unmap of what was mapped just so, nor to keep a group. */
	if (nth > fake->fail_at &&
	    (!strcmp(what, "VFIO_IOMMU_UNMAP_DMA") || !strcmp(what, "VFIO_GROUP_UNSET_CONTAINER")))
		return 0;
	if (!fake->fail_at || nth < fake->fail_at || (nth > fake->fail_at && !fake->fail_sticky))
		return 0;
	if (nth == fake->fail_at)
		strcpy(fake->failed, name);
	return fake->fail_error;
}

static int fake_open(const struct sys *sys, const char *path, int flags)
{
	struct fake *fake = of(sys);

	fake_enter(fake);
	int r = count(fake, "open", path);
	if (r == 0)
		r = fake_open_path(fake, path, flags, false);
	fake_leave(fake);
	return r;
}

static int fake_close(const struct sys *sys, int fd)
{
	struct fake *fake = of(sys);
	int r = -EBADF;

	fake_enter(fake);
	fake_maybe_stop(fake, "close", "");
	struct fake_file *file = fake_lookup(fake, fd);
	if (file) {
		fake->fds[fd - FAKE_FIRST_FD] = NULL;
		fake_file_put(fake, file);
		r = 0;
	}
	fake_leave(fake);
	return r;
}

static int fake_dup(const struct sys *sys, int fd)
{
	struct fake *fake = of(sys);

	fake_enter(fake);
	struct fake_file *file = fake_lookup(fake, fd);
	int r = count(fake, "dup", "");
	if (r == 0 && !file)
		r = -EBADF;
	if (r == 0) {
		file->refs++;
		r = fake_install(fake, file);
	}
	fake_leave(fake);
	return r;
}

static int do_ioctl(struct fake *fake, struct fake_file *file, unsigned long request, void *arg)
{
	switch (file->kind) {
	case FILE_IOMMUFD:
		return fake_iommufd_ioctl(fake, file, request, arg);
	case FILE_CDEV:
	case FILE_DEVICE:
		return fake_device_ioctl(fake, file, request, arg);
	case FILE_GROUP:
		return fake_group_ioctl(fake, file, request, arg);
	case FILE_CONTAINER:
		return fake_container_ioctl(fake, file->container, request, arg);
	default:
		return -ENOTTY;
	}
}

static int fake_ioctl(const struct sys *sys, int fd, unsigned long request, void *arg)
{
	struct fake *fake = of(sys);

	fake_enter(fake);
	struct fake_file *file = fake_lookup(fake, fd);
	const char *name = fake_request_name(file ? (int)file->kind : -1, request);
	/* A list that is set and one that is taken back are not the same to a caller. */
	if (file && file->kind == FILE_IOMMUFD && request == IOMMU_IOAS_ALLOW_IOVAS &&
	    *(uint32_t *)arg >= sizeof(struct iommu_ioas_allow_iovas) &&
	    !((struct iommu_ioas_allow_iovas *)arg)->num_iovas)
		name = "IOMMU_IOAS_ALLOW_IOVAS none";
	int r = count(fake, "ioctl", name);
	/* A call that fails may leave anything there. */
	if (r < 0 && !strcmp(name, "VFIO_DEVICE_FEATURE")) {
		struct vfio_device_feature *feature = arg;
		memset(feature->data, 0xee, feature->argsz - sizeof(*feature));
	}
	if (r == 0)
		r = file ? do_ioctl(fake, file, request, arg) : -EBADF;
	fake_leave(fake);
	return r;
}

static ssize_t fake_read(const struct sys *sys, int fd, void *buf, size_t size)
{
	struct fake *fake = of(sys);

	fake_enter(fake);
	struct fake_file *file = fake_lookup(fake, fd);
	ssize_t r = count(fake, "read", "");
	if (r == 0 && (!file || file->kind != FILE_TEXT))
		r = file ? -EINVAL : -EBADF;
	if (r == 0) {
		size_t left = strlen(file->text) - file->position;
		r = (ssize_t)(size < left ? size : left);
		memcpy(buf, file->text + file->position, (size_t)r);
		file->position += (size_t)r;
	}
	fake_leave(fake);
	return r;
}

static ssize_t transfer(struct fake *fake, const char *call, int fd, void *to, const void *from,
			size_t size, uint64_t offset)
{
	fake_enter(fake);
	struct fake_file *file = fake_lookup(fake, fd);
	ssize_t r = count(fake, call, "");
	if (r == 0 && (!file || (file->kind != FILE_CDEV && file->kind != FILE_DEVICE)))
		r = file ? -EINVAL : -EBADF;
	if (r == 0)
		r = fake_device_transfer(file, to, from, size, offset);
	fake_leave(fake);
	return r;
}

static ssize_t fake_pread(const struct sys *sys, int fd, void *buf, size_t size, uint64_t offset)
{
	return transfer(of(sys), "pread", fd, buf, NULL, size, offset);
}

static ssize_t fake_pwrite(const struct sys *sys, int fd, const void *buf, size_t size,
			   uint64_t offset)
{
	return transfer(of(sys), "pwrite", fd, NULL, buf, size, offset);
}

static int fake_mmap(const struct sys *sys, void *addr, size_t length, int prot, int flags, int fd,
		     uint64_t offset, void **ret_addr)
{
	struct fake *fake = of(sys);

	fake_enter(fake);
	int r = count(fake, "mmap", flags & MAP_ANONYMOUS ? "anonymous" : "file");
	if (r == 0)
		r = fake_do_mmap(fake, addr, length, prot, flags, fd, offset, ret_addr);
	fake_leave(fake);
	return r;
}

static int fake_munmap(const struct sys *sys, void *addr, size_t length)
{
	struct fake *fake = of(sys);
	int r = 0;

	fake_enter(fake);
	if (fake->count_munmap)
		r = count(fake, "munmap", "");
	else
		fake_maybe_stop(fake, "munmap", "");
	if (r == 0)
		r = fake_do_munmap(fake, addr, length);
	fake_leave(fake);
	return r;
}

static int fake_madvise(const struct sys *sys, void *addr, size_t length, int advice)
{
	struct fake *fake = of(sys);

	fake_enter(fake);
	int r = count(fake, "madvise", "");
	if (r == 0 && madvise(addr, length, advice) < 0)
		r = -errno;
	fake_leave(fake);
	return r;
}

static int fake_access(const struct sys *sys, const char *path)
{
	struct fake *fake = of(sys);

	fake_enter(fake);
	int r = count(fake, "access", path);
	if (r == 0)
		r = fake_open_path(fake, path, O_RDWR, true);
	fake_leave(fake);
	return r;
}

static int fake_readlink(const struct sys *sys, const char *path, char *buf, size_t size)
{
	struct fake *fake = of(sys);

	fake_enter(fake);
	int r = count(fake, "readlink", path);
	if (r == 0)
		r = fake_read_link(fake, path, buf, size);
	fake_leave(fake);
	return r;
}

static int fake_realpath(const struct sys *sys, const char *path, char *buf, size_t size)
{
	struct fake *fake = of(sys);

	fake_enter(fake);
	int r = count(fake, "realpath", path);
	if (r == 0)
		r = fake_real_path(fake, path, buf, size);
	fake_leave(fake);
	return r;
}

/* The names are taken first: each may call the fake. */
static int fake_list(const struct sys *sys, const char *path,
		     int (*each)(void *data, const char *name), void *data)
{
	struct fake *fake = of(sys);
	char *names = NULL;

	fake_enter(fake);
	int r = count(fake, "list", path);
	if (r == 0)
		r = fake_list_names(fake, path, &names);
	fake_leave(fake);
	for (const char *name = names; r == 0 && *name; name += strlen(name) + 1)
		if (each(data, name))
			break;
	free(names);
	return r;
}

static int fake_rdev(const struct sys *sys, int fd, dev_t *ret_rdev)
{
	struct fake *fake = of(sys);

	fake_enter(fake);
	struct fake_file *file = fake_lookup(fake, fd);
	int r = count(fake, "rdev", "");
	if (r == 0 && !file)
		r = -EBADF;
	if (r == 0 && (file->kind == FILE_TEXT || file->kind == FILE_MEMORY))
		r = -ENODEV;
	if (r == 0)
		*ret_rdev = file->kind != FILE_CDEV   ? makedev(10, 196)
			    : fake->config.stale_node ? makedev(1, 3)
						      : fake_devt(file->device);
	fake_leave(fake);
	return r;
}

static int fake_seals(const struct sys *sys, int fd)
{
	struct fake *fake = of(sys);

	fake_enter(fake);
	struct fake_file *file = fake_lookup(fake, fd);
	int r = count(fake, "seals", "");
	if (r == 0)
		r = !file ? -EBADF : file->kind == FILE_MEMORY && file->sealable ? 0 : -EINVAL;
	fake_leave(fake);
	return r;
}

static int fake_memlock(const struct sys *sys, uint64_t *ret_bytes)
{
	struct fake *fake = of(sys);

	fake_enter(fake);
	int r = count(fake, "memlock", "");
	if (r == 0)
		*ret_bytes = fake->config.memlock ? fake->config.memlock : UINT64_MAX;
	fake_leave(fake);
	return r;
}

static pid_t fake_getpid(const struct sys *sys)
{
	(void)sys;
	return getpid();
}

const struct sys fake_sys_table = {
	.open = fake_open,
	.close = fake_close,
	.dup = fake_dup,
	.ioctl = fake_ioctl,
	.read = fake_read,
	.pread = fake_pread,
	.pwrite = fake_pwrite,
	.mmap = fake_mmap,
	.munmap = fake_munmap,
	.madvise = fake_madvise,
	.access = fake_access,
	.readlink = fake_readlink,
	.realpath = fake_realpath,
	.list = fake_list,
	.rdev = fake_rdev,
	.seals = fake_seals,
	.memlock = fake_memlock,
	.getpid = fake_getpid,
};
