#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs and plugins of the Windows edition keep the rules that their headers can tell.

Judges every .exe, .com and .dll that `meson install` of the build folder RJ_BUILD_ROOT would put on a
system; then the gate itself is tested with small programs that break each rule. Output is TAP.
"""

import dataclasses
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import pe  # noqa: E402
import tap  # noqa: E402

BUILD = os.environ["RJ_BUILD_ROOT"]
ENTRY = "rj_plugin_entry_v1"
X86_64 = 0x8664
# Windows' own, each there on every edition since Windows 10. Whatever else is needed gets linked statically.
SYSTEM_LIBRARIES = set(
    """advapi32 bcrypt comctl32 crypt32 dbghelp dwmapi gdi32 iphlpapi kernel32 msvcrt ncrypt netapi32 ntdll
    ole32 oleaut32 secur32 shell32 shlwapi user32 userenv uxtheme winhttp wintrust ws2_32 wtsapi32""".split()
)
MANIFEST_WORDS = (
    ">PerMonitorV2, PerMonitor<",
    ">UTF-8</activeCodePage>",
    '<supportedOS Id="{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"/>',
    'level="asInvoker"',
    ">true</longPathAware>",
    'name="Microsoft.Windows.Common-Controls" version="6.0.0.0"',
)
ICON_SIZES = (16, 32, 48, 256)
HARDENING = {
    "DYNAMIC_BASE": pe.DYNAMIC_BASE,
    "HIGH_ENTROPY_VA": pe.HIGH_ENTROPY_VA,
    "NX_COMPAT": pe.NX_COMPAT,
}


def import_faults(program):
    names = {name.removesuffix(".dll") for name in program.imports}
    return [f"needs {name}, which is no library of Windows" for name in sorted(names - SYSTEM_LIBRARIES)]


def export_faults(program):
    if program.is_dll and program.exports != [ENTRY]:
        return [f"exports {', '.join(program.exports) or 'nothing'} instead of {ENTRY} alone"]
    if not program.is_dll and program.exports:
        return [f"is a program and exports {', '.join(program.exports)}"]
    return []


def hardening_faults(program):
    faults = [f"is not {name}" for name, bit in HARDENING.items() if not program.characteristics & bit]
    if program.machine != X86_64:
        faults.append("is not for x86-64")
    if not program.relocations or ".reloc" not in program.sections:
        faults.append("has no .reloc, so it cannot move")
    return faults


def version_faults(program, version):
    wanted = (*(int(number) for number in version.split(".")), 0, 0, 0, 0)[:4]
    if not program.version:
        return ["has no VERSIONINFO"]
    faults = []
    if program.version != wanted:
        faults.append(f"is version {program.version}, not {wanted}")
    for name in ("FileVersion", "ProductVersion"):
        if program.texts.get(name) != version:
            faults.append(f"has the {name} {program.texts.get(name)!r}, not {version!r}")
    for name in ("FileDescription", "ProductName", "CompanyName"):
        if not program.texts.get(name):
            faults.append(f"has no {name}")
    if not program.texts.get("LegalCopyright", "").startswith("Copyright "):
        faults.append("does not say whose it is in LegalCopyright")
    return faults


def manifest_faults(program):
    """Programs say for which Windows they are made; plugins live in a program that has."""
    if program.is_dll:
        return []
    text = program.resources.get((pe.RT_MANIFEST, 1), b"").decode("utf-8", "replace")
    return [f"has no {word} in its manifest" for word in MANIFEST_WORDS if word not in text]


def picture_faults(program):
    if program.is_dll and "ui-tray" not in program.texts.get("InternalName", ""):
        return []
    group = program.resources.get((pe.RT_GROUP_ICON, 1), b"")
    sizes = {group[place] or 256 for place in range(6, len(group) - 13, 14)}
    return [f"has no icon of {size} pixels" for size in ICON_SIZES if size not in sizes]


def place_faults(path, places):
    """A place with something before it is the end of another, shorter one: "lib/src/" tells nothing of "/src/"."""
    content = path.read_bytes()
    return [f"tells where it was built: {place}" for place in places
            if re.search(rb"(?<![\w.\-])" + re.escape(place.encode()), content)]


@functools.cache
def introspect(what):
    shown = subprocess.run(["meson", "introspect", what, BUILD], capture_output=True, check=True, text=True)
    return json.loads(shown.stdout)


@functools.cache
def shipped():
    files = [pathlib.Path(name) for name in introspect("--installed")]
    found = {path: pe.read(path) for path in files if path.suffix in (".exe", ".com", ".dll")}
    assert found, "the build installs no Windows program"
    return found


def judge(rule, *arguments):
    wrong = [f"{path.name} {fault}" for path, program in shipped().items() for fault in rule(program, *arguments)]
    assert not wrong, "\n".join(wrong)


@tap.test()
def only_libraries_of_windows_are_needed():
    judge(import_faults)


@tap.test()
def each_plugin_exports_its_entry_alone_and_no_program_exports():
    judge(export_faults)


@tap.test()
def each_file_can_move_and_its_data_cannot_run():
    judge(hardening_faults)


@tap.test()
def each_file_tells_name_and_version_of_the_project():
    judge(version_faults, introspect("--projectinfo")["version"])


@tap.test()
def each_program_says_for_which_windows_it_is_made():
    judge(manifest_faults)


@tap.test()
def each_program_has_its_picture_in_all_sizes():
    judge(picture_faults)


def build_places():
    """This tree, and the cache of the libraries."""
    for dependency in introspect("--dependencies"):
        for argument in dependency["link_args"]:
            if argument.endswith("/lib/libuv.a"):
                return [str(pathlib.Path(__file__).resolve().parents[2]) + "/", str(pathlib.Path(argument).parents[3])]
    raise AssertionError("the build knows no libuv")


@tap.test()
def no_file_tells_where_it_was_built():
    places = build_places()
    wrong = [f"{path.name} {fault}" for path in shipped() for fault in place_faults(path, places)]
    assert not wrong, "\n".join(wrong)


@tap.test()
def the_service_has_the_sentences_of_its_events():
    (service,) = [program for path, program in shipped().items() if path.name == "realmjoinservice.exe"]
    text = service.resources[pe.RT_MESSAGETABLE, 1].decode("utf-16-le", "replace")
    assert "The package %1 has failed: %2" in text, text


# ---- the gate itself -------------------------------------------------------------------------------

GOOD = "__declspec(dllexport) const void *" + ENTRY + "(void) { return 0; }\n"
VERSION = """#include <winver.h>
VS_VERSION_INFO VERSIONINFO
FILEVERSION 1,2,3,0
PRODUCTVERSION 1,2,3,0
FILETYPE VFT_DLL
BEGIN
  BLOCK "StringFileInfo" BEGIN BLOCK "040904b0" BEGIN
    VALUE "CompanyName", "C"
    VALUE "FileDescription", "A description"
    VALUE "FileVersion", "1.2.3"
    VALUE "LegalCopyright", "Copyright (c) C"
    VALUE "ProductName", "Product"
    VALUE "ProductVersion", "1.2.3"
  END END
  BLOCK "VarFileInfo" BEGIN VALUE "Translation", 0x0409, 0x04b0 END
