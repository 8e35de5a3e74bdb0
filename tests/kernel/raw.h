/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's calls as they are, for programs that test the kernel and not the library. A call returns what
 * the kernel returned, or a negative errno; must() ends the program where a test cannot go on.
 */
#ifndef KERNEL_RAW_H
#define KERNEL_RAW_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../lib/uapi/iommufd.h"
#include "../../lib/uapi/vfio.h"

enum {
	PAGE = 4096,
	MAP_READ = IOMMU_IOAS_MAP_READABLE,
	MAP_WRITE = IOMMU_IOAS_MAP_WRITEABLE,
	MAP_BOTH = MAP_READ | MAP_WRITE,
	MAP_FIXED_AT = IOMMU_IOAS_MAP_FIXED_IOVA,
};

#define must(call) must_be((call), #call, __FILE__, __LINE__)
int must_be(int result, const char *call, const char *file, int line);
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

int call(int fd, unsigned long request, void *argument);
/* "ENOENT" of -ENOENT; the number itself from 0 on. The buffer is the caller's until the fourth call. */
const char *result_name(int64_t result);

/* ---- /dev/iommu ---- */

int iommu_open(void);
int iommu_destroy(int iommu, uint32_t id);
uint32_t ioas_new(int iommu);
/* With MAP_FIXED_AT among the flags *iova is where; else it becomes that. */
int ioas_map_any(int iommu, uint32_t ioas, const void *va, uint64_t length, uint32_t flags,
		 uint64_t *iova);
int ioas_map(int iommu, uint32_t ioas, const void *va, uint64_t length, uint32_t access,
	     uint64_t iova);
int ioas_map_file(int iommu, uint32_t ioas, int fd, uint64_t start, uint64_t length,
		  uint32_t access, uint64_t iova);
/* The bytes that went, at most INT_MAX of them, or a negative errno. */
int ioas_unmap(int iommu, uint32_t ioas, uint64_t iova, uint64_t length);
int ioas_copy(int iommu, uint32_t to, uint64_t to_iova, uint32_t from, uint64_t from_iova,
	      uint64_t length, uint32_t access);
int ioas_allow(int iommu, uint32_t ioas, const struct iommu_iova_range *ranges, uint32_t count);
/* At most 16 ranges; *alignment may be NULL. */
int ioas_ranges(int iommu, uint32_t ioas, struct iommu_iova_range ranges[16], uint32_t *count,
		uint64_t *alignment);
int hwpt_new(int iommu, uint32_t dev, uint32_t parent, uint32_t flags, uint32_t *id);
int option(int iommu, uint32_t what, uint16_t op, uint32_t object, uint64_t *value);

/* ---- Devices ---- */

/* The value of LAB_<variable>; without it the program ends. */
const char *lab_name(const char *variable);
bool lab_has(const char *variable);
/* The character device of what LAB_<variable> names, opened, or a negative errno. */
int cdev_try(const char *variable);
int cdev_open(const char *variable);
int cdev_bind(int dev, int iommu, uint32_t *id);
/* *id: what to attach to; becomes the page table that it is attached to. */
int cdev_attach_any(int dev, uint32_t *id);
int cdev_attach(int dev, uint32_t id);
int cdev_detach(int dev);
int group_open(const char *variable);
/* The file of a device by its group's, or a negative errno. */
int group_device(int group, const char *variable);
int container_open(void);
/* Offset of a region; 0 is not that of any that is used here. */
int region_find(int dev, uint32_t index, uint64_t *offset, uint64_t *size);
int bus_master(int dev);
/* Write a word to a file of sysfs. */
int write_word(const char *path, const char *word);
/* The device's driver becomes another, or none: "" stands for none. */
int driver_give(const char *variable, const char *driver);
const char *driver_of(const char *variable);

/* ---- Memory ---- */

/* Anonymous memory that is there. */
void *memory_new(uint64_t length);
/* At an address that is the same in every run; nothing is there until it is touched. */
void *memory_at(uint64_t va, uint64_t length);
/* A different pattern each time; never all zero. */
void memory_fill(void *memory, size_t length);
/* What DMA pins in the whole system, in pages. */
long pins(void);
/* VmPin of this process, in KiB. */
long pinned_here(void);
/* The physical address of a page that is there. */
uint64_t physical(const void *memory);
void limit_memlock(uint64_t bytes);

#endif
