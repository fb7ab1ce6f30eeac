#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the rules of this repository that no compiler checks, as one TAP test per rule.

Reads every file that git tracks. A finding names file, line, what was found and what to do. The rules
themselves are the functions below; house_rules_test.py feeds each of them a sample that must be
found and one that must not.
"""

import os
import pathlib
import posixpath
import re
import subprocess
import sys
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_LINES = 600

# A folder may include those of a lower number, and those named with it.
LAYERS = {"base": 0, "platform": 1, "runtime": 2, "host": 2, "engine": 3, "ipc": 4}
ROLES = {"service", "session", "worker"}
ROLE_LAYER = 5

# Folders inside one of these: each may include those before it. Files beside them come first, main.c last.
INNER_ORDER = {"session": ("ui", "cli", "command")}

# What plugins of one kind, by the first word of their id, have in common.
SHARED_PLUGIN_FOLDERS = {"check": "evidence", "package": "archive"}

C_INCLUDE = re.compile(r"^\s*#\s*include\s*([<\"])([^>\"]+)[>\"]")
OS_HEADERS = re.compile(
    r"(sys|linux|asm|net|netinet|arpa|mntent|windows|winsock2?|winternl|wincrypt|bcrypt|winreg|sddl|aclapi|shellapi|shlobj|commctrl"
    r"|uxtheme|dwmapi|userenv|wtsapi32|tlhelp32)"
    r"([/.].*)?$|"
    r"(unistd|fcntl|dirent|pwd|grp|poll|dlfcn|netdb|termios|spawn|ftw|fts|glob|wordexp|syslog|utime"
    r"|pthread|sched|semaphore|shadow|utmpx|ifaddrs|libgen)\.h$"
)
SYSTEM_MACRO = re.compile(
    r"^\s*#\s*(?:if|ifdef|ifndef|elif)\b.*\b(_WIN32|_WIN64|__linux__|__unix__|__APPLE__|_MSC_VER|__MINGW32__)\b"
)
UNSAFE_CALL = re.compile(
    r"(?<![\w.>])(system|popen|strcpy|strcat|sprintf|vsprintf|gets|strtok|alloca|mktemp|tmpnam|tempnam)\s*\("
)
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|\b(?i:not implemented|stub|stubs|stubbed|placeholder)\b")
MACHINE_PATH = re.compile(r"(?<![\w./}$*-])/(work|root|home)/(?!(?:alice|bob|carol|user|NAME)\b)\w")
ARCHIVE_HOST = re.compile(
    r"\b(?:[a-z]+\.debian\.(?:org|net)|[a-z]+\.(?:nuget|npmjs|chocolatey)\.org|pypi\.(?:org|io))\b"
)
MARKDOWN_LINK = re.compile(r"\]\(([^()\s]+)(?:\s+\"[^\"]*\")?\)")
VAGUE_NAME = re.compile(r"(^|_|-)(utils?|common|misc|manager|helpers?|helper2)(_|-|\.|$)")

C_SUFFIXES = {".c", ".h"}
SCRIPT_SUFFIXES = {".py", ".sh"}


@dataclass
class Source:
    path: str
    text: str

    def __post_init__(self):
        self.parts = pathlib.PurePosixPath(self.path).parts
        self.name = self.parts[-1]
        self.suffix = pathlib.PurePosixPath(self.path).suffix
        self.lines = self.text.splitlines()

    @property
    def is_c(self):
        return self.suffix in C_SUFFIXES

    @property
    def is_code(self):
        return (
            self.is_c
            or self.suffix in SCRIPT_SUFFIXES
            or self.name in ("meson.build", "meson_options.txt")
            or self.text.startswith("#!")
        )

    @property
    def is_data(self):
        """Input of tests, and the rules' own words."""
        return "fixtures" in self.parts or self.parts[:2] == ("test", "gates")

    @property
    def is_test(self):
        stem = pathlib.PurePosixPath(self.path).stem
        return self.parts[0] in ("test", "examples") or stem.endswith("_test") or self.path.startswith("sdk/abi/")

    @property
    def is_system_part(self):
        """The places where a file may know its operating system."""
        stem = pathlib.PurePosixPath(self.path).stem
        return self.path.startswith(("core/platform/posix/", "core/platform/win32/")) or stem.endswith(
            ("_posix", "_win32", "_posix_test", "_win32_test")
        )

    def code_lines(self):
        """C without comments and string contents, line by line."""
        return list(enumerate(blank_comments_and_strings(self.text).splitlines(), 1))

    def includes(self):
        for number, line in enumerate(self.lines, 1):
            if match := C_INCLUDE.match(line):
                yield number, match[1], match[2]


