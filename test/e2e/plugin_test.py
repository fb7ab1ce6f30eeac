#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plugins as an administrator meets them: list, info, enable, disable, quarantine."""

import hashlib
import json
import pathlib
import pwd
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import agent
import tap

USER = "nobody"
FIREWALL = {"RequireSecurityFeatures": dict(agent.NO_CHECKS, FirewallEnabled=True)}
ORDERS = (("enable",), ("disable",), ("quarantine",), ("quarantine", "--clear"))
CASE = agent.BUILD / "test/plugins/case-good.so"


def plugin(it, name):
    shown = it.realmjoin("plugin", "info", name, "--json")
    assert shown.returncode == agent.OK, shown
    return json.loads(shown.stdout)


def check(it, name):
    """The check's document, None if there is none."""
    return next((c for c in it.call("check")["checks"] if c["id"] == name), None)


def order(it, *arguments):
    done = it.realmjoin("plugin", *arguments)
    assert done.returncode == agent.OK, done
    return done.stdout


def restart(it):
    assert it.stop() == 0
    it.start()
    it.wait_idle()


def write_manifest(folder, **changes):
    path = folder / "plugin.json"
    manifest = json.loads(path.read_text()) if path.exists() else {}
    manifest.update(changes)
    binary = folder / manifest["binary"]
    manifest["sha256"] = hashlib.sha256(binary.read_bytes()).hexdigest()
    path.write_text(json.dumps(manifest))
    path.chmod(0o644)


def add_case(it):
    """A plugin with the check "case", which no policy names."""
    if not CASE.exists():
        tap.skip("the plugins for tests are not built")
    folder = it.plugins_folder / "case"
    folder.mkdir()
    shutil.copy(CASE, folder / "case.so")
    write_manifest(folder, id="case", name="A case", version="1.0.0", abi=1, provides=["rj.check/1"], checks=["case"],
                   capabilities=[], isolation="in-process", binary="case.so")
    return folder


# ---- Looking


