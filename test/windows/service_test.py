#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The service under the service control manager, the command line against it, links and the session; TAP."""

import json
import os
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402
import wine  # noqa: E402

OK, USAGE, NO_SERVICE, REFUSED = 0, 2, 3, 4
SERVICE_KEY = r"HKLM\SYSTEM\CurrentControlSet\Services\realmjoin"
LINKS = pathlib.Path(__file__).resolve().parent / "fixtures/hostile_links.json"
AT_ONCE = 4
PROGRAMS = (
    "core/service/realmjoinservice.exe",
    "core/session/realmjoin.exe",
    "core/session/launcher/realmjoin.com",
    "core/worker/realmjoin-worker.exe",
)


class Machine(wine.Prefix):
    """A prefix with the programs installed and the service as an installer without quotes leaves it."""

    def __enter__(self):
        super().__enter__()
        self.folder_of_programs = self.program_files / "RealmJoin"
        for name in PROGRAMS:
            source = wine.build_root() / name
            if source.exists():
                self.place(source, self.folder_of_programs / source.name)
        self.service_create("realmjoin", r"C:\Program Files\RealmJoin\realmjoinservice.exe --service")
        return self

    def realmjoin(self, *words, program="realmjoin.exe", timeout=60, **options):
        return self.run([self.folder_of_programs / program, *words], timeout=timeout, **options)

    def session(self, *words):
        return self.start([self.folder_of_programs / "realmjoin.exe", "session", *words])

    def log(self):
        path = next(self.windows.glob("[Ll]ogs/realmjoin.log"), None)
        return path.read_text(encoding="utf-8") if path else ""

    def wait_for_log(self, text, timeout=20):
        deadline = time.monotonic() + timeout
        while text not in self.log():
            assert time.monotonic() < deadline, f"{text!r} is not in the log:\n{self.log()}"
            time.sleep(0.05)

    def policy(self, document):
        folder = self.program_data / "RealmJoin/policy"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "device.json").write_text(json.dumps(document), encoding="utf-8")


def machine(name):
    if reason := wine.reason_missing():
        tap.skip(reason)
    return Machine(name)


SHARED = []  # for tests that leave nothing which another one would see, and a service that does not run


def shared():
    if not SHARED:
        SHARED.append(machine("shared").__enter__())
    return SHARED[0]


@tap.test(timeout=240)
def the_service_starts_on_demand_answers_stops_and_starts_again_after_a_crash():
    with machine("service") as it:
        first = it.realmjoin("status")
        assert first.code == OK, (first, it.log())
        assert "The RealmJoin service is not running; starting it" in first.err, first
        assert it.service_state("realmjoin") == "RUNNING"

        second = it.realmjoin("status")
        assert (second.code, second.err) == (OK, ""), second
        shown = it.realmjoin("service", "status")
        assert shown.code == OK and shown.out.startswith("running"), shown

        image = it.registry_get(SERVICE_KEY, "ImagePath")
        assert image == r'"C:\Program Files\RealmJoin\realmjoinservice.exe" --service', image
        assert it.registry_get(SERVICE_KEY + r"\Parameters", "DeploymentPhase") == 0

        stopped = it.realmjoin("service", "stop")
        assert stopped.code == OK and "has stopped" in stopped.out, stopped
        assert it.service_state("realmjoin") == "STOPPED"
        assert it.log().rstrip().endswith("ended"), it.log()
        assert it.realmjoin("service", "status").code == NO_SERVICE
        assert it.service_state("realmjoin") == "STOPPED"  # looking starts nothing

        it.service_start("realmjoin")
        it.wait_for_log("ended: nothing")
        it.run(["taskkill", "/f", "/im", "realmjoinservice.exe"])
        again = it.run(["sc", "start", "realmjoin"])
        assert again.code == OK, again
        deadline = time.monotonic() + 30
        while it.realmjoin("service", "status").code != OK:
            assert time.monotonic() < deadline, it.log()
        it.service_stop("realmjoin")


