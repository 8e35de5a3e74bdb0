/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resets: of the function; of slot or bus, with who is affected and who owns it, on both backends. */
#include "flows.h"

/* The kernel's list of two devices, as it writes it. */
struct two_devices {
	struct {
		uint32_t argsz, flags, count;
	} head;
	struct vfio_pci_dependent_device devices[2];
};

/* What the library asks with: room for 16. */
static void expect_info(struct script *k, const struct two_devices *found, int result)
{
	uint32_t in[3 + 16 * 2] = {12 + 16 * 8};

	expect_ioctl_bytes(k, DEV_FD, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, in, sizeof(in), result);
	if (found) {
		uint32_t out[3 + 16 * 2] = {0};
		memcpy(out, found, sizeof(*found));
		answer_bytes(k, out, sizeof(out));
	}
}

static struct two_devices by_device(uint32_t first, uint32_t second)
{
	struct two_devices found = {
		.head = {12 + 16, VFIO_PCI_HOT_RESET_FLAG_DEV_ID, 2},
		.devices = {{.devid = first, .bus = 6, .devfn = 0},
			    {.devid = second, .bus = 6, .devfn = 1}},
	};
	return found;
}

static struct two_devices by_group(uint32_t first, uint32_t second)
{
	struct two_devices found = {
		.head = {12 + 16, 0, 2},
		.devices = {{.group_id = first, .bus = 6, .devfn = 0},
			    {.group_id = second, .segment = 1, .bus = 0xab, .devfn = 0xff}},
	};
	return found;
}

/* ---- Native ---- */

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

#define native(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void reset_is_one_ioctl(void **state)
{
	expect_ioctl_number(*state, DEV_FD, VFIO_DEVICE_RESET, 0, 0);
	assert_ok(libiommufd_device_reset(dev));
}

static void a_device_that_cannot_be_reset_says_what_may_do(void **state)
{
	expect_ioctl_number(*state, DEV_FD, VFIO_DEVICE_RESET, 0, -EINVAL);
	assert_fails(libiommufd_device_reset(dev), -EINVAL, LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_says("hot_reset");
	expect_ioctl_number(*state, DEV_FD, VFIO_DEVICE_RESET, 0, -ENOTTY);
	assert_fails(libiommufd_device_reset(dev), -EINVAL, LIBIOMMUFD_REASON_NOT_SUPPORTED);
	expect_ioctl_number(*state, DEV_FD, VFIO_DEVICE_RESET, 0, -EAGAIN);
	assert_fails(libiommufd_device_reset(dev), -EAGAIN, LIBIOMMUFD_REASON_KERNEL);
	expect_ioctl_number(*state, DEV_FD, VFIO_DEVICE_RESET, 0, -ENODEV);
	assert_fails(libiommufd_device_reset(dev), -ENODEV, LIBIOMMUFD_REASON_DEVICE_GONE);
}

static void the_list_has_addresses_and_owners_by_device_id(void **state)
{
	struct two_devices found = by_device(DEV_ID, VFIO_PCI_DEVID_NOT_OWNED);
	struct libiommufd_hot_reset *reset = NULL;

	expect_info(*state, &found, 0);
	assert_ok(libiommufd_device_query_hot_reset(dev, &reset));
	assert_int_equal(libiommufd_hot_reset_get_count(reset), 2);
	assert_string_equal(libiommufd_hot_reset_get_address(reset, 0), "0000:06:00.0");
	assert_string_equal(libiommufd_hot_reset_get_address(reset, 1), "0000:06:00.1");
	assert_null(libiommufd_hot_reset_get_address(reset, 2));
	assert_true(libiommufd_hot_reset_is_owned(reset, 0));
	assert_false(libiommufd_hot_reset_is_owned(reset, 1));
	assert_false(libiommufd_hot_reset_is_owned(reset, 2));
	assert_null(libiommufd_hot_reset_free(reset));
	assert_null(libiommufd_hot_reset_free(NULL));
	assert_int_equal(libiommufd_hot_reset_get_count(NULL), 0);
}

static void id_0_is_owned_with_its_group(void **state)
{
	struct two_devices found = by_device(DEV_ID, VFIO_PCI_DEVID_OWNED);
	struct libiommufd_hot_reset *reset = NULL;

	expect_info(*state, &found, 0);
	assert_ok(libiommufd_device_query_hot_reset(dev, &reset));
	assert_true(libiommufd_hot_reset_is_owned(reset, 1));
	libiommufd_hot_reset_free(reset);
}

static void a_longer_list_is_asked_for_again(void **state)
{
	uint32_t first[3 + 16 * 2] = {12 + 16 * 8}, second[3 + 20 * 2] = {12 + 20 * 8};
	uint32_t short_answer[3] = {12 + 16 * 8, VFIO_PCI_HOT_RESET_FLAG_DEV_ID, 20};
	uint32_t whole[3 + 20 * 2] = {12 + 20 * 8, VFIO_PCI_HOT_RESET_FLAG_DEV_ID, 20};
	struct libiommufd_hot_reset *reset = NULL;

	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, first, sizeof(first),
			   -ENOSPC);
	answer_bytes(*state, short_answer, sizeof(short_answer));
	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, second,
			   sizeof(second), 0);
	answer_bytes(*state, whole, sizeof(whole));
	assert_ok(libiommufd_device_query_hot_reset(dev, &reset));
	assert_int_equal(libiommufd_hot_reset_get_count(reset), 20);
	libiommufd_hot_reset_free(reset);
}

