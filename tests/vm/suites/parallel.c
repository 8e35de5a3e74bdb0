/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Drives 24 devices of one context by 24 threads at once, each device in a group and an address space of
 * its own. Needs the set edu24. Prints how long it takes one after the other and together; a bind resets
 * its device. And takes two of them away, which come back the other way round.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "behaviours.h"
#include "devices.h"

enum {
	CROWD = 24,
};

/* Where everybody's memory is mapped, and what is mapped for one alone; the next one's is next to it. */
#define COMMON       0x50000000ULL
#define ALONE(n)     (0x60000000ULL + (uint64_t)(n)*PAGE)
#define NEIGHBOUR(n) ALONE(((n) + 1) % CROWD)

/* Pages of a member: what the device is to read, where it writes, and where that is seen once more. */
enum page {
	SOURCE,
	TARGET,
	SECRET,
	PAGES,
};

struct member {
	pthread_t thread;
	struct libiommufd_ctx *ctx;
	unsigned number;
	struct libiommufd_device *dev;
	struct libiommufd_ioas *ioas;
	uint8_t *memory;
	bool only_registers;
	bool failed; /* cmocka's asserts belong to the main thread */
};

static pthread_barrier_t barrier;

static bool goes_well(struct member *m, const char *what, bool good)
{
	if (good)
		return true;
	fprintf(stderr, "device %u: %s: %s\n", m->number, what, libiommufd_last_error()->text);
	m->failed = true;
	return false;
}

#define does(m, call)  goes_well(m, #call, (call) >= 0)
#define holds(m, fact) goes_well(m, #fact, fact)

/* ---- A device's life ---- */

static void set_up(struct member *m)
{
	char variable[8];

	snprintf(variable, sizeof(variable), "EDU%u", m->number);
	if (does(m, libiommufd_device_open(m->ctx, bench_name(variable), NULL, &m->dev)) &&
	    does(m, libiommufd_device_bind(m->dev, NULL)) &&
	    does(m, libiommufd_ioas_create(m->ctx, NULL, &m->ioas)))
		does(m, libiommufd_device_attach(m->dev, m->ioas));
}

static void take_down(struct member *m)
{
	if (m->dev)
		does(m, libiommufd_device_detach(m->dev));
	does(m, libiommufd_device_close(m->dev, LIBIOMMUFD_CLOSE_FORCE));
	does(m, libiommufd_ioas_destroy(m->ioas));
	m->dev = NULL;
	m->ioas = NULL;
}

static uint8_t *page(const struct member *m, enum page which)
{
	return m->memory + which * PAGE;
}

/* Memory to device to memory, where all map and where this one does; and where the next one does. */
static void drive(struct member *m)
{
	struct edu edu;

	if (m->only_registers) {
		if (does(m, edu_start(&edu, m->dev)))
			does(m, edu_stop(&edu));
		return;
	}
	for (int i = 0; i < LENGTH; i++)
		page(m, SOURCE)[i] = (uint8_t)(i * 7 + (int)m->number * 11 + 1);
	if (!does(m, libiommufd_ioas_map_at(m->ioas, page(m, SOURCE), 2 * PAGE, BOTH, COMMON)) ||
	    !does(m,
		  libiommufd_ioas_map_at(m->ioas, page(m, SECRET), PAGE, BOTH, ALONE(m->number))) ||
	    !does(m, edu_start(&edu, m->dev)))
		return;
	edu_read(&edu, COMMON, LENGTH);
	edu_write(&edu, COMMON + PAGE, LENGTH);
	holds(m, !memcmp(page(m, SOURCE), page(m, TARGET), LENGTH));
	/* Nobody of this address space; memory of the next one, if it were reached. */
	edu_write(&edu, NEIGHBOUR(m->number), LENGTH);
	edu_write(&edu, ALONE(m->number), LENGTH / 2);
	holds(m, !memcmp(page(m, SOURCE), page(m, SECRET), LENGTH / 2));
	does(m, edu_stop(&edu));
}

static void *live(void *data)
{
	struct member *m = data;

	pthread_barrier_wait(&barrier);
	set_up(m);
	/* None is taken down before all are there. */
	pthread_barrier_wait(&barrier);
	if (!m->failed)
		drive(m);
	pthread_barrier_wait(&barrier);
	take_down(m);
	return NULL;
}

static void *set_up_and_take_down(void *data)
{
	pthread_barrier_wait(&barrier);
	set_up(data);
	take_down(data);
	return NULL;
}

/* ---- The crowd ---- */

