/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a device was before it was claimed, kept in a file for whoever releases it. */
#ifndef LIBIOMMUFD_HOST_RECORD_H
#define LIBIOMMUFD_HOST_RECORD_H

#include "device.h"

struct record {
	char driver[DEVICE_DRIVER];   /* before; "" for none */
	char override[DEVICE_DRIVER]; /* driver_override before; "" for none */
	char claimed[DEVICE_DRIVER];  /* the vfio driver it was given to */
};

/* Open the directory, made if make is set, and lock it against other processes until it is closed. */
int record_lock(struct op *op, const char *dir, bool make);

/* -ENOENT, without a sentence, if there is none. */
int record_read(struct op *op, int dir, const struct libiommufd_host_device *device,
		struct record *ret_record);
int record_write(struct op *op, int dir, const struct libiommufd_host_device *device,
		 const struct record *record);
void record_remove(int dir, const struct libiommufd_host_device *device);

#endif
