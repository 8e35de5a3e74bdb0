/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What groups that share a container on type1 have in common, and what each keeps for itself. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "ctx.h"
#include "uapi/vfio.h"

#define assert_reason(x) \
	assert_string_equal(libiommufd_reason_name(libiommufd_last_error()->reason), #x)

static struct world w;

static void begin(const struct fake_config *config)
{
	world_init(&w, LIBIOMMUFD_BACKEND_TYPE1, config);
	world_ctx(&w);
	world_space(&w, X);
	world_space(&w, Y);
}

static void end(void)
{
	assert_null(world_contradiction(&w));
	assert_true(world_fini(&w));
}

static void close_device(int device)
{
	assert_int_equal(libiommufd_device_close(w.devices[device], 0), 0);
	w.devices[device] = NULL;
}

static int attach(int device, int space)
{
	return libiommufd_device_attach(w.devices[device], w.spaces[space]);
}

static bool is_private(int device)
{
	bool private;

	assert_int_equal(libiommufd_device_query_private(w.devices[device], &private), 0);
	return private;
}

static uint64_t groups_with(int device)
{
	return fake_groups_with(w.fake, world_address(device));
}

static enum fake_reach reach_of(int device)
{
	return fake_dma(w.fake, world_address(device), PROBE, true).reach;
}

static unsigned range_count(int space)
{
	struct libiommufd_ranges *ranges;

	assert_int_equal(libiommufd_ioas_query_ranges(w.spaces[space], &ranges), 0);
	unsigned count = (unsigned)libiommufd_ranges_get_count(ranges);
	libiommufd_ranges_free(ranges);
	return count;
}

/* Of the groups 3, 5 and 9. */
#define G3 (1 << 3)
#define G5 (1 << 5)
#define G9 (1 << 9)

/* ---- In common ---- */

static void memory_is_pinned_once_for_all_that_share(void **state)
{
	(void)state;
	begin(NULL);
	world_attach(&w, ALONE, X);
	world_attach(&w, DEV0, X);
	world_bind_with(&w, THIRD, X, 0);
	assert_int_equal(groups_with(THIRD), G3 | G5 | G9);
	assert_int_equal(fake_counts(w.fake).pinned_bytes, PAGE);
	/* It is only bound, and reaches what the others reach, as the library says. */
	assert_int_equal(reach_of(THIRD), FAKE_REACHES);
	assert_int_equal(libiommufd_device_get_state(w.devices[THIRD]), LIBIOMMUFD_DEVICE_BOUND);
	assert_int_equal(attach(THIRD, X), 0);
	assert_int_equal(fake_counts(w.fake).pinned_bytes, PAGE);
	assert_false(is_private(DEV0) || is_private(ALONE) || is_private(THIRD));
	end();
}

static void ranges_narrow_when_a_group_joins_and_widen_when_it_leaves(void **state)
{
	struct fake_config config = fake_default;
	(void)state;

	config.own[5] = (struct libiommufd_range){0x40000000, 0x4fffffff};
	begin(&config);
	assert_int_equal(range_count(X), 1);
	world_attach(&w, ALONE, X);
	assert_int_equal(range_count(X), 2);
	world_bind_with(&w, THIRD, X, 0);
	assert_int_equal(range_count(X), 3);
	assert_int_equal(libiommufd_ioas_map_at(w.spaces[X], w.memory, PAGE, LIBIOMMUFD_READ,
						0x48000000),
			 -EINVAL);
	assert_reason(IOVA_RANGE);
	close_device(THIRD);
	assert_int_equal(range_count(X), 2);
	/* The same in a container of its own. */
	world_bind_with(&w, THIRD, -1, LIBIOMMUFD_BIND_PRIVATE);
	assert_int_equal(range_count(X), 2);
	assert_int_equal(attach(THIRD, X), 0);
	assert_int_equal(range_count(X), 3);
	assert_int_equal(libiommufd_device_detach(w.devices[THIRD]), 0);
	assert_int_equal(range_count(X), 2);
	end();
}

static void a_group_that_lacks_what_is_mapped_is_not_attached(void **state)
{
	struct fake_config config = fake_default;
	(void)state;

	/* Kernels before 5.4 take it into the container, without a word. */
	config.own[5] = (struct libiommufd_range){0x200000, 0x200fff};
	for (int old = 0; old < 2; old++) {
		config.old_type1 = old;
		begin(&config);
		world_map(&w, X, 0x200000, 4, 2);
		world_attach(&w, ALONE, X);
		world_bind(&w, THIRD);
		assert_int_equal(attach(THIRD, X), -EADDRINUSE);
		assert_reason(IOVA_CONFLICT);
		assert_int_equal(groups_with(THIRD), G9);
		assert_int_equal(reach_of(THIRD), FAKE_BLOCKED);
		assert_int_equal(range_count(X), 2);
		/* The same where the container of the others is empty so far. */
		assert_int_equal(libiommufd_device_detach(w.devices[ALONE]), 0);
		close_device(ALONE);
		world_bind_with(&w, ALONE, X, 0);
		assert_int_equal(attach(THIRD, X), -EADDRINUSE);
		assert_reason(IOVA_CONFLICT);
		assert_int_equal(groups_with(THIRD), G9);
		end();
	}
}

/* ---- Each for itself ---- */

static void a_group_that_asked_for_it_is_joined_by_nobody(void **state)
{
	(void)state;
	begin(NULL);
	world_bind_with(&w, ALONE, X, LIBIOMMUFD_BIND_PRIVATE);
	world_attach(&w, ALONE, X);
	/* Neither by bind, which makes another container for the address space, nor by attach. */
	world_bind_with(&w, THIRD, X, 0);
	world_attach(&w, DEV0, X);
	assert_int_equal(groups_with(ALONE), G5);
	assert_int_equal(groups_with(DEV0), G3 | G9);
	assert_int_equal(attach(THIRD, X), 0);
	/* So that it can leave. The others are the first, though they came later. */
	assert_true(is_private(ALONE));
	assert_false(is_private(DEV0));
	assert_int_equal(attach(ALONE, Y), 0);
	assert_int_equal(libiommufd_device_detach(w.devices[ALONE]), 0);
	end();
}

static void the_second_device_of_a_group_can_ask_for_it_too(void **state)
{
	(void)state;
	begin(NULL);
	world_bind(&w, DEV0);
	world_bind_with(&w, DEV1, -1, LIBIOMMUFD_BIND_PRIVATE);
	assert_int_equal(attach(DEV0, X), 0);
	world_attach(&w, ALONE, X);
	assert_int_equal(groups_with(DEV0), G3);
	assert_int_equal(attach(DEV0, Y), 0);
	end();
}

static void private_is_what_is_pinned_once_more(void **state)
{
	(void)state;
	begin(NULL);
	/* A container in which nothing is attached holds nothing. */
	world_bind_with(&w, DEV0, X, 0);
	world_bind_with(&w, ALONE, -1, LIBIOMMUFD_BIND_PRIVATE);
	world_attach(&w, ALONE, X);
	assert_false(is_private(ALONE) || is_private(DEV0));
	assert_int_equal(fake_counts(w.fake).pinned_bytes, PAGE);
	world_attach(&w, DEV0, X);
	assert_int_equal(fake_counts(w.fake).pinned_bytes, 2 * PAGE);
	assert_true(is_private(ALONE));
	assert_false(is_private(DEV0));
	close_device(DEV0);
	assert_false(is_private(ALONE));
	end();
}

static void nobody_is_moved_along(void **state)
{
	(void)state;
	begin(NULL);
	world_bind_with(&w, ALONE, X, 0);
	world_bind_with(&w, DEV0, X, 0);
	assert_int_equal(attach(DEV0, Y), -EBUSY);
	assert_reason(CONTAINER_SHARED);
	assert_int_equal(reach_of(ALONE), FAKE_BLOCKED);
	assert_int_equal(attach(ALONE, X), 0);
	end();
}

/* ---- Groups whose devices came and went ---- */

/* One device takes the group into X's container and is closed, the other is only bound. */
static void leave_behind(void)
{
	world_attach(&w, ALONE, X);
	world_bind(&w, DEV1);
	world_bind_with(&w, DEV0, X, 0);
	close_device(DEV0);
	assert_int_equal(groups_with(DEV1), G3 | G5);
}

static void a_group_left_behind_attaches_where_it_is(void **state)
{
	(void)state;
	begin(NULL);
	leave_behind();
	fake_count_from_here(w.fake, false);
	assert_int_equal(attach(DEV1, X), 0);
	assert_int_equal(fake_call_count(w.fake), 1);
	assert_string_equal(fake_call_name(w.fake, 1), "ioctl VFIO_GROUP_GET_DEVICE_FD");
	close_device(ALONE);
	assert_int_equal(reach_of(DEV1), FAKE_REACHES);
	end();
}

static void a_group_left_behind_goes_elsewhere(void **state)
{
	(void)state;
	for (int others = 0; others < 2; others++) {
		begin(NULL);
		leave_behind();
		if (others)
			world_attach(&w, THIRD, Y);
		assert_int_equal(attach(DEV1, Y), 0);
		assert_int_equal(groups_with(DEV1), others ? G3 | G9 : G3);
		/* Those who stayed go on. */
		world_map(&w, X, 0x400000, 4, 1);
		assert_int_equal(fake_dma(w.fake, FAKE_ALONE, 0x400000, true).reach, FAKE_REACHES);
		assert_int_equal(libiommufd_device_detach(w.devices[ALONE]), 0);
		end();
	}
}

/* The container is still X's, and the group alone in it. */
static void a_container_is_forgotten_where_its_group_goes_elsewhere(void **state)
{
	(void)state;
	begin(NULL);
	leave_behind();
	close_device(ALONE);
	world_attach(&w, THIRD, Y);
	assert_int_equal(attach(DEV1, Y), 0);
	assert_int_equal(groups_with(DEV1), G3 | G9);
	world_map(&w, X, 0x400000, 4, 1);
	world_attach(&w, ALONE, X);
	end();
}

static void an_address_space_may_go_before_what_was_made_for_it(void **state)
{
	(void)state;
	begin(NULL);
	world_bind_with(&w, DEV0, X, 0);
	world_bind_with(&w, ALONE, X, 0);
	assert_int_equal(libiommufd_ioas_destroy(w.spaces[X]), 0);
	world_space(&w, X);
	/* Both stay in it, so neither can go elsewhere, until it is one of them alone. */
	assert_int_equal(attach(DEV0, X), -EBUSY);
	assert_reason(CONTAINER_SHARED);
	close_device(ALONE);
	assert_int_equal(attach(DEV0, X), 0);
	assert_int_equal(libiommufd_device_detach(w.devices[DEV0]), 0);
	assert_int_equal(attach(DEV0, Y), 0);
	end();
}

/* ---- In no container ---- */

static void a_group_in_no_container_is_said_to_be_the_kernels(void **state)
{
	enum libiommufd_reach reach;
	(void)state;

	begin(NULL);
	world_attach(&w, ALONE, X);
	world_bind(&w, DEV0);
	fake_count_from_here(w.fake, false);
	/* Neither into the container nor back. */
	fake_fail(w.fake, 2, -EIO, true);
	assert_int_equal(attach(DEV0, X), -EIO);
	assert_reason(RESTORE_FAILED);
	fake_fail(w.fake, 0, 0, false);
	assert_int_equal(reach_of(DEV0), FAKE_KERNEL);
	assert_int_equal(libiommufd_device_query_reach(w.devices[DEV0], &reach, NULL), 0);
	assert_int_equal(reach, LIBIOMMUFD_REACH_KERNEL);
	assert_int_equal(libiommufd_device_detach(w.devices[DEV0]), 0);
	/* Whoever comes next closes the gap. */
	world_bind(&w, DEV1);
	assert_int_equal(reach_of(DEV0), FAKE_BLOCKED);
	assert_int_equal(attach(DEV0, X), 0);
	assert_int_equal(groups_with(DEV0), G3 | G5);
	end();
}

static void a_group_that_cannot_be_parked_again_says_so(void **state)
{
	(void)state;
	begin(NULL);
	world_attach(&w, ALONE, X);
	world_bind(&w, DEV0);
	fake_count_from_here(w.fake, false);
	/* It has joined; then its device cannot be opened, and no container. */
	fake_fail(w.fake, 4, -EIO, true);
	assert_int_equal(attach(DEV0, X), -EIO);
	assert_string_equal(fake_failed(w.fake), "ioctl VFIO_GROUP_GET_DEVICE_FD");
	assert_reason(RESTORE_FAILED);
	fake_fail(w.fake, 0, 0, false);
	assert_int_equal(reach_of(DEV0), FAKE_KERNEL);
	assert_int_equal(reach_of(ALONE), FAKE_REACHES);
	assert_null(world_contradiction(&w));
	assert_int_equal(attach(DEV0, X), 0);
	assert_int_equal(groups_with(DEV0), G3 | G5);
	end();
}

static int container_of(int device)
{
	int fd = -1;

	assert_int_equal(libiommufd_device_query_container_fd(w.devices[device], &fd), 0);
	return fd;
}

static void nobody_joins_a_container_that_others_have(void **state)
{
	enum libiommufd_reach reach;
	(void)state;
	begin(NULL);
	world_attach(&w, ALONE, X);
	container_of(ALONE);
	world_bind(&w, DEV0);
	assert_int_equal(attach(DEV0, X), 0);
	assert_int_equal(groups_with(DEV0), G3);
	assert_int_equal(groups_with(ALONE), G5);
	/* What they map there is reached whatever is detached here. */
	assert_int_equal(libiommufd_device_detach(w.devices[ALONE]), 0);
	assert_int_equal(libiommufd_device_query_reach(w.devices[ALONE], &reach, NULL), 0);
	assert_int_equal(reach, LIBIOMMUFD_REACH_UNKNOWN);
	assert_true(world_fini(&w));
}

static void a_pick_looks_behind_what_others_mapped(void **state)
{
	const struct sys *sys;
	uint64_t first, second;
	(void)state;
	begin(NULL);
	sys = fake_sys(w.fake);
	world_attach(&w, ALONE, X);
	int fd = container_of(ALONE);
	assert_int_equal(libiommufd_ioas_map(w.spaces[X], w.memory + PAGE, PAGE, LIBIOMMUFD_READ,
					     &first),
			 0);
	assert_int_equal(libiommufd_ioas_unmap(w.spaces[X], first, PAGE, NULL), 0);
	struct vfio_iommu_type1_dma_map theirs = {
		.argsz = sizeof(theirs),
		.flags = VFIO_DMA_MAP_FLAG_READ,
		.vaddr = (uintptr_t)w.memory + 2 * PAGE,
		.iova = first,
		.size = PAGE,
	};
	assert_int_equal(sys->ioctl(sys, fd, VFIO_IOMMU_MAP_DMA, &theirs), 0);
	assert_int_equal(libiommufd_ioas_map(w.spaces[X], w.memory + PAGE, PAGE, LIBIOMMUFD_READ,
					     &second),
			 0);
	assert_true(second >= first + PAGE);
	assert_int_equal(libiommufd_ioas_map_at(w.spaces[X], w.memory + PAGE, PAGE, LIBIOMMUFD_READ,
						first),
			 -EEXIST);
	assert_true(world_fini(&w));
}

static void what_was_detached_alone_is_not_where_others_join(void **state)
{
	(void)state;
	begin(NULL);
	world_attach(&w, ALONE, X);
	assert_int_equal(libiommufd_device_detach(w.devices[ALONE]), 0);
	world_bind(&w, DEV0);
	assert_int_equal(attach(DEV0, X), 0);
	assert_int_equal(groups_with(DEV0), G3);
	assert_int_equal(reach_of(ALONE), FAKE_BLOCKED);
	assert_int_equal(reach_of(DEV0), FAKE_REACHES);
	end();
}

static int bind_private(int device)
{
	struct libiommufd_bind_opts opts = {.size = sizeof(opts), .flags = LIBIOMMUFD_BIND_PRIVATE};

	world_open(&w, device);
	return libiommufd_device_bind(w.devices[device], &opts);
}

static void a_group_that_is_asked_to_stand_alone_leaves_or_says_why_not(void **state)
{
	(void)state;
	begin(NULL);
	world_attach(&w, ALONE, X);
	world_bind(&w, DEV1);
	world_bind(&w, DEV0);
	assert_int_equal(attach(DEV0, X), 0);
	assert_int_equal(groups_with(DEV0), G3 | G5);
	/* With a device open it cannot. */
	close_device(DEV1);
	assert_int_equal(bind_private(DEV1), -EBUSY);
	assert_reason(CONTAINER_SHARED);
	assert_int_equal(groups_with(DEV0), G3 | G5);
	close_device(DEV1);
	/* With none it can. */
	world_bind(&w, DEV1);
	close_device(DEV1);
	world_open(&w, DEV1);
	assert_int_equal(libiommufd_device_bind(w.devices[DEV1], NULL), 0);
	close_device(DEV0);
	close_device(DEV1);
	assert_int_equal(bind_private(DEV0), 0);
	assert_int_equal(groups_with(DEV0), G3);
	assert_int_equal(attach(DEV0, Y), 0);
	end();
}

static void *attach_slowly(void *data)
{
	int *result = data;

	fake_hold_begin();
	*result = attach(ALONE, X);
	fake_hold_end(w.fake);
	return NULL;
}

static void *ask_for_the_file(void *data)
{
	libiommufd_device_query_fd(w.devices[ALONE], data);
	return NULL;
}

/* It would be closed again if the attach failed. */
static void the_file_is_nobody_elses_before_the_attach_is_done(void **state)
{
	pthread_t slow, asking;
	struct timespec soon;
	int result = -1, fd = -1;
	(void)state;
	begin(NULL);
	world_bind(&w, ALONE);
	fake_hold(w.fake, 3);
	assert_int_equal(pthread_create(&slow, NULL, attach_slowly, &result), 0);
	assert_true(fake_await_held(w.fake));
	assert_string_equal(fake_held_name(w.fake), "ioctl VFIO_IOMMU_MAP_DMA");
	assert_int_equal(pthread_create(&asking, NULL, ask_for_the_file, &fd), 0);
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_nsec += 100000000;
	soon.tv_sec += soon.tv_nsec / 1000000000;
	soon.tv_nsec %= 1000000000;
	assert_int_equal(pthread_timedjoin_np(asking, NULL, &soon), ETIMEDOUT);
	fake_let_go(w.fake);
	pthread_join(slow, NULL);
	pthread_join(asking, NULL);
	assert_int_equal(result, 0);
	assert_true(fd >= 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_pinned_once_for_all_that_share),
		cmocka_unit_test(ranges_narrow_when_a_group_joins_and_widen_when_it_leaves),
		cmocka_unit_test(a_group_that_lacks_what_is_mapped_is_not_attached),
		cmocka_unit_test(a_group_that_asked_for_it_is_joined_by_nobody),
		cmocka_unit_test(the_second_device_of_a_group_can_ask_for_it_too),
		cmocka_unit_test(private_is_what_is_pinned_once_more),
		cmocka_unit_test(nobody_is_moved_along),
		cmocka_unit_test(a_group_left_behind_attaches_where_it_is),
		cmocka_unit_test(a_group_left_behind_goes_elsewhere),
		cmocka_unit_test(a_container_is_forgotten_where_its_group_goes_elsewhere),
		cmocka_unit_test(an_address_space_may_go_before_what_was_made_for_it),
		cmocka_unit_test(a_group_in_no_container_is_said_to_be_the_kernels),
		cmocka_unit_test(a_group_that_cannot_be_parked_again_says_so),
		cmocka_unit_test(nobody_joins_a_container_that_others_have),
		cmocka_unit_test(what_was_detached_alone_is_not_where_others_join),
		cmocka_unit_test(a_pick_looks_behind_what_others_mapped),
		cmocka_unit_test(a_group_that_is_asked_to_stand_alone_leaves_or_says_why_not),
		cmocka_unit_test(the_file_is_nobody_elses_before_the_attach_is_done),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
