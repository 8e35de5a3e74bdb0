/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the facts of two devices of one group, with requester ids of their own or one for both, and of group
 * files beside character devices.
 */
#include "facts.h"

enum {
	AT = 0x100000,
};

static uint8_t *first_memory, *second_memory;

/* What both reach at AT, of the first space's memory and of the second's. */
static void fact_both(const struct edu *a, const struct edu *b, const char *name)
{
	char text[96];

	snprintf(text, sizeof(text), "%s of the first, %s of the second",
		 edu_reach(a, AT, first_memory), edu_reach(a, AT, second_memory));
	fact(text, "%s.a", name);
	snprintf(text, sizeof(text), "%s of the first, %s of the second",
		 edu_reach(b, AT, first_memory), edu_reach(b, AT, second_memory));
	fact(text, "%s.b", name);
}

static void two_devices(const char *first, const char *second)
{
	int iommu = iommu_open(), other = iommu_open(), file;
	uint32_t x = space_new(iommu), y = space_new(iommu), foreign = ioas_new(other), id, hwpt;
	struct edu a = {0}, b = {0};
	long before = pins();

	must(ioas_map(iommu, x, first_memory, PAGE, MAP_BOTH, AT));
	must(ioas_map(iommu, y, second_memory, PAGE, MAP_BOTH, AT));
	edu_bound(&a, first, iommu);
	/* The group has an owner now. */
	file = cdev_open(second);
	fact_result(cdev_bind(file, other, &id), "second_to_another_iommufd");
	fact_result(cdev_bind(file, iommu, &id), "second_to_the_same_iommufd");
	edu_use(&b, file);
	b.id = id;
	fact_both(&a, &b, "none_attached");
	fact_result(cdev_attach(a.fd, x), "attach_a_to_x");
	fact_both(&a, &b, "a_attached_to_x");
	fact_result(cdev_attach(b.fd, y), "attach_b_to_y");
	fact_both(&a, &b, "b_not_attached_to_y");
	fact_result(cdev_attach(b.fd, x), "attach_b_to_x");
	fact_number(pins() - before, "both_attached.pins");
	fact_both(&a, &b, "both_in_x");
	fact_result(cdev_attach(a.fd, y), "move_a_to_y");
	fact_both(&a, &b, "a_moved_to_y");
	fact_number(pins() - before, "moved.pins");
	fact_result(cdev_attach(b.fd, x), "move_b_to_x");
	fact_both(&a, &b, "b_moved_to_x");
	fact_result(cdev_detach(a.fd), "detach_a");
	fact_both(&a, &b, "a_detached");
	fact_result(cdev_attach(a.fd, y), "attach_a_to_y_while_b_is_in_x");
	fact_result(cdev_detach(b.fd), "detach_b");
	fact_both(&a, &b, "both_detached");
	fact_number(pins() - before, "both_detached.pins");
	/* A page table of one device is that of the other's. */
	must(hwpt_new(iommu, a.id, x, 0, &hwpt));
	fact_result(cdev_attach(b.fd, hwpt), "attach_b_to_a_table_made_for_a");
	fact_both(&a, &b, "b_in_the_table");
	fact_result(cdev_attach(a.fd, x), "attach_a_to_the_table's_space");
	fact_result(cdev_attach(a.fd, hwpt), "attach_a_to_the_table");
	/* One is closed, the other goes on. */
	edu_end(&a);
	fact(edu_reach(&b, AT, first_memory), "a_closed.b");
	edu_bound(&a, first, iommu);
	fact_both(&a, &b, "a_bound_again");
	must(cdev_detach(b.fd));
	fact_both(&a, &b, "b_detached");
	must(iommu_destroy(iommu, hwpt));
	edu_end(&a);
	file = cdev_open(first);
	fact_result(cdev_bind(file, other, NULL), "one_closed.to_another_iommufd");
	edu_end(&b);
	fact_result(cdev_bind(file, other, NULL), "both_closed.to_another_iommufd");
	fact_result(cdev_attach(file, foreign), "both_closed.attach_there");
	close(file);
	close(iommu);
	close(other);
}

