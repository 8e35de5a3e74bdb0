/* SPDX-License-Identifier: MIT */
/*
 * Why a device cannot be opened, bound, or mapped for, and what to do about it. Run it as the user, and with
 * the limits, of the program that is to have the device.
 *
 *   explain DEVICE                 to bind it
 *   explain DEVICE open
 *   explain DEVICE map BYTES       such as 64M, 4G
 *
 * Ends with 0 if nothing is in the way, with 1 if something is or may be, with 2 if there is no such device.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libiommufd-host.h>

enum obstacle {
	NONE,    /* it works; perhaps something else is wrong */
	PERHAPS, /* it only looks as if something could be in the way */
	CERTAIN
};

static enum obstacle obstacle(const struct libiommufd_host_finding *finding)
{
	if (libiommufd_host_finding_get_severity(finding) == LIBIOMMUFD_HOST_ERROR)
		return CERTAIN;
	return libiommufd_host_finding_get_code(finding) == LIBIOMMUFD_HOST_REACHES_ALL_MEMORY
		       ? NONE
		       : PERHAPS;
}

/* The greatest of all. */
static enum obstacle obstacles(const struct libiommufd_host_findings *findings)
{
	enum obstacle greatest = NONE;

	for (size_t i = 0; i < libiommufd_host_findings_get_count(findings); i++) {
		enum obstacle one = obstacle(libiommufd_host_findings_get(findings, i));
		if (one > greatest)
			greatest = one;
	}
	return greatest;
}

/* "64M": bytes with the letter of a power of 1024. 0 if it is none. */
static unsigned long long parse_bytes(const char *text)
{
	static const char letters[] = "KMGT";
	char *end;
	unsigned long long bytes = strtoull(text, &end, 0);
	const char *letter = *end ? strchr(letters, *end) : NULL;

	if (*text == '-' || (*end && (!letter || end[1])))
		return 0;
	for (long n = letter ? letter - letters + 1 : 0; n > 0; n--)
		bytes = bytes > ~0ULL / 1024 ? 0 : bytes * 1024;
	return bytes;
}

static void show(const char *device, const struct libiommufd_host_findings *findings)
{
	static const char *const backends[] = {"", " over iommufd", " over VFIO groups"};
	static const char *const words[] = {"can", "can perhaps", "cannot"};
	static const char *const notes[] = {" (no obstacle)", " (perhaps no obstacle)", ""};
	size_t count = libiommufd_host_findings_get_count(findings);
	const char *backend = backends[libiommufd_host_findings_get_backend(findings)];

	printf("%s %s be used%s%s\n", device, words[obstacles(findings)], backend,
	       count ? ":" : "");
	for (size_t i = 0; i < count; i++) {
		const struct libiommufd_host_finding *finding =
			libiommufd_host_findings_get(findings, i);
		uint32_t code = libiommufd_host_finding_get_code(finding);

		printf("\n%zu. %s: %s%s [%s]\n", i + 1,
		       libiommufd_host_finding_get_subject(finding),
		       libiommufd_host_finding_get_evidence(finding), notes[obstacle(finding)],
		       libiommufd_host_finding_code_name(code));
		printf("   What to do: %s\n", libiommufd_host_finding_get_remedy(finding));
	}
}

int main(int argc, char **argv)
{
	struct libiommufd_host_purpose purpose = {.size = sizeof(purpose)};
	struct libiommufd_host_findings *findings;
	struct libiommufd_host *host;

	if (argc == 3 && !strcmp(argv[2], "open")) {
		purpose.purpose = LIBIOMMUFD_HOST_TO_OPEN;
	} else if (argc == 4 && !strcmp(argv[2], "map")) {
		purpose.purpose = LIBIOMMUFD_HOST_TO_MAP;
		purpose.length = parse_bytes(argv[3]);
		if (!purpose.length) {
			fprintf(stderr, "%s is no number of bytes, such as 65536, 64M or 4G\n",
				argv[3]);
			return 2;
		}
	} else if (argc != 2) {
		fprintf(stderr, "usage: explain DEVICE [open | map BYTES]\n");
		return 2;
	}
	if (libiommufd_host_open(NULL, &host) < 0 ||
	    libiommufd_host_query_findings(host, argv[1], &purpose, &findings) < 0) {
		fprintf(stderr, "%s\n", libiommufd_host_last_error()->text);
		return 2;
	}
	int result = obstacles(findings) != NONE;
	show(argv[1], findings);
	libiommufd_host_findings_free(findings);
	libiommufd_host_close(host);
	return result;
}
