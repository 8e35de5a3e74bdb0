/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Facts about a kernel: one line "section.name = value" each, the same names on every kernel, so that the
 * lines of two of them can be compared. Values are errno names, numbers, and what DMA reached.
 */
#ifndef KERNEL_FACTS_H
#define KERNEL_FACTS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"

struct section {
	const char *name;
	void (*run)(void); /* in a process of its own */
};

/* The name is a format. */
void fact(const char *value, const char *name, ...) __attribute__((format(printf, 2, 3)));
/* 0 or more, or the name of an errno. */
void fact_result(int64_t result, const char *name, ...) __attribute__((format(printf, 2, 3)));
void fact_number(int64_t number, const char *name, ...) __attribute__((format(printf, 2, 3)));
void fact_hex(uint64_t value, const char *name, ...) __attribute__((format(printf, 2, 3)));
/* "start-last start-last ..., alignment" of a space, as the kernel says. */
void fact_ranges(int iommu, uint32_t ioas, const char *name);

void facts_of_abi(void);
void facts_of_ids(void);
void facts_of_objects(void);
void facts_of_maps(void);
void facts_of_picks(void);
void facts_of_unmaps(void);
void facts_of_copies(void);
void facts_of_ranges(void);
void facts_of_allowed(void);
void facts_of_options(void);
void facts_of_hwpts(void);
void facts_of_hw_info(void);
void facts_of_binds(void);
void facts_of_unbound(void);
void facts_of_attaches(void);
void facts_of_moves(void);
void facts_of_functions(void);
void facts_of_bridge(void);
void facts_of_unopened(void);
void facts_of_exclusion(void);
void facts_of_hot_resets(void);
void facts_of_closes(void);
void facts_of_passing(void);
void facts_of_kvm(void);
void facts_of_compat(void);
void facts_of_files(void);
void facts_of_memory(void);
void facts_of_limits(void);
void facts_of_mdevs(void);

#endif
