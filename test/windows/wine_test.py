#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The harness itself: programs, whole exit codes, registry, services and screen of a Wine prefix; TAP."""

import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402
import wine  # noqa: E402

RUN_EXE = pathlib.Path(__file__).resolve().parent / "run-exe"
LAUNCH = wine.build_root() / "test/windows/launch.exe"
PREFIX = None  # one for all tests that leave no trace another test could see


def skip_without_wine(display=False):
    if reason := wine.reason_missing(display):
        tap.skip(reason)


def prefix():
    global PREFIX  # pylint: disable=global-statement
    skip_without_wine()
    if PREFIX is None:
        PREFIX = wine.Prefix("selftest").__enter__()
    return PREFIX


@tap.test(timeout=120)
def a_program_gives_its_output_and_all_32_bits_of_its_exit_code():
    assert prefix().run(["cmd", "/c", "echo word& exit 0"]).out == "word\n"
    for code in (1, 256, 3010, 0xC0000005):
        signed = code - (1 << 32) if code >> 31 else code
        assert prefix().run(["cmd", "/c", f"exit {signed}"]).code == code


@tap.test(timeout=60)
def linuxs_heap_of_a_program_is_never_where_windows_data_belong():
    probe = subprocess.run(["setarch", "-R", "true"], check=False, capture_output=True)
    if probe.returncode:
        tap.skip("addresses cannot be kept here: " + probe.stderr.decode().strip())
    program = prefix().start([r"C:\windows\system32\cmd.exe", "/c", "ping -n 30 127.0.0.1"])
    while not (found := prefix().processes("cmd.exe")):
        time.sleep(0.02)
    settings = [int(pathlib.Path("/proc", str(pid), "personality").read_text(encoding="ascii"), 16) for pid in found]
    program.kill()
    assert all(setting & wine.ADDR_NO_RANDOMIZE for setting in settings), settings


@tap.test(timeout=60)
def a_program_that_hangs_is_killed_and_what_it_started_is_not_waited_for():
    started = time.monotonic()
    try:
        prefix().run(["cmd", "/c", "ping -n 30 127.0.0.1"], timeout=1)
        raise AssertionError("no timeout")
    except subprocess.TimeoutExpired:
        pass
    assert prefix().batch("start /b cmd /c ping -n 20 127.0.0.1").code == 0
    assert time.monotonic() - started < 15


@tap.test(timeout=60)
def a_missing_program_is_an_error_of_the_launcher():
    result = prefix().run(["no-such-program.exe"])
    assert result.code == 125 and "cannot start" in result.err, result


@tap.test(timeout=60)
def arguments_with_blanks_quotes_and_umlauts_arrive_as_they_are():
    said = prefix().run(["cmd", "/c", "echo", "a b", 'say "x"']).out
    assert '"a b"' in said and 'say \\"x\\"' in said, said


@tap.test(timeout=60)
def a_batch_file_and_files_of_the_prefix_have_their_windows_names():
    folder = prefix().drive_c / "a b"
    folder.mkdir()
    assert prefix().windows_path(folder / "x.txt") == r"C:\a b\x.txt"
    assert prefix().unix_path(r"C:\a b\x.txt") == folder / "x.txt"
    assert prefix().batch(r'echo text>"C:\a b\x.txt"' + "\nexit /b 7").code == 7
    assert (folder / "x.txt").read_text() == "text\n"


@tap.test(timeout=60)
def values_of_the_registry_keep_their_type():
    key = r"HKLM\Software\RealmJoin Test"
    assert prefix().registry(key) is None
    prefix().registry_set(key, "number", 5)
    prefix().registry_set(key, 'quote " and \\', "Größe")
    prefix().registry_set(key + r"\below", "folder", r"%SystemRoot%\x", "REG_EXPAND_SZ")
    assert prefix().registry(key) == {
        "": {"number": 5, 'quote " and \\': "Größe"},
        "below": {"folder": r"%SystemRoot%\x"},
    }
    assert prefix().registry_get(key, "number") == 5
    assert prefix().registry_delete(key) and prefix().registry(key) is None


