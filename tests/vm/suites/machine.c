/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs the findings of a machine whose IOMMU is missing, is not used, does not remap interrupts, or lets through
 * what nobody drives: which of them the row of the matrix says. Needs one edu. And those of software devices,
 * which need none: with mdevs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "behaviours.h"
#include "hostbench.h"

/* The core says the same on both backends. */
static void assert_not_opened(struct outcome refused, const char *sentence)
{
	for (uint32_t backend = LIBIOMMUFD_BACKEND_NATIVE; backend <= LIBIOMMUFD_BACKEND_TYPE1;
	     backend++) {
		struct libiommufd_ctx_opts opts = {.size = sizeof(opts), .backend = backend};
		struct libiommufd_device *dev = NULL;
		struct libiommufd_ctx *ctx;
		assert_ok(libiommufd_ctx_open(&opts, &ctx));
		assert_outcome(libiommufd_device_open(ctx, bench_name("EDU0"), NULL, &dev),
			       refused);
		assert_sentence(sentence);
		assert_null(dev);
		libiommufd_ctx_unref(ctx);
	}
}

static void a_machine_without_an_iommu_is_told_so(void **state)
{
	(void)state;
	assert_findings(bench_name("EDU0"), NULL, LIBIOMMUFD_HOST_IOMMU_ABSENT);
	assert_says(0, "the firmware describes no IOMMU");
	assert_says(0, "VT-d, AMD-Vi");
	assert_int_equal(libiommufd_host_finding_get_severity(hostbench_finding(0)),
			 LIBIOMMUFD_HOST_ERROR);
	/* A claim is of no use, and says so. */
	assert_host_refused(libiommufd_host_claim_device(host, bench_name("EDU0"), NULL), ENODEV,
			    LIBIOMMUFD_REASON_NO_GROUP);
	assert_non_null(strstr(libiommufd_host_last_error()->text,
			       "libiommufd_host_query_findings()"));
	assert_string_equal(hostbench_driver(bench_name("EDU0")), "");
	assert_int_equal(access("/run/libiommufd/pci:0000:00:04.0", F_OK), -1);
	/* Nor does the core say that another driver is all that it takes. */
	assert_not_opened(REFUSED(ENODEV, NO_GROUP),
			  "bind it to vfio-pci; if it has no group then, the IOMMU is off");
}

/* vfio can be told to do without: such a device is bound, has a group, and no IOMMU. */
static void a_group_without_an_iommu_is_none(void **state)
{
	const char *edu = bench_name("EDU0");
	(void)state;

	hostbench_shell("/sbin/modprobe vfio enable_unsafe_noiommu_mode=1 && /sbin/modprobe "
			"vfio-pci && "
			"echo 1 >/sys/module/vfio/parameters/enable_unsafe_noiommu_mode && "
			"cd /sys/bus/pci/devices/%s && echo vfio-pci >driver_override && "
			"echo %s >/sys/bus/pci/drivers_probe && [ -e iommu_group ]",
			edu, edu);
	assert_findings(edu, NULL, LIBIOMMUFD_HOST_IOMMU_ABSENT);
	assert_not_opened(REFUSED(EOPNOTSUPP, NOT_SUPPORTED), "no IOMMU is in front of it");
	hostbench_shell("echo %s >/sys/bus/pci/drivers/vfio-pci/unbind", edu);
}

/* Of platform devices a machine has many; only those behind an IOMMU can be given away. */
static void platform_devices_are_listed_when_they_are_asked_for(void **state)
{
	struct libiommufd_host_devices_opts opts = {.size = sizeof(opts)};
	struct libiommufd_host_devices *devices;
	(void)state;

	for (int all = 0; all < 2; all++) {
		size_t found = 0, others = 0;
		opts.flags = all ? LIBIOMMUFD_HOST_DEVICES_ALL : 0;
		assert_host_ok(libiommufd_host_query_devices(host, &opts, &devices));
		for (size_t i = 0; i < libiommufd_host_devices_get_count(devices); i++) {
			const struct libiommufd_host_device *device =
				libiommufd_host_devices_get(devices, i);
			found += !strcmp(libiommufd_host_device_get_bus(device), "platform");
			others += !strcmp(libiommufd_host_device_get_bus(device), "pci");
		}
		assert_int_equal(found > 0, all);
		assert_true(others > 2);
		libiommufd_host_devices_free(devices);
	}
	/* One of them by its name. */
	assert_host_ok(libiommufd_host_query_device(host, "serial8250", &devices));
	assert_string_equal(libiommufd_host_device_get_bus(libiommufd_host_devices_get(devices, 0)),
			    "platform");
	libiommufd_host_devices_free(devices);
	assert_findings("serial8250", NULL, LIBIOMMUFD_HOST_IOMMU_ABSENT);
}

