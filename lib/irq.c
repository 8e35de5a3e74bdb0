/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns interrupts: one ioctl on the device's file for one call. The kernel keeps all state. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "uapi/vfio.h"

/* The file of the device, or an error written down. */
static int begin(struct op *op, const char *name, const struct libiommufd_device *dev)
{
	op_begin(op, name, dev ? device_place(dev)->name : "", dev ? device_log(dev) : NULL);
	return dev ? device_file(dev, op) : op_null(op, "dev");
}

/* What is said of an interrupt: with the name that PCI has for it, if the device is one of PCI. */
static const char *name_of(const struct libiommufd_device *dev, uint32_t index)
{
	static const char *const pci[] = {"interrupt 0 (INTx)", "interrupt 1 (MSI)",
					  "interrupt 2 (MSI-X)", "interrupt 3 (ERR)",
					  "interrupt 4 (REQ)"};
	static const char *const other[] = {"interrupt 0", "interrupt 1", "interrupt 2",
					    "interrupt 3", "interrupt 4"};
	unsigned domain, bus, slot, function;

	if (index >= sizeof(pci) / sizeof(pci[0]))
		return "the interrupt";
	return sscanf(device_place(dev)->name, "%x:%x:%x.%x", &domain, &bus, &slot, &function) == 4
		       ? pci[index]
		       : other[index];
}

static int query(struct libiommufd_device *dev, struct op *op, int fd, uint32_t index,
		 struct vfio_irq_info *info)
{
	const struct sys *sys = device_sys(dev);

	*info = (struct vfio_irq_info){.argsz = sizeof(*info), .index = index};
	int r = sys->ioctl(sys, fd, VFIO_DEVICE_GET_IRQ_INFO, info);
	if (r == -EINVAL) {
		/* Drivers of mediated devices may count their interrupts only when asked for this. */
		struct vfio_device_info all = {.argsz = sizeof(all)};
		sys->ioctl(sys, fd, VFIO_DEVICE_GET_INFO, &all);
		r = sys->ioctl(sys, fd, VFIO_DEVICE_GET_IRQ_INFO, info);
	}
	if (r == -EINVAL)
		return op_fail(op, r, LIBIOMMUFD_REASON_ARGUMENT, "the device has no interrupt %u",
			       index);
	return r < 0 ? device_failed(op, r, "the interrupt cannot be described") : 0;
}

EXPORT int libiommufd_device_query_irq(struct libiommufd_device *dev, uint32_t index,
				       uint32_t *ret_count, uint32_t *ret_flags)
{
	struct vfio_irq_info info;
	struct op op;

	int fd = begin(&op, "query_irq", dev);
	if (fd >= 0 && !ret_count)
		fd = op_null(&op, "ret_count");
	if (fd < 0)
		return op_end(&op, fd);
	int r = query(dev, &op, fd, index, &info);
	if (r < 0)
		return op_end(&op, r);
	*ret_count = info.count;
	if (ret_flags)
		*ret_flags =
			(info.flags & VFIO_IRQ_INFO_EVENTFD ? LIBIOMMUFD_IRQ_EVENTFD : 0) |
			(info.flags & VFIO_IRQ_INFO_MASKABLE ? LIBIOMMUFD_IRQ_MASKABLE : 0) |
			(info.flags & VFIO_IRQ_INFO_AUTOMASKED ? LIBIOMMUFD_IRQ_AUTOMASKED : 0) |
			(info.flags & VFIO_IRQ_INFO_NORESIZE ? LIBIOMMUFD_IRQ_NORESIZE : 0);
	return op_end(&op, 0);
}

/* VFIO_DEVICE_SET_IRQS with count eventfds, or with none if eventfds is NULL. */
static int set(struct libiommufd_device *dev, struct op *op, int fd, uint32_t action,
	       uint32_t index, uint32_t start, uint32_t count, const int *eventfds)
{
	size_t size = sizeof(struct vfio_irq_set) + (eventfds ? count * sizeof(int32_t) : 0);
	struct vfio_irq_set *cmd = calloc(1, size);

	if (!cmd)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	cmd->argsz = (uint32_t)size;
	cmd->flags = action | (eventfds ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE);
	cmd->index = index;
	cmd->start = start;
	cmd->count = count;
	if (eventfds)
		memcpy(cmd->data, eventfds, count * sizeof(int32_t));
	int r = device_sys(dev)->ioctl(device_sys(dev), fd, VFIO_DEVICE_SET_IRQS, cmd);
	free(cmd);
	if (r <= 0)
		return r;
	/* The kernel says how many vectors there could have been. */
	op_fail(op, -ENOSPC, LIBIOMMUFD_REASON_VECTOR_LIMIT,
		"only %d of %" PRIu32 " interrupt vectors can be had; use fewer", r, start + count);
	op_limit(op, start + count, (uint64_t)r);
	return -ENOSPC;
}

static int check_range(const struct libiommufd_device *dev, struct op *op,
		       const struct vfio_irq_info *info, uint32_t start, uint32_t count)
{
	if (count && start < info->count && count <= info->count - start)
		return 0;
	return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
		       "vectors %u+%u are not all among the %u of %s", start, count, info->count,
		       name_of(dev, info->index));
}

