#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Service, session and view together, as a person has them: sign in, menu, links, sign out; TAP.

    tray_test.py SIGN_OUT_TEST

The product is installed by its MSI (installed.py). Pictures are left in RJ_BUILD_ROOT/ui/;
docs/tray-menu.png and docs/tray-progress.png are copies of desk-menu.png and desk-progress.png.
"""

import atexit
import json
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import installed  # noqa: E402
import tap  # noqa: E402
import wine  # noqa: E402

SIGN_OUT_TEST = pathlib.Path(sys.argv[1])
del sys.argv[1:2]  # the rest would choose tests

BUILD = wine.build_root()
PROGRAM, SERVICE = (rf"C:\rj\Program Files\RealmJoin\{name}.exe" for name in ("realmjoin", "realmjoinservice"))
ROOT = ["--root", r"C:\rj"]
ICON = installed.ICON
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


def lines_of(items, level=0):
    """What `realmjoin menu` prints of a model's menu."""
    for item in items:
        yield "" if item["kind"] == "separator" else 2 * level * " " + item["text"]
        yield from lines_of(item.get("items", []), level + 1)


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
        printed = prefix.run([PROGRAM, *ROOT, "menu"]).out
        assert printed.splitlines() == list(lines_of(menu())) and "    R&D Tool (state unknown)" in printed, printed
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



# ---- The product as it is installed -------------------------------------------------------------------

LINKS = pathlib.Path(__file__).resolve().parent / "fixtures/hostile_links.json"
TOOLS = ("Software Packages", "Tools")
OWNER = "alice@contoso.example"
HOST_NAME = r"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters"
BIOS = r"HKLM\HARDWARE\DESCRIPTION\System\BIOS"
SERVICE_KEY, DISABLED = r"HKLM\SYSTEM\CurrentControlSet\Services\realmjoin", 4
RUN_ONCE = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\RunOnce"
JOINED = r"HKLM\SYSTEM\CurrentControlSet\Control\CloudDomainJoin\JoinInfo\0123456789"
LOGON = (r"HKLM\SOFTWARE\Microsoft\IdentityStore\LogonCache\B16898C6-A148-4967-9171-64D755DA8520\Sid2Name"
         r"\S-1-5-21-0-0-0-1000")


def waiting(name):
    """Of an install script: until go()."""
    return rf"C:\wait.exe C:\go-{name}.txt"


def package(name, text, *script, **assignment):
    return {"name": name, "Name": text, "GroupName": "Tools", "script": [*script, "exit 0"], **assignment}


PACKAGES = (
    package("tool", "R&D Tool", "echo Unpacking the R^&D files", waiting("tool"), "echo Registering"),
    package("broken", "Broken Tool", "echo There is no licence", "exit 7"),
    package("mine", "My Größenrechner", r"C:\is_admin.exe && echo plain user", waiting("mine"), Scope="user"),
    package("late", "Late Tool", "echo here", waiting("late")),
    package("linked", "Linked Tool"),
    package("alone", "Alone Tool"),
    package("never", "Never Tool"),  # the service is not there
    package("slow", "Slow Tool", "echo here", waiting("slow")),
    package("queued", "Queued Tool", r"echo x> C:\queued.txt"),
    package("secret", "Secret", r"echo x> C:\secret.txt", Hidden=True),
    # What the pictures show.
    package("chrome", "Google Chrome", GroupName="Browsers"),
    package("firefox", "Mozilla Firefox", "echo Unpacking Mozilla Firefox 128.0",
            r"echo Copying files to C:\Program Files\Mozilla Firefox", "echo Writing the uninstall key",
            waiting("firefox"), GroupName="Browsers", Version="128.0", DependsOn=["runtime"]),
    package("runtime", "Visual C++ Runtime", "echo Installing the runtime", Version="14.38", Hidden=True),
    package("fonts", "Contoso Fonts", GroupName="Office", AllowReinstall=True),
    package("vpn", "Contoso VPN", "exit 3010", GroupName="Office"),
    package("office", "LibreOffice", GroupName="Office"),
    package("pdf", "PDF Creator", GroupName="Office"),
    package("diagrams", "Diagrams", GroupName="Office"),
    package("viewer", "Project Viewer", "echo There is no licence", "exit 7", GroupName="Office"),
)
LINKS_SHOWN = [{"Name": "Intranet", "Target": "https://intranet.example"},
               {"Name": "IT service desk", "Target": "https://help.example"},
               {"Name": "Time sheets", "Target": "https://time.example"}]


