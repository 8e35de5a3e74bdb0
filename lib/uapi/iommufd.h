/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of the kernel's iommufd ABI (Linux 7.2) that this library speaks. */
#ifndef LIBIOMMUFD_UAPI_IOMMUFD_H
#define LIBIOMMUFD_UAPI_IOMMUFD_H

#include <stdint.h>

/* i386 aligns uint64_t to 4 bytes inside a struct, the ABI to 8 everywhere. */
typedef uint64_t uapi_u64 __attribute__((aligned(8)));

/* Every command, with or without a struct below: the number alone tells whether the kernel has it. */
#define IOMMU_DESTROY 0x3b80
#define IOMMU_IOAS_ALLOC 0x3b81
#define IOMMU_IOAS_ALLOW_IOVAS 0x3b82
#define IOMMU_IOAS_COPY 0x3b83
#define IOMMU_IOAS_IOVA_RANGES 0x3b84
#define IOMMU_IOAS_MAP 0x3b85
#define IOMMU_IOAS_UNMAP 0x3b86
#define IOMMU_OPTION 0x3b87
#define IOMMU_VFIO_IOAS 0x3b88
#define IOMMU_HWPT_ALLOC 0x3b89
#define IOMMU_GET_HW_INFO 0x3b8a
#define IOMMU_HWPT_SET_DIRTY_TRACKING 0x3b8b
#define IOMMU_HWPT_GET_DIRTY_BITMAP 0x3b8c
#define IOMMU_HWPT_INVALIDATE 0x3b8d
#define IOMMU_FAULT_QUEUE_ALLOC 0x3b8e
#define IOMMU_IOAS_MAP_FILE 0x3b8f
#define IOMMU_VIOMMU_ALLOC 0x3b90
#define IOMMU_VDEVICE_ALLOC 0x3b91
#define IOMMU_IOAS_CHANGE_PROCESS 0x3b92
#define IOMMU_VEVENTQ_ALLOC 0x3b93
#define IOMMU_HW_QUEUE_ALLOC 0x3b94

struct iommu_destroy {
	uint32_t size;
	uint32_t id;
};

struct iommu_ioas_alloc {
	uint32_t size;
	uint32_t flags;
	uint32_t out_ioas_id;
};

struct iommu_iova_range {
	uapi_u64 start;
	uapi_u64 last;
};

struct iommu_ioas_iova_ranges {
	uint32_t size;
	uint32_t ioas_id;
	uint32_t num_iovas;
	uint32_t __reserved;
	uapi_u64 allowed_iovas;
	uapi_u64 out_iova_alignment;
};

struct iommu_ioas_allow_iovas {
	uint32_t size;
	uint32_t ioas_id;
	uint32_t num_iovas;
	uint32_t __reserved;
	uapi_u64 allowed_iovas;
};

#define IOMMU_IOAS_MAP_FIXED_IOVA 0x1
#define IOMMU_IOAS_MAP_WRITEABLE 0x2
#define IOMMU_IOAS_MAP_READABLE 0x4

struct iommu_ioas_map {
	uint32_t size;
	uint32_t flags;
	uint32_t ioas_id;
	uint32_t __reserved;
	uapi_u64 user_va;
	uapi_u64 length;
	uapi_u64 iova;
};

struct iommu_ioas_map_file {
	uint32_t size;
	uint32_t flags;
	uint32_t ioas_id;
	int32_t fd;
	uapi_u64 start;
	uapi_u64 length;
	uapi_u64 iova;
};

struct iommu_ioas_copy {
	uint32_t size;
	uint32_t flags;
	uint32_t dst_ioas_id;
	uint32_t src_ioas_id;
	uapi_u64 length;
	uapi_u64 dst_iova;
	uapi_u64 src_iova;
};

struct iommu_ioas_unmap {
	uint32_t size;
	uint32_t ioas_id;
	uapi_u64 iova;
	uapi_u64 length;
};

#define IOMMU_OPTION_RLIMIT_MODE 0x0
#define IOMMU_OPTION_HUGE_PAGES 0x1

#define IOMMU_OPTION_OP_SET 0x0
#define IOMMU_OPTION_OP_GET 0x1

struct iommu_option {
	uint32_t size;
	uint32_t option_id;
	uint16_t op;
	uint16_t __reserved;
	uint32_t object_id;
	uapi_u64 val64;
};

#define IOMMU_HWPT_ALLOC_NEST_PARENT 0x1
#define IOMMU_HWPT_ALLOC_DIRTY_TRACKING 0x2
#define IOMMU_HWPT_FAULT_ID_VALID 0x4
#define IOMMU_HWPT_ALLOC_PASID 0x8

#define IOMMU_HWPT_DATA_NONE 0x0

struct iommu_hwpt_alloc {
	uint32_t size;
	uint32_t flags;
	uint32_t dev_id;
	uint32_t pt_id;
	uint32_t out_hwpt_id;
	uint32_t __reserved;
	uint32_t data_type;
	uint32_t data_len;
	uapi_u64 data_uptr;
	uint32_t fault_id;
	uint32_t __reserved2;
};

#define IOMMU_HW_INFO_TYPE_NONE 0x0
#define IOMMU_HW_INFO_TYPE_DEFAULT 0x0
#define IOMMU_HW_INFO_TYPE_INTEL_VTD 0x1
#define IOMMU_HW_INFO_TYPE_ARM_SMMUV3 0x2
#define IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV 0x3
#define IOMMU_HW_INFO_TYPE_AMD 0x4

#define IOMMU_HW_CAP_DIRTY_TRACKING 0x1
#define IOMMU_HW_CAP_PCI_PASID_EXEC 0x2
#define IOMMU_HW_CAP_PCI_PASID_PRIV 0x4
#define IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED 0x8

#define IOMMU_HW_INFO_FLAG_INPUT_TYPE 0x1

struct iommu_hw_info {
	uint32_t size;
	uint32_t flags;
	uint32_t dev_id;
	uint32_t data_len;
	uapi_u64 data_uptr;
	union {
		uint32_t in_data_type;
		uint32_t out_data_type;
	};
	uint8_t out_max_pasid_log2;
	uint8_t __reserved[3];
	uapi_u64 out_capabilities;
};

struct iommu_ioas_change_process {
	uint32_t size;
	uint32_t __reserved;
};

#endif
