/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what the model knows: which addresses are taken, what is in use, what is pinned. */
#include "fuzz_model.h"

struct model model;

int group_of(int d)
{
	return d == 3 ? 2 : d;
}

bool group_is_attached(int group)
{
	for (int d = 0; d < DEVICES; d++)
		if (group_of(d) == group && model.devices[d].attached)
			return true;
	return false;
}

bool has_device(int s)
{
	for (int d = 0; d < MDEV; d++)
		if (model.devices[d].attached && model.groups[group_of(d)].space == s)
			return true;
	return false;
}

static bool has_table(int s)
{
	for (int t = 0; t < TABLES; t++)
		if (model.tables[t].id && model.tables[t].space == s)
			return true;
	return false;
}

bool is_filled(int s)
{
	return has_device(s) || has_table(s);
}

bool in_use(int s)
{
	return is_filled(s) || (model.devices[MDEV].attached && model.devices[MDEV].at.space == s);
}

uint64_t end_of(const struct mapping *mapping)
{
	return mapping->iova + (uint64_t)mapping->count * PAGE;
}

bool is_free(const struct space *s, uint64_t iova, unsigned pages)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->mappings[i].iova < iova + (uint64_t)pages * PAGE &&
		    iova < end_of(&s->mappings[i]))
			return false;
	return true;
}

const struct mapping *mapping_at(const struct space *s, uint64_t iova)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->mappings[i].iova <= iova && iova < end_of(&s->mappings[i]))
			return &s->mappings[i];
	return NULL;
}

void insert(struct space *s, struct mapping mapping)
{
	unsigned i = s->count++;

	while (i > 0 && s->mappings[i - 1].iova > mapping.iova) {
		s->mappings[i] = s->mappings[i - 1];
		i--;
	}
	s->mappings[i] = mapping;
}

void erase(struct space *s, unsigned i)
{
	s->count--;
	memmove(&s->mappings[i], &s->mappings[i + 1], (s->count - i) * sizeof(s->mappings[0]));
}

long expected_pins(void)
{
	static uint32_t pages[65536];
	long sum = 0;

	memset(pages, 0, (size_t)model.objects * sizeof(pages[0]));
	for (int s = 0; s < SPACES; s++)
		if (model.spaces[s].id && is_filled(s))
			for (unsigned i = 0; i < model.spaces[s].count; i++) {
				const struct mapping *mapping = &model.spaces[s].mappings[i];
				uint64_t bits = ((1ULL << mapping->count) - 1) << mapping->first;

				pages[mapping->object] |= (uint32_t)bits;
			}
	for (int i = 0; i < model.objects; i++)
		sum += __builtin_popcount(pages[i]);
	return sum;
}

bool has_reserved(int s)
{
	return mapping_at(&model.spaces[s], MSI) != NULL;
}
