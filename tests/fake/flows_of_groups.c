/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the flows of groups that share a container on type1: how they get into it, what keeps them there,
 * and how they leave.
 */
#include "flows.h"

#include <errno.h>

/* ---- Starting states ---- */

static void arrange_spaces(struct world *w)
{
	world_ctx(w);
	world_space(w, X);
	world_space(w, Y);
	world_map(w, X, 0x200000, 4, 2);
	world_map(w, Y, 0x300000, 8, 1);
}

/* One group is attached to X; DEV0's is another one. */
static void arrange_opened(struct world *w)
{
	arrange_spaces(w);
	world_attach(w, ALONE, X);
	world_open(w, DEV0);
}

static void arrange_bound(struct world *w)
{
	arrange_spaces(w);
	world_attach(w, ALONE, X);
	world_bind(w, DEV0);
}

/* What X has is a container in which nothing is attached. */
static void arrange_idle(struct world *w)
{
	arrange_spaces(w);
	world_bind_with(w, ALONE, X, 0);
	world_bind(w, DEV0);
}

static void arrange_opened_idle(struct world *w)
{
	arrange_spaces(w);
	world_bind_with(w, ALONE, X, 0);
	world_open(w, DEV0);
}

static void arrange_opened_peer_bound(struct world *w)
{
	arrange_opened(w);
	world_bind(w, DEV1);
}

static void arrange_hinted(struct world *w)
{
	arrange_spaces(w);
	world_attach(w, ALONE, X);
	world_bind_with(w, DEV0, X, 0);
}

static void arrange_shared(struct world *w)
{
	arrange_bound(w);
	world_attach(w, DEV0, X);
}

static void arrange_three_shared(struct world *w)
{
	arrange_shared(w);
	world_attach(w, THIRD, X);
}

/* DEV0 is the last one attached. */
static void arrange_others_closed(struct world *w)
{
	arrange_shared(w);
	world_require(libiommufd_device_close(w->devices[ALONE], 0) == 0, "close");
	w->devices[ALONE] = NULL;
}

/* Its second device was bound before anything of the group was opened, and so is not opened either. */
static void arrange_shared_peer_bound(struct world *w)
{
	arrange_bound(w);
	world_bind(w, DEV1);
	world_attach(w, DEV0, X);
}

/* The group was taken into X's container by a device that is closed again. */
static void arrange_left_behind(struct world *w)
{
	arrange_shared_peer_bound(w);
	world_require(libiommufd_device_close(w->devices[DEV0], 0) == 0, "close");
	w->devices[DEV0] = NULL;
}

static void arrange_left_behind_opened(struct world *w)
{
	arrange_left_behind(w);
	world_open(w, DEV0);
}

static void arrange_left_behind_y_in_use(struct world *w)
{
	arrange_left_behind(w);
	world_attach(w, THIRD, Y);
}

/* And by now it is the only one in it. */
static void arrange_left_alone(struct world *w)
{
	arrange_left_behind(w);
	world_require(libiommufd_device_close(w->devices[ALONE], 0) == 0, "close");
	w->devices[ALONE] = NULL;
	world_attach(w, THIRD, Y);
}

/* DEV0's group could neither join nor go back. */
static void arrange_in_none(struct world *w)
{
	arrange_bound(w);
	fake_count_from_here(w->fake, false);
	fake_fail(w->fake, 2, -EIO, true);
	world_require(libiommufd_device_attach(w->devices[DEV0], w->spaces[X]) == -EIO &&
			      libiommufd_last_error()->reason == LIBIOMMUFD_REASON_RESTORE_FAILED,
		      "losing the container");
	fake_fail(w->fake, 0, 0, false);
}

static void arrange_peer_in_none(struct world *w)
{
	arrange_in_none(w);
	world_open(w, DEV1);
}

/* One in a container that it keeps for itself. */
static void arrange_opened_private(struct world *w)
{
	arrange_spaces(w);
	world_bind_with(w, ALONE, -1, LIBIOMMUFD_BIND_PRIVATE);
	world_attach(w, ALONE, X);
	world_open(w, DEV0);
}

static void arrange_private(struct world *w)
{
	arrange_spaces(w);
	world_bind_with(w, ALONE, -1, LIBIOMMUFD_BIND_PRIVATE);
	world_attach(w, ALONE, X);
	world_bind(w, DEV0);
}

static void arrange_private_attached(struct world *w)
{
	arrange_private(w);
	world_attach(w, DEV0, X);
	world_attach(w, THIRD, X);
}

static void old_kernel(struct fake_config *config)
{
	config->old_type1 = true;
}

