# SPDX-License-Identifier: MIT
"""Windows programs under Wine, for tests.

    with wine.Prefix("service") as prefix:              # a Windows of its own, gone afterwards
        result = prefix.run([exe, "--version"])         # whole exit code, output
        prefix.registry_set(r"HKLM\\Software\\X", "Name", 5)

    with wine.Prefix("tray", display=True) as prefix:   # with a screen nobody sees
        prefix.desktop([tray_exe])
        prefix.screenshot(folder / "menu.png")

One template per build folder takes some ten seconds, once; each Prefix is a copy of it whose large files
are links, in memory if there is plenty. RJ_BUILD_ROOT names the build folder. Wine that is missing is Unavailable, with the reason; a
program that hangs is killed and raises subprocess.TimeoutExpired. Nobody's ~/.wine is touched, and only
the own Wine server is ended.
"""

import ctypes
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time

from launcher import Alone, Launched, Launcher, windows_path

TEMPLATE_VERSION = 2  # to be raised when the steps of _make_template change
LARGE = 16 * 1024
MEMORY, PLENTY = pathlib.Path("/dev/shm"), 2 << 30  # a prefix takes 12 MB, and what a test puts into it
ADDR_NO_RANDOMIZE = 0x0040000  # of personality(2)
SESSION_SECONDS = 120  # a forgotten Wine server ends after this
SERVICE_STATES = ("STOPPED", "START_PENDING", "STOP_PENDING", "RUNNING", "CONTINUE_PENDING", "PAUSE_PENDING", "PAUSED")
SERVICE_STARTS = {"auto": 2, "demand": 3, "disabled": 4}
NO_SUCH_FILE, NO_SUCH_SERVICE = 2, 1060
KINDS = {"REG_SZ": 1, "REG_EXPAND_SZ": 2, "REG_BINARY": 3, "REG_DWORD": 4, "REG_MULTI_SZ": 7}


class Unavailable(Exception):
    """Why no Windows program can be run on this machine."""


def reason_missing(display=False):
    """None if Windows programs can be run here, else the reason."""
    tools = ["wine", "wineserver"] + (["Xvfb", "xdotool", "import", "xwininfo"] if display else [])
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        return f"{', '.join(missing)} not installed (packaging/deps/build --for test --target windows)"
    return None


def build_root():
    return pathlib.Path(os.environ["RJ_BUILD_ROOT"]).absolute()


def prefix_root():
    """The folder of all prefixes of this build folder. On a disk every one of them costs a second or more: a thousand
    files to make and to remove, and Wine's programs wait for each of their writes."""
    try:
        state = os.statvfs(MEMORY)
        if state.f_bavail * state.f_frsize >= PLENTY:
            whose = f"{os.geteuid()} {build_root().resolve()}"
            folder = MEMORY / f"rj-{hashlib.sha256(os.fsencode(whose)).hexdigest()[:12]}"  # paths of tests are long enough
            folder.mkdir(mode=0o700, exist_ok=True)
            if folder.stat().st_uid == os.geteuid():
                return folder
    except OSError:
        pass  # not on this machine
    folder = build_root() / "wine"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


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


def _keep_addresses():
    """Programs of Windows expect its data at 0x7FFE0000. Linux puts the heap of Wine's loader anywhere in the gigabyte
    around, so that one start in some thousands would end with code 1 before its first instruction. What this process
    starts has its heap behind the loader, always. Where that is forbidden, as in some containers, chance remains."""
    system = ctypes.CDLL(None)
    system.personality.argtypes = [ctypes.c_ulong]
    system.personality(system.personality(0xFFFFFFFF) | ADDR_NO_RANDOMIZE)


_keep_addresses()


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


def _start_server(env):
    with open(server_log(env["WINEPREFIX"]), "ab") as log:
        subprocess.run(["wineserver", f"-p{SESSION_SECONDS}"], env=env, timeout=30, check=False,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)


def start_session(env):
    """Starts the Wine server and the services that start by themselves, so that no test's pipe is theirs."""
    _start_server(env)
    _quiet(["wine", "cmd", "/c", "exit"], env, 60)


