/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a forked child may do with its parent's objects: free them without an ioctl, look at them, and
 * nothing else. Once where the kernel wipes a page at fork, once where it cannot.
 */
#include "flows.h"

#define RW (LIBIOMMUFD_READ | LIBIOMMUFD_WRITE)

struct world {
	struct script *k;
	bool wiped; /* the kernel has MADV_WIPEONFORK */
	struct libiommufd_ctx *ctx;
	struct libiommufd_ioas *ioas;
	struct libiommufd_device *dev;
	struct libiommufd_region *region;
	void *page; /* real memory, so that the real kernel wipes it */
};

/* Without the page every look at whose process it is asks for the pid. */
static void maybe_pid(struct world *w, pid_t pid)
{
	if (!w->wiped)
		expect_getpid(w->k, pid);
}

enum {
	PARENT = 1234,
	CHILD = 1235
};

static struct libiommufd_ctx *open_ctx(struct world *w)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
					   .backend = LIBIOMMUFD_BACKEND_NATIVE};
	size_t size = page_size();
	struct libiommufd_ctx *ctx = NULL;

	w->page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(w->page, MAP_FAILED);
	assert_int_equal(madvise(w->page, size, MADV_WIPEONFORK), 0);

	expect_open(w->k, "/dev/iommu", O_RDWR, IOMMU_FD);
	expect_probe(w->k, IOMMU_FD, IOMMU_IOAS_ALLOC, -EINVAL);
	expect_getpid(w->k, PARENT);
	expect_mmap(w->k, NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0,
		    w->page, 0);
	expect_madvise(w->k, w->page, size, MADV_WIPEONFORK, w->wiped ? 0 : -EINVAL);
	if (!w->wiped)
		expect_munmap(w->k, w->page, size, 0);
	assert_ok(ctx_open(script_sys(w->k), &opts, &ctx));
	return ctx;
}

/* One of each object; the device is attached. */
static struct world make_world(struct script *k, bool wiped)
{
	struct world w = {.k = k, .wiped = wiped};
	uint32_t bind[4] = {16, 0, IOMMU_FD, 0};
	struct vfio_region_info info = {.argsz = 32, .index = 0};

	w.ctx = open_ctx(&w);
	maybe_pid(&w, PARENT);
	w.ioas = create_ioas(k, w.ctx, IOAS_ID);
	maybe_pid(&w, PARENT);
	w.dev = open_device(k, w.ctx);
	maybe_pid(&w, PARENT);
	expect_ioctl_bytes(k, DEV_FD, VFIO_DEVICE_BIND_IOMMUFD, bind, sizeof(bind), 0);
	assert_ok(libiommufd_device_bind(w.dev, NULL));
	maybe_pid(&w, PARENT);
	attach_device(k, w.dev, w.ioas);
	maybe_pid(&w, PARENT);
	expect_ioctl_bytes(k, DEV_FD, VFIO_DEVICE_GET_REGION_INFO, &info, sizeof(info), 0);
	answer(k, struct vfio_region_info, .argsz = 32, .flags = 3, .size = 0x1000);
	assert_ok(libiommufd_device_query_region(w.dev, 0, &w.region));
	return w;
}

static void end_world(struct world *w)
{
	maybe_pid(w, PARENT);
	expect_close(w->k, DEV_FD, 0);
	assert_ok(libiommufd_device_close(w->dev, 0));
	maybe_pid(w, PARENT);
	destroy_ioas(w->k, w->ioas);
	expect_close(w->k, IOMMU_FD, 0);
	if (w->wiped)
		expect_munmap(w->k, w->page, page_size(), 0);
	assert_null(libiommufd_ctx_unref(w->ctx));
	munmap(w->page, page_size());
}

/* In a child the checks of cmocka would jump into the parent's list of tests. */
static bool refused(struct world *w, int result, const char *call)
{
	const struct libiommufd_error *last = libiommufd_last_error();

	(void)w;
	if (result == -EPERM && last->error == -EPERM &&
	    last->reason == LIBIOMMUFD_REASON_OTHER_PROCESS)
		return true;
	print_error("in a child, %s returns %d, reason %s\n", call, result,
		    libiommufd_reason_name(last->reason));
	return false;
}

