/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a device is: from the name a caller gives to its directory in sysfs, group and node. */
#ifndef LIBIOMMUFD_SYSFS_H
#define LIBIOMMUFD_SYSFS_H

#include "op.h"
#include "sys.h"

#define SYSFS_PATH 512

struct place {
	char name[72];          /* for people: PCI address, uuid, or the node's path */
	char sysfs[SYSFS_PATH]; /* directory of the device; "" if not known */
	char node[96];          /* character device; "" if not known or there is none */
	char vfio[24];          /* "vfio3"; "" if not known or there is none */
	int vfio_error;         /* why it is not known; 0: there is none */
	int group;              /* number, or enum libiommufd_fact */
};

/*
 * Find a device by PCI address or sysfs path. A path of a node is only taken over: node is set, sysfs
 * stays "", for place_of_rdev() or place_of_class() to fill in.
 */
int place_find(const struct sys *sys, struct op *op, const char *name, struct place *place);

/* Fill in what can be known of an open character device. Never fails: "" is not known. */
void place_of_rdev(const struct sys *sys, dev_t rdev, struct place *place);

/* Fill in by the last part of the node's path, where the node itself is of no use. */
void place_of_class(const struct sys *sys, struct place *place);

/*
 * With enable_unsafe_noiommu_mode vfio makes groups itself, for devices that no IOMMU holds back: is the group of
 * that number one?
 */
bool sysfs_is_mock_group(const struct sys *sys, int number);

/* The major:minor that sysfs gives for the device's node; -ENOENT: it has none. */
int place_devt(const struct sys *sys, const struct place *place, dev_t *ret_devt);

/* The last part of a symbolic link, such as a driver's name. -ENOENT if the link is not there. */
int sysfs_link(const struct sys *sys, const char *dir, const char *link, char *buf, size_t size);

/* The content of an attribute without its final line feed; cut off at size - 1. */
int sysfs_read(const struct sys *sys, const char *dir, const char *attribute, char *buf,
	       size_t size);

/* Calls each for every line of an attribute until it returns non-zero; that, or the errno. */
int sysfs_lines(const struct sys *sys, const char *dir, const char *attribute,
		int (*each)(void *data, const char *line), void *data);

#endif