END
"""


def sample(folder, code, *options, resource=VERSION):
    """A small library made of CODE, as the gate sees it."""
    compiler = "x86_64-w64-mingw32-gcc"
    if not shutil.which(compiler):
        tap.skip(f"{compiler} not installed")
    (folder / "a.c").write_text(code)
    (folder / "a.rc").write_text(resource)
    subprocess.run(["x86_64-w64-mingw32-windres", "a.rc", "rc.o"], cwd=folder, check=True)
    subprocess.run([compiler, "-shared", "-o", "a.dll", "a.c", "rc.o", *options], cwd=folder, check=True)
    return pe.read(folder / "a.dll")


def faults(program, version="1.2.3"):
    return [
        *import_faults(program),
        *export_faults(program),
        *hardening_faults(program),
        *version_faults(program, version),
    ]


@tap.test()
def the_gate_accepts_a_plugin_without_fault(folder):
    assert faults(sample(folder, GOOD)) == []


@tap.test()
def the_gate_finds_a_second_and_a_missing_export(folder):
    second = GOOD + "__declspec(dllexport) int other(void) { return 0; }"
    assert any("other" in fault for fault in faults(sample(folder, second)))
    missing = sample(folder, "static int f(void) { return 0; } int (*volatile p)(void) = f;",
                     "-Wl,--exclude-all-symbols")
    assert any("exports nothing" in fault for fault in faults(missing))


@tap.test()
def the_gate_finds_a_library_that_is_not_of_windows(folder):
    (folder / "b.def").write_text("LIBRARY other.dll\nEXPORTS\nother\n")
    subprocess.run(["x86_64-w64-mingw32-dlltool", "-d", "b.def", "-l", "b.a"], cwd=folder, check=True)
    code = GOOD + "int other(void); int (*volatile p)(void); void q(void) { p = other; }"
    found = faults(sample(folder, code, "b.a", "-Wl,--exclude-all-symbols"))
    assert found == ["needs other, which is no library of Windows"], found


@tap.test()
def the_gate_finds_each_missing_protection(folder):
    for option, word in (
        ("--disable-nxcompat", "NX_COMPAT"),
        ("--disable-high-entropy-va", "HIGH_ENTROPY_VA"),
        ("--disable-dynamicbase", "DYNAMIC_BASE"),
    ):
        found = hardening_faults(sample(folder, GOOD, f"-Wl,{option}"))
        assert f"is not {word}" in found, (option, found)
    still = dataclasses.replace(sample(folder, GOOD), relocations=0)
    assert hardening_faults(still) == ["has no .reloc, so it cannot move"]


@tap.test()
def the_gate_finds_a_missing_and_a_wrong_version(folder):
    assert version_faults(sample(folder, GOOD, resource='1 RCDATA BEGIN "x" END'), "1.2.3") == ["has no VERSIONINFO"]
    assert len(version_faults(sample(folder, GOOD), "1.2.4")) == 3
    nameless = VERSION.replace('    VALUE "FileDescription", "A description"\n', "")
    assert version_faults(sample(folder, GOOD, resource=nameless), "1.2.3") == ["has no FileDescription"]
    whose = VERSION.replace("Copyright (c) C", "MIT License")
    assert len(version_faults(sample(folder, GOOD, resource=whose), "1.2.3")) == 1


@tap.test()
def the_gate_finds_a_missing_manifest_a_missing_picture_and_a_place(folder):
    plain = dataclasses.replace(sample(folder, GOOD), is_dll=False)
    assert len(manifest_faults(plain)) == len(MANIFEST_WORDS) and len(picture_faults(plain)) == len(ICON_SIZES)
    (folder / "x.exe").write_bytes(b"MZ\0" + str(folder).encode() + b"\0./lib/src/x.c")
    assert place_faults(folder / "x.exe", [str(folder), "/elsewhere", "/src/"]) == [f"tells where it was built: {folder}"]


@tap.test()
def a_file_that_is_no_windows_program_is_refused(folder):
    for content in (b"", b"MZ", b"MZ" + bytes(200), b"\x7fELF" + bytes(100)):
        (folder / "x.dll").write_bytes(content)
        try:
            pe.read(folder / "x.dll")
        except ValueError:
            continue
        raise AssertionError(f"{content[:8]} was read")


tap.main()
