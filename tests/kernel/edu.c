/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the driving of edu.h. */
#include "edu.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	ID = 0x00,
	SOURCE = 0x80,
	TARGET = 0x88,
	COUNT = 0x90,
	COMMAND = 0x98,
	BUFFER = 0x40000,
	TIME = 100000, /* microseconds that the model takes for a DMA */
};

static volatile uint32_t *reg32(const struct edu *edu, int reg)
{
	return (volatile uint32_t *)(edu->regs + reg);
}

/* One store: the device ignores the upper half on its own. */
static void put64(const struct edu *edu, int reg, uint64_t value)
{
	*(volatile uint64_t *)(edu->regs + reg) = value;
}

void edu_use(struct edu *edu, int fd)
{
	uint64_t offset, size;
	void *regs;

	edu->fd = fd;
	must(region_find(fd, VFIO_PCI_BAR0_REGION_INDEX, &offset, &size));
	regs = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
	if (regs == MAP_FAILED)
		die("the registers of an edu: %s", result_name(-errno));
	edu->regs = regs;
	must(bus_master(fd));
	if ((*reg32(edu, ID) & 0xff) != 0xed)
		die("not an edu: 0x%x", *reg32(edu, ID));
}

void edu_use_unopened(struct edu *edu, const char *variable)
{
	char path[160];
	uint16_t command = 0;
	void *regs;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", lab_name(variable));
	fd = must(open(path, O_RDWR | O_CLOEXEC));
	regs = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (regs == MAP_FAILED)
		die("%s: %s", path, result_name(-errno));
	close(fd);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", lab_name(variable));
	fd = must(open(path, O_RDWR | O_CLOEXEC));
	if (pread(fd, &command, 2, 4) != 2)
		die("%s: %s", path, result_name(-errno));
	command |= 6;
	if (pwrite(fd, &command, 2, 4) != 2)
		die("%s: %s", path, result_name(-errno));
	close(fd);
	edu->fd = -1;
	edu->regs = regs;
}

void edu_use_removed(struct edu *edu, const char *variable)
{
	unsigned long long base = 0;
	char path[160];

	edu_use_unopened(edu, variable);
	munmap((void *)edu->regs, 1 << 20);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", lab_name(variable));
	FILE *file = fopen(path, "re");
	if (!file || fscanf(file, "%llx", &base) != 1)
		die("%s cannot be read", path);
	fclose(file);
	int fd = must(open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC));
	void *regs = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)base);
	if (regs == MAP_FAILED)
		die("/dev/mem: %s", result_name(-errno));
	close(fd);
	edu->regs = regs;
}

void edu_bound(struct edu *edu, const char *variable, int iommu)
{
	int fd = cdev_open(variable);

	must(cdev_bind(fd, iommu, &edu->id));
	edu_use(edu, fd);
}

void edu_end(struct edu *edu)
{
	if (edu->regs)
		munmap((void *)edu->regs, 1 << 20);
	if (edu->fd > 0)
		close(edu->fd);
	*edu = (struct edu){.fd = -1};
}

void edu_start(const struct edu *edu, uint64_t source, uint64_t target, size_t length,
	       bool to_memory)
{
	put64(edu, SOURCE, source);
	put64(edu, TARGET, target);
	put64(edu, COUNT, length);
	*reg32(edu, COMMAND) = to_memory ? 3 : 1;
}

void edu_wait(const struct edu *edu)
{
	while (*reg32(edu, COMMAND) & 1)
		usleep(1000);
}

void edu_read(const struct edu *edu, uint64_t iova, size_t length)
{
	edu_start(edu, iova, BUFFER, length, false);
	usleep(TIME);
	edu_wait(edu);
}

void edu_write(const struct edu *edu, uint64_t iova, size_t length)
{
	edu_start(edu, BUFFER, iova, length, true);
	usleep(TIME);
	edu_wait(edu);
}

uint8_t *home(void)
{
	static uint8_t *page;

	if (!page)
		page = memory_new(PAGE);
	return page;
}

uint32_t space_new(int iommu)
{
	uint32_t ioas = ioas_new(iommu);

	must(ioas_map(iommu, ioas, home(), PAGE, MAP_BOTH, HOME));
	return ioas;
}

bool edu_holds(const struct edu *edu, const uint8_t *memory)
{
	uint8_t before[LENGTH];

	memory_fill(home(), LENGTH);
	memcpy(before, home(), LENGTH);
	edu_write(edu, HOME, LENGTH);
	if (!memcmp(before, home(), LENGTH))
		die("the device does not reach HOME");
	return !memcmp(home(), memory, LENGTH);
}

/* Bytes that the device then holds, if it reaches HOME. */
static bool load(const struct edu *edu, uint8_t held[LENGTH])
{
	memory_fill(home(), LENGTH);
	memcpy(held, home(), LENGTH);
	edu_read(edu, HOME, LENGTH);
	memory_fill(home(), LENGTH);
	edu_write(edu, HOME, LENGTH);
	return !memcmp(home(), held, LENGTH);
}

const char *edu_reach(const struct edu *edu, uint64_t iova, uint8_t *memory)
{
	uint8_t held[LENGTH], before[LENGTH];
	bool known = load(edu, held), writes;

	memory_fill(memory, LENGTH);
	memcpy(before, memory, LENGTH);
	edu_write(edu, iova, LENGTH);
	writes = memcmp(memory, before, LENGTH);
	if (writes && known && memcmp(memory, held, LENGTH))
		return "bad bytes written";
	memory_fill(memory, LENGTH);
	edu_read(edu, iova, LENGTH);
	if (!known)
		return writes ? "w?" : "-?";
	if (edu_holds(edu, memory))
		return writes ? "rw" : "r";
	if (!memcmp(home(), memory, LENGTH / 4) ||
	    !memcmp(home() + LENGTH - LENGTH / 4, memory + LENGTH - LENGTH / 4, LENGTH / 4))
		return "bad bytes read";
	return writes ? "w" : "-";
}

bool edu_writes(const struct edu *edu, uint64_t iova, uint8_t *memory)
{
	uint8_t before[LENGTH];

	memory_fill(memory, LENGTH);
	memcpy(before, memory, LENGTH);
	edu_write(edu, iova, LENGTH);
	return memcmp(memory, before, LENGTH);
}
