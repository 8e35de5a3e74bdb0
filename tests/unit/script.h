/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A scripted kernel: a test lists the system calls it expects, in order, with exact arguments and
 * with what they answer. Whatever comes unexpected, out of order or not at all fails the test, and
 * both calls are printed. Usable in threads and children: a failure is noted, not jumped out of.
 */
#ifndef UNIT_SCRIPT_H
#define UNIT_SCRIPT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "libiommufd.h"
#include "sys.h"

struct script;

/* For cmocka; the teardown fails a test whose script was not followed to its end. */
int script_setup(void **state);
int script_teardown(void **state);

#define scripted(test) cmocka_unit_test_setup_teardown(test, script_setup, script_teardown)

const struct sys *script_sys(struct script *k);

/* Has everything happened so far as it was written? Prints what has not. */
bool script_followed(struct script *k);

/* Has every call happened that is written so far? For a moment in the middle of a test. */
void assert_all_happened(struct script *k);

/* ---- The calls ---- */

/* A negative result is the errno that the call fails with. */
void expect_open(struct script *k, const char *path, int flags, int result);
void expect_close(struct script *k, int fd, int result);
void expect_dup(struct script *k, int fd, int result);
void expect_access(struct script *k, const char *path, int result);
void expect_rdev(struct script *k, int fd, dev_t rdev, int result);
void expect_seals(struct script *k, int fd, int result);
void expect_memlock(struct script *k, uint64_t bytes, int result);
void expect_getpid(struct script *k, pid_t pid);

/* The text that is read; or with text NULL the result, an errno. */
void expect_read(struct script *k, int fd, const char *text, int result);
/* What is read are size bytes, of which the result says how many there are. */
void expect_pread(struct script *k, int fd, const void *bytes, size_t size, uint64_t offset,
		  ssize_t result);
void expect_pwrite(struct script *k, int fd, const void *bytes, size_t size, uint64_t offset,
		   ssize_t result);

/* The answer; or with answer NULL the result, an errno. */
void expect_readlink(struct script *k, const char *path, const char *answer, int result);
void expect_realpath(struct script *k, const char *path, const char *answer, int result);
/* The names up to a NULL; a list cut short by the caller is fine. */
void expect_list(struct script *k, int result, const char *path, ...) __attribute__((sentinel));

/* A successful mmap answers ret_addr. */
void expect_mmap(struct script *k, const void *addr, size_t length, int prot, int flags, int fd,
		 uint64_t offset, void *ret_addr, int result);
void expect_munmap(struct script *k, const void *addr, size_t length, int result);
void expect_madvise(struct script *k, const void *addr, size_t length, int advice, int result);

/* An ioctl that takes a struct: exactly these bytes. */
void expect_ioctl_bytes(struct script *k, int fd, unsigned long request, const void *bytes,
			size_t size, int result);
#define expect_ioctl(k, fd, request, result, type, ...) \
	expect_ioctl_bytes(k, fd, request, &(type){__VA_ARGS__}, sizeof(type), result)
/* ... that takes a number, or a string. */
void expect_ioctl_number(struct script *k, int fd, unsigned long request, unsigned long number,
			 int result);
void expect_ioctl_string(struct script *k, int fd, unsigned long request, const char *string,
			 int result);

/* Of the ioctl last expected: the bytes it writes back over its struct. */
void answer_bytes(struct script *k, const void *bytes, size_t size);
#define answer(k, type, ...) answer_bytes(k, &(type){__VA_ARGS__}, sizeof(type))
/* ... the 64 bits at this offset are a pointer to these bytes; its value does not matter. */
void points_to(struct script *k, size_t offset, const void *bytes, size_t size);
/* ... or a pointer through which these bytes are written. */
void writes_through(struct script *k, size_t offset, const void *bytes, size_t size);
/* ... or a pointer that can be any but NULL. */
void points_somewhere(struct script *k, size_t offset);

/* ---- What calls return ---- */

/* Fails with that errno and reason, and leaves both in the thread's record. */
#define assert_fails(call, error, reason)                                    \
	do {                                                                 \
		forget_last_error();                                         \
		check_fails(call, error, reason, #call, __FILE__, __LINE__); \
	} while (0)

/* Returns that, which is no errno, and leaves the thread's record alone. */
#define assert_returns(call, result)                                              \
	do {                                                                      \
		struct libiommufd_error before_ = *libiommufd_last_error();       \
		check_returns(call, result, &before_, #call, __FILE__, __LINE__); \
	} while (0)
#define assert_ok(call) assert_returns(call, 0)

/* The sentence of the last failure has this in it. */
#define assert_says(part)     check_says(part, true, __FILE__, __LINE__)
#define assert_says_not(part) check_says(part, false, __FILE__, __LINE__)

void forget_last_error(void);
void check_fails(int result, int error, uint32_t reason, const char *call, const char *file,
		 int line);
void check_returns(int result, int wanted, const struct libiommufd_error *before, const char *call,
		   const char *file, int line);
void check_says(const char *part, bool wanted, const char *file, int line);

#endif
