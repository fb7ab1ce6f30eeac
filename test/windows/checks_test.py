#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The four checks of the installed service, before stand-ins for what Windows answers; TAP.

In a Windows of its own, thrown away afterwards, the registry says that the stand-ins are the COM servers of
the update agent and of WMI, and holds the firewall's settings. `realmjoin --json check` tells the verdicts.

    checks_test.py UPDATE_AGENT_STANDIN WMI_STANDIN
"""

import contextlib
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
def machine(policy=None):
    """The service with the check plugins; every question of theirs is answered by a stand-in."""
    if reason := wine.reason_missing():
        tap.skip(reason)
    with wine.Prefix("checks") as it:
        folder = it.program_files / "RealmJoin"
        for name in PROGRAMS:
            it.place(wine.build_root() / name, folder / pathlib.Path(name).name)
        for check in CHECKS:
            for name in (f"check-{check}.dll", "plugin.json"):
                it.place(wine.build_root() / f"plugins/check-{check}" / name, folder / f"plugins/check-{check}" / name)
        it.answers = {}
        for standin, classes in ((UPDATE_AGENT, UPDATE_CLASSES), (WMI, WMI_CLASSES)):
            server = it.place(standin, it.drive_c / "standin" / standin.name)
            it.answers[standin] = server.with_name(server.name + ".txt")
            for class_id in classes:
                key = rf"HKLM\Software\Classes\CLSID\{class_id}\InprocServer32"
                done = it.run(["reg", "add", key, "/ve", "/d", it.windows_path(server), "/f"])
                assert done.code == 0, done
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


def verdict(it, check):
    """State and whole answer of a check that is made now."""
    program = it.program_files / "RealmJoin/realmjoin.exe"
    shown = it.run([program, "--json", "check", "--refresh", check], timeout=90)
    found = [entry for entry in json.loads(shown.out).get("checks", []) if entry["id"] == check]
    assert len(found) == 1, shown
    return found[0]["state"], json.dumps(found[0], ensure_ascii=False)


def expect(it, check, state, words):
    seen, whole = verdict(it, check)
    assert seen == state and words in whole, f"{check}: expected {state} with {words!r}: {whole}"


def updates(it):
    expect(it, "os-update", "unknown", "never")
    says(it, UPDATE_AGENT, "searched=2")
    expect(it, "os-update", "ok", "searched 2 days ago")
    says(it, UPDATE_AGENT, "searched=2", f"update=Fix für alle||{SECURITY_UPDATES}")
    expect(it, "os-update", "not-met", "1 important update is pending: Fix für alle.")
    says(it, UPDATE_AGENT, "searched=2", "search=80240438")
    expect(it, "os-update", "unknown", "error 0x80240438")


def scanner(it):
    expect(it, "antivirus", "unknown", "0x8004100e")
    good, old, off = "row=displayName:Wächter|productState:#0x61000", "row=displayName:Old|productState:#0x61010", \
        "row=displayName:Off|productState:#0x60000"
    for row, state, words in ((good, "ok", "Wächter is on"), (old, "not-met", "Old is on, but"), (off, "not-met", "No virus"),
                              ("row=displayName:X|productState:-", "unknown", "cannot be read"), ("", "unknown", "no product")):
        says(it, WMI, "SecurityCenter2=there", f"SecurityCenter2.{row}")
        expect(it, "antivirus", state, words)
    for trouble, words in (("connect=80070005", "error 0x80070005"), ("ask=80041010", "error 0x80041010"),
                           ("end=80041001", "error 0x80041001"), ("end=40004", "time-out 0x00040004")):
        says(it, WMI, "SecurityCenter2=there", f"SecurityCenter2.{trouble}")
        expect(it, "antivirus", "unknown", words)


def slow_management(it):
    """Connecting that takes longer than a check may take: the check ends in its time and says why."""
    says(it, WMI, "SecurityCenter2=there", "SecurityCenter2.wait=26000", "SecurityCenter2.row=displayName:X|productState:#0x61000")
    begun = time.monotonic()
    expect(it, "antivirus", "unknown", "WMI did not answer within 20 s")
    assert time.monotonic() - begun < 28, time.monotonic() - begun
    expect(it, "antivirus", "unknown", "WMI has not answered an earlier question yet")
    says(it, WMI, "SecurityCenter2=there", "SecurityCenter2.row=displayName:X|productState:#0x61000")
    time.sleep(8)
    expect(it, "antivirus", "ok", "X is on")


def volumes(it):
    def rows(*volumes_there, extra=""):
        says(it, WMI, "MicrosoftVolumeEncryption=there", extra, *(
            f"MicrosoftVolumeEncryption.row=DriveLetter:{letter}|VolumeType:#{kind}|ProtectionStatus:{status}"
            for letter, kind, status in volumes_there))

    rows(("C:", 0, "#1"), ("D:", 1, "#1"), ("E:", 2, "#0"))
    expect(it, "encryption", "ok", "BitLocker protects")
    rows(("C:", 0, "#1"), ("D:", 1, "#0"))
    expect(it, "encryption", "not-met", "Not protected by BitLocker: D:.")
    rows(("C:", 0, "#2"))
    expect(it, "encryption", "unknown", "C:")
    rows(("C:", 0, "#1"), extra="MicrosoftVolumeEncryption.end=80041003")
    expect(it, "encryption", "unknown", "error 0x80041003")
    rows()
    expect(it, "encryption", "unknown", "does not name the system's volume")


def firewall(it):
    it.service_create("MpsSvc", r"C:\windows\system32\spoolsv.exe")  # any service's program
    for profile in ("DomainProfile", "StandardProfile", "PublicProfile"):
        it.registry_set(rf"{FIREWALL}\{profile}", "EnableFirewall", 1)
    expect(it, "firewall", "not-met", "its service does not run")
    it.service_start("MpsSvc")
    expect(it, "firewall", "ok", "turns away incoming connections")
    it.registry_set(rf"{FIREWALL}\PublicProfile", "EnableFirewall", 0)
    expect(it, "firewall", "not-met", "not filtered in these profiles: public")
    it.registry_delete(rf"{FIREWALL}\PublicProfile", "EnableFirewall")
    expect(it, "firewall", "unknown", "public")


@tap.test(timeout=240)
def every_check_of_the_service_judges_what_windows_answers_and_an_error_is_unknown():
    with machine() as it:
        updates(it)
        scanner(it)
        slow_management(it)
        volumes(it)
        firewall(it)


@tap.test(timeout=240)
def from_workers_the_checks_say_the_same():
    with machine({"Plugins": {f"check-{check}": {"Isolation": "worker"} for check in CHECKS}}) as it:
        updates(it)
        scanner(it)
        volumes(it)
        firewall(it)
        shown = it.run([it.program_files / "RealmJoin/realmjoin.exe", "--json", "plugin", "list"])
        kinds = {plugin["id"]: plugin["isolation"] for plugin in json.loads(shown.out)["plugins"]}
        assert kinds == {f"check-{check}": "worker" for check in CHECKS}, kinds


if __name__ == "__main__":
    tap.main()
