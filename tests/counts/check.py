#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Do those who count tests count right: the matrix and tally, what this machine's cmocka says; and does bench/compare see
what is worse?

    check.py COUNTED
"""
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
TESTS = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


def load(path):
    loader = importlib.machinery.SourceFileLoader("matrix", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("matrix", loader))
    sys.modules["matrix"] = module
    loader.exec_module(module)
    return module


def run(*words):
    out = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return out.returncode, out.stdout


def tally(directory, result, text):
    path = os.path.join(directory, "log.json")
    with open(path, "w", encoding="utf-8") as log:
        log.write(json.dumps({"name": "counted", "result": result, "stdout": text}) + "\n")
    return run(os.path.join(TESTS, "tally"), "name", path)[1].split()[:3]


def compare(directory, old, new):
    paths = [os.path.join(directory, name) for name in ("old", "new")]
    for path, lines in zip(paths, (old, new)):
        with open(path, "w", encoding="utf-8") as figures:
            figures.writelines("\t".join(line) + "\n" for line in lines)
    return run(os.path.join(TESTS, "bench/compare"), *paths)[0]


def main(counted):
    matrix = load(os.path.join(TESTS, "vm/suites/matrix"))
    row = matrix.Row("counted", "6.12", "intel", "native", "edu", "")
    wrong = []

    def expect(what, found, wanted):
        if found != wanted:
            wrong.append(f"{what}: {found}, not {wanted}")

    with tempfile.TemporaryDirectory() as directory:
        for words, counts in ((["pass"], (1, 0, 0)), (["skip"], (0, 0, 1)), (["pass", "skip", "pass"], (2, 0, 1)),
                              (["pass", "fail"], (1, 1, 0)), (["skip", "fail", "skip"], (0, 1, 2))):
            status, text = run(counted, *words)
            result = matrix.judge(row, status, text)
            expect(f"matrix: {words}", (result.passed, result.failed, result.skipped), counts)
            expect(f"tally: {words}", tally(directory, "FAIL" if status else "OK", text), [str(n) for n in counts])
        # One that breaks down has not passed.
        expect("matrix: a crash", matrix.judge(row, 139, "[==========] Running 2 test(s).\n").failed, 2)
        expect("matrix: a run that never began", matrix.judge(row, 125, "").failed, 1)
        expect("tally: a crash", tally(directory, "ERROR", ""), ["0", "1", "0"])

        fast, slow, other = (["here", "map", n, "us", "2"] for n in ("1.00", "1.05", "1.01"))
        unmap = ["here", "unmap", "1.00", "us", ""]
        for what, old, new, status in (("the same", [fast], [fast], 0), ("a little", [fast], [other], 0),
                                       ("worse", [fast], [slow], 1), ("better", [slow], [fast], 0),
                                       ("gone", [fast, unmap], [fast], 1), ("all gone", [fast], [], 1),
                                       ("new", [fast], [fast, unmap], 0), ("all new", [], [fast], 0)):
            expect(f"compare: {what}", compare(directory, old, new), status)
    print("\n".join(wrong) or "all counted right")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
