/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns snapshots of devices: how they are read, sorted, and joined to their groups. Reads sysfs. */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sysfs.h"

bool read_link(const struct sys *sys, const char *dir, const char *link, char *buf, size_t size)
{
	int r = sysfs_link(sys, dir, link, buf, size);
	if (r < 0)
		buf[0] = '\0';
	return r == 0 || r == -ENOENT;
}

/* Bridges have another kind of configuration space, and vfio-pci refuses them. */
bool device_is_bridge(const struct sys *sys, const struct libiommufd_host_device *device)
{
	char path[SYSFS_PATH];
	uint8_t header = 0;

	if (strcmp(device->bus, "pci") ||
	    (size_t)snprintf(path, sizeof(path), "%s/config", device->sysfs) >= sizeof(path))
		return false;
	int fd = sys->open(sys, path, O_RDONLY);
	if (fd < 0)
		return false;
	ssize_t n = sys->pread(sys, fd, &header, 1, 0x0e);
	sys->close(sys, fd);
	return n == 1 && (header & 0x7f) != 0;
}

bool device_is_gone(const struct sys *sys, const struct libiommufd_host_device *device)
{
	char bus[16];

	return sysfs_link(sys, device->sysfs, "subsystem", bus, sizeof(bus)) == -ENOENT;
}

int device_group_now(const struct sys *sys, const struct libiommufd_host_device *device)
{
	char name[16], *end;

	int r = sysfs_link(sys, device->sysfs, "iommu_group", name, sizeof(name));
	if (r < 0)
		return r == -ENOENT ? LIBIOMMUFD_FACT_NONE : LIBIOMMUFD_FACT_UNKNOWN;
	long number = strtol(name, &end, 10);
	if (end == name || *end || number < 0 || number > INT32_MAX)
		return LIBIOMMUFD_FACT_UNKNOWN;
	return (int)number;
}

static int take_vfio(void *data, const char *name)
{
	struct libiommufd_host_device *device = data;

	if (strncmp(name, "vfio", 4) || strlen(name) >= sizeof(device->vfio))
		return 0;
	strcpy(device->vfio, name);
	return 1;
}

static void read_node(const struct sys *sys, struct libiommufd_host_device *device)
{
	char dir[SYSFS_PATH], number[32];

	device->node_known = true;
	/* Most devices have no driver of that kind; a directory that is not looked for costs nothing. */
	if (device->driver_known && !device->driver[0])
		return;
	if ((size_t)snprintf(dir, sizeof(dir), "%s/vfio-dev", device->sysfs) >= sizeof(dir)) {
		device->node_known = false;
		return;
	}
	int r = sys->list(sys, dir, take_vfio, device);
	device->node_known = r == 0 || r == -ENOENT;
	if (!device->vfio[0])
		return;
	/* The directory is there on kernels without the character device, too; its number is not. */
	char attribute[40];
	snprintf(attribute, sizeof(attribute), "vfio-dev/%s/dev", device->vfio);
	r = sysfs_read(sys, device->sysfs, attribute, number, sizeof(number));
	if (r == 0)
		snprintf(device->node, sizeof(device->node), "/dev/vfio/devices/%s", device->vfio);
	else if (r != -ENOENT)
		device->node_known = false;
}

int devices_add_unread(struct libiommufd_host_devices *devices, const char *bus, const char *sysfs)
{
	/* Room doubles: the count is a power of two when it is used up. */
	if (!(devices->count & (devices->count - 1))) {
		size_t room = devices->count ? 2 * devices->count : 1;
		void *more = realloc(devices->devices, room * sizeof(*devices->devices));
		if (!more)
			return -ENOMEM;
		devices->devices = more;
	}
	struct libiommufd_host_device *device = &devices->devices[devices->count];
	*device = (struct libiommufd_host_device){.sysfs = strdup(sysfs),
						  .number = LIBIOMMUFD_FACT_UNKNOWN};
	if (!device->sysfs)
		return -ENOMEM;
	const char *slash = strrchr(device->sysfs, '/');
	device->name = slash ? slash + 1 : device->sysfs;
	snprintf(device->bus, sizeof(device->bus), "%s", bus);
	devices->count++;
	return 0;
}

int devices_add(struct libiommufd_host_devices *devices, const struct sys *sys, const char *bus,
		const char *sysfs)
{
	int r = devices_add_unread(devices, bus, sysfs);
	if (r < 0)
		return r;
	struct libiommufd_host_device *device = &devices->devices[devices->count - 1];
	device->driver_known =
		read_link(sys, device->sysfs, "driver", device->driver, sizeof(device->driver));
	device->iommu_known =
		read_link(sys, device->sysfs, "iommu", device->iommu, sizeof(device->iommu));
	device->number = device_group_now(sys, device);
	read_node(sys, device);
	return 0;
}

static int by_bus_and_name(const void *a, const void *b)
{
	const struct libiommufd_host_device *x = a, *y = b;
	int r = strcmp(x->bus, y->bus);

	/* PCI comes first: nobody lists a machine for its platform devices. */
	if (r && (!strcmp(x->bus, "pci") || !strcmp(y->bus, "pci")))
		return strcmp(x->bus, "pci") ? 1 : -1;
	return r ? r : strcmp(x->name, y->name);
}

struct listing {
	const struct sys *sys;
	struct group *group;
	bool no_memory;
};

