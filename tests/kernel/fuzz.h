/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls at random, of which a model knows what each must answer, or, by several threads, of which only the end
 * is known. The same seed makes the same calls.
 */
#ifndef KERNEL_FUZZ_H
#define KERNEL_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"

enum {
	REGIONS = 8,
	REGION_PAGES = 32,
	WINDOW = 0x100000, /* the first address that maps use */
	WINDOW_PAGES = 128,
	SPACES = 6,
	TABLES = 4,
	DEVICES = 5, /* two alone, two in one group, one in software */
	MDEV = 4,
};
/* What no device can have. Apart, since no int can, either. */
enum {
	MSI = 0xfee00000,
};

struct random {
	uint64_t state;
};
uint32_t next(struct random *random);
/* 0 to n - 1 */
static inline unsigned below(struct random *random, unsigned n)
{
	return next(random) % n;
}

/* Of the same kinds in every run: anonymous, huge, and of files. */
uint8_t *region(int n);

/* What was called, for the end of the log. */
void note(const char *what, int result, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
/* Print why, the seed and the last calls, and end with 1. */
_Noreturn void broken(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A call that is wrong in one way, on objects that exist; what it must answer, or 0: any error. */
int wrong_call(struct random *random, int iommu, uint32_t ioas, uint32_t dev, const char **ret_what,
	       int *ret_error);

/* One life of the files: up to ops calls, then everything is closed. How many there were. */
unsigned long model_life(struct random *random, unsigned long ops);
unsigned long threads_life(struct random *random, unsigned long ops, int threads);

extern const char *const fuzz_devices[DEVICES];

#endif
