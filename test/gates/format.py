#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every tracked C file has the layout of .clang-format; prints TAP."""

import collections
import subprocess
import sys

import house_rules


def main():
    files = [path for path in house_rules.tracked_files() if path.endswith((".c", ".h"))]
    print("1..1")
    if not files:
        print("not ok 1 - C files have the layout of .clang-format\n# no C file found")
        sys.exit(1)
    check = ["clang-format", "--dry-run", "-Werror", *files]
    done = subprocess.run(check, cwd=house_rules.ROOT, capture_output=True, text=True)
    if done.returncode == 0:
        print("ok 1 - C files have the layout of .clang-format")
        return
    print("not ok 1 - C files have the layout of .clang-format")
    wrong = collections.Counter(
        line.split(":")[0] for line in done.stderr.splitlines() if ": error:" in line
    )
    for path, places in sorted(wrong.items()):
        print(f"# {path}: {places} places")
    if not wrong:
        print("# " + done.stderr.strip().replace("\n", "\n# "))
    print("# mend with: clang-format -i FILE")
    sys.exit(1)


if __name__ == "__main__":
    main()