static void
an_iommu_that_the_kernel_does_not_use_is_told_with_the_word_that_forbids_it(void **state)
{
	bool amd = !strcmp(getenv("LAB_IOMMU"), "amd");
	(void)state;

	assert_findings(bench_name("EDU0"), NULL, LIBIOMMUFD_HOST_IOMMU_OFF);
	assert_says(0, amd ? "IVRS" : "DMAR");
	assert_says(0, amd ? "its command line has" : "intel_iommu=off");
	assert_says(0, amd ? "take away iommu=off and amd_iommu=off" : "put intel_iommu=on");
}

static void interrupts_that_are_not_remapped_are_told_and_allowed_as_told(void **state)
{
	struct libiommufd_host_purpose bind = hostbench_purpose(LIBIOMMUFD_HOST_TO_BIND);
	struct libiommufd_host_purpose open = hostbench_purpose(LIBIOMMUFD_HOST_TO_OPEN);
	struct bench *b = *state;
	const char *module = natively(b->native, BEHAVIOUR_NAMES) ? "iommufd" : "vfio_iommu_type1";
	char option[128];

	assert_no_findings(bench_name("EDU0"), &open);
	assert_findings(bench_name("EDU0"), &bind, LIBIOMMUFD_HOST_UNSAFE_INTERRUPTS);
	snprintf(option, sizeof(option), "options %s allow_unsafe_interrupts=1", module);
	assert_says(0, option);
	assert_refused(libiommufd_device_bind(b->dev, NULL), EPERM, UNSAFE_INTERRUPTS);
	hostbench_shell("echo 1 >/sys/module/%s/parameters/allow_unsafe_interrupts", module);
	assert_no_findings(bench_name("EDU0"), &bind);
	assert_ok(libiommufd_device_bind(b->dev, NULL));
}

static void a_software_device_needs_no_iommu(void **state)
{
	struct libiommufd_host_purpose bind = hostbench_purpose(LIBIOMMUFD_HOST_TO_BIND);
	const char *uuid = strrchr(bench_name("MDEV0"), '/') + 1;
	struct libiommufd_host_devices *devices;
	bool listed = false;
	(void)state;

	assert_no_findings(uuid, &bind);
	assert_no_findings(bench_name("MDEV0"), &bind);
	assert_host_ok(libiommufd_host_query_devices(host, NULL, &devices));
	for (size_t i = 0; i < libiommufd_host_devices_get_count(devices); i++) {
		const struct libiommufd_host_device *device =
			libiommufd_host_devices_get(devices, i);
		if (strcmp(libiommufd_host_device_get_name(device), uuid))
			continue;
		listed = true;
		assert_string_equal(libiommufd_host_device_get_bus(device), "mdev");
		assert_true(libiommufd_host_device_is_on_vfio(device));
		assert_true(libiommufd_host_device_get_group(device) >= 0);
		assert_int_equal(libiommufd_host_device_get_member_count(device), 1);
	}
	assert_true(listed);
	libiommufd_host_devices_free(devices);
}

/* Is it a word of the kernel's command line? */
static bool was_booted_with(const char *word)
{
	char line[1024] = "", *rest = line, *next;
	FILE *file = fopen("/proc/cmdline", "re");

	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	while ((next = strsep(&rest, " \n")))
		if (!strcmp(next, word))
			return true;
	return false;
}

static void assert_dma(const char *name, uint32_t state, const char *domain)
{
	struct libiommufd_host_devices *devices;

	assert_host_ok(libiommufd_host_query_device(host, name, &devices));
	const struct libiommufd_host_device *device = libiommufd_host_devices_get(devices, 0);
	assert_int_equal(libiommufd_host_device_get_dma_state(device), state);
	assert_string_equal(libiommufd_host_device_get_dma_domain(device), domain);
	assert_int_equal(libiommufd_host_device_get_alias_count(device), 1);
	assert_string_equal(libiommufd_host_device_get_alias(device, 0), name);
	libiommufd_host_devices_free(devices);
}

