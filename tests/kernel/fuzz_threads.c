/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the calls of several threads at once, on objects that the others destroy, files that they close, and memory
 * that processes map who then end. Only what no kernel may answer is wrong here; the rest is for the kernel's own
 * checks, and for the count of pins when everything is closed.
 */
#include "fuzz.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

enum {
	FILES = 2,
	IDS = 24,
	THREADS = 8,
};

static struct crowd {
	int iommu[FILES], devices[DEVICES]; /* numbers that stay, of files that change */
	int file;
	long left; /* calls */
} crowd;

struct one {
	struct random random;
	pthread_t thread;
};

static uint32_t any_id(struct random *random)
{
	return 1 + below(random, IDS);
}

static uint64_t any_iova(struct random *random)
{
	return below(random, 50) ? WINDOW + (uint64_t)below(random, WINDOW_PAGES) * PAGE : MSI;
}

/* An errno that some call may answer; others are of the kernel's inside. */
static void judge(const char *what, int r, uint64_t a, uint64_t b)
{
	static const int known[] = {EINVAL,     ENOENT,    EBUSY,  EEXIST, EADDRINUSE, EPERM,
				    EFAULT,     ENOSPC,    ENOMEM, ENODEV, EBADF,      ENOTTY,
				    EOPNOTSUPP, EOVERFLOW, E2BIG,  EBADFD, EMSGSIZE,   EAGAIN};

	note(what, r, a, b, 0, 0);
	if (r >= 0)
		return;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (r == -known[i])
			return;
	broken("%s is %s", what, result_name(r));
}

/* The file behind a number becomes a new one. */
static void renew(struct random *random)
{
	int fd, n = (int)below(random, FILES + DEVICES);

	if (n < FILES) {
		fd = iommu_open();
		dup2(fd, crowd.iommu[n]);
	} else {
		fd = cdev_try(fuzz_devices[n - FILES]);
		if (fd < 0)
			return;
		dup2(fd, crowd.devices[n - FILES]);
	}
	close(fd);
	note("renew", 0, (uint64_t)n, 0, 0, 0);
}

/* A process that maps its memory and is gone, or is killed. */
static void map_elsewhere(struct random *random, int iommu)
{
	uint32_t ioas = any_id(random), dice = next(random);
	uint64_t iova = any_iova(random);
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = 0; i < 4; i++)
			ioas_map(iommu, ioas, region(i), 4 * PAGE, MAP_BOTH,
				 iova + (uint64_t)i * 4 * PAGE);
		_exit(0);
	}
	if (pid < 0)
		return;
	if (dice % 2)
		kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	note("map elsewhere", 0, ioas, iova, 0, 0);
}

