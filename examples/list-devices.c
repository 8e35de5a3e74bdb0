/* SPDX-License-Identifier: MIT */
/*
 * Every device an IOMMU group has: what drives it, who shares its group, which node opens it. Needs no
 * privilege and no vfio.
 *
 *   list-devices
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libiommufd.h>

static const char *or_dash(const char *fact)
{
	return !fact ? "?" : !*fact ? "-" : fact;
}

static void show(const char *path)
{
	struct libiommufd_facts *facts;

	if (libiommufd_ctx_query_facts(NULL, path, &facts) < 0) {
		fprintf(stderr, "%s\n", libiommufd_last_error()->text);
		return;
	}
	int group = libiommufd_facts_get_group(facts);
	int others = libiommufd_facts_get_member_count(facts) - 1;
	if (group >= 0) {
		printf("%-14s %5d  %-10s %-8s %s", or_dash(libiommufd_facts_get_address(facts)),
		       group, or_dash(libiommufd_facts_get_driver(facts)),
		       or_dash(libiommufd_facts_get_iommu(facts)),
		       or_dash(libiommufd_facts_get_node(facts)));
		const char *gap = "  shared with";
		for (unsigned i = 0; others > 0 && i <= (unsigned)others; i++) {
			const char *member = libiommufd_facts_get_member(facts, i);
			if (strcmp(member, or_dash(libiommufd_facts_get_address(facts))))
				printf("%s %s", gap, member), gap = "";
		}
		printf("\n");
	}
	libiommufd_facts_free(facts);
}

static int no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(void)
{
	static const char *const buses[] = {"/sys/bus/pci/devices", "/sys/bus/mdev/devices"};

	printf("%-14s %5s  %-10s %-8s %s\n", "DEVICE", "GROUP", "DRIVER", "IOMMU", "NODE");
	for (size_t i = 0; i < sizeof(buses) / sizeof(buses[0]); i++) {
		struct dirent **entries;
		int count = scandir(buses[i], &entries, no_dots, alphasort);

		for (int j = 0; j < count; j++) {
			char path[512];

			snprintf(path, sizeof(path), "%s/%s", buses[i], entries[j]->d_name);
			show(path);
			free(entries[j]);
		}
		if (count >= 0)
			free(entries);
	}
	return 0;
}
