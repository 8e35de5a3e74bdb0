/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a kernel's iommufd costs beside its type1, in one boot: time by work, memory by mapping, and how long another
 * thread waits. Prints lines "ROW WHO FIGURE UNIT"; the script kernel runs it and compares. Needs three devices in
 * groups of their own, 1 GiB in huge pages, and 2.5 GiB besides.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../kernel/raw.h"

enum {
	TURNS = 5,
	CALLS = 400,
	MANY = 300000,
	HOLES = 300, /* places left free among those */
	TYPE1V2 = 3,
};

#define GIB    (1ULL << 30)
#define SMALL  0x10000000ULL  /* where single pages go while nothing else is there */
#define LARGE  0x100000000ULL /* where a GiB goes, or MANY pages */
#define UNUSED 0x3000000000ULL
#define PROBE  0x2000000000ULL

static int iommu, container, devices[2], groups[2];
static uint32_t ids[2], ioas;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- The two ways ---- */

static int map_native(const void *va, uint64_t length, uint64_t iova)
{
	return ioas_map(iommu, ioas, va, length, MAP_BOTH, iova);
}

static int unmap_native(uint64_t iova, uint64_t length)
{
	int r = ioas_unmap(iommu, ioas, iova, length);

	return r < 0 ? r : 0;
}

static int map_type1(const void *va, uint64_t length, uint64_t iova)
{
	struct vfio_iommu_type1_dma_map arg = {.argsz = sizeof(arg),
					       .flags = VFIO_DMA_MAP_FLAG_READ |
							VFIO_DMA_MAP_FLAG_WRITE,
					       .vaddr = (uintptr_t)va,
					       .iova = iova,
					       .size = length};

	return call(container, VFIO_IOMMU_MAP_DMA, &arg);
}

static int unmap_type1(uint64_t iova, uint64_t length)
{
	struct vfio_iommu_type1_dma_unmap arg = {.argsz = sizeof(arg),
						 .iova = iova,
						 .size = length};

	return call(container, VFIO_IOMMU_UNMAP_DMA, &arg);
}

static int clear_native(void)
{
	return unmap_native(0, UINT64_MAX);
}

static int clear_type1(void)
{
	struct vfio_iommu_type1_dma_unmap arg = {.argsz = sizeof(arg),
						 .flags = VFIO_DMA_UNMAP_FLAG_ALL};

	return call(container, VFIO_IOMMU_UNMAP_DMA, &arg);
}

static const struct way {
	const char *name;
	int (*map)(const void *va, uint64_t length, uint64_t iova);
	int (*unmap)(uint64_t iova, uint64_t length);
	int (*clear)(void);
} ways[] = {{"type1", map_type1, unmap_type1, clear_type1},
	    {"iommufd", map_native, unmap_native, clear_native}};

/* ---- Printing ---- */

static void figure(const char *row, const char *who, double value, const char *unit)
{
	printf("%s %s %.3f %s\n", row, who, value, unit);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), by_size);
	return values[count / 2];
}

/* ---- Time ---- */

/* A place that is free, and not near the one before, if there are MANY. */
static uint64_t place(int i, bool among_many)
{
	if (!among_many)
		return SMALL;
	return LARGE + (uint64_t)((i * 77) % HOLES) * (MANY / HOLES) * PAGE;
}

static void single_pages(const char *row, const void *memory, bool among_many)
{
	double map[2][TURNS], unmap[2][TURNS];
	char name[64];

	for (int turn = 0; turn < TURNS; turn++) {
		for (int k = 0; k < 2; k++) {
			int who = (turn + k) % 2; /* who is first takes turns */
			double in_map = 0, in_unmap = 0;

			for (int i = 0; i < CALLS; i++) {
				double start = now(), between;

				must(ways[who].map(memory, PAGE, place(i, among_many)));
				between = now();
				must(ways[who].unmap(place(i, among_many), PAGE));
				in_map += between - start;
				in_unmap += now() - between;
			}
			map[who][turn] = in_map / CALLS;
			unmap[who][turn] = in_unmap / CALLS;
		}
	}
	for (int who = 0; who < 2; who++) {
		snprintf(name, sizeof(name), "map-%s", row);
		figure(name, ways[who].name, median(map[who], TURNS), "us");
		snprintf(name, sizeof(name), "unmap-%s", row);
		figure(name, ways[who].name, median(unmap[who], TURNS), "us");
	}
}

static double map_time(const struct way *way, const void *memory, uint64_t length)
{
	double start = now();

	must(way->map(memory, length, LARGE));
	return now() - start;
}

