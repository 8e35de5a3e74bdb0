/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Feeds findings and snapshots with a kernel that says anything: every file, link and directory that they read
 * holds bytes of the input, or fails. A fuzzer drives it, or a main() with random bytes that are the same each time.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/host/device.h"
#include "../../lib/sysfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *input;
static size_t left;

static unsigned int take(void)
{
	if (!left)
		return 0;
	left--;
	return *input++;
}

/* Up to size bytes of input; how many the input says. */
static size_t take_bytes(void *buf, size_t size)
{
	size_t wanted = take();

	/* Long ones, too, without input as long. */
	if (wanted > 250) {
		wanted = wanted > 252 ? size : size - 1;
		memset(buf, (int)take(), wanted);
		return wanted;
	}
	if (wanted > size)
		wanted = size;
	if (wanted > left)
		wanted = left;
	memcpy(buf, input, wanted);
	input += wanted;
	left -= wanted;
	return wanted;
}

/* 0 mostly, else an errno. */
static int take_error(void)
{
	static const int errors[] = {ENOENT, EACCES, EIO, ENOTDIR, ENAMETOOLONG, EPERM, ENODEV};
	unsigned int n = take();

	return n < sizeof(errors) / sizeof(errors[0]) ? -errors[n] : 0;
}

static unsigned int reads_left;

static int fuzz_open(const struct sys *sys, const char *path, int flags)
{
	(void)sys, (void)path, (void)flags;
	reads_left = 4;
	int r = take_error();
	return r ? r : 1000;
}

static int fuzz_close(const struct sys *sys, int fd)
{
	(void)sys;
	if (fd != 1000)
		abort();
	return 0;
}

static ssize_t fuzz_read(const struct sys *sys, int fd, void *buf, size_t size)
{
	(void)sys, (void)fd;
	if (!reads_left--)
		return 0;
	int r = take_error();
	return r ? r : (ssize_t)take_bytes(buf, size);
}

static ssize_t fuzz_pread(const struct sys *sys, int fd, void *buf, size_t size, uint64_t offset)
{
	(void)offset;
	return fuzz_read(sys, fd, buf, size);
}

static int fuzz_access(const struct sys *sys, const char *path)
{
	(void)sys, (void)path;
	return take_error();
}

/* The contract of the table: it is terminated and fits. */
static int fuzz_readlink(const struct sys *sys, const char *path, char *buf, size_t size)
{
	(void)sys, (void)path;
	int r = take_error();
	if (r)
		return r;
	buf[take_bytes(buf, size - 1)] = '\0';
	return 0;
}

static int fuzz_realpath(const struct sys *sys, const char *path, char *buf, size_t size)
{
	int r = fuzz_readlink(sys, path, buf, size);

	if (r == 0 && strncmp(buf, "/sys/devices/", 13))
		snprintf(buf, size, "/sys/devices/pci0000:00/%.60s", strrchr(path, '/') + 1);
	return r;
}

static int fuzz_list(const struct sys *sys, const char *path,
		     int (*each)(void *data, const char *name), void *data)
{
	(void)sys, (void)path;
	int r = take_error();
	if (r)
		return r;
	for (unsigned int n = take() % 12; n; n--) {
		/* As long as a name can be. */
		char name[256];
		name[take_bytes(name, sizeof(name) - 1)] = '\0';
		if (each(data, name))
			break;
	}
	return 0;
}

static int fuzz_memlock(const struct sys *sys, uint64_t *ret_bytes)
{
	(void)sys;
	*ret_bytes = take() << 12;
	return 0;
}

static pid_t fuzz_getpid(const struct sys *sys)
{
	(void)sys;
	return 42;
}

static const struct sys fuzz_sys = {
	.open = fuzz_open,
	.close = fuzz_close,
	.read = fuzz_read,
	.pread = fuzz_pread,
	.access = fuzz_access,
	.readlink = fuzz_readlink,
	.realpath = fuzz_realpath,
	.list = fuzz_list,
	.memlock = fuzz_memlock,
	.getpid = fuzz_getpid,
};

/* Read all of a string, so that a sanitizer sees one that does not end. */
static void touch(const char *text)
{
	volatile size_t length = text ? strlen(text) : 0;

	(void)length;
}

