/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the library may do about a call that fails, other than to hand on its errno. */
#ifndef LIBIOMMUFD_TEST_RULES_H
#define LIBIOMMUFD_TEST_RULES_H

#include <stdint.h>

enum rule_kind {
	/* Fails with result and reason; everything is as before, and a retry works. */
	RULE_FAILS,
	/* As before but for an allow list that could not be taken back. */
	RULE_FAILS_LEAVES_LIST,
	/* Works, and what comes out is what comes out otherwise. */
	RULE_LIVES,
	/* Works, and says or does less: a fact is unknown, the other backend is taken. */
	RULE_LIVES_WITH_LESS,
	/* Works, is as after the flow's fallback, and the log says so. */
	RULE_FALLS_BACK,
	/* Fails with result and reason; everything is as after the flow's halfway, and a retry works. */
	RULE_FAILS_HALFWAY,
	/* One backend fails, the other lives. */
	RULE_FAILS_OR_LIVES,
	RULE_LESS_OR_FAILS,
};

struct rule {
	const char *flow; /* a pattern of fnmatch(), as call */
	const char *call;
	int error; /* what the call was made to fail with; 0: anything */
	enum rule_kind kind;
	int result;      /* 0: the error */
	uint32_t reason; /* 0: any that suits the result */
};

/* The first that matches; the last one matches everything. */
extern const struct rule rules[];

#endif