def stop_session(env):
    """Ends the Wine server of this prefix, and with it all its programs."""
    subprocess.run(["wineserver", "-k"], env=env, timeout=30, check=False)
    subprocess.run(["wineserver", "-w"], env=env, timeout=30, check=False)
    _forget_server(env)


def kill_session(env):
    """The same for a prefix that nobody needs any more: the server takes a second to end in order."""
    prefix = env["WINEPREFIX"]
    deadline = time.monotonic() + 30
    while pids := [*filter(None, [_server(prefix)]), *_processes_of(prefix)]:
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it has ended
        if time.monotonic() > deadline:
            raise TimeoutError(f"programs of {prefix} go on: {pids}")
        time.sleep(0.01)
    _forget_server(env)


def _forget_server(env):
    note = pathlib.Path(env["WINEPREFIX"], "wineserver")
    if note.exists():
        shutil.rmtree(_server_folder(note.parent), ignore_errors=True)
        note.unlink()


def _server_folder(prefix):
    return pathlib.Path("/tmp") / pathlib.Path(prefix, "wineserver").read_text(encoding="ascii").strip("\0\n/")


def server_runs(prefix):
    """True if the Wine server of this prefix holds its lock."""
    return bool(_server(prefix))


def _server(prefix):
    """Its process number; 0 if there is none."""
    try:
        place = os.stat(prefix)
        # Debian's Wine keeps sockets in a folder of /tmp with a random name, noted here.
        lock = _server_folder(prefix) / f"server-{place.st_dev:x}-{place.st_ino:x}/lock"
        with open(lock, "rb") as file:
            flock = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            kind, _, _, _, pid = struct.unpack("hhqqi", fcntl.fcntl(file, fcntl.F_GETLK, flock))
            return pid if kind != fcntl.F_UNLCK else 0
    except OSError:
        return 0


def _processes_of(prefix):
    """Process numbers of all programs in this prefix that still run."""
    return [pid for pid, _ in _commands_of(prefix)]


def _commands_of(prefix):
    """Their numbers and command lines."""
    wanted = f"WINEPREFIX={prefix}".encode()
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name), (folder / "cmdline").read_bytes()
        except OSError:
            pass  # it has ended


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
            stamp_file.write_text(stamp)
    return folder


def copy_template(target):
    """Makes TARGET a Windows of its own; the system's large files become links to the template's."""

    origin = template()
    system = origin / "drive_c/windows"

    def copy(source, destination):
        entry = pathlib.Path(source)
        if entry.is_relative_to(system) and entry.stat().st_size >= LARGE:
            os.symlink(source, destination)
        else:
            shutil.copy2(source, destination)

    shutil.copytree(origin, target, symlinks=True, copy_function=copy,
                    ignore=shutil.ignore_patterns("wineserver"))


