/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the tests of what the receiver must prove (type1): that it has the group, for a hot reset, and that it
 * knows the token of a virtual function. Needs an edu, two e1000e functions of one group, and the nvme with
 * virtual functions.
 */
#include "passing.h"

#include <unistd.h>

/* ---- Hot resets ---- */

/* What the list of dev says of all its devices: owned or not. */
static void expect_owned(struct libiommufd_device *dev, bool owned)
{
	struct libiommufd_hot_reset *reset;

	assert_ok(libiommufd_device_query_hot_reset(dev, &reset));
	assert_int_equal(libiommufd_hot_reset_get_count(reset), 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(libiommufd_hot_reset_is_owned(reset, i), owned);
	libiommufd_hot_reset_free(reset);
}

static void reset_with_proof(int sock)
{
	struct received r;

	receive(&r, sock);
	assert_ok(receive_group(&r, 0, r.name, LIBIOMMUFD_GROUP_FD_NUMBER, NULL));
	assert_ok(libiommufd_device_bind(r.bench.dev, NULL));
	volatile uint8_t *regs = device_registers(r.bench.dev);
	expect_owned(r.bench.dev, true);
	*reg32(regs, NET_VECTOR_OF) = 0x8;
	assert_int_equal(*reg32(regs, NET_VECTOR_OF), 0x8);
	assert_ok(libiommufd_device_hot_reset(r.bench.dev));
	assert_int_equal(*reg32(regs, NET_VECTOR_OF), 0);
	device_closed(&r.bench, 0);
	receiver_end(&r);
}

static void expect_no_reset(struct received *r)
{
	volatile uint8_t *regs = device_registers(r->bench.dev);

	expect_owned(r->bench.dev, false);
	*reg32(regs, NET_VECTOR_OF) = 0x8;
	assert_refused(libiommufd_device_hot_reset(r->bench.dev), EPERM, NOT_OWNED);
	assert_int_equal(*reg32(regs, NET_VECTOR_OF), 0x8);
	device_closed(&r->bench, 0);
	receiver_end(r);
}

static void reset_without_a_number(int sock)
{
	struct received r;

	receive(&r, sock);
	assert_ok(receive_group(&r, 0, r.name, 0, NULL));
	assert_ok(libiommufd_device_bind(r.bench.dev, NULL));
	expect_no_reset(&r);
}

static void reset_without_the_group(int sock)
{
	struct received r;

	receive_device(&r, sock);
	expect_no_reset(&r);
}

static void a_hot_reset_proves_ownership_by_the_passed_group(void **state)
{
	passing_group(*state, reset_with_proof, "NET0");
	receiver_ends();
}

static void without_the_groups_number_there_is_no_proof(void **state)
{
	passing_group(*state, reset_without_a_number, "NET0");
	receiver_ends();
}

static void without_the_groups_file_there_is_no_proof(void **state)
{
	receiver_start(reset_without_the_group);
	device_bound(*state, 0, "NET0");
	receiver_send(*state, 0, DEVICE_FILE);
	receiver_ends();
}

/* ---- Tokens ---- */

static const uint8_t token[16] = {0xbd, 0x8d, 0x9d, 0x2b, 0x5a, 0x5f, 0x4f, 0x5a,
				  0xa2, 0x11, 0xf5, 0x91, 0x51, 0x4b, 0xa1, 0xf3};

static int bind_with(struct received *r, const uint8_t *bytes)
{
	assert_ok(receive_group(r, 0, r->name, 0, bytes));
	int result = libiommufd_device_bind(r->bench.dev, NULL);
	libiommufd_device_close(r->bench.dev, 0);
	r->bench.devices[0] = NULL;
	return result;
}

static void bind_with_tokens(int sock)
{
	static const uint8_t wrong[16] = {1};
	struct received r;

	receive(&r, sock);
	assert_refused(bind_with(&r, NULL), EACCES, VF_TOKEN);
	assert_refused(bind_with(&r, wrong), EACCES, VF_TOKEN);
	assert_ok(bind_with(&r, token));
	receiver_end(&r);
}

static void a_virtual_function_of_a_passed_group_needs_the_token(void **state)
{
	struct libiommufd_device_opts opts = {.size = sizeof(opts), .vf_token = token};
	struct bench *b = *state;
	char names[2][16];

	receiver_start(bind_with_tokens);
	vfs_make(b, token, names);
	assert_ok(libiommufd_device_open(b->ctx, names[0], &opts, &b->devices[1]));
	assert_ok(libiommufd_device_bind(b->devices[1], NULL));
	receiver_send(b, 1, GROUP_FILE);
	receiver_ends();
	device_closed(b, 1);
	device_closed(b, 0);
	assert_int_equal(vfs_end(), 0);
}

static void bind_with_a_needless_token(int sock)
{
	struct received r;

	receive(&r, sock);
	assert_refused(bind_with(&r, token), EINVAL, VF_TOKEN);
	assert_ok(bind_with(&r, NULL));
	receiver_end(&r);
}

static void a_token_for_a_device_that_has_none_is_refused(void **state)
{
	passing_group(*state, bind_with_a_needless_token, "EDU0");
	receiver_ends();
}

int run_passing_proof(void)
{
	const struct CMUnitTest tests[] = {
		passing_test(a_hot_reset_proves_ownership_by_the_passed_group),
		passing_test(without_the_groups_number_there_is_no_proof),
		passing_test(without_the_groups_file_there_is_no_proof),
		passing_test(a_virtual_function_of_a_passed_group_needs_the_token),
		passing_test(a_token_for_a_device_that_has_none_is_refused),
	};

	return cmocka_run_group_tests_name("passing, and proving", tests, NULL, NULL);
}
