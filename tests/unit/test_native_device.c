/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices on VFIO character devices: bind, attach and detach by their exact bytes; states; reach. */
#include "flows.h"

static struct libiommufd_ctx *ctx;
static struct libiommufd_ioas *ioas;

static int setup(void **state)
{
	if (script_setup(state))
		return -1;
	ctx = open_native(*state);
	ioas = create_ioas(*state, ctx, IOAS_ID);
	return 0;
}

static int teardown(void **state)
{
	destroy_ioas(*state, ioas);
	close_ctx(*state, ctx);
	return script_teardown(state);
}

#define with_ioas(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* argsz 16: the fields that 6.6 has. */
static void expect_bind(struct script *k, int fd, int result)
{
	uint32_t in[4] = {16, 0, IOMMU_FD, 0};

	expect_ioctl_bytes(k, fd, VFIO_DEVICE_BIND_IOMMUFD, in, sizeof(in), result);
}

static void expect_attach(struct script *k, int fd, uint32_t id, int result)
{
	uint32_t in[3] = {12, 0, id};

	expect_ioctl_bytes(k, fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, in, sizeof(in), result);
}

static void expect_detach(struct script *k, int fd, int result)
{
	uint32_t in[2] = {8, 0};

	expect_ioctl_bytes(k, fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, in, sizeof(in), result);
}

static void check_reach(struct libiommufd_device *dev, enum libiommufd_reach wanted,
			struct libiommufd_ioas *wanted_ioas)
{
	enum libiommufd_reach reach = 99;
	struct libiommufd_ioas *there = (void *)1;

	assert_ok(libiommufd_device_query_reach(dev, &reach, &there));
	assert_int_equal(reach, wanted);
	assert_ptr_equal(there, wanted_ioas);
	assert_ok(libiommufd_device_query_reach(dev, &reach, NULL));
}

/* The second function of NIC, in the same group. */
static struct libiommufd_device *open_peer(struct script *k, int fd)
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
	expect_open(k, "/dev/vfio/devices/vfio4", O_RDWR, fd);
	expect_rdev(k, fd, makedev(511, 4), 0);
	expect_attribute(k, path, "511:4\n");
	assert_ok(libiommufd_device_open(ctx, "06:00.1", NULL, &dev));
	return dev;
}

/* ---- Bind ---- */

static void bind_sends_16_bytes_and_keeps_the_id(void **state)
{
	struct libiommufd_device *dev = open_device(*state, ctx);

	assert_int_equal(libiommufd_device_get_id(dev), 0);
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_OPENED);
	expect_bind(*state, DEV_FD, 0);
	uint32_t out[4] = {16, 0, IOMMU_FD, DEV_ID};
	answer_bytes(*state, out, sizeof(out));
	assert_ok(libiommufd_device_bind(dev, NULL));
	assert_int_equal(libiommufd_device_get_id(dev), DEV_ID);
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_BOUND);
	close_device(*state, dev);
}

static void bind_with_an_ioas_is_the_same_ioctl(void **state)
{
	struct libiommufd_device *dev = open_device(*state, ctx);
	struct libiommufd_bind_opts opts = {.size = sizeof(opts), .ioas = ioas};

	expect_bind(*state, DEV_FD, 0);
	assert_ok(libiommufd_device_bind(dev, &opts));
	close_device(*state, dev);
}

static void bind_twice_is_refused_without_a_system_call(void **state)
{
	struct libiommufd_device *dev = bind_device(*state, ctx);

	assert_fails(libiommufd_device_bind(dev, NULL), -EINVAL, LIBIOMMUFD_REASON_ALREADY_BOUND);
	close_device(*state, dev);
}

static void bind_to_an_ioas_of_another_ctx_is_refused(void **state)
{
	struct libiommufd_ctx *other = open_native(*state);
	struct libiommufd_device *dev = open_device(*state, other);
	struct libiommufd_bind_opts opts = {.size = sizeof(opts), .ioas = ioas};

	assert_fails(libiommufd_device_bind(dev, &opts), -EINVAL, LIBIOMMUFD_REASON_OTHER_CTX);
	close_device(*state, dev);
	close_ctx(*state, other);
}

