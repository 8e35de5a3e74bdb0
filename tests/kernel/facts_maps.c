/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the facts of IOAS_MAP and IOAS_UNMAP: arguments, addresses that are picked, what DMA reaches. */
#include "facts.h"

enum {
	AT = 0x100000,
};

static int map_raw(int iommu, struct iommu_ioas_map arg)
{
	arg.size = sizeof(arg);
	return call(iommu, IOMMU_IOAS_MAP, &arg);
}

/* The same questions of a space that no device uses, and of one that a device uses. */
static void arguments(int iommu, uint32_t ioas, const char *who)
{
	uint8_t *memory = memory_new(16 * PAGE);
	const uint64_t va = (uintptr_t)memory, top = UINT64_MAX - PAGE + 1;
	const struct {
		const char *name;
		struct iommu_ioas_map map;
	} cases[] = {
		{"no_access", {.flags = MAP_FIXED_AT, .user_va = va, .length = PAGE, .iova = AT}},
		{"no_flags", {.flags = 0, .user_va = va, .length = PAGE, .iova = AT}},
		{"flag_8",
		 {.flags = MAP_FIXED_AT | MAP_BOTH | 8, .user_va = va, .length = PAGE, .iova = AT}},
		{"flag_31",
		 {.flags = MAP_FIXED_AT | MAP_BOTH | 1u << 31,
		  .user_va = va,
		  .length = PAGE,
		  .iova = AT}},
		{"reserved",
		 {.flags = MAP_FIXED_AT | MAP_BOTH,
		  .__reserved = 1,
		  .user_va = va,
		  .length = PAGE,
		  .iova = AT}},
		{"zero_length",
		 {.flags = MAP_FIXED_AT | MAP_BOTH, .user_va = va, .length = 0, .iova = AT}},
		{"zero_length_picked", {.flags = MAP_BOTH, .user_va = va, .length = 0}},
		{"length_wraps_va",
		 {.flags = MAP_FIXED_AT | MAP_BOTH,
		  .user_va = top,
		  .length = 2 * PAGE,
		  .iova = AT}},
		{"length_wraps_iova",
		 {.flags = MAP_FIXED_AT | MAP_BOTH,
		  .user_va = va,
		  .length = 2 * PAGE,
		  .iova = top}},
		{"length_most",
		 {.flags = MAP_FIXED_AT | MAP_BOTH,
		  .user_va = va,
		  .length = UINT64_MAX,
		  .iova = AT}},
		{"length_most_from_zero",
		 {.flags = MAP_FIXED_AT | MAP_BOTH, .user_va = 0, .length = UINT64_MAX, .iova = 0}},
		{"length_most_picked", {.flags = MAP_BOTH, .user_va = 0, .length = UINT64_MAX}},
		{"va_half_page",
		 {.flags = MAP_FIXED_AT | MAP_BOTH,
		  .user_va = va + 512,
		  .length = PAGE,
		  .iova = AT}},
		{"va_and_iova_half_page",
		 {.flags = MAP_FIXED_AT | MAP_BOTH,
		  .user_va = va + 512,
		  .length = PAGE,
		  .iova = AT + 512}},
		{"length_half_page",
		 {.flags = MAP_FIXED_AT | MAP_BOTH, .user_va = va, .length = 512, .iova = AT}},
		{"length_of_a_byte",
		 {.flags = MAP_FIXED_AT | MAP_BOTH, .user_va = va, .length = 1, .iova = AT}},
		{"iova_half_page",
		 {.flags = MAP_FIXED_AT | MAP_BOTH,
		  .user_va = va,
		  .length = PAGE,
		  .iova = AT + 512}},
		{"iova_off_by_one",
		 {.flags = MAP_FIXED_AT | MAP_BOTH, .user_va = va, .length = PAGE, .iova = AT + 1}},
		{"at_zero",
		 {.flags = MAP_FIXED_AT | MAP_BOTH, .user_va = va, .length = PAGE, .iova = 0}},
		{"at_the_top",
		 {.flags = MAP_FIXED_AT | MAP_BOTH, .user_va = va, .length = PAGE, .iova = top}},
		{"at_48_bits",
		 {.flags = MAP_FIXED_AT | MAP_BOTH,
		  .user_va = va,
		  .length = PAGE,
		  .iova = 1ULL << 48}},
		{"last_page_of_39_bits",
		 {.flags = MAP_FIXED_AT | MAP_BOTH,
		  .user_va = va,
		  .length = PAGE,
		  .iova = (1ULL << 39) - PAGE}},
		{"across_39_bits",
		 {.flags = MAP_FIXED_AT | MAP_BOTH,
		  .user_va = va,
		  .length = 2 * PAGE,
		  .iova = (1ULL << 39) - PAGE}},
		{"msi_window",
		 {.flags = MAP_FIXED_AT | MAP_BOTH,
		  .user_va = va,
		  .length = PAGE,
		  .iova = 0xfee00000}},
		{"into_the_msi_window",
		 {.flags = MAP_FIXED_AT | MAP_BOTH,
		  .user_va = va,
		  .length = 2 * PAGE,
		  .iova = 0xfedff000}},
		{"null",
		 {.flags = MAP_FIXED_AT | MAP_BOTH, .user_va = 0, .length = PAGE, .iova = AT}},
		{"kernel_address",
		 {.flags = MAP_FIXED_AT | MAP_BOTH,
		  .user_va = 0xffff888000000000,
		  .length = PAGE,
		  .iova = AT}},
		{"four_gigabytes_of_nothing",
		 {.flags = MAP_FIXED_AT | MAP_BOTH,
		  .user_va = 0x10000,
		  .length = 1ULL << 32,
		  .iova = 1ULL << 32}},
		{"read_only",
		 {.flags = MAP_FIXED_AT | MAP_READ, .user_va = va, .length = PAGE, .iova = AT}},
		{"write_only",
		 {.flags = MAP_FIXED_AT | MAP_WRITE, .user_va = va, .length = PAGE, .iova = AT}},
		{"both",
		 {.flags = MAP_FIXED_AT | MAP_BOTH, .user_va = va, .length = PAGE, .iova = AT}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct iommu_ioas_map arg = cases[i].map;

		arg.ioas_id = ioas;
		fact_result(map_raw(iommu, arg), "%s.%s", who, cases[i].name);
		/* HOME stays. */
		ioas_unmap(iommu, ioas, 0, HOME);
		ioas_unmap(iommu, ioas, HOME + PAGE, UINT64_MAX - HOME - PAGE);
		ioas_unmap(iommu, ioas, top, PAGE);
	}
}

static void overlaps(int iommu, uint32_t ioas, struct edu *edu)
{
	uint8_t *memory = memory_new(16 * PAGE);
	const struct {
		const char *name;
		int first, pages;
	} cases[] = {{"exact", 4, 4}, {"inside", 5, 2}, {"superset", 3, 6},
		     {"head", 3, 2},  {"tail", 7, 2},   {"first", 4, 1},
		     {"last", 7, 1},  {"below", 3, 1},  {"above", 8, 1}};

	must(ioas_map(iommu, ioas, memory, 4 * PAGE, MAP_BOTH, AT + 4 * PAGE));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		fact_result(ioas_map(iommu, ioas, memory + 8 * PAGE,
				     (uint64_t)cases[i].pages * PAGE, MAP_BOTH,
				     AT + (uint64_t)cases[i].first * PAGE),
			    "overlap.%s", cases[i].name);
	fact(edu_reach(edu, AT + 4 * PAGE, memory), "overlap.first_page_after");
	fact(edu_reach(edu, AT + 7 * PAGE, memory + 3 * PAGE), "overlap.last_page_after");
	fact(edu_reach(edu, AT + 3 * PAGE, memory + 8 * PAGE), "overlap.below_after");
	fact(edu_reach(edu, AT + 8 * PAGE, memory + 8 * PAGE), "overlap.above_after");
	fact(edu_reach(edu, AT + 2 * PAGE, memory + 8 * PAGE), "overlap.superset_left_nothing");
	must(ioas_unmap(iommu, ioas, AT, 16 * PAGE));
}

static void memory_of_kinds(int iommu, uint32_t ioas, struct edu *edu)
{
	uint8_t *memory = memory_new(16 * PAGE);
	uint64_t offset;
	long before = pins();

	munmap(memory + 2 * PAGE, PAGE);
	mprotect(memory + 4 * PAGE, PAGE, PROT_NONE);
	mprotect(memory + 6 * PAGE, PAGE, PROT_READ);
	for (int page = 2; page <= 6; page += 2)
		for (uint32_t access = MAP_WRITE; access <= MAP_BOTH; access += MAP_WRITE) {
			const char *how = access == MAP_BOTH   ? "both"
					  : access == MAP_READ ? "read"
							       : "write";
			const char *what = page == 2   ? "hole"
					   : page == 4 ? "no_access"
						       : "read_only";

			fact_result(ioas_map(iommu, ioas, memory + page * PAGE, PAGE, access, AT),
				    "memory.%s.%s", what, how);
			ioas_unmap(iommu, ioas, AT, PAGE);
			fact_result(ioas_map(iommu, ioas, memory + (page - 1) * PAGE, 3 * PAGE,
					     access, AT),
				    "memory.around_%s.%s", what, how);
			ioas_unmap(iommu, ioas, AT, 3 * PAGE);
		}
	fact_number(pins() - before, "memory.pins_after_failures");
	fact(edu_reach(edu, AT, memory + PAGE), "memory.reach_after_failures");
	must(region_find(edu->fd, VFIO_PCI_BAR0_REGION_INDEX, &offset, NULL));
	fact_result(ioas_map(iommu, ioas, (void *)edu->regs, PAGE, MAP_BOTH, AT),
		    "memory.registers");
}

static void access_is_kept(int iommu, uint32_t ioas, struct edu *edu)
{
	uint8_t *memory = memory_new(PAGE);

	for (uint32_t access = MAP_WRITE; access <= MAP_BOTH; access += MAP_WRITE) {
		must(ioas_map(iommu, ioas, memory, PAGE, access, AT));
		fact(edu_reach(edu, AT, memory), "dma.%s",
		     access == MAP_BOTH   ? "both"
		     : access == MAP_READ ? "read"
					  : "write");
		must(ioas_unmap(iommu, ioas, AT, PAGE));
		fact(edu_reach(edu, AT, memory), "dma.unmapped_%u", access);
	}
	must(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, AT));
	must(ioas_map(iommu, ioas, memory, PAGE, MAP_READ, AT + PAGE));
	must(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, 0));
	fact(edu_reach(edu, AT, memory), "dma.same_memory_twice_first");
	fact(edu_reach(edu, AT + PAGE, memory), "dma.same_memory_twice_read_only");
	fact(edu_reach(edu, 0, memory), "dma.at_zero");
	must(ioas_unmap(iommu, ioas, AT, PAGE));
	fact(edu_reach(edu, AT, memory), "dma.first_gone");
	fact(edu_reach(edu, AT + PAGE, memory), "dma.second_stays");
	ioas_unmap(iommu, ioas, 0, PAGE);
	ioas_unmap(iommu, ioas, AT + PAGE, PAGE);
}

