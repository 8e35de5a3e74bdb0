# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of device sets. Every set has slots of its own on pcie.0, so that any of them can be combined.

Slot 1 is left to the AMD IOMMU, 2 is the virtio IOMMU's, 0x10 and up belong to the lab's own devices (machine.py).
"""
from dataclasses import dataclass

from . import LabError

# QEMU's default mask of 28 bits would silently cut addresses.
EDU = 'edu,dma_mask=0xffffffffffffffff'
# How many devices of edu24, and the first of the slots that their ports need.
CROWD, CROWD_SLOT = 24, 0x18


@dataclass(frozen=True)
class Endpoint:
    kind: str                       # EDU, NVME, NET, VNET, PF, USB, VGA, AHCI, FAKE: the guest's variable is LAB_<kind><n>
    where: str                      # slot.function on pcie.0, or bridge/slot.function behind it
    group: str                      # endpoints with the same letter share an IOMMU group


@dataclass(frozen=True)
class Topology:
    name: str
    text: str
    qemu: tuple = ()
    endpoints: tuple = ()
    drivers: tuple = ()             # the kernel's own drivers, loaded with --no-bind
    mdev: tuple = ()                # sample modules, each with one mdev


TABLE = {t.name: t for t in (
    Topology('none', 'no device'),
    Topology('edu', 'one edu: DMA at a register write',
             ('-device', f'{EDU},addr=4'),
             (Endpoint('EDU', '04.0', 'a'),)),
    Topology('edu2', 'two edu, each in a group of its own',
             ('-device', f'{EDU},addr=5', '-device', f'{EDU},addr=6'),
             (Endpoint('EDU', '05.0', 'a'), Endpoint('EDU', '06.0', 'b'))),
    Topology('edu-functions', 'two edu functions of one slot: one group, two requester ids',
             ('-device', f'{EDU},addr=7.0,multifunction=on', '-device', f'{EDU},addr=7.1'),
             (Endpoint('EDU', '07.0', 'a'), Endpoint('EDU', '07.1', 'a'))),
    Topology('edu-bridge', 'two edu behind a PCIe-to-PCI bridge: one group, one requester id',
             ('-device', 'pcie-pci-bridge,id=edubridge,addr=8',
              '-device', f'{EDU},bus=edubridge,addr=1', '-device', f'{EDU},bus=edubridge,addr=2'),
             (Endpoint('EDU', '08.0/01.0', 'a'), Endpoint('EDU', '08.0/02.0', 'a'))),
    # Without PCIe: to the IOMMU what is behind it is the bridge.
    Topology('edu-conventional', 'one edu behind a conventional PCI bridge, with its requester id',
             ('-device', 'pci-bridge,id=convbridge,addr=17,chassis_nr=9', '-device', f'{EDU},bus=convbridge,addr=1'),
             (Endpoint('EDU', '17.0/01.0', 'a'),)),
    Topology('nvme', 'one nvme with a disk of 64 MiB, empty at each run',
             ('-drive', 'if=none,id=nvme0,format=raw,file={disk0}', '-device', 'nvme,serial=lab,drive=nvme0,addr=9'),
             (Endpoint('NVME', '09.0', 'a'),), ('nvme',)),
    # Without iommu_platform a virtio device goes by the IOMMU.
    Topology('virtio-blk', 'one virtio disk behind the IOMMU, empty at each run',
             ('-drive', 'if=none,id=vblk0,format=raw,file={disk1}',
              '-device', 'virtio-blk-pci,drive=vblk0,addr=e,disable-legacy=on,iommu_platform=on'),
             (Endpoint('DISK', '0e.0', 'a'),), ('virtio_blk',)),
    # The machine has the controller anyway; a drive makes it do DMA.
    Topology('ahci', "the machine's own disk controller with an empty CD drive",
             ('-device', 'ide-cd,bus=ide.0'),
             (Endpoint('AHCI', '1f.2', 'a'),)),
    # What a device says of its class it may say falsely.
    Topology('impostors', 'a device that says it is a bridge to ISA devices beside an edu, and one that says it is a bridge',
             ('-blockdev', 'driver=null-co,node-name=imp0,size=1048576', '-blockdev', 'driver=null-co,node-name=imp1,size=1048576',
              '-device', 'pcie-root-port,id=impport,addr=1b,chassis=7',
              '-device', 'virtio-blk-pci,drive=imp0,bus=impport,addr=0.0,multifunction=on,class=0x0601,disable-legacy=on,iommu_platform=on',
              '-device', f'{EDU},bus=impport,addr=0.1',
              '-device', 'virtio-blk-pci,drive=imp1,addr=1e,class=0x0680,disable-legacy=on,iommu_platform=on'),
             (Endpoint('EDU', '1b.0/00.1', 'a'), Endpoint('FAKE', '1b.0/00.0', 'a'), Endpoint('FAKE', '1e.0', 'b'))),
    # Directly on pcie.0 the two would be integrated endpoints and get a group each.
    Topology('e1000e', 'two e1000e functions behind a root port: one group, joined by a network',
             ('-device', 'pcie-root-port,id=netport,addr=a,chassis=1',
              '-netdev', 'hubport,id=net0,hubid=0', '-netdev', 'hubport,id=net1,hubid=0',
              '-device', 'e1000e,bus=netport,addr=0.0,multifunction=on,netdev=net0',
              '-device', 'e1000e,bus=netport,addr=0.1,netdev=net1'),
             (Endpoint('NET', '0a.0/00.0', 'a'), Endpoint('NET', '0a.0/00.1', 'a')), ('e1000e',)),
    # On pcie.0, since QEMU 7.2's AMD IOMMU takes what is behind a port for 00:00.0.
    Topology('e1000e2', 'two e1000e, each in a group of its own, joined by a network',
             ('-netdev', 'hubport,id=net2,hubid=1', '-netdev', 'hubport,id=net3,hubid=1',
              '-device', 'e1000e,addr=c,netdev=net2', '-device', 'e1000e,addr=d,netdev=net3'),
             (Endpoint('NET', '0c.0', 'a'), Endpoint('NET', '0d.0', 'b')), ('e1000e',)),
    # Its vfio driver is one of its own, where the kernel has that: virtio_vfio_pci.
    Topology('virtio-net', 'one network device of virtio',
             ('-netdev', 'hubport,id=net4,hubid=2',
              '-device', 'virtio-net-pci,disable-legacy=on,romfile=,addr=f,netdev=net4'),
             (Endpoint('VNET', '0f.0', 'a'),)),
    # The PF's driver makes the functions; access control in the port gives each a group of its own.
    Topology('nvme-vfs', 'one nvme behind a root port that can have two virtual functions',
             ('-device', 'pcie-root-port,id=vfport,addr=b,chassis=2', '-device', 'nvme-subsys,id=vfnvme',
              '-device', 'nvme,serial=vf,subsys=vfnvme,bus=vfport,max_ioqpairs=8,msix_qsize=9,'
                         'sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=4'),
             (Endpoint('PF', '0b.0/00.0', 'a'),), ('nvme',)),
    # There are not as many slots: each is behind a port of its own, eight of which share a slot. A bus that has one
    # device only can be reset, and that is how the kernel resets these.
    Topology('edu24', '24 edu, each behind a root port and in a group of its own',
             tuple(word for n in range(CROWD) for word in (
                 '-device', f'pcie-root-port,id=crowd{n},addr={CROWD_SLOT + n // 8:#x}.{n % 8},chassis={16 + n},'
                            f'multifunction={"off" if n % 8 else "on"}',
                 '-device', f'{EDU},bus=crowd{n},addr=0')),
             tuple(Endpoint('EDU', f'{CROWD_SLOT + n // 8:02x}.{n % 8}/00.0', chr(ord('a') + n)) for n in range(CROWD))),
    Topology('xhci', 'one USB controller, which no kernel of the lab has a driver for',
             ('-device', 'qemu-xhci,addr=3'), (Endpoint('USB', '03.0', 'a'),)),
    Topology('vga', 'two displays, of which the first is the one that the machine boots with',
             ('-device', 'VGA,romfile=,addr=1c', '-device', 'VGA,romfile=,addr=1d'),
             (Endpoint('VGA', '1c.0', 'a'), Endpoint('VGA', '1d.0', 'b'))),
    Topology('mdev', 'software devices of the samples mtty and mdpy, which do no DMA', mdev=('mtty', 'mdpy')),
    Topology('mcopy', 'a software device that copies memory, of the sample that the series for 6.1 brings',
             mdev=('mcopy',)),
)}


def choose(names: str) -> list:
    """The device sets of a comma-separated list."""
    chosen = []
    for name in names.split(','):
        if name not in TABLE:
            raise LabError(f'no device set {name}; there are: {" ".join(TABLE)}')
        if TABLE[name] in chosen:
            raise LabError(f'{name} is named twice')
        chosen.append(TABLE[name])
    return chosen


def addresses(topologies: list) -> list:
    """(variable without LAB_, where) of every endpoint, numbered over all sets in their order."""
    counts = {}
    result = []
    for topology in topologies:
        for endpoint in topology.endpoints:
            n = counts.setdefault(endpoint.kind, 0)
            counts[endpoint.kind] += 1
            result.append((f'{endpoint.kind}{n}', endpoint.where))
    return result
