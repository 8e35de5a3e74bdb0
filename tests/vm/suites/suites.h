/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The groups of tests, one for each file; a program runs one or some. Each returns how many failed. */
#ifndef SUITES_SUITES_H
#define SUITES_SUITES_H

int run_states(void);
int run_lifecycle(void);
int run_context(void);
int run_regions(void);

int run_maps(void);
int run_ranges(void);
int run_unmap(void);
int run_copy(void);
int run_files(void);
int run_limits(void);

#endif
