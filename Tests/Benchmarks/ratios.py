#!/usr/bin/env python3
"""What each stage costs, as a ratio to libpcap reading the same capture and doing nothing.

    ratios.py [--packets 1000000] [--rounds 5] [--also "--threads 2"]... [TCPWHY]

Stages go from the file to where they are named: `track` includes `read` and `decode`. Each run of a
stage follows a run of the empty loop, and the median of their ratios is printed: ratios hold on a
busy machine, seconds do not. The last columns are the whole program, on one thread, with --json
--records summary,finding, its packets per second of CPU and its peak memory; --also adds runs of it
with more options, and says what they cost and how long they take.
"""
import argparse
import os
import shlex

import cost

STAGES = ["read", "decode", "track", "diagnose"]
PROGRAM = ["analyze", "--json", "--records", "summary,finding", "--threads", "1"]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--also", action="append", default=[], metavar="OPTIONS")
    parser.add_argument("--captures", default="short,bulk,flood,scale,once,mixed")
    parser.add_argument(
        "program", nargs="?", metavar="TCPWHY",
        default=os.path.join(cost.REPOSITORY, ".build", "release", "tcpwhy"))
    chosen = parser.parse_args()
    generator, stages, reference = (
        cost.built(name) for name in ("generate", "stages", "reference"))
    count = chosen.packets
    captures = {
        "short": [("short", dict(connections=count // 10))],
        "bulk": [("bulk", dict(packets=count, snap_length=96))],
        "flood": [("flood", dict(packets=count))],
        "scale": [
            (f"scale {open // 1000} k", dict(packets=max(count, 4 * open), open=open))
            for open in (1000, 10_000, 100_000, 1_000_000)
        ],
        # The same traffic, handshakes of milliseconds whoever else is there.
        "once": [
            (f"{open // 1000} k at once",
             dict(connections=max(count, 10 * open) // 10, open=open,
                  spacing=max(1, min(1000, 10_000_000 // open))))
            for open in (1000, 10_000, 100_000, 1_000_000)
        ],
        "mixed": [("mixed", dict(connections=count // 80))],
    }
    print("| capture | " + " | ".join(STAGES) + " | program | M packets/s | MiB |")
    print("|---|" + "--:|" * (len(STAGES) + 3))
    for mode in chosen.captures.split(","):
        for name, options in captures[mode]:
            path = cost.capture(generator, "short" if mode == "once" else mode, **options)
            packets = int(os.popen(shlex.join([reference, path])).read())
            yardstick = [reference, path]
            cells = [
                f"{cost.Ratio([stages, stage, path], yardstick, chosen.rounds).cpu:.2f}"
                for stage in STAGES
            ]
            whole = cost.Ratio([chosen.program, *PROGRAM, path], yardstick, chosen.rounds)
            cells += [
                f"{whole.cpu:.2f}", f"{packets / whole.seconds / 1e6:.2f}",
                f"{whole.memory / 2**20:.0f}"]
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
            for more in chosen.also:
                ratio = cost.Ratio(
                    [chosen.program, *PROGRAM, *shlex.split(more), path], yardstick, chosen.rounds)
                print(
                    f"| {name}, {more} |" + " |" * len(STAGES)
                    + f" {ratio.cpu:.2f}, {ratio.elapsed / whole.elapsed:.2f} of the time | |"
                    f" {ratio.memory / 2**20:.0f} |", flush=True)


if __name__ == "__main__":
    main()
