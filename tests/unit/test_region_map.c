/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mappings of regions: their alignment, their end, and what they mean for close. */
#include "flows.h"

#define RW      (LIBIOMMUFD_READ | LIBIOMMUFD_WRITE)
#define MiB     (1ULL << 20)
#define GiB     (1ULL << 30)
#define FILE_AT 0x10000000000ULL

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

/* Addresses only: nothing is mapped there. */
static void *at(uint64_t address)
{
	return (void *)(uintptr_t)address;
}

static struct libiommufd_region *query_region(struct script *k, uint32_t flags, uint64_t size)
{
	struct libiommufd_region *region = NULL;

	expect_ioctl(k, DEV_FD, VFIO_DEVICE_GET_REGION_INFO, 0, struct vfio_region_info, 32);
	answer(k, struct vfio_region_info, .argsz = 32, .flags = flags, .size = size,
	       .offset = FILE_AT);
	assert_ok(libiommufd_device_query_region(dev, 0, &region));
	return region;
}

/* 64 KiB with a hole in the middle page. */
static struct libiommufd_region *query_sparse(struct script *k)
{
	struct {
		struct vfio_region_info info;
		struct vfio_info_cap_header header;
		uint32_t count, reserved;
		uint64_t areas[4];
	} in = {.info.argsz = 32}, out = {
					   .info = {80, 15, 0, 32, 0x10000, FILE_AT},
					   .header = {VFIO_REGION_INFO_CAP_SPARSE_MMAP, 1, 0},
					   .count = 2,
					   .areas = {0, 0x8000, 0x9000, 0x7000},
				   };
	struct libiommufd_region *region = NULL;

	expect_ioctl_bytes(k, DEV_FD, VFIO_DEVICE_GET_REGION_INFO, &in, 32, 0);
	answer_bytes(k, &out, 32);
	in.info.argsz = 80;
	expect_ioctl_bytes(k, DEV_FD, VFIO_DEVICE_GET_REGION_INFO, &in, 80, 0);
	answer_bytes(k, &out, 80);
	assert_ok(libiommufd_device_query_region(dev, 0, &region));
	return region;
}

static void expect_device_mmap(struct script *k, void *addr, uint64_t offset, uint64_t length,
			       int prot, bool fixed, void *ret, int result)
{
	expect_mmap(k, addr, length, prot, MAP_SHARED | (fixed ? MAP_FIXED : 0), DEV_FD,
		    FILE_AT + offset, ret, result);
}

static void expect_space(struct script *k, uint64_t length, void *ret, int result)
{
	expect_mmap(k, NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0,
		    ret, result);
}

static void unmap(struct script *k, struct libiommufd_region *region, void *ptr, uint64_t length)
{
	expect_munmap(k, ptr, length, 0);
	assert_ok(libiommufd_region_unmap(region, ptr));
}

/* ---- Map ---- */

static void a_small_mapping_is_one_mmap_anywhere(void **state)
{
	struct libiommufd_region *region = query_region(*state, 7, 4 * MiB);
	void *ptr = NULL;

	expect_device_mmap(*state, NULL, 0x1000, 2 * MiB - 0x1000, PROT_READ | PROT_WRITE, false,
			   at(0x7f0000001000), 0);
	assert_ok(libiommufd_region_map(region, 0x1000, 2 * MiB - 0x1000, RW, &ptr));
	assert_ptr_equal(ptr, at(0x7f0000001000));
	unmap(*state, region, ptr, 2 * MiB - 0x1000);
}

static void access_is_what_the_process_may_do(void **state)
{
	struct libiommufd_region *region = query_region(*state, 7, 4 * MiB);
	void *ptr = NULL;

	expect_device_mmap(*state, NULL, 0, 0x1000, PROT_READ, false, at(0x7f0000001000), 0);
	assert_ok(libiommufd_region_map(region, 0, 0x1000, LIBIOMMUFD_READ, &ptr));
	unmap(*state, region, ptr, 0x1000);
	expect_device_mmap(*state, NULL, 0, 0x1000, PROT_WRITE, false, at(0x7f0000001000), 0);
	assert_ok(libiommufd_region_map(region, 0, 0x1000, LIBIOMMUFD_WRITE, &ptr));
	unmap(*state, region, ptr, 0x1000);
}

/* The space found is at start; the mapping has to be at want; the rest is given back. */
static void check_aligned(struct script *k, uint64_t offset, uint64_t length, uint64_t align,
			  uint64_t start, uint64_t want)
{
	struct libiommufd_region *region = query_region(k, 7, 16 * GiB);
	uint64_t head = want - start, tail = align - head;
	void *ptr = NULL;

	expect_space(k, length + align, at(start), 0);
	expect_device_mmap(k, at(want), offset, length, PROT_READ | PROT_WRITE, true, at(want), 0);
	if (head)
		expect_munmap(k, at(start), head, 0);
	if (tail)
		expect_munmap(k, at(want + length), tail, 0);
	assert_ok(libiommufd_region_map(region, offset, length, RW, &ptr));
	assert_ptr_equal(ptr, at(want));
	/* As the documentation says. */
	assert_int_equal((want - offset) % align, 0);
	unmap(k, region, ptr, length);
}

