# SPDX-License-Identifier: MIT
"""The files of the MSI: taken from a finished cross build, stripped, signed, each plugin's manifest stamped anew.

stage(build, folder, sign) fills the folder and returns the ids of the plugins. A program that is missing,
found twice, or a plugin without its DLL is an Error; nothing is left out silently.
"""

import json
import os
import pathlib
import re
import shutil
import sys

import msi_tables

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ("realmjoinservice.exe", "realmjoin.exe", "realmjoin.com", "realmjoin-worker.exe")
REMOVER = "realmjoin-remover.exe"  # of the build; in the MSI, but not among its files
NOTICES = "THIRD-PARTY-NOTICES.txt"
TRIPLET = "x86_64-w64-mingw32"
ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def find_program(build, name):
    # A build may call the console starter by another name: two targets of one folder may not share theirs.
    names = {name, "realmjoin-console.com"} if name == "realmjoin.com" else {name}
    found = []
    for folder, folders, files in os.walk(build):
        folders[:] = [f for f in folders if not f.endswith(".p") and f not in ("meson-private", "test", "wine")]
        found += [pathlib.Path(folder) / file for file in files if file in names]
    if len(found) != 1:
        places = ", ".join(str(f) for f in found) or "nowhere"
        raise msi_tables.Error(f"{build}: {name} is there {len(found)} times ({places}); one finished build is needed")
    return found[0]


def plugin_folders(build):
    found = sorted(p.parent for p in build.glob("plugins/*/plugin.json"))
    if not found:
        raise msi_tables.Error(f"{build}: no plugins/ID/plugin.json; is the build finished?")
    return found


def stage(build, folder, sign):
    """`sign(path)` is called for each program and plugin when it has its final content."""
    for name in PROGRAMS:
        put_binary(find_program(build, name), folder / name, sign)
    shutil.copyfile(SOURCE / "LICENSE", folder / "LICENSE")
    shutil.copyfile(find_program(build, NOTICES), folder / NOTICES)

    ids = []
    for source in plugin_folders(build):
        manifest = json.loads((source / "plugin.json").read_text(encoding="utf-8"))
        name = manifest.get("id")
        if name != source.name or not ID.fullmatch(name):
            raise msi_tables.Error(f"{source}/plugin.json: \"id\" is {name!r}, but the folder is {source.name}")
        target = folder / "plugins" / name
        target.mkdir(parents=True)
        binary = target / f"{name}.dll"
        put_binary(source / binary.name, binary, sign)
        # The stamp names the DLL's hash, which stripping and signing have changed.
        for key in ("binary", "sha256"):
            manifest.pop(key, None)
        plain = folder / "plugin.json"
        plain.write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
        msi_tables.run(sys.executable, SOURCE / "packaging/stamp-manifest", plain, binary, target / "plugin.json")
        plain.unlink()
        ids.append(name)
    return ids


def put_binary(source, target, sign):
    if not source.is_file():
        raise msi_tables.Error(f"{source} is missing; is the build finished?")
    shutil.copyfile(source, target)
    # With its dates preserved, strip also leaves the time inside the file as the linker wrote it.
    msi_tables.run(f"{TRIPLET}-strip", "--strip-all", "--preserve-dates", target)
    sign(target)


def files_of(folder):
    """Paths below the folder, with forward slashes, in one order."""
    return sorted(str(p.relative_to(folder).as_posix()) for p in folder.rglob("*") if p.is_file())
