/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what the sweeps have in common: going through the flows, complaining, the record of a failure. */
#include "sweep.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned complaints;

static const char *const backend_names[] = {"auto", "native", "type1"};

void sweep_complain(const struct flow *flow, uint32_t backend, const char *what, int error,
		    const char *format, ...)
{
	va_list args;

	complaints++;
	fprintf(stderr, "%s/%s: %s", flow->name, backend_names[backend], what);
	if (error)
		fprintf(stderr, " -> %s", strerrorname_np(-error));
	fprintf(stderr, ": ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

unsigned sweep_complaints(void)
{
	return complaints;
}

void sweep_begin(const struct flow *flow, uint32_t backend, struct world *w)
{
	struct fake_config config = fake_default;

	if (flow->configure)
		flow->configure(&config);
	world_init(w, backend, &config);
	w->keep_log = true;
	flow->arrange(w);
	w->note[0] = '\0';
}

void sweep_end(const struct flow *flow, struct world *w, const char *what, int error)
{
	uint32_t backend = w->backend;

	if (!world_fini(w))
		sweep_complain(flow, backend, what, error, "something is left in the kernel");
}

char *sweep_after(const struct flow *flow, uint32_t backend, int (*act)(struct world *w))
{
	struct world w;

	sweep_begin(flow, backend, &w);
	if (act(&w) < 0)
		sweep_complain(flow, backend, "the other way", 0, "%s",
			       libiommufd_last_error()->text);
	char *after = world_observe(&w);
	sweep_end(flow, &w, "the other way", 0);
	return after;
}

void sweep_flows(void (*each)(const struct flow *flow, uint32_t backend))
{
	static const struct flow *const lists[] = {flows_of_devices,  flows_of_groups,
						   flows_of_spaces,   flows_of_regions,
						   flows_of_features, flows_of_interrupts,
						   flows_of_passed,   flows_of_guests};
	/* One flow alone, for debugging. */
	const char *only = getenv("FLOW");

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const struct flow *flow = lists[i]; flow->name; flow++)
			for (uint32_t backend = 0; backend <= LIBIOMMUFD_BACKEND_TYPE1; backend++)
				if (flow->backends & 1 << backend &&
				    (!only || !strcmp(only, flow->name)))
					each(flow, backend);
}

/* Reasons that only ever go with some errnos. */
static bool reason_suits(uint32_t reason, int error)
{
	switch (reason) {
	case LIBIOMMUFD_REASON_NONE:
	case LIBIOMMUFD_REASON_OPTIONS:
	case LIBIOMMUFD_REASON_OTHER_PROCESS:
	case LIBIOMMUFD_REASON_OTHER_CTX:
	case LIBIOMMUFD_REASON_NOT_BOUND:
		return false;
	case LIBIOMMUFD_REASON_MEMORY:
	case LIBIOMMUFD_REASON_MEMORY_LIMIT:
		return error == -ENOMEM;
	case LIBIOMMUFD_REASON_DEVICE_GONE:
	case LIBIOMMUFD_REASON_NO_SUCH_DEVICE:
	case LIBIOMMUFD_REASON_NOT_VFIO_DRIVER:
	case LIBIOMMUFD_REASON_NO_GROUP:
		return error == -ENODEV;
	case LIBIOMMUFD_REASON_NOT_PERMITTED:
		return error == -EACCES || error == -EPERM;
	case LIBIOMMUFD_REASON_IOVA_IN_USE:
		return error == -EEXIST;
	case LIBIOMMUFD_REASON_IOVA_CONFLICT:
		return error == -EADDRINUSE;
	case LIBIOMMUFD_REASON_NOT_MAPPED:
	case LIBIOMMUFD_REASON_NODE_MISSING:
		return error == -ENOENT;
	case LIBIOMMUFD_REASON_IN_USE:
		return error == -EBUSY || error == -EINVAL;
	case LIBIOMMUFD_REASON_CONTAINER_SHARED:
		return error == -EBUSY;
	default:
		return reason <= LIBIOMMUFD_REASON_VF_TOKEN;
	}
}

const char *sweep_check_record(const struct flow *flow, int result)
{
	const struct libiommufd_error *e = libiommufd_last_error();
	size_t length = strlen(flow->operation);
	const char *sentence;

	if (e->error != result)
		return "the record has another errno";
	if (!reason_suits(e->reason, result))
		return "the reason does not suit the errno";
	if (result == -ENOMEM && e->reason == LIBIOMMUFD_REASON_KERNEL)
		return "no memory is a reason of its own";
	if (strcmp(e->operation, flow->operation))
		return "the record names another operation";
	if (strncmp(e->text, flow->operation, length) ||
	    (e->text[length] && !strchr(" :", e->text[length])))
		return "the text does not begin with the operation";
	sentence = strstr(e->text, ": ");
	if (!sentence || strlen(sentence) < 8)
		return "the text says nothing";
	if (e->size != sizeof(*e) || e->reserved)
		return "the record is malformed";
	return NULL;
}
