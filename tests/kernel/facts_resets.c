/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the facts of hot resets, which reach further than one device: who may, and what DMA is left. */
#include "facts.h"

enum {
	AT = 0x100000,
};

static void fact_info(int dev, const char *name)
{
	uint8_t buffer[256] __attribute__((aligned(8))) = {0};
	struct vfio_pci_hot_reset_info *info = (void *)buffer;
	int r;

	info->argsz = sizeof(buffer);
	r = call(dev, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info);
	char text[256];

	snprintf(text, sizeof(text), "%s, flags %u, %u devices:", result_name(r), info->flags,
		 info->count);
	for (uint32_t i = 0; r == 0 && i < info->count && i < 16; i++) {
		uint32_t id = info->devices[i].devid;

		sprintf(text + strlen(text), " %02x.%x", info->devices[i].devfn >> 3,
			info->devices[i].devfn & 7);
		if (info->flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID)
			strcat(text, id == VFIO_PCI_DEVID_NOT_OWNED ? " not owned"
				     : id == 0                      ? " owned"
								    : " an id");
	}
	fact(text, "%s", name);
}

static int reset_with(int dev, uint32_t argsz, uint32_t flags, uint32_t count, const int *fds)
{
	uint8_t buffer[32] __attribute__((aligned(8))) = {0};
	struct vfio_pci_hot_reset *reset = (void *)buffer;

	reset->argsz = argsz;
	reset->flags = flags;
	reset->count = count;
	if (fds)
		memcpy(reset->group_fds, fds, 4 * sizeof(fds[0]));
	return call(dev, VFIO_DEVICE_PCI_HOT_RESET, reset);
}

/* Both in the slot that a reset of one resets, too. */
static void shared_slot(void)
{
	int iommu = iommu_open(), other = iommu_open();
	int a = cdev_open("NET0"), b = cdev_open("NET1"), fds[4] = {-1, -1, -1, -1};

	must(cdev_bind(a, iommu, NULL));
	fact_info(a, "net.one_bound.info");
	fact_result(reset_with(a, 12, 0, 0, NULL), "net.one_bound.reset");
	fact_result(cdev_bind(b, other, NULL), "net.second_to_another_iommufd");
	must(cdev_bind(b, iommu, NULL));
	fact_info(a, "net.both_bound.info");
	fact_info(b, "net.both_bound.info_of_the_second");
	fact_result(reset_with(a, 12, 0, 0, NULL), "net.both_bound.reset");
	fact_result(reset_with(a, 8, 0, 0, NULL), "net.size_8");
	fact_result(reset_with(a, 12, 1, 0, NULL), "net.flag_0");
	fds[0] = a;
	fact_result(reset_with(a, 28, 0, 1, fds), "net.with_its_own_file");
	fds[1] = b;
	fact_result(reset_with(a, 28, 0, 2, fds), "net.with_both_files");
	fds[0] = iommu;
	fact_result(reset_with(a, 28, 0, 1, fds), "net.with_the_iommufd");
	fds[0] = -1;
	fact_result(reset_with(a, 28, 0, 1, fds), "net.with_no_file");
	fact_result(reset_with(a, 12, 0, UINT32_MAX, NULL), "net.with_too_many");
	close(b);
	fact_info(a, "net.second_closed.info");
	fact_result(reset_with(a, 12, 0, 0, NULL), "net.second_closed.reset");
	/* A member of the group that no driver of VFIO has. */
	must(driver_give("NET1", ""));
	fact_info(a, "net.second_without_a_driver.info");
	fact_result(reset_with(a, 12, 0, 0, NULL), "net.second_without_a_driver.reset");
	must(driver_give("NET1", "vfio-pci"));
	fact_info(a, "net.second_again.info");
	fact_result(reset_with(a, 12, 0, 0, NULL), "net.second_again.reset");
	close(a);

	/* By group files: there must be a container, and each group be named. */
	int group = must(group_open("NET0")), container = must(container_open());
	must(call(group, VFIO_GROUP_SET_CONTAINER, &container));
	must(call(container, VFIO_SET_IOMMU, (void *)(uintptr_t)VFIO_TYPE1v2_IOMMU));
	int device = must(group_device(group, "NET0"));
	fact_info(device, "net.by_group.info");
	fds[0] = group;
	fds[1] = -1;
	fact_result(reset_with(device, 28, 0, 1, fds), "net.by_group.reset");
	fact_result(reset_with(device, 12, 0, 0, NULL), "net.by_group.reset_without_files");
	fds[0] = device;
	fact_result(reset_with(device, 28, 0, 1, fds), "net.by_group.reset_with_a_device");
	close(device);
	close(group);
	close(container);
	close(iommu);
	close(other);
}

