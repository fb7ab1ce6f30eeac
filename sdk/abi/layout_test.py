#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""layout.c compiles, so every size and offset is as it says, wherever plugins are built.

    layout_test.py linux|windows INCLUDE_DIR

Windows: what builds that edition, where "long" has 32 bits.  Compilers that are not installed are skipped visibly.  Output is TAP.
"""
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "test", "support"))
import tap  # noqa: E402

FLAGS = ["-std=c11", "-pedantic", "-Wall", "-Wextra", "-Werror", "-c"]
COMPILERS = {
    "linux": [["gcc"], ["clang"]] + [
        ["clang", "--target=" + target, "-ffreestanding"]
        for target in ("x86_64-pc-windows-msvc", "aarch64-pc-windows-msvc", "i686-pc-windows-msvc",
                       "aarch64-linux-gnu", "i686-linux-gnu", "arm-linux-gnueabihf")],
    "windows": [["x86_64-w64-mingw32-gcc"], ["clang", "--target=x86_64-w64-windows-gnu"]],
}


def compile_layout(compiler, include, source):
    if not shutil.which(compiler[0]):
        tap.skip(f"{compiler[0]} is not installed")
    run = subprocess.run(compiler + FLAGS + ["-I", include, source, "-o", os.devnull],
                         capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def tables(include):
    for folder, _, names in os.walk(os.path.join(include, "realmjoin")):
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                yield from re.findall(r"^typedef struct (rj_\w+) \{", file.read(), re.M)


def register(include, layout, compiler):
    def compiles():
        compile_layout(compiler, include, layout)

    compiles.__name__ = f"every size and offset is right with {' '.join(compiler)}"
    tap.test(timeout=60)(compiles)


def main():
    include, system = sys.argv.pop(), sys.argv.pop()
    layout = os.path.join(HERE, "layout.c")
    with open(layout, encoding="utf-8") as file:
        text = file.read()

    @tap.test()
    def every_table_of_the_headers_is_in_the_list():
        forgotten = [name for name in tables(include) if f"SIZE({name}," not in text]
        assert not forgotten, forgotten

    @tap.test(timeout=60)
    def a_wrong_offset_is_refused(folder):
        (folder / "layout.c").write_text(text.replace("evaluate, 16, 12", "evaluate, 24, 16"))
        try:
            compile_layout(COMPILERS[system][0], include, str(folder / "layout.c"))
        except AssertionError:
            return
        raise AssertionError("it was accepted")

    for compiler in COMPILERS[system]:
        register(include, layout, compiler)
    tap.main()


main()
