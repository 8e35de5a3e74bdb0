/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * To be preloaded into a program that uses the shared library: tells whoever traces the program which
 * public call is running, by a getpid() that the kernel takes for any other.
 */

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"

#define WRAPPER(function)   function
#define REAL_NAME(function) function
#define REAL(function)      ((__typeof__(&function))real(#function))

static void *real(const char *function)
{
	void *found = dlsym(RTLD_NEXT, function);

	if (!found)
		_exit(127);
	return found;
}

static _Thread_local unsigned depth, running;

/* As the environment says it: a program may change that on its way. */
static long backend(void)
{
	const char *name = getenv("LIBIOMMUFD_BACKEND");

	return !name                     ? LIBIOMMUFD_BACKEND_AUTO
	       : !strcmp(name, "native") ? LIBIOMMUFD_BACKEND_NATIVE
					 : LIBIOMMUFD_BACKEND_TYPE1;
}

void calls_begin(unsigned function)
{
	if (depth++)
		return;
	running = function;
	syscall(SYS_getpid, CALLS_MAGIC, CALLS_BEGIN, running, backend());
}

void calls_end(int result)
{
	if (--depth == 0)
		syscall(SYS_getpid, CALLS_MAGIC, CALLS_END, running, (long)result);
}

#include "calls_wrap.h"
