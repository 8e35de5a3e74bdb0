/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The node of a device that has just got its vfio driver: waiting for it, and whose it is. */
#ifndef LIBIOMMUFD_HOST_NODE_H
#define LIBIOMMUFD_HOST_NODE_H

#include "device.h"

struct udev_monitor;

/* What a claim knows of the nodes that it waits for. */
struct node_wish {
	unsigned int timeout_ms;
	int64_t deadline;             /* of CLOCK_MONOTONIC, in ms; for all devices of the claim */
	struct udev_monitor *monitor; /* NULL: no udev runs here */
	unsigned long long begin;     /* number of the kernel's last event before */
	bool had_group;               /* was the group's node there before? */
	bool is_new;                  /* the device was moved, so that its node is a new one */
	char *seen; /* nodes that udev has done with since, each with a line feed */
};

/* Before the first of the devices of a group is moved; after the last; and in the end, also after a failure. */
int node_begin(struct node_wish *wish, struct op *op, struct libiommufd_host *host,
	       const struct libiommufd_host_device *device);
void node_deadline(struct node_wish *wish, unsigned int timeout_ms);
void node_end(struct node_wish *wish);

/*
 * Wait until the device's node is there and udev, where it runs, has done with it. The node of the device
 * itself, or that of its group where the kernel has no other or backend is type1.
 */
int node_wait(struct libiommufd_host *host, struct op *op,
	      const struct libiommufd_host_device *device, uint32_t backend,
	      struct node_wish *wish);

/* Give the nodes of the device and of its group to a user: those that are here. */
int node_permit(struct libiommufd_host *host, struct op *op,
		const struct libiommufd_host_device *device, uint32_t uid, struct node_wish *wish);

#endif
