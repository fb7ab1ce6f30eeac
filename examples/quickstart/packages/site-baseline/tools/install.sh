#!/bin/sh
# SPDX-License-Identifier: MIT
set -eu
module=$chocolateyPackageFolder/../IniTools/IniTools.psm1
echo "module in use: $(head -n 1 "$module" | sed 's/^# //')"
mkdir -p "$RJ_Root/etc"
{
    echo "; written by the package site-baseline"
    echo "[site]"
    echo "name = quickstart"
    echo "module = $(head -n 1 "$module" | sed 's/^# //')"
} > "$RJ_Root/etc/site-baseline.ini"
echo "written: $RJ_Root/etc/site-baseline.ini"
