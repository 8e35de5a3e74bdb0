/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the flows of what a process makes of a type1 container that another one passed: it is a guest
 * there, and must not touch what it did not make.
 */
#include "flows.h"

#include <errno.h>

#include "ctx.h"

static const uint32_t both = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE;

/* Of the guest's mappings, beside the owner's. */
#define GUEST 0x600000ULL

/* ---- What the owner passes ---- */

static int container_file(struct world *w)
{
	int fd;

	world_require(libiommufd_device_query_container_fd(w->devices[DEV0], &fd) == 0,
		      "query_container_fd");
	return fd;
}

static int device_file(struct world *w)
{
	int fd;

	world_require(libiommufd_device_query_fd(w->devices[DEV0], &fd) == 0, "query_fd");
	return fd;
}

static int group_file(struct world *w)
{
	int fd;

	world_require(libiommufd_device_query_kvm_fd(w->devices[DEV0], &fd) == 0, "query_kvm_fd");
	return fd;
}

/* ---- Starting states ---- */

static void arrange_owner(struct world *w)
{
	world_ctx(w);
	world_space(w, X);
	world_map(w, X, GUEST + PAGE, 4, 1);
	world_attach(w, DEV0, X);
}

static int open_ctx(struct world *w)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
					   .backend = LIBIOMMUFD_BACKEND_TYPE1};
	struct libiommufd_ctx *ctx = POISON;

	int r = ctx_open_fd(fake_sys(w->fake), container_file(w), &opts, &ctx);
	flow_untouched(r, ctx == POISON);
	if (r == 0)
		w->guest_ctx = ctx;
	return r;
}

static void arrange_ctx(struct world *w)
{
	arrange_owner(w);
	world_require(open_ctx(w) == 0, "ctx_open_fd");
}

static int open_space(struct world *w, uint32_t id)
{
	struct libiommufd_ioas *ioas = POISON;

	int r = libiommufd_ioas_open_id(w->guest_ctx, id, &ioas);
	flow_untouched(r, ioas == POISON);
	if (r == 0)
		w->guest_space = ioas;
	return r;
}

static void arrange_space(struct world *w)
{
	arrange_ctx(w);
	world_require(open_space(w, 0) == 0, "ioas_open_id");
}

static int open_device(struct world *w)
{
	const struct libiommufd_device_fd_opts opts = {.size = sizeof(opts),
						       .state = LIBIOMMUFD_DEVICE_BOUND,
						       .label = "the disk"};
	struct libiommufd_device *dev = POISON;

	int r = libiommufd_device_open_fd(w->guest_ctx, device_file(w), &opts, &dev);
	flow_untouched(r, dev == POISON);
	if (r == 0)
		w->guest = dev;
	return r;
}

static int open_group(struct world *w, const char *name)
{
	struct libiommufd_device *dev = POISON;

	int r = libiommufd_device_open_group_fd(w->guest_ctx, group_file(w), name, NULL, &dev);
	flow_untouched(r, dev == POISON);
	if (r == 0)
		w->guest = dev;
	return r;
}

static void arrange_device(struct world *w)
{
	arrange_space(w);
	world_require(open_device(w) == 0, "open_fd");
}

static void arrange_group(struct world *w)
{
	arrange_space(w);
	world_require(open_group(w, FAKE_DEV1) == 0, "open_group_fd");
}

static void arrange_group_of_another(struct world *w)
{
	arrange_space(w);
	world_require(open_group(w, FAKE_ALONE) == 0, "open_group_fd");
}

static void map(struct world *w, uint64_t iova, unsigned page)
{
	world_require(libiommufd_ioas_map_at(w->guest_space, w->memory + page * PAGE, PAGE, both,
					     iova) == 0,
		      "map_at");
}

/* Two mappings of the guest, and between them one of the owner. */
static void arrange_maps(struct world *w)
{
	arrange_space(w);
	map(w, GUEST, 5);
	map(w, GUEST + 2 * PAGE, 6);
}

static void arrange_attached(struct world *w)
{
	arrange_device(w);
	map(w, GUEST, 5);
	world_require(libiommufd_device_attach(w->guest, w->guest_space) == 0, "attach");
}

static void arrange_group_bound(struct world *w)
{
	arrange_group(w);
	world_require(libiommufd_device_bind(w->guest, NULL) == 0, "bind");
	world_require(libiommufd_device_attach(w->guest, w->guest_space) == 0, "attach");
}

/* ---- Acts ---- */

static int act_open_space(struct world *w)
{
	return open_space(w, 0);
}

static int act_open_space_again(struct world *w)
{
	struct libiommufd_ioas *first = w->guest_space;

	int r = open_space(w, 0);
	w->guest_space = first;
	return r;
}

static int act_open_other_space(struct world *w)
{
	return open_space(w, 1);
}

static int act_create(struct world *w)
{
	struct libiommufd_ioas *ioas = POISON;

	int r = libiommufd_ioas_create(w->guest_ctx, NULL, &ioas);
	flow_untouched(r, ioas == POISON);
	return r;
}

static int act_open_address(struct world *w)
{
	struct libiommufd_device *dev = POISON;

	int r = libiommufd_device_open(w->guest_ctx, FAKE_DEV1, NULL, &dev);
	flow_untouched(r, dev == POISON);
	return r;
}

static int act_open_group(struct world *w)
{
	return open_group(w, FAKE_DEV1);
}

static int act_bind(struct world *w)
{
	return libiommufd_device_bind(w->guest, NULL);
}

static int act_attach(struct world *w)
{
	return libiommufd_device_attach(w->guest, w->guest_space);
}

static int act_detach(struct world *w)
{
	return libiommufd_device_detach(w->guest);
}

