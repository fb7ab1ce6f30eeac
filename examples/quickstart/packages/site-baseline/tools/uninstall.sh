#!/bin/sh
# SPDX-License-Identifier: MIT
set -eu
rm -f "$RJ_Root/etc/site-baseline.ini"
