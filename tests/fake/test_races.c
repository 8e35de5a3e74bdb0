/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Races of a few calls, many times: what one thread takes away while another one looks at it or puts
 * something there. ThreadSanitizer sees whether anything holds them apart.
 */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

enum {
	ROUNDS = 60
};

struct worker {
	pthread_t thread;
	struct world *w;
	pthread_barrier_t *barrier;
	int number;
	atomic_bool done;
	atomic_uint answers;
	unsigned failures;
};

static const uint32_t both = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE;

static void expect(struct worker *worker, bool ok, const char *what)
{
	if (ok)
		return;
	worker->failures++;
	fprintf(stderr, "thread %d: %s: %s\n", worker->number, what, libiommufd_last_error()->text);
}

/* ---- One group leaves a container while another one joins it and a third one's memory is mapped ---- */

static void *attach_idle(void *data)
{
	struct worker *worker = data;

	pthread_barrier_wait(worker->barrier);
	expect(worker,
	       libiommufd_device_attach(worker->w->devices[DEV1], worker->w->spaces[Y]) == 0,
	       "attach");
	return NULL;
}

static void *join(void *data)
{
	struct worker *worker = data;
	struct libiommufd_bind_opts opts = {.size = sizeof(opts), .ioas = worker->w->spaces[X]};

	pthread_barrier_wait(worker->barrier);
	expect(worker, libiommufd_device_bind(worker->w->devices[THIRD], &opts) == 0, "bind");
	return NULL;
}

static void *look(void *data)
{
	struct worker *worker = data;

	pthread_barrier_wait(worker->barrier);
	for (int i = 0; i < 4; i++) {
		struct libiommufd_ioas *x = worker->w->spaces[X];
		struct libiommufd_ranges *ranges = NULL;
		expect(worker, libiommufd_ioas_query_ranges(x, &ranges) == 0, "query_ranges");
		libiommufd_ranges_free(ranges);
		expect(worker,
		       libiommufd_ioas_map_at(x, worker->w->memory, PAGE, both, 0x400000) == 0 &&
			       libiommufd_ioas_unmap(x, 0x400000, PAGE, NULL) == 0,
		       "map and unmap");
	}
	return NULL;
}

static void a_group_leaves_while_another_one_joins(void **state)
{
	static void *(*const what[])(void *data) = {attach_idle, join, look};
	(void)state;

	for (int round = 0; round < 2 * ROUNDS; round++) {
		struct worker workers[3];
		pthread_barrier_t barrier;
		struct world w;
		world_init(&w, LIBIOMMUFD_BACKEND_TYPE1, NULL);
		world_ctx(&w);
		world_space(&w, X);
		world_space(&w, Y);
		world_attach(&w, ALONE, X);
		world_open(&w, THIRD);
		/* A closed device has taken the group there; the other one was not opened yet. */
		world_bind(&w, DEV1);
		world_bind_with(&w, DEV0, X, 0);
		assert_int_equal(libiommufd_device_close(w.devices[DEV0], 0), 0);
		w.devices[DEV0] = NULL;
		pthread_barrier_init(&barrier, NULL, 3);
		for (int i = 0; i < 3; i++) {
			workers[i] = (struct worker){.w = &w, .barrier = &barrier, .number = i};
			assert_int_equal(pthread_create(&workers[i].thread, NULL, what[i],
							&workers[i]),
					 0);
		}
		for (int i = 0; i < 3; i++) {
			pthread_join(workers[i].thread, NULL);
			assert_int_equal(workers[i].failures, 0);
		}
		pthread_barrier_destroy(&barrier);
		assert_int_equal(fake_groups_with(w.fake, FAKE_DEV1), 1 << 3);
		assert_int_equal(fake_groups_with(w.fake, FAKE_THIRD), 1 << 5 | 1 << 9);
		assert_null(world_contradiction(&w));
		assert_true(world_fini(&w));
	}
}

/* ---- Who is asked where its DMA goes while that place goes away ---- */

static unsigned answers_of(struct worker *worker)
{
	return atomic_load_explicit(&worker->answers, memory_order_relaxed);
}

static void *ask(void *data)
{
	struct worker *worker = data;

	pthread_barrier_wait(worker->barrier);
	while (!atomic_load(&worker->done)) {
		struct libiommufd_ioas *ioas = NULL;
		enum libiommufd_reach reach;
		expect(worker,
		       libiommufd_device_query_reach(worker->w->devices[DEV0], &reach, &ioas) == 0,
		       "query_reach");
		expect(worker, (reach == LIBIOMMUFD_REACH_IOAS) == (ioas != NULL), "reach");
		atomic_fetch_add_explicit(&worker->answers, ioas != NULL, memory_order_relaxed);
		/* A lock taken here would order what is to be seen not to be ordered. */
		sched_yield();
	}
	return NULL;
}

