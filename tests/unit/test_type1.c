/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups and containers: the order of bind and close, and what stands when a step of it fails. */
#include "flows.h"

static struct libiommufd_ctx *ctx;
static struct libiommufd_ioas *ioas;

static int setup(void **state)
{
	if (script_setup(state))
		return -1;
	ctx = open_type1(*state);
	ioas = create_ioas(*state, ctx, 0);
	return 0;
}

static int teardown(void **state)
{
	destroy_ioas(*state, ioas);
	close_ctx(*state, ctx);
	return script_teardown(state);
}

#define with_ioas(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void expect_status(struct script *k, int result, uint32_t flags)
{
	expect_ioctl(k, GROUP_FD, VFIO_GROUP_GET_STATUS, result, struct vfio_group_status, 8, 0);
	answer(k, struct vfio_group_status, 8, flags);
}

static void expect_back(struct script *k, bool container)
{
	if (container)
		expect_close(k, CONTAINER_FD, 0);
	expect_close(k, GROUP_FD, 0);
}

/* As far as SET_IOMMU. */
static void expect_set_iommu(struct script *k, int set_container, int set_iommu)
{
	expect_open(k, "/dev/vfio/11", O_RDWR, GROUP_FD);
	expect_status(k, 0, VFIO_GROUP_FLAGS_VIABLE);
	expect_container(k);
	expect_not_iommufd(k);
	expect_ioctl(k, GROUP_FD, VFIO_GROUP_SET_CONTAINER, set_container, int, CONTAINER_FD);
	if (set_container == 0)
		expect_ioctl_number(k, CONTAINER_FD, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU, set_iommu);
}

static void expect_unset(struct script *k)
{
	expect_ioctl_number(k, GROUP_FD, VFIO_GROUP_UNSET_CONTAINER, 0, 0);
	expect_back(k, true);
}

/* Nobody in the way, and interrupts as they may be. */
static void expect_busy(struct script *k)
{
	expect_list(k, 0, "/sys/kernel/iommu_groups/11/devices", NULL);
	expect_attribute(k, "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
			 "Y\n");
}

static void check_bind_fails(struct libiommufd_device *dev, int error, uint32_t reason)
{
	assert_fails(libiommufd_device_bind(dev, NULL), error, reason);
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_OPENED);
}

/* ---- Bind and close ---- */

static void bind_takes_group_status_container_iommu_info_device(void **state)
{
	struct libiommufd_device *dev = bind_device_type1(*state, ctx);
	int fd = -1;

	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_BOUND);
	assert_int_equal(libiommufd_device_get_id(dev), 0);
	assert_ok(libiommufd_device_query_fd(dev, &fd));
	assert_int_equal(fd, DEV_FD);
	close_device_type1(*state, dev);
}

static void before_bind_there_is_no_file(void **state)
{
	struct libiommufd_device *dev = open_device_type1(*state, ctx);
	int fd = 77;

	assert_fails(libiommufd_device_query_fd(dev, &fd), -EACCES, LIBIOMMUFD_REASON_NOT_BOUND);
	assert_int_equal(fd, 77);
	assert_ok(libiommufd_device_close(dev, 0));
}

static void a_group_that_is_not_viable_is_closed_again(void **state)
{
	struct libiommufd_device *dev = open_device_type1(*state, ctx);

	expect_open(*state, "/dev/vfio/11", O_RDWR, GROUP_FD);
	expect_status(*state, 0, 0);
	expect_list(*state, 0, "/sys/kernel/iommu_groups/11/devices", "0000:06:00.1", NULL);
	expect_readlink(*state, "/sys/kernel/iommu_groups/11/devices/0000:06:00.1/driver",
			"../../../bus/pci/drivers/e1000e", 0);
	expect_list(*state, -ENOENT, "/sys/kernel/iommu_groups/11/devices/0000:06:00.1/vfio-dev",
		    NULL);
	expect_back(*state, false);
	check_bind_fails(dev, -EPERM, LIBIOMMUFD_REASON_GROUP_NOT_VIABLE);
	assert_says("0000:06:00.1 is bound to e1000e");
	assert_ok(libiommufd_device_close(dev, 0));
}

