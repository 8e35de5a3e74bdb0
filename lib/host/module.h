/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which kernel modules a device needs, what became of each, and how to get them. */
#ifndef LIBIOMMUFD_HOST_MODULE_H
#define LIBIOMMUFD_HOST_MODULE_H

#include "device.h"

#define MODULE_NAME 64
#define MODULE_WHY  200

struct module {
	char name[MODULE_NAME];
	uint32_t state;       /* enum libiommufd_host_module_state */
	char why[MODULE_WHY]; /* where the state comes from; "" if it says all */
};

enum {
	MODULES_NEEDED = 2
};

struct libiommufd_host_modules {
	size_t count;
	struct module modules[MODULES_NEEDED];
	char driver
		[DEVICE_DRIVER]; /* what the second brings, as far as its name tells: "vfio-pci" */
};

/* What a device on this bus needs with this backend; an entry without a name is not needed. -ENOMEM. */
int modules_look(struct libiommufd_host *host, const struct libiommufd_host_device *device,
		 uint32_t backend, struct libiommufd_host_modules *ret_modules);

/* The state of one module. -ENOMEM. */
int module_look(struct libiommufd_host *host, const char *name, struct module *ret_module);

/* Load it if it is not there. */
int module_load(struct libiommufd_host *host, struct op *op, const struct module *module);

static inline bool module_is_there(const struct module *module)
{
	return module->state == LIBIOMMUFD_HOST_MODULE_LOADED ||
	       module->state == LIBIOMMUFD_HOST_MODULE_BUILT_IN;
}

#endif
