/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the fake's interrupts: which kind of a device is enabled, and the events that its vectors signal.
 * Nothing is ever signalled: what a test can see is who would be.
 */
#include "fake_internal.h"

#include <string.h>

#include "uapi/vfio.h"

int fake_event_of(struct fake *fake, int fd, struct fake_file **ret_event)
{
	struct fake_file *file = fd < 0 ? NULL : fake_lookup(fake, fd);

	if (fd >= 0 && !file)
		return -EBADF;
	if (file && file->kind != FILE_EVENT)
		return -EINVAL;
	if (file)
		file->refs++;
	*ret_event = file;
	return 0;
}

void fake_event_drop(struct fake *fake, struct fake_file **event)
{
	if (*event)
		fake_file_put(fake, *event);
	*event = NULL;
}

/* The event behind fd, or none, in the place of the one there. */
static int replace(struct fake *fake, struct fake_file **event, int fd)
{
	struct fake_file *other;

	int r = fake_event_of(fake, fd, &other);
	if (r < 0)
		return r;
	fake_event_drop(fake, event);
	*event = other;
	return 0;
}

/* ---- What a device has ---- */

static unsigned count_of(const struct fake_device *device, uint32_t index)
{
	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
	case VFIO_PCI_REQ_IRQ_INDEX:
		return 1;
	case VFIO_PCI_MSI_IRQ_INDEX:
		return device->config->msi;
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return device->config->msix;
	default:
		return 0; /* errors are reported by PCI Express alone, which no device here is */
	}
}

int fake_irq_info(const struct fake_device *device, struct vfio_irq_info *info)
{
	if (info->argsz < sizeof(*info) || info->index >= VFIO_PCI_NUM_IRQS ||
	    info->index == VFIO_PCI_ERR_IRQ_INDEX)
		return -EINVAL;
	info->count = count_of(device, info->index);
	info->flags = VFIO_IRQ_INFO_EVENTFD;
	if (info->index == VFIO_PCI_INTX_IRQ_INDEX)
		info->flags |= VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
	else if (info->index != VFIO_PCI_MSIX_IRQ_INDEX || !info->count)
		info->flags |= VFIO_IRQ_INFO_NORESIZE;
	return 0;
}

/* ---- Enabled, and not ---- */

static void disable(struct fake *fake, struct fake_device *device)
{
	for (unsigned i = 0; i < FAKE_VECTORS; i++)
		fake_event_drop(fake, &device->vectors[i]);
	fake_event_drop(fake, &device->unmask);
	device->irq = FAKE_NO_IRQ;
	device->enabled = 0;
	device->masked = false;
}

void fake_irq_end(struct fake *fake, struct fake_device *device)
{
	disable(fake, device);
	fake_event_drop(fake, &device->request);
}

static int set_vectors(struct fake *fake, struct fake_device *device, unsigned start,
		       unsigned count, const int32_t *fds)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < count; i++)
		r = start + i < device->enabled ? replace(fake, &device->vectors[start + i], fds[i])
						: -EINVAL;
	/* Those that had been set have lost what they had. */
	for (unsigned i = 0; r < 0 && i < count; i++)
		fake_event_drop(fake, &device->vectors[start + i]);
	return r;
}

static int trigger(struct fake *fake, struct fake_device *device, const struct vfio_irq_set *set)
{
	const int32_t *fds = (const int32_t *)(const void *)set->data;
	bool none = set->flags & VFIO_IRQ_SET_DATA_NONE, is_it = device->irq == (int)set->index;

	if (is_it && none && !set->count) {
		disable(fake, device);
		return 0;
	}
	if ((!is_it && device->irq != FAKE_NO_IRQ) ||
	    (set->index == VFIO_PCI_INTX_IRQ_INDEX && set->count != 1))
		return -EINVAL;
	if (none)
		return is_it ? 0 : -EINVAL;
	if (!is_it) {
		device->irq = (int)set->index;
		/* Vectors can be added to those of MSI-X alone. */
		device->enabled = set->index == VFIO_PCI_MSIX_IRQ_INDEX ? device->config->msix
									: set->start + set->count;
	}
	int r = set_vectors(fake, device, set->start, set->count, fds);
	if (r < 0 && !is_it)
		disable(fake, device);
	return r;
}

static int trigger_request(struct fake *fake, struct fake_device *device,
			   const struct vfio_irq_set *set)
{
	int32_t fd;

	if (set->flags & VFIO_IRQ_SET_DATA_NONE) {
		if (!device->request)
			return -EINVAL;
		if (!set->count)
			fake_event_drop(fake, &device->request);
		return 0;
	}
	memcpy(&fd, set->data, sizeof(fd));
	return set->count ? replace(fake, &device->request, fd) : -EINVAL;
}

static int change_mask(struct fake *fake, struct fake_device *device,
		       const struct vfio_irq_set *set)
{
	bool unmask = set->flags & VFIO_IRQ_SET_ACTION_UNMASK;
	struct fake_file *event;
	int32_t fd;

	if (set->index != VFIO_PCI_INTX_IRQ_INDEX)
		return -ENOTTY;
	if (device->irq != VFIO_PCI_INTX_IRQ_INDEX || set->count != 1)
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_NONE) {
		device->masked = !unmask;
		return 0;
	}
	if (!unmask)
		return -ENOTTY;
	memcpy(&fd, set->data, sizeof(fd));
	if (fd < 0) {
		fake_event_drop(fake, &device->unmask);
		return 0;
	}
	int r = fake_event_of(fake, fd, &event);
	if (r == 0 && device->unmask) {
		fake_event_drop(fake, &event);
		r = -EBUSY;
	}
	if (r == 0)
		device->unmask = event;
	return r;
}

int fake_set_irqs(struct fake *fake, struct fake_device *device, const struct vfio_irq_set *set)
{
	const uint32_t known = VFIO_IRQ_SET_DATA_TYPE_MASK | VFIO_IRQ_SET_ACTION_TYPE_MASK;
	unsigned count = set->index < VFIO_PCI_NUM_IRQS ? count_of(device, set->index) : 0;

	if (set->argsz < sizeof(*set) || set->flags & ~known || set->start >= count ||
	    set->count > count - set->start)
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD &&
	    set->argsz - sizeof(*set) < set->count * sizeof(int32_t))
		return -EINVAL;
	if (!(set->flags & VFIO_IRQ_SET_ACTION_TRIGGER))
		return change_mask(fake, device, set);
	return set->index == VFIO_PCI_REQ_IRQ_INDEX ? trigger_request(fake, device, set)
						    : trigger(fake, device, set);
}
