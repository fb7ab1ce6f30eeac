#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a person of Windows is told names nothing that only other systems have; TAP.

All sentences that the programs hold are looked at in their files, which starts nothing; those that come together only
when something happens are provoked.
"""

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
# Accounts, tools, manual pages, paths and signals of other systems; paths with the wrong slash.
FOREIGN = re.compile(r"(?<!--)\broot\b|\bsudo\b|\bsystemd\b|\bsystemctl\b|\bchmod\b|\bchown\b|\w\(\d\)"
                     r"|(?<=[ \"(])/[A-Za-z]|\b[ug]id \d|\b[A-Z]:/|\bSIG(?:TERM|KILL|HUP|INT|CHLD)\b|\.so\b")
# Places in documents, the top of an archive or document, what libraries say among themselves, how cmd is called, Windows' own tools.
INNOCENT = re.compile(r'(?<=[ "(])/(?:SoftwarePackages|Plugins|id)\b\S*|at its root|the root element|"root"|: root "%s"'
                      r'|NULL root value|root HIDDEN|" /d /v:off /s /c ""|icacls FOLDER /setowner')
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
    found = FOREIGN.search(INNOCENT.sub("-", said))
    assert not found, (what, found[0], said)


def sentences(path):
    """The texts of a program that have blanks, narrow and wide."""
    data = path.read_bytes()
    for found in re.finditer(rb"[\x20-\x7e\n\t\x80-\xf4]{8,}", data):
        yield found[0].decode("utf-8", "replace")
    for found in re.finditer(rb"(?:[\x20-\x7e\n\t]\0){8,}", data):
        yield found[0].decode("utf-16-le")


@tap.test(timeout=120)
def no_sentence_of_a_program_names_what_windows_does_not_have():
    programs = [*(BUILD / "core").glob("s*/realmjoin*.exe"), *(BUILD / "core").glob("worker/realmjoin*.exe"),
                *(BUILD / "plugins").glob("*/*.dll")]
    assert len(programs) > 8, programs
    all_of_them = set()
    for program in programs:
        for sentence in sentences(program):
            if sentence.count(" ") > 1:
                check(program.name, sentence)
                all_of_them.add(sentence)
    for known in ("only an administrator may do this", "explains a command", "out of memory while %s"):
        assert any(known in sentence for sentence in all_of_them), known
    for foreign in ("only root may", "see (/Etc/x)", "C:/x is", "uid 0 ", "see sd(8)"):
        assert FOREIGN.search(foreign), foreign


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
        shown = prefix.run([PROGRAM, "service", "--help"])
        assert shown.code == 0 and shown.out.startswith("Usage: realmjoin service"), shown
        check("help", shown.out)
        log = next((prefix.drive_c / "rj").glob("[Ww]indows/[Ll]ogs/realmjoin.log")).read_text(encoding="utf-8")
        assert re.search(r"install mine asked for by \S+ \(administrator\): refused: ", log), log
        assert re.search(r"\S+ \(pid \d+\) was refused \"plugin.disable", log), log
        assert not re.search(r"SYSTEM|\buid \d|\b[A-Z]:/", log) and "root C:\\rj\n" in log, log
        shown = prefix.run([PROGRAM, *ROOT, "status"])
        assert re.match(r"\S+ \(\S+, as administrator\) ", shown.out), shown
        shown = prefix.run([PROGRAM, *ROOT, "plugin", "info", "check-firewall"])
        assert shown.code == 0 and r"C:\rj\Program Files\RealmJoin\plugins\check-firewall" in shown.out, shown
        check("plugin info", shown.out)


tap.main()
