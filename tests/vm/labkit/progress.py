# SPDX-License-Identifier: LGPL-2.1-or-later
"""Owns what the lab says while it works: one rewritten line on a terminal, else a plain line every 10 seconds at most."""
import os
import sys
import time

INTERVAL_PLAIN = 10.0
INTERVAL_TERMINAL = 0.2


class Progress:
    def __init__(self, stream=None) -> None:
        self._out = stream or sys.stderr
        self._terminal = self._out.isatty() and os.environ.get('TERM', 'dumb') != 'dumb'
        self._next = 0.0
        self._open_line = False
        self._start = time.monotonic()

    def start(self) -> None:
        """Begin a piece of work: its seconds count from here, and nothing shows before the first interval is over."""
        self.clear()
        self._start = time.monotonic()
        self._next = self._start + (0 if self._terminal else INTERVAL_PLAIN)

    def seconds(self) -> float:
        return time.monotonic() - self._start

    def update(self, text: str) -> None:
        """Show how far the work is, if it is time to."""
        now = time.monotonic()
        if now < self._next:
            return
        line = f'lab: {text}, {now - self._start:.0f} s'
        if self._terminal:
            self._out.write('\r\x1b[K' + line)
            self._open_line = True
            self._next = now + INTERVAL_TERMINAL
        else:
            self._out.write(line + '\n')
            self._next = now + INTERVAL_PLAIN
        self._out.flush()

    def clear(self) -> None:
        """Take the rewritten line away, so that other output starts on an empty one."""
        if self._open_line:
            self._out.write('\r\x1b[K')
            self._out.flush()
            self._open_line = False

    def note(self, text: str) -> None:
        """Say something that stays."""
        self.clear()
        self._out.write(f'lab: {text}\n')
        self._out.flush()