static void an_address_space_may_go_while_a_bound_device_is_asked(void **state)
{
	const uint32_t backends[] = {LIBIOMMUFD_BACKEND_NATIVE, LIBIOMMUFD_BACKEND_TYPE1};
	(void)state;

	for (int b = 0; b < 2; b++) {
		struct worker worker;
		pthread_barrier_t barrier;
		struct world w;
		world_init(&w, backends[b], NULL);
		world_ctx(&w);
		world_bind(&w, DEV0);
		world_bind(&w, DEV1);
		pthread_barrier_init(&barrier, NULL, 2);
		worker = (struct worker){.w = &w, .barrier = &barrier};
		assert_int_equal(pthread_create(&worker.thread, NULL, ask, &worker), 0);
		pthread_barrier_wait(&barrier);
		/* A busy machine may let the other thread wait for long. */
		for (int i = 0; i < 20 * ROUNDS || (!answers_of(&worker) && i < 10000 * ROUNDS);
		     i++) {
			struct libiommufd_ioas *ioas;
			assert_int_equal(libiommufd_ioas_create(w.ctx, NULL, &ioas), 0);
			assert_int_equal(libiommufd_device_attach(w.devices[DEV1], ioas), 0);
			sched_yield();
			assert_int_equal(libiommufd_device_detach(w.devices[DEV1]), 0);
			assert_int_equal(libiommufd_ioas_destroy(ioas), 0);
		}
		atomic_store(&worker.done, true);
		pthread_join(worker.thread, NULL);
		assert_true(answers_of(&worker) > 0);
		pthread_barrier_destroy(&barrier);
		assert_int_equal(worker.failures, 0);
		assert_true(world_fini(&w));
	}
}

/* ---- The first file of an address space, while it is emptied ---- */

static void *empty_slowly(void *data)
{
	struct worker *worker = data;

	fake_hold_begin();
	expect(worker, libiommufd_ioas_unmap_all(worker->w->spaces[X], NULL) == 0, "unmap_all");
	fake_hold_end(worker->w->fake);
	return NULL;
}

static void *map_a_file(void *data)
{
	struct worker *worker = data;

	expect(worker,
	       libiommufd_ioas_map_file_at(worker->w->spaces[X], worker->w->file, 0, PAGE,
					   LIBIOMMUFD_READ, 0x400000) == 0,
	       "map_file_at");
	return NULL;
}

static void what_is_kept_of_a_file_goes_with_its_mapping(void **state)
{
	const uint32_t backends[] = {LIBIOMMUFD_BACKEND_NATIVE, LIBIOMMUFD_BACKEND_TYPE1};
	struct timespec soon;
	(void)state;

	for (int b = 0; b < 2; b++) {
		struct worker emptier, mapper;
		struct world w;
		world_init(&w, backends[b], NULL);
		world_ctx(&w);
		world_space(&w, X);
		world_attach(&w, DEV0, X);
		w.file = fake_file(w.fake, PAGE, true, O_RDWR);
		unsigned before = fake_counts(w.fake).own_maps;
		emptier = mapper = (struct worker){.w = &w};
		/* It has seen that there is no file, and has not yet asked the kernel. */
		fake_hold(w.fake, 1);
		assert_int_equal(pthread_create(&emptier.thread, NULL, empty_slowly, &emptier), 0);
		assert_true(fake_await_held(w.fake));
		assert_int_equal(pthread_create(&mapper.thread, NULL, map_a_file, &mapper), 0);
		clock_gettime(CLOCK_REALTIME, &soon);
		/* Done or waiting: 100 ms are plenty for the first, and the second goes on for ever. */
		soon.tv_nsec += 100000000;
		soon.tv_sec += soon.tv_nsec / 1000000000;
		soon.tv_nsec %= 1000000000;
		bool done = pthread_timedjoin_np(mapper.thread, NULL, &soon) == 0;
		fake_let_go(w.fake);
		pthread_join(emptier.thread, NULL);
		if (!done)
			pthread_join(mapper.thread, NULL);
		assert_int_equal(emptier.failures + mapper.failures, 0);
		bool there = fake_dma(w.fake, FAKE_DEV0, 0x400000, false).reach == FAKE_REACHES;
		assert_int_equal(fake_counts(w.fake).own_maps, before + there);
		assert_true(world_fini(&w));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_leaves_while_another_one_joins),
		cmocka_unit_test(an_address_space_may_go_while_a_bound_device_is_asked),
		cmocka_unit_test(what_is_kept_of_a_file_goes_with_its_mapping),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
