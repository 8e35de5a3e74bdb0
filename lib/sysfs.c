/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the paths of sysfs and what is read from them. Calls sys; changes nothing. */
#include "sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

static bool join(char *buf, size_t size, const char *dir, const char *name)
{
	int n = snprintf(buf, size, "%s/%s", dir, name);
	return n >= 0 && (size_t)n < size;
}

int sysfs_link(const struct sys *sys, const char *dir, const char *link, char *buf, size_t size)
{
	char path[SYSFS_PATH], target[SYSFS_PATH];

	if (!join(path, sizeof(path), dir, link))
		return -ENAMETOOLONG;
	int r = sys->readlink(sys, path, target, sizeof(target));
	if (r < 0)
		return r;
	const char *slash = strrchr(target, '/');
	const char *base = slash ? slash + 1 : target;
	if (!*base || strlen(base) >= size)
		return -ENAMETOOLONG;
	strcpy(buf, base);
	return 0;
}

int sysfs_read(const struct sys *sys, const char *dir, const char *attribute, char *buf,
	       size_t size)
{
	char path[SYSFS_PATH];

	if (!join(path, sizeof(path), dir, attribute))
		return -ENAMETOOLONG;
	int fd = sys->open(sys, path, O_RDONLY);
	if (fd < 0)
		return fd;
	ssize_t n = sys->read(sys, fd, buf, size - 1);
	sys->close(sys, fd);
	if (n < 0)
		return (int)n;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

int sysfs_lines(const struct sys *sys, const char *dir, const char *attribute,
		int (*each)(void *data, const char *line), void *data)
{
	char path[SYSFS_PATH], text[4096];
	size_t kept = 0;
	ssize_t n;
	int r = 0;

	if (!join(path, sizeof(path), dir, attribute))
		return -ENAMETOOLONG;
	int fd = sys->open(sys, path, O_RDONLY);
	if (fd < 0)
		return fd;
	while ((n = sys->read(sys, fd, text + kept, sizeof(text) - 1 - kept)) > 0) {
		char *line = text, *end;
		kept += (size_t)n;
		text[kept] = '\0';
		for (; r == 0 && (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			r = each(data, line);
		}
		kept -= (size_t)(line - text);
		memmove(text, line, kept);
		/* Nobody writes lines of this length. */
		if (r || kept == sizeof(text) - 1)
			break;
	}
	sys->close(sys, fd);
	return n < 0 ? (int)n : r;
}

static int take_first(void *data, const char *name)
{
	struct place *place = data;

	if (strlen(name) < sizeof(place->vfio))
		strcpy(place->vfio, name);
	return 1;
}

static void read_group(const struct sys *sys, struct place *place)
{
	char name[16], *end;

	int r = sysfs_link(sys, place->sysfs, "iommu_group", name, sizeof(name));
	if (r < 0) {
		place->group = r == -ENOENT ? LIBIOMMUFD_FACT_NONE : LIBIOMMUFD_FACT_UNKNOWN;
		return;
	}
	long number = strtol(name, &end, 10);
	place->group =
		*end || number < 0 || number > INT32_MAX ? LIBIOMMUFD_FACT_UNKNOWN : (int)number;
}

/* What sysfs says about the device in place->sysfs. */
static void read_place(const struct sys *sys, struct place *place)
{
	char dir[SYSFS_PATH];

	read_group(sys, place);
	place->vfio_error = 0;
	if (join(dir, sizeof(dir), place->sysfs, "vfio-dev"))
		place->vfio_error = sys->list(sys, dir, take_first, place);
	if (place->vfio_error == -ENOENT)
		place->vfio_error = 0;
	/* The directory alone proves nothing: it is there without the character device too. */
	dev_t number;
	if (place->vfio[0] && !place->node[0] && place_devt(sys, place, &number) != -ENOENT)
		snprintf(place->node, sizeof(place->node), "/dev/vfio/devices/%s", place->vfio);
}

static void name_after(struct place *place, const char *path)
{
	const char *slash = strrchr(path, '/');
	snprintf(place->name, sizeof(place->name), "%.71s", slash ? slash + 1 : path);
}

/* "06:00.0" and "0000:06:00.0" alike. */
static bool parse_pci(const char *name, char *buf, size_t size)
{
	unsigned int domain = 0, bus, slot, function;
	int end = -1;

	if (sscanf(name, "%8x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &end) != 4) {
		domain = 0;
		if (sscanf(name, "%2x:%2x.%1x%n", &bus, &slot, &function, &end) != 3)
			return false;
	}
	if (end < 0 || name[end] || slot > 0x1f || function > 7)
		return false;
	/* sscanf takes signs and white space that an address cannot have. */
	if (strspn(name, "0123456789abcdefABCDEF:.") != strlen(name))
		return false;
	snprintf(buf, size, "%04x:%02x:%02x.%x", domain, bus, slot, function);
	return true;
}

static bool names_group(const char *path)
{
	static const char dir[] = "/dev/vfio/";
	const char *last = path + sizeof(dir) - 1;

	if (strncmp(path, dir, sizeof(dir) - 1))
		return false;
	if (!strncmp(last, "noiommu-", 8))
		return true;
	return !strcmp(last, "vfio") || (*last && strspn(last, "0123456789") == strlen(last));
}

int place_find(const struct sys *sys, struct op *op, const char *name, struct place *place)
{
	char address[32], path[SYSFS_PATH];

	*place = (struct place){.group = LIBIOMMUFD_FACT_UNKNOWN};

	if (parse_pci(name, address, sizeof(address))) {
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", address);
	} else if (!strncmp(name, "/sys/", 5)) {
		if (strlen(name) >= sizeof(path))
			return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
				       "the path is too long");
		strcpy(path, name);
	} else if (name[0] == '/') {
		if (names_group(name))
			return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
				       "%s is a group's or container's node; name the device: its "
				       "PCI address, its directory in /sys, or "
				       "/dev/vfio/devices/...",
				       name);
		if (strlen(name) >= sizeof(place->node))
			return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
				       "the path is too long");
		strcpy(place->node, name);
		snprintf(place->name, sizeof(place->name), "%.71s", name);
		return 0;
	} else {
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
			       "not a device name; give a PCI address like 0000:06:00.0, a "
			       "directory "
			       "in /sys, or a node like /dev/vfio/devices/vfio0");
	}

	int r = sys->realpath(sys, path, place->sysfs, sizeof(place->sysfs));
	if (r == -ENOENT || r == -ENOTDIR)
		return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE,
			       "there is no such device: %s does not exist", path);
	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL, "cannot look at %s", path);
	if (strncmp(place->sysfs, "/sys/devices/", 13))
		return op_fail(op, -ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE,
			       "%s is no device's directory", path);
	name_after(place, place->sysfs);
	read_place(sys, place);
	return 0;
}

