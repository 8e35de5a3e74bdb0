# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a run gives back, and what counts as failure."""
import os

from .harness import TMP, each, expect, guest, lab, test


@each('exit_status_{}_passes_through', (0, 3, 123))
def _(status):
    expect(guest(sh=f'exit {status}'), status, f'exited with status {status} ')


@each('death_by_signal_{0}_is_status_{1}', ((9, 137), (11, 139)))
def _(case):
    expect(guest(sh=f'kill -{case[0]} $$'), case[1], f'(signal {case[0]})')


@test
def a_program_that_exits_with_124_is_told_apart_from_a_hang():
    expect(guest(sh='exit 124'), 124, 'the program exited with status 124')


@test
def a_program_that_exits_with_125_is_told_apart_from_a_lab_failure():
    expect(guest(sh='exit 125'), 125, 'the program exited with status 125')


@test
def a_program_that_does_not_exist_is_127():
    expect(lab('--devices', 'none', '--', '/no/such/program'), 127)


@test
def output_of_both_streams_comes_unchanged_and_without_kernel_messages():
    sh = 'echo out; echo err >&2; echo "<0>noise" >/dev/kmsg; printf "a\\tb\\033\\r\\n"'
    expect(guest(sh=sh), 0, output='out\nerr\na\tb\033\r\n')


@test
def arguments_directory_and_environment_reach_the_program():
    cwd = TMP / "a directory with 'quotes'"
    cwd.mkdir()
    program = ('sh', '-c', 'printf "%s|" "$@" "$PWD" "$LAB_TEST" "$LAB_KERNEL $LAB_IOMMU $LAB_DEVICES" "$SELFTEST_SECRET"',
               'x', 'a b', '$HOME', "it's", '')
    os.environ['SELFTEST_SECRET'] = 'host'
    expect(lab('--env', 'LAB_TEST=1 "2"', '--devices', 'none', '--iommu', 'amd', '--', *program, cwd=cwd), 0,
           output=f"a b|$HOME|it's||{cwd}|1 \"2\"|6.12 amd none||")


# What counts as failure

@test
def a_panic_is_a_failure():
    expect(guest(sh='echo c >/proc/sysrq-trigger'), 125, 'panicked')


@each('a_panic_{0}_is_a_failure', (
    ('with_nothing_after_it', 'sysrq triggered crash', 'echo c >/proc/sysrq-trigger', 'no exit report'),
    ('that_is_not_the_wanted_one', 'of another kind', 'echo c >/proc/sysrq-trigger', 'panicked: Kernel panic'),
    ('that_was_wanted_and_does_not_come', 'sysrq triggered crash', 'true', 'did not panic')))
def _(case):
    expect(guest('--panic', case[1], sh=case[2]), 125, case[3])


@test
def a_hang_is_a_failure_after_the_timeout():
    expect(guest('--timeout', '5', sh='sleep 100'), 124, 'timeout')


@test
def a_hang_before_the_program_is_a_failure_after_the_timeout():
    expect(guest('--timeout', '3', '--append', 'rdinit=/bin/cat', sh='true'), 124, 'before the program started')


@test
def power_off_without_a_report_is_a_failure():
    expect(guest(sh='echo o >/proc/sysrq-trigger; sleep 100'), 125, 'no exit report')


@test
def an_exit_status_of_qemu_without_a_report_is_a_failure():
    expect(guest(sh='printf "\\0" | dd of=/dev/port bs=1 seek=1281 count=1 2>/dev/null; sleep 100'), 125,
           'no exit report')


@test
def a_report_that_disagrees_with_the_exit_status_of_qemu_is_a_failure():
    sh = '''id=$(grep -o "lab.id=[0-9a-f]*" /proc/cmdline); stty -F /dev/ttyS0 raw
            printf "\\nLAB-EXIT rc=0 taint=0 up=1 id=${id#lab.id=}\\n" >/dev/ttyS0; sleep 0.5
            printf "\\7" | dd of=/dev/port bs=1 seek=1281 count=1 2>/dev/null; sleep 100'''
    expect(guest(sh=sh), 125, 'but QEMU ended with status 15')


