/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the checks of what calls of the library return and leave behind. */
#include "script.h"

/* The record is the library's, but no constant: as after the first failure of a new thread. */
void forget_last_error(void)
{
	struct libiommufd_error *last =
		(struct libiommufd_error *)(uintptr_t)libiommufd_last_error();

	*last = (struct libiommufd_error){.size = last->size};
}

void check_fails(int result, int error, uint32_t reason, const char *call, const char *file,
		 int line)
{
	const struct libiommufd_error *last = libiommufd_last_error();

	if (result == error && last->error == error && last->reason == reason)
		return;
	print_error("%s\n  returned %d and left %d %s: %s\n  not %d %s\n", call, result,
		    last->error, libiommufd_reason_name(last->reason), last->text, error,
		    libiommufd_reason_name(reason));
	_fail(file, line);
}

void check_returns(int result, int wanted, const struct libiommufd_error *before, const char *call,
		   const char *file, int line)
{
	const struct libiommufd_error *last = libiommufd_last_error();

	if (result != wanted) {
		print_error("%s\n  returned %d, not %d; last error: %s\n", call, result, wanted,
			    last->text);
		_fail(file, line);
	}
	if (memcmp(last, before, sizeof(*last))) {
		print_error("%s\n  succeeded and changed the last error: %s\n", call, last->text);
		_fail(file, line);
	}
}

void check_says(const char *part, bool wanted, const char *file, int line)
{
	const char *says = libiommufd_last_error()->text;

	if (!strstr(says, part) == !wanted)
		return;
	print_error("\"%s\" %s \"%s\"\n", says, wanted ? "lacks" : "has", part);
	_fail(file, line);
}
