#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every SDK header compiles alone, in every language version we promise, without one warning.

    headers_gate.py INCLUDE_DIR

For each header below INCLUDE_DIR a source file that includes it first and alone (and once more, for
its guard) is compiled as C99, C11, C++11 and C++20 by gcc, by clang and by clang for Windows (MSVC
rules, freestanding: no Windows headers needed).  A compiler that is not installed is skipped
visibly.  Output is TAP.
"""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "test", "support"))
import tap  # noqa: E402

WINDOWS = ["--target=x86_64-pc-windows-msvc", "-ffreestanding"]
COMPILERS = [
    ("gcc", ["gcc"], ["g++"]),
    ("clang", ["clang"], ["clang++"]),
    ("clang for Windows", ["clang"] + WINDOWS, ["clang++"] + WINDOWS),
]
VERSIONS = [("c99", "c"), ("c11", "c"), ("c++11", "c++"), ("c++20", "c++")]
FLAGS = ["-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]


def headers(include):
    for folder, _, names in sorted(os.walk(include)):
        for name in sorted(names):
            if name.endswith(".h"):
                yield os.path.relpath(os.path.join(folder, name), include)


def compile_alone(include, header, c, cxx):
    """Fails with the complaints of all language versions."""
    for compiler in (c[0], cxx[0]):
        if not shutil.which(compiler):
            tap.skip(f"{compiler} is not installed")
    source = f"#include <{header}>\n#include <{header}>\ntypedef int not_empty;\n"
    complaints = []
    for version, language in VERSIONS:
        command = (c if language == "c" else cxx) + FLAGS
        command += ["-std=" + version, "-I", include, "-x", language, "-"]
        run = subprocess.run(command, input=source, capture_output=True, text=True)
        if run.returncode != 0 or run.stderr:
            complaints.append(f"{version}: {' '.join(command)}\n{run.stderr}")
    assert not complaints, "\n".join(complaints)


def register(include, header, name, c, cxx):
    def compiles():
        compile_alone(include, header, c, cxx)

    compiles.__name__ = f"{header} alone compiles with {name}"
    tap.test(timeout=60)(compiles)


@tap.test(timeout=60)
def a_header_that_needs_another_one_first_is_refused(folder):
    (folder / "needy.h").write_text("extern uint32_t needs_stdint;\n")
    try:
        compile_alone(str(folder), "needy.h", ["gcc"], ["g++"])
    except AssertionError:
        return
    raise AssertionError("it was accepted")


def main():
    include = sys.argv.pop()
    for header in headers(include):
        for name, c, cxx in COMPILERS:
            register(include, header, name, c, cxx)
    tap.main()


main()
