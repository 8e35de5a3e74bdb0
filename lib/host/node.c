/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the wait for nodes, by the events of udev or of the directory, and their owners. */
#include "node.h"

#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "sysfs.h"

struct node {
	char path[64];   /* in /dev */
	char sysfs[512]; /* of the node itself, whose attribute dev has the number */
	bool is_new;     /* what udev knows of it from before is of an earlier one */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static int listen_to_udev(struct node_wish *wish, struct libiommufd_host *host)
{
	char number[32];

	errno = 0;
	wish->monitor = udev_monitor_new_from_netlink(host->udev, "udev");
	if (!wish->monitor)
		return errno ? -errno : -ENOMEM;
	int r = udev_monitor_filter_add_match_subsystem_devtype(wish->monitor, "vfio-dev", NULL);
	if (r >= 0)
		r = udev_monitor_filter_add_match_subsystem_devtype(wish->monitor, "vfio", NULL);
	if (r >= 0)
		r = udev_monitor_enable_receiving(wish->monitor);
	if (r >= 0)
		r = sysfs_read(host->sys, "/sys/kernel", "uevent_seqnum", number, sizeof(number));
	if (r >= 0)
		wish->begin = strtoull(number, NULL, 10);
	return r;
}

int node_begin(struct node_wish *wish, struct op *op, struct libiommufd_host *host,
	       const struct libiommufd_host_device *device)
{
	char path[48];

	snprintf(path, sizeof(path), "/sys/class/vfio/%d", device->number);
	*wish = (struct node_wish){.had_group = host->sys->access(host->sys, path) != -ENOENT};
	if (!host_udev_runs(host->sys))
		return 0;
	int r = listen_to_udev(wish, host);
	if (r < 0) {
		node_end(wish);
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL, "cannot listen to udev: %s",
			       strerrordesc_np(-r));
	}
	return 0;
}

void node_end(struct node_wish *wish)
{
	udev_monitor_unref(wish->monitor);
	free(wish->seen);
	*wish = (struct node_wish){0};
}

void node_deadline(struct node_wish *wish, unsigned int timeout_ms)
{
	wish->timeout_ms = timeout_ms;
	wish->deadline = now_ms() + timeout_ms;
}

static void group_node(struct node *node, const struct libiommufd_host_device *device,
		       const struct node_wish *wish)
{
	/* It comes with the first device, and stays for the others. */
	node->is_new = wish->is_new && !wish->had_group;
	snprintf(node->path, sizeof(node->path), "/dev/vfio/%d", device->number);
	snprintf(node->sysfs, sizeof(node->sysfs), "/sys/class/vfio/%d", device->number);
}

static bool device_node(struct node *node, const struct libiommufd_host_device *device,
			const struct node_wish *wish)
{
	if (!device->node[0])
		return false;
	node->is_new = wish->is_new;
	snprintf(node->path, sizeof(node->path), "%s", device->node);
	snprintf(node->sysfs, sizeof(node->sysfs), "%.400s/vfio-dev/%s", device->sysfs,
		 device->vfio);
	return true;
}

static const char *name_of(const struct node *node)
{
	return strrchr(node->sysfs, '/') + 1;
}

/* One event of udev: of a node that the kernel has made since the claim began? */
static int take_event(struct node_wish *wish, struct udev_device *device)
{
	const char *action = udev_device_get_action(device);
	size_t length = wish->seen ? strlen(wish->seen) : 0;

	/* It can be behind, and tell of the nodes of an earlier claim. */
	if (!action || strcmp(action, "add") || udev_device_get_seqnum(device) <= wish->begin)
		return 0;
	const char *name = udev_device_get_sysname(device);
	char *more = realloc(wish->seen, length + strlen(name) + 2);
	if (!more)
		return -ENOMEM;
	sprintf(more + length, "%s\n", name);
	wish->seen = more;
	return 0;
}

static bool is_seen(const struct node_wish *wish, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = wish->seen; line && *line; line = strchr(line, '\n') + 1)
		if (!strncmp(line, name, length) && line[length] == '\n')
			return true;
	return false;
}

static bool udev_is_done(struct libiommufd_host *host, const struct node *node,
			 const struct node_wish *wish)
{
	char path[PATH_MAX];

	if (node->is_new && !is_seen(wish, name_of(node)))
		return false;
	if (host->sys->realpath(host->sys, node->sysfs, path, sizeof(path)) < 0)
		return false;
	struct udev_device *device = udev_device_new_from_syspath(host->udev, path);
	bool done = device && udev_device_get_is_initialized(device) > 0;
	udev_device_unref(device);
	return done;
}

/* Is it the kernel's, and not one left over from another device? */
static bool is_of(struct libiommufd_host *host, const struct node *node, const struct stat *st)
{
	unsigned int major_number, minor_number;
	char number[32];

	return sysfs_read(host->sys, node->sysfs, "dev", number, sizeof(number)) == 0 &&
	       sscanf(number, "%u:%u", &major_number, &minor_number) == 2 && S_ISCHR(st->st_mode) &&
	       st->st_rdev == makedev(major_number, minor_number);
}

