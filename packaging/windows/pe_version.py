# SPDX-License-Identifier: MIT
"""VERSIONINFO of a Windows program, as Windows Installer compares it: version with four numbers, language.

read(path) returns ("1.2.3.0", 1033), or None for a program that has no VERSIONINFO. A file that is no PE32+
program, or whose resources lead outside the file, is a ValueError.
"""

import struct

RT_VERSION = 16
RESOURCE_DIRECTORY = 2  # its place among the data directories
SIGNATURE = 0xFEEF04BD


def read(path):
    data = path.read_bytes()
    try:
        return _read(data)
    except struct.error as error:
        raise ValueError(f"{path}: broken program file: {error}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _read(data):
    start = struct.unpack_from("<I", data, 0x3C)[0] if data[:2] == b"MZ" else 0
    if not start or data[start:start + 4] != b"PE\0\0":
        raise ValueError("no Windows program")
    machine, sections, _, _, _, optional_size = struct.unpack_from("<HHIIIH", data, start + 4)
    optional = start + 24
    if machine != 0x8664 or struct.unpack_from("<H", data, optional)[0] != 0x20B:
        raise ValueError("no 64-bit program")
    address, size = struct.unpack_from("<II", data, optional + 112 + 8 * RESOURCE_DIRECTORY)
    if not size:
        return None

    def place(virtual):
        for number in range(sections):
            _, base, raw_size, raw = struct.unpack_from("<IIII", data, optional + optional_size + 40 * number + 8)
            if base <= virtual < base + raw_size:
                return raw + virtual - base
        raise ValueError("a resource lies outside the file")

    root = place(address)

    def entries(offset):
        named, numbered = struct.unpack_from("<HH", data, root + offset + 12)
        for number in range(named + numbered):
            yield struct.unpack_from("<II", data, root + offset + 16 + 8 * number)

    for kind, offset in entries(0):
        if kind == RT_VERSION:
            _, named = next(entries(offset & 0x7FFFFFFF))
            _, leaf = next(entries(named & 0x7FFFFFFF))
            virtual, length = struct.unpack_from("<II", data, root + leaf)
            found = place(virtual)
            return _version(data[found:found + length])
    return None


def _version(block):
    fixed = block.find(struct.pack("<I", SIGNATURE))
    if fixed < 0:
        raise ValueError("VERSIONINFO without its signature")
    high, low = struct.unpack_from("<II", block, fixed + 8)
    key = "Translation\0".encode("utf-16-le")
    place = block.find(key)
    if place < 0:
        raise ValueError("VERSIONINFO without a language")
    language = struct.unpack_from("<H", block, (place + len(key) + 3) // 4 * 4)[0]
    return f"{high >> 16}.{high & 0xFFFF}.{low >> 16}.{low & 0xFFFF}", language
