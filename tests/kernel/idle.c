/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a device reaches that nobody drives: at each moment of its life the device tries to read and to write a page
 * of this program by its physical address, which no one gave it.
 *
 *	idle blocked | control [drivers [ROUNDS] | cost | regions | beyond | exempt | crash | kexec | resume]
 *
 * "control" is a kernel that leaves such devices in its default domain, booted with iommu=pt: there they must reach
 * the page, or this program would prove nothing. With "drivers" those of the kernel come and go instead, and
 * do their work; with "cost" one comes and goes, and the time of it is told. The others are in files of their names;
 * "crash" and "kexec" in idle_boots.c. Wants the devices edu and edu-functions, and takes edu-bridge, all without
 * drivers.
 */
#include "idle.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SPACE = 0x4000000
}; /* where the page is in an address space */

static int passed, failed, skipped;
static bool blocked; /* what is expected of idle devices */
static uint8_t *page, *copy;
static uint8_t secret[LENGTH]; /* what a blocked device tried to read */
static bool tried;

void result(bool good, const char *name, const char *detail)
{
	printf("%s %s%s%s\n", good ? "ok    " : "not ok", name, detail[0] ? ": " : "", detail);
	fflush(stdout);
	good ? passed++ : failed++;
}

/* The control does without what only patched kernels have. */
void skip(const char *name, const char *why)
{
	if (!blocked)
		return;
	printf("skipped %s: %s\n", name, why);
	skipped++;
}

const char *sysfs_line(const char *path)
{
	static char text[4][4096];
	static int next;
	char *line = text[next++ % 4];
	FILE *file = fopen(path, "re");
	size_t n = file ? fread(line, 1, sizeof(text[0]) - 1, file) : 0;

	if (file)
		fclose(file);
	line[n] = '\0';
	while (n && line[n - 1] == '\n')
		line[--n] = '\0';
	return line;
}

const char *device_file(const char *variable, const char *name)
{
	static char path[4][256];
	static int next;
	char *own = path[next++ % 4];

	snprintf(own, sizeof(path[0]), "/sys/bus/pci/devices/%s/%s", lab_name(variable), name);
	return own;
}

const char *dma_state(const char *variable)
{
	return sysfs_line(device_file(variable, "iommu_group/dma_state"));
}

/* Kernels without the series have no such file: there the DMA is all there is to see. */
static bool state_is(const char *variable, const char *wanted)
{
	const char *state = dma_state(variable);

	return !state[0] ? !blocked : !strncmp(state, wanted, strlen(wanted));
}

/* What it read can be told only where it can write. */
static bool reads(const struct edu *edu, uint64_t at, const uint8_t *memory)
{
	memory_fill((uint8_t *)memory, LENGTH);
	edu_read(edu, at, LENGTH);
	memcpy(secret, memory, LENGTH);
	tried = true;
	memset(copy, 0, LENGTH);
	edu_write(edu, physical(copy), LENGTH);
	return !memcmp(copy, secret, LENGTH);
}

/* The device leaves what it holds where it may: not what it tried to read. */
static void look_for_the_secret(const struct edu *edu, uint64_t at, uint8_t *memory)
{
	if (!tried || !blocked)
		return;
	memset(memory, 0, LENGTH);
	edu_write(edu, at, LENGTH);
	result(memcmp(memory, secret, LENGTH), "read in vain before that", "");
	tried = false;
}

static void reach_is(const struct edu *edu, bool wanted, const char *name)
{
	bool w = edu_writes(edu, physical(page), page), r = reads(edu, physical(page), page);
	char detail[80];

	snprintf(detail, sizeof(detail), "memory was %s and %s", r ? "read" : "not read",
		 w ? "written" : "not written");
	result(w == wanted && r == wanted, name, detail);
}

/* Nobody drives it: not the kernel, and not user space. */
void idle_edu(const char *variable, const char *name)
{
	struct edu edu = {0};
	const char *wanted = blocked ? "blocked" : "kernel ";

	/* An IOMMU that VIOT describes knows a device from the first probe on. */
	if (access(device_file(variable, "iommu_group"), F_OK) < 0) {
		edu_use_unopened(&edu, variable);
		reach_is(&edu, true, "not known to its IOMMU yet");
		edu_end(&edu);
		return;
	}
	if (!state_is(variable, wanted))
		result(false, name, dma_state(variable));
	edu_use_unopened(&edu, variable);
	reach_is(&edu, !blocked, name);
	edu_end(&edu);
}

/* ---- Moments ---- */

static bool has_driver(const char *driver)
{
	char path[80], load[80];

	snprintf(load, sizeof(load), "modprobe -q %s", driver);
	if (system(load) != 0)
		return false;
	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s", driver);
	return access(path, F_OK) == 0;
}