class Prefix:
    """One copy of the template with its own Wine server, home folder and, if wanted, screen."""

    def __init__(self, name, display=False, size="1024x768"):
        self._display_wanted, self._size = display, size
        self._name, self._xvfb, self._count, self._programs, self._launcher = name, None, 0, [], None
        if reason := reason_missing(display):
            raise Unavailable(reason)

    def __enter__(self):
        template()
        self._top = pathlib.Path(tempfile.mkdtemp(prefix=self._name + "-", dir=prefix_root()))
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
        if hasattr(self, "env"):
            kill_session(self.env)
            self._end_launcher()
        if self._xvfb:
            self._xvfb.terminate()
            self._xvfb.wait(10)
        for who, log in (("wineserver", server_log(self.folder)), ("wine", self._top / "launcher.err")):
            for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else ():
                print(f"# {who}: {line}", flush=True)
        shutil.rmtree(self._top, ignore_errors=True)

    # ---- the system ------------------------------------------------------------------------------

    def boot(self):
        """Starts the system, and the services that start by themselves. Whoever asks first waits for it."""
        _start_server(self.env)
        self.renew_launcher()

    def stop(self):
        """Ends every process at once, as a power cut does. boot() is the next morning."""
        stop_session(self.env)
        self._end_launcher()

    def renew_launcher(self):
        """Programs are on the desktop of who starts them: needed when another one has been set."""
        self._end_launcher()
        self._launcher = Launcher(_launch_exe(), self.env, self.drive_c, self._top / "launcher.err")

    def _end_launcher(self):
        if self._launcher:
            self._launcher.end()
        self._launcher = None

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

    def start(self, command, env=None, stdin=None, restricted=False):
        """Starts a program beside the test; paths of this machine are given by their Windows names."""
        self._count += 1
        stem = self._top / f"run{self._count}"
        files, code_file = (stem.with_suffix(".out"), stem.with_suffix(".err")), stem.with_suffix(".code")
        words = [self.windows_path(w) if isinstance(w, os.PathLike) else str(w) for w in command]
        if env or stdin:
            options = ["--code", windows_path(code_file)] + (["--restricted"] if restricted else [])
            program = Alone(files, ["wine", str(_launch_exe()), *options, "--", *words], code_file,
                            env={**self.env, **(env or {})}, cwd=self.drive_c, stdin=stdin or subprocess.DEVNULL)
        else:
            program = Launched(files, self._launcher, subprocess.list2cmdline(words), restricted)
        self._programs.append(program)
        return program

    def run(self, command, timeout=30, **options):
        """Runs a program to its end. Output goes to files: nothing waits for what the program leaves behind."""
        program = self.start(command, **options)
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
        return [pid for pid, command in _commands_of(self.folder) if f"\\{name}".encode() in command]

    # ---- registry --------------------------------------------------------------------------------

    def registry(self, key):
        """{subkey relative to KEY: {value name: data}}; "" is the key itself, None if there is no such key."""
        code, *texts = self._launcher.ask("registry", key)
        assert int(code) in (0, NO_SUCH_FILE), (key, code)
        tree = {}
        for path, name, data in zip(texts[::3], texts[1::3], texts[2::3]):
            values = tree.setdefault(path, {})
            if data:
                values[name] = _data(data)
        return tree or None

    def registry_get(self, key, name):
        """int of a DWORD, str of text, list of a multi-string, bytes of anything else; None if absent."""
        return ((self.registry(key) or {}).get("", {})).get(name)

    def registry_set(self, key, name, data, kind=None):
        kind = kind or ("REG_DWORD" if isinstance(data, int) else "REG_SZ")
        raw = data.to_bytes(4, "little") if kind == "REG_DWORD" else f"{data}\0".encode("utf-16-le")
        self._must("registry-set", key, name, KINDS[kind], raw.hex())

    def registry_delete(self, key, name=None):
        """True if it was there."""
        return self._launcher.ask("registry-delete", key, *(["value", name] if name else []))[0] == "0"

    def _must(self, *words):
        code = int(self._launcher.ask(*words)[0])
        assert code == 0, f"{' '.join(map(str, words))}: system error {code}"

    # ---- services --------------------------------------------------------------------------------

    def service_state(self, name):
        """One of SERVICE_STATES, or None if there is no such service."""
        code, state = map(int, self._launcher.ask("service-state", name))
        assert code in (0, NO_SUCH_SERVICE), (name, code)
        return SERVICE_STATES[state - 1] if code == 0 else None

    def wait_for_service(self, name, state, timeout=20):
        assert state in SERVICE_STATES, state
        deadline = time.monotonic() + timeout
        while (now := self.service_state(name)) != state:
            assert time.monotonic() < deadline, f"service {name} is {now}, not {state}, after {timeout} s"
            time.sleep(0.02)

    def service_create(self, name, command, start="demand"):
        self._must("service-create", name, command, SERVICE_STARTS[start])

    def service_start(self, name, timeout=20):
        self._must("service-start", name)
        self.wait_for_service(name, "RUNNING", timeout)

    def service_stop(self, name, timeout=20):
        self._must("service-stop", name)
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


def _launch_exe():
    program = build_root() / "test/windows/launch.exe"
    if not program.exists():
        raise FileNotFoundError(f"{program} is missing; build the Windows edition first")
    return program


def _data(text):
    kind, digits = text.split(":")
    raw = bytes.fromhex(digits)
    if kind == str(KINDS["REG_DWORD"]):
        return int.from_bytes(raw, "little")
    if kind in (str(KINDS["REG_SZ"]), str(KINDS["REG_EXPAND_SZ"])):
        return raw.decode("utf-16-le").rstrip("\0")
    if kind == str(KINDS["REG_MULTI_SZ"]):
        return [part for part in raw.decode("utf-16-le").split("\0") if part]
    return raw
