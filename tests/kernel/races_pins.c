/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the race about pages that a driver pins one by one, by the sample mcopy of the patches for 6.1: in a map
 * of 64 GiB that is hardly there, while the map goes under it.
 */
#include "races.h"

enum {
	BAR0 = 0x1000, /* in the device's file */
	COPY = 1,
	PIN = 2,
	UNPIN = 3,
	COPY_FROM_PINNED = 4,
	PLACES = 64, /* pages that are pinned, far from each other */
	SMALL = 16,  /* pages of a map that comes and goes */
};

static const uint64_t huge = 64ULL << 30, base = 1ULL << 40, other = 1ULL << 20;

struct copier {
	int iommu, dev;
	uint32_t ioas;
	uint8_t *memory, *small;
	pthread_mutex_t lock; /* of the device's registers */
	bool over;
};

static void put(int dev, int reg, uint64_t value)
{
	if (pwrite(dev, &value, 8, BAR0 + reg * 8) != 8)
		die("register %d of mcopy: %s", reg, result_name(-errno));
}

static int64_t get(int dev, int reg)
{
	int64_t value;

	if (pread(dev, &value, 8, BAR0 + reg * 8) != 8)
		die("register %d of mcopy: %s", reg, result_name(-errno));
	return value;
}

/* The result of a command. */
static int command(struct copier *c, int what, uint64_t source, uint64_t target, uint64_t length)
{
	pthread_mutex_lock(&c->lock);
	put(c->dev, 0, source);
	put(c->dev, 1, target);
	put(c->dev, 2, length);
	put(c->dev, 3, (uint64_t)what);
	int r = (int)get(c->dev, 4);
	pthread_mutex_unlock(&c->lock);
	return r;
}

static uint64_t place(int n)
{
	return huge / PLACES * (uint64_t)n + (uint64_t)(n * 37 % 1000) * PAGE;
}

/* One page of 64 GiB pinned is one page pinned, and it is the right one. */
static void single_pages(struct copier *c, long before)
{
	uint8_t *target = c->memory + PAGE;

	for (int n = 0; n < PLACES; n++) {
		memory_fill(c->memory + place(n), LENGTH);
		expect(command(c, PIN, base + place(n), 0, PAGE), 0);
		if (pins() - before != n + 1 || get(c->dev, 5) != n + 1)
			failed("%ld pages are pinned, not %d", pins() - before, n + 1);
		expect(command(c, COPY_FROM_PINNED, base + place(n), base + PAGE, LENGTH), 0);
		if (memcmp(target, c->memory + place(n), LENGTH))
			failed("page %d of the map is not that of the memory", n);
		/* Pinned again it is pinned once. */
		expect(command(c, PIN, base + place(n), 0, 100), 0);
	}
	for (int n = 0; n < PLACES; n += 2)
		expect(command(c, UNPIN, base + place(n), 0, PAGE), 0);
	if (pins() - before != PLACES / 2 || pinned_here() != PLACES / 2 * 4)
		failed("%ld pages are pinned, %ld KiB by this process, not %d pages",
		       pins() - before, pinned_here(), PLACES / 2);
	expect(command(c, COPY_FROM_PINNED, base + place(0), base + PAGE, LENGTH), ENOENT);
	expect(command(c, PIN, base + huge, 0, PAGE), ENOENT, EFAULT, EINVAL);
	expect(command(c, UNPIN, base, 0, 1), 0);
	for (int n = 1; n < PLACES; n += 2)
		expect(command(c, UNPIN, base + place(n), 0, PAGE), 0);
	if (pins() != before)
		failed("%ld pages are pinned after all were unpinned", pins() - before);
}

static void *pin_and_copy(void *argument)
{
	struct copier *c = argument;
	unsigned state = 77;

	while (more()) {
		unsigned random = pseudo_random(&state);
		uint64_t at = other + random % SMALL * PAGE;

		/* What is not mapped at the moment is not there. */
		expect(command(c, PIN, at, 0, 3 * PAGE), 0, ENOENT, EFAULT, EINVAL, EBUSY);
		expect(command(c, COPY, at, base, LENGTH), 0, ENOENT, EFAULT, EINVAL, EBUSY);
		if (random & 0x100)
			expect(command(c, UNPIN, at + PAGE, 0, PAGE), 0);
		count(1);
	}
	__atomic_store_n(&c->over, true, __ATOMIC_RELAXED);
	return NULL;
}

static void *take_the_map(void *argument)
{
	struct copier *c = argument;

	while (!__atomic_load_n(&c->over, __ATOMIC_RELAXED)) {
		expect(ioas_map(c->iommu, c->ioas, c->small, SMALL * PAGE, MAP_BOTH, other), 0);
		usleep(500);
		expect(ioas_unmap(c->iommu, c->ioas, other, SMALL * PAGE), 0);
		count(1);
	}
	return NULL;
}

static void *come_and_go(void *argument)
{
	struct copier *c = argument;
	uint32_t empty = ioas_new(c->iommu);

	while (!__atomic_load_n(&c->over, __ATOMIC_RELAXED)) {
		usleep(20000);
		expect(cdev_attach(c->dev, empty), 0);
		expect(cdev_attach(c->dev, c->ioas), 0);
		count(1);
	}
	return NULL;
}

void race_of_pins(void)
{
	struct copier c = {.iommu = iommu_open(), .lock = PTHREAD_MUTEX_INITIALIZER};
	long before = pins();

	c.dev = cdev_open("MDEV0");
	must(cdev_bind(c.dev, c.iommu, NULL));
	c.ioas = ioas_new(c.iommu);
	must(cdev_attach(c.dev, c.ioas));
	c.memory = memory_at(0x300000000000, huge);
	c.small = memory_new(SMALL * PAGE);
	must(ioas_map(c.iommu, c.ioas, c.memory, huge, MAP_BOTH, base));
	single_pages(&c, before);
	together((struct side[]){{pin_and_copy, &c}, {take_the_map, &c}, {come_and_go, &c}}, 3);
	/* Its pins are given back by its driver. */
	expect(command(&c, PIN, base + place(5), 0, PAGE), 0);
	expect(ioas_unmap(c.iommu, c.ioas, base, huge), 0);
	if (pins() != before || get(c.dev, 5))
		failed("%ld pages are pinned after the unmap, and %lld by the driver",
		       pins() - before, (long long)get(c.dev, 5));
	must(ioas_map(c.iommu, c.ioas, c.memory, huge, MAP_BOTH, base));
	expect(command(&c, PIN, base + place(5), 0, PAGE), 0);
	close(c.dev);
	if (pins() != before)
		failed("%ld pages are pinned after the close", pins() - before);
}
