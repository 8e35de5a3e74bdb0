/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of the ioctls of each kind of file; several share a number. */
#ifndef LIBIOMMUFD_FAKE_NAMES_H
#define LIBIOMMUFD_FAKE_NAMES_H

#include "fake_internal.h"
#include "uapi/iommufd.h"
#include "uapi/vfio.h"

#define FAKE_NAME(request) \
	case request:      \
		return #request

static inline const char *fake_request_name(int kind, unsigned long request)
{
	if (kind == FILE_IOMMUFD) {
		switch (request) {
			FAKE_NAME(IOMMU_DESTROY);
			FAKE_NAME(IOMMU_IOAS_ALLOC);
			FAKE_NAME(IOMMU_IOAS_ALLOW_IOVAS);
			FAKE_NAME(IOMMU_IOAS_COPY);
			FAKE_NAME(IOMMU_IOAS_IOVA_RANGES);
			FAKE_NAME(IOMMU_IOAS_MAP);
			FAKE_NAME(IOMMU_IOAS_UNMAP);
			FAKE_NAME(IOMMU_OPTION);
			FAKE_NAME(IOMMU_HWPT_ALLOC);
			FAKE_NAME(IOMMU_IOAS_MAP_FILE);
		}
	} else if (kind == FILE_CONTAINER) {
		switch (request) {
			FAKE_NAME(VFIO_GET_API_VERSION);
			FAKE_NAME(VFIO_CHECK_EXTENSION);
			FAKE_NAME(VFIO_SET_IOMMU);
			FAKE_NAME(VFIO_IOMMU_GET_INFO);
			FAKE_NAME(VFIO_IOMMU_MAP_DMA);
			FAKE_NAME(VFIO_IOMMU_UNMAP_DMA);
		}
	} else {
		switch (request) {
			FAKE_NAME(VFIO_GROUP_GET_STATUS);
			FAKE_NAME(VFIO_GROUP_SET_CONTAINER);
			FAKE_NAME(VFIO_GROUP_UNSET_CONTAINER);
			FAKE_NAME(VFIO_GROUP_GET_DEVICE_FD);
			FAKE_NAME(VFIO_DEVICE_GET_INFO);
			FAKE_NAME(VFIO_DEVICE_GET_REGION_INFO);
			FAKE_NAME(VFIO_DEVICE_BIND_IOMMUFD);
			FAKE_NAME(VFIO_DEVICE_ATTACH_IOMMUFD_PT);
			FAKE_NAME(VFIO_DEVICE_DETACH_IOMMUFD_PT);
		}
	}
	return "another";
}

#undef FAKE_NAME

#endif
