/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns what the kernel tells of the DMA of devices: the state of their groups, and the requester IDs of PCI
 * devices. Only kernels with the patches of kernel-patches/ do: a snapshot asks others once. Reads sysfs.
 */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sysfs.h"

/* A file of sysfs is no longer. */
#define PAGE_OF_SYSFS 4096

static int stop_at_first(void *data, const char *name)
{
	(void)data, (void)name;
	return 1;
}

/* It went meanwhile, or the kernel has no such file in any. */
static bool is_there(const struct sys *sys, const char *dir)
{
	return sys->list(sys, dir, stop_at_first, NULL) == 0;
}

static bool is_word(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_-");

	return length > 0 && !text[length];
}

static void take_state(struct group *group, const char *text)
{
	static const char kernel[] = "kernel ";
	const char *domain = text + strlen(kernel);

	if (!strcmp(text, "blocked")) {
		group->dma_state = LIBIOMMUFD_HOST_DMA_BLOCKED;
	} else if (!strcmp(text, "user")) {
		group->dma_state = LIBIOMMUFD_HOST_DMA_USER;
	} else if (!strncmp(text, kernel, strlen(kernel))) {
		group->dma_state = LIBIOMMUFD_HOST_DMA_KERNEL;
		/* The kernel itself may not have a name for the type. */
		if (is_word(domain) && strlen(domain) < sizeof(group->dma_domain) &&
		    strcmp(domain, "unknown"))
			strcpy(group->dma_domain, domain);
	}
}

static void read_states(struct libiommufd_host_devices *devices, const struct sys *sys)
{
	for (size_t i = 0; i < devices->group_count; i++) {
		struct group *group = &devices->groups[i];
		char dir[64], text[40];

		snprintf(dir, sizeof(dir), "/sys/kernel/iommu_groups/%d", group->number);
		int r = sysfs_read(sys, dir, "dma_state", text, sizeof(text));
		if (r == -ENOENT && is_there(sys, dir))
			return;
		if (r == 0)
			take_state(group, text);
	}
}

/* "0000:06:00.0"; there are domains of five digits. */
static bool is_address(const char *text, size_t length)
{
	return length >= 12 && length < DEVICE_ALIAS && text[length - 2] == '.' &&
	       text[length - 5] == ':' && text[length - 8] == ':' &&
	       strspn(text, "0123456789abcdef:.") >= length;
}

/* A list of which a part is broken is not known. */
static int take_aliases(struct libiommufd_host_device *device, const char *text)
{
	char(*aliases)[DEVICE_ALIAS] = NULL;
	int count = 0;

	for (const char *line = text, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end || !is_address(line, (size_t)(end - line))) {
			free(aliases);
			return 0;
		}
		void *more = realloc(aliases, (size_t)(count + 1) * sizeof(*aliases));
		if (!more) {
			free(aliases);
			return -ENOMEM;
		}
		aliases = more;
		snprintf(aliases[count++], sizeof(*aliases), "%.*s", (int)(end - line), line);
	}
	device->aliases = aliases;
	device->alias_count = count;
	return 0;
}

static int read_aliases(struct libiommufd_host_devices *devices, const struct sys *sys)
{
	char path[SYSFS_PATH], text[PAGE_OF_SYSFS + 2];

	for (size_t i = 0; i < devices->count; i++) {
		struct libiommufd_host_device *device = &devices->devices[i];

		if (strcmp(device->bus, "pci") ||
		    (size_t)snprintf(path, sizeof(path), "%s/dma_aliases", device->sysfs) >=
			    sizeof(path))
			continue;
		int fd = sys->open(sys, path, O_RDONLY);
		if (fd == -ENOENT && !device_is_gone(sys, device))
			return 0;
		if (fd < 0)
			continue;
		ssize_t n = sys->read(sys, fd, text, sizeof(text) - 1);
		sys->close(sys, fd);
		if (n <= 0 || n > PAGE_OF_SYSFS)
			continue;
		text[n] = '\0';
		if (take_aliases(device, text) < 0)
			return -ENOMEM;
	}
	return 0;
}

bool dma_common_alias(const struct sys *sys, const struct libiommufd_host_device *device,
		      const char *other, char alias[DEVICE_ALIAS])
{
	char path[SYSFS_PATH], text[PAGE_OF_SYSFS + 1];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/dma_aliases", other);
	int fd = device->alias_count ? sys->open(sys, path, O_RDONLY) : -ENOENT;
	if (fd < 0)
		return false;
	ssize_t n = sys->read(sys, fd, text, sizeof(text) - 1);
	sys->close(sys, fd);
	text[n > 0 ? n : 0] = '\0';
	for (int i = 0; i < device->alias_count; i++) {
		/* A line of it: addresses are of one length, but for those of wide domains. */
		char line[DEVICE_ALIAS + 1];
		const char *found;

		snprintf(line, sizeof(line), "%s\n", device->aliases[i]);
		found = strstr(text, line);
		if (found && (found == text || found[-1] == '\n')) {
			strcpy(alias, device->aliases[i]);
			return true;
		}
	}
	return false;
}

int dma_read(struct libiommufd_host_devices *devices, const struct sys *sys)
{
	read_states(devices, sys);
	return read_aliases(devices, sys);
}

EXPORT uint32_t libiommufd_host_device_get_dma_state(const struct libiommufd_host_device *device)
{
	return device && device->group ? device->group->dma_state : LIBIOMMUFD_HOST_DMA_UNKNOWN;
}

EXPORT const char *
libiommufd_host_device_get_dma_domain(const struct libiommufd_host_device *device)
{
	const struct group *group = device ? device->group : NULL;

	if (!group || group->dma_state == LIBIOMMUFD_HOST_DMA_UNKNOWN)
		return NULL;
	if (group->dma_state == LIBIOMMUFD_HOST_DMA_KERNEL && !group->dma_domain[0])
		return NULL;
	return group->dma_domain;
}

EXPORT int libiommufd_host_device_get_alias_count(const struct libiommufd_host_device *device)
{
	/* A device has its own at least: none was not read. */
	return device && device->alias_count ? device->alias_count : LIBIOMMUFD_FACT_UNKNOWN;
}

EXPORT const char *libiommufd_host_device_get_alias(const struct libiommufd_host_device *device,
						    size_t index)
{
	return device && index < (size_t)device->alias_count ? device->aliases[index] : NULL;
}
