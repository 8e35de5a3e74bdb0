/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the tests of a device's life: bind, attach, replace, detach, close, and what DMA does in each. */
#include "suites.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "behaviours.h"
#include "bench.h"
#include "differences.h"
#include "uapi/vfio.h"

/* Neither the addresses of any address space nor physical ones lead to memory. */
static void assert_blocked(struct bench *b, uint64_t iova, uint8_t *memory)
{
	assert_false(dma_writes(b, 0, iova, memory));
	assert_false(dma_writes(b, 0, bench_physical(memory), memory));
	assert_false(dma_writes(b, 0, HOME, b->home));
	assert_false(dma_writes(b, 0, bench_physical(b->home), b->home));
}

static void the_kernel_allows_nothing_before_bind(void **state)
{
	struct vfio_device_info info = {.argsz = sizeof(info)};
	struct bench *b = *state;
	char byte;
	int fd;

	assert_outcome(libiommufd_device_query_fd(b->dev, &fd),
		       differs(b->native, DIFFERENCE_FILE_BEFORE_BIND));
	if (!works(b->native, DIFFERENCE_FILE_BEFORE_BIND))
		return;
	assert_int_equal(ioctl(fd, VFIO_DEVICE_GET_INFO, &info), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(pread(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(pwrite(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_ptr_equal(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(errno, EINVAL);
}

static void before_bind_there_is_no_id(void **state)
{
	struct bench *b = *state;

	assert_string_equal(libiommufd_device_get_name(b->dev), bench_name("EDU0"));
	assert_int_equal(libiommufd_device_get_id(b->dev), 0);
	assert_ok(libiommufd_device_bind(b->dev, NULL));
	assert_int_equal(libiommufd_device_get_id(b->dev) != 0, natively(b->native, BEHAVIOUR_IDS));
	assert_int_equal(libiommufd_ioas_get_id(b->ioas) != 0, natively(b->native, BEHAVIOUR_IDS));
}

static void a_second_bind_by_another_handle_is_refused(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	bench_open(b, 0);
	assert_ok(libiommufd_device_open(b->ctx, bench_name("EDU0"), NULL, &b->devices[1]));
	bench_bind(b, 0);
	assert_refused(libiommufd_device_bind(b->devices[1], NULL), EINVAL, ALREADY_BOUND);
	assert_state(b->devices[1], OPENED, NOTHING, NULL);

	/* The first one is as good as before, and the second's close does not take it away. */
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_true(dma_works(b, 0, 0x10000, memory));
	assert_state(b->devices[1], OPENED, IOAS, b->ioas);
	assert_ok(libiommufd_device_close(b->devices[1], 0));
	b->devices[1] = NULL;
	assert_true(dma_works(b, 0, 0x10000, memory));
	munmap(memory, PAGE);
}

static void the_other_handle_can_bind_once_the_first_is_closed(void **state)
{
	struct bench *b = *state;

	assert_ok(libiommufd_device_open(b->ctx, bench_name("EDU0"), NULL, &b->devices[1]));
	bench_bind(b, 0);
	bench_close(b, 0);
	assert_state(b->devices[1], OPENED, KERNEL, NULL);
	bench_bind(b, 1);
	assert_state(b->devices[1], BOUND, NOTHING, NULL);
}

static void a_bind_by_another_context_is_refused(void **state)
{
	struct libiommufd_device *dev;
	struct libiommufd_ctx *ctx;
	struct bench *b = *state;

	assert_ok(libiommufd_ctx_open(NULL, &ctx));
	assert_ok(libiommufd_device_open(ctx, bench_name("EDU0"), NULL, &dev));
	assert_outcome(libiommufd_device_bind(dev, NULL),
		       differs(b->native, DIFFERENCE_BIND_OF_OTHERS));
	/* That context did nothing to the group, so it cannot know more. */
	assert_state(dev, OPENED, KERNEL, NULL);
	assert_state(b->dev, BOUND, NOTHING, NULL);
	bench_close(b, 0);
	assert_ok(libiommufd_device_bind(dev, NULL));
	assert_ok(libiommufd_device_close(dev, 0));
	libiommufd_ctx_unref(ctx);
}

static void objects_of_two_contexts_do_not_mix(void **state)
{
	struct bench *b = *state;
	struct libiommufd_ctx *ctx;
	struct libiommufd_ioas *ioas;
	struct libiommufd_bind_opts opts = {.size = sizeof(opts)};

	assert_ok(libiommufd_ctx_open(NULL, &ctx));
	assert_ok(libiommufd_ioas_create(ctx, NULL, &ioas));
	opts.ioas = ioas;
	assert_refused(libiommufd_device_bind(b->dev, &opts), EINVAL, OTHER_CTX);
	assert_state(b->dev, OPENED, KERNEL, NULL);
	bench_bind(b, 0);
	assert_refused(libiommufd_device_attach(b->dev, ioas), EINVAL, OTHER_CTX);
	assert_refused(libiommufd_ioas_copy_at(ioas, b->ioas, HOME, PAGE, BOTH, HOME), EINVAL,
		       OTHER_CTX);
	assert_state(b->dev, BOUND, NOTHING, NULL);
	assert_ok(libiommufd_ioas_destroy(ioas));
	libiommufd_ctx_unref(ctx);
}

static void dma_is_blocked_until_attach(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	assert_blocked(b, 0x10000, memory);
	dma_read(b, 0, 0x10000, memory);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_false(dma_holds(b, 0, memory));
	dma_read(b, 0, 0x10000, memory);
	assert_true(dma_holds(b, 0, memory));
	assert_true(dma_works(b, 0, 0x10000, memory));
	munmap(memory, PAGE);
}

static void dma_is_blocked_after_detach(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	assert_true(dma_works(b, 0, 0x10000, memory));
	assert_ok(libiommufd_device_detach(b->dev));
	assert_state(b->dev, BOUND, NOTHING, NULL);
	assert_blocked(b, 0x10000, memory);
	dma_read(b, 0, 0x10000, memory);

	assert_ok(libiommufd_device_detach(b->dev));
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_false(dma_holds(b, 0, memory));
	assert_true(dma_works(b, 0, 0x10000, memory));
	munmap(memory, PAGE);
}

static void dma_is_blocked_after_close_and_a_new_bind(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	assert_true(dma_works(b, 0, 0x10000, memory));
	bench_close(b, 0);
	bench_bind(b, 0);
	assert_state(b->dev, BOUND, NOTHING, NULL);
	assert_blocked(b, 0x10000, memory);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_true(dma_works(b, 0, 0x10000, memory));
	munmap(memory, PAGE);
}

static void an_attach_while_attached_moves_dma_to_the_new_space(void **state)
{
	struct bench *b = *state;
	struct libiommufd_ioas *new = bench_ioas(b);
	uint8_t *old_memory = bench_memory(PAGE), *new_memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, old_memory, PAGE, BOTH, 0x10000));
	assert_ok(libiommufd_ioas_map_at(b->ioas, old_memory, PAGE, BOTH, 0x20000));
	assert_ok(libiommufd_ioas_map_at(new, new_memory, PAGE, BOTH, 0x10000));
	assert_true(dma_works(b, 0, 0x10000, old_memory));

	assert_ok(libiommufd_device_attach(b->dev, new));
	assert_state(b->dev, ATTACHED, IOAS, new);
	assert_false(dma_works(b, 0, 0x10000, old_memory));
	assert_false(dma_works(b, 0, 0x20000, old_memory));
	assert_true(dma_works(b, 0, 0x10000, new_memory));
	/* Nothing holds the old one any more. */
	bench_destroy(b, b->spaces[0]);
	assert_true(dma_works(b, 0, 0x10000, new_memory));
	munmap(old_memory, PAGE);
	munmap(new_memory, PAGE);
}

static void a_move_that_fails_leaves_dma_where_it_was(void **state)
{
	struct bench *b = *state;
	struct libiommufd_ioas *new = bench_ioas(b);
	uint8_t *memory = bench_memory(PAGE), *new_memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	assert_ok(libiommufd_ioas_map_at(new, new_memory, PAGE, BOTH, 0x10000));
	/* The MSI window. */
	assert_ok(libiommufd_ioas_map_at(new, new_memory, PAGE, BOTH, 0xfee00000));
	assert_refused(libiommufd_device_attach(b->dev, new), EADDRINUSE, IOVA_CONFLICT);
	assert_state(b->dev, ATTACHED, IOAS, b->ioas);
	assert_true(dma_works(b, 0, 0x10000, memory));
	assert_false(dma_works(b, 0, 0x10000, new_memory));
	munmap(memory, PAGE);
	munmap(new_memory, PAGE);
}

static void memory_that_is_gone_makes_a_move_fail_and_dma_stays(void **state)
{
	struct bench *b = *state;
	struct libiommufd_ioas *new = bench_ioas(b);
	uint8_t *memory = bench_memory(PAGE), *gone = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	assert_ok(libiommufd_ioas_map_at(new, gone, PAGE, BOTH, 0x20000));
	munmap(gone, PAGE);
	assert_refused(libiommufd_device_attach(b->dev, new), EFAULT, BAD_MEMORY);
	assert_state(b->dev, ATTACHED, IOAS, b->ioas);
	assert_true(dma_works(b, 0, 0x10000, memory));
	assert_ok(libiommufd_ioas_unmap(new, 0x20000, PAGE, NULL));
	assert_ok(libiommufd_device_attach(b->dev, new));
	assert_false(dma_works(b, 0, 0x10000, memory));
	munmap(memory, PAGE);
}

static void an_attach_to_the_same_space_changes_nothing(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_state(b->dev, ATTACHED, IOAS, b->ioas);
	assert_true(dma_works(b, 0, 0x10000, memory));
	assert_ok(libiommufd_device_detach(b->dev));
	assert_false(dma_writes(b, 0, 0x10000, memory));
	munmap(memory, PAGE);
}

static void attach_by_id_reaches_the_space_of_that_id(void **state)
{
	struct bench *b = *state;
	struct libiommufd_ioas *other = bench_ioas(b);
	uint8_t *memory = bench_memory(PAGE);

	assert_outcome(libiommufd_device_attach_id(b->dev, libiommufd_ioas_get_id(b->ioas)),
		       differs(b->native, DIFFERENCE_ATTACH_ID));
	if (!works(b->native, DIFFERENCE_ATTACH_ID)) {
		assert_state(b->dev, BOUND, NOTHING, NULL);
		return;
	}
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	assert_state(b->dev, ATTACHED, ID, NULL);
	assert_true(dma_works(b, 0, 0x10000, memory));
	assert_refused(libiommufd_ioas_destroy(b->ioas), EBUSY, IN_USE);
	assert_refused(libiommufd_device_attach_id(b->dev, 0x7fffffff), ENOENT, ARGUMENT);
	assert_refused(libiommufd_device_attach_id(b->dev, libiommufd_device_get_id(b->dev)),
		       EINVAL, ARGUMENT);
	assert_state(b->dev, ATTACHED, ID, NULL);
	assert_true(dma_works(b, 0, 0x10000, memory));

	assert_ok(libiommufd_device_attach(b->dev, other));
	assert_state(b->dev, ATTACHED, IOAS, other);
	assert_false(dma_works(b, 0, 0x10000, memory));
	assert_ok(libiommufd_device_attach_id(b->dev, libiommufd_ioas_get_id(b->ioas)));
	assert_true(dma_works(b, 0, 0x10000, memory));
	assert_ok(libiommufd_device_detach(b->dev));
	assert_state(b->dev, BOUND, NOTHING, NULL);
	assert_blocked(b, 0x10000, memory);
	munmap(memory, PAGE);
}

static void an_attached_space_cannot_be_destroyed(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	assert_refused(libiommufd_ioas_destroy(b->ioas), EBUSY, IN_USE);
	assert_true(dma_works(b, 0, 0x10000, memory));
	assert_ok(libiommufd_device_detach(b->dev));
	bench_destroy(b, b->ioas);
	munmap(memory, PAGE);
}

static void a_close_is_refused_while_a_region_is_mapped(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(PAGE);

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	assert_refused(libiommufd_device_close(b->dev, 0), EBUSY, REGION_MAPPED);
	assert_refused(libiommufd_device_close(b->dev, 1 << 7), EINVAL, ARGUMENT);
	assert_state(b->dev, ATTACHED, IOAS, b->ioas);
	assert_true(dma_works(b, 0, 0x10000, memory));

	assert_ok(libiommufd_device_close(b->dev, LIBIOMMUFD_CLOSE_FORCE));
	b->devices[0] = NULL;
	/* Nothing of it is left: the same device can be had again at once. */
	bench_bind(b, 0);
	assert_blocked(b, 0x10000, memory);
	munmap(memory, PAGE);
}

static void close_releases_every_pin(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(MIB);
	long before = bench_pins();

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, MIB, BOTH, 0x100000));
	assert_int_equal(bench_pins(), before + (long)(MIB / PAGE));
	bench_close(b, 0);
	bench_destroy(b, b->ioas);
	/* The home's page as well. */
	assert_int_equal(bench_pins(), before - 1);
	munmap(memory, MIB);
}

static void detach_releases_every_pin_and_attach_takes_them_again(void **state)
{
	struct bench *b = *state;
	uint8_t *memory = bench_memory(MIB);

	assert_ok(libiommufd_device_detach(b->dev));
	long before = bench_pins();
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, MIB, BOTH, 0x100000));
	assert_int_equal(bench_pins(), before);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_int_equal(bench_pins(), before + (long)(MIB / PAGE) + 1);
	assert_ok(libiommufd_device_detach(b->dev));
	assert_int_equal(bench_pins(), before);
	munmap(memory, MIB);
}

