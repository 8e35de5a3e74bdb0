# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the job directory, through which the guest learns what to do: settings, writes, program."""
import os
import shlex
from pathlib import Path

from . import LabError, topology

PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
DISK = 64 << 20
DISKS = 2       # each in a file of its own
# Mounted over in the guest, so that nothing of the host can be seen there.
_HIDDEN = ('/proc', '/sys', '/dev', '/run')


def check_write(path: Path) -> Path:
    path = path.absolute()
    if not path.is_dir():
        raise LabError(f'--write {path}: no such directory')
    real = path.resolve()
    if str(real) == '/' or any(real.is_relative_to(hidden) for hidden in _HIDDEN):
        raise LabError(f'--write {path}: not possible for / and below {" ".join(_HIDDEN)}')
    return real


def _binds(options) -> bool:
    """Without an IOMMU vfio-pci takes no device."""
    return not options.no_bind and options.iommu != 'none'


def _modules(options, topologies: list, ready) -> list:
    """The modules to load before anything is bound."""
    names = []
    if not options.no_bind:
        names += ['vfio-pci', 'vfio_iommu_type1', 'iommufd']
    if not _binds(options):
        names += [driver for t in topologies for driver in t.drivers]
    return [name for name in names if ready.has_module(name)]


def _write(path: Path, lines: list) -> None:
    path.write_bytes(b''.join(os.fsencode(line) + b'\n' for line in lines))


def write(job: Path, options, topologies: list, ready, initramfs: Path, terminal_size=None) -> None:
    samples = [sample for t in topologies for sample in t.mdev]
    for sample in samples:
        if not ready.has_module(sample):
            raise LabError(f'the kernel {ready.kernel.name} has no module {sample}, which a device set needs')
    endpoints = [f'{name}={where}' for name, where in topology.addresses(topologies)]
    settings = {
        'lab_modules': str(ready.modules),
        'lab_load': ' '.join(_modules(options, topologies, ready)),
        'lab_endpoints': ' '.join(endpoints),
        'lab_bind': '1' if _binds(options) else '0',
        'lab_mdev': ' '.join(samples),
        'lab_shell': '1' if terminal_size else '0',
        'lab_tty': 'rows {0.lines} cols {0.columns}'.format(terminal_size) if terminal_size else '',
    }
    _write(job / 'settings', [f'{name}={shlex.quote(value)}' for name, value in settings.items()])
    # Two lines each: the directory, the tag of its share.
    _write(job / 'writes', [line for n, path in enumerate(options.write) for line in (str(path), f'write{n}')])

    environment = {
        'PATH': PATH, 'HOME': '/root', 'LC_ALL': 'C.UTF-8',
        'TERM': os.environ.get('TERM', 'dumb') if terminal_size else 'dumb',
        'LAB_KERNEL': ready.kernel.name, 'LAB_IOMMU': options.iommu, 'LAB_DEVICES': options.devices,
        'LAB_IMAGE': str(ready.image), 'LAB_INITRAMFS': str(initramfs), **options.env,
    }
    # What init puts before this file exports the devices' places.
    _write(job / 'program', [*(f'export {name}={shlex.quote(value)}' for name, value in environment.items()),
                             'unset SHLVL OLDPWD', f'cd {shlex.quote(os.getcwd())} || exit 126',
                             'exec ' + shlex.join(options.program)])
    for n in range(DISKS):
        with open(job / f'disk{n}', 'wb') as f:
            f.truncate(DISK)
