#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a plugin author gets for Windows: the SDK of this build alone, and a cross compiler, make plugins that work.

The SDK is installed from RJ_BUILD_ROOT into a folder of its own. An example, and what the generator makes, are
built in copies that know nothing but its pkg-config file and its cross file, and installed below the root of an
agent, which runs them in workers. TAP.
"""

import atexit
import functools
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import machine  # noqa: E402
import pe  # noqa: E402
import tap  # noqa: E402
import wine  # noqa: E402

SOURCE = pathlib.Path(__file__).resolve().parents[2]
ENTRY = "rj_plugin_entry_v1"
WINDOWS_OWN = {"kernel32.dll", "msvcrt.dll"}
# Its folder below the scratch folder, its id, and the file that is loaded.
HELLO = ("hello-check", "com.example.hello-check", "hello-check.dll")
CHECK = ("my-check", "org.example.my-check", "my-check.dll")
PACKAGE = ("my-package", "org.example.my-package", "my-package.dll")
ASKED_FOR = {"ID": "tool", "Format": "granted-tool", "Version": "1.0.0"}
TOOL = "org.example.granted-tool"
# The system's letters are not the manifest's; of the other program nothing is said.
TOOL_POLICY = {"Grant": ["spawn:c:/windows/System32/CMD.exe"]}


def run(*command, **options):
    """What the program prints; anything but exit code 0 is a failure with that."""
    done = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, timeout=120, **options)
    assert done.returncode == 0, f"{command}: exit code {done.returncode}\n{done.stdout}"
    return done.stdout


@functools.cache
def scratch():
    folder = tempfile.TemporaryDirectory(prefix="rj-author-")
    atexit.register(folder.cleanup)
    return pathlib.Path(folder.name)


@functools.cache
def sdk():
    """The installed SDK, below a prefix that is not the one it was built for."""
    run("meson", "install", "-C", wine.build_root(), "--no-rebuild", "--tags", "devel", "--destdir", scratch() / "sdk")
    return scratch() / "sdk/usr"


def environment():
    return {"PATH": os.environ["PATH"], "HOME": str(scratch()), "LANG": "C.UTF-8",
            "PKG_CONFIG_LIBDIR": str(sdk() / "share/pkgconfig")}


@functools.cache
def variable(name):
    return run("pkg-config", "--variable", name, "realmjoin-sdk", env=environment()).strip()


def variable_words(what):
    return run("pkg-config", what, "realmjoin-sdk", env=environment()).split()


@functools.cache
def root():
    """Three plugins, installed below it as on drive C:."""
    for tool in ("x86_64-w64-mingw32-gcc", "meson", "pkg-config"):
        if not shutil.which(tool):
            tap.skip(f"{tool} not installed")
    shutil.copytree(SOURCE / "examples/plugins/hello-check", scratch() / HELLO[0])
    for kind, (name, plugin, _) in (("check", CHECK), ("package", PACKAGE)):
        run(variable("new_plugin"), "--kind", kind, "--id", plugin, scratch() / name, env=environment())
    for name, _, _ in (HELLO, CHECK):
        build = scratch() / f"{name}-build"
        run("meson", "setup", "--cross-file", variable("cross_file"), build, scratch() / name, env=environment())
        run("meson", "install", "-C", build, "--tags", "runtime", "--destdir", scratch() / "root", env=environment())
    # The generator's build file is the same for both kinds: once is enough of what takes most of the time.
    by_hand(scratch() / PACKAGE[0] / "my_package.c", scratch() / PACKAGE[0] / "plugin.json", *PACKAGE[1:])
    add_tool()
    return scratch() / "root"


def by_hand(source, manifest, plugin, binary):
    folder = scratch() / "root/ProgramData/RealmJoin/plugins" / plugin
    folder.mkdir(parents=True)
    run("x86_64-w64-mingw32-gcc", "-shared", "-static", "-Wall", "-Wextra", "-Werror", *variable_words("--cflags"),
        source, "-o", folder / binary)
    run(variable("stamp_manifest"), manifest, folder / binary, folder / "plugin.json")
    return json.loads((folder / "plugin.json").read_text(encoding="utf-8"))


def add_tool():
    """A provider that asks for programs."""
    programs = ("C:/Windows/System32/cmd.exe", "C:/Windows/System32/hostname.exe", "/usr/bin/env")
    manifest = {"id": TOOL, "name": "Tool", "version": "1.0.0", "abi": 1, "provides": ["rj.package/1"],
                "formats": ["granted-tool"], "capabilities": [f"spawn:{program}" for program in programs]}
    (scratch() / "tool.json").write_text(json.dumps(manifest), encoding="utf-8")
    made = by_hand(SOURCE / "test/windows/fixtures/granted_tool_win32.c", scratch() / "tool.json", TOOL, "tool.dll")
    assert made["capabilities"] == manifest["capabilities"][:2], f"what Windows has no such path for is left out: {made}"


def folder_of(plugin):
    return root() / "ProgramData/RealmJoin/plugins" / plugin


def assert_finished(folder, binary):
    assert sorted(path.name for path in folder.iterdir()) == sorted([binary, "plugin.json"]), list(folder.iterdir())
    manifest = json.loads((folder / "plugin.json").read_text(encoding="utf-8"))
    assert manifest["id"] == folder.name and manifest["binary"] == binary, manifest
    assert manifest["sha256"] == hashlib.sha256((folder / binary).read_bytes()).hexdigest(), manifest
    assert manifest["capabilities"] == [], f"asked for on Windows: {manifest}"
    module = pe.read(folder / binary)
    assert module.exports == [ENTRY], module.exports
    assert set(module.imports) <= WINDOWS_OWN, module.imports
    for bit in (pe.DYNAMIC_BASE, pe.HIGH_ENTROPY_VA, pe.NX_COMPAT):
        assert module.characteristics & bit, hex(module.characteristics)


@tap.test(timeout=180)
def an_example_and_what_the_generator_makes_build_against_the_installed_sdk_alone():
    for _, plugin, binary in (HELLO, CHECK, PACKAGE):
        assert_finished(folder_of(plugin), binary)
    for name, _, _ in (HELLO, CHECK):
        read = run("ninja", "-C", scratch() / f"{name}-build", "-t", "deps")
        assert "realmjoin/plugin.h" in read and str(sdk()) in read, read
        assert str(SOURCE) not in read, f"it was built with files of the source tree:\n{read}"


@tap.test(timeout=60)
def the_commands_in_the_readme_of_the_first_example_make_the_same_folder(folder):
    text = (SOURCE / "examples/plugins/hello-check/README.md").read_text(encoding="utf-8")
    commands = next(block for block in re.findall(r"(?:^    \S.*\n)+", text, re.M) if "mingw32-gcc" in block)
    shutil.copytree(SOURCE / "examples/plugins/hello-check", folder / "hello")
    run("sh", "-ec", commands, cwd=folder / "hello", env=environment())
    assert_finished(folder / "hello" / HELLO[1], HELLO[2])


@tap.test(timeout=60)
def what_the_generator_makes_in_cxx_is_accepted_by_a_compiler_for_windows():
    if not shutil.which("clang++"):
        tap.skip("clang++ not installed")
    for kind, (name, plugin, _) in (("check", CHECK), ("package", PACKAGE)):
        folder = scratch() / f"{name}-cxx"
        run(variable("new_plugin"), "--kind", kind, "--language", "c++", "--id", plugin, folder, env=environment())
        run("clang++", "--target=x86_64-w64-windows-gnu", "-fsyntax-only", "-std=c++17", "-Wall", "-Wextra", "-Werror",
            *variable_words("--cflags"), *folder.glob("*.cpp"))


def version(it, number, text, digest=None):
    """The assignment of a file, with blank and umlaut in its path."""
    payload = it.feed / f"nöte {number}.txt"
    payload.write_text(text, encoding="utf-8")
    return {"ID": "note", "Format": "my-package", "Location": f"{it.feed_name()}\\{payload.name}", "Version": number,
            "Hash": digest or hashlib.sha256(payload.read_bytes()).hexdigest()}


def try_checks(it):
    found = {check["id"]: check for check in it.ask("check", "--refresh")["checks"]}
    assert found["hello"]["state"] == "ok", found
    assert found["hello"]["summary"] == "Guten Tag from a plugin.", found
    assert found["my-check"]["state"] == "unknown" and "nothing is looked at" in found["my-check"]["summary"], found


def try_packages(it, settings):
    placed = it.state / "plugin-state" / PACKAGE[1] / "note"
    assert it.realmjoin("install", "note").code == machine.OK, it.log()
    assert placed.read_text(encoding="utf-8") == "the first\n"
    for name, text, digest, code in (("wrong", "another\n", "0" * 64, machine.FAILED),
                                     ("2.0.0", "the second\n", None, machine.OK)):
        it.assign(version(it, "2.0.0", text, digest), ASKED_FOR, **settings)
        assert it.realmjoin("sync").code in (machine.OK, machine.FAILED), it.log()
        done = it.realmjoin("install", "note")
        assert done.code == code, (name, done, it.log())
        assert code == machine.OK or "SHA-256" in done.out + done.err, done
        assert placed.read_text(encoding="utf-8") == ("the first\n" if digest else text), name
    assert it.realmjoin("uninstall", "note").code == machine.OK, it.log()
    assert not placed.exists()
    done = it.realmjoin("install", "tool")
    assert "hostname.exe was not started: it is not granted" in done.out + done.err, done


@tap.test(timeout=240)
def an_agent_runs_them_in_workers_and_they_do_what_they_are_for():
    root()
    with machine.programs("author") as windows:
        shutil.copytree(root(), windows.drive_c / "r")
        it = windows.agent(windows.drive_c / "r")
        worker = windows.programs / "realmjoin-worker.exe"
        windows.place(worker, it.root / "Program Files/RealmJoin" / worker.name)
        settings = {"Plugins": {HELLO[1]: {"Settings": {"Greeting": "Guten Tag"}}, TOOL: TOOL_POLICY}}
        it.assign(version(it, "1.0.0", "the first\n"), ASKED_FOR, **settings)
        it.start()
        it.wait_idle()
        try_checks(it)
        try_packages(it, settings)
        plugins = {plugin["id"]: plugin for plugin in it.ask("plugin", "list")["plugins"]}
        for _, plugin, _ in (HELLO, CHECK, PACKAGE):
            assert plugins[plugin]["state"] == "ready" and plugins[plugin]["isolation"] == "worker", plugins[plugin]
        it.kill()


if __name__ == "__main__":
    tap.main()
