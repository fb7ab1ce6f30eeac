#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The view on a screen nobody sees: icon, menu, progress windows and questions, by mouse; TAP.

One view for all tests; a failed one ends it, and the next test begins with a new one. Pictures are left in
RJ_BUILD_ROOT/ui/. What is asserted is what the view says and which windows there are, never pixels.
"""

import atexit
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import looks  # noqa: E402
import tap  # noqa: E402
import wine  # noqa: E402

BUILD = wine.build_root()
FOLDER = BUILD / "plugins" / "ui-tray"
PICTURES = BUILD / "ui"
SIZE = (1024, 768)
ICON = (1014, 758)  # the only icon of the desktop's corner
MENU_KIND, PROGRESS_KIND, DIALOG_KIND, BAR_KIND = "#32768", "RealmJoinProgress", "#32770", "msctls_progress32"
SLOW = 60  # the most that a busy machine may take

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


class Seen(NamedTuple):
    """A window, a control or a line of a menu."""
    what: str
    kind: str  # class of the window
    place: tuple  # x, y, width, height
    enabled: bool
    text: str

    def middle(self):
        x, y, width, height = self.place
        return x + width // 2, y + height // 2


class View:
    """The view in a process of its own, with what it said since the test began."""

    def __init__(self):
        self.revision = 0
        PICTURES.mkdir(exist_ok=True)
        self.prefix = wine.Prefix("ui", display=True, size=f"{SIZE[0]}x{SIZE[1]}")
        self.prefix.__enter__()
        atexit.register(self.end)
        looks.set_looks(self.prefix)
        reading, writing = os.pipe()
        self.program = self.prefix.desktop([FOLDER / "ui_tray_try.exe", FOLDER / "ui-tray.dll"], stdin=reading)
        os.close(reading)
        self._input = os.fdopen(writing, "w", encoding="utf-8")
        self.mark = 0
        self.expect("ready 0")

    def end(self):
        atexit.unregister(self.end)
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

    def ask(self, line, answer):
        """What it says between the question and the answer's line, and that line."""
        before = len(self.said())
        self.say(line)

        def answered():
            new = self.said()[before:]
            return next((new[:end] for end, said in enumerate(new, 1) if said.startswith(answer)), None)

        return wait_until(answered, lambda: f"no {answer!r}: {self.said()}")

    def said(self):
        """Whole lines only."""
        return [line.rstrip(" ") for line in self.program.output.split("\n")[self.mark:-1]]

    def expect(self, line):
        wait_until(lambda: line in self.said(), lambda: f"{line!r} was not said, but {self.said()}")

    def acts(self):
        return [line for line in self.said() if line.startswith("act ")]

    def details(self, line="details"):
        """(first line on the screen, beginning and end of what is selected, length, how often the scroll bar was drawn)"""
        first, start, end, _, length, _, framed = self.ask(line, "details")[-1].split()[1:]
        return int(first), int(start), int(end), int(length), int(framed)

    # ---- windows ---------------------------------------------------------------------------------

    def seen(self):
        split = (line.split("\t", 4) for line in self.ask("look", "looked") if line.count("\t") >= 4)
        return [Seen(what, kind, tuple(map(int, place.split())), enabled == "on", text.replace("&&", "&"))
                for what, kind, place, enabled, text in split]

    def find(self, text, what=None):
        return next((one for one in self.seen() if one.text == text and what in (None, one.what)), None)

    def wait_for(self, text, what=None):
        return wait_until(lambda: self.find(text, what), lambda: f"no {text!r}: {self.seen()}")

    def wait_until_gone(self, kind):
        wait_until(lambda: not self.windows(kind), lambda: f"still there: {self.seen()}")

    def windows(self, kind):
        return [one for one in self.seen() if one.what == "window" and one.kind == kind]

    def click_on(self, text, until):
        """A button or a line of the menu; once more if it was lost, as a click is that comes before its window."""
        def click():
            one = self.find(text)
            if one and one.enabled:
                self.prefix.click(*one.middle())
            with contextlib.suppress(AssertionError):
                return wait_until(until, "", 5)

        wait_until(click, lambda: f"pressing {text!r} does nothing: {self.seen()} {self.said()}")

    def open_details(self):
        self.wait_for("Show details")
        self.click_on("Show details", lambda: self.find("Hide details"))

    def open_menu(self):
        def click():  # the icon comes when the shell is ready
            self.prefix.click(*ICON)
            with contextlib.suppress(AssertionError):
                return wait_until(lambda: self.windows(MENU_KIND), "", 3)

        return wait_until(click, "the menu does not open")

    def point_at(self, text):
        x, y = self.wait_for(text, "line").middle()
        self.prefix.xdotool("mousemove", x - 4, y, "mousemove", x, y)

    def picture(self, name, *places):
        """Of these places with a margin of the desktop around, or of all."""
        time.sleep(0.4)  # until it is drawn; nothing depends on that
        crop = ["-crop", around(places), "+repage"] if places else []
        path = PICTURES / name
        subprocess.run(["import", "-window", "root", *crop, "-strip", str(path)], env=self.prefix.env, timeout=SLOW,
                       check=True)
        return path


