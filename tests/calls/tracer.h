/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a process and all it makes, and is told of every system call of theirs. */
#ifndef LIBIOMMUFD_TEST_TRACER_H
#define LIBIOMMUFD_TEST_TRACER_H

#include <stdint.h>
#include <sys/types.h>

struct tracer_call {
	pid_t thread;
	uint64_t number;
	const uint64_t *arguments; /* six */
};

/*
 * Runs child, in a process of its own. The status of its end, as of waitpid(); -1 with a message if it
 * cannot be traced.
 */
int tracer_run(void (*child)(void *data), void *data, void (*see)(const struct tracer_call *call));

/* "openat", or "call 999". Good until the next call. */
const char *tracer_name(uint64_t number);

#endif
