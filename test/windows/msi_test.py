# SPDX-License-Identifier: MIT
"""The MSI installed, upgraded, refused and removed for real, each time in a fresh Windows.

With the programs of the build under test where it is a cross build, otherwise with stand-ins (msi_payload.py).
What Wine's installer does otherwise than Windows is said where a test works around it.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import tap  # pylint: disable=wrong-import-position
import msi_payload  # pylint: disable=wrong-import-position
import wine  # pylint: disable=wrong-import-position

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
REFUSED = 1603
BUSY = 1618
STOPPED_MEANWHILE = 1627  # Wine: see settle()

NEWER = "9.0.0"
_made = {}


def made():
    """The MSIs of all tests here: this version, another build of it, and a newer one."""
    if reason := msi_payload.reason_missing() or wine.reason_missing():
        tap.skip(reason)
    if not _made:
        _made["holder"] = tempfile.TemporaryDirectory(prefix="rj-test-")
        folder = pathlib.Path(_made["holder"].name)
        build = msi_payload.make(folder / "build")
        _made["build"] = build
        msi_payload.provide_launcher(folder / "root")
        _made["now"] = msi_payload.build_msi(build, folder / "RealmJoin.msi")
        _made["newer"] = msi_payload.build_msi(build, folder / "newer.msi", "--version", NEWER)
        manifest = sorted(build.glob("plugins/*/plugin.json"))[0]
        text = manifest.read_text(encoding="utf-8")
        manifest.write_text(json.dumps({**json.loads(text), "name": "Built again"}), encoding="utf-8")
        _made["again"] = msi_payload.build_msi(build, folder / "again.msi")
        manifest.write_text(text, encoding="utf-8")
        _made["rebuilt"] = manifest.relative_to(build)
    return _made


class Windows(wine.Prefix):
    """A Windows of its own with the MSIs lying on its drive."""

    def __init__(self):
        made()
        super().__init__("msi")

    def __enter__(self):
        super().__enter__()
        self.programs = self.program_files / "RealmJoin"
        self.before = self.files()
        self.now = self.put(made()["now"])
        self.newer = self.put(made()["newer"])
        self.again = self.put(made()["again"])
        return self

    def put(self, file, name=None):
        return self.place(file, self.drive_c / "msi" / (name or file.name))

    def settle(self):
        """Ends the service. Wine's installer asks it to stop but goes on at once, where Windows' waits; a service that
        takes longer than the copying of the files makes StartServices end with 1627."""
        if self.service() == "RUNNING":
            self.service_stop("realmjoin")
        deadline = time.monotonic() + 20
        while self.processes("realmjoinservice.exe"):
            assert time.monotonic() < deadline, "the service has stopped, but its process goes on"
            time.sleep(0.05)

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
        return {str(p.relative_to(self.drive_c)) for p in self.drive_c.rglob("*")}

    def expect_nothing_left(self):
        """Ends this Windows; it has no file more than before, and its registry does not know us."""
        self.stop()
        left = {f for f in self.files() - self.before if not f.startswith("msi") and f != "windows/Installer"}
        for name in ("system.reg", "user.reg", "userdef.reg"):
            text = (self.folder / name).read_text(encoding="utf-8", errors="replace")
            left |= {line for line in text.splitlines() if "realmjoin" in line.lower()}
        assert not left, sorted(left)


@tap.test(timeout=120)
def a_silent_install_brings_files_service_link_scheme_autostart_and_shortcut(folder):
    with Windows() as windows:
        windows.install(windows.now)

        stage = folder / "stage"
        stage.mkdir()
        build_msi_script.msi_files.stage(made()["build"], stage, lambda path: None)
        for name in build_msi_script.msi_files.files_of(stage):
            assert (windows.programs / name).read_bytes() == (stage / name).read_bytes(), name

        assert windows.service() == "RUNNING"
        service = windows.registry(SERVICE)[""]
        assert service["ImagePath"] == f'"{PROGRAMS}\\realmjoinservice.exe" --service'
        assert (service["DisplayName"], service["Start"], service["ObjectName"]) == ("RealmJoin", 2, "LocalSystem")

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
def the_search_path_leads_to_the_command_line_until_the_uninstall():
    with Windows() as windows:

        def folders():
            # Wine leaves an empty part where one is taken out.
            return [part for part in windows.registry_get(ENVIRONMENT, "PATH").split(";") if part]

        before = folders()
        windows.install(windows.now)
        windows.upgrade(windows.newer)
        assert folders() == before + [PROGRAMS + "\\"], folders()
        windows.uninstall(windows.newer)
        assert folders() == before, folders()


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
def an_upgrade_keeps_the_state_and_leaves_one_product():
    with Windows() as windows:
        windows.install(windows.now)
        windows.registry_set(STATE, "Mine", "kept")
        windows.state().write_text("kept", encoding="utf-8")
        windows.upgrade(windows.newer)
        assert windows.state().read_text(encoding="utf-8") == "kept"
        assert windows.registry_get(STATE, "Mine") == "kept"
        assert windows.service() == "RUNNING"
        (product,) = windows.products().values()
        assert product["DisplayVersion"] == NEWER
        windows.uninstall(windows.newer)
        windows.expect_nothing_left()


@tap.test(timeout=120)
def the_same_msi_again_changes_nothing():
    with Windows() as windows:
        windows.install(windows.now, "NOGRAPH=1")
        first, products = windows.files(), windows.products()
        windows.state().write_text("kept", encoding="utf-8")
        windows.msiexec("/i", windows.now, "/qn", code=0)
        assert windows.products() == products and windows.service() == "RUNNING"
        assert first - windows.files() == set()
        assert windows.no_graph() == 1
        assert windows.state().read_text(encoding="utf-8") == "kept"


@tap.test(timeout=120)
def a_repair_brings_back_a_lost_file():
    with Windows() as windows:
        windows.install(windows.now, "NOGRAPH=1")
        lost = windows.programs / "realmjoin-worker.exe"
        lost.unlink()
        windows.install(windows.now, "REINSTALL=ALL", "REINSTALLMODE=amus")
        assert lost.exists() and windows.service() == "RUNNING" and windows.no_graph() == 1


@tap.test(timeout=120)
def another_build_of_the_same_version_replaces_the_first():
    with Windows() as windows:
        windows.install(windows.now, "NOGRAPH=1")
        products = windows.products()
        windows.state().write_text("kept", encoding="utf-8")
        windows.upgrade(windows.again)
        assert len(windows.products()) == 1 and windows.products() != products
        manifest = windows.programs / made()["rebuilt"]
        assert json.loads(manifest.read_text(encoding="utf-8"))["name"] == "Built again"
        assert windows.service() == "RUNNING" and windows.no_graph() == 1
        assert windows.state().read_text(encoding="utf-8") == "kept"


@tap.test(timeout=120)
def a_downgrade_is_refused_and_nothing_changes():
    with Windows() as windows:
        windows.install(windows.newer, "NOGRAPH=1")
        files, products = windows.files(), windows.products()
        windows.install(windows.now, code=REFUSED)
        windows.install(windows.now, "NOGRAPH=0", code=REFUSED)
        assert windows.files() == files and windows.products() == products
        assert windows.service() == "RUNNING" and windows.no_graph() == 1


@tap.test(timeout=120)
def nograph_is_absent_without_the_property_and_a_number_with_it():
    with Windows() as windows:
        windows.install(windows.now)
        assert windows.no_graph() is None
        windows.uninstall(windows.now)
        windows.install(windows.now, "NOGRAPH=1")
        assert windows.no_graph() == 1
        windows.uninstall(windows.now)
        windows.install(windows.now, "NOGRAPH=0")
        assert windows.no_graph() is None


@tap.test(timeout=120)
def nograph_outlives_upgrades_and_is_taken_back_by_0():
    with Windows() as windows:
        windows.install(windows.now, "NOGRAPH=1")
        windows.upgrade(windows.again)
        assert windows.no_graph() == 1
        windows.upgrade(windows.newer)
        assert windows.no_graph() == 1
        windows.uninstall(windows.newer)
        windows.install(windows.now, "NOGRAPH=1")
        windows.upgrade(windows.newer, "NOGRAPH=0")
        assert windows.no_graph() is None


@tap.test(timeout=120)
def nograph_set_by_an_administrator_before_the_install_is_kept():
    with Windows() as windows:
        windows.registry_set(PARAMETERS, "NoGraph", 1)
        windows.install(windows.now)
        assert windows.no_graph() == 1
        windows.upgrade(windows.newer)
        assert windows.no_graph() == 1


@tap.test(timeout=120)
def nograph_set_by_an_administrator_is_taken_back_by_0():
    with Windows() as windows:
        windows.registry_set(PARAMETERS, "NoGraph", 1)
        windows.install(windows.now, "NOGRAPH=0")
        assert windows.no_graph() is None and windows.service() == "RUNNING"


@tap.test(timeout=120)
def nograph_of_the_wrong_type_stays_untouched():
    for value in ("1", "#1", 2):
        with Windows() as windows:
            windows.registry_set(PARAMETERS, "NoGraph", value)
            windows.install(windows.now)
            assert windows.no_graph() == value
            windows.install(windows.now, "REINSTALL=ALL", "REINSTALLMODE=amus")
            assert windows.no_graph() == value


@tap.test(timeout=120)
def a_value_that_nograph_or_keepdata_does_not_have_is_refused_and_nothing_changes():
    with Windows() as windows:
        for value in ("yes", "2", "true"):
            windows.install(windows.now, f"NOGRAPH={value}", code=REFUSED)
        assert windows.service() is None and not windows.programs.exists()
        windows.install(windows.now)
        windows.state().write_text("kept", encoding="utf-8")
        windows.uninstall(windows.now, "KEEPDATA=yes", code=REFUSED)
        assert windows.service() == "RUNNING"
        assert windows.state().read_text(encoding="utf-8") == "kept"


@tap.test(timeout=120)
def an_unknown_property_is_harmless():
    with Windows() as windows:
        windows.install(windows.now, "NOSUCHTHING=1", "TENANT=a b;c", "REALMJOIN=")
        assert windows.service() == "RUNNING" and windows.no_graph() is None


@tap.test(timeout=120)
def two_installs_at_once_leave_one_whole_product():
    """Windows refuses the second with 1618; Wine lets both run, so that here both may succeed."""
    with Windows() as windows:
        running = [windows.start(["msiexec", "/i", windows.now, "/qn"]) for _ in range(2)]
        codes = [program.wait(90).code for program in running]
        assert 0 in codes and set(codes) <= {0, BUSY, STOPPED_MEANWHILE}, codes
        if STOPPED_MEANWHILE in codes:
            windows.settle()
            windows.service_start("realmjoin")
        assert len(windows.products()) == 1 and windows.service() == "RUNNING"
        for program in build_msi_script.msi_files.PROGRAMS:
            assert (windows.programs / program).is_file(), program
        windows.uninstall(windows.now)
        assert windows.service() is None and not windows.programs.exists()


@tap.test(timeout=120)
def blanks_and_umlauts_in_the_path_of_the_msi_do_not_matter():
    with Windows() as windows:
        name = "Verteilung für Müller & Söhne/Realm Join – größer.msi"
        windows.install(windows.put(made()["now"], name), "NOGRAPH=1")
        assert windows.service() == "RUNNING" and windows.no_graph() == 1
        windows.uninstall(windows.put(made()["now"], name))
        windows.expect_nothing_left()


@tap.test(timeout=120)
def an_install_where_one_of_the_files_lies_already_ends_with_the_new_file():
    with Windows() as windows:
        stale = windows.programs / "LICENSE"
        stale.parent.mkdir(parents=True)
        shutil.copyfile(made()["build"] / "realmjoin.exe", stale.with_name("realmjoin.exe"))
        windows.install(windows.now)
        assert windows.service() == "RUNNING"
        assert stale.read_bytes() == (msi_payload.SOURCE / "LICENSE").read_bytes()


@tap.test(timeout=120)
def the_codes_are_those_of_windows_installer(folder):
    with Windows() as windows:
        product = msi_tables.read(made()["now"])["Property"].find(Property="ProductCode")[0]["Value"]
        windows.uninstall(product, code=1605)  # no such product is installed
        garbage = folder / "garbage.msi"
        garbage.write_bytes(b"no MSI" * 100)
        assert windows.run(["msiexec", "/i", windows.put(garbage), "/qn"]).code != 0
        assert windows.run(["msiexec", "/i", r"C:\msi\absent.msi", "/qn"]).code != 0
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
    made()
    cert, key = certificate(folder, "signer")
    other, _ = certificate(folder, "stranger")
    signed = msi_payload.build_msi(made()["build"], folder / "signed.msi", "--sign", cert, key)
    assert verified(signed, cert)
    assert not verified(signed, other)
    assert not verified(made()["now"], cert)

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
    made()
    out = folder / "RealmJoin.msi"
    command = [msi_payload.PACKAGING / "build-msi", "--build", made()["build"], "--out", out,
               "--sign", folder / "absent.pem", folder / "absent.key"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "build-msi: osslsigncode" in done.stderr and not out.exists(), done


if __name__ == "__main__":
    tap.main()
