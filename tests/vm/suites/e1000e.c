/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the registers and the descriptors of the 82574, as its datasheet has them. */
#include "e1000e.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum e1000e_register {
	CONTROL = 0x0000,
	STATUS = 0x0008,
	CAUSES = 0x00c0, /* a 1 that is written clears the bit */
	ALLOW_CAUSES = 0x00d0,
	FORBID_CAUSES = 0x00d8,
	VECTORS = 0x00e4, /* which vector a cause has */
	RECEIVE_CONTROL = 0x0100,
	SEND_CONTROL = 0x0400,
	RECEIVE_RING = 0x2800,
	SEND_RING = 0x3800,
	ADDRESS_LOW = 0x5400,
	ADDRESS_HIGH = 0x5404,
};

/* Of a ring, from its first register on. */
enum {
	BASE_LOW = 0x00,
	BASE_HIGH = 0x04,
	LENGTH = 0x08,
	HEAD = 0x10,
	TAIL = 0x18,
};

enum {
	SET_LINK_UP = 1 << 6,
	RESET = 1 << 26,
	LINK_IS_UP = 1 << 1,

	RECEIVE_ENABLE = 1 << 1,
	STRIP_CHECKSUM = 1 << 26,
	SEND_ENABLE = 1 << 1,
	PAD_SHORT = 1 << 3,
	COLLISIONS = 0xf << 4 | 0x3f << 12, /* what the datasheet wants for full duplex */

	CAUSE_RECEIVED = 1 << 7,   /* with INTx and MSI */
	CAUSE_QUEUE_0 = 1 << 20,   /* with MSI-X */
	QUEUE_0_VECTOR_0 = 1 << 3, /* the number below, and that it holds */

	/* Descriptors to send: the command. */
	END_OF_FRAME = 1 << 0,
	INSERT_CHECKSUM = 1 << 1,
	REPORT_STATUS = 1 << 3,
	/* Descriptors of both kinds: the status. */
	DONE = 1 << 0,
	END_OF_PACKET = 1 << 1,
};

enum {
	ENTRIES = E1000E_DEPTH + 1, /* of each ring: head and tail at the same one mean empty */
	TIMEOUT = 2000,             /* milliseconds */
	SPINS = 1000,               /* looks at a ring between two at the clock */
	THROTTLE = 20000,           /* microseconds; the model runs a timer after each interrupt */
};

/* The "legacy" format. The device writes a received frame's checksum over what is offset and command here. */
struct e1000e_descriptor {
	uint64_t address;
	uint16_t length;
	uint8_t checksum_offset;
	uint8_t command;
	uint8_t status;
	uint8_t errors;
	uint16_t special;
};

_Static_assert(sizeof(struct e1000e_descriptor) == 16, "a descriptor");
_Static_assert(2 * ENTRIES * sizeof(struct e1000e_descriptor) <= E1000E_MEMORY, "two rings");

static volatile uint32_t *reg32(const struct e1000e *net, uint32_t offset)
{
	return (volatile uint32_t *)(net->regs + offset);
}

static uint64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int await_bits(const struct e1000e *net, uint32_t reg, uint32_t bits, uint32_t value)
{
	uint64_t deadline = milliseconds() + net->timeout;

	while ((*reg32(net, reg) & bits) != value) {
		if (milliseconds() > deadline)
			return -ETIMEDOUT;
		usleep(1000);
	}
	return 0;
}

/* ---- Rings ---- */

static void init_ring(struct e1000e *net, struct e1000e_ring *ring, uint32_t reg, void *memory,
		      uint64_t iova)
{
	const uint32_t length = ENTRIES * sizeof(struct e1000e_descriptor);

	memset(memory, 0, length);
	*ring = (struct e1000e_ring){.descriptors = memory,
				     .tail_register = reg32(net, reg + TAIL)};
	*reg32(net, reg + BASE_LOW) = (uint32_t)iova;
	*reg32(net, reg + BASE_HIGH) = iova >> 32;
	*reg32(net, reg + LENGTH) = length;
	*reg32(net, reg + HEAD) = 0;
	*reg32(net, reg + TAIL) = 0;
}