static void a_step_of_bind_that_fails_takes_the_others_back(void **state)
{
	struct libiommufd_device *dev = open_device_type1(*state, ctx);

	expect_open(*state, "/dev/vfio/11", O_RDWR, -EBUSY);
	check_bind_fails(dev, -EBUSY, LIBIOMMUFD_REASON_GROUP_BUSY);

	expect_open(*state, "/dev/vfio/11", O_RDWR, GROUP_FD);
	expect_status(*state, -EIO, 0);
	expect_back(*state, false);
	check_bind_fails(dev, -EIO, LIBIOMMUFD_REASON_KERNEL);

	expect_open(*state, "/dev/vfio/11", O_RDWR, GROUP_FD);
	expect_status(*state, 0, VFIO_GROUP_FLAGS_VIABLE);
	expect_open(*state, "/dev/vfio/vfio", O_RDWR, -EMFILE);
	expect_back(*state, false);
	check_bind_fails(dev, -EMFILE, LIBIOMMUFD_REASON_KERNEL);

	expect_set_iommu(*state, -EPERM, 0);
	expect_busy(*state);
	expect_back(*state, true);
	check_bind_fails(dev, -EPERM, LIBIOMMUFD_REASON_GROUP_BUSY);

	expect_set_iommu(*state, 0, -EPERM);
	expect_busy(*state);
	expect_unset(*state);
	check_bind_fails(dev, -EPERM, LIBIOMMUFD_REASON_GROUP_BUSY);

	expect_set_iommu(*state, 0, -EIO);
	expect_unset(*state);
	check_bind_fails(dev, -EIO, LIBIOMMUFD_REASON_KERNEL);

	/* And then it can still be bound. */
	expect_claim(*state);
	expect_a_driver(*state);
	assert_ok(libiommufd_device_bind(dev, NULL));
	use_device_type1(*state, dev, NIC, DEV_FD);
	close_device_type1(*state, dev);
}

/* Such a container blocks a group only once a device of it is open. */
static void in_an_iommufd_in_disguise_bind_opens_the_device(void **state)
{
	static const struct libiommufd_range whole[] = {{0, 0x7fffffffff}};
	struct libiommufd_device *dev = open_device_type1(*state, ctx);

	expect_open(*state, "/dev/vfio/11", O_RDWR, GROUP_FD);
	expect_status(*state, 0, VFIO_GROUP_FLAGS_VIABLE);
	expect_container(*state);
	expect_ioctl(*state, CONTAINER_FD, IOMMU_OPTION, 0, struct iommu_option, .size = 24,
		     .option_id = IOMMU_OPTION_RLIMIT_MODE, .op = IOMMU_OPTION_OP_GET);
	expect_ioctl(*state, GROUP_FD, VFIO_GROUP_SET_CONTAINER, 0, int, CONTAINER_FD);
	expect_ioctl_number(*state, CONTAINER_FD, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU, 0);
	expect_type1_info(*state, CONTAINER_FD, whole, 1);
	expect_ioctl_string(*state, GROUP_FD, VFIO_GROUP_GET_DEVICE_FD, NIC, DEV_FD);
	assert_ok(libiommufd_device_bind(dev, NULL));
	close_device_type1(*state, dev);
}

static void a_device_that_lost_its_driver_is_not_bound(void **state)
{
	struct libiommufd_device *dev = open_device_type1(*state, ctx);

	expect_claim(*state);
	expect_readlink(*state, NIC_SYSFS "/driver", NULL, -ENOENT);
	expect_readlink(*state, NIC_SYSFS "/driver", NULL, -ENOENT);
	expect_readlink(*state, NIC_SYSFS "/subsystem", "../../../../bus/pci", 0);
	expect_unset(*state);
	check_bind_fails(dev, -ENODEV, LIBIOMMUFD_REASON_NOT_VFIO_DRIVER);
	/* What cannot be read says nothing. */
	expect_claim(*state);
	expect_readlink(*state, NIC_SYSFS "/driver", NULL, -EACCES);
	expect_readlink(*state, NIC_SYSFS "/iommu_group", NULL, -EACCES);
	assert_ok(libiommufd_device_bind(dev, NULL));
	use_device_type1(*state, dev, NIC, DEV_FD);
	close_device_type1(*state, dev);
}

static void a_device_that_is_back_in_another_group_is_not_bound(void **state)
{
	struct libiommufd_device *dev = open_device_type1(*state, ctx);

	expect_claim(*state);
	expect_readlink(*state, NIC_SYSFS "/driver", "../../../../bus/pci/drivers/vfio-pci", 0);
	expect_readlink(*state, NIC_SYSFS "/iommu_group", "../../../../kernel/iommu_groups/12", 0);
	expect_unset(*state);
	check_bind_fails(dev, -ENODEV, LIBIOMMUFD_REASON_DEVICE_GONE);
	assert_ok(libiommufd_device_close(dev, 0));
}

