/* SPDX-License-Identifier: MIT */
/*
 * A small NVMe driver: the first namespace, one pair of I/O queues, transfers within two pages,
 * completions found by polling or announced by an MSI-X vector. One thread at a time.
 *
 * Calls return 0 or a negative errno: that of the library, or
 *   -EIO        the command failed, see nvme->status, or the controller did (status 0)
 *   -ETIMEDOUT  the controller did not answer
 *   -EOPNOTSUPP it does not have what this driver needs
 */
#ifndef EXAMPLES_NVME_H
#define EXAMPLES_NVME_H

#include <libiommufd.h>

enum {
	NVME_PAGE = 4096,
	NVME_MEMORY = 5 * NVME_PAGE, /* what the driver shares with the controller */
	NVME_DEPTH = 16,             /* I/O commands in flight, at most */
	NVME_TRANSFER = 2 * NVME_PAGE,
};

enum nvme_opcode {
	NVME_WRITE = 1, /* memory to disk */
	NVME_READ = 2,  /* disk to memory */
};

struct nvme_queue {
	struct nvme_command *commands;
	struct nvme_answer *answers;
	volatile uint32_t *tail_doorbell, *head_doorbell;
	uint32_t tail, head; /* next command to write, next answer to read */
	uint32_t in_flight;
	uint16_t phase; /* what marks an answer as new */
	bool has_interrupt;
	bool announced; /* by an interrupt: there may be answers */
};

struct nvme {
	struct libiommufd_device *dev;
	struct libiommufd_region *bar;
	volatile uint8_t *regs;
	uint8_t *memory;
	uint64_t iova;
	struct nvme_queue admin, io;
	int eventfd;         /* of the I/O queue's vector */
	uint64_t interrupts; /* that were waited for */
	uint16_t status;     /* of the last command of this driver that failed */

	char model[41], serial[21];
	uint64_t blocks;
	uint32_t block_size;
};

struct nvme_completion {
	uint16_t tag;
	uint16_t status; /* 0: done */
};

/*
 * Reset the controller of a device that is bound, enable it and ask what it is. The device must reach
 * NVME_MEMORY bytes of memory at iova, both page-aligned, for reading and writing, until nvme_stop().
 */
int nvme_start(struct nvme *nvme, struct libiommufd_device *dev, void *memory, uint64_t iova);
/* Let the controller write out what it holds, disable it, unmap its registers. */
int nvme_stop(struct nvme *nvme);

/* The I/O queues. With an interrupt, waiting sleeps until MSI-X vector 1 fires; else it polls. */
int nvme_create_queues(struct nvme *nvme, bool with_interrupt);
int nvme_delete_queues(struct nvme *nvme);

/* Move blocks between disk and memory, and wait for it. -EBUSY while other commands are in flight. */
int nvme_read(struct nvme *nvme, uint64_t block, uint32_t count, uint64_t iova);
int nvme_write(struct nvme *nvme, uint64_t block, uint32_t count, uint64_t iova);

/*
 * The same in two steps, for many at once. The tag is the caller's and comes back; it must differ from
 * that of every other command in flight. -EBUSY: NVME_DEPTH are. -EINVAL: no blocks, beyond the end of
 * the disk, or more than two pages touched.
 */
int nvme_submit(struct nvme *nvme, enum nvme_opcode opcode, uint16_t tag, uint64_t block,
		uint32_t count, uint64_t iova);
/* Until any of them is complete. Fails if the controller does, not if the command did. */
int nvme_wait(struct nvme *nvme, struct nvme_completion *ret);

#endif
