/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the fake as a whole: its life, files, the table of system calls, and failures on request. */
#include "fake_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fake_names.h"

const struct fake_config fake_default = {
	.devices =
		{
			{FAKE_DEV0, 3, "vfio-pci", {1 << 20}, -1, 0x1234, 0x11e8},
			{FAKE_DEV1, 3, "vfio-pci", {1 << 20}, -1, 0x1234, 0x11e8},
			{FAKE_ALONE, 5, "vfio-pci", {0x4000, 0, 4 << 20}, 0, 0x1b36, 0x10},
			{FAKE_MIXED, 7, "vfio-pci", {0x20000}, -1, 0x8086, 0x10d3},
			{FAKE_HOST, 7, "e1000e", {0x20000}, -1, 0x8086, 0x10d3},
		},
	.device_count = 5,
};

static _Thread_local unsigned inside;

bool fake_is_inside(void)
{
	return inside > 0;
}

void *fake_alloc(size_t size)
{
	void *p = calloc(1, size);
	if (!p)
		abort();
	return p;
}

static struct fake *of(const struct sys *sys)
{
	return (struct fake *)sys;
}

static void enter(struct fake *fake)
{
	inside++;
	pthread_mutex_lock(&fake->lock);
}

static void leave(struct fake *fake)
{
	pthread_mutex_unlock(&fake->lock);
	inside--;
}

/* Count a call; 0, or the errno it is to fail with. Needs the lock. */
static int count(struct fake *fake, const char *call, const char *what)
{
	unsigned nth = ++fake->calls;
	char name[sizeof(fake->failed)];

	snprintf(name, sizeof(name), "%s %s", call, what);
	if (nth <= FAKE_CALLS)
		strcpy(fake->names[nth - 1], name);
	/* The kernel has no way to fail an unmap of what was mapped just so. */
	if (nth > fake->fail_at && !strcmp(what, "VFIO_IOMMU_UNMAP_DMA"))
		return 0;
	if (!fake->fail_at || nth < fake->fail_at || (nth > fake->fail_at && !fake->fail_sticky))
		return 0;
	if (nth == fake->fail_at)
		strcpy(fake->failed, name);
	return fake->fail_error;
}

/* ---- Files ---- */

struct fake_file *fake_file_new(enum fake_file_kind kind)
{
	struct fake_file *file = fake_alloc(sizeof(*file));

	file->kind = kind;
	file->refs = 1;
	file->memory = -1;
	return file;
}

void fake_file_put(struct fake *fake, struct fake_file *file)
{
	if (--file->refs)
		return;
	switch (file->kind) {
	case FILE_MEMORY:
		close(file->memory);
		break;
	case FILE_IOMMUFD:
		fake_iommufd_put(fake, file->iommufd);
		break;
	case FILE_CDEV:
		fake_cdev_unbind(fake, file);
		break;
	case FILE_GROUP:
		if (file->group->container)
			fake_group_unset(fake, file->group);
		file->group->opened = NULL;
		break;
	case FILE_CONTAINER:
		fake_container_put(fake, file->container);
		break;
	case FILE_DEVICE:
		fake_device_disable(file->device);
		file->device->group->users--;
		fake_file_put(fake, file->device->group->opened);
		break;
	case FILE_TEXT:
		break;
	}
	free(file);
}

int fake_install(struct fake *fake, struct fake_file *file)
{
	for (int i = 0; i < FAKE_FDS; i++) {
		if (!fake->fds[i]) {
			fake->fds[i] = file;
			return FAKE_FIRST_FD + i;
		}
	}
	fake_file_put(fake, file);
	return -EMFILE;
}

struct fake_file *fake_lookup(struct fake *fake, int fd)
{
	int i = fd - FAKE_FIRST_FD;

	return i >= 0 && i < FAKE_FDS ? fake->fds[i] : NULL;
}

/* ---- System calls ---- */

static int fake_open(const struct sys *sys, const char *path, int flags)
{
	struct fake *fake = of(sys);

	enter(fake);
	int r = count(fake, "open", path);
	if (r == 0)
		r = fake_open_path(fake, path, flags, false);
	leave(fake);
	return r;
}

static int fake_close(const struct sys *sys, int fd)
{
	struct fake *fake = of(sys);
	int r = -EBADF;

	enter(fake);
	struct fake_file *file = fake_lookup(fake, fd);
	if (file) {
		fake->fds[fd - FAKE_FIRST_FD] = NULL;
		fake_file_put(fake, file);
		r = 0;
	}
	leave(fake);
	return r;
}

