/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens at once, again and again for a while. A race fails by failed(); that nothing is left pinned and
 * that the kernel is silent is looked at for all of them.
 */
#ifndef KERNEL_RACES_H
#define KERNEL_RACES_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"

/* The time is not over yet. */
bool more(void);
/* More of what this process counts, for the last line: "ended 312 rounds". */
void count(unsigned long n);
/* Print, and let the race fail; it goes on. */
void failed(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* expect(call, 0, EINVAL): the result is one of those; what it is. */
#define expect(call, ...) \
	expect_one((call), #call, __FILE__, __LINE__, (const int[]){__VA_ARGS__, -1})
int expect_one(int result, const char *call, const char *file, int line, const int *errors);

/* Run all of them at once until they return. */
struct side {
	void *(*run)(void *argument);
	void *argument;
};
void together(const struct side *sides, int n);
/* Threads that meet here go on at the same time. */
void meet(pthread_barrier_t *barrier);
unsigned pseudo_random(unsigned *state);
/* A process that runs it and exits with 0; its pid. */
pid_t child(void (*run)(void *argument), void *argument);
/* Its exit status must be 0. */
void child_end(pid_t pid);

void race_of_binds(void);
void race_of_binds_in_a_group(void);
void race_of_bind_and_use(void);
void race_of_close_and_calls(void);
void race_of_unmaps_and_attaches(void);
void race_of_maps_and_exits(void);
void race_of_driver_unbinds(void);
void race_of_removals(void);
void race_of_kvm(void);
void race_of_kvm_and_binds(void);
void race_of_moves(void);
void race_of_moves_in_a_group(void);
void race_of_forks(void);
void race_of_copies(void);
void race_of_holes(void);
void race_of_users(void);
void race_of_hot_resets(void);
void race_of_hot_resets_by_others(void);
void race_of_ranges(void);
void race_of_pins(void);

#endif
