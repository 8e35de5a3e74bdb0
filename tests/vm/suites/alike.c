/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Takes the same random steps natively and on type1, with addresses, lengths and memory at all edges: every
 * call must end alike, and leave devices and address spaces alike. Needs two edu and a kernel with both.
 * ALIKE=n in the environment takes one walk again, and tells its steps.
 */
#include "bench.h"
#include "differences.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	WALKS = 400,
	STEPS = 60,
	WALK_SPACES = 2,
	FILE_PAGES = 4,
	PAGES = 20,
	PROBES = 3,
	MAPS = 12,
};

enum what {
	OPEN_OR_CLOSE,
	BIND,
	ATTACH,
	DETACH,
	USE,
	DESTROY,
	MAP,
	MAP_AT,
	MAP_FILE_AT,
	COPY,
	COPY_AT,
	UNMAP,
	UNMAP_ALL,
	RANGES,
	WHATS,
};

static const char *const names[WHATS] = {
	"open or close", "bind",        "attach", "detach",  "use",   "destroy",   "map",
	"map_at",        "map_file_at", "copy",   "copy_at", "unmap", "unmap_all", "query_ranges",
};

/* One step, the same for both. */
struct act {
	enum what what;
	int device, space, other;
	bool private, hint;
	void *va;
	uint64_t iova, from, length, offset;
	uint32_t access;
};

/* What came of it. */
struct result {
	bool done; /* there was something to do it to */
	int error;
	uint32_t reason;
	uint64_t bytes;
	char text[400];
	int state[DEVICES], reach[DEVICES], space[DEVICES];
};

/* The page that a device wrote to at each of some addresses, at the end of a walk; -1: none, -2: not tried. */
struct landing {
	int pages[DEVICES][PROBES];
};

struct side {
	bool native;
	struct libiommufd_ctx *ctx;
	struct libiommufd_ioas *spaces[WALK_SPACES];
	struct libiommufd_device *devices[DEVICES];
};

static uint64_t seed;
static uint8_t *memory, *read_only, *hole, *file_memory;
static int file;
static unsigned parted; /* walks */
static unsigned went_well[WHATS], refused[WHATS];
static unsigned landed, missed; /* DMAs */

static unsigned any(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % below;
}

/* ---- What to do ---- */

/* AMD's IOMMUs; others end before that. */
static bool has_all_addresses(void)
{
	return !strcmp(getenv("LAB_IOMMU"), "amd");
}

/* Mostly where there is something already, and at what ends there. */
static uint64_t any_address(void)
{
	static const uint64_t edges[] = {
		0,
		PAGE,
		0x8000000,
		0xfee00000 - PAGE,
		0xfee00000,
		0xff000000,
		(1ULL << 39) - PAGE,
		1ULL << 39,
		(1ULL << 47) - PAGE,
		(1ULL << 48) - PAGE,
		1ULL << 48,
		1ULL << 63,
		-(uint64_t)PAGE,
		-2 * (uint64_t)PAGE,
	};
	uint64_t address =
		any(6) ? 0x100000 + any(8) * PAGE : edges[any(sizeof(edges) / sizeof(edges[0]))];

	/* BEHAVIOUR_LAST_PAGE */
	if (address > -8 * (uint64_t)PAGE && has_all_addresses())
		address = PAGE;
	return any(24) ? address : address + 8;
}

static uint64_t any_length(void)
{
	static const uint64_t edges[] = {0,          1,          PAGE / 2,   1ULL << 20,
					 1ULL << 40, 1ULL << 63, UINT64_MAX, -(uint64_t)PAGE,
					 1ULL << 47, 1ULL << 48};

	return any(10) ? (1 + any(3)) * PAGE : edges[any(sizeof(edges) / sizeof(edges[0]))];
}

static void *any_memory(void)
{
	switch (any(16)) {
	case 0:
		return NULL;
	case 1:
		return hole;
	case 2:
		return read_only;
	case 3:
		return memory + 8;
	case 4:
		return (void *)(UINTPTR_MAX - PAGE + 1);
	default:
		return memory + any(PAGES - 4) * PAGE;
	}
}

