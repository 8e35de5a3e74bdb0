/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the constellations of three groups, and what is expected of each step in them. */
#include "constellations.h"

#include <errno.h>
#include <string.h>

const int devices_of_groups[GROUPS] = {DEV0, ALONE, THIRD};

/* ---- Mappings ---- */

/* Of one or two pages, readable or both, with holes; each space has other pages. */
static struct fake_mapping mapping(const struct world *w, int space, unsigned i)
{
	uint64_t first = 0x1000000 + i * 0x10000ULL, pages = 1 + i % 2;

	return (struct fake_mapping){
		.first = first,
		.last = first + pages * PAGE - 1,
		.access = i % 3 ? LIBIOMMUFD_READ | LIBIOMMUFD_WRITE : LIBIOMMUFD_READ,
		.va = w->memory + (16 + 128 * (unsigned)space + 2 * i) * PAGE,
	};
}

void expected_mappings(const struct world *w, int space, struct fake_mapping *to)
{
	to[0] = (struct fake_mapping){
		.first = PROBE,
		.last = PROBE + PAGE - 1,
		.access = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE,
		.va = w->memory + (unsigned)space * PAGE,
	};
	for (unsigned i = 1; i < MAPPINGS; i++)
		to[i] = mapping(w, space, i);
}

static void make_spaces(struct world *w)
{
	world_ctx(w);
	for (int space = 0; space < SPACES; space++) {
		world_space(w, space);
		for (unsigned i = 1; i < MAPPINGS; i++) {
			struct fake_mapping m = mapping(w, space, i);
			world_require(libiommufd_ioas_map_at(w->spaces[space],
							     (void *)(uintptr_t)m.va,
							     m.last - m.first + 1, m.access,
							     m.first) == 0,
				      "map_at");
		}
	}
}

/* ---- Constellations ---- */

static void bound(struct world *w)
{
	make_spaces(w);
	for (int i = 0; i < GROUPS; i++)
		world_bind(w, devices_of_groups[i]);
}

static void one(struct world *w)
{
	bound(w);
	world_attach(w, DEV0, X);
}

static void shared_by_two(struct world *w)
{
	one(w);
	world_attach(w, ALONE, X);
}

static void shared_by_three(struct world *w)
{
	shared_by_two(w);
	world_attach(w, THIRD, X);
}

static void last_of_three(struct world *w)
{
	shared_by_three(w);
	for (int i = 1; i < GROUPS; i++) {
		int device = devices_of_groups[i];
		world_require(libiommufd_device_close(w->devices[device], 0) == 0, "close");
		w->devices[device] = NULL;
	}
}

/* Two share a container, the third was used before, so that it stays in its own. */
static void two_and_one_used(struct world *w)
{
	shared_by_two(w);
	world_use(w, THIRD);
}

static void two_and_one(struct world *w)
{
	two_and_one_used(w);
	world_attach(w, THIRD, X);
}

static void two_and_one_elsewhere(struct world *w)
{
	two_and_one_used(w);
	world_attach(w, THIRD, Y);
}

static void all_private_bound(struct world *w)
{
	make_spaces(w);
	for (int i = 0; i < GROUPS; i++)
		world_bind_with(w, devices_of_groups[i], -1, LIBIOMMUFD_BIND_PRIVATE);
}

static void two_private(struct world *w)
{
	all_private_bound(w);
	world_attach(w, DEV0, X);
	world_attach(w, THIRD, X);
}

static void all_private(struct world *w)
{
	two_private(w);
	world_attach(w, ALONE, X);
}

static void all_private_one_elsewhere(struct world *w)
{
	two_private(w);
	world_attach(w, ALONE, Y);
}

static void third_opened(struct world *w)
{
	make_spaces(w);
	world_attach(w, DEV0, X);
	world_attach(w, ALONE, X);
	world_open(w, THIRD);
}

/* ---- Acts ---- */

static int attach_a(struct world *w)
{
	return libiommufd_device_attach(w->devices[DEV0], w->spaces[X]);
}

static int attach_b(struct world *w)
{
	return libiommufd_device_attach(w->devices[ALONE], w->spaces[X]);
}

static int attach_c(struct world *w)
{
	return libiommufd_device_attach(w->devices[THIRD], w->spaces[X]);
}

static int bind_c(struct world *w)
{
	struct libiommufd_bind_opts opts = {.size = sizeof(opts), .ioas = w->spaces[X]};
	return libiommufd_device_bind(w->devices[THIRD], &opts);
}

static int detach_a(struct world *w)
{
	return libiommufd_device_detach(w->devices[DEV0]);
}

static int detach_b(struct world *w)
{
	return libiommufd_device_detach(w->devices[ALONE]);
}

static int detach_c(struct world *w)
{
	return libiommufd_device_detach(w->devices[THIRD]);
}

static int move_a(struct world *w)
{
	return libiommufd_device_attach(w->devices[DEV0], w->spaces[Y]);
}

static int move_b(struct world *w)
{
	return libiommufd_device_attach(w->devices[ALONE], w->spaces[Y]);
}

static int move_c(struct world *w)
{
	return libiommufd_device_attach(w->devices[THIRD], w->spaces[Y]);
}

/* ---- All of it ---- */

