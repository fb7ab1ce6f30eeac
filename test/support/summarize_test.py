#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The verdict of test/run on every way in which a test program can end."""

import json
import pathlib
import subprocess
import sys

import summarize
import tap


def entry(stdout="", result="OK", code=0, stderr=""):
    return {
        "name": "realmjoin:unit / sample",
        "stdout": stdout,
        "stderr": stderr,
        "result": result,
        "returncode": code,
        "duration": 1.0,
    }


def judged(**values):
    outcome = summarize.judge(entry(**values))
    return outcome.passed, outcome.failed, outcome.skips, "\n".join(outcome.details)


@tap.test()
def passed_failed_and_skipped_tests_are_counted():
    text = "1..3\nok 1 - a\nnot ok 2 - b\n# 1 != 2\nok 3 - c # SKIP no data\n"
    passed, failed, skips, details = judged(stdout=text, result="FAIL", code=1)
    assert (passed, failed, skips) == (1, 1, [("c", "no data")])
    assert details == "not ok: b\n    1 != 2", details


@tap.test()
def the_way_cmocka_prints_a_skip_is_understood():
    text = "1..2\n# SKIP no shared folder\nnot ok 1 # SKIP reads_a_package\nok 2 - b\n# ok - group\n"
    assert judged(stdout=text, result="ERROR")[:3] == (1, 0, [("reads_a_package", "no shared folder")])


@tap.test()
def a_skip_with_status_77_is_a_skip():
    assert judged(stdout="no compiler\n", result="SKIP", code=77)[:3] == (0, 0, [("all of it", "no compiler")])


@tap.test()
def a_crash_is_one_failure_that_names_the_test_before_it():
    passed, failed, _, details = judged(stdout="1..2\nok 1 - a\n", result="ERROR", code=-11, stderr="ASan: x")
    assert (passed, failed) == (1, 1)
    assert 'killed by signal 11 after "a"' in details and "ASan: x" in details, details


@tap.test()
def a_sanitizer_report_at_the_end_is_a_failure_although_all_tests_passed():
    passed, failed, _, details = judged(stdout="1..1\nok 1 - a\n", result="ERROR", code=1, stderr="leak of 8 bytes")
    assert (passed, failed) == (1, 1) and "leak of 8 bytes" in details, details


@tap.test()
def a_hang_is_a_failure():
    passed, failed, _, details = judged(stdout="1..2\nok 1 - a\n", result="TIMEOUT", code=-15)
    assert (passed, failed) == (1, 1) and "timed out" in details, details


@tap.test()
def a_plan_that_was_not_kept_is_a_failure():
    assert judged(stdout="1..2\nok 1 - a\n", result="ERROR")[:2] == (1, 1)
    assert judged(stdout="ok 1 - a\n", result="ERROR")[:2] == (1, 1)
    assert judged(stdout="", result="ERROR")[:2] == (0, 1)


@tap.test()
def a_plain_program_counts_as_one_test():
    assert judged()[:2] == (1, 0)
    assert judged(result="FAIL", code=1)[:2] == (0, 1)


@tap.test()
def counts_and_skips_are_written_for_the_caller(folder):
    log = folder / "log.json"
    log.write_text(json.dumps(entry(stdout="1..2\nok 1 - a\nok 2 - b # SKIP later\n")) + "\n")
    program = pathlib.Path(summarize.__file__)
    call = [sys.executable, program, "asan", log, folder / "counts", folder / "skips"]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    assert done.stdout.split()[:3] == ["ok", "asan", "sample"], done.stdout
    assert (folder / "counts").read_text() == "1 0 1\n"
    assert (folder / "skips").read_text() == "asan sample: b: later\n"


@tap.test()
def a_program_that_failed_is_told_and_counted(folder):
    log = folder / "log.json"
    log.write_text(json.dumps(entry(stdout="1..1\nnot ok 1 - a\n", result="FAIL")) + "\n")
    program = pathlib.Path(summarize.__file__)
    call = [sys.executable, program, "windows", log, folder / "counts", folder / "skips"]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    assert done.stdout.split()[:3] == ["FAIL", "windows", "sample"] and "not ok: a" in done.stdout, done.stdout
    assert (folder / "counts").read_text() == "0 1 0\n"


tap.main()
