# SPDX-License-Identifier: MIT
"""A built agent below a root of its own, for end-to-end tests.

    with agent.Agent(folder) as it:
        it.assign(it.craft("hello", install="echo hi"))
        it.start()
        assert it.realmjoin("install", "hello").returncode == 0

The programs and plugins of the build (RJ_BUILD_ROOT) are copied below the root as the package would
install them, so that other users can run them too. Leaving the `with` stops the service; when a test
failed, the end of its log is printed. Packages are made by craft() and nupkg().
"""

import contextlib
import hashlib
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile

import tap

BUILD = pathlib.Path(os.environ.get("RJ_BUILD_ROOT", "build/release"))
SERVICE = BUILD / "core/service/realmjoinservice"
SESSION = BUILD / "core/session/realmjoin"
WORKER = BUILD / "core/worker/realmjoin-worker"
NO_CHECKS = {"UpdateStatus": False, "BitlockerEnabled": False, "FirewallEnabled": False, "AvEnabled": False}

# Exit codes of realmjoin(1).
OK, FAILED, USAGE, NO_SERVICE, REFUSED, HELD, RESTART = range(7)


class RpcError(Exception):
    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error["code"]
        self.status = error.get("data", {}).get("status")


class Connection:
    """A JSON-RPC client that keeps the notifications it meets."""

    def __init__(self, path):
        self.socket = connect(path)
        self.buffer = b""
        self.notifications = []
        self.last_id = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, message):
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def read(self, timeout=10):
        """The next message, None when the service closed the connection."""
        self.socket.settimeout(timeout)
        while b"\n" not in self.buffer:
            try:
                got = self.socket.recv(65536)
            except ConnectionResetError:
                got = b""
            if not got:
                return None
            self.buffer += got
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def call(self, method, **params):
        self.last_id += 1
        self.send({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params})
        while True:
            message = self.read()
            if message is None:
                raise ConnectionError(f"closed while waiting for {method}")
            if message.get("id") == self.last_id or message.get("id", 0) is None:
                if "error" in message:
                    raise RpcError(message["error"])
                return message["result"]
            self.notifications.append(message)

    def wait_for(self, accept, timeout=20):
        """The first notification whose params are accepted, of those kept and those to come."""
        end = time.monotonic() + timeout
        while True:
            while self.notifications:
                params = self.notifications.pop(0).get("params", {})
                if accept(params):
                    return params
            message = self.read(max(0.01, end - time.monotonic()))
            if message is None:
                raise ConnectionError("closed while waiting for a notification")
            self.notifications.append(message)


def connect(path):
    link = socket.socket(socket.AF_UNIX)
    fd = os.open(pathlib.Path(path).parent, os.O_PATH)  # keeps the name short enough
    try:
        link.connect(f"/proc/self/fd/{fd}/{pathlib.Path(path).name}")
    except OSError:
        link.close()
        raise
    finally:
        os.close(fd)
    return link


def wait_until(condition, timeout=10, step=0.02):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(step)
    raise AssertionError(f"did not come true within {timeout} s")


