/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the facts of IOVA_RANGES, ALLOW_IOVAS, OPTION, and of the lives of objects. */
#include "facts.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
	AT = 0x100000,
};

static void fact_list(int iommu, struct iommu_ioas_iova_ranges arg, const char *name)
{
	struct iommu_iova_range ranges[4] = {{7, 7}, {7, 7}, {7, 7}, {7, 7}};
	char text[128];

	arg.size = sizeof(arg);
	if (!arg.allowed_iovas)
		arg.allowed_iovas = (uintptr_t)ranges;
	int r = call(iommu, IOMMU_IOAS_IOVA_RANGES, &arg);
	snprintf(text, sizeof(text), "%s, %u ranges, by 0x%llx, first 0x%llx, second 0x%llx",
		 result_name(r), arg.num_iovas, (unsigned long long)arg.out_iova_alignment,
		 (unsigned long long)ranges[0].start, (unsigned long long)ranges[1].start);
	fact(text, "%s", name);
}

void facts_of_ranges(void)
{
	int iommu = iommu_open();
	uint32_t ioas = ioas_new(iommu), other = ioas_new(iommu), hwpt;
	struct edu edu = {0};
	struct iommu_iova_range ranges[2] = {{0x1000, 0x1fff}, {0x10000, 0xfffff}};
	int mdev = cdev_open("MDEV0");

	fact_ranges(iommu, ioas, "lonely");
	fact_list(iommu, (struct iommu_ioas_iova_ranges){.ioas_id = ioas, .num_iovas = 0},
		  "lonely.none_wanted");
	edu_bound(&edu, "EDU0", iommu);
	fact_ranges(iommu, ioas, "bound");
	must(cdev_attach(edu.fd, ioas));
	fact_ranges(iommu, ioas, "attached");
	fact_list(iommu, (struct iommu_ioas_iova_ranges){.ioas_id = ioas, .num_iovas = 0},
		  "none_wanted");
	fact_list(iommu, (struct iommu_ioas_iova_ranges){.ioas_id = ioas, .num_iovas = 1},
		  "one_wanted");
	fact_list(iommu, (struct iommu_ioas_iova_ranges){.ioas_id = ioas, .num_iovas = 4},
		  "four_wanted");
	fact_list(iommu,
		  (struct iommu_ioas_iova_ranges){.ioas_id = ioas, .num_iovas = 4, .__reserved = 1},
		  "reserved");
	fact_list(iommu,
		  (struct iommu_ioas_iova_ranges){.ioas_id = ioas,
						  .num_iovas = 4,
						  .allowed_iovas = 8},
		  "bad_pointer");
	fact_list(iommu,
		  (struct iommu_ioas_iova_ranges){.ioas_id = ioas,
						  .num_iovas = 0,
						  .allowed_iovas = 8},
		  "bad_pointer_none_wanted");
	must(cdev_attach(edu.fd, other));
	fact_ranges(iommu, ioas, "moved_away");
	fact_ranges(iommu, other, "moved_to");
	must(cdev_detach(edu.fd));
	fact_ranges(iommu, other, "detached");
	must(ioas_allow(iommu, other, ranges, 2));
	fact_ranges(iommu, other, "with_an_allow_list");
	must(cdev_attach(edu.fd, other));
	fact_ranges(iommu, other, "with_an_allow_list.attached");
	must(cdev_detach(edu.fd));
	must(hwpt_new(iommu, edu.id, ioas, 0, &hwpt));
	fact_ranges(iommu, ioas, "with_a_page_table");
	must(iommu_destroy(iommu, hwpt));
	fact_ranges(iommu, ioas, "without_it_again");
	must(cdev_bind(mdev, iommu, NULL));
	must(cdev_attach(mdev, ioas));
	fact_ranges(iommu, ioas, "with_an_mdev");
	close(mdev);
	fact_ranges(iommu, ioas, "without_the_mdev");
	edu_end(&edu);
}

static void fact_allow(int iommu, uint32_t ioas, const char *name, uint32_t count,
		       const struct iommu_iova_range *ranges)
{
	fact_result(ioas_allow(iommu, ioas, ranges, count), "%s", name);
}

