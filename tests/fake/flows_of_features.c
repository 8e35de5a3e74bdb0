/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the flows of resets, low power, features, and eventfds that write. */
#include "flows.h"

#include <errno.h>
#include <stdio.h>

/* ---- Starting states ---- */

static void arrange_used(struct world *w)
{
	world_ctx(w);
	world_bind(w, ALONE);
	world_use(w, ALONE);
	w->event = fake_event(w->fake);
}

static void arrange_asleep(struct world *w)
{
	arrange_used(w);
	world_require(libiommufd_device_enter_low_power(w->devices[ALONE], w->event) == 0,
		      "enter_low_power");
}

static void arrange_region(struct world *w)
{
	arrange_used(w);
	world_require(libiommufd_device_query_region(w->devices[ALONE], LIBIOMMUFD_PCI_BAR2,
						     &w->region) == 0,
		      "query_region");
}

static void arrange_write(struct world *w)
{
	arrange_region(w);
	world_require(libiommufd_region_set_ioeventfd(w->region, 0x100, 4, 7, w->event) == 0,
		      "region_set_ioeventfd");
}

/* All three are reset together: two groups. */
static void one_slot(struct fake_config *config)
{
	config->devices[DEV0].slot = 1;
	config->devices[DEV1].slot = 1;
	config->devices[ALONE].slot = 1;
}

/* One of a group that is owned is on no driver. */
static void one_without_driver(struct fake_config *config)
{
	one_slot(config);
	config->devices[DEV1].driver = "";
}

static void crowded_slot(struct fake_config *config)
{
	static const char *const addresses[] = {
		"0000:0c:00.0", "0000:0c:00.1", "0000:0c:00.2", "0000:0c:00.3", "0000:0c:00.4",
		"0000:0c:00.5", "0000:0c:00.6", "0000:0c:00.7", "0000:0c:01.0", "0000:0c:01.1",
		"0000:0c:01.2", "0000:0c:01.3", "0000:0c:01.4", "0000:0c:01.5", "0000:0c:01.6",
	};

	one_slot(config);
	for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct fake_device_config *device = &config->devices[config->device_count++];
		*device = config->devices[ALONE];
		device->address = addresses[i];
		device->group = config->devices[DEV0].group;
	}
}

static void arrange_group(struct world *w)
{
	world_ctx(w);
	world_bind(w, DEV0);
	world_use(w, DEV0);
}

static void arrange_groups(struct world *w)
{
	arrange_group(w);
	world_bind(w, ALONE);
	world_use(w, ALONE);
}

static void arrange_all(struct world *w)
{
	arrange_groups(w);
	world_bind(w, DEV1);
	world_use(w, DEV1);
}

/* ---- Resets ---- */

static int act_reset(struct world *w)
{
	return libiommufd_device_reset(w->devices[ALONE]);
}

static int act_reset_none(struct world *w)
{
	return libiommufd_device_reset(w->devices[DEV0]);
}

static int act_query_hot_reset(struct world *w)
{
	struct libiommufd_hot_reset *reset = POISON;

	int r = libiommufd_device_query_hot_reset(w->devices[DEV0], &reset);
	flow_untouched(r, reset == POISON);
	if (r < 0)
		return r;
	w->reset = reset;
	size_t count = libiommufd_hot_reset_get_count(reset);
	int n = snprintf(w->out, sizeof(w->out), "%zu", count);
	for (size_t i = 0; i < count; i++)
		n += snprintf(w->out + n, sizeof(w->out) - (size_t)n, " %s %d",
			      libiommufd_hot_reset_get_address(reset, i),
			      libiommufd_hot_reset_is_owned(reset, i));
	return r;
}

static int act_hot_reset(struct world *w)
{
	return libiommufd_device_hot_reset(w->devices[DEV0]);
}

/* ---- Low power and features ---- */

static int act_sleep(struct world *w)
{
	return libiommufd_device_enter_low_power(w->devices[ALONE], -1);
}

static int act_sleep_with_wakeup(struct world *w)
{
	return libiommufd_device_enter_low_power(w->devices[ALONE], w->event);
}

static int act_wake(struct world *w)
{
	return libiommufd_device_exit_low_power(w->devices[ALONE]);
}

