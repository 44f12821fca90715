#!/usr/bin/env python3
"""Healthy traffic over a path that loses segments, held against tcpwhy.

    lossy.py [--connections 10000] [--loss 1] [--lag 1] [--ipv6] [--at client] [--seed 1]
             [--keep FOLDER] [PROGRAM]

Two kernels in namespaces of their own open connections, exchange a few requests and close, now the
client first, now the server; the path between them loses --loss per cent of all segments, both ways
alike. tcpdump listens at one of the two. Then PROGRAM (default: .build/release/tcpwhy) has to

- report no error, and no warning or note on a connection of which nothing was lost, unless it is
  about something else than a fault;
- take both ends of every connection through the same states, in the same order, as their kernels.

The kernels' record folds TIME-WAIT, and the FIN-WAIT-2 of a closed socket, into CLOSED (see
README.md), so ours is folded alike. Needs root. The exit status is 1 when something does not hold;
the capture and what did not hold are kept then, or when --keep asks for it.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import time

import states
from lab import Lab, exchange, receive

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIRST_PORT = 15000
WORKERS = 48
# Findings about something else than a fault of the path: what was done, and the capture itself.
HARMLESS = {"simultaneous-close", "short-connections", "capture-time-disorder"}


class Path:
    """Loses segments by a seed, and remembers whose."""

    def __init__(self, permille, seed):
        self.permille, self.random = permille, random.Random(seed)
        self.lost = collections.defaultdict(list)

    def loses(self, segment):
        if self.random.randrange(1000) >= self.permille:
            return False
        port = segment.source_port if segment.side == "client" else segment.destination_port
        self.lost[port].append(f"{segment.side}: {segment.names}")
        return True


def converse(lab, listener, port, seed):
    """One connection from beginning to end."""
    choice = random.Random(seed)
    near = lab.connect(listener.getsockname()[1], port)
    far = lab.accept(listener)
    exchange(near, far, rounds=choice.randrange(1, 4), request=b"?" * choice.randrange(1, 600),
             answer=b"!" * choice.randrange(1, 4000), pause=0)
    first, second = (near, far) if choice.random() < 0.5 else (far, near)
    first.close()
    with contextlib.suppress(OSError):
        receive(second, 1)
    time.sleep(choice.random() * 0.02)
    second.close()
    lab.forget(near, far)


def play(lab, connections, loss, seed):
    """Lets them talk; what the path lost, by client port."""
    path = Path(round(loss * 10), seed)
    lab.wire.remembers = False
    lab.wire.drop(path.loses)
    lab.trace.hold(megabytes=64)
    lab.record()
    ports = iter(range(FIRST_PORT, FIRST_PORT + connections))

    def work(number):
        listener = lab.listen(100 + number, backlog=128)
        # A worker's connections come one after the other, so that accept() gives the right one.
        for port in ports:
            try:
                converse(lab, listener, port, seed * 1_000_000 + port)
            except OSError as error:
                print(f"port {port}: {error}", file=sys.stderr)

    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))
    # The last retransmissions of a FIN.
    time.sleep(15)
    return path.lost


def folded(path):
    """A path of states without TIME-WAIT, as the tracepoint tells it."""
    result = []
    for state in path:
        state = "CLOSED" if state in ("TIME-WAIT", "LISTEN") else state
        if not result or result[-1] != state:
            result.append(state)
    return result


def kernel_paths(rows):
    paths = collections.defaultdict(lambda: ["CLOSED"])
    for row in rows:
        if ":0" not in (row["local"][-2:], row["remote"][-2:]):
            paths[row["local"], row["remote"]].append(row["to"])
    return paths


def told_paths(records):
    """The states that both ends went through, as told, and the sockets of each connection."""
    paths, sockets = collections.defaultdict(lambda: ["CLOSED"]), {}
    for record in records:
        if record["type"] == "connection":
            sockets[record["id"]] = {
                side: states.endpoint(record[side]["address"], record[side]["port"])
                for side in ("client", "server")}
    for record in records:
        if record["type"] == "transition" and record["revoked_by"] is None:
            ends = sockets[record["connection"]]
            side = record["endpoint"]
            other = "server" if side == "client" else "client"
            paths[ends[side], ends[other]].append(record["to"])
    return paths, sockets


def agrees(ours, kernel):
    """One FIN,ACK may take an end through FIN-WAIT-2 in no time."""
    ours, kernel = folded(ours), folded(kernel)
    if ours == kernel:
        return True
    return [state for state in ours if state != "FIN-WAIT-2"] == [
        state for state in kernel if state != "FIN-WAIT-2"]


def judge(program, capture, rows, lost):
    """What does not hold, a line each."""
    output = subprocess.run([program, "analyze", "--json", capture], capture_output=True, text=True)
    records = [json.loads(line) for line in output.stdout.splitlines()]
    if output.returncode != 0:
        yield f"tcpwhy ended with status {output.returncode}: {output.stderr}"
    ours, sockets = told_paths(records)
    kernel = kernel_paths(rows)
    for ends, path in kernel.items():
        if not agrees(ours[ends], path):
            yield (f"{ends[0]} → {ends[1]}: the kernel went {' '.join(folded(path))}; told: "
                   f"{' '.join(folded(ours[ends]))}")
    findings = collections.Counter()
    for record in records:
        if record["type"] != "finding":
            continue
        findings[record["severity"], record["id"]] += 1
        ports = [int(sockets[number]["client"].rsplit(":", 1)[1])
                 for number in record["connections"] if number in sockets]
        losses = [loss for port in ports for loss in lost.get(port, [])]
        if record["severity"] == "error" or (not losses and record["id"] not in HARMLESS):
            yield f"{record['severity']} {record['id']}: {record['summary']} Lost: {losses or 'nothing'}"
    packets = sum(record.get("packets", 0) for record in records if record["type"] == "summary")
    print(f"{packets} packets, {len(kernel)} ends, {sum(map(len, lost.values()))} segments lost on "
          f"{len(lost)} connections")
    for (severity, name), count in sorted(findings.items()):
        print(f"  {count:5} {severity} {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--loss", type=float, default=1.0, help="per cent")
    parser.add_argument("--lag", type=float, default=1.0, help="milliseconds, each way")
    parser.add_argument("--ipv6", action="store_true")
    parser.add_argument("--at", choices=("client", "server"), default="client")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", metavar="FOLDER")
    parser.add_argument("program", nargs="?", default=f"{ROOT}/.build/release/tcpwhy")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("lossy.py: needs root, for it makes network namespaces")
    if not states.available():
        subprocess.run(["mount", "-t", "tracefs", "nodev", states.TRACEFS], capture_output=True)
    if not states.available():
        sys.exit("lossy.py: no tracefs here, and so no kernels' record to compare with")
    client, server = (
        ("2001:db8::5", "2001:db8::9") if options.ipv6 else ("10.0.0.5", "10.0.0.9"))
    lab = Lab(f"lossy{os.getpid()}", client, server, at=options.at)
    try:
        lab.wire.lag = {"client": options.lag / 1000, "server": options.lag / 1000}
        lost = play(lab, options.connections, options.loss, options.seed)
        folder = options.keep or f"{lab.folder}-lossy"
        os.makedirs(folder, exist_ok=True)
        capture = shutil.copyfile(lab.stop(), f"{folder}/capture.pcap")
        rows = lab.trace.transitions(lab.addresses)
    finally:
        lab.close()
    problems = list(judge(options.program, capture, rows, lost))
    for problem in problems[:20]:
        print(problem)
    print(f"{len(problems)} things do not hold" if problems else "everything holds")
    if not problems and not options.keep:
        shutil.rmtree(folder)
        return 0
    with open(f"{folder}/record.json", "w") as file:
        json.dump({"states": rows, "lost": lost, "problems": problems}, file, indent=1)
    print(f"kept in {folder}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
