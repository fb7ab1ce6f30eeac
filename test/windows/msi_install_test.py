#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The MSI installed and removed for real; TAP."""

import json
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import msi_payload  # noqa: E402
import tap  # noqa: E402
from msi_made import build, made, msi_tables  # noqa: E402
from msi_machine import (  # noqa: E402
    BUSY, CLASS, EVENTS, MOST_SECONDS, PROGRAMS, REFUSED, REPAIR, RUN, SERVICE, STATE, TAKEN_BACK, WINDOWS_VERSION,
    build_msi_script, handed_on, main, wait_until,
)


def expect_whole_files(windows, folder):
    stage = folder / "stage"
    stage.mkdir()
    build_msi_script.msi_files.stage(build(), stage, lambda path: None)
    for name in build_msi_script.msi_files.files_of(stage):
        assert (windows.programs / name).read_bytes() == (stage / name).read_bytes(), name


@tap.test(timeout=600)
def a_silent_install_brings_files_service_link_scheme_autostart_and_shortcut(folder):
    with handed_on() as windows:
        windows.have(None)
        windows.install("shipped")
        expect_whole_files(windows, folder)

        assert windows.service() == "RUNNING"
        keys = windows.registry(SERVICE)
        service = keys[""]
        assert service["ImagePath"] == f'"{PROGRAMS}\\realmjoinservice.exe" --service'
        assert (service["DisplayName"], service["Start"], service["ObjectName"]) == ("RealmJoin", 2, "LocalSystem")
        assert "NoGraph" not in keys.get("Parameters", {}), keys

        events = windows.registry(EVENTS)[""]
        assert events == {"EventMessageFile": PROGRAMS + r"\realmjoinservice.exe", "TypesSupported": 7}, events

        scheme = windows.registry(CLASS)
        assert scheme[""] == {"": "URL:RealmJoin", "URL Protocol": ""}
        assert scheme["DefaultIcon"][""] == f'"{PROGRAMS}\\realmjoin.exe",0'
        assert scheme[r"shell\open\command"][""] == f'"{PROGRAMS}\\realmjoin.exe" "%1"'
        assert windows.registry_get(RUN, "RealmJoin") == f'"{PROGRAMS}\\realmjoin.exe" tray'

        (product,) = windows.products().values()
        assert (product["DisplayName"], product["Publisher"]) == ("RealmJoin", "RealmJoin")
        assert product["DisplayVersion"] == build_msi_script.project_version()
        links = [f for f in windows.files() - windows.before if f.endswith("RealmJoin.lnk")]
        assert len(links) == 1 and "Start Menu/Programs" in links[0], links


@tap.test(timeout=600)
def the_licences_of_what_we_are_linked_with_are_installed():
    if not msi_payload.is_real():
        tap.skip("stand-ins are linked with nothing")
    with handed_on() as windows:
        if not windows.installed:
            windows.have("now")
        text = (windows.programs / "THIRD-PARTY-NOTICES.txt").read_text(encoding="utf-8")
        for name in ("expat", "jansson", "libdeflate", "libuv", "mbedTLS", "SQLite", "zlib", "mingw-w64 run-time"):
            assert re.search(rf"^={{78}}\n{name} \d[\d.]+\S*\n={{78}}\n\n\S", text, re.M), name
        assert "Permission is hereby granted" in text and "Apache License" in text


@tap.test(timeout=600)
def an_unknown_property_is_harmless_and_so_is_a_file_that_lies_there_already():
    with handed_on() as windows:
        windows.have(None)
        stale = windows.programs / "LICENSE"
        stale.parent.mkdir(parents=True)
        for name in ("LICENSE", "realmjoin.exe"):
            shutil.copyfile(build() / "realmjoin.exe", stale.with_name(name))
        windows.install("now", "NOSUCHTHING=1", "TENANT=a b;c", "REALMJOIN=")
        assert windows.service() == "RUNNING" and windows.no_graph() is None
        assert stale.read_bytes() == (msi_payload.SOURCE / "LICENSE").read_bytes()


