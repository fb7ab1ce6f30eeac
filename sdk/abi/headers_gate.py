#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every SDK header compiles alone, in every language version we promise, without one warning.

    headers_gate.py linux|windows INCLUDE_DIR

For each header below INCLUDE_DIR a source file that includes it first and alone (and once more, for
its guard) is compiled as C99, C11, C++11 and C++20 by gcc, by clang and by clang for Windows (MSVC
rules, freestanding: no Windows headers needed); for the Windows edition by what builds it, mingw-w64's
gcc (C alone) and clang with mingw-w64's C library.  A compiler that is not installed is skipped visibly.
Output is TAP.
"""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "test", "support"))
import tap  # noqa: E402

MSVC = ["--target=x86_64-pc-windows-msvc", "-ffreestanding"]
MINGW = ["--target=x86_64-w64-windows-gnu"]
COMPILERS = {
    "linux": [
        ("gcc", {"c": ["gcc"], "c++": ["g++"]}),
        ("clang", {"c": ["clang"], "c++": ["clang++"]}),
        ("clang for Windows", {"c": ["clang"] + MSVC, "c++": ["clang++"] + MSVC}),
    ],
    "windows": [
        ("mingw-w64 gcc", {"c": ["x86_64-w64-mingw32-gcc"]}),
        ("clang for mingw-w64", {"c": ["clang"] + MINGW, "c++": ["clang++"] + MINGW}),
    ],
}
VERSIONS = [("c99", "c"), ("c11", "c"), ("c++11", "c++"), ("c++20", "c++")]
FLAGS = ["-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]


def headers(include):
    for folder, _, names in sorted(os.walk(include)):
        for name in sorted(names):
            if name.endswith(".h"):
                yield os.path.relpath(os.path.join(folder, name), include)


def compile_alone(include, header, compilers):
    """Fails with the complaints of all language versions."""
    for compiler, *_ in compilers.values():
        if not shutil.which(compiler):
            tap.skip(f"{compiler} is not installed")
    source = f"#include <{header}>\n#include <{header}>\ntypedef int not_empty;\n"
    complaints = []
    for version, language in VERSIONS:
        if language not in compilers:
            continue
        command = [*compilers[language], *FLAGS, "-std=" + version, "-I", include, "-x", language, "-"]
        run = subprocess.run(command, input=source, capture_output=True, text=True)
        if run.returncode != 0 or run.stderr:
            complaints.append(f"{version}: {' '.join(command)}\n{run.stderr}")
    assert not complaints, "\n".join(complaints)


def register(include, header, name, compilers):
    def compiles():
        compile_alone(include, header, compilers)

    compiles.__name__ = f"{header} alone compiles with {name}"
    tap.test(timeout=60)(compiles)


def register_sample(compilers):
    @tap.test(timeout=60)
    def a_header_that_needs_another_one_first_is_refused(folder):
        (folder / "needy.h").write_text("extern uint32_t needs_stdint;\n")
        try:
            compile_alone(str(folder), "needy.h", compilers)
        except AssertionError:
            return
        raise AssertionError("it was accepted")


def main():
    include, system = sys.argv.pop(), sys.argv.pop()
    register_sample(COMPILERS[system][0][1])
    for header in headers(include):
        for name, compilers in COMPILERS[system]:
            register(include, header, name, compilers)
    tap.main()


main()
