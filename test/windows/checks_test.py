#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The four checks of the installed service, before stand-ins for what Windows answers; TAP.

In a Windows of its own, thrown away afterwards, the registry says that the stand-ins are the COM servers of
the update agent and of WMI, and holds the firewall's settings. `realmjoin --json check` tells the verdicts.

    checks_test.py UPDATE_AGENT_STANDIN WMI_STANDIN
"""

import contextlib
import itertools
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402
import wine  # noqa: E402

UPDATE_AGENT, WMI = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
del sys.argv[1:]  # the rest would choose tests
PROGRAMS = ("core/service/realmjoinservice.exe", "core/session/realmjoin.exe", "core/worker/realmjoin-worker.exe")
CHECKS = ("antivirus", "encryption", "firewall", "os-update")
UPDATE_CLASSES = (
    "{4CB43D7F-7EEE-4906-8698-60DA1C38F2FE}",  # UpdateSession
    "{BFE18E9C-6D87-4450-B37C-E02F0B373803}",  # AutomaticUpdates
    "{C01B9BA0-BEA7-41BA-B604-D0A36F469133}",  # SystemInformation
)
WMI_CLASSES = ("{4590F811-1D3A-11D0-891F-00AA004B2E24}",)  # WbemLocator
FIREWALL = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
SECURITY_UPDATES = "0fa1201d-4330-4fa8-8ae9-b877473b6441"


@contextlib.contextmanager
def machine(name, policy=None):
    """The service with the check plugins; every question of theirs is answered by a stand-in."""
    if reason := wine.reason_missing():
        tap.skip(reason)
    with wine.Prefix(name) as it:
        folder = it.program_files / "RealmJoin"
        for program in PROGRAMS:
            it.place(wine.build_root() / program, folder / pathlib.Path(program).name)
        for check in CHECKS:
            for file in (f"check-{check}.dll", "plugin.json"):
                it.place(wine.build_root() / f"plugins/check-{check}" / file, folder / f"plugins/check-{check}" / file)
        it.answers = {}
        for standin, classes in ((UPDATE_AGENT, UPDATE_CLASSES), (WMI, WMI_CLASSES)):
            server = it.place(standin, it.drive_c / "standin" / standin.name)
            it.answers[standin] = server.with_name(server.name + ".txt")
            for class_id in classes:
                key = rf"HKLM\Software\Classes\CLSID\{class_id}\InprocServer32"
                it.registry_set(key, "", it.windows_path(server))
                it.registry_set(key, "ThreadingModel", "Both")
        if policy:
            device = it.program_data / "RealmJoin/policy/device.json"
            device.parent.mkdir(parents=True)
            device.write_text(json.dumps(policy), encoding="utf-8")
        it.service_create("realmjoin", r'"C:\Program Files\RealmJoin\realmjoinservice.exe" --service')
        it.service_start("realmjoin", 60)
        yield it


def says(it, standin, *lines):
    it.answers[standin].write_text("\n".join(lines) + "\n", encoding="utf-8")


def check_command(it, *words):
    return [it.program_files / "RealmJoin/realmjoin.exe", "--json", "check", "--refresh", *words]


def expect(shown, check, state, words):
    """In what a check, made just now, has printed."""
    found = [entry for entry in json.loads(shown.out).get("checks", []) if entry["id"] == check]
    assert len(found) == 1, shown
    whole = json.dumps(found[0], ensure_ascii=False)
    assert found[0]["state"] == state and words in whole, f"{check}: expected {state} with {words!r}: {whole}"


# ---- what Windows answers, and what is to be said of it: (answers, state, words) -------------------

FIX = f"update=Fix für alle||{SECURITY_UPDATES}"
UPDATES = (
    ((), "unknown", "never"),
    (("searched=2",), "ok", "searched 2 days ago"),
    (("searched=2", FIX), "not-met", "1 important update is pending: Fix für alle."),
    (("searched=2", "search=80240438"), "unknown", "error 0x80240438"),
)


def scanner(*lines):
    return ("SecurityCenter2=there", *(f"SecurityCenter2.{line}" for line in lines))


SCANNER = (
    ((), "unknown", "0x8004100e"),
    (scanner("row=displayName:Wächter|productState:#0x61000"), "ok", "Wächter is on"),
    (scanner("row=displayName:Old|productState:#0x61010"), "not-met", "Old is on, but"),
    (scanner("row=displayName:Off|productState:#0x60000"), "not-met", "No virus"),
    (scanner("row=displayName:X|productState:-"), "unknown", "cannot be read"),
    (scanner(), "unknown", "no product"),
    (scanner("connect=80070005"), "unknown", "error 0x80070005"),
    (scanner("ask=80041010"), "unknown", "error 0x80041010"),
    (scanner("end=80041001"), "unknown", "error 0x80041001"),
    (scanner("end=40004"), "unknown", "time-out 0x00040004"),
)


def volumes(*there, extra=""):
    """(drive, 0 for the system's 1 for a fixed 2 for a removable one, protection)"""
    return ("MicrosoftVolumeEncryption=there", extra, *(
        f"MicrosoftVolumeEncryption.row=DriveLetter:{letter}|VolumeType:#{kind}|ProtectionStatus:{status}"
        for letter, kind, status in there))


VOLUMES = (
    (volumes(("C:", 0, "#1"), ("D:", 1, "#1"), ("E:", 2, "#0")), "ok", "BitLocker protects"),
    (volumes(("C:", 0, "#1"), ("D:", 1, "#0")), "not-met", "Not protected by BitLocker: D:."),
    (volumes(("C:", 0, "#2")), "unknown", "C:"),
    (volumes(("C:", 0, "#1"), extra="MicrosoftVolumeEncryption.end=80041003"), "unknown", "error 0x80041003"),
    (volumes(), "unknown", "does not name the system's volume"),
)


def firewall_without_its_service(it):
    it.service_create("MpsSvc", r"C:\windows\system32\spoolsv.exe")  # any service's program
    for profile in ("DomainProfile", "StandardProfile", "PublicProfile"):
        it.registry_set(rf"{FIREWALL}\{profile}", "EnableFirewall", 1)


FIREWALLS = (
    (firewall_without_its_service, "not-met", "its service does not run"),
    (lambda it: it.service_start("MpsSvc"), "ok", "turns away incoming connections"),
    (lambda it: it.registry_set(rf"{FIREWALL}\PublicProfile", "EnableFirewall", 0), "not-met",
     "not filtered in these profiles: public"),
    (lambda it: it.registry_delete(rf"{FIREWALL}\PublicProfile", "EnableFirewall"), "unknown", "public"),
)
NOTHING_NEW = (None, None, None)


def every_answer_is_judged(it):
    """One command asks for all four checks, as each has its own answers."""
    for update, virus, volume, wall in itertools.zip_longest(UPDATES, SCANNER, VOLUMES, FIREWALLS, fillvalue=NOTHING_NEW):
        if update[0]:
            says(it, UPDATE_AGENT, *update[0])
        says(it, WMI, *virus[0], *(volume[0] or ()))
        if wall[0]:
            wall[0](it)
        shown = it.run(check_command(it), timeout=90)
        for check, (_, state, words) in zip(CHECKS, (virus, volume, wall, update)):
            if state:
                expect(shown, check, state, words)


# ---- tests ---------------------------------------------------------------------------------------


@tap.test(timeout=300)
def every_check_judges_what_windows_answers_here_and_in_workers_and_an_error_or_a_hang_is_unknown():
    workers = {"Plugins": {f"check-{check}": {"Isolation": "worker"} for check in CHECKS}}
    with machine("checks") as it, machine("checks-worker", workers) as other:
        # Connecting that takes longer than a check may take. Meanwhile:
        on = "row=displayName:X|productState:#0x61000"
        says(it, WMI, *scanner(r"until=C:\go", on))
        begun = time.monotonic()
        slow = it.start(check_command(it, "antivirus"))

        every_answer_is_judged(other)
        shown = other.run([other.program_files / "RealmJoin/realmjoin.exe", "--json", "plugin", "list"])
        kinds = {plugin["id"]: plugin["isolation"] for plugin in json.loads(shown.out)["plugins"]}
        assert kinds == {f"check-{check}": "worker" for check in CHECKS}, kinds

        expect(slow.wait(90), "antivirus", "unknown", "WMI did not answer within 20 s")
        assert time.monotonic() - begun >= 20
        expect(it.run(check_command(it, "antivirus"), timeout=90), "antivirus", "unknown",
               "WMI has not answered an earlier question yet")
        (it.drive_c / "go").touch()
        says(it, WMI, *scanner(on))
        deadline = time.monotonic() + 30
        while "an earlier question" in (shown := it.run(check_command(it, "antivirus"), timeout=90)).out:
            assert time.monotonic() < deadline, shown
        expect(shown, "antivirus", "ok", "X is on")
        every_answer_is_judged(it)


if __name__ == "__main__":
    tap.main()
