/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the conditions of a group: who else is in it, who has it, and are its interrupts isolated? */
#include "findings.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "holder.h"
#include "sysfs.h"

static int stop_at_first(void *data, const char *name)
{
	(void)name;
	*(bool *)data = true;
	return 1;
}

/* The kernel's rule, as the core has it in backend/explain.c. */
static bool is_harmless(const struct sys *sys, int group, const struct member *member)
{
	char dir[SYSFS_PATH];
	bool vfio = false;

	if (!member->driver_known || !member->driver[0] || !strcmp(member->driver, "pci-stub") ||
	    !strcmp(member->driver, "pcieport") || !strncmp(member->driver, "vfio", 4))
		return true;
	snprintf(dir, sizeof(dir), "/sys/kernel/iommu_groups/%d/devices/%s/vfio-dev", group,
		 member->name);
	sys->list(sys, dir, stop_at_first, &vfio);
	return vfio;
}

void check_members(struct search *search)
{
	const struct libiommufd_host_device *device = search->device;

	for (size_t i = 0; device->group && i < device->group->count; i++) {
		const struct member *member = &device->group->members[i];
		if (!strcmp(member->name, device->name) ||
		    is_harmless(search->sys, device->number, member))
			continue;
		struct libiommufd_host_finding *finding =
			finding_add(search, LIBIOMMUFD_HOST_GROUP_MEMBER, member->name);
		char dir[SYSFS_PATH], bus[16], alias[DEVICE_ALIAS];
		snprintf(dir, sizeof(dir), "/sys/kernel/iommu_groups/%d/devices/%s", device->number,
			 member->name);
		if (!read_link(search->sys, dir, "subsystem", bus, sizeof(bus)) || !bus[0])
			strcpy(bus, device->bus);
		bool one = dma_common_alias(search->sys, device, member->name, alias);
		finding_evidence(finding,
				 "it shares IOMMU group %d with %s, and is on the driver %s%s%s",
				 device->number, device->name, member->driver,
				 one ? "; both do DMA as " : "", one ? alias : "");
		finding_remedy(finding,
			       "a group has one owner: libiommufd_host_claim_device() with "
			       "CLAIM_GROUP takes all of it; or take this one from its driver "
			       "(echo %s "
			       ">/sys/bus/%s/drivers/%s/unbind), or bind it to vfio-%s",
			       member->name, bus, member->driver, bus);
	}
}

/* With it mapped one to one, whatever the device is told to do reaches memory. */
void check_idle(struct search *search)
{
	const struct libiommufd_host_device *device = search->device;
	const char *domain = libiommufd_host_device_get_dma_domain(device);

	if (!domain || strcmp(domain, "identity") || device_is_bridge(search->sys, device))
		return;
	/* A driver of the host is there, and that is told; the domain is what it needs. */
	for (size_t i = 0; i < device->group->count; i++) {
		const struct member *member = &device->group->members[i];
		if (!member->driver_known || !is_harmless(search->sys, device->number, member))
			return;
	}
	struct libiommufd_host_finding *finding =
		finding_add(search, LIBIOMMUFD_HOST_REACHES_ALL_MEMORY, device->name);
	finding_evidence(finding,
			 "nobody drives it, and it may read and write all memory until it is "
			 "bound: IOMMU group %d is in the kernel's identity domain",
			 device->number);
	finding_remedy(
		finding,
		"put iommu.block_idle=1 on the kernel's command line and reboot; where it is "
		"there already the group is one that does DMA without a driver (an ISA bridge, "
		"the display of the boot) or that cannot be blocked, as the kernel's log tells: "
		"for these take away iommu=pt and iommu.passthrough=1");
	finding->severity = LIBIOMMUFD_HOST_WARNING;
}

struct interrupts {
	bool x86, remapped;
};

static int look_at_interrupt(void *data, const char *line)
{
	struct interrupts *interrupts = data;

	interrupts->x86 |= strstr(line, "IO-APIC") != NULL;
	interrupts->remapped |= strstr(line, "IR-") != NULL;
	return interrupts->x86 && interrupts->remapped;
}