/* A driver whose buffer devres frees: see the patch that adds it. */
static void kernel_driver(const char *name)
{
	must(driver_give("EDU0", "edu_dma"));
	result(!strcmp(driver_of("EDU0"), "edu_dma") && state_is("EDU0", "kernel ") &&
		       !strcmp(sysfs_line(device_file("EDU0", "dma")), "1"),
	       name, dma_state("EDU0"));
	must(driver_give("EDU0", ""));
	result(!strcmp(sysfs_line("/sys/module/edu_dma/parameters/released"), "Y"),
	       "DMA works until devres lets go", "");
	idle_edu("EDU0", "unbound from it");
}

static void other_drivers(void)
{
	if (has_driver("uio_pci_generic")) {
		must(driver_give("EDU0", "uio_pci_generic"));
		result(state_is("EDU0", "kernel "), "uio_pci_generic counts as a user",
		       dma_state("EDU0"));
		must(driver_give("EDU0", ""));
		idle_edu("EDU0", "unbound from uio_pci_generic");
	} else {
		skip("uio_pci_generic", "no such driver");
	}
	if (has_driver("pci-stub")) {
		must(driver_give("EDU0", "pci-stub"));
		idle_edu("EDU0", "on pci-stub");
	} else {
		skip("pci-stub", "no such driver");
	}
	if (!has_driver("vfio-pci"))
		die("no vfio-pci");
	must(driver_give("EDU0", "vfio-pci"));
	idle_edu("EDU0", "on vfio-pci, unopened");
}

static void device_file_user(void)
{
	struct edu edu = {.fd = -1};
	uint8_t *mapped = memory_new(PAGE);
	int iommu;
	uint32_t ioas;

	if (access("/dev/iommu", F_OK) < 0)
		return skip("by its own file", "no /dev/iommu");
	iommu = iommu_open();
	ioas = ioas_new(iommu);
	must(ioas_map(iommu, ioas, mapped, PAGE, MAP_BOTH, SPACE));
	edu_bound(&edu, "EDU0", iommu);
	result(state_is("EDU0", "user"), "the state of a bound device", dma_state("EDU0"));
	reach_is(&edu, false, "bound");
	must(cdev_attach(edu.fd, ioas));
	look_for_the_secret(&edu, SPACE, mapped);
	reach_is(&edu, false, "attached, beyond its space");
	result(edu_writes(&edu, SPACE, mapped), "attached, in its space", "");
	must(cdev_detach(edu.fd));
	reach_is(&edu, false, "detached");
	result(!edu_writes(&edu, SPACE, mapped), "detached, in what was its space", "");
	edu_end(&edu);
	idle_edu("EDU0", "closed");
	close(iommu);
	munmap(mapped, PAGE);
}

static void container_user(void)
{
	struct edu edu = {.fd = -1};
	uint8_t *mapped = memory_new(PAGE);
	struct vfio_iommu_type1_dma_map map = {.argsz = sizeof(map),
					       .flags = VFIO_DMA_MAP_FLAG_READ |
							VFIO_DMA_MAP_FLAG_WRITE,
					       .vaddr = (uintptr_t)mapped,
					       .iova = SPACE,
					       .size = PAGE};
	int container = container_open(), group = group_open("EDU0");

	if (container < 0 || group < 0)
		return skip("by its group", "no container");
	must(call(group, VFIO_GROUP_SET_CONTAINER, &container));
	must(call(container, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU));
	edu_use(&edu, must(group_device(group, "EDU0")));
	must(call(container, VFIO_IOMMU_MAP_DMA, &map));
	result(state_is("EDU0", "user"), "the state of a group in a container", dma_state("EDU0"));
	look_for_the_secret(&edu, SPACE, mapped);
	reach_is(&edu, false, "in a container, beyond its mappings");
	result(edu_writes(&edu, SPACE, mapped), "in a container, in its mappings", "");
	edu_end(&edu);
	close(group);
	close(container);
	idle_edu("EDU0", "the group and container closed");
	munmap(mapped, PAGE);
}

/* The type of the default domain is written: that is what a driver gets, and not before it comes. */
static void type_written(void)
{
	char path[256], before[32];

	snprintf(path, sizeof(path), "%s", device_file("EDU0", "iommu_group/type"));
	snprintf(before, sizeof(before), "%s", sysfs_line(path));
	must(driver_give("EDU0", ""));
	for (int i = 0; i < 2; i++) {
		char detail[32];
		const char *type = !strcmp(sysfs_line(path), "identity") ? "DMA" : "identity";
		int r = write_word(path, type);

		snprintf(detail, sizeof(detail), "%s", result_name(r));
		result(r == 0 && !strcmp(sysfs_line(path), type), "its type is written", detail);
		if (blocked || !strcmp(type, "identity"))
			idle_edu("EDU0", "after its type was written");
		if (has_driver("edu_dma")) {
			must(driver_give("EDU0", "edu_dma"));
			snprintf(detail, sizeof(detail), "kernel %s", type);
			result(state_is("EDU0", detail) &&
				       !strcmp(sysfs_line(device_file("EDU0", "dma")), "1"),
			       "a driver has the type that was written", dma_state("EDU0"));
			must(driver_give("EDU0", ""));
		}
	}
	result(!strcmp(sysfs_line(path), before), "its type is as it was", sysfs_line(path));
}

