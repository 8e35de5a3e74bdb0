/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the second device of tests with two groups, and the beginning and end of those tests. */
#include "disk.h"

const struct libiommufd_range whole[1] = {{0, 0x7fffffffff}};

struct libiommufd_ctx *ctx;
struct libiommufd_ioas *ioas;
struct libiommufd_device *nic, *disk;
char noted[256];

/* ---- Scripts ---- */

void expect_disk_place(struct script *k)
{
	expect_realpath(k, "/sys/bus/pci/devices/" DISK, DISK_SYSFS, 0);
	expect_readlink(k, DISK_SYSFS "/iommu_group", "../../../../kernel/iommu_groups/12", 0);
	expect_list(k, 0, DISK_SYSFS "/vfio-dev", "vfio5", NULL);
	expect_attribute(k, DISK_SYSFS "/vfio-dev/vfio5/dev", "511:5\n");
	expect_access(k, "/dev/vfio/12", 0);
}

void expect_disk_group(struct script *k)
{
	expect_open(k, "/dev/vfio/12", O_RDWR, DISK_GROUP_FD);
	expect_ioctl(k, DISK_GROUP_FD, VFIO_GROUP_GET_STATUS, 0, struct vfio_group_status, 8, 0);
	answer(k, struct vfio_group_status, 8, VFIO_GROUP_FLAGS_VIABLE);
}

void expect_container_as(struct script *k, int fd)
{
	expect_open(k, "/dev/vfio/vfio", O_RDWR, fd);
	expect_ioctl_number(k, fd, VFIO_GET_API_VERSION, 0, 0);
	expect_ioctl_number(k, fd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU, 1);
	expect_ioctl(k, fd, IOMMU_OPTION, -EINVAL, struct iommu_option, .size = 24,
		     .option_id = IOMMU_OPTION_RLIMIT_MODE, .op = IOMMU_OPTION_OP_GET);
}

void expect_set(struct script *k, int container, int result)
{
	expect_ioctl(k, DISK_GROUP_FD, VFIO_GROUP_SET_CONTAINER, result, int, container);
}

void expect_unset(struct script *k, int result)
{
	expect_ioctl_number(k, DISK_GROUP_FD, VFIO_GROUP_UNSET_CONTAINER, 0, result);
}

void expect_own(struct script *k, int container)
{
	expect_set(k, container, 0);
	expect_ioctl_number(k, container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU, 0);
	expect_type1_info(k, container, whole, 1);
}

void expect_disk(struct script *k, int result)
{
	expect_ioctl_string(k, DISK_GROUP_FD, VFIO_GROUP_GET_DEVICE_FD, DISK, result);
}

void expect_map(struct script *k, int container, uint64_t iova, uint64_t size, int result)
{
	expect_ioctl(k, container, VFIO_IOMMU_MAP_DMA, result, struct vfio_iommu_type1_dma_map, 32,
		     3, 0x7f0000123000, iova, size);
}

void expect_unmap(struct script *k, int container, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_unmap cmd = {.argsz = 24, .iova = iova, .size = size};

	expect_ioctl_bytes(k, container, VFIO_IOMMU_UNMAP_DMA, &cmd, 24, 0);
}

/* ---- The beginning and the end of each test ---- */

static void note(void *data, uint32_t level, const char *text)
{
	(void)data;
	if (level == LIBIOMMUFD_LOG_INFO)
		snprintf(noted, sizeof(noted), "%s", text);
}

int disk_setup(void **state)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
					   .backend = LIBIOMMUFD_BACKEND_TYPE1,
					   .log_level = LIBIOMMUFD_LOG_INFO,
					   .log = note};
	if (script_setup(state))
		return -1;
	expect_container(*state);
	expect_close(*state, CONTAINER_FD, 0);
	expect_owner(*state);
	assert_ok(ctx_open(script_sys(*state), &opts, &ctx));
	ioas = create_ioas(*state, ctx, 0);
	nic = open_device_type1(*state, ctx);
	expect_claim_with(*state, whole, 1);
	expect_a_driver(*state);
	assert_ok(libiommufd_device_bind(nic, NULL));
	use_device_type1(*state, nic, NIC, DEV_FD);
	assert_ok(libiommufd_device_attach(nic, ioas));
	expect_map(*state, CONTAINER_FD, 0x10000, 0x1000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, (void *)0x7f0000123000, 0x1000, RW, 0x10000));
	expect_disk_place(*state);
	assert_ok(libiommufd_device_open(ctx, DISK, NULL, &disk));
	assert_all_happened(*state);
	noted[0] = '\0';
	return 0;
}

int disk_teardown(void **state)
{
	if (libiommufd_device_get_state(nic) == LIBIOMMUFD_DEVICE_ATTACHED)
		expect_unmap(*state, CONTAINER_FD, 0x10000, 0x1000);
	close_device_type1(*state, nic);
	destroy_ioas(*state, ioas);
	close_ctx(*state, ctx);
	return script_teardown(state);
}

int bind_disk(struct libiommufd_ioas *into, uint32_t flags)
{
	struct libiommufd_bind_opts opts = {.size = sizeof(opts), .flags = flags, .ioas = into};

	return libiommufd_device_bind(disk, &opts);
}

void park_disk(struct script *k)
{
	expect_disk_group(k);
	expect_container_as(k, DISK_CONTAINER_FD);
	expect_own(k, DISK_CONTAINER_FD);
	expect_readlink(k, DISK_SYSFS "/driver", "../../../../bus/pci/drivers/vfio-pci", 0);
	expect_readlink(k, DISK_SYSFS "/iommu_group", "../../../../kernel/iommu_groups/12", 0);
	assert_ok(bind_disk(NULL, 0));
	assert_all_happened(k);
}

void join_disk(struct script *k)
{
	expect_unset(k, 0);
	expect_set(k, CONTAINER_FD, 0);
	expect_type1_info(k, CONTAINER_FD, whole, 1);
	expect_close(k, DISK_CONTAINER_FD, 0);
	expect_disk(k, DISK_FD);
	assert_ok(libiommufd_device_attach(disk, ioas));
	assert_all_happened(k);
}

void close_disk(struct script *k, int container, bool open, bool mapped)
{
	if (mapped)
		expect_unmap(k, container, 0x10000, 0x1000);
	if (open)
		expect_close(k, DISK_FD, 0);
	expect_unset(k, 0);
	expect_close(k, container, 0);
	expect_close(k, DISK_GROUP_FD, 0);
	assert_ok(libiommufd_device_close(disk, 0));
	assert_all_happened(k);
}

void close_sharing_disk(struct script *k)
{
	expect_close(k, DISK_FD, 0);
	expect_unset(k, 0);
	expect_type1_info(k, CONTAINER_FD, whole, 1);
	expect_close(k, DISK_GROUP_FD, 0);
	assert_ok(libiommufd_device_close(disk, 0));
	assert_all_happened(k);
}

bool is_private(const struct libiommufd_device *dev)
{
	bool private;

	assert_ok(libiommufd_device_query_private((struct libiommufd_device *)(uintptr_t)dev,
						  &private));
	return private;
}
