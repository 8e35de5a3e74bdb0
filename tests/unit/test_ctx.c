/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Contexts: which backend is chosen and why, which errno wins, the environment, references. */
#include "flows.h"

static int setup(void **state)
{
	unsetenv("LIBIOMMUFD_BACKEND");
	return script_setup(state);
}

#define with_script(test) cmocka_unit_test_setup_teardown(test, setup, script_teardown)

static struct libiommufd_ctx *open_auto(struct script *k)
{
	struct libiommufd_ctx *ctx = NULL;

	assert_ok(ctx_open(script_sys(k), NULL, &ctx));
	assert_all_happened(k);
	return ctx;
}

static void check_open_fails(struct script *k, uint32_t backend, int error, uint32_t reason)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts), .backend = backend};
	struct libiommufd_ctx *ctx = (void *)1;

	assert_fails(ctx_open(script_sys(k), &opts, &ctx), error, reason);
	assert_ptr_equal(ctx, (void *)1);
	assert_all_happened(k);
}

static void expect_iommu(struct script *k)
{
	expect_open(k, "/dev/iommu", O_RDWR, IOMMU_FD);
	expect_probe(k, IOMMU_FD, IOMMU_IOAS_ALLOC, -EINVAL);
}

/* ---- The choice ---- */

static void native_where_a_vfio_device_has_its_file_dev(void **state)
{
	expect_iommu(*state);
	expect_list(*state, 0, "/sys/class/vfio-dev", "vfio0", NULL);
	expect_attribute(*state, "/sys/class/vfio-dev/vfio0/dev", "511:0\n");
	expect_owner(*state);
	struct libiommufd_ctx *ctx = open_auto(*state);
	assert_int_equal(libiommufd_ctx_get_backend(ctx), LIBIOMMUFD_BACKEND_NATIVE);
	assert_string_equal(libiommufd_ctx_get_backend_why(ctx), "native: /dev/iommu can be used");
	close_ctx(*state, ctx);
}

static void native_where_no_vfio_device_speaks_against_it(void **state)
{
	expect_iommu(*state);
	expect_list(*state, 0, "/sys/class/vfio-dev", NULL);
	expect_owner(*state);
	close_ctx(*state, open_auto(*state));
	expect_iommu(*state);
	expect_list(*state, -ENOENT, "/sys/class/vfio-dev", NULL);
	expect_owner(*state);
	struct libiommufd_ctx *ctx = open_auto(*state);
	assert_int_equal(libiommufd_ctx_get_backend(ctx), LIBIOMMUFD_BACKEND_NATIVE);
	close_ctx(*state, ctx);
}

static void one_file_dev_among_many_devices_is_enough(void **state)
{
	expect_iommu(*state);
	expect_list(*state, 0, "/sys/class/vfio-dev", "vfio0", "vfio1", "vfio2", NULL);
	expect_attribute(*state, "/sys/class/vfio-dev/vfio0/dev", NULL);
	expect_attribute(*state, "/sys/class/vfio-dev/vfio1/dev", "511:1\n");
	expect_owner(*state);
	struct libiommufd_ctx *ctx = open_auto(*state);
	assert_int_equal(libiommufd_ctx_get_backend(ctx), LIBIOMMUFD_BACKEND_NATIVE);
	close_ctx(*state, ctx);
}

static void type1_where_vfio_devices_lack_their_file_dev(void **state)
{
	expect_iommu(*state);
	expect_list(*state, 0, "/sys/class/vfio-dev", "vfio0", "vfio1", NULL);
	expect_attribute(*state, "/sys/class/vfio-dev/vfio0/dev", NULL);
	expect_attribute(*state, "/sys/class/vfio-dev/vfio1/dev", NULL);
	expect_close(*state, IOMMU_FD, 0);
	expect_container(*state);
	expect_close(*state, CONTAINER_FD, 0);
	expect_owner(*state);
	struct libiommufd_ctx *ctx = open_auto(*state);
	assert_int_equal(libiommufd_ctx_get_backend(ctx), LIBIOMMUFD_BACKEND_TYPE1);
	assert_non_null(strstr(libiommufd_ctx_get_backend_why(ctx), "no VFIO character devices"));
	close_ctx(*state, ctx);
}

