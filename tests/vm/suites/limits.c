/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the tests of what cannot be mapped: taken addresses, bad memory, limits, another process. */
#include "suites.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "behaviours.h"
#include "bench.h"
#include "differences.h"

static void what_overlaps_a_mapping_is_refused(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(8 * PAGE), *first = memory + 4 * PAGE;

	assert_ok(libiommufd_ioas_map_at(b->ioas, first, 2 * PAGE, BOTH, 0x100000));
	assert_refused(libiommufd_ioas_map_at(b->ioas, memory, 2 * PAGE, BOTH, 0x100000), EEXIST,
		       IOVA_IN_USE);
	assert_refused(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x101000), EEXIST,
		       IOVA_IN_USE);
	assert_refused(libiommufd_ioas_map_at(b->ioas, memory, 2 * PAGE, BOTH, 0xff000), EEXIST,
		       IOVA_IN_USE);
	assert_refused(libiommufd_ioas_map_at(b->ioas, memory, 4 * PAGE, BOTH, 0xff000), EEXIST,
		       IOVA_IN_USE);
	assert_true(dma_works(b, 0, 0x100000, first));
	assert_true(dma_works(b, 0, 0x101000, first + PAGE));
	assert_false(dma_works(b, 0, 0xff000, memory));
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0xff000));
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory + PAGE, PAGE, BOTH, 0x102000));
	assert_true(dma_works(b, 0, 0x102000, memory + PAGE));
	munmap(memory, 8 * PAGE);
}

static void what_wraps_around_is_refused(void **state)
{
	const uint64_t top = -(uint64_t)PAGE;
	struct bench *b = *state;
	uint8_t *memory = bench_memory(2 * PAGE);
	uint64_t iova = 42;

	assert_refused(libiommufd_ioas_map_at(b->ioas, memory, 2 * PAGE, BOTH, top), EOVERFLOW,
		       ARGUMENT);
	assert_refused(libiommufd_ioas_map(b->ioas, (void *)(uintptr_t)top, 2 * PAGE, BOTH, &iova),
		       EOVERFLOW, ARGUMENT);
	assert_refused(libiommufd_ioas_map_at(b->ioas, memory, top, BOTH, 0x100000), EOVERFLOW,
		       ARGUMENT);
	assert_refused(libiommufd_ioas_copy_at(b->ioas, b->ioas, top, 2 * PAGE, BOTH, 0x100000),
		       EOVERFLOW, ARGUMENT);
	assert_refused(libiommufd_ioas_unmap(b->ioas, top, 2 * PAGE, NULL), EOVERFLOW, ARGUMENT);
	assert_int_equal(iova, 42);
	munmap(memory, 2 * PAGE);
}

static void memory_that_is_not_there_is_refused(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(8 * PAGE);
	long before;

	/* A hole in the middle; no access; no write access. */
	assert_int_equal(munmap(memory + 2 * PAGE, PAGE), 0);
	assert_int_equal(mprotect(memory + 4 * PAGE, PAGE, PROT_NONE), 0);
	assert_int_equal(mprotect(memory + 6 * PAGE, PAGE, PROT_READ), 0);
	before = bench_pins();
	for (int page = 2; page <= 6; page += 2) {
		uint8_t *bad = memory + page * PAGE;
		assert_refused(libiommufd_ioas_map_at(b->ioas, bad, PAGE, BOTH, 0x100000), EFAULT,
			       BAD_MEMORY);
		assert_refused(libiommufd_ioas_map_at(b->ioas, bad - PAGE, 3 * PAGE, BOTH,
						      0x100000),
			       EFAULT, BAD_MEMORY);
		assert_refused(libiommufd_ioas_map_at(b->ioas, bad, PAGE, LIBIOMMUFD_WRITE,
						      0x100000),
			       EFAULT, BAD_MEMORY);
	}
	assert_refused(libiommufd_ioas_map_at(b->ioas, memory + 4 * PAGE, PAGE, LIBIOMMUFD_READ,
					      0x100000),
		       EFAULT, BAD_MEMORY);
	/* Nothing of the good pages in front stays. */
	assert_int_equal(bench_pins(), before);
	assert_false(dma_works(b, 0, 0x100000, memory + PAGE));
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory + 6 * PAGE, PAGE, LIBIOMMUFD_READ,
					 0x100000));
	munmap(memory, 8 * PAGE);
}

