/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Eight threads on three groups and two address spaces: four drive a device each, two of them in one group,
 * through all that a device can go through; four map. From time to time all stop, and what the library
 * says must be what the hardware does. ThreadSanitizer sees the rest.
 */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	MAPPERS = 4,
	ROUNDS = 60,
	STEPS = 40
};

struct tally {
	unsigned attached, elsewhere, attach_shared, detached, detach_shared, private, shared;
};

struct worker {
	pthread_t thread;
	struct world *w;
	pthread_barrier_t *barrier;
	int number;
	unsigned seed;
	unsigned failures;
	struct tally tally;
};

static const uint32_t both = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE;

static void expect(struct worker *worker, bool ok, const char *what)
{
	if (ok)
		return;
	worker->failures++;
	fprintf(stderr, "thread %d: %s: %s\n", worker->number, what, libiommufd_last_error()->text);
}

static unsigned pick(struct worker *worker, unsigned of)
{
	return (unsigned)rand_r(&worker->seed) % of;
}

static bool failed_for(int result, int error, uint32_t reason)
{
	return result == error && libiommufd_last_error()->reason == reason;
}

/* ---- Devices ---- */

/*
 * With an address space to join, which may go at once; alone; or just so. The second function is mostly
 * idle and thus not opened, so that its group changes containers with the first one's comings and goings.
 */
static bool is_idle(const struct worker *worker)
{
	return worker->number == DEV1;
}

static void come(struct worker *worker)
{
	struct world *w = worker->w;
	struct libiommufd_bind_opts opts = {.size = sizeof(opts)};
	struct libiommufd_device *dev = NULL;
	struct libiommufd_ioas *brief = NULL;

	expect(worker,
	       libiommufd_device_open(w->ctx, world_address(worker->number), NULL, &dev) == 0,
	       "open");
	switch (is_idle(worker) ? 5 : pick(worker, 6)) {
	case 0:
	case 1:
		opts.ioas = w->spaces[pick(worker, SPACES)];
		break;
	case 2:
		opts.flags = LIBIOMMUFD_BIND_PRIVATE;
		break;
	case 3:
		expect(worker, libiommufd_ioas_create(w->ctx, NULL, &brief) == 0, "ioas_create");
		opts.ioas = brief;
		break;
	default:
		break;
	}
	int r = libiommufd_device_bind(dev, &opts);
	if (r < 0 && opts.flags) {
		/* The other function of the group may share a container, with its device open. */
		expect(worker,
		       r == -EBUSY && libiommufd_last_error()->reason ==
					      LIBIOMMUFD_REASON_CONTAINER_SHARED,
		       "bind alone");
		opts.flags = 0;
		r = libiommufd_device_bind(dev, &opts);
	}
	expect(worker, r == 0, "bind");
	expect(worker, libiommufd_ioas_destroy(brief) == 0, "ioas_destroy");
	w->devices[worker->number] = dev;
}

static void attach(struct worker *worker)
{
	struct world *w = worker->w;
	struct libiommufd_device *dev = w->devices[worker->number];

	int r = libiommufd_device_attach(dev, w->spaces[pick(worker, SPACES)]);
	worker->tally.attached += r == 0;
	worker->tally.elsewhere += r == -EINVAL;
	worker->tally.attach_shared += r == -EBUSY;
	expect(worker,
	       r == 0 || failed_for(r, -EINVAL, LIBIOMMUFD_REASON_GROUP_ATTACHED) ||
		       failed_for(r, -EBUSY, LIBIOMMUFD_REASON_CONTAINER_SHARED),
	       "attach");
	/* Only the group's other device could have moved it since, and not away from all. */
	if (r == 0) {
		struct libiommufd_ioas *ioas = NULL;
		enum libiommufd_reach reach;
		bool private = false;
		libiommufd_device_query_reach(dev, &reach, &ioas);
		libiommufd_device_query_private(dev, &private);
		worker->tally.private += private;
		worker->tally.shared += !private;
		expect(worker,
		       reach == LIBIOMMUFD_REACH_IOAS &&
			       (ioas == w->spaces[X] || ioas == w->spaces[Y]),
		       "reach after attach");
	}
}

static void detach(struct worker *worker)
{
	struct libiommufd_device *dev = worker->w->devices[worker->number];
	bool was = libiommufd_device_get_state(dev) == LIBIOMMUFD_DEVICE_ATTACHED;

	int r = libiommufd_device_detach(dev);
	worker->tally.detached += was && r == 0;
	worker->tally.detach_shared += r == -EBUSY;
	expect(worker, r == 0 || failed_for(r, -EBUSY, LIBIOMMUFD_REASON_CONTAINER_SHARED),
	       "detach");
	expect(worker, (libiommufd_device_get_state(dev) == LIBIOMMUFD_DEVICE_ATTACHED) == (r < 0),
	       "state after detach");
}

static void use(struct worker *worker)
{
	uint16_t vendor = 0;

	expect(worker,
	       libiommufd_device_config_read16(worker->w->devices[worker->number], 0, &vendor) == 0,
	       "config_read16");
	expect(worker, vendor == 0x1234 || vendor == 0x1b36, "reading the vendor");
}