static void type1_where_dev_iommu_cannot_be_opened(void **state)
{
	static const int errors[] = {-ENOENT, -ENODEV, -ENXIO, -EACCES, -EPERM};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		expect_open(*state, "/dev/iommu", O_RDWR, errors[i]);
		expect_container(*state);
		expect_close(*state, CONTAINER_FD, 0);
		expect_owner(*state);
		struct libiommufd_ctx *ctx = open_auto(*state);
		assert_int_equal(libiommufd_ctx_get_backend(ctx), LIBIOMMUFD_BACKEND_TYPE1);
		assert_non_null(strstr(libiommufd_ctx_get_backend_why(ctx), "type1: /dev/iommu"));
		close_ctx(*state, ctx);
	}
}

static void type1_where_dev_iommu_is_something_else(void **state)
{
	expect_open(*state, "/dev/iommu", O_RDWR, IOMMU_FD);
	expect_probe(*state, IOMMU_FD, IOMMU_IOAS_ALLOC, -ENOTTY);
	expect_close(*state, IOMMU_FD, 0);
	expect_container(*state);
	expect_close(*state, CONTAINER_FD, 0);
	expect_owner(*state);
	struct libiommufd_ctx *ctx = open_auto(*state);
	assert_int_equal(libiommufd_ctx_get_backend(ctx), LIBIOMMUFD_BACKEND_TYPE1);
	close_ctx(*state, ctx);
}

/* ---- Neither ---- */

