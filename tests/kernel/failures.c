/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lets the nth allocation of a call fail, for every n: the call must say -ENOMEM and change nothing, a second try must
 * succeed, and a process that ends in the middle must leave nothing behind: no pinned page, and not a byte of the
 * kernel's memory that it was charged for. Each failure has processes of its own. At the end kmemleak looks for what
 * nobody points to any more.
 *
 *	failures [--kmemleak] [FLOW...]
 *
 * Wants a kernel with CONFIG_FAILSLAB and CONFIG_FAIL_PAGE_ALLOC. With --kmemleak a kernel without it is a failure.
 */
#include "failures.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEBUGFS "/sys/kernel/debug/"

enum {
	MOST = 2000, /* allocations of one call: more is a call that never gets through */
	WRONG = 100, /* exit statuses of a process: what it saw is wrong, or it met no failure any more */
	THROUGH = 101,
	SECONDS = 60, /* for one process */
};

static int passed, failed, skipped;
static int messages; /* /dev/kmsg */

void check_that(bool condition, const char *text, const char *file, int line)
{
	if (condition)
		return;
	printf("  %s:%d: %s\n", file, line, text);
	fflush(stdout);
	_exit(WRONG);
}

/* ---- Failing ---- */

/* By default only allocations that may not sleep fail, and only those of several pages. */
static bool arm(void)
{
	static const char *const knobs[][2] = {
		{"failslab/ignore-gfp-wait", "N"},
		{"failslab/verbose", "1"},
		{"fail_page_alloc/ignore-gfp-wait", "N"},
		{"fail_page_alloc/ignore-gfp-highmem", "N"},
		{"fail_page_alloc/min-order", "0"},
		{"fail_page_alloc/verbose", "1"},
	};
	char path[80];

	for (size_t i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
		snprintf(path, sizeof(path), DEBUGFS "%s", knobs[i][0]);
		if (write_word(path, knobs[i][1]) < 0)
			return false;
	}
	write_word(DEBUGFS "fail_usercopy/verbose", "1");
	return true;
}

static int nth_open(void)
{
	return must(open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC));
}

static void nth_set(int fd, int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", n);

	check(pwrite(fd, text, (size_t)length, 0) == length);
}

/* Has the failure come? Reading and writing the file count as allocations, too, if copies to users fail. */
static bool nth_came(int fd)
{
	char text[16] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return false;
	if (atoi(text) == 0)
		return true;
	if (pwrite(fd, "0", 1, 0) < 0)
		nth_set(fd, 0);
	return false;
}

