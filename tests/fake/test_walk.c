/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Walks at random through what can be done with four devices of three groups and two address spaces on
 * type1, while calls fail: after each step what the library says of every device is what its container holds.
 * WALK=n in the environment takes one walk again, and tells its steps.
 */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	WALKS = 2000,
	STEPS = 80,
	SLOTS = 6, /* places for a mapping of each space; the first is there from the start */
	MAP = 9,   /* and behind it: what is done to address spaces */
	COPY = 12,
	ACTS = 14,
};

static struct world w;
static bool mapped[SPACES][SLOTS];
static uint64_t seed;
static unsigned walk_number;
static bool tell;
static unsigned failures, unknown, restores;

/* An xorshift; each walk can be taken again. */
static unsigned any(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % below;
}

/* ---- What should be ---- */

static uint64_t iova_of(int slot)
{
	return PROBE + (uint64_t)slot * 0x10000;
}

static unsigned page_of(int space, int slot)
{
	return slot ? (unsigned)(SPACES + space * SLOTS + slot) : (unsigned)space;
}

/* What is behind a slot that is mapped: a page of its own, or one of what it was copied from. */
static unsigned pages[SPACES][SLOTS];

static const char *wrong_with(int device)
{
	struct libiommufd_device *dev = w.devices[device];
	struct fake_mapping found[2 * SLOTS + 1];
	struct libiommufd_ioas *ioas = NULL;
	enum libiommufd_reach reach;
	int space = 0;

	unsigned n = fake_mappings(w.fake, world_address(device), found, 2 * SLOTS);
	world_require(libiommufd_device_query_reach(dev, &reach, &ioas) == 0, "query_reach");
	bool attached = libiommufd_device_get_state(dev) == LIBIOMMUFD_DEVICE_ATTACHED;
	if (reach == LIBIOMMUFD_REACH_UNKNOWN) {
		unknown++;
		return NULL;
	}
	if (reach != LIBIOMMUFD_REACH_IOAS)
		return attached ? "attached, and reaches no address space"
		       : n      ? "something is mapped, and the library says nothing of it"
				: NULL;
	while (space < SPACES && w.spaces[space] != ioas)
		space++;
	if (space == SPACES)
		return "reaches what is no address space";
	for (int slot = 0; slot < SLOTS; slot++) {
		unsigned i = 0;
		while (i < n && found[i].first != iova_of(slot))
			i++;
		if ((i < n) != mapped[space][slot])
			return "does not hold just what is mapped";
		if (i < n && found[i].va != w.memory + pages[space][slot] * PAGE)
			return "holds what another address space has";
		if (mapped[space][slot])
			n--, found[i] = found[n];
	}
	return n ? "holds more than what is mapped" : NULL;
}

/* ---- Steps ---- */

static int act_open(int device)
{
	if (w.devices[device])
		return libiommufd_device_close(w.devices[device], 0) == 0
			       ? (w.devices[device] = NULL, 0)
			       : -EBUSY;
	return libiommufd_device_open(w.ctx, world_address(device), NULL, &w.devices[device]);
}

static int act_bind(int device)
{
	struct libiommufd_bind_opts opts = {.size = sizeof(opts)};
	unsigned how = any(8);

	if (how < 4)
		opts.ioas = w.spaces[how % SPACES];
	if (how == 0 || how == 7)
		opts.flags = LIBIOMMUFD_BIND_PRIVATE;
	return libiommufd_device_bind(w.devices[device], &opts);
}

static int act_map(int space, int slot)
{
	uint64_t iova = iova_of(slot);
	bool before = mapped[space][slot];
	int r;

	if (mapped[space][slot])
		r = libiommufd_ioas_unmap(w.spaces[space], iova, PAGE, NULL);
	else
		r = libiommufd_ioas_map_at(w.spaces[space], w.memory + page_of(space, slot) * PAGE,
					   PAGE, LIBIOMMUFD_READ | LIBIOMMUFD_WRITE, iova);
	if (r == 0)
		mapped[space][slot] = !mapped[space][slot];
	else if (libiommufd_last_error()->reason == LIBIOMMUFD_REASON_RESTORE_FAILED)
		mapped[space][slot] = true;
	if (mapped[space][slot] && !before)
		pages[space][slot] = page_of(space, slot);
	return r;
}

