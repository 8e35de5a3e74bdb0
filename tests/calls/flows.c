/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Goes through all flows, with each system call failing in all ways, and from there on all of them, with
 * explanations and without. What comes of it others judge: here it is only to happen, under the eyes of
 * record.c.
 */
#include "sweep.h"

#include <errno.h>
#include <stdio.h>

#include "calls.h"

static const int errors[] = {
	-ENOMEM, -EACCES, -EPERM,    -EINVAL,     -ENOENT, -ENODEV, -ENXIO,
	-EMFILE, -EBUSY,  -EFAULT,   -EADDRINUSE, -ENOSPC, -EEXIST, -ENOTTY,
	-EIO,    -EBADF,  -EMSGSIZE, -EOVERFLOW,  -EAGAIN,
};

static unsigned acts;

/* The number of system calls. */
static unsigned act(const struct flow *flow, uint32_t backend, unsigned nth, int error, bool sticky)
{
	struct world w;

	sweep_begin(flow, backend, &w);
	fake_count_from_here(w.fake, flow->count_munmap);
	fake_fail(w.fake, nth, error, sticky);
	flow->act(&w);
	unsigned count = fake_call_count(w.fake);
	sweep_end(flow, &w, "its end", error);
	acts++;
	return count;
}

static void go(const struct flow *flow, uint32_t backend)
{
	unsigned count = act(flow, backend, 0, 0, false);

	for (unsigned nth = 1; nth <= count; nth++) {
		for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
			act(flow, backend, nth, errors[i], false);
		act(flow, backend, nth, -EIO, true);
	}
}

int main(void)
{
	sweep_flows(go);
	calls_no_explain = true;
	sweep_flows(go);
	printf("%u calls made\n", acts);
	return sweep_complaints() > 0;
}
