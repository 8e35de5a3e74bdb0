/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every test asserts of a call: that it worked, or its errno and the reason in the record. */
#ifndef SUITES_CHECK_H
#define SUITES_CHECK_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libiommufd.h>

/* 0, or a negative errno and its reason. */
struct outcome {
	int error;
	uint32_t reason;
};

#define DONE                ((struct outcome){0, LIBIOMMUFD_REASON_NONE})
#define REFUSED(error, why) ((struct outcome){-(error), LIBIOMMUFD_REASON_##why})

/* The call returns 0 or more. */
#define assert_ok(call) check_outcome(#call, (check_prepare(), (call)), DONE, __FILE__, __LINE__)
/* assert_refused(bind(...), EINVAL, ALREADY_BOUND) */
#define assert_refused(call, error, why) \
	check_outcome(#call, (check_prepare(), (call)), REFUSED(error, why), __FILE__, __LINE__)
/* The call ends as an outcome says, from differences.h for instance. */
#define assert_outcome(call, expected) \
	check_outcome(#call, (check_prepare(), (call)), expected, __FILE__, __LINE__)

/* Leaves a record that no test expects, so that one left over from before cannot pass. */
void check_prepare(void);
void check_outcome(const char *call, int result, struct outcome expected, const char *file,
		   int line);

/* The sentence of the last failure says this, too. */
#define assert_sentence(part) check_sentence(part, __FILE__, __LINE__)
void check_sentence(const char *part, const char *file, int line);

#endif