/* One of the two is with another driver. */
static void viability(const char *first, const char *second)
{
	int iommu = iommu_open(), dev;

	fact_result(driver_give(second, ""), "viable.second_without_a_driver.give");
	dev = cdev_open(first);
	fact_result(cdev_bind(dev, iommu, NULL), "viable.second_without_a_driver.bind");
	close(dev);
	fact_result(driver_give(second, "pci-stub"), "viable.second_with_pci_stub.give");
	fact(driver_of(second), "viable.second_with_pci_stub.driver");
	dev = cdev_open(first);
	fact_result(cdev_bind(dev, iommu, NULL), "viable.second_with_pci_stub.bind");
	close(dev);
	fact_result(driver_give(second, "uio_pci_generic"), "viable.second_with_uio.give");
	fact(driver_of(second), "viable.second_with_uio.driver");
	dev = cdev_open(first);
	fact_result(cdev_bind(dev, iommu, NULL), "viable.second_with_uio.bind");
	fact_result(cdev_attach(dev, ioas_new(iommu)), "viable.second_with_uio.attach");
	close(dev);
	/* While one is bound the other gets no driver that does DMA for the kernel. */
	must(driver_give(second, ""));
	dev = cdev_open(first);
	must(cdev_bind(dev, iommu, NULL));
	fact_result(driver_give(second, "uio_pci_generic"), "viable.uio_while_bound.give");
	fact(driver_of(second), "viable.uio_while_bound.driver");
	fact_result(driver_give(second, "vfio-pci"), "viable.vfio_while_bound.give");
	fact(driver_of(second), "viable.vfio_while_bound.driver");
	close(dev);
	if (strcmp(driver_of(second), "vfio-pci"))
		must(driver_give(second, "vfio-pci"));
	close(iommu);
}

void facts_of_functions(void)
{
	first_memory = memory_new(PAGE);
	second_memory = memory_new(PAGE);
	must(system("modprobe -a pci-stub uio_pci_generic"));
	two_devices("EDU3", "EDU4");
	viability("EDU3", "EDU4");
}

void facts_of_bridge(void)
{
	first_memory = memory_new(PAGE);
	second_memory = memory_new(PAGE);
	two_devices("EDU5", "EDU6");
}

/* ---- Group files beside character devices ---- */

void facts_of_exclusion(void)
{
	int iommu = iommu_open(), group, dev, second, container, device;
	struct vfio_group_status status = {.argsz = sizeof(status)};

	/* A group file is open, with nothing, a container, a device. */
	group = must(group_open("EDU3"));
	dev = cdev_try("EDU3");
	fact_result(dev < 0 ? dev : 0, "group_open.open");
	fact_result(cdev_bind(dev, iommu, NULL), "group_open.bind");
	second = cdev_open("EDU4");
	fact_result(cdev_bind(second, iommu, NULL), "group_open.bind_the_second");
	close(dev);
	close(second);
	container = must(container_open());
	fact_result(call(group, VFIO_GROUP_SET_CONTAINER, &container), "container.set");
	dev = cdev_try("EDU3");
	fact_result(dev < 0 ? dev : 0, "container.open");
	fact_result(cdev_bind(dev, iommu, NULL), "container.bind");
	fact_result(call(container, VFIO_SET_IOMMU, (void *)(uintptr_t)VFIO_TYPE1v2_IOMMU),
		    "container.iommu");
	fact_result(cdev_bind(dev, iommu, NULL), "container.bind_with_an_iommu");
	device = group_device(group, "EDU3");
	fact_result(device < 0 ? device : 0, "container.device");
	fact_result(cdev_bind(dev, iommu, NULL), "container.bind_with_a_device");
	second = cdev_open("EDU4");
	fact_result(cdev_bind(second, iommu, NULL), "container.bind_the_second");
	fact_result(cdev_bind(device, iommu, NULL), "container.bind_the_file_of_the_group");
	fact_result(cdev_attach(device, 1), "container.attach_the_file_of_the_group");
	fact_result(cdev_detach(device), "container.detach_the_file_of_the_group");
	close(device);
	close(group);
	close(container);
	fact_result(cdev_bind(dev, iommu, NULL), "closed.bind");

	/* A character device is bound. */
	group = group_open("EDU3");
	fact_result(group < 0 ? group : 0, "bound.group_open");
	if (group >= 0)
		close(group);
	close(dev);
	group = group_open("EDU3");
	fact_result(group < 0 ? group : 0, "bound_and_closed.group_open");
	if (group >= 0)
		close(group);
	/* One that is only open stops nothing. */
	dev = cdev_open("EDU3");
	group = group_open("EDU3");
	fact_result(group < 0 ? group : 0, "opened.group_open");
	if (group >= 0) {
		fact_result(call(group, VFIO_GROUP_GET_STATUS, &status), "opened.group_status");
		fact_number(status.flags, "opened.group_status.flags");
		container = must(container_open());
		fact_result(call(group, VFIO_GROUP_SET_CONTAINER, &container), "opened.container");
		fact_result(call(container, VFIO_SET_IOMMU, (void *)(uintptr_t)VFIO_TYPE1v2_IOMMU),
			    "opened.iommu");
		device = group_device(group, "EDU3");
		fact_result(device < 0 ? device : 0, "opened.device");
		close(device);
		close(group);
		close(container);
	}
	close(dev);
	/* The other of the group is bound. */
	must(cdev_bind(second, iommu, NULL));
	group = group_open("EDU3");
	fact_result(group < 0 ? group : 0, "second_bound.group_open");
	if (group >= 0)
		close(group);
	close(second);
	close(iommu);
}

