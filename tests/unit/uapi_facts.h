/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's ABI as facts to compare with; made by uapi-facts.py from iommufd-7.2.tsv vfio-7.2.tsv. */

static const struct constant iommufd_constants[] = {
#ifdef IOMMUFD_CMD_BASE
	CONSTANT(IOMMUFD_CMD_BASE, 0x80)
#endif
#ifdef IOMMUFD_CMD_DESTROY
	CONSTANT(IOMMUFD_CMD_DESTROY, 0x80)
#endif
#ifdef IOMMUFD_CMD_IOAS_ALLOC
	CONSTANT(IOMMUFD_CMD_IOAS_ALLOC, 0x81)
#endif
#ifdef IOMMUFD_CMD_IOAS_ALLOW_IOVAS
	CONSTANT(IOMMUFD_CMD_IOAS_ALLOW_IOVAS, 0x82)
#endif
#ifdef IOMMUFD_CMD_IOAS_COPY
	CONSTANT(IOMMUFD_CMD_IOAS_COPY, 0x83)
#endif
#ifdef IOMMUFD_CMD_IOAS_IOVA_RANGES
	CONSTANT(IOMMUFD_CMD_IOAS_IOVA_RANGES, 0x84)
#endif
#ifdef IOMMUFD_CMD_IOAS_MAP
	CONSTANT(IOMMUFD_CMD_IOAS_MAP, 0x85)
#endif
#ifdef IOMMUFD_CMD_IOAS_UNMAP
	CONSTANT(IOMMUFD_CMD_IOAS_UNMAP, 0x86)
#endif
#ifdef IOMMUFD_CMD_OPTION
	CONSTANT(IOMMUFD_CMD_OPTION, 0x87)
#endif
#ifdef IOMMUFD_CMD_VFIO_IOAS
	CONSTANT(IOMMUFD_CMD_VFIO_IOAS, 0x88)
#endif
#ifdef IOMMUFD_CMD_HWPT_ALLOC
	CONSTANT(IOMMUFD_CMD_HWPT_ALLOC, 0x89)
#endif
#ifdef IOMMUFD_CMD_GET_HW_INFO
	CONSTANT(IOMMUFD_CMD_GET_HW_INFO, 0x8a)
#endif
#ifdef IOMMUFD_CMD_HWPT_SET_DIRTY_TRACKING
	CONSTANT(IOMMUFD_CMD_HWPT_SET_DIRTY_TRACKING, 0x8b)
#endif
#ifdef IOMMUFD_CMD_HWPT_GET_DIRTY_BITMAP
	CONSTANT(IOMMUFD_CMD_HWPT_GET_DIRTY_BITMAP, 0x8c)
#endif
#ifdef IOMMUFD_CMD_HWPT_INVALIDATE
	CONSTANT(IOMMUFD_CMD_HWPT_INVALIDATE, 0x8d)
#endif
#ifdef IOMMUFD_CMD_FAULT_QUEUE_ALLOC
	CONSTANT(IOMMUFD_CMD_FAULT_QUEUE_ALLOC, 0x8e)
#endif
#ifdef IOMMUFD_CMD_IOAS_MAP_FILE
	CONSTANT(IOMMUFD_CMD_IOAS_MAP_FILE, 0x8f)
#endif
#ifdef IOMMUFD_CMD_VIOMMU_ALLOC
	CONSTANT(IOMMUFD_CMD_VIOMMU_ALLOC, 0x90)
#endif
#ifdef IOMMUFD_CMD_VDEVICE_ALLOC
	CONSTANT(IOMMUFD_CMD_VDEVICE_ALLOC, 0x91)
#endif
#ifdef IOMMUFD_CMD_IOAS_CHANGE_PROCESS
	CONSTANT(IOMMUFD_CMD_IOAS_CHANGE_PROCESS, 0x92)
#endif
#ifdef IOMMUFD_CMD_VEVENTQ_ALLOC
	CONSTANT(IOMMUFD_CMD_VEVENTQ_ALLOC, 0x93)
#endif
#ifdef IOMMUFD_CMD_HW_QUEUE_ALLOC
	CONSTANT(IOMMUFD_CMD_HW_QUEUE_ALLOC, 0x94)
#endif
#ifdef IOMMU_IOAS_MAP_FIXED_IOVA
	CONSTANT(IOMMU_IOAS_MAP_FIXED_IOVA, 0x1)
#endif
#ifdef IOMMU_IOAS_MAP_WRITEABLE
	CONSTANT(IOMMU_IOAS_MAP_WRITEABLE, 0x2)
#endif
#ifdef IOMMU_IOAS_MAP_READABLE
	CONSTANT(IOMMU_IOAS_MAP_READABLE, 0x4)
#endif
#ifdef IOMMU_OPTION_RLIMIT_MODE
	CONSTANT(IOMMU_OPTION_RLIMIT_MODE, 0x0)
#endif
#ifdef IOMMU_OPTION_HUGE_PAGES
	CONSTANT(IOMMU_OPTION_HUGE_PAGES, 0x1)
#endif
#ifdef IOMMU_OPTION_OP_SET
	CONSTANT(IOMMU_OPTION_OP_SET, 0x0)
#endif
#ifdef IOMMU_OPTION_OP_GET
	CONSTANT(IOMMU_OPTION_OP_GET, 0x1)
#endif
#ifdef IOMMU_VFIO_IOAS_GET
	CONSTANT(IOMMU_VFIO_IOAS_GET, 0x0)
#endif
#ifdef IOMMU_VFIO_IOAS_SET
	CONSTANT(IOMMU_VFIO_IOAS_SET, 0x1)
#endif
#ifdef IOMMU_VFIO_IOAS_CLEAR
	CONSTANT(IOMMU_VFIO_IOAS_CLEAR, 0x2)
#endif
#ifdef IOMMU_HWPT_ALLOC_NEST_PARENT
	CONSTANT(IOMMU_HWPT_ALLOC_NEST_PARENT, 0x1)
#endif
#ifdef IOMMU_HWPT_ALLOC_DIRTY_TRACKING
	CONSTANT(IOMMU_HWPT_ALLOC_DIRTY_TRACKING, 0x2)
#endif
#ifdef IOMMU_HWPT_FAULT_ID_VALID
	CONSTANT(IOMMU_HWPT_FAULT_ID_VALID, 0x4)
#endif
#ifdef IOMMU_HWPT_ALLOC_PASID
	CONSTANT(IOMMU_HWPT_ALLOC_PASID, 0x8)
#endif
#ifdef IOMMU_VTD_S1_SRE
	CONSTANT(IOMMU_VTD_S1_SRE, 0x1)
#endif
#ifdef IOMMU_VTD_S1_EAFE
	CONSTANT(IOMMU_VTD_S1_EAFE, 0x2)
#endif
#ifdef IOMMU_VTD_S1_WPE
	CONSTANT(IOMMU_VTD_S1_WPE, 0x4)
#endif
#ifdef IOMMU_HWPT_DATA_NONE
	CONSTANT(IOMMU_HWPT_DATA_NONE, 0x0)
#endif
#ifdef IOMMU_HWPT_DATA_VTD_S1
	CONSTANT(IOMMU_HWPT_DATA_VTD_S1, 0x1)
#endif
#ifdef IOMMU_HWPT_DATA_ARM_SMMUV3
	CONSTANT(IOMMU_HWPT_DATA_ARM_SMMUV3, 0x2)
#endif
#ifdef IOMMU_HWPT_DATA_AMD_GUEST
	CONSTANT(IOMMU_HWPT_DATA_AMD_GUEST, 0x3)
#endif
#ifdef IOMMU_HW_INFO_VTD_ERRATA_772415_SPR17
	CONSTANT(IOMMU_HW_INFO_VTD_ERRATA_772415_SPR17, 0x1)
#endif
#ifdef IOMMU_HW_INFO_TYPE_NONE
	CONSTANT(IOMMU_HW_INFO_TYPE_NONE, 0x0)
#endif
#ifdef IOMMU_HW_INFO_TYPE_DEFAULT
	CONSTANT(IOMMU_HW_INFO_TYPE_DEFAULT, 0x0)
#endif
#ifdef IOMMU_HW_INFO_TYPE_INTEL_VTD
	CONSTANT(IOMMU_HW_INFO_TYPE_INTEL_VTD, 0x1)
#endif
#ifdef IOMMU_HW_INFO_TYPE_ARM_SMMUV3
	CONSTANT(IOMMU_HW_INFO_TYPE_ARM_SMMUV3, 0x2)
#endif
#ifdef IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV
	CONSTANT(IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV, 0x3)
#endif
#ifdef IOMMU_HW_INFO_TYPE_AMD
	CONSTANT(IOMMU_HW_INFO_TYPE_AMD, 0x4)
#endif
#ifdef IOMMU_HW_CAP_DIRTY_TRACKING
	CONSTANT(IOMMU_HW_CAP_DIRTY_TRACKING, 0x1)
#endif
#ifdef IOMMU_HW_CAP_PCI_PASID_EXEC
	CONSTANT(IOMMU_HW_CAP_PCI_PASID_EXEC, 0x2)
#endif
#ifdef IOMMU_HW_CAP_PCI_PASID_PRIV
	CONSTANT(IOMMU_HW_CAP_PCI_PASID_PRIV, 0x4)
#endif
#ifdef IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED
	CONSTANT(IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED, 0x8)
#endif
#ifdef IOMMU_HW_INFO_FLAG_INPUT_TYPE
	CONSTANT(IOMMU_HW_INFO_FLAG_INPUT_TYPE, 0x1)
#endif
#ifdef IOMMU_HWPT_DIRTY_TRACKING_ENABLE
	CONSTANT(IOMMU_HWPT_DIRTY_TRACKING_ENABLE, 0x1)
#endif
#ifdef IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR
	CONSTANT(IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR, 0x1)
#endif
#ifdef IOMMU_HWPT_INVALIDATE_DATA_VTD_S1
	CONSTANT(IOMMU_HWPT_INVALIDATE_DATA_VTD_S1, 0x0)
#endif
#ifdef IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3
	CONSTANT(IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3, 0x1)
#endif
#ifdef IOMMU_VTD_INV_FLAGS_LEAF
	CONSTANT(IOMMU_VTD_INV_FLAGS_LEAF, 0x1)
#endif
#ifdef IOMMU_PGFAULT_FLAGS_PASID_VALID
	CONSTANT(IOMMU_PGFAULT_FLAGS_PASID_VALID, 0x1)
#endif
#ifdef IOMMU_PGFAULT_FLAGS_LAST_PAGE
	CONSTANT(IOMMU_PGFAULT_FLAGS_LAST_PAGE, 0x2)
#endif
#ifdef IOMMU_PGFAULT_PERM_READ
	CONSTANT(IOMMU_PGFAULT_PERM_READ, 0x1)
#endif
#ifdef IOMMU_PGFAULT_PERM_WRITE
	CONSTANT(IOMMU_PGFAULT_PERM_WRITE, 0x2)
#endif
#ifdef IOMMU_PGFAULT_PERM_EXEC
	CONSTANT(IOMMU_PGFAULT_PERM_EXEC, 0x4)
#endif
#ifdef IOMMU_PGFAULT_PERM_PRIV
	CONSTANT(IOMMU_PGFAULT_PERM_PRIV, 0x8)
#endif
#ifdef IOMMUFD_PAGE_RESP_SUCCESS
	CONSTANT(IOMMUFD_PAGE_RESP_SUCCESS, 0x0)
#endif
#ifdef IOMMUFD_PAGE_RESP_INVALID
	CONSTANT(IOMMUFD_PAGE_RESP_INVALID, 0x1)
#endif
#ifdef IOMMU_VIOMMU_TYPE_DEFAULT
	CONSTANT(IOMMU_VIOMMU_TYPE_DEFAULT, 0x0)
#endif
#ifdef IOMMU_VIOMMU_TYPE_ARM_SMMUV3
	CONSTANT(IOMMU_VIOMMU_TYPE_ARM_SMMUV3, 0x1)
#endif
#ifdef IOMMU_VIOMMU_TYPE_TEGRA241_CMDQV
	CONSTANT(IOMMU_VIOMMU_TYPE_TEGRA241_CMDQV, 0x2)
#endif
#ifdef IOMMU_VEVENTQ_FLAG_LOST_EVENTS
	CONSTANT(IOMMU_VEVENTQ_FLAG_LOST_EVENTS, 0x1)
#endif
#ifdef IOMMU_VEVENTQ_TYPE_DEFAULT
	CONSTANT(IOMMU_VEVENTQ_TYPE_DEFAULT, 0x0)
#endif
#ifdef IOMMU_VEVENTQ_TYPE_ARM_SMMUV3
	CONSTANT(IOMMU_VEVENTQ_TYPE_ARM_SMMUV3, 0x1)
#endif
#ifdef IOMMU_VEVENTQ_TYPE_TEGRA241_CMDQV
	CONSTANT(IOMMU_VEVENTQ_TYPE_TEGRA241_CMDQV, 0x2)
#endif
#ifdef IOMMU_HW_QUEUE_TYPE_DEFAULT
	CONSTANT(IOMMU_HW_QUEUE_TYPE_DEFAULT, 0x0)
#endif
#ifdef IOMMU_HW_QUEUE_TYPE_TEGRA241_CMDQV
	CONSTANT(IOMMU_HW_QUEUE_TYPE_TEGRA241_CMDQV, 0x1)
#endif
#ifdef IOMMUFD_TYPE
	CONSTANT(IOMMUFD_TYPE, 0x3b)
#endif
#ifdef IOMMU_DESTROY
	CONSTANT(IOMMU_DESTROY, 0x3b80)
#endif
#ifdef IOMMU_IOAS_ALLOC
	CONSTANT(IOMMU_IOAS_ALLOC, 0x3b81)
#endif
#ifdef IOMMU_IOAS_IOVA_RANGES
	CONSTANT(IOMMU_IOAS_IOVA_RANGES, 0x3b84)
#endif
#ifdef IOMMU_IOAS_ALLOW_IOVAS
	CONSTANT(IOMMU_IOAS_ALLOW_IOVAS, 0x3b82)
#endif
#ifdef IOMMU_IOAS_MAP
	CONSTANT(IOMMU_IOAS_MAP, 0x3b85)
#endif
#ifdef IOMMU_IOAS_MAP_FILE
	CONSTANT(IOMMU_IOAS_MAP_FILE, 0x3b8f)
#endif
#ifdef IOMMU_IOAS_COPY
	CONSTANT(IOMMU_IOAS_COPY, 0x3b83)
#endif
#ifdef IOMMU_IOAS_UNMAP
	CONSTANT(IOMMU_IOAS_UNMAP, 0x3b86)
#endif
#ifdef IOMMU_OPTION
	CONSTANT(IOMMU_OPTION, 0x3b87)
#endif
#ifdef IOMMU_VFIO_IOAS
	CONSTANT(IOMMU_VFIO_IOAS, 0x3b88)
#endif
#ifdef IOMMU_HWPT_ALLOC
	CONSTANT(IOMMU_HWPT_ALLOC, 0x3b89)
#endif
#ifdef IOMMU_GET_HW_INFO
	CONSTANT(IOMMU_GET_HW_INFO, 0x3b8a)
#endif
#ifdef IOMMU_HWPT_SET_DIRTY_TRACKING
	CONSTANT(IOMMU_HWPT_SET_DIRTY_TRACKING, 0x3b8b)
#endif
#ifdef IOMMU_HWPT_GET_DIRTY_BITMAP
	CONSTANT(IOMMU_HWPT_GET_DIRTY_BITMAP, 0x3b8c)
#endif
#ifdef IOMMU_HWPT_INVALIDATE
	CONSTANT(IOMMU_HWPT_INVALIDATE, 0x3b8d)
#endif
#ifdef IOMMU_FAULT_QUEUE_ALLOC
	CONSTANT(IOMMU_FAULT_QUEUE_ALLOC, 0x3b8e)
#endif
#ifdef IOMMU_VIOMMU_ALLOC
	CONSTANT(IOMMU_VIOMMU_ALLOC, 0x3b90)
#endif
#ifdef IOMMU_VDEVICE_ALLOC
	CONSTANT(IOMMU_VDEVICE_ALLOC, 0x3b91)
#endif
#ifdef IOMMU_IOAS_CHANGE_PROCESS
	CONSTANT(IOMMU_IOAS_CHANGE_PROCESS, 0x3b92)
#endif
#ifdef IOMMU_VEVENTQ_ALLOC
	CONSTANT(IOMMU_VEVENTQ_ALLOC, 0x3b93)
#endif
#ifdef IOMMU_HW_QUEUE_ALLOC
	CONSTANT(IOMMU_HW_QUEUE_ALLOC, 0x3b94)
#endif
};

