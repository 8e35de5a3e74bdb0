/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the races about who has a device: binds, closes, KVM, drivers that are taken away, and other users. */
#include "races.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ---- Binds at the same time: exactly one wins ---- */

struct contender {
	pthread_barrier_t *start;
	int fd, iommu, result;
};

static void *contend(void *argument)
{
	struct contender *c = argument;

	meet(c->start);
	c->result = cdev_bind(c->fd, c->iommu, NULL);
	return NULL;
}

/* Two at once; loser is the errno of whoever comes second. */
static void one_bind(struct contender a, struct contender b, int loser)
{
	pthread_barrier_t start;

	pthread_barrier_init(&start, NULL, 2);
	a.start = b.start = &start;
	together((struct side[]){{contend, &a}, {contend, &b}}, 2);
	pthread_barrier_destroy(&start);
	if ((a.result != 0 || b.result != -loser) && (b.result != 0 || a.result != -loser))
		failed("two binds at once: %s and %s", result_name(a.result),
		       result_name(b.result));
}

void race_of_binds(void)
{
	int x = iommu_open(), y = iommu_open();

	for (unsigned n = 0; more(); n++, count(1)) {
		int first = cdev_open("EDU0"),
		    second = n % 2 ? cdev_open("EDU0") : fcntl(first, F_DUPFD_CLOEXEC, 0);

		one_bind((struct contender){.fd = first, .iommu = x},
			 (struct contender){.fd = second, .iommu = n % 4 < 2 ? x : y}, EINVAL);
		close(first);
		close(second);
	}
}

/* Two devices of one group, to different files: the group has one owner. */
void race_of_binds_in_a_group(void)
{
	int x = iommu_open(), y = iommu_open();

	for (; more(); count(1)) {
		int first = cdev_open("EDU3"), second = cdev_open("EDU4");

		one_bind((struct contender){.fd = first, .iommu = x},
			 (struct contender){.fd = second, .iommu = y}, EPERM);
		close(first);
		close(second);
	}
}

/* ---- Use of a device by duplicates of its file, while it becomes bound ---- */

struct gate {
	pthread_barrier_t *round;
	int fd;
	bool bound, over;
};

/* It does not work, then it does, and then never again not. */
static void *knock(void *argument)
{
	struct gate *g = argument;

	for (;;) {
		bool worked = false;

		meet(g->round);
		if (g->over)
			return NULL;
		do {
			bool was_bound = __atomic_load_n(&g->bound, __ATOMIC_ACQUIRE);
			struct vfio_device_info info = {.argsz = sizeof(info)};
			uint32_t word;
			int r = call(g->fd, VFIO_DEVICE_GET_INFO, &info);

			expect(r, 0, EINVAL);
			if (r < 0 && (worked || was_bound))
				failed("a bound device refuses GET_INFO");
			worked |= r == 0;
			ssize_t n =
				pread(g->fd, &word, 4, (off_t)VFIO_PCI_CONFIG_REGION_INDEX << 40);
			if (n != 4 && (worked || errno != EINVAL))
				failed("read of the configuration is %zd, %s", n,
				       result_name(-errno));
			void *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, g->fd, 0);
			if (map == MAP_FAILED && (worked || errno != EINVAL))
				failed("mmap of the registers: %s", result_name(-errno));
			if (map != MAP_FAILED) {
				if ((*(volatile uint32_t *)map & 0xff) != 0xed)
					failed("the registers are not those of an edu");
				munmap(map, PAGE);
			}
			if (was_bound && !worked)
				failed("bound, but nothing worked");
		} while (!__atomic_load_n(&g->bound, __ATOMIC_ACQUIRE) || !worked);
		meet(g->round);
	}
}

