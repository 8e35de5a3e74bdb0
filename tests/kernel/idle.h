/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What idle.c and idle_drivers.c share. */
#ifndef KERNEL_IDLE_H
#define KERNEL_IDLE_H

#include <stdlib.h>

#include "edu.h"

void result(bool good, const char *name, const char *detail);
void skip(const char *name, const char *why);
/* The text of a file without its last newline, or "". It is the caller's until the fourth call. */
const char *sysfs_line(const char *path);
const char *device_file(const char *variable, const char *name);
const char *dma_state(const char *variable);

/* Drivers of the kernel come and go and do their work each time: of NVME0, NET0 with NET1, DISK0. */
void idle_drivers(int rounds, bool blocked);
/* How long a driver that does next to nothing takes to be bound to EDU0 and unbound: two figures, for tests/bench/idle. */
void idle_cost(void);

#endif
