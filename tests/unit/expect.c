/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the writing of scripts: what a test expects, as the calls the kernel compares with. */
#include "step.h"

void expect_open(struct script *k, const char *path, int flags, int result)
{
	add(k, text("open(\"%s\", 0x%x)", path, flags), result);
}

void expect_close(struct script *k, int fd, int result)
{
	add(k, text("close(%d)", fd), result);
}

void expect_dup(struct script *k, int fd, int result)
{
	add(k, text("dup(%d)", fd), result);
}

void expect_access(struct script *k, const char *path, int result)
{
	add(k, text("access(\"%s\")", path), result);
}

void expect_rdev(struct script *k, int fd, dev_t rdev, int result)
{
	add(k, text("rdev(%d)", fd), result)->value = rdev;
}

void expect_seals(struct script *k, int fd, int result)
{
	add(k, text("seals(%d)", fd), result);
}

void expect_memlock(struct script *k, uint64_t bytes, int result)
{
	add(k, text("memlock()"), result)->value = bytes;
}

void expect_getpid(struct script *k, pid_t pid)
{
	add(k, text("getpid()"), pid);
}

static void put_out(struct step *step, const void *bytes, size_t size)
{
	step->out = copy_of(bytes, size);
	step->out_size = size;
}

void expect_read(struct script *k, int fd, const char *string, int result)
{
	struct step *step = add(k, text("read(%d)", fd), result);

	if (string)
		put_out(step, string, strlen(string));
}

void expect_pread(struct script *k, int fd, const void *bytes, size_t size, uint64_t offset,
		  ssize_t result)
{
	struct step *step =
		add(k, text("pread(%d, %zu, 0x%" PRIx64 ")", fd, size, offset), (int)result);

	if (bytes)
		put_out(step, bytes, size);
}

void expect_pwrite(struct script *k, int fd, const void *bytes, size_t size, uint64_t offset,
		   ssize_t result)
{
	add(k, pwrite_text(fd, bytes, size, offset), (int)result);
}

static void put_string(struct step *step, const char *string)
{
	if (string)
		put_out(step, string, strlen(string) + 1);
}

void expect_readlink(struct script *k, const char *path, const char *string, int result)
{
	put_string(add(k, text("readlink(\"%s\")", path), result), string);
}

void expect_realpath(struct script *k, const char *path, const char *string, int result)
{
	put_string(add(k, text("realpath(\"%s\")", path), result), string);
}

void expect_list(struct script *k, int result, const char *path, ...)
{
	struct step *step = add(k, text("list(\"%s\")", path), result);
	char *names;
	size_t size;
	FILE *f = open_memstream(&names, &size);
	va_list args;

	if (!f)
		abort();
	va_start(args, path);
	for (const char *name; (name = va_arg(args, const char *));)
		fwrite(name, 1, strlen(name) + 1, f);
	va_end(args);
	fwrite("", 1, 1, f);
	fclose(f);
	step->out = names;
	step->out_size = size;
}

void expect_mmap(struct script *k, const void *addr, size_t length, int prot, int flags, int fd,
		 uint64_t offset, void *ret_addr, int result)
{
	add(k, mmap_text(addr, length, prot, flags, fd, offset), result)->value =
		(uintptr_t)ret_addr;
}

void expect_munmap(struct script *k, const void *addr, size_t length, int result)
{
	add(k, text("munmap(0x%lx, 0x%zx)", (unsigned long)addr, length), result);
}

void expect_madvise(struct script *k, const void *addr, size_t length, int advice, int result)
{
	add(k, text("madvise(0x%lx, 0x%zx, %d)", (unsigned long)addr, length, advice), result);
}

static void rewrite(struct step *step)
{
	int fd;

	if (sscanf(step->text, "ioctl(%d", &fd) != 1)
		abort();
	free(step->text);
	step->text = ioctl_text(step, fd, step->request, step->in);
}

void expect_ioctl_bytes(struct script *k, int fd, unsigned long request, const void *bytes,
			size_t size, int result)
{
	struct step *step = add(k, text("ioctl(%d", fd), result);

	step->request = request;
	step->in = copy_of(bytes, size);
	step->size = size;
	rewrite(step);
}

void expect_ioctl_number(struct script *k, int fd, unsigned long request, unsigned long number,
			 int result)
{
	add(k, text("ioctl(%d, 0x%lx, 0x%lx)", fd, request, number), result);
}

void expect_ioctl_string(struct script *k, int fd, unsigned long request, const char *string,
			 int result)
{
	add(k, text("ioctl(%d, 0x%lx, \"%s\")", fd, request, string), result);
}

void answer_bytes(struct script *k, const void *bytes, size_t size)
{
	assert_true(size <= k->last->size);
	put_out(k->last, bytes, size);
}

static void add_pointer(struct script *k, size_t offset, bool written, const void *bytes,
			size_t size)
{
	struct step *step = k->last;
	struct pointer *p = &step->pointers[step->pointer_count++];

	assert_true(step->pointer_count <= 2 && offset + sizeof(uint64_t) <= step->size);
	*p = (struct pointer){offset, written, size, copy_of(bytes, size)};
	/* In the struct that the script compares with, it points to the script's own copy. */
	uint64_t value = (uintptr_t)p->bytes;
	memcpy((char *)step->in + offset, &value, sizeof(value));
	rewrite(step);
}

void points_to(struct script *k, size_t offset, const void *bytes, size_t size)
{
	add_pointer(k, offset, false, bytes, size);
}

void writes_through(struct script *k, size_t offset, const void *bytes, size_t size)
{
	add_pointer(k, offset, true, bytes, size);
}

void points_somewhere(struct script *k, size_t offset)
{
	add_pointer(k, offset, true, "", 0);
}
