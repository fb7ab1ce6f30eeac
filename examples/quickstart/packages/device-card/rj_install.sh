#!/bin/sh
# SPDX-License-Identifier: MIT
# Craft package: writes a card with the facts of this device.
#   /Owner:NAME    whose device it is        /Slow    take three seconds, to see the progress bar
set -eu

owner="nobody in particular"
slow=no
for argument in "$@"; do
    case $argument in
        /Owner:*) owner=${argument#/Owner:} ;;
        /Slow) slow=yes ;;
        *) echo "device-card: unknown argument: $argument" >&2; exit 64 ;;
    esac
done

folder=$RJ_Root/usr/share/device-card
mkdir -p "$folder"
echo "collecting facts for $owner"
if [ "$slow" = yes ]; then sleep 3; fi

memory=$(awk '/^MemTotal:/ { printf "%.1f GiB", $2 / 1048576 }' /proc/meminfo)
{
    echo "+------------------------------------------------+"
    printf '| %-46.46s |\n' "DEVICE CARD"
    printf '| %-46.46s |\n' "owner   $owner"
    printf '| %-46.46s |\n' "name    $(cat /proc/sys/kernel/hostname)"
    printf '| %-46.46s |\n' "kernel  $(cat /proc/sys/kernel/osrelease)"
    printf '| %-46.46s |\n' "memory  $memory"
    printf '| %-46.46s |\n' "agent   RealmJoin $RJ_RealmJoinVersion"
    echo "+------------------------------------------------+"
} > "$folder/card.txt.new"
mv "$folder/card.txt.new" "$folder/card.txt"
echo "written: $folder/card.txt"
