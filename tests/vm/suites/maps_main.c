/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs what is about memory in an address space. Needs one edu. */
#include "suites.h"

#include "bench.h"

int main(void)
{
	bench_begin();
	return run_maps() + run_ranges() + run_unmap() + run_copy() + run_files() + run_limits();
}
