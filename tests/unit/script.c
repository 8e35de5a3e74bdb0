/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the scripted kernel: each call is written down as text, and texts are compared. */
#include "step.h"

static void point(const char *wanted, const char *got)
{
	size_t same = 0;

	while (wanted[same] && wanted[same] == got[same])
		same++;
	print_error("  expected %s\n  got      %s\n           %*s^\n", wanted, got, (int)same, "");
}

/* The step that this call is, off the list; NULL if it is not the one expected. Takes call. */
static struct step *take(struct script *k, char *call)
{
	struct step *step = k->steps;

	k->number++;
	if (!step || strcmp(step->text, call)) {
		print_error("system call %u is not as in the script\n", k->number);
		point(step ? step->text : "nothing more", call);
		k->failed = true;
		free(call);
		return NULL;
	}
	free(call);
	k->steps = step->next;
	if (!k->steps)
		k->end = &k->steps;
	return step;
}

/* An errno that no kernel gives here. */
static const int off_script = -ENOTRECOVERABLE;

static int finish(struct step *step)
{
	int result = step ? step->result : off_script;

	if (step)
		free_step(step);
	return result;
}

static struct script *script_of(const struct sys *sys)
{
	return (struct script *)(uintptr_t)sys;
}

static int copy_out(struct script *k, const struct step *step, void *buf, size_t size)
{
	if (step->out_size > size) {
		print_error("%s: the answer of %zu bytes does not fit %zu\n", step->text,
			    step->out_size, size);
		k->failed = true;
		return -1;
	}
	if (step->out_size)
		memcpy(buf, step->out, step->out_size);
	return 0;
}

/* ---- The kernel ---- */

static int script_open(const struct sys *sys, const char *path, int flags)
{
	return finish(take(script_of(sys), text("open(\"%s\", 0x%x)", path, flags)));
}

static int script_close(const struct sys *sys, int fd)
{
	return finish(take(script_of(sys), text("close(%d)", fd)));
}

static int script_dup(const struct sys *sys, int fd)
{
	return finish(take(script_of(sys), text("dup(%d)", fd)));
}

static int script_ioctl(const struct sys *sys, int fd, unsigned long request, void *arg)
{
	struct script *k = script_of(sys);
	const struct step *next = k->steps;
	struct step *step;

	if (!next || !next->request || next->request != request) {
		char *call = text("ioctl(%d, 0x%lx, 0x%lx)", fd, request, (unsigned long)arg);
		/* A number or a string; which one shows in what is expected. */
		if (next && strchr(next->text, '"') && (uintptr_t)arg > 4096) {
			free(call);
			call = text("ioctl(%d, 0x%lx, \"%s\")", fd, request, (const char *)arg);
		}
		return finish(take(k, call));
	}
	if (!arg) {
		take(k, text("ioctl(%d, 0x%lx, NULL)", fd, request));
		return off_script;
	}
	step = take(k, ioctl_text(next, fd, request, arg));
	for (size_t i = 0; step && i < step->pointer_count; i++) {
		const struct pointer *p = &step->pointers[i];
		uint64_t value;
		memcpy(&value, (char *)arg + p->offset, sizeof(value));
		if (p->written && p->size)
			memcpy((void *)(uintptr_t)value, p->bytes, p->size);
		/* No kernel writes to where it was pointed. */
		if (step->out && p->offset + sizeof(value) <= step->out_size)
			memcpy((char *)step->out + p->offset, &value, sizeof(value));
	}
	if (step && step->out_size)
		memcpy(arg, step->out, step->out_size);
	return finish(step);
}

static ssize_t script_read(const struct sys *sys, int fd, void *buf, size_t size)
{
	struct script *k = script_of(sys);
	struct step *step = take(k, text("read(%d)", fd));

	if (step && step->out && copy_out(k, step, buf, size) == 0)
		step->result = (int)step->out_size;
	return finish(step);
}

static ssize_t script_pread(const struct sys *sys, int fd, void *buf, size_t size, uint64_t offset)
{
	struct script *k = script_of(sys);
	struct step *step = take(k, text("pread(%d, %zu, 0x%" PRIx64 ")", fd, size, offset));

	if (step && step->result > 0)
		memcpy(buf, step->out, (size_t)step->result);
	return finish(step);
}

static ssize_t script_pwrite(const struct sys *sys, int fd, const void *buf, size_t size,
			     uint64_t offset)
{
	return finish(take(script_of(sys), pwrite_text(fd, buf, size, offset)));
}

