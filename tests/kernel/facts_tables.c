/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the facts of HWPT_ALLOC and GET_HW_INFO. */
#include "facts.h"

enum {
	AT = 0x100000,
};

static void fact_alloc(int iommu, const char *name, struct iommu_hwpt_alloc arg)
{
	arg.size = sizeof(arg);
	int r = call(iommu, IOMMU_HWPT_ALLOC, &arg);
	fact_result(r, "%s", name);
	if (r == 0)
		must(iommu_destroy(iommu, arg.out_hwpt_id));
}

static void arguments(int iommu, uint32_t dev, uint32_t ioas, uint32_t hwpt, uint32_t mdev)
{
	const struct iommu_hwpt_alloc good = {.dev_id = dev, .pt_id = ioas};
	struct iommu_hwpt_alloc arg;
	char name[32];

	for (uint32_t bit = 0; bit < 32; bit++) {
		if (bit > 5 && bit < 31)
			continue;
		arg = good;
		arg.flags = 1u << bit;
		snprintf(name, sizeof(name), "flag_%u", bit);
		fact_alloc(iommu, name, arg);
	}
	arg = good;
	arg.__reserved = 1;
	fact_alloc(iommu, "reserved", arg);
	arg = good;
	arg.__reserved2 = 1;
	fact_alloc(iommu, "reserved2", arg);
	arg = good;
	arg.fault_id = 1;
	fact_alloc(iommu, "fault_id_without_flag", arg);
	arg = good;
	arg.data_len = 8;
	fact_alloc(iommu, "length_without_type", arg);
	arg.data_uptr = (uintptr_t)&arg;
	fact_alloc(iommu, "data_without_type", arg);
	arg = good;
	arg.data_uptr = (uintptr_t)&arg;
	fact_alloc(iommu, "pointer_without_length", arg);
	for (uint32_t type = 1; type < 5; type++) {
		arg = good;
		arg.data_type = type;
		snprintf(name, sizeof(name), "type_%u_without_data", type);
		fact_alloc(iommu, name, arg);
	}
	arg = good;
	arg.data_type = UINT32_MAX;
	fact_alloc(iommu, "type_most", arg);
	arg = good;
	arg.pt_id = hwpt;
	fact_alloc(iommu, "on_a_page_table", arg);
	arg.data_type = 1;
	fact_alloc(iommu, "on_a_page_table_with_type_1", arg);
	arg = good;
	arg.dev_id = mdev;
	fact_alloc(iommu, "for_an_mdev", arg);
	arg = good;
	arg.pt_id = dev;
	fact_alloc(iommu, "on_a_device", arg);
	arg = good;
	arg.dev_id = ioas;
	fact_alloc(iommu, "for_a_space", arg);
}

void facts_of_hwpts(void)
{
	uint8_t *memory = memory_new(8 * PAGE);
	int iommu = iommu_open(), mdev = cdev_open("MDEV0");
	uint32_t ioas = space_new(iommu), other = space_new(iommu), mdev_id, hwpt, second, id;
	struct edu edu = {0};
	long before = pins();

	edu_bound(&edu, "EDU0", iommu);
	must(cdev_bind(mdev, iommu, &mdev_id));
	must(hwpt_new(iommu, edu.id, ioas, 0, &hwpt));
	/* It maps at once: its space has what a device needs. */
	fact_number(pins() - before, "pins.alloc");
	must(ioas_map(iommu, ioas, memory, 4 * PAGE, MAP_BOTH, AT));
	fact_number(pins() - before, "pins.mapped");
	fact_result(ioas_map(iommu, ioas, NULL, PAGE, MAP_BOTH, 0x200000), "map_of_nothing");
	arguments(iommu, edu.id, ioas, hwpt, mdev_id);
	must(hwpt_new(iommu, edu.id, ioas, 0, &second));
	fact_number(pins() - before, "pins.second_table");
	id = hwpt;
	fact_result(cdev_attach_any(edu.fd, &id), "attach");
	fact(id == hwpt ? "the table" : "something else", "attach.returned_id");
	fact(edu_reach(&edu, AT, memory), "attach.reach");
	fact_result(cdev_attach(edu.fd, second), "replace_by_the_second");
	fact(edu_reach(&edu, AT + PAGE, memory + PAGE), "replace.reach");
	must(ioas_map(iommu, ioas, memory + 4 * PAGE, PAGE, MAP_BOTH, 0x200000));
	fact(edu_reach(&edu, 0x200000, memory + 4 * PAGE), "map.reach");
	fact_result(cdev_attach(edu.fd, hwpt), "replace_by_the_first");
	fact(edu_reach(&edu, 0x200000, memory + 4 * PAGE), "map.reach_in_the_first");
	must(ioas_unmap(iommu, ioas, 0x200000, PAGE));
	fact(edu_reach(&edu, 0x200000, memory + 4 * PAGE), "unmap.reach");
	fact_result(cdev_attach(edu.fd, ioas), "replace_by_its_space");
	fact(edu_reach(&edu, AT, memory), "replace_by_its_space.reach");
	id = ioas;
	must(cdev_attach_any(edu.fd, &id));
	fact(id == hwpt     ? "the first table"
	     : id == second ? "the second table"
	     : id == ioas   ? "the space"
			    : "another",
	     "replace_by_its_space.returned_id");
	fact_result(cdev_attach(edu.fd, other), "replace_by_another_space");
	fact(edu_reach(&edu, AT, memory), "replace_by_another_space.reach");
	fact_result(cdev_attach(mdev, hwpt), "mdev_to_a_page_table");
	fact_result(cdev_attach(mdev, ioas), "mdev_to_a_space");
	id = ioas;
	must(cdev_attach_any(mdev, &id));
	fact(id == ioas ? "the space" : "another", "mdev.returned_id");
	must(cdev_detach(edu.fd));
	fact_number(pins() - before, "pins.detached");
	must(iommu_destroy(iommu, second));
	fact_number(pins() - before, "pins.one_table");
	must(iommu_destroy(iommu, hwpt));
	fact_number(pins() - before, "pins.no_table");
	/* A table that outlives the device it was made for. */
	must(hwpt_new(iommu, edu.id, ioas, 0, &hwpt));
	edu_end(&edu);
	fact_number(pins() - before, "pins.device_closed");
	fact_result(iommu_destroy(iommu, hwpt), "destroy_after_the_device");
	fact_number(pins() - before, "pins.end");
	edu_bound(&edu, "EDU0", iommu);
	must(hwpt_new(iommu, edu.id, ioas, 0, &hwpt));
	edu_end(&edu);
	edu_bound(&edu, "EDU1", iommu);
	fact_result(cdev_attach(edu.fd, hwpt), "attach_of_another_device");
	fact(edu_reach(&edu, AT, memory), "attach_of_another_device.reach");
	edu_end(&edu);
	close(mdev);
}

