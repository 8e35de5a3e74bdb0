/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every call refuses before it asks the kernel: NULL, zero, unaligned, overflow, unknown bits. */
#include "flows.h"

#define RW (LIBIOMMUFD_READ | LIBIOMMUFD_WRITE)

static struct libiommufd_ctx *ctx;
static struct libiommufd_ioas *ioas;

static int setup(void **state)
{
	if (script_setup(state))
		return -1;
	ctx = open_native(*state);
	ioas = create_ioas(*state, ctx, IOAS_ID);
	return 0;
}

static int teardown(void **state)
{
	destroy_ioas(*state, ioas);
	close_ctx(*state, ctx);
	return script_teardown(state);
}

#define with_ioas(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#define assert_argument(call) assert_fails(call, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT)
#define assert_overflow(call) assert_fails(call, -EOVERFLOW, LIBIOMMUFD_REASON_ARGUMENT)

static void *const va = (void *)0x7f0000100000;

static void every_null_of_a_ctx_call_is_refused(void **state)
{
	struct libiommufd_facts *facts = (void *)1;
	struct libiommufd_ioas *other = (void *)1;
	struct libiommufd_device *dev = (void *)1;
	int fd = 77;

	assert_argument(ctx_open(script_sys(*state), NULL, NULL));
	assert_argument(ctx_open_fd(script_sys(*state), 1, NULL, NULL));
	assert_argument(libiommufd_ctx_query_fd(NULL, &fd));
	assert_argument(libiommufd_ctx_query_fd(ctx, NULL));
	assert_argument(libiommufd_ctx_has(NULL, 1));
	assert_argument(libiommufd_ioas_create(NULL, NULL, &other));
	assert_argument(libiommufd_ioas_create(ctx, NULL, NULL));
	assert_argument(libiommufd_device_open(NULL, NIC, NULL, &dev));
	assert_argument(libiommufd_device_open(ctx, NULL, NULL, &dev));
	assert_argument(libiommufd_device_open(ctx, NIC, NULL, NULL));
	assert_argument(libiommufd_ctx_query_facts(ctx, NULL, &facts));
	assert_argument(libiommufd_ctx_query_facts(ctx, NIC, NULL));
	assert_int_equal(fd, 77);
	assert_ptr_equal(other, (void *)1);
	assert_ptr_equal(dev, (void *)1);
	assert_ptr_equal(facts, (void *)1);
}

static void a_negative_fd_is_no_file(void **state)
{
	struct libiommufd_ctx *other = (void *)1;

	assert_fails(ctx_open_fd(script_sys(*state), -1, NULL, &other), -EBADF,
		     LIBIOMMUFD_REASON_ARGUMENT);
	assert_ptr_equal(other, (void *)1);
}

static void every_null_of_an_ioas_call_is_refused(void **state)
{
	struct libiommufd_ranges *ranges = (void *)1;
	uint64_t iova = 77;
	bool enable = true;

	(void)state;
	assert_argument(libiommufd_ioas_map(NULL, va, 0x1000, RW, &iova));
	assert_argument(libiommufd_ioas_map(ioas, NULL, 0x1000, RW, &iova));
	assert_argument(libiommufd_ioas_map(ioas, va, 0x1000, RW, NULL));
	assert_argument(libiommufd_ioas_map_at(NULL, va, 0x1000, RW, 0));
	assert_argument(libiommufd_ioas_map_at(ioas, NULL, 0x1000, RW, 0));
	assert_argument(libiommufd_ioas_map_file(NULL, 9, 0, 0x1000, RW, &iova));
	assert_argument(libiommufd_ioas_map_file(ioas, 9, 0, 0x1000, RW, NULL));
	assert_argument(libiommufd_ioas_map_file_at(NULL, 9, 0, 0x1000, RW, 0));
	assert_argument(libiommufd_ioas_copy(NULL, ioas, 0, 0x1000, RW, &iova));
	assert_argument(libiommufd_ioas_copy(ioas, NULL, 0, 0x1000, RW, &iova));
	assert_argument(libiommufd_ioas_copy(ioas, ioas, 0, 0x1000, RW, NULL));
	assert_argument(libiommufd_ioas_copy_at(NULL, ioas, 0, 0x1000, RW, 0));
	assert_argument(libiommufd_ioas_copy_at(ioas, NULL, 0, 0x1000, RW, 0));
	assert_argument(libiommufd_ioas_unmap(NULL, 0, 0x1000, &iova));
	assert_argument(libiommufd_ioas_unmap_all(NULL, &iova));
	assert_argument(libiommufd_ioas_query_ranges(NULL, &ranges));
	assert_argument(libiommufd_ioas_query_ranges(ioas, NULL));
	assert_argument(libiommufd_ioas_allow_iovas(NULL, NULL, 0));
	assert_argument(libiommufd_ioas_allow_iovas(ioas, NULL, 1));
	assert_argument(libiommufd_ioas_set_huge_pages(NULL, true));
	assert_argument(libiommufd_ioas_query_huge_pages(NULL, &enable));
	assert_argument(libiommufd_ioas_query_huge_pages(ioas, NULL));
	assert_int_equal(iova, 77);
	assert_ptr_equal(ranges, (void *)1);
	assert_true(enable);
}

