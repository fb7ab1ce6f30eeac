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

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import tap  # pylint: disable=wrong-import-position
import msi_payload  # pylint: disable=wrong-import-position
import msi_prefix  # pylint: disable=wrong-import-position

sys.path.insert(0, str(msi_payload.PACKAGING))
import msi_tables  # pylint: disable=wrong-import-position

build_msi_script = msi_payload.load_script("build-msi")

PROGRAMS = r"C:\Program Files\RealmJoin"
SERVICE = r"HKLM\SYSTEM\CurrentControlSet\Services\realmjoin"
PARAMETERS = SERVICE + r"\Parameters"
CLASS = r"HKLM\Software\Classes\realmjoin"
RUN = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Run"
UNINSTALL = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall"
STATE = r"HKLM\SOFTWARE\RealmJoin"
REFUSED = 1603
BUSY = 1618

NEWER = "9.0.0"
_made = {}


def made():
    """The MSIs of all tests here: this version, another build of it, and a newer one."""
    if missing := msi_payload.missing_tools() + msi_prefix.missing():
        tap.skip(f"{', '.join(missing)}: not installed")
    if not _made:
        _made["holder"] = tempfile.TemporaryDirectory(prefix="rj-test-")
        folder = pathlib.Path(_made["holder"].name)
        build = msi_payload.make(folder / "build")
        _made["build"] = build
        _made["now"] = msi_payload.build_msi(build, folder / "RealmJoin.msi")
        _made["newer"] = msi_payload.build_msi(build, folder / "newer.msi", "--version", NEWER)
        manifest = sorted(build.glob("plugins/*/plugin.json"))[0]
        text = manifest.read_text(encoding="utf-8")
        manifest.write_text(json.dumps({**json.loads(text), "name": "Built again"}), encoding="utf-8")
        _made["again"] = msi_payload.build_msi(build, folder / "again.msi")
        manifest.write_text(text, encoding="utf-8")
        _made["rebuilt"] = str(manifest.relative_to(build)).replace("/", "\\")
    return _made


class Windows(msi_prefix.Prefix):
    """A Windows with the MSIs lying on its drive."""

    def __init__(self, folder):
        made()
        super().__init__(folder)
        self.before = self.files()
        self.now = self.put(made()["now"], "msi/RealmJoin.msi")
        self.newer = self.put(made()["newer"], "msi/newer.msi")
        self.again = self.put(made()["again"], "msi/again.msi")

    def install(self, msi, *words, code=0):
        got = self.run("msiexec", "/i", msi, "/qn", "/norestart", *words)
        assert got == code, f"msiexec /i {msi} {' '.join(words)}: {got} instead of {code}"

    def upgrade(self, msi, *words):
        """As Windows does it: it tells the old product which one replaces it, which Wine leaves out."""
        for cached in self.path(r"C:\windows\Installer").glob("*.msi"):
            table = msi_tables.read(cached)["Property"]
            table.append({"Property": "UPGRADINGPRODUCTCODE", "Value": "{11111111-1111-1111-1111-111111111111}"})
            msi_tables.write(cached, [table])
        self.install(msi, *words)

    def uninstall(self, msi, *words, code=0):
        got = self.run("msiexec", "/x", msi, "/qn", "/norestart", *words)
        assert got == code, f"msiexec /x {msi}: {got} instead of {code}"

    def products(self):
        return re.findall(r"Uninstall\\(\{[^}]+\})", self.output("reg", "query", UNINSTALL))

    def state(self):
        """A file of ours among the agent's state; its content proves that nobody made it anew."""
        file = self.path(r"C:\ProgramData\RealmJoin") / "kept.txt"
        file.parent.mkdir(exist_ok=True)
        return file

    def left_over(self):
        """Ends the Windows; what it has more than before, as files and lines of the registry."""
        self.stop()
        files = {f for f in self.files() - self.before if not f.startswith("msi") and f != "windows/Installer"}
        return sorted(files) + self.registry_lines("realmjoin")

    def expect_nothing_left(self):
        left = self.left_over()
        assert left == [], left


def no_graph(windows):
    return windows.value(PARAMETERS, "NoGraph")


ONE = ("REG_DWORD", "0x1")