@test
def a_report_of_another_run_does_not_count():
    sh = '''stty -F /dev/ttyS0 raw; printf "\\nLAB-EXIT rc=0 taint=0 up=1 id=0123456789abcdef\\n" >/dev/ttyS0; sleep 0.5
            printf "\\0" | dd of=/dev/port bs=1 seek=1281 count=1 2>/dev/null; sleep 100'''
    expect(guest(sh=sh), 125, 'no exit report')


PROVOKE = 'modprobe lkdtm; echo {} >/sys/kernel/debug/provoke-crash/DIRECT'


@each('a_kernel_{0}_is_a_failure', (('WARNING', 'WARNING:'), ('EXCEPTION', 'BUG:'), ('BUG', 'kernel BUG at')))
def _(case):
    expect(guest(sh=f'({PROVOKE.format(case[0])}) >/dev/null 2>&1; exit 0'), 125, 'the kernel complained')


# As the debug kernels say it: those are not built for these tests.
@each('a_report_of_{0}_is_a_failure', (
    ('kmemleak', 'kmemleak: 1 new suspected memory leaks (see /sys/kernel/debug/kmemleak)'),
    ('kcsan', 'BUG: KCSAN: data-race in vfio_a / vfio_b'),
    ('ubsan', 'UBSAN: shift-out-of-bounds in drivers/x.c:1:2'),
    ('lockdep', 'WARNING: possible circular locking dependency detected')))
def _(case):
    expect(guest(sh=f'echo "<4>{case[1]}" >/dev/kmsg'), 125, 'the kernel complained')


@test
def a_warning_that_loglevel_hides_is_a_failure():
    expect(guest('--append', 'loglevel=0', sh=PROVOKE.format('WARNING')), 125, 'the kernel complained')


@test
def a_warning_that_was_cleared_from_the_log_is_a_failure():
    expect(guest('--append', 'loglevel=0', sh=PROVOKE.format('WARNING') + '; dmesg -C'), 125, 'tainted=')


@test
def a_warning_is_allowed_with_allow_splat():
    expect(guest('--allow-splat', sh=PROVOKE.format('WARNING')), 0, 'exited with status 0')


@test
def a_failing_program_keeps_its_status_when_the_kernel_complains():
    expect(guest(sh=PROVOKE.format('WARNING') + '; exit 5'), 5, 'complained')


@test
def a_device_that_cannot_be_bound_is_a_failure():
    expect(lab('--iommu', 'virtio', '--devices', 'edu-bridge', '--', 'true'), 125, 'is not bound to vfio-pci')


@each('{0}_is_refused_with_a_reason', (
    ('an_unknown_kernel', ('--kernel', '9.9'), 'no kernel 9.9'),
    ('a_region_of_no_device', ('--devices', 'edu', '--region', 'EDU1:0x10000000:0x1000'), 'no EDU1'),
    ('a_region_on_virtio', ('--iommu', 'virtio', '--devices', 'edu', '--region', 'EDU0:0x10000000:0x1000'),
     'needs --iommu intel or amd'),
    ('a_region_behind_a_bridge_on_amd', ('--kernel', '6.12-idle', '--iommu', 'amd', '--devices', 'edu-bridge', '--region',
                                         'EDU0:0x10000000:0x1000'), 'EDU0 is behind a bridge'),
    ('a_region_for_a_kernel_that_takes_no_tables', ('--devices', 'edu', '--region', 'EDU0:0x10000000:0x1000'),
     'without CONFIG_ACPI_TABLE_UPGRADE'),
    ('an_unknown_device_set', ('--devices', 'edu,disk'), 'no device set disk'),
    ('mdev_on_a_stock_kernel', ('--kernel', 'stock-6.1', '--devices', 'mdev'), 'has no module mtty'),
    ('virtio_on_stock_6.1', ('--kernel', 'stock-6.1', '--iommu', 'virtio'), 'without CONFIG_VIRTIO_IOMMU'),
    ('icount_with_two_processors', ('--icount', '--smp', '2'), 'one processor'),
    ('a_write_directory_that_is_not_there', ('--write', '/no/such/directory'), 'no such directory')))
def _(case):
    expect(lab(*case[1], '--', 'true'), 125, case[2])