static void lists(int iommu, uint32_t ioas)
{
	const struct iommu_iova_range same[] = {{0x1000, 0x1fff}, {0x1000, 0x1fff}},
				      overlap[] = {{0x1000, 0x2fff}, {0x2000, 0x3fff}},
				      touch[] = {{0x1000, 0x1fff}, {0x2000, 0x2fff}},
				      down[] = {{0x10000, 0x10fff}, {0x1000, 0x1fff}},
				      wrong[] = {{0x2000, 0x1fff}}, byte[] = {{0x1001, 0x1001}},
				      all[] = {{0, UINT64_MAX}}, top[] = {{UINT64_MAX, UINT64_MAX}};
	struct iommu_ioas_allow_iovas arg = {.size = sizeof(arg),
					     .ioas_id = ioas,
					     .num_iovas = 1,
					     .allowed_iovas = (uintptr_t)all,
					     .__reserved = 1};

	fact_allow(iommu, ioas, "list.same_twice", 2, same);
	fact_allow(iommu, ioas, "list.overlap", 2, overlap);
	fact_ranges(iommu, ioas, "list.after_failures");
	fact_allow(iommu, ioas, "list.touching", 2, touch);
	fact_ranges(iommu, ioas, "list.touching.ranges");
	fact_allow(iommu, ioas, "list.downwards", 2, down);
	fact_ranges(iommu, ioas, "list.downwards.ranges");
	fact_allow(iommu, ioas, "list.last_before_start", 1, wrong);
	fact_allow(iommu, ioas, "list.a_byte", 1, byte);
	fact_allow(iommu, ioas, "list.all", 1, all);
	fact_allow(iommu, ioas, "list.last_byte", 1, top);
	fact_ranges(iommu, ioas, "list.last_byte.ranges");
	fact_allow(iommu, ioas, "list.empty", 0, NULL);
	fact_ranges(iommu, ioas, "list.empty.ranges");
	fact_allow(iommu, ioas, "list.bad_pointer", 1, (void *)8);
	fact_allow(iommu, ioas, "list.too_many", UINT32_MAX, all);
	fact_result(call(iommu, IOMMU_IOAS_ALLOW_IOVAS, &arg), "list.reserved");
}

void facts_of_allowed(void)
{
	const struct iommu_iova_range low = {0x10000, 0x1ffff}, msi = {0xfee00000, 0xfee00fff},
				      across = {0xfed00000, 0xfeffffff},
				      high = {1ULL << 39, 1ULL << 40}, other = {0x200000, 0x2fffff};
	uint8_t *memory = memory_new(PAGE);
	int iommu = iommu_open();
	uint32_t ioas = ioas_new(iommu);
	struct edu edu = {0};

	lists(iommu, ioas);
	/* What is fixed is the caller's affair; only picks keep to the list. */
	fact_allow(iommu, ioas, "one", 1, &low);
	fact_result(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, AT), "fixed_outside");
	fact_result(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, 0x10000), "fixed_inside");
	fact_allow(iommu, ioas, "list_without_a_mapping", 1, &other);
	must(ioas_unmap(iommu, ioas, 0, UINT64_MAX));

	edu_bound(&edu, "EDU0", iommu);
	fact_allow(iommu, ioas, "msi", 1, &msi);
	fact_result(cdev_attach(edu.fd, ioas), "msi.attach");
	fact_allow(iommu, ioas, "across_msi", 1, &across);
	fact_result(cdev_attach(edu.fd, ioas), "across_msi.attach");
	fact_allow(iommu, ioas, "beyond_39_bits", 1, &high);
	fact_result(cdev_attach(edu.fd, ioas), "beyond_39_bits.attach");
	fact_allow(iommu, ioas, "good", 1, &low);
	fact_result(cdev_attach(edu.fd, ioas), "good.attach");
	fact_allow(iommu, ioas, "attached.msi", 1, &msi);
	fact_allow(iommu, ioas, "attached.across_msi", 1, &across);
	fact_allow(iommu, ioas, "attached.beyond_39_bits", 1, &high);
	fact_ranges(iommu, ioas, "attached.after_failures");
	fact_allow(iommu, ioas, "attached.another", 1, &other);
	fact_ranges(iommu, ioas, "attached.another.ranges");
	fact_allow(iommu, ioas, "attached.empty", 0, NULL);
	fact_ranges(iommu, ioas, "attached.empty.ranges");
	must(cdev_detach(edu.fd));
	/* Mappings that a device cannot have. */
	const uint64_t bad[] = {0xfee00000, 0xfedff000, 1ULL << 39, (1ULL << 39) - PAGE};
	for (int i = 0; i < 4; i++) {
		must(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, bad[i]));
		fact_result(cdev_attach(edu.fd, ioas), "mapped_at_0x%llx.attach",
			    (unsigned long long)bad[i]);
		cdev_detach(edu.fd);
		must(ioas_unmap(iommu, ioas, bad[i], PAGE));
	}
	must(ioas_map(iommu, ioas, memory + 512, 512, MAP_BOTH, AT));
	fact_result(cdev_attach(edu.fd, ioas), "mapped_half_a_page.attach");
	must(ioas_unmap(iommu, ioas, AT, 512));
	must(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, AT + 512));
	fact_result(cdev_attach(edu.fd, ioas), "mapped_off_by_half.attach");
	must(ioas_unmap(iommu, ioas, AT + 512, PAGE));
	fact_result(cdev_attach(edu.fd, ioas), "clean.attach");
	fact_ranges(iommu, ioas, "clean.ranges");
	edu_end(&edu);
}

