#!/usr/bin/env python3
"""Runs tcpwhy over captures of which 1 % of the bytes were flipped, and looks for signals, runs of
more than 10 seconds of a processor, runs that go to sleep, and runs that want more than 1 GiB.

    flip.py [--seeds 200] [--first 0] [--keep FOLDER] TCPWHY CAPTURE-OR-FOLDER...

Even seeds flip bytes anywhere, odd ones only inside the frames of pcap files, so that the reader
goes on to the end. A capture and a seed always give the same bytes. Every capture has its turn
before the next seed: what is broken off goes on with --first. What failed is kept in --keep; the
exit status is 1 then.
"""
import argparse
import array
import glob
import os
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from captures import captures

SECONDS = 10
MEMORY = 1 << 30
# Every way out of the program gets its share of the seeds.
COMMANDS = [
    ["analyze", "--all"],
    ["analyze", "--json"],
    ["timeline", "--all", "--limit", "50"],
    ["report", "-o", "-"],
    ["analyze", "--csv"],
]
ALLOWED = (0, 2, 3)


def frame_bytes(data):
    """Positions that lie inside frames of a pcap file; all positions of any other file."""
    if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"):
        order = "<"
    elif data[:4] in (b"\xa1\xb2\xc3\xd4", b"\xa1\xb2\x3c\x4d"):
        order = ">"
    else:
        return range(len(data))
    places, at = array.array("I"), 24
    while at + 16 <= len(data):
        (length,) = struct.unpack_from(order + "I", data, at + 8)
        places.extend(range(at + 16, min(at + 16 + length, len(data))))
        at += 16 + length
    return places or range(len(data))


def flipped(data, inside, seed):
    generator = random.Random(seed)
    places = inside if seed % 2 else range(len(data))
    damaged = bytearray(data)
    for _ in range(max(1, len(places) // 100)):
        damaged[generator.choice(places)] ^= generator.randrange(1, 256)
    return bytes(damaged)


def limit():
    """Bounds this process, and by inheritance those it starts: without code between fork and exec, a
    process starts faster."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(program, arguments, path):
    environment = dict(os.environ, SWIFT_BACKTRACE="enable=no")
    command = [program, arguments[0], path] + arguments[1:]
    with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment) as process:
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (SECONDS, SECONDS))
        while True:
            try:
                _, errors = process.communicate(timeout=SECONDS)
                break
            except subprocess.TimeoutExpired:
                if sleeps(process.pid):
                    process.kill()
                    return f"asleep after {SECONDS} s"
    if process.returncode in ALLOWED:
        return None
    return f"status {process.returncode}: {errors[-300:].decode(errors='replace')}"


def sleeps(pid):
    """Whether no thread of the process wants to run: on a busy machine one that does may have to wait
    for longer than it takes."""
    for _ in range(20):
        for path in glob.glob(f"/proc/{pid}/task/*/stat"):
            with open(path) as file:
                if file.read().rpartition(")")[2].split()[0] == "R":
                    return False
        time.sleep(0.1)
    return True



def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--keep", default="flipped")
    parser.add_argument("program")
    parser.add_argument("captures", nargs="+")
    options = parser.parse_args()
    limit()
    runs, failures, slowest, start = 0, 0, (0.0, ""), time.monotonic()
    originals = []
    for capture in captures(options.captures):
        with open(capture, "rb") as file:
            data = file.read()
        originals.append((capture, data, frame_bytes(data)))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "flipped")
        for seed in range(options.first, options.first + options.seeds):
            arguments = COMMANDS[(seed // 2) % len(COMMANDS)]
            for capture, data, inside in originals:
                damaged = flipped(data, inside, seed)
                with open(path, "wb") as file:
                    file.write(damaged)
                began = time.monotonic()
                fault = run(options.program, arguments, path)
                taken = time.monotonic() - began
                slowest = max(slowest, (taken, f"{capture} seed {seed}"))
                runs += 1
                if fault:
                    failures += 1
                    os.makedirs(options.keep, exist_ok=True)
                    name = capture.strip("/").replace("/", "_") + f".{seed}"
                    with open(os.path.join(options.keep, name), "wb") as file:
                        file.write(damaged)
                    print(f"{capture} seed {seed} {' '.join(arguments)}: {fault}", flush=True)
            print(f"seed {seed}: {runs} runs so far, {failures} failures", flush=True)
    print(
        f"{runs} runs, {failures} failures, slowest {slowest[0]:.2f} s ({slowest[1]}), "
        f"{time.monotonic() - start:.0f} s in all")
    sys.exit(1 if failures else 0)


main()
