/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Regions: what the kernel says of them, in good and in malformed answers; reading and writing. */
#include "flows.h"

#define RW (LIBIOMMUFD_READ | LIBIOMMUFD_WRITE)

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

enum {
	INFO_RW = 1 | 2,
	INFO_MMAP = 4,
	INFO_CAPS = 8
};

/* A description with capabilities behind it, as the kernel lays it out. */
struct description {
	struct vfio_region_info info;
	uint64_t tail[32];
};

/* The kernel is asked with size bytes, of which it fills in all of it. */
static void expect_info(struct script *k, uint32_t index, uint32_t size, const void *out,
			int result)
{
	struct description in = {.info = {.argsz = size, .index = index}};

	expect_ioctl_bytes(k, DEV_FD, VFIO_DEVICE_GET_REGION_INFO, &in, size, result);
	if (out)
		answer_bytes(k, out, size);
}

/* First with 32 bytes, which are too few, then with all of them. */
static void expect_growing_info(struct script *k, const struct description *out)
{
	expect_info(k, out->info.index, 32, out, 0);
	expect_info(k, out->info.index, out->info.argsz, out, 0);
}

static struct libiommufd_region *query_region(uint32_t index)
{
	struct libiommufd_region *region = NULL;

	assert_ok(libiommufd_device_query_region(dev, index, &region));
	return region;
}

static struct libiommufd_region *plain_region(struct script *k, uint32_t flags, uint64_t size)
{
	struct vfio_region_info out = {.argsz = 32,
				       .flags = flags,
				       .size = size,
				       .offset = 0x10000000000};

	expect_info(k, 0, 32, &out, 0);
	return query_region(0);
}

static void check_malformed(struct script *k, const struct description *out)
{
	struct libiommufd_region *region = (void *)1;

	expect_growing_info(k, out);
	assert_fails(libiommufd_device_query_region(dev, out->info.index, &region), -EIO,
		     LIBIOMMUFD_REASON_KERNEL);
	assert_says("malformed");
	assert_ptr_equal(region, (void *)1);
}

/* ---- What there is ---- */

static void the_count_is_asked_with_24_bytes(void **state)
{
	uint32_t count = 0;

	expect_ioctl(*state, DEV_FD, VFIO_DEVICE_GET_INFO, 0, struct vfio_device_info, .argsz = 24);
	answer(*state, struct vfio_device_info, .argsz = 24, .num_regions = 9, .num_irqs = 5);
	assert_ok(libiommufd_device_query_region_count(dev, &count));
	assert_int_equal(count, 9);
}

static void a_count_that_is_refused_leaves_the_output_alone(void **state)
{
	uint32_t count = 77;

	expect_ioctl(*state, DEV_FD, VFIO_DEVICE_GET_INFO, -ENODEV, struct vfio_device_info,
		     .argsz = 24);
	assert_fails(libiommufd_device_query_region_count(dev, &count), -ENODEV,
		     LIBIOMMUFD_REASON_DEVICE_GONE);
	expect_ioctl(*state, DEV_FD, VFIO_DEVICE_GET_INFO, -EIO, struct vfio_device_info,
		     .argsz = 24);
	assert_fails(libiommufd_device_query_region_count(dev, &count), -EIO,
		     LIBIOMMUFD_REASON_KERNEL);
	assert_int_equal(count, 77);
}

static void a_region_is_asked_once(void **state)
{
	struct libiommufd_region *region = plain_region(*state, INFO_RW, 0x4000);

	assert_ptr_equal(query_region(0), region);
	assert_int_equal(libiommufd_region_get_size(region), 0x4000);
	assert_int_equal(libiommufd_region_get_access(region), RW);
	assert_int_equal(libiommufd_region_get_file_offset(region), 0x10000000000);
	assert_int_equal(libiommufd_region_get_area_count(region), 0);
}

static void each_access_flag_stands_alone(void **state)
{
	struct libiommufd_region *region = plain_region(*state, 1, 0x4000);

	assert_int_equal(libiommufd_region_get_access(region), LIBIOMMUFD_READ);
	struct vfio_region_info out = {.argsz = 32, .flags = 2, .index = 1, .size = 0x4000};
	expect_info(*state, 1, 32, &out, 0);
	assert_int_equal(libiommufd_region_get_access(query_region(1)), LIBIOMMUFD_WRITE);
}

