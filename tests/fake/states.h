/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A scene: two devices of one group, two address spaces, another context, on the fake or on the real
 * kernel. The table of states is made of starting states and calls on it.
 */
#ifndef LIBIOMMUFD_STATES_H
#define LIBIOMMUFD_STATES_H

#include "fake.h"

#define PAGE  4096ULL
#define PAGES 64

/* One page of each address space is mapped here, by which DMA shows where it goes. */
#define PROBE 0x100000ULL

struct scene {
	const struct sys *sys;
	bool on_fake;
	struct fake *fake; /* NULL: the real kernel */
	const char *names[2];
	struct libiommufd_ctx *ctx, *other;
	struct libiommufd_device *dev0, *dev1;
	struct libiommufd_device *twin; /* dev0 a second time */
	struct libiommufd_ioas *x, *y, *foreign;
	struct libiommufd_region *bar;
	void *bar_map;
	char *memory; /* PAGES, aligned to 2 MiB */
	int file, event;
	char out[160]; /* what the call gave */
};

struct state {
	const char *name;
	void (*arrange)(struct scene *scene);
};

struct call {
	const char *name;
	int (*call)(struct scene *scene);
};

/* Each list ends with a NULL name. */
extern const struct state device_states[], space_states[], feature_states[];
extern const struct call device_calls[], query_calls[], map_calls[], space_calls[], null_calls[],
	feature_calls[];

/* Print and exit unless it is so. */
void must(bool ok, const char *what);

/* Where the DMA of a device really goes: "X", "Y", "nothing", or "-" if the device cannot be asked. */
const char *dma_goes(struct scene *scene, int which);

/* Append to scene->out. */
void say(struct scene *scene, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