/* An error of the kernel: cannot is what could not be done, and why it answers so. */
static int explain(const struct libiommufd_device *dev, struct op *op, int error, uint32_t index,
		   const char *cannot)
{
	if (error >= 0 || op->error == error)
		return error;
	if (error == -EBADF)
		return op_fail(op, error, LIBIOMMUFD_REASON_ARGUMENT, "an eventfd is not open");
	if (error == -EINVAL || error == -ENOTTY)
		return op_fail(op, error, LIBIOMMUFD_REASON_NOT_SUPPORTED, "%s cannot be %s",
			       name_of(dev, index), cannot);
	if (error == -EBUSY)
		return op_fail(op, error, LIBIOMMUFD_REASON_IN_USE,
			       "an eventfd unmasks %s already; end that with -1 first",
			       name_of(dev, index));
	return device_failed(op, error, "the interrupt cannot be changed");
}

EXPORT int libiommufd_device_set_irqs(struct libiommufd_device *dev, uint32_t index, uint32_t start,
				      const int *eventfds, uint32_t count)
{
	struct vfio_irq_info info;
	struct op op;

	int fd = begin(&op, "set_irqs", dev);
	if (fd >= 0 && !eventfds)
		fd = op_null(&op, "eventfds");
	if (fd < 0)
		return op_end(&op, fd);
	int r = query(dev, &op, fd, index, &info);
	if (r == 0)
		r = check_range(dev, &op, &info, start, count);
	if (r == 0)
		r = set(dev, &op, fd, VFIO_IRQ_SET_ACTION_TRIGGER, index, start, count, eventfds);
	if (r == -EINVAL && !op.error && info.flags & VFIO_IRQ_INFO_NORESIZE)
		op_fail(&op, r, LIBIOMMUFD_REASON_NOT_SUPPORTED,
			"%s takes no more vectors while some are in use, and none with another "
			"kind enabled: libiommufd_device_disable_irqs(), then set all; or a file "
			"given is no eventfd",
			name_of(dev, index));
	/* The device has them, but the processors' tables are full: it is not known for how many. */
	if (r == -ENOSPC && !op.error) {
		op_fail(&op, r, LIBIOMMUFD_REASON_VECTOR_LIMIT,
			"the processors have no room for %" PRIu32 " interrupt vectors; use fewer",
			start + count);
		op_limit(&op, start + count, 0);
	}
	return op_end(&op,
		      explain(dev, &op, r, index,
			      "set: a file given is no eventfd, or another kind of interrupt is "
			      "enabled (libiommufd_device_disable_irqs() ends it)"));
}

EXPORT int libiommufd_device_disable_irqs(struct libiommufd_device *dev, uint32_t index)
{
	struct vfio_irq_info info;
	struct op op;

	int fd = begin(&op, "disable_irqs", dev);
	if (fd < 0)
		return op_end(&op, fd);
	int r = query(dev, &op, fd, index, &info);
	if (r == 0 && info.count)
		r = set(dev, &op, fd, VFIO_IRQ_SET_ACTION_TRIGGER, index, 0, 0, NULL);
	/* That is what the kernel says of one that is not enabled. */
	if (r == -EINVAL && !op.error)
		r = 0;
	return op_end(&op, explain(dev, &op, r, index, "disabled"));
}

EXPORT int libiommufd_device_trigger_irqs(struct libiommufd_device *dev, uint32_t index,
					  uint32_t start, uint32_t count)
{
	struct vfio_irq_info info;
	struct op op;

	int r = begin(&op, "trigger_irqs", dev), fd = r;
	/* That would disable them. */
	if (r >= 0 && !count)
		r = op_fail(&op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT, "count is 0");
	if (r >= 0)
		r = set(dev, &op, fd, VFIO_IRQ_SET_ACTION_TRIGGER, index, start, count, NULL);
	if (r == -EINVAL && !op.error && query(dev, &op, fd, index, &info) == 0)
		check_range(dev, &op, &info, start, count);
	return op_end(&op, explain(dev, &op, r, index,
				   "triggered: it is not enabled (libiommufd_device_set_irqs() "
				   "enables it), or not by software"));
}

#define MASKABLE ": it is not enabled, or not maskable (libiommufd_device_query_irq() tells)"

static int change_mask(struct libiommufd_device *dev, const char *name, uint32_t action,
		       uint32_t index, const char *cannot)
{
	struct op op;

	int r = begin(&op, name, dev);
	if (r >= 0)
		r = set(dev, &op, r, action, index, 0, 1, NULL);
	return op_end(&op, explain(dev, &op, r, index, cannot));
}

EXPORT int libiommufd_device_mask_irq(struct libiommufd_device *dev, uint32_t index)
{
	return change_mask(dev, "mask_irq", VFIO_IRQ_SET_ACTION_MASK, index, "masked" MASKABLE);
}

EXPORT int libiommufd_device_unmask_irq(struct libiommufd_device *dev, uint32_t index)
{
	return change_mask(dev, "unmask_irq", VFIO_IRQ_SET_ACTION_UNMASK, index,
			   "unmasked" MASKABLE);
}

EXPORT int libiommufd_device_set_unmask_fd(struct libiommufd_device *dev, uint32_t index,
					   int eventfd)
{
	struct op op;

	int r = begin(&op, "set_unmask_fd", dev);
	if (r >= 0)
		r = set(dev, &op, r, VFIO_IRQ_SET_ACTION_UNMASK, index, 0, 1, &eventfd);
	return op_end(&op,
		      explain(dev, &op, r, index,
			      "unmasked by an eventfd: it is not enabled, not maskable, or the "
			      "file given is no eventfd"));
}