static int push(struct e1000e_ring *ring, const struct e1000e_descriptor *descriptor)
{
	uint32_t next = (ring->tail + 1) % ENTRIES;

	if (next == ring->clean)
		return -EBUSY;
	ring->descriptors[ring->tail] = *descriptor;
	ring->given[ring->tail] = descriptor->address;
	ring->tail = next;
	/* The device may look as soon as the register has the new value. */
	__atomic_store_n(ring->tail_register, next, __ATOMIC_RELEASE);
	return 0;
}

static bool oldest_is_done(const struct e1000e_ring *ring)
{
	return ring->clean != ring->tail &&
	       __atomic_load_n(&ring->descriptors[ring->clean].status, __ATOMIC_ACQUIRE) & DONE;
}

static int await_oldest(const struct e1000e *net, const struct e1000e_ring *ring)
{
	uint64_t deadline = milliseconds() + net->timeout;

	do {
		for (int i = 0; i < SPINS; i++)
			if (oldest_is_done(ring))
				return 0;
	} while (milliseconds() < deadline);
	return -ETIMEDOUT;
}

/* ---- Start and stop ---- */

static int start(struct e1000e *net, uint8_t *memory, uint64_t iova)
{
	uint32_t low, high;
	int r;

	*reg32(net, FORBID_CAUSES) = ~0u;
	*reg32(net, CONTROL) |= RESET;
	usleep(1000); /* before that the device may not be asked */
	r = await_bits(net, CONTROL, RESET, 0);
	if (r < 0)
		return r;
	*reg32(net, FORBID_CAUSES) = ~0u;
	*reg32(net, CONTROL) |= SET_LINK_UP;
	r = await_bits(net, STATUS, LINK_IS_UP, LINK_IS_UP);
	if (r < 0)
		return r;
	low = *reg32(net, ADDRESS_LOW);
	high = *reg32(net, ADDRESS_HIGH);
	memcpy(net->address, &low, 4);
	memcpy(net->address + 4, &high, 2);

	init_ring(net, &net->sending, SEND_RING, memory, iova);
	init_ring(net, &net->receiving, RECEIVE_RING, memory + E1000E_MEMORY / 2,
		  iova + E1000E_MEMORY / 2);
	*reg32(net, SEND_CONTROL) = SEND_ENABLE | PAD_SHORT | COLLISIONS;
	*reg32(net, RECEIVE_CONTROL) = RECEIVE_ENABLE | STRIP_CHECKSUM;
	return 0;
}

int e1000e_start(struct e1000e *net, struct libiommufd_device *dev, void *memory, uint64_t iova)
{
	void *regs;
	int r;

	*net = (struct e1000e){.dev = dev, .eventfd = -1, .timeout = TIMEOUT};
	r = libiommufd_device_query_region(dev, LIBIOMMUFD_PCI_BAR0, &net->bar);
	if (r < 0)
		return r;
	r = libiommufd_region_map(net->bar, 0, libiommufd_region_get_size(net->bar),
				  LIBIOMMUFD_READ | LIBIOMMUFD_WRITE, &regs);
	if (r < 0)
		return r;
	net->regs = regs;
	r = libiommufd_device_set_bus_master(dev, true);
	if (r == 0)
		r = start(net, memory, iova);
	if (r < 0)
		e1000e_stop(net);
	return r;
}

int e1000e_stop(struct e1000e *net)
{
	void *regs = (void *)net->regs;
	int r, r2;

	if (!regs)
		return 0;
	*reg32(net, RECEIVE_CONTROL) = 0;
	*reg32(net, SEND_CONTROL) = 0;
	r = e1000e_disable_interrupt(net);
	net->regs = NULL;
	r2 = libiommufd_region_unmap(net->bar, regs);
	return r < 0 ? r : r2;
}

/* ---- Interrupts ---- */

