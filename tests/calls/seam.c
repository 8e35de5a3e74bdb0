/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which system calls does each entry of the real struct sys make? Each is used in all its ways, in a
 * process that is traced, and must make just those of the table below, which is printed: so what is known
 * of the library by entries is known by system calls.
 */
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "tracer.h"

/* In the order of the table. */
enum entry {
	OPEN,
	CLOSE,
	DUP,
	IOCTL,
	READ,
	PREAD,
	PWRITE,
	MMAP,
	MUNMAP,
	MADVISE,
	ACCESS,
	READLINK,
	REALPATH,
	LIST,
	RDEV,
	SEALS,
	MEMLOCK,
	GETPID,
	ENTRIES
};

static const struct {
	const char *name;
	const char *calls[4];
} table[ENTRIES] = {
	{"open", {"openat"}},
	{"close", {"close"}},
	{"dup", {"fcntl"}},
	{"ioctl", {"ioctl"}},
	{"read", {"read"}},
	{"pread", {"pread64"}},
	{"pwrite", {"pwrite64"}},
	{"mmap", {"mmap"}},
	{"munmap", {"munmap"}},
	{"madvise", {"madvise"}},
	{"access", {"faccessat2"}},
	{"readlink", {"readlink"}},
	/* A path that ends with a slash is asked whether it is a directory. */
	{"realpath", {"readlink", "faccessat2"}},
	{"list", {"openat", "newfstatat", "getdents64", "close"}},
	{"rdev", {"newfstatat"}},
	{"seals", {"fcntl"}},
	{"memlock", {"prlimit64"}},
	{"getpid", {"getpid"}},
};

_Static_assert(sizeof(struct sys) == ENTRIES * sizeof(void *), "each entry is in the table");

/* ---- The process that is traced ---- */

static void mark(enum calls_phase phase, enum entry entry)
{
	syscall(SYS_getpid, CALLS_MAGIC, phase, entry, 0);
}

#define use(entry, call)                  \
	do {                              \
		mark(CALLS_BEGIN, entry); \
		(void)(call);             \
		mark(CALLS_END, entry);   \
	} while (0)

static int stop(void *data, const char *name)
{
	(void)data;
	(void)name;
	return 1;
}

static int go_on(void *data, const char *name)
{
	(void)data;
	(void)name;
	return 0;
}

