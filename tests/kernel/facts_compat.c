/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the facts of /dev/iommu as a type1 container: VFIO_IOAS, the container's calls, and groups on it. */
#include "facts.h"

enum {
	AT = 0x100000,
	GET = 0,
	SET = 1,
	CLEAR = 2,
};

static int iommu;

static int vfio_ioas(uint16_t op, uint32_t *id)
{
	struct {
		uint32_t size, ioas_id;
		uint16_t op, reserved;
	} arg = {.size = sizeof(arg), .ioas_id = *id, .op = op};
	int r = call(iommu, IOMMU_VFIO_IOAS, &arg);

	*id = arg.ioas_id;
	return r;
}

static int map(uint32_t argsz, uint32_t flags, const void *va, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_map arg = {.argsz = argsz,
					       .flags = flags,
					       .vaddr = (uintptr_t)va,
					       .iova = iova,
					       .size = size};

	return call(iommu, VFIO_IOMMU_MAP_DMA, &arg);
}

static void fact_unmap(uint32_t argsz, uint32_t flags, uint64_t iova, uint64_t size,
		       const char *name)
{
	struct vfio_iommu_type1_dma_unmap arg = {.argsz = argsz,
						 .flags = flags,
						 .iova = iova,
						 .size = size};
	int r = call(iommu, VFIO_IOMMU_UNMAP_DMA, &arg);
	char text[64];

	snprintf(text, sizeof(text), "%s, 0x%llx", result_name(r), (unsigned long long)arg.size);
	fact(text, "%s", name);
}

static void fact_info(uint32_t argsz, const char *name)
{
	union {
		struct vfio_iommu_type1_info info;
		uint8_t bytes[1024];
	} buffer = {.info = {.argsz = argsz}};
	int r = call(iommu, VFIO_IOMMU_GET_INFO, &buffer);
	char text[512];

	snprintf(text, sizeof(text),
		 "%s, needs %u, flags %u, page sizes 0x%llx, caps at %u:", result_name(r),
		 buffer.info.argsz, buffer.info.flags, (unsigned long long)buffer.info.iova_pgsizes,
		 buffer.info.cap_offset);
	if (argsz < sizeof(buffer.info))
		*strchr(text, ',') = '\0';
	uint32_t at = argsz > 24 && r == 0 ? buffer.info.cap_offset : 0;
	while (at && at < sizeof(buffer) - 64) {
		const struct vfio_info_cap_header *head = (void *)(buffer.bytes + at);
		const struct vfio_iommu_type1_info_cap_iova_range *ranges = (void *)head;
		const struct vfio_iommu_type1_info_dma_avail *avail = (void *)head;

		sprintf(text + strlen(text), " [%u v%u", head->id, head->version);
		if (head->id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE)
			for (uint32_t i = 0; i < ranges->nr_iovas && i < 4; i++)
				sprintf(text + strlen(text), " 0x%llx-0x%llx",
					(unsigned long long)ranges->iova_ranges[i].start,
					(unsigned long long)ranges->iova_ranges[i].end);
		if (head->id == VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL)
			sprintf(text + strlen(text), " %u", avail->avail);
		strcat(text, "]");
		at = head->next;
	}
	fact(text, "%s", name);
}

static void fact_extensions(const char *who)
{
	for (uintptr_t n = 0; n <= 12; n++)
		fact_result(call(iommu, VFIO_CHECK_EXTENSION, (void *)n), "%s.extension_%u", who,
			    (unsigned)n);
}