class Shared:
    """One machine for all tests below, which are in the order of its day; each can also be the first."""

    desk = None

    @classmethod
    def get(cls):
        if not cls.desk:
            cls.desk = installed.Desk(*PACKAGES, links=LINKS_SHOWN)
            cls.desk.__enter__()
            cls.desk.registry_set(JOINED, "UserEmail", OWNER)
            cls.desk.registry_set(LOGON, "IdentityName", OWNER)
            name_the_machine(cls.desk)
            atexit.register(cls.desk.__exit__)
        return cls.desk


def signed_in():
    desk = Shared.get()
    desk.sign_in()
    return desk


def name_the_machine(desk):
    """Each start of Wine's system writes its own names, so this is done after that, and before the tray looks."""
    values = ((BIOS, "SystemManufacturer", "Contoso"), (BIOS, "SystemProductName", "Latitude 5440"),
              (HOST_NAME, "Hostname", "PC-0042"))
    lines = ["Windows Registry Editor Version 5.00", ""]
    for key, name, data in values:
        lines += [f"[{key.replace('HKLM', 'HKEY_LOCAL_MACHINE', 1)}]", f'"{name}"="{data}"', ""]
    (desk.drive_c / "names.reg").write_text("\r\n".join(lines), encoding="utf-8")
    desk.registry_set(RUN_ONCE, "names", r"regedit /S C:\names.reg")


def around(*places):
    """The place that holds all of these."""
    left, top = (min(place[i] for place in places) for i in (0, 1))
    right, bottom = (max(place[i] + place[i + 2] for place in places) for i in (0, 1))
    return left, top, right - left, bottom - top


def go(desk, name):
    (desk.drive_c / f"go-{name}.txt").touch()


def end_tray(desk):
    desk.run(["taskkill", "/im", "realmjoin.exe"])
    desk.wait_until(lambda: not desk.processes(), desk.log)


def balloon(desk):
    """What the shell shows of a notice, if it shows one."""
    return next((window for window in desk.windows_shown() if window.kind == "tooltips_class32"
                 and window.place[2] > 100 and window.place[3] > 30), None)


def links(desk, cases):
    """The program is called with each, six at once; why, and what became of it."""
    for first in range(0, len(cases), 6):
        asked = []
        for case in cases[first:first + 6]:
            words = case["argv"]
            if isinstance(words[-1], int):
                words = [words[0] + "a" * words[1]]
            asked.append((case["why"], desk.start([installed.PROGRAM, *words])))
        for why, program in asked:
            yield why, program.wait(60)


def menu_of(desk):
    """Place of the menu that is open, which is closed then."""
    place = desk.wait_until(desk.popups, desk.screen_windows)[0]
    desk.close_menu()
    return place


