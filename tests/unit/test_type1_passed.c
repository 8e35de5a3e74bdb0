/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Contexts, devices and groups made from another process's container: the exact calls, and no other. */
#include "flows.h"

#define RW (LIBIOMMUFD_READ | LIBIOMMUFD_WRITE)

/* What the caller has, of which the library makes its own copies. */
enum {
	PASSED_CONTAINER = 50,
	PASSED_GROUP = 51,
	PASSED_DEVICE = 52,
};

static const struct libiommufd_range whole[] = {{0, 0x7fffffffff}};

static struct libiommufd_ctx *ctx;
static struct libiommufd_ioas *ioas;

static int open_ctx(struct script *k, struct libiommufd_ctx **ret_ctx)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
					   .backend = LIBIOMMUFD_BACKEND_TYPE1};

	return ctx_open_fd(script_sys(k), PASSED_CONTAINER, &opts, ret_ctx);
}

static void expect_version(struct script *k, int result)
{
	expect_dup(k, PASSED_CONTAINER, CONTAINER_FD);
	expect_ioctl_number(k, CONTAINER_FD, VFIO_GET_API_VERSION, 0, result);
}

static int setup(void **state)
{
	if (script_setup(state))
		return -1;
	expect_version(*state, 0);
	expect_type1_info(*state, CONTAINER_FD, whole, 1);
	expect_owner(*state);
	assert_ok(open_ctx(*state, &ctx));
	assert_ok(libiommufd_ioas_open_id(ctx, 0, &ioas));
	assert_all_happened(*state);
	return 0;
}

static void end_ctx(struct script *k)
{
	expect_close(k, CONTAINER_FD, 0);
	expect_munmap(k, owner_page(), page_size(), 0);
	assert_null(libiommufd_ctx_unref(ctx));
	assert_all_happened(k);
}

static int teardown(void **state)
{
	assert_ok(libiommufd_ioas_destroy(ioas));
	end_ctx(*state);
	return script_teardown(state);
}

#define passed(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void *const va = (void *)0x7f0000123000;

static void expect_map(struct script *k, uint64_t iova, uint64_t size, int result)
{
	expect_ioctl(k, CONTAINER_FD, VFIO_IOMMU_MAP_DMA, result, struct vfio_iommu_type1_dma_map,
		     32, 3, 0x7f0000123000, iova, size);
}

static void expect_unmap(struct script *k, uint64_t iova, uint64_t size, int result)
{
	struct vfio_iommu_type1_dma_unmap cmd = {.argsz = 24, .iova = iova, .size = size};

	expect_ioctl_bytes(k, CONTAINER_FD, VFIO_IOMMU_UNMAP_DMA, &cmd, 24, result);
}

/* ---- The context and its address space ---- */

