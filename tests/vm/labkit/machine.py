# SPDX-License-Identifier: LGPL-2.1-or-later
"""The virtual machine: its IOMMUs and QEMU's command line."""
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import LabError, firmware, hosttools, kconfig

EXIT_PORT = 0x501       # isa-debug-exit: a byte n written here ends QEMU with status 2 * n + 1
SHARE_SLOTS = range(0x12, 0x1f)


@dataclass(frozen=True)
class Iommu:
    text: str
    qemu: tuple = ()
    append: str = ''
    symbol: str = ''                # what the kernel's config must have
    trace: str = ''                 # the QEMU trace event of a DMA fault; QEMU's AMD model has none
    below: int = 0                  # works with QEMU before this major version only


IOMMUS = {
    'intel': Iommu('Intel VT-d with interrupt remapping',
                   ('-device', 'intel-iommu,intremap=on,caching-mode=off'), 'intel_iommu=on', 'CONFIG_INTEL_IOMMU',
                   'vtd_dmar_fault'),
    'amd': Iommu('AMD-Vi with interrupt remapping; QEMU before 10', ('-device', 'amd-iommu,intremap=on'),
                 'amd_iommu=on', 'CONFIG_AMD_IOMMU', below=10),
    # It remaps no interrupts, which the kernel calls unsafe and refuses unless told otherwise.
    'virtio': Iommu('virtio-iommu, with unsafe interrupts allowed unless --safe-interrupts',
                    ('-device', 'virtio-iommu-pci,addr=2'), '', 'CONFIG_VIRTIO_IOMMU', 'virtio_iommu_report_fault'),
    'none': Iommu('no IOMMU; devices stay with their own drivers'),
}
UNSAFE_INTERRUPTS = 'iommufd.allow_unsafe_interrupts=1 vfio_iommu_type1.allow_unsafe_interrupts=1'


def _qemu_version() -> int:
    text = subprocess.run([hosttools.QEMU, '--version'], capture_output=True, text=True, check=True).stdout
    return int(re.search(r'version (\d+)', text)[1])


def check(options, ready) -> None:
    """Raise LabError if this QEMU or this kernel has no such IOMMU."""
    iommu = options.iommu
    symbol, below = IOMMUS[iommu].symbol, IOMMUS[iommu].below
    if options.trace and not IOMMUS[iommu].trace:
        raise LabError(f'--trace: with --iommu {iommu} QEMU records no faults')
    if symbol and kconfig.read(ready.path / 'config').get(symbol) not in ('y', 'm'):
        raise LabError(f'--iommu {iommu}: the kernel {ready.kernel.name} is built without {symbol}')
    if below and _qemu_version() >= below:
        raise LabError(f'--iommu {iommu} needs a QEMU before {below}: later ones do not boot with its interrupt '
                       'remapping without KVM')


# One thread takes turns for all processors: run truly at once, one may execute what another is patching (the
# kernel's static keys), which real processors prevent and TCG does not. About one boot in a few hundred died of it.
ACCELERATOR = 'tcg,thread=single'
# Under TCG a busy host makes the kernel doubt its clocks at boot: it may find that the timer does not work,
# or change clocks while another processor runs the code that it patches.
STEADY = ('no_timer_check', 'tsc=reliable')


def _quote(path) -> str:
    return str(path).replace(',', ',,')


def _share(path: Path, tag: str, slot: int, readonly: bool) -> list:
    # multidevs=remap: inode numbers of the host's several file systems would collide in one.
    option = f'local,id={tag},path={_quote(path)},security_model=none,multidevs=remap'
    return ['-fsdev', option + (',readonly=on' if readonly else ''),
            '-device', f'virtio-9p-pci,fsdev={tag},mount_tag={tag},addr={slot:#x}']


def append(options, identity: str) -> str:
    """The kernel's command line."""
    words = ['console=ttyS0', 'panic=-1', *STEADY, 'lab.id=' + identity, IOMMUS[options.iommu].append]
    if options.iommu == 'virtio' and not options.safe_interrupts:
        words.append(UNSAFE_INTERRUPTS)
    return ' '.join(filter(None, [*words, *firmware.append(options), *options.append]))


def argv(options, ready, initramfs: Path, job: Path, console: Path, topologies: list, identity: str) -> list:
    """QEMU's command line. The second serial port is QEMU's stdin and stdout.

    A vmlinux (PVH) would start faster than a bzImage, but QEMU 7.2 gives qboot a pointer into its own stack for it:
    whether that boots depends on unrelated options.
    """
    iommu = IOMMUS[options.iommu]
    result = [hosttools.QEMU, '-name', 'lab', '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot',
              '-machine', 'q35', '-accel', ACCELERATOR, '-cpu', 'max', '-smp', str(options.smp), '-m', str(options.mem),
              '-bios', 'qboot.rom', '-kernel', str(ready.image), '-initrd', str(initramfs),
              '-append', append(options, identity),
              '-chardev', f'file,id=console,path={_quote(console)}', '-serial', 'chardev:console',
              '-chardev', 'stdio,id=program,signal=off', '-serial', 'chardev:program',
              '-device', f'isa-debug-exit,iobase={EXIT_PORT:#x},iosize=1', *iommu.qemu]
    result += _share(Path('/'), 'root', 0x10, readonly=True)
    result += _share(job, 'job', 0x11, readonly=False)
    if len(options.write) > len(SHARE_SLOTS):
        raise LabError(f'at most {len(SHARE_SLOTS)} --write directories')
    for n, path in enumerate(options.write):
        result += _share(path, f'write{n}', SHARE_SLOTS[n], readonly=False)
    for topology in topologies:
        result += [re.sub(r'{disk(\d)}', lambda m: _quote(job / f'disk{m[1]}'), word) for word in topology.qemu]
    if options.icount:
        result += ['-icount', 'shift=auto,sleep=off']
    if options.trace:
        result += ['-trace', f'enable={iommu.trace},file={_quote(options.trace)}']
    return result + options.qemu_arg
