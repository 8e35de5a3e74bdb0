# SPDX-License-Identifier: GPL-2.0-only
"""Applies patches: exactly, and all or none."""
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import PatchError, series


def patch_exactly(tree: Path, patch: Path) -> None:
    """Apply one patch. What would need fuzz or has moved is refused; the tree is then half changed."""
    out = subprocess.run(['patch', '-p1', '--fuzz=0', '--no-backup-if-mismatch', '--force', '-d', str(tree), '-i',
                          str(patch)], capture_output=True, text=True, check=False)
    if out.returncode:
        raise PatchError(f'{patch.name} does not apply:\n{out.stdout.strip()}')
    if moved := re.search(r'.*\(offset -?\d+ lines?\).*', out.stdout):
        raise PatchError(f'{patch.name} was made against something else: {moved[0].strip()}; run refresh')


def _put(source: Path, target: Path) -> None:
    """Replace target by source, or remove it, at once: never a half written file, and never through a hard link."""
    if not source.exists():
        target.unlink(missing_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    fd, temporary = tempfile.mkstemp(prefix='.' + target.name, dir=target.parent)
    os.close(fd)
    shutil.copyfile(source, temporary)
    shutil.copymode(source, temporary)
    os.rename(temporary, target)


def apply_all(tree: Path, which: series.Series, on_patch) -> None:
    """Apply the whole series to a tree that was found to be the right one. on_patch(patch) is called after each.

    It is done on a copy of the files first, so that a patch that fails leaves the tree as it was.
    """
    files = which.touched()
    with tempfile.TemporaryDirectory(prefix='apply.') as name:
        copy = Path(name)
        for file in files:
            if (tree / file).exists():
                (copy / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(tree / file, copy / file)
        for patch in which.patches():
            patch_exactly(copy, patch)
            on_patch(patch)
        for file in files:
            _put(copy / file, tree / file)
