/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the tests of mapped files: what the device does is in the file, and nothing of ours stays. */
#include "suites.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define NAME "libiommufd-file"

/* The kernel's list of this process's mappings that are of a file of that name. */
static int count_mappings(void)
{
	char line[512];
	int count = 0;
	FILE *file = fopen("/proc/self/maps", "re");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		count += strstr(line, NAME) != NULL;
	fclose(file);
	return count;
}

/* How many mappings of ours a mapped file costs. */
static int own_mappings(struct bench *b, bool can_be_sealed)
{
	return can_be_sealed && libiommufd_ctx_has(b->ctx, LIBIOMMUFD_FEATURE_MAP_FILE) ? 0 : 1;
}

static int make_memfd(uint64_t length, unsigned flags)
{
	int fd = memfd_create(NAME, MFD_CLOEXEC | flags);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, length), 0);
	return fd;
}

static uint8_t *view(int fd, uint64_t length)
{
	void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

/* DMA through iova is in the file behind fd at offset, in both directions; length is at least two pages. */
static void check_file(struct bench *b, int fd, uint64_t size, uint64_t offset, uint64_t iova,
		       uint64_t length)
{
	uint8_t *memory = view(fd, size), bytes[LENGTH];

	assert_true(dma_works(b, 0, iova, memory + offset));
	assert_true(dma_works(b, 0, iova + length - LENGTH, memory + offset + length - LENGTH));
	assert_true(dma_writes(b, 0, iova, memory + offset));
	assert_int_equal(pread(fd, bytes, LENGTH, offset), LENGTH);
	assert_memory_equal(bytes, memory + offset, LENGTH);
	munmap(memory, size);
}

static void dma_to_a_memfd_is_in_the_file(void **state)
{
	struct bench *b = *state;
	int fd = make_memfd(MIB, 0);
	uint8_t *memory;
	uint64_t iova;

	assert_ok(libiommufd_ioas_map_file(b->ioas, fd, 0, MIB, BOTH, &iova));
	assert_true(iova > 0);
	assert_int_equal(count_mappings(), own_mappings(b, true));
	check_file(b, fd, MIB, 0, iova, MIB);

	/* The file is not kept, what is mapped is. */
	memory = view(fd, MIB);
	close(fd);
	assert_true(dma_works(b, 0, iova + PAGE, memory + PAGE));
	assert_ok(libiommufd_ioas_unmap(b->ioas, iova, MIB, NULL));
	assert_false(dma_works(b, 0, iova + PAGE, memory + PAGE));
	munmap(memory, MIB);
	assert_int_equal(count_mappings(), 0);
}

static void a_part_of_a_file_can_be_mapped_at_a_given_address(void **state)
{
	struct bench *b = *state;
	int fd = make_memfd(8 * PAGE, 0);
	uint8_t *memory = view(fd, 8 * PAGE);

	assert_ok(libiommufd_ioas_map_file_at(b->ioas, fd, 3 * PAGE, 2 * PAGE, BOTH, 0x100000));
	check_file(b, fd, 8 * PAGE, 3 * PAGE, 0x100000, 2 * PAGE);
	assert_false(dma_works(b, 0, 0x102000, memory + 5 * PAGE));
	assert_false(dma_works(b, 0, 0x100000 - PAGE, memory + 2 * PAGE));
	munmap(memory, 8 * PAGE);
	close(fd);
}

static void every_way_to_end_a_mapping_gives_its_memory_back(void **state)
{
	struct bench *b = *state;
	struct libiommufd_ioas *ioas;
	int fd = make_memfd(4 * PAGE, 0);
	uint64_t bytes;

	assert_ok(libiommufd_ioas_create(b->ctx, NULL, &ioas));
	for (int i = 0; i < 3; i++)
		assert_ok(libiommufd_ioas_map_file_at(ioas, fd, i * PAGE, PAGE, BOTH,
						      0x100000 + 0x10000ULL * i));
	assert_int_equal(count_mappings(), 3 * own_mappings(b, true));
	assert_ok(libiommufd_ioas_unmap(ioas, 0x100000, PAGE, NULL));
	assert_int_equal(count_mappings(), 2 * own_mappings(b, true));
	/* One that goes with others, and is not ours. */
	assert_ok(libiommufd_ioas_map_at(ioas, b->home, PAGE, BOTH, 0x130000));
	assert_ok(libiommufd_ioas_unmap_all(ioas, &bytes));
	assert_int_equal(bytes, 3 * PAGE);
	assert_int_equal(count_mappings(), 0);
	assert_ok(libiommufd_ioas_map_file_at(ioas, fd, 0, PAGE, BOTH, 0x100000));
	assert_ok(libiommufd_ioas_destroy(ioas));
	assert_int_equal(count_mappings(), 0);
	close(fd);
}

static void a_copy_keeps_the_file_mapped_until_it_goes_as_well(void **state)
{
	struct bench *b = *state;
	int fd = make_memfd(2 * PAGE, 0);

	assert_ok(libiommufd_ioas_map_file_at(b->ioas, fd, 0, 2 * PAGE, BOTH, 0x100000));
	assert_ok(libiommufd_ioas_copy_at(b->ioas, b->ioas, 0x100000, 2 * PAGE, BOTH, 0x700000));
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x100000, 2 * PAGE, NULL));
	check_file(b, fd, 2 * PAGE, 0, 0x700000, 2 * PAGE);
	/* With the memory gone this attach would fail on a kernel that only knows its address. */
	assert_ok(libiommufd_device_detach(b->dev));
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	check_file(b, fd, 2 * PAGE, 0, 0x700000, 2 * PAGE);
	assert_ok(libiommufd_ioas_unmap(b->ioas, 0x700000, 2 * PAGE, NULL));
	assert_int_equal(count_mappings(), 0);
	close(fd);
}

