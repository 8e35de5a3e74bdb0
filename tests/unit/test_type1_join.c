/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two groups and one address space on type1: the exact way into a shared container, back, and out of it. */
#include "disk.h"

/* The answer to VFIO_IOMMU_GET_INFO of a kernel before 5.4, and the regions of a group then. */
static void expect_old_info(struct script *k, int container, int group, const char *regions)
{
	uint32_t in[512 / sizeof(uint32_t)] = {512};
	struct vfio_iommu_type1_info out = {.argsz = 16,
					    .flags = VFIO_IOMMU_INFO_PGSIZES,
					    .iova_pgsizes = 0x40201000};
	char path[64];

	expect_ioctl_bytes(k, container, VFIO_IOMMU_GET_INFO, in, sizeof(in), 0);
	answer_bytes(k, &out, 16);
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/reserved_regions", group);
	expect_open(k, path, O_RDONLY, SYSFS_FD);
	expect_read(k, SYSFS_FD, regions, 0);
	expect_read(k, SYSFS_FD, "", 0);
	expect_close(k, SYSFS_FD, 0);
}

/* ---- Into it ---- */

static void a_group_joins_by_unset_set_info_and_only_then_opens_its_device(void **state)
{
	park_disk(*state);
	join_disk(*state);
	assert_false(is_private(disk) || is_private(nic));
	/* One ioctl for both from here on. */
	expect_map(*state, CONTAINER_FD, 0x20000, 0x2000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, (void *)0x7f0000123000, 0x2000, RW, 0x20000));
	expect_unmap(*state, CONTAINER_FD, 0x20000, 0x2000);
	assert_ok(libiommufd_ioas_unmap(ioas, 0x20000, 0x2000, NULL));
	close_sharing_disk(*state);
}

static void a_bind_with_the_address_space_goes_there_at_once(void **state)
{
	int fd = -1;

	expect_disk_group(*state);
	expect_set(*state, CONTAINER_FD, 0);
	expect_type1_info(*state, CONTAINER_FD, whole, 1);
	expect_disk(*state, DISK_FD);
	assert_ok(bind_disk(ioas, 0));
	assert_ok(libiommufd_device_query_container_fd(disk, &fd));
	assert_int_equal(fd, CONTAINER_FD);
	assert_ok(libiommufd_device_attach(disk, ioas));
	close_sharing_disk(*state);
}

static void a_bind_that_asks_for_its_own_container_gets_one(void **state)
{
	expect_disk_group(*state);
	expect_container_as(*state, DISK_CONTAINER_FD);
	expect_own(*state, DISK_CONTAINER_FD);
	expect_disk(*state, DISK_FD);
	assert_ok(bind_disk(ioas, LIBIOMMUFD_BIND_PRIVATE));
	expect_type1_info(*state, DISK_CONTAINER_FD, whole, 1);
	expect_map(*state, DISK_CONTAINER_FD, 0x10000, 0x1000, 0);
	assert_ok(libiommufd_device_attach(disk, ioas));
	assert_true(is_private(disk));
	assert_false(is_private(nic));
	expect_unmap(*state, DISK_CONTAINER_FD, 0x10000, 0x1000);
	assert_ok(libiommufd_device_detach(disk));
	close_disk(*state, DISK_CONTAINER_FD, true, false);
}

/* The container that a group is parked in is the address space's if that has none. */
static void the_first_attach_promotes_the_groups_own_container(void **state)
{
	struct libiommufd_ioas *other = create_ioas(*state, ctx, 0);

	park_disk(*state);
	assert_ok(libiommufd_ioas_map_at(other, (void *)0x7f0000123000, 0x1000, RW, 0x10000));
	expect_disk(*state, DISK_FD);
	expect_type1_info(*state, DISK_CONTAINER_FD, whole, 1);
	expect_map(*state, DISK_CONTAINER_FD, 0x10000, 0x1000, 0);
	assert_ok(libiommufd_device_attach(disk, other));
	assert_false(is_private(disk));
	close_disk(*state, DISK_CONTAINER_FD, true, true);
	destroy_ioas(*state, other);
}

/* ---- Back ---- */

