/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the tests of software devices, through the same calls as real ones: mtty, a serial port that
 * echoes, and mdpy, a display that is memory. They do no DMA.
 */
#include "behaviours.h"
#include "devices.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	UART_DATA = 0,
	UART_INTERRUPTS = 1,
	UART_FIFO = 2,
	INTX = LIBIOMMUFD_PCI_INTX,
	MSI = LIBIOMMUFD_PCI_MSI,
	MIGRATION = 1, /* a feature: 8 bytes of flags */
};

static const char *uuid_of(const char *variable)
{
	return strrchr(bench_name(variable), '/') + 1;
}

static struct libiommufd_region *region_of(struct libiommufd_device *dev, uint32_t index)
{
	struct libiommufd_region *region;

	assert_ok(libiommufd_device_query_region(dev, index, &region));
	return region;
}

static void put(struct libiommufd_device *dev, int reg, uint8_t value)
{
	assert_ok(libiommufd_region_write(region_of(dev, LIBIOMMUFD_PCI_BAR0), (uint64_t)reg,
					  &value, 1));
}

static uint8_t get(struct libiommufd_device *dev, int reg)
{
	uint8_t value = 0xee;

	assert_ok(libiommufd_region_read(region_of(dev, LIBIOMMUFD_PCI_BAR0), (uint64_t)reg, &value,
					 1));
	return value;
}

static int setup_serial(void **state)
{
	bench_setup(state);
	device_bound(*state, 0, "MDEV0");
	return 0;
}

static int setup_display(void **state)
{
	bench_setup(state);
	device_bound(*state, 0, "MDEV1");
	return 0;
}

static void facts_of_software_devices_are_known(void **state)
{
	const char *variables[] = {"MDEV0", "MDEV1"};
	struct libiommufd_facts *facts;
	struct bench *b = *state;

	for (int i = 0; i < 2; i++) {
		assert_ok(libiommufd_ctx_query_facts(b->ctx, bench_name(variables[i]), &facts));
		assert_string_equal(libiommufd_facts_get_address(facts), uuid_of(variables[i]));
		assert_true(libiommufd_facts_get_group(facts) >= 0);
		assert_int_equal(libiommufd_facts_get_member_count(facts), 1);
		assert_non_null(libiommufd_facts_get_driver(facts));
		libiommufd_facts_free(facts);
	}
}

static void a_software_device_goes_through_all_states(void **state)
{
	const char *variables[] = {"MDEV0", "MDEV1"};
	uint8_t *memory = bench_memory(PAGE);
	struct bench *b = *state;
	int files = count_files();
	uint64_t iova;

	for (int n = 0; n < 2; n++) {
		device_opened(b, n, variables[n]);
		assert_string_equal(libiommufd_device_get_name(b->devices[n]),
				    uuid_of(variables[n]));
		assert_refused(libiommufd_device_attach(b->devices[n], b->ioas), EACCES, NOT_BOUND);
		bench_bind_with(b, n, LIBIOMMUFD_BIND_PRIVATE, NULL);
		assert_state(b->devices[n], BOUND, NOTHING, NULL);
		assert_refused(libiommufd_device_bind(b->devices[n], NULL), EINVAL, ALREADY_BOUND);
		assert_int_equal(libiommufd_device_get_id(b->devices[n]) != 0,
				 natively(b->native, BEHAVIOUR_IDS));
	}
	for (int n = 0; n < 2; n++) {
		assert_ok(libiommufd_device_attach(b->devices[n], b->ioas));
		assert_state(b->devices[n], ATTACHED, IOAS, b->ioas);
	}
	assert_ok(libiommufd_ioas_map(b->ioas, memory, PAGE, BOTH, &iova));
	assert_true(iova != 0);
	assert_refused(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, iova), EEXIST,
		       IOVA_IN_USE);
	assert_ok(libiommufd_ioas_unmap(b->ioas, iova, PAGE, NULL));
	for (int n = 0; n < 2; n++) {
		assert_ok(libiommufd_device_detach(b->devices[n]));
		assert_state(b->devices[n], BOUND, NOTHING, NULL);
		device_closed(b, n);
	}
	assert_int_equal(count_files(), files);
	munmap(memory, PAGE);
}

/* There is no IOMMU that would lack any address. */
static void any_address_can_be_mapped_and_is_free_again(void **state)
{
	const uint64_t last = -(uint64_t)PAGE, iovas[] = {0, 0xfee00000, 1ULL << 63, last - PAGE};
	uint8_t *memory = bench_memory(PAGE);
	struct bench *b = *state;

	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	for (int i = 0; i < 4; i++)
		for (int again = 0; again < 2; again++) {
			assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, iovas[i]));
			assert_ok(libiommufd_ioas_unmap(b->ioas, iovas[i], PAGE, NULL));
		}
	if (natively(b->native, BEHAVIOUR_LAST_PAGE)) {
		assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, last));
		assert_ok(libiommufd_ioas_unmap(b->ioas, last, PAGE, NULL));
		assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, last));
	} else {
		assert_refused(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, last), EINVAL,
			       IOVA_RANGE);
		assert_ok(libiommufd_device_detach(b->dev));
		assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, last));
		assert_refused(libiommufd_device_attach(b->dev, b->ioas), EADDRINUSE,
			       IOVA_CONFLICT);
	}
	munmap(memory, PAGE);
}

