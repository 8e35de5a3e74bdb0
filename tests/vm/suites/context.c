/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the tests of contexts: backend, features, files and ids for raw ioctls, accounting, facts. */
#include "suites.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "behaviours.h"
#include "bench.h"
#include "differences.h"
#include "uapi/iommufd.h"

static void the_required_backend_is_the_one_in_use(void **state)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts)};
	struct bench *b = *state;
	struct libiommufd_ctx *ctx = NULL;

	opts.backend = libiommufd_ctx_get_backend(b->ctx);
	assert_ok(libiommufd_ctx_open(&opts, &ctx));
	assert_int_equal(libiommufd_ctx_get_backend(ctx), opts.backend);
	assert_non_null(strstr(libiommufd_ctx_get_backend_why(ctx), "required"));
	libiommufd_ctx_unref(ctx);

	opts.backend = 7;
	assert_refused(libiommufd_ctx_open(&opts, &ctx), EINVAL, OPTIONS);
	assert_string_equal(libiommufd_reason_name(libiommufd_last_error()->reason), "OPTIONS");
	assert_true(strlen(libiommufd_get_version()) >= 5);
}

static void without_a_wish_the_backend_is_native_where_the_kernel_has_it(void **state)
{
	bool has_iommufd = access("/dev/iommu", F_OK) == 0;
	struct libiommufd_ctx *ctx = NULL;
	(void)state;

	/* The end of the test sets it again. */
	unsetenv("LIBIOMMUFD_BACKEND");
	assert_ok(libiommufd_ctx_open(NULL, &ctx));
	assert_int_equal(libiommufd_ctx_get_backend(ctx),
			 has_iommufd ? LIBIOMMUFD_BACKEND_NATIVE : LIBIOMMUFD_BACKEND_TYPE1);
	assert_non_null(strstr(libiommufd_ctx_get_backend_why(ctx), "/dev/iommu"));
	libiommufd_ctx_unref(ctx);
	ctx = NULL;

	setenv("LIBIOMMUFD_BACKEND", "best", 1);
	assert_refused(libiommufd_ctx_open(NULL, &ctx), EINVAL, OPTIONS);
	assert_sentence("best");
	setenv("LIBIOMMUFD_BACKEND", "native", 1);
	if (has_iommufd)
		assert_ok(libiommufd_ctx_open(NULL, &ctx));
	else
		assert_refused(libiommufd_ctx_open(NULL, &ctx), ENOENT, NO_BACKEND);
	libiommufd_ctx_unref(ctx);
}

static void a_context_lives_as_long_as_its_references(void **state)
{
	struct bench *b = *state;
	struct libiommufd_ctx *ctx;
	struct libiommufd_ioas *ioas;

	assert_ok(libiommufd_ctx_open(NULL, &ctx));
	assert_ptr_equal(libiommufd_ctx_ref(ctx), ctx);
	assert_null(libiommufd_ctx_unref(ctx));
	assert_ok(libiommufd_ioas_create(ctx, NULL, &ioas));
	libiommufd_ctx_unref(ctx);
	/* The address space holds it. */
	assert_ok(libiommufd_ioas_map_at(ioas, b->home, PAGE, BOTH, HOME));
	assert_ok(libiommufd_ioas_destroy(ioas));
}

static void features_are_what_the_kernel_has(void **state)
{
	/* The first mainline version that has it. 6.1 has an iommufd by our series only. */
	static const struct {
		uint32_t feature;
		int since;
		bool in_series;
	} features[] = {
		{LIBIOMMUFD_FEATURE_COPY, 602, true},
		{LIBIOMMUFD_FEATURE_ALLOW_IOVAS, 602, true},
		{LIBIOMMUFD_FEATURE_HUGE_PAGES, 602, true},
		{LIBIOMMUFD_FEATURE_ATTACH_ID, 602, true},
		{LIBIOMMUFD_FEATURE_RLIMIT_USER, 602, true},
		{LIBIOMMUFD_FEATURE_HW_INFO, 606, true},
		{LIBIOMMUFD_FEATURE_HWPT_ALLOC, 606, true},
		{LIBIOMMUFD_FEATURE_DIRTY_TRACKING, 607, false},
		{LIBIOMMUFD_FEATURE_INVALIDATE, 608, false},
		{LIBIOMMUFD_FEATURE_FAULT_QUEUE, 611, false},
		{LIBIOMMUFD_FEATURE_MAP_FILE, 613, true},
		{LIBIOMMUFD_FEATURE_VIOMMU, 613, false},
		{LIBIOMMUFD_FEATURE_VDEVICE, 613, false},
		{LIBIOMMUFD_FEATURE_CHANGE_PROCESS, 613, false},
		{LIBIOMMUFD_FEATURE_VEVENTQ, 615, false},
		{LIBIOMMUFD_FEATURE_HW_QUEUE, 617, false},
	};
	struct bench *b = *state;
	int version = bench_kernel();

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		bool there = version > 601 ? version >= features[i].since : features[i].in_series;
		bool expected = natively(b->native, BEHAVIOUR_FEATURES) && there;
		assert_int_equal(libiommufd_ctx_has(b->ctx, features[i].feature), expected);
	}
	assert_refused(libiommufd_ctx_has(b->ctx, 0), EINVAL, ARGUMENT);
	assert_refused(libiommufd_ctx_has(b->ctx, 99), EINVAL, ARGUMENT);
}

