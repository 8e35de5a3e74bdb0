/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the calls about interrupts, resets, low power and ioeventfds, each made in starting states of
 * their own. The edu device has a pin and one message, and can be reset in no way.
 */
#include "states.h"

#include "uapi/vfio.h"

enum {
	LIVENESS = 4, /* a register */
};

static int set_one(struct scene *s, uint32_t index, int fd)
{
	return libiommufd_device_set_irqs(s->dev0, index, 0, &fd, 1);
}

static struct libiommufd_region *registers(struct scene *s)
{
	struct libiommufd_region *bar;

	must(libiommufd_device_query_region(s->dev0, 0, &bar) == 0, "query_region");
	return bar;
}

/* ---- States ---- */

static void bound(struct scene *s)
{
	must(libiommufd_device_bind(s->dev0, NULL) == 0, "bind");
}

static void pin(struct scene *s)
{
	bound(s);
	must(set_one(s, LIBIOMMUFD_PCI_INTX, s->event) == 0, "set_irqs");
}

static void pin_without_event(struct scene *s)
{
	bound(s);
	must(set_one(s, LIBIOMMUFD_PCI_INTX, -1) == 0, "set_irqs");
}

static void pin_unmasked_by_event(struct scene *s)
{
	pin(s);
	must(libiommufd_device_set_unmask_fd(s->dev0, LIBIOMMUFD_PCI_INTX, s->event) == 0,
	     "set_unmask_fd");
}

static void message(struct scene *s)
{
	bound(s);
	must(set_one(s, LIBIOMMUFD_PCI_MSI, s->event) == 0, "set_irqs");
}

static void request(struct scene *s)
{
	bound(s);
	must(set_one(s, LIBIOMMUFD_PCI_REQ, s->event) == 0, "set_irqs");
}

static void asleep(struct scene *s)
{
	bound(s);
	must(libiommufd_device_enter_low_power(s->dev0, -1) == 0, "enter_low_power");
}

static void writes(struct scene *s)
{
	bound(s);
	must(libiommufd_region_set_ioeventfd(registers(s), LIVENESS, 4, 7, s->event) == 0,
	     "set_ioeventfd");
}

const struct state feature_states[] = {
	{"bound", bound},
	{"pin", pin},
	{"pin-without-event", pin_without_event},
	{"pin-unmasked-by-event", pin_unmasked_by_event},
	{"message", message},
	{"request", request},
	{"asleep", asleep},
	{"writes", writes},
	{0},
};

/* ---- Calls ---- */

static int call_query(struct scene *s)
{
	int r = 0;

	for (uint32_t index = 0; r == 0 && index < 6; index++) {
		uint32_t count = 0, flags = 0;
		if (index != LIBIOMMUFD_PCI_ERR)
			r = libiommufd_device_query_irq(s->dev0, index, &count, &flags);
		say(s, " %u:%x", count, flags);
	}
	return r;
}

/* Set it, and see what is enabled then. */
static int set_and_try(struct scene *s, uint32_t index, int fd)
{
	int r = set_one(s, index, fd);

	if (r < 0)
		say(s, "%s, then", libiommufd_reason_name(libiommufd_last_error()->reason));
	for (uint32_t i = 0; i < 5; i++)
		say(s, " %d", libiommufd_device_trigger_irqs(s->dev0, i, 0, 1) == 0);
	return r;
}

#define SET(name, index, fd)                      \
	static int call_##name(struct scene *s)   \
	{                                         \
		return set_and_try(s, index, fd); \
	}

SET(set_pin, LIBIOMMUFD_PCI_INTX, s->event)
SET(set_pin_none, LIBIOMMUFD_PCI_INTX, -1)
SET(set_pin_closed, LIBIOMMUFD_PCI_INTX, 999)
SET(set_pin_memory, LIBIOMMUFD_PCI_INTX, s->file)
SET(set_message, LIBIOMMUFD_PCI_MSI, s->event)
SET(set_message_none, LIBIOMMUFD_PCI_MSI, -1)
SET(set_message_memory, LIBIOMMUFD_PCI_MSI, s->file)
SET(set_extended, LIBIOMMUFD_PCI_MSIX, s->event)
SET(set_request, LIBIOMMUFD_PCI_REQ, s->event)
SET(set_request_none, LIBIOMMUFD_PCI_REQ, -1)
SET(set_request_memory, LIBIOMMUFD_PCI_REQ, s->file)

/* One call for each of the first six numbers. */
static int each(struct scene *s, int (*call)(struct libiommufd_device *dev, uint32_t index))
{
	int r = 0;

	for (uint32_t index = 0; index < 6; index++) {
		r = call(s->dev0, index);
		say(s, " %d", r);
	}
	return r;
}

static int trigger(struct libiommufd_device *dev, uint32_t index)
{
	return libiommufd_device_trigger_irqs(dev, index, 0, 1);
}

static int call_trigger(struct scene *s)
{
	return each(s, trigger);
}

static int call_disable(struct scene *s)
{
	return each(s, libiommufd_device_disable_irqs);
}

static int call_mask(struct scene *s)
{
	return each(s, libiommufd_device_mask_irq);
}

static int call_unmask(struct scene *s)
{
	return each(s, libiommufd_device_unmask_irq);
}

