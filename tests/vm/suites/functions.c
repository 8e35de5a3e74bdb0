/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs two devices of one group, which has one translation: two functions of one device (edu-functions),
 * or two devices behind a bridge that share a requester id (edu-bridge).
 */
#include <string.h>
#include <sys/mman.h>

#include "bench.h"
#include "differences.h"

#define FIRST  0x100000
#define SECOND 0x200000

/* Two spaces: the first has memory at FIRST, the other has memory + PAGE at SECOND. */
struct spaces {
	struct libiommufd_ioas *first, *second;
	uint8_t *memory;
};

static struct spaces make_spaces(struct bench *b)
{
	struct spaces s = {b->ioas, bench_ioas(b), bench_memory(2 * PAGE)};

	assert_ok(libiommufd_ioas_map_at(s.first, s.memory, PAGE, BOTH, FIRST));
	assert_ok(libiommufd_ioas_map_at(s.second, s.memory + PAGE, PAGE, BOTH, SECOND));
	return s;
}

/* What each of the two devices reaches by DMA is what is said to be reached, and no more. */
static void assert_reach(struct bench *b, const struct spaces *s, struct libiommufd_ioas *ioas)
{
	for (int n = 0; n < 2; n++) {
		struct libiommufd_ioas *said;
		enum libiommufd_reach reach;

		assert_ok(libiommufd_device_query_reach(b->devices[n], &reach, &said));
		assert_int_equal(reach, ioas ? LIBIOMMUFD_REACH_IOAS : LIBIOMMUFD_REACH_NOTHING);
		assert_ptr_equal(said, ioas);
		if (ioas) {
			assert_int_equal(dma_works(b, n, FIRST, s->memory), ioas == s->first);
			assert_int_equal(dma_works(b, n, SECOND, s->memory + PAGE),
					 ioas == s->second);
		} else {
			assert_false(dma_writes(b, n, FIRST, s->memory));
			assert_false(dma_writes(b, n, SECOND, s->memory + PAGE));
			assert_false(dma_writes(b, n, bench_physical(s->memory), s->memory));
			assert_false(dma_writes(b, n, HOME, b->home));
		}
	}
}

static void assert_states(struct bench *b, enum libiommufd_device_state first,
			  enum libiommufd_device_state second)
{
	assert_int_equal(libiommufd_device_get_state(b->devices[0]), first);
	assert_int_equal(libiommufd_device_get_state(b->devices[1]), second);
}

static void the_facts_tell_that_both_share_a_group(void **state)
{
	struct libiommufd_facts *facts;
	struct bench *b = *state;

	for (int n = 0; n < 2; n++) {
		int found = 0;

		assert_ok(libiommufd_device_query_facts(b->devices[n], &facts));
		assert_true(libiommufd_facts_get_member_count(facts) >= 2);
		for (int i = 0; i < libiommufd_facts_get_member_count(facts); i++) {
			const char *member = libiommufd_facts_get_member(facts, i);
			bool ours = !strcmp(member, bench_name("EDU0")) ||
				    !strcmp(member, bench_name("EDU1"));
			found += ours;
			if (ours)
				assert_string_equal(libiommufd_facts_get_member_driver(facts, i),
						    "vfio-pci");
		}
		assert_int_equal(found, 2);
		libiommufd_facts_free(facts);
	}
}

static void both_are_blocked_while_none_is_attached(void **state)
{
	struct bench *b = *state;
	struct spaces s = make_spaces(b);

	assert_states(b, LIBIOMMUFD_DEVICE_BOUND, LIBIOMMUFD_DEVICE_BOUND);
	assert_reach(b, &s, NULL);
	munmap(s.memory, 2 * PAGE);
}

