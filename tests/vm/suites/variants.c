/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a device whose vfio driver is one of its own, which an alias of the module names: virtio's for network
 * devices. Needs one virtio-net, with the lab's --no-bind. Every test leaves it as it found it.
 */
#include <stdio.h>
#include <string.h>

#include "hostbench.h"

#define VARIANT "virtio_vfio_pci"

static const char *net(void)
{
	return bench_name("VNET0");
}

static int claim(const char *driver)
{
	const struct libiommufd_host_claim_opts opts = {.size = sizeof(opts),
							.backend = hostbench_backend(),
							.driver = driver};

	return libiommufd_host_claim_device(host, net(), &opts);
}

static int teardown(void **state)
{
	(void)state;
	libiommufd_host_release_device(host, net(), NULL);
	hostbench_shell("rm -f /etc/modprobe.d/variants.conf; /sbin/modprobe -r " VARIANT);
	return strcmp(hostbench_driver(net()), "virtio-pci") ? -1 : 0;
}

static void assert_override(const char *expected)
{
	hostbench_shell("[ \"$(cat /sys/bus/pci/devices/%s/driver_override)\" = '%s' ]", net(),
			expected);
}

static uint32_t state_of_the_module(void)
{
	struct libiommufd_host_modules *modules;

	assert_host_ok(libiommufd_host_query_modules(host, net(), hostbench_backend(), &modules));
	assert_int_equal(libiommufd_host_modules_get_count(modules), 2);
	assert_string_equal(libiommufd_host_modules_get_name(modules, 1), VARIANT);
	uint32_t state = libiommufd_host_modules_get_state(modules, 1);
	libiommufd_host_modules_free(modules);
	return state;
}

/* The core makes no difference. */
static void assert_usable(void)
{
	struct libiommufd_host_purpose bind = hostbench_purpose(LIBIOMMUFD_HOST_TO_BIND);
	struct libiommufd_region *region;
	struct libiommufd_device *dev;
	struct libiommufd_ioas *ioas;
	struct libiommufd_ctx *ctx;

	assert_no_findings(net(), &bind);
	assert_ok(libiommufd_ctx_open(NULL, &ctx));
	assert_ok(libiommufd_ioas_create(ctx, NULL, &ioas));
	assert_ok(libiommufd_device_open(ctx, net(), NULL, &dev));
	assert_ok(libiommufd_device_bind(dev, NULL));
	assert_ok(libiommufd_device_attach(dev, ioas));
	assert_ok(libiommufd_device_query_region(dev, LIBIOMMUFD_PCI_CONFIG, &region));
	uint16_t vendor = 0;
	assert_ok(libiommufd_region_read(region, 0, &vendor, sizeof(vendor)));
	assert_int_equal(vendor, 0x1af4);
	assert_ok(libiommufd_device_close(dev, 0));
	assert_ok(libiommufd_ioas_destroy(ioas));
	libiommufd_ctx_unref(ctx);
}

static void the_driver_that_the_kernel_names_for_a_device_takes_it(void **state)
{
	struct libiommufd_host_devices *devices;
	(void)state;

	assert_string_equal(hostbench_driver(net()), "virtio-pci");
	assert_int_equal(state_of_the_module(), LIBIOMMUFD_HOST_MODULE_NOT_LOADED);
	assert_host_ok(claim(NULL));
	assert_string_equal(hostbench_driver(net()), VARIANT);
	assert_override(VARIANT);
	hostbench_shell("[ -e /sys/module/" VARIANT " ]");
	assert_host_ok(libiommufd_host_query_device(host, net(), &devices));
	const struct libiommufd_host_device *device = libiommufd_host_devices_get(devices, 0);
	assert_string_equal(libiommufd_host_device_get_driver(device), VARIANT);
	assert_true(libiommufd_host_device_is_on_vfio(device));
	assert_non_null(strstr(libiommufd_host_device_get_node(device), "/dev/vfio/devices/vfio"));
	libiommufd_host_devices_free(devices);
	assert_usable();
	/* It stays claimed, and by that driver. */
	assert_host_ok(claim(NULL));
	assert_string_equal(hostbench_driver(net()), VARIANT);

	assert_host_ok(libiommufd_host_release_device(host, net(), NULL));
	assert_string_equal(hostbench_driver(net()), "virtio-pci");
	assert_override("(null)");
	assert_host_refused(libiommufd_host_release_device(host, net(), NULL), ENOENT,
			    LIBIOMMUFD_HOST_REASON_NOT_CLAIMED);
}

