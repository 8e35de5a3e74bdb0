/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device features, low power, ioeventfds and the token of a virtual function, by their exact bytes. */
#include "flows.h"

static struct libiommufd_ctx *ctx;
static struct libiommufd_device *dev;

static int setup(void **state)
{
	if (script_setup(state))
		return -1;
	ctx = open_native(*state);
	dev = bind_device(*state, ctx);
	return 0;
}

static int teardown(void **state)
{
	close_device(*state, dev);
	close_ctx(*state, ctx);
	return script_teardown(state);
}

#define with_device(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* ---- Features ---- */

static void set_sends_the_data_behind_the_header(void **state)
{
	const uint32_t words[] = {8 + 4, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_BUS_MASTER,
				  1};
	uint32_t value = 1;

	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_FEATURE, words, sizeof(words), 0);
	assert_ok(libiommufd_device_feature(dev,
					    LIBIOMMUFD_DEVICE_FEATURE_SET |
						    VFIO_DEVICE_FEATURE_BUS_MASTER,
					    &value, 4));
}

static void get_brings_the_data_back_and_the_kernels_result(void **state)
{
	const uint32_t in[] = {8 + 8, VFIO_DEVICE_FEATURE_GET | 5, 1, 2};
	const uint32_t out[] = {8 + 8, VFIO_DEVICE_FEATURE_GET | 5, 0xaa, 0xbb};
	uint32_t data[2] = {1, 2};

	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_FEATURE, in, sizeof(in), 9);
	answer_bytes(*state, out, sizeof(out));
	assert_returns(libiommufd_device_feature(dev, LIBIOMMUFD_DEVICE_FEATURE_GET | 5, data, 8),
		       9);
	assert_int_equal(data[0], 0xaa);
	assert_int_equal(data[1], 0xbb);
}

static void a_failed_get_leaves_the_data_alone(void **state)
{
	const uint32_t in[] = {8 + 4, VFIO_DEVICE_FEATURE_GET | 5, 1};
	const uint32_t out[] = {8 + 4, VFIO_DEVICE_FEATURE_GET | 5, 0xaa};
	uint32_t data = 1;

	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_FEATURE, in, sizeof(in), -EINVAL);
	answer_bytes(*state, out, sizeof(out));
	assert_fails(libiommufd_device_feature(dev, LIBIOMMUFD_DEVICE_FEATURE_GET | 5, &data, 4),
		     -EINVAL, LIBIOMMUFD_REASON_KERNEL);
	assert_int_equal(data, 1);
}

static void probe_needs_no_data_and_an_unknown_feature_is_not_supported(void **state)
{
	const uint32_t words[] = {8, VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET | 77};

	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_FEATURE, words, sizeof(words), -ENOTTY);
	assert_fails(libiommufd_device_feature(dev,
					       LIBIOMMUFD_DEVICE_FEATURE_PROBE |
						       LIBIOMMUFD_DEVICE_FEATURE_SET | 77,
					       NULL, 0),
		     -ENOTTY, LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_says("feature 77");
}

static void data_without_memory_and_far_too_much_are_refused(void **state)
{
	uint32_t data = 0;

	(void)state;
	assert_fails(libiommufd_device_feature(dev, LIBIOMMUFD_DEVICE_FEATURE_SET, NULL, 4),
		     -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_fails(libiommufd_device_feature(dev, LIBIOMMUFD_DEVICE_FEATURE_SET, &data,
					       (1 << 20) + 1),
		     -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
}

static void low_power_is_a_feature_with_or_without_a_wakeup(void **state)
{
	const uint32_t plain[] = {8, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY};
	const uint32_t wakeup[] = {16,
				   VFIO_DEVICE_FEATURE_SET |
					   VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
				   30, 0};
	const uint32_t leave[] = {8, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT};

	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_FEATURE, plain, sizeof(plain), 0);
	assert_ok(libiommufd_device_enter_low_power(dev, -1));
	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_FEATURE, leave, sizeof(leave), 0);
	assert_ok(libiommufd_device_exit_low_power(dev));
	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_FEATURE, wakeup, sizeof(wakeup), 0);
	assert_ok(libiommufd_device_enter_low_power(dev, 30));
}

/* ---- Ioeventfds ---- */

static struct libiommufd_region *bar(struct script *k)
{
	struct libiommufd_region *region = NULL;

	expect_ioctl(k, DEV_FD, VFIO_DEVICE_GET_REGION_INFO, 0, struct vfio_region_info,
		     .argsz = sizeof(struct vfio_region_info), .index = 2);
	answer(k, struct vfio_region_info, .argsz = sizeof(struct vfio_region_info), .index = 2,
	       .flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE, .size = 0x1000,
	       .offset = 2ULL << 40);
	assert_ok(libiommufd_device_query_region(dev, 2, &region));
	return region;
}

