/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the table of states: every call on a device, in every state, with what it answers and leads to. */
#include "suites.h"

#include "bench.h"
#include "differences.h"

enum state {
	OPENED,
	BOUND,
	ATTACHED,
	DETACHED,
	STATES
};

static const char *const state_names[] = {"opened", "bound", "attached", "detached"};

/* After the call: where the state stays, or which it is. */
enum next {
	SAME,
	IS_BOUND,
	IS_ATTACHED,
	IS_ATTACHED_BY_ID
};

static int call_bind(struct bench *b)
{
	return libiommufd_device_bind(b->dev, NULL);
}

static int call_bind_with_hint(struct bench *b)
{
	const struct libiommufd_bind_opts opts = {.size = sizeof(opts), .ioas = b->ioas};
	return libiommufd_device_bind(b->dev, &opts);
}

static int call_attach(struct bench *b)
{
	return libiommufd_device_attach(b->dev, b->ioas);
}

static int call_attach_id(struct bench *b)
{
	return libiommufd_device_attach_id(b->dev, libiommufd_ioas_get_id(b->ioas));
}

static int call_detach(struct bench *b)
{
	return libiommufd_device_detach(b->dev);
}

static int call_query_fd(struct bench *b)
{
	int fd = -1;
	return libiommufd_device_query_fd(b->dev, &fd);
}

static int call_query_facts(struct bench *b)
{
	struct libiommufd_facts *facts = NULL;
	int r = libiommufd_device_query_facts(b->dev, &facts);

	libiommufd_facts_free(facts);
	return r;
}

static int call_query_region_count(struct bench *b)
{
	uint32_t count;
	return libiommufd_device_query_region_count(b->dev, &count);
}

static int call_query_region(struct bench *b)
{
	struct libiommufd_region *region;
	return libiommufd_device_query_region(b->dev, LIBIOMMUFD_PCI_BAR0, &region);
}

static int call_config_read8(struct bench *b)
{
	uint8_t value;
	return libiommufd_device_config_read8(b->dev, 0, &value);
}

static int call_config_read16(struct bench *b)
{
	uint16_t value;
	return libiommufd_device_config_read16(b->dev, 0, &value);
}

static int call_config_read32(struct bench *b)
{
	uint32_t value;
	return libiommufd_device_config_read32(b->dev, 0, &value);
}

/* The vendor cannot be written, so nothing happens. */
static int call_config_write8(struct bench *b)
{
	return libiommufd_device_config_write8(b->dev, 0, 0);
}

static int call_config_write16(struct bench *b)
{
	return libiommufd_device_config_write16(b->dev, 0, 0);
}

static int call_config_write32(struct bench *b)
{
	return libiommufd_device_config_write32(b->dev, 0, 0);
}

static int call_bus_master_on(struct bench *b)
{
	return libiommufd_device_set_bus_master(b->dev, true);
}

static int call_bus_master_off(struct bench *b)
{
	return libiommufd_device_set_bus_master(b->dev, false);
}

#define ALWAYS                         \
	{                              \
		DONE, DONE, DONE, DONE \
	}
#define FROM_BIND_ON                                         \
	{                                                    \
		REFUSED(EACCES, NOT_BOUND), DONE, DONE, DONE \
	}
#define ONCE                                                                          \
	{                                                                             \
		DONE, REFUSED(EINVAL, ALREADY_BOUND), REFUSED(EINVAL, ALREADY_BOUND), \
			REFUSED(EINVAL, ALREADY_BOUND)                                \
	}

