/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the races about moves, where DMA never rests and pages that it must not reach are watched; about resets
 * that reach further than one device; and about ranges.
 */
#include "races.h"

#include <sys/utsname.h>

#include "disk.h"

enum {
	QUEUES = 0x4000000,
	PLACES = 3, /* the old space, the new one, and one that the device is never in */
	GUARD = 0xc5,
};

/* ---- One device that moves under load ---- */

struct stage {
	int iommu;
	uint32_t spaces[PLACES];
	uint8_t *pages
		[PLACES];   /* at iova in each space: the third is where iova is physically, too */
	uint8_t *guards[2]; /* before and behind, in both spaces */
	uint64_t iova;
	struct disk disk;
	pthread_mutex_t moving; /* held while the device moves, or starts */
	unsigned long moves, written[2];
	unsigned restarts;
	bool over;
};

static bool is_untouched(const uint8_t *page)
{
	for (int i = 0; i < PAGE; i++)
		if (page[i] != GUARD)
			return false;
	return true;
}

/*
 * An iommufd on 6.1 is the one of the patches, and exchanges the page table in place. Mainline's drivers
 * block the device meanwhile: what it sends then goes nowhere, and a controller that cannot reach its queues
 * fails, and is started again here.
 */
static bool moves_in_place(void)
{
	struct utsname name;

	uname(&name);
	return !strncmp(name.release, "6.1.", 4);
}

static void *keep_writing(void *argument)
{
	const bool in_place = moves_in_place();
	struct stage *s = argument;

	while (!__atomic_load_n(&s->over, __ATOMIC_RELAXED)) {
		while (s->disk.in_flight < DISK_DEPTH)
			disk_submit(&s->disk, s->iova);
		int n = disk_take(&s->disk, true);
		if (n >= 0) {
			count((unsigned long)n);
			continue;
		}
		s->restarts++;
		pthread_mutex_lock(&s->moving);
		disk_restart(&s->disk);
		pthread_mutex_unlock(&s->moving);
	}
	if (in_place && (s->restarts || s->disk.errors))
		failed("the disk stopped %u times, and %u commands failed, the last with 0x%x",
		       s->restarts, s->disk.errors, s->disk.status);
	/* Nothing is under way any more when its memory goes. */
	disk_restart(&s->disk);
	return NULL;
}

static void *keep_moving(void *argument)
{
	struct stage *s = argument;
	int now = 0;

	while (more() && !__atomic_load_n(&s->over, __ATOMIC_RELAXED)) {
		int old = now;

		now = !now;
		pthread_mutex_lock(&s->moving);
		int r = expect(cdev_attach(s->disk.fd, s->spaces[now]), 0);
		pthread_mutex_unlock(&s->moving);
		if (r < 0)
			break;
		s->moves++;
		/* What it left is not written any more, from here on. */
		memset(s->pages[old], GUARD, PAGE);
		memset(s->pages[now], GUARD, PAGE);
		usleep(2000);
		if (!is_untouched(s->pages[old]))
			failed("move %lu: the old page was written after the move", s->moves);
		if (!is_untouched(s->pages[now]))
			s->written[now]++;
		if (!is_untouched(s->pages[2]))
			failed("move %lu: a page outside was written", s->moves);
		if (!is_untouched(s->guards[0]) || !is_untouched(s->guards[1]))
			failed("move %lu: a guard was written", s->moves);
	}
	__atomic_store_n(&s->over, true, __ATOMIC_RELAXED);
	return NULL;
}

