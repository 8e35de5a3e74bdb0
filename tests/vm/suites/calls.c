/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls every public function on a real kernel, in its ways of success and of failure, for somebody who
 * traces the program to see which system calls that makes. The library's answers are others' affair. Needs
 * an edu, two functions of an e1000e, and the kernel's driver for those loaded.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "devices.h"

/* What can fail, with one backend or with all: no result is the wrong one here. */
#define try(call) ((void)(call))

static void contexts_and_facts(void **state)
{
	struct bench *b = *state;
	struct libiommufd_facts *facts;
	struct libiommufd_ctx *ctx;
	const char *backend = getenv("LIBIOMMUFD_BACKEND");
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
					   .flags = LIBIOMMUFD_CTX_RLIMIT_PROCESS};
	char name[64];
	int fd = -1;

	assert_string_equal(libiommufd_reason_name(0), "NONE");
	assert_string_not_equal(libiommufd_get_version(), "");
	assert_string_not_equal(libiommufd_ctx_get_backend_why(b->ctx), "");
	assert_ok(libiommufd_ctx_open(&opts, &ctx));
	libiommufd_ctx_unref(libiommufd_ctx_ref(ctx));
	libiommufd_ctx_unref(ctx);
	assert_int_equal(unsetenv("LIBIOMMUFD_BACKEND"), 0);
	assert_ok(libiommufd_ctx_open(NULL, &ctx));
	libiommufd_ctx_unref(ctx);
	assert_int_equal(setenv("LIBIOMMUFD_BACKEND", backend, 1), 0);
	for (uint32_t feature = 1; feature <= LIBIOMMUFD_FEATURE_HW_QUEUE; feature++)
		assert_ok(libiommufd_ctx_has(b->ctx, feature));
	try(libiommufd_ctx_query_fd(b->ctx, &fd));
	if (libiommufd_ctx_open_fd(fd, &opts, &ctx) == 0)
		libiommufd_ctx_unref(ctx);

	snprintf(name, sizeof(name), "/sys/bus/pci/devices/%s/", bench_name("NET0"));
	assert_ok(libiommufd_ctx_query_facts(NULL, name, &facts));
	assert_non_null(libiommufd_facts_get_address(facts));
	assert_non_null(libiommufd_facts_get_driver(facts));
	assert_non_null(libiommufd_facts_get_iommu(facts));
	try(libiommufd_facts_get_node(facts));
	assert_true(libiommufd_facts_get_group(facts) >= 0);
	assert_int_equal(libiommufd_facts_get_member_count(facts), 2);
	assert_non_null(libiommufd_facts_get_member(facts, 0));
	assert_non_null(libiommufd_facts_get_member_driver(facts, 0));
	libiommufd_facts_free(facts);
	try(libiommufd_ctx_query_facts(b->ctx, "00:1f.7", &facts));
	assert_ok(libiommufd_device_query_facts(b->dev, &facts));
	libiommufd_facts_free(facts);
}

