/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns worlds: building them up, looking at them from both sides, and taking them down. */
#include "world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ctx.h"

void world_require(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s failed: %s\n", what, libiommufd_last_error()->text);
	abort();
}

const char *world_address(int device)
{
	static const char *const addresses[] = {FAKE_DEV0, FAKE_DEV1, FAKE_ALONE, FAKE_THIRD};
	return addresses[device];
}

void world_init(struct world *w, uint32_t backend, const struct fake_config *config)
{
	static char *memory;

	/* At one place for the whole program, aligned like a huge page, so that picks repeat. */
	if (!memory) {
		char *space = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		world_require(space != MAP_FAILED, "mmap");
		memory = space + (-(uintptr_t)space & ((2 << 20) - 1));
	}
	*w = (struct world){.backend = backend, .file = -1, .event = -1, .memory = memory};
	w->fake = fake_new(config);
}

static void take_note(void *data, uint32_t level, const char *text)
{
	struct world *w = data;

	if (level == LIBIOMMUFD_LOG_INFO)
		snprintf(w->note, sizeof(w->note), "%s", text);
}

void world_ctx(struct world *w)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
					   .backend = w->backend,
					   .log_level = LIBIOMMUFD_LOG_INFO,
					   .log = w->keep_log ? take_note : NULL,
					   .log_data = w};

	world_require(ctx_open(fake_sys(w->fake), &opts, &w->ctx) == 0, "ctx_open");
}

void world_map(struct world *w, int space, uint64_t iova, unsigned page, unsigned pages)
{
	const uint32_t both = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE;

	world_require(libiommufd_ioas_map_at(w->spaces[space], w->memory + page * PAGE,
					     pages * PAGE, both, iova) == 0,
		      "map_at");
}

void world_space(struct world *w, int space)
{
	world_require(libiommufd_ioas_create(w->ctx, NULL, &w->spaces[space]) == 0, "ioas_create");
	world_map(w, space, PROBE, (unsigned)space, 1);
}

void world_open(struct world *w, int device)
{
	world_require(libiommufd_device_open(w->ctx, world_address(device), NULL,
					     &w->devices[device]) == 0,
		      "open");
}

void world_bind_with(struct world *w, int device, int space, uint32_t flags)
{
	struct libiommufd_bind_opts opts = {
		.size = sizeof(opts),
		.flags = flags,
		.ioas = space < 0 ? NULL : w->spaces[space],
	};

	world_open(w, device);
	world_require(libiommufd_device_bind(w->devices[device], &opts) == 0, "bind");
}

void world_bind(struct world *w, int device)
{
	world_bind_with(w, device, -1, 0);
}

void world_use(struct world *w, int device)
{
	int fd;

	world_require(libiommufd_device_query_fd(w->devices[device], &fd) == 0, "query_fd");
}

void world_attach(struct world *w, int device, int space)
{
	if (!w->devices[device])
		world_bind(w, device);
	world_require(libiommufd_device_attach(w->devices[device], w->spaces[space]) == 0,
		      "attach");
}

bool world_fini(struct world *w)
{
	struct fake_config config = *fake_config(w->fake);

	fake_fail(w->fake, 0, 0, false);
	world_require(libiommufd_device_close(w->guest, 0) == 0, "close of the guest");
	world_require(libiommufd_ioas_destroy(w->guest_space) == 0, "ioas_destroy of the guest");
	libiommufd_ctx_unref(w->guest_ctx);
	for (int i = 0; i < DEVICES; i++)
		world_require(libiommufd_device_close(w->devices[i], LIBIOMMUFD_CLOSE_FORCE) == 0,
			      "close");
	for (int i = 0; i < SPACES; i++)
		world_require(libiommufd_ioas_destroy(w->spaces[i]) == 0, "ioas_destroy");
	libiommufd_facts_free(w->facts);
	libiommufd_ranges_free(w->ranges);
	libiommufd_hot_reset_free(w->reset);
	libiommufd_ctx_unref(w->ctx);
	const struct sys *sys = fake_sys(w->fake);
	if (w->file >= 0)
		sys->close(sys, w->file);
	if (w->event >= 0)
		sys->close(sys, w->event);

	struct fake *fresh = fake_new(&config);
	char *left = fake_dump(w->fake), *nothing = fake_dump(fresh);
	bool same = !strcmp(left, nothing);
	if (!same)
		fprintf(stderr, "left behind:\n%s", left);
	free(left);
	free(nothing);
	fake_free(fresh);
	fake_free(w->fake);
	return same;
}

/* ---- Looking ---- */

static int space_index(const struct world *w, const struct libiommufd_ioas *ioas)
{
	for (int i = 0; i < SPACES; i++)
		if (ioas && w->spaces[i] == ioas)
			return i;
	return -1;
}

static void observe_ranges(FILE *out, struct libiommufd_ioas *ioas)
{
	struct libiommufd_ranges *ranges;

	world_require(libiommufd_ioas_query_ranges(ioas, &ranges) == 0, "query_ranges");
	fprintf(out, " alignment %" PRIu64, libiommufd_ranges_get_alignment(ranges));
	for (size_t i = 0; i < libiommufd_ranges_get_count(ranges); i++)
		fprintf(out, " %" PRIx64 "-%" PRIx64, libiommufd_ranges_get(ranges, i).start,
			libiommufd_ranges_get(ranges, i).last);
	libiommufd_ranges_free(ranges);
}

