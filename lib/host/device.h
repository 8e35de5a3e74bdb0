/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sysfs tells about devices and their groups, as a snapshot of one or of many. */
#ifndef LIBIOMMUFD_HOST_DEVICE_H
#define LIBIOMMUFD_HOST_DEVICE_H

#include "host.h"

#define DEVICE_NAME   72
#define DEVICE_DRIVER 64
#define DEVICE_ALIAS  16
/* What driver_override can have is no driver's name, and longer. */
#define DEVICE_OVERRIDE 256

struct member {
	char name[DEVICE_NAME];
	char driver[DEVICE_DRIVER];
	bool driver_known;
};

struct group {
	int number;
	bool known; /* could its members be listed? */
	size_t count;
	struct member *members;
	uint32_t dma_state;  /* enum libiommufd_host_dma_state */
	char dma_domain[16]; /* if it is the kernel's; "" if unknown */
};

struct libiommufd_host_device {
	char *sysfs;
	const char *name; /* in sysfs */
	char bus[16];
	char driver[DEVICE_DRIVER];
	char vfio[24]; /* "vfio3"; "" if there is none */
	char node[48];
	char iommu[48];
	bool driver_known, iommu_known, node_known;
	int number; /* of the group, or enum libiommufd_fact */
	const struct group *group;
	int alias_count; /* 0: not known */
	char (*aliases)[DEVICE_ALIAS];
};

struct libiommufd_host_devices {
	size_t count;
	struct libiommufd_host_device *devices;
	size_t group_count;
	struct group *groups;
};

/* Add the device with this directory; -ENOMEM. */
int devices_add(struct libiommufd_host_devices *devices, const struct sys *sys, const char *bus,
		const char *sysfs);
/* The same without a look at it: all else is unknown. */
int devices_add_unread(struct libiommufd_host_devices *devices, const char *bus, const char *sysfs);

/* After the last one: sort, and read the groups. -ENOMEM. */
int devices_finish(struct libiommufd_host_devices *devices, const struct sys *sys);

/* In dma.c, with devices and groups complete: what the kernel tells of their DMA. -ENOMEM. */
int dma_read(struct libiommufd_host_devices *devices, const struct sys *sys);

/* A requester ID that the IOMMU may see of both, where the kernel tells: they cannot be told apart by it. */
bool dma_common_alias(const struct sys *sys, const struct libiommufd_host_device *device,
		      const char *other, char alias[DEVICE_ALIAS]);

/* One device by a name that a user gave. */
int device_find(struct libiommufd_host *host, struct op *op, const char *name,
		struct libiommufd_host_devices **ret_devices);

/* Bridges are no devices that vfio takes. */
bool device_is_bridge(const struct sys *sys, const struct libiommufd_host_device *device);

/* Was it removed since it was looked at? */
bool device_is_gone(const struct sys *sys, const struct libiommufd_host_device *device);

/* The number of its group at this moment, or enum libiommufd_fact. */
int device_group_now(const struct sys *sys, const struct libiommufd_host_device *device);

/* A link that may be absent: "" then. False if it cannot be told. */
bool read_link(const struct sys *sys, const char *dir, const char *link, char *buf, size_t size);

#endif