static void every_null_of_a_device_call_is_refused(void **state)
{
	struct libiommufd_device *dev = bind_device(*state, ctx);
	struct libiommufd_region *region = (void *)1;
	struct libiommufd_facts *facts = (void *)1;
	enum libiommufd_reach reach;
	uint32_t value32;
	uint16_t value16;
	struct libiommufd_device *other = (void *)1;
	bool private = true;
	uint8_t value8;
	int fd = 77;

	assert_argument(libiommufd_device_bind(NULL, NULL));
	assert_argument(libiommufd_device_attach(NULL, ioas));
	assert_argument(libiommufd_device_attach(dev, NULL));
	assert_argument(libiommufd_device_attach_id(NULL, 1));
	assert_argument(libiommufd_device_detach(NULL));
	assert_argument(libiommufd_device_query_fd(NULL, &fd));
	assert_argument(libiommufd_device_query_fd(dev, NULL));
	assert_argument(libiommufd_device_query_reach(NULL, &reach, NULL));
	assert_argument(libiommufd_device_query_reach(dev, NULL, NULL));
	assert_argument(libiommufd_device_query_kvm_fd(NULL, &fd));
	assert_argument(libiommufd_device_query_kvm_fd(dev, NULL));
	assert_argument(libiommufd_device_query_container_fd(NULL, &fd));
	assert_argument(libiommufd_device_query_container_fd(dev, NULL));
	assert_argument(libiommufd_device_query_private(NULL, &private));
	assert_argument(libiommufd_device_query_private(dev, NULL));
	assert_argument(libiommufd_device_open_fd(NULL, 9, NULL, &other));
	assert_argument(libiommufd_device_open_fd(ctx, 9, NULL, NULL));
	assert_argument(libiommufd_device_open_group_fd(NULL, 9, NIC, NULL, &other));
	assert_argument(libiommufd_device_open_group_fd(ctx, 9, NULL, NULL, &other));
	assert_argument(libiommufd_device_open_group_fd(ctx, 9, NIC, NULL, NULL));
	assert_ptr_equal(other, (void *)1);
	assert_true(private);
	assert_int_equal(fd, 77);
	assert_argument(libiommufd_device_query_facts(NULL, &facts));
	assert_argument(libiommufd_device_query_facts(dev, NULL));
	assert_argument(libiommufd_device_query_region_count(NULL, &value32));
	assert_argument(libiommufd_device_query_region_count(dev, NULL));
	assert_argument(libiommufd_device_query_region(NULL, 0, &region));
	assert_argument(libiommufd_device_query_region(dev, 0, NULL));
	assert_argument(libiommufd_device_config_read8(NULL, 0, &value8));
	assert_argument(libiommufd_device_config_read8(dev, 0, NULL));
	assert_argument(libiommufd_device_config_read16(NULL, 0, &value16));
	assert_argument(libiommufd_device_config_read16(dev, 0, NULL));
	assert_argument(libiommufd_device_config_read32(NULL, 0, &value32));
	assert_argument(libiommufd_device_config_read32(dev, 0, NULL));
	assert_argument(libiommufd_device_config_write8(NULL, 0, 0));
	assert_argument(libiommufd_device_config_write16(NULL, 0, 0));
	assert_argument(libiommufd_device_config_write32(NULL, 0, 0));
	assert_argument(libiommufd_device_set_bus_master(NULL, true));
	assert_ptr_equal(region, (void *)1);
	assert_ptr_equal(facts, (void *)1);
	close_device(*state, dev);
}