static void a_failed_bind_can_be_tried_again(void **state)
{
	struct libiommufd_device *dev = open_device(*state, ctx);

	expect_bind(*state, DEV_FD, -ENOMEM);
	assert_fails(libiommufd_device_bind(dev, NULL), -ENOMEM, LIBIOMMUFD_REASON_MEMORY);
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_OPENED);
	expect_bind(*state, DEV_FD, -ENODEV);
	assert_fails(libiommufd_device_bind(dev, NULL), -ENODEV, LIBIOMMUFD_REASON_DEVICE_GONE);
	expect_bind(*state, DEV_FD, -EINVAL);
	assert_fails(libiommufd_device_bind(dev, NULL), -EINVAL, LIBIOMMUFD_REASON_ALREADY_BOUND);
	expect_bind(*state, DEV_FD, 0);
	assert_ok(libiommufd_device_bind(dev, NULL));
	close_device(*state, dev);
}

/* ---- Before bind ---- */

static void nothing_but_bind_works_before_bind(void **state)
{
	struct libiommufd_device *dev = open_device(*state, ctx);
	struct libiommufd_region *region = (void *)1;
	uint32_t count = 77, value32 = 77;
	uint16_t value16 = 77;
	uint8_t value8 = 77;

	assert_fails(libiommufd_device_attach(dev, ioas), -EACCES, LIBIOMMUFD_REASON_NOT_BOUND);
	assert_fails(libiommufd_device_attach_id(dev, 1), -EACCES, LIBIOMMUFD_REASON_NOT_BOUND);
	assert_fails(libiommufd_device_detach(dev), -EACCES, LIBIOMMUFD_REASON_NOT_BOUND);
	assert_fails(libiommufd_device_query_region_count(dev, &count), -EACCES,
		     LIBIOMMUFD_REASON_NOT_BOUND);
	assert_fails(libiommufd_device_query_region(dev, 0, &region), -EACCES,
		     LIBIOMMUFD_REASON_NOT_BOUND);
	assert_fails(libiommufd_device_config_read8(dev, 0, &value8), -EACCES,
		     LIBIOMMUFD_REASON_NOT_BOUND);
	assert_fails(libiommufd_device_config_read16(dev, 0, &value16), -EACCES,
		     LIBIOMMUFD_REASON_NOT_BOUND);
	assert_fails(libiommufd_device_config_read32(dev, 0, &value32), -EACCES,
		     LIBIOMMUFD_REASON_NOT_BOUND);
	assert_fails(libiommufd_device_config_write8(dev, 0, 0), -EACCES,
		     LIBIOMMUFD_REASON_NOT_BOUND);
	assert_fails(libiommufd_device_config_write16(dev, 0, 0), -EACCES,
		     LIBIOMMUFD_REASON_NOT_BOUND);
	assert_fails(libiommufd_device_config_write32(dev, 0, 0), -EACCES,
		     LIBIOMMUFD_REASON_NOT_BOUND);
	assert_fails(libiommufd_device_set_bus_master(dev, true), -EACCES,
		     LIBIOMMUFD_REASON_NOT_BOUND);
	assert_int_equal(count, 77);
	assert_int_equal(value8 + value16 + value32, 3 * 77);
	assert_ptr_equal(region, (void *)1);
	close_device(*state, dev);
}

static void the_file_is_there_before_bind(void **state)
{
	struct libiommufd_device *dev = open_device(*state, ctx);
	int fd = -1;

	assert_ok(libiommufd_device_query_fd(dev, &fd));
	assert_int_equal(fd, DEV_FD);
	close_device(*state, dev);
}

/* ---- Attach and detach ---- */

static void attach_sends_12_bytes_with_the_id(void **state)
{
	struct libiommufd_device *dev = bind_device(*state, ctx);

	expect_attach(*state, DEV_FD, IOAS_ID, 0);
	assert_ok(libiommufd_device_attach(dev, ioas));
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_ATTACHED);
	close_device(*state, dev);
}

