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
};

/* libiommufd_host_open() over another kernel. */
int host_make(const struct sys *sys, struct op *op, const struct libiommufd_host_opts *opts,
	      struct libiommufd_host **ret_host);

#define host_log(host) ((host) ? &(host)->log : NULL)

#endif
