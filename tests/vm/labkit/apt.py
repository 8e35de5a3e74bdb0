# SPDX-License-Identifier: LGPL-2.1-or-later
"""Packages of Debian 12, through an apt state of the lab's own; the system's is neither used nor changed.

The mirror is asked of the host's apt each time and handed on in memory: sources.list is a memfd, and the lists,
whose file names contain the mirror's name, live only as long as the lab.
"""
import contextlib
import json
import os
import re
import subprocess
import time
from functools import cmp_to_key
from pathlib import Path

from . import LabError, cache, process

SUITES = {'Debian': ('bookworm', 'bookworm-updates'), 'Debian-Security': ('bookworm-security',)}
KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
DAY = 24 * 3600


def _mirrors() -> dict:
    """Label of a Debian archive -> its URI, as the host's apt has it."""
    fields = '$(LABEL)|$(ORIGIN)|$(COMPONENT)|$(RELEASE)|$(REPO_URI)'
    out = subprocess.run(['apt-get', 'indextargets', '--format', fields, 'Identifier: Packages'],
                         capture_output=True, text=True, check=False)
    found = {}
    for line in out.stdout.splitlines():
        label, origin, component, release, uri = line.split('|', 4)
        if component != 'main':
            continue
        if origin.startswith('$('):     # no Release file yet: the host never ran apt-get update
            label = 'Debian-Security' if release.endswith('-security') else 'Debian'
            origin = 'Debian' if re.search(r'/debian(-security)?/?$', uri) else ''
        if origin == 'Debian':
            found.setdefault(label, uri)
    for label in SUITES:
        if label not in found:
            raise LabError(f'the apt configuration of this machine has no {label} archive to take packages from')
    return found


def _sources() -> str:
    return ''.join(f'deb [arch=amd64 signed-by={KEYRING} target=Packages lang=none pdiffs=no] {uri} {suite} main\n'
                   for label, uri in _mirrors().items() for suite in SUITES.get(label, ()))


class Apt:
    """A private apt state; as a context manager it removes its lists at the end."""

    def __init__(self, progress) -> None:
        self._progress = progress
        self._stack = contextlib.ExitStack()
        self._state = None

    def __enter__(self) -> 'Apt':
        return self

    def __exit__(self, *exc) -> None:
        self._stack.close()
        self._state = None

    def _argv(self, program: str, *args: str) -> list:
        return [program, f'-c={self._state}/apt.conf', '-o', f'Dir::Etc::sourcelist=/proc/self/fd/{self._fd}', *args]

    def _query(self, *args: str) -> str:
        return subprocess.run(self._argv('apt-cache', *args), pass_fds=(self._fd,), text=True,
                              stdout=subprocess.PIPE, check=True).stdout

    def _open(self) -> None:
        """Make the state and fill it from the mirror, once."""
        if self._state:
            return
        state = self._stack.enter_context(cache.workdir('apt'))
        for name in ('lists/partial', 'archives/partial'):
            (state / name).mkdir(parents=True)
        (state / 'status').touch()
        # Read after the host's own files, so that proxies and the like stay, and hooks of the host go.
        (state / 'apt.conf').write_text(f'''
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
APT::Architecture "amd64";
APT::Sandbox::User "root";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{state}";
Dir::State::status "{state}/status";
Dir::Cache "{state}";
Acquire::Retries "3";
''', encoding='utf-8')
        self._fd = os.memfd_create('sources.list', 0)
        self._stack.callback(os.close, self._fd)
        os.write(self._fd, _sources().encode())
        self._state = state
        try:
            self._progress.start()
            process.run(self._argv('apt-get', 'update', '-q', '-o', 'APT::Update::Error-Mode=any'), state / 'log',
                        'apt-get update', lambda: self._progress.update('reading the package lists'),
                        pass_fds=(self._fd,))
        except BaseException:
            self.__exit__()
            raise

    def newest(self, pattern: str) -> dict:
        """The newest package whose name matches the pattern: {'package', 'version', 'size'}."""
        self._open()
        names = [n for n in self._query('pkgnames').split() if re.fullmatch(pattern, n)]
        found = []
        for paragraph in (self._query('show', *names) if names else '').split('\n\n'):
            fields = dict(line.split(': ', 1) for line in paragraph.splitlines() if re.match(r'[A-Z][\w-]*: ', line))
            if fields:
                found.append({'package': fields['Package'], 'version': fields['Version'], 'size': int(fields['Size'])})
        if not found:
            raise LabError(f'no package {pattern} in Debian 12')
        return max(found, key=cmp_to_key(_compare))

    def download(self, found: dict, pattern: str) -> Path:
        """The .deb of what newest() found, from the cache or the mirror; apt checks it against the signed lists."""
        package, version = found['package'], found['version']
        deb = _deb(found)
        if deb.exists():
            return deb
        self._open()
        total = found['size'] >> 20
        self._progress.start()
        with cache.workdir('download') as work:
            def tick() -> None:
                size = sum(f.stat().st_size for f in work.iterdir() if f.suffix != '.log') >> 20
                self._progress.update(f'download {package}: {size} of {total} MiB')
            process.run(self._argv('apt-get', 'download', '-q', f'{package}={version}'), work / 'apt.log',
                        f'download of {package}', tick, pass_fds=(self._fd,), cwd=work)
            cache.publish(next(work.glob('*.deb')), deb)
        self._progress.note(f'downloaded {package} {version}, {total} MiB in {self._progress.seconds():.0f} s')
        for old in deb.parent.glob('*.deb'):
            if old != deb and re.fullmatch(pattern, old.name.split('_')[0]):
                old.unlink(missing_ok=True)
        return deb


def _compare(a: dict, b: dict) -> int:
    """Order by version; of two with one version the shorter name (signed before -unsigned) is the better."""
    for operator, result in (('lt', -1), ('gt', 1)):
        if subprocess.run(['dpkg', '--compare-versions', a['version'], operator, b['version']], check=False).returncode == 0:
            return result
    return len(b['package']) - len(a['package'])


def _deb(found: dict) -> Path:
    return cache.directory('debs') / f'{found["package"]}_{found["version"]}.deb'


def cached(found: dict) -> bool:
    return _deb(found).exists()


def _recall() -> dict:
    try:
        return json.loads((cache.directory() / 'versions.json').read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return {'checked': 0, 'packages': {}}


def remembered() -> dict:
    """pattern -> what newest() said last time; does not ask the mirror."""
    return _recall()['packages']


def current(patterns, apt: Apt, progress, refresh: bool = False) -> dict:
    """pattern -> newest(pattern), asked of the mirror at most once a day and remembered.

    Without network what was remembered is used, and a line says so.
    """
    known = _recall()
    have = all(p in known['packages'] for p in patterns)
    if have and not refresh and 0 <= time.time() - known['checked'] < DAY:
        return known['packages']
    try:
        fresh = {p: apt.newest(p) for p in patterns}
    except LabError:
        if not have:
            raise
        age = (time.time() - known['checked']) / DAY
        progress.note(f'the mirror does not answer; using the package versions of {age:.0f} days ago')
        return known['packages']
    cache.write_text(cache.directory() / 'versions.json', json.dumps({'checked': time.time(), 'packages': fresh}, indent=1))
    return fresh
