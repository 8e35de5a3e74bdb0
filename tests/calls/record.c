/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the record of what each public function asks of the kernel: a struct sys before that of the test,
 * which notes every call under the public call that runs, with the backend, whether failures may be
 * explained, and how the public call ended. Written to the file $CALLS_RECORD when the program ends.
 */
#include "calls.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctx.h"

#define WRAPPER(function)   __wrap_##function
#define REAL(function)      __real_##function
#define REAL_NAME(function) __real_##function
#include "calls_wrap.h"

bool calls_no_explain;

/* ---- What was seen ---- */

struct seen {
	unsigned function;
	uint32_t backend; /* AUTO: to be chosen by this call */
	bool explain;
	int result;
	const char *call; /* "-": only that the function was called, and how it ended */
	unsigned long request;
};

enum {
	KINDS = 1 << 16, /* of different ones in a program */
	PARTS = 64,      /* of different ones in a public call */
	CONTEXTS = 1 << 17,
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct seen all[KINDS]; /* by hash; unused while call is NULL */
static size_t all_count;

/* No thread has ever run a call outside of a public one. */
static const unsigned no_function = ~0u;

static _Thread_local struct now {
	unsigned depth, function;
	size_t count;
	struct seen parts[PARTS];
} now;

static bool is_like(const struct seen *a, const struct seen *b)
{
	return a->function == b->function && a->backend == b->backend && a->explain == b->explain &&
	       a->result == b->result && a->request == b->request && !strcmp(a->call, b->call);
}

static void need_room(bool there, int room)
{
	if (there)
		return;
	fprintf(stderr, "calls: no room for more than %d\n", room);
	abort();
}

/* Allocates nothing: tests count what the library does. */
static void publish(const struct seen *seen)
{
	size_t at = seen->function * 31 + (size_t)-seen->result * 7 + seen->request * 101 +
		    (size_t)(unsigned char)seen->call[0] * 257;

	pthread_mutex_lock(&lock);
	need_room(all_count < KINDS / 2, KINDS / 2);
	for (at %= KINDS; all[at].call && !is_like(&all[at], seen);)
		at = (at + 1) % KINDS;
	all_count += !all[at].call;
	all[at] = *seen;
	pthread_mutex_unlock(&lock);
}

static void add_part(const struct seen *seen)
{
	for (size_t i = 0; i < now.count; i++)
		if (is_like(&now.parts[i], seen))
			return;
	need_room(now.count < PARTS, PARTS);
	now.parts[now.count++] = *seen;
}

void calls_begin(unsigned function)
{
	if (now.depth++)
		return;
	now.function = function;
	now.count = 0;
}

void calls_end(int result)
{
	if (--now.depth)
		return;
	result = result < 0 ? result : 0;
	publish(&(struct seen){.function = now.function, .call = "-", .result = result});
	for (size_t i = 0; i < now.count; i++) {
		now.parts[i].result = result;
		publish(&now.parts[i]);
	}
}

__attribute__((destructor)) static void write_all(void)
{
	static const char *const backends[] = {"auto", "native", "type1"};
	const char *path = getenv("CALLS_RECORD");
	FILE *file = path ? fopen(path, "a") : NULL;

	for (size_t i = 0; file && i < KINDS; i++)
		if (all[i].call)
			fprintf(file, "%s %s %d %d %s %lx\n",
				all[i].function == no_function ? "-" : calls_names[all[i].function],
				backends[all[i].backend], all[i].explain, all[i].result,
				all[i].call, all[i].request);
	if (file)
		fclose(file);
}

/* ---- The kernel before the test's ---- */

struct recorder {
	struct sys sys; /* first: what the library hands back is the recorder */
	const struct sys *inner;
	uint32_t backend;
	bool explain;
	libiommufd_log_fn log;
	void *log_data;
};

static const struct sys *note(const struct sys *sys, const char *call, unsigned long request)
{
	const struct recorder *r = (const struct recorder *)sys;
	struct seen seen = {.function = now.depth ? now.function : no_function,
			    .backend = r->backend,
			    .explain = r->explain,
			    .call = call,
			    .request = request};

	if (now.depth)
		add_part(&seen);
	else
		publish(&seen);
	return r->inner;
}

static int record_open(const struct sys *sys, const char *path, int flags)
{
	sys = note(sys, "open", 0);
	return sys->open(sys, path, flags);
}

static int record_close(const struct sys *sys, int fd)
{
	sys = note(sys, "close", 0);
	return sys->close(sys, fd);
}

static int record_dup(const struct sys *sys, int fd)
{
	sys = note(sys, "dup", 0);
	return sys->dup(sys, fd);
}

static int record_ioctl(const struct sys *sys, int fd, unsigned long request, void *arg)
{
	sys = note(sys, "ioctl", request);
	return sys->ioctl(sys, fd, request, arg);
}

static ssize_t record_read(const struct sys *sys, int fd, void *buf, size_t size)
{
	sys = note(sys, "read", 0);
	return sys->read(sys, fd, buf, size);
}

static ssize_t record_pread(const struct sys *sys, int fd, void *buf, size_t size, uint64_t offset)
{
	sys = note(sys, "pread", 0);
	return sys->pread(sys, fd, buf, size, offset);
}

static ssize_t record_pwrite(const struct sys *sys, int fd, const void *buf, size_t size,
			     uint64_t offset)
{
	sys = note(sys, "pwrite", 0);
	return sys->pwrite(sys, fd, buf, size, offset);
}

static int record_mmap(const struct sys *sys, void *addr, size_t length, int prot, int flags,
		       int fd, uint64_t offset, void **ret_addr)
{
	sys = note(sys, "mmap", 0);
	return sys->mmap(sys, addr, length, prot, flags, fd, offset, ret_addr);
}

static int record_munmap(const struct sys *sys, void *addr, size_t length)
{
	sys = note(sys, "munmap", 0);
	return sys->munmap(sys, addr, length);
}

static int record_madvise(const struct sys *sys, void *addr, size_t length, int advice)
{
	sys = note(sys, "madvise", 0);
	return sys->madvise(sys, addr, length, advice);
}

static int record_access(const struct sys *sys, const char *path)
{
	sys = note(sys, "access", 0);
	return sys->access(sys, path);
}

static int record_readlink(const struct sys *sys, const char *path, char *buf, size_t size)
{
	sys = note(sys, "readlink", 0);
	return sys->readlink(sys, path, buf, size);
}

static int record_realpath(const struct sys *sys, const char *path, char *buf, size_t size)
{
	sys = note(sys, "realpath", 0);
	return sys->realpath(sys, path, buf, size);
}

static int record_list(const struct sys *sys, const char *path,
		       int (*each)(void *data, const char *name), void *data)
{
	sys = note(sys, "list", 0);
	return sys->list(sys, path, each, data);
}

static int record_rdev(const struct sys *sys, int fd, dev_t *ret_rdev)
{
	sys = note(sys, "rdev", 0);
	return sys->rdev(sys, fd, ret_rdev);
}

static int record_seals(const struct sys *sys, int fd)
{
	sys = note(sys, "seals", 0);
	return sys->seals(sys, fd);
}

static int record_memlock(const struct sys *sys, uint64_t *ret_bytes)
{
	sys = note(sys, "memlock", 0);
	return sys->memlock(sys, ret_bytes);
}

static pid_t record_getpid(const struct sys *sys)
{
	sys = note(sys, "getpid", 0);
	return sys->getpid(sys);
}

static const struct sys record_calls = {
	.open = record_open,
	.close = record_close,
	.dup = record_dup,
	.ioctl = record_ioctl,
	.read = record_read,
	.pread = record_pread,
	.pwrite = record_pwrite,
	.mmap = record_mmap,
	.munmap = record_munmap,
	.madvise = record_madvise,
	.access = record_access,
	.readlink = record_readlink,
	.realpath = record_realpath,
	.list = record_list,
	.rdev = record_rdev,
	.seals = record_seals,
	.memlock = record_memlock,
	.getpid = record_getpid,
};

/* ---- Contexts ---- */

int __real_ctx_open(const struct sys *sys, const struct libiommufd_ctx_opts *opts,
		    struct libiommufd_ctx **ret_ctx);
int __wrap_ctx_open(const struct sys *sys, const struct libiommufd_ctx_opts *opts,
		    struct libiommufd_ctx **ret_ctx);
int __real_ctx_open_fd(const struct sys *sys, int fd, const struct libiommufd_ctx_opts *opts,
		       struct libiommufd_ctx **ret_ctx);
int __wrap_ctx_open_fd(const struct sys *sys, int fd, const struct libiommufd_ctx_opts *opts,
		       struct libiommufd_ctx **ret_ctx);

static unsigned number_of(const char *function)
{
	unsigned number = 0;

	while (strcmp(calls_names[number], function))
		number++;
	return number;
}

/* For the life of the program: nobody tells when the ctx ends. */
static struct recorder *new_recorder(const struct sys *inner)
{
	static struct recorder contexts[CONTEXTS];
	static atomic_uint used;
	unsigned number = atomic_fetch_add(&used, 1);

