/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The model: spaces with their mappings, page tables, devices and groups as the kernel should have them. Each
 * call is made on both, and must be answered as the model says; now and then pins are counted, and devices do
 * DMA that must land where the model has a page, and nowhere else.
 */
#ifndef KERNEL_FUZZ_MODEL_H
#define KERNEL_FUZZ_MODEL_H

#include "fuzz.h"

enum {
	MAPPINGS = 48, /* of a space */
	NONE = -1,
};

struct mapping {
	uint64_t iova;
	int object; /* of which map it is, also of a copy: pages are pinned once for each */
	int region;
	unsigned first, count; /* pages of the region */
	uint32_t access;
};

struct space {
	uint32_t id;
	unsigned count;
	struct mapping mappings[MAPPINGS]; /* by address */
};

struct table {
	uint32_t id;
	int space;
};

struct target { /* what a group is attached to: a space by its own table, or a table that was made */
	int space, table;
};

struct device {
	int fd;
	uint32_t id;
	bool attached;
	struct target at; /* of an mdev; a group has one for all */
	struct edu edu;
};

extern struct model {
	int iommu;
	struct random *random;
	struct space spaces[SPACES];
	struct table tables[TABLES];
	struct device devices[DEVICES];
	struct target groups[DEVICES];
	int objects;
	bool writable[65536]; /* of objects */
	uint32_t compat;      /* id of the space that a container's calls fill */
	long pins_before;
} model;

int group_of(int device);
bool group_is_attached(int group);
/* A device is attached, so that its reserved range is the space's. */
bool has_device(int space);
/* Some page table has its mappings, so that they are pinned. */
bool is_filled(int space);
bool in_use(int space);
/* It maps what no device can have. */
bool has_reserved(int space);
uint64_t end_of(const struct mapping *mapping);
bool is_free(const struct space *space, uint64_t iova, unsigned pages);
/* The mapping there, or NULL. */
const struct mapping *mapping_at(const struct space *space, uint64_t iova);
void insert(struct space *space, struct mapping mapping);
void erase(struct space *space, unsigned index);
long expected_pins(void);

/* One call, chosen by the dice. */
void make_a_call(void);
/* Those that take long: a device is bound, or one is closed. */
void bind_any_device(void);
void end_any_device(void);
void end_device(struct device *device);
/* Pins are those of what is mapped; DMA reaches what is mapped, and nothing else. */
void look_at_pins(void);
void look_at_dma(void);

#endif
