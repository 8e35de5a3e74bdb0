/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container says of its IOMMU, in good and in malformed answers. */
#include "backend/type1.h"
#include "flows.h"

static struct type1_group group;

static int setup(void **state)
{
	group = (struct type1_group){.container = CONTAINER_FD};
	return script_setup(state);
}

static int teardown(void **state)
{
	free(group.ranges);
	return script_teardown(state);
}

#define with_group(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

enum {
	FLAGS = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS
};

/* An answer as the kernel lays it out: capabilities from byte 24 on. */
struct info {
	struct vfio_iommu_type1_info info;
	uint64_t tail[128];
};

static void expect_info(struct script *k, uint32_t size, const struct info *out, int result)
{
	struct info in = {.info.argsz = size};

	expect_ioctl_bytes(k, CONTAINER_FD, VFIO_IOMMU_GET_INFO, &in, size, result);
	if (out)
		answer_bytes(k, out, size);
}

static int read_info(struct script *k)
{
	struct op op;

	op_begin(&op, "bind", "", NULL);
	return op_end(&op, type1_read_info(script_sys(k), &op, &group));
}

static void put_ranges(struct info *out, uint32_t at, uint32_t next, uint32_t count)
{
	struct vfio_iommu_type1_info_cap_iova_range cap =
		{.header = {VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, 1, next}, .nr_iovas = count};

	memcpy((char *)out + at, &cap, sizeof(cap));
}

static void put_other(struct info *out, uint32_t at, uint32_t next)
{
	struct vfio_info_cap_header other = {VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, 1, next};

	memcpy((char *)out + at, &other, sizeof(other));
}

static struct info with_flags(uint32_t flags)
{
	return (struct info){
		{.argsz = 512, .flags = flags, .iova_pgsizes = 0x40201000, .cap_offset = 24}};
}

/* As without the capability: the ranges that every IOMMU has. */
static void check_default_ranges(void)
{
	assert_int_equal(group.range_count, 3);
	assert_int_equal(group.ranges[0].start, 0);
	assert_int_equal(group.ranges[0].last, 0x7ffffff);
	assert_int_equal(group.ranges[1].start, 0x8100000);
	assert_int_equal(group.ranges[1].last, 0xfedfffff);
	assert_int_equal(group.ranges[2].start, 0xfef00000);
	assert_int_equal(group.ranges[2].last, 0x7fffffffff);
}

static void ranges_are_taken_and_sorted(void **state)
{
	struct info out = with_flags(FLAGS);

	put_ranges(&out, 24, 0, 2);
	memcpy((char *)&out + 40, (uint64_t[]){0x2000, 0x2fff, 0, 0xfff}, 32);
	expect_info(*state, 512, &out, 0);
	assert_ok(read_info(*state));
	assert_int_equal(group.range_count, 2);
	assert_int_equal(group.ranges[0].last, 0xfff);
	assert_int_equal(group.ranges[1].start, 0x2000);
	assert_int_equal(group.page_sizes, 0x40201000);
}

static void an_old_kernel_tells_no_ranges(void **state)
{
	struct info out = with_flags(VFIO_IOMMU_INFO_PGSIZES);

	out.info.argsz = 16;
	expect_info(*state, 512, &out, 0);
	assert_ok(read_info(*state));
	check_default_ranges();
}

static void without_page_sizes_it_is_the_page(void **state)
{
	struct info out = with_flags(VFIO_IOMMU_INFO_CAPS);

	put_ranges(&out, 24, 0, 1);
	expect_info(*state, 512, &out, 0);
	assert_ok(read_info(*state));
	assert_int_equal(group.page_sizes, page_size());
}

static void ranges_are_found_behind_other_capabilities(void **state)
{
	struct info out = with_flags(FLAGS);

	put_other(&out, 24, 40);
	put_ranges(&out, 40, 0, 1);
	memcpy((char *)&out + 56, (uint64_t[]){0x2000, 0x2fff}, 16);
	expect_info(*state, 512, &out, 0);
	assert_ok(read_info(*state));
	assert_int_equal(group.range_count, 1);
	assert_int_equal(group.ranges[0].start, 0x2000);
}

