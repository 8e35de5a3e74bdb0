/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of findings while it is made, and the checks that add to it. */
#ifndef LIBIOMMUFD_HOST_FINDINGS_H
#define LIBIOMMUFD_HOST_FINDINGS_H

#include "device.h"

struct libiommufd_host_finding {
	uint32_t code;
	uint32_t severity;
	uint64_t needed, allowed;
	char subject[DEVICE_NAME];
	char evidence[288];
	char remedy[400];
	char text[800];
};

struct libiommufd_host_findings {
	size_t count;
	struct libiommufd_host_finding *findings;
	uint32_t backend;
};

/* What is looked for, and what was found up to now. */
struct search {
	struct libiommufd_host *host;
	const struct sys *sys;
	const struct libiommufd_host_device *device;
	const struct libiommufd_host_purpose *purpose;
	uint32_t backend;           /* never AUTO once it is chosen */
	bool module_missing;        /* so that a node cannot be there */
	char driver[DEVICE_DRIVER]; /* vfio's for the device; "" if it needs none */
	struct libiommufd_host_findings *findings;
	bool no_memory;
	struct libiommufd_host_finding spare;
};

/* Add one, an error. Never NULL: what does not fit in memory is written to a spare one. */
struct libiommufd_host_finding *finding_add(struct search *search, uint32_t code,
					    const char *subject);
void finding_evidence(struct libiommufd_host_finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void finding_remedy(struct libiommufd_host_finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* check_machine.c. False: without an IOMMU nothing else matters. */
bool check_iommu(struct search *search);
void choose_backend(struct search *search);
void check_modules(struct search *search);

/* check_device.c */
void check_driver(struct search *search);
void check_nodes(struct search *search);

/* check_group.c */
void check_members(struct search *search);
void check_interrupts(struct search *search);
void check_holders(struct search *search);
void check_idle(struct search *search);

/* check_map.c */
void check_memory_limit(struct search *search);
void check_iova(struct search *search);
void check_memory(struct search *search);

#endif
