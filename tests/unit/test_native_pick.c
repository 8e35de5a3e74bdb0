/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Picked addresses on /dev/iommu: with nothing attached the kernel's allow list leads the pick and is
 * taken back, also after failures; otherwise the kernel is left alone.
 */
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

/* Below 2^39, never 0, out of the MSI windows of Arm and x86. */
static const struct libiommufd_range safe[] = {
	{0x1000, 0x7ffffff},
	{0x8100000, 0xfedfffff},
	{0xfef00000, 0x7fffffffff},
};

static void expect_list_set(struct script *k, int result)
{
	expect_ioctl(k, IOMMU_FD, IOMMU_IOAS_ALLOW_IOVAS, result, struct iommu_ioas_allow_iovas, 24,
		     IOAS_ID, 3);
	points_to(k, offsetof(struct iommu_ioas_allow_iovas, allowed_iovas), safe, sizeof(safe));
}

static void expect_list_back(struct script *k, int result)
{
	expect_ioctl(k, IOMMU_FD, IOMMU_IOAS_ALLOW_IOVAS, result, struct iommu_ioas_allow_iovas, 24,
		     IOAS_ID, 0);
}

/* A picked map of 8 KiB; the flags lack FIXED_IOVA. */
static void expect_map(struct script *k, int result, uint64_t picked)
{
	expect_ioctl(k, IOMMU_FD, IOMMU_IOAS_MAP, result, struct iommu_ioas_map, .size = 40,
		     .flags = 2 | 4, .ioas_id = IOAS_ID, .user_va = 0x7f0000100000,
		     .length = 0x2000);
	if (result == 0)
		answer(k, struct iommu_ioas_map, .size = 40, .flags = 2 | 4, .ioas_id = IOAS_ID,
		       .user_va = 0x7f0000100000, .length = 0x2000, .iova = picked);
}

static void expect_undo(struct script *k, uint64_t picked)
{
	expect_ioctl(k, IOMMU_FD, IOMMU_IOAS_UNMAP, 0, struct iommu_ioas_unmap, 24, IOAS_ID, picked,
		     0x2000);
}

static void check_map(uint64_t picked)
{
	uint64_t iova = 1;

	assert_ok(libiommufd_ioas_map(ioas, va, 0x2000, RW, &iova));
	assert_int_equal(iova, picked);
}

static void check_map_fails(int error, uint32_t reason)
{
	uint64_t iova = 1;

	assert_fails(libiommufd_ioas_map(ioas, va, 0x2000, RW, &iova), error, reason);
	assert_int_equal(iova, 1);
}

static void the_list_is_set_for_the_map_and_taken_back(void **state)
{
	expect_list_set(*state, 0);
	expect_map(*state, 0, 0x40000);
	expect_list_back(*state, 0);
	check_map(0x40000);
}

static void the_list_is_taken_back_after_a_failed_map(void **state)
{
	expect_list_set(*state, 0);
	expect_map(*state, -ENOSPC, 0);
	expect_list_back(*state, 0);
	check_map_fails(-ENOSPC, LIBIOMMUFD_REASON_IOVA_EXHAUSTED);
}

static void no_pick_without_the_list(void **state)
{
	/* Nothing is pinned yet, so no limit is to blame. */
	expect_list_set(*state, -ENOMEM);
	check_map_fails(-ENOMEM, LIBIOMMUFD_REASON_MEMORY);
}

static void ranges_that_are_narrow_already_need_no_list(void **state)
{
	expect_list_set(*state, -EADDRINUSE);
	expect_map(*state, 0, 0x50000);
	check_map(0x50000);
}

static void a_list_that_stays_undoes_the_map(void **state)
{
	expect_list_set(*state, 0);
	expect_map(*state, 0, 0x40000);
	expect_list_back(*state, -EIO);
	expect_undo(*state, 0x40000);
	check_map_fails(-EIO, LIBIOMMUFD_REASON_KERNEL);
}