static void an_ioeventfd_names_the_register_in_the_file_and_its_width(void **state)
{
	struct libiommufd_region *region = bar(*state);

	expect_ioctl(*state, DEV_FD, VFIO_DEVICE_IOEVENTFD, 0, struct vfio_device_ioeventfd,
		     .argsz = sizeof(struct vfio_device_ioeventfd),
		     .flags = VFIO_DEVICE_IOEVENTFD_32, .offset = (2ULL << 40) + 0xffc,
		     .data = 0x1234, .fd = 30);
	assert_ok(libiommufd_region_set_ioeventfd(region, 0xffc, 4, 0x1234, 30));
	expect_ioctl(*state, DEV_FD, VFIO_DEVICE_IOEVENTFD, -ENODEV, struct vfio_device_ioeventfd,
		     .argsz = sizeof(struct vfio_device_ioeventfd),
		     .flags = VFIO_DEVICE_IOEVENTFD_8, .offset = 2ULL << 40, .fd = -1);
	assert_fails(libiommufd_region_set_ioeventfd(region, 0, 1, 0, -1), -ENODEV,
		     LIBIOMMUFD_REASON_ARGUMENT);
	expect_ioctl(*state, DEV_FD, VFIO_DEVICE_IOEVENTFD, -ENOTTY, struct vfio_device_ioeventfd,
		     .argsz = sizeof(struct vfio_device_ioeventfd),
		     .flags = VFIO_DEVICE_IOEVENTFD_64, .offset = (2ULL << 40) + 8, .fd = 30);
	assert_fails(libiommufd_region_set_ioeventfd(region, 8, 8, 0, 30), -ENOTTY,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
}

static void what_is_no_register_is_refused_before_the_kernel(void **state)
{
	struct libiommufd_region *region = bar(*state);

#define refused(offset, width)                                                               \
	assert_fails(libiommufd_region_set_ioeventfd(region, offset, width, 0, 30), -EINVAL, \
		     LIBIOMMUFD_REASON_ARGUMENT)
	refused(0, 0);
	refused(0, 3);
	refused(0, 16);
	refused(2, 4);
	refused(0x1000, 1);
	refused(UINT64_MAX - 7, 8);
#undef refused
}

/* ---- Tokens ---- */

static const uint8_t token[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff};

static struct libiommufd_device *open_with_token(struct script *k, struct libiommufd_ctx *c)
{
	const struct libiommufd_device_opts opts = {.size = sizeof(opts), .vf_token = token};
	struct libiommufd_device *vf = NULL;

	expect_place(k);
	expect_open(k, NIC_NODE, O_RDWR, DEV_FD);
	expect_rdev(k, DEV_FD, NIC_DEVT, 0);
	expect_attribute(k, NIC_SYSFS "/vfio-dev/vfio3/dev", "511:3\n");
	assert_ok(libiommufd_device_open(c, NIC, &opts, &vf));
	return vf;
}

static void a_token_goes_with_the_long_form_of_bind(void **state)
{
	const struct vfio_device_bind_iommufd cmd = {.argsz = sizeof(cmd),
						     .flags = VFIO_DEVICE_BIND_FLAG_TOKEN,
						     .iommufd = IOMMU_FD};
	struct libiommufd_ctx *c = open_native(*state);
	struct libiommufd_device *vf = open_with_token(*state, c);

	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_BIND_IOMMUFD, &cmd, sizeof(cmd), -EACCES);
	points_to(*state, offsetof(struct vfio_device_bind_iommufd, token_uuid_ptr), token, 16);
	assert_fails(libiommufd_device_bind(vf, NULL), -EACCES, LIBIOMMUFD_REASON_VF_TOKEN);
	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_BIND_IOMMUFD, &cmd, sizeof(cmd), -EINVAL);
	points_to(*state, offsetof(struct vfio_device_bind_iommufd, token_uuid_ptr), token, 16);
	assert_fails(libiommufd_device_bind(vf, NULL), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_BIND_IOMMUFD, &cmd, sizeof(cmd), 0);
	points_to(*state, offsetof(struct vfio_device_bind_iommufd, token_uuid_ptr), token, 16);
	assert_ok(libiommufd_device_bind(vf, NULL));
	close_device(*state, vf);
	close_ctx(*state, c);
}

static void on_type1_the_token_is_part_of_the_name(void **state)
{
	const struct libiommufd_device_opts opts = {.size = sizeof(opts), .vf_token = token};
	struct libiommufd_ctx *c = open_type1(*state);
	struct libiommufd_device *vf = NULL;

	expect_place(*state);
	expect_access(*state, "/dev/vfio/11", 0);
	assert_ok(libiommufd_device_open(c, NIC, &opts, &vf));
	expect_claim(*state);
	expect_ioctl_string(*state, GROUP_FD, VFIO_GROUP_GET_DEVICE_FD,
			    NIC " vf_token=00010203-0405-0607-0809-0a0b0c0d0eff", DEV_FD);
	assert_ok(libiommufd_device_bind(vf, NULL));
	close_device_type1(*state, vf);
	close_ctx(*state, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_device(set_sends_the_data_behind_the_header),
		with_device(get_brings_the_data_back_and_the_kernels_result),
		with_device(a_failed_get_leaves_the_data_alone),
		with_device(probe_needs_no_data_and_an_unknown_feature_is_not_supported),
		with_device(data_without_memory_and_far_too_much_are_refused),
		with_device(low_power_is_a_feature_with_or_without_a_wakeup),
		with_device(an_ioeventfd_names_the_register_in_the_file_and_its_width),
		with_device(what_is_no_register_is_refused_before_the_kernel),
		scripted(a_token_goes_with_the_long_form_of_bind),
		scripted(on_type1_the_token_is_part_of_the_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
