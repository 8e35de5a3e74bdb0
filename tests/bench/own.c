/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counts the library's own instructions in a map and in an unmap: those of the call without the ioctl, for
 * which a function stands that does nothing. A child is led through each call one instruction at a time,
 * so that the counts are exact, and the same on every run of the same build. Counts allocations, too. Run by
 * tests/bench/run.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake/world.h"
#include "figures.h"

enum {
	MANY = 300000,
	PLACES = 9,
	AIM = 100, /* instructions, native */
};

#define BASE 0x100000000ULL /* where the mappings that stay are */
#define STEP (2 * PAGE)

/* ---- In the child ---- */

/* Allocations of all that was measured; shared with the parent. */
static unsigned *allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
	++*allocations;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	++*allocations;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	++*allocations;
	return __real_realloc(p, size);
}

static int answer(const struct sys *sys, int fd, unsigned long request, void *arg)
{
	(void)sys;
	(void)fd;
	(void)request;
	(void)arg;
	return 0;
}

/* What is between two marks is counted. */
static void mark(void)
{
	raise(SIGUSR1);
}

static int map(const struct world *w, uint64_t iova)
{
	return libiommufd_ioas_map_at(w->spaces[X], w->memory, PAGE,
				      LIBIOMMUFD_READ | LIBIOMMUFD_WRITE, iova);
}

static int unmap(const struct world *w, uint64_t iova)
{
	return libiommufd_ioas_unmap(w->spaces[X], iova, PAGE, NULL);
}

static void measure_nothing(const struct sys *sys)
{
	for (int i = 0; i < PLACES; i++) {
		mark();
		int r = sys->ioctl(sys, 0, 0, NULL);
		mark();
		world_require(r == 0, "nothing");
	}
}

static void measure_both(const struct world *w)
{
	for (uint64_t i = 0; i < PLACES; i++) {
		/* Neighbours in time are far apart. */
		uint64_t iova = BASE + (i * 4 % PLACES * MANY / PLACES) * STEP + PAGE;
		mark();
		int r = map(w, iova);
		mark();
		world_require(r == 0, "map_at");
		mark();
		r = unmap(w, iova);
		mark();
		world_require(r == 0, "unmap");
	}
}

static void measure(uint32_t backend)
{
	struct world w;

	world_init(&w, backend, NULL);
	world_ctx(&w);
	world_space(&w, X);
	world_open(&w, ALONE);
	world_bind(&w, ALONE);
	world_attach(&w, ALONE, X);
	/* From here on the fake is told nothing: all there is to it is in this process. */
	struct sys *sys = (struct sys *)(uintptr_t)fake_sys(w.fake);
	sys->ioctl = answer;
	measure_nothing(sys);
	measure_both(&w);
	for (uint64_t i = 0; i < MANY; i++)
		world_require(map(&w, BASE + i * STEP) == 0, "map_at");
	*allocations = 0;
	measure_both(&w);
	_exit(0);
}

/* ---- In the parent ---- */

static pid_t child;

static int wait_for_stop(void)
{
	int status;

	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) {
		fprintf(stderr, "own: the child cannot be led\n");
		exit(1);
	}
	return WSTOPSIG(status);
}

/* From one mark, at which the child is, to the next; then on to the one after that, if there is one. */
static int next_count(void)
{
	int steps = 0;

	do {
		ptrace(PTRACE_SINGLESTEP, child, 0, 0);
		steps++;
	} while (wait_for_stop() != SIGUSR1);
	ptrace(PTRACE_CONT, child, 0, 0);
	return steps;
}

static int by_size(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int median(int *values)
{
	qsort(values, PLACES, sizeof(*values), by_size);
	return values[PLACES / 2];
}

static void count_both(const char *where, int nothing, int aim)
{
	int maps[PLACES], unmaps[PLACES];
	char what[80];

	for (int i = 0; i < PLACES; i++) {
		wait_for_stop();
		maps[i] = next_count();
		wait_for_stop();
		unmaps[i] = next_count();
	}
	snprintf(what, sizeof(what), "own, map 4 KiB%s", where);
	figures_tell(what, median(maps) - nothing, "instructions", aim);
	snprintf(what, sizeof(what), "own, unmap 4 KiB%s", where);
	figures_tell(what, median(unmaps) - nothing, "instructions", aim);
}

static void count(int aim)
{
	int nothing[PLACES];

	for (int i = 0; i < PLACES; i++) {
		wait_for_stop();
		nothing[i] = next_count();
	}
	count_both("", median(nothing), aim);
	count_both(", 300,000 in place", median(nothing), aim);
}

/* An argument is told with the figures, to tell builds apart. The status is 1 if a map or unmap of the native backend allocates. */
int main(int argc, char **argv)
{
	const char *where = argc > 1 ? argv[1] : "a fake kernel";
	int status = 0;

	allocations = mmap(NULL, sizeof(*allocations), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (allocations == MAP_FAILED)
		return 1;
	for (int type1 = 0; type1 < 2; type1++) {
		figures_begin(type1 ? "type1" : "native", where, "", "library");
		fflush(NULL);
		child = fork();
		if (child == 0) {
			ptrace(PTRACE_TRACEME, 0, 0, 0);
			measure(type1 ? LIBIOMMUFD_BACKEND_TYPE1 : LIBIOMMUFD_BACKEND_NATIVE);
		}
		if (child < 0)
			return 1;
		count(type1 ? -1 : AIM);
		waitpid(child, NULL, 0);
		figures_tell("own, allocations for 9 maps and unmaps", *allocations, "",
			     type1 ? -1 : 0);
		if (!type1 && *allocations)
			status = 1;
	}
	return status;
}
