#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Service, session and view together: the menu in a terminal and behind the icon; TAP."""

import json
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402
import wine  # noqa: E402

BUILD = wine.build_root()
PROGRAM, SERVICE = (rf"C:\rj\Program Files\RealmJoin\{name}.exe" for name in ("realmjoin", "realmjoinservice"))
ROOT = ["--root", r"C:\rj"]
ICON = (1014, 758)
POLICY = {"WebLinks": [{"Name": "Intranet", "Target": "https://intranet.example"},
                       {"Name": "For Linux", "Target": "https://linux.example", "Platform": "linux"}],
          "SoftwarePackages": [{"ID": "tool", "Name": "R&D Tool", "GroupName": "Tools", "Platform": "win",
                                "Location": "C:/tool.zip"}]}


def wait_until(condition, what, timeout=20):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s: {what()}"
        time.sleep(0.2)


def prepare(prefix):
    root = prefix.drive_c / "rj"
    programs = root / "Program Files" / "RealmJoin"
    prefix.place(BUILD / "core/session/realmjoin.exe", programs / "realmjoin.exe")
    prefix.place(BUILD / "core/service/realmjoinservice.exe", programs / "realmjoinservice.exe")
    for name in ("ui-tray.dll", "plugin.json"):
        prefix.place(BUILD / "plugins/ui-tray" / name, programs / "plugins/ui-tray" / name)
    policy = root / "ProgramData" / "RealmJoin" / "policy" / "device.json"
    policy.parent.mkdir(parents=True)
    policy.write_text(json.dumps(POLICY))
    return root


def popups(prefix):
    return [size for size in re.findall(r'\(has no name\): \("realmjoin\.exe" "[^"]*"\) +(\d+)x(\d+)\+',
                                        prefix.screen_windows()) if int(size[0]) > 60]


@tap.test(timeout=180)
def the_menu_is_the_same_in_a_terminal_and_behind_the_icon_and_there_is_one_tray():
    if reason := wine.reason_missing(display=True):
        tap.skip(reason)
    with wine.Prefix("tray", display=True) as prefix:
        prepare(prefix)
        shown = prefix.run([PROGRAM, *ROOT, "menu"])
        assert shown.code == 0 and shown.out.startswith("The RealmJoin service does not answer\n"), shown
        prefix.start([SERVICE, *ROOT])

        def menu():
            return json.loads(prefix.run([PROGRAM, *ROOT, "--dump-menu"]).out)["menu"]

        wait_until(lambda: menu()[0].get("text") == "Web Links", menu)
        texts = [line.get("text", "-") for line in menu()]
        assert texts[:6] == ["Web Links", "Intranet ↗", "-", "Software Packages", "-", "Sync this device"], texts
        tray = prefix.desktop([PROGRAM, *ROOT, "tray"], restricted=True)
        wait_until(lambda: "Session registered." in tray.output, lambda: tray.output)

        def click():
            prefix.click(*ICON)
            time.sleep(1)
            return popups(prefix)

        wait_until(click, prefix.screen_windows, timeout=30)
        second = prefix.run([PROGRAM, *ROOT, "tray"], restricted=True)
        assert second.code == 0 and "there already" in second.err, second
        assert tray.running()


tap.main()
