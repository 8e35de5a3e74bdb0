/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two devices of two groups on type1: NIC, which is attached, and a disk that shares its container or not. */
#ifndef UNIT_DISK_H
#define UNIT_DISK_H

#include "flows.h"

#define RW (LIBIOMMUFD_READ | LIBIOMMUFD_WRITE)

#define DISK       "0000:07:00.0"
#define DISK_SYSFS "/sys/devices/pci0000:00/0000:00:02.0/0000:07:00.0"

enum {
	DISK_FD = 8,
	DISK_GROUP_FD = 12,
	DISK_CONTAINER_FD = 13,
	NEXT_CONTAINER_FD = 14,
};

/* What the IOMMU has. */
extern const struct libiommufd_range whole[1];

extern struct libiommufd_ctx *ctx;
extern struct libiommufd_ioas *ioas;
extern struct libiommufd_device *nic, *disk;
extern char noted[256]; /* the last line of the log */

/* For cmocka: NIC is attached to ioas with one page at 0x10000, the disk is open. */
int disk_setup(void **state);
/* The disk is closed, and NIC as it was, or detached. */
int disk_teardown(void **state);

#define two_groups(test) cmocka_unit_test_setup_teardown(test, disk_setup, disk_teardown)

/* ---- Scripts alone ---- */

void expect_disk_place(struct script *k);
/* Open of its group, which is viable. */
void expect_disk_group(struct script *k);
/* Open of a container that is no iommufd. */
void expect_container_as(struct script *k, int fd);
void expect_set(struct script *k, int container, int result);
void expect_unset(struct script *k, int result);
/* Into an empty container, which is then asked. */
void expect_own(struct script *k, int container);
/* Open of the disk. */
void expect_disk(struct script *k, int result);
void expect_map(struct script *k, int container, uint64_t iova, uint64_t size, int result);
void expect_unmap(struct script *k, int container, uint64_t iova, uint64_t size);

/* ---- Scripts and calls ---- */

int bind_disk(struct libiommufd_ioas *into, uint32_t flags);
/* In a container of its own, and not opened. */
void park_disk(struct script *k);
/* From there into NIC's. */
void join_disk(struct script *k);
/* From a container of its own, with what it maps. */
void close_disk(struct script *k, int container, bool open, bool mapped);
/* From NIC's, in which that stays: it is asked anew. */
void close_sharing_disk(struct script *k);

bool is_private(const struct libiommufd_device *dev);

#endif
