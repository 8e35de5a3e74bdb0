/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the facts of one device's character device: before the bind, bind, attach, and moves. */
#include "facts.h"

#include <fcntl.h>
#include <poll.h>

enum {
	AT = 0x100000,
};

/* ---- What a device that is not bound does ---- */

static void everything(int dev, const char *who)
{
	struct vfio_device_info info = {.argsz = sizeof(info)};
	struct vfio_region_info region = {.argsz = sizeof(region)};
	struct vfio_irq_info irq = {.argsz = sizeof(irq)};
	struct vfio_irq_set set = {.argsz = sizeof(set),
				   .flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER};
	struct vfio_pci_hot_reset_info hot = {.argsz = sizeof(hot)};
	struct vfio_pci_hot_reset reset = {.argsz = sizeof(reset)};
	struct vfio_device_feature feature = {.argsz = sizeof(feature),
					      .flags = VFIO_DEVICE_FEATURE_PROBE |
						       VFIO_DEVICE_FEATURE_GET |
						       VFIO_DEVICE_FEATURE_LOW_POWER_EXIT};
	struct vfio_device_ioeventfd event = {.argsz = sizeof(event)};
	struct pollfd polled = {.fd = dev, .events = POLLIN};
	uint32_t word = 0;

	fact_result(call(dev, VFIO_DEVICE_GET_INFO, &info), "%s.info", who);
	fact_result(call(dev, VFIO_DEVICE_GET_REGION_INFO, &region), "%s.region_info", who);
	fact_result(call(dev, VFIO_DEVICE_GET_IRQ_INFO, &irq), "%s.irq_info", who);
	fact_result(call(dev, VFIO_DEVICE_SET_IRQS, &set), "%s.set_irqs", who);
	fact_result(call(dev, VFIO_DEVICE_RESET, NULL), "%s.reset", who);
	fact_result(call(dev, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &hot), "%s.hot_reset_info", who);
	fact_result(call(dev, VFIO_DEVICE_PCI_HOT_RESET, &reset), "%s.hot_reset", who);
	fact_result(call(dev, VFIO_DEVICE_FEATURE, &feature), "%s.feature", who);
	fact_result(call(dev, VFIO_DEVICE_IOEVENTFD, &event), "%s.ioeventfd", who);
	fact_result(cdev_attach(dev, 1), "%s.attach_to_1", who);
	fact_result(cdev_detach(dev), "%s.detach", who);
	fact_result(call(dev, 0x3b79, &word), "%s.nr_3b79", who);
	fact_result(call(dev, 0x1234, &word), "%s.nr_1234", who);
	fact_result(pread(dev, &word, 4, 7LL << 40) < 0 ? -errno : 4, "%s.read_of_config", who);
	fact_result(pwrite(dev, &word, 0, 7LL << 40) < 0 ? -errno : 0, "%s.write_of_nothing", who);
	void *map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, dev, 0);
	fact_result(map == MAP_FAILED ? -errno : 0, "%s.mmap", who);
	if (map != MAP_FAILED)
		munmap(map, PAGE);
	fact_result(poll(&polled, 1, 0), "%s.poll", who);
	fact_result(lseek(dev, 0, SEEK_CUR) < 0 ? -errno : 0, "%s.lseek", who);
}

static int bind_raw(int dev, uint32_t argsz, uint32_t flags, int fd)
{
	struct vfio_device_bind_iommufd arg = {.argsz = argsz, .flags = flags, .iommufd = fd};

	return call(dev, VFIO_DEVICE_BIND_IOMMUFD, &arg);
}

