# SPDX-License-Identifier: MIT
"""The MSI installed and removed for real, each time in a fresh Windows."""

import json
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import tap  # pylint: disable=wrong-import-position
import msi_payload  # pylint: disable=wrong-import-position
from msi_machine import (  # pylint: disable=wrong-import-position
    BUSY, CLASS, EVENTS, PROGRAMS, REFUSED, RESTART_DUE, RUN, SERVICE, STATE, STOPPED_MEANWHILE, WINDOWS_VERSION, Windows,
    build, build_msi_script, made, msi_tables,
)


@tap.test(timeout=120)
def a_silent_install_brings_files_service_link_scheme_autostart_and_shortcut(folder):
    with Windows() as windows:
        windows.install(windows.now)

        stage = folder / "stage"
        stage.mkdir()
        build_msi_script.msi_files.stage(build(), stage, lambda path: None)
        for name in build_msi_script.msi_files.files_of(stage):
            assert (windows.programs / name).read_bytes() == (stage / name).read_bytes(), name

        assert windows.service() == "RUNNING"
        service = windows.registry(SERVICE)[""]
        assert service["ImagePath"] == f'"{PROGRAMS}\\realmjoinservice.exe" --service'
        assert (service["DisplayName"], service["Start"], service["ObjectName"]) == ("RealmJoin", 2, "LocalSystem")

        events = windows.registry(EVENTS)[""]
        assert events == {"EventMessageFile": PROGRAMS + r"\realmjoinservice.exe", "TypesSupported": 7}, events

        scheme = windows.registry(CLASS)
        assert scheme[""] == {"": "URL:RealmJoin", "URL Protocol": ""}
        assert scheme["DefaultIcon"][""] == f'"{PROGRAMS}\\realmjoin.exe",0'
        assert scheme[r"shell\open\command"][""] == f'"{PROGRAMS}\\realmjoin.exe" "%1"'
        assert windows.registry_get(RUN, "RealmJoin") == f'"{PROGRAMS}\\realmjoin.exe" tray'
        assert windows.no_graph() is None

        (product,) = windows.products().values()
        assert (product["DisplayName"], product["Publisher"]) == ("RealmJoin", "RealmJoin")
        assert product["DisplayVersion"] == build_msi_script.project_version()
        links = [f for f in windows.files() - windows.before if f.endswith("RealmJoin.lnk")]
        assert len(links) == 1 and "Start Menu/Programs" in links[0], links


@tap.test(timeout=120)
def an_older_windows_is_refused_and_one_that_is_installed_can_still_be_removed():
    with Windows() as windows:
        # Windows 8.1 has no such value; VersionNT is the same.
        assert windows.registry_delete(WINDOWS_VERSION, "CurrentMajorVersionNumber")
        windows.install(windows.now, code=REFUSED)
        assert windows.service() is None and not windows.programs.exists() and not windows.products()
        windows.registry_set(WINDOWS_VERSION, "CurrentMajorVersionNumber", 10)
        windows.install(windows.now)
        assert windows.registry_delete(WINDOWS_VERSION, "CurrentMajorVersionNumber")
        windows.uninstall(windows.now)
        windows.expect_nothing_left()


@tap.test(timeout=60)
def the_licences_of_what_we_are_linked_with_are_installed():
    if not msi_payload.is_real():
        tap.skip("stand-ins are linked with nothing")
    with Windows() as windows:
        windows.install(windows.now)
        text = (windows.programs / "THIRD-PARTY-NOTICES.txt").read_text(encoding="utf-8")
        for name in ("expat", "jansson", "libdeflate", "libuv", "mbedTLS", "SQLite", "zlib", "mingw-w64 run-time"):
            assert re.search(rf"^={{78}}\n{name} \d[\d.]+\S*\n={{78}}\n\n\S", text, re.M), name
        assert "Permission is hereby granted" in text and "Apache License" in text


@tap.test(timeout=120)
def an_uninstall_leaves_no_file_no_key_and_no_service():
    with Windows() as windows:
        windows.install(windows.now, "NOGRAPH=1")
        windows.uninstall(windows.now)
        assert windows.service() is None
        windows.expect_nothing_left()


@tap.test(timeout=120)
def a_repair_and_an_uninstall_ask_the_running_service_to_stop():
    if not msi_payload.is_real():
        tap.skip("a stand-in writes no log")
    with Windows() as windows:
        for words in (["/i", windows.now, "REINSTALL=ALL", "REINSTALLMODE=amus"], ["/x", windows.now, "KEEPDATA=1"]):
            windows.install(windows.now)
            log = next(windows.windows.glob("[Ll]ogs/realmjoin.log"))
            before = log.stat().st_size
            windows.run(["msiexec", *words, "/qn"], timeout=90)  # its code: see settle()
            asked = log.read_text(encoding="utf-8")[before:]
            assert "stopping: asked by the service manager" in asked, asked