@tap.test(timeout=60)
def a_prefix_is_windows_10_without_crash_dialog():
    version = prefix().registry(r"HKLM\Software\Microsoft\Windows NT\CurrentVersion")[""]
    assert version["CurrentBuild"] >= "18362", version
    assert prefix().registry_get(r"HKCU\Software\Wine\WineDbg", "ShowCrashDialog") == 0


@tap.test(timeout=60)
def services_are_seen_with_their_state():
    assert prefix().service_state("no-such-service") is None
    prefix().service_create("rjtest", r"C:\windows\system32\cmd.exe")
    assert prefix().service_state("rjtest") == "STOPPED"


@tap.test(timeout=60)
def a_restricted_program_is_no_administrator():
    asks = LAUNCH.with_name("is_admin.exe")
    assert prefix().run([asks]).code == 1
    assert prefix().run([asks], restricted=True).code == 0


@tap.test(timeout=60)
def the_copy_is_small_and_never_writes_into_the_template():
    used = sum(p.lstat().st_size for p in prefix().folder.rglob("*") if p.is_file() and not p.is_symlink())
    assert used < 64 << 20, used
    target = prefix().windows / "system32/netsh.exe"
    original = target.resolve()
    before = original.stat().st_mtime_ns
    prefix().place(LAUNCH, target)
    assert not target.is_symlink() and original.stat().st_mtime_ns == before


@tap.test(timeout=60)
def a_program_that_is_killed_has_ended_and_others_can_be_started():
    program = prefix().start(["cmd", "/c", "echo begun& ping -n 30 127.0.0.1 > nul"])
    deadline = time.monotonic() + 30
    while "begun" not in program.output:
        assert program.running() and time.monotonic() < deadline, program.output
        time.sleep(0.05)
    program.kill()
    assert not program.running()
    assert prefix().run(["cmd", "/c", "exit 7"]).code == 7


@tap.test(timeout=10)
def prefixes_are_in_memory_or_else_in_the_build_folder():
    memory, wine.MEMORY = wine.MEMORY, pathlib.Path("/nowhere")
    try:
        assert wine.prefix_root() == wine.build_root() / "wine"
    finally:
        wine.MEMORY = memory


@tap.test(timeout=60)
def nothing_points_from_the_users_folders_into_a_home_folder():
    links = [p for p in (prefix().drive_c / "users").rglob("*") if p.is_symlink()]
    assert not links, links


@tap.test(timeout=120)
def the_exe_wrapper_hands_on_output_exit_code_and_windows_names(folder):
    skip_without_wine()
    (folder / "file").write_text("x")
    program = wine.template() / "drive_c/windows/system32/cmd.exe"
    environment = {**os.environ, "RJ_SOME_FILE": str(folder / "file")}

    def run(*words):
        return subprocess.run([RUN_EXE, program, *words], env=environment, timeout=60, check=False,
                              capture_output=True, stdin=subprocess.DEVNULL)

    assert run("/c", "exit 256").returncode != 0
    done = run("/c", "echo %RJ_SOME_FILE% ", folder / "file")
    assert done.returncode == 0 and done.stdout.count(f"Z:{folder}/file".encode()) == 2, done


@tap.test(timeout=120)
def a_program_with_a_window_can_be_looked_at(folder):
    skip_without_wine(display=True)
    with wine.Prefix("selftest-screen", display=True) as screen:
        screen.desktop(["notepad"])
        screen.wait_for_window("(?i)notepad")
        screen.screenshot(folder / "shot.png")
        assert (folder / "shot.png").read_bytes().startswith(b"\x89PNG")


@tap.test(timeout=60)
def a_closed_prefix_leaves_no_file_no_server_and_nothing_in_the_next_one():
    skip_without_wine()
    with wine.Prefix("selftest-gone") as gone:
        place = gone.folder
        gone.registry_set(r"HKLM\Software\RealmJoin Gone", "number", 5)
        gone.service_create("rjgone", r"C:\windows\system32\cmd.exe")
        assert wine.server_runs(place)
    assert not place.parent.exists()
    with wine.Prefix("selftest-next") as other:
        assert other.registry(r"HKLM\Software\RealmJoin Gone") is None
        assert other.service_state("rjgone") is None
    assert wine.server_runs(prefix().folder), "the server of another prefix must live on"


try:
    tap.main()
finally:
    if PREFIX:
        PREFIX.__exit__()