void race_of_moves(void)
{
	struct stage s = {.iommu = iommu_open(), .moving = PTHREAD_MUTEX_INITIALIZER};
	uint8_t *queues = memory_new(DISK_MEMORY);
	uint32_t hwpt;

	for (int i = 0; i < PLACES; i++) {
		s.spaces[i] = ioas_new(s.iommu);
		s.pages[i] = memory_new(PAGE);
		memset(s.pages[i], GUARD, PAGE);
	}
	for (int i = 0; i < 2; i++) {
		s.guards[i] = memory_new(PAGE);
		memset(s.guards[i], GUARD, PAGE);
	}
	/* Pinned, so that it stays where it is. */
	s.iova = physical(s.pages[2]);
	must(ioas_map(s.iommu, s.spaces[2], s.pages[2], PAGE, MAP_BOTH, s.iova));
	for (int i = 0; i < 2; i++) {
		must(ioas_map(s.iommu, s.spaces[i], queues, DISK_MEMORY, MAP_BOTH, QUEUES));
		must(ioas_map(s.iommu, s.spaces[i], s.pages[i], PAGE, MAP_BOTH, s.iova));
		must(ioas_map(s.iommu, s.spaces[i], s.guards[0], PAGE, MAP_BOTH, s.iova - PAGE));
		must(ioas_map(s.iommu, s.spaces[i], s.guards[1], PAGE, MAP_BOTH, s.iova + PAGE));
	}
	disk_start(&s.disk, "NVME0", s.iommu, s.spaces[0], queues, QUEUES);
	must(hwpt_new(s.iommu, s.disk.id, s.spaces[2], 0, &hwpt));
	if (physical(s.pages[2]) != s.iova)
		die("a page moved before it was pinned");
	together((struct side[]){{keep_writing, &s}, {keep_moving, &s}}, 2);
	if (s.written[0] == 0 || s.written[1] == 0)
		failed("in %lu moves the pages were written in %lu and %lu places only", s.moves,
		       s.written[0], s.written[1]);
	printf("  %lu moves; the disk was started again %u times\n", s.moves, s.restarts);
	disk_end(&s.disk);
}

/* ---- Two devices of a group, of which either moves both ---- */

struct pair {
	int iommu;
	uint32_t spaces[2];
	uint8_t *pages[PLACES];
	uint64_t iova;
	struct edu edu[2];
	bool over;
};

static void *move_both(void *argument)
{
	struct pair *p = argument;
	unsigned state = 5;

	while (more()) {
		unsigned random = pseudo_random(&state);

		expect(cdev_attach(p->edu[random & 1].fd, p->spaces[random >> 1 & 1]), 0);
		count(1);
	}
	__atomic_store_n(&p->over, true, __ATOMIC_RELAXED);
	return NULL;
}

static void *write_by_both(void *argument)
{
	struct pair *p = argument;
	unsigned long written = 0;

	while (!__atomic_load_n(&p->over, __ATOMIC_RELAXED)) {
		for (int i = 0; i < 2; i++)
			memset(p->pages[i], GUARD, PAGE);
		edu_start(&p->edu[0], 0x40000, p->iova, LENGTH, true);
		edu_start(&p->edu[1], 0x40000, p->iova, LENGTH, true);
		edu_wait(&p->edu[0]);
		edu_wait(&p->edu[1]);
		written += !is_untouched(p->pages[0]) || !is_untouched(p->pages[1]);
		if (!is_untouched(p->pages[2]))
			failed("a page outside was written");
	}
	if (!written)
		failed("nothing was ever written");
	return NULL;
}

void race_of_moves_in_a_group(void)
{
	struct pair p = {.iommu = iommu_open()};
	uint32_t hold, hwpt;

	for (int i = 0; i < PLACES; i++) {
		p.pages[i] = memory_new(PAGE);
		memset(p.pages[i], GUARD, PAGE);
	}
	p.iova = physical(p.pages[2]);
	for (int i = 0; i < 2; i++) {
		p.spaces[i] = space_new(p.iommu);
		must(ioas_map(p.iommu, p.spaces[i], p.pages[i], PAGE, MAP_BOTH, p.iova));
	}
	edu_bound(&p.edu[0], "EDU3", p.iommu);
	edu_bound(&p.edu[1], "EDU4", p.iommu);
	hold = ioas_new(p.iommu);
	must(ioas_map(p.iommu, hold, p.pages[2], PAGE, MAP_BOTH, 0));
	must(hwpt_new(p.iommu, p.edu[0].id, hold, 0, &hwpt));
	for (int i = 0; i < 2; i++)
		must(cdev_attach(p.edu[i].fd, p.spaces[0]));
	together((struct side[]){{move_both, &p}, {write_by_both, &p}}, 2);
	edu_end(&p.edu[0]);
	edu_end(&p.edu[1]);
}