static void a_list_longer_than_its_room_is_refused(void **state)
{
	struct libiommufd_hot_reset *reset = (void *)1;
	struct two_devices found = by_device(DEV_ID, DEV_ID);

	found.head.count = 17;
	expect_info(*state, &found, 0);
	assert_fails(libiommufd_device_query_hot_reset(dev, &reset), -EIO,
		     LIBIOMMUFD_REASON_KERNEL);
	assert_ptr_equal(reset, (void *)1);
}

static void a_hot_reset_of_owned_devices_sends_no_files(void **state)
{
	struct two_devices found = by_device(DEV_ID, DEV_ID + 1);
	uint32_t cmd[3] = {12, 0, 0};

	expect_info(*state, &found, 0);
	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_PCI_HOT_RESET, cmd, sizeof(cmd), 0);
	assert_ok(libiommufd_device_hot_reset(dev));
}

static void a_hot_reset_of_anothers_device_names_it_and_asks_nothing(void **state)
{
	struct two_devices found = by_device(DEV_ID, VFIO_PCI_DEVID_NOT_OWNED);

	expect_info(*state, &found, 0);
	assert_fails(libiommufd_device_hot_reset(dev), -EINVAL, LIBIOMMUFD_REASON_NOT_OWNED);
	assert_says("0000:06:00.1");
}

static void a_device_without_slot_or_bus_reset_is_not_supported(void **state)
{
	expect_info(*state, NULL, -ENODEV);
	assert_fails(libiommufd_device_hot_reset(dev), -ENODEV, LIBIOMMUFD_REASON_NOT_SUPPORTED);
}

/* ---- Type1 ---- */

static int setup_type1(void **state)
{
	if (script_setup(state))
		return -1;
	ctx = open_type1(*state);
	dev = bind_device_type1(*state, ctx);
	return 0;
}

static int teardown_type1(void **state)
{
	close_device_type1(*state, dev);
	close_ctx(*state, ctx);
	return script_teardown(state);
}

#define type1(test) cmocka_unit_test_setup_teardown(test, setup_type1, teardown_type1)

static void groups_are_owned_while_a_device_of_theirs_is_bound(void **state)
{
	struct two_devices found = by_group(11, 12);
	struct libiommufd_hot_reset *reset = NULL;

	expect_info(*state, &found, 0);
	assert_ok(libiommufd_device_query_hot_reset(dev, &reset));
	assert_true(libiommufd_hot_reset_is_owned(reset, 0));
	assert_false(libiommufd_hot_reset_is_owned(reset, 1));
	assert_string_equal(libiommufd_hot_reset_get_address(reset, 1), "0001:ab:1f.7");
	libiommufd_hot_reset_free(reset);
	expect_info(*state, &found, 0);
	assert_fails(libiommufd_device_hot_reset(dev), -EPERM, LIBIOMMUFD_REASON_NOT_OWNED);
	assert_says("0001:ab:1f.7");
}

static void a_hot_reset_shows_each_groups_file_once_and_closes_its_copy(void **state)
{
	struct two_devices found = by_group(11, 11);
	uint32_t cmd[4] = {16, 0, 1, 60};

	expect_info(*state, &found, 0);
	expect_dup(*state, GROUP_FD, 60);
	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_PCI_HOT_RESET, cmd, sizeof(cmd), 0);
	expect_close(*state, 60, 0);
	assert_ok(libiommufd_device_hot_reset(dev));
}

static void a_failed_hot_reset_closes_its_copies_too(void **state)
{
	struct two_devices found = by_group(11, 11);
	uint32_t cmd[4] = {16, 0, 1, 60};

	expect_info(*state, &found, 0);
	expect_dup(*state, GROUP_FD, 60);
	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_PCI_HOT_RESET, cmd, sizeof(cmd), -EBUSY);
	expect_close(*state, 60, 0);
	assert_fails(libiommufd_device_hot_reset(dev), -EBUSY, LIBIOMMUFD_REASON_KERNEL);
	expect_info(*state, &found, 0);
	expect_dup(*state, GROUP_FD, -EMFILE);
	assert_fails(libiommufd_device_hot_reset(dev), -EMFILE, LIBIOMMUFD_REASON_KERNEL);
}

static void kvm_gets_the_groups_file_from_bind_on(void **state)
{
	int fd = 77;

	(void)state;
	assert_ok(libiommufd_device_query_kvm_fd(dev, &fd));
	assert_int_equal(fd, GROUP_FD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		native(reset_is_one_ioctl),
		native(a_device_that_cannot_be_reset_says_what_may_do),
		native(the_list_has_addresses_and_owners_by_device_id),
		native(id_0_is_owned_with_its_group),
		native(a_longer_list_is_asked_for_again),
		native(a_list_longer_than_its_room_is_refused),
		native(a_hot_reset_of_owned_devices_sends_no_files),
		native(a_hot_reset_of_anothers_device_names_it_and_asks_nothing),
		native(a_device_without_slot_or_bus_reset_is_not_supported),
		type1(groups_are_owned_while_a_device_of_theirs_is_bound),
		type1(a_hot_reset_shows_each_groups_file_once_and_closes_its_copy),
		type1(a_failed_hot_reset_closes_its_copies_too),
		type1(kvm_gets_the_groups_file_from_bind_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