#define REFUSED(call) (maybe_pid(w, CHILD), refused(w, call, #call))

static bool every_call_is_refused(void *data)
{
	struct world *w = data;
	struct libiommufd_ranges *ranges;
	struct libiommufd_region *region;
	struct libiommufd_ioas *ioas;
	struct libiommufd_device *dev;
	enum libiommufd_reach reach;
	uint64_t iova;
	uint32_t value32;
	uint16_t value16;
	uint8_t value8;
	bool enable, good = true;
	void *ptr, *va = (void *)0x10000;
	int fd;

	good &= REFUSED(libiommufd_ioas_create(w->ctx, NULL, &ioas));
	good &= REFUSED(libiommufd_device_open(w->ctx, NIC, NULL, &dev));
	good &= REFUSED(libiommufd_ioas_map(w->ioas, va, 0x10000, RW, &iova));
	good &= REFUSED(libiommufd_ioas_map_at(w->ioas, va, 0x10000, RW, 0));
	good &= REFUSED(libiommufd_ioas_map_file(w->ioas, 9, 0, 0x10000, RW, &iova));
	good &= REFUSED(libiommufd_ioas_map_file_at(w->ioas, 9, 0, 0x10000, RW, 0));
	good &= REFUSED(libiommufd_ioas_copy(w->ioas, w->ioas, 0, 0x10000, RW, &iova));
	good &= REFUSED(libiommufd_ioas_copy_at(w->ioas, w->ioas, 0, 0x10000, RW, 0));
	good &= REFUSED(libiommufd_ioas_unmap(w->ioas, 0, 0x10000, NULL));
	good &= REFUSED(libiommufd_ioas_unmap_all(w->ioas, NULL));
	good &= REFUSED(libiommufd_ioas_query_ranges(w->ioas, &ranges));
	good &= REFUSED(libiommufd_ioas_allow_iovas(w->ioas, NULL, 0));
	good &= REFUSED(libiommufd_ioas_set_huge_pages(w->ioas, true));
	good &= REFUSED(libiommufd_ioas_query_huge_pages(w->ioas, &enable));
	good &= REFUSED(libiommufd_device_bind(w->dev, NULL));
	good &= REFUSED(libiommufd_device_attach(w->dev, w->ioas));
	good &= REFUSED(libiommufd_device_attach_id(w->dev, 3));
	good &= REFUSED(libiommufd_device_detach(w->dev));
	good &= REFUSED(libiommufd_device_query_reach(w->dev, &reach, NULL));
	good &= REFUSED(libiommufd_device_query_private(w->dev, &enable));
	good &= REFUSED(libiommufd_device_query_container_fd(w->dev, &fd));
	good &= REFUSED(libiommufd_device_open_fd(w->ctx, 9, NULL, &dev));
	good &= REFUSED(libiommufd_device_open_group_fd(w->ctx, 9, NIC, NULL, &dev));
	good &= REFUSED(libiommufd_ioas_open_id(w->ctx, IOAS_ID, &ioas));
	good &= REFUSED(libiommufd_device_query_region_count(w->dev, &value32));
	good &= REFUSED(libiommufd_device_query_region(w->dev, 0, &region));
	good &= REFUSED(libiommufd_region_map(w->region, 0, 0x1000, RW, &ptr));
	good &= REFUSED(libiommufd_region_read(w->region, 0, &value8, 1));
	good &= REFUSED(libiommufd_region_write(w->region, 0, &value8, 1));
	good &= REFUSED(libiommufd_device_config_read8(w->dev, 0, &value8));
	good &= REFUSED(libiommufd_device_config_read16(w->dev, 0, &value16));
	good &= REFUSED(libiommufd_device_config_read32(w->dev, 0, &value32));
	good &= REFUSED(libiommufd_device_config_write8(w->dev, 0, 0));
	good &= REFUSED(libiommufd_device_config_write16(w->dev, 0, 0));
	good &= REFUSED(libiommufd_device_config_write32(w->dev, 0, 0));
	good &= REFUSED(libiommufd_device_set_bus_master(w->dev, true));
	return good;
}

