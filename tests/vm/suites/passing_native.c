/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the tests of files that one process passes to another on the native backend: what the receiver can
 * do with them, and what it leaves behind. Needs one edu.
 */
#include "passing.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Receivers ---- */

/* Memory to device to memory, through the address space that was passed. */
static void work_with_dma(struct received *r)
{
	uint8_t *memory = bench_memory(PAGE);
	uint64_t iova;

	receiver_attach(r);
	assert_ok(libiommufd_ioas_map(r->bench.ioas, memory, PAGE, BOTH, &iova));
	assert_true(dma_works(&r->bench, 0, iova, memory));
	assert_ok(libiommufd_ioas_unmap(r->bench.ioas, iova, PAGE, NULL));
	assert_false(dma_works(&r->bench, 0, iova, memory));
	assert_ok(libiommufd_ioas_unmap(r->bench.ioas, HOME, PAGE, NULL));
}

static void bind_and_work(int sock)
{
	struct received r;
	uint32_t count;

	receive_device(&r, sock);
	struct libiommufd_device *dev = r.bench.dev;
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_OPENED);
	assert_refused(libiommufd_device_query_irq(dev, 0, &count, NULL), EACCES, NOT_BOUND);
	assert_ok(libiommufd_device_bind(dev, NULL));
	assert_true(libiommufd_device_get_id(dev) != 0);
	work_with_dma(&r);
	assert_ok(libiommufd_device_query_irq(dev, 0, &count, NULL));
	assert_int_equal(count, 1);
	assert_ok(libiommufd_device_detach(dev));
	receiver_end(&r);
}

static void work_and_close(int sock)
{
	struct received r;

	receive_device(&r, sock);
	assert_int_equal(libiommufd_device_get_state(r.bench.dev), LIBIOMMUFD_DEVICE_BOUND);
	work_with_dma(&r);
	receiver_end(&r);
}

static void bind_again(int sock)
{
	struct received r;

	receive(&r, sock);
	assert_ok(libiommufd_device_open_fd(r.bench.ctx, r.file, NULL, &r.bench.devices[0]));
	assert_refused(libiommufd_device_bind(r.bench.devices[0], NULL), EINVAL, ALREADY_BOUND);
	receiver_end(&r);
}

/* ---- Tests ---- */

static void an_opened_device_is_bound_by_its_receiver(void **state)
{
	struct bench *b = *state;

	receiver_start(bind_and_work);
	/* The receiver's home lies where ours would. */
	assert_ok(libiommufd_ioas_unmap_all(b->ioas, NULL));
	bench_open(b, 0);
	receiver_send(b, 0, DEVICE_FILE);
	receiver_ends();
	/* Ours is the same file, so it is bound; the receiver's end did not unbind it. */
	assert_refused(libiommufd_device_bind(b->dev, NULL), EINVAL, ALREADY_BOUND);
	bench_close(b, 0);
	bench_bind(b, 0);
}

static void the_receivers_close_leaves_the_device_attached(void **state)
{
	uint8_t *memory = bench_memory(PAGE);
	struct bench *b = *state;

	passing_attached(b, work_and_close);
	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	assert_true(dma_works(b, 0, 0x10000, memory));
	assert_ok(libiommufd_ioas_unmap(b->ioas, HOME, PAGE, NULL));
	receiver_send(b, 0, DEVICE_FILE);
	receiver_ends();
	assert_state(b->dev, ATTACHED, IOAS, b->ioas);
	assert_ok(libiommufd_ioas_map_at(b->ioas, b->home, PAGE, BOTH, HOME));
	assert_true(dma_works(b, 0, 0x10000, memory));
	munmap(memory, PAGE);
}

static void a_bound_device_passed_as_opened_is_not_bound_again(void **state)
{
	passing_device(*state, bind_again);
	receiver_ends();
}

