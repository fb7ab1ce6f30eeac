# SPDX-License-Identifier: MIT
"""The MSIs of the tests, each made once for a build and kept in its folder.

    msi_made.made("shipped")        # as packaging/windows/build-msi makes it
    msi_made.made("newer")          # see VARIANTS

They are made anew when a file that goes into them has changed, or a script that makes them. Without a finished cross
build they are made of stand-ins (msi_payload.py), for this process alone.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import sys
import tempfile

import msi_payload
import tap
import wine

sys.path.insert(0, str(msi_payload.PACKAGING))
import msi_tables  # noqa: E402

NEWER = "9.0.0"
EPOCH = 1700000000
# Wine's installer asks the service to stop and goes on at once; StartServices then ends with 1627 now and then, and
# files that are in use wait for a restart. Windows' waits for the service's end, and so do the tests' MSIs: by an
# action that is not in the one people get. It comes right behind StopServices, and is deferred as that one is.
AWAIT_STOP = ("AwaitStop", 34 | 64 | 1024, r"C:\settled.exe", 1901)
HOLD = ("Hold", 34 | 64, r"C:\wait.exe C:\go-hold.txt", 1300)  # until the test makes that file
FAIL = ("Fail", 19, "The test wants it to fail.", 1395)  # the session programs have ended, nothing else has been done
# When everything has been done but the commit, of an installer that is told so.
FAIL_LATE = ("FailLate", 34 | 1024, r"C:\wait.exe", 6570, "FAILLATE")
# Name: what it is made of, and what is done besides.
VARIANTS = {
    "now": ("shipped", [AWAIT_STOP, FAIL_LATE]),
    "newer": ("shipped newer", [AWAIT_STOP]),
    "again": ("shipped again", [AWAIT_STOP]),
    "held": ("shipped", [AWAIT_STOP, HOLD]),
    "failing": ("shipped newer", [AWAIT_STOP, FAIL]),
}
_kept = {}


def build():
    """The folder of what goes into the MSIs."""
    if reason := msi_payload.reason_missing():
        tap.skip(reason)
    if "build" not in _kept:
        _kept["build"] = _provide_real() if msi_payload.is_real() else _provide_standins()
    return _kept["build"]


def rebuilt_file():
    """The path of the one file that differs in another build of this version."""
    return sorted(build().glob("plugins/*/plugin.json"))[0].relative_to(build())


def made(which):
    out = build().with_name(which.replace(" ", "-") + ".msi")
    with _alone(out.with_suffix(".lock")):
        if not out.exists():
            unfinished = out.with_suffix(".part.msi")
            _make(which, unfinished)
            os.replace(unfinished, out)
    return out


def _make(which, out):
    if which in VARIANTS:
        source, actions = VARIANTS[which]
        shutil.copyfile(made(source), out)
        for name, kind, target, number, *condition in actions:
            msi_tables.run("msibuild", out, "-q", "INSERT INTO `CustomAction` (`Action`, `Type`, `Source`, `Target`) "
                           f"VALUES ('{name}', {kind}, 'ProgramFiles64Folder', '{target}')")
            msi_tables.run("msibuild", out, "-q", "INSERT INTO `InstallExecuteSequence` (`Action`, `Condition`, `Sequence`) "
                           f"VALUES ('{name}', '{condition[0] if condition else 1}', {number})")
    elif which == "shipped again":
        with tempfile.TemporaryDirectory(prefix="rj-test-") as folder:
            other = pathlib.Path(folder) / "build"
            shutil.copytree(build(), other)
            manifest = other / rebuilt_file()
            text = manifest.read_text(encoding="utf-8")
            manifest.write_text(json.dumps({**json.loads(text), "name": "Built again"}), encoding="utf-8")
            msi_payload.build_msi(other, out, epoch=EPOCH)
    else:
        msi_payload.build_msi(build(), out, *(["--version", NEWER] if which == "shipped newer" else []), epoch=EPOCH)


@contextlib.contextmanager
def _alone(path):
    with open(path, "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _provide_standins():
    _kept["holder"] = tempfile.TemporaryDirectory(prefix="rj-test-")
    folder = pathlib.Path(_kept["holder"].name)
    msi_payload.provide_helpers(folder / "root")
    return msi_payload.make(folder / "msi/build")


def _provide_real():
    """A copy by the digest of all that goes in; those of former builds are removed."""
    root = wine.build_root() / "test/windows/msi"  # where nobody looks for programs of the build
    root.mkdir(exist_ok=True)
    with _alone(root / "lock"):
        with tempfile.TemporaryDirectory(prefix="new-", dir=root) as new:
            copy = msi_payload.make(pathlib.Path(new) / "build")
            folder = root / f"of-{_digest(copy)}"
            if not folder.exists():
                for former in root.glob("of-*"):
                    shutil.rmtree(former)
                folder.mkdir()
                copy.rename(folder / "build")
    return folder / "build"


def _digest(copy):
    scripts = [path for path in msi_payload.PACKAGING.iterdir() if path.is_file()]
    others = ("meson.build", "LICENSE", "packaging/stamp-manifest", "test/windows/msi_made.py",
              "test/windows/msi_payload.py")
    digest = hashlib.sha256()
    for path in sorted(scripts) + [msi_payload.SOURCE / name for name in others] + sorted(copy.rglob("*")):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
