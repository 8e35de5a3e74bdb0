/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * While one of three groups is attached, detached or moved a call fails, and on the way back another one, of
 * whatever kind: everything is as it was, or the failure says that it is not, and what the library says of
 * each device is what its container holds.
 */
#include "constellations.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLS 256

static unsigned trials, restored, told, complaints;

struct trial {
	const struct step *step;
	unsigned first;  /* the number of the call that fails */
	char second[96]; /* and the name of the other one */
	unsigned nth;    /* of that name */
	bool once;       /* or all from there on */
	struct world w;
};

static void complain(const struct trial *trial, const char *what)
{
	complaints++;
	fprintf(stderr, "%s: call %u, and %s #%u%s: %s; last error: %s\n", trial->step->name,
		trial->first, trial->second, trial->nth, trial->once ? " once" : "", what,
		libiommufd_last_error()->text);
}

/* ---- Looking ---- */

/* How many of the mappings of a space a container holds; -1: something else. */
static int holds(struct world *w, int device, int space)
{
	struct fake_mapping found[2 * MAPPINGS], wanted[MAPPINGS];
	unsigned at = 0;

	unsigned n = fake_mappings(w->fake, world_address(device), found, 2 * MAPPINGS);
	if (space < 0)
		return n ? -1 : 0;
	expected_mappings(w, space, wanted);
	for (unsigned i = 0; i < n; i++) {
		while (at < MAPPINGS && wanted[at].first != found[i].first)
			at++;
		if (at == MAPPINGS || found[i].last != wanted[at].last ||
		    found[i].access != wanted[at].access || found[i].va != wanted[at].va)
			return -1;
	}
	return (int)n;
}

/* Is the group as wanted says, and does the library say so? */
static bool is_as(struct world *w, int device, const struct now *wanted)
{
	struct libiommufd_device *dev = w->devices[device];
	struct libiommufd_ioas *ioas = NULL;
	enum libiommufd_reach reach = LIBIOMMUFD_REACH_KERNEL;

	if (fake_groups_with(w->fake, world_address(device)) != wanted->with ||
	    holds(w, device, wanted->space) != (wanted->space < 0 ? 0 : MAPPINGS))
		return false;
	if (!dev)
		return true;
	libiommufd_device_query_reach(dev, &reach, &ioas);
	return reach == (wanted->space >= 0 ? LIBIOMMUFD_REACH_IOAS
			 : wanted->with     ? LIBIOMMUFD_REACH_NOTHING
					    : LIBIOMMUFD_REACH_KERNEL) &&
	       ioas == (wanted->space >= 0 ? w->spaces[wanted->space] : NULL) &&
	       (libiommufd_device_get_state(dev) == LIBIOMMUFD_DEVICE_ATTACHED) == wanted->attached;
}

static bool all_are_as(struct world *w, const struct now *wanted)
{
	for (int i = 0; i < GROUPS; i++)
		if (!is_as(w, devices_of_groups[i], &wanted[i]))
			return false;
	return true;
}

/* Does the library say of a group what is so? With torn it may have lost some of its mappings. */
static const char *lie_about(struct world *w, int device, bool torn)
{
	struct libiommufd_ioas *ioas = NULL;
	enum libiommufd_reach reach;

	libiommufd_device_query_reach(w->devices[device], &reach, &ioas);
	bool attached =
		libiommufd_device_get_state(w->devices[device]) == LIBIOMMUFD_DEVICE_ATTACHED;
	switch (reach) {
	case LIBIOMMUFD_REACH_IOAS: {
		int held = holds(w, device, ioas == w->spaces[Y]);
		return held < 0 || (held < MAPPINGS && !torn) ? "holds something else" : NULL;
	}
	case LIBIOMMUFD_REACH_NOTHING:
		return attached || holds(w, device, -1) < 0 ||
				       !fake_groups_with(w->fake, world_address(device))
			       ? "reaches something"
			       : NULL;
	case LIBIOMMUFD_REACH_KERNEL:
		return fake_groups_with(w->fake, world_address(device)) ? "is in a container"
									: NULL;
	default:
		return NULL;
	}
}

/* ---- Two failures ---- */

static void begin(struct trial *trial)
{
	world_init(&trial->w, LIBIOMMUFD_BACKEND_TYPE1, NULL);
	trial->step->arrange(&trial->w);
	fake_count_from_here(trial->w.fake, false);
	fake_fail(trial->w.fake, trial->first, -EIO, false);
}

