/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the devices that stay in the default domain, because what does DMA there has no driver that would tell. Those that
 * can be told to do DMA do it.
 */
#include "idle.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Of QEMU's q35. */
#define LPC_BRIDGE  "0000:00:1f.0"
#define HOST_BRIDGE "0000:00:00.0"

static bool blocked;
static uint8_t *page;

static void state_is(const char *address, bool exempt, const char *name)
{
	char path[128];
	const char *state, *wanted = exempt || !blocked ? "kernel " : "blocked";

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group/dma_state", address);
	state = sysfs_line(path);
	result((!state[0] && !blocked) || !strncmp(state, wanted, strlen(wanted)), name, state);
}

static void reach_is(const char *variable, bool exempt,
		     bool (*reaches)(const char *variable, uint64_t at, uint8_t *memory),
		     const char *name)
{
	bool reached = reaches(variable, physical(page), page);

	state_is(lab_name(variable), exempt, name);
	result(reached == (exempt || !blocked), name,
	       reached ? "it reaches memory" : "it reaches no memory");
}

/* Opened and closed again. */
static void used(const char *variable)
{
	int iommu = iommu_open(), dev = cdev_open(variable);
	uint32_t id;

	must(cdev_bind(dev, iommu, &id));
	close(dev);
	close(iommu);
}

/*
 * A device that was removed is still there, and does what it is told. Behind a conventional bridge it does it in the name of the
 * bridge, which stays.
 */
static void removed_behind_bridge(const char *variable)
{
	char *path = realpath(device_file(variable, ".."), NULL), bridge[32];
	struct edu edu = {0};
	bool written;

	if (!path)
		die("%s is nowhere", variable);
	snprintf(bridge, sizeof(bridge), "%s", strrchr(path, '/') + 1);
	free(path);
	let_through(variable);
	idle_edu(variable, "behind a conventional bridge");
	edu_use_removed(&edu, variable);
	must(write_word(device_file(variable, "remove"), "1"));
	state_is(bridge, false, "a conventional bridge alone");
	written = edu_writes(&edu, physical(page), page);
	/* Kernels forget what the bridge may reach when they let go of what is behind it, or do not: the control tells nothing. */
	if (blocked)
		result(!written, "what is behind it still",
		       written ? "memory was written" : "memory was not written");
	munmap((void *)edu.regs, 1 << 20);
}

/* The kernel finds the boot's display as it was then; it is not. */
static void display_again(void)
{
	uint16_t command = 0;
	int fd = must(open(device_file("VGA0", "config"), O_RDWR | O_CLOEXEC));

	must((int)pread(fd, &command, 2, 4));
	command |= 3;
	must((int)pwrite(fd, &command, 2, 4));
	close(fd);
	must(write_word(device_file("VGA0", "remove"), "1"));
	must(write_word("/sys/bus/pci/rescan", "1"));
	state_is(lab_name("VGA0"), false, "plugged in again");
}

void idle_exempt(bool is_blocked)
{
	bool console = strstr(sysfs_line("/proc/cmdline"), "earlyprintk=xdbc");

	blocked = is_blocked;
	page = memory_new(PAGE);
	must(mlock(page, PAGE));
	state_is(LPC_BRIDGE, true, "the bridge to ISA devices");
	/* Of the same group: what is behind the one cannot be told from it. */
	reach_is("AHCI0", true, ahci_reaches, "the disk controller beside it");
	state_is(HOST_BRIDGE, true, "a bridge alone");
	if (lab_has("VGA1")) {
		result(!strcmp(sysfs_line(device_file("VGA0", "boot_vga")), "1") &&
			       !strcmp(sysfs_line(device_file("VGA1", "boot_vga")), "0"),
		       "the first display is the boot's", "");
		state_is(lab_name("VGA0"), true, "the display of the boot");
		state_is(lab_name("VGA1"), false, "the other display");
	}
	if (lab_has("USB0"))
		reach_is("USB0", console, xhci_reaches,
			 console ? "a USB controller that may be a console" : "a USB controller");
	if (lab_has("VGA1")) {
		must(system("modprobe -q vfio-pci"));
		must(driver_give("VGA0", "vfio-pci"));
		state_is(lab_name("VGA0"), true, "it has not been opened yet");
		used("VGA0");
		state_is(lab_name("VGA0"), false, "someone has driven it");
		must(driver_give("VGA0", ""));
		state_is(lab_name("VGA0"), false, "off its driver");
		display_again();
	}
	/* What is next to them is not exempt. */
	idle_edu("EDU0", "an edu");
	if (lab_has("FAKE1")) {
		must(driver_give("FAKE0", ""));
		must(driver_give("FAKE1", ""));
		state_is(lab_name("FAKE0"), false, "what says it is a bridge to ISA devices");
		idle_edu("EDU1", "an edu beside it");
		/* VT-d's driver gives ISA bridges the first 16 MiB, in which a page of ours need not be. */
		const char *regions =
			sysfs_line(device_file("EDU1", "iommu_group/reserved_regions"));
		result(!blocked || !strstr(regions, "direct"), "it has no memory of ISA devices",
		       strstr(regions, "direct") ? "it has" : "");
		state_is(lab_name("FAKE1"), false, "what says it is a bridge");
	}
	if (lab_has("EDU2"))
		removed_behind_bridge("EDU2");
	must(write_word("/sys/bus/pci/devices/" LPC_BRIDGE "/remove", "1"));
	reach_is("AHCI0", false, ahci_reaches, "the disk controller alone");
}
