#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Clients of the pipe that misbehave, names and values nobody expects; the service stays up and answers; TAP."""

import contextlib
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402
import machine  # noqa: E402
import wine  # noqa: E402
from machine import FAILED, OK, PARAMETERS, REFUSED, USAGE, wait_until  # noqa: E402

PIPE = r"\\.\pipe\realmjoin"
GARBAGE = (b"\n", b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) + b"\n", b"[]\n", b"{}\n", b"[" * 100000 + b"\n",
           b'{"jsonrpc":"2.0","id":1,"method":"a\\u0000b"}\n')


def client(it, verb, word, **options):
    program = wine.build_root() / "test/windows/pipe_client.exe"
    return it.run([program, PIPE, verb, word], timeout=120, **options)


def send(it, data, **options):
    path = it.drive_c / "sent.bin"
    path.write_bytes(data)
    done = client(it, "send", path, **options)
    assert done.code == 0, done
    return done.out


@contextlib.contextmanager
def in_service():
    with machine.shared("clients") as it:
        if it.service_state("realmjoin") != "RUNNING":
            it.assign(it.craft("tool", uninstall="exit /b 0", Mandatory=True))
            it.start_service()
        yield it


@tap.test(timeout=120)
def an_ordinary_user_gets_what_users_get_and_no_more():
    with in_service() as it:
        assert it.realmjoin("status", restricted=True).code == OK
        refused = it.realmjoin("uninstall", "tool", restricted=True)
        assert refused.code == REFUSED and refused.err.startswith("realmjoin: "), refused
        # By the pipe, as Wine's control manager stops services for everybody.
        answer = send(it, b'{"jsonrpc":"2.0","id":1,"method":"service.stop"}\n', restricted=True)
        assert '"denied"' in answer, answer
        assert it.package("tool")["state"] == "installed" and it.service_state("realmjoin") == "RUNNING"
        assert "was refused" in it.log(), it.log()


@tap.test(timeout=240)
def what_is_no_question_is_answered_with_an_error_and_the_service_goes_on():
    with in_service() as it:
        for data in GARBAGE:
            answer = send(it, data)
            assert '"error"' in answer and answer.endswith("closed\n"), (data[:40], answer[:400])
        answer = send(it, b"{" * (2 * 1024 * 1024))
        assert "longer than" in answer and answer.endswith("closed\n"), answer[-400:]
        assert int(re.match(r"sent (\d+)", answer)[1]) <= 2 * 1024 * 1024
        mute = client(it, "mute", "100000")
        asked, how = re.search(r"asked (\d+) (\w+)", mute.out).groups()
        assert how == "closed" and int(asked) < 100000, mute
        wait_until(lambda: "does not read its answers" in it.log(), told=it.log)

        many = client(it, "many", "300")
        counts = {name: int(number) for name, number in re.findall(r"(\w+) (\d+)", many.out)}
        assert counts["answered"] >= 60 and counts["silent"] == 0, many
        assert counts["answered"] + counts["refused"] + counts["unconnected"] == 300, many
        assert it.realmjoin("status").code == OK
        assert it.log().count("too many connections") <= 31, "a flood of log lines"


@tap.test(timeout=180)
def parameters_of_a_wrong_type_are_named_and_what_is_mirrored_is_written_anew():
    with machine.installed("types") as it:
        it.assign(it.craft("tool", Mandatory=True))
        it.registry_set(PARAMETERS, "NoGraph", "yes")
        it.registry_set(PARAMETERS, "DeploymentPhase", "two hundred")
        it.registry_set(r"HKLM\SOFTWARE\RealmJoin\Packages\tool", "Success", "maybe")
        it.registry_set(r"HKLM\SOFTWARE\RealmJoin\Packages\tool", "Version", 7)
        it.registry_set(r"HKLM\SOFTWARE\RealmJoin\Packages\stranger", "Version", "1")
        it.registry_set(r"HKLM\SOFTWARE\RealmJoin\Accounts", "S-1-5-21-1-2-3-1000", "not a number")
        it.registry_set(r"HKLM\SOFTWARE\RealmJoin\Accounts", "nonsense", 1)
        it.start_service()
        log = it.log()
        assert "Parameters\\NoGraph has the wrong type" in log and "taken as 1" in log, log
        record = it.registry(r"HKLM\SOFTWARE\RealmJoin\Packages\tool")[""]
        assert (record["Version"], record["Success"]) == ("1.0.0", 1), record
        # Not ours: the vendor's own host writes into the same tree.
        assert it.registry(r"HKLM\SOFTWARE\RealmJoin\Packages\stranger") is not None
        assert it.ask("status")["graph"].startswith("off ("), it.ask("status")
        phase = it.registry_get(PARAMETERS, "DeploymentPhase")
        assert phase == 210, (phase, log)
        assert "it is replaced by 0 (Blank)" in log, log
        assert it.realmjoin("status", restricted=True).code == OK


@tap.test(timeout=180)
def what_users_may_write_to_is_not_trusted():
    with machine.installed("writable") as it:
        it.start_service()  # which sets aside what others may change in a folder that it takes over
        it.service_stop("realmjoin")
        it.assign(it.nupkg("tool", Mandatory=True))
        device = it.policy_folder / "device.json"
        device.chmod(0o666)  # Wine makes rights for everybody of it
        it.start_service()
        assert it.package("tool") is None and "device.json" in it.log(), it.log()
        refused = [line for line in it.log().splitlines() if "|WARN |engine.policy" in line or "|ERROR|engine.policy" in line]
        assert refused and "writ" in refused[-1], refused
        device.chmod(0o644)
        it.library.mkdir(parents=True, exist_ok=True)
        it.library.chmod(0o777)
        synced = it.realmjoin("sync")
        assert synced.code == FAILED, synced
        assert not (it.library / "tool").exists() and r"chocolatey\lib" in it.log(), it.log()
        it.library.chmod(0o755)
        assert it.realmjoin("install", "tool").code == OK, it.log()


