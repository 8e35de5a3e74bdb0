/* SPDX-License-Identifier: MIT */
/* Owns the registers and the queues of a controller. Names in brackets are the specification's. */
#include "nvme.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "registers and queues are little-endian");

enum {
	CAPABILITIES = 0x00,   /* [CAP], 64 bits */
	MASK_PIN = 0x0c,       /* [INTMS] */
	CONFIGURATION = 0x14,  /* [CC] */
	STATUS = 0x1c,         /* [CSTS] */
	ADMIN_SIZES = 0x24,    /* [AQA] */
	ADMIN_COMMANDS = 0x28, /* [ASQ], 64 bits */
	ADMIN_ANSWERS = 0x30,  /* [ACQ], 64 bits */
	DOORBELLS = 0x1000,
	REGISTERS = 0x2000, /* bytes that are mapped */

	ENABLE = 1,
	SHUT_DOWN = 1 << 14,
	ENTRY_SIZES = 6 << 16 | 4 << 20, /* 64 and 16 bytes */

	READY = 1,
	FAILED = 1 << 1,
	SHUTDOWN_STATE = 3 << 2,
	SHUTDOWN_COMPLETE = 2 << 2,
};

enum admin_opcode {
	DELETE_COMMANDS = 0,
	CREATE_COMMANDS = 1,
	DELETE_ANSWERS = 4,
	CREATE_ANSWERS = 5,
	IDENTIFY = 6,
	SET_FEATURES = 9,
};

enum {
	ENTRIES = NVME_DEPTH + 1, /* of each queue: a ring that is full keeps one empty */
	IO = 1,                   /* the number of the I/O queues, and of their vector */
	TIMEOUT = 5000,           /* milliseconds */
	SPINS = 1000,             /* looks at a queue between two at the clock */
};

/* Which page of the shared memory has what. */
enum page {
	PAGE_ADMIN_COMMANDS,
	PAGE_ADMIN_ANSWERS,
	PAGE_IO_COMMANDS,
	PAGE_IO_ANSWERS,
	PAGE_DATA,
};

struct nvme_command {
	uint8_t opcode;
	uint8_t flags;
	uint16_t tag;
	uint32_t nsid;
	uint64_t reserved[2];
	uint64_t page[2]; /* [PRP1], [PRP2] */
	uint32_t word[6]; /* [CDW10] to [CDW15] */
};

struct nvme_answer {
	uint32_t result;
	uint32_t reserved;
	uint16_t head;
	uint16_t queue;
	uint16_t tag;
	uint16_t status; /* bit 0 is the phase */
};

_Static_assert(sizeof(struct nvme_command) == 64 && sizeof(struct nvme_answer) == 16, "entries");
_Static_assert(ENTRIES * sizeof(struct nvme_command) <= NVME_PAGE, "a queue is one page");

static volatile uint32_t *reg32(const struct nvme *nvme, uint32_t offset)
{
	return (volatile uint32_t *)(nvme->regs + offset);
}

static volatile uint64_t *reg64(const struct nvme *nvme, uint32_t offset)
{
	return (volatile uint64_t *)(nvme->regs + offset);
}

static uint64_t page_iova(const struct nvme *nvme, enum page page)
{
	return nvme->iova + (uint64_t)page * NVME_PAGE;
}

static uint8_t *page_memory(const struct nvme *nvme, enum page page)
{
	return nvme->memory + (size_t)page * NVME_PAGE;
}

static uint64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the bits of the status register have a value. */
static int await_status(const struct nvme *nvme, uint32_t bits, uint32_t value, uint64_t timeout)
{
	uint64_t deadline = milliseconds() + timeout;

	while ((*reg32(nvme, STATUS) & bits) != value) {
		if (value && *reg32(nvme, STATUS) & FAILED)
			return -EIO;
		if (milliseconds() > deadline)
			return -ETIMEDOUT;
		usleep(1000);
	}
	return 0;
}

static void init_queue(const struct nvme *nvme, struct nvme_queue *queue, uint32_t number,
		       enum page commands)
{
	uint32_t stride = 4u << (*reg64(nvme, CAPABILITIES) >> 32 & 15);

