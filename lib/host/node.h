/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The node of a device that has just got its vfio driver: waiting for it, and whose it is. */
#ifndef LIBIOMMUFD_HOST_NODE_H
#define LIBIOMMUFD_HOST_NODE_H

#include "device.h"

/*
 * Wait until the device's node is there and udev, where it runs, has done with it. The node of the device
 * itself, or that of its group where the kernel has no other or backend is type1.
 */
int node_wait(struct libiommufd_host *host, struct op *op,
	      const struct libiommufd_host_device *device, uint32_t backend,
	      unsigned int timeout_ms);

/* Give the nodes of the device and of its group to a user. */
int node_permit(struct op *op, const struct libiommufd_host_device *device, uint32_t uid);

#endif
