/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the sweeps over all flows have in common. */
#ifndef LIBIOMMUFD_TEST_SWEEP_H
#define LIBIOMMUFD_TEST_SWEEP_H

#include "flows.h"

/* Complain about a flow, once for each cause; a printf format. */
void sweep_complain(const struct flow *flow, uint32_t backend, const char *what, int error,
		    const char *format, ...) __attribute__((format(printf, 5, 6)));
unsigned sweep_complaints(void);

/* A world in the flow's starting state. */
void sweep_begin(const struct flow *flow, uint32_t backend, struct world *w);
void sweep_end(const struct flow *flow, struct world *w, const char *what, int error);

/* How the world looks where act is called in the starting state and nothing fails; the caller frees it. */
char *sweep_after(const struct flow *flow, uint32_t backend, int (*act)(struct world *w));

/* Run each for every flow on every backend it has. */
void sweep_flows(void (*each)(const struct flow *flow, uint32_t backend));

/* Is the thread's record that of a failure of this flow with this errno? NULL, or what is wrong. */
const char *sweep_check_record(const struct flow *flow, int result);

#endif
