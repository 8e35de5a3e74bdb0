/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * No lock spans two devices: while the kernel takes its time over any one system call of a device, 23
 * others of the same context, each in a group of its own, live their whole lives, and a device of the same
 * group can be opened.
 *
 * What is shared is an address space, and the kernel's calls that change one are made under its lock: who
 * attaches to the space that the slow one attaches to waits for it. So the slow one has a space of its own
 * where it does that, and otherwise none or the one that all share.
 */
#include "fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctx.h"

enum {
	CROWD = 24,   /* the first one is slow */
	PEER = CROWD, /* one more, in the group of the first */
	PAGE = 4096,
	PATIENCE = 20, /* seconds, for what takes milliseconds */
	BOTH = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE,
};

#define PROBE 0x100000ULL

struct crowd {
	struct fake *fake;
	struct libiommufd_ctx *ctx;
	struct libiommufd_ioas *shared, *own, *other; /* the two are the slow one's */
	struct libiommufd_device *slow, *peer;
};

/* One page for each of the crowd, and one for each of the three spaces. */
static _Alignas(PAGE) char memory[CROWD + 3][PAGE];
static char addresses[CROWD + 1][16];

/* A thread, and where it is. */
struct member {
	struct crowd *crowd;
	unsigned number;
	pthread_t thread;
	_Atomic(const char *) step;
	unsigned failures;
	int (*act)(struct crowd *crowd);
};

/* ---- The lives of the others ---- */

static bool goes_well(struct member *m, const char *step, int r)
{
	if (r >= 0)
		return true;
	m->failures++;
	fprintf(stderr, "%s: %s: %s\n", addresses[m->number], step, libiommufd_last_error()->text);
	return false;
}

/* In the middle of a step a thread can be found to be stuck. */
#define does(m, call) (atomic_store(&(m)->step, #call), goes_well(m, #call, call))

static int reaches(const struct member *m, const void *page)
{
	struct fake_dma dma = fake_dma(m->crowd->fake, addresses[m->number], PROBE, true);
	return dma.reach == FAKE_REACHES && dma.va == page ? 0 : -1;
}

static void use(struct member *m, struct libiommufd_device *dev, struct libiommufd_ioas *own)
{
	struct crowd *c = m->crowd;
	struct libiommufd_region *bar;
	enum libiommufd_reach reach;
	uint32_t value;

	if (!does(m, libiommufd_device_bind(dev, NULL)))
		return;
	if (does(m, libiommufd_ioas_map_at(own, memory[m->number], PAGE, BOTH, PROBE)) &&
	    does(m, libiommufd_device_attach(dev, own)))
		does(m, reaches(m, memory[m->number]));
	if (does(m, libiommufd_device_attach(dev, c->shared)))
		does(m, reaches(m, memory[CROWD]));
	if (does(m, libiommufd_device_query_region(dev, 0, &bar)))
		does(m, libiommufd_region_read(bar, 0, &value, sizeof(value)));
	does(m, libiommufd_device_config_read32(dev, 0, &value));
	does(m, libiommufd_device_set_bus_master(dev, true));
	does(m, libiommufd_device_reset(dev));
	does(m, libiommufd_device_query_reach(dev, &reach, NULL));
	does(m, libiommufd_device_detach(dev));
}

static void *live(void *data)
{
	struct member *m = data;
	struct libiommufd_device *dev = NULL;
	struct libiommufd_ioas *own = NULL;

	if (does(m, libiommufd_ioas_create(m->crowd->ctx, NULL, &own)) &&
	    does(m, libiommufd_device_open(m->crowd->ctx, addresses[m->number], NULL, &dev)))
		use(m, dev, own);
	does(m, libiommufd_device_close(dev, 0));
	does(m, libiommufd_ioas_destroy(own));
	return NULL;
}

/* Of a device in the same group only this is nobody else's affair. */
static void *only_open(void *data)
{
	struct member *m = data;

	does(m, libiommufd_device_open(m->crowd->ctx, addresses[PEER], NULL, &m->crowd->peer));
	return NULL;
}

/* ---- What the slow one does ---- */

static void must(int r)
{
	if (r < 0)
		fail_msg("%s", libiommufd_last_error()->text);
}

