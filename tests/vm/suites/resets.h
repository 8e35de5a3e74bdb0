/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the program resets: 0, or how many tests failed. */
#ifndef SUITES_RESETS_H
#define SUITES_RESETS_H

#include "devices.h"

/* QEMU's AMD IOMMU keeps translations of devices behind a bridge that it was told to drop. */
static inline bool dma_is_told(struct bench *b)
{
	return !bench_is_amd(b);
}

int run_resets(void);
int run_hot_resets(void);
int run_features(void);
int run_tokens(void);

#endif