@tap.test(timeout=180)
def a_link_without_a_tray_brings_the_tray_that_shows_what_becomes_of_it():
    desk = Shared.get()
    assert desk.run(["start", "realmjoin:install:alone"]).code == 0
    desk.wait_for_text("Alone Tool is installed.")
    desk.wait_until(lambda: len(desk.processes()) == 1, desk.processes)
    desk.press("Alone Tool is installed.", "Done")
    end_tray(desk)
    assert desk.run(["start", "realmjoin:install:something-else"]).code == 0
    window = desk.wait_for_text("This link cannot be followed")
    assert [part for part in window.parts if part.text.startswith("Nothing was changed.")], window
    desk.press("This link cannot be followed", "Done")
    end_tray(desk)
    assert desk.run(["start", "realmjoin:uninstall:alone"]).code == 0
    window = desk.wait_for_text("OK")
    said = next(part.text for part in window.parts if "This link cannot be followed" in part.text)
    assert "Nothing was changed." in said, said
    desk.picture("desk-link-box.png", window.place)
    desk.press("OK", "OK")
    desk.wait_until(lambda: not desk.processes(), desk.processes)


@tap.test(timeout=120)
def signing_in_brings_one_tray_without_rights_and_no_console():
    desk = signed_in()
    desk.wait_until(lambda: len(desk.processes()) == 1, desk.processes)
    (tray,) = desk.processes()
    shown = desk.windows_shown()
    assert not [window for window in shown if "onsole" in window.kind], shown
    lines = desk.menu()
    texts = [line.get("text", "") for line in lines]
    assert "Contoso Latitude 5440" in texts and f"{OWNER} (owner)" in texts, texts
    assert [text for text in texts if re.fullmatch(r"RealmJoin \d+\.\d+\.\d+ \(release\)", text)], texts
    # Addresses; Wine's network costs nothing.
    assert [text for text in texts if re.fullmatch(r"[0-9a-f]+[.:][^ ]+(, [^ ]+)*", text)], texts
    assert f"User: {OWNER} (owner)\nVersion: RealmJoin " in lines[-1]["copy"], lines[-1]
    second = desk.start([installed.PROGRAM, "tray"])
    assert second.wait(30).code == 0
    desk.wait_until(lambda: "is there already" in second.errors, lambda: second.errors)
    assert menu_of(desk)[2] > 100  # whoever starts it once more gets to see it
    desk.wait_until(lambda: desk.processes() == [tray], desk.processes)


@tap.test(timeout=240)
def every_state_of_a_package_stands_in_its_group_and_a_window_shows_the_work():
    desk = signed_in()
    codes = {"fonts": 0, "vpn": 0, "office": 0, "diagrams": 0, "viewer": 1}
    asked = {name: desk.start([installed.PROGRAM, "install", name]) for name in codes}
    for name, program in asked.items():
        done = program.wait(60)
        assert done.code == codes[name], done
    policy = desk.program_data / "RealmJoin/policy/device.json"
    document = json.loads(policy.read_text(encoding="utf-8"))
    next(one for one in document["SoftwarePackages"] if one["ID"] == "diagrams")["Version"] = "2.0.0"
    policy.write_text(json.dumps(document), encoding="utf-8")
    assert desk.realmjoin("sync").code == 0
    wanted = ["Contoso Fonts (ready to run)", "Contoso VPN (installed, restart needed)", "Diagrams (outdated)",
              "LibreOffice (installed)", "PDF Creator (ready to install)", "Project Viewer (failed)"]
    office = desk.line_of("Software Packages", "Office")
    assert [line["text"] for line in office["items"]] == wanted, office
    assert [line["enabled"] for line in office["items"]] == [True, False, True, False, True, True], office
    listed = desk.realmjoin("list")
    assert re.search(r"(?m)^vpn +installed .* restart +a restart completes", listed.out), listed
    desk.point_at("Software Packages", "Office", "PDF Creator (ready to install)")
    desk.picture("desk-menu.png", around(*desk.popups(), (*installed.ICON, 0, 0)))
    desk.close_menu()

    desk.choose("Software Packages", "Browsers", "Mozilla Firefox (ready to install)")
    desk.wait_until(lambda: "Writing" in desk.package_log("firefox"), desk.service_log)
    desk.press("Installing Mozilla Firefox…", "Show details")
    desk.wait_until(lambda: any("Writing the uninstall key" in text for text in desk.texts()), desk.texts)
    window = desk.wait_for_text("Hide details")
    details = next(part.text for part in window.parts if "Writing the uninstall key" in part.text)
    for line in ("1. Visual C++ Runtime 14.38", "2. Mozilla Firefox 128.0", "Installing dependency Visual C++ Runtime…"):
        assert line in details, details
    desk.picture("desk-progress.png", window.place)
    go(desk, "firefox")
    desk.wait_for_text("Mozilla Firefox is installed.")
    desk.press("Mozilla Firefox is installed.", "Done")
    desk.wait_until_gone("Mozilla Firefox is installed.")