@tap.test(timeout=240)
def what_cannot_be_started_is_said_with_its_reason():
    with machine("refusals") as it:
        it.registry_set(SERVICE_KEY, "Start", 4)
        it.stop()
        it.boot()
        result = it.realmjoin("status")
        assert result.code == NO_SERVICE, result
        assert result.err.endswith("is disabled; an administrator must enable it\n"), result
        it.run(["sc", "delete", "realmjoin"])
        result = it.realmjoin("status")
        assert result.code == NO_SERVICE, result
        assert result.err == "realmjoin: the RealmJoin service is not installed; install RealmJoin again\n", result
        refused = it.run([it.folder_of_programs / "realmjoinservice.exe", "--service", "--root", "C:\\r"])
        assert refused.code == USAGE and "refused in an installed service" in refused.err, refused


@tap.test(timeout=240)
def a_state_folder_of_somebody_else_is_not_used():
    if os.geteuid() != 0:
        tap.skip("giving a folder to another account needs root")
    with machine("planted") as it:
        state = it.program_data / "RealmJoin"
        it.policy({"Planted": True})
        os.chown(state, 1234, 1234)
        packages = it.program_data / "chocolatey"
        (packages / "lib/tool").mkdir(parents=True)
        os.chown(packages, 1234, 1234)
        assert it.realmjoin("status").code == OK, it.log()
        # Whoever uses Chocolatey without elevation owns its folder: package-nuget refuses it, nothing else.
        assert (packages / "lib/tool").is_dir() and not list(it.program_data.glob("chocolatey.*")), it.log()
        refused = r"C:\ProgramData\chocolatey was made by another account; no NuGet package is installed there until"
        assert it.log().count(refused) == 1, it.log()
        aside = [f.name for f in it.program_data.glob("RealmJoin.untrusted-*")]
        assert len(aside) == 1 and not (state / "policy/device.json").exists(), (aside, list(state.iterdir()))
        assert f"is now C:\\ProgramData\\{aside[0]}" in it.log(), it.log()
        it.service_stop("realmjoin")

        # A good owner whose folder others may rename could have been put here by them.
        state.chmod(0o777)
        assert it.realmjoin("status").code == OK, it.log()
        assert len(list(it.program_data.glob("RealmJoin.untrusted-*"))) == 2, it.log()
        it.service_stop("realmjoin")

        # What others made in a folder that is ours now.
        (state / "cache").mkdir(exist_ok=True)
        os.chown(state / "cache", 1234, 1234)
        # And what an administrator let somebody change in it, with Explorer's "Continue" for one.
        it.policy({})
        (state / "policy/users").mkdir(exist_ok=True)
        (state / "policy/users/x.json").write_text("planted", encoding="utf-8")
        os.chown(state / "policy/users/x.json", 1234, 1234)
        (state / "policy").chmod(0o777)
        assert it.realmjoin("status").code == OK, it.log()
        names = sorted(f.name for f in state.iterdir())
        assert [n for n in names if n.startswith("cache.untrusted-")], names
        assert "policy" in names and "agent.db" in names, names
        assert (state / "policy/device.json").exists() and not (state / "policy/users/x.json").exists(), names
        assert (state / "policy").stat().st_mode & 0o002 == 0, oct((state / "policy").stat().st_mode)
        assert r"RealmJoin\policy could be changed by others, as somebody" in it.log(), it.log()
        assert not (state / "cache").exists() or (state / "cache").stat().st_uid == 0, names
        it.service_stop("realmjoin")


@tap.test(timeout=240)
def what_an_administrator_has_put_in_the_place_of_the_package_folder_stays_and_is_told():
    with machine("shared") as it:
        packages = it.program_data / "chocolatey"
        packages.write_text("theirs", encoding="utf-8")
        assert it.realmjoin("status").code == OK, it.log()
        assert packages.read_text(encoding="utf-8") == "theirs", it.log()
        assert "chocolatey is no folder; no NuGet package" in it.log(), it.log()
        it.service_stop("realmjoin")