static void a_device_that_has_no_file_gives_the_group_back(void **state)
{
	struct libiommufd_device *dev = open_device_type1(*state, ctx);
	struct libiommufd_bind_opts now = {.size = sizeof(now), .flags = LIBIOMMUFD_BIND_PRIVATE};

	expect_claim(*state);
	expect_ioctl_string(*state, GROUP_FD, VFIO_GROUP_GET_DEVICE_FD, NIC, -ENODEV);
	expect_readlink(*state, NIC_SYSFS "/driver", "../../../bus/pci/drivers/pci-stub", 0);
	expect_unset(*state);
	assert_fails(libiommufd_device_bind(dev, &now), -ENODEV, LIBIOMMUFD_REASON_NOT_VFIO_DRIVER);
	assert_says("pci-stub");
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_OPENED);
	assert_ok(libiommufd_device_close(dev, 0));
}

static void the_same_device_is_bound_once(void **state)
{
	struct libiommufd_device *dev = bind_device_type1(*state, ctx);
	struct libiommufd_device *again = open_device_type1(*state, ctx);

	assert_fails(libiommufd_device_bind(dev, NULL), -EINVAL, LIBIOMMUFD_REASON_ALREADY_BOUND);
	check_bind_fails(again, -EINVAL, LIBIOMMUFD_REASON_ALREADY_BOUND);
	assert_ok(libiommufd_device_close(again, 0));
	close_device_type1(*state, dev);
}

static void a_close_that_finds_the_container_busy_goes_on(void **state)
{
	struct libiommufd_device *dev = bind_device_type1(*state, ctx);

	expect_close(*state, DEV_FD, 0);
	expect_ioctl_number(*state, GROUP_FD, VFIO_GROUP_UNSET_CONTAINER, 0, -EBUSY);
	expect_back(*state, true);
	assert_ok(libiommufd_device_close(dev, 0));
}

/* ---- The second device of a group ---- */

static struct libiommufd_device *bind_peer(struct script *k, int fd)
{
	static const char dir[] = "/sys/devices/pci0000:00/0000:00:01.0/0000:06:00.1";
	struct libiommufd_device *dev = NULL;
	char path[128];

	expect_realpath(k, "/sys/bus/pci/devices/0000:06:00.1", dir, 0);
	snprintf(path, sizeof(path), "%s/iommu_group", dir);
	expect_readlink(k, path, "../../../../kernel/iommu_groups/11", 0);
	snprintf(path, sizeof(path), "%s/vfio-dev", dir);
	expect_list(k, 0, path, "vfio4", NULL);
	snprintf(path, sizeof(path), "%s/vfio-dev/vfio4/dev", dir);
	expect_attribute(k, path, "511:4\n");
	expect_access(k, "/dev/vfio/11", 0);
	assert_ok(libiommufd_device_open(ctx, "06:00.1", NULL, &dev));
	/* Its group cannot go elsewhere any more, so there is nothing to wait for. */
	expect_ioctl_string(k, GROUP_FD, VFIO_GROUP_GET_DEVICE_FD, "0000:06:00.1", fd);
	assert_ok(libiommufd_device_bind(dev, NULL));
	return dev;
}

static void the_second_device_of_a_group_only_takes_its_file(void **state)
{
	struct libiommufd_device *dev = bind_device_type1(*state, ctx);
	struct libiommufd_device *peer = bind_peer(*state, 8);

	/* And only the last close gives the group back. */
	expect_close(*state, 8, 0);
	assert_ok(libiommufd_device_close(peer, 0));
	close_device_type1(*state, dev);
}

static void attach_to_nothing_mapped_asks_nothing(void **state)
{
	struct libiommufd_device *dev = bind_device_type1(*state, ctx);
	struct libiommufd_device *peer = bind_peer(*state, 8);
	struct libiommufd_ioas *other = create_ioas(*state, ctx, 0);
	enum libiommufd_reach reach;
	struct libiommufd_ioas *there;

	assert_ok(libiommufd_device_attach(dev, ioas));
	assert_ok(libiommufd_device_query_reach(peer, &reach, &there));
	assert_int_equal(reach, LIBIOMMUFD_REACH_IOAS);
	assert_ptr_equal(there, ioas);

	/* A first attach of the other one elsewhere is refused, as by iommufd. */
	assert_fails(libiommufd_device_attach(peer, other), -EINVAL,
		     LIBIOMMUFD_REASON_GROUP_ATTACHED);
	assert_ok(libiommufd_device_attach(peer, ioas));
	assert_fails(libiommufd_ioas_destroy(ioas), -EBUSY, LIBIOMMUFD_REASON_IN_USE);

	/* But an attached one moves all. */
	assert_ok(libiommufd_device_attach(peer, other));
	assert_ok(libiommufd_device_query_reach(dev, &reach, &there));
	assert_ptr_equal(there, other);
	assert_ok(libiommufd_device_detach(dev));
	assert_ok(libiommufd_device_detach(peer));
	assert_ok(libiommufd_device_query_reach(dev, &reach, &there));
	assert_int_equal(reach, LIBIOMMUFD_REACH_NOTHING);
	expect_close(*state, 8, 0);
	assert_ok(libiommufd_device_close(peer, 0));
	close_device_type1(*state, dev);
	destroy_ioas(*state, other);
}

