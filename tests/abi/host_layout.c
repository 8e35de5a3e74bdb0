/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What layout.c is for the core: the numbers of libiommufd-host.h that programs were compiled with. */
#include <libiommufd-host.h>

#define VALUE(name, value) _Static_assert(name == (value), #name)
#define FIELD(type, field, offset, size)                                       \
	_Static_assert(offsetof(struct type, field) == (offset) &&             \
			       sizeof(((struct type *)NULL)->field) == (size), \
		       #type "." #field)
#define SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type)

/* clang-format off */

VALUE(LIBIOMMUFD_HOST_DEVICES_ON_VFIO, 1);
VALUE(LIBIOMMUFD_HOST_DEVICES_ALL, 2);

VALUE(LIBIOMMUFD_HOST_DMA_UNKNOWN, 0);
VALUE(LIBIOMMUFD_HOST_DMA_BLOCKED, 1);
VALUE(LIBIOMMUFD_HOST_DMA_KERNEL, 2);
VALUE(LIBIOMMUFD_HOST_DMA_USER, 3);

VALUE(LIBIOMMUFD_HOST_REASON_MODULE_ABSENT, 1000);
VALUE(LIBIOMMUFD_HOST_REASON_MODULE_BLACKLISTED, 1001);
VALUE(LIBIOMMUFD_HOST_REASON_MODULE_REFUSED, 1002);
VALUE(LIBIOMMUFD_HOST_REASON_DRIVER_REFUSED, 1003);
VALUE(LIBIOMMUFD_HOST_REASON_NOT_CLAIMED, 1004);
VALUE(LIBIOMMUFD_HOST_REASON_TIMEOUT, 1005);
VALUE(LIBIOMMUFD_HOST_REASON_RECORD, 1006);

VALUE(LIBIOMMUFD_HOST_CLAIM_GROUP, 1);
VALUE(LIBIOMMUFD_HOST_CLAIM_PERMIT, 2);
VALUE(LIBIOMMUFD_HOST_RELEASE_GROUP, 1);

VALUE(LIBIOMMUFD_HOST_MODULE_ABSENT, 1);
VALUE(LIBIOMMUFD_HOST_MODULE_BUILT_IN, 2);
VALUE(LIBIOMMUFD_HOST_MODULE_LOADED, 3);
VALUE(LIBIOMMUFD_HOST_MODULE_NOT_LOADED, 4);
VALUE(LIBIOMMUFD_HOST_MODULE_BLACKLISTED, 5);

VALUE(LIBIOMMUFD_HOST_IOMMU_ABSENT, 1);
VALUE(LIBIOMMUFD_HOST_IOMMU_OFF, 2);
VALUE(LIBIOMMUFD_HOST_NOT_BEHIND_IOMMU, 3);
VALUE(LIBIOMMUFD_HOST_NO_IOMMUFD, 4);
VALUE(LIBIOMMUFD_HOST_NO_CDEV, 5);
VALUE(LIBIOMMUFD_HOST_NO_MODULE, 6);
VALUE(LIBIOMMUFD_HOST_MODULE_UNLOADED, 7);
VALUE(LIBIOMMUFD_HOST_MODULE_FORBIDDEN, 8);
VALUE(LIBIOMMUFD_HOST_NODE_MISSING, 9);
VALUE(LIBIOMMUFD_HOST_NODE_STALE, 10);
VALUE(LIBIOMMUFD_HOST_NODE_NOT_PERMITTED, 11);
VALUE(LIBIOMMUFD_HOST_NOT_VFIO_DRIVER, 12);
VALUE(LIBIOMMUFD_HOST_IS_BRIDGE, 13);
VALUE(LIBIOMMUFD_HOST_GROUP_MEMBER, 14);
VALUE(LIBIOMMUFD_HOST_UNSAFE_INTERRUPTS, 15);
VALUE(LIBIOMMUFD_HOST_GROUP_BUSY, 16);
VALUE(LIBIOMMUFD_HOST_MEMORY_LIMIT, 17);
VALUE(LIBIOMMUFD_HOST_IOVA_RANGE, 18);
VALUE(LIBIOMMUFD_HOST_BAR_MEMORY, 19);
VALUE(LIBIOMMUFD_HOST_REACHES_ALL_MEMORY, 20);

VALUE(LIBIOMMUFD_HOST_ERROR, 1);
VALUE(LIBIOMMUFD_HOST_WARNING, 2);

VALUE(LIBIOMMUFD_HOST_TO_OPEN, 1);
VALUE(LIBIOMMUFD_HOST_TO_BIND, 2);
VALUE(LIBIOMMUFD_HOST_TO_MAP, 3);

VALUE(LIBIOMMUFD_HOST_AT_IOVA, 1);

VALUE(LIBIOMMUFD_HOST_ARRIVED, 1);
VALUE(LIBIOMMUFD_HOST_LEFT, 2);
VALUE(LIBIOMMUFD_HOST_DRIVER_CHANGED, 3);

/* Pointers are the only part that depends on the machine. */
#define P sizeof(void *)

FIELD(libiommufd_host_opts, size, 0, 4);
FIELD(libiommufd_host_opts, flags, 4, 4);
FIELD(libiommufd_host_opts, log_level, 8, 4);
FIELD(libiommufd_host_opts, reserved, 12, 4);
FIELD(libiommufd_host_opts, log, 16, P);
FIELD(libiommufd_host_opts, log_data, 16 + P, P);
FIELD(libiommufd_host_opts, record_dir, 16 + 2 * P, P);
SIZE(libiommufd_host_opts, 16 + 3 * P);

FIELD(libiommufd_host_claim_opts, size, 0, 4);
FIELD(libiommufd_host_claim_opts, flags, 4, 4);
FIELD(libiommufd_host_claim_opts, backend, 8, 4);
FIELD(libiommufd_host_claim_opts, timeout_ms, 12, 4);
FIELD(libiommufd_host_claim_opts, driver, 16, P);
FIELD(libiommufd_host_claim_opts, uid, 16 + P, 4);
FIELD(libiommufd_host_claim_opts, reserved, 20 + P, 4);
SIZE(libiommufd_host_claim_opts, 24 + P);

FIELD(libiommufd_host_release_opts, size, 0, 4);
FIELD(libiommufd_host_release_opts, flags, 4, 4);
SIZE(libiommufd_host_release_opts, 8);

FIELD(libiommufd_host_devices_opts, size, 0, 4);
FIELD(libiommufd_host_devices_opts, flags, 4, 4);
SIZE(libiommufd_host_devices_opts, 8);

FIELD(libiommufd_host_purpose, size, 0, 4);
FIELD(libiommufd_host_purpose, flags, 4, 4);
FIELD(libiommufd_host_purpose, purpose, 8, 4);
FIELD(libiommufd_host_purpose, backend, 12, 4);
FIELD(libiommufd_host_purpose, length, 16, 8);
FIELD(libiommufd_host_purpose, iova, 24, 8);
FIELD(libiommufd_host_purpose, va, 32, P);
FIELD(libiommufd_host_purpose, ranges, 32 + P, P);
FIELD(libiommufd_host_purpose, range_count, 32 + 2 * P, 4);
FIELD(libiommufd_host_purpose, reserved, 36 + 2 * P, 4);
SIZE(libiommufd_host_purpose, 40 + 2 * P);

/* clang-format on */

int main(void)
{
	return libiommufd_host_last_error()->error;
}
