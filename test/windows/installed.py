# SPDX-License-Identifier: MIT
"""The product as its MSI installs it, in a Windows with a screen, for tests of what a person sees and does.

    with installed.Desk(package) as desk:
        desk.sign_in()                                   # the Run key of the MSI brings the tray
        desk.choose("Software Packages", "Tools", "R&D Tool (ready to install)")
        desk.wait_for_text("R&D Tool is installed.")
"""

import hashlib
import json
import pathlib
import re
import subprocess
import time
import zipfile
from typing import NamedTuple

import looks
import msi_made
import msi_payload
import tap
import wine

PROGRAM = r"C:\Program Files\RealmJoin\realmjoin.exe"
SIZE = "1024x768"
ICON = (1014, 758)  # the only icon of the desktop's corner


def reason_missing():
    return msi_payload.reason_missing() or wine.reason_missing(display=True)


class Part(NamedTuple):
    """A window or one of its controls."""
    kind: str  # of window or control: its class
    place: tuple  # x, y, width, height
    enabled: bool
    text: str
    parts: tuple

    def find(self, text):
        return next((part for part in self.parts if part.text == text), None)


class Desk(wine.Prefix):
    """A machine with the product, its policy, and one person before the screen."""

    variant = "shipped"  # of the MSI, see msi_made.py

    def __init__(self, *packages, links=()):
        if reason := reason_missing():
            tap.skip(reason)
        super().__init__("desk", display=True, size=SIZE)
        self._packages, self._links = packages, links
        self._screen, self._known, self._menu_seen = None, None, []

    def __enter__(self):
        super().__enter__()
        try:
            looks.set_looks(self, desktop=("rj", SIZE))
            for name in ("wait", "screen", "is_admin", "settled"):
                self.place(wine.build_root() / f"test/windows/{name}.exe", self.drive_c / f"{name}.exe")
            self._assign()
            self.place(msi_made.made(self.variant), self.drive_c / "RealmJoin.msi")
            done = self.run(["msiexec", "/i", r"C:\RealmJoin.msi", "/qn", "/norestart"], timeout=300)
            assert done.code == 0, done
        except BaseException:
            self.__exit__()
            raise
        return self

<<<<<<< HEAD
    def _end_launcher(self):
        super()._end_launcher()
=======
    def stop(self):
        super().stop()
