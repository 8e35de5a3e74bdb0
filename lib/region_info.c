/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the reading of a region's description, with the list of parts that can be mapped. Trusts no
 * length or offset it is given. Calls sys on the device's file.
 */
#include "region_info.h"

#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "uapi/vfio.h"

/* The whole answer, however long; the caller frees it. */
static int read_info(const struct sys *sys, struct op *op, int fd, uint32_t index,
		     struct vfio_region_info **ret_info)
{
	uint32_t size = sizeof(struct vfio_region_info);
	struct vfio_region_info *info = NULL;

	for (;;) {
		free(info);
		info = calloc(1, size);
		if (!info)
			return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
		info->argsz = size;
		info->index = index;
		int r = sys->ioctl(sys, fd, VFIO_DEVICE_GET_REGION_INFO, info);
		if (r == -EINVAL) {
			free(info);
			return op_fail(op, r, LIBIOMMUFD_REASON_ARGUMENT,
				       "the device has no region %u", index);
		}
		if (r < 0) {
			free(info);
			return device_failed(op, r, "the region cannot be described");
		}
		if (info->argsz <= size || info->argsz > 1 << 20)
			break;
		size = info->argsz;
	}
	/* From here on: how much of it there is. */
	info->argsz = size;
	*ret_info = info;
	return 0;
}

/* The list of parts that can be mapped; NULL if the kernel gives none. -EIO if it makes no sense. */
static int find_sparse(const struct vfio_region_info *info, const char **ret_list,
		       uint32_t *ret_count)
{
	const char *bytes = (const char *)info;
	struct vfio_region_info_cap_sparse_mmap cap;
	uint32_t offset = info->flags & VFIO_REGION_INFO_FLAG_CAPS ? info->cap_offset : 0;

	*ret_list = NULL;
	*ret_count = 0;
	while (offset) {
		struct vfio_info_cap_header header;

		if (offset < sizeof(*info) || offset > info->argsz ||
		    info->argsz - offset < sizeof(header))
			return -EIO;
		memcpy(&header, bytes + offset, sizeof(header));
		if (header.id == VFIO_REGION_INFO_CAP_SPARSE_MMAP) {
			uint32_t room = info->argsz - offset;
			if (room < sizeof(cap))
				return -EIO;
			memcpy(&cap, bytes + offset, sizeof(cap));
			room -= sizeof(cap);
			if (cap.nr_areas > room / sizeof(struct vfio_region_sparse_mmap_area))
				return -EIO;
			*ret_list = bytes + offset + sizeof(cap);
			*ret_count = cap.nr_areas;
			return 0;
		}
		/* Offsets only grow, so that a chain that bites its tail ends. */
		if (header.next && header.next <= offset)
			return -EIO;
		offset = header.next;
	}
	return 0;
}

static int by_offset(const void *a, const void *b)
{
	const struct region_area *x = a, *y = b;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int take_areas(struct region_info *region, const struct vfio_region_info *info)
{
	const char *list;
	uint32_t count;

	if (!(info->flags & VFIO_REGION_INFO_FLAG_MMAP) || !info->size)
		return 0;
	int r = find_sparse(info, &list, &count);
	if (r < 0)
		return r;
	region->areas = calloc(count ? count : 1, sizeof(*region->areas));
	if (!region->areas)
		return -ENOMEM;
	if (!list) {
		region->areas[0] = (struct region_area){0, info->size};
		region->area_count = 1;
		return 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct vfio_region_sparse_mmap_area area;

		memcpy(&area, list + i * sizeof(area), sizeof(area));
		if (!area.size)
			continue;
		if (area.offset > info->size || area.size > info->size - area.offset)
			return -EIO;
		region->areas[region->area_count++] = (struct region_area){area.offset, area.size};
	}
	qsort(region->areas, region->area_count, sizeof(*region->areas), by_offset);
	return 0;
}

int region_info_read(const struct sys *sys, struct op *op, int fd, uint32_t index,
		     struct region_info *ret_info)
{
	struct region_info region = {0};
	struct vfio_region_info *info = NULL;

	int r = read_info(sys, op, fd, index, &info);
	if (r < 0)
		return r;
	r = take_areas(&region, info);
	region.size = info->size;
	region.file_offset = info->offset;
	region.access = (info->flags & VFIO_REGION_INFO_FLAG_READ ? LIBIOMMUFD_READ : 0) |
			(info->flags & VFIO_REGION_INFO_FLAG_WRITE ? LIBIOMMUFD_WRITE : 0);
	free(info);
	if (r == 0) {
		*ret_info = region;
		return 0;
	}
	free(region.areas);
	if (r == -ENOMEM)
		return op_fail(op, r, LIBIOMMUFD_REASON_MEMORY, "no memory");
	return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL,
		       "the kernel's description of region %u is malformed", index);
}
