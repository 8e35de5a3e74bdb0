/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configuration space: byte order, alignment, bus mastering, devices without it. */
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

#define CONFIG_AT 0x70000000000ULL

static void expect_kind(struct script *k, uint32_t flags)
{
	expect_ioctl(k, DEV_FD, VFIO_DEVICE_GET_INFO, 0, struct vfio_device_info, 24);
	answer(k, struct vfio_device_info, .argsz = 24, .flags = flags);
}

static void expect_region(struct script *k, uint64_t size)
{
	expect_kind(k, VFIO_DEVICE_FLAGS_PCI);
	expect_ioctl(k, DEV_FD, VFIO_DEVICE_GET_REGION_INFO, 0, struct vfio_region_info, 32, 0, 7);
	answer(k, struct vfio_region_info, .argsz = 32, .flags = 3, .index = 7, .size = size,
	       .offset = CONFIG_AT);
}

static void values_are_little_endian(void **state)
{
	uint32_t value32 = 0;
	uint16_t value16 = 0;
	uint8_t value8 = 0;

	expect_region(*state, 256);
	expect_pread(*state, DEV_FD, "\x12", 1, CONFIG_AT + 3, 1);
	assert_ok(libiommufd_device_config_read8(dev, 3, &value8));
	assert_int_equal(value8, 0x12);
	expect_pread(*state, DEV_FD, "\x12\x34", 2, CONFIG_AT + 2, 2);
	assert_ok(libiommufd_device_config_read16(dev, 2, &value16));
	assert_int_equal(value16, 0x3412);
	expect_pread(*state, DEV_FD, "\x12\x34\x56\x78", 4, CONFIG_AT + 252, 4);
	assert_ok(libiommufd_device_config_read32(dev, 252, &value32));
	assert_int_equal(value32, 0x78563412);

	expect_pwrite(*state, DEV_FD, "\x12", 1, CONFIG_AT + 255, 1);
	assert_ok(libiommufd_device_config_write8(dev, 255, 0x12));
	expect_pwrite(*state, DEV_FD, "\x12\x34", 2, CONFIG_AT + 2, 2);
	assert_ok(libiommufd_device_config_write16(dev, 2, 0x3412));
	expect_pwrite(*state, DEV_FD, "\x12\x34\x56\x78", 4, CONFIG_AT + 4, 4);
	assert_ok(libiommufd_device_config_write32(dev, 4, 0x78563412));
}

static void offsets_are_aligned_and_inside(void **state)
{
	const uint32_t reason = LIBIOMMUFD_REASON_ARGUMENT;
	uint32_t value32 = 77;
	uint16_t value16 = 77;
	uint8_t value8 = 77;

	expect_region(*state, 256);
	for (uint32_t odd = 1; odd < 4; odd++) {
		assert_fails(libiommufd_device_config_read32(dev, 4 + odd, &value32), -EINVAL,
			     reason);
		assert_fails(libiommufd_device_config_write32(dev, 4 + odd, 1), -EINVAL, reason);
	}
	assert_fails(libiommufd_device_config_read16(dev, 5, &value16), -EINVAL, reason);
	assert_fails(libiommufd_device_config_write16(dev, 5, 1), -EINVAL, reason);
	assert_fails(libiommufd_device_config_read8(dev, 256, &value8), -EINVAL, reason);
	assert_fails(libiommufd_device_config_write8(dev, 256, 1), -EINVAL, reason);
	assert_fails(libiommufd_device_config_read16(dev, 256, &value16), -EINVAL, reason);
	assert_fails(libiommufd_device_config_read32(dev, 256, &value32), -EINVAL, reason);
	assert_fails(libiommufd_device_config_read32(dev, 0xfffffffc, &value32), -EINVAL, reason);
	assert_int_equal(value8 + value16 + value32, 3 * 77);
}

