#!/bin/sh
set -eu
rm -f "$RJ_Root/usr/local/bin/hello-tool"
