/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the conditions of one device: is it on a vfio driver, and may its nodes be opened? */
#include "findings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "sysfs.h"

void check_driver(struct search *search)
{
	const struct libiommufd_host_device *device = search->device;
	struct libiommufd_host_finding *finding;

	if (!device->driver_known || libiommufd_host_device_is_on_vfio(device))
		return;
	if (device_is_bridge(search->sys, device)) {
		finding = finding_add(search, LIBIOMMUFD_HOST_IS_BRIDGE, device->name);
		finding_evidence(finding, "it is a bridge, which vfio gives to nobody");
		finding_remedy(finding, "name a device behind it; the bridge stays as it is");
		return;
	}
	finding = finding_add(search, LIBIOMMUFD_HOST_NOT_VFIO_DRIVER, device->name);
	if (device->driver[0])
		finding_evidence(finding, "it is on the driver %s, not on vfio's", device->driver);
	else
		finding_evidence(finding, "it has no driver");
	if (!strcmp(device->bus, "mdev"))
		finding_remedy(finding, "load the mdev driver of its parent device");
	else
		finding_remedy(finding,
			       "libiommufd_host_claim_device(), or as root: cd "
			       "/sys/bus/%s/devices/%s; "
			       "echo %s "
			       ">driver_override; %secho %s "
			       ">/sys/bus/%s/drivers_probe",
			       device->bus, device->name, search->driver,
			       device->driver[0] ? "echo $(basename $PWD) >driver/unbind; " : "",
			       device->name, device->bus);
}

static void node_missing(struct search *search, const char *path)
{
	struct libiommufd_host_finding *finding =
		finding_add(search, LIBIOMMUFD_HOST_NODE_MISSING, path);

	finding_evidence(finding, "the kernel has the device, but the node does not exist here");
	finding_remedy(finding,
		       "in a container, pass it in (docker: --device %s); elsewhere see "
		       "that devtmpfs is mounted on /dev",
		       path);
}

static void node_unknown(struct search *search, const char *path)
{
	struct libiommufd_host_finding *finding =
		finding_add(search, LIBIOMMUFD_HOST_NODE_MISSING, path);

	finding_evidence(finding, "this kernel makes no such node");
	finding_remedy(finding,
		       search->backend == LIBIOMMUFD_BACKEND_NATIVE
			       ? "use the type1 backend, or a kernel from 6.6 on with "
				 "CONFIG_IOMMUFD "
				 "and CONFIG_VFIO_DEVICE_CDEV"
			       : "use the native backend, or a kernel with CONFIG_VFIO_GROUP and "
				 "CONFIG_VFIO_CONTAINER");
}

static bool is_devices_node(const char *path)
{
	return !strncmp(path, "/dev/vfio/", 10) && strcmp(path, "/dev/vfio/vfio");
}

/* Which of the directories above it is closed to this user? */
static void directory_not_permitted(struct search *search, const char *path)
{
	struct libiommufd_host_finding *finding =
		finding_add(search, LIBIOMMUFD_HOST_NODE_NOT_PERMITTED, path);
	char dir[64];
	struct stat st;

	snprintf(dir, sizeof(dir), "%s", path);
	for (char *slash; (slash = strrchr(dir, '/')) && slash != dir;) {
		*slash = '\0';
		if (stat(dir, &st) == 0)
			break;
	}
	finding_evidence(finding, "user %u may not look into the directory %s, which has mode %04o",
			 (unsigned)geteuid(), dir, (unsigned)(st.st_mode & 07777));
	finding_remedy(finding, "as root: chmod 0755 %s", dir);
}

static void node_not_permitted(struct search *search, const char *path, const struct stat *st)
{
	struct libiommufd_host_finding *finding =
		finding_add(search, LIBIOMMUFD_HOST_NODE_NOT_PERMITTED, path);
	const char *slash = strrchr(path, '/') + 1;

	finding_evidence(finding,
			 "user %u may not open it for reading and writing: it belongs to user %u "
			 "and group %u, mode %04o",
			 (unsigned)geteuid(), (unsigned)st->st_uid, (unsigned)st->st_gid,
			 (unsigned)(st->st_mode & 07777));
	if (is_devices_node(path))
		finding_remedy(finding,
			       "as root: chown %u %s; for good: a udev rule SUBSYSTEM==\"%s\", "
			       "GROUP=\"...\", MODE=\"0660\"",
			       (unsigned)geteuid(), path,
			       strstr(path, "/devices/") ? "vfio-dev" : "vfio");
	else
		finding_remedy(finding,
			       "for good: a udev rule KERNEL==\"%s\", GROUP=\"...\", "
			       "MODE=\"0660\" and this user in that group; now, as root: setfacl "
			       "-m u:%u:rw %s",
			       slash, (unsigned)geteuid(), path);
}

