#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A plugin exports its entry function alone and needs nothing but the C library.

    exports_gate.py PLUGIN...

For every shared library: exactly one defined dynamic symbol, rj_plugin_entry_v1; every undefined
one is versioned by the C library; no other library is needed; no search path, no executable stack,
no text relocation.  Then the gate itself is tested with small libraries that break each rule.
Output is TAP.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "test", "support"))
import tap  # noqa: E402

ENTRY = "rj_plugin_entry_v1"
LIBRARIES = re.compile(r"(libc|libm|libpthread|libdl|librt)\.so\.\d+|ld-linux.*\.so\.\d+")


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def faults(plugin):
    """What is wrong with this library, one sentence each."""
    wrong, exported = [], []
    for line in output("nm", "-D", plugin).splitlines():
        kind, name = line.split()[-2:]
        if kind == "U" and "@GLIBC_" not in name:
            wrong.append(f"imports {name}, which is not the C library's")
        elif kind not in "Uwv":
            exported.append(name)
    if exported != [ENTRY]:
        wrong.append(f"exports {exported or 'nothing'} instead of {ENTRY} alone")
    dynamic = output("readelf", "-dW", plugin)
    for library in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic):
        if not LIBRARIES.fullmatch(library):
            wrong.append(f"needs {library}")
    for tag in ("RPATH", "RUNPATH", "TEXTREL"):
        if f"({tag})" in dynamic:
            wrong.append(f"has a {tag}")
    if re.search(r"GNU_STACK.*RWE", output("readelf", "-lW", plugin)):
        wrong.append("wants an executable stack")
    return wrong


GOOD = f'__attribute__((visibility("default"))) const void *{ENTRY}(void) {{ return puts("") ? 0 : 0; }}'
BROKEN = [
    ("a plugin with its entry alone is accepted", True, GOOD, []),
    ("a second export is refused", False, GOOD + " int other(void) { return 0; }", []),
    ("a missing entry is refused", False, "int main(void) { return 0; }", ["-fvisibility=hidden"]),
    ("an import of ours is refused", False,
     "int rj_log(void); " + GOOD + " static int f(void) { return rj_log(); } "
     "static int (*volatile g)(void) __attribute__((used)) = f;", []),
    ("a search path is refused", False, GOOD, ["-Wl,-rpath,/opt"]),
]


def test_itself(report):
    if not shutil.which("gcc"):
        report.skip("the gate refuses what it should", "gcc is not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        source, library = os.path.join(folder, "x.c"), os.path.join(folder, "x.so")
        for title, allowed, text, flags in BROKEN:
            with open(source, "w", encoding="utf-8") as file:
                file.write("#include <stdio.h>\n" + text + "\n")
            output("gcc", "-shared", "-fPIC", *flags, source, "-o", library)
            wrong = faults(library)
            report.ok(title, bool(wrong) != allowed, "\n".join(wrong))


def main():
    with tap.Report() as report:
        report.ok("there are plugins", len(sys.argv) > 1)
        for plugin in sys.argv[1:]:
            wrong = faults(plugin)
            title = f"{os.path.basename(plugin)} exports its entry alone, needs only the C library"
            report.ok(title, not wrong, "\n".join(wrong))
        test_itself(report)


main()
