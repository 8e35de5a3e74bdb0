/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the host that the suites of libiommufd-host ask, and what they assert of its findings. */
#include "hostbench.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct libiommufd_host *host;
static struct libiommufd_host_findings *findings;

int hostbench_setup(void **state)
{
	(void)state;
	return libiommufd_host_open(NULL, &host);
}

int hostbench_teardown(void **state)
{
	(void)state;
	findings = libiommufd_host_findings_free(findings);
	host = libiommufd_host_close(host);
	return 0;
}

uint32_t hostbench_backend(void)
{
	const char *name = getenv("LIBIOMMUFD_BACKEND");

	assert_non_null(name);
	return strcmp(name, "native") ? LIBIOMMUFD_BACKEND_TYPE1 : LIBIOMMUFD_BACKEND_NATIVE;
}

bool hostbench_is_native(void)
{
	return hostbench_backend() == LIBIOMMUFD_BACKEND_NATIVE;
}

struct libiommufd_host_purpose hostbench_purpose(uint32_t kind)
{
	return (struct libiommufd_host_purpose){
		.size = sizeof(struct libiommufd_host_purpose),
		.purpose = kind,
		.backend = hostbench_backend(),
		.length = kind == LIBIOMMUFD_HOST_TO_MAP ? PAGE : 0,
	};
}

static void name_codes(char *buf, size_t size, const uint32_t *codes)
{
	buf[0] = '\0';
	for (; *codes; codes++)
		snprintf(buf + strlen(buf), size - strlen(buf), " %s",
			 libiommufd_host_finding_code_name(*codes));
}

void check_findings(const char *name, const struct libiommufd_host_purpose *purpose,
		    const uint32_t *codes, const char *file, int line)
{
	char expected[256], seen[256];
	uint32_t found[16] = {0};

	findings = libiommufd_host_findings_free(findings);
	if (libiommufd_host_query_findings(host, name, purpose, &findings) < 0) {
		print_error("%s\n", libiommufd_host_last_error()->text);
		_fail(file, line);
	}
	size_t count = libiommufd_host_findings_get_count(findings);
	for (size_t i = 0; i < count && i < 15; i++)
		found[i] = libiommufd_host_finding_get_code(hostbench_finding(i));
	name_codes(expected, sizeof(expected), codes);
	name_codes(seen, sizeof(seen), found);
	for (size_t i = 0; i < count; i++)
		print_message("%s\n", libiommufd_host_finding_get_text(hostbench_finding(i)));
	if (strcmp(expected, seen)) {
		print_error("found%s, not%s\n", seen, expected);
		_fail(file, line);
	}
	/* Whatever is found, a person is told what was seen and what to do. */
	for (size_t i = 0; i < count; i++) {
		const struct libiommufd_host_finding *finding = hostbench_finding(i);
		assert_true(strlen(libiommufd_host_finding_get_subject(finding)) > 3);
		assert_true(strlen(libiommufd_host_finding_get_evidence(finding)) > 10);
		assert_true(strlen(libiommufd_host_finding_get_remedy(finding)) > 10);
		assert_int_not_equal(libiommufd_host_finding_get_severity(finding), 0);
	}
}

const struct libiommufd_host_finding *hostbench_finding(size_t index)
{
	const struct libiommufd_host_finding *finding =
		libiommufd_host_findings_get(findings, index);

	assert_non_null(finding);
	return finding;
}

void check_says(size_t index, const char *part, const char *file, int line)
{
	const char *text = libiommufd_host_finding_get_text(hostbench_finding(index));

	if (strstr(text, part))
		return;
	print_error("\"%s\" is not in: %s\n", part, text);
	_fail(file, line);
}

void check_host_outcome(const char *call, int result, int error, uint32_t reason, const char *file,
			int line)
{
	const struct libiommufd_error *record = libiommufd_host_last_error();

	if (result == error && (!error || (record->error == error && record->reason == reason &&
					   strcmp(libiommufd_host_reason_name(reason), "UNKNOWN"))))
		return;
	print_error("%s: %d (%s: %s)\n", call, result, libiommufd_host_reason_name(record->reason),
		    record->text);
	_fail(file, line);
}

int hostbench_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error = 0;

	assert_true(fd >= 0);
	if (write(fd, text, strlen(text)) < 0)
		error = errno;
	close(fd);
	return error;
}

void hostbench_shell(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0) {
		print_error("failed: %s\n", command);
		fail();
	}
}

uint32_t hostbench_dma_state(const char *name)
{
	struct libiommufd_host_devices *devices;

	assert_host_ok(libiommufd_host_query_device(host, name, &devices));
	uint32_t state =
		libiommufd_host_device_get_dma_state(libiommufd_host_devices_get(devices, 0));
	libiommufd_host_devices_free(devices);
	return state;
}

const char *hostbench_driver(const char *name)
{
	static char target[256];
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", name);
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return "";
	target[n] = '\0';
	return strrchr(target, '/') + 1;
}
