# SPDX-License-Identifier: LGPL-2.1-or-later
"""Turns a compressed bzImage into one that needs no decompression, which takes seconds under emulation.

A bzImage is real-mode setup code and a part that is loaded at 1 MiB and entered there in 32-bit mode: the decompressor.
Here that part is instead a stub, page tables and the kernel itself, at the distance from 1 MiB where it has to be in
memory. The stub does what the decompressor does at its end: 64-bit mode, then startup_64 with %rsi on boot_params
(Documentation/arch/x86/boot.rst). The kernel runs where it was linked to, as with nokaslr.
"""
import lzma
import struct
import subprocess

from . import LabError

LOAD = 0x100000
_GDT, _TABLES = LOAD + 0x800, LOAD + 0x1000
LZ4 = b'\x02\x21\x4c\x18'     # takes no time that matters
_MAGIC = {b'\xfd7zXZ\0': 'xz', b'\x28\xb5\x2f\xfd': 'zstd'}


def _payload(bzimage: bytes, protected: int) -> bytes:
    """What is compressed; where it is stands in the setup header."""
    offset, length = struct.unpack_from('<II', bzimage, 0x248)
    return bzimage[protected + offset:protected + offset + length]


def _decompress(data: bytes) -> bytes:
    """The ELF file inside."""
    kind = next((name for magic, name in _MAGIC.items() if data.startswith(magic)), None)
    if kind == 'xz':        # the last 4 bytes are the length, not part of the stream
        elf = lzma.LZMADecompressor().decompress(data)
    elif kind == 'zstd':
        elf = subprocess.run(['zstd', '-dcq'], input=data[:-4], stdout=subprocess.PIPE, check=True).stdout
    else:
        raise LabError(f'the kernel image is compressed in a way the lab does not know: {data[:6].hex()}')
    if not elf.startswith(b'\x7fELF\x02'):
        raise LabError('no 64-bit ELF file in the kernel image')
    return elf


def _place(elf: bytes, image: bytearray) -> int:
    """Copy the segments to their physical addresses; return the entry."""
    entry, table = struct.unpack_from('<QQ', elf, 24)
    size, count = struct.unpack_from('<HH', elf, 54)
    for n in range(count):
        kind, _, offset, _, physical, length = struct.unpack_from('<IIQQQQ', elf, table + n * size)
        if kind != 1:       # PT_LOAD
            continue
        if physical < _TABLES + 6 * 4096:
            raise LabError(f'a segment of the kernel at {physical:#x} is in the way of the stub')
        end = physical - LOAD + length
        image.extend(bytes(max(0, end - len(image))))
        image[physical - LOAD:end] = elf[offset:offset + length]
    return entry


def _stub(entry: int) -> bytes:
    """32-bit code: long mode with the tables below, then a jump to entry. It leaves %rsi alone."""
    pointer = _GDT + 0x20
    long_mode = LOAD + 0x40
    code = (b'\x0f\x01\x15' + struct.pack('<I', pointer)            # lgdt pointer
            + b'\x0f\x20\xe0\x83\xc8\x20\x0f\x22\xe0'               # cr4 |= PAE
            + b'\xb8' + struct.pack('<I', _TABLES) + b'\x0f\x22\xd8'    # cr3 = tables
            + b'\xb9\x80\x00\x00\xc0\x0f\x32\x0f\xba\xe8\x08\x0f\x30'   # EFER |= LME
            + b'\x0f\x20\xc0\x0f\xba\xe8\x1f\x0f\x22\xc0'           # cr0 |= PG
            + b'\xea' + struct.pack('<IH', long_mode, 0x10))        # ljmp $0x10, $long_mode
    code = code.ljust(0x40, b'\xcc')
    return code + b'\x48\xc7\xc0' + struct.pack('<I', entry) + b'\xff\xe0'  # mov $entry, %rax; jmp *%rax


def _tables() -> bytes:
    """Identity map of the first 4 GiB in 2 MiB pages: one PML4, one PDPT, four page directories."""
    pml4 = struct.pack('<Q', _TABLES + 0x1000 | 3).ljust(4096, b'\0')
    pdpt = struct.pack('<4Q', *(_TABLES + 0x2000 + n * 4096 | 3 for n in range(4))).ljust(4096, b'\0')
    return pml4 + pdpt + struct.pack('<2048Q', *(n << 21 | 0x83 for n in range(2048)))


def _gdt() -> bytes:
    """Null, unused, 64-bit code (0x10, as the boot protocol has it), data (0x18), and the pointer for lgdt."""
    return struct.pack('<4QHI', 0, 0, 0x00af9a000000ffff, 0x00cf92000000ffff, 31, _GDT)


def flatten(bzimage: bytes) -> bytes:
    if bzimage[0x202:0x206] != b'HdrS':
        raise LabError('the kernel image is not a bzImage')
    protected = ((bzimage[0x1f1] or 4) + 1) * 512
    payload = _payload(bzimage, protected)
    if payload.startswith(LZ4):
        return bzimage
    image = bytearray()
    entry = _place(_decompress(payload), image)
    for address, data in ((LOAD, _stub(entry)), (_GDT, _gdt()), (_TABLES, _tables())):
        image[address - LOAD:address - LOAD + len(data)] = data
    return bzimage[:protected] + image
