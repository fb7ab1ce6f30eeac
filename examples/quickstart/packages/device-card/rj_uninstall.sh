#!/bin/sh
set -eu
rm -rf "$RJ_Root/usr/share/device-card"
echo "removed: $RJ_Root/usr/share/device-card"
