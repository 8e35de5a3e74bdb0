/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns resets: of the function, and of slot or bus with the list of whom that concerns. Calls sys on
 * the device's file, and the backend for who owns a group.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "uapi/vfio.h"

struct affected {
	char address[32];
	bool owned;
	uint32_t group; /* where the kernel tells groups */
};

struct libiommufd_hot_reset {
	size_t count;
	bool by_group; /* the kernel told groups, so it wants proof by group files */
	struct affected devices[];
};

/* The file of the device, or an error written down. */
static int begin(struct op *op, const char *name, const struct libiommufd_device *dev)
{
	op_begin(op, name, dev ? device_place(dev)->name : "", dev ? device_log(dev) : NULL);
	return dev ? device_file(dev, op) : op_null(op, "dev");
}

EXPORT int libiommufd_device_reset(struct libiommufd_device *dev)
{
	struct op op;

	int fd = begin(&op, "reset", dev);
	if (fd < 0)
		return op_end(&op, fd);
	int r = device_sys(dev)->ioctl(device_sys(dev), fd, VFIO_DEVICE_RESET, NULL);
	if (r == -EINVAL || r == -ENOTTY)
		return op_end(&op, op_fail(&op, -EINVAL, LIBIOMMUFD_REASON_NOT_SUPPORTED,
					   "the device cannot be reset on its own; "
					   "libiommufd_device_hot_reset() may do"));
	if (r < 0)
		return op_end(&op, device_failed(&op, r, "the device cannot be reset"));
	return op_end(&op, 0);
}

/* ---- Whom a hot reset concerns ---- */

/* The kernel's whole answer; the caller frees it. */
static int read_info(const struct libiommufd_device *dev, struct op *op, int fd,
		     struct vfio_pci_hot_reset_info **ret_info)
{
	uint32_t room = 16;
	const struct sys *sys = device_sys(dev);
	struct vfio_pci_hot_reset_info *info = NULL;
	int r;

	for (;;) {
		size_t size = sizeof(*info) + room * sizeof(info->devices[0]);
		free(info);
		info = calloc(1, size);
		if (!info)
			return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
		info->argsz = (uint32_t)size;
		r = sys->ioctl(sys, fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info);
		if (r != -ENOSPC || info->count <= room || info->count > 1 << 16)
			break;
		room = info->count;
	}
	if (r == 0 && info->count > room)
		r = -EIO;
	if (r < 0) {
		free(info);
		if (r == -ENODEV || r == -ENOTTY || r == -EINVAL)
			return op_fail(op, r, LIBIOMMUFD_REASON_NOT_SUPPORTED,
				       "the device can be reset neither by slot nor by bus");
		return device_failed(op, r, "the hot reset cannot be described");
	}
	*ret_info = info;
	return 0;
}

static int make_snapshot(struct libiommufd_device *dev, struct op *op, int fd,
			 struct libiommufd_hot_reset **ret_reset)
{
	struct vfio_pci_hot_reset_info *info = NULL;
	struct backend_ctx *backend = device_backend(dev)->ctx;

	int r = read_info(dev, op, fd, &info);
	if (r < 0)
		return r;
	struct libiommufd_hot_reset *reset =
		calloc(1, sizeof(*reset) + info->count * sizeof(reset->devices[0]));
	if (!reset) {
		free(info);
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	}
	reset->count = info->count;
	reset->by_group = !(info->flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID);
	for (size_t i = 0; i < reset->count; i++) {
		const struct vfio_pci_dependent_device *from = &info->devices[i];
		struct affected *to = &reset->devices[i];

		snprintf(to->address, sizeof(to->address), "%04x:%02x:%02x.%x", from->segment,
			 from->bus, from->devfn >> 3, from->devfn & 7);
		to->group = from->group_id;
		to->owned = reset->by_group ? backend->ops->owns_group(backend, from->group_id)
					    : from->devid != VFIO_PCI_DEVID_NOT_OWNED;
	}
	free(info);
	*ret_reset = reset;
	return 0;
}

EXPORT int libiommufd_device_query_hot_reset(struct libiommufd_device *dev,
					     struct libiommufd_hot_reset **ret_reset)
{
	struct op op;

	int fd = begin(&op, "query_hot_reset", dev);
	if (fd >= 0 && !ret_reset)
		fd = op_null(&op, "ret_reset");
	return op_end(&op, fd < 0 ? fd : make_snapshot(dev, &op, fd, ret_reset));
}

