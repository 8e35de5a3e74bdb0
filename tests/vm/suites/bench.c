/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the fixtures: what a test starts with, and taking it down whatever the test left. */
#include "bench.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

void bench_begin(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	bench_limit_memlock(RLIM_INFINITY);
}

bool bench_is_native(void)
{
	struct libiommufd_ctx *ctx = NULL;
	bool native;

	if (libiommufd_ctx_open(NULL, &ctx) < 0) {
		fprintf(stderr, "%s\n", libiommufd_last_error()->text);
		exit(2);
	}
	native = libiommufd_ctx_get_backend(ctx) == LIBIOMMUFD_BACKEND_NATIVE;
	libiommufd_ctx_unref(ctx);
	return native;
}

int bench_kernel(void)
{
	int major = 0, minor = 0;
	struct utsname name;

	if (uname(&name) < 0 || sscanf(name.release, "%d.%d", &major, &minor) != 2)
		exit(2);
	return major * 100 + minor;
}

const char *bench_name(const char *variable)
{
	char full[32];
	const char *name;

	snprintf(full, sizeof(full), "LAB_%s", variable);
	name = getenv(full);
	if (!name) {
		fprintf(stderr, "%s is not set: run this in the lab, with a device for it\n", full);
		exit(2);
	}
	return name;
}

int bench_setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	*state = b;
	b->home = bench_memory(PAGE);
	assert_ok(libiommufd_ctx_open(NULL, &b->ctx));
	b->native = libiommufd_ctx_get_backend(b->ctx) == LIBIOMMUFD_BACKEND_NATIVE;
	b->ioas = bench_ioas(b);
	return 0;
}

int bench_setup_opened(void **state)
{
	bench_setup(state);
	bench_open(*state, 0);
	return 0;
}

int bench_setup_bound(void **state)
{
	bench_setup(state);
	bench_bind(*state, 0);
	return 0;
}

int bench_setup_attached(void **state)
{
	struct bench *b;

	bench_setup_bound(state);
	b = *state;
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	return 0;
}

int bench_setup_two(void **state)
{
	bench_setup_bound(state);
	bench_bind(*state, 1);
	return 0;
}

int bench_teardown(void **state)
{
	struct bench *b = *state;
	int r = 0;

	bench_use_capability(CAP_IPC_LOCK, true);
	bench_limit_memlock(RLIM_INFINITY);
	setenv("LIBIOMMUFD_BACKEND", b->native ? "native" : "type1", 1);
	for (int n = 0; n < DEVICES; n++)
		r |= libiommufd_device_close(b->devices[n], LIBIOMMUFD_CLOSE_FORCE);
	for (int i = 0; i < SPACES; i++)
		r |= libiommufd_ioas_destroy(b->spaces[i]);
	libiommufd_ctx_unref(b->ctx);
	munmap(b->home, PAGE);
	free(b);
	return r || bench_charged(true) || bench_charged(false);
}

void bench_open(struct bench *b, int n)
{
	assert_ok(libiommufd_device_open(b->ctx, bench_name(n ? "EDU1" : "EDU0"), NULL,
					 &b->devices[n]));
	b->dev = b->devices[0];
}

void bench_bind_with(struct bench *b, int n, uint32_t flags, struct libiommufd_ioas *ioas)
{
	struct libiommufd_bind_opts opts = {.size = sizeof(opts), .flags = flags, .ioas = ioas};

	if (!b->devices[n])
		bench_open(b, n);
	assert_ok(libiommufd_device_bind(b->devices[n], &opts));
}

void bench_use(struct bench *b, int n)
{
	assert_int_equal(edu_start(&b->edu[n], b->devices[n]), 0);
}

void bench_bind(struct bench *b, int n)
{
	bench_bind_with(b, n, 0, NULL);
	bench_use(b, n);
}

void bench_close(struct bench *b, int n)
{
	assert_int_equal(edu_stop(&b->edu[n]), 0);
	assert_ok(libiommufd_device_close(b->devices[n], 0));
	b->devices[n] = NULL;
	b->dev = b->devices[0];
}