@tap.test(timeout=600)
def a_repair_and_an_uninstall_ask_the_running_service_to_stop():
    if not msi_payload.is_real():
        tap.skip("a stand-in writes no log")
    with handed_on() as windows:
        if not windows.installed:
            windows.have("now")
        log = next(windows.windows.glob("[Ll]ogs/realmjoin.log"))
        for act in (lambda: windows.msiexec("/i", windows.installed, *REPAIR), lambda: windows.uninstall("KEEPDATA=1")):
            before = log.stat().st_size
            act()
            asked = log.read_text(encoding="utf-8")[before:]
            assert "stopping: asked by the service manager" in asked, asked


@tap.test(timeout=600)
def an_uninstall_that_fails_in_the_end_loses_nothing_of_the_state():
    """Windows takes it back, service and programs included. Wine brings nothing back: the test installs them again."""
    with handed_on() as windows:
        windows.have("now")
        record = STATE + r"\Packages\mine"
        windows.registry_set(record, "Version", "1.0")
        folder = windows.state().parent
        (profile,) = windows.drive_c.glob("users/*/AppData/Local")
        logs = next(windows.windows.glob("[Ll]ogs"), windows.windows / "logs")
        kept = [folder / "policy.json"]
        if msi_payload.is_real():
            kept += [folder / "policy/device.json", folder / "plugins/other/plugin.json",
                     profile / "RealmJoin/state.json", logs / "RealmJoin/Packages/mine.log"]
        for path in kept:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}", encoding="utf-8")
        windows.uninstall("FAILLATE=1", code=TAKEN_BACK)
        left = sorted(str(path) for path in windows.programs.rglob("*"))
        assert not left, left
        windows.installed = None
        for path in kept:
            assert path.read_text(encoding="utf-8") == "{}", path
        assert windows.registry_get(record, "Version") == "1.0"
        if msi_payload.is_real():
            assert (folder / "agent.db").exists() and (logs / "realmjoin.log").exists()
        windows.install("now")
        assert windows.service() == "RUNNING"


@tap.test(timeout=600)
def the_state_outlives_an_uninstall_only_with_keepdata():
    with handed_on() as windows:
        windows.have("now")
        assert windows.registry_get(STATE, "Started") or msi_payload.is_real()
        windows.registry_set(STATE, "Mine", "kept")
        windows.state().write_text("kept", encoding="utf-8")
        windows.uninstall("KEEPDATA=1")
        assert windows.service() is None and not windows.programs.exists()
        assert windows.state().read_text(encoding="utf-8") == "kept"
        assert windows.registry_get(STATE, "Mine") == "kept"

        windows.install("now")
        assert windows.state().read_text(encoding="utf-8") == "kept"
        windows.uninstall("KEEPDATA=0")
        windows.expect_nothing_left()


@tap.test(timeout=600)
def an_older_windows_is_refused_and_one_that_is_installed_can_still_be_removed():
    """And there are blanks and umlauts in the path of the MSI, and the uninstall leaves no file, key and service."""
    with handed_on() as windows:
        msi = windows.drive_c / "msi/Verteilung für Müller & Söhne/Realm Join – größer.msi"
        windows.place(made("now"), msi)
        windows.have(None)
        # Windows 8.1 has no such value; VersionNT is the same.
        assert windows.registry_delete(WINDOWS_VERSION, "CurrentMajorVersionNumber")
        windows.install(msi, "NOGRAPH=1", code=REFUSED)
        assert windows.service() is None and not windows.programs.exists() and not windows.products()
        windows.registry_set(WINDOWS_VERSION, "CurrentMajorVersionNumber", 10)
        windows.install(msi, "NOGRAPH=1")
        assert windows.service() == "RUNNING" and windows.no_graph() == 1
        assert windows.registry_delete(WINDOWS_VERSION, "CurrentMajorVersionNumber")
        windows.uninstall()
        windows.registry_set(WINDOWS_VERSION, "CurrentMajorVersionNumber", 10)
        assert windows.service() is None
        windows.expect_nothing_left()


