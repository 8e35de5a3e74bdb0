/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Address spaces on /dev/iommu: the exact bytes of each ioctl, and what its errno becomes. */
#include "flows.h"

#define RW (LIBIOMMUFD_READ | LIBIOMMUFD_WRITE)

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

static void *const va = (void *)0x7f0000100000;

/* ---- Create and destroy ---- */

static void create_asks_with_12_bytes_and_keeps_the_id(void **state)
{
	(void)state;
	assert_int_equal(libiommufd_ioas_get_id(ioas), IOAS_ID);
}

static void create_tells_no_memory_by_its_reason(void **state)
{
	struct libiommufd_ioas *other = (void *)1;

	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_ALLOC, -ENOMEM, struct iommu_ioas_alloc, 12);
	assert_fails(libiommufd_ioas_create(ctx, NULL, &other), -ENOMEM, LIBIOMMUFD_REASON_MEMORY);
	assert_ptr_equal(other, (void *)1);
}

static void create_passes_on_another_errno(void **state)
{
	struct libiommufd_ioas *other = (void *)1;

	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_ALLOC, -EIO, struct iommu_ioas_alloc, 12);
	assert_fails(libiommufd_ioas_create(ctx, NULL, &other), -EIO, LIBIOMMUFD_REASON_KERNEL);
	assert_ptr_equal(other, (void *)1);
}

static void destroy_of_a_used_one_is_busy_and_leaves_it_valid(void **state)
{
	expect_ioctl(*state, IOMMU_FD, IOMMU_DESTROY, -EBUSY, struct iommu_destroy, 8, IOAS_ID);
	assert_fails(libiommufd_ioas_destroy(ioas), -EBUSY, LIBIOMMUFD_REASON_IN_USE);
	assert_int_equal(libiommufd_ioas_get_id(ioas), IOAS_ID);
}

static void destroy_passes_on_another_errno(void **state)
{
	expect_ioctl(*state, IOMMU_FD, IOMMU_DESTROY, -ENOENT, struct iommu_destroy, 8, IOAS_ID);
	assert_fails(libiommufd_ioas_destroy(ioas), -ENOENT, LIBIOMMUFD_REASON_KERNEL);
}

/* ---- Map ---- */

static void map_at_sends_fixed_writeable_readable(void **state)
{
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP, 0, struct iommu_ioas_map, .size = 40,
		     .flags = 1 | 2 | 4, .ioas_id = IOAS_ID, .user_va = 0x7f0000100000,
		     .length = 0x2000, .iova = 0x10000);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x2000, RW, 0x10000));
}

static void map_at_zero_is_an_address_like_any_other(void **state)
{
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP, 0, struct iommu_ioas_map, .size = 40,
		     .flags = 1 | 2 | 4, .ioas_id = IOAS_ID, .user_va = 0x7f0000100000,
		     .length = 0x2000, .iova = 0);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x2000, RW, 0));
}

static void map_for_reading_sends_no_write_flag(void **state)
{
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP, 0, struct iommu_ioas_map, .size = 40,
		     .flags = 1 | 4, .ioas_id = IOAS_ID, .user_va = 0x7f0000100000,
		     .length = 0x1000, .iova = 0x1000);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, LIBIOMMUFD_READ, 0x1000));
}

static void map_for_writing_sends_no_read_flag(void **state)
{
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP, 0, struct iommu_ioas_map, .size = 40,
		     .flags = 1 | 2, .ioas_id = IOAS_ID, .user_va = 0x7f0000100000,
		     .length = 0x1000, .iova = 0x1000);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, LIBIOMMUFD_WRITE, 0x1000));
}

static void map_up_to_the_last_address_is_no_overflow(void **state)
{
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP, 0, struct iommu_ioas_map, .size = 40,
		     .flags = 1 | 4, .ioas_id = IOAS_ID, .user_va = 0x7f0000100000,
		     .length = 0x1000, .iova = 0xfffffffffffff000);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, LIBIOMMUFD_READ, 0xfffffffffffff000));
}

struct refusal {
	int error;
	uint32_t reason;
	const char *says;
};

