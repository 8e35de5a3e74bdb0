/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the flows of contexts and devices: open, bind, attach, detach, close. */
#include "flows.h"

#include <errno.h>
#include <stdio.h>

#include "ctx.h"

/* ---- Contexts ---- */

static void nothing(struct world *w)
{
	(void)w;
}

static int open_ctx(struct world *w, uint32_t flags)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
					   .flags = flags,
					   .backend = w->backend};
	struct libiommufd_ctx *ctx = POISON;

	int r = ctx_open(fake_sys(w->fake), &opts, &ctx);
	flow_untouched(r, ctx == POISON);
	if (r == 0) {
		w->ctx = ctx;
		snprintf(w->out, sizeof(w->out), "%d %s", libiommufd_ctx_get_backend(ctx),
			 libiommufd_ctx_get_backend_why(ctx));
	}
	return r;
}

static int act_ctx_open(struct world *w)
{
	return open_ctx(w, 0);
}

static int act_ctx_process(struct world *w)
{
	return open_ctx(w, LIBIOMMUFD_CTX_RLIMIT_PROCESS);
}

static void one_device(struct fake_config *config)
{
	config->device_count = 1;
}

static void no_cdev(struct fake_config *config)
{
	config->no_cdev = true;
}

static void no_kernel(struct fake_config *config)
{
	config->no_iommufd = true;
	config->no_container = true;
}

static void arrange_iommu_file(struct world *w)
{
	w->file = fake_sys(w->fake)->open(fake_sys(w->fake), "/dev/iommu", 2);
}

static int open_ctx_fd(struct world *w, uint32_t flags)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts), .flags = flags};
	struct libiommufd_ctx *ctx = POISON;

	int r = ctx_open_fd(fake_sys(w->fake), w->file, &opts, &ctx);
	flow_untouched(r, ctx == POISON);
	if (r == 0)
		w->ctx = ctx;
	return r;
}

static int act_ctx_open_fd(struct world *w)
{
	return open_ctx_fd(w, 0);
}

static int act_ctx_open_fd_process(struct world *w)
{
	return open_ctx_fd(w, LIBIOMMUFD_CTX_RLIMIT_PROCESS);
}

static int act_has(struct world *w)
{
	return libiommufd_ctx_has(w->ctx, LIBIOMMUFD_FEATURE_COPY);
}

/* ---- Open ---- */

static int open_named(struct world *w, const char *name)
{
	struct libiommufd_device *dev = POISON;

	int r = libiommufd_device_open(w->ctx, name, NULL, &dev);
	flow_untouched(r, dev == POISON);
	if (r == 0) {
		w->devices[DEV0] = dev;
		snprintf(w->out, sizeof(w->out), "%s", libiommufd_device_get_name(dev));
	}
	return r;
}

static int act_open(struct world *w)
{
	return open_named(w, "00:07.0");
}

static int act_open_sysfs(struct world *w)
{
	return open_named(w, "/sys/devices/pci0000:00/0000:00:07.0");
}

static int act_open_node(struct world *w)
{
	return open_named(w, "/dev/vfio/devices/vfio0");
}

static int act_open_host(struct world *w)
{
	return open_named(w, FAKE_HOST);
}

static int act_open_none(struct world *w)
{
	return open_named(w, "0000:00:1f.7");
}

static int act_facts(struct world *w)
{
	struct libiommufd_facts *facts = POISON;

	int r = libiommufd_ctx_query_facts(w->ctx, FAKE_MIXED, &facts);
	flow_untouched(r, facts == POISON);
	if (r == 0) {
		w->facts = facts;
		const char *driver = libiommufd_facts_get_driver(facts);
		const char *iommu = libiommufd_facts_get_iommu(facts);
		const char *of_0 = libiommufd_facts_get_member_driver(facts, 0);
		const char *of_1 = libiommufd_facts_get_member_driver(facts, 1);
		snprintf(w->out, sizeof(w->out), "%s %d %d %s %s %s %s", driver ? driver : "?",
			 libiommufd_facts_get_group(facts),
			 libiommufd_facts_get_member_count(facts), of_0 ? of_0 : "?",
			 of_1 ? of_1 : "?", libiommufd_facts_get_node(facts), iommu ? iommu : "?");
	}
	return r;
}

