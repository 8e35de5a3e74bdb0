/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the conditions of a map: may this process pin as much, can the device have the address, is it memory? */
#include "findings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sysfs.h"

struct status {
	const char *format;
	uint64_t kib;
};

static int read_status(void *data, const char *line)
{
	struct status *status = data;

	return sscanf(line, status->format, &status->kib) == 1;
}

void check_memory_limit(struct search *search)
{
	bool native = search->backend == LIBIOMMUFD_BACKEND_NATIVE;
	/* type1 counts as locked what it pins; iommufd counts for the user, which nobody can read. */
	struct status status = {native ? "VmPin: %" SCNu64 " kB" : "VmLck: %" SCNu64 " kB", 0};
	uint64_t limit, length = search->purpose->length;

	if (search->sys->memlock(search->sys, &limit) < 0 || limit == UINT64_MAX ||
	    host_has_capability(search->sys, HOST_CAP_IPC_LOCK) != 0)
		return;
	sysfs_lines(search->sys, "/proc/self", "status", read_status, &status);
	uint64_t used = status.kib * 1024;
	if (used < limit && length <= limit - used)
		return;
	struct libiommufd_host_finding *finding =
		finding_add(search, LIBIOMMUFD_HOST_MEMORY_LIMIT, "RLIMIT_MEMLOCK");
	finding->needed = length > UINT64_MAX - used ? UINT64_MAX : used + length;
	finding->allowed = limit;
	finding_evidence(finding,
			 "%" PRIu64 " bytes are to be pinned, %" PRIu64
			 " are by this process already, and the limit is %" PRIu64
			 " in all, counted per %s",
			 length, used, limit, native ? "user" : "process");
	finding_remedy(finding,
		       "raise it to %" PRIu64 " KiB at least: ulimit -l, memlock in "
		       "/etc/security/limits.d, LimitMEMLOCK= of a systemd unit; or give the "
		       "process CAP_IPC_LOCK",
		       finding->needed / 1024 + (finding->needed % 1024 != 0));
}

static void range_finding(struct search *search, uint64_t start, uint64_t last, const char *what)
{
	const struct libiommufd_host_purpose *purpose = search->purpose;
	struct libiommufd_host_finding *finding =
		finding_add(search, LIBIOMMUFD_HOST_IOVA_RANGE, search->device->name);

	finding_evidence(finding,
			 "0x%" PRIx64 "-0x%" PRIx64 " is not free for it: 0x%" PRIx64 "-0x%" PRIx64
			 " %s",
			 purpose->iova, purpose->iova + (purpose->length - 1), start, last, what);
	finding_remedy(finding, "choose another address, or let libiommufd_ioas_map() pick one; "
				"libiommufd_ioas_query_ranges() lists what is free");
}

static int look_at_reserved(void *data, const char *line)
{
	struct search *search = data;
	const struct libiommufd_host_purpose *purpose = search->purpose;
	uint64_t start, last;
	char type[24];

	if (sscanf(line, "0x%" SCNx64 " 0x%" SCNx64 " %23s", &start, &last, type) != 3 ||
	    !strcmp(type, "direct-relaxable"))
		return 0;
	if (start > purpose->iova + (purpose->length - 1) || last < purpose->iova)
		return 0;
	range_finding(search, start, last,
		      !strcmp(type, "msi") ? "is for interrupts" : "is reserved by the firmware");
	return 1;
}

/* How many bits an Intel IOMMU translates; 64 where it is not known. */
static unsigned int address_bits(const struct search *search)
{
	char dir[96], text[32];
	uint64_t capabilities;
	unsigned int bits, table = 0;

	snprintf(dir, sizeof(dir), "/sys/class/iommu/%s/intel-iommu", search->device->iommu);
	if (sysfs_read(search->sys, dir, "cap", text, sizeof(text)) < 0 ||
	    sscanf(text, "%" SCNx64, &capabilities) != 1)
		return 64;
	bits = (capabilities >> 16 & 0x3f) + 1;
	/* Page tables of 3, 4 and 5 levels. */
	for (unsigned int level = 1; level <= 3; level++)
		if (capabilities >> 8 & 1u << level)
			table = 30 + 9 * level;
	/* An IOMMU without page tables is none: the file is broken. */
	if (!table)
		return 64;
	return table < bits ? table : bits;
}

static bool is_in_ranges(const struct libiommufd_host_purpose *purpose)
{
	uint64_t last = purpose->iova + (purpose->length - 1);

	for (uint32_t i = 0; i < purpose->range_count; i++)
		if (purpose->iova >= purpose->ranges[i].start && last <= purpose->ranges[i].last)
			return true;
	return false;
}

void check_iova(struct search *search)
{
	const struct libiommufd_host_purpose *purpose = search->purpose;
	char dir[64];

	if (!(purpose->flags & LIBIOMMUFD_HOST_AT_IOVA))
		return;
	if (purpose->range_count) {
		if (!is_in_ranges(purpose))
			range_finding(search, purpose->ranges[0].start,
				      purpose->ranges[purpose->range_count - 1].last,
				      "are the ends of its ranges, which have gaps or are passed");
		return;
	}
	snprintf(dir, sizeof(dir), "/sys/kernel/iommu_groups/%d", search->device->number);
	if (sysfs_lines(search->sys, dir, "reserved_regions", look_at_reserved, search) == 1)
		return;
	unsigned int bits = address_bits(search);
	if (bits < 64 && (purpose->iova + (purpose->length - 1)) >> bits)
		range_finding(search, 1ULL << bits, UINT64_MAX,
			      "is beyond what the IOMMU translates");
}

struct area {
	uint64_t start, last; /* of the caller's memory */
	uint64_t here_start;
	bool inside, found;
	char name[64];
};

/* Lines of smaps: one with the addresses of an area, others with what it is. */
static int look_at_area(void *data, const char *line)
{
	struct area *area = data;
	uint64_t start, end;
	int name = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %*s %*s %n", &start, &end, &name) == 2) {
		area->inside = start <= area->last && end > area->start;
		area->here_start = start;
		snprintf(area->name, sizeof(area->name), "%s", name ? line + name : "");
		return start > area->last;
	}
	/* Memory without pages behind it. */
	if (area->inside && !strncmp(line, "VmFlags:", 8) &&
	    (strstr(line, " pf") || strstr(line, " io"))) {
		area->found = true;
		return 1;
	}
	return 0;
}

void check_memory(struct search *search)
{
	const struct libiommufd_host_purpose *purpose = search->purpose;
	uint64_t start = (uintptr_t)purpose->va;
	struct area area = {.start = start, .last = start + (purpose->length - 1)};

	/* type1 finds what is behind such memory. */
	if (!purpose->va || search->backend != LIBIOMMUFD_BACKEND_NATIVE || area.last < start)
		return;
	sysfs_lines(search->sys, "/proc/self", "smaps", look_at_area, &area);
	if (!area.found)
		return;
	struct libiommufd_host_finding *finding =
		finding_add(search, LIBIOMMUFD_HOST_BAR_MEMORY, "memory");
	finding_evidence(finding, "at 0x%" PRIx64 " it is a device's registers or memory%s%s",
			 area.here_start > start ? area.here_start : start,
			 area.name[0] ? ", mapped from " : "", area.name);
	finding_remedy(finding, "iommufd maps ordinary memory only: leave BARs out; where a device "
				"must reach another one's, use the type1 backend");
}
