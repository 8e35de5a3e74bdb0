/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs what is about files that are passed to another process. Needs one edu natively; else two edu
 * functions of one group, the two e1000e, the nvme with virtual functions, and /dev/kvm.
 */
#include "behaviours.h"
#include "passing.h"

int main(void)
{
	bench_begin();
	if (natively(bench_is_native(), BEHAVIOUR_PASSED))
		return run_passing_both() + run_passing_native();
	return run_passing_both() + run_passing_device() + run_passing_shared() +
	       run_passing_ends() + run_passing_group() + run_passing_proof() + run_passing_wrong();
}
