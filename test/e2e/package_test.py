#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bad packages: one clear error each, nothing half installed, and the service stays up."""

import io
import json
import os
import pathlib
import stat
import subprocess
import sys
import time
import warnings
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import agent
import tap

NUSPEC = ('<?xml version="1.0"?><package><metadata><id>{0}</id><version>1.0.0</version><authors>a</authors>'
          "<description>d</description></metadata></package>")


def bare(name, *entries, nuspec=True):
    """The bytes of a package with these (name or ZipInfo, content) entries."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # duplicate names are meant
        if nuspec:
            archive.writestr(f"{name}.nuspec", NUSPEC.format(name))
        for entry, content in entries:
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def link_entry(name):
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1:]


def patch_all(data, old, new):
    assert old in data
    return data.replace(old, new)


def encrypted(data):
    """Sets bit 0 of the flags in every header."""
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data = data[:at + offset] + bytes([data[at + offset] | 1]) + data[at + offset + 1:]
            at = data.find(signature, at + 4)
    return data


def bomb():
    return bare("bad", ("content/zeros.bin", bytes(64 << 20)))


def bad_crc():
    data = bare("bad", ("content/text.txt", bytes(range(256)) * 64))
    marker = data.find(b"content/text.txt")
    return flipped(data, marker + len("content/text.txt") + 40)


DTD = ('<?xml version="1.0"?><!DOCTYPE p [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
       "<package><metadata><id>bad</id><version>1.0.0</version><authors>&b;</authors>"
       "<description>d</description></metadata></package>")

# what is wrong, the package's bytes, a word that the error must hold
BAD_PACKAGES = (
    ("a name that climbs out", lambda: bare("bad", ("../../evil.txt", "x")), ".."),
    ("an absolute name", lambda: bare("bad", ("//etc/evil.txt", "x")), "name"),
    ("a drive letter", lambda: bare("bad", ("C:/evil.txt", "x")), "C:"),
    ("backslashes", lambda: patch_all(bare("bad", ("content#evil.txt", "x")), b"content#evil", b"content\\evil"), "\\"),
    ("a symbolic link", lambda: bare("bad", (link_entry("content/link"), "/etc/passwd")), "link"),
    ("two entries of one name", lambda: bare("bad", ("content/a.txt", "1"), ("content/a.txt", "2")), "a.txt"),
    ("names equal but for case", lambda: bare("bad", ("content/a.txt", "1"), ("content/A.TXT", "2")), "A.TXT"),
    ("a bomb", bomb, "more than 200 times"),
    ("a truncated archive", lambda: bare("bad", ("content/a.txt", "x" * 5000))[:-30], "bad.1.0.0.nupkg"),
    ("a wrong checksum", bad_crc, "text.txt"),
    ("encryption", lambda: encrypted(bare("bad", ("content/a.txt", "x"))), "encrypt"),
    ("no nuspec", lambda: bare("bad", ("content/a.txt", "x"), nuspec=False), "nuspec"),
    ("two nuspecs", lambda: bare("bad", ("other.nuspec", NUSPEC.format("bad"))), "nuspec"),
    ("a nuspec with a DTD", lambda: bare("bad", ("bad.nuspec", DTD), nuspec=False), "DTD"),
    ("an empty file", lambda: b"", "bad.1.0.0.nupkg"),
)


def assert_untouched(it):
    library = it.state / "chocolatey/lib"
    there = [p.name for p in library.iterdir() if not p.name.startswith(".realmjoin")] if library.exists() else []
    assert not there, there
    assert not (it.root / "evil.txt").exists() and not pathlib.Path("/etc/evil.txt").exists()


def assert_one_clear_error(result, word):
    text = result.stdout + result.stderr
    assert result.returncode not in (agent.OK, agent.NO_SERVICE), text
    assert word.lower() in text.lower(), f"{word!r} is not in: {text}"


@tap.test(timeout=120)
def every_bad_archive_is_refused_by_name_and_leaves_nothing(folder):
    with agent.Agent(folder) as it:
        it.assign({"ID": "bad", "Format": "nuget", "Version": "1.0.0"}, it.nupkg("good"))
        it.start()
        it.wait_idle()
        for what, make, word in BAD_PACKAGES:
            (it.feed / "bad.1.0.0.nupkg").write_bytes(make())
            result = it.realmjoin("install", "bad")
            try:
                assert_one_clear_error(result, word)
                assert_untouched(it)
            except AssertionError as why:
                raise AssertionError(f"{what}: {why}") from why
        good = it.realmjoin("install", "good")
        assert good.returncode == agent.OK, good


@tap.test(timeout=30)
def a_zip64_archive_installs(folder):
    with agent.Agent(folder) as it:
        path = it.feed / "large.1.0.0.nupkg"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("large.nuspec", NUSPEC.format("large"))
            with archive.open("content/a.txt", "w", force_zip64=True) as member:
                member.write(b"64 bits\n")
        it.assign({"ID": "large", "Format": "nuget", "Version": "1.0.0"})
        it.start()
        it.wait_idle()
        result = it.realmjoin("install", "large")
        assert result.returncode == agent.OK, result
        assert (it.state / "chocolatey/lib/large/content/a.txt").read_text() == "64 bits\n"


@tap.test(timeout=30)
def a_hash_that_does_not_match_stops_both_formats(folder):
    with agent.Agent(folder) as it:
        wrong = "0" * 64
        it.assign(it.nupkg("tool", install='touch "$RJ_Root/ran"', Hash=wrong),
                  dict(it.craft("card", install='touch "$RJ_Root/ran"'), Hash=wrong))
        it.start()
        it.wait_idle()
        for name in ("tool", "card"):
            assert_one_clear_error(it.realmjoin("install", name), "sha-256")
        assert not (it.root / "ran").exists()
        assert_untouched(it)


@tap.test(timeout=60)
def a_full_disk_in_mid_extraction_leaves_the_former_version(folder):
    with agent.Agent(folder) as it:
        library = it.state / "chocolatey"
        library.mkdir(parents=True)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m,nr_inodes=60,mode=755", "tmpfs", library], check=False,
                          stderr=subprocess.DEVNULL).returncode:
            tap.skip("a small file system cannot be mounted here")
        try:
            it.assign(it.nupkg("tool", files={"content/a.txt": "one"}))
            it.start()
            it.wait_idle()
            assert it.realmjoin("install", "tool").returncode == agent.OK
            # There is room for the bytes, but not for so many files: it ends in the middle.
            it.assign(it.nupkg("tool", files={f"content/{n}.txt": "two" for n in range(500)}, version="2.0.0"),
                      it.nupkg("huge", files={"content/big.bin": os.urandom(12 << 20).hex()}))
            agent.wait_until(lambda: it.package("tool", version="2.0.0"))
            assert_one_clear_error(it.realmjoin("upgrade", "tool"), "space")
            assert_one_clear_error(it.realmjoin("install", "huge"), "free")
            assert (library / "lib/tool/content/a.txt").read_text() == "one"
            assert [p.name for p in (library / "lib").iterdir() if not p.name.startswith(".realmjoin")] == ["tool"]
            assert it.package("tool", installed_version="1.0.0")
        finally:
            it.stop()
            subprocess.run(["umount", library], check=True)


# script of a craft, word of the error; None: it must work
SCRIPTS = (
    ("exit 7", "7"),
    ("echo the reason is here >&2; exit 1", "the reason is here"),
    ("kill -9 $$", "signal"),
    ("exit 0", None),
)


@tap.test(timeout=60)
def a_script_that_fails_is_reported_with_its_code_and_last_words(folder):
    with agent.Agent(folder) as it:
        crafts = [it.craft(f"script-{n}", install=text) for n, (text, _) in enumerate(SCRIPTS)]
        it.assign(*crafts)
        it.start()
        it.wait_idle()
        for n, (_, word) in enumerate(SCRIPTS):
            result = it.realmjoin("install", f"script-{n}")
            if word is None:
                assert result.returncode == agent.OK, result
            else:
                assert_one_clear_error(result, word)


@tap.test(timeout=30)
def a_craft_without_its_script_is_refused(folder):
    with agent.Agent(folder) as it:
        it.assign(it.craft("empty", install=None, files={"readme.txt": "nothing to run"}))
        it.start()
        it.wait_idle()
        assert_one_clear_error(it.realmjoin("install", "empty"), "rj_install.sh")


@tap.test(timeout=30)
def a_script_that_cannot_be_executed_is_named(folder):
    with agent.Agent(folder) as it:
        path = it.feed / "tool.1.0.0.nupkg"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("tool.nuspec", NUSPEC.format("tool"))
            archive.writestr("tools/install.sh", "not a script")
        it.assign({"ID": "tool", "Format": "nuget", "Version": "1.0.0"})
        it.start()
        it.wait_idle()
        assert_one_clear_error(it.realmjoin("install", "tool"), "install.sh")
        assert_untouched(it)


@tap.test(timeout=60)
def a_hanging_script_is_killed_with_its_whole_tree_at_its_time_limit(folder):
    with agent.Agent(folder) as it:
        pids = it.root / "pids"
        script = f"echo $$ >> {pids}; setsid sh -c 'echo $$ >> {pids}; exec sleep 300' & sleep 300"
        it.assign(it.craft("slow", install=script, TimeLimit="00:00:02"))
        it.start()
        it.wait_idle()
        begin = time.monotonic()
        assert_one_clear_error(it.realmjoin("install", "slow"), "time")
        assert time.monotonic() - begin < 15
        for pid in pids.read_text().split():
            agent.wait_until(lambda p=pid: not pathlib.Path(f"/proc/{p}").exists(), timeout=3)


@tap.test(timeout=60)
def a_daemon_that_a_script_leaves_behind_is_ended_and_the_install_succeeds(folder):
    with agent.Agent(folder) as it:
        pid = it.root / "daemon.pid"
        script = f"setsid sh -c 'echo $$ > {pid}; exec sleep 300' > /dev/null 2>&1 &\nwhile [ ! -s {pid} ]; do sleep 0.05; done"
        it.assign(it.craft("daemon", install=script))
        it.start()
        it.wait_idle()
        begin = time.monotonic()
        assert it.realmjoin("install", "daemon").returncode == agent.OK
        assert time.monotonic() - begin < 10
        agent.wait_until(lambda: not pathlib.Path(f"/proc/{pid.read_text().strip()}").exists(), timeout=3)


@tap.test(timeout=60)
def a_restart_that_a_script_wants_is_remembered_and_nothing_restarts(folder):
    with agent.Agent(folder) as it:
        it.assign(it.craft("restart", install="exit 194"), it.craft("other"))
        it.start()
        it.wait_idle()
        assert it.realmjoin("install", "restart").returncode == agent.OK
        assert it.package("restart", state="installed")["restart_pending"] is True
        assert it.realmjoin("install", "other").returncode == agent.OK


@tap.test(timeout=30)
def a_feed_that_cannot_be_read_is_not_a_missing_package(folder):
    with agent.Agent(folder) as it:
        it.assign({"ID": "tool", "Format": "nuget", "Version": "1.0.0"},
                  Chocolatey={"Sources": [{"Name": "gone", "Source": str(it.root / "no/such/feed")}]})
        it.start()
        it.wait_idle()
        assert_one_clear_error(it.realmjoin("install", "tool"), "no/such/feed")


@tap.test(timeout=30)
def a_feed_that_the_user_may_not_read_is_named_and_the_service_stays_up(folder):
    with agent.Agent(folder) as it:
        agent.give_home(it, "nobody")
        it.assign(it.nupkg("mine", Scope="user"), it.nupkg("tool"))
        it.start()
        it.wait_idle()
        it.feed.chmod(0o700)
        assert_one_clear_error(it.realmjoin("install", "mine", user="nobody"), str(it.feed))
        assert it.realmjoin("install", "tool").returncode == agent.OK
        it.feed.chmod(0o755)
        assert it.realmjoin("install", "mine", user="nobody").returncode == agent.OK


@tap.test(timeout=60)
def a_failure_is_tried_twice_and_then_waits_with_its_reason(folder):
    with agent.Agent(folder) as it:
        runs = it.root / "runs"
        it.assign(it.craft("broken", install=f"echo run >> {runs}; exit 9", Mandatory=True))
        it.start()
        it.wait_idle()
        for _ in range(4):
            it.realmjoin("sync")
        assert len(runs.read_text().split()) == 2, runs.read_text()
        package = it.package("broken", verdict="held")
        assert "9" in json.dumps(package), package
        why = it.realmjoin("why", "broken").stdout
        assert "given up" in why and "realmjoin install broken" in why, why
        it.realmjoin("install", "broken")
        assert len(runs.read_text().split()) == 3
        it.assign(it.craft("broken", install=f"echo run >> {runs}", version="1.0.1", Mandatory=True))
        it.package("broken", state="installed", installed_version="1.0.1")


tap.main()
