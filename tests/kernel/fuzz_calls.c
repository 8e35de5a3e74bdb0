/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the calls that the model answers, too. */
#include "fuzz_model.h"

static void check(const char *what, int result, int expected)
{
	if (result != expected)
		broken("%s is %s, not %s", what, result_name(result), result_name(expected));
}

static int any_space(void)
{
	int s = (int)below(model.random, SPACES);

	for (int i = 0; i < SPACES; i++, s = (s + 1) % SPACES)
		if (model.spaces[s].id)
			return s;
	model.spaces[s] = (struct space){.id = ioas_new(model.iommu)};
	note("ioas_alloc", 0, (uint64_t)s, 0, 0, 0);
	return s;
}

static void make_space(void)
{
	for (int s = 0; s < SPACES; s++)
		if (!model.spaces[s].id) {
			model.spaces[s] = (struct space){.id = ioas_new(model.iommu)};
			note("ioas_alloc", 0, (uint64_t)s, 0, 0, 0);
			return;
		}
}

static void destroy_space(void)
{
	int s = any_space(), r = iommu_destroy(model.iommu, model.spaces[s].id);

	note("destroy space", r, (uint64_t)s, 0, 0, 0);
	check("destroy of a space", r, in_use(s) ? -EBUSY : 0);
	if (r < 0)
		return;
	if (model.compat == model.spaces[s].id)
		model.compat = 0;
	model.spaces[s].id = 0;
}

static uint64_t any_address(void)
{
	return below(model.random, 64) ? WINDOW + (uint64_t)below(model.random, WINDOW_PAGES) * PAGE
				       : MSI;
}

static void map(void)
{
	static const uint32_t accesses[] = {MAP_BOTH, MAP_BOTH, MAP_READ, MAP_WRITE};
	int i = any_space();
	struct space *s = &model.spaces[i];
	struct mapping new = {.iova = any_address(),
			      .object = model.objects,
			      .region = (int)below(model.random, REGIONS),
			      .first = below(model.random, REGION_PAGES),
			      .access = accesses[below(model.random, 4)]};
	int expected = 0;

	new.count = 1 + below(model.random, REGION_PAGES - new.first);
	if (new.iova == MSI)
		new.count = 1;
	if (s->count == MAPPINGS || model.objects == 65536)
		return;
	int r = ioas_map(model.iommu, s->id, region(new.region) + new.first *PAGE,
			 (uint64_t) new.count *PAGE, new.access, new.iova);
	note("map", r, (uint64_t)i, new.iova, new.count, new.access);
	/* Reserved addresses, then those that are taken. */
	if (new.iova == MSI && has_device(i))
		expected = -EINVAL;
	else if (!is_free(s, new.iova, new.count))
		expected = -EEXIST;
	check("map", r, expected);
	if (r == 0) {
		model.writable[model.objects++] = new.access &MAP_WRITE;
		insert(s, new);
	}
}

static void unmap(void)
{
	int n = any_space();
	struct space *s = &model.spaces[n];
	uint64_t iova = any_address(), length = (uint64_t)(1 + below(model.random, 40)) * PAGE,
		 bytes = 0;
	int expected = -ENOENT;

	/* Half of the time what is there. */
	if (s->count && below(model.random, 2)) {
		unsigned i = below(model.random, s->count);

		iova = s->mappings[i].iova;
		length = (uint64_t)s->mappings[i].count * PAGE;
	}
	if (below(model.random, 400) == 0) {
		iova = 0;
		length = UINT64_MAX;
		expected = 0;
	}
	int r = ioas_unmap(model.iommu, s->id, iova, length);
	note("unmap", r, (uint64_t)n, iova, length / PAGE, 0);
	for (unsigned i = 0; i < s->count;) {
		const struct mapping *mapping = &s->mappings[i];
		bool overlaps = mapping->iova < iova + length && iova < end_of(mapping);

		if (length == UINT64_MAX)
			overlaps = true;
		if (!overlaps) {
			i++;
			continue;
		}
		if (length != UINT64_MAX &&
		    (mapping->iova < iova || end_of(mapping) > iova + length)) {
			/* What was before it is gone. */
			expected = -ENOENT;
			bytes = 0;
			break;
		}
		bytes += (uint64_t)mapping->count * PAGE;
		erase(s, i);
		expected = (int)bytes;
	}
	check("unmap", r, expected);
}

