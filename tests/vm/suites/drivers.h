/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Claims and releases of the suite drivers: of one edu, which no driver wants, and of the two e1000e. */
#ifndef SUITES_DRIVERS_H
#define SUITES_DRIVERS_H

#include "hostbench.h"

#define RECORDS "/run/libiommufd"

/* The e1000e, numbered. */
const char *net(int n);
/* With the backend under test. */
int claim(const char *name, uint32_t flags);
int release(const char *name, uint32_t flags);
bool has_record(const char *name);
/* What driver_override says: "(null)" for none. */
void assert_override(const char *name, const char *expected);
/* Releases what a test has left. */
int drivers_teardown(void **state);

/* The tests of records.c; how many failed. */
int records_run(void);

#endif
