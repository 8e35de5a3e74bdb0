/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the view from outside: what is there, as text and in numbers, and what a device's DMA reaches. */
#include "fake_internal.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct fake_area *translate(const struct fake_group *group, uint64_t iova)
{
	struct fake_area *areas = NULL;

	if (group->hwpt)
		areas = group->hwpt->ioas->areas;
	else if (group->container && group->container->has_iommu)
		areas = group->container->areas;
	return fake_area_find(areas, iova, iova);
}

struct fake_dma fake_dma(struct fake *fake, const char *address, uint64_t iova, bool write)
{
	struct fake_dma dma = {FAKE_BLOCKED, NULL};

	pthread_mutex_lock(&fake->lock);
	const struct fake_group *group = fake_device_at(fake, address)->group;
	/* Both interfaces give the bits of access the same meaning but not the same numbers. */
	uint32_t need = group && group->hwpt ? (write ? 2 : 4) : (write ? 2 : 1);
	if (!group || !group->owners) {
		dma.reach = FAKE_KERNEL;
	} else {
		const struct fake_area *area = translate(group, iova);
		if (area && area->access & need) {
			uint64_t va = area->start + (iova - area->first);
			dma.reach = FAKE_REACHES;
			dma.va = (void *)(uintptr_t)(area->pages ? area->pages->va + va : va);
		}
	}
	pthread_mutex_unlock(&fake->lock);
	return dma;
}

struct fake_counts fake_counts(struct fake *fake)
{
	struct fake_counts counts = {0};

	pthread_mutex_lock(&fake->lock);
	for (int i = 0; i < FAKE_FDS; i++)
		counts.fds += fake->fds[i] != NULL;
	for (const struct fake_iommufd *f = fake->iommufds; f; f = f->next) {
		for (const struct fake_object *o = f->objects; o; o = o->next) {
			counts.objects++;
			for (const struct fake_area *a = o->areas; a; a = a->next)
				counts.mappings++;
		}
	}
	for (const struct fake_container *c = fake->containers; c; c = c->next) {
		counts.containers++;
		counts.mappings += c->entries;
	}
	for (const struct fake_map *m = fake->maps; m; m = m->next) {
		counts.own_maps++;
		counts.own_bytes += m->length;
	}
	counts.pinned_bytes = fake->pinned;
	pthread_mutex_unlock(&fake->lock);
	return counts;
}

static void dump_areas(FILE *out, const struct fake_area *area)
{
	for (; area; area = area->next)
		/* Addresses of memory differ from run to run; offsets do not. */
		fprintf(out, "    %" PRIx64 "-%" PRIx64 " access %u at %" PRIx64 "%s\n",
			area->first, area->last, area->access, area->pages ? area->start : 0,
			area->pages && area->pages->pins ? " pinned" : "");
}

static void dump_spans(FILE *out, const char *what, const struct fake_span *span)
{
	for (; span; span = span->next)
		fprintf(out, "    %s %" PRIx64 "-%" PRIx64 "\n", what, span->first, span->last);
}

static void dump_object(FILE *out, const struct fake_object *o)
{
	static const char *const kinds[] = {"ioas", "hwpt", "device"};

	fprintf(out, "  %u %s users %u", o->id, kinds[o->kind], o->users);
	if (o->kind == OBJECT_HWPT)
		fprintf(out, " of %u", o->ioas->id);
	if (o->kind == OBJECT_DEVICE)
		fprintf(out, " %s%s", o->device->config->address,
			o->device->attached ? " attached" : "");
	if (o->kind == OBJECT_IOAS)
		fprintf(out, " alignment %" PRIu64 "%s", o->alignment,
			o->small_pages ? " small" : "");
	fputc('\n', out);
	dump_areas(out, o->areas);
	dump_spans(out, "allowed", o->allowed);
	dump_spans(out, "reserved", o->reserved);
}

/* An event by a number that it has in the process. */
static void dump_event(FILE *out, const struct fake *fake, const char *what,
		       const struct fake_file *event)
{
	int fd = 0;

	if (!event)
		return;
	while (fd < FAKE_FDS && fake->fds[fd] != event)
		fd++;
	fprintf(out, " %s event %d", what, fd < FAKE_FDS ? fd : -1);
}

/* What its user has set. */
static void dump_settings(FILE *out, const struct fake *fake, const struct fake_device *device)
{
	char what[64];

	if (!device->opens)
		return;
	fprintf(out, "    irq %d enabled %u%s%s resets %u", device->irq, device->enabled,
		device->masked ? " masked" : "", device->sleeps ? " sleeps" : "", device->resets);
	for (unsigned i = 0; i < FAKE_VECTORS; i++) {
		snprintf(what, sizeof(what), "vector %u", i);
		dump_event(out, fake, what, device->vectors[i]);
	}
	dump_event(out, fake, "unmask", device->unmask);
	dump_event(out, fake, "request", device->request);
	dump_event(out, fake, "wakeup", device->wakeup);
	for (unsigned i = 0; i < FAKE_WRITES; i++) {
		const struct fake_write *w = &device->writes[i];
		snprintf(what, sizeof(what), "write %u of %" PRIx64 " at %" PRIx64, w->width,
			 w->data, w->offset);
		dump_event(out, fake, what, w->event);
	}
	fputc('\n', out);
}

static void dump_group(FILE *out, const struct fake *fake, const struct fake_group *group)
{
	fprintf(out, "group %d owners %u cdevs %u users %u%s%s", group->number, group->owners,
		group->cdevs, group->users, group->opened ? " opened" : "",
		group->container ? " in a container" : "");
	if (group->hwpt)
		fprintf(out, " hwpt %u", group->hwpt->id);
	fputc('\n', out);
	for (unsigned i = 0; i < fake->config.device_count; i++) {
		const struct fake_device *device = &fake->devices[i];
		if (device->group != group)
			continue;
		fprintf(out, "  %s on %s opens %u command %u\n", device->config->address,
			device->driver, device->opens, device->opens ? device->space[4] : 0);
		dump_settings(out, fake, device);
	}
}

char *fake_dump(struct fake *fake)
{
	static const char *const kinds[] = {"text",  "memory",    "iommufd", "cdev",
					    "group", "container", "device",  "event"};
	size_t size, own = 0, bytes = 0;
	char *text;

	pthread_mutex_lock(&fake->lock);
	FILE *out = open_memstream(&text, &size);
	if (!out)
		abort();
	for (int i = 0; i < FAKE_FDS; i++)
		if (fake->fds[i])
			fprintf(out, "fd %d %s refs %u\n", i, kinds[fake->fds[i]->kind],
				fake->fds[i]->refs);
	for (const struct fake_iommufd *f = fake->iommufds; f; f = f->next) {
		fprintf(out, "iommufd refs %u%s\n", f->refs, f->rlimit_process ? " process" : "");
		for (const struct fake_object *o = f->objects; o; o = o->next)
			dump_object(out, o);
	}
	for (const struct fake_container *c = fake->containers; c; c = c->next) {
		fprintf(out, "container refs %u%s\n", c->refs, c->has_iommu ? " iommu" : "");
		dump_areas(out, c->areas);
	}
	for (unsigned i = 0; i < fake->group_count; i++)
		dump_group(out, fake, &fake->groups[i]);
	for (const struct fake_map *m = fake->maps; m; m = m->next, own++)
		bytes += m->length;
	fprintf(out, "own maps %zu bytes %zu\npinned %" PRIu64 "\n", own, bytes, fake->pinned);
	fclose(out);
	pthread_mutex_unlock(&fake->lock);
	return text;
}
