/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mappings on type1: exact ioctls, addresses, ranges and their malformed descriptions, undo. */
#include "flows.h"

#define RW (LIBIOMMUFD_READ | LIBIOMMUFD_WRITE)

static struct libiommufd_ctx *ctx;
static struct libiommufd_ioas *ioas;
static struct libiommufd_device *dev;

static int setup(void **state)
{
	if (script_setup(state))
		return -1;
	ctx = open_type1(*state);
	ioas = create_ioas(*state, ctx, 0);
	dev = bind_device_type1(*state, ctx);
	return 0;
}

static int teardown(void **state)
{
	close_device_type1(*state, dev);
	destroy_ioas(*state, ioas);
	close_ctx(*state, ctx);
	return script_teardown(state);
}

#define with_device(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void *const va = (void *)0x7f0000123000;

static void expect_map(struct script *k, uint32_t flags, uint64_t vaddr, uint64_t iova,
		       uint64_t size, int result)
{
	expect_ioctl(k, CONTAINER_FD, VFIO_IOMMU_MAP_DMA, result, struct vfio_iommu_type1_dma_map,
		     32, flags, vaddr, iova, size);
}

static void expect_unmap(struct script *k, uint64_t iova, uint64_t size, int result)
{
	struct vfio_iommu_type1_dma_unmap cmd = {.argsz = 24, .iova = iova, .size = size};

	expect_ioctl_bytes(k, CONTAINER_FD, VFIO_IOMMU_UNMAP_DMA, &cmd, 24, result);
}

/* Before what is mapped is put into a container it is asked anew. */
static void expect_look(struct script *k)
{
	static const struct libiommufd_range ranges[] = {
		{0, 0xfedfffff},
		{0xfef00000, 0x7fffffffff},
	};

	expect_type1_info(k, CONTAINER_FD, ranges, 2);
}

/* The address space is left empty. */
static void end(struct script *k, uint64_t first, uint64_t length)
{
	if (length)
		expect_unmap(k, first, length, 0);
	assert_ok(libiommufd_device_detach(dev));
	assert_all_happened(k);
}

/* ---- Ioctls ---- */

static void mappings_made_first_reach_the_container_at_attach(void **state)
{
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x2000, RW, 0x10000));
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, LIBIOMMUFD_READ, 0x4000));
	expect_look(*state);
	expect_map(*state, 1, 0x7f0000123000, 0x4000, 0x1000, 0);
	expect_map(*state, 3, 0x7f0000123000, 0x10000, 0x2000, 0);
	assert_ok(libiommufd_device_attach(dev, ioas));
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_ATTACHED);
	/* All of it in one call. */
	end(*state, 0x4000, 0x10000 + 0x2000 - 0x4000);
}

static void once_attached_a_map_is_one_ioctl(void **state)
{
	assert_ok(libiommufd_device_attach(dev, ioas));
	expect_map(*state, 2, 0x7f0000123000, 0x10000, 0x1000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, LIBIOMMUFD_WRITE, 0x10000));
	end(*state, 0x10000, 0x1000);
}

static void an_unmap_is_one_ioctl_over_whole_mappings(void **state)
{
	uint64_t unmapped = 0;

	assert_ok(libiommufd_device_attach(dev, ioas));
	expect_map(*state, 3, 0x7f0000123000, 0x10000, 0x1000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, RW, 0x10000));
	expect_map(*state, 3, 0x7f0000123000, 0x20000, 0x2000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x2000, RW, 0x20000));
	expect_unmap(*state, 0x10000, 0x12000, 0);
	assert_ok(libiommufd_ioas_unmap(ioas, 0x8000, 0x100000, &unmapped));
	assert_int_equal(unmapped, 0x3000);
	end(*state, 0, 0);
}

