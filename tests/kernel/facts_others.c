/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the facts of devices that KVM is told of, and of devices in software. */
#include "facts.h"

#include <fcntl.h>
#include <linux/kvm.h>

/* ---- KVM ---- */

enum {
	FILES = 1, /* KVM_DEV_VFIO_FILE and its two attributes */
	ADD = 1,
	DEL = 2,
};

static int tell(int kvm_device, uint64_t what, int32_t fd)
{
	struct kvm_device_attr attr = {.group = FILES, .attr = what, .addr = (uintptr_t)&fd};

	return call(kvm_device, KVM_SET_DEVICE_ATTR, &attr);
}

void facts_of_kvm(void)
{
	struct kvm_create_device device = {.type = KVM_DEV_TYPE_VFIO};
	int iommu = iommu_open(), null = open("/dev/null", O_RDWR | O_CLOEXEC), kvm, vm, dev, mdev,
	    copy;
	uint32_t ioas = space_new(iommu);
	struct edu edu = {0};

	if (access("/dev/kvm", F_OK) < 0)
		must(system("modprobe kvm-amd"));
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		die("/dev/kvm: %s", strerror(errno));
	vm = must(call(kvm, KVM_CREATE_VM, NULL));
	must(call(vm, KVM_CREATE_DEVICE, &device));
	for (uint64_t attr = 0; attr < 5; attr++) {
		struct kvm_device_attr has = {.group = FILES, .attr = attr};

		fact_result(call(device.fd, KVM_HAS_DEVICE_ATTR, &has), "has_%d", (int)attr);
	}
	fact_result(tell(device.fd, ADD, null), "add_null");
	fact_result(tell(device.fd, ADD, -1), "add_nothing");
	fact_result(tell(device.fd, ADD, iommu), "add_the_iommufd");
	dev = cdev_open("EDU0");
	fact_result(tell(device.fd, DEL, dev), "delete_what_is_not_there");
	fact_result(tell(device.fd, ADD, dev), "add_opened");
	fact_result(tell(device.fd, ADD, dev), "add_twice");
	copy = fcntl(dev, F_DUPFD_CLOEXEC, 0);
	fact_result(tell(device.fd, ADD, copy), "add_a_duplicate");
	must(cdev_bind(dev, iommu, NULL));
	edu_use(&edu, dev);
	must(cdev_attach(dev, ioas));
	fact(edu_reach(&edu, HOME, home()), "added.reach");
	fact_result(tell(device.fd, DEL, copy), "delete_by_a_duplicate");
	close(copy);
	fact(edu_reach(&edu, HOME, home()), "deleted.reach");
	fact_result(tell(device.fd, ADD, dev), "add_bound");
	mdev = cdev_open("MDEV0");
	fact_result(tell(device.fd, ADD, mdev), "add_an_mdev");
	fact_result(cdev_bind(mdev, iommu, NULL), "mdev.bind");
	/* KVM keeps the file, and the file the device. */
	edu_end(&edu);
	dev = cdev_open("EDU0");
	fact_result(cdev_bind(dev, iommu, NULL), "closed_but_kept.bind");
	close(device.fd);
	fact_result(cdev_bind(dev, iommu, NULL), "kvm_device_closed.bind");
	close(vm);
	fact_result(cdev_bind(dev, iommu, NULL), "vm_closed.bind");
	close(dev);
	/* By its group file, where a character device would do. */
	vm = must(call(kvm, KVM_CREATE_VM, NULL));
	must(call(vm, KVM_CREATE_DEVICE, &device));
	int group = must(group_open("EDU0"));
	fact_result(tell(device.fd, ADD, group), "add_a_group");
	close(group);
	group = group_open("EDU0");
	fact_result(group < 0 ? group : 0, "group_kept.open_again");
	dev = cdev_open("EDU0");
	fact_result(cdev_bind(dev, iommu, NULL), "group_kept.bind");
	close(device.fd);
	close(vm);
	if (group >= 0)
		close(group);
	fact_result(cdev_bind(dev, iommu, NULL), "group_let_go.bind");
	close(mdev);
	/* The machine ends before the device. */
	vm = must(call(kvm, KVM_CREATE_VM, NULL));
	must(call(vm, KVM_CREATE_DEVICE, &device));
	must(tell(device.fd, ADD, dev));
	close(device.fd);
	close(vm);
	close(kvm);
	fact_result(bus_master(dev), "machine_ended.device_works");
	close(dev);
}

/* ---- Devices in software ---- */

void facts_of_mdevs(void)
{
	int iommu = iommu_open(), other = iommu_open(), a = cdev_open("MDEV0"),
	    b = cdev_open("MDEV1"), again;
	struct vfio_device_info info = {.argsz = sizeof(info)};
	uint32_t ioas = space_new(iommu), second = space_new(iommu), id, pt;
	long before = pins();

	fact_result(call(a, VFIO_DEVICE_GET_INFO, &info), "opened.info");
	fact_result(cdev_bind(a, iommu, &id), "bind");
	fact_result(call(a, VFIO_DEVICE_GET_INFO, &info), "bound.info");
	fact_result(cdev_bind(a, iommu, NULL), "bind_again");
	again = cdev_open("MDEV0");
	fact_result(cdev_bind(again, other, NULL), "bind_of_another_fd");
	fact_result(iommu_destroy(iommu, id), "destroy");
	fact_result(cdev_attach(a, 4711), "attach_to_4711");
	fact_result(cdev_attach(a, id), "attach_to_itself");
	fact_result(cdev_detach(a), "detach_what_is_not_attached");
	pt = ioas;
	fact_result(cdev_attach_any(a, &pt), "attach");
	fact(pt == ioas ? "the space" : "another", "attach.returned_id");
	fact_number(pins() - before, "attach.pins");
	fact_result(cdev_attach(a, ioas), "attach_again");
	fact_result(iommu_destroy(iommu, ioas), "attached.destroy_space");
	fact_result(cdev_attach(a, second), "move");
	fact_result(iommu_destroy(iommu, ioas), "moved.destroy_old_space");
	fact_result(cdev_bind(b, iommu, NULL), "second.bind");
	fact_result(cdev_attach(b, second), "second.attach");
	fact_result(ioas_unmap(iommu, second, HOME, PAGE), "unmap");
	fact_result(cdev_detach(a), "detach");
	fact_result(cdev_attach(a, second), "attach_after_detach");
	fact_result(call(a, VFIO_DEVICE_RESET, NULL), "reset");
	close(a);
	fact_result(cdev_bind(again, other, NULL), "closed.bind_of_another_fd");
	close(iommu);
	fact_result(cdev_detach(b), "iommufd_closed.detach");
	close(b);
	close(again);
	close(other);
}
