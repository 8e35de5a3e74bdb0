#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes a wrapper of every function of the header, and the linker's options that put it in its place.

    wrap.py HEADER NAMES.c WRAPPERS.h OPTIONS

WRAPPERS.h needs the macros WRAPPER(function), the wrapper's name, REAL(function), what it calls, and
REAL_NAME(function), as that is declared.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "abi"))
import public  # noqa: E402  (the path is set above)

# What the public functions of that name are for a test that has a kernel of its own.
INSIDE = ("ctx_open", "ctx_open_fd")


def wrapper(number, function):
    declaration = f"{function.result} {{}}({function.arguments})"
    given = ", ".join(function.parameters)
    result = "result" if function.result == "int" else "0"
    return f"""
{declaration.format(f'REAL_NAME({function.name})')};
{declaration.format(f'WRAPPER({function.name})')};
{declaration.format(f'WRAPPER({function.name})')}
{{
	calls_begin({number});
	{function.result} result = REAL({function.name})({given});
	calls_end({result});
	return result;
}}
"""


def main(header, names, wrappers, options):
    functions = public.functions(header)
    with open(names, "w", encoding="utf-8") as f:
        f.write('#include "calls.h"\n\nconst char *const calls_names[] = {\n' +
                "".join(f'\t"{function.name}",\n' for function in functions) + "\tNULL,\n};\n")
    with open(wrappers, "w", encoding="utf-8") as f:
        f.writelines(wrapper(number, function) for number, function in enumerate(functions))
    with open(options, "w", encoding="utf-8") as f:
        f.writelines(f"--wrap={name}\n" for name in (*INSIDE, *(function.name for function in functions)))


if __name__ == "__main__":
    main(*sys.argv[1:])
