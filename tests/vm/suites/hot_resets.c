/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the tests of hot resets: of the bus of two edu behind a bridge, whose DMA tells what is left, and
 * of the slot of two e1000e functions.
 */
#include "behaviours.h"
#include "resets.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What the list says of a device: 1 owned, 0 not owned, -1 not in it. */
static int listed(const struct libiommufd_hot_reset *reset, const char *address)
{
	for (size_t i = 0; i < libiommufd_hot_reset_get_count(reset); i++)
		if (!strcmp(libiommufd_hot_reset_get_address(reset, i), address))
			return libiommufd_hot_reset_is_owned(reset, i);
	return -1;
}

/* The list of dev has count devices, and these two, owned or not. */
static void expect_list(struct libiommufd_device *dev, size_t count, const char *first,
			int first_owned, const char *second, int second_owned)
{
	struct libiommufd_hot_reset *reset;

	assert_ok(libiommufd_device_query_hot_reset(dev, &reset));
	assert_int_equal(libiommufd_hot_reset_get_count(reset), count);
	assert_int_equal(listed(reset, first), first_owned);
	assert_int_equal(listed(reset, second), second_owned);
	assert_null(libiommufd_hot_reset_get_address(reset, count));
	assert_false(libiommufd_hot_reset_is_owned(reset, count));
	assert_null(libiommufd_hot_reset_free(reset));
}

static void a_device_that_shares_no_bus_has_no_hot_reset(void **state)
{
	struct libiommufd_hot_reset *reset = NULL;
	struct bench *b = *state;
	struct libiommufd_device *dev = device_bound(b, 0, "EDU2");

	assert_refused(libiommufd_device_query_hot_reset(dev, &reset), ENODEV, NOT_SUPPORTED);
	assert_null(reset);
	assert_refused(libiommufd_device_hot_reset(dev), ENODEV, NOT_SUPPORTED);
}

static void both_devices_of_the_bus_are_listed_and_owned(void **state)
{
	const char *first = bench_name("EDU0"), *second = bench_name("EDU1");
	struct bench *b = *state;

	expect_list(b->devices[0], 2, first, 1, second, 1);
	expect_list(b->devices[1], 2, first, 1, second, 1);
	bench_close(b, 1);
	/* Nobody else can own it: it is in the group. */
	expect_list(b->devices[0], 2, first, 1, second, 1);
}

static void a_hot_reset_keeps_dma_mappings_of_both(void **state)
{
	uint8_t *memory = bench_memory(PAGE);
	struct bench *b = *state;

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	for (int n = 0; n < 2; n++)
		assert_ok(libiommufd_device_attach(b->devices[n], b->ioas));
	for (int n = 0; n < 2; n++)
		assert_true(!dma_is_told(b) || dma_works(b, n, 0x10000, memory));

	assert_ok(libiommufd_device_hot_reset(b->dev));
	for (int n = 0; n < 2; n++) {
		assert_state(b->devices[n], ATTACHED, IOAS, b->ioas);
		assert_true(!dma_is_told(b) || dma_works(b, n, 0x10000, memory));
	}
	munmap(memory, PAGE);
}

static void a_hot_reset_with_one_of_them_bound_works(void **state)
{
	uint8_t *memory = bench_memory(PAGE);
	struct bench *b = *state;

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	assert_ok(libiommufd_device_hot_reset(b->dev));
	assert_true(!dma_is_told(b) || dma_works(b, 0, 0x10000, memory));
	munmap(memory, PAGE);
}

static int setup_net(void **state)
{
	bench_setup(state);
	device_bound(*state, 0, "NET0");
	return 0;
}

static int setup_both_net(void **state)
{
	setup_net(state);
	device_bound(*state, 1, "NET1");
	return 0;
}

static void a_hot_reset_clears_both_functions(void **state)
{
	struct bench *b = *state;
	volatile uint8_t *regs[2];

	expect_list(b->devices[1], 2, bench_name("NET0"), 1, bench_name("NET1"), 1);
	for (int n = 0; n < 2; n++) {
		regs[n] = device_registers(b->devices[n]);
		*reg32(regs[n], NET_VECTOR_OF) = 0x8;
	}
	assert_ok(libiommufd_device_hot_reset(b->devices[1]));
	for (int n = 0; n < 2; n++)
		assert_int_equal(*reg32(regs[n], NET_VECTOR_OF), 0);
}

static void a_hot_reset_keeps_interrupts_of_both(void **state)
{
	int events[2][NET_VECTORS];
	struct bench *b = *state;
	volatile uint8_t *regs;

	for (int n = 0; n < 2; n++) {
		for (int i = 0; i < NET_VECTORS; i++)
			events[n][i] = event_new();
		assert_ok(libiommufd_device_set_irqs(b->devices[n], LIBIOMMUFD_PCI_MSIX, 0,
						     events[n], NET_VECTORS));
	}
	assert_ok(libiommufd_device_hot_reset(b->dev));
	for (int n = 0; n < 2; n++) {
		regs = net_start(b->devices[n]);
		for (int i = 0; i < NET_VECTORS; i++) {
			net_raise(regs, i);
			assert_true(event_comes(events[n][i]));
			close(events[n][i]);
		}
		net_stop(regs);
	}
}

static void a_device_without_a_vfio_driver_is_not_reset(void **state)
{
	const char *first = bench_name("NET0"), *second = bench_name("NET1");
	struct bench *b = *state;
	volatile uint8_t *regs = device_registers(b->dev);

	assert_int_equal(write_file("/sys/bus/pci/drivers/vfio-pci/unbind", second), 0);
	*reg32(regs, NET_VECTOR_OF) = 0x8;
	expect_list(b->dev, 2, first, 1, second, !natively(b->native, BEHAVIOUR_HOT_RESET_LIST));
	assert_refused(libiommufd_device_hot_reset(b->dev), EINVAL, NOT_OWNED);
	assert_sentence(second);
	assert_int_equal(*reg32(regs, NET_VECTOR_OF), 0x8);

	assert_int_equal(write_file("/sys/bus/pci/drivers/vfio-pci/bind", second), 0);
	expect_list(b->dev, 2, first, 1, second, 1);
	assert_ok(libiommufd_device_hot_reset(b->dev));
	assert_int_equal(*reg32(regs, NET_VECTOR_OF), 0);
}

int run_hot_resets(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(a_device_that_shares_no_bus_has_no_hot_reset, bench_setup),
		bench_test(both_devices_of_the_bus_are_listed_and_owned, bench_setup_two),
		bench_test(a_hot_reset_keeps_dma_mappings_of_both, bench_setup_two),
		bench_test(a_hot_reset_with_one_of_them_bound_works, bench_setup_attached),
		bench_test(a_hot_reset_clears_both_functions, setup_both_net),
		bench_test(a_hot_reset_keeps_interrupts_of_both, setup_both_net),
		bench_test(a_device_without_a_vfio_driver_is_not_reset, setup_net),
	};
	return cmocka_run_group_tests_name("hot resets", tests, NULL, NULL);
}
