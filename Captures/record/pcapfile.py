"""Classic pcap files, nanosecond precision, read and written."""

import struct
from dataclasses import dataclass, replace

from segment import Segment

NANO = 0xA1B23C4D
MICRO = 0xA1B2C3D4
ETHERNET = 1


@dataclass(frozen=True)
class Record:
    """One frame: its time in nanoseconds since 1970, its bytes, its length on the wire."""

    time: int
    data: bytes
    wire_length: int

    @property
    def segment(self):
        return Segment.parse(self.data)

    def later(self, nanoseconds):
        return replace(self, time=self.time + nanoseconds)

    def cut(self, snaplen):
        return replace(self, data=self.data[:snaplen])


def read(path):
    """(link type, records) of a pcap file."""
    with open(path, "rb") as file:
        data = file.read()
    for order in "<>":
        magic = struct.unpack_from(order + "I", data)[0]
        if magic in (NANO, MICRO):
            break
    else:
        raise ValueError(f"{path}: not a pcap file")
    scale = 1 if magic == NANO else 1000
    link = struct.unpack_from(order + "I", data, 20)[0]
    records, at = [], 24
    while at + 16 <= len(data):
        seconds, fraction, kept, whole = struct.unpack_from(order + "4I", data, at)
        records.append(Record(seconds * 10**9 + fraction * scale, data[at + 16:at + 16 + kept], whole))
        at += 16 + kept
    return link, records


def write(path, records, link=ETHERNET, snaplen=262144):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", NANO, 2, 4, 0, 0, snaplen, link))
        for record in records:
            file.write(struct.pack("<4I", record.time // 10**9, record.time % 10**9,
                                   len(record.data), record.wire_length) + record.data)