static void pins_are_counted(int iommu, uint32_t ioas)
{
	uint8_t *memory = memory_new(64 * PAGE);
	long before = pins(), here = pinned_here();

	must(ioas_map(iommu, ioas, memory, 64 * PAGE, MAP_BOTH, AT));
	fact_number(pins() - before, "pins.mapped");
	fact_number(pinned_here() - here, "pins.kib_of_the_process");
	must(ioas_map(iommu, ioas, memory, 64 * PAGE, MAP_BOTH, AT + 64 * PAGE));
	fact_number(pins() - before, "pins.mapped_twice");
	must(ioas_unmap(iommu, ioas, AT, 64 * PAGE));
	fact_number(pins() - before, "pins.first_unmapped");
	must(ioas_unmap(iommu, ioas, AT + 64 * PAGE, 64 * PAGE));
	fact_number(pins() - before, "pins.unmapped");
	fact_number(pinned_here() - here, "pins.kib_of_the_process_after");
}

void facts_of_maps(void)
{
	int iommu = iommu_open();
	uint32_t lonely = ioas_new(iommu), used = space_new(iommu), ioas;
	struct edu edu = {0};

	arguments(iommu, lonely, "lonely");
	edu_bound(&edu, "EDU0", iommu);
	must(cdev_attach(edu.fd, used));
	arguments(iommu, used, "used");
	overlaps(iommu, used, &edu);
	memory_of_kinds(iommu, used, &edu);
	access_is_kept(iommu, used, &edu);
	pins_are_counted(iommu, used);
	/* Memory that is not there is found when a device comes. */
	ioas = space_new(iommu);
	must(ioas_map(iommu, ioas, NULL, PAGE, MAP_BOTH, AT));
	fact_result(cdev_attach(edu.fd, ioas), "late.attach_to_a_space_with_a_hole");
	fact(edu_reach(&edu, AT, home()), "late.reach_after");
	must(ioas_unmap(iommu, ioas, AT, PAGE));
	fact_result(cdev_attach(edu.fd, ioas), "late.attach_without_it");
	edu_end(&edu);
}