static void detach_of_what_is_not_attached_is_no_failure(void **state)
{
	struct libiommufd_device *dev = bind_device_type1(*state, ctx);

	assert_ok(libiommufd_device_detach(dev));
	close_device_type1(*state, dev);
}

/* ---- What type1 has not ---- */

static void what_iommufd_alone_can_do_is_not_supported(void **state)
{
	struct libiommufd_device *dev = bind_device_type1(*state, ctx);
	struct libiommufd_range range = {0x1000, 0x1fff};
	bool enable = true;

	assert_fails(libiommufd_device_attach_id(dev, 1), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_fails(libiommufd_ioas_allow_iovas(ioas, &range, 1), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_fails(libiommufd_ioas_set_huge_pages(ioas, false), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_fails(libiommufd_ioas_query_huge_pages(ioas, &enable), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_true(enable);
	for (uint32_t feature = 1; feature <= LIBIOMMUFD_FEATURE_HW_QUEUE; feature++)
		assert_returns(libiommufd_ctx_has(ctx, feature), 0);
	assert_fails(libiommufd_ctx_has(ctx, 0), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_fails(libiommufd_ctx_has(ctx, LIBIOMMUFD_FEATURE_HW_QUEUE + 1), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	close_device_type1(*state, dev);
}

static void a_child_closes_without_taking_the_group_out(void **state)
{
	struct libiommufd_device *dev = NULL;
	struct libiommufd_ctx *real = NULL;
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
					   .backend = LIBIOMMUFD_BACKEND_TYPE1};

	/* By the pid, which the script can change. */
	expect_container(*state);
	expect_close(*state, CONTAINER_FD, 0);
	expect_getpid(*state, 1234);
	expect_mmap(*state, NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0, NULL, -ENOMEM);
	assert_ok(ctx_open(script_sys(*state), &opts, &real));
	expect_getpid(*state, 1234);
	expect_place(*state);
	expect_access(*state, "/dev/vfio/11", 0);
	assert_ok(libiommufd_device_open(real, NIC, NULL, &dev));
	expect_getpid(*state, 1234);
	expect_claim(*state);
	expect_a_driver(*state);
	assert_ok(libiommufd_device_bind(dev, NULL));
	expect_getpid(*state, 1234);
	use_device_type1(*state, dev, NIC, DEV_FD);

	expect_getpid(*state, 1235);
	expect_close(*state, DEV_FD, 0);
	expect_close(*state, CONTAINER_FD, 0);
	expect_close(*state, GROUP_FD, 0);
	assert_ok(libiommufd_device_close(dev, 0));
	assert_null(libiommufd_ctx_unref(real));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ioas(bind_takes_group_status_container_iommu_info_device),
		with_ioas(before_bind_there_is_no_file),
		with_ioas(a_group_that_is_not_viable_is_closed_again),
		with_ioas(a_step_of_bind_that_fails_takes_the_others_back),
		with_ioas(in_an_iommufd_in_disguise_bind_opens_the_device),
		with_ioas(a_device_that_lost_its_driver_is_not_bound),
		with_ioas(a_device_that_is_back_in_another_group_is_not_bound),
		with_ioas(a_device_that_has_no_file_gives_the_group_back),
		with_ioas(the_same_device_is_bound_once),
		with_ioas(a_close_that_finds_the_container_busy_goes_on),
		with_ioas(the_second_device_of_a_group_only_takes_its_file),
		with_ioas(attach_to_nothing_mapped_asks_nothing),
		with_ioas(detach_of_what_is_not_attached_is_no_failure),
		with_ioas(what_iommufd_alone_can_do_is_not_supported),
		with_ioas(a_child_closes_without_taking_the_group_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
