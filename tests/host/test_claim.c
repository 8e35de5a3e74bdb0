/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs claims and releases on files that stand for sysfs, with every call to the kernel failing once. No node ever
 * comes, so that a claim gets as far as its wait, and then takes everything back. Claims that succeed are run on real
 * kernels.
 */
#include <fcntl.h>

#include "drivers.h"

static void a_claim_without_a_node_takes_everything_back(void **state)
{
	(void)state;
	assert_refused(claim(NULL, 0), ETIMEDOUT, LIBIOMMUFD_HOST_REASON_TIMEOUT);
	assert_untouched(DEVICE);
	assert_refused(claim(NULL, LIBIOMMUFD_HOST_CLAIM_GROUP), ETIMEDOUT,
		       LIBIOMMUFD_HOST_REASON_TIMEOUT);
	assert_untouched(DEVICE);
	assert_untouched(OTHER);
}

static void whatever_call_fails_a_claim_is_undone_or_its_record_stays(void **state)
{
	int undone = 0, n;
	(void)state;

	for (n = 1; n < 500; n++) {
		failing = n;
		int r = claim(NULL, LIBIOMMUFD_HOST_CLAIM_GROUP);
		bool reached = calls >= n;
		failing = 0;
		assert_true(r < 0);
		assert_int_equal(libiommufd_host_last_error()->error, r);
		assert_true(strlen(libiommufd_host_last_error()->text) > 20);
		const char *const names[] = {DEVICE, OTHER};
		for (int i = 0; i < 2; i++) {
			struct libiommufd_host_release_opts all =
				{.size = sizeof(all), .flags = LIBIOMMUFD_HOST_RELEASE_GROUP};
			if (!has_record(names[i])) {
				undone++;
				assert_untouched(names[i]);
				continue;
			}
			/* Its undoing failed as well: whoever comes later can do it. */
			assert_int_equal(libiommufd_host_release_device(host, names[i], &all), 0);
			assert_untouched(names[i]);
		}
		if (!reached)
			break;
	}
	assert_in_range(n, 40, 499);
	assert_true(undone > n);
}

static void whatever_call_fails_a_release_can_be_tried_again(void **state)
{
	int n;
	(void)state;

	for (n = 1; n < 200; n++) {
		claimed_before(DEVICE, "e1000e");
		failing = n;
		int r = release(0);
		bool reached = calls >= n;
		failing = 0;
		if (r < 0) {
			assert_int_equal(libiommufd_host_last_error()->error, r);
			assert_true(has_record(DEVICE));
			assert_int_equal(release(0), 0);
		}
		assert_untouched(DEVICE);
		if (!reached)
			break;
	}
	assert_in_range(n, 10, 199);
}

static void a_device_that_vanishes_at_any_call_ends_the_claim_and_its_record(void **state)
{
	int n;
	(void)state;

	for (n = 1; n < 200; n++) {
		vanishing = n;
		int r = claim(NULL, 0);
		bool reached = calls >= n;
		vanishing = 0;
		assert_true(r < 0);
		assert_int_equal(libiommufd_host_last_error()->error, r);
		assert_false(has_record(DEVICE));
		if (!reached)
			break;
		assert_refused(release(0), ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE);
		make_device(DEVICE);
	}
	assert_in_range(n, 20, 199);
}

static void a_device_that_vanishes_at_any_call_ends_the_release(void **state)
{
	int n;
	(void)state;

	for (n = 1; n < 200; n++) {
		claimed_before(DEVICE, "e1000e");
		vanishing = n;
		int r = release(0);
		bool reached = calls >= n;
		vanishing = 0;
		if (!reached)
			break;
		/* At the last calls all is done. */
		if (r < 0)
			assert_int_equal(libiommufd_host_last_error()->error, r);
		make_device(DEVICE);
		assert_refused(release(0), ENOENT, LIBIOMMUFD_HOST_REASON_NOT_CLAIMED);
		assert_string_equal(driver_of(DEVICE), "e1000e");
	}
	assert_in_range(n, 10, 199);
	assert_untouched(DEVICE);
}

/* More devices than any machine has in a group; and the last of them is open, here. */
static void whoever_has_one_device_of_a_huge_group_is_found(void **state)
{
	char name[32], path[128], said[64];
	(void)state;

	claimed_before(DEVICE, "e1000e");
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "0000:02:%02x.%d", i / 8, i % 8);
		tree_device("pci", name, "vfio-pci", 6);
		tree_vfio("pci", name, 100 + i, 1);
	}
	assert_int_equal(claim("pci-stub", 0), -ETIMEDOUT);
	assert_string_equal(driver_of(DEVICE), "vfio-pci");
	/* Its number is that of /dev/null, which stands for it. */
	snprintf(path, sizeof(path), SYSFS "%s/vfio-dev/vfio299/dev", name);
	tree_file(path, "1:3\n");
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	holding = true;
	assert_refused(release(0), EBUSY, LIBIOMMUFD_REASON_GROUP_BUSY);
	snprintf(said, sizeof(said), "process %d (", getpid());
	assert_non_null(strstr(libiommufd_host_last_error()->text, said));
	assert_non_null(strstr(libiommufd_host_last_error()->text, "/dev/vfio/devices/vfio299"));
	assert_string_equal(driver_of(DEVICE), "vfio-pci");
	holding = false;
	close(fd);
	assert_int_equal(release(0), 0);
	assert_untouched(DEVICE);
}