static void gather(struct member *members, struct libiommufd_ctx *ctx)
{
	for (unsigned i = 0; i < CROWD; i++)
		members[i] = (struct member){.ctx = ctx, .number = i};
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* From the moment that all are ready. */
static double run_all(struct member *members, void *(*what)(void *data))
{
	assert_int_equal(pthread_barrier_init(&barrier, NULL, CROWD), 0);
	double start = seconds();
	for (unsigned i = 0; i < CROWD; i++)
		assert_int_equal(pthread_create(&members[i].thread, NULL, what, &members[i]), 0);
	for (unsigned i = 0; i < CROWD; i++)
		pthread_join(members[i].thread, NULL);
	pthread_barrier_destroy(&barrier);
	return seconds() - start;
}

static void assert_all_well(const struct member *members)
{
	for (unsigned i = 0; i < CROWD; i++)
		assert_false(members[i].failed);
}

static void twenty_four_devices_at_once_reach_each_its_own_memory(void **state)
{
	struct member members[CROWD];
	struct bench *b = *state;

	gather(members, b->ctx);
	/* To QEMU's AMD IOMMU a device behind a bridge or port is another one. */
	bool only_registers = bench_is_amd(b);
	for (unsigned i = 0; i < CROWD; i++) {
		members[i].memory = bench_memory(PAGES * PAGE);
		members[i].only_registers = only_registers;
	}
	double time = run_all(members, live);
	assert_all_well(members);
	print_message("24 lives at once, with 4 DMAs of 100 ms each: %.2f s\n", time);
	for (unsigned i = 0; i < CROWD; i++) {
		const struct member *m = &members[i];
		/* Half of it is the device's own; the neighbour's write would have been longer. */
		for (int at = LENGTH / 2; at < PAGE; at++)
			assert_int_equal(page(m, SECRET)[at], 0);
		for (int at = LENGTH; at < PAGE; at++)
			assert_int_equal(page(m, TARGET)[at], 0);
	}
}

static void twenty_four_devices_are_in_as_many_groups(void **state)
{
	struct libiommufd_facts *facts;
	int groups[CROWD];
	struct bench *b = *state;
	char variable[8];

	for (int i = 0; i < CROWD; i++) {
		snprintf(variable, sizeof(variable), "EDU%d", i);
		assert_ok(libiommufd_ctx_query_facts(b->ctx, bench_name(variable), &facts));
		groups[i] = libiommufd_facts_get_group(facts);
		assert_int_equal(libiommufd_facts_get_member_count(facts), 1);
		libiommufd_facts_free(facts);
		for (int other = 0; other < i; other++)
			assert_int_not_equal(groups[i], groups[other]);
	}
}

static void one_after_the_other_and_at_once(void **state)
{
	struct member members[CROWD];
	struct bench *b = *state;

	gather(members, b->ctx);
	double start = seconds();
	for (unsigned i = 0; i < CROWD; i++) {
		set_up(&members[i]);
		take_down(&members[i]);
	}
	double apart = seconds() - start;
	assert_all_well(members);
	double together = run_all(members, set_up_and_take_down);
	assert_all_well(members);
	print_message("open, bind, attach, detach, close: 24 apart %.2f s, together %.2f s (%.1f "
		      "x)\n",
		      apart, together, apart / together);
}

/* ---- Away and back ---- */

static int group_of(struct bench *b, const char *variable)
{
	struct libiommufd_facts *facts;

	assert_ok(libiommufd_ctx_query_facts(b->ctx, bench_name(variable), &facts));
	int group = libiommufd_facts_get_group(facts);
	libiommufd_facts_free(facts);
	return group;
}

static void take_away(const char *variable)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", bench_name(variable));
	assert_int_equal(write_file(path, "1"), 0);
}

static void bring_back(const char *variable)
{
	const char *address = bench_name(variable);
	char path[96];

	snprintf(path, sizeof(path), "/sys/class/pci_bus/%.7s/rescan", address);
	assert_int_equal(write_file(path, "1"), 0);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", address);
	assert_int_equal(write_file(path, "vfio-pci"), 0);
	write_file("/sys/bus/pci/drivers_probe", address);
}

/* Its name is known, and the number of the group that it had, in which another device is by now. */
static void a_device_that_is_back_in_another_group_is_not_bound_for_another_one(void **state)
{
	struct bench *b = *state;

	if (natively(b->native, BEHAVIOUR_OPENED_LATE))
		return; /* an open character device holds the removal up */
	bench_open(b, 0);
	int group = group_of(b, "EDU0");
	take_away("EDU0");
	take_away("EDU1");
	bring_back("EDU1");
	bring_back("EDU0");
	assert_int_equal(group_of(b, "EDU1"), group);
	assert_int_not_equal(group_of(b, "EDU0"), group);

	assert_refused(libiommufd_device_bind(b->dev, NULL), ENODEV, DEVICE_GONE);
	assert_sentence("is back in another group");
	assert_int_equal(libiommufd_device_get_state(b->dev), LIBIOMMUFD_DEVICE_OPENED);
	/* The other one is there to be had, and this one once it is opened again. */
	bench_bind(b, 1);
	assert_state(b->devices[1], BOUND, NOTHING, NULL);
	assert_ok(libiommufd_device_close(b->dev, 0));
	b->devices[0] = NULL;
	bench_bind(b, 0);
	assert_state(b->dev, BOUND, NOTHING, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(twenty_four_devices_are_in_as_many_groups, bench_setup),
		bench_test(twenty_four_devices_at_once_reach_each_its_own_memory, bench_setup),
		bench_test(one_after_the_other_and_at_once, bench_setup),
		bench_test(a_device_that_is_back_in_another_group_is_not_bound_for_another_one,
			   bench_setup),
	};

	bench_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
