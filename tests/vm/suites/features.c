/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the tests of device features, low power, and eventfds that write to registers. */
#include "resets.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../../lib/uapi/vfio.h"

enum {
	GET = LIBIOMMUFD_DEVICE_FEATURE_GET,
	SET = LIBIOMMUFD_DEVICE_FEATURE_SET,
	PROBE = LIBIOMMUFD_DEVICE_FEATURE_PROBE,
	SLEEP = VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
	SLEEP_AND_TELL = VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
	WAKE = VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
	MIGRATION = 1,
};

static struct libiommufd_region *bar0(struct bench *b)
{
	struct libiommufd_region *bar;

	assert_ok(libiommufd_device_query_region(b->dev, LIBIOMMUFD_PCI_BAR0, &bar));
	return bar;
}

/* ---- The pass-through ---- */

static void a_probe_tells_features_that_are_there(void **state)
{
	struct bench *b = *state;
	uint8_t token[16] = {1};

	assert_ok(libiommufd_device_feature(b->dev, PROBE | SET | SLEEP, NULL, 0));
	assert_ok(libiommufd_device_feature(b->dev, PROBE | SET | WAKE, NULL, 0));
	assert_refused(libiommufd_device_feature(b->dev, PROBE | GET | SLEEP, NULL, 0), EINVAL,
		       KERNEL);
	assert_refused(libiommufd_device_feature(b->dev, PROBE | GET | 500, NULL, 0), ENOTTY,
		       NOT_SUPPORTED);
	assert_sentence("500");
	assert_refused(libiommufd_device_feature(b->dev, PROBE | GET | MIGRATION, NULL, 0), ENOTTY,
		       NOT_SUPPORTED);
	/* Only a physical function with virtual ones has a token. */
	assert_refused(libiommufd_device_feature(b->dev, SET | VFIO_DEVICE_FEATURE_PCI_VF_TOKEN,
						 token, sizeof(token)),
		       ENOTTY, NOT_SUPPORTED);
}

static void a_feature_that_is_asked_for_wrongly_is_refused(void **state)
{
	struct bench *b = *state;
	uint8_t data[64] = {0};

	assert_refused(libiommufd_device_feature(b->dev, SET | SLEEP_AND_TELL, data, 1), EINVAL,
		       KERNEL);
	assert_refused(libiommufd_device_feature(b->dev, GET | SET | SLEEP, NULL, 0), EINVAL,
		       KERNEL);
	assert_refused(libiommufd_device_feature(b->dev, SLEEP, NULL, 0), EINVAL, KERNEL);
	assert_refused(libiommufd_device_feature(b->dev, SET | SLEEP_AND_TELL, NULL, 8), EINVAL,
		       ARGUMENT);
	assert_refused(libiommufd_device_feature(b->dev, SET | SLEEP_AND_TELL, data, 1 << 30),
		       EINVAL, ARGUMENT);
	assert_refused(libiommufd_device_feature(NULL, SET | SLEEP, NULL, 0), EINVAL, ARGUMENT);
}

static void before_bind_there_are_no_features(void **state)
{
	struct bench *b = *state;

	assert_refused(libiommufd_device_feature(b->dev, PROBE | SET | SLEEP, NULL, 0), EACCES,
		       NOT_BOUND);
	assert_refused(libiommufd_device_enter_low_power(b->dev, -1), EACCES, NOT_BOUND);
	assert_refused(libiommufd_device_exit_low_power(b->dev), EACCES, NOT_BOUND);
}

/* ---- Low power ---- */

/* The kernel's word for it becomes that; true as well where it has none, built without CONFIG_PM. */
static bool power_becomes(const char *word)
{
	char path[96], found[16] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/power/runtime_status",
		 bench_name("EDU0"));
	for (int i = 0; i < 1000; i++) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return true;
		ssize_t n = read(fd, found, sizeof(found) - 1);
		close(fd);
		if (n < 0)
			return true;
		found[n] = '\0';
		if (!strncmp(found, word, strlen(word)))
			return true;
		usleep(1000);
	}
	print_error("the device is %s", found);
	return false;
}

static bool has_power_management(void)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/power/runtime_status",
		 bench_name("EDU0"));
	return !access(path, R_OK);
}

static void a_device_sleeps_until_it_is_woken(void **state)
{
	struct bench *b = *state;

	assert_true(power_becomes("active"));
	assert_ok(libiommufd_device_enter_low_power(b->dev, -1));
	assert_true(power_becomes("suspended"));
	assert_refused(libiommufd_device_enter_low_power(b->dev, -1), EINVAL, KERNEL);
	assert_ok(libiommufd_device_exit_low_power(b->dev));
	assert_true(power_becomes("active"));
	assert_ok(libiommufd_device_exit_low_power(b->dev));
	assert_ok(libiommufd_device_enter_low_power(b->dev, -1));
	assert_ok(libiommufd_device_exit_low_power(b->dev));
}

