/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the tests of a container and a group's file that are passed (type1): devices that the receiver opens
 * itself, and KVM. Needs two edu functions of one group, and /dev/kvm.
 */
#include "passing.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define IOVA 0x100000

static void bind_and_work(int sock)
{
	struct libiommufd_facts *facts;
	struct received r;
	int fd = 42;

	receive(&r, sock);
	struct bench *b = &r.bench;
	uint8_t *memory = bench_memory(PAGE);
	assert_ok(receive_group(&r, 0, r.name, LIBIOMMUFD_GROUP_FD_NUMBER, NULL));
	assert_state(b->dev, OPENED, UNKNOWN, NULL);
	assert_string_equal(libiommufd_device_get_name(b->dev), r.name);
	assert_refused(libiommufd_device_query_fd(b->dev, &fd), EACCES, NOT_BOUND);
	assert_refused(libiommufd_device_query_kvm_fd(b->dev, &fd), EACCES, NOT_BOUND);
	assert_refused(libiommufd_device_attach(b->dev, b->ioas), EACCES, NOT_BOUND);
	assert_ok(libiommufd_device_query_facts(b->dev, &facts));
	assert_true(libiommufd_facts_get_group(facts) >= 0);
	assert_int_equal(libiommufd_facts_get_member_count(facts), LIBIOMMUFD_FACT_UNKNOWN);
	assert_null(libiommufd_facts_get_driver(facts));
	assert_null(libiommufd_facts_get_address(facts));
	libiommufd_facts_free(facts);

	assert_ok(libiommufd_device_bind(b->dev, NULL));
	assert_state(b->dev, BOUND, UNKNOWN, NULL);
	assert_refused(libiommufd_device_bind(b->dev, NULL), EINVAL, ALREADY_BOUND);
	receiver_attach(&r);
	assert_state(b->dev, ATTACHED, IOAS, b->ioas);
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, IOVA));
	assert_true(dma_works(b, 0, IOVA, memory));
	assert_ok(libiommufd_ioas_unmap(b->ioas, IOVA, PAGE, NULL));
	assert_false(dma_works(b, 0, IOVA, memory));
	receiver_end(&r);
}

static void a_device_of_a_passed_group_is_opened_by_its_receiver(void **state)
{
	passing_group(*state, bind_and_work, "EDU0");
	receiver_ends();
}

/* ---- Two devices of the group ---- */

/* Open and bind both; the first was the sender's. */
static void bind_both(struct received *r, const char *second, uint32_t flags)
{
	assert_ok(receive_group(r, 0, r->name, flags, NULL));
	assert_ok(receive_group(r, 1, second, flags, NULL));
	close(r->file);
	r->file = -1;
	for (int n = 0; n < 2; n++)
		assert_ok(libiommufd_device_bind(r->bench.devices[n], NULL));
}

static void use_both(int sock)
{
	struct received r;

	receive(&r, sock);
	struct bench *b = &r.bench;
	uint8_t *memory = bench_memory(PAGE);
	bind_both(&r, bench_name("EDU1"), LIBIOMMUFD_GROUP_FD_NUMBER);
	assert_state(b->devices[1], BOUND, UNKNOWN, NULL);
	receiver_attach(&r);
	/* A group has one translation. */
	assert_state(b->devices[1], BOUND, IOAS, b->ioas);
	bench_use(b, 1);
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, IOVA));
	for (int n = 0; n < 2; n++)
		assert_true(dma_works(b, n, IOVA, memory));
	assert_ok(libiommufd_device_attach(b->devices[1], b->ioas));
	bench_close(b, 0);
	assert_state(b->devices[1], ATTACHED, IOAS, b->ioas);
	assert_refused(libiommufd_ioas_destroy(b->ioas), EBUSY, IN_USE);
	assert_true(dma_works(b, 1, IOVA, memory));
	receiver_end(&r);
}

static void use_both_as_strangers(int sock)
{
	struct received r;

	receive(&r, sock);
	struct bench *b = &r.bench;
	uint8_t *memory = bench_memory(PAGE);
	bind_both(&r, bench_name("EDU1"), 0);
	receiver_attach(&r);
	assert_state(b->devices[1], BOUND, UNKNOWN, NULL);
	bench_use(b, 1);
	assert_ok(libiommufd_device_attach(b->devices[1], b->ioas));
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, IOVA));
	for (int n = 0; n < 2; n++)
		assert_true(dma_works(b, n, IOVA, memory));
	receiver_end(&r);
}

static void devices_of_a_numbered_group_are_known_to_be_one_group(void **state)
{
	passing_group(*state, use_both, "EDU0");
	receiver_ends();
}

static void devices_of_a_group_without_number_work_too(void **state)
{
	passing_group(*state, use_both_as_strangers, "EDU0");
	receiver_ends();
}

/* ---- The group's file is with the receiver ---- */