static bool is_there(struct libiommufd_host *host, const struct node *node,
		     const struct node_wish *wish)
{
	struct stat st;

	return stat(node->path, &st) == 0 && is_of(host, node, &st) &&
	       (!wish->monitor || udev_is_done(host, node, wish));
}

/* Watch the directory the node comes to, or the nearest above that is there. */
static int watch_directory(int fd, const char *node)
{
	char path[64];

	snprintf(path, sizeof(path), "%s", node);
	for (char *slash; (slash = strrchr(path, '/')) && slash != path;) {
		*slash = '\0';
		if (inotify_add_watch(fd, path, IN_CREATE | IN_ATTRIB | IN_MOVED_TO) >= 0)
			return 0;
		if (errno != ENOENT)
			return -errno;
	}
	return -ENOENT;
}

/* Take what has come. Of the directory's events only that there was one is of interest. */
static int drain(struct node_wish *wish, int fd)
{
	char events[4096];

	if (wish->monitor) {
		struct udev_device *device = udev_monitor_receive_device(wish->monitor);
		int r = device ? take_event(wish, device) : 0;
		udev_device_unref(device);
		return r;
	}
	while (read(fd, events, sizeof(events)) > 0)
		;
	return 0;
}

/* Look, and sleep until an event before looking again: nothing that comes in between is missed. */
static int wait_with(struct libiommufd_host *host, const struct node *node, struct node_wish *wish,
		     int fd)
{
	int r = 0;

	while (r == 0) {
		if (!wish->monitor)
			r = watch_directory(fd, node->path);
		if (r < 0 || is_there(host, node, wish))
			return r;
		int64_t left = wish->deadline - now_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		struct pollfd event = {.fd = fd, .events = POLLIN};
		if (poll(&event, 1, left > INT_MAX ? INT_MAX : (int)left) < 0 && errno != EINTR)
			return -errno;
		if (event.revents)
			r = drain(wish, fd);
	}
	return r;
}

static int wait_for(struct libiommufd_host *host, const struct node *node, struct node_wish *wish)
{
	if (wish->monitor)
		return wait_with(host, node, wish, udev_monitor_get_fd(wish->monitor));
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = wait_with(host, node, wish, fd);
	close(fd);
	return r;
}

int node_wait(struct libiommufd_host *host, struct op *op,
	      const struct libiommufd_host_device *device, uint32_t backend, struct node_wish *wish)
{
	struct node node;

	if (backend == LIBIOMMUFD_BACKEND_TYPE1 || !device_node(&node, device, wish)) {
		if (backend == LIBIOMMUFD_BACKEND_NATIVE)
			return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NO_CDEV,
				       "the kernel makes no character device for it");
		if (device->number < 0)
			return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_GROUP,
				       "it has no IOMMU group, and so no node");
		group_node(&node, device, wish);
	}
	int r = wait_for(host, &node, wish);
	if (r == -ETIMEDOUT)
		return op_fail(op, r, LIBIOMMUFD_HOST_REASON_TIMEOUT,
			       "it has its driver, but %s did not appear within %u ms; is devtmpfs "
			       "mounted on /dev, and udev alive?",
			       node.path, wish->timeout_ms);
	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL, "cannot wait for %s: %s", node.path,
			       strerrordesc_np(-r));
	return 0;
}

static int permit(struct libiommufd_host *host, struct op *op, const struct node *node,
		  uint32_t uid, struct node_wish *wish)
{
	struct stat st;
	int r = 0;

	/* A rule of udev that comes later would take it away again. */
	if (wish->monitor && stat(node->path, &st) == 0)
		wait_for(host, node, wish);
	int fd = open(node->path, O_PATH | O_CLOEXEC);
	/* The kernel need not have both nodes, nor a container. */
	if (fd < 0)
		return errno == ENOENT
			       ? 0
			       : op_fail(op, -errno, LIBIOMMUFD_REASON_NOT_PERMITTED,
					 "cannot find %s: %s", node->path, strerrordesc_np(errno));
	/* Another's is none of ours to give. */
	if (fstat(fd, &st) == 0 && is_of(host, node, &st) &&
	    fchownat(fd, "", uid, (gid_t)-1, AT_EMPTY_PATH) < 0)
		r = op_fail(op, -errno, LIBIOMMUFD_REASON_NOT_PERMITTED,
			    "cannot give %s to user %u: %s", node->path, uid,
			    strerrordesc_np(errno));
	close(fd);
	return r;
}

int node_permit(struct libiommufd_host *host, struct op *op,
		const struct libiommufd_host_device *device, uint32_t uid, struct node_wish *wish)
{
	struct node node;
	int r = 0;

	if (device_node(&node, device, wish))
		r = permit(host, op, &node, uid, wish);
	if (r == 0 && device->number >= 0) {
		group_node(&node, device, wish);
		r = permit(host, op, &node, uid, wish);
	}
	return r;
}
