#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does the static library define what the version script exports, and no other global name?

    archive.py VERSION-SCRIPT ARCHIVE
"""

import subprocess
import sys

import public


def main(script, archive):
    listed = {symbol for symbols in public.version_nodes(script).values() for symbol in symbols}
    output = subprocess.run(["nm", "-g", "--defined-only", archive], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    defined = {line.split()[2] for line in output.splitlines() if len(line.split()) == 3}
    # What compilers add for sanitizers and for coverage is not ours.
    ours = {name for name in defined if not name.startswith("_")}
    public.finish([f"{name}: global, but not exported" for name in sorted(ours - listed)] +
                  [f"{name}: exported, but not there" for name in sorted(listed - ours)])


if __name__ == "__main__":
    main(*sys.argv[1:])