/* Its own container has lost its IOMMU, since nobody was in it. */
static void expect_back_and_attach(struct script *k)
{
	expect_own(k, DISK_CONTAINER_FD);
	expect_disk(k, DISK_FD);
	expect_type1_info(k, DISK_CONTAINER_FD, whole, 1);
	expect_map(k, DISK_CONTAINER_FD, 0x10000, 0x1000, 0);
	assert_ok(libiommufd_device_attach(disk, ioas));
	assert_all_happened(k);
	assert_true(is_private(disk));
	assert_non_null(strstr(noted, "container of its own"));
	close_disk(k, DISK_CONTAINER_FD, true, true);
}

static void a_group_that_is_not_taken_in_is_parked_again_and_attached_alone(void **state)
{
	park_disk(*state);
	expect_unset(*state, 0);
	expect_set(*state, CONTAINER_FD, -EINVAL);
	expect_back_and_attach(*state);
}

static void a_container_that_cannot_be_asked_is_left_again(void **state)
{
	uint32_t in[512 / sizeof(uint32_t)] = {512};

	park_disk(*state);
	expect_unset(*state, 0);
	expect_set(*state, CONTAINER_FD, 0);
	expect_ioctl_bytes(*state, CONTAINER_FD, VFIO_IOMMU_GET_INFO, in, sizeof(in), -EIO);
	expect_unset(*state, 0);
	expect_back_and_attach(*state);
}

/* Whoever has the group's file may have opened a device in the meantime. */
static void expect_kept(struct script *k)
{
	uint32_t in[512 / sizeof(uint32_t)] = {512};

	park_disk(k);
	expect_unset(k, 0);
	expect_set(k, CONTAINER_FD, 0);
	expect_ioctl_bytes(k, CONTAINER_FD, VFIO_IOMMU_GET_INFO, in, sizeof(in), -EIO);
	expect_unset(k, -EBUSY);
	expect_close(k, DISK_CONTAINER_FD, 0);
}

static void a_group_that_is_kept_where_it_cannot_be_is_said_to_reach_what_it_reaches(void **state)
{
	struct libiommufd_ioas *reached;
	enum libiommufd_reach reach;

	expect_kept(*state);
	expect_unset(*state, -EBUSY);
	assert_fails(libiommufd_device_attach(disk, ioas), -EIO, LIBIOMMUFD_REASON_RESTORE_FAILED);
	assert_says("cannot leave");
	assert_all_happened(*state);
	assert_int_equal(libiommufd_device_get_state(disk), LIBIOMMUFD_DEVICE_BOUND);
	assert_ok(libiommufd_device_query_reach(disk, &reach, &reached));
	assert_int_equal(reach, LIBIOMMUFD_REACH_IOAS);
	assert_ptr_equal(reached, ioas);
	expect_unset(*state, 0);
	expect_type1_info(*state, CONTAINER_FD, whole, 1);
	expect_close(*state, DISK_GROUP_FD, 0);
	assert_ok(libiommufd_device_close(disk, 0));
	assert_all_happened(*state);
}

static void a_group_that_is_kept_for_a_moment_only_goes_back(void **state)
{
	expect_kept(*state);
	expect_unset(*state, 0);
	expect_type1_info(*state, CONTAINER_FD, whole, 1);
	expect_container_as(*state, NEXT_CONTAINER_FD);
	expect_own(*state, NEXT_CONTAINER_FD);
	assert_fails(libiommufd_device_attach(disk, ioas), -EIO, LIBIOMMUFD_REASON_KERNEL);
	assert_all_happened(*state);
	close_disk(*state, NEXT_CONTAINER_FD, false, false);
}

static void a_group_that_the_kernel_keeps_is_attached_where_it_is(void **state)
{
	park_disk(*state);
	expect_unset(*state, -EBUSY);
	expect_disk(*state, DISK_FD);
	expect_type1_info(*state, DISK_CONTAINER_FD, whole, 1);
	expect_map(*state, DISK_CONTAINER_FD, 0x10000, 0x1000, 0);
	assert_ok(libiommufd_device_attach(disk, ioas));
	assert_true(is_private(disk));
	close_disk(*state, DISK_CONTAINER_FD, true, true);
}

