#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The plugins that ship with the agent, each in a worker of its own: they do the same as in-process."""

import json
import os
import pathlib
import shutil
import signal
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import agent
import tap

USER = "nobody"
ALL_CHECKS = {"UpdateStatus": None, "BitlockerEnabled": None, "FirewallEnabled": None, "AvEnabled": None}
SLOW = """echo run >> "$RJ_Root/runs"
echo $$ > "$RJ_Root/script"
while [ ! -e "$RJ_Root/go" ]; do sleep 0.05; done
echo "$RJ_Version" > "$RJ_Root/effect"
"""


def in_workers(it):
    """The policy's Plugins: all of them in workers."""
    if not agent.WORKER.exists():
        tap.skip("the worker is not built")
    return {p.name: {"Isolation": "worker"} for p in sorted(it.plugins_folder.iterdir())}


def begin(it, *packages, **settings):
    it.assign(*packages, Plugins=in_workers(it), **settings)
    it.start()
    it.wait_idle()


def plugins(it):
    listed = it.realmjoin("plugin", "list", "--json")
    assert listed.returncode == agent.OK, listed
    return {p["id"]: p for p in json.loads(listed.stdout)["plugins"]}


def status_of(pid):
    """The lines of /proc/PID/status, {} if it has ended."""
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return {}
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def workers_of(uid):
    """Plugin id by pid of all worker processes of this account."""
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            if command[0] == b"realmjoin-worker" and folder.stat().st_uid == uid:
                found[int(folder.name)] = command[1].decode()
        except OSError:
            continue
    return found


def journal_is_closed(it):
    with sqlite3.connect(it.state / "agent.db") as database:
        total, still_open = database.execute("select count(*), count(*) filter (where ended is null) from journal").fetchone()
        assert total > 0 and still_open == 0, (total, still_open)


def fine(result):
    assert result.returncode == agent.OK, result


@tap.test(timeout=60)
def every_check_answers_from_a_worker_and_says_what_it_saw(folder):
    with agent.Agent(folder) as it:
        begin(it, Policies={"RequireSecurityFeatures": ALL_CHECKS})
        checks = {c["id"]: c for c in it.call("check")["checks"]}
        assert set(checks) == {"antivirus", "encryption", "firewall", "os-update"}, checks
        for name, check in checks.items():
            assert check["state"] in ("ok", "not-met", "unknown", "not-applicable") and check["evidence"], check
            assert "worker" not in json.dumps(check), check  # an answer of the plugin, not one for it
        for name, plugin in plugins(it).items():
            assert plugin["isolation"] == "worker" and plugin["state"] == "ready", plugin
            assert not plugin["refused"] and not plugin["misbehaved"] and not plugin.get("last_error"), plugin
            worker = plugin["worker"]
            if not name.startswith("check-"):
                assert worker["state"] == "asleep" and worker["starts"] == 0, worker
                continue
            assert worker["state"] == "ready" and worker["starts"] == 1 and worker["crashes"] == 0, worker
            assert status_of(worker["pid"])["Uid"].split()[0] == str(worker["user"]), worker
            assert (worker["user"] == 0) == ("root" in plugin["granted"]), worker


@tap.test(timeout=60)
def the_kernels_rule_set_is_read_by_a_worker_with_no_other_right_of_root_over_the_system(folder):
    with agent.Agent(folder) as it:
        placed = in_workers(it)
        placed["check-firewall"]["Settings"] = {"live": True}
        it.assign(Plugins=placed, Policies={"RequireSecurityFeatures": dict(agent.NO_CHECKS, FirewallEnabled=None)})
        it.start()
        it.wait_idle()
        check = next(c for c in it.call("check")["checks"] if c["id"] == "firewall")
        asked = next(e for e in check["evidence"] if e["source"] == "netlink: nftables")
        if "tables" not in asked["found"]:
            tap.skip(f"this kernel does not tell its rules: {asked}")
        status = status_of(plugins(it)["check-firewall"]["worker"]["pid"])
        kept = int(status["CapEff"], 16)
        assert kept & 1 << 12, hex(kept)  # CAP_NET_ADMIN
        for power in (5, 7, 16, 17, 19, 21):  # _KILL, _SETUID, _SYS_MODULE, _SYS_RAWIO, _SYS_PTRACE, _SYS_ADMIN
            assert not kept & 1 << power, hex(kept)
        assert status["NoNewPrivs"] == "1", status


