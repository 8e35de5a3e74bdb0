/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the fake's type1 containers: what they can do and what is mapped in them. */
#include "fake_internal.h"

#include <stdlib.h>
#include <string.h>

#include "uapi/vfio.h"

int fake_container_open(struct fake *fake)
{
	struct fake_file *file = fake_file_new(FILE_CONTAINER);

	file->container = fake_alloc(sizeof(*file->container));
	file->container->refs = 1;
	file->container->next = fake->containers;
	fake->containers = file->container;
	return fake_install(fake, file);
}

void fake_container_empty(struct fake *fake, struct fake_container *container)
{
	for (struct fake_area *area; (area = container->areas);) {
		container->areas = area->next;
		fake->pinned -= area->last - area->first + 1;
		free(area);
	}
	container->entries = 0;
}

void fake_container_put(struct fake *fake, struct fake_container *container)
{
	struct fake_container **link = &fake->containers;

	if (--container->refs)
		return;
	while (*link != container)
		link = &(*link)->next;
	*link = container->next;
	free(container);
}

static unsigned limit(const struct fake *fake)
{
	return fake->config.entries ? fake->config.entries : 65535;
}

static const uint64_t end = (1ULL << 39) - 1;

/* Take a hole out of the first n ranges; how many there are then. */
static unsigned punch(struct vfio_iova_range *ranges, unsigned n,
		      const struct libiommufd_range *hole)
{
	for (unsigned i = 0; i < n; i++) {
		struct vfio_iova_range whole = ranges[i];
		if (hole->start > whole.end || hole->last < whole.start)
			continue;
		/* Reserved ranges do not overlap, so that one hole lies in one range. */
		memmove(&ranges[i + 2], &ranges[i + 1], (n - i - 1) * sizeof(*ranges));
		ranges[i] = (struct vfio_iova_range){whole.start, hole->start - 1};
		ranges[i + 1] = (struct vfio_iova_range){hole->last + 1, whole.end};
		return n + 1;
	}
	return n;
}

#define RANGES (FAKE_RESERVED + FAKE_DEVICES + 2)

/* The ranges that all groups of a container can use, sorted; how many there are. */
static unsigned usable(const struct fake *fake, const struct fake_container *container,
		       struct vfio_iova_range *to)
{
	struct libiommufd_range hole;
	unsigned n = 1;

	to[0] = (struct vfio_iova_range){0, end};
	for (unsigned i = 0; fake_reserved(fake, NULL, i, &hole); i++)
		n = punch(to, n, &hole);
	for (unsigned i = 0; i < fake->config.device_count; i++)
		if (fake->config.own[i].last && fake->devices[i].group &&
		    fake->devices[i].group->container == container)
			n = punch(to, n, &fake->config.own[i]);
	return n;
}

bool fake_container_suits(const struct fake *fake, const struct fake_container *container,
			  const struct fake_group *group)
{
	for (unsigned i = 0; i < fake->config.device_count && !fake->config.old_type1; i++) {
		const struct libiommufd_range *own = &fake->config.own[i];
		if (own->last && fake->devices[i].group == group &&
		    fake_area_find(container->areas, own->start, own->last))
			return false;
	}
	return true;
}

static int set_iommu(const struct fake *fake, struct fake_container *container, unsigned long kind)
{
	if (!container->groups || container->has_iommu)
		return -EINVAL;
	if (fake->config.no_type1 || (kind != VFIO_TYPE1_IOMMU && kind != VFIO_TYPE1v2_IOMMU))
		return -ENODEV;
	if (!fake_isolated(fake))
		return -EPERM;
	container->has_iommu = true;
	return 0;
}

static int check_extension(const struct fake *fake, unsigned long extension)
{
	switch (extension) {
	case VFIO_TYPE1_IOMMU:
	case VFIO_TYPE1v2_IOMMU:
	case VFIO_UNMAP_ALL:
		return !fake->config.no_type1;
	default:
		return 0;
	}
}

static int get_info(const struct fake *fake, const struct fake_container *container,
		    struct vfio_iommu_type1_info *info)
{
	struct vfio_iova_range ranges[RANGES];
	struct vfio_iommu_type1_info_dma_avail avail = {
		.header = {VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, 1, 0},
		.avail = limit(fake) - container->entries,
	};
	struct vfio_iommu_type1_info_cap_iova_range cap = {
		.header = {VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, 1, 0},
		.nr_iovas = usable(fake, container, ranges),
	};
	uint32_t bytes = cap.nr_iovas * sizeof(ranges[0]), room = info->argsz;
	uint32_t first = sizeof(*info), second = first + sizeof(avail);
	uint32_t need = second + sizeof(cap) + bytes;
	char *to = (char *)info;