static void unmap_of_nothing_or_of_half_is_refused_without_an_ioctl(void **state)
{
	static const uint64_t cuts[][2] = {
		{0x11000, 0x1000}, {0x10000, 0x1000}, {0xf000, 0x2000}, {0x11000, 0x8000},
		{0x30000, 0x1000}, {0x10fff, 1},      {0, 0x10001},     {0x12000, 0x1000},
	};
	uint64_t unmapped = 77;

	assert_ok(libiommufd_device_attach(dev, ioas));
	expect_map(*state, 3, 0x7f0000123000, 0x10000, 0x2000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x2000, RW, 0x10000));
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
		assert_fails(libiommufd_ioas_unmap(ioas, cuts[i][0], cuts[i][1], &unmapped),
			     -ENOENT, LIBIOMMUFD_REASON_NOT_MAPPED);
	assert_int_equal(unmapped, 77);
	end(*state, 0x10000, 0x2000);
}

/* What ends with the last address of all no container unmaps. */
static void where_there_is_only_software_all_but_the_last_page_is_mapped(void **state)
{
	struct libiommufd_ctx *c = open_type1(*state);
	struct libiommufd_ioas *wide = create_ioas(*state, c, 0);
	struct libiommufd_device *d = open_device_type1(*state, c);
	uint64_t last = UINT64_MAX - 0xfff, unmapped = 0;

	expect_claim_with(*state, NULL, 0);
	expect_a_driver(*state);
	assert_ok(libiommufd_device_bind(d, NULL));
	expect_ioctl_string(*state, GROUP_FD, VFIO_GROUP_GET_DEVICE_FD, NIC, DEV_FD);
	assert_ok(libiommufd_device_attach(d, wide));
	expect_map(*state, 3, 0x7f0000123000, 0, 0x1000, 0);
	assert_ok(libiommufd_ioas_map_at(wide, va, 0x1000, RW, 0));
	expect_map(*state, 3, 0x7f0000123000, last - 0x1000, 0x1000, 0);
	assert_ok(libiommufd_ioas_map_at(wide, va, 0x1000, RW, last - 0x1000));
	assert_fails(libiommufd_ioas_map_at(wide, va, 0x1000, RW, last), -EINVAL,
		     LIBIOMMUFD_REASON_IOVA_RANGE);
	assert_fails(libiommufd_ioas_copy_at(wide, wide, 0, 0x1000, RW, last), -EINVAL,
		     LIBIOMMUFD_REASON_IOVA_RANGE);
	expect_unmap(*state, 0, last, 0);
	assert_ok(libiommufd_ioas_unmap_all(wide, &unmapped));
	assert_int_equal(unmapped, 0x2000);
	assert_ok(libiommufd_device_detach(d));
	close_device_type1(*state, d);
	destroy_ioas(*state, wide);
	close_ctx(*state, c);
}

static void unmap_all_of_nothing_is_zero_bytes(void **state)
{
	uint64_t unmapped = 77;

	(void)state;
	assert_ok(libiommufd_ioas_unmap_all(ioas, &unmapped));
	assert_int_equal(unmapped, 0);
}

static void a_failed_unmap_keeps_the_record(void **state)
{
	uint64_t unmapped = 77;

	assert_ok(libiommufd_device_attach(dev, ioas));
	expect_map(*state, 3, 0x7f0000123000, 0x10000, 0x2000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x2000, RW, 0x10000));
	expect_unmap(*state, 0x10000, 0x2000, -EIO);
	assert_fails(libiommufd_ioas_unmap(ioas, 0x10000, 0x2000, &unmapped), -EIO,
		     LIBIOMMUFD_REASON_KERNEL);
	assert_int_equal(unmapped, 77);
	assert_fails(libiommufd_ioas_map_at(ioas, va, 0x1000, RW, 0x10000), -EEXIST,
		     LIBIOMMUFD_REASON_IOVA_IN_USE);
	end(*state, 0x10000, 0x2000);
}

static void a_failed_map_leaves_no_record(void **state)
{
	uint64_t iova = 77;

	assert_ok(libiommufd_device_attach(dev, ioas));
	expect_map(*state, 3, 0x7f0000123000, 0x10000, 0x1000, -EFAULT);
	assert_fails(libiommufd_ioas_map_at(ioas, va, 0x1000, RW, 0x10000), -EFAULT,
		     LIBIOMMUFD_REASON_BAD_MEMORY);
	expect_map(*state, 3, 0x7f0000123000, 0x1000, 0x1000, -EFAULT);
	assert_fails(libiommufd_ioas_map(ioas, va, 0x1000, RW, &iova), -EFAULT,
		     LIBIOMMUFD_REASON_BAD_MEMORY);
	assert_int_equal(iova, 77);
	end(*state, 0, 0);
}

