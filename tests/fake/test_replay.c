/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whatever fails while one of three groups is attached, detached or moved, every container holds the
 * mappings that it held before, or the group's holds none and the library says so; and it works when tried
 * again.
 */
#include "constellations.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned trials, lost, complaints;

struct trial {
	const struct step *step;
	char call[96]; /* that was made to fail */
	int error;
	struct world w;
};

static void complain(const struct trial *trial, const char *what)
{
	complaints++;
	fprintf(stderr, "%s: %s -> %s: %s; last error: %s\n", trial->step->name, trial->call,
		strerrorname_np(-trial->error), what, libiommufd_last_error()->text);
}

/* ---- Looking ---- */

static bool holds(struct world *w, int device, int space)
{
	struct fake_mapping found[MAPPINGS], wanted[MAPPINGS];

	unsigned n = fake_mappings(w->fake, world_address(device), found, MAPPINGS);
	if (space < 0 || n != MAPPINGS)
		return space < 0 && n == 0;
	expected_mappings(w, space, wanted);
	for (unsigned i = 0; i < n; i++)
		if (found[i].first != wanted[i].first || found[i].last != wanted[i].last ||
		    found[i].access != wanted[i].access || found[i].va != wanted[i].va)
			return false;
	return true;
}

/* What the kernel has of a group, and what the library says of it. */
static const char *wrong_with_group(struct world *w, int device, const struct now *wanted)
{
	struct libiommufd_device *dev = w->devices[device];
	struct libiommufd_ioas *ioas = NULL;
	enum libiommufd_reach reach = LIBIOMMUFD_REACH_KERNEL;

	if (fake_groups_with(w->fake, world_address(device)) != wanted->with)
		return "a group is in the wrong container";
	if (!holds(w, device, wanted->space))
		return "a container does not hold just what it should";
	if (!dev)
		return NULL;
	libiommufd_device_query_reach(dev, &reach, &ioas);
	if (reach != (wanted->space >= 0 ? LIBIOMMUFD_REACH_IOAS
		      : wanted->with     ? LIBIOMMUFD_REACH_NOTHING
					 : LIBIOMMUFD_REACH_KERNEL) ||
	    ioas != (wanted->space >= 0 ? w->spaces[wanted->space] : NULL))
		return "query_reach says something else";
	if ((libiommufd_device_get_state(dev) == LIBIOMMUFD_DEVICE_ATTACHED) != wanted->attached)
		return "a device is in the wrong state";
	return NULL;
}

static void expect(struct trial *trial, const struct now *wanted, const char *when)
{
	char text[160];

	for (int i = 0; i < GROUPS; i++) {
		const char *wrong = wrong_with_group(&trial->w, devices_of_groups[i], &wanted[i]);
		if (!wrong)
			continue;
		snprintf(text, sizeof(text), "%s, group %c: %s", when, 'A' + i, wrong);
		complain(trial, text);
	}
	if (world_contradiction(&trial->w))
		complain(trial, world_contradiction(&trial->w));
}

/* ---- What is to come of a failure ---- */

static bool is(const struct trial *trial, const char *call)
{
	return !strncmp(trial->call, call, strlen(call));
}

/* A group that joins leaves its own container, and needs these to get into the other. */
static bool falls_back(const struct trial *trial)
{
	return trial->step->alone[0].with &&
	       (!strcmp(trial->call, "ioctl VFIO_GROUP_UNSET_CONTAINER") ||
		!strcmp(trial->call, "ioctl VFIO_GROUP_SET_CONTAINER") ||
		!strcmp(trial->call, "ioctl VFIO_IOMMU_GET_INFO"));
}

static uint32_t reason_of(const struct trial *trial)
{
	bool maps = is(trial, "ioctl VFIO_IOMMU_MAP_DMA");
	bool opens = is(trial, "ioctl VFIO_GROUP_GET_DEVICE_FD") || is(trial, "open /dev/vfio/");

	switch (trial->error) {
	case -ENOMEM:
		return LIBIOMMUFD_REASON_MEMORY;
	case -EFAULT:
		return maps ? LIBIOMMUFD_REASON_BAD_MEMORY : LIBIOMMUFD_REASON_KERNEL;
	case -ENOSPC:
		return maps ? LIBIOMMUFD_REASON_ENTRY_LIMIT : LIBIOMMUFD_REASON_KERNEL;
	case -EBUSY:
		return opens ? LIBIOMMUFD_REASON_GROUP_BUSY : LIBIOMMUFD_REASON_KERNEL;
	default:
		return LIBIOMMUFD_REASON_KERNEL;
	}
}

/* With everything failing from there on: can the group not be brought back to where it was? */
static bool is_lost(const struct trial *trial)
{
	if (trial->step->moves)
		return is(trial, "ioctl VFIO_IOMMU_MAP_DMA");
	return trial->step->joins && (is(trial, "ioctl VFIO_GROUP_SET_CONTAINER") ||
				      is(trial, "ioctl VFIO_IOMMU_GET_INFO") ||
				      is(trial, "ioctl VFIO_GROUP_GET_DEVICE_FD"));
}

