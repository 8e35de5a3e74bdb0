# SPDX-License-Identifier: LGPL-2.1-or-later
"""Firmware that asks for memory: QEMU's has no table that tells of such regions, so the kernel gets another one, in an
archive in front of the initramfs (CONFIG_ACPI_TABLE_UPGRADE)."""
import re
import struct
from dataclasses import dataclass

from . import LabError, initramfs, kconfig, topology

# What QEMU has in its own: see hw/i386/acpi-build.c. The selftests compare.
_WIDTH, _INTERRUPTS, _UNIT, _IOAPIC_BUS = 39, 1, 0xfed90000, 0xff
_AMD_INFO, _AMD_FLAGS, _AMD_UNIT, _AMD_FEATURES, _AMD_CAPABILITY = 0x2800, 0xd1, 0xfed80000, 0x44, 0x40
_AMD_IOMMU, _AMD_IOAPIC = 0x8, 0xa0     # requester ids
_PAGE = 4096


@dataclass(frozen=True)
class Region:
    device: str                     # as in LAB_<device>
    base: int
    length: int


def region(text: str) -> Region:
    match = re.fullmatch(r'([A-Z]+\d+):(\w+):(\w+)', text)
    if not match:
        raise ValueError(text)
    result = Region(match[1], int(match[2], 0), int(match[3], 0))
    if not result.length or (result.base | result.length) % _PAGE:
        raise ValueError(text)
    return result


def _scope(kind: int, where: str, bus: int = 0) -> bytes:
    """A device by its path from the root: 04.0, or 08.0/01.0 behind a bridge."""
    path = b''.join(bytes(int(n, 16) for n in part.split('.')) for part in where.split('/'))
    return struct.pack('<BBHBB', kind, 6 + len(path), 0, 0, bus) + path


def _table(name: bytes, form: int, revision: int, body: bytes) -> bytes:
    """An ACPI table. The highest OEM revision wins: QEMU's is 1."""
    table = bytearray(struct.pack('<4sIBB6s8sI4sI', name, 36 + len(body), form, 0, b'BOCHS ', b'BXPC    ', revision,
                                  b'BXPC', 1) + body)
    table[9] = -sum(table) % 256
    return bytes(table)


def dmar(regions: list, places: dict, revision: int = 2) -> bytes:
    """Intel's: one unit for all devices, and the regions."""
    unit = _scope(3, '00.0', _IOAPIC_BUS)
    body = struct.pack('<BB10xHHBBHQ', _WIDTH - 1, _INTERRUPTS, 0, 16 + len(unit), 1, 0, 0, _UNIT) + unit
    for one in regions:
        scope = _scope(1, places[one.device])
        body += struct.pack('<HHHHQQ', 1, 24 + len(scope), 0, 0, one.base, one.base + one.length - 1) + scope
    return _table(b'DMAR', 1, revision, body)


def ivrs(regions: list, places: dict, revision: int = 2) -> bytes:
    """AMD's: one unit for all devices and the I/O APIC, and the regions, which devices read and write."""
    entries = struct.pack('<BHB', 1, 0, 0) + struct.pack('<BHBBHB', 0x48, 0, 0, 0, _AMD_IOAPIC, 1)
    body = struct.pack('<I8xBBHHHQHHI', _AMD_INFO, 0x10, _AMD_FLAGS, 24 + len(entries), _AMD_IOMMU, _AMD_CAPABILITY, _AMD_UNIT,
                       0, 0, _AMD_FEATURES) + entries
    for one in regions:
        slot, function = (int(n, 16) for n in places[one.device].split('.'))
        body += struct.pack('<BBHHH8xQQ', 0x21, 7, 32, slot << 3 | function, 0, one.base, one.length)
    return _table(b'IVRS', 1, revision, body)


TABLES = {'intel': dmar, 'amd': ivrs}


def check(options, topologies: list, ready) -> None:
    """Raise LabError if the regions cannot be told to this kernel."""
    if options.region and options.iommu not in TABLES:
        raise LabError('--region needs --iommu intel or amd')
    places = dict(topology.addresses(topologies))
    for one in options.region:
        if one.device not in places:
            raise LabError(f'--region: no {one.device} in --devices {options.devices}')
        if options.iommu == 'amd' and '/' in places[one.device]:
            raise LabError(f'--region: {one.device} is behind a bridge, whose bus has no number yet; --iommu intel can name it')
    if options.region and kconfig.read(ready.path / 'config').get('CONFIG_ACPI_TABLE_UPGRADE') != 'y':
        raise LabError(f'--region: the kernel {ready.kernel.name} is built without CONFIG_ACPI_TABLE_UPGRADE')


def archive(options, topologies: list) -> bytes:
    """What comes in front of the initramfs."""
    files = initramfs.Archive()
    for name in ('kernel', 'kernel/firmware', 'kernel/firmware/acpi'):
        files.directory(name)
    table = TABLES[options.iommu](options.region, dict(topology.addresses(topologies)))
    files.file('kernel/firmware/acpi/iommu.aml', table)
    return files.bytes()


def append(options) -> list:
    """Kernel parameters: the memory is not the kernel's."""
    return [f'memmap={one.length:#x}${one.base:#x}' for one in options.region]