static void attach_id_sends_any_id(void **state)
{
	struct libiommufd_device *dev = bind_device(*state, ctx);

	expect_attach(*state, DEV_FD, 4711, 0);
	assert_ok(libiommufd_device_attach_id(dev, 4711));
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_ATTACHED);
	check_reach(dev, LIBIOMMUFD_REACH_ID, NULL);
	close_device(*state, dev);
}

static void attach_to_an_ioas_of_another_ctx_is_refused(void **state)
{
	struct libiommufd_ctx *other = open_native(*state);
	struct libiommufd_device *dev = bind_device(*state, other);

	assert_fails(libiommufd_device_attach(dev, ioas), -EINVAL, LIBIOMMUFD_REASON_OTHER_CTX);
	close_device(*state, dev);
	close_ctx(*state, other);
}

static void each_errno_of_attach_has_its_reason(void **state)
{
	static const struct {
		int error;
		uint32_t reason;
	} refusals[] = {
		{-EADDRINUSE, LIBIOMMUFD_REASON_IOVA_CONFLICT},
		{-EINVAL, LIBIOMMUFD_REASON_KERNEL},
		{-EFAULT, LIBIOMMUFD_REASON_BAD_MEMORY},
		{-ENOENT, LIBIOMMUFD_REASON_ARGUMENT},
		{-ENODEV, LIBIOMMUFD_REASON_DEVICE_GONE},
		{-EIO, LIBIOMMUFD_REASON_KERNEL},
	};
	struct libiommufd_device *dev = bind_device(*state, ctx);

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		expect_attach(*state, DEV_FD, IOAS_ID, refusals[i].error);
		assert_fails(libiommufd_device_attach(dev, ioas), refusals[i].error,
			     refusals[i].reason);
		assert_says("attach " NIC ": ");
		assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_BOUND);
	}
	close_device(*state, dev);
}

static void a_refused_id_is_not_the_groups_fault(void **state)
{
	struct libiommufd_device *dev = bind_device(*state, ctx);

	expect_attach(*state, DEV_FD, 77, -EINVAL);
	assert_fails(libiommufd_device_attach_id(dev, 77), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	expect_attach(*state, DEV_FD, 77, -ENOENT);
	assert_fails(libiommufd_device_attach_id(dev, 77), -ENOENT, LIBIOMMUFD_REASON_ARGUMENT);
	close_device(*state, dev);
}

static void a_first_attach_elsewhere_is_the_groups_fault(void **state)
{
	struct libiommufd_device *dev = bind_device(*state, ctx), *peer = open_peer(*state, 8);
	struct libiommufd_ioas *other = create_ioas(*state, ctx, 9);

	expect_bind(*state, 8, 0);
	assert_ok(libiommufd_device_bind(peer, NULL));
	attach_device(*state, dev, ioas);
	expect_attach(*state, 8, 9, -EINVAL);
	assert_fails(libiommufd_device_attach(peer, other), -EINVAL,
		     LIBIOMMUFD_REASON_GROUP_ATTACHED);
	expect_attach(*state, 8, 77, -EINVAL);
	assert_fails(libiommufd_device_attach_id(peer, 77), -EINVAL,
		     LIBIOMMUFD_REASON_GROUP_ATTACHED);
	check_reach(peer, LIBIOMMUFD_REACH_IOAS, ioas);
	expect_close(*state, 8, 0);
	assert_ok(libiommufd_device_close(peer, 0));
	close_device(*state, dev);
	destroy_ioas(*state, other);
}

static void a_failed_move_stays_attached_to_the_old_space(void **state)
{
	struct libiommufd_device *dev = bind_device(*state, ctx);
	struct libiommufd_ioas *other = create_ioas(*state, ctx, 9);

	attach_device(*state, dev, ioas);
	expect_attach(*state, DEV_FD, 9, -EADDRINUSE);
	assert_fails(libiommufd_device_attach(dev, other), -EADDRINUSE,
		     LIBIOMMUFD_REASON_IOVA_CONFLICT);
	check_reach(dev, LIBIOMMUFD_REACH_IOAS, ioas);
	attach_device(*state, dev, other);
	check_reach(dev, LIBIOMMUFD_REACH_IOAS, other);
	close_device(*state, dev);
	destroy_ioas(*state, other);
}

static void detach_sends_8_bytes(void **state)
{
	struct libiommufd_device *dev = bind_device(*state, ctx);

	attach_device(*state, dev, ioas);
	expect_detach(*state, DEV_FD, 0);
	assert_ok(libiommufd_device_detach(dev));
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_BOUND);
	close_device(*state, dev);
}