/* To the same slot of the other space, or the next one. What cannot be taken back is unmapped at once. */
static int act_copy(int space, int slot)
{
	int to = (int)any(SPACES), at = (slot + (int)any(2)) % SLOTS;

	/* The first slot shows where DMA goes. */
	if (at == 0)
		at = 1;
	int r = libiommufd_ioas_copy_at(w.spaces[to], w.spaces[space], iova_of(slot), PAGE,
					LIBIOMMUFD_READ | LIBIOMMUFD_WRITE, iova_of(at));
	bool kept = r < 0 && libiommufd_last_error()->reason == LIBIOMMUFD_REASON_RESTORE_FAILED;
	if (r == 0 || kept) {
		world_require(mapped[space][slot] && !mapped[to][at], "copy to where it may be");
		mapped[to][at] = true;
		pages[to][at] = pages[space][slot];
	}
	return r;
}

/* From slot to the last one: all or, on failure, none; or some, and all count as mapped. */
static int act_unmap_range(int space, int slot)
{
	uint64_t bytes = 77, wanted = 0;

	for (int i = slot; i < SLOTS; i++)
		wanted += mapped[space][i] ? PAGE : 0;
	int r = slot ? libiommufd_ioas_unmap(w.spaces[space], iova_of(slot),
					     iova_of(SLOTS) - iova_of(slot), &bytes)
		     : libiommufd_ioas_unmap_all(w.spaces[space], &bytes);
	world_require(r < 0 ? bytes == 77 : bytes == wanted, "the bytes that were unmapped");
	for (int i = slot; r == 0 && i < SLOTS; i++)
		mapped[space][i] = false;
	return r;
}

static int act(unsigned what, int device, int space, int slot)
{
	struct libiommufd_device *dev = w.devices[device];
	int fd;

	switch (what) {
	case 0:
		return act_open(device);
	case 1:
	case 2:
		return act_bind(device);
	case 3:
	case 4:
	case 5:
		return libiommufd_device_attach(dev, w.spaces[space]);
	case 6:
		return libiommufd_device_detach(dev);
	case 7:
		return libiommufd_device_query_fd(dev, &fd);
	case 8:
		/* Few containers are given to others, since nobody joins those. */
		return any(8) ? libiommufd_device_query_fd(dev, &fd)
			      : libiommufd_device_query_container_fd(dev, &fd);
	case MAP:
	case MAP + 1:
	case MAP + 2:
		return act_map(space, slot);
	case COPY:
		return act_copy(space, slot);
	default:
		return act_unmap_range(space, slot);
	}
}

/*
 * With calls that fail, once or from there on; and some that kernels do not refuse, or only because of what
 * others do.
 */
static void fail_something(void)
{
	static const int errors[] = {-ENOMEM, -EIO, -EBUSY, -ENOSPC, -EFAULT, -EINVAL};
	static const char *const refused[] = {
		"ioctl VFIO_IOMMU_UNMAP_DMA",       "ioctl VFIO_IOMMU_UNMAP_DMA",
		"ioctl VFIO_GROUP_UNSET_CONTAINER", "ioctl VFIO_GROUP_SET_CONTAINER",
		"ioctl VFIO_GROUP_GET_DEVICE_FD",   "ioctl VFIO_IOMMU_GET_INFO",
	};

	fake_count_from_here(w.fake, false);
	if (any(3) == 0)
		fake_fail(w.fake, 1 + any(12), errors[any(6)], any(2));
	if (any(3) == 0)
		fake_refuse(w.fake, refused[any(6)], 1 + any(3), errors[any(6)]);
}

