#!/bin/sh
# SPDX-License-Identifier: MIT
# What examples/run shows, inside the guest: $1 is the directory of the built programs.
set -eu
here=$(dirname "$0")
echo "Linux $(uname -r), IOMMU: $LAB_IOMMU"
echo
echo "The devices (list-devices):"
"$1/list-devices"
echo
echo "What keeps them from being used (explain $LAB_EDU0, explain 0000:00:10.0):"
"$1/explain" "$LAB_EDU0"
! "$1/explain" 0000:00:10.0
echo
echo "One device, its memory, and the IOMMU between them (dma $LAB_EDU0):"
"$1/dma" "$LAB_EDU0"
echo
echo "A process that is passed the device, and can open nothing itself (passed $LAB_EDU0):"
"$1/passed" "$LAB_EDU0"
echo
echo "An NVMe disk, driven from user space and by the kernel in turn (nvme $LAB_NVME0):"
sh "$here/nvme-guest.sh" "$1" "$LAB_NVME0"