static int add_member(void *data, const char *name)
{
	struct listing *listing = data;
	struct group *group = listing->group;
	char dir[SYSFS_PATH];

	if (!(group->count & (group->count - 1))) {
		size_t room = group->count ? 2 * group->count : 1;
		void *more = realloc(group->members, room * sizeof(*group->members));
		if (!more) {
			listing->no_memory = true;
			return 1;
		}
		group->members = more;
	}
	struct member *member = &group->members[group->count++];
	snprintf(member->name, sizeof(member->name), "%s", name);
	snprintf(dir, sizeof(dir), "/sys/kernel/iommu_groups/%d/devices/%.260s", group->number,
		 name);
	member->driver_known =
		read_link(listing->sys, dir, "driver", member->driver, sizeof(member->driver));
	return 0;
}

static int by_member_name(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

static int read_group(const struct sys *sys, struct group *group)
{
	struct listing listing = {.sys = sys, .group = group};
	char dir[64];

	snprintf(dir, sizeof(dir), "/sys/kernel/iommu_groups/%d/devices", group->number);
	group->known = sys->list(sys, dir, add_member, &listing) == 0;
	if (listing.no_memory)
		return -ENOMEM;
	if (group->count)
		qsort(group->members, group->count, sizeof(*group->members), by_member_name);
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

int devices_finish(struct libiommufd_host_devices *devices, const struct sys *sys)
{
	size_t count = 0;

	if (!devices->count)
		return 0;
	qsort(devices->devices, devices->count, sizeof(*devices->devices), by_bus_and_name);
	devices->groups = calloc(devices->count, sizeof(*devices->groups));
	if (!devices->groups)
		return -ENOMEM;
	for (size_t i = 0; i < devices->count; i++)
		if (devices->devices[i].number >= 0)
			devices->groups[count++].number = devices->devices[i].number;
	qsort(devices->groups, count, sizeof(*devices->groups), by_number);
	for (size_t i = 0; i < count; i++)
		if (!i ||
		    devices->groups[i].number != devices->groups[devices->group_count - 1].number)
			devices->groups[devices->group_count++] = devices->groups[i];
	for (size_t i = 0; i < devices->group_count; i++)
		if (read_group(sys, &devices->groups[i]) < 0)
			return -ENOMEM;
	for (size_t i = 0; i < devices->count; i++) {
		struct libiommufd_host_device *device = &devices->devices[i];
		struct group key = {.number = device->number};

		device->group = bsearch(&key, devices->groups, devices->group_count,
					sizeof(*devices->groups), by_number);
	}
	return dma_read(devices, sys);
}

EXPORT struct libiommufd_host_devices *
libiommufd_host_devices_free(struct libiommufd_host_devices *devices)
{
	if (!devices)
		return NULL;
	for (size_t i = 0; i < devices->count; i++) {
		free(devices->devices[i].sysfs);
		free(devices->devices[i].aliases);
	}
	for (size_t i = 0; i < devices->group_count; i++)
		free(devices->groups[i].members);
	free(devices->devices);
	free(devices->groups);
	free(devices);
	return NULL;
}

EXPORT size_t libiommufd_host_devices_get_count(const struct libiommufd_host_devices *devices)
{
	return devices ? devices->count : 0;
}

EXPORT const struct libiommufd_host_device *
libiommufd_host_devices_get(const struct libiommufd_host_devices *devices, size_t index)
{
	return devices && index < devices->count ? &devices->devices[index] : NULL;
}

EXPORT const char *libiommufd_host_device_get_name(const struct libiommufd_host_device *device)
{
	return device ? device->name : NULL;
}

EXPORT const char *libiommufd_host_device_get_bus(const struct libiommufd_host_device *device)
{
	return device ? device->bus : NULL;
}

EXPORT const char *libiommufd_host_device_get_sysfs(const struct libiommufd_host_device *device)
{
	return device ? device->sysfs : NULL;
}

EXPORT const char *libiommufd_host_device_get_driver(const struct libiommufd_host_device *device)
{
	return device && device->driver_known ? device->driver : NULL;
}

EXPORT bool libiommufd_host_device_is_on_vfio(const struct libiommufd_host_device *device)
{
	/* Before Linux 6.1 the directory does not exist: then the name tells. */
	return device &&
	       (device->vfio[0] || (device->driver_known && !strncmp(device->driver, "vfio", 4)));
}

EXPORT const char *libiommufd_host_device_get_node(const struct libiommufd_host_device *device)
{
	return device && device->node_known ? device->node : NULL;
}

EXPORT const char *libiommufd_host_device_get_iommu(const struct libiommufd_host_device *device)
{
	return device && device->iommu_known ? device->iommu : NULL;
}

EXPORT int libiommufd_host_device_get_group(const struct libiommufd_host_device *device)
{
	return device ? device->number : LIBIOMMUFD_FACT_UNKNOWN;
}

EXPORT int libiommufd_host_device_get_member_count(const struct libiommufd_host_device *device)
{
	if (!device)
		return LIBIOMMUFD_FACT_UNKNOWN;
	if (device->number < 0)
		return device->number;
	return device->group && device->group->known ? (int)device->group->count
						     : LIBIOMMUFD_FACT_UNKNOWN;
}

EXPORT const char *libiommufd_host_device_get_member(const struct libiommufd_host_device *device,
						     size_t index)
{
	return device && device->group && index < device->group->count
		       ? device->group->members[index].name
		       : NULL;
}

EXPORT const char *
libiommufd_host_device_get_member_driver(const struct libiommufd_host_device *device, size_t index)
{
	if (!device || !device->group || index >= device->group->count)
		return NULL;
	const struct member *member = &device->group->members[index];
	return member->driver_known ? member->driver : NULL;
}