EXPORT size_t libiommufd_hot_reset_get_count(const struct libiommufd_hot_reset *reset)
{
	return reset ? reset->count : 0;
}

EXPORT const char *libiommufd_hot_reset_get_address(const struct libiommufd_hot_reset *reset,
						    size_t index)
{
	return reset && index < reset->count ? reset->devices[index].address : NULL;
}

EXPORT bool libiommufd_hot_reset_is_owned(const struct libiommufd_hot_reset *reset, size_t index)
{
	return reset && index < reset->count && reset->devices[index].owned;
}

EXPORT struct libiommufd_hot_reset *libiommufd_hot_reset_free(struct libiommufd_hot_reset *reset)
{
	free(reset);
	return NULL;
}

/* ---- The reset itself ---- */

/* One group file for each group; the command has room for as many as there are devices. */
static int add_group_files(struct libiommufd_device *dev, struct op *op,
			   const struct libiommufd_hot_reset *reset, struct vfio_pci_hot_reset *cmd)
{
	struct backend_ctx *backend = device_backend(dev)->ctx;

	for (size_t i = 0; i < reset->count; i++) {
		size_t seen = 0;
		while (reset->devices[seen].group != reset->devices[i].group)
			seen++;
		if (seen != i)
			continue;
		int fd = backend->ops->group_file(backend, reset->devices[i].group);
		if (fd < 0)
			return op_fail(op, fd, LIBIOMMUFD_REASON_KERNEL, "the file of group %u: %s",
				       reset->devices[i].group, strerrordesc_np(-fd));
		cmd->group_fds[cmd->count++] = fd;
	}
	return 0;
}

/*
 * Groups are all the kernel told, and a group that is ours can have a device on no driver at all. The
 * kernel does not say which: it is one of those in the list.
 */
static int fail_by_group(struct op *op, int error, const struct libiommufd_hot_reset *reset)
{
	char list[160];
	size_t n = 0;

	list[0] = '\0';
	for (size_t i = 0; i < reset->count && n < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, " %s", reset->devices[i].address);
	return op_fail(op, error, LIBIOMMUFD_REASON_NOT_OWNED,
		       "one of the devices that it would reset is not bound to a vfio driver:%s",
		       list);
}

static int hot_reset(struct libiommufd_device *dev, struct op *op, int fd,
		     const struct libiommufd_hot_reset *reset)
{
	const struct sys *sys = device_sys(dev);
	size_t size = sizeof(struct vfio_pci_hot_reset) + reset->count * sizeof(int32_t);
	int r = 0;

	for (size_t i = 0; i < reset->count; i++)
		if (!reset->devices[i].owned)
			return op_fail(op, reset->by_group ? -EPERM : -EINVAL,
				       LIBIOMMUFD_REASON_NOT_OWNED,
				       "it would reset %s too, which this context does not own; "
				       "bind "
				       "that device first, or take it off its driver",
				       reset->devices[i].address);
	struct vfio_pci_hot_reset *cmd = calloc(1, size);
	if (!cmd)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	if (reset->by_group)
		r = add_group_files(dev, op, reset, cmd);
	cmd->argsz = (uint32_t)(sizeof(*cmd) + cmd->count * sizeof(int32_t));
	if (r == 0) {
		r = sys->ioctl(sys, fd, VFIO_DEVICE_PCI_HOT_RESET, cmd);
		if (r == -EINVAL && reset->by_group)
			fail_by_group(op, r, reset);
		else if (r < 0)
			device_failed(op, r, "the slot or bus cannot be reset");
	}
	for (uint32_t i = 0; i < cmd->count; i++)
		sys->close(sys, cmd->group_fds[i]);
	free(cmd);
	return r;
}

EXPORT int libiommufd_device_hot_reset(struct libiommufd_device *dev)
{
	struct libiommufd_hot_reset *reset;
	struct op op;

	int fd = begin(&op, "hot_reset", dev);
	if (fd < 0)
		return op_end(&op, fd);
	int r = make_snapshot(dev, &op, fd, &reset);
	if (r == 0) {
		r = hot_reset(dev, &op, fd, reset);
		libiommufd_hot_reset_free(reset);
	}
	return op_end(&op, r);
}