	*queue = (struct nvme_queue){
		.commands = (void *)page_memory(nvme, commands),
		.answers = (void *)page_memory(nvme, commands + 1),
		.tail_doorbell = reg32(nvme, DOORBELLS + 2 * number * stride),
		.head_doorbell = reg32(nvme, DOORBELLS + (2 * number + 1) * stride),
		.phase = 1,
	};
	memset(queue->commands, 0, 2 * NVME_PAGE);
}

static void submit(struct nvme_queue *queue, const struct nvme_command *command)
{
	queue->commands[queue->tail] = *command;
	queue->tail = (queue->tail + 1) % ENTRIES;
	queue->in_flight++;
	/* The controller may look as soon as the doorbell has the new value. */
	__atomic_store_n(queue->tail_doorbell, queue->tail, __ATOMIC_RELEASE);
}

static bool take_answer(struct nvme_queue *queue, struct nvme_completion *ret)
{
	const struct nvme_answer *answer = &queue->answers[queue->head];
	uint16_t status = __atomic_load_n(&answer->status, __ATOMIC_ACQUIRE);

	if ((status & 1) != queue->phase)
		return false;
	*ret = (struct nvme_completion){answer->tag, status >> 1 & 0x7ff};
	queue->head = (queue->head + 1) % ENTRIES;
	if (queue->head == 0)
		queue->phase ^= 1;
	queue->in_flight--;
	__atomic_store_n(queue->head_doorbell, queue->head, __ATOMIC_RELEASE);
	return true;
}

static int no_answer(struct nvme *nvme)
{
	nvme->status = 0;
	return *reg32(nvme, STATUS) & FAILED ? -EIO : -ETIMEDOUT;
}

static int wait_by_interrupt(struct nvme *nvme, struct nvme_queue *queue,
			     struct nvme_completion *ret)
{
	struct pollfd event = {.fd = nvme->eventfd, .events = POLLIN};
	uint64_t count;

	/* One interrupt may announce several answers, and come after they were taken. */
	while (!queue->announced || !take_answer(queue, ret)) {
		if (poll(&event, 1, TIMEOUT) <= 0)
			return no_answer(nvme);
		if (read(nvme->eventfd, &count, sizeof(count)) == sizeof(count))
			nvme->interrupts += count;
		queue->announced = true;
	}
	queue->announced = queue->in_flight > 0;
	return 0;
}

static int wait_by_polling(struct nvme *nvme, struct nvme_queue *queue, struct nvme_completion *ret)
{
	uint64_t deadline = milliseconds() + TIMEOUT;

	do {
		for (int i = 0; i < SPINS; i++)
			if (take_answer(queue, ret))
				return 0;
	} while (milliseconds() < deadline && !(*reg32(nvme, STATUS) & FAILED));
	return no_answer(nvme);
}

static int wait_for_answer(struct nvme *nvme, struct nvme_queue *queue, struct nvme_completion *ret)
{
	return queue->has_interrupt ? wait_by_interrupt(nvme, queue, ret)
				    : wait_by_polling(nvme, queue, ret);
}

static int wait_for_success(struct nvme *nvme, struct nvme_queue *queue)
{
	struct nvme_completion completion;
	int r = wait_for_answer(nvme, queue, &completion);

	if (r < 0)
		return r;
	nvme->status = completion.status;
	return completion.status ? -EIO : 0;
}

static int admin(struct nvme *nvme, const struct nvme_command *command)
{
	submit(&nvme->admin, command);
	return wait_for_success(nvme, &nvme->admin);
}

/* Text of the specification: padded with spaces, not terminated. */
static void copy_text(char *to, const uint8_t *from, size_t length)
{
	while (length > 0 && from[length - 1] == ' ')
		length--;
	memcpy(to, from, length);
	to[length] = 0;
}

