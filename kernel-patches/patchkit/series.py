# SPDX-License-Identifier: GPL-2.0-only
"""A series: the directory that holds it, its patches in their order, and the tree it is for."""
import hashlib
import re
import subprocess
from pathlib import Path

from . import PatchError

TOP = Path(__file__).resolve().parents[1]
ABSENT = 'absent'


def kernel_version(tree: Path) -> str:
    """6.1.192, from the Makefile of a kernel tree."""
    try:
        text = (tree / 'Makefile').read_text(encoding='utf-8')
    except OSError as e:
        raise PatchError(f'{tree}: {e.strerror}: no Makefile, so no kernel tree') from e
    found = [re.search(rf'^{name} *= *(\d+)$', text, re.M) for name in ('VERSION', 'PATCHLEVEL', 'SUBLEVEL')]
    if not all(found):
        raise PatchError(f'{tree}: the Makefile is not that of a kernel tree')
    return '.'.join(m[1] for m in found)


def state(path: Path) -> str:
    """What is in a file, or that there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ABSENT


class Base:
    """The file BASE: the package, its version, and what it has where the patches change something."""

    def __init__(self, package: str, version: str, files: dict) -> None:
        self.package, self.version, self.files = package, version, files

    @classmethod
    def read(cls, path: Path) -> 'Base':
        lines = path.read_text(encoding='utf-8').splitlines()
        words = [line.split() for line in lines if line.strip() and not line.startswith('#')]
        if len(words) < 2 or any(len(w) != 2 for w in words) or (words[0][0], words[1][0]) != ('package', 'version'):
            raise PatchError(f'{path} must have "package NAME", "version VERSION" and a line "HASH PATH" for each file')
        return cls(words[0][1], words[1][1], {path: digest for digest, path in words[2:]})

    @classmethod
    def of_tree(cls, package: str, version: str, tree: Path, files) -> 'Base':
        return cls(package, version, {name: state(tree / name) for name in files})

    @property
    def kernel(self) -> str:
        """6.1.192 of 6.1.192-2"""
        return self.version.split('-')[0]

    def text(self) -> str:
        lines = ['# What the patches apply to, and the sha256 of each file that they change; refresh writes this.',
                 f'package {self.package}', f'version {self.version}']
        return '\n'.join(lines + [f'{digest} {name}' for name, digest in sorted(self.files.items())]) + '\n'


class Series:
    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def for_tree(cls, tree: Path, top: Path = TOP) -> 'Series':
        """The series that is for the version of a tree."""
        version = kernel_version(tree)
        directory = top / '.'.join(version.split('.')[:2])
        if not (directory / 'series').exists():
            there = ' '.join(sorted(p.parent.name for p in top.glob('*/series')))
            raise PatchError(f'{tree} is Linux {version}; there are patches for {there}')
        return cls(directory)

    @property
    def base(self) -> Base:
        return Base.read(self.directory / 'BASE')

    def patches(self) -> list:
        """The patches, in their order. The list and the directory must agree."""
        lines = (self.directory / 'series').read_text(encoding='utf-8').splitlines()
        names = [line.strip() for line in lines if line.strip() and not line.startswith('#')]
        there = {p.name for p in self.directory.glob('*.patch')}
        if missing := [name for name in names if name not in there]:
            raise PatchError(f'{self.directory}: {missing[0]} is in the file series, but not there')
        if extra := sorted(there - set(names)):
            raise PatchError(f'{self.directory}: {extra[0]} is there, but not in the file series')
        if len(set(names)) != len(names):
            raise PatchError(f'{self.directory}: the file series names a patch twice')
        return [self.directory / name for name in names]

    def touched(self) -> list:
        """Every file that a patch makes, changes or removes."""
        return sorted({name for patch in self.patches() for name in touched(patch)})

    def refuse_other(self, tree: Path) -> None:
        """Raise PatchError unless the tree has exactly what the patches were made against."""
        base, files = self.base, self.touched()
        if set(files) != set(base.files):
            odd = sorted(set(files) ^ set(base.files))
            raise PatchError(f'{self.directory}/BASE does not fit the patches: {odd[0]}; run refresh')
        wrong = [name for name in files if state(tree / name) != base.files[name]]
        if not wrong:
            return
        if self.applied(tree):
            raise PatchError(f'{tree} has the series already')
        listed = ''.join(f'\n  {name}' for name in wrong[:10]) + ('\n  ...' if len(wrong) > 10 else '')
        raise PatchError(f'{tree} (Linux {kernel_version(tree)}) is not {base.package} {base.version}: '
                         f'{len(wrong)} of {len(files)} files differ from what the patches were made against:{listed}\n'
                         f'For another version run refresh; it rebases the series.')

    def applied(self, tree: Path) -> bool:
        """Whether the last patch could be taken back."""
        last = self.patches()[-1]
        out = subprocess.run(['patch', '-p1', '-R', '--fuzz=0', '--dry-run', '--force', '-d', str(tree), '-i', str(last)],
                             capture_output=True, check=False)
        return out.returncode == 0


def touched(patch: Path) -> list:
    text = patch.read_text(encoding='utf-8', errors='replace')
    pairs = re.findall(r'^diff --git a/(\S+) b/(\S+)$', text, re.M)
    if not pairs:
        raise PatchError(f'{patch} changes nothing; patches are as git format-patch makes them')
    return sorted({name for pair in pairs for name in pair})


def subject(patch: Path) -> str:
    text = patch.read_text(encoding='utf-8', errors='replace')
    found = re.search(r'^Subject: (.*(?:\n[ \t].*)*)', text, re.M)
    return re.sub(r'^\[[^]]*\] ', '', ' '.join(found[1].split())) if found else patch.name


def lines(patch: Path) -> tuple:
    """How many lines a patch adds and removes."""
    text = patch.read_text(encoding='utf-8', errors='replace').partition('\ndiff --git ')[2]
    added = len(re.findall(r'^\+(?!\+\+ )', text, re.M))
    return added, len(re.findall(r'^-(?!-- |- ?$)', text, re.M))
