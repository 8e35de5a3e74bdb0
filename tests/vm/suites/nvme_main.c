/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs what a disk shows. Needs one nvme, and overwrites it. */
#include "disk.h"

int main(void)
{
	bench_begin();
	return run_nvme() + run_moves();
}
