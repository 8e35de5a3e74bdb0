/* SPDX-License-Identifier: MIT */
/* The shortest useful program; the README shows it. Give it the PCI address of any vfio-pci device. */
#include <libiommufd.h>
#include <stdio.h>
#include <stdlib.h>

static void check(int result)
{
	if (result < 0) {
		fprintf(stderr, "%s\n", libiommufd_last_error()->text);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	struct libiommufd_ctx *ctx;
	struct libiommufd_ioas *ioas;
	struct libiommufd_device *dev;
	void *memory = aligned_alloc(4096, 65536);
	const char *name = argc > 1 ? argv[1] : "0000:06:00.0";
	uint64_t iova;

	check(libiommufd_ctx_open(NULL, &ctx));
	check(libiommufd_ioas_create(ctx, NULL, &ioas));
	check(libiommufd_device_open(ctx, name, NULL, &dev));
	check(libiommufd_device_bind(dev, NULL));   /* its DMA is blocked from here on */
	check(libiommufd_device_attach(dev, ioas)); /* it reaches what ioas maps, only */
	check(libiommufd_ioas_map(ioas, memory, 65536, LIBIOMMUFD_READ | LIBIOMMUFD_WRITE, &iova));
	check(libiommufd_device_set_bus_master(dev, true));
	printf("%s may use 64 KiB at 0x%llx\n", name, (unsigned long long)iova);

	check(libiommufd_device_close(dev, 0));
	check(libiommufd_ioas_destroy(ioas));
	libiommufd_ctx_unref(ctx);
	free(memory);
	return 0;
}
