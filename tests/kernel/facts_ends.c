/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the facts of how things end, in every order, and of files and mappings of other processes. */
#include "facts.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum {
	AT = 0x100000,
	THINGS = 4,
};

/* ---- Closes ---- */

struct orders {
	int iommu;
	struct edu a, b;
	uint8_t *memory;
	long before;
	bool b_is_there;
};

/* What the second device does, if it is still there; and what is pinned. */
static void state_of(struct orders *o, char thing, char *text)
{
	uint8_t was[LENGTH];

	sprintf(text + strlen(text), "%s%c", text[0] ? ", " : "", thing);
	if (o->b_is_there) {
		memory_fill(o->memory, LENGTH);
		memcpy(was, o->memory, LENGTH);
		edu_write(&o->b, AT, LENGTH);
		strcat(text, memcmp(was, o->memory, LENGTH) ? " writes" : " blocked");
	}
	sprintf(text + strlen(text), " %ld", pins() - o->before);
}

/* The iommufd, the two devices, and the registers of the first. */
static void end(struct orders *o, char thing)
{
	switch (thing) {
	case 'I':
		close(o->iommu);
		break;
	case 'A':
		close(o->a.fd);
		o->a.fd = -1;
		break;
	case 'R':
		munmap((void *)o->a.regs, 1 << 20);
		break;
	case 'B':
		edu_end(&o->b);
		o->b_is_there = false;
		break;
	}
}

static void one_order(const char *order)
{
	struct orders o = {.memory = memory_new(PAGE), .before = pins(), .b_is_there = true};
	char text[256] = "";
	uint32_t ioas;

	o.iommu = iommu_open();
	ioas = space_new(o.iommu);
	edu_bound(&o.a, "EDU1", o.iommu);
	edu_bound(&o.b, "EDU2", o.iommu);
	must(ioas_map(o.iommu, ioas, o.memory, PAGE, MAP_BOTH, AT));
	must(cdev_attach(o.a.fd, ioas));
	must(cdev_attach(o.b.fd, ioas));
	for (int i = 0; i < THINGS; i++) {
		end(&o, order[i]);
		state_of(&o, order[i], text);
	}
	fact(text, "order_%s", order);
	/* Both are free again. */
	o.iommu = iommu_open();
	edu_bound(&o.a, "EDU1", o.iommu);
	edu_bound(&o.b, "EDU2", o.iommu);
	o.b_is_there = true;
	text[0] = '\0';
	state_of(&o, 'B', text);
	fact(text, "order_%s.bound_again", order);
	edu_end(&o.a);
	edu_end(&o.b);
	close(o.iommu);
	munmap(o.memory, PAGE);
}

static void permute(char *order, int done)
{
	if (done == THINGS) {
		one_order(order);
		return;
	}
	for (int i = done; i < THINGS; i++) {
		char moved = order[i];

		memmove(order + done + 1, order + done, (size_t)(i - done));
		order[done] = moved;
		permute(order, done + 1);
		memmove(order + done, order + done + 1, (size_t)(i - done));
		order[i] = moved;
	}
}

void facts_of_closes(void)
{
	char order[] = "IARB";

	permute(order, 0);
	/* A device that is only open holds nothing back; one whose registers are mapped holds its group. */
	int iommu = iommu_open(), file;
	struct edu edu = {0};

	edu_bound(&edu, "EDU3", iommu);
	close(edu.fd);
	file = cdev_open("EDU3");
	fact_result(cdev_bind(file, iommu, NULL), "registers_mapped.bind");
	fact_result(group_open("EDU3"), "registers_mapped.group_open");
	munmap((void *)edu.regs, 1 << 20);
	fact_result(cdev_bind(file, iommu, NULL), "registers_unmapped.bind");
	close(file);
}

/* ---- Files that are passed ---- */

static void send_file(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = "", byte = 0;
	struct iovec data = {&byte, 1};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(int));
	must(sendmsg(sock, &message, 0) < 0 ? -errno : 0);
}

static int receive_file(int sock)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec data = {&byte, 1};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	int fd;

	must(recvmsg(sock, &message, MSG_CMSG_CLOEXEC) < 0 ? -errno : 0);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return fd;
}

/* Run something in a child, which may not return; its exit status. */
static int in_child(void (*run)(void *), void *argument)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		run(argument);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

struct passed {
	int iommu, sock;
	uint32_t ioas;
	uint8_t *shared;
	uint64_t iova;
};

static void map_in_child(void *argument)
{
	struct passed *p = argument;

	_exit(ioas_map(p->iommu, p->ioas, p->shared, PAGE, MAP_BOTH, p->iova) < 0);
}

