/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container says of its IOMMU, in good and in malformed answers. */
#include "backend/type1.h"
#include "flows.h"

static struct type1_info before, info;

static int setup(void **state)
{
	before = info = (struct type1_info){0};
	return script_setup(state);
}

static int teardown(void **state)
{
	free(info.ranges);
	return script_teardown(state);
}

#define with_info(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

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
	struct type1_info old = info;
	struct op op;

	op_begin(&op, "bind", "", NULL);
	int r = type1_read_info(script_sys(k), &op, CONTAINER_FD, 11, &before, &info);
	if (r == 0)
		free(old.ranges);
	return op_end(&op, r);
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

#define REGIONS "/sys/kernel/iommu_groups/11/reserved_regions"

/* What sysfs says where the kernel tells no addresses; NULL: there is no such file. */
static void expect_regions(struct script *k, const char *content)
{
	expect_open(k, REGIONS, O_RDONLY, content ? SYSFS_FD : -ENOENT);
	if (!content)
		return;
	if (*content)
		expect_read(k, SYSFS_FD, content, 0);
	expect_read(k, SYSFS_FD, "", 0);
	expect_close(k, SYSFS_FD, 0);
}

static const char msi[] = "0x00000000fee00000 0x00000000feefffff msi\n";

static void check_ranges(const struct libiommufd_range *expected, size_t count)
{
	assert_int_equal(info.range_count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(info.ranges[i].start, expected[i].start);
		assert_int_equal(info.ranges[i].last, expected[i].last);
	}
}

/* 39 bits, without the window of the interrupts. */
static void check_default_ranges(void)
{
	static const struct libiommufd_range expected[] = {
		{0, 0xfedfffff},
		{0xfef00000, 0x7fffffffff},
	};

	check_ranges(expected, 2);
}

/* ---- Answers as they should be ---- */

static void ranges_are_taken_and_sorted(void **state)
{
	struct info out = with_flags(FLAGS);

	put_ranges(&out, 24, 0, 2);
	memcpy((char *)&out + 40, (uint64_t[]){0x2000, 0x2fff, 0, 0xfff}, 32);
	expect_info(*state, 512, &out, 0);
	assert_ok(read_info(*state));
	assert_int_equal(info.range_count, 2);
	assert_int_equal(info.ranges[0].last, 0xfff);
	assert_int_equal(info.ranges[1].start, 0x2000);
	assert_int_equal(info.page_sizes, 0x40201000);
}

/* The kernel cannot unmap there, and says that it did. */
static void the_last_page_of_all_is_left_out(void **state)
{
	struct info out = with_flags(FLAGS);

	put_ranges(&out, 24, 0, 2);
	memcpy((char *)&out + 40, (uint64_t[]){0, 0xfff, 0x2000, UINT64_MAX}, 32);
	expect_info(*state, 512, &out, 0);
	assert_ok(read_info(*state));
	assert_int_equal(info.range_count, 2);
	assert_int_equal(info.ranges[0].last, 0xfff);
	assert_int_equal(info.ranges[1].start, 0x2000);
	assert_true(info.ranges[1].last == UINT64_MAX - page_size());
}

static void an_old_kernel_tells_no_ranges(void **state)
{
	struct info out = with_flags(VFIO_IOMMU_INFO_PGSIZES);

	out.info.argsz = 16;
	expect_info(*state, 512, &out, 0);
	expect_regions(*state, msi);
	assert_ok(read_info(*state));
	check_default_ranges();
	assert_true(info.entries_left == UINT64_MAX);
}

static void where_sysfs_reserves_nothing_there_is_only_software(void **state)
{
	/* The last page of all no container unmaps. */
	const struct libiommufd_range everything = {0, UINT64_MAX - page_size()};
	struct info out = with_flags(VFIO_IOMMU_INFO_PGSIZES);

	expect_info(*state, 512, &out, 0);
	expect_regions(*state, "");
	assert_ok(read_info(*state));
	check_ranges(&everything, 1);
	expect_info(*state, 512, &out, 0);
	expect_regions(*state, NULL);
	assert_ok(read_info(*state));
	check_ranges(&everything, 1);
}

static void regions_that_cannot_be_read_are_not_taken_for_none(void **state)
{
	struct info out = with_flags(VFIO_IOMMU_INFO_PGSIZES);

	expect_info(*state, 512, &out, 0);
	expect_open(*state, REGIONS, O_RDONLY, -EMFILE);
	assert_fails(read_info(*state), -EMFILE, LIBIOMMUFD_REASON_KERNEL);
	expect_info(*state, 512, &out, 0);
	expect_open(*state, REGIONS, O_RDONLY, SYSFS_FD);
	expect_read(*state, SYSFS_FD, NULL, -EIO);
	expect_close(*state, SYSFS_FD, 0);
	assert_fails(read_info(*state), -EIO, LIBIOMMUFD_REASON_KERNEL);
	assert_null(info.ranges);
}

