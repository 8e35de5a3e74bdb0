/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the tests of files that are not what the receiver is told they are (type1): each is refused with an
 * errno and a reason of its own, and stays open. Needs an edu and an e1000e function.
 */
#include "passing.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* What the receiver opens itself, before it is locked up; -1 where there is none. */
struct files {
	int null;
	int empty; /* a container without a group */
	int iommu;
	int loose; /* a group that is in no container */
};

static struct files open_files(void)
{
	struct files files = {.null = open("/dev/null", O_RDWR | O_CLOEXEC),
			      .empty = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC),
			      .iommu = open("/dev/iommu", O_RDWR | O_CLOEXEC)};
	struct libiommufd_facts *facts;
	char path[32];

	assert_ok(libiommufd_ctx_query_facts(NULL, bench_name("NET0"), &facts));
	snprintf(path, sizeof(path), "/dev/vfio/%d", libiommufd_facts_get_group(facts));
	libiommufd_facts_free(facts);
	files.loose = open(path, O_RDWR | O_CLOEXEC);
	assert_true(files.null >= 0 && files.empty >= 0 && files.loose >= 0);
	return files;
}

/* All of them are still open, and no others. */
static void expect_open(const struct files *files, int lowest, int passed)
{
	const int all[] = {files->null, files->empty, files->loose, passed};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_true(fcntl(all[i], F_GETFD) >= 0);
	assert_int_equal(lowest_free_file(), lowest);
}

/* ---- Containers ---- */

static int open_container(int fd, uint32_t backend)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts), .backend = backend};
	struct libiommufd_ctx *ctx = NULL;
	int r = libiommufd_ctx_open_fd(fd, &opts, &ctx);

	if (r < 0)
		assert_null(ctx);
	libiommufd_ctx_unref(ctx);
	return r;
}

static void open_wrong_containers(int sock)
{
	struct files files = open_files();
	struct received r;
	int container, device;

	receive_device(&r, sock);
	assert_ok(libiommufd_device_query_container_fd(r.bench.dev, &container));
	assert_ok(libiommufd_device_query_fd(r.bench.dev, &device));
	int lowest = lowest_free_file();

	assert_ok(open_container(container, LIBIOMMUFD_BACKEND_TYPE1));
	assert_refused(open_container(container, LIBIOMMUFD_BACKEND_AUTO), ENOTTY, ARGUMENT);
	assert_refused(open_container(container, LIBIOMMUFD_BACKEND_NATIVE), ENOTTY, ARGUMENT);
	assert_refused(open_container(files.null, LIBIOMMUFD_BACKEND_TYPE1), ENOTTY, ARGUMENT);
	assert_refused(open_container(files.loose, LIBIOMMUFD_BACKEND_TYPE1), ENOTTY, ARGUMENT);
	assert_refused(open_container(device, LIBIOMMUFD_BACKEND_TYPE1), ENOTTY, ARGUMENT);
	assert_refused(open_container(files.empty, LIBIOMMUFD_BACKEND_TYPE1), EINVAL, ARGUMENT);
	assert_sentence("has no IOMMU");
	/* It answers as a container does. */
	if (files.iommu >= 0)
		assert_refused(open_container(files.iommu, LIBIOMMUFD_BACKEND_TYPE1), EINVAL,
			       ARGUMENT);
	assert_refused(open_container(-1, LIBIOMMUFD_BACKEND_TYPE1), EBADF, ARGUMENT);
	assert_refused(open_container(999, LIBIOMMUFD_BACKEND_TYPE1), EBADF, ARGUMENT);
	expect_open(&files, lowest, container);
	receiver_end(&r);
}

static void what_is_no_container_is_refused(void **state)
{
	passing_device(*state, open_wrong_containers);
	receiver_ends();
}

/* ---- Groups ---- */

static int open_group(struct received *r, int fd, const char *name)
{
	struct libiommufd_device *dev = NULL;
	int result = libiommufd_device_open_group_fd(r->bench.ctx, fd, name, NULL, &dev);

	if (result < 0)
		assert_null(dev);
	else
		libiommufd_device_close(dev, 0);
	return result;
}

