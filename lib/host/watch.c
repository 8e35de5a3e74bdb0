/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the watch: which devices come, go, and change drivers. Events come from libudev. */
#include "device.h"

#include <errno.h>
#include <libudev.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

struct libiommufd_host_watch {
	struct libiommufd_host *host;
	struct udev_monitor *monitor;
};

/* With udev its rules are through when an event comes; without it the kernel tells. */
static const char *source(const struct sys *sys)
{
	return host_udev_runs(sys) ? "udev" : "kernel";
}

static int open_watch(struct libiommufd_host *host, struct op *op,
		      struct libiommufd_host_watch **ret_watch)
{
	struct libiommufd_host_watch *watch = calloc(1, sizeof(*watch));
	int r = -ENOMEM;

	errno = 0;
	if (watch)
		watch->monitor = udev_monitor_new_from_netlink(host->udev, source(host->sys));
	if (watch && !watch->monitor && errno)
		r = -errno;
	if (watch && watch->monitor) {
		watch->host = host;
		r = 0;
		for (size_t i = 0; r >= 0 && host_buses[i].name; i++)
			r = udev_monitor_filter_add_match_subsystem_devtype(watch->monitor,
									    host_buses[i].name,
									    NULL);
		if (r >= 0)
			r = udev_monitor_enable_receiving(watch->monitor);
	}
	if (r < 0) {
		libiommufd_host_watch_close(watch);
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL,
			       "libudev cannot listen to the kernel: %s", strerrordesc_np(-r));
	}
	*ret_watch = watch;
	return 0;
}

EXPORT int libiommufd_host_watch_open(struct libiommufd_host *host,
				      struct libiommufd_host_watch **ret_watch)
{
	struct op op;

	op_begin(&op, "watch_open", "", host_log(host));
	if (!host || !ret_watch)
		return op_end(&op, op_null(&op, "host or ret_watch"));
	return op_end(&op, open_watch(host, &op, ret_watch));
}

EXPORT struct libiommufd_host_watch *
libiommufd_host_watch_close(struct libiommufd_host_watch *watch)
{
	if (watch) {
		udev_monitor_unref(watch->monitor);
		free(watch);
	}
	return NULL;
}

EXPORT int libiommufd_host_watch_get_fd(const struct libiommufd_host_watch *watch)
{
	return watch ? udev_monitor_get_fd(watch->monitor) : -1;
}

static uint32_t event_of(const char *action)
{
	if (!strcmp(action, "add"))
		return LIBIOMMUFD_HOST_ARRIVED;
	if (!strcmp(action, "remove"))
		return LIBIOMMUFD_HOST_LEFT;
	if (!strcmp(action, "bind") || !strcmp(action, "unbind"))
		return LIBIOMMUFD_HOST_DRIVER_CHANGED;
	return 0;
}

/* A device as it is now. What is in the place of one that left is another one. */
static int snapshot(struct libiommufd_host *host, struct udev_device *device, uint32_t event,
		    struct libiommufd_host_devices **ret_devices)
{
	struct libiommufd_host_devices *devices = calloc(1, sizeof(*devices));
	const char *bus = udev_device_get_subsystem(device);
	const char *path = udev_device_get_syspath(device);
	int r = -ENOMEM;

	if (devices && event == LIBIOMMUFD_HOST_LEFT)
		r = devices_add_unread(devices, bus ? bus : "", path);
	else if (devices)
		r = devices_add(devices, host->sys, bus ? bus : "", path);
	if (r == 0 && event != LIBIOMMUFD_HOST_LEFT)
		r = devices_finish(devices, host->sys);
	if (r < 0) {
		libiommufd_host_devices_free(devices);
		return r;
	}
	*ret_devices = devices;
	return 0;
}

/* Nothing came: was there something, which is lost? */
static int explain_nothing(struct op *op, int error, short events)
{
	if (error == ENOBUFS)
		return op_fail(op, -ENOBUFS, LIBIOMMUFD_REASON_KERNEL,
			       "events came faster than they were read, and some are lost; list "
			       "the devices anew");
	if (error == ENOMEM)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	if (events & (POLLHUP | POLLNVAL))
		return op_fail(op, -EIO, LIBIOMMUFD_REASON_KERNEL,
			       "the watch's socket is closed; open another watch");
	return 0;
}

static int read_watch(struct libiommufd_host_watch *watch, struct op *op, uint32_t *ret_event,
		      struct libiommufd_host_devices **ret_devices)
{
	for (;;) {
		struct pollfd ready = {.fd = udev_monitor_get_fd(watch->monitor), .events = POLLIN};
		/* libudev answers NULL both for nothing and for what its filter drops. */
		if (poll(&ready, 1, 0) <= 0)
			return op_fail(op, -EAGAIN, LIBIOMMUFD_REASON_KERNEL,
				       "nothing has happened; wait for the watch's file");
		errno = 0;
		struct udev_device *device = udev_monitor_receive_device(watch->monitor);
		if (!device) {
			int r = explain_nothing(op, errno, ready.revents);
			if (r < 0)
				return r;
			continue;
		}
		const char *action = udev_device_get_action(device);
		uint32_t event = action ? event_of(action) : 0;
		int r = event ? snapshot(watch->host, device, event, ret_devices) : 0;
		udev_device_unref(device);
		if (!event)
			continue;
		if (r < 0)
			return op_fail(op, r, LIBIOMMUFD_REASON_MEMORY, "no memory");
		*ret_event = event;
		return 0;
	}
}

EXPORT int libiommufd_host_watch_read(struct libiommufd_host_watch *watch, uint32_t *ret_event,
				      struct libiommufd_host_devices **ret_devices)
{
	struct op op;

	/* An empty watch is how every loop ends: nothing for the log. */
	op_begin(&op, "watch_read", "", NULL);
	if (!watch || !ret_event || !ret_devices)
		return op_end(&op, op_null(&op, "watch, ret_event or ret_devices"));
	return op_end(&op, read_watch(watch, &op, ret_event, ret_devices));
}
