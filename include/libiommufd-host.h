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

/* ---- Objects ------------------------------------------------------------------------------ */

/** The machine, as this process sees it. */
struct libiommufd_host;
/** An immutable snapshot of the devices of the machine. */
struct libiommufd_host_devices;
/** One device in a snapshot. */
struct libiommufd_host_device;
/** An immutable snapshot of the kernel modules that a device needs. */
struct libiommufd_host_modules;
/** An immutable list of what keeps a device from being used. */
struct libiommufd_host_findings;
/** One thing that does. */
struct libiommufd_host_finding;
/** Devices that come and go. */
struct libiommufd_host_watch;

/* ---- Errors ------------------------------------------------------------------------------- */

/** Reasons beside those of enum libiommufd_reason. Values are stable; new ones are added at the end. */
enum libiommufd_host_reason {
	LIBIOMMUFD_HOST_REASON_MODULE_ABSENT = 1000,      /**< there is no such module */
	LIBIOMMUFD_HOST_REASON_MODULE_BLACKLISTED = 1001, /**< the configuration forbids it */
	LIBIOMMUFD_HOST_REASON_MODULE_REFUSED = 1002,     /**< the kernel does not take it */
	LIBIOMMUFD_HOST_REASON_DRIVER_REFUSED = 1003, /**< a driver does not let go, or take it */
	LIBIOMMUFD_HOST_REASON_NOT_CLAIMED = 1004,    /**< there is no record of the device */
	LIBIOMMUFD_HOST_REASON_TIMEOUT = 1005,        /**< a node did not appear in time */
	LIBIOMMUFD_HOST_REASON_RECORD = 1006,         /**< the record cannot be read or written */
};

/**
 * The record of this thread's last failed call of this library; see libiommufd_last_error().
 *
 * Reasons are those of enum libiommufd_reason and enum libiommufd_host_reason. Successful calls never
 * change it.
 *
 * @return never NULL; valid for the life of the thread, its content until the next failing call
 *
 * @par Threads  each thread has its own record
 * @par Calls    none
 */
LIBIOMMUFD_API const struct libiommufd_error *libiommufd_host_last_error(void);

/**
 * The name of a reason of either enum, for logs: "MODULE_ABSENT".
 *
 * @param reason value of enum libiommufd_reason or enum libiommufd_host_reason
 *
 * @return a constant string; "UNKNOWN" for a value this library does not know
 *
 * @par Threads  safe
 * @par Calls    none
 */
LIBIOMMUFD_API const char *libiommufd_host_reason_name(uint32_t reason);

/* ---- The host ----------------------------------------------------------------------------- */