/* Its owner and mode would allow it: the container's or the service's list of devices does not. */
static void node_fenced(struct search *search, const char *path)
{
	struct libiommufd_host_finding *finding =
		finding_add(search, LIBIOMMUFD_HOST_NODE_NOT_PERMITTED, path);

	finding_evidence(finding,
			 "the control group of this container or service does not allow it");
	finding_remedy(finding, "docker: --device %s; systemd: DeviceAllow=%s rw in the unit", path,
		       path);
}

/* number is "major:minor" as sysfs has it; "": it has none; NULL: not known. */
static void check_node(struct search *search, const char *path, const char *number)
{
	unsigned int major_number, minor_number;
	struct stat st;

	if (stat(path, &st) < 0) {
		if ((errno == ENOENT || errno == ENOTDIR) && number && !number[0])
			node_unknown(search, path);
		else if (errno == ENOENT || errno == ENOTDIR)
			node_missing(search, path);
		else if (errno == EACCES)
			directory_not_permitted(search, path);
		return;
	}
	if (number && sscanf(number, "%u:%u", &major_number, &minor_number) == 2 &&
	    (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(major_number, minor_number))) {
		struct libiommufd_host_finding *finding =
			finding_add(search, LIBIOMMUFD_HOST_NODE_STALE, path);
		if (S_ISCHR(st.st_mode))
			finding_evidence(finding, "the node is %u:%u, the device %u:%u",
					 major(st.st_rdev), minor(st.st_rdev), major_number,
					 minor_number);
		else
			finding_evidence(finding, "what is there is no device's node");
		finding_remedy(finding, "it is left over from another device: remove it and mount "
					"devtmpfs, or start the container anew");
		return;
	}
	int r = search->sys->access(search->sys, path);
	if (r == -EPERM)
		node_fenced(search, path);
	else if (r == -EACCES)
		node_not_permitted(search, path, &st);
}

/* As check_node() wants it. */
static const char *read_number(const struct sys *sys, const char *dir, const char *attribute,
			       char *buf, size_t size)
{
	int r = sysfs_read(sys, dir, attribute, buf, size);

	if (r == -ENOENT)
		buf[0] = '\0';
	return r == 0 || r == -ENOENT ? buf : NULL;
}

static void check_device_node(struct search *search)
{
	const struct libiommufd_host_device *device = search->device;
	char attribute[48], number[32], path[48];

	if (search->backend == LIBIOMMUFD_BACKEND_TYPE1) {
		/* Not known, and so no condition. */
		if (device->number < 0)
			return;
		snprintf(attribute, sizeof(attribute), "/sys/class/vfio/%d", device->number);
		snprintf(path, sizeof(path), "/dev/vfio/%d", device->number);
		check_node(search, path,
			   read_number(search->sys, attribute, "dev", number, sizeof(number)));
		return;
	}
	if (!device->node[0]) {
		if (!device->node_known)
			return;
		struct libiommufd_host_finding *finding =
			finding_add(search, LIBIOMMUFD_HOST_NO_CDEV, device->name);
		finding_evidence(finding, "the kernel makes no character device for it");
		finding_remedy(finding, "use a kernel from 6.6 on with CONFIG_VFIO_DEVICE_CDEV, or "
					"the type1 backend");
		return;
	}
	snprintf(attribute, sizeof(attribute), "vfio-dev/%s/dev", device->vfio);
	check_node(search, device->node,
		   read_number(search->sys, device->sysfs, attribute, number, sizeof(number)));
}

void check_nodes(struct search *search)
{
	bool native = search->backend == LIBIOMMUFD_BACKEND_NATIVE;
	char number[32];

	if (!search->module_missing)
		check_node(search, native ? "/dev/iommu" : "/dev/vfio/vfio",
			   read_number(search->sys,
				       native ? "/sys/class/misc/iommu" : "/sys/class/misc/vfio",
				       "dev", number, sizeof(number)));
	if (libiommufd_host_device_is_on_vfio(search->device))
		check_device_node(search);
}
