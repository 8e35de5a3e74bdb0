/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the tests of what is left when the receiver ends, or the sender does (type1), and of whose the memory
 * is meanwhile. Needs one edu.
 */
#include "passing.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	PAGES = 64, /* of the receiver's own */
	KILLS = 12,
	STEP = 400, /* microseconds between the moments of two kills */
};

/* The memory that a process has pinned, as it is counted against its limit. */
static long locked_bytes(pid_t pid)
{
	char path[40], line[128];
	long kib = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "VmLck: %ld", &kib);
	fclose(file);
	assert_true(kib >= 0);
	return kib * 1024;
}

/* ---- The receiver goes ---- */

static void try_to_detach_and_close(int sock)
{
	struct received r;

	receive_device(&r, sock);
	struct bench *b = &r.bench;
	assert_ok(libiommufd_device_detach(b->dev));
	bench_use(b, 0);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_refused(libiommufd_device_detach(b->dev), EOPNOTSUPP, NOT_SUPPORTED);
	assert_state(b->dev, ATTACHED, IOAS, b->ioas);
	receiver_end(&r);
}

static void the_receivers_close_detaches_nothing(void **state)
{
	struct bench *b = *state;

	passing_attached(b, try_to_detach_and_close);
	shared_map(b, 1);
	receiver_send(b, 0, DEVICE_FILE);
	receiver_ends();
	assert_state(b->dev, ATTACHED, IOAS, b->ioas);
	assert_reached(b, 1);
}

/* The same address in both, but not the same memory. */
static uint8_t *twin;

static void map_own_memory(int sock)
{
	struct received r;

	receive_device(&r, sock);
	memset(twin, 0x33, PAGES * PAGE);
	assert_ok(libiommufd_ioas_map_at(r.bench.ioas, twin, PAGES * PAGE, BOTH, AT(2)));
	receiver_stop(&r);
	/* The sender's device has written here. */
	assert_int_equal(twin[0], 0x55);
	assert_int_equal(twin[LENGTH - 1], 0x55);
	assert_int_equal(twin[LENGTH], 0x33);
	receiver_stop(&r);
}

/* Let the device carry LENGTH bytes of the sender's home to iova, or back to it. */
static void carry(struct bench *b, uint64_t from, uint64_t to)
{
	edu_read(&b->edu[0], from, LENGTH);
	edu_write(&b->edu[0], to, LENGTH);
}

static void memory_is_the_mappers_who_is_charged_and_outlived_by_the_mapping(void **state)
{
	struct bench *b = *state;
	long pins = bench_pins(), ours = locked_bytes(getpid());

	twin = bench_memory(PAGES * PAGE);
	memset(twin, 0x44, PAGES * PAGE);
	pid_t pid = passing_attached(b, map_own_memory);
	receiver_send(b, 0, DEVICE_FILE);
	receiver_stops();
	/* The one page is the sender's home. */
	assert_int_equal(bench_pins(), pins + 1 + PAGES);
	assert_int_equal(locked_bytes(getpid()), ours + PAGE);
	assert_int_equal(locked_bytes(pid), PAGES * PAGE);

	memset(b->home, 0x55, LENGTH);
	carry(b, HOME, AT(2));
	for (int i = 0; i < LENGTH; i++)
		assert_int_equal(twin[i], 0x44);
	receiver_goes_on();
	receiver_stops();

	/* In mid-DMA. */
	dma_start(b, 0, AT(2), LENGTH);
	assert_int_equal(kill(pid, SIGKILL), 0);
	receiver_dies(SIGKILL);
	dma_wait(b, 0);
	assert_state(b->dev, ATTACHED, IOAS, b->ioas);
	assert_int_equal(bench_pins(), pins + 1 + PAGES);
	assert_int_equal(locked_bytes(getpid()), ours + PAGE);
	/* What nobody has any more is still there for the device. */
	memset(b->home, 0x66, LENGTH);
	carry(b, HOME, AT(2) + PAGE);
	memset(b->home, 0, LENGTH);
	carry(b, AT(2) + PAGE, HOME);
	for (int i = 0; i < LENGTH; i++)
		assert_int_equal(b->home[i], 0x66);
	assert_refused(libiommufd_ioas_unmap(b->ioas, AT(2), PAGES * PAGE, NULL), ENOENT,
		       NOT_MAPPED);
	assert_refused(libiommufd_ioas_map_at(b->ioas, shared_page(1), PAGE, BOTH, AT(2)), EEXIST,
		       IOVA_IN_USE);
	shared_map(b, 1);
	assert_reached(b, 1);

	bench_close(b, 0);
	assert_int_equal(bench_pins(), pins);
	assert_int_equal(locked_bytes(getpid()), ours);
	munmap(twin, PAGES * PAGE);
}

