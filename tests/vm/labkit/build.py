# SPDX-License-Identifier: LGPL-2.1-or-later
"""Owns the build of a kernel from a Debian source package: unpack, patch, configure, make, install, strip."""
import json
import os
import re
import shutil
from pathlib import Path

from . import LabError, cache, kconfig, process

OUTPUT = 'build'    # where make writes to, below the source tree
RECIPE = 1      # raise it when a change here changes what comes out


def environment() -> dict:
    keep = {k: v for k, v in os.environ.items() if k in ('PATH', 'HOME', 'TMPDIR')}
    return keep | {'LC_ALL': 'C', 'CCACHE_DIR': str(cache.directory('ccache')), 'CCACHE_MAXSIZE': '4G',
                   # Directories of builds have other names each time; debug information names them, and nobody looks.
                   'CCACHE_NOHASHDIR': '1',
                   # Constant, or the same source would give a new image, and ccache a miss, each time.
                   'KBUILD_BUILD_TIMESTAMP': 'Thu Jan  1 00:00:00 UTC 1970', 'KBUILD_BUILD_VERSION': '1',
                   'KBUILD_BUILD_USER': 'lab', 'KBUILD_BUILD_HOST': 'lab'}


class Tree:
    """A source tree of a kernel, and the calls of make for it."""

    def __init__(self, path: Path, log: Path, progress) -> None:
        self.path, self.log, self._progress = path, log, progress
        self.output = path / OUTPUT
        self.log.touch()

    def command(self) -> list:
        """The beginning of every call of make. It builds in a directory of the source tree: then all paths that the compiler
        sees are relative, and builds of other trees, wherever they are, are hits for ccache if they do the same."""
        return ['make', '-C', str(self.path), 'O=' + OUTPUT, f'-j{len(os.sched_getaffinity(0))}', 'CC=ccache gcc']

    def make(self, what: str, *words: str, tick=None, env=None) -> None:
        """what: said while it runs, and in errors."""
        self._progress.start()
        process.run([*self.command(), *words], self.log, what, tick or (lambda: self._progress.update(what)),
                    env=environment() | (env or {}))

    def configure(self, kernel, with_series: bool = True) -> set:
        """As the fragments of the kernel ask, with what its series brings or without. Returns the symbols of the series that
        the tree does not have yet."""
        wanted = kconfig.collect(kernel.fragment_paths())
        ours = set(kconfig.collect(kernel.series_fragments()))
        later = ours - kconfig.defined(self.path)
        wanted = {name: 'n' if name in ours and not with_series else value for name, value in wanted.items()
                  if name not in later}
        fragment = self.path.with_name(self.path.name + '.config')
        kconfig.write(wanted, fragment)
        self.make(f'configure {kernel.name}', 'allnoconfig', env={'KCONFIG_ALLCONFIG': str(fragment)})
        kconfig.verify(wanted, self.output / '.config')
        return later


def unpack(deb: Path, work: Path, log: Path, progress) -> Path:
    """deb -> tarball inside -> source tree, as one pipe."""
    progress.start()
    process.pipeline([['dpkg-deb', '--fsys-tarfile', str(deb)],
                      ['tar', '-xO', '--wildcards', './usr/src/linux-source-*.tar.xz'],
                      ['xz', '-dc'],
                      ['tar', '-x', '-C', str(work)]], log, f'unpacking {deb.name}',
                     lambda: progress.update(f'unpack {deb.name}'))
    return next(work.glob('linux-source-*'))


def _patch(kernel, tree: Path, log: Path, progress) -> None:
    """Its own tool applies a series, so that the lab accepts no other tree than it does."""
    if kernel.patches:
        progress.update(f'patch {kernel.name}')
        directory = kernel.patch_directory
        process.run([str(directory.parent / 'apply'), str(tree), '--series', str(directory)], log,
                    f'patching {kernel.name}')


class _Counter:
    """Shows how many objects make has made; the total is that of the last build of the same kernel."""

    def __init__(self, kernel, log: Path, progress) -> None:
        self._name, self._log, self._progress = kernel.name, log, progress
        self._file = cache.directory() / 'objects.json'
        try:
            self._totals = json.loads(self._file.read_text(encoding='utf-8'))
        except (OSError, ValueError):
            self._totals = {}
        self._total = self._totals.get(kernel.name, kernel.objects)
        self._offset = log.stat().st_size
        self._count = 0

    def tick(self) -> None:
        with open(self._log, 'rb') as f:
            f.seek(self._offset)
            data = f.read()
        data = data[:data.rfind(b'\n') + 1]
        self._offset += len(data)
        self._count += len(re.findall(rb'^  (?:CC|AS) ', data, re.M))
        self._progress.update(f'build {self._name}: {self._count} of ~{self._total} objects')

    def finish(self) -> None:
        self.tick()
        cache.write_text(self._file, json.dumps(self._totals | {self._name: self._count}))


def build(kernel, deb: Path, work: Path, progress) -> Path:
    """Build in work; return a directory that is ready to be published."""
    log = cache.directory('logs') / f'build-{kernel.name}.log'
    log.write_bytes(b'')
    tree = Tree(unpack(deb, work, log, progress), log, progress)
    _patch(kernel, tree.path, log, progress)
    if later := tree.configure(kernel):
        progress.note(f'{kernel.name}: the series does not bring {" ".join(sorted(later))} yet')

    counter = _Counter(kernel, log, progress)
    progress.note(f'building kernel {kernel.name}; the log is {log}')
    tree.make(f'build {kernel.name}', 'bzImage', 'modules', tick=counter.tick)
    counter.finish()
    progress.note(f'built kernel {kernel.name} in {progress.seconds():.0f} s')

    out = work / 'out'
    out.mkdir()
    tree.make(f'install the modules of {kernel.name}', 'modules_install', f'INSTALL_MOD_PATH={out}', 'INSTALL_MOD_STRIP=1',
              env={'PATH': os.environ.get('PATH', '') + ':/usr/sbin:/sbin'})
    release = (tree.output / 'include/config/kernel.release').read_text(encoding='utf-8').strip()
    for link in ('build', 'source'):
        (out / 'lib/modules' / release / link).unlink(missing_ok=True)
    if not (out / 'lib/modules' / release / 'modules.dep').exists():
        raise LabError(f'depmod did not run for {kernel.name}; see {log}')
    (out / 'release').write_text(release + '\n', encoding='utf-8')
    shutil.copy(tree.output / '.config', out / 'config')
    shutil.copy(tree.output / 'System.map', out / 'System.map')
    shutil.copy(tree.output / 'arch/x86/boot/bzImage', out / 'bzImage')
    return out