static int identify(struct nvme *nvme)
{
	struct nvme_command command = {.opcode = IDENTIFY, .page = {page_iova(nvme, PAGE_DATA)}};
	const uint8_t *data = page_memory(nvme, PAGE_DATA);
	uint8_t shift;
	int r;

	command.word[0] = 1; /* the controller */
	r = admin(nvme, &command);
	if (r < 0)
		return r;
	copy_text(nvme->serial, data + 4, sizeof(nvme->serial) - 1);
	copy_text(nvme->model, data + 24, sizeof(nvme->model) - 1);

	command.word[0] = 0; /* a namespace */
	command.nsid = 1;
	r = admin(nvme, &command);
	if (r < 0)
		return r;
	memcpy(&nvme->blocks, data, sizeof(nvme->blocks));
	/* Byte 26 has the number of the format in use, and 4 bytes from 128 on describe each. */
	shift = data[128 + (data[26] & 15) * 4 + 2];
	if (nvme->blocks == 0 || shift < 9 || shift > 12)
		return -EOPNOTSUPP;
	nvme->block_size = 1u << shift;
	return 0;
}

static int enable(struct nvme *nvme)
{
	uint64_t capabilities = *reg64(nvme, CAPABILITIES);
	uint64_t timeout = (capabilities >> 24 & 0xff) * 500;
	int r;

	/* Queues long enough, doorbells that are mapped, pages of 4 KiB, the NVM command set. */
	if ((capabilities & 0xffff) + 1 < ENTRIES || (capabilities >> 32 & 15) > 8 ||
	    (capabilities >> 48 & 15) != 0 || !(capabilities >> 37 & 1))
		return -EOPNOTSUPP;
	*reg32(nvme, CONFIGURATION) = 0;
	r = await_status(nvme, READY, 0, timeout);
	if (r < 0)
		return r;
	*reg32(nvme, MASK_PIN) = ~0u;
	*reg32(nvme, ADMIN_SIZES) = (ENTRIES - 1) << 16 | (ENTRIES - 1);
	*reg64(nvme, ADMIN_COMMANDS) = page_iova(nvme, PAGE_ADMIN_COMMANDS);
	*reg64(nvme, ADMIN_ANSWERS) = page_iova(nvme, PAGE_ADMIN_ANSWERS);
	init_queue(nvme, &nvme->admin, 0, PAGE_ADMIN_COMMANDS);
	*reg32(nvme, CONFIGURATION) = ENABLE | ENTRY_SIZES;
	return await_status(nvme, READY, READY, timeout);
}

int nvme_start(struct nvme *nvme, struct libiommufd_device *dev, void *memory, uint64_t iova)
{
	void *regs;
	int r;

	*nvme = (struct nvme){.dev = dev, .memory = memory, .iova = iova, .eventfd = -1};
	r = libiommufd_device_query_region(dev, LIBIOMMUFD_PCI_BAR0, &nvme->bar);
	if (r < 0)
		return r;
	r = libiommufd_region_map(nvme->bar, 0, REGISTERS, LIBIOMMUFD_READ | LIBIOMMUFD_WRITE,
				  &regs);
	if (r < 0)
		return r;
	nvme->regs = regs;
	r = libiommufd_device_set_bus_master(dev, true);
	if (r == 0)
		r = enable(nvme);
	if (r == 0)
		r = identify(nvme);
	if (r == 0) /* one I/O queue of each kind, counted from 0; to be said before there is any */
		r = admin(nvme, &(struct nvme_command){.opcode = SET_FEATURES, .word = {7, 0}});
	if (r < 0)
		nvme_stop(nvme);
	return r;
}

int nvme_stop(struct nvme *nvme)
{
	void *regs = (void *)nvme->regs;
	int r, r2;

	if (!regs)
		return 0;
	r = libiommufd_device_disable_irqs(nvme->dev, LIBIOMMUFD_PCI_MSIX);
	if ((*reg32(nvme, STATUS) & (READY | FAILED)) == READY) {
		*reg32(nvme, CONFIGURATION) = ENABLE | ENTRY_SIZES | SHUT_DOWN;
		r2 = await_status(nvme, SHUTDOWN_STATE, SHUTDOWN_COMPLETE, TIMEOUT);
		r = r < 0 ? r : r2;
	}
	*reg32(nvme, CONFIGURATION) = 0;
	r2 = await_status(nvme, READY, 0, TIMEOUT);
	r = r < 0 ? r : r2;
	if (nvme->eventfd >= 0)
		close(nvme->eventfd);
	nvme->eventfd = -1;
	nvme->regs = NULL;
	r2 = libiommufd_region_unmap(nvme->bar, regs);
	return r < 0 ? r : r2;
}

