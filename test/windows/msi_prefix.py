# SPDX-License-Identifier: MIT
"""A Windows for one test of the MSI: a Wine prefix of its own, copied from one template.

    with msi_prefix.Prefix(folder) as windows:
        assert windows.run("msiexec", "/i", windows.put(msi), "/qn") == 0

Needs no display. Only the wineserver of the own prefix is ended. A call that hangs is ended by its time limit.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import msi_payload

LIMIT = 60  # seconds for one call

_template = None


def missing():
    return [tool for tool in ("wine", "wineserver") if not shutil.which(tool)]


def environment(prefix):
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return {
        **kept,
        "LC_ALL": "C.UTF-8",
        "HOME": str(prefix / "home"),  # Desktop, Documents and the like are links to there
        "WINEPREFIX": str(prefix / "wine"),
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree=;mshtml=;winemenubuilder.exe=",
    }


def template():
    """Made once for each run of a test program."""
    global _template  # pylint: disable=global-statement
    if _template is None:
        _template = tempfile.TemporaryDirectory(prefix="rj-wine-")
        prefix = pathlib.Path(_template.name)
        (prefix / "home").mkdir()
        for command in (["wineboot", "-i"], ["winecfg", "/v", "win10"],
                        ["reg", "add", r"HKCU\Software\Wine\WineDbg", "/v", "ShowCrashDialog", "/t", "REG_DWORD",
                         "/d", "0", "/f"]):
            subprocess.run(["wine", *command], env=environment(prefix), timeout=180, check=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run(["wineserver", "-k"], env=environment(prefix), timeout=60, check=False)
        subprocess.run(["wineserver", "-w"], env=environment(prefix), timeout=60, check=False)
        msi_payload.compile_standin(prefix / "wine/drive_c/run.exe", "VFT_APP")
    return pathlib.Path(_template.name)


class Prefix:
    def __init__(self, folder):
        self.folder = folder / "windows"
        subprocess.run(["cp", "-a", "--reflink=auto", str(template()), str(self.folder)], check=True)
        for link in (self.folder / "wine/drive_c/users").glob("*/*"):
            if link.is_symlink():
                link.unlink()
                link.mkdir()
        self.drive = self.folder / "wine/drive_c"
        self.env = environment(self.folder)

    def __enter__(self):
        # Services live as long as the wineserver, not only as long as the last program.
        self.server("-p")
        return self

    def __exit__(self, *_):
        self.stop()

    def server(self, *arguments):
        return subprocess.run(["wineserver", *arguments], env=self.env, timeout=LIMIT, check=False).returncode

    def stop(self):
        """Ends everything of this prefix; the registry is on disk afterwards."""
        self.server("-k")
        self.server("-w")

    def path(self, windows_path):
        """A path of drive C as one of this machine, whatever the case of its letters."""
        place = self.drive
        for part in windows_path.removeprefix("C:\\").split("\\"):
            found = [p for p in place.iterdir() if p.name.lower() == part.lower()] if place.is_dir() else []
            place = found[0] if found else place / part
        return place

    def put(self, file, name=None):
        """A copy of the file on drive C, as a Windows path."""
        target = self.drive / (name or file.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        return "C:\\" + str(target.relative_to(self.drive)).replace("/", "\\")

    def start(self, *arguments):
        return subprocess.Popen(["wine", "C:\\run.exe", "--run", *arguments], env=self.env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def wait(self, process, limit=LIMIT):
        try:
            said = process.communicate(timeout=limit)[0].decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        found = re.search(r"exit code (\d+)", said)
        if not found:
            raise AssertionError(f"no exit code: {said}")
        return int(found[1]), said

    def run(self, *arguments, limit=LIMIT):
        """The whole exit code of a Windows program."""
        return self.wait(self.start(*arguments), limit)[0]

    def output(self, *arguments):
        return self.wait(self.start(*arguments))[1]

    def value(self, key, name=None):
        """A registry value as (type, text), or None."""
        said = self.output("reg", "query", key, *(["/v", name] if name else ["/ve"]))
        found = re.search(r"^    \S.*?    (REG_\w+)    ?(.*?)\r?$", said, re.M)
        return (found[1], found[2]) if found else None

    def service(self):
        """"RUNNING", "STOPPED" and so on; None where there is no such service."""
        found = re.search(r"STATE\s*:\s*\d+\s+(\w+)", self.output("sc", "query", "realmjoin"))
        return found[1] if found else None

    def files(self):
        return {str(p.relative_to(self.drive)) for p in self.drive.rglob("*")}

    def registry_lines(self, word):
        """Lines of the stored registry with the word; only after stop()."""
        found = []
        for name in ("system.reg", "user.reg", "userdef.reg"):
            text = (self.folder / "wine" / name).read_text(encoding="utf-8", errors="replace")
            found += [line for line in text.splitlines() if word in line.lower()]
        return found