static void a_list_that_stays_after_a_failed_map_undoes_nothing(void **state)
{
	expect_list_set(*state, 0);
	expect_map(*state, -EFAULT, 0);
	expect_list_back(*state, -EIO);
	check_map_fails(-EFAULT, LIBIOMMUFD_REASON_BAD_MEMORY);
}

static void leave_the_list(struct script *k)
{
	expect_list_set(k, 0);
	expect_map(k, -EFAULT, 0);
	expect_list_back(k, -EIO);
	check_map_fails(-EFAULT, LIBIOMMUFD_REASON_BAD_MEMORY);
}

static void the_next_pick_heals_a_list_that_stayed(void **state)
{
	leave_the_list(*state);
	expect_list_back(*state, 0);
	expect_list_set(*state, 0);
	expect_map(*state, 0, 0x40000);
	expect_list_back(*state, 0);
	check_map(0x40000);

	/* Once is enough. */
	expect_list_set(*state, 0);
	expect_map(*state, 0, 0x60000);
	expect_list_back(*state, 0);
	check_map(0x60000);
}

static void a_pick_that_cannot_heal_fails_by_the_kernels_errno(void **state)
{
	leave_the_list(*state);
	expect_list_back(*state, -EIO);
	check_map_fails(-EIO, LIBIOMMUFD_REASON_KERNEL);
}

static void an_attach_heals_a_list_that_stayed(void **state)
{
	struct libiommufd_device *dev = bind_device(*state, ctx);

	leave_the_list(*state);
	expect_list_back(*state, 0);
	attach_device(*state, dev, ioas);
	close_device(*state, dev);
}

static void an_attach_that_cannot_heal_fails_before_it_attaches(void **state)
{
	struct libiommufd_device *dev = bind_device(*state, ctx);

	leave_the_list(*state);
	expect_list_back(*state, -EIO);
	assert_fails(libiommufd_device_attach(dev, ioas), -EIO, LIBIOMMUFD_REASON_KERNEL);
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_BOUND);

	/* And nothing is locked by it. */
	expect_list_back(*state, 0);
	attach_device(*state, dev, ioas);
	close_device(*state, dev);
}

static void a_list_of_the_caller_replaces_one_that_stayed(void **state)
{
	struct libiommufd_range own = {0x100000, 0x1fffff};

	leave_the_list(*state);
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_ALLOW_IOVAS, 0, struct iommu_ioas_allow_iovas, 24,
		     IOAS_ID, 1);
	points_to(*state, offsetof(struct iommu_ioas_allow_iovas, allowed_iovas), &own,
		  sizeof(own));
	assert_ok(libiommufd_ioas_allow_iovas(ioas, &own, 1));
	expect_map(*state, 0, 0x100000);
	check_map(0x100000);
}

static void with_a_list_of_the_caller_the_kernel_picks(void **state)
{
	struct libiommufd_range own = {0x100000, 0x1fffff};

	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_ALLOW_IOVAS, 0, struct iommu_ioas_allow_iovas, 24,
		     IOAS_ID, 1);
	points_to(*state, offsetof(struct iommu_ioas_allow_iovas, allowed_iovas), &own,
		  sizeof(own));
	assert_ok(libiommufd_ioas_allow_iovas(ioas, &own, 1));
	expect_map(*state, 0, 0x100000);
	check_map(0x100000);

	/* Until the caller ends it. */
	expect_list_back(*state, 0);
	assert_ok(libiommufd_ioas_allow_iovas(ioas, NULL, 0));
	expect_list_set(*state, 0);
	expect_map(*state, 0, 0x40000);
	expect_list_back(*state, 0);
	check_map(0x40000);
}

static void a_list_of_the_caller_that_fails_changes_nothing(void **state)
{
	struct libiommufd_range own = {0x100000, 0x1fffff};

	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_ALLOW_IOVAS, -EINVAL,
		     struct iommu_ioas_allow_iovas, 24, IOAS_ID, 1);
	points_to(*state, offsetof(struct iommu_ioas_allow_iovas, allowed_iovas), &own,
		  sizeof(own));
	assert_fails(libiommufd_ioas_allow_iovas(ioas, &own, 1), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	expect_list_set(*state, 0);
	expect_map(*state, 0, 0x40000);
	expect_list_back(*state, 0);
	check_map(0x40000);
}

