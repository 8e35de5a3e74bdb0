# SPDX-License-Identifier: LGPL-2.1-or-later
"""Owns kernel configuration: merging fragments, and proof that every line of them took effect."""
import re
from pathlib import Path

from . import LabError


def read(path: Path) -> dict:
    """CONFIG_X -> value of every CONFIG_X=value line."""
    lines = path.read_text(encoding='utf-8').splitlines()
    return dict(m.groups() for line in lines if (m := re.fullmatch(r'(CONFIG_\w+)=(.*)', line.strip())))


def collect(fragments: list) -> dict:
    """What the fragments ask for, a later line winning."""
    result = {}
    for fragment in fragments:
        result.update(read(fragment))
    return result


def write(symbols: dict, target: Path) -> None:
    """A file for KCONFIG_ALLCONFIG."""
    target.write_text(''.join(f'{name}={value}\n' for name, value in symbols.items()), encoding='utf-8')


def defined(tree: Path) -> set:
    """Every symbol that a Kconfig file of the tree defines."""
    names = set()
    for path in tree.rglob('Kconfig*'):
        text = path.read_text(encoding='utf-8', errors='replace')
        names.update('CONFIG_' + name for name in re.findall(r'^[ \t]*(?:menu)?config (\w+)', text, re.M))
    return names


def verify(wanted: dict, config: Path) -> None:
    """Compare what was asked for with a .config; a symbol that is not there counts as n."""
    have = read(config)
    wrong = [f'  {name}: asked for {value}, is {have.get(name, "n")}'
             for name, value in wanted.items() if have.get(name, 'n') != value]
    if wrong:
        raise LabError('these symbols did not take effect:\n' + '\n'.join(wrong))
