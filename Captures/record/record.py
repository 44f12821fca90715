#!/usr/bin/env python3
"""Records the captures of this folder: real Linux kernels in namespaces of their own.

    record.py --list              what there is
    record.py                     records everything (a few minutes)
    record.py --only reuse        records what has `reuse` in its name; may be repeated
    record.py --install           installs missing tools with apt-get first
    record.py --index             only writes READMEs and index.json anew

Needs root. Nothing leaves the namespaces; they are deleted at the end.
"""

import argparse
import concurrent.futures
import contextlib
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import traceback

import report
import scenario
import states
from lab import Lab

GROUPS = ("healthy", "setup", "listeners", "paths", "reuse", "teardown", "resets", "silence",
          "pressure", "stalls", "capture")
TOOLS = {"ip": "iproute2", "nft": "nftables", "tcpdump": "tcpdump", "ethtool": "ethtool"}
MOST_STATES = 500   # beyond that the record says nothing new and outweighs the capture
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def make(one, tag):
    """Records one capture; returns its name and what went wrong, or None."""
    target = f"{ROOT}/{one.name}"
    os.makedirs(os.path.dirname(target), exist_ok=True)
    for old in (".pcap", ".states.json"):
        with contextlib.suppress(FileNotFoundError):
            os.remove(target + old)
    try:
        if not one.needs_lab:
            one.play(target + ".pcap")
            return one.name, None
        lab = Lab(tag, **one.lab)
        try:
            one.play(lab)
            shutil.copyfile(lab.stop(), target + ".pcap")
            rows = lab.trace.transitions(lab.addresses) if lab.trace else []
            if 0 < len(rows) <= MOST_STATES:
                with open(target + ".states.json", "w") as file:
                    file.write("[\n" + ",\n".join(" " + json.dumps(row) for row in rows) + "\n]\n")
        finally:
            lab.close()
        return one.name, None
    except SystemExit:
        os._exit(1)     # everything is taken down; the pool would go on to the next one
    except Exception:
        return one.name, traceback.format_exc()


def missing_tools(install):
    missing = sorted({package for tool, package in TOOLS.items() if not shutil.which(tool)})
    if missing and install:
        subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", *missing], check=True)
        return []
    return missing


def record(chosen, jobs):
    """Records each scenario, derived ones last; the number that failed."""
    if not states.available():
        subprocess.run(["mount", "-t", "tracefs", "nodev", states.TRACEFS], capture_output=True)
    if not states.available():
        print("no tracefs here: recording without the kernels' state changes")
    failed, prefix = 0, f"tcpwhy{os.getpid()}"
    live = [one for one in chosen if one.needs_lab]
    rest = [one for one in chosen if not one.needs_lab]
    pool = concurrent.futures.ProcessPoolExecutor(jobs)
    try:
        waiting = [pool.submit(make, one, f"{prefix}-{number}") for number, one in enumerate(live)]
        for done in concurrent.futures.as_completed(waiting):
            failed += told(*done.result())
        pool.shutdown()
        for one in rest:
            failed += told(*make(one, ""))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()
            child.join(20)
        sweep(prefix)
    return failed


def sweep(prefix):
    """Deletes what a recording that was killed may have left behind."""
    for name in os.listdir("/run/netns") if os.path.isdir("/run/netns") else []:
        if name.startswith(prefix + "-"):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
    traces = f"{states.TRACEFS}/instances"
    for name in os.listdir(traces) if os.path.isdir(traces) else []:
        if name.startswith(prefix + "-"):
            with contextlib.suppress(OSError):
                os.rmdir(f"{traces}/{name}")


def stop(*_):
    """A signal ends the program the orderly way, so that everything is taken down."""
    sys.exit(1)


def told(name, problem):
    print(f"{'FAILED ' if problem else 'ok     '}{name}", flush=True)
    if problem:
        print(problem, flush=True)
    return problem is not None


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--index", action="store_true")
    parser.add_argument("--jobs", type=int, default=6)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    for group in GROUPS:
        __import__(group)
    everything = scenario.ALL
    chosen = [one for one in everything
              if not options.only or any(word in one.name for word in options.only)]
    if options.list:
        for one in chosen:
            print(f"{one.name:48} {one.kind:10} {report.claim(one)}")
        return 0
    failed = 0
    if not options.index:
        if os.geteuid() != 0:
            sys.exit("record.py: needs root, for it makes network namespaces")
        if missing := missing_tools(options.install):
            sys.exit(f"record.py: missing packages: {' '.join(missing)} (--install fetches them)")
        failed = record(chosen, options.jobs)
    for folder in sorted({one.folder for one in everything}):
        members = [one for one in everything if one.folder == folder]
        if os.path.isdir(f"{ROOT}/{folder}"):
            report.folder_readme(ROOT, folder, members)
    report.table(ROOT, report.index(ROOT, everything))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
