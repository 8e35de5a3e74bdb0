/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns what an xHCI, an AHCI and an NVMe that no driver has are told to do, by their registers: to write to memory. All but
 * the AHCI read there, too.
 */
#include "idle.h"

#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	BYTES = 0x4000,
};

/* The registers, with memory and bus mastering on. */
static volatile uint8_t *registers(const char *variable, const char *dir, int bar, size_t bytes)
{
	char config[64], resource[64];
	uint16_t command = 0;
	void *regs;

	snprintf(config, sizeof(config), "%s/config", dir);
	snprintf(resource, sizeof(resource), "%s/resource%d", dir, bar);
	int fd = must(open(device_file(variable, config), O_RDWR | O_CLOEXEC));
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
	volatile uint8_t *regs = registers(variable, ".", 0, BYTES);
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
	volatile uint8_t *regs = registers(variable, ".", 5, AHCI_BYTES);
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

/* ---- NVMe: a virtual function ---- */

enum {
	NVME_BYTES = 0x2000,
	CONFIGURATION = 0x14,
	STATUS = 0x1c,
	QUEUE_SIZES = 0x24,
	QUEUE = 0x28,
	ANSWERS = 0x30,
	DOORBELL = 0x1000,
	READY = 1,
	ENABLED = 4 << 20 | 6 << 16 | 1, /* entries of 16 and 64 bytes */
	IDENTIFY = 6,
	MANAGE = 0x1c,
	/* Controllers, resources and actions of that. */
	PRIMARY = 0,
	SECONDARY = 1,
	QUEUES = 0,
	INTERRUPTS = 1,
	TO_PRIMARY = 1,
	TO_SECONDARY = 8,
	ONLINE = 9,
};

/* The driver of the physical function has it give resources to a controller, or switch it on. */
static void manage(const char *variable, int controller, int resource, int action, int count)
{
	struct nvme_admin_cmd command = {
		.opcode = MANAGE,
		.cdw10 = (uint32_t)(controller << 16 | resource << 8 | action),
		.cdw11 = (uint32_t)count,
	};
	char path[300];
	int fd = -1;

	snprintf(path, sizeof(path), "%s/nvme*", device_file(variable, "nvme"));
	snprintf(path, sizeof(path), "/dev/%s", appears(path));
	/* It is there before the controller is ready. */
	for (int waited = 0; fd < 0 && waited < 5000; waited++) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			usleep(1000);
	}
	must(ioctl(fd, NVME_IOCTL_ADMIN_CMD, &command));
	close(fd);
}

void nvme_makes_function(const char *variable)
{
	manage(variable, PRIMARY, INTERRUPTS, TO_PRIMARY, 0);
	manage(variable, PRIMARY, QUEUES, TO_PRIMARY, 0);
	must(write_word(device_file(variable, "nvme/nvme0/reset_controller"), "1"));
	must(write_word(device_file(variable, "sriov_drivers_autoprobe"), "0"));
	must(write_word(device_file(variable, "sriov_numvfs"), "1"));
	manage(variable, SECONDARY, INTERRUPTS, TO_SECONDARY, 1);
	manage(variable, SECONDARY, QUEUES, TO_SECONDARY, 2);
	manage(variable, SECONDARY, 0, ONLINE, 0);
}

bool nvme_reaches(const char *variable, const char *dir)
{
	volatile uint8_t *regs = registers(variable, dir, 0, NVME_BYTES);
	/* A queue, its answers, and what the controller says of itself. */
	uint8_t *queue = memory_new(PAGE), *answers = memory_new(PAGE), *data = memory_new(PAGE);
	volatile uint32_t *answer = (uint32_t *)(answers + 12);
	bool good = false;

	must(mlock(queue, PAGE));
	must(mlock(answers, PAGE));
	must(mlock(data, PAGE));
	memset(queue, 0, PAGE);
	memset(answers, 0, PAGE);
	memset(data, 0, PAGE);
	queue[0] = IDENTIFY;
	*(uint64_t *)(queue + 24) = physical(data);
	queue[40] = 1; /* the controller */
	put(regs, CONFIGURATION, 0);
	put(regs, QUEUE_SIZES, 15 << 16 | 15);
	put_address(regs, QUEUE, physical(queue));
	put_address(regs, ANSWERS, physical(answers));
	put(regs, CONFIGURATION, ENABLED);
	for (int waited = 0; waited < 100 && !(get(regs, STATUS) & READY); waited++)
		usleep(1000);
	if (!(get(regs, STATUS) & READY))
		die("the virtual function is not ready: %#x", get(regs, STATUS));
	put(regs, DOORBELL, 1);
	for (int waited = 0; waited < 100 && !*answer; waited++)
		usleep(1000);
	for (int i = 0; i < PAGE; i++)
		good |= data[i];
	good = good && *answer;
	put(regs, CONFIGURATION, 0);
	munmap((void *)regs, NVME_BYTES);
	munmap(queue, PAGE);
	munmap(answers, PAGE);
	munmap(data, PAGE);
	return good;
}
