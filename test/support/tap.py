# SPDX-License-Identifier: MIT
"""Makes a Python file a TAP test program.

    import tap

    @tap.test(timeout=20)
    def a_second_service_instance_is_refused(folder):
        ...

    tap.main()

Each function is one test; its name is the sentence that is printed. A parameter `folder` receives a
fresh pathlib.Path that is removed afterwards. tap.skip(reason) ends a test as skipped. Any exception
is a failure with its traceback as diagnostics; so is a test that runs longer than its timeout.
Arguments of the program select the tests whose name contains one of them.
"""

import inspect
import pathlib
import signal
import sys
import tempfile
import traceback

_tests = []


class _Skipped(BaseException):
    pass


class _TimedOut(BaseException):
    """No Exception, so that a test's own handlers do not swallow it."""


def test(timeout=10):
    def register(function):
        _tests.append((function, timeout))
        return function

    return register


def skip(reason):
    raise _Skipped(reason)


def diagnose(text):
    for line in str(text).splitlines() or [""]:
        print(f"# {line}", flush=True)


def _name(function):
    return function.__name__.replace("_", " ").strip()


def _call(function):
    if "folder" in inspect.signature(function).parameters:
        with tempfile.TemporaryDirectory(prefix="rj-test-") as folder:
            function(folder=pathlib.Path(folder))
    else:
        function()


def _run(number, function, timeout):
    """Runs one test, prints its line; True unless it failed."""

    def on_alarm(_signal, _frame):
        raise _TimedOut()

    label = f"{number} - {_name(function)}"
    signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    try:
        try:
            _call(function)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except _Skipped as skipped:
        print(f"ok {label} # SKIP {skipped}", flush=True)
        return True
    except _TimedOut:
        print(f"not ok {label}", flush=True)
        diagnose(f"timed out after {timeout} s at")
        diagnose(traceback.format_exc(limit=-3))
        return False
    except (Exception, SystemExit):  # pylint: disable=broad-except
        print(f"not ok {label}", flush=True)
        diagnose(traceback.format_exc())
        return False
    print(f"ok {label}", flush=True)
    return True


def main():
    wanted = sys.argv[1:]
    chosen = [t for t in _tests if not wanted or any(w in _name(t[0]) for w in wanted)]
    print(f"1..{len(chosen)}", flush=True)
    results = [_run(n, function, timeout) for n, (function, timeout) in enumerate(chosen, 1)]
    sys.exit(0 if all(results) and chosen else 1)
