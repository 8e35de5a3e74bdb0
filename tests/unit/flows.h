/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Common beginnings and ends of tests: each writes the script of some calls, and makes them. */
#ifndef UNIT_FLOWS_H
#define UNIT_FLOWS_H

#include <sys/sysmacros.h>

#include "ctx.h"
#include "script.h"
#include "uapi/iommufd.h"
#include "uapi/vfio.h"

/* Files and ids of the scripted kernel. */
enum {
	IOMMU_FD = 5,
	DEV_FD = 7,
	GROUP_FD = 10,
	CONTAINER_FD = 11,
	SYSFS_FD = 20,
	IOAS_ID = 3,
	DEV_ID = 42,
};

#define NIC       "0000:06:00.0"
#define NIC_SYSFS "/sys/devices/pci0000:00/0000:00:01.0/0000:06:00.0"
#define NIC_NODE  "/dev/vfio/devices/vfio3"
#define NIC_DEVT  makedev(511, 3)

/* ---- Scripts alone ---- */

/* The page by which a child is told from its parent. */
void *owner_page(void);
void expect_owner(struct script *k);
/* IOMMU_IOAS_ALLOC with 4 bytes; the kernel's answer is -EINVAL if it has it. */
void expect_probe(struct script *k, int fd, unsigned long request, int result);
/* A file of sysfs, read in one piece; NULL: it is not there. */
void expect_attribute(struct script *k, const char *path, const char *content);
/* What place_find() reads of the device NIC, in group 11, vfio3. */
void expect_place(struct script *k);
/* Open of a container and the questions for type1 v2. */
void expect_container(struct script *k);
/* The question whether a container is an iommufd: no. */
void expect_not_iommufd(struct script *k);
/* The device NIC is still on a driver, and in its group. */
void expect_a_driver(struct script *k);
/* The whole way of the first bind in group 11. */
void expect_claim(struct script *k);
/* With an IOMMU that has these ranges; NULL: with software alone. */
void expect_claim_with(struct script *k, const struct libiommufd_range *ranges, uint32_t count);

/* VFIO_IOMMU_GET_INFO, with these ranges; 4 KiB pages and larger. */
void expect_type1_info(struct script *k, int fd, const struct libiommufd_range *ranges,
		       uint32_t count);

/* ---- Scripts and calls ---- */

struct libiommufd_ctx *open_native(struct script *k);
struct libiommufd_ctx *open_type1(struct script *k);
struct libiommufd_ctx *open_native_with(struct script *k, const struct libiommufd_ctx_opts *opts);
void close_ctx(struct script *k, struct libiommufd_ctx *ctx);

struct libiommufd_ioas *create_ioas(struct script *k, struct libiommufd_ctx *ctx, uint32_t id);
void destroy_ioas(struct script *k, struct libiommufd_ioas *ioas);

/* NIC on a native ctx. */
struct libiommufd_device *open_device(struct script *k, struct libiommufd_ctx *ctx);
struct libiommufd_device *bind_device(struct script *k, struct libiommufd_ctx *ctx);
void attach_device(struct script *k, struct libiommufd_device *dev, struct libiommufd_ioas *ioas);
void close_device(struct script *k, struct libiommufd_device *dev);

/* NIC on a type1 ctx. */
struct libiommufd_device *open_device_type1(struct script *k, struct libiommufd_ctx *ctx);
/* Its first use, which opens it. */
void use_device_type1(struct script *k, struct libiommufd_device *dev, const char *name, int fd);
/* Bound and opened. */
struct libiommufd_device *bind_device_type1(struct script *k, struct libiommufd_ctx *ctx);
/* The last device of its group, not attached. */
void close_device_type1(struct script *k, struct libiommufd_device *dev);

/* Run in a child that shares nothing: 0 if what returned true and the script was followed. */
int in_child(struct script *k, bool (*what)(void *data), void *data);

#endif