static void the_memory_of_a_bar_by_its_address(void **state)
{
	struct bench *b = *state;

	assert_outcome(libiommufd_ioas_map_at(b->ioas, (void *)b->edu[0].regs, PAGE, BOTH,
					      0x100000),
		       differs(b->native, DIFFERENCE_BAR_MEMORY));
	if (works(b->native, DIFFERENCE_BAR_MEMORY))
		assert_ok(libiommufd_ioas_unmap(b->ioas, 0x100000, PAGE, NULL));
	else
		assert_refused(libiommufd_ioas_unmap(b->ioas, 0x100000, PAGE, NULL), ENOENT,
			       NOT_MAPPED);
}

/* What counts against the limit, and what this process has of it, in bytes. */
static void assert_told_of_limit(const struct bench *b, uint64_t needed, uint64_t allowed,
				 uint64_t has)
{
	bool user = natively(b->native, BEHAVIOUR_ACCOUNT);
	char sentence[160];

	snprintf(sentence, sizeof(sentence),
		 "RLIMIT_MEMLOCK allows %ld bytes in all, counted per %s, of which this process "
		 "has %" PRIu64 ";",
		 (long)allowed, user ? "user" : "process", has);
	assert_sentence(sentence);
	assert_int_equal(libiommufd_last_error()->needed, needed);
	assert_int_equal(libiommufd_last_error()->allowed, allowed);
}

static void memory_beyond_the_limit_is_refused_with_both_figures(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(2 * MIB);
	long before = bench_pins();
	uint64_t iova = 42;

	bench_use_capability(CAP_IPC_LOCK, false);
	bench_limit_memlock(MIB);
	assert_refused(libiommufd_ioas_map(b->ioas, memory, 2 * MIB, BOTH, &iova), ENOMEM,
		       MEMORY_LIMIT);
	assert_told_of_limit(b, 2 * MIB, MIB, PAGE);
	assert_sentence("2097152 bytes cannot be pinned");
	assert_int_equal(iova, 42);
	assert_int_equal(bench_pins(), before);
	assert_int_equal(bench_charged(natively(b->native, BEHAVIOUR_ACCOUNT)), PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, MIB / 2, BOTH, 0x100000));
	assert_true(dma_works(b, 0, 0x100000, memory));
	assert_refused(libiommufd_ioas_map_at(b->ioas, memory + MIB / 2, MIB, BOTH, 0x400000),
		       ENOMEM, MEMORY_LIMIT);
	assert_told_of_limit(b, MIB, MIB, MIB / 2 + PAGE);
	assert_false(dma_works(b, 0, 0x400000, memory + MIB / 2));
	/* What is unmapped counts no more. */
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x100000, MIB / 2, NULL));
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory + MIB / 2, MIB / 4 * 3, BOTH, 0x400000));
	assert_true(dma_works(b, 0, 0x400000, memory + MIB / 2));
	munmap(memory, 2 * MIB);
}

static void the_limit_does_not_bind_the_privileged(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(2 * MIB);

	bench_limit_memlock(MIB);
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, 2 * MIB, BOTH, 0x400000));
	assert_true(dma_works(b, 0, 0x400000 + 2 * MIB - LENGTH, memory + 2 * MIB - LENGTH));
	munmap(memory, 2 * MIB);
}

static void an_attach_beyond_the_limit_is_refused(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(2 * MIB);

	bench_use_capability(CAP_IPC_LOCK, false);
	bench_limit_memlock(MIB);
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, 2 * MIB, BOTH, 0x400000));
	assert_refused(libiommufd_device_attach(b->dev, b->ioas), ENOMEM, MEMORY_LIMIT);
	/* iommufd does not say what it could not pin. */
	assert_told_of_limit(b, natively(b->native, BEHAVIOUR_NEED) ? 0 : 2 * MIB + PAGE, MIB, 0);
	assert_state(b->dev, BOUND, NOTHING, NULL);
	assert_false(dma_writes(b, 0, 0x400000, memory));
	assert_false(dma_writes(b, 0, HOME, b->home));

	bench_limit_memlock(4 * MIB);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_true(dma_works(b, 0, 0x400000, memory));
	munmap(memory, 2 * MIB);
}