static void check_failure(struct trial *trial, bool is_told)
{
	struct world *w = &trial->w;
	bool torn = strstr(libiommufd_last_error()->text, "some of its DMA faults");

	if (!is_told) {
		restored++;
		if (!all_are_as(w, trial->step->before))
			complain(trial, "not as it was, and not told");
		return;
	}
	told++;
	for (int i = 0; i < GROUPS; i++) {
		int device = devices_of_groups[i];
		const char *lie = w->devices[device] ? lie_about(w, device, torn) : NULL;
		if (lie)
			complain(trial, lie);
		/* No group pays for another one's failure. */
		if (i != trial->step->who && w->devices[device] &&
		    libiommufd_device_get_state(w->devices[device]) !=
			    (trial->step->before[i].attached ? LIBIOMMUFD_DEVICE_ATTACHED
							     : LIBIOMMUFD_DEVICE_BOUND))
			complain(trial, "another group is not in the state it had");
	}
}

static void try_one(struct trial *trial)
{
	const struct step *step = trial->step;
	struct world *w = &trial->w;

	begin(trial);
	if (trial->once)
		fake_refuse_once(w->fake, trial->second, trial->nth, -EBUSY);
	else
		fake_refuse(w->fake, trial->second, trial->nth, -EBUSY);
	int result = step->act(w);
	bool is_told =
		result < 0 && libiommufd_last_error()->reason == LIBIOMMUFD_REASON_RESTORE_FAILED;
	if (result < 0)
		check_failure(trial, is_told);
	else if (!all_are_as(w, step->after) && !all_are_as(w, step->alone))
		complain(trial, "done, and not as it should be");
	if (world_contradiction(w))
		complain(trial, world_contradiction(w));
	fake_fail(w->fake, 0, 0, false);
	fake_refuse(w->fake, NULL, 0, 0);
	if (result < 0 && (result = step->act(w)) < 0)
		complain(trial, "a retry fails");
	else if (result == 0 && is_told && lie_about(w, devices_of_groups[step->who], false))
		complain(trial, "a retry does not mend it");
	if (!world_fini(w))
		complain(trial, "something is left behind");
	trials++;
}

/* What the act calls once the first has failed. Returns how many. */
static unsigned calls_after(struct trial *trial, char (*names)[96])
{
	begin(trial);
	trial->step->act(&trial->w);
	unsigned calls = fake_call_count(trial->w.fake);
	for (unsigned i = 0; i < calls; i++)
		snprintf(names[i], 96, "%s", fake_call_name(trial->w.fake, i + 1));
	world_fini(&trial->w);
	return calls;
}

/* The number of a call among those of its name. */
static unsigned of_that_name(char (*names)[96], unsigned n)
{
	unsigned alike = 0;

	for (unsigned i = 0; i < n; i++)
		alike += !strcmp(names[i], names[n - 1]);
	return alike;
}

/* Of calls that are many and alike, the first ones and some others. */
static bool is_worth_it(char (*names)[96], unsigned n)
{
	unsigned alike = of_that_name(names, n);

	return alike < 4 || alike == MAPPINGS / 2 || alike % MAPPINGS < 2 || n % 17 == 0;
}

static void two_failures_leave_all_as_it_was_or_are_told(void **state)
{
	static char names[CALLS][96];
	(void)state;

	for (const struct step *step = steps; step->name; step++) {
		struct trial trial = {.step = step};
		unsigned calls = step->result < 0 ? 0 : calls_after(&trial, names);
		for (trial.first = 1; trial.first <= calls; trial.first++) {
			calls_after(&(struct trial){.step = step}, names);
			if (!is_worth_it(names, trial.first))
				continue;
			unsigned all = calls_after(&trial, names);
			assert_true(all <= CALLS);
			for (unsigned i = trial.first; i < all; i++) {
				if (!is_worth_it(names, i + 1))
					continue;
				strcpy(trial.second, names[i]);
				trial.nth = of_that_name(names, i + 1);
				for (int once = 0; once < 2; once++) {
					trial.once = once;
					try_one(&trial);
				}
			}
		}
	}
	printf("%u times two failures: %u restored all, %u are told\n", trials, restored, told);
	assert_true(restored > 100 && told > 100);
	assert_int_equal(complaints, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_failures_leave_all_as_it_was_or_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
