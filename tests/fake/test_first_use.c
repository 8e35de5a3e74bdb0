/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* On type1 a device is opened by its first use, whatever that is, and never a second time. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum {
	THREADS = 8,
	ROUNDS = 40
};

/* ---- All that needs the device's file ---- */

static void query_fd(struct libiommufd_device *dev)
{
	int fd;
	libiommufd_device_query_fd(dev, &fd);
}

static void query_container_fd(struct libiommufd_device *dev)
{
	int fd;
	libiommufd_device_query_container_fd(dev, &fd);
}

static void query_region_count(struct libiommufd_device *dev)
{
	uint32_t count;
	libiommufd_device_query_region_count(dev, &count);
}

static void query_region(struct libiommufd_device *dev)
{
	struct libiommufd_region *region;
	libiommufd_device_query_region(dev, 0, &region);
}

static void config_read(struct libiommufd_device *dev)
{
	uint8_t value;
	libiommufd_device_config_read8(dev, 0, &value);
}

static void config_write(struct libiommufd_device *dev)
{
	libiommufd_device_config_write32(dev, 4, 0);
}

static void set_bus_master(struct libiommufd_device *dev)
{
	libiommufd_device_set_bus_master(dev, false);
}

static void query_irq(struct libiommufd_device *dev)
{
	uint32_t count;
	libiommufd_device_query_irq(dev, 0, &count, NULL);
}

static void set_irqs(struct libiommufd_device *dev)
{
	int none = -1;
	libiommufd_device_set_irqs(dev, 0, 0, &none, 1);
}

static void disable_irqs(struct libiommufd_device *dev)
{
	libiommufd_device_disable_irqs(dev, 0);
}

static void trigger_irqs(struct libiommufd_device *dev)
{
	libiommufd_device_trigger_irqs(dev, 0, 0, 1);
}

static void mask_irq(struct libiommufd_device *dev)
{
	libiommufd_device_mask_irq(dev, 0);
}

static void unmask_irq(struct libiommufd_device *dev)
{
	libiommufd_device_unmask_irq(dev, 0);
}

static void set_unmask_fd(struct libiommufd_device *dev)
{
	libiommufd_device_set_unmask_fd(dev, 0, -1);
}

static void reset(struct libiommufd_device *dev)
{
	libiommufd_device_reset(dev);
}

static void query_hot_reset(struct libiommufd_device *dev)
{
	struct libiommufd_hot_reset *list = NULL;
	libiommufd_device_query_hot_reset(dev, &list);
	libiommufd_hot_reset_free(list);
}

static void hot_reset(struct libiommufd_device *dev)
{
	libiommufd_device_hot_reset(dev);
}

static void enter_low_power(struct libiommufd_device *dev)
{
	libiommufd_device_enter_low_power(dev, -1);
}

static void exit_low_power(struct libiommufd_device *dev)
{
	libiommufd_device_exit_low_power(dev);
}

static void feature(struct libiommufd_device *dev)
{
	uint32_t data = 0;
	libiommufd_device_feature(dev, LIBIOMMUFD_DEVICE_FEATURE_GET | 1, &data, sizeof(data));
}

static const struct {
	const char *name;
	void (*use)(struct libiommufd_device *dev);
} uses[] = {
	{"query_fd", query_fd},
	{"query_container_fd", query_container_fd},
	{"query_region_count", query_region_count},
	{"query_region", query_region},
	{"config_read", config_read},
	{"config_write", config_write},
	{"set_bus_master", set_bus_master},
	{"query_irq", query_irq},
	{"set_irqs", set_irqs},
	{"disable_irqs", disable_irqs},
	{"trigger_irqs", trigger_irqs},
	{"mask_irq", mask_irq},
	{"unmask_irq", unmask_irq},
	{"set_unmask_fd", set_unmask_fd},
	{"reset", reset},
	{"query_hot_reset", query_hot_reset},
	{"hot_reset", hot_reset},
	{"enter_low_power", enter_low_power},
	{"exit_low_power", exit_low_power},
	{"feature", feature},
};

#define USES (sizeof(uses) / sizeof(uses[0]))

/* ---- Counting ---- */

static unsigned opens(struct world *w)
{
	unsigned n = 0;

	for (unsigned i = 1; i <= fake_call_count(w->fake); i++)
		n += !strcmp(fake_call_name(w->fake, i), "ioctl VFIO_GROUP_GET_DEVICE_FD");
	return n;
}

static void begin(struct world *w)
{
	world_init(w, LIBIOMMUFD_BACKEND_TYPE1, NULL);
	world_ctx(w);
	world_space(w, X);
	fake_count_from_here(w->fake, false);
	world_bind(w, DEV0);
}

