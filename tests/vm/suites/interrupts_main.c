/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs what is about interrupts. Needs an edu, an nvme and the two e1000e. */
#include "interrupts.h"

int main(void)
{
	bench_begin();
	return run_lines() + run_vectors();
}
