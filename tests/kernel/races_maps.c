/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the races about memory: maps and unmaps under attaches, mappers that die, forks, copies, holes. */
#include "races.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>
#include <sys/wait.h>

enum {
	AT = 0x1000000,
	SLOT = 0x100000, /* of addresses, for each thread */
	PAGES = 16,
};

/* ---- Maps, unmaps and copies while a device comes and goes ---- */

struct scene {
	int iommu;
	uint32_t spaces[2];
	struct edu edu;
	bool over;
	unsigned seats;
};

static void *map_and_unmap(void *argument)
{
	struct scene *s = argument;
	uint8_t *memory = memory_new(PAGES * PAGE);
	unsigned state = __atomic_add_fetch(&s->seats, 1, __ATOMIC_RELAXED) * 7919;
	/* Two threads have the same place. */
	uint64_t base = AT + state % 2 * SLOT;

	while (!__atomic_load_n(&s->over, __ATOMIC_RELAXED)) {
		unsigned random = pseudo_random(&state), n = 1 + random % PAGES;
		uint64_t iova = base + (random >> 8) % 4 * PAGE;
		uint32_t space = s->spaces[random >> 16 & 1], other = s->spaces[~random >> 16 & 1];

		expect(ioas_map(s->iommu, space, memory, (uint64_t)n * PAGE, MAP_BOTH, iova), 0,
		       EEXIST);
		expect(ioas_copy(s->iommu, other, iova + 2 * SLOT, space, iova, PAGE, MAP_READ), 0,
		       ENOENT, EEXIST, EINVAL);
		/* EBUSY: another thread is about to map or unmap it. */
		expect(ioas_unmap(s->iommu, space, iova, (uint64_t)n * PAGE), 0, ENOENT, EBUSY);
		expect(ioas_unmap(s->iommu, other, iova + 2 * SLOT, PAGE), 0, ENOENT, EBUSY);
		count(1);
	}
	munmap(memory, PAGES * PAGE);
	return NULL;
}

static void *come_and_go(void *argument)
{
	struct scene *s = argument;
	unsigned state = 99;
	uint32_t hwpt;

	while (more()) {
		unsigned random = pseudo_random(&state);

		expect(cdev_attach(s->edu.fd, s->spaces[random & 1]), 0);
		if (random & 4)
			expect(cdev_attach(s->edu.fd, s->spaces[~random & 1]), 0);
		if (random & 8 &&
		    expect(hwpt_new(s->iommu, s->edu.id, s->spaces[random & 1], 0, &hwpt), 0) == 0)
			expect(iommu_destroy(s->iommu, hwpt), 0);
		if (random & 16)
			expect(cdev_detach(s->edu.fd), 0);
		count(1);
	}
	__atomic_store_n(&s->over, true, __ATOMIC_RELAXED);
	return NULL;
}

void race_of_unmaps_and_attaches(void)
{
	struct scene s = {.iommu = iommu_open()};
	uint8_t *memory = memory_new(PAGE);

	s.spaces[0] = space_new(s.iommu);
	s.spaces[1] = space_new(s.iommu);
	edu_bound(&s.edu, "EDU0", s.iommu);
	together((struct side[]){{come_and_go, &s},
				 {map_and_unmap, &s},
				 {map_and_unmap, &s},
				 {map_and_unmap, &s}},
		 4);
	must(cdev_attach(s.edu.fd, s.spaces[0]));
	for (int i = 0; i < 2; i++) {
		ioas_unmap(s.iommu, s.spaces[i], AT, 16 * SLOT);
		expect(ioas_unmap(s.iommu, s.spaces[i], 0, UINT64_MAX), 0);
	}
	if (pinned_here() != 0)
		failed("%ld KiB are pinned when nothing is mapped", pinned_here());
	must(ioas_map(s.iommu, s.spaces[0], home(), PAGE, MAP_BOTH, HOME));
	must(ioas_map(s.iommu, s.spaces[0], memory, PAGE, MAP_BOTH, AT));
	if (strcmp(edu_reach(&s.edu, AT, memory), "rw"))
		failed("the device does not reach a page after it all");
	edu_end(&s.edu);
}

/* ---- Mappers that exit, exec and are killed ---- */

struct mapper {
	int iommu;
	uint32_t ioas;
	unsigned n;
	uint8_t *shared;
};

static void map_and_end(void *argument)
{
	struct mapper *m = argument;
	uint8_t *own = memory_new(8 * PAGE);
	uint64_t iova = AT + (uint64_t)m->n * SLOT;

	for (unsigned i = 0; i < 8; i++) {
		ioas_map(m->iommu, m->ioas, own + i * PAGE, PAGE, MAP_BOTH, iova + 2 * i * PAGE);
		ioas_map(m->iommu, m->ioas, m->shared, PAGE, MAP_READ,
			 iova + SLOT / 2 + 2 * i * PAGE);
		if (m->n % 3 == 0 && i == 4) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(1);
		}
	}
	if (m->n % 3 == 1)
		kill(getpid(), SIGKILL);
	_exit(0);
}

