/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the tests of regions and configuration space, on edu: BAR0 of 1 MiB, no other. */
#include "suites.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

static struct libiommufd_region *find_region(struct bench *b, uint32_t index)
{
	struct libiommufd_region *region;

	assert_ok(libiommufd_device_query_region(b->dev, index, &region));
	return region;
}

static void regions_are_described_as_the_device_is(void **state)
{
	struct libiommufd_region *bar, *region = NULL;
	struct bench *b = *state;
	uint64_t offset, length;
	uint32_t count;

	assert_ok(libiommufd_device_query_region_count(b->dev, &count));
	assert_int_equal(count, LIBIOMMUFD_PCI_VGA + 1);
	bar = find_region(b, LIBIOMMUFD_PCI_BAR0);
	assert_ptr_equal(find_region(b, LIBIOMMUFD_PCI_BAR0), bar);
	assert_int_equal(libiommufd_region_get_size(bar), MIB);
	assert_int_equal(libiommufd_region_get_access(bar), BOTH);
	assert_int_equal(libiommufd_region_get_area_count(bar), 1);
	assert_ok(libiommufd_region_get_area(bar, 0, &offset, &length));
	assert_int_equal(offset, 0);
	assert_int_equal(length, MIB);
	assert_refused(libiommufd_region_get_area(bar, 1, &offset, &length), EINVAL, ARGUMENT);

	assert_int_equal(libiommufd_region_get_size(find_region(b, LIBIOMMUFD_PCI_BAR1)), 0);
	region = find_region(b, LIBIOMMUFD_PCI_CONFIG);
	assert_true(libiommufd_region_get_size(region) >= 256);
	assert_int_equal(libiommufd_region_get_area_count(region), 0);
	region = NULL;
	assert_refused(libiommufd_device_query_region(b->dev, 1000, &region), EINVAL, ARGUMENT);
	assert_null(region);
}

static void a_mapping_and_reads_and_writes_see_the_same_registers(void **state)
{
	struct bench *b = *state;
	struct libiommufd_region *bar = find_region(b, LIBIOMMUFD_PCI_BAR0);
	volatile uint32_t *liveness;
	uint32_t value;
	void *page;
	int fd;

	assert_ok(libiommufd_region_read(bar, EDU_ID, &value, sizeof(value)));
	assert_int_equal(value & 0xff, 0xed);
	assert_ok(libiommufd_region_map(bar, 0, PAGE, BOTH, &page));
	liveness = (volatile uint32_t *)((char *)page + EDU_LIVENESS);
	value = 0x01020304;
	assert_ok(libiommufd_region_write(bar, EDU_LIVENESS, &value, sizeof(value)));
	assert_int_equal(*liveness, (uint32_t)~0x01020304);
	*liveness = 0x55aa;
	assert_ok(libiommufd_region_read(bar, EDU_LIVENESS, &value, sizeof(value)));
	assert_int_equal(value, (uint32_t)~0x55aa);

	/* The file and the offset that are told lead there as well. */
	assert_ok(libiommufd_device_query_fd(b->dev, &fd));
	assert_int_equal(pread(fd, &value, sizeof(value),
			       libiommufd_region_get_file_offset(bar) + EDU_LIVENESS),
			 sizeof(value));
	assert_int_equal(value, (uint32_t)~0x55aa);
	assert_ok(libiommufd_region_unmap(bar, page));
	assert_refused(libiommufd_region_unmap(bar, page), EINVAL, ARGUMENT);
}

