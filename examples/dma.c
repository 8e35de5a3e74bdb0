/* SPDX-License-Identifier: MIT */
/*
 * What a device can reach by DMA, and what the IOMMU refuses. Runs unchanged on iommufd and on the
 * VFIO group interface.
 *
 *   dma ADDRESS      the PCI address of an "edu" device that is bound to vfio-pci
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <libiommufd.h>

#include "edu.h"

enum {
	SIZE = 4096,   /* of a mapping */
	LENGTH = 2048, /* of a transfer */
};

static int failures;

static void check(int result)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s\n", libiommufd_last_error()->text);
	exit(1);
}

static void show(const char *what, bool as_it_should)
{
	printf("  %-52s %s\n", what, as_it_should ? "yes" : "NO");
	failures += !as_it_should;
}

/* Let the device write 0x5a to iova: does memory change? */
static bool reaches(const struct edu *edu, uint8_t *pattern, uint64_t pattern_iova, uint8_t *memory,
		    uint64_t iova, struct libiommufd_ioas *ioas)
{
	/* Load the device's memory with the pattern while it can surely reach it. */
	memset(pattern, 0x5a, SIZE);
	check(libiommufd_device_attach(edu->dev, ioas));
	edu_read(edu, pattern_iova, LENGTH);
	memset(memory, 0, SIZE);
	edu_write(edu, iova, LENGTH);
	return memory[0] == 0x5a && memory[LENGTH - 1] == 0x5a;
}

int main(int argc, char **argv)
{
	const uint32_t both = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE;
	struct libiommufd_ctx *ctx;
	struct libiommufd_ioas *ioas;
	struct libiommufd_device *dev;
	struct edu edu;
	uint64_t in, out, read_only;

	if (argc != 2) {
		fprintf(stderr, "usage: dma ADDRESS\n");
		return 2;
	}
	uint8_t *memory =
		mmap(NULL, 3 * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	uint8_t *source = memory, *target = memory + SIZE, *constant = memory + 2 * SIZE;

	check(libiommufd_ctx_open(NULL, &ctx));
	printf("backend: %s\n", libiommufd_ctx_get_backend_why(ctx));
	check(libiommufd_ioas_create(ctx, NULL, &ioas));
	check(libiommufd_device_open(ctx, argv[1], NULL, &dev));
	check(libiommufd_device_bind(
		dev, &(struct libiommufd_bind_opts){.size = sizeof(struct libiommufd_bind_opts),
						    .ioas = ioas}));
	check(edu_start(&edu, dev));
	printf("device:  %s is bound\n", libiommufd_device_get_name(dev));

	check(libiommufd_ioas_map(ioas, source, SIZE, both, &in));
	check(libiommufd_ioas_map(ioas, target, SIZE, both, &out));
	check(libiommufd_ioas_map(ioas, constant, SIZE, LIBIOMMUFD_READ, &read_only));
	printf("memory:  mapped at 0x%llx, 0x%llx and, read-only, 0x%llx\n", (unsigned long long)in,
	       (unsigned long long)out, (unsigned long long)read_only);

	/* A device that was never attached reads nothing and writes nothing. */
	memset(source, 0x11, SIZE);
	memset(target, 0x22, SIZE);
	edu_write(&edu, out, LENGTH);
	show("before attach: DMA is blocked", target[0] == 0x22 && target[LENGTH - 1] == 0x22);

	check(libiommufd_device_attach(dev, ioas));
	for (int i = 0; i < SIZE; i++)
		source[i] = (uint8_t)(i * 7 + 3);
	edu_read(&edu, in, LENGTH);
	edu_write(&edu, out, LENGTH);
	show("attached: memory to device to memory", !memcmp(source, target, LENGTH));

	show("attached: an address that is not mapped is refused",
	     !reaches(&edu, source, in, target, out + (1 << 30), ioas));
	show("attached: a write to a read-only mapping is refused",
	     !reaches(&edu, source, in, constant, read_only, ioas));
	check(libiommufd_ioas_unmap(ioas, out, SIZE, NULL));
	show("after unmap: DMA is blocked", !reaches(&edu, source, in, target, out, ioas));
	check(libiommufd_ioas_map_at(ioas, target, SIZE, both, out));
	show("mapped again: DMA works", reaches(&edu, source, in, target, out, ioas));

	check(libiommufd_device_detach(dev));
	memset(target, 0x22, SIZE);
	edu_write(&edu, out, LENGTH);
	show("after detach: DMA is blocked", target[0] == 0x22 && target[LENGTH - 1] == 0x22);

	check(edu_stop(&edu));
	check(libiommufd_device_close(dev, 0));
	check(libiommufd_ioas_destroy(ioas));
	libiommufd_ctx_unref(ctx);
	return failures != 0;
}
