/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the tests of which addresses can be had: reserved windows, picks, the allow list. */
#include "suites.h"

#include <sys/mman.h>
#include <unistd.h>

#include "behaviours.h"
#include "bench.h"
#include "differences.h"

#define MSI_START 0xfee00000ULL
#define MSI_LAST  0xfeefffffULL

static bool overlaps(uint64_t iova, uint64_t length, uint64_t start, uint64_t last)
{
	return iova <= last && iova + length - 1 >= start;
}

static bool is_allowed(const struct libiommufd_ranges *ranges, uint64_t iova, uint64_t length)
{
	for (size_t i = 0; i < libiommufd_ranges_get_count(ranges); i++) {
		struct libiommufd_range range = libiommufd_ranges_get(ranges, i);
		if (iova >= range.start && iova + length - 1 <= range.last)
			return true;
	}
	return false;
}

static struct libiommufd_ranges *query(struct libiommufd_ioas *ioas)
{
	struct libiommufd_ranges *ranges;
	uint64_t next = 0;

	assert_ok(libiommufd_ioas_query_ranges(ioas, &ranges));
	assert_true(libiommufd_ranges_get_count(ranges) > 0);
	assert_int_equal(libiommufd_ranges_get_alignment(ranges), PAGE);
	for (size_t i = 0; i < libiommufd_ranges_get_count(ranges); i++) {
		struct libiommufd_range range = libiommufd_ranges_get(ranges, i);
		assert_true(range.start >= next && range.last > range.start);
		next = range.last + 1;
	}
	return ranges;
}

static void ranges_are_all_until_attach_and_the_devices_then(void **state)
{
	struct libiommufd_ranges *ranges;
	struct libiommufd_range none;
	struct bench *b = *state;

	ranges = query(b->ioas);
	assert_int_equal(libiommufd_ranges_get_count(ranges), 1);
	assert_true(libiommufd_ranges_get(ranges, 0).start == 0);
	assert_true(libiommufd_ranges_get(ranges, 0).last == UINT64_MAX);
	none = libiommufd_ranges_get(ranges, 1);
	assert_true(none.start == 0 && none.last == 0);
	assert_null(libiommufd_ranges_free(ranges));

	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	ranges = query(b->ioas);
	assert_true(libiommufd_ranges_get_count(ranges) >= 2);
	for (size_t i = 0; i < libiommufd_ranges_get_count(ranges); i++) {
		struct libiommufd_range range = libiommufd_ranges_get(ranges, i);
		assert_false(overlaps(range.start, range.last - range.start + 1, MSI_START,
				      MSI_LAST));
	}
	assert_true(is_allowed(ranges, 0, MSI_START));
	libiommufd_ranges_free(ranges);

	assert_ok(libiommufd_device_detach(b->dev));
	ranges = query(b->ioas);
	assert_int_equal(libiommufd_ranges_get_count(ranges), 1);
	libiommufd_ranges_free(ranges);
}

static void every_end_of_every_range_can_be_mapped_and_nothing_beyond(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);
	struct libiommufd_ranges *ranges = query(b->ioas);
	bool user = natively(b->native, BEHAVIOUR_ACCOUNT);
	uint64_t charged = bench_charged(user);
	long before = bench_pins();

	for (size_t i = 0; i < libiommufd_ranges_get_count(ranges); i++) {
		struct libiommufd_range range = libiommufd_ranges_get(ranges, i);
		uint64_t last_page = range.last + 1 - PAGE;

		assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, range.start));
		assert_true(dma_works(b, 0, range.start, memory));
		if (last_page != range.start)
			assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, last_page));
		assert_true(dma_works(b, 0, last_page, memory));
		if (range.start)
			assert_refused(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH,
							      range.start - PAGE),
				       EINVAL, IOVA_RANGE);
		if (range.last == UINT64_MAX)
			assert_true(natively(b->native, BEHAVIOUR_LAST_PAGE));
		else
			assert_refused(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH,
							      range.last + 1),
				       EINVAL, IOVA_RANGE);
		/* What is unmapped there is gone. */
		assert_ok(libiommufd_ioas_unmap(b->ioas, last_page, PAGE, NULL));
		assert_false(dma_writes(b, 0, last_page, memory));
		if (last_page != range.start)
			assert_ok(libiommufd_ioas_unmap(b->ioas, range.start, PAGE, NULL));
		assert_false(dma_writes(b, 0, range.start, memory));
		assert_int_equal(bench_pins(), before);
		assert_int_equal(bench_charged(user), charged);
	}
	libiommufd_ranges_free(ranges);
	munmap(memory, PAGE);
}