@tap.test(timeout=240)
def what_others_may_change_deep_in_a_state_folder_is_set_aside_once_and_told():
    if os.geteuid() != 0:
        tap.skip("giving a file to another account needs root")
    with machine("planted-deep") as it:
        state = it.program_data / "RealmJoin"
        it.policy({})
        foreign, open_to_all = state / "plugins/other/other.dll", state / "plugin-state/other/values"
        for path in (foreign, open_to_all):
            path.parent.mkdir(parents=True)
            path.write_text("planted", encoding="utf-8")
        os.chown(foreign, 1234, 1234)
        open_to_all.parent.chmod(0o757)
        assert it.realmjoin("status").code == OK, it.log()
        assert not foreign.exists() and not open_to_all.exists(), it.log()
        aside = [f.name for f in state.rglob("*.untrusted-*")]
        assert sorted(name.split(".untrusted-")[0] for name in aside) == ["other", "other.dll"], aside
        assert (state / "policy/device.json").exists() and (state / "agent.db").exists(), list(state.iterdir())
        assert r"other\other.dll was made by another account: " in it.log(), it.log()
        assert r"plugin-state\other could be changed by others: " in it.log(), it.log()
        assert it.registry_get(r"HKLM\SOFTWARE\RealmJoin", "JudgedFolder"), it.log()
        it.service_stop("realmjoin")


@tap.test(timeout=240)
def no_graph_is_shown_and_a_value_of_the_wrong_type_is_on_the_safe_side():
    with machine("graph") as it:
        for data, kind, expected in ((1, None, "off (NoGraph)"), ("1", "REG_SZ", "off ("), (0, None, "allowed")):
            it.registry_set(SERVICE_KEY + r"\Parameters", "NoGraph", data, kind)
            it.service_start("realmjoin")
            shown = it.realmjoin("--json", "status")
            assert shown.code == OK, shown
            graph = json.loads(shown.out)["graph"]
            assert graph.startswith(expected), (data, kind, graph)
            it.service_stop("realmjoin")
        assert "taken as 1" in it.log(), it.log()
        it.registry_set(SERVICE_KEY + r"\Parameters", "DeploymentPhase", "210", "REG_SZ")
        it.service_start("realmjoin")
        it.wait_for_log("DeploymentPhase has the wrong type: it is a REG_SZ of 8 bytes")
        it.wait_for_log("it is replaced by 0 (Blank)")
        it.service_stop("realmjoin")


@tap.test(timeout=400)
def hostile_links_are_refused_and_nothing_is_started():
    it = shared()
    cases = json.loads(LINKS.read_text(encoding="utf-8"))
    for first in range(0, len(cases), AT_ONCE):
        asked = []
        for case in cases[first:first + AT_ONCE]:
            words = case["argv"]
            if isinstance(words[-1], int):
                words = [words[0] + "a" * words[1]]
            asked.append((case["why"], it.start([it.folder_of_programs / "realmjoin.exe", *words])))
        for why, program in asked:
            result = program.wait(60)
            assert result.code == USAGE, (why, result)
            assert result.err.startswith("realmjoin: ") and len(result.err.splitlines()) == 1, (why, result)
            assert "\x1b" not in result.err and len(result.err) < 2000, (why, result)
    assert it.service_state("realmjoin") == "STOPPED"
    assert sum("link refused" in line for line in link_log(it)) > len(cases) // 2, link_log(it)
    unassigned = it.realmjoin("realmjoin:install:something-else")
    assert unassigned.code == REFUSED, unassigned
    it.service_stop("realmjoin")


def link_log(it):
    path = next(it.drive_c.glob("users/*/AppData/Local/RealmJoin/**/links.log"), None)
    return path.read_text(encoding="utf-8").splitlines() if path else []


# As a browser hands them over: the shell puts them into the command of the registry key.
STARTED = (
    ('realmjoin:install:a" --evil "b', "a link stands alone: unexpected argument"),
    ("realmjoin:install:a\\", "what it names is no package id"),
    ("realmjoin:install:tool&calc", "what it names is no package id"),
    ('realmjoin:install:restarts" "--root" "C:\\evil', "a link stands alone: unexpected argument"),
)


