/* SPDX-License-Identifier: MIT */
/*
 * Privilege separation: one process opens and binds the device, and passes two files and a letter over
 * a socket to another, which does the work with no file system, no /dev, no sysfs, and a seccomp filter
 * that kills it for any system call not in the list below. Runs unchanged on iommufd and on the VFIO
 * group interface: only the first file differs.
 *
 *   passed ADDRESS      the PCI address of an "edu" device that is bound to vfio-pci
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libiommufd.h>

#include "edu.h"

enum {
	SIZE = 4096,
	LENGTH = 2048,
	IOVA = 0x100000, /* the worker's from here on: in a container addresses are given, not picked */
};

/* What goes over the socket beside the two files. */
struct letter {
	uint32_t backend;
	uint32_t dev_id;  /* 0 on type1, */
	uint32_t ioas_id; /* and so is this */
	char label[64];
};

static void check(int result)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s\n", libiommufd_last_error()->text);
	exit(1);
}

static void must(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

/* ---- The socket ---- */

union control {
	char bytes[CMSG_SPACE(2 * sizeof(int))];
	struct cmsghdr align;
};

static void send_letter(int sock, const struct letter *letter, const int fds[2])
{
	union control control = {0};
	struct iovec data = {(void *)letter, sizeof(*letter)};
	struct msghdr msg = {.msg_iov = &data,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, 2 * sizeof(int));
	must(sendmsg(sock, &msg, 0) == sizeof(*letter), "sendmsg");
}

static void receive_letter(int sock, struct letter *letter, int fds[2])
{
	union control control;
	struct iovec data = {letter, sizeof(*letter)};
	struct msghdr msg = {.msg_iov = &data,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};

	must(recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) == sizeof(*letter), "recvmsg");
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	must(cmsg && cmsg->cmsg_len == CMSG_LEN(2 * sizeof(int)), "no files in the letter");
	memcpy(fds, CMSG_DATA(cmsg), 2 * sizeof(int));
}

/* ---- The worker ---- */

/* What the documentation of the calls below lists, and what this program itself needs. */
static const int allowed[] = {
	SYS_ioctl,           SYS_fcntl,      SYS_mmap,      SYS_munmap,  SYS_madvise, SYS_getpid,
	SYS_pread64,         SYS_pwrite64,   SYS_close,     SYS_recvmsg, SYS_write,   SYS_brk,
	SYS_clock_nanosleep, SYS_exit_group, SYS_getrandom,
};

static void lock_down(void)
{
	enum {
		COUNT = sizeof(allowed) / sizeof(allowed[0])
	};
	struct sock_filter code[COUNT + 6];
	unsigned n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, arch));
	code[n++] =
		(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < COUNT; i++)
		code[n++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
						     (unsigned)allowed[i], (uint8_t)(COUNT - i), 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

	struct sock_fprog program = {(unsigned short)n, code};
	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
	must(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), "PR_SET_SECCOMP");
}

static int work(int sock)
{
	const uint32_t both = LIBIOMMUFD_READ | LIBIOMMUFD_WRITE;
	struct libiommufd_ctx *ctx;
	struct libiommufd_ioas *ioas;
	struct libiommufd_device *dev;
	const uint64_t in = IOVA, out = IOVA + SIZE;
	struct letter letter;
	struct edu edu;
	int fds[2];

	/* Nothing is left to open: /proc/self/fdinfo holds no device, and goes with its process. */
	must(!chroot("/proc/self/fdinfo") && !chdir("/"), "chroot");
	lock_down();
	receive_letter(sock, &letter, fds);

	check(libiommufd_ctx_open_fd(
		fds[0],
		&(struct libiommufd_ctx_opts){.size = sizeof(struct libiommufd_ctx_opts),
					      .backend = letter.backend},
		&ctx));
	check(libiommufd_ioas_open_id(ctx, letter.ioas_id, &ioas));
	check(libiommufd_device_open_fd(ctx, fds[1],
					&(struct libiommufd_device_fd_opts){
						.size = sizeof(struct libiommufd_device_fd_opts),
						.state = LIBIOMMUFD_DEVICE_BOUND,
						.dev_id = letter.dev_id,
						.label = letter.label,
					},
					&dev));
	close(fds[0]);
	close(fds[1]);

	uint8_t *memory =
		mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(memory != MAP_FAILED, "mmap");
	uint8_t *source = memory, *target = memory + SIZE;
	for (int i = 0; i < LENGTH; i++)
		source[i] = (uint8_t)(i * 5 + 1);

	check(edu_start(&edu, dev));
	check(libiommufd_device_attach(dev, ioas));
	check(libiommufd_ioas_map_at(ioas, source, SIZE, both, in));
	check(libiommufd_ioas_map_at(ioas, target, SIZE, both, out));
	edu_read(&edu, in, LENGTH);
	edu_write(&edu, out, LENGTH);
	bool good = !memcmp(source, target, LENGTH);
	/* What is left mapped stays so beyond our end, and attached as long as the opener likes. */
	check(libiommufd_ioas_unmap_all(ioas, NULL));
	check(edu_stop(&edu));
	check(libiommufd_device_close(dev, 0));
	check(libiommufd_ioas_destroy(ioas));
	libiommufd_ctx_unref(ctx);

	static const char yes[] = "  the worker, locked up: memory to device to memory    yes\n";
	static const char no[] = "  the worker, locked up: memory to device to memory    NO\n";
	must(write(1, good ? yes : no, sizeof(yes) - 1 - !good) > 0, "write");
	_exit(!good);
}

/* ---- The opener ---- */

int main(int argc, char **argv)
{
	struct libiommufd_ctx *ctx;
	struct libiommufd_ioas *ioas;
	struct libiommufd_device *dev;
	struct letter letter = {0};
	int pair[2], fds[2], status;

	if (argc != 2) {
		fprintf(stderr, "usage: passed ADDRESS\n");
		return 2;
	}
	/* Before anything is open: the worker gets what is sent, and inherits nothing. */
	must(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), "socketpair");
	pid_t worker = fork();
	must(worker >= 0, "fork");
	if (!worker) {
		close(pair[0]);
		return work(pair[1]);
	}
	close(pair[1]);

	check(libiommufd_ctx_open(NULL, &ctx));
	check(libiommufd_ioas_create(ctx, NULL, &ioas));
	check(libiommufd_device_open(ctx, argv[1], NULL, &dev));
	check(libiommufd_device_bind(dev, NULL));
	letter.backend = libiommufd_ctx_get_backend(ctx);
	if (letter.backend == LIBIOMMUFD_BACKEND_NATIVE)
		check(libiommufd_ctx_query_fd(ctx, &fds[0]));
	else
		check(libiommufd_device_query_container_fd(dev, &fds[0]));
	check(libiommufd_device_query_fd(dev, &fds[1]));
	letter.dev_id = libiommufd_device_get_id(dev);
	letter.ioas_id = libiommufd_ioas_get_id(ioas);
	snprintf(letter.label, sizeof(letter.label), "%s", libiommufd_device_get_name(dev));
	send_letter(pair[0], &letter, fds);

	must(waitpid(worker, &status, 0) == worker, "waitpid");
	check(libiommufd_device_close(dev, 0));
	check(libiommufd_ioas_destroy(ioas));
	libiommufd_ctx_unref(ctx);
	if (WIFSIGNALED(status))
		fprintf(stderr, "the worker was killed by signal %d\n", WTERMSIG(status));
	return !WIFEXITED(status) || WEXITSTATUS(status);
}
