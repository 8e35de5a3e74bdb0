/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a flow of the sweep is: calls before, one call in which allocations fail, calls after. */
#ifndef KERNEL_FAILURES_H
#define KERNEL_FAILURES_H

#include "edu.h"

enum {
	SIZE = 16 * PAGE, /* of what flows map, unless said otherwise */
	NODES = 2,
};

#define AT   0x100000ULL
#define HUGE (2ULL << 20)

/* What the process of one failure has. A flow uses what it needs. */
struct world {
	int iommu, dev[NODES], group, container, file;
	uint32_t id[NODES], ioas, other, hwpt;
	uint8_t *memory, *memory2;
	uint64_t iova;
	struct edu edu;
};

struct flow {
	const char *name;
	const char *needs; /* devices of the lab, separated by spaces */
	void (*before)(struct world *w);
	/* The call that fails: 0, or a negative errno, and then nothing has changed. It can be made again. */
	int (*act)(struct world *w);
	/* After a failure: is everything as it was? After a success: is it done? May be NULL. */
	void (*failed)(struct world *w);
	void (*done)(struct world *w);
	/* After a failure in place of a second try: taking down what is there. May be NULL. */
	void (*left)(struct world *w);
	bool sure; /* the call cannot fail, allocations or not */
	bool answers; /* once it is done it writes an answer: if that cannot be written, it is done all the same */
	int also; /* an errno that is as right as -ENOMEM, or 0 */
};

#define FLOW(a, b, c, d) .before = (a), .act = (b), .failed = (c), .done = (d)

/* What the flow did not find as it should be: ends the process, and the flow has failed. */
#define check(condition) check_that(condition, #condition, __FILE__, __LINE__)
void check_that(bool condition, const char *text, const char *file, int line);

extern const struct flow space_flows[], device_flows[], table_flows[], access_flows[], file_flows[],
	container_flows[];

#endif