static void step(unsigned number)
{
	static const char *const names[ACTS] = {"open or close", "bind",   "bind",   "attach",
						"attach",        "attach", "detach", "use",
						"give",          "map",    "map",    "map",
						"copy",          "unmap"};
	unsigned what = any(ACTS);
	int device = (int)any(DEVICES), space = (int)any(SPACES), slot = (int)any(SLOTS);

	if (what < MAP && !w.devices[device])
		what = 0;
	fail_something();
	int r = act(what, device, space, slot);
	char failed[96];
	snprintf(failed, sizeof(failed), "%s", fake_failed(w.fake) ? fake_failed(w.fake) : "");
	uint32_t reason = r < 0 ? libiommufd_last_error()->reason : LIBIOMMUFD_REASON_NONE;
	fake_fail(w.fake, 0, 0, false);
	fake_refuse(w.fake, NULL, 0, 0);
	failures += r < 0;
	restores += reason == LIBIOMMUFD_REASON_RESTORE_FAILED;
	if (tell) {
		printf("%u: %s device %d space %d slot %d: %s\n", number, names[what], device,
		       space, slot, r < 0 ? libiommufd_last_error()->text : "done");
		for (unsigned i = 1; i <= fake_call_count(w.fake); i++)
			printf("\t%s\n", fake_call_name(w.fake, i));
		if (failed[0])
			printf("\t%s was made to fail\n", failed);
	}
	/* What the sentence says to do. */
	if (what >= MAP && reason == LIBIOMMUFD_REASON_RESTORE_FAILED)
		world_require(act_unmap_range(space, 0) == 0 && act_unmap_range(1 - space, 0) == 0,
			      "unmap again");
	bool torn = reason == LIBIOMMUFD_REASON_RESTORE_FAILED &&
		    strstr(libiommufd_last_error()->text, "stays attached");
	for (int i = 0; torn && i < DEVICES; i++) {
		world_require(libiommufd_device_close(w.devices[i], 0) == 0, "close");
		w.devices[i] = NULL;
	}
	const char *wrong = world_contradiction(&w);
	for (int i = 0; !wrong && i < DEVICES; i++)
		wrong = w.devices[i] ? wrong_with(i) : NULL;
	if (wrong)
		fail_msg("walk %u, step %u, %s device %d space %d slot %d: %s; last error: %s",
			 walk_number, number, names[what], device, space, slot, wrong,
			 libiommufd_last_error()->text);
}

static void walk(unsigned number)
{
	struct fake_config config = fake_default;

	walk_number = number;
	seed = 0x9e3779b97f4a7c15 * (number + 1);
	config.entries = any(2) ? 0 : 3;
	config.old_type1 = any(4) == 0;
	if (any(3) == 0)
		config.own[any(4)] = (struct libiommufd_range){iova_of(2), iova_of(2) + PAGE - 1};
	world_init(&w, LIBIOMMUFD_BACKEND_TYPE1, &config);
	world_ctx(&w);
	for (int space = 0; space < SPACES; space++) {
		world_space(&w, space);
		for (int slot = 0; slot < SLOTS; slot++)
			mapped[space][slot] = slot == 0;
		pages[space][0] = page_of(space, 0);
	}
	for (unsigned i = 0; i < STEPS; i++)
		step(i);
	assert_true(world_fini(&w));
}

static void what_is_said_of_a_device_is_what_its_container_holds(void **state)
{
	const char *one = getenv("WALK");
	(void)state;

	tell = one;
	for (unsigned i = one ? (unsigned)atoi(one) : 0; one || i < WALKS; i++) {
		walk(i);
		if (one)
			return;
	}
	printf("%u steps failed, %u of them beyond repair; %u times unknown\n", failures, restores,
	       unknown);
	assert_true(failures > WALKS && restores > 20 && unknown > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_of_a_device_is_what_its_container_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