static const struct constant vfio_constants[] = {
#ifdef VFIO_PCI_BAR0_REGION_INDEX
	CONSTANT(VFIO_PCI_BAR0_REGION_INDEX, 0x0)
#endif
#ifdef VFIO_PCI_BAR1_REGION_INDEX
	CONSTANT(VFIO_PCI_BAR1_REGION_INDEX, 0x1)
#endif
#ifdef VFIO_PCI_BAR2_REGION_INDEX
	CONSTANT(VFIO_PCI_BAR2_REGION_INDEX, 0x2)
#endif
#ifdef VFIO_PCI_BAR3_REGION_INDEX
	CONSTANT(VFIO_PCI_BAR3_REGION_INDEX, 0x3)
#endif
#ifdef VFIO_PCI_BAR4_REGION_INDEX
	CONSTANT(VFIO_PCI_BAR4_REGION_INDEX, 0x4)
#endif
#ifdef VFIO_PCI_BAR5_REGION_INDEX
	CONSTANT(VFIO_PCI_BAR5_REGION_INDEX, 0x5)
#endif
#ifdef VFIO_PCI_ROM_REGION_INDEX
	CONSTANT(VFIO_PCI_ROM_REGION_INDEX, 0x6)
#endif
#ifdef VFIO_PCI_CONFIG_REGION_INDEX
	CONSTANT(VFIO_PCI_CONFIG_REGION_INDEX, 0x7)
#endif
#ifdef VFIO_PCI_VGA_REGION_INDEX
	CONSTANT(VFIO_PCI_VGA_REGION_INDEX, 0x8)
#endif
#ifdef VFIO_PCI_NUM_REGIONS
	CONSTANT(VFIO_PCI_NUM_REGIONS, 0x9)
#endif
#ifdef VFIO_PCI_INTX_IRQ_INDEX
	CONSTANT(VFIO_PCI_INTX_IRQ_INDEX, 0x0)
#endif
#ifdef VFIO_PCI_MSI_IRQ_INDEX
	CONSTANT(VFIO_PCI_MSI_IRQ_INDEX, 0x1)
#endif
#ifdef VFIO_PCI_MSIX_IRQ_INDEX
	CONSTANT(VFIO_PCI_MSIX_IRQ_INDEX, 0x2)
#endif
#ifdef VFIO_PCI_ERR_IRQ_INDEX
	CONSTANT(VFIO_PCI_ERR_IRQ_INDEX, 0x3)
#endif
#ifdef VFIO_PCI_REQ_IRQ_INDEX
	CONSTANT(VFIO_PCI_REQ_IRQ_INDEX, 0x4)
#endif
#ifdef VFIO_PCI_NUM_IRQS
	CONSTANT(VFIO_PCI_NUM_IRQS, 0x5)
#endif
#ifdef VFIO_CCW_CONFIG_REGION_INDEX
	CONSTANT(VFIO_CCW_CONFIG_REGION_INDEX, 0x0)
#endif
#ifdef VFIO_CCW_NUM_REGIONS
	CONSTANT(VFIO_CCW_NUM_REGIONS, 0x1)
#endif
#ifdef VFIO_CCW_IO_IRQ_INDEX
	CONSTANT(VFIO_CCW_IO_IRQ_INDEX, 0x0)
#endif
#ifdef VFIO_CCW_CRW_IRQ_INDEX
	CONSTANT(VFIO_CCW_CRW_IRQ_INDEX, 0x1)
#endif
#ifdef VFIO_CCW_REQ_IRQ_INDEX
	CONSTANT(VFIO_CCW_REQ_IRQ_INDEX, 0x2)
#endif
#ifdef VFIO_CCW_NUM_IRQS
	CONSTANT(VFIO_CCW_NUM_IRQS, 0x3)
#endif
#ifdef VFIO_AP_REQ_IRQ_INDEX
	CONSTANT(VFIO_AP_REQ_IRQ_INDEX, 0x0)
#endif
#ifdef VFIO_AP_CFG_CHG_IRQ_INDEX
	CONSTANT(VFIO_AP_CFG_CHG_IRQ_INDEX, 0x1)
#endif
#ifdef VFIO_AP_NUM_IRQS
	CONSTANT(VFIO_AP_NUM_IRQS, 0x2)
#endif
#ifdef VFIO_DEVICE_STATE_ERROR
	CONSTANT(VFIO_DEVICE_STATE_ERROR, 0x0)
#endif
#ifdef VFIO_DEVICE_STATE_STOP
	CONSTANT(VFIO_DEVICE_STATE_STOP, 0x1)
#endif
#ifdef VFIO_DEVICE_STATE_RUNNING
	CONSTANT(VFIO_DEVICE_STATE_RUNNING, 0x2)
#endif
#ifdef VFIO_DEVICE_STATE_STOP_COPY
	CONSTANT(VFIO_DEVICE_STATE_STOP_COPY, 0x3)
#endif
#ifdef VFIO_DEVICE_STATE_RESUMING
	CONSTANT(VFIO_DEVICE_STATE_RESUMING, 0x4)
#endif
#ifdef VFIO_DEVICE_STATE_RUNNING_P2P
	CONSTANT(VFIO_DEVICE_STATE_RUNNING_P2P, 0x5)
#endif
#ifdef VFIO_DEVICE_STATE_PRE_COPY
	CONSTANT(VFIO_DEVICE_STATE_PRE_COPY, 0x6)
#endif
#ifdef VFIO_DEVICE_STATE_PRE_COPY_P2P
	CONSTANT(VFIO_DEVICE_STATE_PRE_COPY_P2P, 0x7)
#endif
#ifdef VFIO_DEVICE_STATE_NR
	CONSTANT(VFIO_DEVICE_STATE_NR, 0x8)
#endif
#ifdef VFIO_API_VERSION
	CONSTANT(VFIO_API_VERSION, 0x0)
#endif
#ifdef VFIO_TYPE1_IOMMU
	CONSTANT(VFIO_TYPE1_IOMMU, 0x1)
#endif
#ifdef VFIO_SPAPR_TCE_IOMMU
	CONSTANT(VFIO_SPAPR_TCE_IOMMU, 0x2)
#endif
#ifdef VFIO_TYPE1v2_IOMMU
	CONSTANT(VFIO_TYPE1v2_IOMMU, 0x3)
#endif
#ifdef VFIO_DMA_CC_IOMMU
	CONSTANT(VFIO_DMA_CC_IOMMU, 0x4)
#endif
#ifdef VFIO_EEH
	CONSTANT(VFIO_EEH, 0x5)
#endif
#ifdef __VFIO_RESERVED_TYPE1_NESTING_IOMMU
	CONSTANT(__VFIO_RESERVED_TYPE1_NESTING_IOMMU, 0x6)
#endif
#ifdef VFIO_SPAPR_TCE_v2_IOMMU
	CONSTANT(VFIO_SPAPR_TCE_v2_IOMMU, 0x7)
#endif
#ifdef VFIO_NOIOMMU_IOMMU
	CONSTANT(VFIO_NOIOMMU_IOMMU, 0x8)
#endif
#ifdef VFIO_UNMAP_ALL
	CONSTANT(VFIO_UNMAP_ALL, 0x9)
#endif
#ifdef VFIO_UPDATE_VADDR
	CONSTANT(VFIO_UPDATE_VADDR, 0xa)
#endif
#ifdef VFIO_TYPE
	CONSTANT(VFIO_TYPE, 0x3b)
#endif
#ifdef VFIO_BASE
	CONSTANT(VFIO_BASE, 0x64)
#endif
#ifdef VFIO_GET_API_VERSION
	CONSTANT(VFIO_GET_API_VERSION, 0x3b64)
#endif
#ifdef VFIO_CHECK_EXTENSION
	CONSTANT(VFIO_CHECK_EXTENSION, 0x3b65)
#endif
#ifdef VFIO_SET_IOMMU
	CONSTANT(VFIO_SET_IOMMU, 0x3b66)
#endif
#ifdef VFIO_GROUP_FLAGS_VIABLE
	CONSTANT(VFIO_GROUP_FLAGS_VIABLE, 0x1)
#endif
#ifdef VFIO_GROUP_FLAGS_CONTAINER_SET
	CONSTANT(VFIO_GROUP_FLAGS_CONTAINER_SET, 0x2)
#endif
#ifdef VFIO_GROUP_GET_STATUS
	CONSTANT(VFIO_GROUP_GET_STATUS, 0x3b67)
#endif
#ifdef VFIO_GROUP_SET_CONTAINER
	CONSTANT(VFIO_GROUP_SET_CONTAINER, 0x3b68)
#endif
#ifdef VFIO_GROUP_UNSET_CONTAINER
	CONSTANT(VFIO_GROUP_UNSET_CONTAINER, 0x3b69)
#endif
#ifdef VFIO_GROUP_GET_DEVICE_FD
	CONSTANT(VFIO_GROUP_GET_DEVICE_FD, 0x3b6a)
#endif
#ifdef VFIO_DEVICE_FLAGS_RESET
	CONSTANT(VFIO_DEVICE_FLAGS_RESET, 0x1)
#endif
#ifdef VFIO_DEVICE_FLAGS_PCI
	CONSTANT(VFIO_DEVICE_FLAGS_PCI, 0x2)
#endif
#ifdef VFIO_DEVICE_FLAGS_PLATFORM
	CONSTANT(VFIO_DEVICE_FLAGS_PLATFORM, 0x4)
#endif
#ifdef VFIO_DEVICE_FLAGS_AMBA
	CONSTANT(VFIO_DEVICE_FLAGS_AMBA, 0x8)
#endif
#ifdef VFIO_DEVICE_FLAGS_CCW
	CONSTANT(VFIO_DEVICE_FLAGS_CCW, 0x10)
#endif
#ifdef VFIO_DEVICE_FLAGS_AP
	CONSTANT(VFIO_DEVICE_FLAGS_AP, 0x20)
#endif
#ifdef VFIO_DEVICE_FLAGS_FSL_MC
	CONSTANT(VFIO_DEVICE_FLAGS_FSL_MC, 0x40)
#endif
#ifdef VFIO_DEVICE_FLAGS_CAPS
	CONSTANT(VFIO_DEVICE_FLAGS_CAPS, 0x80)
#endif
#ifdef VFIO_DEVICE_FLAGS_CDX
	CONSTANT(VFIO_DEVICE_FLAGS_CDX, 0x100)
#endif
#ifdef VFIO_DEVICE_GET_INFO
	CONSTANT(VFIO_DEVICE_GET_INFO, 0x3b6b)
#endif
#ifdef VFIO_DEVICE_INFO_CAP_ZPCI_BASE
	CONSTANT(VFIO_DEVICE_INFO_CAP_ZPCI_BASE, 0x1)
#endif
#ifdef VFIO_DEVICE_INFO_CAP_ZPCI_GROUP
	CONSTANT(VFIO_DEVICE_INFO_CAP_ZPCI_GROUP, 0x2)
#endif
#ifdef VFIO_DEVICE_INFO_CAP_ZPCI_UTIL
	CONSTANT(VFIO_DEVICE_INFO_CAP_ZPCI_UTIL, 0x3)
#endif
#ifdef VFIO_DEVICE_INFO_CAP_ZPCI_PFIP
	CONSTANT(VFIO_DEVICE_INFO_CAP_ZPCI_PFIP, 0x4)
#endif
#ifdef VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP
	CONSTANT(VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP, 0x5)
#endif
#ifdef VFIO_PCI_ATOMIC_COMP32
	CONSTANT(VFIO_PCI_ATOMIC_COMP32, 0x1)
#endif
#ifdef VFIO_PCI_ATOMIC_COMP64
	CONSTANT(VFIO_PCI_ATOMIC_COMP64, 0x2)
#endif
#ifdef VFIO_PCI_ATOMIC_COMP128
	CONSTANT(VFIO_PCI_ATOMIC_COMP128, 0x4)
#endif
#ifdef VFIO_REGION_INFO_FLAG_READ
	CONSTANT(VFIO_REGION_INFO_FLAG_READ, 0x1)
#endif
#ifdef VFIO_REGION_INFO_FLAG_WRITE
	CONSTANT(VFIO_REGION_INFO_FLAG_WRITE, 0x2)
#endif
#ifdef VFIO_REGION_INFO_FLAG_MMAP
	CONSTANT(VFIO_REGION_INFO_FLAG_MMAP, 0x4)
#endif
#ifdef VFIO_REGION_INFO_FLAG_CAPS
	CONSTANT(VFIO_REGION_INFO_FLAG_CAPS, 0x8)
#endif
#ifdef VFIO_DEVICE_GET_REGION_INFO
	CONSTANT(VFIO_DEVICE_GET_REGION_INFO, 0x3b6c)
#endif
#ifdef VFIO_REGION_INFO_CAP_SPARSE_MMAP
	CONSTANT(VFIO_REGION_INFO_CAP_SPARSE_MMAP, 0x1)
#endif
#ifdef VFIO_REGION_INFO_CAP_TYPE
	CONSTANT(VFIO_REGION_INFO_CAP_TYPE, 0x2)
#endif
#ifdef VFIO_REGION_TYPE_PCI_VENDOR_TYPE
	CONSTANT(VFIO_REGION_TYPE_PCI_VENDOR_TYPE, 0x80000000)
#endif
#ifdef VFIO_REGION_TYPE_PCI_VENDOR_MASK
	CONSTANT(VFIO_REGION_TYPE_PCI_VENDOR_MASK, 0xffff)
#endif
#ifdef VFIO_REGION_TYPE_GFX
	CONSTANT(VFIO_REGION_TYPE_GFX, 0x1)
#endif
#ifdef VFIO_REGION_TYPE_CCW
	CONSTANT(VFIO_REGION_TYPE_CCW, 0x2)
#endif
#ifdef VFIO_REGION_TYPE_MIGRATION_DEPRECATED
	CONSTANT(VFIO_REGION_TYPE_MIGRATION_DEPRECATED, 0x3)
#endif
#ifdef VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION
	CONSTANT(VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION, 0x1)
#endif
#ifdef VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG
	CONSTANT(VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG, 0x2)
#endif
#ifdef VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG
	CONSTANT(VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG, 0x3)
#endif
#ifdef VFIO_REGION_SUBTYPE_NVIDIA_NVLINK2_RAM
	CONSTANT(VFIO_REGION_SUBTYPE_NVIDIA_NVLINK2_RAM, 0x1)
#endif
#ifdef VFIO_REGION_SUBTYPE_IBM_NVLINK2_ATSD
	CONSTANT(VFIO_REGION_SUBTYPE_IBM_NVLINK2_ATSD, 0x1)
#endif
#ifdef VFIO_REGION_SUBTYPE_GFX_EDID
	CONSTANT(VFIO_REGION_SUBTYPE_GFX_EDID, 0x1)
#endif
#ifdef VFIO_DEVICE_GFX_LINK_STATE_UP
	CONSTANT(VFIO_DEVICE_GFX_LINK_STATE_UP, 0x1)
#endif
#ifdef VFIO_DEVICE_GFX_LINK_STATE_DOWN
	CONSTANT(VFIO_DEVICE_GFX_LINK_STATE_DOWN, 0x2)
#endif
#ifdef VFIO_REGION_SUBTYPE_CCW_ASYNC_CMD
	CONSTANT(VFIO_REGION_SUBTYPE_CCW_ASYNC_CMD, 0x1)
#endif
#ifdef VFIO_REGION_SUBTYPE_CCW_SCHIB
	CONSTANT(VFIO_REGION_SUBTYPE_CCW_SCHIB, 0x2)
#endif
#ifdef VFIO_REGION_SUBTYPE_CCW_CRW
	CONSTANT(VFIO_REGION_SUBTYPE_CCW_CRW, 0x3)
#endif
#ifdef VFIO_REGION_SUBTYPE_MIGRATION_DEPRECATED
	CONSTANT(VFIO_REGION_SUBTYPE_MIGRATION_DEPRECATED, 0x1)
#endif
#ifdef VFIO_DEVICE_STATE_V1_STOP
	CONSTANT(VFIO_DEVICE_STATE_V1_STOP, 0x0)
#endif
#ifdef VFIO_DEVICE_STATE_V1_RUNNING
	CONSTANT(VFIO_DEVICE_STATE_V1_RUNNING, 0x1)
#endif
#ifdef VFIO_DEVICE_STATE_V1_SAVING
	CONSTANT(VFIO_DEVICE_STATE_V1_SAVING, 0x2)
#endif
#ifdef VFIO_DEVICE_STATE_V1_RESUMING
	CONSTANT(VFIO_DEVICE_STATE_V1_RESUMING, 0x4)
#endif
#ifdef VFIO_DEVICE_STATE_MASK
	CONSTANT(VFIO_DEVICE_STATE_MASK, 0x7)
#endif
#ifdef VFIO_REGION_INFO_CAP_MSIX_MAPPABLE
	CONSTANT(VFIO_REGION_INFO_CAP_MSIX_MAPPABLE, 0x3)
#endif
#ifdef VFIO_REGION_INFO_CAP_NVLINK2_SSATGT
	CONSTANT(VFIO_REGION_INFO_CAP_NVLINK2_SSATGT, 0x4)
#endif
#ifdef VFIO_REGION_INFO_CAP_NVLINK2_LNKSPD
	CONSTANT(VFIO_REGION_INFO_CAP_NVLINK2_LNKSPD, 0x5)
#endif
#ifdef VFIO_IRQ_INFO_EVENTFD
	CONSTANT(VFIO_IRQ_INFO_EVENTFD, 0x1)
#endif
#ifdef VFIO_IRQ_INFO_MASKABLE
	CONSTANT(VFIO_IRQ_INFO_MASKABLE, 0x2)
#endif
#ifdef VFIO_IRQ_INFO_AUTOMASKED
	CONSTANT(VFIO_IRQ_INFO_AUTOMASKED, 0x4)
#endif
#ifdef VFIO_IRQ_INFO_NORESIZE
	CONSTANT(VFIO_IRQ_INFO_NORESIZE, 0x8)
#endif
#ifdef VFIO_DEVICE_GET_IRQ_INFO
	CONSTANT(VFIO_DEVICE_GET_IRQ_INFO, 0x3b6d)
#endif
#ifdef VFIO_IRQ_SET_DATA_NONE
	CONSTANT(VFIO_IRQ_SET_DATA_NONE, 0x1)
#endif
#ifdef VFIO_IRQ_SET_DATA_BOOL
	CONSTANT(VFIO_IRQ_SET_DATA_BOOL, 0x2)
#endif
#ifdef VFIO_IRQ_SET_DATA_EVENTFD
	CONSTANT(VFIO_IRQ_SET_DATA_EVENTFD, 0x4)
#endif
#ifdef VFIO_IRQ_SET_ACTION_MASK
	CONSTANT(VFIO_IRQ_SET_ACTION_MASK, 0x8)
#endif
#ifdef VFIO_IRQ_SET_ACTION_UNMASK
	CONSTANT(VFIO_IRQ_SET_ACTION_UNMASK, 0x10)
#endif
#ifdef VFIO_IRQ_SET_ACTION_TRIGGER
	CONSTANT(VFIO_IRQ_SET_ACTION_TRIGGER, 0x20)
#endif
#ifdef VFIO_DEVICE_SET_IRQS
	CONSTANT(VFIO_DEVICE_SET_IRQS, 0x3b6e)
#endif
#ifdef VFIO_IRQ_SET_DATA_TYPE_MASK
	CONSTANT(VFIO_IRQ_SET_DATA_TYPE_MASK, 0x7)
#endif
#ifdef VFIO_IRQ_SET_ACTION_TYPE_MASK
	CONSTANT(VFIO_IRQ_SET_ACTION_TYPE_MASK, 0x38)
#endif
#ifdef VFIO_DEVICE_RESET
	CONSTANT(VFIO_DEVICE_RESET, 0x3b6f)
#endif
#ifdef VFIO_PCI_DEVID_OWNED
	CONSTANT(VFIO_PCI_DEVID_OWNED, 0x0)
#endif
#ifdef VFIO_PCI_DEVID_NOT_OWNED
	CONSTANT(VFIO_PCI_DEVID_NOT_OWNED, 0xffffffff)
#endif
#ifdef VFIO_PCI_HOT_RESET_FLAG_DEV_ID
	CONSTANT(VFIO_PCI_HOT_RESET_FLAG_DEV_ID, 0x1)
#endif
#ifdef VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED
	CONSTANT(VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED, 0x2)
#endif
#ifdef VFIO_DEVICE_GET_PCI_HOT_RESET_INFO
	CONSTANT(VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, 0x3b70)
#endif
#ifdef VFIO_DEVICE_PCI_HOT_RESET
	CONSTANT(VFIO_DEVICE_PCI_HOT_RESET, 0x3b71)
#endif
#ifdef VFIO_GFX_PLANE_TYPE_PROBE
	CONSTANT(VFIO_GFX_PLANE_TYPE_PROBE, 0x1)
#endif
#ifdef VFIO_GFX_PLANE_TYPE_DMABUF
	CONSTANT(VFIO_GFX_PLANE_TYPE_DMABUF, 0x2)
#endif
#ifdef VFIO_GFX_PLANE_TYPE_REGION
	CONSTANT(VFIO_GFX_PLANE_TYPE_REGION, 0x4)
#endif
#ifdef VFIO_DEVICE_QUERY_GFX_PLANE
	CONSTANT(VFIO_DEVICE_QUERY_GFX_PLANE, 0x3b72)
#endif
#ifdef VFIO_DEVICE_GET_GFX_DMABUF
	CONSTANT(VFIO_DEVICE_GET_GFX_DMABUF, 0x3b73)
#endif
#ifdef VFIO_DEVICE_IOEVENTFD_8
	CONSTANT(VFIO_DEVICE_IOEVENTFD_8, 0x1)
#endif
#ifdef VFIO_DEVICE_IOEVENTFD_16
	CONSTANT(VFIO_DEVICE_IOEVENTFD_16, 0x2)
#endif
#ifdef VFIO_DEVICE_IOEVENTFD_32
	CONSTANT(VFIO_DEVICE_IOEVENTFD_32, 0x4)
#endif
#ifdef VFIO_DEVICE_IOEVENTFD_64
	CONSTANT(VFIO_DEVICE_IOEVENTFD_64, 0x8)
#endif
#ifdef VFIO_DEVICE_IOEVENTFD_SIZE_MASK
	CONSTANT(VFIO_DEVICE_IOEVENTFD_SIZE_MASK, 0xf)
#endif
#ifdef VFIO_DEVICE_IOEVENTFD
	CONSTANT(VFIO_DEVICE_IOEVENTFD, 0x3b74)
#endif
#ifdef VFIO_DEVICE_FEATURE_MASK
	CONSTANT(VFIO_DEVICE_FEATURE_MASK, 0xffff)
#endif
#ifdef VFIO_DEVICE_FEATURE_GET
	CONSTANT(VFIO_DEVICE_FEATURE_GET, 0x10000)
#endif
#ifdef VFIO_DEVICE_FEATURE_SET
	CONSTANT(VFIO_DEVICE_FEATURE_SET, 0x20000)
#endif
#ifdef VFIO_DEVICE_FEATURE_PROBE
	CONSTANT(VFIO_DEVICE_FEATURE_PROBE, 0x40000)
#endif
#ifdef VFIO_DEVICE_FEATURE
	CONSTANT(VFIO_DEVICE_FEATURE, 0x3b75)
#endif
#ifdef VFIO_DEVICE_BIND_FLAG_TOKEN
	CONSTANT(VFIO_DEVICE_BIND_FLAG_TOKEN, 0x1)
#endif
#ifdef VFIO_DEVICE_BIND_IOMMUFD
	CONSTANT(VFIO_DEVICE_BIND_IOMMUFD, 0x3b76)
#endif
#ifdef VFIO_DEVICE_ATTACH_PASID
	CONSTANT(VFIO_DEVICE_ATTACH_PASID, 0x1)
#endif
#ifdef VFIO_DEVICE_ATTACH_IOMMUFD_PT
	CONSTANT(VFIO_DEVICE_ATTACH_IOMMUFD_PT, 0x3b77)
#endif
#ifdef VFIO_DEVICE_DETACH_PASID
	CONSTANT(VFIO_DEVICE_DETACH_PASID, 0x1)
#endif
#ifdef VFIO_DEVICE_DETACH_IOMMUFD_PT
	CONSTANT(VFIO_DEVICE_DETACH_IOMMUFD_PT, 0x3b78)
#endif
#ifdef VFIO_DEVICE_FEATURE_PCI_VF_TOKEN
	CONSTANT(VFIO_DEVICE_FEATURE_PCI_VF_TOKEN, 0x0)
#endif
#ifdef VFIO_MIGRATION_STOP_COPY
	CONSTANT(VFIO_MIGRATION_STOP_COPY, 0x1)
#endif
#ifdef VFIO_MIGRATION_P2P
	CONSTANT(VFIO_MIGRATION_P2P, 0x2)
#endif
#ifdef VFIO_MIGRATION_PRE_COPY
	CONSTANT(VFIO_MIGRATION_PRE_COPY, 0x4)
#endif
#ifdef VFIO_DEVICE_FEATURE_MIGRATION
	CONSTANT(VFIO_DEVICE_FEATURE_MIGRATION, 0x1)
#endif
#ifdef VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE
	CONSTANT(VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, 0x2)
#endif
#ifdef VFIO_PRECOPY_INFO_REINIT
	CONSTANT(VFIO_PRECOPY_INFO_REINIT, 0x1)
#endif
#ifdef VFIO_MIG_GET_PRECOPY_INFO
	CONSTANT(VFIO_MIG_GET_PRECOPY_INFO, 0x3b79)
#endif
#ifdef VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY
	CONSTANT(VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, 0x3)
#endif
#ifdef VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP
	CONSTANT(VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP, 0x4)
#endif
#ifdef VFIO_DEVICE_FEATURE_LOW_POWER_EXIT
	CONSTANT(VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, 0x5)
#endif
#ifdef VFIO_DEVICE_FEATURE_DMA_LOGGING_START
	CONSTANT(VFIO_DEVICE_FEATURE_DMA_LOGGING_START, 0x6)
#endif
#ifdef VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP
	CONSTANT(VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, 0x7)
#endif
#ifdef VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT
	CONSTANT(VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT, 0x8)
#endif
#ifdef VFIO_DEVICE_FEATURE_MIG_DATA_SIZE
	CONSTANT(VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, 0x9)
#endif
#ifdef VFIO_DEVICE_FEATURE_CLEAR_MASTER
	CONSTANT(VFIO_DEVICE_FEATURE_CLEAR_MASTER, 0x0)
#endif
#ifdef VFIO_DEVICE_FEATURE_SET_MASTER
	CONSTANT(VFIO_DEVICE_FEATURE_SET_MASTER, 0x1)
#endif
#ifdef VFIO_DEVICE_FEATURE_BUS_MASTER
	CONSTANT(VFIO_DEVICE_FEATURE_BUS_MASTER, 0xa)
#endif
#ifdef VFIO_DEVICE_FEATURE_DMA_BUF
	CONSTANT(VFIO_DEVICE_FEATURE_DMA_BUF, 0xb)
#endif
#ifdef VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2
	CONSTANT(VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2, 0xc)
#endif
#ifdef VFIO_IOMMU_INFO_PGSIZES
	CONSTANT(VFIO_IOMMU_INFO_PGSIZES, 0x1)
#endif
#ifdef VFIO_IOMMU_INFO_CAPS
	CONSTANT(VFIO_IOMMU_INFO_CAPS, 0x2)
#endif
#ifdef VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE
	CONSTANT(VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, 0x1)
#endif
#ifdef VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION
	CONSTANT(VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION, 0x2)
#endif
#ifdef VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL
	CONSTANT(VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, 0x3)
#endif
#ifdef VFIO_IOMMU_GET_INFO
	CONSTANT(VFIO_IOMMU_GET_INFO, 0x3b70)
#endif
#ifdef VFIO_DMA_MAP_FLAG_READ
	CONSTANT(VFIO_DMA_MAP_FLAG_READ, 0x1)
#endif
#ifdef VFIO_DMA_MAP_FLAG_WRITE
	CONSTANT(VFIO_DMA_MAP_FLAG_WRITE, 0x2)
#endif
#ifdef VFIO_DMA_MAP_FLAG_VADDR
	CONSTANT(VFIO_DMA_MAP_FLAG_VADDR, 0x4)
#endif
#ifdef VFIO_IOMMU_MAP_DMA
	CONSTANT(VFIO_IOMMU_MAP_DMA, 0x3b71)
#endif
#ifdef VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP
	CONSTANT(VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP, 0x1)
#endif
#ifdef VFIO_DMA_UNMAP_FLAG_ALL
	CONSTANT(VFIO_DMA_UNMAP_FLAG_ALL, 0x2)
#endif
#ifdef VFIO_DMA_UNMAP_FLAG_VADDR
	CONSTANT(VFIO_DMA_UNMAP_FLAG_VADDR, 0x4)
#endif
#ifdef VFIO_IOMMU_UNMAP_DMA
	CONSTANT(VFIO_IOMMU_UNMAP_DMA, 0x3b72)
#endif
#ifdef VFIO_IOMMU_ENABLE
	CONSTANT(VFIO_IOMMU_ENABLE, 0x3b73)
#endif
#ifdef VFIO_IOMMU_DISABLE
	CONSTANT(VFIO_IOMMU_DISABLE, 0x3b74)
#endif
#ifdef VFIO_IOMMU_DIRTY_PAGES_FLAG_START
	CONSTANT(VFIO_IOMMU_DIRTY_PAGES_FLAG_START, 0x1)
#endif
#ifdef VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP
	CONSTANT(VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP, 0x2)
#endif
#ifdef VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP
	CONSTANT(VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP, 0x4)
#endif
#ifdef VFIO_IOMMU_DIRTY_PAGES
	CONSTANT(VFIO_IOMMU_DIRTY_PAGES, 0x3b75)
#endif
#ifdef VFIO_IOMMU_SPAPR_INFO_DDW
	CONSTANT(VFIO_IOMMU_SPAPR_INFO_DDW, 0x1)
#endif
#ifdef VFIO_IOMMU_SPAPR_TCE_GET_INFO
	CONSTANT(VFIO_IOMMU_SPAPR_TCE_GET_INFO, 0x3b70)
#endif
#ifdef VFIO_EEH_PE_DISABLE
	CONSTANT(VFIO_EEH_PE_DISABLE, 0x0)
#endif
#ifdef VFIO_EEH_PE_ENABLE
	CONSTANT(VFIO_EEH_PE_ENABLE, 0x1)
#endif
#ifdef VFIO_EEH_PE_UNFREEZE_IO
	CONSTANT(VFIO_EEH_PE_UNFREEZE_IO, 0x2)
#endif
#ifdef VFIO_EEH_PE_UNFREEZE_DMA
	CONSTANT(VFIO_EEH_PE_UNFREEZE_DMA, 0x3)
#endif
#ifdef VFIO_EEH_PE_GET_STATE
	CONSTANT(VFIO_EEH_PE_GET_STATE, 0x4)
#endif
#ifdef VFIO_EEH_PE_STATE_NORMAL
	CONSTANT(VFIO_EEH_PE_STATE_NORMAL, 0x0)
#endif
#ifdef VFIO_EEH_PE_STATE_RESET
	CONSTANT(VFIO_EEH_PE_STATE_RESET, 0x1)
#endif
#ifdef VFIO_EEH_PE_STATE_STOPPED
	CONSTANT(VFIO_EEH_PE_STATE_STOPPED, 0x2)
#endif
#ifdef VFIO_EEH_PE_STATE_STOPPED_DMA
	CONSTANT(VFIO_EEH_PE_STATE_STOPPED_DMA, 0x4)
#endif
#ifdef VFIO_EEH_PE_STATE_UNAVAIL
	CONSTANT(VFIO_EEH_PE_STATE_UNAVAIL, 0x5)
#endif
#ifdef VFIO_EEH_PE_RESET_DEACTIVATE
	CONSTANT(VFIO_EEH_PE_RESET_DEACTIVATE, 0x5)
#endif
#ifdef VFIO_EEH_PE_RESET_HOT
	CONSTANT(VFIO_EEH_PE_RESET_HOT, 0x6)
#endif
#ifdef VFIO_EEH_PE_RESET_FUNDAMENTAL
	CONSTANT(VFIO_EEH_PE_RESET_FUNDAMENTAL, 0x7)
#endif
#ifdef VFIO_EEH_PE_CONFIGURE
	CONSTANT(VFIO_EEH_PE_CONFIGURE, 0x8)
#endif
#ifdef VFIO_EEH_PE_INJECT_ERR
	CONSTANT(VFIO_EEH_PE_INJECT_ERR, 0x9)
#endif
#ifdef VFIO_EEH_PE_OP
	CONSTANT(VFIO_EEH_PE_OP, 0x3b79)
#endif
#ifdef VFIO_IOMMU_SPAPR_REGISTER_MEMORY
	CONSTANT(VFIO_IOMMU_SPAPR_REGISTER_MEMORY, 0x3b75)
#endif
#ifdef VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY
	CONSTANT(VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY, 0x3b76)
#endif
#ifdef VFIO_IOMMU_SPAPR_TCE_CREATE
	CONSTANT(VFIO_IOMMU_SPAPR_TCE_CREATE, 0x3b77)
#endif
#ifdef VFIO_IOMMU_SPAPR_TCE_REMOVE
	CONSTANT(VFIO_IOMMU_SPAPR_TCE_REMOVE, 0x3b78)
#endif
};