static void each_errno_of_a_map_has_its_reason(void **state)
{
	static const struct refusal refusals[] = {
		{-EEXIST, LIBIOMMUFD_REASON_IOVA_IN_USE, "0x10000-0x10fff"},
		{-EINVAL, LIBIOMMUFD_REASON_IOVA_RANGE, "libiommufd_ioas_query_ranges()"},
		{-EFAULT, LIBIOMMUFD_REASON_BAD_MEMORY, "cannot be pinned"},
		{-EOVERFLOW, LIBIOMMUFD_REASON_ARGUMENT, "does not fit"},
		{-ENOSPC, LIBIOMMUFD_REASON_IOVA_EXHAUSTED, "4096 bytes"},
		{-ENOENT, LIBIOMMUFD_REASON_NOT_MAPPED, "not all"},
		{-EIO, LIBIOMMUFD_REASON_KERNEL, "Input/output error"},
	};

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP, refusals[i].error,
			     struct iommu_ioas_map, .size = 40, .flags = 7, .ioas_id = IOAS_ID,
			     .user_va = 0x7f0000100000, .length = 0x1000, .iova = 0x10000);
		assert_fails(libiommufd_ioas_map_at(ioas, va, 0x1000, RW, 0x10000),
			     refusals[i].error, refusals[i].reason);
		assert_says("map_at ioas 3: ");
		assert_says(refusals[i].says);
	}
}

/* ---- Map a file ---- */

static void map_file_at_sends_the_file_and_its_offset(void **state)
{
	expect_seals(*state, 9, 0);
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP_FILE, 0, struct iommu_ioas_map_file,
		     .size = 40, .flags = 7, .ioas_id = IOAS_ID, .fd = 9, .start = 0x3000,
		     .length = 0x2000, .iova = 0x10000);
	assert_ok(libiommufd_ioas_map_file_at(ioas, 9, 0x3000, 0x2000, RW, 0x10000));
}

static void a_kernel_without_map_file_gets_memory_of_our_own_mapping(void **state)
{
	void *own = (void *)0x7e0000000000;

	expect_seals(*state, 9, 0);
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP_FILE, -ENOTTY, struct iommu_ioas_map_file,
		     .size = 40, .flags = 5, .ioas_id = IOAS_ID, .fd = 9, .start = 0x3000,
		     .length = 0x2000, .iova = 0x10000);
	expect_mmap(*state, NULL, 0x2000, PROT_READ, MAP_SHARED, 9, 0x3000, own, 0);
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP, 0, struct iommu_ioas_map, .size = 40,
		     .flags = 5, .ioas_id = IOAS_ID, .user_va = 0x7e0000000000, .length = 0x2000,
		     .iova = 0x10000);
	assert_ok(libiommufd_ioas_map_file_at(ioas, 9, 0x3000, 0x2000, LIBIOMMUFD_READ, 0x10000));

	/* The mapping ends with the address. */
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_UNMAP, 0, struct iommu_ioas_unmap, 24, IOAS_ID,
		     0x10000, 0x2000);
	expect_munmap(*state, own, 0x2000, 0);
	assert_ok(libiommufd_ioas_unmap(ioas, 0x10000, 0x2000, NULL));
}

static void a_kernel_without_map_file_is_asked_once(void **state)
{
	void *own = (void *)0x7e0000000000;

	for (int i = 0; i < 2; i++) {
		expect_seals(*state, 9, 0);
		if (i == 0)
			expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP_FILE, -ENOTTY,
				     struct iommu_ioas_map_file, .size = 40, .flags = 7,
				     .ioas_id = IOAS_ID, .fd = 9, .length = 0x1000);
		expect_mmap(*state, NULL, 0x1000, PROT_READ | PROT_WRITE, MAP_SHARED, 9, 0, own, 0);
		expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP, -EEXIST, struct iommu_ioas_map,
			     .size = 40, .flags = 7, .ioas_id = IOAS_ID, .user_va = 0x7e0000000000,
			     .length = 0x1000);
		expect_munmap(*state, own, 0x1000, 0);
		assert_fails(libiommufd_ioas_map_file_at(ioas, 9, 0, 0x1000, RW, 0), -EEXIST,
			     LIBIOMMUFD_REASON_IOVA_IN_USE);
	}
}

static void a_file_that_is_not_in_memory_is_mapped_here_at_once(void **state)
{
	void *own = (void *)0x7e0000000000;

	expect_seals(*state, 9, -EINVAL);
	expect_mmap(*state, NULL, 0x1000, PROT_WRITE, MAP_SHARED, 9, 0, own, 0);
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP, 0, struct iommu_ioas_map, .size = 40,
		     .flags = 3, .ioas_id = IOAS_ID, .user_va = 0x7e0000000000, .length = 0x1000,
		     .iova = 0x5000);
	assert_ok(libiommufd_ioas_map_file_at(ioas, 9, 0, 0x1000, LIBIOMMUFD_WRITE, 0x5000));

	/* unmap_all ends it too, also if the kernel says that nothing was there. */
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_UNMAP, -ENOENT, struct iommu_ioas_unmap, 24,
		     IOAS_ID, 0, UINT64_MAX);
	expect_munmap(*state, own, 0x1000, 0);
	assert_ok(libiommufd_ioas_unmap_all(ioas, NULL));
}

