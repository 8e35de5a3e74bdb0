#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does layout.c pin every value of an enum and every field of a struct that the header defines?

    pins.py HEADER LAYOUT.C
"""

import re
import sys

import public


def main(header, layout):
    with open(header, encoding="utf-8") as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    with open(layout, encoding="utf-8") as f:
        pins = f.read()

    wanted = []
    for kind, name, body in re.findall(r"^(enum|struct) (\w+) \{(.*?)^\};", text, re.S | re.M):
        if kind == "enum":
            members = re.findall(r"(\w+)\s*=", body)
            wanted += [f"VALUE({member}, " for member in members]
        else:
            members = re.findall(r"(\w+)(?:\[\d+\])?;", body)
            if len(members) != body.count(";"):
                raise SystemExit(f"{header}: a field of {kind} {name} is not understood")
            wanted += [f"FIELD({name}, {member}, " for member in members] + [f"SIZE({name}, "]
        if not members:
            raise SystemExit(f"{header}: {kind} {name} is not understood")
    if not wanted:
        raise SystemExit(f"{header}: defines nothing")
    public.finish([f"{layout}: lacks {pin}...)" for pin in wanted if pin not in pins])


if __name__ == "__main__":
    main(*sys.argv[1:])
