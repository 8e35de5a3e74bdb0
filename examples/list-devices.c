/* SPDX-License-Identifier: MIT */
/*
 * Every device that could be given to user space, by IOMMU group: what it is, what drives it, who shares its
 * group, which node opens it. Needs no privilege and no vfio. Fits into 80 columns.
 *
 *   list-devices [--vfio]      --vfio: only those that can be opened now
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libiommufd-host.h>

enum {
	NAME = 12,  /* a PCI address; what is longer gets a line of its own */
	DRIVER = 18 /* at most */
};

static const char *or_dash(const char *fact)
{
	return !fact ? "?" : !*fact ? "-" : fact;
}

/* In a word, by the class that a PCI device has in its configuration space. */
static const char *kind_of(const struct libiommufd_host_device *device)
{
	static const char *const kinds[] = {
		"other",   "storage", "network", "display", "media",       "memory", "bridge",
		"serial",  "system",  "input",   "docking", "processor",   "bus",    "wireless",
		"storage", "network", "crypto",  "signal",  "accelerator",
	};
	const char *bus = libiommufd_host_device_get_bus(device);
	unsigned int class = 0;
	char path[600];

	if (!strcmp(bus, "mdev"))
		return "mediated";
	if (strcmp(bus, "pci"))
		return bus;
	snprintf(path, sizeof(path), "%s/class", libiommufd_host_device_get_sysfs(device));
	FILE *file = fopen(path, "r");
	if (file) {
		if (fscanf(file, "%x", &class) != 1)
			class = 0;
		fclose(file);
	}
	/* A bus with a thing at each end, the one that people know by its name. */
	if (class >> 8 == 0x0c03)
		return "usb";
	return class >> 16 < sizeof(kinds) / sizeof(kinds[0]) ? kinds[class >> 16] : "other";
}

static int by_group(const void *a, const void *b)
{
	const struct libiommufd_host_device *const *x = a, *const *y = b;
	int gx = libiommufd_host_device_get_group(*x), gy = libiommufd_host_device_get_group(*y);

	/* Without a group last: nobody can have those. */
	if (gx != gy)
		return (unsigned)gx < (unsigned)gy ? -1 : 1;
	return strcmp(libiommufd_host_device_get_name(*x), libiommufd_host_device_get_name(*y));
}

static void show_row(const struct libiommufd_host_device *device, int driver, int last)
{
	const char *name = libiommufd_host_device_get_name(device);
	const char *node = libiommufd_host_device_get_node(device);
	int group = libiommufd_host_device_get_group(device);
	char number[12] = "", legacy[32] = "";

	/* A group's number stands once, before its first device. */
	if (group < 0)
		strcpy(number, group == LIBIOMMUFD_FACT_NONE ? "-" : "?");
	else if (group != last)
		snprintf(number, sizeof(number), "%d", group);
	/* Where the kernel has no node for the device there is one for the group. */
	if (node && !*node && group >= 0 && libiommufd_host_device_is_on_vfio(device)) {
		snprintf(legacy, sizeof(legacy), "/dev/vfio/%d", group);
		node = legacy;
	}
	if (strlen(name) > NAME)
		printf("%5s  %s\n%5s  %-*s", number, name, "", NAME, "");
	else
		printf("%5s  %-*s", number, NAME, name);
	printf("  %-11s  %-*s  %s\n", kind_of(device), driver,
	       or_dash(libiommufd_host_device_get_driver(device)), or_dash(node));
}

static void show(const struct libiommufd_host_device **rows, size_t count)
{
	int driver = 6, last = -3;
	int groups = 0;

	for (size_t i = 0; i < count; i++) {
		int length = (int)strlen(or_dash(libiommufd_host_device_get_driver(rows[i])));
		if (length > driver)
			driver = length < DRIVER ? length : DRIVER;
	}
	printf("%5s  %-*s  %-11s  %-*s  %s\n", "GROUP", NAME, "DEVICE", "KIND", driver, "DRIVER",
	       "NODE");
	for (size_t i = 0; i < count; i++) {
		show_row(rows[i], driver, last);
		last = libiommufd_host_device_get_group(rows[i]);
		groups += last >= 0;
	}
	if (!groups)
		printf("\nNone has an IOMMU group: \"explain DEVICE\" tells why, and what to "
		       "do.\n");
}

int main(int argc, char **argv)
{
	struct libiommufd_host_devices_opts opts = {.size = sizeof(opts)};
	struct libiommufd_host_devices *devices;
	struct libiommufd_host *host;

	if (argc == 2 && !strcmp(argv[1], "--vfio")) {
		opts.flags = LIBIOMMUFD_HOST_DEVICES_ON_VFIO;
	} else if (argc != 1) {
		fprintf(stderr, "usage: list-devices [--vfio]\n");
		return 2;
	}
	if (libiommufd_host_open(NULL, &host) < 0 ||
	    libiommufd_host_query_devices(host, &opts, &devices) < 0) {
		fprintf(stderr, "%s\n", libiommufd_host_last_error()->text);
		return 1;
	}
	size_t count = libiommufd_host_devices_get_count(devices);
	const struct libiommufd_host_device **rows = calloc(count + 1, sizeof(*rows));
	if (!rows)
		return 1;
	for (size_t i = 0; i < count; i++)
		rows[i] = libiommufd_host_devices_get(devices, i);
	qsort(rows, count, sizeof(*rows), by_group);
	if (count)
		show(rows, count);
	else
		printf(opts.flags ? "No device is on a vfio driver.\n" : "There are no devices.\n");

	free(rows);
	libiommufd_host_devices_free(devices);
	libiommufd_host_close(host);
	return 0;
}
