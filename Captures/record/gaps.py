#!/usr/bin/env python3
"""Captures that lack a segment, held against the kernels' record of all of them.

    gaps.py [--program PATH] [--verbose] PLACE …

A PLACE is a folder that lossy.py --keep has left, a capture with NAME.states.json beside it, a
NAME.truth.json, or a folder of such. One segment is taken out of each, the first, the second and so on,
one after the other in a capture of its own; of many connections one of each at once, of long ones those
near the beginning and the end. PROGRAM (default: .build/release/tcpwhy) has to

- tell no state that the kernel was not in, in the kernel's order: it may tell fewer;
- report no error on a connection about which it has nothing to say in the whole capture.

What does not hold for the whole capture is not asked of its parts. Cases that no packet decides are
explained in explained.py: there PROGRAM must not tell the wrong state as proved. Where the path of a
lossy run had lost a segment of the connection as well, more than one is missing, and what does not
hold is only counted. The exit status is 1 when something else does not hold, or when a case of
explained.py holds by now.
"""

import argparse
import collections
import glob
import json
import os
import subprocess
import sys
import tempfile

import explained
import lossy
import pcapfile
import states

# How many segments from the beginning and from the end of each connection are taken out.
FIRST, LAST = 12, 40
# States that the tracepoint does not tell of, or not always.
UNRECORDED = {"SYN-RECEIVED", "LISTEN", "TIME-WAIT"}
# Connections up to which each segment is taken out alone.
FEW = 12


def record_of(path):
    """The kernels' record in a file, as lossy.py has it, and the client's ports whose segments the path lost."""
    with open(path) as file:
        record = json.load(file)
    if isinstance(record, list):
        return record, set()
    if "states" in record:
        return record["states"], {int(port) for port, what in record.get("disturbed", {}).items()
                                  if any(each.endswith("lost") for each in what)}
    return [{"time": row["t"], "local": row["local"], "remote": row["remote"],
             "from": states.name(row["old"].replace("FIN_WAIT_", "FIN_WAIT")),
             "to": states.name(row["new"].replace("FIN_WAIT_", "FIN_WAIT"))}
            for row in record["transitions"] if row["remote"] != "*"], set()


def captures(place):
    """(capture, file with the kernels' record) at a place."""
    if os.path.isfile(f"{place}/record.json"):
        yield f"{place}/capture.pcap", f"{place}/record.json"
    elif os.path.isdir(place):
        for path in sorted(glob.glob(f"{place}/**/*.json", recursive=True)):
            yield from captures(path)
    else:
        for end in (".states.json", ".truth.json"):
            capture = place.removesuffix(end).removesuffix(".pcap") + ".pcap"
            record = capture.removesuffix(".pcap") + end
            if place in (capture, record) and os.path.isfile(capture) and os.path.isfile(record):
                yield capture, record


def analyze(program, link, frames):
    with tempfile.TemporaryDirectory(prefix="tcpwhy-gaps") as folder:
        path = f"{folder}/capture.pcap"
        pcapfile.write(path, frames, link)
        output = subprocess.run([program, "analyze", "--json", path], capture_output=True, text=True)
    if output.returncode != 0:
        raise SystemExit(f"tcpwhy ended with status {output.returncode}: {output.stderr}")
    records = [json.loads(line) for line in output.stdout.splitlines()]
    moves, sockets = lossy.told_moves(records)
    proved = collections.defaultdict(set)
    for record in records:
        if (record["type"] == "transition" and record["revoked_by"] is None
                and (record["evidence"] == "sent" or record["confirmed_by"] is not None)):
            ends = sockets[record["connection"]]
            other = "server" if record["endpoint"] == "client" else "client"
            proved[ends[record["endpoint"]], ends[other]].add(record["to"])
    findings = {(tuple(sorted(sockets[number].values())), record["severity"], record["id"])
                for record in records if record["type"] == "finding"
                for number in record["connections"] if number in sockets}
    return moves, proved, findings


def is_part(told, known):
    """Whether the states told are some of the kernel's, in its order."""
    rest = iter(state for state, _ in known)
    return all(state in rest for state, _ in told)