static int enable_interrupt(struct nvme *nvme)
{
	nvme->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (nvme->eventfd < 0)
		return -errno;
	return libiommufd_device_set_irqs(nvme->dev, LIBIOMMUFD_PCI_MSIX, IO, &nvme->eventfd, 1);
}

static int disable_interrupt(struct nvme *nvme)
{
	if (nvme->eventfd < 0)
		return 0;
	close(nvme->eventfd);
	nvme->eventfd = -1;
	return libiommufd_device_disable_irqs(nvme->dev, LIBIOMMUFD_PCI_MSIX);
}

int nvme_create_queues(struct nvme *nvme, bool with_interrupt)
{
	const uint32_t contiguous = 1, interrupt = with_interrupt ? IO << 16 | 2 : 0;
	const struct nvme_command answers = {
		.opcode = CREATE_ANSWERS,
		.page = {page_iova(nvme, PAGE_IO_ANSWERS)},
		.word = {(ENTRIES - 1) << 16 | IO, interrupt | contiguous},
	};
	const struct nvme_command commands = {
		.opcode = CREATE_COMMANDS,
		.page = {page_iova(nvme, PAGE_IO_COMMANDS)},
		.word = {(ENTRIES - 1) << 16 | IO, IO << 16 | contiguous},
	};
	int r = with_interrupt ? enable_interrupt(nvme) : 0;

	init_queue(nvme, &nvme->io, IO, PAGE_IO_COMMANDS);
	nvme->io.has_interrupt = with_interrupt;
	if (r == 0)
		r = admin(nvme, &answers);
	if (r == 0)
		r = admin(nvme, &commands);
	if (r < 0)
		disable_interrupt(nvme);
	return r;
}

int nvme_delete_queues(struct nvme *nvme)
{
	int r = admin(nvme, &(struct nvme_command){.opcode = DELETE_COMMANDS, .word = {IO}});

	if (r == 0)
		r = admin(nvme, &(struct nvme_command){.opcode = DELETE_ANSWERS, .word = {IO}});
	return r < 0 ? r : disable_interrupt(nvme);
}

int nvme_submit(struct nvme *nvme, enum nvme_opcode opcode, uint16_t tag, uint64_t block,
		uint32_t count, uint64_t iova)
{
	const uint64_t second = (iova / NVME_PAGE + 1) * NVME_PAGE;
	const uint64_t end = iova + (uint64_t)count * nvme->block_size;

	if (count == 0 || count > NVME_TRANSFER / nvme->block_size || count > nvme->blocks ||
	    block > nvme->blocks - count || iova % 4 || end > second + NVME_PAGE)
		return -EINVAL;
	if (nvme->io.in_flight == NVME_DEPTH)
		return -EBUSY;
	submit(&nvme->io, &(struct nvme_command){
				  .opcode = opcode,
				  .tag = tag,
				  .nsid = 1,
				  .page = {iova, end > second ? second : 0},
				  .word = {(uint32_t)block, block >> 32, count - 1},
			  });
	return 0;
}

int nvme_wait(struct nvme *nvme, struct nvme_completion *ret)
{
	return wait_for_answer(nvme, &nvme->io, ret);
}

static int run(struct nvme *nvme, enum nvme_opcode opcode, uint64_t block, uint32_t count,
	       uint64_t iova)
{
	int r;

	if (nvme->io.in_flight)
		return -EBUSY;
	r = nvme_submit(nvme, opcode, 0, block, count, iova);
	return r < 0 ? r : wait_for_success(nvme, &nvme->io);
}

int nvme_read(struct nvme *nvme, uint64_t block, uint32_t count, uint64_t iova)
{
	return run(nvme, NVME_READ, block, count, iova);
}

int nvme_write(struct nvme *nvme, uint64_t block, uint32_t count, uint64_t iova)
{
	return run(nvme, NVME_WRITE, block, count, iova);
}
