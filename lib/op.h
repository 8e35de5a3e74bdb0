/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One call of the public API in progress: where its failure is written down on the way out. It lives
 * on the stack of the public function; only op_end() makes a failure visible to the caller and to
 * the log, after every lock is dropped. So what fails inside a call that succeeds leaves no trace.
 */
#ifndef LIBIOMMUFD_OP_H
#define LIBIOMMUFD_OP_H

#include "libiommufd.h"

#define EXPORT __attribute__((visibility("default")))

/* Of failures, and of what is rare: out of the way of what is not. */
#define COLD __attribute__((cold, noinline))
/* A step of each map and unmap, at whatever optimisation the library is packaged: tests/bench/own.c counts. */
#define HOT inline __attribute__((always_inline))

/* Where log lines go; a part of every ctx. */
struct log {
	libiommufd_log_fn fn;
	void *data;
	uint32_t level;
};

struct op {
	const char *name;
	const char *subject;
	const struct log *log;
	int error; /* negative errno that text explains; 0: nothing written yet */
	uint32_t reason;
	uint64_t needed;
	uint64_t allowed;
	char text[288];
	char note[192]; /* said to the log at the end, whatever the result */
};

/* log may be NULL; subject must live until op_end(). Cheap: the texts are not cleared. */
static inline void op_begin(struct op *op, const char *name, const char *subject,
			    const struct log *log)
{
	op->name = name;
	op->subject = subject;
	op->log = log;
	op->error = 0;
	op->note[0] = '\0';
}

/* Write down a failure; the first argument after reason is the sentence. Returns error. */
COLD int op_fail(struct op *op, int error, uint32_t reason, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* After it where a limit was hit. */
void op_limit(struct op *op, uint64_t needed, uint64_t allowed);

/* Forget a failure that the call can live with. */
static inline void op_forgive(struct op *op)
{
	op->error = 0;
}

/* Something the log should know; a later note replaces an earlier one. */
void op_note(struct op *op, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The slow half of op_end(). */
COLD int op_finish(struct op *op, int result);

/* Close the call: publish a failure, tell the log. Returns result. */
static inline int op_end(struct op *op, int result)
{
	if (__builtin_expect(result >= 0 && !op->note[0], 1))
		return result;
	return op_finish(op, result);
}

#define op_null(op, what) op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT, what " is NULL")

/*
 * Take an options struct in: from has its size in the first 4 bytes, to is what this library knows
 * and gets the common part, the rest zeroed. Unknown non-zero bytes and flags are refused.
 */
int op_options(struct op *op, const void *from, void *to, uint32_t to_size, uint32_t known_flags);

/* Refuse a backend that there is not; AUTO becomes the one that the environment asks for, if it does. */
int op_backend(struct op *op, uint32_t *backend);

#endif