static void a_node_leads_to_the_same_device(void **state)
{
	struct libiommufd_facts *facts;
	struct bench *b = *state;

	assert_ok(libiommufd_ctx_query_facts(b->ctx, bench_name("MDEV0"), &facts));
	assert_non_null(libiommufd_facts_get_node(facts));
	assert_ok(libiommufd_device_open(b->ctx, libiommufd_facts_get_node(facts), NULL,
					 &b->devices[0]));
	assert_ok(libiommufd_device_bind(b->devices[0], NULL));
	put(b->devices[0], UART_DATA, 'n');
	assert_int_equal(get(b->devices[0], UART_DATA), 'n');
	libiommufd_facts_free(facts);
}

static void the_serial_port_echoes(void **state)
{
	struct bench *b = *state;
	uint32_t id;

	assert_ok(libiommufd_device_config_read32(b->dev, 0, &id));
	assert_int_equal(id, 0x32534348);
	assert_int_equal(libiommufd_region_get_size(region_of(b->dev, LIBIOMMUFD_PCI_BAR0)), 8);
	assert_int_equal(libiommufd_region_get_area_count(region_of(b->dev, LIBIOMMUFD_PCI_BAR0)),
			 0);
	for (const char *c = "libiommufd"; *c; c++)
		put(b->dev, UART_DATA, (uint8_t)*c);
	for (const char *c = "libiommufd"; *c; c++)
		assert_int_equal(get(b->dev, UART_DATA), *c);
}

static void the_serial_port_interrupts(void **state)
{
	uint32_t count = 0, flags = 0;
	struct bench *b = *state;
	int event = event_new();

	assert_ok(libiommufd_device_query_irq(b->dev, INTX, &count, &flags));
	assert_int_equal(count, 1);
	assert_int_equal(flags, LIBIOMMUFD_IRQ_EVENTFD | LIBIOMMUFD_IRQ_MASKABLE |
					LIBIOMMUFD_IRQ_AUTOMASKED);
	assert_ok(libiommufd_device_query_irq(b->dev, MSI, &count, &flags));
	assert_int_equal(flags, LIBIOMMUFD_IRQ_EVENTFD | LIBIOMMUFD_IRQ_NORESIZE);
	assert_refused(libiommufd_device_query_irq(b->dev, LIBIOMMUFD_PCI_MSIX, &count, &flags),
		       EINVAL, ARGUMENT);
	assert_refused(libiommufd_device_query_irq(b->dev, LIBIOMMUFD_PCI_REQ, &count, &flags),
		       EINVAL, ARGUMENT);

	assert_ok(libiommufd_device_set_irqs(b->dev, MSI, 0, &event, 1));
	assert_refused(libiommufd_device_set_irqs(b->dev, INTX, 0, &event, 1), EINVAL,
		       NOT_SUPPORTED);
	assert_ok(libiommufd_device_trigger_irqs(b->dev, MSI, 0, 1));
	assert_true(event_comes(event));
	/* A byte is there: the first of them fires. */
	put(b->dev, UART_FIFO, 1);
	put(b->dev, UART_INTERRUPTS, 1);
	put(b->dev, UART_DATA, 'x');
	assert_true(event_comes(event));
	assert_int_equal(get(b->dev, UART_DATA), 'x');
	assert_ok(libiommufd_device_disable_irqs(b->dev, MSI));
	put(b->dev, UART_DATA, 'y');
	assert_true(event_silent(event));

	assert_ok(libiommufd_device_set_irqs(b->dev, INTX, 0, &event, 1));
	assert_ok(libiommufd_device_mask_irq(b->dev, INTX));
	assert_ok(libiommufd_device_trigger_irqs(b->dev, INTX, 0, 1));
	assert_true(event_silent(event));
	assert_ok(libiommufd_device_unmask_irq(b->dev, INTX));
	assert_ok(libiommufd_device_trigger_irqs(b->dev, INTX, 0, 1));
	assert_true(event_comes(event));
	assert_refused(libiommufd_device_set_unmask_fd(b->dev, INTX, event), ENOTTY, NOT_SUPPORTED);
	close(event);
}

