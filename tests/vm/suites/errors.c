/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors that a device reports: the kernel is made to believe in one, and does then what it does for a
 * real one. Needs the set e1000e, two functions below a port that the kernel can reset, and nvme-vfs, a
 * device below another port; and the kernel's module aer_inject.
 */
#include "devices.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	ERR = LIBIOMMUFD_PCI_ERR,
	MSIX = LIBIOMMUFD_PCI_MSIX,
	COMMAND = 4, /* of configuration space */
	MEMORY = 1 << 1,
	MASTER = 1 << 2,
	ADDRESS = 0x5400, /* a register of the e1000e with a part of its network address */
	LIMIT = 10,       /* seconds, for the kernel to deal with an error */
};

/* What the module is told; the kernel's headers for programs do not have it. */
struct injection {
	uint8_t bus, slot, function;
	uint32_t uncorrectable, correctable; /* bits of the status registers */
	uint32_t header[4];
	uint32_t domain;
};

/* With what the kernel says when it is done with it: whoever it notifies has been by then. */
static const struct error {
	uint32_t uncorrectable, correctable;
	const char *done;
} minor = {1 << 12, 0, "AER: device recovery successful"},       /* a poisoned packet: not fatal */
	fatal = {1 << 18, 0, "AER: device recovery successful"}, /* a malformed one */
	corrected = {0, 1 << 0, "severity=Correct"}; /* of the receiver; "ed" or "able" */

static void await_message(int kmsg, const char *text)
{
	struct pollfd messages = {.fd = kmsg, .events = POLLIN};
	time_t deadline = time(NULL) + LIMIT;
	char record[2048];

	while (time(NULL) < deadline) {
		ssize_t length;

		if (poll(&messages, 1, 1000) != 1)
			continue;
		length = read(kmsg, record, sizeof(record) - 1);
		assert_true(length > 0);
		record[length] = 0;
		if (strstr(record, text))
			return;
	}
	fail_msg("the kernel did not say \"%s\"", text);
}

/* Let a device report an error, and the kernel deal with it. */
static void report(const char *variable, struct error error)
{
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int module = open("/dev/aer_inject", O_WRONLY | O_CLOEXEC);
	struct injection injection = {.uncorrectable = error.uncorrectable,
				      .correctable = error.correctable};

	assert_true(kmsg >= 0 && module >= 0);
	assert_int_equal(sscanf(bench_name(variable), "%x:%hhx:%hhx.%hhx", &injection.domain,
				&injection.bus, &injection.slot, &injection.function),
			 4);
	assert_true(lseek(kmsg, 0, SEEK_END) >= 0);
	assert_int_equal(write(module, &injection, sizeof(injection)), sizeof(injection));
	await_message(kmsg, error.done);
	close(module);
	close(kmsg);
}

static int arm(struct libiommufd_device *dev)
{
	int event = event_new();

	assert_ok(libiommufd_device_set_irqs(dev, ERR, 0, &event, 1));
	return event;
}

/*
 * Also on type1, where bind leaves a device closed: one that is closed when the kernel resets it for an
 * error is restored by nobody.
 */
static void opened(struct bench *b, int n, const char *variable)
{
	int fd;

	assert_ok(libiommufd_device_query_fd(device_bound(b, n, variable), &fd));
}

static int setup_function(void **state)
{
	bench_setup(state);
	opened(*state, 0, "NET0");
	return 0;
}

static int setup_functions(void **state)
{
	setup_function(state);
	opened(*state, 1, "NET1");
	return 0;
}

static int setup_ports(void **state)
{
	setup_function(state);
	opened(*state, 1, "PF0");
	return 0;
}