static void nothing(struct crowd *c)
{
	(void)c;
}

static void opened(struct crowd *c)
{
	must(libiommufd_device_open(c->ctx, addresses[0], NULL, &c->slow));
}

static void bound(struct crowd *c)
{
	opened(c);
	must(libiommufd_device_bind(c->slow, NULL));
}

static void attached(struct crowd *c)
{
	bound(c);
	must(libiommufd_device_attach(c->slow, c->own));
}

static void attached_to_shared(struct crowd *c)
{
	bound(c);
	must(libiommufd_device_attach(c->slow, c->shared));
}

static int act_open(struct crowd *c)
{
	return libiommufd_device_open(c->ctx, addresses[0], NULL, &c->slow);
}

static int act_bind(struct crowd *c)
{
	return libiommufd_device_bind(c->slow, NULL);
}

static int act_bind_hint(struct crowd *c)
{
	struct libiommufd_bind_opts opts = {.size = sizeof(opts), .ioas = c->own};
	return libiommufd_device_bind(c->slow, &opts);
}

static int act_attach(struct crowd *c)
{
	return libiommufd_device_attach(c->slow, c->own);
}

static int act_move(struct crowd *c)
{
	return libiommufd_device_attach(c->slow, c->other);
}

static int act_map(struct crowd *c)
{
	uint64_t iova;
	return libiommufd_ioas_map(c->own, memory[0], PAGE, BOTH, &iova);
}

static int act_detach(struct crowd *c)
{
	return libiommufd_device_detach(c->slow);
}

static int act_reset(struct crowd *c)
{
	return libiommufd_device_reset(c->slow);
}

static int act_region(struct crowd *c)
{
	struct libiommufd_region *bar;
	return libiommufd_device_query_region(c->slow, 0, &bar);
}

static int act_bus_master(struct crowd *c)
{
	return libiommufd_device_set_bus_master(c->slow, true);
}

static int act_interrupt(struct crowd *c)
{
	return libiommufd_device_set_irqs(c->slow, LIBIOMMUFD_PCI_INTX, 0, (int[]){-1}, 1);
}

static int act_sleep(struct crowd *c)
{
	return libiommufd_device_enter_low_power(c->slow, -1);
}

static int act_close(struct crowd *c)
{
	int r = libiommufd_device_close(c->slow, 0);
	if (r == 0)
		c->slow = NULL;
	return r;
}

static const struct {
	const char *name;
	void (*arrange)(struct crowd *crowd);
	int (*act)(struct crowd *crowd);
	bool native_only; /* on type1 it changes what the shared address space maps */
} acts[] = {
	{"open", nothing, act_open, false},
	{"bind", opened, act_bind, false},
	{"bind for a space", opened, act_bind_hint, false},
	{"attach", bound, act_attach, false},
	{"move", attached, act_move, false},
	{"map", attached, act_map, false},
	{"detach", attached, act_detach, false},
	{"reset", attached_to_shared, act_reset, false},
	{"query_region", attached_to_shared, act_region, false},
	{"set_bus_master", bound, act_bus_master, false},
	{"set_irqs", attached_to_shared, act_interrupt, false},
	{"enter_low_power", bound, act_sleep, false},
	{"close opened", opened, act_close, false},
	{"close bound", bound, act_close, false},
	{"close attached", attached, act_close, false},
	{"close attached to the shared space", attached_to_shared, act_close, true},
};

/* ---- The crowd ---- */

static struct libiommufd_ioas *new_space(struct crowd *c, void *page)
{
	struct libiommufd_ioas *ioas;

	must(libiommufd_ioas_create(c->ctx, NULL, &ioas));
	must(libiommufd_ioas_map_at(ioas, page, PAGE, BOTH, PROBE));
	return ioas;
}