static void read_device(const struct libiommufd_host_device *device)
{
	touch(libiommufd_host_device_get_name(device));
	touch(libiommufd_host_device_get_bus(device));
	touch(libiommufd_host_device_get_driver(device));
	touch(libiommufd_host_device_get_node(device));
	touch(libiommufd_host_device_get_iommu(device));
	touch(libiommufd_host_device_get_dma_domain(device));
	for (int i = 0; i < libiommufd_host_device_get_alias_count(device); i++)
		touch(libiommufd_host_device_get_alias(device, (size_t)i));
	for (int i = 0; i < libiommufd_host_device_get_member_count(device); i++) {
		touch(libiommufd_host_device_get_member(device, (size_t)i));
		touch(libiommufd_host_device_get_member_driver(device, (size_t)i));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct libiommufd_host_purpose purpose = {.size = sizeof(purpose),
						  .purpose = LIBIOMMUFD_HOST_TO_MAP,
						  .flags = LIBIOMMUFD_HOST_AT_IOVA,
						  .length = 4096,
						  .va = data};
	struct libiommufd_host_findings *findings;
	struct libiommufd_host_devices *devices;
	struct libiommufd_host *host;
	struct op op;

	input = data;
	left = size;
	purpose.backend = take() % 3;
	purpose.iova = (uint64_t)take() << 24;
	op_begin(&op, "fuzz", "", NULL);
	if (host_make(&fuzz_sys, &op, NULL, &host) < 0)
		return 0;
	if (libiommufd_host_query_device(host, "0000:01:00.0", &devices) == 0) {
		read_device(libiommufd_host_devices_get(devices, 0));
		libiommufd_host_devices_free(devices);
	}
	if (libiommufd_host_query_findings(host, "0000:01:00.0", &purpose, &findings) == 0) {
		for (size_t i = 0; i < libiommufd_host_findings_get_count(findings); i++)
			touch(libiommufd_host_finding_get_text(
				libiommufd_host_findings_get(findings, i)));
		libiommufd_host_findings_free(findings);
	} else {
		touch(libiommufd_host_last_error()->text);
	}
	libiommufd_host_close(host);
	return 0;
}

#ifndef FUZZER
/* Pieces that sysfs and /proc do have, so that random bytes get beyond the first check. */
#define LONG "23456789012345678901234567890123456789012345678901"
static const char *const pieces[] = {
	("vfio" LONG LONG LONG LONG),
	("../" LONG LONG LONG),
	("../1" LONG),
	"../vfio-pci",
	"vfio0",
	"vfio12",
	"pci",
	"../../bus/pci",
	"254:3\n",
	"0000:01:00.1",
	"0000:01:00.1\n0000:01:00.0\n",
	"kernel identity\n",
	"kernel DMA",
	"user\n",
	"../6",
	"vfio_pci",
	"live\n",
	"N\n",
	"IO-APIC\n",
	"CapEff: 0000\n",
	"VmLck: 9 kB\n",
	"e1000e",
	"0x00000000fee00000 0x00000000feefffff msi\n",
	"VmFlags: rd io pf\n",
	"dmar0",
	"DMAR",
	"pci:v00008086d000010D3sv00008086sd0000A01Fbc02sc00i00\n",
};

int main(int argc, char **argv)
{
	int runs = argc > 1 ? atoi(argv[1]) : 20000;
	static uint8_t data[4096];

	srandom(1);
	for (int run = 0; run < runs; run++) {
		size_t size = 0, wanted = (size_t)random() % sizeof(data);

		while (size < wanted) {
			if (random() % 3) {
				data[size++] = (uint8_t)random();
				continue;
			}
			const char *piece =
				pieces[(size_t)random() % (sizeof(pieces) / sizeof(pieces[0]))];
			size_t length = strlen(piece);
			if (size + length + 2 > sizeof(data))
				break;
			/* Past the error, and with the length in front. */
			data[size++] = 99;
			data[size++] = (uint8_t)length;
			memcpy(data + size, piece, length);
			size += length;
		}
		LLVMFuzzerTestOneInput(data, size);
	}
	return 0;
}
#endif
