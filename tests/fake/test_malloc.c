/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every allocation of every flow fails once. The public call says so, changes nothing, and works when
 * tried again; or lives with it, where that is known. The program is linked with --wrap for malloc, calloc and realloc.
 */
#include "sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Allocation ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);

static bool counting;
static unsigned allocations, fail_at;

/* Is this the library's allocation, and the one to fail? */
static bool fails(void)
{
	return counting && !fake_is_inside() && ++allocations == fail_at;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

static int act(const struct flow *flow, struct world *w, unsigned nth)
{
	allocations = 0;
	fail_at = nth;
	counting = true;
	int r = flow->act(w);
	counting = false;
	return r;
}

/* ---- The sweep ---- */

static unsigned trials;

/*
 * Where an allocation that fails is lived with, and how often. A group that leaves must not be kept for
 * want of memory, and one that cannot join the others has a container of its own.
 */
static const struct {
	const char *flow;
	unsigned lives, falls_back, halfway;
} known[] = {
	{"move_from_second_group", 1, 0, 0},
	{"detach_from_second_group", 1, 0, 0},
	{"move_private", 1, 0, 0},
	{"detach_private", 1, 0, 0},
	{"close_private", 1, 0, 0},
	{"close_shared", 3, 0, 0},
	{"close_first_of_shared", 3, 0, 0},
	{"close_hinted", 3, 0, 0},
	{"share_bind", 0, 3, 0},
	{"share_bind_idle", 0, 2, 0},
	{"share_bind_old_kernel", 0, 5, 0},
	{"share_bind_peer", 0, 3, 0},
	{"share_bind_in_none", 0, 3, 0},
	{"share_attach", 0, 3, 0},
	{"share_attach_idle", 0, 2, 0},
	{"share_attach_in_none", 0, 3, 0},
	{"share_attach_left_alone", 0, 3, 0},
	{"share_attach_left_behind_other", 3, 3, 0},
	{"attach_left_behind_elsewhere", 3, 0, 0},
	{"bind_left_behind_elsewhere", 3, 0, 0},
	{"bind_left_behind_private", 3, 0, 0},
	/* The device is open by then. */
	{"first_region", 0, 0, 4},
	{"first_config_read", 0, 0, 2},
};

/* How an act ended, with the number of those that ended so. */
struct ends {
	unsigned lives, falls_back, halfway;
};

/* How the world looks after each of them. */
struct looks {
	char *before, *after, *fallback, *halfway;
};

static void check_failure(const struct flow *flow, struct world *w, const char *what, int r)
{
	const char *wrong = sweep_check_record(flow, r);

	if (r != -ENOMEM)
		sweep_complain(flow, w->backend, what, -ENOMEM, "gives %d", r);
	else if (wrong)
		sweep_complain(flow, w->backend, what, r, "%s", wrong);
	else if (libiommufd_last_error()->reason != LIBIOMMUFD_REASON_MEMORY)
		sweep_complain(flow, w->backend, what, r, "another reason");
}

static void expect_look(const struct flow *flow, struct world *w, const char *what,
			const char *expected)
{
	char *now = world_observe(w);

	if (strcmp(now, expected))
		sweep_complain(flow, w->backend, what, -ENOMEM, "expected:\n%s--- found:\n%s",
			       expected, now);
	if (world_contradiction(w))
		sweep_complain(flow, w->backend, what, -ENOMEM, "%s", world_contradiction(w));
	free(now);
}

static void try_failure(const struct flow *flow, uint32_t backend, unsigned nth, const char *out,
			const struct looks *looks, struct ends *ends)
{
	struct world w;
	char what[40];

	snprintf(what, sizeof(what), "allocation %u", nth);
	sweep_begin(flow, backend, &w);
	int r = act(flow, &w, nth);
	char *now = world_observe(&w);
	/* Some fail for want of memory anyway. */
	if (r == flow->result &&
	    (r >= 0 || libiommufd_last_error()->reason != LIBIOMMUFD_REASON_MEMORY)) {
		bool other = looks->fallback && !strcmp(now, looks->fallback);
		if (strcmp(w.out, out))
			sweep_complain(flow, backend, what, -ENOMEM, "gives \"%s\"", w.out);
		ends->falls_back += other;
		ends->lives += !other;
		expect_look(flow, &w, what, other ? looks->fallback : looks->after);
	} else {
		bool half = looks->halfway && !strcmp(now, looks->halfway);
		check_failure(flow, &w, what, r);
		ends->halfway += half;
		expect_look(flow, &w, what, half ? looks->halfway : looks->before);
		if (act(flow, &w, 0) != flow->result || strcmp(w.out, out))
			sweep_complain(flow, backend, what, r, "a retry does not do");
		expect_look(flow, &w, what, looks->after);
	}
	free(now);
	sweep_end(flow, &w, what, -ENOMEM);
	trials++;
}

static int nothing(struct world *w)
{
	(void)w;
	return 0;
}

static void expect_ends(const struct flow *flow, uint32_t backend, const struct ends *ends)
{
	struct ends wanted = {0};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (backend == LIBIOMMUFD_BACKEND_TYPE1 && !strcmp(flow->name, known[i].flow))
			wanted = (struct ends){known[i].lives, known[i].falls_back,
					       known[i].halfway};
	if (memcmp(&wanted, ends, sizeof(wanted)))
		sweep_complain(flow, backend, "allocations", 0,
			       "%u lived with, %u another way, %u half way; not %u, %u, %u",
			       ends->lives, ends->falls_back, ends->halfway, wanted.lives,
			       wanted.falls_back, wanted.halfway);
}

static void sweep(const struct flow *flow, uint32_t backend)
{
	char out[sizeof(((struct world *)0)->out)];
	struct ends ends = {0};
	struct looks looks;
	struct world w;

	sweep_begin(flow, backend, &w);
	if (act(flow, &w, 0) != flow->result)
		sweep_complain(flow, backend, "nothing", 0, "does not do");
	unsigned count = allocations;
	memcpy(out, w.out, sizeof(out));
	looks.after = world_observe(&w);
	sweep_end(flow, &w, "nothing", 0);
	looks.before = sweep_after(flow, backend, nothing);
	looks.fallback = flow->fallback ? sweep_after(flow, backend, flow->fallback) : NULL;
	looks.halfway = flow->halfway ? sweep_after(flow, backend, flow->halfway) : NULL;
	for (unsigned nth = 1; nth <= count; nth++)
		try_failure(flow, backend, nth, out, &looks, &ends);
	expect_ends(flow, backend, &ends);
	free(looks.before);
	free(looks.after);
	free(looks.fallback);
	free(looks.halfway);
}

static void every_failing_allocation_leaves_everything_as_it_was(void **state)
{
	(void)state;
	sweep_flows(sweep);
	printf("%u failures tried\n", trials);
	if (!getenv("FLOW"))
		assert_true(trials > 50);
	assert_int_equal(sweep_complaints(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_failing_allocation_leaves_everything_as_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
