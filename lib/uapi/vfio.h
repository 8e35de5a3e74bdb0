/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of the kernel's VFIO ABI (Linux 7.2) that this library speaks. */
#ifndef LIBIOMMUFD_UAPI_VFIO_H
#define LIBIOMMUFD_UAPI_VFIO_H

#include <stdint.h>

/* i386 aligns uint64_t to 4 bytes inside a struct, the ABI to 8 everywhere. */
typedef uint64_t uapi_u64 __attribute__((aligned(8)));

/* Links of a chain in the buffer of a GET_INFO call; next counts from the start of that buffer. */
struct vfio_info_cap_header {
	uint16_t id;
	uint16_t version;
	uint32_t next;
};

/* On a container */

#define VFIO_GET_API_VERSION 0x3b64
#define VFIO_CHECK_EXTENSION 0x3b65
#define VFIO_SET_IOMMU 0x3b66

#define VFIO_API_VERSION 0x0

#define VFIO_TYPE1_IOMMU 0x1
#define VFIO_TYPE1v2_IOMMU 0x3
#define VFIO_DMA_CC_IOMMU 0x4
#define VFIO_NOIOMMU_IOMMU 0x8
#define VFIO_UNMAP_ALL 0x9
#define VFIO_UPDATE_VADDR 0xa

/* The same numbers as device calls below: the kind of file descriptor tells them apart. */
#define VFIO_IOMMU_GET_INFO 0x3b70
#define VFIO_IOMMU_MAP_DMA 0x3b71
#define VFIO_IOMMU_UNMAP_DMA 0x3b72

#define VFIO_IOMMU_INFO_PGSIZES 0x1
#define VFIO_IOMMU_INFO_CAPS 0x2

struct vfio_iommu_type1_info {
	uint32_t argsz;
	uint32_t flags;
	uapi_u64 iova_pgsizes;
	uint32_t cap_offset;
	uint32_t pad;
};

#define VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE 0x1
#define VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL 0x3

struct vfio_iova_range {
	uapi_u64 start;
	uapi_u64 end;
};

struct vfio_iommu_type1_info_cap_iova_range {
	struct vfio_info_cap_header header;
	uint32_t nr_iovas;
	uint32_t reserved;
	struct vfio_iova_range iova_ranges[];
};

struct vfio_iommu_type1_info_dma_avail {
	struct vfio_info_cap_header header;
	uint32_t avail;
};

#define VFIO_DMA_MAP_FLAG_READ 0x1
#define VFIO_DMA_MAP_FLAG_WRITE 0x2
#define VFIO_DMA_MAP_FLAG_VADDR 0x4

struct vfio_iommu_type1_dma_map {
	uint32_t argsz;
	uint32_t flags;
	uapi_u64 vaddr;
	uapi_u64 iova;
	uapi_u64 size;
};

#define VFIO_DMA_UNMAP_FLAG_ALL 0x2
#define VFIO_DMA_UNMAP_FLAG_VADDR 0x4

struct vfio_iommu_type1_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uapi_u64 iova;
	uapi_u64 size;
	uint8_t data[];
};

/* On a group */

#define VFIO_GROUP_GET_STATUS 0x3b67
#define VFIO_GROUP_SET_CONTAINER 0x3b68
#define VFIO_GROUP_UNSET_CONTAINER 0x3b69
#define VFIO_GROUP_GET_DEVICE_FD 0x3b6a

#define VFIO_GROUP_FLAGS_VIABLE 0x1
#define VFIO_GROUP_FLAGS_CONTAINER_SET 0x2

struct vfio_group_status {
	uint32_t argsz;
	uint32_t flags;
};

/* On a device */