@tap.test(timeout=120)
def a_click_on_a_package_installs_it_by_the_service_and_tells_what_goes_on():
    desk = signed_in()
    desk.choose(*TOOLS, "R&D Tool (ready to install)")
    desk.wait_for_text("Installing R&D Tool…")
    desk.wait_until(lambda: "Unpacking" in desk.package_log("tool"), desk.service_log)
    desk.press("Installing R&D Tool…", "Show details")
    window = desk.wait_for_text("Hide details")
    assert not window.find("Done").enabled and not window.find("Cancel").enabled, window
    desk.wait_until(lambda: any("Unpacking the R&D files\\n" in part.text
                                for part in desk.window_with("Hide details").parts), desk.texts)
    desk.picture("desk-output.png", window.place)
    go(desk, "tool")
    window = desk.wait_for_text("R&D Tool is installed.")
    assert window.find("R&D Tool") and window.find("Done").enabled, window
    desk.press("R&D Tool is installed.", "Done")
    desk.wait_until_gone("R&D Tool is installed.")
    assert desk.package_log("tool").split("\n")[:2] == ["Unpacking the R&D files", "Registering"]
    done = desk.line_of(*TOOLS, "R&D Tool (installed)")
    assert done and not done["enabled"], desk.menu()
    desk.wait_until(lambda: "told: Software installed: R&D Tool is installed." in desk.log(), desk.log)
    desk.wait_until(lambda: balloon(desk), desk.windows_shown, timeout=6)
    desk.picture("desk-notice.png")


@tap.test(timeout=120)
def control_and_shift_with_the_click_open_the_menu_in_debug_mode_once():
    desk = signed_in()
    desk.open_menu()
    plain = menu_of(desk)
    desk.xdotool("keydown", "ctrl", "keydown", "shift")
    try:
        desk.click(*ICON)
        desk.wait_until(desk.popups, desk.screen_windows)
    finally:
        desk.xdotool("keyup", "shift", "keyup", "ctrl")
    desk.picture("desk-debug.png")
    assert menu_of(desk)[3] > plain[3], plain  # "Exit" is there
    desk.wait_until(lambda: "the person chose debug:off" in desk.log(), desk.log)
    desk.open_menu()
    assert menu_of(desk)[3] == plain[3], plain


@tap.test(timeout=120)
def a_failed_package_says_why_and_what_to_do_until_the_person_has_read_it():
    desk = signed_in()
    desk.choose(*TOOLS, "Broken Tool (ready to install)")
    window = desk.wait_for_text("Broken Tool could not be installed")
    texts = [part.text for part in window.parts]
    assert "The installer ended with exit code 7." in texts, texts
    assert any(text.startswith("Try again from the menu.") for text in texts), texts
    desk.press("Broken Tool could not be installed", "Show details")
    window = desk.wait_for_text("Hide details")
    assert any("There is no licence" in part.text for part in window.parts), window
    desk.picture("desk-failed.png", window.place)
    desk.press("Broken Tool could not be installed", "Done")
    assert "told: Installation failed: Broken Tool could not be installed" in desk.log(), desk.log()