static void fact_info(int iommu, struct iommu_hw_info arg, uint8_t *buffer, const char *name)
{
	unsigned filled = 0;
	char text[96];

	memset(buffer, 0xa5, 256);
	arg.size = 40;
	if (!arg.data_uptr)
		arg.data_uptr = (uintptr_t)buffer;
	int r = call(iommu, IOMMU_GET_HW_INFO, &arg);
	while (filled < 256 && buffer[filled] != 0xa5)
		filled++;
	/* What the registers of an IOMMU hold is its own affair; how many bytes are written is not. */
	snprintf(text, sizeof(text),
		 "%s, type %u, length %u, %u bytes written, capabilities 0x%llx", result_name(r),
		 arg.out_data_type, arg.data_len, filled, (unsigned long long)arg.out_capabilities);
	fact(text, "%s", name);
}

void facts_of_hw_info(void)
{
	int iommu = iommu_open(), mdev = cdev_open("MDEV0");
	uint8_t *buffer = memory_new(PAGE);
	struct edu edu = {0};
	uint32_t id;

	edu_bound(&edu, "EDU0", iommu);
	must(cdev_bind(mdev, iommu, &id));
	const uint32_t lengths[] = {0, 1, 4, 8, 16, 23, 24, 25, 64, 200};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		char name[32];

		snprintf(name, sizeof(name), "length_%u", lengths[i]);
		fact_info(iommu, (struct iommu_hw_info){.dev_id = edu.id, .data_len = lengths[i]},
			  buffer, name);
	}
	fact_info(iommu, (struct iommu_hw_info){.dev_id = edu.id, .flags = 1, .data_len = 64},
		  buffer, "flag_0");
	fact_info(iommu, (struct iommu_hw_info){.dev_id = edu.id, .flags = 2, .data_len = 64},
		  buffer, "flag_1");
	fact_info(iommu,
		  (struct iommu_hw_info){.dev_id = edu.id, .__reserved = {1}, .data_len = 64},
		  buffer, "reserved");
	fact_info(iommu, (struct iommu_hw_info){.dev_id = edu.id, .data_len = 64, .data_uptr = 8},
		  buffer, "bad_pointer");
	fact_info(iommu, (struct iommu_hw_info){.dev_id = edu.id, .data_len = 0, .data_uptr = 8},
		  buffer, "bad_pointer_no_length");
	fact_info(iommu, (struct iommu_hw_info){.dev_id = id, .data_len = 64}, buffer, "mdev");
	must(cdev_attach(edu.fd, ioas_new(iommu)));
	fact_info(iommu, (struct iommu_hw_info){.dev_id = edu.id, .data_len = 64}, buffer,
		  "attached");
	edu_end(&edu);
	close(mdev);
}
