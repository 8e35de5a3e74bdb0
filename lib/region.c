/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the regions of a device: what the kernel says of them, their mappings into the process, and
 * reading and writing. Calls sys on the device's file.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "device.h"
#include "region_info.h"
#include "uapi/vfio.h"

struct region_map {
	struct region_map *next;
	void *va;
	size_t length;
};

struct libiommufd_region {
	struct libiommufd_region *next;
	struct libiommufd_device *dev;
	uint32_t index;
	struct region_info info;
	struct region_map *maps;
};

void region_set_init(struct region_set *set)
{
	pthread_mutex_init(&set->lock, NULL);
	set->regions = NULL;
}

bool region_set_mapped(struct region_set *set)
{
	bool mapped = false;

	for (struct libiommufd_region *region = set->regions; region; region = region->next)
		mapped = mapped || region->maps;
	return mapped;
}

void region_set_fini(struct region_set *set, const struct sys *sys)
{
	for (struct libiommufd_region *region; (region = set->regions);) {
		for (struct region_map *map; (map = region->maps);) {
			sys->munmap(sys, map->va, map->length);
			region->maps = map->next;
			free(map);
		}
		set->regions = region->next;
		free(region->info.areas);
		free(region);
	}
	pthread_mutex_destroy(&set->lock);
}

static int make_region(struct libiommufd_device *dev, struct op *op, int fd, uint32_t index,
		       struct libiommufd_region **ret_region)
{
	struct libiommufd_region *region = calloc(1, sizeof(*region));

	if (!region)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	int r = region_info_read(device_sys(dev), op, fd, index, &region->info);
	if (r < 0) {
		free(region);
		return r;
	}
	region->dev = dev;
	region->index = index;
	*ret_region = region;
	return 0;
}

int region_find(struct libiommufd_device *dev, struct op *op, uint32_t index,
		struct libiommufd_region **ret_region)
{
	struct region_set *set = device_regions(dev);
	struct libiommufd_region *region;

	int fd = device_file(dev, op), r = 0;
	if (fd < 0)
		return fd;
	pthread_mutex_lock(&set->lock);
	for (region = set->regions; region; region = region->next)
		if (region->index == index)
			break;
	if (!region) {
		r = make_region(dev, op, fd, index, &region);
		if (r == 0) {
			region->next = set->regions;
			set->regions = region;
		}
	}
	pthread_mutex_unlock(&set->lock);
	if (r == 0)
		*ret_region = region;
	return r;
}

EXPORT int libiommufd_device_query_region_count(struct libiommufd_device *dev, uint32_t *ret_count)
{
	struct vfio_device_info info = {.argsz = sizeof(info)};
	struct op op;

	op_begin(&op, "query_region_count", dev ? device_place(dev)->name : "",
		 dev ? device_log(dev) : NULL);
	if (!dev || !ret_count)
		return op_end(&op, op_null(&op, "dev or ret_count"));
	int fd = device_file(dev, &op);
	if (fd < 0)
		return op_end(&op, fd);
	int r = device_sys(dev)->ioctl(device_sys(dev), fd, VFIO_DEVICE_GET_INFO, &info);
	if (r < 0)
		return op_end(&op, device_failed(&op, r, "the device cannot be described"));
	*ret_count = info.num_regions;
	return op_end(&op, 0);
}

EXPORT int libiommufd_device_query_region(struct libiommufd_device *dev, uint32_t index,
					  struct libiommufd_region **ret_region)
{
	struct op op;

	op_begin(&op, "query_region", dev ? device_place(dev)->name : "",
		 dev ? device_log(dev) : NULL);
	if (!dev || !ret_region)
		return op_end(&op, op_null(&op, "dev or ret_region"));
	return op_end(&op, region_find(dev, &op, index, ret_region));
}

EXPORT uint64_t libiommufd_region_get_size(const struct libiommufd_region *region)
{
	return region ? region->info.size : 0;
}

EXPORT uint32_t libiommufd_region_get_access(const struct libiommufd_region *region)
{
	return region ? region->info.access : 0;
}

EXPORT uint64_t libiommufd_region_get_file_offset(const struct libiommufd_region *region)
{
	return region ? region->info.file_offset : 0;
}

EXPORT size_t libiommufd_region_get_area_count(const struct libiommufd_region *region)
{
	return region ? region->info.area_count : 0;
}

/* The common start of a call on region. */
static void begin(struct op *op, const char *name, const struct libiommufd_region *region)
{
	op_begin(op, name, region ? device_place(region->dev)->name : "",
		 region ? device_log(region->dev) : NULL);
}

