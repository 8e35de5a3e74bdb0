/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how facts are printed, and the order of their sections. */
#include "facts.h"

#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>

static const struct section sections[] = {
	{"abi", facts_of_abi},
	{"ids", facts_of_ids},
	{"objects", facts_of_objects},
	{"map", facts_of_maps},
	{"pick", facts_of_picks},
	{"unmap", facts_of_unmaps},
	{"copy", facts_of_copies},
	{"ranges", facts_of_ranges},
	{"allowed", facts_of_allowed},
	{"option", facts_of_options},
	{"hwpt", facts_of_hwpts},
	{"hw_info", facts_of_hw_info},
	{"bind", facts_of_binds},
	{"unbound", facts_of_unbound},
	{"attach", facts_of_attaches},
	{"move", facts_of_moves},
	{"functions", facts_of_functions},
	{"bridge", facts_of_bridge},
	{"unopened", facts_of_unopened},
	{"exclusion", facts_of_exclusion},
	{"hot_reset", facts_of_hot_resets},
	{"close", facts_of_closes},
	{"passing", facts_of_passing},
	{"kvm", facts_of_kvm},
	{"compat", facts_of_compat},
	{"file", facts_of_files},
	{"memory", facts_of_memory},
	{"limit", facts_of_limits},
	{"mdev", facts_of_mdevs},
};

enum {
	SECTIONS = sizeof(sections) / sizeof(sections[0]),
	LIMIT = 1000, /* seconds for one section, of a clock that may run fast */
};

static const char *prefix;

static void name_and(const char *name, va_list arguments, const char *value)
{
	printf("%s.", prefix);
	vprintf(name, arguments);
	printf(" = %s\n", value);
	fflush(stdout);
}

void fact(const char *value, const char *name, ...)
{
	va_list arguments;

	va_start(arguments, name);
	name_and(name, arguments, value);
	va_end(arguments);
}

void fact_result(int64_t result, const char *name, ...)
{
	va_list arguments;

	va_start(arguments, name);
	name_and(name, arguments, result_name(result));
	va_end(arguments);
}

void fact_number(int64_t number, const char *name, ...)
{
	va_list arguments;
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)number);
	va_start(arguments, name);
	name_and(name, arguments, text);
	va_end(arguments);
}

void fact_hex(uint64_t value, const char *name, ...)
{
	va_list arguments;
	char text[32];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	va_start(arguments, name);
	name_and(name, arguments, text);
	va_end(arguments);
}

void fact_ranges(int iommu, uint32_t ioas, const char *name)
{
	struct iommu_iova_range ranges[16];
	char text[16 * 40 + 64] = "";
	uint64_t alignment = 0;
	uint32_t count = 0;
	int r = ioas_ranges(iommu, ioas, ranges, &count, &alignment);

	for (uint32_t i = 0; r == 0 && i < count; i++)
		sprintf(text + strlen(text), "0x%llx-0x%llx ", (unsigned long long)ranges[i].start,
			(unsigned long long)ranges[i].last);
	sprintf(text + strlen(text), "by 0x%llx, %s", (unsigned long long)alignment,
		result_name(r));
	fact(text, "%s", name);
}

/* Whether the command line wants a section: it names it, or names none, or only some not to run. */
static bool wanted(const char *name, int argc, char **argv)
{
	bool chosen = false;

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-' && !strcmp(argv[i] + 1, name))
			return false;
		if (!strcmp(argv[i], name))
			return true;
		chosen |= argv[i][0] != '-';
	}
	return !chosen;
}

/* 0 if it came to its end, and left nothing pinned. */
static int run(const struct section *section)
{
	long before = pins();
	int status;
	pid_t pid;

	prefix = section->name;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(LIMIT);
		section->run();
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	fact_number(WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status), "ended");
	fact_number(pins() - before, "pins_left");
	return status;
}

int main(int argc, char **argv)
{
	int failed = 0, known = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	limit_memlock(UINT64_MAX);
	for (int n = 0; n < SECTIONS; n++)
		for (int i = 1; i < argc; i++)
			known += !strcmp(argv[i] + (argv[i][0] == '-'), sections[n].name);
	if (known != argc - 1)
		die("usage: facts [SECTION | -SECTION]...");
	for (int n = 0; n < SECTIONS; n++)
		if (wanted(sections[n].name, argc, argv))
			failed |= run(&sections[n]);
	printf("%s\n", failed ? "a section did not end" : "that is all");
	return failed != 0;
}