static void an_access_through_the_kernel_does_not_end_sleep(void **state)
{
	struct bench *b = *state;
	uint32_t value = 0x12345678;

	assert_ok(libiommufd_region_write(bar0(b), EDU_LIVENESS, &value, sizeof(value)));
	assert_ok(libiommufd_device_enter_low_power(b->dev, -1));
	assert_true(power_becomes("suspended"));
	assert_ok(libiommufd_region_read(bar0(b), EDU_ID, &value, sizeof(value)));
	assert_int_equal(value & 0xff, 0xed);
	assert_true(power_becomes("suspended"));
	assert_refused(libiommufd_device_enter_low_power(b->dev, -1), EINVAL, KERNEL);
	assert_ok(libiommufd_device_exit_low_power(b->dev));
	assert_ok(libiommufd_region_read(bar0(b), EDU_LIVENESS, &value, sizeof(value)));
	assert_int_equal(value, (uint32_t)~0x12345678);
}

static void the_eventfd_tells_when_the_device_wakes(void **state)
{
	struct bench *b = *state;
	int event = event_new();
	uint32_t value;

	assert_ok(libiommufd_device_enter_low_power(b->dev, event));
	assert_true(power_becomes("suspended"));
	assert_true(event_silent(event));
	assert_ok(libiommufd_region_read(bar0(b), EDU_ID, &value, sizeof(value)));
	assert_int_equal(value & 0xff, 0xed);
	if (has_power_management()) {
		assert_true(event_comes(event));
		assert_true(power_becomes("active"));
		/* The sleep is over, so the next one can begin. */
		assert_ok(libiommufd_device_enter_low_power(b->dev, event));
	}
	assert_ok(libiommufd_device_exit_low_power(b->dev));
	close(event);
}

static sigjmp_buf bus_error;

static void on_bus_error(int number)
{
	(void)number;
	siglongjmp(bus_error, 1);
}

/* Does reading the register end in SIGBUS? */
static bool faults(const volatile uint32_t *reg)
{
	struct sigaction action = {.sa_handler = on_bus_error}, old;
	volatile bool fault = true;

	sigaction(SIGBUS, &action, &old);
	if (!sigsetjmp(bus_error, 1)) {
		(void)*reg;
		fault = false;
	}
	sigaction(SIGBUS, &old, NULL);
	return fault;
}

static void mapped_registers_are_out_of_reach_during_sleep(void **state)
{
	struct bench *b = *state;
	volatile uint32_t *id = reg32(b->edu[0].regs, EDU_ID);

	assert_false(faults(id));
	assert_ok(libiommufd_device_enter_low_power(b->dev, -1));
	assert_true(faults(id));
	assert_ok(libiommufd_device_exit_low_power(b->dev));
	assert_false(faults(id));
	assert_int_equal(*id & 0xff, 0xed);
}

static void a_wakeup_file_that_is_no_eventfd_is_refused(void **state)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct bench *b = *state;

	assert_refused(libiommufd_device_enter_low_power(b->dev, 999), EBADF, KERNEL);
	assert_refused(libiommufd_device_enter_low_power(b->dev, null), EINVAL, KERNEL);
	assert_ok(libiommufd_device_enter_low_power(b->dev, -1));
	assert_ok(libiommufd_device_exit_low_power(b->dev));
	close(null);
}

static void a_sleeping_device_can_be_closed_and_is_awake_again(void **state)
{
	struct bench *b = *state;

	assert_ok(libiommufd_device_enter_low_power(b->dev, -1));
	bench_close(b, 0);
	bench_bind(b, 0);
	assert_true(power_becomes("active"));
	assert_ok(libiommufd_device_enter_low_power(b->dev, -1));
	assert_ok(libiommufd_device_exit_low_power(b->dev));
}

/* ---- Eventfds that write ---- */

static uint32_t liveness(struct bench *b)
{
	/* The kernel writes in its own time. */
	usleep(20000);
	return ~*reg32(b->edu[0].regs, EDU_LIVENESS);
}

static void an_eventfd_writes_to_a_register(void **state)
{
	struct bench *b = *state;
	int one = event_new(), two = event_new();

	assert_ok(libiommufd_region_set_ioeventfd(bar0(b), EDU_LIVENESS, 4, 0x11111111, one));
	assert_ok(libiommufd_region_set_ioeventfd(bar0(b), EDU_LIVENESS, 4, 0x22222222, two));
	assert_int_equal(liveness(b), 0x12345678);
	event_send(one);
	assert_int_equal(liveness(b), 0x11111111);
	event_send(two);
	assert_int_equal(liveness(b), 0x22222222);
	event_send(one);
	assert_int_equal(liveness(b), 0x11111111);

	assert_ok(libiommufd_region_set_ioeventfd(bar0(b), EDU_LIVENESS, 4, 0x22222222, -1));
	event_send(two);
	assert_int_equal(liveness(b), 0x11111111);
	close(one);
	close(two);
}