static void fact_option(int iommu, struct iommu_option arg, const char *name)
{
	char text[64];

	arg.size = sizeof(arg);
	int r = call(iommu, IOMMU_OPTION, &arg);
	snprintf(text, sizeof(text), "%s, %llu", result_name(r), (unsigned long long)arg.val64);
	fact(text, "%s", name);
}

static void drop(int capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	must(syscall(SYS_capget, &header, data) ? -errno : 0);
	data[capability / 32].effective &= ~(1u << capability % 32);
	must(syscall(SYS_capset, &header, data) ? -errno : 0);
}

void facts_of_options(void)
{
	enum {
		SET = IOMMU_OPTION_OP_SET,
		GET = IOMMU_OPTION_OP_GET,
		MODE = IOMMU_OPTION_RLIMIT_MODE,
		HUGE = IOMMU_OPTION_HUGE_PAGES,
	};
	uint8_t *memory = memory_new(PAGE);
	int iommu = iommu_open();
	struct edu edu = {0};
	uint32_t ioas;

	fact_option(iommu, (struct iommu_option){.option_id = MODE, .op = GET}, "mode.get");
	fact_option(iommu, (struct iommu_option){.option_id = MODE, .op = GET, .val64 = 9},
		    "mode.get_with_value");
	fact_option(iommu, (struct iommu_option){.option_id = MODE, .op = GET, .object_id = 1},
		    "mode.get_of_1");
	fact_option(iommu, (struct iommu_option){.option_id = MODE, .op = SET, .val64 = 2},
		    "mode.set_2");
	fact_option(iommu, (struct iommu_option){.option_id = MODE, .op = SET, .val64 = 1},
		    "mode.set_1");
	fact_option(iommu, (struct iommu_option){.option_id = MODE, .op = GET}, "mode.get_1");
	fact_option(iommu, (struct iommu_option){.option_id = MODE, .op = SET, .val64 = 0},
		    "mode.set_0");
	fact_option(iommu, (struct iommu_option){.option_id = MODE, .op = 2}, "mode.op_2");
	fact_option(iommu, (struct iommu_option){.option_id = 2, .op = GET}, "option_2");
	fact_option(iommu, (struct iommu_option){.option_id = UINT32_MAX, .op = GET},
		    "option_most");
	fact_option(iommu, (struct iommu_option){.option_id = MODE, .op = GET, .__reserved = 1},
		    "mode.reserved");
	ioas = space_new(iommu);
	fact_option(iommu, (struct iommu_option){.option_id = MODE, .op = SET, .val64 = 1},
		    "mode.set_with_a_space");
	fact_option(iommu, (struct iommu_option){.option_id = MODE, .op = GET},
		    "mode.get_with_a_space");
	must(iommu_destroy(iommu, ioas));
	fact_option(iommu, (struct iommu_option){.option_id = MODE, .op = SET, .val64 = 1},
		    "mode.set_after_a_space");
	fact_option(iommu, (struct iommu_option){.option_id = MODE, .op = SET, .val64 = 0},
		    "mode.set_back_after_a_space");

	ioas = space_new(iommu);
	fact_option(iommu, (struct iommu_option){.option_id = HUGE, .op = GET, .object_id = ioas},
		    "huge.get");
	fact_option(iommu,
		    (struct iommu_option){.option_id = HUGE,
					  .op = SET,
					  .object_id = ioas,
					  .val64 = 2},
		    "huge.set_2");
	fact_option(iommu,
		    (struct iommu_option){.option_id = HUGE,
					  .op = SET,
					  .object_id = ioas,
					  .val64 = 0},
		    "huge.set_0");
	fact_option(iommu, (struct iommu_option){.option_id = HUGE, .op = GET, .object_id = ioas},
		    "huge.get_0");
	edu_bound(&edu, "EDU0", iommu);
	must(cdev_attach(edu.fd, ioas));
	fact_option(iommu,
		    (struct iommu_option){.option_id = HUGE,
					  .op = SET,
					  .object_id = ioas,
					  .val64 = 1},
		    "huge.set_attached");
	fact_option(iommu,
		    (struct iommu_option){.option_id = HUGE,
					  .op = SET,
					  .object_id = ioas,
					  .val64 = 0},
		    "huge.set_0_attached");
	must(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, AT));
	fact(edu_reach(&edu, AT, memory), "huge.reach_without");
	fact_ranges(iommu, ioas, "huge.ranges_without");
	fact_option(iommu, (struct iommu_option){.option_id = HUGE, .op = GET, .object_id = 0},
		    "huge.get_of_0");
	fact_option(iommu, (struct iommu_option){.option_id = HUGE, .op = 2, .object_id = ioas},
		    "huge.op_2");
	edu_end(&edu);
	drop(CAP_SYS_RESOURCE);
	fact_option(iommu_open(), (struct iommu_option){.option_id = MODE, .op = SET, .val64 = 1},
		    "mode.set_without_capability");
	fact_option(iommu_open(), (struct iommu_option){.option_id = MODE, .op = GET},
		    "mode.get_without_capability");
}