static const struct row {
	const char *name;
	int (*call)(struct bench *b);
	struct outcome answers[STATES];
	enum next next; /* if it works */
} rows[] = {
	{"bind", call_bind, ONCE, IS_BOUND},
	{"bind with a hint", call_bind_with_hint, ONCE, IS_BOUND},
	{"attach", call_attach, FROM_BIND_ON, IS_ATTACHED},
	{"attach_id", call_attach_id, FROM_BIND_ON, IS_ATTACHED_BY_ID},
	{"detach", call_detach, FROM_BIND_ON, IS_BOUND},
	{"query_fd", call_query_fd, ALWAYS, SAME},
	{"query_facts", call_query_facts, ALWAYS, SAME},
	{"query_region_count", call_query_region_count, FROM_BIND_ON, SAME},
	{"query_region", call_query_region, FROM_BIND_ON, SAME},
	{"config_read8", call_config_read8, FROM_BIND_ON, SAME},
	{"config_read16", call_config_read16, FROM_BIND_ON, SAME},
	{"config_read32", call_config_read32, FROM_BIND_ON, SAME},
	{"config_write8", call_config_write8, FROM_BIND_ON, SAME},
	{"config_write16", call_config_write16, FROM_BIND_ON, SAME},
	{"config_write32", call_config_write32, FROM_BIND_ON, SAME},
	{"set_bus_master, on", call_bus_master_on, FROM_BIND_ON, SAME},
	{"set_bus_master, off", call_bus_master_off, FROM_BIND_ON, SAME},
};

static void bring_to(struct bench *b, enum state state)
{
	assert_ok(libiommufd_device_open(b->ctx, bench_name("EDU0"), NULL, &b->devices[0]));
	b->dev = b->devices[0];
	if (state >= BOUND)
		assert_ok(libiommufd_device_bind(b->dev, NULL));
	if (state >= ATTACHED)
		assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	if (state == DETACHED)
		assert_ok(libiommufd_device_detach(b->dev));
}

static void check_is(struct bench *b, enum state state)
{
	if (state == OPENED)
		assert_state(b->dev, OPENED, KERNEL, NULL);
	else if (state == ATTACHED)
		assert_state(b->dev, ATTACHED, IOAS, b->ioas);
	else
		assert_state(b->dev, BOUND, NOTHING, NULL);
}

static struct outcome answer(const struct bench *b, const struct row *row, enum state state)
{
	/* Where the state forbids the call that counts first. */
	if (row->call == call_attach_id && state != OPENED)
		return differs(b->native, DIFFERENCE_ATTACH_ID);
	if (row->call == call_query_fd && state == OPENED)
		return differs(b->native, DIFFERENCE_FILE_BEFORE_BIND);
	return row->answers[state];
}

static void try_all_in(struct bench *b, enum state state)
{
	bool fresh = true;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct outcome expected = answer(b, row, state);
		bool changes = expected.error == 0 && row->next != SAME;

		if (fresh)
			bring_to(b, state);
		check_is(b, state);
		print_message("  %s while %s\n", row->name, state_names[state]);
		assert_outcome(row->call(b), expected);
		if (!changes)
			check_is(b, state);
		else if (row->next == IS_BOUND)
			assert_state(b->dev, BOUND, NOTHING, NULL);
		else if (row->next == IS_ATTACHED)
			assert_state(b->dev, ATTACHED, IOAS, b->ioas);
		else
			assert_state(b->dev, ATTACHED, ID, NULL);
		fresh = changes;
		if (fresh) {
			assert_ok(libiommufd_device_close(b->dev, 0));
			b->dev = b->devices[0] = NULL;
		}
	}
	if (!fresh)
		assert_ok(libiommufd_device_close(b->dev, 0));
	b->dev = b->devices[0] = NULL;
}

static void every_call_on_an_opened_device(void **state)
{
	try_all_in(*state, OPENED);
}

static void every_call_on_a_bound_device(void **state)
{
	try_all_in(*state, BOUND);
}

static void every_call_on_an_attached_device(void **state)
{
	try_all_in(*state, ATTACHED);
}

static void every_call_on_a_detached_device(void **state)
{
	try_all_in(*state, DETACHED);
}

int run_states(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(every_call_on_an_opened_device, bench_setup),
		bench_test(every_call_on_a_bound_device, bench_setup),
		bench_test(every_call_on_an_attached_device, bench_setup),
		bench_test(every_call_on_a_detached_device, bench_setup),
	};
	return cmocka_run_group_tests_name("states", tests, NULL, NULL);
}
