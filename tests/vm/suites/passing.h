/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process that is passed files, as in examples/passed.c and under its filter, and the one that passes
 * them. They go in step: the receiver stops where it says so, until the sender lets it go on.
 */
#ifndef SUITES_PASSING_H
#define SUITES_PASSING_H

#include <sys/types.h>

#include "devices.h"

/* ---- The sender: the test itself ---- */

/*
 * Start a receiver; a test has one at a time. It inherits memory but no file, so this comes before a
 * device is bound, whose registers are a file that is mapped.
 */
pid_t receiver_start(void (*run)(int sock));

enum passed_file {
	DEVICE_FILE,
	GROUP_FILE, /* type1 */
};

/* Pass device n of b: the file of its context, or its container, and one of its own. */
void receiver_send(struct bench *b, int n, enum passed_file what);
/* Until it is in receiver_stop(). */
void receiver_stops(void);
void receiver_goes_on(void);
/* It comes to its end, and nothing has failed in it; or that signal ends it. */
void receiver_ends(void);
void receiver_dies(int signal);

/* A context and an address space, and the pages below. */
int passing_setup(void **state);
/* Kills a receiver that is left over, too. */
int passing_teardown(void **state);
#define passing_test(test) cmocka_unit_test_setup_teardown(test, passing_setup, passing_teardown)
/* Start a receiver; then device 0 is attached, and can be passed. */
pid_t passing_attached(struct bench *b, void (*run)(int sock));
/* Start a receiver; bind device 0 and pass it, as a file of its own or as the group's. */
void passing_device(struct bench *b, void (*run)(int sock));
void passing_group(struct bench *b, void (*run)(int sock), const char *variable);

/* ---- Pages that both have. Page n is mapped at AT(n), if it is ---- */

enum {
	SHARED_PAGES = 8,
};
#define AT(n) (0x100000ULL * (n))

uint8_t *shared_page(int n);
void shared_map(struct bench *b, int n);
/* By DMA of device 0: can it reach the page there? */
#define assert_reached(b, n)     assert_true(dma_works(b, 0, AT(n), shared_page(n)))
#define assert_not_reached(b, n) assert_false(dma_works(b, 0, AT(n), shared_page(n)))

/* ---- The receiver. What fails in it ends it, with the message on standard error ---- */

struct received {
	struct bench bench; /* for its DMA: one address space; its home is not mapped yet */
	int sock;
	int file;        /* the second one that was passed; -1 once it is closed */
	int lowest_free; /* number of a file, before anything was passed */
	uint32_t dev_id;
	char name[64]; /* of the device, in the sender */
};

/* No file system and only the example's system calls from here on. */
void receiver_lock_up(void);
/* Lock up; make a context and its address space from what comes. */
void receive(struct received *r, int sock);
/* Also the device from its own file: device 0 of the bench, not made ready to drive. */
void receive_device(struct received *r, int sock);
/* Make device n from its group's file; flags are enum libiommufd_group_fd_flags. The call's result. */
int receive_group(struct received *r, int n, const char *name, uint32_t flags,
		  const uint8_t *token);
/* Attach device 0, ready to drive; map the home. */
void receiver_attach(struct received *r);
void receiver_stop(const struct received *r);
/* The lowest number that no file has. */
int lowest_free_file(void);
/* Close all there is, which leaves no file behind, and end. */
void receiver_end(struct received *r) __attribute__((noreturn));

/* ---- The parts of the program: 0, or how many tests failed ---- */

int run_passing_both(void);
int run_passing_native(void);
int run_passing_device(void);
int run_passing_shared(void);
int run_passing_ends(void);
int run_passing_group(void);
int run_passing_proof(void);
int run_passing_wrong(void);

#endif
