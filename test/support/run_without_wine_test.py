#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test/run --windows where cross compiler and Wine cannot be installed, or where something else is wrong; TAP.

Stand-ins before the PATH: a dpkg-query that knows which packages are there, an apt-get that finds none.
"""

import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import tap  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
KNOWS = """#!/bin/bash
# -W -f FORMAT NAME...
for name in "${@:4}"; do
    case $name in
    %s) ;;
    *) printf 'installed %%s\\n' "$name" ;;
    esac
done
"""
FINDS_NOTHING = '#!/bin/sh\necho "E: Unable to locate package" >&2\nexit 100\n'
AS_ROOT = '#!/bin/sh\nexec "$@"\n'


def run(folder, missing, cache):
    standins = folder / "standins"
    standins.mkdir()
    for name, text in (("dpkg-query", KNOWS % missing), ("apt-get", FINDS_NOTHING), ("sudo", AS_ROOT)):
        (standins / name).write_text(text, encoding="utf-8")
        (standins / name).chmod(0o755)
    env = {**os.environ, "PATH": f"{standins}:{os.environ['PATH']}", "RJ_BUILD_DIR": str(folder / "build"),
           "RJ_DEPS_CACHE": str(cache)}
    return subprocess.run([ROOT / "test/run", "--windows"], env=env, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60, check=False)


@tap.test(timeout=90)
def what_cannot_be_installed_is_one_skipped_test_with_its_reason(folder):
    done = run(folder, "wine*|gcc-mingw*", folder / "cache")
    lines = done.stdout.splitlines()
    reason = "all of the Windows edition: apt-get could not install: gcc-mingw-w64-x86-64-win32 "
    skipped = [line for line in lines if line.startswith("skip ")]
    assert len(skipped) == 1 and reason in skipped[0] and " wine" in skipped[0], done
    assert any(line.strip().startswith(f"windows: {reason}") for line in lines[lines.index("skipped:"):]), done
    # Nothing else ran, which is no success of a run for Windows alone.
    assert lines[-2:] == ["FAIL  no test ran", "0 passed, 1 failed, 1 skipped"] and done.returncode == 1, done


@tap.test(timeout=90)
def another_trouble_with_the_dependencies_is_a_failure(folder):
    cache = folder / "cache"
    cache.write_text("no folder")
    done = run(folder, "nothing-is-missing", cache)
    assert "FAIL  windows  the dependencies could not be provided" in done.stdout, done
    assert done.stdout.splitlines()[-1] == "0 passed, 1 failed, 0 skipped" and done.returncode == 1, done


if __name__ == "__main__":
    tap.main()
