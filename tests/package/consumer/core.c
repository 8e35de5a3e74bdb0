/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program of somebody else, in C and in C++: it includes, links, calls, and reads an error. */
#include <libiommufd.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	struct libiommufd_ctx *ctx = NULL;
	int result = libiommufd_ctx_open_fd(-1, NULL, &ctx);

	if (result == 0 || ctx || libiommufd_last_error()->error != result)
		return 1;
	if (strcmp(libiommufd_get_version(), VERSION) != 0)
		return 1;
	printf("%s: %s\n", libiommufd_get_version(), libiommufd_last_error()->text);
	return 0;
}
