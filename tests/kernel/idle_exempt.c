/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the devices that stay in the default domain, because what does DMA there has no driver that would tell. */
#include "idle.h"

#include <stdio.h>
#include <string.h>

/* Of QEMU's q35. Its group has the disk controller and the SMBus, too. */
#define LPC_BRIDGE  "0000:00:1f.0"
#define HOST_BRIDGE "0000:00:00.0"

static void state_is(const char *address, const char *wanted, const char *name)
{
	char path[128];
	const char *state;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group/dma_state", address);
	state = sysfs_line(path);
	result(!strncmp(state, wanted, strlen(wanted)), name, state);
}

void idle_exempt(void)
{
	bool console = strstr(sysfs_line("/proc/cmdline"), "earlyprintk=xdbc");

	state_is(LPC_BRIDGE, "kernel ", "the bridge to ISA devices");
	state_is(HOST_BRIDGE, "kernel ", "a bridge alone");
	if (lab_has("VGA1")) {
		result(!strcmp(sysfs_line(device_file("VGA0", "boot_vga")), "1") &&
			       !strcmp(sysfs_line(device_file("VGA1", "boot_vga")), "0"),
		       "the first display is the boot's", "");
		state_is(lab_name("VGA0"), "kernel ", "the display of the boot");
		state_is(lab_name("VGA1"), "blocked", "the other display");
	}
	if (lab_has("USB0"))
		state_is(lab_name("USB0"), console ? "kernel " : "blocked",
			 console ? "a USB controller that may be a console" : "a USB controller");
	/* What is next to them is not exempt. */
	state_is(lab_name("EDU0"), "blocked", "an edu");
}
