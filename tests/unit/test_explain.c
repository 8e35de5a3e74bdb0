/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a bind or a map was refused, where the errno does not say: what is read, and what is said. */
#include "flows.h"

#define RW (LIBIOMMUFD_READ | LIBIOMMUFD_WRITE)

#define GROUP "/sys/kernel/iommu_groups/11/devices"

static struct libiommufd_ctx *ctx;
static struct libiommufd_device *dev;

static int setup_with(void **state, uint32_t flags)
{
	if (script_setup(state))
		return -1;
	ctx = open_native_with(*state, &(struct libiommufd_ctx_opts){
					       .size = sizeof(struct libiommufd_ctx_opts),
					       .flags = flags,
					       .backend = LIBIOMMUFD_BACKEND_NATIVE,
				       });
	dev = open_device(*state, ctx);
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, 0);
}

static int setup_silent(void **state)
{
	return setup_with(state, LIBIOMMUFD_CTX_NO_EXPLAIN);
}

static int teardown(void **state)
{
	close_device(*state, dev);
	close_ctx(*state, ctx);
	return script_teardown(state);
}

#define explained(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define silent(test)    cmocka_unit_test_setup_teardown(test, setup_silent, teardown)

static void expect_bind(struct script *k, int result)
{
	uint32_t bind[4] = {16, 0, IOMMU_FD, 0};

	expect_ioctl_bytes(k, DEV_FD, VFIO_DEVICE_BIND_IOMMUFD, bind, sizeof(bind), result);
}

static void check_bind_fails(int error, uint32_t reason)
{
	assert_fails(libiommufd_device_bind(dev, NULL), error, reason);
	assert_says("bind " NIC ": ");
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_OPENED);
}

/* NULL: on no driver. */
static void expect_driver(struct script *k, const char *member, const char *driver)
{
	char path[128], target[128];

	snprintf(path, sizeof(path), GROUP "/%s/driver", member);
	snprintf(target, sizeof(target), "../../../bus/pci/drivers/%s", driver ? driver : "");
	expect_readlink(k, path, driver ? target : NULL, driver ? 0 : -ENOENT);
}

/* Whether a driver is a vfio one shows in this directory. */
static void expect_vfio_dev(struct script *k, const char *member, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), GROUP "/%s/vfio-dev", member);
	expect_list(k, name ? 0 : -ENOENT, path, name, NULL);
}

/* ---- The group ---- */

static void the_member_that_blocks_a_group_is_named(void **state)
{
	expect_bind(*state, -EPERM);
	expect_list(*state, 0, GROUP, "0000:06:00.0", "0000:06:00.1", NULL);
	expect_driver(*state, "0000:06:00.0", "vfio-pci");
	expect_driver(*state, "0000:06:00.1", "e1000e");
	expect_vfio_dev(*state, "0000:06:00.1", NULL);
	check_bind_fails(-EPERM, LIBIOMMUFD_REASON_GROUP_NOT_VIABLE);
	assert_says("group 11 is not viable: 0000:06:00.1 is bound to e1000e; unbind it or bind it "
		    "to vfio-pci");
}

/* Everything but the interrupts is fine: they are looked at, and allowed. */
static void expect_no_blocker(struct script *k)
{
	expect_attribute(k, "/sys/module/iommufd/parameters/allow_unsafe_interrupts", "Y\n");
}

static void bridges_stubs_and_vfio_drivers_block_nothing(void **state)
{
	expect_bind(*state, -EPERM);
	expect_list(*state, 0, GROUP, "0000:00:01.0", "0000:05:00.0", "0000:06:00.0",
		    "0000:06:00.1", "0000:06:00.2", NULL);
	expect_driver(*state, "0000:00:01.0", "pcieport");
	expect_driver(*state, "0000:05:00.0", NULL);
	expect_driver(*state, "0000:06:00.0", "vfio-pci");
	expect_driver(*state, "0000:06:00.1", "pci-stub");
	/* A vfio driver by another name. */
	expect_driver(*state, "0000:06:00.2", "mlx5_vfio_pci");
	expect_vfio_dev(*state, "0000:06:00.2", "vfio4");
	expect_no_blocker(*state);
	check_bind_fails(-EPERM, LIBIOMMUFD_REASON_GROUP_BUSY);
	assert_says_not("viable");
	assert_says("group 11 is in use");
}

static void a_busy_group_is_not_about_interrupts(void **state)
{
	expect_bind(*state, -EBUSY);
	expect_list(*state, 0, GROUP, "0000:06:00.0", NULL);
	expect_driver(*state, "0000:06:00.0", "vfio-pci");
	check_bind_fails(-EBUSY, LIBIOMMUFD_REASON_GROUP_BUSY);
}

