/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the fake's resets: of a device alone, and of all that are reset together, with the question whose
 * those are. A reset is counted and changes nothing else.
 */
#include "fake_internal.h"

#include "uapi/vfio.h"

int fake_device_reset(struct fake_device *device)
{
	if (device->config->no_reset)
		return -EINVAL;
	device->resets++;
	return 0;
}

/* The next device behind number index that is reset with this one, it included; NULL after the last. */
static struct fake_device *next(struct fake *fake, const struct fake_device *device,
				unsigned *index)
{
	while (device->config->slot && *index < fake->config.device_count) {
		struct fake_device *other = &fake->devices[(*index)++];
		if (other->config->slot == device->config->slot)
			return other;
	}
	return NULL;
}

/* Natively: the id of a device that is bound to the same iommufd, or of one that is idle in its group. */
static uint32_t device_id(const struct fake_iommufd *iommufd, const struct fake_device *device)
{
	if (!fake_on_vfio(device))
		return VFIO_PCI_DEVID_NOT_OWNED;
	if (device->bound)
		return device->bound->iommufd == iommufd ? device->bound->id
							 : VFIO_PCI_DEVID_NOT_OWNED;
	return device->group->owner == iommufd ? VFIO_PCI_DEVID_OWNED : VFIO_PCI_DEVID_NOT_OWNED;
}

int fake_hot_reset_info(struct fake *fake, const struct fake_file *file,
			struct vfio_pci_hot_reset_info *info)
{
	uint32_t room = info->argsz, count = 0;
	unsigned index = 0, bus, slot, function;

	if (room < sizeof(*info))
		return -EINVAL;
	if (!file->device->config->slot)
		return -ENODEV;
	info->flags = file->iommufd ? VFIO_PCI_HOT_RESET_FLAG_DEV_ID : 0;
	for (const struct fake_device *d; (d = next(fake, file->device, &index)); count++) {
		struct vfio_pci_dependent_device *to = &info->devices[count];
		if (room < sizeof(*info) + (count + 1) * sizeof(*to))
			continue;
		if (sscanf(d->config->address, "0000:%x:%x.%x", &bus, &slot, &function) != 3)
			return -EIO;
		to->group_id =
			file->iommufd ? device_id(file->iommufd, d) : (uint32_t)d->group->number;
		to->segment = 0;
		to->bus = (uint8_t)bus;
		to->devfn = (uint8_t)(slot << 3 | function);
	}
	info->count = count;
	return room < sizeof(*info) + count * sizeof(info->devices[0]) ? -ENOSPC : 0;
}

static bool is_among(struct fake *fake, const struct vfio_pci_hot_reset *cmd,
		     const struct fake_group *group)
{
	for (uint32_t i = 0; i < cmd->count; i++)
		if (fake_lookup(fake, cmd->group_fds[i])->group == group)
			return true;
	return false;
}

int fake_hot_reset(struct fake *fake, const struct fake_file *file,
		   const struct vfio_pci_hot_reset *cmd)
{
	struct fake_device *d;
	unsigned index = 0;

	/* Ownership is proved by the iommufd, or else by files. */
	if (cmd->argsz < sizeof(*cmd) || cmd->flags || !cmd->count != !!file->iommufd)
		return -EINVAL;
	if (!file->device->config->slot)
		return -ENODEV;
	for (uint32_t i = 0; i < cmd->count; i++) {
		const struct fake_file *group = fake_lookup(fake, cmd->group_fds[i]);
		if (!group || group->kind != FILE_GROUP)
			return group ? -EINVAL : -EBADF;
	}
	while ((d = next(fake, file->device, &index))) {
		if (!fake_on_vfio(d))
			return -EINVAL;
		if (file->iommufd ? device_id(file->iommufd, d) == VFIO_PCI_DEVID_NOT_OWNED
				  : !is_among(fake, cmd, d->group))
			return -EINVAL;
	}
	index = 0;
	while ((d = next(fake, file->device, &index)))
		d->resets++;
	return 0;
}