static void the_file_of_the_context_takes_raw_ioctls_on_our_ids(void **state)
{
	struct iommu_ioas_unmap unmap = {.size = sizeof(unmap), .iova = HOME, .length = PAGE};
	struct bench *b = *state;
	uint64_t bytes;
	int fd = -1;

	assert_outcome(libiommufd_ctx_query_fd(b->ctx, &fd), differs(b->native, DIFFERENCE_CTX_FD));
	if (!works(b->native, DIFFERENCE_CTX_FD)) {
		assert_int_equal(fd, -1);
		assert_int_equal(libiommufd_ioas_get_id(b->ioas), 0);
		assert_int_equal(libiommufd_device_get_id(b->dev), 0);
		return;
	}
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	unmap.ioas_id = libiommufd_ioas_get_id(b->ioas);
	assert_int_equal(ioctl(fd, IOMMU_IOAS_UNMAP, &unmap), 0);
	assert_int_equal(unmap.length, PAGE);
	assert_ok(libiommufd_ioas_unmap_all(b->ioas, &bytes));
	assert_int_equal(bytes, 0);

	struct iommu_hw_info info = {.size = sizeof(info)};
	info.dev_id = libiommufd_device_get_id(b->dev);
	assert_int_equal(ioctl(fd, IOMMU_GET_HW_INFO, &info), 0);
}

static void a_context_made_from_a_file_keeps_a_copy_of_it(void **state)
{
	struct bench *b = *state;
	struct libiommufd_ctx *ctx;
	struct libiommufd_ioas *ioas;
	int fd, copy;

	if (!works(b->native, DIFFERENCE_CTX_FD))
		return;
	fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_ok(libiommufd_ctx_open_fd(fd, NULL, &ctx));
	close(fd);
	assert_int_equal(libiommufd_ctx_get_backend(ctx), LIBIOMMUFD_BACKEND_NATIVE);
	assert_ok(libiommufd_ctx_query_fd(ctx, &copy));
	assert_int_not_equal(copy, -1);

	/* Everything works on it. */
	uint8_t *memory = bench_memory(PAGE);
	libiommufd_ctx_unref(b->ctx);
	assert_ok(libiommufd_ioas_destroy(b->ioas));
	b->spaces[0] = NULL;
	b->ctx = ctx;
	ioas = b->ioas = bench_ioas(b);
	bench_bind(b, 0);
	assert_ok(libiommufd_device_attach(b->dev, ioas));
	assert_ok(libiommufd_ioas_map_at(ioas, memory, PAGE, BOTH, 0x10000));
	assert_true(dma_works(b, 0, 0x10000, memory));
	munmap(memory, PAGE);
}

static void only_a_dev_iommu_or_a_container_makes_a_context(void **state)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts)};
	struct libiommufd_ctx *ctx = NULL;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	(void)state;

	assert_true(fd >= 0);
	assert_refused(libiommufd_ctx_open_fd(fd, NULL, &ctx), ENOTTY, ARGUMENT);
	opts.backend = LIBIOMMUFD_BACKEND_TYPE1;
	assert_refused(libiommufd_ctx_open_fd(fd, &opts, &ctx), ENOTTY, ARGUMENT);
	/* Refused or not, the file is the caller's. */
	assert_int_equal(close(fd), 0);
	assert_refused(libiommufd_ctx_open_fd(fd, NULL, &ctx), EBADF, ARGUMENT);
	assert_null(ctx);
}