static void one_gib(const char *row, const void *memory)
{
	double map[2][3], unmap[2][3];
	char name[64];

	for (int turn = 0; turn < 3; turn++) {
		for (int who = 0; who < 2; who++) {
			map[who][turn] = map_time(&ways[who], memory, GIB);
			double start = now();
			must(ways[who].unmap(LARGE, GIB));
			unmap[who][turn] = now() - start;
		}
	}
	for (int who = 0; who < 2; who++) {
		snprintf(name, sizeof(name), "map-gib-%s", row);
		figure(name, ways[who].name, median(map[who], 3) / 1e3, "ms");
		snprintf(name, sizeof(name), "unmap-gib-%s", row);
		figure(name, ways[who].name, median(unmap[who], 3) / 1e3, "ms");
	}
}

/* A copy to a space that has a page table, and a new table for a space that is full. */
static void copies(const char *row, const void *memory)
{
	double copy[3], table[3], fresh[3];
	char name[64];

	for (int turn = 0; turn < 3; turn++) {
		uint32_t other = ioas_new(iommu), hwpt, second;
		double start;

		must(hwpt_new(iommu, ids[0], other, 0, &hwpt));
		fresh[turn] = map_time(&ways[1], memory, GIB);
		start = now();
		must(ioas_copy(iommu, other, LARGE, ioas, LARGE, GIB, MAP_BOTH));
		copy[turn] = now() - start;
		start = now();
		must(hwpt_new(iommu, ids[0], ioas, 0, &second));
		table[turn] = now() - start;
		must(iommu_destroy(iommu, second));
		must(ways[1].clear());
		must(iommu_destroy(iommu, hwpt));
		must(iommu_destroy(iommu, other));
	}
	snprintf(name, sizeof(name), "copy-gib-%s", row);
	figure(name, "fresh", median(fresh, 3) / 1e3, "ms");
	figure(name, "iommufd", median(copy, 3) / 1e3, "ms");
	snprintf(name, sizeof(name), "table-gib-%s", row);
	figure(name, "fresh", median(fresh, 3) / 1e3, "ms");
	figure(name, "iommufd", median(table, 3) / 1e3, "ms");
}

static void second_devices(const void *memory)
{
	double native[TURNS], type1[TURNS];
	long before, more = 0;

	must(ways[1].map(memory, GIB, LARGE));
	must(ways[0].map(memory, GIB, LARGE));
	for (int turn = 0; turn < TURNS; turn++) {
		double start;

		before = pins();
		start = now();
		must(cdev_attach(devices[1], ioas));
		native[turn] = now() - start;
		if (pins() - before > more)
			more = pins() - before;
		must(cdev_detach(devices[1]));
	}
	/* The second group cannot be in both worlds at once. */
	close(devices[1]);
	groups[1] = must(group_open("EDU2"));
	for (int turn = 0; turn < TURNS; turn++) {
		double start = now();

		must(call(groups[1], VFIO_GROUP_SET_CONTAINER, &container));
		type1[turn] = now() - start;
		must(call(groups[1], VFIO_GROUP_UNSET_CONTAINER, NULL));
	}
	close(groups[1]);
	must(ways[0].clear());
	must(ways[1].clear());
	figure("second-device", "type1", median(type1, TURNS) / 1e3, "ms");
	figure("second-device", "iommufd", median(native, TURNS) / 1e3, "ms");
	figure("second-device-pins", "iommufd", (double)more, "pages");
}

/* ---- Memory ---- */

/* Free pages, with those that each processor keeps for itself. */
static long free_pages(void)
{
	char line[256];
	long total = 0, value;
	FILE *file;

	must(write_word("/proc/sys/vm/stat_refresh", "1"));
	file = fopen("/proc/zoneinfo", "re");
	if (!file)
		die("/proc/zoneinfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " nr_free_pages %ld", &value) == 1 ||
		    sscanf(line, " count: %ld", &value) == 1)
			total += value;
	fclose(file);
	return total;
}

/* MANY neighbours: 8 bytes of page table belong to each. Then also time: many in place, and all of them unmapped. */
static void many(const void *memory)
{
	for (int who = 0; who < 2; who++) {
		long before = free_pages();

		for (int i = 0; i < MANY; i++)
			must(ways[who].map(memory, PAGE, LARGE + (uint64_t)i * PAGE));
		figure("memory-mapping", ways[who].name,
		       (double)(before - free_pages()) * PAGE / MANY - 8, "B");
		for (int i = 0; i < HOLES; i++)
			must(ways[who].unmap(place(i, true), PAGE));
	}
	single_pages("page-among-300000", memory, true);
	for (int who = 0; who < 2; who++) {
		double start = now();

		must(ways[who].clear());
		figure("unmap-all-300000", ways[who].name, (now() - start) / 1e3, "ms");
	}
}

/*
 * No page has a neighbour: the worst for what remembers runs. Where nothing was before, so that all page tables are
 * new: 8 bytes of them belong to each page.
 */