static void from_2_mib_on_the_address_is_congruent_modulo_2_mib(void **state)
{
	check_aligned(*state, 0, 2 * MiB, 2 * MiB, 0x7f0000123000, 0x7f0000200000);
}

static void the_head_of_the_space_is_kept_if_it_fits(void **state)
{
	check_aligned(*state, 0, 2 * MiB, 2 * MiB, 0x7f0000200000, 0x7f0000200000);
}

static void the_offset_shifts_the_address(void **state)
{
	check_aligned(*state, 0x3000, 5 * MiB, 2 * MiB, 0x7f0000200000, 0x7f0000203000);
}

static void from_1_gib_on_it_is_congruent_modulo_1_gib(void **state)
{
	check_aligned(*state, 3 * MiB, GiB, GiB, 0x7f0000001000,
		      0x7f0000001000 / GiB * GiB + 3 * MiB);
}

static void below_1_gib_2_mib_are_enough(void **state)
{
	check_aligned(*state, 0, GiB - 0x1000, 2 * MiB, 0x7f0000201000, 0x7f0000400000);
}

static void a_space_that_cannot_be_filled_is_given_back_whole(void **state)
{
	struct libiommufd_region *region = query_region(*state, 7, 16 * GiB);
	void *ptr = (void *)1;

	expect_space(*state, 4 * MiB, at(0x7f0000123000), 0);
	expect_device_mmap(*state, at(0x7f0000200000), 0, 2 * MiB, PROT_READ | PROT_WRITE, true,
			   NULL, -EIO);
	expect_munmap(*state, at(0x7f0000123000), 4 * MiB, 0);
	assert_fails(libiommufd_region_map(region, 0, 2 * MiB, RW, &ptr), -EIO,
		     LIBIOMMUFD_REASON_KERNEL);
	assert_ptr_equal(ptr, (void *)1);
}

static void each_errno_of_a_mapping_has_its_reason(void **state)
{
	struct libiommufd_region *region = query_region(*state, 7, 16 * GiB);
	void *ptr = (void *)1;

	expect_space(*state, 4 * MiB, NULL, -ENOMEM);
	assert_fails(libiommufd_region_map(region, 0, 2 * MiB, RW, &ptr), -ENOMEM,
		     LIBIOMMUFD_REASON_MEMORY);
	expect_device_mmap(*state, NULL, 0, 0x1000, PROT_READ | PROT_WRITE, false, NULL, -ENODEV);
	assert_fails(libiommufd_region_map(region, 0, 0x1000, RW, &ptr), -ENODEV,
		     LIBIOMMUFD_REASON_DEVICE_GONE);
	assert_ptr_equal(ptr, (void *)1);
}

/* ---- What is refused ---- */