static void fact_pick(int iommu, uint32_t ioas, const void *va, uint64_t length, const char *name)
{
	uint64_t iova = 42;
	int r = ioas_map_any(iommu, ioas, va, length, MAP_BOTH, &iova);

	if (r < 0) {
		fact_result(r, "%s", name);
		fact_hex(iova, "%s.iova_after_failure", name);
	} else {
		fact_hex(iova, "%s", name);
	}
}

void facts_of_picks(void)
{
	const struct iommu_iova_range low = {0x40000000, 0x400fffff};
	uint8_t *memory = memory_at(0x200000000000, 64 << 20);
	int iommu = iommu_open();
	uint32_t ioas = ioas_new(iommu), used = space_new(iommu);
	struct edu edu = {0};

	fact_pick(iommu, ioas, memory, PAGE, "lonely.first");
	fact_pick(iommu, ioas, memory, PAGE, "lonely.second");
	fact_pick(iommu, ioas, memory + PAGE, PAGE, "lonely.next_page");
	fact_pick(iommu, ioas, memory, 2 << 20, "lonely.two_megabytes");
	fact_pick(iommu, ioas, memory + 0x3000, 4 << 20, "lonely.unaligned_four_megabytes");
	fact_pick(iommu, ioas, memory + 100, 200, "lonely.200_bytes");
	fact_pick(iommu, ioas, memory, 32 << 20, "lonely.32_megabytes");
	fact_pick(iommu, ioas, memory, 1ULL << 40, "lonely.a_terabyte");

	edu_bound(&edu, "EDU0", iommu);
	must(cdev_attach(edu.fd, used));
	fact_pick(iommu, used, memory, PAGE, "used.first");
	fact_pick(iommu, used, memory, PAGE, "used.second");
	fact_pick(iommu, used, memory, 2 << 20, "used.two_megabytes");
	fact_pick(iommu, used, memory + 0x3000, 4 << 20, "used.unaligned_four_megabytes");
	fact_pick(iommu, used, memory + 100, 200, "used.200_bytes");
	fact_pick(iommu, used, memory, 1ULL << 40, "used.a_terabyte");

	ioas = ioas_new(iommu);
	must(ioas_allow(iommu, ioas, &low, 1));
	fact_pick(iommu, ioas, memory, PAGE, "allowed.first");
	fact_pick(iommu, ioas, memory, 1 << 20, "allowed.as_large_as_the_range");
	fact_pick(iommu, ioas, memory, 0xff000, "allowed.what_is_left");
	fact_pick(iommu, ioas, memory, PAGE, "allowed.full");
	edu_end(&edu);
}

