/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the wait for nodes, by the events of udev or of the directory, and their owners. */
#include "node.h"

#include <errno.h>
#include <libudev.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
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
};

static void group_node(struct node *node, const struct libiommufd_host_device *device)
{
	snprintf(node->path, sizeof(node->path), "/dev/vfio/%d", device->number);
	snprintf(node->sysfs, sizeof(node->sysfs), "/sys/class/vfio/%d", device->number);
}

static bool device_node(struct node *node, const struct libiommufd_host_device *device)
{
	if (!device->node[0])
		return false;
	snprintf(node->path, sizeof(node->path), "%s", device->node);
	snprintf(node->sysfs, sizeof(node->sysfs), "%.400s/vfio-dev/%s", device->sysfs,
		 device->vfio);
	return true;
}

static bool udev_is_done(struct libiommufd_host *host, const struct node *node)
{
	char path[PATH_MAX];

	if (host->sys->realpath(host->sys, node->sysfs, path, sizeof(path)) < 0)
		return false;
	struct udev_device *device = udev_device_new_from_syspath(host->udev, path);
	bool done = device && udev_device_get_is_initialized(device) > 0;
	udev_device_unref(device);
	return done;
}

static bool is_there(struct libiommufd_host *host, const struct node *node, bool with_udev)
{
	unsigned int major_number, minor_number;
	char number[32];
	struct stat st;

	return sysfs_read(host->sys, node->sysfs, "dev", number, sizeof(number)) == 0 &&
	       sscanf(number, "%u:%u", &major_number, &minor_number) == 2 &&
	       stat(node->path, &st) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(major_number, minor_number) &&
	       (!with_udev || udev_is_done(host, node));
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
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

/* Throw away what has come: only that something came is of interest. */
static void drain(int fd, struct udev_monitor *monitor)
{
	char events[4096];

	if (monitor) {
		struct udev_device *device = udev_monitor_receive_device(monitor);
		udev_device_unref(device);
		return;
	}
	while (read(fd, events, sizeof(events)) > 0)
		;
}

/* Look, and sleep until an event before looking again: nothing that comes in between is missed. */
static int wait_with(struct libiommufd_host *host, const struct node *node,
		     struct udev_monitor *monitor, int fd, int64_t deadline)
{
	for (;;) {
		if (!monitor) {
			int r = watch_directory(fd, node->path);
			if (r < 0)
				return r;
		}
		if (is_there(host, node, monitor != NULL))
			return 0;
		int64_t left = deadline - now_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		struct pollfd event = {.fd = fd, .events = POLLIN};
		if (poll(&event, 1, left > INT_MAX ? INT_MAX : (int)left) < 0 && errno != EINTR)
			return -errno;
		if (event.revents)
			drain(fd, monitor);
	}
}

static int wait_for(struct libiommufd_host *host, const struct node *node, int64_t deadline)
{
	struct udev_monitor *monitor = NULL;
	int r = -ENOMEM, fd;

	if (host_udev_runs(host->sys)) {
		monitor = udev_monitor_new_from_netlink(host->udev, "udev");
		if (!monitor)
			return -ENOMEM;
		udev_monitor_filter_add_match_subsystem_devtype(monitor, "vfio-dev", NULL);
		udev_monitor_filter_add_match_subsystem_devtype(monitor, "vfio", NULL);
		r = udev_monitor_enable_receiving(monitor);
		fd = udev_monitor_get_fd(monitor);
		if (r >= 0)
			r = wait_with(host, node, monitor, fd, deadline);
		udev_monitor_unref(monitor);
		return r;
	}
	fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = wait_with(host, node, NULL, fd, deadline);
	close(fd);
	return r;
}

int node_wait(struct libiommufd_host *host, struct op *op,
	      const struct libiommufd_host_device *device, uint32_t backend,
	      unsigned int timeout_ms)
{
	struct node node;

	if (backend == LIBIOMMUFD_BACKEND_TYPE1 || !device_node(&node, device)) {
		if (backend == LIBIOMMUFD_BACKEND_NATIVE)
			return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NO_CDEV,
				       "the kernel makes no character device for it");
		if (device->number < 0)
			return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_GROUP,
				       "it has no IOMMU group, and so no node");
		group_node(&node, device);
	}
	int r = wait_for(host, &node, now_ms() + timeout_ms);
	if (r == -ETIMEDOUT)
		return op_fail(op, r, LIBIOMMUFD_HOST_REASON_TIMEOUT,
			       "it has its driver, but %s did not appear within %u ms; is devtmpfs "
			       "mounted on /dev, and udev alive?",
			       node.path, timeout_ms);
	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL, "cannot wait for %s: %s", node.path,
			       strerrordesc_np(-r));
	return 0;
}

static int permit(struct op *op, const struct node *node, uint32_t uid)
{
	/* The kernel need not have both nodes. */
	if (lchown(node->path, uid, (gid_t)-1) == 0 || errno == ENOENT)
		return 0;
	int error = -errno;
	return op_fail(op, error, LIBIOMMUFD_REASON_NOT_PERMITTED, "cannot give %s to user %u: %s",
		       node->path, uid, strerrordesc_np(-error));
}

int node_permit(struct op *op, const struct libiommufd_host_device *device, uint32_t uid)
{
	struct node node;
	int r = 0;

	if (device_node(&node, device))
		r = permit(op, &node, uid);
	if (r == 0 && device->number >= 0) {
		group_node(&node, device);
		r = permit(op, &node, uid);
	}
	return r;
}
