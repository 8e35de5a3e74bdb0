/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the fake's names: the part of sysfs that is about its devices, and the nodes in /dev. */
#include "fake_internal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#define ROOT "/sys/devices/pci0000:00"

#define VFIO_MAJOR 243

struct fake_device *fake_device_at(struct fake *fake, const char *address)
{
	for (unsigned i = 0; i < fake->config.device_count; i++)
		if (!strcmp(fake->devices[i].config->address, address))
			return &fake->devices[i];
	return NULL;
}

bool fake_on_vfio(const struct fake_device *device)
{
	return !strncmp(device->driver, "vfio", 4);
}

dev_t fake_devt(const struct fake_device *device)
{
	return makedev(VFIO_MAJOR, device->index);
}

static struct fake_device *device_by_vfio(struct fake *fake, int number)
{
	for (unsigned i = 0; i < fake->config.device_count; i++)
		if (number >= 0 && fake->devices[i].vfio == number)
			return &fake->devices[i];
	return NULL;
}

static struct fake_group *group_by_number(struct fake *fake, int number)
{
	for (unsigned i = 0; i < fake->group_count; i++)
		if (fake->groups[i].number == number)
			return &fake->groups[i];
	return NULL;
}

/* The next part of a path; rest is behind it. */
static bool part(const char **rest, char *buf, size_t size)
{
	size_t n = strcspn(*rest, "/");

	if (!n || n >= size)
		return false;
	memcpy(buf, *rest, n);
	buf[n] = '\0';
	*rest += n;
	while (**rest == '/')
		(*rest)++;
	return true;
}

static const char *behind(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(path, prefix, n) ? NULL : path + n;
}

/*
 * A path in sysfs that leads to a device: rest is what follows, "" for the device itself. The links of
 * classes and of numbers lead to its vfio-dev/vfioN.
 */
static struct fake_device *resolve(struct fake *fake, const char *path, char *rest, size_t size)
{
	static const char *const prefixes[] = {ROOT "/", "/sys/bus/pci/devices/"};
	struct fake_device *device = NULL;
	char name[64], vfio[40] = "";
	const char *p = NULL;

	for (size_t i = 0; i < 2 && !p; i++)
		if ((p = behind(path, prefixes[i])))
			device = part(&p, name, sizeof(name)) ? fake_device_at(fake, name) : NULL;
	if (!p && (p = behind(path, "/sys/kernel/iommu_groups/"))) {
		int group = part(&p, name, sizeof(name)) ? atoi(name) : -1;
		if (part(&p, name, sizeof(name)) && !strcmp(name, "devices") &&
		    part(&p, name, sizeof(name)))
			device = fake_device_at(fake, name);
		if (device && (!device->group || device->group->number != group))
			device = NULL;
	}
	if (!p && (p = behind(path, "/sys/class/vfio-dev/vfio")) && part(&p, name, sizeof(name)))
		device = device_by_vfio(fake, atoi(name));
	else if (!p && (p = behind(path, "/sys/dev/char/243:")) && part(&p, name, sizeof(name)))
		device = fake->config.no_cdev ? NULL : device_by_vfio(fake, atoi(name));
	if (device && (behind(path, "/sys/class/") || behind(path, "/sys/dev/")))
		snprintf(vfio, sizeof(vfio), "vfio-dev/vfio%d%s", device->vfio, *p ? "/" : "");
	if (device)
		snprintf(rest, size, "%s%s", vfio, p);
	return device;
}

/* ---- Links and directories ---- */

