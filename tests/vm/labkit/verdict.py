# SPDX-License-Identifier: LGPL-2.1-or-later
"""Decides how a run ended, from the console log, the kernel's messages and QEMU's status."""
import re
from dataclasses import dataclass

TIMEOUT, LAB_FAILURE = 124, 125

# Bits of /proc/sys/kernel/tainted: machine check, bad page, oops, warning, soft lockup
_BAD_TAINT = 1 << 4 | 1 << 5 | 1 << 7 | 1 << 9 | 1 << 14
_SPLAT = re.compile(rb'^.*(?:\bBUG: |kernel BUG at|\bWARNING: |\bOops\b|\bKASAN: |\bUBSAN: |general protection fault'
                    rb'|possible (?:circular|recursive) locking|blocked for more than \d+ seconds'
                    rb'|kmemleak: \d+ new suspected memory leaks).*$', re.M)
_PANIC = re.compile(rb'Kernel panic - not syncing.*')


def _unwanted_panic(console: bytes, wanted: str) -> str:
    """What is wrong with the panics: one that nobody wanted, or none though one was."""
    panics = [p.decode(errors='replace').strip() for p in _PANIC.findall(console)]
    if wanted and not panics:
        return f'the kernel did not panic with "{wanted}"'
    for n, text in enumerate(panics):
        if n or not wanted or not text.endswith(': ' + wanted):
            return 'the kernel panicked: ' + text
    return ''


@dataclass
class Verdict:
    status: int         # what the lab exits with
    text: str           # what happened, for the last line
    ok: bool            # no reason to show the kernel's messages


def _lab_failure(text: str) -> Verdict:
    return Verdict(LAB_FAILURE, text, False)


def judge(console: bytes, messages: bytes, qemu_status: int, identity: str, timed_out: float,
          allow_splat: bool, wanted_panic: str = '') -> Verdict:
    """qemu_status is Popen's; timed_out is the limit in seconds if QEMU was ended because of it, or 0."""
    panic = _unwanted_panic(console, wanted_panic)
    if timed_out and not _PANIC.search(console):
        stage = 'while the program ran' if b'LAB-RUN' in console else 'before the program started'
        return Verdict(TIMEOUT, f'timeout: no end after {timed_out:g} s, {stage}', False)
    if panic:
        return _lab_failure(panic)
    pattern = rb'^LAB-(EXIT|FAILED) rc=(\d+) taint=(\d+) up=\S+ id=%s\r?$' % re.escape(identity.encode())
    report = re.search(pattern, console, re.M)
    if not report and timed_out:
        return Verdict(TIMEOUT, f'timeout: no end after {timed_out:g} s, after the panic', False)
    if not report:
        how = f'QEMU was killed by signal {-qemu_status}' if qemu_status < 0 else f'QEMU ended with status {qemu_status}'
        return _lab_failure(f'no exit report from the guest; {how}')
    status, taint = int(report[2]), int(report[3])
    # The device shifts the byte left and sets bit 0; of that the host sees eight bits.
    if qemu_status != (status << 1 | 1) & 0xff:
        return _lab_failure(f'the guest reported status {status}, but QEMU ended with status {qemu_status}')
    if report[1] == b'FAILED':
        why = re.search(rb'^LAB-FAIL (.*?)\r?$', console, re.M)
        return _lab_failure('guest setup failed: ' + (why[1].decode(errors='replace') if why else 'no reason given'))

    splat = _SPLAT.search(console) or _SPLAT.search(messages)
    said = splat[0].decode(errors='replace').strip() if splat else f'tainted={taint}' if taint & _BAD_TAINT else ''
    signalled = f' (signal {status - 128})' if 128 < status < 193 else ''
    text = f'the program exited with status {status}{signalled}'
    if said and not allow_splat:
        if status == 0:
            return _lab_failure(f'the program exited with status 0, but the kernel complained: {said}')
        return Verdict(status, f'{text}, and the kernel complained: {said}', False)
    return Verdict(status, text, status == 0)
