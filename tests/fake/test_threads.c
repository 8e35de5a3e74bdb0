/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many threads use one address space while devices come and go. Each has a window of addresses of its
 * own, in which all must go as if it were alone; ThreadSanitizer sees the rest.
 */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	MEMORY_THREADS = 6,
	DEVICE_THREADS = 2,
	ROUNDS = 1500
};

struct worker {
	pthread_t thread;
	struct world *w;
	unsigned number;
	unsigned failures;
};

static const uint32_t both = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE;

static void expect(struct worker *worker, int r, const char *what)
{
	if (r == 0)
		return;
	worker->failures++;
	fprintf(stderr, "thread %u: %s: %s\n", worker->number, what, libiommufd_last_error()->text);
}

static void *use_memory(void *data)
{
	struct worker *worker = data;
	struct world *w = worker->w;
	struct libiommufd_ioas *x = w->spaces[X], *y = w->spaces[Y];
	uint64_t window = 0x10000000ULL * (worker->number + 1), bytes;

	for (int i = 0; i < ROUNDS; i++) {
		struct libiommufd_ranges *ranges = NULL;
		uint64_t picked = 0, copied = 0;

		expect(worker, libiommufd_ioas_map_at(x, w->memory, 2 * PAGE, both, window),
		       "map_at");
		if (libiommufd_ioas_map_at(x, w->memory, PAGE, both, window + PAGE) != -EEXIST)
			expect(worker, -1, "map_at twice");
		expect(worker, libiommufd_ioas_map(x, w->memory + 4 * PAGE, PAGE, both, &picked),
		       "map");
		expect(worker, libiommufd_ioas_copy(y, x, window, 2 * PAGE, both, &copied), "copy");
		expect(worker, libiommufd_ioas_query_ranges(x, &ranges), "query_ranges");
		libiommufd_ranges_free(ranges);
		expect(worker, libiommufd_ioas_unmap(y, copied, 2 * PAGE, &bytes), "unmap copy");
		expect(worker, libiommufd_ioas_unmap(x, picked, PAGE, &bytes), "unmap pick");
		expect(worker, libiommufd_ioas_unmap(x, window, 2 * PAGE, &bytes), "unmap");
		if (bytes != 2 * PAGE)
			expect(worker, -1, "unmap all of it");
		if (libiommufd_ioas_unmap(x, window, 2 * PAGE, NULL) != -ENOENT)
			expect(worker, -1, "unmap twice");
		if (i % 16 == 0) {
			expect(worker,
			       libiommufd_ioas_map_file_at(x, w->file, 0, PAGE, both, window),
			       "map_file_at");
			expect(worker, libiommufd_ioas_unmap(x, window, PAGE, &bytes),
			       "unmap file");
		}
	}
	return NULL;
}

/* One moves the first group with both its members, one the other. */
static void *move_devices(void *data)
{
	struct worker *worker = data;
	struct world *w = worker->w;
	bool alone = worker->number & 1;
	struct libiommufd_device *first = w->devices[alone ? ALONE : DEV0];
	struct libiommufd_device *second = alone ? NULL : w->devices[DEV1];

	for (int i = 0; i < ROUNDS; i++) {
		struct libiommufd_region *region;
		enum libiommufd_reach reach;
		struct libiommufd_ioas *ioas = NULL;

		expect(worker, libiommufd_device_attach(first, w->spaces[X]), "attach");
		if (second)
			expect(worker, libiommufd_device_attach(second, w->spaces[X]), "attach");
		expect(worker, libiommufd_device_attach(first, w->spaces[Y]), "move");
		expect(worker,
		       libiommufd_device_query_reach(second ? second : first, &reach, &ioas),
		       "query_reach");
		if (ioas != w->spaces[Y])
			expect(worker, -1, "moving the group");
		expect(worker, libiommufd_device_query_region(first, 0, &region), "query_region");
		expect(worker, libiommufd_device_detach(first), "detach");
		if (second)
			expect(worker, libiommufd_device_detach(second), "detach");
	}
	return NULL;
}

static void run(uint32_t backend)
{
	struct worker workers[MEMORY_THREADS + DEVICE_THREADS];
	unsigned failures = 0;
	struct world w;

	world_init(&w, backend, NULL);
	w.file = fake_file(w.fake, PAGE, true, 2);
	world_ctx(&w);
	world_space(&w, X);
	world_space(&w, Y);
	/* Those that share a container could not move. */
	for (int i = 0; i < DEVICES; i++)
		world_bind_with(&w, i, -1, LIBIOMMUFD_BIND_PRIVATE);
	for (unsigned i = 0; i < MEMORY_THREADS + DEVICE_THREADS; i++) {
		workers[i] = (struct worker){.w = &w, .number = i};
		assert_int_equal(pthread_create(&workers[i].thread, NULL,
						i < MEMORY_THREADS ? use_memory : move_devices,
						&workers[i]),
				 0);
	}
	for (unsigned i = 0; i < MEMORY_THREADS + DEVICE_THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		failures += workers[i].failures;
	}
	assert_int_equal(failures, 0);
	assert_null(world_contradiction(&w));
	/* The probes are all that is mapped. */
	assert_int_equal(fake_counts(w.fake).mappings,
			 backend == LIBIOMMUFD_BACKEND_NATIVE ? 2 : 0);
	assert_true(world_fini(&w));
}

static void threads_share_an_address_space_native(void **state)
{
	(void)state;
	run(LIBIOMMUFD_BACKEND_NATIVE);
}

static void threads_share_an_address_space_type1(void **state)
{
	(void)state;
	run(LIBIOMMUFD_BACKEND_TYPE1);
}

/* Open, bind, attach and close go on in parallel, in one group and in another. */
static void *live(void *data)
{
	struct worker *worker = data;
	struct world *w = worker->w;

	for (int i = 0; i < ROUNDS / 4; i++) {
		struct libiommufd_device *dev = NULL;
		struct libiommufd_ioas *ioas = w->spaces[X];

		expect(worker,
		       libiommufd_device_open(w->ctx, world_address((int)worker->number), NULL,
					      &dev),
		       "open");
		if (!dev)
			break;
		expect(worker, libiommufd_device_bind(dev, NULL), "bind");
		expect(worker, libiommufd_device_attach(dev, ioas), "attach");
		expect(worker, libiommufd_device_close(dev, 0), "close");
	}
	return NULL;
}

static void devices_come_and_go_in_parallel(void **state)
{
	const uint32_t backends[] = {LIBIOMMUFD_BACKEND_NATIVE, LIBIOMMUFD_BACKEND_TYPE1};
	struct worker workers[DEVICES];
	(void)state;

	for (int b = 0; b < 2; b++) {
		struct world w;

		world_init(&w, backends[b], NULL);
		world_ctx(&w);
		world_space(&w, X);
		for (unsigned i = 0; i < DEVICES; i++) {
			workers[i] = (struct worker){.w = &w, .number = i};
			assert_int_equal(pthread_create(&workers[i].thread, NULL, live,
							&workers[i]),
					 0);
		}
		for (unsigned i = 0; i < DEVICES; i++) {
			pthread_join(workers[i].thread, NULL);
			assert_int_equal(workers[i].failures, 0);
		}
		assert_true(world_fini(&w));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_share_an_address_space_native),
		cmocka_unit_test(threads_share_an_address_space_type1),
		cmocka_unit_test(devices_come_and_go_in_parallel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
