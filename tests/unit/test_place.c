/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a name to a device: the forms of names, and what is wrong with a place. */
#include "flows.h"

static struct libiommufd_ctx *ctx;

static int setup(void **state)
{
	if (script_setup(state))
		return -1;
	ctx = open_native(*state);
	return 0;
}

static int teardown(void **state)
{
	close_ctx(*state, ctx);
	return script_teardown(state);
}

#define with_ctx(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void check_open_fails(const char *name, int error, uint32_t reason)
{
	struct libiommufd_device *dev = (void *)1;

	assert_fails(libiommufd_device_open(ctx, name, NULL, &dev), error, reason);
	assert_ptr_equal(dev, (void *)1);
	assert_string_equal(libiommufd_last_error()->operation, "open");
}

/* ---- Forms of names ---- */

static void each_form_of_a_pci_address_is_the_same_device(void **state)
{
	static const char *const names[][2] = {
		{"0000:06:00.0", "0000:06:00.0"},
		{"06:00.0", "0000:06:00.0"},
		{"0:06:00.0", "0000:06:00.0"},
		{"0000:AF:1f.7", "0000:af:1f.7"},
		{"AF:1F.7", "0000:af:1f.7"},
		{"10000:e1:00.0", "10000:e1:00.0"},
		{"ffffffff:06:00.0", "ffffffff:06:00.0"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[128];

		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", names[i][1]);
		expect_realpath(*state, path, NULL, -ENOENT);
		check_open_fails(names[i][0], -ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE);
		assert_says(path);
	}
}

static void what_is_no_pci_address_names_nothing(void **state)
{
	static const char *const names[] = {
		"",
		" ",
		"0",
		"06:00",
		"06:00.",
		"06:00.8",
		"06:20.0",
		"06:00.0 ",
		" 06:00.0",
		"-6:00.0",
		"+6:00.0",
		"06:-1.0",
		"06:+1.0",
		"06: 0.0",
		"0x06:00.0",
		"0000:06:00.0x",
		"0000:06:00.01",
		"00000:006:00.0",
		"0000:06:00,0",
		"06:00.0\n",
		"0000::06:00.0",
		"g6:00.0",
		"vfio3",
		"./06:00.0",
		"0000:06:00.0/",
		"06:00.0:",
		"sys/x",
		/* Cut to 32 bits this would be another device. */
		"100000000:06:00.0",
		"fffffffffffffffff:06:00.0",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		check_open_fails(names[i], -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
}

static void a_group_or_container_is_refused_by_what_it_is(void **state)
{
	static const char *const names[] = {"/dev/vfio/11", "/dev/vfio/0", "/dev/vfio/vfio",
					    "/dev/vfio/noiommu-0"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		check_open_fails(names[i], -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
		assert_says("is a group's or container's node");
		assert_says(names[i]);
	}
}

static void a_path_that_is_too_long_is_refused(void **state)
{
	char name[2048];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memcpy(name, "/sys/", 5);
	check_open_fails(name, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_says("too long");
	memcpy(name, "/dev/", 5);
	check_open_fails(name, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_says("too long");
	/* To a byte: 95 characters still fit. */
	name[96] = '\0';
	check_open_fails(name, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	name[95] = '\0';
	expect_open(*state, name, O_RDWR, -ENOENT);
	check_open_fails(name, -ENOENT, LIBIOMMUFD_REASON_NODE_MISSING);
}

static void a_directory_in_sysfs_is_followed(void **state)
{
	static const char path[] = "/sys/bus/mdev/devices/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
	static const char real[] = "/sys/devices/virtual/mtty/mtty/"
				   "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
	struct libiommufd_device *dev = NULL;
	char attribute[256];

	expect_realpath(*state, path, real, 0);
	snprintf(attribute, sizeof(attribute), "%s/iommu_group", real);
	expect_readlink(*state, attribute, "../../../../kernel/iommu_groups/5", 0);
	snprintf(attribute, sizeof(attribute), "%s/vfio-dev", real);
	expect_list(*state, 0, attribute, "vfio7", NULL);
	snprintf(attribute, sizeof(attribute), "%s/vfio-dev/vfio7/dev", real);
	expect_attribute(*state, attribute, "511:7\n");
	expect_open(*state, "/dev/vfio/devices/vfio7", O_RDWR, DEV_FD);
	expect_rdev(*state, DEV_FD, makedev(511, 7), 0);
	expect_attribute(*state, attribute, "511:7\n");
	assert_ok(libiommufd_device_open(ctx, path, NULL, &dev));
	assert_string_equal(libiommufd_device_get_name(dev),
			    "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001");
	close_device(*state, dev);
}

static void what_sysfs_refuses_is_passed_on(void **state)
{
	expect_realpath(*state, "/sys/x", NULL, -EACCES);
	check_open_fails("/sys/x", -EACCES, LIBIOMMUFD_REASON_KERNEL);
	expect_realpath(*state, "/sys/x", NULL, -ENOTDIR);
	check_open_fails("/sys/x", -ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE);
}

/* ---- Nodes ---- */

static void a_node_is_opened_and_its_device_found_by_its_number(void **state)
{
	struct libiommufd_device *dev = NULL;

	expect_open(*state, NIC_NODE, O_RDWR, DEV_FD);
	expect_rdev(*state, DEV_FD, NIC_DEVT, 0);
	expect_realpath(*state, "/sys/dev/char/511:3", NIC_SYSFS "/vfio-dev/vfio3", 0);
	expect_readlink(*state, NIC_SYSFS "/iommu_group", "../../../../kernel/iommu_groups/11", 0);
	expect_list(*state, 0, NIC_SYSFS "/vfio-dev", "vfio3", NULL);
	assert_ok(libiommufd_device_open(ctx, NIC_NODE, NULL, &dev));
	assert_string_equal(libiommufd_device_get_name(dev), NIC);
	close_device(*state, dev);
}

static void a_node_that_sysfs_does_not_know_keeps_its_path_as_name(void **state)
{
	struct libiommufd_device *dev = NULL;

	expect_open(*state, "/dev/my-nic", O_RDWR, DEV_FD);
	expect_rdev(*state, DEV_FD, NIC_DEVT, 0);
	expect_realpath(*state, "/sys/dev/char/511:3", NULL, -ENOENT);
	assert_ok(libiommufd_device_open(ctx, "/dev/my-nic", NULL, &dev));
	assert_string_equal(libiommufd_device_get_name(dev), "/dev/my-nic");
	close_device(*state, dev);
}

static void a_file_that_is_no_character_device_is_closed(void **state)
{
	expect_open(*state, "/tmp/file", O_RDWR, DEV_FD);
	expect_rdev(*state, DEV_FD, 0, -ENODEV);
	expect_close(*state, DEV_FD, 0);
	check_open_fails("/tmp/file", -ENXIO, LIBIOMMUFD_REASON_STALE_NODE);
}

static void each_errno_of_a_node_has_its_reason(void **state)
{
	static const struct {
		int error, returned;
		uint32_t reason;
	} cases[] = {
		{-EACCES, -EACCES, LIBIOMMUFD_REASON_NOT_PERMITTED},
		{-EPERM, -EPERM, LIBIOMMUFD_REASON_NOT_PERMITTED},
		{-ENOENT, -ENOENT, LIBIOMMUFD_REASON_NODE_MISSING},
		{-ENODEV, -ENODEV, LIBIOMMUFD_REASON_DEVICE_GONE},
		{-ENXIO, -ENODEV, LIBIOMMUFD_REASON_DEVICE_GONE},
		{-EMFILE, -EMFILE, LIBIOMMUFD_REASON_KERNEL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		expect_place(*state);
		expect_open(*state, NIC_NODE, O_RDWR, cases[i].error);
		check_open_fails(NIC, cases[i].returned, cases[i].reason);
		assert_says(NIC_NODE);
		expect_open(*state, NIC_NODE, O_RDWR, cases[i].error);
		check_open_fails(NIC_NODE, cases[i].returned, cases[i].reason);
	}
}

static void a_node_with_another_number_is_stale(void **state)
{
	expect_place(*state);
	expect_open(*state, NIC_NODE, O_RDWR, DEV_FD);
	expect_rdev(*state, DEV_FD, makedev(511, 4), 0);
	expect_attribute(*state, NIC_SYSFS "/vfio-dev/vfio3/dev", "511:3\n");
	expect_close(*state, DEV_FD, 0);
	check_open_fails(NIC, -ENXIO, LIBIOMMUFD_REASON_STALE_NODE);
	assert_says(NIC_NODE);
}

static void a_node_that_became_a_file_is_stale(void **state)
{
	expect_place(*state);
	expect_open(*state, NIC_NODE, O_RDWR, DEV_FD);
	expect_rdev(*state, DEV_FD, 0, -ENODEV);
	expect_close(*state, DEV_FD, 0);
	check_open_fails(NIC, -ENXIO, LIBIOMMUFD_REASON_STALE_NODE);
}

/* ---- Drivers ---- */

#define MOCK "/sys/class/vfio/noiommu-11"

static void expect_no_vfio(struct script *k)
{
	expect_realpath(k, "/sys/bus/pci/devices/" NIC, NIC_SYSFS, 0);
	expect_readlink(k, NIC_SYSFS "/iommu_group", "../../../../kernel/iommu_groups/11", 0);
	expect_list(k, -ENOENT, NIC_SYSFS "/vfio-dev", NULL);
}

static void the_driver_that_is_not_vfios_is_named(void **state)
{
	expect_no_vfio(*state);
	expect_readlink(*state, NIC_SYSFS "/driver", "../../../bus/pci/drivers/e1000e", 0);
	check_open_fails(NIC, -ENODEV, LIBIOMMUFD_REASON_NOT_VFIO_DRIVER);
	assert_says("e1000e");
}

static void expect_no_group(struct script *k)
{
	expect_realpath(k, "/sys/bus/pci/devices/" NIC, NIC_SYSFS, 0);
	expect_readlink(k, NIC_SYSFS "/iommu_group", NULL, -ENOENT);
	expect_list(k, -ENOENT, NIC_SYSFS "/vfio-dev", NULL);
	expect_readlink(k, NIC_SYSFS "/driver", "../../../bus/pci/drivers/e1000e", 0);
}

/* Whichever driver it is on: no other would help. */
static void without_a_group_the_iommu_comes_before_the_driver(void **state)
{
	expect_no_group(*state);
	expect_list(*state, -ENOENT, "/sys/kernel/iommu_groups", NULL);
	check_open_fails(NIC, -ENODEV, LIBIOMMUFD_REASON_NO_GROUP);
	assert_says("the IOMMU is off");
	expect_no_group(*state);
	expect_list(*state, 0, "/sys/kernel/iommu_groups", "7", NULL);
	check_open_fails(NIC, -ENODEV, LIBIOMMUFD_REASON_NO_GROUP);
	assert_says("though other devices have");
}

/* Some IOMMUs give a group when a driver comes: nothing can be said before. */
static void without_a_driver_the_group_may_come_with_one(void **state)
{
	expect_realpath(*state, "/sys/bus/pci/devices/" NIC, NIC_SYSFS, 0);
	expect_readlink(*state, NIC_SYSFS "/iommu_group", NULL, -ENOENT);
	expect_list(*state, -ENOENT, NIC_SYSFS "/vfio-dev", NULL);
	expect_readlink(*state, NIC_SYSFS "/driver", NULL, -ENOENT);
	expect_readlink(*state, NIC_SYSFS "/subsystem", "../../../bus/pci", 0);
	check_open_fails(NIC, -ENODEV, LIBIOMMUFD_REASON_NO_GROUP);
	assert_says("bind it to vfio-pci");
}

static void a_directory_of_sysfs_that_is_no_devices_is_refused(void **state)
{
	expect_realpath(*state, "/sys/kernel", "/sys/kernel", 0);
	check_open_fails("/sys/kernel", -ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE);
	expect_realpath(*state, "/sys/../etc", "/etc", 0);
	check_open_fails("/sys/../etc", -ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE);
}

static void without_a_driver_that_is_said(void **state)
{
	expect_no_vfio(*state);
	expect_readlink(*state, NIC_SYSFS "/driver", NULL, -ENOENT);
	expect_readlink(*state, NIC_SYSFS "/subsystem", "../../../bus/pci", 0);
	check_open_fails(NIC, -ENODEV, LIBIOMMUFD_REASON_NOT_VFIO_DRIVER);
	assert_says("no driver is bound");
}

static void without_its_bus_the_device_is_gone(void **state)
{
	expect_no_vfio(*state);
	expect_readlink(*state, NIC_SYSFS "/driver", NULL, -ENOENT);
	expect_readlink(*state, NIC_SYSFS "/subsystem", NULL, -ENOENT);
	check_open_fails(NIC, -ENODEV, LIBIOMMUFD_REASON_DEVICE_GONE);
	expect_no_vfio(*state);
	expect_readlink(*state, NIC_SYSFS "/driver", NULL, -ENOENT);
	expect_readlink(*state, NIC_SYSFS "/subsystem", NULL, -EACCES);
	check_open_fails(NIC, -ENODEV, LIBIOMMUFD_REASON_NOT_VFIO_DRIVER);
}

static void on_a_vfio_driver_without_its_device_it_is_going(void **state)
{
	expect_no_vfio(*state);
	expect_readlink(*state, NIC_SYSFS "/driver", "../../../bus/pci/drivers/vfio-pci", 0);
	check_open_fails(NIC, -ENODEV, LIBIOMMUFD_REASON_DEVICE_GONE);
	assert_says("vfio-pci");
}

static void without_the_file_dev_there_are_no_character_devices(void **state)
{
	expect_realpath(*state, "/sys/bus/pci/devices/" NIC, NIC_SYSFS, 0);
	expect_readlink(*state, NIC_SYSFS "/iommu_group", "../../../../kernel/iommu_groups/11", 0);
	expect_list(*state, 0, NIC_SYSFS "/vfio-dev", "vfio3", NULL);
	expect_attribute(*state, NIC_SYSFS "/vfio-dev/vfio3/dev", NULL);
	expect_readlink(*state, MOCK "/subsystem", NULL, -ENOENT);
	check_open_fails(NIC, -EOPNOTSUPP, LIBIOMMUFD_REASON_NO_CDEV);
}

static void a_group_that_vfio_made_up_is_no_iommu(void **state)
{
	struct libiommufd_ctx *type1 = open_type1(*state);
	struct libiommufd_device *dev = (void *)1;

	expect_realpath(*state, "/sys/bus/pci/devices/" NIC, NIC_SYSFS, 0);
	expect_readlink(*state, NIC_SYSFS "/iommu_group", "../../../../kernel/iommu_groups/11", 0);
	expect_list(*state, 0, NIC_SYSFS "/vfio-dev", "vfio3", NULL);
	expect_attribute(*state, NIC_SYSFS "/vfio-dev/vfio3/dev", NULL);
	expect_readlink(*state, MOCK "/subsystem", "../../vfio", 0);
	check_open_fails(NIC, -EOPNOTSUPP, LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_says("no IOMMU");
	/* Before 6.1 there is no directory vfio-dev. */
	expect_no_vfio(*state);
	expect_access(*state, "/dev/vfio/11", -ENOENT);
	expect_readlink(*state, MOCK "/subsystem", "../../vfio", 0);
	assert_fails(libiommufd_device_open(type1, NIC, NULL, &dev), -EOPNOTSUPP,
		     LIBIOMMUFD_REASON_NOT_SUPPORTED);
	assert_ptr_equal(dev, (void *)1);
	close_ctx(*state, type1);
}

/* ---- Type1 ---- */

static void type1_needs_a_group(void **state)
{
	struct libiommufd_ctx *type1 = open_type1(*state);
	struct libiommufd_device *dev = (void *)1;

	expect_realpath(*state, "/sys/bus/pci/devices/" NIC, NIC_SYSFS, 0);
	expect_readlink(*state, NIC_SYSFS "/iommu_group", NULL, -ENOENT);
	expect_list(*state, -ENOENT, NIC_SYSFS "/vfio-dev", NULL);
	expect_readlink(*state, NIC_SYSFS "/driver", "../../../bus/pci/drivers/e1000e", 0);
	expect_list(*state, 0, "/sys/kernel/iommu_groups", NULL);
	assert_fails(libiommufd_device_open(type1, NIC, NULL, &dev), -ENODEV,
		     LIBIOMMUFD_REASON_NO_GROUP);
	assert_says("the IOMMU is off");
	expect_realpath(*state, "/sys/bus/pci/devices/" NIC, NIC_SYSFS, 0);
	expect_readlink(*state, NIC_SYSFS "/iommu_group", NULL, -EACCES);
	expect_list(*state, -ENOENT, NIC_SYSFS "/vfio-dev", NULL);
	assert_fails(libiommufd_device_open(type1, NIC, NULL, &dev), -ENODEV,
		     LIBIOMMUFD_REASON_NO_GROUP);
	assert_says_not("the IOMMU is off");
	assert_ptr_equal(dev, (void *)1);
	close_ctx(*state, type1);
}

static void type1_looks_at_the_groups_node(void **state)
{
	struct libiommufd_ctx *type1 = open_type1(*state);
	struct libiommufd_device *dev = (void *)1;

	expect_place(*state);
	expect_access(*state, "/dev/vfio/11", -EACCES);
	assert_fails(libiommufd_device_open(type1, NIC, NULL, &dev), -EACCES,
		     LIBIOMMUFD_REASON_NOT_PERMITTED);
	expect_place(*state);
	expect_access(*state, "/dev/vfio/11", -ENOENT);
	expect_readlink(*state, MOCK "/subsystem", NULL, -ENOENT);
	assert_fails(libiommufd_device_open(type1, NIC, NULL, &dev), -ENOENT,
		     LIBIOMMUFD_REASON_NODE_MISSING);
	/* No node, since no member is on a vfio driver. */
	expect_no_vfio(*state);
	expect_access(*state, "/dev/vfio/11", -ENOENT);
	expect_readlink(*state, MOCK "/subsystem", NULL, -ENOENT);
	expect_readlink(*state, NIC_SYSFS "/driver", "../../../bus/pci/drivers/e1000e", 0);
	assert_fails(libiommufd_device_open(type1, NIC, NULL, &dev), -ENODEV,
		     LIBIOMMUFD_REASON_NOT_VFIO_DRIVER);
	assert_says("e1000e");
	assert_ptr_equal(dev, (void *)1);
	close_ctx(*state, type1);
}

static void type1_finds_a_node_by_its_name_alone(void **state)
{
	struct libiommufd_ctx *type1 = open_type1(*state);
	struct libiommufd_device *dev = NULL;

	expect_realpath(*state, "/sys/class/vfio-dev/vfio3", NIC_SYSFS "/vfio-dev/vfio3", 0);
	expect_readlink(*state, NIC_SYSFS "/iommu_group", "../../../../kernel/iommu_groups/11", 0);
	expect_list(*state, 0, NIC_SYSFS "/vfio-dev", "vfio3", NULL);
	expect_access(*state, "/dev/vfio/11", 0);
	assert_ok(libiommufd_device_open(type1, NIC_NODE, NULL, &dev));
	assert_string_equal(libiommufd_device_get_name(dev), NIC);
	assert_ok(libiommufd_device_close(dev, 0));

	dev = (void *)1;
	/* One that is not there, and one that was left over. */
	expect_realpath(*state, "/sys/class/vfio-dev/vfio9", NULL, -ENOENT);
	expect_access(*state, "/dev/vfio/devices/vfio9", -ENOENT);
	assert_fails(libiommufd_device_open(type1, "/dev/vfio/devices/vfio9", NULL, &dev), -ENOENT,
		     LIBIOMMUFD_REASON_NODE_MISSING);
	expect_realpath(*state, "/sys/class/vfio-dev/vfio9", NULL, -ENOENT);
	expect_access(*state, "/dev/vfio/devices/vfio9", 0);
	assert_fails(libiommufd_device_open(type1, "/dev/vfio/devices/vfio9", NULL, &dev), -ENODEV,
		     LIBIOMMUFD_REASON_NO_SUCH_DEVICE);
	assert_ptr_equal(dev, (void *)1);
	close_ctx(*state, type1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ctx(each_form_of_a_pci_address_is_the_same_device),
		with_ctx(what_is_no_pci_address_names_nothing),
		with_ctx(a_group_or_container_is_refused_by_what_it_is),
		with_ctx(a_path_that_is_too_long_is_refused),
		with_ctx(a_directory_in_sysfs_is_followed),
		with_ctx(what_sysfs_refuses_is_passed_on),
		with_ctx(a_node_is_opened_and_its_device_found_by_its_number),
		with_ctx(a_node_that_sysfs_does_not_know_keeps_its_path_as_name),
		with_ctx(a_file_that_is_no_character_device_is_closed),
		with_ctx(each_errno_of_a_node_has_its_reason),
		with_ctx(a_node_with_another_number_is_stale),
		with_ctx(a_node_that_became_a_file_is_stale),
		with_ctx(the_driver_that_is_not_vfios_is_named),
		with_ctx(without_a_group_the_iommu_comes_before_the_driver),
		with_ctx(without_a_driver_the_group_may_come_with_one),
		with_ctx(a_directory_of_sysfs_that_is_no_devices_is_refused),
		with_ctx(without_a_driver_that_is_said),
		with_ctx(without_its_bus_the_device_is_gone),
		with_ctx(on_a_vfio_driver_without_its_device_it_is_going),
		with_ctx(without_the_file_dev_there_are_no_character_devices),
		with_ctx(a_group_that_vfio_made_up_is_no_iommu),
		with_ctx(type1_needs_a_group),
		with_ctx(type1_looks_at_the_groups_node),
		with_ctx(type1_finds_a_node_by_its_name_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
