#!/bin/sh
# SPDX-License-Identifier: MIT
set -eu
bin=$RJ_Root/usr/local/bin
mkdir -p "$bin"
ln -sf "$chocolateyPackageFolder/tools/hello-tool" "$bin/hello-tool"
echo "linked: $bin/hello-tool"
