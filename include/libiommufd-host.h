/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libiommufd-host: the machine around a device that user space is to drive. Which devices there are, what
 * keeps one from being opened, bound or mapped for, and how to change that. For the privileged side: it
 * uses libudev and libkmod, which a program that only drives a device need not have.
 *
 * The conventions are those of libiommufd.h: 0 or a negative errno, outputs last, called ret_* and untouched
 * on failure, NULL refused with -EINVAL (reason ARGUMENT) except by destructors, options that start with their
 * size, nothing printed, no exit, every file O_CLOEXEC. And these:
 * - libiommufd_host_last_error() has the record of a failure of this library. It is another one than that of
 *   libiommufd_last_error(): the two libraries can be used, and updated, one without the other.
 * - A host and what is asked of it belong to one thread at a time, for that is libudev's and libkmod's rule.
 *   Different hosts can be used at once. Snapshots (devices, findings) are immutable: any thread may read them,
 *   and they outlive the host.
 * - "Calls" names the libraries that are used; what is called directly follows.
 */
#ifndef LIBIOMMUFD_HOST_H
#define LIBIOMMUFD_HOST_H

#include "libiommufd.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The machine, as this process sees it. */
struct libiommufd_host;
/** An immutable snapshot of the devices of the machine. */
struct libiommufd_host_devices;
/** One device in a snapshot. */
struct libiommufd_host_device;

/* ---- Errors ------------------------------------------------------------------------------- */

/**
 * The record of this thread's last failed call of this library; see libiommufd_last_error().
 *
 * Reasons are those of enum libiommufd_reason. Successful calls never change it.
 *
 * @return never NULL; valid for the life of the thread, its content until the next failing call
 *
 * @par Threads  each thread has its own record
 * @par Calls    none
 */
LIBIOMMUFD_API const struct libiommufd_error *libiommufd_host_last_error(void);

/* ---- The host ----------------------------------------------------------------------------- */

/** Options of libiommufd_host_open(). */
struct libiommufd_host_opts {
	uint32_t size;         /**< sizeof(struct libiommufd_host_opts) */
	uint32_t flags;        /**< 0 */
	uint32_t log_level;    /**< enum libiommufd_log_level; 0 is silence */
	uint32_t reserved;     /**< 0 */
	libiommufd_log_fn log; /**< NULL is silence */
	void *log_data;        /**< given to log */
};

/**
 * Start to look at the machine. Changes nothing, and needs no privilege.
 *
 * @param opts     options; NULL is default
 * @param ret_host the host; end it with libiommufd_host_close()
 *
 * @return 0, or
 *   -EINVAL, -E2BIG  ret_host is NULL, or the options are not as said (reason OPTIONS)
 *   -ENOMEM    no memory
 *
 * @par Threads  safe
 * @par Calls    libudev
 */
LIBIOMMUFD_API int libiommufd_host_open(const struct libiommufd_host_opts *opts,
					struct libiommufd_host **ret_host);

/**
 * End it. Snapshots made from it stay valid.
 *
 * @param host a host; NULL is allowed
 *
 * @return NULL
 *
 * @par Threads  not while the host is used otherwise
 * @par Calls    libudev
 */
LIBIOMMUFD_API struct libiommufd_host *libiommufd_host_close(struct libiommufd_host *host);

/* ---- Devices ------------------------------------------------------------------------------ */

/** Flags of struct libiommufd_host_devices_opts. */
enum libiommufd_host_devices_flags {
	/** Only devices that a vfio driver has: those that can be opened now. */
	LIBIOMMUFD_HOST_DEVICES_ON_VFIO = 1 << 0,
	/** Also platform and AMBA devices without an IOMMU group, of which a machine has many. */
	LIBIOMMUFD_HOST_DEVICES_ALL = 1 << 1,
};

/** Options of libiommufd_host_query_devices(). */
struct libiommufd_host_devices_opts {
	uint32_t size;  /**< sizeof(struct libiommufd_host_devices_opts) */
	uint32_t flags; /**< enum libiommufd_host_devices_flags */
};

