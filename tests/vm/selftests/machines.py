# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kernels, IOMMUs and device sets: each has what it promises."""
import base64

from labkit import firmware, topology

from .harness import each, expect, guest, test

GROUPS = r'''
env | grep -E "^LAB_(EDU|NVME|NET|VNET|PF|DISK|USB|VGA|AHCI|FAKE)[0-9]+=" | sort -V | while IFS== read -r name bdf; do
    dev=/sys/bus/pci/devices/$bdf
    echo "$name $(basename $(readlink $dev/iommu_group)) $(basename $(readlink $dev/driver))"
done'''


@each('{0.name}_on_{1}_has_the_groups_it_promises',
      [(t, i) for i in ('intel', 'amd') for t in topology.TABLE.values() if t.endpoints])
def _(case):
    entry, iommu = case
    result = guest('--devices', entry.name, '--iommu', iommu, sh=GROUPS)
    expect(result, 0)
    lines = [line.split() for line in result.stdout.splitlines()]
    assert [f'LAB_{n}' for n, _ in topology.addresses([entry])] == [n for n, _, _ in lines], result.stdout
    assert all(driver == 'vfio-pci' for _, _, driver in lines), result.stdout
    # The promise and the kernel agree when groups and letters map one to one.
    pairs = {(endpoint.group, group) for endpoint, (_, group, _) in zip(entry.endpoints, lines)}
    assert len(pairs) == len({p for p, _ in pairs}) == len({g for _, g in pairs}), result.stdout


@test
def devices_behind_the_bridge_have_one_requester_id():
    sh = 'for d in $LAB_EDU0 $LAB_EDU1; do readlink -f /sys/bus/pci/devices/$d/..; done | uniq'
    result = guest('--devices', 'edu-bridge', sh=sh)
    expect(result, 0, output='/sys/devices/pci0000:00/0000:00:08.0\n')


@each('all_device_sets_work_together_on_{}', ('intel', 'amd'))
def _(iommu):
    names = [name for name in topology.TABLE if name not in ('none', 'mcopy')]    # 6.12 has no mcopy
    result = guest('--devices', ','.join(names), '--iommu', iommu, sh='env | grep -cE "^LAB_[A-Z]+[0-9]+="')
    promised = sum(len(t.endpoints) + len(t.mdev) for t in topology.choose(','.join(names)))
    expect(result, 0, output=f'{promised}\n')


@test
def mdevs_exist_and_are_on_their_drivers():
    result = guest('--devices', 'mdev', sh='for d in $LAB_MDEV0 $LAB_MDEV1; do basename $(readlink $d/driver); done')
    expect(result, 0, output='mtty\nmdpy\n')


@test
def no_bind_leaves_devices_to_their_drivers():
    result = guest('--no-bind', '--devices', 'edu,nvme,e1000e', sh=GROUPS.replace('basename $(readlink $dev/driver)', 'readlink $dev/driver | xargs -r basename'))
    expect(result, 0)
    drivers = {line.split()[0]: line.split()[2:] for line in result.stdout.splitlines()}
    assert drivers == {'LAB_EDU0': [], 'LAB_NET0': ['e1000e'], 'LAB_NET1': ['e1000e'], 'LAB_NVME0': ['nvme']}, drivers


@test
def the_two_e1000e_functions_see_a_link():
    sh = '''for n in /sys/class/net/eth*; do ip link set ${n##*/} up; done; sleep 3; cat /sys/class/net/eth*/carrier'''
    expect(guest('--no-bind', '--devices', 'e1000e', sh=sh), 0, output='1\n1\n')


@each('{0}_boots_and_has_{1}', (('6.12', 'iommufd'), ('6.1', 'iommufd'), ('stock-6.1', 'type1'), ('stock-6.12', 'type1')))
def _(case):
    sh = 'cut -d. -f1,2 /proc/sys/kernel/osrelease; ls -1 /dev/vfio/vfio /dev/iommu /dev/vfio/devices/vfio0 2>/dev/null'
    nodes = '/dev/iommu\n/dev/vfio/devices/vfio0\n/dev/vfio/vfio\n' if case[1] == 'iommufd' else '/dev/vfio/vfio\n'
    version = case[0].removeprefix('stock-') + '\n'
    result = guest('--kernel', case[0], '--devices', 'edu', sh=sh + ' || true')
    expect(result, 0, output=version + nodes)


@each('unsafe_interrupts_are_{0}', (('allowed_with_virtio', ('--iommu', 'virtio'), 'Y'),
                                    ('refused_on_request', ('--iommu', 'virtio', '--safe-interrupts'), 'N')))
def _(case):
    sh = 'cat /sys/module/iommufd/parameters/allow_unsafe_interrupts /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts'
    expect(guest('--devices', 'edu', *case[1], sh=sh), 0, output=f'{case[2]}\n{case[2]}\n')


@test
def stock_612_works_with_the_virtio_iommu():
    expect(guest('--kernel', 'stock-6.12', '--iommu', 'virtio', '--devices', 'edu', sh='ls /dev/vfio'), 0)


@test
def without_an_iommu_there_are_no_groups():
    expect(guest('--iommu', 'none', '--devices', 'edu', sh='ls /sys/kernel/iommu_groups'), 0, output='')


@each('a_region_of_firmware_is_what_the_kernel_says_on_{0}', (
    ('intel', 'edu,edu-bridge', 'EDU1'),
    ('amd', 'edu,edu2', 'EDU1'),
))
def _(row):
    iommu, devices, device = row
    sh = f'grep direct /sys/bus/pci/devices/$LAB_{device}/iommu_group/reserved_regions; grep ^10000000- /proc/iomem'
    expect(guest('--kernel', '6.12-idle', '--iommu', iommu, '--devices', devices, '--region', f'{device}:0x10000000:0x2000', sh=sh), 0,
           output='0x0000000010000000 0x0000000010001fff direct\n10000000-10001fff : Reserved\n')


@each('the_table_for_regions_says_of_the_machine_what_its_own_says_on_{0}', (
    # But for lengths, checksum, and the devices that it lists where ours says "all": header, unit, I/O APIC.
    ('intel', 'DMAR', ((0, 4), (10, 50), (54, 72))),
    ('amd', 'IVRS', ((0, 4), (8, 9), (10, 50), (52, 72))),
))
def _(row):
    iommu, name, alike = row
    result = guest('--kernel', '6.12', '--iommu', iommu, sh=f'base64 /sys/firmware/acpi/tables/{name}')
    expect(result, 0)
    have, made = base64.b64decode(result.stdout), firmware.TABLES[iommu]([], {}, revision=1)
    for start, end in alike:
        assert have[start:end] == made[start:end], (start, have.hex(), made.hex())
    if iommu == 'amd':
        assert have[-8:] == made[-8:], (have.hex(), made.hex())


@test
def icount_and_smp_decide_the_number_of_processors():
    expect(guest('--icount', sh='nproc'), 0, output='1\n')
    expect(guest('--smp', '3', sh='nproc'), 0, output='3\n')