static void a_part_of_a_region_can_be_mapped_at_its_offset(void **state)
{
	struct bench *b = *state;
	struct libiommufd_region *bar = find_region(b, LIBIOMMUFD_PCI_BAR0);
	void *all, *last;

	assert_ok(libiommufd_region_map(bar, 0, MIB, BOTH, &all));
	assert_ok(libiommufd_region_map(bar, MIB - PAGE, PAGE, LIBIOMMUFD_READ, &last));
	*(volatile uint32_t *)((char *)all + EDU_LIVENESS) = 7;
	assert_int_equal(*(volatile uint32_t *)((char *)all + EDU_LIVENESS), (uint32_t)~7);
	/* A read beyond the registers gives ones. */
	assert_int_equal(*(volatile uint32_t *)last, UINT32_MAX);
	assert_refused(libiommufd_device_close(b->dev, 0), EBUSY, REGION_MAPPED);
	assert_ok(libiommufd_region_unmap(bar, all));
	assert_refused(libiommufd_device_close(b->dev, 0), EBUSY, REGION_MAPPED);
	assert_ok(libiommufd_region_unmap(bar, last));
}

static void what_is_not_inside_a_region_is_refused(void **state)
{
	struct bench *b = *state;
	struct libiommufd_region *bar = find_region(b, LIBIOMMUFD_PCI_BAR0);
	struct libiommufd_region *absent = find_region(b, LIBIOMMUFD_PCI_BAR1);
	struct libiommufd_region *config = find_region(b, LIBIOMMUFD_PCI_CONFIG);
	uint32_t value = 0;
	void *page = NULL;

	assert_refused(libiommufd_region_map(bar, 0, 0, BOTH, &page), EINVAL, ARGUMENT);
	assert_refused(libiommufd_region_map(bar, 1, PAGE, BOTH, &page), EINVAL, ARGUMENT);
	assert_refused(libiommufd_region_map(bar, 0, PAGE - 1, BOTH, &page), EINVAL, ARGUMENT);
	assert_refused(libiommufd_region_map(bar, 0, PAGE, 0, &page), EINVAL, ARGUMENT);
	assert_refused(libiommufd_region_map(bar, 0, PAGE, 8, &page), EINVAL, ARGUMENT);
	assert_refused(libiommufd_region_map(bar, MIB, PAGE, BOTH, &page), EINVAL, REGION_ACCESS);
	assert_refused(libiommufd_region_map(bar, 0, 2 * MIB, BOTH, &page), EINVAL, REGION_ACCESS);
	assert_refused(libiommufd_region_map(config, 0, PAGE, BOTH, &page), EINVAL, REGION_ACCESS);
	assert_refused(libiommufd_region_map(absent, 0, PAGE, BOTH, &page), EACCES, REGION_ACCESS);
	assert_null(page);

	assert_refused(libiommufd_region_read(bar, MIB, &value, 4), EINVAL, ARGUMENT);
	assert_refused(libiommufd_region_read(bar, MIB - 2, &value, 4), EINVAL, ARGUMENT);
	assert_refused(libiommufd_region_write(bar, UINT64_MAX, &value, 4), EINVAL, ARGUMENT);
	assert_refused(libiommufd_region_read(bar, 0, &value, 0), EINVAL, ARGUMENT);
	assert_refused(libiommufd_region_read(absent, 0, &value, 4), EINVAL, ARGUMENT);
}

static void configuration_space_is_read_in_all_widths(void **state)
{
	struct libiommufd_region *config;
	struct bench *b = *state;
	uint8_t bytes[4], low;
	uint16_t vendor, device;
	uint32_t both;

	assert_ok(libiommufd_device_config_read32(b->dev, 0, &both));
	assert_int_equal(both, 0x11e81234);
	assert_ok(libiommufd_device_config_read16(b->dev, 0, &vendor));
	assert_int_equal(vendor, 0x1234);
	assert_ok(libiommufd_device_config_read16(b->dev, 2, &device));
	assert_int_equal(device, 0x11e8);
	assert_ok(libiommufd_device_config_read8(b->dev, 1, &low));
	assert_int_equal(low, 0x12);
	config = find_region(b, LIBIOMMUFD_PCI_CONFIG);
	assert_ok(libiommufd_region_read(config, 0, bytes, sizeof(bytes)));
	assert_memory_equal(bytes, "\x34\x12\xe8\x11", 4);

	assert_refused(libiommufd_device_config_read16(b->dev, 1, &vendor), EINVAL, ARGUMENT);
	assert_refused(libiommufd_device_config_read32(b->dev, 2, &both), EINVAL, ARGUMENT);
	assert_refused(libiommufd_device_config_read8(b->dev, 1 << 20, &low), EINVAL, ARGUMENT);
}