def endpoints(segment):
    return tuple(sorted((states.endpoint(segment.source, segment.source_port),
                         states.endpoint(segment.destination, segment.destination_port))))


def ports(flow):
    return {int(end.rsplit(":", 1)[1]) for end in flow}


def examine(program, capture, record, verbose):
    """What does not hold, a line each."""
    link, frames = pcapfile.read(capture)
    rows, lossy_ports = record_of(record)
    kernel = {ends: lossy.folded(moves) for ends, moves in lossy.kernel_moves(rows).items()}
    flows = collections.defaultdict(list)
    for index, frame in enumerate(frames):
        if frame.segment:
            flows[endpoints(frame.segment)].append(index)
    whole, _, findings = analyze(program, link, frames)
    troubled = {flow for flow, severity, _ in findings if severity != "note"}
    known = {ends: moves for ends, moves in kernel.items() if is_part(lossy.folded(whole[ends]), moves)}
    counts, missing = collections.Counter(), collections.Counter()
    needed = {case for case in explained.CASES if capture.endswith("/" + case.capture)}
    for gone in gaps(flows):
        left = set(gone.values())
        told, proved, findings = analyze(program, link, [f for i, f in enumerate(frames) if i not in left])
        for flow, severity, name in sorted(findings):
            if severity == "error" and flow in gone and flow not in troubled:
                if ports(flow) & lossy_ports:
                    counts["errors where the path lost some as well"] += 1
                    continue
                yield f"{capture}: {' ↔ '.join(flow)} without frame {gone[flow] + 1}: error {name}"
        for ends, moves in known.items():
            flow = tuple(sorted(ends))
            if flow not in gone:
                continue
            said = lossy.folded(told[ends])
            counts["ends"] += 1
            if lossy.agrees(said, moves):
                counts["as the kernel"] += 1
            elif is_part(said, moves):
                counts["in part"] += 1
                missing[lossy.names(moves), lossy.names(said)] += 1
            else:
                case = explained.find(capture, gone[flow] + 1, ends[0])
                wrong = proved[ends] - {state for state, _ in moves} - UNRECORDED
                if case and not wrong:
                    counts["explained"] += 1
                    needed.discard(case)
                    continue
                if ports(flow) & lossy_ports:
                    counts["in states the kernel was not in where the path lost some as well"] += 1
                    missing[lossy.names(moves), lossy.names(said)] += 1
                    continue
                counts["in states the kernel was not in"] += 1
                yield (f"{capture}: {ends[0]} → {ends[1]} without frame {gone[flow] + 1}: the kernel "
                       f"went {lossy.names(moves)}; told: {lossy.names(said)}"
                       + (f", {', '.join(sorted(wrong))} as proved" if wrong else ""))
    for case in sorted(needed, key=lambda case: (case.frame, case.end)):
        yield (f"{capture}: {case.end} without frame {case.frame} is explained in explained.py, "
               f"but holds")
    print(f"{capture}: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
    if verbose:
        for (moves, said), count in missing.most_common():
            print(f"  {count:6} {moves}\n      of  {said}")


def gaps(flows):
    """What to take out at once, by connection."""
    for place in (*range(FIRST), *range(-LAST, 0)):
        gone = {}
        for flow, indices in flows.items():
            at = place if place >= 0 else len(indices) + place
            if 0 <= at < len(indices) and (place < 0 or at < len(indices) - LAST):
                gone[flow] = indices[at]
        if len(flows) > FEW:
            yield gone
        else:
            yield from ({flow: index} for flow, index in gone.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=f"{lossy.ROOT}/.build/release/tcpwhy")
    parser.add_argument("--verbose", action="store_true", help="count what is told in part")
    parser.add_argument("places", nargs="+", metavar="PLACE")
    options = parser.parse_args()
    found = [pair for place in options.places for pair in captures(place)]
    if not found:
        sys.exit("gaps.py: no capture with a kernels' record there")
    problems = [problem for capture, record in found
                for problem in examine(options.program, capture, record, options.verbose)]
    lossy.report(problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