static void copy(void)
{
	int from = any_space(), to = any_space(), expected = 0;
	struct space *source = &model.spaces[from], *target = &model.spaces[to];
	uint64_t src = any_address(), dst = any_address();
	unsigned pages = 1 + below(model.random, 24);
	uint32_t access = below(model.random, 3) ? MAP_READ : MAP_BOTH;
	struct mapping pieces[24];
	unsigned count = 0, have = 0;
	bool raised = false;

	if (source->count && below(model.random, 4)) {
		const struct mapping *whole = &source->mappings[below(model.random, source->count)];
		unsigned skip = below(model.random, whole->count);

		src = whole->iova + (uint64_t)skip * PAGE;
		if (below(model.random, 4))
			pages = 1 + below(model.random, whole->count - skip);
	}
	if (dst == MSI || pages > 24)
		return;
	while (have < pages) {
		const struct mapping *whole = mapping_at(source, src + (uint64_t)have * PAGE);

		if (!whole) {
			expected = -ENOENT;
			break;
		}
		unsigned skip = (unsigned)((src + (uint64_t)have * PAGE - whole->iova) / PAGE);
		unsigned n =
			whole->count - skip < pages - have ? whole->count - skip : pages - have;
		pieces[count++] = (struct mapping){dst + (uint64_t)have * PAGE,
						   whole->object,
						   whole->region,
						   whole->first + skip,
						   n,
						   access};
		raised |= (access & MAP_WRITE) && !model.writable[whole->object];
		have += n;
	}
	if (target->count + count > MAPPINGS)
		return;
	int r = ioas_copy(model.iommu, target->id, dst, source->id, src, (uint64_t)pages * PAGE,
			  access);
	note("copy", r, (uint64_t)to << 32 | (uint64_t)from, dst, src,
	     (uint64_t)pages << 32 | access);
	/* Of several reasons any may be named. */
	if (expected == 0 && !is_free(target, dst, pages))
		expected = -EEXIST;
	if (raised && (expected == 0 || r == -EPERM))
		expected = -EPERM;
	check("copy", r, expected);
	for (unsigned i = 0; r == 0 && i < count; i++)
		insert(target, pieces[i]);
}

/* Addresses are picked in a space of its own, that is gone then. */
static void pick(void)
{
	uint32_t ioas = ioas_new(model.iommu);
	uint64_t iovas[3] = {0};

	for (int i = 0; i < 3; i++) {
		unsigned pages = 1 + below(model.random, REGION_PAGES);

		check("map at a picked address",
		      ioas_map_any(model.iommu, ioas, region(i), (uint64_t)pages * PAGE, MAP_BOTH,
				   &iovas[i]),
		      0);
		if (iovas[i] == 0 || iovas[i] % PAGE)
			broken("0x%llx is picked", (unsigned long long)iovas[i]);
	}
	for (int i = 0; i < 3; i++)
		if (ioas_unmap(model.iommu, ioas, iovas[i], UINT64_MAX - iovas[i]) < PAGE && i == 0)
			broken("what was picked is not there");
	check("destroy of a space", iommu_destroy(model.iommu, ioas), 0);
	note("pick", 0, 0, 0, 0, 0);
}

static void make_table(void)
{
	int d = (int)below(model.random, MDEV), s = any_space(),
	    t = (int)below(model.random, TABLES);

	if (model.tables[t].id || !model.devices[d].id)
		return;
	int r = hwpt_new(model.iommu, model.devices[d].id, model.spaces[s].id, 0,
			 &model.tables[t].id);
	note("hwpt_alloc", r, (uint64_t)d, (uint64_t)s, (uint64_t)t, 0);
	check("hwpt_alloc", r, 0);
	model.tables[t].space = s;
}

static void destroy_table(void)
{
	int t = (int)below(model.random, TABLES), expected = 0;

	if (!model.tables[t].id)
		return;
	for (int d = 0; d < MDEV; d++)
		if (model.devices[d].attached && model.groups[group_of(d)].table == t)
			expected = -EBUSY;
	int r = iommu_destroy(model.iommu, model.tables[t].id);
	note("destroy table", r, (uint64_t)t, 0, 0, 0);
	check("destroy of a page table", r, expected);
	if (r == 0)
		model.tables[t].id = 0;
}

static void attach(void)
{
	int d = (int)below(model.random, DEVICES), s = any_space(), expected = 0,
	    group = group_of(d);
	struct target to = {s, below(model.random, 3) ? NONE : (int)below(model.random, TABLES)};
	struct device *device = &model.devices[d];

	if (to.table != NONE && !model.tables[to.table].id)
		to.table = NONE;
	if (to.table != NONE)
		to.space = model.tables[to.table].space;
	if (device->fd < 0)
		return;
	int r = cdev_attach(device->fd, to.table == NONE ? model.spaces[to.space].id
							 : model.tables[to.table].id);
	note("attach", r, (uint64_t)d, (uint64_t)to.space, (uint64_t)to.table, 0);
	if (d == MDEV)
		expected = to.table == NONE ? 0 : -ENOENT;
	else if (!device->attached && group_is_attached(group) &&
		 (model.groups[group].space != to.space || model.groups[group].table != to.table))
		expected = has_reserved(to.space) && r == -EADDRINUSE ? r : -EINVAL;
	else if (has_reserved(to.space))
		expected = -EADDRINUSE;
	check("attach", r, expected);
	if (r < 0)
		return;
	device->attached = true;
	if (d == MDEV)
		device->at = to;
	else
		model.groups[group] = to;
}

