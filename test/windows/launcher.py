# SPDX-License-Identifier: MIT
"""launch.exe from this side: programs in a prefix, and the one program there that starts them and knows the system.

    launcher = Launcher(exe, env, folder, log)
    launcher.ask("service-state", "realmjoin")     # the texts of the answer
    program = Launched(files, launcher, line, restricted)
    program.wait(60)                               # its Result

A launcher that has ended is RuntimeError, an answer that does not come in time is subprocess.TimeoutExpired.
"""

import os
import select
import signal
import struct
import subprocess
import threading
import time
from typing import NamedTuple


class Result(NamedTuple):
    code: int  # all 32 bits, unsigned
    out: str
    err: str


def windows_path(path):
    """The Windows name of a file of this machine."""
    return "Z:" + str(path).replace("/", "\\")


def _text(path):
    """Nothing yet, before the launcher has made the file."""
    return (path.read_bytes() if path.exists() else b"").decode("utf-8", "replace").replace("\r\n", "\n")


class Launcher:
    def __init__(self, program, env, folder, log):
        with open(log, "ab") as errors:
            self._process = subprocess.Popen(  # pylint: disable=consider-using-with
                ["wine", str(program), "--serve"], env=env, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=errors, start_new_session=True)
        self._count, self._answers, self._ended = 0, {}, False
        self._changed = threading.Condition()
        # Wine's own services may hold the pipe open, so its end alone does not tell that the launcher has ended.
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        source = self._process.stdout
        while len(head := source.read(4)) == 4:
            body = source.read(struct.unpack("<I", head)[0])
            number, *texts = body.decode("utf-16-le", "surrogatepass").split("\0")[:-1]
            with self._changed:
                self._answers[int(number)] = texts
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def send(self, *words):
        """The number of a request to which an answer comes."""
        with self._changed:
            self._count += 1
            number = self._count
            body = "".join(f"{word}\0" for word in (number, *words)).encode("utf-16-le", "surrogatepass")
            try:
                self._process.stdin.write(struct.pack("<I", len(body)) + body)
                self._process.stdin.flush()
            except OSError as error:
                raise RuntimeError("the launcher in the prefix has ended") from error
        return number

    def has_answered(self, number):
        """Also true when no answer will come any more."""
        with self._changed:
            return number in self._answers or self._is_gone()

    def _is_gone(self):
        return self._ended or self._process.poll() is not None

    def answer(self, number, timeout):
        deadline = time.monotonic() + timeout
        with self._changed:
            while number not in self._answers:
                left = deadline - time.monotonic()
                if self._is_gone():
                    raise RuntimeError("the launcher in the prefix has ended")
                if left <= 0:
                    raise subprocess.TimeoutExpired(f"request {number} to the launcher", timeout)
                self._changed.wait(min(left, 1))
            return self._answers[number]

    def ask(self, *words, timeout=90):
        return self.answer(self.send(*words), timeout)

    def end(self):
        """When the prefix has been stopped."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(10)
        try:
            self._process.stdin.close()
        except OSError:
            pass  # a request that nobody was there to read


class Program:
    """A program that runs beside the test."""

    def __init__(self, files):
        self._files = files

    @property
    def output(self):
        return _text(self._files[0])

    @property
    def errors(self):
        return _text(self._files[1])

    def wait(self, timeout=30):
        code, more = self._outcome(timeout)
        return Result(code & 0xFFFFFFFF, self.output, self.errors + more)

    def _outcome(self, timeout):
        """The exit code, and what is to be said besides."""
        raise NotImplementedError

    def running(self):
        raise NotImplementedError

    def kill(self):
        raise NotImplementedError


class Launched(Program):
    """Started by the prefix's launcher."""

    def __init__(self, files, launcher, line, restricted):
        super().__init__(files)
        for file in files:
            file.touch()  # there from the start, as with a program of this system
        self._launcher = launcher
        self._number = launcher.send("run", int(restricted), *map(windows_path, files), line)

    def _outcome(self, timeout):
        return int(self._launcher.answer(self._number, timeout)[0]), ""

    def running(self):
        return not self._launcher.has_answered(self._number)

    def kill(self):
        """Only the program itself: what it has started must end, or live, by its own doing."""
        if self.running():
            self._launcher.send("kill", self._number)
            self._launcher.answer(self._number, 30)


class Alone(Program):
    """With a launcher of its own, for an input or environment that Wine takes over from this system."""

    def __init__(self, files, command, code_file, **options):
        super().__init__(files)
        self._code_file = code_file
        with open(files[0], "wb") as out, open(files[1], "wb") as err:
            self._process = subprocess.Popen(  # pylint: disable=consider-using-with
                command, stdout=out, stderr=err, start_new_session=True, **options)
        self._ended = os.pidfd_open(self._process.pid)

    def _outcome(self, timeout):
        select.select([self._ended], [], [], timeout)
        self._process.wait(0)
        code = self._process.returncode
        if self._code_file.exists() and (whole := self._code_file.read_text()):
            return int(whole), ""
        return code, f"(Wine ended with {code}; the program itself has left no exit code)\n" if code else ""

    def running(self):
        return self._process.poll() is None

    def kill(self):
        if self.running():
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)