>>>>>>> main
        if self._screen:
            self._screen.kill()
            self._screen.wait(10)
            self._screen.stdin.close()
            self._screen.stdout.close()
        self._screen = None

    def _assign(self):
        folder = self.program_data / "RealmJoin/policy"
        folder.mkdir(parents=True)
        packages = [self._craft(**package) for package in self._packages]
        document = {"WebLinks": list(self._links), "SoftwarePackages": packages}
        (folder / "device.json").write_text(json.dumps(document), encoding="utf-8")

    def _craft(self, name, script, **assignment):
        path = self.drive_c / f"feed/{name}.zip"
        path.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("rj_install.cmd", "\r\n".join(["@echo off", *script, ""]))
        return {"ID": name, "Format": "craft", "Platform": "win", "Version": "1.0.0",
                "Location": f"C:/feed/{name}.zip", "Hash": hashlib.sha256(path.read_bytes()).hexdigest(), **assignment}

    # ---- programs and logs -----------------------------------------------------------------------

    def realmjoin(self, *words, **options):
        return self.run([PROGRAM, *words], timeout=60, **options)

    def sign_in(self):
        """As Windows does: what the Run keys name is started."""
        if self._known and self._known == self._who_runs():
            return
        if not self._knows_packages():
            if not self.processes():
                assert self.run(["wineboot"], timeout=60).code == 0
            self.wait_until(self.sessions, self.log)
            self.wait_until(self._knows_packages, self.screen_windows)
        self._known = self._who_runs()

    def _who_runs(self):
        return self.processes(), self.processes("realmjoinservice.exe")

    def _knows_packages(self):
        """Does the tray run, with a menu as high as the model's?"""
        if len(self.processes()) != 1 or not self.sessions():
            return False
        lines = [item for item in self.menu() if item["kind"] != "separator"]
        _, _, _, height = self.open_menu()[0]
        self.close_menu()
        return height >= len(lines) * 16

    def sessions(self):
        shown = self.realmjoin("--json", "status")
        return json.loads(shown.out).get("sessions", []) if shown.code == 0 else []

    def processes(self, name="realmjoin.exe"):
        return super().processes(name)

    def log(self):
        """The person's own, of the tray."""
        return "".join(path.read_text(encoding="utf-8", errors="replace")
                       for path in self.drive_c.glob("users/*/AppData/Local/RealmJoin/**/tray.log"))

    def service_log(self):
        path = next(self.windows.glob("[Ll]ogs/realmjoin.log"), None)
        return path.read_text(encoding="utf-8") if path else ""

    def package_log(self, package):
        places = (self.windows.glob(f"[Ll]ogs/RealmJoin/Packages/{package}/*.log"),
                  self.drive_c.glob(f"users/*/AppData/Local/RealmJoin/**/{package}/*.log"))
        return "".join(path.read_text(encoding="utf-8") for place in places for path in place)

    def wait_until(self, condition, what, timeout=30):
        deadline = time.monotonic() + timeout
        while not (found := condition()):
            assert time.monotonic() < deadline, f"not within {timeout} s: {what() if callable(what) else what}"
            time.sleep(0.1)
        return found

    # ---- what is on the screen -------------------------------------------------------------------

    def _screen_lines(self):
        """One program that stays, as it is asked often."""
        if not self._screen:
            self._screen = subprocess.Popen(  # pylint: disable=consider-using-with
                ["wine", str(self.drive_c / "screen.exe")], env=self.env, cwd=self.drive_c, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
        self._screen.stdin.write(b"?\n")
        self._screen.stdin.flush()
        while (line := self._screen.stdout.readline().decode("utf-8", "replace").rstrip("\r\n")) != ".":
            assert line, f"screen.exe has ended: {self._screen.wait(10)}"
            yield line

    def windows_shown(self):
        windows = []
        for line in self._screen_lines():
            what, kind, place, enabled, text = line.split("\t", 4)
            part = Part(kind, tuple(map(int, place.split())), enabled == "on", text, ())
            if what == "window":
                windows.append(part)
            elif windows:
                windows[-1] = windows[-1]._replace(parts=(*windows[-1].parts, part))
        return windows

    def texts(self):
        return [part.text for window in self.windows_shown() for part in (window, *window.parts) if part.text]

    def window_with(self, text):
        return next((window for window in self.windows_shown() if window.find(text)), None)

    def wait_for_text(self, text, timeout=30):
        """The window that has a control with this text."""
        return self.wait_until(lambda: self.window_with(text), lambda: f"{text!r}: {self.texts()}", timeout)

    def wait_until_gone(self, text):
        self.wait_until(lambda: not self.window_with(text), self.texts)

    def press(self, window, button):
        """By mouse; `window` has a control with that text."""
        part = self.wait_until(lambda: (self.window_with(window) or Part("", (), False, "", ())).find(button),
                               self.texts)
        assert part.enabled, (button, self.texts())
        x, y, width, height = part.place
        self.click(x + width // 2, y + height // 2)

    def picture(self, name, around=None):
        """Kept in the build folder's ui/; `around`: a window's place, with a margin of the desktop."""
        path = wine.build_root() / "ui" / name
        path.parent.mkdir(exist_ok=True)
        cut = []
        if around:
            x, y, width, height = around
            cut = ["-crop", f"{width + 48}x{height + 48}+{max(x - 24, 0)}+{max(y - 24, 0)}", "+repage", "-strip"]
        subprocess.run(["import", "-window", "root", *cut, str(path)], env=self.env, timeout=30, check=True)

    # ---- the menu --------------------------------------------------------------------------------

    def menu(self):
        self._menu_seen = json.loads(self.realmjoin("--dump-menu", restricted=True).out)["menu"]
        return self._menu_seen

    def line_of(self, *path):
        """The model's line; None if there is none."""
        items, line = self.menu(), None
        for text in path:
            line = next((item for item in items if item.get("text") == text), None)
            items = (line or {}).get("items", [])
        return line

    def popups(self):
        """(x, y, width, height) of the menus on the screen."""
        shown = re.findall(r'\(has no name\): \("realmjoin\.exe" "[^"]*"\) +(\d+)x(\d+)\+-?\d+\+-?\d+ +'
                           r"\+(-?\d+)\+(-?\d+)", self.screen_windows())
        return [(int(x), int(y), int(w), int(h)) for w, h, x, y in shown if int(w) > 8]

    def open_menu(self):
        def click():
            self.click(*ICON)
            deadline = time.monotonic() + 5  # a second click would close what is about to open
            while not self.popups() and time.monotonic() < deadline:
                time.sleep(0.05)
            return self.popups()

        return self.wait_until(click, self.screen_windows)

    def close_menu(self):
        def gone():
            self.xdotool("mousemove", 40, 40, "click", 1)  # elsewhere, where no window is
            deadline = time.monotonic() + 2
            while self.popups() and time.monotonic() < deadline:
                time.sleep(0.05)
            return not self.popups()

        self.wait_until(gone, self.screen_windows)

    def point_at(self, *path):
        """Opens the menu and goes down to the line by mouse, one level after the other."""
        items, known = self._menu_with(path), []
        self.open_menu()
        for text in path:
            shown = self.wait_until(lambda: [menu for menu in self.popups() if menu not in known],
                                    self.screen_windows, timeout=10)
            known += shown
            x, y = _middle(shown[0], items, text)
            self.xdotool("mousemove", x - 8, y, "sleep", 0.1, "mousemove", x, y, "sleep", 0.1)
            items = _line(items, text).get("items", [])

    def _menu_with(self, path):
        """Lines stay where they are when a package's state changes, so a menu that was seen will do."""
        items = self._menu_seen
        for text in path:
            line = _line(items, text)
            if not line:
                return self.menu()
            items = line.get("items", [])
        return self._menu_seen

    def choose(self, *path):
        self.point_at(*path)
        self.xdotool("click", 1)
        self.wait_until(lambda: not self.popups(), self.screen_windows)


def _line(items, text):
    """The line that says so, whatever the state in brackets behind it."""
    return next((item for item in items if _name(item.get("text", "")) == _name(text)), None)


def _name(text):
    return re.sub(r" \([^()]*\)$", "", text)


def _middle(menu, items, text):
    """Where the line is; lines are of one height, separators about half of it."""
    x, y, width, height = menu
    separators = sum(item["kind"] == "separator" for item in items)
    line = (height - 6 - 9 * separators) / (len(items) - separators)
    assert 12 < line < 40, f"the menu is not as high as its lines: {menu}, {items}"
    top = y + 3.0
    for item in items:
        if item is _line(items, text):
            return x + width // 2, int(top + line / 2)
        top += 9 if item["kind"] == "separator" else line
    raise AssertionError(f"{text!r} is not in the menu: {items}")