EXPORT int libiommufd_region_get_area(const struct libiommufd_region *region, size_t index,
				      uint64_t *ret_offset, uint64_t *ret_length)
{
	struct op op;

	begin(&op, "region_get_area", region);
	if (!region || !ret_offset || !ret_length)
		return op_end(&op, op_null(&op, "region, ret_offset or ret_length"));
	if (index >= region->info.area_count)
		return op_end(&op, op_fail(&op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
					   "region %u has no area %zu", region->index, index));
	*ret_offset = region->info.areas[index].offset;
	*ret_length = region->info.areas[index].length;
	return op_end(&op, 0);
}

/* ---- Mappings ---- */

static int check_map(const struct libiommufd_region *region, struct op *op, uint64_t offset,
		     uint64_t length, uint32_t access)
{
	const uint32_t both = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE;

	if (!length || (offset | length) & (page_size() - 1))
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
			       "offset 0x%" PRIx64 " or length 0x%" PRIx64
			       " is not a multiple of the "
			       "page size, or length is 0",
			       offset, length);
	if (!(access & both) || access & ~both)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
			       "access 0x%x is not LIBIOMMUFD_READ, LIBIOMMUFD_WRITE or both",
			       access);
	if (access & ~region->info.access)
		return op_fail(op, -EACCES, LIBIOMMUFD_REASON_REGION_ACCESS,
			       "region %u cannot be %s", region->index,
			       region->info.access & LIBIOMMUFD_READ ? "written" : "read");
	for (size_t i = 0; i < region->info.area_count; i++) {
		const struct region_area *area = &region->info.areas[i];
		if (offset >= area->offset && offset - area->offset <= area->length &&
		    length <= area->length - (offset - area->offset))
			return 0;
	}
	return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_REGION_ACCESS,
		       "0x%" PRIx64 "+0x%" PRIx64 " of region %u is not inside a part that can be "
		       "mapped; libiommufd_region_get_area() lists them",
		       offset, length, region->index);
}

/*
 * Map at an address that equals the offset modulo the size of the largest huge page that fits. Takes a
 * larger piece of address space first, maps into it, and gives the rest back.
 */
static int map_aligned(const struct sys *sys, int fd, uint64_t file_offset, uint64_t offset,
		       uint64_t length, int prot, void **ret_va)
{
	const uint64_t huge[] = {1ULL << 30, 2ULL << 20};
	uint64_t align = 0;
	void *space, *va;

	for (size_t i = 0; i < 2 && !align; i++)
		if (length >= huge[i])
			align = huge[i];
	if (!align)
		return sys->mmap(sys, NULL, length, prot, MAP_SHARED, fd, file_offset + offset,
				 ret_va);

	int r = sys->mmap(sys, NULL, length + align, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0, &space);
	if (r < 0)
		return r;
	uint64_t head = (offset - (uintptr_t)space) & (align - 1);
	r = sys->mmap(sys, (char *)space + head, length, prot, MAP_SHARED | MAP_FIXED, fd,
		      file_offset + offset, &va);
	if (r < 0) {
		sys->munmap(sys, space, length + align);
		return r;
	}
	if (head)
		sys->munmap(sys, space, head);
	sys->munmap(sys, (char *)va + length, align - head);
	*ret_va = va;
	return 0;
}

EXPORT int libiommufd_region_map(struct libiommufd_region *region, uint64_t offset, uint64_t length,
				 uint32_t access, void **ret_ptr)
{
	struct op op;

	begin(&op, "region_map", region);
	if (!region || !ret_ptr)
		return op_end(&op, op_null(&op, "region or ret_ptr"));
	int fd = device_file(region->dev, &op);
	if (fd < 0)
		return op_end(&op, fd);
	int r = check_map(region, &op, offset, length, access);
	if (r < 0)
		return op_end(&op, r);

	const struct sys *sys = device_sys(region->dev);
	int prot = (access & LIBIOMMUFD_READ ? PROT_READ : 0) |
		   (access & LIBIOMMUFD_WRITE ? PROT_WRITE : 0);
	struct region_map *map = calloc(1, sizeof(*map));
	r = map ? map_aligned(sys, fd, region->info.file_offset, offset, length, prot, &map->va)
		: -ENOMEM;
	if (r < 0) {
		free(map);
		if (r == -ENOMEM)
			return op_end(&op, op_fail(&op, r, LIBIOMMUFD_REASON_MEMORY,
						   "no memory or no address space"));
		return op_end(&op, device_failed(&op, r, "the region cannot be mapped"));
	}
	map->length = length;
	struct region_set *set = device_regions(region->dev);
	pthread_mutex_lock(&set->lock);
	map->next = region->maps;
	region->maps = map;
	pthread_mutex_unlock(&set->lock);
	*ret_ptr = map->va;
	return op_end(&op, 0);
}