/* ---- Hot resets ---- */

static int reset(int dev)
{
	struct vfio_pci_hot_reset arg = {.argsz = sizeof(arg)};

	return call(dev, VFIO_DEVICE_PCI_HOT_RESET, &arg);
}

struct resets {
	int iommu, dev;
	bool over;
};

static void *keep_resetting(void *argument)
{
	struct resets *r = argument;

	while (more()) {
		/* EINVAL: the other has no driver of VFIO at the moment. EAGAIN: somebody has its lock. */
		expect(reset(r->dev), 0, EINVAL, EAGAIN);
		count(1);
	}
	__atomic_store_n(&r->over, true, __ATOMIC_RELAXED);
	return NULL;
}

static void *bind_the_other(void *argument)
{
	struct resets *r = argument;

	while (!__atomic_load_n(&r->over, __ATOMIC_RELAXED)) {
		int dev = cdev_try("NET1");
		struct vfio_device_info info = {.argsz = sizeof(info)};

		if (dev < 0)
			continue;
		if (expect(cdev_bind(dev, r->iommu, NULL), 0, EINVAL, ENODEV, EAGAIN) == 0) {
			expect(cdev_attach(dev, 0), ENOENT);
			expect(call(dev, VFIO_DEVICE_GET_INFO, &info), 0, ENODEV);
			expect(reset(dev), 0, EINVAL, EAGAIN);
			count(1);
		}
		close(dev);
	}
	return NULL;
}

static void *take_the_other(void *argument)
{
	struct resets *r = argument;

	while (!__atomic_load_n(&r->over, __ATOMIC_RELAXED)) {
		must(driver_give("NET1", ""));
		usleep(3000);
		must(driver_give("NET1", "vfio-pci"));
		usleep(30000);
	}
	return NULL;
}

void race_of_hot_resets(void)
{
	struct resets r = {.iommu = iommu_open(), .dev = cdev_open("NET0")};

	must(cdev_bind(r.dev, r.iommu, NULL));
	together((struct side[]){{keep_resetting, &r}, {bind_the_other, &r}, {take_the_other, &r}},
		 3);
	close(r.dev);
	close(r.iommu);
}

static const char *vf_name(void)
{
	static char link[256];
	char path[160];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/virtfn0", lab_name("PF0"));
	ssize_t length = readlink(path, link, sizeof(link) - 1);
	must(length < 0 ? -errno : 0);
	link[length] = '\0';
	return strrchr(link, '/') + 1;
}

/* Another user has a virtual function bound, or not; a reset would reset it, too. */
static void *have_the_function(void *argument)
{
	struct resets *r = argument;
	uint8_t *memory = memory_new(PAGE);

	while (!__atomic_load_n(&r->over, __ATOMIC_RELAXED)) {
		int other = iommu_open(), dev = cdev_open("VF0");
		uint32_t ioas = ioas_new(other);
		uint64_t config;
		uint16_t command = 0;

		must(ioas_map(other, ioas, memory, PAGE, MAP_BOTH, 0x100000));
		expect(cdev_bind(dev, other, NULL), 0);
		expect(cdev_attach(dev, ioas), 0);
		expect(bus_master(dev), 0);
		must(region_find(dev, VFIO_PCI_CONFIG_REGION_INDEX, &config, NULL));
		for (int i = 0; i < 20; i++) {
			/* What a reset would clear. */
			if (pread(dev, &command, 2, (off_t)config + 4) != 2 || !(command & 4))
				failed("a reset by another user reached a device: its command "
				       "register is 0x%x",
				       command);
			usleep(500);
		}
		close(dev);
		close(other);
		count(1);
	}
	return NULL;
}

