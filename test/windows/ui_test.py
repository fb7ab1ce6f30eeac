#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The view on a screen nobody sees: icon, menu, progress windows and questions, by mouse; TAP.

Pictures of menu and progress window are left in RJ_BUILD_ROOT/ui/. What is asserted is what the view says and
which windows there are, never pixels.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import looks  # noqa: E402
import tap  # noqa: E402
import wine  # noqa: E402

BUILD = wine.build_root()
FOLDER = BUILD / "plugins" / "ui-tray"
PICTURES = BUILD / "ui"
SIZE = (1024, 768)
ICON = (1014, 758)  # the only icon of the desktop's corner
WINDOW = r"\("

WORDS = {"cancel": "Cancel", "done": "Done", "show-details": "Show details", "hide-details": "Hide details",
         "copy": "Copy for helpdesk"}


def item(text, action=None, **more):
    enabled = action is not None or "items" in more
    return {"kind": "item", "text": text, "enabled": enabled, **({"action": action} if action else {}), **more}


HEADING, SEPARATOR = {"kind": "heading", "text": "Web Links"}, {"kind": "separator"}
PACKAGES = [
    item("Browsers", items=[item("Google Chrome (installed)"),
                            item("Mozilla Firefox (ready to install)", "package:generic-firefox:install")]),
    item("Tools", items=[item("7-Zip (outdated)", "package:generic-7zip:upgrade"),
                         item("Notepad++ (failed)", "package:generic-npp:install"),
                         item("R&D Größenrechner (new configuration available)", "package:rd:install"),
                         item("PuTTY (running)"),
                         item("Contoso VPN (waiting)", "package:vpn:install")]),
    item("Other", items=[item("Printer drivers (ready to run)", "package:printer:install")]),
]
MENU = [
    HEADING,
    item("Intranet ↗", "weblink:0", open="https://intranet.example"),
    item("IT service desk ↗", "weblink:1", open="https://help.example"),
    SEPARATOR,
    item("Software Packages", items=PACKAGES),
    SEPARATOR,
    item("Sync this device", "sync"),
    SEPARATOR,
    item("Contoso Latitude 5440"), item("PC-0042"), item("192.0.2.17, 2001:db8:…:17"), item("alice (owner)"),
    item("RealmJoin 0.1.0 (canary)"),
    item("Copy device information", "copy-device", copy="Computer name: PC-0042"),
]
WORK = {"id": "w1", "text": "Installing Mozilla Firefox…", "state": "working", "permille": 420,
        "status": "Downloading 52 of 124 MB", "next": "", "asked": True, "close": "close:w1",
        "details": "1. Visual C++ Runtime 14.38\n2. Mozilla Firefox 128.0\nInstalling dependency Visual C++ Runtime…\n"
                   "Downloading\nThe installer is running\nInstalling Mozilla Firefox…\nDownloading\n"}
FAILED = {**WORK, "text": "Mozilla Firefox could not be installed", "state": "failed", "copy": "all of it",
          "status": "Another installation is in progress (exit code 1603)",
          "next": "Try again from the menu. If it fails again, copy the details and send them to your helpdesk."}


