#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The service ended at a durable write, and with it what it had started; the next start finishes; TAP.

The loops of test/e2e/kill_test.py: Windows ends a process with TerminateProcess, and files that are open elsewhere
cannot be replaced there. Odd numbers kill before a write, even ones right after it.
"""

import contextlib
import pathlib
import shutil
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402
import machine  # noqa: E402
import wine  # noqa: E402
from machine import lines_of, wait_until  # noqa: E402

KILLED = 137
WRITES_MAX = 200  # more than this means that the loop does not come to its end
SCRIPT = ('echo run>> "%RJ_Root%\\runs-%RJ_PackageID%"\necho %RJ_Version%> "%RJ_Root%\\effect-%RJ_PackageID%"\n'
          "exit /b 0")
UNDONE = 'del "%RJ_Root%\\effect-card"\nexit /b 0'
WORKERS = {name: {"Isolation": "worker"} for name in ("package-nuget", "package-craft")}


def packages(agent, version, **more):
    files = {"content/a.txt": version, "content/b.txt": "b" * 5000}
    wanted = more or {"Mandatory": True, "AutoUpgrade": True}
    return (agent.nupkg("tool", files=files, version=version, **wanted),
            agent.craft("card", install=SCRIPT, uninstall=UNDONE, version=version, **wanted))


def run_until_killed(agent, nth):
    """True if the service was killed, False if the run came to its end before the n-th write."""
    agent.start("--kill-at", str(nth))
    wait_until(lambda: not agent.service.running() or agent.said("sync ended"), 60, 0.02, told=agent.log)
    if not agent.service.running():
        ended = agent.service.wait()
        assert ended.code == KILLED, (ended, agent.log())
        return True
    agent.kill()
    return False


def journal_is_closed(agent, versions):
    """Nothing is forgotten, and the records tell these versions."""
    with contextlib.closing(sqlite3.connect(agent.state / "agent.db")) as database:
        total, still_open = database.execute(
            "select count(*), count(*) filter (where ended is null) from journal").fetchone()
        assert total > 0 and still_open == 0, (total, still_open)
        assert database.execute("pragma integrity_check").fetchone()[0] == "ok"
        told = dict(database.execute("select id, version from record"))
        assert told == versions, told


def no_litter(agent, *names):
    there = sorted(p.name for p in agent.library.iterdir() if not p.name.startswith(".realmjoin"))
    assert there == sorted(names), there


def installed_at(version, runs_before=0):
    def verify(agent):
        assert lines_of(agent.root / "effect-card") == [version]
        assert lines_of(agent.library / "tool/content/a.txt") == [version]
        # Twice at most: once killed in the middle, once for good.
        runs = len(lines_of(agent.root / "runs-card")) - runs_before
        assert 1 <= runs <= 2, runs
        no_litter(agent, "tool")
        journal_is_closed(agent, {"tool": version, "card": version})
    return verify


def nothing(_agent):
    pass


def first_version(agent):
    agent.assign(*packages(agent, "1.0.0"))
    agent.start()
    agent.wait_idle()
    agent.kill()
    installed_at("1.0.0")(agent)


def each_kill_converges(name, prepare, change, verify, while_running=nothing):
    with machine.programs(name) as it:
        agent = it.agent(it.drive_c / "r")
        prepare(agent)
        change(agent)
        before = it.drive_c / "before"
        shutil.copytree(agent.root, before)
        killed = []
        for nth in range(1, WRITES_MAX):
            shutil.rmtree(agent.root)
            shutil.copytree(before, agent.root)
            was_killed = run_until_killed(agent, nth)
            agent.start()
            try:
                agent.wait_idle()
                while_running(agent)
                agent.kill()
                verify(agent)
            except Exception:
                tap.diagnose(f"killed at {nth}\n{agent.log()}")
                raise
            if not was_killed:
                break
            killed.append(nth)
        else:
            raise AssertionError(f"the run was still killed at write {WRITES_MAX - 1}")
        tap.diagnose(f"killed at the writes {' '.join(map(str, killed))}")
        assert len(killed) >= 8, f"only {len(killed)} writes were seen"


@tap.test(timeout=300)
def an_install_ended_at_any_write_is_finished_by_the_next_start():
    each_kill_converges("install", nothing, lambda agent: agent.assign(*packages(agent, "1.0.0")),
                        installed_at("1.0.0"))


@tap.test(timeout=300)
def an_upgrade_ended_at_any_write_is_finished_by_the_next_start():
    each_kill_converges("upgrade", first_version, lambda agent: agent.assign(*packages(agent, "2.0.0")),
                        installed_at("2.0.0", runs_before=1))


@tap.test(timeout=300)
def an_upgrade_through_workers_ended_at_any_write_is_finished_by_the_next_start():
    def workers_run(agent):
        kinds = {p["id"]: p["isolation"] for p in agent.ask("plugin", "list")["plugins"]}
        assert kinds == {name: "worker" for name in WORKERS}, kinds

    def through_workers(agent):
        worker = wine.build_root() / "core/worker/realmjoin-worker.exe"
        agent.of.place(worker, agent.root / "Program Files/RealmJoin" / worker.name)
        agent.assign(*packages(agent, "2.0.0"), Plugins=WORKERS)

    each_kill_converges("workers", first_version, through_workers, installed_at("2.0.0", runs_before=1), workers_run)


@tap.test(timeout=300)
def a_removal_ended_at_any_write_leaves_nothing():
    def gone(agent):
        assert not (agent.root / "effect-card").exists()
        no_litter(agent)
        journal_is_closed(agent, {})

    each_kill_converges("removal", first_version,
                        lambda agent: agent.assign(*packages(agent, "1.0.0", Uninstall=True)),
                        gone)


@tap.test(timeout=120)
def a_run_ended_again_and_again_still_comes_to_its_end():
    with machine.programs("again") as it:
        agent = it.agent(it.drive_c / "r")
        agent.assign(*packages(agent, "1.0.0"))
        killed = [nth for nth in (3, 5, 7, 9, 11, 2, 4, 6, 8) if run_until_killed(agent, nth)]
        assert len(killed) >= 5, killed
        agent.start()
        agent.wait_idle()
        for package in agent.ask("list")["packages"]:
            assert (package["state"], package["reason_code"]) == ("installed", "as-wanted"), (package, agent.log())
        agent.kill()
        assert lines_of(agent.root / "effect-card") == ["1.0.0"]
        no_litter(agent, "tool")
        journal_is_closed(agent, {"tool": "1.0.0", "card": "1.0.0"})


if __name__ == "__main__":
    tap.main()
