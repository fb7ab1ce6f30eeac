#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints the files that the tests of one suite need, for ninja: needs.py BUILD SUITE

Fails, with nothing printed, if there is no such test: nothing for ninja would mean everything.
"""

import json
import os
import subprocess
import sys


def introspect(build, what):
    return json.loads(subprocess.run(["meson", "introspect", what, build], check=True, capture_output=True).stdout)


def main():
    build, suite = os.path.realpath(sys.argv[1]), sys.argv[2]
    files = {target["id"]: target["filename"] for target in introspect(build, "--targets")}
    # The name of a suite follows that of the project.
    tests = [test for test in introspect(build, "--tests") if any(s.split(":")[-1] == suite for s in test["suite"])]
    needed = {os.path.relpath(file, build) for test in tests for key in test["depends"] for file in files[key]}
    if not needed:
        sys.exit(f"needs.py: no test of the suite {suite} needs anything")
    print(*sorted(needed), sep="\n")


if __name__ == "__main__":
    main()
