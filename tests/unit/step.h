/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A call of the script, shared by the files that write it down and that compare it. */
#ifndef UNIT_STEP_H
#define UNIT_STEP_H

#include "script.h"

struct pointer {
	size_t offset;
	bool written; /* through, else read */
	size_t size;
	void *bytes;
};

struct step {
	struct step *next;
	char *text; /* the call as it is printed and compared */
	int result;
	/* What is handed back: by a struct, a buffer, a string or a list of names. */
	void *out;
	size_t out_size;
	uint64_t value; /* rdev, memlock, the address of a mapping */
	/* Of an ioctl with a struct. */
	unsigned long request;
	size_t size;
	void *in;
	struct pointer pointers[2];
	size_t pointer_count;
};

struct script {
	struct sys sys; /* first: what the library hands back is the script */
	struct step *steps, **end, *last;
	unsigned number; /* of the next call */
	bool failed;
};

/* A call as it is printed and compared; the caller frees it. */
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* arg is formed like the struct that step expects: so many bytes, with pointers at these places. */
char *ioctl_text(const struct step *step, int fd, unsigned long request, const void *arg);
char *pwrite_text(int fd, const void *buf, size_t size, uint64_t offset);
char *mmap_text(const void *addr, size_t length, int prot, int flags, int fd, uint64_t offset);

void *copy_of(const void *bytes, size_t size);

/* Append a call to the script; it takes the text. */
struct step *add(struct script *k, char *call, int result);
void free_step(struct step *step);

#endif
