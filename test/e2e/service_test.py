#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The service's own life: one instance, orderly and rude ends, bad state, bad policy."""

import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import agent
import tap


def run_service(it, *arguments, **changes):
    return subprocess.run([it.service_path, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=15, check=False, **changes)


@tap.test(timeout=20)
def a_second_instance_is_refused_and_names_the_first(folder):
    with agent.Agent(folder, plugins=False) as it:
        it.start()
        second = run_service(it, "--root", str(it.root))
        assert second.returncode == 3, second
        assert str(it.service.pid) in second.stderr and "running" in second.stderr, second.stderr
        assert it.call("version")["pid"] == it.service.pid


@tap.test(timeout=20)
def wrong_options_are_refused(folder):
    it = agent.Agent(folder, plugins=False)
    for arguments in (("--nonsense",), ("--root",), ("--root", "relative"), ("extra",), ("--kill-at", "3"),
                      ("--root", str(it.root), "--kill-at", "0"), ("--log-level", "loud")):
        result = run_service(it, *arguments)
        assert result.returncode == 2, (arguments, result)
        assert result.stderr.startswith("realmjoinservice: ")
    assert "--root" in run_service(it, "--help").stdout
    assert run_service(it, "--version").stdout.startswith("realmjoinservice ")


@tap.test(timeout=20)
def an_installed_service_refuses_to_be_redirected(folder):
    it = agent.Agent(folder, plugins=False)
    for prefix, arguments in (("", f"--root {it.root}"), ("", f"--plugins {it.root}"), (f"RJ_ROOT={it.root}", "")):
        script = f"{prefix} SYSTEMD_EXEC_PID=$$ exec {it.service_path} {arguments}"
        result = subprocess.run(["sh", "-c", script.strip()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                timeout=10, check=False)
        assert result.returncode == 2, result
        assert "refused" in result.stderr, result.stderr


@tap.test(timeout=20)
def the_service_manager_is_told_when_it_is_ready(folder):
    with agent.Agent(folder, plugins=False) as it:
        path = folder / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(path))
            manager.settimeout(10)
            os.environ["NOTIFY_SOCKET"] = str(path)
            try:
                it.start()
            finally:
                del os.environ["NOTIFY_SOCKET"]
            assert manager.recv(100) == b"READY=1"
            assert it.stop() == 0
            assert manager.recv(100) == b"STOPPING=1"


@tap.test(timeout=20)
def sigterm_ends_an_idle_service_at_once_and_leaves_no_socket(folder):
    with agent.Agent(folder) as it:
        it.assign()
        it.start()
        it.wait_idle()
        begin = time.monotonic()
        assert it.stop() == 0
        assert time.monotonic() - begin < 3
        assert not it.socket_path.exists()
        it.start()
        assert it.call("status")


@tap.test(timeout=30)
def a_storm_of_sigterm_ends_the_service_once_and_in_order(folder):
    with agent.Agent(folder) as it:
        it.assign(it.nupkg("pack", Mandatory=True))
        it.start()
        it.package("pack", state="installed")
        it.wait_idle()
        for _ in range(50):
            it.service.send_signal(signal.SIGTERM)
        assert it.service.wait(15) == 0  # a failure would be started again
        it.service = None
        it.start()
        assert it.package("pack", state="installed") and not list(it.state.glob("agent.db.corrupt-*"))


@tap.test(timeout=60)
def sigterm_in_mid_install_kills_the_script_and_the_next_start_puts_it_right(folder):
    with agent.Agent(folder) as it:
        begun, finished = it.root / "begun", it.root / "finished"
        script = f"if [ ! -e {begun} ]; then touch {begun}; sleep 300 & echo $! > {begun}; wait; fi; touch {finished}"
        it.assign(it.craft("slow", install=script, Mandatory=True))
        it.start()
        agent.wait_until(lambda: begun.exists() and begun.read_text())
        child = int(begun.read_text())
        begin = time.monotonic()
        it.stop()
        assert time.monotonic() - begin < 13
        agent.wait_until(lambda: not pathlib.Path(f"/proc/{child}").exists(), timeout=3)
        assert not finished.exists()
        it.start()
        it.package("slow", state="installed")
        assert finished.exists()


@tap.test(timeout=60)
def a_service_that_was_killed_goes_on_where_it_was(folder):
    with agent.Agent(folder) as it:
        begun, finished = it.root / "begun", it.root / "finished"
        script = f"if [ ! -e {begun} ]; then touch {begun}; sleep 300; fi; touch {finished}"
        it.assign(it.craft("slow", install=script, Mandatory=True))
        it.start()
        agent.wait_until(begun.exists)
        it.kill()
        it.start()
        it.package("slow", state="installed")
        assert finished.exists()


@tap.test(timeout=40)
def a_corrupt_database_is_set_aside_and_everything_detected_anew(folder):
    with agent.Agent(folder) as it:
        it.assign(it.nupkg("pack", Mandatory=True))
        it.start()
        it.package("pack", state="installed")
        it.stop()
        database = it.state / "agent.db"
        for path in it.state.glob("agent.db-*"):
            path.unlink()
        garbage = b"this is no database " * 1000
        database.write_bytes(garbage)
        it.start()
        kept = list(it.state.glob("agent.db.corrupt-*"))
        assert len(kept) == 1 and kept[0].read_bytes() == garbage, kept
        it.package("pack", state="installed")
        assert it.call("status")["store"]["damaged_set_aside"] is True
        assert "set aside" in it.log()


@tap.test(timeout=40)
def a_locked_database_is_said_and_the_service_stays_up(folder):
    with agent.Agent(folder) as it:
        it.assign()
        it.start()
        it.wait_idle()
        it.stop()
        holder = sqlite3.connect(it.state / "agent.db", isolation_level=None)
        try:
            holder.execute("PRAGMA locking_mode=EXCLUSIVE")
            holder.execute("BEGIN EXCLUSIVE")
            it.start()
            assert it.call("version")["pid"] == it.service.pid
            status = it.realmjoin("status")
            assert status.returncode != agent.OK and "agent.db" in status.stderr, status
        finally:
            holder.close()
        it.service.send_signal(signal.SIGHUP)
        agent.wait_until(lambda: it.realmjoin("status").returncode == agent.OK)


@tap.test(timeout=40)
def a_database_that_cannot_be_written_is_said_and_the_service_stays_up(folder):
    with agent.Agent(folder) as it:
        it.assign()
        it.state.parent.mkdir(parents=True, exist_ok=True)
        it.state.mkdir(exist_ok=True)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", it.state], stderr=subprocess.DEVNULL,
                          check=False).returncode != 0:
            tap.skip("a read-only file system cannot be mounted here")
        try:
            it.start()
            status = it.realmjoin("status")
            assert status.returncode != agent.OK and str(it.state) in status.stderr, status
            assert it.call("version")
            it.stop()
        finally:
            subprocess.run(["umount", "-l", it.state], check=False)


