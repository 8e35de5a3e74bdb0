/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For the wrappers that lists.py makes: does a call end with an errno that the header lists for it? */
#ifndef LIBIOMMUFD_TEST_LISTS_H
#define LIBIOMMUFD_TEST_LISTS_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libiommufd-host.h"

static inline void is_listed(const char *function, int result, const int *list,
			     const int *passed_on, size_t count)
{
	for (; *list; list++)
		if (-*list == result)
			return;
	if (result >= 0)
		return;
	for (size_t i = 0; i < count; i++)
		if ((int)libiommufd_host_last_error()->reason == passed_on[i])
			return;
	fprintf(stderr, "%s() ends with -%s, which the header does not list: %s\n", function,
		strerrorname_np(-result), libiommufd_host_last_error()->text);
	abort();
}

#endif