static void bind_when_told(int sock)
{
	struct received r;

	receive(&r, sock);
	struct bench *b = &r.bench;
	assert_ok(receive_group(&r, 0, r.name, LIBIOMMUFD_GROUP_FD_NUMBER, NULL));
	assert_ok(receive_group(&r, 1, bench_name("EDU1"), LIBIOMMUFD_GROUP_FD_NUMBER, NULL));
	assert_ok(libiommufd_device_bind(b->dev, NULL));
	receiver_stop(&r);
	/* The sender has closed all; what is open here keeps the group in the container. */
	receiver_attach(&r);
	assert_ok(libiommufd_device_bind(b->devices[1], NULL));
	assert_true(dma_works(b, 0, HOME, b->home));
	bench_close(b, 0);
	assert_ok(libiommufd_device_close(b->devices[1], 0));
	b->devices[1] = NULL;
	/* Nobody has taken it out, and so it is there as long as its file is. */
	assert_ok(receive_group(&r, 0, r.name, LIBIOMMUFD_GROUP_FD_NUMBER, NULL));
	assert_ok(libiommufd_device_bind(b->dev, NULL));
	bench_use(b, 0);
	assert_true(dma_works(b, 0, HOME, b->home));
	bench_close(b, 0);
	receiver_stop(&r);
	receiver_end(&r);
}

static void a_device_that_the_receiver_has_open_keeps_the_group_in_its_container(void **state)
{
	struct bench *b = *state;

	passing_group(b, bind_when_told, "EDU0");
	receiver_stops();
	device_closed(b, 0);
	receiver_goes_on();
	receiver_stops();
	/* The group's file is still open there. */
	device_opened(b, 0, "EDU0");
	assert_refused(libiommufd_device_bind(b->devices[0], NULL), EBUSY, GROUP_BUSY);
	receiver_goes_on();
	receiver_ends();
	bench_bind(b, 0);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_true(dma_works(b, 0, HOME, b->home));
}

static void bind_too_late(int sock)
{
	struct received r;

	receive(&r, sock);
	assert_ok(receive_group(&r, 0, r.name, LIBIOMMUFD_GROUP_FD_NUMBER, NULL));
	receiver_stop(&r);
	assert_refused(libiommufd_device_bind(r.bench.dev, NULL), EINVAL, ARGUMENT);
	assert_state(r.bench.dev, OPENED, UNKNOWN, NULL);
	receiver_end(&r);
}

static void a_group_that_left_its_container_cannot_be_bound(void **state)
{
	passing_group(*state, bind_too_late, "EDU0");
	receiver_stops();
	device_closed(*state, 0);
	receiver_goes_on();
	receiver_ends();
}

/* ---- KVM ---- */

enum {
	FILES = 1, /* KVM_DEV_VFIO_FILE, which took over the number of the group's */
	FILE_ADD = 1,
	FILE_DEL = 2,
};

static int tell(int vfio, uint64_t what, int32_t fd)
{
	struct kvm_device_attr attr = {.group = FILES,
				       .attr = what,
				       .addr = (uint64_t)(uintptr_t)&fd};

	return ioctl(vfio, KVM_SET_DEVICE_ATTR, &attr) < 0 ? -errno : 0;
}

static void tell_kvm(int sock)
{
	struct kvm_create_device device = {.type = KVM_DEV_TYPE_VFIO};
	struct received r;
	int fd, kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	assert_true(kvm >= 0);
	int vm = ioctl(kvm, KVM_CREATE_VM, 0);
	assert_true(vm >= 0);
	assert_int_equal(ioctl(vm, KVM_CREATE_DEVICE, &device), 0);

	receive(&r, sock);
	struct bench *b = &r.bench;
	assert_ok(receive_group(&r, 0, r.name, 0, NULL));
	assert_ok(libiommufd_device_bind(b->dev, NULL));
	assert_ok(libiommufd_device_query_kvm_fd(b->dev, &fd));
	assert_int_equal(tell((int)device.fd, FILE_ADD, fd), 0);
	/* It is the same file that was passed. */
	assert_int_equal(tell((int)device.fd, FILE_ADD, r.file), -EEXIST);
	receiver_attach(&r);
	assert_true(dma_works(b, 0, HOME, b->home));
	assert_int_equal(tell((int)device.fd, FILE_DEL, fd), 0);
	assert_true(dma_works(b, 0, HOME, b->home));
	receiver_end(&r);
}

static void kvm_is_told_of_the_passed_group(void **state)
{
	passing_group(*state, tell_kvm, "EDU0");
	receiver_ends();
}

int run_passing_group(void)
{
	const struct CMUnitTest tests[] = {
		passing_test(a_device_of_a_passed_group_is_opened_by_its_receiver),
		passing_test(devices_of_a_numbered_group_are_known_to_be_one_group),
		passing_test(devices_of_a_group_without_number_work_too),
		passing_test(a_device_that_the_receiver_has_open_keeps_the_group_in_its_container),
		passing_test(a_group_that_left_its_container_cannot_be_bound),
		passing_test(kvm_is_told_of_the_passed_group),
	};

	return cmocka_run_group_tests_name("passing a group", tests, NULL, NULL);
}