static void the_entry_limit_has_its_reason_and_figures(void **state)
{
	assert_ok(libiommufd_device_attach(dev, ioas));
	expect_map(*state, 3, 0x7f0000123000, 0x10000, 0x1000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, RW, 0x10000));
	expect_map(*state, 3, 0x7f0000123000, 0x20000, 0x1000, -ENOSPC);
	assert_fails(libiommufd_ioas_map_at(ioas, va, 0x1000, RW, 0x20000), -ENOSPC,
		     LIBIOMMUFD_REASON_ENTRY_LIMIT);
	assert_int_equal(libiommufd_last_error()->needed, 2);
	assert_int_equal(libiommufd_last_error()->allowed, 1);
	assert_says("dma_entry_limit");
	end(*state, 0x10000, 0x1000);
}

static void an_attach_that_meets_the_entry_limit_says_so(void **state)
{
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, RW, 0x10000));
	expect_look(*state);
	expect_map(*state, 3, 0x7f0000123000, 0x10000, 0x1000, -ENOSPC);
	expect_unmap(*state, 0x10000, 0x1000, 0);
	assert_fails(libiommufd_device_attach(dev, ioas), -ENOSPC, LIBIOMMUFD_REASON_ENTRY_LIMIT);
	assert_says("dma_entry_limit");
	assert_ok(libiommufd_ioas_unmap_all(ioas, NULL));
}

static void the_memory_limit_is_that_of_the_process(void **state)
{
	assert_ok(libiommufd_device_attach(dev, ioas));
	expect_map(*state, 3, 0x7f0000123000, 0x10000, 0x30000, -ENOMEM);
	expect_memlock(*state, 0x40000, 0);
	expect_attribute(*state, "/proc/self/status", "VmPin:\t 0 kB\nVmLck:\t      68 kB\n");
	assert_fails(libiommufd_ioas_map_at(ioas, va, 0x30000, RW, 0x10000), -ENOMEM,
		     LIBIOMMUFD_REASON_MEMORY_LIMIT);
	assert_int_equal(libiommufd_last_error()->needed, 0x30000);
	assert_int_equal(libiommufd_last_error()->allowed, 0x40000);
	assert_says("196608 bytes cannot be pinned: RLIMIT_MEMLOCK allows 262144 bytes in all, "
		    "counted "
		    "per process, of which this process has 69632; raise it (ulimit -l, ");
	end(*state, 0, 0);
}

static void a_limit_that_leaves_room_is_not_what_is_in_the_way(void **state)
{
	assert_ok(libiommufd_device_attach(dev, ioas));
	expect_map(*state, 3, 0x7f0000123000, 0x10000, 0x30000, -ENOMEM);
	expect_memlock(*state, 0x40000, 0);
	expect_attribute(*state, "/proc/self/status", "VmLck:\t      64 kB\n");
	assert_fails(libiommufd_ioas_map_at(ioas, va, 0x30000, RW, 0x10000), -ENOMEM,
		     LIBIOMMUFD_REASON_MEMORY);
	assert_int_equal(libiommufd_last_error()->needed, 0);
	assert_says("the kernel has no memory for it");
	end(*state, 0, 0);
}

static void a_limit_that_an_attach_meets_comes_with_all_that_it_would_pin(void **state)
{
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x2000, RW, 0x10000));
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x3000, RW, 0x40000));
	expect_look(*state);
	expect_map(*state, 3, 0x7f0000123000, 0x10000, 0x2000, 0);
	expect_map(*state, 3, 0x7f0000123000, 0x40000, 0x3000, -ENOMEM);
	/* What the kernel tells then is without any of it. */
	expect_unmap(*state, 0x10000, 0x33000, 0);
	expect_memlock(*state, 0x4000, 0);
	expect_attribute(*state, "/proc/self/status", "VmLck:\t       0 kB\n");
	assert_fails(libiommufd_device_attach(dev, ioas), -ENOMEM, LIBIOMMUFD_REASON_MEMORY_LIMIT);
	assert_int_equal(libiommufd_last_error()->needed, 0x5000);
	assert_int_equal(libiommufd_last_error()->allowed, 0x4000);
	assert_says("20480 bytes cannot be pinned: RLIMIT_MEMLOCK allows 16384 bytes in all, "
		    "counted "
		    "per process, of which this process has 0;");
	assert_all_happened(*state);
}

