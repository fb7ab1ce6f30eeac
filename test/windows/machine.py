# SPDX-License-Identifier: MIT
"""A Windows with the agent on it, for tests of the whole.

    with machine.installed("agent") as it:               # as the MSI leaves it: service, programs, plugins
        it.assign(it.craft("hello", install="echo hi"))
        it.realmjoin("sync")

    with machine.Machine("kill") as it:                   # programs only; agents below roots of their own
        agent = it.agent(it.drive_c / "r")
        agent.start("--kill-at", "7")

Packages are made by craft() and nupkg() of either. What the agent prints or logs is read from files of this
machine, which costs less than a Windows program.
"""

import atexit
import contextlib
import hashlib
import json
import pathlib
import shutil
import time
import zipfile

import tap
import wine

OK, FAILED, USAGE, NO_SERVICE, REFUSED, HELD, RESTART = range(7)
NO_CHECKS = {"UpdateStatus": False, "BitlockerEnabled": False, "FirewallEnabled": False, "AvEnabled": False}
SERVICE_KEY = r"HKLM\SYSTEM\CurrentControlSet\Services\realmjoin"
PARAMETERS = SERVICE_KEY + r"\Parameters"
PACKAGES = r"SOFTWARE\RealmJoin\Packages"
PROGRAMS = (
    "core/service/realmjoinservice.exe",
    "core/session/realmjoin.exe",
    "core/session/launcher/realmjoin.com",
    "core/worker/realmjoin-worker.exe",
)


def wait_until(condition, timeout=30, step=0.05, told=None):
    end = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < end, f"did not come true within {timeout} s\n{told() if told else ''}"
        time.sleep(step)
    return value


