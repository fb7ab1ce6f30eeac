#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rj-validate finds every planted fault, by the test that is meant to, and none where there is none.

The plugins are subject.c of this folder, built once for each fault. Arguments select tests by name.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402

BUILD = pathlib.Path(os.environ["RJ_BUILD_ROOT"])
SOURCE = pathlib.Path(os.environ["RJ_SOURCE_ROOT"])
SUBJECTS = pathlib.Path(os.environ["RJ_SUBJECTS"])
PROGRAM = BUILD / "sdk/validate/rj-validate"

WORKER = BUILD / "core/worker/realmjoin-worker"

# Fault: the test that has to fail, and words of what it finds.
FAULTS = {
    "answers-twice": ("answers", "a second time"),
    "never-answers": ("answers", "gave no answer"),
    "answers-late": ("deadline", "abandoned"),
    "fails-silently": ("answers", "gave no message"),
    "result-no-json": ("answers", "result"),
    "wrong-shape": ("answers", "/state"),
    "no-result": ("answers", "there is none"),
    "invented-status": ("answers", "-77, which is no status"),
    "any-id-has-table": ("unknown-interface", "gave a table"),
    "prefix-has-table": ("unknown-interface", "rj.check/11"),
    "shared-static": ("two-instances", ""),
    "static-outlives-instance": ("second-life", "in a later life"),
    "leaks-memory": ("create-destroy", "bytes"),
    "leaks-descriptor": ("create-destroy", "descriptors"),
    "leaks-in-method": ("growth", "bytes"),
    "leaves-thread": ("process-contract", "threads were left"),
    "leaves-timer": ("create-destroy", "left"),
    "leaves-process": ("process-contract", "processes were left"),
    "crashes-on-junk-config": ("junk-config", "killed by signal 6"),
    "crashes-on-junk-request": ("junk-request", "killed by signal 6"),
    "accepts-junk-request": ("junk-request", "recover"),
    "crashes-on-unknown-check": ("unknown-check", "killed by signal 6"),
    "crashes-on-large-settings": ("junk-settings", "killed by signal 6"),
    "crashes-on-settings-at-work": ("random-order", "seed"),
    "crashes-in-destroy": ("load", "killed by signal 6"),
    "ignores-cancel": ("cancel", "cancelled after"),
    "blocks-loop": ("answers", "held up the loop"),
    "exits": ("answers", "ended with code 0"),
    "changes-umask": ("process-contract", "mode mask"),
    "changes-directory": ("process-contract", "working directory"),
    "changes-locale": ("process-contract", "locale"),
    "changes-environment": ("process-contract", "environment"),
    "handles-sigsegv": ("process-contract", "SIGSEGV"),
    "handles-sigchld": ("process-contract", "SIGCHLD"),
    "writes-to-stdout": ("process-contract", "stdout"),
    "writes-outside": ("process-contract", "subject.txt"),
    "needs-its-grant": ("refused-capabilities", "killed by signal 11"),
    "refuses-without-grant": ("refused-capabilities", "denied"),
    "ids-change": ("ids", "subject-b"),
    "ids-not-in-manifest": ("load", "subject-c"),
    "table-changes": ("tables", "another one"),
    "short-table": ("tables", "recover()"),
    "entry-differs": ("entry", "another address"),
    "exports-more": ("exports", "subject_extra"),
    "touches-ret-on-failure": ("junk-config", "*ret_plugin was changed"),
    "create-is-slow": ("load", "ms, 250 are allowed"),
    "never-stops": ("load", "had not ended"),
    "stop-does-not-wait": ("stop-waits", "still worked"),
    "uses-op-after-end": ("answers", "a second time"),
    "uses-made-up-op": ("answers", "never was"),
    "progress-after-end": ("op-use", "progress()"),
    "detect-lies": ("package-cycle", "installed is false"),
}

# What other words it finds in a worker; NOWHERE: the fault cannot be seen from outside of a process of
# its own.
NOWHERE = None
IN_WORKER = {
    "shared-static": NOWHERE,
    "static-outlives-instance": NOWHERE,
    "blocks-loop": NOWHERE,
    "never-stops": "did not stop in time",
    "exits": "ended by itself with code 0",
    "crashes-on-junk-request": "crashed with signal 6",
    "crashes-on-unknown-check": "crashed with signal 6",
    "crashes-on-large-settings": "crashed with signal 6",
    "crashes-on-settings-at-work": "crashed with signal 6",
    "crashes-in-destroy": "crashed with signal 6",
    "needs-its-grant": "crashed with signal 11",
    "ids-not-in-manifest": "subject-c",
}

