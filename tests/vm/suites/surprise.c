/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the test of a device that vanishes while it is used: the power of the slot of the two e1000e goes
 * off behind the kernel's back. They do not come back, so that this comes last.
 */
#include "unplug.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CAPABILITIES = 0x34,
	EXPRESS = 0x10,
	SLOT_CONTROL = 0x18,
	INDICATOR_AND_POWER_OFF = 0x0700,
};

static uint16_t port_read(int fd, int offset)
{
	uint16_t value;

	assert_int_equal(pread(fd, &value, sizeof(value), offset), sizeof(value));
	return value;
}

/* Turn the power off in the slot that a device is in. */
static void pull_out(const char *address)
{
	char path[PATH_MAX], real[PATH_MAX];
	uint16_t control;
	int fd, at;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/..", address);
	assert_non_null(realpath(path, real));
	snprintf(path, sizeof(path), "%.4000s/config", real);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	at = port_read(fd, CAPABILITIES) & 0xff;
	while (at && (port_read(fd, at) & 0xff) != EXPRESS)
		at = port_read(fd, at) >> 8;
	assert_true(at);
	control = port_read(fd, at + SLOT_CONTROL) | INDICATOR_AND_POWER_OFF;
	assert_int_equal(pwrite(fd, &control, sizeof(control), at + SLOT_CONTROL), sizeof(control));
	close(fd);
}

/* Nobody told the kernel, which answers from what it remembers; nothing hangs, and nothing stays. */
static void calls_on_a_vanished_device_return_and_close_succeeds(void **state)
{
	int request = event_new(), events[2] = {event_new(), event_new()};
	struct bench *b = *state;
	int files = count_files();
	struct libiommufd_region *bar;
	volatile uint8_t *regs;
	uint32_t value, count;
	long pins;
	void *page;

	device_bound(b, 0, "NET0");
	pins = bench_pins();
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_ok(libiommufd_device_set_irqs(b->dev, LIBIOMMUFD_PCI_REQ, 0, &request, 1));
	assert_ok(libiommufd_device_set_irqs(b->dev, LIBIOMMUFD_PCI_MSIX, 0, events, 2));
	regs = device_registers(b->dev);
	*reg32(regs, NET_VECTOR_OF) = 0x8;
	assert_int_equal(*reg32(regs, NET_VECTOR_OF), 0x8);

	pull_out(bench_name("NET0"));
	assert_int_not_equal(*reg32(regs, NET_VECTOR_OF), 0x8);
	assert_ok(libiommufd_device_config_read32(b->dev, 0, &value));
	assert_int_equal(value, 0x10d38086);
	assert_ok(libiommufd_device_set_bus_master(b->dev, true));
	assert_ok(libiommufd_device_query_region(b->dev, LIBIOMMUFD_PCI_BAR0, &bar));
	assert_ok(libiommufd_region_read(bar, NET_VECTOR_OF, &value, 4));
	assert_int_not_equal(value, 0x8);
	assert_ok(libiommufd_region_write(bar, 0, &value, 4));
	assert_ok(libiommufd_region_map(bar, 0, PAGE, BOTH, &page));
	assert_ok(libiommufd_device_query_irq(b->dev, LIBIOMMUFD_PCI_MSIX, &count, NULL));
	assert_ok(libiommufd_device_trigger_irqs(b->dev, LIBIOMMUFD_PCI_MSIX, 0, 1));
	assert_true(event_comes(events[0]));
	assert_refused(libiommufd_device_reset(b->dev), EINVAL, NOT_SUPPORTED);
	assert_refused(libiommufd_device_hot_reset(b->dev), ENOTTY, KERNEL);
	assert_ok(libiommufd_device_enter_low_power(b->dev, -1));
	assert_ok(libiommufd_device_exit_low_power(b->dev));
	assert_ok(libiommufd_device_disable_irqs(b->dev, LIBIOMMUFD_PCI_MSIX));
	assert_true(libiommufd_device_set_irqs(b->dev, LIBIOMMUFD_PCI_MSIX, 0, events, 2) < 0);
	assert_ok(libiommufd_device_detach(b->dev));
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	device_closed(b, 0);
	assert_int_equal(count_files(), files);
	assert_int_equal(bench_pins(), pins);
	close(request);
	close(events[0]);
	close(events[1]);
}

int run_surprise(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(calls_on_a_vanished_device_return_and_close_succeeds, bench_setup),
	};
	return cmocka_run_group_tests_name("surprise", tests, NULL, NULL);
}