static uint32_t cause_of_arrival(const struct e1000e *net)
{
	return net->interrupt == LIBIOMMUFD_PCI_MSIX ? CAUSE_QUEUE_0 : CAUSE_RECEIVED;
}

int e1000e_enable_interrupt(struct e1000e *net, uint32_t interrupt)
{
	int r;

	net->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (net->eventfd < 0)
		return -errno;
	net->interrupt = interrupt;
	net->announced = false;
	r = libiommufd_device_set_irqs(net->dev, interrupt, 0, &net->eventfd, 1);
	if (r < 0)
		return r;
	*reg32(net, VECTORS) = QUEUE_0_VECTOR_0;
	*reg32(net, CAUSES) = ~0u;
	*reg32(net, ALLOW_CAUSES) = cause_of_arrival(net);
	return 0;
}

int e1000e_disable_interrupt(struct e1000e *net)
{
	int r;

	if (net->eventfd < 0)
		return 0;
	*reg32(net, FORBID_CAUSES) = ~0u;
	/* It dies if MSI-X is gone when the timer ends. */
	usleep(THROTTLE);
	r = libiommufd_device_disable_irqs(net->dev, net->interrupt);
	close(net->eventfd);
	net->eventfd = -1;
	return r;
}

/* Until it comes. The cause is cleared before anybody looks at the ring, so that a frame that comes later
 * than the look has an interrupt of its own. */
static int await_interrupt(struct e1000e *net)
{
	struct pollfd event = {.fd = net->eventfd, .events = POLLIN};
	uint64_t count;

	if (poll(&event, 1, net->timeout) <= 0)
		return -ETIMEDOUT;
	if (read(net->eventfd, &count, sizeof(count)) == sizeof(count))
		net->interrupts += count;
	*reg32(net, CAUSES) = cause_of_arrival(net);
	if (net->interrupt != LIBIOMMUFD_PCI_INTX)
		return 0;
	return libiommufd_device_unmask_irq(net->dev, LIBIOMMUFD_PCI_INTX);
}

/* One interrupt may announce several frames, and come after they were taken. */
static int await_announced(struct e1000e *net)
{
	while (!net->announced || !oldest_is_done(&net->receiving)) {
		int r;

		net->announced = false;
		r = await_interrupt(net);
		if (r < 0)
			return r;
		net->announced = true;
	}
	return 0;
}

/* ---- Frames ---- */

int e1000e_give(struct e1000e *net, uint64_t iova)
{
	return push(&net->receiving, &(struct e1000e_descriptor){.address = iova});
}

int e1000e_receive(struct e1000e *net, struct e1000e_frame *ret)
{
	struct e1000e_ring *ring = &net->receiving;
	const struct e1000e_descriptor *oldest = &ring->descriptors[ring->clean];
	int r = net->eventfd < 0 ? await_oldest(net, ring) : await_announced(net);

	if (r < 0)
		return r;
	*ret = (struct e1000e_frame){ring->given[ring->clean], oldest->length};
	r = oldest->errors || !(oldest->status & END_OF_PACKET) ? -EIO : 0;
	ring->clean = (ring->clean + 1) % ENTRIES;
	net->announced = oldest_is_done(ring);
	return r;
}

int e1000e_send(struct e1000e *net, uint64_t iova, uint32_t length)
{
	const struct e1000e_descriptor descriptor = {
		.address = iova,
		.length = (uint16_t)length,
		.command = END_OF_FRAME | INSERT_CHECKSUM | REPORT_STATUS,
	};
	struct e1000e_ring *ring = &net->sending;

	while (oldest_is_done(ring))
		ring->clean = (ring->clean + 1) % ENTRIES;
	return push(ring, &descriptor);
}

int e1000e_flush(struct e1000e *net)
{
	struct e1000e_ring *ring = &net->sending;

	while (ring->clean != ring->tail) {
		int r = await_oldest(net, ring);

		if (r < 0)
			return r;
		ring->clean = (ring->clean + 1) % ENTRIES;
	}
	return 0;
}
