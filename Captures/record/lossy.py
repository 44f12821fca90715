#!/usr/bin/env python3
"""Healthy traffic over a path that loses segments, held against tcpwhy.

    lossy.py [--connections 10000] [--loss 1] [--copies 0] [--late 0] [--lag 1] [--options all]
             [--manner mixed] [--held 0] [--ipv6] [--at client] [--seed 1] [--keep FOLDER] [PROGRAM]
    lossy.py --judge FOLDER [PROGRAM]

Two kernels in namespaces of their own open connections, exchange a few requests and close, now the
client first, now the server, now both, by close() or by shutdown(), or in the --manner of manners.py;
--held stay open at once until the first of them closes; the path between them loses
--loss per cent of all segments, hands on --copies per cent twice and --late per cent after others,
both ways alike. tcpdump listens at one of the two. Then PROGRAM (default: .build/release/tcpwhy) has
to

- report no error, but of what is left half open by a RST that was lost, no warning on a connection of
  which nothing was lost, and no note on one of which nothing was lost, copied or late, unless it is
  about something else than a fault;
- take both ends of every connection through the same states, in the same order, as their kernels;
- tell when, to 180 ms.

The kernels' record folds TIME-WAIT, and the FIN-WAIT-2 of a closed socket, into CLOSED (see
README.md), so ours is folded alike. Needs root. The exit status is 1 when something does not hold;
the capture and what did not hold are kept then, or when --keep asks for it. --judge holds another
program against what was kept.
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
from lab import Lab, exchange
from manners import FINDINGS, MANNERS

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIRST_PORT = 15000
# The bridge shares the interpreter with them.
WORKERS = 16
# Findings about something else than a fault of the path: what was done, the capture itself, and what a
# busy machine makes late.
HARMLESS = {"simultaneous-close", "half-close", "short-connections", "capture-time-disorder",
            "time-wait-assassination", "slow-handshake", "missing-final-ack"}


# How long after its original a copy comes, and how late a segment may be: shorter and longer than a
# round trip, and longer than a retransmission timer.
DELAYS = (0.0005, 0.005, 0.04, 0.25)
# How far apart the times of a change of state and of its segment may lie, seconds: less than the
# shortest retransmission timer, more than a busy machine's bridge takes.
TOLERANCE = 0.18


class Path:
    """Disturbs segments by a seed, and remembers whose."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.disturbed = collections.defaultdict(list)  # by client port

    def picks(self, percent, what):
        """A rule's question: whether something happens to a segment."""
        def picks(segment):
            if self.random.random() * 100 >= percent:
                return False
            port = segment.source_port if segment.side == "client" else segment.destination_port
            self.disturbed[port].append(f"{segment.side}: {segment.names} {what}")
            return True
        return picks


def converse(lab, listener, port, seed, manner):
    """One connection as far as its end, which is returned."""
    choice = random.Random(seed)
    near = lab.connect(listener.getsockname()[1], port)
    far = lab.accept(listener)
    exchange(near, far, rounds=choice.randrange(1, 4), request=b"?" * choice.randrange(1, 600),
             answer=b"!" * choice.randrange(1, 4000), pause=0)
    first, second = (near, far) if choice.random() < 0.5 else (far, near)

    def end():
        choice.choice(MANNERS[manner])(first, second, choice)
        lab.forget(near, far)
    return end


def play(lab, connections, options):
    """Lets them talk; what the path disturbed, by client port."""
    seed = options.seed
    path = Path(seed)
    lab.wire.remembers = False
    lab.wire.drop(path.picks(options.loss, "lost"))
    for delay in DELAYS:
        share = len(DELAYS)
        lab.wire.duplicate(path.picks(options.copies / share, f"copied after {delay} s"), delay)
        lab.wire.delay(path.picks(options.late / share, f"{delay} s late"), delay)
    lab.trace.hold(megabytes=64)
    for space in (lab.client, lab.server):
        if options.options == "no-timestamps":
            space.sysctl(tcp_timestamps=0)
        elif options.options == "none":
            space.sysctl(tcp_timestamps=0, tcp_sack=0)
    lab.record()
    ports = iter(range(FIRST_PORT, FIRST_PORT + connections))

    def work(number):
        listener = lab.listen(100 + number, backlog=128)
        # A worker's connections come one after the other, so that accept() gives the right one.
        held = []
        for port in ports:
            try:
                held.append(converse(lab, listener, port, seed * 1_000_000 + port, options.manner))
                if len(held) > options.held // WORKERS:
                    held.pop(0)()
            except OSError as error:
                print(f"port {port}: {error}", file=sys.stderr)
        for end in held:
            with contextlib.suppress(OSError):
                end()

    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))
    # The last retransmissions of a FIN.
    time.sleep(15)
    return path.disturbed