static void reserved_regions_are_taken_out_but_relaxable_ones_are_not(void **state)
{
	static const struct libiommufd_range expected[] = {
		{0x1000, 0x7ffffff},
		{0x8100000, 0xfedfffff},
		{0xfef00000, 0x7ffffff000 - 1},
	};
	struct info out = with_flags(VFIO_IOMMU_INFO_PGSIZES);

	expect_info(*state, 512, &out, 0);
	expect_regions(*state, "0x0000000000000000 0x0000000000000fff reserved\n"
			       "0x0000000000100000 0x00000000001fffff direct-relaxable\n"
			       "nonsense\n"
			       "0x0000000008000000 0x00000000080fffff direct\n"
			       "0x0000000000900000 0x0000000000800000 msi\n"
			       "0x00000000fee00000 0x00000000feefffff msi\n"
			       "0x0000007ffffff000 0xffffffffffffffff reserved\n");
	assert_ok(read_info(*state));
	check_ranges(expected, 3);
}

static void a_group_that_joins_an_old_container_narrows_it(void **state)
{
	static struct libiommufd_range there[] = {{0x1000000, 0x2ffffff}};
	static const struct libiommufd_range expected[] = {
		{0x1000000, 0x1ffffff},
		{0x2100000, 0x2ffffff},
	};
	struct info out = with_flags(VFIO_IOMMU_INFO_PGSIZES);

	before = (struct type1_info){.ranges = there, .range_count = 1};
	expect_info(*state, 512, &out, 0);
	expect_regions(*state, "0x0000000002000000 0x00000000020fffff direct\n");
	assert_ok(read_info(*state));
	check_ranges(expected, 2);
}

static void the_mappings_that_are_left_are_told(void **state)
{
	struct info out = with_flags(FLAGS);

	put_other(&out, 24, 40);
	((uint32_t *)((char *)&out + 24))[2] = 65000;
	put_ranges(&out, 40, 0, 1);
	expect_info(*state, 512, &out, 0);
	assert_ok(read_info(*state));
	assert_int_equal(info.entries_left, 65000);
}

static void without_page_sizes_it_is_the_page(void **state)
{
	struct info out = with_flags(VFIO_IOMMU_INFO_CAPS);

	put_ranges(&out, 24, 0, 1);
	expect_info(*state, 512, &out, 0);
	assert_ok(read_info(*state));
	assert_int_equal(info.page_sizes, page_size());
}

static void ranges_are_found_behind_other_capabilities(void **state)
{
	struct info out = with_flags(FLAGS);

	put_other(&out, 24, 40);
	put_ranges(&out, 40, 0, 1);
	memcpy((char *)&out + 56, (uint64_t[]){0x2000, 0x2fff}, 16);
	expect_info(*state, 512, &out, 0);
	assert_ok(read_info(*state));
	assert_int_equal(info.range_count, 1);
	assert_int_equal(info.ranges[0].start, 0x2000);
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
	assert_int_equal(info.range_count, 32);
	assert_int_equal(info.ranges[31].start, 0x2000);
}

static void more_ranges_than_there_is_room_for_are_malformed(void **state)
{
	static const uint32_t counts[] = {30, 31, 0x10000000, UINT32_MAX};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct info out = with_flags(FLAGS);
		put_ranges(&out, 24, 0, counts[i]);
		expect_info(*state, 512, &out, 0);
		assert_fails(read_info(*state), -EIO, LIBIOMMUFD_REASON_KERNEL);
		assert_null(info.ranges);
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
		expect_regions(*state, msi);
		assert_ok(read_info(*state));
		check_default_ranges();

		out.info.cap_offset = 24;
		put_other(&out, 24, offsets[i]);
		expect_info(*state, 512, &out, 0);
		expect_regions(*state, msi);
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
	expect_regions(*state, msi);
	assert_ok(read_info(*state));
	put_other(&out, 24, 24);
	expect_info(*state, 512, &out, 0);
	expect_regions(*state, msi);
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
	expect_regions(*state, msi);
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
	assert_int_equal(info.range_count, 1);
	assert_int_equal(info.ranges[0].start, 0x2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_info(ranges_are_taken_and_sorted),
		with_info(the_last_page_of_all_is_left_out),
		with_info(an_old_kernel_tells_no_ranges),
		with_info(where_sysfs_reserves_nothing_there_is_only_software),
		with_info(regions_that_cannot_be_read_are_not_taken_for_none),
		with_info(reserved_regions_are_taken_out_but_relaxable_ones_are_not),
		with_info(a_group_that_joins_an_old_container_narrows_it),
		with_info(the_mappings_that_are_left_are_told),
		with_info(without_page_sizes_it_is_the_page),
		with_info(ranges_are_found_behind_other_capabilities),
		with_info(a_longer_answer_is_asked_again),
		with_info(more_ranges_than_there_is_room_for_are_malformed),
		with_info(a_chain_that_leaves_the_answer_ends),
		with_info(a_chain_that_bites_its_tail_ends),
		with_info(a_capability_cut_by_the_end_is_not_there),
		with_info(a_refusal_is_passed_on_and_keeps_the_old_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