static struct act any_act(bool private)
{
	static const enum what often[] = {OPEN_OR_CLOSE, BIND,        BIND,      ATTACH,  ATTACH,
					  ATTACH,        DETACH,      USE,       DESTROY, MAP,
					  MAP_AT,        MAP_AT,      MAP_AT,    MAP_AT,  MAP_AT,
					  COPY,          MAP_FILE_AT, COPY_AT,   COPY_AT, UNMAP,
					  UNMAP,         UNMAP,       UNMAP_ALL, RANGES};

	return (struct act){
		.what = often[any(sizeof(often) / sizeof(often[0]))],
		.device = (int)any(DEVICES),
		.space = (int)any(WALK_SPACES),
		.other = (int)any(WALK_SPACES),
		.private = private,
		.hint = any(2),
		.va = any_memory(),
		.iova = any_address(),
		.from = any_address(),
		.length = any_length(),
		.offset = any(12) ? any(FILE_PAGES) * PAGE : any_length() % GIB,
		.access = any(12) ? (any(3) ? BOTH : LIBIOMMUFD_READ) : any(9),
	};
}

/* ---- Doing it ---- */

static int open_or_close(struct side *s, int n)
{
	if (!s->devices[n])
		return libiommufd_device_open(s->ctx, bench_name(n ? "EDU1" : "EDU0"), NULL,
					      &s->devices[n]);
	int r = libiommufd_device_close(s->devices[n], 0);
	if (r == 0)
		s->devices[n] = NULL;
	return r;
}

static int bind(struct side *s, const struct act *act)
{
	struct libiommufd_bind_opts opts = {
		.size = sizeof(opts),
		.flags = act->private ? LIBIOMMUFD_BIND_PRIVATE : 0,
		.ioas = act->hint ? s->spaces[act->space] : NULL,
	};
	return libiommufd_device_bind(s->devices[act->device], &opts);
}

/* What is picked is each one's own affair, but that it works. */
static int unmap_picked(struct side *s, const struct act *act, int r, uint64_t iova)
{
	uint64_t bytes = 0;

	if (r < 0)
		return r;
	assert_int_not_equal(iova, 0);
	assert_ok(libiommufd_ioas_unmap(s->spaces[act->space], iova, act->length, &bytes));
	assert_int_equal(bytes, act->length);
	return 0;
}

static int destroy(struct side *s, int space)
{
	int r = libiommufd_ioas_destroy(s->spaces[space]);

	if (r == 0)
		assert_ok(libiommufd_ioas_create(s->ctx, NULL, &s->spaces[space]));
	return r;
}

/* The bytes of all ranges tell them apart well enough. */
static int ranges(struct libiommufd_ioas *ioas, uint64_t *ret_sum)
{
	struct libiommufd_ranges *ranges;

	int r = libiommufd_ioas_query_ranges(ioas, &ranges);
	if (r < 0)
		return r;
	*ret_sum = libiommufd_ranges_get_alignment(ranges);
	for (size_t i = 0; i < libiommufd_ranges_get_count(ranges); i++) {
		struct libiommufd_range range = libiommufd_ranges_get(ranges, i);
		/* BEHAVIOUR_LAST_PAGE */
		if (range.last == UINT64_MAX && has_all_addresses())
			range.last -= PAGE;
		*ret_sum = *ret_sum * 31 + range.start + range.last * 7;
	}
	libiommufd_ranges_free(ranges);
	return 0;
}

static int do_it(struct side *s, const struct act *act, uint64_t *ret_bytes)
{
	struct libiommufd_ioas *ioas = s->spaces[act->space], *other = s->spaces[act->other];
	struct libiommufd_device *dev = s->devices[act->device];
	uint64_t iova = 0;
	uint32_t count;

	switch (act->what) {
	case OPEN_OR_CLOSE:
		return open_or_close(s, act->device);
	case BIND:
		return bind(s, act);
	case ATTACH:
		return libiommufd_device_attach(dev, ioas);
	case DETACH:
		return libiommufd_device_detach(dev);
	case USE:
		return libiommufd_device_query_region_count(dev, &count);
	case DESTROY:
		return destroy(s, act->space);
	case MAP: {
		int r = libiommufd_ioas_map(ioas, act->va, act->length, act->access, &iova);
		return unmap_picked(s, act, r, iova);
	}
	case MAP_AT:
		return libiommufd_ioas_map_at(ioas, act->va, act->length, act->access, act->iova);
	case MAP_FILE_AT:
		/* How large a file can be is each kernel's own affair. */
		return libiommufd_ioas_map_file_at(ioas, file, act->offset, act->length % GIB,
						   act->access, act->iova);
	case COPY: {
		int r = libiommufd_ioas_copy(ioas, other, act->from, act->length, act->access,
					     &iova);
		return unmap_picked(s, act, r, iova);
	}
	case COPY_AT:
		return libiommufd_ioas_copy_at(ioas, other, act->from, act->length, act->access,
					       act->iova);
	case UNMAP:
		return libiommufd_ioas_unmap(ioas, act->iova, act->length, ret_bytes);
	case UNMAP_ALL:
		return libiommufd_ioas_unmap_all(ioas, ret_bytes);
	default:
		return ranges(ioas, ret_bytes);
	}
}

