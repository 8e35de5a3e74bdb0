/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns access to PCI configuration space, on top of regions. Configuration space is little-endian. */
#include <endian.h>

#include "device.h"
#include "uapi/vfio.h"

#define PCI_COMMAND        0x04
#define PCI_COMMAND_MASTER 0x04

/* One value of size bytes, read into to or written from from. */
static int transfer(struct libiommufd_device *dev, struct op *op, uint32_t offset, void *to,
		    const void *from, uint32_t size)
{
	struct libiommufd_region *region = NULL;

	int r = device_is_pci(dev, op);
	if (r < 0)
		return r;
	/* Other buses give that number to another region; a driver may leave it out. */
	int found = r ? region_find(dev, op, VFIO_PCI_CONFIG_REGION_INDEX, &region) : -EINVAL;
	if (found == -EINVAL || (found == 0 && !libiommufd_region_get_size(region)))
		return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED,
			       "the device has no PCI configuration space");
	if (found < 0)
		return found;
	if (offset & (size - 1))
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
			       "offset 0x%x is not a multiple of %u", offset, size);
	return region_transfer(region, op, offset, to, from, size);
}

static int read_value(struct libiommufd_device *dev, uint32_t offset, void *value,
		      const void *ret_value, uint32_t size)
{
	struct op op;

	op_begin(&op, "config_read", dev ? device_place(dev)->name : "",
		 dev ? device_log(dev) : NULL);
	if (!dev || !ret_value)
		return op_end(&op, op_null(&op, "dev or ret_value"));
	return op_end(&op, transfer(dev, &op, offset, value, NULL, size));
}

static int write_value(struct libiommufd_device *dev, uint32_t offset, const void *value,
		       uint32_t size)
{
	struct op op;

	op_begin(&op, "config_write", dev ? device_place(dev)->name : "",
		 dev ? device_log(dev) : NULL);
	if (!dev)
		return op_end(&op, op_null(&op, "dev"));
	return op_end(&op, transfer(dev, &op, offset, NULL, value, size));
}

EXPORT int libiommufd_device_config_read8(struct libiommufd_device *dev, uint32_t offset,
					  uint8_t *ret_value)
{
	uint8_t value;

	int r = read_value(dev, offset, &value, ret_value, sizeof(value));
	if (r == 0)
		*ret_value = value;
	return r;
}

EXPORT int libiommufd_device_config_read16(struct libiommufd_device *dev, uint32_t offset,
					   uint16_t *ret_value)
{
	uint16_t value;

	int r = read_value(dev, offset, &value, ret_value, sizeof(value));
	if (r == 0)
		*ret_value = le16toh(value);
	return r;
}

EXPORT int libiommufd_device_config_read32(struct libiommufd_device *dev, uint32_t offset,
					   uint32_t *ret_value)
{
	uint32_t value;

	int r = read_value(dev, offset, &value, ret_value, sizeof(value));
	if (r == 0)
		*ret_value = le32toh(value);
	return r;
}

EXPORT int libiommufd_device_config_write8(struct libiommufd_device *dev, uint32_t offset,
					   uint8_t value)
{
	return write_value(dev, offset, &value, sizeof(value));
}

EXPORT int libiommufd_device_config_write16(struct libiommufd_device *dev, uint32_t offset,
					    uint16_t value)
{
	value = htole16(value);
	return write_value(dev, offset, &value, sizeof(value));
}

EXPORT int libiommufd_device_config_write32(struct libiommufd_device *dev, uint32_t offset,
					    uint32_t value)
{
	value = htole32(value);
	return write_value(dev, offset, &value, sizeof(value));
}

EXPORT int libiommufd_device_set_bus_master(struct libiommufd_device *dev, bool enable)
{
	uint16_t command;
	struct op op;

	op_begin(&op, "set_bus_master", dev ? device_place(dev)->name : "",
		 dev ? device_log(dev) : NULL);
	if (!dev)
		return op_end(&op, op_null(&op, "dev"));
	int r = transfer(dev, &op, PCI_COMMAND, &command, NULL, sizeof(command));
	if (r < 0)
		return op_end(&op, r);
	command = le16toh(command);
	command = htole16(enable ? command | PCI_COMMAND_MASTER : command & ~PCI_COMMAND_MASTER);
	return op_end(&op, transfer(dev, &op, PCI_COMMAND, NULL, &command, sizeof(command)));
}