static void the_first_bind_tells_for_the_one_that_is_only_opened(void **state)
{
	struct bench *b = *state;

	bench_open(b, 0);
	bench_open(b, 1);
	assert_state(b->devices[1], OPENED, KERNEL, NULL);
	bench_bind(b, 0);
	assert_state(b->devices[1], OPENED, NOTHING, NULL);
	assert_ok(libiommufd_device_attach(b->devices[0], b->ioas));
	assert_state(b->devices[1], OPENED, IOAS, b->ioas);
	assert_refused(libiommufd_device_attach(b->devices[1], b->ioas), EACCES, NOT_BOUND);
}

static void both_reach_the_space_of_the_attached_one(void **state)
{
	struct bench *b = *state;
	struct spaces s = make_spaces(b);

	for (int n = 0; n < 2; n++) {
		assert_ok(libiommufd_device_attach(b->devices[n], s.first));
		assert_states(b, n ? LIBIOMMUFD_DEVICE_BOUND : LIBIOMMUFD_DEVICE_ATTACHED,
			      n ? LIBIOMMUFD_DEVICE_ATTACHED : LIBIOMMUFD_DEVICE_BOUND);
		assert_reach(b, &s, s.first);
		assert_ok(libiommufd_device_detach(b->devices[n]));
		assert_reach(b, &s, NULL);
	}
	munmap(s.memory, 2 * PAGE);
}

static void a_first_attach_of_the_other_to_a_different_space_is_refused(void **state)
{
	struct bench *b = *state;
	struct spaces s = make_spaces(b);

	assert_ok(libiommufd_device_attach(b->devices[0], s.first));
	assert_refused(libiommufd_device_attach(b->devices[1], s.second), EINVAL, GROUP_ATTACHED);
	assert_states(b, LIBIOMMUFD_DEVICE_ATTACHED, LIBIOMMUFD_DEVICE_BOUND);
	assert_reach(b, &s, s.first);
	/* To the same one it is none. */
	assert_ok(libiommufd_device_attach(b->devices[1], s.first));
	assert_states(b, LIBIOMMUFD_DEVICE_ATTACHED, LIBIOMMUFD_DEVICE_ATTACHED);
	assert_reach(b, &s, s.first);
	munmap(s.memory, 2 * PAGE);
}

static void a_new_attach_of_an_attached_one_moves_all(void **state)
{
	struct bench *b = *state;
	struct spaces s = make_spaces(b);

	/* The other one is only bound. */
	assert_ok(libiommufd_device_attach(b->devices[0], s.first));
	assert_ok(libiommufd_device_attach(b->devices[0], s.second));
	assert_states(b, LIBIOMMUFD_DEVICE_ATTACHED, LIBIOMMUFD_DEVICE_BOUND);
	assert_reach(b, &s, s.second);

	/* The other one is attached as well. */
	assert_ok(libiommufd_device_attach(b->devices[1], s.second));
	assert_ok(libiommufd_device_attach(b->devices[1], s.first));
	assert_states(b, LIBIOMMUFD_DEVICE_ATTACHED, LIBIOMMUFD_DEVICE_ATTACHED);
	assert_reach(b, &s, s.first);
	/* Nothing is in the second any more. */
	bench_destroy(b, s.second);
	munmap(s.memory, 2 * PAGE);
}

static void a_detached_one_still_reaches_where_the_other_is_attached(void **state)
{
	struct bench *b = *state;
	struct spaces s = make_spaces(b);

	assert_ok(libiommufd_device_attach(b->devices[0], s.first));
	assert_ok(libiommufd_device_attach(b->devices[1], s.first));
	assert_ok(libiommufd_device_detach(b->devices[0]));
	assert_states(b, LIBIOMMUFD_DEVICE_BOUND, LIBIOMMUFD_DEVICE_ATTACHED);
	assert_reach(b, &s, s.first);
	assert_refused(libiommufd_ioas_destroy(s.first), EBUSY, IN_USE);
	/* A second detach does not count. */
	assert_ok(libiommufd_device_detach(b->devices[0]));
	assert_reach(b, &s, s.first);
	/* The last detach does. */
	assert_ok(libiommufd_device_detach(b->devices[1]));
	assert_states(b, LIBIOMMUFD_DEVICE_BOUND, LIBIOMMUFD_DEVICE_BOUND);
	assert_reach(b, &s, NULL);
	/* And now either may choose a space. */
	assert_ok(libiommufd_device_attach(b->devices[0], s.second));
	assert_reach(b, &s, s.second);
	munmap(s.memory, 2 * PAGE);
}

