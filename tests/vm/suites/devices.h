/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the suites of device features have on top of bench.h: devices of all kinds, eventfds that are
 * waited for, and a count of open files.
 */
#ifndef SUITES_DEVICES_H
#define SUITES_DEVICES_H

#include "bench.h"
#include "device_differences.h"

/* Device n of the bench is the one the lab calls so; bench_teardown() closes it. */
struct libiommufd_device *device_opened(struct bench *b, int n, const char *variable);
struct libiommufd_device *device_bound(struct bench *b, int n, const char *variable);
/* Close device n of the bench, which must succeed. */
void device_closed(struct bench *b, int n);
/* Its BAR 0, mapped; ends with the device. */
volatile uint8_t *device_registers(struct libiommufd_device *dev);

static inline volatile uint32_t *reg32(volatile uint8_t *regs, uint32_t offset)
{
	return (volatile uint32_t *)(regs + offset);
}

/* ---- The e1000e's MSI-X: five vectors, each with a cause of its own ---- */

enum {
	NET_VECTORS = 5,
	NET_VECTOR_OF = 0x00e4, /* the register that gives causes their vectors; 0 after a reset */
};

/* Maps the registers, lets every cause signal the vector of its number, and bus mastering. */
volatile uint8_t *net_start(struct libiommufd_device *dev);
/* The device signals vector n, once. */
void net_raise(volatile uint8_t *regs, int n);
/* Before MSI-X goes: the model runs a timer after each message, and dies if it ends without. */
void net_stop(volatile uint8_t *regs);

/* ---- Virtual functions ---- */

/* Device 0 is PF0, bound, with that token set; the names of its two virtual functions. */
void vfs_make(struct bench *b, const uint8_t token[16], char names[2][16]);
/* Without them; 0 or a negative errno. PF0 is closed. */
int vfs_end(void);

/* ---- Events ---- */

/* An eventfd that does not block. */
int event_new(void);
/* It was signalled, or is within a second; and is not any more. */
bool event_comes(int fd);
/* It was not signalled, and is not for as long as a device would need. */
bool event_silent(int fd);
/* Signal it. */
void event_send(int fd);

/* ---- The system ---- */

/* How many files this process has open. */
int count_files(void);
/* Write a word to a file of sysfs. 0 or a negative errno. */
int write_file(const char *path, const char *word);

#endif
