/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rule for options structs, for every call that takes one. */
#include "flows.h"

/* One call with options at the given address; answers what it returns. */
struct call {
	const char *name;
	uint32_t size; /* of the struct that the library knows */
	uint32_t known_flags;
	int (*make)(struct script *k, const void *opts);
	/* A good call: what it asks of the kernel, and how it is undone. */
	void (*expect)(struct script *k);
	void (*undo)(struct script *k);
};

static struct libiommufd_ctx *ctx, *passed_ctx, *made_ctx;
static struct libiommufd_ioas *made_ioas;
static struct libiommufd_device *dev, *made_dev;

/* ---- ctx_open ---- */

static int make_ctx(struct script *k, const void *opts)
{
	return ctx_open(script_sys(k), opts, &made_ctx);
}

static void expect_ctx(struct script *k)
{
	setenv("LIBIOMMUFD_BACKEND", "native", 1);
	expect_open(k, "/dev/iommu", O_RDWR, IOMMU_FD);
	expect_probe(k, IOMMU_FD, IOMMU_IOAS_ALLOC, -EINVAL);
	expect_owner(k);
}

static void undo_ctx(struct script *k)
{
	unsetenv("LIBIOMMUFD_BACKEND");
	close_ctx(k, made_ctx);
}

/* ---- ctx_open_fd ---- */

static int make_ctx_fd(struct script *k, const void *opts)
{
	return ctx_open_fd(script_sys(k), 99, opts, &made_ctx);
}

static void expect_ctx_fd(struct script *k)
{
	expect_dup(k, 99, IOMMU_FD);
	expect_probe(k, IOMMU_FD, IOMMU_IOAS_ALLOC, -EINVAL);
	expect_owner(k);
}

/* ---- ioas_create ---- */

static int make_ioas(struct script *k, const void *opts)
{
	(void)k;
	return libiommufd_ioas_create(ctx, opts, &made_ioas);
}

static void expect_ioas(struct script *k)
{
	expect_ioctl(k, IOMMU_FD, IOMMU_IOAS_ALLOC, 0, struct iommu_ioas_alloc, .size = 12);
	answer(k, struct iommu_ioas_alloc, .size = 12, .out_ioas_id = IOAS_ID);
}

static void undo_ioas(struct script *k)
{
	destroy_ioas(k, made_ioas);
}

/* ---- device_open ---- */

static int make_dev(struct script *k, const void *opts)
{
	(void)k;
	return libiommufd_device_open(ctx, NIC, opts, &made_dev);
}

static void expect_dev(struct script *k)
{
	expect_place(k);
	expect_open(k, NIC_NODE, O_RDWR, DEV_FD);
	expect_rdev(k, DEV_FD, NIC_DEVT, 0);
	expect_attribute(k, NIC_SYSFS "/vfio-dev/vfio3/dev", "511:3\n");
}

static void undo_dev(struct script *k)
{
	close_device(k, made_dev);
}

/* ---- device_open_fd ---- */

static int make_dev_fd(struct script *k, const void *opts)
{
	(void)k;
	return libiommufd_device_open_fd(ctx, 99, opts, &made_dev);
}

static void expect_dev_fd(struct script *k)
{
	expect_dup(k, 99, DEV_FD);
}

/* ---- device_open_group_fd ---- */

static int make_group(struct script *k, const void *opts)
{
	(void)k;
	return libiommufd_device_open_group_fd(passed_ctx, 99, NIC, opts, &made_dev);
}

static void expect_group(struct script *k)
{
	expect_dup(k, 99, GROUP_FD);
	expect_ioctl(k, GROUP_FD, VFIO_GROUP_GET_STATUS, 0, struct vfio_group_status, 8, 0);
	answer(k, struct vfio_group_status, 8, VFIO_GROUP_FLAGS_CONTAINER_SET);
}

static void undo_group(struct script *k)
{
	expect_close(k, GROUP_FD, 0);
	assert_ok(libiommufd_device_close(made_dev, 0));
	assert_all_happened(k);
}

