/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the tests of virtual functions: the token that their physical function's driver sets, and hot
 * resets that reach into other groups. Kernels before 6.17 ask for no token when a character device is
 * bound, and take none.
 */
#include "resets.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../../lib/uapi/vfio.h"

static const uint8_t right[16] = {0xbd, 0x8d, 0x9d, 0x2b, 0x5a, 0x5f, 0x4f, 0x5a,
				  0xa2, 0x11, 0xf5, 0x91, 0x51, 0x4b, 0xa1, 0xf3};
static const uint8_t wrong[16] = {1};
static char vfs[2][16];

static int set_vf_count(const char *count)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/sriov_numvfs", bench_name("PF0"));
	return write_file(path, count);
}

/* Device 0 is the physical function with its token set; vfs are the names of two virtual ones. */
static int setup_vfs(void **state)
{
	char path[96], link[96];
	struct bench *b;

	bench_setup(state);
	b = *state;
	device_bound(b, 0, "PF0");
	assert_ok(libiommufd_device_feature(b->dev,
					    LIBIOMMUFD_DEVICE_FEATURE_SET |
						    VFIO_DEVICE_FEATURE_PCI_VF_TOKEN,
					    (void *)right, sizeof(right)));
	assert_int_equal(write_file("/sys/module/vfio_pci/parameters/enable_sriov", "1"), 0);
	assert_int_equal(set_vf_count("2"), 0);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/virtfn%d", bench_name("PF0"),
			 i);
		ssize_t n = readlink(path, link, sizeof(link) - 1);
		assert_true(n > 0);
		link[n] = '\0';
		snprintf(vfs[i], sizeof(vfs[i]), "%s", strrchr(link, '/') + 1);
	}
	return 0;
}

static int teardown_vfs(void **state)
{
	int r = bench_teardown(state);

	return r | set_vf_count("0");
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
	int r = libiommufd_device_bind(dev, NULL);
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