static void a_failed_attach_unmaps_what_it_had_mapped(void **state)
{
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, RW, 0x4000));
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, RW, 0x10000));
	expect_look(*state);
	expect_map(*state, 3, 0x7f0000123000, 0x4000, 0x1000, 0);
	expect_map(*state, 3, 0x7f0000123000, 0x10000, 0x1000, -EFAULT);
	expect_unmap(*state, 0x4000, 0xd000, 0);
	assert_fails(libiommufd_device_attach(dev, ioas), -EFAULT, LIBIOMMUFD_REASON_BAD_MEMORY);
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_BOUND);
	assert_ok(libiommufd_ioas_unmap_all(ioas, NULL));
}

static void a_failed_move_restores_the_old_mappings(void **state)
{
	struct libiommufd_ioas *to = create_ioas(*state, ctx, 0);

	assert_ok(libiommufd_device_attach(dev, ioas));
	expect_map(*state, 3, 0x7f0000123000, 0x10000, 0x1000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, RW, 0x10000));
	assert_ok(libiommufd_ioas_map_at(to, va, 0x1000, RW, 0x50000));
	expect_look(*state);
	expect_unmap(*state, 0x10000, 0x1000, 0);
	expect_map(*state, 3, 0x7f0000123000, 0x50000, 0x1000, -EFAULT);
	expect_unmap(*state, 0x50000, 0x1000, 0);
	expect_map(*state, 3, 0x7f0000123000, 0x10000, 0x1000, 0);
	assert_fails(libiommufd_device_attach(dev, to), -EFAULT, LIBIOMMUFD_REASON_BAD_MEMORY);
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_ATTACHED);
	end(*state, 0x10000, 0x1000);
	destroy_ioas(*state, to);
}

static void a_move_that_cannot_be_undone_detaches_and_says_so(void **state)
{
	struct libiommufd_ioas *to = create_ioas(*state, ctx, 0);
	enum libiommufd_reach reach;

	assert_ok(libiommufd_device_attach(dev, ioas));
	expect_map(*state, 3, 0x7f0000123000, 0x10000, 0x1000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, RW, 0x10000));
	assert_ok(libiommufd_ioas_map_at(to, va, 0x1000, RW, 0x50000));
	expect_look(*state);
	expect_unmap(*state, 0x10000, 0x1000, 0);
	expect_map(*state, 3, 0x7f0000123000, 0x50000, 0x1000, -EFAULT);
	expect_unmap(*state, 0x50000, 0x1000, 0);
	expect_map(*state, 3, 0x7f0000123000, 0x10000, 0x1000, -ENOMEM);
	expect_unmap(*state, 0x10000, 0x1000, 0);
	assert_fails(libiommufd_device_attach(dev, to), -EFAULT, LIBIOMMUFD_REASON_RESTORE_FAILED);
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_BOUND);
	assert_ok(libiommufd_device_query_reach(dev, &reach, NULL));
	assert_int_equal(reach, LIBIOMMUFD_REACH_NOTHING);
	/* Neither address space is in use any more. */
	assert_ok(libiommufd_ioas_unmap_all(ioas, NULL));
	destroy_ioas(*state, to);
}

/* ---- Copy ---- */

/* Two mappings side by side whose memory is not. */
static void map_two(struct script *k)
{
	expect_map(k, 3, 0x7f0000123000, 0x10000, 0x2000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x2000, RW, 0x10000));
	expect_map(k, 1, 0x7e0000000000, 0x12000, 0x2000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, (void *)0x7e0000000000, 0x2000, LIBIOMMUFD_READ,
					 0x12000));
}

static void a_copy_maps_the_memory_of_each_mapping_again(void **state)
{
	assert_ok(libiommufd_device_attach(dev, ioas));
	map_two(*state);
	expect_map(*state, 1, 0x7f0000124000, 0x50000, 0x1000, 0);
	expect_map(*state, 1, 0x7e0000000000, 0x51000, 0x1000, 0);
	assert_ok(libiommufd_ioas_copy_at(ioas, ioas, 0x11000, 0x2000, LIBIOMMUFD_READ, 0x50000));
	end(*state, 0x10000, 0x42000);
}