class View:
    """The view in a process of its own, with what it said."""

    def __init__(self, dark=False):
        self.dark = dark
        if reason := wine.reason_missing(display=True):
            tap.skip(reason)
        self.revision = 0
        PICTURES.mkdir(exist_ok=True)

    def __enter__(self):
        self.prefix = wine.Prefix("ui", display=True, size=f"{SIZE[0]}x{SIZE[1]}")
        self.prefix.__enter__()
        try:
            looks.set_looks(self.prefix, self.dark)
            reading, writing = os.pipe()
            self.program = self.prefix.desktop([FOLDER / "ui_tray_try.exe", FOLDER / "ui-tray.dll"], stdin=reading)
            os.close(reading)
            self._input = os.fdopen(writing, "w", encoding="utf-8")
            self.expect("ready 0")
        except BaseException:
            self.prefix.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._input.close()
        self.prefix.__exit__()

    # ---- what it is told and says ----------------------------------------------------------------

    def say(self, line):
        self._input.write(line + "\n")
        self._input.flush()

    def show(self, progress=(), notices=(), **changes):
        self.revision += 1
        model = {"revision": self.revision, "title": "RealmJoin", "tooltip": "RealmJoin: 2 installs pending",
                 "icon": "normal", "direction": "ltr", "menu": MENU, "progress": list(progress),
                 "notices": list(notices), "device": [], "words": WORDS, **changes}
        self.say("show " + json.dumps(model))

    def said(self):
        return [line.rstrip() for line in self.program.output.splitlines()]

    def expect(self, line, timeout=20):
        deadline = time.monotonic() + timeout
        while line not in self.said():
            assert time.monotonic() < deadline, f"{line!r} was not said, but {self.said()}"
            time.sleep(0.1)

    # ---- windows ---------------------------------------------------------------------------------

    def windows(self):
        """(title, x, y, width, height) of the view's windows that can be seen."""
        shown = re.findall(r'0x\w+ (?:\(has no name\)|"([^"]*)"): \("ui_tray_try\.exe" "[^"]*"\) +'
                           r"(\d+)x(\d+)\+-?\d+\+-?\d+ +\+(-?\d+)\+(-?\d+)", self.prefix.screen_windows())
        return [(t, int(x), int(y), int(w), int(h)) for t, w, h, x, y in shown if int(w) > 8 and int(h) > 8]

    def wait_for(self, condition, what, timeout=15):
        deadline = time.monotonic() + timeout
        while not (found := condition(self.windows())):
            assert time.monotonic() < deadline, f"no {what}: {self.windows()}"
            time.sleep(0.1)
        return found

    def window(self, what, condition=lambda w: True):
        """The window with a title, once it has its place."""
        before = []
        while True:
            found = self.wait_for(lambda ws: [w for w in ws if w[0] and w[3] > 200 and condition(w)], what)
            if found == before:
                return found[0]
            before = found
            time.sleep(0.7)

    def popups(self):
        return [w for w in self.windows() if not w[0]]

    def open_menu(self):
        for _ in range(20):  # the icon comes when the shell is ready
            self.prefix.click(*ICON)
            for _ in range(5):
                time.sleep(0.2)
                if self.popups():
                    return self.popups()[0]
        raise AssertionError("the menu does not open")

    def hover_until_submenu(self, menu):
        """Down the menu until a line opens a menu of its own."""
        known = len(self.popups())
        for y in range(menu[2] + 8, menu[2] + menu[4] - 4, 8):
            self.prefix.xdotool("mousemove", menu[1] + 30, y)
            time.sleep(0.6)
            fresh = [w for w in self.popups() if w != menu]
            if len(fresh) >= known:
                return y, max(fresh, key=lambda w: (w[1] != menu[1], -w[4]))
        raise AssertionError("no line opens a submenu")

    def row(self, menu, number, count):
        """The middle of a line of a menu without separators."""
        return menu[1] + menu[3] // 2, menu[2] + 3 + int((number + 0.5) * (menu[4] - 6) / count)

    def picture(self, name):
        path = PICTURES / name
        self.prefix.screenshot(path)
        return path


def crop(path, box):
    """Cuts the picture to (x, y, width, height), with a margin of the desktop around it."""
    left, top = max(box[0] - 24, 0), max(box[1] - 24, 0)
    right, bottom = min(box[0] + box[2] + 24, SIZE[0]), min(box[1] + box[3] + 24, SIZE[1])
    subprocess.run(["mogrify", "-crop", f"{right - left}x{bottom - top}+{left}+{top}", "+repage", "-strip",
                    str(path)], timeout=30, check=False)


def around(windows):
    left, top = min(w[1] for w in windows), min(w[2] for w in windows)
    return (left, top, max(w[1] + w[3] for w in windows) - left, max(w[2] + w[4] for w in windows) - top)


@tap.test(timeout=150)
def a_click_on_the_icon_opens_the_menu_and_a_click_on_a_package_is_its_action():
    with View() as view:
        view.show()
        menu = view.open_menu()
        _, packages = view.hover_until_submenu(menu)
        view.prefix.xdotool("mousemove", *view.row(packages, 1, 3))
        tools = view.wait_for(lambda ws: [w for w in ws if not w[0] and w not in (menu, packages)], "group")[0]
        view.prefix.xdotool("mousemove", *view.row(tools, 2, 5))
        time.sleep(0.5)
        crop(view.picture("tray-menu.png"), (around(view.popups())[0], around(view.popups())[1],
                                             SIZE[0], SIZE[1]))
        view.prefix.click(*view.row(tools, 2, 5))
        view.expect("act 1 package:rd:install")
        assert not view.popups()