/* ---- Devices that nobody has opened ---- */

/*
 * What a bus master does to memory of ours, and to nothing else: whoever has its group may be the kernel, whose
 * domain may be all of memory. So the address is that of a page of ours, also physically.
 */
static const char *writes_to(const struct edu *edu, uint64_t iova, uint8_t *memory)
{
	uint8_t before[LENGTH];

	memory_fill(memory, LENGTH);
	memcpy(before, memory, LENGTH);
	edu_write(edu, iova, LENGTH);
	return memcmp(memory, before, LENGTH) ? "written" : "-";
}

static bool is_bus_master(const char *variable)
{
	uint16_t command = 0;
	char path[160];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", lab_name(variable));
	FILE *file = fopen(path, "re");
	if (!file || fseek(file, 4, SEEK_SET) || fread(&command, 2, 1, file) != 1)
		die("%s: %s", path, strerror(errno));
	fclose(file);
	return command & 4;
}

/* A bus master that nobody has opened reaches what its group reaches, be it the kernel's domain. */
void facts_of_unopened(void)
{
	uint8_t *memory = memory_new(PAGE), *mapped = memory_new(PAGE);
	int iommu = iommu_open();
	uint32_t ioas = ioas_new(iommu), hold = ioas_new(iommu), hwpt;
	struct edu edu = {0}, member = {0}, other = {0};

	/* What is pinned does not move. */
	edu_bound(&other, "EDU1", iommu);
	must(ioas_map(iommu, hold, memory, PAGE, MAP_BOTH, 0));
	must(hwpt_new(iommu, other.id, hold, 0, &hwpt));
	const uint64_t at = physical(memory);
	must(ioas_map(iommu, ioas, mapped, PAGE, MAP_BOTH, at));
	edu_use_unopened(&edu, "EDU0");
	fact(writes_to(&edu, at, memory), "never.physical");
	edu_end(&edu);
	edu_bound(&edu, "EDU0", iommu);
	fact(writes_to(&edu, at, memory), "bound.physical");
	must(cdev_attach(edu.fd, ioas));
	fact(writes_to(&edu, at, memory), "attached.physical");
	fact(writes_to(&edu, at, mapped), "attached.mapped");
	edu_end(&edu);
	fact(is_bus_master("EDU0") ? "yes" : "no", "closed.bus_master");
	edu_use_unopened(&edu, "EDU0");
	fact(writes_to(&edu, at, memory), "closed.physical");
	fact(writes_to(&edu, at, mapped), "closed.mapped");
	edu_end(&edu);
	/* The other of its group is used. */
	edu_bound(&edu, "EDU3", iommu);
	edu_use_unopened(&member, "EDU4");
	fact(writes_to(&member, at, memory), "member_bound.physical");
	must(cdev_attach(edu.fd, ioas));
	fact(writes_to(&member, at, memory), "member_attached.physical");
	fact(writes_to(&member, at, mapped), "member_attached.mapped");
	must(cdev_detach(edu.fd));
	fact(writes_to(&member, at, memory), "member_detached.physical");
	fact(writes_to(&member, at, mapped), "member_detached.mapped");
	must(cdev_attach(edu.fd, ioas));
	edu_end(&edu);
	fact(writes_to(&member, at, memory), "member_closed.physical");
	fact(writes_to(&member, at, mapped), "member_closed.mapped");
	edu_end(&member);
	edu_end(&other);
}