/* Also where no node of a group tells, and whatever power management has done. */
static void a_group_that_the_kernel_says_a_user_has_is_not_taken_from_vfio(void **state)
{
	static const char file[] = "/sys/kernel/iommu_groups/6/dma_state";

	(void)state;
	claimed_before(DEVICE, "e1000e");
	tree_file(file, "user\n");
	assert_refused(release(0), EBUSY, LIBIOMMUFD_REASON_GROUP_BUSY);
	assert_refused(claim("pci-stub", 0), EBUSY, LIBIOMMUFD_REASON_GROUP_BUSY);
	assert_string_equal(driver_of(DEVICE), "vfio-pci");
	tree_file(file, "blocked\n");
	assert_int_equal(release(0), 0);
	assert_untouched(DEVICE);
	tree_remove(file);
}

/* A kernel with character devices alone has no group's node that would tell; but then, a device in use is on. */
static void a_device_that_is_switched_on_is_not_taken_from_vfio(void **state)
{
	(void)state;
	claimed_before(DEVICE, "e1000e");
	tree_file(SYSFS DEVICE "/enable", "1\n");
	assert_refused(release(0), EBUSY, LIBIOMMUFD_REASON_GROUP_BUSY);
	assert_refused(claim("pci-stub", 0), EBUSY, LIBIOMMUFD_REASON_GROUP_BUSY);
	assert_string_equal(driver_of(DEVICE), "vfio-pci");
	tree_file(SYSFS DEVICE "/enable", "0\n");
	assert_int_equal(release(0), 0);
	assert_untouched(DEVICE);
}

static void a_driver_that_refuses_leaves_the_old_one(void **state)
{
	(void)state;
	refusing = true;
	assert_refused(claim(NULL, 0), ENODEV, LIBIOMMUFD_HOST_REASON_DRIVER_REFUSED);
	assert_untouched(DEVICE);
}

/* Not as root, in a container, or with sysfs mounted read-only. */
static void a_process_that_may_not_change_drivers_is_told_so(void **state)
{
	static const int errors[] = {EACCES, EPERM, EROFS};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		unwritable = errors[i];
		assert_refused(claim(NULL, 0), errors[i], LIBIOMMUFD_REASON_NOT_PERMITTED);
		assert_false(has_record(DEVICE));
		assert_untouched(DEVICE);
	}
	unwritable = 0;
	claimed_before(DEVICE, "e1000e");
	unwritable = EROFS;
	assert_refused(release(0), EROFS, LIBIOMMUFD_REASON_NOT_PERMITTED);
	assert_true(has_record(DEVICE));
	unwritable = 0;
	assert_int_equal(release(0), 0);
	assert_untouched(DEVICE);
}

static void a_claim_for_another_driver_that_fails_leaves_the_one_before(void **state)
{
	(void)state;
	claimed_before(DEVICE, "e1000e");
	assert_refused(claim("mlx5_vfio_pci", 0), ETIMEDOUT, LIBIOMMUFD_HOST_REASON_TIMEOUT);
	assert_string_equal(driver_of(DEVICE), "vfio-pci");
	assert_string_equal(override_of(DEVICE), "vfio-pci");
	assert_int_equal(release(0), 0);
	assert_untouched(DEVICE);
}

static void a_device_on_a_third_driver_keeps_it_and_loses_its_record(void **state)
{
	(void)state;
	claimed_before(DEVICE, "nvme");
	unbind(DEVICE);
	tree_file(SYSFS DEVICE "/driver_override", "(null)\n");
	probe(DEVICE);
	assert_refused(release(0), ENOENT, LIBIOMMUFD_HOST_REASON_NOT_CLAIMED);
	assert_untouched(DEVICE);
}

static void a_group_that_cannot_be_listed_is_not_claimed_in_part(void **state)
{
	(void)state;
	tree_remove("/sys/kernel/iommu_groups/6/devices");
	assert_refused(claim(NULL, LIBIOMMUFD_HOST_CLAIM_GROUP), ENODEV,
		       LIBIOMMUFD_REASON_NO_GROUP);
	assert_untouched(DEVICE);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, drivers_setup, drivers_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_claim_without_a_node_takes_everything_back),
		TEST(whatever_call_fails_a_claim_is_undone_or_its_record_stays),
		TEST(whatever_call_fails_a_release_can_be_tried_again),
		TEST(a_device_that_vanishes_at_any_call_ends_the_claim_and_its_record),
		TEST(a_device_that_vanishes_at_any_call_ends_the_release),
		TEST(whoever_has_one_device_of_a_huge_group_is_found),
		TEST(a_group_that_the_kernel_says_a_user_has_is_not_taken_from_vfio),
		TEST(a_device_that_is_switched_on_is_not_taken_from_vfio),
		TEST(a_driver_that_refuses_leaves_the_old_one),
		TEST(a_process_that_may_not_change_drivers_is_told_so),
		TEST(a_claim_for_another_driver_that_fails_leaves_the_one_before),
		TEST(a_device_on_a_third_driver_keeps_it_and_loses_its_record),
		TEST(a_group_that_cannot_be_listed_is_not_claimed_in_part),
	};

	return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
