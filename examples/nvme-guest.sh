#!/bin/sh
# SPDX-License-Identifier: MIT
# The same disk, driven from user space and by the kernel in turn: what one writes the other reads.
#
#   nvme-guest.sh DIRECTORY ADDRESS   the built programs; an NVMe controller on vfio-pci. ITS DATA IS LOST
set -eu
nvme=$1/nvme address=$2
device=/sys/bus/pci/devices/$address

give_to() { # DRIVER
	echo "$1" >"$device/driver_override"
	if [ -e "$device/driver" ]; then echo "$address" >"$device/driver/unbind"; fi
	echo "$address" >/sys/bus/pci/drivers_probe
	[ "$(basename "$(readlink "$device/driver")")" = "$1" ]
}

# The kernel announces the disk a moment after its driver took the controller.
await_disk() {
	tries=0
	until disk=$(ls "$device/nvme" 2>/dev/null)n1 && [ -b "/dev/$disk" ]; do
		tries=$((tries + 1))
		[ $tries -lt 500 ] || { echo "no disk appeared" >&2; exit 1; }
		sleep 0.01
	done
	disk=/dev/$disk
}

show() { # WHAT FILE FILE
	if cmp -s "$2" "$3"; then answer=yes; else answer=NO status=1; fi
	printf '  %-52s %s\n' "$1" "$answer"
}

status=0 work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for name in ours theirs; do head -c 65536 /dev/urandom >"$work/$name"; done

"$nvme" "$address"
"$nvme" "$address" write 8 <"$work/ours"
modprobe nvme
give_to nvme
await_disk
dd if="$disk" of="$work/copy" bs=512 skip=8 count=128 iflag=direct status=none
show "written by user space, read by the kernel" "$work/ours" "$work/copy"
dd if="$work/theirs" of="$disk" bs=512 seek=1024 oflag=direct conv=fsync status=none
give_to vfio-pci
"$nvme" "$address" read 1024 128 >"$work/copy"
show "written by the kernel, read by user space" "$work/theirs" "$work/copy"
exit $status
