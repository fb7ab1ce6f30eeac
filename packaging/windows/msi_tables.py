# SPDX-License-Identifier: MIT
"""The tables of an MSI as rows of text, read by msiinfo and written back by msibuild.

    tables = read(path)              # {"File": Table, ...}
    for row in tables["File"]: row["Version"] = "1.2.3.0"
    write(path, [tables["File"]])    # replaces the whole table

A tool that fails, or that writes anything to stderr, is an Error with what it said.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

# Made by the tools themselves; not rows of the package.
INTERNAL = {"_SummaryInformation", "_ForceCodepage", "_Validation", "_Streams", "_Storages", "_Columns", "_Tables"}


class Error(Exception):
    pass


class Table(list):
    """Rows as dictionaries, with what a text archive of the table says of its columns."""

    def __init__(self, name, columns, types, keys, rows=()):
        super().__init__(rows)
        self.name, self.columns, self.types, self.keys = name, columns, types, keys

    @classmethod
    def parse(cls, text):
        lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
        columns, types = lines[0].split("\t"), lines[1].split("\t")
        head = lines[2].split("\t")
        if head[0].isdigit():
            head = head[1:]
        return cls(head[0], columns, types, head[1:], (dict(zip(columns, line.split("\t"))) for line in lines[3:]))

    def text(self):
        lines = ["\t".join(self.columns), "\t".join(self.types), "\t".join([self.name, *self.keys])]
        lines += ["\t".join(str(row[c]) for c in self.columns) for row in self]
        return "".join(line + "\r\n" for line in lines)

    def find(self, **wanted):
        return [row for row in self if all(row[c] == str(v) for c, v in wanted.items())]


def run(*command, cwd=None, zone=None):
    """What the tool wrote to stdout; `zone` is the time zone it shall believe in."""
    env = {**os.environ, "TZ": zone} if zone else None
    done = subprocess.run([str(c) for c in command], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0 or done.stderr.strip():
        said = done.stderr.strip() or done.stdout.strip() or f"status {done.returncode}"
        name = pathlib.Path(command[1 if command[0] == sys.executable else 0]).name
        raise Error(said if said.startswith(f"{name}: ") else f"{name}: {said}")
    return done.stdout


def read(msi, *names):
    """All tables, or those that are named."""
    msi = pathlib.Path(msi).resolve()
    names = names or [name for name in run("msiinfo", "tables", msi).split() if name not in INTERNAL]
    # The export of a table with streams leaves these in the working directory.
    with tempfile.TemporaryDirectory(prefix="rj-msi-") as folder:
        return {name: Table.parse(run("msiinfo", "export", msi, name, cwd=folder)) for name in names}


def summary(msi):
    """What `msiinfo suminfo` says: {"Template": "x64;1033", ...}."""
    lines = (line.partition(": ") for line in run("msiinfo", "suminfo", msi).splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def write(msi, tables):
    with tempfile.TemporaryDirectory(prefix="rj-msi-") as folder:
        files = []
        for table in tables:
            file = pathlib.Path(folder) / f"{table.name}.idt"
            file.write_bytes(table.text().encode("cp1252"))
            files.append(file)
        run("msibuild", msi, "-i", *files)