	need_room(number < CONTEXTS, CONTEXTS);
	contexts[number] = (struct recorder){.sys = record_calls, .inner = inner};
	return &contexts[number];
}

/* What the caller wishes, where that can be read at all. */
static struct libiommufd_ctx_opts wishes(const struct libiommufd_ctx_opts *opts)
{
	struct libiommufd_ctx_opts known = {.size = sizeof(known)};

	if (opts && opts->size >= 8)
		memcpy(&known, opts, opts->size < sizeof(known) ? opts->size : sizeof(known));
	if (known.backend > LIBIOMMUFD_BACKEND_TYPE1)
		known.backend = LIBIOMMUFD_BACKEND_AUTO;
	return known;
}

/* What a hook calls is not a part of the call that told it something. */
static void log_hook(void *data, uint32_t level, const char *text)
{
	const struct recorder *r = data;
	struct now outside = now;

	now.depth = 0;
	r->log(r->log_data, level, text);
	now = outside;
}

static void opened(struct recorder *r, int result, struct libiommufd_ctx **ret_ctx)
{
	if (result == 0)
		r->backend = __real_libiommufd_ctx_get_backend(*ret_ctx);
}

int __wrap_ctx_open(const struct sys *sys, const struct libiommufd_ctx_opts *opts,
		    struct libiommufd_ctx **ret_ctx)
{
	struct recorder *r = new_recorder(sys);
	struct libiommufd_ctx_opts wish = wishes(opts);
	const char *variable = getenv("LIBIOMMUFD_BACKEND");