/* What failed: "failslab", or "" if the kernel did not say. Reads the kernel's messages since the last time. */
static const char *what_failed(void)
{
	static char name[32];
	char line[2048];
	ssize_t n;

	name[0] = '\0';
	while ((n = read(messages, line, sizeof(line) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		char *found;

		if (n < 0)
			continue;
		line[n] = '\0';
		found = strstr(line, "name ");
		if (strstr(line, "FAULT_INJECTION: forcing a failure") && found)
			sscanf(found, "name %31[^,]", name);
	}
	return name;
}

/* ---- What a flow's processes are charged for ---- */

#define GROUPS "/run/failures"
#define GROUP  GROUPS "/flow"

static void group_start(void)
{
	static bool mounted;

	if (!mounted) {
		must(mkdir(GROUPS, 0755));
		must(mount("none", GROUPS, "cgroup2", 0, NULL));
		must(write_word(GROUPS "/cgroup.subtree_control", "+memory"));
		mounted = true;
	}
	must(mkdir(GROUP, 0755));
}

static long number_in(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	char word[64] = "";
	long value = -1;

	while (file && *name && fscanf(file, "%63s", word) == 1 && strcmp(word, name))
		;
	if (!file || fscanf(file, "%ld", &value) != 1)
		die("%s has no %s", path, name);
	fclose(file);
	return value;
}

/*
 * Bytes that are charged still though all processes are gone. Names of files may stay, and are not counted. What
 * is freed a little later gets a second.
 */
static long group_end(void)
{
	long left = 0;

	for (int i = 0; i < 20; i++) {
		/* Gives back what each processor keeps for the next charge. */
		must(write_word(GROUP "/memory.high", "0"));
		long names = number_in(GROUP "/memory.stat", "slab_reclaimable");
		left = number_in(GROUP "/memory.current", "") - (names + PAGE - 1) / PAGE * PAGE;
		if (left <= 0)
			break;
		usleep(50000);
	}
	/* Busy for as long as a process is not quite gone. */
	for (int i = 0; i < 20 && rmdir(GROUP) < 0; i++)
		usleep(50000);
	return left;
}

/* ---- One failure ---- */

/* In a process of its own: returns its exit status. */
static int attempt(const struct flow *flow, int n, bool again)
{
	struct world w = {.iommu = -1,
			  .dev = {-1, -1},
			  .group = -1,
			  .container = -1,
			  .file = -1,
			  .edu = {.fd = -1}};
	int fd, r;
	bool came;

	alarm(SECONDS);
	if (flow->before)
		flow->before(&w);
	fd = nth_open();
	what_failed();
	nth_set(fd, n);
	r = flow->act(&w);
	came = n && nth_came(fd);
	if (r < 0) {
		const char *what = what_failed();
		bool copy = !strcmp(what, "fail_usercopy");
		int right = copy ? -EFAULT : -ENOMEM;

		/* Mainline's own tests make it say what they like. */
		bool known = strcmp(what, "fail_iommufd");
		bool unsure = flow->sure && !copy;

		if (!came || (known && ((r != right && r != -flow->also) || unsure))) {
			printf("  %s, failure %d (%s): %s\n", flow->name, n, came ? what : "none",
			       result_name(r));
			return WRONG;
		}
		/* All may be done but the answer. */
		if (copy && flow->answers)
			return 0;
		if (flow->failed)
			flow->failed(&w);
		if (!again) {
			if (flow->left)
				flow->left(&w);
			return 0;
		}
		r = flow->act(&w);
		if (r < 0) {
			printf("  %s, failure %d: the second try: %s\n", flow->name, n,
			       result_name(r));
			return WRONG;
		}
	}
	if (flow->done)
		flow->done(&w);
	return came ? 0 : THROUGH;
}

static int in_child(const struct flow *flow, int n, bool again)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = must(fork());
	if (child == 0) {
		if (n)
			must(write_word(GROUP "/cgroup.procs", "0"));
		int r = attempt(flow, n, again);

		fflush(stdout);
		_exit(r);
	}
	must(waitpid(child, &status, 0));
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	printf("  %s, failure %d: killed by signal %d\n", flow->name, n, WTERMSIG(status));
	return WRONG;
}

/* Every n until the call gets through. Returns how many there were, or a negative number. */
static int sweep(const struct flow *flow)
{
	long before = pins();

	for (int n = 1; n < MOST; n++) {
		for (int again = 0; again < 2; again++) {
			int r = in_child(flow, n, again);

			if (r == THROUGH)
				return n - 1;
			if (r != 0)
				return -1;
			if (pins() != before) {
				printf("  %s, failure %d: %ld pages stay pinned\n", flow->name, n,
				       pins() - before);
				return -1;
			}
		}
	}
	printf("  %s: no end after %d failures\n", flow->name, MOST);
	return -1;
}

/* ---- What stays behind ---- */

/* Mainline lifts the limit for who has it. */
static void drop_lock_capability(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	must((int)syscall(SYS_capget, &header, data));
	data[CAP_IPC_LOCK / 32].effective &= ~(1u << CAP_IPC_LOCK % 32);
	must((int)syscall(SYS_capset, &header, data));
}

/* A user may pin exactly as much as before: with a limit of that many bytes a map succeeds. */
static int pin_all_allowed(struct world *w)
{
	w->iommu = iommu_open();
	w->dev[0] = cdev_open("EDU0");
	must(cdev_bind(w->dev[0], w->iommu, &w->id[0]));
	w->ioas = ioas_new(w->iommu);
	must(cdev_attach(w->dev[0], w->ioas));
	w->memory = memory_new(SIZE);
	limit_memlock(SIZE);
	drop_lock_capability();
	return ioas_map(w->iommu, w->ioas, w->memory, SIZE, MAP_BOTH, AT);
}

static void check_accounts(void)
{
	static const struct flow flow = {.name = "accounts", .act = pin_all_allowed};

	if (!lab_has("EDU0")) {
		puts("skipped nothing stays accounted: needs EDU0");
		skipped++;
	} else if (in_child(&flow, 0, false) == THROUGH) {
		puts("ok nothing stays accounted");
		passed++;
	} else {
		puts("not ok nothing stays accounted");
		failed++;
	}
}

/* An object counts when it has been there for five seconds, and was found by nobody twice. */
static void check_leaks(bool wanted)
{
	static char text[1 << 16];
	ssize_t n = 0, r;
	int fd = open(DEBUGFS "kmemleak", O_RDWR | O_CLOEXEC);

	if (fd < 0 && !wanted)
		return;
	for (int i = 0; fd >= 0 && i < 2; i++) {
		sleep(6);
		if (write(fd, "scan", 4) != 4)
			break;
	}
	while (fd >= 0 && (r = pread(fd, text + n, sizeof(text) - 1 - (size_t)n, n)) > 0)
		n += r;
	if (fd < 0 || n > 0) {
		printf("%snot ok nothing leaks\n", fd < 0 ? "  there is no kmemleak\n" : text);
		failed++;
	} else {
		puts("ok nothing leaks");
		passed++;
	}
	close(fd);
}

/* ---- All of it ---- */

/*
 * The first to enable a device asks the firmware for its interrupt, and the interpreter of the firmware's language
 * breaks down when it gets no memory. That is not what is tested: devices are enabled already.
 */
static void enable_devices(void)
{
	static const char *const variables[] = {"EDU0", "EDU1", "EDU2"};
	char path[80];

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		if (!lab_has(variables[i]))
			continue;
		must(driver_give(variables[i], ""));
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/enable",
			 lab_name(variables[i]));
		must(write_word(path, "1"));
		must(driver_give(variables[i], "vfio-pci"));
	}
}

