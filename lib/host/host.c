/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the handle of the host side, the names of its reasons, and what it asks of this process. */
#include "host.h"

#include <errno.h>
#include <inttypes.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sysfs.h"

EXPORT const struct libiommufd_error *libiommufd_host_last_error(void)
{
	/* The library has an op.c of its own inside, and so a record of its own. */
	return libiommufd_last_error();
}

static const char *const reason_names[] = {
	"MODULE_ABSENT",  "MODULE_BLACKLISTED", "MODULE_REFUSED",
	"DRIVER_REFUSED", "NOT_CLAIMED",        "TIMEOUT",
	"RECORD",
};

EXPORT const char *libiommufd_host_reason_name(uint32_t reason)
{
	const uint32_t first = LIBIOMMUFD_HOST_REASON_MODULE_ABSENT;

	if (reason < first)
		return libiommufd_reason_name(reason);
	if (reason - first >= sizeof(reason_names) / sizeof(reason_names[0]))
		return "UNKNOWN";
	return reason_names[reason - first];
}

bool host_udev_runs(const struct sys *sys)
{
	return sys->access(sys, "/run/udev/control") != -ENOENT;
}

static int read_capabilities(void *data, const char *line)
{
	return sscanf(line, "CapEff: %" SCNx64, (uint64_t *)data) == 1;
}

static int is_whole_map(void *data, const char *line)
{
	unsigned int inside, outside, count;

	*(bool *)data = sscanf(line, "%u %u %u", &inside, &outside, &count) == 3 && !inside &&
			!outside && count == UINT32_MAX;
	return 1;
}

int host_has_capability(const struct sys *sys, unsigned int capability)
{
	uint64_t effective = 0;
	bool whole = false;

	/* The root of a user namespace has them all, and none that counts here. */
	int r = sysfs_lines(sys, "/proc/self", "uid_map", is_whole_map, &whole);
	if (r >= 0 && !whole)
		return 0;
	r = sysfs_lines(sys, "/proc/self", "status", read_capabilities, &effective);
	if (r != 1)
		return r < 0 ? r : -ENODATA;
	return effective >> capability & 1;
}

int host_make(const struct sys *sys, struct op *op, const struct libiommufd_host_opts *opts,
	      struct libiommufd_host **ret_host)
{
	struct libiommufd_host_opts known;
	struct libiommufd_host *host;

	int r = op_options(op, opts, &known, sizeof(known), 0);
	if (r < 0)
		return r;
	if (known.reserved)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OPTIONS, "reserved is not 0");
	const char *dir = known.record_dir ? known.record_dir : "/run/libiommufd";
	if (dir[0] != '/' || strlen(dir) >= sizeof(host->record_dir))
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OPTIONS,
			       "the directory of records is no absolute path, or too long");

	host = calloc(1, sizeof(*host));
	if (host)
		host->udev = udev_new();
	if (!host || !host->udev) {
		free(host);
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	}
	host->sys = sys;
	strcpy(host->record_dir, dir);
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
