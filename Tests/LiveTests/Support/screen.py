#!/usr/bin/env python3
"""Runs a command on a terminal of its own and prints all that it wrote there.

    screen.py ROWS COLUMNS COMMAND…

Every line of standard input is an order: `resize ROWS COLUMNS`, `signal NUMBER`, `wait SECONDS`,
`for TEXT` (waits until the terminal has shown it), `keys TEXT` (typed), `stopped` (waits until the
command stands still, and notes it). Ends when the command does.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

shown = b""


def read(terminal, seconds, text=None):
    """What is shown goes into `shown`; False once the command has ended."""
    global shown
    end = time.monotonic() + seconds
    while time.monotonic() < end and (text is None or text not in shown):
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:
                return False
    return True


def resize(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))


def stopped(child, terminal):
    """Waits until the command has been stopped; what it wrote before is read first."""
    global shown
    end = time.monotonic() + 10
    while time.monotonic() < end:
        read(terminal, 0.1)
        if os.waitpid(child, os.WNOHANG | os.WUNTRACED)[0] == child:
            read(terminal, 0.2)
            shown += b"stopped"
            return


def main():
    rows, columns, *command = sys.argv[1:]
    child, terminal = pty.fork()
    if child == 0:
        time.sleep(0.2)
        os.execvp(command[0], command)
    resize(terminal, rows, columns)
    for order in sys.stdin:
        word, *rest = order.split(maxsplit=1)
        rest = rest[0].strip(" \n") if rest else ""
        if word == "resize":
            resize(terminal, *rest.split())
        elif word == "signal":
            os.kill(child, int(rest))
        elif word == "wait":
            read(terminal, float(rest))
        elif word == "keys":
            os.write(terminal, rest.encode())
        elif word == "stopped":
            stopped(child, terminal)
        elif word == "for":
            read(terminal, 30, rest.encode())
    while read(terminal, 10):
        pass
    sys.stdout.buffer.write(shown)
    sys.stdout.flush()
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


main()
