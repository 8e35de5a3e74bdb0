/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the helpers of devices.h. */
#include "devices.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../../../lib/uapi/vfio.h"

enum {
	SOON = 1000, /* milliseconds: it has happened by then, or it does not happen */
	NEVER = 50,  /* what a device does at once has long been done */

	NET_CAUSE = 0x00c0,
	NET_RAISE = 0x00c8,
	NET_ALLOW = 0x00d0,
	NET_FIRST_CAUSE = 1 << 20,
};

struct libiommufd_device *device_opened(struct bench *b, int n, const char *variable)
{
	assert_ok(libiommufd_device_open(b->ctx, bench_name(variable), NULL, &b->devices[n]));
	b->dev = b->devices[0];
	return b->devices[n];
}

struct libiommufd_device *device_bound(struct bench *b, int n, const char *variable)
{
	assert_ok(libiommufd_device_bind(device_opened(b, n, variable), NULL));
	return b->devices[n];
}

void device_closed(struct bench *b, int n)
{
	assert_ok(libiommufd_device_close(b->devices[n], LIBIOMMUFD_CLOSE_FORCE));
	b->devices[n] = NULL;
	b->edu[n].regs = NULL;
	b->dev = b->devices[0];
}

volatile uint8_t *device_registers(struct libiommufd_device *dev)
{
	struct libiommufd_region *bar;
	void *regs;

	assert_ok(libiommufd_device_query_region(dev, LIBIOMMUFD_PCI_BAR0, &bar));
	assert_ok(libiommufd_region_map(bar, 0, libiommufd_region_get_size(bar), BOTH, &regs));
	return regs;
}

volatile uint8_t *net_start(struct libiommufd_device *dev)
{
	volatile uint8_t *regs = device_registers(dev);

	assert_ok(libiommufd_device_set_bus_master(dev, true));
	*reg32(regs, NET_VECTOR_OF) = 0x000cba98;
	*reg32(regs, NET_CAUSE) = UINT32_MAX;
	*reg32(regs, NET_ALLOW) = 0x01f00000;
	return regs;
}

void net_raise(volatile uint8_t *regs, int n)
{
	*reg32(regs, NET_RAISE) = NET_FIRST_CAUSE << n;
	*reg32(regs, NET_CAUSE) = UINT32_MAX;
}

void net_stop(volatile uint8_t *regs)
{
	*reg32(regs, NET_ALLOW) = 0;
	usleep(20000);
}

static int set_vf_count(const char *count)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/sriov_numvfs", bench_name("PF0"));
	return write_file(path, count);
}

void vfs_make(struct bench *b, const uint8_t token[16], char names[2][16])
{
	char path[96], link[96];

	device_bound(b, 0, "PF0");
	assert_ok(libiommufd_device_feature(b->dev,
					    LIBIOMMUFD_DEVICE_FEATURE_SET |
						    VFIO_DEVICE_FEATURE_PCI_VF_TOKEN,
					    (void *)token, 16));
	assert_int_equal(write_file("/sys/module/vfio_pci/parameters/enable_sriov", "1"), 0);
	assert_int_equal(set_vf_count("2"), 0);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/virtfn%d", bench_name("PF0"),
			 i);
		ssize_t n = readlink(path, link, sizeof(link) - 1);
		assert_true(n > 0);
		link[n] = '\0';
		snprintf(names[i], sizeof(names[i]), "%s", strrchr(link, '/') + 1);
	}
}

int vfs_end(void)
{
	return set_vf_count("0");
}

int event_new(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_true(fd >= 0);
	return fd;
}

static bool wait_for(int fd, int milliseconds)
{
	struct pollfd event = {.fd = fd, .events = POLLIN};
	uint64_t count;

	if (poll(&event, 1, milliseconds) != 1)
		return false;
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	return true;
}

bool event_comes(int fd)
{
	return wait_for(fd, SOON);
}

bool event_silent(int fd)
{
	return !wait_for(fd, NEVER);
}

void event_send(int fd)
{
	const uint64_t one = 1;

	assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
}

int count_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

int write_file(const char *path, const char *word)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, word, strlen(word)) < 0)
		r = -errno;
	close(fd);
	return r;
}