MANIFEST = {
    "id": "subject",
    "name": "Subject of tests",
    "version": "1.0.0",
    "abi": 1,
    "provides": ["rj.check/1", "rj.package/1"],
    "checks": ["subject"],
    "formats": ["subject"],
    "capabilities": ["spawn", "packages", "read:/srv/feed", "root"],
}


def make_plugin(folder, fault, **changes):
    """The folder of the built plugin; a change to None takes the key away."""
    plugin = folder / "subject"
    plugin.mkdir(parents=True)
    binary = plugin / "subject.so"
    shutil.copy(SUBJECTS / f"subject-{fault}.so", binary)
    digest = hashlib.sha256(binary.read_bytes()).hexdigest()
    manifest = {**MANIFEST, "binary": "subject.so", "sha256": digest, **changes}
    manifest = {key: value for key, value in manifest.items() if value is not None}
    (plugin / "plugin.json").write_text(json.dumps(manifest))
    return plugin


def make_request(folder):
    """Options that name a package that can be installed."""
    feed = folder / "feed"
    feed.mkdir()
    (feed / "thing.txt").write_text("a thing")
    request = folder / "request.json"
    request.write_text(json.dumps({"id": "thing", "package": "thing"}))
    return ["--request", request, "--feed", feed]


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=300)


def validate(plugin, *arguments):
    """The JSON document."""
    ended = run("--json", *arguments, plugin)
    assert ended.returncode in (0, 1), ended.stderr
    document = json.loads(ended.stdout)
    assert (ended.returncode == 1) == (document["failed"] > 0), document
    return document


def failures(document):
    return {
        f"{test['test']} ({test['placement']})": [f"{f['found']} -- to do: {f['advice']}" for f in test["findings"]]
        for test in document["tests"]
        if test["state"] == "failed"
    }


def names(document, state):
    return {test["test"] for test in document["tests"] if test["state"] == state}


def missed(folder, fault):
    """Why the fault was not found as it should have been, a list."""
    wanted, words = FAULTS[fault]
    folder = folder / fault
    plugin = make_plugin(folder, fault)
    quick = ["--deadline-ms", 800, "--grace-ms", 300, "--load-ms", 250, "--timeout", 20, "--jobs", 1]
    document = validate(plugin, "--only", wanted, *quick, *make_request(folder))
    wrong = []
    for test in document["tests"]:
        expected = IN_WORKER.get(fault, words) if test["placement"] == "worker" else words
        found = [f["found"] for f in test["findings"]]
        if expected is not NOWHERE and not any(expected in text for text in found):
            wrong.append(f"{fault}, {test['placement']}: no \"{expected}\" in {found}")
        if not all(f["advice"] for f in test["findings"]):
            wrong.append(f"{fault}: no advice")
    return wrong if document["tests"] else [f"{fault}: {wanted} did not run"]


@tap.test(timeout=200)
def every_planted_fault_is_found_by_the_test_that_is_meant_to(folder):
    assert len(FAULTS) >= 20
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        results = list(pool.map(lambda fault: missed(folder, fault), FAULTS))
    wrong = sum(results, [])
    assert not wrong, "\n".join(wrong)


@tap.test()
def every_test_finds_at_least_one_of_the_planted_faults():
    listed = {line.split()[0] for line in run("--list").stdout.splitlines()}
    assert len(listed) >= 20, listed
    others = {"manifest", "stop-busy"}  # tests of this file, below
    assert listed - {wanted for wanted, _ in FAULTS.values()} == others


@tap.test(timeout=120)
def nothing_is_found_in_a_plugin_without_a_fault(folder):
    document = validate(make_plugin(folder, "none"), *make_request(folder))
    assert document["failed"] == 0, json.dumps(failures(document), indent=2)
    assert not names(document, "skipped"), names(document, "skipped")
    assert document["passed"] == len(document["tests"]) > 35
    assert {"in-process", "worker"} < {test["placement"] for test in document["tests"]}


@tap.test(timeout=120)
def nothing_is_found_in_the_plugins_of_this_build():
    # ui-tray has a source of its own for Windows alone
    built = sorted(p.parent.name for p in (BUILD / "plugins").glob("*/plugin.json"))
    assert len(built) >= 6, built
    for name in built:
        document = validate(BUILD / "plugins" / name)
        assert document["failed"] == 0, f"{name}: {json.dumps(failures(document), indent=2)}"
        assert document["passed"] >= 15, document


