/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a program with marks.c preloaded, and writes down which system calls each public call made, as
 * record.c does. The status is the program's.
 *
 *   trace RECORD MARKS PROGRAM [ARGUMENT...]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "tracer.h"

enum {
	THREADS = 64, /* at once */
	PARTS = 64,   /* of different ones in a public call */
	KINDS = 8192, /* of different ones in all */
};

struct part {
	uint64_t number, request;
};

/* A thread in a public call. */
static struct thread {
	pid_t id; /* 0: none */
	uint64_t function, backend;
	size_t count;
	struct part parts[PARTS];
} threads[THREADS];

static struct kind {
	uint64_t function, backend;
	int result;
	struct part
		part; /* the number is that of no system call: only that the function was called */
} kinds[KINDS];
static size_t kind_count;

static void need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "trace: %s\n", what);
	exit(125);
}

static struct thread *thread_of(pid_t id)
{
	for (size_t i = 0; i < THREADS; i++)
		if (threads[i].id == id)
			return &threads[i];
	return NULL;
}

static void publish(const struct thread *thread, int result, struct part part)
{
	const struct kind kind = {thread->function, thread->backend, result, part};

	for (size_t i = 0; i < kind_count; i++)
		if (kinds[i].function == kind.function && kinds[i].backend == kind.backend &&
		    kinds[i].result == result && kinds[i].part.number == part.number &&
		    kinds[i].part.request == part.request)
			return;
	need(kind_count < KINDS, "too many kinds of calls");
	kinds[kind_count++] = kind;
}

static void end(struct thread *thread, int result)
{
	publish(thread, 0, (struct part){UINT64_MAX, 0});
	for (size_t i = 0; i < thread->count; i++)
		publish(thread, result < 0 ? result : 0, thread->parts[i]);
	thread->id = 0;
}

static void see(const struct tracer_call *call)
{
	struct thread *thread = thread_of(call->thread);
	const uint64_t *a = call->arguments;

	if (call->number == SYS_getpid && a[0] == CALLS_MAGIC) {
		if (a[1] == CALLS_END) {
			end(thread, (int)a[3]);
			return;
		}
		thread = thread ? thread : thread_of(0);
		need(thread, "too many threads");
		*thread = (struct thread){call->thread, a[2], a[3], 0, {{0}}};
		return;
	}
	if (!thread)
		return;
	struct part part = {call->number, call->number == SYS_ioctl ? a[1] : 0};
	for (size_t i = 0; i < thread->count; i++)
		if (!memcmp(&thread->parts[i], &part, sizeof(part)))
			return;
	need(thread->count < PARTS, "too many kinds of calls in one");
	thread->parts[thread->count++] = part;
}

static void run(void *data)
{
	char **words = data;

	setenv("LD_PRELOAD", words[2], 1);
	execv(words[3], words + 3);
	perror(words[3]);
	_exit(127);
}

int main(int argc, char **argv)
{
	static const char *const backends[] = {"auto", "native", "type1"};

	if (argc < 4) {
		fprintf(stderr, "usage: trace RECORD MARKS PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	FILE *record = fopen(argv[1], "a");
	need(record, "the record cannot be written");
	int status = tracer_run(run, argv, see);
	for (size_t i = 0; i < kind_count; i++) {
		const struct kind *k = &kinds[i];
		fprintf(record, "%s %s 1 %d %s %llx\n", calls_names[k->function],
			backends[k->backend], k->result,
			k->part.number == UINT64_MAX ? "-" : tracer_name(k->part.number),
			(unsigned long long)k->part.request);
	}
	need(fclose(record) == 0, "the record cannot be written");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
