/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the drivers of the kernel that come and go: each time a disk is written and read, or a frame is sent. */
#include "idle.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	BYTES = 65536,
	PROTOCOL = 0x88b5, /* for experiments */
	PATIENCE = 10000,  /* milliseconds */
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* The last part of the one path that the pattern fits, once it is there. */
const char *appears(const char *pattern)
{
	static char name[2][64];
	static int next;
	char *own = name[next++ % 2];

	for (int waited = 0; waited < PATIENCE; waited++) {
		glob_t found;
		int r = glob(pattern, 0, NULL, &found);

		if (r == 0) {
			snprintf(own, sizeof(name[0]), "%s", strrchr(found.gl_pathv[0], '/') + 1);
			globfree(&found);
			return own;
		}
		usleep(1000);
	}
	die("nothing like %s", pattern);
}

static bool disk_works(const char *pattern)
{
	static uint8_t *wrote, *read_back;
	char path[80];
	bool good = false;
	int fd = -1;

	if (!wrote) {
		wrote = memory_new(BYTES);
		read_back = memory_new(BYTES);
	}
	snprintf(path, sizeof(path), "/dev/%s", appears(pattern));
	for (int waited = 0; fd < 0 && waited < PATIENCE; waited++) {
		fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
		if (fd < 0)
			usleep(1000);
	}
	memory_fill(wrote, BYTES);
	memset(read_back, 0, BYTES);
	good = pwrite(fd, wrote, BYTES, BYTES) == BYTES &&
	       pread(fd, read_back, BYTES, BYTES) == BYTES && !memcmp(wrote, read_back, BYTES);
	close(fd);
	return good;
}

/* A socket that sends and receives on the interface, which is up; its link takes seconds. */
static int interface(const char *variable, struct ifreq *request)
{
	char pattern[256];
	int fd = must(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(PROTOCOL)));

	*request = (struct ifreq){0};
	snprintf(pattern, sizeof(pattern), "%s/*", device_file(variable, "net"));
	snprintf(request->ifr_name, sizeof(request->ifr_name), "%s", appears(pattern));
	must(ioctl(fd, SIOCGIFFLAGS, request));
	request->ifr_flags |= IFF_UP;
	must(ioctl(fd, SIOCSIFFLAGS, request));
	must(ioctl(fd, SIOCGIFINDEX, request));
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_protocol = htons(PROTOCOL),
				      .sll_ifindex = request->ifr_ifindex};
	must(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	return fd;
}

static void wait_for_link(const struct ifreq *request)
{
	char carrier[300];

	snprintf(carrier, sizeof(carrier), "/sys/class/net/%s/carrier", request->ifr_name);
	for (int waited = 0; strcmp(sysfs_line(carrier), "1") && waited < PATIENCE; waited++)
		usleep(1000);
}

static bool frames_pass(void)
{
	uint8_t sent[256], got[512];
	struct ifreq from, to;
	int one = interface("NET0", &from), two = interface("NET1", &to);
	struct sockaddr_ll target = {.sll_family = AF_PACKET,
				     .sll_protocol = htons(PROTOCOL),
				     .sll_ifindex = from.ifr_ifindex,
				     .sll_halen = 6,
				     .sll_addr = {255, 255, 255, 255, 255, 255}};
	struct pollfd wait = {.fd = two, .events = POLLIN};
	bool good = false;

	wait_for_link(&from);
	wait_for_link(&to);
	memory_fill(sent, sizeof(sent));
	for (int i = 0; i < 20 && !good; i++) {
		must((int)sendto(one, sent, sizeof(sent), 0, (struct sockaddr *)&target,
				 sizeof(target)));
		while (!good && poll(&wait, 1, 200) == 1)
			good = recv(two, got, sizeof(got), 0) >= (ssize_t)sizeof(sent) &&
			       !memcmp(got, sent, sizeof(sent));
	}
	close(one);
	close(two);
	return good;
}

bool idle_works(const char *variable)
{
	char pattern[300];

	if (!strncmp(variable, "NET", 3))
		return frames_pass();
	if (!strncmp(variable, "NVME", 4))
		snprintf(pattern, sizeof(pattern), "%s/nvme*/nvme*n1",
			 device_file(variable, "nvme"));
	else
		snprintf(pattern, sizeof(pattern), "%s/virtio*/block/*",
			 device_file(variable, "."));
	return disk_works(pattern);
}

/* What comes and goes: in a process of its own, so that all do it at once. */
struct loop {
	const char *variable, *other, *driver;
	pid_t pid;
	char *detail; /* the process writes it */
};

enum {
	DETAIL = 160
};

static bool loops(const struct loop *loop, int rounds, bool blocked)
{
	uint64_t bind = 0, unbind = 0;
	int round;

	for (round = 0; round < rounds; round++) {
		uint64_t start = now_us();

		must(driver_give(loop->variable, loop->driver));
		if (loop->other)
			must(driver_give(loop->other, loop->driver));
		bind += now_us() - start;
		if (!idle_works(loop->variable))
			break;
		start = now_us();
		must(driver_give(loop->variable, ""));
		if (loop->other)
			must(driver_give(loop->other, ""));
		unbind += now_us() - start;
		if (blocked && strcmp(dma_state(loop->variable), "blocked"))
			break;
	}
	/* Told, not tested: what switching costs is for the benchmark to say. */
	snprintf(loop->detail, DETAIL, "%d rounds; %.0f us a bind, %.0f an unbind; state: %s",
		 round, (double)bind / (round + 1), (double)unbind / (round + 1),
		 dma_state(loop->variable));
	return round == rounds;
}

void idle_drivers(int rounds, bool blocked)
{
	struct loop all[] = {{.variable = "NVME0", .driver = "nvme"},
			     {.variable = "NET0", .other = "NET1", .driver = "e1000e"},
			     {.variable = "DISK0", .driver = "virtio-pci"}};
	enum {
		COUNT = sizeof(all) / sizeof(all[0])
	};

	for (int i = 0; i < COUNT; i++) {
		if (!lab_has(all[i].variable))
			continue;
		all[i].detail = mmap(NULL, DETAIL, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		must(all[i].detail == MAP_FAILED ? -1 : 0);
		all[i].pid = must(fork());
		if (!all[i].pid)
			_exit(!loops(&all[i], rounds, blocked));
	}
	for (int i = 0, status; i < COUNT; i++)
		if (all[i].pid) {
			must(waitpid(all[i].pid, &status, 0));
			result(status == 0, all[i].driver, all[i].detail);
			munmap(all[i].detail, DETAIL);
		}
}

void idle_cost(void)
{
	enum {
		TIMES = 2000
	};
	uint64_t bind = 0, unbind = 0;

	if (system("modprobe -q uio_pci_generic") != 0)
		die("no uio_pci_generic");
	must(driver_give("EDU0", "uio_pci_generic"));
	must(driver_give("EDU0", ""));
	for (int i = 0; i < TIMES; i++) {
		uint64_t start = now_us();

		must(driver_give("EDU0", "uio_pci_generic"));
		bind += now_us() - start;
		start = now_us();
		must(driver_give("EDU0", ""));
		unbind += now_us() - start;
	}
	printf("cost bind %.2f us, unbind %.2f us\n", (double)bind / TIMES, (double)unbind / TIMES);
	result(true, "cost", "");
}
