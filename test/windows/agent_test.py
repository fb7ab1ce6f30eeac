#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The agent on Windows as an admin and a person use it: policy, packages, records, reasons; TAP."""

import hashlib
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402
import machine  # noqa: E402
from machine import FAILED, OK, PACKAGES, PARAMETERS, REFUSED, text_of, wait_until  # noqa: E402

BUILT_IN = ["check-antivirus", "check-encryption", "check-firewall", "check-os-update", "package-craft",
            "package-nuget"]  # ui-tray: sessions

REPORT = r"""echo I am %RJ_PackageID% %RJ_Version% for %RJ_UserSID%
echo folder=%CD%
set > "%PUBLIC%\environment.txt"
for /d %%d in (*) do copy "%%d\*.txt" "%PUBLIC%\" > nul
echo %1^|%~2> "%PUBLIC%\arguments.txt"
"""


def environment_of(it):
    lines = text_of(it.drive_c / "users/Public/environment.txt").splitlines()
    return {name.upper(): value for name, _, value in (line.partition("=") for line in lines)}


@tap.test(timeout=180)
def what_the_policy_assigns_is_installed_as_system_and_every_command_tells_of_it():
    with machine.installed("agent") as it:
        it.assign(
            it.craft("report", install=REPORT, uninstall="exit /b 0", place="Büro und Söhne/über alles.zip",
                     files={"Daten für Büro/lies mich.txt": "Größe\n"}, Args='/S "two words"', Mandatory=True,
                     Name="Bericht für Büro", DependsOn=["base"]),
            it.craft("base", Mandatory=True, Order=500),
            it.craft("restarts", install="exit /b 3010", Mandatory=True),
            it.craft("breaks", install="echo the disk is on fire\nexit /b 1603", Mandatory=True),
            it.nupkg("tool", files={"content/a.txt": "a"}, dependencies=(("lib", "1.0"),), Mandatory=True),
            it.nupkg("lib", Hidden=True),
            it.nupkg("PSini", files={"PsIni.psm1": "function Get-Ini {}\n"}, version="3.1.2", Mandatory=True),
        )
        it.start_service()
        packages = {p["id"]: p for p in it.ask("list")["packages"]}
        assert packages["report"]["state"] == "installed" and packages["base"]["state"] == "installed", packages
        assert packages["restarts"]["restart_pending"] is True, packages["restarts"]
        assert packages["breaks"]["state"] != "installed" and "1603" in json.dumps(packages["breaks"]), packages
        assert packages["tool"]["installed_version"] == "1.0.0", packages["tool"]
        assert (it.library / "tool/content/a.txt").read_text() == "a" and (it.library / "lib").is_dir()
        from_there = it.unix_path(r"C:\ProgramData\chocolatey\lib\PSini\PsIni.psm1")  # scripts import it
        assert from_there.read_text() == "function Get-Ini {}\n", it.log()

        log = it.log()
        assert log.index("base") < log.index("report"), "dependencies first"
        output = text_of(it.package_logs("report")[0])
        assert "I am report 1.0.0 for S-1-5-18" in output, output
        assert r"folder=C:\ProgramData\RealmJoin\plugin-state\package-craft\work\report" in output, output
        assert "the disk is on fire" in text_of(it.package_logs("breaks")[0])
        public = it.drive_c / "users/Public"
        assert (public / "lies mich.txt").read_text(encoding="utf-8") == "Größe\n"
        assert text_of(public / "arguments.txt").strip() == "/S|two words"

        why = it.realmjoin("why", "breaks")
        assert "1603" in why.out and "the disk is on fire" in why.out, why
        why = it.realmjoin("why", "report")
        assert why.code == OK and "installed" in why.out, why
        listed = it.realmjoin("list")
        assert re.search(r"^report +installed +1\.0\.0 ", listed.out, re.M), listed
        told = it.realmjoin("log")
        assert told.code == OK and "breaks" in told.out and "exit code 1603" in told.out, told
        status = it.realmjoin("status")
        assert status.code == OK and "a restart is needed" in status.out and "1 failed" in status.out, status


