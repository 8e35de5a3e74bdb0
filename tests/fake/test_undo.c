/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the library says, and what it still knows, when a change on type1 fails and cannot be taken back
 * either. Kernels do not refuse to unmap what was mapped just so: this is about a kernel that does.
 */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "uapi/vfio.h"

#define assert_reason(x) \
	assert_string_equal(libiommufd_reason_name(libiommufd_last_error()->reason), #x)
#define assert_says(what) assert_non_null(strstr(libiommufd_last_error()->text, what))
#define BOTH              (LIBIOMMUFD_READ | LIBIOMMUFD_WRITE)
#define MAP               "ioctl VFIO_IOMMU_MAP_DMA"
#define UNMAP             "ioctl VFIO_IOMMU_UNMAP_DMA"

static struct world w;

static void begin(void)
{
	world_init(&w, LIBIOMMUFD_BACKEND_TYPE1, NULL);
	w.keep_log = true;
	world_ctx(&w);
	world_space(&w, X);
	world_space(&w, Y);
}

static void end(void)
{
	fake_refuse(w.fake, NULL, 0, 0);
	assert_null(world_contradiction(&w));
	assert_true(world_fini(&w));
}

/* X is in two containers, ALONE's first and then THIRD's. */
static void begin_with_two(void)
{
	begin();
	world_attach(&w, ALONE, X);
	world_bind_with(&w, THIRD, -1, LIBIOMMUFD_BIND_PRIVATE);
	world_attach(&w, THIRD, X);
	fake_count_from_here(w.fake, false);
}

/* All calls work again. */
static void mend(void)
{
	fake_fail(w.fake, 0, 0, false);
	fake_refuse(w.fake, NULL, 0, 0);
}

static enum fake_reach reach_at(int device, uint64_t iova)
{
	return fake_dma(w.fake, world_address(device), iova, true).reach;
}

static enum libiommufd_reach said(int device)
{
	struct libiommufd_ioas *ioas = (void *)&w;
	enum libiommufd_reach reach;

	assert_int_equal(libiommufd_device_query_reach(w.devices[device], &reach, &ioas), 0);
	assert_int_equal(reach == LIBIOMMUFD_REACH_IOAS, ioas != NULL);
	return reach;
}

static unsigned mappings(int device)
{
	struct fake_mapping found[8];

	return fake_mappings(w.fake, world_address(device), found, 8);
}

static int attach(int device, int space)
{
	return libiommufd_device_attach(w.devices[device], w.spaces[space]);
}

static void close_device(int device)
{
	assert_int_equal(libiommufd_device_close(w.devices[device], 0), 0);
	w.devices[device] = NULL;
}

/* ---- Mappings ---- */

static void an_unmap_that_is_undone_is_only_a_failure(void **state)
{
	uint64_t bytes = 77;
	(void)state;
	begin_with_two();
	fake_fail(w.fake, 2, -EIO, false);
	assert_int_equal(libiommufd_ioas_unmap(w.spaces[X], PROBE, PAGE, &bytes), -EIO);
	assert_reason(KERNEL);
	assert_int_equal(bytes, 77);
	assert_int_equal(reach_at(ALONE, PROBE), FAKE_REACHES);
	assert_int_equal(reach_at(THIRD, PROBE), FAKE_REACHES);
	end();
}

static void an_unmap_that_cannot_be_undone_says_so_and_can_be_repeated(void **state)
{
	uint64_t bytes = 77;
	(void)state;
	for (int all = 0; all < 2; all++) {
		begin_with_two();
		/* It is gone from the first container, stays in the second, and does not come back. */
		fake_fail(w.fake, 2, -EIO, true);
		assert_int_equal(all ? libiommufd_ioas_unmap_all(w.spaces[X], &bytes)
				     : libiommufd_ioas_unmap(w.spaces[X], PROBE, PAGE, &bytes),
				 -EIO);
		assert_reason(RESTORE_FAILED);
		assert_says("0x100000-0x100fff");
		assert_int_equal(bytes, 77);
		assert_int_equal(reach_at(ALONE, PROBE), FAKE_BLOCKED);
		assert_int_equal(reach_at(THIRD, PROBE), FAKE_REACHES);
		mend();
		/* It counts as mapped: nothing else is put there until it is unmapped. */
		assert_int_equal(libiommufd_ioas_map_at(w.spaces[X], w.memory, PAGE, BOTH, PROBE),
				 -EEXIST);
		assert_int_equal(libiommufd_ioas_unmap(w.spaces[X], PROBE, PAGE, &bytes), 0);
		assert_int_equal(bytes, PAGE);
		assert_int_equal(reach_at(THIRD, PROBE), FAKE_BLOCKED);
		bytes = 77;
		end();
	}
}

static void a_map_that_cannot_be_taken_back_counts_as_mapped(void **state)
{
	uint64_t iova = 77;
	(void)state;
	for (int picked = 0; picked < 2; picked++) {
		begin_with_two();
		fake_fail(w.fake, 2, -EEXIST, false);
		fake_refuse(w.fake, UNMAP, 1, -EIO);
		assert_int_equal(picked ? libiommufd_ioas_map(w.spaces[X], w.memory, PAGE, BOTH,
							      &iova)
					: libiommufd_ioas_map_at(w.spaces[X], w.memory, PAGE, BOTH,
								 0x400000),
				 -EEXIST);
		assert_reason(RESTORE_FAILED);
		assert_int_equal(iova, 77);
		assert_int_equal(mappings(ALONE), 2);
		assert_int_equal(mappings(THIRD), 1);
		mend();
		/* What a device may reach the record has. */
		assert_int_equal(libiommufd_ioas_unmap_all(w.spaces[X], &iova), 0);
		assert_int_equal(iova, 2 * PAGE);
		assert_int_equal(mappings(ALONE), 0);
		iova = 77;
		end();
	}
}

static void a_file_stays_mapped_while_a_device_may_reach_it(void **state)
{
	(void)state;
	begin_with_two();
	w.file = fake_file(w.fake, PAGE, true, O_RDWR);
	fake_count_from_here(w.fake, false);
	/* seals, mmap and the first map go well. */
	fake_fail(w.fake, 4, -EIO, false);
	fake_refuse(w.fake, UNMAP, 1, -EIO);
	unsigned before = fake_counts(w.fake).own_maps;
	assert_int_equal(libiommufd_ioas_map_file_at(w.spaces[X], w.file, 0, PAGE, BOTH, 0x400000),
			 -EIO);
	assert_reason(RESTORE_FAILED);
	assert_string_equal(fake_failed(w.fake), MAP);
	assert_int_equal(fake_counts(w.fake).own_maps, before + 1);
	mend();
	assert_int_equal(libiommufd_ioas_unmap(w.spaces[X], 0x400000, PAGE, NULL), 0);
	assert_int_equal(fake_counts(w.fake).own_maps, before);
	end();
}

/* Two pages of X at 0x600000 of Y, of which the first can be mapped only, and not be taken back. */
static void leave_half_a_copy(void)
{
	world_map(&w, X, 0x201000, 6, 1);
	world_attach(&w, ALONE, Y);
	fake_count_from_here(w.fake, false);
	fake_fail(w.fake, 2, -ENOSPC, false);
	fake_refuse(w.fake, UNMAP, 1, -EIO);
	assert_int_equal(libiommufd_ioas_copy_at(w.spaces[Y], w.spaces[X], 0x200000, 2 * PAGE,
						 LIBIOMMUFD_READ, 0x600000),
			 -ENOSPC);
	assert_reason(RESTORE_FAILED);
}

static void half_a_copy_that_stays_is_told(void **state)
{
	uint64_t bytes;
	(void)state;
	begin();
	world_map(&w, X, 0x200000, 4, 1);
	leave_half_a_copy();
	assert_says("0x600000-0x600fff");
	assert_int_equal(mappings(ALONE), 2);
	mend();
	assert_int_equal(libiommufd_ioas_unmap(w.spaces[Y], 0x600000, PAGE, &bytes), 0);
	assert_int_equal(mappings(ALONE), 1);
	end();
}

static void half_a_copy_that_stays_keeps_the_file_mapped(void **state)
{
	(void)state;
	begin();
	w.file = fake_file(w.fake, PAGE, true, O_RDWR);
	unsigned before = fake_counts(w.fake).own_maps;
	assert_int_equal(libiommufd_ioas_map_file_at(w.spaces[X], w.file, 0, PAGE, BOTH, 0x200000),
			 0);
	leave_half_a_copy();
	mend();
	/* Or something else would be there when the copy is mapped for another group. */
	assert_int_equal(libiommufd_ioas_unmap(w.spaces[X], 0x200000, PAGE, NULL), 0);
	assert_int_equal(fake_counts(w.fake).own_maps, before + 1);
	assert_int_equal(libiommufd_ioas_unmap(w.spaces[Y], 0x600000, PAGE, NULL), 0);
	assert_int_equal(fake_counts(w.fake).own_maps, before);
	end();
}

/* ---- Groups ---- */

/* What others map into a container too is unmapped piece by piece. */
static void a_detach_that_is_half_done_says_that_the_device_stays_attached(void **state)
{
	int fd;
	(void)state;
	begin();
	world_map(&w, X, 0x200000, 4, 1);
	world_attach(&w, ALONE, X);
	assert_int_equal(libiommufd_device_query_container_fd(w.devices[ALONE], &fd), 0);
	fake_count_from_here(w.fake, false);
	fake_fail(w.fake, 2, -EIO, true);
	assert_int_equal(libiommufd_device_detach(w.devices[ALONE]), -EIO);
	assert_reason(RESTORE_FAILED);
	assert_says("stays attached");
	assert_int_equal(libiommufd_device_get_state(w.devices[ALONE]), LIBIOMMUFD_DEVICE_ATTACHED);
	assert_int_equal(reach_at(ALONE, PROBE), FAKE_BLOCKED);
	assert_int_equal(reach_at(ALONE, 0x200000), FAKE_REACHES);
	mend();
	assert_int_equal(libiommufd_device_detach(w.devices[ALONE]), 0);
	assert_int_equal(mappings(ALONE), 0);
	end();
}

/* The second mapping of Y fails; of what is there already nothing can be unmapped. */
static void fail_to_move(bool back)
{
	world_map(&w, Y, 0x300000, 8, 1);
	world_attach(&w, ALONE, X);
	fake_count_from_here(w.fake, false);
	fake_refuse(w.fake, UNMAP, 2, -EIO);
	/* GET_INFO, the unmap of X, the map of one of Y. */
	fake_fail(w.fake, 4, -EIO, !back);
	assert_int_equal(attach(ALONE, Y), -EIO);
	assert_string_equal(fake_failed(w.fake), MAP);
	assert_reason(RESTORE_FAILED);
	assert_int_equal(said(ALONE), LIBIOMMUFD_REACH_UNKNOWN);
	mend();
}

static void what_a_failed_move_leaves_is_unknown_and_goes_with_the_next(void **state)
{
	(void)state;
	begin();
	/* The old address space cannot be put back where the rest of the new one is. */
	fail_to_move(false);
	assert_says("is detached");
	assert_int_equal(libiommufd_device_get_state(w.devices[ALONE]), LIBIOMMUFD_DEVICE_BOUND);
	assert_int_equal(mappings(ALONE), 1);
	/* It is not attached to anything while that cannot go. */
	fake_refuse(w.fake, UNMAP, 1, -EIO);
	assert_int_equal(attach(ALONE, X), -EIO);
	assert_int_equal(said(ALONE), LIBIOMMUFD_REACH_UNKNOWN);
	mend();
	assert_int_equal(attach(ALONE, X), 0);
	assert_int_equal(said(ALONE), LIBIOMMUFD_REACH_IOAS);
	assert_int_equal(mappings(ALONE), 1);
	assert_int_equal(fake_dma(w.fake, FAKE_ALONE, PROBE, true).va == w.memory, 1);
	end();
}

static void nobody_joins_a_container_with_remains(void **state)
{
	(void)state;
	begin();
	assert_int_equal(libiommufd_ioas_unmap_all(w.spaces[X], NULL), 0);
	world_map(&w, X, 0x500000, 4, 1);
	fail_to_move(true);
	assert_says("where it was");
	assert_int_equal(libiommufd_device_get_state(w.devices[ALONE]), LIBIOMMUFD_DEVICE_ATTACHED);
	assert_int_equal(mappings(ALONE), 2);
	world_attach(&w, DEV0, X);
	assert_int_equal(fake_groups_with(w.fake, FAKE_DEV0), 1 << 3);
	assert_int_equal(reach_at(DEV0, PROBE), FAKE_BLOCKED);
	/* A detach takes out all. */
	assert_int_equal(libiommufd_device_detach(w.devices[ALONE]), 0);
	assert_int_equal(said(ALONE), LIBIOMMUFD_REACH_NOTHING);
	assert_int_equal(mappings(ALONE), 0);
	end();
}

static void what_a_close_cannot_unmap_the_log_and_reach_tell(void **state)
{
	(void)state;
	begin();
	world_bind(&w, DEV0);
	world_bind(&w, DEV1);
	world_attach(&w, DEV0, X);
	fake_refuse(w.fake, UNMAP, 1, -EIO);
	close_device(DEV0);
	assert_non_null(strstr(w.note, "group 3"));
	assert_int_equal(reach_at(DEV1, PROBE), FAKE_REACHES);
	assert_int_equal(said(DEV1), LIBIOMMUFD_REACH_UNKNOWN);
	mend();
	assert_int_equal(attach(DEV1, Y), 0);
	assert_int_equal(said(DEV1), LIBIOMMUFD_REACH_IOAS);
	assert_int_equal(mappings(DEV1), 1);
	end();
}

/* The container goes, and what is mapped in it: nothing is to be said. */
static void the_last_close_ends_what_cannot_be_unmapped(void **state)
{
	(void)state;
	begin();
	world_attach(&w, ALONE, X);
	w.note[0] = '\0';
	fake_refuse(w.fake, UNMAP, 1, -EIO);
	close_device(ALONE);
	assert_string_equal(w.note, "");
	assert_int_equal(fake_counts(w.fake).mappings, 0);
	end();
}

/* ---- A second device of a group ---- */

/* DEV1 is bound, in the container of X, to which ALONE is attached; and DEV0 opened. */
static void begin_left_behind(void)
{
	begin();
	world_attach(&w, ALONE, X);
	world_bind(&w, DEV1);
	world_bind_with(&w, DEV0, X, 0);
	close_device(DEV0);
	world_open(&w, DEV0);
	assert_int_equal(said(DEV1), LIBIOMMUFD_REACH_IOAS);
	fake_count_from_here(w.fake, false);
}

static int bind(int space, uint32_t flags)
{
	struct libiommufd_bind_opts opts = {.size = sizeof(opts),
					    .flags = flags,
					    .ioas = space < 0 ? NULL : w.spaces[space]};

	return libiommufd_device_bind(w.devices[DEV0], &opts);
}

static void a_second_bind_whose_device_does_not_open_leaves_the_group_where_it_was(void **state)
{
	(void)state;
	for (int private = 0; private < 2; private ++) {
		begin_left_behind();
		fake_refuse(w.fake, "ioctl VFIO_GROUP_GET_DEVICE_FD", 1, -EIO);
		assert_int_equal(bind(private ? -1 : Y, private ? LIBIOMMUFD_BIND_PRIVATE : 0),
				 -EIO);
		assert_reason(KERNEL);
		assert_int_equal(fake_groups_with(w.fake, FAKE_DEV1), 1 << 3 | 1 << 5);
		assert_int_equal(said(DEV1), LIBIOMMUFD_REACH_IOAS);
		assert_int_equal(reach_at(DEV1, PROBE), FAKE_REACHES);
		end();
	}
}

#define LEAVE "ioctl VFIO_GROUP_UNSET_CONTAINER"
#define ENTER "ioctl VFIO_GROUP_SET_CONTAINER"
#define OPEN  "ioctl VFIO_GROUP_GET_DEVICE_FD"

static void begin_beside_y(void)
{
	begin_left_behind();
	world_bind_with(&w, THIRD, Y, 0);
	assert_int_equal(attach(THIRD, Y), 0);
	fake_count_from_here(w.fake, false);
	fake_refuse(w.fake, OPEN, 1, -EIO);
}

/*
 * The group joins THIRD's container, that of Y, and its device does not open. On the way back the nth call of
 * that name fails, and with sticky all after it.
 */
static void fail_to_bind(const char *name, unsigned nth, bool sticky)
{
	unsigned at = 0;

	begin_beside_y();
	assert_int_equal(bind(Y, 0), -EIO);
	assert_reason(KERNEL);
	assert_int_equal(fake_groups_with(w.fake, FAKE_DEV1), 1 << 3 | 1 << 5);
	for (unsigned i = 0; i < nth; i++)
		do
			assert_non_null(fake_call_name(w.fake, ++at));
		while (strcmp(fake_call_name(w.fake, at), name));
	end();
	begin_beside_y();
	fake_fail(w.fake, at, -EBUSY, sticky);
	assert_int_equal(bind(Y, 0), -EIO);
	assert_string_equal(fake_failed(w.fake), name);
	assert_reason(RESTORE_FAILED);
	mend();
}

static void a_second_bind_that_cannot_go_back_says_where_the_group_is(void **state)
{
	(void)state;
	fail_to_bind(ENTER, 2, false);
	assert_says("one of its own");
	assert_int_equal(fake_groups_with(w.fake, FAKE_DEV1), 1 << 3);
	assert_int_equal(said(DEV1), LIBIOMMUFD_REACH_NOTHING);
	assert_int_equal(reach_at(DEV1, PROBE), FAKE_BLOCKED);
	assert_int_equal(bind(Y, 0), 0);
	end();
	fail_to_bind(ENTER, 2, true);
	assert_says("not blocked");
	assert_int_equal(said(DEV1), LIBIOMMUFD_REACH_KERNEL);
	assert_int_equal(reach_at(DEV1, PROBE), FAKE_KERNEL);
	assert_int_equal(bind(Y, 0), 0);
	end();
}

static void a_group_that_cannot_leave_what_it_joined_says_so(void **state)
{
	(void)state;
	fail_to_bind(LEAVE, 2, false);
	assert_says("cannot leave");
	assert_int_equal(fake_groups_with(w.fake, FAKE_DEV1), 1 << 3 | 1 << 9);
	assert_int_equal(said(DEV1), LIBIOMMUFD_REACH_IOAS);
	end();
}

/* The container that the group was alone in was X's, and is again. */
static void a_group_that_was_alone_in_a_container_comes_back_to_one(void **state)
{
	(void)state;
	begin_beside_y();
	close_device(ALONE);
	assert_int_equal(said(DEV1), LIBIOMMUFD_REACH_NOTHING);
	assert_int_equal(bind(Y, 0), -EIO);
	assert_reason(KERNEL);
	assert_int_equal(said(DEV1), LIBIOMMUFD_REACH_NOTHING);
	mend();
	world_attach(&w, ALONE, X);
	assert_int_equal(fake_groups_with(w.fake, FAKE_DEV1), 1 << 3 | 1 << 5);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unmap_that_is_undone_is_only_a_failure),
		cmocka_unit_test(an_unmap_that_cannot_be_undone_says_so_and_can_be_repeated),
		cmocka_unit_test(a_map_that_cannot_be_taken_back_counts_as_mapped),
		cmocka_unit_test(a_file_stays_mapped_while_a_device_may_reach_it),
		cmocka_unit_test(half_a_copy_that_stays_is_told),
		cmocka_unit_test(half_a_copy_that_stays_keeps_the_file_mapped),
		cmocka_unit_test(a_detach_that_is_half_done_says_that_the_device_stays_attached),
		cmocka_unit_test(what_a_failed_move_leaves_is_unknown_and_goes_with_the_next),
		cmocka_unit_test(nobody_joins_a_container_with_remains),
		cmocka_unit_test(what_a_close_cannot_unmap_the_log_and_reach_tell),
		cmocka_unit_test(the_last_close_ends_what_cannot_be_unmapped),
		cmocka_unit_test(
			a_second_bind_whose_device_does_not_open_leaves_the_group_where_it_was),
		cmocka_unit_test(a_second_bind_that_cannot_go_back_says_where_the_group_is),
		cmocka_unit_test(a_group_that_cannot_leave_what_it_joined_says_so),
		cmocka_unit_test(a_group_that_was_alone_in_a_container_comes_back_to_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
