/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be asked of and set on /dev/iommu: ranges, allow lists, options, features. */
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

enum {
	RANGES_POINTER = offsetof(struct iommu_ioas_iova_ranges, allowed_iovas)
};

/* A question with room for so many, and the answer that there are count. */
static void expect_ranges(struct script *k, int result, uint32_t room, uint32_t count,
			  uint64_t alignment, const struct libiommufd_range *ranges)
{
	expect_ioctl(k, IOMMU_FD, IOMMU_IOAS_IOVA_RANGES, result, struct iommu_ioas_iova_ranges,
		     .size = 32, .ioas_id = IOAS_ID, .num_iovas = room);
	answer(k, struct iommu_ioas_iova_ranges, .size = 32, .ioas_id = IOAS_ID, .num_iovas = count,
	       .out_iova_alignment = alignment);
	if (ranges)
		writes_through(k, RANGES_POINTER, ranges, count * sizeof(*ranges));
	else
		points_somewhere(k, RANGES_POINTER);
}

/* ---- Ranges ---- */

static void ranges_are_asked_with_room_for_16_and_sorted(void **state)
{
	static const struct libiommufd_range unsorted[] = {
		{0x100000, 0x1fffff},
		{0x1000, 0xffff},
		{0xfef00000, UINT64_MAX},
	};
	struct libiommufd_ranges *ranges = NULL;

	expect_ranges(*state, 0, 16, 3, 0x10000, unsorted);
	assert_ok(libiommufd_ioas_query_ranges(ioas, &ranges));
	assert_int_equal(libiommufd_ranges_get_count(ranges), 3);
	assert_int_equal(libiommufd_ranges_get(ranges, 0).start, 0x1000);
	assert_int_equal(libiommufd_ranges_get(ranges, 0).last, 0xffff);
	assert_int_equal(libiommufd_ranges_get(ranges, 1).start, 0x100000);
	assert_int_equal(libiommufd_ranges_get(ranges, 2).last, UINT64_MAX);
	assert_int_equal(libiommufd_ranges_get_alignment(ranges), 0x10000);
	assert_null(libiommufd_ranges_free(ranges));
}

static void a_range_beyond_the_last_is_empty(void **state)
{
	static const struct libiommufd_range one = {0x1000, 0xffff};
	struct libiommufd_ranges *ranges = NULL;

	expect_ranges(*state, 0, 16, 1, 0x1000, &one);
	assert_ok(libiommufd_ioas_query_ranges(ioas, &ranges));
	assert_int_equal(libiommufd_ranges_get(ranges, 1).start, 0);
	assert_int_equal(libiommufd_ranges_get(ranges, 1).last, 0);
	libiommufd_ranges_free(ranges);
}

static void an_alignment_below_the_page_size_is_not_told(void **state)
{
	static const struct libiommufd_range all = {0, UINT64_MAX};
	struct libiommufd_ranges *ranges = NULL;

	expect_ranges(*state, 0, 16, 1, 1, &all);
	assert_ok(libiommufd_ioas_query_ranges(ioas, &ranges));
	assert_int_equal(libiommufd_ranges_get_alignment(ranges), sysconf(_SC_PAGESIZE));
	libiommufd_ranges_free(ranges);
}

static void a_list_that_grows_twice_is_asked_three_times(void **state)
{
	struct libiommufd_range many[40];
	struct libiommufd_ranges *ranges = NULL;

	for (size_t i = 0; i < 40; i++)
		many[i] = (struct libiommufd_range){i << 20, (i << 20) + 0xfffff - 0x1000};
	expect_ranges(*state, -EMSGSIZE, 16, 17, 0, NULL);
	expect_ranges(*state, -EMSGSIZE, 17, 40, 0, NULL);
	expect_ranges(*state, 0, 40, 40, 0x1000, many);
	assert_ok(libiommufd_ioas_query_ranges(ioas, &ranges));
	assert_int_equal(libiommufd_ranges_get_count(ranges), 40);
	assert_int_equal(libiommufd_ranges_get(ranges, 39).start, 39 << 20);
	libiommufd_ranges_free(ranges);
}

static void a_kernel_that_always_wants_the_same_room_ends_the_question(void **state)
{
	struct libiommufd_ranges *ranges = (void *)1;

	expect_ranges(*state, -EMSGSIZE, 16, 16, 0, NULL);
	assert_fails(libiommufd_ioas_query_ranges(ioas, &ranges), -EMSGSIZE,
		     LIBIOMMUFD_REASON_KERNEL);
	assert_ptr_equal(ranges, (void *)1);
}