/* The bytes of pinned memory that the process, not the user, is charged for one mapping. */
static uint64_t charged_to_process(uint32_t flags)
{
	const struct libiommufd_ctx_opts opts = {.size = sizeof(opts), .flags = flags};
	struct libiommufd_ctx *ctx;
	struct libiommufd_device *dev;
	struct libiommufd_ioas *ioas;
	uint8_t *memory = bench_memory(MIB);

	assert_ok(libiommufd_ctx_open(&opts, &ctx));
	assert_ok(libiommufd_ioas_create(ctx, NULL, &ioas));
	assert_ok(libiommufd_device_open(ctx, bench_name("EDU0"), NULL, &dev));
	assert_ok(libiommufd_device_bind(dev, NULL));
	assert_ok(libiommufd_device_attach(dev, ioas));
	uint64_t before = bench_charged(false);
	assert_ok(libiommufd_ioas_map_at(ioas, memory, MIB, BOTH, 0x100000));
	uint64_t charged = bench_charged(false) - before;
	assert_ok(libiommufd_device_close(dev, 0));
	assert_int_equal(bench_charged(false), before);
	assert_ok(libiommufd_ioas_destroy(ioas));
	libiommufd_ctx_unref(ctx);
	munmap(memory, MIB);
	return charged;
}

static void pinned_memory_is_charged_to_the_process_if_asked(void **state)
{
	struct bench *b = *state;

	/* With the capability iommufd counts nothing. */
	bench_use_capability(CAP_IPC_LOCK, false);
	assert_int_equal(charged_to_process(LIBIOMMUFD_CTX_RLIMIT_PROCESS), MIB);
	assert_int_equal(charged_to_process(0), natively(b->native, BEHAVIOUR_ACCOUNT) ? 0 : MIB);
}

static int open_without_capability(struct libiommufd_ctx **ret_ctx)
{
	const struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
						 .flags = LIBIOMMUFD_CTX_RLIMIT_PROCESS};

	bench_use_capability(CAP_SYS_RESOURCE, false);
	int r = libiommufd_ctx_open(&opts, ret_ctx);
	bench_use_capability(CAP_SYS_RESOURCE, true);
	return r;
}

static void charging_the_process_needs_a_capability(void **state)
{
	struct libiommufd_ctx *ctx = NULL;
	struct bench *b = *state;

	assert_outcome(open_without_capability(&ctx),
		       differs(b->native, DIFFERENCE_RLIMIT_PROCESS_CAPABILITY));
	libiommufd_ctx_unref(ctx);
}

static void check_facts(const struct libiommufd_facts *facts, bool native)
{
	const char *node = libiommufd_facts_get_node(facts);
	char link[256], path[128];

	assert_string_equal(libiommufd_facts_get_address(facts), bench_name("EDU0"));
	assert_string_equal(libiommufd_facts_get_driver(facts), "vfio-pci");
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", bench_name("EDU0"));
	ssize_t n = readlink(path, link, sizeof(link) - 1);
	assert_true(n > 0);
	link[n] = '\0';
	assert_int_equal(libiommufd_facts_get_group(facts), atoi(strrchr(link, '/') + 1));
	assert_int_equal(libiommufd_facts_get_member_count(facts), 1);
	assert_string_equal(libiommufd_facts_get_member(facts, 0), bench_name("EDU0"));
	assert_null(libiommufd_facts_get_member(facts, 1));
	assert_string_equal(libiommufd_facts_get_member_driver(facts, 0), "vfio-pci");
	assert_null(libiommufd_facts_get_member_driver(facts, 1));
	if (natively(native, BEHAVIOUR_NAMES))
		assert_int_equal(strncmp(node, "/dev/vfio/devices/vfio", 22), 0);
	assert_true(strlen(libiommufd_facts_get_iommu(facts)) > 0);
}

static void facts_are_the_same_before_and_after_bind(void **state)
{
	struct libiommufd_facts *facts;
	struct bench *b = *state;
	const char *short_name = strchr(bench_name("EDU0"), ':') + 1;

	assert_ok(libiommufd_ctx_query_facts(b->ctx, bench_name("EDU0"), &facts));
	check_facts(facts, b->native);
	assert_null(libiommufd_facts_free(facts));
	assert_ok(libiommufd_ctx_query_facts(b->ctx, short_name, &facts));
	check_facts(facts, b->native);
	libiommufd_facts_free(facts);
	bench_bind(b, 0);
	assert_ok(libiommufd_device_query_facts(b->dev, &facts));
	check_facts(facts, b->native);
	libiommufd_facts_free(facts);
}

