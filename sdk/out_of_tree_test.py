#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a plugin author gets: the installed SDK alone makes plugins that the agent loads and that work.

The SDK is installed from RJ_BUILD_ROOT into a folder of its own; the examples, and what the generator
makes, are built in copies that know nothing but its pkg-config file.  Then each is put into an agent
as a third-party plugin, in every placement there is, and does what it is for.
"""

import atexit
import fcntl
import functools
import hashlib
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SOURCE / "test/support"), str(SOURCE / "sdk/abi")]
import agent  # noqa: E402
import exports_gate  # noqa: E402
import tap  # noqa: E402

BUILD = pathlib.Path(os.environ.get("RJ_BUILD_ROOT", "build/release"))
COMPILERS = {"c": ("gcc", "clang"), "c++": ("g++", "clang++")}
EXAMPLES = {"hello-check": "c", "package-deb": "c", "uptime-cpp": "c++"}
PLACEMENTS = ("in-process", "worker")
GENERATED = [(kind, language) for kind in ("check", "package") for language in ("c", "c++")]


def run(*command, fails=False, **options):
    """The finished program; its output is in the failure if it ended otherwise than expected."""
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)
    assert (done.returncode != 0) == fails, f"{command}: exit code {done.returncode}\n{done.stdout}"
    return done


# ---- Building with what is installed


@functools.lru_cache(maxsize=None)
def scratch():
    """One folder for the whole program, outside of source and build."""
    folder = tempfile.TemporaryDirectory(prefix="rj-sdk-")
    atexit.register(folder.cleanup)
    return pathlib.Path(folder.name)


@functools.lru_cache(maxsize=None)
def sdk():
    """The installed SDK, below a prefix that is not the one it was built for."""
    staged = scratch() / "staged"
    run("meson", "install", "-C", BUILD, "--no-rebuild", "--tags", "devel,worker", "--destdir", staged)
    (staged / "usr").rename(scratch() / "sdk")
    return scratch() / "sdk"


def environment(**changes):
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(scratch()),
        "LANG": "C.UTF-8",
        "PKG_CONFIG_LIBDIR": str(sdk() / "share/pkgconfig"),
        **changes,
    }


def sdk_variable(name):
    return run("pkg-config", "--variable", name, "realmjoin-sdk", env=environment()).stdout.strip()


def generate(folder, kind, language, *arguments, fails=False):
    return run(
        sdk_variable("new_plugin"), "--kind", kind, "--language", language, *arguments, folder, fails=fails, env=environment()
    )


@functools.lru_cache(maxsize=None)
def source(name):
    """A copy of an example, or a generated plugin, named "KIND in LANGUAGE"."""
    folder = scratch() / "source" / name.replace(" ", "-")
    folder.parent.mkdir(exist_ok=True)
    if name in EXAMPLES:
        shutil.copytree(SOURCE / "examples/plugins" / name, folder)
    else:
        kind, _, language = name.split()
        generate(folder, kind, language, "--id", f"org.example.my-{kind}", "--offers", f"my-{kind}")
    return folder


@functools.lru_cache(maxsize=None)
def built(name, compiler=None):
    """The folder with the finished plugin.json and its binary."""
    language = EXAMPLES.get(name) or name.split()[2]
    compiler = compiler or COMPILERS[language][0]
    if not shutil.which(compiler) or not shutil.which("meson"):
        tap.skip(f"{compiler} or meson is not installed")
    folder = scratch() / f"{name.replace(' ', '-')}-{compiler}"
    env = environment(**{"CC" if language == "c" else "CXX": compiler})
    run("meson", "setup", folder, source(name), env=env)
    run("meson", "compile", "-C", folder, env=env)
    return folder


def manifest_of(folder):
    return json.loads((folder / "plugin.json").read_text())


def assert_good_build(name, compiler):
    folder = built(name, compiler)
    commands = json.loads((folder / "compile_commands.json").read_text())
    for flag in ("-Wall", "-Wextra", "-Werror"):
        assert all(flag in command["command"].split() for command in commands), flag
    read = run("ninja", "-C", folder, "-t", "deps").stdout
    assert "realmjoin/plugin.h" in read and str(sdk()) in read
    assert str(SOURCE) not in read, f"it was built with files of the source tree:\n{read}"
    binary = folder / manifest_of(folder)["binary"]
    assert manifest_of(folder)["sha256"] == hashlib.sha256(binary.read_bytes()).hexdigest()
    faults = exports_gate.faults(str(binary))
    assert not faults, "\n".join(faults)


def register_builds():
    names = list(EXAMPLES) + [f"{kind} in {language}" for kind, language in GENERATED]
    for name in names:
        language = EXAMPLES.get(name) or name.split()[2]
        for compiler in COMPILERS[language]:

            def builds(name=name, compiler=compiler):
                assert_good_build(name, compiler)

            what = name if name in EXAMPLES else f"a generated {name}"
            builds.__name__ = f"{what} builds against the installed SDK alone with {compiler}"
            tap.test(timeout=120)(builds)


def code_lines(path):
    """Lines that are neither blank nor comment."""
    token = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.S)
    text = token.sub(lambda match: match[0] if match[0][0] == '"' else "", path.read_text())
    return sum(1 for line in text.splitlines() if line.strip())


@tap.test()
def the_examples_are_as_short_as_promised():
    for name, limit in {"hello-check": 30, "package-deb": 200}.items():
        sources = (SOURCE / "examples/plugins" / name).glob("*.[ch]")
        lines = sum(code_lines(path) for path in sources)
        assert 10 < lines <= limit, f"{name} has {lines} lines of code, {limit} are promised"


@tap.test(timeout=60)
def the_commands_in_the_readme_build_the_first_example(folder):
    shutil.copytree(SOURCE / "examples/plugins/hello-check", folder / "hello")
    text = (folder / "hello/README.md").read_text()
    commands = re.search(r"(?:^    \S.*\n)+", text, re.M)[0]
    assert commands.count("\n") == 3 and "cc -shared" in commands, commands
    run("sh", "-ec", commands, cwd=folder / "hello", env=environment())
    made = folder / "hello/com.example.hello-check"
    assert manifest_of(made)["binary"] == "hello-check.so"
    assert not exports_gate.faults(str(made / "hello-check.so"))


@tap.test(timeout=20)
def a_manifest_asks_for_what_its_system_has_alone(folder):
    asked = ["spawn:/usr/bin/x", "spawn:C:/x/x.exe", "read:/etc/x", "read:d:\\x", "network:internet", "spawn"]
    (folder / "source.json").write_text(json.dumps({"id": "x", "capabilities": asked}))
    for name, content, kept in (("x.so", b"\x7fELF", [0, 2, 4, 5]), ("x.dll", b"MZ", [1, 3, 4, 5])):
        (folder / name).write_bytes(content)
        run(sdk_variable("stamp_manifest"), folder / "source.json", folder / name, folder / "plugin.json")
        assert manifest_of(folder)["capabilities"] == [asked[n] for n in kept], manifest_of(folder)
        assert manifest_of(folder)["binary"] == name


# ---- The generator


REFUSED = {
    "an id in capitals": (["--id", "Com.Example.thing"], "expected lower-case words"),
    "an id without a dot": (["--id", "thing"], "com.example.thing"),
    "an id that leads out of its folder": (["--id", "com.example/../x"], "expected lower-case words"),
    "an id that is too long": (["--id", "com." + "x" * 61], "at most 64"),
    "a check of bad form": (["--id", "com.example.x", "--offers", "a b"], "--offers"),
    "a name of two lines": (["--id", "com.example.x", "--name", "a\nb"], "one line"),
}


def register_refusals():
    for what, (arguments, expected) in REFUSED.items():

        def refused(folder, arguments=tuple(arguments), expected=expected):
            done = generate(folder / "new", "check", "c", *arguments, fails=True)
            assert expected in done.stdout and "Traceback" not in done.stdout, done.stdout
            assert not (folder / "new").exists()

        refused.__name__ = f"the generator refuses {what}"
        tap.test(timeout=20)(refused)


@tap.test(timeout=20)
def the_generator_overwrites_nothing(folder):
    (folder / "mine").mkdir()
    (folder / "mine/plugin.json").write_text("precious")
    done = generate(folder / "mine", "check", "c", "--id", "com.example.x", fails=True)
    assert "exists already" in done.stdout, done.stdout
    assert (folder / "mine/plugin.json").read_text() == "precious"
    done = generate(folder / "none/below", "check", "c", "--id", "com.example.x", fails=True)
    assert "make it first" in done.stdout, done.stdout


@tap.test(timeout=20)
def the_generator_says_what_to_do_next(folder):
    done = generate(folder / "new", "package", "c++", "--id", "com.example.some-tool")
    for words in ("meson setup build", "rj-validate build", "some_tool.cpp", "README.md"):
        assert words in done.stdout, done.stdout
    left = [path for path in (folder / "new").iterdir() if re.search(r"@[A-Z]+@", path.read_text().replace("@INPUT", "").replace("@OUTPUT@", ""))]
    assert not left, f"not filled in: {left}"
    made = manifest_of(folder / "new")
    assert (made["id"], made["name"], made["formats"]) == ("com.example.some-tool", "Some tool", ["some-tool"])


# ---- In an agent


def place(it, folder, placement):
    """Puts the finished plugin where third-party ones are looked for; its policy section."""
    manifest = manifest_of(folder)
    target = it.root / "opt/realmjoin/plugins" / manifest["id"]
    target.mkdir(parents=True)
    shutil.copy(folder / manifest["binary"], target)
    manifest["isolation"] = placement
    (target / "plugin.json").write_text(json.dumps(manifest))
    return manifest["id"], {"Grant": manifest["capabilities"], "Isolation": placement}


def in_each_placement(timeout=40):
    """One test for each placement; the function's name stands for the rest of the sentence."""

    def register(function):
        for placement in PLACEMENTS:

            def placed(folder, placement=placement):
                function(folder, placement)

            placed.__name__ = f"{function.__name__}_{'in_a_worker' if placement == 'worker' else 'in_the_agent'}"
            tap.test(timeout=timeout)(placed)

    return register