static int script_mmap(const struct sys *sys, void *addr, size_t length, int prot, int flags,
		       int fd, uint64_t offset, void **ret_addr)
{
	struct step *step = take(script_of(sys), mmap_text(addr, length, prot, flags, fd, offset));

	if (step && step->result == 0)
		*ret_addr = (void *)(uintptr_t)step->value;
	return finish(step);
}

static int script_munmap(const struct sys *sys, void *addr, size_t length)
{
	return finish(take(script_of(sys),
			   text("munmap(0x%lx, 0x%zx)", (unsigned long)addr, length)));
}

static int script_madvise(const struct sys *sys, void *addr, size_t length, int advice)
{
	return finish(take(script_of(sys),
			   text("madvise(0x%lx, 0x%zx, %d)", (unsigned long)addr, length, advice)));
}

static int script_access(const struct sys *sys, const char *path)
{
	return finish(take(script_of(sys), text("access(\"%s\")", path)));
}

/* As the real one, a string that does not fit is the kernel's failure and not the script's. */
static int answer_string(struct step *step, char *buf, size_t size)
{
	if (step && step->out) {
		step->result = step->out_size <= size ? 0 : -ENAMETOOLONG;
		if (step->result == 0)
			memcpy(buf, step->out, step->out_size);
	}
	return finish(step);
}

static int script_readlink(const struct sys *sys, const char *path, char *buf, size_t size)
{
	return answer_string(take(script_of(sys), text("readlink(\"%s\")", path)), buf, size);
}

static int script_realpath(const struct sys *sys, const char *path, char *buf, size_t size)
{
	return answer_string(take(script_of(sys), text("realpath(\"%s\")", path)), buf, size);
}

static int script_list(const struct sys *sys, const char *path,
		       int (*each)(void *data, const char *name), void *data)
{
	struct step *step = take(script_of(sys), text("list(\"%s\")", path));
	const char *name = step ? step->out : NULL;

	/* What each does may be the next calls of the script. */
	for (; name && *name; name += strlen(name) + 1)
		if (each(data, name))
			break;
	return finish(step);
}

static int script_rdev(const struct sys *sys, int fd, dev_t *ret_rdev)
{
	struct step *step = take(script_of(sys), text("rdev(%d)", fd));

	if (step && step->result == 0)
		*ret_rdev = step->value;
	return finish(step);
}

static int script_seals(const struct sys *sys, int fd)
{
	return finish(take(script_of(sys), text("seals(%d)", fd)));
}

static int script_memlock(const struct sys *sys, uint64_t *ret_bytes)
{
	struct step *step = take(script_of(sys), text("memlock()"));

	if (step && step->result == 0)
		*ret_bytes = step->value;
	return finish(step);
}

static pid_t script_getpid(const struct sys *sys)
{
	return finish(take(script_of(sys), text("getpid()")));
}

static const struct sys script_calls = {
	.open = script_open,
	.close = script_close,
	.dup = script_dup,
	.ioctl = script_ioctl,
	.read = script_read,
	.pread = script_pread,
	.pwrite = script_pwrite,
	.mmap = script_mmap,
	.munmap = script_munmap,
	.madvise = script_madvise,
	.access = script_access,
	.readlink = script_readlink,
	.realpath = script_realpath,
	.list = script_list,
	.rdev = script_rdev,
	.seals = script_seals,
	.memlock = script_memlock,
	.getpid = script_getpid,
};

/* ---- Begin and end ---- */

int script_setup(void **state)
{
	struct script *k = calloc(1, sizeof(*k));

	if (!k)
		return -1;
	k->sys = script_calls;
	k->end = &k->steps;
	*state = k;
	return 0;
}

const struct sys *script_sys(struct script *k)
{
	return &k->sys;
}

bool script_followed(struct script *k)
{
	for (const struct step *step = k->steps; step; step = step->next) {
		print_error("system call of the script that did not happen:\n  %s\n", step->text);
		k->failed = true;
	}
	return !k->failed;
}

void assert_all_happened(struct script *k)
{
	if (!script_followed(k))
		fail_msg("the script was not followed");
}

int script_teardown(void **state)
{
	struct script *k = *state;
	bool followed = script_followed(k);

	for (struct step *step; (step = k->steps);) {
		k->steps = step->next;
		free_step(step);
	}
	free(k);
	return followed ? 0 : -1;
}