static void a_copy_that_fails_half_way_is_taken_back(void **state)
{
	uint64_t iova = 77;

	assert_ok(libiommufd_device_attach(dev, ioas));
	map_two(*state);
	expect_map(*state, 1, 0x7f0000124000, 0x50000, 0x1000, 0);
	expect_map(*state, 1, 0x7e0000000000, 0x51000, 0x1000, -EFAULT);
	expect_unmap(*state, 0x50000, 0x1000, 0);
	assert_fails(libiommufd_ioas_copy_at(ioas, ioas, 0x11000, 0x2000, LIBIOMMUFD_READ, 0x50000),
		     -EFAULT, LIBIOMMUFD_REASON_BAD_MEMORY);
	/* A hole, something in the way, and more access than there is: in this order, as iommufd. */
	assert_fails(libiommufd_ioas_copy_at(ioas, ioas, 0x13000, 0x2000, RW, 0x13000), -ENOENT,
		     LIBIOMMUFD_REASON_NOT_MAPPED);
	assert_fails(libiommufd_ioas_copy_at(ioas, ioas, 0x11000, 0x2000, RW, 0x13000), -EEXIST,
		     LIBIOMMUFD_REASON_IOVA_IN_USE);
	assert_fails(libiommufd_ioas_copy(ioas, ioas, 0x11000, 0x2000, RW, &iova), -EPERM,
		     LIBIOMMUFD_REASON_RAISED_ACCESS);
	assert_int_equal(iova, 77);
	end(*state, 0x10000, 0x4000);
}

static void what_was_mapped_writable_can_be_copied_with_any_access(void **state)
{
	assert_ok(libiommufd_device_attach(dev, ioas));
	expect_map(*state, 2, 0x7f0000123000, 0x10000, 0x1000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, LIBIOMMUFD_WRITE, 0x10000));
	expect_map(*state, 1, 0x7f0000123000, 0x11000, 0x1000, 0);
	assert_ok(libiommufd_ioas_copy_at(ioas, ioas, 0x10000, 0x1000, LIBIOMMUFD_READ, 0x11000));
	/* Also from a copy that is not. */
	expect_map(*state, 3, 0x7f0000123000, 0x12000, 0x1000, 0);
	assert_ok(libiommufd_ioas_copy_at(ioas, ioas, 0x11000, 0x1000, RW, 0x12000));
	end(*state, 0x10000, 0x3000);
}

/* ---- Addresses ---- */

static void a_pick_of_half_of_all_addresses_overflows(void **state)
{
	uint64_t iova = 77;

	(void)state;
	assert_fails(libiommufd_ioas_map(ioas, va, 1ULL << 63, RW, &iova), -EOVERFLOW,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_fails(libiommufd_ioas_map(ioas, va, (1ULL << 63) - 0x1000, RW, &iova), -ENOSPC,
		     LIBIOMMUFD_REASON_IOVA_EXHAUSTED);
	assert_int_equal(iova, 77);
}

static void outside_the_ranges_nothing_is_mapped(void **state)
{
	static const uint64_t outside[][2] = {
		{0xfee00000, 0x1000},
		{0xfedff000, 0x2000},
		{0x8000000000, 0x1000},
		{0x7ffffff000, 0x2000},
	};

	assert_ok(libiommufd_device_attach(dev, ioas));
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		assert_fails(libiommufd_ioas_map_at(ioas, va, outside[i][1], RW, outside[i][0]),
			     -EINVAL, LIBIOMMUFD_REASON_IOVA_RANGE);
	end(*state, 0, 0);
}

static void what_was_mapped_outside_makes_the_attach_conflict(void **state)
{
	(void)state;
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, RW, 0xfee00000));
	expect_look(*state);
	assert_fails(libiommufd_device_attach(dev, ioas), -EADDRINUSE,
		     LIBIOMMUFD_REASON_IOVA_CONFLICT);
	assert_ok(libiommufd_ioas_unmap_all(ioas, NULL));
}