/* From ".../0000:06:00.0/vfio-dev/vfio3" to the device. */
static void place_of_vfio_dir(const struct sys *sys, const char *path, struct place *place)
{
	char dir[SYSFS_PATH];

	if (sys->realpath(sys, path, dir, sizeof(dir)) < 0)
		return;
	char *end = strstr(dir, "/vfio-dev/");
	if (!end)
		return;
	*end = '\0';
	strcpy(place->sysfs, dir);
	name_after(place, dir);
	read_place(sys, place);
}

void place_of_rdev(const struct sys *sys, dev_t rdev, struct place *place)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u", major(rdev), minor(rdev));
	place_of_vfio_dir(sys, path, place);
}

void place_of_class(const struct sys *sys, struct place *place)
{
	char path[160];
	const char *slash = strrchr(place->node, '/');

	snprintf(path, sizeof(path), "/sys/class/vfio-dev/%s", slash ? slash + 1 : place->node);
	place_of_vfio_dir(sys, path, place);
}

int place_devt(const struct sys *sys, const struct place *place, dev_t *ret_devt)
{
	char attribute[48], text[32];
	unsigned int major_number, minor_number;

	snprintf(attribute, sizeof(attribute), "vfio-dev/%s/dev", place->vfio);
	int r = sysfs_read(sys, place->sysfs, attribute, text, sizeof(text));
	if (r < 0)
		return r;
	if (sscanf(text, "%u:%u", &major_number, &minor_number) != 2)
		return -EIO;
	*ret_devt = makedev(major_number, minor_number);
	return 0;
}

bool sysfs_is_mock_group(const struct sys *sys, int number)
{
	char dir[64], name[16];

	if (number < 0)
		return false;
	snprintf(dir, sizeof(dir), "/sys/class/vfio/noiommu-%d", number);
	return sysfs_link(sys, dir, "subsystem", name, sizeof(name)) == 0;
}