@tap.test(timeout=120)
def a_silent_install_brings_files_service_link_scheme_autostart_and_shortcut(folder):
    with Windows(folder) as windows:
        windows.install(windows.now)

        stage = folder / "stage"
        stage.mkdir()
        build_msi_script.msi_files.stage(made()["build"], stage, lambda path: None)
        for name in build_msi_script.msi_files.files_of(stage):
            installed = windows.path(PROGRAMS + "\\" + name.replace("/", "\\"))
            assert installed.read_bytes() == (stage / name).read_bytes(), name

        assert windows.service() == "RUNNING"
        assert windows.value(SERVICE, "ImagePath")[1] == f'"{PROGRAMS}\\realmjoinservice.exe" --service'
        assert windows.value(SERVICE, "DisplayName")[1] == "RealmJoin"
        assert windows.value(SERVICE, "Start")[1] == "0x2"
        assert windows.value(SERVICE, "ObjectName")[1] == "LocalSystem"

        assert windows.value(CLASS)[1] == "URL:RealmJoin"
        assert windows.value(CLASS, "URL Protocol") == ("REG_SZ", "")
        assert windows.value(CLASS + r"\DefaultIcon")[1] == f'"{PROGRAMS}\\realmjoin.exe",0'
        assert windows.value(CLASS + r"\shell\open\command")[1] == f'"{PROGRAMS}\\realmjoin.exe" "%1"'
        assert windows.value(RUN, "RealmJoin")[1] == f'"{PROGRAMS}\\realmjoin.exe" tray'
        assert no_graph(windows) is None

        (product,) = windows.products()
        assert windows.value(f"{UNINSTALL}\\{product}", "DisplayName")[1] == "RealmJoin"
        assert windows.value(f"{UNINSTALL}\\{product}", "Publisher")[1] == "RealmJoin"
        assert windows.value(f"{UNINSTALL}\\{product}", "DisplayVersion")[1] == build_msi_script.project_version()
        links = [f for f in windows.files() - windows.before if f.endswith("RealmJoin.lnk")]
        assert len(links) == 1 and "Start Menu/Programs" in links[0], links


@tap.test(timeout=120)
def an_uninstall_leaves_no_file_no_key_and_no_service(folder):
    with Windows(folder) as windows:
        windows.install(windows.now, "NOGRAPH=1")
        windows.uninstall(windows.now)
        assert windows.service() is None
        windows.expect_nothing_left()


@tap.test(timeout=120)
def the_state_outlives_an_uninstall_only_with_keepdata(folder):
    with Windows(folder) as windows:
        windows.install(windows.now)
        assert windows.value(STATE, "Started") or msi_payload.is_real()
        windows.run("reg", "add", STATE, "/v", "Mine", "/d", "kept")
        windows.state().write_text("kept", encoding="utf-8")
        windows.uninstall(windows.now, "KEEPDATA=1")
        assert windows.service() is None and not windows.path(PROGRAMS).exists()
        assert windows.state().read_text(encoding="utf-8") == "kept"
        assert windows.value(STATE, "Mine") == ("REG_SZ", "kept")

        windows.install(windows.now)
        assert windows.state().read_text(encoding="utf-8") == "kept"
        windows.uninstall(windows.now, "KEEPDATA=0")
        windows.expect_nothing_left()


@tap.test(timeout=120)
def an_upgrade_keeps_the_state_and_leaves_one_product(folder):
    with Windows(folder) as windows:
        windows.install(windows.now)
        windows.run("reg", "add", STATE, "/v", "Mine", "/d", "kept")
        windows.state().write_text("kept", encoding="utf-8")
        windows.upgrade(windows.newer)
        assert windows.state().read_text(encoding="utf-8") == "kept"
        assert windows.value(STATE, "Mine") == ("REG_SZ", "kept")
        assert windows.service() == "RUNNING"
        (product,) = windows.products()
        assert windows.value(f"{UNINSTALL}\\{product}", "DisplayVersion")[1] == NEWER
        windows.uninstall(windows.newer)
        windows.expect_nothing_left()