static void the_msi_window_is_refused_while_attached(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(2 * PAGE);

	assert_refused(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, MSI_START), EINVAL,
		       IOVA_RANGE);
	/* Also what only touches it. */
	assert_refused(libiommufd_ioas_map_at(b->ioas, memory, 2 * PAGE, BOTH, MSI_START - PAGE),
		       EINVAL, IOVA_RANGE);
	assert_refused(libiommufd_ioas_map_at(b->ioas, memory, 2 * PAGE, BOTH, MSI_LAST + 1 - PAGE),
		       EINVAL, IOVA_RANGE);
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, MSI_START - PAGE));
	assert_true(dma_works(b, 0, MSI_START - PAGE, memory));
	munmap(memory, 2 * PAGE);
}

static void a_mapping_in_the_msi_window_makes_attach_fail(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, MSI_START + PAGE));
	assert_refused(libiommufd_device_attach(b->dev, b->ioas), EADDRINUSE, IOVA_CONFLICT);
	assert_state(b->dev, BOUND, NOTHING, NULL);
	assert_false(dma_writes(b, 0, HOME, b->home));
	assert_ok(libiommufd_ioas_unmap(b->ioas, MSI_START + PAGE, PAGE, NULL));
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_state(b->dev, ATTACHED, IOAS, b->ioas);
	munmap(memory, PAGE);
}

/* Intel's address width, 39 bits here; AMD's has none, but a gap that belongs to HyperTransport. */
static void a_mapping_above_a_gap_in_the_ranges_makes_attach_fail(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);
	struct libiommufd_ranges *ranges;
	uint64_t outside;

	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	ranges = query(b->ioas);
	size_t i = libiommufd_ranges_get_count(ranges) - 1;
	if (libiommufd_ranges_get(ranges, i).last == UINT64_MAX)
		i--;
	outside = libiommufd_ranges_get(ranges, i).last + 1;
	libiommufd_ranges_free(ranges);
	assert_true(outside > MSI_LAST + 1);

	assert_ok(libiommufd_device_detach(b->dev));
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, outside));
	assert_refused(libiommufd_device_attach(b->dev, b->ioas), EADDRINUSE, IOVA_CONFLICT);
	assert_state(b->dev, BOUND, NOTHING, NULL);
	assert_false(dma_writes(b, 0, HOME, b->home));
	munmap(memory, PAGE);
}

/* Lots of address space over little memory, which is all that is pinned. */
static uint8_t *wide_memory(uint64_t length)
{
	int fd = memfd_create("wide", MFD_CLOEXEC);
	uint8_t *space =
		mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 2 * MIB), 0);
	assert_ptr_not_equal(space, MAP_FAILED);
	for (uint64_t at = 0; at < length; at += 2 * MIB)
		assert_ptr_equal(mmap(space + at, 2 * MIB, PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_FIXED, fd, 0),
				 space + at);
	close(fd);
	return space;
}

static void check_pick_before_attach(uint64_t iova, uint64_t length)
{
	assert_true(iova > 0);
	assert_int_equal(iova % PAGE, 0);
	assert_true(iova + length - 1 < 1ULL << 39);
	assert_false(overlaps(iova, length, MSI_START, MSI_LAST));
	assert_false(overlaps(iova, length, 0x8000000, 0x80fffff));
}

