/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the program unplug: 0, or how many tests failed. */
#ifndef SUITES_UNPLUG_H
#define SUITES_UNPLUG_H

#include "devices.h"

int run_unplug(void);
int run_surprise(void);

#endif