#define FACTS_iommu_destroy \
	SCALAR(iommu_destroy, size, 0, 4, uint32_t) \
	SCALAR(iommu_destroy, id, 4, 4, uint32_t) \
	SIZEOF(iommu_destroy, 8)

#define FACTS_iommu_ioas_alloc \
	SCALAR(iommu_ioas_alloc, size, 0, 4, uint32_t) \
	SCALAR(iommu_ioas_alloc, flags, 4, 4, uint32_t) \
	SCALAR(iommu_ioas_alloc, out_ioas_id, 8, 4, uint32_t) \
	SIZEOF(iommu_ioas_alloc, 12)

#define FACTS_iommu_iova_range \
	SCALAR(iommu_iova_range, start, 0, 8, uint64_t) \
	SCALAR(iommu_iova_range, last, 8, 8, uint64_t) \
	SIZEOF(iommu_iova_range, 16)

#define FACTS_iommu_ioas_iova_ranges \
	SCALAR(iommu_ioas_iova_ranges, size, 0, 4, uint32_t) \
	SCALAR(iommu_ioas_iova_ranges, ioas_id, 4, 4, uint32_t) \
	SCALAR(iommu_ioas_iova_ranges, num_iovas, 8, 4, uint32_t) \
	SCALAR(iommu_ioas_iova_ranges, __reserved, 12, 4, uint32_t) \
	SCALAR(iommu_ioas_iova_ranges, allowed_iovas, 16, 8, uint64_t) \
	SCALAR(iommu_ioas_iova_ranges, out_iova_alignment, 24, 8, uint64_t) \
	SIZEOF(iommu_ioas_iova_ranges, 32)

