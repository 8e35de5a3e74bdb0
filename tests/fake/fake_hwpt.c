/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns page tables, and which of them a group has: attach, move and detach of its devices. */
#include "fake_internal.h"

#include <stdlib.h>

unsigned fake_domains(const struct fake_object *ioas)
{
	unsigned domains = 0;

	for (struct fake_object *object = ioas->iommufd->objects; object; object = object->next)
		domains += object->kind == OBJECT_HWPT && object->ioas == ioas;
	return domains;
}

/* A page table goes: what was pinned for the last one is unpinned. */
void fake_hwpt_leave(struct fake *fake, struct fake_object *hwpt)
{
	struct fake_object *ioas = hwpt->ioas;

	hwpt->ioas = NULL;
	ioas->users--;
	fake_span_remove(&ioas->reserved, hwpt);
	if (fake_domains(ioas))
		return;
	ioas->alignment = ioas->small_pages ? FAKE_PAGE : 1;
	for (struct fake_area *area = ioas->areas; area; area = area->next)
		fake_unpin(fake, area->pages);
}

static int reserve(struct fake_object *ioas, uint64_t first, uint64_t last, const void *owner)
{
	if (fake_area_find(ioas->areas, first, last) || fake_span_hit(ioas->allowed, first, last))
		return -EADDRINUSE;
	fake_span_add(&ioas->reserved, first, last, owner);
	return 0;
}

/* The addresses this device cannot use. */
static int reserve_device(struct fake *fake, struct fake_object *ioas, struct fake_device *device)
{
	struct libiommufd_range range;
	int r = 0;

	for (unsigned i = 0; r == 0 && fake_reserved(fake, device, i, &range); i++)
		r = reserve(ioas, range.start, range.last, device);
	if (r < 0)
		fake_span_remove(&ioas->reserved, device);
	return r;
}

/* A page table for ioas, filled. */
static int new_hwpt(struct fake *fake, struct fake_object *ioas, struct fake_object **ret_hwpt)
{
	const struct fake_area *undo;
	struct fake_area *area;
	int r = 0;

	for (area = ioas->areas; area; area = area->next)
		if ((area->first | (area->last + 1) | area->start) % FAKE_PAGE)
			return -EADDRINUSE;
	struct fake_object *hwpt = fake_object_new(ioas->iommufd, OBJECT_HWPT);
	bool first = fake_domains(ioas) == 0;
	r = reserve(ioas, 1ULL << 39, UINT64_MAX, hwpt);
	for (area = first ? ioas->areas : NULL; r == 0 && area; area = area->next) {
		r = fake_pin(fake, area->pages);
		for (undo = ioas->areas; r < 0 && undo != area; undo = undo->next)
			fake_unpin(fake, undo->pages);
	}
	if (r < 0) {
		fake_span_remove(&ioas->reserved, hwpt);
		fake_object_free(fake, hwpt);
		return r;
	}
	hwpt->ioas = ioas;
	hwpt->automatic = true;
	ioas->users++;
	ioas->alignment = FAKE_PAGE;
	*ret_hwpt = hwpt;
	return 0;
}

static void drop_hwpt(struct fake *fake, struct fake_object *hwpt)
{
	if (hwpt->automatic && !hwpt->users)
		fake_object_free(fake, hwpt);
}

/* ---- Groups ---- */

/* The group has no translation yet, or this one. */
static int attach_first(struct fake *fake, struct fake_device *device, struct fake_object *hwpt)
{
	struct fake_group *group = device->group;
	struct fake_device **link = &group->attached;

	if (group->hwpt && group->hwpt != hwpt)
		return -EINVAL;
	int r = reserve_device(fake, hwpt->ioas, device);
	if (r < 0)
		return r;
	group->hwpt = hwpt;
	hwpt->users++;
	while (*link)
		link = &(*link)->next_attached;
	*link = device;
	device->attached = true;
	return 0;
}

static void remove_reserved(struct fake_group *group, struct fake_object *ioas)
{
	for (struct fake_device *d = group->attached; d; d = d->next_attached)
		fake_span_remove(&ioas->reserved, d);
}

/* The device is attached: everything in its group moves. */
static int replace(struct fake *fake, struct fake_device *device, struct fake_object *hwpt)
{
	struct fake_group *group = device->group;
	struct fake_object *old = group->hwpt;
	int r = 0;

	if (old == hwpt)
		return 0;
	if (old->ioas != hwpt->ioas) {
		for (struct fake_device *d = group->attached; r == 0 && d; d = d->next_attached)
			r = reserve_device(fake, hwpt->ioas, d);
		if (r < 0) {
			remove_reserved(group, hwpt->ioas);
			return r;
		}
		remove_reserved(group, old->ioas);
	}
	for (struct fake_device *d = group->attached; d; d = d->next_attached) {
		old->users--;
		hwpt->users++;
	}
	group->hwpt = hwpt;
	drop_hwpt(fake, old);
	return 0;
}

static int attach_to(struct fake *fake, struct fake_device *device, struct fake_object *hwpt)
{
	return device->attached ? replace(fake, device, hwpt) : attach_first(fake, device, hwpt);
}

int fake_device_attach(struct fake *fake, struct fake_device *device, uint32_t pt_id)
{
	struct fake_iommufd *iommufd = device->bound->iommufd;
	struct fake_object *target = fake_object_find(iommufd, pt_id), *hwpt;

	if (!target)
		return -ENOENT;
	if (target->kind == OBJECT_HWPT)
		return attach_to(fake, device, target);
	if (target->kind != OBJECT_IOAS)
		return -EINVAL;
	for (hwpt = iommufd->objects; hwpt; hwpt = hwpt->next) {
		if (hwpt->kind != OBJECT_HWPT || hwpt->ioas != target || !hwpt->automatic)
			continue;
		int r = attach_to(fake, device, hwpt);
		if (r != -EINVAL)
			return r;
	}
	if (!device->attached && device->group->hwpt)
		return -EINVAL;
	int r = new_hwpt(fake, target, &hwpt);
	if (r < 0)
		return r;
	r = attach_to(fake, device, hwpt);
	if (r < 0)
		drop_hwpt(fake, hwpt);
	return r;
}

void fake_device_detach(struct fake *fake, struct fake_device *device)
{
	struct fake_group *group = device->group;
	struct fake_object *hwpt = group->hwpt;
	struct fake_device **link = &group->attached;

	if (!device->attached)
		return;
	while (*link != device)
		link = &(*link)->next_attached;
	*link = device->next_attached;
	device->next_attached = NULL;
	device->attached = false;
	fake_span_remove(&hwpt->ioas->reserved, device);
	hwpt->users--;
	if (!group->attached)
		group->hwpt = NULL;
	drop_hwpt(fake, hwpt);
}

uint32_t fake_hwpt_alloc(struct fake *fake, uint32_t ioas_id, uint32_t device_id)
{
	struct fake_object *ioas = NULL, *hwpt = NULL;
	uint32_t id = 0;

	pthread_mutex_lock(&fake->lock);
	for (struct fake_iommufd *f = fake->iommufds; f && !ioas; f = f->next)
		if (fake_object_find(f, device_id))
			ioas = fake_object_find(f, ioas_id);
	if (ioas && new_hwpt(fake, ioas, &hwpt) == 0) {
		hwpt->automatic = false;
		id = hwpt->id;
	}
	pthread_mutex_unlock(&fake->lock);
	return id;
}
