/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the starting states of devices and the calls made in each of them. */
#include "states.h"

/* ---- Starting states ---- */

static void bind0(struct scene *s)
{
	must(libiommufd_device_bind(s->dev0, NULL) == 0, "bind dev0");
}

static void bind1(struct scene *s)
{
	must(libiommufd_device_open(s->ctx, s->names[1], NULL, &s->dev1) == 0, "open dev1");
	must(libiommufd_device_bind(s->dev1, NULL) == 0, "bind dev1");
}

static void attach(struct libiommufd_device *dev, struct libiommufd_ioas *ioas)
{
	must(libiommufd_device_attach(dev, ioas) == 0, "attach");
}

static void detach(struct libiommufd_device *dev)
{
	must(libiommufd_device_detach(dev) == 0, "detach");
}

static void opened(struct scene *s)
{
	(void)s;
}

static void attached(struct scene *s)
{
	bind0(s);
	attach(s->dev0, s->x);
}

static void detached(struct scene *s)
{
	attached(s);
	detach(s->dev0);
}

static void moved(struct scene *s)
{
	attached(s);
	attach(s->dev0, s->y);
}

static void peer_opened(struct scene *s)
{
	bind0(s);
	must(libiommufd_device_open(s->ctx, s->names[1], NULL, &s->dev1) == 0, "open dev1");
}

static void both_bound(struct scene *s)
{
	bind0(s);
	bind1(s);
}

static void peer_attached_opened(struct scene *s)
{
	bind1(s);
	attach(s->dev1, s->x);
}

static void peer_attached(struct scene *s)
{
	both_bound(s);
	attach(s->dev1, s->x);
}

static void both_attached(struct scene *s)
{
	peer_attached(s);
	attach(s->dev0, s->x);
}

static void both_attached_one_detached(struct scene *s)
{
	both_attached(s);
	detach(s->dev0);
}

static void both_attached_peer_detached(struct scene *s)
{
	both_attached(s);
	detach(s->dev1);
}

static void both_moved(struct scene *s)
{
	both_attached(s);
	attach(s->dev1, s->y);
}

static void close_peer(struct scene *s)
{
	must(libiommufd_device_close(s->dev1, 0) == 0, "close dev1");
	s->dev1 = NULL;
}

static void peer_closed(struct scene *s)
{
	both_attached(s);
	close_peer(s);
}

static void bound_attached_peer_closed(struct scene *s)
{
	peer_attached(s);
	close_peer(s);
}

static void mapped(struct scene *s)
{
	attached(s);
	must(libiommufd_device_query_region(s->dev0, 0, &s->bar) == 0, "query_region");
	must(libiommufd_region_map(s->bar, 0, PAGE, LIBIOMMUFD_READ, &s->bar_map) == 0,
	     "region_map");
}

static void twin_bound(struct scene *s)
{
	must(libiommufd_device_open(s->ctx, s->names[0], NULL, &s->twin) == 0, "open twin");
	must(libiommufd_device_bind(s->twin, NULL) == 0, "bind twin");
}

static void twin_attached(struct scene *s)
{
	twin_bound(s);
	attach(s->twin, s->x);
}

/* The other context has the group. */
static void other_bound(struct scene *s)
{
	must(libiommufd_device_open(s->other, s->names[1], NULL, &s->dev1) == 0, "open dev1");
	must(libiommufd_device_bind(s->dev1, NULL) == 0, "bind dev1");
}

static void other_attached(struct scene *s)
{
	other_bound(s);
	attach(s->dev1, s->foreign);
}

const struct state device_states[] = {
	{"opened", opened},
	{"bound", bind0},
	{"attached", attached},
	{"detached", detached},
	{"moved", moved},
	{"peer-opened", peer_opened},
	{"peer-bound", bind1},
	{"both-bound", both_bound},
	{"peer-attached-this-opened", peer_attached_opened},
	{"peer-attached", peer_attached},
	{"both-attached", both_attached},
	{"both-attached-this-detached", both_attached_one_detached},
	{"both-attached-peer-detached", both_attached_peer_detached},
	{"both-moved-by-peer", both_moved},
	{"both-attached-peer-closed", peer_closed},
	{"peer-attached-then-closed", bound_attached_peer_closed},
	{"region-mapped", mapped},
	{"second-file-bound", twin_bound},
	{"second-file-attached", twin_attached},
	{"other-ctx-bound", other_bound},
	{"other-ctx-attached", other_attached},
	{0},
};