#define FACTS_iommu_ioas_allow_iovas \
	SCALAR(iommu_ioas_allow_iovas, size, 0, 4, uint32_t) \
	SCALAR(iommu_ioas_allow_iovas, ioas_id, 4, 4, uint32_t) \
	SCALAR(iommu_ioas_allow_iovas, num_iovas, 8, 4, uint32_t) \
	SCALAR(iommu_ioas_allow_iovas, __reserved, 12, 4, uint32_t) \
	SCALAR(iommu_ioas_allow_iovas, allowed_iovas, 16, 8, uint64_t) \
	SIZEOF(iommu_ioas_allow_iovas, 24)

#define FACTS_iommu_ioas_map \
	SCALAR(iommu_ioas_map, size, 0, 4, uint32_t) \
	SCALAR(iommu_ioas_map, flags, 4, 4, uint32_t) \
	SCALAR(iommu_ioas_map, ioas_id, 8, 4, uint32_t) \
	SCALAR(iommu_ioas_map, __reserved, 12, 4, uint32_t) \
	SCALAR(iommu_ioas_map, user_va, 16, 8, uint64_t) \
	SCALAR(iommu_ioas_map, length, 24, 8, uint64_t) \
	SCALAR(iommu_ioas_map, iova, 32, 8, uint64_t) \
	SIZEOF(iommu_ioas_map, 40)

