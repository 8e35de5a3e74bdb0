/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the regions that firmware asked for: a device that nobody drives reaches them and nothing else. An edu has one
 * that user space may not take away (direct), EDU1 may have another, and an xHCI has one that it may (relaxable).
 */
#include "idle.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct region {
	uint64_t base, length;
	uint8_t *memory;
};

static bool blocked;
static uint8_t *page; /* of all memory that is not the region */

/* The first one of that type that sysfs tells. */
static bool find_region(const char *variable, const char *type, struct region *region)
{
	unsigned long long first, last;
	char name[32];
	FILE *file = fopen(device_file(variable, "iommu_group/reserved_regions"), "re");

	*region = (struct region){0};
	while (file && fscanf(file, "%llx %llx %31s", &first, &last, name) == 3) {
		if (!region->length && !strcmp(name, type)) {
			region->base = first;
			region->length = last - first + 1;
		}
	}
	if (file)
		fclose(file);
	return region->length != 0;
}

static struct region region_of(const char *variable, const char *type)
{
	struct region region;
	bool found = find_region(variable, type, &region);
	int fd;

	result(found, type, lab_name(variable));
	if (!found)
		die("no region for %s", variable);
	fd = must(open("/dev/mem", O_RDWR | O_CLOEXEC));
	region.memory = mmap(NULL, region.length, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			     (off_t)region.base);
	if (region.memory == MAP_FAILED)
		die("/dev/mem: %s", result_name(-errno));
	close(fd);
	return region;
}

/* ---- edu ---- */

/* The last bytes of the region are where the device leaves what it has read. */
static bool reads(const struct edu *edu, const struct region *region, uint64_t from,
		  uint8_t *memory)
{
	uint8_t *left = region->memory + region->length - LENGTH;
	uint8_t wrote[LENGTH];

	memory_fill(memory, LENGTH);
	memcpy(wrote, memory, LENGTH);
	memset(left, 0, LENGTH);
	edu_read(edu, from, LENGTH);
	edu_write(edu, region->base + region->length - LENGTH, LENGTH);
	return !memcmp(left, wrote, LENGTH);
}

static void reach_is(const char *variable, const struct region *region, bool beyond,
		     const char *name)
{
	struct edu edu = {0};
	bool own, r, w;
	char detail[120];

	edu_use_unopened(&edu, variable);
	own = reads(&edu, region, region->base, region->memory);
	r = reads(&edu, region, physical(page), page);
	w = edu_writes(&edu, physical(page), page);
	snprintf(detail, sizeof(detail), "the region was %s, other memory %s and %s",
		 own ? "reached" : "not reached", r ? "read" : "not read",
		 w ? "written" : "not written");
	result(own && r == beyond && w == beyond, name, detail);
	edu_end(&edu);
}

/* What firmware told a device to use is not for others of its group when it has left. */
static void gone(const char *variable, const struct region *region)
{
	struct edu edu = {0};
	bool written;

	edu_use_unopened(&edu, variable);
	written = edu_writes(&edu, region->base, region->memory);
	/* The control has all of memory. */
	result(written == !blocked,
	       written ? "the region of one that left is reached"
		       : "the region of one that left is not reached",
	       dma_state(variable));
	edu_end(&edu);
}

static void idle(const char *variable, const struct region *region, const char *name)
{
	const char *state = dma_state(variable);

	result((!state[0] && !blocked) || !strncmp(state, blocked ? "blocked" : "kernel ", 7), name,
	       state);
	/* The control has the default domain: all of memory, unless its type was written. */
	reach_is(variable, region,
		 !blocked &&
			 !strcmp(sysfs_line(device_file(variable, "iommu_group/type")), "identity"),
		 name);
}

/* Its own table would take the region away: nobody in user space may have it. */
static void refused(const char *variable)
{
	int dev, iommu, group, container, r;
	uint32_t id;

	if (access("/dev/iommu", F_OK) == 0) {
		dev = cdev_open(variable);
		iommu = iommu_open();
		r = cdev_bind(dev, iommu, &id);
		result(r == -EINVAL, "its bind is refused", result_name(r));
		close(dev);
		close(iommu);
	}
	group = group_open(variable);
	container = container_open();
	if (group < 0 || container < 0)
		return skip("its group in a container", "no container");
	r = call(group, VFIO_GROUP_SET_CONTAINER, &container);
	result(r == -EINVAL, "its group is refused to a container", result_name(r));
	close(group);
	close(container);
}