@tap.test(timeout=60)
def a_bad_policy_keeps_the_service_up_and_the_former_policy_in_force(folder):
    with agent.Agent(folder) as it:
        it.assign(it.craft("tool", Mandatory=True))
        it.start()
        it.package("tool", state="installed")
        for bad in ("", "{", "[]", '{"a":1,"a":2}', "[" * 1000, '{"SoftwarePackages":[{"ID":"../x"}]}',
                    '{"SoftwarePackages":[{"ID":"a","DependsOn":["a"],"Location":"/x","Format":"craft"}]}'):
            it.write_policy(bad)
            it.realmjoin("sync")
            policy = it.call("status")["policy"]
            assert policy["state"] == "error" and "device.json" in policy["message"], (bad, policy)
            assert it.package("tool")["state"] == "installed"
        it.assign(it.craft("tool", Mandatory=True))
        it.realmjoin("sync")
        assert it.call("status")["policy"]["state"] == "ok"


@tap.test(timeout=40)
def a_changed_policy_is_noticed_without_being_told(folder):
    with agent.Agent(folder) as it:
        it.assign()
        it.start()
        it.wait_idle()
        it.assign(it.craft("new", install=f"touch {it.root}/new-installed", Mandatory=True))
        it.package("new", timeout=10, state="installed")
        assert (it.root / "new-installed").exists()


@tap.test(timeout=40)
def sighup_reads_the_policy_again(folder):
    with agent.Agent(folder) as it:
        it.assign()
        it.start()
        first = it.wait_idle().get("last_sync")
        time.sleep(0.05)
        it.service.send_signal(signal.SIGHUP)
        agent.wait_until(lambda: it.call("status").get("last_sync") != first)


if __name__ == "__main__":
    tap.main()
