/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the fake's /dev/iommu: the file, its objects, and options. */
#include "fake_internal.h"

#include <stdlib.h>
#include <string.h>

#include "uapi/iommufd.h"

int fake_iommufd_open(struct fake *fake)
{
	struct fake_file *file = fake_file_new(FILE_IOMMUFD);

	file->iommufd = fake_alloc(sizeof(*file->iommufd));
	file->iommufd->refs = 1;
	file->iommufd->next = fake->iommufds;
	fake->iommufds = file->iommufd;
	return fake_install(fake, file);
}

void fake_iommufd_put(struct fake *fake, struct fake_iommufd *iommufd)
{
	struct fake_iommufd **link = &fake->iommufds;

	if (--iommufd->refs)
		return;
	/* Page tables before what they are made from. */
	for (int kind = OBJECT_DEVICE; kind >= OBJECT_IOAS; kind--) {
		for (struct fake_object *object = iommufd->objects, *next; object; object = next) {
			next = object->next;
			if ((int)object->kind == kind)
				fake_object_free(fake, object);
		}
	}
	while (*link != iommufd)
		link = &(*link)->next;
	*link = iommufd->next;
	free(iommufd);
}

/* ---- Objects ---- */

struct fake_object *fake_object_find(struct fake_iommufd *iommufd, uint32_t id)
{
	for (struct fake_object *object = iommufd->objects; object; object = object->next)
		if (object->id == id)
			return object;
	return NULL;
}

/* The kernel gives the lowest free id. */
struct fake_object *fake_object_new(struct fake_iommufd *iommufd, enum fake_object_kind kind)
{
	struct fake_object *object = fake_alloc(sizeof(*object));
	struct fake_object **link = &iommufd->objects;

	object->id = 1;
	while (*link && (*link)->id == object->id) {
		object->id++;
		link = &(*link)->next;
	}
	object->kind = kind;
	object->iommufd = iommufd;
	object->alignment = 1;
	object->next = *link;
	*link = object;
	return object;
}

void fake_object_free(struct fake *fake, struct fake_object *object)
{
	struct fake_object **link = &object->iommufd->objects;

	if (object->kind == OBJECT_IOAS)
		fake_ioas_empty(fake, object);
	if (object->kind == OBJECT_HWPT && object->ioas)
		fake_hwpt_leave(fake, object);
	while (*link != object)
		link = &(*link)->next;
	*link = object->next;
	free(object);
}

static int destroy(struct fake *fake, struct fake_iommufd *iommufd, uint32_t id)
{
	struct fake_object *object = fake_object_find(iommufd, id);

	if (!object)
		return -ENOENT;
	if (object->users)
		return -EBUSY;
	fake_object_free(fake, object);
	return 0;
}

/* ---- Options ---- */

static int rlimit_mode(struct fake *fake, struct fake_iommufd *iommufd, struct iommu_option *cmd)
{
	if (cmd->object_id)
		return -EOPNOTSUPP;
	if (cmd->op == IOMMU_OPTION_OP_GET) {
		cmd->val64 = iommufd->rlimit_process;
		return 0;
	}
	if (cmd->op != IOMMU_OPTION_OP_SET)
		return -EOPNOTSUPP;
	if (fake->config.no_resource)
		return -EPERM;
	if (iommufd->objects)
		return -EBUSY;
	if (cmd->val64 > 1)
		return -EINVAL;
	iommufd->rlimit_process = cmd->val64;
	return 0;
}

static int huge_pages(struct fake_iommufd *iommufd, struct iommu_option *cmd)
{
	struct fake_object *ioas = fake_object_find(iommufd, cmd->object_id);

	if (!ioas || ioas->kind != OBJECT_IOAS)
		return -ENOENT;
	if (cmd->op == IOMMU_OPTION_OP_GET) {
		cmd->val64 = !ioas->small_pages;
		return 0;
	}
	if (cmd->op != IOMMU_OPTION_OP_SET)
		return -EOPNOTSUPP;
	if (cmd->val64 > 1)
		return -EINVAL;
	if (!cmd->val64 && !ioas->small_pages) {
		if (fake_domains(ioas) && ioas->areas)
			return -EINVAL;
		ioas->alignment = FAKE_PAGE;
	} else if (cmd->val64 && !fake_domains(ioas)) {
		ioas->alignment = 1;
	}
	ioas->small_pages = !cmd->val64;
	return 0;
}

static int option(struct fake *fake, struct fake_iommufd *iommufd, struct iommu_option *cmd)
{
	if (cmd->__reserved)
		return -EOPNOTSUPP;
	if (cmd->option_id == IOMMU_OPTION_RLIMIT_MODE)
		return rlimit_mode(fake, iommufd, cmd);
	if (cmd->option_id == IOMMU_OPTION_HUGE_PAGES)
		return huge_pages(iommufd, cmd);
	return -EOPNOTSUPP;
}

/* ---- The file ---- */

/* The least size of a command; 0: this kernel has no such ioctl. */
static uint32_t least_size(const struct fake *fake, unsigned long request)
{
	switch (request) {
	case IOMMU_DESTROY:
		return sizeof(struct iommu_destroy);
	case IOMMU_IOAS_ALLOC:
		return sizeof(struct iommu_ioas_alloc);
	case IOMMU_IOAS_ALLOW_IOVAS:
		return sizeof(struct iommu_ioas_allow_iovas);
	case IOMMU_IOAS_COPY:
		return sizeof(struct iommu_ioas_copy);
	case IOMMU_IOAS_IOVA_RANGES:
		return sizeof(struct iommu_ioas_iova_ranges);
	case IOMMU_IOAS_MAP:
		return sizeof(struct iommu_ioas_map);
	case IOMMU_IOAS_MAP_FILE:
		return fake->config.map_file ? sizeof(struct iommu_ioas_map_file) : 0;
	case IOMMU_IOAS_UNMAP:
		return sizeof(struct iommu_ioas_unmap);
	case IOMMU_OPTION:
		return sizeof(struct iommu_option);
	case IOMMU_VFIO_IOAS:
	case IOMMU_HWPT_ALLOC:
	case IOMMU_GET_HW_INFO:
	case IOMMU_HWPT_SET_DIRTY_TRACKING:
	case IOMMU_HWPT_GET_DIRTY_BITMAP:
	case IOMMU_HWPT_INVALIDATE:
	case IOMMU_FAULT_QUEUE_ALLOC:
		return UINT32_MAX; /* known, not modelled */
	default:
		return 0;
	}
}

int fake_iommufd_ioctl(struct fake *fake, struct fake_file *file, unsigned long request, void *arg)
{
	struct fake_iommufd *iommufd = file->iommufd;
	uint32_t size, least = least_size(fake, request);

	if (!least)
		return -ENOTTY;
	memcpy(&size, arg, sizeof(size));
	if (size < least)
		return -EINVAL;
	switch (request) {
	case IOMMU_DESTROY:
		return destroy(fake, iommufd, ((struct iommu_destroy *)arg)->id);
	case IOMMU_OPTION:
		return option(fake, iommufd, arg);
	default:
		return fake_ioas_ioctl(fake, iommufd, request, arg);
	}
}
