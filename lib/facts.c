/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns snapshots of what sysfs tells about a device. Every fact may be unknown. Reads sysfs only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctx.h"
#include "device.h"

struct member {
	char address[72];
	char driver[48];
	bool driver_known;
};

struct libiommufd_facts {
	struct place place;
	char driver[48];
	bool driver_known;
	char iommu[48];
	bool iommu_known;
	bool members_known;
	bool no_memory;
	size_t member_count;
	struct member *members;
	const struct sys *sys; /* while they are read */
};

/* A link that may be absent: "" then. False if it cannot be told. */
static bool read_link(const struct sys *sys, const char *dir, const char *link, char *buf,
		      size_t size)
{
	int r = sysfs_link(sys, dir, link, buf, size);
	if (r < 0)
		buf[0] = '\0';
	return r == 0 || r == -ENOENT;
}

static int add_member(void *data, const char *name)
{
	struct libiommufd_facts *facts = data;
	char dir[SYSFS_PATH];

	void *more = realloc(facts->members, (facts->member_count + 1) * sizeof(*facts->members));
	if (!more) {
		facts->no_memory = true;
		return 1;
	}
	facts->members = more;
	struct member *member = &facts->members[facts->member_count++];
	snprintf(member->address, sizeof(member->address), "%s", name);
	snprintf(dir, sizeof(dir), "/sys/kernel/iommu_groups/%d/devices/%.260s", facts->place.group,
		 name);
	member->driver_known =
		read_link(facts->sys, dir, "driver", member->driver, sizeof(member->driver));
	return 0;
}

static int by_address(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->address, ((const struct member *)b)->address);
}

static void read_members(struct libiommufd_facts *facts)
{
	char dir[64];

	snprintf(dir, sizeof(dir), "/sys/kernel/iommu_groups/%d/devices", facts->place.group);
	facts->members_known = facts->sys->list(facts->sys, dir, add_member, facts) == 0;
	if (facts->member_count)
		qsort(facts->members, facts->member_count, sizeof(*facts->members), by_address);
}

static int read_facts(const struct sys *sys, struct op *op, const struct place *place,
		      struct libiommufd_facts **ret_facts)
{
	struct libiommufd_facts *facts = calloc(1, sizeof(*facts));

	if (!facts)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	facts->place = *place;
	facts->sys = sys;
	if (place->sysfs[0]) {
		facts->driver_known = read_link(sys, place->sysfs, "driver", facts->driver,
						sizeof(facts->driver));
		facts->iommu_known =
			read_link(sys, place->sysfs, "iommu", facts->iommu, sizeof(facts->iommu));
	}
	if (place->sysfs[0] && place->group >= 0)
		read_members(facts);
	if (facts->no_memory) {
		libiommufd_facts_free(facts);
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	}
	*ret_facts = facts;
	return 0;
}

EXPORT int libiommufd_ctx_query_facts(struct libiommufd_ctx *ctx, const char *name,
				      struct libiommufd_facts **ret_facts)
{
	const struct sys *sys = ctx ? ctx_sys(ctx) : &sys_kernel;
	struct place place;
	struct op op;

	op_begin(&op, "query_facts", name ? name : "", ctx ? ctx_log(ctx) : NULL);
	if (!name || !ret_facts)
		return op_end(&op, op_null(&op, "name or ret_facts"));
	int r = place_find(sys, &op, name, &place);
	if (r < 0)
		return op_end(&op, r);
	if (!place.sysfs[0])
		place_of_class(sys, &place);
	if (!place.sysfs[0])
		return op_end(&op, op_fail(&op, -ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE,
					   "sysfs does not know the device of this node"));
	return op_end(&op, read_facts(sys, &op, &place, ret_facts));
}

EXPORT int libiommufd_device_query_facts(struct libiommufd_device *dev,
					 struct libiommufd_facts **ret_facts)
{
	struct op op;

	op_begin(&op, "query_facts", dev ? device_place(dev)->name : "",
		 dev ? device_log(dev) : NULL);
	if (!dev || !ret_facts)
		return op_end(&op, op_null(&op, "dev or ret_facts"));
	return op_end(&op, read_facts(device_sys(dev), &op, device_place(dev), ret_facts));
}

EXPORT const char *libiommufd_facts_get_address(const struct libiommufd_facts *facts)
{
	return facts && facts->place.sysfs[0] ? facts->place.name : NULL;
}

EXPORT const char *libiommufd_facts_get_driver(const struct libiommufd_facts *facts)
{
	return facts && facts->driver_known ? facts->driver : NULL;
}

EXPORT int libiommufd_facts_get_group(const struct libiommufd_facts *facts)
{
	return facts ? facts->place.group : LIBIOMMUFD_FACT_UNKNOWN;
}

EXPORT int libiommufd_facts_get_member_count(const struct libiommufd_facts *facts)
{
	if (!facts)
		return LIBIOMMUFD_FACT_UNKNOWN;
	if (facts->place.group < 0)
		return facts->place.group;
	return facts->members_known ? (int)facts->member_count : LIBIOMMUFD_FACT_UNKNOWN;
}

EXPORT const char *libiommufd_facts_get_member(const struct libiommufd_facts *facts,
					       unsigned int index)
{
	return facts && index < facts->member_count ? facts->members[index].address : NULL;
}

EXPORT const char *libiommufd_facts_get_member_driver(const struct libiommufd_facts *facts,
						      unsigned int index)
{
	if (!facts || index >= facts->member_count || !facts->members[index].driver_known)
		return NULL;
	return facts->members[index].driver;
}

EXPORT const char *libiommufd_facts_get_node(const struct libiommufd_facts *facts)
{
	if (!facts || facts->place.node[0])
		return facts ? facts->place.node : NULL;
	/* None, or only not to be seen? */
	return facts->place.sysfs[0] && !facts->place.vfio_error ? "" : NULL;
}

EXPORT const char *libiommufd_facts_get_iommu(const struct libiommufd_facts *facts)
{
	return facts && facts->iommu_known ? facts->iommu : NULL;
}

EXPORT struct libiommufd_facts *libiommufd_facts_free(struct libiommufd_facts *facts)
{
	if (facts) {
		free(facts->members);
		free(facts);
	}
	return NULL;
}
