# SPDX-License-Identifier: LGPL-2.1-or-later
"""Declaring tests, running the lab, and saying what is expected of it."""
import subprocess
import tempfile
import time
from pathlib import Path

LAB = str(Path(__file__).resolve().parent.parent / 'lab')
KERNELS = ('6.12', '6.12-idle', '6.1', 'stock-6.12', 'stock-6.1')     # what the tests boot
TESTS = []
TMP = Path(tempfile.mkdtemp(prefix='iommufd-selftest.'))


def test(f):
    TESTS.append((f.__name__, f))
    return f


def each(name, values):
    """One test for each value; the name takes the value in."""
    def add(f):
        for value in values:
            TESTS.append((name.format(*value) if isinstance(value, tuple) else name.format(value), lambda v=value: f(v)))
        return f
    return add


def lab(*args, command='run', cwd=None):
    result = subprocess.run([LAB, command, *args], stdin=subprocess.DEVNULL, capture_output=True, cwd=cwd, check=False,
                            timeout=120)
    result.stdout, result.stderr = result.stdout.decode(), result.stderr.decode(errors='replace')
    return result


def guest(*options, sh):
    """Run a shell command in a guest; without devices and with one processor unless options say other."""
    return lab('--devices', 'none', *(() if '--icount' in options else ('--smp', '1')), *options, '--', 'sh', '-c', sh)


def expect(result, status, said='', output=None):
    last = result.stderr.strip().splitlines()[-1] if result.stderr.strip() else ''
    assert result.returncode == status, f'status {result.returncode} is not {status}: {result.stderr[-2000:]}'
    assert said in last, f'the last line is {last!r}, without {said!r}'
    assert output is None or result.stdout == output, f'output {result.stdout!r} is not {output!r}'


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, 'it did not happen in time'
        time.sleep(0.05)
