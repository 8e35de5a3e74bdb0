# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by init: loads modules, finds the devices of the topology, binds them to vfio-pci, makes mdevs.
# Sets $why on failure; appends LAB_* to the program's environment.

load() { [ $# = 0 ] || chroot "$new" /sbin/modprobe -a "$@" || { why="cannot load the modules $*"; return 1; }; }

# 04.0 is a function on the root bus; 08.0/01.0 is one behind the bridge 08.0
find_device() { # WHERE
	case $1 in
	*/*) set -- "/sys/bus/pci/devices/0000:00:${1%/*}/"*:"${1#*/}" ;;
	*) set -- "/sys/bus/pci/devices/0000:00:$1" ;;
	esac
	bdf=${1##*/}
	[ -e "$1" ]
}

# driver_override and a probe: new_id would catch other devices of the same kind, too
bind() { # BDF
	dev=/sys/bus/pci/devices/$1
	echo vfio-pci >"$dev/driver_override"
	[ -e "$dev/driver" ] && echo "$1" >"$dev/driver/unbind"
	echo "$1" >/sys/bus/pci/drivers_probe
	case $(readlink "$dev/driver") in
	*/vfio-pci) ;;
	*) why="$1 is not bound to vfio-pci after a probe"; return 1 ;;
	esac
}

make_mdev() { # SAMPLE NUMBER
	load "$1" || return 1
	set -- "$1" "$2" "0000000$2-0000-4000-8000-000000000000"
	for type in "/sys/class/mdev_bus/$1/mdev_supported_types/"*; do
		echo "$3" >"$type/create" && break
	done 2>/dev/null
	[ -e "/sys/bus/mdev/devices/$3" ] || { why="no mdev came from $1"; return 1; }
	echo "export LAB_MDEV$2=/sys/bus/mdev/devices/$3" >>"$new/run/lab-env"
}

prepare_devices() {
	load $lab_load || return 1
	for item in $lab_endpoints; do
		find_device "${item#*=}" || { why="no device at ${item#*=}"; return 1; }
		echo "export LAB_${item%%=*}=$bdf" >>"$new/run/lab-env"
		[ "$lab_bind" = 0 ] || bind "$bdf" || return 1
	done
	n=0
	for sample in $lab_mdev; do
		make_mdev "$sample" $n || return 1
		n=$((n + 1))
	done
}
