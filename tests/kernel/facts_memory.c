/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the facts of memory: what a device sees of it when the process writes, forks, unmaps or punches holes;
 * and memory that is given as a file.
 */
#include "facts.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/wait.h>

enum {
	AT = 0x100000,
	HUGE = 2 << 20,
};

static int iommu;
static uint32_t ioas;
static struct edu edu;

static void begin(void)
{
	iommu = iommu_open();
	ioas = space_new(iommu);
	edu_bound(&edu, "EDU0", iommu);
	must(cdev_attach(edu.fd, ioas));
}

static uint8_t *map_memory(uint64_t length, int flags, int fd)
{
	void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, flags, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static int file_new(uint64_t length)
{
	char path[] = "/tmp/facts.XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	must(fd);
	unlink(path);
	must(ftruncate(fd, (off_t)length) < 0 ? -errno : 0);
	return fd;
}

/* Mapped for reading before the process ever writes: the device must see what it writes then. */
static void kind(const char *name, uint8_t *memory, bool look_first)
{
	const uint32_t accesses[] = {MAP_READ, MAP_BOTH};
	long before = pins();

	if (!memory) {
		fact("no such memory", "%s.read_only", name);
		return;
	}
	if (look_first && *(volatile uint8_t *)memory)
		die("%s: not empty", name);
	for (int i = 0; i < 2; i++) {
		const char *how = i ? "both" : "read_only";
		int r = ioas_map(iommu, ioas, memory, PAGE, accesses[i], AT);

		fact_result(r, "%s.%s", name, how);
		fact_number(pins() - before, "%s.%s.pins", name, how);
		fact(edu_reach(&edu, AT, memory), "%s.%s.reach", name, how);
		ioas_unmap(iommu, ioas, AT, PAGE);
	}
}

static void forks(void)
{
	uint8_t *memory = memory_new(2 * PAGE);
	int status, pair[2];
	char byte = 0;
	pid_t pid;

	must(pipe2(pair, O_CLOEXEC) < 0 ? -errno : 0);
	memset(memory, 0x11, 2 * PAGE);
	must(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, AT));
	must(ioas_map(iommu, ioas, memory + PAGE, PAGE, MAP_READ, AT + PAGE));
	pid = fork();
	if (pid == 0) {
		/* What the device and the parent write after the fork is not seen here, and the other way. */
		while (read(pair[0], &byte, 1) < 0)
			;
		bool same = memory[0] == 0x11 && memory[PAGE] == 0x11;
		memset(memory, 0x22, 2 * PAGE);
		_exit(same ? 0 : 1);
	}
	fact(edu_reach(&edu, AT, memory), "fork.parent_both");
	fact(edu_reach(&edu, AT + PAGE, memory + PAGE), "fork.parent_read_only");
	memset(memory, 0x33, 2 * PAGE);
	must(write(pair[1], &byte, 1) == 1 ? 0 : -EIO);
	waitpid(pid, &status, 0);
	fact_number(WEXITSTATUS(status), "fork.child_saw_a_difference");
	fact_number(memory[0], "fork.parent_after_the_child_wrote");
	edu_read(&edu, AT, LENGTH);
	fact(edu_holds(&edu, memory) ? "the parent's" : "something else", "fork.device_reads");
	fact(edu_reach(&edu, AT, memory), "fork.parent_both_after");
	fact(edu_reach(&edu, AT + PAGE, memory + PAGE), "fork.parent_read_only_after");
	must(ioas_unmap(iommu, ioas, AT, 2 * PAGE));
	munmap(memory, 2 * PAGE);
}

