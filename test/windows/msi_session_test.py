#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The MSI installed, replaced and removed while a person is signed in and the tray is open; TAP."""

import json
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import installed  # noqa: E402
import tap  # noqa: E402
from msi_machine import MOST_SECONDS, REFUSED, Installer, build_msi_script, handed_on, main  # noqa: E402
from msi_made import NEWER  # noqa: E402

PACKAGE = r"HKCU\SOFTWARE\RealmJoin\Packages\mine"
VERSIONS = ("now", "again", "newer")  # each replaces those before it


def package(name, *script, **assignment):
    return {"name": name, "Name": name.title(), "GroupName": "Tools", "script": [*script, "exit 0"], **assignment}


def waiting(name, **assignment):
    """A package whose script counts its runs and stays until go_on()."""
    return package(name, rf"echo run>> C:\{name}-runs.txt", rf"C:\wait.exe C:\go-{name}.txt",
                   rf"echo end>> C:\{name}-ends.txt", **assignment)


class Desk(Installer, installed.Desk):
    """One for all tests here; with what an installer does to it."""

    variant = "now"

    def __init__(self):
        super().__init__(package("mine", r"mkdir C:\mine", r"echo x> C:\mine\result.txt", Scope="user"),
                         waiting("slow"), waiting("own", Scope="user"), waiting("late"))

    def __enter__(self):
        super().__enter__()
        self.provide()
        self.installed = self.variant
        self.own_tray = []  # the process that the last sign-in has started
        return self

    def realmjoin(self, *words, **options):
        return self.run([installed.PROGRAM, *words], timeout=MOST_SECONDS, **options)

    def wait_until(self, condition, what, timeout=200):
        return super().wait_until(condition, what, timeout)

    def replaceable(self):
        """Signed in, with a version that another one replaces; that one."""
        if self.installed == VERSIONS[-1]:
            self.uninstall()
        self.sign_in()
        return VERSIONS[VERSIONS.index(self.installed) + 1]

    def replace(self, newer):
        self.upgrade(newer)
        versions = [values["DisplayVersion"] for values in self.products().values()]
        assert versions == [NEWER if newer == "newer" else build_msi_script.project_version()], versions

    def left(self):
        """Files, folders and lines of the registry that speak of us, of this Windows that ends and boots again."""
        self.stop()
        names = (str(path.relative_to(self.drive_c)) for path in self.drive_c.rglob("*"))
        found = {name for name in names if "realmjoin" in name.lower()} - {"RealmJoin.msi"} | self.registry_files()
        self.boot()
        return "\n".join(sorted(found))

    def state_of(self, name):
        shown = self.realmjoin("--json", "list", restricted=True)
        return next((p["state"] for p in json.loads(shown.out)["packages"] if p["id"] == name), None)

    def sign_in(self):
        """Without a look at the menu: these tests are about programs. A tray that the service has started finds no
        desktop under Wine; without its view it cannot be told to end. Then the person signs in anew."""
        if not self.installed:
            if not (self.program_data / "RealmJoin/policy").exists():  # it goes with an uninstall
                self._assign()
            self.install(VERSIONS[0])
        if not self.own_tray or self.trays() != self.own_tray:
            for tray in self.trays():
                os.kill(tray, signal.SIGKILL)
            self.wait_until(lambda: not self.trays() and not self.sessions(), self.service_log)
            assert self.run(["wineboot"], timeout=MOST_SECONDS).code == 0
            self.sign_in_by_itself()
            self.own_tray = self.trays()

    def sign_in_by_itself(self):
        """There is a tray, and the service knows it."""
        self.wait_until(lambda: len(self.trays()) == 1 and self.sessions(), self.service_log)

    def trays(self):
        """realmjoin.exe that is no command."""
        found = []
        for pid in self.processes():
            try:
                if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").endswith(b"tray"):
                    found.append(pid)
            except OSError:
                pass  # it has ended
        return found

    def ask_for(self, name):
        """As a person does in a terminal; how it goes on is for the service to know."""
        self.start([installed.PROGRAM, "install", name], restricted=True)
        self.wait_until(lambda: self.lines(f"{name}-runs.txt") == 1, self.service_log)

    def lines(self, name):
        path = self.drive_c / name
        return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0

    def go_on(self, name):
        """The script may end now; the package is installed in the end, by one whole run."""
        assert self.service() == "RUNNING"
        self.sign_in()
        assert self.lines(f"{name}-ends.txt") == 0
        (self.drive_c / f"go-{name}.txt").touch()
        self.realmjoin("install", name, restricted=True)
        self.wait_until(lambda: self.state_of(name) == "installed", self.service_log)
        assert self.lines(f"{name}-ends.txt") == 1, self.service_log()

    def own_folder(self):
        (folder,) = self.drive_c.glob("users/*/AppData/Local/RealmJoin")
        return folder

    def install_mine(self):
        """A package of the person's own, which is recorded in that person's hive."""
        done = self.realmjoin("install", "mine", restricted=True)
        assert done.code == 0, done


