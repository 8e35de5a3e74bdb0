/* SPDX-License-Identifier: MIT */
#include <libiommufd.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "0000:06:00.0";
	void *memory = aligned_alloc(4096, 65536);
	struct libiommufd_ctx *ctx;
	struct libiommufd_ioas *ioas;
	struct libiommufd_device *dev;
	uint64_t iova;

	if (libiommufd_ctx_open(NULL, &ctx) < 0 || libiommufd_ioas_create(ctx, NULL, &ioas) < 0 ||
	    libiommufd_device_open(ctx, name, NULL, &dev) < 0 ||
	    libiommufd_device_bind(dev, NULL) < 0 ||   /* its DMA is blocked from here on */
	    libiommufd_device_attach(dev, ioas) < 0 || /* it reaches what ioas maps, and no more */
	    libiommufd_ioas_map(ioas, memory, 65536, LIBIOMMUFD_READ, &iova) < 0 ||
	    libiommufd_device_set_bus_master(dev, true) < 0) {
		fprintf(stderr, "%s\n", libiommufd_last_error()->text);
		return 1;
	}
	printf("%s may read 64 KiB at 0x%llx\n", name, (unsigned long long)iova);
	return 0;
}
