/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libiommufd: give a device DMA access to memory, over iommufd or the VFIO group interface.
 *
 * Conventions, valid for every call unless its own text says otherwise:
 * - A fallible call returns 0 or a negative errno. Outputs come last, are called ret_*, and are
 *   untouched on failure. libiommufd_last_error() then holds the reason and a sentence. An errno that
 *   a call does not list is the kernel's, passed on (reason KERNEL).
 * - Every call that takes an object returns -EINVAL (reason ARGUMENT) if it is NULL, except that
 *   destructors accept NULL and do nothing.
 * - Lengths, offsets and addresses are in bytes. "last" is inclusive.
 * - To begin: libiommufd_ctx_open(), libiommufd_ioas_create(), libiommufd_device_open(),
 *   libiommufd_device_bind(), libiommufd_device_attach(), libiommufd_ioas_map() before or after. To end:
 *   libiommufd_device_close(), libiommufd_ioas_destroy(), libiommufd_ctx_unref(). A process that exits need not:
 *   the kernel takes everything back.
 * - On type1 a bound device is opened by its first use, see libiommufd_device_bind(). A call whose list
 *   of system calls says "first use" can then end as that one does, and make what that one makes.
 * - "Calls" lists the system calls a function can make, for seccomp filters, as glibc 2.36 makes them on
 *   x86-64 (newer ones may use fstat for newfstatat). Beside them are those of malloc and free (brk, mmap,
 *   munmap, getrandom), of locks (futex), and getpid where the kernel cannot wipe a page at fork (before
 *   4.14). "Source" lists the ioctls, all of them: also those that ask first or undo.
 * - An options struct starts with its size. NULL, and zero in every other field, mean default.
 *   A size below 8 or an unknown flag is -EINVAL; a non-zero field that this library does not know
 *   is -E2BIG, and so is a size above 4096 (all reason OPTIONS).
 * - Calls on different objects may run at once in different threads. Calls that change the state of
 *   one device are serialised inside. Destroying or closing an object must not overlap its other use.
 * - A ctx and all below it belong to the process that opened it. After fork() the child may free its
 *   copies (destroy, close, unref, region_unmap: the parent's objects stay) and look at them (get_*,
 *   facts, has, query_fd, query_kvm_fd); every other call is -EPERM (reason OTHER_PROCESS).
 */
#ifndef LIBIOMMUFD_H
#define LIBIOMMUFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LIBIOMMUFD_API __attribute__((visibility("default")))
#else
#define LIBIOMMUFD_API
#endif

/* ---- Objects ------------------------------------------------------------------------------ */

/** One security context: a /dev/iommu file, or what stands in for it on other kernels. */
struct libiommufd_ctx;
/** One device that user space drives. */
struct libiommufd_device;
/** One I/O address space: what the devices attached to it can reach by DMA. */
struct libiommufd_ioas;
/** One region (BAR, configuration space, ...) of a device. Owned by the device. */
struct libiommufd_region;
/** An immutable snapshot of the addresses an I/O address space may use. */
struct libiommufd_ranges;
/** An immutable snapshot of what the system tells about a device. */
struct libiommufd_facts;
/** An immutable snapshot of the devices that a hot reset resets. */
struct libiommufd_hot_reset;

/** What a device may do with memory. Passed as uint32_t. */
enum libiommufd_access {
	LIBIOMMUFD_READ = 1 << 0, /**< the device may read */
	/** The device may write. Intel's IOMMUs, as Linux drives them, let it read then, too. */
	LIBIOMMUFD_WRITE = 1 << 1,
};

/** The kernel interface below a ctx. */
enum libiommufd_backend {
	LIBIOMMUFD_BACKEND_AUTO = 0,   /**< only in options: the library chooses */
	LIBIOMMUFD_BACKEND_NATIVE = 1, /**< /dev/iommu and VFIO character devices */
	LIBIOMMUFD_BACKEND_TYPE1 = 2,  /**< VFIO groups and type1 containers */
};

/* ---- Errors ------------------------------------------------------------------------------- */

/* clang-format off */
/** Why a call failed. Values are stable; new ones are added at the end. */
enum libiommufd_reason {
	LIBIOMMUFD_REASON_NONE = 0,              /**< no failure yet in this thread */
	LIBIOMMUFD_REASON_KERNEL = 1,            /**< the kernel's errno says all there is */
	LIBIOMMUFD_REASON_ARGUMENT = 2,          /**< NULL, zero, unaligned, or out of its domain */
	LIBIOMMUFD_REASON_OPTIONS = 3,           /**< an options struct asks for what is not known */
	LIBIOMMUFD_REASON_MEMORY = 4,            /**< the process is out of memory */
	LIBIOMMUFD_REASON_NOT_SUPPORTED = 5,     /**< this kernel or backend cannot do it */
	LIBIOMMUFD_REASON_OTHER_PROCESS = 6,     /**< called in a process that did not open the ctx */
	LIBIOMMUFD_REASON_OTHER_CTX = 7,         /**< two objects of different ctxs in one call */
	LIBIOMMUFD_REASON_NO_BACKEND = 8,        /**< neither iommufd nor the VFIO container is there */
	LIBIOMMUFD_REASON_NOT_PERMITTED = 9,     /**< a node exists but may not be opened */
	LIBIOMMUFD_REASON_NODE_MISSING = 10,     /**< a device node does not exist */
	LIBIOMMUFD_REASON_STALE_NODE = 11,       /**< a device node has another device's number */
	LIBIOMMUFD_REASON_NO_CDEV = 12,          /**< the kernel has no VFIO character devices */
	LIBIOMMUFD_REASON_NO_SUCH_DEVICE = 13,   /**< no device of that name */
	LIBIOMMUFD_REASON_NO_GROUP = 14,         /**< the device has no IOMMU group: the IOMMU is off */
	LIBIOMMUFD_REASON_NOT_VFIO_DRIVER = 15,  /**< the device is not bound to a vfio driver */
	LIBIOMMUFD_REASON_DEVICE_GONE = 16,      /**< the device was unplugged or is being released */
	LIBIOMMUFD_REASON_NOT_BOUND = 17,        /**< the call needs a bound device */
	LIBIOMMUFD_REASON_ALREADY_BOUND = 18,    /**< the device is bound, here or elsewhere */
	LIBIOMMUFD_REASON_GROUP_NOT_VIABLE = 19, /**< a group member is on another driver */
	LIBIOMMUFD_REASON_GROUP_BUSY = 20,       /**< someone else uses the group */
	LIBIOMMUFD_REASON_GROUP_ATTACHED = 21,   /**< the group translates through another space */
	LIBIOMMUFD_REASON_UNSAFE_INTERRUPTS = 22, /**< no interrupt remapping, and not allowed without */
	LIBIOMMUFD_REASON_IOVA_RANGE = 23,       /**< an address outside the allowed ranges */
	LIBIOMMUFD_REASON_IOVA_IN_USE = 24,      /**< something is mapped there already */
	LIBIOMMUFD_REASON_IOVA_CONFLICT = 25,    /**< mappings lie where the device cannot have them */
	LIBIOMMUFD_REASON_IOVA_EXHAUSTED = 26,   /**< no free range is long enough */
	LIBIOMMUFD_REASON_NOT_MAPPED = 27,       /**< nothing, or not all, is mapped there */
	LIBIOMMUFD_REASON_BAD_MEMORY = 28,       /**< the process memory is not mapped that way */
	LIBIOMMUFD_REASON_MEMORY_LIMIT = 29,     /**< RLIMIT_MEMLOCK; needed and allowed in bytes */
	LIBIOMMUFD_REASON_ENTRY_LIMIT = 30,      /**< dma_entry_limit; needed and allowed in mappings */
	LIBIOMMUFD_REASON_RAISED_ACCESS = 31,    /**< a copy asks for more access than its source has */
	LIBIOMMUFD_REASON_IN_USE = 32,           /**< devices are attached, or other objects depend */
	LIBIOMMUFD_REASON_REGION_MAPPED = 33,    /**< regions of the device are still mapped */
	LIBIOMMUFD_REASON_REGION_ACCESS = 34,    /**< the region cannot be read, written or mapped so */
	LIBIOMMUFD_REASON_RESTORE_FAILED = 35,   /**< a failed change could not be undone */
	LIBIOMMUFD_REASON_VECTOR_LIMIT = 36,     /**< needed and allowed in interrupt vectors */
	LIBIOMMUFD_REASON_NOT_OWNED = 37,        /**< a device that is affected is not of this ctx */
	LIBIOMMUFD_REASON_VF_TOKEN = 38,         /**< the token of a virtual function is wrong */
	LIBIOMMUFD_REASON_CONTAINER_SHARED = 39, /**< type1: other groups are in the same container */
};
/* clang-format on */

/* clang-format off */
/**
 * What this thread's last failed call left behind. Plain data: copy it by assignment, or the first
 * size bytes of it to another language. Fields are only ever added at the end.
 */
struct libiommufd_error {
	uint32_t size;      /**< bytes of this record in the library that wrote it */
	int32_t error;      /**< the negative errno that was returned; 0 before any failure */
	uint32_t reason;    /**< enum libiommufd_reason */
	uint32_t reserved;  /**< 0 */
	uint64_t needed;    /**< what the call needed, in the unit the reason names; 0: none */
	uint64_t allowed;   /**< what was allowed, same unit */
	char operation[24]; /**< the call: "bind", "map", ... */
	char subject[72];   /**< the object: a device's name, "ioas 3", ... */
	char text[400];     /**< a sentence for people; says what to do where that is known */
};
/* clang-format on */

/**
 * The record of this thread's last failed call.
 *
 * Successful calls never change it. No memory is allocated.
 *
 * @return never NULL; valid for the life of the thread, its content until the next failing call
 *
 * @par Threads  each thread has its own record
 * @par Calls    none
 */
LIBIOMMUFD_API const struct libiommufd_error *libiommufd_last_error(void);

/**
 * The name of a reason, for logs: "GROUP_NOT_VIABLE".
 *
 * @param reason value of enum libiommufd_reason
 *
 * @return a constant string; "UNKNOWN" for a value this library does not know
 *
 * @par Threads  safe
 * @par Calls    none
 */
LIBIOMMUFD_API const char *libiommufd_reason_name(uint32_t reason);

/**
 * The version of the library in use, such as "0.1.0".
 *
 * @return a constant string
 *
 * @par Threads  safe
 * @par Calls    none
 */
LIBIOMMUFD_API const char *libiommufd_get_version(void);

/* ---- Context ------------------------------------------------------------------------------ */

/** Flags of struct libiommufd_ctx_opts. */
enum libiommufd_ctx_flags {
	/**
	 * Account pinned memory to the process instead of to the user (IOMMU_OPTION_RLIMIT_MODE 1;
	 * needs CAP_SYS_RESOURCE). The type1 backend always does.
	 */
	LIBIOMMUFD_CTX_RLIMIT_PROCESS = 1 << 0,
	/** Never read limits, or files but the device's own in sysfs, only to explain a failure. */
	LIBIOMMUFD_CTX_NO_EXPLAIN = 1 << 1,
	/** Read them also for a ctx made by libiommufd_ctx_open_fd(). */
	LIBIOMMUFD_CTX_EXPLAIN = 1 << 2,
};

/** How much a log hook is told. */
enum libiommufd_log_level {
	LIBIOMMUFD_LOG_NONE = 0,  /**< nothing */
	LIBIOMMUFD_LOG_ERROR = 1, /**< every failed call, with its sentence */
	LIBIOMMUFD_LOG_INFO = 2,  /**< choices the library made: the backend and why, fallbacks */
};

/**
 * A log hook. Called in the thread that made the call, with no lock of the library held.
 *
 * @param data  log_data of the options
 * @param level enum libiommufd_log_level
 * @param text  one line without line feed; valid during the call
 */
typedef void (*libiommufd_log_fn)(void *data, uint32_t level, const char *text);

/** Options of libiommufd_ctx_open() and libiommufd_ctx_open_fd(). */
struct libiommufd_ctx_opts {
	uint32_t size;         /**< sizeof(struct libiommufd_ctx_opts) */
	uint32_t flags;        /**< enum libiommufd_ctx_flags */
	uint32_t backend;      /**< enum libiommufd_backend: required; AUTO is default */
	uint32_t log_level;    /**< enum libiommufd_log_level; 0 is silence */
	libiommufd_log_fn log; /**< NULL is silence */
	void *log_data;        /**< given to log */
};

