# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line of the lab."""
import argparse
import os
import re
import signal
import sys
from pathlib import Path

from . import LabError, firmware, hosttools, kconfig, kernels, machine, session, topology, verdict
from .progress import Progress

EPILOG = '''run and shell exit with the program's status (128 + n if signal n killed it), 124 if it did not end in time, and 125
if the kernel panicked or complained, the guest ended without a report, or the lab itself failed. The last line on
standard error says which. The cache is $LIBIOMMUFD_CACHE, or libiommufd in $XDG_CACHE_HOME or ~/.cache.'''


def _setting(text: str) -> tuple:
    name, equals, value = text.partition('=')
    if not equals or not re.fullmatch(r'[A-Za-z_]\w*', name):
        raise argparse.ArgumentTypeError('NAME=VALUE is wanted')
    return name, value


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError('more than 0 is wanted')
    return value


def _guest_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add('--kernel', default='6.12', metavar='NAME', help='one of: ' + ' '.join(kernels.TABLE) + ' (default: 6.12)')
    add('--kernel-tree', type=Path, metavar='DIR', help='in place of --kernel: what "make bzImage modules" has built in DIR')
    add('--kernel-package', type=Path, metavar='FILE', help='in place of --kernel: a Debian package, linux-image-*.deb')
    add('--iommu', default='intel', choices=list(machine.IOMMUS), help='default: intel')
    add('--devices', default='edu', metavar='SET,...', help='device sets, see: lab topologies (default: edu)')
    add('--smp', type=int, metavar='N', help='processors (default: 2; 1 with --icount)')
    add('--mem', type=int, default=512, metavar='MIB', help='memory (default: 512)')
    add('--icount', action='store_true', help='time by counted instructions: quick timers, one processor')
    add('--no-bind', action='store_true', help='leave the devices to their own kernel drivers, not vfio-pci')
    add('--safe-interrupts', action='store_true', help='do not allow unsafe interrupts with --iommu virtio')
    add('--append', action='append', default=[], metavar='STR', help='more kernel parameters; may be given more than once')
    add('--region', type=firmware.region, action='append', default=[], metavar='DEVICE:BASE:LENGTH',
        help='memory that the firmware asks for a device, like EDU0:0x10000000:0x2000, and that the kernel leaves alone')
    add('--panic', default='', metavar='TEXT', help='the kernel must die of a panic that says TEXT, and one that it loaded go on')
    add('--timeout', type=_positive, default=300, metavar='S', help='seconds, boot included (default: 300)')
    add('--env', type=_setting, action='append', default=[], metavar='NAME=VALUE',
        help="set in the program's environment, which has nothing else of the host's")
    add('--write', type=Path, action='append', default=[], metavar='DIR', help="the guest's writes below DIR reach the host")
    add('--log', type=Path, metavar='FILE', help='keep the kernel log here')
    add('--trace', type=Path, metavar='FILE', help="QEMU's record of DMA faults, without a rate limit")
    add('--allow-splat', action='store_true', help='a kernel complaint (WARNING, BUG ...) is no failure')
    add('--qemu-arg', action='append', default=[], metavar='ARG', help='one more word for QEMU; use --qemu-arg=-x')


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='lab', description='Virtual machines for tests: builds kernels, boots them '
                                     'with a chosen IOMMU and devices, runs programs of this host inside.', epilog=EPILOG)
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    add = commands.add_parser('kernel', help='make kernels ready')
    add.add_argument('names', nargs='+', metavar='NAME', help='one of: ' + ' '.join(kernels.TABLE))
    add.add_argument('--refresh', action='store_true', help='ask the mirror for new versions now, not once a day')
    add = commands.add_parser('config', help='show what a kernel is configured with, for KCONFIG_ALLCONFIG')
    add.add_argument('name', metavar='NAME', help='a kernel that the lab builds')
    commands.add_parser('kernels', help='list the kernels and their state')
    add = commands.add_parser('run', help='run a program in a guest', epilog=EPILOG,
                              usage='lab run [options] -- PROGRAM [ARG...]')
    _guest_options(add)
    add.add_argument('program', nargs='+', metavar='PROGRAM')
    add = commands.add_parser('shell', help='an interactive shell in a guest', epilog=EPILOG)
    _guest_options(add)
    commands.add_parser('topologies', help='list the device sets and IOMMUs')
    commands.add_parser('packages', help='list the Debian packages the lab needs')
    return parser


def _options(arguments: list) -> argparse.Namespace:
    options = _parser().parse_args(arguments)
    if options.command in ('run', 'shell'):
        if options.icount and options.smp not in (None, 1):
            raise LabError('--icount has one processor only')
        options.smp = options.smp or (1 if options.icount else 2)
        options.env = dict(options.env)
        options.log = options.log and options.log.absolute()
        options.trace = options.trace and options.trace.absolute()
    if options.command == 'shell':
        options.program = ['/bin/bash', '-i']
    return options


def _kernel(options, progress) -> int:
    for name in options.names:
        kernels.lookup(name)
    for n, name in enumerate(options.names):
        ready = kernels.prepare(name, progress, options.refresh and n == 0)
        print(f'{name} {ready.path}')
    return 0


def _config(name: str) -> int:
    for symbol, value in kconfig.collect(kernels.lookup(name).fragment_paths()).items():
        print(f'{symbol}={value}')
    return 0


def _kernels() -> int:
    for kernel, version, path in kernels.states():
        state = 'ready' if path else 'to be unpacked' if kernel.stock else 'to be built'
        print(f'{kernel.name:12} {version or "version not asked yet":24} {state:15} {path or "-"}\n{"":12} {kernel.text}')
    return 0


def _topologies() -> int:
    for entry in topology.TABLE.values():
        print(f'--devices {entry.name:15} {entry.text}')
    for name, entry in machine.IOMMUS.items():
        print(f'--iommu   {name:15} {entry.text}')
    return 0


def _packages() -> int:
    print('\n'.join(hosttools.names()))
    return 0


def _terminate(signum, _frame) -> None:
    sys.exit(128 + signum)      # an exception, so that children are ended and directories removed


def main(arguments: list) -> int:
    signal.signal(signal.SIGTERM, _terminate)
    signal.signal(signal.SIGHUP, _terminate)
    progress = Progress()
    commands = {'kernel': lambda o: _kernel(o, progress), 'kernels': lambda o: _kernels(),
                'config': lambda o: _config(o.name),
                'run': lambda o: session.run(o, progress), 'shell': lambda o: session.shell(o, progress),
                'topologies': lambda o: _topologies(), 'packages': lambda o: _packages()}
    try:
        options = _options(arguments)
        return commands[options.command](options)
    except LabError as e:
        progress.note(str(e))
        return verdict.LAB_FAILURE
    except BrokenPipeError:     # whoever read what was printed has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())      # nor does Python's own end complain
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        progress.note('interrupted')
        return 128 + signal.SIGINT
