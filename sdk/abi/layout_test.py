#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""layout.c compiles, so every size and offset is as it says, wherever plugins are built.

    layout_test.py INCLUDE_DIR

Compilers that are not installed are skipped visibly.  Output is TAP.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "test", "support"))
import tap  # noqa: E402

FLAGS = ["-std=c11", "-pedantic", "-Wall", "-Wextra", "-Werror", "-c"]
COMPILERS = [["gcc"], ["clang"], ["x86_64-w64-mingw32-gcc"]] + [
    ["clang", "--target=" + target, "-ffreestanding"]
    for target in ("x86_64-pc-windows-msvc", "aarch64-pc-windows-msvc", "i686-pc-windows-msvc",
                   "aarch64-linux-gnu", "i686-linux-gnu", "arm-linux-gnueabihf")]


def compiles(compiler, include, source):
    run = subprocess.run(compiler + FLAGS + ["-I", include, source, "-o", os.devnull],
                         capture_output=True, text=True)
    return run.returncode == 0, run.stderr


def tables(include):
    for folder, _, names in os.walk(os.path.join(include, "realmjoin")):
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                yield from re.findall(r"^typedef struct (rj_\w+) \{", file.read(), re.M)


def main():
    include = sys.argv[1]
    layout = os.path.join(HERE, "layout.c")
    with open(layout, encoding="utf-8") as file:
        text = file.read()
    with tap.Report() as report:
        forgotten = [name for name in tables(include) if f"SIZE({name}," not in text]
        report.ok("layout.c knows every table of the headers", not forgotten, " ".join(forgotten))
        for compiler in COMPILERS:
            title = f"every size and offset is right with {' '.join(compiler)}"
            if not shutil.which(compiler[0]):
                report.skip(title, f"{compiler[0]} is not installed")
                continue
            report.ok(title, *compiles(compiler, include, layout))
        if shutil.which("gcc"):
            with tempfile.TemporaryDirectory() as folder:
                wrong = os.path.join(folder, "layout.c")
                with open(wrong, "w", encoding="utf-8") as file:
                    file.write(text.replace("evaluate, 16, 12", "evaluate, 24, 16"))
                report.ok("a wrong offset is refused", not compiles(["gcc"], include, wrong)[0])


main()