/**
 * Open a context.
 *
 * With LIBIOMMUFD_BACKEND_AUTO the backend is native where /dev/iommu can be opened and the kernel
 * has VFIO character devices, else type1 where /dev/vfio/vfio can be opened and offers type1 v2. The
 * choice holds for the life of the ctx; libiommufd_ctx_get_backend_why() tells what led to it.
 * The environment variable LIBIOMMUFD_BACKEND ("native" or "type1"; ignored in set-uid programs)
 * replaces AUTO. It is read here and nowhere else.
 *
 * @param opts    NULL for defaults
 * @param ret_ctx the context, with one reference that the caller owns
 *
 * @return 0, or
 *   -EINVAL    ret_ctx is NULL; unknown flag, backend or log level; size below 8; the environment
 *              variable has another value
 *   -E2BIG     unknown field set in opts
 *   -ENOMEM    no memory
 *   -EACCES    a node exists but this process may not open it (reason NOT_PERMITTED)
 *   -ENOENT, -ENODEV  there is no such node or no driver behind it (reason NO_BACKEND: the sentence
 *              names both nodes and what each answered)
 *   -EPERM     LIBIOMMUFD_CTX_RLIMIT_PROCESS without CAP_SYS_RESOURCE
 *   -EOPNOTSUPP the required backend's interface is there but lacks what the library needs
 *   -ENOTTY    what is at /dev/iommu is no iommufd (reason ARGUMENT)
 *   -EMFILE, -ENFILE  too many open files
 *
 * @par Threads  safe
 * @par Calls    openat, close, ioctl, mmap, munmap, madvise, getpid; for AUTO also newfstatat,
 *               getdents64, read
 * @par Kernel   6.6 with IOMMUFD and VFIO_DEVICE_CDEV (native); any with VFIO type1 v2 (type1)
 * @par Source   IOMMU_IOAS_ALLOC (a probe), IOMMU_OPTION; VFIO_GET_API_VERSION, VFIO_CHECK_EXTENSION
 */
LIBIOMMUFD_API int libiommufd_ctx_open(const struct libiommufd_ctx_opts *opts,
				       struct libiommufd_ctx **ret_ctx);

/**
 * Make a context from an open /dev/iommu, received from another process for instance; or, with the
 * backend TYPE1, from an open VFIO container that has its groups and its IOMMU.
 *
 * The fd is duplicated: the caller keeps its own and may close it. Failures are explained from the
 * call's own facts only, unless LIBIOMMUFD_CTX_EXPLAIN is given.
 *
 * A passed container is one address space, which libiommufd_ioas_open_id() gives with the id 0. Since
 * others may map into it, too, addresses are given and never picked, only what was mapped through this
 * context can be unmapped or copied, and devices in it cannot be detached or moved.
 *
 * What is mapped is memory of the process that maps it, and in a container counts against that one's
 * limit. It stays mapped, and pinned, when the context ends, and when the process ends or is killed:
 * natively until somebody with the same /dev/iommu unmaps it or destroys the address space, in a container
 * until all devices and groups in it are closed. So unmap first.
 *
 * @param fd      an open /dev/iommu, or container; only duplicated
 * @param opts    NULL for defaults; the backend AUTO means NATIVE
 * @param ret_ctx the context, with one reference that the caller owns
 *
 * @return 0, or
 *   -EINVAL    ret_ctx is NULL; unknown flag, backend or log level; size below 8; the container has
 *              no IOMMU yet (reason ARGUMENT)
 *   -E2BIG     unknown field set in opts
 *   -ENOMEM    no memory
 *   -EBADF     fd is not open
 *   -ENOTTY    fd is not a /dev/iommu, or not a container (reason ARGUMENT)
 *   -EPERM     LIBIOMMUFD_CTX_RLIMIT_PROCESS without CAP_SYS_RESOURCE
 *   -EMFILE    too many open files
 *
 * @par Threads  safe
 * @par Calls    fcntl, close, ioctl, mmap, munmap, madvise, getpid
 * @par Kernel   6.2; any with VFIO (type1 backend)
 * @par Source   IOMMU_IOAS_ALLOC (a probe), IOMMU_OPTION; VFIO_GET_API_VERSION, VFIO_IOMMU_GET_INFO
 */
LIBIOMMUFD_API int libiommufd_ctx_open_fd(int fd, const struct libiommufd_ctx_opts *opts,
					  struct libiommufd_ctx **ret_ctx);

/**
 * Take one more reference.
 *
 * @param ctx NULL is allowed
 *
 * @return ctx
 *
 * @par Threads  safe
 * @par Calls    none
 */
LIBIOMMUFD_API struct libiommufd_ctx *libiommufd_ctx_ref(struct libiommufd_ctx *ctx);

/**
 * Drop a reference. The last one closes the context; devices and address spaces hold one each.
 *
 * @param ctx NULL is allowed
 *
 * @return NULL
 *
 * @par Threads  safe
 * @par Calls    close, munmap
 */
LIBIOMMUFD_API struct libiommufd_ctx *libiommufd_ctx_unref(struct libiommufd_ctx *ctx);

/**
 * The /dev/iommu file below a native context, for ioctls this library does not wrap.
 *
 * @param ctx    a context
 * @param ret_fd the fd; borrowed, valid while ctx is
 *
 * @return 0, or
 *   -EINVAL     a NULL
 *   -EOPNOTSUPP the backend has no such file (type1)
 *
 * @par Threads  safe
 * @par Calls    none
 */
LIBIOMMUFD_API int libiommufd_ctx_query_fd(struct libiommufd_ctx *ctx, int *ret_fd);

/** The backend of a context: NATIVE or TYPE1. AUTO for NULL. @par Calls none */
LIBIOMMUFD_API enum libiommufd_backend libiommufd_ctx_get_backend(const struct libiommufd_ctx *ctx);

/**
 * Why a context has its backend, as a sentence; "" for NULL. Valid while ctx is. @par Calls none
 */
LIBIOMMUFD_API const char *libiommufd_ctx_get_backend_why(const struct libiommufd_ctx *ctx);

/* clang-format off */
/** What a kernel or a backend may or may not be able to do. New values are added at the end. */
enum libiommufd_feature {
	LIBIOMMUFD_FEATURE_MAP_FILE = 1,       /**< the kernel maps files itself (no own mapping) */
	LIBIOMMUFD_FEATURE_COPY = 2,           /**< libiommufd_ioas_copy() shares pins */
	LIBIOMMUFD_FEATURE_ALLOW_IOVAS = 3,    /**< libiommufd_ioas_allow_iovas() */
	LIBIOMMUFD_FEATURE_HUGE_PAGES = 4,     /**< libiommufd_ioas_set_huge_pages() */
	LIBIOMMUFD_FEATURE_ATTACH_ID = 5,      /**< libiommufd_device_attach_id() */
	LIBIOMMUFD_FEATURE_RLIMIT_USER = 6,    /**< accounting per user is possible */
	LIBIOMMUFD_FEATURE_HWPT_ALLOC = 7,     /**< IOMMU_HWPT_ALLOC on libiommufd_ctx_query_fd() */
	LIBIOMMUFD_FEATURE_HW_INFO = 8,        /**< IOMMU_GET_HW_INFO */
	LIBIOMMUFD_FEATURE_DIRTY_TRACKING = 9, /**< IOMMU_HWPT_SET_DIRTY_TRACKING */
	LIBIOMMUFD_FEATURE_INVALIDATE = 10,    /**< IOMMU_HWPT_INVALIDATE */
	LIBIOMMUFD_FEATURE_FAULT_QUEUE = 11,   /**< IOMMU_FAULT_QUEUE_ALLOC */
	LIBIOMMUFD_FEATURE_VIOMMU = 12,        /**< IOMMU_VIOMMU_ALLOC */
	LIBIOMMUFD_FEATURE_VDEVICE = 13,       /**< IOMMU_VDEVICE_ALLOC */
	LIBIOMMUFD_FEATURE_CHANGE_PROCESS = 14, /**< IOMMU_IOAS_CHANGE_PROCESS */
	LIBIOMMUFD_FEATURE_VEVENTQ = 15,       /**< IOMMU_VEVENTQ_ALLOC */
	LIBIOMMUFD_FEATURE_HW_QUEUE = 16,      /**< IOMMU_HW_QUEUE_ALLOC */
};
/* clang-format on */

/**
 * Ask whether a feature is there. Asks the kernel, not the headers of the build machine; it says
 * that the call exists, not that every device can use it.
 *
 * @param ctx     a context
 * @param feature enum libiommufd_feature
 *
 * @return 1 if there, 0 if not, or
 *   -EINVAL    ctx is NULL, or the feature is not known to this library
 *   other      what the kernel answered to the probe, if neither yes nor no
 *
 * @par Threads  safe
 * @par Calls    ioctl
 * @par Kernel   6.2; other features need later ones
 * @par Source   the ioctl that makes the feature, with a size that is too small for it:
 *               IOMMU_IOAS_MAP_FILE, IOMMU_IOAS_COPY, IOMMU_IOAS_ALLOW_IOVAS, IOMMU_OPTION,
 *               IOMMU_IOAS_ALLOC, IOMMU_HWPT_ALLOC, IOMMU_GET_HW_INFO, IOMMU_HWPT_SET_DIRTY_TRACKING,
 *               IOMMU_HWPT_INVALIDATE, IOMMU_FAULT_QUEUE_ALLOC, IOMMU_VIOMMU_ALLOC, IOMMU_VDEVICE_ALLOC,
 *               IOMMU_IOAS_CHANGE_PROCESS, IOMMU_VEVENTQ_ALLOC, IOMMU_HW_QUEUE_ALLOC
 */
LIBIOMMUFD_API int libiommufd_ctx_has(struct libiommufd_ctx *ctx, uint32_t feature);

/* ---- I/O address space -------------------------------------------------------------------- */

/** Options of libiommufd_ioas_create(). */
struct libiommufd_ioas_opts {
	uint32_t size;  /**< sizeof(struct libiommufd_ioas_opts) */
	uint32_t flags; /**< 0 */
};

/**
 * Create an empty I/O address space.
 *
 * @param ctx      its context; the address space holds a reference
 * @param opts     NULL for defaults
 * @param ret_ioas the address space; the caller owns it
 *
 * @return 0, or
 *   -EINVAL    a NULL; size below 8; unknown flag
 *   -E2BIG     unknown field set in opts
 *   -ENOMEM    no memory
 *   -EOPNOTSUPP the ctx was made from a container, which is one address space:
 *              libiommufd_ioas_open_id() gives it (reason NOT_SUPPORTED)
 *   -EPERM     not the process that opened ctx
 *
 * @par Threads  safe
 * @par Calls    ioctl
 * @par Kernel   6.2; any with VFIO (type1 backend)
 * @par Source   IOMMU_IOAS_ALLOC
 */
LIBIOMMUFD_API int libiommufd_ioas_create(struct libiommufd_ctx *ctx,
					  const struct libiommufd_ioas_opts *opts,
					  struct libiommufd_ioas **ret_ioas);

/**
 * Make an address space from the kernel's id of one that exists, made by another process on the same
 * /dev/iommu for instance. It is borrowed: libiommufd_ioas_destroy() frees the handle and leaves the
 * address space, with what is mapped, alone. In a context made from a type1 container the id is 0.
 *
 * Addresses picked in it while no device is attached are any that are free: attach first, where a large
 * mapping could reach into addresses that devices cannot have.
 *
 * @param ctx      its context, native or made from a container; the address space holds a reference
 * @param id       id within libiommufd_ctx_query_fd(); 0 for a container
 * @param ret_ioas the address space; the caller owns the handle
 *
 * @return 0, or
 *   -EINVAL     a NULL
 *   -ENOENT     no address space has this id
 *   -EBUSY      type1: the address space of this container is open already (reason IN_USE)
 *   -EOPNOTSUPP type1, and the context was not made from a container
 *   -ENOMEM     no memory
 *   -EPERM      not the process that opened ctx
 *
 * @par Threads  safe
 * @par Calls    ioctl
 * @par Kernel   6.2; any with VFIO (type1 backend)
 * @par Source   IOMMU_IOAS_IOVA_RANGES
 */
LIBIOMMUFD_API int libiommufd_ioas_open_id(struct libiommufd_ctx *ctx, uint32_t id,
					   struct libiommufd_ioas **ret_ioas);

