/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns boots of another kernel: one that takes over when this one dies, and one that this one starts. The same program
 * runs in both.
 */
#include "idle.h"

#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define AGAIN " lab.again" /* a parameter of the second kernel */

static bool second_kernel(void)
{
	return strstr(sysfs_line("/proc/cmdline"), AGAIN);
}

/* The same image, initramfs and command line. */
static void load(unsigned long flags)
{
	char line[2048];
	int image = must(open(getenv("LAB_IMAGE"), O_RDONLY | O_CLOEXEC)),
	    initramfs = must(open(getenv("LAB_INITRAMFS"), O_RDONLY | O_CLOEXEC));

	snprintf(line, sizeof(line), "%s%s", sysfs_line("/proc/cmdline"), AGAIN);
	if (syscall(SYS_kexec_file_load, image, initramfs, strlen(line) + 1, line, flags) < 0)
		die("kexec_file_load: %s", result_name(-errno));
	close(image);
	close(initramfs);
}

static bool log_has(const char *text)
{
	char command[200];

	snprintf(command, sizeof(command), "dmesg | grep -q '%s'", text);
	return system(command) == 0;
}

#define SAYS "DMA of devices without a driver and a user is blocked"

/* The second kernel counts, and knows nothing of the first. */
static void needs(bool good, const char *what)
{
	if (!good)
		die("the first kernel: not %s", what);
	printf("the first kernel %s\n", what);
	fflush(stdout);
}

/* The disk is being read when the kernel dies. */
static void crash(bool blocked)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	needs(log_has(SAYS) == blocked, blocked ? "blocks" : "does not block");
	must(driver_give("NVME0", "nvme"));
	needs(idle_works("NVME0"), "has a disk");
	load(KEXEC_FILE_ON_CRASH);
	if (must(fork()) == 0) {
		while (idle_works("NVME0"))
			;
		_exit(1);
	}
	usleep(100000);
	/* The other kernel starts on the processor that this one died on. */
	must(sched_setaffinity(0, sizeof(first), &first));
	must(write_word("/proc/sysrq-trigger", "c"));
	die("still alive");
}

static void crashed(bool blocked)
{
	result(strstr(sysfs_line("/proc/cmdline"), "elfcorehdr=") != NULL, "a kdump kernel", "");
	if (blocked)
		result(strstr(sysfs_line("/proc/cmdline"), "iommu.block_idle=1") && !log_has(SAYS),
		       "it does not block", "");
	result(log_has("trying to copy translation structures"),
	       "it found the IOMMU as the other left it", "");
	result(!blocked || !strncmp(dma_state("EDU0"), "kernel ", 7), "its state says so",
	       dma_state("EDU0"));
	for (int i = 0; i < 3; i++) {
		must(driver_give("NVME0", "nvme"));
		result(idle_works("NVME0"), "nvme works", dma_state("NVME0"));
		must(driver_give("NVME0", ""));
		result(!blocked || !strncmp(dma_state("NVME0"), "kernel ", 7), "nvme unbound",
		       dma_state("NVME0"));
	}
	if (system("modprobe -q edu_dma") == 0) {
		must(driver_give("EDU0", "edu_dma"));
		result(!strcmp(sysfs_line(device_file("EDU0", "dma")), "1"),
		       "a device that was blocked works on its driver", dma_state("EDU0"));
		must(driver_give("EDU0", ""));
	}
}

void idle_crash(bool blocked)
{
	second_kernel() ? crashed(blocked) : crash(blocked);
}

void idle_kexec(bool blocked, void (*moments)(void))
{
	if (second_kernel()) {
		moments();
		return;
	}
	needs(log_has(SAYS) == blocked, blocked ? "blocks" : "does not block");
	load(0);
	sync();
	must((int)syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			  LINUX_REBOOT_CMD_KEXEC, NULL));
}
