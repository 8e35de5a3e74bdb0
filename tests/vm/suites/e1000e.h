/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small driver for Intel's 82574, the "e1000e": one ring of frames to send, one of buffers to receive
 * into, arrivals found by polling or announced by an interrupt. One thread at a time.
 *
 * Calls return 0 or a negative errno: that of the library, or
 *   -EBUSY      the ring is full
 *   -ETIMEDOUT  the device did not do it
 *   -EIO        a frame arrived with an error, or not in one buffer
 */
#ifndef SUITES_E1000E_H
#define SUITES_E1000E_H

#include <stdbool.h>

#include <libiommufd.h>

enum {
	E1000E_MEMORY = 4096, /* what the driver shares with the device */
	E1000E_DEPTH = 63,    /* frames, and buffers, that the device has at a time, at most */
	E1000E_BUFFER = 2048, /* bytes that it may write of each buffer */
	E1000E_SHORTEST = 60, /* frame, without its checksum, which the device adds and removes */
	E1000E_LONGEST = 1514,
};

struct e1000e_ring {
	struct e1000e_descriptor *descriptors;
	volatile uint32_t *tail_register;
	uint32_t tail;  /* next descriptor to give to the device */
	uint32_t clean; /* next one to take back */
	uint64_t
		given[E1000E_DEPTH + 1]; /* the addresses; the device's own are lost on its write */
};

struct e1000e {
	struct libiommufd_device *dev;
	struct libiommufd_region *bar;
	volatile uint8_t *regs;
	struct e1000e_ring sending, receiving;
	uint8_t address[6];
	uint32_t interrupt;  /* enum libiommufd_pci_irq, while eventfd is one */
	int eventfd;         /* -1: polling */
	bool announced;      /* by an interrupt: there may be frames */
	uint64_t interrupts; /* that were waited for */
	int timeout;         /* of a wait, in milliseconds; -ETIMEDOUT then */
};

struct e1000e_frame {
	uint64_t iova;
	uint32_t length;
};

/*
 * Reset a device that is bound, give it its rings, wait for the link, let it send and receive. It must
 * reach E1000E_MEMORY bytes of memory at iova, both page-aligned, for reading and writing, until
 * e1000e_stop().
 */
int e1000e_start(struct e1000e *net, struct libiommufd_device *dev, void *memory, uint64_t iova);
/* End DMA and interrupts, and unmap the registers. */
int e1000e_stop(struct e1000e *net);

/* From here on an arrival is waited for with an eventfd: INTX, MSI or MSIX. */
int e1000e_enable_interrupt(struct e1000e *net, uint32_t interrupt);
int e1000e_disable_interrupt(struct e1000e *net);

/* Give the device a buffer of E1000E_BUFFER bytes. */
int e1000e_give(struct e1000e *net, uint64_t iova);
/* Wait until the buffer that it has for longest was used, and take it back. */
int e1000e_receive(struct e1000e *net, struct e1000e_frame *ret);

/* Let it send a frame. The memory is the device's until e1000e_flush(). */
int e1000e_send(struct e1000e *net, uint64_t iova, uint32_t length);
/* Wait until it has read all of them. */
int e1000e_flush(struct e1000e *net);

#endif