void facts_of_unbound(void)
{
	int iommu = iommu_open(), dev = cdev_open("EDU0"), again = cdev_open("EDU0"), r, pipes[2];

	everything(dev, "opened");
	must(cdev_bind(again, iommu, NULL));
	everything(dev, "another_fd_is_bound");
	fact_result(bind_raw(dev, 16, 0, iommu), "another_fd_is_bound.bind");
	close(again);
	fact_result(bind_raw(dev, 16, 0, -1), "bind_no_fd");
	must(pipe2(pipes, O_CLOEXEC));
	fact_result(bind_raw(dev, 16, 0, pipes[0]), "bind_a_pipe");
	fact_result(bind_raw(dev, 16, 0, dev), "bind_itself");
	fact_result(bind_raw(dev, 16, 1, iommu), "bind_flag_0");
	fact_result(bind_raw(dev, 16, 2, iommu), "bind_flag_1");
	fact_result(bind_raw(dev, 16, 1u << 31, iommu), "bind_flag_31");
	for (uint32_t size = 0; size < 16; size += 4)
		fact_result(bind_raw(dev, size, 0, iommu), "bind_size_%u", size);
	fact_result(call(dev, VFIO_DEVICE_BIND_IOMMUFD, NULL), "bind_null");
	/* A failed bind leaves it as it was. */
	everything(dev, "after_failed_binds");
	r = bind_raw(dev, 4096, 0, iommu);
	fact_result(r, "bind_size_of_a_page");
	everything(dev, "bound");
	close(dev);
}

void facts_of_binds(void)
{
	int iommu = iommu_open(), other = iommu_open(), dev = cdev_open("EDU0"), second, r;
	uint32_t id = 0, again = 0;

	fact_result(cdev_bind(dev, iommu, &id), "bind");
	fact_number(id, "id");
	fact_result(cdev_bind(dev, iommu, &again), "again_same_fd");
	fact_result(cdev_bind(dev, other, &again), "again_same_fd_another_iommufd");
	second = cdev_open("EDU0");
	fact_result(cdev_bind(second, iommu, &again), "again_another_fd");
	fact_result(cdev_bind(second, other, &again), "again_another_fd_another_iommufd");
	close(dev);
	fact_result(cdev_bind(second, other, &again), "after_close_another_iommufd");
	fact_number(again, "after_close_another_iommufd.id");
	close(second);
	/* The device keeps its iommufd. */
	dev = cdev_open("EDU0");
	must(cdev_bind(dev, iommu, &id));
	close(iommu);
	second = cdev_open("EDU0");
	fact_result(cdev_bind(second, other, NULL), "iommufd_closed.bind_to_another");
	fact_result(cdev_attach(dev, 1), "iommufd_closed.attach_to_1");
	fact_result(bus_master(dev), "iommufd_closed.bus_master");
	close(dev);
	fact_result(cdev_bind(second, other, NULL), "iommufd_closed.bind_after_close");
	close(second);
	/* Read-only and write-only files. */
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dev = cdev_open("EDU0"));
	second = open(path, O_RDONLY | O_CLOEXEC);
	fact_result(second < 0 ? -errno : 0, "open_read_only");
	fact_result(r = cdev_bind(second, other, NULL), "bind_read_only");
	fact_result(bus_master(second), "bus_master_read_only");
	close(second);
	close(dev);
	/* Two devices of two groups, and of two iommufds. */
	dev = cdev_open("EDU0");
	second = cdev_open("EDU1");
	iommu = iommu_open();
	must(cdev_bind(dev, iommu, &id));
	fact_result(cdev_bind(second, iommu, &again), "second_device");
	fact_number(again - id, "second_device.id_after_the_first");
	close(second);
	second = cdev_open("EDU1");
	fact_result(cdev_bind(second, other, &again), "second_device_another_iommufd");
	/* Space of one, device of the other. */
	fact_result(cdev_attach(second, ioas_new(iommu) + 100),
		    "attach_to_a_space_of_another_iommufd");
	close(dev);
	close(second);
}

static int attach_raw(int dev, uint32_t argsz, uint32_t flags, uint32_t id)
{
	struct vfio_device_attach_iommufd_pt arg = {.argsz = argsz, .flags = flags, .pt_id = id};

	return call(dev, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &arg);
}

static int detach_raw(int dev, uint32_t argsz, uint32_t flags)
{
	struct vfio_device_detach_iommufd_pt arg = {.argsz = argsz, .flags = flags};

	return call(dev, VFIO_DEVICE_DETACH_IOMMUFD_PT, &arg);
}