static void forbidden_calls_kill_the_receiver(void **state)
{
	static const long forbidden[] = {
		SYS_openat,   SYS_open,      SYS_read,   SYS_socket, SYS_getdents64, SYS_readlink,
		SYS_mprotect, SYS_prlimit64, SYS_execve, SYS_clone,  SYS_kill,       SYS_dup,
	};
	int status;

	(void)state;
	for (size_t i = 0; i <= sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		bool control = i == sizeof(forbidden) / sizeof(forbidden[0]);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (!pid) {
			receiver_lock_up();
			syscall(control ? SYS_getpid : forbidden[i], -1, 0, 0, 0, 0, 0);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (control)
			assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
		else
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	}
}

static int open_fd(struct bench *b, int fd, uint32_t state, uint32_t dev_id,
		   struct libiommufd_device **ret_dev)
{
	return libiommufd_device_open_fd(b->ctx, fd,
					 &(struct libiommufd_device_fd_opts){
						 .size = sizeof(struct libiommufd_device_fd_opts),
						 .state = state,
						 .dev_id = dev_id,
					 },
					 ret_dev);
}

static void what_the_caller_says_must_be_possible(void **state)
{
	struct libiommufd_device *dev = NULL;
	struct bench *b = *state;
	int fd, files;

	assert_ok(libiommufd_device_query_fd(b->dev, &fd));
	files = count_files();
	assert_refused(open_fd(b, fd, LIBIOMMUFD_DEVICE_BOUND, 0, &dev), EINVAL, OPTIONS);
	assert_refused(open_fd(b, fd, LIBIOMMUFD_DEVICE_OPENED, 5, &dev), EINVAL, OPTIONS);
	assert_refused(open_fd(b, fd, 0, 5, &dev), EINVAL, OPTIONS);
	assert_refused(open_fd(b, fd, LIBIOMMUFD_DEVICE_ATTACHED, 5, &dev), EINVAL, OPTIONS);
	assert_refused(open_fd(b, fd, 77, 5, &dev), EINVAL, OPTIONS);
	assert_refused(open_fd(b, -1, 0, 0, &dev), EBADF, ARGUMENT);
	assert_refused(open_fd(b, 999, LIBIOMMUFD_DEVICE_BOUND, 5, &dev), EBADF, ARGUMENT);
	assert_refused(libiommufd_device_open_fd(b->ctx, fd, NULL, NULL), EINVAL, ARGUMENT);
	assert_null(dev);
	assert_int_equal(count_files(), files);
}

static void a_device_wrongly_said_to_be_bound_is_refused_by_the_kernel(void **state)
{
	struct libiommufd_region *region = NULL;
	struct libiommufd_device *dev;
	struct bench *b = *state;
	int fd;

	assert_ok(libiommufd_device_query_fd(b->dev, &fd));
	assert_ok(open_fd(b, fd, LIBIOMMUFD_DEVICE_BOUND, 5, &dev));
	assert_int_equal(libiommufd_device_get_id(dev), 5);
	assert_int_equal(libiommufd_device_attach(dev, b->ioas), -EINVAL);
	assert_int_equal(libiommufd_device_get_state(dev), LIBIOMMUFD_DEVICE_BOUND);
	assert_int_equal(libiommufd_device_query_region(dev, 0, &region), -EINVAL);
	assert_null(region);
	assert_int_equal(libiommufd_device_reset(dev), -EINVAL);
	assert_ok(libiommufd_device_close(dev, 0));
	/* The file is as it was. */
	bench_bind(b, 0);
}

static void a_file_that_is_no_device_cannot_be_bound(void **state)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct libiommufd_device *dev;
	struct bench *b = *state;

	assert_ok(open_fd(b, null, 0, 0, &dev));
	assert_refused(libiommufd_device_bind(dev, NULL), ENOTTY, KERNEL);
	assert_ok(libiommufd_device_close(dev, 0));
	close(null);
}

static void an_unknown_id_is_no_address_space(void **state)
{
	struct libiommufd_ioas *ioas = NULL;
	struct bench *b = *state;

	assert_refused(libiommufd_ioas_open_id(b->ctx, 9999, &ioas), ENOENT, ARGUMENT);
	assert_refused(libiommufd_ioas_open_id(b->ctx, 0, &ioas), ENOENT, ARGUMENT);
	assert_refused(libiommufd_ioas_open_id(b->ctx, libiommufd_device_get_id(b->dev), &ioas),
		       ENOENT, ARGUMENT);
	assert_null(ioas);
}