def checked(it, name):
    """The check's document, looked at anew."""
    return it.call("check", id=name, refresh=True)["checks"][0]


def with_plugin(folder, name, placement, *packages, root_files=None, **settings):
    """An agent, not started, that has the plugin and its policy."""
    it = agent.Agent(folder)
    plugin, section = place(it, built(name), placement)
    for path, text in (root_files or {}).items():
        (it.root / path).parent.mkdir(parents=True, exist_ok=True)
        (it.root / path).write_text(text)
    it.plugin_policy = {plugin: {**section, "Settings": settings}}
    it.assign(*packages, Plugins=it.plugin_policy)
    return it


def make_open(folder):
    """A worker's account has to reach what lies below."""
    folder.mkdir()
    folder.chmod(0o755)
    folder.parent.chmod(0o755)


def change_settings(it, **settings):
    (plugin, section), *_ = it.plugin_policy.items()
    it.assign(Plugins={plugin: {**section, "Settings": settings}})
    it.realmjoin("sync")


@in_each_placement()
def hello_check_answers(folder, placement):
    with with_plugin(folder, "hello-check", placement) as it:
        it.start()
        shown = it.realmjoin("check", "hello", "--verbose", "--refresh")
        assert shown.returncode == agent.OK and "Hello from a plugin." in shown.stdout, shown
        assert "com.example.hello-check" in shown.stdout
        about = json.loads(it.realmjoin("plugin", "info", "com.example.hello-check", "--json").stdout)
        assert about["isolation"] == placement and about["state"] == "ready", about
        change_settings(it, Greeting="Good morning")
        assert checked(it, "hello")["summary"] == "Good morning from a plugin."
        change_settings(it, Greeting="x" * 64)
        assert checked(it, "hello")["state"] == "unknown"