/* ---- Calls ---- */

static int bind_with(struct scene *s, struct libiommufd_ioas *ioas)
{
	struct libiommufd_bind_opts opts = {.size = sizeof(opts), .ioas = ioas};
	return libiommufd_device_bind(s->dev0, &opts);
}

static int call_bind(struct scene *s)
{
	return libiommufd_device_bind(s->dev0, NULL);
}

static int call_bind_x(struct scene *s)
{
	return bind_with(s, s->x);
}

static int call_bind_foreign(struct scene *s)
{
	return bind_with(s, s->foreign);
}

static int call_bind_flags(struct scene *s)
{
	struct libiommufd_bind_opts opts = {.size = sizeof(opts), .flags = 1U << 31};
	return libiommufd_device_bind(s->dev0, &opts);
}

static int call_attach_x(struct scene *s)
{
	return libiommufd_device_attach(s->dev0, s->x);
}

static int call_attach_y(struct scene *s)
{
	return libiommufd_device_attach(s->dev0, s->y);
}

static int call_attach_foreign(struct scene *s)
{
	return libiommufd_device_attach(s->dev0, s->foreign);
}

static int call_attach_null(struct scene *s)
{
	return libiommufd_device_attach(s->dev0, NULL);
}

static int call_attach_id_x(struct scene *s)
{
	return libiommufd_device_attach_id(s->dev0, libiommufd_ioas_get_id(s->x));
}

static int call_attach_id_none(struct scene *s)
{
	return libiommufd_device_attach_id(s->dev0, 4711);
}

/* A device is an object too, but no page table. */
static int call_attach_id_self(struct scene *s)
{
	return libiommufd_device_attach_id(s->dev0, libiommufd_device_get_id(s->dev0));
}

static int call_detach(struct scene *s)
{
	return libiommufd_device_detach(s->dev0);
}

static int close_with(struct scene *s, uint32_t flags)
{
	int r = libiommufd_device_close(s->dev0, flags);
	if (r == 0)
		s->dev0 = NULL;
	return r;
}

static int call_close(struct scene *s)
{
	return close_with(s, 0);
}

static int call_close_force(struct scene *s)
{
	return close_with(s, LIBIOMMUFD_CLOSE_FORCE);
}

static int call_close_flags(struct scene *s)
{
	return close_with(s, 2);
}

static int call_destroy_x(struct scene *s)
{
	int r = libiommufd_ioas_destroy(s->x);
	if (r == 0)
		s->x = NULL;
	return r;
}

static int call_open_twin(struct scene *s)
{
	struct libiommufd_device *dev = NULL;
	int r = libiommufd_device_open(s->ctx, s->names[0], NULL, &dev);

	libiommufd_device_close(dev, 0);
	return r;
}

static int call_bind_twin(struct scene *s)
{
	struct libiommufd_device *dev = NULL;
	int r = libiommufd_device_open(s->ctx, s->names[0], NULL, &dev);

	if (r < 0)
		return r;
	r = libiommufd_device_bind(dev, NULL);
	libiommufd_device_close(dev, 0);
	return r;
}

static int call_bind_by_other(struct scene *s)
{
	struct libiommufd_device *dev = NULL;
	int r = libiommufd_device_open(s->other, s->names[1], NULL, &dev);

	if (r < 0)
		return r;
	r = libiommufd_device_bind(dev, NULL);
	libiommufd_device_close(dev, 0);
	return r;
}

const struct call device_calls[] = {
	{"bind", call_bind},
	{"bind-into-x", call_bind_x},
	{"bind-into-foreign", call_bind_foreign},
	{"bind-unknown-flag", call_bind_flags},
	{"attach-x", call_attach_x},
	{"attach-y", call_attach_y},
	{"attach-foreign", call_attach_foreign},
	{"attach-null", call_attach_null},
	{"attach-id-x", call_attach_id_x},
	{"attach-id-none", call_attach_id_none},
	{"attach-id-of-device", call_attach_id_self},
	{"detach", call_detach},
	{"close", call_close},
	{"close-force", call_close_force},
	{"close-unknown-flag", call_close_flags},
	{"destroy-x", call_destroy_x},
	{"open-again", call_open_twin},
	{"bind-again", call_bind_twin},
	{"bind-peer-by-other-ctx", call_bind_by_other},
	{0},
};
