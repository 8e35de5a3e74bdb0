/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the version number. */
#include "op.h"

EXPORT const char *libiommufd_get_version(void)
{
	return LIBIOMMUFD_VERSION;
}