static void look(const struct side *s, struct result *result)
{
	for (int n = 0; n < DEVICES; n++) {
		struct libiommufd_ioas *ioas = NULL;
		enum libiommufd_reach reach;

		result->state[n] = result->reach[n] = result->space[n] = -1;
		if (!s->devices[n])
			continue;
		result->state[n] = (int)libiommufd_device_get_state(s->devices[n]);
		assert_ok(libiommufd_device_query_reach(s->devices[n], &reach, &ioas));
		result->reach[n] = (int)reach;
		for (int i = 0; i < WALK_SPACES; i++)
			if (ioas && ioas == s->spaces[i])
				result->space[n] = i;
	}
}

static struct result step(struct side *s, const struct act *act)
{
	struct result result = {.done = s->devices[act->device] || act->what == OPEN_OR_CLOSE ||
					act->what >= DESTROY};

	if (result.done)
		result.error = do_it(s, act, &result.bytes);
	if (result.error < 0) {
		result.reason = libiommufd_last_error()->reason;
		snprintf(result.text, sizeof(result.text), "%s", libiommufd_last_error()->text);
		/* Iommufd may have unmapped a part: DIFFERENCE_UNMAP_AFTER_CUT. */
		if (act->what == UNMAP && result.error == -ENOENT && act->length > PAGE)
			assert_ok(libiommufd_ioas_unmap_all(s->spaces[act->space], NULL));
	}
	look(s, &result);
	return result;
}

/* ---- Both sides ---- */

static void begin(struct side *s, bool native)
{
	struct libiommufd_ctx_opts opts = {
		.size = sizeof(opts),
		.backend = native ? LIBIOMMUFD_BACKEND_NATIVE : LIBIOMMUFD_BACKEND_TYPE1,
	};

	*s = (struct side){.native = native};
	assert_ok(libiommufd_ctx_open(&opts, &s->ctx));
	for (int i = 0; i < WALK_SPACES; i++)
		assert_ok(libiommufd_ioas_create(s->ctx, NULL, &s->spaces[i]));
}

static void end(struct side *s)
{
	for (int n = 0; n < DEVICES; n++)
		assert_ok(libiommufd_device_close(s->devices[n], LIBIOMMUFD_CLOSE_FORCE));
	for (int i = 0; i < WALK_SPACES; i++)
		assert_ok(libiommufd_ioas_destroy(s->spaces[i]));
	libiommufd_ctx_unref(s->ctx);
	assert_int_equal(bench_charged(true), 0);
	assert_int_equal(bench_charged(false), 0);
}

static uint8_t *page_at(int page)
{
	return page < PAGES ? memory + page * PAGE : file_memory + (page - PAGES) * PAGE;
}

/* What the device holds is not what it is asked to write over. */
static int landing_of(struct bench *b, int n, uint64_t iova)
{
	int found = -1;

	for (int page = 0; page < PAGES + FILE_PAGES; page++)
		memset(page_at(page), 0x80 + page, LENGTH);
	dma_start(b, n, iova, LENGTH);
	usleep(100000);
	dma_wait(b, n);
	for (int page = 0; page < PAGES + FILE_PAGES; page++)
		if (page_at(page)[0] != 0x80 + page || page_at(page)[LENGTH - 1] != 0x80 + page) {
			assert_int_equal(found, -1);
			found = page;
		}
	return found;
}

