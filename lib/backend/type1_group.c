/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns a group's file and those of its devices. The group's is opened by the first bind, and nobody else
 * can open it then. A device's file keeps the group in its container, so it is opened when the device is
 * first used or attached, and not by bind. (An iommufd that serves /dev/vfio/vfio blocks a group only once
 * a device is open: there bind opens it.)
 */
#include "type1.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "explain.h"
#include "uapi/vfio.h"

static int check_viable(struct backend_device *dev, struct op *op, int fd)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};
	const struct sys *sys = dev->ctx->sys;

	int r = sys->ioctl(sys, fd, VFIO_GROUP_GET_STATUS, &status);
	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_REASON_KERNEL, "the group's status: %s",
			       strerrordesc_np(-r));
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return explain_claim(dev->ctx, op, -EPERM, &dev->place);
	return 0;
}

int type1_claim(struct backend_device *dev, struct op *op, struct type1_ioas *hint)
{
	struct type1_group *group = (struct type1_group *)dev->group;
	const struct sys *sys = dev->ctx->sys;
	char path[32];

	snprintf(path, sizeof(path), "/dev/vfio/%d", group->base.number);
	int fd = sys->open(sys, path, O_RDWR);
	if (fd < 0)
		return explain_node(op, fd, path);
	group->fd = fd;
	int r = check_viable(dev, op, fd);
	if (r == 0)
		r = type1_settle(group, dev, op, hint);
	if (r < 0)
		type1_unclaim(group, dev, false);
	return r;
}

void type1_unclaim(struct type1_group *group, struct backend_device *dev, bool disown)
{
	const struct sys *sys = dev->ctx->sys;
	struct type1_container *container = group->container;

	if (container && !disown) {
		type1_leave(group, dev, true);
	} else if (container && --container->groups == container->ghosts) {
		/* In a forked child: no ioctl, and no lock, since there may be none to give it back. */
		struct type1_ioas *ioas = container->ioas;
		type1_container_free(sys, container);
		type1_ioas_put(ioas);
	}
	group->container = NULL;
	sys->close(sys, group->fd);
}

/* ---- Devices of the group ---- */

/* What the group knows the device by, with the token where there is one. */
static void write_name(const struct backend_device *dev, char *name, size_t size)
{
	/* Of a passed group the place in sysfs is not known, and the caller gives the name. */
	const char *slash = strrchr(dev->place.sysfs, '/');
	const uint8_t *t = dev->token;

	int n = snprintf(name, size, "%.80s", slash ? slash + 1 : dev->place.name);
	if (dev->has_token)
		snprintf(name + n, size - (size_t)n,
			 " vf_token=%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
			 "%02x%02x%02x%02x%02x%02x",
			 t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10], t[11],
			 t[12], t[13], t[14], t[15]);
}

int type1_get_file(struct backend_device *dev, struct op *op)
{
	struct type1_group *group = (struct type1_group *)dev->group;
	const struct sys *sys = dev->ctx->sys;
	char name[160];

	int r = type1_block(dev, op);
	if (r < 0)
		return r;
	write_name(dev, name, sizeof(name));
	int fd = sys->ioctl(sys, group->fd, VFIO_GROUP_GET_DEVICE_FD, name);
	/* -EINVAL: a token for a device that has none. */
	if (fd == -EACCES || (fd == -EINVAL && dev->has_token))
		return explain_token(op, fd, dev->has_token);
	/* Of a passed group only the name is known that the caller gave. */
	if (fd == -ENODEV && group->container->passed)
		return op_fail(op, fd, LIBIOMMUFD_REASON_NO_SUCH_DEVICE,
			       "the group has no device of this name on a vfio driver");
	/* The group is ours, so the device is on another driver or on none. */
	if (fd == -ENODEV)
		return explain_not_vfio(sys, op, &dev->place);
	if (fd < 0)
		return explain_claim(dev->ctx, op, fd, &dev->place);
	group->files++;
	return fd;
}

int type1_open_file(struct backend_device *dev, struct op *op)
{
	int fd = atomic_load(&dev->fd);

	if (fd < 0)
		fd = type1_get_file(dev, op);
	if (fd >= 0)
		atomic_store(&dev->fd, fd);
	return fd;
}

void type1_put_file(struct backend_device *dev, int fd)
{
	dev->ctx->sys->close(dev->ctx->sys, fd);
	((struct type1_group *)dev->group)->files--;
}

void type1_close_file(struct backend_device *dev)
{
	int fd = atomic_exchange(&dev->fd, -1);

	if (fd >= 0)
		type1_put_file(dev, fd);
}