static int feature(struct world *w, uint32_t flags)
{
	uint8_t data[16] = {0x5a};

	int r = libiommufd_device_feature(w->devices[ALONE], flags, data, sizeof(data));
	flow_untouched(r, data[0] == 0x5a);
	return r;
}

/* Of entering low power with a wakeup, and of the token of virtual functions. */
static int act_probe(struct world *w)
{
	return feature(w, LIBIOMMUFD_DEVICE_FEATURE_PROBE | LIBIOMMUFD_DEVICE_FEATURE_SET | 4);
}

static int act_feature_none(struct world *w)
{
	return feature(w, LIBIOMMUFD_DEVICE_FEATURE_SET | 0);
}

/* ---- Eventfds that write ---- */

static int act_write(struct world *w)
{
	return libiommufd_region_set_ioeventfd(w->region, 0x100, 4, 8, w->event);
}

static int act_write_again(struct world *w)
{
	return libiommufd_region_set_ioeventfd(w->region, 0x100, 4, 7, w->event);
}

static int act_end_write(struct world *w)
{
	return libiommufd_region_set_ioeventfd(w->region, 0x100, 4, 7, -1);
}

static int act_close(struct world *w)
{
	int r = libiommufd_device_close(w->devices[ALONE], 0);
	if (r == 0)
		w->devices[ALONE] = NULL;
	return r;
}

/* clang-format off */
const struct flow flows_of_features[] = {
	{"reset", "reset", ON_BOTH, .arrange = arrange_used, .act = act_reset},
	{"reset_none", "reset", ON_BOTH, -EINVAL, NULL, arrange_group, .act = act_reset_none},
	{"query_hot_reset", "query_hot_reset", ON_BOTH, 0, one_slot, arrange_group, .act = act_query_hot_reset},
	{"query_hot_reset_crowd", "query_hot_reset", ON_BOTH, 0, crowded_slot, arrange_group, .act = act_query_hot_reset},
	{"query_hot_reset_none", "query_hot_reset", ON_BOTH, -ENODEV, NULL, arrange_group, .act = act_query_hot_reset},
	{"hot_reset", "hot_reset", ON_BOTH, 0, one_slot, arrange_all, .act = act_hot_reset},
	{"hot_reset_no_driver", "hot_reset", ON_BOTH, -EINVAL, one_without_driver, arrange_groups, .act = act_hot_reset},
	{"hot_reset_not_owned", "hot_reset", ON_NATIVE, -EINVAL, one_slot, arrange_group, .act = act_hot_reset},
	{"hot_reset_not_owned_type1", "hot_reset", ON_TYPE1, -EPERM, one_slot, arrange_group, .act = act_hot_reset},
	{"enter_low_power", "enter_low_power", ON_BOTH, .arrange = arrange_used, .act = act_sleep},
	{"enter_low_power_wakeup", "enter_low_power", ON_BOTH, .arrange = arrange_used, .act = act_sleep_with_wakeup},
	{"enter_low_power_twice", "enter_low_power", ON_BOTH, -EINVAL, NULL, arrange_asleep, .act = act_sleep},
	{"exit_low_power", "exit_low_power", ON_BOTH, .arrange = arrange_asleep, .act = act_wake},
	{"feature_probe", "feature", ON_BOTH, .arrange = arrange_used, .act = act_probe},
	{"feature_none", "feature", ON_BOTH, -ENOTTY, NULL, arrange_used, .act = act_feature_none},
	{"set_ioeventfd", "region_set_ioeventfd", ON_BOTH, .arrange = arrange_region, .act = act_write},
	{"set_ioeventfd_again", "region_set_ioeventfd", ON_BOTH, -EEXIST, NULL, arrange_write, .act = act_write_again},
	{"end_ioeventfd", "region_set_ioeventfd", ON_BOTH, .arrange = arrange_write, .act = act_end_write},
	{"close_asleep", "close", ON_BOTH, .arrange = arrange_asleep, .act = act_close},
	{"close_with_ioeventfd", "close", ON_BOTH, .arrange = arrange_write, .act = act_close},
	{0},
};
/* clang-format on */