@tap.test(timeout=900)
def an_upgrade_that_fails_early_has_ended_only_our_own_programs_and_the_tray_comes_back():
    """And only an administrator ends them."""
    with handed_on(Desk) as desk:
        desk.replaceable()
        (old,) = desk.trays()
        other = desk.place(desk.programs / "realmjoin.exe", desk.drive_c / "other/realmjoin.exe")
        deaf = desk.start([installed.PROGRAM, "log", "--follow"])
        foreign = desk.start([other, "log", "--follow"])
        desk.wait_until(lambda: len(desk.processes()) >= 3, desk.processes)
        ender = [desk.programs / "realmjoinservice.exe", "--end-sessions"]
        refused = desk.run(ender, restricted=True, timeout=MOST_SECONDS)
        assert refused.code == 1 and "only an administrator" in refused.err, refused
        assert deaf.running() and old in desk.trays(), desk.processes()

        products, seen = desk.products(), len(desk.service_log())
        desk.upgrade("failing", code=REFUSED)
        assert foreign.running() and deaf.wait(MOST_SECONDS).code != 0
        assert old not in desk.processes(), desk.processes()
        assert desk.run(ender, timeout=MOST_SECONDS).code == 0  # nobody may be there any more
        foreign.kill()
        other.unlink()
        other.parent.rmdir()
        # Nothing of it has come so far as to stop the service, which thinks of the tray then.
        desk.sign_in_by_itself()
        said = desk.service_log()[seen:]
        assert "is started again" in said and "stopping" not in said, said
        assert desk.products() == products


@tap.test(timeout=900)
def an_upgrade_with_the_tray_open_ends_it_cleanly_and_brings_it_back():
    with handed_on(Desk) as desk:
        newer = desk.replaceable()
        (old,) = desk.trays()
        seen, said = len(desk.service_log()), len(desk.log())
        desk.replace(newer)
        desk.sign_in_by_itself()
        assert old not in desk.processes(), desk.processes()
        assert "an installer replaces or removes this program" in desk.log()[said:], desk.log()
        assert "ended by the installer, is started again" in desk.service_log()[seen:], desk.service_log()


@tap.test(timeout=900)
def an_upgrade_during_the_install_of_a_package_converges():
    with handed_on(Desk) as desk:
        newer = desk.replaceable()
        desk.ask_for("slow")
        desk.replace(newer)
        desk.go_on("slow")


@tap.test(timeout=900)
def an_uninstall_with_the_tray_open_leaves_nothing_of_us_and_what_packages_made():
    with handed_on(Desk) as desk:
        desk.sign_in()
        desk.install_mine()
        assert desk.registry(PACKAGE) and (desk.own_folder() / "tray.log").exists()
        desk.uninstall()
        assert not desk.processes(), desk.processes()
        assert (desk.drive_c / "mine/result.txt").exists()
        left = desk.left()
        assert not left, left


@tap.test(timeout=900)
def an_upgrade_during_the_install_of_a_persons_package_converges():
    with handed_on(Desk) as desk:
        newer = desk.replaceable()
        desk.ask_for("own")
        desk.replace(newer)
        desk.go_on("own")


@tap.test(timeout=900)
def an_uninstall_during_the_install_of_a_package_ends_it_and_leaves_nothing():
    with handed_on(Desk) as desk:
        desk.sign_in()
        desk.ask_for("late")
        desk.uninstall()
        assert not desk.processes() and not desk.processes("wait.exe")
        assert desk.lines("late-ends.txt") == 0
        left = desk.left()
        assert not left, left


@tap.test(timeout=900)
def what_people_have_of_us_outlives_an_uninstall_with_keepdata():
    """The last one: which trays had been ended is kept too, and what is installed within minutes starts them, for which
    Wine lacks a desktop by then."""
    with handed_on(Desk) as desk:
        desk.sign_in()
        desk.install_mine()
        desk.uninstall("KEEPDATA=1")
        assert not desk.processes() and desk.registry(PACKAGE)
        assert (desk.own_folder() / "tray.log").exists() and (desk.program_data / "RealmJoin").exists()


if __name__ == "__main__":
    main()
