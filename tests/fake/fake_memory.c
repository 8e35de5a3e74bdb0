/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns ranges, mapped areas, the pinning of memory, and mappings into the process. */
#include "fake_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

bool fake_span_hit(const struct fake_span *spans, uint64_t first, uint64_t last)
{
	for (; spans; spans = spans->next)
		if (spans->first <= last && spans->last >= first)
			return true;
	return false;
}

void fake_span_add(struct fake_span **spans, uint64_t first, uint64_t last, const void *owner)
{
	struct fake_span *span = fake_alloc(sizeof(*span));

	while (*spans && (*spans)->first < first)
		spans = &(*spans)->next;
	*span = (struct fake_span){*spans, first, last, owner};
	*spans = span;
}

void fake_span_remove(struct fake_span **spans, const void *owner)
{
	for (struct fake_span *span; (span = *spans);) {
		if (span->owner != owner) {
			spans = &span->next;
			continue;
		}
		*spans = span->next;
		free(span);
	}
}

void fake_span_free(struct fake_span **spans)
{
	for (struct fake_span *span; (span = *spans);) {
		*spans = span->next;
		free(span);
	}
}

struct fake_area *fake_area_find(struct fake_area *areas, uint64_t first, uint64_t last)
{
	for (; areas; areas = areas->next)
		if (areas->first <= last && areas->last >= first)
			return areas;
	return NULL;
}

void fake_area_insert(struct fake_area **areas, struct fake_area *area)
{
	while (*areas && (*areas)->first < area->first)
		areas = &(*areas)->next;
	area->next = *areas;
	*areas = area;
}

bool fake_reserved(const struct fake *fake, const struct fake_device *device, unsigned index,
		   struct libiommufd_range *range)
{
	static const struct libiommufd_range intel = {0xfee00000, 0xfeefffff};
	const struct libiommufd_range *from = fake->config.reserved;
	unsigned count = fake->config.reserved_count;

	if (!count) {
		from = &intel;
		count = 1;
	}
	if (index < count)
		*range = from[index];
	else if (index == count && device && fake->config.own[device->index].last)
		*range = fake->config.own[device->index];
	else
		return false;
	return true;
}

/* ---- Pins ---- */

int fake_check_memory(struct fake *fake, uint64_t va, uint64_t length)
{
	unsigned char present[64];

	for (uint64_t done = 0; done < length; done += 64 * FAKE_PAGE) {
		uint64_t piece = length - done < 64 * FAKE_PAGE ? length - done : 64 * FAKE_PAGE;
		if (mincore((void *)(uintptr_t)(va + done), piece, present) < 0)
			return -EFAULT;
	}
	if (fake->config.memlock && fake->pinned + length > fake->config.memlock)
		return -ENOMEM;
	return 0;
}

/* The kernel counts pages; this counts what one map call made as a whole, which is simpler. */
int fake_pin(struct fake *fake, struct fake_pages *pages)
{
	if (!pages->pins) {
		int r = fake_check_memory(fake, pages->va, pages->length);
		if (r < 0)
			return r;
		fake->pinned += pages->length;
	}
	pages->pins++;
	return 0;
}

void fake_unpin(struct fake *fake, struct fake_pages *pages)
{
	if (--pages->pins == 0)
		fake->pinned -= pages->length;
}

void fake_pages_put(struct fake *fake, struct fake_pages *pages)
{
	if (--pages->refs)
		return;
	if (pages->file) {
		munmap(pages->view, pages->length);
		fake_file_put(fake, pages->file);
	}
	free(pages);
}

/* ---- Mappings into the process ---- */

static void add_map(struct fake *fake, char *start, size_t length, struct fake_file *file)
{
	struct fake_map *map = fake_alloc(sizeof(*map));

	*map = (struct fake_map){fake->maps, start, length, file};
	if (file)
		file->refs++;
	fake->maps = map;
}

/* Forget what lies in [start, end). True if all of it was known. */
static bool remove_maps(struct fake *fake, char *start, const char *end)
{
	size_t found = 0;

	for (struct fake_map **link = &fake->maps, *map; (map = *link);) {
		char *from = map->start > start ? map->start : start;
		char *map_end = map->start + map->length;
		const char *to = map_end < end ? map_end : end;
		if (from >= to) {
			link = &map->next;
			continue;
		}
		found += (size_t)(to - from);
		*link = map->next;
		if (from > map->start)
			add_map(fake, map->start, (size_t)(from - map->start), map->file);
		if (to < map_end)
			add_map(fake, map->start + (to - map->start), (size_t)(map_end - to),
				map->file);
		if (map->file)
			fake_file_put(fake, map->file);
		free(map);
		/* New ones were put in front; what they cover is outside. */
		link = &fake->maps;
	}
	return found == (size_t)(end - start);
}

/*
 * One page behind the begin of a huge page: not where a huge page would fit by chance, and always with
 * the same alignment, on which picked addresses depend.
 */
static char *map_askew(size_t length, int prot, int flags, int fd, off_t offset)
{
	const size_t huge = 2 << 20, space = length + 2 * huge;
	char *start =
		mmap(NULL, space, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (start == MAP_FAILED)
		return MAP_FAILED;
	char *at = start + (-(uintptr_t)start & (huge - 1)) + FAKE_PAGE;
	char *p = mmap(at, length, prot, flags | MAP_FIXED, fd, offset);
	if (p == MAP_FAILED) {
		int error = errno;
		munmap(start, space);
		errno = error;
		return MAP_FAILED;
	}
	munmap(start, (size_t)(at - start));
	munmap(at + length, (size_t)(start + space - (at + length)));
	return p;
}

int fake_do_mmap(struct fake *fake, void *addr, size_t length, int prot, int flags, int fd,
		 uint64_t offset, void **ret_addr)
{
	struct fake_file *file = NULL;
	uint64_t real_offset = 0;
	int real = -1;

	if (!length || offset % FAKE_PAGE)
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS)) {
		file = fake_lookup(fake, fd);
		if (!file)
			return -EBADF;
		if (file->kind == FILE_MEMORY) {
			int mode = file->flags & O_ACCMODE;
			if (mode == O_WRONLY || (prot & PROT_WRITE && mode == O_RDONLY))
				return -EACCES;
			real = file->memory;
			real_offset = offset;
		} else if (file->kind == FILE_CDEV || file->kind == FILE_DEVICE) {
			if (!(flags & MAP_SHARED))
				return -EINVAL;
			real = fake_device_memory(file, length, offset, &real_offset);
		} else {
			real = -ENODEV;
		}
		if (real < 0)
			return real;
	}
	char *p = addr ? mmap(addr, length, prot, flags, real, (off_t)real_offset)
		       : map_askew(length, prot, flags, real, (off_t)real_offset);
	if (p == MAP_FAILED)
		return -errno;
	if (flags & MAP_FIXED)
		remove_maps(fake, p, (char *)p + length);
	add_map(fake, p, length, file);
	*ret_addr = p;
	return 0;
}

int fake_do_munmap(struct fake *fake, void *addr, size_t length)
{
	if ((uintptr_t)addr % FAKE_PAGE || !length)
		return -EINVAL;
	/* The real one takes any range; the library has no business beyond its own. */
	if (!remove_maps(fake, addr, (char *)addr + length)) {
		fprintf(stderr, "fake: munmap of what the library did not map\n");
		abort();
	}
	return munmap(addr, length) < 0 ? -errno : 0;
}
