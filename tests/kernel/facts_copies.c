/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the facts of IOAS_COPY: arguments, parts of mappings, access, and what stays when the original goes. */
#include "facts.h"

enum {
	AT = 0x100000,
	TO = 0x400000,
};

static int iommu;
static uint32_t from, to;
static struct edu edu;
static uint8_t *memory;

static int copy(uint64_t to_iova, uint64_t from_iova, uint64_t length, uint32_t access)
{
	return ioas_copy(iommu, to, to_iova, from, from_iova, length, access);
}

static void fact_copy(const char *name, uint32_t flags, uint64_t to_iova, uint64_t from_iova,
		      uint64_t length)
{
	struct iommu_ioas_copy arg = {.size = sizeof(arg),
				      .flags = flags,
				      .dst_ioas_id = to,
				      .src_ioas_id = from,
				      .length = length,
				      .dst_iova = to_iova,
				      .src_iova = from_iova};

	fact_result(call(iommu, IOMMU_IOAS_COPY, &arg), "%s", name);
	/* All of the targets are between AT and HOME, or at places that no device can have. */
	ioas_unmap(iommu, to, 0, HOME);
	ioas_unmap(iommu, to, HOME + PAGE, UINT64_MAX - HOME - PAGE);
}

static void arguments(void)
{
	const uint32_t both = MAP_BOTH | MAP_FIXED_AT;
	const uint64_t top = UINT64_MAX - PAGE + 1;
	uint64_t count = 0;

	fact_copy("exact", both, TO, AT, 4 * PAGE);
	fact_copy("first_page", both, TO, AT, PAGE);
	fact_copy("middle", both, TO, AT + PAGE, 2 * PAGE);
	fact_copy("last_page", both, TO, AT + 3 * PAGE, PAGE);
	fact_copy("beyond_the_end", both, TO, AT + 3 * PAGE, 2 * PAGE);
	fact_copy("from_before", both, TO, AT - PAGE, 2 * PAGE);
	fact_copy("nothing", both, TO, AT + 8 * PAGE, PAGE);
	fact_copy("two_neighbours", both, TO, AT + 0x10000, 2 * PAGE);
	fact_copy("parts_of_two_neighbours", both, TO, AT + 0x10000 + 512, PAGE);
	fact_copy("across_a_hole", both, TO, AT + 0x20000, 3 * PAGE);
	fact_copy("zero_length", both, TO, AT, 0);
	fact_copy("unaligned_length", both, TO, AT, 100);
	fact_copy("unaligned_source", both, TO, AT + 100, PAGE);
	fact_copy("unaligned_target", both, TO + 100, AT, PAGE);
	fact_copy("source_wraps", both, TO, top, 2 * PAGE);
	fact_copy("target_wraps", both, top, AT, 2 * PAGE);
	fact_copy("length_most", both, TO, AT, UINT64_MAX);
	fact_copy("no_access", MAP_FIXED_AT, TO, AT, PAGE);
	fact_copy("no_flags", 0, TO, AT, PAGE);
	fact_copy("flag_8", both | 8, TO, AT, PAGE);
	fact_copy("flag_31", both | 1u << 31, TO, AT, PAGE);
	fact_copy("read", MAP_READ | MAP_FIXED_AT, TO, AT, PAGE);
	fact_copy("write", MAP_WRITE | MAP_FIXED_AT, TO, AT, PAGE);
	fact_copy("msi_window", both, 0xfee00000, AT, PAGE);
	fact_copy("target_beyond_39_bits", both, 1ULL << 39, AT, PAGE);
	must(ioas_map(iommu, to, memory, PAGE, MAP_BOTH, TO));
	fact_result(copy(TO, AT, PAGE, MAP_BOTH), "onto_a_mapping");
	fact_result(copy(TO - PAGE, AT, 2 * PAGE, MAP_BOTH), "into_a_mapping");
	must(ioas_unmap(iommu, to, TO, PAGE));
	/* Where it is picked it comes back. */
	struct iommu_ioas_copy arg = {.size = sizeof(arg),
				      .flags = MAP_BOTH,
				      .dst_ioas_id = to,
				      .src_ioas_id = from,
				      .length = 2 * PAGE,
				      .dst_iova = 42,
				      .src_iova = AT};
	fact_result(call(iommu, IOMMU_IOAS_COPY, &arg), "picked");
	fact_hex(arg.dst_iova, "picked.iova");
	fact(edu_reach(&edu, arg.dst_iova + PAGE, memory + PAGE), "picked.reach");
	count = (uint64_t)ioas_unmap(iommu, to, arg.dst_iova, 2 * PAGE);
	fact_hex(count, "picked.unmapped");
}