/**
 * Destroy an address space and all its mappings.
 *
 * Devices that were bound for it stay bound. On type1 they also stay together in a container, and one of
 * several cannot be attached elsewhere before the others are closed.
 *
 * In a forked child only the handle is freed; the address space stays the parent's.
 *
 * @param ioas NULL is allowed. Freed on success; still valid on failure
 *
 * @return 0, or
 *   -EBUSY     a device is attached, or a kernel object made from it by id exists (reason IN_USE)
 *   -ENOENT    natively: its id was destroyed behind the library's back (reason KERNEL)
 *
 * @par Threads  must not overlap other use of ioas
 * @par Calls    ioctl, munmap; with the last reference to the ctx also close
 * @par Kernel   6.2; any with VFIO (type1 backend)
 * @par Source   IOMMU_DESTROY
 */
LIBIOMMUFD_API int libiommufd_ioas_destroy(struct libiommufd_ioas *ioas);

/**
 * The kernel's id of the address space within libiommufd_ctx_query_fd(). 0 for NULL and on the type1
 * backend, where no such id exists. @par Calls none
 */
LIBIOMMUFD_API uint32_t libiommufd_ioas_get_id(const struct libiommufd_ioas *ioas);

/**
 * Map process memory at an address the library or the kernel picks.
 *
 * Every device attached to @p ioas, now or later, can reach the memory by DMA at
 * [*ret_iova, *ret_iova + length - 1] until it is unmapped or @p ioas is destroyed. Pages are pinned,
 * and count against RLIMIT_MEMLOCK, while at least one device is attached; with none attached only
 * @p va is remembered. Keep the memory mapped in the process for as long as the mapping exists.
 *
 * The picked address is never 0. While no device is attached the ranges of the devices to come are
 * not known: the pick then stays below 2^39 and out of the usual MSI windows
 * (0x8000000-0x80fffff, 0xfee00000-0xfeefffff), unless libiommufd_ioas_allow_iovas() said what may be
 * used. Attach first where you can.
 *
 * @param ioas     address space to change
 * @param va       first byte; a multiple of the page size
 * @param length   bytes; not 0, a multiple of the page size
 * @param access   LIBIOMMUFD_READ, LIBIOMMUFD_WRITE or both: what the device may do
 * @param ret_iova the address
 *
 * @return 0, or
 *   -EINVAL    a NULL, a zero or unaligned length or va, no or unknown access bit
 *   -ENOSPC    no free range is long enough (reason IOVA_EXHAUSTED), or type1's dma_entry_limit is
 *              reached (reason ENTRY_LIMIT)
 *   -ENOMEM    RLIMIT_MEMLOCK would be exceeded (reason MEMORY_LIMIT), or no memory (reason MEMORY)
 *   -EFAULT    [va, va + length) is not all mapped with that access, or is memory that cannot be
 *              pinned, a device's for instance (reason BAD_MEMORY)
 *   -ENOENT    natively: the address space is borrowed, and its owner has destroyed it (reason KERNEL)
 *   -EOVERFLOW va + length does not fit the address space
 *   -EOPNOTSUPP the ctx was made from a container, where others map, too: give the address (reason
 *              NOT_SUPPORTED)
 *   -EPERM     not the process that opened the ctx
 *   any        type1: with reason RESTORE_FAILED it failed for some devices and could not be taken back for
 *              others, which may reach it: it counts as mapped, at the address in the sentence; unmap it
 *
 * @par Threads  safe, also on one ioas. May sleep, for long if length is large
 * @par Calls    ioctl; to explain -ENOMEM: prlimit64, openat, read, close
 * @par Kernel   6.2; any with VFIO (type1 backend)
 * @par Source   IOMMU_IOAS_MAP, IOMMU_IOAS_ALLOW_IOVAS, IOMMU_IOAS_UNMAP; VFIO_IOMMU_MAP_DMA,
 *               VFIO_IOMMU_UNMAP_DMA
 */
LIBIOMMUFD_API int libiommufd_ioas_map(struct libiommufd_ioas *ioas, void *va, uint64_t length,
				       uint32_t access, uint64_t *ret_iova);

/**
 * Map process memory at a given address. As libiommufd_ioas_map() but for the address.
 *
 * @param ioas   address space to change
 * @param va     first byte; a multiple of the page size
 * @param length bytes; not 0, a multiple of the page size
 * @param access LIBIOMMUFD_READ, LIBIOMMUFD_WRITE or both: what the device may do
 * @param iova   the address; a multiple of the page size; 0 is an address like any other
 *
 * @return 0, or
 *   -EINVAL    a NULL, a zero or unaligned length, va or iova, no or unknown access bit; or the
 *              range touches addresses that an attached device cannot use (reason IOVA_RANGE)
 *   -EEXIST    something is mapped in the range (reason IOVA_IN_USE)
 *   -ENOSPC    type1's dma_entry_limit is reached (reason ENTRY_LIMIT)
 *   -ENOMEM    RLIMIT_MEMLOCK would be exceeded (reason MEMORY_LIMIT), or no memory (reason MEMORY)
 *   -EFAULT    [va, va + length) is not all mapped with that access, or is memory that cannot be
 *              pinned (reason BAD_MEMORY)
 *   -ENOENT    natively: the address space is borrowed, and its owner has destroyed it (reason KERNEL)
 *   -EOVERFLOW va + length or iova + length does not fit the address space
 *   -EPERM     not the process that opened the ctx
 *   any        type1: with reason RESTORE_FAILED it failed for some devices and could not be taken back for
 *              others, which may reach it: it counts as mapped, at the address in the sentence; unmap it
 *
 * @par Threads  safe, also on one ioas. May sleep, for long if length is large
 * @par Calls    ioctl; to explain -ENOMEM: prlimit64, openat, read, close
 * @par Kernel   6.2; any with VFIO (type1 backend)
 * @par Source   IOMMU_IOAS_MAP; VFIO_IOMMU_MAP_DMA, VFIO_IOMMU_UNMAP_DMA
 */
LIBIOMMUFD_API int libiommufd_ioas_map_at(struct libiommufd_ioas *ioas, void *va, uint64_t length,
					  uint32_t access, uint64_t iova);

/**
 * Map a part of a file at an address that is picked. As libiommufd_ioas_map() but for the memory.
 *
 * Where the kernel cannot map files, or not this kind of file, the library keeps a shared mapping of
 * its own of the file until the address, and every copy of it, is unmapped or its address space
 * destroyed.
 *
 * @param ioas     address space to change
 * @param fd       a memfd or another file that can be mapped shared, open for reading, and for
 *                 writing if access has LIBIOMMUFD_WRITE; not kept
 * @param offset   first byte in the file; a multiple of the page size
 * @param length   bytes; not 0, a multiple of the page size
 * @param access   LIBIOMMUFD_READ, LIBIOMMUFD_WRITE or both: what the device may do
 * @param ret_iova the address
 *
 * @return 0, or
 *   -EINVAL    a NULL, a zero or unaligned length or offset, no or unknown access bit
 *   -EBADF     fd is not open
 *   -EACCES    fd is not open for that access, or cannot be mapped
 *   -ENODEV    the file cannot be mapped
 *   other      as libiommufd_ioas_map()
 *
 * @par Threads  safe, also on one ioas. May sleep, for long if length is large
 * @par Calls    fcntl, ioctl, mmap, munmap; to explain -ENOMEM: prlimit64, openat, read, close
 * @par Kernel   6.13 by the kernel, any by own mapping
 * @par Source   IOMMU_IOAS_MAP_FILE, else as libiommufd_ioas_map()
 */
LIBIOMMUFD_API int libiommufd_ioas_map_file(struct libiommufd_ioas *ioas, int fd, uint64_t offset,
					    uint64_t length, uint32_t access, uint64_t *ret_iova);

/**
 * Map a part of a file at a given address. As libiommufd_ioas_map_file() but for the address.
 *
 * @param ioas   address space to change
 * @param fd     a memfd or another file that can be mapped shared; not kept
 * @param offset first byte in the file; a multiple of the page size
 * @param length bytes; not 0, a multiple of the page size
 * @param access LIBIOMMUFD_READ, LIBIOMMUFD_WRITE or both: what the device may do
 * @param iova   the address; a multiple of the page size
 *
 * @return 0, or
 *   -EBADF, -EACCES, -ENODEV  as libiommufd_ioas_map_file()
 *   other      as libiommufd_ioas_map_at()
 *
 * @par Threads  safe, also on one ioas. May sleep, for long if length is large
 * @par Calls    fcntl, ioctl, mmap, munmap; to explain -ENOMEM: prlimit64, openat, read, close
 * @par Kernel   6.13 by the kernel, any by own mapping
 * @par Source   IOMMU_IOAS_MAP_FILE, else as libiommufd_ioas_map_at()
 */
LIBIOMMUFD_API int libiommufd_ioas_map_file_at(struct libiommufd_ioas *ioas, int fd,
					       uint64_t offset, uint64_t length, uint32_t access,
					       uint64_t iova);

/**
 * Map into one address space what is mapped in another one, at an address that is picked.
 *
 * Native: pages are pinned and accounted once for all copies, and the copy outlives the original.
 * Type1: the memory behind is mapped again and counts again. A range that spans several mappings is
 * copied on both; the copy is then several mappings too.
 *
 * @param dst      address space to change
 * @param src      address space to copy from; may be dst; of the same ctx
 * @param src_iova first byte in src; a multiple of the page size
 * @param length   bytes; not 0, a multiple of the page size; all of it mapped in src
 * @param access   what the device may do; LIBIOMMUFD_WRITE only if the memory was mapped with it first
 * @param ret_iova the address in dst
 *
 * @return 0, or
 *   -EINVAL    a NULL, unaligned or zero, no or unknown access bit; dst and src of different ctxs
 *              (reason OTHER_CTX)
 *   -ENOENT    not all of it is mapped in src (reason NOT_MAPPED)
 *   -EOPNOTSUPP the ctx was made from a container, where others map, too: give the address (reason
 *              NOT_SUPPORTED)
 *   -EPERM     LIBIOMMUFD_WRITE, without which the memory was mapped (reason RAISED_ACCESS); or not
 *              the process that opened the ctx (reason OTHER_PROCESS)
 *   -EOVERFLOW an end does not fit the address space
 *   any        type1: with reason RESTORE_FAILED a part, named in the sentence, stays mapped; unmap it
 *   other      as libiommufd_ioas_map()
 *
 * @par Threads  safe, also on one ioas
 * @par Calls    ioctl; to explain -ENOMEM: prlimit64, openat, read, close
 * @par Kernel   6.2; any with VFIO (type1 backend)
 * @par Source   IOMMU_IOAS_COPY, IOMMU_IOAS_ALLOW_IOVAS, IOMMU_IOAS_UNMAP; VFIO_IOMMU_MAP_DMA,
 *               VFIO_IOMMU_UNMAP_DMA
 */
LIBIOMMUFD_API int libiommufd_ioas_copy(struct libiommufd_ioas *dst, struct libiommufd_ioas *src,
					uint64_t src_iova, uint64_t length, uint32_t access,
					uint64_t *ret_iova);

/**
 * Map into one address space what is mapped in another one, at a given address. As
 * libiommufd_ioas_copy() but for the address.
 *
 * @param dst      address space to change
 * @param src      address space to copy from; may be dst; of the same ctx
 * @param src_iova first byte in src; a multiple of the page size
 * @param length   bytes; not 0, a multiple of the page size; all of it mapped in src
 * @param access   what the device may do; LIBIOMMUFD_WRITE only if the memory was mapped with it first
 * @param dst_iova the address in dst; a multiple of the page size
 *
 * @return 0, or
 *   -EEXIST    something is mapped in the range of dst (reason IOVA_IN_USE)
 *   other      as libiommufd_ioas_copy()
 *
 * @par Threads  safe, also on one ioas
 * @par Calls    ioctl; to explain -ENOMEM: prlimit64, openat, read, close
 * @par Kernel   6.2; any with VFIO (type1 backend)
 * @par Source   IOMMU_IOAS_COPY; VFIO_IOMMU_MAP_DMA, VFIO_IOMMU_UNMAP_DMA
 */
LIBIOMMUFD_API int libiommufd_ioas_copy_at(struct libiommufd_ioas *dst, struct libiommufd_ioas *src,
					   uint64_t src_iova, uint64_t length, uint32_t access,
					   uint64_t dst_iova);

