/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the ioctls that change what one container maps. Knows nothing of why: the record decides what is
 * to be mapped where.
 */
#include "type1.h"
#include "uapi/vfio.h"

int type1_map_into(const struct type1_ioas *ioas, const struct type1_group *group,
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
	return sys->ioctl(sys, group->container, VFIO_IOMMU_MAP_DMA, &cmd);
}

int type1_unmap_from(const struct type1_ioas *ioas, const struct type1_group *group, uint64_t iova,
		     uint64_t length)
{
	const struct sys *sys = ioas->base.ctx->sys;
	struct vfio_iommu_type1_dma_unmap cmd = {
		.argsz = sizeof(cmd),
		.iova = iova,
		.size = length,
	};
	return sys->ioctl(sys, group->container, VFIO_IOMMU_UNMAP_DMA, &cmd);
}

/* Everything the record has, in one call: all or, on failure, none. */
int type1_unmap_span(const struct type1_ioas *ioas, const struct type1_group *group, uint64_t first,
		     uint64_t last)
{
	uint64_t length = last - first + 1;

	if (length)
		return type1_unmap_from(ioas, group, first, length);
	/* The whole address space: a length that cannot be said. So its first mapping, and the rest. */
	const struct mapping *mapping = shadow_find(&ioas->shadow, first, last);
	int r = type1_unmap_from(ioas, group, mapping->iova, mapping_length(mapping));
	if (r < 0)
		return r;
	r = type1_unmap_from(ioas, group, mapping->last + 1, last - mapping->last);
	if (r < 0)
		type1_map_into(ioas, group, mapping);
	return r;
}

int type1_unmap_all_from(const struct type1_ioas *ioas, const struct type1_group *group)
{
	const struct mapping *root = ioas->shadow.root;

	return root ? type1_unmap_span(ioas, group, root->subtree_first, root->subtree_last) : 0;
}

struct mapping *type1_next(const struct type1_ioas *ioas, const struct mapping *mapping)
{
	if (!mapping)
		return shadow_find(&ioas->shadow, 0, UINT64_MAX);
	if (mapping->last == UINT64_MAX)
		return NULL;
	return shadow_find(&ioas->shadow, mapping->last + 1, UINT64_MAX);
}

/* On failure some may be mapped. */
int type1_map_all_into(const struct type1_ioas *ioas, const struct type1_group *group)
{
	int r = 0;

	for (struct mapping *m = NULL; r == 0 && (m = type1_next(ioas, m));)
		r = type1_map_into(ioas, group, m);
	return r;
}
