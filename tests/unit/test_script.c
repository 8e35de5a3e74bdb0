/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The scripted kernel itself: what leaves the script is noticed. Prints what it notices. */
#include "flows.h"

/* A script of its own, since that of the test has to be followed. */
static struct script *begin(void)
{
	void *state = NULL;

	assert_int_equal(script_setup(&state), 0);
	return state;
}

static void end_badly(struct script *k)
{
	void *state = k;

	assert_false(script_followed(k));
	assert_int_equal(script_teardown(&state), -1);
}

static void a_followed_script_is_fine(void **state)
{
	const struct sys *sys = script_sys(*state);

	expect_close(*state, 3, 0);
	assert_int_equal(sys->close(sys, 3), 0);
	assert_true(script_followed(*state));
}

static void a_call_too_much_is_noticed(void **state)
{
	struct script *k = begin();
	const struct sys *sys = script_sys(k);

	(void)state;
	assert_true(sys->close(sys, 3) < 0);
	end_badly(k);
}

static void a_missing_call_is_noticed(void **state)
{
	struct script *k = begin();

	(void)state;
	expect_close(k, 3, 0);
	end_badly(k);
}

static void another_order_is_noticed(void **state)
{
	struct script *k = begin();
	const struct sys *sys = script_sys(k);

	(void)state;
	expect_close(k, 3, 0);
	expect_close(k, 4, 0);
	assert_true(sys->close(sys, 4) < 0);
	end_badly(k);
}

static void one_bit_in_a_struct_is_noticed(void **state)
{
	struct script *k = begin();
	const struct sys *sys = script_sys(k);
	struct iommu_destroy cmd = {8, 3};

	(void)state;
	expect_ioctl(k, 5, IOMMU_DESTROY, 0, struct iommu_destroy, 8, 2);
	assert_true(sys->ioctl(sys, 5, IOMMU_DESTROY, &cmd) < 0);
	end_badly(k);
}

static void one_byte_behind_a_pointer_is_noticed(void **state)
{
	struct script *k = begin();
	const struct sys *sys = script_sys(k);
	uint64_t wanted = 1, is = 2;
	struct iommu_ioas_allow_iovas cmd = {24, 1, 1, 0, (uintptr_t)&is};

	(void)state;
	expect_ioctl(k, 5, IOMMU_IOAS_ALLOW_IOVAS, 0, struct iommu_ioas_allow_iovas, 24, 1, 1);
	points_to(k, offsetof(struct iommu_ioas_allow_iovas, allowed_iovas), &wanted,
		  sizeof(wanted));
	assert_true(sys->ioctl(sys, 5, IOMMU_IOAS_ALLOW_IOVAS, &cmd) < 0);
	end_badly(k);
}

static void a_number_for_a_string_is_noticed(void **state)
{
	struct script *k = begin();
	const struct sys *sys = script_sys(k);

	(void)state;
	expect_ioctl_string(k, 5, VFIO_GROUP_GET_DEVICE_FD, "0000:06:00.0", 7);
	assert_true(sys->ioctl(sys, 5, VFIO_GROUP_GET_DEVICE_FD, (void *)7) < 0);
	end_badly(k);
}

static void a_read_that_has_no_room_is_noticed(void **state)
{
	struct script *k = begin();
	const struct sys *sys = script_sys(k);
	char buf[2];

	(void)state;
	expect_read(k, 3, "abc", 0);
	sys->read(sys, 3, buf, sizeof(buf));
	end_badly(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scripted(a_followed_script_is_fine),
		scripted(a_call_too_much_is_noticed),
		scripted(a_missing_call_is_noticed),
		scripted(another_order_is_noticed),
		scripted(one_bit_in_a_struct_is_noticed),
		scripted(one_byte_behind_a_pointer_is_noticed),
		scripted(a_number_for_a_string_is_noticed),
		scripted(a_read_that_has_no_room_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
