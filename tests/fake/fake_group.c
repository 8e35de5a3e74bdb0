/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns who may have a group's DMA, and the fake's VFIO group files. Drivers of the host, contexts and
 * containers exclude each other.
 */
#include "fake_internal.h"

#include <stdlib.h>
#include <string.h>

#include "uapi/vfio.h"

/* Does a driver leave DMA to user space? */
static bool is_harmless(const char *driver)
{
	return !driver[0] || !strcmp(driver, "vfio-pci") || !strcmp(driver, "pci-stub") ||
	       !strcmp(driver, "pcieport");
}

static bool is_used_by_host(const struct fake *fake, const struct fake_group *group)
{
	for (unsigned i = 0; i < fake->config.device_count; i++)
		if (fake->devices[i].group == group && !is_harmless(fake->devices[i].driver))
			return true;
	return false;
}

int fake_claim(struct fake *fake, struct fake_group *group, const void *owner, bool alone)
{
	if (is_used_by_host(fake, group))
		return -EPERM;
	if (group->owners && (alone || group->owner != owner))
		return -EPERM;
	group->owner = owner;
	group->owners++;
	return 0;
}

void fake_release(struct fake_group *group)
{
	if (--group->owners == 0)
		group->owner = NULL;
}

bool fake_isolated(const struct fake *fake)
{
	return !fake->config.no_remapping || fake->config.allow_unsafe;
}

int fake_set_driver(struct fake *fake, const char *address, const char *driver)
{
	int r = 0;

	pthread_mutex_lock(&fake->lock);
	struct fake_device *device = fake_device_at(fake, address);
	if (device->opens)
		r = -EBUSY; /* the real one waits */
	else if (!is_harmless(driver) && device->group && device->group->owners)
		r = -EBUSY;
	if (r == 0) {
		snprintf(device->driver, sizeof(device->driver), "%s", driver);
		device->vfio = fake_on_vfio(device) ? (int)device->index : -1;
	}
	pthread_mutex_unlock(&fake->lock);
	return r;
}

/* ---- The group's file ---- */

int fake_group_open(struct fake *fake, struct fake_group *group)
{
	if (group->cdevs || group->opened)
		return -EBUSY;
	struct fake_file *file = fake_file_new(FILE_GROUP);
	file->group = group;
	group->opened = file;
	return fake_install(fake, file);
}

static int get_status(const struct fake *fake, const struct fake_group *group,
		      struct vfio_group_status *status)
{
	if (status->argsz < sizeof(*status))
		return -EINVAL;
	status->flags = 0;
	if (group->container)
		status->flags = VFIO_GROUP_FLAGS_CONTAINER_SET | VFIO_GROUP_FLAGS_VIABLE;
	else if (!group->owners && !is_used_by_host(fake, group))
		status->flags = VFIO_GROUP_FLAGS_VIABLE;
	return 0;
}

static int set_container(struct fake *fake, struct fake_group *group, const int *fd)
{
	struct fake_file *file = fake_lookup(fake, *fd);

	if (!file)
		return -EBADF;
	if (group->container)
		return -EINVAL;
	if (file->kind != FILE_CONTAINER)
		return -EBADFD;
	int r = fake_claim(fake, group, group, true);
	if (r < 0)
		return r;
	if (file->container->has_iommu && !fake_isolated(fake)) {
		fake_release(group);
		return -EPERM;
	}
	if (!fake_container_suits(fake, file->container, group)) {
		fake_release(group);
		return -EINVAL;
	}
	group->container = file->container;
	group->container->refs++;
	group->next_in_container = group->container->groups;
	group->container->groups = group;
	return 0;
}

void fake_group_unset(struct fake *fake, struct fake_group *group)
{
	struct fake_container *container = group->container;
	struct fake_group **link = &container->groups;

	while (*link != group)
		link = &(*link)->next_in_container;
	*link = group->next_in_container;
	group->next_in_container = NULL;
	group->container = NULL;
	fake_release(group);
	if (!container->groups) {
		fake_container_empty(fake, container);
		container->has_iommu = false;
	}
	fake_container_put(fake, container);
}

static int unset_container(struct fake *fake, struct fake_group *group)
{
	if (!group->container)
		return -EINVAL;
	if (group->users)
		return -EBUSY;
	fake_group_unset(fake, group);
	return 0;
}

static int get_device(struct fake *fake, struct fake_file *file, const char *name)
{
	struct fake_group *group = file->group;
	struct fake_device *device = fake_device_at(fake, name);

	if (!device || device->group != group || !fake_on_vfio(device))
		return -ENODEV;
	if (!group->container)
		return -EINVAL;
	if (!group->container->has_iommu)
		return -EINVAL;
	struct fake_file *opened = fake_file_new(FILE_DEVICE);
	opened->device = device;
	file->refs++;
	group->users++;
	fake_device_enable(device);
	return fake_install(fake, opened);
}

int fake_group_ioctl(struct fake *fake, struct fake_file *file, unsigned long request, void *arg)
{
	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		return get_status(fake, file->group, arg);
	case VFIO_GROUP_SET_CONTAINER:
		return set_container(fake, file->group, arg);
	case VFIO_GROUP_UNSET_CONTAINER:
		return unset_container(fake, file->group);
	case VFIO_GROUP_GET_DEVICE_FD:
		return get_device(fake, file, arg);
	default:
		return -ENOTTY;
	}
}