/* ---- One failure ---- */

static void check_error(struct trial *trial, int result, uint32_t reason)
{
	const struct libiommufd_error *e = libiommufd_last_error();

	if (result != trial->error || e->error != result)
		complain(trial, "fails with another errno");
	else if (e->reason != reason)
		complain(trial, libiommufd_reason_name(e->reason));
}

static void retry(struct trial *trial)
{
	fake_fail(trial->w.fake, 0, 0, false);
	if (trial->step->act(&trial->w) != 0)
		complain(trial, "a retry fails");
	expect(trial, trial->step->after, "after the retry");
}

static void try_one(struct trial *trial, unsigned nth, bool sticky)
{
	const struct step *step = trial->step;
	struct now wanted[GROUPS];

	world_init(&trial->w, LIBIOMMUFD_BACKEND_TYPE1, NULL);
	step->arrange(&trial->w);
	fake_count_from_here(trial->w.fake, false);
	fake_fail(trial->w.fake, nth, trial->error, sticky);
	int result = step->act(&trial->w);
	if (!fake_failed(trial->w.fake))
		complain(trial, "the call did not come this time");
	memcpy(wanted, step->before, sizeof(wanted));
	if (!sticky && falls_back(trial)) {
		bool private = false;
		if (result != 0)
			complain(trial, "is not lived with");
		expect(trial, step->alone, "alone");
		libiommufd_device_query_private(trial->w.devices[devices_of_groups[step->who]],
						&private);
		if (private != step->alone[step->who].attached)
			complain(trial, "does not say that its group is private");
	} else if (sticky && is_lost(trial)) {
		lost++;
		check_error(trial, result, LIBIOMMUFD_REASON_RESTORE_FAILED);
		wanted[step->who].attached = false;
		wanted[step->who].space = -1;
		if (step->joins)
			wanted[step->who].with = 0;
		expect(trial, wanted, "after the loss");
		retry(trial);
	} else if (result == 0) {
		complain(trial, "is swallowed");
	} else {
		check_error(trial, result, reason_of(trial));
		expect(trial, wanted, "after the failure");
		retry(trial);
	}
	if (!world_fini(&trial->w))
		complain(trial, "something is left behind");
	trials++;
}

/* Without a failure. Returns how many calls it makes; the names of those are put into names. */
static unsigned run_clean(const struct step *step, char (*names)[96])
{
	struct trial trial = {.step = step, .call = "nothing"};

	world_init(&trial.w, LIBIOMMUFD_BACKEND_TYPE1, NULL);
	step->arrange(&trial.w);
	expect(&trial, step->before, "before");
	fake_count_from_here(trial.w.fake, false);
	int result = step->act(&trial.w);
	unsigned calls = fake_call_count(trial.w.fake);
	if (result != step->result)
		complain(&trial, "another result");
	if (result < 0 && libiommufd_last_error()->reason != step->reason)
		complain(&trial, "another reason");
	expect(&trial, step->after, "after");
	for (unsigned i = 0; i < calls; i++) {
		unsigned like_it = 1;
		for (unsigned j = 0; j < i; j++)
			like_it += !strcmp(fake_call_name(trial.w.fake, j + 1),
					   fake_call_name(trial.w.fake, i + 1));
		snprintf(names[i], sizeof(names[i]), like_it == 1 ? "%.80s" : "%.80s #%u",
			 fake_call_name(trial.w.fake, i + 1), like_it);
	}
	if (!world_fini(&trial.w))
		complain(&trial, "something is left behind");
	return calls;
}

static void every_failure_leaves_all_mappings_or_none(void **state)
{
	static const int errors[] = {-ENOMEM, -EFAULT, -ENOSPC, -EBUSY, -EIO};
	static char names[512][96];
	unsigned refusals = 0;
	(void)state;

	for (const struct step *step = steps; step->name; step++) {
		unsigned calls = run_clean(step, names);
		/* What is refused is so before anything is asked of the kernel. */
		if (step->result < 0) {
			assert_int_equal(calls, 0);
			refusals++;
		}
		for (unsigned nth = 1; nth <= calls; nth++) {
			struct trial trial = {.step = step};
			strcpy(trial.call, names[nth - 1]);
			for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
				trial.error = errors[i];
				try_one(&trial, nth, false);
			}
			trial.error = -EIO;
			try_one(&trial, nth, true);
		}
	}
	printf("%u failures tried, %u of them without a way back\n", trials, lost);
	assert_int_equal(refusals, 8);
	assert_true(trials > 2000);
	/* All maps of five moves, and three calls of two joins. */
	assert_int_equal(lost, 5 * MAPPINGS + 2 * 3);
	assert_int_equal(complaints, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_failure_leaves_all_mappings_or_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