static void a_longer_answer_is_asked_again(void **state)
{
	struct info out = with_flags(FLAGS);

	out.info.argsz = 24 + 16 + 32 * 16;
	put_ranges(&out, 24, 0, 32);
	memcpy((char *)&out + 40 + 31 * 16, (uint64_t[]){0x2000, 0x2fff}, 16);
	expect_info(*state, 512, &out, 0);
	expect_info(*state, out.info.argsz, &out, 0);
	assert_ok(read_info(*state));
	assert_int_equal(group.range_count, 32);
	assert_int_equal(group.ranges[31].start, 0x2000);
}

static void more_ranges_than_there_is_room_for_are_malformed(void **state)
{
	static const uint32_t counts[] = {30, 31, 0x10000000, UINT32_MAX};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct info out = with_flags(FLAGS);
		put_ranges(&out, 24, 0, counts[i]);
		expect_info(*state, 512, &out, 0);
		assert_fails(read_info(*state), -EIO, LIBIOMMUFD_REASON_KERNEL);
		assert_null(group.ranges);
	}
}

static void a_chain_that_leaves_the_answer_ends(void **state)
{
	static const uint32_t offsets[] = {0,         1, 23, 505, 512, 513, 0x1000, UINT32_MAX - 7,
					   UINT32_MAX};

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct info out = with_flags(FLAGS);
		out.info.cap_offset = offsets[i];
		expect_info(*state, 512, &out, 0);
		assert_ok(read_info(*state));
		check_default_ranges();

		out.info.cap_offset = 24;
		put_other(&out, 24, offsets[i]);
		expect_info(*state, 512, &out, 0);
		assert_ok(read_info(*state));
		check_default_ranges();
	}
}

static void a_chain_that_bites_its_tail_ends(void **state)
{
	struct info out = with_flags(FLAGS);

	put_other(&out, 24, 40);
	put_other(&out, 40, 24);
	expect_info(*state, 512, &out, 0);
	assert_ok(read_info(*state));
	put_other(&out, 24, 24);
	expect_info(*state, 512, &out, 0);
	assert_ok(read_info(*state));
	check_default_ranges();
}

static void a_capability_cut_by_the_end_is_not_there(void **state)
{
	struct info out = with_flags(FLAGS);

	/* 8 of its 16 bytes. */
	out.info.cap_offset = 504;
	put_other(&out, 504, 0);
	((uint16_t *)((char *)&out + 504))[0] = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE;
	expect_info(*state, 512, &out, 0);
	assert_ok(read_info(*state));
	check_default_ranges();
}

static void a_refusal_is_passed_on_and_keeps_the_old_ranges(void **state)
{
	struct info out = with_flags(FLAGS);

	put_ranges(&out, 24, 0, 1);
	memcpy((char *)&out + 40, (uint64_t[]){0x2000, 0x2fff}, 16);
	expect_info(*state, 512, &out, 0);
	assert_ok(read_info(*state));
	expect_info(*state, 512, NULL, -EFAULT);
	assert_fails(read_info(*state), -EFAULT, LIBIOMMUFD_REASON_KERNEL);
	assert_int_equal(group.range_count, 1);
	assert_int_equal(group.ranges[0].start, 0x2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_group(ranges_are_taken_and_sorted),
		with_group(an_old_kernel_tells_no_ranges),
		with_group(without_page_sizes_it_is_the_page),
		with_group(ranges_are_found_behind_other_capabilities),
		with_group(a_longer_answer_is_asked_again),
		with_group(more_ranges_than_there_is_room_for_are_malformed),
		with_group(a_chain_that_leaves_the_answer_ends),
		with_group(a_chain_that_bites_its_tail_ends),
		with_group(a_capability_cut_by_the_end_is_not_there),
		with_group(a_refusal_is_passed_on_and_keeps_the_old_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