@in_each_placement()
def uptime_cpp_judges_what_stands_there(folder, placement):
    with with_plugin(folder, "uptime-cpp", placement, root_files={"proc/uptime": "86400.50 1.0\n"}, MaxDays=2) as it:
        it.start()
        assert checked(it, "recent-restart")["state"] == "ok"
        change_settings(it, MaxDays="two")
        found = checked(it, "recent-restart")
        assert found["state"] == "unknown" and "MaxDays" in found["evidence"][0]["found"], found
        change_settings(it, MaxDays=1)
        (it.root / "proc/uptime").write_text("200000.00 1.0\n")
        found = checked(it, "recent-restart")
        assert found["state"] == "not-met" and found["remedy"] == "Restart the device.", found
        for nonsense in ("-5 1\n", "nan 1\n", "soon\n", ""):
            (it.root / "proc/uptime").write_text(nonsense)
            assert checked(it, "recent-restart")["state"] == "unknown", nonsense
        (it.root / "proc/uptime").unlink()
        assert checked(it, "recent-restart")["state"] == "unknown"


@in_each_placement()
def uptime_cpp_does_not_believe_a_counter_that_stands_still(folder, placement):
    with with_plugin(folder, "uptime-cpp", placement, root_files={"proc/uptime": "100.00 1\n"}, WatchSeconds=1) as it:
        it.start()
        found = checked(it, "recent-restart")
        assert found["state"] == "unknown" and "does not run" in found["evidence"][0]["means"], found


