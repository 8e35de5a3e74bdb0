# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMU and the shell, and what signals do to them."""
import contextlib
import os
import pty
import re
import signal
import subprocess
import threading
from pathlib import Path

from .harness import LAB, TMP, each, expect, lab, test, wait_for


@contextlib.contextmanager
def sleeping_lab(name):
    """A lab whose guest sleeps, the process id of its QEMU, and its work directory."""
    pidfile = TMP / f'pid-{name}'
    # A shell that runs us in the background has all of its children ignore SIGINT.
    child = subprocess.Popen([LAB, 'run', '--devices', 'none', '--qemu-arg=-pidfile', f'--qemu-arg={pidfile}', '--', 'sleep',
                              '100'], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                             preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        wait_for(lambda: pidfile.exists() and pidfile.read_text().strip(), 20)
        qemu = int(pidfile.read_text())
        command = Path(f'/proc/{qemu}/cmdline').read_text()
        yield child, qemu, Path(re.search(r'id=console,path=(.*?)/console', command)[1])
    finally:
        child.kill()
        child.wait()


def gone(pid):
    return not Path(f'/proc/{pid}').exists()


@each('qemu_and_its_files_go_with_the_lab_on_{0}', (('SIGINT', 130), ('SIGTERM', 143), ('SIGKILL', -9)))
def _(case):
    with sleeping_lab(case[0]) as (child, qemu, work):
        assert not gone(qemu) and work.exists()
        child.send_signal(getattr(signal, case[0]))
        child.communicate()
        assert child.returncode == case[1], child.returncode
        wait_for(lambda: gone(qemu), 5)
        if case[0] == 'SIGKILL':        # nobody was left to remove them: the next lab does
            expect(lab('--devices', 'none', '--', 'true'), 0)
        assert not work.exists()


@test
def a_killed_qemu_is_a_failure():
    with sleeping_lab('killed') as (child, qemu, _):
        os.kill(qemu, signal.SIGKILL)
        said = child.communicate()[1]
        assert child.returncode == 125 and 'no exit report from the guest; QEMU was killed by signal 9' in said, said


@test
def the_shell_says_that_it_needs_a_terminal():
    expect(lab('--devices', 'none', command='shell'), 125, 'needs a terminal')


@test
def the_shell_is_interactive_and_gives_its_status_back():
    master, slave = pty.openpty()
    child = subprocess.Popen([LAB, 'shell', '--devices', 'none'], stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    seen = bytearray()

    def read():
        try:
            while data := os.read(master, 4096):
                seen.extend(data)
        except OSError:
            pass
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    wait_for(lambda: re.search(rb'[#$] ', seen), 30)
    os.write(master, b'echo $((6 * 7)) $LAB_IOMMU; tty; exit 9\n')
    child.wait(timeout=30)
    reader.join(timeout=2)
    assert child.returncode == 9 and b'42 intel' in seen and b'/dev/ttyS1' in seen, bytes(seen)
