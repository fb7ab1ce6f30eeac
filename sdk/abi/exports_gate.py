#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A plugin exports its entry function alone and needs nothing but the C library.

    exports_gate.py PLUGINS_DIR

For every shared library PLUGINS_DIR/*/*.so: exactly one defined dynamic symbol, rj_plugin_entry_v1;
every undefined one is versioned by the C library; no other library is needed; no search path, no
executable stack, no text relocation.  Then the gate itself is tested with small libraries that break each rule.
Output is TAP.
"""
import glob
import os
import re
import shutil
import subprocess
import sys

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


GOOD = ('__attribute__((visibility("default"))) const void *' + ENTRY +
        '(void) { return puts("") ? 0 : 0; }')
SAMPLES = [
    ("a plugin with its entry alone is accepted", True, GOOD, []),
    ("a second export is refused", False, GOOD + " int other(void) { return 0; }", []),
    ("a missing entry is refused", False, "int f(void) { return 0; }", ["-fvisibility=hidden"]),
    ("an import of ours is refused", False,
     "int rj_log(void); " + GOOD + " static int f(void) { return rj_log(); } "
     "int (*volatile g)(void) __attribute__((visibility(\"hidden\"))) = f;", []),
    ("a search path is refused", False, GOOD, ["-Wl,-rpath,/opt"]),
    ("another library is refused", False, GOOD, ["-Wl,--no-as-needed", "-lstdc++"]),
]


def register_plugin(plugin):
    def judged():
        wrong = faults(plugin)
        assert not wrong, "\n".join(wrong)

    name = os.path.basename(plugin)
    judged.__name__ = f"{name} exports its entry alone and needs only the C library"
    tap.test()(judged)


def register_sample(title, allowed, text, flags):
    def judged(folder):
        if not shutil.which("gcc"):
            tap.skip("gcc is not installed")
        source, library = str(folder / "x.c"), str(folder / "x.so")
        (folder / "x.c").write_text("#include <stdio.h>\n" + text + "\n")
        output("gcc", "-shared", "-fPIC", source, *flags, "-o", library)
        wrong = faults(library)
        assert bool(wrong) != allowed, "\n".join(wrong) or "nothing was found"

    judged.__name__ = title
    tap.test(timeout=60)(judged)


def main():
    for plugin in sorted(glob.glob(os.path.join(sys.argv.pop(), "*", "*.so"))):
        register_plugin(plugin)
    for sample in SAMPLES:
        register_sample(*sample)
    tap.main()


if __name__ == "__main__":
    main()
