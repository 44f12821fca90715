"""Connections with nothing wrong: no warning and no error may be reported."""

import time

from lab import exchange, finish, receive
from scenario import scenario

MSG_FASTOPEN = 0x20000000


def healthy(file, **lab):
    return scenario("healthy", file, healthy=True, **lab)


@healthy("client-close", client="192.0.2.5", server="192.0.2.9")
def client_close(lab):
    """Open, three requests and answers, closed first by the client, which is left in TIME-WAIT."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 40112)
    exchange(near, far, 3)
    finish(near, far)


@healthy("server-close")
def server_close(lab):
    """Open, three requests and answers, closed first by the server, which is left in TIME-WAIT."""
    listener = lab.listen(8080)
    lab.record()
    near, far = lab.open(listener, 40220)
    exchange(near, far, 3)
    finish(far, near)


@healthy("no-timestamps")
def no_timestamps(lab):
    """Timestamps switched off at both ends (tcp_timestamps=0)."""
    lab.client.sysctl(tcp_timestamps=0)
    lab.server.sysctl(tcp_timestamps=0)
    listener = lab.listen(25)
    lab.record()
    near, far = lab.open(listener, 41025)
    exchange(near, far, 2)
    finish(near, far)


@healthy("http-exchange", client="198.51.100.5", server="198.51.100.9")
def http_exchange(lab):
    """One request, an answer of several segments, closed by the server as HTTP/1.0 did."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 43210)
    request = b"GET /index.html HTTP/1.0\r\nHost: www.example.net\r\n\r\n"
    near.sendall(request)
    receive(far, len(request))
    far.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + b"tcp " * 2000)
    far.close()
    while near.recv(65536):
        pass
    near.close()


@healthy("ipv6", client="2001:db8::5", server="2001:db8::9")
def ipv6(lab):
    """The same over IPv6: open, two exchanges, closed by the client."""
    listener = lab.listen(443)
    lab.record()
    near, far = lab.open(listener, 50443)
    exchange(near, far, 2)
    finish(near, far)


@healthy("loss-and-recovery")
def loss_and_recovery(lab):
    """The path loses one segment of the server's answer. Duplicate ACKs with SACK, a fast
    retransmission, all well: loss is counted, it is no finding."""
    listener = lab.listen(80)
    lab.wire.lag = {"client": 0.005, "server": 0.005}
    lab.record()
    near, far = lab.open(listener, 44080)
    exchange(near, far, 1)
    first = lab.wire.wait(lambda s: s.side == "server" and s.payload)
    lab.wire.drop(lambda s: s.side == "server" and (s.seq - first.end) % 2**32 == 2 * 1448, times=1)
    far.sendall(b"x" * 14480)
    receive(near, 14480)
    finish(near, far)


@healthy("reorder")
def reorder(lab):
    """Two segments of the server's answer arrive late, behind those sent after them."""
    listener = lab.listen(80)
    lab.wire.lag = {"client": 0.005, "server": 0.005}
    lab.record()
    near, far = lab.open(listener, 45080)
    exchange(near, far, 1)
    base = lab.wire.wait(lambda s: s.side == "server" and s.payload).end
    late = (1448, 5 * 1448)
    lab.wire.delay(lambda s: s.side == "server" and (s.seq - base) % 2**32 in late, 0.006, times=2)
    far.sendall(b"y" * 14480)
    receive(near, 14480)
    finish(near, far)


@healthy("duplicate")
def duplicate(lab):
    """The path delivers a few data segments twice, half a millisecond apart."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 45180)
    lab.wire.duplicate(lambda s: s.side == "server" and s.payload, 0.0005, times=3)
    exchange(near, far, 3)
    finish(near, far)


@healthy("fast-open")
def fast_open(lab):
    """TCP Fast Open (RFC 7413): the first connection asks for a cookie, the second one carries
    its request in the SYN."""
    for side in (lab.client, lab.server):
        side.sysctl(tcp_fastopen=3)
    listener = lab.listen(80, TCP_FASTOPEN=16)
    lab.record()
    for port in (46001, 46002):
        near = lab.socket("client", port)
        near.settimeout(None)
        near.sendto(b"GET / HTTP/1.1\r\n\r\n", MSG_FASTOPEN, (lab.server_address, 80))
        far = lab.accept(listener)
        receive(far, 18)
        far.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        receive(near, 27)
        finish(near, far)


@healthy("keepalive-alive")
def keepalive_alive(lab):
    """Idle for three seconds with keepalive each second; every probe is answered."""
    listener = lab.listen(5432)
    lab.record()
    near, far = lab.open(listener, 47432, SO_KEEPALIVE=1, TCP_KEEPIDLE=1, TCP_KEEPINTVL=1)
    exchange(near, far, 1)
    time.sleep(3.3)
    exchange(near, far, 1)
    finish(near, far)


@healthy("offloaded", topology="direct", offloads=True)
def offloaded(lab):
    """Offloads left on: segments far above the MTU, checksums not yet filled in by the (virtual)
    network card. That is how captures on a sending host look, and nothing is wrong with it."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 48080)
    exchange(near, far, 1)
    far.sendall(b"z" * 100_000)
    receive(near, 100_000)
    finish(near, far)
