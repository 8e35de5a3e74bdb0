/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which other processes have a device's group, as far as /proc tells. */
#ifndef LIBIOMMUFD_HOST_HOLDER_H
#define LIBIOMMUFD_HOST_HOLDER_H

#include "device.h"

struct holder {
	int pid;
	bool is_group; /* the group's node, which only one can have; or that of a device */
	char path[48];
	char command[32];
};

/* How many were found, room at most; or -ENOMEM. Those of other users are seen by root alone. */
int holders_find(const struct sys *sys, const struct libiommufd_host_device *device, bool with_own,
		 struct holder *holders, int room);

/*
 * Has someone the group who is not found so: in another PID namespace, or with nothing but a mapping? Opens the
 * group's node for a moment, where there is one; else the trace decides.
 */
bool holders_unseen(const struct sys *sys, const struct libiommufd_host_device *device);

/*
 * What whoever has it leaves in sysfs: the name of a device of the group that is on vfio and switched on; NULL if
 * there is none. A driver that had it before may have left it so: then it mostly sleeps.
 */
const char *holders_trace(const struct sys *sys, const struct libiommufd_host_device *device,
			  bool *ret_sleeps);

#endif
