/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts: each of them known, none, and unknown. */
#include "flows.h"

#define GROUP "/sys/kernel/iommu_groups/11/devices"

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

/* 0: the link; -ENOENT: none; else it cannot be read. */
static void expect_links(struct script *k, int driver, int iommu)
{
	expect_readlink(k, NIC_SYSFS "/driver", driver ? NULL : "../../../bus/pci/drivers/vfio-pci",
			driver);
	expect_readlink(k, NIC_SYSFS "/iommu", iommu ? NULL : "../../virtual/iommu/dmar0", iommu);
}

static struct libiommufd_facts *query(struct script *k)
{
	struct libiommufd_facts *facts = NULL;

	assert_ok(libiommufd_ctx_query_facts(ctx, NIC, &facts));
	assert_all_happened(k);
	return facts;
}

static void every_fact_is_read(void **state)
{
	expect_place(*state);
	expect_links(*state, 0, 0);
	expect_list(*state, 0, GROUP, "0000:06:00.1", "0000:06:00.0", "0000:05:00.0", NULL);
	expect_readlink(*state, GROUP "/0000:06:00.1/driver", "../../bus/pci/drivers/e1000e", 0);
	expect_readlink(*state, GROUP "/0000:06:00.0/driver", NULL, -EACCES);
	expect_readlink(*state, GROUP "/0000:05:00.0/driver", NULL, -ENOENT);
	struct libiommufd_facts *facts = query(*state);

	assert_string_equal(libiommufd_facts_get_address(facts), NIC);
	assert_string_equal(libiommufd_facts_get_driver(facts), "vfio-pci");
	assert_string_equal(libiommufd_facts_get_iommu(facts), "dmar0");
	assert_string_equal(libiommufd_facts_get_node(facts), NIC_NODE);
	assert_int_equal(libiommufd_facts_get_group(facts), 11);
	/* Members are sorted; no driver and an unknown one differ. */
	assert_int_equal(libiommufd_facts_get_member_count(facts), 3);
	assert_string_equal(libiommufd_facts_get_member(facts, 0), "0000:05:00.0");
	assert_string_equal(libiommufd_facts_get_member(facts, 1), "0000:06:00.0");
	assert_string_equal(libiommufd_facts_get_member(facts, 2), "0000:06:00.1");
	assert_null(libiommufd_facts_get_member(facts, 3));
	assert_string_equal(libiommufd_facts_get_member_driver(facts, 0), "");
	assert_null(libiommufd_facts_get_member_driver(facts, 1));
	assert_string_equal(libiommufd_facts_get_member_driver(facts, 2), "e1000e");
	assert_null(libiommufd_facts_get_member_driver(facts, 3));
	assert_null(libiommufd_facts_free(facts));
}

static void what_is_not_there_is_none(void **state)
{
	expect_realpath(*state, "/sys/bus/pci/devices/" NIC, NIC_SYSFS, 0);
	expect_readlink(*state, NIC_SYSFS "/iommu_group", NULL, -ENOENT);
	expect_list(*state, -ENOENT, NIC_SYSFS "/vfio-dev", NULL);
	expect_links(*state, -ENOENT, -ENOENT);
	struct libiommufd_facts *facts = query(*state);

	assert_string_equal(libiommufd_facts_get_driver(facts), "");
	assert_string_equal(libiommufd_facts_get_iommu(facts), "");
	assert_string_equal(libiommufd_facts_get_node(facts), "");
	assert_int_equal(libiommufd_facts_get_group(facts), LIBIOMMUFD_FACT_NONE);
	assert_int_equal(libiommufd_facts_get_member_count(facts), LIBIOMMUFD_FACT_NONE);
	assert_null(libiommufd_facts_get_member(facts, 0));
	libiommufd_facts_free(facts);
}

static void what_cannot_be_read_is_unknown(void **state)
{
	expect_realpath(*state, "/sys/bus/pci/devices/" NIC, NIC_SYSFS, 0);
	expect_readlink(*state, NIC_SYSFS "/iommu_group", NULL, -EACCES);
	expect_list(*state, -ENOENT, NIC_SYSFS "/vfio-dev", NULL);
	expect_links(*state, -EACCES, -EIO);
	struct libiommufd_facts *facts = query(*state);

	assert_null(libiommufd_facts_get_driver(facts));
	assert_null(libiommufd_facts_get_iommu(facts));
	assert_int_equal(libiommufd_facts_get_group(facts), LIBIOMMUFD_FACT_UNKNOWN);
	assert_int_equal(libiommufd_facts_get_member_count(facts), LIBIOMMUFD_FACT_UNKNOWN);
	libiommufd_facts_free(facts);
}

static void a_node_that_cannot_be_known_is_unknown(void **state)
{
	expect_realpath(*state, "/sys/bus/pci/devices/" NIC, NIC_SYSFS, 0);
	expect_readlink(*state, NIC_SYSFS "/iommu_group", NULL, -ENOENT);
	expect_list(*state, -EACCES, NIC_SYSFS "/vfio-dev", NULL);
	expect_links(*state, -ENOENT, -ENOENT);
	struct libiommufd_facts *facts = query(*state);

	assert_null(libiommufd_facts_get_node(facts));
	libiommufd_facts_free(facts);
}

