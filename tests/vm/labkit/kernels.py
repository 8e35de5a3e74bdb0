# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of kernels, their cache keys, and making one ready. To add a kernel, add a row."""
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import LabError, apt, build, cache, hosttools, stock

HERE = Path(__file__).resolve().parent.parent
REPOSITORY = HERE.parent.parent


@dataclass(frozen=True)
class Kernel:
    name: str
    text: str
    package: str                    # regular expression for the package name
    fragments: tuple = ()           # of kernels/*.config, later lines win; none: a stock kernel, taken as it is
    patches: str = ''               # directory in the repository with a series file
    objects: int = 0                # about how many files make compiles, for the progress line

    @property
    def stock(self) -> bool:
        return not self.fragments

    def fragment_paths(self) -> list:
        return [HERE / 'kernels' / f'{f}.config' for f in self.fragments] + self.series_fragments()

    def series_fragments(self) -> list:
        """What turns on what the patches bring."""
        return [self.patch_directory / 'config'] if self.patches else []

    @property
    def patch_directory(self) -> Path:
        return REPOSITORY / self.patches

    def patch_paths(self) -> list:
        if not self.patches:
            return []
        series = (self.patch_directory / 'series').read_text(encoding='utf-8').splitlines()
        return [self.patch_directory / line.strip() for line in series if line.strip() and not line.startswith('#')]


TABLE = {k.name: k for k in (
    Kernel('6.12', 'linux-source-6.12, minimal, with iommufd and its test driver',
           r'linux-source-6\.12', ('common', '6.12', 'drivers'), objects=1650),
    Kernel('6.12-compat', 'the same without character devices; iommufd serves /dev/vfio/vfio',
           r'linux-source-6\.12', ('common', '6.12', 'compat'), objects=1650),
    Kernel('6.1', "linux-source-6.1, minimal, with kernel-patches/6.1: iommufd for a kernel that has none",
           r'linux-source-6\.1', ('common', '6.1', 'boot'), 'kernel-patches/6.1', objects=1680),
    Kernel('6.1-debug', 'the same with KASAN, UBSAN, lockdep, kmemleak and more that notices mistakes',
           r'linux-source-6\.1', ('common', '6.1', 'boot', 'debug'), 'kernel-patches/6.1', objects=1720),
    Kernel('6.1-kcsan', 'the same with KCSAN, which notices data races',
           r'linux-source-6\.1', ('common', '6.1', 'kcsan'), 'kernel-patches/6.1', objects=1700),
    Kernel('6.12-debug', '6.12 with what 6.1-debug has',
           r'linux-source-6\.12', ('common', '6.12', 'debug'), objects=1700),
    Kernel('6.12-idle', '6.12 with kernel-patches/6.12: devices that nobody uses can be blocked',
           r'linux-source-6\.12', ('common', '6.12', 'drivers', 'boot'), 'kernel-patches/6.12', objects=1680),
    Kernel('6.12-idle-debug', '6.12-idle with what 6.1-debug has',
           r'linux-source-6\.12', ('common', '6.12', 'drivers', 'boot', 'debug'), 'kernel-patches/6.12', objects=1750),
    Kernel('stock-6.1', "Debian's 6.1: VFIO group and type1, no iommufd",
           r'linux-image-6\.1\.0-\d+-amd64'),
    Kernel('stock-6.12', "Debian's 6.12: VFIO group and type1, no iommufd",
           r'linux-image-6\.12\.\d+\+deb12-amd64'),
)}


@dataclass(frozen=True)
class Ready:
    """A kernel in the cache."""
    kernel: Kernel
    path: Path

    @property
    def image(self) -> Path:
        return self.path / 'bzImage'

    @property
    def release(self) -> str:
        return (self.path / 'release').read_text(encoding='utf-8').strip()

    @property
    def modules(self) -> Path:
        return self.path / 'lib/modules' / self.release

    def has_module(self, name: str) -> bool:
        """As a module; what is built in needs no loading."""
        pattern = re.compile(rf'^\S*/{re.sub("[-_]", "[-_]", name)}\.ko[.\w]*:', re.M)
        return bool(pattern.search((self.modules / 'modules.dep').read_text(encoding='utf-8')))


def lookup(name: str) -> Kernel:
    if name not in TABLE:
        raise LabError(f'no kernel {name}; there are: {" ".join(TABLE)}')
    return TABLE[name]


def _compiler() -> str:
    text = ''
    for program in ('gcc', 'ld'):
        out = subprocess.run([program, '--version'], capture_output=True, text=True, check=True).stdout
        text += out.splitlines()[0] + '\n'
    return text


def cache_path(kernel: Kernel, version: str) -> Path:
    """Where this kernel goes; everything that decides its contents is in the name."""
    key = cache.Key().add('version', version)
    if kernel.stock:
        key.add('recipe', str(stock.RECIPE))
    else:
        key.add('recipe', str(build.RECIPE)).add('compiler', _compiler())
        for path in kernel.fragment_paths() + kernel.patch_paths():
            key.add(path.name, path.read_bytes())
    return cache.root() / 'kernels' / f'{kernel.name}_{version}_{key.hex()}'


def prepare(name: str, progress, refresh: bool = False) -> Ready:
    """Find the kernel in the cache, or make it."""
    kernel = lookup(name)
    if not kernel.stock:
        hosttools.require(hosttools.BUILD)
    patterns = [k.package for k in TABLE.values()]
    with apt.Apt(progress) as packages:
        found = apt.current(patterns, packages, progress, refresh)[kernel.package]
        path = cache_path(kernel, found['version'])
        if path.exists():
            return Ready(kernel, path)
        with cache.lock(f'kernel {name}', progress):
            if path.exists():
                return Ready(kernel, path)
            hosttools.require(hosttools.UNPACK if kernel.stock else hosttools.BUILD)
            if not apt.cached(found):
                # The mirror drops old versions: ask for today's before a download.
                found = apt.current(patterns, packages, progress, refresh=True)[kernel.package]
                path = cache_path(kernel, found['version'])
            deb = packages.download(found, kernel.package)
            with cache.workdir(f'kernel-{name}') as work:
                made = (stock.unpack if kernel.stock else build.build)(kernel, deb, work, progress)
                (made / 'about.json').write_text(json.dumps({'kernel': name, **found}, indent=1), encoding='utf-8')
                cache.publish(made, path)
    progress.note(f'kernel {name} is ready: {path}')
    return Ready(kernel, path)


def unpack_source(kernel: Kernel, where: Path, progress) -> Path:
    """The newest source package of a kernel, as it is."""
    patterns = [k.package for k in TABLE.values()]
    with apt.Apt(progress) as packages:
        found = apt.current(patterns, packages, progress)[kernel.package]
        if not apt.cached(found):
            found = apt.current(patterns, packages, progress, refresh=True)[kernel.package]
        deb = packages.download(found, kernel.package)
        return build.unpack(deb, where, where / 'unpack.log', progress)


def states() -> list:
    """(kernel, version or '', path or None) of every row, without asking the network."""
    rows = []
    remembered = apt.remembered()
    for kernel in TABLE.values():
        found = remembered.get(kernel.package)
        path = cache_path(kernel, found['version']) if found else None
        rows.append((kernel, found['version'] if found else '', path if path and path.exists() else None))
    return rows
