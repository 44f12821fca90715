#!/usr/bin/env python3
"""Runs two builds of tcpwhy over captures and compares all they write, byte for byte.

    same-output.py [--mixed SEEDS] [--first SEED] BEFORE AFTER [CAPTURE-OR-FOLDER...]
    same-output.py --record FILE BEFORE [CAPTURE-OR-FOLDER...]
    same-output.py FILE AFTER [CAPTURE-OR-FOLDER...]

BEFORE and AFTER are programs, with options for both after --options. Each form of output of each
capture is held against the other's: standard output, standard error and exit status. --record keeps
digests of what BEFORE writes, which can stand in for it later. Without captures, the repository's
are taken, and those of ../shared where there are any. --mixed adds generated captures of
connections in which everything goes wrong, one per seed; it needs `generate`, built in this folder.
The exit status is 1 on any difference.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.dirname(os.path.dirname(HERE))
sys.path.append(os.path.dirname(HERE))
from captures import captures
SHARED = os.path.join(os.path.dirname(REPOSITORY), "shared")
ROOTS = [os.path.join(REPOSITORY, "Captures")] + [
    os.path.join(SHARED, name) for name in ("captures", "lab")
]
# Every way out of the program.
FORMS = [
    ["analyze", "--all"],
    ["analyze", "--json"],
    ["analyze", "--json", "--records", "summary,finding"],
    ["analyze", "--csv"],
    ["timeline", "--limit", "100000"],
    ["timeline", "--all", "--limit", "100000", "EVERY"],
    ["report", "-o", "-"],
]
# More ladders than this are drawn of the connections with findings only.
LADDERS = 400
SECONDS = 300
STREAMS = ("standard output", "standard error", "exit status")


def run(program, form, path, options):
    command = [program, form[0], *form[1:], *options, path]
    environment = dict(os.environ, SWIFT_BACKTRACE="enable=no", NO_COLOR="1")
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return b"", b"", f"no end after {SECONDS} s"
    return done.stdout, done.stderr, done.returncode


def forms(program, path, options):
    """The forms for this capture: its every connection named where ladders are drawn of all."""
    out, _, _ = run(program, ["analyze", "--json", "--records", "connection"], path, options)
    count = out.count(b"\n")
    for form in FORMS:
        if form[-1] != "EVERY":
            yield form
        elif 0 < count <= LADDERS:
            yield form[:-1] + [f"-n{number}" for number in range(1, count + 1)]


def digest(result):
    out, err, status = result
    return [hashlib.sha256(out).hexdigest(), hashlib.sha256(err).hexdigest(), status]


def shown(form):
    """The form without the numbers of every connection."""
    numbers = sum(part.startswith("-n") for part in form)
    words = [part for part in form if not part.startswith("-n")]
    return shlex.join(words) + (f" -n1…-n{numbers}" if numbers else "")


def first_difference(before, after):
    """The first line that differs, of both."""
    ours, theirs = before.split(b"\n"), after.split(b"\n")
    for number in range(max(len(ours), len(theirs))):
        pair = [lines[number] if number < len(lines) else None for lines in (ours, theirs)]
        if pair[0] != pair[1]:
            column = 0
            if None not in pair:
                column = len(os.path.commonprefix(pair))
            start = max(0, column - 60)
            texts = [
                "(no such line)" if line is None
                else ("…" if start else "") + line[start:start + 200].decode(errors="replace")
                for line in pair
            ]
            return f"line {number + 1}:\n      before: {texts[0]}\n      after:  {texts[1]}"
    return "nothing differs"


def compare(path, name, before, after, options, more):
    """What differs on one capture, and how many outputs were compared."""
    differences, compared = [], 0
    for form in forms(after, path, options):
        key = f"{name} {shown(form)}"
        theirs = run(after, form, path, options + more)
        if isinstance(before, dict):
            if key not in before:
                continue
            ours = before[key]
            pair = zip(STREAMS, ours, digest(theirs))
        else:
            ours = run(before, form, path, options)
            pair = zip(STREAMS, ours, theirs)
        compared += 1
        for stream, one, other in pair:
            if one == other:
                continue
            what = stream
            if isinstance(one, bytes):
                what += ", " + first_difference(one, other)
            elif stream == STREAMS[2]:
                what += f": {one} before, {other} after"
            differences.append(f"{path}\n    tcpwhy {shown(form)}: {what}")
            break
    return differences, compared


def generated(generator, seed, folder):
    path = os.path.join(folder, f"mixed-{seed}.pcap")
    # Sizes and traits of the capture go with the seed.
    subprocess.run(
        [generator, "mixed", "--seed", str(seed), "--connections", str([60, 200, 800][seed % 3]),
         "--output", path], check=True)
    return path


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mixed", type=int, default=0, metavar="SEEDS")
    parser.add_argument("--first", type=int, default=1, metavar="SEED")
    parser.add_argument("--record", metavar="FILE")
    parser.add_argument("--options", default="", help="options of tcpwhy for both programs")
    parser.add_argument("--after-options", default="", help="options of AFTER only: --threads 2")
    parser.add_argument("--keep", metavar="FOLDER", help="where generated captures that differ go")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--limit", type=int, default=10, help="differences told in full")
    parser.add_argument(
        "--generator", default=os.path.join(HERE, ".build", "release", "generate"))
    parser.add_argument("programs", nargs="+", metavar="PROGRAM-OR-CAPTURE")
    chosen = parser.parse_args()
    count = 1 if chosen.record else 2
    if len(chosen.programs) < count:
        parser.error("two programs are compared; see --help")
    chosen.programs, chosen.roots = chosen.programs[:count], chosen.programs[count:]
    return chosen


def main():
    chosen = arguments()
    before, after = chosen.programs[0], chosen.programs[-1]
    options = shlex.split(chosen.options)
    roots = chosen.roots or [root for root in ROOTS if os.path.isdir(root)]
    recorded = {}
    if not chosen.record and not os.access(before, os.X_OK):
        with open(before) as file:
            before = json.load(file)

    def work(item):
        path, seed = item
        name = os.path.relpath(path, os.path.dirname(REPOSITORY)) if path else f"mixed-{seed}"
        with tempfile.TemporaryDirectory() as folder:
            path = path or generated(chosen.generator, seed, folder)
            if chosen.record:
                digests = {
                    f"{name} {shown(form)}": digest(run(before, form, path, options))
                    for form in forms(before, path, options)
                }
                return digests, [], len(digests)
            differences, compared = compare(
                path, name, before, after, options, shlex.split(chosen.after_options))
            if differences and seed and chosen.keep:
                os.makedirs(chosen.keep, exist_ok=True)
                os.replace(path, os.path.join(chosen.keep, f"mixed-{seed}.pcap"))
            return {}, differences, compared

    items = [(path, None) for path in captures(roots)] if roots else []
    items += [(None, seed) for seed in range(chosen.first, chosen.first + chosen.mixed)]
    total, told = 0, 0
    with concurrent.futures.ThreadPoolExecutor(chosen.jobs) as pool:
        for digests, differences, compared in pool.map(work, items):
            recorded.update(digests)
            total += compared
            for difference in differences:
                told += 1
                if told <= chosen.limit:
                    print(difference, flush=True)
    if chosen.record:
        with open(chosen.record, "w") as file:
            json.dump(recorded, file, indent=0, sort_keys=True)
        print(f"{total} outputs of {len(items)} captures recorded")
        return 0
    print(f"{total} outputs of {len(items)} captures compared, {told} differ")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
