/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the tests of files that one process passes to another: what the receiver can do with them under
 * the example's filter of system calls, and what it leaves behind. Needs one edu.
 */
#include "devices.h"

/* The example with all it has inside: its letter, and its filter. */
int example_main(int argc, char **argv);
#define main   example_main
#define LENGTH EXAMPLE_LENGTH
#include "../../../examples/passed.c"
#undef main
#undef LENGTH

#include <fcntl.h>
#include <signal.h>

/* In the receiver there is no test framework: its status is the line that failed. */
#define need(condition)                        \
	do {                                   \
		if (!(condition))              \
			_exit(__LINE__ & 127); \
	} while (0)

typedef void (*receiver)(int sock);

/* Run it in another process, which gets the letter and the files of b; its status as of waitpid(). */
static int run_receiver(receiver run, struct bench *b)
{
	struct letter letter = {.ioas_id = libiommufd_ioas_get_id(b->ioas)};
	int pair[2], fds[2], status;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		run(pair[1]);
		_exit(0);
	}
	close(pair[1]);
	assert_ok(libiommufd_ctx_query_fd(b->ctx, &fds[0]));
	fds[1] = fds[0];
	if (b->dev) {
		assert_ok(libiommufd_device_query_fd(b->dev, &fds[1]));
		letter.dev_id = libiommufd_device_get_id(b->dev);
	}
	strcpy(letter.label, "passed");
	send_letter(pair[0], &letter, fds);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(pair[0]);
	return status;
}

