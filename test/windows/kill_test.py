#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The service ended at every durable write, and with it what it had started; the next start finishes; TAP.

As test/e2e/kill_test.py does on POSIX systems, for one upgrade of a craft and a NuGet package: Windows ends a
process with TerminateProcess, and files that are open elsewhere cannot be replaced there.
"""

import contextlib
import pathlib
import shutil
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402
import machine  # noqa: E402
from machine import wait_until  # noqa: E402

KILLED = 137
WRITES_MAX = 200  # more than this means that the loop does not come to its end
SCRIPT = ('echo run>> "%RJ_Root%\\runs-%RJ_PackageID%"\necho %RJ_Version%> "%RJ_Root%\\effect-%RJ_PackageID%"\n'
          "exit /b 0")


def packages(agent, version):
    files = {"content/a.txt": version, "content/b.txt": "b" * 5000}
    return (agent.nupkg("tool", files=files, version=version, Mandatory=True, AutoUpgrade=True),
            agent.craft("card", install=SCRIPT, uninstall="exit /b 0", version=version, Mandatory=True,
                        AutoUpgrade=True))


def lines_of(path):
    return path.read_text().split() if path.exists() else []


def run_until_killed(agent, nth):
    """True if the service was killed, False if the run came to its end before the n-th write."""
    agent.start("--kill-at", str(nth))
    if wait_until(lambda: not agent.service.running() or agent.said("sync ended"), 60, told=agent.log) is True \
            and not agent.service.running():
        ended = agent.service.wait()
        assert ended.code == KILLED, (ended, agent.log())
        return True
    agent.kill()
    return False


def is_upgraded(agent):
    return (lines_of(agent.root / "effect-card") == ["2.0.0"]
            and lines_of(agent.library / "tool/content/a.txt") == ["2.0.0"])


def journal_is_closed(agent):
    with contextlib.closing(sqlite3.connect(agent.state / "agent.db")) as database:
        total, still_open = database.execute(
            "select count(*), count(*) filter (where ended is null) from journal").fetchone()
        assert total > 0 and still_open == 0, (total, still_open)
        assert database.execute("pragma integrity_check").fetchone()[0] == "ok"
        versions = dict(database.execute("select id, version from record"))
        assert versions == {"tool": "2.0.0", "card": "2.0.0"}, versions


def verify(agent):
    assert is_upgraded(agent)
    # Twice at most: once killed in the middle, once for good.
    assert 1 <= len(lines_of(agent.root / "runs-card")) - 1 <= 2, lines_of(agent.root / "runs-card")
    there = sorted(p.name for p in agent.library.iterdir() if not p.name.startswith(".realmjoin"))
    assert there == ["tool"], there
    journal_is_closed(agent)


@tap.test(timeout=300)
def an_upgrade_ended_at_any_write_is_finished_by_the_next_start():
    with machine.programs("kill") as it:
        agent = it.agent(it.drive_c / "r")
        agent.assign(*packages(agent, "1.0.0"))
        agent.start()
        agent.wait_idle()
        agent.kill()
        assert lines_of(agent.root / "effect-card") == ["1.0.0"], agent.log()
        agent.assign(*packages(agent, "2.0.0"))
        before = it.drive_c / "before"
        shutil.copytree(agent.root, before)
        killed = 0
        for nth in range(1, WRITES_MAX):
            shutil.rmtree(agent.root)
            shutil.copytree(before, agent.root)
            was_killed = run_until_killed(agent, nth)
            agent.start()
            agent.wait_idle()
            agent.kill()
            try:
                verify(agent)
            except Exception:
                tap.diagnose(f"killed at {nth}\n{agent.log()}")
                raise
            if not was_killed:
                break
            killed += 1
        assert killed >= 8, f"only {killed} writes were seen"
        tap.diagnose(f"{killed} kills, each at another write")


@tap.test(timeout=120)
def what_a_script_started_ends_with_the_service_and_the_script_is_tried_again():
    with machine.programs("tree") as it:
        agent = it.agent(it.drive_c / "r")
        tick = it.drive_c / "tick"
        # The child goes on counting by itself, unless somebody ends it.
        count = ":again\necho x>> C:\\tick\nping -n 2 127.0.0.1 > nul\ngoto again"
        agent.assign(agent.craft("slow", install='if exist "%RJ_Root%\\go" exit /b 0\nstart /b cmd /c count.cmd\n'
                                 "call count.cmd", files={"count.cmd": "@echo off\r\n" + count.replace("\n", "\r\n")},
                                 Mandatory=True))
        agent.start()
        wait_until(lambda: len(lines_of(tick)) >= 3, told=agent.log)
        agent.kill()
        tick.unlink()
        again = machine.stays_absent(tick, 3)
        assert again, "a child of the script lives on"
        (agent.root / "go").touch()
        agent.start()
        agent.wait_idle()
        package = agent.package("slow")
        assert package["state"] == "installed", (package, agent.log())
        agent.kill()


SLEEPS = "echo x>> \"%PUBLIC%\\begun\"\nif exist \"%PUBLIC%\\go\" exit /b 0\nping -n 60 127.0.0.1 > nul\nexit /b 0"


@tap.test(timeout=120)
def a_service_stopped_in_mid_install_ends_in_time_and_goes_on_at_its_next_start():
    with machine.installed("stop") as it:
        public = it.drive_c / "users/Public"
        it.assign(it.craft("slow", install=SLEEPS, Mandatory=True))
        it.service_start("realmjoin")
        wait_until(lambda: lines_of(public / "begun"), told=it.log)
        it.service_stop("realmjoin", timeout=30)
        assert it.log().rstrip().endswith("ended"), it.log()
        (public / "go").touch()
        before = len(it.log())
        it.service_start("realmjoin")
        wait_until(lambda: "sync ended" in it.log()[before:], told=it.log)
        assert it.package("slow")["state"] == "installed", it.log()
        assert len(lines_of(public / "begun")) == 2, lines_of(public / "begun")


@tap.test(timeout=120)
def a_session_killed_in_mid_install_is_noticed_and_the_package_tried_again():
    with machine.installed("session") as it:
        public = it.drive_c / "users/Public"
        it.assign(it.craft("mine", install=SLEEPS, Scope="user", Mandatory=True))
        it.start_service()
        session = it.start([it.programs / "realmjoin.exe", "session"], restricted=True)
        wait_until(lambda: lines_of(public / "begun"), told=it.log)
        session.kill()
        wait_until(lambda: "session of root: gone" in it.log() or "mine 1.0.0 for root: failed" in it.log(), told=it.log)
        assert it.package("mine", restricted=True)["state"] != "installed"
        (public / "go").touch()
        it.start([it.programs / "realmjoin.exe", "session"], restricted=True)
        wait_until(lambda: it.package("mine", restricted=True)["state"] == "installed", told=it.log)
        assert len(lines_of(public / "begun")) == 2, lines_of(public / "begun")


if __name__ == "__main__":
    tap.main()
