#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The append-only rule of the plugin ABI, judged by the compiler's own record layouts.

    layout_gate.py OLD_INCLUDE NEW_INCLUDE     compare two header sets; exit code 1 and the reasons
    layout_gate.py --sets ABI_DIR INCLUDE      TAP: INCLUDE against the newest set below ABI_DIR,
                                               then the gate itself against mutated copies of it

What a released set said must still be there: every member of every table at its offset with its
type (function pointers: the whole signature), every typedef, function, constant and macro with its
value.  Members may be appended; then RJ_ABI_MINOR must have grown.  Draft headers are not judged.
Looked at with clang for 64-bit Linux and for Windows on both processors, so nothing else is needed.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

TARGETS = ["x86_64-linux-gnu", "x86_64-pc-windows-msvc", "aarch64-pc-windows-msvc"]


def stable_headers(include):
    folder = os.path.join(include, "realmjoin")
    return sorted(name for name in os.listdir(folder) if name.endswith(".h"))


def clang(include, target, flags, source):
    command = ["clang", "--target=" + target, "-ffreestanding", "-std=c11", "-I", include]
    run = subprocess.run(command + flags + ["-x", "c", "-"], input=source, capture_output=True,
                         text=True)
    if run.returncode != 0:
        raise SystemExit(f"layout gate: the headers in {include} do not compile:\n{run.stderr}")
    return run.stdout


def facts(include, target):
    """What the headers say for one target: {a line that must stay: None}, sizes, macros."""
    source = "".join(f"#include <realmjoin/{name}>\n" for name in stable_headers(include))

    said, records = set(), []
    tree = json.loads(clang(include, target, ["-fsyntax-only", "-Xclang", "-ast-dump=json"],
                            source))
    for node in tree["inner"]:
        name = node.get("name", "")
        if not name.startswith("rj_"):
            continue
        if node["kind"] == "RecordDecl" and node.get("completeDefinition"):
            records.append(name)
        elif node["kind"] in ("TypedefDecl", "FunctionDecl"):
            kind = node["type"]
            said.add(f"{name} is {kind.get('desugaredQualType', kind['qualType'])}")

    # Layouts are dumped for records whose size is asked for.
    asked = "".join(f"int size_{name} = sizeof(struct {name});\n" for name in records)
    dump = clang(include, target, ["-fsyntax-only", "-Xclang", "-fdump-record-layouts"],
                 source + asked)
    sizes, record = {}, None
    for line in dump.splitlines():
        member = re.match(r"\s*(\d+) \|( +)(.*)", line)
        size = re.match(r"\s*\| \[sizeof=(\d+)", line)
        if size and record:
            sizes[record] = int(size[1])
        elif member and len(member[2]) == 1:
            record = member[3].replace("struct ", "")
        elif member and record:
            said.add(f"{record} @{member[1]} {member[3]}")

    macros = {}
    for line in clang(include, target, ["-E", "-dM"], source).splitlines():
        macro = re.match(r"#define (RJ_\w+)(\([^)]*\))?\s*(.*)", line)
        if macro:
            macros[macro[1]] = " ".join(((macro[2] or "") + " " + macro[3]).split())
    return said, sizes, macros



def compare(old, new):
    """The ways in which header set `new` breaks what `old` promised."""
    broken = []
    for target in TARGETS:
        old_said, old_sizes, old_macros = facts(old, target)
        new_said, new_sizes, new_macros = facts(new, target)
        broken += [f"{target}: gone or changed: {line}" for line in sorted(old_said - new_said)]
        for name, size in sorted(old_sizes.items()):
            if new_sizes.get(name, 0) < size:
                broken.append(f"{target}: {name} shrank from {size}")
        for name, value in sorted(old_macros.items()):
            if name != "RJ_ABI_MINOR" and new_macros.get(name) != value:
                now = new_macros.get(name, "nothing")
                broken.append(f"{target}: {name} was {value}, is {now}")
        minors = [int(macros.get("RJ_ABI_MINOR", "0u").rstrip("u"))
                  for macros in (old_macros, new_macros)]
        grown = [name for name, size in sorted(old_sizes.items()) if new_sizes.get(name, 0) > size]
        if grown and minors[1] <= minors[0]:
            broken.append(f"{target}: {', '.join(grown)} grew, but RJ_ABI_MINOR is still "
                          f"{minors[1]}")
        elif minors[1] < minors[0]:
            broken.append(f"{target}: RJ_ABI_MINOR went back from {minors[0]} to {minors[1]}")
    return broken


def newest_set(abi_dir):
    sets = [name for name in os.listdir(abi_dir) if re.fullmatch(r"\d+(\.\d+)+", name)]
    if not sets:
        return None
    newest = max(sets, key=lambda name: [int(part) for part in name.split(".")])
    return os.path.join(abi_dir, newest)


