/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A /sys of files (tree.h) with two functions of a network adapter in one group, which behaves as the drivers of
 * sysfs do when its attributes are written to; and claims of the first. No node ever comes, and there is no udev.
 */
#ifndef HOST_DRIVERS_H
#define HOST_DRIVERS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../lib/host/host.h"

#include "tree.h"

#define DEVICE "0000:01:00.0"
#define OTHER  "0000:01:00.1"
#define SYSFS  "/sys/devices/pci/"

extern struct libiommufd_host *host;
extern char records[128];
/* How often sysfs was called by the last claim or release, and the number of the call that fails; 0: none. */
extern int calls, failing;
/* The number of the call after which the device is gone. */
extern int vanishing;
/* vfio-pci takes no device; this process has the vfio device open that /dev/null stands for. */
extern bool refusing, holding;
/* What opening a file of sysfs to write it fails with; 0: it does not. */
extern int unwritable;

/* cmocka setup and teardown. */
int drivers_setup(void **state);
int drivers_teardown(void **state);

/* The kernel's part: "" for no driver; "(null)" for no override. */
const char *driver_of(const char *name);
const char *override_of(const char *name);
void unbind(const char *name);
void probe(const char *name);
void make_device(const char *name);
void vanish(const char *name);

/* Of the first device; driver may be NULL. The deadline is 1 ms. */
int claim(const char *driver, uint32_t flags);
int release(uint32_t flags);

/* A claim of another process: its record, and the device on vfio-pci. */
void claimed_before(const char *name, const char *driver);

bool has_record(const char *name);
void assert_untouched(const char *name);
void assert_refused(int result, int error, uint32_t reason);

#endif
