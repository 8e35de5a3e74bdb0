# SPDX-License-Identifier: LGPL-2.1-or-later
"""Takes a Debian kernel package apart without installing it: its image, its modules, its config."""
import os
from pathlib import Path

from . import LabError, flatimage, process

RECIPE = 2      # raise it when a change here or in flatimage.py changes what comes out
# Big, and for devices that no guest of the lab has.
LEFT_OUT = ('drivers/gpu', 'drivers/media', 'drivers/infiniband', 'drivers/net/wireless', 'drivers/staging',
            'drivers/scsi', 'drivers/usb', 'drivers/iio', 'drivers/hid', 'drivers/input', 'drivers/mtd', 'sound')


def unpack(kernel, deb: Path, work: Path, progress) -> Path:
    """Unpack in work; return a directory that is ready to be published."""
    log = work / 'log'
    out = work / 'out'
    out.mkdir()
    leave = [f'--exclude=*/kernel/{path}' for path in LEFT_OUT]
    progress.start()
    process.pipeline([['dpkg-deb', '--fsys-tarfile', str(deb)],
                      ['tar', '-x', '-C', str(out), '--wildcards', *leave, './boot/*', './lib/modules/*']],
                     log, f'unpacking {deb.name}', lambda: progress.update(f'unpack {deb.name}'))
    images = list(out.glob('boot/vmlinuz-*'))
    if len(images) != 1:
        raise LabError(f'{deb} has not one kernel image but {len(images)}')
    release = images[0].name.removeprefix('vmlinuz-')
    for link in ('build', 'source'):
        (out / 'lib/modules' / release / link).unlink(missing_ok=True)
    (out / 'bzImage').write_bytes(flatimage.flatten(images[0].read_bytes()))
    images[0].unlink()
    os.rename(out / 'boot' / f'config-{release}', out / 'config')
    os.rename(out / 'boot' / f'System.map-{release}', out / 'System.map')
    os.rmdir(out / 'boot')
    (out / 'release').write_text(release + '\n', encoding='utf-8')
    process.run(['depmod', '-b', str(out), release], log, 'depmod',
                env=os.environ | {'PATH': os.environ.get('PATH', '') + ':/usr/sbin:/sbin'})
    return out
