/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be known before a move is asked before anything is unmapped: entries, addresses, page sizes. */
#include "flows.h"

#define RW (LIBIOMMUFD_READ | LIBIOMMUFD_WRITE)

static struct libiommufd_ctx *ctx;
static struct libiommufd_ioas *from, *to;
static struct libiommufd_device *dev;

static void *const va = (void *)0x7f0000123000;

static void expect_map(struct script *k, uint64_t iova)
{
	expect_ioctl(k, CONTAINER_FD, VFIO_IOMMU_MAP_DMA, 0, struct vfio_iommu_type1_dma_map, 32, 3,
		     0x7f0000123000, iova, 0x1000);
}

static void expect_unmap(struct script *k, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_unmap cmd = {.argsz = 24, .iova = iova, .size = size};

	expect_ioctl_bytes(k, CONTAINER_FD, VFIO_IOMMU_UNMAP_DMA, &cmd, 24, 0);
}

/* The answer of a container with one range, so many entries left, and pages of these sizes. */
static void expect_info(struct script *k, uint64_t last, uint32_t entries, uint64_t page_sizes)
{
	struct {
		struct vfio_iommu_type1_info info;
		struct vfio_iommu_type1_info_dma_avail avail;
		uint32_t pad;
		struct vfio_info_cap_header header;
		uint32_t nr_iovas, reserved;
		struct libiommufd_range range;
	} out = {
		.info = {.argsz = sizeof(out),
			 .flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS,
			 .iova_pgsizes = page_sizes,
			 .cap_offset = offsetof(typeof(out), avail)},
		.avail = {{VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, 1, offsetof(typeof(out), header)},
			  entries},
		.header = {VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, 1, 0},
		.nr_iovas = 1,
		.range = {0, last},
	};
	uint32_t in[512 / sizeof(uint32_t)] = {512};

	expect_ioctl_bytes(k, CONTAINER_FD, VFIO_IOMMU_GET_INFO, in, sizeof(in), 0);
	answer_bytes(k, &out, sizeof(out));
}

enum {
	PAGES_4K = 0x40201000,
	PAGES_64K = 0x20010000,
};

static const uint64_t wide = 0x7fffffffff;

/* Attached where two pages are mapped; where it is to go there are five. */
static int setup(void **state)
{
	if (script_setup(state))
		return -1;
	ctx = open_type1(*state);
	from = create_ioas(*state, ctx, 0);
	to = create_ioas(*state, ctx, 0);
	dev = bind_device_type1(*state, ctx);
	assert_ok(libiommufd_device_attach(dev, from));
	for (uint64_t i = 0; i < 2; i++) {
		expect_map(*state, 0x10000 + i * 0x10000);
		assert_ok(libiommufd_ioas_map_at(from, va, 0x1000, RW, 0x10000 + i * 0x10000));
	}
	for (uint64_t i = 0; i < 5; i++)
		assert_ok(libiommufd_ioas_map_at(to, va, 0x1000, RW, 0x50000 + i * 0x10000));
	assert_all_happened(*state);
	return 0;
}

static int teardown(void **state)
{
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_ATTACHED);
	expect_unmap(*state, 0x10000, 0x11000);
	assert_ok(libiommufd_device_detach(dev));
	close_device_type1(*state, dev);
	destroy_ioas(*state, from);
	destroy_ioas(*state, to);
	close_ctx(*state, ctx);
	return script_teardown(state);
}

#define attached(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void check_figures(uint64_t needed, uint64_t allowed)
{
	assert_int_equal(libiommufd_last_error()->needed, needed);
	assert_int_equal(libiommufd_last_error()->allowed, allowed);
}

