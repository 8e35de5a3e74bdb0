/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the process that receives files, and the helpers of passing.h on both sides. */
#include "behaviours.h"
#include "passing.h"

/* The example with all it has inside: its letter, and its filter. */
int example_main(int argc, char **argv);
#define main   example_main
#define LENGTH EXAMPLE_LENGTH
#include "../../../examples/passed.c"
#undef main
#undef LENGTH

#include <fcntl.h>
#include <signal.h>

static pid_t receiver;
static int sender_sock = -1;
static uint8_t *pages; /* SHARED_PAGES of them */
static int group;      /* the number of the one that is passed; the receiver cannot find it out */

/* ---- The sender ---- */

pid_t receiver_start(void (*run)(int sock))
{
	int pair[2];

	assert_int_equal(receiver, 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	receiver = fork();
	assert_true(receiver >= 0);
	if (!receiver) {
		/* A failure must not go on with the next test here. */
		setenv("CMOCKA_TEST_ABORT", "1", 1);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (dup2(pair[1], 3) != 3 || close_range(4, ~0U, 0))
			_exit(1);
		run(3);
		_exit(0);
	}
	close(pair[1]);
	sender_sock = pair[0];
	return receiver;
}

void receiver_send(struct bench *b, int n, enum passed_file what)
{
	struct libiommufd_device *dev = b->devices[n];
	struct letter letter = {
		.backend = libiommufd_ctx_get_backend(b->ctx),
		.dev_id = libiommufd_device_get_id(dev),
		.ioas_id = libiommufd_ioas_get_id(b->ioas),
	};
	int fds[2];

	strcpy(letter.label, libiommufd_device_get_name(dev));
	if (natively(b->native, BEHAVIOUR_PASSED))
		assert_ok(libiommufd_ctx_query_fd(b->ctx, &fds[0]));
	else
		assert_ok(libiommufd_device_query_container_fd(dev, &fds[0]));
	if (what == DEVICE_FILE)
		assert_ok(libiommufd_device_query_fd(dev, &fds[1]));
	else
		assert_ok(libiommufd_device_query_kvm_fd(dev, &fds[1]));
	send_letter(sender_sock, &letter, fds);
}

/* Its status, as of waitpid(). */
static int wait_for_end(void)
{
	int status;

	assert_int_equal(waitpid(receiver, &status, 0), receiver);
	close(sender_sock);
	receiver = 0;
	sender_sock = -1;
	return status;
}

void receiver_stops(void)
{
	char word;

	if (recv(sender_sock, &word, 1, 0) != 1)
		fail_msg("the receiver ended with status 0x%x", wait_for_end());
}

void receiver_goes_on(void)
{
	assert_int_equal(send(sender_sock, "", 1, MSG_NOSIGNAL), 1);
}

void receiver_ends(void)
{
	int status = wait_for_end();

	if (status)
		fail_msg("the receiver ended with status 0x%x", status);
}

void receiver_dies(int signal)
{
	int status = wait_for_end();

	if (!WIFSIGNALED(status) || WTERMSIG(status) != signal)
		fail_msg("the receiver ended with status 0x%x", status);
}

int passing_setup(void **state)
{
	pages = mmap(NULL, SHARED_PAGES * PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	assert_ptr_not_equal(pages, MAP_FAILED);
	return bench_setup(state);
}

pid_t passing_attached(struct bench *b, void (*run)(int sock))
{
	pid_t pid = receiver_start(run);

	bench_bind(b, 0);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	return pid;
}

void passing_device(struct bench *b, void (*run)(int sock))
{
	receiver_start(run);
	bench_bind(b, 0);
	receiver_send(b, 0, DEVICE_FILE);
}

void passing_group(struct bench *b, void (*run)(int sock), const char *variable)
{
	struct libiommufd_facts *facts;

	assert_ok(libiommufd_ctx_query_facts(b->ctx, bench_name(variable), &facts));
	group = libiommufd_facts_get_group(facts);
	libiommufd_facts_free(facts);
	receiver_start(run);
	device_bound(b, 0, variable);
	receiver_send(b, 0, GROUP_FILE);
}

int passing_teardown(void **state)
{
	if (receiver) {
		kill(receiver, SIGKILL);
		wait_for_end();
	}
	int r = bench_teardown(state);
	munmap(pages, SHARED_PAGES * PAGE);
	return r;
}

/* ---- The receiver ---- */

void receiver_lock_up(void)
{
	assert_int_equal(chroot("/proc/self/fdinfo") || chdir("/"), 0);
	assert_true(access("/dev", F_OK) && access("/sys", F_OK) && access("/proc", F_OK));
	lock_down();
}

void receive(struct received *r, int sock)
{
	struct libiommufd_ctx_opts opts = {.size = sizeof(opts)};
	struct letter letter;
	int fds[2];

	receiver_lock_up();
	int lowest = lowest_free_file();
	receive_letter(sock, &letter, fds);
	*r = (struct received){.sock = sock,
			       .file = fds[1],
			       .lowest_free = lowest,
			       .dev_id = letter.dev_id};
	memcpy(r->name, letter.label, sizeof(r->name));
	opts.backend = letter.backend;
	assert_ok(libiommufd_ctx_open_fd(fds[0], &opts, &r->bench.ctx));
	assert_int_equal(libiommufd_ctx_get_backend(r->bench.ctx), letter.backend);
	assert_ok(libiommufd_ioas_open_id(r->bench.ctx, letter.ioas_id, &r->bench.ioas));
	r->bench.native = letter.backend == LIBIOMMUFD_BACKEND_NATIVE;
	r->bench.home = bench_memory(PAGE);
	close(fds[0]);
}

void receive_device(struct received *r, int sock)
{
	receive(r, sock);
	struct libiommufd_device_fd_opts opts = {
		.size = sizeof(opts),
		.state = !r->dev_id && natively(r->bench.native, BEHAVIOUR_PASSED)
				 ? LIBIOMMUFD_DEVICE_OPENED
				 : LIBIOMMUFD_DEVICE_BOUND,
		.dev_id = r->dev_id,
		.label = r->name,
	};
	assert_ok(libiommufd_device_open_fd(r->bench.ctx, r->file, &opts, &r->bench.dev));
	assert_int_equal(libiommufd_device_get_state(r->bench.dev), opts.state);
	assert_string_equal(libiommufd_device_get_name(r->bench.dev), r->name);
	r->bench.devices[0] = r->bench.dev;
	close(r->file);
	r->file = -1;
}

int receive_group(struct received *r, int n, const char *name, uint32_t flags, const uint8_t *token)
{
	struct libiommufd_group_fd_opts opts = {
		.size = sizeof(opts),
		.flags = flags,
		.group = flags & LIBIOMMUFD_GROUP_FD_NUMBER ? group : 0,
		.vf_token = token,
	};
	int result = libiommufd_device_open_group_fd(r->bench.ctx, r->file, name, &opts,
						     &r->bench.devices[n]);

	r->bench.dev = r->bench.devices[0];
	return result;
}

void receiver_attach(struct received *r)
{
	struct bench *b = &r->bench;

	bench_use(b, 0);
	assert_ok(libiommufd_device_attach(b->dev, b->ioas));
	assert_ok(libiommufd_ioas_map_at(b->ioas, b->home, PAGE, BOTH, HOME));
}

void receiver_stop(const struct received *r)
{
	char word;
	struct iovec data = {&word, 1};
	struct msghdr msg = {.msg_iov = &data, .msg_iovlen = 1};

	assert_int_equal(write(r->sock, "", 1), 1);
	assert_int_equal(recvmsg(r->sock, &msg, 0), 1);
}

int lowest_free_file(void)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	assert_true(fd >= 0);
	close(fd);
	return fd;
}

void receiver_end(struct received *r)
{
	struct bench *b = &r->bench;

	for (int n = 0; n < DEVICES; n++)
		if (b->devices[n])
			bench_close(b, n);
	assert_ok(libiommufd_ioas_destroy(b->ioas));
	libiommufd_ctx_unref(b->ctx);
	if (r->file >= 0)
		close(r->file);
	assert_int_equal(lowest_free_file(), r->lowest_free);
	_exit(0);
}

/* ---- Both ---- */

uint8_t *shared_page(int n)
{
	assert_true(n < SHARED_PAGES);
	return pages + n * PAGE;
}

void shared_map(struct bench *b, int n)
{
	assert_ok(libiommufd_ioas_map_at(b->ioas, shared_page(n), PAGE, BOTH, AT(n)));
}