static uint64_t victims;

static void map_until_killed(int sock)
{
	struct received r;

	receive_device(&r, sock);
	for (;;) {
		assert_ok(libiommufd_ioas_map_at(r.bench.ioas, twin, PAGES * PAGE, BOTH, victims));
		assert_ok(libiommufd_ioas_unmap(r.bench.ioas, victims, PAGES * PAGE, NULL));
	}
}

static void a_receiver_can_be_killed_at_any_moment(void **state)
{
	struct bench *b = *state;
	long pins = bench_pins();

	twin = bench_memory(PAGES * PAGE);
	for (int i = 0; i < KILLS; i++) {
		/* An address may stay in use until the device is closed. */
		victims = AT(16 + i);
		pid_t pid = receiver_start(map_until_killed);
		if (!i) {
			bench_bind(b, 0);
			assert_ok(libiommufd_device_attach(b->dev, b->ioas));
			shared_map(b, 1);
		}
		receiver_send(b, 0, DEVICE_FILE);
		usleep(i * STEP);
		assert_int_equal(kill(pid, SIGKILL), 0);
		receiver_dies(SIGKILL);
		int r = libiommufd_ioas_map_at(b->ioas, shared_page(1), PAGE, BOTH, victims);
		assert_true(r == 0 || r == -EEXIST);
		assert_reached(b, 1);
	}
	bench_close(b, 0);
	assert_int_equal(bench_pins(), pins);
	munmap(twin, PAGES * PAGE);
}

/* ---- The sender goes ---- */

static void outlive_the_sender(int sock)
{
	struct received r;

	receive_device(&r, sock);
	struct bench *b = &r.bench;
	receiver_attach(&r);
	shared_map(b, 2);
	receiver_stop(&r);
	/* The sender has closed all it had; its memory is out of reach. */
	assert_not_reached(b, 1);
	assert_reached(b, 2);
	shared_map(b, 4);
	assert_reached(b, 4);
	receiver_stop(&r);
	receiver_end(&r);
}

static void the_receivers_files_keep_device_and_container(void **state)
{
	struct bench *b = *state;
	long pins = bench_pins();

	receiver_start(outlive_the_sender);
	/* The receiver's home lies where ours would. */
	assert_ok(libiommufd_ioas_unmap_all(b->ioas, NULL));
	shared_map(b, 1);
	bench_bind(b, 0);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	receiver_send(b, 0, DEVICE_FILE);
	receiver_stops();
	bench_close(b, 0);
	bench_destroy(b, b->ioas);
	receiver_goes_on();
	receiver_stops();
	assert_ok(libiommufd_device_open(b->ctx, bench_name("EDU0"), NULL, &b->devices[0]));
	assert_refused(libiommufd_device_bind(b->devices[0], NULL), EBUSY, GROUP_BUSY);
	receiver_goes_on();
	receiver_ends();
	assert_int_equal(bench_pins(), pins);
	bench_ioas(b);
	b->ioas = b->spaces[0];
	bench_bind(b, 0);
	b->dev = b->devices[0];
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_not_reached(b, 2);
	shared_map(b, 4);
	assert_reached(b, 4);
}

int run_passing_ends(void)
{
	const struct CMUnitTest tests[] = {
		passing_test(the_receivers_close_detaches_nothing),
		passing_test(memory_is_the_mappers_who_is_charged_and_outlived_by_the_mapping),
		passing_test(a_receiver_can_be_killed_at_any_moment),
		passing_test(the_receivers_files_keep_device_and_container),
	};

	return cmocka_run_group_tests_name("passing, and ending", tests, NULL, NULL);
}
