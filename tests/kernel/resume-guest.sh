#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the program of the first word, with the others, from memory: no file of the host can be reached once the machine has
# slept, for a 9p of virtio has no power management.
set -e
root=/dev/shm/awake
for module in nvme iommufd vfio-pci; do modprobe -q "$module" || :; done
mkdir -p "$root/bin"
for file in "$1" $(ldd "$1" | grep -o '/[^ ]*'); do
	mkdir -p "$root$(dirname "$file")"
	cp -L "$file" "$root$file"
done
for dir in proc sys dev; do
	mkdir -p "$root/$dir"
	mount --rbind "/$dir" "$root/$dir"
done
: >/dev/shm/slept
exec chroot "$root" "$@"
