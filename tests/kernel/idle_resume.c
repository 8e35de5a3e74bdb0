/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the sleep of the machine: its memory keeps the tables, and its IOMMU and devices forget all they knew. Wants EDU0,
 * EDU1 and NVME0, and to be run by resume-guest.sh: afterwards no file of the host can be reached.
 */
#include "idle.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	SPACE = 0x4000000, /* where the page is in the address space */
	SLEEP = 2,         /* seconds */
};

/* The second alarm comes at once: what counts is that it slept at all. */
static void sleeps(void)
{
	int before = atoi(sysfs_line("/sys/power/suspend_stats/success")), after, r;
	char detail[80], wake[16];

	if (!strstr(sysfs_line("/sys/power/mem_sleep"), "[deep]"))
		die("the machine cannot be suspended to memory");
	snprintf(wake, sizeof(wake), "+%d", SLEEP);
	must(write_word("/sys/class/rtc/rtc0/wakealarm", wake));
	r = write_word("/sys/power/state", "mem");
	after = atoi(sysfs_line("/sys/power/suspend_stats/success"));
	snprintf(detail, sizeof(detail), "%s, %d times so far", result_name(r), after);
	result(r == 0 && after == before + 1, "the machine slept", detail);
}

/* EDU1 is a user's all the time; EDU0 nobody's. */
static void while_open(void)
{
	struct edu edu = {.fd = -1};
	uint8_t *mapped = memory_new(PAGE), *other = memory_new(PAGE);
	int iommu = iommu_open();
	uint32_t ioas = ioas_new(iommu);

	must(mlock(other, PAGE));
	must(driver_give("EDU1", "vfio-pci"));
	must(ioas_map(iommu, ioas, mapped, PAGE, MAP_BOTH, SPACE));
	edu_bound(&edu, "EDU1", iommu);
	must(cdev_attach(edu.fd, ioas));
	result(edu_writes(&edu, SPACE, mapped) && !edu_writes(&edu, physical(other), other),
	       "an attached device reaches its space alone", dma_state("EDU1"));
	sleeps();
	result(edu_writes(&edu, SPACE, mapped) && !edu_writes(&edu, physical(other), other),
	       "an attached device reaches its space alone after it", dma_state("EDU1"));
	/* The kernel prints the tables at a fault (CONFIG_DMAR_DEBUG), and crashes if they are freed meanwhile. */
	usleep(300000);
	edu_end(&edu);
	close(iommu);
	idle_edu("EDU1", "closed");
	idle_edu("EDU0", "since boot, after a second sleep");
	must(driver_give("EDU1", ""));
	munmap(mapped, PAGE);
	munmap(other, PAGE);
}

void idle_resume(void)
{
	idle_edu("EDU0", "since boot");
	must(driver_give("NVME0", "nvme"));
	result(idle_works("NVME0"), "a disk works", dma_state("NVME0"));
	sleeps();
	idle_edu("EDU0", "since boot, after it");
	result(idle_works("NVME0"), "the disk works after it", dma_state("NVME0"));
	if (access("/dev/iommu", F_OK) == 0)
		while_open();
	else
		skip("a user's device", "no /dev/iommu");
	must(driver_give("NVME0", ""));
	must(driver_give("NVME0", "nvme"));
	result(idle_works("NVME0"), "the disk works on its driver again", dma_state("NVME0"));
}
