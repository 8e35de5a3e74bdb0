# SPDX-License-Identifier: LGPL-2.1-or-later
"""Owns the cache directory: where things are, locks, work directories that clean up after a kill, atomic publishing."""
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import LabError


def root() -> Path:
    """The cache directory, always an absolute path."""
    if path := os.environ.get('LIBIOMMUFD_CACHE'):
        return Path(path).absolute()
    base = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')
    return Path(base).absolute() / 'libiommufd'


def directory(*parts: str) -> Path:
    path = root().joinpath(*parts)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise LabError(f'cannot make the cache directory {path}: {e.strerror}; LIBIOMMUFD_CACHE names another') from e
    return path


@contextlib.contextmanager
def lock(name: str, progress):
    """Hold the lock called name. Waits for another lab that holds it, and says so.

    The kernel drops the lock when the holder dies, however it dies.
    """
    with open(directory('locks') / name, 'a+', encoding='utf-8') as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            f.seek(0)
            holder = f.read().strip() or 'unknown'
            progress.note(f'waiting for another lab (process {holder}) that prepares {name}')
            fcntl.flock(f, fcntl.LOCK_EX)
        f.truncate(0)
        f.write(f'{os.getpid()}\n')
        f.flush()
        yield


def _sweep(work: Path) -> None:
    """Remove work directories whose owner is gone: nobody holds their lock."""
    for path in work.iterdir():
        try:
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(fd)


@contextlib.contextmanager
def workdir(name: str):
    """A fresh directory on the cache's file system, gone at the end; a killed lab's is removed by the next."""
    work = directory('work')
    _sweep(work)
    while True:
        path = Path(tempfile.mkdtemp(prefix=name + '.', dir=work))
        try:
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(fd, fcntl.LOCK_EX)
            # Between mkdtemp() and flock() another lab may have swept it.
            if os.path.samestat(os.fstat(fd), os.stat(path)):
                break
        except FileNotFoundError:
            continue
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(fd)


def publish(ready: Path, final: Path) -> None:
    """Make a finished file or directory visible under its final name, at once and whole."""
    final.parent.mkdir(parents=True, exist_ok=True)
    # Without this a power cut could leave the name in place and the contents missing.
    subprocess.run(['sync', '-f', str(ready)], check=False)
    os.rename(ready, final)


def write_text(path: Path, text: str) -> None:
    """Replace a small file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fd, tmp = tempfile.mkstemp(prefix='.' + path.name, dir=path.parent)
    with os.fdopen(fd, 'w', encoding='utf-8') as f:
        f.write(text)
    os.rename(tmp, path)


class Key:
    """A hash over named parts, for names of cached things."""

    def __init__(self) -> None:
        self._sha = hashlib.sha256()

    def add(self, name: str, value: str | bytes) -> 'Key':
        data = value.encode() if isinstance(value, str) else value
        self._sha.update(f'{name} {len(data)}\n'.encode())
        self._sha.update(data)
        return self

    def hex(self) -> str:
        return self._sha.hexdigest()[:16]
