/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every system call of every flow fails once with every errno it may well give. The public call fails
 * with that and changes nothing, and works when tried again; or lives with it, where rules.c says so.
 */
#include "sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"

/* ---- What a call may fail with ---- */

static const struct {
	const char *call;
	int errors[14];
} menus[] = {
	{"open *", {-ENOMEM, -EACCES, -EPERM, -ENOENT, -ENODEV, -ENXIO, -EMFILE, -EBUSY, -EIO}},
	{"ioctl VFIO_DEVICE_*",
	 {-ENOMEM, -EPERM, -EINVAL, -ENODEV, -EBUSY, -EFAULT, -EADDRINUSE, -EIO, -ENOSPC, -EBADF,
	  -ENOTTY, -EAGAIN, -EEXIST}},
	{"ioctl *",
	 {-ENOMEM, -EPERM, -EINVAL, -ENODEV, -EBUSY, -EFAULT, -EADDRINUSE, -EIO, -ENOSPC}},
	{"mmap *", {-ENOMEM, -EINVAL, -EPERM, -ENODEV, -EACCES}},
	{"p*", {-EIO, -ENODEV, -EFAULT, -EINVAL}},
	{"seals *", {-EBADF, -EINVAL, -EPERM}},
	{"access *", {-EACCES, -ENOENT, -ENOMEM, -EIO}},
	{"*", {-ENOMEM, -EACCES, -ENOENT, -EIO, -EMFILE}},
};

static const int *menu(const char *call)
{
	size_t i = 0;

	while (fnmatch(menus[i].call, call, 0))
		i++;
	return menus[i].errors;
}

static const struct rule *find_rule(const struct flow *flow, const char *call, int error)
{
	const struct rule *rule = rules;

	while (fnmatch(rule->flow, flow->name, 0) || fnmatch(rule->call, call, 0) ||
	       (rule->error && rule->error != error))
		rule++;
	return rule;
}

/* ---- One flow without failures ---- */

struct clean_run {
	unsigned calls;
	char **names;
	int result;
	uint32_t reason;
	char out[sizeof(((struct world *)0)->out)];
	char *after, *fallback, *halfway;
};

/* The nth call; where one like it came before, with its number among them. */
static char *name_of(const struct world *w, unsigned nth)
{
	const char *name = fake_call_name(w->fake, nth);
	unsigned like_it = 1;
	char *result;

	for (unsigned i = 1; i < nth; i++)
		like_it += !strcmp(fake_call_name(w->fake, i), name);
	if (like_it == 1)
		return strdup(name);
	world_require(asprintf(&result, "%s #%u", name, like_it) > 0, "asprintf");
	return result;
}

static void run_clean(const struct flow *flow, uint32_t backend, struct clean_run *clean)
{
	struct world w;

	sweep_begin(flow, backend, &w);
	fake_count_from_here(w.fake, flow->count_munmap);
	clean->result = flow->act(&w);
	clean->calls = fake_call_count(w.fake);
	clean->names = calloc(clean->calls, sizeof(*clean->names));
	for (unsigned i = 0; i < clean->calls; i++)
		clean->names[i] = name_of(&w, i + 1);
	clean->reason = libiommufd_last_error()->reason;
	memcpy(clean->out, w.out, sizeof(w.out));
	clean->after = world_observe(&w);
	if (clean->result != flow->result)
		sweep_complain(flow, backend, "nothing", 0, "gives %d, not %d: %s", clean->result,
			       flow->result, libiommufd_last_error()->text);
	else if (clean->result < 0 && sweep_check_record(flow, clean->result))
		sweep_complain(flow, backend, "nothing", 0, "%s: %s",
			       sweep_check_record(flow, clean->result),
			       libiommufd_last_error()->text);
	if (world_contradiction(&w))
		sweep_complain(flow, backend, "nothing", 0, "%s", world_contradiction(&w));
	sweep_end(flow, &w, "nothing", 0);
	clean->fallback = flow->fallback ? sweep_after(flow, backend, flow->fallback) : NULL;
	clean->halfway = flow->halfway ? sweep_after(flow, backend, flow->halfway) : NULL;
}

static void free_clean(struct clean_run *clean)
{
	for (unsigned i = 0; i < clean->calls; i++)
		free(clean->names[i]);
	free(clean->names);
	free(clean->after);
	free(clean->fallback);
	free(clean->halfway);
}

