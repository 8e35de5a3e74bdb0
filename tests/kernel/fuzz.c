/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns what the fuzzer counts and says.
 *
 *   fuzz [-n CALLS] [-t SECONDS] [-s SEED] [-j THREADS] [-v]
 *
 * Ends after that many calls or seconds, whichever is first. With -v every call is printed.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdarg.h>
#include <time.h>

enum {
	NOTES = 40,
	LIFE = 20000, /* calls until all is closed */
};

const char *const fuzz_devices[DEVICES] = {"EDU1", "EDU2", "EDU3", "EDU4", "MDEV0"};

static struct {
	const char *what;
	int result;
	uint64_t arguments[4];
} notes[NOTES];
static unsigned long noted;
static uint64_t seed, digest = 0xcbf29ce484222325;
static bool talk;
static int threads = 1;

uint32_t next(struct random *random)
{
	uint64_t x = random->state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return (uint32_t)(x ^ x >> 31);
}

static uint8_t *memory_of(int n)
{
	const size_t length = REGION_PAGES * PAGE;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	uint8_t *memory;

	must(fd);
	switch (n % 4) {
	case 1:
		must(ftruncate(fd, (off_t)length) < 0 ? -errno : 0);
		memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		break;
	case 2:
		memory = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0);
		memory += (2 << 20) - (uintptr_t)memory % (2 << 20);
		madvise(memory, 2 << 20, MADV_HUGEPAGE);
		break;
	default:
		memory = memory_new(length);
	}
	if (memory == MAP_FAILED)
		die("no memory");
	memory_fill(memory, length);
	close(fd);
	return memory;
}

uint8_t *region(int n)
{
	static uint8_t *regions[REGIONS];

	if (!regions[0])
		for (int i = 0; i < REGIONS; i++)
			regions[i] = memory_of(i);
	return regions[n];
}

static void print_note(unsigned long n)
{
	const uint64_t *a = notes[n % NOTES].arguments;

	printf("%8lu  %-28s 0x%llx 0x%llx 0x%llx 0x%llx = %s\n", n, notes[n % NOTES].what,
	       (unsigned long long)a[0], (unsigned long long)a[1], (unsigned long long)a[2],
	       (unsigned long long)a[3], result_name(notes[n % NOTES].result));
}

void note(const char *what, int result, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	unsigned long n = __atomic_fetch_add(&noted, 1, __ATOMIC_RELAXED);

	notes[n % NOTES].what = what;
	notes[n % NOTES].result = result;
	memcpy(notes[n % NOTES].arguments, (uint64_t[]){a, b, c, d}, sizeof(notes[0].arguments));
	digest = (digest ^ (uint32_t)result) * 0x100000001b3;
	if (talk)
		print_note(n);
}

void broken(const char *format, ...)
{
	unsigned long first = noted > NOTES ? noted - NOTES : 0;
	va_list arguments;
	char why[512];

	/* Before the names of other results are made. */
	va_start(arguments, format);
	vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	printf("the last calls of %lu:\n", noted);
	for (unsigned long n = first; n < noted; n++)
		print_note(n);
	printf("FAILED: %s\nagain: fuzz -s 0x%llx -j %d\n", why, (unsigned long long)seed, threads);
	fflush(stdout);
	_exit(1);
}

int main(int argc, char **argv)
{
	unsigned long calls = 1000000, done = 0;
	double seconds = 1e9;
	struct random random;
	int option;

	setvbuf(stdout, NULL, _IOLBF, 0);
	seed = (uint64_t)time(NULL);
	while ((option = getopt(argc, argv, "n:t:s:j:v")) != -1)
		switch (option) {
		case 'n':
			calls = strtoul(optarg, NULL, 0);
			break;
		case 't':
			seconds = strtod(optarg, NULL);
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'j':
			threads = atoi(optarg);
			break;
		case 'v':
			talk = true;
			break;
		default:
			return 2;
		}
	limit_memlock(UINT64_MAX);
	printf("seed 0x%llx, %d threads\n", (unsigned long long)seed, threads);
	random.state = seed;
	region(0);
	time_t end = time(NULL) + (time_t)(seconds > 1e8 ? 1e8 : seconds);
	while (done < calls && time(NULL) < end) {
		unsigned long left = calls - done, life = left < LIFE ? left : LIFE;
		long before = pins();

		done += threads > 1 ? threads_life(&random, life, threads)
				    : model_life(&random, life);
		if (pinned_here() != 0)
			broken("%ld KiB are pinned by a process that has closed everything",
			       pinned_here());
		if (pins() != before)
			broken("%ld pages are pinned when everything is closed", pins() - before);
	}
	printf("%lu calls, as they should be", done);
	if (threads == 1)
		printf("; of this seed they answer 0x%llx", (unsigned long long)digest);
	printf("\n");
	return 0;
}
