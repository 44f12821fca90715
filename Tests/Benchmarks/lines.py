#!/usr/bin/env python3
"""Instructions that a line of output costs, counted by callgrind.

    lines.py [--connections 10000] [--turns 0] [TCPWHY] [BEFORE]

For each form of output: bytes and instructions of a line, over what --json --records summary takes of
the same connections, which no line is written of; and the share of it in FlowReport, which writes
the lines (the rest keeps and hands over what they say). Two runs of different length are subtracted,
so that start-up does not count. With another program, its figures stand behind. --turns adds
microseconds of CPU over a summary written right before, the median of so many of each program in turns;
below 15 % is noise. Needs valgrind and binutils.
"""
import argparse
import os
import statistics
import subprocess
import tempfile

import cost
import instructions

SUMMARY = ["analyze", "--json", "--records", "summary"]
FORMS = {
    "connection, JSON": ["analyze", "--json", "--records", "connection"],
    "transition, JSON": ["analyze", "--json", "--records", "transition"],
    "connection, CSV": ["analyze", "--csv"],
    "connection, text": ["analyze", "--all"],
}


def lines(program, form, path):
    """Lines and bytes of an output."""
    text = subprocess.run([program, *form, path], check=True, capture_output=True).stdout
    return text.count(b"\n"), len(text)


def counted(program, form, paths, folder):
    """By capture: instructions, and those of FlowReport's own functions."""
    copy = os.path.join(folder, "tcpwhy")
    subprocess.run(["objcopy", "--strip-debug", program, copy], check=True)
    found = []
    for path in paths:
        total, functions = instructions.count(copy, [*form, "--threads", "1"], path, folder)
        own = sum(count for name, count in functions.items() if "10FlowReport" in name)
        found.append((total, own))
    return found


def microseconds(programs, path, connections, turns):
    """By program and form: microseconds of CPU over the summary's, per connection."""
    found = {}
    for _ in range(turns):
        for form in FORMS.values():
            for program in programs:
                base, whole = (
                    cost.Cost([program, *arguments, "--threads", "1", path]).cpu
                    for arguments in (SUMMARY, form))
                found.setdefault((program, *form), []).append(1e6 * (whole - base) / connections)
    return {key: statistics.median(times) for key, times in found.items()}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=0)
    parser.add_argument(
        "programs", nargs="*", metavar="TCPWHY",
        default=[os.path.join(cost.REPOSITORY, ".build", "release", "tcpwhy")])
    chosen = parser.parse_args()
    generator = cost.built("generate")
    counts = [chosen.connections // 4, chosen.connections]
    paths = [cost.capture(generator, "short", connections=count) for count in counts]
    distance = counts[1] - counts[0]
    times = {}
    if chosen.turns:
        many = 10 * chosen.connections
        times = microseconds(
            chosen.programs, cost.capture(generator, "short", connections=many), many, chosen.turns)
    print("| line | bytes |" + " instructions | of it FlowReport | us |" * len(chosen.programs))
    print("|---|--:|" + "--:|" * 3 * len(chosen.programs))
    with tempfile.TemporaryDirectory() as folder:
        base = [counted(program, SUMMARY, paths, folder) for program in chosen.programs]
        for name, form in FORMS.items():
            (few, less), (many, more) = (lines(chosen.programs[0], form, path) for path in paths)
            cells = [f"{(more - less) / (many - few):.0f}"]
            for program, (short, long) in zip(chosen.programs, base):
                fewer, all = counted(program, form, paths, folder)
                of_line = distance / (many - few)
                taken = [(all[i] - fewer[i] - long[i] + short[i]) / distance for i in (0, 1)]
                cells += [f"{of_line * taken[0]:.0f}", f"{of_line * taken[1]:.0f}"]
                time = times.get((program, *form))
                cells.append("" if time is None else f"{of_line * time:.2f}")
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
