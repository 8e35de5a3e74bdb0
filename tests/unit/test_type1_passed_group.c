/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices made from another process's group: names, tokens, hot reset, and what a forked child closes. */
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

/* ---- A group's file ---- */

static void expect_group(struct script *k, int fd, int result, uint32_t flags)
{
	expect_dup(k, PASSED_GROUP, fd);
	expect_ioctl(k, fd, VFIO_GROUP_GET_STATUS, result, struct vfio_group_status, 8, 0);
	answer(k, struct vfio_group_status, 8, flags);
}

enum {
	IN_CONTAINER = VFIO_GROUP_FLAGS_VIABLE | VFIO_GROUP_FLAGS_CONTAINER_SET
};

static struct libiommufd_device *open_group(struct script *k, const char *name, int fd,
					    const struct libiommufd_group_fd_opts *opts)
{
	struct libiommufd_device *dev = NULL;

	expect_group(k, fd, 0, IN_CONTAINER);
	assert_ok(libiommufd_device_open_group_fd(ctx, PASSED_GROUP, name, opts, &dev));
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_OPENED);
	return dev;
}

static void close_group(struct script *k, struct libiommufd_device *dev, bool bound)
{
	if (bound)
		expect_close(k, DEV_FD, 0);
	expect_close(k, GROUP_FD, 0);
	assert_ok(libiommufd_device_close(dev, 0));
	assert_all_happened(k);
}

static void a_groups_device_is_opened_by_its_name(void **state)
{
	struct libiommufd_device *dev = open_group(*state, NIC, GROUP_FD, NULL);
	int fd = -1;

	assert_string_equal(libiommufd_device_get_name(dev), NIC);
	assert_fails(libiommufd_device_query_kvm_fd(dev, &fd), -EACCES,
		     LIBIOMMUFD_REASON_NOT_BOUND);
	expect_ioctl_string(*state, GROUP_FD, VFIO_GROUP_GET_DEVICE_FD, NIC, DEV_FD);
	assert_ok(libiommufd_device_bind(dev, NULL));
	assert_ok(libiommufd_device_attach(dev, ioas));
	assert_ok(libiommufd_device_query_kvm_fd(dev, &fd));
	assert_int_equal(fd, GROUP_FD);
	assert_fails(libiommufd_device_bind(dev, NULL), -EINVAL, LIBIOMMUFD_REASON_ALREADY_BOUND);
	close_group(*state, dev, true);
}

static void a_token_goes_behind_the_name(void **state)
{
	static const uint8_t token[16] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
					  0x89, 0x9a, 0xab, 0xbc, 0xcd, 0xde, 0xef, 0xff};
	static const struct libiommufd_group_fd_opts opts = {.size = sizeof(opts),
							     .vf_token = token};
	struct libiommufd_device *dev = open_group(*state, NIC, GROUP_FD, &opts);

	expect_ioctl_string(*state, GROUP_FD, VFIO_GROUP_GET_DEVICE_FD,
			    NIC " vf_token=00010203-0405-0607-899a-abbccddeefff", -EACCES);
	assert_fails(libiommufd_device_bind(dev, NULL), -EACCES, LIBIOMMUFD_REASON_VF_TOKEN);
	expect_ioctl_string(*state, GROUP_FD, VFIO_GROUP_GET_DEVICE_FD,
			    NIC " vf_token=00010203-0405-0607-899a-abbccddeefff", DEV_FD);
	assert_ok(libiommufd_device_bind(dev, NULL));
	close_group(*state, dev, true);
}

static void a_device_that_the_group_has_not_is_told_without_reading_files(void **state)
{
	struct libiommufd_device *dev =
		open_group(*state, "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001", GROUP_FD, NULL);

	expect_ioctl_string(*state, GROUP_FD, VFIO_GROUP_GET_DEVICE_FD,
			    "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001", -ENODEV);
	assert_fails(libiommufd_device_bind(dev, NULL), -ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE);
	expect_ioctl_string(*state, GROUP_FD, VFIO_GROUP_GET_DEVICE_FD,
			    "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001", -EBUSY);
	assert_fails(libiommufd_device_bind(dev, NULL), -EBUSY, LIBIOMMUFD_REASON_GROUP_BUSY);
	close_group(*state, dev, false);
}

