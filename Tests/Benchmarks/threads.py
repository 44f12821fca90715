#!/usr/bin/env python3
"""What threads bring, and what they could: time, CPU and the busiest thread of each number of them.

    threads.py [--packets 4000000] [--rounds 5] [--threads 1,2,3,4,6] [--captures short,bulk] [TCPWHY]

All as a share of one thread's, medians of rounds in which each number has its turn. How long the
busiest thread is at work is how long the whole would take, had each thread a processor of its own: a
machine with fewer of them cannot show it as time.
"""
import argparse
import os
import statistics
import subprocess
import time

import cost

PROGRAM = ["analyze", "--json", "--records", "summary,finding"]


def run(command):
    """Seconds of the clock, of CPU, and of the CPU of the busiest thread."""
    started = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    tasks = f"/proc/{child.pid}/task"
    busy = {}
    while child.poll() is None:
        try:
            for task in os.listdir(tasks):
                with open(f"{tasks}/{task}/schedstat") as file:
                    busy[task] = int(file.read().split()[0]) / 1e9
        except OSError:
            pass
        time.sleep(0.004)
    return time.monotonic() - started, sum(busy.values()), max(busy.values())


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, default=4_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", default="1,2,3,4,6")
    parser.add_argument("--captures", default="short,bulk,flood")
    parser.add_argument(
        "program", nargs="?", metavar="TCPWHY",
        default=os.path.join(cost.REPOSITORY, ".build", "release", "tcpwhy"))
    chosen = parser.parse_args()
    generator = cost.built("generate")
    count = chosen.packets
    captures = {
        "short": dict(connections=count // 10),
        "bulk": dict(packets=count, snap_length=96),
        # As many as are held at once, and no more.
        "flood": dict(packets=min(count, 900_000)),
    }
    numbers = chosen.threads.split(",")
    print("| capture | threads | time | CPU | busiest thread |")
    print("|---|--:|--:|--:|--:|")
    for mode in chosen.captures.split(","):
        path = cost.capture(generator, mode, **captures[mode])
        runs = {number: [] for number in numbers}
        for _ in range(chosen.rounds):
            for number in numbers:
                runs[number].append(run([chosen.program, *PROGRAM, "--threads", number, path]))
        base = [statistics.median(values) for values in zip(*runs[numbers[0]])]
        for number in numbers:
            medians = [statistics.median(values) for values in zip(*runs[number])]
            shares = " | ".join(f"{one / all_:.2f}" for one, all_ in zip(medians, base))
            print(f"| {mode} | {number} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
