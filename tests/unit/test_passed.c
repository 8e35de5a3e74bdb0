/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices and address spaces made from what another process passed: borrowed, and never harmed. */
#include "flows.h"

static struct libiommufd_ctx *ctx;

static int setup(void **state)
{
	if (script_setup(state))
		return -1;
	ctx = open_native(*state);
	return 0;
}

static int teardown(void **state)
{
	close_ctx(*state, ctx);
	return script_teardown(state);
}

#define with_ctx(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void a_bound_device_works_at_once_and_looks_at_no_file_system(void **state)
{
	const struct libiommufd_device_fd_opts opts = {.size = sizeof(opts),
						       .state = LIBIOMMUFD_DEVICE_BOUND,
						       .dev_id = DEV_ID,
						       .label = "the disk"};
	struct libiommufd_device *dev = NULL;
	enum libiommufd_reach reach;
	int fd = -1;

	expect_dup(*state, 50, DEV_FD);
	assert_ok(libiommufd_device_open_fd(ctx, 50, &opts, &dev));
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_BOUND);
	assert_int_equal(libiommufd_device_get_id(dev), DEV_ID);
	assert_string_equal(libiommufd_device_get_name(dev), "the disk");
	assert_ok(libiommufd_device_query_reach(dev, &reach, NULL));
	assert_int_equal(reach, LIBIOMMUFD_REACH_UNKNOWN);
	assert_ok(libiommufd_device_query_fd(dev, &fd));
	assert_int_equal(fd, DEV_FD);
	assert_fails(libiommufd_device_bind(dev, NULL), -EINVAL, LIBIOMMUFD_REASON_ALREADY_BOUND);
	close_device(*state, dev);
}

static void an_unbound_device_is_bound_by_the_receiver(void **state)
{
	const uint32_t bind[4] = {16, 0, IOMMU_FD, 0};
	struct libiommufd_device *dev = NULL;

	expect_dup(*state, 50, DEV_FD);
	assert_ok(libiommufd_device_open_fd(ctx, 50, NULL, &dev));
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_OPENED);
	assert_string_equal(libiommufd_device_get_name(dev), "fd 50");
	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_BIND_IOMMUFD, bind, sizeof(bind), 0);
	assert_ok(libiommufd_device_bind(dev, NULL));
	close_device(*state, dev);
}

static void a_state_without_its_id_is_refused(void **state)
{
	struct libiommufd_device *dev = (void *)1;
	struct libiommufd_device_fd_opts opts = {.size = sizeof(opts)};

	(void)state;
	opts.state = LIBIOMMUFD_DEVICE_BOUND;
	assert_fails(libiommufd_device_open_fd(ctx, 50, &opts, &dev), -EINVAL,
		     LIBIOMMUFD_REASON_OPTIONS);
	opts.state = LIBIOMMUFD_DEVICE_OPENED;
	opts.dev_id = 1;
	assert_fails(libiommufd_device_open_fd(ctx, 50, &opts, &dev), -EINVAL,
		     LIBIOMMUFD_REASON_OPTIONS);
	opts.state = LIBIOMMUFD_DEVICE_ATTACHED;
	assert_fails(libiommufd_device_open_fd(ctx, 50, &opts, &dev), -EINVAL,
		     LIBIOMMUFD_REASON_OPTIONS);
	assert_ptr_equal(dev, (void *)1);
}

static void a_file_that_is_not_open_is_an_argument(void **state)
{
	struct libiommufd_device *dev = (void *)1;

	expect_dup(*state, 50, -EBADF);
	assert_fails(libiommufd_device_open_fd(ctx, 50, NULL, &dev), -EBADF,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_ptr_equal(dev, (void *)1);
}

static void expect_ranges_probe(struct script *k, int result)
{
	expect_ioctl(k, IOMMU_FD, IOMMU_IOAS_IOVA_RANGES, result, struct iommu_ioas_iova_ranges,
		     .size = sizeof(struct iommu_ioas_iova_ranges), .ioas_id = IOAS_ID);
}

static void a_borrowed_address_space_is_picked_in_and_never_destroyed(void **state)
{
	struct libiommufd_ioas *ioas = NULL;
	uint64_t iova = 0;

	expect_ranges_probe(*state, -EMSGSIZE);
	assert_ok(libiommufd_ioas_open_id(ctx, IOAS_ID, &ioas));
	assert_int_equal(libiommufd_ioas_get_id(ioas), IOAS_ID);
	/* One ioctl: the list of allowed addresses is its owner's. */
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP, 0, struct iommu_ioas_map,
		     .size = sizeof(struct iommu_ioas_map),
		     .flags = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE,
		     .ioas_id = IOAS_ID, .user_va = 0x10000, .length = 0x1000);
	answer(*state, struct iommu_ioas_map, .size = sizeof(struct iommu_ioas_map),
	       .iova = 0x5000);
	assert_ok(libiommufd_ioas_map(ioas, (void *)0x10000, 0x1000,
				      LIBIOMMUFD_READ | LIBIOMMUFD_WRITE, &iova));
	assert_int_equal(iova, 0x5000);
	assert_ok(libiommufd_ioas_destroy(ioas));
}