static void bind_and_what_looks_at_nothing_open_no_device(void **state)
{
	struct libiommufd_facts *facts = NULL;
	struct libiommufd_ioas *ioas;
	enum libiommufd_reach reach;
	struct world w;
	bool private;
	int fd;
	(void)state;

	begin(&w);
	world_bind(&w, DEV1);
	assert_int_equal(libiommufd_device_query_kvm_fd(w.devices[DEV0], &fd), 0);
	assert_int_equal(libiommufd_device_query_reach(w.devices[DEV0], &reach, &ioas), 0);
	assert_int_equal(libiommufd_device_query_private(w.devices[DEV0], &private), 0);
	assert_int_equal(libiommufd_device_query_facts(w.devices[DEV0], &facts), 0);
	libiommufd_facts_free(facts);
	assert_int_equal(libiommufd_device_detach(w.devices[DEV0]), 0);
	assert_true(fake_call_count(w.fake) > 0);
	assert_int_equal(opens(&w), 0);
	assert_int_equal(fake_dma(w.fake, FAKE_DEV0, PROBE, true).reach, FAKE_BLOCKED);
	assert_true(world_fini(&w));
}

static void every_kind_of_first_use_opens_once(void **state)
{
	struct world w;
	(void)state;

	for (size_t i = 0; i < USES; i++) {
		begin(&w);
		for (unsigned time = 0; time < 3; time++) {
			uses[i].use(w.devices[DEV0]);
			if (opens(&w) != 1)
				fail_msg("%s opens the device %u times", uses[i].name, opens(&w));
		}
		/* Nor does what comes then. */
		assert_int_equal(libiommufd_device_attach(w.devices[DEV0], w.spaces[X]), 0);
		assert_int_equal(opens(&w), 1);
		assert_true(world_fini(&w));
	}
}

static void an_attach_opens_once(void **state)
{
	struct world w;
	(void)state;

	begin(&w);
	assert_int_equal(libiommufd_device_attach(w.devices[DEV0], w.spaces[X]), 0);
	assert_int_equal(libiommufd_device_attach(w.devices[DEV0], w.spaces[X]), 0);
	for (size_t i = 0; i < USES; i++)
		uses[i].use(w.devices[DEV0]);
	assert_int_equal(opens(&w), 1);
	assert_true(world_fini(&w));
}

/* An open that failed was none. */
static void a_use_after_one_that_failed_opens(void **state)
{
	struct world w;
	int fd = 77;
	(void)state;

	begin(&w);
	fake_count_from_here(w.fake, false);
	fake_fail(w.fake, 1, -EIO, false);
	assert_int_equal(libiommufd_device_query_fd(w.devices[DEV0], &fd), -EIO);
	assert_int_equal(fd, 77);
	fake_fail(w.fake, 0, 0, false);
	for (int time = 0; time < 2; time++)
		assert_int_equal(libiommufd_device_query_fd(w.devices[DEV0], &fd), 0);
	assert_int_equal(opens(&w), 2);
	assert_true(world_fini(&w));
}

/* ---- Threads ---- */

struct user {
	pthread_t thread;
	pthread_barrier_t *start;
	struct libiommufd_device *dev;
	unsigned number;
};

static void *use(void *data)
{
	struct user *user = data;

	pthread_barrier_wait(user->start);
	/* Each begins with another one. */
	for (unsigned i = 0; i < 4; i++)
		uses[(user->number * 3 + i) % USES].use(user->dev);
	return NULL;
}

static void of_many_threads_one_opens(void **state)
{
	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct user users[THREADS];
		pthread_barrier_t start;
		struct world w;

		begin(&w);
		pthread_barrier_init(&start, NULL, THREADS);
		for (unsigned i = 0; i < THREADS; i++) {
			users[i] = (struct user){.start = &start,
						 .dev = w.devices[DEV0],
						 .number = i + round};
			assert_int_equal(pthread_create(&users[i].thread, NULL, use, &users[i]), 0);
		}
		for (unsigned i = 0; i < THREADS; i++)
			pthread_join(users[i].thread, NULL);
		pthread_barrier_destroy(&start);
		assert_int_equal(opens(&w), 1);
		assert_true(world_fini(&w));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bind_and_what_looks_at_nothing_open_no_device),
		cmocka_unit_test(every_kind_of_first_use_opens_once),
		cmocka_unit_test(an_attach_opens_once),
		cmocka_unit_test(a_use_after_one_that_failed_opens),
		cmocka_unit_test(of_many_threads_one_opens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
