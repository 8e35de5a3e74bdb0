#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does a public header compile alone, in the oldest languages it promises, without a warning?

    header.py HEADER [--host]
"""

import os
import shutil
import subprocess
import sys
import tempfile

import public

WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wundef", "-Wconversion",
            "-Wsign-conversion", "-Wcast-qual", "-Wpointer-arith"]
C = ["-std=c99", "-pedantic", "-Wstrict-prototypes", "-Wmissing-declarations", "-Wc++-compat"]
CXX = ["-std=c++17", "-pedantic", "-Wold-style-cast"]

# What a user writes; the second time the include guard has to hold.
C_USE = """
#include <libiommufd.h>
#include <libiommufd.h>

int main(void)
{
	struct libiommufd_ctx_opts opts = {sizeof(opts), 0, LIBIOMMUFD_BACKEND_AUTO, 0, 0, 0};
	struct libiommufd_error copy;

	copy = *libiommufd_last_error();
	return libiommufd_ctx_open(&opts, 0) == copy.error;
}
"""
HOST_USE = """
#include <libiommufd-host.h>
#include <libiommufd-host.h>

int main(void)
{
	struct libiommufd_host_opts opts = {sizeof(opts), 0, LIBIOMMUFD_LOG_NONE, 0, 0, 0, 0};
	struct libiommufd_error copy;

	copy = *libiommufd_host_last_error();
	return libiommufd_host_open(&opts, 0) == copy.error;
}
"""


def cxx(use):
    return use.replace("(void)", "()").replace(", 0, 0, 0, 0}", ", 0, nullptr, nullptr, nullptr}").replace(
        ", 0, 0}", ", nullptr, nullptr}").replace(
        "(&opts, 0)", "(&opts, nullptr)")


COMPILERS = [("gcc", C, ".c"), ("clang", C, ".c"), ("g++", CXX, ".cc"), ("clang++", CXX, ".cc")]


def main(header, *kind):
    use = HOST_USE if kind == ("--host",) else C_USE
    problems, tried = [], set()
    for compiler, options, suffix in COMPILERS:
        source = use if suffix == ".c" else cxx(use)
        if not shutil.which(compiler):
            print(f"{compiler} is not there")
            continue
        tried.add(suffix)
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "use" + suffix)
            for text in (f'#include "{os.path.abspath(header)}"\n', source):
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text)
                done = subprocess.run(
                    [compiler, *options, *WARNINGS, "-I", os.path.dirname(header), "-c", path,
                     "-o", os.path.join(directory, "use.o")],
                    text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
                if done.returncode:
                    problems.append(f"{compiler} {' '.join(options)}:\n{done.stdout}")
    if tried != {".c", ".cc"}:
        problems.append("no compiler for C, or none for C++")
    public.finish(problems)


if __name__ == "__main__":
    main(*sys.argv[1:])
