# SPDX-License-Identifier: LGPL-2.1-or-later
"""One boot: starts QEMU, passes the program's output on while it comes, watches the clock, cleans up."""
import os
import secrets
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

from . import LabError, cache, firmware, hosttools, initramfs, job, kernels, machine, process, topology, tree, verdict

TAIL = 40


def _kernel(options, progress):
    if options.kernel_tree:
        return tree.prepare(options.kernel_tree, progress)
    if options.kernel_package:
        return tree.prepare_package(options.kernel_package, progress)
    return kernels.prepare(options.kernel, progress)


class Session:
    def __init__(self, options, progress) -> None:
        self._options, self._progress = options, progress
        self._identity = secrets.token_hex(8)

    def _boot_progress(self, console: Path) -> bool:
        """Show the boot until the program runs; True from then on."""
        if b'LAB-RUN' in console.read_bytes():
            self._progress.clear()
            return True
        self._progress.update(f'boot {self._options.kernel_tree or self._options.kernel_package or self._options.kernel}')
        return False

    def _copy_output(self, qemu: subprocess.Popen, console: Path) -> float:
        """Copy the program's output to stdout until QEMU ends; returns the time limit if that was reached, else 0."""
        limit = self._options.timeout
        end = time.monotonic() + limit
        running = False
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return limit
            if not running:
                running = self._boot_progress(console)
            if select.select([qemu.stdout], [], [], min(left, 0.2))[0]:
                data = os.read(qemu.stdout.fileno(), 1 << 16)
                if not data:
                    break
                self._progress.clear()
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()
        qemu.wait()
        return 0

    def _interact(self, qemu: subprocess.Popen, saved) -> float:
        try:
            qemu.wait()
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, saved)
        return 0

    def _boot(self, argv: list, work: Path, console: Path, shell: bool) -> tuple:
        """(QEMU's status, time limit reached or 0)"""
        console.write_bytes(b'')
        saved = termios.tcgetattr(sys.stdin) if shell else None
        with open(work / 'qemu.err', 'wb') as err:
            qemu = subprocess.Popen(argv, stdin=None if shell else subprocess.DEVNULL,
                                    stdout=None if shell else subprocess.PIPE, stderr=err,
                                    start_new_session=not shell, preexec_fn=process.die_with_parent(signal.SIGKILL))
            try:
                timed_out = self._interact(qemu, saved) if shell else self._copy_output(qemu, console)
            finally:
                if qemu.poll() is None:
                    qemu.kill()
                    qemu.wait()
                self._progress.clear()
        return qemu.returncode, timed_out

    def run(self, shell: bool = False) -> int:
        """Boot, run, judge, report on stderr; returns the lab's exit status."""
        options = self._options
        hosttools.require(hosttools.RUN)
        topologies = topology.choose(options.devices)
        options.write = [job.check_write(path) for path in options.write]
        ready = _kernel(options, self._progress)
        machine.check(options, ready)
        firmware.check(options, topologies, ready)
        image = initramfs.prepare(ready)
        with cache.workdir('run') as work:
            size = os.get_terminal_size(0) if shell else None
            if options.region:
                (work / 'initramfs').write_bytes(firmware.archive(options, topologies) + image.read_bytes())
                image = work / 'initramfs'
            job.write(work, options, topologies, ready, image, size)
            console = options.log or work / 'console'
            argv = machine.argv(options, ready, image, work, console, topologies, self._identity)
            self._progress.start()
            status, timed_out = self._boot(argv, work, console, shell)
            messages = (work / 'dmesg').read_bytes() if (work / 'dmesg').exists() else b''
            result = verdict.judge(console.read_bytes(), messages, status, self._identity, timed_out,
                                   options.allow_splat, options.panic)
            if not result.ok:
                self._show_failure(console, work / 'qemu.err', result)
            self._progress.note(f'{result.text} ({self._progress.seconds():.1f} s)')
            return result.status

    def _show_failure(self, console: Path, errors: Path, result) -> None:
        self._progress.clear()
        text = process.tail(console, TAIL)
        if result.status != verdict.LAB_FAILURE:    # the boot went well: what the kernel said since then is enough
            text = text.rpartition('LAB-RUN')[2].partition('\n')[2].partition('\nLAB-EXIT')[0]
        if text.strip():
            print(f'--- the end of the kernel log\n{text.rstrip()}\n---', file=sys.stderr)
        if result.status == verdict.LAB_FAILURE and (said := process.tail(errors, 10)):
            print(f'--- QEMU said\n{said}\n---', file=sys.stderr)


def run(options, progress) -> int:
    return Session(options, progress).run()


def shell(options, progress) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LabError('the shell needs a terminal; for a command use: lab run -- PROGRAM')
    options.timeout = 0
    return Session(options, progress).run(shell=True)