static int bind_in_group(struct received *r, const char *name)
{
	struct libiommufd_device *dev;

	assert_ok(libiommufd_device_open_group_fd(r->bench.ctx, r->file, name, NULL, &dev));
	int result = libiommufd_device_bind(dev, NULL);
	libiommufd_device_close(dev, 0);
	return result;
}

static void open_wrong_groups(int sock)
{
	static const char long_name[] = "0000:00:04.0-0000:00:04.0-0000:00:04.0-"
					"0000:00:04.0-0000:00:04.0-0000:00:04.0";
	struct libiommufd_group_fd_opts opts = {.size = sizeof(opts), .flags = 2};
	struct files files = open_files();
	struct libiommufd_device *dev = NULL;
	struct received r;

	receive(&r, sock);
	int lowest = lowest_free_file();
	assert_ok(open_group(&r, r.file, r.name));
	assert_refused(open_group(&r, files.null, r.name), ENOTTY, ARGUMENT);
	assert_refused(open_group(&r, files.empty, r.name), EINVAL, ARGUMENT);
	assert_refused(open_group(&r, files.loose, r.name), EINVAL, ARGUMENT);
	assert_sentence("is in no container");
	assert_refused(open_group(&r, -1, r.name), EBADF, ARGUMENT);
	assert_refused(open_group(&r, r.file, ""), EINVAL, ARGUMENT);
	assert_refused(open_group(&r, r.file, "../0000:00:04.0"), EINVAL, ARGUMENT);
	assert_refused(open_group(&r, r.file, "0000:00:04.0 vf_token=1"), EINVAL, ARGUMENT);
	assert_refused(open_group(&r, r.file, long_name), EINVAL, ARGUMENT);
	assert_refused(open_group(&r, r.file, NULL), EINVAL, ARGUMENT);
	assert_refused(libiommufd_device_open_group_fd(r.bench.ctx, r.file, r.name, &opts, &dev),
		       EINVAL, OPTIONS);
	assert_null(dev);

	assert_refused(bind_in_group(&r, "0000:00:1e.7"), ENODEV, NO_SUCH_DEVICE);
	assert_sentence("0000:00:1e.7");
	assert_refused(bind_in_group(&r, "no-such-device"), ENODEV, NO_SUCH_DEVICE);
	/* It is there, but not in this group. */
	assert_refused(bind_in_group(&r, bench_name("NET0")), ENODEV, NO_SUCH_DEVICE);
	assert_ok(bind_in_group(&r, r.name));
	expect_open(&files, lowest, r.file);
	receiver_end(&r);
}

static void what_is_no_group_and_no_device_of_it_is_refused(void **state)
{
	passing_group(*state, open_wrong_groups, "EDU0");
	receiver_ends();
}

/* ---- Devices ---- */

static int open_device(struct libiommufd_ctx *ctx, int fd, uint32_t state, uint32_t dev_id,
		       struct libiommufd_device **ret_dev)
{
	struct libiommufd_device_fd_opts opts = {.size = sizeof(opts),
						 .state = state,
						 .dev_id = dev_id};

	return libiommufd_device_open_fd(ctx, fd, &opts, ret_dev);
}

static void open_wrong_devices(int sock)
{
	struct libiommufd_device *dev = NULL;
	struct libiommufd_region *region = NULL;
	struct files files = open_files();
	struct received r;
	uint32_t count = 42;
	int fd;

	receive_device(&r, sock);
	struct libiommufd_ctx *ctx = r.bench.ctx;
	assert_ok(libiommufd_device_query_fd(r.bench.dev, &fd));
	int lowest = lowest_free_file();
	assert_refused(open_device(ctx, fd, LIBIOMMUFD_DEVICE_OPENED, 0, &dev), EINVAL, OPTIONS);
	assert_refused(open_device(ctx, fd, 0, 0, &dev), EINVAL, OPTIONS);
	assert_refused(open_device(ctx, fd, LIBIOMMUFD_DEVICE_ATTACHED, 0, &dev), EINVAL, OPTIONS);
	assert_refused(open_device(ctx, fd, LIBIOMMUFD_DEVICE_BOUND, 5, &dev), EINVAL, OPTIONS);
	assert_refused(open_device(ctx, -1, LIBIOMMUFD_DEVICE_BOUND, 0, &dev), EBADF, ARGUMENT);
	assert_refused(libiommufd_device_open_fd(ctx, fd, NULL, &dev), EINVAL, OPTIONS);
	assert_null(dev);

	/* Nobody looks at a file before it is used. */
	const int wrong[] = {files.null, files.loose};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_ok(open_device(ctx, wrong[i], LIBIOMMUFD_DEVICE_BOUND, 0, &dev));
		assert_refused(libiommufd_device_query_region_count(dev, &count), ENOTTY, KERNEL);
		assert_refused(libiommufd_device_query_region(dev, 0, &region), ENOTTY, KERNEL);
		assert_refused(libiommufd_device_set_bus_master(dev, true), ENOTTY, KERNEL);
		assert_ok(libiommufd_device_close(dev, 0));
	}
	assert_int_equal(count, 42);
	assert_null(region);
	expect_open(&files, lowest, fd);
	receiver_end(&r);
}

