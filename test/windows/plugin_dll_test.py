#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plugin DLLs of bad quality before a running service: each is refused with its reason, and the others work; TAP.

Certificates are made here, DLLs are signed by osslsigncode. Wine judges digests and tells the signer; whether
the system trusts the signer's chain is for a real Windows (docs/windows-verification.md).
"""

import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402
import wine  # noqa: E402

OK, REFUSED = 0, 4
PROGRAMS = ("core/service/realmjoinservice.exe", "core/session/realmjoin.exe", "core/worker/realmjoin-worker.exe")
MODULES = "test/plugins"
# Its code calls itself "other" and answers the check "case".
GOOD = ("other", "case-other-id", ["case"])


# ---- signing -------------------------------------------------------------------------------------


def quiet(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


class Signer:
    def __init__(self, folder, name):
        self.certificate, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        quiet("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={name}",
              "-addext", "extendedKeyUsage=codeSigning", "-keyout", self.key, "-out", self.certificate)
        shown = quiet("openssl", "x509", "-in", self.certificate, "-noout", "-fingerprint", "-sha256")
        self.sha256 = shown.strip().split("=")[1].replace(":", "").lower()

    def sign(self, path):
        signed = path.with_name(path.name + ".signed")
        quiet("osslsigncode", "sign", "-certs", self.certificate, "-key", self.key, "-h", "sha256", "-in", path,
              "-out", signed)
        signed.replace(path)


# ---- a machine with plugins ----------------------------------------------------------------------


class Machine(wine.Prefix):
    def __enter__(self):
        super().__enter__()
        self.programs = self.program_files / "RealmJoin"
        for name in PROGRAMS:
            self.place(wine.build_root() / name, self.programs / pathlib.Path(name).name)
        self.service_create("realmjoin", r'"C:\Program Files\RealmJoin\realmjoinservice.exe" --service')
        self.plugins = self.program_data / "RealmJoin/plugins"
        return self

    def add(self, plugin, module="case-good", checks=None, change=None, sha256=None, after=None):
        """A third-party plugin; CHANGE makes its DLL bad before it is hashed, AFTER afterwards."""
        folder = self.plugins / plugin
        path = self.place(wine.build_root() / MODULES / f"{module}.dll", folder / f"{module}.dll")
        if change:
            change(path)
        manifest = {
            "id": plugin, "name": plugin, "version": "1.0.0", "abi": 1, "provides": ["rj.check/1"],
            "capabilities": [], "checks": checks or [plugin], "binary": path.name,
            "sha256": sha256 or hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        (folder / "plugin.json").write_text(json.dumps(manifest), encoding="utf-8")
        if after:
            after(path)

    def policy(self, plugins):
        folder = self.program_data / "RealmJoin/policy"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "device.json").write_text(json.dumps({"Plugins": plugins}), encoding="utf-8")

    def realmjoin(self, *words):
        return self.run([self.programs / "realmjoin.exe", *words], timeout=60)

    def begin(self):
        self.service_start("realmjoin")
        return self.list()

    def list(self):
        deadline = time.monotonic() + 30
        while (shown := self.realmjoin("--json", "plugin", "list")).code != OK:
            assert time.monotonic() < deadline, shown
            time.sleep(0.3)
        return {plugin["id"]: plugin for plugin in json.loads(shown.out)["plugins"]}

    def log(self):
        return next(self.windows.glob("[Ll]ogs/realmjoin.log")).read_text(encoding="utf-8")

    def check(self, name):
        """The one check's state and what is said of it."""
        shown = self.realmjoin("--json", "check", name)
        checks = json.loads(shown.out)["checks"] if shown.code == OK else []
        return shown, checks[0] if checks else {}


def machine(name):
    if reason := wine.reason_missing():
        tap.skip(reason)
    missing = [tool for tool in ("openssl", "osslsigncode") if not shutil.which(tool)]
    if missing:
        tap.skip(f"{', '.join(missing)} not installed")
    return Machine(name)


def patch(path, offset, replacement):
    data = bytearray(path.read_bytes())
    offset = offset(data) if callable(offset) else offset
    data[offset : offset + len(replacement)] = replacement
    path.write_bytes(data)


def header(data):
    return int.from_bytes(data[0x3C:0x40], "little")


def assert_refused(plugins, plugin, *words):
    found = plugins[plugin]
    assert found["state"] == "refused", found
    for word in words:
        assert word in found["reason"], (word, found)


# ---- tests ---------------------------------------------------------------------------------------