/**
 * Unmap every mapping inside a range. Mappings are unmapped whole: the range must not cut one.
 *
 * When the call returns, no device can reach the memory through these addresses. A range that may
 * have holes is fine as long as something is mapped in it. Native backend only: a range that holds
 * one whole mapping and cuts a later one is -ENOENT with the first already gone; if that was a file the
 * library had mapped itself, its own mapping stays until the address space is destroyed.
 *
 * @param ioas         address space to change
 * @param iova         first address
 * @param length       bytes; not 0
 * @param ret_unmapped bytes of the mappings that were unmapped; may be NULL
 *
 * @return 0, or
 *   -EINVAL    ioas is NULL or length is 0
 *   -ENOENT    nothing is mapped in the range, or it cuts a mapping (reason NOT_MAPPED)
 *   -EBUSY     natively: another thread maps or unmaps there at this moment (reason KERNEL)
 *   -EOVERFLOW iova + length does not fit the address space
 *   -EPERM     not the process that opened the ctx
 *   any        type1: with reason RESTORE_FAILED it failed for some devices and could not be taken back for
 *              others: all of it counts as mapped, and some DMA there faults; unmap it again
 *
 * @par Threads  safe, also on one ioas. May sleep, for long if length is large
 * @par Calls    ioctl, munmap
 * @par Kernel   6.2; any with VFIO (type1 backend)
 * @par Source   IOMMU_IOAS_UNMAP; VFIO_IOMMU_UNMAP_DMA, VFIO_IOMMU_MAP_DMA
 */
LIBIOMMUFD_API int libiommufd_ioas_unmap(struct libiommufd_ioas *ioas, uint64_t iova,
					 uint64_t length, uint64_t *ret_unmapped);

/**
 * Unmap everything. An empty address space is no failure: 0 bytes.
 *
 * @param ioas         address space to change
 * @param ret_unmapped bytes of the mappings that were unmapped; may be NULL
 *
 * @return 0, or
 *   -EINVAL    ioas is NULL
 *   -EPERM     not the process that opened the ctx
 *   any        type1: with reason RESTORE_FAILED it failed for some devices and could not be taken back for
 *              others: all of it counts as mapped, and some DMA there faults; unmap it again
 *
 * @par Threads  safe, also on one ioas. May sleep, for long with many mappings
 * @par Calls    ioctl, munmap
 * @par Kernel   6.2; any with VFIO (type1 backend)
 * @par Source   IOMMU_IOAS_UNMAP; VFIO_IOMMU_UNMAP_DMA, VFIO_IOMMU_MAP_DMA
 */
LIBIOMMUFD_API int libiommufd_ioas_unmap_all(struct libiommufd_ioas *ioas, uint64_t *ret_unmapped);

/**
 * Ask which addresses can be mapped now. They shrink when a device is attached and widen when one is
 * detached; with nothing attached everything is allowed, which says little about the devices to come.
 *
 * @param ioas       an address space
 * @param ret_ranges a snapshot, sorted by address; free it with libiommufd_ranges_free()
 *
 * @return 0, or
 *   -EINVAL    a NULL
 *   -ENOMEM    no memory
 *   -ENOENT    natively: the address space is borrowed, and its owner has destroyed it (reason KERNEL)
 *   -EMSGSIZE  natively: there were more each time that they were asked for (reason KERNEL)
 *   -EPERM     not the process that opened the ctx
 *
 * @par Threads  safe
 * @par Calls    ioctl
 * @par Kernel   6.2; any with VFIO (type1 backend)
 * @par Source   IOMMU_IOAS_IOVA_RANGES; on type1 what bind was told
 */
LIBIOMMUFD_API int libiommufd_ioas_query_ranges(struct libiommufd_ioas *ioas,
						struct libiommufd_ranges **ret_ranges);

/** One range of addresses; last is inclusive. */
struct libiommufd_range {
	uint64_t start; /**< the first address */
	uint64_t last;  /**< the last one */
};

/** How many ranges; 0 for NULL. @par Calls none */
LIBIOMMUFD_API size_t libiommufd_ranges_get_count(const struct libiommufd_ranges *ranges);

/** Range number index; {0, 0} if there is none of that number. @par Calls none */
LIBIOMMUFD_API struct libiommufd_range libiommufd_ranges_get(const struct libiommufd_ranges *ranges,
							     size_t index);

/** What address and length of a mapping must be a multiple of, in bytes; 0 for NULL. @par Calls none */
LIBIOMMUFD_API uint64_t libiommufd_ranges_get_alignment(const struct libiommufd_ranges *ranges);

/** Free a snapshot; NULL is allowed. Returns NULL. @par Calls none */
LIBIOMMUFD_API struct libiommufd_ranges *libiommufd_ranges_free(struct libiommufd_ranges *ranges);

/**
 * Demand that ranges stay usable. From then on picked addresses come from them, and attaching a
 * device that cannot use all of them fails. The list replaces the one before; an empty one ends the
 * demand.
 *
 * @param ioas   address space to change
 * @param ranges count ranges, in any order, not overlapping; may be NULL if count is 0
 * @param count  how many; at most 2^20
 *
 * @return 0, or
 *   -EINVAL     ioas is NULL; a range ends before it starts; two overlap; count too large
 *   -EADDRINUSE an attached device cannot use all of them (reason IOVA_CONFLICT)
 *   -ENOMEM     no memory
 *   -EPERM      not the process that opened the ctx
 *   -EOPNOTSUPP type1 backend
 *
 * @par Threads  safe
 * @par Calls    ioctl
 * @par Kernel   6.2
 * @par Source   IOMMU_IOAS_ALLOW_IOVAS
 */
LIBIOMMUFD_API int libiommufd_ioas_allow_iovas(struct libiommufd_ioas *ioas,
					       const struct libiommufd_range *ranges, size_t count);

/**
 * Let the IOMMU use large pages for contiguous memory (the default), or only the smallest ones. Set
 * it before the first mapping.
 *
 * @param ioas   address space to change
 * @param enable true for large pages
 *
 * @return 0, or
 *   -EINVAL     ioas is NULL; or, switching off, a device is attached and memory is mapped (reason
 *              IN_USE)
 *   -EADDRINUSE what is mapped does not fit the new alignment (reason IOVA_CONFLICT)
 *   -EPERM      not the process that opened the ctx
 *   -EOPNOTSUPP type1 backend: there it is the parameter disable_hugepages of vfio_iommu_type1
 *
 * @par Threads  safe
 * @par Calls    ioctl
 * @par Kernel   6.2
 * @par Source   IOMMU_OPTION (IOMMU_OPTION_HUGE_PAGES)
 */
LIBIOMMUFD_API int libiommufd_ioas_set_huge_pages(struct libiommufd_ioas *ioas, bool enable);

/**
 * Ask whether large pages are used. As libiommufd_ioas_set_huge_pages().
 *
 * @param ioas       an address space
 * @param ret_enable true if they are
 *
 * @return 0, or -EINVAL, -EPERM, -EOPNOTSUPP as there
 *
 * @par Threads  safe
 * @par Calls    ioctl
 * @par Kernel   6.2
 * @par Source   IOMMU_OPTION (IOMMU_OPTION_HUGE_PAGES)
 */
LIBIOMMUFD_API int libiommufd_ioas_query_huge_pages(struct libiommufd_ioas *ioas, bool *ret_enable);

/* ---- Device ------------------------------------------------------------------------------- */

/* clang-format off */
/** What can be done with a device. */
enum libiommufd_device_state {
	LIBIOMMUFD_DEVICE_OPENED = 1,   /**< nothing but bind, facts and close */
	LIBIOMMUFD_DEVICE_BOUND = 2,    /**< regions; DMA is blocked unless a group member is attached */
	LIBIOMMUFD_DEVICE_ATTACHED = 3, /**< also DMA to the attached address space */
};
/* clang-format on */

/** Options of libiommufd_device_open(). */
struct libiommufd_device_opts {
	uint32_t size;  /**< sizeof(struct libiommufd_device_opts) */
	uint32_t flags; /**< 0 */
	const uint8_t
		*vf_token; /**< 16 bytes that the driver of the physical function set; or NULL */
};

/**
 * Open a device that is bound to a vfio driver. Nothing but libiommufd_device_bind(), facts and close
 * work on it until it is bound.
 *
 * @param ctx     its context; the device holds a reference
 * @param name    a PCI address ("0000:06:00.0", "06:00.0"), a directory in sysfs
 *                ("/sys/bus/mdev/devices/<uuid>"), or a VFIO character device
 *                ("/dev/vfio/devices/vfio3")
 * @param opts    NULL for defaults
 * @param ret_dev the device; the caller owns it
 *
 * @return 0, or
 *   -EINVAL    a NULL; name has no known form, or names a group ("/dev/vfio/11"); size below 8;
 *              unknown flag
 *   -E2BIG     unknown field set in opts
 *   -ENODEV    no such device (reason NO_SUCH_DEVICE), not on a vfio driver (NOT_VFIO_DRIVER), no
 *              IOMMU group (NO_GROUP), or it was unplugged meanwhile (DEVICE_GONE)
 *   -ENOENT    the device node does not exist (reason NODE_MISSING)
 *   -EACCES    the device node may not be opened (reason NOT_PERMITTED)
 *   -ENXIO     the device node has another device's number (reason STALE_NODE)
 *   -EOPNOTSUPP the kernel has no VFIO character devices and the ctx is native (reason NO_CDEV); no IOMMU
 *              is in front of the device, but only a group that vfio made up, or the ctx was made from a
 *              container (NOT_SUPPORTED)
 *   -ENOMEM    no memory
 *   -EMFILE, -ENFILE  too many open files
 *   -EPERM     not the process that opened ctx
 *
 * @par Threads  safe
 * @par Calls    openat, read, close, readlink, newfstatat, getdents64, faccessat2
 * @par Kernel   6.6; any with VFIO (type1 backend)
 */
LIBIOMMUFD_API int libiommufd_device_open(struct libiommufd_ctx *ctx, const char *name,
					  const struct libiommufd_device_opts *opts,
					  struct libiommufd_device **ret_dev);

/** Options of libiommufd_device_open_fd(). */
struct libiommufd_device_fd_opts {
	uint32_t size;  /**< sizeof(struct libiommufd_device_fd_opts) */
	uint32_t flags; /**< 0 */
	uint32_t state; /**< enum libiommufd_device_state: OPENED (also 0) or BOUND */
	/** BOUND, native: the kernel's id, libiommufd_device_get_id() of the sender. Type1: 0. */
	uint32_t dev_id;
	const char *label; /**< name for errors; copied; NULL: "fd N" */
};

/**
 * Make a device from an open VFIO character device, received from another process for instance. Nobody
 * can ask such a file whether it is bound, so the caller says. On type1 the file is what
 * libiommufd_device_query_fd() gave the sender; it is BOUND, and attached as soon as
 * libiommufd_device_attach() is called with the address space of the container.
 *
 * The fd is duplicated: the caller keeps its own and may close it. Neither sysfs nor /dev is read, so
 * the group is not known. Closing the device drops the duplicate and nothing else: while the sender
 * has the file open the device stays bound, and attached if it is.
 *
 * @param ctx     its context; for a bound device made of the same /dev/iommu, or container, that it is
 *                bound to
 * @param fd      an open VFIO device file; only duplicated
 * @param opts    NULL for a device that is not bound
 * @param ret_dev the device; the caller owns it
 *
 * @return 0, or
 *   -EINVAL     a NULL; unknown state or flag; BOUND without dev_id, or OPENED with one; type1:
 *               OPENED, or a dev_id; size below 8
 *   -E2BIG      unknown field set in opts
 *   -EBADF      fd is not open
 *   -EOPNOTSUPP type1, and the context was not made from a container
 *   -ENOMEM     no memory
 *   -EMFILE     too many open files
 *   -EPERM      not the process that opened ctx
 *
 * @par Threads  safe
 * @par Calls    fcntl, close
 * @par Kernel   6.6; any with VFIO (type1 backend)
 */
LIBIOMMUFD_API int libiommufd_device_open_fd(struct libiommufd_ctx *ctx, int fd,
					     const struct libiommufd_device_fd_opts *opts,
					     struct libiommufd_device **ret_dev);

/** Flags of struct libiommufd_group_fd_opts. */
enum libiommufd_group_fd_flags {
	LIBIOMMUFD_GROUP_FD_NUMBER = 1 << 0, /**< group is given */
};

/** Options of libiommufd_device_open_group_fd(). */
struct libiommufd_group_fd_opts {
	uint32_t size;           /**< sizeof(struct libiommufd_group_fd_opts) */
	uint32_t flags;          /**< enum libiommufd_group_fd_flags */
	int32_t group;           /**< the group's number; without it a hot reset is refused */
	uint32_t reserved;       /**< 0 */
	const uint8_t *vf_token; /**< as in struct libiommufd_device_opts */
};