/* Linux 6.12 maps no files. */
static bool maps_files(void)
{
	int fd = iommu_open();
	uint32_t size = 4;
	int r = call(fd, IOMMU_IOAS_MAP_FILE, &size);

	close(fd);
	return r != -ENOTTY;
}

static bool has_all(const char *needs)
{
	char word[32];
	int length;

	for (; needs && sscanf(needs, " %31s%n", word, &length) == 1; needs += length)
		if (!strcmp(word, "/MAP_FILE") ? !maps_files() : !lab_has(word))
			return false;
	return true;
}

static bool is_wanted(const char *name, char **words)
{
	for (char **word = words; *word; word++)
		if (strstr(name, *word))
			return true;
	return !*words;
}

/* For who looks there for what broke the kernel. */
static void say_to_log(const char *name)
{
	char line[80];

	snprintf(line, sizeof(line), "<6>failures: %s\n", name);
	must(write_word("/dev/kmsg", line));
}

static void run(const struct flow *flow)
{
	long left;
	int count;

	if (!has_all(flow->needs)) {
		printf("skipped %s: needs %s\n", flow->name, flow->needs);
		skipped++;
		return;
	}
	say_to_log(flow->name);
	group_start();
	count = sweep(flow);
	left = group_end();
	if (count >= 0 && left > 0) {
		printf("  %s: %ld bytes of the kernel's memory stay\n", flow->name, left);
		count = -1;
	}
	if (count < 0)
		printf("not ok %s\n", flow->name);
	else
		printf("ok %s: %d failures\n", flow->name, count);
	if (count < 0)
		failed++;
	else
		passed++;
}

int main(int argc, char **argv)
{
	static const struct flow *const all[] = {space_flows,  device_flows, table_flows,
						 access_flows, file_flows,   container_flows};
	bool kmemleak = argc > 1 && !strcmp(argv[1], "--kmemleak");

	argv += 1 + kmemleak;
	setvbuf(stdout, NULL, _IOLBF, 0);
	limit_memlock(RLIM_INFINITY);
	if (!arm())
		die("this kernel lets no allocation fail: " DEBUGFS "failslab is not there");
	enable_devices();
	messages = must(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	lseek(messages, 0, SEEK_END);
	write_word(DEBUGFS "kmemleak", "clear");

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (const struct flow *flow = all[i]; flow->name; flow++)
			if (is_wanted(flow->name, argv))
				run(flow);
	check_accounts();
	check_leaks(kmemleak);
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed > 0;
}