/* ---- Bind ---- */

static void arrange_opened(struct world *w)
{
	world_ctx(w);
	world_open(w, DEV0);
}

static void arrange_opened_and_space(struct world *w)
{
	arrange_opened(w);
	world_space(w, X);
}

static void arrange_peer_bound(struct world *w)
{
	arrange_opened(w);
	world_bind(w, DEV1);
}

static void arrange_peer_attached(struct world *w)
{
	arrange_opened_and_space(w);
	world_attach(w, DEV1, X);
}

static int act_bind(struct world *w)
{
	return libiommufd_device_bind(w->devices[DEV0], NULL);
}

static int act_bind_hint(struct world *w)
{
	struct libiommufd_bind_opts opts = {.size = sizeof(opts), .ioas = w->spaces[X]};
	return libiommufd_device_bind(w->devices[DEV0], &opts);
}

static void host_driver(struct fake_config *config)
{
	config->devices[DEV1].driver = "e1000e";
}

static void no_remapping(struct fake_config *config)
{
	config->no_remapping = true;
}

/* ---- Attach ---- */

static void arrange_bound(struct world *w)
{
	world_ctx(w);
	world_space(w, X);
	world_space(w, Y);
	world_map(w, X, 0x200000, 4, 2);
	world_map(w, Y, 0x300000, 8, 1);
	world_bind(w, DEV0);
}

static void arrange_attached(struct world *w)
{
	arrange_bound(w);
	world_attach(w, DEV0, X);
}

static void arrange_both_attached(struct world *w)
{
	arrange_attached(w);
	world_attach(w, DEV1, X);
}

static void arrange_peer_only(struct world *w)
{
	arrange_bound(w);
	world_attach(w, DEV1, X);
}

static void arrange_second_group(struct world *w)
{
	arrange_bound(w);
	world_attach(w, ALONE, X);
}

/* Each in a container of its own, on type1. */
static void arrange_both_groups(struct world *w)
{
	arrange_attached(w);
	world_bind_with(w, ALONE, -1, LIBIOMMUFD_BIND_PRIVATE);
	world_attach(w, ALONE, X);
}

static int act_attach(struct world *w)
{
	return libiommufd_device_attach(w->devices[DEV0], w->spaces[X]);
}

static int act_attach_elsewhere(struct world *w)
{
	return libiommufd_device_attach(w->devices[DEV0], w->spaces[Y]);
}

static int act_attach_both_elsewhere(struct world *w)
{
	int r = libiommufd_device_attach(w->devices[DEV1], w->spaces[Y]);
	return r < 0 ? r : act_attach_elsewhere(w);
}

