/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flows of a driver that pins and touches its user's memory itself: the sample mcopy, here MDEV2. */
#include "failures.h"

#include <string.h>
#include <unistd.h>

enum {
	SOURCE = 0x00,
	DESTINATION = 0x08,
	BYTES = 0x10,
	COMMAND = 0x18,
	RESULT = 0x20,
	COPY = 1,
	PIN,
	UNPIN,
	COPY_PINNED,
};

#define TO (AT + 8 * PAGE)

static int put(struct world *w, int reg, uint64_t value)
{
	return pwrite(w->dev[0], &value, sizeof(value), (off_t)w->iova + reg) < 0 ? -errno : 0;
}

static int get(struct world *w, int reg, uint64_t *value)
{
	return pread(w->dev[0], value, sizeof(*value), (off_t)w->iova + reg) < 0 ? -errno : 0;
}

/* What the device says, or why it could not be asked. */
static int command(struct world *w, uint64_t what)
{
	uint64_t result = 0;
	int r = put(w, COMMAND, what);

	if (r == 0)
		r = get(w, RESULT, &result);
	return r < 0 ? r : (int)(int64_t)result;
}

static void mapped(struct world *w)
{
	uint64_t size;

	w->iommu = iommu_open();
	w->dev[0] = cdev_open("MDEV2");
	must(cdev_bind(w->dev[0], w->iommu, &w->id[0]));
	w->ioas = ioas_new(w->iommu);
	must(cdev_attach(w->dev[0], w->ioas));
	w->memory = memory_new(SIZE);
	must(ioas_map(w->iommu, w->ioas, w->memory, SIZE, MAP_BOTH, AT));
	must(region_find(w->dev[0], VFIO_PCI_BAR0_REGION_INDEX, &w->iova, &size));
	memory_fill(w->memory, 4 * PAGE);
	must(put(w, SOURCE, AT));
	must(put(w, DESTINATION, TO));
	must(put(w, BYTES, 4 * PAGE));
}

static void pinned(struct world *w)
{
	mapped(w);
	must(command(w, PIN));
}

static int copy(struct world *w)
{
	return command(w, COPY);
}

static int pin(struct world *w)
{
	return command(w, PIN);
}

static int unpin(struct world *w)
{
	int r = command(w, UNPIN);

	/* The question may fail where copies to users do; the command cannot. */
	return r == -EFAULT ? 0 : r;
}

static int copy_pinned(struct world *w)
{
	return command(w, COPY_PINNED);
}

static int unmap(struct world *w)
{
	int r = ioas_unmap(w->iommu, w->ioas, AT, SIZE);

	return r < 0 ? r : 0;
}

static void copied(struct world *w)
{
	check(!memcmp(w->memory, w->memory + (TO - AT), 4 * PAGE));
}

static void can_be_unpinned(struct world *w)
{
	uint64_t count;

	check(command(w, COPY_PINNED) == 0);
	copied(w);
	check(command(w, UNPIN) == 0);
	check(get(w, 0x28, &count) == 0 && count == 0);
	check(command(w, COPY_PINNED) == -ENOENT);
}

/* The sample keeps the pages that it got before one failed; whoever asked takes them back. */
static void taken_back(struct world *w)
{
	check(command(w, UNPIN) == 0);
}

/* The driver was told to let go of its pages. */
static void let_go(struct world *w)
{
	uint64_t count;

	check(get(w, 0x28, &count) == 0 && count == 0);
	check(command(w, COPY) < 0);
}

const struct flow access_flows[] = {
	{.name = "access-copy", .needs = "MDEV2", .before = mapped, .act = copy, .done = copied},
	{.name = "access-pin", .needs = "MDEV2", FLOW(mapped, pin, taken_back, can_be_unpinned)},
	{.name = "access-copy-pinned",
	 .needs = "MDEV2",
	 .before = pinned,
	 .act = copy_pinned,
	 .done = copied},
	{.name = "access-unpin", .needs = "MDEV2", .before = pinned, .act = unpin, .sure = true},
	{.name = "access-unmap",
	 .answers = true,
	 .needs = "MDEV2",
	 FLOW(pinned, unmap, NULL, let_go),
	 .sure = true},
	{0},
};
