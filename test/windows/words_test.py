#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the command line says to a person of Windows names nothing that only other systems have; TAP."""

import json
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402
import wine  # noqa: E402

BUILD = wine.build_root()
PROGRAM, SERVICE = (rf"C:\rj\Program Files\RealmJoin\{name}.exe" for name in ("realmjoin", "realmjoinservice"))
ROOT = ["--root", r"C:\rj"]
FOREIGN = re.compile(r"(?<!--)\broot\b|\bsudo\b|\(\d\)|(?<=[ \"(])/[a-z]|\buid \d|\b[A-Z]:/")
POLICY = {"SoftwarePackages": [{"ID": "mine", "Name": "Mine", "Scope": "user", "Location": "C:/mine.zip"}]}


def prepare(prefix):
    root = prefix.drive_c / "rj"
    programs = root / "Program Files" / "RealmJoin"
    prefix.place(BUILD / "core/session/realmjoin.exe", programs / "realmjoin.exe")
    prefix.place(BUILD / "core/service/realmjoinservice.exe", programs / "realmjoinservice.exe")
    for name in ("check-firewall.dll", "plugin.json"):
        prefix.place(BUILD / "plugins/check-firewall" / name, programs / "plugins/check-firewall" / name)
    policy = root / "ProgramData" / "RealmJoin" / "policy" / "device.json"
    policy.parent.mkdir(parents=True)
    policy.write_text(json.dumps(POLICY))


def check(what, said):
    found = FOREIGN.search(said)
    assert not found, (what, found[0], said)


@tap.test(timeout=180)
def no_help_names_what_windows_does_not_have():
    with wine.Prefix("words") as prefix:
        prepare(prefix)
        listed = prefix.run([PROGRAM, "--json", "help"])
        commands = [command["name"] for command in json.loads(listed.out)["commands"]]
        assert len(commands) > 10, commands
        for words in (["--help"], *([name, "--help"] for name in commands)):
            shown = prefix.run([PROGRAM, *words])
            assert shown.code == 0 and shown.out.startswith("Usage: realmjoin "), (words, shown)
            check(words, shown.out)


@tap.test(timeout=180)
def no_refusal_names_what_windows_does_not_have():
    with wine.Prefix("words") as prefix:
        prepare(prefix)

        def refused(code, text, *words, **options):
            shown = prefix.run([PROGRAM, *ROOT, *words], **options)
            assert shown.code == code and text in shown.err, (words, shown)
            check(words, shown.err)

        refused(4, "only an administrator may do this", "service", "start", restricted=True)
        prefix.start([SERVICE, *ROOT])
        deadline = time.monotonic() + 20
        while prefix.run([PROGRAM, *ROOT, "service", "status"]).code != 0:
            assert time.monotonic() < deadline
        refused(4, "only an administrator may do this", "plugin", "disable", "check-firewall", restricted=True)
        refused(4, "never with an administrator's rights", "install", "mine")
        log = next((prefix.drive_c / "rj").glob("[Ww]indows/[Ll]ogs/realmjoin.log")).read_text(encoding="utf-8")
        assert re.search(r"install mine asked for by \S+ \(administrator\): refused: ", log), log
        assert re.search(r"\S+ \(pid \d+\) was refused \"plugin.disable", log), log
        assert not re.search(r"SYSTEM|\buid \d", log), log
        shown = prefix.run([PROGRAM, *ROOT, "status"])
        assert re.match(r"\S+ \(\S+, as administrator\) ", shown.out), shown
        shown = prefix.run([PROGRAM, *ROOT, "plugin", "info", "check-firewall"])
        assert shown.code == 0 and r"C:\rj\Program Files\RealmJoin\plugins\check-firewall" in shown.out, shown
        check("plugin info", shown.out)


tap.main()