@tap.test(timeout=120)
def scripts_get_the_systems_variables_whatever_the_services_own_say():
    with machine.programs("environment") as it:
        agent = it.agent(it.drive_c / "root")
        agent.assign(agent.craft("report", install=REPORT, Mandatory=True))
        names = ("SystemRoot", "windir", "ProgramData", "ALLUSERSPROFILE", "ProgramFiles", "ComSpec", "PATHEXT")
        agent.start(env={**{name: "C:\\evil" for name in names}, "RJ_PackageID": "other", "SECRET_OF_THE_ADMIN": "1"})
        agent.wait_idle()
        assert not (it.drive_c / "evil").exists()
        got = environment_of(it)
        expected = {
            "SYSTEMROOT": r"C:\windows", "WINDIR": r"C:\windows", "SYSTEMDRIVE": "C:", "OS": "Windows_NT",
            "COMSPEC": r"C:\windows\system32\cmd.exe", "PROGRAMFILES": r"C:\Program Files",
            "PROGRAMW6432": r"C:\Program Files", "PROGRAMFILES(X86)": r"C:\Program Files (x86)",
            "COMMONPROGRAMFILES": r"C:\Program Files\Common Files", "PROGRAMDATA": r"C:\root\ProgramData",
            "ALLUSERSPROFILE": r"C:\root\ProgramData", "PUBLIC": r"C:\users\Public",
            "TEMP": r"C:\root\ProgramData\RealmJoin\cache\tmp", "TMP": r"C:\root\ProgramData\RealmJoin\cache\tmp",
            "USERPROFILE": r"C:\root\Windows\System32\config\systemprofile", "PROCESSOR_ARCHITECTURE": "AMD64",
            "RJ_PACKAGEID": "report", "RJ_ROOT": r"C:\root",
        }
        wrong = {name: (value, got.get(name)) for name, value in expected.items()
                 if (got.get(name) or "").lower() != value.lower()}
        assert not wrong, wrong
        assert r"c:\windows\system32" in got["PATH"].lower().split(";"), got["PATH"]
        assert ".CMD" in got["PATHEXT"].upper() and "evil" not in json.dumps(got).lower(), got
        assert "SECRET_OF_THE_ADMIN" not in got and "COMPUTERNAME" in got and "USERNAME" in got, got


@tap.test(timeout=180)
def records_are_in_the_registry_as_documented_and_go_with_the_package():
    with machine.shared("restarts") as it:
        key = "HKLM\\" + PACKAGES
        wait = 'echo begun> "%PUBLIC%\\begun"\n:again\nif not exist "%PUBLIC%\\go" goto again\nexit /b 3010'
        it.assign(it.craft("slow", install=wait, uninstall="exit /b 0", Args="/S", Mandatory=True))
        it.service_start("realmjoin")
        public = it.drive_c / "users/Public"
        wait_until((public / "begun").exists, told=it.log)
        first = it.registry(key + "\\slow")[""]
        assert "Success" not in first and "LastExitCode" not in first and first["Version"] == "1.0.0", first
        assert it.registry_get(PARAMETERS, "DeploymentPhase") == 200
        (public / "go").touch()
        wait_until(lambda: "sync ended" in it.log(), told=it.log)
        record = it.registry(key + "\\slow")[""]
        assert record == {"Version": "1.0.0", "Type": "craft", "Success": 1, "LastExitCode": 3010, "DisplayName": "slow",
                          "ArgsHash": hashlib.sha256(b"/S").hexdigest()}, record
        assert it.registry_get(PARAMETERS, "DeploymentPhase") == 210
        removed = it.realmjoin("uninstall", "slow")
        assert removed.code == OK and "slow 1.0.0 removed" in removed.out, removed
        assert it.registry(key) == {"": {}}, it.registry(key)


@tap.test(timeout=180)
def a_package_of_a_user_waits_for_the_session_and_runs_without_rights():
    with machine.installed("user") as it:
        it.assign(it.craft("mine", install=REPORT, Scope="user", Mandatory=True))
        it.start_service()
        # The account is known to the machine since it first talked to the service.
        assert it.realmjoin("status", restricted=True).code == OK
        it.realmjoin("sync")
        why = it.realmjoin("why", "mine", restricted=True)
        assert why.out == "mine  unknown, must wait\nwaits until its user is signed in\n", why
        session = it.start([it.programs / "realmjoin.exe", "session"], restricted=True)
        wait_until(lambda: "Session registered" in session.output, told=it.log)
        package = wait_until(lambda: (p := it.package("mine", restricted=True)) and p["state"] == "installed" and p,
                             told=it.log)
        assert package, package
        got = environment_of(it)
        assert got["RJ_USERSID"].startswith("S-1-5-21-"), got["RJ_USERSID"]
        assert got["USERPROFILE"].lower() == r"c:\users\root", got["USERPROFILE"]
        assert r"c:\windows\system32" in got["PATH"].lower().split(";"), got["PATH"]
        assert r"\AppData\Local\RealmJoin" in got["TEMP"], got["TEMP"]
        record = it.registry(f"HKU\\{got['RJ_USERSID']}\\{PACKAGES}\\mine")
        assert record and record[""]["Success"] == 1 and record[""]["LastExitCode"] == 0, record
        assert it.registry(f"HKLM\\{PACKAGES}\\mine") is None


