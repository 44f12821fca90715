#!/usr/bin/env python3
"""Sends what an attacker would send through a pipe, and says how much memory tcpwhy took of it:

    attack.py PROGRAM [ATTACK…]     flood, reuse, gaps, tiny; all of them unless named

A flood of SYNs from 10 million addresses, one 4-tuple used again a million times, 100,000
connections each with a gap, a flow of a million segments of one byte. Fails when the program fails
or wants more than a gigabyte. The short forms are in BoundsTests.
"""
import os
import struct
import sys
import time

LIMIT = 1 << 20  # kilobytes
SYN, ACK, PSH = 2, 16, 8


def record(number, step, source, destination, ports, sequence, acknowledgment, flags, length=0):
    """A pcap record of an IPv4 packet, cut off behind its TCP header."""
    when = number * step
    return struct.pack(
        "<IIII", 1_700_000_000 + when // 1_000_000, when % 1_000_000, 40, 40 + length
    ) + struct.pack(
        ">BBHHHBBHIIHHIIBBHHH", 0x45, 0, 40 + length, 0, 0, 64, 6, 0, source, destination,
        ports >> 16, ports & 0xFFFF, sequence & 0xFFFFFFFF, acknowledgment & 0xFFFFFFFF, 0x50,
        flags, 65535, 0, 0)


CLIENT, SERVER, UP, DOWN = 0x0A000001, 0x0A000002, 40000 << 16 | 80, 80 << 16 | 40000


def flood():
    for number in range(10_000_000):
        yield record(number, 1, 0x0B000000 + number, SERVER, UP, number, 0, SYN)


def reuse():
    for number in range(1_000_000):
        yield record(number, 100, CLIENT, SERVER, UP, number * 1_000_003, 0, SYN)


def gaps():
    for number in range(100_000):
        client, at = 0x0B000000 + number, number * 4
        yield record(at, 10, client, SERVER, UP, 0, 0, SYN)
        yield record(at + 1, 10, SERVER, client, DOWN, 0, 1, SYN | ACK)
        yield record(at + 2, 10, client, SERVER, UP, 1, 1, ACK)
        yield record(at + 3, 10, client, SERVER, UP, 1 << 20, 1, ACK | PSH, 1000)


def tiny():
    yield record(0, 100, CLIENT, SERVER, UP, 0, 0, SYN)
    yield record(1, 100, SERVER, CLIENT, DOWN, 0, 1, SYN | ACK)
    for number in range(1_000_000):
        # Every second one comes twice.
        yield record(number + 2, 100, CLIENT, SERVER, UP, 1 + number * 2 // 3, 1, ACK | PSH, 1)


def run(program, attack, arguments):
    reading, writing = os.pipe()
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        os.dup2(reading, 0)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.close(writing)
        os.execv(program, [program, *arguments, "-"])
    os.close(reading)
    frames = 0
    with open(writing, "wb", buffering=1 << 20) as pipe:
        pipe.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for one in attack():
            pipe.write(one)
            frames += 1
    _, status, usage = os.wait4(child, 0)
    took = time.monotonic() - start
    fine = status == 0 and usage.ru_maxrss <= LIMIT
    print(f"{attack.__name__} {' '.join(arguments)}: {frames} frames, status "
          f"{os.waitstatus_to_exitcode(status)}, {usage.ru_maxrss // 1024} MiB, "
          f"{usage.ru_utime:.1f} s of {took:.1f} s{'' if fine else '  FAILED'}", flush=True)
    return fine


def main():
    program, *names = sys.argv[1:]
    attacks = [one for one in (flood, reuse, gaps, tiny) if not names or one.__name__ in names]
    results = [run(os.path.realpath(program), attack, arguments)
               for attack in attacks for arguments in ([], ["--json"])]
    sys.exit(0 if all(results) else 1)


main()