void facts_of_attaches(void)
{
	uint8_t *memory = memory_new(2 * PAGE), *blocked = memory_new(PAGE);
	int iommu = iommu_open();
	uint32_t ioas = space_new(iommu), empty = ioas_new(iommu), first, second;
	struct edu edu = {0};
	long before = pins();

	must(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, AT));
	fact_number(pins() - before, "pins.before");
	edu_bound(&edu, "EDU0", iommu);
	fact(edu_reach(&edu, AT, memory), "bound.reach");
	fact(edu_reach(&edu, physical(memory), memory), "bound.reach_physical");
	for (uint32_t size = 0; size <= 12; size += 4)
		fact_result(attach_raw(edu.fd, size, 0, 0), "size_%u", size);
	fact_result(attach_raw(edu.fd, PAGE, 0, 0), "size_of_a_page");
	fact_result(attach_raw(edu.fd, 12, 1, ioas), "flag_0");
	fact_result(attach_raw(edu.fd, 12, 2, ioas), "flag_1");
	fact_result(call(edu.fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, NULL), "null");
	fact_result(cdev_attach(edu.fd, 0), "to_0");
	fact_result(cdev_attach(edu.fd, 4711), "to_4711");
	fact_result(cdev_attach(edu.fd, edu.id), "to_itself");
	for (uint32_t size = 0; size <= 4; size += 4)
		fact_result(detach_raw(edu.fd, size, 0), "detach_size_%u", size);
	fact_result(detach_raw(edu.fd, 8, 1), "detach_flag_0");
	fact_result(detach_raw(edu.fd, 8, 2), "detach_flag_1");
	fact_result(cdev_detach(edu.fd), "detach_what_is_not_attached");
	fact(edu_reach(&edu, AT, memory), "after_failures.reach");

	/* The device read while it was blocked; what it holds then is not memory. */
	memory_fill(blocked, PAGE);
	edu_read(&edu, physical(blocked), LENGTH);
	first = ioas;
	fact_result(cdev_attach_any(edu.fd, &first), "attach");
	fact(edu_holds(&edu, blocked) ? "memory" : "something else", "attach.read_when_blocked");
	fact_number(pins() - before, "pins.attached");
	fact(edu_reach(&edu, AT, memory), "attach.reach");
	fact(edu_reach(&edu, AT + PAGE, memory + PAGE), "attach.reach_unmapped");
	fact(edu_reach(&edu, physical(memory), memory), "attach.reach_physical");
	second = ioas;
	fact_result(cdev_attach_any(edu.fd, &second), "again");
	fact(first == second ? "the same" : "another", "again.returned_id");
	second = first;
	fact_result(cdev_attach_any(edu.fd, &second), "to_its_page_table");
	fact(edu_reach(&edu, AT, memory), "to_its_page_table.reach");
	fact_result(cdev_attach(edu.fd, 4711), "attached.to_4711");
	fact(edu_reach(&edu, AT, memory), "attached.to_4711.reach");
	fact_result(call(edu.fd, VFIO_DEVICE_RESET, NULL), "reset");
	must(bus_master(edu.fd));
	fact(edu_reach(&edu, AT, memory), "reset.reach");
	fact_result(cdev_attach(edu.fd, empty), "to_an_empty_space");
	fact(edu_reach(&edu, AT, memory), "to_an_empty_space.reach");
	fact_number(pins() - before, "pins.in_an_empty_space");
	fact_result(cdev_attach(edu.fd, ioas), "back");
	fact(edu_reach(&edu, AT, memory), "back.reach");
	fact_result(cdev_detach(edu.fd), "detach");
	fact(edu_reach(&edu, AT, memory), "detach.reach");
	fact_number(pins() - before, "pins.detached");
	fact_result(cdev_detach(edu.fd), "detach_again");
	fact_result(ioas_unmap(iommu, ioas, AT, PAGE), "detach.unmap");
	fact_result(cdev_attach(edu.fd, ioas), "after_detach");
	fact(edu_reach(&edu, AT, memory), "after_detach.reach");
	/* Closing without a detach. */
	edu_end(&edu);
	fact_number(pins() - before, "pins.closed");
	fact_result(iommu_destroy(iommu, ioas), "closed.destroy_space");
	fact_result(iommu_destroy(iommu, first), "closed.destroy_its_page_table");
}