static void land(struct side *s, const uint64_t *probes, struct landing *landing)
{
	struct bench b = {.native = s->native};

	for (int n = 0; n < DEVICES; n++) {
		b.devices[n] = s->devices[n];
		for (int i = 0; i < PROBES; i++)
			landing->pages[n][i] = -2;
		if (!s->devices[n] ||
		    libiommufd_device_get_state(s->devices[n]) != LIBIOMMUFD_DEVICE_ATTACHED)
			continue;
		bench_use(&b, n);
		for (int i = 0; i < PROBES; i++)
			landing->pages[n][i] = landing_of(&b, n, probes[i]);
		assert_int_equal(edu_stop(&b.edu[n]), 0);
	}
}

/* What a walk does, and what comes of it on one side. */
static void take(bool native, const struct act *acts, struct result *results,
		 const uint64_t *probes, struct landing *landing)
{
	struct side s;

	begin(&s, native);
	for (unsigned i = 0; i < STEPS; i++)
		results[i] = step(&s, &acts[i]);
	land(&s, probes, landing);
	end(&s);
}

/* iommufd aligns what it picks to the length, and so finds no room where we do. */
static bool is_pick(const struct result *native, const struct result *type1)
{
	return native->reason == LIBIOMMUFD_REASON_IOVA_EXHAUSTED && type1->error == 0;
}

/* With two things wrong at once: a move has iommufd look at the memory first, and an attach at the addresses. */
static bool is_two(const struct result *native, const struct result *type1)
{
	/* That of the kernel patches looks at the access of a copy first. */
	if (native->reason == LIBIOMMUFD_REASON_RAISED_ACCESS && bench_kernel() < 602)
		return type1->reason == LIBIOMMUFD_REASON_NOT_MAPPED ||
		       type1->reason == LIBIOMMUFD_REASON_IOVA_RANGE ||
		       type1->reason == LIBIOMMUFD_REASON_IOVA_IN_USE;
	return native->reason == LIBIOMMUFD_REASON_BAD_MEMORY &&
	       type1->reason == LIBIOMMUFD_REASON_IOVA_CONFLICT;
}

static bool looks_alike(const struct result *native, const struct result *type1)
{
	for (int n = 0; n < DEVICES; n++) {
		/* BEHAVIOUR_REACH_WHEN_BOUND_FOR */
		bool joined = native->state[n] == LIBIOMMUFD_DEVICE_BOUND &&
			      native->reach[n] == LIBIOMMUFD_REACH_NOTHING &&
			      type1->reach[n] == LIBIOMMUFD_REACH_IOAS;

		if (native->state[n] != type1->state[n] ||
		    (!joined &&
		     (native->reach[n] != type1->reach[n] || native->space[n] != type1->space[n])))
			return false;
	}
	return true;
}

static bool alike(const struct result *native, const struct result *type1)
{
	return ((native->error == type1->error && native->reason == type1->reason) ||
		is_pick(native, type1) || is_two(native, type1)) &&
	       native->bytes == type1->bytes && looks_alike(native, type1);
}

/* From here on the two are in different places. */
static bool parts(const struct act *act, const struct result *type1)
{
	/* DIFFERENCE_DETACH_OF_ONE_THAT_SHARES, DIFFERENCE_MOVE_OF_ONE_THAT_SHARES */
	return type1->reason == LIBIOMMUFD_REASON_CONTAINER_SHARED && !act->private;
}

static void tell(unsigned i, const struct act *act, const struct result *results[2])
{
	print_message("%u: %s device %d%s%s space %d other %d va %p iova 0x%" PRIx64
		      " from 0x%" PRIx64 " offset 0x%" PRIx64 " length 0x%" PRIx64 " access %u\n",
		      i, names[act->what], act->device, act->private ? " private" : "",
		      act->hint ? " hint" : "", act->space, act->other, act->va, act->iova,
		      act->from, act->offset, act->length, act->access);
	for (int side = 0; side < 2; side++) {
		const struct result *r = results[side];
		print_message("\t%s %d %s (%s) %" PRIu64, side ? "type1" : "native", r->error,
			      libiommufd_reason_name(r->reason), r->text, r->bytes);
		for (int n = 0; n < DEVICES; n++)
			print_message(" [%d %d %d]", r->state[n], r->reach[n], r->space[n]);
		print_message("\n");
	}
}

