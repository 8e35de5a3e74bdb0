/* SPDX-License-Identifier: MIT */
#include "edu.h"

#include <errno.h>
#include <unistd.h>

static void set64(const struct edu *edu, enum edu_register reg, uint64_t value)
{
	/* One store: the device ignores the upper half on its own. */
	*(volatile uint64_t *)(edu->regs + reg) = value;
}

static volatile uint32_t *reg32(const struct edu *edu, enum edu_register reg)
{
	return (volatile uint32_t *)(edu->regs + reg);
}

int edu_start(struct edu *edu, struct libiommufd_device *dev)
{
	void *regs;
	int r;

	edu->dev = dev;
	r = libiommufd_device_query_region(dev, LIBIOMMUFD_PCI_BAR0, &edu->bar);
	if (r < 0)
		return r;
	r = libiommufd_region_map(edu->bar, 0, libiommufd_region_get_size(edu->bar),
				  LIBIOMMUFD_READ | LIBIOMMUFD_WRITE, &regs);
	if (r < 0)
		return r;
	edu->regs = regs;
	*reg32(edu, EDU_LIVENESS) = 0x12345678;
	if ((*reg32(edu, EDU_ID) & 0xff) != 0xed || *reg32(edu, EDU_LIVENESS) != ~0x12345678u) {
		edu_stop(edu);
		return -ENODEV;
	}
	r = libiommufd_device_set_bus_master(dev, true);
	if (r < 0)
		edu_stop(edu);
	return r;
}

int edu_stop(struct edu *edu)
{
	void *regs = (void *)edu->regs;

	edu->regs = NULL;
	return regs ? libiommufd_region_unmap(edu->bar, regs) : 0;
}

static void run(const struct edu *edu, uint64_t source, uint64_t target, uint64_t length,
		uint32_t command)
{
	set64(edu, EDU_DMA_SOURCE, source);
	set64(edu, EDU_DMA_TARGET, target);
	set64(edu, EDU_DMA_COUNT, length);
	*reg32(edu, EDU_DMA_COMMAND) = command;
	while (*reg32(edu, EDU_DMA_COMMAND) & 1)
		usleep(1000);
}

void edu_read(const struct edu *edu, uint64_t iova, uint64_t length)
{
	run(edu, iova, EDU_MEMORY, length, 1);
}

void edu_write(const struct edu *edu, uint64_t iova, uint64_t length)
{
	run(edu, EDU_MEMORY, iova, length, 3);
}