EXPORT int libiommufd_region_unmap(struct libiommufd_region *region, void *ptr)
{
	struct region_map *map = NULL;
	struct op op;

	begin(&op, "region_unmap", region);
	if (!region || !ptr)
		return op_end(&op, op_null(&op, "region or ptr"));
	struct region_set *set = device_regions(region->dev);
	const struct sys *sys = device_sys(region->dev);
	int r = 0;

	pthread_mutex_lock(&set->lock);
	for (struct region_map **link = &region->maps; *link; link = &(*link)->next) {
		if ((*link)->va != ptr)
			continue;
		map = *link;
		r = sys->munmap(sys, map->va, map->length);
		if (r == 0)
			*link = map->next;
		break;
	}
	pthread_mutex_unlock(&set->lock);
	if (!map)
		return op_end(&op, op_fail(&op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
					   "%p is not a mapping of region %u", ptr, region->index));
	if (r < 0)
		return op_end(&op, device_failed(&op, r, "the mapping cannot be ended"));
	free(map);
	return op_end(&op, 0);
}

/* ---- Read and write ---- */

int region_transfer(struct libiommufd_region *region, struct op *op, uint64_t offset, void *to,
		    const void *from, size_t length)
{
	const struct sys *sys = device_sys(region->dev);
	uint32_t need = to ? LIBIOMMUFD_READ : LIBIOMMUFD_WRITE;

	int fd = device_file(region->dev, op);
	if (fd < 0)
		return fd;
	if (!length || offset > region->info.size || length > region->info.size - offset)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
			       "0x%" PRIx64 "+0x%zx is not inside the 0x%" PRIx64
			       " bytes of region %u",
			       offset, length, region->info.size, region->index);
	if (!(region->info.access & need))
		return op_fail(op, -EACCES, LIBIOMMUFD_REASON_REGION_ACCESS,
			       "region %u cannot be %s", region->index, to ? "read" : "written");
	uint64_t at = region->info.file_offset + offset;
	ssize_t n =
		to ? sys->pread(sys, fd, to, length, at) : sys->pwrite(sys, fd, from, length, at);
	if (n < 0)
		return device_failed(op, (int)n,
				     to ? "the region cannot be read"
					: "the region cannot be written");
	if ((size_t)n != length)
		return op_fail(op, -EIO, LIBIOMMUFD_REASON_KERNEL,
			       "the device took only %zd of %zu bytes", n, length);
	return 0;
}

EXPORT int libiommufd_region_read(struct libiommufd_region *region, uint64_t offset, void *buf,
				  size_t length)
{
	struct op op;

	begin(&op, "region_read", region);
	if (!region || !buf)
		return op_end(&op, op_null(&op, "region or buf"));
	return op_end(&op, region_transfer(region, &op, offset, buf, NULL, length));
}

EXPORT int libiommufd_region_write(struct libiommufd_region *region, uint64_t offset,
				   const void *buf, size_t length)
{
	struct op op;

	begin(&op, "region_write", region);
	if (!region || !buf)
		return op_end(&op, op_null(&op, "region or buf"));
	return op_end(&op, region_transfer(region, &op, offset, NULL, buf, length));
}

EXPORT int libiommufd_region_set_ioeventfd(struct libiommufd_region *region, uint64_t offset,
					   uint32_t width, uint64_t value, int eventfd)
{
	struct vfio_device_ioeventfd cmd = {
		.argsz = sizeof(cmd),
		.flags = width, /* the flags are the widths */
		.data = value,
		.fd = eventfd,
	};
	struct op op;

	begin(&op, "region_set_ioeventfd", region);
	if (!region)
		return op_end(&op, op_null(&op, "region"));
	int fd = device_file(region->dev, &op);
	if (fd < 0)
		return op_end(&op, fd);
	if (!width || width > 8 || width & (width - 1) || offset & (width - 1) ||
	    offset >= region->info.size || width > region->info.size - offset)
		return op_end(&op,
			      op_fail(&op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
				      "%u bytes at 0x%" PRIx64 " are no register of region %u: "
				      "the width is 1, 2, 4 or 8, the offset a multiple of it",
				      width, offset, region->index));
	cmd.offset = region->info.file_offset + offset;
	int r = device_sys(region->dev)
			->ioctl(device_sys(region->dev), fd, VFIO_DEVICE_IOEVENTFD, &cmd);
	if (r == -ENOTTY)
		return op_end(&op, op_fail(&op, r, LIBIOMMUFD_REASON_NOT_SUPPORTED,
					   "the kernel or the device has no ioeventfds"));
	if (r == -ENODEV && eventfd < 0)
		return op_end(&op, op_fail(&op, r, LIBIOMMUFD_REASON_ARGUMENT,
					   "there is no ioeventfd for that register and value"));
	if (r < 0)
		return op_end(&op, device_failed(&op, r, "the ioeventfd cannot be set"));
	return op_end(&op, 0);
}
