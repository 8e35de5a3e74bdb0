#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does every public function make just the system calls that the header lists, and all of them? Does it end
with no errno that is not in its list?

    check.py HEADER UAPI SEAM PROGRAM... --swept PROGRAM...
                                               run these, which were linked with record.c, and look at
                                               all they did; SEAM says what an entry of struct sys is. Those
                                               after --swept let calls fail with errnos that no kernel has
    check.py --seen FILE HEADER UAPI           look at what trace.c saw: no more than is listed, and that
                                               of every function

HEADER is read for "@par Calls" and, for the requests of ioctl, "@par Source"; UAPI is the directory with
their numbers. The grammar of Calls: clauses, separated by ";", each a list of system calls, or "none".

    LIST [in the first call]                    made by any call of the function
    type1 also LIST                             only on that backend; also "native also"
    for AUTO also LIST                          only where the library is to choose a backend
    with the last reference to the ctx also LIST
    to explain -EPERM, -EBUSY: LIST             only in a call that ends so and may explain
    first use                                   on type1 also what libiommufd_device_bind() makes, and asks
"""
import errno
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "abi"))
import public  # noqa: E402  (the path is set above)

# Of malloc and of locks, and of a kernel without MADV_WIPEONFORK: the header's introduction says so.
ALWAYS = {"brk", "mmap", "munmap", "getrandom", "futex", "getpid"}


# What else the first use of a bound device does on type1.
OPENER = "libiommufd_device_bind"

# Tests take it for any errno that a call does not list, which is the kernel's, passed on.
ANY = -errno.EIO


class Clause:
    def __init__(self, backend, errnos, calls, borrowed=False):
        self.borrowed = borrowed    # from another function; nothing that this one must be seen to make
        self.backend = backend  # "auto", "native", "type1", or None: any
        self.errnos = errnos    # an explanation of these; or None: no explanation
        self.calls = calls

    def covers(self, seen):
        if self.backend and seen.backend != self.backend:
            return False
        return self.errnos is None or seen.explain and seen.result in self.errnos


class Seen:
    """A line of a record: what was made by a function, on which backend, and how the function ended."""

    def __init__(self, line):
        self.function, self.backend, explain, result, call, request = line.split()
        # Newer libcs ask so for what the header has by its other name.
        self.call = {"fstat": "newfstatat"}.get(call, call)
        self.explain, self.result, self.request = explain == "1", int(result), int(request, 16)

    def __str__(self):
        end = f"ends with {os.strerror(-self.result)}" if self.result else "ends well"
        return f"{self.backend}, {end}, {'may' if self.explain else 'may not'} explain"


# ---- The header ----

def section(text, name):
    found = re.search(rf"@par {name} +(.*?)(?=\n\s*@|\n\s*\n|\Z)", text, re.S)
    return " ".join(found.group(1).split()) if found else None


def parse_clause(text, problems, where):
    found = re.fullmatch(r"(?:(type1|native|for AUTO|with the last reference to the ctx) also |"
                         r"to explain ((?:-E\w+, )*-E\w+): )?([a-z0-9]+(?:, [a-z0-9]+)*)(?: in the first call)?", text)
    if not found:
        problems.append(f"{where}: Calls cannot be understood: {text}")
        return Clause(None, None, [])
    condition, errnos, calls = found.groups()
    numbers = None
    if errnos:
        numbers = {-getattr(errno, name.strip("- ")) for name in errnos.split(",")}
    backend = {"type1": "type1", "native": "native", "for AUTO": "auto"}.get(condition)
    return Clause(backend, numbers, calls.split(", "))


class Documented:
    """What the header says of all functions."""

    def __init__(self, header, uapi):
        self.problems = []
        self.numbers = request_numbers(uapi)
        self._texts = {f.name: re.sub(r"\n\s*\* ?", "\n", f.comment or "") for f in public.functions(header)}
        self.fallible = {name for name, text in self._texts.items() if "@return" in text or self._referred(name)}
        self.clauses = {name: self._clauses(name) for name in self._texts}
        self.requests = {name: self._requests(name, ()) for name in self._texts}
        self.allowed = {name: requests | (self.requests[OPENER] if any(c.borrowed for c in self.clauses[name]) else set())
                        for name, requests in self.requests.items()}
        for name, clauses in self.clauses.items():
            if any("ioctl" in clause.calls for clause in clauses if not clause.borrowed) != bool(self.requests[name]):
                self.problems.append(f"{name}: Calls and Source do not agree on whether there is an ioctl")

    def _referred(self, name):
        """The function whose text goes for this one too, or None."""
        found = re.match(r"\s*As (libiommufd_\w+)\(\)", self._texts[name])
        return found and found.group(1)

    def _clauses(self, name):
        calls = section(self._texts[name], "Calls")
        if calls is None:
            return self._clauses(self._referred(name))
        clauses = []
        for text in [] if calls == "none" else calls.split(";"):
            if text.strip() == "first use":
                clauses += [Clause("type1", c.errnos, c.calls, True) for c in self._clauses(OPENER)
                            if c.backend in (None, "type1")]
            else:
                clauses.append(parse_clause(text.strip(), self.problems, name))
        return clauses

    def _requests(self, name, seen):
        source = section(self._texts[name], "Source")
        if source is None:
            other = section(self._texts[name], "Calls") is None and self._referred(name)
            return self._requests(other, seen) if other else set()
        names = set(re.findall(r"\b(?:IOMMU|VFIO)_\w+", source)) & set(self.numbers)
        for other in re.findall(r"as (libiommufd_\w+)\(\)", source):
            if other not in seen:
                names |= self._requests(other, (*seen, name))
        return names

    def results(self, name, seen=()):
        """The errnos in its text, and in the texts of those that it refers to."""
        text = self._texts[name]
        found = {-getattr(errno, word) for word in re.findall(r"-(E[A-Z0-9]+)\b", text)}
        others = set(re.findall(r"\b[Aa]s (libiommufd_\w+)\(\)", text))
        if any(clause.borrowed for clause in self.clauses[name]):
            others.add(OPENER)
        for other in others - {name, *seen}:
            found |= self.results(other, (*seen, name))
        return found

    def request_name(self, number):
        return " or ".join(sorted(name for name, n in self.numbers.items() if n == number)) or hex(number)


def request_numbers(uapi):
    """Name -> number of the ioctls. A feature of a device is a request of VFIO_DEVICE_FEATURE."""
    numbers = {}
    for file in ("iommufd.h", "vfio.h"):
        with open(os.path.join(uapi, file), encoding="utf-8") as f:
            text = f.read()
        numbers.update((name, int(value, 16)) for name, value in re.findall(r"#define (\w+) (0x3b[0-9a-f]{2})\b", text))
        for name in re.findall(r"#define (VFIO_DEVICE_FEATURE_\w+)", text):
            numbers[name] = numbers["VFIO_DEVICE_FEATURE"]
    return numbers


# ---- What was seen ----

def entries(seam):
    """Entry of struct sys -> its system calls, as the program says that has just seen it."""
    done = subprocess.run([seam], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    return {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}


def run(programs):
    """The lines that these leave, and those that fail."""
    failed = []
    with tempfile.TemporaryDirectory() as directory:
        record = os.path.join(directory, "record")
        for program in programs:
            if subprocess.run(program.split(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                              env={**os.environ, "CALLS_RECORD": record}).returncode:
                failed.append(program)
        with open(record, encoding="utf-8") as f:
            return sorted(set(f)), failed


def surprises(documented, seen, calls):
    """What is made but not listed; calls are those behind what was seen."""
    clauses = [clause for clause in documented.clauses[seen.function] if clause.covers(seen)]
    listed = {call for clause in clauses for call in clause.calls}
    made = [call for call in calls if call not in listed]
    if seen.request and seen.request not in (documented.numbers[name] for name in documented.allowed[seen.function]):
        made.append(documented.request_name(seen.request))
    return [(f"{seen.function}: makes {call}", str(seen)) for call in made]


def unlisted_results(documented, all_seen):
    """How functions end, but are not said to."""
    found = {}
    for seen in all_seen:
        # What has no list cannot fail: below 0 there are numbers with a name.
        if seen.function in documented.fallible and seen.result < 0 and seen.result != ANY:
            found.setdefault((seen.function, seen.result), set()).add(seen.backend)
    return [f"{function}: ends with -{errno.errorcode[-result]}, which is not listed: {', '.join(sorted(backends))}"
            for (function, result), backends in sorted(found.items()) if result not in documented.results(function)]


def in_short(problems):
    """One line for each, with the first case there was."""
    cases = {}
    for problem, case in problems:
        cases.setdefault(problem, []).append(case)
    return [f"{problem}, which is not listed: {found[0]}" + (f"; and {len(found) - 1} more" if found[1:] else "")
            for problem, found in sorted(cases.items())]


def unkept(documented, all_seen, names):
    """What is listed but was never seen."""
    problems = []
    for function, clauses in documented.clauses.items():
        of_this = [seen for seen in all_seen if seen.function == function]
        if not of_this:
            problems.append(f"{function}: is not called")
            continue
        for clause in (clause for clause in clauses if not clause.borrowed):
            for error in clause.errnos or (None,):
                made = {call for seen in of_this if clause.covers(seen) and error in (None, seen.result)
                        for call in names.get(seen.call, ())}
                what = f" to explain {os.strerror(-error)}" if error else ""
                problems += [f"{function}: never makes {call}{what}" for call in clause.calls if call not in made]
        made = {seen.request for seen in of_this if seen.call == "ioctl"}
        problems += [f"{function}: never makes {name}" for name in sorted(documented.requests[function])
                     if documented.numbers[name] not in made]
    return problems


def main(*words):
    if words[0] == "--seen":
        documented = Documented(words[2], words[3])
        with open(words[1], encoding="utf-8") as f:
            all_seen = [Seen(line) for line in f]
        functions = {seen.function for seen in all_seen}
        print(f"{len(functions)} functions, {len(all_seen)} kinds of calls")
        missing = [f"{function}: is not called" for function in documented.clauses if function not in functions]
        public.finish(documented.problems + missing + in_short(
            problem for seen in all_seen for problem in surprises(documented, seen, {seen.call} - ALWAYS - {"-"})))
    documented = Documented(words[0], words[1])
    names = entries(words[2])
    border = words.index("--swept")
    lines, failed = run(words[3:border])
    swept, swept_failed = run(words[border + 1:])
    results = unlisted_results(documented, [Seen(line) for line in lines])
    failed += swept_failed
    all_seen = [Seen(line) for line in sorted({*lines, *swept})]
    outside = sorted({seen.call for seen in all_seen if seen.function == "-"})
    made = [seen for seen in all_seen if seen.function != "-" and seen.call != "-"]
    print(f"{len(documented.clauses)} functions, {len(all_seen)} kinds of calls")
    public.finish(
        documented.problems + [f"{program} fails" for program in failed] +
        [f"{call}: made outside of any public call" for call in outside] +
        in_short(problem for seen in made
                 for problem in surprises(documented, seen, set(names[seen.call]) - {"getpid"})) +
        unkept(documented, all_seen, names) + results)


if __name__ == "__main__":
    main(*sys.argv[1:])