def folded(moves):
    """Changes of state, as (state, time), without TIME-WAIT, as the tracepoint tells it, and without
    the requests that a late SYN made, which it does not tell."""
    result = []
    for index, (state, time_of) in enumerate(moves):
        if state == "SYN-RECEIVED" and all(
                later in ("CLOSED", "LISTEN") for later, _ in moves[index + 1:index + 2]):
            continue
        state = "CLOSED" if state in ("TIME-WAIT", "LISTEN") else state
        if not result or result[-1][0] != state:
            result.append((state, time_of))
    return result


def names(moves):
    return " ".join(state for state, _ in moves)


def kernel_moves(rows):
    moves = collections.defaultdict(lambda: [("CLOSED", 0)])
    for row in rows:
        if ":0" not in (row["local"][-2:], row["remote"][-2:]):
            moves[row["local"], row["remote"]].append((row["to"], row["time"]))
    return moves


def told_moves(records):
    """The states that both ends went through, as told, and the sockets of each connection."""
    moves, sockets = collections.defaultdict(lambda: [("CLOSED", 0)]), {}
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
            moves[ends[side], ends[other]].append((record["to"], record["time_ns"] / 1e9))
    return moves, sockets


def agrees(ours, kernel):
    """One FIN,ACK may take an end through FIN-WAIT-2 in no time."""
    if [state for state, _ in ours] == [state for state, _ in kernel]:
        return True
    return [state for state, _ in ours if state != "FIN-WAIT-2"] == [
        state for state, _ in kernel if state != "FIN-WAIT-2"]


def delays(ours, kernel):
    """For each change of state, as told, how long before the kernel's it is, in seconds.

    A socket that has been closed is CLOSED in the record when its FIN-WAIT-2 begins; a server's is
    SYN-RECEIVED when the handshake ends; FIN-WAIT-1 and LAST-ACK begin at close(), the FIN may leave
    later. What was ESTABLISHED or in CLOSE-WAIT last was reset."""
    known = dict(kernel)
    for state, at in ours:
        if state in known and state not in ("CLOSED", "SYN-RECEIVED"):
            yield state, known[state] - at
    if kernel[-1][0] == "CLOSED" and len(kernel) > 1 and kernel[-2][0] in (
            "LAST-ACK", "ESTABLISHED", "CLOSE-WAIT"):
        yield "CLOSED", kernel[-1][1] - ours[-1][1]


def is_hidden(disturbances, at, offered):
    """Whether the capture lacks something that would be needed to tell the states and their times:
    what was lost before it, what came late beyond it, which of several segments that say the same was
    the first to arrive, and, without timestamps and SACK, which FIN, or when one was due that waited
    behind lost data."""
    beyond = [what for what in disturbances if what.startswith(at) and what.endswith("lost")]
    return (any(" late" in what or what.endswith("lost") and not what.startswith(at)
                for what in disturbances)
            or len(beyond) > 1
            or len(beyond) > 0 and any("FIN" in what and "copied" in what for what in disturbances)
            or offered == "none" and len(beyond) > 0)


def judge(program, capture, rows, disturbed, at, offered, manner):
    """What does not hold, a line each."""
    deeds = FINDINGS.get(manner, set())
    output = subprocess.run([program, "analyze", "--json", capture], capture_output=True, text=True)
    records = [json.loads(line) for line in output.stdout.splitlines()]
    if output.returncode != 0:
        yield f"tcpwhy ended with status {output.returncode}: {output.stderr}"
    ours, sockets = told_moves(records)
    kernel = kernel_moves(rows)
    apart, untold = collections.defaultdict(list), []
    for ends, moves in kernel.items():
        port = max(int(end.rsplit(":", 1)[1]) for end in ends)
        said, known = folded(ours[ends]), folded(moves)
        hidden = is_hidden(disturbed.get(port, []), at, offered)
        if not agrees(said, known):
            problem = (f"{ends[0]} → {ends[1]}: the kernel went {names(known)}; told: {names(said)}. "
                       f"Disturbed: {disturbed.get(port, 'nothing')}")
            if hidden:
                untold.append(problem)
            else:
                yield problem
            continue
        for state, seconds in delays(said, known):
            late = -seconds if state in ("FIN-WAIT-1", "LAST-ACK") and seconds < 0 else 0
            apart[state].append((0.0 if late else abs(seconds), seconds, ends, port))
    for state, all_of in sorted(apart.items()):
        worst = max(all_of)
        print(f"  {state:12} {len(all_of):6} times, at most {1000 * worst[0]:.1f} ms apart")
        for distance, seconds, ends, port in sorted(all_of, reverse=True):
            if distance > TOLERANCE:
                problem = (f"{ends[0]} → {ends[1]}: {state} is told {1000 * seconds:+.1f} ms before "
                           f"the kernel's. Disturbed: {disturbed.get(port, 'nothing')}")
                if is_hidden(disturbed.get(port, []), at, offered):
                    untold.append(problem)
                else:
                    yield problem
    print(f"{len(untold)} paths or times that the capture does not hold all evidence of")
    if os.environ.get("LOSSY_UNTOLD"):
        print("\n".join(untold))
    findings = collections.Counter()
    for record in records:
        if record["type"] != "finding":
            continue
        findings[record["severity"], record["id"]] += 1
        ports = [int(sockets[number]["client"].rsplit(":", 1)[1])
                 for number in record["connections"] if number in sockets]
        losses = [loss for port in ports for loss in disturbed.get(port, [])]
        lost = any(loss.endswith("lost") for loss in losses)
        if record["id"] == "half-open-connection" and any(
                "RST" in loss and not loss.startswith(at) and loss.endswith("lost") for loss in losses):
            continue  # What a lost RST leaves behind.
        if (record["severity"] == "error"
                or record["severity"] == "warning" and not lost and record["id"] not in deeds
                or not losses and record["id"] not in HARMLESS | deeds):
            yield (f"{record['severity']} {record['id']}: {record['summary']} "
                   f"Disturbed: {losses or 'nothing'}")
    packets = sum(record.get("packets", 0) for record in records if record["type"] == "summary")
    print(f"{packets} packets, {len(kernel)} ends, {sum(map(len, disturbed.values()))} segments "
          f"disturbed on {len(disturbed)} connections")
    for (severity, name), count in sorted(findings.items()):
        print(f"  {count:5} {severity} {name}")


