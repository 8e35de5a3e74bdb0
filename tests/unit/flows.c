/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the common beginnings and ends of tests. */
#include "flows.h"

#include <sys/wait.h>

void *owner_page(void)
{
	static _Alignas(65536) char page[65536];
	return page;
}

void expect_owner(struct script *k)
{
	size_t size = page_size();

	expect_getpid(k, 1234);
	expect_mmap(k, NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0,
		    owner_page(), 0);
	expect_madvise(k, owner_page(), size, MADV_WIPEONFORK, 0);
}

void expect_probe(struct script *k, int fd, unsigned long request, int result)
{
	uint32_t size = 4;

	expect_ioctl_bytes(k, fd, request, &size, sizeof(size), result);
}

void expect_attribute(struct script *k, const char *path, const char *content)
{
	expect_open(k, path, O_RDONLY, content ? SYSFS_FD : -ENOENT);
	if (!content)
		return;
	expect_read(k, SYSFS_FD, content, 0);
	expect_close(k, SYSFS_FD, 0);
}

void expect_place(struct script *k)
{
	expect_realpath(k, "/sys/bus/pci/devices/" NIC, NIC_SYSFS, 0);
	expect_readlink(k, NIC_SYSFS "/iommu_group", "../../../../kernel/iommu_groups/11", 0);
	expect_list(k, 0, NIC_SYSFS "/vfio-dev", "vfio3", NULL);
	expect_attribute(k, NIC_SYSFS "/vfio-dev/vfio3/dev", "511:3\n");
}

void expect_container(struct script *k)
{
	expect_open(k, "/dev/vfio/vfio", O_RDWR, CONTAINER_FD);
	expect_ioctl_number(k, CONTAINER_FD, VFIO_GET_API_VERSION, 0, 0);
	expect_ioctl_number(k, CONTAINER_FD, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU, 1);
}

void expect_a_driver(struct script *k)
{
	expect_readlink(k, NIC_SYSFS "/driver", "../../../../bus/pci/drivers/vfio-pci", 0);
	expect_readlink(k, NIC_SYSFS "/iommu_group", "../../../../kernel/iommu_groups/11", 0);
}

void expect_not_iommufd(struct script *k)
{
	expect_ioctl(k, CONTAINER_FD, IOMMU_OPTION, -EINVAL, struct iommu_option, .size = 24,
		     .option_id = IOMMU_OPTION_RLIMIT_MODE, .op = IOMMU_OPTION_OP_GET);
}

void expect_type1_info(struct script *k, int fd, const struct libiommufd_range *ranges,
		       uint32_t count)
{
	struct {
		struct vfio_iommu_type1_info info;
		struct vfio_info_cap_header header;
		uint32_t nr_iovas, reserved;
		struct libiommufd_range ranges[16];
	} out = {
		.info = {.argsz = offsetof(typeof(out), ranges) + count * 16,
			 .flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS,
			 .iova_pgsizes = 0x40201000,
			 .cap_offset = sizeof(out.info)},
		.header = {VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, 1, 0},
		.nr_iovas = count,
	};
	uint32_t in[512 / sizeof(uint32_t)] = {512};

	assert_true(count <= 16);
	memcpy(out.ranges, ranges, count * sizeof(*ranges));
	expect_ioctl_bytes(k, fd, VFIO_IOMMU_GET_INFO, in, sizeof(in), 0);
	answer_bytes(k, &out, sizeof(out));
}

/* Neither the kernel nor sysfs knows of addresses. */
static void expect_software_info(struct script *k)
{
	uint32_t in[512 / sizeof(uint32_t)] = {512};
	struct vfio_iommu_type1_info out = {.argsz = 16,
					    .flags = VFIO_IOMMU_INFO_PGSIZES,
					    .iova_pgsizes = 0x1000};

	expect_ioctl_bytes(k, CONTAINER_FD, VFIO_IOMMU_GET_INFO, in, sizeof(in), 0);
	answer_bytes(k, &out, 16);
	expect_open(k, "/sys/kernel/iommu_groups/11/reserved_regions", O_RDONLY, SYSFS_FD);
	expect_read(k, SYSFS_FD, "", 0);
	expect_close(k, SYSFS_FD, 0);
}

