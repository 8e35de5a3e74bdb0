/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the DMA of the suites: what a device writes and reads, and the judgement of what came of it. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	EDU_TIME = 100000, /* microseconds that the device takes for a DMA */
};

static void put64(const struct edu *edu, enum edu_register reg, uint64_t value)
{
	*(volatile uint64_t *)(edu->regs + reg) = value;
}

static volatile uint32_t *command(const struct edu *edu)
{
	return (volatile uint32_t *)(edu->regs + EDU_DMA_COMMAND);
}

static void start(const struct edu *edu, uint64_t source, uint64_t target, size_t length,
		  uint32_t start_command)
{
	put64(edu, EDU_DMA_SOURCE, source);
	put64(edu, EDU_DMA_TARGET, target);
	put64(edu, EDU_DMA_COUNT, length);
	*command(edu) = start_command;
}

static void wait(const struct edu *edu)
{
	while (*command(edu) & 1)
		usleep(1000);
}

static void from_memory(const struct edu *edu, uint64_t iova, size_t length)
{
	start(edu, iova, EDU_MEMORY, length, 1);
	usleep(EDU_TIME);
	wait(edu);
}

static void to_memory(const struct edu *edu, uint64_t iova, size_t length)
{
	start(edu, EDU_MEMORY, iova, length, 3);
	usleep(EDU_TIME);
	wait(edu);
}

void dma_start(struct bench *b, int n, uint64_t iova, size_t length)
{
	start(&b->edu[n], EDU_MEMORY, iova, length, 3);
}

void dma_wait(struct bench *b, int n)
{
	wait(&b->edu[n]);
}

/* The step of 29 gives 256 seeds in a row different bytes at each place; 0 never fills all. */
void bench_fill(struct bench *b, uint8_t *memory, size_t length)
{
	unsigned seed = ++b->seed * 29;

	for (size_t i = 0; i < length; i++)
		memory[i] = (uint8_t)(seed + i * 7 + i / 256 * 3);
}

/* What the device holds, as the home's content. */
static bool fetch(struct bench *b, int n, size_t length)
{
	uint8_t before[PAGE];

	bench_fill(b, b->home, length);
	memcpy(before, b->home, length);
	to_memory(&b->edu[n], HOME, length);
	return memcmp(before, b->home, length) != 0;
}

bool dma_holds(struct bench *b, int n, const uint8_t *memory)
{
	if (!fetch(b, n, LENGTH))
		fail_msg("the device cannot write to the home");
	return !memcmp(b->home, memory, LENGTH);
}

void dma_read(struct bench *b, int n, uint64_t iova, uint8_t *memory)
{
	bench_fill(b, memory, LENGTH);
	from_memory(&b->edu[n], iova, LENGTH);
}

bool dma_writes_length(struct bench *b, int n, uint64_t iova, uint8_t *memory, size_t length)
{
	enum libiommufd_reach reach;
	struct libiommufd_ioas *ioas;
	uint8_t before[PAGE], held[PAGE];
	bool known;

	/* Where the home is out of reach the device holds what it held; that is not asked then. */
	assert_ok(libiommufd_device_query_reach(b->devices[n], &reach, &ioas));
	known = reach == LIBIOMMUFD_REACH_IOAS || reach == LIBIOMMUFD_REACH_ID;
	if (known) {
		bench_fill(b, b->home, length);
		memcpy(held, b->home, length);
		from_memory(&b->edu[n], HOME, length);
	}
	bench_fill(b, memory, length);
	memcpy(before, memory, length);
	to_memory(&b->edu[n], iova, length);
	if (!memcmp(memory, before, length))
		return false;
	if (known && memcmp(memory, held, length))
		fail_msg("memory behind 0x%llx changed, but not to what the device wrote",
			 (unsigned long long)iova);
	return true;
}

bool dma_writes(struct bench *b, int n, uint64_t iova, uint8_t *memory)
{
	return dma_writes_length(b, n, iova, memory, LENGTH);
}

bool dma_reads_length(struct bench *b, int n, uint64_t iova, uint8_t *memory, size_t length)
{
	/* So that the device does not hold what is to be read already. */
	bench_fill(b, b->home, length);
	from_memory(&b->edu[n], HOME, length);
	bench_fill(b, memory, length);
	from_memory(&b->edu[n], iova, length);
	if (!fetch(b, n, length))
		fail_msg("the device cannot write to the home");
	if (!memcmp(b->home, memory, length))
		return true;
	if (!memcmp(b->home, memory, length / 4) ||
	    !memcmp(b->home + length - length / 4, memory + length - length / 4, length / 4))
		fail_msg("the device read a part of what is behind 0x%llx",
			 (unsigned long long)iova);
	return false;
}

bool dma_reads(struct bench *b, int n, uint64_t iova, uint8_t *memory)
{
	return dma_reads_length(b, n, iova, memory, LENGTH);
}

bool dma_works(struct bench *b, int n, uint64_t iova, uint8_t *memory)
{
	bool writes = dma_writes(b, n, iova, memory), reads = dma_reads(b, n, iova, memory);

	if (writes != reads)
		fail_msg("the device can %s at 0x%llx, but not %s", writes ? "write" : "read",
			 (unsigned long long)iova, writes ? "read" : "write");
	return writes;
}
