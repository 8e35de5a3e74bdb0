/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how figures are compared and told. */
#include "figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <libiommufd.h>

static char where[64];

double figures_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

void figures_need(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, libiommufd_last_error()->text);
	exit(1);
}

void figures_begin(const char *backend, const char *kernel, const char *base, const char *other)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(where, sizeof(where), "%s, %s", backend, kernel);
	printf("\n%-44s %12s %12s  %s\n", where, base, other, "ratio");
}

static void note(const char *what, double figure, const char *unit, double goal)
{
	const char *path = getenv("FIGURES");
	FILE *file = path ? fopen(path, "a") : NULL;

	if (!file)
		return;
	fprintf(file, "%s\t%s\t%.3f\t%s\t", where, what, figure, unit);
	if (goal >= 0)
		fprintf(file, "%g", goal);
	fputc('\n', file);
	fclose(file);
}

static void tell_goal(double figure, double goal)
{
	if (goal >= 0)
		printf("  (goal %g)%s", goal, figure > goal ? "  over" : "");
	putchar('\n');
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

double figures_median(double *values)
{
	qsort(values, TURNS, sizeof(*values), by_size);
	return values[TURNS / 2];
}

void figures_compare(const char *what, double *base, double *other, double goal)
{
	double before = figures_median(base), after = figures_median(other), ratio = after / before;

	printf("%-44s %9.2f us %9.2f us  %5.3f", what, before, after, ratio);
	tell_goal(ratio, goal);
	note(what, ratio, "ratio", goal);
}

void figures_tell(const char *what, double figure, const char *unit, double goal)
{
	printf("%-44s %12s %12.2f  %s", what, "", figure, unit);
	tell_goal(figure, goal);
	note(what, figure, unit, goal);
}