	if (room < 16)
		return -EINVAL;
	info->flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS;
	info->iova_pgsizes = 0x40201000;
	if (fake->config.old_type1) {
		info->flags = VFIO_IOMMU_INFO_PGSIZES;
		info->argsz = 16;
		return 0;
	}
	if (room < need) {
		info->argsz = need;
		if (room >= sizeof(*info))
			info->cap_offset = 0;
		return 0;
	}
	avail.header.next = second;
	info->cap_offset = first;
	memcpy(to + first, &avail, sizeof(avail));
	memcpy(to + second, &cap, sizeof(cap));
	memcpy(to + second + sizeof(cap), ranges, bytes);
	return 0;
}

static bool is_usable(const struct fake *fake, const struct fake_container *container,
		      uint64_t first, uint64_t last)
{
	struct vfio_iova_range ranges[RANGES];
	unsigned count = usable(fake, container, ranges);

	if (fake->config.old_type1)
		return last <= end;
	for (unsigned i = 0; i < count; i++)
		if (first >= ranges[i].start && last <= ranges[i].end)
			return true;
	return false;
}

static int map(struct fake *fake, struct fake_container *container,
	       const struct vfio_iommu_type1_dma_map *cmd)
{
	uint64_t last = cmd->iova + cmd->size - 1;

	if (cmd->argsz < sizeof(*cmd) || !cmd->size ||
	    (cmd->size | cmd->iova | cmd->vaddr) % FAKE_PAGE)
		return -EINVAL;
	if (!cmd->flags || cmd->flags & ~(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE))
		return -EINVAL;
	if (last < cmd->iova || cmd->vaddr + cmd->size - 1 < cmd->vaddr)
		return -EINVAL;
	if (fake_area_find(container->areas, cmd->iova, last))
		return -EEXIST;
	if (container->entries >= limit(fake))
		return -ENOSPC;
	if (!is_usable(fake, container, cmd->iova, last))
		return -EINVAL;
	int r = fake_check_memory(fake, cmd->vaddr, cmd->size);
	if (r < 0)
		return r;
	struct fake_area *area = fake_alloc(sizeof(*area));
	area->first = cmd->iova;
	area->last = last;
	area->start = cmd->vaddr;
	area->access = cmd->flags;
	fake_area_insert(&container->areas, area);
	container->entries++;
	fake->pinned += cmd->size;
	return 0;
}

static int unmap(struct fake *fake, struct fake_container *container,
		 struct vfio_iommu_type1_dma_unmap *cmd)
{
	bool all = cmd->flags & VFIO_DMA_UNMAP_FLAG_ALL;
	uint64_t first = cmd->iova, last = cmd->iova + cmd->size - 1, bytes = 0;
	const struct fake_area *cut;

	if (cmd->argsz < sizeof(*cmd) || cmd->flags & ~(uint32_t)VFIO_DMA_UNMAP_FLAG_ALL)
		return -EINVAL;
	if (all && (cmd->iova || cmd->size))
		return -EINVAL;
	if (all)
		last = UINT64_MAX;
	else if (!cmd->size || (cmd->size | cmd->iova) % FAKE_PAGE || last < first)
		return -EINVAL;
	cut = fake_area_find(container->areas, first, first);
	if (cut && cut->first != first)
		return -EINVAL;
	cut = all ? NULL : fake_area_find(container->areas, last, last);
	if (cut && cut->last != last)
		return -EINVAL;
	for (struct fake_area **link = &container->areas, *area; (area = *link);) {
		if (area->first > last || area->last < first) {
			link = &area->next;
			continue;
		}
		*link = area->next;
		bytes += area->last - area->first + 1;
		container->entries--;
		free(area);
	}
	fake->pinned -= bytes;
	cmd->size = bytes;
	return 0;
}

int fake_container_ioctl(struct fake *fake, struct fake_container *container, unsigned long request,
			 void *arg)
{
	switch (request) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return check_extension(fake, (unsigned long)arg);
	case VFIO_SET_IOMMU:
		return set_iommu(fake, container, (unsigned long)arg);
	}
	if (!container->has_iommu)
		return -EINVAL;
	switch (request) {
	case VFIO_IOMMU_GET_INFO:
		return get_info(fake, container, arg);
	case VFIO_IOMMU_MAP_DMA:
		return map(fake, container, arg);
	case VFIO_IOMMU_UNMAP_DMA:
		return unmap(fake, container, arg);
	default:
		return -ENOTTY;
	}
}