static void what_is_no_device_is_refused_when_it_is_used(void **state)
{
	passing_device(*state, open_wrong_devices);
	receiver_ends();
}

static void a_context_that_is_not_of_a_container_takes_no_files(void **state)
{
	struct libiommufd_device *dev = NULL;
	struct libiommufd_ioas *ioas = NULL;
	struct bench *b = *state;
	int fd = 42, files = count_files();

	assert_refused(libiommufd_ctx_query_fd(b->ctx, &fd), EOPNOTSUPP, NOT_SUPPORTED);
	assert_int_equal(fd, 42);
	assert_refused(libiommufd_ioas_open_id(b->ctx, 0, &ioas), EOPNOTSUPP, NOT_SUPPORTED);
	assert_ok(libiommufd_device_query_fd(b->dev, &fd));
	assert_refused(open_device(b->ctx, fd, LIBIOMMUFD_DEVICE_BOUND, 0, &dev), EOPNOTSUPP,
		       NOT_SUPPORTED);
	assert_ok(libiommufd_device_query_kvm_fd(b->dev, &fd));
	assert_refused(libiommufd_device_open_group_fd(b->ctx, fd, bench_name("EDU0"), NULL, &dev),
		       EOPNOTSUPP, NOT_SUPPORTED);
	assert_null(dev);
	assert_null(ioas);
	assert_int_equal(count_files(), files);
}

static void in_a_passed_container_no_device_is_opened_by_name(void **state)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts),
					   .backend = LIBIOMMUFD_BACKEND_TYPE1};
	struct libiommufd_device *dev = NULL;
	struct libiommufd_ctx *ctx;
	struct bench *b = *state;
	int fd, files = count_files();

	assert_ok(libiommufd_device_query_container_fd(b->dev, &fd));
	assert_ok(libiommufd_ctx_open_fd(fd, &opts, &ctx));
	assert_refused(libiommufd_device_open(ctx, bench_name("EDU0"), NULL, &dev), EOPNOTSUPP,
		       NOT_SUPPORTED);
	assert_null(dev);
	libiommufd_ctx_unref(ctx);
	assert_int_equal(count_files(), files);
	assert_true(dma_works(b, 0, HOME, b->home));
}

static void before_bind_there_is_no_container_to_pass(void **state)
{
	struct bench *b = *state;
	int fd = 42;

	assert_refused(libiommufd_device_query_container_fd(b->dev, &fd), EACCES, NOT_BOUND);
	assert_int_equal(fd, 42);
}

int run_passing_wrong(void)
{
	const struct CMUnitTest tests[] = {
		passing_test(what_is_no_container_is_refused),
		passing_test(what_is_no_group_and_no_device_of_it_is_refused),
		passing_test(what_is_no_device_is_refused_when_it_is_used),
		bench_test(a_context_that_is_not_of_a_container_takes_no_files, bench_setup_bound),
		bench_test(in_a_passed_container_no_device_is_opened_by_name, bench_setup_attached),
		bench_test(before_bind_there_is_no_container_to_pass, bench_setup_opened),
	};

	return cmocka_run_group_tests_name("passing what is wrong", tests, NULL, NULL);
}
