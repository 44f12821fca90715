"""Many connections, one host: group D of the catalogue."""

import errno
import time

from lab import exchange, finish
from scenario import scenario


def tiny(lab, listener, first="client", request=b"PING\r\n", answer=b"PONG\r\n", pause=0.0,
         **options):
    """A connection for one exchange."""
    near, far = lab.open(listener, **options)
    exchange(near, far, 1, request, answer, 0)
    one, other = (near, far) if first == "client" else (far, near)
    one.close()
    other.recv(1)
    other.close()
    lab.forget(near, far)
    time.sleep(pause)


@scenario("pressure/time-wait-pileup", snaplen=74, topology="direct", client="10.0.1.5",
          server="10.0.1.9", silent=["short-connections"])
def pileup(lab):
    """A client makes 1,200 connections to one service as fast as it can and closes each
    first: 1,200 ports in TIME-WAIT at once, for a minute each."""
    listener = lab.listen(3306, backlog=64)
    lab.record()
    for _ in range(1200):
        near, far = lab.open(listener)
        near.close()
        far.recv(1)
        far.close()
        lab.forget(near, far)


@scenario("pressure/time-wait-pileup", "look-alike", topology="direct")
def pileup_look_alike(lab):
    """Forty connections in a row, half of them closed first by the client, half by the server: some
    TIME-WAIT here and there, as anywhere."""
    listener = lab.listen(3306)
    lab.record()
    for number in range(40):
        tiny(lab, listener, "client" if number % 2 else "server", pause=0.05)


@scenario("pressure/port-exhaustion", topology="direct", snaplen=74,
          silent=["short-connections"])
def port_exhaustion(lab):
    """A client with forty ephemeral ports (ip_local_port_range) connects whenever it can and closes
    first. Once all forty are in TIME-WAIT connect() fails without a packet, and each port comes back
    the moment its minute is over: three rounds, 60 s apart, each over all forty ports."""
    lab.client.sysctl(ip_local_port_range="50000 50039", tcp_tw_reuse=0)
    listener = lab.listen(6379)
    lab.record()
    end = time.monotonic() + 128
    while time.monotonic() < end:
        try:
            tiny(lab, listener)
        except OSError as problem:
            if problem.errno != errno.EADDRNOTAVAIL:
                raise
            time.sleep(0.1)


@scenario("pressure/port-exhaustion", "look-alike", topology="direct", snaplen=74)
def port_exhaustion_look_alike(lab):
    """As many connections, from ports all over the usual range, none of them used twice."""
    listener = lab.listen(6379)
    lab.record()
    for _ in range(120):
        tiny(lab, listener, pause=0.01)


@scenario("pressure/connection-rate", topology="direct", snaplen=74,
          options=["--limit-rate", "20/60s", "--limit-concurrent", "20"])
def connection_rate(lab):
    """Thirty connections from one source within some seconds, all open at once: above 20 in 60 s
    and above 20 at once, had such a limit been asked for."""
    listener = lab.listen(22, backlog=64)
    lab.record()
    pairs = []
    for _ in range(30):
        pairs.append(lab.open(listener))
        time.sleep(0.1)
    for near, far in pairs:
        finish(near, far, 0.01)


@scenario("pressure/connection-rate", "look-alike", topology="direct", snaplen=74,
          options=["--limit-rate", "20/60s", "--limit-concurrent", "20"])
def connection_rate_look_alike(lab):
    """Fifteen connections, one after the other: below both limits."""
    listener = lab.listen(22)
    lab.record()
    for _ in range(15):
        tiny(lab, listener, pause=0.2)


@scenario("pressure/short-connections", topology="direct", snaplen=74)
def short_connections(lab):
    """A hundred connections between one pair for one small request each: four packets of five are
    set-up and tear-down."""
    listener = lab.listen(80)
    lab.record()
    for _ in range(100):
        tiny(lab, listener, "server", pause=0.03)


@scenario("pressure/short-connections", "look-alike", topology="direct", snaplen=74)
def short_connections_look_alike(lab):
    """The same hundred requests over one connection, as keep-alive has it."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener)
    exchange(near, far, 100, b"PING\r\n", b"PONG\r\n", 0.03)
    finish(near, far)