static void once_attached_the_kernel_picks(void **state)
{
	struct libiommufd_device *dev = bind_device(*state, ctx);

	attach_device(*state, dev, ioas);
	expect_map(*state, 0, 0x70000);
	check_map(0x70000);

	/* And after the detach the list leads again. */
	uint32_t detach[2] = {8, 0};
	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_DETACH_IOMMUFD_PT, detach, sizeof(detach),
			   0);
	assert_ok(libiommufd_device_detach(dev));
	expect_list_set(*state, 0);
	expect_map(*state, 0, 0x40000);
	expect_list_back(*state, 0);
	check_map(0x40000);
	close_device(*state, dev);
}

static void closing_the_last_attached_device_counts_as_a_detach(void **state)
{
	struct libiommufd_device *dev = bind_device(*state, ctx);

	attach_device(*state, dev, ioas);
	close_device(*state, dev);
	expect_list_set(*state, 0);
	expect_map(*state, 0, 0x40000);
	expect_list_back(*state, 0);
	check_map(0x40000);
}

static void a_picked_file_is_led_too(void **state)
{
	uint64_t iova = 1;

	expect_seals(*state, 9, 0);
	expect_list_set(*state, 0);
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP_FILE, 0, struct iommu_ioas_map_file,
		     .size = 40, .flags = 6, .ioas_id = IOAS_ID, .fd = 9, .start = 0x1000,
		     .length = 0x2000);
	answer(*state, struct iommu_ioas_map_file, .size = 40, .flags = 6, .ioas_id = IOAS_ID,
	       .fd = 9, .start = 0x1000, .length = 0x2000, .iova = 0x90000);
	expect_list_back(*state, 0);
	assert_ok(libiommufd_ioas_map_file(ioas, 9, 0x1000, 0x2000, RW, &iova));
	assert_int_equal(iova, 0x90000);
}

static void a_picked_copy_is_led_too(void **state)
{
	uint64_t iova = 1;

	expect_list_set(*state, 0);
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_COPY, 0, struct iommu_ioas_copy, .size = 40,
		     .flags = 4, .dst_ioas_id = IOAS_ID, .src_ioas_id = IOAS_ID, .length = 0x1000,
		     .src_iova = 0x3000);
	answer(*state, struct iommu_ioas_copy, .size = 40, .flags = 4, .dst_ioas_id = IOAS_ID,
	       .src_ioas_id = IOAS_ID, .length = 0x1000, .dst_iova = 0xa0000, .src_iova = 0x3000);
	expect_list_back(*state, 0);
	assert_ok(libiommufd_ioas_copy(ioas, ioas, 0x3000, 0x1000, LIBIOMMUFD_READ, &iova));
	assert_int_equal(iova, 0xa0000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ioas(the_list_is_set_for_the_map_and_taken_back),
		with_ioas(the_list_is_taken_back_after_a_failed_map),
		with_ioas(no_pick_without_the_list),
		with_ioas(ranges_that_are_narrow_already_need_no_list),
		with_ioas(a_list_that_stays_undoes_the_map),
		with_ioas(a_list_that_stays_after_a_failed_map_undoes_nothing),
		with_ioas(the_next_pick_heals_a_list_that_stayed),
		with_ioas(a_pick_that_cannot_heal_fails_by_the_kernels_errno),
		with_ioas(an_attach_heals_a_list_that_stayed),
		with_ioas(an_attach_that_cannot_heal_fails_before_it_attaches),
		with_ioas(a_list_of_the_caller_replaces_one_that_stayed),
		with_ioas(with_a_list_of_the_caller_the_kernel_picks),
		with_ioas(a_list_of_the_caller_that_fails_changes_nothing),
		with_ioas(once_attached_the_kernel_picks),
		with_ioas(closing_the_last_attached_device_counts_as_a_detach),
		with_ioas(a_picked_file_is_led_too),
		with_ioas(a_picked_copy_is_led_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
