#!/usr/bin/env python3
"""Memory of an open connection and of an unanswered SYN: how peak memory grows from a thousand of
them to a million.

    memory.py [--most 1000000] [TCPWHY]

`held` is the tracker alone while they are open, `program` the whole of it, ends and findings
included.
"""
import argparse
import os

import cost


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=1_000_000)
    parser.add_argument(
        "program", nargs="?", metavar="TCPWHY",
        default=os.path.join(cost.REPOSITORY, ".build", "release", "tcpwhy"))
    chosen = parser.parse_args()
    generator, stages = cost.built("generate"), cost.built("stages")
    most, least = chosen.most, 1000
    kinds = {
        "open connection, handshake only": lambda count: (
            "scale", dict(rounds=3, open=count)),
        "open connection, nine segments of data": lambda count: (
            "scale", dict(rounds=12, open=count)),
        "unanswered SYN": lambda count: ("flood", dict(packets=count)),
    }
    print(f"| bytes each, {least:,} to {most:,} | held | program |\n|---|--:|--:|")
    for name, options in kinds.items():
        small, large = (
            cost.capture(generator, *[mode], **words)
            for mode, words in (options(least), options(most)))
        cells = []
        for command in (
            [stages, "hold"], [chosen.program, "analyze", "--json", "--records", "summary"]):
            growth = cost.Cost([*command, large]).memory - cost.Cost([*command, small]).memory
            cells.append(f"{growth / (most - least):.0f}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
