/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An nvme controller as an engine for DMA that never rests: it reads its commands from memory, writes a page
 * of data and an answer for each, all at addresses of the space it is attached to.
 */
#ifndef KERNEL_DISK_H
#define KERNEL_DISK_H

#include "raw.h"

enum {
	DISK_DEPTH = 16,
	DISK_MEMORY = 2 * PAGE, /* its queues */
};

struct disk {
	int fd;
	uint32_t id;
	volatile uint8_t *regs;
	uint8_t *memory; /* DISK_MEMORY bytes, which it must reach at iova all the time */
	uint64_t iova;
	uint32_t tail, head, in_flight;
	uint16_t phase;
	uint16_t status; /* of the last command that failed */
	uint32_t errors; /* commands that failed */
};

/* Opened, bound and attached to pt, where its memory is mapped, and ready. */
void disk_start(struct disk *disk, const char *variable, int iommu, uint32_t pt, uint8_t *memory,
		uint64_t iova);
/* From the beginning, whatever was under way or had failed. */
void disk_restart(struct disk *disk);
void disk_end(struct disk *disk);
/* Have PAGE bytes written at iova. The caller keeps to DISK_DEPTH. */
void disk_submit(struct disk *disk, uint64_t iova);
/* Take the answers that are there, or wait for one. -EIO: the controller gave up; -ETIMEDOUT. */
int disk_take(struct disk *disk, bool wait);

#endif
