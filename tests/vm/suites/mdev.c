/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs mediated devices that do no DMA of their own: the samples mtty and mdpy, the set mdev. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"

static const char *const names[] = {"MDEV0", "MDEV1"};

static struct libiommufd_device *open_mdev(struct bench *b, int n)
{
	assert_ok(libiommufd_device_open(b->ctx, bench_name(names[n]), NULL, &b->devices[n]));
	return b->devices[n];
}

static void an_mdev_goes_through_all_states(void **state)
{
	struct bench *b = *state;

	for (int n = 0; n < 2; n++) {
		struct libiommufd_device *dev = open_mdev(b, n);

		assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_OPENED);
		assert_refused(libiommufd_device_attach(dev, b->ioas), EACCES, NOT_BOUND);
		assert_ok(libiommufd_device_bind(dev, NULL));
		assert_state(dev, BOUND, NOTHING, NULL);
		assert_refused(libiommufd_device_bind(dev, NULL), EINVAL, ALREADY_BOUND);
		assert_ok(libiommufd_device_attach(dev, b->ioas));
		assert_state(dev, ATTACHED, IOAS, b->ioas);
		assert_refused(libiommufd_ioas_destroy(b->ioas), EBUSY, IN_USE);
		assert_ok(libiommufd_device_detach(dev));
		assert_state(dev, BOUND, NOTHING, NULL);
	}
}

static void regions_of_an_mdev_can_be_read(void **state)
{
	static const uint32_t ids[] = {0x32534348 /* mtty */, 0x000f1b36 /* mdpy */};
	struct bench *b = *state;

	for (int n = 0; n < 2; n++) {
		struct libiommufd_device *dev = open_mdev(b, n);
		struct libiommufd_region *config;
		uint32_t count, id, again;

		assert_refused(libiommufd_device_query_region_count(dev, &count), EACCES,
			       NOT_BOUND);
		assert_ok(libiommufd_device_bind(dev, NULL));
		assert_ok(libiommufd_device_query_region_count(dev, &count));
		assert_true(count > LIBIOMMUFD_PCI_CONFIG);
		assert_ok(libiommufd_device_config_read32(dev, 0, &id));
		assert_int_equal(id, ids[n]);
		assert_ok(libiommufd_device_query_region(dev, LIBIOMMUFD_PCI_CONFIG, &config));
		assert_ok(libiommufd_region_read(config, 0, &again, sizeof(again)));
		assert_int_equal(again, id);
	}
}

static void the_memory_of_mdpy_can_be_mapped(void **state)
{
	struct bench *b = *state;
	struct libiommufd_device *dev = open_mdev(b, 1);
	struct libiommufd_region *bar;
	uint32_t value = 0x12345678, read = 0;
	uint64_t offset, length;
	void *memory;

	assert_ok(libiommufd_device_bind(dev, NULL));
	assert_ok(libiommufd_device_query_region(dev, LIBIOMMUFD_PCI_BAR0, &bar));
	assert_int_equal(libiommufd_region_get_area_count(bar), 1);
	assert_ok(libiommufd_region_get_area(bar, 0, &offset, &length));
	assert_ok(libiommufd_region_map(bar, offset, length, BOTH, &memory));
	/* The sample takes every offset for 0. */
	assert_ok(libiommufd_region_write(bar, 0, &value, sizeof(value)));
	memcpy(&read, memory, sizeof(read));
	assert_int_equal(read, value);
	assert_ok(libiommufd_region_unmap(bar, memory));
}

static void the_facts_of_an_mdev_name_it_by_its_uuid(void **state)
{
	struct libiommufd_facts *facts;
	struct bench *b = *state;
	const char *uuid = strrchr(bench_name("MDEV0"), '/') + 1;

	open_mdev(b, 0);
	assert_string_equal(libiommufd_device_get_name(b->devices[0]), uuid);
	assert_ok(libiommufd_device_query_facts(b->devices[0], &facts));
	assert_string_equal(libiommufd_facts_get_address(facts), uuid);
	assert_string_equal(libiommufd_facts_get_iommu(facts), "");
	libiommufd_facts_free(facts);
}

static void mapping_does_not_depend_on_the_mdev(void **state)
{
	struct bench *b = *state;
	struct libiommufd_device *dev = open_mdev(b, 0);
	uint8_t *memory = bench_memory(MIB);
	long before = bench_pins();
	uint64_t iova, bytes;

	assert_ok(libiommufd_device_bind(dev, NULL));
	assert_ok(libiommufd_device_attach(dev, b->ioas));
	assert_ok(libiommufd_ioas_map(b->ioas, memory, MIB, BOTH, &iova));
	/* It does no DMA, so nothing is pinned. */
	assert_int_equal(bench_pins(), before);
	assert_ok(libiommufd_ioas_unmap(b->ioas, iova, MIB, &bytes));
	assert_int_equal(bytes, MIB);
	munmap(memory, MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(an_mdev_goes_through_all_states, bench_setup),
		bench_test(regions_of_an_mdev_can_be_read, bench_setup),
		bench_test(the_memory_of_mdpy_can_be_mapped, bench_setup),
		bench_test(the_facts_of_an_mdev_name_it_by_its_uuid, bench_setup),
		bench_test(mapping_does_not_depend_on_the_mdev, bench_setup),
	};

	bench_begin();
	return cmocka_run_group_tests_name("mdev", tests, NULL, NULL);
}
