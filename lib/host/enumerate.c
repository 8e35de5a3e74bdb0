/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the ways to devices: all of the machine by libudev, or one by its name. */
#include "device.h"

#include <errno.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sysfs.h"

/* The buses that Linux has vfio drivers for. */
const struct host_bus host_buses[] = {
	{"pci", false},     {"mdev", false}, {"fsl-mc", false}, {"cdx", false},
	{"platform", true}, {"amba", true},  {NULL, false},
};

static bool is_wanted(const struct libiommufd_host_device *device, bool only_in_groups,
		      uint32_t flags)
{
	if ((flags & LIBIOMMUFD_HOST_DEVICES_ON_VFIO) && !libiommufd_host_device_is_on_vfio(device))
		return false;
	return !only_in_groups || device->number != LIBIOMMUFD_FACT_NONE ||
	       (flags & LIBIOMMUFD_HOST_DEVICES_ALL);
}

/* One that went meanwhile looks as if it had nothing; and only then is it worth a look. */
static bool has_vanished(const struct sys *sys, const struct libiommufd_host_device *device)
{
	return device->number == LIBIOMMUFD_FACT_NONE && device->driver_known &&
	       !device->driver[0] && device_is_gone(sys, device);
}

static int add_bus(struct libiommufd_host *host, struct op *op,
		   struct libiommufd_host_devices *devices, size_t bus, uint32_t flags)
{
	struct udev_enumerate *enumerate = udev_enumerate_new(host->udev);
	struct udev_list_entry *entry;
	int r = enumerate ? 0 : -ENOMEM;

	if (r == 0)
		r = udev_enumerate_add_match_subsystem(enumerate, host_buses[bus].name);
	if (r >= 0)
		r = udev_enumerate_scan_devices(enumerate);
	if (r < 0) {
		udev_enumerate_unref(enumerate);
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL,
			       "libudev cannot list the devices of bus %s: %s",
			       host_buses[bus].name, strerrordesc_np(-r));
	}
	r = 0;
	udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumerate))
	{
		r = devices_add(devices, host->sys, host_buses[bus].name,
				udev_list_entry_get_name(entry));
		if (r < 0)
			break;
		struct libiommufd_host_device *last = &devices->devices[devices->count - 1];
		if (has_vanished(host->sys, last) ||
		    !is_wanted(last, host_buses[bus].only_in_groups, flags)) {
			free(last->sysfs);
			devices->count--;
		}
	}
	udev_enumerate_unref(enumerate);
	return r < 0 ? op_fail(op, r, LIBIOMMUFD_REASON_MEMORY, "no memory") : 0;
}

static int list_devices(struct libiommufd_host *host, struct op *op,
			const struct libiommufd_host_devices_opts *opts,
			struct libiommufd_host_devices **ret_devices)
{
	struct libiommufd_host_devices_opts known;

	int r = op_options(op, opts, &known, sizeof(known),
			   LIBIOMMUFD_HOST_DEVICES_ON_VFIO | LIBIOMMUFD_HOST_DEVICES_ALL);
	if (r < 0)
		return r;
	struct libiommufd_host_devices *devices = calloc(1, sizeof(*devices));
	if (!devices)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	for (size_t bus = 0; r == 0 && host_buses[bus].name; bus++)
		r = add_bus(host, op, devices, bus, known.flags);
	if (r == 0 && devices_finish(devices, host->sys) < 0)
		r = op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	if (r < 0) {
		libiommufd_host_devices_free(devices);
		return r;
	}
	*ret_devices = devices;
	return 0;
}

EXPORT int libiommufd_host_query_devices(struct libiommufd_host *host,
					 const struct libiommufd_host_devices_opts *opts,
					 struct libiommufd_host_devices **ret_devices)
{
	struct op op;

	op_begin(&op, "query_devices", "", host_log(host));
	if (!host || !ret_devices)
		return op_end(&op, op_null(&op, "host or ret_devices"));
	return op_end(&op, list_devices(host, &op, opts, ret_devices));
}

/* A name on a bus that is no path: an mdev's uuid, "fd000000.dma". */
static bool find_on_bus(const struct sys *sys, const char *name, char *buf, size_t size)
{
	char path[SYSFS_PATH];

	if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (size_t bus = 0; host_buses[bus].name; bus++) {
		int n = snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s", host_buses[bus].name,
				 name);
		if ((size_t)n < sizeof(path) && sys->realpath(sys, path, buf, size) == 0)
			return true;
	}
	return false;
}

static bool is_host_bus(const char *name)
{
	for (size_t i = 0; host_buses[i].name; i++)
		if (!strcmp(name, host_buses[i].name))
			return true;
	return false;
}

/* A network port or disk is named, say: what vfio can give is the device above it. */
static int refuse_bus(const struct sys *sys, struct op *op, const char *dir, const char *bus)
{
	char above[SYSFS_PATH], other[16];

	strcpy(above, dir);
	for (char *slash; (slash = strrchr(above, '/')) > above + strlen("/sys/devices");) {
		*slash = '\0';
		if (read_link(sys, above, "subsystem", other, sizeof(other)) && is_host_bus(other))
			return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE,
				       "vfio has no driver for what is on bus %s; name the device "
				       "above "
				       "it, %s",
				       bus, strrchr(above, '/') + 1);
	}
	return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE,
		       "vfio has no driver for what is on bus %s", bus);
}

int device_find(struct libiommufd_host *host, struct op *op, const char *name,
		struct libiommufd_host_devices **ret_devices)
{
	const struct sys *sys = host->sys;
	char bus[16], dir[SYSFS_PATH];
	struct place place;

	if (!find_on_bus(sys, name, dir, sizeof(dir))) {
		int r = place_find(sys, op, name, &place);
		if (r < 0)
			return r;
		if (!place.sysfs[0])
			place_of_class(sys, &place);
		if (!place.sysfs[0])
			return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE,
				       "sysfs does not know the device of this node");
		strcpy(dir, place.sysfs);
	}
	if (!read_link(sys, dir, "subsystem", bus, sizeof(bus)) || !bus[0])
		return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE,
			       "%s is no device's directory", dir);
	if (!is_host_bus(bus))
		return refuse_bus(sys, op, dir, bus);

	struct libiommufd_host_devices *devices = calloc(1, sizeof(*devices));
	if (!devices || devices_add(devices, sys, bus, dir) < 0 ||
	    devices_finish(devices, sys) < 0) {
		libiommufd_host_devices_free(devices);
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	}
	*ret_devices = devices;
	return 0;
}

EXPORT int libiommufd_host_query_device(struct libiommufd_host *host, const char *name,
					struct libiommufd_host_devices **ret_devices)
{
	struct op op;

	op_begin(&op, "query_device", name ? name : "", host_log(host));
	if (!host || !name || !ret_devices)
		return op_end(&op, op_null(&op, "host, name or ret_devices"));
	return op_end(&op, device_find(host, &op, name, ret_devices));
}