static int fake_dup(const struct sys *sys, int fd)
{
	struct fake *fake = of(sys);

	enter(fake);
	struct fake_file *file = fake_lookup(fake, fd);
	int r = count(fake, "dup", "");
	if (r == 0 && !file)
		r = -EBADF;
	if (r == 0) {
		file->refs++;
		r = fake_install(fake, file);
	}
	leave(fake);
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

	enter(fake);
	struct fake_file *file = fake_lookup(fake, fd);
	const char *name = fake_request_name(file ? (int)file->kind : -1, request);
	/* A list that is set and one that is taken back are not the same to a caller. */
	if (file && file->kind == FILE_IOMMUFD && request == IOMMU_IOAS_ALLOW_IOVAS &&
	    *(uint32_t *)arg >= sizeof(struct iommu_ioas_allow_iovas) &&
	    !((struct iommu_ioas_allow_iovas *)arg)->num_iovas)
		name = "IOMMU_IOAS_ALLOW_IOVAS none";
	int r = count(fake, "ioctl", name);
	if (r == 0)
		r = file ? do_ioctl(fake, file, request, arg) : -EBADF;
	leave(fake);
	return r;
}

static ssize_t fake_read(const struct sys *sys, int fd, void *buf, size_t size)
{
	struct fake *fake = of(sys);

	enter(fake);
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
	leave(fake);
	return r;
}

static ssize_t transfer(struct fake *fake, const char *call, int fd, void *to, const void *from,
			size_t size, uint64_t offset)
{
	enter(fake);
	struct fake_file *file = fake_lookup(fake, fd);
	ssize_t r = count(fake, call, "");
	if (r == 0 && (!file || (file->kind != FILE_CDEV && file->kind != FILE_DEVICE)))
		r = file ? -EINVAL : -EBADF;
	if (r == 0)
		r = fake_device_transfer(file, to, from, size, offset);
	leave(fake);
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

	enter(fake);
	int r = count(fake, "mmap", flags & MAP_ANONYMOUS ? "anonymous" : "file");
	if (r == 0)
		r = fake_do_mmap(fake, addr, length, prot, flags, fd, offset, ret_addr);
	leave(fake);
	return r;
}

static int fake_munmap(const struct sys *sys, void *addr, size_t length)
{
	struct fake *fake = of(sys);
	int r = 0;

	enter(fake);
	if (fake->count_munmap)
		r = count(fake, "munmap", "");
	if (r == 0)
		r = fake_do_munmap(fake, addr, length);
	leave(fake);
	return r;
}

static int fake_madvise(const struct sys *sys, void *addr, size_t length, int advice)
{
	struct fake *fake = of(sys);

	enter(fake);
	int r = count(fake, "madvise", "");
	if (r == 0 && madvise(addr, length, advice) < 0)
		r = -errno;
	leave(fake);
	return r;
}

static int fake_access(const struct sys *sys, const char *path)
{
	struct fake *fake = of(sys);

	enter(fake);
	int r = count(fake, "access", path);
	if (r == 0)
		r = fake_open_path(fake, path, O_RDWR, true);
	leave(fake);
	return r;
}

static int fake_readlink(const struct sys *sys, const char *path, char *buf, size_t size)
{
	struct fake *fake = of(sys);

	enter(fake);
	int r = count(fake, "readlink", path);
	if (r == 0)
		r = fake_read_link(fake, path, buf, size);
	leave(fake);
	return r;
}

static int fake_realpath(const struct sys *sys, const char *path, char *buf, size_t size)
{
	struct fake *fake = of(sys);

	enter(fake);
	int r = count(fake, "realpath", path);
	if (r == 0)
		r = fake_real_path(fake, path, buf, size);
	leave(fake);
	return r;
}

/* The names are taken first: each may call the fake. */
static int fake_list(const struct sys *sys, const char *path,
		     int (*each)(void *data, const char *name), void *data)
{
	struct fake *fake = of(sys);
	char *names = NULL;

	enter(fake);
	int r = count(fake, "list", path);
	if (r == 0)
		r = fake_list_names(fake, path, &names);
	leave(fake);
	for (const char *name = names; r == 0 && *name; name += strlen(name) + 1)
		if (each(data, name))
			break;
	free(names);
	return r;
}

static int fake_rdev(const struct sys *sys, int fd, dev_t *ret_rdev)
{
	struct fake *fake = of(sys);

	enter(fake);
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
	leave(fake);
	return r;
}

static int fake_seals(const struct sys *sys, int fd)
{
	struct fake *fake = of(sys);

	enter(fake);
	struct fake_file *file = fake_lookup(fake, fd);
	int r = count(fake, "seals", "");
	if (r == 0)
		r = !file ? -EBADF : file->kind == FILE_MEMORY && file->sealable ? 0 : -EINVAL;
	leave(fake);
	return r;
}