static void a_picked_mapping_of_4_gib_made_first_lets_attach_succeed(void **state)
{
	const uint64_t length = 4 * GIB;
	uint8_t *memory = wide_memory(length);
	struct bench *b = *state;
	uint64_t iova, bytes;

	assert_ok(libiommufd_ioas_map(b->ioas, memory, length, BOTH, &iova));
	check_pick_before_attach(iova, length);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_true(dma_works(b, 0, iova, memory));
	assert_true(dma_works(b, 0, iova + length - LENGTH, memory + length - LENGTH));
	assert_false(dma_writes(b, 0, iova + length, memory));
	assert_ok(libiommufd_ioas_unmap(b->ioas, iova, length, &bytes));
	assert_true(bytes == length);
	assert_false(dma_writes(b, 0, iova, memory));
	munmap(memory, length);
}

static void many_picks_before_attach_let_attach_succeed(void **state)
{
	/* In all more than lies below the MSI window. */
	static const uint64_t sizes[] = {PAGE, 64 * 1024, 2 * MIB, 64 * MIB, PAGE, 200 * MIB};
	uint8_t *memory = wide_memory(200 * MIB);
	struct bench *b = *state;
	uint64_t iova[96], bytes;

	for (int i = 0; i < 96; i++) {
		uint64_t size = sizes[i % 6];
		assert_ok(libiommufd_ioas_map(b->ioas, memory, size, LIBIOMMUFD_READ, &iova[i]));
		check_pick_before_attach(iova[i], size);
		assert_false(overlaps(iova[i], size, HOME, HOME + PAGE - 1));
		for (int j = 0; j < i; j++)
			assert_false(overlaps(iova[i], size, iova[j], iova[j] + sizes[j % 6] - 1));
	}
	/* What is pinned is not what matters here. */
	for (int i = 5; i < 96; i += 6)
		assert_ok(libiommufd_ioas_unmap(b->ioas, iova[i], sizes[5], NULL));
	for (int i = 3; i < 96; i += 6)
		assert_ok(libiommufd_ioas_unmap(b->ioas, iova[i], sizes[3], NULL));
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_true(dma_reads(b, 0, iova[0], memory));
	assert_true(dma_reads(b, 0, iova[94], memory));
	assert_ok(libiommufd_ioas_unmap_all(b->ioas, &bytes));
	assert_true(bytes == PAGE + 16 * (2 * PAGE + 64 * 1024 + 2 * MIB));
	munmap(memory, 200 * MIB);
}

static void picks_while_attached_lie_in_the_ranges(void **state)
{
	static const uint64_t sizes[] = {PAGE, 3 * PAGE, 2 * MIB, 8 * MIB};
	struct bench *b = *state;
	struct libiommufd_ranges *ranges = query(b->ioas);
	uint8_t *memory = bench_memory(8 * MIB);
	uint64_t iova;

	for (int i = 0; i < 64; i++) {
		uint64_t size = sizes[i % 4];
		assert_ok(libiommufd_ioas_map(b->ioas, memory, size, BOTH, &iova));
		assert_true(iova > 0);
		assert_true(is_allowed(ranges, iova, size));
		if (i >= 60)
			assert_true(dma_works(b, 0, iova + size - LENGTH, memory + size - LENGTH));
	}
	libiommufd_ranges_free(ranges);
	munmap(memory, 8 * MIB);
}

static void what_has_no_room_is_refused(void **state)
{
	struct bench *b = *state;
	/* 8 TiB: what the patches for 6.1 take in one map is less than 16. */
	const uint64_t length = bench_is_amd(b) ? 1ULL << 43 : 1ULL << 46;
	uint64_t iova = 42;
	/* No memory is behind it; but first of all there is no address for it. */
	void *space =
		mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(space, MAP_FAILED);
	if (bench_is_amd(b)) {
		/* An AMD IOMMU can address more than a process. */
		assert_refused(libiommufd_ioas_map(b->ioas, space, length, BOTH, &iova), EFAULT,
			       BAD_MEMORY);
	} else {
		assert_refused(libiommufd_ioas_map(b->ioas, space, length, BOTH, &iova), ENOSPC,
			       IOVA_EXHAUSTED);
	}
	assert_int_equal(iova, 42);
	munmap(space, length);
}