static void observe_guest(FILE *out, struct world *w)
{
	struct libiommufd_ioas *ioas = NULL;
	enum libiommufd_reach reach;

	if (w->guest) {
		world_require(libiommufd_device_query_reach(w->guest, &reach, &ioas) == 0,
			      "query_reach");
		fprintf(out, "guest %s state %d reach %d%s\n", libiommufd_device_get_name(w->guest),
			libiommufd_device_get_state(w->guest), reach,
			ioas && ioas == w->guest_space ? " its space" : "");
	}
	if (w->guest_space) {
		fprintf(out, "guest's space");
		observe_ranges(out, w->guest_space);
		fputc('\n', out);
	}
}

char *world_observe(struct world *w)
{
	size_t size;
	char *text, *dump = fake_dump(w->fake);
	FILE *out = open_memstream(&text, &size);

	world_require(out, "open_memstream");
	fputs(dump, out);
	for (int i = 0; i < DEVICES; i++) {
		struct libiommufd_ioas *ioas = NULL;
		enum libiommufd_reach reach;
		bool private;
		if (!w->devices[i])
			continue;
		world_require(libiommufd_device_query_reach(w->devices[i], &reach, &ioas) == 0,
			      "query_reach");
		world_require(libiommufd_device_query_private(w->devices[i], &private) == 0,
			      "query_private");
		fprintf(out, "device %d %s id %u state %d reach %d space %d%s\n", i,
			libiommufd_device_get_name(w->devices[i]),
			libiommufd_device_get_id(w->devices[i]),
			libiommufd_device_get_state(w->devices[i]), reach, space_index(w, ioas),
			private ? " private" : "");
	}
	for (int i = 0; i < SPACES; i++) {
		if (!w->spaces[i])
			continue;
		fprintf(out, "space %d id %u", i, libiommufd_ioas_get_id(w->spaces[i]));
		observe_ranges(out, w->spaces[i]);
		fputc('\n', out);
	}
	observe_guest(out, w);
	fclose(out);
	free(dump);
	return text;
}

/* Of the containers that hold the mappings of a space, all but one hold them once more. */
static const char *wrong_about_pins(struct world *w, const struct libiommufd_ioas *space)
{
	uint64_t containers[DEVICES];
	unsigned n = 0, first = 0, c;
	bool more[DEVICES];

	for (int i = 0; i < DEVICES; i++) {
		struct libiommufd_ioas *ioas = NULL;
		enum libiommufd_reach reach;
		bool private;
		if (!w->devices[i] ||
		    libiommufd_device_get_state(w->devices[i]) != LIBIOMMUFD_DEVICE_ATTACHED)
			continue;
		libiommufd_device_query_reach(w->devices[i], &reach, &ioas);
		libiommufd_device_query_private(w->devices[i], &private);
		/* It may be the one that does not pin once more. */
		if (reach == LIBIOMMUFD_REACH_UNKNOWN)
			return NULL;
		if (ioas != space)
			continue;
		/* Natively there is no container, which is as good as one for all. */
		uint64_t groups = fake_groups_with(w->fake, world_address(i));
		for (c = 0; c < n && containers[c] != groups;)
			c++;
		if (c < n && more[c] != private)
			return "devices in one container disagree on what is pinned once more";
		if (c < n)
			continue;
		containers[n] = groups;
		more[n++] = private;
		first += !private;
	}
	return n && first != 1 ? "not just all containers but one pin once more" : NULL;
}

static const char *wrong_about_guest(struct world *w)
{
	enum libiommufd_reach reach = LIBIOMMUFD_REACH_UNKNOWN;
	struct libiommufd_ioas *ioas = NULL;

	if (w->guest)
		libiommufd_device_query_reach(w->guest, &reach, &ioas);
	if (reach != LIBIOMMUFD_REACH_UNKNOWN && reach != LIBIOMMUFD_REACH_IOAS)
		return "a guest knows what it cannot know";
	if (reach == LIBIOMMUFD_REACH_IOAS &&
	    (ioas != w->guest_space || !fake_groups_with(w->fake, FAKE_DEV0)))
		return "the guest is not where the library says";
	return NULL;
}

const char *world_contradiction(struct world *w)
{
	if (wrong_about_guest(w))
		return wrong_about_guest(w);
	for (int i = 0; i < SPACES; i++) {
		const char *wrong = w->spaces[i] ? wrong_about_pins(w, w->spaces[i]) : NULL;
		if (wrong)
			return wrong;
	}
	for (int i = 0; i < DEVICES; i++) {
		struct libiommufd_ioas *ioas = NULL;
		enum libiommufd_reach reach;
		if (!w->devices[i])
			continue;
		world_require(libiommufd_device_query_reach(w->devices[i], &reach, &ioas) == 0,
			      "query_reach");
		struct fake_dma dma = fake_dma(w->fake, world_address(i), PROBE, true);
		int space = space_index(w, ioas);
		switch (reach) {
		case LIBIOMMUFD_REACH_NOTHING:
			if (dma.reach != FAKE_BLOCKED)
				return "the library says blocked, and DMA goes through";
			break;
		case LIBIOMMUFD_REACH_KERNEL:
			if (dma.reach != FAKE_KERNEL)
				return "the library says the kernel's, and the group is taken";
			break;
		case LIBIOMMUFD_REACH_IOAS:
			/* The probe may have been unmapped; another space's must not show. */
			if (dma.reach == FAKE_KERNEL || space < 0 ||
			    (dma.reach == FAKE_REACHES && dma.va != w->memory + space * PAGE))
				return "DMA does not go where the library says";
			break;
		default:
			break;
		}
	}
	return NULL;
}