static void a_group_that_cannot_be_listed_is_said_to_be_busy(void **state)
{
	expect_bind(*state, -EPERM);
	expect_list(*state, -EACCES, GROUP, NULL);
	expect_no_blocker(*state);
	check_bind_fails(-EPERM, LIBIOMMUFD_REASON_GROUP_BUSY);
}

static void what_needs_no_explanation_reads_nothing(void **state)
{
	expect_bind(*state, -ENODEV);
	check_bind_fails(-ENODEV, LIBIOMMUFD_REASON_DEVICE_GONE);
	expect_bind(*state, -EINVAL);
	check_bind_fails(-EINVAL, LIBIOMMUFD_REASON_ALREADY_BOUND);
	expect_bind(*state, -EIO);
	check_bind_fails(-EIO, LIBIOMMUFD_REASON_KERNEL);
}

static void where_it_is_not_allowed_nothing_is_read(void **state)
{
	struct libiommufd_ioas *ioas = create_ioas(*state, ctx, IOAS_ID);

	expect_bind(*state, -EPERM);
	check_bind_fails(-EPERM, LIBIOMMUFD_REASON_GROUP_BUSY);
	expect_bind(*state, -EBUSY);
	check_bind_fails(-EBUSY, LIBIOMMUFD_REASON_GROUP_BUSY);
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP, -ENOMEM, struct iommu_ioas_map, .size = 40,
		     .flags = 7, .ioas_id = IOAS_ID, .user_va = 0x10000, .length = 0x1000);
	assert_fails(libiommufd_ioas_map_at(ioas, (void *)0x10000, 0x1000, RW, 0), -ENOMEM,
		     LIBIOMMUFD_REASON_MEMORY);
	assert_int_equal(libiommufd_last_error()->needed, 0);
	destroy_ioas(*state, ioas);
}

/* ---- Interrupts ---- */

static void expect_interrupts(struct script *k, const char *first, const char *second)
{
	expect_bind(k, -EPERM);
	expect_list(k, 0, GROUP, NULL);
	expect_attribute(k, "/sys/module/iommufd/parameters/allow_unsafe_interrupts", "N\n");
	expect_open(k, "/proc/interrupts", O_RDONLY, SYSFS_FD);
	expect_read(k, SYSFS_FD, first, 0);
	if (second)
		expect_read(k, SYSFS_FD, second, 0);
	expect_read(k, SYSFS_FD, NULL, 0);
	expect_close(k, SYSFS_FD, 0);
}

/* Remapped are those of PCI devices. */
static void expect_bus(struct script *k, const char *bus)
{
	char target[32];

	snprintf(target, sizeof(target), "../../../../bus/%s", bus);
	expect_readlink(k, NIC_SYSFS "/subsystem", target, 0);
}

static void interrupts_that_are_not_remapped_are_unsafe(void **state)
{
	expect_interrupts(*state, "  0:  33  IO-APIC   2-edge  timer\n",
			  " 24:  0  PCI-MSI 65536-edge  nvme0q0\n");
	check_bind_fails(-EPERM, LIBIOMMUFD_REASON_UNSAFE_INTERRUPTS);
	assert_says("iommufd.allow_unsafe_interrupts=1");
}

static void interrupts_that_are_remapped_are_not_the_cause(void **state)
{
	expect_interrupts(*state, "  0:  33  IR-IO-APIC   2-edge  timer\n", NULL);
	expect_bus(*state, "pci");
	check_bind_fails(-EPERM, LIBIOMMUFD_REASON_GROUP_BUSY);
	expect_interrupts(*state, "  0:  33  IO-APIC   2-edge  timer\n",
			  " 24:  0  IR-PCI-MSI 65536-edge  nvme0q0\n");
	expect_bus(*state, "pci");
	check_bind_fails(-EPERM, LIBIOMMUFD_REASON_GROUP_BUSY);
}

static void those_of_a_platform_device_are_never_remapped(void **state)
{
	expect_interrupts(*state, "  0:  33  IR-IO-APIC   2-edge  timer\n", NULL);
	expect_bus(*state, "platform");
	check_bind_fails(-EPERM, LIBIOMMUFD_REASON_UNSAFE_INTERRUPTS);
}

static void a_word_cut_by_two_reads_is_seen(void **state)
{
	expect_interrupts(*state, "  0:  33  IO-AP", "IC   2-edge  timer\n");
	check_bind_fails(-EPERM, LIBIOMMUFD_REASON_UNSAFE_INTERRUPTS);
	expect_interrupts(*state, "  0:  33  IO-APIC   2-edge  timer\n 24:  0  I",
			  "R-PCI-MSI 65536-edge  nvme0q0\n");
	expect_bus(*state, "pci");
	check_bind_fails(-EPERM, LIBIOMMUFD_REASON_GROUP_BUSY);
}

