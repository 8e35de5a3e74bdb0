/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns how races are run: each in a process of its own.
 *
 *   races [-t SECONDS] [NAME | -NAME]...
 */
#include "races.h"

#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <time.h>

static const struct race {
	const char *name;
	void (*run)(void);
	const char *needs; /* a device of the lab */
} races[] = {
	{"binds", race_of_binds, "EDU0"},
	{"group-binds", race_of_binds_in_a_group, "EDU4"},
	{"bind-use", race_of_bind_and_use, "EDU0"},
	{"close-calls", race_of_close_and_calls, "EDU0"},
	{"unmap-attach", race_of_unmaps_and_attaches, "EDU0"},
	{"map-exit", race_of_maps_and_exits, "EDU0"},
	{"driver-unbind", race_of_driver_unbinds, "EDU4"},
	{"remove", race_of_removals, "EDU2"},
	{"kvm", race_of_kvm, "EDU0"},
	{"kvm-binds", race_of_kvm_and_binds, "EDU0"},
	{"moves", race_of_moves, "NVME0"},
	{"group-moves", race_of_moves_in_a_group, "EDU4"},
	{"forks", race_of_forks, "EDU0"},
	{"copies", race_of_copies, "EDU0"},
	{"holes", race_of_holes, "EDU0"},
	{"users", race_of_users, "EDU4"},
	{"hot-resets", race_of_hot_resets, "NET1"},
	{"hot-resets-of-others", race_of_hot_resets_by_others, "PF0"},
	{"ranges", race_of_ranges, "EDU2"},
	/* With the device set mcopy, which kernels without the patches do not have: there, leave it out. */
	{"pins", race_of_pins, "MDEV0"},
};

enum {
	RACES = sizeof(races) / sizeof(races[0]),
	PATIENCE = 120, /* seconds beyond its time until a race hangs */
};

/* Of one race, for all of its processes. */
static struct shared {
	unsigned long rounds;
	unsigned failures;
	struct timespec end;
} * shared;

static double seconds = 3;

bool more(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec < shared->end.tv_sec ||
	       (now.tv_sec == shared->end.tv_sec && now.tv_nsec < shared->end.tv_nsec);
}

void count(unsigned long n)
{
	__atomic_add_fetch(&shared->rounds, n, __ATOMIC_RELAXED);
}

void failed(const char *format, ...)
{
	va_list arguments;

	/* The first say enough. */
	if (__atomic_add_fetch(&shared->failures, 1, __ATOMIC_RELAXED) > 10)
		return;
	printf("  FAILED: ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	fflush(stdout);
}

int expect_one(int result, const char *what, const char *file, int line, const int *errors)
{
	for (; *errors >= 0; errors++)
		if (result == -*errors || (result > 0 && *errors == 0))
			return result;
	failed("%s:%d: %s is %s", file, line, what, result_name(result));
	return result;
}

void together(const struct side *sides, int n)
{
	pthread_t threads[16];

	for (int i = 0; i < n; i++)
		must(-pthread_create(&threads[i], NULL, sides[i].run, sides[i].argument));
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

void meet(pthread_barrier_t *barrier)
{
	pthread_barrier_wait(barrier);
}

unsigned pseudo_random(unsigned *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

pid_t child(void (*run)(void *argument), void *argument)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		run(argument);
		fflush(stdout);
		_exit(0);
	}
	return must(pid);
}

void child_end(pid_t pid)
{
	int status;

	waitpid(pid, &status, 0);
	if (status)
		failed("a process ended with 0x%x", status);
}

static int run(const struct race *race)
{
	long before = pins();
	int status;
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	clock_gettime(CLOCK_MONOTONIC, &shared->end);
	shared->end.tv_sec += (time_t)seconds;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		alarm((unsigned)seconds + PATIENCE);
		race->run();
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	/* What a race that died left running would hold devices. */
	kill(-pid, SIGKILL);
	if (status)
		failed("it ended with 0x%x", status);
	if (pins() != before)
		failed("%ld pages are still pinned", pins() - before);
	if (shared->rounds == 0)
		failed("not a single round");
	printf("%s %s: %lu rounds\n", shared->failures ? "FAILED" : "ok    ", race->name,
	       shared->rounds);
	return shared->failures != 0;
}

static bool wanted(const char *name, char **words)
{
	bool chosen = false;

	for (; *words; words++) {
		if ((*words)[0] == '-' && !strcmp(*words + 1, name))
			return false;
		if (!strcmp(*words, name))
			return true;
		chosen |= (*words)[0] != '-';
	}
	return !chosen;
}

int main(int argc, char **argv)
{
	int passed = 0, bad = 0, known = 0, first = 1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	limit_memlock(UINT64_MAX);
	if (argc > 2 && !strcmp(argv[1], "-t")) {
		seconds = strtod(argv[2], NULL);
		first = 3;
	}
	for (int n = 0; n < RACES; n++)
		for (int i = first; i < argc; i++)
			known += !strcmp(argv[i] + (argv[i][0] == '-'), races[n].name);
	if (known != argc - first || seconds < 1)
		die("usage: races [-t SECONDS] [NAME | -NAME]...");
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int n = 0; n < RACES; n++)
		if (wanted(races[n].name, argv + first)) {
			lab_name(races[n].needs);
			if (run(&races[n]))
				bad++;
			else
				passed++;
		}
	printf("%d passed, %d failed, 0 skipped\n", passed, bad);
	return bad != 0;
}
