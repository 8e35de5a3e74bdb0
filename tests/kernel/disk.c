/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the registers and the admin queue of disk.h: nothing but IDENTIFY, which writes a page. */
#include "disk.h"

#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
	CONFIGURATION = 0x14,
	STATUS = 0x1c,
	SIZES = 0x24,
	COMMANDS = 0x28,
	ANSWERS = 0x30,
	TAIL = 0x1000,
	HEAD = 0x1004,
	REGISTERS = 0x2000,
	ENTRIES = DISK_DEPTH + 1,
	PATIENCE = 20, /* seconds */
};

struct command {
	uint32_t opcode_and_tag, nsid;
	uint64_t reserved[2], page[2];
	uint32_t word[6];
};

struct answer {
	uint32_t result, reserved;
	uint16_t head, queue, tag, status;
};

static volatile uint32_t *reg32(const struct disk *disk, int reg)
{
	return (volatile uint32_t *)(disk->regs + reg);
}

static void await(const struct disk *disk, uint32_t ready)
{
	time_t end = time(NULL) + PATIENCE;

	while ((*reg32(disk, STATUS) & 1) != ready) {
		if ((ready && *reg32(disk, STATUS) & 2) || time(NULL) > end)
			die("the disk does not start: status 0x%x", *reg32(disk, STATUS));
		usleep(1000);
	}
}

void disk_restart(struct disk *disk)
{
	*reg32(disk, CONFIGURATION) = 0;
	await(disk, 0);
	disk->tail = disk->head = disk->in_flight = 0;
	disk->phase = 1;
	memset(disk->memory, 0, DISK_MEMORY);
	*reg32(disk, SIZES) = (ENTRIES - 1) << 16 | (ENTRIES - 1);
	*(volatile uint64_t *)(disk->regs + COMMANDS) = disk->iova;
	*(volatile uint64_t *)(disk->regs + ANSWERS) = disk->iova + PAGE;
	*reg32(disk, CONFIGURATION) = 1 | 6 << 16 | 4 << 20;
	await(disk, 1);
}

void disk_start(struct disk *disk, const char *variable, int iommu, uint32_t pt, uint8_t *memory,
		uint64_t iova)
{
	uint64_t offset;
	void *regs;

	*disk = (struct disk){.fd = cdev_open(variable),
			      .memory = memory,
			      .iova = iova,
			      .phase = 1};
	must(cdev_bind(disk->fd, iommu, &disk->id));
	must(cdev_attach(disk->fd, pt));
	must(region_find(disk->fd, VFIO_PCI_BAR0_REGION_INDEX, &offset, NULL));
	regs = mmap(NULL, REGISTERS, PROT_READ | PROT_WRITE, MAP_SHARED, disk->fd, (off_t)offset);
	if (regs == MAP_FAILED)
		die("the registers of a disk: %s", result_name(-errno));
	disk->regs = regs;
	must(bus_master(disk->fd));
	disk_restart(disk);
}

void disk_end(struct disk *disk)
{
	*reg32(disk, CONFIGURATION) = 0;
	munmap((void *)disk->regs, REGISTERS);
	close(disk->fd);
}

void disk_submit(struct disk *disk, uint64_t iova)
{
	struct command *command = (struct command *)disk->memory + disk->tail;

	*command = (struct command){.opcode_and_tag = 6, .page = {iova}, .word = {1}};
	disk->tail = (disk->tail + 1) % ENTRIES;
	disk->in_flight++;
	__atomic_store_n(reg32(disk, TAIL), disk->tail, __ATOMIC_RELEASE);
}

static bool take(struct disk *disk)
{
	const struct answer *answer = (struct answer *)(disk->memory + PAGE) + disk->head;

	if ((__atomic_load_n(&answer->status, __ATOMIC_ACQUIRE) & 1) != disk->phase)
		return false;
	if (answer->status >> 1) {
		disk->status = answer->status >> 1;
		disk->errors++;
	}
	disk->head = (disk->head + 1) % ENTRIES;
	disk->phase ^= disk->head == 0;
	disk->in_flight--;
	return true;
}

int disk_take(struct disk *disk, bool wait)
{
	time_t end = time(NULL) + PATIENCE;
	int count = 0;

	while (take(disk))
		count++;
	for (unsigned spins = 0; wait && !count && disk->in_flight; spins++) {
		count += take(disk);
		if (spins % 1024 == 0 && *reg32(disk, STATUS) & 2)
			return -EIO;
		if (spins % 1024 == 0 && time(NULL) > end)
			return -ETIMEDOUT;
	}
	if (count)
		__atomic_store_n(reg32(disk, HEAD), disk->head, __ATOMIC_RELEASE);
	return count;
}
