/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QEMU's edu by its registers, and what it reaches by DMA. */
#ifndef KERNEL_EDU_H
#define KERNEL_EDU_H

#include "raw.h"

enum {
	HOME = 0xff0000, /* where every space with a home has it */
	LENGTH = 128,    /* bytes of a DMA that asks */
};

struct edu {
	int fd;
	uint32_t id; /* of the device, in its iommufd */
	volatile uint8_t *regs;
};

/* A device that is bound already: its registers, and bus mastering. */
void edu_use(struct edu *edu, int fd);
/* Without VFIO, by its files in sysfs: what a device does that nobody has opened. */
void edu_use_unopened(struct edu *edu, const char *variable);
/* The same by its place in memory: so it can be used on when the kernel has let go of it. */
void edu_use_removed(struct edu *edu, const char *variable);
/* Opened, bound to iommu and ready. */
void edu_bound(struct edu *edu, const char *variable, int iommu);
/* Unmaps and closes, what there is. */
void edu_end(struct edu *edu);

void edu_read(const struct edu *edu, uint64_t iova, size_t length);
void edu_write(const struct edu *edu, uint64_t iova, size_t length);
/* Does what the device writes there arrive in memory? */
bool edu_writes(const struct edu *edu, uint64_t iova, uint8_t *memory);
/* The two halves of edu_write() and edu_read(). */
void edu_start(const struct edu *edu, uint64_t source, uint64_t target, size_t length,
	       bool to_memory);
void edu_wait(const struct edu *edu);

/* A space that the device can leave what it read in. */
uint32_t space_new(int iommu);
/* A page of the program that every space_new() maps at HOME. */
uint8_t *home(void);

/*
 * What the device does with memory at iova: "rw", "r", "w" or "-". Where HOME is out of its reach, "w?" or
 * "-?": what it reads is not known then, and kept. "bad ..." if other bytes come than should.
 */
const char *edu_reach(const struct edu *edu, uint64_t iova, uint8_t *memory);
/* The device holds the first LENGTH bytes of memory; it must reach HOME. */
bool edu_holds(const struct edu *edu, const uint8_t *memory);

#endif
