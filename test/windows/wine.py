# SPDX-License-Identifier: MIT
"""Windows programs under Wine, for tests.

    with wine.Prefix("service") as prefix:              # a Windows of its own, gone afterwards
        result = prefix.run([exe, "--version"])         # whole exit code, output
        prefix.registry_set(r"HKLM\\Software\\X", "Name", 5)

    with wine.Prefix("tray", display=True) as prefix:   # with a screen nobody sees
        prefix.desktop([tray_exe])
        prefix.screenshot(folder / "menu.png")

One template per build folder takes some ten seconds, once; each Prefix is a copy of it whose large files
are links. RJ_BUILD_ROOT names the build folder. Wine that is missing is Unavailable, with the reason; a
program that hangs is killed and raises subprocess.TimeoutExpired. Nobody's ~/.wine is touched, and only
the own Wine server is ended.
"""

import fcntl
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from typing import NamedTuple

TEMPLATE_VERSION = 3  # to be raised when the steps of _make_template change
LARGE = 16 * 1024
SESSION_SECONDS = 120  # a forgotten Wine server ends after this
SERVICE_STATES = ("STOPPED", "START_PENDING", "STOP_PENDING", "RUNNING", "PAUSED")


class Unavailable(Exception):
    """Why no Windows program can be run on this machine."""


class Result(NamedTuple):
    code: int  # all 32 bits, unsigned
    out: str
    err: str


def reason_missing(display=False):
    """None if Windows programs can be run here, else the reason."""
    tools = ["wine", "wineserver"] + (["Xvfb", "xdotool", "import", "xwininfo"] if display else [])
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        return f"{', '.join(missing)} not installed (packaging/deps/build --for test --target windows)"
    return None


def build_root():
    return pathlib.Path(os.environ["RJ_BUILD_ROOT"]).absolute()


def windows_path(path):
    """The Windows name of a file of this machine."""
    return "Z:" + str(path).replace("/", "\\")


def environment(prefix, home, extra=None):
    """What every Wine process gets: nothing of the person's own settings, no dialogs, no trace output. What ends a
    process while Wine itself starts it is said: that one ends with code 1, and nothing else tells of it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WINE", "XDG_")) and k != "DISPLAY"}
    return {
        **kept,
        "HOME": str(home),
        "WINEPREFIX": str(prefix),
        "WINEDEBUG": "-all,err+virtual",
        # No Mono and Gecko question, and no menu files outside the prefix. No debugger: it takes seconds to start,
        # and tests crash programs on purpose.
        "WINEDLLOVERRIDES": "mscoree=;mshtml=;winemenubuilder.exe=;winedbg.exe=",
        **(extra or {}),
    }


def _quiet(command, env, timeout):
    """Runs a step whose output nobody needs: Wine's own services inherit it and would keep a pipe open."""
    subprocess.run(
        command,
        env=env,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )


def server_log(prefix):
    """What the Wine server says of clients it ends: they themselves end with code 1 and no word."""
    prefix = pathlib.Path(prefix)
    return prefix.with_name(prefix.name + "-server.log")


