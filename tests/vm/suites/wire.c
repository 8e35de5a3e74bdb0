/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the two sides of wire.h, and what is in a frame. */
#include "wire.h"

#include <stdlib.h>
#include <string.h>

static uint32_t frames;

uint64_t wire_slot_iova(unsigned slot)
{
	return WIRE_SLOT + slot * WIRE_STRIDE + PAGE;
}

uint8_t *wire_slot_memory(const struct side *side, unsigned slot)
{
	return side->target + slot * WIRE_STRIDE + PAGE;
}

/* ---- Fixture ---- */

void wire_map_slots(struct side *side)
{
	memset(side->target, WIRE_EMPTY, WIRE_TARGET);
	for (unsigned slot = 0; slot < WIRE_SLOTS; slot++)
		assert_ok(libiommufd_ioas_map_at(side->ioas, wire_slot_memory(side, slot), PAGE,
						 LIBIOMMUFD_WRITE, wire_slot_iova(slot)));
}

static void create_side(struct wire *w, int n)
{
	struct side *side = &w->sides[n];

	side->net.eventfd = -1;
	side->rings = bench_memory(E1000E_MEMORY);
	side->source = bench_memory(WIRE_SLOTS * PAGE);
	side->target = bench_memory(WIRE_TARGET);
	assert_ok(libiommufd_ioas_create(w->ctx, NULL, &side->ioas));
	assert_ok(libiommufd_ioas_map_at(side->ioas, side->rings, E1000E_MEMORY, BOTH, WIRE_RINGS));
	assert_ok(libiommufd_ioas_map_at(side->ioas, side->source, WIRE_SLOTS * PAGE,
					 LIBIOMMUFD_READ, WIRE_SOURCE));
	wire_map_slots(side);
	assert_ok(libiommufd_device_open(w->ctx, bench_name(n ? "NET1" : "NET0"), NULL,
					 &side->dev));
	assert_ok(libiommufd_device_bind(side->dev, NULL));
	assert_ok(libiommufd_device_attach(side->dev, side->ioas));
	assert_int_equal(e1000e_start(&side->net, side->dev, side->rings, WIRE_RINGS), 0);
}

int wire_setup(void **state)
{
	struct wire *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	*state = w;
	assert_ok(libiommufd_ctx_open(NULL, &w->ctx));
	create_side(w, A);
	create_side(w, B);
	return 0;
}

int wire_teardown(void **state)
{
	struct wire *w = *state;
	int r = 0;

	for (int n = A; n <= B; n++) {
		r |= e1000e_stop(&w->sides[n].net);
		r |= libiommufd_device_close(w->sides[n].dev, LIBIOMMUFD_CLOSE_FORCE);
		r |= libiommufd_ioas_destroy(w->sides[n].ioas);
	}
	libiommufd_ctx_unref(w->ctx);
	/* The memory goes with the process. */
	free(w);
	return r;
}

/* ---- Frames ---- */

struct sent wire_frame(struct side *from, struct side *to, unsigned slot, uint32_t length)
{
	return (struct sent){from, to, slot, frames++, length};
}

void wire_make(const struct sent *sent, uint8_t *frame)
{
	uint32_t word = (sent->number + 1) * 0x9e3779b1u;

	memcpy(frame, sent->to->net.address, 6);
	memcpy(frame + 6, sent->from->net.address, 6);
	frame[12] = 0x88; /* a type that is free for experiments */
	frame[13] = 0xb5;
	memcpy(frame + 14, &sent->number, 4);
	for (uint32_t at = 18; at < sent->length; at++) {
		word ^= word << 13;
		word ^= word >> 17;
		word ^= word << 5;
		frame[at] = word >> 24;
	}
}

void wire_give(struct side *to, unsigned slot)
{
	assert_int_equal(e1000e_give(&to->net, wire_slot_iova(slot) + WIRE_INSIDE), 0);
}

struct sent wire_send(struct side *from, struct side *to, unsigned slot, uint32_t length)
{
	struct sent sent = wire_frame(from, to, slot, length);

	wire_make(&sent, from->source + slot * PAGE);
	assert_int_equal(e1000e_send(&from->net, WIRE_SOURCE + slot * PAGE, length), 0);
	return sent;
}

void wire_expect_at(const struct sent *sent, uint64_t iova)
{
	struct e1000e_frame got;

	assert_int_equal(e1000e_receive(&sent->to->net, &got), 0);
	assert_int_equal(got.iova, iova);
	assert_int_equal(got.length, sent->length);
}

void wire_take(const struct sent *sent, uint8_t *page)
{
	uint8_t expected[PAGE];

	memset(expected, WIRE_EMPTY, PAGE);
	wire_make(sent, expected + WIRE_INSIDE);
	assert_memory_equal(page, expected, PAGE);
	memset(page, WIRE_EMPTY, PAGE);
}

void wire_expect(const struct sent *sent)
{
	wire_expect_at(sent, wire_slot_iova(sent->slot) + WIRE_INSIDE);
	wire_take(sent, wire_slot_memory(sent->to, sent->slot));
}

void wire_pass(struct side *from, struct side *to, unsigned slot, uint32_t length)
{
	struct sent sent;

	wire_give(to, slot);
	sent = wire_send(from, to, slot, length);
	wire_expect(&sent);
}

void wire_assert_empty(const uint8_t *memory, size_t length)
{
	if (memory[0] == WIRE_EMPTY && !memcmp(memory, memory + 1, length - 1))
		return;
	fail_msg("something wrote to %zu bytes that nothing should reach", length);
}

void wire_assert_clean(const struct wire *w)
{
	for (int n = A; n <= B; n++)
		wire_assert_empty(w->sides[n].target, WIRE_TARGET);
}