static void a_failed_detach_leaves_it_attached(void **state)
{
	struct libiommufd_device *dev = bind_device(*state, ctx);

	attach_device(*state, dev, ioas);
	expect_detach(*state, DEV_FD, -ENODEV);
	assert_fails(libiommufd_device_detach(dev), -ENODEV, LIBIOMMUFD_REASON_DEVICE_GONE);
	expect_detach(*state, DEV_FD, -EIO);
	assert_fails(libiommufd_device_detach(dev), -EIO, LIBIOMMUFD_REASON_KERNEL);
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_ATTACHED);
	close_device(*state, dev);
}

static void close_of_an_attached_device_is_one_close(void **state)
{
	struct libiommufd_device *dev = bind_device(*state, ctx);

	attach_device(*state, dev, ioas);
	close_device(*state, dev);
}

static void close_refuses_unknown_flags(void **state)
{
	struct libiommufd_device *dev = open_device(*state, ctx);

	assert_fails(libiommufd_device_close(dev, 2), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_fails(libiommufd_device_close(dev, 1U << 31), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	close_device(*state, dev);
}

/* ---- Reach ---- */

static void reach_follows_the_group(void **state)
{
	struct libiommufd_device *nic = open_device(*state, ctx);
	struct libiommufd_device *peer = open_peer(*state, 8);

	check_reach(nic, LIBIOMMUFD_REACH_KERNEL, NULL);
	check_reach(peer, LIBIOMMUFD_REACH_KERNEL, NULL);
	expect_bind(*state, DEV_FD, 0);
	assert_ok(libiommufd_device_bind(nic, NULL));
	check_reach(nic, LIBIOMMUFD_REACH_NOTHING, NULL);
	check_reach(peer, LIBIOMMUFD_REACH_NOTHING, NULL);
	expect_bind(*state, 8, 0);
	assert_ok(libiommufd_device_bind(peer, NULL));

	/* A member that is only bound reaches what the other one does. */
	attach_device(*state, nic, ioas);
	check_reach(nic, LIBIOMMUFD_REACH_IOAS, ioas);
	check_reach(peer, LIBIOMMUFD_REACH_IOAS, ioas);
	assert_int_equal(libiommufd_device_get_state(peer), LIBIOMMUFD_DEVICE_BOUND);

	/* And one that was detached still does while another is attached. */
	expect_attach(*state, 8, IOAS_ID, 0);
	assert_ok(libiommufd_device_attach(peer, ioas));
	expect_detach(*state, DEV_FD, 0);
	assert_ok(libiommufd_device_detach(nic));
	check_reach(nic, LIBIOMMUFD_REACH_IOAS, ioas);
	expect_detach(*state, 8, 0);
	assert_ok(libiommufd_device_detach(peer));
	check_reach(nic, LIBIOMMUFD_REACH_NOTHING, NULL);
	check_reach(peer, LIBIOMMUFD_REACH_NOTHING, NULL);

	/* The last close hands the group back. */
	close_device(*state, nic);
	check_reach(peer, LIBIOMMUFD_REACH_NOTHING, NULL);
	expect_close(*state, 8, 0);
	assert_ok(libiommufd_device_close(peer, 0));
}

static void the_last_bound_member_hands_the_group_back(void **state)
{
	struct libiommufd_device *nic = bind_device(*state, ctx), *peer = open_peer(*state, 8);

	check_reach(peer, LIBIOMMUFD_REACH_NOTHING, NULL);
	close_device(*state, nic);
	check_reach(peer, LIBIOMMUFD_REACH_KERNEL, NULL);
	expect_close(*state, 8, 0);
	assert_ok(libiommufd_device_close(peer, 0));
}

static void a_group_stays_attached_until_its_last_member_leaves(void **state)
{
	struct libiommufd_device *nic = bind_device(*state, ctx), *peer = open_peer(*state, 8);
	uint64_t iova = 0;

	expect_bind(*state, 8, 0);
	assert_ok(libiommufd_device_bind(peer, NULL));
	attach_device(*state, nic, ioas);
	expect_attach(*state, 8, IOAS_ID, 0);
	assert_ok(libiommufd_device_attach(peer, ioas));
	expect_detach(*state, DEV_FD, 0);
	assert_ok(libiommufd_device_detach(nic));
	/* So the kernel knows the ranges, and a pick needs no list. */
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP, 0, struct iommu_ioas_map, .size = 40,
		     .flags = 4, .ioas_id = IOAS_ID, .user_va = 0x10000, .length = 0x1000);
	assert_ok(libiommufd_ioas_map(ioas, (void *)0x10000, 0x1000, LIBIOMMUFD_READ, &iova));
	expect_close(*state, 8, 0);
	assert_ok(libiommufd_device_close(peer, 0));
	close_device(*state, nic);
}

static void reach_is_unknown_where_the_group_is(void **state)
{
	struct libiommufd_device *dev = NULL;

	/* A node that sysfs does not know. */
	expect_open(*state, "/dev/vfio/devices/vfio3", O_RDWR, DEV_FD);
	expect_rdev(*state, DEV_FD, NIC_DEVT, 0);
	expect_realpath(*state, "/sys/dev/char/511:3", NULL, -ENOENT);
	assert_ok(libiommufd_device_open(ctx, "/dev/vfio/devices/vfio3", NULL, &dev));
	check_reach(dev, LIBIOMMUFD_REACH_UNKNOWN, NULL);
	expect_bind(*state, DEV_FD, 0);
	assert_ok(libiommufd_device_bind(dev, NULL));
	check_reach(dev, LIBIOMMUFD_REACH_UNKNOWN, NULL);
	attach_device(*state, dev, ioas);
	check_reach(dev, LIBIOMMUFD_REACH_IOAS, ioas);
	close_device(*state, dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ioas(bind_sends_16_bytes_and_keeps_the_id),
		with_ioas(bind_with_an_ioas_is_the_same_ioctl),
		with_ioas(bind_twice_is_refused_without_a_system_call),
		with_ioas(bind_to_an_ioas_of_another_ctx_is_refused),
		with_ioas(a_failed_bind_can_be_tried_again),
		with_ioas(nothing_but_bind_works_before_bind),
		with_ioas(the_file_is_there_before_bind),
		with_ioas(attach_sends_12_bytes_with_the_id),
		with_ioas(attach_id_sends_any_id),
		with_ioas(attach_to_an_ioas_of_another_ctx_is_refused),
		with_ioas(each_errno_of_attach_has_its_reason),
		with_ioas(a_refused_id_is_not_the_groups_fault),
		with_ioas(a_first_attach_elsewhere_is_the_groups_fault),
		with_ioas(a_failed_move_stays_attached_to_the_old_space),
		with_ioas(detach_sends_8_bytes),
		with_ioas(a_failed_detach_leaves_it_attached),
		with_ioas(close_of_an_attached_device_is_one_close),
		with_ioas(close_refuses_unknown_flags),
		with_ioas(reach_follows_the_group),
		with_ioas(the_last_bound_member_hands_the_group_back),
		with_ioas(a_group_stays_attached_until_its_last_member_leaves),
		with_ioas(reach_is_unknown_where_the_group_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
