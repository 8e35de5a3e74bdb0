/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same for libiommufd-host. */
#include <libiommufd-host.h>
#include <stdio.h>

int main(void)
{
	struct libiommufd_host *host;
	struct libiommufd_host_devices *devices;

	if (libiommufd_host_open(NULL, &host) < 0)
		return 1;
	if (libiommufd_host_query_device(host, "ffff:ff:1f.7", &devices) == 0 ||
	    libiommufd_host_last_error()->reason != LIBIOMMUFD_REASON_NO_SUCH_DEVICE)
		return 1;
	printf("%s\n", libiommufd_host_last_error()->text);
	libiommufd_host_close(host);
	return 0;
}