/* A virtual function that has just been made. */
static void virtual_function(void)
{
	char state[64];
	bool reaches;

	if (!has_driver("nvme"))
		die("no nvme");
	must(driver_give("PF0", "nvme"));
	nvme_makes_function("PF0");
	snprintf(state, sizeof(state), "%s",
		 sysfs_line(device_file("PF0", "virtfn0/iommu_group/dma_state")));
	reaches = nvme_reaches("PF0", "virtfn0");
	result(reaches == !blocked &&
		       (!state[0] || !strncmp(state, blocked ? "blocked" : "kernel ", 7)),
	       reaches ? "a virtual function is made, and reaches memory"
		       : "a virtual function is made, and reaches nothing",
	       state);
	must(write_word(device_file("PF0", "sriov_numvfs"), "0"));
	must(driver_give("PF0", ""));
}

static void plugged_again(const char *variable, const char *name)
{
	must(write_word(device_file(variable, "remove"), "1"));
	must(write_word("/sys/bus/pci/rescan", "1"));
	idle_edu(variable, name);
}

void let_through(const char *variable)
{
	uint16_t command = 0;
	int fd = open(device_file(variable, "../config"), O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return; /* on the root bus */
	must((int)pread(fd, &command, 2, 4));
	command |= 6;
	must((int)pwrite(fd, &command, 2, 4));
	close(fd);
}

/* On vfio-pci unopened beside a driver, and opened beside none: it is the one or the other. */
static void beside_a_user(const char *one, const char *other)
{
	int iommu, dev, r;
	uint32_t id;

	if (access("/dev/iommu", F_OK) < 0 || !has_driver("edu_dma"))
		return skip("a driver beside a user", "no /dev/iommu or no edu_dma");
	must(driver_give(one, "vfio-pci"));
	must(driver_give(other, "edu_dma"));
	result(state_is(one, "kernel ") && !strcmp(sysfs_line(device_file(other, "dma")), "1"),
	       "unopened, beside a driver", dma_state(one));
	iommu = iommu_open();
	dev = cdev_open(one);
	r = cdev_bind(dev, iommu, &id);
	result(r == -EPERM && !strcmp(sysfs_line(device_file(other, "dma")), "1"),
	       "not to be bound beside a driver", result_name(r));
	close(dev);
	must(driver_give(other, ""));
	idle_edu(one, "the driver beside it gone");
	dev = cdev_open(one);
	r = cdev_bind(dev, iommu, &id);
	result(r == 0 && state_is(other, "user"), "bound then", dma_state(other));
	driver_give(other, "edu_dma");
	result(strcmp(driver_of(other), "edu_dma") && state_is(one, "user"),
	       "no driver beside a user", driver_of(other));
	close(dev);
	close(iommu);
	must(driver_give(other, ""));
	must(driver_give(one, ""));
	idle_edu(one, "the user gone");
	idle_edu(other, "the user beside it gone");
}

/* A group has one translation: while a driver uses one device, the others reach what it reaches. */
static void group_of(const char *one, const char *other)
{
	struct edu edu = {0};

	let_through(one);
	if (access(device_file(one, "iommu_group"), F_OK) < 0)
		return;
	idle_edu(one, "one of two");
	idle_edu(other, "the other");
	if (has_driver("edu_dma")) {
		must(driver_give(one, "edu_dma"));
		result(!strcmp(sysfs_line(device_file(one, "dma")), "1") &&
			       state_is(other, "kernel "),
		       "one on a driver: the group is the kernel's", dma_state(other));
		if (!strcmp(dma_state(other), "kernel identity")) {
			edu_use_unopened(&edu, other);
			reach_is(&edu, true, "the other reaches what the driver's reaches");
			edu_end(&edu);
		}
		must(driver_give(other, "edu_dma"));
		must(driver_give(one, ""));
		result(state_is(one, "kernel ") &&
			       !strcmp(sysfs_line(device_file(other, "dma")), "1"),
		       "the first driver gone, the second works", dma_state(one));
		must(driver_give(other, ""));
		idle_edu(one, "both without a driver");
	} else {
		skip("a driver for one of two", "no edu_dma");
	}
	beside_a_user(one, other);
	plugged_again(other, "plugged in beside the other");
	idle_edu(one, "the other beside it");
}

/* The one change of type that a driver lives through. */
static void flush_queue(void)
{
	struct pollfd wait = {.events = POLLPRI};
	char path[256], before[32], text[64];
	int r;

	if (!has_driver("edu_dma") || !strcmp(getenv("LAB_IOMMU"), "virtio"))
		return;
	snprintf(path, sizeof(path), "%s", device_file("EDU0", "iommu_group/type"));
	snprintf(before, sizeof(before), "%s", sysfs_line(path));
	must(write_word(path, "DMA"));
	must(driver_give("EDU0", "edu_dma"));
	wait.fd = must(open(device_file("EDU0", "iommu_group/dma_state"), O_RDONLY | O_CLOEXEC));
	must((int)read(wait.fd, text, sizeof(text)));
	r = write_word(path, "DMA-FQ");
	result(r == 0 && poll(&wait, 1, 1000) == 1 && state_is("EDU0", "kernel DMA-FQ"),
	       "poll tells of a type that changes under a driver", dma_state("EDU0"));
	close(wait.fd);
	must(driver_give("EDU0", ""));
	must(write_word(path, before));
}

static void file_of_the_state(void)
{
	struct pollfd wait = {.fd = open(device_file("EDU0", "iommu_group/dma_state"),
					 O_RDONLY | O_CLOEXEC),
			      .events = POLLPRI};
	struct stat status;
	char text[64];

	if (wait.fd < 0)
		return skip("dma_state", "no such file");
	must(fstat(wait.fd, &status));
	result((status.st_mode & 0777) == 0444, "anybody may read the state", "");
	must((int)read(wait.fd, text, sizeof(text)));
	result(poll(&wait, 1, 100) == 0, "poll waits while nothing changes", "");
	must(driver_give("EDU0", "uio_pci_generic"));
	result(poll(&wait, 1, 1000) == blocked, "poll tells of a driver", "");
	must((int)pread(wait.fd, text, sizeof(text), 0));
	must(driver_give("EDU0", ""));
	result(poll(&wait, 1, 1000) == blocked, "poll tells that it went", "");
	close(wait.fd);
	flush_queue();
	result(!strcmp(sysfs_line(device_file("EDU0", "dma_aliases")), lab_name("EDU0")),
	       "an alias of its own", sysfs_line(device_file("EDU0", "dma_aliases")));
	if (lab_has("EDU4")) {
		/* Its own, and the bridge's: bus of the device, function 00.0. */
		char wanted[64];

		snprintf(wanted, sizeof(wanted), "%s\n%.7s:00.0", lab_name("EDU3"),
			 lab_name("EDU3"));
		result(!strcmp(sysfs_line(device_file("EDU3", "dma_aliases")), wanted),
		       "the alias of a bridge", sysfs_line(device_file("EDU3", "dma_aliases")));
	}
}

static void moments(void)
{
	idle_edu("EDU0", "since boot");
	other_drivers();
	device_file_user();
	container_user();
	must(driver_give("EDU0", ""));
	idle_edu("EDU0", "unbound from vfio-pci");
	if (has_driver("edu_dma")) {
		kernel_driver("on a driver of the kernel");
		kernel_driver("on it once more");
	}
	type_written();
	file_of_the_state();
	group_of("EDU1", "EDU2");
	/* Behind a bridge what is plugged in comes to the same group. */
	if (lab_has("EDU4"))
		group_of("EDU3", "EDU4");
	plugged_again("EDU0", "plugged in again");
	if (lab_has("PF0"))
		virtual_function();
	if (blocked)
		result(system("dmesg | grep -q 'DMA of devices without a driver and a user is "
			      "blocked'") == 0,
		       "the log says so", "");
}

int main(int argc, char **argv)
{
	if (argc < 2 || (strcmp(argv[1], "blocked") && strcmp(argv[1], "control")))
		die("usage: idle blocked | control [drivers | cost | regions | beyond | exempt | "
		    "crash | kexec | resume]");
	blocked = !strcmp(argv[1], "blocked");
	page = memory_new(PAGE);
	copy = memory_new(PAGE);
	must(mlock(page, PAGE));
	must(mlock(copy, PAGE));

	if (argc == 2)
		moments();
	else if (!strcmp(argv[2], "cost"))
		idle_cost();
	else if (!strcmp(argv[2], "regions"))
		idle_regions(blocked);
	else if (!strcmp(argv[2], "beyond"))
		idle_beyond(blocked);
	else if (!strcmp(argv[2], "exempt"))
		idle_exempt(blocked);
	else if (!strcmp(argv[2], "crash"))
		idle_crash(blocked);
	else if (!strcmp(argv[2], "kexec"))
		idle_kexec(blocked, moments);
	else if (!strcmp(argv[2], "resume"))
		idle_resume();
	else
		idle_drivers(argc > 3 ? atoi(argv[3]) : 200, blocked);
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed > 0;
}
