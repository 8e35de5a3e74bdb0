/* SPDX-License-Identifier: MIT */
/*
 * Every device that could be given to user space, by IOMMU group: what it is, what drives it, who shares its
 * group, which node opens it; and what it may reach, and as whom, where the kernel tells. Needs no privilege and
 * no vfio. Fits into 80 columns.
 *
 *   list-devices [--vfio]      --vfio: only those that can be opened now
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libiommufd-host.h>

enum {
	LINE = 80,
	NAME = 12, /* a PCI address; what is longer gets a line of its own */
	DMA = 10
};

/* How wide they are, by what is in them. */
struct columns {
	int kind, driver;
	int dma; /* 0: the kernel does not tell */
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

/* In a word, too: it is told of the group. */
static const char *dma_of(const struct libiommufd_host_device *device)
{
	const char *domain = libiommufd_host_device_get_dma_domain(device);

	switch (libiommufd_host_device_get_dma_state(device)) {
	case LIBIOMMUFD_HOST_DMA_BLOCKED:
		return "blocked";
	case LIBIOMMUFD_HOST_DMA_KERNEL:
		return domain && !strcmp(domain, "identity") ? "all memory" : "kernel";
	case LIBIOMMUFD_HOST_DMA_USER:
		return "user";
	}
	return libiommufd_host_device_get_group(device) == LIBIOMMUFD_FACT_NONE ? "-" : "?";
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

static void show_row(const struct libiommufd_host_device *device, const struct columns *columns,
		     int last)
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
	int used = 5 + 2 + NAME;
	used += printf("  %-*s  %-*s", columns->kind, kind_of(device), columns->driver,
		       or_dash(libiommufd_host_device_get_driver(device)));
	if (columns->dma)
		used += printf("  %-*s", columns->dma, dma_of(device));
	/* What does not fit stands below the device. */
	if (used + 2 + (int)strlen(or_dash(node)) > LINE)
		printf("\n%5s", "");
	printf("  %s\n", or_dash(node));
	/* Who else its IOMMU may take it for, where the kernel tells. */
	for (int i = 0; i < libiommufd_host_device_get_alias_count(device); i++) {
		const char *alias = libiommufd_host_device_get_alias(device, (size_t)i);
		if (alias && strcmp(alias, name))
			printf("%5s  does DMA as %s, too\n", "", alias);
	}
}

static void widen(int *column, const char *text)
{
	if (*column < (int)strlen(text))
		*column = (int)strlen(text);
}

static void show(const struct libiommufd_host_device **rows, size_t count)
{
	struct columns columns = {(int)strlen("KIND"), (int)strlen("DRIVER"), 0};
	int last = -3, groups = 0;

	for (size_t i = 0; i < count; i++) {
		widen(&columns.kind, kind_of(rows[i]));
		widen(&columns.driver, or_dash(libiommufd_host_device_get_driver(rows[i])));
		if (libiommufd_host_device_get_dma_state(rows[i]))
			columns.dma = DMA;
	}
	/* One with a long name must not move the nodes of all. */
	int others = 5 + 2 + NAME + 2 + columns.kind + 2 + (columns.dma ? 2 + columns.dma : 0) + 2 +
		     (int)strlen("/dev/vfio/devices/vfio0");
	if (columns.driver > LINE - others)
		columns.driver = LINE - others;
	printf("%5s  %-*s  %-*s  %-*s", "GROUP", NAME, "DEVICE", columns.kind, "KIND",
	       columns.driver, "DRIVER");
	if (columns.dma)
		printf("  %-*s", columns.dma, "DMA");
	printf("  NODE\n");
	for (size_t i = 0; i < count; i++) {
		show_row(rows[i], &columns, last);
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