static void with_nothing_attached_picks_keep_to_what_every_device_has(void **state)
{
	uint64_t iova = 0;

	(void)state;
	assert_ok(libiommufd_ioas_map(ioas, va, 0x1000, RW, &iova));
	assert_int_equal(iova, 0x1000);
	/* Two that fill the space below the windows of Arm and of x86. */
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x8000000 - 0x2000, RW, 0x2000));
	assert_ok(libiommufd_ioas_map(ioas, va, 0x1000, RW, &iova));
	assert_int_equal(iova, 0x8100000);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0xfee00000 - 0x8101000, RW, 0x8101000));
	assert_ok(libiommufd_ioas_map(ioas, va, 0x1000, RW, &iova));
	assert_int_equal(iova, 0xfef00000);
	iova = 77;
	assert_fails(libiommufd_ioas_map(ioas, va, 1ULL << 39, RW, &iova), -ENOSPC,
		     LIBIOMMUFD_REASON_IOVA_EXHAUSTED);
	assert_int_equal(iova, 77);
	assert_ok(libiommufd_ioas_unmap_all(ioas, NULL));
}

static void large_picks_are_congruent_with_the_memory(void **state)
{
	uint64_t iova = 0;

	(void)state;
	assert_ok(libiommufd_ioas_map(ioas, va, 0x200000, RW, &iova));
	assert_int_equal(iova, 0x123000);
	assert_ok(libiommufd_ioas_unmap_all(ioas, NULL));
}

/* ---- Ranges ---- */

static void ranges_are_the_containers_once_attached(void **state)
{
	struct libiommufd_ranges *ranges = NULL;

	assert_ok(libiommufd_ioas_query_ranges(ioas, &ranges));
	assert_int_equal(libiommufd_ranges_get_count(ranges), 1);
	assert_int_equal(libiommufd_ranges_get(ranges, 0).last, UINT64_MAX);
	libiommufd_ranges_free(ranges);
	assert_ok(libiommufd_device_attach(dev, ioas));
	assert_ok(libiommufd_ioas_query_ranges(ioas, &ranges));
	assert_int_equal(libiommufd_ranges_get_count(ranges), 2);
	assert_int_equal(libiommufd_ranges_get(ranges, 0).last, 0xfedfffff);
	assert_int_equal(libiommufd_ranges_get(ranges, 1).start, 0xfef00000);
	assert_int_equal(libiommufd_ranges_get(ranges, 1).last, 0x7fffffffff);
	libiommufd_ranges_free(ranges);
	end(*state, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_device(mappings_made_first_reach_the_container_at_attach),
		with_device(once_attached_a_map_is_one_ioctl),
		with_device(an_unmap_is_one_ioctl_over_whole_mappings),
		with_device(unmap_of_nothing_or_of_half_is_refused_without_an_ioctl),
		scripted(where_there_is_only_software_all_but_the_last_page_is_mapped),
		with_device(unmap_all_of_nothing_is_zero_bytes),
		with_device(a_failed_unmap_keeps_the_record),
		with_device(a_failed_map_leaves_no_record),
		with_device(the_entry_limit_has_its_reason_and_figures),
		with_device(an_attach_that_meets_the_entry_limit_says_so),
		with_device(the_memory_limit_is_that_of_the_process),
		with_device(a_limit_that_leaves_room_is_not_what_is_in_the_way),
		with_device(a_limit_that_an_attach_meets_comes_with_all_that_it_would_pin),
		with_device(a_failed_attach_unmaps_what_it_had_mapped),
		with_device(a_failed_move_restores_the_old_mappings),
		with_device(a_move_that_cannot_be_undone_detaches_and_says_so),
		with_device(a_copy_maps_the_memory_of_each_mapping_again),
		with_device(a_copy_that_fails_half_way_is_taken_back),
		with_device(what_was_mapped_writable_can_be_copied_with_any_access),
		with_device(a_pick_of_half_of_all_addresses_overflows),
		with_device(outside_the_ranges_nothing_is_mapped),
		with_device(what_was_mapped_outside_makes_the_attach_conflict),
		with_device(with_nothing_attached_picks_keep_to_what_every_device_has),
		with_device(large_picks_are_congruent_with_the_memory),
		with_device(ranges_are_the_containers_once_attached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