static void each_errno_of_a_region_has_its_reason(void **state)
{
	struct libiommufd_region *region = (void *)1;

	expect_info(*state, 9, 32, NULL, -EINVAL);
	assert_fails(libiommufd_device_query_region(dev, 9, &region), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	expect_info(*state, 0, 32, NULL, -ENODEV);
	assert_fails(libiommufd_device_query_region(dev, 0, &region), -ENODEV,
		     LIBIOMMUFD_REASON_DEVICE_GONE);
	expect_info(*state, 0, 32, NULL, -EIO);
	assert_fails(libiommufd_device_query_region(dev, 0, &region), -EIO,
		     LIBIOMMUFD_REASON_KERNEL);
	assert_ptr_equal(region, (void *)1);
}

/* ---- Areas ---- */

static void a_region_without_a_list_is_one_area(void **state)
{
	struct libiommufd_region *region = plain_region(*state, INFO_RW | INFO_MMAP, 0x4000);
	uint64_t offset = 1, length = 1;

	assert_int_equal(libiommufd_region_get_area_count(region), 1);
	assert_ok(libiommufd_region_get_area(region, 0, &offset, &length));
	assert_int_equal(offset, 0);
	assert_int_equal(length, 0x4000);
	assert_fails(libiommufd_region_get_area(region, 1, &offset, &length), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_fails(libiommufd_region_get_area(region, 0, NULL, &length), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_fails(libiommufd_region_get_area(region, 0, &offset, NULL), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
}

static void an_absent_region_has_no_area(void **state)
{
	struct libiommufd_region *region = plain_region(*state, INFO_RW | INFO_MMAP, 0);

	assert_int_equal(libiommufd_region_get_area_count(region), 0);
}

/* A region of 64 KiB whose list of areas is at offset 32. */
static struct description sparse(uint32_t announced, uint32_t argsz)
{
	struct description d = {
		.info = {.argsz = argsz,
			 .flags = INFO_RW | INFO_MMAP | INFO_CAPS,
			 .cap_offset = 32,
			 .size = 0x10000},
	};
	struct vfio_region_info_cap_sparse_mmap cap = {.header = {VFIO_REGION_INFO_CAP_SPARSE_MMAP,
								  1, 0},
						       .nr_areas = announced};

	memcpy(d.tail, &cap, sizeof(cap));
	return d;
}

static void a_list_is_sorted_and_empty_areas_are_left_out(void **state)
{
	struct description d = sparse(3, 32 + 16 + 3 * 16);
	uint64_t offset, length;

	memcpy(&d.tail[2], (uint64_t[]){0x8000, 0x8000, 0x4000, 0, 0, 0x2000}, 48);
	expect_growing_info(*state, &d);
	struct libiommufd_region *region = query_region(0);
	assert_int_equal(libiommufd_region_get_area_count(region), 2);
	assert_ok(libiommufd_region_get_area(region, 0, &offset, &length));
	assert_true(offset == 0 && length == 0x2000);
	assert_ok(libiommufd_region_get_area(region, 1, &offset, &length));
	assert_true(offset == 0x8000 && length == 0x8000);
}

static void a_list_of_no_areas_maps_nothing(void **state)
{
	struct description d = sparse(0, 32 + 16);

	expect_growing_info(*state, &d);
	assert_int_equal(libiommufd_region_get_area_count(query_region(0)), 0);
}

static void the_list_is_found_behind_other_capabilities(void **state)
{
	struct description d = sparse(0, 32 + 16 + 16 + 16);
	struct vfio_info_cap_header other = {VFIO_REGION_INFO_CAP_MSIX_MAPPABLE, 1, 48};
	struct vfio_region_info_cap_sparse_mmap cap = {.header = {VFIO_REGION_INFO_CAP_SPARSE_MMAP,
								  1, 0},
						       .nr_areas = 1};

	memcpy(&d.tail[0], &other, sizeof(other));
	memcpy(&d.tail[2], &cap, sizeof(cap));
	memcpy(&d.tail[4], (uint64_t[]){0x1000, 0x1000}, 16);
	expect_growing_info(*state, &d);
	assert_int_equal(libiommufd_region_get_area_count(query_region(0)), 1);
}

static void without_the_flag_capabilities_are_not_looked_at(void **state)
{
	struct vfio_region_info out = {.argsz = 32,
				       .flags = INFO_RW | INFO_MMAP,
				       .cap_offset = 7,
				       .size = 0x4000};

	expect_info(*state, 0, 32, &out, 0);
	assert_int_equal(libiommufd_region_get_area_count(query_region(0)), 1);
}

static void more_areas_than_there_is_room_for_are_malformed(void **state)
{
	static const uint32_t counts[] = {2, 3, 0x10000000, UINT32_MAX};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct description d = sparse(counts[i], 32 + 16 + 16);
		check_malformed(*state, &d);
	}
}

static void an_area_outside_the_region_is_malformed(void **state)
{
	static const uint64_t areas[][2] = {
		{0x10000, 1},         {0x10001, 0x1000},
		{0xf000, 0x1001},     {UINT64_MAX - 0xfff, 0x1000},
		{0x1000, UINT64_MAX}, {0, 0x10001},
	};

	for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
		struct description d = sparse(1, 32 + 16 + 16);
		memcpy(&d.tail[2], areas[i], 16);
		check_malformed(*state, &d);
	}
}

static void a_truncated_list_is_malformed(void **state)
{
	struct description d = sparse(0, 32 + 12);

	check_malformed(*state, &d);
	d = sparse(0, 32 + 7);
	check_malformed(*state, &d);
}

static void a_chain_that_leaves_the_answer_is_malformed(void **state)
{
	static const uint32_t offsets[] = {1, 31, 60, 64, 65, 0x1000, UINT32_MAX};

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct description d = sparse(0, 64);
		struct vfio_info_cap_header other = {VFIO_REGION_INFO_CAP_TYPE, 1, offsets[i]};

		/* At once, and by the first link. */
		d.info.cap_offset = offsets[i];
		check_malformed(*state, &d);
		d.info.cap_offset = 32;
		memcpy(&d.tail[0], &other, sizeof(other));
		check_malformed(*state, &d);
	}
}

static void a_chain_that_bites_its_tail_is_malformed(void **state)
{
	struct description d = sparse(0, 32 + 32);
	struct vfio_info_cap_header a = {VFIO_REGION_INFO_CAP_TYPE, 1, 48};
	struct vfio_info_cap_header b = {VFIO_REGION_INFO_CAP_TYPE, 1, 32};

	memcpy(&d.tail[0], &a, sizeof(a));
	memcpy(&d.tail[2], &b, sizeof(b));
	check_malformed(*state, &d);
	a.next = 32;
	memcpy(&d.tail[0], &a, sizeof(a));
	check_malformed(*state, &d);
}

static void an_answer_that_grows_again_is_asked_again(void **state)
{
	struct description small = sparse(0, 48), d = sparse(1, 64);

	memcpy(&d.tail[2], (uint64_t[]){0x1000, 0x1000}, 16);
	expect_info(*state, 0, 32, &small, 0);
	expect_info(*state, 0, 48, &d, 0);
	expect_info(*state, 0, 64, &d, 0);
	assert_int_equal(libiommufd_region_get_area_count(query_region(0)), 1);
}

static void an_answer_of_absurd_size_is_not_believed(void **state)
{
	struct description d = sparse(1, UINT32_MAX);
	struct libiommufd_region *region = (void *)1;

	expect_info(*state, 0, 32, &d, 0);
	assert_fails(libiommufd_device_query_region(dev, 0, &region), -EIO,
		     LIBIOMMUFD_REASON_KERNEL);
	assert_ptr_equal(region, (void *)1);
}

/* ---- Read and write ---- */

static void a_transfer_adds_the_regions_place_in_the_file(void **state)
{
	struct libiommufd_region *region = plain_region(*state, INFO_RW, 0x4000);
	char buf[8];

	expect_pread(*state, DEV_FD, "abcdefgh", 8, 0x10000000010, 8);
	assert_ok(libiommufd_region_read(region, 0x10, buf, 8));
	assert_memory_equal(buf, "abcdefgh", 8);
	expect_pwrite(*state, DEV_FD, "12345678", 8, 0x10000003ff8, 8);
	assert_ok(libiommufd_region_write(region, 0x3ff8, "12345678", 8));
}

static void a_transfer_stays_inside(void **state)
{
	struct libiommufd_region *region = plain_region(*state, INFO_RW, 0x4000);
	char buf[8] = "1234567";

	static const struct {
		uint64_t offset;
		size_t length;
	} outside[] = {{0, 0},      {0x4000, 1},     {0x3ff9, 8},   {0x4001, 1},
		       {0, 0x4001}, {UINT64_MAX, 2}, {0, SIZE_MAX}, {1, SIZE_MAX}};

	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		assert_fails(libiommufd_region_read(region, outside[i].offset, buf,
						    outside[i].length),
			     -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
		assert_fails(libiommufd_region_write(region, outside[i].offset, buf,
						     outside[i].length),
			     -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	}
	assert_fails(libiommufd_region_read(region, 0, NULL, 8), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_fails(libiommufd_region_write(region, 0, NULL, 8), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_string_equal(buf, "1234567");
}

static void a_transfer_keeps_to_the_regions_access(void **state)
{
	struct libiommufd_region *region = plain_region(*state, 1, 0x4000);
	char buf[8];

	assert_fails(libiommufd_region_write(region, 0, "1234567", 8), -EACCES,
		     LIBIOMMUFD_REASON_REGION_ACCESS);
	struct vfio_region_info out = {.argsz = 32, .flags = 2, .index = 1, .size = 0x4000};
	expect_info(*state, 1, 32, &out, 0);
	assert_fails(libiommufd_region_read(query_region(1), 0, buf, 8), -EACCES,
		     LIBIOMMUFD_REASON_REGION_ACCESS);
}

static void a_short_transfer_is_an_error(void **state)
{
	struct libiommufd_region *region = plain_region(*state, INFO_RW, 0x4000);
	char buf[8];

	for (int n = 0; n < 8; n += 7) {
		expect_pread(*state, DEV_FD, "abcdefgh", 8, 0x10000000000, n);
		assert_fails(libiommufd_region_read(region, 0, buf, 8), -EIO,
			     LIBIOMMUFD_REASON_KERNEL);
		expect_pwrite(*state, DEV_FD, "12345678", 8, 0x10000000000, n);
		assert_fails(libiommufd_region_write(region, 0, "12345678", 8), -EIO,
			     LIBIOMMUFD_REASON_KERNEL);
	}
}

static void a_failed_transfer_passes_on_the_errno(void **state)
{
	struct libiommufd_region *region = plain_region(*state, INFO_RW, 0x4000);
	char buf[8];

	expect_pread(*state, DEV_FD, NULL, 8, 0x10000000000, -EIO);
	assert_fails(libiommufd_region_read(region, 0, buf, 8), -EIO, LIBIOMMUFD_REASON_KERNEL);
	expect_pwrite(*state, DEV_FD, "12345678", 8, 0x10000000000, -ENODEV);
	assert_fails(libiommufd_region_write(region, 0, "12345678", 8), -ENODEV,
		     LIBIOMMUFD_REASON_DEVICE_GONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_device(the_count_is_asked_with_24_bytes),
		with_device(a_count_that_is_refused_leaves_the_output_alone),
		with_device(a_region_is_asked_once),
		with_device(each_access_flag_stands_alone),
		with_device(each_errno_of_a_region_has_its_reason),
		with_device(a_region_without_a_list_is_one_area),
		with_device(an_absent_region_has_no_area),
		with_device(a_list_is_sorted_and_empty_areas_are_left_out),
		with_device(a_list_of_no_areas_maps_nothing),
		with_device(the_list_is_found_behind_other_capabilities),
		with_device(without_the_flag_capabilities_are_not_looked_at),
		with_device(more_areas_than_there_is_room_for_are_malformed),
		with_device(an_area_outside_the_region_is_malformed),
		with_device(a_truncated_list_is_malformed),
		with_device(a_chain_that_leaves_the_answer_is_malformed),
		with_device(a_chain_that_bites_its_tail_is_malformed),
		with_device(an_answer_that_grows_again_is_asked_again),
		with_device(an_answer_of_absurd_size_is_not_believed),
		with_device(a_transfer_adds_the_regions_place_in_the_file),
		with_device(a_transfer_stays_inside),
		with_device(a_transfer_keeps_to_the_regions_access),
		with_device(a_short_transfer_is_an_error),
		with_device(a_failed_transfer_passes_on_the_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
