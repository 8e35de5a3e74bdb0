/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the search for processes that have a group or one of its devices open. Reads /proc. */
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "sysfs.h"

struct node {
	dev_t number;
	char path[48];
};

struct scan {
	const struct sys *sys;
	const struct libiommufd_host_device *device;
	struct node *nodes; /* the first is the group's, if there is one */
	size_t node_count, node_room;
	bool has_group;
	struct holder *holders;
	int count, room;
	int pid, own;       /* own: a process that does not count, or -1 */
	const char *member; /* while its nodes are listed */
};

static bool add_node(struct scan *scan, const char *dir, const char *path)
{
	unsigned int major_number, minor_number;
	char number[32];

	if (scan->node_count == scan->node_room ||
	    sysfs_read(scan->sys, dir, "dev", number, sizeof(number)) < 0 ||
	    sscanf(number, "%u:%u", &major_number, &minor_number) != 2)
		return false;
	struct node *node = &scan->nodes[scan->node_count++];
	node->number = makedev(major_number, minor_number);
	snprintf(node->path, sizeof(node->path), "%s", path);
	return true;
}

static int add_device_node(void *data, const char *name)
{
	struct scan *scan = data;
	char dir[SYSFS_PATH], path[48];

	snprintf(dir, sizeof(dir), "/sys/kernel/iommu_groups/%d/devices/%s/vfio-dev/%.24s",
		 scan->device->number, scan->member, name);
	snprintf(path, sizeof(path), "/dev/vfio/devices/%.24s", name);
	add_node(scan, dir, path);
	return 0;
}

static void list_nodes(struct scan *scan)
{
	const struct group *group = scan->device->group;
	char dir[SYSFS_PATH], path[48];

	snprintf(dir, sizeof(dir), "/sys/class/vfio/%d", scan->device->number);
	snprintf(path, sizeof(path), "/dev/vfio/%d", scan->device->number);
	scan->has_group = add_node(scan, dir, path);
	for (size_t i = 0; group && i < group->count; i++) {
		scan->member = group->members[i].name;
		snprintf(dir, sizeof(dir), "/sys/kernel/iommu_groups/%d/devices/%s/vfio-dev",
			 scan->device->number, scan->member);
		scan->sys->list(scan->sys, dir, add_device_node, scan);
	}
}

/* A process names itself, and a terminal may obey what is in it. */
static void make_harmless(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static int take_flags(void *data, const char *line)
{
	return sscanf(line, "flags: %o", (unsigned int *)data) == 1;
}

/* Then it is a path and no more: the driver does not know of it. udev opens nodes so for their rules. */
static bool is_path(struct scan *scan, const char *fd)
{
	unsigned int flags = 0;
	char dir[32];

	snprintf(dir, sizeof(dir), "/proc/%d/fdinfo", scan->pid);
	sysfs_lines(scan->sys, dir, fd, take_flags, &flags);
	return flags & O_PATH;
}

static int look_at_file(void *data, const char *name)
{
	struct scan *scan = data;
	char path[64], target[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd/%.16s", scan->pid, name);
	/* Most files are others: the link is cheaper than a look at what it leads to. */
	if (scan->sys->readlink(scan->sys, path, target, sizeof(target)) < 0 ||
	    !strstr(target, "vfio") || stat(path, &st) < 0 || !S_ISCHR(st.st_mode) ||
	    is_path(scan, name))
		return 0;
	for (size_t i = 0; i < scan->node_count; i++) {
		/* The path may be another one in its mount namespace; the number is not. */
		if (scan->nodes[i].number != st.st_rdev)
			continue;
		struct holder *holder = &scan->holders[scan->count++];
		char dir[32];
		holder->pid = scan->pid;
		holder->is_group = i == 0 && scan->has_group;
		snprintf(holder->path, sizeof(holder->path), "%s", scan->nodes[i].path);
		snprintf(dir, sizeof(dir), "/proc/%d", scan->pid);
		if (sysfs_read(scan->sys, dir, "comm", holder->command, sizeof(holder->command)) <
		    0)
			strcpy(holder->command, "?");
		make_harmless(holder->command);
		return 1;
	}
	return 0;
}

static int look_at_process(void *data, const char *name)
{
	struct scan *scan = data;
	char path[32], *end;

	scan->pid = (int)strtol(name, &end, 10);
	if (end == name || *end || scan->pid == scan->own)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/fd", scan->pid);
	scan->sys->list(scan->sys, path, look_at_file, scan);
	return scan->count == scan->room;
}

int holders_find(const struct sys *sys, const struct libiommufd_host_device *device, bool with_own,
		 struct holder *holders, int room)
{
	struct scan scan = {
		.sys = sys,
		.device = device,
		.own = with_own ? -1 : sys->getpid(sys),
		.holders = holders,
		.room = room,
	};

	if (device->number < 0)
		return 0;
	scan.node_room = 1 + (device->group ? device->group->count : 0);
	scan.nodes = calloc(scan.node_room, sizeof(*scan.nodes));
	if (!scan.nodes)
		return -ENOMEM;
	list_nodes(&scan);
	if (scan.node_count)
		sys->list(sys, "/proc", look_at_process, &scan);
	free(scan.nodes);
	return scan.count;
}

/* Of a member that is on vfio: the kernel's count of those who use it. */
static bool is_switched_on(const struct sys *sys, int group, const char *name)
{
	char dir[SYSFS_PATH], number[16];

	snprintf(dir, sizeof(dir), "/sys/kernel/iommu_groups/%d/devices/%s", group, name);
	return sysfs_read(sys, dir, "enable", number, sizeof(number)) == 0 &&
	       strtol(number, NULL, 10) > 0;
}

/* Without a user vfio lets it sleep. */
static bool sleeps(const struct sys *sys, int group, const char *name)
{
	char dir[SYSFS_PATH], state[16];

	snprintf(dir, sizeof(dir), "/sys/kernel/iommu_groups/%d/devices/%s/power", group, name);
	return sysfs_read(sys, dir, "runtime_status", state, sizeof(state)) == 0 &&
	       !strcmp(state, "suspended");
}

const char *holders_trace(const struct sys *sys, const struct libiommufd_host_device *device,
			  bool *ret_sleeps)
{
	const struct group *group = device->group;

	for (size_t i = 0; group && i < group->count; i++) {
		const struct member *member = &group->members[i];
		if (!member->driver_known || !strstr(member->driver, "vfio") ||
		    !is_switched_on(sys, group->number, member->name))
			continue;
		*ret_sleeps = sleeps(sys, group->number, member->name);
		return member->name;
	}
	return NULL;
}

bool holders_unseen(const struct sys *sys, const struct libiommufd_host_device *device)
{
	bool asleep;
	char path[64], state[16];

	if (device->number < 0)
		return false;
	/* A kernel that tells it knows it of any kind of node, and now: a snapshot is of then. */
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d", device->number);
	if (sysfs_read(sys, path, "dma_state", state, sizeof(state)) == 0 && !strcmp(state, "user"))
		return true;
	snprintf(path, sizeof(path), "/dev/vfio/%d", device->number);
	/* The kernel lets one have it, and nobody while a device of it is open in whatever way. */
	int fd = sys->open(sys, path, O_RDWR);
	if (fd >= 0)
		sys->close(sys, fd);
	return fd == -EBUSY || (fd < 0 && holders_trace(sys, device, &asleep));
}