void facts_of_objects(void)
{
	uint8_t *memory = memory_new(PAGE);
	int iommu = iommu_open(), other = iommu_open();
	uint32_t first = ioas_new(iommu), second = ioas_new(iommu), third = ioas_new(iommu), pt,
		 hwpt;
	struct iommu_ioas_alloc alloc = {.size = sizeof(alloc), .flags = 1};
	struct edu edu = {0};

	fact_number(first, "first_id");
	fact_number(second, "second_id");
	fact_number(ioas_new(other), "first_id_of_another_file");
	fact_result(call(iommu, IOMMU_IOAS_ALLOC, &alloc), "ioas_alloc.flag_0");
	alloc.flags = 1u << 31;
	fact_result(call(iommu, IOMMU_IOAS_ALLOC, &alloc), "ioas_alloc.flag_31");
	fact_result(iommu_destroy(other, second), "destroy.of_another_file");
	fact_result(iommu_destroy(iommu, second), "destroy");
	fact_result(iommu_destroy(iommu, second), "destroy.again");
	fact_result(iommu_destroy(iommu, 0), "destroy.0");
	second = ioas_new(iommu);
	must(ioas_map(iommu, second, memory, PAGE, MAP_BOTH, AT));
	fact_result(iommu_destroy(iommu, second), "destroy.with_mappings");
	edu_bound(&edu, "EDU0", iommu);
	fact_result(iommu_destroy(iommu, edu.id), "destroy.bound_device");
	first = space_new(iommu);
	pt = first;
	must(cdev_attach_any(edu.fd, &pt));
	fact(pt == first ? "the space" : pt ? "something else" : "0", "attach.returned_id");
	fact_result(iommu_destroy(iommu, first), "destroy.attached_space");
	fact_result(iommu_destroy(iommu, pt), "destroy.its_page_table");
	fact_result(iommu_destroy(iommu, edu.id), "destroy.attached_device");
	fact(edu_reach(&edu, HOME, home()), "destroy.refused.reach");
	must(cdev_detach(edu.fd));
	fact_result(iommu_destroy(iommu, pt), "destroy.page_table_after_detach");
	must(hwpt_new(iommu, edu.id, first, 0, &hwpt));
	fact_result(iommu_destroy(iommu, first), "destroy.space_with_a_page_table");
	must(cdev_attach(edu.fd, hwpt));
	fact_result(iommu_destroy(iommu, hwpt), "destroy.page_table_in_use");
	fact(edu_reach(&edu, HOME, home()), "destroy.page_table_in_use.reach");
	must(cdev_detach(edu.fd));
	fact_result(iommu_destroy(iommu, first), "destroy.space_with_an_idle_page_table");
	fact_result(iommu_destroy(iommu, hwpt), "destroy.idle_page_table");
	fact_result(iommu_destroy(iommu, first), "destroy.space_after_all");
	close(edu.fd);
	fact_result(iommu_destroy(iommu, edu.id),
		    "destroy.device_of_a_closed_fd_with_registers_mapped");
	edu.fd = -1;
	edu_end(&edu);
	fact_result(iommu_destroy(iommu, edu.id), "destroy.device_of_a_closed_fd");
	fact_result(iommu_destroy(iommu, third), "destroy.last");
}
