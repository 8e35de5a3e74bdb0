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


def run(argv: list, log: Path, what: str, on_tick=None, **popen) -> None:
    """Run a command with its output appended to log; on_tick() is called about 5 times a second meanwhile.

    Raises LabError with the last lines of the log when the command fails.
    """
    with open(log, 'ab') as out:
        out.write(f'+ {" ".join(map(str, argv))}\n'.encode(errors='surrogateescape'))
        out.flush()
        # SIGTERM, not SIGKILL: make passes it on to what it started.
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                                 preexec_fn=die_with_parent(signal.SIGTERM), **popen)
        try:
            while child.poll() is None:
                if on_tick:
                    on_tick()
                time.sleep(0.05 if on_tick is None else 0.2)
        finally:
            stop_group(child)
    if child.returncode != 0:
        raise LabError(f'{what} failed with status {child.returncode}; the end of {log}:\n{tail(log, 30)}')
