/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prints the table of states: one line for each call in each starting state, with the result and where
 * everything is then. On the fake and on the real kernel the lines are to be the same.
 *
 *   states fake | states real DEV0 DEV1      the backend by LIBIOMMUFD_BACKEND
 *
 * DEV0 and DEV1 are two QEMU edu functions of one group, on vfio-pci.
 */
#include "states.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctx.h"

void must(bool ok, const char *what)
{
	if (ok)
		return;
	printf("%s failed: %s\n", what, libiommufd_last_error()->text);
	exit(2);
}

void say(struct scene *scene, const char *format, ...)
{
	size_t used = strlen(scene->out);
	va_list args;

	va_start(args, format);
	vsnprintf(scene->out + used, sizeof(scene->out) - used, format, args);
	va_end(args);
}

/* ---- DMA ---- */

enum {
	EDU_SOURCE = 0x80,
	EDU_TARGET = 0x88,
	EDU_COUNT = 0x90,
	EDU_COMMAND = 0x98
};

static void edu_set(struct libiommufd_region *bar, uint64_t at, uint32_t value)
{
	must(libiommufd_region_write(bar, at, &value, sizeof(value)) == 0, "region_write");
}

/* Let the device write zeros, which its buffer holds, to the probe. */
static void edu_write(struct libiommufd_device *dev)
{
	struct libiommufd_region *bar;
	uint32_t command;

	must(libiommufd_device_query_region(dev, 0, &bar) == 0, "query_region");
	must(libiommufd_device_config_write16(dev, 4, 6) == 0, "config_write");
	edu_set(bar, EDU_SOURCE, 0x40000);
	edu_set(bar, EDU_TARGET, PROBE);
	edu_set(bar, EDU_COUNT, 8);
	edu_set(bar, EDU_COMMAND, 3);
	do
		must(libiommufd_region_read(bar, EDU_COMMAND, &command, sizeof(command)) == 0,
		     "region_read");
	while (command & 1);
}

const char *dma_goes(struct scene *s, int which)
{
	static const char *const names[] = {"X", "Y", "foreign"};
	struct libiommufd_device *dev = which ? s->dev1 : s->dev0;
	const char *goes = "nothing";

	if (!dev || libiommufd_device_get_state(dev) == LIBIOMMUFD_DEVICE_OPENED)
		return "-";
	if (s->fake) {
		struct fake_dma dma = fake_dma(s->fake, s->names[which], PROBE, true);
		if (dma.reach == FAKE_REACHES)
			memset(dma.va, 0, 8);
	} else {
		edu_write(dev);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!s->memory[i * PAGE])
			goes = names[i];
		s->memory[i * PAGE] = -1;
	}
	return goes;
}

/* ---- Scenes ---- */

static const struct fake_config lab = {
	.devices =
		{
			{FAKE_DEV0, 3, "vfio-pci", {1 << 20}, -1, 0x1234, 0x11e8, 1, 0, true, 0},
			{FAKE_DEV1, 3, "vfio-pci", {1 << 20}, -1, 0x1234, 0x11e8, 1, 0, true, 0},
		},
	.device_count = 2,
};

static struct libiommufd_ioas *new_space(struct scene *s, struct libiommufd_ctx *ctx, int page)
{
	struct libiommufd_ioas *ioas;

	must(libiommufd_ioas_create(ctx, NULL, &ioas) == 0, "ioas_create");
	must(libiommufd_ioas_map_at(ioas, s->memory + page * PAGE, PAGE,
				    LIBIOMMUFD_READ | LIBIOMMUFD_WRITE, PROBE) == 0,
	     "map_at");
	s->memory[page * PAGE] = -1;
	return ioas;
}

static void set_up(struct scene *s)
{
	if (s->on_fake) {
		s->fake = fake_new(&lab);
		s->sys = fake_sys(s->fake);
		s->file = fake_file(s->fake, 4 * PAGE, true, 2);
		s->event = fake_event(s->fake);
	} else {
		s->sys = &sys_kernel;
		s->file = memfd_create("states", MFD_CLOEXEC);
		must(s->file >= 0 && ftruncate(s->file, 4 * PAGE) == 0, "memfd_create");
		s->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		must(s->event >= 0, "eventfd");
	}
	must(ctx_open(s->sys, NULL, &s->ctx) == 0, "ctx_open");
	must(ctx_open(s->sys, NULL, &s->other) == 0, "ctx_open");
	s->x = new_space(s, s->ctx, 0);
	s->y = new_space(s, s->ctx, 1);
	s->foreign = new_space(s, s->other, 2);
	must(libiommufd_device_open(s->ctx, s->names[0], NULL, &s->dev0) == 0, "open");
}

