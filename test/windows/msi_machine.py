# SPDX-License-Identifier: MIT
"""A Windows for the tests of the MSI that one test hands on to the next one, with what is installed on it.

    @tap.test(timeout=300)
    def a_repair_brings_back_a_lost_file():
        with handed_on() as windows:
            windows.have("now", "NOGRAPH=1")     # done already where the last test has left it so
            windows.install("now", "REINSTALL=ALL")

    main()                                       # instead of tap.main(): ends that Windows

What a test leaves behind where it fails is thrown away. The programs are those of the build under test where it is a
cross build, otherwise stand-ins (msi_payload.py). What Wine's installer does otherwise than Windows is said where a
test works around it, and in msi_made.py.
"""

import contextlib
import pathlib
import time

import msi_made
import msi_payload
import tap
import wine
from msi_made import msi_tables

PROGRAMS = r"C:\Program Files\RealmJoin"
SERVICE = r"HKLM\SYSTEM\CurrentControlSet\Services\realmjoin"
SESSION_MANAGER = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager"
PARAMETERS = SERVICE + r"\Parameters"
CLASS = r"HKLM\Software\Classes\realmjoin"
RUN = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Run"
UNINSTALL = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall"
ENVIRONMENT = SESSION_MANAGER + r"\Environment"
STATE = r"HKLM\SOFTWARE\RealmJoin"
EVENTS = r"HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\realmjoin"
WINDOWS_VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
REPAIR = ("REINSTALL=ALL", "REINSTALLMODE=amus")
REFUSED = 1603
BUSY = 1618
RESTART = 3010
TAKEN_BACK = 1627  # by Wine, when an action has failed; by Windows it is 1603
MOST_SECONDS = 300  # for an installer among many programs; one alone takes two or three

build_msi_script = msi_payload.load_script("build-msi")
_handed_on = []


class Installer:
    """What the installer does to a wine.Prefix. An MSI is named as in msi_made.py, or by its path."""

    def provide(self):
        """Once; the programs that the tests' MSIs call."""
        self.programs = self.program_files / "RealmJoin"
        self.installed = None  # the name of an MSI
        self.words = ()
        for name in ("settled", "wait"):
            self.place(wine.build_root() / f"test/windows/{name}.exe", self.drive_c / f"{name}.exe")
        self.env["WINEDEBUG"] = "-all,err+msi"  # which action has failed
        self.renew_launcher()

    def msi(self, which):
        """On the drive of this Windows."""
        if isinstance(which, pathlib.Path):
            return which
        there = self.drive_c / "msi" / f"{which}.msi"
        return there if there.exists() else self.place(msi_made.made(which), there)

    def start_msiexec(self, how, which, *words):
        which = which if str(which).startswith("{") else self.msi(which)
        return self.start(["msiexec", how, which, "/qn", "/norestart", *words])

    def msiexec(self, how, which, *words, code=0):
        done = self.start_msiexec(how, which, *words).wait(MOST_SECONDS)
        assert done.code == code, (f"msiexec {how} {which} {words}: {done.code} instead of {code}, the service is "
                                   f"{self.service()}\n" + "\n".join(done.err.splitlines()[-20:]))

    def install(self, which, *words, code=0):
        self.msiexec("/i", which, *words, code=code)
        if code == 0:
            self.installed, self.words = which, words

    def upgrade(self, which, *words, code=0):
        """As Windows does it: it tells the old product which one replaces it, which Wine leaves out."""
        for cached in (self.windows / "Installer").glob("*.msi"):
            if not msi_tables.read(cached, "Property")["Property"].find(Property="UPGRADINGPRODUCTCODE"):
                msi_tables.run("msibuild", cached, "-q", "INSERT INTO `Property` (`Property`, `Value`) VALUES "
                               "('UPGRADINGPRODUCTCODE', '{11111111-1111-1111-1111-111111111111}')")
        self.msiexec("/i", which, *words, code=code)
        if code in (0, RESTART):
            self.installed = which

    def uninstall(self, *words, which=None, code=0):
        self.msiexec("/x", which or self.installed, *words, code=code)
        if code == 0:
            self.installed, self.words = None, ()

    def have(self, which, *words):
        """Afterwards this MSI is installed, by these words; or none, with nothing left of one."""
        if (self.installed, self.words) == (which, words):
            return
        if self.installed:
            self.uninstall()
        if which:
            self.install(which, *words)

    def service(self):
        return self.service_state("realmjoin")

    def products(self):
        """{product code: values}, as the list of installed programs shows them."""
        return {name: values for name, values in (self.registry(UNINSTALL) or {}).items() if name.startswith("{")}

    def registry_files(self):
        """The lines of the registry that speak of us, of a Windows that has ended."""
        texts = [(self.folder / name).read_text(encoding="utf-8", errors="replace")
                 for name in ("system.reg", "user.reg", "userdef.reg")]
        return {line for text in texts for line in text.splitlines() if "realmjoin" in line.lower()}


class Windows(Installer, wine.Prefix):
    def __init__(self):
        if reason := wine.reason_missing():
            tap.skip(reason)
        msi_made.build()
        super().__init__("msi")

    def __enter__(self):
        super().__enter__()
        self.provide()
        self.before = self.files()
        self.path_before = self.path()
        return self

    def path(self):
        """The machine's folders of programs. Wine leaves an empty part where one is taken out."""
        return [part for part in self.registry_get(ENVIRONMENT, "PATH").split(";") if part]

    def no_graph(self):
        """A number where the value is a DWORD, text where it is text, None where there is none."""
        return self.registry_get(PARAMETERS, "NoGraph")

    def state(self):
        """A file of ours among the agent's state; its content proves that nobody made it anew."""
        file = self.program_data / "RealmJoin" / "kept.txt"
        file.parent.mkdir(exist_ok=True)
        return file

    def files(self):
        """All but what the tests need."""
        found = {str(p.relative_to(self.drive_c)) for p in self.drive_c.rglob("*")}
        return {name for name in found if name.split("/")[0] != "msi"} - {"windows/Installer"}

    def expect_nothing_left(self):
        """It has no file more than before, and its registry, written at its end, does not know us."""
        self.stop()
        left = (self.files() - self.before) | self.registry_files()
        assert not left, sorted(left)
        self.boot()


@contextlib.contextmanager
def handed_on(make=Windows):
    if not _handed_on:
        _handed_on.append(make().__enter__())
    try:
        yield _handed_on[0]
    except tap._Skipped:  # pylint: disable=protected-access
        raise
    except BaseException:
        throw_away()
        raise


def wait_until(condition, seconds, what):
    """`what` says why not, when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what()}"
        time.sleep(0.1)


def throw_away():
    while _handed_on:
        _handed_on.pop().__exit__()


def main():
    try:
        tap.main()
    finally:
        throw_away()