static void configuration_space_is_written_in_all_widths(void **state)
{
	enum {
		COMMAND = 0x04,
		BAR0 = 0x10,
		LINE = 0x3c
	};
	struct bench *b = *state;
	uint8_t line, old_line;
	uint16_t value;
	uint32_t bar, all;

	assert_ok(libiommufd_device_config_read8(b->dev, LINE, &old_line));
	assert_ok(libiommufd_device_config_write8(b->dev, LINE, old_line ^ 0x5a));
	assert_ok(libiommufd_device_config_read8(b->dev, LINE, &line));
	assert_int_equal(line, old_line ^ 0x5a);
	assert_ok(libiommufd_device_config_write8(b->dev, LINE, old_line));

	assert_ok(libiommufd_device_config_write16(b->dev, COMMAND, 0));
	assert_ok(libiommufd_device_config_read16(b->dev, COMMAND, &value));
	assert_int_equal(value & 7, 0);
	assert_ok(libiommufd_device_config_write16(b->dev, COMMAND, 6));
	assert_ok(libiommufd_device_config_read16(b->dev, COMMAND, &value));
	assert_int_equal(value & 7, 6);

	/* The kernel plays the sizing of a BAR. */
	assert_ok(libiommufd_device_config_read32(b->dev, BAR0, &bar));
	assert_ok(libiommufd_device_config_write32(b->dev, BAR0, UINT32_MAX));
	assert_ok(libiommufd_device_config_read32(b->dev, BAR0, &all));
	assert_int_equal(~(all & ~0xfu) + 1, MIB);
	assert_ok(libiommufd_device_config_write32(b->dev, BAR0, bar));

	assert_refused(libiommufd_device_config_write16(b->dev, 1, 0), EINVAL, ARGUMENT);
	assert_refused(libiommufd_device_config_write32(b->dev, 6, 0), EINVAL, ARGUMENT);
	assert_refused(libiommufd_device_config_write8(b->dev, 1 << 20, 0), EINVAL, ARGUMENT);
}

static void without_bus_mastering_there_is_no_dma(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);
	uint16_t command;

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	assert_true(dma_works(b, 0, 0x10000, memory));
	assert_ok(libiommufd_device_set_bus_master(b->dev, false));
	assert_ok(libiommufd_device_config_read16(b->dev, 4, &command));
	assert_int_equal(command & 4, 0);
	assert_false(dma_writes(b, 0, 0x10000, memory));
	dma_read(b, 0, 0x10000, memory);
	assert_ok(libiommufd_device_set_bus_master(b->dev, true));
	assert_false(dma_holds(b, 0, memory));
	assert_true(dma_works(b, 0, 0x10000, memory));
	munmap(memory, PAGE);
}

static void bus_mastering_is_off_after_bind(void **state)
{
	struct bench *b = *state;
	uint16_t command;

	assert_ok(libiommufd_device_bind(b->dev, NULL));
	assert_ok(libiommufd_device_config_read16(b->dev, 4, &command));
	assert_int_equal(command & 4, 0);
}

int run_regions(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(regions_are_described_as_the_device_is, bench_setup_bound),
		bench_test(a_mapping_and_reads_and_writes_see_the_same_registers,
			   bench_setup_bound),
		bench_test(a_part_of_a_region_can_be_mapped_at_its_offset, bench_setup_bound),
		bench_test(what_is_not_inside_a_region_is_refused, bench_setup_bound),
		bench_test(configuration_space_is_read_in_all_widths, bench_setup_bound),
		bench_test(configuration_space_is_written_in_all_widths, bench_setup_bound),
		bench_test(without_bus_mastering_there_is_no_dma, bench_setup_attached),
		bench_test(bus_mastering_is_off_after_bind, bench_setup_opened),
	};
	return cmocka_run_group_tests_name("regions", tests, NULL, NULL);
}