static void no_ranges_at_all_is_an_empty_list(void **state)
{
	struct libiommufd_ranges *ranges = NULL;

	expect_ranges(*state, 0, 16, 0, 0x1000, NULL);
	assert_ok(libiommufd_ioas_query_ranges(ioas, &ranges));
	assert_int_equal(libiommufd_ranges_get_count(ranges), 0);
	libiommufd_ranges_free(ranges);
}

static void a_refused_question_leaves_the_output_alone(void **state)
{
	struct libiommufd_ranges *ranges = (void *)1;

	expect_ranges(*state, -ENOENT, 16, 0, 0, NULL);
	assert_fails(libiommufd_ioas_query_ranges(ioas, &ranges), -ENOENT,
		     LIBIOMMUFD_REASON_KERNEL);
	assert_ptr_equal(ranges, (void *)1);
	assert_says("query_ranges ioas 3: ");
}

/* ---- Allow ---- */

static void expect_allow(struct script *k, int result, const struct libiommufd_range *ranges,
			 uint32_t count)
{
	expect_ioctl(k, IOMMU_FD, IOMMU_IOAS_ALLOW_IOVAS, result, struct iommu_ioas_allow_iovas, 24,
		     IOAS_ID, count);
	points_to(k, offsetof(struct iommu_ioas_allow_iovas, allowed_iovas), ranges,
		  count * sizeof(*ranges));
}

static void allow_hands_the_array_over_as_it_is(void **state)
{
	static const struct libiommufd_range list[] = {{0x200000, 0x2fffff}, {0x1000, 0x1fff}};

	expect_allow(*state, 0, list, 2);
	assert_ok(libiommufd_ioas_allow_iovas(ioas, list, 2));
}

static void each_errno_of_allow_has_its_reason(void **state)
{
	static const struct libiommufd_range list = {0x200000, 0x2fffff};

	expect_allow(*state, -EADDRINUSE, &list, 1);
	assert_fails(libiommufd_ioas_allow_iovas(ioas, &list, 1), -EADDRINUSE,
		     LIBIOMMUFD_REASON_IOVA_CONFLICT);
	expect_allow(*state, -EINVAL, &list, 1);
	assert_fails(libiommufd_ioas_allow_iovas(ioas, &list, 1), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	expect_allow(*state, -ENOMEM, &list, 1);
	assert_fails(libiommufd_ioas_allow_iovas(ioas, &list, 1), -ENOMEM,
		     LIBIOMMUFD_REASON_MEMORY);
	expect_allow(*state, -EIO, &list, 1);
	assert_fails(libiommufd_ioas_allow_iovas(ioas, &list, 1), -EIO, LIBIOMMUFD_REASON_KERNEL);
}

/* ---- Options ---- */

static void huge_pages_are_option_1_of_the_address_space(void **state)
{
	expect_ioctl(*state, IOMMU_FD, IOMMU_OPTION, 0, struct iommu_option, .size = 24,
		     .option_id = 1, .op = 0, .object_id = IOAS_ID, .val64 = 0);
	assert_ok(libiommufd_ioas_set_huge_pages(ioas, false));
	expect_ioctl(*state, IOMMU_FD, IOMMU_OPTION, 0, struct iommu_option, .size = 24,
		     .option_id = 1, .op = 0, .object_id = IOAS_ID, .val64 = 1);
	assert_ok(libiommufd_ioas_set_huge_pages(ioas, true));
}

static void huge_pages_are_asked_by_op_1(void **state)
{
	for (uint64_t value = 0; value < 2; value++) {
		bool enable = !value;

		expect_ioctl(*state, IOMMU_FD, IOMMU_OPTION, 0, struct iommu_option, .size = 24,
			     .option_id = 1, .op = 1, .object_id = IOAS_ID);
		answer(*state, struct iommu_option, .size = 24, .option_id = 1, .op = 1,
		       .object_id = IOAS_ID, .val64 = value);
		assert_ok(libiommufd_ioas_query_huge_pages(ioas, &enable));
		assert_int_equal(enable, value);
	}
}

static void huge_pages_after_a_mapping_conflict(void **state)
{
	expect_ioctl(*state, IOMMU_FD, IOMMU_OPTION, -EADDRINUSE, struct iommu_option, .size = 24,
		     .option_id = 1, .object_id = IOAS_ID);
	assert_fails(libiommufd_ioas_set_huge_pages(ioas, false), -EADDRINUSE,
		     LIBIOMMUFD_REASON_IOVA_CONFLICT);
}

static void huge_pages_stay_while_a_device_reaches_mappings(void **state)
{
	expect_ioctl(*state, IOMMU_FD, IOMMU_OPTION, -EINVAL, struct iommu_option, .size = 24,
		     .option_id = 1, .object_id = IOAS_ID);
	assert_fails(libiommufd_ioas_set_huge_pages(ioas, false), -EINVAL,
		     LIBIOMMUFD_REASON_IN_USE);
}

static void a_refused_huge_pages_question_leaves_the_output_alone(void **state)
{
	bool enable = true;

	expect_ioctl(*state, IOMMU_FD, IOMMU_OPTION, -EOPNOTSUPP, struct iommu_option, .size = 24,
		     .option_id = 1, .op = 1, .object_id = IOAS_ID);
	assert_fails(libiommufd_ioas_query_huge_pages(ioas, &enable), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_KERNEL);
	assert_true(enable);
}

/* ---- Features ---- */

static const struct {
	uint32_t feature;
	unsigned long request;
} probes[] = {
	{LIBIOMMUFD_FEATURE_MAP_FILE, 0x3b8f},       {LIBIOMMUFD_FEATURE_COPY, 0x3b83},
	{LIBIOMMUFD_FEATURE_ALLOW_IOVAS, 0x3b82},    {LIBIOMMUFD_FEATURE_HUGE_PAGES, 0x3b87},
	{LIBIOMMUFD_FEATURE_ATTACH_ID, 0x3b81},      {LIBIOMMUFD_FEATURE_RLIMIT_USER, 0x3b87},
	{LIBIOMMUFD_FEATURE_HWPT_ALLOC, 0x3b89},     {LIBIOMMUFD_FEATURE_HW_INFO, 0x3b8a},
	{LIBIOMMUFD_FEATURE_DIRTY_TRACKING, 0x3b8b}, {LIBIOMMUFD_FEATURE_INVALIDATE, 0x3b8d},
	{LIBIOMMUFD_FEATURE_FAULT_QUEUE, 0x3b8e},    {LIBIOMMUFD_FEATURE_VIOMMU, 0x3b90},
	{LIBIOMMUFD_FEATURE_VDEVICE, 0x3b91},        {LIBIOMMUFD_FEATURE_CHANGE_PROCESS, 0x3b92},
	{LIBIOMMUFD_FEATURE_VEVENTQ, 0x3b93},        {LIBIOMMUFD_FEATURE_HW_QUEUE, 0x3b94},
};

static void a_probe_of_4_bytes_tells_what_the_kernel_has(void **state)
{
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		expect_probe(*state, IOMMU_FD, probes[i].request, -EINVAL);
		assert_returns(libiommufd_ctx_has(ctx, probes[i].feature), 1);
		expect_probe(*state, IOMMU_FD, probes[i].request, -ENOTTY);
		assert_returns(libiommufd_ctx_has(ctx, probes[i].feature), 0);
	}
}