static void map_and_exec(void *argument)
{
	struct passed *p = argument;

	if (ioas_map(p->iommu, p->ioas, p->shared, PAGE, MAP_BOTH, p->iova) < 0)
		_exit(1);
	execl("/bin/true", "true", (char *)NULL);
	_exit(2);
}

static void map_private_in_child(void *argument)
{
	struct passed *p = argument;
	uint8_t *own = memory_new(PAGE);

	memset(own, 0x5a, PAGE);
	_exit(ioas_map(p->iommu, p->ioas, own, PAGE, MAP_BOTH, p->iova) < 0);
}

static void use_in_child(void *argument)
{
	struct passed *p = argument;
	int dev = receive_file(p->sock);

	if (cdev_bind(dev, p->iommu, NULL) < 0)
		_exit(1);
	_exit(cdev_attach(dev, p->ioas) < 0 ? 2 : 0);
}

static void unmap_in_child(void *argument)
{
	struct passed *p = argument;

	_exit(ioas_unmap(p->iommu, p->ioas, p->iova, PAGE) != PAGE);
}

void facts_of_passing(void)
{
	struct passed p = {.iommu = iommu_open(), .iova = AT};
	struct edu edu = {0};
	int pair[2], file;
	long before;
	uint32_t lonely;

	p.shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	p.ioas = space_new(p.iommu);
	edu_bound(&edu, "EDU0", p.iommu);
	must(cdev_attach(edu.fd, p.ioas));
	before = pins();

	/* A child maps memory that it shares with us, and is gone. */
	fact_number(in_child(map_in_child, &p), "child_maps_and_exits.status");
	fact(edu_reach(&edu, AT, p.shared), "child_maps_and_exits.reach");
	fact_number(pins() - before, "child_maps_and_exits.pins");
	lonely = space_new(p.iommu);
	fact_result(ioas_copy(p.iommu, lonely, AT, p.ioas, AT, PAGE, MAP_BOTH), "child_gone.copy");
	fact_result(cdev_attach(edu.fd, lonely), "child_gone.move_to_the_copy");
	fact(edu_reach(&edu, AT, p.shared), "child_gone.move_to_the_copy.reach");
	fact_result(cdev_attach(edu.fd, p.ioas), "child_gone.move_back");
	must(cdev_detach(edu.fd));
	fact_number(pins() - before, "child_gone.detached.pins");
	fact_result(cdev_attach(edu.fd, p.ioas), "child_gone.attach_again");
	fact(edu_reach(&edu, AT, p.shared), "child_gone.attach_again.reach");
	ioas_unmap(p.iommu, p.ioas, AT, PAGE);
	ioas_unmap(p.iommu, lonely, AT, PAGE);
	fact_result(cdev_attach(edu.fd, p.ioas), "child_gone.attach_without_it");
	fact_number(pins() - before, "child_gone.pins");

	fact_number(in_child(map_and_exec, &p), "child_maps_and_execs.status");
	fact(edu_reach(&edu, AT, p.shared), "child_maps_and_execs.reach");
	fact_result(ioas_unmap(p.iommu, p.ioas, AT, PAGE), "child_maps_and_execs.unmap");
	fact_number(in_child(map_private_in_child, &p), "child_maps_its_own.status");
	fact_number(pins() - before, "child_maps_its_own.pins");
	edu_read(&edu, AT, LENGTH);
	uint8_t expected[LENGTH];
	memset(expected, 0x5a, LENGTH);
	fact(edu_holds(&edu, expected) ? "its bytes" : "something else",
	     "child_maps_its_own.device_reads");
	fact_number(in_child(unmap_in_child, &p), "another_child_unmaps.status");
	fact_number(pins() - before, "another_child_unmaps.pins");

	/* A duplicate is the device; so is what another process receives. */
	file = fcntl(edu.fd, F_DUPFD_CLOEXEC, 0);
	close(edu.fd);
	edu.fd = file;
	must(ioas_map(p.iommu, p.ioas, p.shared, PAGE, MAP_BOTH, AT));
	fact(edu_reach(&edu, AT, p.shared), "duplicate.reach");
	fact_result(cdev_bind(file, p.iommu, NULL), "duplicate.bind");
	edu_end(&edu);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 ? -errno : 0);
	file = cdev_open("EDU0");
	send_file(pair[0], file);
	p.sock = pair[1];
	fact_number(in_child(use_in_child, &p), "received_in_a_child.bind_and_attach");
	/* The child is gone, the file is ours, too. */
	fact_result(bus_master(file), "received_in_a_child.still_bound");
	edu_use(&edu, file);
	fact(edu_reach(&edu, AT, p.shared), "received_in_a_child.reach");
	edu_end(&edu);
	close(p.iommu);
}
