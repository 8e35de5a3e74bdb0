/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The handle of the host side, and what its files share. */
#ifndef LIBIOMMUFD_HOST_HOST_H
#define LIBIOMMUFD_HOST_HOST_H

#include "libiommufd-host.h"

#include "op.h"
#include "sys.h"

struct udev;

struct libiommufd_host {
	const struct sys *sys;
	struct log log;
	struct udev *udev;
	char record_dir[128];
	const char *modules_dir; /* NULL: /lib/modules of the running kernel; tests have one */
};

/* The buses that vfio has drivers for; ends with a NULL. */
extern const struct host_bus {
	const char *name;
	bool only_in_groups; /* most of its devices do no DMA */
} host_buses[];

/* Does udev run here, as libudev itself decides? */
bool host_udev_runs(const struct sys *sys);

/* libiommufd_host_open() over another kernel. */
int host_make(const struct sys *sys, struct op *op, const struct libiommufd_host_opts *opts,
	      struct libiommufd_host **ret_host);

/* Kernel's numbers. */
enum {
	HOST_CAP_IPC_LOCK = 14,
	HOST_CAP_SYS_MODULE = 16,
	HOST_CAP_SYS_ADMIN = 21
};

/* Has this process the capability? 1, 0, or the errno if it cannot be told. */
int host_has_capability(const struct sys *sys, unsigned int capability);

#define host_log(host) ((host) ? &(host)->log : NULL)

#endif