def report(problems):
    for problem in problems[:20]:
        print(problem)
    print(f"{len(problems)} things do not hold" if problems else "everything holds")


def rejudge(folder, program):
    with open(f"{folder}/record.json") as file:
        record = json.load(file)
    disturbed = {int(port): what for port, what in record["disturbed"].items()}
    problems = list(judge(program, f"{folder}/capture.pcap", record["states"], disturbed,
                          record["at"], record["options"], record.get("manner", "mixed")))
    report(problems)
    return 1 if problems else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--loss", type=float, default=1.0, help="per cent")
    parser.add_argument("--lag", type=float, default=1.0, help="milliseconds, each way")
    parser.add_argument("--manner", choices=sorted(MANNERS), default="mixed", help="how they end")
    parser.add_argument("--held", type=int, default=0, help="connections open at once")
    parser.add_argument("--ipv6", action="store_true")
    parser.add_argument("--copies", type=float, default=0, help="per cent")
    parser.add_argument("--late", type=float, default=0, help="per cent")
    parser.add_argument("--options", choices=("all", "no-timestamps", "none"), default="all",
                        help="what the kernels' SYNs offer")
    parser.add_argument("--at", choices=("client", "server"), default="client")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", metavar="FOLDER")
    parser.add_argument("--judge", metavar="FOLDER")
    parser.add_argument("program", nargs="?", default=f"{ROOT}/.build/release/tcpwhy")
    options = parser.parse_args()
    if options.judge:
        return rejudge(options.judge, options.program)
    if os.geteuid() != 0:
        sys.exit("lossy.py: needs root, for it makes network namespaces")
    if not states.available():
        subprocess.run(["mount", "-t", "tracefs", "nodev", states.TRACEFS], capture_output=True)
    if not states.available():
        sys.exit("lossy.py: no tracefs here, and so no kernels' record to compare with")
    # The tracepoint tells of all namespaces: another run at the same time needs other addresses.
    number = os.getpid() % 65536
    network = f"2001:db8:{number:x}::" if options.ipv6 else f"10.{number >> 8}.{number & 255}."
    lab = Lab(f"lossy{os.getpid()}", f"{network}5", f"{network}9", at=options.at)
    try:
        lab.wire.lag = {"client": options.lag / 1000, "server": options.lag / 1000}
        disturbed = play(lab, options.connections, options)
        folder = options.keep or f"{lab.folder}-lossy"
        os.makedirs(folder, exist_ok=True)
        capture = shutil.copyfile(lab.stop(), f"{folder}/capture.pcap")
        rows = lab.trace.transitions(lab.addresses)
    finally:
        lab.close()
    problems = list(judge(options.program, capture, rows, disturbed, options.at, options.options,
                          options.manner))
    report(problems)
    if not problems and not options.keep:
        shutil.rmtree(folder)
        return 0
    with open(f"{folder}/record.json", "w") as file:
        json.dump({"at": options.at, "options": options.options, "manner": options.manner, "states": rows,
                   "disturbed": disturbed, "problems": problems}, file, indent=1)
    print(f"kept in {folder}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
