# SPDX-License-Identifier: LGPL-2.1-or-later
"""Owns the initramfs: busybox, the guest scripts, and the modules a kernel needs to reach the host's root."""
import lzma
import os
import stat
import subprocess
from pathlib import Path

from . import LabError, cache, hosttools

GUEST = Path(__file__).resolve().parent.parent / 'guest'
# In a stock kernel these are modules; built in, they cost nothing. Devices behind a virtio IOMMU wait for its driver.
NEEDED = ('virtio_pci', 'virtio_iommu', '9pnet_virtio', '9p', 'overlay')


class Archive:
    """A cpio archive in the newc format, written without cpio so that device nodes need no root."""

    def __init__(self) -> None:
        self._parts = []
        self._inode = 0

    def add(self, name: str, mode: int, data: bytes = b'', device: tuple = (0, 0)) -> None:
        self._inode += 1
        encoded = name.encode() + b'\0'
        fields = (self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(encoded), 0)
        header = b'070701' + b''.join(b'%08X' % f for f in fields) + encoded
        self._parts += [header, bytes(-len(header) % 4), data, bytes(-len(data) % 4)]

    def directory(self, name: str) -> None:
        self.add(name, stat.S_IFDIR | 0o755)

    def file(self, name: str, data: bytes, mode: int = 0o644) -> None:
        self.add(name, stat.S_IFREG | mode, data)

    def link(self, name: str, target: str) -> None:
        self.add(name, stat.S_IFLNK | 0o777, target.encode())

    def bytes(self) -> bytes:
        self.add('TRAILER!!!', 0)
        return b''.join(self._parts)


def _busybox() -> bytes:
    data = Path(hosttools.BUSYBOX).read_bytes()
    if b'/ld-linux-x86-64.so.2' in data:
        raise LabError('/bin/busybox is not the static one; apt-get install busybox-static')
    return data


def _module_closure(modules: Path) -> list:
    """Paths below the modules directory of what NEEDED needs, each after its own dependencies."""
    depends = {}
    for line in (modules / 'modules.dep').read_text(encoding='utf-8').splitlines():
        path, _, rest = line.partition(':')
        depends[path] = rest.split()
    by_name = {Path(p).name.split('.')[0].replace('-', '_'): p for p in depends}
    order = []

    def visit(path: str) -> None:
        for other in reversed(depends[path]):
            visit(other)
        if path not in order:
            order.append(path)
    for name in NEEDED:
        if name in by_name:
            visit(by_name[name])
    return order


def _read_module(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == '.xz':
        return lzma.decompress(data)
    if path.suffix == '.zst':
        return subprocess.run(['zstd', '-dc'], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


def _make(ready, busybox: bytes) -> bytes:
    archive = Archive()
    for name in ('bin', 'dev', 'lib'):
        archive.directory(name)
    archive.add('dev/console', stat.S_IFCHR | 0o600, device=(5, 1))
    archive.file('bin/busybox', busybox, 0o755)
    applets = subprocess.run([hosttools.BUSYBOX, '--list'], capture_output=True, text=True, check=True).stdout
    for applet in applets.split():
        if applet not in ('busybox', 'modprobe'):       # init writes its own modprobe
            archive.link(f'bin/{applet}', 'busybox')
    for path in sorted(GUEST.iterdir()):
        archive.file(path.name, path.read_bytes(), 0o755)
    order = _module_closure(ready.modules)
    for path in order:
        archive.file('lib/' + Path(path).name.split('.ko')[0] + '.ko', _read_module(ready.modules / path))
    archive.file('modules', ''.join(Path(p).name.split('.ko')[0] + '.ko\n' for p in order).encode())
    return archive.bytes()


def _forget_old(final: Path) -> None:
    """The name begins with the kernel's: keep those used last, another checkout may use another one."""
    ages = []
    for path in final.parent.glob(final.name.rpartition('_')[0] + '_*'):
        try:
            ages.append((path.stat().st_mtime, path))
        except FileNotFoundError:
            pass            # another lab was quicker
    for _, path in sorted(ages)[:-8]:
        path.unlink(missing_ok=True)


def prepare(ready) -> Path:
    """The initramfs of a kernel, from the cache when nothing that goes into it has changed."""
    busybox = _busybox()
    key = cache.Key().add('kernel', ready.path.name).add('busybox', busybox).add('code', Path(__file__).read_bytes())
    for path in sorted(GUEST.iterdir()):
        key.add(path.name, path.read_bytes())
    final = cache.directory('initramfs') / f'{ready.kernel.name}_{key.hex()}'
    try:
        os.utime(final)
    except FileNotFoundError:
        with cache.workdir('initramfs') as work:
            (work / 'initramfs').write_bytes(_make(ready, busybox))
            cache.publish(work / 'initramfs', final)
        _forget_old(final)
    return final