@tap.test(timeout=120)
def what_waits_behind_another_package_can_be_cancelled_and_never_starts():
    desk = signed_in()
    desk.choose(*TOOLS, "Slow Tool (ready to install)")
    desk.wait_until(lambda: "here" in desk.package_log("slow"), desk.service_log)
    desk.choose(*TOOLS, "Queued Tool (ready to install)")
    window = desk.wait_for_text("Installing Queued Tool…")
    assert window.find("Waiting for other work to end"), window
    desk.press("Installing Queued Tool…", "Cancel")
    window = desk.wait_for_text("Cancelled; nothing was changed.")
    assert window.find("Queued Tool") and window.find("Done").enabled, window
    desk.press("Cancelled; nothing was changed.", "Done")
    desk.wait_until_gone("Cancelled; nothing was changed.")
    go(desk, "slow")
    desk.wait_for_text("Slow Tool is installed.")
    desk.press("Slow Tool is installed.", "Done")
    desk.wait_until_gone("Slow Tool is installed.")
    desk.wait_until(lambda: desk.line_of(*TOOLS, "Slow Tool (installed)"), desk.menu)
    assert desk.line_of(*TOOLS, "Queued Tool (ready to install)") and not (desk.drive_c / "queued.txt").exists()
    assert not desk.package_log("queued"), desk.package_log("queued")


@tap.test(timeout=240)
def links_reach_the_running_tray_and_hostile_ones_install_nothing():
    desk = signed_in()
    assert desk.run(["start", "realmjoin:install:something-else"]).code == 0
    window = desk.wait_for_text("This link cannot be followed")
    assert [part for part in window.parts if "something-else is not assigned to" in part.text], window
    assert [part for part in window.parts if part.text.startswith("Nothing was changed.")], window
    desk.picture("desk-link.png", window.place)
    desk.press("This link cannot be followed", "Done")
    desk.wait_until_gone("This link cannot be followed")

    (tray,) = desk.processes()
    before = desk.service_log().count(": installing")
    for why, refused in links(desk, json.loads(LINKS.read_text(encoding="utf-8"))):
        assert refused.code == 2, (why, refused)
    assert desk.run(["start", "realmjoin:install:secret"]).code == 0
    desk.wait_for_text("This link cannot be followed")
    desk.press("This link cannot be followed", "Done")
    crowd = [{"why": "one of many", "argv": [f"realmjoin:install:crowd-{i}"]} for i in range(12)]
    for _, taken in links(desk, crowd):
        assert taken.code == 0, taken
    desk.wait_until(lambda: "crowd-" in desk.service_log(), desk.service_log)
    window = desk.wait_for_text("12 links cannot be followed")
    assert sum("links cannot be followed" in text for text in desk.texts()) == 1, desk.texts()
    desk.picture("desk-crowd.png")
    desk.press("12 links cannot be followed", "Done")
    assert desk.processes() == [tray] and desk.sessions()
    assert desk.service_log().count(": installing") == before and not (desk.drive_c / "secret.txt").exists()

    assert desk.run(["rundll32", "url.dll,FileProtocolHandler", "realmjoin:install:linked"]).code == 0
    desk.wait_for_text("Linked Tool is installed.")
    assert desk.processes() == [tray] and "the person chose link:realmjoin:install:linked" in desk.log(), desk.log()
    desk.press("Linked Tool is installed.", "Done")


@tap.test(timeout=120)
def a_chosen_package_starts_the_service_that_does_not_run_and_says_so():
    desk = signed_in()
    desk.menu()  # as it was before
    desk.service_stop("realmjoin")
    desk.choose(*TOOLS, "Late Tool (ready to install)")
    desk.wait_for_text("Installing Late Tool…")
    desk.wait_until(lambda: "here" in desk.package_log("late"), desk.service_log)
    desk.press("Installing Late Tool…", "Show details")
    window = desk.wait_for_text("Hide details")
    assert any("Starting the RealmJoin service…" in part.text for part in window.parts), window
    go(desk, "late")
    desk.wait_for_text("Late Tool is installed.")
    assert desk.service_state("realmjoin") == "RUNNING"
    desk.press("Late Tool is installed.", "Done")