static void a_probe_that_is_answered_otherwise_is_neither_yes_nor_no(void **state)
{
	expect_probe(*state, IOMMU_FD, IOMMU_IOAS_COPY, -EIO);
	assert_fails(libiommufd_ctx_has(ctx, LIBIOMMUFD_FEATURE_COPY), -EIO,
		     LIBIOMMUFD_REASON_KERNEL);
	expect_probe(*state, IOMMU_FD, IOMMU_IOAS_COPY, 0);
	assert_fails(libiommufd_ctx_has(ctx, LIBIOMMUFD_FEATURE_COPY), -EIO,
		     LIBIOMMUFD_REASON_KERNEL);
}

static void an_unknown_feature_is_not_probed(void **state)
{
	(void)state;
	assert_fails(libiommufd_ctx_has(ctx, 0), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_fails(libiommufd_ctx_has(ctx, LIBIOMMUFD_FEATURE_HW_QUEUE + 1), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_fails(libiommufd_ctx_has(ctx, UINT32_MAX), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ioas(ranges_are_asked_with_room_for_16_and_sorted),
		with_ioas(a_range_beyond_the_last_is_empty),
		with_ioas(an_alignment_below_the_page_size_is_not_told),
		with_ioas(a_list_that_grows_twice_is_asked_three_times),
		with_ioas(a_kernel_that_always_wants_the_same_room_ends_the_question),
		with_ioas(no_ranges_at_all_is_an_empty_list),
		with_ioas(a_refused_question_leaves_the_output_alone),
		with_ioas(allow_hands_the_array_over_as_it_is),
		with_ioas(each_errno_of_allow_has_its_reason),
		with_ioas(huge_pages_are_option_1_of_the_address_space),
		with_ioas(huge_pages_are_asked_by_op_1),
		with_ioas(huge_pages_after_a_mapping_conflict),
		with_ioas(huge_pages_stay_while_a_device_reaches_mappings),
		with_ioas(a_refused_huge_pages_question_leaves_the_output_alone),
		with_ioas(a_probe_of_4_bytes_tells_what_the_kernel_has),
		with_ioas(a_probe_that_is_answered_otherwise_is_neither_yes_nor_no),
		with_ioas(an_unknown_feature_is_not_probed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