void race_of_hot_resets_by_others(void)
{
	struct resets r = {.iommu = iommu_open(), .dev = cdev_open("PF0")};
	uint8_t buffer[24] __attribute__((aligned(8))) = {0};
	struct vfio_device_feature *token = (void *)buffer;
	char path[160];

	must(cdev_bind(r.dev, r.iommu, NULL));
	token->argsz = sizeof(buffer);
	token->flags = VFIO_DEVICE_FEATURE_SET;
	must(call(r.dev, VFIO_DEVICE_FEATURE, token));
	must(write_word("/sys/module/vfio_pci/parameters/enable_sriov", "1"));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/sriov_numvfs", lab_name("PF0"));
	must(write_word(path, "1"));
	setenv("LAB_VF0", vf_name(), 1);
	must(driver_give("VF0", "vfio-pci"));
	together((struct side[]){{keep_resetting, &r}, {have_the_function, &r}}, 2);
	must(write_word(path, "0"));
	close(r.dev);
	close(r.iommu);
}

/* ---- Lists of allowed ranges while devices with reserved ones come and go ---- */

struct ranges {
	int iommu;
	uint32_t ioas;
	int devices[2];
	bool over;
};

static void *attach_both(void *argument)
{
	struct ranges *r = argument;
	unsigned state = 23;

	while (more()) {
		unsigned random = pseudo_random(&state);

		/* With a list that covers its reserved range it cannot come. */
		expect(cdev_attach(r->devices[random & 1], r->ioas), 0, EADDRINUSE);
		expect(cdev_detach(r->devices[random >> 1 & 1]), 0);
		count(1);
	}
	__atomic_store_n(&r->over, true, __ATOMIC_RELAXED);
	return NULL;
}

static void *set_lists(void *argument)
{
	const struct iommu_iova_range low = {0x100000, 0xffffff},
				      reserved = {0xfee00000, 0xfeefffff};
	struct ranges *r = argument;

	for (unsigned n = 0; !__atomic_load_n(&r->over, __ATOMIC_RELAXED); n++)
		expect(ioas_allow(r->iommu, r->ioas, n % 3 == 0 ? &low : &reserved, n % 3 != 1), 0,
		       EADDRINUSE);
	must(ioas_allow(r->iommu, r->ioas, NULL, 0));
	return NULL;
}

/* Two picks never overlap, and none is in what is reserved while a device is there. */
static void *pick_addresses(void *argument)
{
	struct ranges *r = argument;
	uint8_t *memory = memory_new(16 * PAGE);
	uint64_t mine[2];

	while (!__atomic_load_n(&r->over, __ATOMIC_RELAXED)) {
		int done = 0;

		for (; done < 2; done++) {
			mine[done] = 0;
			if (expect(ioas_map_any(r->iommu, r->ioas, memory, 16 * PAGE, MAP_BOTH,
						&mine[done]),
				   0, ENOSPC, EADDRINUSE, EINVAL) < 0)
				break;
			if (mine[done] % PAGE)
				failed("0x%llx is picked", (unsigned long long)mine[done]);
		}
		if (done == 2 && mine[0] < mine[1] + 16 * PAGE && mine[1] < mine[0] + 16 * PAGE)
			failed("0x%llx and 0x%llx are picked", (unsigned long long)mine[0],
			       (unsigned long long)mine[1]);
		while (done-- > 0)
			expect(ioas_unmap(r->iommu, r->ioas, mine[done], 16 * PAGE), 0);
		count(1);
	}
	return NULL;
}

void race_of_ranges(void)
{
	struct ranges r = {.iommu = iommu_open()};

	r.ioas = ioas_new(r.iommu);
	r.devices[0] = cdev_open("EDU1");
	r.devices[1] = cdev_open("EDU2");
	for (int i = 0; i < 2; i++)
		must(cdev_bind(r.devices[i], r.iommu, NULL));
	together((struct side[]){{attach_both, &r},
				 {set_lists, &r},
				 {pick_addresses, &r},
				 {pick_addresses, &r}},
		 4);
	for (int i = 0; i < 2; i++) {
		expect(cdev_attach(r.devices[i], r.ioas), 0);
		close(r.devices[i]);
	}
	close(r.iommu);
}