@tap.test(timeout=120)
def the_same_msi_again_changes_nothing(folder):
    with Windows(folder) as windows:
        windows.install(windows.now, "NOGRAPH=1")
        first, products = windows.files(), windows.products()
        windows.state().write_text("kept", encoding="utf-8")
        windows.install(windows.now)
        assert windows.products() == products and windows.service() == "RUNNING"
        assert first - windows.files() == set()
        assert no_graph(windows) == ONE
        assert windows.state().read_text(encoding="utf-8") == "kept"


@tap.test(timeout=120)
def a_repair_brings_back_a_lost_file(folder):
    with Windows(folder) as windows:
        windows.install(windows.now, "NOGRAPH=1")
        lost = windows.path(PROGRAMS + r"\realmjoin-worker.exe")
        lost.unlink()
        windows.install(windows.now, "REINSTALL=ALL", "REINSTALLMODE=amus")
        assert lost.exists() and windows.service() == "RUNNING" and no_graph(windows) == ONE


@tap.test(timeout=120)
def another_build_of_the_same_version_replaces_the_first(folder):
    with Windows(folder) as windows:
        windows.install(windows.now, "NOGRAPH=1")
        products = windows.products()
        windows.state().write_text("kept", encoding="utf-8")
        windows.upgrade(windows.again)
        assert len(windows.products()) == 1 and windows.products() != products
        manifest = windows.path(PROGRAMS + "\\" + made()["rebuilt"])
        assert json.loads(manifest.read_text(encoding="utf-8"))["name"] == "Built again"
        assert windows.service() == "RUNNING" and no_graph(windows) == ONE
        assert windows.state().read_text(encoding="utf-8") == "kept"


@tap.test(timeout=120)
def a_downgrade_is_refused_and_nothing_changes(folder):
    with Windows(folder) as windows:
        windows.install(windows.newer, "NOGRAPH=1")
        files, products = windows.files(), windows.products()
        windows.install(windows.now, code=REFUSED)
        windows.install(windows.now, "NOGRAPH=0", code=REFUSED)
        assert windows.files() == files and windows.products() == products
        assert windows.service() == "RUNNING" and no_graph(windows) == ONE


@tap.test(timeout=120)
def nograph_is_absent_without_the_property_and_a_number_with_it(folder):
    with Windows(folder) as windows:
        windows.install(windows.now)
        assert no_graph(windows) is None
        windows.uninstall(windows.now)
        windows.install(windows.now, "NOGRAPH=1")
        assert no_graph(windows) == ONE
        windows.uninstall(windows.now)
        windows.install(windows.now, "NOGRAPH=0")
        assert no_graph(windows) is None


@tap.test(timeout=120)
def nograph_outlives_upgrades_and_is_taken_back_by_0(folder):
    with Windows(folder) as windows:
        windows.install(windows.now, "NOGRAPH=1")
        windows.upgrade(windows.again)
        assert no_graph(windows) == ONE
        windows.upgrade(windows.newer)
        assert no_graph(windows) == ONE
        windows.uninstall(windows.newer)
        windows.install(windows.now, "NOGRAPH=1")
        windows.upgrade(windows.newer, "NOGRAPH=0")
        assert no_graph(windows) is None


@tap.test(timeout=120)
def nograph_set_by_an_administrator_before_the_install_is_kept(folder):
    with Windows(folder) as windows:
        windows.run("reg", "add", PARAMETERS, "/v", "NoGraph", "/t", "REG_DWORD", "/d", "1")
        windows.install(windows.now)
        assert no_graph(windows) == ONE
        windows.upgrade(windows.newer)
        assert no_graph(windows) == ONE


@tap.test(timeout=120)
def nograph_set_by_an_administrator_is_taken_back_by_0(folder):
    with Windows(folder) as windows:
        windows.run("reg", "add", PARAMETERS, "/v", "NoGraph", "/t", "REG_DWORD", "/d", "1")
        windows.install(windows.now, "NOGRAPH=0")
        assert no_graph(windows) is None and windows.service() == "RUNNING"


@tap.test(timeout=120)
def nograph_of_the_wrong_type_stays_untouched(folder):
    for number, (kind, value) in enumerate((("REG_SZ", "1"), ("REG_SZ", "#1"), ("REG_DWORD", "0x2"))):
        with Windows(folder / str(number)) as windows:
            windows.run("reg", "add", PARAMETERS, "/v", "NoGraph", "/t", kind, "/d", value)
            windows.install(windows.now)
            assert no_graph(windows) == (kind, value)
            windows.install(windows.now, "REINSTALL=ALL", "REINSTALLMODE=amus")
            assert no_graph(windows) == (kind, value)