void check_interrupts(struct search *search)
{
	const char *module =
		search->backend == LIBIOMMUFD_BACKEND_NATIVE ? "iommufd" : "vfio_iommu_type1";
	/* What x86 remaps are interrupts of PCI; without any the kernel takes a device for unsafe since 6.3. */
	bool platform = !strcmp(search->device->bus, "platform");
	struct interrupts interrupts = {0};
	char dir[96], value[8];

	/* A mediated device has no interrupts of its own. */
	if (!strcmp(search->device->bus, "mdev"))
		return;
	snprintf(dir, sizeof(dir), "/sys/module/%s/parameters", module);
	if (sysfs_read(search->sys, dir, "allow_unsafe_interrupts", value, sizeof(value)) < 0 ||
	    value[0] != 'N')
		return;
	/* x86 shows remapped interrupts as "IR-PCI-MSI" and the like; other machines do not say. */
	sysfs_lines(search->sys, "/proc", "interrupts", look_at_interrupt, &interrupts);
	if (!interrupts.x86 || (interrupts.remapped && !platform))
		return;
	struct libiommufd_host_finding *finding =
		finding_add(search, LIBIOMMUFD_HOST_UNSAFE_INTERRUPTS, search->device->name);
	finding_evidence(finding, "%s are not remapped, so that a device could send any of them",
			 interrupts.remapped ? "interrupts of platform devices" : "interrupts");
	if (interrupts.remapped)
		finding->severity = LIBIOMMUFD_HOST_WARNING;
	finding_remedy(finding,
		       "%saccept the risk: echo 1 >%s/allow_unsafe_interrupts, for good options %s "
		       "allow_unsafe_interrupts=1 in modprobe.d",
		       interrupts.remapped ? ""
					   : "switch interrupt remapping on (firmware; no "
					     "intremap=off), or ",
		       dir, module);
}

static void find_them(struct libiommufd_host_finding *finding)
{
	finding_remedy(finding,
		       "find that process as root and outside of containers (fuser -v /dev/vfio/* "
		       "/dev/vfio/devices/*) and end it; a group has one owner at a time");
}

/* By whom is not known, for /proc shows no processes of other users or outside of a container. */
static void look_for_traces(struct search *search)
{
	uint32_t state = libiommufd_host_device_get_dma_state(search->device);
	struct libiommufd_host_finding *finding;
	struct holder own;
	bool sleeps = false;

	/* It has an owner, and that is this process. */
	int r = holders_find(search->sys, search->device, true, &own, 1);
	search->no_memory |= r < 0;
	if (r)
		return;
	if (state == LIBIOMMUFD_HOST_DMA_USER) {
		finding = finding_add(search, LIBIOMMUFD_HOST_GROUP_BUSY, search->device->name);
		finding_evidence(finding,
				 "the kernel says that user space has IOMMU group %d (dma_state), "
				 "and /proc does not show here which process",
				 search->device->number);
		find_them(finding);
		return;
	}
	/* Else it says that nobody has it, or does not say. */
	if (state != LIBIOMMUFD_HOST_DMA_UNKNOWN)
		return;
	const char *name = holders_trace(search->sys, search->device, &sleeps);
	if (!name || sleeps)
		return;
	finding = finding_add(search, LIBIOMMUFD_HOST_GROUP_BUSY, name);
	finding_evidence(finding, "it is switched on, as only a device in use is, by a process "
				  "that /proc does not show here");
	find_them(finding);
	finding->severity = LIBIOMMUFD_HOST_WARNING;
}

void check_holders(struct search *search)
{
	struct holder holders[4];
	/* What the caller has open itself is no obstacle that it does not know of. */
	int count = holders_find(search->sys, search->device, false, holders, 4);

	search->no_memory |= count < 0;
	if (!count)
		look_for_traces(search);
	for (int i = 0; i < count; i++) {
		const struct holder *holder = &holders[i];
		struct libiommufd_host_finding *finding =
			finding_add(search, LIBIOMMUFD_HOST_GROUP_BUSY, holder->path);
		finding_evidence(finding, "process %d (%s) has it open", holder->pid,
				 holder->command);
		finding_remedy(finding, "end that process, or let it close the device; a group "
					"has one owner at a time");
		/* Who opened a device need not have bound it, unless the kernel says so. */
		if (!holder->is_group && libiommufd_host_device_get_dma_state(search->device) !=
						 LIBIOMMUFD_HOST_DMA_USER)
			finding->severity = LIBIOMMUFD_HOST_WARNING;
	}
}
