/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the way of one device from a driver to another: override, unbind, probe, and see what came of it. */
#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "sysfs.h"

static int put(const struct sys *sys, const char *dir, const char *attribute, const char *text)
{
	char path[SYSFS_PATH];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, attribute) >= sizeof(path))
		return -ENAMETOOLONG;
	int fd = sys->open(sys, path, O_WRONLY);
	if (fd < 0)
		return fd;
	ssize_t n = sys->pwrite(sys, fd, text, strlen(text), 0);
	sys->close(sys, fd);
	return n < 0 ? (int)n : 0;
}

static int refused(struct op *op, int error, const char *what, const char *driver)
{
	if (error == -EACCES || error == -EPERM || error == -EROFS)
		return op_fail(op, error, LIBIOMMUFD_REASON_NOT_PERMITTED,
			       "this process may not change drivers (%s%s); run it as root, and "
			       "outside of containers that have /sys read-only",
			       what, driver);
	return op_fail(op, error, LIBIOMMUFD_HOST_REASON_DRIVER_REFUSED, "cannot %s%s: %s", what,
		       driver, strerrordesc_np(-error));
}

int driver_get_override(const struct sys *sys, const struct libiommufd_host_device *device,
			char *buf, size_t size)
{
	int r = sysfs_read(sys, device->sysfs, "driver_override", buf, size);

	/* What the kernel prints for none. */
	if (r == 0 && !strcmp(buf, "(null)"))
		buf[0] = '\0';
	return r;
}

int driver_current(const struct sys *sys, const struct libiommufd_host_device *device, char *buf,
		   size_t size)
{
	int r = sysfs_link(sys, device->sysfs, "driver", buf, size);

	if (r == -ENOENT) {
		buf[0] = '\0';
		return 0;
	}
	return r;
}

/* What came of it, when the device is not where it should be. */
static int not_there(const struct sys *sys, struct op *op,
		     const struct libiommufd_host_device *device, const char *wanted,
		     const char *now, int error)
{
	char path[160], text[8];

	snprintf(path, sizeof(path), "/sys/bus/%s/drivers/%s", device->bus, wanted);
	if (wanted[0] && sys->access(sys, path) == -ENOENT)
		return op_fail(op, -ENODEV, LIBIOMMUFD_HOST_REASON_DRIVER_REFUSED,
			       "there is no driver %s now; load its module (modprobe %s) and try "
			       "again",
			       wanted, wanted);
	/* The kernel says no more than that to a device that it cannot reset. */
	snprintf(path, sizeof(path), "/sys/module/vfio_%s/parameters", device->bus);
	if (!strncmp(wanted, "vfio-", 5) &&
	    sysfs_read(sys, path, "reset_required", text, sizeof(text)) == 0 && text[0] == 'Y')
		return op_fail(op, error, LIBIOMMUFD_HOST_REASON_DRIVER_REFUSED,
			       "%s did not take it: it takes devices only that it can reset, "
			       "unless its module is loaded with reset_required=0",
			       wanted);
	if (!strncmp(wanted, "vfio-", 5) && device_group_now(sys, device) == LIBIOMMUFD_FACT_NONE)
		return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_GROUP,
			       "%s did not take it, for it has no IOMMU group; "
			       "libiommufd_host_query_findings() tells why",
			       wanted);
	return op_fail(op, error, LIBIOMMUFD_HOST_REASON_DRIVER_REFUSED,
		       "it should be on %s, and is on %s; the kernel's log may say why (dmesg)",
		       wanted[0] ? wanted : "no driver", now[0] ? now : "none");
}

static int set_override(const struct sys *sys, struct op *op,
			const struct libiommufd_host_device *device, const char *override)
{
	char text[DEVICE_OVERRIDE + 1];

	/* A line feed takes an override away. */
	snprintf(text, sizeof(text), "%s\n", override);
	int r = put(sys, device->sysfs, "driver_override", text);
	return r < 0 ? refused(op, r, "set driver_override to ", override) : 0;
}

int driver_move(const struct sys *sys, struct op *op, const struct libiommufd_host_device *device,
		const char *override, const char *wanted)
{
	/* A device can have an override that is not its driver's: then it stands after the probe. */
	bool later = wanted[0] && override[0] && strcmp(override, wanted);
	char now[DEVICE_DRIVER], bus[64];
	int probed = 0;

	int r = set_override(sys, op, device, later ? "" : override);
	if (r < 0)
		return r;
	r = driver_current(sys, device, now, sizeof(now));
	if (r == 0 && now[0] && strcmp(now, wanted))
		r = put(sys, device->sysfs, "driver/unbind", device->name);
	/* -ENODEV: it lost its driver in this moment. */
	if (r < 0 && r != -ENODEV && r != -ENOENT)
		return refused(op, r, "unbind it from ", now);
	if (wanted[0] && strcmp(now, wanted)) {
		snprintf(bus, sizeof(bus), "/sys/bus/%s", device->bus);
		probed = put(sys, bus, "drivers_probe", device->name);
	}
	if (later) {
		r = set_override(sys, op, device, override);
		if (r < 0)
			return r;
	}
	/* A probe that no driver answers is a success to some kernels. */
	r = driver_current(sys, device, now, sizeof(now));
	if (r == 0 && !strcmp(now, wanted))
		return 0;
	if (probed == -EACCES || probed == -EPERM)
		return refused(op, probed, "probe for ", wanted);
	if (r == 0)
		r = probed < 0 ? probed : -ENODEV;
	return not_there(sys, op, device, wanted, now, r);
}
