/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the calls of raw.h. */
#include "raw.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

_Noreturn void die(const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	_exit(3);
}

int must_be(int result, const char *what, const char *file, int line)
{
	if (result < 0)
		die("%s:%d: %s: %s", file, line, what, result_name(result));
	return result;
}

int call(int fd, unsigned long request, void *argument)
{
	int r = ioctl(fd, request, argument);

	return r < 0 ? -errno : r;
}

const char *result_name(int64_t result)
{
	static _Thread_local char texts[4][32];
	static _Thread_local unsigned turn;
	char *text = texts[turn++ % 4];
	const char *name = result < 0 && result > INT_MIN ? strerrorname_np((int)-result) : NULL;

	if (name)
		snprintf(text, sizeof(texts[0]), "%s", name);
	else
		snprintf(text, sizeof(texts[0]), "%lld", (long long)result);
	return text;
}

int iommu_open(void)
{
	int fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die("/dev/iommu: %s", strerror(errno));
	return fd;
}

int iommu_destroy(int iommu, uint32_t id)
{
	struct iommu_destroy arg = {.size = sizeof(arg), .id = id};

	return call(iommu, IOMMU_DESTROY, &arg);
}

uint32_t ioas_new(int iommu)
{
	struct iommu_ioas_alloc arg = {.size = sizeof(arg)};

	must(call(iommu, IOMMU_IOAS_ALLOC, &arg));
	return arg.out_ioas_id;
}

int ioas_map_any(int iommu, uint32_t ioas, const void *va, uint64_t length, uint32_t flags,
		 uint64_t *iova)
{
	struct iommu_ioas_map arg = {.size = sizeof(arg),
				     .flags = flags,
				     .ioas_id = ioas,
				     .user_va = (uintptr_t)va,
				     .length = length,
				     .iova = *iova};
	int r = call(iommu, IOMMU_IOAS_MAP, &arg);

	*iova = arg.iova;
	return r;
}

int ioas_map(int iommu, uint32_t ioas, const void *va, uint64_t length, uint32_t access,
	     uint64_t iova)
{
	return ioas_map_any(iommu, ioas, va, length, access | MAP_FIXED_AT, &iova);
}

int ioas_map_file(int iommu, uint32_t ioas, int fd, uint64_t start, uint64_t length,
		  uint32_t access, uint64_t iova)
{
	struct iommu_ioas_map_file arg = {.size = sizeof(arg),
					  .flags = access | MAP_FIXED_AT,
					  .ioas_id = ioas,
					  .fd = fd,
					  .start = start,
					  .length = length,
					  .iova = iova};

	return call(iommu, IOMMU_IOAS_MAP_FILE, &arg);
}

int ioas_unmap(int iommu, uint32_t ioas, uint64_t iova, uint64_t length)
{
	struct iommu_ioas_unmap arg = {.size = sizeof(arg),
				       .ioas_id = ioas,
				       .iova = iova,
				       .length = length};
	int r = call(iommu, IOMMU_IOAS_UNMAP, &arg);

	if (r < 0)
		return r;
	return arg.length > INT_MAX ? INT_MAX : (int)arg.length;
}

int ioas_copy(int iommu, uint32_t to, uint64_t to_iova, uint32_t from, uint64_t from_iova,
	      uint64_t length, uint32_t access)
{
	struct iommu_ioas_copy arg = {.size = sizeof(arg),
				      .flags = access | MAP_FIXED_AT,
				      .dst_ioas_id = to,
				      .src_ioas_id = from,
				      .length = length,
				      .dst_iova = to_iova,
				      .src_iova = from_iova};

	return call(iommu, IOMMU_IOAS_COPY, &arg);
}

int ioas_allow(int iommu, uint32_t ioas, const struct iommu_iova_range *ranges, uint32_t count)
{
	struct iommu_ioas_allow_iovas arg = {.size = sizeof(arg),
					     .ioas_id = ioas,
					     .num_iovas = count,
					     .allowed_iovas = (uintptr_t)ranges};

	return call(iommu, IOMMU_IOAS_ALLOW_IOVAS, &arg);
}