static void use_files(const struct sys *sys)
{
	int null = -1, copy = -1, memory = memfd_create("seam", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	const int none = INT_MAX;
	char buf[16] = "";
	dev_t rdev;

	use(OPEN, null = sys->open(sys, "/dev/null", O_RDWR));
	use(OPEN, sys->open(sys, "/dev/null/none", O_RDONLY));
	use(DUP, copy = sys->dup(sys, null));
	use(DUP, sys->dup(sys, none));
	use(CLOSE, sys->close(sys, copy));
	use(CLOSE, sys->close(sys, none));
	use(IOCTL, sys->ioctl(sys, memory, FIONREAD, buf));
	use(IOCTL, sys->ioctl(sys, none, FIONREAD, buf));
	use(READ, sys->read(sys, null, buf, sizeof(buf)));
	use(READ, sys->read(sys, none, buf, sizeof(buf)));
	use(PWRITE, sys->pwrite(sys, memory, buf, sizeof(buf), 1ULL << 40));
	use(PWRITE, sys->pwrite(sys, none, buf, sizeof(buf), 0));
	use(PREAD, sys->pread(sys, memory, buf, sizeof(buf), 1ULL << 40));
	use(PREAD, sys->pread(sys, none, buf, sizeof(buf), 0));
	use(RDEV, sys->rdev(sys, null, &rdev));
	use(RDEV, sys->rdev(sys, memory, &rdev));
	use(RDEV, sys->rdev(sys, none, &rdev));
	use(SEALS, sys->seals(sys, memory));
	use(SEALS, sys->seals(sys, null));
}

static void use_paths(const struct sys *sys)
{
	char buf[PATH_MAX];

	use(ACCESS, sys->access(sys, "/dev/null"));
	use(ACCESS, sys->access(sys, "/dev/null/none"));
	use(READLINK, sys->readlink(sys, "/proc/self/exe", buf, sizeof(buf)));
	use(READLINK, sys->readlink(sys, "/proc/self/exe", buf, 2));
	use(READLINK, sys->readlink(sys, "/dev/null", buf, sizeof(buf)));
	use(REALPATH, sys->realpath(sys, "/proc/self/exe", buf, sizeof(buf)));
	use(REALPATH, sys->realpath(sys, "/proc/self/exe", buf, 2));
	use(REALPATH, sys->realpath(sys, "/proc/self/fd/../", buf, sizeof(buf)));
	use(REALPATH, sys->realpath(sys, "/proc/none/none", buf, sizeof(buf)));
	use(LIST, sys->list(sys, "/proc/self/fd", go_on, NULL));
	use(LIST, sys->list(sys, "/proc/self/fd", stop, NULL));
	use(LIST, sys->list(sys, "/dev/null", go_on, NULL));
	use(LIST, sys->list(sys, "/proc/none", go_on, NULL));
}

static void use_memory(const struct sys *sys)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
	uint64_t limit;
	void *va = NULL;

	use(MMAP, sys->mmap(sys, NULL, page, prot, flags, -1, 0, &va));
	use(MMAP, sys->mmap(sys, va, page, prot, flags | MAP_FIXED, -1, 0, &va));
	use(MMAP, sys->mmap(sys, NULL, page, prot, MAP_SHARED, INT_MAX, 0, &va));
	use(MADVISE, sys->madvise(sys, va, page, MADV_WIPEONFORK));
	use(MADVISE, sys->madvise(sys, NULL, 1, -1));
	use(MUNMAP, sys->munmap(sys, va, page));
	use(MUNMAP, sys->munmap(sys, NULL, 0));
	use(MEMLOCK, sys->memlock(sys, &limit));
	use(GETPID, sys->getpid(sys));
}

static void use_all(void *data)
{
	(void)data;
	use_files(&sys_kernel);
	use_paths(&sys_kernel);
	use_memory(&sys_kernel);
}

/* ---- What is seen of it ---- */

static bool seen[ENTRIES][4];
static enum entry now = ENTRIES;
static unsigned surprises;

/* Is that what malloc and locks do, which goes without saying? */
static bool is_libc(const char *call)
{
	static const char *const libc[] = {"brk", "mmap", "munmap", "getrandom", "futex"};

	for (size_t i = 0; i < sizeof(libc) / sizeof(libc[0]); i++)
		if (!strcmp(call, libc[i]))
			return true;
	return false;
}

static void see(const struct tracer_call *call)
{
	const char *name = tracer_name(call->number);

	if (call->number == SYS_getpid && call->arguments[0] == CALLS_MAGIC) {
		now = call->arguments[1] == CALLS_BEGIN ? (enum entry)call->arguments[2] : ENTRIES;
		return;
	}
	if (now == ENTRIES)
		return;
	/* From 2.39 on that is how libc asks for the same. */
	if (!strcmp(name, "fstat"))
		name = "newfstatat";
	for (int i = 0; i < 4 && table[now].calls[i]; i++) {
		if (!strcmp(table[now].calls[i], name)) {
			seen[now][i] = true;
			return;
		}
	}
	if (is_libc(name))
		return;
	fprintf(stderr, "%s: makes %s\n", table[now].name, name);
	surprises++;
}

int main(void)
{
#ifndef __x86_64__
	/* The names in the header are this machine's. */
	return 77;
#endif
	int status = tracer_run(use_all, NULL, see);

	if (status < 0 || !WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "the process that is traced ends with 0x%x\n", status);
		return 1;
	}
	for (int entry = 0; entry < ENTRIES; entry++) {
		printf("%s", table[entry].name);
		for (int i = 0; i < 4 && table[entry].calls[i]; i++) {
			printf(" %s", table[entry].calls[i]);
			if (!seen[entry][i]) {
				fprintf(stderr, "%s: does not make %s\n", table[entry].name,
					table[entry].calls[i]);
				surprises++;
			}
		}
		printf("\n");
	}
	return surprises > 0;
}
