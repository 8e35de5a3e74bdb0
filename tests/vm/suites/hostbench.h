/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The test bench of the suites of libiommufd-host. Every test fails that leaves a finding unread. */
#ifndef SUITES_HOSTBENCH_H
#define SUITES_HOSTBENCH_H

#include <libiommufd-host.h>

#include "bench.h"

/* A host, for all tests of a program. Setup and teardown of a cmocka group. */
extern struct libiommufd_host *host;
int hostbench_setup(void **state);
int hostbench_teardown(void **state);

/* The backend under test; what to bind, open or map with it. */
uint32_t hostbench_backend(void);
/* To look into a table with: behaviours.h. */
bool hostbench_is_native(void);
struct libiommufd_host_purpose hostbench_purpose(uint32_t purpose);

/* Exactly these codes are found, in this order; 0 ends them. Keeps the findings until the next call. */
#define assert_findings(name, purpose, ...) \
	check_findings(name, purpose, (const uint32_t[]){__VA_ARGS__, 0}, __FILE__, __LINE__)
#define assert_no_findings(name, purpose) \
	check_findings(name, purpose, (const uint32_t[]){0}, __FILE__, __LINE__)
void check_findings(const char *name, const struct libiommufd_host_purpose *purpose,
		    const uint32_t *codes, const char *file, int line);
/* Number index of them; and: its sentence says this. */
const struct libiommufd_host_finding *hostbench_finding(size_t index);
#define assert_says(index, part) check_says(index, part, __FILE__, __LINE__)
void check_says(size_t index, const char *part, const char *file, int line);

/* The call of the host's library fails so. */
#define assert_host_refused(call, error, why) \
	check_host_outcome(#call, call, -(error), why, __FILE__, __LINE__)
#define assert_host_ok(call) check_host_outcome(#call, call, 0, 0, __FILE__, __LINE__)
void check_host_outcome(const char *call, int result, int error, uint32_t reason, const char *file,
			int line);

/* 0, or the errno of writing text to a file. */
int hostbench_write(const char *path, const char *text);
/* Run a command of the shell; fails the test unless it succeeds. */
void hostbench_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* What the kernel says of its DMA now, enum libiommufd_host_dma_state. */
uint32_t hostbench_dma_state(const char *name);
/* The driver of a PCI device, or "". */
const char *hostbench_driver(const char *name);

#endif
