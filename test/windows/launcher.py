# SPDX-License-Identifier: MIT
"""launch.exe --serve from this side: one program in a prefix that starts the others and knows the system.

    launcher = Launcher(exe, env, folder, log)
    number = launcher.send("run", ...)         # goes on at once
    launcher.answer(number, timeout)           # the texts of the answer

A launcher that has ended is RuntimeError, an answer that does not come in time is subprocess.TimeoutExpired.
"""

import struct
import subprocess
import threading
import time


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
