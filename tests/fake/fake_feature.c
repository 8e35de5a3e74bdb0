/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what the fake's devices can do beside that: features, of which sleep is one, and ioeventfds. */
#include "fake_internal.h"

#include <string.h>

#include "uapi/vfio.h"

void fake_feature_end(struct fake *fake, struct fake_device *device)
{
	device->sleeps = false;
	fake_event_drop(fake, &device->wakeup);
	for (unsigned i = 0; i < FAKE_WRITES; i++)
		fake_event_drop(fake, &device->writes[i].event);
}

/* ---- Features ---- */

static int sleep_now(struct fake *fake, struct fake_device *device, const void *data)
{
	struct vfio_device_low_power_entry_with_wakeup entry = {.wakeup_eventfd = -1};
	struct fake_file *event;

	if (data)
		memcpy(&entry, data, sizeof(entry));
	if (entry.reserved)
		return -EINVAL;
	int r = fake_event_of(fake, entry.wakeup_eventfd, &event);
	if (r == 0 && device->sleeps) {
		fake_event_drop(fake, &event);
		r = -EINVAL;
	}
	if (r < 0)
		return r;
	device->sleeps = true;
	device->wakeup = event;
	return 0;
}

int fake_feature(struct fake *fake, struct fake_device *device,
		 const struct vfio_device_feature *cmd)
{
	const uint32_t get = VFIO_DEVICE_FEATURE_GET, set = VFIO_DEVICE_FEATURE_SET,
		       probe = VFIO_DEVICE_FEATURE_PROBE;
	uint32_t number = cmd->flags & VFIO_DEVICE_FEATURE_MASK;
	bool tells = number == VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP;

	if (cmd->argsz < sizeof(*cmd) ||
	    cmd->flags & ~(VFIO_DEVICE_FEATURE_MASK | get | set | probe) ||
	    (!(cmd->flags & probe) && cmd->flags & get && cmd->flags & set))
		return -EINVAL;
	if (number < VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY ||
	    number > VFIO_DEVICE_FEATURE_LOW_POWER_EXIT)
		return -ENOTTY;
	if (cmd->flags & get)
		return -EINVAL;
	if (cmd->flags & probe)
		return 0;
	if (!(cmd->flags & set) ||
	    (tells &&
	     cmd->argsz - sizeof(*cmd) < sizeof(struct vfio_device_low_power_entry_with_wakeup)))
		return -EINVAL;
	if (number != VFIO_DEVICE_FEATURE_LOW_POWER_EXIT)
		return sleep_now(fake, device, tells ? cmd->data : NULL);
	device->sleeps = false;
	fake_event_drop(fake, &device->wakeup);
	return 0;
}

/* ---- Eventfds that write ---- */

int fake_ioeventfd(struct fake *fake, struct fake_device *device,
		   const struct vfio_device_ioeventfd *cmd)
{
	uint64_t bar = cmd->offset >> FAKE_REGION_SHIFT;
	uint64_t at = cmd->offset & ((1ULL << FAKE_REGION_SHIFT) - 1);
	struct fake_write *room = NULL;

	if (cmd->argsz < sizeof(*cmd) || cmd->flags & ~VFIO_DEVICE_IOEVENTFD_SIZE_MASK ||
	    cmd->fd < -1 || bar >= 6 || at + cmd->flags > device->config->bar[bar])
		return -EINVAL;
	if ((int)bar == device->config->msix_bar && at >= FAKE_PAGE && at < 2 * FAKE_PAGE)
		return -EINVAL;
	for (unsigned i = 0; i < FAKE_WRITES; i++) {
		struct fake_write *write = &device->writes[i];
		if (!write->event) {
			room = room ? room : write;
			continue;
		}
		if (write->offset != cmd->offset || write->data != cmd->data ||
		    write->width != cmd->flags)
			continue;
		if (cmd->fd >= 0)
			return -EEXIST;
		fake_event_drop(fake, &write->event);
		return 0;
	}
	if (cmd->fd < 0)
		return -ENODEV;
	if (!room)
		return -ENOSPC;
	int r = fake_event_of(fake, cmd->fd, &room->event);
	if (r == 0) {
		room->offset = cmd->offset;
		room->data = cmd->data;
		room->width = cmd->flags;
	}
	return r;
}