static void fact_unmap(int iommu, uint32_t ioas, uint64_t iova, uint64_t length, const char *name)
{
	struct iommu_ioas_unmap arg = {.size = sizeof(arg),
				       .ioas_id = ioas,
				       .iova = iova,
				       .length = length};
	int r = call(iommu, IOMMU_IOAS_UNMAP, &arg);
	char text[64];

	snprintf(text, sizeof(text), "%s, %s0x%llx", result_name(r),
		 arg.length == length ? "still " : "", (unsigned long long)arg.length);
	fact(text, "%s", name);
}

void facts_of_unmaps(void)
{
	uint8_t *memory = memory_new(16 * PAGE);
	int iommu = iommu_open();
	uint32_t ioas = ioas_new(iommu);
	struct edu edu = {0};
	long before;

	fact_unmap(iommu, ioas, 0, UINT64_MAX, "all_of_nothing");
	fact_unmap(iommu, ioas, AT, PAGE, "nothing");
	fact_unmap(iommu, ioas, AT, 0, "zero_length");
	fact_unmap(iommu, ioas, 0, 0, "zero_at_zero");
	fact_unmap(iommu, ioas, 1, UINT64_MAX, "wraps");
	fact_unmap(iommu, ioas, UINT64_MAX, 2, "wraps_at_the_top");
	fact_unmap(iommu, ioas, UINT64_MAX, 1, "last_byte");
	fact_unmap(iommu, ioas, AT + 1, PAGE, "unaligned");
	ioas = space_new(iommu);
	edu_bound(&edu, "EDU0", iommu);
	must(cdev_attach(edu.fd, ioas));
	before = pins();
	for (int i = 0; i < 4; i++)
		must(ioas_map(iommu, ioas, memory + 4 * i * PAGE, 2 * PAGE, MAP_BOTH,
			      AT + 4 * (uint64_t)i * PAGE));
	fact_unmap(iommu, ioas, AT, PAGE, "head");
	fact_unmap(iommu, ioas, AT + PAGE, PAGE, "tail");
	fact_unmap(iommu, ioas, AT + 512, 512, "inside");
	fact_unmap(iommu, ioas, AT, 2 * PAGE - 1, "all_but_a_byte");
	fact_unmap(iommu, ioas, AT - PAGE, 2 * PAGE, "from_below_into_the_first");
	fact(edu_reach(&edu, AT, memory), "after_partial.first_page");
	fact(edu_reach(&edu, AT + PAGE, memory + PAGE), "after_partial.second_page");
	fact_number(pins() - before, "after_partial.pins");
	fact_unmap(iommu, ioas, AT, 5 * PAGE, "whole_and_half_of_the_next");
	fact(edu_reach(&edu, AT, memory), "whole_and_half.first");
	fact(edu_reach(&edu, AT + 4 * PAGE, memory + 4 * PAGE), "whole_and_half.second");
	fact_number(pins() - before, "whole_and_half.pins");
	fact_unmap(iommu, ioas, AT + 4 * PAGE, 2 * PAGE, "exact");
	fact(edu_reach(&edu, AT + 4 * PAGE, memory + 4 * PAGE), "exact.after");
	fact_unmap(iommu, ioas, AT + 4 * PAGE, 2 * PAGE, "exact_again");
	fact_unmap(iommu, ioas, AT + 7 * PAGE, 8 * PAGE, "superset_of_two_with_holes");
	fact(edu_reach(&edu, AT + 8 * PAGE, memory + 8 * PAGE), "superset.after");
	fact_number(pins() - before, "superset.pins");
	must(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, AT));
	must(ioas_map(iommu, ioas, memory + PAGE, PAGE, MAP_BOTH, AT + PAGE));
	fact_unmap(iommu, ioas, AT, 2 * PAGE, "two_neighbours");
	must(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, 0));
	fact_unmap(iommu, ioas, 0, PAGE, "at_zero");
	must(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, AT));
	fact_unmap(iommu, ioas, 0, UINT64_MAX - 1, "almost_all");
	must(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, AT));
	must(ioas_map(iommu, ioas, home(), PAGE, MAP_BOTH, HOME));
	fact(edu_reach(&edu, AT, memory), "all.before");
	fact_unmap(iommu, ioas, 0, UINT64_MAX, "all");
	fact(edu_reach(&edu, AT, memory), "all.after");
	fact_number(pins() - before, "all.pins");
	/* A mapping goes while the page is in the IOTLB. */
	must(ioas_map(iommu, ioas, home(), PAGE, MAP_BOTH, HOME));
	must(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, AT));
	fact(edu_reach(&edu, AT, memory), "remap.first");
	must(ioas_unmap(iommu, ioas, AT, PAGE));
	must(ioas_map(iommu, ioas, memory + PAGE, PAGE, MAP_BOTH, AT));
	fact(edu_reach(&edu, AT, memory + PAGE), "remap.other_memory");
	fact(edu_reach(&edu, AT, memory), "remap.old_memory");
	edu_end(&edu);
}