static void address_spaces(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(4 * PAGE);
	int file = memfd_create("calls", MFD_CLOEXEC),
	    regular = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct libiommufd_ioas *other = bench_ioas(b), *borrowed;
	struct libiommufd_range range = {0x1000, 0xfffff};
	struct libiommufd_ranges *ranges;
	uint64_t iova, copied;
	bool huge;

	assert_int_equal(ftruncate(file, PAGE), 0);
	/* With nothing attached an address is picked in other ways. */
	for (int attached = 0; attached < 2; attached++) {
		if (attached)
			assert_ok(libiommufd_device_attach(b->dev, b->ioas));
		assert_ok(libiommufd_ioas_map(b->ioas, memory, PAGE, BOTH, &iova));
		try(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, iova));
		try(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 1ULL << 50));
		assert_ok(libiommufd_ioas_copy(other, b->ioas, iova, PAGE, BOTH, &copied));
		try(libiommufd_ioas_copy_at(b->ioas, other, copied, PAGE, BOTH, iova));
		assert_ok(libiommufd_ioas_map_file(b->ioas, file, 0, PAGE, BOTH, &iova));
		assert_ok(libiommufd_ioas_unmap(b->ioas, iova, PAGE, NULL));
		try(libiommufd_ioas_unmap(b->ioas, iova, PAGE, NULL));
		assert_ok(libiommufd_ioas_map_file_at(b->ioas, regular, 0, PAGE, LIBIOMMUFD_READ,
						      0x10000));
		assert_ok(libiommufd_ioas_query_ranges(b->ioas, &ranges));
		assert_true(libiommufd_ranges_get_count(ranges) > 0);
		assert_true(libiommufd_ranges_get(ranges, 0).last > 0);
		assert_int_equal(libiommufd_ranges_get_alignment(ranges), PAGE);
		libiommufd_ranges_free(ranges);
		assert_ok(libiommufd_ioas_unmap_all(b->ioas, NULL));
	}
	bench_use_capability(CAP_IPC_LOCK, false);
	bench_limit_memlock(PAGE);
	assert_int_equal(libiommufd_ioas_map(b->ioas, memory, 4 * PAGE, BOTH, &iova), -ENOMEM);
	bench_limit_memlock(~0ULL);
	bench_use_capability(CAP_IPC_LOCK, true);

	if (libiommufd_ioas_open_id(b->ctx, libiommufd_ioas_get_id(b->ioas), &borrowed) == 0)
		assert_ok(libiommufd_ioas_destroy(borrowed));
	try(libiommufd_ioas_allow_iovas(other, &range, 1));
	try(libiommufd_ioas_allow_iovas(other, NULL, 0));
	try(libiommufd_ioas_set_huge_pages(other, false));
	try(libiommufd_ioas_query_huge_pages(other, &huge));
	try(libiommufd_ioas_destroy(b->ioas));
	close(file);
	close(regular);
	munmap(memory, 4 * PAGE);
}

static void move_to(const char *device, const char *driver)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver/unbind", device);
	assert_int_equal(write_file(path, device), 0);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", device);
	assert_int_equal(write_file(path, driver), 0);
	assert_int_equal(write_file("/sys/bus/pci/drivers_probe", device), 0);
}

static void try_open(struct libiommufd_ctx *ctx, const char *name)
{
	struct libiommufd_device *dev;

	if (libiommufd_device_open(ctx, name, NULL, &dev) == 0)
		assert_ok(libiommufd_device_close(dev, 0));
}

static void devices(void **state)
{
	bool private;
	struct bench *b = *state;
	struct libiommufd_device *twin;
	enum libiommufd_reach reach;
	int fd = -1;

	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_ok(libiommufd_device_attach(b->dev, bench_ioas(b)));
	assert_ok(libiommufd_device_query_reach(b->dev, &reach, NULL));
	assert_int_equal(libiommufd_device_get_state(b->dev), LIBIOMMUFD_DEVICE_ATTACHED);
	try(libiommufd_device_attach_id(b->dev, libiommufd_ioas_get_id(b->ioas)));
	try(libiommufd_device_attach_id(b->dev, libiommufd_device_get_id(b->dev)));
	assert_ok(libiommufd_device_detach(b->dev));
	assert_ok(libiommufd_device_query_fd(b->dev, &fd));
	assert_ok(libiommufd_device_query_kvm_fd(b->dev, &fd));
	if (libiommufd_device_open_fd(b->ctx, fd, NULL, &twin) == 0)
		assert_ok(libiommufd_device_close(twin, 0));
	assert_ok(libiommufd_device_query_private(b->dev, &private));
	try(libiommufd_device_query_container_fd(b->dev, &fd));
	/* Where groups have files: not in a context with containers of its own. */
	assert_int_equal(libiommufd_device_open_group_fd(b->ctx, fd, bench_name("EDU0"), NULL,
							 &twin),
			 -EOPNOTSUPP);
	/* Bound a second time, and without a viable group: both are explained. */
	assert_ok(libiommufd_device_open(b->ctx, libiommufd_device_get_name(b->dev), NULL, &twin));
	assert_int_equal(libiommufd_device_bind(twin, NULL), -EINVAL);
	assert_ok(libiommufd_device_close(twin, 0));
	move_to(bench_name("NET1"), "e1000e");
	assert_int_equal(libiommufd_device_bind(device_opened(b, 1, "NET0"), NULL), -EPERM);
	assert_sentence(bench_name("NET1"));
	try_open(b->ctx, bench_name("NET1"));
	move_to(bench_name("NET1"), "vfio-pci");
	try_open(b->ctx, "00:1f.7");
	try_open(b->ctx, "/dev/vfio/devices/vfio999");
}