/**
 * Make a device from the file of its VFIO group, received from another process for instance. The group
 * is in the container that ctx was made from, and stays there while the sender has a device of it open.
 * libiommufd_device_bind() then opens the device.
 *
 * The fd is duplicated: the caller keeps its own and may close it. Neither sysfs nor /dev is read.
 * libiommufd_device_query_kvm_fd() gives the group's file, and where the group's number is known a hot
 * reset proves by it that the group is owned.
 *
 * @param ctx      its context, made from a container
 * @param group_fd an open VFIO group (/dev/vfio/N); only duplicated
 * @param name     what the kernel calls the device: "0000:06:00.0", or the UUID of an mdev
 * @param opts     NULL for defaults
 * @param ret_dev  the device, in state OPENED; the caller owns it
 *
 * @return 0, or
 *   -EINVAL     a NULL; no such name can be; unknown flag; size below 8; the group is in no container
 *   -E2BIG      unknown field set in opts
 *   -EBADF      group_fd is not open
 *   -ENOTTY     group_fd is no group (reason ARGUMENT)
 *   -EOPNOTSUPP native backend, or the context was not made from a container
 *   -ENOMEM     no memory
 *   -EMFILE     too many open files
 *   -EPERM      not the process that opened ctx
 *
 * @par Threads  safe
 * @par Calls    fcntl, ioctl, close
 * @par Kernel   any with VFIO (type1 backend)
 * @par Source   VFIO_GROUP_GET_STATUS
 */
LIBIOMMUFD_API int libiommufd_device_open_group_fd(struct libiommufd_ctx *ctx, int group_fd,
						   const char *name,
						   const struct libiommufd_group_fd_opts *opts,
						   struct libiommufd_device **ret_dev);

/** Flags of struct libiommufd_bind_opts. */
enum libiommufd_bind_flags {
	/**
	 * Type1: a container of its own, which no other group joins, so that it can be detached and
	 * moved without regard to others. Memory is then pinned and counted once more for it. A group
	 * that shares a container already leaves it, or bind fails where a device of it is open. Native:
	 * no effect.
	 */
	LIBIOMMUFD_BIND_PRIVATE = 1 << 0,
};

/** Options of libiommufd_device_bind(). */
struct libiommufd_bind_opts {
	uint32_t size;  /**< sizeof(struct libiommufd_bind_opts) */
	uint32_t flags; /**< enum libiommufd_bind_flags */
	/**
	 * Where it will be attached first; may be NULL. Type1: it joins the container of that address
	 * space at once, and so its DMA reaches it from now on if other groups are attached to it.
	 */
	struct libiommufd_ioas *ioas;
};

/**
 * Take the device: claim its IOMMU group for this context and make the device usable.
 *
 * The first bind in a group blocks the DMA of the whole group; every other member must be unused or
 * bound to the same context. The device is reset if it can be. From here on regions work; DMA goes
 * nowhere until a member of the group is attached, see libiommufd_device_query_reach().
 *
 * On type1 the groups attached to one address space share a container, and memory is pinned once, as
 * long as a group can join it: with opts.ioas it does so now; else at attach, if no device of the group
 * was used before (its file asked for, a region, an interrupt, a reset, a feature), because until then
 * the library leaves it closed. While it changes containers the group is in the kernel's default domain
 * for a moment, like before bind. A group that was used first keeps a container of its own, see
 * libiommufd_device_query_private().
 *
 * @param dev  a device in state OPENED
 * @param opts NULL for defaults. ioas: an address space of the same ctx
 *
 * @return 0, or
 *   -EINVAL    dev is NULL; already bound, here or by another fd (reason ALREADY_BOUND); opts.ioas is
 *              of another ctx (reason OTHER_CTX); a group that was passed has left its container
 *              (reason ARGUMENT); size below 8; unknown flag; type1: a token was given for a device
 *              that has none (reason VF_TOKEN)
 *   -E2BIG     unknown field set in opts
 *   -EACCES    the device is a virtual function and the token given at open is wrong or missing
 *              (reason VF_TOKEN). Natively kernels before 6.17 do not ask for one. Type1: the
 *              group's node may not be opened (NOT_PERMITTED)
 *   -EOPNOTSUPP a token was given and the kernel takes none here (native: before 6.17)
 *   -EPERM     a group member is bound to a driver that is not vfio's: the sentence names it (reason
 *              GROUP_NOT_VIABLE); someone else owns the group (GROUP_BUSY); interrupts cannot be
 *              isolated (UNSAFE_INTERRUPTS); or not the process that opened the ctx (OTHER_PROCESS)
 *   -EBUSY     another file has the group's node open, or, on type1, owns the group (reason
 *              GROUP_BUSY); type1: LIBIOMMUFD_BIND_PRIVATE, but the group shares a container with others
 *              and has a device open (CONTAINER_SHARED)
 *   -ENOENT    type1: the group's node does not exist (reason NODE_MISSING)
 *   -ENODEV    the device is gone (reason DEVICE_GONE); a group that was passed has no device of that
 *              name (NO_SUCH_DEVICE)
 *   -ENOMEM    no memory
 *   -EMFILE, -ENFILE  type1: too many open files
 *   any        type1: with reason RESTORE_FAILED it failed after the group, of which another device is
 *              bound, had changed containers, and there is no way back: the sentence tells where it is,
 *              and libiommufd_device_query_reach() of the other what it reaches
 *
 * @par Threads  safe. May sleep (a reset takes milliseconds)
 * @par Calls    ioctl; type1 also openat, close, readlink, read; to explain -EPERM: openat, read,
 *               close, readlink, newfstatat, getdents64; to explain -EBUSY: openat, close, readlink,
 *               newfstatat, getdents64
 * @par Kernel   6.6; any with VFIO (type1 backend)
 * @par Source   VFIO_DEVICE_BIND_IOMMUFD; VFIO_GROUP_GET_STATUS, VFIO_GET_API_VERSION,
 *               VFIO_CHECK_EXTENSION, VFIO_GROUP_SET_CONTAINER, VFIO_SET_IOMMU, VFIO_IOMMU_GET_INFO,
 *               VFIO_GROUP_GET_DEVICE_FD, VFIO_GROUP_UNSET_CONTAINER; IOMMU_OPTION (a probe)
 */
LIBIOMMUFD_API int libiommufd_device_bind(struct libiommufd_device *dev,
					  const struct libiommufd_bind_opts *opts);

/**
 * Attach the device's group to an address space: its DMA reaches what is mapped there, and nothing
 * else. Attaching an attached device moves the group.
 *
 * A group has one translation: every member that is bound reaches the address space, also one that
 * was never attached. A move never lets DMA reach anything outside the old and the new address space.
 * Whether DMA in flight faults in between is up to the kernel's IOMMU driver (up to 6.12, Intel's and
 * AMD's block the device for a moment); on type1 it always does.
 *
 * @param dev  a device in state BOUND or ATTACHED
 * @param ioas an address space of the same ctx
 *
 * @return 0, or
 *   -EINVAL     a NULL; different ctxs (reason OTHER_CTX); another member of the group is attached to
 *               a different address space and this one is not attached (reason GROUP_ATTACHED); the
 *               IOMMU cannot use this address space (reason KERNEL)
 *   -EACCES     not bound (reason NOT_BOUND); type1: the token given at open is missing (reason
 *               VF_TOKEN), see libiommufd_device_bind()
 *   -EBUSY      type1: its group shares a container with other groups, attached or only bound, and
 *               cannot leave it to be moved (reason CONTAINER_SHARED); close the device and bind it anew
 *   -EADDRINUSE mappings, or the list of libiommufd_ioas_allow_iovas(), lie where the device cannot
 *               have them, or are not aligned for its IOMMU (reason IOVA_CONFLICT)
 *   -ENOMEM     RLIMIT_MEMLOCK would be exceeded (reason MEMORY_LIMIT), or no memory (reason MEMORY)
 *   -EFAULT     memory mapped before is gone (reason BAD_MEMORY)
 *   -ENOSPC     type1's dma_entry_limit is below what is mapped (reason ENTRY_LIMIT)
 *   any         type1: with reason RESTORE_FAILED the move failed and the old address space could not be
 *               mapped again: the whole group is detached. Or its containers are not what they were, as
 *               with libiommufd_device_bind(); or something cannot be unmapped, and
 *               libiommufd_device_query_reach() says UNKNOWN until it can be, which each attach and
 *               detach tries, or the group's devices are closed. The sentence tells which
 *   -ENODEV     the device is gone (reason DEVICE_GONE)
 *   -EPERM      not the process that opened the ctx
 *
 * @par Threads  safe. May sleep, for long if much is mapped
 * @par Calls    ioctl; to explain -ENOMEM: prlimit64, openat, read, close; first use
 * @par Kernel   6.6; any with VFIO (type1 backend)
 * @par Source   VFIO_DEVICE_ATTACH_IOMMUFD_PT, IOMMU_IOAS_ALLOW_IOVAS; VFIO_IOMMU_MAP_DMA,
 *               VFIO_IOMMU_UNMAP_DMA
 */
LIBIOMMUFD_API int libiommufd_device_attach(struct libiommufd_device *dev,
					    struct libiommufd_ioas *ioas);

/**
 * Attach the device's group to a page table or address space by its kernel id, for objects that this
 * library does not know (nested page tables, dirty tracking).
 *
 * @param dev   a device in state BOUND or ATTACHED
 * @param pt_id id of an address space or hardware page table within libiommufd_ctx_query_fd()
 *
 * @return 0, or
 *   -ENOENT     no such object
 *   -EINVAL     the id is of another kind of object, or the IOMMU cannot use it (reason ARGUMENT)
 *   -EOPNOTSUPP type1 backend
 *   other       as libiommufd_device_attach()
 *
 * @par Threads  safe. May sleep, for long if much is mapped
 * @par Calls    ioctl; to explain -ENOMEM: prlimit64, openat, read, close
 * @par Kernel   6.6
 * @par Source   VFIO_DEVICE_ATTACH_IOMMUFD_PT
 */
LIBIOMMUFD_API int libiommufd_device_attach_id(struct libiommufd_device *dev, uint32_t pt_id);

/**
 * Detach the device. Its group's DMA is blocked once no member is attached; until then it goes where
 * the other members' goes. Detaching a bound device that is not attached changes nothing and is 0.
 *
 * On type1 a group that stays in a container with others, which were bound for the same address space,
 * reaches it again as soon as one of those is attached to it.
 *
 * @param dev a device in state BOUND or ATTACHED
 *
 * @return 0, or
 *   -EINVAL    dev is NULL
 *   -EACCES    not bound (reason NOT_BOUND)
 *   -EBUSY     type1: it is the last attached one of its group, which shares a container with other
 *              attached groups and cannot leave it (reason CONTAINER_SHARED): close the device
 *   any        type1: with reason RESTORE_FAILED a part could be unmapped and not mapped again: the
 *              device stays attached, and some of its DMA faults; detach it again, or close it
 *   -EOPNOTSUPP the context was made from a container
 *   -ENODEV    the device is gone (reason DEVICE_GONE)
 *   -EPERM     not the process that opened the ctx
 *
 * @par Threads  safe
 * @par Calls    ioctl
 * @par Kernel   6.6; any with VFIO (type1 backend)
 * @par Source   VFIO_DEVICE_DETACH_IOMMUFD_PT; VFIO_IOMMU_UNMAP_DMA
 */
LIBIOMMUFD_API int libiommufd_device_detach(struct libiommufd_device *dev);

/** Flags of libiommufd_device_close(). */
enum libiommufd_close_flags {
	LIBIOMMUFD_CLOSE_FORCE = 1 << 0, /**< unmap regions that are still mapped */
};

/**
 * Detach, unbind and close the device. Its regions are freed with it.
 *
 * The last close in a group hands it back to the kernel, with bus mastering off. A dup of the
 * device's fd, a KVM reference or a mapping made outside this library keeps it busy beyond this call.
 *
 * What cannot be undone ends with the group's last device. Should type1 refuse to unmap while another
 * device of the group is bound, the log hook hears of it, and libiommufd_device_query_reach() of that one
 * says UNKNOWN.
 *
 * @param dev   NULL is allowed. Freed on success; still valid on failure
 * @param flags enum libiommufd_close_flags
 *
 * @return 0, or
 *   -EBUSY     a region is mapped and LIBIOMMUFD_CLOSE_FORCE is not set (reason REGION_MAPPED)
 *   -EINVAL    unknown flag
 *
 * @par Threads  must not overlap other use of dev
 * @par Calls    close, ioctl, munmap; type1 also openat, read
 * @par Kernel   any with VFIO
 * @par Source   VFIO_IOMMU_UNMAP_DMA, VFIO_GROUP_UNSET_CONTAINER, VFIO_IOMMU_GET_INFO
 */
