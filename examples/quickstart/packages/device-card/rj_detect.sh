#!/bin/sh
# SPDX-License-Identifier: MIT
# 0: present, 1: absent.
test -s "$RJ_Root/usr/share/device-card/card.txt" || exit 1
