/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One device from a driver to another. */
#ifndef LIBIOMMUFD_HOST_DRIVER_H
#define LIBIOMMUFD_HOST_DRIVER_H

#include "device.h"

/* Its driver_override, or driver, at this moment; "" for none. */
int driver_get_override(const struct sys *sys, const struct libiommufd_host_device *device,
			char *buf, size_t size);
int driver_current(const struct sys *sys, const struct libiommufd_host_device *device, char *buf,
		   size_t size);

/* Set driver_override ("" for none) and see that the device is on the wanted driver ("" for none). */
int driver_move(const struct sys *sys, struct op *op, const struct libiommufd_host_device *device,
		const char *override, const char *wanted);

#endif