class Packages:
    """A feed folder and a policy folder."""

    feed = policy_folder = None  # pathlib.Path

    def feed_name(self):
        raise NotImplementedError

    def craft(self, name, install="exit /b 0", uninstall=None, detect=None, files=None, version="1.0.0", place=None,
              **assignment):
        """Writes a craft archive into the feed, or to `place` below it; its assignment."""
        path = self.feed / (place or f"{name}-{version}.zip")
        path.parent.mkdir(parents=True, exist_ok=True)
        scripts = {"rj_install.cmd": install, "rj_uninstall.cmd": uninstall, "rj_detect.cmd": detect}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for script, text in scripts.items():
                if text is not None:
                    archive.writestr(script, "@echo off\r\n" + text.replace("\n", "\r\n") + "\r\n")
            for inner, text in (files or {}).items():
                archive.writestr(inner, text)
        return {"ID": name, "Format": "craft", "Location": str(path.relative_to(self.feed)),
                "Hash": hashlib.sha256(path.read_bytes()).hexdigest(), "Version": version, **assignment}

    def nupkg(self, name, files=None, version="1.0.0", dependencies=(), **assignment):
        """Writes a package without scripts into the feed; its assignment."""
        needs = "".join(f'<dependency id="{i}" version="{v}"/>' for i, v in dependencies)
        nuspec = (
            '<?xml version="1.0"?><package xmlns="http://schemas.microsoft.com/packaging/2010/07/nuspec.xsd">'
            f"<metadata><id>{name}</id><version>{version}</version><authors>test</authors>"
            f"<description>test</description><dependencies>{needs}</dependencies></metadata></package>"
        )
        self.feed.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(self.feed / f"{name}.{version}.nupkg", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{name}.nuspec", nuspec)
            for inner, text in (files or {"content/readme.txt": "hello\n"}).items():
                archive.writestr(inner, text)
        return {"ID": name, "Format": "nuget", "Version": version, **assignment}

    def assign(self, *packages, user=None, **settings):
        document = {"SoftwarePackages": list(packages)}
        if not user:
            document["Policies"] = {"RequireSecurityFeatures": NO_CHECKS}
            document["Chocolatey"] = {"Sources": [{"Name": "test", "Source": self.feed_name()}]}
        document.update(settings)
        self.write_policy(document, f"users/{user}.json" if user else "device.json")

    def write_policy(self, document, name="device.json"):
        path = self.policy_folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name("." + path.name + ".new")
        new.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        new.rename(path)


class Machine(wine.Prefix):
    """A prefix with programs and plugins where the MSI puts them."""

    def __enter__(self):
        super().__enter__()
        self.programs = self.program_files / "RealmJoin"
        for name in PROGRAMS:
            source = wine.build_root() / name
            self.place(source, self.programs / source.name)
        for manifest in sorted((wine.build_root() / "plugins").glob("*/plugin.json")):
            target = self.programs / "plugins" / manifest.parent.name
            for source in (manifest, manifest.parent / (manifest.parent.name + ".dll")):
                self.place(source, target / source.name)
        self.providers = self.drive_c / "providers"  # a start with them alone takes half the time
        for name in ("package-craft", "package-nuget"):
            shutil.copytree(self.programs / "plugins" / name, self.providers / name)
        return self

    def agent(self, root, name=None):
        return Agent(self, root, name)

    def tell(self):
        """Of a failed test: agents tell their own."""

    def realmjoin(self, *words, timeout=60, **options):
        return self.run([self.programs / "realmjoin.exe", *words], timeout=timeout, **options)

    def ask(self, *words, **options):
        """The document that a command prints with --json."""
        result = self.realmjoin("--json", *words, **options)
        assert result.code == OK, result
        return json.loads(result.out)


class Installed(Machine, Packages):
    """With the service as the control manager knows it."""

    def __enter__(self):
        super().__enter__()
        self.feed = self.drive_c / "feed"
        self.policy_folder = self.program_data / "RealmJoin/policy"
        self.library = self.program_data / "chocolatey/lib"
        self.service_create("realmjoin", r"C:\Program Files\RealmJoin\realmjoinservice.exe --service")
        return self

    def __exit__(self, kind=None, value=None, trace=None):
        if kind and not issubclass(kind, tap._Skipped):  # pylint: disable=protected-access
            self.tell()
        super().__exit__()

    def tell(self):
        tap.diagnose("---- end of the service's log")
        tap.diagnose("\n".join(self.log().splitlines()[-40:]))

    def feed_name(self):
        return "C:\\feed"

    def log_folder(self):
        return next(self.windows.glob("[Ll]ogs"))

    def log(self):
        found = list(self.windows.glob("[Ll]ogs/realmjoin.log"))
        return found[0].read_text(encoding="utf-8") if found else ""

    def package_logs(self, name):
        return sorted((self.log_folder() / "RealmJoin/Packages" / name).glob("*.log"))

    def package(self, name, **options):
        return next((p for p in self.ask("list", **options)["packages"] if p["id"] == name), None)

    def start_service(self):
        self.service_start("realmjoin")
        wait_until(lambda: "sync ended" in self.log(), told=self.log)


class Agent(Packages):
    """A service in a console, below a root of its own."""

    def __init__(self, of, root, name=None):
        self.of, self.root = of, root
        self.name = name or of.windows_path(root)
        self.feed = root / "feed"
        self.policy_folder = root / "ProgramData/RealmJoin/policy"
        self.state = root / "ProgramData/RealmJoin"
        self.library = root / "ProgramData/chocolatey/lib"
        self.log_path = root / "Windows/Logs/realmjoin.log"
        self.service = None
        self.seen = 0  # length of the log when the service was started
        for path in (self.feed, self.policy_folder):
            path.mkdir(parents=True)

    def feed_name(self):
        return self.name + "\\feed"

    def start(self, *arguments, **options):
        self.seen = len(self.log())
        program = self.of.programs / "realmjoinservice.exe"
        plugins = self.of.windows_path(self.of.providers)
        self.service = self.of.start([program, "--root", self.name, "--plugins", plugins, *arguments], **options)

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""

    def said(self, text):
        """Since the service was started."""
        return text in self.log()[self.seen:]

    def wait_idle(self, timeout=60):
        def idle():
            if not self.service.running():
                raise AssertionError(f"the service ended: {self.service.wait()}\n{self.log()}")
            return self.said("sync ended")

        wait_until(idle, timeout, 0.02, told=self.log)

    def kill(self):
        """As when the power goes: the service ends at once."""
        self.service.kill()

    def realmjoin(self, *words, **options):
        return self.of.realmjoin("--root", self.name, *words, **options)

    def ask(self, *words, **options):
        return self.of.ask("--root", self.name, *words, **options)

    def package(self, name, **options):
        return next((p for p in self.ask("list", **options)["packages"] if p["id"] == name), None)


def installed(name):
    if reason := wine.reason_missing():
        tap.skip(reason)
    return Installed(name)


def programs(name):
    if reason := wine.reason_missing():
        tap.skip(reason)
    return Machine(name)


_shared = {}


@contextlib.contextmanager
def shared(name, make=installed):
    """One of that name for several tests, each of which can be the first: it is made once, and ends with the program."""
    if name not in _shared:
        _shared[name] = make(name)
        _shared[name].__enter__()
        atexit.register(wine.Prefix.__exit__, _shared[name])
    it = _shared[name]
    try:
        yield it
    except Exception:
        it.tell()
        raise


def text_of(path):
    return pathlib.Path(path).read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")


def lines_of(path):
    return path.read_text().split() if path.exists() else []
