/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The test bench of the suites: a context, address spaces, and "edu" devices whose DMA tells what
 * they can reach. The lab names the devices in the environment.
 *
 * Every address space of bench_ioas() has one page of ours, the home, mapped at HOME: through it a
 * device is loaded with bytes, and asked what it holds.
 */
#ifndef SUITES_BENCH_H
#define SUITES_BENCH_H

#include "check.h"

#include "../../../examples/edu.h"

enum {
	PAGE = 4096,
	LENGTH = 1024, /* of a DMA, unless said otherwise */
	BOTH = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE,
	DEVICES = 2,
	SPACES = 4,
};

#define HOME 0x40000000ULL
#define MIB  (1ULL << 20)
#define GIB  (1ULL << 30)

struct bench {
	struct libiommufd_ctx *ctx;
	struct libiommufd_ioas *ioas; /* the first of spaces */
	struct libiommufd_ioas *spaces[SPACES];
	struct libiommufd_device *dev; /* the first of devices */
	struct libiommufd_device *devices[DEVICES];
	struct edu edu[DEVICES];
	uint8_t *home;
	unsigned seed;
	bool native; /* for the tables of differences, which tests/differences sees to */
};

/* Once, first in main(): no limit on pinned memory. */
void bench_begin(void);
/* The backend that contexts get here; for the tables, too. */
bool bench_is_native(void);
/* The kernel's version: 612 is 6.12. */
int bench_kernel(void);
/* What the lab calls a device: "EDU0". Fails the program if it has none. */
const char *bench_name(const char *variable);

/* ---- Fixtures; each can be a cmocka setup with a struct bench * as its state ---- */

/* A context and an address space. */
int bench_setup(void **state);
/* Also EDU0, opened. */
int bench_setup_opened(void **state);
/* Also bound, ready to drive. */
int bench_setup_bound(void **state);
/* Also attached to the address space. */
int bench_setup_attached(void **state);
/* Also EDU1; both bound, none attached. */
int bench_setup_two(void **state);
/* Takes down whatever is there, also after a failure; then nothing may be pinned any more. */
int bench_teardown(void **state);

#define bench_test(test, setup) cmocka_unit_test_setup_teardown(test, setup, bench_teardown)

void bench_open(struct bench *b, int n);
/* Opens if need be, binds, makes ready to drive. */
void bench_bind(struct bench *b, int n);
/* Only opens and binds; then makes ready to drive. */
void bench_bind_with(struct bench *b, int n, uint32_t flags, struct libiommufd_ioas *ioas);
void bench_use(struct bench *b, int n);
/* As the test is done with it: unmaps registers and closes. */
void bench_close(struct bench *b, int n);
/* One more address space, with the home. */
struct libiommufd_ioas *bench_ioas(struct bench *b);
void bench_destroy(struct bench *b, struct libiommufd_ioas *ioas);

/* Zeroed, private, in place. */
uint8_t *bench_memory(uint64_t length);
/* The physical address of memory. */
uint64_t bench_physical(const void *memory);
/* "dmar0" and the like: which IOMMU is this? */
bool bench_is_amd(struct bench *b);
/* Pages pinned for DMA in the whole system, by anybody. */
long bench_pins(void);
/* Bytes that this process has pinned, as its kernel tells: those that count for its user, or for itself. */
uint64_t bench_charged(bool user);
/* Use a capability or not (CAP_IPC_LOCK ...); it can be had again, and is after the test. */
void bench_use_capability(int capability, bool use);
/* The soft RLIMIT_MEMLOCK, until the end of the test. */
void bench_limit_memlock(uint64_t bytes);

/* Fail unless dev is in that state and reaches that; ioas is NULL unless reach is REACH_IOAS. */
#define assert_state(dev, state, reach, ioas)                                                 \
	check_state(dev, LIBIOMMUFD_DEVICE_##state, LIBIOMMUFD_REACH_##reach, ioas, __FILE__, \
		    __LINE__)
void check_state(struct libiommufd_device *dev, enum libiommufd_device_state state,
		 enum libiommufd_reach reach, struct libiommufd_ioas *ioas, const char *file,
		 int line);

/* ---- DMA ---- */

/* A run of bytes that differs from every other one made before, at every place. */
void bench_fill(struct bench *b, uint8_t *memory, size_t length);

/* Let device n write length bytes: has memory, which should be behind iova, changed to what it wrote?
 * Fails if memory changed to anything else, or in part. */
bool dma_writes_length(struct bench *b, int n, uint64_t iova, uint8_t *memory, size_t length);
bool dma_writes(struct bench *b, int n, uint64_t iova, uint8_t *memory);

/* Let device n read: does it hold what is in memory then? It must reach the home. */
bool dma_reads_length(struct bench *b, int n, uint64_t iova, uint8_t *memory, size_t length);
bool dma_reads(struct bench *b, int n, uint64_t iova, uint8_t *memory);

/* dma_writes() and dma_reads() agree on the answer. */
bool dma_works(struct bench *b, int n, uint64_t iova, uint8_t *memory);

/* For a device that does not reach the home: read now, ask later. */
void dma_read(struct bench *b, int n, uint64_t iova, uint8_t *memory);
bool dma_holds(struct bench *b, int n, const uint8_t *memory);

/* Start a write and do not wait. */
void dma_start(struct bench *b, int n, uint64_t iova, size_t length);
/* Until the device is idle. */
void dma_wait(struct bench *b, int n);

#endif