/** Options of libiommufd_host_open(). */
struct libiommufd_host_opts {
	uint32_t size;         /**< sizeof(struct libiommufd_host_opts) */
	uint32_t flags;        /**< 0 */
	uint32_t log_level;    /**< enum libiommufd_log_level; 0 is silence */
	uint32_t reserved;     /**< 0 */
	libiommufd_log_fn log; /**< NULL is silence */
	void *log_data;        /**< given to log */
	/** Where the records of claimed devices are; NULL: /run/libiommufd. Absolute, of root. */
	const char *record_dir;
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
 * @par Kernel   any
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
 *   -ENODEV    no such device, or one of a bus that vfio has no driver for: a network port, a disk. The sentence
 *              then names the device above it (reason NO_SUCH_DEVICE)
 *   -ENOMEM    no memory
 *
 * @par Threads  one at a time for a host
 * @par Calls    readlink, openat, getdents64, newfstatat, read, close
 * @par Kernel   any
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

/** Its name on the bus: "0000:06:00.0", or a mediated device's uuid; NULL for NULL. @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_device_get_name(const struct libiommufd_host_device *device);

/** The bus: "pci", "mdev", "platform", ...; NULL for NULL. @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_device_get_bus(const struct libiommufd_host_device *device);

/** Its directory, below /sys/devices; NULL for NULL. @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_device_get_sysfs(const struct libiommufd_host_device *device);

/** The driver's name; "" if it has none, NULL if unknown. @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_device_get_driver(const struct libiommufd_host_device *device);

/** Is it on a vfio driver, so that it can be opened? @par Calls none */
LIBIOMMUFD_API bool libiommufd_host_device_is_on_vfio(const struct libiommufd_host_device *device);

/** The VFIO character device: "/dev/vfio/devices/vfio0"; "" if there is none, NULL if unknown. @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_device_get_node(const struct libiommufd_host_device *device);

/** The name of the IOMMU in front of it: "dmar0"; "" if there is none, NULL if unknown. @par Calls none */
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

/** Who decides what the devices of a group reach by DMA. */
enum libiommufd_host_dma_state {
	LIBIOMMUFD_HOST_DMA_UNKNOWN = 0, /**< the kernel does not say, or they have no IOMMU */
	LIBIOMMUFD_HOST_DMA_BLOCKED = 1, /**< nobody: they reach nothing */
	LIBIOMMUFD_HOST_DMA_KERNEL = 2,  /**< the kernel; the domain tells how far */
	LIBIOMMUFD_HOST_DMA_USER = 3,    /**< user space, as of a bind: what is mapped there */
};

/**
 * What the devices of its group may reach by DMA when the snapshot was made.
 *
 * With iommu.block_idle=1 a group that nobody uses is BLOCKED, but for memory that the group's reserved_regions
 * list as direct. Without, it has what the kernel gives to drivers, although no driver is there.
 *
 * @param device a device
 *
 * @return enum libiommufd_host_dma_state
 *
 * @par Threads  safe
 * @par Calls    none
 * @par Kernel   6.1 or 6.12 with kernel-patches/6.1, kernel-patches/6.12; others do not say
 * @par Source   /sys/kernel/iommu_groups/N/dma_state, which poll() tells changes of
 */
LIBIOMMUFD_API uint32_t
libiommufd_host_device_get_dma_state(const struct libiommufd_host_device *device);

/**
 * The type of the domain while the state is DMA_KERNEL: "identity" reaches all of memory, "DMA" and "DMA-FQ" what
 * drivers map, "unmanaged" what a driver put there itself.
 *
 * @param device a device
 *
 * @return the kernel's word; "" if the domain is not the kernel's, NULL if it is unknown
 *
 * @par Threads  safe
 * @par Calls    none
 * @par Kernel   as libiommufd_host_device_get_dma_state()
 */
LIBIOMMUFD_API const char *
libiommufd_host_device_get_dma_domain(const struct libiommufd_host_device *device);

/**
 * How many requester IDs the IOMMU may see on DMA of this PCI device: its own, and those of quirks and of
 * bridges on the way. Devices that share one share a group.
 *
 * @param device a device
 *
 * @return the count, at least 1; LIBIOMMUFD_FACT_UNKNOWN if the kernel does not say, as for all that is not PCI
 *
 * @par Threads  safe
 * @par Calls    none
 * @par Kernel   as libiommufd_host_device_get_dma_state()
 * @par Source   /sys/bus/pci/devices/X/dma_aliases
 */
LIBIOMMUFD_API int
libiommufd_host_device_get_alias_count(const struct libiommufd_host_device *device);

/** Requester ID number index, as a PCI address, its own first; NULL if there is none. @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_device_get_alias(const struct libiommufd_host_device *device, size_t index);

/* ---- Modules ------------------------------------------------------------------------------ */

/** What became of a kernel module. */
enum libiommufd_host_module_state {
	LIBIOMMUFD_HOST_MODULE_ABSENT = 1,      /**< the kernel has none of that name */
	LIBIOMMUFD_HOST_MODULE_BUILT_IN = 2,    /**< a part of the kernel itself */
	LIBIOMMUFD_HOST_MODULE_LOADED = 3,      /**< loaded */
	LIBIOMMUFD_HOST_MODULE_NOT_LOADED = 4,  /**< there, and can be loaded */
	LIBIOMMUFD_HOST_MODULE_BLACKLISTED = 5, /**< there, and the configuration forbids it */
};

/**
 * Which kernel modules a device needs to be given to user space, and what became of each: that of the
 * backend, and of the vfio driver unless the device has one. For a PCI device that is vfio_pci, or the
 * driver for just this kind of device where the kernel has one.
 *
 * @param host        a host
 * @param name        as for libiommufd_host_query_device()
 * @param backend     LIBIOMMUFD_BACKEND_NATIVE or LIBIOMMUFD_BACKEND_TYPE1
 * @param ret_modules a snapshot; free it with libiommufd_host_modules_free()
 *
 * @return 0, or
 *   -EINVAL    a NULL, name has no known form, or backend is none of the two
 *   -ENODEV    no such device (reason NO_SUCH_DEVICE)
 *   -ENOMEM    no memory
 *
 * @par Threads  one at a time for a host
 * @par Calls    libkmod; uname, readlink, openat, getdents64, newfstatat, read, close
 * @par Kernel   any
 * @par Source   /lib/modules, modprobe.d, /sys/module
 */
LIBIOMMUFD_API int libiommufd_host_query_modules(struct libiommufd_host *host, const char *name,
						 uint32_t backend,
						 struct libiommufd_host_modules **ret_modules);

/** How many modules; 0 for NULL. @par Calls none */
LIBIOMMUFD_API size_t
libiommufd_host_modules_get_count(const struct libiommufd_host_modules *modules);

/** The name of module number index: "vfio_pci"; NULL if there is none. @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_modules_get_name(const struct libiommufd_host_modules *modules, size_t index);

/** Its state, enum libiommufd_host_module_state; 0 if there is none. @par Calls none */
LIBIOMMUFD_API uint32_t
libiommufd_host_modules_get_state(const struct libiommufd_host_modules *modules, size_t index);

/** Why it is in that state, for people; "" where nothing is to be said. @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_modules_get_why(const struct libiommufd_host_modules *modules, size_t index);

/** Free a snapshot; NULL is allowed. Returns NULL. @par Calls none */
LIBIOMMUFD_API struct libiommufd_host_modules *
libiommufd_host_modules_free(struct libiommufd_host_modules *modules);

/**
 * Load the modules that libiommufd_host_query_modules() names and that are not there, with what they
 * depend on and with the options of modprobe.d. Stops at the first that fails; commands of modprobe.d are
 * not run.
 *
 * @param host    a host
 * @param name    as for libiommufd_host_query_device()
 * @param backend LIBIOMMUFD_BACKEND_NATIVE or LIBIOMMUFD_BACKEND_TYPE1
 *
 * @return 0, or
 *   -ENOENT    the kernel has no such module (reason MODULE_ABSENT)
 *   -EPERM     it is blacklisted, or a command stands for it (reason MODULE_BLACKLISTED); the process
 *              lacks CAP_SYS_MODULE (reason NOT_PERMITTED); the kernel is locked down, loads no modules
 *              any more, or was told not to load this one (reason MODULE_REFUSED)
 *   other      as libiommufd_host_query_modules(); what the kernel says to the module (reason
 *              MODULE_REFUSED)
 *
 * @par Threads  one at a time for a host
 * @par Calls    libkmod; as libiommufd_host_query_modules()
 */
LIBIOMMUFD_API int libiommufd_host_load_modules(struct libiommufd_host *host, const char *name,
						uint32_t backend);

/* ---- Findings ----------------------------------------------------------------------------- */

/* clang-format off */
/** What keeps a device from being used. Values are stable; new ones are added at the end. */
enum libiommufd_host_code {
	LIBIOMMUFD_HOST_IOMMU_ABSENT = 1,        /**< the firmware describes no IOMMU */
	LIBIOMMUFD_HOST_IOMMU_OFF = 2,           /**< it does, but the kernel does not use it */
	LIBIOMMUFD_HOST_NOT_BEHIND_IOMMU = 3,    /**< the IOMMU is in use, but not for this device */
	LIBIOMMUFD_HOST_NO_IOMMUFD = 4,          /**< the kernel was built without iommufd */
	LIBIOMMUFD_HOST_NO_CDEV = 5,             /**< it has no character devices for VFIO's */
	LIBIOMMUFD_HOST_NO_MODULE = 6,           /**< it has no such module (the subject) */
	LIBIOMMUFD_HOST_MODULE_UNLOADED = 7,     /**< the module is there, but not loaded */
	LIBIOMMUFD_HOST_MODULE_FORBIDDEN = 8,    /**< modprobe.d or the command line forbid it */
	LIBIOMMUFD_HOST_NODE_MISSING = 9,        /**< the node is not here, or the kernel makes none */
	LIBIOMMUFD_HOST_NODE_STALE = 10,         /**< the node is another device's */
	LIBIOMMUFD_HOST_NODE_NOT_PERMITTED = 11, /**< this user may not open the node */
	LIBIOMMUFD_HOST_NOT_VFIO_DRIVER = 12,    /**< it has another driver, or none */
	LIBIOMMUFD_HOST_IS_BRIDGE = 13,          /**< bridges are given to nobody */
	LIBIOMMUFD_HOST_GROUP_MEMBER = 14,       /**< a device of its group (the subject) has a driver */
	LIBIOMMUFD_HOST_UNSAFE_INTERRUPTS = 15,  /**< no interrupt remapping, and not allowed without */
	LIBIOMMUFD_HOST_GROUP_BUSY = 16,         /**< another process has it, or a device of its group */
	LIBIOMMUFD_HOST_MEMORY_LIMIT = 17,       /**< RLIMIT_MEMLOCK; needed and allowed in bytes */
	LIBIOMMUFD_HOST_IOVA_RANGE = 18,         /**< the device cannot have that address */
	LIBIOMMUFD_HOST_BAR_MEMORY = 19,         /**< the memory is a device's, which iommufd refuses */
	LIBIOMMUFD_HOST_REACHES_ALL_MEMORY = 20, /**< nobody drives it, and the IOMMU lets it do anything */
};
/* clang-format on */

/** How sure it is. */
enum libiommufd_host_severity {
	LIBIOMMUFD_HOST_ERROR = 1,   /**< what was asked for will fail */
	LIBIOMMUFD_HOST_WARNING = 2, /**< it may fail; or it works, and something is not safe */
};

/** What a device is wanted for. Each includes those before it. */
enum libiommufd_host_purpose_kind {
	LIBIOMMUFD_HOST_TO_OPEN = 1, /**< to open a context and the device */
	LIBIOMMUFD_HOST_TO_BIND = 2, /**< to bind it; the default */
	LIBIOMMUFD_HOST_TO_MAP = 3,  /**< to map length bytes of memory for it */
};

/** Flags of struct libiommufd_host_purpose. */
enum libiommufd_host_purpose_flags {
	LIBIOMMUFD_HOST_AT_IOVA = 1 << 0, /**< map at iova; without it the address is picked */
};

/** What a device is wanted for: options of libiommufd_host_query_findings(). */
struct libiommufd_host_purpose {
	uint32_t size;    /**< sizeof(struct libiommufd_host_purpose) */
	uint32_t flags;   /**< enum libiommufd_host_purpose_flags */
	uint32_t purpose; /**< enum libiommufd_host_purpose_kind */
	uint32_t
		backend; /**< enum libiommufd_backend; AUTO: as libiommufd_ctx_open() would choose */
	uint64_t length; /**< to map: bytes, not 0 */
	uint64_t iova;   /**< to map with AT_IOVA: the address */
	const void *va;  /**< to map: the memory; NULL if it is not known yet */
	/** To map with AT_IOVA: what libiommufd_ioas_query_ranges() says; NULL: what sysfs does. */
	const struct libiommufd_range *ranges;
	uint32_t range_count; /**< how many ranges; 0 for NULL */
	uint32_t reserved;    /**< 0 */
};

/**
 * Tell why a device cannot be opened, bound, or mapped for, in this process, and what to do about it.
 *
 * Looks and changes nothing: no device is opened, no module loaded. Nothing wrong gives no finding; what
 * cannot be read is no finding. They stand in the order in which to deal with them: without an IOMMU, for one,
 * nothing else is looked at. What this process itself has open is taken for its own. All but REACHES_ALL_MEMORY
 * are in the way, or may be.
 *
 * @param host         a host
 * @param name         as for libiommufd_host_query_device()
 * @param purpose      what for; NULL: to bind it
 * @param ret_findings the list, perhaps empty; free it with libiommufd_host_findings_free()
 *
 * @return 0, or
 *   -EINVAL, -E2BIG  a NULL, name has no known form; a purpose that is not as said, or of length 0; the environment
 *              variable LIBIOMMUFD_BACKEND holds another word (reason OPTIONS)
 *   -ENODEV    no such device (reason NO_SUCH_DEVICE)
 *   -ENOMEM    no memory
 *
 * @par Threads  one at a time for a host
 * @par Calls    libkmod; uname, readlink, openat, getdents64, newfstatat, read, pread64, close, faccessat,
 *               prlimit64, getpid, geteuid
 * @par Kernel   any
 * @par Source   sysfs, /proc, /dev, /lib/modules
 */
LIBIOMMUFD_API int libiommufd_host_query_findings(struct libiommufd_host *host, const char *name,
						  const struct libiommufd_host_purpose *purpose,
						  struct libiommufd_host_findings **ret_findings);

/** How many findings; 0 for NULL. @par Calls none */
LIBIOMMUFD_API size_t
libiommufd_host_findings_get_count(const struct libiommufd_host_findings *findings);

/** Finding number index; it lives as long as the list. NULL if there is none. @par Calls none */
LIBIOMMUFD_API const struct libiommufd_host_finding *
libiommufd_host_findings_get(const struct libiommufd_host_findings *findings, size_t index);

/** The backend they are for, enum libiommufd_backend; AUTO without an IOMMU. @par Calls none */
LIBIOMMUFD_API uint32_t
libiommufd_host_findings_get_backend(const struct libiommufd_host_findings *findings);

/** Free a list; NULL is allowed. Returns NULL. @par Calls none */
LIBIOMMUFD_API struct libiommufd_host_findings *
libiommufd_host_findings_free(struct libiommufd_host_findings *findings);

/** What it is, enum libiommufd_host_code; 0 for NULL. @par Calls none */
LIBIOMMUFD_API uint32_t
libiommufd_host_finding_get_code(const struct libiommufd_host_finding *finding);

/** How sure it is, enum libiommufd_host_severity; 0 for NULL. @par Calls none */
LIBIOMMUFD_API uint32_t
libiommufd_host_finding_get_severity(const struct libiommufd_host_finding *finding);

/** What it is about: a device's name, a node, a module; NULL for NULL. @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_finding_get_subject(const struct libiommufd_host_finding *finding);

/** What was seen; NULL for NULL. @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_finding_get_evidence(const struct libiommufd_host_finding *finding);

/** What to do; NULL for NULL. @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_finding_get_remedy(const struct libiommufd_host_finding *finding);

/** Subject, evidence and remedy in one sentence; NULL for NULL. @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_host_finding_get_text(const struct libiommufd_host_finding *finding);

/** What is needed where a limit is hit, in bytes; else 0. @par Calls none */
LIBIOMMUFD_API uint64_t
libiommufd_host_finding_get_needed(const struct libiommufd_host_finding *finding);

/** What is allowed, in the same unit. @par Calls none */
LIBIOMMUFD_API uint64_t
libiommufd_host_finding_get_allowed(const struct libiommufd_host_finding *finding);

/**
 * The name of a code, for logs: "IOMMU_OFF".
 *
 * @param code value of enum libiommufd_host_code
 *
 * @return a constant string; "UNKNOWN" for a value this library does not know
 *
 * @par Threads  safe
 * @par Calls    none
 */
LIBIOMMUFD_API const char *libiommufd_host_finding_code_name(uint32_t code);

/* ---- Drivers ------------------------------------------------------------------------------ */

/** Flags of struct libiommufd_host_claim_opts. */
enum libiommufd_host_claim_flags {
	/** All devices of the group, except bridges. All or, after a failure, none. */
	LIBIOMMUFD_HOST_CLAIM_GROUP = 1 << 0,
	/**
	 * Give the nodes of the devices, and of their group, to the user uid, after the rules of udev. They go
	 * with the device's driver, that of the group with the last one on vfio. /dev/iommu and /dev/vfio/vfio,
	 * which all devices share, are left as they are. Any number is a user: nobody asks for a name.
	 */
	LIBIOMMUFD_HOST_CLAIM_PERMIT = 1 << 1,
};

/** Options of libiommufd_host_claim_device(). */
struct libiommufd_host_claim_opts {
	uint32_t size;  /**< sizeof(struct libiommufd_host_claim_opts) */
	uint32_t flags; /**< enum libiommufd_host_claim_flags */
	uint32_t
		backend; /**< whose node to wait for and module to load; AUTO: the node that comes */
	uint32_t timeout_ms; /**< how long to wait for all nodes, in ms; 0: 5 seconds */
	const char *driver;  /**< NULL: the vfio driver for this kind of device, else vfio-pci */
	uint32_t uid;        /**< with PERMIT: the user; not UINT32_MAX */
	uint32_t reserved;   /**< 0 */
};

/**
 * Take a device from its driver and give it to vfio's: load the driver's module, set driver_override, unbind,
 * probe, see that it is there, and wait for its node. Never new_id, which would catch other devices.
 *
 * What the device was before is written to a record first, so that libiommufd_host_release_device() can put it
 * back, in any process. A device that is claimed already stays so, and its record tells what was before the first
 * claim, also when another driver is asked for. One that was moved on by hand is taken from where it is now. After
 * a failure everything is as before; where the old driver does not take its device back, the record stays.
 *
 * Taking a disk or network port from its driver takes it from whoever uses it: nobody is asked.
 *
 * @param host a host
 * @param name as for libiommufd_host_query_device()
 * @param opts options; NULL is default
 *
 * @return 0, or
 *   -EINVAL, -E2BIG  a NULL, name has no known form, options are not as said; the device is a bridge
 *              (reason NOT_SUPPORTED)
 *   -EACCES, -EPERM, -EROFS  not permitted (reason NOT_PERMITTED); others may write to the directory of
 *              records (reason RECORD); or as libiommufd_host_load_modules()
 *   -EBUSY     another vfio driver is asked for, and a process has the device or its group open (reason
 *              GROUP_BUSY)
 *   -ENODEV    no such device, or it is gone meanwhile (reason NO_SUCH_DEVICE); it has no IOMMU group, or whose
 *              that is cannot be read (reason NO_GROUP); there is no such driver, or it did not take the device (reason DRIVER_REFUSED)
 *   -ENOENT    the kernel lacks the module (reason MODULE_ABSENT)
 *   -ENAMETOOLONG  its driver_override is too long to be put back (reason NOT_SUPPORTED)
 *   -EOPNOTSUPP  the bus has no driver_override (reason NOT_SUPPORTED), or the kernel has no character
 *              devices, which backend NATIVE asks for (reason NO_CDEV)
 *   -ETIMEDOUT  the node did not appear (reason TIMEOUT)
 *   -ENOMEM    no memory
 *   other      what the driver or the file system of the records answers (reason DRIVER_REFUSED, RECORD)
 *
 * @par Threads  one at a time for a host; waits for another process that claims or releases
 * @par Calls    libkmod, libudev; mkdir, openat, flock, write, fsync, renameat, unlinkat, pwrite64, inotify_init1,
 *               inotify_add_watch, poll, fchownat; as libiommufd_host_query_modules()
 * @par Kernel   3.16
 * @par Source   driver_override, drivers_probe
 */
LIBIOMMUFD_API int libiommufd_host_claim_device(struct libiommufd_host *host, const char *name,
						const struct libiommufd_host_claim_opts *opts);

/** Flags of struct libiommufd_host_release_opts. */
enum libiommufd_host_release_flags {
	LIBIOMMUFD_HOST_RELEASE_GROUP = 1 << 0, /**< all claimed devices of its group */
};

/** Options of libiommufd_host_release_device(). */
struct libiommufd_host_release_opts {
	uint32_t size;  /**< sizeof(struct libiommufd_host_release_opts) */
	uint32_t flags; /**< enum libiommufd_host_release_flags */
};

/**
 * Put a claimed device back to the driver, or to none, and to the driver_override that its record says, and
 * remove the record. Whoever claimed it need not be the one who does. After a failure halfway through a group the
 * call can be repeated.
 *
 * @param host a host with the same record_dir
 * @param name as for libiommufd_host_query_device()
 * @param opts options; NULL is default
 *
 * @return 0, or
 *   -EINVAL, -E2BIG  a NULL, name has no known form, options are not as said
 *   -ENOENT    it was not claimed, or left since; or it was, and then moved by hand to a third driver, where it
 *              stays (reason NOT_CLAIMED)
 *   -EBUSY     a process, which the sentence names if /proc shows it, has the device or its group open, or
 *              memory of it mapped (reason GROUP_BUSY); the kernel would wait for it for ever
 *   -ENODEV    no such device; the old driver is not loaded any more, or did not take it (reason DRIVER_REFUSED).
 *              The record stays
 *   -EIO       the record is broken (reason RECORD)
 *   other      as libiommufd_host_claim_device()
 *
 * @par Threads  one at a time for a host; waits for another process that claims or releases
 * @par Calls    openat, flock, read, pwrite64, unlinkat, close, readlink, getdents64, newfstatat
 */
LIBIOMMUFD_API int libiommufd_host_release_device(struct libiommufd_host *host, const char *name,
						  const struct libiommufd_host_release_opts *opts);

/* ---- Watch -------------------------------------------------------------------------------- */

/** What happened to a device. */
enum libiommufd_host_event {
	LIBIOMMUFD_HOST_ARRIVED = 1, /**< it is new */
	LIBIOMMUFD_HOST_LEFT = 2,    /**< it is gone; only its name, bus and directory are known */
	LIBIOMMUFD_HOST_DRIVER_CHANGED = 3, /**< a driver took it, or let it go */
};

/**
 * Watch devices of the buses of libiommufd_host_query_devices() come and go. What happens from now on is kept
 * until it is read.
 *
 * @param host      a host; it must live as long as the watch
 * @param ret_watch the watch; end it with libiommufd_host_watch_close()
 *
 * @return 0, or
 *   -EINVAL    a NULL
 *   -ENOMEM    no memory
 *   other      the kernel gives no socket for events (reason KERNEL)
 *
 * @par Threads  one at a time for a host and its watches
 * @par Calls    libudev; faccessat
 */
LIBIOMMUFD_API int libiommufd_host_watch_open(struct libiommufd_host *host,
					      struct libiommufd_host_watch **ret_watch);

/** A file that poll() finds readable when there may be an event; -1 for NULL. @par Calls none */
LIBIOMMUFD_API int libiommufd_host_watch_get_fd(const struct libiommufd_host_watch *watch);

/**
 * Read an event. Never waits. A change of driver can be several events, all with the device as it is when they are
 * read, not as it was when they came.
 *
 * @param watch       a watch
 * @param ret_event   enum libiommufd_host_event
 * @param ret_devices the device, as it is now; free it with libiommufd_host_devices_free()
 *
 * @return 0, or
 *   -EINVAL    a NULL
 *   -EAGAIN    nothing more has happened; wait for the file to be readable
 *   -ENOBUFS   events were lost, as they came faster than they were read: list the devices anew
 *   -ENOMEM    no memory, and the event is lost
 *   -EIO       the file was closed, which is the watch's alone
 *
 * @par Threads  one at a time for a host and its watches
 * @par Calls    libudev; poll; as libiommufd_host_query_device()
 */
LIBIOMMUFD_API int libiommufd_host_watch_read(struct libiommufd_host_watch *watch,
					      uint32_t *ret_event,
					      struct libiommufd_host_devices **ret_devices);

/**
 * End a watch.
 *
 * @param watch a watch; NULL is allowed
 *
 * @return NULL
 *
 * @par Threads  one at a time for a host and its watches
 * @par Calls    close
 */
LIBIOMMUFD_API struct libiommufd_host_watch *
libiommufd_host_watch_close(struct libiommufd_host_watch *watch);

#ifdef __cplusplus
}
#endif

#endif