@in_each_placement()
def uptime_cpp_ends_early_when_the_agent_stops(folder, placement):
    with with_plugin(folder, "uptime-cpp", placement, root_files={"proc/uptime": "100.00 1\n"}, WatchSeconds=600) as it:
        it.start()
        asking = it.spawn("check", "recent-restart", "--refresh")
        time.sleep(1)
        begun = time.monotonic()
        it.stop()
        asking.communicate(timeout=20)
        assert time.monotonic() - begun < 4, "the watching was not broken off"


@in_each_placement()
def a_generated_check_says_that_it_knows_nothing(folder, placement):
    for language in ("c", "c++"):
        make_open(folder / language)
        with with_plugin(folder / language, f"check in {language}", placement) as it:
            it.start()
            found = checked(it, "my-check")
            assert found["state"] == "unknown" and "nothing is looked at" in found["summary"], found


@in_each_placement(timeout=60)
def a_generated_provider_installs_and_removes_a_file(folder, placement):
    for language in ("c", "c++"):
        make_open(folder / language)
        with with_plugin(folder / language, f"package in {language}", placement) as it:
            payload = it.feed / "note.txt"
            payload.write_text("take note\n")
            wanted = {"ID": "note", "Format": "my-package", "Location": str(payload), "Version": "1.0.0"}
            wanted["Hash"] = hashlib.sha256(payload.read_bytes()).hexdigest()
            it.assign(wanted, Plugins=it.plugin_policy)
            it.start()
            assert it.realmjoin("install", "note").returncode == agent.OK
            placed = it.state / "plugins/org.example.my-package/note"
            assert placed.read_text() == "take note\n"
            assert it.realmjoin("uninstall", "note").returncode == agent.OK
            assert not placed.exists()
            it.assign({**wanted, "Hash": "0" * 64}, Plugins=it.plugin_policy)
            it.realmjoin("sync")
            refused = it.realmjoin("install", "note")
            assert refused.returncode == agent.FAILED and "SHA-256" in refused.stdout + refused.stderr, refused
            assert not placed.exists()


# ---- Debian packages, for real, in a system below the agent's root


