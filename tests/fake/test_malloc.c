/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every allocation of every flow fails once. The public call says so, changes nothing, and works when
 * tried again. The program is linked with --wrap for malloc, calloc and realloc.
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

static void expect_same(const struct flow *flow, struct world *w, const char *what,
			const char *expected)
{
	char *now = world_observe(w);

	if (strcmp(now, expected))
		sweep_complain(flow, w->backend, what, -ENOMEM, "expected:\n%s--- found:\n%s",
			       expected, now);
	free(now);
}

/*
 * A group that leaves type1's address space must not be kept for want of memory: the ranges of those
 * who stay are then narrower than they could be. Reach and DMA must be what they should.
 */
static bool is_lived_with(const struct flow *flow, uint32_t backend, unsigned nth)
{
	static const struct {
		const char *flow;
		unsigned nth;
	} known[] = {{"move_from_second_group", 2}, {"detach_from_second_group", 1}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (backend == LIBIOMMUFD_BACKEND_TYPE1 && !strcmp(flow->name, known[i].flow) &&
		    nth == known[i].nth)
			return true;
	return false;
}

static void try_failure(const struct flow *flow, uint32_t backend, unsigned nth, const char *out,
			const char *after)
{
	struct world w;
	char what[40];

	snprintf(what, sizeof(what), "allocation %u", nth);
	sweep_begin(flow, backend, &w);
	char *before = world_observe(&w);
	int r = act(flow, &w, nth);
	if (is_lived_with(flow, backend, nth)) {
		if (r != flow->result || strcmp(w.out, out))
			sweep_complain(flow, backend, what, -ENOMEM, "does not do");
		if (world_contradiction(&w))
			sweep_complain(flow, backend, what, r, "%s", world_contradiction(&w));
	} else if (r != -ENOMEM) {
		sweep_complain(flow, backend, what, -ENOMEM, "gives %d", r);
	} else {
		const char *wrong = sweep_check_record(flow, r);
		if (wrong)
			sweep_complain(flow, backend, what, r, "%s", wrong);
		if (libiommufd_last_error()->reason != LIBIOMMUFD_REASON_MEMORY)
			sweep_complain(flow, backend, what, r, "another reason");
		expect_same(flow, &w, what, before);
		if (act(flow, &w, 0) != flow->result || strcmp(w.out, out))
			sweep_complain(flow, backend, what, r, "a retry does not do");
		expect_same(flow, &w, what, after);
		if (world_contradiction(&w))
			sweep_complain(flow, backend, what, r, "%s", world_contradiction(&w));
	}
	free(before);
	sweep_end(flow, &w, what, -ENOMEM);
	trials++;
}

static void sweep(const struct flow *flow, uint32_t backend)
{
	char out[sizeof(((struct world *)0)->out)];
	struct world w;

	sweep_begin(flow, backend, &w);
	if (act(flow, &w, 0) != flow->result)
		sweep_complain(flow, backend, "nothing", 0, "does not do");
	unsigned count = allocations;
	memcpy(out, w.out, sizeof(out));
	char *after = world_observe(&w);
	sweep_end(flow, &w, "nothing", 0);
	for (unsigned nth = 1; nth <= count; nth++)
		try_failure(flow, backend, nth, out, after);
	free(after);
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
