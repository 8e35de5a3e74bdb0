/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one table of what the backends do not do alike, with the reason. Everything that a suite asserts
 * without it is the same on both.
 */
#ifndef SUITES_DIFFERENCES_H
#define SUITES_DIFFERENCES_H

#include "check.h"

enum difference {
	DIFFERENCE_CTX_FD,
	DIFFERENCE_FILE_BEFORE_BIND,
	DIFFERENCE_ATTACH_ID,
	DIFFERENCE_ALLOW_IOVAS,
	DIFFERENCE_HUGE_PAGES,
	DIFFERENCE_BIND_OF_OTHERS,
	DIFFERENCE_BIND_IN_OTHERS_GROUP,
	DIFFERENCE_BAR_MEMORY,
	DIFFERENCE_RLIMIT_PROCESS_CAPABILITY,
	DIFFERENCE_UNMAP_AFTER_CUT,
	DIFFERENCE_ENTRY_LIMIT,
	DIFFERENCE_DETACH_OF_ONE_THAT_SHARES,
	DIFFERENCE_MOVE_OF_ONE_THAT_SHARES,
	DIFFERENCE_MOVE_WITH_ROOM_FOR_ONE,
	DIFFERENCE_MOVE_WITH_ROOM_FOR_NONE,
	DIFFERENCE_COUNT,
};

static const struct {
	const char *what;
	struct outcome native, type1;
	const char *why;
} differences[DIFFERENCE_COUNT] = {
	[DIFFERENCE_CTX_FD] =
		{
			"ctx_query_fd",
			DONE,
			REFUSED(EOPNOTSUPP, NOT_SUPPORTED),
			"a container belongs to a group, not to the context",
		},
	[DIFFERENCE_FILE_BEFORE_BIND] =
		{
			"device_query_fd before bind",
			DONE,
			REFUSED(EACCES, NOT_BOUND),
			"a group gives a device's file only once it is in a container",
		},
	[DIFFERENCE_ATTACH_ID] =
		{
			"attach_id",
			DONE,
			REFUSED(EOPNOTSUPP, NOT_SUPPORTED),
			"a container has no objects with ids",
		},
	[DIFFERENCE_ALLOW_IOVAS] =
		{
			"allow_iovas",
			DONE,
			REFUSED(EOPNOTSUPP, NOT_SUPPORTED),
			"a container has no allow list",
		},
	[DIFFERENCE_HUGE_PAGES] =
		{
			"set_huge_pages, query_huge_pages",
			DONE,
			REFUSED(EOPNOTSUPP, NOT_SUPPORTED),
			"a module parameter there, the same for all containers",
		},
	[DIFFERENCE_BIND_OF_OTHERS] =
		{
			"bind of a device that another context has bound",
			REFUSED(EINVAL, ALREADY_BOUND),
			REFUSED(EBUSY, GROUP_BUSY),
			"a group's file can be opened once, and that is tried first",
		},
	[DIFFERENCE_BIND_IN_OTHERS_GROUP] =
		{
			"bind in a group of which another context has bound a member",
			REFUSED(EPERM, GROUP_BUSY),
			REFUSED(EBUSY, GROUP_BUSY),
			"as above; natively the group has an owner already",
		},
	[DIFFERENCE_RLIMIT_PROCESS_CAPABILITY] =
		{
			"ctx_open with RLIMIT_PROCESS, without CAP_SYS_RESOURCE",
			REFUSED(EPERM, NOT_PERMITTED),
			DONE,
			"type1 always charges the process, so that there is nothing to ask",
		},
	[DIFFERENCE_UNMAP_AFTER_CUT] =
		{
			"unmap of a mapping, after a refused unmap that held it and cut the next "
			"one",
			REFUSED(ENOENT, NOT_MAPPED),
			DONE,
			"iommufd finds the cut when it gets there; by then the first is gone",
		},
	[DIFFERENCE_ENTRY_LIMIT] =
		{
			"map or attach beyond dma_entry_limit mappings",
			DONE,
			REFUSED(ENOSPC, ENTRY_LIMIT),
			"a parameter of type1, 65,535 unless changed; iommufd counts memory only",
		},
	[DIFFERENCE_DETACH_OF_ONE_THAT_SHARES] =
		{
			"detach of a device whose group shares a container with attached groups",
			DONE,
			REFUSED(EBUSY, CONTAINER_SHARED),
			"a group cannot leave its container while a device of it is open",
		},
	[DIFFERENCE_MOVE_OF_ONE_THAT_SHARES] =
		{
			"attach to another address space while a group shares the container",
			DONE,
			REFUSED(EBUSY, CONTAINER_SHARED),
			"as above",
		},
	[DIFFERENCE_MOVE_WITH_ROOM_FOR_ONE] =
		{
			"attach to another address space, where the memory of one can be pinned, "
			"and not that of both",
			REFUSED(ENOMEM, MEMORY_LIMIT),
			DONE,
			"natively the new one is pinned before the old one is let go",
		},
	[DIFFERENCE_MOVE_WITH_ROOM_FOR_NONE] =
		{
			"attach to another address space, where neither can be pinned since the "
			"limit was lowered",
			REFUSED(ENOMEM, MEMORY_LIMIT),
			REFUSED(ENOMEM, RESTORE_FAILED),
			"the old one is let go first, and not to be had again; the device is bound "
			"then, and reaches nothing",
		},
	[DIFFERENCE_BAR_MEMORY] =
		{
			"map of a BAR by its address in the process",
			REFUSED(EFAULT, BAD_MEMORY),
			DONE,
			"type1 looks behind such memory, iommufd pins only pages",
		},
};

static inline struct outcome differs(bool native, enum difference which)
{
	return native ? differences[which].native : differences[which].type1;
}

/* Does it work here? */
static inline bool works(bool native, enum difference which)
{
	return differs(native, which).error == 0;
}

#endif
