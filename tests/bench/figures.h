/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How figures are compared and told: a line for people, beside the goal, and one for programs at the end of the
 * file that $FIGURES names: where, what, figure, unit, goal, with tabs between them.
 */
#ifndef LIBIOMMUFD_BENCH_FIGURES_H
#define LIBIOMMUFD_BENCH_FIGURES_H

enum {
	TURNS = 5, /* of those who are compared */
};

/* Microseconds. */
double figures_now(void);
/* Ends the program if result is an error of the library. */
void figures_need(int result, const char *what);

/* The heading of what follows: the backend and the kernel, and which two are compared. */
void figures_begin(const char *backend, const char *kernel, const char *base, const char *other);
/* Of TURNS values, which it sorts. */
double figures_median(double *values);
/* What the two cost, in microseconds, by turns; the ratio is of the other to the base. A goal below 0: none. */
void figures_compare(const char *what, double *base, double *other, double goal);
/* A figure without another beside it. */
void figures_tell(const char *what, double figure, const char *unit, double goal);

#endif