static void memory_is_counted_for_each_container_that_is_to_pin_it(void **state)
{
	park_disk(*state);
	expect_unset(*state, -EBUSY);
	expect_disk(*state, DISK_FD);
	expect_type1_info(*state, DISK_CONTAINER_FD, whole, 1);
	expect_map(*state, DISK_CONTAINER_FD, 0x10000, 0x1000, 0);
	assert_ok(libiommufd_device_attach(disk, ioas));
	expect_map(*state, CONTAINER_FD, 0x20000, 0x2000, 0);
	expect_map(*state, DISK_CONTAINER_FD, 0x20000, 0x2000, -ENOMEM);
	expect_unmap(*state, CONTAINER_FD, 0x20000, 0x2000);
	expect_memlock(*state, 0x5000, 0);
	/* There is room for it once, and not twice. */
	expect_attribute(*state, "/proc/self/status", "VmLck:\t       8 kB\n");
	assert_fails(libiommufd_ioas_map_at(ioas, (void *)0x7f0000123000, 0x2000, RW, 0x20000),
		     -ENOMEM, LIBIOMMUFD_REASON_MEMORY_LIMIT);
	assert_int_equal(libiommufd_last_error()->needed, 0x4000);
	assert_int_equal(libiommufd_last_error()->allowed, 0x5000);
	close_disk(*state, DISK_CONTAINER_FD, true, true);
}

static void a_device_that_does_not_open_takes_its_group_out_again(void **state)
{
	park_disk(*state);
	expect_unset(*state, 0);
	expect_set(*state, CONTAINER_FD, 0);
	expect_type1_info(*state, CONTAINER_FD, whole, 1);
	expect_close(*state, DISK_CONTAINER_FD, 0);
	expect_disk(*state, -EIO);
	expect_unset(*state, 0);
	expect_type1_info(*state, CONTAINER_FD, whole, 1);
	expect_container_as(*state, NEXT_CONTAINER_FD);
	expect_own(*state, NEXT_CONTAINER_FD);
	assert_fails(libiommufd_device_attach(disk, ioas), -EIO, LIBIOMMUFD_REASON_KERNEL);
	assert_all_happened(*state);
	assert_int_equal(libiommufd_device_get_state(disk), LIBIOMMUFD_DEVICE_BOUND);
	close_disk(*state, NEXT_CONTAINER_FD, false, false);
}

/* Neither the other's container nor its own takes it. */
static void expect_none(struct script *k)
{
	park_disk(k);
	expect_unset(k, 0);
	expect_set(k, CONTAINER_FD, -EINVAL);
	expect_set(k, DISK_CONTAINER_FD, -ENOMEM);
	expect_close(k, DISK_CONTAINER_FD, 0);
	expect_container_as(k, NEXT_CONTAINER_FD);
}

static void a_group_that_its_own_container_does_not_take_back_gets_a_new_one(void **state)
{
	expect_none(*state);
	expect_own(*state, NEXT_CONTAINER_FD);
	assert_fails(libiommufd_device_attach(disk, ioas), -ENOMEM, LIBIOMMUFD_REASON_MEMORY);
	assert_all_happened(*state);
	close_disk(*state, NEXT_CONTAINER_FD, false, false);
}

static void a_group_that_cannot_go_back_says_so_and_is_blocked_by_the_next_attach(void **state)
{
	expect_none(*state);
	expect_set(*state, NEXT_CONTAINER_FD, -ENOMEM);
	expect_close(*state, NEXT_CONTAINER_FD, 0);
	assert_fails(libiommufd_device_attach(disk, ioas), -ENOMEM,
		     LIBIOMMUFD_REASON_RESTORE_FAILED);
	assert_says("not blocked");
	assert_all_happened(*state);
	/* The container that it may need is there before it asks. */
	expect_container_as(*state, NEXT_CONTAINER_FD);
	expect_set(*state, CONTAINER_FD, 0);
	expect_type1_info(*state, CONTAINER_FD, whole, 1);
	expect_close(*state, NEXT_CONTAINER_FD, 0);
	expect_disk(*state, DISK_FD);
	assert_ok(libiommufd_device_attach(disk, ioas));
	close_sharing_disk(*state);
}

/* ---- Out of it ---- */

