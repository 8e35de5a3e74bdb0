/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the list of what the library lives with and what it turns into another errno. Whatever is not
 * here must come out of the public call as it came out of the kernel.
 */
#include "rules.h"

#include <errno.h>
#include <stddef.h>

#include "libiommufd.h"

#define REASON(x) LIBIOMMUFD_REASON_##x

/* clang-format off */
const struct rule rules[] = {
	/* Whose process it is can be told by getpid() as well. */
	{"ctx_*", "mmap anonymous", 0, RULE_LIVES_WITH_LESS, 0, 0},
	{"ctx_*", "madvise*", 0, RULE_LIVES_WITH_LESS, 0, 0},

	/* -EINVAL is how a kernel says that it knows an ioctl. */
	{"ctx_*", "ioctl IOMMU_IOAS_ALLOC", -EINVAL, RULE_LIVES, 0, 0},
	{"ctx_has", "ioctl IOMMU_IOAS_COPY", -EINVAL, RULE_LIVES, 0, 0},

	/* The choice of a backend: what one interface lacks speaks for the other. */
	{"ctx_auto_nothing", "open /dev/*", -EACCES, RULE_FAILS, 0, REASON(NOT_PERMITTED)},
	{"ctx_auto_nothing", "open /dev/*", -EPERM, RULE_FAILS, 0, REASON(NOT_PERMITTED)},
	{"ctx_auto_nothing", "open /dev/*", -ENOMEM, RULE_FAILS, 0, REASON(MEMORY)},
	{"ctx_auto_nothing", "open /dev/*", -EMFILE, RULE_FAILS, 0, REASON(KERNEL)},
	{"ctx_auto_nothing", "open /dev/iommu", 0, RULE_LIVES, 0, REASON(NO_BACKEND)},
	{"ctx_auto_nothing", "open /dev/vfio/vfio", 0, RULE_FAILS, 0, REASON(NO_BACKEND)},
	{"ctx_auto*", "open /dev/iommu", -ENOMEM, RULE_FAILS, 0, REASON(MEMORY)},
	{"ctx_auto*", "open /dev/iommu", -EMFILE, RULE_FAILS, 0, REASON(KERNEL)},
	{"ctx_auto*", "open /dev/iommu", 0, RULE_LIVES_WITH_LESS, 0, 0},
	{"ctx_auto*", "ioctl IOMMU_IOAS_ALLOC", -ENOMEM, RULE_FAILS, 0, REASON(MEMORY)},
	{"ctx_auto*", "ioctl IOMMU_IOAS_ALLOC", 0, RULE_LIVES_WITH_LESS, 0, 0},
	{"ctx_auto_no_cdev", "open /dev/vfio/vfio", -ENOMEM, RULE_FAILS, 0, REASON(MEMORY)},
	{"ctx_auto_no_cdev", "open /dev/vfio/vfio", -EMFILE, RULE_FAILS, 0, REASON(KERNEL)},
	{"ctx_auto_no_cdev", "open /dev/vfio/vfio", -EACCES, RULE_FAILS, 0, REASON(NOT_PERMITTED)},
	{"ctx_auto_no_cdev", "open /dev/vfio/vfio", -EPERM, RULE_FAILS, 0, REASON(NOT_PERMITTED)},
	{"ctx_auto_no_cdev", "open /dev/vfio/vfio", 0, RULE_FAILS, 0, REASON(NO_BACKEND)},
	/* Only a device without the file shows that there are no character devices. */
	{"ctx_auto_no_cdev", "open /sys/class/vfio-dev/*", -ENOENT, RULE_LIVES, 0, 0},
	{"ctx_auto_no_cdev", "open /sys/class/vfio-dev/*", 0, RULE_LIVES_WITH_LESS, 0, 0},
	{"ctx_auto_no_cdev", "list /sys/class/vfio-dev", 0, RULE_LIVES_WITH_LESS, 0, 0},
	{"ctx_auto_one_device", "open /sys/class/vfio-dev/*", -ENOENT, RULE_LIVES_WITH_LESS, 0, 0},
	{"ctx_auto_one_device", "read *", -ENOENT, RULE_LIVES_WITH_LESS, 0, 0},
	{"ctx_auto*", "list /sys/class/vfio-dev", 0, RULE_LIVES, 0, 0},
	{"ctx_auto*", "open /sys/class/vfio-dev/*", 0, RULE_LIVES, 0, 0},
	{"ctx_auto*", "read *", 0, RULE_LIVES, 0, 0},

	/* Where no file tells of reserved regions there are none. */
	{"bind_old_kernel", "open *reserved_regions", -ENOENT, RULE_LIVES_WITH_LESS, 0, 0},
	{"bind_old_kernel", "read *", -ENOENT, RULE_LIVES_WITH_LESS, 0, 0},
	{"share_bind_old_kernel", "open *reserved_regions", -ENOENT, RULE_LIVES, 0, 0},
	{"share_bind_old_kernel", "open *reserved_regions", 0, RULE_FALLS_BACK, 0, 0},
	{"share_bind_old_kernel", "read *", -ENOENT, RULE_LIVES, 0, 0},
	{"share_bind_old_kernel", "read *", 0, RULE_FALLS_BACK, 0, 0},

	/* Whether the device that is not opened yet has a driver; its absence is looked at twice. */
	{"bind_in_none", "readlink /sys/devices/*/driver", -ENOENT, RULE_FAILS_HALFWAY, -ENODEV, REASON(DEVICE_GONE)},
	{"bind*", "readlink /sys/devices/*/driver", -ENOENT, RULE_FAILS, -ENODEV, REASON(DEVICE_GONE)},
	{"bind*", "readlink /sys/devices/*/driver", 0, RULE_LIVES, 0, 0},
	{"bind*", "readlink /sys/devices/*/iommu_group", 0, RULE_LIVES, 0, 0},

	/* Explanations: the call fails anyway, with a reason that says less. */
	{"bind_not_viable", "list *", 0, RULE_LIVES, 0, 0},
	{"bind_not_viable", "readlink *", 0, RULE_LIVES, 0, 0},
	{"bind_not_viable", "open /sys/module/*", 0, RULE_LIVES, 0, 0},
	{"bind_not_viable", "open /proc/interrupts", 0, RULE_LIVES, 0, 0},
	{"bind_not_viable", "read *", 0, RULE_LIVES, 0, 0},
	{"bind_unsafe", "list *", 0, RULE_LIVES, 0, 0},
	{"bind_unsafe", "readlink *", 0, RULE_LIVES, 0, 0},
	{"bind_unsafe", "open /sys/module/*", 0, RULE_LIVES, 0, REASON(GROUP_BUSY)},
	{"bind_unsafe", "open /proc/interrupts", 0, RULE_LIVES, 0, REASON(GROUP_BUSY)},
	{"bind_unsafe", "read *", 0, RULE_LIVES, 0, 0},
	{"bind_unsafe", "ioctl VFIO_GROUP_UNSET_CONTAINER", 0, RULE_LIVES, 0, REASON(UNSAFE_INTERRUPTS)},
	{"map_over_limit", "memlock*", 0, RULE_LIVES, 0, REASON(MEMORY)},
	{"map_over_limit", "open /proc/self/status", 0, RULE_LIVES, 0, 0},
	{"map_over_limit", "read *", 0, RULE_LIVES, 0, 0},
	{"open_host", "readlink */iommu_group", -ENOENT, RULE_LIVES, 0, REASON(NO_GROUP)},
	{"open_host", "readlink *", 0, RULE_LIVES, 0, REASON(NOT_VFIO_DRIVER)},

	/* Nodes: what is not there any more. */
	{"*", "open /dev/iommu", -ENOENT, RULE_FAILS, 0, REASON(NO_BACKEND)},
	{"*", "open /dev/iommu", -EACCES, RULE_FAILS, 0, REASON(NOT_PERMITTED)},
	{"*", "open /dev/vfio/vfio", -ENOENT, RULE_FAILS, 0, REASON(NO_BACKEND)},
	{"*", "open /dev/vfio/vfio", -ENXIO, RULE_FAILS, 0, REASON(NO_BACKEND)},
	{"*", "open /dev/vfio/vfio", -ENODEV, RULE_FAILS, 0, REASON(NO_BACKEND)},
	{"*", "open /dev/vfio/*", -ENXIO, RULE_FAILS, -ENODEV, REASON(DEVICE_GONE)},
	{"*", "open /dev/vfio/*", -ENODEV, RULE_FAILS, 0, REASON(DEVICE_GONE)},
	{"*", "open /dev/vfio/*", -EACCES, RULE_FAILS, 0, REASON(NOT_PERMITTED)},
	{"*", "open /dev/vfio/*", -ENOENT, RULE_FAILS, 0, REASON(NODE_MISSING)},
	{"*", "open /dev/vfio/*", -EBUSY, RULE_FAILS, 0, REASON(GROUP_BUSY)},
	{"*", "access *", -EACCES, RULE_FAILS, 0, REASON(NOT_PERMITTED)},
	{"*", "access *", -ENOENT, RULE_FAILS, 0, REASON(NODE_MISSING)},

	/* sysfs: what a device is. */
	{"*", "realpath /sys/bus/*", -ENOENT, RULE_FAILS, -ENODEV, REASON(NO_SUCH_DEVICE)},
	{"*", "realpath /sys/devices/*", -ENOENT, RULE_FAILS, -ENODEV, REASON(NO_SUCH_DEVICE)},
	{"facts", "readlink *", 0, RULE_LIVES_WITH_LESS, 0, 0},
	{"facts", "list *", 0, RULE_LIVES_WITH_LESS, 0, 0},
	{"facts", "open /sys/*/dev", 0, RULE_LIVES_WITH_LESS, 0, 0},
	{"facts", "read *", 0, RULE_LIVES_WITH_LESS, 0, 0},
	{"device_query_facts", "readlink *", 0, RULE_LIVES_WITH_LESS, 0, 0},
	{"device_query_facts", "list *", 0, RULE_LIVES_WITH_LESS, 0, 0},

	/* The node is known by its name, all else about the device then is not. */
	{"open_node", "realpath /sys/dev/char/*", 0, RULE_LIVES_WITH_LESS, 0, 0},
	{"open_node", "realpath /sys/class/*", 0, RULE_FAILS, -ENODEV, REASON(NO_SUCH_DEVICE)},
	/* The kernel's answer to bind does not need it. */
	{"open_node", "list */vfio-dev", 0, RULE_LIVES, 0, 0},
	{"open_host", "list */vfio-dev", -ENOENT, RULE_LIVES, 0, REASON(NOT_VFIO_DRIVER)},
	{"open_*", "list */vfio-dev", -ENOENT, RULE_FAILS_OR_LIVES, -ENODEV, 0},
	{"open_*", "list */vfio-dev", -ENOMEM, RULE_FAILS_OR_LIVES, 0, REASON(MEMORY)},
	{"open_*", "list */vfio-dev", 0, RULE_FAILS_OR_LIVES, 0, REASON(KERNEL)},
	/* The second time only to check the number of the node. */
	{"open_*", "open /sys/*/dev #2", 0, RULE_LIVES, 0, 0},
	{"open_*", "read *#2", 0, RULE_LIVES, 0, 0},
	{"open_*", "open /sys/*/dev", -ENOENT, RULE_FAILS_OR_LIVES, -EOPNOTSUPP, REASON(NO_CDEV)},
	{"open_*", "open /sys/*/dev", 0, RULE_LIVES, 0, 0},
	{"open_*", "read *", -ENOENT, RULE_FAILS_OR_LIVES, -EOPNOTSUPP, REASON(NO_CDEV)},
	{"open_*", "read *", 0, RULE_LIVES, 0, 0},
	/* Native: only where DMA of a detached device goes is unknown then. type1: no group, no bind. */
	{"open_*", "readlink */iommu_group", 0, RULE_LESS_OR_FAILS, -ENODEV, REASON(NO_GROUP)},

	{"ctx_passed", "ioctl VFIO_GET_API_VERSION", 0, RULE_FAILS, -ENOTTY, REASON(ARGUMENT)},
	{"ctx_passed", "ioctl VFIO_IOMMU_GET_INFO", -EINVAL, RULE_FAILS, 0, REASON(ARGUMENT)},
	{"ctx_passed", "ioctl VFIO_IOMMU_GET_INFO", -ENODEV, RULE_FAILS, -EINVAL, REASON(ARGUMENT)},
	{"passed_named", "realpath *", -ENOENT, RULE_FAILS, -ENODEV, REASON(NO_SUCH_DEVICE)},
	{"passed_named", "realpath *", 0, RULE_FAILS, 0, 0},
	{"passed_named", "*", 0, RULE_LIVES, 0, REASON(NOT_SUPPORTED)},
	{"passed_*", "dup*", -EBADF, RULE_FAILS, 0, REASON(ARGUMENT)},
	{"passed_open_group_fd", "ioctl VFIO_GROUP_GET_STATUS", -EINVAL, RULE_FAILS, 0, REASON(ARGUMENT)},

	/* A container that does not answer does not offer what is needed. */
	{"*", "ioctl VFIO_GET_API_VERSION", 0, RULE_FAILS, -EOPNOTSUPP, REASON(NO_BACKEND)},
	{"*", "ioctl VFIO_CHECK_EXTENSION", 0, RULE_FAILS, -EOPNOTSUPP, REASON(NO_BACKEND)},

	/* A container that does not know the question is what it looks like. */
	{"*", "ioctl IOMMU_OPTION of a container", 0, RULE_LIVES, 0, 0},

	/* The group is in another's container, and kept there; or it leaves, and what stays is asked anew. */
	{"bind_left_behind_elsewhere", "ioctl VFIO_GROUP_UNSET_CONTAINER", 0, RULE_FALLS_BACK, 0, 0},
	{"*left_behind_*", "ioctl VFIO_GROUP_UNSET_CONTAINER", 0, RULE_FAILS, -EBUSY, REASON(CONTAINER_SHARED)},
	{"*left_behind_*", "ioctl VFIO_IOMMU_GET_INFO", 0, RULE_LIVES, 0, 0},
	{"share_attach_left_behind*", "ioctl VFIO_IOMMU_GET_INFO #2", 0, RULE_FALLS_BACK, 0, 0},
	{"share_*_in_none", "ioctl VFIO_GROUP_GET_DEVICE_FD", 0, RULE_FAILS_HALFWAY, 0, 0},
	{"first_*_in_none", "ioctl VFIO_GROUP_GET_DEVICE_FD", 0, RULE_FAILS_HALFWAY, 0, 0},
	{"close_*", "ioctl VFIO_IOMMU_GET_INFO", 0, RULE_LIVES, 0, 0},

	/* A group that cannot join a container gets, or keeps, one of its own. */
	{"share_*", "ioctl VFIO_GROUP_UNSET_CONTAINER", 0, RULE_FALLS_BACK, 0, 0},
	{"share_*", "ioctl VFIO_GROUP_SET_CONTAINER", 0, RULE_FALLS_BACK, 0, 0},
	{"share_*", "ioctl VFIO_IOMMU_GET_INFO", 0, RULE_FALLS_BACK, 0, 0},

	/* What the first use of a device fails at behind the opening of its file. */
	{"first_*", "ioctl VFIO_DEVICE_GET_*", -ENODEV, RULE_FAILS_HALFWAY, 0, REASON(DEVICE_GONE)},
	{"first_config_*", "ioctl VFIO_DEVICE_GET_REGION_INFO", -EINVAL, RULE_FAILS_HALFWAY, -EOPNOTSUPP, REASON(NOT_SUPPORTED)},
	{"first_*", "ioctl VFIO_DEVICE_GET_*", 0, RULE_FAILS_HALFWAY, 0, 0},
	{"first_*", "pread*", 0, RULE_FAILS_HALFWAY, 0, 0},

	/* Close cannot fail: what it cannot undo ends with the last file. */
	{"close_*", "ioctl VFIO_IOMMU_UNMAP_DMA", 0, RULE_LIVES, 0, 0},
	{"close_*", "ioctl VFIO_GROUP_UNSET_CONTAINER", 0, RULE_LIVES, 0, 0},

	{"config_*", "ioctl VFIO_DEVICE_GET_REGION_INFO", -EINVAL, RULE_FAILS, -EOPNOTSUPP, REASON(NOT_SUPPORTED)},
	{"set_bus_master", "ioctl VFIO_DEVICE_GET_REGION_INFO", -EINVAL, RULE_FAILS, -EOPNOTSUPP, REASON(NOT_SUPPORTED)},

	/* An interrupt that the device does not know is asked for a second time. */
	{"query_irq_absent", "ioctl VFIO_DEVICE_GET_INFO", 0, RULE_LIVES, 0, REASON(ARGUMENT)},
	{"*", "ioctl VFIO_DEVICE_GET_IRQ_INFO", -EINVAL, RULE_LIVES, 0, 0},
	/* Why a trigger failed: asked afterwards, and not missed. */
	{"trigger_irqs_not_enabled", "ioctl VFIO_DEVICE_GET_*", 0, RULE_LIVES, 0, REASON(NOT_SUPPORTED)},
	/* So says the kernel of one that is not enabled. */
	{"disable_irqs_not_enabled", "ioctl VFIO_DEVICE_SET_IRQS", -EINVAL, RULE_LIVES, 0, 0},
	{"disable_irqs", "ioctl VFIO_DEVICE_SET_IRQS", -EINVAL, RULE_LIVES_WITH_LESS, 0, 0},
	{"*", "ioctl VFIO_DEVICE_SET_IRQS", -EINVAL, RULE_FAILS, 0, REASON(NOT_SUPPORTED)},
	{"*", "ioctl VFIO_DEVICE_SET_IRQS", -ENOTTY, RULE_FAILS, 0, REASON(NOT_SUPPORTED)},
	{"*", "ioctl VFIO_DEVICE_SET_IRQS", -EBADF, RULE_FAILS, 0, REASON(ARGUMENT)},
	{"*", "ioctl VFIO_DEVICE_SET_IRQS", -EBUSY, RULE_FAILS, 0, REASON(IN_USE)},
	{"set_irqs_*", "ioctl VFIO_DEVICE_SET_IRQS", -ENOSPC, RULE_FAILS, 0, REASON(VECTOR_LIMIT)},

	/* Resets. */
	{"reset*", "ioctl VFIO_DEVICE_RESET", -ENOTTY, RULE_FAILS, -EINVAL, REASON(NOT_SUPPORTED)},
	{"reset*", "ioctl VFIO_DEVICE_RESET", -EINVAL, RULE_FAILS, 0, REASON(NOT_SUPPORTED)},
	{"*", "ioctl VFIO_DEVICE_GET_PCI_HOT_RESET_INFO*", -EINVAL, RULE_FAILS, 0, REASON(NOT_SUPPORTED)},
	{"*", "ioctl VFIO_DEVICE_GET_PCI_HOT_RESET_INFO*", -ENOTTY, RULE_FAILS, 0, REASON(NOT_SUPPORTED)},
	{"*", "ioctl VFIO_DEVICE_GET_PCI_HOT_RESET_INFO*", -ENODEV, RULE_FAILS, 0, REASON(NOT_SUPPORTED)},
	{"hot_reset_no_driver", "ioctl VFIO_DEVICE_PCI_HOT_RESET", -EINVAL, RULE_FAILS, 0, REASON(NOT_OWNED)},

	/* Features and eventfds that write. */
	{"*", "ioctl VFIO_DEVICE_FEATURE", -ENOTTY, RULE_FAILS, 0, REASON(NOT_SUPPORTED)},
	{"*", "ioctl VFIO_DEVICE_IOEVENTFD", -ENOTTY, RULE_FAILS, 0, REASON(NOT_SUPPORTED)},
	{"end_ioeventfd", "ioctl VFIO_DEVICE_IOEVENTFD", -ENODEV, RULE_FAILS, 0, REASON(ARGUMENT)},

	/* What was passed. */
	{"open_fd_*", "dup*", -ENOMEM, RULE_FAILS, 0, REASON(MEMORY)},

	/* A pick with nothing attached: the address space is narrow already if the list does not fit. */
	{"allow_iovas", "ioctl IOMMU_IOAS_ALLOW_IOVAS", -EADDRINUSE, RULE_FAILS, 0, REASON(IOVA_CONFLICT)},
	{"*", "ioctl IOMMU_IOAS_ALLOW_IOVAS", -EADDRINUSE, RULE_LIVES, 0, 0},
	{"map_file", "ioctl IOMMU_IOAS_ALLOW_IOVAS #2", -EADDRINUSE, RULE_LIVES, 0, 0},
	/* The first attempt was for nothing; what it left is cleared by the second. */
	{"map_file", "ioctl IOMMU_IOAS_ALLOW_IOVAS none", 0, RULE_LIVES, 0, 0},
	{"*", "ioctl IOMMU_IOAS_ALLOW_IOVAS none*", 0, RULE_FAILS_LEAVES_LIST, 0, 0},

	/* Not a file that can be sealed: mapped by the library itself. */
	{"map_file*", "seals*", -EBADF, RULE_FAILS, 0, REASON(ARGUMENT)},
	{"map_file*_kernel", "seals*", 0, RULE_LIVES_WITH_LESS, 0, 0},
	{"map_file*", "seals*", 0, RULE_LIVES, 0, 0},

	{"*", "ioctl VFIO_DEVICE_BIND_IOMMUFD", -EINVAL, RULE_FAILS, 0, REASON(ALREADY_BOUND)},
	{"*", "ioctl VFIO_DEVICE_ATTACH_IOMMUFD_PT", -EADDRINUSE, RULE_FAILS, 0, REASON(IOVA_CONFLICT)},
	{"*", "ioctl VFIO_DEVICE_ATTACH_IOMMUFD_PT", -EFAULT, RULE_FAILS, 0, REASON(BAD_MEMORY)},
	{"map_at", "ioctl IOMMU_IOAS_MAP", -EINVAL, RULE_FAILS, 0, REASON(IOVA_RANGE)},
	{"map_at_*", "ioctl IOMMU_IOAS_MAP", -EINVAL, RULE_FAILS, 0, REASON(IOVA_RANGE)},
	{"*", "ioctl IOMMU_IOAS_MAP*", -EFAULT, RULE_FAILS, 0, REASON(BAD_MEMORY)},
	{"*", "ioctl VFIO_IOMMU_MAP_DMA*", -EFAULT, RULE_FAILS, 0, REASON(BAD_MEMORY)},
	{"*", "ioctl VFIO_IOMMU_MAP_DMA*", -ENOSPC, RULE_FAILS, 0, REASON(ENTRY_LIMIT)},
	{"ioas_destroy*", "ioctl IOMMU_DESTROY", -EBUSY, RULE_FAILS, 0, REASON(IN_USE)},
	{"*", "ioctl VFIO_DEVICE_*", -ENODEV, RULE_FAILS, 0, REASON(DEVICE_GONE)},

	{"*", "*", 0, RULE_FAILS, 0, 0},
};
/* clang-format on */
