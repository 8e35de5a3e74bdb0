#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does the library need libc only, and nothing of it that ends, prints, or reads the environment?

    needs.py SANITIZERS LIBRARY ARCHIVE [ALSO...]

ALSO are the other libraries that it must need, such as libudev.so.1.
"""

import re
import subprocess
import sys

import public

# The dynamic linker is a part of libc; it has what thread-local variables need.
LIBC = re.compile(r"^(libc|ld-linux[\w-]*|ld|ld64)\.so(\.\d+)?$")
SANITIZER = re.compile(r"^lib(asan|ubsan|tsan|clang_rt\..*)\.so")

# secure_getenv, snprintf and the like are fine.
FORBIDDEN = re.compile(
    r"^(exit|_exit|_Exit|quick_exit|abort|atexit|raise|kill|err|errx|warn|warnx|error"
    r"|__assert\w*|assert\w*"
    r"|(__)?v?f?w?printf(_chk)?|(__)?v?dprintf(_chk)?|puts|fputs|putchar|fputc|putc|fwrite|perror"
    r"|stdout|stderr|syslog"
    r"|getenv|setenv|putenv|unsetenv|environ|__environ"
    r"|sleep|usleep|nanosleep|clock_nanosleep"
    r"|system|popen|fork|vfork|exec\w*|posix_spawn\w*"
    r"|signal|sigaction|sigprocmask|pthread_sigmask"
    r"|strtok|strerror|localtime|gmtime|setlocale|dlopen)$")


def run(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def main(sanitizers, library, archive, *also):
    problems = []
    needed = re.findall(r"\(NEEDED\).*\[(.*?)\]", run("readelf", "-dW", library))
    if not needed:
        problems.append(f"{library}: needs nothing, not even libc")
    for name in needed:
        if name not in also and not LIBC.match(name) and not (sanitizers != "none" and SANITIZER.match(name)):
            problems.append(f"{library}: needs {name}")
    problems += [f"{library}: does not need {name}" for name in also if name not in needed]

    undefined, where = {}, archive
    for line in run("nm", "-u", archive).splitlines():
        if line.endswith(":"):
            where = line[:-1]
        elif line.strip():
            undefined.setdefault(line.split()[-1].partition("@")[0], where)
    if not undefined.keys() & {"secure_getenv", "udev_new"}:
        problems.append(f"{archive}: nm -u does not show what is known to be there")
    for name, where in sorted(undefined.items()):
        if FORBIDDEN.match(name):
            problems.append(f"{where}: refers to {name}")
    public.finish(problems)


if __name__ == "__main__":
    main(*sys.argv[1:])