static void an_unmap_elsewhere_leaves_the_file_mapped(void **state)
{
	void *own = (void *)0x7e0000000000;

	expect_seals(*state, 9, -EINVAL);
	expect_mmap(*state, NULL, 0x1000, PROT_READ, MAP_SHARED, 9, 0, own, 0);
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP, 0, struct iommu_ioas_map, .size = 40,
		     .flags = 5, .ioas_id = IOAS_ID, .user_va = 0x7e0000000000, .length = 0x1000,
		     .iova = 0x5000);
	assert_ok(libiommufd_ioas_map_file_at(ioas, 9, 0, 0x1000, LIBIOMMUFD_READ, 0x5000));

	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_UNMAP, 0, struct iommu_ioas_unmap, 24, IOAS_ID,
		     0x6000, 0x1000);
	assert_ok(libiommufd_ioas_unmap(ioas, 0x6000, 0x1000, NULL));
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_UNMAP, -ENOENT, struct iommu_ioas_unmap, 24,
		     IOAS_ID, 0x5000, 0x1000);
	assert_fails(libiommufd_ioas_unmap(ioas, 0x5000, 0x1000, NULL), -ENOENT,
		     LIBIOMMUFD_REASON_NOT_MAPPED);

	/* Destroy is the other end. */
	expect_ioctl(*state, IOMMU_FD, IOMMU_DESTROY, 0, struct iommu_destroy, 8, IOAS_ID);
	expect_munmap(*state, own, 0x1000, 0);
	assert_ok(libiommufd_ioas_destroy(ioas));
	assert_all_happened(*state);
	ioas = create_ioas(*state, ctx, IOAS_ID);
}

static void a_file_not_open_for_that_access_is_bad_memory(void **state)
{
	expect_seals(*state, 9, 0);
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP_FILE, -EACCES, struct iommu_ioas_map_file,
		     .size = 40, .flags = 7, .ioas_id = IOAS_ID, .fd = 9, .start = 0,
		     .length = 0x1000, .iova = 0);
	assert_fails(libiommufd_ioas_map_file_at(ioas, 9, 0, 0x1000, RW, 0), -EACCES,
		     LIBIOMMUFD_REASON_BAD_MEMORY);
}

static void a_closed_file_is_told_before_anything_is_mapped(void **state)
{
	expect_seals(*state, 9, -EBADF);
	assert_fails(libiommufd_ioas_map_file_at(ioas, 9, 0, 0x1000, RW, 0), -EBADF,
		     LIBIOMMUFD_REASON_ARGUMENT);
}

static void a_file_that_cannot_be_mapped_passes_on_the_errno(void **state)
{
	expect_seals(*state, 9, -EINVAL);
	expect_mmap(*state, NULL, 0x1000, PROT_READ, MAP_SHARED, 9, 0, NULL, -EACCES);
	assert_fails(libiommufd_ioas_map_file_at(ioas, 9, 0, 0x1000, LIBIOMMUFD_READ, 0), -EACCES,
		     LIBIOMMUFD_REASON_BAD_MEMORY);
}

/* ---- Copy ---- */

static void copy_at_sends_both_ids_and_addresses(void **state)
{
	struct libiommufd_ioas *dst = create_ioas(*state, ctx, 8);

	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_COPY, 0, struct iommu_ioas_copy, .size = 40,
		     .flags = 1 | 4, .dst_ioas_id = 8, .src_ioas_id = IOAS_ID, .length = 0x2000,
		     .dst_iova = 0x9000, .src_iova = 0x4000);
	assert_ok(libiommufd_ioas_copy_at(dst, ioas, 0x4000, 0x2000, LIBIOMMUFD_READ, 0x9000));
	destroy_ioas(*state, dst);
}

static void a_copy_into_itself_is_allowed(void **state)
{
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_COPY, 0, struct iommu_ioas_copy, .size = 40,
		     .flags = 7, .dst_ioas_id = IOAS_ID, .src_ioas_id = IOAS_ID, .length = 0x1000,
		     .dst_iova = 0x9000, .src_iova = 0);
	assert_ok(libiommufd_ioas_copy_at(ioas, ioas, 0, 0x1000, RW, 0x9000));
}