static void within_one_space(void)
{
	fact_result(ioas_copy(iommu, to, TO, to, HOME, PAGE, MAP_BOTH), "same_space");
	fact(edu_reach(&edu, TO, home()), "same_space.reach");
	must(ioas_unmap(iommu, to, TO, PAGE));
	fact(edu_reach(&edu, HOME, home()), "same_space.original_after");
	fact_result(ioas_copy(iommu, to, HOME, to, HOME, PAGE, MAP_BOTH), "onto_itself");
}

static void access_of_copies(void)
{
	/* The mapping is read-only, read and write, or write-only; so is the copy. */
	for (uint32_t original = MAP_WRITE; original <= MAP_BOTH; original += MAP_WRITE)
		for (uint32_t access = MAP_WRITE; access <= MAP_BOTH; access += MAP_WRITE) {
			static const char *const names[] = {"", "", "w", "", "r", "", "rw"};
			const char *reach = "not copied";

			must(ioas_map(iommu, from, memory, PAGE, original, 0x800000));
			int r = ioas_copy(iommu, to, TO, from, 0x800000, PAGE, access);
			if (r == 0)
				reach = edu_reach(&edu, TO, memory);
			fact_result(r, "access.%s_as_%s", names[original], names[access]);
			fact(reach, "access.%s_as_%s.reach", names[original], names[access]);
			ioas_unmap(iommu, to, TO, PAGE);
			must(ioas_unmap(iommu, from, 0x800000, PAGE));
		}
	/* A copy that has less, and a copy of it. */
	must(copy(TO, AT, PAGE, MAP_READ));
	fact_result(ioas_copy(iommu, to, TO + PAGE, to, TO, PAGE, MAP_BOTH),
		    "access.rw_as_r_as_rw");
	fact(edu_reach(&edu, TO, memory), "access.rw_as_r_as_rw.the_first");
	ioas_unmap(iommu, to, TO, 16 * PAGE);
	/* Read-only memory of the process. */
	uint8_t *constant = memory_new(PAGE);
	mprotect(constant, PAGE, PROT_READ);
	must(ioas_map(iommu, from, constant, PAGE, MAP_READ, 0x800000));
	fact_result(ioas_copy(iommu, to, TO, from, 0x800000, PAGE, MAP_BOTH),
		    "access.constant_as_rw");
	ioas_unmap(iommu, to, TO, PAGE);
	fact_result(ioas_copy(iommu, to, TO, from, 0x800000, PAGE, MAP_READ),
		    "access.constant_as_r");
	ioas_unmap(iommu, to, TO, PAGE);
	must(ioas_unmap(iommu, from, 0x800000, PAGE));
}

