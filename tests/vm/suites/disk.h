/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An nvme that the library drives, and three address spaces for it, alike but for the memory behind them: what is
 * around the memory that commands name, and all of the third space, must stay as it is. Overwrites the disk.
 */
#ifndef SUITES_DISK_H
#define SUITES_DISK_H

#include "bench.h"

#include "../../../examples/nvme.h"

enum {
	BLOCK = 512,
	UNIT = NVME_TRANSFER, /* what one command moves */
	UNIT_BLOCKS = UNIT / BLOCK,
	UNITS = 64, /* of the disk that are used */
	SLOTS = NVME_DEPTH,
	STRIDE = UNIT + 2 * PAGE, /* a slot has a guard page on both sides */
	TARGET = SLOTS * STRIDE,

	OLD = 0, /* address spaces; the device never goes to the stranger */
	NEW = 1,
	STRANGER = 2,
};

#define QUEUES_IOVA 0x10000000ULL

/* No sector of a unit has these bytes only. */
#define GUARD 0xa5
#define EMPTY 0xee

struct space {
	struct libiommufd_ioas *ioas;
	uint8_t *canary; /* mapped, but no command names it */
	uint8_t *target; /* the slots are mapped, the guard pages are not */
};

struct disk {
	struct libiommufd_ctx *ctx;
	struct libiommufd_device *dev;
	struct nvme nvme;
	uint8_t *queues;
	struct space spaces[3];
	uint8_t units[UNITS][UNIT]; /* what is on the disk */
	bool native;
};

/* cmocka setup and teardown: the disk is *state; in the space OLD, with queues of commands if polling. */
int disk_setup(void **state);
int disk_setup_polling(void **state);
int disk_teardown(void **state);

void take_device(struct disk *d);
void release_device(struct disk *d);

/* The same address in each space. */
uint64_t slot_iova(unsigned slot);
uint8_t *slot_memory(struct disk *d, int space, unsigned slot);

/* What is to be on the disk; write_units() puts it there, through slot 0 of the space that the device is in. */
void fill_units(struct disk *d, uint32_t seed);
void write_units(struct disk *d, uint32_t seed);

/* Nothing was written to a page that no command named, nor to the space where the device never was. */
void assert_guards_are_clean(struct disk *d);

/* The parts of the program nvme: 0, or how many tests failed. */
int run_nvme(void);
int run_moves(void);

#endif
