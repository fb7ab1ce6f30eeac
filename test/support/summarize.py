#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns one test log of meson into the lines of test/run.

    summarize.py LABEL TESTLOG.json COUNTS SKIPS

Prints one line per test program and the details of what failed. Appends "passed failed skipped" to
COUNTS and one line per skipped test to SKIPS. The verdict is taken from the TAP text and the exit
status: a crash, a timeout, a missing plan or a plan that was not kept is a failure with a name.
"""

import json
import pathlib
import re
import sys
from dataclasses import dataclass, field

RESULT = re.compile(r"(not )?ok\b\s*(\d+)?(?:\s*-)?\s*([^#]*?)\s*(?:#\s*(skip|todo)\b\S*\s*(.*))?$", re.I)
PLAN = re.compile(r"1\.\.(\d+)(?:\s*#\s*skip\S*\s*(.*))?$", re.I)
MAX_DETAIL_LINES = 40


@dataclass
class Outcome:
    passed: int = 0
    failed: int = 0
    skips: list = field(default_factory=list)  # (test, reason)
    details: list = field(default_factory=list)

    def fail(self, name, lines=()):
        self.failed += 1
        self.details.append(f"not ok: {name}")
        self.details += [f"    {line}" for line in list(lines)[:MAX_DETAIL_LINES]]


def read_tap(text, outcome):
    """Counts the tests of one program; returns (plan or None, tests seen, name of the last one)."""
    plan, seen, last, reason = None, 0, "", ""
    failed = None  # (name, its diagnostics)

    def close_failure():
        nonlocal failed
        if failed:
            outcome.fail(*failed)
            failed = None

    for line in text.splitlines():
        line = line.strip()
        if match := PLAN.match(line):
            plan = int(match[1])
            if plan == 0:
                outcome.skips.append(("all of it", match[2] or "no reason given"))
        elif line.startswith("Bail out!"):
            close_failure()
            outcome.fail(line)
        elif match := RESULT.match(line):
            close_failure()
            seen += 1
            skipped = (match[4] or "").lower() == "skip"
            # cmocka puts the name of a skipped test where the reason belongs.
            last = match[3] or (match[5] if skipped else None) or match[2] or "unnamed"
            if skipped:
                outcome.skips.append((last, reason or match[5] or "no reason given"))
            elif match[1]:
                failed = (last, [])
            else:
                outcome.passed += 1
            reason = ""
        elif match := re.match(r"#\s*SKIP\s+(.*)", line):
            reason = match[1]
        elif failed and line.startswith("#"):
            failed[1].append(line[1:].strip())
    close_failure()
    return plan, seen, last


def ending(code):
    return f"killed by signal {-code}" if code < 0 else f"exit status {code}"


def judge(entry):
    outcome = Outcome()
    errors = (entry.get("stderr") or "").splitlines()
    output = entry.get("stdout") or ""
    code = entry.get("returncode") or 0
    plan, seen, last = read_tap(output, outcome)
    after = f" after \"{last}\"" if last else " before its first result"
    if entry["result"] == "TIMEOUT":
        outcome.fail(f"timed out after {entry['duration']:.0f} s,{after}", errors[-MAX_DETAIL_LINES:])
    elif code == 77 and plan is None:
        outcome.skips.append(("all of it", (output.strip().splitlines() or ["no reason given"])[-1]))
    elif code < 0 or (code and not outcome.failed):
        outcome.fail(f"{ending(code)}{after}", errors[:MAX_DETAIL_LINES] or output.splitlines()[-10:])
    elif plan is None:
        if seen or entry["result"] != "OK":
            outcome.fail(f"printed no TAP plan ({ending(code)})", errors[-MAX_DETAIL_LINES:])
        else:
            outcome.passed = 1  # a plain program judged by its exit status
    elif plan != seen:
        outcome.fail(f"announced {plan} tests and ran {seen}", errors[-MAX_DETAIL_LINES:])
    return outcome


def describe(outcome):
    parts = [f"{outcome.passed} passed"]
    if outcome.failed:
        parts.append(f"{outcome.failed} failed")
    if outcome.skips:
        parts.append(f"{len(outcome.skips)} skipped")
    return ", ".join(parts)


def main():
    label, log, counts, skips = sys.argv[1], *map(pathlib.Path, sys.argv[2:5])
    entries = [json.loads(line) for line in log.read_text(errors="replace").splitlines() if line.strip()]
    total = [0, 0, 0]
    skipped = []
    for entry in sorted(entries, key=lambda e: e["name"]):
        name = entry["name"].rpartition(" / ")[2]
        outcome = judge(entry)
        word = "FAIL" if outcome.failed else "ok"
        print(f"{word:<5} {label:<8} {name:<32} {describe(outcome):<32} {entry['duration']:6.2f} s")
        for line in outcome.details:
            print(f"        {line}")
        total = [a + b for a, b in zip(total, (outcome.passed, outcome.failed, len(outcome.skips)))]
        skipped += [f"{label} {name}: {test}: {reason}" for test, reason in outcome.skips]
    with counts.open("a") as file:
        print(*total, file=file)
    with skips.open("a") as file:
        file.writelines(f"{line}\n" for line in skipped)


if __name__ == "__main__":
    main()
