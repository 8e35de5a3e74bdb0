# SPDX-License-Identifier: LGPL-2.1-or-later
"""Owns child processes: none outlives the lab, output goes to a log, failure shows the log's end."""
import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

from . import LabError

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(sig: int):
    """A preexec_fn: the kernel sends sig to the child when the lab dies, even by SIGKILL."""
    parent = os.getpid()

    def preexec() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, sig, 0, 0, 0)
        if os.getppid() != parent:      # died before prctl()
            os.kill(os.getpid(), sig)
    return preexec


def stop_group(child: subprocess.Popen) -> None:
    """End a child that was started in a session of its own, and everything below it."""
    for sig in (signal.SIGTERM, signal.SIGKILL):
        if child.poll() is None:
            try:
                os.killpg(child.pid, sig)
                child.wait(timeout=5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass


def tail(path: Path, lines: int) -> str:
    try:
        text = path.read_bytes().decode(errors='replace')
    except OSError:
        return ''
    return '\n'.join(line.rstrip() for line in text.splitlines()[-lines:])


def pipeline(commands: list, log: Path, what: str, on_tick=None, **popen) -> None:
    """Run commands, each reading what the one before writes; what is left over goes to the end of log.

    on_tick() is called about 5 times a second meanwhile. Raises LabError with the last lines of the log on failure.
    """
    children = []
    source = subprocess.DEVNULL
    with open(log, 'ab') as out:
        for argv in commands:
            out.write(f'+ {" ".join(map(str, argv))}\n'.encode(errors='surrogateescape'))
        out.flush()
        try:
            for argv in commands:
                target = out if argv is commands[-1] else subprocess.PIPE
                # SIGTERM, not SIGKILL: make passes it on to what it started.
                child = subprocess.Popen(argv, stdin=source, stdout=target, stderr=out, start_new_session=True,
                                         preexec_fn=die_with_parent(signal.SIGTERM), **popen)
                children.append(child)
                if source != subprocess.DEVNULL:
                    source.close()
                source = child.stdout
            while any(child.poll() is None for child in children):
                if on_tick:
                    on_tick()
                time.sleep(0.05 if on_tick is None else 0.2)
        finally:
            for child in children:
                stop_group(child)
    status = next((child.returncode for child in children if child.returncode), 0)
    if status:
        raise LabError(f'{what} failed with status {status}; the end of {log}:\n{tail(log, 30)}')


def run(argv: list, log: Path, what: str, on_tick=None, **popen) -> None:
    """pipeline() of one command."""
    pipeline([argv], log, what, on_tick, **popen)
