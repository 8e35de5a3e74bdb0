/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A container whose file is with two processes: neither takes away what the other one mapped, and what the
 * receiver has is described by what its files say and by nothing else.
 */
#include "flows.h"

#define RW (LIBIOMMUFD_READ | LIBIOMMUFD_WRITE)

/* What the receiver is passed, and its own copies of it. */
enum {
	PASSED_CONTAINER = 50,
	PASSED_GROUP = 51,
};

static void *const va = (void *)0x7f0000123000;

static void expect_map(struct script *k, uint64_t iova, int result)
{
	expect_ioctl(k, CONTAINER_FD, VFIO_IOMMU_MAP_DMA, result, struct vfio_iommu_type1_dma_map,
		     32, 3, 0x7f0000123000, iova, 0x1000);
}

static void expect_unmap(struct script *k, uint64_t iova, uint64_t size, int result)
{
	struct vfio_iommu_type1_dma_unmap cmd = {.argsz = 24, .iova = iova, .size = size};

	expect_ioctl_bytes(k, CONTAINER_FD, VFIO_IOMMU_UNMAP_DMA, &cmd, 24, result);
}

/* ---- The sender ---- */

static struct libiommufd_ctx *ctx;
static struct libiommufd_ioas *ioas;
static struct libiommufd_device *dev;

static int setup(void **state)
{
	if (script_setup(state))
		return -1;
	ctx = open_type1(*state);
	ioas = create_ioas(*state, ctx, 0);
	dev = bind_device_type1(*state, ctx);
	return 0;
}

static int teardown(void **state)
{
	close_device_type1(*state, dev);
	destroy_ioas(*state, ioas);
	close_ctx(*state, ctx);
	return script_teardown(state);
}

#define with_device(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void give(void)
{
	int fd = -1;

	assert_ok(libiommufd_device_query_container_fd(dev, &fd));
	assert_int_equal(fd, CONTAINER_FD);
}

static void map_two(struct script *k)
{
	expect_map(k, 0x10000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, RW, 0x10000));
	expect_map(k, 0x30000, 0);
	assert_ok(libiommufd_ioas_map_at(ioas, va, 0x1000, RW, 0x30000));
}

static void an_unmap_goes_mapping_by_mapping_once_the_container_is_given_away(void **state)
{
	uint64_t unmapped = 77;

	assert_ok(libiommufd_device_attach(dev, ioas));
	map_two(*state);
	expect_unmap(*state, 0x10000, 0x21000, 0);
	assert_ok(libiommufd_ioas_unmap_all(ioas, &unmapped));
	assert_int_equal(unmapped, 0x2000);
	map_two(*state);

	give();
	/* The second fails: the first is brought back. */
	expect_unmap(*state, 0x10000, 0x1000, 0);
	expect_unmap(*state, 0x30000, 0x1000, -EIO);
	expect_map(*state, 0x10000, 0);
	assert_fails(libiommufd_ioas_unmap_all(ioas, NULL), -EIO, LIBIOMMUFD_REASON_KERNEL);
	expect_unmap(*state, 0x10000, 0x1000, 0);
	expect_unmap(*state, 0x30000, 0x1000, 0);
	assert_ok(libiommufd_ioas_unmap(ioas, 0, 0x40000, &unmapped));
	assert_int_equal(unmapped, 0x2000);
	assert_ok(libiommufd_device_detach(dev));
}

static void so_does_a_detach(void **state)
{
	/* While it is no address space's. */
	give();
	assert_ok(libiommufd_device_attach(dev, ioas));
	map_two(*state);
	expect_unmap(*state, 0x10000, 0x1000, 0);
	expect_unmap(*state, 0x30000, 0x1000, 0);
	assert_ok(libiommufd_device_detach(dev));
}

/* ---- The receiver ---- */

static struct libiommufd_ctx *received;

static int open_received(struct script *k, struct libiommufd_ctx **ret_ctx)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
					   .backend = LIBIOMMUFD_BACKEND_TYPE1};

	return ctx_open_fd(script_sys(k), PASSED_CONTAINER, &opts, ret_ctx);
}

static void expect_version(struct script *k)
{
	expect_dup(k, PASSED_CONTAINER, CONTAINER_FD);
	expect_ioctl_number(k, CONTAINER_FD, VFIO_GET_API_VERSION, 0, 0);
}

static int setup_received(void **state)
{
	static const struct libiommufd_range whole[] = {{0, 0x7fffffffff}};

	if (script_setup(state))
		return -1;
	expect_version(*state);
	expect_type1_info(*state, CONTAINER_FD, whole, 1);
	expect_owner(*state);
	assert_ok(open_received(*state, &received));
	return 0;
}