def blank_comments_and_strings(text):
    token = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)

    def blank(match):
        return re.sub(r"[^\n]", " ", match[0])

    return token.sub(blank, text)


def layer(folder):
    return ROLE_LAYER if folder in ROLES else LAYERS.get(folder)


def inner_place(own, name):
    """Where a file of core/OWN stands in that folder's own order."""
    order = INNER_ORDER.get(own, ())
    folder, slash, _ = name.partition("/")
    if name == "main.c":
        return len(order) + 1
    return order.index(folder) + 1 if slash and folder in order else 0


def core_include_problem(source, name):
    own = source.parts[1]
    first, slash, rest = name.partition("/")
    if first in ("plugins", "sdk", "core"):
        return f"core/ may not include {first}/ by path"
    if not slash:
        return None
    if own == "platform" and first in ("posix", "win32"):
        return None
    theirs = layer(first)
    if theirs is None:
        return f"\"{first}\" is no folder of core/"
    if first == own:
        if inner_place(own, rest) > inner_place(own, "/".join(source.parts[2:])):
            return f"inside core/{own} the order is: its own files, then {', '.join(INNER_ORDER[own])}"
        return None
    if layer(own) is None:
        return f"core/{own} has no place in the order of includes; give it one in this gate"
    if theirs > layer(own) or (first in ROLES and own in ROLES):
        return f"core/{own} may not include core/{first}: includes point from service and session down to base"
    return None


def plugin_include_problem(source, name, exists):
    folder = "/".join(source.parts[:-1])
    places = [folder]
    if shared := SHARED_PLUGIN_FOLDERS.get(source.parts[1].partition("-")[0]):
        places.append(f"plugins/{shared}")
        name = name.removeprefix(f"../{shared}/")
    if source.parts[1].startswith("check-"):
        places.append("plugins/evidence")
    if source.is_test:
        places.append("test/support")
    if any(exists(f"{place}/{name}") for place in places) and ".." not in name:
        return None
    return "a plugin includes its own folder and <realmjoin/*.h> only"


def include_direction(source, exists):
    if not source.is_c:
        return
    for number, kind, name in source.includes():
        problem = None
        if source.parts[0] == "core" and len(source.parts) > 2:
            if ".." in name.split("/"):
                problem = "includes of core/ start at core/, without \"..\""
            elif kind == '"' and not (source.is_test and exists(f"test/support/{name}")):
                problem = core_include_problem(source, name)
        elif source.parts[0] == "plugins" and len(source.parts) > 2:
            if kind == '"':
                problem = plugin_include_problem(source, name, exists)
            elif layer(name.partition("/")[0]) is not None and exists(f"core/{name}"):
                problem = "a plugin includes nothing of core/"
        elif source.path.startswith("sdk/include/") and kind == '"':
            problem = "SDK headers include <realmjoin/...> and the C library only"
        if problem:
            yield number, f"#include {name}: {problem}"


def system_headers(source, _exists):
    if not source.is_c or source.is_system_part or source.is_test:
        return
    for number, kind, name in source.includes():
        if kind == "<" and OS_HEADERS.match(name):
            yield number, f"<{name}> belongs to core/platform/posix or a plugin's NAME_posix.c"