static void a_mapping_that_fails_leaves_nothing(void **state)
{
	struct bench *b = *state;
	int fd = make_memfd(4 * PAGE, 0);
	uint64_t iova = 42;

	assert_refused(libiommufd_ioas_map_file_at(b->ioas, fd, 0, PAGE, BOTH, HOME), EEXIST,
		       IOVA_IN_USE);
	assert_refused(libiommufd_ioas_map_file(b->ioas, fd, 1, PAGE, BOTH, &iova), EINVAL,
		       ARGUMENT);
	assert_refused(libiommufd_ioas_map_file(b->ioas, fd, 0, 0, BOTH, &iova), EINVAL, ARGUMENT);
	/* Beyond the end of the file there is no memory. */
	assert_refused(libiommufd_ioas_map_file(b->ioas, fd, 2 * PAGE, 4 * PAGE, BOTH, &iova),
		       EFAULT, BAD_MEMORY);
	assert_int_equal(iova, 42);
	assert_int_equal(count_mappings(), 0);
	close(fd);
	assert_refused(libiommufd_ioas_map_file(b->ioas, fd, 0, PAGE, BOTH, &iova), EBADF,
		       ARGUMENT);
}

static void dma_to_a_file_of_huge_pages_is_in_the_file(void **state)
{
	struct bench *b = *state;
	FILE *pool = fopen("/proc/sys/vm/nr_hugepages", "w");
	uint64_t iova;

	assert_non_null(pool);
	assert_true(fprintf(pool, "4\n") > 0);
	assert_int_equal(fclose(pool), 0);
	int fd = make_memfd(4 * MIB, MFD_HUGETLB);
	assert_ok(libiommufd_ioas_map_file(b->ioas, fd, 0, 4 * MIB, BOTH, &iova));
	/* Such a file cannot be read by pread() as easily: look at it through a mapping only. */
	uint8_t *memory = view(fd, 4 * MIB);
	assert_true(dma_works(b, 0, iova, memory));
	assert_true(dma_works(b, 0, iova + 2 * MIB - LENGTH / 2, memory + 2 * MIB - LENGTH / 2));
	assert_true(dma_works(b, 0, iova + 4 * MIB - LENGTH, memory + 4 * MIB - LENGTH));
	assert_ok(libiommufd_ioas_unmap(b->ioas, iova, 4 * MIB, NULL));
	assert_false(dma_works(b, 0, iova, memory));
	munmap(memory, 4 * MIB);
	assert_int_equal(count_mappings(), 0);
	close(fd);
}