static void a_copy_that_raises_access_has_its_reason(void **state)
{
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_COPY, -EPERM, struct iommu_ioas_copy, .size = 40,
		     .flags = 7, .dst_ioas_id = IOAS_ID, .src_ioas_id = IOAS_ID, .length = 0x1000,
		     .dst_iova = 0x9000, .src_iova = 0);
	assert_fails(libiommufd_ioas_copy_at(ioas, ioas, 0, 0x1000, RW, 0x9000), -EPERM,
		     LIBIOMMUFD_REASON_RAISED_ACCESS);
}

/* ---- Unmap ---- */

static void unmap_returns_the_kernels_count(void **state)
{
	uint64_t unmapped = 1;

	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_UNMAP, 0, struct iommu_ioas_unmap, 24, IOAS_ID,
		     0x10000, 0x8000);
	answer(*state, struct iommu_ioas_unmap, 24, IOAS_ID, 0x10000, 0x3000);
	assert_ok(libiommufd_ioas_unmap(ioas, 0x10000, 0x8000, &unmapped));
	assert_int_equal(unmapped, 0x3000);
}

static void unmap_of_one_byte_asks_the_kernel(void **state)
{
	uint64_t unmapped = 77;

	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_UNMAP, -ENOENT, struct iommu_ioas_unmap, 24,
		     IOAS_ID, 0x10001, 1);
	assert_fails(libiommufd_ioas_unmap(ioas, 0x10001, 1, &unmapped), -ENOENT,
		     LIBIOMMUFD_REASON_NOT_MAPPED);
	assert_int_equal(unmapped, 77);
	assert_says("0x10001-0x10001");
}

static void unmap_passes_on_another_errno(void **state)
{
	uint64_t unmapped = 77;

	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_UNMAP, -EBUSY, struct iommu_ioas_unmap, 24,
		     IOAS_ID, 0x1000, 0x1000);
	assert_fails(libiommufd_ioas_unmap(ioas, 0x1000, 0x1000, &unmapped), -EBUSY,
		     LIBIOMMUFD_REASON_KERNEL);
	assert_int_equal(unmapped, 77);
}

static void unmap_all_sends_zero_and_the_largest_length(void **state)
{
	uint64_t unmapped = 1;

	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_UNMAP, 0, struct iommu_ioas_unmap, 24, IOAS_ID, 0,
		     UINT64_MAX);
	answer(*state, struct iommu_ioas_unmap, 24, IOAS_ID, 0, 0x5000);
	assert_ok(libiommufd_ioas_unmap_all(ioas, &unmapped));
	assert_int_equal(unmapped, 0x5000);
}

static void unmap_all_of_nothing_is_zero_bytes(void **state)
{
	uint64_t unmapped = 1;

	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_UNMAP, -ENOENT, struct iommu_ioas_unmap, 24,
		     IOAS_ID, 0, UINT64_MAX);
	assert_ok(libiommufd_ioas_unmap_all(ioas, &unmapped));
	assert_int_equal(unmapped, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ioas(create_asks_with_12_bytes_and_keeps_the_id),
		with_ioas(create_tells_no_memory_by_its_reason),
		with_ioas(create_passes_on_another_errno),
		with_ioas(destroy_of_a_used_one_is_busy_and_leaves_it_valid),
		with_ioas(destroy_passes_on_another_errno),
		with_ioas(map_at_sends_fixed_writeable_readable),
		with_ioas(map_at_zero_is_an_address_like_any_other),
		with_ioas(map_for_reading_sends_no_write_flag),
		with_ioas(map_for_writing_sends_no_read_flag),
		with_ioas(map_up_to_the_last_address_is_no_overflow),
		with_ioas(each_errno_of_a_map_has_its_reason),
		with_ioas(map_file_at_sends_the_file_and_its_offset),
		with_ioas(a_file_not_open_for_that_access_is_bad_memory),
		with_ioas(a_kernel_without_map_file_gets_memory_of_our_own_mapping),
		with_ioas(a_kernel_without_map_file_is_asked_once),
		with_ioas(a_file_that_is_not_in_memory_is_mapped_here_at_once),
		with_ioas(an_unmap_elsewhere_leaves_the_file_mapped),
		with_ioas(a_closed_file_is_told_before_anything_is_mapped),
		with_ioas(a_file_that_cannot_be_mapped_passes_on_the_errno),
		with_ioas(copy_at_sends_both_ids_and_addresses),
		with_ioas(a_copy_into_itself_is_allowed),
		with_ioas(a_copy_that_raises_access_has_its_reason),
		with_ioas(unmap_returns_the_kernels_count),
		with_ioas(unmap_of_one_byte_asks_the_kernel),
		with_ioas(unmap_passes_on_another_errno),
		with_ioas(unmap_all_sends_zero_and_the_largest_length),
		with_ioas(unmap_all_of_nothing_is_zero_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
