/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs what is about devices that go away. Needs the two edu functions and, in a hotplug slot, e1000e. */
#include "unplug.h"

int main(void)
{
	bench_begin();
	return run_unplug() + run_surprise();
}