static void members_that_cannot_be_listed_are_unknown(void **state)
{
	expect_place(*state);
	expect_links(*state, 0, 0);
	expect_list(*state, -EACCES, GROUP, NULL);
	struct libiommufd_facts *facts = query(*state);

	assert_int_equal(libiommufd_facts_get_group(facts), 11);
	assert_int_equal(libiommufd_facts_get_member_count(facts), LIBIOMMUFD_FACT_UNKNOWN);
	libiommufd_facts_free(facts);
}

static void a_group_that_is_no_number_is_unknown(void **state)
{
	static const char *const links[] = {"groups/x", "groups/11x", "groups/-1",
					    "groups/99999999999", "groups/"};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		expect_realpath(*state, "/sys/bus/pci/devices/" NIC, NIC_SYSFS, 0);
		expect_readlink(*state, NIC_SYSFS "/iommu_group", links[i], 0);
		expect_list(*state, -ENOENT, NIC_SYSFS "/vfio-dev", NULL);
		expect_links(*state, -ENOENT, -ENOENT);
		struct libiommufd_facts *facts = query(*state);
		assert_int_equal(libiommufd_facts_get_group(facts), LIBIOMMUFD_FACT_UNKNOWN);
		libiommufd_facts_free(facts);
	}
}

static void a_node_that_sysfs_does_not_know_has_no_facts(void **state)
{
	struct libiommufd_facts *facts = (void *)1;

	expect_realpath(*state, "/sys/class/vfio-dev/my-nic", NULL, -ENOENT);
	assert_fails(libiommufd_ctx_query_facts(ctx, "/dev/my-nic", &facts), -ENODEV,
		     LIBIOMMUFD_REASON_NO_SUCH_DEVICE);
	assert_ptr_equal(facts, (void *)1);
}

static void an_open_device_has_the_facts_of_its_place(void **state)
{
	struct libiommufd_device *dev = open_device(*state, ctx);
	struct libiommufd_facts *facts = NULL;

	expect_links(*state, 0, 0);
	expect_list(*state, 0, GROUP, NIC, NULL);
	expect_readlink(*state, GROUP "/" NIC "/driver", "../../bus/pci/drivers/vfio-pci", 0);
	assert_ok(libiommufd_device_query_facts(dev, &facts));
	assert_int_equal(libiommufd_facts_get_member_count(facts), 1);
	/* A snapshot outlives the device. */
	close_device(*state, dev);
	assert_string_equal(libiommufd_facts_get_address(facts), NIC);
	assert_string_equal(libiommufd_facts_get_member_driver(facts, 0), "vfio-pci");
	libiommufd_facts_free(facts);
}

static void of_a_device_that_sysfs_does_not_know_all_but_the_node_is_unknown(void **state)
{
	struct libiommufd_device *dev = NULL;
	struct libiommufd_facts *facts = NULL;

	expect_open(*state, "/dev/my-nic", O_RDWR, DEV_FD);
	expect_rdev(*state, DEV_FD, NIC_DEVT, 0);
	expect_realpath(*state, "/sys/dev/char/511:3", NULL, -ENOENT);
	assert_ok(libiommufd_device_open(ctx, "/dev/my-nic", NULL, &dev));
	assert_ok(libiommufd_device_query_facts(dev, &facts));
	assert_null(libiommufd_facts_get_address(facts));
	assert_null(libiommufd_facts_get_driver(facts));
	assert_null(libiommufd_facts_get_iommu(facts));
	assert_string_equal(libiommufd_facts_get_node(facts), "/dev/my-nic");
	assert_int_equal(libiommufd_facts_get_group(facts), LIBIOMMUFD_FACT_UNKNOWN);
	assert_int_equal(libiommufd_facts_get_member_count(facts), LIBIOMMUFD_FACT_UNKNOWN);
	libiommufd_facts_free(facts);
	close_device(*state, dev);
}

static void facts_need_no_ctx(void **state)
{
	struct libiommufd_facts *facts = (void *)1;

	(void)state;
	assert_fails(libiommufd_ctx_query_facts(NULL, "nothing", &facts), -EINVAL,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_fails(libiommufd_ctx_query_facts(NULL, "/sys/none", &facts), -ENODEV,
		     LIBIOMMUFD_REASON_NO_SUCH_DEVICE);
	assert_ptr_equal(facts, (void *)1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ctx(every_fact_is_read),
		with_ctx(what_is_not_there_is_none),
		with_ctx(what_cannot_be_read_is_unknown),
		with_ctx(a_node_that_cannot_be_known_is_unknown),
		with_ctx(members_that_cannot_be_listed_are_unknown),
		with_ctx(a_group_that_is_no_number_is_unknown),
		with_ctx(a_node_that_sysfs_does_not_know_has_no_facts),
		with_ctx(an_open_device_has_the_facts_of_its_place),
		with_ctx(of_a_device_that_sysfs_does_not_know_all_but_the_node_is_unknown),
		with_ctx(facts_need_no_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