static void one_call(struct random *random)
{
	int iommu = crowd.iommu[below(random, FILES)], d = (int)below(random, DEVICES),
	    dev = crowd.devices[d];
	uint64_t iova = any_iova(random),
		 length = (uint64_t)(1 + below(random, REGION_PAGES)) * PAGE;
	const struct iommu_iova_range list[2] = {{0x100000, 0xffffff}, {MSI, MSI + PAGE - 1}};
	uint32_t id = any_id(random), other = any_id(random), count;
	struct vfio_device_info info = {.argsz = sizeof(info)};
	struct iommu_ioas_alloc alloc = {.size = sizeof(alloc)};
	struct iommu_iova_range ranges[16];
	struct vfio_iommu_type1_dma_map map = {.argsz = sizeof(map),
					       .flags = 3,
					       .vaddr = (uintptr_t)region(d),
					       .iova = iova,
					       .size = length};
	struct vfio_iommu_type1_dma_unmap unmap = {.argsz = sizeof(unmap),
						   .iova = iova,
						   .size = length};
	struct {
		uint32_t size, id;
		uint16_t op, reserved;
	} compat = {.size = sizeof(compat), .id = id, .op = (uint16_t)below(random, 3)};
	uint64_t picked = 0, value = 1;
	uint16_t word;
	const char *what;
	int expected;

	switch (below(random, 30)) {
	case 0 ... 3:
		judge("map", ioas_map(iommu, id, region(d), length, MAP_BOTH, iova), id, iova);
		break;
	case 4:
		judge("map at a picked address",
		      ioas_map_any(iommu, id, region(d), length, MAP_READ, &picked), id, picked);
		break;
	case 5 ... 8:
		judge("unmap", ioas_unmap(iommu, id, iova, length), id, iova);
		break;
	case 9:
		if (below(random, 20) == 0)
			judge("unmap all", ioas_unmap(iommu, id, 0, UINT64_MAX), id, 0);
		break;
	case 10 ... 12:
		judge("copy", ioas_copy(iommu, id, iova, other, any_iova(random), length, MAP_READ),
		      id, other);
		break;
	case 13:
		judge("ioas_alloc", call(iommu, IOMMU_IOAS_ALLOC, &alloc), 0, 0);
		break;
	case 14:
		judge("destroy", iommu_destroy(iommu, id), id, 0);
		break;
	case 15:
		judge("hwpt_alloc", hwpt_new(iommu, id, other, 0, &count), id, other);
		break;
	case 16 ... 18:
		judge("attach", cdev_attach(dev, id), (uint64_t)d, id);
		break;
	case 19:
		judge("detach", cdev_detach(dev), (uint64_t)d, 0);
		break;
	case 20:
		/* A bind resets the device, which takes long. */
		if (d == MDEV || below(random, 40) == 0)
			judge("bind", cdev_bind(dev, iommu, NULL), (uint64_t)d, 0);
		break;
	case 21:
		judge("allow", ioas_allow(iommu, id, &list[below(random, 2)], below(random, 2)), id,
		      0);
		break;
	case 22:
		judge("iova_ranges", ioas_ranges(iommu, id, ranges, &count, NULL), id, 0);
		judge("option",
		      option(iommu, IOMMU_OPTION_HUGE_PAGES, (uint16_t)below(random, 2), id,
			     &value),
		      id, value);
		break;
	case 23:
		judge("info", call(dev, VFIO_DEVICE_GET_INFO, &info), (uint64_t)d, 0);
		if (pread(dev, &word, 2, 7LL << 40) < 0)
			judge("read", -errno == -EIO ? -EINVAL : -errno, (uint64_t)d, 0);
		break;
	case 24:
		judge("wrong", wrong_call(random, iommu, id, other, &what, &expected), 0, 0);
		break;
	case 25:
		judge("map a file", ioas_map_file(iommu, id, crowd.file, 0, length, MAP_BOTH, iova),
		      id, iova);
		break;
	case 26:
		judge("container's map", call(iommu, VFIO_IOMMU_MAP_DMA, &map), iova, length);
		break;
	case 27:
		judge("container's unmap", call(iommu, VFIO_IOMMU_UNMAP_DMA, &unmap), iova, length);
		break;
	case 28:
		judge("container's space", call(iommu, IOMMU_VFIO_IOAS, &compat), id, 0);
		break;
	default:
		if (below(random, 100) == 0)
			renew(random);
		if (below(random, 400) == 0)
			map_elsewhere(random, iommu);
	}
}

static void *make_calls(void *argument)
{
	struct one *one = argument;

	while (__atomic_fetch_sub(&crowd.left, 1, __ATOMIC_RELAXED) > 0)
		one_call(&one->random);
	return NULL;
}

unsigned long threads_life(struct random *random, unsigned long ops, int threads)
{
	struct one ones[THREADS];

	if (threads > THREADS)
		threads = THREADS;
	crowd.file = must(memfd_create("fuzz", MFD_CLOEXEC));
	must(ftruncate(crowd.file, REGION_PAGES * PAGE) < 0 ? -errno : 0);
	for (int i = 0; i < FILES; i++)
		crowd.iommu[i] = iommu_open();
	for (int d = 0; d < DEVICES; d++) {
		crowd.devices[d] = cdev_open(fuzz_devices[d]);
		must(cdev_bind(crowd.devices[d], crowd.iommu[d == 1], NULL));
	}
	for (int i = 0; i < 4; i++)
		for (int f = 0; f < FILES; f++)
			ioas_new(crowd.iommu[f]);
	crowd.left = (long)ops;
	for (int i = 0; i < threads; i++) {
		ones[i].random.state = (uint64_t)next(random) << 32 | next(random);
		must(-pthread_create(&ones[i].thread, NULL, make_calls, &ones[i]));
	}
	for (int i = 0; i < threads; i++)
		pthread_join(ones[i].thread, NULL);
	close(crowd.file);
	bool file_first = below(random, 2);
	for (int i = 0; file_first && i < FILES; i++)
		close(crowd.iommu[i]);
	for (int d = 0; d < DEVICES; d++)
		close(crowd.devices[d]);
	for (int i = 0; !file_first && i < FILES; i++)
		close(crowd.iommu[i]);
	return ops;
}
