#!/bin/sh
# SPDX-License-Identifier: MIT
set -eu
rm -rf "$RJ_Root/usr/share/device-card"
echo "removed: $RJ_Root/usr/share/device-card"
