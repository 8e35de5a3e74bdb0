/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the tests of what a VMM tells KVM of its devices: the file of libiommufd_device_query_kvm_fd(),
 * given to KVM's VFIO device before the bind (native) or after it (type1). Needs one edu, and /dev/kvm.
 */
#include "behaviours.h"
#include "devices.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Those of kernels from 6.6 on, which took over the numbers of the groups'. */
enum {
	FILES = 1,
	FILE_ADD = 1,
	FILE_DEL = 2,
};

static int kvm, vm, vfio;

static int setup_vm(void **state)
{
	struct kvm_create_device device = {.type = KVM_DEV_TYPE_VFIO};

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0) {
		print_error("there is no /dev/kvm: %s\n", strerror(errno));
		return -1;
	}
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	assert_true(vm >= 0);
	assert_int_equal(ioctl(vm, KVM_CREATE_DEVICE, &device), 0);
	vfio = (int)device.fd;
	return bench_setup(state);
}

static void end_vm(void)
{
	close(vfio);
	close(vm);
	close(kvm);
	kvm = vm = vfio = -1;
}

static int teardown_vm(void **state)
{
	int r = bench_teardown(state);

	if (vm >= 0)
		end_vm();
	return r;
}

/* 0 or a negative errno. */
static int tell(uint64_t what, int32_t fd)
{
	struct kvm_device_attr attr = {.group = FILES,
				       .attr = what,
				       .addr = (uint64_t)(uintptr_t)&fd};

	return ioctl(vfio, KVM_SET_DEVICE_ATTR, &attr) < 0 ? -errno : 0;
}

/* Device 0, known to KVM, bound and ready; its file. */
static int bring_up(struct bench *b)
{
	bool before = device_works(b->native, DEVICE_KVM_FILE_BEFORE_BIND);
	int fd = -1;

	bench_open(b, 0);
	assert_outcome(libiommufd_device_query_kvm_fd(b->dev, &fd),
		       device_differs(b->native, DEVICE_KVM_FILE_BEFORE_BIND));
	assert_true(before == (fd >= 0));
	if (before)
		assert_int_equal(tell(FILE_ADD, fd), 0);
	bench_bind(b, 0);
	if (!before) {
		assert_ok(libiommufd_device_query_kvm_fd(b->dev, &fd));
		assert_int_equal(tell(FILE_ADD, fd), 0);
	}
	return fd;
}

static void kvm_takes_the_file_once_and_the_device_works(void **state)
{
	uint8_t *memory = bench_memory(PAGE);
	struct bench *b = *state;
	int fd = bring_up(b), again;

	assert_int_equal(tell(FILE_ADD, fd), -EEXIST);
	assert_ok(libiommufd_device_query_kvm_fd(b->dev, &again));
	assert_int_equal(again, fd);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	assert_true(dma_works(b, 0, 0x10000, memory));
	assert_int_equal(tell(FILE_DEL, fd), 0);
	assert_int_equal(tell(FILE_DEL, fd), -ENOENT);
	assert_true(dma_works(b, 0, 0x10000, memory));
	munmap(memory, PAGE);
}

static void it_is_a_file_of_vfio_that_is_told(void **state)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), iommu, device;
	struct bench *b = *state;
	int fd = bring_up(b);

	assert_int_equal(tell(FILE_ADD, null), -EINVAL);
	assert_int_equal(tell(FILE_ADD, -1), -EBADF);
	/* Natively it is the device's, else the group's. */
	assert_ok(libiommufd_device_query_fd(b->dev, &device));
	assert_int_equal(device == fd, natively(b->native, BEHAVIOUR_KVM_FILE));
	if (natively(b->native, BEHAVIOUR_KVM_FILE)) {
		assert_ok(libiommufd_ctx_query_fd(b->ctx, &iommu));
		assert_int_equal(tell(FILE_ADD, iommu), -EINVAL);
	}
	close(null);
}

static void the_device_stays_busy_while_kvm_has_it(void **state)
{
	struct libiommufd_device *dev;
	struct bench *b = *state;

	bring_up(b);
	bench_close(b, 0);
	assert_ok(libiommufd_device_open(b->ctx, bench_name("EDU0"), NULL, &dev));
	assert_outcome(libiommufd_device_bind(dev, NULL),
		       device_differs(b->native, DEVICE_BIND_WHILE_HELD));
	end_vm();
	assert_ok(libiommufd_device_bind(dev, NULL));
	assert_ok(libiommufd_device_close(dev, 0));
}

static void the_end_of_the_machine_leaves_the_device(void **state)
{
	uint8_t *memory = bench_memory(PAGE);
	struct bench *b = *state;

	bring_up(b);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	end_vm();
	assert_true(dma_works(b, 0, 0x10000, memory));
	munmap(memory, PAGE);
}

#define vm_test(test) cmocka_unit_test_setup_teardown(test, setup_vm, teardown_vm)

int main(void)
{
	const struct CMUnitTest tests[] = {
		vm_test(kvm_takes_the_file_once_and_the_device_works),
		vm_test(it_is_a_file_of_vfio_that_is_told),
		vm_test(the_device_stays_busy_while_kvm_has_it),
		vm_test(the_end_of_the_machine_leaves_the_device),
	};

	bench_begin();
	return cmocka_run_group_tests_name("kvm", tests, NULL, NULL);
}