/* ---- One failure ---- */

struct trial {
	const struct flow *flow;
	uint32_t backend;
	const struct clean_run *clean;
	const char *call;
	int error;
	struct world w;
};

#define complain(trial, ...) \
	sweep_complain((trial)->flow, (trial)->backend, (trial)->call, (trial)->error, __VA_ARGS__)

/* Without the lines about allowed ranges. */
static void drop_allowed(char *text)
{
	char *to = text;

	for (char *line = text, *next; *line; line = next) {
		next = line + strcspn(line, "\n");
		next += *next == '\n';
		if (!strncmp(line, "    allowed ", 12))
			continue;
		memmove(to, line, (size_t)(next - line));
		to += next - line;
	}
	*to = '\0';
}

static void expect_same(struct trial *trial, char *expected, bool without_list, const char *what)
{
	char *now = world_observe(&trial->w);
	char *then = strdup(expected);

	if (without_list) {
		drop_allowed(now);
		drop_allowed(then);
	}
	if (strcmp(now, then))
		complain(trial, "%s; expected:\n%s--- found:\n%s", what, then, now);
	free(then);
	free(now);
}

static void check_result(struct trial *trial, const struct rule *rule, int result)
{
	int wanted = rule->result ? rule->result : trial->error;
	const struct libiommufd_error *e = libiommufd_last_error();

	/* Where the flow fails anyway only the explanation can suffer. */
	if (trial->flow->result < 0 && rule->kind == RULE_LIVES)
		wanted = trial->flow->result;
	if (result != wanted)
		complain(trial, "gives %s, not %s: %s", strerrorname_np(-result),
			 strerrorname_np(-wanted), e->text);
	const char *wrong = sweep_check_record(trial->flow, result);
	if (wrong)
		complain(trial, "%s: %s %s", wrong, libiommufd_reason_name(e->reason), e->text);
	if (rule->reason && e->reason != rule->reason)
		complain(trial, "reason %s, not %s", libiommufd_reason_name(e->reason),
			 libiommufd_reason_name(rule->reason));
}

static void after_failure(struct trial *trial, const struct rule *rule, int result, char *before)
{
	bool left = rule->kind == RULE_FAILS_LEAVES_LIST;

	if (rule->kind == RULE_LIVES_WITH_LESS || rule->kind == RULE_FALLS_BACK ||
	    (rule->kind == RULE_FAILS_OR_LIVES && trial->backend == LIBIOMMUFD_BACKEND_TYPE1) ||
	    (rule->kind == RULE_LESS_OR_FAILS && trial->backend == LIBIOMMUFD_BACKEND_NATIVE) ||
	    (rule->kind == RULE_LIVES && trial->flow->result >= 0))
		complain(trial, "should be lived with, gives %s: %s", strerrorname_np(-result),
			 libiommufd_last_error()->text);
	check_result(trial, rule, result);
	fake_fail(trial->w.fake, 0, 0, false);
	expect_same(trial, rule->kind == RULE_FAILS_HALFWAY ? trial->clean->halfway : before, left,
		    "the failure left something behind");
	if (world_contradiction(&trial->w))
		complain(trial, "after the failure: %s", world_contradiction(&trial->w));

	trial->w.out[0] = '\0';
	int again = trial->flow->act(&trial->w);
	if (again != trial->flow->result)
		complain(trial, "a retry gives %d: %s", again, libiommufd_last_error()->text);
	else if (strcmp(trial->w.out, trial->clean->out))
		complain(trial, "a retry gives \"%s\", not \"%s\"", trial->w.out,
			 trial->clean->out);
	expect_same(trial, trial->clean->after, left, "a retry ends elsewhere");
}