static void the_errno_of_a_permission_wins_and_both_nodes_are_named(void **state)
{
	static const struct {
		int iommu, container, wins;
		uint32_t reason;
	} cases[] = {
		{-ENOENT, -ENOENT, -ENOENT, LIBIOMMUFD_REASON_NO_BACKEND},
		{-ENODEV, -ENOENT, -ENOENT, LIBIOMMUFD_REASON_NO_BACKEND},
		{-ENOENT, -ENODEV, -ENODEV, LIBIOMMUFD_REASON_NO_BACKEND},
		{-EACCES, -ENOENT, -EACCES, LIBIOMMUFD_REASON_NOT_PERMITTED},
		{-ENOENT, -EACCES, -EACCES, LIBIOMMUFD_REASON_NOT_PERMITTED},
		{-EACCES, -EPERM, -EPERM, LIBIOMMUFD_REASON_NOT_PERMITTED},
		{-EPERM, -ENXIO, -EPERM, LIBIOMMUFD_REASON_NOT_PERMITTED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		expect_open(*state, "/dev/iommu", O_RDWR, cases[i].iommu);
		expect_open(*state, "/dev/vfio/vfio", O_RDWR, cases[i].container);
		check_open_fails(*state, LIBIOMMUFD_BACKEND_AUTO, cases[i].wins, cases[i].reason);
		assert_says("/dev/iommu");
		assert_says("/dev/vfio/vfio");
	}
}

static void no_cdev_and_no_type1_is_not_supported(void **state)
{
	expect_iommu(*state);
	expect_list(*state, 0, "/sys/class/vfio-dev", "vfio0", NULL);
	expect_attribute(*state, "/sys/class/vfio-dev/vfio0/dev", NULL);
	expect_close(*state, IOMMU_FD, 0);
	expect_open(*state, "/dev/vfio/vfio", O_RDWR, CONTAINER_FD);
	expect_ioctl_number(*state, CONTAINER_FD, VFIO_GET_API_VERSION, 0, 0);
	expect_ioctl_number(*state, CONTAINER_FD, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU, 0);
	expect_close(*state, CONTAINER_FD, 0);
	check_open_fails(*state, LIBIOMMUFD_BACKEND_AUTO, -EOPNOTSUPP,
			 LIBIOMMUFD_REASON_NO_BACKEND);
	assert_says("character devices");
	assert_says("vfio_iommu_type1");
}

static void out_of_memory_or_files_says_nothing_about_the_kernel(void **state)
{
	static const struct {
		int error;
		uint32_t reason;
	} cases[] = {
		{-EMFILE, LIBIOMMUFD_REASON_KERNEL},
		{-ENFILE, LIBIOMMUFD_REASON_KERNEL},
		{-ENOMEM, LIBIOMMUFD_REASON_MEMORY},
	};

	for (size_t i = 0; i < 3; i++) {
		expect_open(*state, "/dev/iommu", O_RDWR, cases[i].error);
		check_open_fails(*state, LIBIOMMUFD_BACKEND_AUTO, cases[i].error, cases[i].reason);
		expect_open(*state, "/dev/iommu", O_RDWR, -ENOENT);
		expect_open(*state, "/dev/vfio/vfio", O_RDWR, cases[i].error);
		check_open_fails(*state, LIBIOMMUFD_BACKEND_AUTO, cases[i].error, cases[i].reason);
	}
}

/* ---- A required one ---- */

static void a_required_native_is_not_replaced(void **state)
{
	expect_open(*state, "/dev/iommu", O_RDWR, -ENOENT);
	check_open_fails(*state, LIBIOMMUFD_BACKEND_NATIVE, -ENOENT, LIBIOMMUFD_REASON_NO_BACKEND);
	expect_open(*state, "/dev/iommu", O_RDWR, -EACCES);
	check_open_fails(*state, LIBIOMMUFD_BACKEND_NATIVE, -EACCES,
			 LIBIOMMUFD_REASON_NOT_PERMITTED);
	expect_open(*state, "/dev/iommu", O_RDWR, IOMMU_FD);
	expect_probe(*state, IOMMU_FD, IOMMU_IOAS_ALLOC, -ENOTTY);
	expect_close(*state, IOMMU_FD, 0);
	check_open_fails(*state, LIBIOMMUFD_BACKEND_NATIVE, -ENOTTY, LIBIOMMUFD_REASON_ARGUMENT);
}

static void a_required_type1_is_not_replaced(void **state)
{
	expect_open(*state, "/dev/vfio/vfio", O_RDWR, -ENOENT);
	check_open_fails(*state, LIBIOMMUFD_BACKEND_TYPE1, -ENOENT, LIBIOMMUFD_REASON_NO_BACKEND);
	expect_open(*state, "/dev/vfio/vfio", O_RDWR, -EACCES);
	check_open_fails(*state, LIBIOMMUFD_BACKEND_TYPE1, -EACCES,
			 LIBIOMMUFD_REASON_NOT_PERMITTED);
	/* Another version of the interface. */
	expect_open(*state, "/dev/vfio/vfio", O_RDWR, CONTAINER_FD);
	expect_ioctl_number(*state, CONTAINER_FD, VFIO_GET_API_VERSION, 0, 1);
	expect_close(*state, CONTAINER_FD, 0);
	check_open_fails(*state, LIBIOMMUFD_BACKEND_TYPE1, -EOPNOTSUPP,
			 LIBIOMMUFD_REASON_NO_BACKEND);
}

static void a_required_one_tells_so(void **state)
{
	struct libiommufd_ctx *ctx = open_native(*state);

	assert_string_equal(libiommufd_ctx_get_backend_why(ctx), "native: required by the caller");
	close_ctx(*state, ctx);
	ctx = open_type1(*state);
	assert_string_equal(libiommufd_ctx_get_backend_why(ctx), "type1: required by the caller");
	close_ctx(*state, ctx);
}

/* ---- Environment ---- */

static void the_environment_replaces_auto(void **state)
{
	setenv("LIBIOMMUFD_BACKEND", "native", 1);
	expect_iommu(*state);
	expect_owner(*state);
	struct libiommufd_ctx *ctx = open_auto(*state);
	assert_int_equal(libiommufd_ctx_get_backend(ctx), LIBIOMMUFD_BACKEND_NATIVE);
	close_ctx(*state, ctx);

	setenv("LIBIOMMUFD_BACKEND", "type1", 1);
	expect_container(*state);
	expect_close(*state, CONTAINER_FD, 0);
	expect_owner(*state);
	ctx = open_auto(*state);
	assert_int_equal(libiommufd_ctx_get_backend(ctx), LIBIOMMUFD_BACKEND_TYPE1);
	assert_string_equal(libiommufd_ctx_get_backend_why(ctx),
			    "type1: required by LIBIOMMUFD_BACKEND");
	close_ctx(*state, ctx);
}

static void the_caller_goes_before_the_environment(void **state)
{
	setenv("LIBIOMMUFD_BACKEND", "type1", 1);
	close_ctx(*state, open_native(*state));
	setenv("LIBIOMMUFD_BACKEND", "garbage", 1);
	close_ctx(*state, open_type1(*state));
}

static void garbage_in_the_environment_is_refused(void **state)
{
	static const char *const values[] = {"", "Native", "native ", "iommufd", "0", "auto"};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		setenv("LIBIOMMUFD_BACKEND", values[i], 1);
		check_open_fails(*state, LIBIOMMUFD_BACKEND_AUTO, -EINVAL,
				 LIBIOMMUFD_REASON_OPTIONS);
		assert_says("LIBIOMMUFD_BACKEND");
		assert_says(values[i]);
	}
}