void race_of_maps_and_exits(void)
{
	struct mapper m = {.iommu = iommu_open()};
	struct edu edu = {0};
	long before;

	m.shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	m.ioas = space_new(m.iommu);
	edu_bound(&edu, "EDU0", m.iommu);
	must(cdev_attach(edu.fd, m.ioas));
	before = pins();
	while (more()) {
		pid_t pids[3];

		for (int i = 0; i < 3; i++) {
			m.n = (unsigned)i;
			pids[i] = child(map_and_end, &m);
		}
		/* Who comes for the memory of one who is gone gets nothing of it. */
		for (int i = 0; i < 20; i++) {
			expect(cdev_detach(edu.fd), 0);
			if (expect(cdev_attach(edu.fd, m.ioas), 0, EFAULT) < 0)
				usleep(200);
		}
		for (int i = 0; i < 3; i++)
			waitpid(pids[i], NULL, 0);
		ioas_unmap(m.iommu, m.ioas, AT, 4 * SLOT);
		expect(cdev_attach(edu.fd, m.ioas), 0);
		if (pins() != before)
			failed("%ld pages of dead processes are pinned", pins() - before);
		count(1);
	}
	edu_end(&edu);
}

/* ---- Forks while memory is pinned ---- */

static void scribble(void *memory)
{
	for (int i = 0; i < 50; i++)
		memory_fill(memory, 2 * PAGE);
}

/* The device goes on with the parent's memory, whoever writes first. */
void race_of_forks(void)
{
	int iommu = iommu_open();
	uint32_t ioas = space_new(iommu);
	struct edu edu = {0};

	edu_bound(&edu, "EDU0", iommu);
	must(cdev_attach(edu.fd, ioas));
	for (unsigned n = 0; more(); n++, count(1)) {
		uint8_t *memory = memory_new(2 * PAGE);
		pid_t early = child(scribble, memory), late;

		must(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, AT));
		must(ioas_map(iommu, ioas, memory + PAGE, PAGE, MAP_READ, AT + PAGE));
		late = child(scribble, memory);
		const char *both = edu_reach(&edu, AT, memory);
		const char *read_only = edu_reach(&edu, AT + PAGE, memory + PAGE);
		if (strcmp(both, "rw") || strcmp(read_only, "r"))
			failed("after forks the device reaches %s and %s of the parent", both,
			       read_only);
		must(ioas_unmap(iommu, ioas, AT, 2 * PAGE));
		child_end(early);
		child_end(late);
		munmap(memory, 2 * PAGE);
	}
	edu_end(&edu);
}

/* ---- Copies of parts: pins are those of what is mapped, exactly ---- */

enum {
	OBJECTS = 6,
	MAPPINGS = 40,
	SPACES = 3,
	LENGTH_OF_OBJECT = 64, /* pages */
};

struct mapping {
	bool live;
	int space, object;
	unsigned first, count;
	uint64_t iova;
};

struct ledger {
	int iommu;
	uint32_t spaces[SPACES];
	int attached; /* to which space, or -1 */
	uint8_t *objects[OBJECTS];
	bool mapped
		[OBJECTS]; /* by some mapping: then another map of it is another object to the kernel */
	struct mapping mappings[MAPPINGS];
	struct edu edu;
};

static long expected_pins(const struct ledger *l)
{
	long sum = 0;

	for (int o = 0; o < OBJECTS; o++)
		for (unsigned page = 0; page < LENGTH_OF_OBJECT; page++)
			for (int i = 0; i < MAPPINGS; i++) {
				const struct mapping *m = &l->mappings[i];

				if (m->live && m->object == o && m->space == l->attached &&
				    page >= m->first && page < m->first + m->count) {
					sum++;
					break;
				}
			}
	return sum;
}

static struct mapping *pick(struct ledger *l, bool live, unsigned random)
{
	for (unsigned i = 0; i < MAPPINGS; i++) {
		struct mapping *m = &l->mappings[(random + i) % MAPPINGS];

		if (m->live == live)
			return m;
	}
	return NULL;
}

