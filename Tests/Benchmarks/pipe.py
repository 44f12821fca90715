#!/usr/bin/env python3
"""Sends many short connections through a pipe into tcpwhy and watches its memory.

    pipe.py [--packets 100000000] [--spacing 50] [TCPWHY]

Segments are --spacing microseconds apart: 50 are 2,000 new connections a second, of which those of the
last minute or two are in memory at any time. Memory is read every second from /proc. The
exit status is 1 when the second half of the run needed over 5 % more than the first.
"""
import argparse
import os
import subprocess
import tempfile
import time

import cost


def resident(process):
    with open(f"/proc/{process}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, default=100_000_000)
    parser.add_argument("--spacing", type=int, default=50, help="microseconds")
    parser.add_argument("--open", type=int, default=20, help="connections that exchange data at once")
    parser.add_argument(
        "program", nargs="?", metavar="TCPWHY",
        default=os.path.join(cost.REPOSITORY, ".build", "release", "tcpwhy"))
    chosen = parser.parse_args()
    source = subprocess.Popen(
        [cost.built("generate"), "short", "--connections", str(chosen.packets // 10),
         "--open", str(chosen.open), "--spacing", str(1000 * chosen.spacing)],
        stdout=subprocess.PIPE, pipesize=1 << 20)
    started = time.monotonic()
    output = tempfile.TemporaryFile()
    program = subprocess.Popen(
        [chosen.program, "analyze", "--json", "--records", "summary,finding", "-"],
        stdin=source.stdout, stdout=output)
    source.stdout.close()
    samples = []
    while program.poll() is None:
        try:
            samples.append(resident(program.pid))
        except (OSError, IndexError):
            break
        time.sleep(1)
    source.wait()
    elapsed = time.monotonic() - started
    output.seek(0)
    lines = output.read().decode().splitlines()
    print(lines[-1] if lines else f"no output, status {program.returncode}")
    print(f"{elapsed:.0f} s, {chosen.packets / elapsed / 1e6:.2f} M packets/s")
    tenths = [samples[min(len(samples) - 1, len(samples) * tenth // 10)] for tenth in range(1, 11)]
    print("MiB after each tenth: " + " ".join(f"{size:.0f}" for size in tenths))
    half = len(samples) // 2
    grows = max(samples[half:]) > 1.05 * max(samples[1:half] or samples)
    return 1 if grows or program.returncode != 0 else 0


if __name__ == "__main__":
    raise SystemExit(main())