static int act_close(struct world *w)
{
	int r = libiommufd_device_close(w->guest, 0);
	if (r == 0)
		w->guest = NULL;
	return r;
}

static int map_at(struct world *w, uint64_t iova)
{
	return libiommufd_ioas_map_at(w->guest_space, w->memory + 7 * PAGE, PAGE, both, iova);
}

static int act_map_at(struct world *w)
{
	return map_at(w, GUEST + 3 * PAGE);
}

/* Only the kernel knows that the owner has something there. */
static int act_map_at_owners(struct world *w)
{
	return map_at(w, GUEST + PAGE);
}

static int act_map(struct world *w)
{
	uint64_t iova = 0x5a;

	int r = libiommufd_ioas_map(w->guest_space, w->memory + 7 * PAGE, PAGE, both, &iova);
	flow_untouched(r, iova == 0x5a);
	return r;
}

static int act_copy_at(struct world *w)
{
	return libiommufd_ioas_copy_at(w->guest_space, w->guest_space, GUEST, PAGE, both,
				       GUEST + 4 * PAGE);
}

/* Is that page of memory mapped there for the device? NULL: nothing is. */
static void expect_dma(struct world *w, uint64_t iova, const void *va)
{
	world_require(fake_dma(w->fake, FAKE_DEV0, iova, true).va == va,
		      "leaving what is not to be unmapped");
}

static int unmapped(struct world *w, int r)
{
	expect_dma(w, PROBE, w->memory);
	expect_dma(w, GUEST + PAGE, w->memory + 4 * PAGE);
	if (r == 0) {
		expect_dma(w, GUEST, NULL);
		expect_dma(w, GUEST + 2 * PAGE, NULL);
	}
	return r;
}

static int act_unmap(struct world *w)
{
	return unmapped(w, libiommufd_ioas_unmap(w->guest_space, GUEST, 3 * PAGE, NULL));
}

static int act_unmap_owners(struct world *w)
{
	return libiommufd_ioas_unmap(w->guest_space, GUEST + PAGE, PAGE, NULL);
}

static int act_unmap_all(struct world *w)
{
	return unmapped(w, libiommufd_ioas_unmap_all(w->guest_space, NULL));
}

static int act_destroy(struct world *w)
{
	int r = libiommufd_ioas_destroy(w->guest_space);
	expect_dma(w, GUEST, w->memory + 5 * PAGE);
	if (r == 0)
		w->guest_space = NULL;
	return r;
}

/* clang-format off */
const struct flow flows_of_guests[] = {
	{"ctx_passed", "ctx_open_fd", ON_TYPE1, .arrange = arrange_owner, .act = open_ctx},
	{"passed_open_id", "ioas_open_id", ON_TYPE1, .arrange = arrange_ctx, .act = act_open_space},
	{"passed_open_id_again", "ioas_open_id", ON_TYPE1, -EBUSY, .arrange = arrange_space, .act = act_open_space_again},
	{"passed_open_id_other", "ioas_open_id", ON_TYPE1, -ENOENT, .arrange = arrange_ctx, .act = act_open_other_space},
	{"passed_create", "ioas_create", ON_TYPE1, -EOPNOTSUPP, .arrange = arrange_ctx, .act = act_create},
	{"passed_named", "open", ON_TYPE1, -EOPNOTSUPP, .arrange = arrange_ctx, .act = act_open_address},
	{"passed_open_fd", "open_fd", ON_TYPE1, .arrange = arrange_ctx, .act = open_device},
	{"passed_open_group_fd", "open_group_fd", ON_TYPE1, .arrange = arrange_ctx, .act = act_open_group},
	{"passed_bind", "bind", ON_TYPE1, .arrange = arrange_group, .act = act_bind},
	{"passed_bind_another", "bind", ON_TYPE1, -ENODEV, .arrange = arrange_group_of_another, .act = act_bind},
	{"passed_bind_bound", "bind", ON_TYPE1, -EINVAL, .arrange = arrange_device, .act = act_bind},
	{"passed_attach", "attach", ON_TYPE1, .arrange = arrange_device, .act = act_attach},
	{"passed_detach", "detach", ON_TYPE1, -EOPNOTSUPP, .arrange = arrange_attached, .act = act_detach},
	{"passed_detach_bound", "detach", ON_TYPE1, .arrange = arrange_device, .act = act_detach},
	{"passed_close", "close", ON_TYPE1, .arrange = arrange_attached, .act = act_close},
	{"passed_close_group", "close", ON_TYPE1, .arrange = arrange_group_bound, .act = act_close},
	{"passed_map_at", "map_at", ON_TYPE1, .arrange = arrange_maps, .act = act_map_at},
	{"passed_map_at_owners", "map_at", ON_TYPE1, -EEXIST, .arrange = arrange_maps, .act = act_map_at_owners},
	{"passed_map", "map", ON_TYPE1, -EOPNOTSUPP, .arrange = arrange_maps, .act = act_map},
	{"passed_copy_at", "copy_at", ON_TYPE1, .arrange = arrange_maps, .act = act_copy_at},
	{"passed_unmap", "unmap", ON_TYPE1, .arrange = arrange_maps, .act = act_unmap},
	{"passed_unmap_owners", "unmap", ON_TYPE1, -ENOENT, .arrange = arrange_maps, .act = act_unmap_owners},
	{"passed_unmap_all", "unmap_all", ON_TYPE1, .arrange = arrange_maps, .act = act_unmap_all},
	{"passed_destroy", "ioas_destroy", ON_TYPE1, .arrange = arrange_maps, .act = act_destroy},
	{"passed_destroy_attached", "ioas_destroy", ON_TYPE1, -EBUSY, .arrange = arrange_attached, .act = act_destroy},
	{0},
};
/* clang-format on */