/* ---- device_bind ---- */

static int make_bind(struct script *k, const void *opts)
{
	(void)k;
	return libiommufd_device_bind(dev, opts);
}

static void expect_bind(struct script *k)
{
	uint32_t bind[4] = {16, 0, IOMMU_FD, 0};

	expect_ioctl_bytes(k, DEV_FD, VFIO_DEVICE_BIND_IOMMUFD, bind, sizeof(bind), 0);
}

static void undo_bind(struct script *k)
{
	close_device(k, dev);
	dev = open_device(k, ctx);
}

static const struct call calls[] = {
	{"ctx_open", sizeof(struct libiommufd_ctx_opts), 7, make_ctx, expect_ctx, undo_ctx},
	{"ctx_open_fd", sizeof(struct libiommufd_ctx_opts), 7, make_ctx_fd, expect_ctx_fd,
	 undo_ctx},
	{"ioas_create", sizeof(struct libiommufd_ioas_opts), 0, make_ioas, expect_ioas, undo_ioas},
	{"open", sizeof(struct libiommufd_device_opts), 0, make_dev, expect_dev, undo_dev},
	{"open_fd", sizeof(struct libiommufd_device_fd_opts), 0, make_dev_fd, expect_dev_fd,
	 undo_dev},
	{"open_group_fd", sizeof(struct libiommufd_group_fd_opts), LIBIOMMUFD_GROUP_FD_NUMBER,
	 make_group, expect_group, undo_group},
	{"bind", sizeof(struct libiommufd_bind_opts), LIBIOMMUFD_BIND_PRIVATE, make_bind,
	 expect_bind, undo_bind},
};

#define for_each_call(call)                                                                   \
	for (const struct call *call = calls; call != calls + sizeof(calls) / sizeof(*calls); \
	     call++)

static struct libiommufd_ctx *open_passed(struct script *k)
{
	static const struct libiommufd_range whole[] = {{0, UINT64_MAX}};
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
					   .backend = LIBIOMMUFD_BACKEND_TYPE1};
	struct libiommufd_ctx *passed = NULL;

	expect_dup(k, 98, CONTAINER_FD);
	expect_ioctl_number(k, CONTAINER_FD, VFIO_GET_API_VERSION, 0, 0);
	expect_type1_info(k, CONTAINER_FD, whole, 1);
	expect_owner(k);
	assert_ok(ctx_open_fd(script_sys(k), 98, &opts, &passed));
	return passed;
}

static int setup(void **state)
{
	if (script_setup(state))
		return -1;
	ctx = open_native(*state);
	passed_ctx = open_passed(*state);
	dev = open_device(*state, ctx);
	made_ctx = NULL;
	made_ioas = NULL;
	made_dev = NULL;
	return 0;
}

static int teardown(void **state)
{
	close_device(*state, dev);
	expect_close(*state, CONTAINER_FD, 0);
	close_ctx(*state, passed_ctx);
	close_ctx(*state, ctx);
	return script_teardown(state);
}

#define with_objects(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* Exactly size bytes, so that reading more of them is seen; zero but for size and flags. */
static uint32_t *new_options(uint32_t allocated, uint32_t size, uint32_t flags)
{
	uint32_t *opts = calloc(1, allocated);

	memcpy(opts, &size, allocated < 4 ? allocated : 4);
	if (allocated >= 8)
		opts[1] = flags;
	return opts;
}

static void check_refused(struct script *k, const struct call *call, const void *opts, int error)
{
	assert_fails(call->make(k, opts), error, LIBIOMMUFD_REASON_OPTIONS);
	assert_string_equal(libiommufd_last_error()->operation, call->name);
	assert_null(made_ctx);
	assert_null(made_ioas);
	assert_null(made_dev);
}

static void check_taken(struct script *k, const struct call *call, const void *opts)
{
	call->expect(k);
	assert_ok(call->make(k, opts));
	call->undo(k);
	made_ctx = NULL;
	made_ioas = NULL;
	made_dev = NULL;
}

