#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The schemas say what the headers say, and every manifest in the tree follows its schema; TAP.
"""
import json
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "support"))
import tap  # noqa: E402
from json_schema import problems  # noqa: E402


def load(name):
    return json.loads((ROOT / "sdk" / "schema" / f"{name}.schema.json").read_text("utf-8"))


def expect(value, schema, root, fine):
    found = list(problems(value, schema, root))
    assert bool(found) != fine, "\n".join(found) or "accepted, but should not be"


@tap.test()
def manifests_in_the_tree_follow_the_schema():
    schema = load("manifest")
    found = list(ROOT.glob("plugins/*/plugin.json")) + list(ROOT.glob("examples/**/plugin.json"))
    for path in found:
        wrong = list(problems(json.loads(path.read_text("utf-8")), schema, schema))
        assert not wrong, f"{path}: {wrong}"
        assert json.loads(path.read_text("utf-8"))["id"].rpartition(".")[2] == path.parent.name, path


@tap.test()
def a_manifest_with_a_mistake_is_refused():
    schema = load("manifest")
    good = {"id": "com.vendor.x", "name": "X", "version": "1.2.3", "abi": 1,
            "provides": ["rj.check/1"], "capabilities": ["spawn:/bin/true"], "binary": "x.so",
            "isolation": "worker", "sha256": "0" * 64}
    expect(good, schema, schema, fine=True)
    for change in ({"id": "../x"}, {"id": "X"}, {"version": "one"}, {"abi": 0}, {"abi": True},
                   {"abi": "1"}, {"provides": []}, {"provides": ["rj.check"]}, {"name": ""},
                   {"binary": "../x.so"}, {"sha256": "0" * 63}, {"isolation": "none"},
                   {"capabilities": ["a", "a"]}, {"surplus": 1}):
        expect({**good, **change}, schema, schema, fine=False)
    for name in schema["required"]:
        expect({key: good[key] for key in good if key != name}, schema, schema, fine=False)


@tap.test()
def the_request_of_the_header_follows_the_schema():
    schema = load("package-request")
    text = (ROOT / "sdk" / "include" / "realmjoin" / "package.h").read_text("utf-8")
    named = set(re.findall(r'^ \* +\{?"(\w+)": ', text.split("Result documents")[0], re.M))
    assert named == set(schema["properties"]), named ^ set(schema["properties"])
    request = {"id": "hello", "format": "craft", "scope": "system", "arguments": ["/Lang:de"],
               "environment": {"RJ_PackageID": "hello"}, "time_limit_ms": 14400000,
               "hash": "0" * 64, "log_path": "/x.log", "fetched": {}}
    expect(request, schema, schema, fine=True)
    for change in ({"scope": "machine"}, {"hash": "0" * 40}, {"arguments": "/Lang:de"},
                   {"environment": {"A": 1}}, {"time_limit_ms": 0}, {"log_path": "x.log"}):
        expect({**request, **change}, schema, schema, fine=False)


@tap.test()
def results_follow_their_schema():
    schema = load("package-result")
    good = {
        "detect": {"installed": True, "version": "1.2.3", "detail": "seen"},
        "fetch": {"version": "1", "path": "/x", "sha256": "0" * 64, "bytes": 1, "plan": ["a 1"]},
        "install": {"version": "1", "exit_code": 0, "restart": False, "files": 12,
                    "also": [{"package": "PSini", "version": "2.7.0"}], "output": "ok"},
        "uninstall": {"exit_code": 0, "restart": False, "files": 12, "left": ["/x"]},
        "recover": {"outcome": "rolled-back", "certain": False, "detail": "x"},
    }
    bad = {"detect": {"installed": "yes"}, "fetch": {"sha256": "x"}, "install": {"files": -1},
           "uninstall": {"left": [1]}, "recover": {"outcome": "maybe"}}
    for verb, document in good.items():
        expect(document, schema["$defs"][verb], schema, fine=True)
        expect(document, schema, schema, fine=True)
        expect({**document, **bad[verb]}, schema["$defs"][verb], schema, fine=False)


@tap.test()
def every_schema_is_json_of_the_2020_12_draft():
    for name in os.listdir(ROOT / "sdk" / "schema"):
        if name.endswith(".json"):
            schema = json.loads((ROOT / "sdk" / "schema" / name).read_text("utf-8"))
            assert schema["$schema"].endswith("2020-12/schema"), name


tap.main()