#define VFIO_DEVICE_GET_INFO 0x3b6b
#define VFIO_DEVICE_GET_REGION_INFO 0x3b6c
#define VFIO_DEVICE_GET_IRQ_INFO 0x3b6d
#define VFIO_DEVICE_SET_IRQS 0x3b6e
#define VFIO_DEVICE_RESET 0x3b6f
#define VFIO_DEVICE_GET_PCI_HOT_RESET_INFO 0x3b70
#define VFIO_DEVICE_PCI_HOT_RESET 0x3b71
#define VFIO_DEVICE_IOEVENTFD 0x3b74
#define VFIO_DEVICE_FEATURE 0x3b75
#define VFIO_DEVICE_BIND_IOMMUFD 0x3b76
#define VFIO_DEVICE_ATTACH_IOMMUFD_PT 0x3b77
#define VFIO_DEVICE_DETACH_IOMMUFD_PT 0x3b78

#define VFIO_DEVICE_FLAGS_RESET 0x1
#define VFIO_DEVICE_FLAGS_PCI 0x2
#define VFIO_DEVICE_FLAGS_PLATFORM 0x4
#define VFIO_DEVICE_FLAGS_AMBA 0x8
#define VFIO_DEVICE_FLAGS_FSL_MC 0x40
#define VFIO_DEVICE_FLAGS_CAPS 0x80
#define VFIO_DEVICE_FLAGS_CDX 0x100

struct vfio_device_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t num_regions;
	uint32_t num_irqs;
	uint32_t cap_offset;
	uint32_t pad;
};

#define VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP 0x5

#define VFIO_PCI_ATOMIC_COMP32 0x1
#define VFIO_PCI_ATOMIC_COMP64 0x2
#define VFIO_PCI_ATOMIC_COMP128 0x4

struct vfio_device_info_cap_pci_atomic_comp {
	struct vfio_info_cap_header header;
	uint32_t flags;
	uint32_t reserved;
};

#define VFIO_PCI_BAR0_REGION_INDEX 0x0
#define VFIO_PCI_BAR1_REGION_INDEX 0x1
#define VFIO_PCI_BAR2_REGION_INDEX 0x2
#define VFIO_PCI_BAR3_REGION_INDEX 0x3
#define VFIO_PCI_BAR4_REGION_INDEX 0x4
#define VFIO_PCI_BAR5_REGION_INDEX 0x5
#define VFIO_PCI_ROM_REGION_INDEX 0x6
#define VFIO_PCI_CONFIG_REGION_INDEX 0x7
#define VFIO_PCI_VGA_REGION_INDEX 0x8
#define VFIO_PCI_NUM_REGIONS 0x9

#define VFIO_REGION_INFO_FLAG_READ 0x1
#define VFIO_REGION_INFO_FLAG_WRITE 0x2
#define VFIO_REGION_INFO_FLAG_MMAP 0x4
#define VFIO_REGION_INFO_FLAG_CAPS 0x8

struct vfio_region_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t cap_offset;
	uapi_u64 size;
	uapi_u64 offset;
};

#define VFIO_REGION_INFO_CAP_SPARSE_MMAP 0x1
#define VFIO_REGION_INFO_CAP_TYPE 0x2
#define VFIO_REGION_INFO_CAP_MSIX_MAPPABLE 0x3

struct vfio_region_sparse_mmap_area {
	uapi_u64 offset;
	uapi_u64 size;
};

struct vfio_region_info_cap_sparse_mmap {
	struct vfio_info_cap_header header;
	uint32_t nr_areas;
	uint32_t reserved;
	struct vfio_region_sparse_mmap_area areas[];
};

#define VFIO_REGION_TYPE_PCI_VENDOR_TYPE 0x80000000
#define VFIO_REGION_TYPE_PCI_VENDOR_MASK 0xffff

struct vfio_region_info_cap_type {
	struct vfio_info_cap_header header;
	uint32_t type;
	uint32_t subtype;
};

#define VFIO_PCI_INTX_IRQ_INDEX 0x0
#define VFIO_PCI_MSI_IRQ_INDEX 0x1
#define VFIO_PCI_MSIX_IRQ_INDEX 0x2
#define VFIO_PCI_ERR_IRQ_INDEX 0x3
#define VFIO_PCI_REQ_IRQ_INDEX 0x4
#define VFIO_PCI_NUM_IRQS 0x5

