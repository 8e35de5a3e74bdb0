/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the flows of regions and of configuration space. */
#include "flows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- Starting states ---- */

static void arrange_bound(struct world *w)
{
	world_ctx(w);
	world_bind(w, ALONE);
}

static void arrange_used(struct world *w)
{
	arrange_bound(w);
	world_use(w, ALONE);
}

static void find(struct world *w, uint32_t index)
{
	arrange_used(w);
	world_require(libiommufd_device_query_region(w->devices[ALONE], index, &w->region) == 0,
		      "query_region");
}

static void arrange_holes(struct world *w)
{
	find(w, LIBIOMMUFD_PCI_BAR0);
}

static void arrange_large(struct world *w)
{
	find(w, LIBIOMMUFD_PCI_BAR2);
}

static void arrange_mapped(struct world *w)
{
	find(w, LIBIOMMUFD_PCI_BAR2);
	world_require(libiommufd_region_map(w->region, PAGE, 2 * PAGE, LIBIOMMUFD_READ,
					    &w->region_map) == 0,
		      "region_map");
}

/* ---- Acts ---- */

static int act_count(struct world *w)
{
	uint32_t count = 0x5a;

	int r = libiommufd_device_query_region_count(w->devices[ALONE], &count);
	flow_untouched(r, count == 0x5a);
	if (r == 0)
		snprintf(w->out, sizeof(w->out), "%u", count);
	return r;
}

static int query(struct world *w, uint32_t index)
{
	struct libiommufd_region *region = POISON;

	int r = libiommufd_device_query_region(w->devices[ALONE], index, &region);
	flow_untouched(r, region == POISON);
	if (r == 0) {
		uint64_t offset = 0, length = 0;
		libiommufd_region_get_area(region, 0, &offset, &length);
		snprintf(w->out, sizeof(w->out), "%" PRIx64 " %u %zu %" PRIx64 " %" PRIx64,
			 libiommufd_region_get_size(region), libiommufd_region_get_access(region),
			 libiommufd_region_get_area_count(region), offset, length);
	}
	return r;
}

static int act_query(struct world *w)
{
	return query(w, LIBIOMMUFD_PCI_BAR2);
}

static int act_query_holes(struct world *w)
{
	return query(w, LIBIOMMUFD_PCI_BAR0);
}

static int map(struct world *w, uint64_t offset, uint64_t length)
{
	void *p = POISON;

	int r = libiommufd_region_map(w->region, offset, length, LIBIOMMUFD_READ | LIBIOMMUFD_WRITE,
				      &p);
	flow_untouched(r, p == POISON);
	if (r == 0) {
		w->region_map = p;
		memset(p, 1, length);
	}
	return r;
}

static int act_map(struct world *w)
{
	return map(w, 2 * PAGE, PAGE);
}

static int act_map_large(struct world *w)
{
	return map(w, 0, 4 << 20);
}

static int act_unmap(struct world *w)
{
	return libiommufd_region_unmap(w->region, w->region_map);
}

static int act_read(struct world *w)
{
	uint32_t value;

	int r = libiommufd_region_read(w->region, 0x100, &value, sizeof(value));
	if (r == 0)
		snprintf(w->out, sizeof(w->out), "%x", value);
	return r;
}

static int act_write(struct world *w)
{
	uint32_t value = 0xfeedface;
	return libiommufd_region_write(w->region, 0x100, &value, sizeof(value));
}

static int act_config_read(struct world *w)
{
	uint16_t value = 0x5a5a;

	int r = libiommufd_device_config_read16(w->devices[ALONE], 0, &value);
	flow_untouched(r, value == 0x5a5a);
	if (r == 0)
		snprintf(w->out, sizeof(w->out), "%x", value);
	return r;
}

static int act_config_write(struct world *w)
{
	return libiommufd_device_config_write8(w->devices[ALONE], 4, 2);
}

static int act_config_write16(struct world *w)
{
	return libiommufd_device_config_write16(w->devices[ALONE], 4, 2);
}

