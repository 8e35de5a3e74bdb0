#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is every function of the header documented, every parameter, the result, its system calls and, where the kernel is asked, the
first kernel and the source? Every value of an enum?

    docs.py HEADER [OTHER...]

The text may speak of functions of the other headers, too.
A getter that cannot fail may do with a sentence and its @par Calls, and a function whose comment
sends the reader to another one ("As libiommufd_...") may leave out what is there.
"""

import re
import sys

import public


def check(function, known):
    comment = function.comment
    if not comment:
        return ["has no comment"]
    text = re.sub(r"\n\s*\* ?", "\n", comment)
    problems = []

    for name in re.findall(r"\b(libiommufd_\w+)\(\)", text):
        if name not in known:
            problems.append(f"speaks of {name}(), which is not there")
    if "@par Source" in text and not re.search(r"@par Kernel +\S", text):
        problems.append("has a Source and lacks @par Kernel")
    if re.search(r"@par Calls +[^@]*\bioctl\b", text) and not re.search(r"@par Source +\S", text):
        problems.append("makes an ioctl and lacks @par Source")
    referred = re.match(r"\s*As (libiommufd_\w+)\(\)[^\n]*\.\s*$", text)
    if referred:
        return problems

    documented = re.findall(r"@param +(\w+)", text)
    for name in documented:
        if name not in function.parameters:
            problems.append(f"documents {name}, which is no parameter")
    if not re.search(r"@par Calls +\S", text):
        problems.append("lacks @par Calls")
    if not documented and "@return" not in text and text.rstrip().endswith("@par Calls none"):
        return problems  # a getter
    for name in function.parameters:
        if name not in documented:
            problems.append(f"lacks @param {name}")
    if [p for p in function.parameters if p in documented] != documented:
        problems.append("documents its parameters in another order")
    if not re.search(r"@return +\S", text):
        problems.append("lacks @return")
    if not re.search(r"@par Threads +\S", text):
        problems.append("lacks @par Threads")
    return problems


def values(header):
    """Enumerators without a comment."""
    with open(header, encoding="utf-8") as f:
        text = f.read()
    for enum, body in re.findall(r"^enum (\w+) \{\n(.*?)^\};", text, re.M | re.S):
        # One before it, or one after it that says so by "<".
        for comment, name, after in re.findall(r"(?:/\*\*(?!<)((?:[^*]|\*(?!/))*)\*/\s*)?\b(LIBIOMMUFD_\w+)\s*=[^,/]*,\s*(/\*\*<)?", body):
            if not comment and not after:
                yield f"{header}: {name} of enum {enum} has no comment"


def main(header, *others):
    functions = public.functions(header)
    known = {f.name for path in (header, *others) for f in public.functions(path)}
    public.finish([f"{header}:{f.line}: {f.name} {problem}"
                   for f in functions for problem in check(f, known)] + list(values(header)))


if __name__ == "__main__":
    main(*sys.argv[1:])