static bool everything_is_freed(void *data)
{
	struct world *w = data;
	bool good = true;

	/* Only our copies of the files are closed: an ioctl would change the parent's objects. */
	maybe_pid(w, CHILD);
	expect_close(w->k, DEV_FD, 0);
	good &= libiommufd_device_close(w->dev, 0) == 0;
	maybe_pid(w, CHILD);
	good &= libiommufd_ioas_destroy(w->ioas) == 0;
	expect_close(w->k, IOMMU_FD, 0);
	if (w->wiped)
		expect_munmap(w->k, w->page, page_size(), 0);
	return good && !libiommufd_ctx_unref(w->ctx);
}

static bool it_can_be_looked_at(void *data)
{
	struct world *w = data;
	int fd = -1;
	bool good = true;

	good &= libiommufd_ctx_get_backend(w->ctx) == LIBIOMMUFD_BACKEND_NATIVE;
	good &= libiommufd_ioas_get_id(w->ioas) == IOAS_ID;
	good &= !strcmp(libiommufd_device_get_name(w->dev), NIC);
	good &= libiommufd_device_get_state(w->dev) == LIBIOMMUFD_DEVICE_ATTACHED;
	good &= libiommufd_device_query_fd(w->dev, &fd) == 0 && fd == DEV_FD;
	good &= libiommufd_ctx_query_fd(w->ctx, &fd) == 0 && fd == IOMMU_FD;
	good &= libiommufd_region_get_size(w->region) == 0x1000;
	expect_probe(w->k, IOMMU_FD, IOMMU_IOAS_COPY, -EINVAL);
	return good && libiommufd_ctx_has(w->ctx, LIBIOMMUFD_FEATURE_COPY) == 1;
}

static bool nothing_is_refused(void *data)
{
	struct world *w = data;
	enum libiommufd_reach reach;

	maybe_pid(w, PARENT);
	return libiommufd_device_query_reach(w->dev, &reach, NULL) == 0;
}

static void in_a_child(struct script *k, bool (*what)(void *data))
{
	for (int wiped = 0; wiped < 2; wiped++) {
		struct world w = make_world(k, wiped);

		assert_all_happened(k);
		assert_int_equal(in_child(k, what, &w), 0);
		/* Nothing of it reached the parent. */
		assert_true(nothing_is_refused(&w));
		end_world(&w);
	}
}

static void a_child_may_not_change_or_ask_anything(void **state)
{
	in_a_child(*state, every_call_is_refused);
}

static void a_child_frees_without_an_ioctl(void **state)
{
	in_a_child(*state, everything_is_freed);
}

static void a_child_may_look(void **state)
{
	in_a_child(*state, it_can_be_looked_at);
}

static void where_no_page_can_be_had_the_pid_tells(void **state)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
					   .backend = LIBIOMMUFD_BACKEND_NATIVE};
	struct libiommufd_ctx *ctx = NULL;
	struct libiommufd_ioas *ioas = (void *)1;

	expect_open(*state, "/dev/iommu", O_RDWR, IOMMU_FD);
	expect_probe(*state, IOMMU_FD, IOMMU_IOAS_ALLOC, -EINVAL);
	expect_getpid(*state, PARENT);
	expect_mmap(*state, NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0, NULL, -ENOMEM);
	assert_ok(ctx_open(script_sys(*state), &opts, &ctx));
	expect_getpid(*state, CHILD);
	assert_fails(libiommufd_ioas_create(ctx, NULL, &ioas), -EPERM,
		     LIBIOMMUFD_REASON_OTHER_PROCESS);
	assert_ptr_equal(ioas, (void *)1);
	expect_close(*state, IOMMU_FD, 0);
	assert_null(libiommufd_ctx_unref(ctx));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scripted(a_child_may_not_change_or_ask_anything),
		scripted(a_child_frees_without_an_ioctl),
		scripted(a_child_may_look),
		scripted(where_no_page_can_be_had_the_pid_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
