#!/bin/sh
# SPDX-License-Identifier: MIT
# What a device reaches that nobody drives: the end of examples/run --block-idle, inside a guest.
#
#   idle-guest.sh DIRECTORY ADDRESS WANTED   the built programs; an edu without a driver; 0: it reaches memory, 1: it does not
set -u
echo "$(uname -sr) with$(grep -o ' iommu[.=][^ ]*' /proc/cmdline | tr -d '\n'), and $2, which nobody drives:"
"$1/list-devices" | grep -e GROUP -e "$2"
"$1/idle" "$2"
[ $? = "$3" ]