void race_of_bind_and_use(void)
{
	int iommu = iommu_open();
	pthread_barrier_t round;
	struct gate g = {.round = &round};
	pthread_t threads[2];

	pthread_barrier_init(&round, NULL, 3);
	for (int i = 0; i < 2; i++)
		must(-pthread_create(&threads[i], NULL, knock, &g));
	while (more()) {
		g.fd = cdev_open("EDU0");
		g.bound = false;
		meet(&round);
		sched_yield();
		expect(cdev_bind(g.fd, iommu, NULL), 0);
		__atomic_store_n(&g.bound, true, __ATOMIC_RELEASE);
		meet(&round);
		close(g.fd);
		count(1);
	}
	g.over = true;
	meet(&round);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

/* ---- Closes under calls ---- */

struct closing {
	int iommu, dev;
	uint32_t ioas;
	bool over;
};

static void *call_on(void *argument)
{
	struct closing *c = argument;
	uint8_t *memory = memory_new(16 * PAGE);

	while (!__atomic_load_n(&c->over, __ATOMIC_RELAXED)) {
		ioas_map(c->iommu, c->ioas, memory, 16 * PAGE, MAP_BOTH, 0x100000);
		cdev_bind(c->dev, c->iommu, NULL);
		cdev_attach(c->dev, c->ioas);
		bus_master(c->dev);
		cdev_detach(c->dev);
		ioas_unmap(c->iommu, c->ioas, 0x100000, 16 * PAGE);
		count(1);
	}
	munmap(memory, 16 * PAGE);
	return NULL;
}

/* The files go and come under the same numbers, in both orders. */
static void *close_and_open(void *argument)
{
	struct closing *c = argument;
	unsigned state = 1;

	while (more()) {
		int iommu = iommu_open(), dev = cdev_try("EDU0");
		unsigned random = pseudo_random(&state);
		uint32_t ioas = ioas_new(iommu);

		if (dev < 0)
			continue;
		__atomic_store_n(&c->ioas, ioas, __ATOMIC_RELAXED);
		if (random & 1) {
			dup2(iommu, c->iommu);
			usleep(random % 500);
			dup2(dev, c->dev);
		} else {
			dup2(dev, c->dev);
			usleep(random % 500);
			dup2(iommu, c->iommu);
		}
		close(iommu);
		close(dev);
		usleep(random % 3000);
	}
	__atomic_store_n(&c->over, true, __ATOMIC_RELAXED);
	return NULL;
}

void race_of_close_and_calls(void)
{
	struct closing c = {.iommu = iommu_open(), .dev = cdev_open("EDU0")};

	c.ioas = ioas_new(c.iommu);
	together((struct side[]){{call_on, &c}, {call_on, &c}, {close_and_open, &c}}, 3);
	close(c.dev);
	close(c.iommu);
	/* Nothing of it is left. */
	int iommu = iommu_open(), dev = cdev_open("EDU0");
	expect(cdev_bind(dev, iommu, NULL), 0);
	close(dev);
	close(iommu);
}

/* ---- Drivers and devices that are taken away ---- */

struct away {
	const char *device;
	bool over;
};

/* Whoever opens it finds it, or not; what it did until then works. */
static void *open_and_use(void *argument)
{
	struct away *a = argument;
	int iommu = iommu_open();
	uint32_t ioas = space_new(iommu);

	while (!__atomic_load_n(&a->over, __ATOMIC_RELAXED)) {
		int dev = cdev_try(a->device);

		if (dev < 0) {
			expect(dev, ENOENT, ENODEV, ENXIO, EISDIR);
			continue;
		}
		int r = cdev_bind(dev, iommu, NULL);
		expect(r, 0, EINVAL, ENODEV, EPERM);
		if (r == 0) {
			expect(cdev_attach(dev, ioas), 0, ENODEV);
			bus_master(dev);
			expect(cdev_detach(dev), 0, ENODEV);
			count(1);
		}
		close(dev);
	}
	close(iommu);
	return NULL;
}

static void *take_driver(void *argument)
{
	struct away *a = argument;
	unsigned state = 7;

	while (more()) {
		must(driver_give(a->device, ""));
		usleep(pseudo_random(&state) % 2000);
		must(driver_give(a->device, "vfio-pci"));
		usleep(pseudo_random(&state) % 20000);
		count(1);
	}
	__atomic_store_n(&a->over, true, __ATOMIC_RELAXED);
	return NULL;
}

void race_of_driver_unbinds(void)
{
	struct away a = {.device = "EDU3"};

	together((struct side[]){{take_driver, &a}, {open_and_use, &a}, {open_and_use, &a}}, 3);
}

static void *take_out(void *argument)
{
	struct away *a = argument;
	unsigned state = 3;
	char path[160];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", lab_name(a->device));
	while (more()) {
		must(write_word(path, "1"));
		usleep(pseudo_random(&state) % 2000);
		must(write_word("/sys/bus/pci/rescan", "1"));
		must(driver_give(a->device, "vfio-pci"));
		usleep(pseudo_random(&state) % 20000);
		count(1);
	}
	__atomic_store_n(&a->over, true, __ATOMIC_RELAXED);
	return NULL;
}

void race_of_removals(void)
{
	struct away a = {.device = "EDU2"};

	together((struct side[]){{take_out, &a}, {open_and_use, &a}, {open_and_use, &a}}, 3);
}

/* ---- KVM ---- */

enum {
	FILES = 1,
	ADD = 1,
	DEL = 2,
};

static int tell(int kvm_device, uint64_t what, int32_t fd)
{
	struct kvm_device_attr attr = {.group = FILES, .attr = what, .addr = (uintptr_t)&fd};

	return call(kvm_device, KVM_SET_DEVICE_ATTR, &attr);
}

static int vm_new(int kvm, int *device)
{
	struct kvm_create_device create = {.type = KVM_DEV_TYPE_VFIO};
	int vm = must(call(kvm, KVM_CREATE_VM, NULL));

	must(call(vm, KVM_CREATE_DEVICE, &create));
	*device = (int)create.fd;
	return vm;
}

static int kvm_open(void)
{
	if (access("/dev/kvm", F_OK) < 0 && system("modprobe kvm-amd"))
		die("no KVM");
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	return must(kvm < 0 ? -errno : kvm);
}

static void *close_it(void *fd)
{
	close(*(int *)fd);
	return NULL;
}

/* The last reference to a machine may be the device's, dropped in its close. */
void race_of_kvm(void)
{
	int kvm = kvm_open(), iommu = iommu_open();
	uint32_t ioas = space_new(iommu);

	for (unsigned n = 0; more(); n++, count(1)) {
		int device, vm = vm_new(kvm, &device), dev = cdev_open("EDU0");

		expect(tell(device, ADD, dev), 0);
		expect(cdev_bind(dev, iommu, NULL), 0);
		expect(cdev_attach(dev, ioas), 0);
		if (n % 3 == 1)
			expect(tell(device, DEL, dev), 0);
		together((struct side[]){{close_it, &vm}, {close_it, &device}, {close_it, &dev}},
			 3);
	}
	close(iommu);
	close(kvm);
}

struct telling {
	int device, dev;
	bool over;
};

static void *tell_it(void *argument)
{
	struct telling *t = argument;

	while (!__atomic_load_n(&t->over, __ATOMIC_RELAXED)) {
		expect(tell(t->device, ADD, t->dev), 0, EEXIST, EBADF, EINVAL);
		expect(tell(t->device, DEL, t->dev), 0, ENOENT, EBADF, EINVAL);
	}
	return NULL;
}

static void *bind_it(void *argument)
{
	struct telling *t = argument;
	int iommu = iommu_open();

	while (more()) {
		int dev = cdev_open("EDU0");

		dup2(dev, t->dev);
		close(dev);
		/* A file that KVM still has keeps the device. */
		expect(cdev_bind(t->dev, iommu, NULL), 0, EINVAL);
		count(1);
	}
	__atomic_store_n(&t->over, true, __ATOMIC_RELAXED);
	close(iommu);
	return NULL;
}

void race_of_kvm_and_binds(void)
{
	int kvm = kvm_open();
	struct telling t = {.dev = cdev_open("EDU0")};
	int vm = vm_new(kvm, &t.device);

	together((struct side[]){{tell_it, &t}, {bind_it, &t}, {tell_it, &t}}, 3);
	close(t.dev);
	close(t.device);
	close(vm);
	close(kvm);
}

/* ---- Two users on the nodes of one group ---- */

struct holders {
	int users;     /* that have a device of the group bound */
	unsigned held; /* rounds of each */
};
static struct holders *holders;

static void allow_all(const char *variable)
{
	char path[64], node[160];
	int fd = cdev_open(variable);
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, node, sizeof(node) - 1);
	must(n < 0 ? -errno : 0);
	node[n] = '\0';
	must(chmod(node, 0666) < 0 ? -errno : 0);
	close(fd);
}