#define FACTS_iommu_ioas_map_file \
	SCALAR(iommu_ioas_map_file, size, 0, 4, uint32_t) \
	SCALAR(iommu_ioas_map_file, flags, 4, 4, uint32_t) \
	SCALAR(iommu_ioas_map_file, ioas_id, 8, 4, uint32_t) \
	SCALAR(iommu_ioas_map_file, fd, 12, 4, int32_t) \
	SCALAR(iommu_ioas_map_file, start, 16, 8, uint64_t) \
	SCALAR(iommu_ioas_map_file, length, 24, 8, uint64_t) \
	SCALAR(iommu_ioas_map_file, iova, 32, 8, uint64_t) \
	SIZEOF(iommu_ioas_map_file, 40)

#define FACTS_iommu_ioas_copy \
	SCALAR(iommu_ioas_copy, size, 0, 4, uint32_t) \
	SCALAR(iommu_ioas_copy, flags, 4, 4, uint32_t) \
	SCALAR(iommu_ioas_copy, dst_ioas_id, 8, 4, uint32_t) \
	SCALAR(iommu_ioas_copy, src_ioas_id, 12, 4, uint32_t) \
	SCALAR(iommu_ioas_copy, length, 16, 8, uint64_t) \
	SCALAR(iommu_ioas_copy, dst_iova, 24, 8, uint64_t) \
	SCALAR(iommu_ioas_copy, src_iova, 32, 8, uint64_t) \
	SIZEOF(iommu_ioas_copy, 40)

#define FACTS_iommu_ioas_unmap \
	SCALAR(iommu_ioas_unmap, size, 0, 4, uint32_t) \
	SCALAR(iommu_ioas_unmap, ioas_id, 4, 4, uint32_t) \
	SCALAR(iommu_ioas_unmap, iova, 8, 8, uint64_t) \
	SCALAR(iommu_ioas_unmap, length, 16, 8, uint64_t) \
	SIZEOF(iommu_ioas_unmap, 24)

#define FACTS_iommu_option \
	SCALAR(iommu_option, size, 0, 4, uint32_t) \
	SCALAR(iommu_option, option_id, 4, 4, uint32_t) \
	SCALAR(iommu_option, op, 8, 2, uint16_t) \
	SCALAR(iommu_option, __reserved, 10, 2, uint16_t) \
	SCALAR(iommu_option, object_id, 12, 4, uint32_t) \
	SCALAR(iommu_option, val64, 16, 8, uint64_t) \
	SIZEOF(iommu_option, 24)

#define FACTS_iommu_vfio_ioas \
	SCALAR(iommu_vfio_ioas, size, 0, 4, uint32_t) \
	SCALAR(iommu_vfio_ioas, ioas_id, 4, 4, uint32_t) \
	SCALAR(iommu_vfio_ioas, op, 8, 2, uint16_t) \
	SCALAR(iommu_vfio_ioas, __reserved, 10, 2, uint16_t) \
	SIZEOF(iommu_vfio_ioas, 12)

#define FACTS_iommu_hwpt_vtd_s1 \
	SCALAR(iommu_hwpt_vtd_s1, flags, 0, 8, uint64_t) \
	SCALAR(iommu_hwpt_vtd_s1, pgtbl_addr, 8, 8, uint64_t) \
	SCALAR(iommu_hwpt_vtd_s1, addr_width, 16, 4, uint32_t) \
	SCALAR(iommu_hwpt_vtd_s1, __reserved, 20, 4, uint32_t) \
	SIZEOF(iommu_hwpt_vtd_s1, 24)

#define FACTS_iommu_hwpt_arm_smmuv3 \
	ARRAY(iommu_hwpt_arm_smmuv3, ste, 0, 16, uint64_t) \
	SIZEOF(iommu_hwpt_arm_smmuv3, 16)

#define FACTS_iommu_hwpt_amd_guest \
	ARRAY(iommu_hwpt_amd_guest, dte, 0, 32, uint64_t) \
	SIZEOF(iommu_hwpt_amd_guest, 32)

#define FACTS_iommu_hwpt_alloc \
	SCALAR(iommu_hwpt_alloc, size, 0, 4, uint32_t) \
	SCALAR(iommu_hwpt_alloc, flags, 4, 4, uint32_t) \
	SCALAR(iommu_hwpt_alloc, dev_id, 8, 4, uint32_t) \
	SCALAR(iommu_hwpt_alloc, pt_id, 12, 4, uint32_t) \
	SCALAR(iommu_hwpt_alloc, out_hwpt_id, 16, 4, uint32_t) \
	SCALAR(iommu_hwpt_alloc, __reserved, 20, 4, uint32_t) \
	SCALAR(iommu_hwpt_alloc, data_type, 24, 4, uint32_t) \
	SCALAR(iommu_hwpt_alloc, data_len, 28, 4, uint32_t) \
	SCALAR(iommu_hwpt_alloc, data_uptr, 32, 8, uint64_t) \
	SCALAR(iommu_hwpt_alloc, fault_id, 40, 4, uint32_t) \
	SCALAR(iommu_hwpt_alloc, __reserved2, 44, 4, uint32_t) \
	SIZEOF(iommu_hwpt_alloc, 48)

#define FACTS_iommu_hw_info_vtd \
	SCALAR(iommu_hw_info_vtd, flags, 0, 4, uint32_t) \
	SCALAR(iommu_hw_info_vtd, __reserved, 4, 4, uint32_t) \
	SCALAR(iommu_hw_info_vtd, cap_reg, 8, 8, uint64_t) \
	SCALAR(iommu_hw_info_vtd, ecap_reg, 16, 8, uint64_t) \
	SIZEOF(iommu_hw_info_vtd, 24)

#define FACTS_iommu_hw_info_arm_smmuv3 \
	SCALAR(iommu_hw_info_arm_smmuv3, flags, 0, 4, uint32_t) \
	SCALAR(iommu_hw_info_arm_smmuv3, __reserved, 4, 4, uint32_t) \
	ARRAY(iommu_hw_info_arm_smmuv3, idr, 8, 24, uint32_t) \
	SCALAR(iommu_hw_info_arm_smmuv3, iidr, 32, 4, uint32_t) \
	SCALAR(iommu_hw_info_arm_smmuv3, aidr, 36, 4, uint32_t) \
	SIZEOF(iommu_hw_info_arm_smmuv3, 40)

