#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What examples/run shows, inside the guest: $1 is the directory of the built programs.
set -eu
echo "Linux $(uname -r), IOMMU: $LAB_IOMMU"
echo
echo "The devices (list-devices):"
"$1/list-devices"
echo
echo "One device, its memory, and the IOMMU between them (dma $LAB_EDU0):"
"$1/dma" "$LAB_EDU0"
