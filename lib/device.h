/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What regions and facts need of a device, and the device of its regions. */
#ifndef LIBIOMMUFD_DEVICE_H
#define LIBIOMMUFD_DEVICE_H

#include "backend/backend.h"

const struct sys *device_sys(const struct libiommufd_device *dev);
const struct log *device_log(const struct libiommufd_device *dev);
struct region_set *device_regions(struct libiommufd_device *dev);
const struct place *device_place(const struct libiommufd_device *dev);
struct backend_device *device_backend(const struct libiommufd_device *dev);

/* The file of a device that is bound and ours; else an error with its sentence. */
int device_file(const struct libiommufd_device *dev, struct op *op);

/* 1 if it is a PCI device, 0 if not; asked from the kernel once. */
int device_is_pci(struct libiommufd_device *dev, struct op *op);

/* A call on the device's file failed. Returns error. */
int device_failed(struct op *op, int error, const char *what);

/* ---- Regions, in region.c ---- */

struct region_set {
	pthread_mutex_t lock; /* the list and every region's mappings */
	struct libiommufd_region *regions;
};

void region_set_init(struct region_set *set);
bool region_set_mapped(struct region_set *set);
/* Unmap and free all. */
void region_set_fini(struct region_set *set, const struct sys *sys);

/* The region of an index, asked from the kernel once. */
int region_find(struct libiommufd_device *dev, struct op *op, uint32_t index,
		struct libiommufd_region **ret_region);

/* Read or write all of it, after checking bounds and access. */
int region_transfer(struct libiommufd_region *region, struct op *op, uint64_t offset, void *to,
		    const void *from, size_t length);

#endif
