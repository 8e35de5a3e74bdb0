/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs what is about contexts, devices and their states. Needs one edu. */
#include "suites.h"

#include "bench.h"

int main(void)
{
	bench_begin();
	return run_states() + run_lifecycle() + run_context() + run_regions();
}
