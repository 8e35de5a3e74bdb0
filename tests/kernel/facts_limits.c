/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the facts of how much memory may be pinned, by whom, and what counts. */
#include "facts.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
	AT = 0x100000,
	USER = 1000,
	LIMIT = 64, /* pages */
};

static int iommu;
static uint32_t ioas;
static struct edu edu;
static uint64_t next_iova = AT;

/* How many more pages fit. */
static int fits(uint8_t *memory)
{
	int count = 0;

	while (count < 2 * LIMIT && ioas_map(iommu, ioas, memory + count * PAGE, PAGE, MAP_BOTH,
					     next_iova + (uint64_t)count * PAGE) == 0)
		count++;
	if (count)
		must(ioas_unmap(iommu, ioas, next_iova, (uint64_t)count * PAGE));
	return count;
}

static void measure(const char *who)
{
	uint8_t *memory = memory_new(2 * LIMIT * PAGE);
	uint32_t lonely = ioas_new(iommu), hwpt;

	fact_number(fits(memory), "%s.fit", who);
	fact_result(ioas_map(iommu, ioas, memory, (LIMIT + 1) * PAGE, MAP_BOTH, AT), "%s.too_much",
		    who);
	ioas_unmap(iommu, ioas, AT, (LIMIT + 1) * PAGE);
	must(ioas_map(iommu, ioas, memory, 40 * PAGE, MAP_BOTH, AT));
	next_iova = AT + 64 * PAGE;
	fact_number(fits(memory), "%s.beside_40", who);
	fact_result(ioas_copy(iommu, ioas, 2 * AT, ioas, AT, 40 * PAGE, MAP_BOTH), "%s.copy_of_40",
		    who);
	fact_number(fits(memory), "%s.beside_40_and_their_copy", who);
	must(hwpt_new(iommu, edu.id, ioas, 0, &hwpt));
	fact_number(fits(memory), "%s.with_a_second_table", who);
	must(iommu_destroy(iommu, hwpt));
	fact_result(ioas_map(iommu, lonely, memory, 2 * LIMIT * PAGE, MAP_BOTH, AT),
		    "%s.more_without_a_device", who);
	fact_result(hwpt_new(iommu, edu.id, lonely, 0, &hwpt), "%s.a_table_for_them", who);
	fact_number(fits(memory), "%s.after_that_failed", who);
	fact_result(cdev_attach(edu.fd, lonely), "%s.attach_to_them", who);
	fact(edu_reach(&edu, AT, memory), "%s.attach_to_them.reach", who);
	fact_number(fits(memory), "%s.after_that_failed_too", who);
	must(ioas_unmap(iommu, ioas, AT, 40 * PAGE));
	fact_number(fits(memory), "%s.copy_is_left", who);
	must(ioas_unmap(iommu, ioas, 2 * AT, 40 * PAGE));
	next_iova = AT;
	fact_number(fits(memory), "%s.all_again", who);
	/* Another process of the user shares the count, or has its own. */
	must(ioas_map(iommu, ioas, memory, 40 * PAGE, MAP_BOTH, AT));
	next_iova = AT + 64 * PAGE;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		_exit(fits(memory_new(2 * LIMIT * PAGE)));
	int status;
	waitpid(pid, &status, 0);
	fact_number(WEXITSTATUS(status), "%s.beside_40_in_a_child", who);
	next_iova = AT;
	must(ioas_unmap(iommu, ioas, AT, 40 * PAGE));
	munmap(memory, 2 * LIMIT * PAGE);
}

static void use_capability(int capability, bool use)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	must(syscall(SYS_capget, &header, data) ? -errno : 0);
	data[capability / 32].effective &= ~(1u << capability % 32);
	data[capability / 32].effective |= (uint32_t)use << capability % 32;
	must(syscall(SYS_capset, &header, data) ? -errno : 0);
}

static void as_user(const char *who, bool is_user, bool may_lock, uint64_t mode)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		iommu = iommu_open();
		if (mode)
			must(option(iommu, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0,
				    &mode));
		ioas = space_new(iommu);
		edu_bound(&edu, "EDU0", iommu);
		limit_memlock((LIMIT + 1) * PAGE);
		if (is_user) {
			must(prctl(PR_SET_KEEPCAPS, 1) < 0 ? -errno : 0);
			must(setresuid(USER, USER, USER) < 0 ? -errno : 0);
		}
		use_capability(CAP_IPC_LOCK, may_lock);
		/* HOME counts, too: it is pinned by whoever mapped it. */
		must(ioas_unmap(iommu, ioas, HOME, PAGE));
		must(ioas_map(iommu, ioas, home(), PAGE, MAP_BOTH, HOME));
		must(cdev_attach(edu.fd, ioas));
		measure(who);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	fact_number(WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status), "%s.ended",
		    who);
}

void facts_of_limits(void)
{
	as_user("root", false, true, 0);
	as_user("root_may_not_lock", false, false, 0);
	as_user("user_may_lock", true, true, 0);
	as_user("user", true, false, 0);
	as_user("root_by_process", false, true, 1);
	as_user("user_by_process", true, false, 1);
}
