# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kernels out of build directories and of packages."""
import shutil
import subprocess

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


@test
def a_kernel_package_boots_with_its_modules():
    ready = kernels.prepare('6.12', Progress())
    top = TMP / 'package'
    for directory in ('DEBIAN', 'boot', 'lib/modules'):
        (top / directory).mkdir(parents=True)
    (top / 'DEBIAN/control').write_text('Package: kernel\nVersion: 1\nArchitecture: amd64\nMaintainer: a <a@b>\nDescription: a\n')
    for source, name in ((ready.image, 'vmlinuz'), (ready.path / 'config', 'config'), (ready.path / 'config', 'System.map')):
        shutil.copy(source, top / f'boot/{name}-{ready.release}')
    shutil.copytree(ready.modules, top / 'lib/modules' / ready.release)
    deb = TMP / 'kernel.deb'
    subprocess.run(['dpkg-deb', '--root-owner-group', '-Znone', '-b', str(top), str(deb)], check=True, stdout=subprocess.DEVNULL)
    expect(guest('--kernel-package', str(deb), '--devices', 'edu', sh='echo $LAB_KERNEL; ls /dev/vfio/devices; modprobe mtty'), 0,
           output='tree\nvfio0\n')
    expect(guest('--kernel-package', str(TMP / 'none.deb'), sh='true'), 125, 'none.deb: No such file or directory')
