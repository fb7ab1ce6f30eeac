#!/bin/sh
# SPDX-License-Identifier: MIT
set -eu
rm -f "$RJ_Root/usr/local/bin/hello-tool"
