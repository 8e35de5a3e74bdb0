# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs the lab needs from the host: the only list of Debian packages there is."""
import os
import shutil

from . import LabError

QEMU = 'qemu-system-x86_64'
BUSYBOX = '/bin/busybox'

# (Debian package, what shows that it is there: a program, or a file when it begins with "/", what needs it)
RUN, BUILD, UNPACK, INSTALL, CHECK = 'run', 'build', 'unpack', 'install', 'check'
PACKAGES = (
    ('qemu-system-x86', QEMU, {RUN}),
    ('qemu-system-data', '/usr/share/qemu/qboot.rom', {RUN}),
    ('busybox-static', BUSYBOX, {RUN}),
    ('kmod', 'depmod', {RUN, BUILD, UNPACK, INSTALL}),
    ('debian-archive-keyring', '/usr/share/keyrings/debian-archive-keyring.gpg', {BUILD, UNPACK}),
    ('xz-utils', 'xz', {BUILD, UNPACK}),
    ('zstd', 'zstd', {UNPACK}),
    ('bc', 'bc', {BUILD}),
    ('binutils', 'ld', {BUILD, INSTALL}),
    ('bison', 'bison', {BUILD}),
    ('ccache', 'ccache', {BUILD}),
    ('flex', 'flex', {BUILD}),
    ('gcc', 'gcc', {BUILD}),
    ('libelf-dev', '/usr/include/libelf.h', {BUILD}),
    ('lz4', 'lz4', {BUILD}),
    ('make', 'make', {BUILD, INSTALL}),
    ('patch', 'patch', {BUILD}),
    ('perl', 'perl', {CHECK}),
    ('python3-git', '/usr/lib/python3/dist-packages/git', {CHECK}),
    ('python3-ply', '/usr/lib/python3/dist-packages/ply', {CHECK}),
    ('sparse', 'sparse', {CHECK}),
)


def names() -> list:
    return [package for package, _, _ in PACKAGES]


def find(program: str):
    # depmod and friends live in sbin, which a normal user's PATH leaves out.
    return shutil.which(program, path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin')


def require(need: str) -> None:
    """Raise LabError naming every package that is missing for one of the needs."""
    missing = [package for package, proof, needs in PACKAGES if need in needs
               and not (os.path.exists(proof) if proof.startswith('/') else find(proof))]
    if missing:
        raise LabError(f'these Debian packages are missing: {" ".join(missing)}\n'
                       f'  apt-get install {" ".join(missing)}')
