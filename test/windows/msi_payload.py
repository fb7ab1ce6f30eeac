# SPDX-License-Identifier: MIT
"""What the tests of the MSI put into it: the programs of a finished cross build, or stand-ins for them.

    build = msi_payload.make(folder)         # a folder that build-msi takes with --build
    msi = msi_payload.build_msi(build, out, "--version", "9.0.0")

The real ones are taken from RJ_BUILD_ROOT when realmjoinservice.exe is there. A stand-in is msi_standin_win32.c with
the resources that the real program gets.
"""

import importlib.machinery
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PACKAGING = SOURCE / "packaging/windows"
TRIPLET = "x86_64-w64-mingw32"
DEFINES = ("-DUNICODE", "-D_WIN32_WINNT=0x0A00", "-DWIN32_LEAN_AND_MEAN")
STANDIN_PLUGINS = ("check-firewall", "package-craft")

sys.path.insert(0, str(PACKAGING))
sys.dont_write_bytecode = True

import msi_files  # pylint: disable=wrong-import-position


def load_script(name):
    """A script of packaging/windows as a module."""
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(PACKAGING / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def reason_missing():
    """None if an MSI can be made here, else the reason."""
    tools = ("wixl", "msibuild", "msiinfo", f"{TRIPLET}-gcc", f"{TRIPLET}-windres", f"{TRIPLET}-strip")
    missing = [tool for tool in tools if not shutil.which(tool)]
    return f"{', '.join(missing)} not installed" if missing else None


def provide_helpers(folder):
    """Without a finished cross build, a folder that wine.py takes for one: these programs are all it has."""
    if pathlib.Path(os.environ.get("RJ_BUILD_ROOT", "/nowhere"), "test/windows/launch.exe").is_file():
        return
    place = folder / "test/windows"
    place.mkdir(parents=True)
    for name, *arguments in (("launch*", "-municode"), ("wait", "-municode"), ("settled",)):
        sources = sorted((SOURCE / "test/windows").glob(f"{name}_win32.c"))
        call(f"{TRIPLET}-gcc", *arguments, *DEFINES, "-o", place / f"{name.strip('*')}.exe", *sources)
    os.environ["RJ_BUILD_ROOT"] = str(folder)


def place_of_source(name):
    return SOURCE / f"test/windows/{name}_win32.c"


def is_real():
    root = os.environ.get("RJ_BUILD_ROOT")
    if not root:
        return False
    return any(pathlib.Path(root).glob("core/*/realmjoinservice.exe"))


def make(folder):
    folder.mkdir(parents=True)
    if is_real():
        copy_build(pathlib.Path(os.environ["RJ_BUILD_ROOT"]), folder)
        return folder
    for name in (*msi_files.PROGRAMS, msi_files.REMOVER):
        compile_standin(folder / name, "VFT_APP")
    (folder / msi_files.NOTICES).write_text("none\n", encoding="utf-8")
    for plugin in STANDIN_PLUGINS:
        target = folder / "plugins" / plugin
        target.mkdir(parents=True)
        compile_standin(target / f"{plugin}.dll", "VFT_DLL", "-shared")
        shutil.copyfile(SOURCE / "plugins" / plugin / "plugin.json", target / "plugin.json")
    return folder


def copy_build(build, folder):
    for name in (*msi_files.PROGRAMS, msi_files.REMOVER):
        shutil.copyfile(msi_files.find_program(build, name), folder / name)
    shutil.copyfile(msi_files.find_program(build, msi_files.NOTICES), folder / msi_files.NOTICES)
    for source in msi_files.plugin_folders(build):
        target = folder / "plugins" / source.name
        target.mkdir(parents=True)
        for file in (f"{source.name}.dll", "plugin.json"):
            shutil.copyfile(source / file, target / file)


def compile_standin(target, kind, *arguments):
    words = {"name": target.stem, "file": target.name, "description": "stand-in", "filetype": kind, "has_icon": "0",
             "has_state_icons": "0", "has_manifest": "0", "version": "0.1.0", "version_numbers": "0,1,0,0"}
    script = target.with_name(target.name + ".rc")
    text = (PACKAGING / "realmjoin.rc.in").read_text(encoding="utf-8")
    script.write_text(re.sub(r"@(\w+)@", lambda m: words[m[1]], text), encoding="utf-8")
    resources = target.with_name(target.name + ".o")
    call(f"{TRIPLET}-windres", script, resources)
    call(f"{TRIPLET}-gcc", "-municode", *DEFINES, *arguments,
         "-Wl,--no-insert-timestamp", "-o", target, place_of_source("msi_standin"), resources,
         "-lole32", "-luuid", "-lshell32")
    script.unlink()
    resources.unlink()


def call(*command, env=None):
    done = subprocess.run([str(c) for c in command], env=env, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(str(c) for c in command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def build_msi(build, out, *options, epoch=None, zone="UTC"):
    env = {**os.environ, "TZ": zone, **({"SOURCE_DATE_EPOCH": str(epoch)} if epoch else {})}
    call(sys.executable, PACKAGING / "build-msi", "--build", build, "--out", out, *options, env=env)
    return out