@tap.test(timeout=240)
def hostile_links_through_the_registry_key_are_refused_and_nothing_is_started():
    it = shared()
    it.policy({"SoftwarePackages": []})
    key = r"HKLM\Software\Classes\realmjoin"
    it.registry_set(key, "URL Protocol", "")
    command = '"' + it.windows_path(it.folder_of_programs / "realmjoin.exe") + '" "%1"'
    it.registry_set(key + r"\shell\open\command", "", command)
    said = len(link_log(it))
    for link, words in STARTED:
        done = it.run(["start", "/wait", link])
        assert done.code == USAGE, (link, done)
        lines = link_log(it)[said:]
        assert len(lines) == 1 and f"link refused: {words}" in lines[0], (link, lines)
        said += 1
    assert it.service_state("realmjoin") == "STOPPED" and not (it.drive_c / "evil").exists()
    # The shell itself puts the account's name in: a package id, which is assigned to nobody.
    it.service_start("realmjoin")
    asked = r"install \S+ asked for by \S+( \(administrator\))? through a link: refused: .* is not assigned"
    before = len(it.log())
    it.run(["start", "/wait", "realmjoin:install:%USERNAME%"])  # a tray is started, which asks for it
    deadline = time.monotonic() + 30
    while not re.search(asked, it.log()[before:]):
        assert time.monotonic() < deadline, it.log()
        time.sleep(0.1)
    assert "asked for by SYSTEM" not in it.log(), it.log()
    it.run(["taskkill", "/f", "/im", "realmjoin.exe"])
    it.service_stop("realmjoin")


@tap.test(timeout=240)
def the_terminals_starter_gives_back_output_and_exit_code():
    it = shared()
    version = it.realmjoin("version", program="realmjoin.com")
    assert version.code == OK and version.out.startswith("realmjoin "), version
    wrong = it.realmjoin("no-such-command", program="realmjoin.com")
    assert wrong.code == USAGE and "unknown command" in wrong.err, wrong


@tap.test(timeout=240)
def an_elevated_session_starts_again_without_the_rights_and_is_an_ordinary_users():
    with machine("session") as it:
        it.service_start("realmjoin")
        begun = it.session().wait(60)
        assert begun.code == OK and "started again without administrator's rights" in begun.err, begun
        deadline = time.monotonic() + 30
        while not json.loads(it.realmjoin("--json", "status").out)["sessions"]:
            assert time.monotonic() < deadline, it.log()
            time.sleep(0.1)


@tap.test(timeout=240)
def a_client_without_the_rights_sees_the_status_and_changes_nothing():
    it = shared()
    it.policy({"SoftwarePackages": []})
    it.service_start("realmjoin")
    seen = it.realmjoin("--json", "status", restricted=True)
    assert seen.code == OK and json.loads(seen.out)["version"], seen
    denied = it.realmjoin("plugin", "disable", "check-firewall", restricted=True)
    assert denied.code == REFUSED, denied
    refused = it.realmjoin("realmjoin:install:something-else", restricted=True)
    assert refused.code == REFUSED and "is not assigned to" in refused.err, (refused, it.log())
    it.service_stop("realmjoin")


@tap.test(timeout=240)
def data_is_removed_only_while_the_service_does_not_run():
    with machine("remove") as it:
        service = it.folder_of_programs / "realmjoinservice.exe"
        it.service_start("realmjoin")
        busy = it.run([service, "--remove-data"])
        assert busy.code == 3 and "stop it first" in busy.err, busy
        it.service_stop("realmjoin")
        outside = it.program_data / "chocolatey/lib/tool"
        outside.mkdir(parents=True, exist_ok=True)
        done = it.run([service, "--remove-data"])
        assert done.code == OK, done
        assert not (it.program_data / "RealmJoin").exists()
        assert it.log() == "" and outside.exists()
        assert it.registry(r"HKLM\SOFTWARE\RealmJoin") is None


if __name__ == "__main__":
    try:
        tap.main()
    finally:
        for one in SHARED:
            one.__exit__()
