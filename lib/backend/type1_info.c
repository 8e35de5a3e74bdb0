/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the reading of what a type1 container's IOMMU can do. Trusts no length or offset it is given. */
#include "type1.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uapi/vfio.h"

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

/* ---- Addresses ---- */

/* Take [first, last] out of the ranges. */
static int exclude(struct type1_info *info, uint64_t first, uint64_t last)
{
	struct libiommufd_range *left = calloc(info->range_count + 1, sizeof(*left));
	size_t n = 0;

	if (!left)
		return -ENOMEM;
	for (size_t i = 0; i < info->range_count; i++) {
		struct libiommufd_range range = info->ranges[i];
		if (last < range.start || first > range.last) {
			left[n++] = range;
			continue;
		}
		if (range.start < first)
			left[n++] = (struct libiommufd_range){range.start, first - 1};
		if (range.last > last)
			left[n++] = (struct libiommufd_range){last + 1, range.last};
	}
	free(info->ranges);
	info->ranges = left;
	info->range_count = n;
	return 0;
}

/* Those that the kernel tells; -ENOENT if it does not. */
static int told_ranges(const struct vfio_iommu_type1_info *info, uint32_t size,
		       struct type1_info *to)
{
	struct vfio_iommu_type1_info_cap_iova_range cap;
	const char *found = NULL;

	if (info->flags & VFIO_IOMMU_INFO_CAPS)
		found = find_capability(info, size, info->cap_offset,
					VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, sizeof(cap));
	if (!found)
		return -ENOENT;
	size_t room = size - (size_t)(found - (const char *)info) - sizeof(cap);
	memcpy(&cap, found, sizeof(cap));
	if (cap.nr_iovas > room / sizeof(struct libiommufd_range))
		return -EIO;
	to->ranges = copy_ranges(found + sizeof(cap), cap.nr_iovas);
	to->range_count = cap.nr_iovas;
	return to->ranges ? 0 : -ENOMEM;
}

struct reserved {
	struct type1_info *info;
	bool any;
};

/* A line such as "0x00000000fee00000 0x00000000feefffff msi". */
static int take_reserved(void *data, const char *line)
{
	struct reserved *reserved = data;
	uint64_t first, last;
	char type[24];

	if (sscanf(line, "%" SCNx64 " %" SCNx64 " %23s", &first, &last, type) != 3 || first > last)
		return 0;
	/* What every IOMMU before 5.4 has, whatever the device says. */
	if (!reserved->any && exclude(reserved->info, COMMON_END, UINT64_MAX) < 0)
		return -ENOMEM;
	reserved->any = true;
	/* Relaxable: the firmware's affair, which ends when user space takes the device. */
	return strcmp(type, "direct-relaxable") ? exclude(reserved->info, first, last) : 0;
}

/*
 * The kernel tells none if it is older than 5.4, or if there is no IOMMU behind the container but only
 * software, which takes any address. A group with an IOMMU has reserved regions, at least for MSI.
 */
static int guessed_ranges(const struct sys *sys, int number, const struct type1_info *before,
			  struct type1_info *to)
{
	static const struct libiommufd_range everything = {0, UINT64_MAX};
	struct reserved reserved = {.info = to};
	char dir[64];

	to->range_count = before->ranges ? before->range_count : 1;
	to->ranges = copy_ranges(before->ranges ? before->ranges : &everything, to->range_count);
	if (!to->ranges)
		return -ENOMEM;
	/* Of a passed container the groups are not known, nor may files be read. */
	if (number < 0)
		return 0;
	snprintf(dir, sizeof(dir), "/sys/kernel/iommu_groups/%d", number);
	int r = sysfs_lines(sys, dir, "reserved_regions", take_reserved, &reserved);
	/* Of older kernels than that. */
	return r == -ENOENT ? 0 : r;
}

/* ---- All of it ---- */

/* What ends with the last address of all no container unmaps, since that plus one is 0; and it says that it did. */
static int without_last_page(struct type1_info *info)
{
	size_t count = info->range_count;

	if (!count || info->ranges[count - 1].last != UINT64_MAX)
		return 0;
	return exclude(info, UINT64_MAX - page_size() + 1, UINT64_MAX);
}

static int take(const struct sys *sys, const struct vfio_iommu_type1_info *info, uint32_t size,
		int number, const struct type1_info *before, struct type1_info *ret_info)
{
	struct vfio_iommu_type1_info_dma_avail avail;
	struct type1_info result = {
		.page_sizes =
			info->flags & VFIO_IOMMU_INFO_PGSIZES ? info->iova_pgsizes : page_size(),
		.entries_left = UINT64_MAX,
	};
	const void *found = NULL;

	if (info->flags & VFIO_IOMMU_INFO_CAPS)
		found = find_capability(info, size, info->cap_offset,
					VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, sizeof(avail));
	if (found) {
		memcpy(&avail, found, sizeof(avail));
		result.entries_left = avail.avail;
	}
	int r = told_ranges(info, size, &result);
	if (r == -ENOENT)
		r = guessed_ranges(sys, number, before, &result);
	if (r == 0)
		r = without_last_page(&result);
	if (r < 0)
		free(result.ranges);
	else
		*ret_info = result;
	return r;
}

int type1_read_info(const struct sys *sys, struct op *op, int container, int number,
		    const struct type1_info *before, struct type1_info *ret_info)
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
		r = sys->ioctl(sys, container, VFIO_IOMMU_GET_INFO, info);
		if (r < 0 || info->argsz <= size || info->argsz > 1 << 20)
			break;
		size = info->argsz;
	}
	if (r == 0)
		r = take(sys, info, size, number, before, ret_info);
	free(info);
	if (r < 0)
		return op_fail(op, r,
			       r == -ENOMEM ? LIBIOMMUFD_REASON_MEMORY : LIBIOMMUFD_REASON_KERNEL,
			       "what the IOMMU can do cannot be read: %s", strerrordesc_np(-r));
	return 0;
}