static void facts_of_a_device_on_another_driver_can_be_asked(void **state)
{
	struct libiommufd_facts *facts = NULL;
	struct bench *b = *state;

	/* The host bridge, which has no driver. */
	assert_ok(libiommufd_ctx_query_facts(b->ctx, "0000:00:00.0", &facts));
	assert_string_equal(libiommufd_facts_get_address(facts), "0000:00:00.0");
	assert_string_equal(libiommufd_facts_get_driver(facts), "");
	assert_string_equal(libiommufd_facts_get_node(facts), "");
	libiommufd_facts_free(facts);
	facts = NULL;
	assert_refused(libiommufd_ctx_query_facts(b->ctx, "0000:99:00.0", &facts), ENODEV,
		       NO_SUCH_DEVICE);
	assert_null(facts);
}

static void a_device_can_be_opened_by_every_name_it_has(void **state)
{
	struct libiommufd_facts *facts;
	struct bench *b = *state;
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", bench_name("EDU0"));
	assert_ok(libiommufd_ctx_query_facts(b->ctx, path, &facts));
	const char *names[] = {
		strchr(bench_name("EDU0"), ':') + 1,
		path,
		libiommufd_facts_get_node(facts),
	};
	for (int i = 0; i < (*names[2] ? 3 : 2); i++) {
		assert_ok(libiommufd_device_open(b->ctx, names[i], NULL, &b->devices[0]));
		assert_ok(libiommufd_device_bind(b->devices[0], NULL));
		assert_ok(libiommufd_device_close(b->devices[0], 0));
		b->devices[0] = NULL;
	}
	libiommufd_facts_free(facts);
}

static void what_is_no_vfio_device_cannot_be_opened(void **state)
{
	struct bench *b = *state;
	struct libiommufd_device *dev = NULL;

	/* virtio's IOMMU knows a device from its first driver on, which a host bridge never has. */
	if (access("/sys/bus/pci/devices/0000:00:00.0/iommu_group", F_OK) == 0)
		assert_refused(libiommufd_device_open(b->ctx, "0000:00:00.0", NULL, &dev), ENODEV,
			       NOT_VFIO_DRIVER);
	else
		assert_refused(libiommufd_device_open(b->ctx, "0000:00:00.0", NULL, &dev), ENODEV,
			       NO_GROUP);
	assert_refused(libiommufd_device_open(b->ctx, "0000:99:00.0", NULL, &dev), ENODEV,
		       NO_SUCH_DEVICE);
	assert_refused(libiommufd_device_open(b->ctx, "/dev/vfio/1", NULL, &dev), EINVAL, ARGUMENT);
	assert_refused(libiommufd_device_open(b->ctx, "edu", NULL, &dev), EINVAL, ARGUMENT);
	assert_refused(libiommufd_device_open(b->ctx, "/dev/vfio/devices/vfio99", NULL, &dev),
		       ENOENT, NODE_MISSING);
	assert_null(dev);
}

int run_context(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(without_a_wish_the_backend_is_native_where_the_kernel_has_it,
			   bench_setup),
		bench_test(the_required_backend_is_the_one_in_use, bench_setup),
		bench_test(a_context_lives_as_long_as_its_references, bench_setup),
		bench_test(features_are_what_the_kernel_has, bench_setup),
		bench_test(the_file_of_the_context_takes_raw_ioctls_on_our_ids, bench_setup_bound),
		bench_test(only_a_dev_iommu_or_a_container_makes_a_context, bench_setup),
		bench_test(pinned_memory_is_charged_to_the_process_if_asked, bench_setup),
		bench_test(charging_the_process_needs_a_capability, bench_setup),
		bench_test(facts_are_the_same_before_and_after_bind, bench_setup),
		bench_test(facts_of_a_device_on_another_driver_can_be_asked, bench_setup),
		bench_test(a_device_can_be_opened_by_every_name_it_has, bench_setup),
		bench_test(what_is_no_vfio_device_cannot_be_opened, bench_setup),
		bench_test(a_context_made_from_a_file_keeps_a_copy_of_it, bench_setup),
	};

	return cmocka_run_group_tests_name("context", tests, NULL, NULL);
}
