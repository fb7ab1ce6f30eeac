# SPDX-License-Identifier: MIT
"""Takes the times and the random name out of an MSI, so that the same input gives the same bytes.

make_reproducible(path, package_code, epoch) sets the package code and both times in the summary and clears the
times of the folders inside the file. The tools that write an MSI offer no way to say these. Anything that is
not laid out as expected is a ValueError, and the file stays as it was.
"""

import struct

SIGNATURE = bytes.fromhex("D0CF11E0A1B11AE1")
END = 0xFFFFFFFE
SUMMARY = "\x05SummaryInformation"
PACKAGE_CODE, CREATED, SAVED = 9, 12, 13
TEXT, TIME = 30, 64
EPOCH_AS_FILETIME = 116444736000000000  # 1970, in units of 100 ns since 1601


class CompoundFile:
    def __init__(self, data):
        if data[:8] != SIGNATURE:
            raise ValueError("no compound file")
        self.data = bytearray(data)
        self.sector = 1 << struct.unpack_from("<H", data, 30)[0]
        self.mini_sector = 1 << struct.unpack_from("<H", data, 32)[0]
        first_directory, self.cutoff, first_mini, extra, extra_count = (
            struct.unpack_from("<I", data, place)[0] for place in (48, 56, 60, 68, 72))
        listed = list(struct.unpack_from("<109I", data, 76))
        for _ in range(extra_count):
            more = struct.unpack_from(f"<{self.sector // 4}I", data, self.place(extra))
            listed += more[:-1]
            extra = more[-1]
        self.table = []
        for number in listed:
            if number < END - 4:
                self.table += struct.unpack_from(f"<{self.sector // 4}I", data, self.place(number))
        self.directory = [self.place(s) + at for s in self.chain(first_directory, self.table)
                          for at in range(0, self.sector, 128)]
        self.mini_table = []
        for number in self.chain(first_mini, self.table):
            self.mini_table += struct.unpack_from(f"<{self.sector // 4}I", data, self.place(number))

    def place(self, number):
        return (number + 1) * self.sector

    @staticmethod
    def chain(number, table):
        seen = 0
        while number != END and number != 0xFFFFFFFF:
            if number >= len(table) or seen > len(table):
                raise ValueError("a chain of sectors leads nowhere")
            yield number
            number, seen = table[number], seen + 1

    def name(self, entry):
        length = struct.unpack_from("<H", self.data, entry + 64)[0]
        return bytes(self.data[entry:entry + max(0, length - 2)]).decode("utf-16-le")

    def offsets(self, entry):
        """Where each byte of a stream lies in the file, as a list."""
        first, size = struct.unpack_from("<II", self.data, entry + 116)
        if size >= self.cutoff:
            places = [self.place(s) + at for s in self.chain(first, self.table) for at in range(self.sector)]
        else:
            root = struct.unpack_from("<I", self.data, self.directory[0] + 116)[0]
            holder = [self.place(s) for s in self.chain(root, self.table)]
            places = []
            for number in self.chain(first, self.mini_table):
                start = number * self.mini_sector
                begin = holder[start // self.sector] + start % self.sector
                places += range(begin, begin + self.mini_sector)
        return places[:size]


def make_reproducible(path, package_code, epoch):
    file = CompoundFile(path.read_bytes())
    for entry in file.directory:
        file.data[entry + 100:entry + 116] = bytes(16)
    summaries = [entry for entry in file.directory if file.name(entry) == SUMMARY]
    if len(summaries) != 1:
        raise ValueError(f"{path}: no summary")
    offsets = file.offsets(summaries[0])
    stream = bytearray(file.data[o] for o in offsets)
    set_summary(stream, package_code, epoch)
    for offset, byte in zip(offsets, stream):
        file.data[offset] = byte
    path.write_bytes(file.data)


def set_summary(stream, package_code, epoch):
    section = struct.unpack_from("<I", stream, 44)[0]
    count = struct.unpack_from("<I", stream, section + 4)[0]
    time = struct.pack("<Q", EPOCH_AS_FILETIME + epoch * 10000000)
    found = set()
    for number in range(count):
        kind, offset = struct.unpack_from("<II", stream, section + 8 + 8 * number)
        place = section + offset
        form = struct.unpack_from("<I", stream, place)[0]
        if kind in (CREATED, SAVED) and form == TIME:
            stream[place + 4:place + 12] = time
            found.add(kind)
        elif kind == PACKAGE_CODE and form == TEXT:
            size = struct.unpack_from("<I", stream, place + 4)[0]
            text = package_code.encode("ascii") + b"\0"
            if size != len(text):
                raise ValueError("the package code has another length than a GUID")
            stream[place + 8:place + 8 + size] = text
            found.add(kind)
    if found != {PACKAGE_CODE, CREATED, SAVED}:
        raise ValueError("the summary lacks its package code or its times")
