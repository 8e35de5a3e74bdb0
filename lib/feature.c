/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns VFIO device features: the pass-through, and low power on top of it. Calls sys. */
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "uapi/vfio.h"

_Static_assert(LIBIOMMUFD_DEVICE_FEATURE_GET == VFIO_DEVICE_FEATURE_GET &&
		       LIBIOMMUFD_DEVICE_FEATURE_SET == VFIO_DEVICE_FEATURE_SET &&
		       LIBIOMMUFD_DEVICE_FEATURE_PROBE == VFIO_DEVICE_FEATURE_PROBE,
	       "the flags are handed to the kernel as they are");

/* The file of the device, or an error written down. */
static int begin(struct op *op, const char *name, const struct libiommufd_device *dev)
{
	op_begin(op, name, dev ? device_place(dev)->name : "", dev ? device_log(dev) : NULL);
	return dev ? device_file(dev, op) : op_null(op, "dev");
}

static int feature(struct libiommufd_device *dev, struct op *op, int fd, uint32_t flags, void *data,
		   uint32_t size)
{
	struct vfio_device_feature *cmd;

	if (size > 1 << 20)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT, "size %u is too large",
			       size);
	cmd = calloc(1, sizeof(*cmd) + size);
	if (!cmd)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	cmd->argsz = (uint32_t)sizeof(*cmd) + size;
	cmd->flags = flags;
	if (size)
		memcpy(cmd->data, data, size);
	int r = device_sys(dev)->ioctl(device_sys(dev), fd, VFIO_DEVICE_FEATURE, cmd);
	if (r >= 0 && size && flags & VFIO_DEVICE_FEATURE_GET)
		memcpy(data, cmd->data, size);
	free(cmd);
	if (r == -ENOTTY)
		return op_fail(op, r, LIBIOMMUFD_REASON_NOT_SUPPORTED,
			       "the kernel or the device does not have feature %u",
			       flags & VFIO_DEVICE_FEATURE_MASK);
	return r < 0 ? device_failed(op, r, "the feature") : r;
}

EXPORT int libiommufd_device_feature(struct libiommufd_device *dev, uint32_t flags, void *data,
				     uint32_t size)
{
	struct op op;

	int r = begin(&op, "feature", dev);
	if (r >= 0 && size && !data)
		r = op_null(&op, "data");
	return op_end(&op, r < 0 ? r : feature(dev, &op, r, flags, data, size));
}

EXPORT int libiommufd_device_enter_low_power(struct libiommufd_device *dev, int wakeup_fd)
{
	struct vfio_device_low_power_entry_with_wakeup entry = {.wakeup_eventfd = wakeup_fd};
	uint32_t number = wakeup_fd < 0 ? VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY
					: VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP;
	struct op op;

	int r = begin(&op, "enter_low_power", dev);
	return op_end(&op, r < 0 ? r
				 : feature(dev, &op, r, VFIO_DEVICE_FEATURE_SET | number, &entry,
					   wakeup_fd < 0 ? 0 : sizeof(entry)));
}

EXPORT int libiommufd_device_exit_low_power(struct libiommufd_device *dev)
{
	struct op op;

	int r = begin(&op, "exit_low_power", dev);
	return op_end(&op,
		      r < 0 ? r
			    : feature(dev, &op, r,
				      VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
				      NULL, 0));
}