#define SHARED LIBIOMMUFD_REASON_CONTAINER_SHARED
#define PARKED                                    \
	{                                         \
		{GA, -1, false}, {GB, -1, false}, \
		{                                 \
			GC, -1, false             \
		}                                 \
	}
#define A_ALONE                                 \
	{                                       \
		{GA, X, true}, {GB, -1, false}, \
		{                               \
			GC, -1, false           \
		}                               \
	}
#define TWO                                             \
	{                                               \
		{GA | GB, X, true}, {GA | GB, X, true}, \
		{                                       \
			GC, -1, false                   \
		}                                       \
	}
#define TWO_ONE                                         \
	{                                               \
		{GA | GB, X, true}, {GA | GB, X, true}, \
		{                                       \
			GC, X, true                     \
		}                                       \
	}
#define TWO_Y                                           \
	{                                               \
		{GA | GB, X, true}, {GA | GB, X, true}, \
		{                                       \
			GC, Y, true                     \
		}                                       \
	}
#define THREE                                                     \
	{                                                         \
		{GA | GB | GC, X, true}, {GA | GB | GC, X, true}, \
		{                                                 \
			GA | GB | GC, X, true                     \
		}                                                 \
	}
#define LAST                                   \
	{                                      \
		{GA, X, true}, {0, -1, false}, \
		{                              \
			0, -1, false           \
		}                              \
	}
#define PRIVATE                               \
	{                                     \
		{GA, X, true}, {GB, X, true}, \
		{                             \
			GC, X, true           \
		}                             \
	}
#define P_TWO                                   \
	{                                       \
		{GA, X, true}, {GB, -1, false}, \
		{                               \
			GC, X, true             \
		}                               \
	}
#define P_Y                                   \
	{                                     \
		{GA, X, true}, {GB, Y, true}, \
		{                             \
			GC, X, true           \
		}                             \
	}

/* clang-format off */
const struct step steps[] = {
	{"attach the first", bound, attach_a, 0, .before = PARKED, .after = A_ALONE},
	{"attach the second", one, attach_b, 1, .joins = true, .before = A_ALONE, .after = TWO,
	 .alone = {{GA, X, true}, {GB, X, true}, {GC, -1, false}}},
	{"attach the third", shared_by_two, attach_c, 2, .joins = true, .before = TWO, .after = THREE, .alone = TWO_ONE},
	{"bind the third into it", third_opened, bind_c, 2,
	 .before = {{GA | GB, X, true}, {GA | GB, X, true}, {0, -1, false}},
	 .after = {{GA | GB | GC, X, true}, {GA | GB | GC, X, true}, {GA | GB | GC, X, false}}, .alone = TWO},
	{"detach the first of three", shared_by_three, detach_a, 0, .result = -EBUSY, .reason = SHARED, .before = THREE, .after = THREE},
	{"detach the second of three", shared_by_three, detach_b, 1, .result = -EBUSY, .reason = SHARED, .before = THREE, .after = THREE},
	{"detach the third of three", shared_by_three, detach_c, 2, .result = -EBUSY, .reason = SHARED, .before = THREE, .after = THREE},
	{"move the first of three", shared_by_three, move_a, 0, .result = -EBUSY, .reason = SHARED, .before = THREE, .after = THREE},
	{"move the second of three", shared_by_three, move_b, 1, .result = -EBUSY, .reason = SHARED, .before = THREE, .after = THREE},
	{"move the third of three", shared_by_three, move_c, 2, .result = -EBUSY, .reason = SHARED, .before = THREE, .after = THREE},
	{"detach the last of three", last_of_three, detach_a, 0, .before = LAST,
	 .after = {{GA, -1, false}, {0, -1, false}, {0, -1, false}}},
	{"move the last of three", last_of_three, move_a, 0, .moves = true, .before = LAST,
	 .after = {{GA, Y, true}, {0, -1, false}, {0, -1, false}}},
	{"attach a used one beside two", two_and_one_used, attach_c, 2, .before = TWO, .after = TWO_ONE},
	{"detach one of two", two_and_one, detach_a, 0, .result = -EBUSY, .reason = SHARED, .before = TWO_ONE, .after = TWO_ONE},
	{"move one of two", two_and_one, move_b, 1, .result = -EBUSY, .reason = SHARED, .before = TWO_ONE, .after = TWO_ONE},
	{"detach the private one", two_and_one, detach_c, 2, .before = TWO_ONE, .after = TWO},
	{"move the private one", two_and_one, move_c, 2, .moves = true, .before = TWO_ONE, .after = TWO_Y},
	{"move the private one back", two_and_one_elsewhere, attach_c, 2, .moves = true, .before = TWO_Y, .after = TWO_ONE},
	{"attach the last private one", two_private, attach_b, 1, .before = P_TWO, .after = PRIVATE},
	{"detach one of three private ones", all_private, detach_b, 1, .before = PRIVATE, .after = P_TWO},
	{"move one of three private ones", all_private, move_b, 1, .moves = true, .before = PRIVATE, .after = P_Y},
	{"move it back", all_private_one_elsewhere, attach_b, 1, .moves = true, .before = P_Y, .after = PRIVATE},
	{0},
};
/* clang-format on */