static void spaces(void)
{
	uint32_t id = 77, ioas = ioas_new(iommu), other = ioas_new(iommu);
	struct {
		uint32_t size, ioas_id;
		uint16_t op, reserved;
	} arg = {.size = sizeof(arg), .ioas_id = ioas, .op = GET, .reserved = 1};

	fact_result(vfio_ioas(GET, &id), "ioas.get_none");
	fact_result(vfio_ioas(CLEAR, &id), "ioas.clear_none");
	fact_result(vfio_ioas(3, &id), "ioas.op_3");
	fact_result(call(iommu, IOMMU_VFIO_IOAS, &arg), "ioas.reserved");
	fact_result(map(32, 3, home(), AT, PAGE), "ioas.map_without_a_space");
	fact_info(1024, "ioas.info_without_a_space");
	id = ioas;
	fact_result(vfio_ioas(SET, &id), "ioas.set");
	id = 0;
	fact_result(vfio_ioas(GET, &id), "ioas.get");
	fact(id == ioas ? "the space" : "another", "ioas.get.id");
	id = other;
	fact_result(vfio_ioas(SET, &id), "ioas.set_another");
	fact_result(iommu_destroy(iommu, other), "ioas.destroy_what_is_set");
	id = 0;
	fact_result(vfio_ioas(GET, &id), "ioas.get_what_was_destroyed");
	id = 4711;
	fact_result(vfio_ioas(SET, &id), "ioas.set_4711");
	id = 0;
	fact_result(vfio_ioas(CLEAR, &id), "ioas.clear");
	fact_result(vfio_ioas(GET, &id), "ioas.get_cleared");
	iommu_destroy(iommu, ioas);
	iommu_destroy(iommu, other);
}

static void mappings(struct edu *edu, const char *who)
{
	uint8_t *memory = memory_new(8 * PAGE);
	const uint64_t top = UINT64_MAX - PAGE + 1;

	fact_result(map(32, 3, memory, AT, 4 * PAGE), "%s.map", who);
	fact_result(map(32, 3, memory, AT, 4 * PAGE), "%s.map_again", who);
	fact_result(map(32, 3, memory, AT + 2 * PAGE, 4 * PAGE), "%s.map_into", who);
	fact_result(map(32, 1, memory + 4 * PAGE, AT + 4 * PAGE, PAGE), "%s.map_read", who);
	fact_result(map(32, 2, memory + 5 * PAGE, AT + 5 * PAGE, PAGE), "%s.map_write", who);
	fact_result(map(32, 0, memory, 2 * AT, PAGE), "%s.map_no_access", who);
	fact_result(map(32, 4 | 3, memory, 2 * AT, PAGE), "%s.map_flag_vaddr", who);
	fact_result(map(32, 8 | 3, memory, 2 * AT, PAGE), "%s.map_flag_3", who);
	fact_result(map(24, 3, memory, 2 * AT, PAGE), "%s.map_short", who);
	fact_result(map(4096, 3, memory, 2 * AT, PAGE), "%s.map_long", who);
	fact_result(map(32, 3, memory, 3 * AT, 0), "%s.map_zero_length", who);
	fact_result(map(32, 3, memory, 3 * AT + 512, PAGE), "%s.map_unaligned", who);
	fact_result(map(32, 3, memory, 3 * AT, 512), "%s.map_half_a_page", who);
	fact_result(map(32, 3, memory, top, 2 * PAGE), "%s.map_wraps", who);
	fact_result(map(32, 3, NULL, 3 * AT, PAGE), "%s.map_null", who);
	fact_result(map(32, 3, memory, 0xfee00000, PAGE), "%s.map_msi", who);
	if (edu) {
		fact(edu_reach(edu, AT, memory), "%s.reach", who);
		fact(edu_reach(edu, AT + 4 * PAGE, memory + 4 * PAGE), "%s.reach_read", who);
		fact(edu_reach(edu, AT + 5 * PAGE, memory + 5 * PAGE), "%s.reach_write", who);
	}
	char name[64];
#define N(text) (snprintf(name, sizeof(name), "%s." text, who), name)
	fact_unmap(24, 0, AT, PAGE, N("unmap_head"));
	if (edu)
		fact(edu_reach(edu, AT, memory), "%s.unmap_head.reach", who);
	fact_unmap(24, 0, AT + PAGE, 3 * PAGE, N("unmap_tail"));
	fact_unmap(24, 0, AT, 4 * PAGE, N("unmap"));
	if (edu)
		fact(edu_reach(edu, AT, memory), "%s.unmap.reach", who);
	fact_unmap(24, 0, AT, 4 * PAGE, N("unmap_again"));
	fact_unmap(24, 0, AT + 4 * PAGE, 4 * PAGE, N("unmap_two"));
	fact_unmap(16, 0, AT, PAGE, N("unmap_short"));
	fact_unmap(24, 1, AT, PAGE, N("unmap_flag_dirty"));
	fact_unmap(24, 4, AT, PAGE, N("unmap_flag_vaddr"));
	fact_unmap(24, 8, AT, PAGE, N("unmap_flag_3"));
	fact_unmap(24, 0, AT, 0, N("unmap_zero"));
	fact_unmap(24, 0, top, 2 * PAGE, N("unmap_wraps"));
	fact_unmap(24, 2, 0, PAGE, N("unmap_all_with_size"));
	fact_unmap(24, 2, 0, 0, N("unmap_all"));
	fact_unmap(24, 2, 0, 0, N("unmap_all_again"));
	munmap(memory, 8 * PAGE);
}