static void the_environment_is_not_asked_about_a_file_of_the_caller(void **state)
{
	struct libiommufd_ctx *ctx = NULL;

	setenv("LIBIOMMUFD_BACKEND", "type1", 1);
	expect_dup(*state, 99, IOMMU_FD);
	expect_probe(*state, IOMMU_FD, IOMMU_IOAS_ALLOC, -EINVAL);
	expect_owner(*state);
	assert_ok(ctx_open_fd(script_sys(*state), 99, NULL, &ctx));
	assert_int_equal(libiommufd_ctx_get_backend(ctx), LIBIOMMUFD_BACKEND_NATIVE);
	close_ctx(*state, ctx);
}

/* ---- From a file ---- */

static void a_file_is_duplicated_and_only_the_copy_closed(void **state)
{
	struct libiommufd_ctx *ctx = NULL;
	int fd = -1;

	expect_dup(*state, 99, IOMMU_FD);
	expect_probe(*state, IOMMU_FD, IOMMU_IOAS_ALLOC, -EINVAL);
	expect_owner(*state);
	assert_ok(ctx_open_fd(script_sys(*state), 99, NULL, &ctx));
	assert_ok(libiommufd_ctx_query_fd(ctx, &fd));
	assert_int_equal(fd, IOMMU_FD);
	assert_string_equal(libiommufd_ctx_get_backend_why(ctx),
			    "native: made from a file of the caller");
	close_ctx(*state, ctx);
}

static void zero_is_a_file(void **state)
{
	struct libiommufd_ctx *ctx = NULL;

	expect_dup(*state, 0, IOMMU_FD);
	expect_probe(*state, IOMMU_FD, IOMMU_IOAS_ALLOC, -EINVAL);
	expect_owner(*state);
	assert_ok(ctx_open_fd(script_sys(*state), 0, NULL, &ctx));
	close_ctx(*state, ctx);
}

static void a_file_that_is_no_dev_iommu_is_told(void **state)
{
	struct libiommufd_ctx *ctx = (void *)1;

	expect_dup(*state, 99, IOMMU_FD);
	expect_probe(*state, IOMMU_FD, IOMMU_IOAS_ALLOC, -ENOTTY);
	expect_close(*state, IOMMU_FD, 0);
	assert_fails(ctx_open_fd(script_sys(*state), 99, NULL, &ctx), -ENOTTY,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_ptr_equal(ctx, (void *)1);
}

static void a_file_that_is_not_open_is_told(void **state)
{
	struct libiommufd_ctx *ctx = (void *)1;

	expect_dup(*state, 99, -EBADF);
	assert_fails(ctx_open_fd(script_sys(*state), 99, NULL, &ctx), -EBADF,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_ptr_equal(ctx, (void *)1);
	expect_dup(*state, 99, -EMFILE);
	assert_fails(ctx_open_fd(script_sys(*state), 99, NULL, &ctx), -EMFILE,
		     LIBIOMMUFD_REASON_KERNEL);
}

/* ---- Accounting ---- */

static void expect_rlimit(struct script *k, int result)
{
	expect_iommu(k);
	expect_ioctl(k, IOMMU_FD, IOMMU_OPTION, result, struct iommu_option, .size = 24,
		     .option_id = 0, .op = 0, .object_id = 0, .val64 = 1);
}

static void accounting_to_the_process_is_option_0(void **state)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
					   .flags = LIBIOMMUFD_CTX_RLIMIT_PROCESS,
					   .backend = LIBIOMMUFD_BACKEND_NATIVE};
	struct libiommufd_ctx *ctx = NULL;

	expect_rlimit(*state, 0);
	expect_owner(*state);
	assert_ok(ctx_open(script_sys(*state), &opts, &ctx));
	close_ctx(*state, ctx);
}

