/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs many at once on a real kernel: threads on one context, and processes that want one device. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

/* ---- Threads ---- */

enum {
	ROUNDS = 200,
	THREADS = 8,
};

#define SHARED 0x50000000ULL

struct crowd {
	struct bench *b;
	struct libiommufd_ioas *other;
	uint8_t *memory;
	atomic_uint done; /* calls that had to succeed and did */
	atomic_uint failed;
};

struct thread {
	pthread_t id;
	struct crowd *crowd;
	unsigned number;
};

/* Cmocka's asserts belong to the main thread. */
static void note(struct crowd *crowd, int result)
{
	if (result >= 0) {
		atomic_fetch_add(&crowd->done, 1);
		return;
	}
	if (atomic_fetch_add(&crowd->failed, 1) == 0)
		fprintf(stderr, "%s\n", libiommufd_last_error()->text);
}

/* Picks an address, and gives back just what it got. */
static void *mapper(void *data)
{
	struct thread *t = data;
	struct libiommufd_ioas *ioas = t->number % 2 ? t->crowd->b->ioas : t->crowd->other;
	uint8_t *memory = t->crowd->memory + t->number * 4 * PAGE;

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t length = (uint64_t)(1 + i % 4) * PAGE, iova, unmapped = 0;
		int r = libiommufd_ioas_map(ioas, memory, length, BOTH, &iova);
		note(t->crowd, r);
		if (r < 0)
			continue;
		note(t->crowd, libiommufd_ioas_unmap(ioas, iova, length, &unmapped));
		if (unmapped != length)
			note(t->crowd, -EIO);
	}
	return NULL;
}

/* Copies what stays mapped, both ways. */
static void *copier(void *data)
{
	struct thread *t = data;
	struct crowd *crowd = t->crowd;

	for (int i = 0; i < ROUNDS; i++) {
		struct libiommufd_ioas *dst = i % 2 ? crowd->b->ioas : crowd->other;
		struct libiommufd_ioas *src = i % 2 ? crowd->other : crowd->b->ioas;
		uint64_t iova;
		int r = libiommufd_ioas_copy(dst, src, SHARED, PAGE, LIBIOMMUFD_READ, &iova);
		note(crowd, r);
		if (r == 0)
			note(crowd, libiommufd_ioas_unmap(dst, iova, PAGE, NULL));
	}
	return NULL;
}

static void *asker(void *data)
{
	struct thread *t = data;

	for (int i = 0; i < ROUNDS; i++) {
		struct libiommufd_ranges *ranges = NULL;
		enum libiommufd_reach reach;
		uint16_t id;

		note(t->crowd, libiommufd_ioas_query_ranges(t->crowd->b->ioas, &ranges));
		libiommufd_ranges_free(ranges);
		note(t->crowd,
		     libiommufd_device_query_reach(t->crowd->b->devices[1], &reach, NULL));
		note(t->crowd, libiommufd_device_config_read16(t->crowd->b->devices[0], 0, &id));
	}
	return NULL;
}

/* Moves the second device about; the first stays, so that ranges stay. */
static void *mover(void *data)
{
	struct thread *t = data;
	struct libiommufd_device *dev = t->crowd->b->devices[1];

	for (int i = 0; i < ROUNDS / 4; i++) {
		note(t->crowd, libiommufd_device_attach(dev, t->crowd->b->ioas));
		note(t->crowd, libiommufd_device_attach(dev, t->crowd->other));
		note(t->crowd, libiommufd_device_detach(dev));
	}
	return NULL;
}