static void what_is_no_group_or_in_no_container_is_refused(void **state)
{
	struct libiommufd_device *dev = (void *)1;

	expect_group(*state, GROUP_FD, -ENOTTY, 0);
	expect_close(*state, GROUP_FD, 0);
	assert_fails(libiommufd_device_open_group_fd(ctx, PASSED_GROUP, NIC, NULL, &dev), -ENOTTY,
		     LIBIOMMUFD_REASON_ARGUMENT);
	expect_group(*state, GROUP_FD, 0, VFIO_GROUP_FLAGS_VIABLE);
	expect_close(*state, GROUP_FD, 0);
	assert_fails(libiommufd_device_open_group_fd(ctx, PASSED_GROUP, NIC, NULL, &dev), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_says("in no container");
	expect_dup(*state, PASSED_GROUP, -EBADF);
	assert_fails(libiommufd_device_open_group_fd(ctx, PASSED_GROUP, NIC, NULL, &dev), -EBADF,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_ptr_equal(dev, (void *)1);
}

/* What is behind a space would be taken for a token. */
static void a_name_that_cannot_be_is_refused(void **state)
{
	char long_name[200];
	const char *const names[] =
		{"", "0000:06:00.0 vf_token=0", "../0000:06:00.0", "/", " ", long_name};
	struct libiommufd_device *dev = (void *)1;

	(void)state;
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_fails(libiommufd_device_open_group_fd(ctx, PASSED_GROUP, names[i], NULL,
							     &dev),
			     -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_ptr_equal(dev, (void *)1);
}

/* ---- Groups with a number ---- */

static const struct libiommufd_group_fd_opts in_group_11 = {.size = sizeof(in_group_11),
							    .flags = LIBIOMMUFD_GROUP_FD_NUMBER,
							    .group = 11};

static void expect_reset_info(struct script *k)
{
	uint32_t in[3 + 16 * 2] = {12 + 16 * 8}, out[3 + 16 * 2] = {12 + 8, 0, 1};
	struct vfio_pci_dependent_device found = {.group_id = 11, .bus = 6};

	memcpy(out + 3, &found, sizeof(found));
	expect_ioctl_bytes(k, DEV_FD, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, in, sizeof(in), 0);
	answer_bytes(k, out, sizeof(out));
}

static void a_hot_reset_proves_a_passed_group_by_its_number(void **state)
{
	struct libiommufd_device *dev = open_group(*state, NIC, GROUP_FD, &in_group_11);
	uint32_t cmd[4] = {16, 0, 1, 60};

	expect_ioctl_string(*state, GROUP_FD, VFIO_GROUP_GET_DEVICE_FD, NIC, DEV_FD);
	assert_ok(libiommufd_device_bind(dev, NULL));
	expect_reset_info(*state);
	expect_dup(*state, GROUP_FD, 60);
	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_PCI_HOT_RESET, cmd, sizeof(cmd), 0);
	expect_close(*state, 60, 0);
	assert_ok(libiommufd_device_hot_reset(dev));
	close_group(*state, dev, true);
}

static void a_group_without_a_number_proves_nothing(void **state)
{
	struct libiommufd_device *dev = open_group(*state, NIC, GROUP_FD, NULL);

	expect_ioctl_string(*state, GROUP_FD, VFIO_GROUP_GET_DEVICE_FD, NIC, DEV_FD);
	assert_ok(libiommufd_device_bind(dev, NULL));
	expect_reset_info(*state);
	assert_fails(libiommufd_device_hot_reset(dev), -EPERM, LIBIOMMUFD_REASON_NOT_OWNED);
	close_group(*state, dev, true);
}

static void two_devices_of_one_group_keep_one_file_of_it(void **state)
{
	struct libiommufd_device *first = open_group(*state, NIC, GROUP_FD, &in_group_11);
	struct libiommufd_device *second = NULL;
	int fd = -1;

	expect_group(*state, 61, 0, IN_CONTAINER);
	expect_close(*state, 61, 0);
	assert_ok(libiommufd_device_open_group_fd(ctx, PASSED_GROUP, "0000:06:00.1", &in_group_11,
						  &second));
	expect_ioctl_string(*state, GROUP_FD, VFIO_GROUP_GET_DEVICE_FD, "0000:06:00.1", DEV_FD);
	assert_ok(libiommufd_device_bind(second, NULL));
	/* It stays until the last of them is closed. */
	assert_ok(libiommufd_device_close(first, 0));
	assert_ok(libiommufd_device_query_kvm_fd(second, &fd));
	assert_int_equal(fd, GROUP_FD);
	close_group(*state, second, true);
}

static void a_child_closes_its_copies_and_nothing_else(void **state)
{
	struct libiommufd_device *by_group = open_group(*state, NIC, GROUP_FD, NULL);
	struct libiommufd_device *by_file;

	expect_ioctl_string(*state, GROUP_FD, VFIO_GROUP_GET_DEVICE_FD, NIC, DEV_FD);
	assert_ok(libiommufd_device_bind(by_group, NULL));
	assert_ok(libiommufd_device_attach(by_group, ioas));
	expect_dup(*state, PASSED_DEVICE, 8);
	assert_ok(
		libiommufd_device_open_fd(ctx, PASSED_DEVICE,
					  &(struct libiommufd_device_fd_opts){
						  .size = sizeof(struct libiommufd_device_fd_opts),
						  .state = LIBIOMMUFD_DEVICE_BOUND},
					  &by_file));
	expect_ioctl(*state, CONTAINER_FD, VFIO_IOMMU_MAP_DMA, 0, struct vfio_iommu_type1_dma_map,
		     32, 3, 0x7f0000123000, 0x10000, 0x1000);
	assert_ok(libiommufd_ioas_map_at(ioas, (void *)0x7f0000123000, 0x1000, RW, 0x10000));
	/* From here on this process is a child of itself, as the library sees it. */
	memset(owner_page(), 0, page_size());
	assert_fails(libiommufd_ioas_unmap_all(ioas, NULL), -EPERM,
		     LIBIOMMUFD_REASON_OTHER_PROCESS);
	assert_ok(libiommufd_ioas_destroy(ioas));
	expect_close(*state, 8, 0);
	assert_ok(libiommufd_device_close(by_file, 0));
	close_group(*state, by_group, true);
	end_ctx(*state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		passed(a_groups_device_is_opened_by_its_name),
		passed(a_token_goes_behind_the_name),
		passed(a_device_that_the_group_has_not_is_told_without_reading_files),
		passed(what_is_no_group_or_in_no_container_is_refused),
		passed(a_name_that_cannot_be_is_refused),
		passed(a_hot_reset_proves_a_passed_group_by_its_number),
		passed(a_group_without_a_number_proves_nothing),
		passed(two_devices_of_one_group_keep_one_file_of_it),
		cmocka_unit_test_setup_teardown(a_child_closes_its_copies_and_nothing_else, setup,
						script_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
