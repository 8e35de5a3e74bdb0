/* SPDX-License-Identifier: MIT */
/*
 * A disk driven from user space. Runs unchanged on iommufd and on the VFIO group interface.
 *
 *   nvme ADDRESS                     write to the first blocks and read them back: THEIR DATA IS LOST
 *   nvme ADDRESS write BLOCK <FILE   copy a file, of whole blocks, to the disk
 *   nvme ADDRESS read BLOCK COUNT    copy blocks to standard output
 *
 * ADDRESS is the PCI address of an NVMe controller that is bound to vfio-pci.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <libiommufd.h>

#include "nvme.h"

enum {
	BUFFER = NVME_DEPTH * NVME_TRANSFER,
};

static struct nvme nvme;
static uint8_t *buffer; /* BUFFER bytes, mapped for the device at buffer_iova */
static uint64_t buffer_iova;
static int failures;

static void check(int result)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s\n", libiommufd_last_error()->text);
	exit(1);
}

static void check_disk(const char *what, int result)
{
	if (result >= 0)
		return;
	if (libiommufd_last_error()->error == result)
		fprintf(stderr, "%s: %s\n", what, libiommufd_last_error()->text);
	else
		fprintf(stderr, "%s: %s (status 0x%x)\n", what, strerror(-result), nvme.status);
	exit(1);
}

static void show(const char *what, bool as_it_should)
{
	printf("  %-52s %s\n", what, as_it_should ? "yes" : "NO");
	failures += !as_it_should;
}

/* Move the whole buffer to or from the first blocks, NVME_DEPTH commands at once. */
static void move_buffer(enum nvme_opcode opcode)
{
	uint32_t count = NVME_TRANSFER / nvme.block_size;
	struct nvme_completion completion;

	for (uint16_t tag = 0; tag < NVME_DEPTH; tag++)
		check_disk("submit", nvme_submit(&nvme, opcode, tag, (uint64_t)tag * count, count,
						 buffer_iova + (uint64_t)tag * NVME_TRANSFER));
	for (int i = 0; i < NVME_DEPTH; i++) {
		check_disk("wait", nvme_wait(&nvme, &completion));
		nvme.status = completion.status;
		check_disk("command", completion.status ? -EIO : 0);
	}
}

static void demonstrate(void)
{
	uint8_t *written = malloc(BUFFER);
	char line[80];

	if (!written)
		exit(1);
	printf("disk:    %s, serial %s, %llu blocks of %u bytes\n", nvme.model, nvme.serial,
	       (unsigned long long)nvme.blocks, nvme.block_size);

	check_disk("create queues", nvme_create_queues(&nvme, false));
	for (int i = 0; i < BUFFER; i++)
		buffer[i] = written[i] = (uint8_t)(i * 7 + i / 256 * 3 + i / 4096);
	move_buffer(NVME_WRITE);
	memset(buffer, 0, BUFFER);
	move_buffer(NVME_READ);
	snprintf(line, sizeof(line), "polling: %d KiB written and read back", BUFFER / 1024);
	show(line, !memcmp(buffer, written, BUFFER));
	check_disk("delete queues", nvme_delete_queues(&nvme));

	check_disk("create queues", nvme_create_queues(&nvme, true));
	memset(buffer, 0, BUFFER);
	move_buffer(NVME_READ);
	show("MSI-X: the same bytes again", !memcmp(buffer, written, BUFFER));
	show("MSI-X: the vector fired", nvme.interrupts > 0);
	check_disk("delete queues", nvme_delete_queues(&nvme));
	free(written);
}

static void copy_to_disk(uint64_t block)
{
	size_t length;

	while ((length = fread(buffer, 1, NVME_TRANSFER, stdin)) > 0) {
		uint32_t count = length / nvme.block_size;

		if (length % nvme.block_size) {
			fprintf(stderr, "not a multiple of %u bytes\n", nvme.block_size);
			exit(1);
		}
		check_disk("write", nvme_write(&nvme, block, count, buffer_iova));
		block += count;
	}
}

static void copy_from_disk(uint64_t block, uint64_t blocks)
{
	uint32_t most = NVME_TRANSFER / nvme.block_size, count;

	for (; blocks > 0; blocks -= count, block += count) {
		count = blocks < most ? blocks : most;
		check_disk("read", nvme_read(&nvme, block, count, buffer_iova));
		if (fwrite(buffer, nvme.block_size, count, stdout) != count) {
			perror("standard output");
			exit(1);
		}
	}
}

int main(int argc, char **argv)
{
	const uint32_t both = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE;
	const bool writes = argc == 4 && !strcmp(argv[2], "write");
	const bool reads = argc == 5 && !strcmp(argv[2], "read");
	struct libiommufd_ctx *ctx;
	struct libiommufd_ioas *ioas;
	struct libiommufd_device *dev;
	uint64_t queues_iova;

	if (argc != 2 && !writes && !reads) {
		fprintf(stderr, "usage: nvme ADDRESS [write BLOCK <FILE | read BLOCK COUNT]\n");
		return 2;
	}
	uint8_t *memory = mmap(NULL, NVME_MEMORY + BUFFER, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	buffer = memory + NVME_MEMORY;

	check(libiommufd_ctx_open(NULL, &ctx));
	check(libiommufd_ioas_create(ctx, NULL, &ioas));
	check(libiommufd_device_open(ctx, argv[1], NULL, &dev));
	check(libiommufd_device_bind(
		dev, &(struct libiommufd_bind_opts){.size = sizeof(struct libiommufd_bind_opts),
						    .ioas = ioas}));
	check(libiommufd_device_attach(dev, ioas));
	check(libiommufd_ioas_map(ioas, memory, NVME_MEMORY, both, &queues_iova));
	check(libiommufd_ioas_map(ioas, buffer, BUFFER, both, &buffer_iova));
	check_disk("start", nvme_start(&nvme, dev, memory, queues_iova));

	if (writes || reads) {
		uint64_t block = strtoull(argv[3], NULL, 0);

		check_disk("create queues", nvme_create_queues(&nvme, false));
		if (writes)
			copy_to_disk(block);
		else
			copy_from_disk(block, strtoull(argv[4], NULL, 0));
	} else {
		printf("backend: %s\n", libiommufd_ctx_get_backend_why(ctx));
		printf("device:  %s is bound\n", libiommufd_device_get_name(dev));
		demonstrate();
	}

	check_disk("stop", nvme_stop(&nvme));
	check(libiommufd_device_close(dev, 0));
	check(libiommufd_ioas_destroy(ioas));
	libiommufd_ctx_unref(ctx);
	return failures != 0;
}