int ioas_ranges(int iommu, uint32_t ioas, struct iommu_iova_range ranges[16], uint32_t *count,
		uint64_t *alignment)
{
	struct iommu_ioas_iova_ranges arg = {.size = sizeof(arg),
					     .ioas_id = ioas,
					     .num_iovas = 16,
					     .allowed_iovas = (uintptr_t)ranges};
	int r = call(iommu, IOMMU_IOAS_IOVA_RANGES, &arg);

	*count = arg.num_iovas;
	if (alignment)
		*alignment = arg.out_iova_alignment;
	return r;
}

int hwpt_new(int iommu, uint32_t dev, uint32_t parent, uint32_t flags, uint32_t *id)
{
	struct iommu_hwpt_alloc arg = {.size = sizeof(arg),
				       .flags = flags,
				       .dev_id = dev,
				       .pt_id = parent};
	int r = call(iommu, IOMMU_HWPT_ALLOC, &arg);

	*id = arg.out_hwpt_id;
	return r;
}

int option(int iommu, uint32_t what, uint16_t op, uint32_t object, uint64_t *value)
{
	struct iommu_option arg = {.size = sizeof(arg),
				   .option_id = what,
				   .op = op,
				   .object_id = object,
				   .val64 = *value};
	int r = call(iommu, IOMMU_OPTION, &arg);

	*value = arg.val64;
	return r;
}

static const char *lab_value(const char *variable)
{
	char full[32];

	snprintf(full, sizeof(full), "LAB_%s", variable);
	return getenv(full);
}

bool lab_has(const char *variable)
{
	return lab_value(variable) != NULL;
}

const char *lab_name(const char *variable)
{
	const char *value = lab_value(variable);

	if (!value)
		die("LAB_%s is not set: run this in the lab, with a device for it", variable);
	return value;
}

static void sysfs_of(const char *variable, char path[PATH_MAX])
{
	const char *name = lab_name(variable);

	snprintf(path, PATH_MAX, "%s%s", name[0] == '/' ? "" : "/sys/bus/pci/devices/", name);
}

