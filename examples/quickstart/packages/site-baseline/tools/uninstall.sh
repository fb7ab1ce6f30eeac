#!/bin/sh
set -eu
rm -f "$RJ_Root/etc/site-baseline.ini"
