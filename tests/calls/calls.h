/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which public call is running in a thread? wrap.py makes a wrapper of every function of the header
 * that tells. What a public function calls of its own kind is a part of it: only the outermost counts.
 */
#ifndef LIBIOMMUFD_TEST_CALLS_H
#define LIBIOMMUFD_TEST_CALLS_H

#include <stdbool.h>

#include "libiommufd.h"

/* The functions of the header by number; ends with NULL. */
extern const char *const calls_names[];

/* By the wrappers: the function of that number begins, and ends with that result (0 if it gives no int). */
void calls_begin(unsigned function);
void calls_end(int result);

/*
 * For those who see the calls of another process a wrapper tells by a getpid() with arguments, which the
 * kernel does not look at: this, the phase, the function, and the backend that is wished for or the result.
 * A filter that allows getpid() lets it pass.
 */
#define CALLS_MAGIC 0x63616c6c73L
enum calls_phase {
	CALLS_BEGIN,
	CALLS_END,
};

/* By a test: contexts opened from here on are not to explain failures. */
extern bool calls_no_explain;

#endif
