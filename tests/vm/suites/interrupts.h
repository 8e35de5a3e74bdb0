/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the program interrupts: 0, or how many tests failed. */
#ifndef SUITES_INTERRUPTS_H
#define SUITES_INTERRUPTS_H

#include "devices.h"

int run_lines(void);
int run_vectors(void);

#endif