#define FACTS_iommu_hw_info_tegra241_cmdqv \
	SCALAR(iommu_hw_info_tegra241_cmdqv, flags, 0, 4, uint32_t) \
	SCALAR(iommu_hw_info_tegra241_cmdqv, version, 4, 1, uint8_t) \
	SCALAR(iommu_hw_info_tegra241_cmdqv, log2vcmdqs, 5, 1, uint8_t) \
	SCALAR(iommu_hw_info_tegra241_cmdqv, log2vsids, 6, 1, uint8_t) \
	SCALAR(iommu_hw_info_tegra241_cmdqv, __reserved, 7, 1, uint8_t) \
	SIZEOF(iommu_hw_info_tegra241_cmdqv, 8)

#define FACTS_iommu_hw_info_amd \
	SCALAR(iommu_hw_info_amd, efr, 0, 8, uint64_t) \
	SCALAR(iommu_hw_info_amd, efr2, 8, 8, uint64_t) \
	SIZEOF(iommu_hw_info_amd, 16)

#define FACTS_iommu_hw_info \
	SCALAR(iommu_hw_info, size, 0, 4, uint32_t) \
	SCALAR(iommu_hw_info, flags, 4, 4, uint32_t) \
	SCALAR(iommu_hw_info, dev_id, 8, 4, uint32_t) \
	SCALAR(iommu_hw_info, data_len, 12, 4, uint32_t) \
	SCALAR(iommu_hw_info, data_uptr, 16, 8, uint64_t) \
	SCALAR(iommu_hw_info, in_data_type, 24, 4, uint32_t) \
	SCALAR(iommu_hw_info, out_data_type, 24, 4, uint32_t) \
	SCALAR(iommu_hw_info, out_max_pasid_log2, 28, 1, uint8_t) \
	ARRAY(iommu_hw_info, __reserved, 29, 3, uint8_t) \
	SCALAR(iommu_hw_info, out_capabilities, 32, 8, uint64_t) \
	SIZEOF(iommu_hw_info, 40)

#define FACTS_iommu_hwpt_set_dirty_tracking \
	SCALAR(iommu_hwpt_set_dirty_tracking, size, 0, 4, uint32_t) \
	SCALAR(iommu_hwpt_set_dirty_tracking, flags, 4, 4, uint32_t) \
	SCALAR(iommu_hwpt_set_dirty_tracking, hwpt_id, 8, 4, uint32_t) \
	SCALAR(iommu_hwpt_set_dirty_tracking, __reserved, 12, 4, uint32_t) \
	SIZEOF(iommu_hwpt_set_dirty_tracking, 16)

#define FACTS_iommu_hwpt_get_dirty_bitmap \
	SCALAR(iommu_hwpt_get_dirty_bitmap, size, 0, 4, uint32_t) \
	SCALAR(iommu_hwpt_get_dirty_bitmap, hwpt_id, 4, 4, uint32_t) \
	SCALAR(iommu_hwpt_get_dirty_bitmap, flags, 8, 4, uint32_t) \
	SCALAR(iommu_hwpt_get_dirty_bitmap, __reserved, 12, 4, uint32_t) \
	SCALAR(iommu_hwpt_get_dirty_bitmap, iova, 16, 8, uint64_t) \
	SCALAR(iommu_hwpt_get_dirty_bitmap, length, 24, 8, uint64_t) \
	SCALAR(iommu_hwpt_get_dirty_bitmap, page_size, 32, 8, uint64_t) \
	SCALAR(iommu_hwpt_get_dirty_bitmap, data, 40, 8, uint64_t) \
	SIZEOF(iommu_hwpt_get_dirty_bitmap, 48)

#define FACTS_iommu_hwpt_vtd_s1_invalidate \
	SCALAR(iommu_hwpt_vtd_s1_invalidate, addr, 0, 8, uint64_t) \
	SCALAR(iommu_hwpt_vtd_s1_invalidate, npages, 8, 8, uint64_t) \
	SCALAR(iommu_hwpt_vtd_s1_invalidate, flags, 16, 4, uint32_t) \
	SCALAR(iommu_hwpt_vtd_s1_invalidate, __reserved, 20, 4, uint32_t) \
	SIZEOF(iommu_hwpt_vtd_s1_invalidate, 24)

#define FACTS_iommu_viommu_arm_smmuv3_invalidate \
	ARRAY(iommu_viommu_arm_smmuv3_invalidate, cmd, 0, 16, uint64_t) \
	SIZEOF(iommu_viommu_arm_smmuv3_invalidate, 16)

#define FACTS_iommu_hwpt_invalidate \
	SCALAR(iommu_hwpt_invalidate, size, 0, 4, uint32_t) \
	SCALAR(iommu_hwpt_invalidate, hwpt_id, 4, 4, uint32_t) \
	SCALAR(iommu_hwpt_invalidate, data_uptr, 8, 8, uint64_t) \
	SCALAR(iommu_hwpt_invalidate, data_type, 16, 4, uint32_t) \
	SCALAR(iommu_hwpt_invalidate, entry_len, 20, 4, uint32_t) \
	SCALAR(iommu_hwpt_invalidate, entry_num, 24, 4, uint32_t) \
	SCALAR(iommu_hwpt_invalidate, __reserved, 28, 4, uint32_t) \
	SIZEOF(iommu_hwpt_invalidate, 32)

#define FACTS_iommu_hwpt_pgfault \
	SCALAR(iommu_hwpt_pgfault, flags, 0, 4, uint32_t) \
	SCALAR(iommu_hwpt_pgfault, dev_id, 4, 4, uint32_t) \
	SCALAR(iommu_hwpt_pgfault, pasid, 8, 4, uint32_t) \
	SCALAR(iommu_hwpt_pgfault, grpid, 12, 4, uint32_t) \
	SCALAR(iommu_hwpt_pgfault, perm, 16, 4, uint32_t) \
	SCALAR(iommu_hwpt_pgfault, __reserved, 20, 4, uint32_t) \
	SCALAR(iommu_hwpt_pgfault, addr, 24, 8, uint64_t) \
	SCALAR(iommu_hwpt_pgfault, length, 32, 4, uint32_t) \
	SCALAR(iommu_hwpt_pgfault, cookie, 36, 4, uint32_t) \
	SIZEOF(iommu_hwpt_pgfault, 40)

#define FACTS_iommu_hwpt_page_response \
	SCALAR(iommu_hwpt_page_response, cookie, 0, 4, uint32_t) \
	SCALAR(iommu_hwpt_page_response, code, 4, 4, uint32_t) \
	SIZEOF(iommu_hwpt_page_response, 8)

#define FACTS_iommu_fault_alloc \
	SCALAR(iommu_fault_alloc, size, 0, 4, uint32_t) \
	SCALAR(iommu_fault_alloc, flags, 4, 4, uint32_t) \
	SCALAR(iommu_fault_alloc, out_fault_id, 8, 4, uint32_t) \
	SCALAR(iommu_fault_alloc, out_fault_fd, 12, 4, uint32_t) \
	SIZEOF(iommu_fault_alloc, 16)

#define FACTS_iommu_viommu_tegra241_cmdqv \
	SCALAR(iommu_viommu_tegra241_cmdqv, out_vintf_mmap_offset, 0, 8, uint64_t) \
	SCALAR(iommu_viommu_tegra241_cmdqv, out_vintf_mmap_length, 8, 8, uint64_t) \
	SIZEOF(iommu_viommu_tegra241_cmdqv, 16)

#define FACTS_iommu_viommu_alloc \
	SCALAR(iommu_viommu_alloc, size, 0, 4, uint32_t) \
	SCALAR(iommu_viommu_alloc, flags, 4, 4, uint32_t) \
	SCALAR(iommu_viommu_alloc, type, 8, 4, uint32_t) \
	SCALAR(iommu_viommu_alloc, dev_id, 12, 4, uint32_t) \
	SCALAR(iommu_viommu_alloc, hwpt_id, 16, 4, uint32_t) \
	SCALAR(iommu_viommu_alloc, out_viommu_id, 20, 4, uint32_t) \
	SCALAR(iommu_viommu_alloc, data_len, 24, 4, uint32_t) \
	SCALAR(iommu_viommu_alloc, __reserved, 28, 4, uint32_t) \
	SCALAR(iommu_viommu_alloc, data_uptr, 32, 8, uint64_t) \
	SIZEOF(iommu_viommu_alloc, 40)

#define FACTS_iommu_vdevice_alloc \
	SCALAR(iommu_vdevice_alloc, size, 0, 4, uint32_t) \
	SCALAR(iommu_vdevice_alloc, viommu_id, 4, 4, uint32_t) \
	SCALAR(iommu_vdevice_alloc, dev_id, 8, 4, uint32_t) \
	SCALAR(iommu_vdevice_alloc, out_vdevice_id, 12, 4, uint32_t) \
	SCALAR(iommu_vdevice_alloc, virt_id, 16, 8, uint64_t) \
	SIZEOF(iommu_vdevice_alloc, 24)

#define FACTS_iommu_ioas_change_process \
	SCALAR(iommu_ioas_change_process, size, 0, 4, uint32_t) \
	SCALAR(iommu_ioas_change_process, __reserved, 4, 4, uint32_t) \
	SIZEOF(iommu_ioas_change_process, 8)

#define FACTS_iommufd_vevent_header \
	SCALAR(iommufd_vevent_header, flags, 0, 4, uint32_t) \
	SCALAR(iommufd_vevent_header, sequence, 4, 4, uint32_t) \
	SIZEOF(iommufd_vevent_header, 8)

#define FACTS_iommu_vevent_arm_smmuv3 \
	ARRAY(iommu_vevent_arm_smmuv3, evt, 0, 32, uint64_t) \
	SIZEOF(iommu_vevent_arm_smmuv3, 32)

#define FACTS_iommu_vevent_tegra241_cmdqv \
	ARRAY(iommu_vevent_tegra241_cmdqv, lvcmdq_err_map, 0, 16, uint64_t) \
	SIZEOF(iommu_vevent_tegra241_cmdqv, 16)

#define FACTS_iommu_veventq_alloc \
	SCALAR(iommu_veventq_alloc, size, 0, 4, uint32_t) \
	SCALAR(iommu_veventq_alloc, flags, 4, 4, uint32_t) \
	SCALAR(iommu_veventq_alloc, viommu_id, 8, 4, uint32_t) \
	SCALAR(iommu_veventq_alloc, type, 12, 4, uint32_t) \
	SCALAR(iommu_veventq_alloc, veventq_depth, 16, 4, uint32_t) \
	SCALAR(iommu_veventq_alloc, out_veventq_id, 20, 4, uint32_t) \
	SCALAR(iommu_veventq_alloc, out_veventq_fd, 24, 4, uint32_t) \
	SCALAR(iommu_veventq_alloc, __reserved, 28, 4, uint32_t) \
	SIZEOF(iommu_veventq_alloc, 32)

#define FACTS_iommu_hw_queue_alloc \
	SCALAR(iommu_hw_queue_alloc, size, 0, 4, uint32_t) \
	SCALAR(iommu_hw_queue_alloc, flags, 4, 4, uint32_t) \
	SCALAR(iommu_hw_queue_alloc, viommu_id, 8, 4, uint32_t) \
	SCALAR(iommu_hw_queue_alloc, type, 12, 4, uint32_t) \
	SCALAR(iommu_hw_queue_alloc, index, 16, 4, uint32_t) \
	SCALAR(iommu_hw_queue_alloc, out_hw_queue_id, 20, 4, uint32_t) \
	SCALAR(iommu_hw_queue_alloc, nesting_parent_iova, 24, 8, uint64_t) \
	SCALAR(iommu_hw_queue_alloc, length, 32, 8, uint64_t) \
	SIZEOF(iommu_hw_queue_alloc, 40)

#define FACTS_vfio_info_cap_header \
	SCALAR(vfio_info_cap_header, id, 0, 2, uint16_t) \
	SCALAR(vfio_info_cap_header, version, 2, 2, uint16_t) \
	SCALAR(vfio_info_cap_header, next, 4, 4, uint32_t) \
	SIZEOF(vfio_info_cap_header, 8)

#define FACTS_vfio_group_status \
	SCALAR(vfio_group_status, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_group_status, flags, 4, 4, uint32_t) \
	SIZEOF(vfio_group_status, 8)