static void memory_of_pages(const void *memory)
{
	for (int who = 0; who < 2; who++) {
		long before = free_pages();

		must(ways[who].map(memory, GIB, UNUSED));
		figure("memory-page", ways[who].name,
		       (double)(before - free_pages()) * PAGE / (double)(GIB / PAGE) - 8, "B");
		must(ways[who].unmap(UNUSED, GIB));
	}
}

/* ---- Waiting ---- */

static struct {
	const struct way *way;
	const void *memory;
	bool stop;
	double longest;
} probe;

/* Wakes up twenty times a millisecond, before anybody else, and maps a page: how late is it done? */
static void *run_probe(void *unused)
{
	struct sched_param first = {.sched_priority = 10};
	bool mapped = false;

	(void)unused;
	if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &first))
		die("no priority for the probe");
	while (!__atomic_load_n(&probe.stop, __ATOMIC_ACQUIRE)) {
		double due = now() + 50, late;

		usleep(50);
		if (mapped)
			probe.way->unmap(PROBE, PAGE);
		else
			probe.way->map(probe.memory, PAGE, PROBE);
		mapped = !mapped;
		late = now() - due;
		if (late > probe.longest)
			probe.longest = late;
	}
	probe.way->unmap(PROBE, PAGE);
	return NULL;
}

static pthread_t probe_start(const struct way *way, const void *memory)
{
	pthread_t thread;

	probe.way = way;
	probe.memory = memory;
	probe.longest = 0;
	probe.stop = false;
	if (pthread_create(&thread, NULL, run_probe, NULL))
		die("no thread");
	usleep(5000);
	probe.longest = 0;
	return thread;
}

static void probe_end(pthread_t thread, const char *row)
{
	figure(row, probe.way->name, probe.longest / 1e3, "ms");
	__atomic_store_n(&probe.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
}

static void waiting(const void *memory, const void *page)
{
	for (int who = 0; who < 2; who++) {
		pthread_t thread = probe_start(&ways[who], page);

		must(ways[who].map(memory, GIB, LARGE));
		probe_end(thread, "wait-in-map-gib");
		thread = probe_start(&ways[who], page);
		must(ways[who].clear());
		probe_end(thread, "wait-in-unmap-all-gib");
	}
	must(ways[1].map(memory, GIB, LARGE));
	must(cdev_detach(devices[0]));
	pthread_t thread = probe_start(&ways[1], page);
	must(cdev_attach(devices[0], ioas));
	probe_end(thread, "wait-in-attach-gib");
	must(ways[1].clear());
}

/* ---- All of it ---- */

static void raise_limits(void)
{
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	must(write_word("/sys/module/vfio_iommu_type1/parameters/dma_entry_limit", "700000"));
}

static void set_up(void)
{
	static const char *const names[] = {"EDU0", "EDU2"};

	iommu = iommu_open();
	ioas = ioas_new(iommu);
	for (int i = 0; i < 2; i++) {
		devices[i] = cdev_open(names[i]);
		must(cdev_bind(devices[i], iommu, &ids[i]));
	}
	must(cdev_attach(devices[0], ioas));
	container = must(container_open());
	groups[0] = must(group_open("EDU1"));
	must(call(groups[0], VFIO_GROUP_SET_CONTAINER, &container));
	must(call(container, VFIO_SET_IOMMU, (void *)TYPE1V2));
}

static uint8_t *reserve(int flags)
{
	void *memory =
		mmap(NULL, GIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (memory == MAP_FAILED)
		die("no GiB of memory%s", flags & MAP_HUGETLB ? " in huge pages" : "");
	return memory;
}

/* Page by page in turns with another GiB, which is given back: so no two neighbours are neighbours. */
static uint8_t *fragmented(void)
{
	uint8_t *memory = reserve(0), *other = reserve(0);

	for (uint64_t i = 0; i < GIB; i += PAGE)
		memory[i] = other[i] = 1;
	munmap(other, GIB);
	return memory;
}

int main(void)
{
	uint8_t *memory, *page;

	setvbuf(stdout, NULL, _IOLBF, 0);
	raise_limits();
	set_up();
	page = memory_new(PAGE);

	single_pages("page", page, false);
	many(page);

	memory = reserve(MAP_HUGETLB | MAP_POPULATE);
	one_gib("huge", memory);
	copies("huge", memory);
	munmap(memory, GIB);

	memory = fragmented();
	one_gib("fragmented", memory);
	copies("fragmented", memory);
	memory_of_pages(memory);
	munmap(memory, GIB);

	memory = reserve(MAP_POPULATE);
	one_gib("fresh", memory);
	waiting(memory, page);
	second_devices(memory);
	return 0;
}
