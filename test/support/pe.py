# SPDX-License-Identifier: MIT
"""What the headers of a Windows program say: pe.read(path) gives a Program; a broken file is a ValueError."""

import struct
from dataclasses import dataclass, field

DYNAMIC_BASE, HIGH_ENTROPY_VA, NX_COMPAT = 0x40, 0x20, 0x100
EXPORTS, IMPORTS, RESOURCES, RELOCATIONS, DELAYED = 0, 1, 2, 5, 13
RT_MESSAGETABLE, RT_GROUP_ICON, RT_VERSION, RT_MANIFEST = 11, 14, 16, 24
FIXED_INFO = struct.pack("<I", 0xFEEF04BD)


@dataclass
class Program:
    machine: int = 0
    characteristics: int = 0
    is_dll: bool = False
    sections: list = field(default_factory=list)  # names
    relocations: int = 0  # size in bytes
    imports: list = field(default_factory=list)  # DLLs, lower case, those of delayed loading too
    exports: list = field(default_factory=list)  # names; "#" for what is exported without one
    version: tuple = ()  # the four numbers of the file, () without VERSIONINFO
    texts: dict = field(default_factory=dict)  # VERSIONINFO: "ProductVersion" and so on
    resources: dict = field(default_factory=dict)  # {(kind, number): bytes}


class _Image:
    def __init__(self, data):
        self.data = data
        start = self.numbers("<I", 0x3C)[0] if data[:2] == b"MZ" else -1
        if start < 0 or data[start : start + 4] != b"PE\0\0":
            raise ValueError("no Windows program")
        self.machine, count = self.numbers("<HH", start + 4)
        size, self.flags = self.numbers("<HH", start + 20)
        self.optional = start + 24
        if self.numbers("<H", self.optional)[0] != 0x20B:
            raise ValueError("no 64-bit program")
        first = self.optional + size
        self.sections = []
        for place in range(first, first + 40 * count, 40):
            name = data[place : place + 8].rstrip(b"\0").decode("latin-1")
            self.sections.append((name, *self.numbers("<IIII", place + 8)))

    def numbers(self, layout, place):
        return struct.unpack_from(layout, self.data, place)

    def directory(self, number):
        return self.numbers("<II", self.optional + 112 + 8 * number)

    def place(self, address):
        for _, _, base, size, raw in self.sections:
            if base <= address < base + size:
                return raw + address - base
        raise ValueError(f"address {address:#x} lies in no section")

    def text(self, address):
        start = self.place(address)
        return self.data[start : self.data.index(b"\0", start)].decode("latin-1")


def _imports(image, directory, entry_size, name_offset):
    address, _ = image.directory(directory)
    if address == 0:
        return
    place = image.place(address)
    while name := image.numbers("<I", place + name_offset)[0]:
        yield image.text(name).lower()
        place += entry_size


def _exports(image):
    address, _ = image.directory(EXPORTS)
    if address == 0:
        return []
    functions, names, _, name_table = image.numbers("<IIII", image.place(address) + 20)
    found = [image.text(image.numbers("<I", image.place(name_table) + 4 * n)[0]) for n in range(names)]
    return sorted(found) + ["#"] * (functions - names)


def _resources(image):
    """{(kind, number): bytes} of the first language of each; what has a name instead of a number is left out."""
    address, _ = image.directory(RESOURCES)
    if address == 0:
        return {}
    root, found = image.place(address), {}

    def entries(offset):
        named, numbered = image.numbers("<HH", root + offset + 12)
        for n in range(named + numbered):
            yield image.numbers("<II", root + offset + 16 + 8 * n)

    for kind, of_kind in entries(0):
        for number, of_number in entries(of_kind & 0x7FFFFFFF):
            _, of_language = next(entries(of_number & 0x7FFFFFFF))
            data, size = image.numbers("<II", root + of_language)
            start = image.place(data)
            found[kind, number] = image.data[start : start + size]
    return found


def _version_texts(block):
    """Of the strings in a VERSIONINFO those with a value; a string is: length, value length, type, key, value."""
    texts, place = {}, 0
    while place + 6 <= len(block):
        size, count, kind = struct.unpack_from("<HHH", block, place)
        end = block.find(b"\0\0\0", place + 6)
        key = block[place + 6 : end + 1].decode("utf-16-le", "replace").rstrip("\0") if end > 0 else ""
        if kind == 1 and count and key.isalnum() and size <= len(block) - place:
            value = (place + 6 + 2 * len(key) + 2 + 3) // 4 * 4
            texts[key] = block[value : value + 2 * count].decode("utf-16-le", "replace").rstrip("\0")
            place += (size + 3) // 4 * 4
        else:
            place += 4
    return texts


def read(path):
    try:
        image = _Image(path.read_bytes())
        program = Program(
            machine=image.machine,
            characteristics=image.numbers("<H", image.optional + 70)[0],
            is_dll=bool(image.flags & 0x2000),
            sections=[name for name, *_ in image.sections],
            relocations=image.directory(RELOCATIONS)[1],
            imports=[*_imports(image, IMPORTS, 20, 12), *_imports(image, DELAYED, 32, 4)],
            exports=_exports(image),
        )
        program.resources = _resources(image)
        block = next((data for (kind, _), data in program.resources.items() if kind == RT_VERSION), b"")
        if (fixed := block.find(FIXED_INFO)) >= 0:
            high, low = struct.unpack_from("<II", block, fixed + 8)
            program.version = (high >> 16, high & 0xFFFF, low >> 16, low & 0xFFFF)
            program.texts = _version_texts(block)
        return program
    except (struct.error, ValueError, StopIteration) as error:
        raise ValueError(f"{path}: {error}") from None