#define FACTS_vfio_device_info \
	SCALAR(vfio_device_info, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_device_info, flags, 4, 4, uint32_t) \
	SCALAR(vfio_device_info, num_regions, 8, 4, uint32_t) \
	SCALAR(vfio_device_info, num_irqs, 12, 4, uint32_t) \
	SCALAR(vfio_device_info, cap_offset, 16, 4, uint32_t) \
	SCALAR(vfio_device_info, pad, 20, 4, uint32_t) \
	SIZEOF(vfio_device_info, 24)

#define FACTS_vfio_device_info_cap_pci_atomic_comp \
	SCALAR(vfio_device_info_cap_pci_atomic_comp, header, 0, 8, struct vfio_info_cap_header) \
	SCALAR(vfio_device_info_cap_pci_atomic_comp, flags, 8, 4, uint32_t) \
	SCALAR(vfio_device_info_cap_pci_atomic_comp, reserved, 12, 4, uint32_t) \
	SIZEOF(vfio_device_info_cap_pci_atomic_comp, 16)

#define FACTS_vfio_region_info \
	SCALAR(vfio_region_info, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_region_info, flags, 4, 4, uint32_t) \
	SCALAR(vfio_region_info, index, 8, 4, uint32_t) \
	SCALAR(vfio_region_info, cap_offset, 12, 4, uint32_t) \
	SCALAR(vfio_region_info, size, 16, 8, uint64_t) \
	SCALAR(vfio_region_info, offset, 24, 8, uint64_t) \
	SIZEOF(vfio_region_info, 32)

#define FACTS_vfio_region_sparse_mmap_area \
	SCALAR(vfio_region_sparse_mmap_area, offset, 0, 8, uint64_t) \
	SCALAR(vfio_region_sparse_mmap_area, size, 8, 8, uint64_t) \
	SIZEOF(vfio_region_sparse_mmap_area, 16)

#define FACTS_vfio_region_info_cap_sparse_mmap \
	SCALAR(vfio_region_info_cap_sparse_mmap, header, 0, 8, struct vfio_info_cap_header) \
	SCALAR(vfio_region_info_cap_sparse_mmap, nr_areas, 8, 4, uint32_t) \
	SCALAR(vfio_region_info_cap_sparse_mmap, reserved, 12, 4, uint32_t) \
	FLEXIBLE(vfio_region_info_cap_sparse_mmap, areas, 16, 0, struct vfio_region_sparse_mmap_area) \
	SIZEOF(vfio_region_info_cap_sparse_mmap, 16)

#define FACTS_vfio_region_info_cap_type \
	SCALAR(vfio_region_info_cap_type, header, 0, 8, struct vfio_info_cap_header) \
	SCALAR(vfio_region_info_cap_type, type, 8, 4, uint32_t) \
	SCALAR(vfio_region_info_cap_type, subtype, 12, 4, uint32_t) \
	SIZEOF(vfio_region_info_cap_type, 16)

#define FACTS_vfio_region_gfx_edid \
	SCALAR(vfio_region_gfx_edid, edid_offset, 0, 4, uint32_t) \
	SCALAR(vfio_region_gfx_edid, edid_max_size, 4, 4, uint32_t) \
	SCALAR(vfio_region_gfx_edid, edid_size, 8, 4, uint32_t) \
	SCALAR(vfio_region_gfx_edid, max_xres, 12, 4, uint32_t) \
	SCALAR(vfio_region_gfx_edid, max_yres, 16, 4, uint32_t) \
	SCALAR(vfio_region_gfx_edid, link_state, 20, 4, uint32_t) \
	SIZEOF(vfio_region_gfx_edid, 24)

#define FACTS_vfio_device_migration_info \
	SCALAR(vfio_device_migration_info, device_state, 0, 4, uint32_t) \
	SCALAR(vfio_device_migration_info, reserved, 4, 4, uint32_t) \
	SCALAR(vfio_device_migration_info, pending_bytes, 8, 8, uint64_t) \
	SCALAR(vfio_device_migration_info, data_offset, 16, 8, uint64_t) \
	SCALAR(vfio_device_migration_info, data_size, 24, 8, uint64_t) \
	SIZEOF(vfio_device_migration_info, 32)

#define FACTS_vfio_region_info_cap_nvlink2_ssatgt \
	SCALAR(vfio_region_info_cap_nvlink2_ssatgt, header, 0, 8, struct vfio_info_cap_header) \
	SCALAR(vfio_region_info_cap_nvlink2_ssatgt, tgt, 8, 8, uint64_t) \
	SIZEOF(vfio_region_info_cap_nvlink2_ssatgt, 16)

#define FACTS_vfio_region_info_cap_nvlink2_lnkspd \
	SCALAR(vfio_region_info_cap_nvlink2_lnkspd, header, 0, 8, struct vfio_info_cap_header) \
	SCALAR(vfio_region_info_cap_nvlink2_lnkspd, link_speed, 8, 4, uint32_t) \
	SCALAR(vfio_region_info_cap_nvlink2_lnkspd, __pad, 12, 4, uint32_t) \
	SIZEOF(vfio_region_info_cap_nvlink2_lnkspd, 16)

#define FACTS_vfio_irq_info \
	SCALAR(vfio_irq_info, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_irq_info, flags, 4, 4, uint32_t) \
	SCALAR(vfio_irq_info, index, 8, 4, uint32_t) \
	SCALAR(vfio_irq_info, count, 12, 4, uint32_t) \
	SIZEOF(vfio_irq_info, 16)

#define FACTS_vfio_irq_set \
	SCALAR(vfio_irq_set, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_irq_set, flags, 4, 4, uint32_t) \
	SCALAR(vfio_irq_set, index, 8, 4, uint32_t) \
	SCALAR(vfio_irq_set, start, 12, 4, uint32_t) \
	SCALAR(vfio_irq_set, count, 16, 4, uint32_t) \
	FLEXIBLE(vfio_irq_set, data, 20, 0, uint8_t) \
	SIZEOF(vfio_irq_set, 20)

#define FACTS_vfio_pci_dependent_device \
	SCALAR(vfio_pci_dependent_device, group_id, 0, 4, uint32_t) \
	SCALAR(vfio_pci_dependent_device, devid, 0, 4, uint32_t) \
	SCALAR(vfio_pci_dependent_device, segment, 4, 2, uint16_t) \
	SCALAR(vfio_pci_dependent_device, bus, 6, 1, uint8_t) \
	SCALAR(vfio_pci_dependent_device, devfn, 7, 1, uint8_t) \
	SIZEOF(vfio_pci_dependent_device, 8)

#define FACTS_vfio_pci_hot_reset_info \
	SCALAR(vfio_pci_hot_reset_info, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_pci_hot_reset_info, flags, 4, 4, uint32_t) \
	SCALAR(vfio_pci_hot_reset_info, count, 8, 4, uint32_t) \
	FLEXIBLE(vfio_pci_hot_reset_info, devices, 12, 0, struct vfio_pci_dependent_device) \
	SIZEOF(vfio_pci_hot_reset_info, 12)

#define FACTS_vfio_pci_hot_reset \
	SCALAR(vfio_pci_hot_reset, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_pci_hot_reset, flags, 4, 4, uint32_t) \
	SCALAR(vfio_pci_hot_reset, count, 8, 4, uint32_t) \
	FLEXIBLE(vfio_pci_hot_reset, group_fds, 12, 0, int32_t) \
	SIZEOF(vfio_pci_hot_reset, 12)

#define FACTS_vfio_device_gfx_plane_info \
	SCALAR(vfio_device_gfx_plane_info, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_device_gfx_plane_info, flags, 4, 4, uint32_t) \
	SCALAR(vfio_device_gfx_plane_info, drm_plane_type, 8, 4, uint32_t) \
	SCALAR(vfio_device_gfx_plane_info, drm_format, 12, 4, uint32_t) \
	SCALAR(vfio_device_gfx_plane_info, drm_format_mod, 16, 8, uint64_t) \
	SCALAR(vfio_device_gfx_plane_info, width, 24, 4, uint32_t) \
	SCALAR(vfio_device_gfx_plane_info, height, 28, 4, uint32_t) \
	SCALAR(vfio_device_gfx_plane_info, stride, 32, 4, uint32_t) \
	SCALAR(vfio_device_gfx_plane_info, size, 36, 4, uint32_t) \
	SCALAR(vfio_device_gfx_plane_info, x_pos, 40, 4, uint32_t) \
	SCALAR(vfio_device_gfx_plane_info, y_pos, 44, 4, uint32_t) \
	SCALAR(vfio_device_gfx_plane_info, x_hot, 48, 4, uint32_t) \
	SCALAR(vfio_device_gfx_plane_info, y_hot, 52, 4, uint32_t) \
	SCALAR(vfio_device_gfx_plane_info, region_index, 56, 4, uint32_t) \
	SCALAR(vfio_device_gfx_plane_info, dmabuf_id, 56, 4, uint32_t) \
	SCALAR(vfio_device_gfx_plane_info, reserved, 60, 4, uint32_t) \
	SIZEOF(vfio_device_gfx_plane_info, 64)

#define FACTS_vfio_device_ioeventfd \
	SCALAR(vfio_device_ioeventfd, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_device_ioeventfd, flags, 4, 4, uint32_t) \
	SCALAR(vfio_device_ioeventfd, offset, 8, 8, uint64_t) \
	SCALAR(vfio_device_ioeventfd, data, 16, 8, uint64_t) \
	SCALAR(vfio_device_ioeventfd, fd, 24, 4, int32_t) \
	SCALAR(vfio_device_ioeventfd, reserved, 28, 4, uint32_t) \
	SIZEOF(vfio_device_ioeventfd, 32)

#define FACTS_vfio_device_feature \
	SCALAR(vfio_device_feature, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_device_feature, flags, 4, 4, uint32_t) \
	FLEXIBLE(vfio_device_feature, data, 8, 0, uint8_t) \
	SIZEOF(vfio_device_feature, 8)

#define FACTS_vfio_device_bind_iommufd \
	SCALAR(vfio_device_bind_iommufd, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_device_bind_iommufd, flags, 4, 4, uint32_t) \
	SCALAR(vfio_device_bind_iommufd, iommufd, 8, 4, int32_t) \
	SCALAR(vfio_device_bind_iommufd, out_devid, 12, 4, uint32_t) \
	SCALAR(vfio_device_bind_iommufd, token_uuid_ptr, 16, 8, uint64_t) \
	SIZEOF(vfio_device_bind_iommufd, 24)

#define FACTS_vfio_device_attach_iommufd_pt \
	SCALAR(vfio_device_attach_iommufd_pt, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_device_attach_iommufd_pt, flags, 4, 4, uint32_t) \
	SCALAR(vfio_device_attach_iommufd_pt, pt_id, 8, 4, uint32_t) \
	SCALAR(vfio_device_attach_iommufd_pt, pasid, 12, 4, uint32_t) \
	SIZEOF(vfio_device_attach_iommufd_pt, 16)

#define FACTS_vfio_device_detach_iommufd_pt \
	SCALAR(vfio_device_detach_iommufd_pt, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_device_detach_iommufd_pt, flags, 4, 4, uint32_t) \
	SCALAR(vfio_device_detach_iommufd_pt, pasid, 8, 4, uint32_t) \
	SIZEOF(vfio_device_detach_iommufd_pt, 12)

#define FACTS_vfio_device_feature_migration \
	SCALAR(vfio_device_feature_migration, flags, 0, 8, uint64_t) \
	SIZEOF(vfio_device_feature_migration, 8)

#define FACTS_vfio_device_feature_mig_state \
	SCALAR(vfio_device_feature_mig_state, device_state, 0, 4, uint32_t) \
	SCALAR(vfio_device_feature_mig_state, data_fd, 4, 4, int32_t) \
	SIZEOF(vfio_device_feature_mig_state, 8)

#define FACTS_vfio_precopy_info \
	SCALAR(vfio_precopy_info, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_precopy_info, flags, 4, 4, uint32_t) \
	SCALAR(vfio_precopy_info, initial_bytes, 8, 8, uint64_t) \
	SCALAR(vfio_precopy_info, dirty_bytes, 16, 8, uint64_t) \
	SIZEOF(vfio_precopy_info, 24)