int fake_real_path(struct fake *fake, const char *path, char *buf, size_t size)
{
	char rest[128], vfio[40];
	const struct fake_device *device = resolve(fake, path, rest, sizeof(rest));

	if (!device)
		return -ENOENT;
	snprintf(vfio, sizeof(vfio), "vfio-dev/vfio%d", device->vfio);
	if (rest[0] && (device->vfio < 0 || (strcmp(rest, "vfio-dev") && strcmp(rest, vfio))))
		return -ENOENT;
	int n = snprintf(buf, size, ROOT "/%s%s%s", device->config->address, rest[0] ? "/" : "",
			 rest);
	return n >= 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

int fake_read_link(struct fake *fake, const char *path, char *buf, size_t size)
{
	char rest[128], target[128];
	const struct fake_device *device = resolve(fake, path, rest, sizeof(rest));

	if (!device)
		return -ENOENT;
	if (!strcmp(rest, "driver") && device->driver[0])
		snprintf(target, sizeof(target), "../../../bus/pci/drivers/%s", device->driver);
	else if (!strcmp(rest, "subsystem"))
		snprintf(target, sizeof(target), "../../../bus/pci");
	else if (!strcmp(rest, "iommu_group") && device->group)
		snprintf(target, sizeof(target), "../../../kernel/iommu_groups/%d",
			 device->group->number);
	else if (!strcmp(rest, "iommu") && device->group)
		snprintf(target, sizeof(target), "../../virtual/iommu/dmar0");
	else
		return -ENOENT;
	if (strlen(target) >= size)
		return -ENAMETOOLONG;
	strcpy(buf, target);
	return 0;
}

int fake_list_names(struct fake *fake, const char *path, char **ret_names)
{
	char *names = fake_alloc(FAKE_DEVICES * 32 + 1), *end = names;
	char rest[128], dir[64];
	const struct fake_device *device = resolve(fake, path, rest, sizeof(rest));
	int r = -ENOENT;

	if (device && device->vfio >= 0 && !strcmp(rest, "vfio-dev")) {
		end += sprintf(end, "vfio%d", device->vfio) + 1;
		r = 0;
	}
	for (unsigned i = 0; !device && i < fake->config.device_count; i++) {
		const struct fake_device *d = &fake->devices[i];
		if (!strcmp(path, "/sys/class/vfio-dev")) {
			r = 0;
			if (d->vfio >= 0)
				end += sprintf(end, "vfio%d", d->vfio) + 1;
		}
		if (d->group) {
			snprintf(dir, sizeof(dir), "/sys/kernel/iommu_groups/%d/devices",
				 d->group->number);
			if (!strcmp(path, dir)) {
				end += sprintf(end, "%s", d->config->address) + 1;
				r = 0;
			}
		}
	}
	if (r < 0)
		free(names);
	else
		*ret_names = names;
	return r;
}

/* ---- Files ---- */

static int open_text(struct fake *fake, const char *text)
{
	struct fake_file *file = fake_file_new(FILE_TEXT);

	snprintf(file->text, sizeof(file->text), "%s", text);
	return fake_install(fake, file);
}

/* What sysfs says of a group's addresses: the few lines that a file here has room for. */
static int open_reserved(struct fake *fake, int number)
{
	struct fake_device *device = NULL;
	struct libiommufd_range range;
	char text[128];
	size_t used = 0;

	for (unsigned i = 0; !device && i < fake->config.device_count; i++)
		if (fake->devices[i].group && fake->devices[i].group->number == number)
			device = &fake->devices[i];
	if (!device)
		return -ENOENT;
	for (unsigned i = 0; used < sizeof(text) && fake_reserved(fake, device, i, &range); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "0x%016" PRIx64 " 0x%016" PRIx64 " msi\n", range.start,
					 range.last);
	return open_text(fake, text);
}

static int open_attribute(struct fake *fake, const char *path)
{
	char rest[128], name[64], text[64];
	const struct fake_device *device;
	int number, length = 0;

	if (sscanf(path, "/sys/kernel/iommu_groups/%d/reserved_regions%n", &number, &length) == 1 &&
	    length && !path[length])
		return open_reserved(fake, number);

	if (!strcmp(path, "/proc/self/status")) {
		uint64_t kib = fake->pinned / 1024;
		snprintf(text, sizeof(text), "VmLck:\t%8" PRIu64 " kB\nVmPin:\t%8" PRIu64 " kB\n",
			 kib, kib);
		return open_text(fake, text);
	}
	if (!strcmp(path, "/proc/interrupts"))
		return open_text(fake, fake->config.no_remapping
					       ? "  1:   9  IO-APIC   1-edge  i8042\n"
					       : "  1:   9  IR-IO-APIC  1-edge  i8042\n");
	if (!strcmp(path, "/sys/module/iommufd/parameters/allow_unsafe_interrupts") ||
	    !strcmp(path, "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"))
		return open_text(fake, fake->config.allow_unsafe ? "Y\n" : "N\n");
	device = resolve(fake, path, rest, sizeof(rest));
	if (!device)
		return -ENOENT;
	snprintf(name, sizeof(name), "vfio-dev/vfio%d/dev", device->vfio);
	if (strcmp(rest, name) || fake->config.no_cdev)
		return -ENOENT;
	snprintf(text, sizeof(text), "%d:%u\n", VFIO_MAJOR, device->index);
	return open_text(fake, text);
}

static int may(const struct fake *fake, unsigned deny)
{
	return fake->config.deny & deny ? -EACCES : 0;
}

int fake_open_path(struct fake *fake, const char *path, int flags, bool only_ask)
{
	struct fake_device *device;
	struct fake_group *group;
	const char *p;
	int r;
	(void)flags;

	if (!strcmp(path, "/dev/iommu")) {
		r = fake->config.no_iommufd ? -ENOENT : may(fake, FAKE_DENY_IOMMU);
		return r < 0 || only_ask ? r : fake_iommufd_open(fake);
	}
	if (!strcmp(path, "/dev/vfio/vfio")) {
		r = fake->config.no_container ? -ENOENT : may(fake, FAKE_DENY_CONTAINER);
		return r < 0 || only_ask ? r : fake_container_open(fake);
	}
	if ((p = behind(path, "/dev/vfio/devices/vfio"))) {
		device = fake->config.no_cdev ? NULL : device_by_vfio(fake, atoi(p));
		r = device ? may(fake, FAKE_DENY_CDEV) : -ENOENT;
		return r < 0 || only_ask ? r : fake_cdev_open(fake, device);
	}
	if ((p = behind(path, "/dev/vfio/"))) {
		bool any = false;
		group = group_by_number(fake, atoi(p));
		for (unsigned i = 0; group && i < fake->config.device_count; i++)
			any = any ||
			      (fake->devices[i].group == group && fake_on_vfio(&fake->devices[i]));
		r = any ? may(fake, FAKE_DENY_GROUP) : -ENOENT;
		return r < 0 || only_ask ? r : fake_group_open(fake, group);
	}
	return only_ask ? -ENOENT : open_attribute(fake, path);
}
