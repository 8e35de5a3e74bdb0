/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the flows of interrupts, on a device that has MSI and MSI-X beside its pin. */
#include "flows.h"

#include <errno.h>
#include <stdio.h>

enum {
	INTX = LIBIOMMUFD_PCI_INTX,
	MSI = LIBIOMMUFD_PCI_MSI,
	MSIX = LIBIOMMUFD_PCI_MSIX,
	REQ = LIBIOMMUFD_PCI_REQ,
};

/* ---- Starting states ---- */

static void arrange_used(struct world *w)
{
	world_ctx(w);
	world_bind(w, ALONE);
	world_use(w, ALONE);
	w->event = fake_event(w->fake);
}

static void enable(struct world *w, uint32_t index, uint32_t count)
{
	const int events[] = {w->event, -1, w->event};

	world_require(libiommufd_device_set_irqs(w->devices[ALONE], index, 0, events, count) == 0,
		      "set_irqs");
}

static void arrange_pin(struct world *w)
{
	arrange_used(w);
	enable(w, INTX, 1);
}

static void arrange_masked(struct world *w)
{
	arrange_pin(w);
	world_require(libiommufd_device_mask_irq(w->devices[ALONE], INTX) == 0, "mask_irq");
}

static void arrange_unmask_fd(struct world *w)
{
	arrange_pin(w);
	world_require(libiommufd_device_set_unmask_fd(w->devices[ALONE], INTX, w->event) == 0,
		      "set_unmask_fd");
}

static void arrange_vectors(struct world *w)
{
	arrange_used(w);
	enable(w, REQ, 1);
	enable(w, MSIX, 3);
}

static void arrange_text(struct world *w)
{
	arrange_used(w);
	w->file = fake_text_file(w->fake);
}

/* ---- Acts ---- */

static int query(struct world *w, uint32_t index)
{
	uint32_t count = 0x5a, flags = 0x5a;

	int r = libiommufd_device_query_irq(w->devices[ALONE], index, &count, &flags);
	flow_untouched(r, count == 0x5a && flags == 0x5a);
	if (r == 0)
		snprintf(w->out, sizeof(w->out), "%u %x", count, flags);
	return r;
}

static int act_query(struct world *w)
{
	return query(w, MSIX);
}

static int act_query_absent(struct world *w)
{
	return query(w, 9);
}

static int act_set_pin(struct world *w)
{
	return libiommufd_device_set_irqs(w->devices[ALONE], INTX, 0, &w->event, 1);
}

static int act_set_vectors(struct world *w)
{
	const int events[] = {w->event, -1, w->event};
	return libiommufd_device_set_irqs(w->devices[ALONE], MSIX, 1, events, 3);
}

static int act_set_no_event(struct world *w)
{
	const int events[] = {w->event, w->file};
	return libiommufd_device_set_irqs(w->devices[ALONE], MSI, 0, events, 2);
}

static int act_set_request(struct world *w)
{
	return libiommufd_device_set_irqs(w->devices[ALONE], REQ, 0, &w->event, 1);
}

static int act_disable(struct world *w)
{
	return libiommufd_device_disable_irqs(w->devices[ALONE], MSIX);
}

static int act_trigger(struct world *w)
{
	return libiommufd_device_trigger_irqs(w->devices[ALONE], MSIX, 0, 2);
}

static int act_mask(struct world *w)
{
	return libiommufd_device_mask_irq(w->devices[ALONE], INTX);
}

static int act_mask_vectors(struct world *w)
{
	return libiommufd_device_mask_irq(w->devices[ALONE], MSIX);
}

static int act_unmask(struct world *w)
{
	return libiommufd_device_unmask_irq(w->devices[ALONE], INTX);
}

static int act_unmask_fd(struct world *w)
{
	return libiommufd_device_set_unmask_fd(w->devices[ALONE], INTX, w->event);
}

static int act_end_unmask_fd(struct world *w)
{
	return libiommufd_device_set_unmask_fd(w->devices[ALONE], INTX, -1);
}

static int act_close(struct world *w)
{
	int r = libiommufd_device_close(w->devices[ALONE], 0);
	if (r == 0)
		w->devices[ALONE] = NULL;
	return r;
}

/* clang-format off */
const struct flow flows_of_interrupts[] = {
	{"query_irq", "query_irq", ON_BOTH, .arrange = arrange_used, .act = act_query},
	{"query_irq_absent", "query_irq", ON_BOTH, -EINVAL, NULL, arrange_used, .act = act_query_absent},
	{"set_irqs_pin", "set_irqs", ON_BOTH, .arrange = arrange_used, .act = act_set_pin},
	{"set_irqs_vectors", "set_irqs", ON_BOTH, .arrange = arrange_used, .act = act_set_vectors},
	{"set_irqs_again", "set_irqs", ON_BOTH, .arrange = arrange_vectors, .act = act_set_vectors},
	{"set_irqs_other_kind", "set_irqs", ON_BOTH, -EINVAL, NULL, arrange_vectors, .act = act_set_pin},
	{"set_irqs_no_event", "set_irqs", ON_BOTH, -EINVAL, NULL, arrange_text, .act = act_set_no_event},
	{"set_irqs_request", "set_irqs", ON_BOTH, .arrange = arrange_used, .act = act_set_request},
	{"disable_irqs", "disable_irqs", ON_BOTH, .arrange = arrange_vectors, .act = act_disable},
	{"disable_irqs_not_enabled", "disable_irqs", ON_BOTH, .arrange = arrange_pin, .act = act_disable},
	{"trigger_irqs", "trigger_irqs", ON_BOTH, .arrange = arrange_vectors, .act = act_trigger},
	{"trigger_irqs_not_enabled", "trigger_irqs", ON_BOTH, -EINVAL, NULL, arrange_used, .act = act_trigger},
	{"mask_irq", "mask_irq", ON_BOTH, .arrange = arrange_pin, .act = act_mask},
	{"mask_irq_vectors", "mask_irq", ON_BOTH, -ENOTTY, NULL, arrange_vectors, .act = act_mask_vectors},
	{"unmask_irq", "unmask_irq", ON_BOTH, .arrange = arrange_masked, .act = act_unmask},
	{"set_unmask_fd", "set_unmask_fd", ON_BOTH, .arrange = arrange_pin, .act = act_unmask_fd},
	{"set_unmask_fd_again", "set_unmask_fd", ON_BOTH, -EBUSY, NULL, arrange_unmask_fd, .act = act_unmask_fd},
	{"set_unmask_fd_end", "set_unmask_fd", ON_BOTH, .arrange = arrange_unmask_fd, .act = act_end_unmask_fd},
	{"close_with_interrupts", "close", ON_BOTH, .arrange = arrange_vectors, .act = act_close},
	{0},
};
/* clang-format on */