/* ---- Acts ---- */

static int act_use(struct world *w)
{
	int fd = 0x5a;

	int r = libiommufd_device_query_fd(w->devices[DEV0], &fd);
	flow_untouched(r, fd == 0x5a);
	return r;
}

static int act_container_fd(struct world *w)
{
	int fd = 0x5a;

	int r = libiommufd_device_query_container_fd(w->devices[DEV0], &fd);
	flow_untouched(r, fd == 0x5a);
	return r;
}

static int bind_with(struct world *w, int device, uint32_t flags)
{
	struct libiommufd_bind_opts opts = {.size = sizeof(opts),
					    .flags = flags,
					    .ioas = w->spaces[X]};
	return libiommufd_device_bind(w->devices[device], &opts);
}

static int act_bind(struct world *w)
{
	return bind_with(w, DEV0, 0);
}

static int act_bind_private(struct world *w)
{
	return bind_with(w, DEV0, LIBIOMMUFD_BIND_PRIVATE);
}

static int act_bind_elsewhere(struct world *w)
{
	struct libiommufd_bind_opts opts = {.size = sizeof(opts), .ioas = w->spaces[Y]};
	return libiommufd_device_bind(w->devices[DEV0], &opts);
}

/* Where it is. */
static int act_bind_use(struct world *w)
{
	int r = libiommufd_device_bind(w->devices[DEV0], NULL);
	return r < 0 ? r : act_use(w);
}

static int act_bind_peer(struct world *w)
{
	return libiommufd_device_bind(w->devices[DEV1], NULL);
}

static int act_bind_peer_hint(struct world *w)
{
	return bind_with(w, DEV1, 0);
}

static int act_bind_peer_private(struct world *w)
{
	return bind_with(w, DEV1, LIBIOMMUFD_BIND_PRIVATE);
}

static int act_attach(struct world *w)
{
	return libiommufd_device_attach(w->devices[DEV0], w->spaces[X]);
}

/* A device that was used has to stay where it is. */
static int act_use_attach(struct world *w)
{
	world_use(w, DEV0);
	return act_attach(w);
}

/* What is left where the group has left its container for nothing: one of its own. */
static int rebind(struct world *w, int device, uint32_t flags)
{
	struct libiommufd_bind_opts opts = {.size = sizeof(opts), .flags = flags};

	world_require(libiommufd_device_close(w->devices[device], 0) == 0, "close");
	world_open(w, device);
	return libiommufd_device_bind(w->devices[device], &opts);
}

static int act_rebind(struct world *w)
{
	return rebind(w, DEV0, 0);
}

static int act_attach_peer_elsewhere(struct world *w)
{
	return libiommufd_device_attach(w->devices[DEV1], w->spaces[Y]);
}

static int act_rebind_attach_peer_elsewhere(struct world *w)
{
	int r = rebind(w, DEV1, LIBIOMMUFD_BIND_PRIVATE);
	return r < 0 ? r : act_attach_peer_elsewhere(w);
}

static int act_attach_peer(struct world *w)
{
	return libiommufd_device_attach(w->devices[DEV1], w->spaces[X]);
}

static int act_move(struct world *w)
{
	return libiommufd_device_attach(w->devices[DEV0], w->spaces[Y]);
}

static int act_move_private(struct world *w)
{
	return libiommufd_device_attach(w->devices[ALONE], w->spaces[Y]);
}

static int act_detach(struct world *w)
{
	return libiommufd_device_detach(w->devices[DEV0]);
}

static int act_detach_private(struct world *w)
{
	return libiommufd_device_detach(w->devices[ALONE]);
}

static int close_one(struct world *w, int device)
{
	int r = libiommufd_device_close(w->devices[device], 0);
	if (r == 0)
		w->devices[device] = NULL;
	return r;
}

static int act_close(struct world *w)
{
	return close_one(w, DEV0);
}

static int act_close_other(struct world *w)
{
	return close_one(w, ALONE);
}