static int call_unmask_fd(struct scene *s)
{
	say(s, "%d %d", libiommufd_device_set_unmask_fd(s->dev0, LIBIOMMUFD_PCI_INTX, 999),
	    libiommufd_device_set_unmask_fd(s->dev0, LIBIOMMUFD_PCI_MSI, s->event));
	return libiommufd_device_set_unmask_fd(s->dev0, LIBIOMMUFD_PCI_INTX, s->event);
}

static int call_unmask_fd_end(struct scene *s)
{
	return libiommufd_device_set_unmask_fd(s->dev0, LIBIOMMUFD_PCI_INTX, -1);
}

static int call_reset(struct scene *s)
{
	return libiommufd_device_reset(s->dev0);
}

static int call_query_hot_reset(struct scene *s)
{
	struct libiommufd_hot_reset *reset = NULL;
	int r = libiommufd_device_query_hot_reset(s->dev0, &reset);

	libiommufd_hot_reset_free(reset);
	return r;
}

static int call_hot_reset(struct scene *s)
{
	return libiommufd_device_hot_reset(s->dev0);
}

static int call_sleep(struct scene *s)
{
	return libiommufd_device_enter_low_power(s->dev0, -1);
}

static int call_sleep_with_wakeup(struct scene *s)
{
	say(s, "%d %d", libiommufd_device_enter_low_power(s->dev0, 999),
	    libiommufd_device_enter_low_power(s->dev0, s->file));
	return libiommufd_device_enter_low_power(s->dev0, s->event);
}

static int call_wake(struct scene *s)
{
	int r = libiommufd_device_exit_low_power(s->dev0);

	say(s, "again %d", libiommufd_device_enter_low_power(s->dev0, -1));
	return r;
}

static int call_features(struct scene *s)
{
	const uint32_t flags[] = {
		LIBIOMMUFD_DEVICE_FEATURE_PROBE,
		LIBIOMMUFD_DEVICE_FEATURE_PROBE | LIBIOMMUFD_DEVICE_FEATURE_GET,
		LIBIOMMUFD_DEVICE_FEATURE_PROBE | LIBIOMMUFD_DEVICE_FEATURE_SET,
		LIBIOMMUFD_DEVICE_FEATURE_GET | LIBIOMMUFD_DEVICE_FEATURE_SET,
		0,
	};

	for (uint32_t number = VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY;
	     number <= VFIO_DEVICE_FEATURE_LOW_POWER_EXIT; number++)
		for (int i = 0; i < 5; i++)
			say(s, " %d",
			    libiommufd_device_feature(s->dev0, flags[i] | number, NULL, 0));
	return libiommufd_device_feature(s->dev0, LIBIOMMUFD_DEVICE_FEATURE_GET | 500, NULL, 0);
}

static int call_write(struct scene *s)
{
	return libiommufd_region_set_ioeventfd(registers(s), LIVENESS, 4, 7, s->event);
}

static int call_write_other(struct scene *s)
{
	struct libiommufd_region *bar = registers(s);

	say(s, "%d %d %d", libiommufd_region_set_ioeventfd(bar, LIVENESS, 4, 8, 999),
	    libiommufd_region_set_ioeventfd(bar, LIVENESS, 4, 8, s->file),
	    libiommufd_region_set_ioeventfd(bar, LIVENESS, 4, 8, -2));
	return libiommufd_region_set_ioeventfd(bar, LIVENESS, 4, 8, s->event);
}

static int call_write_end(struct scene *s)
{
	return libiommufd_region_set_ioeventfd(registers(s), LIVENESS, 4, 7, -1);
}

static int call_write_config(struct scene *s)
{
	struct libiommufd_region *space;

	must(libiommufd_device_query_region(s->dev0, LIBIOMMUFD_PCI_CONFIG, &space) == 0,
	     "query_region");
	return libiommufd_region_set_ioeventfd(space, 4, 2, 0, s->event);
}

const struct call feature_calls[] = {
	{"query-irqs", call_query},
	{"set-pin", call_set_pin},
	{"set-pin-none", call_set_pin_none},
	{"set-pin-closed", call_set_pin_closed},
	{"set-pin-memory", call_set_pin_memory},
	{"set-message", call_set_message},
	{"set-message-none", call_set_message_none},
	{"set-message-memory", call_set_message_memory},
	{"set-extended", call_set_extended},
	{"set-request", call_set_request},
	{"set-request-none", call_set_request_none},
	{"set-request-memory", call_set_request_memory},
	{"trigger", call_trigger},
	{"disable", call_disable},
	{"mask", call_mask},
	{"unmask", call_unmask},
	{"unmask-fd", call_unmask_fd},
	{"unmask-fd-end", call_unmask_fd_end},
	{"reset", call_reset},
	{"query-hot-reset", call_query_hot_reset},
	{"hot-reset", call_hot_reset},
	{"sleep", call_sleep},
	{"sleep-with-wakeup", call_sleep_with_wakeup},
	{"wake", call_wake},
	{"features", call_features},
	{"write", call_write},
	{"write-other", call_write_other},
	{"write-end", call_write_end},
	{"write-config", call_write_config},
	{0},
};