static void driven(const struct region *region, const char *type)
{
	char wanted[32];

	snprintf(wanted, sizeof(wanted), "kernel %s", type);
	must(driver_give("EDU0", "edu_dma"));
	result(!strcmp(dma_state("EDU0"), wanted) &&
		       !strcmp(sysfs_line(device_file("EDU0", "dma")), "1"),
	       "on a driver", dma_state("EDU0"));
	reach_is("EDU0", region, !strcmp(type, "identity"), "on a driver");
	must(driver_give("EDU0", ""));
	idle("EDU0", region, "off it");
}

static void edu_regions(void)
{
	struct region region = region_of("EDU0", "direct"), own;
	char path[256];

	idle("EDU0", &region, "since boot");
	if (system("modprobe -q edu_dma") == 0) {
		driven(&region, "identity");
		snprintf(path, sizeof(path), "%s", device_file("EDU0", "iommu_group/type"));
		must(write_word(path, "DMA"));
		driven(&region, "DMA");
		must(write_word(path, "identity"));
		idle("EDU0", &region, "after its type was written");
	} else {
		skip("a driver", "no edu_dma");
	}
	must(system("modprobe -q vfio-pci"));
	must(driver_give("EDU0", "vfio-pci"));
	idle("EDU0", &region, "on vfio-pci");
	refused("EDU0");
	idle("EDU0", &region, "after that");
	must(driver_give("EDU0", ""));
	must(write_word(device_file("EDU0", "remove"), "1"));
	must(write_word("/sys/bus/pci/rescan", "1"));
	idle("EDU0", &region, "plugged in again");
	munmap(region.memory, region.length);
	if (!lab_has("EDU2"))
		return;
	region = region_of("EDU1", "direct");
	idle("EDU1", &region, "one of two");
	idle("EDU2", &region, "the other, with the same table");
	must(write_word(device_file("EDU1", "remove"), "1"));
	gone("EDU2", &region);
	if (find_region("EDU2", "direct", &own)) {
		own = region_of("EDU2", "direct");
		idle("EDU2", &own, "the other keeps its own");
		munmap(own.memory, own.length);
	}
	must(write_word("/sys/bus/pci/rescan", "1"));
	idle("EDU1", &region, "the one plugged in beside the other");
	munmap(region.memory, region.length);
}

/* ---- xHCI ---- */

static void xhci_idle(const struct region *region, const char *name)
{
	bool own = xhci_reaches("USB0", region->base, region->memory),
	     beyond = xhci_reaches("USB0", physical(page), page);
	char detail[120];

	snprintf(detail, sizeof(detail), "%s; the region was %s, other memory %s",
		 dma_state("USB0"), own ? "reached" : "not reached",
		 beyond ? "reached" : "not reached");
	result(own && beyond == !blocked && (!blocked || !strcmp(dma_state("USB0"), "blocked")),
	       name, detail);
}

static void xhci_regions(void)
{
	struct region region = region_of("USB0", "direct-relaxable");
	int dev, iommu, r;
	uint32_t id;

	xhci_idle(&region, "xHCI since boot");
	must(driver_give("USB0", "vfio-pci"));
	xhci_idle(&region, "xHCI on vfio-pci");
	if (access("/dev/iommu", F_OK) == 0) {
		dev = cdev_open("USB0");
		iommu = iommu_open();
		r = cdev_bind(dev, iommu, &id);
		result(r == 0 && (!blocked || !strcmp(dma_state("USB0"), "user")),
		       "xHCI may be bound", result_name(r));
		close(dev);
		close(iommu);
	}
	xhci_idle(&region, "xHCI closed");
	must(driver_give("USB0", ""));
	munmap(region.memory, region.length);
}

void idle_regions(bool is_blocked)
{
	blocked = is_blocked;
	page = memory_new(PAGE);
	must(mlock(page, PAGE));
	edu_regions();
	if (lab_has("USB0"))
		xhci_regions();
}

/* Then it cannot be blocked but for its region. Neither it nor others suffer. */
void idle_beyond(bool is_blocked)
{
	result(!strncmp(dma_state("EDU0"), "kernel ", 7), "its state", dma_state("EDU0"));
	result((system("dmesg | grep -q 'cannot be blocked while it is idle'") == 0) == is_blocked,
	       "the log says so", "");
	must(system("modprobe -q edu_dma"));
	must(driver_give("EDU0", "edu_dma"));
	result(!strcmp(sysfs_line(device_file("EDU0", "dma")), "1"), "it works on a driver", "");
	must(driver_give("EDU0", ""));
	result(!strncmp(dma_state("EDU0"), "kernel ", 7), "its state after that",
	       dma_state("EDU0"));
	idle_edu("EDU1", "a device without a region");
}
