/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the calls that only ask or access a device, made in each starting state of devices. */
#include "states.h"

#include <inttypes.h>

static int call_ids(struct scene *s)
{
	say(s, "device %u x %u y %u", libiommufd_device_get_id(s->dev0),
	    libiommufd_ioas_get_id(s->x), libiommufd_ioas_get_id(s->y));
	return 0;
}

static int call_query_fd(struct scene *s)
{
	int fd = -1;
	int r = libiommufd_device_query_fd(s->dev0, &fd);

	say(s, "%s", fd >= 0 ? "fd" : "none");
	return r;
}

static int call_region_count(struct scene *s)
{
	uint32_t count = 0;
	int r = libiommufd_device_query_region_count(s->dev0, &count);

	say(s, "%u", count);
	return r;
}

static int region(struct scene *s, uint32_t index)
{
	struct libiommufd_region *found = NULL;
	int r = libiommufd_device_query_region(s->dev0, index, &found);

	say(s, "size 0x%" PRIx64 " access %u areas %zu", libiommufd_region_get_size(found),
	    libiommufd_region_get_access(found), libiommufd_region_get_area_count(found));
	return r;
}

static int call_bar0(struct scene *s)
{
	return region(s, LIBIOMMUFD_PCI_BAR0);
}

static int call_bar1(struct scene *s)
{
	return region(s, LIBIOMMUFD_PCI_BAR1);
}

static int call_rom(struct scene *s)
{
	return region(s, LIBIOMMUFD_PCI_ROM);
}

static int call_config(struct scene *s)
{
	return region(s, LIBIOMMUFD_PCI_CONFIG);
}

static int call_vga(struct scene *s)
{
	return region(s, LIBIOMMUFD_PCI_VGA);
}

static int call_region_99(struct scene *s)
{
	return region(s, 99);
}

static int call_region_map(struct scene *s)
{
	struct libiommufd_region *bar;
	void *p;

	int r = libiommufd_device_query_region(s->dev0, 0, &bar);
	if (r == 0)
		r = libiommufd_region_map(bar, 0, PAGE, LIBIOMMUFD_READ, &p);
	return r < 0 ? r : libiommufd_region_unmap(bar, p);
}

static int call_region_map_config(struct scene *s)
{
	struct libiommufd_region *space;
	void *p;

	int r = libiommufd_device_query_region(s->dev0, LIBIOMMUFD_PCI_CONFIG, &space);
	return r < 0 ? r : libiommufd_region_map(space, 0, PAGE, LIBIOMMUFD_READ, &p);
}

static int call_region_read(struct scene *s)
{
	struct libiommufd_region *bar;
	uint32_t value = 0;

	int r = libiommufd_device_query_region(s->dev0, 0, &bar);
	if (r == 0)
		r = libiommufd_region_read(bar, 0, &value, sizeof(value));
	say(s, "%08x", value);
	return r;
}

static int call_config_id(struct scene *s)
{
	uint32_t value = 0;
	int r = libiommufd_device_config_read32(s->dev0, 0, &value);

	say(s, "%08x", value);
	return r;
}

static int call_config_command(struct scene *s)
{
	uint16_t value = 0;
	int r = libiommufd_device_config_read16(s->dev0, 4, &value);

	say(s, "%04x", value);
	return r;
}

static int call_config_unaligned(struct scene *s)
{
	uint16_t value;
	return libiommufd_device_config_read16(s->dev0, 1, &value);
}

static int call_config_beyond(struct scene *s)
{
	uint32_t value;
	return libiommufd_device_config_read32(s->dev0, 0x1000, &value);
}

static int call_bus_master(struct scene *s)
{
	uint16_t value = 0;
	int r = libiommufd_device_set_bus_master(s->dev0, true);

	if (r == 0)
		r = libiommufd_device_config_read16(s->dev0, 4, &value);
	say(s, "%04x", value);
	return r;
}

static int call_facts(struct scene *s)
{
	struct libiommufd_facts *facts = NULL;
	int r = libiommufd_device_query_facts(s->dev0, &facts);

	say(s, "driver %s members %d", libiommufd_facts_get_driver(facts),
	    libiommufd_facts_get_member_count(facts));
	libiommufd_facts_free(facts);
	return r;
}

const struct call query_calls[] = {
	{"ids", call_ids},
	{"query-fd", call_query_fd},
	{"region-count", call_region_count},
	{"region-bar0", call_bar0},
	{"region-bar1", call_bar1},
	{"region-rom", call_rom},
	{"region-config", call_config},
	{"region-vga", call_vga},
	{"region-99", call_region_99},
	{"region-map", call_region_map},
	{"region-map-config", call_region_map_config},
	{"region-read", call_region_read},
	{"config-id", call_config_id},
	{"config-command", call_config_command},
	{"config-unaligned", call_config_unaligned},
	{"config-beyond", call_config_beyond},
	{"bus-master", call_bus_master},
	{"facts", call_facts},
	{0},
};
