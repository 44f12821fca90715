#!/usr/bin/env python3
"""Makes the inputs a fuzz target starts from, out of ../../Captures: seeds.py TARGET FOLDER"""
import os
import random
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.dirname(HERE))
from captures import captures

CAPTURES = os.path.join(HERE, "..", "..", "Captures")
# The order of FrameHarness.
LINK_TYPES = [1, 0, 9, 50, 51, 101, 108, 113, 228, 229, 276]


def contents():
    for path in captures([CAPTURES]):
        with open(path, "rb") as file:
            yield file.read()


def frames(data):
    """Link type and frames of a little-endian pcap file."""
    if data[:4] not in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"):
        return 1, []
    (link,) = struct.unpack_from("<I", data, 20)
    found, at = [], 24
    while at + 16 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 8)
        found.append(data[at + 16 : at + 16 + length])
        at += 16 + length
    return link & 0x3FFFFFF, found


def pcapng(link, packets):
    """The same frames as pcapng, with a resolution and a simple packet."""
    def block(kind, body):
        body += bytes(-len(body) % 4)
        length = len(body) + 12
        return struct.pack("<II", kind, length) + body + struct.pack("<I", length)

    out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += block(1, struct.pack("<HHI", link, 0, 0) + b"\x09\0\1\0\x09\0\0\0" + bytes(4))
    for index, frame in enumerate(packets):
        head = struct.pack("<IIIII", 0, 0x17, index << 10, len(frame), len(frame))
        out += block(6, head + frame)
    if packets:
        out += block(3, struct.pack("<I", len(packets[0])) + packets[0])
    return out


def frame_seeds():
    for data in contents():
        link, found = frames(data)
        if link not in LINK_TYPES:
            continue
        out = bytes([LINK_TYPES.index(link)])
        for frame in found[:6]:
            out += bytes([min(len(frame), 254) & ~1, 4]) + frame[: min(len(frame), 254) & ~1]
        yield out
        # The IP packet alone under every other link type.
        packet = found[0][14:] if found and link == 1 else b""
        heads = {0: b"\2\0\0\0", 9: b"\0\x21", 50: b"\xff\3\0\x21", 51: b"\x11\0\0\1\0\x40\0\x21",
                 101: b"", 108: b"\0\0\0\2", 113: bytes(14) + b"\x08\0", 228: b"",
                 276: b"\x08\0" + bytes(18)}
        for kind, head in heads.items():
            body = (head + packet)[:254]
            yield bytes([LINK_TYPES.index(kind), len(body) & ~1, 4]) + body
    inner = bytes.fromhex("4500002800010000400600000a0000010a000002") + bytes(12) + b"\x50\2" + bytes(6)
    for extra in (b"\x81\0\0\1" * 3 + b"\x08\0", b"\x88\x47\0\0\1\x40", b"\x88\x64\x11\0\0\1\0\x2a\0\x21"):
        body = bytes(12) + extra + inner
        yield bytes([0, len(body), 4]) + body
    for protocol, head in ((4, b""), (47, b"\0\0\x08\0"), (41, b"")):
        outer = bytearray(inner[:20]) + head + inner
        outer[9] = protocol
        outer[2:4] = struct.pack(">H", len(outer))
        yield bytes([5, len(outer), 4]) + bytes(outer)
    first, second = bytearray(inner[:20] + inner[20:36]), bytearray(inner[:20] + inner[36:])
    first[2:4], first[6:8] = b"\0\x24", b"\x20\0"
    second[2:4], second[6:8] = b"\0\x18", b"\0\2"
    yield bytes([5, len(first), 4]) + bytes(first) + bytes([len(second), 4]) + bytes(second)
    six = b"\x60\0\0\0\0\x1c\x2c\x40" + bytes(15) + b"\1" + bytes(15) + b"\2"
    yield bytes([9, 68, 4]) + six + b"\6\0\0\0\0\0\0\1" + inner[20:]


