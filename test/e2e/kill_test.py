#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kill -9 at every durable write of the service: the next start finishes or rolls back, always.

Odd numbers kill before a write, even ones right after it.  Each loop goes on until a run gets
through, so no step is left out however many there are.
"""

import json
import pathlib
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import agent
import tap

WRITES_MAX = 200  # more than this means that the loop does not come to its end
SCRIPT = 'echo run >> "$RJ_Root/runs-$RJ_PackageID"; echo "$RJ_Version" > "$RJ_Root/effect-$RJ_PackageID"'


def packages(it, version, **more):
    tool = it.nupkg("tool", install=SCRIPT, files={"content/a.txt": version, "content/b.txt": "b" * 5000},
                    version=version, Mandatory=True, AutoUpgrade=True, **more)
    card = it.craft("card", install=SCRIPT, uninstall='rm -f "$RJ_Root/effect-card"', version=version,
                    Mandatory=True, AutoUpgrade=True, **more)
    return tool, card


def run_until_killed(it, nth):
    """True if the service was killed, False if the run came to its end before the n-th write."""
    it.start("--kill-at", str(nth), wait=False)

    def ended_or_idle():
        if it.service.poll() is not None:
            return "killed"
        try:
            status = it.call("status")
        except (OSError, ConnectionError):
            return None
        return "idle" if status.get("last_sync") and not status.get("run") and not status.get("queued") else None

    outcome = agent.wait_until(ended_or_idle, timeout=20)
    if outcome == "killed":
        assert it.service.returncode == -9, it.service.returncode
        it.service = None
        return True
    it.stop()
    return False


def journal_is_closed(it):
    """Nothing is forgotten: no entry is still open, and the database is sound."""
    with sqlite3.connect(it.state / "agent.db") as database:
        total, still_open = database.execute("select count(*), count(*) filter (where ended is null) from journal").fetchone()
        assert total > 0 and still_open == 0, (total, still_open)
        assert database.execute("pragma integrity_check").fetchone()[0] == "ok"


def no_litter(it, *names):
    """Below the packages' folder lies nothing but the named packages."""
    library = it.state / "chocolatey/lib"
    there = sorted(p.name for p in library.iterdir() if not p.name.startswith(".realmjoin"))
    assert there == sorted(names), there


def each_kill_converges(folder, prepare, change, verify):
    killed = 0
    for nth in range(1, WRITES_MAX):
        place = folder / str(nth)
        place.mkdir()
        with agent.Agent(place) as it:
            prepare(it)
            change(it)
            was_killed = run_until_killed(it, nth)
            it.start()
            it.wait_idle()
            verify(it)
            it.stop()
            journal_is_closed(it)
        if not was_killed:
            assert killed >= 8, f"only {killed} writes were seen"
            tap.diagnose(f"{killed} kills, each at another write")
            return
        killed += 1
    raise AssertionError(f"the run was still killed at write {WRITES_MAX}")


def effect(it, name):
    path = it.root / f"effect-{name}"
    return path.read_text().strip() if path.exists() else None


def runs(it, name):
    path = it.root / f"runs-{name}"
    return len(path.read_text().split()) if path.exists() else 0


def installed_at(version, runs_before=0):
    def verify(it):
        for name in ("tool", "card"):
            it.package(name, state="installed", installed_version=version, timeout=10)
            assert effect(it, name) == version, (name, effect(it, name))
            # Twice at most: once killed in the middle, once for good.
            assert 1 <= runs(it, name) - runs_before <= 2, (name, runs(it, name))
        assert (it.state / "chocolatey/lib/tool/content/a.txt").read_text() == version
        no_litter(it, "tool")
    return verify


@tap.test(timeout=300)
def an_install_killed_at_any_write_is_finished_at_the_next_start(folder):
    each_kill_converges(folder, lambda it: None, lambda it: it.assign(*packages(it, "1.0.0")), installed_at("1.0.0"))


def first_version(it):
    it.assign(*packages(it, "1.0.0"))
    it.start()
    it.package("tool", state="installed")
    it.package("card", state="installed")
    it.wait_idle()
    it.stop()


@tap.test(timeout=300)
def an_upgrade_killed_at_any_write_ends_with_the_new_version(folder):
    each_kill_converges(folder, first_version, lambda it: it.assign(*packages(it, "2.0.0")),
                        installed_at("2.0.0", runs_before=1))


@tap.test(timeout=300)
def an_upgrade_through_workers_killed_at_any_write_ends_with_the_new_version(folder):
    if not agent.WORKER.exists():
        tap.skip("the worker is not built")
    workers = {name: {"Isolation": "worker"} for name in ("package-nuget", "package-craft")}

    def upgrade(it):
        it.assign(*packages(it, "2.0.0"), Plugins=workers)

    def verify(it):
        installed_at("2.0.0", runs_before=1)(it)
        listed = json.loads(it.realmjoin("plugin", "list", "--json").stdout)["plugins"]
        assert all(p["isolation"] == "worker" for p in listed if p["id"] in workers), listed

    each_kill_converges(folder, first_version, upgrade, verify)


@tap.test(timeout=300)
def a_removal_killed_at_any_write_leaves_nothing(folder):
    def remove(it):
        it.assign(*(dict(package, Mandatory=False, Uninstall=True) for package in packages(it, "1.0.0")))

    def gone(it):
        for name in ("tool", "card"):
            it.package(name, state="not-installed", timeout=10)
        assert effect(it, "card") is None
        no_litter(it)

    each_kill_converges(folder, first_version, remove, gone)


@tap.test(timeout=120)
def a_run_killed_again_and_again_still_ends(folder):
    with agent.Agent(folder) as it:
        it.assign(*packages(it, "1.0.0"))
        for nth in (3, 5, 7, 9, 11, 2, 4, 6, 8):
            run_until_killed(it, nth)
        it.start()
        it.wait_idle()
        for name in ("tool", "card"):
            package = it.package(name)
            # What was interrupted too often waits for a person, and says so; nothing is forgotten.
            assert package["state"] == "installed" or package["verdict"] == "held", json.dumps(package)
        it.realmjoin("install", "tool")
        it.realmjoin("install", "card")
        it.package("tool", state="installed")
        it.package("card", state="installed")


tap.main()