static void expect_success(int status)
{
	if (WIFSIGNALED(status))
		fail_msg("the receiver was killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status))
		fail_msg("the receiver failed at line %d modulo 128", WEXITSTATUS(status));
}

/* ---- Receivers ---- */

struct passed {
	struct libiommufd_ctx *ctx;
	struct libiommufd_device *dev;
	struct libiommufd_ioas *ioas;
};

/* Lock up, then make objects of what comes. */
static struct passed receive(int sock)
{
	struct passed p;
	struct letter letter;
	int fds[2];

	need(!chroot("/proc/self/fdinfo") && !chdir("/"));
	need(access("/dev", F_OK) && access("/sys", F_OK) && access("/proc", F_OK));
	lock_down();
	receive_letter(sock, &letter, fds);
	need(!libiommufd_ctx_open_fd(fds[0], NULL, &p.ctx));
	need(!libiommufd_ioas_open_id(p.ctx, letter.ioas_id, &p.ioas));
	struct libiommufd_device_fd_opts opts = {
		.size = sizeof(opts),
		.state = letter.dev_id ? LIBIOMMUFD_DEVICE_BOUND : LIBIOMMUFD_DEVICE_OPENED,
		.dev_id = letter.dev_id,
		.label = letter.label,
	};
	need(!libiommufd_device_open_fd(p.ctx, fds[1], &opts, &p.dev));
	close(fds[0]);
	close(fds[1]);
	return p;
}

static void end(struct passed *p)
{
	need(!libiommufd_device_close(p->dev, 0));
	need(!libiommufd_ioas_destroy(p->ioas));
	libiommufd_ctx_unref(p->ctx);
}

/* Memory to device to memory, through the address space that was passed. */
static void work_with_dma(struct passed *p)
{
	uint8_t *memory =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t in, out;
	struct edu edu;

	need(memory != MAP_FAILED);
	for (int i = 0; i < 1024; i++)
		memory[i] = (uint8_t)(i * 3 + 1);
	need(!edu_start(&edu, p->dev));
	need(!libiommufd_device_attach(p->dev, p->ioas));
	need(!libiommufd_ioas_map(p->ioas, memory, PAGE, BOTH, &in));
	need(!libiommufd_ioas_map(p->ioas, memory + PAGE, PAGE, BOTH, &out));
	edu_read(&edu, in, 1024);
	edu_write(&edu, out, 1024);
	need(!memcmp(memory, memory + PAGE, 1024));
	need(!libiommufd_ioas_unmap(p->ioas, in, PAGE, NULL));
	need(!libiommufd_ioas_unmap(p->ioas, out, PAGE, NULL));
	need(!edu_stop(&edu));
}

static void bind_and_work(int sock)
{
	struct passed p = receive(sock);
	uint32_t count;

	need(libiommufd_device_get_state(p.dev) == LIBIOMMUFD_DEVICE_OPENED);
	need(libiommufd_device_query_irq(p.dev, 0, &count, NULL) == -EACCES);
	need(libiommufd_last_error()->reason == LIBIOMMUFD_REASON_NOT_BOUND);
	need(!libiommufd_device_bind(p.dev, NULL));
	need(libiommufd_device_get_id(p.dev) != 0);
	work_with_dma(&p);
	need(!libiommufd_device_query_irq(p.dev, 0, &count, NULL) && count == 1);
	need(!libiommufd_device_detach(p.dev));
	end(&p);
}

static void work_and_close(int sock)
{
	struct passed p = receive(sock);

	need(libiommufd_device_get_state(p.dev) == LIBIOMMUFD_DEVICE_BOUND);
	need(!strcmp(libiommufd_device_get_name(p.dev), "passed"));
	work_with_dma(&p);
	end(&p);
}

static void bind_again(int sock)
{
	struct letter letter;
	struct libiommufd_ctx *ctx;
	struct libiommufd_device *dev;
	int fds[2];

	receive_letter(sock, &letter, fds);
	need(!libiommufd_ctx_open_fd(fds[0], NULL, &ctx));
	need(!libiommufd_device_open_fd(ctx, fds[1], NULL, &dev));
	need(libiommufd_device_bind(dev, NULL) == -EINVAL);
	need(libiommufd_last_error()->reason == LIBIOMMUFD_REASON_ALREADY_BOUND);
	need(!libiommufd_device_close(dev, 0));
	libiommufd_ctx_unref(ctx);
}

/* ---- Tests ---- */

static void an_opened_device_is_bound_by_its_receiver(void **state)
{
	struct bench *b = *state;

	expect_success(run_receiver(bind_and_work, b));
	/* Ours is the same file, so it is bound; the receiver's end did not unbind it. */
	assert_refused(libiommufd_device_bind(b->dev, NULL), EINVAL, ALREADY_BOUND);
	bench_close(b, 0);
	bench_bind(b, 0);
}

static void the_receivers_close_leaves_the_device_attached(void **state)
{
	uint8_t *memory = bench_memory(PAGE);
	struct bench *b = *state;

	assert_ok(libiommufd_ioas_map_at(b->ioas, memory, PAGE, BOTH, 0x10000));
	assert_true(dma_works(b, 0, 0x10000, memory));
	expect_success(run_receiver(work_and_close, b));
	assert_state(b->dev, ATTACHED, IOAS, b->ioas);
	assert_ok(libiommufd_device_set_bus_master(b->dev, true));
	assert_true(dma_works(b, 0, 0x10000, memory));
	munmap(memory, PAGE);
}

static void a_bound_device_passed_as_opened_is_not_bound_again(void **state)
{
	expect_success(run_receiver(bind_again, *state));
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
			lock_down();
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

static void type1_has_nothing_to_pass(void **state)
{
	struct libiommufd_device *dev = NULL;
	struct libiommufd_ioas *ioas = NULL;
	struct bench *b = *state;
	int fd;

	assert_refused(libiommufd_ctx_query_fd(b->ctx, &fd), EOPNOTSUPP, NOT_SUPPORTED);
	assert_refused(libiommufd_ioas_open_id(b->ctx, 1, &ioas), EOPNOTSUPP, NOT_SUPPORTED);
	assert_ok(libiommufd_device_query_fd(b->dev, &fd));
	assert_refused(open_fd(b, fd, LIBIOMMUFD_DEVICE_BOUND, 5, &dev), EOPNOTSUPP, NOT_SUPPORTED);
	assert_null(dev);
	assert_null(ioas);
}

int main(void)
{
	const struct CMUnitTest native[] = {
		bench_test(an_opened_device_is_bound_by_its_receiver, bench_setup_opened),
		bench_test(the_receivers_close_leaves_the_device_attached, bench_setup_attached),
		bench_test(a_bound_device_passed_as_opened_is_not_bound_again, bench_setup_bound),
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
	const struct CMUnitTest type1[] = {
		bench_test(type1_has_nothing_to_pass, bench_setup_bound),
	};

	bench_begin();
	if (!bench_is_native())
		return cmocka_run_group_tests_name("passing", type1, NULL, NULL);
	return cmocka_run_group_tests_name("passing", native, NULL, NULL);
}