/* The device answers, and its message arrives. */
static void assert_works(struct libiommufd_device *dev, volatile uint8_t *regs)
{
	int event = event_new();

	assert_ok(libiommufd_device_set_irqs(dev, MSIX, 0, &event, 1));
	*reg32(regs, NET_VECTOR_OF) = 8;
	assert_int_equal(*reg32(regs, NET_VECTOR_OF), 8);
	net_start(dev);
	net_raise(regs, 0);
	assert_true(event_comes(event));
	net_stop(regs);
	assert_ok(libiommufd_device_disable_irqs(dev, MSIX));
	close(event);
}

static void each_error_notifies_once(void **state)
{
	const struct error errors[] = {minor, minor, fatal, minor, fatal, fatal};
	struct bench *b = *state;
	int event = arm(b->dev);

	assert_true(event_silent(event));
	for (int i = 0; i < 6; i++) {
		uint64_t count;

		report("NET0", errors[i]);
		assert_int_equal(read(event, &count, sizeof(count)), sizeof(count));
		assert_int_equal(count, 1);
	}
	assert_true(event_silent(event));
	close(event);
}

static void a_corrected_error_does_not_notify(void **state)
{
	struct bench *b = *state;
	int event = arm(b->dev);

	report("NET0", corrected);
	assert_true(event_silent(event));
	report("NET0", minor);
	assert_true(event_comes(event));
	close(event);
}

static void an_error_from_before_does_not_notify(void **state)
{
	struct bench *b = *state;
	int event;

	report("NET0", minor);
	report("NET0", fatal);
	event = arm(b->dev);
	assert_true(event_silent(event));
	report("NET0", minor);
	assert_true(event_comes(event));
	close(event);
}

static void a_disabled_notification_is_silent(void **state)
{
	struct bench *b = *state;
	int event = arm(b->dev), witness = arm(b->devices[1]);

	for (int way = 0; way < 2; way++) {
		assert_ok(way ? libiommufd_device_disable_irqs(b->dev, ERR)
			      : libiommufd_device_set_irqs(b->dev, ERR, 0, (int[]){-1}, 1));
		report("NET0", minor);
		report("NET0", fatal);
		assert_true(event_comes(witness));
		assert_true(event_silent(event));
		assert_ok(libiommufd_device_set_irqs(b->dev, ERR, 0, &event, 1));
		report("NET0", minor);
		assert_true(event_comes(event));
		assert_true(event_comes(witness));
	}
	close(event);
	close(witness);
}

static void the_new_eventfd_is_notified_and_the_old_one_is_not(void **state)
{
	struct bench *b = *state;
	int old = arm(b->dev), new = arm(b->dev);

	report("NET0", minor);
	assert_true(event_comes(new));
	assert_true(event_silent(old));
	close(old);
	close(new);
}

/* The kernel cannot tell what else an error below a port has touched. */
static void the_function_beside_it_is_notified_too(void **state)
{
	struct bench *b = *state;
	int events[] = {arm(b->devices[0]), arm(b->devices[1])};
	const char *names[] = {"NET0", "NET1"};

	for (int n = 0; n < 2; n++) {
		report(names[n], n ? fatal : minor);
		assert_true(event_comes(events[0]));
		assert_true(event_comes(events[1]));
	}
	close(events[0]);
	close(events[1]);
}

static void a_device_below_another_port_is_not_notified(void **state)
{
	struct bench *b = *state;
	int event = arm(b->devices[0]), other = arm(b->devices[1]);

	report("NET0", minor);
	report("NET0", fatal);
	assert_true(event_comes(event));
	assert_true(event_silent(other));
	/* It would hear: the model of the other device has no errors to report. */
	assert_ok(libiommufd_device_trigger_irqs(b->devices[1], ERR, 0, 1));
	assert_true(event_comes(other));
	assert_true(event_silent(event));
	close(event);
	close(other);
}

