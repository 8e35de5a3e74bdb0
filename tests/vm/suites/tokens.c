/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the tests of virtual functions: the token that their physical function's driver sets, and hot
 * resets that reach into other groups. Kernels before 6.17 ask for no token when a character device is
 * bound, and take none.
 */
#include "resets.h"

#include <string.h>

static const uint8_t right[16] = {0xbd, 0x8d, 0x9d, 0x2b, 0x5a, 0x5f, 0x4f, 0x5a,
				  0xa2, 0x11, 0xf5, 0x91, 0x51, 0x4b, 0xa1, 0xf3};
static const uint8_t wrong[16] = {1};
static char vfs[2][16];

static int setup_vfs(void **state)
{
	bench_setup(state);
	vfs_make(*state, right, vfs);
	return 0;
}

static int teardown_vfs(void **state)
{
	int r = bench_teardown(state);

	return r | vfs_end();
}

/* Open and bind a device with a token; close it again. */
static int bind_with(struct bench *b, const char *name, const uint8_t *token)
{
	struct libiommufd_device *dev;

	assert_ok(libiommufd_device_open(b->ctx, name,
					 &(struct libiommufd_device_opts){
						 .size = sizeof(struct libiommufd_device_opts),
						 .vf_token = token,
					 },
					 &dev));
	/* Type1 opens a device without a token only when it is used. */
	int fd, r = libiommufd_device_bind(dev, NULL);
	if (r == 0)
		r = libiommufd_device_query_fd(dev, &fd);
	libiommufd_device_close(dev, 0);
	return r;
}

static void a_virtual_function_needs_the_token(void **state)
{
	struct bench *b = *state;

	assert_outcome(bind_with(b, vfs[0], NULL), device_differs(b->native, DEVICE_TOKEN_MISSING));
	assert_outcome(bind_with(b, vfs[0], wrong), device_differs(b->native, DEVICE_TOKEN_WRONG));
	assert_outcome(bind_with(b, vfs[0], right), device_differs(b->native, DEVICE_TOKEN_RIGHT));
	assert_outcome(bind_with(b, vfs[0], NULL), device_differs(b->native, DEVICE_TOKEN_MISSING));
	assert_outcome(bind_with(b, vfs[1], right), device_differs(b->native, DEVICE_TOKEN_RIGHT));
}

static void a_token_where_there_is_none_is_refused(void **state)
{
	struct bench *b = *state;

	assert_outcome(bind_with(b, bench_name("EDU0"), right),
		       device_differs(b->native, DEVICE_TOKEN_OF_NONE));
	assert_ok(bind_with(b, bench_name("EDU0"), NULL));
}

static void a_hot_reset_that_reaches_another_group_is_refused(void **state)
{
	struct libiommufd_hot_reset *reset;
	struct bench *b = *state;
	bool found = false;

	assert_ok(libiommufd_device_query_hot_reset(b->dev, &reset));
	for (size_t i = 0; i < libiommufd_hot_reset_get_count(reset); i++) {
		const char *address = libiommufd_hot_reset_get_address(reset, i);
		bool vf = !strcmp(address, vfs[0]) || !strcmp(address, vfs[1]);
		found = found || vf;
		assert_int_equal(libiommufd_hot_reset_is_owned(reset, i), !vf);
	}
	libiommufd_hot_reset_free(reset);
	assert_true(found);
	assert_outcome(libiommufd_device_hot_reset(b->dev),
		       device_differs(b->native, DEVICE_HOT_RESET_OF_OTHERS));
	assert_sentence(vfs[0]);
}

int run_tokens(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_virtual_function_needs_the_token, setup_vfs,
						teardown_vfs),
		bench_test(a_token_where_there_is_none_is_refused, bench_setup),
		cmocka_unit_test_setup_teardown(a_hot_reset_that_reaches_another_group_is_refused,
						setup_vfs, teardown_vfs),
	};
	return cmocka_run_group_tests_name("tokens", tests, NULL, NULL);
}