static void every_null_of_a_region_call_is_refused(void **state)
{
	uint64_t offset = 77, length = 77;
	void *ptr = (void *)1;
	char byte = 1;

	(void)state;
	assert_argument(libiommufd_region_get_area(NULL, 0, &offset, &length));
	assert_argument(libiommufd_region_map(NULL, 0, 0x1000, RW, &ptr));
	assert_argument(libiommufd_region_unmap(NULL, va));
	assert_argument(libiommufd_region_read(NULL, 0, &byte, 1));
	assert_argument(libiommufd_region_write(NULL, 0, &byte, 1));
	assert_int_equal(offset + length, 2 * 77);
	assert_ptr_equal(ptr, (void *)1);
}

static void destructors_take_null(void **state)
{
	(void)state;
	assert_null(libiommufd_ctx_unref(NULL));
	assert_null(libiommufd_ctx_ref(NULL));
	assert_ok(libiommufd_ioas_destroy(NULL));
	assert_ok(libiommufd_device_close(NULL, 0));
	assert_null(libiommufd_ranges_free(NULL));
	assert_null(libiommufd_facts_free(NULL));
}

static void getters_take_null(void **state)
{
	(void)state;
	assert_int_equal(libiommufd_ctx_get_backend(NULL), LIBIOMMUFD_BACKEND_AUTO);
	assert_string_equal(libiommufd_ctx_get_backend_why(NULL), "");
	assert_int_equal(libiommufd_ioas_get_id(NULL), 0);
	assert_int_equal(libiommufd_ranges_get_count(NULL), 0);
	assert_int_equal(libiommufd_ranges_get(NULL, 0).start, 0);
	assert_int_equal(libiommufd_ranges_get(NULL, 0).last, 0);
	assert_int_equal(libiommufd_ranges_get_alignment(NULL), 0);
	assert_int_equal(libiommufd_device_get_id(NULL), 0);
	assert_string_equal(libiommufd_device_get_name(NULL), "");
	assert_int_equal(libiommufd_device_get_state(NULL), LIBIOMMUFD_DEVICE_OPENED);
	assert_null(libiommufd_facts_get_address(NULL));
	assert_null(libiommufd_facts_get_driver(NULL));
	assert_int_equal(libiommufd_facts_get_group(NULL), LIBIOMMUFD_FACT_UNKNOWN);
	assert_int_equal(libiommufd_facts_get_member_count(NULL), LIBIOMMUFD_FACT_UNKNOWN);
	assert_null(libiommufd_facts_get_member(NULL, 0));
	assert_null(libiommufd_facts_get_member_driver(NULL, 0));
	assert_null(libiommufd_facts_get_node(NULL));
	assert_null(libiommufd_facts_get_iommu(NULL));
	assert_int_equal(libiommufd_region_get_size(NULL), 0);
	assert_int_equal(libiommufd_region_get_access(NULL), 0);
	assert_int_equal(libiommufd_region_get_file_offset(NULL), 0);
	assert_int_equal(libiommufd_region_get_area_count(NULL), 0);
}

/* ---- What is common to all maps ---- */

/* Six ways to map so much from there; those that take an address, at iova. */
static void check_maps(uint64_t from, uint64_t length, uint32_t access, uint64_t iova, int error)
{
	uint64_t picked = 77;
	void *ptr = (void *)(uintptr_t)from;
	const uint32_t reason = LIBIOMMUFD_REASON_ARGUMENT;

	assert_fails(libiommufd_ioas_map(ioas, ptr, length, access, &picked), error, reason);
	assert_fails(libiommufd_ioas_map_file(ioas, 9, from, length, access, &picked), error,
		     reason);
	assert_fails(libiommufd_ioas_copy(ioas, ioas, from, length, access, &picked), error,
		     reason);
	assert_fails(libiommufd_ioas_map_at(ioas, ptr, length, access, iova), error, reason);
	assert_fails(libiommufd_ioas_map_file_at(ioas, 9, from, length, access, iova), error,
		     reason);
	assert_fails(libiommufd_ioas_copy_at(ioas, ioas, from, length, access, iova), error,
		     reason);
	assert_int_equal(picked, 77);
}

static void no_map_of_no_bytes(void **state)
{
	(void)state;
	check_maps(0x10000, 0, RW, 0, -EINVAL);
}

static void no_map_off_a_page_by_one_byte(void **state)
{
	uint64_t page = page_size();

	(void)state;
	check_maps(0x10001, page, RW, 0, -EINVAL);
	assert_says("0x10001");
	check_maps(0x10000 + page - 1, page, RW, 0, -EINVAL);
	check_maps(0x10000, page + 1, RW, 0, -EINVAL);
	check_maps(0x10000, page - 1, RW, 0, -EINVAL);
}