static void findings_name_it_and_their_commands_bind_it(void **state)
{
	struct libiommufd_host_purpose bind = hostbench_purpose(LIBIOMMUFD_HOST_TO_BIND);
	const char *command;
	(void)state;

	hostbench_shell("/sbin/modprobe -a iommufd vfio_iommu_type1");
	assert_findings(net(), &bind, LIBIOMMUFD_HOST_MODULE_UNLOADED,
			LIBIOMMUFD_HOST_NOT_VFIO_DRIVER);
	assert_string_equal(libiommufd_host_finding_get_subject(hostbench_finding(0)), VARIANT);
	assert_says(0, "modprobe " VARIANT);
	assert_says(1, "it is on the driver virtio-pci");
	assert_says(1, "echo " VARIANT " >driver_override");
	hostbench_shell("/sbin/modprobe " VARIANT);
	assert_findings(net(), &bind, LIBIOMMUFD_HOST_NOT_VFIO_DRIVER);
	command = strstr(libiommufd_host_finding_get_remedy(hostbench_finding(0)), "as root: ");
	assert_non_null(command);
	hostbench_shell("%s", command + 9);
	assert_string_equal(hostbench_driver(net()), VARIANT);
	assert_usable();
	/* By hand it came, and by hand it goes. */
	hostbench_shell("cd /sys/bus/pci/devices/%s; echo %s >driver/unbind; echo "
			">driver_override; "
			"echo %s >/sys/bus/pci/drivers_probe",
			net(), net(), net());
}

static void the_driver_for_all_devices_can_be_asked_for(void **state)
{
	(void)state;
	hostbench_shell("/sbin/modprobe vfio-pci");
	assert_host_ok(claim("vfio-pci"));
	assert_string_equal(hostbench_driver(net()), "vfio-pci");
	assert_usable();
	/* Who asks for nothing keeps what is there; who asks for the other gets that. */
	assert_host_ok(claim(NULL));
	assert_string_equal(hostbench_driver(net()), "vfio-pci");
	hostbench_shell("/sbin/modprobe " VARIANT);
	assert_host_ok(claim(VARIANT));
	assert_string_equal(hostbench_driver(net()), VARIANT);
	assert_usable();
	/* What was before the first claim comes back. */
	assert_host_ok(libiommufd_host_release_device(host, net(), NULL));
	assert_string_equal(hostbench_driver(net()), "virtio-pci");
	assert_override("(null)");
}

static void a_module_of_its_own_that_is_forbidden_is_not_passed_over(void **state)
{
	(void)state;
	hostbench_shell("mkdir -p /etc/modprobe.d && "
			"echo blacklist " VARIANT " >/etc/modprobe.d/variants.conf");
	assert_int_equal(state_of_the_module(), LIBIOMMUFD_HOST_MODULE_BLACKLISTED);
	assert_host_refused(claim(NULL), EPERM, LIBIOMMUFD_HOST_REASON_MODULE_BLACKLISTED);
	assert_non_null(strstr(libiommufd_host_last_error()->text, "blacklist " VARIANT));
	assert_string_equal(hostbench_driver(net()), "virtio-pci");
	assert_host_ok(claim("vfio-pci"));
	assert_string_equal(hostbench_driver(net()), "vfio-pci");
}

int main(void)
{
#define TEST(test) cmocka_unit_test_teardown(test, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_driver_that_the_kernel_names_for_a_device_takes_it),
		TEST(findings_name_it_and_their_commands_bind_it),
		TEST(the_driver_for_all_devices_can_be_asked_for),
		TEST(a_module_of_its_own_that_is_forbidden_is_not_passed_over),
	};

	bench_begin();
	return cmocka_run_group_tests_name("variants", tests, hostbench_setup, hostbench_teardown);
}