def deb(it, name="rj-tool", version="1.0.0", depends=None, files=None, **scripts):
    """Builds a package into the feed; its assignment."""
    tree = it.folder / "debs" / f"{name}_{version}"
    control = f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: t <t@example.com>\n"
    control += f"Depends: {depends}\n" if depends else ""
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(control + "Description: test\n")
    for script, text in scripts.items():
        (tree / "DEBIAN" / script).write_text(f"#!/bin/sh\n{text}\n")
        (tree / "DEBIAN" / script).chmod(0o755)
    for path, text in (files or {f"usr/share/{name}/version": version}).items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    target = it.feed / f"{name}_{version}.deb"
    run("dpkg-deb", "--root-owner-group", "--build", tree, target)
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    return {"ID": name, "Format": "deb", "Location": target.name, "Version": version, "Hash": digest}


def deb_agent(folder, placement):
    if not shutil.which("dpkg-deb"):
        tap.skip("dpkg is not installed")
    it = with_plugin(folder, "package-deb", placement)
    database = it.root / "var/lib/dpkg"
    for name in ("info", "updates"):
        (database / name).mkdir(parents=True)
    for name in ("status", "available"):
        (database / name).touch()
    return it


def assign_debs(it, *packages):
    it.assign(*packages, Plugins=it.plugin_policy)
    if it.service:
        it.realmjoin("sync")


def dpkg_says(it, name="rj-tool"):
    done = subprocess.run(
        ["dpkg-query", f"--root={it.root}", "--show", "--showformat=${db:Status-Status} ${Version}", name],
        capture_output=True, text=True, check=False,
    )
    return done.stdout.strip()


def refusal(done):
    assert done.returncode == agent.FAILED, done
    return done.stdout + done.stderr


@in_each_placement(timeout=60)
def a_deb_is_installed_upgraded_and_removed(folder, placement):
    with deb_agent(folder, placement) as it:
        assign_debs(it, deb(it))
        it.start()
        done = it.realmjoin("install", "rj-tool")
        assert done.returncode == agent.OK, done
        assert dpkg_says(it) == "installed 1.0.0"
        assert (it.root / "usr/share/rj-tool/version").read_text() == "1.0.0"
        assert it.package("rj-tool")["installed_version"] == "1.0.0"
        assign_debs(it, {**deb(it, version="1.1.0"), "AutoUpgrade": True, "Mandatory": True})
        it.wait_idle()
        assert dpkg_says(it) == "installed 1.1.0"
        assign_debs(it, deb(it, version="1.1.1"))
        assert it.realmjoin("uninstall", "rj-tool").returncode == agent.OK
        assert not dpkg_says(it).startswith("installed")
        assert not (it.root / "usr/share/rj-tool/version").exists()
        logs = list((it.log_path.parent / "packages").rglob("*rj-tool*install.log"))
        assert any("Setting up rj-tool" in path.read_text() for path in logs), logs


@in_each_placement()
def a_deb_with_another_hash_or_name_changes_nothing(folder, placement):
    with deb_agent(folder, placement) as it:
        good = deb(it)
        assign_debs(it, {**good, "Hash": "0" * 64}, {**good, "ID": "other"}, {**good, "ID": "newer", "Package": "rj-tool", "Version": "2.0.0"})
        it.start()
        assert "SHA-256" in refusal(it.realmjoin("install", "rj-tool"))
        assert "the file holds rj-tool 1.0.0" in refusal(it.realmjoin("install", "other"))
        assert "wanted is rj-tool 2.0.0" in refusal(it.realmjoin("install", "newer"))
        assert dpkg_says(it) == ""


@in_each_placement()
def a_deb_whose_dependency_is_missing_is_not_touched(folder, placement):
    with deb_agent(folder, placement) as it:
        assign_debs(it, deb(it, depends="rj-absent"))
        it.start()
        text = refusal(it.realmjoin("install", "rj-tool"))
        assert "rj-absent" in text, text
        assert dpkg_says(it) == "" and not (it.root / "usr/share/rj-tool").exists()


@in_each_placement()
def a_deb_that_fails_to_configure_is_undone(folder, placement):
    with deb_agent(folder, placement) as it:
        assign_debs(it, deb(it, postinst='echo "no luck"; exit 7'))
        it.start()
        text = refusal(it.realmjoin("install", "rj-tool"))
        assert "no luck" in text or "exit status 7" in text, text
        assert not (it.root / "usr/share/rj-tool/version").exists()
        assert "installed" not in dpkg_says(it).split(" ")[0:1]


