/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how a call of the script looks as text. */
#include "step.h"

char *text(const char *format, ...)
{
	char *result;
	va_list args;

	va_start(args, format);
	if (vasprintf(&result, format, args) < 0)
		abort();
	va_end(args);
	return result;
}

void *copy_of(const void *bytes, size_t size)
{
	void *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	if (size)
		memcpy(copy, bytes, size);
	return copy;
}

/* As 32-bit words, which most fields are. */
static void put_bytes(FILE *f, const void *bytes, size_t size)
{
	const unsigned char *b = bytes;
	size_t i = 0;

	for (; i + 4 <= size; i += 4) {
		uint32_t word;
		memcpy(&word, b + i, sizeof(word));
		fprintf(f, "%s%" PRIx32, i ? " " : "", word);
	}
	for (; i < size; i++)
		fprintf(f, " .%02x", b[i]);
}

char *ioctl_text(const struct step *step, int fd, unsigned long request, const void *arg)
{
	char *result;
	size_t size;
	FILE *f = open_memstream(&result, &size);

	if (!f)
		abort();
	fprintf(f, "ioctl(%d, 0x%lx, {", fd, request);
	char *bytes = copy_of(arg, step->size);
	const void *targets[2] = {NULL, NULL};
	for (size_t i = 0; i < step->pointer_count; i++) {
		uint64_t value;
		memcpy(&value, bytes + step->pointers[i].offset, sizeof(value));
		targets[i] = (const void *)(uintptr_t)value;
		memset(bytes + step->pointers[i].offset, 0xff, sizeof(value));
	}
	put_bytes(f, bytes, step->size);
	free(bytes);
	fprintf(f, "})");
	for (size_t i = 0; i < step->pointer_count; i++) {
		fprintf(f, " -> ");
		if (!targets[i])
			fprintf(f, "NULL");
		else if (step->pointers[i].written)
			fprintf(f, "room");
		else {
			fprintf(f, "{");
			put_bytes(f, targets[i], step->pointers[i].size);
			fprintf(f, "}");
		}
	}
	fclose(f);
	return result;
}

char *pwrite_text(int fd, const void *buf, size_t size, uint64_t offset)
{
	char *result;
	size_t length;
	FILE *f = open_memstream(&result, &length);

	if (!f)
		abort();
	fprintf(f, "pwrite(%d, %zu, 0x%" PRIx64 ", ", fd, size, offset);
	put_bytes(f, buf, size);
	fprintf(f, ")");
	fclose(f);
	return result;
}

char *mmap_text(const void *addr, size_t length, int prot, int flags, int fd, uint64_t offset)
{
	return text("mmap(0x%lx, 0x%zx, prot 0x%x, flags 0x%x, %d, 0x%" PRIx64 ")",
		    (unsigned long)addr, length, prot, flags, fd, offset);
}

struct step *add(struct script *k, char *call, int result)
{
	struct step *step = calloc(1, sizeof(*step));

	if (!step)
		abort();
	step->text = call;
	step->result = result;
	*k->end = step;
	k->end = &step->next;
	k->last = step;
	return step;
}

void free_step(struct step *step)
{
	for (size_t i = 0; i < step->pointer_count; i++)
		free(step->pointers[i].bytes);
	free(step->text);
	free(step->out);
	free(step->in);
	free(step);
}