struct libiommufd_ioas *bench_ioas(struct bench *b)
{
	int i = 0;

	while (b->spaces[i])
		assert_true(++i < SPACES);
	assert_ok(libiommufd_ioas_create(b->ctx, NULL, &b->spaces[i]));
	assert_ok(libiommufd_ioas_map_at(b->spaces[i], b->home, PAGE, BOTH, HOME));
	return b->spaces[i];
}

void bench_destroy(struct bench *b, struct libiommufd_ioas *ioas)
{
	assert_ok(libiommufd_ioas_destroy(ioas));
	for (int i = 0; i < SPACES; i++)
		if (b->spaces[i] == ioas)
			b->spaces[i] = NULL;
	b->ioas = b->spaces[0];
}

uint8_t *bench_memory(uint64_t length)
{
	void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

uint64_t bench_physical(const void *memory)
{
	uint64_t entry, page = (uintptr_t)memory / PAGE;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &entry, sizeof(entry), page * sizeof(entry)), sizeof(entry));
	close(fd);
	assert_true(entry >> 63);
	entry &= (1ULL << 55) - 1;
	assert_true(entry != 0);
	return entry * PAGE;
}

bool bench_is_amd(struct bench *b)
{
	struct libiommufd_facts *facts;
	bool amd;

	assert_ok(libiommufd_ctx_query_facts(b->ctx, bench_name("EDU0"), &facts));
	amd = !strncmp(libiommufd_facts_get_iommu(facts), "ivhd", 4);
	libiommufd_facts_free(facts);
	return amd;
}

long bench_pins(void)
{
	long acquired = -1, released = -1, value;
	char name[64];
	FILE *file;

	/* Processors keep their part for a while; this asks for it. */
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "1", 1), 1);
	close(fd);
	file = fopen("/proc/vmstat", "re");
	assert_non_null(file);
	while (fscanf(file, "%63s %ld", name, &value) == 2) {
		if (!strcmp(name, "nr_foll_pin_acquired"))
			acquired = value;
		if (!strcmp(name, "nr_foll_pin_released"))
			released = value;
	}
	fclose(file);
	assert_true(acquired >= 0 && released >= 0);
	return acquired - released;
}

uint64_t bench_charged(bool user)
{
	const char *format = user ? "VmPin: %" SCNu64 " kB" : "VmLck: %" SCNu64 " kB";
	FILE *file = fopen("/proc/self/status", "re");
	uint64_t kib = UINT64_MAX;
	char line[256];

	assert_non_null(file);
	while (kib == UINT64_MAX && fgets(line, sizeof(line), file))
		sscanf(line, format, &kib);
	fclose(file);
	assert_true(kib != UINT64_MAX);
	return kib * 1024;
}

void bench_use_capability(int capability, bool use)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	if (use)
		data[capability / 32].effective |= 1u << capability % 32;
	else
		data[capability / 32].effective &= ~(1u << capability % 32);
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

void bench_limit_memlock(uint64_t bytes)
{
	const struct rlimit limit = {bytes, RLIM_INFINITY};

	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
}

void check_state(struct libiommufd_device *dev, enum libiommufd_device_state state,
		 enum libiommufd_reach reach, struct libiommufd_ioas *ioas, const char *file,
		 int line)
{
	struct libiommufd_ioas *reached = (void *)-1;
	enum libiommufd_reach found;
	int r = libiommufd_device_query_reach(dev, &found, &reached);

	if (r == 0 && libiommufd_device_get_state(dev) == state && found == reach &&
	    reached == ioas)
		return;
	print_error("%s: state %d, reach %d (%d), %p; expected %d, %d, %p\n",
		    libiommufd_device_get_name(dev), libiommufd_device_get_state(dev), found, r,
		    (void *)reached, state, reach, (void *)ioas);
	_fail(file, line);
}
