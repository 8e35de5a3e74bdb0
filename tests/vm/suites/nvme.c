/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A real device with queues, interrupts and many transfers at once: what arrives where. */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void identify_tells_what_the_disk_is(void **state)
{
	struct disk *d = *state;

	assert_string_equal(d->nvme.model, "QEMU NVMe Ctrl");
	assert_string_equal(d->nvme.serial, "lab");
	assert_int_equal(d->nvme.block_size, BLOCK);
	assert_int_equal(d->nvme.blocks, 64 * MIB / BLOCK);
}

/* Write and read back with transfers of many shapes. */
static void check_shapes(struct disk *d)
{
	static const struct {
		unsigned offset, count;
	} shapes[] = {{0, 1},    {512, 1},        {PAGE - 512, 1}, {0, 8},
		      {2048, 8}, {PAGE - 512, 9}, {0, 16}};
	uint8_t *memory = slot_memory(d, OLD, 3);

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		unsigned offset = shapes[i].offset, length = shapes[i].count * BLOCK;
		uint64_t iova = slot_iova(3) + offset;

		memset(memory, EMPTY, UNIT);
		memcpy(memory + offset, d->units[i], length);
		assert_int_equal(nvme_write(&d->nvme, 1000 + i * 100, shapes[i].count, iova), 0);
		memset(memory, EMPTY, UNIT);
		assert_int_equal(nvme_read(&d->nvme, 1000 + i * 100, shapes[i].count, iova), 0);
		assert_memory_equal(memory + offset, d->units[i], length);
		/* Not a byte more. */
		for (unsigned at = 0; at < UNIT; at++)
			if (at < offset || at >= offset + length)
				assert_int_equal(memory[at], EMPTY);
	}
	assert_guards_are_clean(d);
}

static void blocks_come_back_as_written_by_polling(void **state)
{
	struct disk *d = *state;

	fill_units(d, 1);
	assert_int_equal(nvme_create_queues(&d->nvme, false), 0);
	check_shapes(d);
	assert_int_equal(d->nvme.interrupts, 0);
	assert_int_equal(nvme_delete_queues(&d->nvme), 0);
}

static void blocks_come_back_as_written_by_msix(void **state)
{
	struct disk *d = *state;

	fill_units(d, 2);
	assert_int_equal(nvme_create_queues(&d->nvme, true), 0);
	check_shapes(d);
	/* One for each of the writes and reads. */
	assert_int_equal(d->nvme.interrupts, 14);
	assert_int_equal(nvme_delete_queues(&d->nvme), 0);
}

static void disabled_msix_leaves_the_answer_but_no_interrupt(void **state)
{
	struct disk *d = *state;
	struct nvme_completion completion;
	uint64_t count;

	assert_int_equal(nvme_create_queues(&d->nvme, true), 0);
	assert_int_equal(nvme_read(&d->nvme, 0, UNIT_BLOCKS, slot_iova(0)), 0);
	assert_ok(libiommufd_device_set_irqs(d->dev, LIBIOMMUFD_PCI_MSIX, 1, (int[]){-1}, 1));
	assert_int_equal(nvme_submit(&d->nvme, NVME_READ, 7, 0, 1, slot_iova(0)), 0);
	d->nvme.io.has_interrupt = false;
	assert_int_equal(nvme_wait(&d->nvme, &completion), 0);
	assert_int_equal(completion.tag, 7);
	assert_int_equal(completion.status, 0);
	assert_int_equal(read(d->nvme.eventfd, &count, sizeof(count)), -1);
	assert_int_equal(errno, EAGAIN);
}

static void sixteen_commands_are_in_flight_and_no_more(void **state)
{
	struct disk *d = *state;
	struct nvme_completion completion;
	unsigned seen = 0;

	write_units(d, 3);
	for (unsigned slot = 0; slot < SLOTS; slot++)
		assert_int_equal(nvme_submit(&d->nvme, NVME_READ, slot, slot * UNIT_BLOCKS,
					     UNIT_BLOCKS, slot_iova(slot)),
				 0);
	assert_int_equal(nvme_submit(&d->nvme, NVME_READ, SLOTS, 0, 1, slot_iova(0)), -EBUSY);
	for (unsigned i = 0; i < SLOTS; i++) {
		assert_int_equal(nvme_wait(&d->nvme, &completion), 0);
		assert_int_equal(completion.status, 0);
		seen |= 1u << completion.tag;
	}
	assert_int_equal(seen, (1u << SLOTS) - 1);
	for (unsigned slot = 0; slot < SLOTS; slot++)
		assert_memory_equal(slot_memory(d, OLD, slot), d->units[slot], UNIT);
	assert_guards_are_clean(d);
}

/* ---- The kernel's driver on the same disk ---- */

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void give_to(const char *driver)
{
	const char *address = bench_name("NVME0");
	char path[100];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", address);
	write_text(path, driver);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver/unbind", address);
	write_text(path, address);
	write_text("/sys/bus/pci/drivers_probe", address);
}

/* The disk appears a moment after the kernel's driver took the controller. */
static int open_disk(void)
{
	int fd = -1;

	for (int i = 0; i < 500 && fd < 0; i++) {
		fd = open("/dev/nvme0n1", O_RDWR | O_DIRECT | O_SYNC | O_CLOEXEC);
		if (fd < 0)
			usleep(10000);
	}
	assert_true(fd >= 0);
	return fd;
}

static void the_kernel_reads_what_was_written_and_the_other_way_round(void **state)
{
	struct disk *d = *state;
	uint8_t *page = bench_memory(UNIT);
	int fd;

	write_units(d, 4);
	release_device(d);
	assert_int_equal(system("modprobe nvme"), 0);
	give_to("nvme");
	fd = open_disk();
	for (unsigned unit = 0; unit < UNITS; unit++) {
		assert_int_equal(pread(fd, page, UNIT, unit * UNIT), UNIT);
		assert_memory_equal(page, d->units[unit], UNIT);
	}
	fill_units(d, 5);
	for (unsigned unit = 0; unit < UNITS; unit++) {
		memcpy(page, d->units[unit], UNIT);
		assert_int_equal(pwrite(fd, page, UNIT, unit * UNIT), UNIT);
	}
	close(fd);
	give_to("vfio-pci");
	take_device(d);
	assert_int_equal(nvme_create_queues(&d->nvme, false), 0);
	for (unsigned unit = 0; unit < UNITS; unit++) {
		assert_int_equal(nvme_read(&d->nvme, unit * UNIT_BLOCKS, UNIT_BLOCKS, slot_iova(1)),
				 0);
		assert_memory_equal(slot_memory(d, OLD, 1), d->units[unit], UNIT);
	}
}

#define nvme_test(test, start) cmocka_unit_test_setup_teardown(test, start, disk_teardown)

int run_nvme(void)
{
	const struct CMUnitTest tests[] = {
		nvme_test(identify_tells_what_the_disk_is, disk_setup),
		nvme_test(blocks_come_back_as_written_by_polling, disk_setup),
		nvme_test(blocks_come_back_as_written_by_msix, disk_setup),
		nvme_test(disabled_msix_leaves_the_answer_but_no_interrupt, disk_setup),
		nvme_test(sixteen_commands_are_in_flight_and_no_more, disk_setup_polling),
		nvme_test(the_kernel_reads_what_was_written_and_the_other_way_round,
			  disk_setup_polling),
	};

	return cmocka_run_group_tests_name("nvme", tests, NULL, NULL);
}
