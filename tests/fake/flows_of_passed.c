/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the flows of what another process passed: files of /dev/iommu and of a device, ids of address
 * spaces. The sender is played by system calls of its own.
 */
#include "flows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "ctx.h"
#include "uapi/iommufd.h"
#include "uapi/vfio.h"

/* The only id of a device on a new /dev/iommu, and of an address space after it. */
enum {
	FIRST_ID = 1,
	SECOND_ID = 2,
};

/* ---- Starting states ---- */

/* The context that was passed, and the device DEV0, opened. */
static void arrange_opened(struct world *w)
{
	const struct sys *sys = fake_sys(w->fake);

	int fd = sys->open(sys, "/dev/iommu", O_RDWR);
	world_require(fd >= 0 && ctx_open_fd(sys, fd, NULL, &w->ctx) == 0, "ctx_open_fd");
	sys->close(sys, fd);
	w->file = sys->open(sys, "/dev/vfio/devices/vfio0", O_RDWR);
	world_require(w->file >= 0, "opening the device");
}

/* The sender has bound it. */
static void arrange_bound(struct world *w)
{
	struct vfio_device_bind_iommufd bind = {.argsz = 16};
	const struct sys *sys = fake_sys(w->fake);

	arrange_opened(w);
	world_require(libiommufd_ctx_query_fd(w->ctx, &bind.iommufd) == 0 &&
			      sys->ioctl(sys, w->file, VFIO_DEVICE_BIND_IOMMUFD, &bind) == 0 &&
			      bind.out_devid == FIRST_ID,
		      "the sender's bind");
}

/* And made an address space. */
static void arrange_space(struct world *w)
{
	struct iommu_ioas_alloc alloc = {.size = sizeof(alloc)};
	const struct sys *sys = fake_sys(w->fake);
	int fd;

	arrange_bound(w);
	world_require(libiommufd_ctx_query_fd(w->ctx, &fd) == 0 &&
			      sys->ioctl(sys, fd, IOMMU_IOAS_ALLOC, &alloc) == 0 &&
			      alloc.out_ioas_id == SECOND_ID,
		      "the sender's address space");
}

static void arrange_borrowed(struct world *w)
{
	arrange_space(w);
	world_require(libiommufd_ioas_open_id(w->ctx, SECOND_ID, &w->spaces[X]) == 0,
		      "ioas_open_id");
	world_map(w, X, PROBE, X, 1);
}

static int open_device(struct world *w, uint32_t state, uint32_t dev_id)
{
	struct libiommufd_device_fd_opts opts = {.size = sizeof(opts),
						 .state = state,
						 .dev_id = dev_id,
						 .label = "passed"};
	struct libiommufd_device *dev = POISON;

	int r = libiommufd_device_open_fd(w->ctx, w->file, &opts, &dev);
	flow_untouched(r, dev == POISON);
	if (r == 0) {
		w->devices[DEV0] = dev;
		snprintf(w->out, sizeof(w->out), "%s %d %u", libiommufd_device_get_name(dev),
			 libiommufd_device_get_state(dev), libiommufd_device_get_id(dev));
	}
	return r;
}

static int act_open_opened(struct world *w)
{
	return open_device(w, LIBIOMMUFD_DEVICE_OPENED, 0);
}

static int act_open_bound(struct world *w)
{
	return open_device(w, LIBIOMMUFD_DEVICE_BOUND, FIRST_ID);
}

static void arrange_passed_opened(struct world *w)
{
	arrange_opened(w);
	world_require(act_open_opened(w) == 0, "open_fd");
	w->out[0] = '\0';
}

static void arrange_passed_both(struct world *w)
{
	arrange_borrowed(w);
	world_require(act_open_bound(w) == 0, "open_fd");
	w->out[0] = '\0';
}

static void arrange_passed_attached(struct world *w)
{
	arrange_passed_both(w);
	world_attach(w, DEV0, X);
}

/* ---- Acts ---- */

static int act_open_id(struct world *w)
{
	struct libiommufd_ioas *ioas = POISON;

	int r = libiommufd_ioas_open_id(w->ctx, SECOND_ID, &ioas);
	flow_untouched(r, ioas == POISON);
	if (r == 0) {
		w->spaces[X] = ioas;
		snprintf(w->out, sizeof(w->out), "%u", libiommufd_ioas_get_id(ioas));
	}
	return r;
}

static int act_bind(struct world *w)
{
	return libiommufd_device_bind(w->devices[DEV0], NULL);
}

static int act_attach(struct world *w)
{
	return libiommufd_device_attach(w->devices[DEV0], w->spaces[X]);
}

static int act_detach(struct world *w)
{
	return libiommufd_device_detach(w->devices[DEV0]);
}

static int act_close(struct world *w)
{
	int r = libiommufd_device_close(w->devices[DEV0], 0);
	if (r == 0)
		w->devices[DEV0] = NULL;
	return r;
}

static int act_map(struct world *w)
{
	uint64_t iova = 0x5a;
	int r = libiommufd_ioas_map(w->spaces[X], w->memory + 10 * PAGE, PAGE, LIBIOMMUFD_READ,
				    &iova);

	flow_untouched(r, iova == 0x5a);
	return r;
}

static int act_destroy(struct world *w)
{
	int r = libiommufd_ioas_destroy(w->spaces[X]);
	if (r == 0)
		w->spaces[X] = NULL;
	return r;
}

/* clang-format off */
const struct flow flows_of_passed[] = {
	{"open_fd_opened", "open_fd", ON_NATIVE, .arrange = arrange_opened, .act = act_open_opened},
	{"open_fd_bound", "open_fd", ON_NATIVE, .arrange = arrange_bound, .act = act_open_bound},
	{"open_fd_bind", "bind", ON_NATIVE, .arrange = arrange_passed_opened, .act = act_bind},
	{"open_fd_attach", "attach", ON_NATIVE, .arrange = arrange_passed_both, .act = act_attach},
	{"open_fd_detach", "detach", ON_NATIVE, .arrange = arrange_passed_attached, .act = act_detach},
	{"open_fd_close", "close", ON_NATIVE, .arrange = arrange_passed_attached, .act = act_close},
	{"ioas_open_id", "ioas_open_id", ON_NATIVE, .arrange = arrange_space, .act = act_open_id},
	{"ioas_open_id_none", "ioas_open_id", ON_NATIVE, -ENOENT, NULL, arrange_bound, .act = act_open_id},
	{"ioas_open_id_map", "map", ON_NATIVE, .arrange = arrange_borrowed, .act = act_map},
	{"ioas_open_id_destroy", "ioas_destroy", ON_NATIVE, .arrange = arrange_borrowed, .act = act_destroy},
	{"ioas_open_id_destroy_attached", "ioas_destroy", ON_NATIVE, -EBUSY, NULL, arrange_passed_attached, .act = act_destroy},
	{0},
};
/* clang-format on */