def edited(include, edits):
    """A copy of a header set in which each (header, pattern, replacement) was applied."""
    copy = tempfile.mkdtemp(prefix="layout-gate-")
    shutil.copytree(include, copy, dirs_exist_ok=True)
    for header, pattern, replacement in edits:
        path = os.path.join(copy, "realmjoin", header)
        with open(path, encoding="utf-8") as file:
            before = file.read()
        after, count = re.subn(pattern, replacement, before, count=1, flags=re.S)
        if count != 1:
            raise SystemExit(f"layout gate: {pattern!r} not found in {header}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(after)
    return copy


APPENDED = ("check.h", r"(\*remediate\)[^;]*;)", r"\1\n    uint64_t appended;")
MINOR_GREW = ("plugin.h", r"(RJ_ABI_MINOR) \d+u", r"\1 1000u")
MUTATIONS = [
    ("nothing changed", True, []),
    ("a member appended, the minor raised", True, [APPENDED, MINOR_GREW]),
    ("a constant added", True, [("plugin.h", r"(#define RJ_OK )", r"#define RJ_NEW 1\n\1")]),
    ("a parameter renamed", True, [("check.h", r"check_id, rj_op op", "name, rj_op op")]),
    ("a member appended, the minor kept", False, [APPENDED]),
    ("a member inserted in the middle", False,
     [("check.h", r"(    void\(RJ_CALL \*evaluate\))", r"    void *inserted;\n\1"), MINOR_GREW]),
    ("a member removed", False, [("check.h", r"    void\(RJ_CALL \*remediate\)[^;]*;", "")]),
    ("a member appended and one retyped", False,
     [("plugin.h", r"int32_t\(RJ_CALL \*cancelled\)", r"uint32_t(RJ_CALL *cancelled)"), APPENDED,
      MINOR_GREW]),
    ("two members swapped", False,
     [("plugin.h", r"(    int32_t kind;)\s*(    int32_t value;)", r"\2\n\1")]),
    ("a parameter added", False, [("check.h", r"check_id, rj_op op", "check_id, int x, rj_op op")]),
    ("a parameter retyped", False,
     [("check.h", r"const char \*check_id, rj_op op", "char *check_id, rj_op op")]),
    ("a typedef changed", False,
     [("plugin.h", r"typedef int32_t rj_status", "typedef int64_t rj_status")]),
    ("a status value changed", False, [("plugin.h", r"(RJ_E_BUSY \(\(rj_status\))-4", r"\1-44")]),
    ("a constant removed", False, [("plugin.h", r"#define RJ_LOG_DEBUG 4\n", "")]),
    ("an interface id changed", False,
     [("check.h", r'(RJ_CHECK) "rj\.check/1"', r'\1 "rj.check/2"')]),
    ("the entry function changed", False,
     [("plugin.h", r"rj_plugin_entry_v1\(void\)", "rj_plugin_entry_v1(int x)")]),
    ("a table renamed", False,
     [("check.h", r"typedef struct rj_check \{(.*?)\} rj_check;",
       r"typedef struct rj_checks {\1} rj_checks;")]),
    ("the minor went back", False, [("plugin.h", r"(RJ_ABI_MINOR) \d+u", r"\1 0u")]),
]


def test_sets(abi_dir, include):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "test", "support"))
    import tap

    released = newest_set(abi_dir)

    def register(title, check):
        def judged():
            if not shutil.which("clang"):
                tap.skip("clang is not installed")
            if not released:
                raise AssertionError(f"no released header set below {abi_dir}")
            check()

        judged.__name__ = title
        tap.test(timeout=60)(judged)

    def tables_only_grew():
        broken = compare(released, include)
        assert not broken, "\n".join(broken)

    def mutated(name, allowed, edits):
        def check():
            base = edited(released, [MINOR_GREW] if name == "the minor went back" else [])
            copy = edited(base, edits)
            broken = compare(base, copy)
            shutil.rmtree(copy)
            shutil.rmtree(base)
            assert bool(broken) != allowed, "\n".join(broken) or "nothing was found"

        register(f"{name}: {'allowed' if allowed else 'refused'}", check)

    register(f"tables only grew since release {os.path.basename(released or 'none')}",
             tables_only_grew)
    for mutation in MUTATIONS:
        mutated(*mutation)
    sys.argv = sys.argv[:1]
    tap.main()


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "--sets":
        test_sets(sys.argv[2], sys.argv[3])
    elif len(sys.argv) == 3:
        broken = compare(sys.argv[1], sys.argv[2])
        print("\n".join(broken) if broken else "layout gate: nothing released was changed")
        sys.exit(bool(broken))
    else:
        sys.exit(__doc__)


main()