/* Attached to an address space with 2 MiB and the home, and another one with as much is there. */
static struct libiommufd_ioas *setup_move(struct bench *b, uint8_t *memory)
{
	struct libiommufd_ioas *other = bench_ioas(b);

	bench_use_capability(CAP_IPC_LOCK, false);
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, 2 * MIB, BOTH, 0x400000));
	assert_ok(libiommufd_ioas_map_at(other, memory + 2 * MIB, 2 * MIB, BOTH, 0x400000));
	assert_true(dma_works(b, 0, 0x400000, memory));
	return other;
}

static void a_move_needs_room_for_both_natively(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(4 * MIB);
	struct libiommufd_ioas *other = setup_move(b, memory);

	bench_limit_memlock(3 * MIB);
	assert_outcome(libiommufd_device_attach(b->dev, other),
		       differs(b->native, DIFFERENCE_MOVE_WITH_ROOM_FOR_ONE));
	bool moved = works(b->native, DIFFERENCE_MOVE_WITH_ROOM_FOR_ONE);
	assert_state(b->dev, ATTACHED, IOAS, moved ? other : b->ioas);
	assert_true(dma_works(b, 0, 0x400000, moved ? memory + 2 * MIB : memory));
	assert_int_equal(bench_charged(natively(b->native, BEHAVIOUR_ACCOUNT)), 2 * MIB + PAGE);
	munmap(memory, 4 * MIB);
}

static void a_move_that_has_room_for_neither_detaches_on_type1(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(4 * MIB);
	struct libiommufd_ioas *other = setup_move(b, memory);
	struct outcome outcome = differs(b->native, DIFFERENCE_MOVE_WITH_ROOM_FOR_NONE);

	bench_limit_memlock(MIB);
	assert_outcome(libiommufd_device_attach(b->dev, other), outcome);
	if (outcome.reason == LIBIOMMUFD_REASON_RESTORE_FAILED) {
		assert_sentence("the group is detached and reaches nothing; attach it again");
		assert_state(b->dev, BOUND, NOTHING, NULL);
		assert_int_equal(bench_charged(false), 0);
		assert_false(dma_writes(b, 0, 0x400000, memory));
		assert_false(dma_writes(b, 0, HOME, b->home));
		/* It is as if it had been detached. */
		bench_limit_memlock(3 * MIB);
		assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	}
	assert_state(b->dev, ATTACHED, IOAS, b->ioas);
	assert_true(dma_works(b, 0, 0x400000, memory));
	munmap(memory, 4 * MIB);
}

static void large_pages_can_be_switched_off_before_the_first_mapping(void **state)
{
	struct libiommufd_ioas *ioas;
	struct bench *b = *state;
	uint8_t *memory = bench_memory(8 * MIB);
	bool enabled = false;

	assert_ok(libiommufd_ioas_create(b->ctx, NULL, &ioas));
	b->spaces[SPACES - 1] = ioas;
	assert_outcome(libiommufd_ioas_query_huge_pages(ioas, &enabled),
		       differs(b->native, DIFFERENCE_HUGE_PAGES));
	assert_outcome(libiommufd_ioas_set_huge_pages(ioas, false),
		       differs(b->native, DIFFERENCE_HUGE_PAGES));
	if (!works(b->native, DIFFERENCE_HUGE_PAGES))
		return;
	assert_true(enabled);
	assert_ok(libiommufd_ioas_query_huge_pages(ioas, &enabled));
	assert_false(enabled);
	assert_ok(libiommufd_ioas_set_huge_pages(ioas, true));
	assert_ok(libiommufd_ioas_query_huge_pages(ioas, &enabled));
	assert_true(enabled);

	assert_ok(libiommufd_ioas_set_huge_pages(ioas, false));
	assert_ok(libiommufd_ioas_map_at(ioas, b->home, PAGE, BOTH, HOME));
	assert_ok(libiommufd_ioas_map_at(ioas, memory, 8 * MIB, BOTH, 0x10000000));
	assert_ok(libiommufd_device_attach(b->dev, ioas));
	assert_true(dma_works(b, 0, 0x10000000, memory));
	assert_true(dma_works(b, 0, 0x10000000 + 8 * MIB - LENGTH, memory + 8 * MIB - LENGTH));

	/* On again at any time, but not off. */
	assert_ok(libiommufd_ioas_set_huge_pages(ioas, true));
	assert_refused(libiommufd_ioas_set_huge_pages(ioas, false), EINVAL, IN_USE);
	assert_ok(libiommufd_ioas_query_huge_pages(ioas, &enabled));
	assert_true(enabled);
	assert_true(dma_works(b, 0, 0x10000000, memory));
	munmap(memory, 8 * MIB);
}

