#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Calls of the operating system come from the platform parts alone, as the compiled objects show.

house_rules.py looks at the headers that are included; this looks at what is called in the end. The build
folder is RJ_BUILD_ROOT.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402

BUILD = pathlib.Path(os.environ["RJ_BUILD_ROOT"])
SYSTEM_CALL = re.compile(
    r"(open|openat|creat|read|write|pread|pwrite|close|fsync|fdatasync|f?l?stat(at)?|access|faccessat|unlink(at)?"
    r"|rename(at)?|link(at)?|symlink(at)?|readlink(at)?|mkdir(at)?|rmdir|opendir|fdopendir|scandir|fopen|freopen|remove"
    r"|f?chmod(at)?|f?l?chown(at)?|umask|chdir|getcwd|realpath|mkstemp|mkdtemp|ftruncate|fcntl|flock|ioctl|isatty"
    r"|fork|vfork|exec[lv]p?e?|posix_spawnp?|wait|waitpid|waitid|kill|sigaction|signal|pipe2?|poll|select"
    r"|socket|bind|listen|accept4?|connect|send(to|msg)?|recv(from|msg)?|getsockopt|setsockopt"
    r"|gete?[ug]id|set[ug]id|getpid|getpw(nam|uid)(_r)?|gethostname|sysconf|dlopen|dlsym|mmap|pthread_create"
    r"|clock_gettime|gettimeofday|nanosleep|usleep|sleep|setenv|unsetenv|putenv)(64)?(_2)?$"
)


def called(objects):
    for path in objects:
        shown = subprocess.run(["nm", "-u", path], capture_output=True, check=True, text=True).stdout
        for symbol in re.findall(r"U (\w+)", shown):
            if SYSTEM_CALL.match(symbol.removeprefix("__")):
                yield f"{path.relative_to(BUILD)} calls {symbol}()"


def objects():
    for folder in ("core", "plugins", "sdk"):
        for path in sorted((BUILD / folder).rglob("*.c.o")):
            if "_test.p" not in str(path) and not path.name.endswith("_test.c.o") and "test_support" not in path.name:
                yield path


@tap.test(timeout=60)
def only_the_platform_parts_call_the_operating_system():
    if not shutil.which("nm"):
        tap.skip("nm is not installed")
    paths = list(objects())
    own = [path for path in paths if path.name.endswith("_posix.c.o")]
    others = [path for path in paths if path not in own]
    assert len(others) > 100, "the build has no objects"
    assert len(set(called(own))) > 100, "the calls are not recognised"
    found = sorted(set(called(others)))
    assert not found, "\n".join(found)


tap.main()