@in_each_placement(timeout=60)
def an_upgrade_that_fails_leaves_the_former_version(folder, placement):
    with deb_agent(folder, placement) as it:
        assign_debs(it, deb(it))
        it.start()
        assert it.realmjoin("install", "rj-tool").returncode == agent.OK
        assign_debs(it, {**deb(it, version="2.0.0", postinst="exit 1"), "AllowReinstall": True})
        text = refusal(it.realmjoin("install", "rj-tool"))
        assert "undone" in text and "not undone" not in text, text
        assert dpkg_says(it) == "installed 1.0.0"
        assert (it.root / "usr/share/rj-tool/version").read_text() == "1.0.0"


@in_each_placement()
def a_locked_package_database_is_no_failed_try(folder, placement):
    with deb_agent(folder, placement) as it:
        assign_debs(it, deb(it))
        it.start()
        with open(it.root / "var/lib/dpkg/lock", "w", encoding="ascii") as lock:
            fcntl.fcntl(lock, fcntl.F_SETLK, struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0))
            text = refusal(it.realmjoin("install", "rj-tool"))
        assert "at work elsewhere" in text, text
        assert it.realmjoin("install", "rj-tool").returncode == agent.OK


@in_each_placement(timeout=90)
def an_install_that_was_killed_is_put_right_at_the_next_start(folder, placement):
    with deb_agent(folder, placement) as it:
        slow = 'touch "$DPKG_ROOT/started"; [ -e "$DPKG_ROOT/again" ] || sleep 60'
        assign_debs(it, deb(it, postinst=slow))
        it.start()
        asking = it.spawn("install", "rj-tool")
        agent.wait_until((it.root / "started").exists, timeout=20)
        it.kill()
        asking.communicate(timeout=20)
        agent.wait_until(lambda: not dpkg_runs(it), timeout=10)
        assert dpkg_says(it).split()[0] in ("half-configured", "unpacked"), dpkg_says(it)
        (it.root / "again").touch()
        it.start()
        agent.wait_until(lambda: dpkg_says(it) == "installed 1.0.0", timeout=30)


def dpkg_runs(it):
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"dpkg") and f"--root={it.root}".encode() in words:
            return True
    return False


@in_each_placement()
def without_a_grant_a_deb_is_refused_with_what_to_do(folder, placement):
    with deb_agent(folder, placement) as it:
        (plugin, section), *_ = it.plugin_policy.items()
        it.plugin_policy = {plugin: {**section, "Grant": []}}
        assign_debs(it, deb(it))
        it.start()
        done = it.realmjoin("install", "rj-tool")
        assert done.returncode != agent.OK and "Grant" in it.log(), done
        assert dpkg_says(it) == ""


# ---- With the validator


@functools.lru_cache(maxsize=None)
def a_file_to_install():
    """A request that a generated provider can really fulfil."""
    payload, path = scratch() / "note.txt", scratch() / "request.json"
    payload.write_text("take note\n")
    digest = hashlib.sha256(payload.read_bytes()).hexdigest()
    path.write_text(json.dumps({"package": "note", "location": str(payload), "version": "1.0.0", "hash": digest}))
    return path


def register_validations():
    names = list(EXAMPLES) + [f"{kind} in {language}" for kind, language in GENERATED]
    for name in names:

        def validated(name=name):
            request = ["--request", a_file_to_install()] if name.startswith("package in") else []
            done = run(sdk() / "bin/rj-validate", "--jobs", "1", "--placement", "both", *request, built(name))
            assert re.search(r"[1-9]\d* passed, 0 failed", done.stdout), done.stdout

        validated.__name__ = f"rj-validate finds nothing wrong with {name}"
        tap.test(timeout=180)(validated)


def main():
    register_builds()
    register_refusals()
    register_validations()
    tap.main()


if __name__ == "__main__":
    main()