static void no_map_at_an_address_off_a_page_by_one_byte(void **state)
{
	uint64_t page = page_size();

	(void)state;
	assert_argument(libiommufd_ioas_map_at(ioas, va, page, RW, 1));
	assert_argument(libiommufd_ioas_map_at(ioas, va, page, RW, page - 1));
	assert_argument(libiommufd_ioas_map_file_at(ioas, 9, 0, page, RW, page + 1));
	assert_argument(libiommufd_ioas_copy_at(ioas, ioas, 0, page, RW, page - 1));
}

static void no_map_without_access_or_with_unknown_access(void **state)
{
	(void)state;
	check_maps(0x10000, 0x10000, 0, 0, -EINVAL);
	check_maps(0x10000, 0x10000, 4, 0, -EINVAL);
	check_maps(0x10000, 0x10000, RW | 1U << 31, 0, -EINVAL);
}

static void no_map_beyond_the_end(void **state)
{
	uint64_t page = page_size();

	(void)state;
	check_maps(-page, 2 * page, RW, 0, -EOVERFLOW);
	/* The end of memory must be an address, the last byte of a range of IOVAs need not be followed. */
	assert_overflow(libiommufd_ioas_map_at(ioas, (void *)-page, page, RW, 0));
	assert_overflow(libiommufd_ioas_map_at(ioas, va, 2 * page, RW, -page));
	assert_overflow(libiommufd_ioas_map_file_at(ioas, 9, 0, 2 * page, RW, -page));
	assert_overflow(libiommufd_ioas_copy_at(ioas, ioas, 0, 2 * page, RW, -page));
}

static void no_copy_between_contexts(void **state)
{
	struct libiommufd_ctx *other = open_native(*state);
	struct libiommufd_ioas *src = create_ioas(*state, other, 9);
	uint64_t iova = 77;

	assert_fails(libiommufd_ioas_copy(ioas, src, 0, 0x1000, RW, &iova), -EINVAL,
		     LIBIOMMUFD_REASON_OTHER_CTX);
	assert_fails(libiommufd_ioas_copy_at(ioas, src, 0, 0x1000, RW, 0), -EINVAL,
		     LIBIOMMUFD_REASON_OTHER_CTX);
	assert_int_equal(iova, 77);
	destroy_ioas(*state, src);
	close_ctx(*state, other);
}

static void no_unmap_of_no_bytes_or_beyond_the_end(void **state)
{
	uint64_t unmapped = 77;

	(void)state;
	assert_argument(libiommufd_ioas_unmap(ioas, 0x1000, 0, &unmapped));
	assert_overflow(libiommufd_ioas_unmap(ioas, 2, UINT64_MAX, &unmapped));
	assert_overflow(libiommufd_ioas_unmap(ioas, UINT64_MAX, 2, &unmapped));
	assert_int_equal(unmapped, 77);
}

static void no_list_with_a_range_that_ends_before_it_starts(void **state)
{
	struct libiommufd_range list[] = {{0x1000, 0x1fff}, {0x3000, 0x2fff}};

	(void)state;
	assert_argument(libiommufd_ioas_allow_iovas(ioas, list, 2));
	assert_says("range 1 ");
}

static void no_list_of_more_than_a_million_ranges(void **state)
{
	struct libiommufd_range range = {0x1000, 0x1fff};

	(void)state;
	assert_argument(libiommufd_ioas_allow_iovas(ioas, &range, (1 << 20) + 1));
	assert_argument(libiommufd_ioas_allow_iovas(ioas, &range, (size_t)1 << 32));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ioas(every_null_of_a_ctx_call_is_refused),
		with_ioas(a_negative_fd_is_no_file),
		with_ioas(every_null_of_an_ioas_call_is_refused),
		with_ioas(every_null_of_a_device_call_is_refused),
		with_ioas(every_null_of_a_region_call_is_refused),
		with_ioas(destructors_take_null),
		with_ioas(getters_take_null),
		with_ioas(no_map_of_no_bytes),
		with_ioas(no_map_off_a_page_by_one_byte),
		with_ioas(no_map_at_an_address_off_a_page_by_one_byte),
		with_ioas(no_map_without_access_or_with_unknown_access),
		with_ioas(no_map_beyond_the_end),
		with_ioas(no_copy_between_contexts),
		with_ioas(no_unmap_of_no_bytes_or_beyond_the_end),
		with_ioas(no_list_with_a_range_that_ends_before_it_starts),
		with_ioas(no_list_of_more_than_a_million_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
