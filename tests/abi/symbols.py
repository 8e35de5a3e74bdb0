#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Do header, version script and library agree on what is public?

    symbols.py HEADER VERSION-SCRIPT LIBRARY [SYMBOLS]

SYMBOLS is the file of Debian's that pins the node of each: what programs were built against stays where it is.
"""

import re
import subprocess
import sys

import public

PREFIX = "libiommufd_"


def exported(library):
    """Symbol -> version node, of the dynamic symbols that the library defines."""
    output = subprocess.run(["nm", "-D", "--defined-only", library], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    found = {}
    for line in output.splitlines():
        _, kind, symbol = line.split()
        if kind == "A":  # the version nodes themselves
            continue
        name, _, version = symbol.partition("@")
        found[name] = version.lstrip("@")
    return found


def pinned(path):
    """Symbol -> version node, but for the nodes themselves."""
    with open(path, encoding="utf-8") as f:
        found = dict(re.findall(r"^ (\w+)@(\S+) ", f.read(), re.M))
    return {name: node for name, node in found.items() if name.startswith(PREFIX)}


def main(header, script, library, pins=None):
    problems = []
    declared = [f.name for f in public.functions(header)]
    nodes = public.version_nodes(script)
    listed = {symbol: node for node, symbols in nodes.items() for symbol in symbols}
    defined = exported(library)

    if not declared:
        problems.append(f"{header}: declares nothing")
    for name in sorted({n for n in declared if declared.count(n) > 1}):
        problems.append(f"{name}: declared twice")
    for node, symbols in nodes.items():
        if symbols != sorted(symbols):
            problems.append(f"{script}: {node} is not sorted")
    for name in sorted(set(declared) | set(listed) | set(defined)):
        if not name.startswith(PREFIX):
            problems.append(f"{name}: lacks the prefix {PREFIX}")
        if name not in declared:
            problems.append(f"{name}: not in the header")
        if name not in listed:
            problems.append(f"{name}: not in the version script")
        if name not in defined:
            problems.append(f"{name}: not exported by the library")
        elif defined[name] != listed.get(name):
            problems.append(f"{name}: has version {defined[name]}, not {listed.get(name)}")
    for name, node in (pinned(pins) if pins else defined).items():
        if defined.get(name) != node:
            problems.append(f"{name}: {pins} has it in {node}, the library in {defined.get(name)}")
    public.finish(problems)


if __name__ == "__main__":
    main(*sys.argv[1:])
