/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the disk of the nvme suites: its address spaces, their guards, what is on it. */
#include "disk.h"

#include <stdlib.h>
#include <string.h>

#define CANARY_IOVA 0x18000000ULL
#define TARGET_IOVA 0x20000000ULL

uint64_t slot_iova(unsigned slot)
{
	return TARGET_IOVA + slot * STRIDE + PAGE;
}

uint8_t *slot_memory(struct disk *d, int space, unsigned slot)
{
	return d->spaces[space].target + slot * STRIDE + PAGE;
}

void fill_units(struct disk *d, uint32_t seed)
{
	for (uint32_t unit = 0; unit < UNITS; unit++)
		for (uint32_t i = 0; i < UNIT; i += 4)
			*(uint32_t *)(d->units[unit] + i) =
				(seed * UNITS * UNIT + unit * UNIT + i + 1) * 0x9e3779b1u;
}

static void create_space(struct disk *d, struct space *space)
{
	assert_ok(libiommufd_ioas_create(d->ctx, NULL, &space->ioas));
	space->canary = bench_memory(PAGE);
	space->target = bench_memory(TARGET);
	memset(space->canary, GUARD, PAGE);
	memset(space->target, GUARD, TARGET);
	assert_ok(libiommufd_ioas_map_at(space->ioas, d->queues, NVME_MEMORY, BOTH, QUEUES_IOVA));
	assert_ok(libiommufd_ioas_map_at(space->ioas, space->canary, PAGE, BOTH, CANARY_IOVA));
	for (unsigned slot = 0; slot < SLOTS; slot++) {
		uint8_t *memory = space->target + slot * STRIDE + PAGE;

		memset(memory, EMPTY, UNIT);
		assert_ok(libiommufd_ioas_map_at(space->ioas, memory, UNIT, BOTH, slot_iova(slot)));
	}
}

void take_device(struct disk *d)
{
	assert_ok(libiommufd_device_open(d->ctx, bench_name("NVME0"), NULL, &d->dev));
	assert_ok(libiommufd_device_bind(d->dev, NULL));
	assert_ok(libiommufd_device_attach(d->dev, d->spaces[OLD].ioas));
	assert_int_equal(nvme_start(&d->nvme, d->dev, d->queues, QUEUES_IOVA), 0);
}

void release_device(struct disk *d)
{
	assert_int_equal(nvme_stop(&d->nvme), 0);
	assert_ok(libiommufd_device_close(d->dev, 0));
	d->dev = NULL;
}

int disk_setup(void **state)
{
	struct disk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	*state = d;
	assert_ok(libiommufd_ctx_open(NULL, &d->ctx));
	d->native = libiommufd_ctx_get_backend(d->ctx) == LIBIOMMUFD_BACKEND_NATIVE;
	d->queues = bench_memory(NVME_MEMORY);
	for (int i = 0; i < 3; i++)
		create_space(d, &d->spaces[i]);
	take_device(d);
	return 0;
}

int disk_setup_polling(void **state)
{
	struct disk *d;

	disk_setup(state);
	d = *state;
	assert_int_equal(nvme_create_queues(&d->nvme, false), 0);
	return 0;
}

int disk_teardown(void **state)
{
	struct disk *d = *state;
	int r;

	nvme_stop(&d->nvme);
	r = libiommufd_device_close(d->dev, LIBIOMMUFD_CLOSE_FORCE);
	for (int i = 0; i < 3; i++)
		r |= libiommufd_ioas_destroy(d->spaces[i].ioas);
	libiommufd_ctx_unref(d->ctx);
	/* The memory goes with the process. */
	free(d);
	return r;
}

void write_units(struct disk *d, uint32_t seed)
{
	fill_units(d, seed);
	for (unsigned unit = 0; unit < UNITS; unit++) {
		memcpy(slot_memory(d, OLD, 0), d->units[unit], UNIT);
		assert_int_equal(nvme_write(&d->nvme, unit * UNIT_BLOCKS, UNIT_BLOCKS,
					    slot_iova(0)),
				 0);
	}
	memset(slot_memory(d, OLD, 0), EMPTY, UNIT);
}

static void assert_all(const uint8_t *memory, uint8_t byte, size_t length)
{
	if (memory[0] == byte && !memcmp(memory, memory + 1, length - 1))
		return;
	fail_msg("%zu bytes should all be 0x%x and are not", length, byte);
}

void assert_guards_are_clean(struct disk *d)
{
	for (int i = 0; i < 3; i++) {
		assert_all(d->spaces[i].canary, GUARD, PAGE);
		for (unsigned slot = 0; slot < SLOTS; slot++) {
			assert_all(slot_memory(d, i, slot) - PAGE, GUARD, PAGE);
			assert_all(slot_memory(d, i, slot) + UNIT, GUARD, PAGE);
		}
	}
	for (unsigned slot = 0; slot < SLOTS; slot++)
		assert_all(slot_memory(d, STRANGER, slot), EMPTY, UNIT);
}
