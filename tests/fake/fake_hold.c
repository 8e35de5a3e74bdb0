/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the calls that take their time: one thread stands in the kernel, and others go past it. */
#include "fake_internal.h"

#include <string.h>

static _Thread_local bool is_slow;

static void become(struct fake *fake, enum fake_hold_state state)
{
	fake->hold.state = state;
	pthread_cond_broadcast(&fake->hold.changed);
}

void fake_hold(struct fake *fake, unsigned nth)
{
	pthread_mutex_lock(&fake->lock);
	fake->hold.at = nth;
	fake->hold.calls = 0;
	fake->hold.name[0] = '\0';
	become(fake, HOLD_ARMED);
	pthread_mutex_unlock(&fake->lock);
}

void fake_hold_begin(void)
{
	is_slow = true;
}

void fake_hold_end(struct fake *fake)
{
	is_slow = false;
	pthread_mutex_lock(&fake->lock);
	become(fake, HOLD_OVER);
	pthread_mutex_unlock(&fake->lock);
}

bool fake_await_held(struct fake *fake)
{
	pthread_mutex_lock(&fake->lock);
	while (fake->hold.state == HOLD_ARMED)
		pthread_cond_wait(&fake->hold.changed, &fake->lock);
	bool held = fake->hold.state == HOLD_HELD;
	pthread_mutex_unlock(&fake->lock);
	return held;
}

void fake_let_go(struct fake *fake)
{
	pthread_mutex_lock(&fake->lock);
	if (fake->hold.state == HOLD_HELD)
		become(fake, HOLD_LET_GO);
	pthread_mutex_unlock(&fake->lock);
}

const char *fake_held_name(struct fake *fake)
{
	return fake->hold.name;
}

void fake_maybe_stop(struct fake *fake, const char *call, const char *what)
{
	if (!is_slow || ++fake->hold.calls != fake->hold.at)
		return;
	snprintf(fake->hold.name, sizeof(fake->hold.name), "%s %s", call, what);
	become(fake, HOLD_HELD);
	while (fake->hold.state == HOLD_HELD)
		pthread_cond_wait(&fake->hold.changed, &fake->lock);
}