static void registers(void **state)
{
	struct bench *b = *state;
	struct libiommufd_region *bar;
	int event = event_new();
	uint64_t offset, length;
	uint32_t value;
	void *mapped;

	assert_ok(libiommufd_device_query_region_count(b->dev, &value));
	assert_ok(libiommufd_device_query_region(b->dev, LIBIOMMUFD_PCI_BAR0, &bar));
	assert_int_equal(libiommufd_region_get_access(bar), BOTH);
	assert_true(libiommufd_region_get_size(bar) > 0);
	try(libiommufd_region_get_file_offset(bar));
	assert_int_equal(libiommufd_region_get_area_count(bar), 1);
	assert_ok(libiommufd_region_get_area(bar, 0, &offset, &length));
	assert_ok(libiommufd_region_map(bar, 0, PAGE, BOTH, &mapped));
	assert_ok(libiommufd_region_unmap(bar, mapped));
	assert_ok(libiommufd_region_read(bar, EDU_ID, &value, sizeof(value)));
	assert_ok(libiommufd_region_write(bar, EDU_LIVENESS, &value, sizeof(value)));
	try(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 4, 1, event));
	assert_ok(libiommufd_device_config_read8(b->dev, 0, &(uint8_t){0}));
	assert_ok(libiommufd_device_config_read16(b->dev, 0, &(uint16_t){0}));
	assert_ok(libiommufd_device_config_read32(b->dev, 0, &(uint32_t){0}));
	assert_ok(libiommufd_device_config_write8(b->dev, 4, 6));
	assert_ok(libiommufd_device_config_write16(b->dev, 4, 6));
	assert_ok(libiommufd_device_config_write32(b->dev, 4, 6));
	assert_ok(libiommufd_device_set_bus_master(b->dev, true));
	/* Left for close to unmap. */
	assert_ok(libiommufd_region_map(bar, 0, PAGE, BOTH, &mapped));
	close(event);
}

static void interrupts_and_resets(void **state)
{
	struct bench *b = *state;
	struct libiommufd_device *net = device_bound(b, 1, "NET0");
	struct libiommufd_hot_reset *reset;
	int event = event_new();
	uint32_t count;

	assert_ok(libiommufd_device_query_irq(b->dev, LIBIOMMUFD_PCI_INTX, &count, NULL));
	try(libiommufd_device_query_irq(b->dev, 99, &count, NULL));
	assert_ok(libiommufd_device_set_irqs(b->dev, LIBIOMMUFD_PCI_INTX, 0, &event, 1));
	assert_ok(libiommufd_device_trigger_irqs(b->dev, LIBIOMMUFD_PCI_INTX, 0, 1));
	assert_ok(libiommufd_device_mask_irq(b->dev, LIBIOMMUFD_PCI_INTX));
	assert_ok(libiommufd_device_unmask_irq(b->dev, LIBIOMMUFD_PCI_INTX));
	assert_ok(libiommufd_device_set_unmask_fd(b->dev, LIBIOMMUFD_PCI_INTX, event));
	assert_ok(libiommufd_device_disable_irqs(b->dev, LIBIOMMUFD_PCI_INTX));
	assert_ok(libiommufd_device_reset(net));
	try(libiommufd_device_enter_low_power(b->dev, -1));
	try(libiommufd_device_exit_low_power(b->dev));
	try(libiommufd_device_feature(b->dev, LIBIOMMUFD_DEVICE_FEATURE_PROBE | 3, NULL, 0));
	assert_ok(libiommufd_device_query_hot_reset(net, &reset));
	assert_int_equal(libiommufd_hot_reset_get_count(reset), 2);
	assert_non_null(libiommufd_hot_reset_get_address(reset, 0));
	assert_true(libiommufd_hot_reset_is_owned(reset, 0));
	libiommufd_hot_reset_free(reset);
	assert_ok(libiommufd_device_hot_reset(net));
	close(event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(contexts_and_facts, bench_setup_bound),
		bench_test(address_spaces, bench_setup_bound),
		bench_test(devices, bench_setup_bound),
		bench_test(registers, bench_setup_bound),
		bench_test(interrupts_and_resets, bench_setup_bound),
	};

	bench_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