/* With iommu=pt, unless the kernel is told to block what nobody drives. */
static void a_device_that_nobody_drives_reaches_all_memory_unless_it_is_blocked(void **state)
{
	struct libiommufd_host_purpose bind = hostbench_purpose(LIBIOMMUFD_HOST_TO_BIND);
	struct libiommufd_host_purpose open = hostbench_purpose(LIBIOMMUFD_HOST_TO_OPEN);
	bool blocked = was_booted_with("iommu.block_idle=1");
	uint32_t idle = blocked ? LIBIOMMUFD_HOST_DMA_BLOCKED : LIBIOMMUFD_HOST_DMA_KERNEL;
	const char *edu = bench_name("EDU0"), *domain = blocked ? "" : "identity";
	struct bench *b = *state;

	assert_true(was_booted_with("iommu=pt"));
	assert_dma(edu, idle, domain);
	assert_no_findings(edu, &open);
	if (blocked) {
		assert_no_findings(edu, &bind);
	} else {
		assert_findings(edu, &bind, LIBIOMMUFD_HOST_REACHES_ALL_MEMORY);
		assert_says(0, "it may read and write all memory");
		assert_says(0, "iommu.block_idle=1");
		assert_int_equal(libiommufd_host_finding_get_severity(hostbench_finding(0)),
				 LIBIOMMUFD_HOST_WARNING);
	}
	assert_ok(libiommufd_device_bind(b->dev, NULL));
	assert_dma(edu, LIBIOMMUFD_HOST_DMA_USER, "");
	assert_no_findings(edu, &bind);
	assert_ok(libiommufd_device_close(b->dev, 0));
	b->dev = b->devices[0] = NULL;
	assert_dma(edu, idle, domain);

	hostbench_shell("echo %s >/sys/bus/pci/drivers/vfio-pci/unbind", edu);
	assert_dma(edu, idle, domain);
	if (blocked)
		assert_findings(edu, &bind, LIBIOMMUFD_HOST_NOT_VFIO_DRIVER);
	else
		assert_findings(edu, &bind, LIBIOMMUFD_HOST_NOT_VFIO_DRIVER,
				LIBIOMMUFD_HOST_REACHES_ALL_MEMORY);
}

int main(void)
{
	const struct CMUnitTest mdev[] = {
		cmocka_unit_test(a_software_device_needs_no_iommu),
	};
	const struct CMUnitTest absent[] = {
		cmocka_unit_test(a_machine_without_an_iommu_is_told_so),
		cmocka_unit_test(a_group_without_an_iommu_is_none),
		cmocka_unit_test(platform_devices_are_listed_when_they_are_asked_for),
	};
	const struct CMUnitTest off[] = {
		cmocka_unit_test(
			an_iommu_that_the_kernel_does_not_use_is_told_with_the_word_that_forbids_it),
	};
	const struct CMUnitTest unsafe[] = {
		bench_test(interrupts_that_are_not_remapped_are_told_and_allowed_as_told,
			   bench_setup_opened),
	};
	const struct CMUnitTest idle[] = {
		bench_test(a_device_that_nobody_drives_reaches_all_memory_unless_it_is_blocked,
			   bench_setup_opened),
	};
	const char *iommu = getenv("LAB_IOMMU");

	bench_begin();
	if (getenv("LAB_MDEV0"))
		return cmocka_run_group_tests(mdev, hostbench_setup, hostbench_teardown);
	if (!strcmp(iommu, "none"))
		return cmocka_run_group_tests(absent, hostbench_setup, hostbench_teardown);
	if (was_booted_with("iommu=pt"))
		return cmocka_run_group_tests(idle, hostbench_setup, hostbench_teardown);
	if (!strcmp(iommu, "virtio"))
		return cmocka_run_group_tests(unsafe, hostbench_setup, hostbench_teardown);
	return cmocka_run_group_tests(off, hostbench_setup, hostbench_teardown);
}
