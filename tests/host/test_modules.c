/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs what is told of kernel modules on a directory of modules that stands for /lib/modules: drivers for just one
 * kind of device, which the machines of the tests have not, and files that are broken.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../lib/host/host.h"

#include "tree.h"

#define DEVICE "0000:01:00.0"

static struct libiommufd_host *host;
static struct libiommufd_host_modules *modules;
static char directory[128];

static int setup(void **state)
{
	if (tree_setup(state) || libiommufd_host_open(NULL, &host) < 0)
		return -1;
	snprintf(directory, sizeof(directory), "%s/dev/lib/modules/1.0", getenv("UMOCKDEV_DIR"));
	tree_directory("/dev/lib/modules/1.0");
	host->modules_dir = directory;
	return 0;
}

static int teardown(void **state)
{
	modules = libiommufd_host_modules_free(modules);
	host = libiommufd_host_close(host);
	return tree_teardown(state);
}

static void look(uint32_t backend)
{
	modules = libiommufd_host_modules_free(modules);
	assert_int_equal(libiommufd_host_query_modules(host, DEVICE, backend, &modules), 0);
}

static void assert_module(size_t index, const char *name, uint32_t module_state)
{
	assert_string_equal(libiommufd_host_modules_get_name(modules, index), name);
	assert_int_equal(libiommufd_host_modules_get_state(modules, index), module_state);
}

static void run(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	assert_int_equal(system(command), 0);
}

/* What depmod makes of a kernel's modules, of which two are drivers for one kind of device. */
static void tree_modules(const char *builtin)
{
	tree_file("/dev/lib/modules/1.0/modules.builtin", builtin);
	tree_file("/dev/lib/modules/1.0/modules.order", "");
	tree_directory("/dev/lib/modules/1.0/kernel");
	run("cp %s/*.ko %s/kernel && %s -b %s/dev 1.0", getenv("FAKE_MODULES"), directory,
	    getenv("DEPMOD"), getenv("UMOCKDEV_DIR"));
}

static void a_device_with_a_vfio_driver_of_its_own_needs_that_one(void **state)
{
	(void)state;
	tree_modules("");
	tree_device("pci", DEVICE, "mlx5_core", 6);
	tree_file("/sys/devices/pci/" DEVICE "/modalias",
		  "pci:v000015B3d0000101Esv000015B3sd00000017bc02sc00i00\n");
	look(LIBIOMMUFD_BACKEND_TYPE1);
	assert_int_equal(libiommufd_host_modules_get_count(modules), 2);
	assert_module(0, "vfio_iommu_type1", LIBIOMMUFD_HOST_MODULE_NOT_LOADED);
	assert_module(1, "mlx5_vfio_pci", LIBIOMMUFD_HOST_MODULE_NOT_LOADED);
	/* Another device of that maker, and one of another. */
	tree_file("/sys/devices/pci/" DEVICE "/modalias",
		  "pci:v000015B3d0000101Dsv000015B3sd00000017bc02sc00i00\n");
	look(LIBIOMMUFD_BACKEND_TYPE1);
	assert_module(1, "vfio_pci", LIBIOMMUFD_HOST_MODULE_NOT_LOADED);
	tree_file("/sys/devices/pci/" DEVICE "/modalias",
		  "pci:v000019E5d0000A251sv00000000sd00000000bc10sc80i00\n");
	look(LIBIOMMUFD_BACKEND_NATIVE);
	assert_module(0, "iommufd", LIBIOMMUFD_HOST_MODULE_ABSENT);
	assert_module(1, "hisi_acc_vfio_pci", LIBIOMMUFD_HOST_MODULE_NOT_LOADED);
	/* Without an alias that can be read it is the driver for all. */
	tree_bytes("/sys/devices/pci/" DEVICE "/modalias", "\xff\0\xfe", 3);
	look(LIBIOMMUFD_BACKEND_TYPE1);
	assert_module(1, "vfio_pci", LIBIOMMUFD_HOST_MODULE_NOT_LOADED);
}