static int act_config_write32(struct world *w)
{
	return libiommufd_device_config_write32(w->devices[ALONE], 4, 2);
}

static int act_bus_master(struct world *w)
{
	int r = libiommufd_device_set_bus_master(w->devices[ALONE], true);
	if (r == 0)
		snprintf(w->out, sizeof(w->out), "%d", fake_masters_bus(w->fake, FAKE_ALONE));
	return r;
}

static int act_use(struct world *w)
{
	int fd = 0x5a;

	int r = libiommufd_device_query_fd(w->devices[ALONE], &fd);
	flow_untouched(r, fd == 0x5a);
	return r;
}

static int act_container_fd(struct world *w)
{
	int fd = 0x5a;

	int r = libiommufd_device_query_container_fd(w->devices[ALONE], &fd);
	flow_untouched(r, fd == 0x5a);
	return r;
}

static int act_facts(struct world *w)
{
	struct libiommufd_facts *facts = POISON;

	int r = libiommufd_device_query_facts(w->devices[ALONE], &facts);
	flow_untouched(r, facts == POISON);
	if (r == 0) {
		w->facts = facts;
		const char *driver = libiommufd_facts_get_driver(facts);
		const char *iommu = libiommufd_facts_get_iommu(facts);
		const char *of_0 = libiommufd_facts_get_member_driver(facts, 0);
		snprintf(w->out, sizeof(w->out), "%s %d %d %s %s", driver ? driver : "?",
			 libiommufd_facts_get_group(facts),
			 libiommufd_facts_get_member_count(facts), of_0 ? of_0 : "?",
			 iommu ? iommu : "?");
	}
	return r;
}

/* clang-format off */
const struct flow flows_of_regions[] = {
	{"query_region_count", "query_region_count", ON_BOTH, .arrange = arrange_used, .act = act_count},
	{"query_region", "query_region", ON_BOTH, .arrange = arrange_used, .act = act_query},
	{"query_region_holes", "query_region", ON_BOTH, .arrange = arrange_used, .act = act_query_holes},
	{"region_map", "region_map", ON_BOTH, .arrange = arrange_holes, .act = act_map},
	{"region_map_large", "region_map", ON_BOTH, .arrange = arrange_large, .act = act_map_large},
	{"region_unmap", "region_unmap", ON_BOTH, .arrange = arrange_mapped, .act = act_unmap, .count_munmap = true},
	{"region_read", "region_read", ON_BOTH, .arrange = arrange_large, .act = act_read},
	{"region_write", "region_write", ON_BOTH, .arrange = arrange_large, .act = act_write},
	{"config_read", "config_read", ON_BOTH, .arrange = arrange_used, .act = act_config_read},
	{"config_write", "config_write", ON_BOTH, .arrange = arrange_used, .act = act_config_write},
	{"config_write16", "config_write", ON_BOTH, .arrange = arrange_used, .act = act_config_write16},
	{"config_write32", "config_write", ON_BOTH, .arrange = arrange_used, .act = act_config_write32},
	{"set_bus_master", "set_bus_master", ON_BOTH, .arrange = arrange_used, .act = act_bus_master},
	{"first_region_count", "query_region_count", ON_TYPE1, .arrange = arrange_bound, .act = act_count, .halfway = act_use},
	{"first_region", "query_region", ON_TYPE1, .arrange = arrange_bound, .act = act_query_holes, .halfway = act_use},
	{"first_config_read", "config_read", ON_TYPE1, .arrange = arrange_bound, .act = act_config_read, .halfway = act_use},
	{"first_fd", "query_fd", ON_BOTH, .arrange = arrange_bound, .act = act_use},
	{"first_container_fd", "query_container_fd", ON_TYPE1, .arrange = arrange_bound, .act = act_container_fd},
	{"device_query_facts", "query_facts", ON_BOTH, .arrange = arrange_used, .act = act_facts},
	{0},
};
/* clang-format on */