@tap.test(timeout=120)
def the_menu_in_a_terminal_starts_the_service_that_does_not_run_and_says_so():
    desk = signed_in()
    desk.service_stop("realmjoin")
    assert desk.menu()[0]["text"] == "The RealmJoin service does not answer"  # a look starts nothing
    assert desk.service_state("realmjoin") == "STOPPED"
    shown = desk.realmjoin("menu", restricted=True)
    assert shown.code == 0 and "is not running; starting it" in shown.err, shown
    assert shown.out.startswith("Web Links\n") and "does not answer" not in shown.out, shown
    assert desk.service_state("realmjoin") == "RUNNING"


@tap.test(timeout=120)
def signing_out_waits_for_a_package_of_the_person_and_ends_the_tray():
    desk = signed_in()
    told = desk.run([SIGN_OUT_TEST], env={"CMOCKA_MESSAGE_OUTPUT": "TAP"})
    assert told.code == 0 and "not ok" not in told.out, told
    desk.choose(*TOOLS, "My Größenrechner (ready to install)")
    desk.wait_until(lambda: "plain user" in desk.package_log("mine"), desk.service_log)
    desk.press("Installing My Größenrechner…", "Show details")
    desk.wait_until(lambda: any("plain user\\n" in part.text for part in desk.window_with("Hide details").parts),
                    desk.texts)
    reason = "Installing My Größenrechner; this must not be interrupted"
    assert f"the end of the session waits: {reason}" in desk.log(), desk.log()
    (tray,) = desk.processes()
    desk.run(["wineboot", "--end-session"], timeout=60)
    assert desk.processes() == [tray] and "has to wait for a package" in desk.log(), desk.log()
    go(desk, "mine")
    desk.wait_for_text("My Größenrechner is installed.")
    assert "the end of the session need not wait any more" in desk.log(), desk.log()
    desk.run(["wineboot", "--end-session"], timeout=60)
    desk.wait_until(lambda: tray not in desk.processes(), desk.log)
    assert "the desktop session ends" in desk.log(), desk.log()


def why_nothing_goes(desk, package):
    """What the tray says of a link when it cannot start the service."""
    assert desk.run(["start", f"realmjoin:install:{package}"]).code == 0
    desk.press("The RealmJoin service is not available.", "Show details")
    window = desk.wait_for_text("Hide details")
    desk.press("The RealmJoin service is not available.", "Done")
    desk.wait_until_gone("The RealmJoin service is not available.")
    return "\n".join(part.text for part in window.parts)


@tap.test(timeout=120)
def a_disabled_service_is_said_by_the_tray_which_is_there_all_the_same():
    desk = Shared.get()
    desk.registry_set(SERVICE_KEY, "Start", DISABLED)
    desk.stop()
    desk.boot()
    assert desk.run(["wineboot"], timeout=60).code == 0  # the person signs in
    desk.wait_until(lambda: len(desk.processes()) == 1, desk.processes)
    desk.open_menu()
    desk.picture("desk-no-service.png")
    assert menu_of(desk)[2] > 100
    assert desk.menu()[0]["text"] == "The RealmJoin service does not answer", desk.menu()
    said = why_nothing_goes(desk, "never")
    assert "the RealmJoin service is disabled; an administrator must enable it" in said, said
    assert desk.service_state("realmjoin") == "STOPPED"


@tap.test(timeout=120)
def what_asks_the_tray_to_close_ends_it_and_a_service_that_is_gone_is_said():
    desk = Shared.get()
    if desk.service_state("realmjoin") == "RUNNING":
        signed_in()
        desk.service_stop("realmjoin")
    assert desk.run(["sc", "delete", "realmjoin"]).code == 0
    said = why_nothing_goes(desk, "never")
    assert "the RealmJoin service is not installed; install RealmJoin again" in said, said
    end_tray(desk)
    assert "asked to end" in desk.log(), desk.log()


tap.main()
