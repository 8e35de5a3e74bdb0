/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the fake's device files: what can be done before and after bind, regions, configuration space. */
#include "fake_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "uapi/iommufd.h"
#include "uapi/vfio.h"

#define COMMAND        4
#define COMMAND_MEMORY 2
#define COMMAND_MASTER 4

int fake_cdev_open(struct fake *fake, struct fake_device *device)
{
	struct fake_file *file = fake_file_new(FILE_CDEV);

	file->device = device;
	return fake_install(fake, file);
}

/* The first user comes: the device is reset. */
void fake_device_enable(struct fake_device *device)
{
	if (device->opens++)
		return;
	device->space[COMMAND] = COMMAND_MEMORY;
	device->space[COMMAND + 1] = 0;
}

void fake_device_disable(struct fake *fake, struct fake_device *device)
{
	if (--device->opens)
		return;
	device->space[COMMAND] &= ~COMMAND_MASTER;
	fake_irq_end(fake, device);
	fake_feature_end(fake, device);
	device->resets = 0;
}

bool fake_masters_bus(struct fake *fake, const char *address)
{
	pthread_mutex_lock(&fake->lock);
	bool masters = fake_device_at(fake, address)->space[COMMAND] & COMMAND_MASTER;
	pthread_mutex_unlock(&fake->lock);
	return masters;
}

/* ---- Bind ---- */

static int bind(struct fake *fake, struct fake_file *file, struct vfio_device_bind_iommufd *cmd)
{
	struct fake_device *device = file->device;
	struct fake_group *group = device->group;
	struct fake_file *target = fake_lookup(fake, cmd->iommufd);

	if (cmd->argsz < 16 || cmd->flags || cmd->iommufd < 0)
		return -EINVAL;
	if (file->kind != FILE_CDEV)
		return -EINVAL;
	if (group->opened)
		return -EBUSY;
	if (file->iommufd)
		return -EINVAL;
	if (!target)
		return -EBADF;
	if (target->kind != FILE_IOMMUFD)
		return -EBADFD;
	if (device->opens)
		return -EINVAL;
	if (!fake_isolated(fake))
		return -EPERM;
	int r = fake_claim(fake, group, target->iommufd, false);
	if (r < 0)
		return r;
	file->iommufd = target->iommufd;
	file->iommufd->refs++;
	device->bound = fake_object_new(file->iommufd, OBJECT_DEVICE);
	device->bound->device = device;
	device->bound->users = 1;
	group->cdevs++;
	fake_device_enable(device);
	cmd->out_devid = device->bound->id;
	return 0;
}

void fake_cdev_unbind(struct fake *fake, struct fake_file *file)
{
	struct fake_device *device = file->device;

	if (!file->iommufd)
		return;
	fake_device_disable(fake, device);
	fake_device_detach(fake, device);
	fake_object_free(fake, device->bound);
	device->bound = NULL;
	fake_release(device->group);
	device->group->cdevs--;
	fake_iommufd_put(fake, file->iommufd);
	file->iommufd = NULL;
}

/* ---- What a device tells of itself ---- */

static int region_info(const struct fake_device *device, struct vfio_region_info *info)
{
	const struct fake_device_config *config = device->config;
	uint32_t room = info->argsz, index = info->index;

	if (room < sizeof(*info) || index >= VFIO_PCI_VGA_REGION_INDEX)
		return -EINVAL;
	info->offset = (uint64_t)index << FAKE_REGION_SHIFT;
	info->flags = 0;
	info->size = 0;
	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		info->size = sizeof(device->space);
	else if (index < 6)
		info->size = config->bar[index];
	if (info->size)
		info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (!info->size || index >= 6 || info->size < FAKE_PAGE)
		return 0;
	info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	if ((int)index != config->msix_bar)
		return 0;

	/* Another capability first, then what can be mapped around the second page. */
	const struct vfio_region_sparse_mmap_area areas[] = {
		{2 * FAKE_PAGE, info->size - 2 * FAKE_PAGE},
		{0, FAKE_PAGE},
	};
	const uint32_t first = sizeof(*info), second = first + sizeof(struct vfio_info_cap_header);
	struct vfio_region_info_cap_sparse_mmap cap = {
		.header = {VFIO_REGION_INFO_CAP_SPARSE_MMAP, 1, 0},
		.nr_areas = 2,
	};
	struct vfio_info_cap_header other = {VFIO_REGION_INFO_CAP_MSIX_MAPPABLE, 1, second};
	uint32_t need = second + sizeof(cap) + sizeof(areas);
	char *bytes = (char *)info;
	info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
	info->cap_offset = 0;
	if (room < need) {
		info->argsz = need;
		return 0;
	}
	info->cap_offset = first;
	memcpy(bytes + first, &other, sizeof(other));
	memcpy(bytes + second, &cap, sizeof(cap));
	memcpy(bytes + second + sizeof(cap), areas, sizeof(areas));
	return 0;
}

