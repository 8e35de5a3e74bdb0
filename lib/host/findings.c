/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns lists of findings: the order of the checks, and what is told of each finding. */
#include "findings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const code_names[] = {
	[LIBIOMMUFD_HOST_IOMMU_ABSENT] = "IOMMU_ABSENT",
	[LIBIOMMUFD_HOST_IOMMU_OFF] = "IOMMU_OFF",
	[LIBIOMMUFD_HOST_NOT_BEHIND_IOMMU] = "NOT_BEHIND_IOMMU",
	[LIBIOMMUFD_HOST_NO_IOMMUFD] = "NO_IOMMUFD",
	[LIBIOMMUFD_HOST_NO_CDEV] = "NO_CDEV",
	[LIBIOMMUFD_HOST_NO_MODULE] = "NO_MODULE",
	[LIBIOMMUFD_HOST_MODULE_UNLOADED] = "MODULE_UNLOADED",
	[LIBIOMMUFD_HOST_MODULE_FORBIDDEN] = "MODULE_FORBIDDEN",
	[LIBIOMMUFD_HOST_NODE_MISSING] = "NODE_MISSING",
	[LIBIOMMUFD_HOST_NODE_STALE] = "NODE_STALE",
	[LIBIOMMUFD_HOST_NODE_NOT_PERMITTED] = "NODE_NOT_PERMITTED",
	[LIBIOMMUFD_HOST_NOT_VFIO_DRIVER] = "NOT_VFIO_DRIVER",
	[LIBIOMMUFD_HOST_IS_BRIDGE] = "IS_BRIDGE",
	[LIBIOMMUFD_HOST_GROUP_MEMBER] = "GROUP_MEMBER",
	[LIBIOMMUFD_HOST_UNSAFE_INTERRUPTS] = "UNSAFE_INTERRUPTS",
	[LIBIOMMUFD_HOST_GROUP_BUSY] = "GROUP_BUSY",
	[LIBIOMMUFD_HOST_MEMORY_LIMIT] = "MEMORY_LIMIT",
	[LIBIOMMUFD_HOST_IOVA_RANGE] = "IOVA_RANGE",
	[LIBIOMMUFD_HOST_BAR_MEMORY] = "BAR_MEMORY",
	[LIBIOMMUFD_HOST_REACHES_ALL_MEMORY] = "REACHES_ALL_MEMORY",
};

EXPORT const char *libiommufd_host_finding_code_name(uint32_t code)
{
	if (code >= sizeof(code_names) / sizeof(code_names[0]) || !code_names[code])
		return "UNKNOWN";
	return code_names[code];
}

struct libiommufd_host_finding *finding_add(struct search *search, uint32_t code,
					    const char *subject)
{
	struct libiommufd_host_findings *findings = search->findings;
	void *more =
		realloc(findings->findings, (findings->count + 1) * sizeof(*findings->findings));

	if (!more) {
		search->no_memory = true;
		return &search->spare;
	}
	findings->findings = more;
	struct libiommufd_host_finding *finding = &findings->findings[findings->count++];
	*finding =
		(struct libiommufd_host_finding){.code = code, .severity = LIBIOMMUFD_HOST_ERROR};
	snprintf(finding->subject, sizeof(finding->subject), "%s", subject);
	return finding;
}

void finding_evidence(struct libiommufd_host_finding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(finding->evidence, sizeof(finding->evidence), format, args);
	va_end(args);
}

void finding_remedy(struct libiommufd_host_finding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(finding->remedy, sizeof(finding->remedy), format, args);
	va_end(args);
}

/* In the order in which they are to be dealt with: each may hide what comes after it. */
static void look(struct search *search)
{
	uint32_t purpose = search->purpose->purpose;

	if (!check_iommu(search))
		return;
	choose_backend(search);
	check_modules(search);
	check_driver(search);
	check_nodes(search);
	if (purpose < LIBIOMMUFD_HOST_TO_BIND)
		return;
	check_members(search);
	check_interrupts(search);
	check_holders(search);
	check_idle(search);
	if (purpose < LIBIOMMUFD_HOST_TO_MAP)
		return;
	check_memory_limit(search);
	check_iova(search);
	check_memory(search);
}