static void tear_down(struct scene *s)
{
	const uint32_t force = LIBIOMMUFD_CLOSE_FORCE;

	must(libiommufd_device_close(s->dev0, force) == 0, "close");
	must(libiommufd_device_close(s->dev1, force) == 0, "close");
	must(libiommufd_device_close(s->twin, force) == 0, "close");
	must(libiommufd_ioas_destroy(s->x) == 0, "ioas_destroy");
	must(libiommufd_ioas_destroy(s->y) == 0, "ioas_destroy");
	must(libiommufd_ioas_destroy(s->foreign) == 0, "ioas_destroy");
	libiommufd_ctx_unref(s->ctx);
	libiommufd_ctx_unref(s->other);
	s->sys->close(s->sys, s->file);
	s->sys->close(s->sys, s->event);
	if (s->fake) {
		struct fake_counts counts = fake_counts(s->fake);
		must(!counts.fds && !counts.objects && !counts.containers && !counts.own_maps,
		     "leaving nothing behind");
		fake_free(s->fake);
	}
}

/* ---- Lines ---- */

static void print_device(const struct scene *s, const char *name, struct libiommufd_device *dev)
{
	static const char *const states[] = {"?", "opened", "bound", "attached"};
	static const char *const reaches[] = {"?", "nothing", "?", "id", "kernel"};
	struct libiommufd_ioas *ioas = NULL;
	enum libiommufd_reach reach = LIBIOMMUFD_REACH_UNKNOWN;

	if (!dev) {
		printf(" %s -", name);
		return;
	}
	must(libiommufd_device_query_reach(dev, &reach, &ioas) == 0, "query_reach");
	const char *where = !ioas                ? reaches[reach]
			    : ioas == s->x       ? "X"
			    : ioas == s->y       ? "Y"
			    : ioas == s->foreign ? "foreign"
						 : "gone";
	printf(" %s %s>%s", name, states[libiommufd_device_get_state(dev)], where);
}

static uint64_t drain(struct libiommufd_ioas *ioas)
{
	uint64_t bytes = 0;

	if (ioas)
		must(libiommufd_ioas_unmap_all(ioas, &bytes) == 0, "unmap_all");
	return bytes;
}

enum line {
	WITH_DMA = 1,
	WITH_MEMORY = 2
};

static void line(const struct scene *start, const char *kind, const struct state *state,
		 const struct call *call, unsigned flags)
{
	struct scene s = *start;

	set_up(&s);
	if (state)
		state->arrange(&s);
	s.out[0] = '\0';
	int r = call->call(&s);
	printf("%s %s %s: %s", kind, state ? state->name : "any", call->name,
	       r < 0 ? strerrorname_np(-r) : "0");
	if (r < 0)
		printf(" %s", libiommufd_reason_name(libiommufd_last_error()->reason));
	if (s.out[0])
		printf(" [%s]", s.out);
	printf(" |");
	print_device(&s, "dev0", s.dev0);
	print_device(&s, "dev1", s.dev1);
	if (flags & WITH_DMA) {
		printf(" | dma %s", dma_goes(&s, 0));
		printf(" %s", dma_goes(&s, 1));
	}
	if (flags & WITH_MEMORY) {
		printf(" | x %" PRIu64, drain(s.x));
		printf(" y %" PRIu64, drain(s.y));
	}
	putchar('\n');
	fflush(stdout);
	tear_down(&s);
}

static void table(const struct scene *start, const char *kind, const struct state *states,
		  const struct call *calls, unsigned flags)
{
	for (const struct state *state = states; state->name; state++)
		for (const struct call *call = calls; call->name; call++)
			line(start, kind, state, call, flags);
}

int main(int argc, char **argv)
{
	struct scene start = {.names = {FAKE_DEV0, FAKE_DEV1}};
	char *space;

	start.on_fake = argc == 2 && !strcmp(argv[1], "fake");
	if (!start.on_fake && (argc != 4 || strcmp(argv[1], "real"))) {
		fprintf(stderr, "usage: states fake | states real DEV0 DEV1\n");
		return 2;
	}
	if (!start.on_fake) {
		start.names[0] = argv[2];
		start.names[1] = argv[3];
	}
	/* One place of memory for all, like a huge page, with nothing behind it. */
	space = mmap(NULL, 6 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must(space != MAP_FAILED, "mmap");
	start.memory = space + (-(uintptr_t)space & ((2 << 20) - 1));
	must(mprotect(start.memory, PAGES * PAGE, PROT_READ | PROT_WRITE) == 0, "mprotect");
	must(munmap(start.memory + PAGES * PAGE, PAGE) == 0, "munmap");

	table(&start, "device", device_states, device_calls, WITH_DMA);
	table(&start, "query", device_states, query_calls, 0);
	table(&start, "map", space_states, map_calls, WITH_MEMORY);
	table(&start, "space", space_states, space_calls, WITH_MEMORY);
	table(&start, "feature", feature_states, feature_calls, 0);
	for (const struct call *call = null_calls; call->name; call++)
		line(&start, "null", NULL, call, 0);
	return 0;
}
