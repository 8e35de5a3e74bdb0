/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flows of devices: opening, binding, and asking. A group of two is EDU0 and EDU1. */
#include "failures.h"

#include <fcntl.h>
#include <unistd.h>

static void opened(struct world *w)
{
	w->iommu = iommu_open();
	w->dev[0] = cdev_open("EDU0");
}

static void bound(struct world *w)
{
	opened(w);
	must(cdev_bind(w->dev[0], w->iommu, &w->id[0]));
}

static void both_opened(struct world *w)
{
	bound(w);
	w->dev[1] = cdev_open("EDU1");
}

static void mdev_opened(struct world *w)
{
	w->iommu = iommu_open();
	w->dev[0] = cdev_open("MDEV0");
}

static void mdev_bound(struct world *w)
{
	mdev_opened(w);
	must(cdev_bind(w->dev[0], w->iommu, &w->id[0]));
	w->ioas = ioas_new(w->iommu);
	w->other = ioas_new(w->iommu);
}

static void mdev_attached(struct world *w)
{
	mdev_bound(w);
	must(cdev_attach(w->dev[0], w->ioas));
}

static int open_device(struct world *w)
{
	w->dev[0] = cdev_try("EDU0");
	return w->dev[0] < 0 ? w->dev[0] : 0;
}

static int bind_first(struct world *w)
{
	return cdev_bind(w->dev[0], w->iommu, &w->id[0]);
}

static int bind_second(struct world *w)
{
	return cdev_bind(w->dev[1], w->iommu, &w->id[1]);
}

/* A device that is not bound answers nothing. */
static void first_is_not_bound(struct world *w)
{
	uint64_t offset, size;

	check(region_find(w->dev[0], VFIO_PCI_BAR0_REGION_INDEX, &offset, &size) == -EINVAL);
	check(cdev_detach(w->dev[0]) == -EINVAL);
}

static void second_is_not_bound(struct world *w)
{
	uint64_t offset, size;

	check(region_find(w->dev[1], VFIO_PCI_BAR0_REGION_INDEX, &offset, &size) == -EINVAL);
	check(region_find(w->dev[0], VFIO_PCI_BAR0_REGION_INDEX, &offset, &size) == 0);
}

static void first_is_bound(struct world *w)
{
	uint64_t offset, size;

	check(region_find(w->dev[0], VFIO_PCI_BAR0_REGION_INDEX, &offset, &size) == 0);
	check(cdev_bind(w->dev[0], w->iommu, NULL) == -EINVAL);
}

/* The host's side can have the whole group back. */
static void group_is_free(struct world *w)
{
	close(w->dev[0]);
	close(w->dev[1]);
	int group = group_open("EDU0");

	check(group >= 0);
	close(group);
}

static int close_device(struct world *w)
{
	if (w->dev[0] >= 0)
		close(w->dev[0]);
	w->dev[0] = -1;
	return 0;
}

static int ask_hardware(struct world *w)
{
	uint8_t data[64];
	struct iommu_hw_info arg = {.size = sizeof(arg),
				    .dev_id = w->id[0],
				    .data_len = sizeof(data),
				    .data_uptr = (uintptr_t)data};

	return call(w->iommu, IOMMU_GET_HW_INFO, &arg);
}

static int attach_mdev(struct world *w)
{
	return cdev_attach(w->dev[0], w->ioas);
}

static int move_mdev(struct world *w)
{
	return cdev_attach(w->dev[0], w->other);
}

static int detach_mdev(struct world *w)
{
	return cdev_detach(w->dev[0]);
}

const struct flow device_flows[] = {
	{.name = "cdev-open", .needs = "EDU0", .act = open_device},
	{.name = "bind",
	 .needs = "EDU0",
	 FLOW(opened, bind_first, first_is_not_bound, first_is_bound),
	 .left = group_is_free},
	{.name = "bind-second",
	 .needs = "EDU0 EDU1",
	 FLOW(both_opened, bind_second, second_is_not_bound, NULL),
	 .left = group_is_free},
	{.name = "close",
	 .needs = "EDU0",
	 FLOW(bound, close_device, NULL, group_is_free),
	 .sure = true},
	{.name = "hw-info", .needs = "EDU0", .before = bound, .act = ask_hardware},
	{.name = "mdev-bind", .needs = "MDEV0", .before = mdev_opened, .act = bind_first},
	{.name = "mdev-attach", .needs = "MDEV0", .before = mdev_bound, .act = attach_mdev},
	{.name = "mdev-move", .needs = "MDEV0", .before = mdev_attached, .act = move_mdev},
	{.name = "mdev-detach",
	 .needs = "MDEV0",
	 .before = mdev_attached,
	 .act = detach_mdev,
	 .sure = true},
	{0},
};
