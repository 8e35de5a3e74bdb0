/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the reading of what a type1 container's IOMMU can do. Trusts no length or offset it is given. */
#include "type1.h"

#include <stdlib.h>
#include <string.h>

#include "uapi/vfio.h"

/* Kernels before 5.4 do not tell: what every IOMMU has, without the usual MSI windows. */
static const struct libiommufd_range default_ranges[] = {
	{0, 0x7ffffff},
	{0x8100000, 0xfedfffff},
	{0xfef00000, (1ULL << 39) - 1},
};

static int by_start(const void *a, const void *b)
{
	const struct libiommufd_range *x = a, *y = b;
	return x->start < y->start ? -1 : x->start > y->start;
}

static struct libiommufd_range *copy_ranges(const void *from, size_t count)
{
	struct libiommufd_range *ranges = malloc((count ? count : 1) * sizeof(*ranges));

	if (ranges) {
		memcpy(ranges, from, count * sizeof(*ranges));
		qsort(ranges, count, sizeof(*ranges), by_start);
	}
	return ranges;
}

/* The capability of that id in a chain of size bytes; NULL if it is not there or does not fit. */
static const void *find_capability(const void *info, uint32_t size, uint32_t offset, uint16_t id,
				   uint32_t need)
{
	const char *bytes = info;
	struct vfio_info_cap_header header;

	/* Offsets only ever grow, so that a chain that bites its tail ends. */
	while (offset >= sizeof(struct vfio_iommu_type1_info) && offset <= size &&
	       size - offset >= sizeof(header)) {
		memcpy(&header, bytes + offset, sizeof(header));
		if (header.id == id)
			return size - offset >= need ? bytes + offset : NULL;
		if (header.next <= offset)
			return NULL;
		offset = header.next;
	}
	return NULL;
}

static int take_ranges(const struct vfio_iommu_type1_info *info, uint32_t size,
		       struct type1_group *group)
{
	struct vfio_iommu_type1_info_cap_iova_range cap;
	const char *found = NULL;
	const void *from = default_ranges;
	size_t count = sizeof(default_ranges) / sizeof(default_ranges[0]);

	if (info->flags & VFIO_IOMMU_INFO_CAPS)
		found = find_capability(info, size, info->cap_offset,
					VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, sizeof(cap));
	if (found) {
		size_t room = size - (size_t)(found - (const char *)info) - sizeof(cap);
		memcpy(&cap, found, sizeof(cap));
		from = found + sizeof(cap);
		count = cap.nr_iovas;
		if (count > room / sizeof(struct libiommufd_range))
			return -EIO;
	}
	struct libiommufd_range *ranges = copy_ranges(from, count);
	if (!ranges)
		return -ENOMEM;
	free(group->ranges);
	group->ranges = ranges;
	group->range_count = count;
	return 0;
}

int type1_read_info(const struct sys *sys, struct op *op, struct type1_group *group)
{
	uint32_t size = 512;
	struct vfio_iommu_type1_info *info = NULL;
	int r;

	for (;;) {
		free(info);
		info = calloc(1, size);
		if (!info) {
			r = -ENOMEM;
			break;
		}
		info->argsz = size;
		r = sys->ioctl(sys, group->container, VFIO_IOMMU_GET_INFO, info);
		if (r < 0 || info->argsz <= size || info->argsz > 1 << 20)
			break;
		size = info->argsz;
	}
	if (r == 0)
		r = take_ranges(info, size, group);
	if (r == 0)
		group->page_sizes =
			info->flags & VFIO_IOMMU_INFO_PGSIZES ? info->iova_pgsizes : page_size();
	free(info);
	if (r < 0)
		return op_fail(op, r,
			       r == -ENOMEM ? LIBIOMMUFD_REASON_MEMORY : LIBIOMMUFD_REASON_KERNEL,
			       "what the IOMMU can do cannot be read: %s", strerrordesc_np(-r));
	return 0;
}
