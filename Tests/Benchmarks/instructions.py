#!/usr/bin/env python3
"""Instructions per packet by stage, counted by callgrind, and the functions that take the most.

    instructions.py [--capture short,bulk,flood] [--packets 200000] [--functions 12]

Counts do not depend on what else the machine does. Two runs of different length are subtracted, so
that start-up does not count. Needs valgrind and binutils; debug information is stripped from a copy
first, as valgrind dies of Swift's.
"""
import argparse
import os
import re
import subprocess
import tempfile

import cost

STAGES = ["read", "decode", "track", "diagnose"]


def count(program, words, path, folder):
    """Instructions of a run, and those of each function."""
    out = os.path.join(folder, "callgrind.out")
    environment = dict(os.environ, SWIFT_BACKTRACE="enable=no")
    subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", program, *words, path],
        check=True, capture_output=True, env=environment)
    text = subprocess.run(
        ["callgrind_annotate", "--threshold=100", out], check=True, capture_output=True,
        text=True).stdout
    functions = {}
    for line in text.splitlines():
        match = re.match(r"\s*([\d,]+) (?:\([ \d.]+%\))?\s+\S*?:(\S.*?)(?: \[|$)", line)
        if match:
            name = match[2]
            functions[name] = functions.get(name, 0) + int(match[1].replace(",", ""))
    total = re.search(r"([\d,]+) (?:\(100\.0%\))?\s+PROGRAM TOTALS", text)[1]
    return int(total.replace(",", "")), functions


def readable(names):
    text = subprocess.run(
        ["swift", "demangle", "--simplified", "--compact"], input="\n".join(names), text=True,
        capture_output=True).stdout
    return dict(zip(names, text.splitlines()))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--capture", default="short,bulk,flood")
    parser.add_argument("--packets", type=int, default=200_000)
    parser.add_argument("--functions", type=int, default=12)
    parser.add_argument("--stages", default=",".join(STAGES))
    chosen = parser.parse_args()
    generator, stages = cost.built("generate"), cost.built("stages")
    long, short = chosen.packets, chosen.packets // 4
    options = {
        "short": lambda packets: dict(connections=packets // 10),
        "bulk": lambda packets: dict(packets=packets, snap_length=96),
        "flood": lambda packets: dict(packets=packets),
        "scale": lambda packets: dict(packets=packets, open=packets // 8),
        "mixed": lambda packets: dict(connections=packets // 80),
    }
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "stages")
        subprocess.run(["objcopy", "--strip-debug", stages, program], check=True)
        names = chosen.stages.split(",")
        print("| capture | " + " | ".join(names) + " |\n|---|" + "--:|" * len(names))
        most = {}
        for mode in chosen.capture.split(","):
            paths = [
                cost.capture(generator, mode, **options[mode](packets)) for packets in (short, long)]
            packets = [
                int(subprocess.run(
                    [stages, "read", path], capture_output=True, check=True).stdout)
                for path in paths]
            distance = packets[1] - packets[0]
            cells = []
            for stage in names:
                (few, fewer), (many, functions) = (
                    count(program, [stage], path, folder) for path in paths)
                cells.append(f"{(many - few) / distance:.0f}")
                most[mode] = {
                    name: (total - fewer.get(name, 0)) / distance
                    for name, total in functions.items()
                }
            print(f"| {mode} | " + " | ".join(cells) + " |", flush=True)
    for mode, functions in most.items():
        print(f"\n{mode}, {names[-1]}, by function:")
        top = sorted(functions, key=functions.get, reverse=True)[:chosen.functions]
        shown = readable(top)
        for name in top:
            print(f"{functions[name]:8.1f}  {shown.get(name, name)[:100]}")


if __name__ == "__main__":
    main()