static void leave(struct worker *worker)
{
	expect(worker, libiommufd_device_close(worker->w->devices[worker->number], 0) == 0,
	       "close");
	worker->w->devices[worker->number] = NULL;
}

static void *drive(void *data)
{
	struct worker *worker = data;

	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(worker->barrier);
		for (int step = 0; step < STEPS; step++) {
			bool there = worker->w->devices[worker->number];
			if (pick(worker, 4) && (is_idle(worker) || !there)) {
				sched_yield();
				continue;
			}
			if (!there)
				come(worker);
			if (is_idle(worker) && !there)
				continue;
			switch (pick(worker, 8)) {
			case 0:
			case 1:
			case 2:
				attach(worker);
				break;
			case 3:
			case 4:
				detach(worker);
				break;
			case 5:
				use(worker);
				break;
			case 6:
				leave(worker);
				break;
			default:
				break;
			}
		}
		pthread_barrier_wait(worker->barrier);
	}
	return NULL;
}

/* ---- Memory ---- */

static void *map(void *data)
{
	struct worker *worker = data;
	struct world *w = worker->w;
	struct libiommufd_ioas *from = w->spaces[worker->number % SPACES];
	struct libiommufd_ioas *to = w->spaces[(worker->number + 1) % SPACES];
	uint64_t window = 0x10000000ULL * (unsigned)(worker->number + 1), bytes;

	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(worker->barrier);
		for (int step = 0; step < STEPS; step++) {
			struct libiommufd_ranges *ranges = NULL;
			uint64_t copied = 0;
			expect(worker,
			       libiommufd_ioas_map_at(from, w->memory, 2 * PAGE, both, window) == 0,
			       "map_at");
			expect(worker,
			       libiommufd_ioas_copy(to, from, window, PAGE, both, &copied) == 0,
			       "copy");
			expect(worker, libiommufd_ioas_query_ranges(to, &ranges) == 0,
			       "query_ranges");
			libiommufd_ranges_free(ranges);
			expect(worker, libiommufd_ioas_unmap(to, copied, PAGE, &bytes) == 0,
			       "unmap copy");
			expect(worker,
			       libiommufd_ioas_unmap(from, window, 2 * PAGE, &bytes) == 0 &&
				       bytes == 2 * PAGE,
			       "unmap");
		}
		pthread_barrier_wait(worker->barrier);
	}
	return NULL;
}

/* ---- All together ---- */

static void add(struct tally *sum, const struct tally *tally)
{
	sum->attached += tally->attached;
	sum->elsewhere += tally->elsewhere;
	sum->attach_shared += tally->attach_shared;
	sum->detached += tally->detached;
	sum->detach_shared += tally->detach_shared;
	sum->private += tally->private;
	sum->shared += tally->shared;
}

static void groups_come_share_and_go_in_parallel(void **state)
{
	struct worker workers[DEVICES + MAPPERS];
	const char *wrong = NULL;
	pthread_barrier_t barrier;
	unsigned failures = 0;
	struct tally sum = {0};
	struct world w;
	(void)state;

	world_init(&w, LIBIOMMUFD_BACKEND_TYPE1, NULL);
	world_ctx(&w);
	world_space(&w, X);
	world_space(&w, Y);
	pthread_barrier_init(&barrier, NULL, DEVICES + MAPPERS + 1);
	for (int i = 0; i < DEVICES + MAPPERS; i++) {
		workers[i] = (struct worker){.w = &w,
					     .barrier = &barrier,
					     .number = i,
					     .seed = (unsigned)i + 1};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, i < DEVICES ? drive : map,
						&workers[i]),
				 0);
	}
	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
		/* The next round waits for this thread. */
		wrong = wrong ? wrong : world_contradiction(&w);
	}
	for (int i = 0; i < DEVICES + MAPPERS; i++) {
		pthread_join(workers[i].thread, NULL);
		failures += workers[i].failures;
		add(&sum, &workers[i].tally);
	}
	pthread_barrier_destroy(&barrier);
	assert_int_equal(failures, 0);
	assert_null(wrong);
	printf("attach: %u done, %u elsewhere, %u shared; detach: %u done, %u shared; %u private, "
	       "%u "
	       "not\n",
	       sum.attached, sum.elsewhere, sum.attach_shared, sum.detached, sum.detach_shared,
	       sum.private, sum.shared);
	/* Everything that can come out did. */
	assert_true(sum.attached && sum.elsewhere && sum.attach_shared && sum.detached &&
		    sum.detach_shared && sum.private && sum.shared);
	for (int i = 0; i < DEVICES; i++) {
		assert_int_equal(libiommufd_device_close(w.devices[i], 0), 0);
		w.devices[i] = NULL;
	}
	assert_int_equal(fake_counts(w.fake).mappings, 0);
	assert_int_equal(fake_counts(w.fake).containers, 0);
	assert_true(world_fini(&w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_come_share_and_go_in_parallel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