def option_seeds():
    yield bytes.fromhex("a0020405b40402080a0000000100000000010303 07".replace(" ", ""))
    yield bytes.fromhex("80 0101080a0000000100000002".replace(" ", ""))
    yield bytes.fromhex("f0 0101080a00000001000000020101051a" .replace(" ", "")) + bytes(24)
    yield bytes.fromhex("a0 1e0c0081" .replace(" ", "")) + bytes(8) + b"\x22\x0a" + bytes(8)
    yield bytes.fromhex("a0 fe04f989 1c04003c 1d10" .replace(" ", "")) + bytes(14)
    yield bytes.fromhex("a0 1312" .replace(" ", "")) + bytes(16) + bytes.fromhex("ac0b") + bytes(9)


def file_seeds():
    for data in contents():
        link, found = frames(data)
        if len(data) <= 4096:
            yield data
        yield data[: 24 + 3 * 90]
        yield pcapng(link, [frame[:120] for frame in found[:4]])
    big = struct.pack(">IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)
    yield big + struct.pack(">IIII", 1, 2, 4, 60) + bytes(4)
    yield struct.pack("<IHHiIII", 0xA1B2CD34, 2, 4, 0, 0, 0, 113) + struct.pack(
        "<IIIIIIxx", 1, 2, 4, 60, 0, 0)[:24] + bytes(4)


def pipeline_seeds():
    for index, data in enumerate(contents()):
        link, found = frames(data)
        out = bytes([0x10 if index % 2 else 0x08])
        for frame in found[:24]:
            frame = frame[:100]
            out += bytes([31 << 3, link & 255, 0, len(frame), 0, index % 9, 0, 0]) + frame
        yield out
    # side 0: SYN, side 1: SYN,ACK, and so on, in the words of SegmentScript.
    client, server = 0, 4
    opening = [(client, 0), (server, 1), (client, 2)]
    endings = [
        [(client, 5), (server, 2), (server, 5), (client, 2)],
        [(client, 6)],
        [(server, 5), (client, 6)],
        [(client, 5), (server, 5), (client, 2), (server, 2), (client, 0), (server, 2), (client, 6)],
        [(client, 5), (server, 2), (server, 5), (client, 2), (client, 0), (server, 1), (client, 2)],
        [(client, 4), (client, 4), (client, 4), (server, 2), (server, 4), (client, 2)],
    ]
    generator = random.Random(7)
    for tuple_number in range(4):
        for ending in endings:
            for bounds in (0, 8 + 16, 1 + 2 + 4):
                out = bytes([bounds])
                for side, flags in opening + ending:
                    length = 5 if flags == 4 else 0
                    options = 15 if flags < 2 else 8
                    out += bytes([side | tuple_number, flags, 0, 0, length,
                                  generator.randrange(14), 3, options])
                yield out
    # Whole lives, told in scenes; the last byte chooses how the tracker is driven.
    flood, close, opening, exchange = (kind << 3 for kind in (24, 25, 26, 27))
    for ending in (0, 32, 96, 1 + 32, 2, 4, 8, 16, 4 + 32, 8 + 96):
        for last in (8, 4 + 8, 32 + 8, 16 + 8):
            out = bytes([0])
            for kind, flags in ((opening, 0), (exchange, 15), (close + server, ending),
                                (exchange, 9), (flood, 3), (close, ending)):
                out += bytes([kind, flags, 4, 1, 4, 1, 3, 8])
            yield out[:-1] + bytes([last])


SEEDS = {"frames": frame_seeds, "options": option_seeds, "files": file_seeds,
         "pipeline": pipeline_seeds, "report": pipeline_seeds}


def main():
    target, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    for index, seed in enumerate(dict.fromkeys(SEEDS[target]())):
        with open(os.path.join(folder, f"seed-{index:04}"), "wb") as file:
            file.write(seed)


main()
