#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes a wrapper of every function of the header that gives an int, which looks whether the errno that a call ends with is in
its list, or is one that is passed on: reason KERNEL, or those of its line "other". And the linker's options that put it in place.

    lists.py HEADER CORE-HEADER WRAPPERS.c OPTIONS
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "abi"))
import public  # noqa: E402  (the path is set above)


def followed(name, texts, seen=()):
    """Its text, and the texts of those that it refers to."""
    found = [texts[name]]
    for other in set(re.findall(r"\b[Aa]s\s+(libiommufd_\w+)\(\)", texts[name])) & set(texts) - {name, *seen}:
        found += followed(other, texts, (*seen, name))
    return found


def listed(name, texts):
    return {word for text in followed(name, texts) for word in re.findall(r"-(E[A-Z0-9]+)\b", text)}


def passed_on(name, texts, known):
    """The reasons that may come with any errno."""
    lines = [line for text in followed(name, texts) for line in re.findall(r"^ +other +(.*?\))$", text, re.M | re.S)]
    return {known[word] for line in lines for word in re.findall(r"\b[A-Z][A-Z_]+\b", line.partition("(reason")[2]) if word in known}


def wrapper(function, errnos, reasons):
    declaration = f"int {{}}{function.name}({function.arguments})"
    return f"""
{declaration.format('__real_')};
{declaration.format('__wrap_')};
{declaration.format('__wrap_')}
{{
	static const int list[] = {{{''.join(f'{name}, ' for name in sorted(errnos))}0}};
	static const int passed_on[] = {{{''.join(f'{name}, ' for name in sorted(reasons))}LIBIOMMUFD_REASON_KERNEL}};
	int result = __real_{function.name}({', '.join(function.parameters)});

	is_listed("{function.name}", result, list, passed_on,
		  sizeof(passed_on) / sizeof(passed_on[0]));
	return result;
}}
"""


def main(header, core, wrappers, options):
    known = {}
    for path in (core, header):
        with open(path, encoding="utf-8") as f:
            known |= {m[1]: m[0] for m in re.finditer(r"LIBIOMMUFD_(?:HOST_)?REASON_(\w+)", f.read())}
    functions = public.functions(header)
    texts = {f.name: re.sub(r"\n\s*\* ?", "\n", f.comment or "") for f in functions}
    functions = [f for f in functions if f.result == "int" and listed(f.name, texts)]
    if not functions:
        raise SystemExit(f"{header}: no function has a list")
    with open(wrappers, "w", encoding="utf-8") as f:
        f.write('#include "lists.h"\n' + "".join(wrapper(function, listed(function.name, texts), passed_on(function.name, texts, known))
                                            for function in functions))
    with open(options, "w", encoding="utf-8") as f:
        f.writelines(f"--wrap={function.name}\n" for function in functions)


if __name__ == "__main__":
    main(*sys.argv[1:])