class Agent:
    def __init__(self, folder, plugins=True):
        if not SERVICE.exists() or not SESSION.exists():
            tap.skip("the programs are not built")
        if os.geteuid() != 0:
            tap.skip("needs root: the agent's files belong to it")
        self.folder = pathlib.Path(folder)
        self.folder.chmod(0o755)
        self.root = self.folder / "root"
        self.feed = self.root / "srv/feed"
        self.policy_folder = self.root / "etc/realmjoin/policy"
        self.socket_path = self.root / "run/realmjoin/agent.sock"
        self.log_path = self.root / "var/log/realmjoin/realmjoin.log"
        self.state = self.root / "var/lib/realmjoin"
        self.service = None
        self.service_path = self.root / "usr/libexec/realmjoin/realmjoinservice"
        self.program = self.root / "usr/bin/realmjoin"
        self.stderr_path = self.folder / "service.stderr"
        for path in (self.feed, self.policy_folder, self.service_path.parent, self.program.parent):
            path.mkdir(parents=True)
        shutil.copy(SERVICE, self.service_path)
        shutil.copy(SESSION, self.program)
        if WORKER.exists():
            shutil.copy(WORKER, self.service_path.parent)
        self.plugins_folder = self.root / "usr/lib/realmjoin/plugins"
        self.plugins_folder.mkdir(parents=True)
        if plugins:
            self.install_plugins()

    def install_plugins(self):
        for manifest in sorted((BUILD / "plugins").glob("*/plugin.json")):
            target = self.plugins_folder / manifest.parent.name
            target.mkdir()
            shutil.copy(manifest, target)
            for binary in manifest.parent.glob("*.so"):
                shutil.copy(binary, target)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        failed = kind is not None and not issubclass(kind, tap._Skipped)  # pylint: disable=protected-access
        try:
            self.stop()
            errors = self.stderr_path.read_text(errors="replace") if self.stderr_path.exists() else ""
            if not failed and ("Sanitizer" in errors or "runtime error" in errors):
                failed = True
                raise AssertionError("a sanitizer spoke up in the service")
        finally:
            if failed:
                tap.diagnose("---- end of the service's log")
                tap.diagnose("\n".join(self.log().splitlines()[-40:]))
                if self.stderr_path.exists():
                    tap.diagnose(self.stderr_path.read_text(errors="replace")[-2000:])

    # ---- The service

    def start(self, *arguments, wait=True):
        with open(self.stderr_path, "ab") as errors:
            self.service = subprocess.Popen(
                [self.service_path, "--root", self.root, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        if wait:
            self.wait_ready()

    def wait_ready(self, timeout=10):
        def answers():
            if self.service and self.service.poll() is not None:
                raise AssertionError(f"the service ended with {self.service.returncode}")
            try:
                with Connection(self.socket_path) as link:
                    return link.call("version")
            except (FileNotFoundError, ConnectionError):
                return None

        return wait_until(answers, timeout)

    def stop(self, limit=15):
        """Ends the service by SIGTERM; its exit code."""
        if not self.service:
            return None
        if self.service.poll() is None:
            self.service.send_signal(signal.SIGTERM)
            try:
                self.service.wait(limit)
            except subprocess.TimeoutExpired:
                self.service.kill()
                self.service.wait()
                raise AssertionError(f"the service did not end within {limit} s") from None
        code, self.service = self.service.returncode, None
        return code

    def kill(self):
        self.service.kill()
        self.service.wait()
        self.service = None

    def log(self):
        text = ""
        for path in sorted(self.log_path.parent.glob("realmjoin*.log")):
            text += path.read_text(errors="replace")
        return text

    def memory_kib(self):
        for line in pathlib.Path(f"/proc/{self.service.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("the service has no memory")

    # ---- Clients

    def connection(self):
        return Connection(self.socket_path)

    def call(self, method, **params):
        with self.connection() as link:
            return link.call(method, **params)

    def command(self, *arguments):
        return [self.program, *arguments]

    def environment(self, **changes):
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "RJ_ROOT": str(self.root)}
        environment.update(changes)
        return environment

    def realmjoin(self, *arguments, user=None, timeout=60, **changes):
        """Runs the command line without a terminal; `user`: a name."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(**changes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=timeout,
            check=False,
            **as_user(user),
        )

    def spawn(self, *arguments, user=None, **changes):
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment(**changes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **as_user(user),
        )

    def wait_idle(self, timeout=30):
        def idle():
            status = self.call("status")
            settled = status.get("last_sync") and not status.get("run") and not status.get("queued")
            return status if settled else None

        return wait_until(idle, timeout)

    def package(self, name, timeout=20, **wanted):
        """The package's document, once its members are as wanted."""

        def matches():
            for package in self.call("list")["packages"]:
                if package["id"] == name and all(package.get(k) == v for k, v in wanted.items()):
                    return package
            return None

        return wait_until(matches, timeout)

    # ---- Policy and packages

    def write_policy(self, document, name="device.json"):
        path = self.policy_folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name("." + path.name + ".new")
        new.write_text(document if isinstance(document, str) else json.dumps(document))
        new.rename(path)

    def assign(self, *packages, user=None, **settings):
        document = {"SoftwarePackages": list(packages)}
        if not user:
            document["Policies"] = {"RequireSecurityFeatures": NO_CHECKS}
            document["Chocolatey"] = {"Sources": [{"Name": "test", "Source": str(self.feed)}]}
        document.update(settings)
        self.write_policy(document, f"users/{user}.json" if user else "device.json")

    def craft(self, name, install="exit 0", uninstall=None, files=None, version="1.0.0", **assignment):
        """Writes a craft archive into the feed; its assignment."""
        path = self.feed / f"{name}-{version}.zip"
        scripts = {"rj_install.sh": install, "rj_uninstall.sh": uninstall}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for script, text in scripts.items():
                if text is not None:
                    write_script(archive, script, text)
            for inner, text in (files or {}).items():
                archive.writestr(inner, text)
        path.chmod(0o644)
        return {
            "ID": name,
            "Format": "craft",
            "Location": str(path),
            "Hash": hashlib.sha256(path.read_bytes()).hexdigest(),
            "Version": version,
            **assignment,
        }

    def nupkg(self, name, install=None, files=None, version="1.0.0", dependencies=(), **assignment):
        """Writes a package into the feed; its assignment."""
        path = self.feed / f"{name}.{version}.nupkg"
        needs = "".join(f'<dependency id="{i}" version="{v}"/>' for i, v in dependencies)
        nuspec = (
            '<?xml version="1.0"?><package xmlns="http://schemas.microsoft.com/packaging/2010/07/nuspec.xsd">'
            f"<metadata><id>{name}</id><version>{version}</version><authors>test</authors>"
            f"<description>test</description><dependencies>{needs}</dependencies></metadata></package>"
        )
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{name}.nuspec", nuspec)
            if install is not None:
                write_script(archive, "tools/install.sh", install)
            for inner, text in (files or {"content/readme.txt": "hello\n"}).items():
                archive.writestr(inner, text)
        path.chmod(0o644)
        return {"ID": name, "Format": "nuget", "Version": version, **assignment}


def write_script(archive, name, text):
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, text if text.startswith("#!") else f"#!/bin/sh\n{text}\n")


def as_user(name):
    if name is None:
        return {}
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def acting_as(name):
    """This process' effective user, for connections of its own."""
    entry = pwd.getpwnam(name)
    os.setegid(entry.pw_gid)
    os.seteuid(entry.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def give_home(it, name):
    """The user's home folder below the root."""
    entry = pwd.getpwnam(name)
    home = it.root / "home" / name
    home.mkdir(parents=True)
    home.parent.chmod(0o755)
    os.chown(home, entry.pw_uid, entry.pw_gid)
    home.chmod(0o755)
    return home


if __name__ == "__main__":
    sys.exit("agent.py is a module for tests")
