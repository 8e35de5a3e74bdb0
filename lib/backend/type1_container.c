/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns containers: whose each is, what it can do, and the ioctls that change what it maps. Knows nothing of
 * why: the record decides what is to be mapped where.
 */
#include "type1.h"

#include <fcntl.h>
#include <stdlib.h>

#include "explain.h"
#include "uapi/iommufd.h"
#include "uapi/vfio.h"

static const char container_path[] = "/dev/vfio/vfio";

int type1_container_open(const struct sys *sys, struct op *op)
{
	int fd = sys->open(sys, container_path, O_RDWR);
	if (fd == -ENOENT || fd == -ENODEV || fd == -ENXIO)
		return op_fail(op, fd, LIBIOMMUFD_REASON_NO_BACKEND,
			       "/dev/vfio/vfio is not there; load the module vfio");
	if (fd < 0)
		return explain_node(op, fd, container_path);

	if (sys->ioctl(sys, fd, VFIO_GET_API_VERSION, NULL) != VFIO_API_VERSION ||
	    sys->ioctl(sys, fd, VFIO_CHECK_EXTENSION, (void *)VFIO_TYPE1v2_IOMMU) != 1) {
		sys->close(sys, fd);
		return op_fail(op, -EOPNOTSUPP, LIBIOMMUFD_REASON_NO_BACKEND,
			       "/dev/vfio/vfio does not offer type1 v2; load the module "
			       "vfio_iommu_type1");
	}
	return fd;
}

bool type1_container_is_iommufd(const struct sys *sys, int fd)
{
	/* A question that changes nothing, and that no container knows. */
	struct iommu_option cmd = {
		.size = sizeof(cmd),
		.option_id = IOMMU_OPTION_RLIMIT_MODE,
		.op = IOMMU_OPTION_OP_GET,
	};

	return sys->ioctl(sys, fd, IOMMU_OPTION, &cmd) == 0;
}

void type1_container_free(const struct sys *sys, struct type1_container *container)
{
	sys->close(sys, container->fd);
	free(container->info.ranges);
	free(container);
}

/* ---- Whose it is ---- */

struct type1_ioas *type1_home(const struct type1_group *group, struct backend_ctx *ctx)
{
	struct type1_ioas *ioas = NULL;

	pthread_mutex_lock(&ctx->groups_lock);
	if (group->container)
		ioas = group->container->ioas;
	if (ioas)
		atomic_fetch_add(&ioas->refs, 1);
	pthread_mutex_unlock(&ctx->groups_lock);
	return ioas;
}

void type1_set_home(struct type1_container *container, struct backend_ctx *ctx,
		    struct type1_ioas *ioas)
{
	struct type1_ioas *old = container->ioas;
	struct type1_container **link;

	if (old == ioas)
		return;
	if (old) {
		for (link = &old->containers; *link != container;)
			link = &(*link)->next;
		*link = container->next;
		container->next = NULL;
	}
	if (ioas) {
		atomic_fetch_add(&ioas->refs, 1);
		for (link = &ioas->containers; *link && (container->alone || !(*link)->alone);)
			link = &(*link)->next;
		container->next = *link;
		*link = container;
	}
	pthread_mutex_lock(&ctx->groups_lock);
	container->ioas = ioas;
	pthread_mutex_unlock(&ctx->groups_lock);
	type1_ioas_put(old);
}

void type1_set_attached(struct type1_container *container, struct backend_ctx *ctx,
			unsigned attached)
{
	pthread_mutex_lock(&ctx->groups_lock);
	container->attached = attached;
	pthread_mutex_unlock(&ctx->groups_lock);
}

void type1_set_stale(struct type1_container *container, struct backend_ctx *ctx, bool stale)
{
	pthread_mutex_lock(&ctx->groups_lock);
	container->stale = stale;
	pthread_mutex_unlock(&ctx->groups_lock);
}

