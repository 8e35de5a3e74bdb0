/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What listing the devices of a machine costs, beside libudev alone doing the least that a program would: list
 * the devices of each bus, and ask each for its driver. Run under umockdev-wrapper, it makes a machine with as
 * many PCI devices as it is told, and a kernel that tells of their DMA, or does not.
 *
 *   devices [COUNT [dma]]
 */
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libiommufd-host.h>

#include "../host/tree.h"

enum {
	ROUNDS = 9,
	PER_GROUP = 4
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int with_libudev(void)
{
	static const char *const buses[] = {"pci", "mdev", "fsl-mc", "cdx", "platform", "amba"};
	struct udev *udev = udev_new();
	int found = 0;

	for (size_t i = 0; i < sizeof(buses) / sizeof(buses[0]); i++) {
		struct udev_enumerate *list = udev_enumerate_new(udev);
		struct udev_list_entry *entry;

		udev_enumerate_add_match_subsystem(list, buses[i]);
		udev_enumerate_scan_devices(list);
		udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(list))
		{
			struct udev_device *device =
				udev_device_new_from_syspath(udev, udev_list_entry_get_name(entry));
			found += device && udev_device_get_driver(device);
			udev_device_unref(device);
		}
		udev_enumerate_unref(list);
	}
	udev_unref(udev);
	return found;
}

static int with_the_library(void)
{
	struct libiommufd_host_devices *devices;
	struct libiommufd_host *host;

	if (libiommufd_host_open(NULL, &host) < 0 ||
	    libiommufd_host_query_devices(host, NULL, &devices) < 0)
		exit(1);
	int found = (int)libiommufd_host_devices_get_count(devices);
	libiommufd_host_devices_free(devices);
	libiommufd_host_close(host);
	return found;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* What only kernels with our patches have. */
static void tell_of_dma(const char *name, int group)
{
	char path[128], text[40];

	snprintf(path, sizeof(path), "/sys/devices/pci/%s/dma_aliases", name);
	snprintf(text, sizeof(text), "%s\n", name);
	tree_file(path, text);
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/dma_state", group);
	tree_file(path, "blocked\n");
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 2000;
	int with_dma = argc > 2 && !strcmp(argv[2], "dma");
	double udev[ROUNDS], ours[ROUNDS];

	if (tree_setup(NULL))
		return 1;
	for (int i = 0; i < count; i++) {
		char name[32];
		snprintf(name, sizeof(name), "%04x:%02x:%02x.%x", i >> 12, i >> 8 & 0xf,
			 i >> 3 & 0x1f, i & 7);
		tree_device("pci", name, i % 3 ? "vfio-pci" : "nvme", i / PER_GROUP);
		if (i % 3)
			tree_vfio("pci", name, i, 1);
		if (with_dma)
			tell_of_dma(name, i / PER_GROUP);
	}
	/* By turns, so that what else the machine does meets both. */
	for (int round = 0; round < ROUNDS; round++) {
		double start = now();
		if (with_libudev() != count)
			return 1;
		udev[round] = now() - start;
		start = now();
		if (with_the_library() != count)
			return 1;
		ours[round] = now() - start;
	}
	tree_teardown(NULL);
	qsort(udev, ROUNDS, sizeof(*udev), by_value);
	qsort(ours, ROUNDS, sizeof(*ours), by_value);
	printf("%d devices in groups of %d%s: libudev %.1f ms, the library %.1f ms, ratio %.2f\n",
	       count, PER_GROUP, with_dma ? ", with the state of their DMA" : "", udev[ROUNDS / 2],
	       ours[ROUNDS / 2], ours[ROUNDS / 2] / udev[ROUNDS / 2]);
	return 0;
}