def start_session(env):
    """Starts the Wine server and the services that start by themselves, so that no test's pipe is theirs."""
    with open(server_log(env["WINEPREFIX"]), "ab") as log:
        subprocess.run(["wineserver", f"-p{SESSION_SECONDS}"], env=env, timeout=30, check=False,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
    _quiet(["wine", "cmd", "/c", "exit"], env, 60)


def stop_session(env):
    """Ends the Wine server of this prefix, and with it all its programs."""
    subprocess.run(["wineserver", "-k"], env=env, timeout=30, check=False)
    subprocess.run(["wineserver", "-w"], env=env, timeout=30, check=False)
    note = pathlib.Path(env["WINEPREFIX"], "wineserver")
    if note.exists():
        shutil.rmtree(_server_folder(note.parent), ignore_errors=True)
        note.unlink()


def _server_folder(prefix):
    return pathlib.Path("/tmp") / pathlib.Path(prefix, "wineserver").read_text(encoding="ascii").strip("\0\n/")


def end_all(prefix):
    """Ends this prefix for good: every process at once, and nothing of the registry is kept."""
    mine = f"WINEPREFIX={prefix}".encode()
    for _ in range(100):  # a process may have been about to start another one
        found = [pid for pid, environ in _environments() if mine in environ]
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if not found:
            break
        time.sleep(0.02)
    note = pathlib.Path(prefix, "wineserver")
    if note.exists():
        shutil.rmtree(_server_folder(prefix), ignore_errors=True)


def _environments():
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            yield int(folder.name), (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            pass  # it has ended, or is of somebody else


def server_runs(prefix):
    """True if the Wine server of this prefix holds its lock."""
    try:
        place = os.stat(prefix)
        # Debian's Wine keeps sockets in a folder of /tmp with a random name, noted here.
        lock = _server_folder(prefix) / f"server-{place.st_dev:x}-{place.st_ino:x}/lock"
        with open(lock, "rb") as file:
            flock = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            return struct.unpack("hhqqi", fcntl.fcntl(file, fcntl.F_GETLK, flock))[0] != fcntl.F_UNLCK
    except OSError:
        return False


def _own_folders(prefix):
    """Turns links from the prefix into the home folder into plain folders."""
    for user in (prefix / "drive_c/users").iterdir():
        for entry in user.rglob("*"):
            if entry.is_symlink():
                entry.unlink()
                entry.mkdir()


def _make_template(folder, home):
    folder.mkdir()
    env = environment(folder, home)
    _quiet(["wineserver", "-p"], env, 30)
    try:
        _quiet(["wine", "wineboot", "-i"], env, 120)
        _quiet(["wine", "winecfg", "/v", "win10"], env, 60)  # a new one says Windows 7
        crash = [r"HKCU\Software\Wine\WineDbg", "/v", "ShowCrashDialog", "/t", "REG_DWORD", "/d", "0", "/f"]
        _quiet(["wine", "reg", "add", *crash], env, 60)  # a crash must end the test, not wait for a click
        # A busy machine may take longer than the usual ten seconds until a service's program speaks.
        slow = [r"HKLM\SYSTEM\CurrentControlSet\Control", "/v", "ServicesPipeTimeout", "/d", "60000", "/f"]
        _quiet(["wine", "reg", "add", *slow], env, 60)
    finally:
        stop_session(env)
    _own_folders(folder)


def template():
    """The folder of the finished template, made now if need be."""
    if reason := reason_missing():
        raise Unavailable(reason)
    root = build_root() / "wine"
    root.mkdir(parents=True, exist_ok=True)
    made_by = [os.stat(shutil.which(tool)) for tool in ("wine", "wineserver")]
    stamp = " ".join([str(TEMPLATE_VERSION), *(f"{info.st_size}/{info.st_mtime}" for info in made_by)])
    with open(root / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder, home, stamp_file = root / "template", root / "home", root / "template.stamp"
        if not stamp_file.exists() or stamp_file.read_text() != stamp:
            shutil.rmtree(folder, ignore_errors=True)
            stamp_file.unlink(missing_ok=True)
            home.mkdir(exist_ok=True)
            _make_template(folder, home)
            shutil.rmtree(_pattern(folder), ignore_errors=True)
            _make_pattern(folder)
            stamp_file.write_text(stamp)
    return folder


def _pattern(folder):
    return folder.with_name("pattern")


def _make_pattern(origin):
    """What every prefix begins as: the system's large files are links to the template's."""
    system = origin / "drive_c/windows"

    def copy(source, destination):
        entry = pathlib.Path(source)
        if entry.is_relative_to(system) and entry.stat().st_size >= LARGE:
            os.symlink(source, destination)
        else:
            shutil.copy2(source, destination)

    shutil.copytree(origin, _pattern(origin), symlinks=True, copy_function=copy,
                    ignore=shutil.ignore_patterns("wineserver"))


def copy_template(target):
    """Makes TARGET a Windows of its own. The links to the template are hard links of those in the pattern, which costs
    little; its files are copies."""
    pattern = _pattern(template())
    subprocess.run(["cp", "-al", str(pattern), str(target)], timeout=60, check=True)
    for path in pattern.rglob("*"):
        if path.is_file() and not path.is_symlink():
            copy = pathlib.Path(target) / path.relative_to(pattern)
            copy.unlink()
            shutil.copy2(path, copy)


class Program:
    """A program that runs beside the test."""

    def __init__(self, process, files, code_file):
        self._process, self._files, self._code_file = process, files, code_file

    @property
    def output(self):
        return _text(self._files[0])

    @property
    def errors(self):
        return _text(self._files[1])

    def wait(self, timeout=30):
        self._process.wait(timeout)
        code, errors = self._process.returncode, _text(self._files[1])
        if self._code_file.exists() and (whole := self._code_file.read_text()):
            code = int(whole)
        elif code:
            errors += f"(Wine ended with {code}; the program itself has left no exit code)\n"
        return Result(code & 0xFFFFFFFF, _text(self._files[0]), errors)

    def running(self):
        return self._process.poll() is None

    def kill(self):
        if self.running():
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)


class Started:
    """A program that a Starter has started: it may be waited for, and killed when it hangs."""

    def __init__(self, starter, number, files, code_file):
        self._starter, self._number, self._files, self._code_file = starter, number, files, code_file

    def wait(self, timeout=30):
        deadline, pause = time.monotonic() + timeout, 0.002
        while not self._code_file.exists():
            if not self._starter.running():
                errors = _text(self._files[1]) if self._files[1].exists() else ""
                return Result(1, "", errors + "(its starter has ended; the program itself has left no exit code)\n")
            if time.monotonic() > deadline:
                self._starter.kill(self._number)
                raise subprocess.TimeoutExpired(f"program {self._number}", timeout)
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
        return Result(int(self._code_file.read_text()) & 0xFFFFFFFF, _text(self._files[0]), _text(self._files[1]))


class Starter:
    """launch.exe, which stays and starts one program after the other: half the cost of a program."""

    def __init__(self, command, env, folder):
        self._process = subprocess.Popen(  # pylint: disable=consider-using-with
            [*command, "--serve"], env=env, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)

    def running(self):
        return self._process.poll() is None

    def start(self, number, line, files, code_file, folder, restricted):
        words = [windows_path(code_file), *map(windows_path, files), folder, line]
        self._say(["start", str(number), "restricted" if restricted else "full",
                   *(word.encode("utf-16-le", "surrogatepass").hex() for word in words)])
        return Started(self, number, files, code_file)

    def kill(self, number):
        self._say(["kill", str(number)])

    def _say(self, words):
        self._process.stdin.write((" ".join(words) + "\n").encode("ascii"))
        self._process.stdin.flush()

    def end(self):
        if self.running():
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)
        self._process.stdin.close()


def _text(path):
    return path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")


class Prefix:
    """One copy of the template with its own Wine server, home folder and, if wanted, screen."""

    def __init__(self, name, display=False, size="1024x768"):
        self._display_wanted, self._size = display, size
        self._name, self._xvfb, self._count, self._programs, self._starter = name, None, 0, [], None
        if reason := reason_missing(display):
            raise Unavailable(reason)

    def __enter__(self):
        template()
        self._top = pathlib.Path(tempfile.mkdtemp(prefix=self._name + "-", dir=build_root() / "wine"))
        self.folder = self._top / "prefix"
        self.drive_c = self.folder / "drive_c"
        self.program_files = self.drive_c / "Program Files"
        self.program_data = self.drive_c / "ProgramData"
        self.windows = self.drive_c / "windows"
        self._home = self._top / "home"
        self._home.mkdir()
        try:
            copy_template(self.folder)
            self.env = environment(self.folder, self._home)
            if self._display_wanted:
                self._start_display()
            self.boot()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for program in self._programs:
            program.kill()
        self._forget_session()
        if hasattr(self, "env"):
            end_all(self.folder)
        if self._xvfb:
            self._xvfb.terminate()
            self._xvfb.wait(10)
        log = server_log(self.folder)
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else ():
            print(f"# wineserver: {line}", flush=True)
        shutil.rmtree(self._top, ignore_errors=True)

    # ---- the system ------------------------------------------------------------------------------

    def boot(self):
        """Starts the system, and the services that start by themselves."""
        start_session(self.env)

    def stop(self):
        """Ends every process at once, as a power cut does. boot() is the next morning."""
        stop_session(self.env)
        self._forget_session()

    def _forget_session(self):
        """What was kept of programs that run no more."""
        self.end_starter()

    def end_starter(self):
        """The next program gets another: programs are on the desktop of who starts them."""
        if self._starter:
            self._starter.end()
        self._starter = None

    def windows_path(self, path):
        """The name of a file as programs in this prefix see it."""
        path = pathlib.Path(path).absolute()
        if path.is_relative_to(self.drive_c):
            return "C:\\" + str(path.relative_to(self.drive_c)).replace("/", "\\")
        return windows_path(path)

    def unix_path(self, path):
        drive, rest = path[:2].upper(), path[2:].replace("\\", "/").lstrip("/")
        return {"C:": self.drive_c, "Z:": pathlib.Path("/")}[drive] / rest

    def place(self, source, target):
        """Puts a file into the prefix; never writes through a link to the template."""
        target = pathlib.Path(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copy2(source, target)
        return target

    # ---- programs --------------------------------------------------------------------------------

    def _next_files(self):
        """Output and errors, exit code of the next program."""
        self._count += 1
        stem = self._top / f"run{self._count}"
        return (stem.with_suffix(".out"), stem.with_suffix(".err")), stem.with_suffix(".code")

    def _words(self, command):
        return [self.windows_path(w) if isinstance(w, os.PathLike) else str(w) for w in command]

    @staticmethod
    def _launcher():
        launcher = build_root() / "test/windows/launch.exe"
        if not launcher.exists():
            raise FileNotFoundError(f"{launcher} is missing; build the Windows edition first")
        return ["wine", str(launcher)]

    def start(self, command, cwd=None, env=None, stdin=subprocess.DEVNULL, restricted=False):
        """Starts a program beside the test; paths of this machine are given by their Windows names."""
        files, code_file = self._next_files()
        options = ["--code", windows_path(code_file)] + (["--restricted"] if restricted else [])
        with open(files[0], "wb") as out, open(files[1], "wb") as err:
            process = subprocess.Popen(  # pylint: disable=consider-using-with
                [*self._launcher(), *options, "--", *self._words(command)],
                env={**self.env, **(env or {})},
                cwd=cwd or self.drive_c,
                stdin=stdin,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        program = Program(process, files, code_file)
        self._programs.append(program)
        return program

    def begin(self, command, cwd=None, restricted=False):
        """Starts a program that ends by itself; its wait() gives the Result."""
        if not self._starter or not self._starter.running():
            self._starter = Starter(self._launcher(), self.env, self.drive_c)
        files, code_file = self._next_files()
        return self._starter.start(self._count, subprocess.list2cmdline(self._words(command)), files, code_file,
                                   self.windows_path(cwd or self.drive_c), restricted)

    def run(self, command, timeout=30, env=None, **options):
        """Runs a program to its end. Output goes to files: nothing waits for what the program leaves behind."""
        if not env:
            return self.begin(command, **options).wait(timeout)
        program = self.start(command, env=env, **options)
        try:
            return program.wait(timeout)
        except subprocess.TimeoutExpired:
            program.kill()
            raise

    def batch(self, text, timeout=30, **options):
        """Runs the lines of a batch file: cmd's own quoting rules break longer command lines."""
        self._count += 1
        path = self.drive_c / f"batch{self._count}.bat"
        path.write_bytes(("@echo off\r\n" + text.replace("\n", "\r\n") + "\r\n").encode())
        return self.run(["cmd", "/d", "/c", self.windows_path(path)], timeout=timeout, **options)

    def processes(self, name):
        """Process numbers of this machine of all that run the program in this prefix."""
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                ours = f"WINEPREFIX={self.folder}".encode() in (folder / "environ").read_bytes().split(b"\0")
                if ours and f"\\{name}".encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                pass  # it has ended
        return found

    # ---- registry --------------------------------------------------------------------------------

    def registry(self, key):
        """{subkey relative to KEY: {value name: data}}; "" is the key itself, None if there is no such key."""
        self._count += 1
        path = self._top / f"export{self._count}.reg"
        if self.run(["reg", "export", key, path, "/y"]).code != 0 or not path.exists():
            return None
        return _parse_registry(path.read_text(encoding="utf-16"))

    def registry_get(self, key, name):
        """int of a DWORD, str of text, list of a multi-string, bytes of anything else; None if absent."""
        return ((self.registry(key) or {}).get("", {})).get(name)

    def registry_set(self, key, name, data, kind=None):
        kind = kind or ("REG_DWORD" if isinstance(data, int) else "REG_SZ")
        done = self.run(["reg", "add", key, "/v", name, "/t", kind, "/d", str(data), "/f"])
        assert done.code == 0, done

    def registry_delete(self, key, name=None):
        return self.run(["reg", "delete", key, *(["/v", name] if name else []), "/f"]).code == 0

    # ---- services --------------------------------------------------------------------------------

    def service_state(self, name):
        """One of SERVICE_STATES, or None if there is no such service."""
        shown = self.run(["sc", "query", name])
        found = re.search(r"STATE\s*:\s*\d+\s+(\w+)", shown.out)
        return found[1] if shown.code == 0 and found else None

    def wait_for_service(self, name, state, timeout=20):
        assert state in SERVICE_STATES, state
        deadline = time.monotonic() + timeout
        while (now := self.service_state(name)) != state:
            assert time.monotonic() < deadline, f"service {name} is {now}, not {state}, after {timeout} s"
            time.sleep(0.2)

    def service_create(self, name, command, start="demand"):
        done = self.run(["sc", "create", name, "binPath=", command, "start=", start])
        assert done.code == 0, done

    def service_start(self, name, timeout=20):
        done = self.run(["sc", "start", name])
        assert done.code == 0, done
        self.wait_for_service(name, "RUNNING", timeout)

    def service_stop(self, name, timeout=20):
        done = self.run(["sc", "stop", name])
        assert done.code == 0, done
        self.wait_for_service(name, "STOPPED", timeout)

    # ---- screen ----------------------------------------------------------------------------------

    def _start_display(self):
        number, write = os.pipe()
        self._xvfb = subprocess.Popen(  # pylint: disable=consider-using-with
            ["Xvfb", "-displayfd", str(write), "-screen", "0", self._size + "x24", "-nolisten", "tcp"],
            pass_fds=[write],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(number) as source:
            display = source.readline().strip()
        if not display:
            raise Unavailable("Xvfb does not start")
        self.env["DISPLAY"] = ":" + display

    def desktop(self, command, **options):
        """Starts a program on the virtual desktop, which has a taskbar corner for tray icons."""
        return self.start(["explorer", f"/desktop=rj,{self._size}", *command], **options)

    def screenshot(self, path):
        subprocess.run(["import", "-window", "root", str(path)], env=self.env, timeout=30, check=True)

    def screen_windows(self):
        """What xwininfo says of every window on the screen."""
        shown = subprocess.run(["xwininfo", "-root", "-tree"], env=self.env, timeout=10, check=True,
                               capture_output=True)
        return shown.stdout.decode("utf-8", "replace")

    def wait_for_window(self, pattern, timeout=15):
        """The match of PATTERN among the windows; polls, since drawing takes its time."""
        deadline = time.monotonic() + timeout
        while not (found := re.search(pattern, self.screen_windows())):
            assert time.monotonic() < deadline, f"no window matches {pattern!r}:\n{self.screen_windows()}"
            time.sleep(0.2)
        return found

    def xdotool(self, *words):
        subprocess.run(["xdotool", *map(str, words)], env=self.env, timeout=20, check=True)

    def click(self, x, y, button=1):
        self.xdotool("mousemove", x, y, "sleep", 0.1, "click", button)


def _parse_registry(text):
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\\\n", "")  # long binary data is continued
    tree, top, values = {}, None, None
    for line in text.splitlines():
        if line.startswith("["):
            name = line[1:-1]
            top = top or name
            values = tree.setdefault(name[len(top) :].lstrip("\\"), {})
        elif values is not None and (match := re.match(r'(@|"((?:\\.|[^"\\])*)")=(.*)', line)):
            values[_unescape(match[2] or "")] = _data(match[3])
    return tree


def _unescape(text):
    return re.sub(r"\\(.)", r"\1", text)


def _data(text):
    if text.startswith('"'):
        return _unescape(text[1:-1])
    if text.startswith("dword:"):
        return int(text[6:], 16)
    kind, _, digits = text.partition(":")
    raw = bytes.fromhex(digits.replace(",", "").replace(" ", ""))
    if kind == "hex(2)":
        return raw.decode("utf-16-le").rstrip("\0")
    if kind == "hex(7)":
        return [part for part in raw.decode("utf-16-le").split("\0") if part]
    return raw