static void dma_to_a_file_on_a_tmpfs_is_in_the_file(void **state)
{
	char path[] = "/dev/shm/" NAME "-XXXXXX";
	struct bench *b = *state;
	int fd = mkstemp(path);
	uint64_t iova;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 2 * PAGE), 0);
	assert_ok(libiommufd_ioas_map_file(b->ioas, fd, 0, 2 * PAGE, BOTH, &iova));
	check_file(b, fd, 2 * PAGE, 0, iova, 2 * PAGE);
	assert_ok(libiommufd_ioas_unmap(b->ioas, iova, 2 * PAGE, NULL));
	assert_int_equal(count_mappings(), 0);
	close(fd);
	unlink(path);
}

static void a_file_open_for_reading_can_be_read_and_not_written(void **state)
{
	char path[64];
	struct bench *b = *state;
	int fd = make_memfd(PAGE, 0), read_only;
	uint8_t *memory = view(fd, PAGE);
	uint64_t iova;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_only = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(read_only >= 0);
	assert_refused(libiommufd_ioas_map_file_at(b->ioas, read_only, 0, PAGE, BOTH, 0x100000),
		       EACCES, BAD_MEMORY);
	assert_false(dma_works(b, 0, 0x100000, memory));
	assert_ok(libiommufd_ioas_map_file(b->ioas, read_only, 0, PAGE, LIBIOMMUFD_READ, &iova));
	assert_true(dma_reads(b, 0, iova, memory));
	assert_false(dma_writes(b, 0, iova, memory));
	assert_ok(libiommufd_ioas_unmap(b->ioas, iova, PAGE, NULL));
	munmap(memory, PAGE);
	close(read_only);
	close(fd);
}

static void what_is_no_file_in_memory_is_refused(void **state)
{
	struct bench *b = *state;
	uint64_t iova = 42;
	int ends[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_refused(libiommufd_ioas_map_file(b->ioas, ends[1], 0, PAGE, LIBIOMMUFD_WRITE, &iova),
		       EACCES, BAD_MEMORY);
	assert_refused(libiommufd_ioas_map_file(b->ioas, ends[0], 0, PAGE, LIBIOMMUFD_READ, &iova),
		       ENODEV, BAD_MEMORY);
	assert_refused(libiommufd_ioas_map_file(b->ioas, null, 0, PAGE, BOTH, &iova), ENODEV,
		       BAD_MEMORY);
	assert_int_equal(iova, 42);
	close(ends[0]);
	close(ends[1]);
	close(null);
}

int run_files(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(dma_to_a_memfd_is_in_the_file, bench_setup_attached),
		bench_test(a_part_of_a_file_can_be_mapped_at_a_given_address, bench_setup_attached),
		bench_test(every_way_to_end_a_mapping_gives_its_memory_back, bench_setup_attached),
		bench_test(a_copy_keeps_the_file_mapped_until_it_goes_as_well,
			   bench_setup_attached),
		bench_test(a_mapping_that_fails_leaves_nothing, bench_setup_attached),
		bench_test(dma_to_a_file_of_huge_pages_is_in_the_file, bench_setup_attached),
		bench_test(dma_to_a_file_on_a_tmpfs_is_in_the_file, bench_setup_attached),
		bench_test(a_file_open_for_reading_can_be_read_and_not_written,
			   bench_setup_attached),
		bench_test(what_is_no_file_in_memory_is_refused, bench_setup_attached),
	};
	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
