/* SPDX-License-Identifier: MIT */
/*
 * A driver for QEMU's "edu" device: 4096 bytes of memory of its own, and a DMA engine that copies
 * between them and the address space the device is attached to.
 */
#ifndef EXAMPLES_EDU_H
#define EXAMPLES_EDU_H

#include <libiommufd.h>

struct edu {
	struct libiommufd_device *dev;
	struct libiommufd_region *bar;
	volatile uint8_t *regs;
};

enum edu_register {
	EDU_ID = 0x00,       /* 0x010000ed */
	EDU_LIVENESS = 0x04, /* reads as the inverse of what was written */
	EDU_DMA_SOURCE = 0x80,
	EDU_DMA_TARGET = 0x88,
	EDU_DMA_COUNT = 0x90,
	EDU_DMA_COMMAND = 0x98, /* 1: start; 2: from the device to memory; clears itself */
	EDU_MEMORY = 0x40000,
};

/* Map the registers of a bound device, check that they answer, allow DMA. 0 or a negative errno. */
int edu_start(struct edu *edu, struct libiommufd_device *dev);
int edu_stop(struct edu *edu);

/* The device reads length bytes (at most 4095: the model's own bound) at iova into its memory, or writes them from there. */
void edu_read(const struct edu *edu, uint64_t iova, uint64_t length);
void edu_write(const struct edu *edu, uint64_t iova, uint64_t length);

#endif