static int act_attach_id(struct world *w)
{
	return libiommufd_device_attach_id(w->devices[DEV0], libiommufd_ioas_get_id(w->spaces[X]));
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

/* clang-format off */
const struct flow flows_of_devices[] = {
	{"ctx_auto", "ctx_open", ON_AUTO, .arrange = nothing, .act = act_ctx_open},
	{"ctx_open", "ctx_open", ON_BOTH, .arrange = nothing, .act = act_ctx_open},
	{"ctx_auto_one_device", "ctx_open", ON_AUTO, .configure = one_device, .arrange = nothing, .act = act_ctx_open},
	{"ctx_auto_no_cdev", "ctx_open", ON_AUTO, .configure = no_cdev, .arrange = nothing, .act = act_ctx_open},
	{"ctx_auto_nothing", "ctx_open", ON_AUTO, -ENOENT, no_kernel, nothing, .act = act_ctx_open},
	{"ctx_open_nothing", "ctx_open", ON_BOTH, -ENOENT, no_kernel, nothing, .act = act_ctx_open},
	{"ctx_open_process", "ctx_open", ON_NATIVE, .arrange = nothing, .act = act_ctx_process},
	{"ctx_open_fd", "ctx_open_fd", ON_NATIVE, .arrange = arrange_iommu_file, .act = act_ctx_open_fd},
	{"ctx_open_fd_process", "ctx_open_fd", ON_NATIVE, .arrange = arrange_iommu_file, .act = act_ctx_open_fd_process},
	{"ctx_has", "ctx_has", ON_NATIVE, 1, .arrange = world_ctx, .act = act_has},
	{"open_address", "open", ON_BOTH, .arrange = world_ctx, .act = act_open},
	{"open_sysfs", "open", ON_BOTH, .arrange = world_ctx, .act = act_open_sysfs},
	{"open_node", "open", ON_BOTH, .arrange = world_ctx, .act = act_open_node},
	{"open_host", "open", ON_NATIVE, -ENODEV, .arrange = world_ctx, .act = act_open_host},
	{"open_none", "open", ON_BOTH, -ENODEV, .arrange = world_ctx, .act = act_open_none},
	{"facts", "query_facts", ON_BOTH, .arrange = world_ctx, .act = act_facts},
	{"bind", "bind", ON_BOTH, .arrange = arrange_opened, .act = act_bind},
	{"bind_hint", "bind", ON_BOTH, .arrange = arrange_opened_and_space, .act = act_bind_hint},
	{"bind_beside_bound", "bind", ON_BOTH, .arrange = arrange_peer_bound, .act = act_bind},
	{"bind_beside_attached", "bind", ON_BOTH, .arrange = arrange_peer_attached, .act = act_bind},
	{"bind_not_viable", "bind", ON_BOTH, -EPERM, host_driver, arrange_opened, .act = act_bind},
	{"bind_unsafe", "bind", ON_BOTH, -EPERM, no_remapping, arrange_opened, .act = act_bind},
	{"attach", "attach", ON_BOTH, .arrange = arrange_bound, .act = act_attach},
	{"attach_beside_attached", "attach", ON_BOTH, .arrange = arrange_peer_only, .act = act_attach},
	{"attach_beside_elsewhere", "attach", ON_BOTH, -EINVAL, NULL, arrange_peer_only, .act = act_attach_elsewhere},
	{"attach_second_group", "attach", ON_NATIVE, .arrange = arrange_second_group, .act = act_attach},
	{"attach_again", "attach", ON_BOTH, .arrange = arrange_attached, .act = act_attach},
	{"move", "attach", ON_BOTH, .arrange = arrange_attached, .act = act_attach_elsewhere},
	{"move_group", "attach", ON_BOTH, .arrange = arrange_both_attached, .act = act_attach_elsewhere, .recover = act_attach_both_elsewhere},
	{"move_from_second_group", "attach", ON_BOTH, .arrange = arrange_both_groups, .act = act_attach_elsewhere},
	{"attach_id", "attach_id", ON_NATIVE, .arrange = arrange_bound, .act = act_attach_id},
	{"detach", "detach", ON_BOTH, .arrange = arrange_attached, .act = act_detach},
	{"detach_from_second_group", "detach", ON_BOTH, .arrange = arrange_both_groups, .act = act_detach},
	{"detach_not_attached", "detach", ON_BOTH, .arrange = arrange_bound, .act = act_detach},
	{"detach_beside_attached", "detach", ON_BOTH, .arrange = arrange_both_attached, .act = act_detach},
	{"close_opened", "close", ON_BOTH, .arrange = arrange_opened, .act = act_close},
	{"close_bound", "close", ON_BOTH, .arrange = arrange_bound, .act = act_close},
	{"close_attached", "close", ON_BOTH, .arrange = arrange_attached, .act = act_close},
	{"close_beside_attached", "close", ON_BOTH, .arrange = arrange_both_attached, .act = act_close},
	{0},
};
/* clang-format on */