/* A device that moves reaches the new space only, and one that cannot move stays where it was. */
void facts_of_moves(void)
{
	uint8_t *old = memory_new(PAGE), *new = memory_new(PAGE);
	int iommu = iommu_open();
	uint32_t from = space_new(iommu), to = space_new(iommu), bad = space_new(iommu),
		 hole = space_new(iommu);
	const struct iommu_iova_range window = {0xfee00000, 0xfee00fff};
	struct edu edu = {0}, sibling = {0};
	long before;

	must(ioas_map(iommu, from, old, PAGE, MAP_BOTH, AT));
	must(ioas_map(iommu, to, new, PAGE, MAP_BOTH, AT));
	must(ioas_map(iommu, bad, new, PAGE, MAP_BOTH, 0xfee00000));
	must(ioas_map(iommu, hole, new, PAGE, MAP_BOTH, AT));
	must(ioas_map(iommu, hole, NULL, PAGE, MAP_BOTH, AT + PAGE));
	edu_bound(&edu, "EDU1", iommu);
	edu_bound(&sibling, "EDU2", iommu);
	must(cdev_attach(edu.fd, from));
	before = pins();
	fact(edu_reach(&edu, AT, old), "before");
	fact_result(cdev_attach(edu.fd, to), "to_the_other");
	fact(edu_reach(&edu, AT, new), "to_the_other.reach");
	fact(edu_reach(&edu, AT, old), "to_the_other.reach_old");
	fact_number(pins() - before, "to_the_other.pins");
	fact_result(cdev_attach(edu.fd, bad), "to_a_bad_one");
	fact(edu_reach(&edu, AT, new), "to_a_bad_one.reach");
	fact_result(cdev_attach(edu.fd, hole), "to_one_with_a_hole");
	fact(edu_reach(&edu, AT, new), "to_one_with_a_hole.reach");
	fact_number(pins() - before, "failed.pins");
	must(ioas_unmap(iommu, bad, 0xfee00000, PAGE));
	must(ioas_allow(iommu, bad, &window, 1));
	fact_result(cdev_attach(edu.fd, bad), "to_one_with_a_bad_list");
	fact(edu_reach(&edu, AT, new), "to_one_with_a_bad_list.reach");
	fact_ranges(iommu, bad, "to_one_with_a_bad_list.ranges");
	fact_ranges(iommu, to, "still_there.ranges");
	fact_result(iommu_destroy(iommu, bad), "failed.destroy_target");
	/* Two devices of two groups in one space, of which one moves. */
	must(cdev_attach(sibling.fd, to));
	fact_number(pins() - before, "second_device.pins");
	fact(edu_reach(&sibling, AT, new), "second_device.reach");
	must(cdev_attach(edu.fd, from));
	fact(edu_reach(&sibling, AT, new), "first_moved.second_device");
	fact(edu_reach(&edu, AT, old), "first_moved.first_device");
	fact(edu_reach(&edu, AT, new), "first_moved.first_device_elsewhere");
	must(cdev_detach(edu.fd));
	fact(edu_reach(&edu, AT, old), "first_detached.first_device");
	fact(edu_reach(&sibling, AT, new), "first_detached.second_device");
	must(cdev_attach(edu.fd, to));
	must(ioas_unmap(iommu, to, AT, PAGE));
	fact(edu_reach(&edu, AT, new), "unmapped.first_device");
	fact(edu_reach(&sibling, AT, new), "unmapped.second_device");
	must(ioas_map(iommu, to, old, PAGE, MAP_READ, AT));
	fact(edu_reach(&edu, AT, old), "mapped.first_device");
	fact(edu_reach(&sibling, AT, old), "mapped.second_device");
	edu_end(&edu);
	fact(edu_reach(&sibling, AT, old), "first_closed.second_device");
	edu_end(&sibling);
}
