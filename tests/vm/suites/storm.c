/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lets 24 threads do at random what can be done with a device each: bind in all ways, attach to one of four
 * address spaces, move, detach, drive, map, close. On type1 their groups join and leave each other's
 * containers all the while. Needs the set edu24. STORM=n in the environment begins with another number.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "differences.h"

enum {
	CROWD = 24,
	ROOMS = 4, /* address spaces */
	STEPS = 120,
	HELD = 1024,
};

static uint64_t iova_of(unsigned number)
{
	return 0x10000000 + number * 0x10000ULL;
}

struct member {
	pthread_t thread;
	struct bench *b;
	unsigned number, seed;
	struct libiommufd_device *dev;
	bool bound;
	int room;       /* that it is attached to; -1: none */
	uint8_t *pages; /* one in each room, at iova_of() */
	bool failed;    /* cmocka's asserts belong to the main thread */
};

static atomic_uint attached, refused, landed, closed;
static bool only_registers;

static unsigned any(struct member *m, unsigned below)
{
	return (unsigned)rand_r(&m->seed) / 7 % below;
}

static bool goes_well(struct member *m, const char *what, bool good)
{
	if (!good)
		fprintf(stderr, "device %u: %s: %s\n", m->number, what,
			libiommufd_last_error()->text);
	m->failed |= !good;
	return good;
}

#define does(m, call)  goes_well(m, #call, (call) >= 0)
#define holds(m, fact) goes_well(m, #fact, fact)

/* ---- Steps ---- */

static void bind(struct member *m)
{
	static const uint32_t flags[] = {0, 0, 0, LIBIOMMUFD_BIND_PRIVATE};
	struct libiommufd_bind_opts opts = {.size = sizeof(opts), .flags = flags[any(m, 4)]};

	if (any(m, 2))
		opts.ioas = m->b->spaces[any(m, ROOMS)];
	m->bound = does(m, libiommufd_device_bind(m->dev, &opts));
}

/* Only those who share a container may be held back. */
static bool is_held_back(struct member *m, int result)
{
	if (result < 0)
		refused++;
	return result < 0 &&
	       holds(m,
		     differs(m->b->native, DIFFERENCE_MOVE_OF_ONE_THAT_SHARES).error == result) &&
	       holds(m, libiommufd_last_error()->reason == LIBIOMMUFD_REASON_CONTAINER_SHARED);
}

static void attach(struct member *m)
{
	int room = (int)any(m, ROOMS);

	int r = libiommufd_device_attach(m->dev, m->b->spaces[room]);
	if (is_held_back(m, r) || m->failed)
		return;
	m->room = room;
	attached++;
}

static void detach(struct member *m)
{
	if (!is_held_back(m, libiommufd_device_detach(m->dev)))
		m->room = -1;
}

static void map(struct member *m)
{
	struct libiommufd_ioas *ioas = m->b->spaces[any(m, ROOMS)];
	uint64_t iova = 0, bytes = 0;

	if (!does(m, libiommufd_ioas_map(ioas, m->pages, PAGE, BOTH, &iova)))
		return;
	usleep(any(m, 1000));
	does(m, libiommufd_ioas_unmap(ioas, iova, PAGE, &bytes));
	holds(m, bytes == PAGE);
}

static void look(struct member *m)
{
	struct libiommufd_ioas *ioas = NULL;
	enum libiommufd_reach reach;

	does(m, libiommufd_device_query_reach(m->dev, &reach, &ioas));
	if (m->room >= 0)
		holds(m, reach == LIBIOMMUFD_REACH_IOAS && ioas == m->b->spaces[m->room]);
}

/* What it reads and writes is its page in the room that it is in. */
static void drive(struct member *m)
{
	uint8_t *page = m->pages + m->room * PAGE;
	struct edu edu = {0};

	if (!holds(m, edu_start(&edu, m->dev) == 0))
		return;
	if (m->room >= 0 && !only_registers) {
		for (int room = 0; room < ROOMS; room++)
			memset(m->pages + room * PAGE, 0x80 + room, PAGE);
		edu_read(&edu, iova_of(m->number), HELD);
		memset(page, 0x11, PAGE);
		edu_write(&edu, iova_of(m->number), HELD);
		holds(m, page[0] == 0x80 + m->room && page[HELD - 1] == 0x80 + m->room &&
				 page[HELD] == 0x11);
		landed++;
	}
	holds(m, edu_stop(&edu) == 0);
}

static void step(struct member *m)
{
	char variable[8];
	uint32_t count;

	if (!m->dev) {
		snprintf(variable, sizeof(variable), "EDU%u", m->number);
		does(m, libiommufd_device_open(m->b->ctx, bench_name(variable), NULL, &m->dev));
		m->bound = false;
		m->room = -1;
		return;
	}
	if (!m->bound) {
		bind(m);
		return;
	}
	switch (any(m, 12)) {
	case 0:
		if (does(m, libiommufd_device_close(m->dev, 0)))
			m->dev = NULL;
		closed++;
		break;
	case 1:
		detach(m);
		break;
	case 2:
		does(m, libiommufd_device_query_region_count(m->dev, &count));
		break;
	case 3:
	case 4:
		map(m);
		break;
	case 5:
		look(m);
		break;
	case 6:
		if (!any(m, 3))
			drive(m);
		break;
	case 7:
		usleep(any(m, 500));
		break;
	default:
		attach(m);
	}
}

static void *live(void *data)
{
	struct member *m = data;

	for (unsigned i = 0; i < STEPS && !m->failed; i++)
		step(m);
	does(m, libiommufd_device_close(m->dev, 0));
	return NULL;
}

static void what_each_does_is_done_whatever_the_others_do(void **state)
{
	const char *begin = getenv("STORM");
	static struct member members[CROWD];
	struct bench *b = *state;

	only_registers = bench_is_amd(b);
	while (!b->spaces[ROOMS - 1])
		bench_ioas(b);
	long pins = bench_pins();
	for (unsigned i = 0; i < CROWD; i++) {
		struct member *m = &members[i];
		*m = (struct member){.b = b, .number = i, .room = -1};
		m->seed = 1000 * (begin ? (unsigned)atoi(begin) : 1) + i;
		m->pages = bench_memory(ROOMS * PAGE);
		for (int room = 0; room < ROOMS; room++)
			assert_ok(libiommufd_ioas_map_at(b->spaces[room], m->pages + room * PAGE,
							 PAGE, BOTH, iova_of(i)));
	}
	for (unsigned i = 0; i < CROWD; i++)
		assert_int_equal(pthread_create(&members[i].thread, NULL, live, &members[i]), 0);
	for (unsigned i = 0; i < CROWD; i++) {
		pthread_join(members[i].thread, NULL);
		assert_false(members[i].failed);
	}
	print_message("%u attached, %u held back, %u DMAs, %u closed\n", attached, refused, landed,
		      closed);
	assert_true(attached > 200 && closed > 50);
	assert_int_equal(refused > 0, !works(b->native, DIFFERENCE_MOVE_OF_ONE_THAT_SHARES));
	assert_int_equal(landed > 10, !only_registers);
	assert_int_equal(bench_pins(), pins);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(what_each_does_is_done_whatever_the_others_do, bench_setup),
	};

	bench_begin();
	return cmocka_run_group_tests_name("storm", tests, NULL, NULL);
}
