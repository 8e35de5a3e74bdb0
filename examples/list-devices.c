/* SPDX-License-Identifier: MIT */
/*
 * Every device that could be given to user space, by IOMMU group: what drives it, who shares its group, which
 * node opens it. Needs no privilege and no vfio.
 *
 *   list-devices [--vfio]      --vfio: only those that can be opened now
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libiommufd-host.h>

static const char *or_dash(const char *fact)
{
	return !fact ? "?" : !*fact ? "-" : fact;
}

static int width(int current, const char *text)
{
	int length = (int)strlen(or_dash(text));

	return length > current ? length : current;
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

static void show(const struct libiommufd_host_device **rows, size_t count)
{
	int name = 6, driver = 6, iommu = 5, last = -3;

	for (size_t i = 0; i < count; i++) {
		name = width(name, libiommufd_host_device_get_name(rows[i]));
		driver = width(driver, libiommufd_host_device_get_driver(rows[i]));
		iommu = width(iommu, libiommufd_host_device_get_iommu(rows[i]));
	}
	printf("%5s  %-*s  %-*s  %-*s  %s\n", "GROUP", name, "DEVICE", driver, "DRIVER", iommu,
	       "IOMMU", "NODE");
	for (size_t i = 0; i < count; i++) {
		int group = libiommufd_host_device_get_group(rows[i]);
		char number[12] = "", legacy[32] = "";
		const char *node = libiommufd_host_device_get_node(rows[i]);

		/* A group's number stands once, before its first device. */
		if (group < 0)
			strcpy(number, group == LIBIOMMUFD_FACT_NONE ? "-" : "?");
		else if (group != last)
			snprintf(number, sizeof(number), "%d", group);
		last = group;
		/* Where the kernel has no node for the device there is one for the group. */
		if (node && !*node && group >= 0 && libiommufd_host_device_is_on_vfio(rows[i])) {
			snprintf(legacy, sizeof(legacy), "/dev/vfio/%d", group);
			node = legacy;
		}
		printf("%5s  %-*s  %-*s  %-*s  %s\n", number, name,
		       or_dash(libiommufd_host_device_get_name(rows[i])), driver,
		       or_dash(libiommufd_host_device_get_driver(rows[i])), iommu,
		       or_dash(libiommufd_host_device_get_iommu(rows[i])), or_dash(node));
	}
}

int main(int argc, char **argv)
{
	struct libiommufd_host_devices_opts opts = {.size = sizeof(opts)};
	struct libiommufd_host_devices *devices;
	struct libiommufd_host *host;

	if (argc > 1 && !strcmp(argv[1], "--vfio"))
		opts.flags = LIBIOMMUFD_HOST_DEVICES_ON_VFIO;
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
	show(rows, count);

	free(rows);
	libiommufd_host_devices_free(devices);
	libiommufd_host_close(host);
	return 0;
}