#define FACTS_vfio_device_low_power_entry_with_wakeup \
	SCALAR(vfio_device_low_power_entry_with_wakeup, wakeup_eventfd, 0, 4, int32_t) \
	SCALAR(vfio_device_low_power_entry_with_wakeup, reserved, 4, 4, uint32_t) \
	SIZEOF(vfio_device_low_power_entry_with_wakeup, 8)

#define FACTS_vfio_device_feature_dma_logging_control \
	SCALAR(vfio_device_feature_dma_logging_control, page_size, 0, 8, uint64_t) \
	SCALAR(vfio_device_feature_dma_logging_control, num_ranges, 8, 4, uint32_t) \
	SCALAR(vfio_device_feature_dma_logging_control, __reserved, 12, 4, uint32_t) \
	SCALAR(vfio_device_feature_dma_logging_control, ranges, 16, 8, uint64_t) \
	SIZEOF(vfio_device_feature_dma_logging_control, 24)

#define FACTS_vfio_device_feature_dma_logging_range \
	SCALAR(vfio_device_feature_dma_logging_range, iova, 0, 8, uint64_t) \
	SCALAR(vfio_device_feature_dma_logging_range, length, 8, 8, uint64_t) \
	SIZEOF(vfio_device_feature_dma_logging_range, 16)

#define FACTS_vfio_device_feature_dma_logging_report \
	SCALAR(vfio_device_feature_dma_logging_report, iova, 0, 8, uint64_t) \
	SCALAR(vfio_device_feature_dma_logging_report, length, 8, 8, uint64_t) \
	SCALAR(vfio_device_feature_dma_logging_report, page_size, 16, 8, uint64_t) \
	SCALAR(vfio_device_feature_dma_logging_report, bitmap, 24, 8, uint64_t) \
	SIZEOF(vfio_device_feature_dma_logging_report, 32)

#define FACTS_vfio_device_feature_mig_data_size \
	SCALAR(vfio_device_feature_mig_data_size, stop_copy_length, 0, 8, uint64_t) \
	SIZEOF(vfio_device_feature_mig_data_size, 8)

#define FACTS_vfio_device_feature_bus_master \
	SCALAR(vfio_device_feature_bus_master, op, 0, 4, uint32_t) \
	SIZEOF(vfio_device_feature_bus_master, 4)

#define FACTS_vfio_region_dma_range \
	SCALAR(vfio_region_dma_range, offset, 0, 8, uint64_t) \
	SCALAR(vfio_region_dma_range, length, 8, 8, uint64_t) \
	SIZEOF(vfio_region_dma_range, 16)

#define FACTS_vfio_device_feature_dma_buf \
	SCALAR(vfio_device_feature_dma_buf, region_index, 0, 4, uint32_t) \
	SCALAR(vfio_device_feature_dma_buf, open_flags, 4, 4, uint32_t) \
	SCALAR(vfio_device_feature_dma_buf, flags, 8, 4, uint32_t) \
	SCALAR(vfio_device_feature_dma_buf, nr_ranges, 12, 4, uint32_t) \
	FLEXIBLE(vfio_device_feature_dma_buf, dma_ranges, 16, 0, struct vfio_region_dma_range) \
	SIZEOF(vfio_device_feature_dma_buf, 16)

#define FACTS_vfio_iommu_type1_info \
	SCALAR(vfio_iommu_type1_info, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_iommu_type1_info, flags, 4, 4, uint32_t) \
	SCALAR(vfio_iommu_type1_info, iova_pgsizes, 8, 8, uint64_t) \
	SCALAR(vfio_iommu_type1_info, cap_offset, 16, 4, uint32_t) \
	SCALAR(vfio_iommu_type1_info, pad, 20, 4, uint32_t) \
	SIZEOF(vfio_iommu_type1_info, 24)

#define FACTS_vfio_iova_range \
	SCALAR(vfio_iova_range, start, 0, 8, uint64_t) \
	SCALAR(vfio_iova_range, end, 8, 8, uint64_t) \
	SIZEOF(vfio_iova_range, 16)

#define FACTS_vfio_iommu_type1_info_cap_iova_range \
	SCALAR(vfio_iommu_type1_info_cap_iova_range, header, 0, 8, struct vfio_info_cap_header) \
	SCALAR(vfio_iommu_type1_info_cap_iova_range, nr_iovas, 8, 4, uint32_t) \
	SCALAR(vfio_iommu_type1_info_cap_iova_range, reserved, 12, 4, uint32_t) \
	FLEXIBLE(vfio_iommu_type1_info_cap_iova_range, iova_ranges, 16, 0, struct vfio_iova_range) \
	SIZEOF(vfio_iommu_type1_info_cap_iova_range, 16)

#define FACTS_vfio_iommu_type1_info_cap_migration \
	SCALAR(vfio_iommu_type1_info_cap_migration, header, 0, 8, struct vfio_info_cap_header) \
	SCALAR(vfio_iommu_type1_info_cap_migration, flags, 8, 4, uint32_t) \
	SCALAR(vfio_iommu_type1_info_cap_migration, pgsize_bitmap, 16, 8, uint64_t) \
	SCALAR(vfio_iommu_type1_info_cap_migration, max_dirty_bitmap_size, 24, 8, uint64_t) \
	SIZEOF(vfio_iommu_type1_info_cap_migration, 32)

#define FACTS_vfio_iommu_type1_info_dma_avail \
	SCALAR(vfio_iommu_type1_info_dma_avail, header, 0, 8, struct vfio_info_cap_header) \
	SCALAR(vfio_iommu_type1_info_dma_avail, avail, 8, 4, uint32_t) \
	SIZEOF(vfio_iommu_type1_info_dma_avail, 12)

#define FACTS_vfio_iommu_type1_dma_map \
	SCALAR(vfio_iommu_type1_dma_map, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_iommu_type1_dma_map, flags, 4, 4, uint32_t) \
	SCALAR(vfio_iommu_type1_dma_map, vaddr, 8, 8, uint64_t) \
	SCALAR(vfio_iommu_type1_dma_map, iova, 16, 8, uint64_t) \
	SCALAR(vfio_iommu_type1_dma_map, size, 24, 8, uint64_t) \
	SIZEOF(vfio_iommu_type1_dma_map, 32)

#define FACTS_vfio_bitmap \
	SCALAR(vfio_bitmap, pgsize, 0, 8, uint64_t) \
	SCALAR(vfio_bitmap, size, 8, 8, uint64_t) \
	SCALAR(vfio_bitmap, data, 16, 8, uint64_t *) \
	SIZEOF(vfio_bitmap, 24)

#define FACTS_vfio_iommu_type1_dma_unmap \
	SCALAR(vfio_iommu_type1_dma_unmap, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_iommu_type1_dma_unmap, flags, 4, 4, uint32_t) \
	SCALAR(vfio_iommu_type1_dma_unmap, iova, 8, 8, uint64_t) \
	SCALAR(vfio_iommu_type1_dma_unmap, size, 16, 8, uint64_t) \
	FLEXIBLE(vfio_iommu_type1_dma_unmap, data, 24, 0, uint8_t) \
	SIZEOF(vfio_iommu_type1_dma_unmap, 24)

#define FACTS_vfio_iommu_type1_dirty_bitmap \
	SCALAR(vfio_iommu_type1_dirty_bitmap, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_iommu_type1_dirty_bitmap, flags, 4, 4, uint32_t) \
	FLEXIBLE(vfio_iommu_type1_dirty_bitmap, data, 8, 0, uint8_t) \
	SIZEOF(vfio_iommu_type1_dirty_bitmap, 8)

#define FACTS_vfio_iommu_type1_dirty_bitmap_get \
	SCALAR(vfio_iommu_type1_dirty_bitmap_get, iova, 0, 8, uint64_t) \
	SCALAR(vfio_iommu_type1_dirty_bitmap_get, size, 8, 8, uint64_t) \
	SCALAR(vfio_iommu_type1_dirty_bitmap_get, bitmap, 16, 24, struct vfio_bitmap) \
	SIZEOF(vfio_iommu_type1_dirty_bitmap_get, 40)

#define FACTS_vfio_iommu_spapr_tce_ddw_info \
	SCALAR(vfio_iommu_spapr_tce_ddw_info, pgsizes, 0, 8, uint64_t) \
	SCALAR(vfio_iommu_spapr_tce_ddw_info, max_dynamic_windows_supported, 8, 4, uint32_t) \
	SCALAR(vfio_iommu_spapr_tce_ddw_info, levels, 12, 4, uint32_t) \
	SIZEOF(vfio_iommu_spapr_tce_ddw_info, 16)

#define FACTS_vfio_iommu_spapr_tce_info \
	SCALAR(vfio_iommu_spapr_tce_info, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_iommu_spapr_tce_info, flags, 4, 4, uint32_t) \
	SCALAR(vfio_iommu_spapr_tce_info, dma32_window_start, 8, 4, uint32_t) \
	SCALAR(vfio_iommu_spapr_tce_info, dma32_window_size, 12, 4, uint32_t) \
	SCALAR(vfio_iommu_spapr_tce_info, ddw, 16, 16, struct vfio_iommu_spapr_tce_ddw_info) \
	SIZEOF(vfio_iommu_spapr_tce_info, 32)

#define FACTS_vfio_eeh_pe_err \
	SCALAR(vfio_eeh_pe_err, type, 0, 4, uint32_t) \
	SCALAR(vfio_eeh_pe_err, func, 4, 4, uint32_t) \
	SCALAR(vfio_eeh_pe_err, addr, 8, 8, uint64_t) \
	SCALAR(vfio_eeh_pe_err, mask, 16, 8, uint64_t) \
	SIZEOF(vfio_eeh_pe_err, 24)

#define FACTS_vfio_eeh_pe_op \
	SCALAR(vfio_eeh_pe_op, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_eeh_pe_op, flags, 4, 4, uint32_t) \
	SCALAR(vfio_eeh_pe_op, op, 8, 4, uint32_t) \
	SCALAR(vfio_eeh_pe_op, err, 16, 24, struct vfio_eeh_pe_err) \
	SIZEOF(vfio_eeh_pe_op, 40)

#define FACTS_vfio_iommu_spapr_register_memory \
	SCALAR(vfio_iommu_spapr_register_memory, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_iommu_spapr_register_memory, flags, 4, 4, uint32_t) \
	SCALAR(vfio_iommu_spapr_register_memory, vaddr, 8, 8, uint64_t) \
	SCALAR(vfio_iommu_spapr_register_memory, size, 16, 8, uint64_t) \
	SIZEOF(vfio_iommu_spapr_register_memory, 24)

#define FACTS_vfio_iommu_spapr_tce_create \
	SCALAR(vfio_iommu_spapr_tce_create, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_iommu_spapr_tce_create, flags, 4, 4, uint32_t) \
	SCALAR(vfio_iommu_spapr_tce_create, page_shift, 8, 4, uint32_t) \
	SCALAR(vfio_iommu_spapr_tce_create, __resv1, 12, 4, uint32_t) \
	SCALAR(vfio_iommu_spapr_tce_create, window_size, 16, 8, uint64_t) \
	SCALAR(vfio_iommu_spapr_tce_create, levels, 24, 4, uint32_t) \
	SCALAR(vfio_iommu_spapr_tce_create, __resv2, 28, 4, uint32_t) \
	SCALAR(vfio_iommu_spapr_tce_create, start_addr, 32, 8, uint64_t) \
	SIZEOF(vfio_iommu_spapr_tce_create, 40)

#define FACTS_vfio_iommu_spapr_tce_remove \
	SCALAR(vfio_iommu_spapr_tce_remove, argsz, 0, 4, uint32_t) \
	SCALAR(vfio_iommu_spapr_tce_remove, flags, 4, 4, uint32_t) \
	SCALAR(vfio_iommu_spapr_tce_remove, start_addr, 8, 8, uint64_t) \
	SIZEOF(vfio_iommu_spapr_tce_remove, 16)