int run_lifecycle(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(before_bind_there_is_no_id, bench_setup_opened),
		bench_test(a_second_bind_by_another_handle_is_refused, bench_setup),
		bench_test(the_other_handle_can_bind_once_the_first_is_closed, bench_setup),
		bench_test(a_bind_by_another_context_is_refused, bench_setup_bound),
		bench_test(objects_of_two_contexts_do_not_mix, bench_setup_opened),
		bench_test(dma_is_blocked_until_attach, bench_setup_bound),
		bench_test(dma_is_blocked_after_detach, bench_setup_attached),
		bench_test(dma_is_blocked_after_close_and_a_new_bind, bench_setup_attached),
		bench_test(an_attach_while_attached_moves_dma_to_the_new_space,
			   bench_setup_attached),
		bench_test(a_move_that_fails_leaves_dma_where_it_was, bench_setup_attached),
		bench_test(memory_that_is_gone_makes_a_move_fail_and_dma_stays,
			   bench_setup_attached),
		bench_test(an_attach_to_the_same_space_changes_nothing, bench_setup_attached),
		bench_test(attach_by_id_reaches_the_space_of_that_id, bench_setup_bound),
		bench_test(an_attached_space_cannot_be_destroyed, bench_setup_attached),
		bench_test(a_close_is_refused_while_a_region_is_mapped, bench_setup_attached),
		bench_test(close_releases_every_pin, bench_setup_attached),
		bench_test(detach_releases_every_pin_and_attach_takes_them_again,
			   bench_setup_attached),
		bench_test(the_kernel_allows_nothing_before_bind, bench_setup_opened),
	};
	return cmocka_run_group_tests_name("lifecycle", tests, NULL, NULL);
}