#define VFIO_IRQ_INFO_EVENTFD 0x1
#define VFIO_IRQ_INFO_MASKABLE 0x2
#define VFIO_IRQ_INFO_AUTOMASKED 0x4
#define VFIO_IRQ_INFO_NORESIZE 0x8

struct vfio_irq_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t count;
};

#define VFIO_IRQ_SET_DATA_NONE 0x1
#define VFIO_IRQ_SET_DATA_BOOL 0x2
#define VFIO_IRQ_SET_DATA_EVENTFD 0x4
#define VFIO_IRQ_SET_DATA_TYPE_MASK 0x7
#define VFIO_IRQ_SET_ACTION_MASK 0x8
#define VFIO_IRQ_SET_ACTION_UNMASK 0x10
#define VFIO_IRQ_SET_ACTION_TRIGGER 0x20
#define VFIO_IRQ_SET_ACTION_TYPE_MASK 0x38

struct vfio_irq_set {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t start;
	uint32_t count;
	uint8_t data[];
};

#define VFIO_PCI_DEVID_OWNED 0x0
#define VFIO_PCI_DEVID_NOT_OWNED 0xffffffff

#define VFIO_PCI_HOT_RESET_FLAG_DEV_ID 0x1
#define VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED 0x2

struct vfio_pci_dependent_device {
	union {
		uint32_t group_id;
		uint32_t devid;
	};
	uint16_t segment;
	uint8_t bus;
	uint8_t devfn;
};

struct vfio_pci_hot_reset_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t count;
	struct vfio_pci_dependent_device devices[];
};

struct vfio_pci_hot_reset {
	uint32_t argsz;
	uint32_t flags;
	uint32_t count;
	int32_t group_fds[];
};

#define VFIO_DEVICE_IOEVENTFD_8 0x1
#define VFIO_DEVICE_IOEVENTFD_16 0x2
#define VFIO_DEVICE_IOEVENTFD_32 0x4
#define VFIO_DEVICE_IOEVENTFD_64 0x8
#define VFIO_DEVICE_IOEVENTFD_SIZE_MASK 0xf

struct vfio_device_ioeventfd {
	uint32_t argsz;
	uint32_t flags;
	uapi_u64 offset;
	uapi_u64 data;
	int32_t fd;
	uint32_t reserved;
};

#define VFIO_DEVICE_FEATURE_MASK 0xffff
#define VFIO_DEVICE_FEATURE_GET 0x10000
#define VFIO_DEVICE_FEATURE_SET 0x20000
#define VFIO_DEVICE_FEATURE_PROBE 0x40000

#define VFIO_DEVICE_FEATURE_PCI_VF_TOKEN 0x0
#define VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY 0x3
#define VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP 0x4
#define VFIO_DEVICE_FEATURE_LOW_POWER_EXIT 0x5
#define VFIO_DEVICE_FEATURE_BUS_MASTER 0xa

struct vfio_device_feature {
	uint32_t argsz;
	uint32_t flags;
	uint8_t data[];
};

struct vfio_device_low_power_entry_with_wakeup {
	int32_t wakeup_eventfd;
	uint32_t reserved;
};

#define VFIO_DEVICE_FEATURE_CLEAR_MASTER 0x0
#define VFIO_DEVICE_FEATURE_SET_MASTER 0x1

struct vfio_device_feature_bus_master {
	uint32_t op;
};

#define VFIO_DEVICE_BIND_FLAG_TOKEN 0x1

struct vfio_device_bind_iommufd {
	uint32_t argsz;
	uint32_t flags;
	int32_t iommufd;
	uint32_t out_devid;
	uapi_u64 token_uuid_ptr;
};

#define VFIO_DEVICE_ATTACH_PASID 0x1

struct vfio_device_attach_iommufd_pt {
	uint32_t argsz;
	uint32_t flags;
	uint32_t pt_id;
	uint32_t pasid;
};

#define VFIO_DEVICE_DETACH_PASID 0x1

struct vfio_device_detach_iommufd_pt {
	uint32_t argsz;
	uint32_t flags;
	uint32_t pasid;
};

#endif