static int teardown_received(void **state)
{
	expect_close(*state, CONTAINER_FD, 0);
	expect_munmap(*state, owner_page(), page_size(), 0);
	assert_null(libiommufd_ctx_unref(received));
	return script_teardown(state);
}

#define as_receiver(test) cmocka_unit_test_setup_teardown(test, setup_received, teardown_received)

static void a_container_without_an_iommu_is_refused_whatever_it_is_made_of(void **state)
{
	const int answers[] = {-EINVAL, -ENODEV};
	uint32_t in[512 / sizeof(uint32_t)] = {512};
	struct libiommufd_ctx *c = (void *)1;

	for (int i = 0; i < 2; i++) {
		expect_version(*state);
		expect_ioctl_bytes(*state, CONTAINER_FD, VFIO_IOMMU_GET_INFO, in, sizeof(in),
				   answers[i]);
		expect_close(*state, CONTAINER_FD, 0);
		assert_fails(open_received(*state, &c), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
		assert_says("has no IOMMU");
	}
	assert_ptr_equal(c, (void *)1);
}

static void expect_status(struct script *k, uint32_t flags)
{
	expect_ioctl(k, GROUP_FD, VFIO_GROUP_GET_STATUS, 0, struct vfio_group_status, 8, 0);
	answer(k, struct vfio_group_status, 8, flags);
}

enum {
	IN_CONTAINER = VFIO_GROUP_FLAGS_VIABLE | VFIO_GROUP_FLAGS_CONTAINER_SET
};

static struct libiommufd_device *open_group(struct script *k,
					    const struct libiommufd_group_fd_opts *opts)
{
	struct libiommufd_device *d = NULL;

	expect_dup(k, PASSED_GROUP, GROUP_FD);
	expect_status(k, IN_CONTAINER);
	assert_ok(libiommufd_device_open_group_fd(received, PASSED_GROUP, NIC, opts, &d));
	return d;
}

static void close_group(struct script *k, struct libiommufd_device *d)
{
	expect_close(k, GROUP_FD, 0);
	assert_ok(libiommufd_device_close(d, 0));
}

static void a_group_that_has_left_its_container_is_said_to_have(void **state)
{
	struct libiommufd_device *d = open_group(*state, NULL);

	expect_ioctl_string(*state, GROUP_FD, VFIO_GROUP_GET_DEVICE_FD, NIC, -EINVAL);
	expect_status(*state, VFIO_GROUP_FLAGS_VIABLE);
	assert_fails(libiommufd_device_bind(d, NULL), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_says("in no container");
	assert_int_equal(libiommufd_device_get_state(d), LIBIOMMUFD_DEVICE_OPENED);
	close_group(*state, d);
}

static void a_token_too_many_is_not_taken_for_that(void **state)
{
	static const uint8_t token[16];
	static const struct libiommufd_group_fd_opts opts = {.size = sizeof(opts),
							     .vf_token = token};
	struct libiommufd_device *d = open_group(*state, &opts);

	expect_ioctl_string(*state, GROUP_FD, VFIO_GROUP_GET_DEVICE_FD,
			    NIC " vf_token=00000000-0000-0000-0000-000000000000", -EINVAL);
	expect_status(*state, IN_CONTAINER);
	assert_fails(libiommufd_device_bind(d, NULL), -EINVAL, LIBIOMMUFD_REASON_VF_TOKEN);
	close_group(*state, d);
}

static void nothing_is_read_for_the_facts_of_a_passed_device(void **state)
{
	static const struct libiommufd_group_fd_opts opts = {.size = sizeof(opts),
							     .flags = LIBIOMMUFD_GROUP_FD_NUMBER,
							     .group = 11};
	struct libiommufd_device *d = open_group(*state, &opts);
	struct libiommufd_facts *facts = NULL;

	assert_ok(libiommufd_device_query_facts(d, &facts));
	assert_int_equal(libiommufd_facts_get_group(facts), 11);
	assert_int_equal(libiommufd_facts_get_member_count(facts), LIBIOMMUFD_FACT_UNKNOWN);
	assert_null(libiommufd_facts_get_address(facts));
	assert_null(libiommufd_facts_get_driver(facts));
	assert_null(libiommufd_facts_get_node(facts));
	assert_null(libiommufd_facts_get_iommu(facts));
	libiommufd_facts_free(facts);
	close_group(*state, d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_device(an_unmap_goes_mapping_by_mapping_once_the_container_is_given_away),
		with_device(so_does_a_detach),
		scripted(a_container_without_an_iommu_is_refused_whatever_it_is_made_of),
		as_receiver(a_group_that_has_left_its_container_is_said_to_have),
		as_receiver(a_token_too_many_is_not_taken_for_that),
		as_receiver(nothing_is_read_for_the_facts_of_a_passed_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
