/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Flows of page tables, and what DMA reaches after them: after a failed move the old memory or nothing, and
 * nothing of a table that is gone. EDU0 and EDU1 are a group, EDU2 is one of its own.
 */
#include "failures.h"

#include <string.h>
#include <unistd.h>

/* Two spaces with different memory at AT; both reach HOME, through which a device tells what it has read. */
static void bound(struct world *w)
{
	w->iommu = iommu_open();
	edu_bound(&w->edu, "EDU0", w->iommu);
	w->id[0] = w->edu.id;
	w->ioas = space_new(w->iommu);
	w->other = space_new(w->iommu);
	w->memory = memory_new(SIZE);
	w->memory2 = memory_new(SIZE);
	must(ioas_map(w->iommu, w->ioas, w->memory, SIZE, MAP_BOTH, AT));
	must(ioas_map(w->iommu, w->other, w->memory2, SIZE, MAP_BOTH, AT));
}

static void attached(struct world *w)
{
	bound(w);
	must(cdev_attach(w->edu.fd, w->ioas));
}

static void second_bound(struct world *w)
{
	attached(w);
	w->dev[1] = cdev_open("EDU1");
	must(cdev_bind(w->dev[1], w->iommu, &w->id[1]));
}

static void both_attached(struct world *w)
{
	second_bound(w);
	must(cdev_attach(w->dev[1], w->ioas));
}

static void other_group_bound(struct world *w)
{
	attached(w);
	w->dev[1] = cdev_open("EDU2");
	must(cdev_bind(w->dev[1], w->iommu, &w->id[1]));
}

static void table_made(struct world *w)
{
	attached(w);
	must(hwpt_new(w->iommu, w->id[0], w->other, 0, &w->hwpt));
}

static int attach_first(struct world *w)
{
	return cdev_attach(w->edu.fd, w->ioas);
}

static int attach_second(struct world *w)
{
	return cdev_attach(w->dev[1], w->ioas);
}

static int move(struct world *w)
{
	return cdev_attach(w->edu.fd, w->other);
}

static int move_to_table(struct world *w)
{
	return cdev_attach(w->edu.fd, w->hwpt);
}

static int detach(struct world *w)
{
	return cdev_detach(w->edu.fd);
}

static int make_table(struct world *w)
{
	return hwpt_new(w->iommu, w->id[0], w->other, 0, &w->hwpt);
}

/* What it reads is not known where HOME is out of reach. */
static bool reaches_nothing(struct world *w, uint8_t *memory)
{
	return edu_reach(&w->edu, AT, memory)[0] == '-';
}

static bool reaches(struct world *w, uint8_t *memory)
{
	return !strcmp(edu_reach(&w->edu, AT, memory), "rw");
}

static void blocked(struct world *w)
{
	check(reaches_nothing(w, w->memory));
	check(reaches_nothing(w, w->memory2));
}

static void in_old(struct world *w)
{
	check(reaches_nothing(w, w->memory2));
	check(reaches(w, w->memory) || reaches_nothing(w, w->memory));
}

static void in_new(struct world *w)
{
	check(reaches_nothing(w, w->memory));
	check(reaches(w, w->memory2));
}

static void in_first(struct world *w)
{
	check(reaches(w, w->memory));
	check(reaches_nothing(w, w->memory2));
}

/* The tables of both spaces are freed; DMA finds neither. */
static void tables_freed(struct world *w)
{
	check(cdev_detach(w->edu.fd) == 0);
	if (w->dev[1] >= 0)
		check(cdev_detach(w->dev[1]) == 0);
	if (w->hwpt)
		check(iommu_destroy(w->iommu, w->hwpt) == 0);
	check(iommu_destroy(w->iommu, w->ioas) == 0);
	check(iommu_destroy(w->iommu, w->other) == 0);
	blocked(w);
}

static void done_new(struct world *w)
{
	in_new(w);
	tables_freed(w);
}

static void done_first(struct world *w)
{
	in_first(w);
	tables_freed(w);
}

static void done_blocked(struct world *w)
{
	blocked(w);
	tables_freed(w);
}

const struct flow table_flows[] = {
	{.name = "attach",
	 .needs = "EDU0",
	 FLOW(bound, attach_first, blocked, done_first),
	 .left = tables_freed},
	{.name = "attach-second",
	 .needs = "EDU0 EDU1",
	 FLOW(second_bound, attach_second, in_first, done_first),
	 .left = tables_freed},
	{.name = "attach-other-group",
	 .needs = "EDU0 EDU2",
	 FLOW(other_group_bound, attach_second, in_first, done_first),
	 .left = tables_freed},
	{.name = "move",
	 .needs = "EDU0",
	 FLOW(attached, move, in_old, done_new),
	 .left = tables_freed},
	{.name = "move-two",
	 .needs = "EDU0 EDU1",
	 FLOW(both_attached, move, in_old, done_new),
	 .left = tables_freed},
	{.name = "move-to-table",
	 .needs = "EDU0",
	 FLOW(table_made, move_to_table, in_old, done_new),
	 .left = tables_freed},
	{.name = "table",
	 .needs = "EDU0",
	 FLOW(attached, make_table, in_first, done_first),
	 .left = tables_freed},
	{.name = "detach",
	 .needs = "EDU0",
	 FLOW(attached, detach, NULL, done_blocked),
	 .sure = true},
	{0},
};
