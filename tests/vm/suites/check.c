/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the comparison of a call's result and error record with what a test expects. */
#include "check.h"

#include <string.h>

void check_prepare(void)
{
	libiommufd_ctx_open_fd(-1, NULL, NULL);
}

void check_outcome(const char *call, int result, struct outcome expected, const char *file,
		   int line)
{
	const struct libiommufd_error *error = libiommufd_last_error();

	if (expected.error == 0) {
		if (result >= 0)
			return;
		print_error("%s\n  is %d, %s (%s); expected 0\n", call, result,
			    libiommufd_reason_name(error->reason), error->text);
		_fail(file, line);
	}
	if (result == expected.error && error->error == result &&
	    error->reason == expected.reason && error->size == sizeof(*error) &&
	    error->operation[0] && error->text[0])
		return;
	print_error("%s\n  is %d; the record has %d, %s (%s)\n  expected %d, %s\n", call, result,
		    error->error, libiommufd_reason_name(error->reason), error->text,
		    expected.error, libiommufd_reason_name(expected.reason));
	_fail(file, line);
}

void check_sentence(const char *part, const char *file, int line)
{
	const char *text = libiommufd_last_error()->text;

	if (strstr(text, part))
		return;
	print_error("\"%s\"\n  does not say \"%s\"\n", text, part);
	_fail(file, line);
}
