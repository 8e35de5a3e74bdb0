# SPDX-License-Identifier: LGPL-2.1-or-later
"""Takes a Debian kernel package apart without installing it: the uncompressed image, its modules, its config."""
from pathlib import Path

RECIPE = 1


def unpack(kernel, deb: Path, work: Path, progress) -> Path:
    raise NotImplementedError