@tap.test(timeout=180)
def a_person_installs_what_is_offered_by_command_and_link_and_gets_what_is_theirs():
    with machine.installed("person") as it:
        it.assign(it.craft("offered", install="echo for all> \"%PUBLIC%\\offered\"\nexit /b 0"),
                  it.craft("mine", install="echo for me> \"%LOCALAPPDATA%\\mine\"\nexit /b 0", Scope="user"),
                  it.craft("bad", install="echo no space left\nexit /b 112"))
        it.assign(it.craft("theirs", install="exit /b 0", Scope="user", Mandatory=True), user="root")
        it.start_service()
        asked = it.realmjoin("install", "offered", restricted=True)
        assert asked.code == OK and (it.drive_c / "users/Public/offered").exists(), (asked, it.log())
        linked = it.realmjoin("realmjoin:install:mine", restricted=True)
        assert linked.code == OK, (linked, it.log())
        assert text_of(it.drive_c / "users/root/AppData/Local/mine").strip() == "for me"
        bad = it.realmjoin("install", "bad", restricted=True)
        assert bad.code == FAILED and "112" in bad.err + bad.out and "no space left" in bad.err + bad.out, bad
        other = it.realmjoin("install", "unknown", restricted=True)
        assert other.code == REFUSED and "unknown" in other.err, other
        session = it.start([it.programs / "realmjoin.exe", "session"], restricted=True)
        wait_until(lambda: (p := it.package("theirs", restricted=True)) and p["state"] == "installed",
                   told=lambda: session.output + it.log())
        theirs = it.package("theirs")
        assert (theirs["assigned_to"], theirs["user"]) == ("user", "root"), theirs
        removed = it.realmjoin("uninstall", "mine", restricted=True)
        assert removed.code == OK and "what its script did remains" in removed.out, removed
        assert it.package("mine", restricted=True)["state"] == "not-installed"


@tap.test(timeout=120)
def the_next_start_finds_the_same_plugins_and_their_state():
    with machine.shared("restarts") as it:
        it.assign(it.craft("card", install='echo ran>> "%PUBLIC%\\runs"\nexit /b 0', Mandatory=True))
        if it.service_state("realmjoin") != "RUNNING":
            it.start_service()
        else:
            assert it.realmjoin("sync").code == OK, it.log()
        assert it.package("card")["state"] == "installed"
        before = it.log().count("sync ended")
        for _ in range(2):
            it.service_stop("realmjoin")
            it.service_start("realmjoin")
            listed = it.ask("plugin", "list")["plugins"]
            assert sorted(p["id"] for p in listed) == BUILT_IN, listed
        assert it.package("card")["state"] == "installed", it.log()
        wait_until(lambda: it.log().count("sync ended") == before + 2, told=it.log)
        assert text_of(it.drive_c / "users/Public/runs") == "ran\n", it.log()


@tap.test(timeout=120)
def the_providers_do_the_same_from_workers():
    with machine.installed("workers") as it:
        workers = {name: {"Isolation": "worker"} for name in ("package-craft", "package-nuget")}
        card = it.craft("card", install=REPORT, uninstall="exit /b 0", files={"Daten ü/ß.txt": "x"}, Mandatory=True)
        tool = it.nupkg("tool", Mandatory=True)
        it.assign(card, tool, Plugins=workers)
        it.start_service()
        states = {p["id"]: p["state"] for p in it.ask("list")["packages"]}
        assert states == {"card": "installed", "tool": "installed"}, (states, it.log())
        kinds = {p["id"]: p["isolation"] for p in it.ask("plugin", "list")["plugins"]}
        assert all(kinds[name] == "worker" for name in workers), kinds
        assert (it.drive_c / "users/Public/ß.txt").read_text() == "x"
        it.assign(*({**package, "Mandatory": False, "Uninstall": True} for package in (card, tool)), Plugins=workers)
        assert it.realmjoin("sync").code == OK, it.log()
        assert not (it.library / "tool").exists() and it.package("card")["state"] == "not-installed", it.log()


if __name__ == "__main__":
    tap.main()