	if (calls_no_explain) {
		wish.flags |= LIBIOMMUFD_CTX_NO_EXPLAIN;
		opts = &wish;
	}
	if (wish.log && opts->size == sizeof(wish)) {
		r->log = wish.log;
		r->log_data = wish.log_data;
		wish.log = log_hook;
		wish.log_data = r;
		opts = &wish;
	}
	r->explain = !(wish.flags & LIBIOMMUFD_CTX_NO_EXPLAIN);
	r->backend = wish.backend;
	if (!r->backend && variable)
		r->backend = !strcmp(variable, "type1") ? LIBIOMMUFD_BACKEND_TYPE1
							: LIBIOMMUFD_BACKEND_NATIVE;
	calls_begin(number_of("libiommufd_ctx_open"));
	int result = __real_ctx_open(&r->sys, opts, ret_ctx);
	calls_end(result);
	opened(r, result, ret_ctx);
	return result;
}

int __wrap_ctx_open_fd(const struct sys *sys, int fd, const struct libiommufd_ctx_opts *opts,
		       struct libiommufd_ctx **ret_ctx)
{
	struct recorder *r = new_recorder(sys);
	uint32_t flags = wishes(opts).flags;

	r->explain = flags & LIBIOMMUFD_CTX_EXPLAIN && !(flags & LIBIOMMUFD_CTX_NO_EXPLAIN);
	r->backend = LIBIOMMUFD_BACKEND_NATIVE;
	calls_begin(number_of("libiommufd_ctx_open_fd"));
	int result = __real_ctx_open_fd(&r->sys, fd, opts, ret_ctx);
	calls_end(result);
	opened(r, result, ret_ctx);
	return result;
}
