/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs what is about resets, features and tokens. Needs two edu behind a bridge (EDU0 and EDU1) and one
 * on the root bus (EDU2), an nvme, the two e1000e, and the nvme with virtual functions.
 */
#include "resets.h"

int main(void)
{
	bench_begin();
	return run_resets() + run_hot_resets() + run_features() + run_tokens();
}