static void what_is_no_container_or_has_no_iommu_is_refused(void **state)
{
	uint32_t in[512 / sizeof(uint32_t)] = {512};
	struct libiommufd_ctx *c = (void *)1;

	expect_version(*state, -ENOTTY);
	expect_close(*state, CONTAINER_FD, 0);
	assert_fails(open_ctx(*state, &c), -ENOTTY, LIBIOMMUFD_REASON_ARGUMENT);
	expect_version(*state, 0);
	expect_ioctl_bytes(*state, CONTAINER_FD, VFIO_IOMMU_GET_INFO, in, sizeof(in), -EINVAL);
	expect_close(*state, CONTAINER_FD, 0);
	assert_fails(open_ctx(*state, &c), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	expect_dup(*state, PASSED_CONTAINER, -EBADF);
	assert_fails(open_ctx(*state, &c), -EBADF, LIBIOMMUFD_REASON_ARGUMENT);
	assert_ptr_equal(c, (void *)1);
}

/* Before 5.4 it does not tell its addresses, and whose groups are in it is not known. */
static void an_old_container_is_described_without_reading_files(void **state)
{
	uint32_t in[512 / sizeof(uint32_t)] = {512};
	struct vfio_iommu_type1_info out = {.argsz = 16,
					    .flags = VFIO_IOMMU_INFO_PGSIZES,
					    .iova_pgsizes = 0x40201000};

	expect_version(*state, 0);
	expect_ioctl_bytes(*state, CONTAINER_FD, VFIO_IOMMU_GET_INFO, in, sizeof(in), 0);
	answer_bytes(*state, &out, 16);
	expect_owner(*state);
	assert_ok(open_ctx(*state, &ctx));
	end_ctx(*state);
}

static void there_is_one_address_space_with_the_id_0(void **state)
{
	struct libiommufd_ioas *other = (void *)1;

	(void)state;
	assert_fails(libiommufd_ioas_open_id(ctx, 1, &other), -ENOENT, LIBIOMMUFD_REASON_ARGUMENT);
	assert_fails(libiommufd_ioas_open_id(ctx, 0, &other), -EBUSY, LIBIOMMUFD_REASON_IN_USE);
	assert_fails(libiommufd_ioas_create(ctx, NULL, &other), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_ptr_equal(other, (void *)1);
	/* Once it is given back it can be had again. */
	assert_ok(libiommufd_ioas_destroy(ioas));
	assert_ok(libiommufd_ioas_open_id(ctx, 0, &ioas));
}

static void a_map_is_one_ioctl_at_once_and_never_picked(void **state)
{
	uint64_t iova = 77;

	expect_map(*state, 0x10000, 0x1000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, RW, 0x10000));
	/* Only the kernel knows what others have mapped. */
	expect_map(*state, 0x20000, 0x1000, -EEXIST);
	assert_fails(libiommufd_ioas_map_at(ioas, va, 0x1000, RW, 0x20000), -EEXIST,
		     LIBIOMMUFD_REASON_IOVA_IN_USE);
	assert_fails(libiommufd_ioas_map(ioas, va, 0x1000, RW, &iova), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_fails(libiommufd_ioas_copy(ioas, ioas, 0x10000, 0x1000, RW, &iova), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_int_equal(iova, 77);
	/* What is mapped stays, without an ioctl. */
}

static void an_unmap_goes_mapping_by_mapping_and_leaves_what_lies_between(void **state)
{
	uint64_t unmapped = 77;

	expect_map(*state, 0x10000, 0x1000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, RW, 0x10000));
	expect_map(*state, 0x30000, 0x2000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x2000, RW, 0x30000));
	expect_map(*state, 0x50000, 0x1000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, RW, 0x50000));

	/* The second fails: the first is brought back. */
	expect_unmap(*state, 0x10000, 0x1000, 0);
	expect_unmap(*state, 0x30000, 0x2000, -EIO);
	expect_map(*state, 0x10000, 0x1000, 0);
	assert_fails(libiommufd_ioas_unmap_all(ioas, &unmapped), -EIO, LIBIOMMUFD_REASON_KERNEL);
	assert_int_equal(unmapped, 77);

	expect_unmap(*state, 0x10000, 0x1000, 0);
	expect_unmap(*state, 0x30000, 0x2000, 0);
	assert_ok(libiommufd_ioas_unmap(ioas, 0, 0x40000, &unmapped));
	assert_int_equal(unmapped, 0x3000);
	assert_fails(libiommufd_ioas_unmap(ioas, 0, 0x40000, &unmapped), -ENOENT,
		     LIBIOMMUFD_REASON_NOT_MAPPED);
	expect_unmap(*state, 0x50000, 0x1000, 0);
	assert_ok(libiommufd_ioas_unmap_all(ioas, &unmapped));
	assert_int_equal(unmapped, 0x1000);
}

/* ---- A device's file ---- */

static struct libiommufd_device *open_passed_device(struct script *k)
{
	const struct libiommufd_device_fd_opts opts = {.size = sizeof(opts),
						       .state = LIBIOMMUFD_DEVICE_BOUND};
	struct libiommufd_device *dev = NULL;