static void too_few_entries_leave_what_is_mapped(void **state)
{
	/* Two are left, and two would be given back. */
	expect_info(*state, wide, 2, PAGES_4K);
	assert_fails(libiommufd_device_attach(dev, to), -ENOSPC, LIBIOMMUFD_REASON_ENTRY_LIMIT);
	check_figures(5, 4);
	assert_says("dma_entry_limit");
	expect_info(*state, wide, 0, PAGES_4K);
	assert_fails(libiommufd_device_attach(dev, to), -ENOSPC, LIBIOMMUFD_REASON_ENTRY_LIMIT);
	check_figures(5, 2);
}

/* There and back. */
static void just_enough_entries_are_enough(void **state)
{
	expect_info(*state, wide, 3, PAGES_4K);
	expect_unmap(*state, 0x10000, 0x11000);
	for (uint64_t i = 0; i < 5; i++)
		expect_map(*state, 0x50000 + i * 0x10000);
	assert_ok(libiommufd_device_attach(dev, to));
	assert_all_happened(*state);
	expect_info(*state, wide, 0, PAGES_4K);
	expect_unmap(*state, 0x50000, 0x41000);
	for (uint64_t i = 0; i < 2; i++)
		expect_map(*state, 0x10000 + i * 0x10000);
	assert_ok(libiommufd_device_attach(dev, from));
}

static void a_first_attach_gives_nothing_back(void **state)
{
	expect_unmap(*state, 0x10000, 0x11000);
	assert_ok(libiommufd_device_detach(dev));
	expect_info(*state, wide, 4, PAGES_4K);
	assert_fails(libiommufd_device_attach(dev, to), -ENOSPC, LIBIOMMUFD_REASON_ENTRY_LIMIT);
	check_figures(5, 4);
	expect_info(*state, wide, 2, PAGES_4K);
	for (uint64_t i = 0; i < 2; i++)
		expect_map(*state, 0x10000 + i * 0x10000);
	assert_ok(libiommufd_device_attach(dev, from));
}

static void an_address_that_is_gone_meanwhile_leaves_what_is_mapped(void **state)
{
	expect_info(*state, 0x90fff, 65535, PAGES_4K);
	expect_unmap(*state, 0x10000, 0x11000);
	for (uint64_t i = 0; i < 5; i++)
		expect_map(*state, 0x50000 + i * 0x10000);
	assert_ok(libiommufd_device_attach(dev, to));
	expect_info(*state, 0x1ffff, 65535, PAGES_4K);
	assert_fails(libiommufd_device_attach(dev, from), -EADDRINUSE,
		     LIBIOMMUFD_REASON_IOVA_CONFLICT);
	assert_all_happened(*state);
	expect_info(*state, wide, 65535, PAGES_4K);
	expect_unmap(*state, 0x50000, 0x41000);
	for (uint64_t i = 0; i < 2; i++)
		expect_map(*state, 0x10000 + i * 0x10000);
	assert_ok(libiommufd_device_attach(dev, from));
}

static void pages_that_are_too_large_leave_what_is_mapped(void **state)
{
	expect_info(*state, wide, 65535, PAGES_64K);
	assert_fails(libiommufd_device_attach(dev, to), -EADDRINUSE,
		     LIBIOMMUFD_REASON_IOVA_CONFLICT);
	assert_says("alignment");
}

static void a_container_that_cannot_be_asked_leaves_what_is_mapped(void **state)
{
	uint32_t in[512 / sizeof(uint32_t)] = {512};

	expect_ioctl_bytes(*state, CONTAINER_FD, VFIO_IOMMU_GET_INFO, in, sizeof(in), -EIO);
	assert_fails(libiommufd_device_attach(dev, to), -EIO, LIBIOMMUFD_REASON_KERNEL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		attached(too_few_entries_leave_what_is_mapped),
		attached(just_enough_entries_are_enough),
		attached(a_first_attach_gives_nothing_back),
		attached(an_address_that_is_gone_meanwhile_leaves_what_is_mapped),
		attached(pages_that_are_too_large_leave_what_is_mapped),
		attached(a_container_that_cannot_be_asked_leaves_what_is_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