LIBIOMMUFD_API int libiommufd_device_close(struct libiommufd_device *dev, uint32_t flags);

/**
 * The kernel's id of the bound device within libiommufd_ctx_query_fd(). 0 before bind, for NULL, and
 * on the type1 backend. @par Calls none
 */
LIBIOMMUFD_API uint32_t libiommufd_device_get_id(const struct libiommufd_device *dev);

/** The name used in errors, such as "0000:06:00.0"; "" for NULL. Valid while dev is. @par Calls none */
LIBIOMMUFD_API const char *libiommufd_device_get_name(const struct libiommufd_device *dev);

/** The state of the device; OPENED for NULL. @par Threads safe @par Calls none */
LIBIOMMUFD_API enum libiommufd_device_state
libiommufd_device_get_state(const struct libiommufd_device *dev);

/**
 * The VFIO device file, for ioctls this library does not wrap. State changes made through it (attach,
 * detach) are not seen by the library.
 *
 * @param dev    a device
 * @param ret_fd the fd; borrowed, valid while dev is
 *
 * @return 0, or
 *   -EINVAL    a NULL
 *   -EACCES    type1: it exists only from bind on (reason NOT_BOUND)
 *   other      type1: as libiommufd_device_bind(), if it is opened only now
 *
 * @par Threads  safe
 * @par Calls    first use
 */
LIBIOMMUFD_API int libiommufd_device_query_fd(struct libiommufd_device *dev, int *ret_fd);

/**
 * The file to give to KVM's VFIO device (KVM_DEV_VFIO_FILE_ADD), so that KVM knows of the device.
 *
 * Native: the device's own file, which is there from open on; add it before libiommufd_device_bind(),
 * which is when drivers look for KVM. Type1: the group's file, which is there from bind on.
 *
 * @param dev    a device
 * @param ret_fd the fd; borrowed, valid while dev is; on type1 while a device of the group is bound
 *
 * @return 0, or
 *   -EINVAL    a NULL
 *   -EACCES    type1: not bound (reason NOT_BOUND)
 *   -EOPNOTSUPP type1: the device was made from a file of its own, without the group's
 *
 * @par Threads  safe
 * @par Calls    none
 * @par Kernel   6.6 (native)
 */
LIBIOMMUFD_API int libiommufd_device_query_kvm_fd(struct libiommufd_device *dev, int *ret_fd);

/**
 * The VFIO container that the device's group is in: what another process needs, beside
 * libiommufd_device_query_fd() or libiommufd_device_query_kvm_fd(), for libiommufd_ctx_open_fd(). From
 * here on the group stays in it until the device is closed, and no other group joins.
 *
 * Whoever has it can map into it. What others map there this library does not know: the group's DMA
 * reaches it also while the device is detached, or attached to another address space, until they unmap
 * it or the group is closed. libiommufd_device_query_reach() says UNKNOWN then unless it is attached.
 *
 * Who gets the file can map into the container, for every device that is in it already;
 * LIBIOMMUFD_BIND_PRIVATE keeps those of other groups out from the start. This context neither unmaps nor
 * moves what others map, and picks addresses around it.
 *
 * @param dev    a device in state BOUND or ATTACHED
 * @param ret_fd the fd; borrowed, valid while dev is
 *
 * @return 0, or
 *   -EINVAL     a NULL
 *   -EACCES     not bound (reason NOT_BOUND)
 *   -EOPNOTSUPP native backend
 *   -EPERM      not the process that opened the ctx
 *   other       as libiommufd_device_bind(), if the device is opened only now
 *
 * @par Threads  safe
 * @par Calls    first use
 * @par Kernel   any with VFIO (type1 backend)
 */
LIBIOMMUFD_API int libiommufd_device_query_container_fd(struct libiommufd_device *dev, int *ret_fd);

/**
 * Ask whether the memory of the address space that the device is attached to is pinned, and counted
 * against RLIMIT_MEMLOCK, once more for this device's group alone. Never so on the native backend.
 *
 * @param dev         a device in any state
 * @param ret_private true if it is; false if it shares the pins of other devices, is the only one, or is
 *                    not attached
 *
 * @return 0, or
 *   -EINVAL    a NULL
 *   -EPERM     not the process that opened the ctx
 *
 * @par Threads  safe
 * @par Calls    none
 */
LIBIOMMUFD_API int libiommufd_device_query_private(struct libiommufd_device *dev,
						   bool *ret_private);

/** What the DMA of a device reaches. */
enum libiommufd_reach {
	/**
	 * Its group is not known; or others have its container's file, and it is not attached itself; or
	 * something was mapped that could not be unmapped (reason RESTORE_FAILED).
	 */
	LIBIOMMUFD_REACH_UNKNOWN = 0,
	LIBIOMMUFD_REACH_NOTHING = 1, /**< blocked */
	LIBIOMMUFD_REACH_IOAS = 2,    /**< an address space of this library */
	LIBIOMMUFD_REACH_ID = 3,      /**< a page table attached by id */
	LIBIOMMUFD_REACH_KERNEL = 4,  /**< what the kernel decides: nobody here bound the group */
};

/**
 * Ask what the DMA of a device reaches, given what this context did to its group.
 *
 * @param dev       a device in any state
 * @param ret_reach the answer
 * @param ret_ioas  the address space if the answer is REACH_IOAS, else NULL; borrowed; may be NULL
 *
 * @return 0, or
 *   -EINVAL    dev or ret_reach is NULL
 *   -EPERM     not the process that opened the ctx
 *
 * @par Threads  safe
 * @par Calls    none
 */
LIBIOMMUFD_API int libiommufd_device_query_reach(struct libiommufd_device *dev,
						 enum libiommufd_reach *ret_reach,
						 struct libiommufd_ioas **ret_ioas);

/* ---- Facts -------------------------------------------------------------------------------- */

/** Numbers that facts use beside counts and group numbers. */
enum libiommufd_fact {
	LIBIOMMUFD_FACT_UNKNOWN = -1, /**< could not be found out */
	LIBIOMMUFD_FACT_NONE = -2,    /**< there is none */
};

/**
 * Read what the system tells about a device, opened or not, on any driver.
 *
 * Where something cannot be read the fact is unknown; that is no failure. Strings are NULL when
 * unknown and "" when there is none.
 *
 * @param ctx       any context; or NULL, so that a machine where none can be opened can be looked at
 * @param name      as for libiommufd_device_open()
 * @param ret_facts a snapshot; free it with libiommufd_facts_free()
 *
 * @return 0, or
 *   -EINVAL    name or ret_facts is NULL, or name has no known form
 *   -ENODEV    no such device (reason NO_SUCH_DEVICE)
 *   -ENOMEM    no memory
 *
 * @par Threads  safe
 * @par Calls    openat, read, close, readlink, getdents64, newfstatat, faccessat2
 * @par Kernel   any
 * @par Source   sysfs
 */
LIBIOMMUFD_API int libiommufd_ctx_query_facts(struct libiommufd_ctx *ctx, const char *name,
					      struct libiommufd_facts **ret_facts);

/**
 * Read what the system tells about an open device. As libiommufd_ctx_query_facts(); for a device that
 * was made from a file nothing is read, and every fact is unknown, but the group's number if it was given.
 *
 * @param dev       a device
 * @param ret_facts a snapshot; free it with libiommufd_facts_free()
 *
 * @return 0, or -EINVAL (a NULL), -ENOMEM (no memory)
 *
 * @par Threads  safe
 * @par Calls    openat, close, readlink, getdents64, newfstatat
 * @par Kernel   any
 * @par Source   sysfs
 */
LIBIOMMUFD_API int libiommufd_device_query_facts(struct libiommufd_device *dev,
						 struct libiommufd_facts **ret_facts);

/** The bus address: "0000:06:00.0", or a mediated device's uuid; NULL if unknown. @par Calls none */
LIBIOMMUFD_API const char *libiommufd_facts_get_address(const struct libiommufd_facts *facts);

/** The driver's name; "" if it has none, NULL if unknown. @par Calls none */
LIBIOMMUFD_API const char *libiommufd_facts_get_driver(const struct libiommufd_facts *facts);

/** The number of the IOMMU group, or enum libiommufd_fact. @par Calls none */
LIBIOMMUFD_API int libiommufd_facts_get_group(const struct libiommufd_facts *facts);

/** How many devices share the group, this one included, or enum libiommufd_fact. @par Calls none */
LIBIOMMUFD_API int libiommufd_facts_get_member_count(const struct libiommufd_facts *facts);

/** The bus address of member number index, sorted; NULL if there is none. @par Calls none */
LIBIOMMUFD_API const char *libiommufd_facts_get_member(const struct libiommufd_facts *facts,
						       unsigned int index);

/** The driver of member number index; NULL if unknown, "" if none. @par Calls none */
LIBIOMMUFD_API const char *libiommufd_facts_get_member_driver(const struct libiommufd_facts *facts,
							      unsigned int index);

/** The VFIO character device: "/dev/vfio/devices/vfio0"; "" if there is none, NULL if unknown. @par Calls none */
LIBIOMMUFD_API const char *libiommufd_facts_get_node(const struct libiommufd_facts *facts);

/** The name of the IOMMU in front of it: "dmar0"; "" if there is none, NULL if unknown. @par Calls none */
LIBIOMMUFD_API const char *libiommufd_facts_get_iommu(const struct libiommufd_facts *facts);

/** Free a snapshot; NULL is allowed. Returns NULL. @par Calls none */
LIBIOMMUFD_API struct libiommufd_facts *libiommufd_facts_free(struct libiommufd_facts *facts);

/* ---- Regions ------------------------------------------------------------------------------ */

/** Region numbers of PCI devices (the kernel's own). */
enum libiommufd_pci_region {
	LIBIOMMUFD_PCI_BAR0 = 0,   /**< base address register 0 */
	LIBIOMMUFD_PCI_BAR1 = 1,   /**< base address register 1 */
	LIBIOMMUFD_PCI_BAR2 = 2,   /**< base address register 2 */
	LIBIOMMUFD_PCI_BAR3 = 3,   /**< base address register 3 */
	LIBIOMMUFD_PCI_BAR4 = 4,   /**< base address register 4 */
	LIBIOMMUFD_PCI_BAR5 = 5,   /**< base address register 5 */
	LIBIOMMUFD_PCI_ROM = 6,    /**< expansion ROM, read-only */
	LIBIOMMUFD_PCI_CONFIG = 7, /**< configuration space, parts of which the kernel emulates */
	LIBIOMMUFD_PCI_VGA = 8,    /**< legacy VGA memory and ports, where the kernel gives them */
};

/**
 * How many regions a device has. Some may have size 0.
 *
 * @param dev       a device in state BOUND or ATTACHED
 * @param ret_count the number; indices are below it
 *
 * @return 0, or
 *   -EINVAL    a NULL
 *   -EACCES    not bound (reason NOT_BOUND)
 *   -ENODEV    the device is gone (reason DEVICE_GONE)
 *   -EPERM     not the process that opened the ctx
 *
 * @par Threads  safe
 * @par Calls    ioctl; first use
 * @par Kernel   any with VFIO
 * @par Source   VFIO_DEVICE_GET_INFO
 */
LIBIOMMUFD_API int libiommufd_device_query_region_count(struct libiommufd_device *dev,
							uint32_t *ret_count);

/**
 * Find a region, for libiommufd_region_map(), which is the fast way, or for libiommufd_region_read() and
 * libiommufd_region_write(), which go through the kernel. The first call for an index asks the kernel, later ones
 * return the same object.
 *
 * @param dev        a device in state BOUND or ATTACHED
 * @param index      number of the region, see enum libiommufd_pci_region
 * @param ret_region the region; borrowed, valid until the device is closed
 *
 * @return 0, or
 *   -EINVAL    a NULL; no region of that number
 *   -EACCES    not bound (reason NOT_BOUND)
 *   -ENOMEM    no memory
 *   -ENODEV    the device is gone (reason DEVICE_GONE)
 *   -EIO       the kernel's description is malformed (reason KERNEL)
 *   -EPERM     not the process that opened the ctx
 *
 * @par Threads  safe
 * @par Calls    ioctl; first use
 * @par Kernel   any with VFIO
 * @par Source   VFIO_DEVICE_GET_REGION_INFO
 */
LIBIOMMUFD_API int libiommufd_device_query_region(struct libiommufd_device *dev, uint32_t index,
						  struct libiommufd_region **ret_region);

/** Size in bytes; 0 for an absent region and for NULL. @par Calls none */
LIBIOMMUFD_API uint64_t libiommufd_region_get_size(const struct libiommufd_region *region);