def account(uid):
    """As the agent names it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


@tap.test(timeout=40)
def anybody_sees_the_plugins_and_everything_about_each(folder):
    with agent.Agent(folder) as it:
        it.assign()
        it.start()
        it.wait_idle()
        expected = {p.name for p in it.plugins_folder.iterdir()}
        for user in (None, USER):
            table = it.realmjoin("plugin", "list", user=user)
            assert table.returncode == agent.OK, table
            lines = table.stdout.splitlines()
            assert lines[0].split()[:4] == ["STATE", "PLUGIN", "VERSION", "RUNS"], lines
            assert {line.split()[1] for line in lines[1:]} == expected, lines
            assert "PID" not in lines[0] and "WHY" not in lines[0], lines
            listed = json.loads(it.realmjoin("plugin", "list", "--json", user=user).stdout)["plugins"]
            assert {p["id"] for p in listed} == expected, listed
            assert all(p["state"] == "ready" for p in listed), listed
            one = it.realmjoin("plugin", "info", "check-firewall", user=user)
            assert one.returncode == agent.OK, one
            entry = plugin(it, "check-firewall")
            binary = next((it.plugins_folder / "check-firewall").glob("*.so"))
            assert entry["sha256"] == hashlib.sha256(binary.read_bytes()).hexdigest(), entry
            for text in ("ready", "rj.check/1", "firewall", entry["folder"], entry["sha256"], *entry["granted"]):
                assert text in one.stdout, (text, one.stdout)
            assert "What to do" not in one.stdout, one.stdout


@tap.test(timeout=40)
def one_that_cannot_be_loaded_stands_first_with_its_reason_and_is_loaded_when_it_is_mended(folder):
    with agent.Agent(folder) as it:
        place = add_case(it)
        place.chmod(0o775)
        it.assign()
        it.start()
        it.wait_idle()
        lines = it.realmjoin("plugin", "list").stdout.splitlines()
        assert lines[1].startswith("refused") and "may be written by its group" in lines[1], lines
        assert lines[-1] == "-> realmjoin plugin info case", lines
        shown = it.realmjoin("plugin", "info", "case").stdout
        assert "may be written by its group" in shown and "realmjoin plugin enable case" in shown, shown
        failed = it.realmjoin("plugin", "enable", "case")
        assert failed.returncode == agent.FAILED and "enabled, but refused" in failed.stderr, failed
        assert "Plugins    1 refused -> realmjoin plugin list" in it.realmjoin("status").stdout
        place.chmod(0o755)
        assert order(it, "enable", "case") == "case is ready\n"
        agent.wait_until(lambda: check(it, "case"))
        assert "Plugins" not in it.realmjoin("status").stdout


@tap.test(timeout=30)
def an_unknown_plugin_is_named_and_refused_in_every_command(folder):
    with agent.Agent(folder) as it:
        it.assign()
        it.start()
        it.wait_idle()
        for first, *rest in (("info",), *ORDERS):
            refused = it.realmjoin("plugin", first, "no-such", *rest)
            assert refused.returncode == agent.REFUSED and '"no-such"' in refused.stderr, refused
            document = json.loads(it.realmjoin("plugin", first, "no-such", *rest, "--json").stdout)
            assert document["error"]["status"] == "not-found", document
        hostile = it.realmjoin("plugin", "disable", "../../etc\n\x1b[31mred")
        assert hostile.returncode == agent.REFUSED and "\x1b" not in hostile.stderr, hostile


@tap.test(timeout=60)
def a_plugin_in_a_worker_shows_its_process_once_it_was_asked(folder):
    worker = agent.BUILD / "core/worker/realmjoin-worker"
    if not worker.exists():
        tap.skip("the worker is not built")
    with agent.Agent(folder) as it:
        shutil.copy(worker, it.service_path.with_name(worker.name))
        it.assign(Plugins={"check-firewall": {"Isolation": "worker"}})
        it.start()
        it.wait_idle()
        before = plugin(it, "check-firewall")
        assert before["isolation"] == "worker" and before["worker"]["state"] == "asleep", before
        assert "pid" not in before["worker"] and before["worker"]["starts"] == 0, before
        assert "PID" not in it.realmjoin("plugin", "list").stdout
        it.realmjoin("check", "--refresh", "firewall")
        after = plugin(it, "check-firewall")["worker"]
        assert after["state"] == "ready" and after["starts"] == 1 and after["memory_kb"] > 0, after
        comm = pathlib.Path(f"/proc/{after['pid']}/comm").read_text()
        assert comm.startswith("realmjoin-worke"), comm
        lines = it.realmjoin("plugin", "list").stdout.splitlines()
        row = next(line.split() for line in lines if " check-firewall " in line)
        assert "PID" in lines[0] and str(after["pid"]) in row, lines
        shown = it.realmjoin("plugin", "info", "check-firewall", user=USER).stdout
        assert f"pid {after['pid']}" in shown and f"as {account(after['user'])}\n" in shown, shown
        said = order(it, "disable", "check-firewall")
        assert "stays loaded" not in said, said
        order(it, "enable", "check-firewall")


# ---- Ruling


@tap.test(timeout=40)
def an_ordinary_user_gives_no_orders(folder):
    with agent.Agent(folder) as it:
        it.assign()
        it.start()
        it.wait_idle()
        for first, *rest in ORDERS:
            refused = it.realmjoin("plugin", first, "check-firewall", *rest, user=USER)
            assert refused.returncode == agent.REFUSED and "only root" in refused.stderr, refused
        assert plugin(it, "check-firewall")["state"] == "ready"
        for method in ("plugin.enable", "plugin.disable", "plugin.quarantine"):
            assert f'was refused "{method} check-firewall"' in it.log(), method


@tap.test(timeout=60)
def a_disabled_plugins_check_is_unknown_at_once_and_after_a_restart_until_it_is_enabled(folder):
    with agent.Agent(folder) as it:
        it.assign(Policies=FIREWALL)
        it.start()
        it.wait_idle()
        before = check(it, "firewall")
        assert before["plugin"] == "check-firewall", before
        said = order(it, "disable", "check-firewall")
        assert said.startswith("check-firewall: disabled by the administrator"), said

        def is_unknown():
            now = check(it, "firewall")
            return now["state"] == "unknown" and "realmjoin plugin enable check-firewall" in now["summary"]

        agent.wait_until(is_unknown)
        assert "plugin.disable of check-firewall asked for by root (uid 0" in it.log()
        restart(it)
        assert is_unknown(), check(it, "firewall")
        entry = plugin(it, "check-firewall")
        assert entry["state"] == "disabled" and entry["disabled_by"] == "administrator", entry
        assert "stays loaded" not in entry["reason"], entry
        assert "Plugins" not in it.realmjoin("status").stdout
        assert order(it, "enable", "check-firewall") == "check-firewall is ready\n"
        agent.wait_until(lambda: check(it, "firewall")["summary"] == before["summary"])
        restart(it)
        assert plugin(it, "check-firewall")["state"] == "ready"


@tap.test(timeout=60)
def a_check_that_only_its_plugin_knows_goes_and_comes_with_it(folder):
    with agent.Agent(folder) as it:
        add_case(it)
        it.assign()
        it.start()
        it.wait_idle()
        assert check(it, "case"), it.call("check")
        order(it, "disable", "case")
        agent.wait_until(lambda: not check(it, "case"))
        assert it.realmjoin("check", "case").returncode == agent.REFUSED
        assert it.realmjoin("check", "--refresh", "case").returncode == agent.REFUSED
        order(it, "enable", "case")
        agent.wait_until(lambda: check(it, "case"))


@tap.test(timeout=60)
def a_quarantined_file_does_not_run_until_it_is_cleared_or_changes(folder):
    with agent.Agent(folder) as it:
        place = add_case(it)
        it.assign()
        it.start()
        it.wait_idle()
        sha256 = plugin(it, "case")["sha256"]
        said = order(it, "quarantine", "case")
        assert "quarantined by the administrator" in said and sha256[:12] in said, said
        agent.wait_until(lambda: "quarantined by" in check(it, "case")["summary"])
        assert check(it, "case")["state"] == "unknown"
        restart(it)
        entry = plugin(it, "case")
        assert entry["state"] == "quarantined" and entry["sha256"] == sha256, entry
        assert "quarantined by" in check(it, "case")["summary"], check(it, "case")
        status = it.realmjoin("status").stdout
        assert "1 quarantined -> realmjoin plugin list" in status and "refused" not in status, status
        assert it.call("status")["plugins"]["quarantined"] == 1
        refused = it.realmjoin("plugin", "enable", "case")
        assert refused.returncode == agent.REFUSED and "--clear" in refused.stderr, refused
        assert order(it, "quarantine", "case", "--clear") == "case is ready\n"
        agent.wait_until(lambda: "quarantined" not in check(it, "case")["summary"])
        order(it, "quarantine", "case")
        # An update brings another file.
        with open(place / "case.so", "ab") as binary:
            binary.write(b"newer")
        write_manifest(place)
        restart(it)
        assert plugin(it, "case")["state"] == "ready"
        # And the old one is still not to run.
        with open(place / "case.so", "r+b") as binary:
            binary.truncate(binary.seek(0, 2) - len(b"newer"))
        write_manifest(place)
        restart(it)
        assert plugin(it, "case")["state"] == "quarantined"


@tap.test(timeout=60)
def what_the_policy_disables_cannot_be_enabled_and_the_command_says_so(folder):
    with agent.Agent(folder) as it:
        it.assign(Plugins={"check-firewall": {"Enabled": False}})
        it.start()
        it.wait_idle()
        refused = it.realmjoin("plugin", "enable", "check-firewall")
        assert refused.returncode == agent.REFUSED, refused
        assert "disabled by policy (Plugins.check-firewall.Enabled)" in refused.stderr, refused
        shown = it.realmjoin("plugin", "info", "check-firewall").stdout
        assert "set Plugins.check-firewall.Enabled in the policy to true" in shown, shown
        assert plugin(it, "check-firewall")["disabled_by"] == "policy"
        # Once the policy allows it, the plugin is there without a restart.
        it.assign()
        agent.wait_until(lambda: not it.realmjoin("plugin", "enable", "check-firewall").returncode)
        assert plugin(it, "check-firewall")["state"] == "ready"


@tap.test(timeout=60)
def disabling_a_provider_ends_its_work_and_its_packages_say_why_they_wait(folder):
    with agent.Agent(folder) as it:
        mark = folder / "running"
        it.assign(it.craft("slow", install=f"touch {mark}; sleep 60"))
        it.start()
        it.wait_idle()
        running = it.spawn("install", "slow")
        agent.wait_until(mark.exists)
        begin = time.monotonic()
        order(it, "disable", "package-craft")
        running.communicate(timeout=30)
        assert running.returncode not in (agent.OK, agent.USAGE, agent.NO_SERVICE), running.returncode
        assert time.monotonic() - begin < 30
        it.wait_idle()
        again = it.realmjoin("install", "slow", "--retry")
        assert again.returncode != agent.OK, again
        assert "realmjoin plugin enable package-craft" in again.stdout + again.stderr + it.log(), again


@tap.test(timeout=60)
def a_disabled_provider_does_not_run_for_users_either(folder):
    with agent.Agent(folder) as it:
        agent.give_home(it, USER)
        place = folder / "place"
        place.mkdir()
        place.chmod(0o777)
        it.assign()
        it.assign(it.craft("mine", install=f"touch {place}/ran", Scope="user", Mandatory=True), user=USER)
        it.start()
        it.wait_idle()
        order(it, "disable", "package-craft")
        it.realmjoin("sync", user=USER)
        assert not (place / "ran").exists()
        order(it, "enable", "package-craft")
        done = it.realmjoin("sync", user=USER)
        assert done.returncode == agent.OK, done
        assert (place / "ran").exists()


tap.main()