static void detach(void)
{
	int d = (int)below(model.random, DEVICES);

	if (model.devices[d].fd < 0)
		return;
	int r = cdev_detach(model.devices[d].fd);
	note("detach", r, (uint64_t)d, 0, 0, 0);
	check("detach", r, 0);
	model.devices[d].attached = false;
}

void bind_any_device(void)
{
	int d = (int)below(model.random, DEVICES);
	struct device *device = &model.devices[d];

	if (device->fd >= 0)
		return;
	if (d == MDEV) {
		device->fd = cdev_open(fuzz_devices[d]);
		check("bind", cdev_bind(device->fd, model.iommu, &device->id), 0);
	} else {
		edu_bound(&device->edu, fuzz_devices[d], model.iommu);
		device->fd = device->edu.fd;
		device->id = device->edu.id;
	}
	note("bind", 0, (uint64_t)d, device->id, 0, 0);
}

void end_device(struct device *device)
{
	if (device->edu.regs)
		edu_end(&device->edu);
	else if (device->fd >= 0)
		close(device->fd);
	*device = (struct device){.fd = -1};
}

void end_any_device(void)
{
	int d = (int)below(model.random, DEVICES);

	if (model.devices[d].fd < 0)
		return;
	end_device(&model.devices[d]);
	note("close", 0, (uint64_t)d, 0, 0, 0);
}

static void bind_again(void)
{
	int d = (int)below(model.random, DEVICES);

	if (model.devices[d].fd < 0)
		return;
	int r = cdev_bind(model.devices[d].fd, model.iommu, NULL);
	note("bind again", r, (uint64_t)d, 0, 0, 0);
	check("a second bind", r, -EINVAL);
	r = iommu_destroy(model.iommu, model.devices[d].id);
	check("destroy of a device", r, -EBUSY);
}

static void ask(void)
{
	struct iommu_iova_range ranges[16];
	uint64_t alignment, value = 0;
	int s = any_space();
	uint32_t count;
	int r = ioas_ranges(model.iommu, model.spaces[s].id, ranges, &count, &alignment);

	note("iova_ranges", r, (uint64_t)s, 0, 0, 0);
	check("iova_ranges", r, 0);
	bool whole = count == 1 && ranges[0].start == 0;
	if (whole == has_device(s))
		broken("space %d has %u ranges, by 0x%llx", s, count,
		       (unsigned long long)alignment);
	if (alignment != (in_use(s) ? PAGE : 1))
		broken("space %d is aligned by 0x%llx", s, (unsigned long long)alignment);
	check("option",
	      option(model.iommu, IOMMU_OPTION_HUGE_PAGES, IOMMU_OPTION_OP_GET, model.spaces[s].id,
		     &value),
	      0);
	if (value != 1)
		broken("the option of huge pages is %llu", (unsigned long long)value);
}

static void set_compat(void)
{
	struct {
		uint32_t size, id;
		uint16_t op, reserved;
	} a = {.size = sizeof(a), .op = (uint16_t)below(model.random, 3)};
	int s = any_space(), expected = 0;

	if (a.op == 1)
		a.id = model.spaces[s].id;
	if (a.op == 0 && !model.compat)
		expected = -ENODEV;
	int r = call(model.iommu, IOMMU_VFIO_IOAS, &a);
	note("vfio_ioas", r, a.op, a.id, 0, 0);
	check("vfio_ioas", r, expected);
	if (a.op == 0 && r == 0 && a.id != model.compat)
		broken("the space of the container is %u, not %u", a.id, model.compat);
	if (a.op == 1)
		model.compat = model.spaces[s].id;
	if (a.op == 2)
		model.compat = 0;
}

static void be_wrong(void)
{
	int expected, s = any_space(), d = (int)below(model.random, MDEV);
	const char *what;
	int r = wrong_call(model.random, model.iommu, model.spaces[s].id, model.devices[d].id,
			   &what, &expected);

	note(what, r, (uint64_t)s, 0, 0, 0);
	if (r >= 0 || (expected && r != -expected))
		broken("%s is %s, not %s", what, result_name(r),
		       expected ? result_name(-expected) : "an error");
}

static const struct {
	unsigned weight;
	void (*run)(void);
} actions[] = {
	{300, map},   {250, unmap},     {200, copy},         {60, be_wrong},   {60, attach},
	{30, detach}, {20, make_space}, {20, destroy_space}, {20, make_table}, {20, destroy_table},
	{20, ask},    {10, pick},       {10, set_compat},    {4, bind_again},
};

void make_a_call(void)
{
	unsigned dice, sum = 0;
	size_t i = 0;

	for (; i < sizeof(actions) / sizeof(actions[0]); i++)
		sum += actions[i].weight;
	dice = below(model.random, sum);
	for (i = 0; dice >= actions[i].weight; i++)
		dice -= actions[i].weight;
	actions[i].run();
}