def around(places):
    left, top = (max(min(place[i] for place in places) - 24, 0) for i in (0, 1))
    right, bottom = (min(max(place[i] + place[i + 2] for place in places) + 24, SIZE[i]) for i in (0, 1))
    return f"{right - left}x{bottom - top}+{left}+{top}"


def wait_until(condition, what, timeout=SLOW):
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.05)
    return found


class Shared:
    view = None


@contextlib.contextmanager
def one_view():
    if reason := wine.reason_missing(display=True):
        tap.skip(reason)
    view = Shared.view = Shared.view or View()
    try:
        view.mark = view.program.output.count("\n")
        view.show()
        view.wait_until_gone(PROGRESS_KIND)
        yield view
    except BaseException:
        Shared.view = None
        view.end()
        raise


@tap.test(timeout=240)
def a_click_on_the_icon_opens_the_menu_and_a_click_on_a_package_is_its_action():
    with one_view() as view:
        view.open_menu()
        for text in ("Software Packages", "Tools", "R&D Größenrechner (new configuration available)"):
            view.point_at(text)
        view.picture("tray-menu.png", *(window.place for window in view.windows(MENU_KIND)), (*SIZE, 0, 0))
        view.click_on("R&D Größenrechner (new configuration available)", view.acts)
        view.expect(f"act {view.revision} package:rd:install")
        view.wait_until_gone(MENU_KIND)


@tap.test(timeout=240)
def a_grey_line_does_nothing_and_escape_closes_the_menu():
    with one_view() as view:
        view.open_menu()
        grey = view.wait_for("Web Links", "line")
        assert not grey.enabled and view.find("Intranet ↗", "line").enabled, view.seen()
        view.prefix.click(*grey.middle())
        assert view.windows(MENU_KIND)
        view.prefix.xdotool("key", "Escape")
        view.wait_until_gone(MENU_KIND)
        assert not view.acts(), view.said()


@tap.test(timeout=240)
def a_progress_window_shows_details_and_stays_after_a_failure():
    with one_view() as view:
        view.show([WORK])
        view.wait_for("Downloading 52 of 124 MB")
        view.picture("tray-progress-small.png", view.windows(PROGRESS_KIND)[0].place)
        small = view.windows(PROGRESS_KIND)[0].place
        view.open_details()
        grown = view.windows(PROGRESS_KIND)[0].place
        assert grown[3] > small[3] + 100, (small, grown)
        view.picture("tray-progress.png", grown)
        view.show([FAILED])
        view.wait_for("Mozilla Firefox could not be installed")
        assert [one for one in view.seen() if one.kind == BAR_KIND], view.seen()
        view.picture("tray-failure.png", view.windows(PROGRESS_KIND)[0].place)
        view.click_on("Done", view.acts)
        view.expect(f"act {view.revision} close:w1")
        view.wait_until_gone(PROGRESS_KIND)
        view.show([FAILED])  # it stays closed
        view.show([FAILED, {**FAILED, "id": "w2", "text": "Another", "permille": -1}])
        view.wait_for("Another")
        assert len(view.windows(PROGRESS_KIND)) == 1, view.seen()
        assert not [one for one in view.seen() if one.kind == BAR_KIND], view.seen()  # what never began has none
        view.picture("tray-refused.png", view.windows(PROGRESS_KIND)[0].place)
        view.say("busy")
        view.click_on("Done", lambda: f"busy {view.revision} close:w1" in view.said())
        view.wait_until_gone(PROGRESS_KIND)
        view.show([FAILED, {**FAILED, "id": "w2"}])  # what was not taken is said once more
        view.expect(f"act {view.revision} close:w1")


