/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a platform device from no driver to vfio-platform and back: the HPET, a timer, which needs to be in an IOMMU
 * group, as the row of the matrix says. Nothing but its registers is of use.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "behaviours.h"
#include "hostbench.h"

#define DEVICE "PNP0103:00"
#define SYSFS  "/sys/bus/platform/devices/" DEVICE

static int claim(void)
{
	const struct libiommufd_host_claim_opts opts = {.size = sizeof(opts),
							.flags = LIBIOMMUFD_HOST_CLAIM_GROUP |
								 LIBIOMMUFD_HOST_CLAIM_PERMIT,
							.backend = hostbench_backend(),
							.uid = 1000};

	return libiommufd_host_claim_device(host, DEVICE, &opts);
}

static int teardown(void **state)
{
	(void)state;
	int r = libiommufd_host_release_device(host, DEVICE, NULL);
	/* Of a module in use the kernel would wait for the end. */
	if (r < 0 && r != -ENOENT)
		return -1;
	hostbench_shell("/sbin/modprobe -r vfio_platform && [ ! -e " SYSFS "/driver ] && "
			"[ \"$(cat " SYSFS "/driver_override)\" = '(null)' ]");
	return 0;
}

static void a_platform_device_in_a_group_is_listed(void **state)
{
	struct libiommufd_host_devices *devices;
	size_t found = 0;
	(void)state;

	assert_host_ok(libiommufd_host_query_devices(host, NULL, &devices));
	for (size_t i = 0; i < libiommufd_host_devices_get_count(devices); i++) {
		const struct libiommufd_host_device *device =
			libiommufd_host_devices_get(devices, i);
		if (strcmp(libiommufd_host_device_get_bus(device), "platform"))
			continue;
		found++;
		assert_string_equal(libiommufd_host_device_get_name(device), DEVICE);
		assert_string_equal(libiommufd_host_device_get_driver(device), "");
		assert_string_equal(libiommufd_host_device_get_node(device), "");
		assert_string_equal(libiommufd_host_device_get_iommu(device), "ivhd0");
		assert_true(libiommufd_host_device_get_group(device) >= 0);
		assert_int_equal(libiommufd_host_device_get_member_count(device), 1);
		assert_string_equal(libiommufd_host_device_get_member(device, 0), DEVICE);
		assert_false(libiommufd_host_device_is_on_vfio(device));
	}
	assert_int_equal(found, 1);
	libiommufd_host_devices_free(devices);
}

static void findings_lead_a_platform_device_to_its_driver(void **state)
{
	struct libiommufd_host_purpose bind = hostbench_purpose(LIBIOMMUFD_HOST_TO_BIND);
	(void)state;

	hostbench_shell("/sbin/modprobe -a iommufd vfio_iommu_type1");
	assert_findings(DEVICE, &bind, LIBIOMMUFD_HOST_MODULE_UNLOADED,
			LIBIOMMUFD_HOST_NOT_VFIO_DRIVER, LIBIOMMUFD_HOST_UNSAFE_INTERRUPTS);
	assert_says(0, "modprobe vfio_platform");
	assert_says(1, "it has no driver");
	assert_says(1, "echo vfio-platform >driver_override");
}

static void a_device_that_cannot_be_reset_is_refused_with_the_way_out(void **state)
{
	(void)state;
	assert_host_refused(claim(), ENODEV, LIBIOMMUFD_HOST_REASON_DRIVER_REFUSED);
	assert_non_null(strstr(libiommufd_host_last_error()->text, "reset_required=0"));
	hostbench_shell("[ ! -e " SYSFS "/driver ] && [ ! -e /run/libiommufd/platform:* ]");
}

static void a_platform_device_goes_to_vfio_and_comes_back(void **state)
{
	struct libiommufd_host_purpose bind = hostbench_purpose(LIBIOMMUFD_HOST_TO_BIND);
	struct libiommufd_host_devices *devices;
	struct libiommufd_region *region;
	struct libiommufd_device *dev;
	struct libiommufd_ioas *ioas;
	struct libiommufd_ctx *ctx;
	char node[64];
	uint32_t id = 0;
	struct stat st;
	(void)state;

	hostbench_shell("/sbin/modprobe vfio_platform reset_required=0");
	assert_host_ok(claim());
	assert_host_ok(libiommufd_host_query_device(host, DEVICE, &devices));
	const struct libiommufd_host_device *device = libiommufd_host_devices_get(devices, 0);
	assert_string_equal(libiommufd_host_device_get_driver(device), "vfio-platform");
	assert_true(libiommufd_host_device_is_on_vfio(device));
	if (natively(hostbench_is_native(), BEHAVIOUR_NAMES))
		snprintf(node, sizeof(node), "%s", libiommufd_host_device_get_node(device));
	else
		snprintf(node, sizeof(node), "/dev/vfio/%d",
			 libiommufd_host_device_get_group(device));
	libiommufd_host_devices_free(devices);
	assert_int_equal(stat(node, &st), 0);
	assert_int_equal(st.st_uid, 1000);

	/* It has no interrupts that could be remapped, and is refused for that. */
	assert_ok(libiommufd_ctx_open(NULL, &ctx));
	assert_ok(libiommufd_ioas_create(ctx, NULL, &ioas));
	assert_ok(libiommufd_device_open(ctx, SYSFS, NULL, &dev));
	assert_refused(libiommufd_device_bind(dev, NULL), EPERM, UNSAFE_INTERRUPTS);
	assert_findings(DEVICE, &bind, LIBIOMMUFD_HOST_UNSAFE_INTERRUPTS);
	assert_says(0, "interrupts of platform devices are not remapped");
	const char *command =
		strstr(libiommufd_host_finding_get_remedy(hostbench_finding(0)), "echo 1 >");
	assert_non_null(command);
	hostbench_shell("%.*s", (int)strcspn(command, ","), command);
	assert_no_findings(DEVICE, &bind);
	assert_ok(libiommufd_device_bind(dev, NULL));
	assert_ok(libiommufd_device_attach(dev, ioas));
	/* Its maker and revision. */
	assert_ok(libiommufd_device_query_region(dev, 0, &region));
	assert_ok(libiommufd_region_read(region, 0, &id, sizeof(id)));
	assert_int_equal(id >> 16, 0x8086);
	assert_host_refused(libiommufd_host_release_device(host, DEVICE, NULL), EBUSY,
			    LIBIOMMUFD_REASON_GROUP_BUSY);
	assert_ok(libiommufd_device_close(dev, 0));
	assert_ok(libiommufd_ioas_destroy(ioas));
	libiommufd_ctx_unref(ctx);

	assert_host_ok(libiommufd_host_release_device(host, DEVICE, NULL));
	hostbench_shell("[ ! -e " SYSFS "/driver ] && [ ! -e %s ]", node);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_teardown(test, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_platform_device_in_a_group_is_listed),
		TEST(findings_lead_a_platform_device_to_its_driver),
		TEST(a_device_that_cannot_be_reset_is_refused_with_the_way_out),
		TEST(a_platform_device_goes_to_vfio_and_comes_back),
	};

	return cmocka_run_group_tests_name("platform", tests, hostbench_setup, hostbench_teardown);
}