static void after_an_error_that_is_not_fatal_the_device_works(void **state)
{
	struct bench *b = *state;
	volatile uint8_t *regs = device_registers(b->dev);
	uint32_t address = *reg32(regs, ADDRESS);
	int event = arm(b->dev);

	*reg32(regs, NET_VECTOR_OF) = 0xba98;
	report("NET0", minor);
	assert_true(event_comes(event));
	/* It was not reset. */
	assert_int_equal(*reg32(regs, NET_VECTOR_OF), 0xba98);
	assert_int_equal(*reg32(regs, ADDRESS), address);
	assert_works(b->dev, regs);
	close(event);
}

static void after_a_fatal_error_a_write_to_the_command_register_revives_it(void **state)
{
	struct bench *b = *state;
	volatile uint8_t *regs = device_registers(b->dev);
	uint32_t address = *reg32(regs, ADDRESS);
	int event = arm(b->dev), message = event_new();
	uint16_t command;

	assert_works(b->dev, regs);
	assert_ok(libiommufd_device_set_irqs(b->dev, MSIX, 0, &message, 1));
	report("NET0", fatal);
	assert_true(event_comes(event));
	/* It was reset, and nobody else restores what it had. */
	assert_ok(libiommufd_device_config_read16(b->dev, COMMAND, &command));
	assert_int_equal(command & (MEMORY | MASTER), 0);
	assert_int_not_equal(*reg32(regs, ADDRESS), address);
	assert_ok(libiommufd_device_reset(b->dev));
	assert_int_not_equal(*reg32(regs, ADDRESS), address);

	assert_ok(libiommufd_device_config_write16(b->dev, COMMAND, MEMORY));
	assert_int_equal(*reg32(regs, ADDRESS), address);
	assert_int_equal(*reg32(regs, NET_VECTOR_OF), 0);
	assert_ok(libiommufd_device_disable_irqs(b->dev, MSIX));
	assert_works(b->dev, regs);
	report("NET0", minor);
	assert_true(event_comes(event));
	close(event);
	close(message);
}

static void a_device_that_failed_closes_and_works_when_it_is_opened_again(void **state)
{
	const struct error errors[] = {minor, fatal};
	struct bench *b = *state;
	uint32_t address = *reg32(device_registers(b->dev), ADDRESS);

	for (int i = 0; i < 2; i++) {
		int event = arm(b->dev), before = count_files();
		volatile uint8_t *regs;

		report("NET0", errors[i]);
		assert_true(event_comes(event));
		device_closed(b, 0);
		opened(b, 0, "NET0");
		assert_int_equal(count_files(), before);
		regs = device_registers(b->dev);
		assert_int_equal(*reg32(regs, ADDRESS), address);
		assert_works(b->dev, regs);
		/* Nothing is left of the notification. */
		report("NET0", minor);
		assert_true(event_silent(event));
		close(event);
	}
}

static void a_closed_device_is_not_notified(void **state)
{
	struct bench *b = *state;
	int event = arm(b->dev), witness = arm(b->devices[1]);

	device_closed(b, 0);
	report("NET0", minor);
	report("NET0", fatal);
	assert_true(event_comes(witness));
	assert_true(event_silent(event));
	close(event);
	close(witness);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(each_error_notifies_once, setup_function),
		bench_test(a_corrected_error_does_not_notify, setup_function),
		bench_test(an_error_from_before_does_not_notify, setup_function),
		bench_test(a_disabled_notification_is_silent, setup_functions),
		bench_test(the_new_eventfd_is_notified_and_the_old_one_is_not, setup_function),
		bench_test(the_function_beside_it_is_notified_too, setup_functions),
		bench_test(a_device_below_another_port_is_not_notified, setup_ports),
		bench_test(after_an_error_that_is_not_fatal_the_device_works, setup_function),
		bench_test(after_a_fatal_error_a_write_to_the_command_register_revives_it,
			   setup_function),
		bench_test(a_device_that_failed_closes_and_works_when_it_is_opened_again,
			   setup_function),
		bench_test(a_closed_device_is_not_notified, setup_functions),
	};

	bench_begin();
	return cmocka_run_group_tests_name("errors", tests, NULL, NULL);
}
