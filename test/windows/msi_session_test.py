# SPDX-License-Identifier: MIT
"""The MSI replaced and removed while a person is signed in and the tray is open."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import installed  # pylint: disable=wrong-import-position
import tap  # pylint: disable=wrong-import-position
from msi_machine import NEWER, UNINSTALL, made, msi_tables  # pylint: disable=wrong-import-position

PACKAGE = r"HKCU\SOFTWARE\RealmJoin\Packages\mine"


def package(name, *script, **assignment):
    return {"name": name, "Name": name.title(), "GroupName": "Tools", "script": [*script, "exit 0"], **assignment}


class Desk(installed.Desk):
    """As wine_test's machines, with what an installer does to it."""

    def msiexec(self, *words, code=0):
        done = self.run(["msiexec", *words, "/qn", "/norestart"], timeout=90)
        assert done.code == code, (words, done)

    def upgrade(self):
        """As Windows does it: it tells the old product which one replaces it, which Wine leaves out."""
        for cached in (self.windows / "Installer").glob("*.msi"):
            table = msi_tables.read(cached)["Property"]
            table.append({"Property": "UPGRADINGPRODUCTCODE", "Value": "{11111111-1111-1111-1111-111111111111}"})
            msi_tables.write(cached, [table])
        self.place(made("newer"), self.drive_c / "Newer.msi")
        self.msiexec("/i", r"C:\Newer.msi")
        versions = [values.get("DisplayVersion") for name, values in (self.registry(UNINSTALL) or {}).items()
                    if name.startswith("{")]
        assert versions == [NEWER], versions

    def uninstall(self, *words):
        self.msiexec("/x", r"C:\Newer.msi" if (self.drive_c / "Newer.msi").exists() else r"C:\RealmJoin.msi", *words)

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

    def own_folder(self):
        (folder,) = self.drive_c.glob("users/*/AppData/Local/RealmJoin")
        return folder

    def install_mine(self):
        """A package of the person's own, which is recorded in that person's hive."""
        self.choose("Software Packages", "Tools", "Mine (ready to install)")
        self.wait_for_text("Mine is installed.")
        self.press("Mine is installed.", "Done")


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
        (old,) = desk.processes()
        desk.upgrade()
        desk.wait_until(lambda: [tray for tray in desk.processes() if tray != old], desk.service_log)
        desk.wait_until(desk.sessions, desk.service_log)
        assert old not in desk.processes(), desk.processes()
        assert "an installer replaces or removes this program" in desk.log(), desk.log()
        assert "ended by the installer, is started again" in desk.service_log(), desk.service_log()
        desk.uninstall()
        assert not desk.processes(), desk.processes()
        left = desk.left()
        assert not left, "\n".join(left)


if __name__ == "__main__":
    tap.main()
