/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two ends of a network: a device with an address space of its own at each, and frames between them.
 *
 * Both spaces map the same addresses, each to memory of its own. Buffers to receive into, the slots, lie
 * between guard pages that no space maps, and begin and end inside their page. Memory that no frame was
 * meant for stays empty.
 */
#ifndef SUITES_WIRE_H
#define SUITES_WIRE_H

#include "devices.h"
#include "e1000e.h"

enum {
	A,
	B,
	WIRE_SLOTS = 32,
	WIRE_STRIDE = 2 * PAGE, /* a slot and the guard page after it */
	WIRE_TARGET = WIRE_SLOTS * WIRE_STRIDE + PAGE,
	WIRE_INSIDE = 1000, /* where in its page a buffer begins */
	WIRE_EMPTY = 0xee,
};

#define WIRE_RINGS  0x10000000ULL
#define WIRE_SOURCE 0x20000000ULL /* a page to send from for each slot; the device may only read */
#define WIRE_SLOT   0x30000000ULL /* the slots; the device may only write */
#define WIRE_EXTRA  0x40000000ULL /* free for a test */

struct side {
	struct libiommufd_ioas *ioas;
	struct libiommufd_device *dev;
	struct e1000e net;
	uint8_t *rings, *source, *target;
};

struct wire {
	struct libiommufd_ctx *ctx;
	struct side sides[2];
};

/* A frame on its way. Its number says what is in it, and no other one of this program has the same. */
struct sent {
	struct side *from, *to;
	unsigned slot; /* of the source and of the target */
	uint32_t number;
	uint32_t length;
};

/* Both devices started, attached to their spaces, and without buffers. */
int wire_setup(void **state);
int wire_teardown(void **state);

uint64_t wire_slot_iova(unsigned slot);
uint8_t *wire_slot_memory(const struct side *side, unsigned slot);
/* Empty the target, and map its slots in the space. */
void wire_map_slots(struct side *side);

/* A new frame, sent by nobody yet; and what is in it. */
struct sent wire_frame(struct side *from, struct side *to, unsigned slot, uint32_t length);
void wire_make(const struct sent *sent, uint8_t *frame);

/* Give a slot's buffer to a device. */
void wire_give(struct side *to, unsigned slot);
struct sent wire_send(struct side *from, struct side *to, unsigned slot, uint32_t length);
/* The device says that it put a frame of that length there. */
void wire_expect_at(const struct sent *sent, uint64_t iova);
/* A page has the frame where a buffer begins, and nothing else; it is empty then. */
void wire_take(const struct sent *sent, uint8_t *page);
/* Both, for the slot that was given. */
void wire_expect(const struct sent *sent);
/* Give, send, expect. */
void wire_pass(struct side *from, struct side *to, unsigned slot, uint32_t length);

void wire_assert_empty(const uint8_t *memory, size_t length);
/* All slots are empty, and the guard pages as they were. */
void wire_assert_clean(const struct wire *w);

#endif
