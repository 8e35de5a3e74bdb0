# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kernels that somebody else builds: takes image and modules out of a build directory, for lab run --kernel-tree, or out of
a Debian package, for --kernel-package."""
import contextlib
import os
import shutil
import time
from pathlib import Path

from . import LabError, cache, hosttools, process, stock
from .kernels import Kernel, Ready

IMAGE, RELEASE, ORDER = 'arch/x86/boot/bzImage', 'include/config/kernel.release', 'modules.order'
UNUSED = 3600   # seconds after which one goes; a guest may still run with it
KERNEL = Kernel('tree', 'from a build directory or a package', '')


def _modules(directory: Path) -> list:
    """Paths below directory. Until 6.1 modules.order names modules, later kernels the objects they are made of."""
    lines = (directory / ORDER).read_text(encoding='utf-8').split()
    return [Path(line).with_suffix('.ko') for line in lines]


def _state(directory: Path) -> str:
    """Changes when make has made anything that is installed."""
    key = cache.Key().add('code', Path(__file__).read_bytes())
    for path in (Path(IMAGE), Path('.config'), *_modules(directory)):
        found = os.stat(directory / path)
        key.add(str(path), f'{found.st_mtime_ns} {found.st_size}')
    return key.hex()


def _check(directory: Path) -> None:
    missing = [name for name in (IMAGE, ORDER, RELEASE, '.config', 'Makefile') if not (directory / name).exists()]
    if missing:
        raise LabError(f'--kernel-tree {directory}: no {missing[0]} there; it must be where "make bzImage modules" '
                       'wrote to')


def _install(directory: Path, work: Path, progress) -> Path:
    out = work / 'out'
    out.mkdir()
    release = (directory / RELEASE).read_text(encoding='utf-8').strip()
    progress.start()
    process.run(['make', '-C', str(directory), 'modules_install', f'INSTALL_MOD_PATH={out}', 'INSTALL_MOD_STRIP=1'],
                work / 'log', f'installing the modules of {directory}',
                lambda: progress.update(f'install the modules of {directory}'),
                env=os.environ | {'PATH': os.environ.get('PATH', '') + ':/usr/sbin:/sbin'})
    for link in ('build', 'source'):
        (out / 'lib/modules' / release / link).unlink(missing_ok=True)
    if not (out / 'lib/modules' / release / 'modules.dep').exists():
        raise LabError(f'depmod did not run for {directory}:\n{process.tail(work / "log", 10)}')
    (out / 'release').write_text(release + '\n', encoding='utf-8')
    for source, name in ((IMAGE, 'bzImage'), ('.config', 'config')):
        shutil.copy(directory / source, out / name)
    return out


def _sweep(trees: Path) -> None:
    for path in trees.iterdir():
        with contextlib.suppress(FileNotFoundError):    # another lab was quicker
            if time.time() - os.path.getmtime(path) > UNUSED:
                shutil.rmtree(path, ignore_errors=True)


def prepare_package(deb: Path, progress) -> Ready:
    """Find what a package has in the cache, or unpack it there."""
    hosttools.require(hosttools.UNPACK)
    deb = deb.resolve()
    try:
        found = os.stat(deb)
    except OSError as e:
        raise LabError(f'--kernel-package {deb}: {e.strerror}') from e
    key = cache.Key().add('package', os.fsencode(deb)).add('state', f'{found.st_mtime_ns} {found.st_size} {stock.RECIPE}').hex()
    path = cache.directory('trees') / f'package_{key}'
    with cache.lock(f'package {key}', progress):
        if not path.exists():
            with cache.workdir('package') as work:
                cache.publish(stock.unpack(KERNEL, deb, work, progress), path)
    os.utime(path)
    _sweep(path.parent)
    return Ready(KERNEL, path)


def prepare(directory: Path, progress) -> Ready:
    """Find what directory has now in the cache, or install it there."""
    hosttools.require(hosttools.INSTALL)
    directory = directory.resolve()
    _check(directory)
    prefix = cache.Key().add('directory', os.fsencode(directory)).hex()
    try:
        state = _state(directory)
        path = cache.directory('trees') / f'{prefix}_{state}'
        with cache.lock(f'tree {prefix}', progress):
            if not path.exists():
                with cache.workdir('tree') as work:
                    made = _install(directory, work, progress)
                    if _state(directory) != state:
                        raise LabError(f'--kernel-tree {directory}: make is at work there')
                    cache.publish(made, path)
            os.utime(path)
    except FileNotFoundError as e:
        raise LabError(f'--kernel-tree {directory}: no {e.filename}; make is at work there, or has failed') from e
    _sweep(path.parent)
    return Ready(KERNEL, path)