static void the_serial_port_tells_how_it_migrates(void **state)
{
	struct bench *b = *state;
	uint64_t flags = 0;

	assert_ok(libiommufd_device_feature(b->dev,
					    LIBIOMMUFD_DEVICE_FEATURE_PROBE |
						    LIBIOMMUFD_DEVICE_FEATURE_GET | MIGRATION,
					    NULL, 0));
	assert_ok(libiommufd_device_feature(b->dev, LIBIOMMUFD_DEVICE_FEATURE_GET | MIGRATION,
					    &flags, sizeof(flags)));
	assert_int_equal(flags, 7); /* stop and copy, peer to peer, copy beforehand */
	assert_refused(libiommufd_device_feature(b->dev, LIBIOMMUFD_DEVICE_FEATURE_SET | MIGRATION,
						 &flags, sizeof(flags)),
		       EINVAL, KERNEL);
	assert_refused(libiommufd_device_enter_low_power(b->dev, -1), ENOTTY, NOT_SUPPORTED);
}

static void a_software_device_has_no_slot(void **state)
{
	struct libiommufd_hot_reset *reset = NULL;
	struct bench *b = *state;

	assert_ok(libiommufd_device_reset(b->dev));
	assert_refused(libiommufd_device_query_hot_reset(b->dev, &reset), ENOTTY, NOT_SUPPORTED);
	assert_refused(libiommufd_device_hot_reset(b->dev), ENOTTY, NOT_SUPPORTED);
	assert_null(reset);
	assert_refused(libiommufd_region_set_ioeventfd(region_of(b->dev, LIBIOMMUFD_PCI_BAR0), 0, 1,
						       0, -1),
		       ENOTTY, NOT_SUPPORTED);
}

static void the_display_is_memory(void **state)
{
	struct bench *b = *state;
	struct libiommufd_region *bar = region_of(b->dev, LIBIOMMUFD_PCI_BAR0);
	uint64_t size = libiommufd_region_get_size(bar);
	uint32_t word, *map;
	void *va;

	assert_true(size >= MIB);
	assert_ok(libiommufd_region_map(bar, 0, size, BOTH, &va));
	map = va;
	/* Reads and writes go to the first word, whatever the offset: so does the sample. */
	map[0] = 0x01020304;
	assert_ok(libiommufd_region_read(bar, 0, &word, sizeof(word)));
	assert_int_equal(word, 0x01020304);
	word = 0x12345678;
	assert_ok(libiommufd_region_write(bar, 0, &word, sizeof(word)));
	assert_int_equal(map[0], 0x12345678);
	map[size / sizeof(word) - 1] = 0x55aa;
	assert_int_equal(map[size / sizeof(word) - 1], 0x55aa);
	assert_refused(libiommufd_device_close(b->dev, 0), EBUSY, REGION_MAPPED);
	assert_ok(libiommufd_region_unmap(bar, va));
}

static void the_display_has_no_interrupts(void **state)
{
	uint32_t count = 99, flags = 99;
	struct bench *b = *state;
	int event = event_new();

	assert_ok(libiommufd_device_query_irq(b->dev, INTX, &count, &flags));
	assert_int_equal(count, 0);
	assert_refused(libiommufd_device_set_irqs(b->dev, INTX, 0, &event, 1), EINVAL, ARGUMENT);
	assert_ok(libiommufd_device_disable_irqs(b->dev, INTX));
	assert_refused(libiommufd_device_trigger_irqs(b->dev, INTX, 0, 1), EINVAL, ARGUMENT);
	close(event);
}

static void a_removed_software_device_is_gone(void **state)
{
	struct bench *b = *state;
	char path[128];

	device_opened(b, 0, "MDEV1");
	device_closed(b, 0);
	snprintf(path, sizeof(path), "%s/remove", bench_name("MDEV1"));
	assert_int_equal(write_file(path, "1"), 0);
	assert_refused(libiommufd_device_open(b->ctx, bench_name("MDEV1"), NULL, &b->devices[0]),
		       ENODEV, NO_SUCH_DEVICE);
	assert_null(b->devices[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(facts_of_software_devices_are_known, bench_setup),
		bench_test(a_software_device_goes_through_all_states, bench_setup),
		bench_test(any_address_can_be_mapped_and_is_free_again, setup_serial),
		bench_test(a_node_leads_to_the_same_device, bench_setup),
		bench_test(the_serial_port_echoes, setup_serial),
		bench_test(a_software_device_has_no_slot, setup_serial),
		bench_test(the_display_is_memory, setup_display),
		bench_test(the_display_has_no_interrupts, setup_display),
	};
	/* The sample's own: Linux 6.7 taught it both. */
	const struct CMUnitTest newer[] = {
		bench_test(the_serial_port_interrupts, setup_serial),
		bench_test(the_serial_port_tells_how_it_migrates, setup_serial),
	};
	/* It does not come back. */
	const struct CMUnitTest last[] = {
		bench_test(a_removed_software_device_is_gone, bench_setup),
	};
	int failed;

	bench_begin();
	failed = cmocka_run_group_tests_name("mdev", tests, NULL, NULL);
	if (bench_kernel() >= 607)
		failed += cmocka_run_group_tests_name("mdev of 6.7", newer, NULL, NULL);
	return failed + cmocka_run_group_tests_name("mdev removed", last, NULL, NULL);
}