static void no_options_are_defaults(void **state)
{
	for_each_call(call) check_taken(*state, call, NULL);
}

static void a_size_below_8_is_refused(void **state)
{
	for_each_call(call) for (uint32_t size = 0; size < 8; size++)
	{
		uint32_t *opts = new_options(8, size, 0);
		check_refused(*state, call, opts, -EINVAL);
		free(opts);
	}
}

static void of_a_short_struct_only_its_bytes_are_read(void **state)
{
	for_each_call(call) for (uint32_t size = 8; size <= call->size; size++)
	{
		uint32_t *opts = new_options(size, size, 0);
		check_taken(*state, call, opts);
		free(opts);
	}
}

static void a_longer_struct_with_a_zero_tail_is_taken(void **state)
{
	for_each_call(call) for (uint32_t more = 1; more < 70; more += 17)
	{
		uint32_t *opts = new_options(call->size + more, call->size + more, 0);
		check_taken(*state, call, opts);
		free(opts);
	}
}

/* A size that nobody set is not followed beyond the memory that is there. */
static void a_size_above_4096_is_refused_unread(void **state)
{
	const uint32_t sizes[] = {4097, 0x7fffffff, UINT32_MAX};

	for_each_call(call) for (unsigned i = 0; i < 3; i++)
	{
		uint32_t *opts = new_options(call->size, sizes[i], 0);
		check_refused(*state, call, opts, -E2BIG);
		free(opts);
	}
}

static void any_byte_of_the_tail_that_is_set_is_too_big(void **state)
{
	for_each_call(call) for (uint32_t byte = 0; byte < 24; byte++)
	{
		uint32_t *opts = new_options(call->size + 24, call->size + 24, 0);
		((char *)opts)[call->size + byte] = 1;
		check_refused(*state, call, opts, -E2BIG);
		free(opts);
	}
}

static void every_unknown_flag_is_refused(void **state)
{
	for_each_call(call) for (unsigned bit = 0; bit < 32; bit++)
	{
		uint32_t *opts = new_options(call->size, call->size, 1U << bit);
		if (!(call->known_flags & 1U << bit))
			check_refused(*state, call, opts, -EINVAL);
		free(opts);
	}
}

static void an_unknown_backend_or_log_level_is_refused(void **state)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts), .backend = 3};

	check_refused(*state, &calls[0], &opts, -EINVAL);
	check_refused(*state, &calls[1], &opts, -EINVAL);
	opts.backend = 0;
	opts.log_level = 3;
	check_refused(*state, &calls[0], &opts, -EINVAL);
	check_refused(*state, &calls[1], &opts, -EINVAL);
}

static void a_file_of_the_caller_may_be_said_to_be_a_dev_iommu(void **state)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
					   .backend = LIBIOMMUFD_BACKEND_NATIVE};

	check_taken(*state, &calls[1], &opts);
}

static void a_reserved_field_that_is_set_is_too_big(void **state)
{
	struct libiommufd_group_fd_opts opts = {.size = sizeof(opts), .reserved = 1};

	for_each_call(call) if (!strcmp(call->name, "open_group_fd"))
		check_refused(*state, call, &opts, -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_objects(no_options_are_defaults),
		with_objects(a_size_below_8_is_refused),
		with_objects(of_a_short_struct_only_its_bytes_are_read),
		with_objects(a_longer_struct_with_a_zero_tail_is_taken),
		with_objects(a_size_above_4096_is_refused_unread),
		with_objects(any_byte_of_the_tail_that_is_set_is_too_big),
		with_objects(every_unknown_flag_is_refused),
		with_objects(a_reserved_field_that_is_set_is_too_big),
		with_objects(an_unknown_backend_or_log_level_is_refused),
		with_objects(a_file_of_the_caller_may_be_said_to_be_a_dev_iommu),
	};

	unsetenv("LIBIOMMUFD_BACKEND");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
