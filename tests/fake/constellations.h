/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Three groups on type1 and two address spaces of 50 mappings each, in all ways in which they can share
 * containers; and what can be done in each of them.
 */
#ifndef LIBIOMMUFD_TEST_CONSTELLATIONS_H
#define LIBIOMMUFD_TEST_CONSTELLATIONS_H

#include "world.h"

#define MAPPINGS 50

enum {
	GROUPS = 3
};

/* The groups as fake_groups_with() tells them. */
enum {
	GA = 1 << 3,
	GB = 1 << 5,
	GC = 1 << 9,
};

/* Of one group: in the container of which groups, which mappings are in it, and is its device attached? */
struct now {
	unsigned with;
	int space; /* -1: none */
	bool attached;
};

struct step {
	const char *name;
	void (*arrange)(struct world *w);
	int (*act)(struct world *w);
	int who; /* the group that the act is about, 0 to GROUPS - 1 */
	/* The group cannot go back if what is left of it fails. */
	bool joins, moves;
	int result;
	uint32_t reason;
	struct now before[GROUPS], after[GROUPS];
	/* Where it ends if the group can join nobody. */
	struct now alone[GROUPS];
};

extern const struct step steps[];

/* The devices whose groups are A, B and C. */
extern const int devices_of_groups[GROUPS];

/* The mappings that each address space has, as a container holds them. */
void expected_mappings(const struct world *w, int space, struct fake_mapping *to);

#endif