static void step(struct ledger *l, unsigned *state)
{
	unsigned random = pseudo_random(state), where = pseudo_random(state);
	struct mapping *free_one = pick(l, false, where), *live = pick(l, true, where);
	int object = (int)(where % OBJECTS);

	if (random % 16 == 0) {
		int next = (int)(where % (SPACES + 1)) - 1;

		if (next < 0)
			must(cdev_detach(l->edu.fd));
		else
			must(cdev_attach(l->edu.fd, l->spaces[next]));
		l->attached = next;
	} else if (random % 4 == 1 && free_one && !l->mapped[object]) {
		*free_one = (struct mapping){true,
					     (int)(random >> 8) % SPACES,
					     object,
					     0,
					     LENGTH_OF_OBJECT,
					     AT + (uint64_t)(free_one - l->mappings) * SLOT};
		must(ioas_map(l->iommu, l->spaces[free_one->space], l->objects[object],
			      LENGTH_OF_OBJECT * PAGE, MAP_BOTH, free_one->iova));
		l->mapped[object] = true;
	} else if (random % 4 == 2 && free_one && live) {
		unsigned skip = (random >> 8) % live->count,
			 n = 1 + (where >> 8) % (live->count - skip);

		*free_one = (struct mapping){true,
					     (int)(random >> 16) % SPACES,
					     live->object,
					     live->first + skip,
					     n,
					     AT + (uint64_t)(free_one - l->mappings) * SLOT};
		must(ioas_copy(l->iommu, l->spaces[free_one->space], free_one->iova,
			       l->spaces[live->space], live->iova + (uint64_t)skip * PAGE,
			       (uint64_t)n * PAGE, MAP_BOTH));
	} else if (random % 4 == 3 && live) {
		must(ioas_unmap(l->iommu, l->spaces[live->space], live->iova,
				(uint64_t)live->count * PAGE));
		live->live = false;
		l->mapped[live->object] = false;
		for (int i = 0; i < MAPPINGS; i++)
			l->mapped[live->object] |=
				l->mappings[i].live && l->mappings[i].object == live->object;
	}
}

void race_of_copies(void)
{
	static struct ledger l;
	unsigned state = 0x6d2b79f5;
	long before;

	l.iommu = iommu_open();
	l.attached = -1;
	for (int i = 0; i < SPACES; i++)
		l.spaces[i] = ioas_new(l.iommu);
	for (int i = 0; i < OBJECTS; i++)
		l.objects[i] = memory_new(LENGTH_OF_OBJECT * PAGE);
	edu_bound(&l.edu, "EDU0", l.iommu);
	before = pins();
	for (unsigned n = 0; more(); n++, count(1)) {
		unsigned was = state;

		step(&l, &state);
		long there = pins() - before, want = expected_pins(&l);
		if (there != want || pinned_here() != 4 * want) {
			failed("step %u (0x%x): %ld pages are pinned, %ld KiB by this process; %ld "
			       "are mapped",
			       n, was, there, pinned_here(), want);
			break;
		}
	}
	edu_end(&l.edu);
}

/* ---- Holes in files that a device has ---- */

struct holed {
	int iommu, fd;
	uint32_t ioas;
	struct edu edu;
	uint8_t *memory;
	bool over;
};

static void *punch(void *argument)
{
	struct holed *h = argument;
	unsigned state = 17;

	while (!__atomic_load_n(&h->over, __ATOMIC_RELAXED)) {
		off_t at = (off_t)(pseudo_random(&state) % PAGES) * PAGE;

		must(fallocate(h->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, 2 * PAGE) < 0
			     ? -errno
			     : 0);
		h->memory[at] = 1;
		count(1);
	}
	return NULL;
}

static void *map_the_file(void *argument)
{
	struct holed *h = argument;

	while (!__atomic_load_n(&h->over, __ATOMIC_RELAXED)) {
		expect(ioas_map(h->iommu, h->ioas, h->memory, PAGES * PAGE, MAP_BOTH, AT + SLOT),
		       0);
		expect(ioas_unmap(h->iommu, h->ioas, AT + SLOT, PAGES * PAGE), 0);
		count(1);
	}
	return NULL;
}

static void *dma_into_holes(void *argument)
{
	struct holed *h = argument;

	while (more())
		for (int i = 0; i < PAGES; i += 5)
			edu_write(&h->edu, AT + (uint64_t)i * PAGE, LENGTH);
	__atomic_store_n(&h->over, true, __ATOMIC_RELAXED);
	return NULL;
}

void race_of_holes(void)
{
	struct holed h = {.iommu = iommu_open(), .fd = memfd_create("holes", MFD_CLOEXEC)};
	long before;

	must(ftruncate(h.fd, (PAGES + 2) * PAGE) < 0 ? -errno : 0);
	h.memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, h.fd, 0);
	h.ioas = space_new(h.iommu);
	edu_bound(&h.edu, "EDU0", h.iommu);
	must(cdev_attach(h.edu.fd, h.ioas));
	before = pins();
	must(ioas_map(h.iommu, h.ioas, h.memory, PAGES * PAGE, MAP_BOTH, AT));
	together((struct side[]){{dma_into_holes, &h}, {punch, &h}, {map_the_file, &h}}, 3);
	if (pins() != before + PAGES)
		failed("%ld pages are pinned, not %d", pins() - before, PAGES);
	must(ioas_unmap(h.iommu, h.ioas, AT, PAGES * PAGE));
	if (pins() != before)
		failed("%ld pages are pinned after the unmap", pins() - before);
	edu_end(&h.edu);
}
