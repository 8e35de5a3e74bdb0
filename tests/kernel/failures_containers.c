/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flows of groups and containers: type1's own, and /dev/iommu as one. */
#include "failures.h"

#include <unistd.h>

enum {
	TYPE1V2 = 3,
	SET = 1,
};

static void with_container(struct world *w)
{
	w->container = must(container_open());
	w->group = must(group_open("EDU2"));
	w->memory = memory_new(SIZE);
}

static void joined(struct world *w)
{
	with_container(w);
	must(call(w->group, VFIO_GROUP_SET_CONTAINER, &w->container));
}

static void ready(struct world *w)
{
	joined(w);
	must(call(w->container, VFIO_SET_IOMMU, (void *)TYPE1V2));
}

static void with_compat(struct world *w)
{
	struct {
		uint32_t size, ioas_id;
		uint16_t op, reserved;
	} arg = {.size = sizeof(arg), .op = SET};

	w->container = iommu_open();
	w->memory = memory_new(SIZE);
	arg.ioas_id = ioas_new(w->container);
	must(call(w->container, IOMMU_VFIO_IOAS, &arg));
}

static void compat_device(struct world *w)
{
	with_compat(w);
	w->dev[0] = cdev_open("EDU0");
	must(cdev_bind(w->dev[0], w->container, &w->id[0]));
}

static int join(struct world *w)
{
	return call(w->group, VFIO_GROUP_SET_CONTAINER, &w->container);
}

static int set_iommu(struct world *w)
{
	return call(w->container, VFIO_SET_IOMMU, (void *)TYPE1V2);
}

static int get_device(struct world *w)
{
	w->dev[0] = group_device(w->group, "EDU2");
	return w->dev[0] < 0 ? w->dev[0] : 0;
}

static int map(struct world *w)
{
	struct vfio_iommu_type1_dma_map arg = {.argsz = sizeof(arg),
					       .flags = VFIO_DMA_MAP_FLAG_READ |
							VFIO_DMA_MAP_FLAG_WRITE,
					       .vaddr = (uintptr_t)w->memory,
					       .iova = AT,
					       .size = SIZE};

	return call(w->container, VFIO_IOMMU_MAP_DMA, &arg);
}

static int unmapped(struct world *w, uint64_t *bytes)
{
	struct vfio_iommu_type1_dma_unmap arg = {.argsz = sizeof(arg), .iova = AT, .size = SIZE};
	int r = call(w->container, VFIO_IOMMU_UNMAP_DMA, &arg);

	*bytes = arg.size;
	return r;
}

static void mapped(struct world *w)
{
	ready(w);
	must(map(w));
}

static void compat_mapped(struct world *w)
{
	with_compat(w);
	must(map(w));
}

static int unmap(struct world *w)
{
	uint64_t bytes;
	int r = unmapped(w, &bytes);

	return r < 0 ? r : bytes == SIZE ? 0 : -ENOENT;
}

static void nothing_mapped(struct world *w)
{
	uint64_t bytes;

	check(unmapped(w, &bytes) == 0 && bytes == 0);
}

static void unmap_all(struct world *w)
{
	check(unmap(w) == 0);
}

static int leave(struct world *w)
{
	return call(w->group, VFIO_GROUP_UNSET_CONTAINER, NULL);
}

const struct flow container_flows[] = {
	{.name = "container-join", .needs = "EDU2", .before = with_container, .act = join},
	/* type1's own word for no page table. */
	{.name = "container-type1",
	 .needs = "EDU2",
	 .before = joined,
	 .act = set_iommu,
	 .also = EIO},
	{.name = "container-device", .needs = "EDU2", .before = ready, .act = get_device},
	{.name = "container-map", .needs = "EDU2", FLOW(ready, map, nothing_mapped, unmap_all)},
	{.name = "container-unmap",
	 .answers = true,
	 .needs = "EDU2",
	 FLOW(mapped, unmap, NULL, nothing_mapped),
	 .sure = true},
	{.name = "container-leave", .needs = "EDU2", .before = mapped, .act = leave, .sure = true},
	{.name = "compat-map", FLOW(with_compat, map, nothing_mapped, unmap_all)},
	{.name = "compat-map-device",
	 .needs = "EDU0",
	 FLOW(compat_device, map, nothing_mapped, unmap_all)},
	{.name = "compat-unmap",
	 .answers = true,
	 FLOW(compat_mapped, unmap, NULL, nothing_mapped),
	 .sure = true},
	{0},
};
