/* SPDX-License-Identifier: MIT */
/*
 * What a device can do that nobody drives: QEMU's "edu" is told to copy one page of this program onto another, by
 * their physical addresses, which no one gave it. As root, for a device without a driver, on a machine whose memory
 * may be overwritten. Uses sysfs alone, neither vfio nor the library.
 *
 *   idle ADDRESS
 *
 * Ends with 0 if the device copied the page, with 1 if it did not, with 2 if that could not be tried.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	LENGTH = 1024, /* of the page; the device takes less than 4096 at a time */
	REGISTERS = 1 << 20,
	SOURCE = 0x80,
	TARGET = 0x88,
	COUNT = 0x90,
	COMMAND = 0x98, /* 1: start; 2: from the device to memory; clears itself */
	MEMORY = 0x40000,
	PCI_COMMAND = 4,
	MEMORY_SPACE = 2, /* registers answer */
	BUS_MASTER = 4,   /* DMA leaves the device */
};

static const char *address;

static void give_up(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", address, what, errno ? strerror(errno) : "not as expected");
	exit(2);
}

static int open_file(const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", address, name);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		give_up(name);
	return fd;
}

/* Only what belongs to nobody, and only the device that these registers are of. */
static void check_device(int config)
{
	char path[160];
	uint32_t id = 0;

	if (pread(config, &id, sizeof(id), 0) != sizeof(id) || id != 0x11e81234)
		give_up("it should be an edu, 1234:11e8");
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", address);
	errno = 0;
	if (access(path, F_OK) == 0)
		give_up("it should have no driver");
}

static uint16_t set_command(int config, uint16_t command)
{
	uint16_t before = 0;

	if (pread(config, &before, sizeof(before), PCI_COMMAND) != sizeof(before) ||
	    pwrite(config, &command, sizeof(command), PCI_COMMAND) != sizeof(command))
		give_up("config");
	return before;
}

static uint8_t *new_page(void)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);

	if (page == MAP_FAILED)
		give_up("a page of memory");
	return page;
}

static uint64_t physical(const void *page)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, &entry, sizeof(entry),
			    (off_t)((uintptr_t)page / PAGE * sizeof(entry))) != sizeof(entry))
		give_up("/proc/self/pagemap");
	close(fd);
	/* Without the privilege the number of the page reads as 0. */
	errno = 0;
	if (!(entry & ((1ULL << 55) - 1)))
		give_up("/proc/self/pagemap");
	return (entry & ((1ULL << 55) - 1)) * PAGE;
}

static void run(volatile uint8_t *regs, uint64_t source, uint64_t target, uint32_t command)
{
	*(volatile uint64_t *)(regs + SOURCE) = source;
	*(volatile uint64_t *)(regs + TARGET) = target;
	*(volatile uint64_t *)(regs + COUNT) = LENGTH;
	*(volatile uint32_t *)(regs + COMMAND) = command;
	while (*(volatile uint32_t *)(regs + COMMAND) & 1)
		usleep(1000);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: idle ADDRESS\n");
		return 2;
	}
	address = argv[1];
	int config = open_file("config"), bar = open_file("resource0");
	check_device(config);
	void *regs = mmap(NULL, REGISTERS, PROT_READ | PROT_WRITE, MAP_SHARED, bar, 0);
	if (regs == MAP_FAILED)
		give_up("resource0");
	close(bar);

	uint8_t *secret = new_page(), *other = new_page();
	for (int i = 0; i < LENGTH; i++)
		secret[i] = (uint8_t)(i * 7 + i / 256 + 1);
	uint64_t from = physical(secret), to = physical(other);
	uint16_t before = set_command(config, MEMORY_SPACE | BUS_MASTER);
	run(regs, from, MEMORY, 1);
	run(regs, MEMORY, to, 3);
	set_command(config, before);

	int copied = !memcmp(other, secret, LENGTH), touched = 0;
	for (int i = 0; i < PAGE; i++)
		touched |= other[i];
	printf(copied    ? "It read the page at 0x%llx, and overwrote the one at 0x%llx with it.\n"
	       : touched ? "It did not read the page at 0x%llx, and overwrote the one at 0x%llx.\n"
			 : "It could not copy the page at 0x%llx onto the one at 0x%llx.\n",
	       (unsigned long long)from, (unsigned long long)to);
	return copied ? 0 : touched ? 2 : 1;
}
