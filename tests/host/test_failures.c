/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs every call while memory, libudev and libkmod fail, each time at another point: the error is right, outputs are
 * untouched, nothing leaks (with sanitizers), and the next try does it. The linker puts the wrappers below in place.
 */
#include <libkmod.h>
#include <libudev.h>

#include "drivers.h"

static bool armed;
static int count, when;

static bool fails_now(void)
{
	return armed && ++count == when;
}

/* What is wrapped, and what it answers when it fails. */
#define WRAP(type, name, parameters, arguments, failure) \
	type __real_##name parameters;                   \
	type __wrap_##name parameters;                   \
	type __wrap_##name parameters                    \
	{                                                \
		if (!fails_now())                        \
			return __real_##name arguments;  \
		errno = ENOMEM;                          \
		return failure;                          \
	}

WRAP(void *, calloc, (size_t n, size_t size), (n, size), NULL)
WRAP(void *, realloc, (void *old, size_t size), (old, size), NULL)
WRAP(char *, strdup, (const char *text), (text), NULL)
WRAP(struct udev *, udev_new, (void), (), NULL)
WRAP(struct udev_enumerate *, udev_enumerate_new, (struct udev * udev), (udev), NULL)
WRAP(int, udev_enumerate_add_match_subsystem, (struct udev_enumerate * e, const char *name),
     (e, name), -ENOMEM)
WRAP(int, udev_enumerate_scan_devices, (struct udev_enumerate * e), (e), -EIO)
WRAP(struct udev_monitor *, udev_monitor_new_from_netlink, (struct udev * udev, const char *name),
     (udev, name), NULL)
WRAP(int, udev_monitor_filter_add_match_subsystem_devtype,
     (struct udev_monitor * m, const char *subsystem, const char *type), (m, subsystem, type),
     -ENOMEM)
WRAP(int, udev_monitor_enable_receiving, (struct udev_monitor * m), (m), -EPERM)
WRAP(struct kmod_ctx *, kmod_new, (const char *dir, const char *const *config), (dir, config), NULL)
WRAP(int, kmod_module_new_from_lookup,
     (struct kmod_ctx * kmod, const char *alias, struct kmod_list **list), (kmod, alias, list),
     -ENOENT)

static int open_a_host(void **ret)
{
	return libiommufd_host_open(NULL, (struct libiommufd_host **)ret);
}

static void close_the_host(void *other)
{
	libiommufd_host_close(other);
}

static int list(void **ret)
{
	return libiommufd_host_query_devices(host, NULL, (struct libiommufd_host_devices **)ret);
}

static int look(void **ret)
{
	return libiommufd_host_query_device(host, DEVICE, (struct libiommufd_host_devices **)ret);
}

static void free_devices(void *devices)
{
	libiommufd_host_devices_free(devices);
}

static int list_modules(void **ret)
{
	return libiommufd_host_query_modules(host, DEVICE, LIBIOMMUFD_BACKEND_TYPE1,
					     (struct libiommufd_host_modules **)ret);
}

static void free_modules(void *modules)
{
	libiommufd_host_modules_free(modules);
}

static int find(void **ret)
{
	const struct libiommufd_host_purpose map = {.size = sizeof(map),
						    .purpose = LIBIOMMUFD_HOST_TO_MAP,
						    .length = 1ULL << 40};

	return libiommufd_host_query_findings(host, DEVICE, &map,
					      (struct libiommufd_host_findings **)ret);
}

static void free_findings(void *findings)
{
	libiommufd_host_findings_free(findings);
}

static int watch(void **ret)
{
	return libiommufd_host_watch_open(host, (struct libiommufd_host_watch **)ret);
}

static void close_watch(void *opened)
{
	libiommufd_host_watch_close(opened);
}

static const struct {
	const char *name;
	int (*call)(void **ret);
	void (*end)(void *object);
	int points; /* where it can fail, at least */
} flows[] = {
	{"host_open", open_a_host, close_the_host, 2},
	{"query_devices", list, free_devices, 20},
	{"query_device", look, free_devices, 5},
	{"query_modules", list_modules, free_modules, 6},
	{"query_findings", find, free_findings, 10},
	{"watch_open", watch, close_watch, 8},
};

static void a_call_that_fails_anywhere_leaves_its_output_and_can_be_repeated(void **state)
{
	int untouched;
	(void)state;

	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		int refused = 0;
		for (when = 1; when < 500; when++) {
			void *object = &untouched;
			count = 0;
			armed = true;
			int r = flows[i].call(&object);
			armed = false;
			if (r == 0) {
				/* What cannot be had of libkmod is a module that is not there. */
				assert_ptr_not_equal(object, &untouched);
				flows[i].end(object);
				if (count < when)
					break;
				continue;
			}
			refused++;
			assert_true(r < 0);
			assert_ptr_equal(object, &untouched);
			assert_int_equal(libiommufd_host_last_error()->error, r);
			assert_true(strlen(libiommufd_host_last_error()->text) > 15);
			assert_int_equal(flows[i].call(&object), 0);
			flows[i].end(object);
		}
		print_message("%s: %d points, %d of them failures\n", flows[i].name, when - 1,
			      refused);
		assert_in_range(when - 1, flows[i].points, 498);
		assert_in_range(refused, 2, when);
	}
}

static void a_claim_that_fails_for_memory_is_undone_or_its_record_stays(void **state)
{
	int kept = 0;
	(void)state;
	for (when = 1; when < 500; when++) {
		count = 0;
		armed = true;
		int r = claim(NULL, LIBIOMMUFD_HOST_CLAIM_GROUP);
		armed = false;
		assert_true(r < 0);
		/* No node came, and then there is no memory to see whether someone has it. */
		if (has_record(DEVICE) || has_record(OTHER)) {
			kept++;
			assert_int_equal(r, -ETIMEDOUT);
			assert_int_equal(release(LIBIOMMUFD_HOST_RELEASE_GROUP), 0);
		}
		assert_untouched(DEVICE);
		assert_untouched(OTHER);
		if (count < when)
			break;
	}
	assert_in_range(when, 10, 498);
	assert_int_equal(kept, 2);
}

static void a_release_that_fails_for_memory_can_be_repeated(void **state)
{
	int refused = 0;
	(void)state;
	for (when = 1; when < 500; when++) {
		claimed_before(DEVICE, "e1000e");
		claimed_before(OTHER, "e1000e");
		count = 0;
		armed = true;
		int r = release(LIBIOMMUFD_HOST_RELEASE_GROUP);
		armed = false;
		/* All of them, lest a device be taken from somebody who was not looked for. */
		assert_true(r < 0 || count < when);
		refused += r < 0;
		if (r < 0)
			assert_int_equal(release(LIBIOMMUFD_HOST_RELEASE_GROUP), 0);
		assert_untouched(DEVICE);
		assert_untouched(OTHER);
		if (count < when)
			break;
	}
	assert_in_range(refused, 10, 498);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, drivers_setup, drivers_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_call_that_fails_anywhere_leaves_its_output_and_can_be_repeated),
		TEST(a_claim_that_fails_for_memory_is_undone_or_its_record_stays),
		TEST(a_release_that_fails_for_memory_can_be_repeated),
	};

	return cmocka_run_group_tests_name("failures", tests, NULL, NULL);
}