void expect_claim(struct script *k)
{
	static const struct libiommufd_range ranges[] = {
		{0, 0xfedfffff},
		{0xfef00000, 0x7fffffffff},
	};

	expect_claim_with(k, ranges, 2);
}

void expect_claim_with(struct script *k, const struct libiommufd_range *ranges, uint32_t count)
{
	expect_open(k, "/dev/vfio/11", O_RDWR, GROUP_FD);
	expect_ioctl(k, GROUP_FD, VFIO_GROUP_GET_STATUS, 0, struct vfio_group_status, 8, 0);
	answer(k, struct vfio_group_status, 8, VFIO_GROUP_FLAGS_VIABLE);
	expect_container(k);
	expect_not_iommufd(k);
	expect_ioctl(k, GROUP_FD, VFIO_GROUP_SET_CONTAINER, 0, int, CONTAINER_FD);
	expect_ioctl_number(k, CONTAINER_FD, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU, 0);
	if (ranges)
		expect_type1_info(k, CONTAINER_FD, ranges, count);
	else
		expect_software_info(k);
}

/* ---- Contexts ---- */

struct libiommufd_ctx *open_native_with(struct script *k, const struct libiommufd_ctx_opts *opts)
{
	struct libiommufd_ctx *ctx = NULL;

	expect_open(k, "/dev/iommu", O_RDWR, IOMMU_FD);
	expect_probe(k, IOMMU_FD, IOMMU_IOAS_ALLOC, -EINVAL);
	expect_owner(k);
	assert_ok(ctx_open(script_sys(k), opts, &ctx));
	assert_all_happened(k);
	return ctx;
}

struct libiommufd_ctx *open_native(struct script *k)
{
	return open_native_with(k, &(struct libiommufd_ctx_opts){
					   .size = sizeof(struct libiommufd_ctx_opts),
					   .backend = LIBIOMMUFD_BACKEND_NATIVE,
				   });
}

struct libiommufd_ctx *open_type1(struct script *k)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
					   .backend = LIBIOMMUFD_BACKEND_TYPE1};
	struct libiommufd_ctx *ctx = NULL;

	expect_container(k);
	expect_close(k, CONTAINER_FD, 0);
	expect_owner(k);
	assert_ok(ctx_open(script_sys(k), &opts, &ctx));
	assert_all_happened(k);
	return ctx;
}

void close_ctx(struct script *k, struct libiommufd_ctx *ctx)
{
	if (libiommufd_ctx_get_backend(ctx) == LIBIOMMUFD_BACKEND_NATIVE)
		expect_close(k, IOMMU_FD, 0);
	expect_munmap(k, owner_page(), page_size(), 0);
	assert_null(libiommufd_ctx_unref(ctx));
	assert_all_happened(k);
}

/* ---- Address spaces ---- */

struct libiommufd_ioas *create_ioas(struct script *k, struct libiommufd_ctx *ctx, uint32_t id)
{
	struct libiommufd_ioas *ioas = NULL;

	if (libiommufd_ctx_get_backend(ctx) == LIBIOMMUFD_BACKEND_NATIVE) {
		expect_ioctl(k, IOMMU_FD, IOMMU_IOAS_ALLOC, 0, struct iommu_ioas_alloc, .size = 12);
		answer(k, struct iommu_ioas_alloc, .size = 12, .out_ioas_id = id);
	}
	assert_ok(libiommufd_ioas_create(ctx, NULL, &ioas));
	assert_all_happened(k);
	return ioas;
}

void destroy_ioas(struct script *k, struct libiommufd_ioas *ioas)
{
	uint32_t id = libiommufd_ioas_get_id(ioas);

	if (id)
		expect_ioctl(k, IOMMU_FD, IOMMU_DESTROY, 0, struct iommu_destroy, 8, id);
	assert_ok(libiommufd_ioas_destroy(ioas));
	assert_all_happened(k);
}