@tap.test(timeout=120)
def a_value_that_nograph_or_keepdata_does_not_have_is_refused_and_nothing_changes(folder):
    with Windows(folder) as windows:
        for value in ("yes", "2", "true"):
            windows.install(windows.now, f"NOGRAPH={value}", code=REFUSED)
        assert windows.service() is None and not windows.path(PROGRAMS).exists()
        windows.install(windows.now)
        windows.state().write_text("kept", encoding="utf-8")
        windows.uninstall(windows.now, "KEEPDATA=yes", code=REFUSED)
        assert windows.service() == "RUNNING"
        assert windows.state().read_text(encoding="utf-8") == "kept"


@tap.test(timeout=120)
def an_unknown_property_is_harmless(folder):
    with Windows(folder) as windows:
        windows.install(windows.now, "NOSUCHTHING=1", "TENANT=a b;c", "REALMJOIN=")
        assert windows.service() == "RUNNING" and no_graph(windows) is None


@tap.test(timeout=120)
def two_installs_at_once_leave_one_whole_product(folder):
    """Windows refuses the second with 1618; Wine lets both run, so that here both may succeed."""
    with Windows(folder) as windows:
        running = [windows.start("msiexec", "/i", windows.now, "/qn") for _ in range(2)]
        codes = [windows.wait(process)[0] for process in running]
        assert 0 in codes and set(codes) <= {0, BUSY}, codes
        assert len(windows.products()) == 1 and windows.service() == "RUNNING"
        for program in build_msi_script.msi_files.PROGRAMS:
            assert windows.path(PROGRAMS + "\\" + program).is_file(), program
        windows.uninstall(windows.now)
        assert windows.service() is None and not windows.path(PROGRAMS).exists()


@tap.test(timeout=120)
def blanks_and_umlauts_in_the_path_of_the_msi_do_not_matter(folder):
    with Windows(folder) as windows:
        name = "msi/Verteilung für Müller & Söhne/Realm Join – größer.msi"
        windows.install(windows.put(made()["now"], name), "NOGRAPH=1")
        assert windows.service() == "RUNNING" and no_graph(windows) == ONE
        windows.uninstall(windows.put(made()["now"], name))
        windows.expect_nothing_left()


@tap.test(timeout=120)
def an_install_where_one_of_the_files_lies_already_ends_with_the_new_file(folder):
    with Windows(folder) as windows:
        stale = windows.path(PROGRAMS) / "LICENSE"
        stale.parent.mkdir(parents=True)
        shutil.copyfile(made()["build"] / "realmjoin.exe", stale.with_name("realmjoin.exe"))
        windows.install(windows.now)
        assert windows.service() == "RUNNING"
        assert stale.read_bytes() == (msi_payload.SOURCE / "LICENSE").read_bytes()


@tap.test(timeout=120)
def the_codes_are_those_of_windows_installer(folder):
    with Windows(folder) as windows:
        product = msi_tables.read(made()["now"])["Property"].find(Property="ProductCode")[0]["Value"]
        windows.uninstall(product, code=1605)  # no such product is installed
        garbage = folder / "garbage.msi"
        garbage.write_bytes(b"no MSI" * 100)
        assert windows.run("msiexec", "/i", windows.put(garbage, "msi/garbage.msi"), "/qn") != 0
        assert windows.run("msiexec", "/i", r"C:\msi\absent.msi", "/qn") != 0
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

    with Windows(folder) as windows:
        windows.install(windows.put(signed, "msi/signed.msi"))
        assert windows.service() == "RUNNING"
        programs = [f for f in windows.path(PROGRAMS).rglob("*") if f.suffix in (".exe", ".com", ".dll")]
        assert len(programs) > len(build_msi_script.msi_files.PROGRAMS)
        for program in programs:
            assert verified(program, cert), program
        # The hash by which the loader knows a plugin is that of the signed file.
        for manifest in windows.path(PROGRAMS + r"\plugins").rglob("plugin.json"):
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