static int check_purpose(struct op *op, const struct libiommufd_host_purpose *purpose)
{
	if (purpose->reserved)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OPTIONS, "reserved is not 0");
	if (purpose->purpose > LIBIOMMUFD_HOST_TO_MAP)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OPTIONS, "there is no purpose %u",
			       purpose->purpose);
	if (purpose->purpose != LIBIOMMUFD_HOST_TO_MAP)
		return 0;
	if (!purpose->length)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OPTIONS, "the length to map is 0");
	if (purpose->range_count && !purpose->ranges)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OPTIONS, "ranges is NULL");
	if ((purpose->flags & LIBIOMMUFD_HOST_AT_IOVA) &&
	    purpose->iova + (purpose->length - 1) < purpose->iova)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OPTIONS,
			       "iova and length do not fit in 64 bits");
	return 0;
}

static int find(struct libiommufd_host *host, struct op *op, const char *name,
		const struct libiommufd_host_purpose *opts,
		struct libiommufd_host_findings **ret_findings)
{
	struct libiommufd_host_purpose purpose;
	struct libiommufd_host_devices *devices;

	int r = op_options(op, opts, &purpose, sizeof(purpose), LIBIOMMUFD_HOST_AT_IOVA);
	if (r == 0)
		r = check_purpose(op, &purpose);
	if (r == 0)
		r = op_backend(op, &purpose.backend);
	if (r < 0)
		return r;
	if (!purpose.purpose)
		purpose.purpose = LIBIOMMUFD_HOST_TO_BIND;
	r = device_find(host, op, name, &devices);
	if (r < 0)
		return r;

	struct search search = {
		.host = host,
		.sys = host->sys,
		.device = &devices->devices[0],
		.purpose = &purpose,
		.backend = purpose.backend,
		.findings = calloc(1, sizeof(*search.findings)),
	};
	if (search.findings)
		look(&search);
	libiommufd_host_devices_free(devices);
	if (!search.findings || search.no_memory) {
		libiommufd_host_findings_free(search.findings);
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	}
	search.findings->backend = search.backend;
	for (size_t i = 0; i < search.findings->count; i++) {
		struct libiommufd_host_finding *finding = &search.findings->findings[i];
		snprintf(finding->text, sizeof(finding->text), "%s: %s; %s", finding->subject,
			 finding->evidence, finding->remedy);
	}
	*ret_findings = search.findings;
	return 0;
}

EXPORT int libiommufd_host_query_findings(struct libiommufd_host *host, const char *name,
					  const struct libiommufd_host_purpose *purpose,
					  struct libiommufd_host_findings **ret_findings)
{
	struct op op;

	op_begin(&op, "query_findings", name ? name : "", host_log(host));
	if (!host || !name || !ret_findings)
		return op_end(&op, op_null(&op, "host, name or ret_findings"));
	return op_end(&op, find(host, &op, name, purpose, ret_findings));
}

EXPORT struct libiommufd_host_findings *
libiommufd_host_findings_free(struct libiommufd_host_findings *findings)
{
	if (findings) {
		free(findings->findings);
		free(findings);
	}
	return NULL;
}

EXPORT size_t libiommufd_host_findings_get_count(const struct libiommufd_host_findings *findings)
{
	return findings ? findings->count : 0;
}

EXPORT uint32_t
libiommufd_host_findings_get_backend(const struct libiommufd_host_findings *findings)
{
	return findings ? findings->backend : LIBIOMMUFD_BACKEND_AUTO;
}

EXPORT const struct libiommufd_host_finding *
libiommufd_host_findings_get(const struct libiommufd_host_findings *findings, size_t index)
{
	return findings && index < findings->count ? &findings->findings[index] : NULL;
}

EXPORT uint32_t libiommufd_host_finding_get_code(const struct libiommufd_host_finding *finding)
{
	return finding ? finding->code : 0;
}

EXPORT uint32_t libiommufd_host_finding_get_severity(const struct libiommufd_host_finding *finding)
{
	return finding ? finding->severity : 0;
}

EXPORT const char *
libiommufd_host_finding_get_subject(const struct libiommufd_host_finding *finding)
{
	return finding ? finding->subject : NULL;
}

EXPORT const char *
libiommufd_host_finding_get_evidence(const struct libiommufd_host_finding *finding)
{
	return finding ? finding->evidence : NULL;
}

EXPORT const char *libiommufd_host_finding_get_remedy(const struct libiommufd_host_finding *finding)
{
	return finding ? finding->remedy : NULL;
}

EXPORT const char *libiommufd_host_finding_get_text(const struct libiommufd_host_finding *finding)
{
	return finding ? finding->text : NULL;
}

EXPORT uint64_t libiommufd_host_finding_get_needed(const struct libiommufd_host_finding *finding)
{
	return finding ? finding->needed : 0;
}

EXPORT uint64_t libiommufd_host_finding_get_allowed(const struct libiommufd_host_finding *finding)
{
	return finding ? finding->allowed : 0;
}