/* Memory that the process takes away, while a device has it. */
static void taken_away(void)
{
	int fd = memfd_create("facts", MFD_CLOEXEC);
	uint8_t *memory = memory_new(PAGE), *file;
	long before = pins();

	must(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, AT));
	munmap(memory, PAGE);
	fact_number(pins() - before, "unmapped.pins");
	uint8_t *new = mmap(memory, PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	fact(edu_reach(&edu, AT, new), "unmapped.reach_of_new_memory");
	fact_result(ioas_unmap(iommu, ioas, AT, PAGE), "unmapped.unmap");
	must(ioas_map(iommu, ioas, new, PAGE, MAP_BOTH, AT));
	madvise(new, PAGE, MADV_DONTNEED);
	fact(edu_reach(&edu, AT, new), "discarded.reach");
	must(ioas_unmap(iommu, ioas, AT, PAGE));
	must(ioas_map(iommu, ioas, new, PAGE, MAP_BOTH, AT));
	mprotect(new, PAGE, PROT_NONE);
	mprotect(new, PAGE, PROT_READ | PROT_WRITE);
	fact(edu_reach(&edu, AT, new), "protected_and_back.reach");
	must(ioas_unmap(iommu, ioas, AT, PAGE));
	fact_number(pins() - before, "anonymous.pins_after");

	must(ftruncate(fd, 4 * PAGE) < 0 ? -errno : 0);
	file = map_memory(4 * PAGE, MAP_SHARED, fd);
	must(ioas_map(iommu, ioas, file, 2 * PAGE, MAP_BOTH, AT));
	fact(edu_reach(&edu, AT, file), "file.reach");
	fact_result(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE) < 0 ? -errno
											   : 0,
		    "punch");
	fact_number(pins() - before, "punched.pins");
	fact(edu_reach(&edu, AT, file), "punched.reach");
	fact(edu_reach(&edu, AT + PAGE, file + PAGE), "punched.reach_of_the_next");
	fact_result(ftruncate(fd, PAGE) < 0 ? -errno : 0, "truncate");
	fact_number(pins() - before, "truncated.pins");
	fact_result(ioas_unmap(iommu, ioas, AT, 2 * PAGE), "truncated.unmap");
	fact_number(pins() - before, "truncated.pins_after");
	munmap(file, 4 * PAGE);
	close(fd);
}

/* A copy that pins what nobody did before, and finds that some of it is gone. */
static void half_there(void)
{
	enum {
		PAGES = 32,
		PINNED = 8,
		GONE = 20
	};
	uint32_t from = ioas_new(iommu);
	uint8_t *memory = memory_new(PAGES * PAGE);
	long before = pins();

	must(ioas_map(iommu, from, memory, PAGES * PAGE, MAP_BOTH, AT));
	must(ioas_copy(iommu, ioas, AT + PINNED * PAGE, from, AT + PINNED * PAGE, PAGE, MAP_BOTH));
	munmap(memory + GONE * PAGE, (PAGES - GONE) * PAGE);
	fact_result(ioas_copy(iommu, ioas, HUGE, from, AT, PAGES * PAGE, MAP_BOTH),
		    "half_there.copy");
	fact_number(pins() - before, "half_there.pins");
	fact(edu_reach(&edu, HUGE, memory), "half_there.reach");
	fact(edu_reach(&edu, AT + PINNED * PAGE, memory + PINNED * PAGE),
	     "half_there.reach_of_pinned");
	fact_result(ioas_copy(iommu, ioas, HUGE, from, AT, GONE * PAGE, MAP_BOTH),
		    "half_there.copy_of_the_rest");
	fact_number(pins() - before, "half_there.pins_of_the_rest");
	fact(edu_reach(&edu, HUGE + PINNED * PAGE, memory + PINNED * PAGE),
	     "half_there.reach_of_the_rest");
	must(iommu_destroy(iommu, from));
	must(ioas_unmap(iommu, ioas, AT, 2 * HUGE));
	fact_number(pins() - before, "half_there.pins_after");
	munmap(memory, GONE * PAGE);
}

/* Memory of which no page is beside the one before it, but close. */
static void alternating(void)
{
	enum {
		PAGES = 64
	};
	uint8_t *all = memory_new(2 * PAGES * PAGE), *memory = memory_new(PAGES * PAGE);

	for (int i = 0; i < PAGES; i++)
		if (mremap(all + 2 * i * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			   memory + i * PAGE) == MAP_FAILED)
			die("mremap: %s", result_name(-errno));
	must(ioas_map(iommu, ioas, memory, PAGES * PAGE, MAP_BOTH, AT));
	for (int i = 0; i < PAGES; i += 9)
		fact(edu_reach(&edu, AT + i * PAGE, memory + i * PAGE), "alternating.reach_%d", i);
	must(ioas_unmap(iommu, ioas, AT, PAGES * PAGE));
	munmap(memory, PAGES * PAGE);
	munmap(all, 2 * PAGES * PAGE);
}