LONG = "/".join(["Büro und Söhne GmbH & Co KG (Prüfstand) 100% Ärger"] * 6)


def installs_all(agent):
    """A craft by its script, a NuGet package and a user's document, below the agent's root."""
    script = 'echo %RJ_PackageID%> "%RJ_Root%\\effect"\nexit /b 0'
    name = "a" * 100 + ".b_c-D"
    agent.assign(agent.craft(name, install=script, files={"Ordner ü/Datei ß.txt": "x"}, Mandatory=True),
                 agent.nupkg("Tool.X", files={"content/Größe & Maß/ü.txt": "x"}, Mandatory=True))
    agent.write_policy({"SoftwarePackages": []}, "users/Jörg Groß.json")
    agent.start()
    agent.wait_idle()
    packages = {p["id"]: p["state"] for p in agent.ask("list")["packages"]}
    return packages, name


@tap.test(timeout=240)
def blanks_umlauts_other_drives_and_long_roots_are_only_names(folder):
    with machine.shared("names", machine.programs) as it:
        places = {
            "C:\\Müller & Söhne\\rj": it.drive_c / "Müller & Söhne/rj",
            wine.windows_path(folder / "auf Z"): folder / "auf Z",  # short: there are no short names on this drive
        }
        for name, root in places.items():
            agent = it.agent(root, name)
            packages, craft = installs_all(agent)
            assert packages == {craft: "installed", "Tool.X": "installed"}, (name, packages, agent.log())
            assert (root / "effect").read_text().strip() == craft
            assert (agent.library / "Tool.X/content/Größe & Maß/ü.txt").exists()
            assert 'users/Jörg Groß.json is left out: there is no user "Jörg Groß"' in agent.log(), agent.log()
            agent.kill()


@tap.test(timeout=240)
def a_root_of_three_hundred_characters_works_for_scripts_too():
    with machine.shared("names", machine.programs) as it:
        root = it.drive_c / LONG.replace("%", "")
        assert len(str(root.relative_to(it.drive_c))) > 290
        agent = it.agent(root)
        packages, craft = installs_all(agent)
        assert packages == {craft: "installed", "Tool.X": "installed"}, (packages, agent.log())
        assert (agent.library / "Tool.X/content/Größe & Maß/ü.txt").exists()
        agent.kill()


# What a policy says of where a craft is, below C:\\rj\\feed; None: it is found, else a word of the error.
LOCATIONS = (
    (r"Büro und Söhne\über.zip", None), (r"C:\rj\feed\Büro und Söhne\über.zip", None),
    ("c:/rj/feed/Büro und Söhne/über.zip", None), (r"..\feed\über.zip", '".."'), ("über.zip:stream", "cannot open"),
    ("C:über.zip", "cannot open"), (r"\\.\C:\rj\feed\über.zip", "cannot open"), (r"\\no-server\share\x.zip", "cannot open"),
)


@tap.test(timeout=180)
def a_location_is_a_file_of_the_source_or_of_a_drive_and_nothing_else():
    with machine.shared("names", machine.programs) as it:
        agent = it.agent(it.drive_c / "rj")
        crafts = [dict(agent.craft(f"c{n}", install=f"rem {n}\nexit /b 0", place=f"{n}/Büro und Söhne/über.zip",
                                   Mandatory=True), Location=location.replace("Büro und", f"{n}/Büro und", 1))
                  for n, (location, _) in enumerate(LOCATIONS)]
        sources = [{"Source": "C:/rj\\feed\\"}, {"Source": "feed"}, {"Source": r"\\.\pipe\x"}]
        agent.assign(agent.nupkg("tool", Mandatory=True), agent.craft("nul", Mandatory=True), *crafts,
                     Chocolatey={"Sources": sources})
        agent.start()
        agent.wait_idle()
        assert agent.log().count("the source is no absolute folder") == 2, agent.log()
        packages = {p["id"]: p for p in agent.ask("list")["packages"]}
        assert packages["tool"]["state"] == "installed", agent.log()
        assert packages["nul"]["state"] != "installed" and "name of a folder" in agent.log(), packages["nul"]
        for n, (location, word) in enumerate(LOCATIONS):
            found = packages[f"c{n}"]
            assert (found["state"] == "installed") == (word is None), (location, found)
            assert word is None or word in found["last"]["message"], (location, found)
        agent.kill()


@tap.test(timeout=120)
def a_root_that_is_no_folder_of_its_own_is_refused():
    with machine.shared("names", machine.programs) as it:
        for name in ("relative", "C:", "C:relative", r"C:\a\..\b", r"\\.\pipe\x", r"C:\a:stream", r"C:\a|b", r"\rooted", ""):
            result = it.run([it.programs / "realmjoinservice.exe", "--root", name], timeout=30)
            assert result.code == USAGE, (name, result)
            assert re.fullmatch('realmjoinservice: --root .*an absolute .*\n', result.err), (name, result)


if __name__ == "__main__":
    tap.main()