static void accounting_to_the_process_needs_a_permission(void **state)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
					   .flags = LIBIOMMUFD_CTX_RLIMIT_PROCESS,
					   .backend = LIBIOMMUFD_BACKEND_NATIVE};
	struct libiommufd_ctx *ctx = (void *)1;

	expect_rlimit(*state, -EPERM);
	expect_close(*state, IOMMU_FD, 0);
	assert_fails(ctx_open(script_sys(*state), &opts, &ctx), -EPERM,
		     LIBIOMMUFD_REASON_NOT_PERMITTED);
	assert_says("CAP_SYS_RESOURCE");
	expect_rlimit(*state, -EOPNOTSUPP);
	expect_close(*state, IOMMU_FD, 0);
	assert_fails(ctx_open(script_sys(*state), &opts, &ctx), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_KERNEL);
	assert_ptr_equal(ctx, (void *)1);
}

/* ---- References and files ---- */

static void children_keep_the_ctx(void **state)
{
	struct libiommufd_ctx *ctx = open_native(*state);
	struct libiommufd_ioas *ioas = create_ioas(*state, ctx, IOAS_ID);
	struct libiommufd_device *dev = open_device(*state, ctx);

	assert_ptr_equal(libiommufd_ctx_ref(ctx), ctx);
	assert_null(libiommufd_ctx_unref(ctx));
	assert_null(libiommufd_ctx_unref(ctx));
	assert_all_happened(*state);
	destroy_ioas(*state, ioas);

	/* The last one closes it. */
	expect_close(*state, DEV_FD, 0);
	expect_close(*state, IOMMU_FD, 0);
	expect_munmap(*state, owner_page(), page_size(), 0);
	assert_ok(libiommufd_device_close(dev, 0));
}

static void type1_has_no_dev_iommu(void **state)
{
	struct libiommufd_ctx *ctx = open_type1(*state);
	int fd = 77;

	assert_fails(libiommufd_ctx_query_fd(ctx, &fd), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_int_equal(fd, 77);
	close_ctx(*state, ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_script(native_where_a_vfio_device_has_its_file_dev),
		with_script(native_where_no_vfio_device_speaks_against_it),
		with_script(one_file_dev_among_many_devices_is_enough),
		with_script(type1_where_vfio_devices_lack_their_file_dev),
		with_script(type1_where_dev_iommu_cannot_be_opened),
		with_script(type1_where_dev_iommu_is_something_else),
		with_script(the_errno_of_a_permission_wins_and_both_nodes_are_named),
		with_script(no_cdev_and_no_type1_is_not_supported),
		with_script(out_of_memory_or_files_says_nothing_about_the_kernel),
		with_script(a_required_native_is_not_replaced),
		with_script(a_required_type1_is_not_replaced),
		with_script(a_required_one_tells_so),
		with_script(the_environment_replaces_auto),
		with_script(the_caller_goes_before_the_environment),
		with_script(garbage_in_the_environment_is_refused),
		with_script(the_environment_is_not_asked_about_a_file_of_the_caller),
		with_script(a_file_is_duplicated_and_only_the_copy_closed),
		with_script(zero_is_a_file),
		with_script(a_file_that_is_no_dev_iommu_is_told),
		with_script(a_file_that_is_not_open_is_told),
		with_script(accounting_to_the_process_is_option_0),
		with_script(accounting_to_the_process_needs_a_permission),
		with_script(children_keep_the_ctx),
		with_script(type1_has_no_dev_iommu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