	expect_dup(k, PASSED_DEVICE, DEV_FD);
	assert_ok(libiommufd_device_open_fd(ctx, PASSED_DEVICE, &opts, &dev));
	assert_all_happened(k);
	return dev;
}

static void a_devices_file_is_bound_and_attached_without_a_call(void **state)
{
	struct libiommufd_device *dev = open_passed_device(*state);
	enum libiommufd_reach reach;
	struct libiommufd_ioas *there;
	bool private = true;
	int fd = -1;

	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_BOUND);
	assert_ok(libiommufd_device_query_reach(dev, &reach, &there));
	assert_int_equal(reach, LIBIOMMUFD_REACH_UNKNOWN);
	assert_ok(libiommufd_device_attach(dev, ioas));
	assert_ok(libiommufd_device_query_reach(dev, &reach, &there));
	assert_int_equal(reach, LIBIOMMUFD_REACH_IOAS);
	assert_ptr_equal(there, ioas);
	assert_ok(libiommufd_device_query_private(dev, &private));
	assert_false(private);
	assert_ok(libiommufd_device_query_fd(dev, &fd));
	assert_int_equal(fd, DEV_FD);
	assert_ok(libiommufd_device_query_container_fd(dev, &fd));
	assert_int_equal(fd, CONTAINER_FD);
	fd = 77;
	assert_fails(libiommufd_device_query_kvm_fd(dev, &fd), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_int_equal(fd, 77);
	assert_fails(libiommufd_device_detach(dev), -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_fails(libiommufd_device_attach_id(dev, 1), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_fails(libiommufd_ioas_destroy(ioas), -EBUSY, LIBIOMMUFD_REASON_IN_USE);
	close_device(*state, dev);
}

static void a_devices_file_says_no_other_state(void **state)
{
	struct libiommufd_device_fd_opts opts = {.size = sizeof(opts),
						 .state = LIBIOMMUFD_DEVICE_OPENED};
	struct libiommufd_device *dev = (void *)1;

	(void)state;
	assert_fails(libiommufd_device_open_fd(ctx, PASSED_DEVICE, &opts, &dev), -EINVAL,
		     LIBIOMMUFD_REASON_OPTIONS);
	assert_fails(libiommufd_device_open_fd(ctx, PASSED_DEVICE, NULL, &dev), -EINVAL,
		     LIBIOMMUFD_REASON_OPTIONS);
	opts.state = LIBIOMMUFD_DEVICE_BOUND;
	opts.dev_id = 7;
	assert_fails(libiommufd_device_open_fd(ctx, PASSED_DEVICE, &opts, &dev), -EINVAL,
		     LIBIOMMUFD_REASON_OPTIONS);
	assert_ptr_equal(dev, (void *)1);
}

static void natively_there_is_no_group(void **state)
{
	struct libiommufd_ctx *native = open_native(*state);
	struct libiommufd_device *dev = bind_device(*state, native), *other = (void *)1;
	bool private = true;
	int fd = 77;

	assert_fails(libiommufd_device_open_group_fd(native, PASSED_GROUP, NIC, NULL, &other),
		     -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_fails(libiommufd_device_query_container_fd(dev, &fd), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_int_equal(fd, 77);
	assert_ptr_equal(other, (void *)1);
	assert_ok(libiommufd_device_query_private(dev, &private));
	assert_false(private);
	close_device(*state, dev);
	close_ctx(*state, native);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scripted(what_is_no_container_or_has_no_iommu_is_refused),
		scripted(an_old_container_is_described_without_reading_files),
		passed(there_is_one_address_space_with_the_id_0),
		passed(a_map_is_one_ioctl_at_once_and_never_picked),
		passed(an_unmap_goes_mapping_by_mapping_and_leaves_what_lies_between),
		passed(a_devices_file_is_bound_and_attached_without_a_call),
		passed(a_devices_file_says_no_other_state),
		scripted(natively_there_is_no_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
