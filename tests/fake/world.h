/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fake kernel with the library's objects on it, and the things a user does with them, one by one. */
#ifndef LIBIOMMUFD_TEST_WORLD_H
#define LIBIOMMUFD_TEST_WORLD_H

#include "fake.h"

#define PAGE  4096ULL
#define PAGES 16

/* Where every address space of a world has one page mapped, by which it is recognised. */
#define PROBE 0x100000ULL

enum {
	DEV0,
	DEV1,
	ALONE,
	THIRD,
	DEVICES
};
enum {
	X,
	Y,
	SPACES
};

struct world {
	struct fake *fake;
	uint32_t backend; /* AUTO: whatever the fake offers */
	struct libiommufd_ctx *ctx;
	struct libiommufd_device *devices[DEVICES];
	struct libiommufd_ioas *spaces[SPACES];
	/* What another process makes of DEV0, its group and its container. */
	struct libiommufd_ctx *guest_ctx;
	struct libiommufd_device *guest;
	struct libiommufd_ioas *guest_space;
	struct libiommufd_region *region;
	void *region_map;
	struct libiommufd_facts *facts;
	struct libiommufd_ranges *ranges;
	struct libiommufd_hot_reset *reset;
	char *memory; /* PAGES of them; the first belong to the probes */
	int file;     /* of the fake's; -1 */
	int event;    /* likewise */
	uint64_t iova;
	char out[640];  /* what the last act that worked gave, as text */
	bool keep_log;  /* not with threads */
	char note[256]; /* the last line that the library logged beside failures */
};

/* config NULL: the default one. */
void world_init(struct world *w, uint32_t backend, const struct fake_config *config);
/* Close everything; false if the fake still holds something. */
bool world_fini(struct world *w);

const char *world_address(int device);

/* Steps to a starting state; they abort if they fail. */
void world_ctx(struct world *w);
void world_space(struct world *w, int space);
void world_open(struct world *w, int device);
void world_bind(struct world *w, int device);
/* With a space to join, or -1, and enum libiommufd_bind_flags. */
void world_bind_with(struct world *w, int device, int space, uint32_t flags);
/* Its first use, which on type1 opens it. */
void world_use(struct world *w, int device);
void world_attach(struct world *w, int device, int space);
void world_map(struct world *w, int space, uint64_t iova, unsigned page, unsigned pages);

/* The fake's state and what the library says, as text; the caller frees it. */
char *world_observe(struct world *w);

/*
 * Does the library say of every device what the fake's hardware would do with its DMA? NULL, or what is
 * wrong.
 */
const char *world_contradiction(struct world *w);

/* Print and abort unless ok. */
void world_require(bool ok, const char *what);

#endif