static void after_success(struct trial *trial, const struct rule *rule,
			  const struct libiommufd_error *record)
{
	enum rule_kind kind = rule->kind;

	if (kind == RULE_FAILS_OR_LIVES && trial->backend == LIBIOMMUFD_BACKEND_TYPE1)
		kind = RULE_LIVES;
	if (kind == RULE_LESS_OR_FAILS && trial->backend == LIBIOMMUFD_BACKEND_NATIVE)
		kind = RULE_LIVES_WITH_LESS;
	if (kind != RULE_LIVES && kind != RULE_LIVES_WITH_LESS && kind != RULE_FALLS_BACK) {
		complain(trial, "is swallowed");
		return;
	}
	if (memcmp(record, libiommufd_last_error(), sizeof(*record)))
		complain(trial, "a success left its mark on the record: %s",
			 libiommufd_last_error()->text);
	fake_fail(trial->w.fake, 0, 0, false);
	if (world_contradiction(&trial->w))
		complain(trial, "lived with, but %s", world_contradiction(&trial->w));
	if (kind == RULE_LIVES_WITH_LESS)
		return;
	if (strcmp(trial->w.out, trial->clean->out))
		complain(trial, "lived with, but gives \"%s\", not \"%s\"", trial->w.out,
			 trial->clean->out);
	if (kind == RULE_FALLS_BACK && !strstr(trial->w.note, "container"))
		complain(trial, "lived with another way, which the log does not say: \"%s\"",
			 trial->w.note);
	expect_same(trial, kind == RULE_FALLS_BACK ? trial->clean->fallback : trial->clean->after,
		    false, "lived with, but ends elsewhere");
}

static void try_failure(struct trial *trial, unsigned nth)
{
	const struct rule *rule = find_rule(trial->flow, trial->call, trial->error);

	world_require((rule->kind != RULE_FALLS_BACK || trial->clean->fallback) &&
			      (rule->kind != RULE_FAILS_HALFWAY || trial->clean->halfway),
		      "a rule that suits the flow");
	sweep_begin(trial->flow, trial->backend, &trial->w);
	char *before = world_observe(&trial->w);
	struct libiommufd_error record = *libiommufd_last_error();

	fake_count_from_here(trial->w.fake, trial->flow->count_munmap);
	fake_fail(trial->w.fake, nth, trial->error, false);
	int result = trial->flow->act(&trial->w);
	if (!fake_failed(trial->w.fake))
		complain(trial, "the call did not come this time");
	else if (result < 0)
		after_failure(trial, rule, result, before);
	else
		after_success(trial, rule, &record);
	free(before);
	sweep_end(trial->flow, &trial->w, trial->call, trial->error);
}

/* From the nth call on nothing works any more: whatever the result, nothing is lost or wrong. */
static void try_breakdown(struct trial *trial, unsigned nth)
{
	sweep_begin(trial->flow, trial->backend, &trial->w);
	fake_count_from_here(trial->w.fake, trial->flow->count_munmap);
	fake_fail(trial->w.fake, nth, -EIO, true);
	int result = trial->flow->act(&trial->w);
	if (result < 0 && libiommufd_last_error()->error != result)
		complain(trial, "the record has another errno");
	fake_fail(trial->w.fake, 0, 0, false);
	if (world_contradiction(&trial->w))
		complain(trial, "after a breakdown: %s", world_contradiction(&trial->w));
	if (result < 0) {
		bool lost = libiommufd_last_error()->reason == LIBIOMMUFD_REASON_RESTORE_FAILED;
		result = lost && trial->flow->recover ? trial->flow->recover(&trial->w)
						      : trial->flow->act(&trial->w);
		if (result != trial->flow->result)
			complain(trial, "a retry after a breakdown gives %d: %s", result,
				 libiommufd_last_error()->text);
		if (trial->backend == LIBIOMMUFD_BACKEND_TYPE1)
			expect_same(trial, trial->clean->after, false,
				    "a retry after a breakdown ends elsewhere");
	}
	sweep_end(trial->flow, &trial->w, trial->call, trial->error);
}

static unsigned trials;

static void sweep(const struct flow *flow, uint32_t backend)
{
	struct clean_run clean;

	run_clean(flow, backend, &clean);
	for (unsigned nth = 1; nth <= clean.calls; nth++) {
		struct trial trial = {flow, backend, &clean, clean.names[nth - 1], 0, {0}};
		for (const int *error = menu(trial.call); *error; error++, trials++) {
			trial.error = *error;
			try_failure(&trial, nth);
		}
		trial.error = 0;
		try_breakdown(&trial, nth);
	}
	free_clean(&clean);
}

static void every_failing_system_call_leaves_everything_as_it_was(void **state)
{
	(void)state;
	sweep_flows(sweep);
	printf("%u failures tried\n", trials);
	if (!getenv("FLOW"))
		assert_true(trials > 1000);
	assert_int_equal(sweep_complaints(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_failing_system_call_leaves_everything_as_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
