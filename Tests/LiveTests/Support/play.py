#!/usr/bin/env python3
"""Plays one of the recorded scenarios again while `tcpwhy sniff` watches it live.

    play.py TCPWHY CAPTURES SCENARIO FOLDER [ARGUMENTS…]

TCPWHY is the executable, CAPTURES the folder of the captures, SCENARIO a name as in
`record.py --list`. Leaves in FOLDER: live.pcap (what sniff wrote), output, early (the output before the end was asked for),
errors, status (exit status), process (/proc/PID/status of the running program). Needs root; nothing
leaves the namespaces, which are deleted at the end.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time


def wait_for_line(path, text, process, timeout=10.0):
    """Waits until `text` stands in a file that `process` writes."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        with open(path, encoding="utf8", errors="replace") as file:
            if text in file.read():
                return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    with open(path, encoding="utf8", errors="replace") as file:
        raise RuntimeError(f"tcpwhy did not start: {file.read().strip()}")


def stop(*_):
    sys.exit(1)


def main():
    program, captures, wanted, folder, *arguments = sys.argv[1:]
    sys.path.insert(0, os.path.join(captures, "record"))
    sys.dont_write_bytecode = True
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    import lab
    import scenario
    for group in ("healthy", "setup", "listeners", "paths", "reuse", "teardown"):
        __import__(group)
    one = next(one for one in scenario.ALL if one.name == wanted)

    def start(self):
        space, name = self.place
        errors = os.path.join(folder, "errors")
        with open(os.path.join(folder, "output"), "wb") as out, open(errors, "wb") as err:
            self.sniffer = subprocess.Popen(
                ["ip", "netns", "exec", space.name, program, "sniff", "-i", name, "-w",
                 os.path.join(folder, "live.pcap"), *arguments], stdout=out, stderr=err)
        wait_for_line(errors, "listening on", self.sniffer)

    lab.Lab.record = start
    stage = lab.Lab(f"tcpwhy{os.getpid()}-live", **one.lab)
    try:
        one.play(stage)
        # What goes wrong at the end is told before the end.
        with contextlib.suppress(RuntimeError):
            wait_for_line(os.path.join(folder, "output"), f'"id":"{wanted.split("/")[1]}"',
                          stage.sniffer)
        with open(f"/proc/{stage.sniffer.pid}/status") as file, \
                open(os.path.join(folder, "process"), "w") as copy:
            copy.write(file.read())
        shutil.copyfile(os.path.join(folder, "output"), os.path.join(folder, "early"))
        stage.sniffer.send_signal(signal.SIGINT)
        with open(os.path.join(folder, "status"), "w") as file:
            file.write(str(stage.sniffer.wait(20)))
        stage.sniffer = None
    finally:
        stage.close()


if __name__ == "__main__":
    main()
