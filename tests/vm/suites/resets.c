/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the tests of the reset of one function: on nvme and e1000e, which can, and edu, which cannot. */
#include "resets.h"

#include <sys/mman.h>
#include <unistd.h>

#include "../../../examples/nvme.h"

enum {
	COMMAND = 0x04, /* of configuration space */
	NVME_CC = 0x14,
	NVME_CSTS = 0x1c,
};

static void a_reset_stops_the_device_and_keeps_dma_mappings(void **state)
{
	struct bench *b = *state;
	struct libiommufd_device *dev = device_bound(b, 0, "NVME0");
	volatile uint8_t *regs = device_registers(dev);
	uint8_t *memory = bench_memory(NVME_MEMORY);
	struct nvme nvme;

	assert_ok(libiommufd_device_attach(dev, b->ioas));
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, NVME_MEMORY, BOTH, 0x10000));
	assert_int_equal(nvme_start(&nvme, dev, memory, 0x10000), 0);
	assert_true(nvme.blocks > 0);
	assert_int_equal(*reg32(regs, NVME_CC) & 1, 1);
	assert_int_equal(*reg32(regs, NVME_CSTS) & 1, 1);

	assert_ok(libiommufd_device_reset(dev));
	assert_int_equal(*reg32(regs, NVME_CC), 0);
	assert_int_equal(*reg32(regs, NVME_CSTS), 0);
	assert_state(dev, ATTACHED, IOAS, b->ioas);
	assert_int_equal(nvme_stop(&nvme), 0);
	/* It identifies itself by DMA, both ways. */
	assert_int_equal(nvme_start(&nvme, dev, memory, 0x10000), 0);
	assert_true(nvme.blocks > 0);
	assert_int_equal(nvme_stop(&nvme), 0);
	munmap(memory, NVME_MEMORY);
}

static void a_reset_keeps_the_command_register(void **state)
{
	struct bench *b = *state;
	struct libiommufd_device *dev = device_bound(b, 0, "NVME0");
	uint16_t command;

	for (int on = 1; on >= 0; on--) {
		assert_ok(libiommufd_device_set_bus_master(dev, on));
		assert_ok(libiommufd_device_reset(dev));
		assert_ok(libiommufd_device_config_read16(dev, COMMAND, &command));
		assert_int_equal(command & 6, on ? 6 : 2);
	}
}

static void a_reset_keeps_interrupts(void **state)
{
	struct bench *b = *state;
	struct libiommufd_device *dev = device_bound(b, 0, "NET0");
	int events[NET_VECTORS], request = event_new();
	volatile uint8_t *regs;

	for (int i = 0; i < NET_VECTORS; i++)
		events[i] = event_new();
	assert_ok(libiommufd_device_set_irqs(dev, LIBIOMMUFD_PCI_MSIX, 0, events, NET_VECTORS));
	assert_ok(libiommufd_device_set_irqs(dev, LIBIOMMUFD_PCI_REQ, 0, &request, 1));
	regs = net_start(dev);
	net_raise(regs, 3);
	assert_true(event_comes(events[3]));
	net_stop(regs);

	assert_ok(libiommufd_device_reset(dev));
	regs = net_start(dev);
	for (int i = 0; i < NET_VECTORS; i++) {
		net_raise(regs, i);
		assert_true(event_comes(events[i]));
	}
	net_stop(regs);
	assert_ok(libiommufd_device_trigger_irqs(dev, LIBIOMMUFD_PCI_REQ, 0, 1));
	assert_true(event_comes(request));
	for (int i = 0; i < NET_VECTORS; i++)
		close(events[i]);
	close(request);
}

static void a_reset_leaves_the_other_function_alone(void **state)
{
	struct bench *b = *state;
	volatile uint8_t *others;

	device_bound(b, 0, "NET0");
	device_bound(b, 1, "NET1");
	others = device_registers(b->devices[1]);
	*reg32(others, NET_VECTOR_OF) = 0x8;
	assert_ok(libiommufd_device_reset(b->devices[0]));
	assert_int_equal(*reg32(others, NET_VECTOR_OF), 0x8);
}

static void what_cannot_be_reset_alone_says_so_and_goes_on(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_refused(libiommufd_device_reset(b->dev), EINVAL, NOT_SUPPORTED);
	assert_sentence("libiommufd_device_hot_reset");
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	if (dma_is_told(b))
		assert_true(dma_works(b, 0, 0x10000, memory));
	munmap(memory, PAGE);
}

static void before_bind_there_is_no_reset(void **state)
{
	struct libiommufd_hot_reset *reset = NULL;
	struct bench *b = *state;

	assert_refused(libiommufd_device_reset(b->dev), EACCES, NOT_BOUND);
	assert_refused(libiommufd_device_query_hot_reset(b->dev, &reset), EACCES, NOT_BOUND);
	assert_refused(libiommufd_device_hot_reset(b->dev), EACCES, NOT_BOUND);
	assert_null(reset);
}

int run_resets(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(a_reset_stops_the_device_and_keeps_dma_mappings, bench_setup),
		bench_test(a_reset_keeps_the_command_register, bench_setup),
		bench_test(a_reset_keeps_interrupts, bench_setup),
		bench_test(a_reset_leaves_the_other_function_alone, bench_setup),
		bench_test(what_cannot_be_reset_alone_says_so_and_goes_on, bench_setup_attached),
		bench_test(before_bind_there_is_no_reset, bench_setup_opened),
	};
	return cmocka_run_group_tests_name("resets", tests, NULL, NULL);
}
