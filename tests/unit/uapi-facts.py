#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Turn tables of the kernel's ABI into the facts that test_uapi.c compares with our headers.

    uapi-facts.py iommufd-7.2.tsv vfio-7.2.tsv > uapi_facts.h

A table is named HEADER-VERSION.tsv and holds lines of one of these forms, split by tabs:

    const|define  group   name   value
    field         struct  field  offset  size  type
    sizeof        struct  -      -       size  -
"""

import os
import re
import sys

TYPES = {f"__{sign}{bits}": f"{c}int{bits}_t" for bits in (8, 16, 32, 64)
         for sign, c in (("u", "u"), ("le", "u"), ("s", ""))}


def constant(name, text):
    """The value as the 32 bits it has in the fields it is used in; None if it is no number."""
    value = int(text, 0)
    if value >> 31 == 0x1FFFFFFFF:  # a negative int, widened
        value &= 0xFFFFFFFF
    if value >> 32:
        if name.endswith("_STRING"):  # the table holds an address
            return None
        sys.exit(f"{name}: {text} does not fit 32 bits")
    return value


def field(struct, name, offset, size, ctype):
    name, brackets = re.fullmatch(r"(\w+)(\[\d*\])?", name).groups()
    kind = {None: "SCALAR", "[]": "FLEXIBLE"}.get(brackets, "ARRAY")
    ctype = re.sub(r"__\w+", lambda m: TYPES[m.group()], ctype)
    return f"{kind}({struct}, {name}, {offset}, {size}, {ctype})"


def main(paths):
    constants, structs = {}, {}
    for path in paths:
        header = os.path.basename(path).rsplit("-", 1)[0]
        rows = constants.setdefault(header, {})
        for line in open(path, encoding="ascii"):
            kind, group, name, *rest = line.rstrip("\n").split("\t")
            if kind in ("const", "define"):
                value = constant(name, rest[0])
                if value is not None:
                    rows[name] = value
            elif kind == "field":
                structs.setdefault(group, []).append(field(group, name, *rest))
            elif kind == "sizeof":
                structs[group].append(f"SIZEOF({group}, {rest[1]})")
            elif kind != "kind":
                sys.exit(f"{path}: unknown kind {kind}")

    print("/* SPDX-License-Identifier: LGPL-2.1-or-later */")
    print("/* The kernel's ABI as facts to compare with; made by uapi-facts.py from "
          + " ".join(map(os.path.basename, paths)) + ". */")
    for header, rows in constants.items():
        print(f"\nstatic const struct constant {header}_constants[] = {{")
        for name, value in rows.items():
            print(f"#ifdef {name}\n\tCONSTANT({name}, {value:#x})\n#endif")
        print("};")
    for struct, rows in structs.items():
        print(f"\n#define FACTS_{struct} \\\n\t" + " \\\n\t".join(rows))


main(sys.argv[1:])