static void close_of_the_attached_one_blocks_the_bound_one(void **state)
{
	struct bench *b = *state;
	struct spaces s = make_spaces(b);

	assert_ok(libiommufd_device_attach(b->devices[0], s.first));
	assert_true(dma_works(b, 1, FIRST, s.memory));
	bench_close(b, 0);
	assert_state(b->devices[1], BOUND, NOTHING, NULL);
	assert_false(dma_writes(b, 1, FIRST, s.memory));
	assert_false(dma_writes(b, 1, HOME, b->home));
	assert_false(dma_writes(b, 1, bench_physical(b->home), b->home));
	/* Its registers answer still, and it can be attached anywhere. */
	assert_ok(libiommufd_device_attach(b->devices[1], s.second));
	assert_true(dma_works(b, 1, SECOND, s.memory + PAGE));
	assert_false(dma_works(b, 1, FIRST, s.memory));
	munmap(s.memory, 2 * PAGE);
}

static void close_of_the_bound_one_leaves_the_attached_one(void **state)
{
	struct bench *b = *state;
	struct spaces s = make_spaces(b);

	assert_ok(libiommufd_device_attach(b->devices[0], s.first));
	bench_close(b, 1);
	assert_state(b->devices[0], ATTACHED, IOAS, s.first);
	assert_true(dma_works(b, 0, FIRST, s.memory));
	bench_bind(b, 1);
	assert_reach(b, &s, s.first);
	munmap(s.memory, 2 * PAGE);
}

static void another_context_cannot_have_the_other_function(void **state)
{
	struct libiommufd_device *dev;
	struct libiommufd_ctx *ctx;
	struct bench *b = *state;

	bench_close(b, 1);
	assert_ok(libiommufd_ctx_open(NULL, &ctx));
	assert_ok(libiommufd_device_open(ctx, bench_name("EDU1"), NULL, &dev));
	assert_outcome(libiommufd_device_bind(dev, NULL),
		       differs(b->native, DIFFERENCE_BIND_IN_OTHERS_GROUP));
	assert_sentence("in use");
	assert_state(dev, OPENED, KERNEL, NULL);
	/* Once the group is free it can. */
	bench_close(b, 0);
	assert_ok(libiommufd_device_bind(dev, NULL));
	assert_ok(libiommufd_device_close(dev, 0));
	libiommufd_ctx_unref(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(the_facts_tell_that_both_share_a_group, bench_setup_two),
		bench_test(both_are_blocked_while_none_is_attached, bench_setup_two),
		bench_test(the_first_bind_tells_for_the_one_that_is_only_opened, bench_setup),
		bench_test(both_reach_the_space_of_the_attached_one, bench_setup_two),
		bench_test(a_first_attach_of_the_other_to_a_different_space_is_refused,
			   bench_setup_two),
		bench_test(a_new_attach_of_an_attached_one_moves_all, bench_setup_two),
		bench_test(a_detached_one_still_reaches_where_the_other_is_attached,
			   bench_setup_two),
		bench_test(close_of_the_attached_one_blocks_the_bound_one, bench_setup_two),
		bench_test(close_of_the_bound_one_leaves_the_attached_one, bench_setup_two),
		bench_test(another_context_cannot_have_the_other_function, bench_setup_two),
	};

	bench_begin();
	return cmocka_run_group_tests_name("functions", tests, NULL, NULL);
}
