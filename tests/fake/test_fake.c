/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fake behaves like the kernel where the other tests lean on it, and the library on it as it says. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctx.h"
#include "uapi/iommufd.h"
#include "uapi/vfio.h"

static const uint32_t both = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE;
static const uint32_t backends[] = {LIBIOMMUFD_BACKEND_NATIVE, LIBIOMMUFD_BACKEND_TYPE1};

#define assert_reason(x) \
	assert_string_equal(libiommufd_reason_name(libiommufd_last_error()->reason), #x)

/* ---- The fake ---- */

static void a_group_is_held_by_its_devices_and_mappings(void **state)
{
	struct world w;
	void *p;
	(void)state;

	world_init(&w, LIBIOMMUFD_BACKEND_TYPE1, NULL);
	const struct sys *sys = fake_sys(w.fake);
	int group = sys->open(sys, "/dev/vfio/3", 0), device, fd;
	int container = sys->open(sys, "/dev/vfio/vfio", 0);
	assert_int_equal(sys->open(sys, "/dev/vfio/3", 0), -EBUSY);
	assert_int_equal(sys->ioctl(sys, group, VFIO_GROUP_GET_DEVICE_FD, (void *)FAKE_DEV0),
			 -EINVAL);
	assert_int_equal(sys->ioctl(sys, group, VFIO_GROUP_SET_CONTAINER, &container), 0);
	assert_int_equal(sys->ioctl(sys, container, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU), 0);
	device = sys->ioctl(sys, group, VFIO_GROUP_GET_DEVICE_FD, (void *)FAKE_DEV0);
	assert_true(device >= 0);
	assert_int_equal(sys->ioctl(sys, group, VFIO_GROUP_GET_DEVICE_FD, (void *)FAKE_ALONE),
			 -ENODEV);
	assert_int_equal(sys->ioctl(sys, group, VFIO_GROUP_UNSET_CONTAINER, NULL), -EBUSY);
	assert_int_equal(sys->mmap(sys, NULL, PAGE, 3, 1, device, 0, &p), 0);
	sys->close(sys, device);
	sys->close(sys, group);
	sys->close(sys, container);
	/* The mapping holds the device, that the group. */
	assert_int_equal(sys->open(sys, "/dev/vfio/3", 0), -EBUSY);
	sys->munmap(sys, p, PAGE);
	fd = sys->open(sys, "/dev/vfio/3", 0);
	assert_true(fd >= 0);
	sys->close(sys, fd);
	assert_true(world_fini(&w));
}

static void the_two_interfaces_exclude_each_other(void **state)
{
	struct world w;
	int group;
	(void)state;

	world_init(&w, LIBIOMMUFD_BACKEND_NATIVE, NULL);
	const struct sys *sys = fake_sys(w.fake);
	world_ctx(&w);
	world_open(&w, DEV0);
	group = sys->open(sys, "/dev/vfio/3", 0);
	assert_int_equal(libiommufd_device_bind(w.devices[DEV0], NULL), -EBUSY);
	assert_reason(GROUP_BUSY);
	sys->close(sys, group);
	assert_int_equal(libiommufd_device_bind(w.devices[DEV0], NULL), 0);
	assert_int_equal(sys->open(sys, "/dev/vfio/3", 0), -EBUSY);
	assert_true(world_fini(&w));
}

static void an_unmap_that_cuts_keeps_what_is_gone_gone(void **state)
{
	struct world w;
	(void)state;

	/* So on iommufd; type1 does nothing at all. */
	for (int b = 0; b < 2; b++) {
		uint64_t bytes = 7;
		world_init(&w, backends[b], NULL);
		world_ctx(&w);
		world_space(&w, X);
		world_attach(&w, DEV0, X);
		world_map(&w, X, 0x200000, 4, 1);
		world_map(&w, X, 0x201000, 5, 2);
		assert_int_equal(libiommufd_ioas_unmap(w.spaces[X], 0x200000, 2 * PAGE, &bytes),
				 -ENOENT);
		assert_reason(NOT_MAPPED);
		assert_int_equal(bytes, 7);
		assert_int_equal(fake_dma(w.fake, FAKE_DEV0, 0x200000, true).reach,
				 b == 0 ? FAKE_BLOCKED : FAKE_REACHES);
		assert_true(world_fini(&w));
	}
}

static void dma_obeys_access_and_ends(void **state)
{
	struct world w;
	(void)state;

	for (int b = 0; b < 2; b++) {
		world_init(&w, backends[b], NULL);
		world_ctx(&w);
		world_space(&w, X);
		assert_int_equal(fake_dma(w.fake, FAKE_DEV0, PROBE, true).reach, FAKE_KERNEL);
		world_attach(&w, DEV0, X);
		assert_int_equal(libiommufd_ioas_map_at(w.spaces[X], w.memory + 4 * PAGE, PAGE,
							LIBIOMMUFD_READ, 0x200000),
				 0);
		assert_int_equal(fake_dma(w.fake, FAKE_DEV0, 0x200000, true).reach, FAKE_BLOCKED);
		assert_ptr_equal(fake_dma(w.fake, FAKE_DEV0, 0x200010, false).va,
				 w.memory + 4 * PAGE + 16);
		assert_int_equal(fake_dma(w.fake, FAKE_DEV0, 0x201000, false).reach, FAKE_BLOCKED);
		/* The other function, bound by nobody, is in the same group. */
		assert_int_equal(fake_dma(w.fake, FAKE_DEV1, 0x200000, false).reach, FAKE_REACHES);
		assert_int_equal(fake_dma(w.fake, FAKE_ALONE, 0x200000, false).reach, FAKE_KERNEL);
		assert_true(world_fini(&w));
	}
}

/* ---- The library on it ---- */

static void dual_function_scenarios(void **state)
{
	struct world w;
	struct fake_config config = fake_default;
	int fd;
	(void)state;

	config.devices[DEV0].driver = "e1000e";
	for (int b = 0; b < 2; b++) {
		world_init(&w, backends[b], &config);
		world_ctx(&w);
		world_space(&w, X);
		world_open(&w, DEV1);
		assert_int_equal(libiommufd_device_bind(w.devices[DEV1], NULL), -EPERM);
		assert_reason(GROUP_NOT_VIABLE);
		assert_non_null(strstr(libiommufd_last_error()->text, FAKE_DEV0));
		assert_non_null(strstr(libiommufd_last_error()->text, "e1000e"));

		assert_int_equal(fake_set_driver(w.fake, FAKE_DEV0, "vfio-pci"), 0);
		assert_int_equal(libiommufd_device_bind(w.devices[DEV1], NULL), 0);
		assert_int_equal(fake_set_driver(w.fake, FAKE_DEV0, "e1000e"), -EBUSY);
		world_bind(&w, DEV0);
		/* Type1: what is bound but was not used does not hold its driver. */
		assert_int_equal(libiommufd_device_query_fd(w.devices[DEV0], &fd), 0);
		assert_int_equal(fake_dma(w.fake, FAKE_DEV0, PROBE, true).reach, FAKE_BLOCKED);
		world_attach(&w, DEV1, X);
		assert_ptr_equal(fake_dma(w.fake, FAKE_DEV0, PROBE, true).va, w.memory);
		assert_null(world_contradiction(&w));
		assert_int_equal(libiommufd_device_detach(w.devices[DEV1]), 0);
		assert_int_equal(fake_dma(w.fake, FAKE_DEV0, PROBE, true).reach, FAKE_BLOCKED);
		assert_int_equal(fake_set_driver(w.fake, FAKE_DEV0, "vfio-pci"), -EBUSY);
		*fake_config(w.fake) = fake_default;
		assert_true(world_fini(&w));
	}
}

static void a_stale_node_is_refused(void **state)
{
	struct fake_config config = fake_default;
	struct libiommufd_device *dev = NULL;
	struct world w;
	(void)state;

	config.stale_node = true;
	world_init(&w, LIBIOMMUFD_BACKEND_NATIVE, &config);
	world_ctx(&w);
	assert_int_equal(libiommufd_device_open(w.ctx, FAKE_DEV0, NULL, &dev), -ENXIO);
	assert_reason(STALE_NODE);
	assert_int_equal(fake_counts(w.fake).fds, 1);
	assert_true(world_fini(&w));
}

static void nodes_that_may_not_be_opened_are_named(void **state)
{
	struct fake_config config = fake_default;
	struct libiommufd_device *dev = NULL;
	struct libiommufd_ctx *ctx = NULL;
	struct world w;
	(void)state;

	config.deny = FAKE_DENY_CDEV | FAKE_DENY_GROUP;
	for (int b = 0; b < 2; b++) {
		world_init(&w, backends[b], &config);
		world_ctx(&w);
		assert_int_equal(libiommufd_device_open(w.ctx, FAKE_DEV0, NULL, &dev), -EACCES);
		assert_reason(NOT_PERMITTED);
		assert_non_null(strstr(libiommufd_last_error()->text, "/dev/vfio/"));
		assert_true(world_fini(&w));
	}
	config.deny = FAKE_DENY_IOMMU | FAKE_DENY_CONTAINER;
	world_init(&w, LIBIOMMUFD_BACKEND_AUTO, &config);
	assert_int_equal(ctx_open(fake_sys(w.fake), NULL, &ctx), -EACCES);
	assert_reason(NOT_PERMITTED);
	assert_non_null(strstr(libiommufd_last_error()->text, "/dev/iommu"));
	assert_non_null(strstr(libiommufd_last_error()->text, "/dev/vfio/vfio"));
	assert_true(world_fini(&w));
}

static void a_region_reads_what_its_mapping_holds(void **state)
{
	const uint32_t word = 0x11223344;
	uint64_t offset, length;
	uint32_t back = 0;
	struct world w;
	void *p, *large;
	(void)state;

	for (int b = 0; b < 2; b++) {
		world_init(&w, backends[b], NULL);
		world_ctx(&w);
		world_bind(&w, ALONE);
		assert_int_equal(libiommufd_device_query_region(w.devices[ALONE], 0, &w.region), 0);
		assert_int_equal(libiommufd_region_get_area_count(w.region), 2);
		assert_int_equal(libiommufd_region_get_area(w.region, 1, &offset, &length), 0);
		assert_int_equal(offset, 2 * PAGE);
		assert_int_equal(libiommufd_region_map(w.region, PAGE, PAGE, both, &p), -EINVAL);
		assert_reason(REGION_ACCESS);
		assert_int_equal(libiommufd_region_map(w.region, 2 * PAGE, PAGE, both, &p), 0);
		memcpy(p, &word, sizeof(word));
		assert_int_equal(libiommufd_region_read(w.region, 2 * PAGE, &back, 4), 0);
		assert_int_equal(back, word);

		/* Aligned like the large page it may become, and nothing else is mapped for it. */
		assert_int_equal(libiommufd_device_query_region(w.devices[ALONE], 2, &w.region), 0);
		uint64_t own = fake_counts(w.fake).own_bytes;
		assert_int_equal(libiommufd_region_map(w.region, 0, 4 << 20, both, &large), 0);
		assert_int_equal((uintptr_t)large % (2 << 20), 0);
		assert_int_equal(fake_counts(w.fake).own_bytes, own + (4 << 20));
		assert_int_equal(libiommufd_device_close(w.devices[ALONE], 0), -EBUSY);
		assert_reason(REGION_MAPPED);
		assert_true(world_fini(&w));
	}
}

static void pins_are_counted_once_where_the_kernel_does(void **state)
{
	struct world w;
	(void)state;

	for (int b = 0; b < 2; b++) {
		world_init(&w, backends[b], NULL);
		world_ctx(&w);
		world_space(&w, X);
		world_space(&w, Y);
		assert_int_equal(fake_counts(w.fake).pinned_bytes, 0);
		world_attach(&w, DEV0, X);
		world_attach(&w, ALONE, Y);
		assert_int_equal(fake_counts(w.fake).pinned_bytes, 2 * PAGE);
		assert_int_equal(libiommufd_ioas_copy_at(w.spaces[Y], w.spaces[X], PROBE, PAGE,
							 both, 0x400000),
				 0);
		assert_int_equal(fake_counts(w.fake).pinned_bytes, (b == 0 ? 2 : 3) * PAGE);
		assert_int_equal(libiommufd_device_detach(w.devices[ALONE]), 0);
		assert_int_equal(fake_counts(w.fake).pinned_bytes, PAGE);
		assert_true(world_fini(&w));
	}
}

/* To pick well with nothing attached the library sets the kernel's list for a moment. */
static void a_list_that_was_left_behind_is_taken_back(void **state)
{
	struct world w;
	uint64_t iova;
	char *dump;
	(void)state;

	world_init(&w, LIBIOMMUFD_BACKEND_NATIVE, NULL);
	world_ctx(&w);
	world_space(&w, X);
	fake_count_from_here(w.fake, false);
	fake_fail(w.fake, 3, -ENOMEM, false);
	assert_int_equal(libiommufd_ioas_map(w.spaces[X], w.memory, PAGE, both, &iova), -ENOMEM);
	assert_string_equal(fake_failed(w.fake), "ioctl IOMMU_IOAS_ALLOW_IOVAS none");
	fake_fail(w.fake, 0, 0, false);
	dump = fake_dump(w.fake);
	assert_non_null(strstr(dump, "allowed"));
	free(dump);
	world_attach(&w, DEV0, X);
	dump = fake_dump(w.fake);
	assert_null(strstr(dump, "allowed"));
	free(dump);
	assert_true(world_fini(&w));
}

/* On a kernel that maps no files the library does, and must not take the memory from a copy. */
static void a_copy_of_a_file_outlives_it(void **state)
{
	struct world w;
	(void)state;

	for (int b = 0; b < 2; b++) {
		world_init(&w, backends[b], NULL);
		world_ctx(&w);
		world_space(&w, X);
		world_space(&w, Y);
		w.file = fake_file(w.fake, 4 * PAGE, true, 2);
		uint64_t own = fake_counts(w.fake).own_bytes;
		assert_int_equal(libiommufd_ioas_map_file_at(w.spaces[X], w.file, 0, 4 * PAGE, both,
							     0x200000),
				 0);
		assert_int_equal(libiommufd_ioas_copy_at(w.spaces[Y], w.spaces[X], 0x201000,
							 2 * PAGE, both, 0x400000),
				 0);
		assert_int_equal(libiommufd_ioas_unmap(w.spaces[X], 0x200000, 4 * PAGE, NULL), 0);
		assert_int_equal(fake_counts(w.fake).own_bytes, own + 4 * PAGE);
		world_attach(&w, DEV0, Y);
		struct fake_dma dma = fake_dma(w.fake, FAKE_DEV0, 0x400000, true);
		assert_int_equal(dma.reach, FAKE_REACHES);
		memset(dma.va, 1, PAGE);
		assert_int_equal(libiommufd_ioas_unmap(w.spaces[Y], 0x400000, 2 * PAGE, NULL), 0);
		assert_int_equal(fake_counts(w.fake).own_bytes, own);
		assert_true(world_fini(&w));
	}
}

/* What ctx can do in a forked child; the status it exits with tells. */
static int in_child(struct world *w)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		uint64_t iova;
		int r = libiommufd_ioas_map(w->spaces[X], w->memory, PAGE, both, &iova);
		bool ok = r == -EPERM &&
			  libiommufd_last_error()->reason == LIBIOMMUFD_REASON_OTHER_PROCESS;
		ok = ok && libiommufd_device_detach(w->devices[DEV0]) == -EPERM;
		ok = ok && libiommufd_ioas_destroy(w->spaces[X]) == 0;
		_exit(ok ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void a_forked_child_can_do_nothing(void **state)
{
	struct world w;
	(void)state;

	for (int b = 0; b < 2; b++) {
		world_init(&w, backends[b], NULL);
		world_ctx(&w);
		world_space(&w, X);
		world_attach(&w, DEV0, X);
		assert_int_equal(in_child(&w), 0);
		assert_null(world_contradiction(&w));
		assert_true(world_fini(&w));

		/* Also where the kernel cannot wipe a page in the child, which is asked last. */
		world_init(&w, backends[b], NULL);
		fake_count_from_here(w.fake, false);
		world_ctx(&w);
		unsigned last = fake_call_count(w.fake);
		assert_string_equal(fake_call_name(w.fake, last), "madvise ");
		w.ctx = libiommufd_ctx_unref(w.ctx);
		fake_count_from_here(w.fake, false);
		fake_fail(w.fake, last, -EINVAL, false);
		world_ctx(&w);
		assert_non_null(fake_failed(w.fake));
		world_space(&w, X);
		world_attach(&w, DEV0, X);
		assert_int_equal(in_child(&w), 0);
		assert_true(world_fini(&w));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_is_held_by_its_devices_and_mappings),
		cmocka_unit_test(the_two_interfaces_exclude_each_other),
		cmocka_unit_test(an_unmap_that_cuts_keeps_what_is_gone_gone),
		cmocka_unit_test(dma_obeys_access_and_ends),
		cmocka_unit_test(dual_function_scenarios),
		cmocka_unit_test(a_stale_node_is_refused),
		cmocka_unit_test(nodes_that_may_not_be_opened_are_named),
		cmocka_unit_test(a_region_reads_what_its_mapping_holds),
		cmocka_unit_test(pins_are_counted_once_where_the_kernel_does),
		cmocka_unit_test(a_list_that_was_left_behind_is_taken_back),
		cmocka_unit_test(a_copy_of_a_file_outlives_it),
		cmocka_unit_test(a_forked_child_can_do_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