/* In a forked child: which of these did not end with -EPERM and its reason? 0 for none. */
static int child_tries(struct bench *b, uint8_t *memory)
{
	struct libiommufd_ioas *ioas;
	struct libiommufd_device *dev;
	uint64_t iova, bytes;
	const int results[] = {
		libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x700000),
		libiommufd_ioas_map(b->ioas, memory, PAGE, BOTH, &iova),
		libiommufd_ioas_copy_at(b->ioas, b->ioas, HOME, PAGE, BOTH, 0x700000),
		libiommufd_ioas_unmap(b->ioas, 0x100000, PAGE, &bytes),
		libiommufd_ioas_unmap_all(b->ioas, &bytes),
		libiommufd_ioas_create(b->ctx, NULL, &ioas),
		libiommufd_device_open(b->ctx, bench_name("EDU0"), NULL, &dev),
		libiommufd_device_attach(b->dev, b->ioas),
		libiommufd_device_detach(b->dev),
		libiommufd_device_set_bus_master(b->dev, false),
	};

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (results[i] != -EPERM)
			return 1 + (int)i;
	if (libiommufd_last_error()->reason != LIBIOMMUFD_REASON_OTHER_PROCESS)
		return 100;
	/* It may drop its handles, and that is all that happens. */
	memory[0] = 0x77;
	if (libiommufd_device_close(b->dev, LIBIOMMUFD_CLOSE_FORCE) ||
	    libiommufd_ioas_destroy(b->ioas))
		return 101;
	libiommufd_ctx_unref(b->ctx);
	return 0;
}

static void a_forked_child_changes_nothing(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);
	int status;

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x100000));
	assert_true(dma_works(b, 0, 0x100000, memory));
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(child_tries(b, memory));
	/* Also while both share their pages. */
	assert_true(dma_works(b, 0, 0x100000, memory));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_state(b->dev, ATTACHED, IOAS, b->ioas);
	assert_true(dma_works(b, 0, 0x100000, memory));
	assert_false(dma_works(b, 0, 0x700000, memory));
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x700000));
	assert_true(dma_works(b, 0, 0x700000, memory));
	munmap(memory, PAGE);
}

int run_limits(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(what_overlaps_a_mapping_is_refused, bench_setup_attached),
		bench_test(what_wraps_around_is_refused, bench_setup_attached),
		bench_test(memory_that_is_not_there_is_refused, bench_setup_attached),
		bench_test(the_memory_of_a_bar_by_its_address, bench_setup_attached),
		bench_test(memory_beyond_the_limit_is_refused_with_both_figures,
			   bench_setup_attached),
		bench_test(the_limit_does_not_bind_the_privileged, bench_setup_attached),
		bench_test(an_attach_beyond_the_limit_is_refused, bench_setup_bound),
		bench_test(a_move_needs_room_for_both_natively, bench_setup_attached),
		bench_test(a_move_that_has_room_for_neither_detaches_on_type1,
			   bench_setup_attached),
		bench_test(large_pages_can_be_switched_off_before_the_first_mapping,
			   bench_setup_bound),
		bench_test(a_forked_child_changes_nothing, bench_setup_attached),
	};
	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
