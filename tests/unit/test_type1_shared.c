/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two groups in one container: what a forked child frees, which files a hot reset shows, who may be asked. */
#include "disk.h"

/* From here on this process is a child of the one that opened the context, as the library sees it. */
static void become_child(void)
{
	memset(owner_page(), 0, page_size());
}

static void free_ctx_as_child(struct script *k)
{
	expect_munmap(k, owner_page(), page_size(), 0);
	assert_null(libiommufd_ctx_unref(ctx));
	assert_all_happened(k);
}

static void close_as_child(struct script *k, struct libiommufd_device *dev, int fd, int container,
			   int group)
{
	if (fd >= 0)
		expect_close(k, fd, 0);
	if (container >= 0)
		expect_close(k, container, 0);
	expect_close(k, group, 0);
	assert_ok(libiommufd_device_close(dev, 0));
	assert_all_happened(k);
}

static void a_child_closes_its_copy_of_a_shared_container_with_the_last_group(void **state)
{
	park_disk(*state);
	join_disk(*state);
	become_child();
	assert_fails(libiommufd_device_detach(disk), -EPERM, LIBIOMMUFD_REASON_OTHER_PROCESS);
	close_as_child(*state, disk, DISK_FD, -1, DISK_GROUP_FD);
	close_as_child(*state, nic, DEV_FD, CONTAINER_FD, GROUP_FD);
	assert_ok(libiommufd_ioas_destroy(ioas));
	free_ctx_as_child(*state);
}

static void a_child_may_free_the_address_space_first(void **state)
{
	park_disk(*state);
	join_disk(*state);
	become_child();
	assert_ok(libiommufd_ioas_destroy(ioas));
	close_as_child(*state, nic, DEV_FD, -1, GROUP_FD);
	close_as_child(*state, disk, DISK_FD, CONTAINER_FD, DISK_GROUP_FD);
	free_ctx_as_child(*state);
}

/* And cannot open it: only what is there can be looked at. */
static void a_child_closes_a_parked_group(void **state)
{
	int fd = 77;

	park_disk(*state);
	become_child();
	assert_fails(libiommufd_device_query_fd(disk, &fd), -EPERM,
		     LIBIOMMUFD_REASON_OTHER_PROCESS);
	assert_int_equal(fd, 77);
	assert_ok(libiommufd_device_query_fd(nic, &fd));
	assert_int_equal(fd, DEV_FD);
	assert_ok(libiommufd_device_query_kvm_fd(disk, &fd));
	assert_int_equal(fd, DISK_GROUP_FD);
	close_as_child(*state, disk, -1, DISK_CONTAINER_FD, DISK_GROUP_FD);
	close_as_child(*state, nic, DEV_FD, CONTAINER_FD, GROUP_FD);
	assert_ok(libiommufd_ioas_destroy(ioas));
	free_ctx_as_child(*state);
}

#define as_child(test) cmocka_unit_test_setup_teardown(test, disk_setup, script_teardown)

/* ---- Hot reset ---- */

static void expect_reset_info(struct script *k)
{
	uint32_t in[3 + 16 * 2] = {12 + 16 * 8}, out[3 + 16 * 2] = {12 + 16, 0, 2};
	struct vfio_pci_dependent_device found[2] = {{.group_id = 11, .bus = 6},
						     {.group_id = 12, .bus = 7}};

	memcpy(out + 3, found, sizeof(found));
	expect_ioctl_bytes(k, DEV_FD, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, in, sizeof(in), 0);
	answer_bytes(k, out, sizeof(out));
}

static void a_hot_reset_shows_the_files_of_all_groups_that_are_bound(void **state)
{
	uint32_t cmd[5] = {20, 0, 2, 60, 61};

	expect_reset_info(*state);
	assert_fails(libiommufd_device_hot_reset(nic), -EPERM, LIBIOMMUFD_REASON_NOT_OWNED);
	assert_says("0000:07:00.0");
	/* A device that is only bound will do: the group is ours. */
	park_disk(*state);
	expect_reset_info(*state);
	expect_dup(*state, GROUP_FD, 60);
	expect_dup(*state, DISK_GROUP_FD, 61);
	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_PCI_HOT_RESET, cmd, sizeof(cmd), 0);
	expect_close(*state, 60, 0);
	expect_close(*state, 61, 0);
	assert_ok(libiommufd_device_hot_reset(nic));
	close_disk(*state, DISK_CONTAINER_FD, false, false);
}

/* ---- Asking ---- */

static void who_asks_for_the_container_stays_in_it(void **state)
{
	int fd = -1;

	park_disk(*state);
	expect_disk(*state, DISK_FD);
	assert_ok(libiommufd_device_query_container_fd(disk, &fd));
	assert_int_equal(fd, DISK_CONTAINER_FD);
	/* It is given away, so it must not be left. */
	expect_type1_info(*state, DISK_CONTAINER_FD, whole, 1);
	expect_map(*state, DISK_CONTAINER_FD, 0x10000, 0x1000, 0);
	assert_ok(libiommufd_device_attach(disk, ioas));
	assert_true(is_private(disk));
	close_disk(*state, DISK_CONTAINER_FD, true, true);
}

static void what_a_bound_device_reaches_is_what_the_container_holds(void **state)
{
	enum libiommufd_reach reach;
	struct libiommufd_ioas *there;

	park_disk(*state);
	assert_ok(libiommufd_device_query_reach(disk, &reach, &there));
	assert_int_equal(reach, LIBIOMMUFD_REACH_NOTHING);
	assert_null(there);
	close_disk(*state, DISK_CONTAINER_FD, false, false);

	expect_disk_place(*state);
	assert_ok(libiommufd_device_open(ctx, DISK, NULL, &disk));
	assert_ok(libiommufd_device_query_reach(disk, &reach, &there));
	assert_int_equal(reach, LIBIOMMUFD_REACH_KERNEL);
	expect_disk_group(*state);
	expect_set(*state, CONTAINER_FD, 0);
	expect_type1_info(*state, CONTAINER_FD, whole, 1);
	expect_disk(*state, DISK_FD);
	assert_ok(bind_disk(ioas, 0));
	assert_ok(libiommufd_device_query_reach(disk, &reach, &there));
	assert_int_equal(reach, LIBIOMMUFD_REACH_IOAS);
	assert_ptr_equal(there, ioas);
	assert_int_equal(libiommufd_device_get_state(disk), LIBIOMMUFD_DEVICE_BOUND);
	close_sharing_disk(*state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		as_child(a_child_closes_its_copy_of_a_shared_container_with_the_last_group),
		as_child(a_child_may_free_the_address_space_first),
		as_child(a_child_closes_a_parked_group),
		two_groups(a_hot_reset_shows_the_files_of_all_groups_that_are_bound),
		two_groups(who_asks_for_the_container_stays_in_it),
		two_groups(what_a_bound_device_reaches_is_what_the_container_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
