/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs processes that are killed while their device does DMA, and takes the device again each time.
 * Needs one edu.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum {
	KILLS = 20,
	STEP = 13000, /* microseconds between the moments of two kills; a DMA takes 100,000 */
};

#define IOVA 0x100000

/* Shared with the child, and still ours when it is dead. */
struct shared {
	uint8_t memory[PAGE];
	uint8_t home[PAGE];
	volatile int ready;
};

/* Never returns: drives the device until it is killed. Fails by leaving ready at 0. */
static void drive_until_killed(struct shared *shared)
{
	struct bench b = {.home = shared->home};
	struct libiommufd_ioas *ioas;

	if (libiommufd_ctx_open(NULL, &b.ctx) || libiommufd_ioas_create(b.ctx, NULL, &ioas) ||
	    libiommufd_device_open(b.ctx, bench_name("EDU0"), NULL, &b.devices[0]) ||
	    libiommufd_device_bind(b.devices[0], NULL) ||
	    libiommufd_device_attach(b.devices[0], ioas) ||
	    libiommufd_ioas_map_at(ioas, shared->home, PAGE, BOTH, HOME) ||
	    libiommufd_ioas_map_at(ioas, shared->memory, PAGE, BOTH, IOVA) ||
	    edu_start(&b.edu[0], b.devices[0]))
		_exit(1);
	shared->ready = 1;
	for (;;) {
		dma_start(&b, 0, IOVA, LENGTH);
		dma_wait(&b, 0);
	}
}

static void kill_in_mid_dma(struct shared *shared, unsigned int moment)
{
	int status;

	memset(shared, 0, sizeof(*shared));
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		drive_until_killed(shared);
	while (!shared->ready) {
		assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
		usleep(1000);
	}
	usleep(moment);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void the_device_of_a_killed_process_can_be_taken_at_once(void **state)
{
	struct bench *b = *state;
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	uint8_t *memory = bench_memory(PAGE);
	long pins;

	assert_ptr_not_equal(shared, MAP_FAILED);
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x200000));
	pins = bench_pins();
	for (int i = 0; i < KILLS; i++) {
		kill_in_mid_dma(shared, i * STEP);
		bench_bind(b, 0);
		assert_state(b->dev, BOUND, NOTHING, NULL);
		/* The dead one's pages are let go, all of them. */
		assert_int_equal(bench_pins(), pins);
		/* A DMA of its may be under way still; it is ours to stop. */
		memset(shared->memory, 0x3c, PAGE);
		dma_wait(b, 0);
		for (int at = 0; at < PAGE; at++)
			assert_int_equal(shared->memory[at], 0x3c);

		assert_false(dma_writes(b, 0, IOVA, shared->memory));
		assert_ok(libiommufd_device_attach(b->dev, b->ioas));
		assert_false(dma_writes(b, 0, IOVA, shared->memory));
		assert_true(dma_writes(b, 0, 0x200000, memory));
		bench_close(b, 0);
		assert_int_equal(bench_pins(), pins);
	}
	munmap(memory, PAGE);
	munmap(shared, sizeof(*shared));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(the_device_of_a_killed_process_can_be_taken_at_once, bench_setup),
	};

	bench_begin();
	return cmocka_run_group_tests_name("killed", tests, NULL, NULL);
}