@tap.test(timeout=240)
def who_reads_the_details_keeps_place_and_selection_while_they_grow():
    def lines(first, last):
        return "".join(f"line {i:04}\n" for i in range(first, last))  # 11 characters each, on the screen

    with one_view() as view:
        def show(details):
            view.show([{**WORK, "id": "w3", "details": details}])
            length = len(details) + details.count("\n")
            return wait_until(lambda: (now := view.details())[3] == length and now, view.said)

        show(lines(0, 40))
        view.open_details()
        end = wait_until(lambda: view.details()[0], "the end is not shown when details are opened")
        drawn = view.details()[4]
        assert end > 20 and show(lines(0, 60))[0] == end + 20  # who looks at the end goes on with it
        wait_until(lambda: view.details()[4] > drawn, "the scroll bar is that of the text before")
        view.details("scroll -15")
        assert show(lines(0, 70))[0] == end + 5  # who has scrolled up stays there
        view.details("select 33 44")
        at_end = view.details("scroll 1000")[0]
        assert show(lines(0, 80))[:3] == (at_end, 33, 44)  # the same for who has selected something
        view.details("scroll -1000")
        assert view.details("scroll 10")[0] == 10
        assert show(lines(2, 90))[:3] == (8, 11, 22)  # the oldest are gone
        assert show(lines(2, 5) + "something else\n" + lines(6, 90))[:3] == (8 - 5, 11, 22)


@tap.test(timeout=240)
def a_person_who_wants_dark_windows_gets_them():
    def brightness(name, place):
        path = view.picture(name, place)
        return int(subprocess.run(["convert", str(path), "-format", "%[fx:int(255*mean)]", "info:"],
                                  capture_output=True, text=True, timeout=SLOW, check=True).stdout)

    with one_view() as view:
        view.show([FAILED])
        view.wait_for("Mozilla Firefox could not be installed")
        view.say("dark 1")
        place = view.windows(PROGRESS_KIND)[0].place
        try:
            wait_until(lambda: brightness("tray-dark.png", place) < 110, "it is not dark")
        finally:
            view.say("dark 0")
        wait_until(lambda: brightness("tray-light.png", place) > 150, "it stays dark")


@tap.test(timeout=240)
def work_may_be_cancelled_until_its_program_runs():
    with one_view() as view:
        view.show([{**WORK, "id": "w4", "state": "waiting", "permille": -1, "cancel": "cancel:w4", "details": ""}])
        view.wait_for("Cancel")
        view.click_on("Cancel", view.acts)
        view.expect(f"act {view.revision} cancel:w4")
        assert not view.find("Cancel").enabled, view.seen()
        view.show([{**WORK, "id": "w4"}])
        wait_until(lambda: view.find("Show details").enabled, view.seen)
        assert not view.find("Cancel").enabled, view.seen()
        view.prefix.click(*view.find("Cancel").middle())
        view.ask("look", "looked")
        assert len(view.acts()) == 1, view.said()


@tap.test(timeout=240)
def a_question_is_answered_or_withdrawn():
    prompt = {"id": "p", "title": "3 apps will be installed", "text": "Google Chrome, 7-Zip, PuTTY",
              "choices": [{"answer": "now", "text": "Start now", "default": True},
                          {"answer": "later", "text": "Snooze"}], "closing": "later"}
    with one_view() as view:
        view.say("ask " + json.dumps(prompt))
        view.wait_for("Start now")
        view.picture("tray-prompt.png", view.windows(DIALOG_KIND)[0].place)
        view.click_on("Start now", lambda: not view.windows(DIALOG_KIND))
        view.expect('answer 0 {"answer": "now"}')
        view.say("ask " + json.dumps(prompt))
        view.wait_for("Start now")
        view.say("withdraw")
        view.expect("answer -5 the question was withdrawn")
        view.say('ask {"id": "p", "choices": []}')
        view.expect("answer -8 the question has no choices or is no JSON")


@tap.test(timeout=240)
def damaged_models_and_forbidden_pages_change_nothing():
    with one_view() as view:
        view.say("show {broken")
        view.expect("log 1 the model could not be read; the former one stays")
        view.show(menu=[item("Bad", "weblink:0", open="calc.exe")], notices=[
            {"id": "n1", "kind": "info", "title": "Software installed", "text": "Mozilla Firefox is installed."}])
        view.expect("log 3 told: Software installed: Mozilla Firefox is installed.")
        view.open_menu()
        view.click_on("Bad", view.acts)
        view.expect(f"act {view.revision} weblink:0")
        view.expect("log 2 the page of the web link could not be opened")


@tap.test(timeout=240)
def a_view_that_is_told_to_end_ends_also_with_a_window_and_a_menu_open():
    with one_view() as view:
        view.show([WORK])
        view.wait_for("Downloading 52 of 124 MB")
        view.open_menu()
    view.say("quit")
    view.expect("ended 0")


tap.main()