@tap.test(timeout=240)
def where_signatures_are_required_only_those_of_known_signers_are_loaded(folder):
    with machine("signatures") as it:
        own, listed, stranger = (Signer(folder, name) for name in ("Own", "Listed", "Stranger"))
        own.sign(it.programs / "realmjoinservice.exe")

        def tamper(path):
            own.sign(path)
            # The first bytes of the code: nothing of the headers changes.
            patch(path, lambda data: data.index(b".text") and 0x400, b"\x90\x90\xc3")

        def lengthen(path):
            own.sign(path)
            with open(path, "ab") as file:
                file.write(b"more than was signed")

        it.add(*GOOD, own.sign)
        it.add("listed", change=listed.sign)
        it.add("stranger", change=stranger.sign)
        it.add("unsigned")
        it.add("tampered", change=tamper)
        it.add("lengthened", change=lengthen)
        it.add("wrong-hash", change=own.sign, sha256="0" * 64)
        it.add("no-library", change=lambda path: path.write_bytes(b"this is no library"))
        it.policy({"RequireSignature": True, "TrustedSigners": [listed.sha256.upper()]})
        plugins = it.begin()

        rule = "the policy requires signatures of plugins"
        assert plugins["other"]["state"] == "ready", plugins["other"]
        assert plugins["listed"]["state"] == "ready", plugins["listed"]
        assert_refused(plugins, "stranger", rule, "is signed by somebody else", stranger.sha256)
        assert_refused(plugins, "unsigned", rule, "is not signed")
        assert_refused(plugins, "tampered", rule, "was changed since it was signed")
        assert_refused(plugins, "lengthened", rule, "is not signed")  # Wine: behind the certificate is no signature
        assert_refused(plugins, "wrong-hash", "has SHA-256", "expected is 000000", "install it again")
        assert_refused(plugins, "no-library", rule, "is not accepted by the system (0x800b0003)")
        shown, check = it.check("case")
        assert check.get("state") == "ok", (shown, check)
        it.service_stop("realmjoin")


@tap.test(timeout=240)
def a_service_that_is_not_signed_itself_loads_only_what_is_listed(folder):
    with machine("listed") as it:
        own, listed = (Signer(folder, name) for name in ("Own", "Listed"))
        it.add("own", change=own.sign)
        it.add("listed", change=listed.sign)
        it.policy({"RequireSignature": "true", "TrustedSigners": [listed.sha256]})
        plugins = it.begin()
        assert plugins["listed"]["state"] == "ready", plugins["listed"]
        assert_refused(plugins, "own", "is signed by somebody else", own.sha256)
        it.service_stop("realmjoin")


@tap.test(timeout=240)
def while_the_policy_cannot_be_read_plugins_of_others_wait_and_then_meet_its_rules():
    with machine("unreadable") as it:
        it.add(*GOOD)
        it.add("closed")
        it.policy({})
        (it.program_data / "RealmJoin/policy/device.json").write_text('{"Plugins": {"RequireSig', encoding="utf-8")
        plugins = it.begin()
        assert_refused(plugins, "other", "the policy cannot be read", "mend the policy")
        assert_refused(plugins, "closed", "the policy cannot be read")
        assert it.check("case")[1].get("state") != "ok", it.check("case")
        assert "plugin other is not loaded: the policy cannot be read" in it.log(), it.log()

        it.policy({"closed": {"Enabled": False}})
        assert it.realmjoin("sync").code == OK
        plugins = it.list()
        assert plugins["other"]["state"] == "ready", plugins["other"]
        assert plugins["closed"]["state"] == "disabled", plugins["closed"]
        shown, check = it.check("case")
        assert check.get("state") == "ok", (shown, check)

        it.service_stop("realmjoin")
        it.policy({"RequireSignature": True})
        plugins = it.begin()
        assert_refused(plugins, "other", "the policy requires signatures of plugins")
        it.service_stop("realmjoin")


@tap.test(timeout=240)
def dlls_that_are_none_or_not_ours_are_told_and_the_others_work():
    with machine("dlls") as it:
        it.policy({})
        it.begin()  # which sets aside what others may change in a folder that it takes over
        it.service_stop("realmjoin")
        it.add(*GOOD)
        # A header of 32 bits: there is no compiler for such here.
        it.add("machine", change=lambda path: patch(path, lambda data: header(data) + 4, b"\x4c\x01"))
        it.add("no-library", change=lambda path: path.write_bytes(b"this is no library"))
        it.add("cut", change=lambda path: path.write_bytes(path.read_bytes()[:3000]))
        it.add("no-entry", "case-no-symbol")
        it.add("case", "case-create-crashes", ["crash"])
        it.add("wrong-hash", sha256="0" * 64)
        it.add("writable", after=lambda path: path.parent.chmod(0o757))
        it.add("file-writable", after=lambda path: path.chmod(0o666))
        it.add("requiresignature")
        plugins = it.begin()

        assert_refused(plugins, "wrong-hash", "has SHA-256", "expected is 000000", "install it again")
        assert_refused(plugins, "writable", "C:/ProgramData/RealmJoin/plugins/writable may be written by Everyone")
        assert_refused(plugins, "file-writable", "case-good.dll may be written by Everyone")
        assert_refused(plugins, "requiresignature", "is a setting of the policy")
        expected = {
            "machine": "it is no library for x64",
            "no-library": "it is no library for x64",
            "cut": "cannot be loaded",
            "no-entry": "it does not export rj_plugin_entry_v1",
            "crash": "while it was being started",
        }
        for name, words in expected.items():
            shown, check = it.check(name)
            text = json.dumps(check) if check else shown.err
            assert words in text, (name, shown)
            assert check.get("state") != "ok", (name, shown)
        shown, check = it.check("case")
        assert check.get("state") == "ok", (shown, check)
        assert it.service_state("realmjoin") == "RUNNING"
        it.service_stop("realmjoin")


if __name__ == "__main__":
    tap.main()