void facts_of_memory(void)
{
	int file = file_new(HUGE), memory_file = memfd_create("facts", MFD_CLOEXEC);
	int sealed = memfd_create("facts", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	begin();
	must(write_word("/proc/sys/vm/nr_hugepages", "4"));
	must(ftruncate(memory_file, HUGE) < 0 ? -errno : 0);
	must(ftruncate(sealed, HUGE) < 0 ? -errno : 0);
	kind("anonymous_untouched", map_memory(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1), false);
	kind("anonymous_zero_page", map_memory(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1), true);
	kind("anonymous_touched", memory_new(PAGE), false);
	kind("anonymous_shared", map_memory(PAGE, MAP_SHARED | MAP_ANONYMOUS, -1), false);
	kind("file_private_untouched", map_memory(PAGE, MAP_PRIVATE, file), false);
	kind("file_private_read", map_memory(PAGE, MAP_PRIVATE, file), true);
	kind("file_shared", map_memory(PAGE, MAP_SHARED, file), false);
	kind("memfd_private", map_memory(PAGE, MAP_PRIVATE, memory_file), true);
	kind("memfd_shared", map_memory(PAGE, MAP_SHARED, memory_file), false);
	kind("hugetlb_untouched", map_memory(HUGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1),
	     false);
	kind("hugetlb_read", map_memory(HUGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1), true);
	kind("hugetlb_shared", map_memory(HUGE, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1),
	     false);
	uint8_t *thp = map_memory(2 * HUGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	thp += HUGE - (uintptr_t)thp % HUGE;
	madvise(thp, HUGE, MADV_HUGEPAGE);
	kind("huge_page_read", thp, true);
	fact_result(fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK) < 0 ? -errno : 0,
		    "seal");
	uint8_t *sealed_memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, sealed, 0);
	fact_result(sealed_memory == MAP_FAILED ? -errno : 0, "sealed.mmap");
	fact_result(ioas_map(iommu, ioas, sealed_memory, PAGE, MAP_READ, AT), "sealed.read_only");
	ioas_unmap(iommu, ioas, AT, PAGE);
	fact_result(ioas_map(iommu, ioas, sealed_memory, PAGE, MAP_BOTH, AT), "sealed.both");
	ioas_unmap(iommu, ioas, AT, PAGE);
	forks();
	taken_away();
	half_there();
	alternating();
	edu_end(&edu);
	must(write_word("/proc/sys/vm/nr_hugepages", "0"));
}

/* ---- Memory by file ---- */

static void fact_map_file(struct iommu_ioas_map_file arg, const char *name)
{
	arg.size = sizeof(arg);
	arg.ioas_id = ioas;
	if (!arg.flags)
		arg.flags = MAP_FIXED_AT | MAP_BOTH;
	if (!arg.iova)
		arg.iova = AT;
	fact_result(call(iommu, IOMMU_IOAS_MAP_FILE, &arg), "%s", name);
	ioas_unmap(iommu, ioas, 0, HOME);
}