static int fake_memlock(const struct sys *sys, uint64_t *ret_bytes)
{
	struct fake *fake = of(sys);

	enter(fake);
	int r = count(fake, "memlock", "");
	if (r == 0)
		*ret_bytes = fake->config.memlock ? fake->config.memlock : UINT64_MAX;
	leave(fake);
	return r;
}

static pid_t fake_getpid(const struct sys *sys)
{
	(void)sys;
	return getpid();
}

/* ---- Life ---- */

static struct fake_group *group_of(struct fake *fake, int number)
{
	for (unsigned i = 0; i < fake->group_count; i++)
		if (fake->groups[i].number == number)
			return &fake->groups[i];
	struct fake_group *group = &fake->groups[fake->group_count++];
	group->number = number;
	return group;
}

static void new_device(struct fake *fake, unsigned index)
{
	struct fake_device *device = &fake->devices[index];

	device->config = &fake->config.devices[index];
	device->index = index;
	device->vfio = -1;
	if (device->config->driver)
		strcpy(device->driver, device->config->driver);
	device->vfio = fake_on_vfio(device) ? (int)index : -1;
	if (device->config->group >= 0)
		device->group = group_of(fake, device->config->group);
	for (int i = 0; i < 6; i++) {
		device->bars[i] = -1;
		if (!device->config->bar[i])
			continue;
		device->bars[i] = memfd_create("bar", MFD_CLOEXEC);
		if (device->bars[i] < 0 ||
		    ftruncate(device->bars[i], (off_t)device->config->bar[i]) < 0)
			abort();
	}
	device->space[0] = (uint8_t)device->config->vendor;
	device->space[1] = (uint8_t)(device->config->vendor >> 8);
	device->space[2] = (uint8_t)device->config->device;
	device->space[3] = (uint8_t)(device->config->device >> 8);
	/* The edu device names itself in its first register. */
	const uint32_t edu = 0x010000ed;
	if (device->config->device == 0x11e8 &&
	    pwrite(device->bars[0], &edu, sizeof(edu), 0) != sizeof(edu))
		abort();
}

struct fake *fake_new(const struct fake_config *config)
{
	inside++;
	struct fake *fake = fake_alloc(sizeof(*fake));

	fake->sys = (struct sys){
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
	pthread_mutex_init(&fake->lock, NULL);
	fake->config = config ? *config : fake_default;
	for (unsigned i = 0; i < fake->config.device_count; i++)
		new_device(fake, i);
	inside--;
	return fake;
}

void fake_free(struct fake *fake)
{
	for (unsigned i = 0; i < fake->config.device_count; i++)
		for (int bar = 0; bar < 6; bar++)
			if (fake->devices[i].bars[bar] >= 0)
				close(fake->devices[i].bars[bar]);
	pthread_mutex_destroy(&fake->lock);
	free(fake);
}

const struct sys *fake_sys(struct fake *fake)
{
	return &fake->sys;
}

struct fake_config *fake_config(struct fake *fake)
{
	return &fake->config;
}

int fake_file(struct fake *fake, uint64_t size, bool sealable, int flags)
{
	enter(fake);
	struct fake_file *file = fake_file_new(FILE_MEMORY);
	file->memory = memfd_create("file", MFD_CLOEXEC);
	if (file->memory < 0 || ftruncate(file->memory, (off_t)size) < 0)
		abort();
	file->sealable = sealable;
	file->flags = flags;
	int fd = fake_install(fake, file);
	leave(fake);
	return fd;
}

int fake_text_file(struct fake *fake)
{
	enter(fake);
	int fd = fake_install(fake, fake_file_new(FILE_TEXT));
	leave(fake);
	return fd;
}

/* ---- Failures ---- */

void fake_count_from_here(struct fake *fake, bool with_munmap)
{
	fake->calls = 0;
	fake->fail_at = 0;
	fake->failed[0] = '\0';
	fake->count_munmap = with_munmap;
}

unsigned fake_call_count(struct fake *fake)
{
	return fake->calls;
}

const char *fake_call_name(struct fake *fake, unsigned nth)
{
	return nth >= 1 && nth <= fake->calls && nth <= FAKE_CALLS ? fake->names[nth - 1] : NULL;
}

void fake_fail(struct fake *fake, unsigned nth, int error, bool sticky)
{
	fake->fail_at = nth;
	fake->fail_error = error;
	fake->fail_sticky = sticky;
	fake->failed[0] = '\0';
}

const char *fake_failed(struct fake *fake)
{
	return fake->failed[0] ? fake->failed : NULL;
}