@tap.test(timeout=120)
def the_state_outlives_an_uninstall_only_with_keepdata():
    with Windows() as windows:
        windows.install(windows.now)
        assert windows.registry_get(STATE, "Started") or msi_payload.is_real()
        windows.registry_set(STATE, "Mine", "kept")
        windows.state().write_text("kept", encoding="utf-8")
        windows.uninstall(windows.now, "KEEPDATA=1")
        assert windows.service() is None and not windows.programs.exists()
        assert windows.state().read_text(encoding="utf-8") == "kept"
        assert windows.registry_get(STATE, "Mine") == "kept"

        windows.install(windows.now)
        assert windows.state().read_text(encoding="utf-8") == "kept"
        windows.uninstall(windows.now, "KEEPDATA=0")
        windows.expect_nothing_left()


@tap.test(timeout=120)
def an_unknown_property_is_harmless():
    with Windows() as windows:
        windows.install(windows.now, "NOSUCHTHING=1", "TENANT=a b;c", "REALMJOIN=")
        assert windows.service() == "RUNNING" and windows.no_graph() is None


@tap.test(timeout=120)
def two_installs_at_once_leave_one_whole_product(folder):
    """Windows refuses the second with 1618; Wine lets both run, so that here both may succeed, and one may find a file
    that the other is writing: then it is due at the restart."""
    with Windows() as windows:
        running = [windows.start(["msiexec", "/i", windows.now, "/qn"]) for _ in range(2)]
        codes = [program.wait(90).code for program in running]
        assert set(codes) <= {0, BUSY, STOPPED_MEANWHILE, RESTART_DUE} and set(codes) & {0, RESTART_DUE}, codes
        if RESTART_DUE in codes:
            windows.stop()
            windows.boot()
            windows.wait_for_service("realmjoin", "RUNNING")
        if STOPPED_MEANWHILE in codes:
            windows.settle()
            windows.service_start("realmjoin")
        assert len(windows.products()) == 1 and windows.service() == "RUNNING"
        stage = folder / "stage"
        stage.mkdir()
        build_msi_script.msi_files.stage(build(), stage, lambda path: None)
        for name in build_msi_script.msi_files.files_of(stage):
            assert (windows.programs / name).read_bytes() == (stage / name).read_bytes(), name
        windows.uninstall(windows.now)
        assert windows.service() is None and not windows.programs.exists()


@tap.test(timeout=120)
def blanks_and_umlauts_in_the_path_of_the_msi_do_not_matter():
    with Windows() as windows:
        name = "Verteilung für Müller & Söhne/Realm Join – größer.msi"
        windows.install(windows.put(made("now"), name), "NOGRAPH=1")
        assert windows.service() == "RUNNING" and windows.no_graph() == 1
        windows.uninstall(windows.put(made("now"), name))
        windows.expect_nothing_left()


@tap.test(timeout=120)
def an_install_where_one_of_the_files_lies_already_ends_with_the_new_file():
    with Windows() as windows:
        stale = windows.programs / "LICENSE"
        stale.parent.mkdir(parents=True)
        shutil.copyfile(build() / "realmjoin.exe", stale.with_name("realmjoin.exe"))
        windows.install(windows.now)
        assert windows.service() == "RUNNING"
        assert stale.read_bytes() == (msi_payload.SOURCE / "LICENSE").read_bytes()


@tap.test(timeout=120)
def the_codes_are_those_of_windows_installer(folder):
    with Windows() as windows:
        product = msi_tables.read(made("now"))["Property"].find(Property="ProductCode")[0]["Value"]
        windows.uninstall(product, code=1605)  # no such product is installed
        garbage = folder / "garbage.msi"
        garbage.write_bytes(b"no MSI" * 100)
        # Windows: 1620 and 1619. Wine says that it cannot use the file otherwise.
        code = windows.run(["msiexec", "/i", windows.put(garbage), "/qn"]).code
        assert code in (1620, 1627), code
        code = windows.run(["msiexec", "/i", r"C:\msi\absent.msi", "/qn"]).code
        assert code in (1619, 2), code
        windows.expect_nothing_left()


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


@tap.test(timeout=180)
def a_signed_msi_and_the_programs_in_it_verify_and_a_changed_one_does_not(folder):
    for tool in ("openssl", "osslsigncode"):
        if not shutil.which(tool):
            tap.skip(f"{tool}: not installed")
    cert, key = certificate(folder, "signer")
    other, _ = certificate(folder, "stranger")
    signed = msi_payload.build_msi(build(), folder / "signed.msi", "--sign", cert, key)
    assert verified(signed, cert)
    assert not verified(signed, other)
    assert not verified(made("now"), cert)

    content = bytearray(signed.read_bytes())
    content[content.find(b"MSCF") + 5000] ^= 1  # inside the cabinet
    tampered = folder / "tampered.msi"
    tampered.write_bytes(content)
    assert not verified(tampered, cert)

    with Windows() as windows:
        windows.install(windows.put(signed, "signed.msi"))
        assert windows.service() == "RUNNING"
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


@tap.test(timeout=60)
def a_certificate_that_cannot_be_used_gives_one_sentence_and_no_msi(folder):
    out = folder / "RealmJoin.msi"
    command = [msi_payload.PACKAGING / "build-msi", "--build", build(), "--out", out,
               "--sign", folder / "absent.pem", folder / "absent.key"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "build-msi: osslsigncode" in done.stderr and not out.exists(), done


if __name__ == "__main__":
    tap.main()
