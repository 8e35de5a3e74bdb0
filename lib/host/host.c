/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the handle of the host side. */
#include "host.h"

#include <errno.h>
#include <libudev.h>
#include <stdlib.h>

EXPORT const struct libiommufd_error *libiommufd_host_last_error(void)
{
	/* The library has an op.c of its own inside, and so a record of its own. */
	return libiommufd_last_error();
}

int host_make(const struct sys *sys, struct op *op, const struct libiommufd_host_opts *opts,
	      struct libiommufd_host **ret_host)
{
	struct libiommufd_host_opts known;

	int r = op_options(op, opts, &known, sizeof(known), 0);
	if (r < 0)
		return r;
	if (known.reserved)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OPTIONS, "reserved is not 0");

	struct libiommufd_host *host = calloc(1, sizeof(*host));
	if (host)
		host->udev = udev_new();
	if (!host || !host->udev) {
		free(host);
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	}
	host->sys = sys;
	host->log = (struct log){known.log, known.log_data, known.log_level};
	*ret_host = host;
	return 0;
}

EXPORT int libiommufd_host_open(const struct libiommufd_host_opts *opts,
				struct libiommufd_host **ret_host)
{
	struct op op;

	op_begin(&op, "host_open", "", NULL);
	if (!ret_host)
		return op_end(&op, op_null(&op, "ret_host"));
	return op_end(&op, host_make(&sys_kernel, &op, opts, ret_host));
}

EXPORT struct libiommufd_host *libiommufd_host_close(struct libiommufd_host *host)
{
	if (host) {
		udev_unref(host->udev);
		free(host);
	}
	return NULL;
}