@tap.test(timeout=30)
def every_problem_of_a_manifest_is_told_with_its_place(folder):
    plugin = make_plugin(folder, "none", version="one", isolation="anywhere", checks=[7], name=None, formats=None,
                         sha256="0" * 64, capabilities=["spawn", "fly"], colour="red")
    document = validate(plugin, "--only", "manifest")
    found = "\n".join(sum(failures(document).values(), []))
    for place in ("/version", "/isolation", "/checks/0", "/name is missing", "/formats", "/sha256", "\"fly\"",
                  "\"colour\""):
        assert place in found, f"{place} in {found}"


@tap.test(timeout=30)
def a_plugin_that_stops_at_nothing_fails_when_it_is_busy(folder):
    plugin = make_plugin(folder, "never-stops")
    document = validate(plugin, "--only", "stop-busy", "--deadline-ms", 500, "--grace-ms", 200)
    assert "stop-busy (in-process)" in failures(document), document


@tap.test(timeout=60)
def a_test_that_does_not_end_is_ended_and_named(folder):
    plugin = make_plugin(folder, "blocks-loop")
    document = validate(plugin, "--only", "growth", "--timeout", 2)
    found = "\n".join(sum(failures(document).values(), []))
    assert "had not ended after 2 s, while: evaluate \"subject\"" in found, found


@tap.test(timeout=30)
def a_random_order_is_repeated_by_its_seed(folder):
    plugin = make_plugin(folder, "crashes-on-settings-at-work")
    document = validate(plugin, "--only", "random-order")
    found = "\n".join(sum(failures(document).values(), []))
    seed = re.search(r"while: seed (\d+):", found)[1]
    repeated = validate(plugin, "--only", "random-order", "--seed", seed)
    assert f"while: seed {seed}:" in "\n".join(sum(failures(repeated).values(), [])), repeated


@tap.test(timeout=30)
def lines_tell_what_was_expected_and_found_and_what_to_do(folder):
    ended = run(make_plugin(folder, "changes-umask"), "--only", "process-contract", "--only", "manifest")
    assert ended.returncode == 1, ended.stderr
    lines = ended.stdout.splitlines()
    assert any(re.fullmatch(r"ok    manifest +- +\d+ ms", line) for line in lines), ended.stdout
    assert any(re.fullmatch(r"FAIL  process-contract +in-process +\d+ ms", line) for line in lines), ended.stdout
    for word in ("expected:", "found: ", "to do: "):
        assert any(line.startswith(f"        {word}") for line in lines), ended.stdout
    assert re.fullmatch(r"\d+ passed, \d+ failed, \d+ skipped", lines[-1]), lines[-1]


@tap.test(timeout=30)
def a_plugin_that_cannot_be_loaded_fails_once_and_skips_the_rest(folder):
    plugin = make_plugin(folder, "none", version="2.0.0")
    document = validate(plugin)
    assert names(document, "failed") == {"entry", "load"}, failures(document)
    assert "ids" in names(document, "skipped")


@tap.test(timeout=30)
def wrong_usage_ends_with_2_and_says_what_is_wrong(folder):
    plugin = make_plugin(folder, "none")
    for arguments, words in (
        ([], "which plugin"),
        ([folder / "nowhere"], "nowhere"),
        ([folder], "no plugin.json"),
        (["--only", "no-such-test", plugin], "no-such-test"),
        (["--seed", "x", plugin], "--seed"),
        (["--placement", "moon", plugin], "moon"),
        (["--no-such-option", plugin], "--no-such-option"),
        ([plugin, plugin], "one plugin folder"),
    ):
        ended = run(*arguments)
        assert ended.returncode == 2, f"{arguments}: {ended}"
        assert words in ended.stderr, f"{arguments}: {ended.stderr}"


@tap.test(timeout=30)
def help_list_and_version_need_no_plugin():
    for option, words in (("--help", "usage:"), ("--list", "random-order"), ("--version", "rj-validate ")):
        ended = run(option)
        assert ended.returncode == 0 and words in ended.stdout, ended


@tap.test(timeout=30)
def nothing_is_left_in_the_temporary_folder(folder):
    temporary = folder / "tmp"
    temporary.mkdir()
    subprocess.run([PROGRAM, make_plugin(folder, "exits"), "--only", "answers", "--only", "load"], check=False,
                   capture_output=True, env={**os.environ, "TMPDIR": str(temporary)}, timeout=30)
    assert list(temporary.iterdir()) == []


tap.main()
