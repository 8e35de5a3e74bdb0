/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a device was before it was claimed, kept in a file for whoever releases it. */
#ifndef LIBIOMMUFD_HOST_RECORD_H
#define LIBIOMMUFD_HOST_RECORD_H

#include "device.h"

struct record {
	char driver[DEVICE_DRIVER];     /* before; "" for none */
	char override[DEVICE_OVERRIDE]; /* driver_override before; "" for none */
	char claimed[DEVICE_DRIVER];    /* the vfio driver it was given to */
};

/* The directory, while no other process can have it. */
struct records {
	int dir, lock;
};

/* Open the directory, made if make is set, and lock it against other processes. */
int records_open(struct op *op, const char *dir, bool make, struct records *ret_records);
void records_close(const struct records *records);

/* -ENOENT, without a sentence, if there is none of this device, but at most of one that was in its place. */
int record_read(struct op *op, int dir, const struct libiommufd_host_device *device,
		struct record *ret_record);
int record_write(struct op *op, int dir, const struct libiommufd_host_device *device,
		 const struct record *record);
void record_remove(int dir, const struct libiommufd_host_device *device);

#endif