/** LIBIOMMUFD_READ and LIBIOMMUFD_WRITE as the region allows; 0 for NULL. @par Calls none */
LIBIOMMUFD_API uint32_t libiommufd_region_get_access(const struct libiommufd_region *region);

/** Where the region starts in the file of libiommufd_device_query_fd(). @par Calls none */
LIBIOMMUFD_API uint64_t libiommufd_region_get_file_offset(const struct libiommufd_region *region);

/**
 * How many parts of the region can be mapped: 0 for none, 1 for all of it or one part, more where the
 * kernel leaves holes. @par Calls none
 */
LIBIOMMUFD_API size_t libiommufd_region_get_area_count(const struct libiommufd_region *region);

/**
 * One part that can be mapped.
 *
 * @param region     a region
 * @param index      below libiommufd_region_get_area_count()
 * @param ret_offset first byte within the region
 * @param ret_length bytes
 *
 * @return 0, or -EINVAL (a NULL, or no area of that number)
 *
 * @par Threads  safe
 * @par Calls    none
 */
LIBIOMMUFD_API int libiommufd_region_get_area(const struct libiommufd_region *region, size_t index,
					      uint64_t *ret_offset, uint64_t *ret_length);

/**
 * Map a part of a region. From 2 MiB on the address is congruent with the offset modulo 2 MiB, from
 * 1 GiB on modulo 1 GiB, so that the kernel can use huge page table entries.
 *
 * @param region  a region
 * @param offset  first byte; a multiple of the page size
 * @param length  bytes; not 0, a multiple of the page size; all inside one area, see
 *                libiommufd_region_get_area()
 * @param access  LIBIOMMUFD_READ, LIBIOMMUFD_WRITE or both: what the process may do
 * @param ret_ptr the mapping; end it with libiommufd_region_unmap()
 *
 * @return 0, or
 *   -EINVAL    a NULL, unaligned or zero, no or unknown access bit; or not inside one area (reason
 *              REGION_ACCESS)
 *   -EACCES    the region does not allow that access (reason REGION_ACCESS)
 *   -ENOMEM    no memory or no address space
 *   -ENODEV    the device is gone (reason DEVICE_GONE)
 *   -EPERM     not the process that opened the ctx
 *
 * @par Threads  safe
 * @par Calls    mmap, munmap
 */
LIBIOMMUFD_API int libiommufd_region_map(struct libiommufd_region *region, uint64_t offset,
					 uint64_t length, uint32_t access, void **ret_ptr);

/**
 * End a mapping of libiommufd_region_map().
 *
 * @param region the region it was made from
 * @param ptr    what libiommufd_region_map() returned
 *
 * @return 0, or
 *   -EINVAL    a NULL, or ptr is not a mapping of this region
 *
 * @par Threads  safe
 * @par Calls    munmap
 */
LIBIOMMUFD_API int libiommufd_region_unmap(struct libiommufd_region *region, void *ptr);

/**
 * Read from a region through the kernel.
 *
 * buf gets the bytes as the device has them, those of PCI in little endian order; use le32toh() and the like. The
 * kernel makes as large accesses as offset and length allow: an aligned 1, 2 or 4 bytes are one access of that
 * width, 8 are one from Linux 6.11 on and two before, more are several.
 *
 * @param region a region
 * @param offset first byte
 * @param buf    length bytes
 * @param length bytes; not 0
 *
 * @return 0 if all of it was read, or
 *   -EINVAL    a NULL, zero length, or beyond the end of the region (reason ARGUMENT)
 *   -EACCES    the region cannot be read (reason REGION_ACCESS)
 *   -EIO       the device did not answer, or answered less; buf may hold a part of it
 *   -ENODEV    the device is gone (reason DEVICE_GONE)
 *   -EPERM     not the process that opened the ctx
 *
 * @par Threads  safe
 * @par Calls    pread64
 */
LIBIOMMUFD_API int libiommufd_region_read(struct libiommufd_region *region, uint64_t offset,
					  void *buf, size_t length);

/**
 * Write to a region through the kernel. As libiommufd_region_read() the other way round.
 *
 * @param region a region
 * @param offset first byte
 * @param buf    length bytes
 * @param length bytes; not 0
 *
 * @return 0 if all of it was written, or an error as libiommufd_region_read(); after -EIO a part of it
 *         may have been written
 *
 * @par Threads  safe
 * @par Calls    pwrite64
 */
LIBIOMMUFD_API int libiommufd_region_write(struct libiommufd_region *region, uint64_t offset,
					   const void *buf, size_t length);

/**
 * Read 8 bits of PCI configuration space.
 *
 * @param dev       a PCI device in state BOUND or ATTACHED
 * @param offset    bytes from the start; naturally aligned
 * @param ret_value in the byte order of the CPU
 *
 * @return 0, or
 *   -EINVAL     a NULL, unaligned, or beyond the end
 *   -EACCES     not bound (reason NOT_BOUND)
 *   -EOPNOTSUPP the device has no configuration space
 *   -EIO        the device did not answer
 *   -ENODEV     the device is gone (reason DEVICE_GONE)
 *   -EPERM      not the process that opened the ctx
 *
 * @par Threads  safe
 * @par Calls    pread64; ioctl in the first call; first use
 * @par Kernel   any with VFIO
 * @par Source   VFIO_DEVICE_GET_INFO, VFIO_DEVICE_GET_REGION_INFO
 */
LIBIOMMUFD_API int libiommufd_device_config_read8(struct libiommufd_device *dev, uint32_t offset,
						  uint8_t *ret_value);
/** As libiommufd_device_config_read8(), 16 bits. */
LIBIOMMUFD_API int libiommufd_device_config_read16(struct libiommufd_device *dev, uint32_t offset,
						   uint16_t *ret_value);
/** As libiommufd_device_config_read8(), 32 bits. */
LIBIOMMUFD_API int libiommufd_device_config_read32(struct libiommufd_device *dev, uint32_t offset,
						   uint32_t *ret_value);

/**
 * Write 8 bits of PCI configuration space. The kernel protects and virtualises parts of it.
 *
 * @param dev    a PCI device in state BOUND or ATTACHED
 * @param offset bytes from the start; naturally aligned
 * @param value  in the byte order of the CPU
 *
 * @return 0, or an error as libiommufd_device_config_read8()
 *
 * @par Threads  safe
 * @par Calls    pwrite64; ioctl in the first call; first use
 * @par Kernel   any with VFIO
 * @par Source   VFIO_DEVICE_GET_INFO, VFIO_DEVICE_GET_REGION_INFO
 */
LIBIOMMUFD_API int libiommufd_device_config_write8(struct libiommufd_device *dev, uint32_t offset,
						   uint8_t value);
/** As libiommufd_device_config_write8(), 16 bits. */
LIBIOMMUFD_API int libiommufd_device_config_write16(struct libiommufd_device *dev, uint32_t offset,
						    uint16_t value);
/** As libiommufd_device_config_write8(), 32 bits. */
LIBIOMMUFD_API int libiommufd_device_config_write32(struct libiommufd_device *dev, uint32_t offset,
						    uint32_t value);

/**
 * Let a PCI device issue DMA, or stop it. Off after bind; a reset leaves it as it is.
 *
 * @param dev    a PCI device in state BOUND or ATTACHED
 * @param enable true to let it
 *
 * @return 0, or an error as libiommufd_device_config_read8()
 *
 * @par Threads  safe
 * @par Calls    pread64, pwrite64; ioctl in the first call; first use
 * @par Kernel   any with VFIO
 * @par Source   VFIO_DEVICE_GET_INFO, VFIO_DEVICE_GET_REGION_INFO
 */
LIBIOMMUFD_API int libiommufd_device_set_bus_master(struct libiommufd_device *dev, bool enable);

/* ---- Interrupts --------------------------------------------------------------------------- */

/*
 * When a device is unplugged or its driver is unbound the kernel signals LIBIOMMUFD_PCI_REQ, every 10
 * seconds again, and waits until the device is closed. Until then everything works as before; nobody can
 * open it any more. A device whose hardware vanished without notice answers with ones or zeros; calls
 * may succeed from what the kernel remembers, or fail with what it says; close succeeds.
 *
 * LIBIOMMUFD_PCI_ERR is signalled when the device, or another one below the same port, reports an
 * uncorrectable error. After a fatal one the kernel resets all of them, which may take a second: registers
 * are as after power-on, with memory accesses off, and libiommufd_device_reset() does not change that.
 * Close and open the device; or allow memory accesses in its command register, and disable and set its
 * interrupts again.
 */

/** Interrupt numbers of PCI devices (the kernel's own). */
enum libiommufd_pci_irq {
	LIBIOMMUFD_PCI_INTX = 0, /**< the pin */
	LIBIOMMUFD_PCI_MSI = 1,  /**< message signalled */
	LIBIOMMUFD_PCI_MSIX = 2, /**< message signalled, extended */
	LIBIOMMUFD_PCI_ERR = 3,  /**< the device reported an uncorrectable error */
	LIBIOMMUFD_PCI_REQ = 4,  /**< the kernel wants the device back: close it soon */
};

/** What an interrupt can do. */
enum libiommufd_irq_flags {
	LIBIOMMUFD_IRQ_EVENTFD = 1 << 0,  /**< can signal eventfds */
	LIBIOMMUFD_IRQ_MASKABLE = 1 << 1, /**< can be masked and unmasked */
	LIBIOMMUFD_IRQ_AUTOMASKED = 1
				    << 2, /**< masks itself when it fires; unmask to get the next */
	/** More vectors cannot be added while some are in use: disable all, then set all. */
	LIBIOMMUFD_IRQ_NORESIZE = 1 << 3,
};

/**
 * Ask what an interrupt is.
 *
 * @param dev       a device in state BOUND or ATTACHED
 * @param index     see enum libiommufd_pci_irq
 * @param ret_count how many vectors it has; 0 if the device lacks it
 * @param ret_flags enum libiommufd_irq_flags; may be NULL
 *
 * @return 0, or
 *   -EINVAL    a NULL; the device has no interrupt of that number
 *   -EACCES    not bound (reason NOT_BOUND)
 *   -ENODEV    the device is gone (reason DEVICE_GONE)
 *   -EPERM     not the process that opened the ctx
 *
 * @par Threads  safe
 * @par Calls    ioctl; first use
 * @par Kernel   any with VFIO
 * @par Source   VFIO_DEVICE_GET_IRQ_INFO, VFIO_DEVICE_GET_INFO
 */
LIBIOMMUFD_API int libiommufd_device_query_irq(struct libiommufd_device *dev, uint32_t index,
					       uint32_t *ret_count, uint32_t *ret_flags);

/**
 * Let vectors signal eventfds. The first call for an interrupt enables it, with vectors up to the
 * last one given; only one of INTx, MSI and MSI-X can be enabled at a time. Later calls change
 * vectors, and add some unless the interrupt is NORESIZE. A vector without an eventfd stays silent.
 *
 * If the first call fails nothing is enabled. If a later one fails, vectors from start on may have lost
 * the eventfds they had; the others keep theirs. An MSI or MSI-X arrives only with bus mastering on.
 *
 * @param dev      a device in state BOUND or ATTACHED
 * @param index    see enum libiommufd_pci_irq
 * @param start    first vector
 * @param eventfds count eventfds, -1 for none; the kernel keeps the events, not the fds
 * @param count    how many; not 0
 *
 * @return 0, or
 *   -EINVAL    a NULL, zero count; beyond the last vector (reason ARGUMENT); another kind of interrupt
 *              is enabled, a file is no eventfd, or more vectors than are enabled where the interrupt
 *              is NORESIZE (reason NOT_SUPPORTED)
 *   -EBADF     an eventfd is not open
 *   -ENOSPC    the machine has not that many vectors left (reason VECTOR_LIMIT; needed and allowed say
 *              how many, allowed is 0 if that is not known)
 *   -ENOMEM    no memory
 *   -EACCES    not bound (reason NOT_BOUND)
 *   -ENODEV    the device is gone (reason DEVICE_GONE)
 *   -EPERM     not the process that opened the ctx
 *
 * @par Threads  safe
 * @par Calls    ioctl; first use
 * @par Kernel   any with VFIO
 * @par Source   VFIO_DEVICE_SET_IRQS, VFIO_DEVICE_GET_IRQ_INFO, VFIO_DEVICE_GET_INFO
 */
LIBIOMMUFD_API int libiommufd_device_set_irqs(struct libiommufd_device *dev, uint32_t index,
					      uint32_t start, const int *eventfds, uint32_t count);

