/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the tests of a container and a device's file that are passed (type1): what the receiver can map, and
 * that no call of its makes a system call that it may not make, but for those that say so. Needs one edu.
 */
#include "passing.h"

#include <linux/capability.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#define IOVA 0x100000

static void work(int sock)
{
	struct libiommufd_ioas *other;
	struct received r;
	uint32_t count;

	receive_device(&r, sock);
	struct bench *b = &r.bench;
	uint8_t *memory = bench_memory(2 * PAGE);
	assert_state(b->dev, BOUND, UNKNOWN, NULL);
	assert_int_equal(libiommufd_device_get_id(b->dev), 0);
	assert_int_equal(libiommufd_ioas_get_id(b->ioas), 0);
	assert_refused(libiommufd_ioas_open_id(b->ctx, 0, &other), EBUSY, IN_USE);
	assert_refused(libiommufd_ioas_open_id(b->ctx, 1, &other), ENOENT, ARGUMENT);
	assert_refused(libiommufd_ioas_create(b->ctx, NULL, &other), EOPNOTSUPP, NOT_SUPPORTED);

	receiver_attach(&r);
	assert_state(b->dev, ATTACHED, IOAS, b->ioas);
	assert_false(dma_works(b, 0, IOVA, memory));
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, 2 * PAGE, BOTH, IOVA));
	assert_true(dma_works(b, 0, IOVA, memory));
	assert_true(dma_works(b, 0, IOVA + PAGE, memory + PAGE));
	assert_refused(libiommufd_ioas_unmap(b->ioas, IOVA, PAGE, NULL), ENOENT, NOT_MAPPED);
	assert_ok(libiommufd_ioas_unmap(b->ioas, IOVA, 2 * PAGE, NULL));
	assert_false(dma_works(b, 0, IOVA, memory));

	assert_ok(libiommufd_device_query_irq(b->dev, 0, &count, NULL));
	assert_int_equal(count, 1);
	assert_refused(libiommufd_ioas_destroy(b->ioas), EBUSY, IN_USE);
	receiver_end(&r);
}

static void a_container_and_a_device_are_enough_for_dma(void **state)
{
	passing_device(*state, work);
	receiver_ends();
	/* Nothing was mapped here, and nothing is now. */
	assert_state(((struct bench *)*state)->dev, BOUND, UNKNOWN, NULL);
}

static void map_in_every_way(int sock)
{
	struct received r;
	uint64_t iova = 42, bytes = 0;
	int file = memfd_create("passed", MFD_CLOEXEC);

	assert_int_equal(ftruncate(file, 2 * PAGE), 0);
	receive_device(&r, sock);
	struct bench *b = &r.bench;
	uint8_t *memory = bench_memory(PAGE);
	uint8_t *view = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	assert_ptr_not_equal(view, MAP_FAILED);
	receiver_attach(&r);

	assert_refused(libiommufd_ioas_map(b->ioas, memory, PAGE, BOTH, &iova), EOPNOTSUPP,
		       NOT_SUPPORTED);
	assert_refused(libiommufd_ioas_map_file(b->ioas, file, 0, PAGE, BOTH, &iova), EOPNOTSUPP,
		       NOT_SUPPORTED);
	assert_refused(libiommufd_ioas_copy(b->ioas, b->ioas, HOME, PAGE, BOTH, &iova), EOPNOTSUPP,
		       NOT_SUPPORTED);
	assert_int_equal(iova, 42);
	assert_refused(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0xfee00000), EINVAL,
		       IOVA_RANGE);
	assert_refused(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, HOME), EEXIST,
		       IOVA_IN_USE);

	assert_ok(libiommufd_ioas_map_file_at(b->ioas, file, PAGE, PAGE, BOTH, IOVA));
	assert_true(dma_works(b, 0, IOVA, view + PAGE));
	assert_ok(libiommufd_ioas_copy_at(b->ioas, b->ioas, IOVA, PAGE, LIBIOMMUFD_READ, 0x200000));
	assert_true(dma_reads(b, 0, 0x200000, view + PAGE));
	assert_false(dma_writes(b, 0, 0x200000, view + PAGE));
	/* What counts is how the memory was mapped, not how the copy may be used. */
	assert_ok(libiommufd_ioas_copy_at(b->ioas, b->ioas, 0x200000, PAGE, BOTH, 0x300000));
	assert_true(dma_works(b, 0, 0x300000, view + PAGE));
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x300000, PAGE, &bytes));
	/* The copy outlives the original. */
	assert_ok(libiommufd_ioas_unmap(b->ioas, IOVA, PAGE, &bytes));
	assert_int_equal(bytes, PAGE);
	assert_false(dma_reads(b, 0, IOVA, view + PAGE));
	assert_true(dma_reads(b, 0, 0x200000, view + PAGE));
	assert_ok(libiommufd_ioas_unmap_all(b->ioas, &bytes));
	assert_int_equal(bytes, 2 * PAGE);
	receiver_end(&r);
}