/* Kernels without it say so, and nothing else. */
void facts_of_files(void)
{
	struct iommu_ioas_map_file probe = {.size = 4};
	int fd = memfd_create("facts", MFD_CLOEXEC), disk = file_new(HUGE),
	    null = open("/dev/null", O_RDWR);
	int huge = memfd_create("facts", MFD_CLOEXEC | MFD_HUGETLB), pair[2], read_only;
	char path[64];
	uint8_t *memory;
	uint32_t lonely;
	long before;

	begin();
	if (call(iommu, IOMMU_IOAS_MAP_FILE, &probe) == -ENOTTY) {
		fact("no", "there");
		return;
	}
	fact("yes", "there");
	must(write_word("/proc/sys/vm/nr_hugepages", "4"));
	must(pipe2(pair, O_CLOEXEC) < 0 ? -errno : 0);
	must(ftruncate(fd, 16 * PAGE) < 0 ? -errno : 0);
	must(ftruncate(huge, HUGE) < 0 ? -errno : 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_only = open(path, O_RDONLY | O_CLOEXEC);
	memory = map_memory(16 * PAGE, MAP_SHARED, fd);
	before = pins();
	fact_map_file((struct iommu_ioas_map_file){.fd = fd, .length = PAGE}, "good");
	fact_map_file((struct iommu_ioas_map_file){.fd = fd, .length = PAGE, .flags = 8 | MAP_BOTH},
		      "flag_8");
	fact_map_file((struct iommu_ioas_map_file){.fd = fd, .length = PAGE, .flags = MAP_FIXED_AT},
		      "no_access");
	fact_map_file((struct iommu_ioas_map_file){.fd = fd, .length = 0}, "zero_length");
	fact_map_file((struct iommu_ioas_map_file){.fd = fd, .start = 16 * PAGE, .length = PAGE},
		      "beyond_the_end");
	fact_map_file((struct iommu_ioas_map_file){.fd = fd,
						   .start = 15 * PAGE,
						   .length = 2 * PAGE},
		      "over_the_end");
	fact_map_file((struct iommu_ioas_map_file){.fd = fd,
						   .start = UINT64_MAX - PAGE + 1,
						   .length = 2 * PAGE},
		      "start_wraps");
	fact_map_file((struct iommu_ioas_map_file){.fd = fd, .start = 512, .length = PAGE},
		      "unaligned_start");
	fact_map_file((struct iommu_ioas_map_file){.fd = -1, .length = PAGE}, "no_file");
	fact_map_file((struct iommu_ioas_map_file){.fd = null, .length = PAGE}, "null");
	fact_map_file((struct iommu_ioas_map_file){.fd = pair[0], .length = PAGE}, "a_pipe");
	fact_map_file((struct iommu_ioas_map_file){.fd = iommu, .length = PAGE}, "the_iommufd");
	fact_map_file((struct iommu_ioas_map_file){.fd = disk, .length = PAGE}, "a_file_of_a_disk");
	fact_map_file((struct iommu_ioas_map_file){.fd = read_only, .length = PAGE},
		      "read_only_file_both");
	fact_map_file((struct iommu_ioas_map_file){.fd = read_only,
						   .length = PAGE,
						   .flags = MAP_FIXED_AT | MAP_READ},
		      "read_only_file_read");
	fact_number(pins() - before, "pins_after_failures");
	must(ioas_map_file(iommu, ioas, fd, PAGE, 2 * PAGE, MAP_BOTH, AT));
	fact_number(pins() - before, "pins");
	fact(edu_reach(&edu, AT, memory + PAGE), "reach");
	fact(edu_reach(&edu, AT + PAGE, memory + 2 * PAGE), "reach_of_the_second");
	lonely = space_new(iommu);
	fact_result(ioas_copy(iommu, lonely, AT, ioas, AT + PAGE, PAGE, MAP_BOTH), "copy");
	must(ioas_unmap(iommu, ioas, AT, 2 * PAGE));
	fact(edu_reach(&edu, AT, memory + PAGE), "unmapped.reach");
	must(cdev_attach(edu.fd, lonely));
	fact(edu_reach(&edu, AT, memory + 2 * PAGE), "copy.reach");
	must(cdev_attach(edu.fd, ioas));
	/* A page that nobody has touched, and a file that is closed. */
	must(ioas_map_file(iommu, ioas, fd, 8 * PAGE, PAGE, MAP_READ, AT));
	fact(edu_reach(&edu, AT, memory + 8 * PAGE), "read_only.reach");
	must(ioas_map_file(iommu, ioas, huge, PAGE, PAGE, MAP_BOTH, AT + PAGE));
	uint8_t *large = map_memory(HUGE, MAP_SHARED, huge);
	fact(edu_reach(&edu, AT + PAGE, large + PAGE), "hugetlb.reach");
	munmap(memory, 16 * PAGE);
	close(read_only);
	must(cdev_detach(edu.fd));
	fact_number(pins() - before, "detached.pins");
	fact_result(cdev_attach(edu.fd, ioas), "attach_again");
	memory = map_memory(16 * PAGE, MAP_SHARED, fd);
	close(fd);
	fact(edu_reach(&edu, AT, memory + 8 * PAGE), "closed_file.reach");
	edu_end(&edu);
	munmap(large, HUGE);
	must(write_word("/proc/sys/vm/nr_hugepages", "0"));
}