@tap.test(timeout=600)
def the_codes_are_those_of_windows_installer(folder):
    with handed_on() as windows:
        windows.have(None)
        files = windows.files()
        product = msi_tables.read(made("now"), "Property")["Property"].find(Property="ProductCode")[0]["Value"]
        windows.uninstall(which=product, code=1605)  # no such product is installed
        garbage = folder / "garbage.msi"
        garbage.write_bytes(b"no MSI" * 100)
        # Windows: 1620 and 1619. Wine says that it cannot use the file otherwise.
        code = windows.run(["msiexec", "/i", windows.place(garbage, windows.drive_c / "msi/garbage.msi"), "/qn"],
                           timeout=MOST_SECONDS).code
        assert code in (1620, 1627), code
        code = windows.run(["msiexec", "/i", r"C:\msi\absent.msi", "/qn"], timeout=MOST_SECONDS).code
        assert code in (1619, 2), code
        assert windows.files() == files


@tap.test(timeout=600)
def an_install_during_another_one_leaves_one_whole_product(folder):
    """Windows refuses the second one with 1618 (docs/windows-msi.md has it among what only a real one shows). Wine lets
    both run: the second does everything while the first waits, which has looked for files before and does it again."""
    with handed_on() as windows:
        windows.have(None)
        first = windows.start_msiexec("/i", "held")
        wait_until(lambda: windows.processes("wait.exe"), MOST_SECONDS, lambda: f"{first.running()} {first.errors}")
        second = windows.start_msiexec("/i", "now").wait(MOST_SECONDS).code
        assert first.running() and second in (0, BUSY), second
        (windows.drive_c / "go-hold.txt").touch()
        assert first.wait(MOST_SECONDS).code == 0
        windows.installed = "now"
        assert len(windows.products()) == 1 and windows.service() == "RUNNING"
        expect_whole_files(windows, folder)
        windows.uninstall()
        assert windows.service() is None and not windows.programs.exists() and not windows.products()
        (windows.drive_c / "go-hold.txt").unlink()


def certificate(folder, name):
    """A self-made certificate for signing code: its file and its key's."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "extendedKeyUsage=codeSigning", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return cert, key


def verified(file, authority):
    command = ["osslsigncode", "verify", "-CAfile", authority, "-in", file]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@tap.test(timeout=600)
def a_signed_msi_and_the_programs_in_it_verify_and_a_changed_one_does_not(folder):
    for tool in ("openssl", "osslsigncode"):
        if not shutil.which(tool):
            tap.skip(f"{tool}: not installed")
    cert, key = certificate(folder, "signer")
    other, _ = certificate(folder, "stranger")
    signed = msi_payload.build_msi(build(), folder / "signed.msi", "--sign", cert, key)
    assert verified(signed, cert)
    assert not verified(signed, other)
    assert not verified(made("shipped"), cert)

    content = bytearray(signed.read_bytes())
    content[content.find(b"MSCF") + 5000] ^= 1  # inside the cabinet
    tampered = folder / "tampered.msi"
    tampered.write_bytes(content)
    assert not verified(tampered, cert)

    with handed_on() as windows:
        windows.have(None)
        windows.install(windows.place(signed, windows.drive_c / "msi/signed.msi"))
        assert windows.service() == "RUNNING"
        remover = folder / "remover.exe"
        with open(remover, "wb") as file:
            subprocess.run(["msiinfo", "extract", signed, "Binary.Remover"], stdout=file, check=True)
        assert verified(remover, cert)
        programs = [f for f in windows.programs.rglob("*") if f.suffix in (".exe", ".com", ".dll")]
        assert len(programs) > len(build_msi_script.msi_files.PROGRAMS)
        for program in programs:
            assert verified(program, cert), program
        # The hash by which the loader knows a plugin is that of the signed file.
        for manifest in windows.programs.rglob("plugin.json"):
            stamped = json.loads(manifest.read_text(encoding="utf-8"))
            command = ["sha256sum", manifest.with_name(stamped["binary"])]
            assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.startswith(
                stamped["sha256"])


@tap.test(timeout=600)
def a_certificate_that_cannot_be_used_gives_one_sentence_and_no_msi(folder):
    out = folder / "RealmJoin.msi"
    command = [sys.executable, msi_payload.PACKAGING / "build-msi", "--build", build(), "--out", out,
               "--sign", folder / "absent.pem", folder / "absent.key"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "build-msi: osslsigncode" in done.stderr and not out.exists(), done


if __name__ == "__main__":
    main()
