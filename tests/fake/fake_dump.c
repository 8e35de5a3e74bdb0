/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the view from outside: what is there, as text and in numbers, and what a device's DMA reaches. */
#include "fake_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What a group's DMA is translated by. */
static struct fake_area *areas_of(const struct fake_group *group)
{
	if (group->hwpt)
		return group->hwpt->ioas->areas;
	return group->container && group->container->has_iommu ? group->container->areas : NULL;
}

/* Where an address of an area lies in the process. */
static void *memory_of(const struct fake_area *area, uint64_t iova)
{
	uint64_t va = area->start + (iova - area->first);

	return (void *)(uintptr_t)(area->pages ? area->pages->va + va : va);
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
		const struct fake_area *area = fake_area_find(areas_of(group), iova, iova);
		if (area && area->access & need) {
			dma.reach = FAKE_REACHES;
			dma.va = memory_of(area, iova);
		}
	}
	pthread_mutex_unlock(&fake->lock);
	return dma;
}

unsigned fake_mappings(struct fake *fake, const char *address, struct fake_mapping *to,
		       unsigned room)
{
	unsigned n = 0;

	pthread_mutex_lock(&fake->lock);
	for (const struct fake_area *a = areas_of(fake_device_at(fake, address)->group); a;
	     a = a->next, n++)
		if (n < room)
			to[n] = (struct fake_mapping){a->first, a->last, a->access,
						      memory_of(a, a->first)};
	pthread_mutex_unlock(&fake->lock);
	return n;
}

uint64_t fake_groups_with(struct fake *fake, const char *address)
{
	uint64_t groups = 0;

	pthread_mutex_lock(&fake->lock);
	const struct fake_group *group = fake_device_at(fake, address)->group;
	for (const struct fake_group *g = group->container ? group->container->groups : NULL; g;
	     g = g->next_in_container)
		groups |= 1ULL << g->number;
	pthread_mutex_unlock(&fake->lock);
	return groups;
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

static void dump_file(FILE *out, const struct fake_file *file)
{
	static const char *const kinds[] = {"text",  "memory",    "iommufd", "cdev",
					    "group", "container", "device",  "event"};

	fprintf(out, "file %s", kinds[file->kind]);
	if (file->kind == FILE_GROUP)
		fprintf(out, " %d", file->group->number);
	if (file->device)
		fprintf(out, " %s", file->device->config->address);
	fprintf(out, " refs %u\n", file->refs);
}

/* By its groups, of which each is in one. */
static void dump_container(FILE *out, const struct fake *fake,
			   const struct fake_container *container)
{
	unsigned fds = 0;

	for (int i = 0; i < FAKE_FDS; i++)
		fds += fake->fds[i] && fake->fds[i]->container == container;
	fprintf(out, "container groups");
	for (unsigned i = 0; i < fake->group_count; i++)
		if (fake->groups[i].container == container)
			fprintf(out, " %d", fake->groups[i].number);
	fprintf(out, " fds %u refs %u%s\n", fds, container->refs,
		container->has_iommu ? " iommu" : "");
	dump_areas(out, container->areas);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What files and containers there are, in the order of their texts. */
static void dump_sorted(FILE *out, const struct fake *fake)
{
	char *texts[2 * FAKE_FDS];
	size_t n = 0, size;

	for (int i = 0; i < FAKE_FDS; i++) {
		if (!fake->fds[i] || fake->fds[i]->kind == FILE_CONTAINER)
			continue;
		FILE *text = open_memstream(&texts[n++], &size);
		dump_file(text, fake->fds[i]);
		fclose(text);
	}
	for (const struct fake_container *c = fake->containers; c && n < 2 * FAKE_FDS;
	     c = c->next) {
		FILE *text = open_memstream(&texts[n++], &size);
		dump_container(text, fake, c);
		fclose(text);
	}
	qsort(texts, n, sizeof(*texts), by_text);
	for (size_t i = 0; i < n; i++) {
		fputs(texts[i], out);
		free(texts[i]);
	}
}

char *fake_dump(struct fake *fake)
{
	size_t size, own = 0, bytes = 0;
	char *text;

	pthread_mutex_lock(&fake->lock);
	FILE *out = open_memstream(&text, &size);
	if (!out)
		abort();
	dump_sorted(out, fake);
	for (const struct fake_iommufd *f = fake->iommufds; f; f = f->next) {
		fprintf(out, "iommufd refs %u%s\n", f->refs, f->rlimit_process ? " process" : "");
		for (const struct fake_object *o = f->objects; o; o = o->next)
			dump_object(out, o);
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