static void a_mapping_of_parts_of_pages_is_refused(void **state)
{
	struct libiommufd_region *region = query_region(*state, 7, 4 * MiB);
	void *ptr = (void *)1;

	static const uint64_t wrong[][2] = {{0, 0},
					    {1, 0x1000},
					    {0xfff, 0x1000},
					    {0, 0x1001},
					    {0, 0xfff}};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_fails(libiommufd_region_map(region, wrong[i][0], wrong[i][1], RW, &ptr),
			     -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_fails(libiommufd_region_map(region, 0, 0x1000, 0, &ptr), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_fails(libiommufd_region_map(region, 0, 0x1000, 4, &ptr), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_fails(libiommufd_region_map(region, 0, 0x1000, RW, NULL), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_ptr_equal(ptr, (void *)1);
}

static void a_mapping_lies_inside_one_area(void **state)
{
	struct libiommufd_region *region = query_sparse(*state);
	void *ptr = (void *)1;

	static const uint64_t outside[][2] = {
		{0x8000, 0x1000},  {0x7000, 0x2000},  {0, 0x10000}, {0x8000, 0x8000},
		{0xf000, 0x2000},  {0x10000, 0x1000}, {0, 0x9000},  {UINT64_MAX - 0xfff, 0x1000},
		{0x1000, -0x1000},
	};
	static const uint64_t inside[][2] = {{0, 0x8000},
					     {0x7000, 0x1000},
					     {0x9000, 0x7000},
					     {0xf000, 0x1000}};

	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		assert_fails(libiommufd_region_map(region, outside[i][0], outside[i][1], RW, &ptr),
			     -EINVAL, LIBIOMMUFD_REASON_REGION_ACCESS);
	assert_ptr_equal(ptr, (void *)1);
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		expect_device_mmap(*state, NULL, inside[i][0], inside[i][1], PROT_READ | PROT_WRITE,
				   false, at(0x7f0000001000), 0);
		assert_ok(libiommufd_region_map(region, inside[i][0], inside[i][1], RW, &ptr));
		unmap(*state, region, ptr, inside[i][1]);
	}
}

static void a_mapping_keeps_to_the_regions_access(void **state)
{
	struct libiommufd_region *region = query_region(*state, 1 | 4, 4 * MiB);
	void *ptr = (void *)1;

	assert_fails(libiommufd_region_map(region, 0, 0x1000, RW, &ptr), -EACCES,
		     LIBIOMMUFD_REASON_REGION_ACCESS);
	assert_says("cannot be written");
	assert_ptr_equal(ptr, (void *)1);
}

static void a_region_that_cannot_be_mapped_says_so(void **state)
{
	struct libiommufd_region *region = query_region(*state, 3, 4 * MiB);
	void *ptr = (void *)1;

	assert_fails(libiommufd_region_map(region, 0, 0x1000, RW, &ptr), -EINVAL,
		     LIBIOMMUFD_REASON_REGION_ACCESS);
}

/* ---- Unmap and close ---- */

static void only_what_map_returned_can_be_unmapped(void **state)
{
	struct libiommufd_region *region = query_region(*state, 7, 4 * MiB);
	void *ptr = NULL;

	expect_device_mmap(*state, NULL, 0, 0x2000, PROT_READ, false, at(0x7f0000001000), 0);
	assert_ok(libiommufd_region_map(region, 0, 0x2000, LIBIOMMUFD_READ, &ptr));
	assert_fails(libiommufd_region_unmap(region, NULL), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_fails(libiommufd_region_unmap(region, at(0x7f0000002000)), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_fails(libiommufd_region_unmap(region, &ptr), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	unmap(*state, region, ptr, 0x2000);
	assert_fails(libiommufd_region_unmap(region, ptr), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
}

static void a_failed_munmap_keeps_the_mapping(void **state)
{
	struct libiommufd_region *region = query_region(*state, 7, 4 * MiB);
	void *ptr = NULL;

	expect_device_mmap(*state, NULL, 0, 0x2000, PROT_READ, false, at(0x7f0000001000), 0);
	assert_ok(libiommufd_region_map(region, 0, 0x2000, LIBIOMMUFD_READ, &ptr));
	expect_munmap(*state, ptr, 0x2000, -EIO);
	assert_fails(libiommufd_region_unmap(region, ptr), -EIO, LIBIOMMUFD_REASON_KERNEL);
	unmap(*state, region, ptr, 0x2000);
}

static void close_is_busy_while_a_region_is_mapped(void **state)
{
	struct libiommufd_region *region = query_region(*state, 7, 4 * MiB);
	void *ptr = NULL;

	expect_device_mmap(*state, NULL, 0, 0x2000, PROT_READ, false, at(0x7f0000001000), 0);
	assert_ok(libiommufd_region_map(region, 0, 0x2000, LIBIOMMUFD_READ, &ptr));
	assert_fails(libiommufd_device_close(dev, 0), -EBUSY, LIBIOMMUFD_REASON_REGION_MAPPED);
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_BOUND);
	unmap(*state, region, ptr, 0x2000);
}

static void a_forced_close_unmaps_first(void **state)
{
	struct libiommufd_region *region = query_region(*state, 7, 4 * MiB);
	void *ptr = NULL;

	expect_device_mmap(*state, NULL, 0, 0x1000, PROT_READ, false, at(0x7f0000001000), 0);
	assert_ok(libiommufd_region_map(region, 0, 0x1000, LIBIOMMUFD_READ, &ptr));
	expect_device_mmap(*state, NULL, 0x1000, 0x2000, PROT_READ, false, at(0x7f0000005000), 0);
	assert_ok(libiommufd_region_map(region, 0x1000, 0x2000, LIBIOMMUFD_READ, &ptr));
	expect_munmap(*state, at(0x7f0000005000), 0x2000, 0);
	expect_munmap(*state, at(0x7f0000001000), 0x1000, 0);
	expect_close(*state, DEV_FD, 0);
	assert_ok(libiommufd_device_close(dev, LIBIOMMUFD_CLOSE_FORCE));
	assert_all_happened(*state);
	dev = bind_device(*state, ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_device(a_small_mapping_is_one_mmap_anywhere),
		with_device(access_is_what_the_process_may_do),
		with_device(from_2_mib_on_the_address_is_congruent_modulo_2_mib),
		with_device(the_head_of_the_space_is_kept_if_it_fits),
		with_device(the_offset_shifts_the_address),
		with_device(from_1_gib_on_it_is_congruent_modulo_1_gib),
		with_device(below_1_gib_2_mib_are_enough),
		with_device(a_space_that_cannot_be_filled_is_given_back_whole),
		with_device(each_errno_of_a_mapping_has_its_reason),
		with_device(a_mapping_of_parts_of_pages_is_refused),
		with_device(a_mapping_lies_inside_one_area),
		with_device(a_mapping_keeps_to_the_regions_access),
		with_device(a_region_that_cannot_be_mapped_says_so),
		with_device(only_what_map_returned_can_be_unmapped),
		with_device(a_failed_munmap_keeps_the_mapping),
		with_device(close_is_busy_while_a_region_is_mapped),
		with_device(a_forced_close_unmaps_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
