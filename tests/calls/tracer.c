/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the tracing of a process by ptrace(), with all its threads and children. */
#include "tracer.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME(call)                \
	{                         \
		SYS_##call, #call \
	}

/* Those that are listed, and what libc could make in their place. */
static const struct {
	uint64_t number;
	const char *name;
} names[] = {
	NAME(brk),    NAME(close),      NAME(dup),        NAME(faccessat), NAME(faccessat2),
	NAME(fcntl),  NAME(fstat),      NAME(futex),      NAME(getcwd),    NAME(getdents64),
	NAME(getpid), NAME(getrandom),  NAME(ioctl),      NAME(madvise),   NAME(mmap),
	NAME(munmap), NAME(newfstatat), NAME(openat),     NAME(pread64),   NAME(prlimit64),
	NAME(read),   NAME(pwrite64),   NAME(readlinkat), NAME(statx),     NAME(write),
#ifdef SYS_open
	NAME(access), NAME(getrlimit),  NAME(lstat),      NAME(open),      NAME(readlink),
	NAME(stat),
#endif
};

const char *tracer_name(uint64_t number)
{
	static char other[32];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == number)
			return names[i].name;
	snprintf(other, sizeof(other), "call-%llu", (unsigned long long)number);
	return other;
}

/* One stop: what it was for, and the signal to go on with. */
static int look(pid_t thread, int status, void (*see)(const struct tracer_call *call))
{
	struct __ptrace_syscall_info info;
	int sig = WSTOPSIG(status);

	if (sig == (SIGTRAP | 0x80)) {
		if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) > 0 &&
		    info.op == PTRACE_SYSCALL_INFO_ENTRY)
			see(&(struct tracer_call){thread, info.entry.nr, (void *)info.entry.args});
		return 0;
	}
	/* A new thread or process begins with this, and tells of itself with the other. */
	return sig == SIGSTOP || status >> 16 ? 0 : sig;
}

int tracer_run(void (*child)(void *data), void *data, void (*see)(const struct tracer_call *call))
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			     PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int status, result = -1;

	fflush(NULL);
	pid_t first = fork();
	if (first == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
			_exit(127);
		raise(SIGSTOP);
		child(data);
		_exit(0);
	}
	if (first < 0 || waitpid(first, &status, 0) != first || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, first, 0, options) < 0 ||
	    ptrace(PTRACE_SYSCALL, first, 0, 0) < 0) {
		perror("ptrace");
		return -1;
	}
	for (pid_t thread; (thread = waitpid(-1, &status, __WALL)) > 0;) {
		if (!WIFSTOPPED(status)) {
			if (thread == first)
				result = status;
			continue;
		}
		int sig = look(thread, status, see);
		/* It may have been killed meanwhile. */
		ptrace(PTRACE_SYSCALL, thread, 0, (long)sig);
	}
	return result;
}