/* clang-format off */
const struct flow flows_of_groups[] = {
	{"bind_new_container", "bind", ON_TYPE1, .arrange = arrange_opened, .act = act_bind_private},
	{"share_bind", "bind", ON_TYPE1, .arrange = arrange_opened, .act = act_bind, .fallback = act_bind_private},
	{"share_bind_idle", "bind", ON_TYPE1, .arrange = arrange_opened_idle, .act = act_bind, .fallback = act_bind_private},
	{"share_bind_peer", "bind", ON_TYPE1, .arrange = arrange_opened_peer_bound, .act = act_bind, .fallback = act_bind_private},
	{"share_attach", "attach", ON_TYPE1, .arrange = arrange_bound, .act = act_attach, .fallback = act_use_attach},
	{"share_attach_idle", "attach", ON_TYPE1, .arrange = arrange_idle, .act = act_attach, .fallback = act_use_attach},
	{"share_attach_hinted", "attach", ON_TYPE1, .arrange = arrange_hinted, .act = act_attach},
	{"share_attach_in_none", "attach", ON_TYPE1, .arrange = arrange_in_none, .act = act_attach, .fallback = act_use_attach, .halfway = act_rebind},
	{"attach_left_behind", "attach", ON_TYPE1, .arrange = arrange_left_behind, .act = act_attach_peer},
	{"attach_left_behind_elsewhere", "attach", ON_TYPE1, .arrange = arrange_left_behind, .act = act_attach_peer_elsewhere},
	{"share_attach_left_behind_other", "attach", ON_TYPE1, .arrange = arrange_left_behind_y_in_use, .act = act_attach_peer_elsewhere, .fallback = act_rebind_attach_peer_elsewhere},
	{"bind_left_behind_elsewhere", "bind", ON_TYPE1, .arrange = arrange_left_behind_opened, .act = act_bind_elsewhere, .fallback = act_bind_use},
	{"bind_left_behind_private", "bind", ON_TYPE1, .arrange = arrange_left_behind_opened, .act = act_bind_private},
	{"attach_left_alone", "attach", ON_TYPE1, .arrange = arrange_left_alone, .act = act_attach_peer},
	{"share_attach_left_alone", "attach", ON_TYPE1, .arrange = arrange_left_alone, .act = act_attach_peer_elsewhere, .fallback = act_rebind_attach_peer_elsewhere},
	{"attach_beside_private", "attach", ON_TYPE1, .arrange = arrange_private, .act = act_attach},
	{"bind_beside_private", "bind", ON_TYPE1, .arrange = arrange_opened_private, .act = act_bind},
	{"attach_peer_in_shared", "attach", ON_TYPE1, .arrange = arrange_shared_peer_bound, .act = act_attach_peer},
	{"move_private", "attach", ON_TYPE1, .arrange = arrange_private_attached, .act = act_move_private},
	{"move_last_of_shared", "attach", ON_TYPE1, .arrange = arrange_others_closed, .act = act_move},
	{"move_shared", "attach", ON_TYPE1, -EBUSY, .arrange = arrange_three_shared, .act = act_move},
	{"move_hinted", "attach", ON_TYPE1, -EBUSY, .arrange = arrange_hinted, .act = act_move},
	{"detach_private", "detach", ON_TYPE1, .arrange = arrange_private_attached, .act = act_detach_private},
	{"detach_last_of_shared", "detach", ON_TYPE1, .arrange = arrange_others_closed, .act = act_detach},
	{"detach_shared", "detach", ON_TYPE1, -EBUSY, .arrange = arrange_three_shared, .act = act_detach},
	{"close_shared", "close", ON_TYPE1, .arrange = arrange_three_shared, .act = act_close},
	{"close_first_of_shared", "close", ON_TYPE1, .arrange = arrange_shared, .act = act_close_other},
	{"close_hinted", "close", ON_TYPE1, .arrange = arrange_hinted, .act = act_close},
	{"close_private", "close", ON_TYPE1, .arrange = arrange_private_attached, .act = act_close_other},
	{"bind_in_none", "bind", ON_TYPE1, .arrange = arrange_peer_in_none, .act = act_bind_peer, .halfway = act_rebind},
	{"share_bind_in_none", "bind", ON_TYPE1, .arrange = arrange_peer_in_none, .act = act_bind_peer_hint, .fallback = act_bind_peer_private, .halfway = act_rebind},
	{"first_fd_in_none", "query_fd", ON_TYPE1, .arrange = arrange_in_none, .act = act_use, .halfway = act_rebind},
	{"first_container_fd_in_none", "query_container_fd", ON_TYPE1, .arrange = arrange_in_none, .act = act_container_fd, .halfway = act_rebind},
	{"bind_old_kernel", "bind", ON_TYPE1, .configure = old_kernel, .arrange = arrange_opened, .act = act_bind_private},
	{"share_bind_old_kernel", "bind", ON_TYPE1, .configure = old_kernel, .arrange = arrange_opened, .act = act_bind, .fallback = act_bind_private},
	{"close_in_none", "close", ON_TYPE1, .arrange = arrange_in_none, .act = act_close},
	{0},
};
/* clang-format on */