static void picks_come_from_the_allow_list(void **state)
{
	const struct libiommufd_range list[] = {{0x3000000, 0x3001fff}, {0x1000000, 0x1000fff}};
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);
	uint64_t iova[3], last = 0;

	assert_outcome(libiommufd_ioas_allow_iovas(b->ioas, list, 2),
		       differs(b->native, DIFFERENCE_ALLOW_IOVAS));
	if (!works(b->native, DIFFERENCE_ALLOW_IOVAS))
		return;
	for (int i = 0; i < 3; i++) {
		assert_ok(libiommufd_ioas_map(b->ioas, memory, PAGE, BOTH, &iova[i]));
		assert_true(iova[i] == 0x1000000 || iova[i] == 0x3000000 || iova[i] == 0x3001000);
	}
	assert_refused(libiommufd_ioas_map(b->ioas, memory, PAGE, BOTH, &last), ENOSPC,
		       IOVA_EXHAUSTED);
	/* A given address need not be on it. */
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x5000000));
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_true(dma_works(b, 0, iova[2], memory));
	assert_true(dma_works(b, 0, 0x5000000, memory));

	/* An empty list ends it. */
	assert_ok(libiommufd_ioas_allow_iovas(b->ioas, NULL, 0));
	assert_ok(libiommufd_ioas_map(b->ioas, memory, PAGE, BOTH, &last));
	assert_true(dma_works(b, 0, last, memory));
	munmap(memory, PAGE);
}

static void an_attach_respects_the_allow_list(void **state)
{
	const struct libiommufd_range msi = {MSI_START, MSI_LAST}, low = {0, 0xfffff};
	const struct libiommufd_range overlap[] = {{0, 0x1fff}, {0x1000, 0x2fff}};
	const struct libiommufd_range backwards = {0x2000, 0x1000};
	struct bench *b = *state;

	assert_outcome(libiommufd_ioas_allow_iovas(b->ioas, &msi, 1),
		       differs(b->native, DIFFERENCE_ALLOW_IOVAS));
	if (!works(b->native, DIFFERENCE_ALLOW_IOVAS))
		return;
	assert_refused(libiommufd_device_attach(b->dev, b->ioas), EADDRINUSE, IOVA_CONFLICT);
	assert_state(b->dev, BOUND, NOTHING, NULL);
	assert_false(dma_writes(b, 0, HOME, b->home));
	assert_ok(libiommufd_ioas_allow_iovas(b->ioas, &low, 1));
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));

	assert_refused(libiommufd_ioas_allow_iovas(b->ioas, &msi, 1), EADDRINUSE, IOVA_CONFLICT);
	assert_refused(libiommufd_ioas_allow_iovas(b->ioas, overlap, 2), EINVAL, ARGUMENT);
	assert_refused(libiommufd_ioas_allow_iovas(b->ioas, &backwards, 1), EINVAL, ARGUMENT);
	assert_refused(libiommufd_ioas_allow_iovas(b->ioas, &low, (1 << 20) + 1), EINVAL, ARGUMENT);
	assert_state(b->dev, ATTACHED, IOAS, b->ioas);
}

int run_ranges(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(ranges_are_all_until_attach_and_the_devices_then, bench_setup_bound),
		bench_test(every_end_of_every_range_can_be_mapped_and_nothing_beyond,
			   bench_setup_attached),
		bench_test(the_msi_window_is_refused_while_attached, bench_setup_attached),
		bench_test(a_mapping_in_the_msi_window_makes_attach_fail, bench_setup_bound),
		bench_test(a_mapping_above_a_gap_in_the_ranges_makes_attach_fail,
			   bench_setup_bound),
		bench_test(a_picked_mapping_of_4_gib_made_first_lets_attach_succeed,
			   bench_setup_bound),
		bench_test(many_picks_before_attach_let_attach_succeed, bench_setup_bound),
		bench_test(picks_while_attached_lie_in_the_ranges, bench_setup_attached),
		bench_test(what_has_no_room_is_refused, bench_setup_attached),
		bench_test(picks_come_from_the_allow_list, bench_setup_bound),
		bench_test(an_attach_respects_the_allow_list, bench_setup_bound),
	};
	return cmocka_run_group_tests_name("ranges", tests, NULL, NULL);
}