/**
 * List the devices that vfio can give to user space, on whatever driver they are now: all of PCI, mdev, FSL-MC
 * and CDX, and those of the platform and AMBA buses that have an IOMMU group. Sorted by bus and name.
 *
 * A device that vanishes meanwhile is left out. What cannot be read of a device is unknown.
 *
 * @param host        a host
 * @param opts        options; NULL is default
 * @param ret_devices a snapshot; free it with libiommufd_host_devices_free()
 *
 * @return 0, or
 *   -EINVAL, -E2BIG  a NULL, or the options are not as said (reason OPTIONS)
 *   -ENOMEM    no memory
 *   other      libudev cannot list (reason KERNEL)
 *
 * @par Threads  one at a time for a host
 * @par Calls    libudev; readlink, openat, getdents64, newfstatat, read, close
 * @par Source   sysfs
 */
LIBIOMMUFD_API int libiommufd_host_query_devices(struct libiommufd_host *host,
						 const struct libiommufd_host_devices_opts *opts,
						 struct libiommufd_host_devices **ret_devices);

/**
 * Look at one device. Takes no longer on a machine with many.
 *
 * @param host        a host
 * @param name        as for libiommufd_device_open(); or the name on its bus: an mdev's uuid, a platform device's
 *                    name
 * @param ret_devices a snapshot of one device; free it with libiommufd_host_devices_free()
 *
 * @return 0, or
 *   -EINVAL    a NULL, or name has no known form
 *   -ENODEV    no such device (reason NO_SUCH_DEVICE)
 *   -ENOMEM    no memory
 *
 * @par Threads  one at a time for a host
 * @par Calls    readlink, openat, getdents64, newfstatat, read, close
 * @par Source   sysfs
 */
LIBIOMMUFD_API int libiommufd_host_query_device(struct libiommufd_host *host, const char *name,
						struct libiommufd_host_devices **ret_devices);

/** How many devices a snapshot has; 0 for NULL. @par Calls none */
LIBIOMMUFD_API size_t
libiommufd_host_devices_get_count(const struct libiommufd_host_devices *devices);

/** Device number index; it lives as long as the snapshot. NULL if there is none. @par Calls none */
LIBIOMMUFD_API const struct libiommufd_host_device *
libiommufd_host_devices_get(const struct libiommufd_host_devices *devices, size_t index);

/** Free a snapshot; NULL is allowed. Returns NULL. @par Calls none */
LIBIOMMUFD_API struct libiommufd_host_devices *
libiommufd_host_devices_free(struct libiommufd_host_devices *devices);

/*
 * Getters of a device. Strings are NULL when unknown, and "" when there is none.
 */

/** Its name on the bus: "0000:06:00.0", or a mediated device's uuid. @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_device_get_name(const struct libiommufd_host_device *device);

/** The bus: "pci", "mdev", "platform", ... @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_device_get_bus(const struct libiommufd_host_device *device);

/** Its directory, below /sys/devices. @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_device_get_sysfs(const struct libiommufd_host_device *device);

/** The driver's name. @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_device_get_driver(const struct libiommufd_host_device *device);

/** Is it on a vfio driver, so that it can be opened? @par Calls none */
LIBIOMMUFD_API bool libiommufd_host_device_is_on_vfio(const struct libiommufd_host_device *device);

/** The VFIO character device: "/dev/vfio/devices/vfio0". @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_device_get_node(const struct libiommufd_host_device *device);

/** The name of the IOMMU in front of it: "dmar0". @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_device_get_iommu(const struct libiommufd_host_device *device);

/** The number of its IOMMU group, or enum libiommufd_fact. @par Calls none */
LIBIOMMUFD_API int libiommufd_host_device_get_group(const struct libiommufd_host_device *device);

/** How many devices share the group, this one included, or enum libiommufd_fact. @par Calls none */
LIBIOMMUFD_API int
libiommufd_host_device_get_member_count(const struct libiommufd_host_device *device);

/** The name of member number index, sorted; NULL if there is none. @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_device_get_member(const struct libiommufd_host_device *device, size_t index);

/** The driver of member number index; NULL if unknown, "" if none. @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_device_get_member_driver(const struct libiommufd_host_device *device, size_t index);

#ifdef __cplusplus
}
#endif

#endif
