/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record of the last failure, names of reasons, and the log hook. */
#include "flows.h"

#include <pthread.h>

static void the_record_knows_its_size_and_says_nothing_at_first(void **state)
{
	(void)state;
	const struct libiommufd_error *last = libiommufd_last_error();

	assert_int_equal(last->size, sizeof(*last));
	assert_int_equal(last->error, 0);
	assert_int_equal(last->reason, LIBIOMMUFD_REASON_NONE);
	assert_int_equal(last->needed, 0);
	assert_int_equal(last->allowed, 0);
	assert_string_equal(last->operation, "");
	assert_string_equal(last->subject, "");
	assert_string_equal(last->text, "");
}

static void the_text_is_operation_subject_and_sentence(void **state)
{
	struct libiommufd_ctx *ctx = open_native(*state);
	struct libiommufd_ioas *ioas = create_ioas(*state, ctx, IOAS_ID);
	const struct libiommufd_error *last = libiommufd_last_error();

	assert_fails(libiommufd_ioas_unmap(ioas, 0, 0, NULL), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_string_equal(last->operation, "unmap");
	assert_string_equal(last->subject, "ioas 3");
	assert_string_equal(last->text, "unmap ioas 3: length is 0");
	destroy_ioas(*state, ioas);
	close_ctx(*state, ctx);
}

static void without_a_subject_there_is_one_blank_less(void **state)
{
	(void)state;
	assert_fails(libiommufd_ctx_has(NULL, 1), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_string_equal(libiommufd_last_error()->subject, "");
	assert_string_equal(libiommufd_last_error()->text, "ctx_has: ctx is NULL");
}

static void a_type1_address_space_has_no_number(void **state)
{
	struct libiommufd_ctx *ctx = open_type1(*state);
	struct libiommufd_ioas *ioas = create_ioas(*state, ctx, 0);

	assert_fails(libiommufd_ioas_unmap(ioas, 0, 0, NULL), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_string_equal(libiommufd_last_error()->subject, "ioas");
	destroy_ioas(*state, ioas);
	close_ctx(*state, ctx);
}

static void figures_of_one_failure_are_gone_with_the_next(void **state)
{
	struct libiommufd_ctx *ctx = open_native(*state);
	struct libiommufd_ioas *ioas = create_ioas(*state, ctx, IOAS_ID);

	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_MAP, -ENOSPC, struct iommu_ioas_map, .size = 40,
		     .flags = 5, .ioas_id = IOAS_ID, .user_va = 0x10000, .length = 0x1000);
	assert_fails(libiommufd_ioas_map_at(ioas, (void *)0x10000, 0x1000, LIBIOMMUFD_READ, 0),
		     -ENOSPC, LIBIOMMUFD_REASON_IOVA_EXHAUSTED);
	assert_int_equal(libiommufd_last_error()->needed, 0x1000);
	/* Not forgotten in between, as assert_fails() would. */
	assert_int_equal(libiommufd_ioas_unmap(ioas, 0, 0, NULL), -EINVAL);
	assert_int_equal(libiommufd_last_error()->reason, LIBIOMMUFD_REASON_ARGUMENT);
	assert_int_equal(libiommufd_last_error()->needed, 0);
	assert_int_equal(libiommufd_last_error()->allowed, 0);
	destroy_ioas(*state, ioas);
	close_ctx(*state, ctx);
}

static void a_copy_by_assignment_stays(void **state)
{
	(void)state;
	assert_fails(libiommufd_ctx_has(NULL, 1), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	struct libiommufd_error copy = *libiommufd_last_error();
	assert_fails(libiommufd_ioas_unmap_all(NULL, NULL), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_string_equal(copy.text, "ctx_has: ctx is NULL");
	assert_string_equal(libiommufd_last_error()->text, "unmap_all: ioas is NULL");
}

static void a_long_subject_is_cut_and_terminated(void **state)
{
	const struct libiommufd_error *last = libiommufd_last_error();
	struct libiommufd_ctx *ctx = open_native(*state);
	struct libiommufd_device *dev = (void *)1;
	char name[4096];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (const char *start = "x/"; *start; start++) {
		name[0] = *start;
		assert_fails(libiommufd_device_open(ctx, name, NULL, &dev), -EINVAL,
			     LIBIOMMUFD_REASON_ARGUMENT);
		assert_int_equal(strnlen(last->subject, sizeof(last->subject)),
				 sizeof(last->subject) - 1);
		assert_true(strnlen(last->text, sizeof(last->text)) < sizeof(last->text));
		assert_true(strlen(last->text) > sizeof(last->subject));
	}
	assert_ptr_equal(dev, (void *)1);
	close_ctx(*state, ctx);
}

static void a_long_sentence_is_cut_and_terminated(void **state)
{
	const struct libiommufd_error *last = libiommufd_last_error();
	struct libiommufd_ctx *ctx = open_native(*state);
	struct libiommufd_device *dev = (void *)1;
	char name[512] = "/sys/";

	memset(name + 5, 'x', sizeof(name) - 6);
	expect_realpath(*state, name, NULL, -ENOENT);
	assert_fails(libiommufd_device_open(ctx, name, NULL, &dev), -ENODEV,
		     LIBIOMMUFD_REASON_NO_SUCH_DEVICE);
	assert_true(strnlen(last->text, sizeof(last->text)) < sizeof(last->text));
	close_ctx(*state, ctx);
}

/* ---- Threads ---- */

struct other_thread {
	struct libiommufd_error first, last;
	const struct libiommufd_error *where;
};

static void *fail_elsewhere(void *data)
{
	struct other_thread *thread = data;

	thread->where = libiommufd_last_error();
	thread->first = *thread->where;
	libiommufd_ioas_unmap_all(NULL, NULL);
	thread->last = *thread->where;
	return NULL;
}

static void each_thread_has_its_own_record(void **state)
{
	struct other_thread thread;
	pthread_t id;

	(void)state;
	assert_fails(libiommufd_ctx_has(NULL, 1), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_int_equal(pthread_create(&id, NULL, fail_elsewhere, &thread), 0);
	assert_int_equal(pthread_join(id, NULL), 0);
	assert_ptr_not_equal(thread.where, libiommufd_last_error());
	assert_int_equal(thread.first.size, sizeof(thread.first));
	assert_int_equal(thread.first.error, 0);
	assert_string_equal(thread.first.text, "");
	assert_string_equal(thread.last.text, "unmap_all: ioas is NULL");
	assert_string_equal(libiommufd_last_error()->text, "ctx_has: ctx is NULL");
}

/* ---- Names ---- */

static void every_reason_has_its_name(void **state)
{
	static const char *const names[] = {
		"NONE",         "KERNEL",         "ARGUMENT",          "OPTIONS",
		"MEMORY",       "NOT_SUPPORTED",  "OTHER_PROCESS",     "OTHER_CTX",
		"NO_BACKEND",   "NOT_PERMITTED",  "NODE_MISSING",      "STALE_NODE",
		"NO_CDEV",      "NO_SUCH_DEVICE", "NO_GROUP",          "NOT_VFIO_DRIVER",
		"DEVICE_GONE",  "NOT_BOUND",      "ALREADY_BOUND",     "GROUP_NOT_VIABLE",
		"GROUP_BUSY",   "GROUP_ATTACHED", "UNSAFE_INTERRUPTS", "IOVA_RANGE",
		"IOVA_IN_USE",  "IOVA_CONFLICT",  "IOVA_EXHAUSTED",    "NOT_MAPPED",
		"BAD_MEMORY",   "MEMORY_LIMIT",   "ENTRY_LIMIT",       "RAISED_ACCESS",
		"IN_USE",       "REGION_MAPPED",  "REGION_ACCESS",     "RESTORE_FAILED",
		"VECTOR_LIMIT", "NOT_OWNED",      "VF_TOKEN",          "CONTAINER_SHARED",
	};
	const uint32_t count = sizeof(names) / sizeof(names[0]);

	(void)state;
	for (uint32_t i = 0; i < count; i++)
		assert_string_equal(libiommufd_reason_name(i), names[i]);
	/* The list above is all: a new reason comes with a line there. */
	assert_string_equal(libiommufd_reason_name(count), "UNKNOWN");
	assert_string_equal(libiommufd_reason_name(UINT32_MAX), "UNKNOWN");
}

static void the_version_is_that_of_the_build(void **state)
{
	(void)state;
	assert_string_equal(libiommufd_get_version(), LIBIOMMUFD_VERSION);
}

/* ---- Log ---- */

struct heard {
	struct libiommufd_ctx *ctx; /* to call from the hook */
	unsigned lines[3];          /* by level */
	char text[3][512];
};

static void hear(void *data, uint32_t level, const char *text)
{
	struct heard *heard = data;

	if (level > LIBIOMMUFD_LOG_INFO)
		return;
	heard->lines[level]++;
	snprintf(heard->text[level], sizeof(heard->text[level]), "%s", text);
	/* A call that fails from within the hook, once. */
	struct libiommufd_ctx *ctx = heard->ctx;
	heard->ctx = NULL;
	if (ctx)
		libiommufd_ctx_has(ctx, 9999);
	if (ctx)
		snprintf(heard->text[level], sizeof(heard->text[level]), "%s", text);
}

static struct libiommufd_ctx *open_with_log(struct script *k, struct heard *heard, uint32_t level)
{
	struct libiommufd_ctx_opts opts = {
		.size = sizeof(opts),
		.backend = LIBIOMMUFD_BACKEND_NATIVE,
		.log_level = level,
		.log = hear,
		.log_data = heard,
	};
	return open_native_with(k, &opts);
}

static void the_log_is_silent_by_default(void **state)
{
	struct heard heard = {0};
	struct libiommufd_ctx *ctx = open_with_log(*state, &heard, LIBIOMMUFD_LOG_NONE);

	assert_fails(libiommufd_ctx_has(ctx, 0), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_int_equal(heard.lines[1] + heard.lines[2], 0);
	close_ctx(*state, ctx);
}

static void level_error_hears_failures_only(void **state)
{
	struct heard heard = {0};
	struct libiommufd_ctx *ctx = open_with_log(*state, &heard, LIBIOMMUFD_LOG_ERROR);

	assert_int_equal(heard.lines[1] + heard.lines[2], 0);
	assert_fails(libiommufd_ctx_has(ctx, 0), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_int_equal(heard.lines[LIBIOMMUFD_LOG_ERROR], 1);
	assert_int_equal(heard.lines[LIBIOMMUFD_LOG_INFO], 0);
	assert_string_equal(heard.text[LIBIOMMUFD_LOG_ERROR], libiommufd_last_error()->text);
	close_ctx(*state, ctx);
}

static void level_info_hears_the_choice_of_a_backend(void **state)
{
	struct heard heard = {0};
	struct libiommufd_ctx *ctx = open_with_log(*state, &heard, LIBIOMMUFD_LOG_INFO);

	assert_int_equal(heard.lines[LIBIOMMUFD_LOG_ERROR], 0);
	assert_int_equal(heard.lines[LIBIOMMUFD_LOG_INFO], 1);
	assert_string_equal(heard.text[LIBIOMMUFD_LOG_INFO], libiommufd_ctx_get_backend_why(ctx));
	close_ctx(*state, ctx);
}

static void a_ctx_that_never_was_still_tells_the_log(void **state)
{
	struct heard heard = {0};
	struct libiommufd_ctx_opts opts = {
		.size = sizeof(opts),
		.backend = LIBIOMMUFD_BACKEND_NATIVE,
		.log_level = LIBIOMMUFD_LOG_ERROR,
		.log = hear,
		.log_data = &heard,
	};
	struct libiommufd_ctx *ctx = (void *)1;

	expect_open(*state, "/dev/iommu", O_RDWR, -ENOENT);
	assert_fails(ctx_open(script_sys(*state), &opts, &ctx), -ENOENT,
		     LIBIOMMUFD_REASON_NO_BACKEND);
	assert_int_equal(heard.lines[LIBIOMMUFD_LOG_ERROR], 1);
	assert_ptr_equal(ctx, (void *)1);
}

static void the_record_survives_a_hook_that_fails_calls_itself(void **state)
{
	struct heard heard = {0};
	struct libiommufd_ctx *ctx = open_with_log(*state, &heard, LIBIOMMUFD_LOG_ERROR);

	heard.ctx = ctx;
	assert_fails(libiommufd_ctx_has(ctx, 8888), -EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_int_equal(heard.lines[LIBIOMMUFD_LOG_ERROR], 2);
	assert_string_equal(libiommufd_last_error()->text, "ctx_has: unknown feature 8888");
	/* And the hook's own text, to the end of the hook. */
	assert_string_equal(heard.text[LIBIOMMUFD_LOG_ERROR], "ctx_has: unknown feature 8888");
	close_ctx(*state, ctx);
}

/* Calls that take the locks of the device, its regions and its address space. */
struct under_lock {
	struct libiommufd_device *dev;
	struct libiommufd_ioas *ioas;
	struct libiommufd_region *region;
	unsigned heard;
};

static void take_every_lock(void *data, uint32_t level, const char *text)
{
	struct under_lock *locks = data;
	enum libiommufd_reach reach;
	struct libiommufd_region *region;

	(void)level;
	(void)text;
	if (locks->heard++)
		return;
	/* Would hang if the library held a lock. */
	libiommufd_device_detach(locks->dev);
	libiommufd_device_query_reach(locks->dev, &reach, NULL);
	libiommufd_device_query_region(locks->dev, 0, &region);
	libiommufd_ioas_allow_iovas(locks->ioas, NULL, 0);
}

static void expect_hook(struct script *k)
{
	uint32_t detach[2] = {8, 0};
	struct vfio_region_info info = {.argsz = 32};

	expect_ioctl_bytes(k, DEV_FD, VFIO_DEVICE_DETACH_IOMMUFD_PT, detach, sizeof(detach), 0);
	expect_ioctl_bytes(k, DEV_FD, VFIO_DEVICE_GET_REGION_INFO, &info, sizeof(info), -EINVAL);
	expect_ioctl(k, IOMMU_FD, IOMMU_IOAS_ALLOW_IOVAS, 0, struct iommu_ioas_allow_iovas, 24,
		     IOAS_ID);
}

static void the_hook_is_called_with_no_lock_held(void **state)
{
	struct under_lock locks = {0};
	struct libiommufd_ctx_opts opts = {
		.size = sizeof(opts),
		.backend = LIBIOMMUFD_BACKEND_NATIVE,
		.log_level = LIBIOMMUFD_LOG_ERROR,
		.log = take_every_lock,
		.log_data = &locks,
	};
	struct libiommufd_ctx *ctx = open_native_with(*state, &opts);
	struct libiommufd_region *region = NULL;
	struct libiommufd_range range = {0x1000, 0x1fff};
	uint32_t attach[3] = {12, 0, IOAS_ID};
	struct vfio_region_info info = {.argsz = 32, .index = 1};

	locks.ioas = create_ioas(*state, ctx, IOAS_ID);
	locks.dev = bind_device(*state, ctx);
	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_ATTACH_IOMMUFD_PT, attach, sizeof(attach),
			   -EADDRINUSE);
	expect_hook(*state);
	assert_fails(libiommufd_device_attach(locks.dev, locks.ioas), -EADDRINUSE,
		     LIBIOMMUFD_REASON_IOVA_CONFLICT);

	locks.heard = 0;
	expect_ioctl_bytes(*state, DEV_FD, VFIO_DEVICE_GET_REGION_INFO, &info, sizeof(info), -EIO);
	expect_hook(*state);
	assert_fails(libiommufd_device_query_region(locks.dev, 1, &region), -EIO,
		     LIBIOMMUFD_REASON_KERNEL);

	locks.heard = 0;
	expect_ioctl(*state, IOMMU_FD, IOMMU_IOAS_ALLOW_IOVAS, -EIO, struct iommu_ioas_allow_iovas,
		     24, IOAS_ID, 1);
	points_somewhere(*state, offsetof(struct iommu_ioas_allow_iovas, allowed_iovas));
	expect_hook(*state);
	assert_fails(libiommufd_ioas_allow_iovas(locks.ioas, &range, 1), -EIO,
		     LIBIOMMUFD_REASON_KERNEL);

	close_device(*state, locks.dev);
	destroy_ioas(*state, locks.ioas);
	close_ctx(*state, ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* Before any failure. */
		scripted(the_record_knows_its_size_and_says_nothing_at_first),
		scripted(the_text_is_operation_subject_and_sentence),
		scripted(without_a_subject_there_is_one_blank_less),
		scripted(a_type1_address_space_has_no_number),
		scripted(figures_of_one_failure_are_gone_with_the_next),
		scripted(a_copy_by_assignment_stays),
		scripted(a_long_subject_is_cut_and_terminated),
		scripted(a_long_sentence_is_cut_and_terminated),
		scripted(each_thread_has_its_own_record),
		scripted(every_reason_has_its_name),
		scripted(the_version_is_that_of_the_build),
		scripted(the_log_is_silent_by_default),
		scripted(level_error_hears_failures_only),
		scripted(level_info_hears_the_choice_of_a_backend),
		scripted(a_ctx_that_never_was_still_tells_the_log),
		scripted(the_record_survives_a_hook_that_fails_calls_itself),
		scripted(the_hook_is_called_with_no_lock_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
