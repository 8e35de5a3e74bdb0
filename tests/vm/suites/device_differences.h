/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the backends do not do alike beyond DMA, with the reason; differences.h has the rest, and behaviours.h
 * what is no outcome of a call.
 */
#ifndef SUITES_DEVICE_DIFFERENCES_H
#define SUITES_DEVICE_DIFFERENCES_H

#include "check.h"

enum device_difference {
	DEVICE_KVM_FILE_BEFORE_BIND,
	DEVICE_BIND_WHILE_HELD,
	DEVICE_BIND_AFTER_REMOVAL,
	DEVICE_HOT_RESET_OF_OTHERS,
	DEVICE_TOKEN_MISSING,
	DEVICE_TOKEN_WRONG,
	DEVICE_TOKEN_RIGHT,
	DEVICE_TOKEN_OF_NONE,
	DEVICE_PICK_WHERE_PASSED,
	DEVICE_UNMAP_OF_OTHERS,
	DEVICE_DETACH_WHERE_PASSED,
	DEVICE_DIFFERENCES,
};

static const struct {
	const char *what;
	struct outcome native, type1;
	const char *why;
} device_differences[DEVICE_DIFFERENCES] = {
	[DEVICE_KVM_FILE_BEFORE_BIND] =
		{
			"query_kvm_fd before bind",
			DONE,
			REFUSED(EACCES, NOT_BOUND),
			"KVM gets the group's file, which is opened by the bind",
		},
	[DEVICE_BIND_WHILE_HELD] =
		{
			"bind of a device that a dup, a mapping or KVM keeps from its last user",
			REFUSED(EINVAL, ALREADY_BOUND),
			REFUSED(EBUSY, GROUP_BUSY),
			"a group's file can be opened once, and that is tried first",
		},
	[DEVICE_BIND_AFTER_REMOVAL] =
		{
			"bind of a device that is being removed since it was opened",
			DONE,
			REFUSED(ENODEV, DEVICE_GONE),
			"an open character device holds the removal up, a name does not",
		},
	[DEVICE_HOT_RESET_OF_OTHERS] =
		{
			"hot_reset that reaches a device of another group",
			REFUSED(EINVAL, NOT_OWNED),
			REFUSED(EPERM, NOT_OWNED),
			"proof of ownership is the iommufd, or a file for each group",
		},
	[DEVICE_TOKEN_MISSING] =
		{
			"bind and first use of a virtual function without the token",
			DONE,
			REFUSED(EACCES, VF_TOKEN),
			"before 6.17 the bind of a character device asks for none",
		},
	[DEVICE_TOKEN_WRONG] =
		{
			"bind of a virtual function with a wrong token",
			REFUSED(EOPNOTSUPP, NOT_SUPPORTED),
			REFUSED(EACCES, VF_TOKEN),
			"and takes none",
		},
	[DEVICE_TOKEN_RIGHT] =
		{
			"bind of a virtual function with the token",
			REFUSED(EOPNOTSUPP, NOT_SUPPORTED),
			DONE,
			"as above",
		},
	[DEVICE_TOKEN_OF_NONE] =
		{
			"bind with a token of a device that has none",
			REFUSED(EOPNOTSUPP, NOT_SUPPORTED),
			REFUSED(EINVAL, VF_TOKEN),
			"as above",
		},
	[DEVICE_PICK_WHERE_PASSED] =
		{
			"map at a picked address, in a process that the address space was passed "
			"to",
			DONE,
			REFUSED(EOPNOTSUPP, NOT_SUPPORTED),
			"a container does not tell which addresses are free",
		},
	[DEVICE_UNMAP_OF_OTHERS] =
		{
			"unmap of what another process mapped in the same address space",
			DONE,
			REFUSED(ENOENT, NOT_MAPPED),
			"it is in the record of the context that mapped it, and in no other",
		},
	[DEVICE_DETACH_WHERE_PASSED] =
		{
			"detach in a process that the device was passed to",
			DONE,
			REFUSED(EOPNOTSUPP, NOT_SUPPORTED),
			"the group is in the container for all who have its file",
		},
};

static inline struct outcome device_differs(bool native, enum device_difference which)
{
	return native ? device_differences[which].native : device_differences[which].type1;
}

/* Does it work here? */
static inline bool device_works(bool native, enum device_difference which)
{
	return device_differs(native, which).error == 0;
}

#endif
