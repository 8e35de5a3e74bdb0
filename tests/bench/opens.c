/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What it costs to open, bind and attach devices, beside the bare system calls that a program would make which
 * knows the device's nodes already. Both take turns. Run by tests/bench/run.
 *
 *   opens ADDRESS...
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <libiommufd.h>

#include "figures.h"
#include "uapi/iommufd.h"
#include "uapi/vfio.h"

static const char *address;
static char node[300]; /* of the device, or of its group */

static void need(int result, const char *what)
{
	if (result >= 0)
		return;
	perror(what);
	exit(1);
}

/* ---- Bare ---- */

struct bare {
	int iommufd, group, device;
	uint32_t ioas;
};

static void open_natively(struct bare *b)
{
	struct vfio_device_bind_iommufd bind = {.argsz = sizeof(bind), .iommufd = b->iommufd};
	struct vfio_device_attach_iommufd_pt attach = {.argsz = sizeof(attach), .pt_id = b->ioas};

	need(b->device = open(node, O_RDWR | O_CLOEXEC), node);
	need(ioctl(b->device, VFIO_DEVICE_BIND_IOMMUFD, &bind), "bind");
	need(ioctl(b->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach), "attach");
}

static void open_by_type1(struct bare *b)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};

	need(b->group = open(node, O_RDWR | O_CLOEXEC), node);
	need(ioctl(b->group, VFIO_GROUP_GET_STATUS, &status), "status");
	need(b->iommufd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC), "container");
	need(ioctl(b->iommufd, VFIO_GET_API_VERSION), "version");
	need(ioctl(b->iommufd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU), "extension");
	need(ioctl(b->group, VFIO_GROUP_SET_CONTAINER, &b->iommufd), "container");
	need(ioctl(b->iommufd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), "iommu");
	need(b->device = ioctl(b->group, VFIO_GROUP_GET_DEVICE_FD, address), "device");
}

static void close_by_type1(struct bare *b)
{
	close(b->device);
	close(b->group);
	close(b->iommufd);
}

/* The name of the only entry of a directory of the device in sysfs, or of what a link there points to. */
static void find(const char *name, char *found, size_t size)
{
	char path[100], target[256];
	struct dirent *entry = NULL;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", address, name);
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	if (n > 0) {
		target[n] = '\0';
		snprintf(found, size, "%s", strrchr(target, '/') + 1);
		return;
	}
	DIR *dir = opendir(path);
	while (dir && (entry = readdir(dir)) && entry->d_name[0] == '.')
		;
	need(entry ? 0 : -1, path);
	snprintf(found, size, "%s", entry->d_name);
	closedir(dir);
}

/* ---- Turns ---- */

static double open_bare(bool native, const struct libiommufd_ioas *ioas, int iommufd)
{
	struct bare b = {.iommufd = iommufd, .ioas = libiommufd_ioas_get_id(ioas)};

	double start = figures_now();
	if (native)
		open_natively(&b);
	else
		open_by_type1(&b);
	double time = figures_now() - start;
	if (native)
		close(b.device);
	else
		close_by_type1(&b);
	return time;
}

static double open_with_library(struct libiommufd_ctx *ctx, struct libiommufd_ioas *ioas)
{
	struct libiommufd_device *dev;

	double start = figures_now();
	figures_need(libiommufd_device_open(ctx, address, NULL, &dev), "open");
	figures_need(libiommufd_device_bind(dev, NULL), "bind");
	figures_need(libiommufd_device_attach(dev, ioas), "attach");
	double time = figures_now() - start;
	figures_need(libiommufd_device_close(dev, 0), "close");
	return time;
}

/* How the kernel resets it; false if it cannot. */
static bool read_reset(char *text, int size)
{
	char path[100];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset_method", address);
	FILE *file = fopen(path, "r");
	bool found = file && fgets(text, size, file) && text[0] != '\n';
	if (file)
		fclose(file);
	if (found)
		text[strcspn(text, " \n")] = '\0';
	return found;
}

static void compare(struct libiommufd_ctx *ctx, struct libiommufd_ioas *ioas, bool native)
{
	double bare[TURNS], ours[TURNS];
	char name[256], what[300];
	int iommufd = -1;

	if (native)
		figures_need(libiommufd_ctx_query_fd(ctx, &iommufd), "file");
	find(native ? "vfio-dev" : "iommu_group", name, sizeof(name));
	snprintf(node, sizeof(node), "/dev/vfio/%s%s", native ? "devices/" : "", name);
	/* Once for nothing: the first time finds no memory warm. */
	open_bare(native, ioas, iommufd);
	open_with_library(ctx, ioas);
	for (int i = 0; i < TURNS; i++) {
		bare[i] = open_bare(native, ioas, iommufd);
		ours[i] = open_with_library(ctx, ioas);
	}
	bool reset = read_reset(name, sizeof(name));
	snprintf(what, sizeof(what), "open, bind and attach, reset: %s", reset ? name : "none");
	figures_compare(what, bare, ours, reset ? 1.1 : -1);
	/* Beside a reset it does not show. */
	snprintf(what, sizeof(what), "what the library adds, reset: %s", reset ? name : "none");
	figures_tell(what, figures_median(ours) - figures_median(bare), "us", -1);
}

int main(int argc, char **argv)
{
	struct libiommufd_ctx *ctx;
	struct libiommufd_ioas *ioas;

	figures_need(libiommufd_ctx_open(NULL, &ctx), "ctx");
	figures_need(libiommufd_ioas_create(ctx, NULL, &ioas), "ioas");
	bool native = libiommufd_ctx_get_backend(ctx) == LIBIOMMUFD_BACKEND_NATIVE;
	figures_begin(native ? "native" : "type1", getenv("LAB_KERNEL"), "ioctl", "library");
	for (int i = 1; i < argc; i++) {
		address = argv[i];
		compare(ctx, ioas, native);
	}
	libiommufd_ioas_destroy(ioas);
	libiommufd_ctx_unref(ctx);
	return 0;
}
