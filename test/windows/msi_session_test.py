# SPDX-License-Identifier: MIT
"""The MSI replaced and removed while a person is signed in and the tray is open."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import installed  # pylint: disable=wrong-import-position
import tap  # pylint: disable=wrong-import-position
from msi_machine import (  # pylint: disable=wrong-import-position
    NEWER, STOPPED_MEANWHILE, UNINSTALL, made, msi_tables, settle,
)

PACKAGE = r"HKCU\SOFTWARE\RealmJoin\Packages\mine"


def package(name, *script, **assignment):
    return {"name": name, "Name": name.title(), "GroupName": "Tools", "script": [*script, "exit 0"], **assignment}


class Desk(installed.Desk):
    """As wine_test's machines, with what an installer does to it."""

    def msiexec(self, *words, busy):
        """`busy`: with a service that has something to do. Wine does not wait for its end, see settle()."""
        if not busy:
            settle(self)
        code = self.run(["msiexec", *words, "/qn", "/norestart"], timeout=90).code
        if busy and code == STOPPED_MEANWHILE:
            settle(self)
            self.service_start("realmjoin")
            code = 0
        assert code == 0, (words, code)

    def upgrade(self, busy=False):
        """As Windows does it: it tells the old product which one replaces it, which Wine leaves out."""
        for cached in (self.windows / "Installer").glob("*.msi"):
            table = msi_tables.read(cached)["Property"]
            table.append({"Property": "UPGRADINGPRODUCTCODE", "Value": "{11111111-1111-1111-1111-111111111111}"})
            msi_tables.write(cached, [table])
        self.place(made("newer"), self.drive_c / "Newer.msi")
        self.msiexec("/i", r"C:\Newer.msi", busy=busy)
        versions = [values.get("DisplayVersion") for name, values in (self.registry(UNINSTALL) or {}).items()
                    if name.startswith("{")]
        assert versions == [NEWER], versions

    def uninstall(self, *words):
        msi = r"C:\Newer.msi" if (self.drive_c / "Newer.msi").exists() else r"C:\RealmJoin.msi"
        self.msiexec("/x", msi, *words, busy=False)

    def left(self):
        """Files, folders and lines of the registry that speak of us; ends this Windows."""
        self.stop()
        found = [str(path.relative_to(self.drive_c)) for path in self.drive_c.rglob("*")
                 if "realmjoin" in str(path.relative_to(self.drive_c)).lower()]
        found = [path for path in found if path != "RealmJoin.msi"]
        for name in ("system.reg", "user.reg", "userdef.reg"):
            text = (self.folder / name).read_text(encoding="utf-8", errors="replace")
            found += [line for line in text.splitlines() if "realmjoin" in line.lower()]
        return found

    def state_of(self, name):
        shown = self.realmjoin("--json", "list", restricted=True)
        return next((p["state"] for p in json.loads(shown.out)["packages"] if p["id"] == name), None)

    def sign_in(self):
        """Without a look at the menu: these tests are about programs."""
        if not self.processes():
            assert self.run(["wineboot"], timeout=60).code == 0
        self.wait_until(self.sessions, self.log)

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
        self.wait_until(lambda: lines(self, f"{name}-runs.txt") == 1, self.service_log)

    def own_folder(self):
        (folder,) = self.drive_c.glob("users/*/AppData/Local/RealmJoin")
        return folder

    def install_mine(self):
        """A package of the person's own, which is recorded in that person's hive."""
        done = self.realmjoin("install", "mine", restricted=True)
        assert done.code == 0, done


MINE = package("mine", r"mkdir C:\mine", r"echo x> C:\mine\result.txt", Scope="user")


@tap.test(timeout=300)
def an_uninstall_with_the_tray_open_leaves_nothing_of_us_and_what_packages_made():
    with Desk(MINE) as desk:
        desk.sign_in()
        desk.install_mine()
        assert desk.registry(PACKAGE) and (desk.own_folder() / "tray.log").exists()
        assert desk.processes(), "no tray"
        desk.uninstall()
        assert not desk.processes(), desk.processes()
        assert (desk.drive_c / "mine/result.txt").exists()
        left = desk.left()
        assert not left, "\n".join(left)