static void what_a_finding_says_is_the_module_of_just_this_device(void **state)
{
	struct libiommufd_host_findings *findings;
	(void)state;

	tree_modules("");
	tree_device("pci", DEVICE, "mlx5_core", 6);
	tree_file("/sys/devices/pci/" DEVICE "/modalias",
		  "pci:v000015B3d0000101Esv000015B3sd00000017bc02sc00i00\n");
	tree_file("/sys/module/vfio_iommu_type1/initstate", "live\n");
	struct libiommufd_host_purpose open = {.size = sizeof(open),
					       .purpose = LIBIOMMUFD_HOST_TO_OPEN,
					       .backend = LIBIOMMUFD_BACKEND_TYPE1};
	assert_int_equal(libiommufd_host_query_findings(host, DEVICE, &open, &findings), 0);
	const struct libiommufd_host_finding *finding = libiommufd_host_findings_get(findings, 0);
	assert_int_equal(libiommufd_host_finding_get_code(finding),
			 LIBIOMMUFD_HOST_MODULE_UNLOADED);
	assert_non_null(strstr(libiommufd_host_finding_get_text(finding),
			       "modprobe mlx5_vfio_pci"));
	/* And so is the driver that it is to be bound to. */
	finding = libiommufd_host_findings_get(findings, 1);
	assert_int_equal(libiommufd_host_finding_get_code(finding),
			 LIBIOMMUFD_HOST_NOT_VFIO_DRIVER);
	assert_non_null(strstr(libiommufd_host_finding_get_text(finding),
			       "echo mlx5_vfio_pci >driver_override"));
	libiommufd_host_findings_free(findings);
}

static void modules_of_every_state_are_told_apart(void **state)
{
	(void)state;
	tree_modules("kernel/vfio-platform.ko\n");
	tree_device("platform", "fd000000.dma", "pl330", 6);
	tree_file("/sys/module/vfio_iommu_type1/initstate", "live\n");
	modules = libiommufd_host_modules_free(modules);
	assert_int_equal(libiommufd_host_query_modules(host, "fd000000.dma",
						       LIBIOMMUFD_BACKEND_TYPE1, &modules),
			 0);
	assert_module(0, "vfio_iommu_type1", LIBIOMMUFD_HOST_MODULE_LOADED);
	assert_module(1, "vfio_platform", LIBIOMMUFD_HOST_MODULE_BUILT_IN);

	/* One that is on its way in or out is not there. */
	tree_device("pci", DEVICE, NULL, 6);
	tree_file("/sys/module/vfio_iommu_type1/initstate", "coming\n");
	tree_file("/sys/module/vfio_pci/uevent", "");
	look(LIBIOMMUFD_BACKEND_TYPE1);
	assert_module(0, "vfio_iommu_type1", LIBIOMMUFD_HOST_MODULE_NOT_LOADED);
	assert_module(1, "vfio_pci", LIBIOMMUFD_HOST_MODULE_BUILT_IN);
}

static void files_of_modules_that_are_broken_make_them_absent(void **state)
{
	static const char *const broken[] = {"", "\n\n", "alias",
					     "alias vfio_pci:", "\xff\xfe\x80\n"};
	char huge[8192];
	(void)state;

	tree_device("pci", DEVICE, NULL, 6);
	tree_file("/sys/devices/pci/" DEVICE "/modalias",
		  "pci:v000015B3d0000101Esv000015B3sd00000017bc02sc00i00\n");
	memset(huge, '*', sizeof(huge));
	for (size_t i = 0; i <= sizeof(broken) / sizeof(broken[0]); i++) {
		bool last = i == sizeof(broken) / sizeof(broken[0]);
		const char *bytes = last ? huge : broken[i];
		size_t size = last ? sizeof(huge) : strlen(bytes);
		tree_bytes("/dev/lib/modules/1.0/modules.dep", bytes, size);
		tree_bytes("/dev/lib/modules/1.0/modules.alias", bytes, size);
		tree_bytes("/dev/lib/modules/1.0/modules.dep.bin", bytes, size);
		tree_bytes("/dev/lib/modules/1.0/modules.alias.bin", bytes, size);
		look(LIBIOMMUFD_BACKEND_NATIVE);
		assert_module(0, "iommufd", LIBIOMMUFD_HOST_MODULE_ABSENT);
		assert_module(1, "vfio_pci", LIBIOMMUFD_HOST_MODULE_ABSENT);
		assert_int_equal(libiommufd_host_load_modules(host, DEVICE,
							      LIBIOMMUFD_BACKEND_NATIVE),
				 -ENOENT);
		assert_int_equal(libiommufd_host_last_error()->reason,
				 LIBIOMMUFD_HOST_REASON_MODULE_ABSENT);
	}
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_device_with_a_vfio_driver_of_its_own_needs_that_one),
		TEST(what_a_finding_says_is_the_module_of_just_this_device),
		TEST(modules_of_every_state_are_told_apart),
		TEST(files_of_modules_that_are_broken_make_them_absent),
	};

	return cmocka_run_group_tests_name("modules", tests, NULL, NULL);
}
