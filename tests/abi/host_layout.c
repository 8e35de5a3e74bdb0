/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What layout.c is for the core: the numbers of libiommufd-host.h that programs were compiled with. */
#include <libiommufd-host.h>

#define VALUE(name, value) _Static_assert(name == (value), #name)
#define FIELD(type, field, offset, size)                                       \
	_Static_assert(offsetof(struct type, field) == (offset) &&             \
			       sizeof(((struct type *)NULL)->field) == (size), \
		       #type "." #field)
#define SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type)

/* clang-format off */

VALUE(LIBIOMMUFD_HOST_DEVICES_ON_VFIO, 1);
VALUE(LIBIOMMUFD_HOST_DEVICES_ALL, 2);

/* Pointers are the only part that depends on the machine. */
#define P sizeof(void *)

FIELD(libiommufd_host_opts, size, 0, 4);
FIELD(libiommufd_host_opts, flags, 4, 4);
FIELD(libiommufd_host_opts, log_level, 8, 4);
FIELD(libiommufd_host_opts, reserved, 12, 4);
FIELD(libiommufd_host_opts, log, 16, P);
FIELD(libiommufd_host_opts, log_data, 16 + P, P);
SIZE(libiommufd_host_opts, 16 + 2 * P);

FIELD(libiommufd_host_devices_opts, size, 0, 4);
FIELD(libiommufd_host_devices_opts, flags, 4, 4);
SIZE(libiommufd_host_devices_opts, 8);

/* clang-format on */

int main(void)
{
	return libiommufd_host_last_error()->error;
}