static void eight_bytes_can_be_written_as_well(void **state)
{
	struct bench *b = *state;
	int event = event_new();

	assert_ok(libiommufd_region_set_ioeventfd(bar0(b), EDU_DMA_SOURCE, 8, 0x123456789abcdef0,
						  event));
	event_send(event);
	usleep(20000);
	assert_true(*(volatile uint64_t *)(b->edu[0].regs + EDU_DMA_SOURCE) == 0x123456789abcdef0);
	close(event);
}

static void ioeventfds_are_found_by_register_and_value(void **state)
{
	struct bench *b = *state;
	struct libiommufd_region *bar = bar0(b);
	int event = event_new();

	assert_refused(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 4, 7, -1), ENODEV,
		       ARGUMENT);
	assert_ok(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 4, 7, event));
	assert_refused(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 4, 7, event), EEXIST,
		       KERNEL);
	assert_refused(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 4, 8, -1), ENODEV,
		       ARGUMENT);
	assert_ok(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 4, 8, event));
	assert_ok(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 4, 7, -1));
	assert_refused(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 4, 7, -1), ENODEV,
		       ARGUMENT);
	assert_ok(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 4, 8, -1));
	close(event);
}

static void what_is_no_register_takes_no_ioeventfd(void **state)
{
	struct bench *b = *state;
	struct libiommufd_region *bar = bar0(b), *config;
	int event = event_new(), null = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_refused(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 3, 0, event), EINVAL,
		       ARGUMENT);
	assert_refused(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 0, 0, event), EINVAL,
		       ARGUMENT);
	assert_refused(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 16, 0, event), EINVAL,
		       ARGUMENT);
	assert_refused(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS + 1, 4, 0, event), EINVAL,
		       ARGUMENT);
	assert_refused(libiommufd_region_set_ioeventfd(bar, MIB, 4, 0, event), EINVAL, ARGUMENT);
	assert_refused(libiommufd_region_set_ioeventfd(bar, UINT64_MAX - 3, 4, 0, event), EINVAL,
		       ARGUMENT);
	assert_refused(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 4, 0, 999), EBADF,
		       KERNEL);
	assert_refused(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 4, 0, null), EINVAL,
		       KERNEL);
	assert_refused(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 4, 0, -2), EINVAL,
		       KERNEL);
	assert_ok(libiommufd_device_query_region(b->dev, LIBIOMMUFD_PCI_CONFIG, &config));
	assert_refused(libiommufd_region_set_ioeventfd(config, 4, 2, 0, event), EINVAL, KERNEL);
	close(null);
	close(event);
}

static void there_can_be_a_thousand_ioeventfds(void **state)
{
	struct bench *b = *state;
	struct libiommufd_region *bar = bar0(b);
	int event = event_new(), other = event_new(), before = count_files();
	uint32_t n = 0;

	while (n < 2000 && !libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 4, n, event))
		n++;
	assert_int_equal(n, 1000);
	assert_refused(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 4, n, event), ENOSPC,
		       KERNEL);
	assert_ok(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 4, 500, -1));
	assert_ok(libiommufd_region_set_ioeventfd(bar, EDU_LIVENESS, 4, 1234, other));
	assert_int_equal(count_files(), before);
	event_send(other);
	assert_int_equal(liveness(b), 1234);
	bench_close(b, 0);
	/* Nobody listens any more. */
	event_send(event);
	close(event);
	close(other);
}

int run_features(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(a_probe_tells_features_that_are_there, bench_setup_bound),
		bench_test(a_feature_that_is_asked_for_wrongly_is_refused, bench_setup_bound),
		bench_test(before_bind_there_are_no_features, bench_setup_opened),
		bench_test(a_device_sleeps_until_it_is_woken, bench_setup_bound),
		bench_test(an_access_through_the_kernel_does_not_end_sleep, bench_setup_bound),
		bench_test(the_eventfd_tells_when_the_device_wakes, bench_setup_bound),
		bench_test(mapped_registers_are_out_of_reach_during_sleep, bench_setup_bound),
		bench_test(a_wakeup_file_that_is_no_eventfd_is_refused, bench_setup_bound),
		bench_test(a_sleeping_device_can_be_closed_and_is_awake_again, bench_setup_bound),
		bench_test(an_eventfd_writes_to_a_register, bench_setup_bound),
		bench_test(eight_bytes_can_be_written_as_well, bench_setup_bound),
		bench_test(ioeventfds_are_found_by_register_and_value, bench_setup_bound),
		bench_test(what_is_no_register_takes_no_ioeventfd, bench_setup_bound),
		bench_test(there_can_be_a_thousand_ioeventfds, bench_setup_bound),
	};
	return cmocka_run_group_tests_name("features", tests, NULL, NULL);
}