static void other_devices_have_none(void **state)
{
	uint8_t value = 77;

	/* Left out, or empty. */
	expect_kind(*state, VFIO_DEVICE_FLAGS_PCI);
	expect_ioctl(*state, DEV_FD, VFIO_DEVICE_GET_REGION_INFO, -EINVAL, struct vfio_region_info,
		     32, 0, 7);
	assert_fails(libiommufd_device_config_read8(dev, 0, &value), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	expect_ioctl(*state, DEV_FD, VFIO_DEVICE_GET_REGION_INFO, 0, struct vfio_region_info, 32, 0,
		     7);
	answer(*state, struct vfio_region_info, .argsz = 32, .flags = 3, .index = 7);
	assert_fails(libiommufd_device_set_bus_master(dev, true), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_int_equal(value, 77);
}

static void region_7_of_another_bus_is_not_touched(void **state)
{
	uint8_t value = 77;

	expect_kind(*state, VFIO_DEVICE_FLAGS_PLATFORM);
	assert_fails(libiommufd_device_config_read8(dev, 0, &value), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_fails(libiommufd_device_set_bus_master(dev, true), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_fails(libiommufd_device_config_write16(dev, 4, 4), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_int_equal(value, 77);
}

static void a_device_that_is_gone_says_so_when_asked_for_its_bus(void **state)
{
	uint8_t value = 77;

	expect_ioctl(*state, DEV_FD, VFIO_DEVICE_GET_INFO, -ENODEV, struct vfio_device_info, 24);
	assert_fails(libiommufd_device_config_read8(dev, 0, &value), -ENODEV,
		     LIBIOMMUFD_REASON_DEVICE_GONE);
	assert_int_equal(value, 77);
}

static void a_failed_read_leaves_the_output_alone(void **state)
{
	uint32_t value32 = 77;
	uint16_t value16 = 77;
	uint8_t value8 = 77;

	expect_region(*state, 256);
	expect_pread(*state, DEV_FD, NULL, 1, CONFIG_AT, -EIO);
	assert_fails(libiommufd_device_config_read8(dev, 0, &value8), -EIO,
		     LIBIOMMUFD_REASON_KERNEL);
	expect_pread(*state, DEV_FD, "\x12\x34", 2, CONFIG_AT, 1);
	assert_fails(libiommufd_device_config_read16(dev, 0, &value16), -EIO,
		     LIBIOMMUFD_REASON_KERNEL);
	expect_pread(*state, DEV_FD, NULL, 4, CONFIG_AT, -ENODEV);
	assert_fails(libiommufd_device_config_read32(dev, 0, &value32), -ENODEV,
		     LIBIOMMUFD_REASON_DEVICE_GONE);
	assert_int_equal(value8 + value16 + value32, 3 * 77);
}

static void bus_mastering_changes_one_bit_of_the_command(void **state)
{
	expect_region(*state, 256);
	expect_pread(*state, DEV_FD, "\x03\x04", 2, CONFIG_AT + 4, 2);
	expect_pwrite(*state, DEV_FD, "\x07\x04", 2, CONFIG_AT + 4, 2);
	assert_ok(libiommufd_device_set_bus_master(dev, true));
	expect_pread(*state, DEV_FD, "\xff\xff", 2, CONFIG_AT + 4, 2);
	expect_pwrite(*state, DEV_FD, "\xfb\xff", 2, CONFIG_AT + 4, 2);
	assert_ok(libiommufd_device_set_bus_master(dev, false));
}

static void bus_mastering_writes_nothing_it_could_not_read(void **state)
{
	expect_region(*state, 256);
	expect_pread(*state, DEV_FD, NULL, 2, CONFIG_AT + 4, -EIO);
	assert_fails(libiommufd_device_set_bus_master(dev, true), -EIO, LIBIOMMUFD_REASON_KERNEL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_device(values_are_little_endian),
		with_device(offsets_are_aligned_and_inside),
		with_device(other_devices_have_none),
		with_device(region_7_of_another_bus_is_not_touched),
		with_device(a_device_that_is_gone_says_so_when_asked_for_its_bus),
		with_device(a_failed_read_leaves_the_output_alone),
		with_device(bus_mastering_changes_one_bit_of_the_command),
		with_device(bus_mastering_writes_nothing_it_could_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