/* ---- Devices, native ---- */

struct libiommufd_device *open_device(struct script *k, struct libiommufd_ctx *ctx)
{
	struct libiommufd_device *dev = NULL;

	expect_place(k);
	expect_open(k, NIC_NODE, O_RDWR, DEV_FD);
	expect_rdev(k, DEV_FD, NIC_DEVT, 0);
	expect_attribute(k, NIC_SYSFS "/vfio-dev/vfio3/dev", "511:3\n");
	assert_ok(libiommufd_device_open(ctx, NIC, NULL, &dev));
	assert_all_happened(k);
	return dev;
}

struct libiommufd_device *bind_device(struct script *k, struct libiommufd_ctx *ctx)
{
	struct libiommufd_device *dev = open_device(k, ctx);
	uint32_t bind[4] = {16, 0, IOMMU_FD, 0}, bound[4] = {16, 0, IOMMU_FD, DEV_ID};

	expect_ioctl_bytes(k, DEV_FD, VFIO_DEVICE_BIND_IOMMUFD, bind, sizeof(bind), 0);
	answer_bytes(k, bound, sizeof(bound));
	assert_ok(libiommufd_device_bind(dev, NULL));
	assert_all_happened(k);
	return dev;
}

void attach_device(struct script *k, struct libiommufd_device *dev, struct libiommufd_ioas *ioas)
{
	uint32_t attach[3] = {12, 0, libiommufd_ioas_get_id(ioas)};

	expect_ioctl_bytes(k, DEV_FD, VFIO_DEVICE_ATTACH_IOMMUFD_PT, attach, sizeof(attach), 0);
	assert_ok(libiommufd_device_attach(dev, ioas));
	assert_all_happened(k);
}

void close_device(struct script *k, struct libiommufd_device *dev)
{
	expect_close(k, DEV_FD, 0);
	assert_ok(libiommufd_device_close(dev, 0));
	assert_all_happened(k);
}

/* ---- Devices, type1 ---- */

struct libiommufd_device *open_device_type1(struct script *k, struct libiommufd_ctx *ctx)
{
	struct libiommufd_device *dev = NULL;

	expect_place(k);
	expect_access(k, "/dev/vfio/11", 0);
	assert_ok(libiommufd_device_open(ctx, NIC, NULL, &dev));
	assert_all_happened(k);
	return dev;
}

void use_device_type1(struct script *k, struct libiommufd_device *dev, const char *name, int fd)
{
	int file = -1;

	expect_ioctl_string(k, GROUP_FD, VFIO_GROUP_GET_DEVICE_FD, name, fd);
	assert_ok(libiommufd_device_query_fd(dev, &file));
	assert_int_equal(file, fd);
	assert_all_happened(k);
}

struct libiommufd_device *bind_device_type1(struct script *k, struct libiommufd_ctx *ctx)
{
	struct libiommufd_device *dev = open_device_type1(k, ctx);

	expect_claim(k);
	expect_a_driver(k);
	assert_ok(libiommufd_device_bind(dev, NULL));
	assert_all_happened(k);
	use_device_type1(k, dev, NIC, DEV_FD);
	return dev;
}

void close_device_type1(struct script *k, struct libiommufd_device *dev)
{
	expect_close(k, DEV_FD, 0);
	expect_ioctl_number(k, GROUP_FD, VFIO_GROUP_UNSET_CONTAINER, 0, 0);
	expect_close(k, CONTAINER_FD, 0);
	expect_close(k, GROUP_FD, 0);
	assert_ok(libiommufd_device_close(dev, 0));
	assert_all_happened(k);
}

/* ---- Children ---- */

int in_child(struct script *k, bool (*what)(void *data), void *data)
{
	int status;

	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		bool good = what(data) && script_followed(k);
		fflush(NULL);
		_exit(good ? 0 : 1);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