static void addresses_in_a_passed_container_are_given_and_not_picked(void **state)
{
	passing_device(*state, map_in_every_way);
	receiver_ends();
}

static void ask_for_the_groups_part(int sock)
{
	struct libiommufd_hot_reset *reset;
	struct libiommufd_facts *facts;
	struct received r;
	int fd = 42;

	receive_device(&r, sock);
	assert_refused(libiommufd_device_query_kvm_fd(r.bench.dev, &fd), EOPNOTSUPP, NOT_SUPPORTED);
	assert_int_equal(fd, 42);
	assert_refused(libiommufd_device_bind(r.bench.dev, NULL), EINVAL, ALREADY_BOUND);
	assert_refused(libiommufd_device_query_hot_reset(r.bench.dev, &reset), ENODEV,
		       NOT_SUPPORTED);
	assert_ok(libiommufd_device_query_facts(r.bench.dev, &facts));
	assert_int_equal(libiommufd_facts_get_group(facts), LIBIOMMUFD_FACT_UNKNOWN);
	libiommufd_facts_free(facts);
	/* It can be passed on. */
	assert_ok(libiommufd_device_query_container_fd(r.bench.dev, &fd));
	assert_ok(libiommufd_device_query_fd(r.bench.dev, &fd));
	receiver_end(&r);
}

static void what_is_the_groups_is_not_had_without_its_file(void **state)
{
	passing_device(*state, ask_for_the_groups_part);
	receiver_ends();
}

/* ---- Limits, and calls that are not allowed ---- */

/* In a context with these flags, which say whether a failure may be explained by reading limits. */
static void map_beyond_the_limit(int sock, uint32_t flags)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
					   .backend = LIBIOMMUFD_BACKEND_TYPE1,
					   .flags = flags};
	struct libiommufd_ctx *ctx;
	struct libiommufd_ioas *ioas;
	struct received r;
	int container;

	bench_use_capability(CAP_IPC_LOCK, false);
	bench_limit_memlock(MIB);
	receive_device(&r, sock);
	uint8_t *memory = bench_memory(2 * MIB);
	assert_ok(libiommufd_device_query_container_fd(r.bench.dev, &container));
	assert_ok(libiommufd_ctx_open_fd(container, &opts, &ctx));
	assert_ok(libiommufd_ioas_open_id(ctx, 0, &ioas));
	assert_ok(libiommufd_ioas_map_at(ioas, memory, MIB / 2, BOTH, 0x400000));
	assert_refused(libiommufd_ioas_map_at(ioas, memory, MIB, BOTH, 0x800000), ENOMEM, MEMORY);
	assert_ok(libiommufd_ioas_unmap_all(ioas, NULL));
	assert_ok(libiommufd_ioas_map_at(ioas, memory, MIB, BOTH, 0x800000));
	assert_ok(libiommufd_ioas_unmap_all(ioas, NULL));
	assert_ok(libiommufd_ioas_destroy(ioas));
	libiommufd_ctx_unref(ctx);
	receiver_end(&r);
}

static void map_too_much(int sock)
{
	map_beyond_the_limit(sock, 0);
}

static void map_too_much_and_explain(int sock)
{
	map_beyond_the_limit(sock, LIBIOMMUFD_CTX_EXPLAIN);
}

static void a_failure_is_explained_without_reading_limits(void **state)
{
	passing_device(*state, map_too_much);
	receiver_ends();
}

static void open_a_context(int sock)
{
	struct libiommufd_ctx *ctx;
	struct received r;

	receive_device(&r, sock);
	receiver_attach(&r);
	libiommufd_ctx_open(NULL, &ctx);
	receiver_end(&r);
}

static void look_at_facts(int sock)
{
	struct libiommufd_facts *facts;
	struct received r;

	receive_device(&r, sock);
	libiommufd_ctx_query_facts(r.bench.ctx, r.name, &facts);
	receiver_end(&r);
}

static void calls_beyond_the_filter_kill_the_receiver_and_harm_nobody(void **state)
{
	void (*const receivers[])(int) = {open_a_context, look_at_facts, map_too_much_and_explain};
	struct bench *b = *state;

	for (int i = 0; i < 3; i++) {
		passing_device(b, receivers[i]);
		receiver_dies(SIGSYS);
		assert_state(b->dev, BOUND, UNKNOWN, NULL);
		bench_close(b, 0);
	}
	bench_bind(b, 0);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_true(dma_works(b, 0, HOME, b->home));
}

int run_passing_device(void)
{
	const struct CMUnitTest tests[] = {
		passing_test(a_container_and_a_device_are_enough_for_dma),
		passing_test(addresses_in_a_passed_container_are_given_and_not_picked),
		passing_test(what_is_the_groups_is_not_had_without_its_file),
		passing_test(a_failure_is_explained_without_reading_limits),
		passing_test(calls_beyond_the_filter_kill_the_receiver_and_harm_nobody),
	};

	return cmocka_run_group_tests_name("passing a device", tests, NULL, NULL);
}
