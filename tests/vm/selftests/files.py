# SPDX-License-Identifier: LGPL-2.1-or-later
"""What reaches the host, and what does not."""
from pathlib import Path

from labkit import LabError, job

from .harness import TMP, expect, guest, test


@test
def writes_of_the_guest_do_not_reach_the_host():
    path = TMP / 'kept'
    path.write_text('host')
    expect(guest(sh=f'echo guest >{path}; echo new >{path}.new; cat {path}'), 0, output='guest\n')
    assert path.read_text() == 'host' and not Path(f'{path}.new').exists()


@test
def writes_below_a_write_directory_reach_the_host():
    shared, other = TMP / 'shared, one', TMP / 'shared two'
    shared.mkdir()
    other.mkdir()
    expect(guest('--write', str(shared), '--write', str(other), sh=f'echo 1 >"{shared}/a"; echo 2 >"{other}/b"'), 0)
    assert (shared / 'a').read_text() == '1\n' and (other / 'b').read_text() == '2\n'


@test
def log_has_the_kernel_messages():
    log = TMP / 'log'
    expect(guest('--log', str(log), sh='echo "<6>a line of the test" >/dev/kmsg'), 0)
    assert 'Linux version' in log.read_text() and 'a line of the test' in log.read_text()


@test
def a_write_directory_the_guest_hides_is_refused():
    try:
        job.check_write(Path('/dev/shm'))
    except LabError:
        return
    raise AssertionError('/dev/shm was taken')