static void walk(unsigned number, bool all)
{
	static struct result native[STEPS], type1[STEPS];
	static const enum what ready[] = {OPEN_OR_CLOSE, BIND, ATTACH};
	static const enum what maps[] = {MAP_AT, MAP_FILE_AT, COPY_AT};
	static struct act acts[STEPS];
	struct landing landings[2];
	uint64_t probes[PROBES];

	seed = 0x9e3779b97f4a7c15 * (number + 1);
	bool private = any(2);
	for (unsigned i = 0; i < STEPS; i++) {
		acts[i] = any_act(private);
		/* Memory that cannot be written, mapped for it: a copy that is not shows it to iommufd alone. */
		if (acts[i].va == read_only && acts[i].access == BOTH)
			acts[i].access = LIBIOMMUFD_READ;
		/* What the kernel patches take in one piece ends at 16 TiB. */
		if (bench_kernel() < 602 && acts[i].length > 1ULL << 44)
			acts[i].length = GIB;
		if ((acts[i].what == UNMAP || acts[i].what == COPY || acts[i].what == COPY_AT) &&
		    any(2))
			acts[i].length = PAGE;
	}
	/* Most begin with a device that is ready, and end with maps. */
	for (unsigned i = 0; i < 3 && any(6); i++)
		acts[i] = (struct act){.what = ready[i], .private = private};
	for (unsigned i = STEPS - any(MAPS); i < STEPS; i++)
		acts[i].what = maps[any(3)];
	for (int i = 0; i < PROBES; i++)
		probes[i] = 0x100000 + any(8) * PAGE;
	take(true, acts, native, probes, &landings[0]);
	take(false, acts, type1, probes, &landings[1]);
	for (unsigned i = 0; i < STEPS; i++) {
		const struct result *results[] = {&native[i], &type1[i]};
		bool same = alike(&native[i], &type1[i]);

		if (parts(&acts[i], &type1[i])) {
			parted++;
			return;
		}
		if (all || !same)
			tell(i, &acts[i], results);
		if (!same)
			fail_msg("walk %u, step %u is not alike", number, i);
		went_well[acts[i].what] += native[i].done && native[i].error == 0;
		refused[acts[i].what] += native[i].error < 0;
	}
	for (int n = 0; n < DEVICES; n++)
		for (int i = 0; i < PROBES; i++) {
			landed += landings[0].pages[n][i] >= 0;
			missed += landings[0].pages[n][i] == -1;
			if (landings[0].pages[n][i] != landings[1].pages[n][i])
				fail_msg("walk %u: device %d writes to 0x%" PRIx64
					 ", and page %d changes natively, and %d on type1",
					 number, n, probes[i], landings[0].pages[n][i],
					 landings[1].pages[n][i]);
		}
}

static void every_step_ends_alike_on_both(void **state)
{
	const char *one = getenv("ALIKE");
	(void)state;

	for (unsigned i = one ? (unsigned)atoi(one) : 0; one || i < WALKS; i++) {
		walk(i, one);
		if (one)
			return;
	}
	/* It was not all refused, or alike because nothing was done. */
	for (unsigned what = 0; what < WHATS; what++) {
		print_message("%s: %u, refused: %u\n", names[what], went_well[what], refused[what]);
		assert_true(went_well[what] > 20);
		assert_true(refused[what] > 20 || what == OPEN_OR_CLOSE || what == DETACH ||
			    what == UNMAP_ALL || what == RANGES);
	}
	print_message("%u walks parted; %u DMAs landed, %u did not\n", parted, landed, missed);
	assert_true(landed > 10 && missed > 10);
	assert_true(parted < WALKS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_step_ends_alike_on_both),
	};

	bench_begin();
	memory = bench_memory(PAGES * PAGE);
	read_only = bench_memory(8 * PAGE);
	mprotect(read_only, 8 * PAGE, PROT_READ);
	hole = bench_memory(8 * PAGE);
	munmap(hole + PAGE, 7 * PAGE);
	file = memfd_create("alike", MFD_CLOEXEC);
	if (file < 0 || ftruncate(file, FILE_PAGES * PAGE) < 0)
		return 2;
	file_memory = mmap(NULL, FILE_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (file_memory == MAP_FAILED)
		return 2;
	return cmocka_run_group_tests_name("alike", tests, NULL, NULL);
}
