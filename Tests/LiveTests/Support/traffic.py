#!/usr/bin/env python3
"""Traffic over the loopback device of the namespace it is started in.

    traffic.py exchange COUNT [PORT]    connections, one after the other, each with a request
    traffic.py refuse COUNT             attempts at a port where nobody listens
    traffic.py hold SECONDS             a connection that talks all the time
    traffic.py flood COUNT              SYNs from as many addresses
    traffic.py load SECONDS [PROCESSES] as many connections as the machine can make; prints how many
"""

import contextlib
import os
import socket
import struct
import sys
import threading
import time


def serve(listener):
    while True:
        try:
            one, _ = listener.accept()
        except OSError:
            return
        with one, contextlib.suppress(OSError):
            one.recv(100)
            one.sendall(b"answer")
            one.recv(100)


def listening(port=0):
    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    return listener.getsockname()


def call(address):
    with socket.create_connection(address, timeout=10) as one:
        one.sendall(b"request")
        one.recv(100)


def exchange(count, port=0):
    address = listening(int(port))
    for _ in range(int(count)):
        call(address)


def refuse(count):
    for _ in range(int(count)):
        try:
            socket.create_connection(("127.0.0.1", 9), timeout=5).close()
        except OSError:
            pass


def hold(seconds):
    os.closerange(3, 256)   # whoever waits for the end of these shall not wait for us
    with socket.create_server(("127.0.0.1", 0)) as listener, \
            socket.create_connection(listener.getsockname()) as near:
        far, _ = listener.accept()
        print("connected", flush=True)
        end = time.monotonic() + float(seconds)
        while time.monotonic() < end:
            near.sendall(b"x" * 100)
            far.recv(100)
            far.sendall(b"y" * 100)
            near.recv(100)
            time.sleep(0.02)


def flood(count):
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind(("lo", 0))
    for number in range(int(count)):
        source = struct.pack("!I", 0x0A000000 + number)
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 6, 0, source, b"\x0a\xff\xff\x01")
        tcp = struct.pack("!HHIIBBHHH", 40000 + number % 20000, 80, number, 0, 0x50, 2, 1024, 0, 0)
        out.send(b"\0" * 12 + b"\x08\0" + ip + tcp)


def load(seconds, processes=1):
    """Resets instead of closing, so that ports are free again at once."""
    for _ in range(int(processes) - 1):
        if os.fork() == 0:
            break
    address = listening()
    end = time.monotonic() + float(seconds)
    total = 0
    while time.monotonic() < end:
        one = socket.create_connection(address, timeout=10)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        one.sendall(b"request")
        one.recv(100)
        one.close()
        total += 1
    print(total, flush=True)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