static void use_as(void *argument)
{
	const bool first = argument == NULL;
	const char *device = first ? "EDU3" : "EDU4";
	uint8_t *memory = memory_new(PAGE);

	must(setresuid(1000 + !first, 1000 + !first, 1000 + !first) < 0 ? -errno : 0);
	while (more()) {
		int iommu = iommu_open(), dev = cdev_open(device);
		uint32_t ioas = ioas_new(iommu);
		int r = expect(cdev_bind(dev, iommu, NULL), 0, EPERM);

		if (r == 0) {
			if (__atomic_add_fetch(&holders->users, 1, __ATOMIC_SEQ_CST) != 1)
				failed("two users have devices of one group");
			expect(cdev_attach(dev, ioas), 0);
			expect(ioas_map(iommu, ioas, memory, PAGE, MAP_BOTH, 0x100000), 0);
			bus_master(dev);
			usleep(500);
			__atomic_sub_fetch(&holders->users, 1, __ATOMIC_SEQ_CST);
			count(1);
		}
		close(dev);
		close(iommu);
	}
}

void race_of_users(void)
{
	pid_t first, second;

	holders = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(chmod("/dev/iommu", 0666) < 0 ? -errno : 0);
	allow_all("EDU3");
	allow_all("EDU4");
	first = child(use_as, NULL);
	second = child(use_as, holders);
	child_end(first);
	child_end(second);
}