@tap.test(timeout=300)
def what_people_have_of_us_outlives_an_uninstall_with_keepdata():
    with Desk(MINE) as desk:
        desk.sign_in()
        desk.install_mine()
        desk.uninstall("KEEPDATA=1")
        assert not desk.processes() and desk.registry(PACKAGE)
        assert (desk.own_folder() / "tray.log").exists() and (desk.program_data / "RealmJoin").exists()


@tap.test(timeout=300)
def an_upgrade_with_the_tray_open_ends_it_cleanly_and_brings_it_back():
    with Desk() as desk:
        desk.sign_in()
        (old,) = desk.trays()
        desk.upgrade()
        desk.wait_until(lambda: [tray for tray in desk.trays() if tray != old], desk.service_log)
        desk.wait_until(desk.sessions, desk.service_log)
        assert old not in desk.processes(), desk.processes()
        assert "an installer replaces or removes this program" in desk.log(), desk.log()
        assert "ended by the installer, is started again" in desk.service_log(), desk.service_log()
        desk.uninstall()
        assert not desk.processes(), desk.processes()
        left = desk.left()
        assert not left, "\n".join(left)


@tap.test(timeout=300)
def only_our_own_programs_are_ended_obedient_or_not_and_only_for_an_administrator():
    with Desk() as desk:
        desk.sign_in()
        other = desk.place(desk.program_files / "RealmJoin/realmjoin.exe", desk.drive_c / "other/realmjoin.exe")
        deaf = desk.start([installed.PROGRAM, "log", "--follow"])
        foreign = desk.start([other, "log", "--follow"])
        desk.wait_until(lambda: len(desk.processes()) >= 3, desk.processes)
        ender = [desk.program_files / "RealmJoin/realmjoinservice.exe", "--end-sessions"]
        refused = desk.run(ender, restricted=True)
        assert refused.code == 1 and "only an administrator" in refused.err, refused
        assert deaf.running() and desk.trays(), desk.processes()
        assert desk.run(ender, timeout=40).code == 0
        assert foreign.running() and deaf.wait(10).code != 0
        assert not desk.trays(), desk.processes()
        assert desk.run(ender).code == 0  # nobody is there any more
        foreign.kill()


def waiting(name):
    """A package whose script counts its runs and stays until go()."""
    return package(name, rf"echo run>> C:\{name}-runs.txt", rf"C:\wait.exe C:\go-{name}.txt",
                   rf"echo end>> C:\{name}-ends.txt")


def lines(desk, name):
    path = desk.drive_c / name
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


def go_on(desk, name):
    """The script may end now; the package is installed in the end, by one whole run."""
    assert lines(desk, f"{name}-ends.txt") == 0
    (desk.drive_c / f"go-{name}.txt").touch()
    desk.wait_until(lambda: desk.service_state("realmjoin") == "RUNNING", desk.service_log)
    desk.sign_in()
    desk.realmjoin("install", name, restricted=True)
    desk.wait_until(lambda: desk.state_of(name) == "installed", desk.service_log)
    assert lines(desk, f"{name}-ends.txt") == 1, desk.service_log()


@tap.test(timeout=300)
def an_upgrade_during_the_install_of_a_package_converges():
    with Desk(waiting("slow")) as desk:
        desk.sign_in()
        desk.ask_for("slow")
        desk.upgrade(busy=True)
        go_on(desk, "slow")


@tap.test(timeout=300)
def an_upgrade_during_the_install_of_a_persons_package_converges():
    with Desk({**waiting("own"), "Scope": "user"}) as desk:
        desk.sign_in()
        desk.ask_for("own")
        desk.upgrade(busy=True)
        go_on(desk, "own")


@tap.test(timeout=300)
def an_uninstall_during_the_install_of_a_package_ends_it_and_leaves_nothing():
    with Desk(waiting("slow")) as desk:
        desk.sign_in()
        desk.ask_for("slow")
        desk.uninstall()
        assert not desk.processes() and not desk.processes("wait.exe")
        assert lines(desk, "slow-ends.txt") == 0
        left = desk.left()
        assert not left, "\n".join(left)


if __name__ == "__main__":
    tap.main()
