/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what is looked at now and then, and the course of a life. */
#include "fuzz_model.h"

void look_at_pins(void)
{
	long want = expected_pins(), there = pins() - model.pins_before;

	if (want != there || pinned_here() != 4 * want)
		broken("%ld pages are pinned, %ld KiB by this process; %ld should be", there,
		       pinned_here(), want);
}

static uint8_t *page_of(const struct mapping *mapping, uint64_t iova)
{
	return region(mapping->region) + (mapping->first + (iova - mapping->iova) / PAGE) * PAGE;
}

/* A device writes somewhere; all memory is as it was but for that. */
void look_at_dma(void)
{
	static uint8_t before[REGIONS][REGION_PAGES * PAGE];
	int d = (int)below(model.random, MDEV);
	const struct edu *edu = &model.devices[d].edu;
	uint64_t iova = WINDOW + (uint64_t)below(model.random, WINDOW_PAGES) * PAGE;
	unsigned offset = below(model.random, PAGE / LENGTH) * LENGTH;
	const struct mapping *mapping = NULL;
	uint8_t *written = NULL, pattern[LENGTH];

	if (!edu->regs)
		return;
	/* A group has one translation, also for those that are only bound. */
	if (group_is_attached(group_of(d))) {
		const struct space *s = &model.spaces[model.groups[group_of(d)].space];

		if (s->count && below(model.random, 4))
			iova = s->mappings[below(model.random, s->count)].iova;
		mapping = mapping_at(s, iova);
	}
	if (mapping && mapping->access & MAP_WRITE) {
		written = page_of(mapping, iova) + offset;
		memory_fill(written, LENGTH);
	}
	for (int i = 0; i < REGIONS; i++)
		memcpy(before[i], region(i), sizeof(before[i]));
	edu_write(edu, iova + offset, LENGTH);
	if (written &&
	    !memcmp(written, before[mapping->region] + (written - region(mapping->region)), LENGTH))
		broken("device %d does not reach 0x%llx, which is mapped", d,
		       (unsigned long long)iova);
	if (written) {
		memcpy(pattern, written, LENGTH);
		memcpy(before[mapping->region] + (written - region(mapping->region)), pattern,
		       LENGTH);
	}
	for (int i = 0; i < REGIONS; i++)
		if (memcmp(before[i], region(i), sizeof(before[i])))
			broken("device %d wrote at 0x%llx, and memory of region %d changed that is "
			       "not there",
			       d, (unsigned long long)iova, i);
	/* What it reads it writes. */
	if (written) {
		const struct space *s = &model.spaces[model.groups[group_of(d)].space];
		const struct mapping *source = &s->mappings[below(model.random, s->count)];
		uint64_t from = source->iova + (uint64_t)below(model.random, source->count) * PAGE;

		if (source->access & MAP_READ && source->iova != MSI) {
			uint8_t *read = page_of(source, from);

			if (read == written - offset)
				return;
			memory_fill(read, LENGTH);
			edu_read(edu, from, LENGTH);
			edu_write(edu, iova + offset, LENGTH);
			if (memcmp(read, written, LENGTH))
				broken("device %d read other bytes at 0x%llx than there are", d,
				       (unsigned long long)from);
		}
	}
}

unsigned long model_life(struct random *random, unsigned long ops)
{
	memset(&model, 0, sizeof(model));
	model.iommu = iommu_open();
	model.random = random;
	model.pins_before = pins();
	for (int d = 0; d < DEVICES; d++)
		model.devices[d].fd = -1;
	for (unsigned long n = 0; n < ops; n++) {
		make_a_call();
		/* These take long. */
		if (n % 500 == 0)
			bind_any_device();
		if (n % 3000 == 2999)
			end_any_device();
		if (n % 1000 == 250)
			look_at_pins();
		if (n % 4000 == 750)
			look_at_dma();
	}
	look_at_pins();
	/* In any order. */
	bool file_first = below(random, 2);
	if (file_first)
		close(model.iommu);
	for (int d = 0; d < DEVICES; d++)
		end_device(&model.devices[d]);
	if (!file_first)
		close(model.iommu);
	return ops;
}
