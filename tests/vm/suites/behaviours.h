/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the backends do not do alike and what is no errno (those are in differences.h and
 * device_differences.h), with the reason and the test that shows it. A test branches on a backend only by
 * one of the three tables; doc/backends.md is made from them.
 */
#ifndef SUITES_BEHAVIOURS_H
#define SUITES_BEHAVIOURS_H

#include <stdbool.h>

enum behaviour {
	BEHAVIOUR_PINS,
	BEHAVIOUR_PINS_OF_COPIES,
	BEHAVIOUR_REPLACED,
	BEHAVIOUR_REACH_WHEN_BOUND_FOR,
	BEHAVIOUR_OPENED_LATE,
	BEHAVIOUR_MOVE,
	BEHAVIOUR_ACCOUNT,
	BEHAVIOUR_IDS,
	BEHAVIOUR_KVM_FILE,
	BEHAVIOUR_HOT_RESET_LIST,
	BEHAVIOUR_FEATURES,
	BEHAVIOUR_LAST_PAGE,
	BEHAVIOUR_NEED,
	BEHAVIOUR_PASSED,
	BEHAVIOUR_NAMES,
	BEHAVIOUR_HOLDER,
	BEHAVIOURS,
};

static const struct {
	const char *what, *native, *type1, *why, *shown_by;
} behaviours[BEHAVIOURS] = {
	[BEHAVIOUR_PINS] =
		{
			"memory of devices that are attached to one address space",
			"is pinned and counted once",
			"once for the groups that share its container, and once more for each "
			"group "
			"with one of its own (query_private)",
			"a group can join a container only while no device of it is open",
			"one_that_was_used_first_is_pinned_for_again_on_type1",
		},
	[BEHAVIOUR_PINS_OF_COPIES] =
		{
			"a copy of what is mapped",
			"pins no page again",
			"pins and counts its pages once more",
			"a container has no copy: the library maps the same memory again",
			"a_copy_pins_what_it_says",
		},
	[BEHAVIOUR_REPLACED] =
		{
			"a copy of memory that the process has unmapped or replaced since, which "
			"it must not",
			"reaches the pages that were pinned",
			"reaches what is at that address by then, or fails with `-EFAULT`",
			"as above; so it is where an address space is mapped for one more group",
			"a_copy_of_memory_that_was_replaced_reaches_the_old_pages_natively",
		},
	[BEHAVIOUR_REACH_WHEN_BOUND_FOR] =
		{
			"a device that was bound with opts.ioas and is not attached, or not any "
			"more",
			"reaches nothing",
			"reaches that address space while a group that shares the container is "
			"attached (query_reach)",
			"one container has one set of page tables",
			"bound_for_a_space_in_use_it_reaches_that_at_once_on_type1",
		},
	[BEHAVIOUR_OPENED_LATE] =
		{
			"a device that is opened or bound, and was not used or attached",
			"holds its driver",
			"does not; what ends it is seen at the next call",
			"its file would keep the group from joining a container",
			"a_removal_waits_for_a_bound_device_natively",
		},
	[BEHAVIOUR_MOVE] =
		{
			"DMA while a device moves to another address space",
			"reaches the old one or the new one; up to 6.12 some faults in between",
			"faults in between",
			"the old mappings are taken out before the new ones are put in",
			"a_device_moves_under_load_and_writes_to_the_two_targets_only",
		},
	[BEHAVIOUR_ACCOUNT] =
		{
			"pinned memory counts for",
			"the user; with CTX_RLIMIT_PROCESS the process",
			"the process",
			"the interface's choice",
			"pinned_memory_is_charged_to_the_process_if_asked",
		},
	[BEHAVIOUR_IDS] =
		{
			"ids of devices and address spaces",
			"the kernel's",
			"0",
			"groups and containers have none",
			"before_bind_there_is_no_id",
		},
	[BEHAVIOUR_KVM_FILE] =
		{
			"the file for KVM",
			"the device's, from open on: add it before bind",
			"the group's, from bind on",
			"KVM knows devices by what holds them",
			"it_is_a_file_of_vfio_that_is_told",
		},
	[BEHAVIOUR_HOT_RESET_LIST] =
		{
			"a device without a driver in the list of a hot reset",
			"is not owned, and known to have none",
			"is owned if its group is",
			"group files say nothing of drivers",
			"a_device_without_a_vfio_driver_is_not_reset",
		},
	[BEHAVIOUR_FEATURES] =
		{
			"libiommufd_ctx_has()",
			"what the kernel knows",
			"none",
			"every feature is one of iommufd's",
			"features_are_what_the_kernel_has",
		},
	[BEHAVIOUR_LAST_PAGE] =
		{
			"the last page of all addresses, where the IOMMU has it or there is none",
			"is in the ranges",
			"is not",
			"the kernel does not unmap what ends there, and says that it did",
			"every_end_of_every_range_can_be_mapped_and_nothing_beyond",
		},
	[BEHAVIOUR_NEED] =
		{
			"what an attach beyond the memory limit needs, in the record",
			"is not known, and 0",
			"is told",
			"iommufd does not say what it could not pin",
			"an_attach_beyond_the_limit_is_refused",
		},
	[BEHAVIOUR_PASSED] =
		{
			"what another process is passed",
			"the context's file, the device's, and two ids",
			"the container's file and the device's or its group's",
			"a container is one address space; a group's file opens its devices",
			"what_was_mapped_outlives_the_process_that_mapped_it",
		},
	[BEHAVIOUR_NAMES] =
		{
			"module and nodes that sentences and findings name",
			"iommufd, /dev/iommu, /dev/vfio/devices/vfioN",
			"vfio_iommu_type1, /dev/vfio/vfio, /dev/vfio/GROUP",
			"they are what is used",
			"a_bind_without_interrupt_remapping_is_refused",
		},
	[BEHAVIOUR_HOLDER] =
		{
			"a device whose node another process has open, to the findings",
			"is to be warned of, unless the kernel tells that it is bound",
			"cannot be had",
			"only a group's file can be opened no more than once",
			"who_has_the_group_is_named",
		},
};

/* Is it here as the table says of native? */
static inline bool natively(bool native, enum behaviour which)
{
	return native && behaviours[which].native;
}

#endif
