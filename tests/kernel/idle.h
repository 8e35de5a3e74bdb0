/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What idle.c and the idle_*.c share. */
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
/* The last part of the one path that the pattern fits, once it is there. It is the caller's until the next call but one. */
const char *appears(const char *pattern);

/* A bridge that no driver has turned on passes nothing: what is above the device does then. */
void let_through(const char *variable);

/* An edu that nobody has is blocked, or in the control reaches what it tries to. */
void idle_edu(const char *variable, const char *name);

/* Drivers of the kernel come and go and do their work each time: of NVME0, NET0 with NET1, DISK0. */
void idle_drivers(int rounds, bool blocked);
/* The disk of NVME0 or DISK0, or NET0 with NET1, does its work. */
bool idle_works(const char *variable);
/* How long a driver that does next to nothing takes to be bound to EDU0 and unbound: two figures, for tests/bench/idle. */
void idle_cost(void);

/* Memory that firmware asked for: of EDU0, and of EDU1 and USB0 if they are there. */
void idle_regions(bool blocked);

/* The region of EDU0 is where its IOMMU reaches nothing. Wants edu-functions, too. */
void idle_beyond(bool blocked);

/* Devices that are not blocked, and EDU0, USB0 and VGA1 beside them. */
void idle_exempt(bool blocked);

/* A device that no driver has writes to memory, which is at that address for it. */
bool xhci_reaches(const char *variable, uint64_t at, uint8_t *memory);
bool ahci_reaches(const char *variable, uint64_t at, uint8_t *memory);
/* An nvme on its driver gets a virtual function, switched on; which writes to memory what it says of itself. */
void nvme_makes_function(const char *variable);
bool nvme_reaches(const char *variable, const char *dir);

/* Another kernel when this one dies, or when it is told to end. The first wants EDU0 and NVME0. */
void idle_crash(bool blocked);
void idle_kexec(bool blocked, void (*moments)(void));

/* The machine sleeps and wakes up. Wants EDU0, EDU1 and NVME0. */
void idle_resume(void);

#endif