/* Two edu behind a bridge, whose bus is reset. */
static void shared_bus(void)
{
	int iommu = iommu_open();
	uint8_t *memory = memory_new(PAGE);
	uint32_t ioas = space_new(iommu);
	struct edu a = {0}, b = {0};

	must(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, AT));
	edu_bound(&a, "EDU5", iommu);
	edu_bound(&b, "EDU6", iommu);
	fact_info(a.fd, "bus.info");
	must(cdev_attach(a.fd, ioas));
	fact_result(reset_with(a.fd, 12, 0, 0, NULL), "bus.reset");
	must(bus_master(a.fd));
	must(bus_master(b.fd));
	fact(edu_reach(&a, AT, memory), "bus.reset.a");
	fact(edu_reach(&b, AT, memory), "bus.reset.b");
	must(cdev_detach(a.fd));
	fact_result(reset_with(b.fd, 12, 0, 0, NULL), "bus.none_attached.reset");
	must(bus_master(a.fd));
	fact(edu_reach(&a, AT, memory), "bus.none_attached.reset.a");
	edu_end(&a);
	edu_end(&b);
	close(iommu);
}

static char *vf_name(int n)
{
	static char link[256];
	char path[160];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/virtfn%d", lab_name("PF0"), n);
	ssize_t length = readlink(path, link, sizeof(link) - 1);
	must(length < 0 ? -errno : 0);
	link[length] = '\0';
	return strrchr(link, '/') + 1;
}

/* A device and its virtual functions: a group each, one slot. */
static void shared_slot_of_groups(void)
{
	int iommu = iommu_open(), other = iommu_open(), pf = cdev_open("PF0"), vf;
	uint8_t buffer[24] __attribute__((aligned(8))) = {0};
	struct vfio_device_feature *token = (void *)buffer;
	char path[160];

	must(cdev_bind(pf, iommu, NULL));
	/* Virtual functions need one, whatever it is. */
	token->argsz = sizeof(buffer);
	token->flags = VFIO_DEVICE_FEATURE_SET;
	must(call(pf, VFIO_DEVICE_FEATURE, token));
	must(write_word("/sys/module/vfio_pci/parameters/enable_sriov", "1"));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/sriov_numvfs", lab_name("PF0"));
	must(write_word(path, "1"));
	setenv("LAB_VF0", vf_name(0), 1);
	must(driver_give("VF0", "vfio-pci"));
	fact_info(pf, "vf.alone.info");
	fact_result(reset_with(pf, 12, 0, 0, NULL), "vf.not_bound.reset");
	vf = cdev_open("VF0");
	fact_result(cdev_bind(vf, other, NULL), "vf.bind_to_another_iommufd");
	fact_info(pf, "vf.of_another.info");
	fact_info(vf, "vf.of_another.info_of_the_vf");
	fact_result(reset_with(pf, 12, 0, 0, NULL), "vf.of_another.reset");
	close(vf);
	vf = cdev_open("VF0");
	fact_result(cdev_bind(vf, iommu, NULL), "vf.bind_to_the_same_iommufd");
	fact_info(pf, "vf.of_the_same.info");
	fact_result(reset_with(pf, 12, 0, 0, NULL), "vf.of_the_same.reset");
	close(vf);
	must(write_word(path, "0"));
	close(pf);
	close(iommu);
	close(other);
}

void facts_of_hot_resets(void)
{
	int iommu = iommu_open();
	uint8_t *memory = memory_new(PAGE);
	uint32_t ioas = space_new(iommu);
	struct edu edu = {0};

	edu_bound(&edu, "EDU0", iommu);
	must(cdev_attach(edu.fd, ioas));
	must(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, AT));
	fact_info(edu.fd, "alone.info");
	fact_result(reset_with(edu.fd, 12, 0, 0, NULL), "alone.reset");
	edu_end(&edu);
	shared_slot();
	if (lab_has("EDU5"))
		shared_bus();
	shared_slot_of_groups();
}