@tap.test(timeout=30)
def a_session_is_told_where_plugins_run_and_nothing_of_their_settings(folder):
    with agent.Agent(folder) as it:
        it.assign(Plugins={"package-craft": {"Isolation": "worker", "Settings": {"a": "secret of the device"}},
                           "other": {"Enabled": False, "Grant": ["read"], "Limits": {"MemoryMB": 512}}})
        it.start()
        it.wait_idle()
        with agent.acting_as(USER), it.connection() as link:
            link.call("session.register", version="0.1.0")
            told = link.notifications[0]
        assert told["method"] == "session.plugins", told
        assert told["params"] == {"package-craft": {"Isolation": "worker"},
                                  "other": {"Enabled": False, "Grant": ["read"], "Limits": {"MemoryMB": 512}}}, told


@tap.test(timeout=30)
def a_session_does_not_run_what_the_administrator_took_out_of_service(folder):
    with agent.Agent(folder) as it:
        it.assign(Plugins={"package-craft": {"Enabled": True, "Isolation": "worker"}})
        it.start()
        it.wait_idle()

        def told():
            with agent.acting_as(USER), it.connection() as link:
                link.call("session.register", version="0.1.0")
                return link.notifications[0]["params"]

        fine(it.realmjoin("plugin", "disable", "package-craft"))
        fine(it.realmjoin("plugin", "quarantine", "package-nuget"))
        assert told() == {"package-craft": {"Enabled": False, "Isolation": "worker"},
                          "package-nuget": {"Enabled": False}}, told()
        fine(it.realmjoin("plugin", "enable", "package-craft"))
        fine(it.realmjoin("plugin", "quarantine", "package-nuget", "--clear"))
        assert told() == {"package-craft": {"Enabled": True, "Isolation": "worker"}}, told()


@tap.test(timeout=90)
def packages_of_the_system_are_installed_upgraded_and_removed_through_workers(folder):
    effect = 'echo "$RJ_Version" > "$RJ_Root/effect-$RJ_PackageID"'
    remove = 'rm -f "$RJ_Root/effect-$RJ_PackageID"'

    def packages(it, version, **more):
        return (it.nupkg("tool", install=effect, files={"content/deep/down/a.txt": version}, version=version, **more),
                it.craft("card", install=effect, uninstall=remove, files={"data/a.txt": version}, version=version, **more))

    with agent.Agent(folder) as it:
        begin(it, *packages(it, "1.0.0"))
        for name in ("tool", "card"):
            fine(it.realmjoin("install", name))
            it.package(name, state="installed", installed_version="1.0.0")
            assert (it.root / f"effect-{name}").read_text() == "1.0.0\n"
        assert (it.state / "chocolatey/lib/tool/content/deep/down/a.txt").read_text() == "1.0.0"
        assert os.stat(it.state / "chocolatey/lib/tool/content/deep/down/a.txt").st_uid == 0
        it.assign(*packages(it, "2.0.0"), Plugins=in_workers(it))
        for name in ("tool", "card"):
            it.package(name, version="2.0.0")
            fine(it.realmjoin("upgrade", name))
            it.package(name, state="installed", installed_version="2.0.0")
            assert (it.root / f"effect-{name}").read_text() == "2.0.0\n"
        assert (it.state / "chocolatey/lib/tool/content/deep/down/a.txt").read_text() == "2.0.0"
        for name in ("tool", "card"):
            fine(it.realmjoin("uninstall", name))
            it.package(name, state="not-installed")
        assert not (it.root / "effect-card").exists() and not (it.state / "chocolatey/lib/tool").exists()
        for name in ("package-nuget", "package-craft"):
            plugin = plugins(it)[name]
            assert plugin["isolation"] == "worker" and plugin["worker"]["starts"] >= 1, plugin
            assert plugin["worker"]["crashes"] == 0 and plugin["misbehaved"] == 0, plugin
        journal_is_closed(it)