static void a_machine_without_an_io_apic_does_not_say(void **state)
{
	expect_interrupts(*state, " 11:  33  GICv3  27 Level  arch_timer\n", NULL);
	check_bind_fails(-EPERM, LIBIOMMUFD_REASON_GROUP_BUSY);
}

static void interrupts_that_cannot_be_read_are_not_blamed(void **state)
{
	expect_bind(*state, -EPERM);
	expect_list(*state, 0, GROUP, NULL);
	expect_attribute(*state, "/sys/module/iommufd/parameters/allow_unsafe_interrupts", NULL);
	check_bind_fails(-EPERM, LIBIOMMUFD_REASON_GROUP_BUSY);
	expect_bind(*state, -EPERM);
	expect_list(*state, 0, GROUP, NULL);
	expect_attribute(*state, "/sys/module/iommufd/parameters/allow_unsafe_interrupts", "N\n");
	expect_open(*state, "/proc/interrupts", O_RDONLY, -EACCES);
	check_bind_fails(-EPERM, LIBIOMMUFD_REASON_GROUP_BUSY);
}

/* ---- Memory ---- */

static void expect_map(struct script *k, int result)
{
	expect_ioctl(k, IOMMU_FD, IOMMU_IOAS_MAP, result, struct iommu_ioas_map, .size = 40,
		     .flags = 7, .ioas_id = IOAS_ID, .user_va = 0x10000, .length = 0x30000);
}

static void a_limit_comes_with_both_figures(void **state)
{
	struct libiommufd_ioas *ioas = create_ioas(*state, ctx, IOAS_ID);

	expect_map(*state, -ENOMEM);
	expect_memlock(*state, 65536, 0);
	expect_attribute(*state, "/proc/self/status", "VmLck:\t 20 kB\nVmPin:\t     8 kB\n");
	assert_fails(libiommufd_ioas_map_at(ioas, (void *)0x10000, 0x30000, RW, 0), -ENOMEM,
		     LIBIOMMUFD_REASON_MEMORY_LIMIT);
	assert_int_equal(libiommufd_last_error()->needed, 0x30000);
	assert_int_equal(libiommufd_last_error()->allowed, 65536);
	assert_says("196608 bytes cannot be pinned: RLIMIT_MEMLOCK allows 65536 bytes in all, "
		    "counted "
		    "per user, of which this process has 8192;");
	destroy_ioas(*state, ioas);
}

static void without_a_limit_it_is_memory(void **state)
{
	struct libiommufd_ioas *ioas = create_ioas(*state, ctx, IOAS_ID);

	expect_map(*state, -ENOMEM);
	expect_memlock(*state, UINT64_MAX, 0);
	assert_fails(libiommufd_ioas_map_at(ioas, (void *)0x10000, 0x30000, RW, 0), -ENOMEM,
		     LIBIOMMUFD_REASON_MEMORY);
	assert_int_equal(libiommufd_last_error()->needed, 0);
	assert_int_equal(libiommufd_last_error()->allowed, 0);
	assert_says("RLIMIT_MEMLOCK would allow it");
	expect_map(*state, -ENOMEM);
	expect_memlock(*state, 1, -EPERM);
	assert_fails(libiommufd_ioas_map_at(ioas, (void *)0x10000, 0x30000, RW, 0), -ENOMEM,
		     LIBIOMMUFD_REASON_MEMORY);
	destroy_ioas(*state, ioas);
}

/* Other processes of the user may have the rest, however little this one has. */
static void the_limit_of_a_user_is_told_with_what_can_be_known(void **state)
{
	struct libiommufd_ioas *ioas = create_ioas(*state, ctx, IOAS_ID);

	expect_map(*state, -ENOMEM);
	expect_memlock(*state, 1 << 20, 0);
	expect_attribute(*state, "/proc/self/status", "VmPin:\t 0 kB\n");
	assert_fails(libiommufd_ioas_map_at(ioas, (void *)0x10000, 0x30000, RW, 0), -ENOMEM,
		     LIBIOMMUFD_REASON_MEMORY_LIMIT);
	assert_says("allows 1048576 bytes in all, counted per user, of which this process has 0;");
	expect_map(*state, -ENOMEM);
	expect_memlock(*state, 1 << 20, 0);
	expect_open(*state, "/proc/self/status", O_RDONLY, -ENOENT);
	assert_fails(libiommufd_ioas_map_at(ioas, (void *)0x10000, 0x30000, RW, 0), -ENOMEM,
		     LIBIOMMUFD_REASON_MEMORY_LIMIT);
	assert_says("allows 1048576 bytes in all, counted per user; raise");
	destroy_ioas(*state, ioas);
}