static void gather(struct crowd *c, uint32_t backend)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts), .backend = backend};
	struct fake_config config = {.device_count = CROWD + 1};

	for (unsigned i = 0; i <= PEER; i++) {
		snprintf(addresses[i], sizeof(addresses[i]), "0000:%02x:00.0", 0x20 + i);
		config.devices[i] = (struct fake_device_config){
			.address = addresses[i],
			.group = i == PEER ? 100 : (int)(100 + i),
			.driver = "vfio-pci",
			.bar = {PAGE},
			.msix_bar = -1,
		};
	}
	*c = (struct crowd){.fake = fake_new(&config)};
	must(ctx_open(fake_sys(c->fake), &opts, &c->ctx));
	c->shared = new_space(c, memory[CROWD]);
	c->own = new_space(c, memory[CROWD + 1]);
	c->other = new_space(c, memory[CROWD + 2]);
}

static void disperse(struct crowd *c)
{
	must(libiommufd_device_close(c->slow, LIBIOMMUFD_CLOSE_FORCE));
	must(libiommufd_device_close(c->peer, 0));
	must(libiommufd_ioas_destroy(c->shared));
	must(libiommufd_ioas_destroy(c->own));
	must(libiommufd_ioas_destroy(c->other));
	libiommufd_ctx_unref(c->ctx);
	struct fake_counts counts = fake_counts(c->fake);
	assert_int_equal(counts.fds + counts.objects + counts.containers + counts.own_maps, 0);
	fake_free(c->fake);
}

static void *be_slow(void *data)
{
	struct member *m = data;

	fake_hold_begin();
	goes_well(m, "act", m->act(m->crowd));
	fake_hold_end(m->crowd->fake);
	return NULL;
}

/* All others live; how many are not done in time. */
static unsigned let_others_live(struct member *members)
{
	struct timespec deadline;
	unsigned stuck = 0;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += PATIENCE;
	for (unsigned i = 1; i <= PEER; i++)
		assert_int_equal(pthread_create(&members[i].thread, NULL,
						i == PEER ? only_open : live, &members[i]),
				 0);
	for (unsigned i = 1; i <= PEER; i++) {
		if (!pthread_timedjoin_np(members[i].thread, NULL, &deadline))
			continue;
		stuck++;
		fprintf(stderr, "%s waits in %s\n", addresses[i], atomic_load(&members[i].step));
		/* The rest has had its time, too. */
		deadline.tv_sec = 0;
	}
	return stuck;
}

/* False if the act has no nth call. */
static bool stand_at(uint32_t backend, size_t act, unsigned nth)
{
	struct member members[CROWD + 1];
	unsigned failures = 0, stuck = 0;
	struct crowd c;

	gather(&c, backend);
	acts[act].arrange(&c);
	for (unsigned i = 0; i <= PEER; i++) {
		members[i] = (struct member){.crowd = &c, .number = i, .act = acts[act].act};
		atomic_init(&members[i].step, "its beginning");
	}
	fake_hold(c.fake, nth);
	assert_int_equal(pthread_create(&members[0].thread, NULL, be_slow, &members[0]), 0);
	bool held = fake_await_held(c.fake);
	if (held)
		stuck = let_others_live(members);
	if (stuck) {
		/* Who is stuck cannot be told to end. */
		fprintf(stderr, "while %s stands at %s\n", acts[act].name, fake_held_name(c.fake));
		exit(1);
	}
	fake_let_go(c.fake);
	pthread_join(members[0].thread, NULL);
	for (unsigned i = 0; i <= PEER; i++)
		failures += members[i].failures;
	assert_int_equal(failures, 0);
	disperse(&c);
	return held;
}

static void nobody_waits(uint32_t backend)
{
	unsigned calls = 0;

	for (size_t act = 0; act < sizeof(acts) / sizeof(acts[0]); act++) {
		unsigned nth = 1;
		if (acts[act].native_only && backend != LIBIOMMUFD_BACKEND_NATIVE)
			continue;
		while (stand_at(backend, act, nth))
			nth++;
		calls += nth - 1;
	}
	print_message("%u calls that took their time\n", calls);
	assert_true(calls > 20);
}

static void no_device_waits_for_another_native(void **state)
{
	(void)state;
	nobody_waits(LIBIOMMUFD_BACKEND_NATIVE);
}

static void no_device_waits_for_another_type1(void **state)
{
	(void)state;
	nobody_waits(LIBIOMMUFD_BACKEND_TYPE1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_device_waits_for_another_native),
		cmocka_unit_test(no_device_waits_for_another_type1),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
