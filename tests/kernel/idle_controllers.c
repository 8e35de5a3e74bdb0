/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns what an xHCI and an AHCI that no driver has are told to do, by their registers: to write to memory. The xHCI reads
 * there, too.
 */
#include "idle.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	BYTES = 0x4000,
};

/* The registers, with memory and bus mastering on. */
static volatile uint8_t *registers(const char *variable, const char *resource, size_t bytes)
{
	uint16_t command = 0;
	int fd = must(open(device_file(variable, "config"), O_RDWR | O_CLOEXEC));
	void *regs;

	must((int)pread(fd, &command, 2, 4));
	command |= 6;
	must((int)pwrite(fd, &command, 2, 4));
	close(fd);
	fd = must(open(device_file(variable, resource), O_RDWR | O_CLOEXEC));
	regs = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (regs == MAP_FAILED)
		die("%s: %s", resource, result_name(-errno));
	close(fd);
	return regs;
}

static void put(volatile uint8_t *regs, uint32_t reg, uint32_t value)
{
	*(volatile uint32_t *)(regs + reg) = value;
}

static void put_address(volatile uint8_t *regs, uint32_t reg, uint64_t value)
{
	put(regs, reg, (uint32_t)value);
	put(regs, reg + 4, (uint32_t)(value >> 32));
}

static uint32_t get(volatile uint8_t *regs, uint32_t reg)
{
	return *(volatile uint32_t *)(regs + reg);
}

/* ---- xHCI ---- */

enum {
	COMMANDS = 0,     /* in the memory that it is given: the ring of commands */
	SEGMENTS = 0x400, /* the table of the rings of events, with one */
	EVENTS = 0x800,
	CONTEXTS = 0xc00,
	RING_LENGTH = 16,
	TYPE_NOOP = 23,
	TYPE_DONE = 33,
};

/* A command that does nothing is fetched from memory, and an event says there that it was. */
bool xhci_reaches(const char *variable, uint64_t at, uint8_t *memory)
{
	volatile uint8_t *regs = registers(variable, "resource0", BYTES);
	uint32_t own = get(regs, 0) & 0xff, doorbells = get(regs, 0x14), interrupter;
	volatile uint32_t *event = (uint32_t *)(memory + EVENTS);

	interrupter = get(regs, 0x18) + 0x20;
	memset(memory, 0, PAGE);
	*(uint32_t *)(memory + COMMANDS + 12) = TYPE_NOOP << 10 | 1;
	*(uint64_t *)(memory + SEGMENTS) = at + EVENTS;
	*(uint32_t *)(memory + SEGMENTS + 8) = RING_LENGTH;
	put(regs, own, 2); /* reset */
	put_address(regs, own + 0x18, (at + COMMANDS) | 1);
	put_address(regs, own + 0x30, at + CONTEXTS);
	put(regs, interrupter + 8, 1);
	put_address(regs, interrupter + 0x18, at + EVENTS);
	put_address(regs, interrupter + 0x10, at + SEGMENTS);
	put(regs, own, 1); /* run */
	put(regs, doorbells, 0);
	for (int waited = 0; waited < 100 && !event[3]; waited++)
		usleep(1000);
	munmap((void *)regs, BYTES);
	return (event[3] >> 10 & 0x3f) == TYPE_DONE;
}

/* ---- AHCI, with a drive on its first port ---- */

enum {
	AHCI_BYTES = 0x1000,
	CONTROL = 0x4, /* of all */
	RESET = 1,
	AHCI_ON = 1u << 31,
	FIS_BASE = 0x108, /* of the first port */
	COMMAND = 0x118,
	FIS_RECEIVE = 1 << 4,
	FIS_OF_REGISTERS = 0x40, /* in what a port receives */
	TYPE_OF_REGISTERS = 0x34,
};

/* What the drive says of itself after a reset comes as soon as the port may receive. */
bool ahci_reaches(const char *variable, uint64_t at, uint8_t *memory)
{
	volatile uint8_t *regs = registers(variable, "resource5", AHCI_BYTES);
	volatile uint8_t *type = memory + FIS_OF_REGISTERS;

	memset(memory, 0, PAGE);
	put(regs, CONTROL, RESET);
	put(regs, CONTROL, AHCI_ON);
	put_address(regs, FIS_BASE, at);
	put(regs, COMMAND, FIS_RECEIVE);
	for (int waited = 0; waited < 100 && !*type; waited++)
		usleep(1000);
	put(regs, COMMAND, 0);
	munmap((void *)regs, AHCI_BYTES);
	return *type == TYPE_OF_REGISTERS;
}
