/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public API as a list of flows: each a starting state and one call. For tests that make calls fail. */
#ifndef LIBIOMMUFD_TEST_FLOWS_H
#define LIBIOMMUFD_TEST_FLOWS_H

#include "world.h"

enum flow_backends {
	ON_AUTO = 1 << LIBIOMMUFD_BACKEND_AUTO,
	ON_NATIVE = 1 << LIBIOMMUFD_BACKEND_NATIVE,
	ON_TYPE1 = 1 << LIBIOMMUFD_BACKEND_TYPE1,
	ON_BOTH = ON_NATIVE | ON_TYPE1,
};

struct flow {
	const char *name;
	const char *operation; /* what errors are to be called */
	unsigned backends;
	int result; /* of the act where nothing was made to fail: 0 or more, or an errno */
	void (*configure)(struct fake_config *config); /* NULL: the default */
	void (*arrange)(struct world *w);
	/*
	 * One call. Outputs are poisoned before and, if it fails, looked at; if not, they are
	 * printed to out.
	 */
	int (*act)(struct world *w);
	bool count_munmap;
	/*
	 * Where else the act may end, each by a call that leads there if nothing fails: the act works
	 * in another way, or it fails behind a part of it that stays done. See rules.h.
	 */
	int (*fallback)(struct world *w);
	int (*halfway)(struct world *w);
	/* What leads to the same end where the whole group was detached; NULL: the act again. */
	int (*recover)(struct world *w);
};

extern const struct flow flows_of_devices[], flows_of_groups[], flows_of_spaces[],
	flows_of_regions[], flows_of_interrupts[], flows_of_features[], flows_of_passed[],
	flows_of_guests[];

/* What outputs hold before a call. */
#define POISON ((void *)0x5a5a5a5a5a5a5a50)

static inline void flow_untouched(int result, bool untouched)
{
	if (result < 0)
		world_require(untouched, "leaving outputs alone");
}

#endif