@tap.test(timeout=90)
def packages_of_a_user_are_handled_by_workers_with_that_users_account(folder):
    with agent.Agent(folder) as it:
        home = agent.give_home(it, USER)
        uid = agent.pwd.getpwnam(USER).pw_uid
        wait = 'id -u > "$HOME/who"; while [ ! -e "$HOME/go" ]; do sleep 0.05; done'
        begin(it, it.nupkg("mine", install='id -u > "$HOME/tool"', Scope="user"),
              it.craft("card", install=wait, uninstall='rm "$HOME/who"', Scope="user"))
        installing = it.spawn("install", "card", user=USER)
        agent.wait_until((home / "who").exists)
        assert "package-craft" in workers_of(uid).values(), workers_of(uid)
        (home / "go").touch()
        output = installing.communicate(timeout=30)
        assert installing.returncode == agent.OK, output
        assert (home / "who").read_text() == f"{uid}\n"
        fine(it.realmjoin("install", "mine", user=USER))
        assert (home / "tool").read_text() == f"{uid}\n"
        assert list(home.rglob("chocolatey/lib/mine")), list(home.rglob("*"))
        for name in ("mine", "card"):
            fine(it.realmjoin("uninstall", name, user=USER))
        assert not (home / "who").exists() and not list(home.rglob("chocolatey/lib/mine"))
        agent.wait_until(lambda: not workers_of(uid))  # they end with the command


@tap.test(timeout=90)
def a_worker_killed_in_the_middle_of_an_install_abandons_it_and_the_next_one_converges(folder):
    for make in (lambda it: it.craft("slow", install=SLOW), lambda it: it.nupkg("slow", install=SLOW)):
        place = folder / str(len(list(folder.iterdir())))
        place.mkdir()
        with agent.Agent(place) as it:
            package = make(it)
            provider = "package-" + package["Format"]
            begin(it, package)
            installing = it.spawn("install", "slow")
            agent.wait_until((it.root / "script").exists)
            before = plugins(it)[provider]["worker"]
            os.kill(before["pid"], signal.SIGKILL)
            output = installing.communicate(timeout=30)
            assert installing.returncode not in (agent.OK, agent.NO_SERVICE), output
            said = "".join(output) + it.log()
            assert "was killed from outside (signal 9)" in said and "what was done is unknown" in said, said
            script = int((it.root / "script").read_text())
            agent.wait_until(lambda pid=script: status_of(pid).get("State", "Z")[0] == "Z", timeout=5)
            assert not (it.root / "effect").exists()
            it.wait_idle()
            (it.root / "go").touch()
            fine(it.realmjoin("install", "slow"))
            it.package("slow", state="installed", installed_version="1.0.0")
            assert (it.root / "effect").read_text() == "1.0.0\n"
            after = plugins(it)[provider]["worker"]
            assert after["pid"] != before["pid"] and after["crashes"] == 1, (before, after)
            assert it.stop() == 0
            journal_is_closed(it)


@tap.test(timeout=60)
def a_check_whose_plugin_crashes_is_unknown_with_that_reason(folder):
    module = agent.BUILD / "test/plugins/case-create-crashes.so"
    if not module.exists():
        tap.skip("the plugins of the tests are not built")
    with agent.Agent(folder) as it:
        home = it.root / "opt/realmjoin/plugins/case"
        home.mkdir(parents=True)
        shutil.copy(module, home)
        (home / "plugin.json").write_text(json.dumps({
            "id": "case", "name": "A case", "version": "1.0.0", "abi": 1, "provides": ["rj.check/1"],
            "checks": ["case"], "capabilities": [], "binary": module.name}))
        it.assign()
        it.start()
        it.wait_idle()
        shown = it.realmjoin("check", "case", "--refresh", "--json")
        check = json.loads(shown.stdout)["checks"][0]
        assert check["state"] == "unknown", check
        assert "crashed with signal 6" in check["summary"], check
        case = plugins(it)["case"]
        assert case["state"] == "ready" and case["worker"]["crashes"] >= 1, case
        assert "crashed with signal 6" in case["last_error"], case
        assert it.realmjoin("status").returncode == agent.OK  # the agent itself is well


@tap.test(timeout=60)
def a_provider_that_is_not_granted_to_start_programs_says_so_from_its_worker(folder):
    with agent.Agent(folder) as it:
        narrow = in_workers(it)
        narrow["package-craft"]["Grant"] = ["read", "packages", "root"]
        it.assign(it.craft("card"), Plugins=narrow)
        it.start()
        it.wait_idle()
        result = it.realmjoin("install", "card")
        assert result.returncode != agent.OK and "spawn" in result.stdout + result.stderr, result
        assert plugins(it)["package-craft"]["refused"] == ["spawn"]


tap.main()