/* The pins of a page are there while any mapping of a space with a device covers it. */
static void originals_that_go(void)
{
	uint8_t *big = memory_new(64 * PAGE);
	long before = pins(), kib = pinned_here();

	must(ioas_map(iommu, from, big, 64 * PAGE, MAP_BOTH, 0x800000));
	fact_number(pins() - before, "pins.lonely_original");
	must(ioas_copy(iommu, to, TO, from, 0x800000 + 8 * PAGE, 4 * PAGE, MAP_BOTH));
	fact_number(pins() - before, "pins.part_copied");
	fact_number(pinned_here() - kib, "pins.part_copied.kib");
	must(ioas_copy(iommu, to, TO + 0x100000, from, 0x800000 + 10 * PAGE, 4 * PAGE, MAP_BOTH));
	fact_number(pins() - before, "pins.overlapping_part_copied");
	must(ioas_unmap(iommu, from, 0x800000, 64 * PAGE));
	fact_number(pins() - before, "pins.original_gone");
	fact(edu_reach(&edu, TO, big + 8 * PAGE), "pins.copy_after_the_original");
	must(ioas_unmap(iommu, to, TO, 4 * PAGE));
	fact_number(pins() - before, "pins.first_copy_gone");
	fact(edu_reach(&edu, TO + 0x100000, big + 10 * PAGE), "pins.second_copy");
	must(ioas_unmap(iommu, to, TO + 0x100000, 4 * PAGE));
	fact_number(pins() - before, "pins.all_gone");
	/* The original in the space with the device, a part in one without. */
	must(ioas_map(iommu, to, big, 64 * PAGE, MAP_BOTH, 0x800000));
	must(ioas_copy(iommu, from, 0x800000, to, 0x800000, 8 * PAGE, MAP_BOTH));
	fact_number(pins() - before, "pins.original_used");
	must(ioas_unmap(iommu, to, 0x800000, 64 * PAGE));
	fact_number(pins() - before, "pins.lonely_copy_is_left");
	must(ioas_copy(iommu, to, TO, from, 0x800000 + PAGE, PAGE, MAP_BOTH));
	fact_number(pins() - before, "pins.copied_back");
	fact(edu_reach(&edu, TO, big + PAGE), "pins.copied_back.reach");
	must(ioas_unmap(iommu, to, TO, PAGE));
	must(ioas_unmap(iommu, from, 0x800000, 8 * PAGE));
	fact_number(pins() - before, "pins.end");
	munmap(big, 64 * PAGE);
}

/* Memory that moved away between the map and the copy. */
static void other_memory_at_the_address(void)
{
	uint8_t *page = memory_new(PAGE);

	must(ioas_map(iommu, from, page, PAGE, MAP_BOTH, 0x800000));
	munmap(page, PAGE);
	fact_result(ioas_copy(iommu, to, TO, from, 0x800000, PAGE, MAP_BOTH), "memory_gone.copy");
	ioas_unmap(iommu, to, TO, PAGE);
	must(ioas_unmap(iommu, from, 0x800000, PAGE));
	page = memory_new(PAGE);
	must(ioas_map(iommu, to, page, PAGE, MAP_BOTH, 0x800000));
	uint8_t *alias =
		mremap(page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page - 0x100000000);
	if (alias == MAP_FAILED)
		die("mremap: %s", strerror(errno));
	must(mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		  0) == MAP_FAILED
		     ? -errno
		     : 0);
	must(ioas_copy(iommu, to, TO, to, 0x800000, PAGE, MAP_BOTH));
	fact(edu_reach(&edu, TO, alias), "memory_moved.copy_of_what_was_pinned");
	fact(edu_reach(&edu, TO, page), "memory_moved.new_memory_at_the_address");
	must(ioas_unmap(iommu, to, TO, PAGE));
	must(ioas_unmap(iommu, to, 0x800000, PAGE));
}

void facts_of_copies(void)
{
	iommu = iommu_open();
	from = space_new(iommu);
	to = space_new(iommu);
	memory = memory_at(0x200000000000, 16 * PAGE);
	edu_bound(&edu, "EDU0", iommu);
	must(cdev_attach(edu.fd, to));
	must(ioas_map(iommu, from, memory, 4 * PAGE, MAP_BOTH, AT));
	must(ioas_map(iommu, from, memory, PAGE, MAP_BOTH, AT + 0x10000));
	must(ioas_map(iommu, from, memory + PAGE, PAGE, MAP_BOTH, AT + 0x11000));
	must(ioas_map(iommu, from, memory, PAGE, MAP_BOTH, AT + 0x20000));
	must(ioas_map(iommu, from, memory + 2 * PAGE, PAGE, MAP_BOTH, AT + 0x22000));
	arguments();
	within_one_space();
	access_of_copies();
	originals_that_go();
	other_memory_at_the_address();
	must(copy(TO, AT + 0x10000, 2 * PAGE, MAP_BOTH));
	fact(edu_reach(&edu, TO, memory), "neighbours.first");
	fact(edu_reach(&edu, TO + PAGE, memory + PAGE), "neighbours.second");
	fact_result(ioas_unmap(iommu, to, TO, PAGE), "neighbours.are_two_mappings");
	fact_result(iommu_destroy(iommu, from), "source_destroyed");
	fact(edu_reach(&edu, TO + PAGE, memory + PAGE), "source_destroyed.reach");
	edu_end(&edu);
}
