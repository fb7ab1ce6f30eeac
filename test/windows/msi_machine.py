# SPDX-License-Identifier: MIT
"""A Windows of its own for each test of the MSI, and the MSIs that lie on its drive.

    with Windows() as windows:
        windows.install(windows.now, "NOGRAPH=1")
        windows.upgrade(windows.newer)

With the programs of the build under test where it is a cross build, otherwise with stand-ins (msi_payload.py).
What Wine's installer does otherwise than Windows is said where a test works around it.
"""

import json
import pathlib
import sys
import tempfile
import time

import msi_payload
import tap
import wine

sys.path.insert(0, str(msi_payload.PACKAGING))
import msi_tables  # pylint: disable=wrong-import-position

build_msi_script = msi_payload.load_script("build-msi")

PROGRAMS = r"C:\Program Files\RealmJoin"
SERVICE = r"HKLM\SYSTEM\CurrentControlSet\Services\realmjoin"
PARAMETERS = SERVICE + r"\Parameters"
CLASS = r"HKLM\Software\Classes\realmjoin"
RUN = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Run"
UNINSTALL = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall"
ENVIRONMENT = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
STATE = r"HKLM\SOFTWARE\RealmJoin"
EVENTS = r"HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\realmjoin"
WINDOWS_VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
REFUSED = 1603
BUSY = 1618
RESTART_DUE = 3010
STOPPED_MEANWHILE = 1627  # Wine: see settle()

NEWER = "9.0.0"
_made = {}


def build():
    """The folder of what goes into the MSIs."""
    if reason := msi_payload.reason_missing() or wine.reason_missing():
        tap.skip(reason)
    if not _made:
        _made["holder"] = tempfile.TemporaryDirectory(prefix="rj-test-")
        folder = pathlib.Path(_made["holder"].name)
        _made["build"] = msi_payload.make(folder / "build")
        msi_payload.provide_launcher(folder / "root")
    return _made["build"]


def rebuilt_file():
    """The path of the one file that differs in another build of this version."""
    return sorted(build().glob("plugins/*/plugin.json"))[0].relative_to(build())


def _build_again(out):
    manifest = build() / rebuilt_file()
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(json.dumps({**json.loads(text), "name": "Built again"}), encoding="utf-8")
    msi_payload.build_msi(build(), out)
    manifest.write_text(text, encoding="utf-8")


def made(which):
    """An MSI: "now" of this version, "again" of another build of it, "newer" of a newer one."""
    out = build().with_name(f"{which}.msi")
    if not out.exists():
        if which == "again":
            _build_again(out)
        else:
            msi_payload.build_msi(build(), out, *(["--version", NEWER] if which == "newer" else []))
    return out


def settle(windows):
    """Ends the service. Wine's installer asks it to stop but goes on at once, where Windows' waits; a service that
    takes longer than the copying of the files makes StartServices end with 1627."""
    if windows.service_state("realmjoin") == "RUNNING":
        windows.service_stop("realmjoin")
    deadline = time.monotonic() + 20
    while windows.processes("realmjoinservice.exe"):
        assert time.monotonic() < deadline, "the service has stopped, but its process goes on"
        time.sleep(0.05)


class Windows(wine.Prefix):
    """A Windows of its own with the MSIs lying on its drive."""

    def __init__(self):
        build()
        super().__init__("msi")

    def __enter__(self):
        super().__enter__()
        self.programs = self.program_files / "RealmJoin"
        self.before = self.files()
        return self

    now = property(lambda self: self._on_drive("now"))
    again = property(lambda self: self._on_drive("again"))
    newer = property(lambda self: self._on_drive("newer"))

    def _on_drive(self, which):
        there = self.drive_c / "msi" / f"{which}.msi"
        return there if there.exists() else self.put(made(which))

    def put(self, file, name=None):
        return self.place(file, self.drive_c / "msi" / (name or file.name))

    def settle(self):
        settle(self)

    def msiexec(self, *words, code):
        done = self.run(["msiexec", *words], timeout=90, env={"WINEDEBUG": "-all,err+msi,warn+msi"})
        assert done.code == code, (f"msiexec {words}: {done.code} instead of {code}, the service is {self.service()}\n"
                                   + "\n".join(done.err.splitlines()[-20:]))

    def install(self, msi, *words, code=0):
        if code == 0:
            self.settle()
        self.msiexec("/i", msi, "/qn", "/norestart", *words, code=code)

    def upgrade(self, msi, *words):
        """As Windows does it: it tells the old product which one replaces it, which Wine leaves out."""
        for cached in (self.windows / "Installer").glob("*.msi"):
            table = msi_tables.read(cached)["Property"]
            table.append({"Property": "UPGRADINGPRODUCTCODE", "Value": "{11111111-1111-1111-1111-111111111111}"})
            msi_tables.write(cached, [table])
        self.install(msi, *words)

    def uninstall(self, msi, *words, code=0):
        if code == 0:
            self.settle()
        self.msiexec("/x", msi, "/qn", "/norestart", *words, code=code)

    def service(self):
        return self.service_state("realmjoin")

    def no_graph(self):
        """A number where the value is a DWORD, text where it is text, None where there is none."""
        return self.registry_get(PARAMETERS, "NoGraph")

    def products(self):
        """{product code: values}, as the list of installed programs shows them."""
        return {name: values for name, values in (self.registry(UNINSTALL) or {}).items() if name.startswith("{")}

    def state(self):
        """A file of ours among the agent's state; its content proves that nobody made it anew."""
        file = self.program_data / "RealmJoin" / "kept.txt"
        file.parent.mkdir(exist_ok=True)
        return file

    def files(self):
        """All but the MSIs of the tests."""
        found = {str(p.relative_to(self.drive_c)) for p in self.drive_c.rglob("*")}
        return {name for name in found if name.split("/")[0] != "msi"}

    def expect_nothing_left(self):
        """Ends this Windows; it has no file more than before, and its registry does not know us."""
        self.stop()
        left = self.files() - self.before - {"windows/Installer"}
        for name in ("system.reg", "user.reg", "userdef.reg"):
            text = (self.folder / name).read_text(encoding="utf-8", errors="replace")
            left |= {line for line in text.splitlines() if "realmjoin" in line.lower()}
        assert not left, sorted(left)
