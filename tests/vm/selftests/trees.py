# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kernels out of build directories."""
import shutil

from labkit import kernels
from labkit.progress import Progress

from .harness import TMP, expect, guest, lab, test


def _directory(name):
    """A build directory like make's, with the image and the modules of the cached 6.12."""
    ready = kernels.prepare('6.12', Progress())
    path = TMP / name
    for file, source in (('arch/x86/boot/bzImage', ready.image), ('.config', ready.path / 'config')):
        (path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, path / file)
    shutil.copytree(ready.modules / 'kernel', path / 'modules')
    release = path / 'include/config/kernel.release'
    release.parent.mkdir(parents=True)
    release.write_text(f'{ready.release}\n')
    modules = sorted(str(p.relative_to(path)) for p in path.glob('modules/**/*.ko'))
    (path / 'modules.order').write_text(''.join(p.replace('.ko', '.o') + '\n' for p in modules))
    to = f'$(INSTALL_MOD_PATH)/lib/modules/{ready.release}'
    (path / 'Makefile').write_text(f'modules_install:\n\tmkdir -p {to}\n\tcp -r modules {to}/kernel\n'
                                   f'\tdepmod -b $(INSTALL_MOD_PATH) {ready.release}\n')
    return path, modules


@test
def a_kernel_tree_boots_with_the_modules_it_has_now():
    path, modules = _directory('tree')
    sh = f'echo $LAB_KERNEL; ls /dev/vfio/devices; tail -c 4 /lib/modules/*/kernel/{modules[0].removeprefix("modules/")}'
    for marker in ('one\n', 'two\n'):
        with open(path / modules[0], 'ab') as f:
            f.write(marker.encode())
        expect(guest('--kernel-tree', str(path), '--devices', 'edu', sh=sh), 0, output='tree\nvfio0\n' + marker)


@test
def a_kernel_tree_that_is_not_built_is_refused():
    path, modules = _directory('half')
    (path / modules[-1]).unlink()
    expect(guest('--kernel-tree', str(path), sh='true'), 125, f'{modules[-1]}; make is at work there, or has failed')
    (path / 'arch/x86/boot/bzImage').unlink()
    expect(guest('--kernel-tree', str(path), sh='true'), 125, 'no arch/x86/boot/bzImage there')
    expect(lab('--kernel-tree', '/no/such/directory', '--', 'true'), 125, 'no arch/x86/boot/bzImage there')
