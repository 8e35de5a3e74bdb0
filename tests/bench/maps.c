/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a call of the library costs beside the bare ioctl, in the same address space of the same device.
 * Library and ioctl take turns, and each line compares medians over the turns, so that what disturbs
 * one disturbs the other. Run by tests/bench/run.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <libiommufd.h>

#include "figures.h"
#include "uapi/iommufd.h"
#include "uapi/vfio.h"

enum {
	PAGE = 4096,
	LARGE = 2 << 20,
	MANY = 300000,
	BOTH = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE,
};

#define BASE  0x100000000ULL /* where the mappings that stay are */
#define STEP  (2ULL * PAGE)
#define HOLES 300 /* places left free among those */

static struct libiommufd_ctx *ctx;
static struct libiommufd_ioas *ioas;
static struct libiommufd_device *dev;
static int file; /* /dev/iommu, or the container */
static uint8_t *memory;

/* ---- The two ways ---- */

static int map_by_library(uint64_t iova, uint64_t length)
{
	return libiommufd_ioas_map_at(ioas, memory, length, BOTH, iova);
}

static int unmap_by_library(uint64_t iova, uint64_t length)
{
	return libiommufd_ioas_unmap(ioas, iova, length, NULL);
}

static int map_natively(uint64_t iova, uint64_t length)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = libiommufd_ioas_get_id(ioas),
		.user_va = (uintptr_t)memory,
		.length = length,
		.iova = iova,
	};
	return ioctl(file, IOMMU_IOAS_MAP, &cmd);
}

static int unmap_natively(uint64_t iova, uint64_t length)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = libiommufd_ioas_get_id(ioas),
		.iova = iova,
		.length = length,
	};
	return ioctl(file, IOMMU_IOAS_UNMAP, &cmd);
}

static int map_by_type1(uint64_t iova, uint64_t length)
{
	struct vfio_iommu_type1_dma_map cmd = {
		.argsz = sizeof(cmd),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory,
		.iova = iova,
		.size = length,
	};
	return ioctl(file, VFIO_IOMMU_MAP_DMA, &cmd);
}

static int unmap_by_type1(uint64_t iova, uint64_t length)
{
	struct vfio_iommu_type1_dma_unmap cmd = {
		.argsz = sizeof(cmd),
		.iova = iova,
		.size = length,
	};
	return ioctl(file, VFIO_IOMMU_UNMAP_DMA, &cmd);
}

struct way {
	int (*map)(uint64_t iova, uint64_t length);
	int (*unmap)(uint64_t iova, uint64_t length);
};

static const struct way library = {map_by_library, unmap_by_library};
static struct way bare;

/* ---- Measuring ---- */

/* A place that is free; neighbours in time are far apart unless step is 0. */
static uint64_t place(int i, int step)
{
	return BASE + (uint64_t)((i * step) % HOLES) * (MANY / HOLES) * STEP;
}

/* Microseconds for one map and one unmap. */
static void turn(const struct way *way, uint64_t length, int calls, int step, double *map,
		 double *unmap)
{
	double start, between = 0, all = 0;

	for (int i = 0; i < calls; i++) {
		start = figures_now();
		figures_need(way->map(place(i, step), length), "map");
		between += figures_now() - start;
		start = figures_now();
		figures_need(way->unmap(place(i, step), length), "unmap");
		all += figures_now() - start;
	}
	*map = between / calls;
	*unmap = all / calls;
}

static void compare(const char *what, uint64_t length, int calls, int step, double goal)
{
	double map[2][TURNS], unmap[2][TURNS];
	char text[80];

	for (int i = 0; i < TURNS; i++) {
		/* Who is first takes turns, too. */
		for (int k = 0; k < 2; k++) {
			int who = (i + k) % 2;
			turn(who ? &bare : &library, length, calls, step, &map[who][i],
			     &unmap[who][i]);
		}
	}
	snprintf(text, sizeof(text), "map %s", what);
	figures_compare(text, map[1], map[0], goal);
	snprintf(text, sizeof(text), "unmap %s", what);
	figures_compare(text, unmap[1], unmap[0], goal);
}

static void raise_limits(void)
{
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	int fd = open("/sys/module/vfio_iommu_type1/parameters/dma_entry_limit",
		      O_WRONLY | O_CLOEXEC);

	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	if (fd < 0 || write(fd, "700000", 6) != 6)
		fprintf(stderr, "dma_entry_limit cannot be raised\n");
	close(fd);
}

/* Without asking for it: the library looks twice at a container whose file others have. */
static int find_container(void)
{
	char path[32], link[32];

	for (int fd = 3; fd < 100; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		if (!strcmp(link, "/dev/vfio/vfio"))
			return fd;
	}
	fprintf(stderr, "no container is open\n");
	exit(1);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: maps ADDRESS\n");
		return 2;
	}
	raise_limits();
	figures_need(libiommufd_ctx_open(NULL, &ctx), "ctx");
	figures_need(libiommufd_ioas_create(ctx, NULL, &ioas), "ioas");
	figures_need(libiommufd_device_open(ctx, argv[1], NULL, &dev), "open");
	figures_need(libiommufd_device_bind(dev, NULL), "bind");
	figures_need(libiommufd_device_attach(dev, ioas), "attach");
	bool native = libiommufd_ctx_get_backend(ctx) == LIBIOMMUFD_BACKEND_NATIVE;
	if (native) {
		figures_need(libiommufd_ctx_query_fd(ctx, &file), "file");
		bare = (struct way){map_natively, unmap_natively};
	} else {
		file = find_container();
		bare = (struct way){map_by_type1, unmap_by_type1};
	}
	memory = mmap(NULL, 2 * LARGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		return 1;

	figures_begin(native ? "native" : "type1", getenv("LAB_KERNEL"), "ioctl", "library");
	compare("4 KiB", PAGE, 500, 0, native ? 1.02 : 1.15);
	compare("2 MiB", LARGE, 20, 0, native ? 1.02 : 1.15);
	for (int i = 0; i < MANY; i++)
		if (i % (MANY / HOLES))
			figures_need(library.map(BASE + i * STEP, PAGE), "one of many");
	compare("4 KiB, 300,000 in place", PAGE, 500, 0, native ? 1.02 : 1.15);
	compare("4 KiB, the same, here and there", PAGE, 500, 77, native ? 1.02 : 1.15);

	double start = figures_now();
	figures_need(libiommufd_ioas_unmap_all(ioas, NULL), "unmap all");
	figures_tell("unmap all of 300,000", (figures_now() - start) / 1e3, "ms", -1);
	if (!native) {
		figures_need(libiommufd_device_query_container_fd(dev, &file), "file");
		compare("4 KiB, others have the container", PAGE, 500, 0, -1);
	}
	libiommufd_device_close(dev, 0);
	libiommufd_ioas_destroy(ioas);
	libiommufd_ctx_unref(ctx);
	return 0;
}