static void destroying_a_borrowed_address_space_leaves_it_alone(void **state)
{
	struct libiommufd_ioas *borrowed;
	struct bench *b = *state;
	uint32_t id = libiommufd_ioas_get_id(b->ioas);

	for (int i = 0; i < 2; i++) {
		assert_ok(libiommufd_ioas_open_id(b->ctx, id, &borrowed));
		assert_int_equal(libiommufd_ioas_get_id(borrowed), id);
		assert_ok(libiommufd_ioas_destroy(borrowed));
		assert_true(dma_works(b, 0, HOME, b->home));
	}
	assert_ok(libiommufd_device_detach(b->dev));
	bench_destroy(b, b->ioas);
	assert_refused(libiommufd_ioas_open_id(b->ctx, id, &borrowed), ENOENT, ARGUMENT);
}

static void addresses_picked_in_a_borrowed_address_space_can_be_attached(void **state)
{
	uint8_t *memory[4];
	uint64_t iova[4];
	struct libiommufd_ioas *borrowed;
	struct bench *b = *state;

	assert_ok(libiommufd_ioas_open_id(b->ctx, libiommufd_ioas_get_id(b->ioas), &borrowed));
	for (int i = 0; i < 4; i++) {
		memory[i] = bench_memory(PAGE);
		assert_ok(libiommufd_ioas_map(i % 2 ? borrowed : b->ioas, memory[i], PAGE, BOTH,
					      &iova[i]));
		assert_true(iova[i] > 0 && iova[i] < 1ULL << 39);
		assert_true(iova[i] < 0xfee00000 || iova[i] > 0xfeefffff);
		for (int other = 0; other < i; other++)
			assert_true(iova[other] != iova[i]);
	}
	assert_ok(libiommufd_device_attach(b->dev, borrowed));
	assert_state(b->dev, ATTACHED, IOAS, borrowed);
	for (int i = 0; i < 4; i++)
		assert_true(dma_works(b, 0, iova[i], memory[i]));
	assert_ok(libiommufd_device_detach(b->dev));
	assert_ok(libiommufd_ioas_destroy(borrowed));
	for (int i = 0; i < 4; i++)
		munmap(memory[i], PAGE);
}

/* The list of allowed addresses is its owner's: nothing keeps a pick away from what no device can have. */
static void a_large_pick_in_a_borrowed_address_space_can_be_too_large_to_attach(void **state)
{
	const uint64_t length = 4 * GIB;
	struct libiommufd_ioas *borrowed;
	struct bench *b = *state;
	uint64_t own, other;
	void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_ok(libiommufd_ioas_map(b->ioas, memory, length, BOTH, &own));
	assert_true(own > 0xfeefffff || own + length <= 0xfee00000);
	assert_ok(libiommufd_ioas_unmap(b->ioas, own, length, NULL));

	assert_ok(libiommufd_ioas_create(b->ctx, NULL, &b->spaces[1]));
	assert_ok(libiommufd_ioas_open_id(b->ctx, libiommufd_ioas_get_id(b->spaces[1]), &borrowed));
	assert_ok(libiommufd_ioas_map(borrowed, memory, length, BOTH, &other));
	assert_true(other <= 0xfee00000 && other + length > 0xfeefffff);
	assert_refused(libiommufd_device_attach(b->dev, borrowed), EADDRINUSE, IOVA_CONFLICT);
	assert_ok(libiommufd_ioas_destroy(borrowed));
	munmap(memory, length);
}

int run_passing_native(void)
{
	const struct CMUnitTest tests[] = {
		passing_test(an_opened_device_is_bound_by_its_receiver),
		passing_test(the_receivers_close_leaves_the_device_attached),
		passing_test(a_bound_device_passed_as_opened_is_not_bound_again),
		bench_test(forbidden_calls_kill_the_receiver, bench_setup),
		bench_test(what_the_caller_says_must_be_possible, bench_setup_opened),
		bench_test(a_device_wrongly_said_to_be_bound_is_refused_by_the_kernel,
			   bench_setup_opened),
		bench_test(a_file_that_is_no_device_cannot_be_bound, bench_setup),
		bench_test(an_unknown_id_is_no_address_space, bench_setup_bound),
		bench_test(destroying_a_borrowed_address_space_leaves_it_alone,
			   bench_setup_attached),
		bench_test(addresses_picked_in_a_borrowed_address_space_can_be_attached,
			   bench_setup_bound),
		bench_test(a_large_pick_in_a_borrowed_address_space_can_be_too_large_to_attach,
			   bench_setup_bound),
	};

	return cmocka_run_group_tests_name("passing", tests, NULL, NULL);
}