static void eight_threads_on_one_context_do_not_disturb_each_other(void **state)
{
	static void *(*const work[THREADS])(void *) = {mapper, mapper, mapper, mapper,
						       copier, copier, asker,  mover};
	struct bench *b = *state;
	struct crowd crowd = {.b = b, .other = bench_ioas(b)};
	struct thread threads[THREADS];
	uint8_t *shared = bench_memory(PAGE);
	uint64_t left = 0;

	crowd.memory = bench_memory(THREADS * 4 * PAGE);
	assert_ok(libiommufd_device_attach(b->devices[0], b->ioas));
	assert_ok(libiommufd_ioas_map_at(b->ioas, shared, PAGE, BOTH, SHARED));
	assert_ok(libiommufd_ioas_map_at(crowd.other, shared, PAGE, BOTH, SHARED));
	for (unsigned i = 0; i < THREADS; i++) {
		threads[i] = (struct thread){.crowd = &crowd, .number = i};
		assert_int_equal(pthread_create(&threads[i].id, NULL, work[i], &threads[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i].id, NULL);
	assert_int_equal(crowd.failed, 0);
	assert_int_equal(crowd.done,
			 4 * 2 * ROUNDS + 2 * 2 * ROUNDS + 3 * ROUNDS + 3 * (ROUNDS / 4));

	/* What is left is what stayed mapped: the home and the shared page, which still work. */
	assert_true(dma_works(b, 0, SHARED, shared));
	assert_state(b->devices[1], BOUND, NOTHING, NULL);
	assert_ok(libiommufd_device_attach(b->devices[1], crowd.other));
	assert_true(dma_works(b, 1, SHARED, shared));
	assert_ok(libiommufd_device_detach(b->devices[1]));
	assert_ok(libiommufd_ioas_unmap_all(crowd.other, &left));
	assert_int_equal(left, 2 * PAGE);
	assert_ok(libiommufd_device_detach(b->devices[0]));
	assert_ok(libiommufd_ioas_unmap_all(b->ioas, &left));
	assert_int_equal(left, 2 * PAGE);
}

/* ---- Groups that come and go ---- */

enum {
	VISITS = 12,
	MAPPERS = 4,
	COMERS = 2,
};

/* Joins those who are attached, at bind or at attach, is used, and leaves. */
static void *comer(void *data)
{
	struct thread *t = data;
	struct bench *b = t->crowd->b;
	const char *name = bench_name(t->number % 2 ? "EDU1" : "EDU2");

	for (int i = 0; i < VISITS; i++) {
		struct libiommufd_bind_opts opts = {.size = sizeof(opts),
						    .ioas = i % 2 ? b->ioas : NULL};
		struct libiommufd_device *dev = NULL;
		bool private = true;
		uint16_t id;

		note(t->crowd, libiommufd_device_open(b->ctx, name, NULL, &dev));
		note(t->crowd, libiommufd_device_bind(dev, &opts));
		note(t->crowd, libiommufd_device_attach(dev, b->ioas));
		note(t->crowd, libiommufd_device_query_private(dev, &private));
		note(t->crowd, private ? -EIO : 0);
		note(t->crowd, libiommufd_device_config_read16(dev, 0, &id));
		note(t->crowd, libiommufd_device_close(dev, 0));
	}
	return NULL;
}

/* On type1 all are in one container, which has what is mapped once. Its first group stays and does DMA. */
static void groups_come_and_go_while_others_map_and_one_does_dma(void **state)
{
	struct bench *b = *state;
	struct crowd crowd = {.b = b, .other = b->ioas};
	struct thread threads[MAPPERS + COMERS];
	uint8_t *shared = bench_memory(PAGE);
	uint64_t left = 0;

	crowd.memory = bench_memory((MAPPERS + COMERS) * 4 * PAGE);
	bench_bind_with(b, 0, 0, b->ioas);
	bench_use(b, 0);
	assert_ok(libiommufd_device_attach(b->devices[0], b->ioas));
	assert_ok(libiommufd_ioas_map_at(b->ioas, shared, PAGE, BOTH, SHARED));
	for (unsigned i = 0; i < MAPPERS + COMERS; i++) {
		threads[i] = (struct thread){.crowd = &crowd, .number = i};
		assert_int_equal(pthread_create(&threads[i].id, NULL, i < MAPPERS ? mapper : comer,
						&threads[i]),
				 0);
	}
	for (int i = 0; i < 4; i++)
		assert_true(dma_works(b, 0, SHARED, shared));
	for (unsigned i = 0; i < MAPPERS + COMERS; i++)
		pthread_join(threads[i].id, NULL);
	assert_int_equal(crowd.failed, 0);
	assert_int_equal(crowd.done, MAPPERS * 2 * ROUNDS + COMERS * 7 * VISITS);

	assert_true(dma_works(b, 0, SHARED, shared));
	assert_ok(libiommufd_device_detach(b->devices[0]));
	assert_ok(libiommufd_ioas_unmap_all(b->ioas, &left));
	assert_int_equal(left, 2 * PAGE);
}

/* ---- Processes ---- */

enum {
	RACES = 200,
};

/* Opens and binds once told to; says whether it got the device, and keeps it until told to end. */
static void race(int start, int say, int end)
{
	struct libiommufd_ctx *ctx;
	struct libiommufd_device *dev = NULL;
	char c = 'E';

	signal(SIGPIPE, SIG_IGN);
	if (libiommufd_ctx_open(NULL, &ctx) < 0 || read(start, &c, 1) != 1)
		_exit(2);
	int r = libiommufd_device_open(ctx, bench_name("EDU0"), NULL, &dev);
	if (r == 0)
		r = libiommufd_device_bind(dev, NULL);
	/* Lost by any other error than that the other one has it is no race. */
	if (r == 0)
		c = 'W';
	else if (libiommufd_last_error()->reason == LIBIOMMUFD_REASON_GROUP_BUSY ||
		 libiommufd_last_error()->reason == LIBIOMMUFD_REASON_ALREADY_BOUND)
		c = 'L';
	else
		c = 'E';
	if (c == 'E')
		fprintf(stderr, "%s\n", libiommufd_last_error()->text);
	if (write(say, &c, 1) != 1 || read(end, &c, 1) != 0)
		_exit(2);
	libiommufd_device_close(dev, 0);
	libiommufd_ctx_unref(ctx);
	_exit(0);
}

static void of_two_processes_just_one_gets_the_device(void **state)
{
	unsigned won[2] = {0};
	(void)state;

	for (int i = 0; i < RACES; i++) {
		int start[2], say[2], end[2], status;
		pid_t racers[2];
		char word[2] = {0};

		assert_int_equal(pipe(start) | pipe(end), 0);
		int answers[2];
		for (int n = 0; n < 2; n++) {
			assert_int_equal(pipe(say), 0);
			racers[n] = fork();
			assert_true(racers[n] >= 0);
			if (!racers[n]) {
				close(end[1]);
				race(start[0], say[1], end[0]);
			}
			close(say[1]);
			answers[n] = say[0];
		}
		assert_int_equal(write(start[1], "gg", 2), 2);
		for (int n = 0; n < 2; n++)
			assert_int_equal(read(answers[n], &word[n], 1), 1);
		/* Both have spoken while the winner still has it. */
		assert_true((word[0] == 'W' && word[1] == 'L') ||
			    (word[0] == 'L' && word[1] == 'W'));
		won[word[1] == 'W']++;
		close(end[1]);
		for (int n = 0; n < 2; n++) {
			assert_int_equal(waitpid(racers[n], &status, 0), racers[n]);
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
			close(answers[n]);
		}
		close(start[0]);
		close(start[1]);
		close(end[0]);
	}
	print_message("won %u : %u\n", won[0], won[1]);
	assert_int_equal(won[0] + won[1], RACES);
}

enum {
	KILLS = 30,
	LIVES = 3, /* devices, and address spaces */
	PIECES = 32,
};

/* Binds, attaches, moves, maps, detaches and closes three devices until it is killed. */
static void live_until_killed(unsigned seed)
{
	struct libiommufd_ioas *spaces[LIVES];
	uint8_t *memory = bench_memory(4 * MIB);
	struct libiommufd_ctx *ctx;
	bool good = libiommufd_ctx_open(NULL, &ctx) == 0;

	for (int i = 0; good && i < LIVES; i++) {
		good = libiommufd_ioas_create(ctx, NULL, &spaces[i]) == 0;
		for (unsigned n = 0; good && n < PIECES; n++)
			good = libiommufd_ioas_map_at(spaces[i], memory + n * 65536, 65536, BOTH,
						      0x1000000 + n * 0x20000ULL) == 0;
	}
	while (good) {
		struct libiommufd_device *devices[LIVES] = {0};
		uint64_t iova;
		for (int i = 0; good && i < LIVES; i++) {
			char variable[8];
			snprintf(variable, sizeof(variable), "EDU%d", i);
			good = libiommufd_device_open(ctx, bench_name(variable), NULL,
						      &devices[i]) == 0 &&
			       libiommufd_device_bind(devices[i], NULL) == 0;
		}
		for (int n = 0; good && n < 20; n++) {
			int i = rand_r(&seed) / 7 % LIVES, how = rand_r(&seed) / 7 % 4;
			/* What the others in a container forbid is forbidden. */
			if (how == 0)
				libiommufd_device_detach(devices[i]);
			else if (how == 1)
				good = libiommufd_ioas_map(spaces[i], memory, MIB, BOTH, &iova) ==
					       0 &&
				       libiommufd_ioas_unmap(spaces[i], iova, MIB, NULL) == 0;
			else
				libiommufd_device_attach(devices[i],
							 spaces[rand_r(&seed) / 7 % LIVES]);
		}
		for (int i = 0; i < LIVES; i++)
			libiommufd_device_close(devices[i], 0);
	}
	fprintf(stderr, "%s\n", libiommufd_last_error()->text);
	_exit(1);
}

static void whoever_is_killed_leaves_nothing_behind_at_any_moment(void **state)
{
	struct bench *b = *state;
	long pins = bench_pins();
	unsigned seed = 1;
	int status;

	for (unsigned i = 0; i < KILLS; i++) {
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (!pid)
			live_until_killed(i);
		usleep(20000 + (unsigned)rand_r(&seed) / 7 % 150000);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(bench_pins(), pins);
		for (int n = 0; n < 2; n++) {
			bench_bind(b, n);
			assert_state(b->devices[n], BOUND, NOTHING, NULL);
			bench_close(b, n);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(eight_threads_on_one_context_do_not_disturb_each_other, bench_setup_two),
		bench_test(groups_come_and_go_while_others_map_and_one_does_dma, bench_setup),
		cmocka_unit_test(of_two_processes_just_one_gets_the_device),
		bench_test(whoever_is_killed_leaves_nothing_behind_at_any_moment, bench_setup),
	};

	bench_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
