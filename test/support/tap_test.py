#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The TAP harness itself: what a test program prints for each way a test can end."""

import pathlib
import subprocess
import sys

import tap

HERE = pathlib.Path(__file__).resolve().parent


def run(folder, body, *arguments):
    script = folder / "sample.py"
    script.write_text(f"import sys\nsys.path.insert(0, {str(HERE)!r})\nimport tap\n{body}\ntap.main()\n")
    done = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout.splitlines()


@tap.test()
def a_passing_test_is_ok_and_the_program_succeeds(folder):
    code, lines = run(folder, "@tap.test()\ndef it_works(): pass")
    assert (code, lines) == (0, ["1..1", "ok 1 - it works"]), (code, lines)


@tap.test()
def an_exception_is_a_failure_with_a_traceback(folder):
    code, lines = run(folder, "@tap.test()\ndef it_breaks(): assert 1 == 2, 'one is not two'")
    assert code == 1 and lines[1] == "not ok 1 - it breaks", lines
    assert any(line.startswith("# AssertionError: one is not two") for line in lines), lines


@tap.test()
def a_test_that_exits_the_program_is_a_failure(folder):
    code, lines = run(folder, "@tap.test()\ndef it_leaves(): sys.exit(0)")
    assert code == 1 and "not ok 1 - it leaves" in lines, lines


@tap.test()
def a_hanging_test_fails_by_name_and_the_next_one_still_runs(folder):
    body = (
        "import time\n"
        "@tap.test(timeout=0.2)\ndef it_hangs():\n"
        "    try: time.sleep(30)\n    except Exception: pass\n"
        "@tap.test()\ndef it_works(): pass"
    )
    code, lines = run(folder, body)
    assert code == 1 and "not ok 1 - it hangs" in lines and "ok 2 - it works" in lines, lines
    assert any("timed out after 0.2 s" in line for line in lines), lines


@tap.test()
def a_skipped_test_gives_its_reason_and_is_no_failure(folder):
    code, lines = run(folder, "@tap.test()\ndef it_waits(): tap.skip('no data here')")
    assert (code, lines[1]) == (0, "ok 1 - it waits # SKIP no data here"), lines


@tap.test()
def a_folder_is_fresh_and_removed(folder):
    body = (
        "@tap.test()\ndef it_writes(folder):\n"
        "    assert not list(folder.iterdir())\n    tap.diagnose(folder)\n    (folder / 'x').touch()"
    )
    code, lines = run(folder, body)
    assert code == 0, lines
    assert not pathlib.Path(lines[1][2:]).exists(), lines


@tap.test()
def a_program_without_a_matching_test_fails(folder):
    code, lines = run(folder, "@tap.test()\ndef it_works(): pass", "nothing like that")
    assert (code, lines) == (1, ["1..0"]), (code, lines)


tap.main()