static void a_borrowed_address_space_is_kept_while_a_device_is_attached(void **state)
{
	const struct libiommufd_device_fd_opts opts = {.size = sizeof(opts),
						       .state = LIBIOMMUFD_DEVICE_BOUND,
						       .dev_id = DEV_ID};
	const uint32_t attach[3] = {12, 0, IOAS_ID}, detach[2] = {8, 0};
	struct libiommufd_ioas *ioas = NULL;
	struct libiommufd_device *dev = NULL;

	expect_ranges_probe(*state, -EMSGSIZE);
	assert_ok(libiommufd_ioas_open_id(ctx, IOAS_ID, &ioas));
	expect_dup(*state, 50, DEV_FD);
	assert_ok(libiommufd_device_open_fd(ctx, 50, &opts, &dev));
	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_ATTACH_IOMMUFD_PT, attach, sizeof(attach),
			   0);
	assert_ok(libiommufd_device_attach(dev, ioas));
	assert_fails(libiommufd_ioas_destroy(ioas), -EBUSY, LIBIOMMUFD_REASON_IN_USE);
	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_DETACH_IOMMUFD_PT, detach, sizeof(detach),
			   0);
	assert_ok(libiommufd_device_detach(dev));
	assert_ok(libiommufd_ioas_destroy(ioas));
	close_device(*state, dev);
}

static void an_unknown_id_is_refused(void **state)
{
	struct libiommufd_ioas *ioas = (void *)1;

	expect_ranges_probe(*state, -ENOENT);
	assert_fails(libiommufd_ioas_open_id(ctx, IOAS_ID, &ioas), -ENOENT,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_says("3");
	assert_ptr_equal(ioas, (void *)1);
}

static void type1_opens_neither(void **state)
{
	struct libiommufd_ctx *c = open_type1(*state);
	struct libiommufd_device *dev = (void *)1;
	struct libiommufd_ioas *ioas = (void *)1;

	assert_fails(libiommufd_device_open_fd(c, 50, NULL, &dev), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_fails(libiommufd_device_open_group_fd(c, 50, NIC, NULL, &dev), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_says("LIBIOMMUFD_BACKEND_TYPE1");
	assert_fails(libiommufd_ioas_open_id(c, 1, &ioas), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	close_ctx(*state, c);
}

static void kvm_gets_the_devices_file_before_bind(void **state)
{
	struct libiommufd_device *dev = open_device(*state, ctx);
	int fd = 77;

	assert_ok(libiommufd_device_query_kvm_fd(dev, &fd));
	assert_int_equal(fd, DEV_FD);
	close_device(*state, dev);
}

static void kvm_gets_nothing_on_type1_before_bind(void **state)
{
	struct libiommufd_ctx *c = open_type1(*state);
	struct libiommufd_device *dev = open_device_type1(*state, c);
	int fd = 77;

	assert_fails(libiommufd_device_query_kvm_fd(dev, &fd), -EACCES,
		     LIBIOMMUFD_REASON_NOT_BOUND);
	assert_int_equal(fd, 77);
	assert_ok(libiommufd_device_close(dev, 0));
	close_ctx(*state, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ctx(a_bound_device_works_at_once_and_looks_at_no_file_system),
		with_ctx(an_unbound_device_is_bound_by_the_receiver),
		with_ctx(a_state_without_its_id_is_refused),
		with_ctx(a_file_that_is_not_open_is_an_argument),
		with_ctx(a_borrowed_address_space_is_picked_in_and_never_destroyed),
		with_ctx(a_borrowed_address_space_is_kept_while_a_device_is_attached),
		with_ctx(an_unknown_id_is_refused),
		scripted(type1_opens_neither),
		with_ctx(kvm_gets_the_devices_file_before_bind),
		scripted(kvm_gets_nothing_on_type1_before_bind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
