/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passes, skips and fails one test each, as its arguments say, for check.py to count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void passes(void **state)
{
	(void)state;
}

static void skips(void **state)
{
	(void)state;
	skip();
}

static void fails(void **state)
{
	(void)state;
	fail();
}

static int run(const char *what)
{
	const struct CMUnitTest pass[] = {cmocka_unit_test(passes)};
	const struct CMUnitTest skip[] = {cmocka_unit_test(skips)};
	const struct CMUnitTest fail[] = {cmocka_unit_test(fails)};

	return !strcmp(what, "pass")   ? cmocka_run_group_tests_name("one", pass, NULL, NULL)
	       : !strcmp(what, "skip") ? cmocka_run_group_tests(skip, NULL, NULL)
				       : cmocka_run_group_tests_name("three", fail, NULL, NULL);
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed += run(argv[i]);
	return failed;
}