@tap.test(timeout=120)
def a_grey_line_does_nothing_and_escape_closes_the_menu():
    with View() as view:
        view.show()
        menu = view.open_menu()
        view.prefix.click(menu[1] + 40, menu[2] + 8)  # the heading
        time.sleep(0.5)
        view.prefix.xdotool("key", "Escape")
        view.wait_for(lambda ws: not [w for w in ws if not w[0]], "end of the menu")
        assert not [line for line in view.said() if line.startswith("act")], view.said()
        view.say("quit")
        view.expect("ended 0")


@tap.test(timeout=150)
def a_progress_window_shows_details_and_stays_after_a_failure():
    with View() as view:
        view.show([WORK])
        window = view.window("progress window")
        crop(view.picture("tray-progress-small.png"), window[1:])
        view.prefix.click(window[1] + 60, window[2] + window[4] - 30)  # Show details
        grown = view.window("details", lambda w: w[4] > window[4] + 100)
        crop(view.picture("tray-progress.png"), grown[1:])
        view.show([FAILED])
        time.sleep(1)
        failed = view.window("window after the failure")
        crop(view.picture("tray-failure.png"), failed[1:])
        view.prefix.click(failed[1] + failed[3] - 60, failed[2] + failed[4] - 30)  # Done
        view.expect("act 2 close:w1")
        view.wait_for(lambda ws: not [w for w in ws if w[0]], "end of the window")
        view.show([FAILED])  # it stays closed
        time.sleep(1)
        assert not [w for w in view.windows() if w[0]]


@tap.test(timeout=120)
def a_person_who_wants_dark_windows_gets_them():
    with View(dark=True) as view:
        view.show([FAILED])
        window = view.window("progress window")
        path = view.picture("tray-dark.png")
        crop(path, window[1:])
        mean = subprocess.run(["convert", str(path), "-format", "%[fx:int(255*mean)]", "info:"],
                              capture_output=True, text=True, timeout=30, check=True).stdout
        assert int(mean) < 110, mean  # light windows have more than 200


@tap.test(timeout=120)
def work_may_be_cancelled_until_its_program_runs():
    with View() as view:
        view.show([{**WORK, "state": "waiting", "permille": -1, "cancel": "cancel:w1", "details": ""}])
        window = view.window("progress window")
        place = (window[1] + window[3] - 160, window[2] + window[4] - 30)
        view.prefix.click(*place)
        view.expect("act 1 cancel:w1")
        view.show([WORK])
        time.sleep(1)
        view.prefix.click(*place)
        time.sleep(1)
        assert len([line for line in view.said() if line.startswith("act")]) == 1, view.said()
        view.show([])
        view.wait_for(lambda ws: not [w for w in ws if w[0]], "end of the window")


@tap.test(timeout=120)
def a_question_is_answered_or_withdrawn():
    prompt = {"id": "p", "title": "3 apps will be installed", "text": "Google Chrome, 7-Zip, PuTTY",
              "choices": [{"answer": "now", "text": "Start now", "default": True},
                          {"answer": "later", "text": "Snooze"}], "closing": "later"}
    with View() as view:
        view.show()
        view.say("ask " + json.dumps(prompt))
        dialog = view.window("dialog")
        crop(view.picture("tray-prompt.png"), dialog[1:])
        view.prefix.click(dialog[1] + dialog[3] // 2, dialog[2] + 10)
        time.sleep(0.7)
        view.prefix.xdotool("key", "Return")
        view.expect('answer 0 {"answer": "now"}')
        view.say("ask " + json.dumps(prompt))
        view.window("dialog")
        view.say("withdraw")
        view.expect("answer -5 the question was withdrawn")
        view.say('ask {"id": "p", "choices": []}')
        view.expect("answer -8 the question has no choices or is no JSON")


@tap.test(timeout=120)
def damaged_models_and_forbidden_pages_change_nothing():
    with View() as view:
        view.say("show {broken")
        view.expect("log 1 the model could not be read; the former one stays")
        view.show(menu=[item("Bad", "weblink:0", open="calc.exe")], notices=[
            {"id": "n1", "kind": "info", "title": "Software installed", "text": "Mozilla Firefox is installed."}])
        menu = view.open_menu()
        view.prefix.click(menu[1] + 40, menu[2] + menu[4] // 2)
        view.expect("act 1 weblink:0")
        view.expect("log 2 the page of the web link could not be opened")
        time.sleep(4)  # notifications are slow here
        view.picture("tray-notice.png")


tap.main()