/**
 * Disable an interrupt with all its vectors. One that is not enabled is no failure.
 *
 * @param dev   a device in state BOUND or ATTACHED
 * @param index see enum libiommufd_pci_irq
 *
 * @return 0, or an error as libiommufd_device_query_irq()
 *
 * @par Threads  safe
 * @par Calls    ioctl; first use
 * @par Kernel   any with VFIO
 * @par Source   VFIO_DEVICE_SET_IRQS, VFIO_DEVICE_GET_IRQ_INFO, VFIO_DEVICE_GET_INFO
 */
LIBIOMMUFD_API int libiommufd_device_disable_irqs(struct libiommufd_device *dev, uint32_t index);

/**
 * Make vectors fire from software, as if the device had: to test what waits for them. Of an interrupt
 * that is enabled, a vector without an eventfd is passed over.
 *
 * @param dev   a device in state BOUND or ATTACHED
 * @param index see enum libiommufd_pci_irq
 * @param start first vector
 * @param count how many; not 0
 *
 * @return 0, or
 *   -EINVAL    zero count, beyond the last vector (reason ARGUMENT); the interrupt is not enabled
 *              (reason NOT_SUPPORTED)
 *   other      as libiommufd_device_query_irq()
 *
 * @par Threads  safe
 * @par Calls    ioctl; first use
 * @par Kernel   any with VFIO
 * @par Source   VFIO_DEVICE_SET_IRQS, VFIO_DEVICE_GET_IRQ_INFO, VFIO_DEVICE_GET_INFO
 */
LIBIOMMUFD_API int libiommufd_device_trigger_irqs(struct libiommufd_device *dev, uint32_t index,
						  uint32_t start, uint32_t count);

/**
 * Mask an interrupt: it does not signal until it is unmasked.
 *
 * @param dev   a device in state BOUND or ATTACHED
 * @param index see enum libiommufd_pci_irq; vfio-pci can mask INTx only
 *
 * @return 0, or
 *   -EINVAL, -ENOTTY  the interrupt is not enabled, or cannot be masked (reason NOT_SUPPORTED)
 *   other      as libiommufd_device_query_irq()
 *
 * @par Threads  safe
 * @par Calls    ioctl; first use
 * @par Kernel   any with VFIO
 * @par Source   VFIO_DEVICE_SET_IRQS
 */
LIBIOMMUFD_API int libiommufd_device_mask_irq(struct libiommufd_device *dev, uint32_t index);

/**
 * Unmask an interrupt. One that was masked while it fired signals at once.
 *
 * @param dev   a device in state BOUND or ATTACHED
 * @param index see enum libiommufd_pci_irq; vfio-pci: INTx only
 *
 * @return 0, or an error as libiommufd_device_mask_irq()
 *
 * @par Threads  safe
 * @par Calls    ioctl; first use
 * @par Kernel   any with VFIO
 * @par Source   VFIO_DEVICE_SET_IRQS
 */
LIBIOMMUFD_API int libiommufd_device_unmask_irq(struct libiommufd_device *dev, uint32_t index);

/**
 * Let an eventfd unmask an interrupt (resampling): whoever writes to it unmasks, without a call of the
 * library. Set the interrupt's own eventfd first.
 *
 * @param dev     a device in state BOUND or ATTACHED
 * @param index   see enum libiommufd_pci_irq; vfio-pci: INTx only
 * @param eventfd an eventfd; -1 ends it
 *
 * @return 0, or
 *   -EBADF     eventfd is not open
 *   -EBUSY     there is one already (reason IN_USE): end it first
 *   other      as libiommufd_device_mask_irq()
 *
 * @par Threads  safe
 * @par Calls    ioctl; first use
 * @par Kernel   any with VFIO
 * @par Source   VFIO_DEVICE_SET_IRQS
 */
LIBIOMMUFD_API int libiommufd_device_set_unmask_fd(struct libiommufd_device *dev, uint32_t index,
						   int eventfd);

/* ---- Reset, power, features ---------------------------------------------------------------- */

/**
 * Reset the device (its function alone). Interrupts, mappings for DMA, mapped regions and configuration
 * space with bus mastering stay as they are; what the device had in its registers is lost.
 *
 * @param dev a device in state BOUND or ATTACHED
 *
 * @return 0, or
 *   -EINVAL    dev is NULL; or the device cannot be reset on its own (reason NOT_SUPPORTED)
 *   -EACCES    not bound (reason NOT_BOUND)
 *   -EAGAIN    another reset is under way
 *   -ENODEV    the device is gone (reason DEVICE_GONE)
 *   -EPERM     not the process that opened the ctx
 *
 * @par Threads  safe. Takes milliseconds
 * @par Calls    ioctl; first use
 * @par Kernel   any with VFIO
 * @par Source   VFIO_DEVICE_RESET
 */
LIBIOMMUFD_API int libiommufd_device_reset(struct libiommufd_device *dev);

/**
 * Ask which devices a hot reset of the device's slot or bus would reset, itself included.
 *
 * @param dev       a PCI device in state BOUND or ATTACHED
 * @param ret_reset a snapshot; free it with libiommufd_hot_reset_free()
 *
 * @return 0, or
 *   -EINVAL    a NULL
 *   -EACCES    not bound (reason NOT_BOUND)
 *   -ENODEV    the device can be reset neither by slot nor by bus (reason NOT_SUPPORTED)
 *   -ENOTTY    not a PCI device (reason NOT_SUPPORTED)
 *   -ENOMEM    no memory
 *   -EPERM     not the process that opened the ctx
 *
 * @par Threads  safe
 * @par Calls    ioctl; first use
 * @par Kernel   3.12
 * @par Source   VFIO_DEVICE_GET_PCI_HOT_RESET_INFO
 */
LIBIOMMUFD_API int libiommufd_device_query_hot_reset(struct libiommufd_device *dev,
						     struct libiommufd_hot_reset **ret_reset);

/** How many devices; 0 for NULL. @par Calls none */
LIBIOMMUFD_API size_t libiommufd_hot_reset_get_count(const struct libiommufd_hot_reset *reset);

/** PCI address of device number index; NULL if there is none. @par Calls none */
LIBIOMMUFD_API const char *
libiommufd_hot_reset_get_address(const struct libiommufd_hot_reset *reset, size_t index);

/**
 * Does this context own device number index, so that it may be reset? A device that is not opened but
 * shares its group with a bound one is owned too; natively only if it is on a vfio driver, which the
 * kernel wants for the reset and tells on type1 only then. @par Calls none
 */
LIBIOMMUFD_API bool libiommufd_hot_reset_is_owned(const struct libiommufd_hot_reset *reset,
						  size_t index);

/** Free a snapshot; NULL is allowed. Returns NULL. @par Calls none */
LIBIOMMUFD_API struct libiommufd_hot_reset *
libiommufd_hot_reset_free(struct libiommufd_hot_reset *reset);

/**
 * Reset the device's slot or bus with all devices on it. All of them must be owned by this context, see
 * libiommufd_device_query_hot_reset().
 *
 * @param dev a PCI device in state BOUND or ATTACHED
 *
 * @return 0, or
 *   -EINVAL    dev is NULL; a device is not bound to a vfio driver, or, natively, not owned (reason
 *              NOT_OWNED; the sentence names it, on type1 with the others)
 *   -EPERM     type1: a device is of a group that is not owned (reason NOT_OWNED, named); or not the
 *              process that opened the ctx (reason OTHER_PROCESS)
 *   -ENOTTY    the link behind the port did not come back (reason KERNEL)
 *   other      as libiommufd_device_query_hot_reset()
 *
 * @par Threads  safe, but not while a device of the same slot or bus is being closed
 * @par Calls    ioctl; type1 also fcntl, close; first use
 * @par Kernel   6.6; 3.12 (type1 backend)
 * @par Source   VFIO_DEVICE_PCI_HOT_RESET, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO
 */
LIBIOMMUFD_API int libiommufd_device_hot_reset(struct libiommufd_device *dev);

/**
 * Let the device sleep until libiommufd_device_exit_low_power(). Mapped registers must not be touched
 * in that time: that is SIGBUS. Reads and writes of regions work, and wake the device for a moment.
 *
 * @param dev       a PCI device in state BOUND or ATTACHED
 * @param wakeup_fd an eventfd to signal when the device wakes, by itself or by such an access: the sleep
 *                  is over then; -1: it goes on
 *
 * @return 0, or
 *   -EINVAL    dev is NULL; it sleeps already, or wakeup_fd is no eventfd (reason KERNEL)
 *   -ENOTTY    the kernel or the device cannot (reason NOT_SUPPORTED)
 *   -EBADF     wakeup_fd is not open
 *   -EACCES    not bound (reason NOT_BOUND)
 *   -ENODEV    the device is gone (reason DEVICE_GONE)
 *   -EPERM     not the process that opened the ctx
 *
 * @par Threads  safe
 * @par Calls    ioctl; first use
 * @par Kernel   6.1
 * @par Source   VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP
 */
LIBIOMMUFD_API int libiommufd_device_enter_low_power(struct libiommufd_device *dev, int wakeup_fd);

/**
 * End the sleep. A device that does not sleep is no failure.
 *
 * @param dev a PCI device in state BOUND or ATTACHED
 *
 * @return 0, or an error as libiommufd_device_enter_low_power()
 *
 * @par Threads  safe
 * @par Calls    ioctl; first use
 * @par Kernel   6.1
 * @par Source   VFIO_DEVICE_FEATURE_LOW_POWER_EXIT
 */
LIBIOMMUFD_API int libiommufd_device_exit_low_power(struct libiommufd_device *dev);

/** What libiommufd_device_feature() does with a feature. */
enum libiommufd_device_feature_flags {
	LIBIOMMUFD_DEVICE_FEATURE_GET = 1 << 16, /**< read it into data */
	LIBIOMMUFD_DEVICE_FEATURE_SET = 1 << 17, /**< write it from data */
	LIBIOMMUFD_DEVICE_FEATURE_PROBE =
		1 << 18, /**< only ask whether GET, SET or both would be possible */
};

/**
 * Pass a VFIO device feature through (VF token, migration, DMA logging and what kernels to come add).
 *
 * @param dev   a device in state BOUND or ATTACHED
 * @param flags the kernel's number of the feature, with enum libiommufd_device_feature_flags
 * @param data  size bytes as the kernel defines them; NULL if size is 0
 * @param size  bytes; 0 for features without data and for PROBE
 *
 * @return what the kernel answers, 0 or more for some features; or
 *   -EINVAL    dev is NULL; the feature or size is wrong
 *   -ENOTTY    the kernel or the device does not have the feature (reason NOT_SUPPORTED)
 *   -ENOMEM    no memory
 *   -EACCES    not bound (reason NOT_BOUND)
 *   -ENODEV    the device is gone (reason DEVICE_GONE)
 *   -EPERM     not the process that opened the ctx
 *   other      what the kernel answers
 *
 * @par Threads  safe
 * @par Calls    ioctl; first use
 * @par Kernel   5.7, and that of the feature
 * @par Source   VFIO_DEVICE_FEATURE
 */
LIBIOMMUFD_API int libiommufd_device_feature(struct libiommufd_device *dev, uint32_t flags,
					     void *data, uint32_t size);

/**
 * Let an eventfd write a value to a register: whoever signals it writes, without a call of the library.
 *
 * @param region  a BAR
 * @param offset  of the register; a multiple of width
 * @param width   1, 2, 4 or 8 bytes
 * @param value   what to write, in the byte order of the CPU
 * @param eventfd an eventfd; -1 ends it for that register and value
 *
 * @return 0, or
 *   -EINVAL    region is NULL; width or offset are not as said, or beyond the end (reason ARGUMENT); not
 *              a BAR, the device's MSI-X table, or eventfd is none (reason KERNEL)
 *   -ENOTTY    the kernel or the device cannot (reason NOT_SUPPORTED)
 *   -EEXIST    there is one for that register and value
 *   -ENODEV    none to end; or the device is gone
 *   -ENOSPC    the device has 1000 of them (reason KERNEL)
 *   -EBADF     eventfd is not open
 *   -EACCES    not bound (reason NOT_BOUND)
 *   -EPERM     not the process that opened the ctx
 *
 * @par Threads  safe
 * @par Calls    ioctl
 * @par Kernel   4.17
 * @par Source   VFIO_DEVICE_IOEVENTFD
 */
LIBIOMMUFD_API int libiommufd_region_set_ioeventfd(struct libiommufd_region *region,
						   uint64_t offset, uint32_t width, uint64_t value,
						   int eventfd);

#ifdef __cplusplus
}
#endif

#endif