int cdev_try(const char *variable)
{
	char path[PATH_MAX], node[320] = "";
	struct dirent *entry;
	DIR *dir;
	int fd;

	sysfs_of(variable, path);
	strcat(path, "/vfio-dev");
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			snprintf(node, sizeof(node), "/dev/vfio/devices/%s", entry->d_name);
	closedir(dir);
	fd = open(node, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int cdev_open(const char *variable)
{
	return must(cdev_try(variable));
}

int cdev_bind(int dev, int iommu, uint32_t *id)
{
	/* Without the token, which 6.12 does not know. */
	struct vfio_device_bind_iommufd arg = {.argsz = 16, .iommufd = iommu};
	int r = call(dev, VFIO_DEVICE_BIND_IOMMUFD, &arg);

	if (id)
		*id = arg.out_devid;
	return r;
}

int cdev_attach_any(int dev, uint32_t *id)
{
	struct vfio_device_attach_iommufd_pt arg = {.argsz = 12, .pt_id = *id};
	int r = call(dev, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &arg);

	*id = arg.pt_id;
	return r;
}

int cdev_attach(int dev, uint32_t id)
{
	return cdev_attach_any(dev, &id);
}

int cdev_detach(int dev)
{
	struct vfio_device_detach_iommufd_pt arg = {.argsz = 8};

	return call(dev, VFIO_DEVICE_DETACH_IOMMUFD_PT, &arg);
}

int group_open(const char *variable)
{
	char path[PATH_MAX], link[PATH_MAX], node[320];
	ssize_t n;
	int fd;

	sysfs_of(variable, path);
	strcat(path, "/iommu_group");
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return -errno;
	link[n] = '\0';
	snprintf(node, sizeof(node), "/dev/vfio/%.300s", strrchr(link, '/') + 1);
	fd = open(node, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int group_device(int group, const char *variable)
{
	return call(group, VFIO_GROUP_GET_DEVICE_FD, (void *)lab_name(variable));
}

int container_open(void)
{
	int fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int region_find(int dev, uint32_t index, uint64_t *offset, uint64_t *size)
{
	struct vfio_region_info info = {.argsz = sizeof(info), .index = index};
	int r = call(dev, VFIO_DEVICE_GET_REGION_INFO, &info);

	*offset = info.offset;
	if (size)
		*size = info.size;
	return r;
}

int bus_master(int dev)
{
	uint64_t offset;
	uint16_t command;
	int r = region_find(dev, VFIO_PCI_CONFIG_REGION_INDEX, &offset, NULL);

	if (r < 0)
		return r;
	if (pread(dev, &command, sizeof(command), (off_t)offset + 4) != sizeof(command))
		return -errno;
	command |= 6;
	if (pwrite(dev, &command, sizeof(command), (off_t)offset + 4) != sizeof(command))
		return -errno;
	return 0;
}

int write_word(const char *path, const char *word)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, word, strlen(word)) < 0)
		r = -errno;
	close(fd);
	return r;
}

int driver_give(const char *variable, const char *driver)
{
	char path[160];
	const char *address = lab_name(variable);
	int r;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver/unbind", address);
	r = write_word(path, address);
	if (r < 0 && r != -ENOENT)
		return r;
	if (!driver[0])
		return 0;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", address);
	must(write_word(path, driver));
	return write_word("/sys/bus/pci/drivers_probe", address);
}

const char *driver_of(const char *variable)
{
	static char link[256];
	char path[160];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", lab_name(variable));
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return "none";
	link[n] = '\0';
	return strrchr(link, '/') + 1;
}

void *memory_new(uint64_t length)
{
	void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		die("%llu bytes of memory: %s", (unsigned long long)length, strerror(errno));
	return memory;
}

void *memory_at(uint64_t va, uint64_t length)
{
	uint8_t *memory =
		mmap((void *)(uintptr_t)va, length, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		die("no memory at 0x%llx: %s", (unsigned long long)va, strerror(errno));
	return memory;
}

/* The step of 29 gives 256 seeds in a row different bytes at each place. */
void memory_fill(void *memory, size_t length)
{
	static unsigned seed;
	unsigned start = __atomic_add_fetch(&seed, 1, __ATOMIC_RELAXED) * 29;
	uint8_t *bytes = memory;

	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(start + i * 7 + i / 256 * 3);
}

long pins(void)
{
	long acquired = -1, released = -1, value;
	char name[64];
	FILE *file;

	/* Processors keep their part for a while; this asks for it. */
	must(write_word("/proc/sys/vm/stat_refresh", "1"));
	file = fopen("/proc/vmstat", "re");
	if (!file)
		die("/proc/vmstat: %s", strerror(errno));
	while (fscanf(file, "%63s %ld", name, &value) == 2) {
		if (!strcmp(name, "nr_foll_pin_acquired"))
			acquired = value;
		if (!strcmp(name, "nr_foll_pin_released"))
			released = value;
	}
	fclose(file);
	if (acquired < 0 || released < 0)
		die("/proc/vmstat has no count of pins");
	return acquired - released;
}

long pinned_here(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[128];
	long value = -1;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmPin: %ld kB", &value) == 1)
			break;
	if (!file || value < 0)
		die("/proc/self/status has no VmPin");
	fclose(file);
	return value;
}

uint64_t physical(const void *memory)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0 ||
	    pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)memory / PAGE * 8)) != 8 ||
	    !(entry >> 63))
		die("/proc/self/pagemap: %s", strerror(errno));
	close(fd);
	return (entry & ((1ULL << 55) - 1)) * PAGE;
}

void limit_memlock(uint64_t bytes)
{
	const struct rlimit limit = {bytes, RLIM_INFINITY};

	if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		die("RLIMIT_MEMLOCK: %s", strerror(errno));
}
