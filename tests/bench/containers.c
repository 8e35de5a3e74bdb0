/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a second device in an address space costs on type1: once it shares the container of the first, as it does
 * unless told otherwise, and once it has one of its own, for which all is mapped and pinned again. The two take
 * turns. Natively there is one way only, told for comparison. Run by tests/bench/run.
 *
 *   containers FIRST SECOND
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <libiommufd.h>

#include "figures.h"

enum {
	PAGE = 4096,
	LARGE = 2 << 20,
	MANY = 4000, /* mappings in place when the second device comes */
	BOTH = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE,
};

#define BASE 0x100000000ULL /* where those are */
#define FREE 0x200000000ULL

static struct libiommufd_ctx *ctx;
static struct libiommufd_ioas *ioas;
static struct libiommufd_device *first, *second;
static const char *address; /* of the second */
static uint8_t *memory;

/* ---- The second device ---- */

enum way {
	SHARED,
	PRIVATE,
	WAYS,
};

static int ways = WAYS;

/* Figures of something by the shared way are of another thing if it was not shared. */
static void must_be(struct libiommufd_device *dev, const char *which, bool expected)
{
	bool private = !expected;

	figures_need(libiommufd_device_query_private(dev, &private), "query_private");
	if (private == expected)
		return;
	fprintf(stderr, "the %s device %s a container of its own\n", which,
		private ? "has" : "has not");
	exit(1);
}

static void open_second(void)
{
	figures_need(libiommufd_device_open(ctx, address, NULL, &second), "open");
}

static void bind_second(enum way way)
{
	const struct libiommufd_bind_opts opts = {
		.size = sizeof(opts),
		.flags = way == PRIVATE ? LIBIOMMUFD_BIND_PRIVATE : 0,
	};
	figures_need(libiommufd_device_bind(second, &opts), "bind");
}

static void attach_second(void)
{
	figures_need(libiommufd_device_attach(second, ioas), "attach");
}

static void check_way(enum way way)
{
	must_be(first, "first", false);
	must_be(second, "second", way == PRIVATE);
}

static void close_second(void)
{
	figures_need(libiommufd_device_close(second, 0), "close");
}

/* ---- Measuring ---- */

/* By ways, then turns. */
typedef double series[WAYS][TURNS];

/* The goal is for the only way. */
static void tell(const char *what, series figures, double goal)
{
	if (ways == WAYS)
		figures_compare(what, figures[SHARED], figures[PRIVATE], -1);
	else
		figures_tell(what, figures_median(figures[SHARED]), "us", goal);
}

/* Microseconds for one map and one unmap. */
static void map_and_unmap(uint64_t length, int calls, double *map, double *unmap)
{
	double between = 0, all = 0;

	for (int i = 0; i < calls; i++) {
		double start = figures_now();
		figures_need(libiommufd_ioas_map_at(ioas, memory, length, BOTH, FREE), "map");
		between += figures_now() - start;
		start = figures_now();
		figures_need(libiommufd_ioas_unmap(ioas, FREE, length, NULL), "unmap");
		all += figures_now() - start;
	}
	*map = between / calls;
	*unmap = all / calls;
}

static void measure_maps(void)
{
	series map, unmap, map_large, unmap_large;

	for (int i = 0; i < TURNS; i++) {
		for (int k = 0; k < ways; k++) {
			/* Who is first takes turns, too. */
			int way = (i + k) % ways;
			open_second();
			bind_second(way);
			attach_second();
			check_way(way);
			map_and_unmap(PAGE, 500, &map[way][i], &unmap[way][i]);
			map_and_unmap(LARGE, 20, &map_large[way][i], &unmap_large[way][i]);
			close_second();
		}
	}
	tell("map 4 KiB for two devices", map, -1);
	tell("unmap 4 KiB for two devices", unmap, -1);
	tell("map 2 MiB for two devices", map_large, -1);
	tell("unmap 2 MiB for two devices", unmap_large, -1);
}

/* What this process has pinned, in KiB: type1 counts it as locked, iommufd as pinned. */
static long pinned(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	long total = 0, value;
	char line[128];
	int found = 0;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "VmLck: %ld kB", &value) != 1 &&
		    sscanf(line, "VmPin: %ld kB", &value) != 1)
			continue;
		total += value;
		found++;
	}
	if (found != 2) {
		fprintf(stderr, "the kernel does not tell what is pinned\n");
		exit(1);
	}
	fclose(file);
	return total;
}

static void measure_arrival(void)
{
	series both, attach;
	long pins[WAYS];

	for (uint64_t i = 0; i < MANY; i++)
		figures_need(libiommufd_ioas_map_at(ioas, memory + i * PAGE, PAGE, BOTH,
						    BASE + i * 2 * PAGE),
			     "one of many");
	for (int i = 0; i < TURNS; i++) {
		for (int k = 0; k < ways; k++) {
			/* Who is first takes turns, too. */
			int way = (i + k) % ways;
			open_second();
			long before = pinned();
			double start = figures_now();
			bind_second(way);
			double bound = figures_now();
			attach_second();
			double end = figures_now();
			pins[way] = pinned() - before;
			check_way(way);
			close_second();
			both[way][i] = end - start;
			attach[way][i] = end - bound;
		}
	}
	/* Who has a container of its own opens the device at bind, who shares one at attach. */
	tell("bind and attach the second, 4,000 in place", both, -1);
	tell("attach the second, 4,000 in place", attach, 50);
	if (ways == WAYS) {
		figures_tell("pinned for the second, shared", (double)pins[SHARED], "KiB", -1);
		figures_tell("pinned for the second, private", (double)pins[PRIVATE], "KiB", -1);
	} else {
		figures_tell("pinned for the second", (double)pins[SHARED], "KiB", 0);
	}
}

int main(int argc, char **argv)
{
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

	if (argc != 3) {
		fprintf(stderr, "usage: containers FIRST SECOND\n");
		return 2;
	}
	address = argv[2];
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	memory = mmap(NULL, MANY * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		return 1;
	figures_need(libiommufd_ctx_open(NULL, &ctx), "ctx");
	figures_need(libiommufd_ioas_create(ctx, NULL, &ioas), "ioas");
	figures_need(libiommufd_device_open(ctx, argv[1], NULL, &first), "open");
	figures_need(libiommufd_device_bind(first, NULL), "bind");
	figures_need(libiommufd_device_attach(first, ioas), "attach");

	bool native = libiommufd_ctx_get_backend(ctx) == LIBIOMMUFD_BACKEND_NATIVE;
	ways = native ? 1 : WAYS;
	figures_begin(native ? "native" : "type1", getenv("LAB_KERNEL"), native ? "" : "shared",
		      native ? "two devices" : "private");
	measure_maps();
	measure_arrival();
	libiommufd_device_close(first, 0);
	libiommufd_ioas_destroy(ioas);
	libiommufd_ctx_unref(ctx);
	return 0;
}