int type1_reread(const struct backend_device *dev, struct op *op, struct type1_container *container)
{
	struct type1_info info;

	int r = type1_read_info(dev->ctx->sys, op, container->fd, dev->group->number,
				&container->info, &info);
	if (r == 0) {
		free(container->info.ranges);
		container->info = info;
	}
	return r;
}

/* ---- What it maps ---- */

int type1_map_into(const struct type1_ioas *ioas, const struct type1_container *container,
		   const struct mapping *mapping)
{
	const struct sys *sys = ioas->base.ctx->sys;
	struct vfio_iommu_type1_dma_map cmd = {
		.argsz = sizeof(cmd),
		.flags = (mapping->access & LIBIOMMUFD_READ ? VFIO_DMA_MAP_FLAG_READ : 0) |
			 (mapping->access & LIBIOMMUFD_WRITE ? VFIO_DMA_MAP_FLAG_WRITE : 0),
		.vaddr = mapping->va,
		.iova = mapping->iova,
		.size = mapping_length(mapping),
	};
	return sys->ioctl(sys, container->fd, VFIO_IOMMU_MAP_DMA, &cmd);
}

int type1_unmap_from(const struct type1_ioas *ioas, const struct type1_container *container,
		     uint64_t iova, uint64_t length)
{
	const struct sys *sys = ioas->base.ctx->sys;
	struct vfio_iommu_type1_dma_unmap cmd = {
		.argsz = sizeof(cmd),
		.iova = iova,
		.size = length,
	};
	return sys->ioctl(sys, container->fd, VFIO_IOMMU_UNMAP_DMA, &cmd);
}

/* Where others map, too, what lies between ours is not ours. */
static int unmap_each(struct type1_ioas *ioas, const struct type1_container *container,
		      uint64_t first, uint64_t last, bool *ret_torn)
{
	const struct mapping *m, *undo;
	int r = 0;

	for (m = shadow_find(&ioas->shadow, first, last); m;
	     m = m->last < last ? shadow_next(&ioas->shadow, m) : NULL) {
		r = type1_unmap_from(ioas, container, m->iova, mapping_length(m));
		if (r < 0)
			break;
	}
	if (r < 0)
		for (undo = shadow_find(&ioas->shadow, first, last); undo != m;
		     undo = shadow_next(&ioas->shadow, undo))
			if (type1_map_into(ioas, container, undo) < 0)
				*ret_torn = true;
	return r;
}

int type1_unmap_span(struct type1_ioas *ioas, const struct type1_container *container,
		     uint64_t first, uint64_t last, bool *ret_torn)
{
	/* The last page of all is in no container, so that this has a length. */
	return container->given ? unmap_each(ioas, container, first, last, ret_torn)
				: type1_unmap_from(ioas, container, first, last - first + 1);
}

int type1_unmap_all_from(struct type1_ioas *ioas, const struct type1_container *container,
			 bool *ret_torn)
{
	const struct mapping *first = shadow_first(&ioas->shadow);
	const struct mapping *last = shadow_find_last(&ioas->shadow, 0, UINT64_MAX);

	return first ? type1_unmap_span(ioas, container, first->iova, last->last, ret_torn) : 0;
}

int type1_unmap_everything(const struct sys *sys, const struct type1_container *container)
{
	struct vfio_iommu_type1_dma_unmap cmd = {
		.argsz = sizeof(cmd),
		.flags = VFIO_DMA_UNMAP_FLAG_ALL,
	};
	return sys->ioctl(sys, container->fd, VFIO_IOMMU_UNMAP_DMA, &cmd);
}

int type1_map_all_into(struct type1_ioas *ioas, const struct type1_container *container)
{
	int r = 0;

	for (const struct mapping *m = shadow_first(&ioas->shadow); r == 0 && m;
	     m = shadow_next(&ioas->shadow, m))
		r = type1_map_into(ioas, container, m);
	return r;
}
