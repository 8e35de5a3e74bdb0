/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the fake as a whole: its life, its open files, and which call is to fail. */
#include "fake_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const struct fake_config fake_default = {
	.memlock = 8 << 20,
	.devices =
		{
			{FAKE_DEV0, 3, "vfio-pci", {1 << 20}, -1, 0x1234, 0x11e8, 1, 0, true, 0},
			{FAKE_DEV1, 3, "vfio-pci", {1 << 20}, -1, 0x1234, 0x11e8, 1, 0, true, 0},
			{FAKE_ALONE,
			 5,
			 "vfio-pci",
			 {0x4000, 0, 4 << 20},
			 0,
			 0x1b36,
			 0x10,
			 2,
			 4,
			 false,
			 0},
			{FAKE_MIXED, 7, "vfio-pci", {0x20000}, -1, 0x8086, 0x10d3, 1, 5, false, 0},
			{FAKE_HOST, 7, "e1000e", {0x20000}, -1, 0x8086, 0x10d3, 1, 5, false, 0},
			{FAKE_THIRD, 9, "vfio-pci", {0x4000}, -1, 0x1234, 0x11e8, 1, 0, true, 0},
		},
	.device_count = 6,
};

void *fake_alloc(size_t size)
{
	void *p = calloc(1, size);
	if (!p)
		abort();
	return p;
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
		fake_device_disable(fake, file->device);
		file->device->group->users--;
		fake_file_put(fake, file->device->group->opened);
		break;
	case FILE_TEXT:
	case FILE_EVENT:
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
	device->irq = FAKE_NO_IRQ;
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
	fake_enter(NULL);
	struct fake *fake = fake_alloc(sizeof(*fake));

	fake->sys = fake_sys_table;
	pthread_mutex_init(&fake->lock, NULL);
	pthread_cond_init(&fake->hold.changed, NULL);
	fake->config = config ? *config : fake_default;
	for (unsigned i = 0; i < fake->config.device_count; i++)
		new_device(fake, i);
	fake_leave(NULL);
	return fake;
}

void fake_free(struct fake *fake)
{
	for (unsigned i = 0; i < fake->config.device_count; i++)
		for (int bar = 0; bar < 6; bar++)
			if (fake->devices[i].bars[bar] >= 0)
				close(fake->devices[i].bars[bar]);
	pthread_cond_destroy(&fake->hold.changed);
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
	fake_enter(fake);
	struct fake_file *file = fake_file_new(FILE_MEMORY);
	file->memory = memfd_create("file", MFD_CLOEXEC);
	if (file->memory < 0 || ftruncate(file->memory, (off_t)size) < 0)
		abort();
	file->sealable = sealable;
	file->flags = flags;
	int fd = fake_install(fake, file);
	fake_leave(fake);
	return fd;
}

static int plain_file(struct fake *fake, enum fake_file_kind kind)
{
	fake_enter(fake);
	int fd = fake_install(fake, fake_file_new(kind));
	fake_leave(fake);
	return fd;
}

int fake_event(struct fake *fake)
{
	return plain_file(fake, FILE_EVENT);
}

int fake_text_file(struct fake *fake)
{
	return plain_file(fake, FILE_TEXT);
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

void fake_refuse(struct fake *fake, const char *call, unsigned nth, int error)
{
	snprintf(fake->refused, sizeof(fake->refused), "%s", call ? call : "");
	fake->refused_from = nth;
	fake->refused_error = error;
	fake->refused_once = false;
}

void fake_refuse_once(struct fake *fake, const char *call, unsigned nth, int error)
{
	fake_refuse(fake, call, nth, error);
	fake->refused_once = true;
}

const char *fake_failed(struct fake *fake)
{
	return fake->failed[0] ? fake->failed : NULL;
}