static void groups(void)
{
	int container = iommu_open(), group, device;
	struct vfio_group_status status = {.argsz = sizeof(status)};
	struct edu edu = {0};
	uint32_t id = 0;

	iommu = container;
	group = must(group_open("EDU0"));
	int r = call(group, VFIO_GROUP_SET_CONTAINER, &container);
	fact_result(r, "group.set_container");
	if (r < 0) {
		close(group);
		return;
	}
	fact_result(call(group, VFIO_GROUP_GET_STATUS, &status), "group.status");
	fact_number(status.flags, "group.status.flags");
	fact_result(vfio_ioas(GET, &id), "group.ioas");
	fact_result(call(container, VFIO_SET_IOMMU, (void *)(uintptr_t)VFIO_TYPE1v2_IOMMU),
		    "group.set_iommu");
	device = call(group, VFIO_GROUP_GET_DEVICE_FD, (void *)lab_name("EDU0"));
	fact_result(device < 0 ? device : 0, "group.device");
	if (device >= 0) {
		edu_use(&edu, device);
		fact_result(map(32, 3, home(), HOME, PAGE), "group.map_home");
		fact_info(1024, "group.info");
		mappings(&edu, "group");
		fact_result(call(group, VFIO_GROUP_UNSET_CONTAINER, NULL),
			    "group.unset_with_a_device");
		edu_end(&edu);
	}
	fact_result(call(group, VFIO_GROUP_UNSET_CONTAINER, NULL), "group.unset");
	close(group);
	close(container);
}

void facts_of_compat(void)
{
	uint32_t id;

	iommu = iommu_open();
	spaces();
	fact_result(call(iommu, VFIO_GET_API_VERSION, NULL), "version");
	fact_extensions("lonely");
	for (uintptr_t type = 0; type < 10; type++)
		fact_result(call(iommu, VFIO_SET_IOMMU, (void *)type), "set_iommu_%u",
			    (unsigned)type);
	id = ioas_new(iommu);
	must(vfio_ioas(SET, &id));
	fact_extensions("with_a_space");
	for (uintptr_t type = 0; type < 10; type++)
		fact_result(call(iommu, VFIO_SET_IOMMU, (void *)type), "with_a_space.set_iommu_%u",
			    (unsigned)type);
	mappings(NULL, "lonely");
	fact_info(16, "lonely.info_short");
	fact_info(24, "lonely.info");
	fact_info(1024, "lonely.info_long");

	/* A character device in the space that the container's calls fill. */
	struct edu edu = {0};
	id = space_new(iommu);
	must(vfio_ioas(SET, &id));
	edu_bound(&edu, "EDU0", iommu);
	must(cdev_attach(edu.fd, id));
	mappings(&edu, "cdev");
	fact_info(24, "cdev.info");
	fact_info(1024, "cdev.info_long");
	fact_result(map(32, 3, home(), AT, PAGE), "cdev.map_twice");
	edu_end(&edu);
	close(iommu);
	groups();
}
