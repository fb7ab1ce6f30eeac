#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A service or a session ended while a script of a package runs: no child lives on, the package is tried again; TAP."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402
import machine  # noqa: E402
from machine import OK, lines_of, wait_until  # noqa: E402


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
        wait_until(lambda: lines_of(tick) and len(it.processes("cmd.exe")) >= 2, told=agent.log)
        agent.kill()
        wait_until(lambda: not it.processes("cmd.exe"), told=lambda: "a child of the script lives on")
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
        it.start([it.programs / "realmjoin.exe", "session"], restricted=True)
        wait_until(lambda: lines_of(public / "begun"), told=it.log)
        assert it.run(["taskkill", "/f", "/im", "realmjoin.exe"]).code == OK
        wait_until(lambda: "session of root: gone" in it.log(), told=it.log)
        assert "mine: the outcome is not known (session: lost while it worked; outcome unknown)" in it.log(), it.log()
        waits = it.package("mine", restricted=True)
        assert (waits["state"], waits["verdict"]) == ("not-installed", "held"), waits
        assert waits["reason"] == "waits until its user is signed in", waits
        (public / "go").touch()
        it.start([it.programs / "realmjoin.exe", "session"], restricted=True)
        wait_until(lambda: it.package("mine", restricted=True)["state"] == "installed", step=0.3, told=it.log)
        assert len(lines_of(public / "begun")) == 2, lines_of(public / "begun")


if __name__ == "__main__":
    tap.main()