static void what_is_shared_can_be_neither_detached_nor_moved(void **state)
{
	struct libiommufd_ioas *other = create_ioas(*state, ctx, 0);

	park_disk(*state);
	join_disk(*state);
	/* Without a system call. */
	assert_fails(libiommufd_device_detach(disk), -EBUSY, LIBIOMMUFD_REASON_CONTAINER_SHARED);
	assert_says("close it");
	assert_fails(libiommufd_device_attach(nic, other), -EBUSY,
		     LIBIOMMUFD_REASON_CONTAINER_SHARED);
	assert_says("LIBIOMMUFD_BIND_PRIVATE");
	assert_int_equal(libiommufd_device_get_state(disk), LIBIOMMUFD_DEVICE_ATTACHED);
	close_sharing_disk(*state);
	/* The last one can. */
	expect_unmap(*state, CONTAINER_FD, 0x10000, 0x1000);
	assert_ok(libiommufd_device_detach(nic));
	destroy_ioas(*state, other);
}

/* ---- Old kernels ---- */

static void on_an_old_kernel_the_groups_regions_decide(void **state)
{
	static const char msi[] = "0x00000000fee00000 0x00000000feefffff msi\n";
	static const char mapped[] = "0x0000000000010000 0x0000000000010fff direct\n";
	struct libiommufd_ranges *ranges = NULL;

	/* It is taken in, and leaves again since something is mapped in its region. */
	expect_disk_group(*state);
	expect_set(*state, CONTAINER_FD, 0);
	expect_old_info(*state, CONTAINER_FD, 12, mapped);
	expect_unset(*state, 0);
	expect_container_as(*state, DISK_CONTAINER_FD);
	expect_set(*state, DISK_CONTAINER_FD, 0);
	expect_ioctl_number(*state, DISK_CONTAINER_FD, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU, 0);
	expect_old_info(*state, DISK_CONTAINER_FD, 12, mapped);
	expect_disk(*state, DISK_FD);
	assert_ok(bind_disk(ioas, 0));
	expect_old_info(*state, DISK_CONTAINER_FD, 12, mapped);
	assert_fails(libiommufd_device_attach(disk, ioas), -EADDRINUSE,
		     LIBIOMMUFD_REASON_IOVA_CONFLICT);
	close_disk(*state, DISK_CONTAINER_FD, true, false);

	/* Where nothing is in the way the ranges of all are narrowed. */
	expect_disk_place(*state);
	assert_ok(libiommufd_device_open(ctx, DISK, NULL, &disk));
	expect_disk_group(*state);
	expect_set(*state, CONTAINER_FD, 0);
	expect_old_info(*state, CONTAINER_FD, 12, msi);
	expect_disk(*state, DISK_FD);
	assert_ok(bind_disk(ioas, 0));
	assert_ok(libiommufd_ioas_query_ranges(ioas, &ranges));
	assert_int_equal(libiommufd_ranges_get_count(ranges), 2);
	assert_int_equal(libiommufd_ranges_get(ranges, 0).last, 0xfedfffff);
	assert_int_equal(libiommufd_ranges_get(ranges, 1).last, (1ULL << 39) - 1);
	libiommufd_ranges_free(ranges);
	expect_close(*state, DISK_FD, 0);
	expect_unset(*state, 0);
	expect_old_info(*state, CONTAINER_FD, 12, msi);
	expect_close(*state, DISK_GROUP_FD, 0);
	assert_ok(libiommufd_device_close(disk, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		two_groups(a_group_joins_by_unset_set_info_and_only_then_opens_its_device),
		two_groups(a_bind_with_the_address_space_goes_there_at_once),
		two_groups(a_bind_that_asks_for_its_own_container_gets_one),
		two_groups(the_first_attach_promotes_the_groups_own_container),
		two_groups(a_group_that_is_not_taken_in_is_parked_again_and_attached_alone),
		two_groups(a_container_that_cannot_be_asked_is_left_again),
		two_groups(a_group_that_is_kept_for_a_moment_only_goes_back),
		two_groups(
			a_group_that_is_kept_where_it_cannot_be_is_said_to_reach_what_it_reaches),
		two_groups(a_group_that_the_kernel_keeps_is_attached_where_it_is),
		two_groups(memory_is_counted_for_each_container_that_is_to_pin_it),
		two_groups(a_device_that_does_not_open_takes_its_group_out_again),
		two_groups(a_group_that_its_own_container_does_not_take_back_gets_a_new_one),
		two_groups(a_group_that_cannot_go_back_says_so_and_is_blocked_by_the_next_attach),
		two_groups(what_is_shared_can_be_neither_detached_nor_moved),
		two_groups(on_an_old_kernel_the_groups_regions_decide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