def system_macros(source, _exists):
    if not source.is_c or source.is_system_part or source.is_data:
        return
    if source.path.startswith(("core/platform/", "sdk/")):
        return
    for number, line in source.code_lines():
        if match := SYSTEM_MACRO.match(line):
            yield number, f"{match[1]}: split the file into NAME_posix.c and NAME_win32.c instead"


def unsafe_calls(source, _exists):
    if not source.is_c or source.is_data:
        return
    for number, line in source.code_lines():
        if match := UNSAFE_CALL.search(line):
            yield number, f"{match[1]}() is not used here: bounded or argument-vector calls instead"


def unfinished_words(source, _exists):
    if not source.is_code or source.is_data:
        return
    for number, line in enumerate(source.lines, 1):
        if match := UNFINISHED.search(line):
            yield number, f"\"{match[0]}\": finish it or leave it out"


def machine_paths(source, _exists):
    if source.is_data:
        return
    for number, line in enumerate(source.lines, 1):
        if match := MACHINE_PATH.search(line):
            yield number, f"\"{match[0]}\" is a path of one machine"
        if match := ARCHIVE_HOST.search(line):
            yield number, f"\"{match[0]}\": name no package archive; derive it from the machine"


def dead_links(source, exists):
    """Links and pictures of Markdown that point into this tree."""
    if source.suffix != ".md":
        return
    folder = "/".join(source.parts[:-1])
    for number, line in enumerate(source.lines, 1):
        for target in MARKDOWN_LINK.findall(line):
            if re.match(r"[a-z]+:|#", target):
                continue
            path = posixpath.normpath(posixpath.join(folder, target.partition("#")[0]))
            if not exists(path):
                yield number, f"the link to {target} leads nowhere"


def licence_lines(source, _exists):
    if source.is_code and not source.is_data and source.text.strip():
        if not any("SPDX-License-Identifier: MIT" in line for line in source.lines[:5]):
            yield 1, "no SPDX-License-Identifier: MIT among the first five lines"


def file_lengths(source, _exists):
    if source.is_code and not source.is_data and len(source.lines) > MAX_LINES:
        yield len(source.lines), f"{len(source.lines)} lines; split it by concern at about {MAX_LINES}"


def file_names(source, _exists):
    if source.is_code and VAGUE_NAME.search(source.name):
        yield 1, "name the file by what it does"


RULES = {
    "includes point one way": include_direction,
    "headers of the system stay in the platform parts": system_headers,
    "conditions on the system stay in the platform parts": system_macros,
    "no unsafe calls": unsafe_calls,
    "nothing unfinished": unfinished_words,
    "no paths or hosts of one machine": machine_paths,
    "links in documents lead somewhere": dead_links,
    "every source names its licence": licence_lines,
    "no file is too long": file_lengths,
    "file names say what is inside": file_names,
}


def findings(rule, source, exists=lambda path: (ROOT / path).exists()):
    return [f"{source.path}:{number}: {text}" for number, text in rule(source, exists)]


def tracked_files():
    """Paths of the tracked files; of all files where the tree is no git checkout."""
    if (ROOT / ".git").exists():
        git = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "ls-files", "-z"]
        listed = subprocess.run(git, capture_output=True, check=True).stdout.decode().split("\0")
        return sorted(path for path in listed if path and (ROOT / path).is_file())
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in ("build", ".git", "__pycache__")]
        found += [str((pathlib.Path(folder) / name).relative_to(ROOT)) for name in names]
    return sorted(found)


def read_sources():
    for path in tracked_files():
        try:
            yield Source(path, (ROOT / path).read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue  # pictures and archives


def main():
    sources = list(read_sources())
    failed = False
    print(f"1..{len(RULES)}")
    for number, (sentence, rule) in enumerate(RULES.items(), 1):
        found = [text for source in sources for text in findings(rule, source)]
        failed = failed or bool(found)
        print(f"{'not ok' if found else 'ok'} {number} - {sentence}")
        for text in found:
            print(f"# {text}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