static void an_attach_knows_only_what_is_allowed(void **state)
{
	struct libiommufd_ioas *ioas = create_ioas(*state, ctx, IOAS_ID);
	uint32_t attach[3] = {12, 0, IOAS_ID};

	expect_bind(*state, 0);
	assert_ok(libiommufd_device_bind(dev, NULL));
	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_ATTACH_IOMMUFD_PT, attach, sizeof(attach),
			   -ENOMEM);
	expect_memlock(*state, 65536, 0);
	expect_attribute(*state, "/proc/self/status", "VmPin:\t 0 kB\n");
	assert_fails(libiommufd_device_attach(dev, ioas), -ENOMEM, LIBIOMMUFD_REASON_MEMORY_LIMIT);
	assert_int_equal(libiommufd_last_error()->needed, 0);
	assert_int_equal(libiommufd_last_error()->allowed, 65536);
	destroy_ioas(*state, ioas);
}

/* ---- From a file of the caller ---- */

static void a_ctx_from_a_file_explains_only_if_asked(void **state)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts)};

	for (int asked = 0; asked < 2; asked++) {
		struct libiommufd_ctx *from_fd = NULL;

		opts.flags = asked ? LIBIOMMUFD_CTX_EXPLAIN : 0;
		expect_dup(*state, 99, IOMMU_FD);
		expect_probe(*state, IOMMU_FD, IOMMU_IOAS_ALLOC, -EINVAL);
		expect_owner(*state);
		assert_ok(ctx_open_fd(script_sys(*state), 99, &opts, &from_fd));
		struct libiommufd_ioas *ioas = create_ioas(*state, from_fd, IOAS_ID);
		expect_map(*state, -ENOMEM);
		if (asked) {
			expect_memlock(*state, 65536, 0);
			expect_attribute(*state, "/proc/self/status", "VmPin:\t 0 kB\n");
		}
		assert_fails(libiommufd_ioas_map_at(ioas, (void *)0x10000, 0x30000, RW, 0), -ENOMEM,
			     asked ? LIBIOMMUFD_REASON_MEMORY_LIMIT : LIBIOMMUFD_REASON_MEMORY);
		assert_says(asked ? "196608 bytes cannot be pinned: RLIMIT_MEMLOCK allows"
				  : "196608 bytes cannot be pinned: no memory, or RLIMIT_MEMLOCK");
		destroy_ioas(*state, ioas);
		close_ctx(*state, from_fd);
	}
}

static void a_limit_of_the_process_is_told_as_such(void **state)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
					   .flags = LIBIOMMUFD_CTX_RLIMIT_PROCESS |
						    LIBIOMMUFD_CTX_EXPLAIN};
	struct libiommufd_ctx *from_fd = NULL;

	expect_dup(*state, 99, IOMMU_FD);
	expect_probe(*state, IOMMU_FD, IOMMU_IOAS_ALLOC, -EINVAL);
	expect_ioctl(*state, IOMMU_FD, IOMMU_OPTION, 0, struct iommu_option, .size = 24,
		     .val64 = 1);
	expect_owner(*state);
	assert_ok(ctx_open_fd(script_sys(*state), 99, &opts, &from_fd));
	struct libiommufd_ioas *ioas = create_ioas(*state, from_fd, IOAS_ID);
	expect_map(*state, -ENOMEM);
	expect_memlock(*state, 65536, 0);
	expect_attribute(*state, "/proc/self/status", "VmLck:\t 4 kB\nVmPin:\t 8 kB\n");
	assert_fails(libiommufd_ioas_map_at(ioas, (void *)0x10000, 0x30000, RW, 0), -ENOMEM,
		     LIBIOMMUFD_REASON_MEMORY_LIMIT);
	assert_says("counted per process, of which this process has 4096;");
	destroy_ioas(*state, ioas);
	close_ctx(*state, from_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		explained(the_member_that_blocks_a_group_is_named),
		explained(bridges_stubs_and_vfio_drivers_block_nothing),
		explained(a_busy_group_is_not_about_interrupts),
		explained(a_group_that_cannot_be_listed_is_said_to_be_busy),
		explained(what_needs_no_explanation_reads_nothing),
		silent(where_it_is_not_allowed_nothing_is_read),
		explained(interrupts_that_are_not_remapped_are_unsafe),
		explained(interrupts_that_are_remapped_are_not_the_cause),
		explained(those_of_a_platform_device_are_never_remapped),
		explained(a_word_cut_by_two_reads_is_seen),
		explained(a_machine_without_an_io_apic_does_not_say),
		explained(interrupts_that_cannot_be_read_are_not_blamed),
		explained(a_limit_comes_with_both_figures),
		explained(without_a_limit_it_is_memory),
		explained(the_limit_of_a_user_is_told_with_what_can_be_known),
		explained(an_attach_knows_only_what_is_allowed),
		explained(a_ctx_from_a_file_explains_only_if_asked),
		explained(a_limit_of_the_process_is_told_as_such),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