static int attach(struct fake *fake, struct fake_file *file,
		  struct vfio_device_attach_iommufd_pt *cmd)
{
	if (cmd->argsz < 12 || cmd->flags)
		return -EINVAL;
	int r = fake_device_attach(fake, file->device, cmd->pt_id);
	if (r == 0)
		cmd->pt_id = file->device->group->hwpt->id;
	return r;
}

int fake_device_ioctl(struct fake *fake, struct fake_file *file, unsigned long request, void *arg)
{
	struct vfio_device_info *info = arg;
	struct vfio_device_detach_iommufd_pt *detach = arg;

	if (request == VFIO_DEVICE_BIND_IOMMUFD)
		return bind(fake, file, arg);
	if (file->kind == FILE_CDEV && !file->iommufd)
		return -EINVAL;
	switch (request) {
	case VFIO_DEVICE_ATTACH_IOMMUFD_PT:
		return file->kind == FILE_CDEV ? attach(fake, file, arg) : -ENOTTY;
	case VFIO_DEVICE_DETACH_IOMMUFD_PT:
		if (file->kind != FILE_CDEV)
			return -ENOTTY;
		if (detach->argsz < 8 || detach->flags)
			return -EINVAL;
		fake_device_detach(fake, file->device);
		return 0;
	case VFIO_DEVICE_GET_INFO:
		if (info->argsz < 16)
			return -EINVAL;
		info->flags = VFIO_DEVICE_FLAGS_PCI |
			      (file->device->config->no_reset ? 0 : VFIO_DEVICE_FLAGS_RESET);
		info->num_regions = VFIO_PCI_NUM_REGIONS;
		info->num_irqs = VFIO_PCI_NUM_IRQS;
		return 0;
	case VFIO_DEVICE_GET_REGION_INFO:
		return region_info(file->device, arg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return fake_irq_info(file->device, arg);
	case VFIO_DEVICE_SET_IRQS:
		return fake_set_irqs(fake, file->device, arg);
	case VFIO_DEVICE_RESET:
		return fake_device_reset(file->device);
	case VFIO_DEVICE_GET_PCI_HOT_RESET_INFO:
		return fake_hot_reset_info(fake, file, arg);
	case VFIO_DEVICE_PCI_HOT_RESET:
		return fake_hot_reset(fake, file, arg);
	case VFIO_DEVICE_FEATURE:
		return fake_feature(fake, file->device, arg);
	case VFIO_DEVICE_IOEVENTFD:
		return fake_ioeventfd(fake, file->device, arg);
	default:
		return -ENOTTY;
	}
}

/* ---- Access ---- */

static ssize_t config_transfer(struct fake_device *device, void *to, const void *from, size_t size,
			       uint64_t offset)
{
	if (offset >= sizeof(device->space))
		return -EFAULT;
	if (size > sizeof(device->space) - offset)
		size = sizeof(device->space) - offset;
	if (to)
		memcpy(to, device->space + offset, size);
	/* Of what can be written, the command is all anyone looks at here. */
	for (size_t i = 0; !to && i < size; i++)
		if (offset + i == COMMAND)
			device->space[COMMAND] = ((const uint8_t *)from)[i] & 7;
	return (ssize_t)size;
}

static ssize_t bar_transfer(const struct fake_device *device, unsigned bar, void *to,
			    const void *from, size_t size, uint64_t offset)
{
	uint64_t length = bar < 6 ? device->config->bar[bar] : 0;

	if (!length || offset >= length)
		return -EINVAL;
	if (size > length - offset)
		size = length - offset;
	ssize_t n = to ? pread(device->bars[bar], to, size, (off_t)offset)
		       : pwrite(device->bars[bar], from, size, (off_t)offset);
	return n < 0 ? -errno : n;
}

ssize_t fake_device_transfer(struct fake_file *file, void *to, const void *from, size_t size,
			     uint64_t offset)
{
	uint64_t index = offset >> FAKE_REGION_SHIFT;
	uint64_t at = offset & ((1ULL << FAKE_REGION_SHIFT) - 1);

	if (file->kind == FILE_CDEV && !file->iommufd)
		return -EINVAL;
	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		return config_transfer(file->device, to, from, size, at);
	return bar_transfer(file->device, (unsigned)index, to, from, size, at);
}

int fake_device_memory(struct fake_file *file, size_t length, uint64_t offset, uint64_t *ret_offset)
{
	uint64_t index = offset >> FAKE_REGION_SHIFT;
	uint64_t at = offset & ((1ULL << FAKE_REGION_SHIFT) - 1);
	const struct fake_device_config *config = file->device->config;

	if (file->kind == FILE_CDEV && !file->iommufd)
		return -EINVAL;
	if (index >= 6 || at > config->bar[index] || length > config->bar[index] - at)
		return -EINVAL;
	/* The page with the table of interrupts. */
	if ((int)index == config->msix_bar && at < 2 * FAKE_PAGE && at + length > FAKE_PAGE)
		return -EINVAL;
	*ret_offset = at;
	return file->device->bars[index];
}
