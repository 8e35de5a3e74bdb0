/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs two functions of one group of which the kernel's own driver has one or both. Needs the set e1000e
 * and the lab's --no-bind. Each test puts the functions on the drivers that it wants.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define PCI "/sys/bus/pci/"

/* 0 or what write() failed with. */
static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error = 0;

	assert_true(fd >= 0);
	if (write(fd, text, strlen(text)) < 0)
		error = errno;
	close(fd);
	return error;
}

/* The last part of a device's driver link, or "". */
static const char *driver_of(const char *name)
{
	static char target[256];
	char path[128];

	snprintf(path, sizeof(path), PCI "devices/%s/driver", name);
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return "";
	target[n] = '\0';
	return strrchr(target, '/') + 1;
}

/* Put the device on a driver, or on none if that is NULL. The errno of the last step. */
static int move_to(const char *name, const char *driver)
{
	char path[128];

	snprintf(path, sizeof(path), PCI "devices/%s/driver/unbind", name);
	if (*driver_of(name))
		assert_int_equal(put(path, name), 0);
	if (!driver)
		return 0;
	snprintf(path, sizeof(path), PCI "devices/%s/driver_override", name);
	assert_int_equal(put(path, driver), 0);
	snprintf(path, sizeof(path), PCI "drivers/%s/bind", driver);
	return put(path, name);
}

static void place(const char *first, const char *second)
{
	const char *const drivers[] = {first, second};
	static const char *const variables[] = {"NET0", "NET1"};

	/* First away from where they are, so that the group is nobody's. */
	for (int n = 0; n < 2; n++)
		assert_int_equal(move_to(bench_name(variables[n]), NULL), 0);
	for (int n = 0; n < 2; n++) {
		assert_int_equal(move_to(bench_name(variables[n]), drivers[n]), 0);
		assert_string_equal(driver_of(bench_name(variables[n])),
				    drivers[n] ? drivers[n] : "");
	}
}

static int open_function(struct bench *b, int n)
{
	return libiommufd_device_open(b->ctx, bench_name(n ? "NET1" : "NET0"), NULL,
				      &b->devices[n]);
}

static void a_function_on_the_hosts_driver_cannot_be_opened(void **state)
{
	struct bench *b = *state;

	place("e1000e", "e1000e");
	assert_refused(open_function(b, 1), ENODEV, NOT_VFIO_DRIVER);
	assert_sentence("e1000e");
	assert_null(b->devices[1]);
}

static void a_bind_names_the_function_that_the_host_drives(void **state)
{
	struct libiommufd_facts *facts;
	struct bench *b = *state;
	uint32_t value;

	place("e1000e", "vfio-pci");
	assert_ok(open_function(b, 1));
	assert_refused(libiommufd_device_bind(b->devices[1], NULL), EPERM, GROUP_NOT_VIABLE);
	assert_sentence(bench_name("NET0"));
	assert_sentence("e1000e");
	assert_state(b->devices[1], OPENED, KERNEL, NULL);
	assert_refused(libiommufd_device_config_read32(b->devices[1], 0, &value), EACCES,
		       NOT_BOUND);

	assert_ok(libiommufd_device_query_facts(b->devices[1], &facts));
	int count = libiommufd_facts_get_member_count(facts), found = 0;
	for (int i = 0; i < count; i++)
		if (!strcmp(libiommufd_facts_get_member(facts, i), bench_name("NET0"))) {
			found++;
			assert_string_equal(libiommufd_facts_get_member_driver(facts, i), "e1000e");
		}
	assert_int_equal(found, 1);
	libiommufd_facts_free(facts);

	/* Off that driver, the same handle can be bound. */
	assert_int_equal(move_to(bench_name("NET0"), NULL), 0);
	assert_ok(libiommufd_device_bind(b->devices[1], NULL));
	assert_ok(libiommufd_device_config_read32(b->devices[1], 0, &value));
	assert_int_equal(value, 0x10d38086);
}

static void the_hosts_driver_cannot_take_a_function_of_a_group_in_use(void **state)
{
	struct bench *b = *state;
	uint32_t value;

	place(NULL, "vfio-pci");
	assert_ok(open_function(b, 1));
	assert_ok(libiommufd_device_bind(b->devices[1], NULL));
	assert_int_equal(move_to(bench_name("NET0"), "e1000e"), EBUSY);
	assert_string_equal(driver_of(bench_name("NET0")), "");
	assert_ok(libiommufd_device_attach(b->devices[1], b->ioas));
	assert_int_equal(move_to(bench_name("NET0"), "e1000e"), EBUSY);
	assert_string_equal(driver_of(bench_name("NET0")), "");
	assert_ok(libiommufd_device_config_read32(b->devices[1], 0, &value));
	assert_int_equal(value, 0x10d38086);
	assert_state(b->devices[1], ATTACHED, IOAS, b->ioas);

	/* Once the group is free it can, and then nobody else can bind. */
	assert_ok(libiommufd_device_close(b->devices[1], 0));
	b->devices[1] = NULL;
	assert_int_equal(move_to(bench_name("NET0"), "e1000e"), 0);
	assert_string_equal(driver_of(bench_name("NET0")), "e1000e");
	assert_ok(open_function(b, 1));
	assert_refused(libiommufd_device_bind(b->devices[1], NULL), EPERM, GROUP_NOT_VIABLE);
}

static void a_function_can_join_a_group_in_use_by_the_same_context(void **state)
{
	struct bench *b = *state;
	uint32_t value;

	place(NULL, "vfio-pci");
	assert_ok(open_function(b, 1));
	assert_ok(libiommufd_device_bind(b->devices[1], NULL));
	assert_ok(libiommufd_device_attach(b->devices[1], b->ioas));
	assert_int_equal(move_to(bench_name("NET0"), "vfio-pci"), 0);
	assert_ok(open_function(b, 0));
	assert_ok(libiommufd_device_bind(b->devices[0], NULL));
	assert_state(b->devices[0], BOUND, IOAS, b->ioas);
	assert_ok(libiommufd_device_config_read32(b->devices[0], 0, &value));
	assert_int_equal(value, 0x10d38086);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(a_function_on_the_hosts_driver_cannot_be_opened, bench_setup),
		bench_test(a_bind_names_the_function_that_the_host_drives, bench_setup),
		bench_test(the_hosts_driver_cannot_take_a_function_of_a_group_in_use, bench_setup),
		bench_test(a_function_can_join_a_group_in_use_by_the_same_context, bench_setup),
	};

	bench_begin();
	if (system("/sbin/modprobe vfio-pci") != 0)
		return 1;
	return cmocka_run_group_tests_name("hostdriver", tests, NULL, NULL);
}
